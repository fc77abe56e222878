//! The outbound queue as it is kept: one entry for each recipient of each message, and an index of those that are not held by
//! the time at which they are due.

use crate::{AccountId, BodyId, Error, SpoolId, Store, Terms, TraceId, Tx, backend::Tree, keys, tx::Read};
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
    /// What else was agreed on. Stands last: entries of the first form end before it.
    pub terms: Terms,
}

/// The form of entries; the first had no [`SpoolEntry::terms`].
const ENTRY_VERSION: u8 = 2;

/// Octets kept of the words of a remote server, so that an entry stays a row of the index.
const REPLY_BYTES_MAX: usize = 4096;

/// Counters of the spool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counters {
    /// Entries.
    len: u64,
    /// The newest id.
    last: u64,
}

fn counters(read: &impl Read) -> Result<Counters, Error> {
    let row = read.get(Tree::Spool, &keys::spool_counters())?;
    row.map_or(Ok(Counters::default()), |row| keys::decode("counters of the spool", &row))
}

fn entry(read: &impl Read, id: SpoolId) -> Result<Option<SpoolEntry>, Error> {
    read.get(Tree::Spool, &keys::spool_entry(id))?.map(|row| decode(&row)).transpose()
}

fn decode(row: &[u8]) -> Result<SpoolEntry, Error> {
    let parse = |bytes: &[u8]| postcard::from_bytes(bytes).map_err(|_| keys::damaged("spool entry"));
    match row {
        [ENTRY_VERSION, rest @ ..] => parse(rest),
        [1, rest @ ..] => parse(&[rest, &keys::encode(&Terms::default())[1..]].concat()),
        _ => Err(keys::damaged("spool entry")),
    }
}

impl Store {
    /// Entries that are not held and due at `now`, the longest due first, at most `limit`.
    ///
    /// # Errors
    /// Machine faults.
    pub fn spool_due(&self, now: i64, limit: usize) -> Result<Vec<SpoolEntry>, Error> {
        let (start, end) = keys::spool_due_until(now);
        let mut due = Vec::new();
        for row in self.range(Tree::Spool, &start, &end).take(limit) {
            let (_, id) = keys::spool_due_of(&row?.0)?;
            // A commit between the two reads may have removed or changed it.
            due.extend(entry(self, id)?.filter(|entry| !entry.held && entry.next_attempt <= now));
        }
        Ok(due)
    }
    /// When the next entry is due.
    ///
    /// # Errors
    /// Machine faults.
    pub fn spool_next(&self) -> Result<Option<i64>, Error> {
        let (start, _) = keys::spool_due_until(i64::MIN);
        let first = self.range(Tree::Spool, &start, &keys::spool_due_end()).next();
        first.map(|row| Ok(keys::spool_due_of(&row?.0)?.0)).transpose()
    }
    /// Entries after `after` in order of id, at most `limit`.
    ///
    /// # Errors
    /// Machine faults.
    pub fn spool_list(&self, after: SpoolId, limit: usize) -> Result<Vec<SpoolEntry>, Error> {
        let start = [keys::spool_entry(after), vec![0]].concat();
        let rows = self.range(Tree::Spool, &start, &keys::spool_entries_end()).take(limit);
        rows.map(|row| decode(&row?.1)).collect()
    }
    /// Entries that an account has given for a later time ([`Terms::release_at`]) and that are still here, in order of id, at
    /// most `limit`.
    ///
    /// # Errors
    /// Machine faults.
    pub fn spool_timed(&self, account: AccountId, limit: usize) -> Result<Vec<SpoolEntry>, Error> {
        timed(self, account, limit)
    }
    /// One entry.
    ///
    /// # Errors
    /// Machine faults.
    pub fn spool_entry(&self, id: SpoolId) -> Result<Option<SpoolEntry>, Error> {
        entry(self, id)
    }
    /// Number of entries; 0 when it cannot be read, which is logged.
    pub fn spool_len(&self) -> u64 {
        let counters = counters(self).inspect_err(|error| tracing::error!(%error, "the spool cannot be counted"));
        counters.unwrap_or_default().len
    }
    /// Wakes when an entry is put or becomes due earlier; the value counts such events.
    pub fn spool_watch(&self) -> tokio::sync::watch::Receiver<u64> {
        self.hub.spool_watch()
    }
}

fn timed(read: &impl Read, account: AccountId, limit: usize) -> Result<Vec<SpoolEntry>, Error> {
    let mut entries = Vec::new();
    for row in read.prefix(Tree::Spool, &keys::spool_timed_of(account)).take(limit) {
        // A commit between the two reads may have removed it.
        entries.extend(entry(read, keys::spool_timed_id(&row?.0)?)?);
    }
    Ok(entries)
}

impl Tx<'_> {
    /// Puts an entry; its id is assigned. The body is given to [`Store::commit`] or is in the store already.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the body.
    pub fn spool_put(&mut self, entry: SpoolEntry) -> Result<SpoolId, Error> {
        let Counters { len, last } = counters(self)?;
        let counters = Counters { len: len + 1, last: last + 1 };
        let id = SpoolId(counters.last);
        self.body_retain(entry.body)?;
        self.spool_write(SpoolEntry { id, ..entry })?;
        self.put(Tree::Spool, &keys::spool_counters(), keys::encode(&counters));
        self.spool_touch();
        Ok(id)
    }
    /// Replaces an entry.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn spool_update(&mut self, entry: &SpoolEntry) -> Result<(), Error> {
        let before = self.spool_entry(entry.id)?.ok_or(Error::NotFound("queue entry"))?;
        if entry.body != before.body {
            self.body_retain(entry.body)?;
            self.body_release(before.body)?;
        }
        if !before.held {
            self.delete(Tree::Spool, &keys::spool_due(before.next_attempt, before.id));
        }
        self.spool_write(entry.clone())?;
        if !entry.held && (before.held || entry.next_attempt < before.next_attempt) {
            self.spool_touch();
        }
        Ok(())
    }
    /// One entry, as this commit sees it.
    ///
    /// # Errors
    /// Machine faults.
    pub fn spool_entry(&self, id: SpoolId) -> Result<Option<SpoolEntry>, Error> {
        entry(self, id)
    }
    /// As [`Store::spool_timed`].
    ///
    /// # Errors
    /// Machine faults.
    pub fn spool_timed(&self, account: AccountId, limit: usize) -> Result<Vec<SpoolEntry>, Error> {
        timed(self, account, limit)
    }
    /// Removes an entry; whether it was there.
    ///
    /// # Errors
    /// Machine faults.
    pub fn spool_remove(&mut self, id: SpoolId) -> Result<bool, Error> {
        let Some(entry) = self.spool_entry(id)? else { return Ok(false) };
        self.body_release(entry.body)?;
        self.delete(Tree::Spool, &keys::spool_entry(id));
        if let (Some(account), Some(_)) = (entry.account, entry.terms.release_at) {
            self.delete(Tree::Spool, &keys::spool_timed(account, id));
        }
        if !entry.held {
            self.delete(Tree::Spool, &keys::spool_due(entry.next_attempt, id));
        }
        let counters = counters(self)?;
        let counters = Counters { len: counters.len.saturating_sub(1), ..counters };
        self.put(Tree::Spool, &keys::spool_counters(), keys::encode(&counters));
        Ok(true)
    }

    fn spool_write(&mut self, mut entry: SpoolEntry) -> Result<(), Error> {
        if let Some(reply) = &mut entry.last_reply {
            reply.truncate(reply.floor_char_boundary(REPLY_BYTES_MAX));
        }
        let value = keys::encode_as(ENTRY_VERSION, &entry);
        if value.len() > keys::VALUE_BYTES_MAX {
            return Err(Error::Limit("bytes of one queue entry"));
        }
        self.put(Tree::Spool, &keys::spool_entry(entry.id), value);
        if let (Some(account), Some(_)) = (entry.account, entry.terms.release_at) {
            self.put(Tree::Spool, &keys::spool_timed(account, entry.id), Vec::new());
        }
        if !entry.held {
            self.put(Tree::Spool, &keys::spool_due(entry.next_attempt, entry.id), Vec::new());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_the_first_form_are_read() {
        let address: Address = "bob@elsewhere.test".parse().unwrap();
        let entry = SpoolEntry {
            id: SpoolId(7),
            body: BodyId([1; 32]),
            size: 4,
            reverse_path: ReversePath::NULL,
            recipient: address,
            original_recipient: None,
            account: Some(AccountId(1)),
            utf8: false,
            eight_bit: true,
            trace: TraceId(77),
            created: 1,
            next_attempt: 2,
            attempts: 3,
            held: false,
            warned: false,
            last_reply: Some("451 later".into()),
            last_host: None,
            terms: Terms::default(),
        };
        let row = keys::encode_as(ENTRY_VERSION, &entry);
        assert_eq!(decode(&row).unwrap(), entry);
        let terms = keys::encode(&Terms::default()).len() - 1;
        let mut first = row[..row.len() - terms].to_vec();
        first[0] = 1;
        assert_eq!(decode(&first).unwrap(), entry);
        assert!(decode(&[3]).is_err() && decode(&[]).is_err());
    }
}
