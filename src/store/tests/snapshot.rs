//! Snapshots bound what a rebuild replays.

use super::*;
use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
};

on_both_engines!(
    a_rebuild_begins_at_the_snapshot,
    a_damaged_snapshot_is_passed_over,
    a_snapshot_is_made_when_enough_was_committed,
    snapshots_are_exact_while_commits_go_on,
    a_backup_opens_as_a_store,
);

fn deliver(store: &Fixture, count: u32) {
    for n in 0..count {
        store.append(ALICE, Role::Inbox, format!("Subject: {n}\r\n\r\n{}", store.stats().unwrap().commits).as_bytes());
    }
}

fn snapshots(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found: Vec<_> = fs::read_dir(dir.join("snapshot"))
        .map(|dir| dir.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default();
    found.sort();
    found
}

fn drop_index(dir: &Path) {
    fs::remove_dir_all(dir.join("index")).unwrap();
}

fn a_rebuild_begins_at_the_snapshot(engine: Engine) {
    let store = Fixture::new(engine);
    deliver(&store, 20);
    // The index follows behind the commits; a snapshot is of what it has.
    let (store, _) = store.reopen();
    store.snapshot().unwrap();
    deliver(&store, 7);
    let before = sound::dump(&store);
    let (store, recovery) = store.reopen_after(drop_index);
    assert_eq!((recovery.replayed, recovery.rebuilt.as_deref()), (7, Some("it was missing")));
    assert!(sound::dump(&store) == before);
    sound::check(&store, &[ALICE, BOB]);
}

fn a_damaged_snapshot_is_passed_over(engine: Engine) {
    let mut store = Fixture::new(engine);
    for _ in 0..3 {
        deliver(&store, 5);
        store = store.reopen().0;
        store.snapshot().unwrap();
    }
    deliver(&store, 2);
    let before = sound::dump(&store);
    assert_eq!(snapshots(store.path()).len(), 2, "older ones are gone");
    let damage = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    let (store, recovery) = store.reopen_after(|dir| {
        drop_index(dir);
        damage(&snapshots(dir)[1]);
    });
    assert_eq!(recovery.replayed, 7, "from the older one");
    assert!(sound::dump(&store) == before);
    let (store, recovery) = store.reopen_after(|dir| {
        drop_index(dir);
        damage(&snapshots(dir)[0]);
        fs::write(dir.join("snapshot/00000000000000099999.snap"), b"junk").unwrap();
        fs::write(dir.join("snapshot/00000000000000000001.tmp"), b"junk").unwrap();
    });
    assert_eq!(recovery.replayed, 18, "from the beginning");
    assert!(sound::dump(&store) == before);
}

fn a_snapshot_is_made_when_enough_was_committed(engine: Engine) {
    let store = Fixture::with(Options { snapshot_after_bytes: 20_000, ..options(engine) });
    store.create_accounts();
    while snapshots(store.path()).iter().all(|path| path.extension().is_none_or(|extension| extension != "snap")) {
        deliver(&store, 1);
    }
    let before = sound::dump(&store);
    let (store, recovery) = store.reopen_after(drop_index);
    assert!(recovery.replayed < store.stats().unwrap().last_commit);
    assert!(sound::dump(&store) == before);
}

fn snapshots_are_exact_while_commits_go_on(engine: Engine) {
    let store = Fixture::new(engine);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for account in [ALICE, BOB] {
            let (store, done) = (&store, &done);
            scope.spawn(move || {
                for n in 0u32.. {
                    store.append(account, Role::Inbox, format!("Subject: {n}\r\n\r\n{n}").as_bytes());
                    store.run(move |tx| {
                        let inbox = tx.mailbox_by_role(account, Role::Inbox)?;
                        tx.expunge(account, inbox.id, &uids([n / 2]), NOW)
                    });
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                }
            });
        }
        for _ in 0..4 {
            store.snapshot().unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    let before = sound::dump(&store);
    let (store, recovery) = store.reopen_after(drop_index);
    assert!(recovery.replayed < store.stats().unwrap().last_commit);
    assert!(sound::dump(&store) == before);
    sound::check(&store, &[ALICE, BOB]);
}

fn a_backup_opens_as_a_store(engine: Engine) {
    let store = Fixture::with(Options { segment_bytes: 64 << 10, ..options(engine) });
    store.create_accounts();
    for seed in 0..40 {
        store.append(ALICE, Role::Inbox, &noise(seed, 5_000));
    }
    store.snapshot().unwrap();
    deliver(&store, 3);
    let before = sound::dump(&store);
    let folder = TempDir::new().unwrap();
    let mut last = None;
    store.backup(folder.path(), &mut |progress| last = Some(progress)).unwrap();
    let last = last.unwrap();
    assert_eq!(last.done, last.total);
    deliver(&store, 3);
    let refused = store.backup(folder.path(), &mut |_| {});
    assert!(matches!(refused, Err(Error::Exists(_))));
    let (copy, _) = Store::open(folder.path(), &store.options).unwrap();
    assert!(sound::dump(&copy) == before);
    sound::check(&copy, &[ALICE, BOB]);
    // The copy goes its own way, and the store does not notice.
    wait(append(&copy, BOB, Role::Inbox, b"only there", Flags::default())).unwrap();
    wait(copy.close());
    sound::check(&store, &[ALICE, BOB]);
}
