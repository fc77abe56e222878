//! Expunged messages, kept for restoring until they expire.

use crate::{AccountId, Error, Store, Tx};
use serde::{Deserialize, Serialize};

/// An expunged message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VaultEntry {
    /// When it was expunged, milliseconds since 1970.
    pub expunged: i64,
    /// Number that makes the entry unique in its account.
    pub number: u64,
    /// The mailbox it was in.
    pub mailbox: String,
    /// The message as it was.
    pub message: crate::Message,
    /// Its flags.
    pub flags: crate::Flags,
}

impl Store {
    /// Expunged messages of an account, newest first, at most `limit`.
    ///
    /// # Errors
    /// Machine faults.
    pub fn vault(&self, _account: AccountId, _limit: usize) -> Result<Vec<VaultEntry>, Error> {
        todo!()
    }
}

impl Tx<'_> {
    /// Puts an expunged message back into its mailbox, or INBOX when that is gone.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn vault_restore(&mut self, _account: AccountId, _number: u64, _at: i64) -> Result<crate::message::Appended, Error> {
        todo!()
    }
    /// Lets go of at most `limit` messages that were expunged before `before`; returns how many.
    ///
    /// # Errors
    /// Machine faults.
    pub fn vault_purge(&mut self, _before: i64, _limit: usize) -> Result<usize, Error> {
        todo!()
    }
}
