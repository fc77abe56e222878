//! The change sequence of an account: what changed in which mailbox at which mod-sequence. IDLE, CONDSTORE, QRESYNC, push
//! and a mirror all read it.

use crate::{AccountId, Error, MailboxId, ModSeq, Store, UidSet};

/// What happened in a mailbox after a mod-sequence, folded together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Messages that came and are still there.
    pub appended: UidSet,
    /// Messages that were there and have other flags (or were appended and changed: only in `appended`).
    pub flags: UidSet,
    /// Messages that went; includes those that came and went since.
    pub expunged: UidSet,
    /// Whether the mailbox itself was renamed or deleted.
    pub mailbox: bool,
    /// The mod-sequence up to which this tells all.
    pub modseq: ModSeq,
}

impl Store {
    /// Changes of a mailbox after `since`. `None` when the history does not reach back that far: read the mailbox anew.
    ///
    /// # Errors
    /// Machine faults.
    pub fn changes(&self, _account: AccountId, _mailbox: MailboxId, _since: ModSeq) -> Result<Option<Changes>, Error> {
        todo!()
    }
    /// Mod-sequence of the account's newest change.
    ///
    /// # Errors
    /// Machine faults.
    pub fn modseq(&self, _account: AccountId) -> Result<ModSeq, Error> {
        todo!()
    }
    /// Wakes when the account changes; the value is the mod-sequence. Costs little while nobody waits.
    pub fn watch(&self, _account: AccountId) -> tokio::sync::watch::Receiver<ModSeq> {
        todo!()
    }
}
