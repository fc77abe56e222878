//! The index is derived: whatever happens to its folder, the log makes it anew, equal to what it was.

use super::*;
use std::{fs, path::PathBuf};

on_both_engines!(
    a_deleted_index_is_rebuilt,
    a_corrupted_index_is_rebuilt,
    damage_found_while_running_is_healed_by_the_next_start,
    junk_of_the_engine_does_no_harm,
    an_index_that_lags_is_brought_up_to_date,
    an_index_ahead_of_the_log_is_rebuilt,
    an_index_of_another_store_is_rebuilt,
    the_engine_can_be_changed,
);

fn filled(engine: Engine) -> Fixture {
    let store = Fixture::new(engine);
    for n in 0..40 {
        store.append(ALICE, Role::Inbox, &mail(&format!("Re: {}", n % 7), &n.to_string(), ""));
    }
    store
}

/// The folder of the engine.
fn folder(dir: &Path, engine: Engine) -> PathBuf {
    dir.join(if engine == Engine::Sled { "index/sled" } else { "index/redb" })
}

fn file(dir: &Path, engine: Engine) -> PathBuf {
    folder(dir, engine).join(if engine == Engine::Sled { "db" } else { "db.redb" })
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (entry, to) = (entry.as_ref().unwrap(), to.join(entry.as_ref().unwrap().file_name()));
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn set_aside(dir: &Path) -> usize {
    fs::read_dir(dir)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("index.damaged-"))
        .count()
}

fn a_deleted_index_is_rebuilt(engine: Engine) {
    let store = filled(engine);
    let (before, commits) = (sound::dump(&store), store.stats().unwrap().last_commit);
    let (store, recovery) = store.reopen_after(|dir| fs::remove_dir_all(dir.join("index")).unwrap());
    assert_eq!((recovery.replayed, recovery.rebuilt.as_deref()), (commits, Some("it was missing")));
    assert!(sound::dump(&store) == before);
    sound::check(&store, &[ALICE, BOB]);
    let (_, recovery) = store.reopen();
    assert_eq!((recovery.replayed, recovery.rebuilt), (0, None));
}

fn a_corrupted_index_is_rebuilt(engine: Engine) {
    let mut store = filled(engine);
    let before = sound::dump(&store);
    let damages: [fn(&Path, Engine); 4] = [
        |dir, engine| {
            let length = fs::metadata(file(dir, engine)).unwrap().len() as usize;
            fs::write(file(dir, engine), noise(1, length)).unwrap();
            fs::read_dir(folder(dir, engine)).unwrap().for_each(|entry| {
                let path = entry.unwrap().path();
                if path.is_file() {
                    fs::write(path, noise(2, 3000)).unwrap();
                }
            });
        },
        |dir, engine| fs::write(file(dir, engine), b"").unwrap(),
        |dir, engine| {
            fs::remove_dir_all(folder(dir, engine)).unwrap();
            fs::write(folder(dir, engine), b"not even a folder").unwrap();
        },
        |dir, engine| {
            fs::remove_file(file(dir, engine)).unwrap();
        },
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let (damaged, recovery) = store.reopen_after(|dir| damage(dir, engine));
        assert!(recovery.rebuilt.is_some(), "{number}: {recovery:?}");
        assert!(sound::dump(&damaged) == before, "{number}");
        assert_eq!(set_aside(damaged.path()), number + 1, "what was damaged is kept");
        store = damaged;
    }
    sound::check(&store, &[ALICE, BOB]);
}

/// Hits of a few bytes, which an engine may see when it opens, or when it reads, or not at all.
fn damage_found_while_running_is_healed_by_the_next_start(engine: Engine) {
    let mut store = filled(engine);
    let before = sound::dump(&store);
    for hit in 0..8u64 {
        let (damaged, _) = store.reopen_after(|dir| {
            let mut bytes = fs::read(file(dir, engine)).unwrap();
            let at = bytes.len() / 8 * hit as usize;
            let length = (bytes.len() - at).min(300);
            bytes[at..at + length].copy_from_slice(&noise(hit, length));
            fs::write(file(dir, engine), bytes).unwrap();
        });
        // Reads everything, and so does whatever it can to find the damage.
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| sound::dump(&damaged)));
        let (healed, recovery) = damaged.reopen();
        if seen.is_err() {
            assert!(recovery.rebuilt.is_some(), "{hit}");
        }
        assert!(sound::dump(&healed) == before, "{hit}");
        store = healed;
    }
}

fn junk_of_the_engine_does_no_harm(engine: Engine) {
    let store = filled(engine);
    let before = sound::dump(&store);
    let (store, _) = store.reopen_after(|dir| {
        for name in ["snap.FFFFFFFFFFFFFFFF.generating", "snap.0000000000000001.generating", "snap.", "junk"] {
            fs::write(folder(dir, engine).join(name), noise(9, 500)).unwrap();
        }
    });
    assert!(sound::dump(&store) == before);
    let (store, recovery) = store.reopen();
    assert_eq!(recovery.rebuilt, None);
    assert!(sound::dump(&store) == before);
}

fn an_index_that_lags_is_brought_up_to_date(engine: Engine) {
    let old = TempDir::new().unwrap();
    let (store, _) = filled(engine).reopen_after(|dir| copy(&dir.join("index"), old.path()));
    for n in 0..15 {
        store.append(BOB, Role::Inbox, format!("later {n}").as_bytes());
    }
    let before = sound::dump(&store);
    let (store, recovery) = store.reopen_after(|dir| {
        fs::remove_dir_all(dir.join("index")).unwrap();
        copy(old.path(), &dir.join("index"));
    });
    assert_eq!((recovery.replayed, recovery.rebuilt), (15, None));
    assert!(sound::dump(&store) == before);
}

fn an_index_ahead_of_the_log_is_rebuilt(engine: Engine) {
    let old = TempDir::new().unwrap();
    let store = filled(engine);
    let before = sound::dump(&store);
    let (store, _) = store.reopen_after(|dir| copy(&dir.join("log"), old.path()));
    store.append(BOB, Role::Inbox, b"of a log that somebody put back");
    let (store, recovery) = store.reopen_after(|dir| {
        fs::remove_dir_all(dir.join("log")).unwrap();
        copy(old.path(), &dir.join("log"));
    });
    let reason = recovery.rebuilt.unwrap();
    assert!(reason.starts_with("it has commit 42, the log ends at 41"), "{reason}");
    assert!(sound::dump(&store) == before);
}

fn an_index_of_another_store_is_rebuilt(engine: Engine) {
    let (other, _) = filled(engine).close();
    let store = filled(engine);
    let before = sound::dump(&store);
    let (store, recovery) = store.reopen_after(|dir| {
        fs::remove_dir_all(dir.join("index")).unwrap();
        copy(&other.path().join("index"), &dir.join("index"));
    });
    let reason = recovery.rebuilt.unwrap();
    assert!(reason.starts_with("it belongs to another store"), "{reason}");
    assert!(sound::dump(&store) == before);
}

fn the_engine_can_be_changed(engine: Engine) {
    let store = filled(engine);
    let before = sound::dump(&store);
    let (folder, options) = store.close();
    let other = if engine == Engine::Sled { Engine::Redb } else { Engine::Sled };
    let (changed, _) = Store::open(folder.path(), &Options { engine: other, ..options.clone() }).unwrap();
    assert!(sound::dump(&changed) == before);
    wait(append(&changed, ALICE, Role::Inbox, b"under the other", Flags::default())).unwrap();
    let after = sound::dump(&changed);
    wait(changed.close());
    let (back, recovery) = Store::open(folder.path(), &options).unwrap();
    assert_eq!((recovery.replayed, recovery.rebuilt), (1, None));
    assert!(sound::dump(&back) == after);
}
