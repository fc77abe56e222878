//! Scripts, and what running them remembers.

use super::*;

on_both_engines!(a_script_is_kept_whole, names_and_bounds, what_is_remembered_lapses, scripts_go_with_their_account);

fn a_script_is_kept_whole(engine: Engine) {
    let store = Fixture::new(engine);
    assert_eq!(store.script_running(ALICE).unwrap(), None);
    let large = "# a long one \u{fc}\r\n".repeat(6000);
    let text = large.clone();
    store.run(move |tx| {
        tx.script_put(ALICE, "large", &text, NOW)?;
        tx.script_put(ALICE, "small", "keep;\r\n", NOW + 1)?;
        tx.script_activate(ALICE, Some("large"))
    });
    let (store, _) = store.reopen();
    assert_eq!(store.script_text(ALICE, "large").unwrap().as_deref(), Some(large.as_str()));
    assert_eq!(store.script_running(ALICE).unwrap(), Some(("large".to_owned(), large)));
    store.run(|tx| {
        tx.script_put(ALICE, "large", "stop;\r\n", NOW + 2)?;
        tx.script_rename(ALICE, "large", "little")
    });
    assert_eq!(store.script_running(ALICE).unwrap(), Some(("little".to_owned(), "stop;\r\n".to_owned())));
    let listed: Vec<_> = store.scripts(ALICE).unwrap().into_iter().map(|s| (s.name, s.size, s.active)).collect();
    assert_eq!(listed, [("little".to_owned(), 7, true), ("small".to_owned(), 7, false)]);
    assert!(store.scripts(BOB).unwrap().is_empty());
    store.run(|tx| tx.script_activate(ALICE, None));
    store.run(|tx| tx.script_remove(ALICE, "little"));
    assert_eq!(store.script_text(ALICE, "little").unwrap(), None);
}

fn names_and_bounds(engine: Engine) {
    let store = Fixture::new(engine);
    store.run(|tx| {
        for name in ["", "a/b", "a\nb", &"x".repeat(600)] {
            assert!(matches!(tx.script_put(ALICE, name, "", NOW), Err(Error::Invalid(_))), "{name:?}");
        }
        let large = "x".repeat(store::script::SCRIPT_BYTES_MAX + 1);
        assert!(matches!(tx.script_put(ALICE, "a", &large, NOW), Err(Error::Limit(_))));
        for number in 0..store::script::SCRIPTS_MAX {
            tx.script_put(ALICE, &number.to_string(), "", NOW)?;
        }
        assert!(matches!(tx.script_put(ALICE, "one more", "", NOW), Err(Error::Limit(_))));
        tx.script_put(ALICE, "1", "keep;", NOW)?;
        tx.script_activate(ALICE, Some("1"))?;
        assert!(matches!(tx.script_remove(ALICE, "1"), Err(Error::Invalid(_))));
        assert!(matches!(tx.script_rename(ALICE, "1", "2"), Err(Error::Exists(_))));
        assert!(matches!(tx.script_activate(ALICE, Some("none")), Err(Error::NotFound(_))));
        assert!(matches!(tx.script_put(AccountId(99), "1", "", NOW), Err(Error::NotFound(_))));
        Ok(())
    });
}

fn what_is_remembered_lapses(engine: Engine) {
    let store = Fixture::new(engine);
    let (one, two) = ([1; 16], [2; 16]);
    store.run(move |tx| {
        tx.remember(ALICE, one, NOW + 100, NOW)?;
        assert!(tx.remembered(ALICE, one, NOW)?);
        tx.remember(ALICE, one, NOW + 200, NOW)
    });
    let (store, _) = store.reopen();
    assert!(store.remembered(ALICE, one, NOW + 199).unwrap());
    assert!(!store.remembered(ALICE, one, NOW + 200).unwrap());
    assert!(!store.remembered(BOB, one, NOW).unwrap() && !store.remembered(ALICE, two, NOW).unwrap());
    // A new memory lets go of what has lapsed.
    store.run(move |tx| tx.remember(ALICE, two, NOW + 900, NOW + 500));
    assert!(!store.remembered(ALICE, one, NOW).unwrap());
    assert!(store.remembered(ALICE, two, NOW + 600).unwrap());
}

fn scripts_go_with_their_account(engine: Engine) {
    let store = Fixture::new(engine);
    store.run(|tx| {
        tx.script_put(ALICE, "a", "keep;", NOW)?;
        tx.script_activate(ALICE, Some("a"))?;
        tx.remember(ALICE, [1; 16], i64::MAX, NOW)?;
        tx.account_remove(ALICE)?;
        tx.account_create(ALICE)
    });
    assert!(store.scripts(ALICE).unwrap().is_empty());
    assert_eq!(store.script_running(ALICE).unwrap(), None);
    assert!(!store.remembered(ALICE, [1; 16], NOW).unwrap());
}
