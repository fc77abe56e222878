//! Keys of the content, and the form of its values.
//!
//! Numbers are big-endian and of fixed width, so that order of keys is order of numbers. Where one tree holds several
//! kinds of record, a byte after the account (or at the start, where there is no account) tells them apart:
//!
//! | tree | key | value |
//! |---|---|---|
//! | Mailbox | account, 0 | counters of the account |
//! | Mailbox | account, 1, mailbox | [`crate::Mailbox`] |
//! | Mailbox | account, 2, name | mailbox |
//! | Mailbox | account, 3, role | mailbox |
//! | Mailbox | account, 4, name | a script beside its text |
//! | Mailbox | account, 5, name, 0, number | a piece of a script, as it is |
//! | Mailbox | account, 6 | name of the active script |
//! | Mailbox | account, 7, hash | when a memory lapses |
//! | Mailbox | account, 8, when a memory lapses, hash | nothing |
//! | Mailbox | account, 9, mailbox | the first UID of which no session was told |
//! | Mailbox | account, 10, name | nothing: a subscription whose mailbox is gone or another's |
//! | Mailbox | account, 11, mailbox, another account | its rights |
//! | Mailbox | account, 12, another account, mailbox | nothing: the twin of the other's row |
//! | Message | account, mailbox, UID | [`crate::Message`] |
//! | State | account, mailbox, UID | flags and mod-sequence |
//! | History | account, 1, mod-sequence, mailbox, number | kind, UIDs |
//! | History | account, 2, hash of a message-id | thread |
//! | History | account, 3, hash of a base subject | thread |
//! | History | account, 4, thread | what leads to it |
//! | History | account, 5, thread, mailbox, UID | internal date |
//! | History | account, 6, mailbox (0: the account), name | value of an annotation |
//! | Body | `v`, account, number | [`crate::vault::VaultEntry`] |
//! | Body | `w`, when expunged, account, number | nothing |
//! | Spool | 0 | counters of the spool |
//! | Spool | 1, id | [`crate::spool::SpoolEntry`] |
//! | Spool | 2, when due, id | nothing |
//! | Spool | 3, trace, when, step, hash | [`crate::trace::TraceEvent`] |
//! | Spool | 4, account, id | nothing: an entry that was given for a later time |
//!
//! Values are a byte that tells their version, then postcard.

use crate::{AccountId, Error, MailboxId, ModSeq, SpoolId, ThreadId, TraceId, Uid};
use serde::{Serialize, de::DeserializeOwned};

/// Bytes of a value, by agreement with the index engines.
pub(crate) const VALUE_BYTES_MAX: usize = 16 * 1024;

/// A key in the making.
#[derive(Debug, Clone, Default)]
pub(crate) struct Key(Vec<u8>);

impl Key {
    pub(crate) fn u8(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }
    pub(crate) fn u16(mut self, value: u16) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }
    pub(crate) fn u32(mut self, value: u32) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }
    pub(crate) fn u64(mut self, value: u64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }
    pub(crate) fn u128(mut self, value: u128) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }
    /// A time, so that those before 1970 sort before those after it.
    pub(crate) fn time(self, value: i64) -> Self {
        self.u64(value.cast_unsigned() ^ (1 << 63))
    }
    pub(crate) fn bytes(mut self, value: &[u8]) -> Self {
        self.0.extend_from_slice(value);
        self
    }
    pub(crate) fn done(self) -> Vec<u8> {
        self.0
    }
}

fn account_kind(account: AccountId, kind: u8) -> Key {
    Key(Vec::with_capacity(32)).u64(account.0).u8(kind)
}

// Tree::Mailbox

pub(crate) fn account(id: AccountId) -> Vec<u8> {
    account_kind(id, 0).done()
}
/// Prefixes of all that the tree holds of an account beside its counters.
pub(crate) fn mailbox_rows(id: AccountId) -> [Vec<u8>; 12] {
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map(|kind| account_kind(id, kind).done())
}
pub(crate) fn mailboxes(id: AccountId) -> Vec<u8> {
    account_kind(id, 1).done()
}
pub(crate) fn mailbox(id: AccountId, mailbox: MailboxId) -> Vec<u8> {
    account_kind(id, 1).u32(mailbox.0).done()
}
pub(crate) fn mailbox_name(id: AccountId, name: &str) -> Vec<u8> {
    account_kind(id, 2).bytes(name.as_bytes()).done()
}
pub(crate) fn mailbox_role(id: AccountId, role: u8) -> Vec<u8> {
    account_kind(id, 3).u8(role).done()
}

pub(crate) fn scripts(id: AccountId) -> Vec<u8> {
    account_kind(id, 4).done()
}
pub(crate) fn script(id: AccountId, name: &str) -> Vec<u8> {
    account_kind(id, 4).bytes(name.as_bytes()).done()
}
pub(crate) fn script_piece(id: AccountId, name: &str, number: u8) -> Vec<u8> {
    account_kind(id, 5).bytes(name.as_bytes()).u8(0).u8(number).done()
}
pub(crate) fn script_active(id: AccountId) -> Vec<u8> {
    account_kind(id, 6).done()
}
pub(crate) fn memory(id: AccountId, hash: [u8; 16]) -> Vec<u8> {
    account_kind(id, 7).bytes(&hash).done()
}
pub(crate) fn memory_lapse(id: AccountId, at: i64, hash: [u8; 16]) -> Vec<u8> {
    account_kind(id, 8).time(at).bytes(&hash).done()
}
/// Beginning and end of the memories that have lapsed at `now`.
pub(crate) fn memories_lapsed(id: AccountId, now: i64) -> (Vec<u8>, Vec<u8>) {
    (account_kind(id, 8).done(), account_kind(id, 8).time(now).done())
}
/// The hash at the end of a lapse.
pub(crate) fn memory_lapse_of(key: &[u8]) -> Result<[u8; 16], Error> {
    key.last_chunk().copied().ok_or_else(|| damaged("key of a memory"))
}

pub(crate) fn recent(id: AccountId, mailbox: MailboxId) -> Vec<u8> {
    account_kind(id, 9).u32(mailbox.0).done()
}
pub(crate) fn lapsed_subscriptions(id: AccountId) -> Vec<u8> {
    account_kind(id, 10).done()
}
pub(crate) fn lapsed_subscription(id: AccountId, name: &str) -> Vec<u8> {
    account_kind(id, 10).bytes(name.as_bytes()).done()
}

pub(crate) fn grants(id: AccountId, mailbox: MailboxId) -> Vec<u8> {
    account_kind(id, 11).u32(mailbox.0).done()
}
pub(crate) fn grant(id: AccountId, mailbox: MailboxId, of: AccountId) -> Vec<u8> {
    account_kind(id, 11).u32(mailbox.0).u64(of.0).done()
}
/// The account at the end of a grant.
pub(crate) fn grant_of(key: &[u8]) -> Result<AccountId, Error> {
    key.last_chunk().map(|bytes| AccountId(u64::from_be_bytes(*bytes))).ok_or_else(|| damaged("key of rights"))
}
pub(crate) fn shares(id: AccountId) -> Vec<u8> {
    account_kind(id, 12).done()
}
pub(crate) fn share(id: AccountId, owner: AccountId, mailbox: MailboxId) -> Vec<u8> {
    account_kind(id, 12).u64(owner.0).u32(mailbox.0).done()
}
/// Owner and mailbox at the end of a share.
pub(crate) fn share_of(key: &[u8]) -> Result<(AccountId, MailboxId), Error> {
    let parts = key.get(9..17).and_then(|owner| owner.first_chunk()).zip(key.get(17..21).and_then(|m| m.first_chunk()));
    let (owner, mailbox) = parts.ok_or_else(|| damaged("key of a share"))?;
    Ok((AccountId(u64::from_be_bytes(*owner)), MailboxId(u32::from_be_bytes(*mailbox))))
}

// Tree::Message and Tree::State

/// Everything of an account in the trees whose keys begin with it.
pub(crate) fn of_account(id: AccountId) -> Vec<u8> {
    id.0.to_be_bytes().to_vec()
}
pub(crate) fn message(id: AccountId, mailbox: MailboxId, uid: Uid) -> Vec<u8> {
    Key(Vec::with_capacity(16)).u64(id.0).u32(mailbox.0).u32(uid).done()
}
/// The UID at the end of a key.
pub(crate) fn uid_of(key: &[u8]) -> Result<Uid, Error> {
    key.last_chunk().map(|bytes| Uid::from_be_bytes(*bytes)).ok_or_else(|| damaged("key of a message"))
}

// Tree::History

/// The changes of an account.
pub(crate) fn changes(id: AccountId) -> Vec<u8> {
    account_kind(id, 1).done()
}
/// The changes of an account from a mod-sequence on.
pub(crate) fn changes_at(id: AccountId, modseq: ModSeq) -> Vec<u8> {
    account_kind(id, 1).u64(modseq).done()
}
/// The changes of a mailbox at a mod-sequence.
pub(crate) fn changes_of(id: AccountId, modseq: ModSeq, mailbox: MailboxId) -> Vec<u8> {
    account_kind(id, 1).u64(modseq).u32(mailbox.0).done()
}
pub(crate) fn change(id: AccountId, modseq: ModSeq, mailbox: MailboxId, number: u16) -> Vec<u8> {
    account_kind(id, 1).u64(modseq).u32(mailbox.0).u16(number).done()
}
/// Mod-sequence and mailbox in the key of a change.
pub(crate) fn change_of(key: &[u8]) -> Result<(ModSeq, MailboxId), Error> {
    let parts = key.get(9..17).and_then(|m| m.first_chunk()).zip(key.get(17..21).and_then(|m| m.first_chunk()));
    let (modseq, mailbox) = parts.ok_or_else(|| damaged("key of a change"))?;
    Ok((ModSeq::from_be_bytes(*modseq), MailboxId(u32::from_be_bytes(*mailbox))))
}
pub(crate) fn thread_by_message_id(id: AccountId, hash: u64) -> Vec<u8> {
    account_kind(id, 2).u64(hash).done()
}
pub(crate) fn thread_by_subject(id: AccountId, hash: u64) -> Vec<u8> {
    account_kind(id, 3).u64(hash).done()
}
pub(crate) fn thread(id: AccountId, thread: ThreadId) -> Vec<u8> {
    account_kind(id, 4).u64(thread.0).done()
}
pub(crate) fn thread_members(id: AccountId, thread: ThreadId) -> Vec<u8> {
    account_kind(id, 5).u64(thread.0).done()
}
pub(crate) fn thread_member(id: AccountId, thread: ThreadId, mailbox: MailboxId, uid: Uid) -> Vec<u8> {
    account_kind(id, 5).u64(thread.0).u32(mailbox.0).u32(uid).done()
}
/// An annotation of a mailbox, or of the account itself; mailboxes are numbered from 1.
pub(crate) fn annotation(id: AccountId, mailbox: Option<MailboxId>, name: &str) -> Vec<u8> {
    account_kind(id, 6).u32(mailbox.map_or(0, |mailbox| mailbox.0)).bytes(name.as_bytes()).done()
}
/// Mailbox and UID at the end of a key.
pub(crate) fn mailbox_uid_of(key: &[u8]) -> Result<(MailboxId, Uid), Error> {
    let bytes: &[u8; 8] = key.last_chunk().ok_or_else(|| damaged("key of a thread"))?;
    let both = u64::from_be_bytes(*bytes);
    Ok((MailboxId((both >> 32) as u32), both as u32))
}

// Tree::Body

pub(crate) fn vault_of(id: AccountId) -> Vec<u8> {
    Key::default().u8(b'v').u64(id.0).done()
}
pub(crate) fn vault(id: AccountId, number: u64) -> Vec<u8> {
    Key::default().u8(b'v').u64(id.0).u64(number).done()
}
pub(crate) fn vault_expiry(at: i64, id: AccountId, number: u64) -> Vec<u8> {
    Key::default().u8(b'w').time(at).u64(id.0).u64(number).done()
}
/// Beginning and end of the expiries before a time.
pub(crate) fn vault_expiries(before: i64) -> (Vec<u8>, Vec<u8>) {
    (vec![b'w'], Key::default().u8(b'w').time(before).done())
}
/// Account and number at the end of an expiry.
pub(crate) fn vault_expiry_of(key: &[u8]) -> Result<(AccountId, u64), Error> {
    let bytes: &[u8; 16] = key.last_chunk().ok_or_else(|| damaged("key of the vault"))?;
    let both = u128::from_be_bytes(*bytes);
    Ok((AccountId((both >> 64) as u64), both as u64))
}

// Tree::Spool

pub(crate) fn spool_counters() -> Vec<u8> {
    vec![0]
}
pub(crate) fn spool_entry(id: SpoolId) -> Vec<u8> {
    Key::default().u8(1).u64(id.0).done()
}
/// The end of the spool's entries.
pub(crate) fn spool_entries_end() -> Vec<u8> {
    vec![2]
}
pub(crate) fn spool_due(at: i64, id: SpoolId) -> Vec<u8> {
    Key::default().u8(2).time(at).u64(id.0).done()
}
/// Beginning of the entries that are due, and the end of those due at `now`.
pub(crate) fn spool_due_until(now: i64) -> (Vec<u8>, Vec<u8>) {
    (vec![2], Key::default().u8(2).time(now).u64(u64::MAX).u8(0).done())
}
/// The end of all due entries.
pub(crate) fn spool_due_end() -> Vec<u8> {
    vec![3]
}
/// Time and id of a due entry.
pub(crate) fn spool_due_of(key: &[u8]) -> Result<(i64, SpoolId), Error> {
    let bytes: &[u8; 16] = key.last_chunk().ok_or_else(|| damaged("key of the spool"))?;
    let both = u128::from_be_bytes(*bytes);
    Ok((((both >> 64) as u64 ^ (1 << 63)).cast_signed(), SpoolId(both as u64)))
}
/// Entries that an account has given for a later time.
pub(crate) fn spool_timed_of(account: AccountId) -> Vec<u8> {
    Key::default().u8(4).u64(account.0).done()
}
pub(crate) fn spool_timed(account: AccountId, id: SpoolId) -> Vec<u8> {
    Key::default().u8(4).u64(account.0).u64(id.0).done()
}
/// The id at the end of such a key.
pub(crate) fn spool_timed_id(key: &[u8]) -> Result<SpoolId, Error> {
    key.last_chunk().map(|bytes| SpoolId(u64::from_be_bytes(*bytes))).ok_or_else(|| damaged("key of the spool"))
}
pub(crate) fn traces() -> Vec<u8> {
    vec![3]
}
pub(crate) fn trace(id: TraceId) -> Vec<u8> {
    Key::default().u8(3).u128(id.0).done()
}
pub(crate) fn trace_event(id: TraceId, at: i64, step: u8, hash: u32) -> Vec<u8> {
    Key::default().u8(3).u128(id.0).time(at).u8(step).u32(hash).done()
}
/// The trace id in the key of an event.
pub(crate) fn trace_of(key: &[u8]) -> Result<TraceId, Error> {
    key.get(1..17)
        .and_then(|bytes| bytes.first_chunk())
        .map(|bytes| TraceId(u128::from_be_bytes(*bytes)))
        .ok_or_else(|| damaged("key of a trace"))
}

// Values

/// The version of all values that this program writes.
const VERSION: u8 = 1;

pub(crate) fn damaged(what: &'static str) -> Error {
    Error::Damaged(format!("{what} in the index"))
}

pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    encode_as(VERSION, value)
}

/// For a kind of value that has a version of its own.
pub(crate) fn encode_as<T: Serialize + ?Sized>(version: u8, value: &T) -> Vec<u8> {
    postcard::to_extend(value, vec![version]).expect("plain data goes into a vector")
}

pub(crate) fn decode<T: DeserializeOwned>(what: &'static str, value: &[u8]) -> Result<T, Error> {
    match value {
        [VERSION, rest @ ..] => postcard::from_bytes(rest).map_err(|_| damaged(what)),
        _ => Err(damaged(what)),
    }
}

/// The first 8 bytes of the BLAKE3 of a text, for keys that stand for it.
pub(crate) fn hash64(kind: &str, text: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(kind.as_bytes()).update(&[0]).update(text.as_bytes());
    let hash = hasher.finalize();
    hash.as_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_keys_is_order_of_what_they_stand_for() {
        let times = [i64::MIN, -1, 0, 1, 1_700_000_000_000, i64::MAX];
        assert!(times.windows(2).all(|t| spool_due(t[0], SpoolId(9)) < spool_due(t[1], SpoolId(1))));
        for time in times {
            assert_eq!(spool_due_of(&spool_due(time, SpoolId(7))).unwrap(), (time, SpoolId(7)));
            let (start, end) = spool_due_until(time);
            assert!(start < spool_due(time, SpoolId(0)) && spool_due(time, SpoolId(u64::MAX)) < end);
        }
        assert!(message(AccountId(1), MailboxId(2), 3) < message(AccountId(1), MailboxId(2), 256));
        assert!(message(AccountId(1), MailboxId(2), Uid::MAX) < message(AccountId(1), MailboxId(3), 1));
    }

    #[test]
    fn keys_give_back_what_went_in() {
        let account = AccountId(5);
        assert_eq!(uid_of(&message(account, MailboxId(2), 77)).unwrap(), 77);
        assert_eq!(change_of(&change(account, 99, MailboxId(3), 1)).unwrap(), (99, MailboxId(3)));
        assert_eq!(mailbox_uid_of(&thread_member(account, ThreadId(4), MailboxId(8), 9)).unwrap(), (MailboxId(8), 9));
        assert_eq!(vault_expiry_of(&vault_expiry(-5, account, 12)).unwrap(), (account, 12));
        assert_eq!(trace_of(&trace_event(TraceId(1 << 100), 1, 2, 3)).unwrap(), TraceId(1 << 100));
    }

    #[test]
    fn a_value_of_another_version_is_damaged() {
        let value = encode(&(1u32, "x"));
        assert_eq!(decode::<(u32, String)>("test", &value).unwrap(), (1, "x".to_owned()));
        assert!(matches!(decode::<(u32, String)>("test", &[9, 1]), Err(Error::Damaged(_))));
        assert!(matches!(decode::<(u32, String)>("test", &[]), Err(Error::Damaged(_))));
    }
}
