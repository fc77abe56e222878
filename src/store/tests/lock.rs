//! Two processes never hold one store.

use super::*;
use std::process::{Command, Stdio};

on_both_engines!(
    a_second_process_is_told_who_holds_the_store,
    a_lock_left_behind_does_not_lock,
    a_newer_store_is_refused
);

/// Another process that tries to open the store; what it says.
#[test]
#[ignore = "the other process of the tests in this file"]
fn other_process() {
    let Some((dir, options)) = kill::child_of("lock") else { return };
    match Store::open(&dir, &options) {
        Ok(_) => println!("\nopened"),
        Err(error) => println!("\nrefused: {error}"),
    }
}

fn open_elsewhere(store: &Path, engine: Engine) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = kill::as_child(&mut command, "lock::other_process", "lock", store, engine).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn a_second_process_is_told_who_holds_the_store(engine: Engine) {
    let store = Fixture::new(engine);
    let refused = format!("refused: the store in {} is held by process {}", store.path().display(), std::process::id());
    let said = open_elsewhere(store.path(), engine);
    assert!(said.lines().any(|line| line == refused), "{said}");
    // In this process too, and without harm to the holder.
    match Store::open(store.path(), &store.options) {
        Err(Error::Locked { holder, .. }) => assert_eq!(holder, std::process::id().to_string()),
        other => panic!("{:?}", other.map(|(_, recovery)| recovery)),
    }
    let rebuilt = Store::rebuild(store.path(), &store.options, &mut |_| {});
    assert!(matches!(rebuilt, Err(Error::Locked { .. })));
    store.append(ALICE, Role::Inbox, b"goes on");
    let (folder, _) = store.close();
    let said = open_elsewhere(folder.path(), engine);
    assert!(said.lines().any(|line| line == "opened"), "{said}");
}

fn a_lock_left_behind_does_not_lock(engine: Engine) {
    // The process of this number has ended for sure: it was waited for.
    let mut ended = Command::new("true").stdout(Stdio::null()).spawn().unwrap();
    ended.wait().unwrap();
    let (store, _) = Fixture::new(engine)
        .reopen_after(|folder| std::fs::write(folder.join("lock"), format!("{} left behind", ended.id())).unwrap());
    assert_eq!(std::fs::read_to_string(store.path().join("lock")).unwrap(), std::process::id().to_string());
}

fn a_newer_store_is_refused(engine: Engine) {
    let (folder, options) = Fixture::new(engine).close();
    let path = folder.path().join("format");
    let format = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format.replacen("store 1", "store 2", 1)).unwrap();
    let refused = Store::open(folder.path(), &options).err().unwrap();
    assert!(matches!(refused, Error::TooNew { found: 2, known: 1 }), "{refused}");
    std::fs::write(&path, "nonsense").unwrap();
    assert!(matches!(Store::open(folder.path(), &options), Err(Error::Damaged(_))));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(Store::open(folder.path(), &options), Err(Error::Damaged(_))), "a log without its format");
    std::fs::write(&path, format).unwrap();
    assert!(Store::open(folder.path(), &options).is_ok());
}
