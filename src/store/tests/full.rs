//! A full disk: commits fail with an error that becomes a temporary failure, nothing that was acknowledged is lost, and the
//! store goes on by itself when there is space again.

use super::*;
use mount::Mount;
use std::fs::File;

const DISK_BYTES: u64 = 48 << 20;

mod sled {
    #[test]
    fn a_full_disk() {
        super::mount::with_memory("full::sled::a_full_disk", super::DISK_BYTES, |disk| {
            super::a_full_disk(disk, super::Engine::Sled);
        });
    }
}
mod redb {
    #[test]
    fn a_full_disk() {
        super::mount::with_memory("full::redb::a_full_disk", super::DISK_BYTES, |disk| {
            super::a_full_disk(disk, super::Engine::Redb);
        });
    }
}

fn a_full_disk(disk: &Mount, engine: Engine) {
    let folder = TempDir::new_in(disk.dir.path()).unwrap();
    let store = Fixture::within(folder, options(engine));
    store.create_accounts();
    let mut kept = Vec::new();
    let ballast = disk.dir.path().join("ballast");

    // The store fills it.
    fill(&ballast, 12 << 20);
    deliver_until_full(&store, &mut kept);
    assert!(kept.len() > 50, "{}", kept.len());
    let commits = store.stats().unwrap().last_commit;
    for _ in 0..50 {
        assert!(matches!(deliver(&store, u64::MAX), Err(Error::DiskFull)));
    }
    assert_eq!(store.stats().unwrap().last_commit, commits);
    check(&store, &kept);
    std::fs::remove_file(&ballast).unwrap();
    for _ in 0..10 {
        kept.push((deliver(&store, kept.len() as u64).unwrap(), kept.len() as u64));
    }

    // Somebody else fills it, to the last byte.
    fill(&ballast, u64::MAX);
    deliver_until_full(&store, &mut kept);
    check(&store, &kept);
    std::fs::remove_file(&ballast).unwrap();
    kept.push((deliver(&store, kept.len() as u64).unwrap(), kept.len() as u64));

    let (store, recovery) = store.reopen();
    assert_eq!(recovery.rebuilt, None);
    check(&store, &kept);
    kept.push((deliver(&store, kept.len() as u64).unwrap(), kept.len() as u64));
    check(&store, &kept);
}

/// A file of so many bytes, or as many as there is space for.
fn fill(path: &Path, bytes: u64) {
    use std::io::{Write as _, copy, repeat};
    let mut file = File::create(path).unwrap();
    let copied = copy(&mut std::io::Read::take(repeat(1), bytes), &mut file);
    match copied {
        Ok(copied) => assert_eq!(copied, bytes),
        Err(error) => {
            assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
            // Byte by byte to the very end.
            while file.write_all(&[1]).is_ok() {}
        }
    }
}

fn deliver(store: &Fixture, number: u64) -> Result<u32, Error> {
    let text = noise(number, 50_000);
    Ok(wait(append(&store.store, ALICE, Role::Inbox, &text, Flags::default()))?.uid)
}

fn deliver_until_full(store: &Fixture, kept: &mut Vec<(u32, u64)>) {
    loop {
        let number = kept.len() as u64;
        match deliver(store, number) {
            Ok(uid) => kept.push((uid, number)),
            Err(Error::DiskFull) => return,
            Err(error) => panic!("{error}"),
        }
    }
}

fn check(store: &Fixture, kept: &[(u32, u64)]) {
    let inbox = store.mailbox_of(Role::Inbox);
    assert_eq!(inbox.exists as usize, kept.len());
    for &(uid, number) in kept {
        let message = store.message(ALICE, inbox.id, uid).unwrap().unwrap();
        assert_eq!(store.body(message.body).unwrap(), noise(number, 50_000));
    }
}
