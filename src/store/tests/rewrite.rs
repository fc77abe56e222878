//! Old segments that are mostly dead go; what lives in them moves, while it is being read.

use super::*;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

on_both_engines!(segments_are_rewritten_while_reads_go_on, a_rewritten_store_rebuilds);

const MESSAGES: u32 = 120;
/// Each seventh message stays.
const KEPT: u32 = 7;

fn text(number: u32) -> Vec<u8> {
    noise(u64::from(number), 20_000 + 997 * (number as usize % 13))
}

/// A store of many small segments, most of which nobody needs.
fn mostly_dead(engine: Engine) -> Fixture {
    let store = Fixture::with(Options { segment_bytes: 256 << 10, ..options(engine) });
    store.create_accounts();
    for number in 1..=MESSAGES {
        store.append(ALICE, Role::Inbox, &text(number));
    }
    store.run(|tx| {
        let inbox = tx.mailbox_by_role(ALICE, Role::Inbox)?;
        tx.expunge(ALICE, inbox.id, &uids((1..=MESSAGES).filter(|uid| uid % KEPT != 0)), NOW)?;
        tx.vault_purge(NOW + 1, usize::MAX)
    });
    store
}

/// Two snapshots, for a segment goes only when it lies before the older one.
fn rewrite(store: Fixture) -> Fixture {
    let mut store = store;
    for _ in 0..2 {
        store.append(BOB, Role::Inbox, b"between");
        store = store.reopen().0;
        store.snapshot().unwrap();
    }
    store
}

fn segments_are_rewritten_while_reads_go_on(engine: Engine) {
    let store = mostly_dead(engine);
    let before = store.stats().unwrap();
    assert!(before.segments > 8);
    let store = {
        let (store, _) = store.reopen();
        store.snapshot().unwrap();
        store.append(BOB, Role::Inbox, b"between");
        store.reopen().0
    };
    let (done, read) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let inbox = store.mailbox_of(Role::Inbox);
                let mut last = false;
                while !last {
                    last = done.load(Ordering::Relaxed);
                    for uid in (KEPT..=MESSAGES).step_by(KEPT as usize) {
                        let message = store.message(ALICE, inbox.id, uid).unwrap().unwrap();
                        assert_eq!(store.body(message.body).unwrap(), text(uid));
                        assert_eq!(store.body_range(message.body, 10..20).unwrap(), text(uid)[10..20]);
                        read.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        // Commits go on too.
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                store.append(BOB, Role::Inbox, b"meanwhile");
            }
        });
        store.snapshot().unwrap();
        done.store(true, Ordering::Relaxed);
    });
    let after = store.stats().unwrap();
    assert!(after.segment_bytes < before.segment_bytes / 2, "{before:?} {after:?}");
    assert!(read.load(Ordering::Relaxed) > 0);
    sound::check(&store, &[ALICE, BOB]);
    let state = sound::dump(&store);
    let (store, _) = store.reopen();
    assert!(sound::dump(&store) == state);
}

fn a_rewritten_store_rebuilds(engine: Engine) {
    let store = rewrite(mostly_dead(engine));
    assert!(!store.path().join("log/00000001.seg").exists());
    store.append(BOB, Role::Inbox, b"after");
    let before = sound::dump(&store);
    let (store, recovery) = store.reopen_after(|dir| std::fs::remove_dir_all(dir.join("index")).unwrap());
    assert_eq!(recovery.rebuilt.as_deref(), Some("it was missing"));
    assert!(sound::dump(&store) == before);
    sound::check(&store, &[ALICE, BOB]);
    // Without any snapshot the log does not reach back, and that is said.
    let (folder, options) = store.close();
    std::fs::remove_dir_all(folder.path().join("index")).unwrap();
    std::fs::remove_dir_all(folder.path().join("snapshot")).unwrap();
    let error = Store::open(folder.path(), &options).err().unwrap();
    assert!(error.to_string().contains("does not reach back to its beginning"), "{error}");
}
