//! Messages in mailboxes.

use crate::{AccountId, BodyId, Error, FlagChange, Flags, MailboxId, ModSeq, Store, ThreadId, TraceId, Tx, Uid, UidSet};
use mail::summary::Summary;
use serde::{Deserialize, Serialize};
use std::{ops::ControlFlow, sync::Arc};

/// What never changes of a message in a mailbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// UID.
    pub uid: Uid,
    /// The bytes.
    pub body: BodyId,
    /// Their number.
    pub size: u32,
    /// Internal date, milliseconds since 1970.
    pub received: i64,
    /// When it came into this mailbox (RFC 8514), milliseconds since 1970.
    pub saved: i64,
    /// Conversation.
    pub thread: ThreadId,
    /// Follows the message over all hops.
    pub trace: TraceId,
    /// What is kept beside the bytes.
    pub summary: Summary,
}

/// A message to be put into a mailbox.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The bytes; the body itself is given to [`Store::commit`], or is in the store already.
    pub body: BodyId,
    /// Their number.
    pub size: u32,
    /// Internal date, milliseconds since 1970.
    pub received: i64,
    /// When it comes into this mailbox, milliseconds since 1970.
    pub saved: i64,
    /// Flags.
    pub flags: Flags,
    /// Follows the message over all hops.
    pub trace: TraceId,
    /// What is kept beside the bytes.
    pub summary: Arc<Summary>,
}

/// Where a message was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// UID.
    pub uid: Uid,
    /// UIDVALIDITY of the mailbox.
    pub uid_validity: u32,
    /// Mod-sequence.
    pub modseq: ModSeq,
    /// Conversation.
    pub thread: ThreadId,
}

/// What a change of flags did.
#[derive(Debug, Clone, Default)]
pub struct FlagsChanged {
    /// Those changed, with their new flags.
    pub changed: Vec<(Uid, Flags)>,
    /// Those left alone because they had changed after `unchanged_since` (RFC 7162 MODIFIED).
    pub conflicts: UidSet,
    /// Mod-sequence of the change; that of the mailbox when nothing changed.
    pub modseq: ModSeq,
}

impl Store {
    /// One message.
    ///
    /// # Errors
    /// Machine faults.
    pub fn message(&self, _account: AccountId, _mailbox: MailboxId, _uid: Uid) -> Result<Option<Message>, Error> {
        todo!()
    }
    /// Calls `each` with the messages of the set that exist, ascending.
    ///
    /// # Errors
    /// Machine faults.
    pub fn messages(&self, _account: AccountId, _mailbox: MailboxId, _uids: &UidSet, _each: &mut dyn FnMut(Message) -> ControlFlow<()>) -> Result<(), Error> {
        todo!()
    }
    /// Flags and mod-sequence of one message.
    ///
    /// # Errors
    /// Machine faults.
    pub fn flags(&self, _account: AccountId, _mailbox: MailboxId, _uid: Uid) -> Result<Option<(Flags, ModSeq)>, Error> {
        todo!()
    }
    /// Calls `each` with flags and mod-sequence of the messages of the set that exist, ascending; touches no summary.
    ///
    /// # Errors
    /// Machine faults.
    pub fn flags_of(&self, _account: AccountId, _mailbox: MailboxId, _uids: &UidSet, _each: &mut dyn FnMut(Uid, Flags, ModSeq) -> ControlFlow<()>) -> Result<(), Error> {
        todo!()
    }
}

impl Tx<'_> {
    /// Puts a message into a mailbox.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the mailbox or the body.
    pub fn append(&mut self, _account: AccountId, _mailbox: MailboxId, _message: &NewMessage) -> Result<Appended, Error> {
        todo!()
    }
    /// Changes flags. UIDs that do not exist are passed over.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the mailbox, [`Error::Limit`] for too many keywords.
    pub fn flags_change(&mut self, _account: AccountId, _mailbox: MailboxId, _uids: &UidSet, _change: FlagChange, _flags: &Flags, _unchanged_since: Option<ModSeq>) -> Result<FlagsChanged, Error> {
        todo!()
    }
    /// Takes messages out of a mailbox, into the vault; returns those that were there.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the mailbox.
    pub fn expunge(&mut self, _account: AccountId, _mailbox: MailboxId, _uids: &UidSet, _at: i64) -> Result<UidSet, Error> {
        todo!()
    }
    /// The UIDs with `\Deleted` among these.
    ///
    /// # Errors
    /// Machine faults.
    pub fn deleted(&self, _account: AccountId, _mailbox: MailboxId, _uids: &UidSet) -> Result<UidSet, Error> {
        todo!()
    }
    /// Copies messages with flags and internal date; returns old and new UIDs, ascending. `at` is the save date.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a mailbox.
    pub fn copy(&mut self, _account: AccountId, _from: MailboxId, _uids: &UidSet, _to: MailboxId, _at: i64) -> Result<Vec<(Uid, Uid)>, Error> {
        todo!()
    }
    /// As [`Tx::copy`], and takes them out of `from` without the vault.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a mailbox.
    pub fn move_messages(&mut self, _account: AccountId, _from: MailboxId, _uids: &UidSet, _to: MailboxId, _at: i64) -> Result<Vec<(Uid, Uid)>, Error> {
        todo!()
    }
}
