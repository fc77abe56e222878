//! Mailboxes of an account.

use crate::{AccountId, Error, MailboxId, ModSeq, Store, Tx, Uid};
use serde::{Deserialize, Serialize};

/// Special use of a mailbox (RFC 6154).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of RFC 6154")]
pub enum Role {
    Inbox,
    Drafts,
    Sent,
    Archive,
    Junk,
    Trash,
}

impl Role {
    /// All roles in the order shown to people, with the name of the mailbox that is made with the account.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Inbox, "INBOX"),
        (Self::Drafts, "Drafts"),
        (Self::Sent, "Sent"),
        (Self::Archive, "Archive"),
        (Self::Junk, "Junk"),
        (Self::Trash, "Trash"),
    ];
}

/// A mailbox as it stands. All numbers are kept with it; reading it scans nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// Identifier; survives renaming.
    pub id: MailboxId,
    /// Full name, UTF-8, levels separated by `/`. INBOX is spelt in capitals.
    pub name: String,
    /// RFC 3501 section 2.3.1.1.
    pub uid_validity: u32,
    /// The next UID.
    pub uid_next: Uid,
    /// Highest mod-sequence of any change in it (RFC 7162).
    pub highest_modseq: ModSeq,
    /// Messages.
    pub exists: u32,
    /// Messages without `\Seen`.
    pub unseen: u32,
    /// Messages with `\Deleted`.
    pub deleted: u32,
    /// Bytes of all messages (RFC 8438 STATUS=SIZE).
    pub size: u64,
    /// Special use.
    pub role: Option<Role>,
    /// Whether it is in LSUB.
    pub subscribed: bool,
}

/// What an account uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Messages.
    pub messages: u64,
    /// Bytes, each message counted once a mailbox.
    pub bytes: u64,
}

impl Store {
    /// All mailboxes of an account, by name.
    ///
    /// # Errors
    /// Machine faults.
    pub fn mailboxes(&self, _account: AccountId) -> Result<Vec<Mailbox>, Error> {
        todo!()
    }
    /// One mailbox.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn mailbox(&self, _account: AccountId, _id: MailboxId) -> Result<Mailbox, Error> {
        todo!()
    }
    /// One mailbox by its full name (INBOX without regard to case).
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn mailbox_by_name(&self, _account: AccountId, _name: &str) -> Result<Mailbox, Error> {
        todo!()
    }
    /// What the account uses.
    ///
    /// # Errors
    /// Machine faults.
    pub fn usage(&self, _account: AccountId) -> Result<Usage, Error> {
        todo!()
    }
}

impl Tx<'_> {
    /// Makes the mailboxes of a new account, one per [`Role`].
    ///
    /// # Errors
    /// [`Error::Exists`]
    pub fn account_create(&mut self, _account: AccountId) -> Result<(), Error> {
        todo!()
    }
    /// Removes all mailboxes, messages (into nothing, not the vault), and history of an account.
    ///
    /// # Errors
    /// Machine faults.
    pub fn account_remove(&mut self, _account: AccountId) -> Result<(), Error> {
        todo!()
    }
    /// As [`Store::usage`], within the commit: the place to check a quota.
    ///
    /// # Errors
    /// Machine faults.
    pub fn usage(&self, _account: AccountId) -> Result<Usage, Error> {
        todo!()
    }
    /// As [`Store::mailbox_by_name`].
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn mailbox_by_name(&self, _account: AccountId, _name: &str) -> Result<Mailbox, Error> {
        todo!()
    }
    /// As [`Store::mailbox`].
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn mailbox(&self, _account: AccountId, _id: MailboxId) -> Result<Mailbox, Error> {
        todo!()
    }
    /// The mailbox with a special use.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn mailbox_by_role(&self, _account: AccountId, _role: Role) -> Result<Mailbox, Error> {
        todo!()
    }
    /// Makes a mailbox, and its missing parents.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Invalid`] (empty level, control characters, too long), [`Error::Limit`].
    pub fn mailbox_create(&mut self, _account: AccountId, _name: &str, _role: Option<Role>) -> Result<Mailbox, Error> {
        todo!()
    }
    /// Renames a mailbox and its inferiors. Renaming INBOX moves its messages into a new mailbox and keeps INBOX (RFC 3501 section 6.3.5).
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Exists`], [`Error::Invalid`].
    pub fn mailbox_rename(&mut self, _account: AccountId, _from: &str, _to: &str) -> Result<(), Error> {
        todo!()
    }
    /// Deletes a mailbox; its messages go to the vault. INBOX cannot be deleted; one with inferiors loses its messages but stays as a parent? No: it is refused ([`Error::Invalid`]).
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`].
    pub fn mailbox_delete(&mut self, _account: AccountId, _name: &str) -> Result<(), Error> {
        todo!()
    }
    /// Sets whether LSUB shows it.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn mailbox_subscribe(&mut self, _account: AccountId, _name: &str, _subscribed: bool) -> Result<(), Error> {
        todo!()
    }
}
