//! The outbound queue as it is kept: one entry for each recipient of each message.

use crate::{AccountId, BodyId, Error, SpoolId, Store, TraceId, Tx};
use mail::address::{Address, ReversePath};
use serde::{Deserialize, Serialize};

/// One recipient of one message on its way out. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpoolEntry {
    /// Identifier; 0 in an entry that is yet to be put.
    pub id: SpoolId,
    /// The bytes; entries of one message share them.
    pub body: BodyId,
    /// Their number.
    pub size: u32,
    /// Envelope sender.
    pub reverse_path: ReversePath,
    /// Envelope recipient.
    pub recipient: Address,
    /// The recipient first given, when an alias led here.
    pub original_recipient: Option<Address>,
    /// The account that submitted it.
    pub account: Option<AccountId>,
    /// Whether the message needs SMTPUTF8 (RFC 6531).
    pub utf8: bool,
    /// Whether the message needs 8BITMIME (RFC 6152).
    pub eight_bit: bool,
    /// Follows the message over all hops.
    pub trace: TraceId,
    /// When it was accepted.
    pub created: i64,
    /// When it is tried next.
    pub next_attempt: i64,
    /// Tries so far.
    pub attempts: u32,
    /// Held by an admin: not tried until released.
    pub held: bool,
    /// Whether the sender has been told of the delay.
    pub warned: bool,
    /// What the last try ended with, in the remote server's words.
    pub last_reply: Option<String>,
    /// The server of the last try.
    pub last_host: Option<String>,
}

impl Store {
    /// Entries that are not held and due at `now`, the longest due first, at most `limit`.
    ///
    /// # Errors
    /// Machine faults.
    pub fn spool_due(&self, _now: i64, _limit: usize) -> Result<Vec<SpoolEntry>, Error> {
        todo!()
    }
    /// When the next entry is due.
    ///
    /// # Errors
    /// Machine faults.
    pub fn spool_next(&self) -> Result<Option<i64>, Error> {
        todo!()
    }
    /// Entries after `after` in order of id, at most `limit`.
    ///
    /// # Errors
    /// Machine faults.
    pub fn spool_list(&self, _after: SpoolId, _limit: usize) -> Result<Vec<SpoolEntry>, Error> {
        todo!()
    }
    /// One entry.
    ///
    /// # Errors
    /// Machine faults.
    pub fn spool_entry(&self, _id: SpoolId) -> Result<Option<SpoolEntry>, Error> {
        todo!()
    }
    /// Number of entries.
    pub fn spool_len(&self) -> u64 {
        todo!()
    }
    /// Wakes when an entry is put or becomes due earlier; the value counts such events.
    pub fn spool_watch(&self) -> tokio::sync::watch::Receiver<u64> {
        todo!()
    }
}

impl Tx<'_> {
    /// Puts an entry; its id is assigned. The body is given to [`Store::commit`] or is in the store already.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the body.
    pub fn spool_put(&mut self, _entry: SpoolEntry) -> Result<SpoolId, Error> {
        todo!()
    }
    /// Replaces an entry.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn spool_update(&mut self, _entry: &SpoolEntry) -> Result<(), Error> {
        todo!()
    }
    /// One entry, as this commit sees it.
    ///
    /// # Errors
    /// Machine faults.
    pub fn spool_entry(&self, _id: SpoolId) -> Result<Option<SpoolEntry>, Error> {
        todo!()
    }
    /// Removes an entry; whether it was there.
    ///
    /// # Errors
    /// Machine faults.
    pub fn spool_remove(&mut self, _id: SpoolId) -> Result<bool, Error> {
        todo!()
    }
}
