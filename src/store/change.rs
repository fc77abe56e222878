//! The change sequence of an account: what changed in which mailbox at which mod-sequence. IDLE, CONDSTORE, QRESYNC, push
//! and a mirror all read it.
//!
//! A commit that changes an account gets the next mod-sequence of that account once, and writes for each mailbox which
//! UIDs came, went or have other flags. An entry also tells whether its messages are `\Seen` now, so that a
//! [`crate::View`] is brought up to date without reading any message.

use crate::account::Account;
use crate::backend::Tree;
use crate::feed::AccountChanges;
use crate::tx::Read;
use crate::{AccountId, Error, MailboxId, ModSeq, Store, Tx, Uid, UidSet, keys};
use serde::{Deserialize, Serialize};

/// Entries of an account's history. When there are more, the oldest go, and [`Store::changes`] answers `None` to those
/// who ask from before them. One entry is one commit's changes of one kind in one mailbox, so this is several thousand
/// deliveries, or any number of messages marked at once.
pub const HISTORY_ENTRIES_MAX: u64 = 10_000;

/// How far the history grows past [`HISTORY_ENTRIES_MAX`] before it is cut, so that not every commit has to.
const HISTORY_SLACK: u64 = 256;

/// Ranges of UIDs in one entry: at most ten bytes each, so that an entry keeps well below the bound of a value.
const RANGES_PER_ENTRY_MAX: usize = 1_000;

/// What happened in a mailbox after a mod-sequence, folded together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Messages that came and are still there.
    pub appended: UidSet,
    /// Messages that were there and have other flags (or were appended and changed: only in `appended`).
    pub flags: UidSet,
    /// Messages that went; includes those that came and went since.
    pub expunged: UidSet,
    /// Those of `appended` and `flags` that are without `\Seen` now.
    pub unseen: UidSet,
    /// Whether the mailbox itself was made, renamed or deleted, or its subscription changed.
    pub mailbox: bool,
    /// The mod-sequence up to which this tells all.
    pub modseq: ModSeq,
}

impl Changes {
    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.appended.is_empty() && self.flags.is_empty() && self.expunged.is_empty() && !self.mailbox
    }

    /// A message that came.
    pub(crate) fn came(&mut self, first: Uid, last: Uid, seen: bool) {
        self.appended.insert_range(first, last);
        self.set_seen(first, last, seen);
    }

    /// A message with other flags.
    pub(crate) fn changed(&mut self, first: Uid, last: Uid, seen: bool) {
        self.flags.insert_range(first, last);
        for &(first, last) in self.appended.intersection(&UidSet::from_iter([(first, last)])).ranges() {
            self.flags.remove_range(first, last);
        }
        self.set_seen(first, last, seen);
    }

    /// A message that went.
    pub(crate) fn went(&mut self, first: Uid, last: Uid) {
        self.appended.remove_range(first, last);
        self.flags.remove_range(first, last);
        self.unseen.remove_range(first, last);
        self.expunged.insert_range(first, last);
    }

    fn set_seen(&mut self, first: Uid, last: Uid, seen: bool) {
        if seen {
            self.unseen.remove_range(first, last);
        } else {
            self.unseen.insert_range(first, last);
        }
    }

    fn fold(&mut self, entry: &Entry) {
        for &(first, last) in entry.uids.ranges() {
            match entry.kind {
                Kind::Came { seen } => self.came(first, last, seen),
                Kind::Changed { seen } => self.changed(first, last, seen),
                Kind::Went => self.went(first, last),
                Kind::Mailbox => {}
            }
        }
        self.mailbox |= entry.kind == Kind::Mailbox;
    }

    /// As entries of the history.
    fn entries(&self) -> Vec<Entry> {
        let sets = [
            (Kind::Came { seen: false }, self.appended.intersection(&self.unseen)),
            (Kind::Came { seen: true }, self.appended.difference(&self.unseen)),
            (Kind::Changed { seen: false }, self.flags.intersection(&self.unseen)),
            (Kind::Changed { seen: true }, self.flags.difference(&self.unseen)),
            (Kind::Went, self.expunged.clone()),
        ];
        let mut entries = Vec::new();
        for (kind, set) in sets {
            for ranges in set.ranges().chunks(RANGES_PER_ENTRY_MAX) {
                entries.push(Entry { kind, uids: ranges.iter().copied().collect() });
            }
        }
        if self.mailbox {
            entries.push(Entry { kind: Kind::Mailbox, uids: UidSet::default() });
        }
        entries
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    Came { seen: bool },
    Changed { seen: bool },
    Went,
    Mailbox,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    kind: Kind,
    uids: UidSet,
}

impl Tx<'_> {
    /// The mod-sequence that this commit's changes in the account have, or will have once there is one.
    pub(crate) fn modseq(&self, account: AccountId) -> Result<ModSeq, Error> {
        match self.touched(account) {
            Some(modseq) => Ok(modseq),
            None => Ok(Account::load(self, account)?.modseq + 1),
        }
    }

    /// Writes what a commit did to a mailbox into the history, and folds it together with what the same commit did before.
    pub(crate) fn note(&mut self, account: AccountId, mailbox: MailboxId, changes: &Changes) -> Result<ModSeq, Error> {
        let mut record = Account::load(self, account)?;
        let modseq = self.touched(account).unwrap_or(record.modseq + 1);
        let mut folded = Changes::default();
        let mut before = 0;
        if self.touched(account).is_some() {
            for row in self.prefix(Tree::History, &keys::changes_of(account, modseq, mailbox)) {
                folded.fold(&keys::decode("change", &row?.1)?);
                before += 1;
            }
        }
        changes.entries().iter().for_each(|entry| folded.fold(entry));
        let entries = folded.entries();
        let count = u16::try_from(entries.len()).map_err(|_| Error::Limit("changes of one commit"))?;
        for (number, entry) in (0..count).zip(&entries) {
            self.put(Tree::History, &keys::change(account, modseq, mailbox, number), keys::encode(entry));
        }
        for number in count..before {
            self.delete(Tree::History, &keys::change(account, modseq, mailbox, number));
        }
        record.modseq = modseq;
        record.history_len = record.history_len + u64::from(count) - u64::from(before).min(record.history_len);
        self.prune_history(account, &mut record)?;
        record.save(self, account);
        self.touch(account, modseq);
        Ok(modseq)
    }

    /// Writes into the history that a mailbox was made, renamed or deleted.
    pub(crate) fn note_mailbox(&mut self, account: AccountId, mailbox: MailboxId) -> Result<ModSeq, Error> {
        self.note(account, mailbox, &Changes { mailbox: true, ..Changes::default() })
    }

    fn prune_history(&mut self, account: AccountId, record: &mut Account) -> Result<(), Error> {
        if record.history_len <= HISTORY_ENTRIES_MAX + HISTORY_SLACK {
            return Ok(());
        }
        let surplus = usize::try_from(record.history_len - HISTORY_ENTRIES_MAX).unwrap_or(usize::MAX);
        let mut old = Vec::new();
        let mut last = 0;
        // Whole mod-sequences go, for half of one would tell half of what happened; and never that of this commit.
        for row in self.range(Tree::History, &keys::changes(account), &keys::changes_at(account, record.modseq)) {
            let (key, _) = row?;
            let (modseq, _) = keys::change_of(&key)?;
            if old.len() >= surplus && modseq != last {
                break;
            }
            last = modseq;
            old.push(key);
        }
        record.history_len = record.history_len.saturating_sub(old.len() as u64);
        record.history_from = record.history_from.max(last);
        for key in old {
            self.delete(Tree::History, &key);
        }
        Ok(())
    }
}

/// Changes of a mailbox after `since` up to the account's newest, which `account` tells.
pub(crate) fn changes(
    read: &impl Read,
    id: AccountId,
    account: &Account,
    mailbox: MailboxId,
    since: ModSeq,
) -> Result<Option<Changes>, Error> {
    if since < account.history_from {
        return Ok(None);
    }
    let mut changes = Changes { modseq: account.modseq.max(since), ..Changes::default() };
    if since < account.modseq {
        for row in
            read.range(Tree::History, &keys::changes_at(id, since + 1), &keys::changes_at(id, account.modseq + 1))
        {
            let (key, value) = row?;
            if keys::change_of(&key)?.1 == mailbox {
                changes.fold(&keys::decode("change", &value)?);
            }
        }
    }
    Ok(Some(changes))
}

/// As [`changes`], of all mailboxes in one pass.
pub(crate) fn changes_by_mailbox(
    read: &impl Read,
    id: AccountId,
    account: &Account,
    since: ModSeq,
) -> Result<Option<AccountChanges>, Error> {
    if since < account.history_from {
        return Ok(None);
    }
    let modseq = account.modseq.max(since);
    let mut told = AccountChanges { modseq, ..AccountChanges::default() };
    if since < account.modseq {
        for row in
            read.range(Tree::History, &keys::changes_at(id, since + 1), &keys::changes_at(id, account.modseq + 1))
        {
            let (key, value) = row?;
            let changes = told.mailboxes.entry(keys::change_of(&key)?.1).or_default();
            changes.fold(&keys::decode("change", &value)?);
            changes.modseq = modseq;
        }
    }
    Ok(Some(told))
}

impl Store {
    /// Changes of a mailbox after `since`. `None` when the history does not reach back that far
    /// ([`HISTORY_ENTRIES_MAX`]): read the mailbox anew.
    ///
    /// # Errors
    /// Machine faults.
    pub fn changes(&self, account: AccountId, mailbox: MailboxId, since: ModSeq) -> Result<Option<Changes>, Error> {
        // What is read first is older than what is read next, so nothing is told that the mod-sequence does not cover.
        let record = Account::find(self, account)?.unwrap_or_default();
        let mut told = changes(self, account, &record, mailbox, since)?;
        // The history may have been cut while it was being read.
        if told.is_some() && Account::find(self, account)?.unwrap_or_default().history_from > since {
            told = None;
        }
        Ok(told)
    }

    /// Mod-sequence of the account's newest change; 0 when there is none.
    ///
    /// # Errors
    /// Machine faults.
    pub fn modseq(&self, account: AccountId) -> Result<ModSeq, Error> {
        Ok(Account::find(self, account)?.unwrap_or_default().modseq)
    }

    /// Wakes when the account changes; the value is the mod-sequence. Costs little while nobody waits.
    pub fn watch(&self, account: AccountId) -> tokio::sync::watch::Receiver<ModSeq> {
        self.watch_account(account, || self.modseq(account).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// A mailbox as a model: UID to whether it is seen.
    type Model = BTreeMap<Uid, bool>;

    #[derive(Debug, Clone)]
    enum Op {
        Append(bool),
        Mark(usize, bool),
        Expunge(usize),
        Commit,
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            any::<bool>().prop_map(Op::Append),
            (0usize..20, any::<bool>()).prop_map(|(at, seen)| Op::Mark(at, seen)),
            (0usize..20).prop_map(Op::Expunge),
            Just(Op::Commit),
        ]
    }

    proptest! {
        /// Commits folded within themselves and then over each other tell the difference between two states.
        #[test]
        fn folding_is_the_difference(ops in prop::collection::vec(op(), 0..80), from in 0usize..20) {
            let mut model = Model::new();
            let mut next = 1;
            let mut commit = Changes::default();
            let mut log: Vec<Vec<Entry>> = Vec::new();
            let mut states = vec![model.clone()];
            for op in ops.into_iter().chain([Op::Commit]) {
                let nth = |at: usize| model.keys().nth(at % model.len().max(1)).copied();
                match op {
                    Op::Append(seen) => {
                        commit.came(next, next, seen);
                        model.insert(next, seen);
                        next += 1;
                    }
                    Op::Mark(at, seen) => if let Some(uid) = nth(at) {
                        commit.changed(uid, uid, seen);
                        model.insert(uid, seen);
                    },
                    Op::Expunge(at) => if let Some(uid) = nth(at) {
                        commit.went(uid, uid);
                        model.remove(&uid);
                    },
                    Op::Commit => {
                        log.push(commit.entries());
                        commit = Changes::default();
                        states.push(model.clone());
                    }
                }
            }
            let from = from % states.len();
            let before = &states[from];
            let mut told = Changes::default();
            for entry in log[from..].iter().flatten() {
                told.fold(entry);
            }
            let appended: BTreeSet<Uid> = model.keys().filter(|uid| !before.contains_key(uid)).copied().collect();
            let expunged: BTreeSet<Uid> = before.keys().filter(|uid| !model.contains_key(uid)).copied().collect();
            prop_assert!(told.appended.iter().eq(appended.iter().copied()));
            prop_assert!(expunged.iter().all(|&uid| told.expunged.contains(uid)));
            prop_assert!(told.expunged.iter().all(|uid| !model.contains_key(&uid)));
            prop_assert!(told.flags.iter().all(|uid| before.contains_key(&uid) && model.contains_key(&uid)));
            let changed: Vec<Uid> = before.iter().filter(|(uid, seen)| model.get(uid).is_some_and(|now| now != *seen)).map(|(&uid, _)| uid).collect();
            prop_assert!(changed.iter().all(|&uid| told.flags.contains(uid)));
            for uid in told.appended.union(&told.flags).iter() {
                prop_assert_eq!(told.unseen.contains(uid), !model[&uid]);
            }
            prop_assert!(told.unseen.difference(&told.appended.union(&told.flags)).is_empty());
        }
    }

    #[test]
    fn entries_keep_the_bound_of_a_value() {
        let mut changes = Changes::default();
        for uid in (1..=100_000).map(|n| n * 40_000) {
            changes.changed(uid, uid, true);
        }
        let entries = changes.entries();
        assert!(entries.len() > 10);
        assert!(entries.iter().all(|entry| keys::encode(entry).len() < keys::VALUE_BYTES_MAX));
        let mut folded = Changes::default();
        entries.iter().for_each(|entry| folded.fold(entry));
        assert_eq!(folded, changes);
    }
}
