//! Expunged messages: restoring them, and letting go of them in time.

use super::*;
use store::{
    Expired, ThreadId,
    trace::{Step, TraceEvent},
};

on_both_engines!(
    an_expunged_message_comes_back_as_it_was,
    it_comes_back_to_inbox_when_its_mailbox_is_gone,
    what_is_not_there_cannot_be_restored,
    the_newest_is_told_first,
    expired_messages_and_traces_go,
    maintenance_ends_with_the_store,
);

const DAY: i64 = 24 * 3600 * 1000;

fn expunge(store: &Fixture, role: Role, set: UidSet, at: i64) {
    store.run(move |tx| {
        let mailbox = tx.mailbox_by_role(ALICE, role)?;
        tx.expunge(ALICE, mailbox.id, &set, at)
    });
}

fn an_expunged_message_comes_back_as_it_was(engine: Engine) {
    let store = Fixture::new(engine);
    let text = mail("Kept", "1", "");
    let flags =
        Flags { system: Flags::SEEN | Flags::DELETED | Flags::FLAGGED, keywords: vec!["blue".into(), "Red".into()] };
    let first = store.append_with(Role::Archive, &text, flags);
    store.append(ALICE, Role::Inbox, &mail("Re: Kept", "2", "In-Reply-To: <1@example.test>\r\n"));
    let archive = store.mailbox_of(Role::Archive).id;
    let before = store.message(ALICE, archive, 1).unwrap().unwrap();
    expunge(&store, Role::Archive, all(), NOW + 7);
    assert_eq!(store.message(ALICE, archive, 1).unwrap(), None);
    let (store, _) = store.reopen();
    let entry = store.vault(ALICE, 10).unwrap().remove(0);
    assert_eq!((entry.expunged, entry.mailbox.as_str(), &entry.message), (NOW + 7, "Archive", &before));
    assert_eq!(store.body(before.body).unwrap(), text, "its body stays");
    sound::check(&store, &[ALICE, BOB]);
    let number = entry.number;
    let restored = store.run(move |tx| tx.vault_restore(ALICE, number, NOW + 9));
    assert_eq!((restored.uid, restored.thread), (2, first.thread));
    let after = store.message(ALICE, archive, 2).unwrap().unwrap();
    assert_eq!(after, store::Message { uid: 2, saved: NOW + 9, ..before });
    let (kept, _) = store.flags(ALICE, archive, 2).unwrap().unwrap();
    assert_eq!((kept.system, kept.keywords.len()), (Flags::SEEN | Flags::FLAGGED, 2));
    assert!(store.vault(ALICE, 10).unwrap().is_empty());
    sound::check(&store, &[ALICE, BOB]);
}

fn it_comes_back_to_inbox_when_its_mailbox_is_gone(engine: Engine) {
    let store = Fixture::new(engine);
    store.append(ALICE, Role::Junk, &mail("Wanted", "1", ""));
    store.run(|tx| tx.mailbox_delete(ALICE, "Junk"));
    let number = store.vault(ALICE, 1).unwrap()[0].number;
    let restored = store.run(move |tx| tx.vault_restore(ALICE, number, NOW));
    let message = store.message(ALICE, store.mailbox_of(Role::Inbox).id, restored.uid).unwrap().unwrap();
    assert_eq!(message.summary.envelope.subject.as_deref(), Some("Wanted"));
    assert_ne!(message.thread, ThreadId(0));
    sound::check(&store, &[ALICE, BOB]);
}

fn what_is_not_there_cannot_be_restored(engine: Engine) {
    let store = Fixture::new(engine);
    store.append(ALICE, Role::Inbox, b"x");
    expunge(&store, Role::Inbox, all(), NOW);
    let number = store.vault(ALICE, 1).unwrap()[0].number;
    for (account, number) in [(ALICE, number + 1), (BOB, number)] {
        let refused = store.try_run(move |tx| tx.vault_restore(account, number, NOW));
        assert!(matches!(refused, Err(Error::NotFound("expunged message"))), "{refused:?}");
    }
    assert_eq!(store.vault(ALICE, 1).unwrap().len(), 1);
}

fn the_newest_is_told_first(engine: Engine) {
    let store = Fixture::new(engine);
    for n in 1..=5u32 {
        store.append(ALICE, Role::Inbox, &[b'a' + n as u8]);
        expunge(&store, Role::Inbox, uids([n]), NOW + i64::from(n));
    }
    let told: Vec<_> = store.vault(ALICE, 3).unwrap().iter().map(|entry| entry.expunged - NOW).collect();
    assert_eq!(told, [5, 4, 3]);
}

fn expired_messages_and_traces_go(engine: Engine) {
    let store = Fixture::new(engine);
    for n in 0..40u32 {
        store.append(ALICE, Role::Inbox, format!("message {n}").as_bytes());
    }
    for n in 0..40u32 {
        expunge(&store, Role::Inbox, uids([n + 1]), NOW + i64::from(n) * DAY);
        let at = NOW + i64::from(n) * DAY;
        let event = TraceEvent {
            at,
            step: Step::Delivered,
            reverse_path: String::new(),
            recipients: Vec::new(),
            detail: String::new(),
        };
        let id = TraceId::new(at);
        store.run(move |tx| {
            tx.trace(id, &event);
            tx.trace(id, &event);
            tx.trace(id, &TraceEvent { step: Step::Queued, ..event.clone() });
            Ok(())
        });
    }
    let live = store.stats().unwrap().live_bytes;
    let expired = wait(store.expire(NOW + 10 * DAY)).unwrap();
    assert_eq!(expired, Expired { messages: 10, traces: 20 });
    assert_eq!(wait(store.expire(NOW + 10 * DAY)).unwrap(), Expired::default());
    let vault = store.vault(ALICE, 100).unwrap();
    assert_eq!((vault.len(), vault.last().unwrap().expunged), (30, NOW + 10 * DAY));
    assert_eq!(store.traces(100).unwrap().len(), 60);
    assert!(store.stats().unwrap().live_bytes < live);
    sound::check(&store, &[ALICE, BOB]);
    wait(store.expire(i64::MAX)).unwrap();
    assert_eq!((store.vault(ALICE, 100).unwrap().len(), store.stats().unwrap().live_bytes), (0, 0));
}

fn maintenance_ends_with_the_store(engine: Engine) {
    let store = Fixture::new(engine);
    store.append(ALICE, Role::Inbox, b"old");
    expunge(&store, Role::Inbox, all(), 0);
    let mut watch = store.watch(ALICE);
    wait(async {
        let maintained = store.store.clone();
        let maintain = tokio::spawn(async move { maintained.maintain(30).await });
        while !store.vault(ALICE, 1).unwrap().is_empty() {
            // Expiry changes nothing that a session sees, so it wakes nobody: ask with a commit of our own, which lets it run.
            store.commit(Vec::new(), |_| Ok::<_, Error>(())).await.unwrap();
            assert!(!watch.has_changed().unwrap());
        }
        maintain.abort();
        assert!(maintain.await.unwrap_err().is_cancelled());
        watch.mark_unchanged();
        store.store.close().await;
        // Of a closed store there is nothing to maintain.
        store.maintain(30).await;
    });
}
