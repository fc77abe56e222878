//! What a client has switched on (RFC 5161), and what that changes.

use crate::proto::Dialect;

/// What a client has switched on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Enabled {
    /// RFC 7162 section 3.1: MODSEQ belongs to FETCH answers.
    pub(crate) condstore: bool,
    /// RFC 7162 section 3.2: VANISHED instead of EXPUNGE.
    pub(crate) qresync: bool,
    /// UTF8=ACCEPT (RFC 6855).
    pub(crate) utf8: bool,
    /// IMAP4rev2 (RFC 9051).
    pub(crate) rev2: bool,
    /// RFC 9586: no sequence numbers, in neither direction.
    pub(crate) uid_only: bool,
}

impl Enabled {
    /// Switches on by name; whether that is something to switch on.
    pub(crate) fn enable(&mut self, name: &str) -> bool {
        match name {
            "CONDSTORE" => self.condstore = true,
            "QRESYNC" => (self.condstore, self.qresync) = (true, true),
            "UTF8=ACCEPT" => self.utf8 = true,
            "IMAP4REV2" => self.rev2 = true,
            "UIDONLY" => self.uid_only = true,
            _ => return false,
        }
        true
    }

    /// Whether UTF-8 may be sent, in names of mailboxes and in quoted strings.
    pub(crate) fn takes_utf8(self) -> bool {
        self.utf8 || self.rev2
    }

    /// Whether VANISHED tells what is gone.
    pub(crate) fn vanished(self) -> bool {
        self.qresync || self.uid_only
    }

    /// How the client writes.
    pub(crate) fn dialect(self) -> Dialect {
        Dialect { utf8_names: self.takes_utf8(), no_charset: self.utf8 }
    }
}
