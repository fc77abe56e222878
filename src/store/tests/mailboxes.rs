//! Mailboxes: names, special use, UIDVALIDITY, renaming and deleting.

use super::*;

on_both_engines!(
    an_account_begins_with_its_special_mailboxes,
    names_used_again_are_other_mailboxes,
    renaming_keeps_all_but_the_name,
    renaming_inbox_moves_its_messages,
    a_deleted_mailbox_leaves_its_messages_in_the_vault,
    what_is_refused_changes_nothing,
    a_removed_account_leaves_nothing,
);

fn an_account_begins_with_its_special_mailboxes(engine: Engine) {
    let store = Fixture::new(engine);
    let names: Vec<_> = store.mailboxes(ALICE).unwrap().into_iter().map(|mailbox| mailbox.name).collect();
    assert_eq!(names, ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]);
    for (role, name) in Role::ALL {
        let mailbox = store.mailbox_of(role);
        assert_eq!((mailbox.name.as_str(), mailbox.role, mailbox.subscribed), (name, Some(role), true));
        assert_eq!((mailbox.uid_next, mailbox.exists), (1, 0));
    }
    assert_eq!(store.mailbox_by_name(ALICE, "inbox").unwrap().id, store.mailbox_of(Role::Inbox).id);
    assert!(matches!(store.try_run(|tx| tx.account_create(ALICE)), Err(Error::Exists("account"))));
    let (store, recovery) = store.reopen();
    assert_eq!(recovery.replayed, 0, "a clean stop leaves nothing to replay");
    assert_eq!(store.mailboxes(ALICE).unwrap().len(), 6);
}

fn names_used_again_are_other_mailboxes(engine: Engine) {
    let store = Fixture::new(engine);
    let first = store.run(|tx| tx.mailbox_create(ALICE, "a/b/c/", None));
    assert_eq!(first.name, "a/b/c");
    let parent = store.mailbox_by_name(ALICE, "a/b").unwrap();
    store.run(|tx| tx.mailbox_delete(ALICE, "a/b/c"));
    assert!(matches!(store.mailbox(ALICE, first.id), Err(Error::NotFound("mailbox"))));
    let second = store.run(|tx| tx.mailbox_create(ALICE, "a/b/c", None));
    assert!(second.uid_validity > first.uid_validity && second.id != first.id);
    assert_eq!(store.mailbox_by_name(ALICE, "a/b").unwrap(), parent);
}

fn renaming_keeps_all_but_the_name(engine: Engine) {
    let store = Fixture::new(engine);
    store.run(|tx| tx.mailbox_create(ALICE, "work/2025/x", None));
    store.run(|tx| tx.mailbox_create(ALICE, "workshop", None));
    let before = store.mailbox_by_name(ALICE, "work/2025").unwrap();
    store.run(|tx| tx.mailbox_rename(ALICE, "work", "old/jobs"));
    let after = store.mailbox_by_name(ALICE, "old/jobs/2025").unwrap();
    assert_eq!(Mailbox { name: before.name.clone(), ..after }, before);
    let names: Vec<_> = store.mailboxes(ALICE).unwrap().into_iter().map(|mailbox| mailbox.name).collect();
    assert_eq!(names[6..], ["old", "old/jobs", "old/jobs/2025", "old/jobs/2025/x", "workshop"].map(String::from)[..]);
    let changes = store.changes(ALICE, before.id, before.highest_modseq).unwrap().unwrap();
    assert!(changes.mailbox, "the history tells of it");
}

fn renaming_inbox_moves_its_messages(engine: Engine) {
    let store = Fixture::new(engine);
    store.run(|tx| tx.mailbox_create(ALICE, "INBOX/below", None));
    for id in ["1", "2", "3"] {
        store.append(ALICE, Role::Inbox, &mail("Hello", id, ""));
    }
    let inbox = store.mailbox_of(Role::Inbox);
    store.run(|tx| tx.mailbox_rename(ALICE, "Inbox", "2025"));
    let (moved, left) = (store.mailbox_by_name(ALICE, "2025").unwrap(), store.mailbox_of(Role::Inbox));
    assert_eq!((moved.exists, moved.role, left.exists), (3, None, 0));
    assert_eq!((left.id, left.uid_next, left.uid_validity), (inbox.id, 4, inbox.uid_validity));
    assert!(store.mailbox_by_name(ALICE, "INBOX/below").is_ok());
    sound::check(&store, &[ALICE, BOB]);
}

fn a_deleted_mailbox_leaves_its_messages_in_the_vault(engine: Engine) {
    let store = Fixture::new(engine);
    store.append(ALICE, Role::Archive, &mail("Kept", "1", ""));
    store.run(|tx| tx.mailbox_delete(ALICE, "Archive"));
    assert!(matches!(store.mailbox_by_role(ALICE, Role::Archive), Err(Error::NotFound("mailbox"))));
    let vault = store.vault(ALICE, 10).unwrap();
    assert_eq!((vault.len(), vault[0].mailbox.as_str()), (1, "Archive"));
    assert_eq!(store.usage(ALICE).unwrap().messages, 0);
    let again = store.run(|tx| tx.mailbox_create(ALICE, "Archive", Some(Role::Archive)));
    assert_eq!(again.exists, 0);
    sound::check(&store, &[ALICE, BOB]);
}

fn what_is_refused_changes_nothing(engine: Engine) {
    let store = Fixture::new(engine);
    store.run(|tx| tx.mailbox_create(ALICE, "a/b", None));
    let before = sound::dump(&store);
    let refused = |result: Result<(), Error>, wanted: &str| {
        let text = result.unwrap_err().to_string();
        assert!(text.contains(wanted), "{text}");
    };
    refused(store.try_run(|tx| tx.mailbox_create(ALICE, "a", None).map(|_| ())), "mailbox exists already");
    refused(store.try_run(|tx| tx.mailbox_create(ALICE, "z", Some(Role::Sent)).map(|_| ())), "special use");
    refused(store.try_run(|tx| tx.mailbox_create(ALICE, "a//c", None).map(|_| ())), "empty level");
    refused(store.try_run(|tx| tx.mailbox_create(AccountId(9), "a", None).map(|_| ())), "account does not exist");
    refused(store.try_run(|tx| tx.mailbox_rename(ALICE, "a", "a/b/c")), "inferior of itself");
    refused(store.try_run(|tx| tx.mailbox_rename(ALICE, "a", "Sent")), "mailbox exists already");
    refused(store.try_run(|tx| tx.mailbox_rename(ALICE, "q", "r")), "mailbox does not exist");
    refused(store.try_run(|tx| tx.mailbox_delete(ALICE, "a")), "inferiors");
    refused(store.try_run(|tx| tx.mailbox_delete(ALICE, "INBOX")), "INBOX");
    // The first half of a commit goes with the second.
    refused(
        store.try_run(|tx| {
            tx.mailbox_create(ALICE, "new", None)?;
            tx.mailbox_delete(ALICE, "missing")
        }),
        "mailbox does not exist",
    );
    assert_eq!(sound::dump(&store), before);
    let commits = store.stats().unwrap().last_commit;
    let (store, _) = store.reopen();
    assert_eq!(store.stats().unwrap().last_commit, commits);
    assert_eq!(sound::dump(&store), before);
}

fn a_removed_account_leaves_nothing(engine: Engine) {
    let store = Fixture::new(engine);
    let before = sound::dump(&store);
    store.run(|tx| tx.account_create(AccountId(3)));
    for n in 0..10 {
        store.append(AccountId(3), Role::Inbox, &mail(&format!("Re: {}", n / 2), &n.to_string(), ""));
    }
    store.run(|tx| {
        let inbox = tx.mailbox_by_role(AccountId(3), Role::Inbox)?;
        tx.expunge(AccountId(3), inbox.id, &uids(1..4), NOW)
    });
    let mut steps = 1;
    while !store.run(|tx| tx.account_remove_step(AccountId(3), 4)) {
        assert!(store.mailboxes(AccountId(3)).unwrap().is_empty(), "it is gone from the first step on");
        assert!(matches!(store.try_run(|tx| tx.account_create(AccountId(3))), Err(Error::Exists("account"))));
        steps += 1;
    }
    assert!(steps > 5);
    assert_eq!(sound::dump(&store), before);
    store.run(|tx| tx.account_create(AccountId(3)));
    store.run(|tx| tx.account_remove(AccountId(3)));
    assert_eq!(sound::dump(&store), before);
}
