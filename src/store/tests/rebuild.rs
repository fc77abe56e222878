//! Whatever was done to a store: opened again, rebuilt, under the other engine and from a backup it is what it was.

use super::*;
use proptest::test_runner::{Config, TestRunner};

on_both_engines!(rebuilding_equals_the_original, rebuilding_tells_how_far_it_is);

const CASES: u32 = 10;

fn rebuilding_equals_the_original(engine: Engine) {
    let config = Config { cases: CASES, failure_persistence: None, max_shrink_time: 60_000, ..Config::default() };
    let checked = TestRunner::new(config).run(&random::operations(), |operations| {
        let store = Fixture::with(Options { segment_bytes: 32 << 10, ..options(engine) });
        store.create_accounts();
        for (number, (account, operation)) in operations.iter().enumerate() {
            random::run(&store, *account, operation, number as u32);
        }
        let before = sound::dump(&store);
        let backup = TempDir::new().unwrap();
        store.backup(backup.path(), &mut |_| {}).unwrap();

        let (store, recovery) = store.reopen();
        assert_eq!(recovery.replayed, 0);
        assert!(sound::dump(&store) == before, "opened again");

        let (store, _) = store.reopen_after(|dir| std::fs::remove_dir_all(dir.join("index")).unwrap());
        assert!(sound::dump(&store) == before, "without its index");

        let rebuild_options = store.options.clone();
        let (store, _) = store.reopen_after(|dir| {
            Store::rebuild(dir, &rebuild_options, &mut |_| {}).unwrap();
        });
        assert!(sound::dump(&store) == before, "rebuilt");
        // What is left of an account that is being removed belongs to nobody whom the check could ask.
        random::finish(&store);
        sound::check(&store, &[ALICE, BOB, AccountId(3)]);

        let other = if engine == Engine::Sled { Engine::Redb } else { Engine::Sled };
        let (copy, _) = Store::open(backup.path(), &options(other)).unwrap();
        assert!(sound::dump(&copy) == before, "from a backup, under the other engine");
        Ok(())
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
}

fn rebuilding_tells_how_far_it_is(engine: Engine) {
    let missing = TempDir::new().unwrap();
    assert!(matches!(Store::rebuild(missing.path(), &options(engine), &mut |_| {}), Err(Error::NotFound("store"))));
    let store = Fixture::new(engine);
    for n in 0..30u32 {
        store.append(ALICE, Role::Inbox, &n.to_le_bytes());
    }
    let before = sound::dump(&store);
    let (folder, options) = store.close();
    let mut told = Vec::new();
    let recovery = Store::rebuild(folder.path(), &options, &mut |progress| told.push(progress)).unwrap();
    assert_eq!(recovery.replayed, 31);
    assert!(recovery.rebuilt.unwrap().contains("it was set aside as"));
    assert_eq!(told.last().map(|progress| (progress.done, progress.total)), Some((31, 31)));
    let (store, recovery) = Store::open(folder.path(), &options).unwrap();
    assert_eq!((recovery.replayed, recovery.rebuilt), (0, None));
    assert!(sound::dump(&store) == before);
}
