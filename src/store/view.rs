//! The UIDs of a mailbox, shared by all sessions that have it open.

use crate::{AccountId, Error, MailboxId, ModSeq, Store, Uid, UidSet};
use std::sync::Arc;

/// Which messages a mailbox holds at one mod-sequence. Kept in memory while in use, brought up to date by each commit,
/// loaded by one scan of the flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// All messages; the position is the sequence number less one.
    pub uids: UidSet,
    /// Those without `\Seen`.
    pub unseen: UidSet,
    /// Next UID.
    pub uid_next: Uid,
    /// UIDVALIDITY.
    pub uid_validity: u32,
    /// The mod-sequence at which this holds.
    pub modseq: ModSeq,
}

impl Store {
    /// The view of a mailbox as of the last commit.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn view(&self, _account: AccountId, _mailbox: MailboxId) -> Result<Arc<View>, Error> {
        todo!()
    }
}
