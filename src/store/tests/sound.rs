//! What holds in every store at every time, whatever was done to it: all that is counted is counted again.

use std::{collections::HashMap, ops::ControlFlow};
use store::{AccountId, BodyId, Flags, SpoolId, Store, backend::Tree, spool::SpoolEntry};

/// All rows of a store, tree by tree.
pub(crate) fn dump(store: &Store) -> Vec<(Tree, Vec<u8>, Vec<u8>)> {
    use Tree::{Body, Directory, History, Mailbox, Message, Meta, Spool, State};
    let mut rows = Vec::new();
    for tree in [Meta, Directory, Mailbox, Message, State, History, Body, Spool] {
        let mut each = |key: &[u8], value: &[u8]| {
            rows.push((tree, key.to_vec(), value.to_vec()));
            Ok(())
        };
        store.dump(tree, &mut each).unwrap();
    }
    rows
}

/// Counts everything again.
pub(crate) fn check(store: &Store, accounts: &[AccountId]) {
    let verified = store.verify(&mut |_| {}).unwrap();
    assert_eq!(verified.problems, Vec::<String>::new());
    let mut references: HashMap<BodyId, u32> = HashMap::new();
    for &account in accounts {
        check_account(store, account, &mut references);
    }
    let entries = store.spool_list(SpoolId(0), usize::MAX).unwrap();
    check_spool(store, &entries);
    entries.iter().for_each(|entry| *references.entry(entry.body).or_default() += 1);
    check_bodies(store, &references);
}

fn check_account(store: &Store, account: AccountId, references: &mut HashMap<BodyId, u32>) {
    let (mut messages, mut bytes) = (0, 0);
    for mailbox in store.mailboxes(account).unwrap() {
        let (mut found, mut unseen, mut deleted, mut size) = (Vec::new(), 0, 0, 0);
        let view = store.view(account, mailbox.id).unwrap();
        store
            .messages(account, mailbox.id, &super::all(), &mut |message| {
                *references.entry(message.body).or_default() += 1;
                let members = store.thread(account, message.thread).unwrap();
                assert!(members.contains(&(mailbox.id, message.uid)), "a message is in its thread");
                let (flags, modseq) = store.flags(account, mailbox.id, message.uid).unwrap().unwrap();
                assert!(modseq <= mailbox.highest_modseq);
                unseen += u32::from(!flags.has(Flags::SEEN));
                deleted += u32::from(flags.has(Flags::DELETED));
                size += u64::from(message.size);
                assert_eq!(view.unseen.contains(message.uid), !flags.has(Flags::SEEN));
                found.push(message.uid);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!((mailbox.exists as usize, mailbox.unseen), (found.len(), unseen), "{}", mailbox.name);
        assert_eq!((mailbox.deleted, mailbox.size), (deleted, size), "{}", mailbox.name);
        assert!(found.last().is_none_or(|&last| last < mailbox.uid_next));
        assert_eq!(view.uids.iter().collect::<Vec<_>>(), found, "{}", mailbox.name);
        assert_eq!((view.uid_next, view.uid_validity), (mailbox.uid_next, mailbox.uid_validity));
        assert_eq!(view.modseq, mailbox.highest_modseq);
        assert!(mailbox.highest_modseq <= store.modseq(account).unwrap());
        messages += u64::from(mailbox.exists);
        bytes += mailbox.size;
    }
    let usage = store.usage(account).unwrap();
    assert_eq!((usage.messages, usage.bytes), (messages, bytes));
    for entry in store.vault(account, usize::MAX).unwrap() {
        *references.entry(entry.message.body).or_default() += 1;
    }
}

fn check_spool(store: &Store, entries: &[SpoolEntry]) {
    assert_eq!(store.spool_len(), entries.len() as u64);
    let mut due: Vec<_> = entries.iter().filter(|entry| !entry.held).collect();
    due.sort_by_key(|entry| (entry.next_attempt, entry.id));
    assert_eq!(store.spool_next().unwrap(), due.first().map(|entry| entry.next_attempt));
    assert_eq!(store.spool_due(i64::MAX, usize::MAX).unwrap().iter().collect::<Vec<_>>(), due);
}

/// Each body is referred to as often as it counts, and can be read.
fn check_bodies(store: &Store, references: &HashMap<BodyId, u32>) {
    let mut counted = HashMap::new();
    let mut each = |key: &[u8], value: &[u8]| {
        if let [0, id @ ..] = key {
            counted.insert(BodyId(id.try_into().unwrap()), u32::from_le_bytes(value[..4].try_into().unwrap()));
        }
        Ok(())
    };
    store.dump(Tree::Body, &mut each).unwrap();
    assert_eq!(&counted, references);
    for &id in references.keys() {
        assert_eq!(*blake3::hash(&store.body(id).unwrap()).as_bytes(), id.0);
    }
}
