//! Messages: UIDs, flags, mod-sequences, the change log, views, copying and moving, bodies.

use super::*;
use std::ops::ControlFlow;
use store::{FlagChange, body::NewBody};

on_both_engines!(
    uids_grow_and_are_never_given_twice,
    a_commit_is_one_change_of_an_account,
    flags_change_where_they_differ,
    unchanged_since_leaves_newer_messages_alone,
    keywords_have_bounds,
    the_history_tells_what_came_changed_and_went,
    a_history_cut_short_says_so,
    a_watch_wakes_at_each_change,
    views_follow_commits,
    copies_share_a_body,
    moving_keeps_all_but_uid_and_save_date,
    moving_within_a_mailbox_renumbers,
    equal_bodies_are_kept_once,
    a_body_is_read_in_part,
    a_body_without_reference_is_not_kept,
    many_writers_at_once,
    dropping_a_commit_does_not_take_it_back,
);

fn flags(bits: u8, keywords: &[&str]) -> Flags {
    Flags { system: bits, keywords: keywords.iter().map(|&keyword| keyword.to_owned()).collect() }
}

/// STORE on Alice's INBOX.
fn change(
    store: &Fixture,
    uids: UidSet,
    change: FlagChange,
    flags: Flags,
    unchanged_since: Option<u64>,
) -> store::message::FlagsChanged {
    store.run(move |tx| {
        let inbox = tx.mailbox_by_role(ALICE, Role::Inbox)?;
        tx.flags_change(ALICE, inbox.id, &uids, change, &flags, unchanged_since)
    })
}

fn expunge(store: &Fixture, uids: UidSet) -> UidSet {
    store.run(move |tx| {
        let inbox = tx.mailbox_by_role(ALICE, Role::Inbox)?;
        tx.expunge(ALICE, inbox.id, &uids, NOW)
    })
}

fn filled(engine: Engine, count: u32) -> Fixture {
    let store = Fixture::new(engine);
    for n in 1..=count {
        let appended = store.append(ALICE, Role::Inbox, &mail("Hello", &n.to_string(), ""));
        assert_eq!(appended.uid, n);
    }
    store
}

fn uids_grow_and_are_never_given_twice(engine: Engine) {
    let store = filled(engine, 3);
    assert_eq!(expunge(&store, uids([3, 7])), uids([3]));
    let (store, _) = store.reopen();
    let appended = store.append(ALICE, Role::Inbox, b"x");
    let inbox = store.mailbox_of(Role::Inbox);
    assert_eq!((appended.uid, inbox.uid_next, inbox.exists), (4, 5, 3));
    assert_eq!(appended.uid_validity, inbox.uid_validity);
    let message = store.message(ALICE, inbox.id, 1).unwrap().unwrap();
    assert_eq!(message.summary.envelope.subject.as_deref(), Some("Hello"));
    assert_eq!((message.received, message.trace), (NOW, TraceId(1)));
    assert_eq!(store.message(ALICE, inbox.id, 3).unwrap(), None);
}

fn a_commit_is_one_change_of_an_account(engine: Engine) {
    let store = filled(engine, 2);
    let before = store.modseq(ALICE).unwrap();
    let (body, message) = message(b"twice");
    let modseqs = wait(store.commit(vec![body], move |tx| {
        let (inbox, sent) = (tx.mailbox_by_role(ALICE, Role::Inbox)?, tx.mailbox_by_role(ALICE, Role::Sent)?);
        let first = tx.append(ALICE, inbox.id, &message)?.modseq;
        let second = tx.append(ALICE, sent.id, &message)?.modseq;
        let seen = Flags::system(Flags::SEEN);
        let third = tx.flags_change(ALICE, inbox.id, &uids([1]), FlagChange::Add, &seen, None)?.modseq;
        Ok::<_, Error>([first, second, third])
    }))
    .unwrap();
    assert_eq!(modseqs, [before + 1; 3]);
    assert_eq!(store.modseq(ALICE).unwrap(), before + 1);
    assert_eq!(store.mailbox_of(Role::Sent).highest_modseq, before + 1);
}

fn flags_change_where_they_differ(engine: Engine) {
    let store = filled(engine, 3);
    let inbox = store.mailbox_of(Role::Inbox);
    let done = change(&store, all(), FlagChange::Add, flags(Flags::SEEN, &["$Label1"]), None);
    assert_eq!((done.changed.len(), done.modseq), (3, inbox.highest_modseq + 1));
    // Nothing differs, so nothing changes and no mod-sequence is used.
    let done = change(&store, uids([2, 9]), FlagChange::Add, flags(Flags::SEEN, &["$LABEL1"]), None);
    assert_eq!((done.changed.len(), done.modseq), (0, inbox.highest_modseq + 1));
    let done = change(&store, uids([1, 2]), FlagChange::Remove, flags(0, &["$label1"]), None);
    assert_eq!(done.changed, [(1, flags(Flags::SEEN, &[])), (2, flags(Flags::SEEN, &[]))]);
    let done = change(&store, all(), FlagChange::Replace, flags(Flags::DELETED, &[]), None);
    assert_eq!(done.changed.len(), 3);
    let inbox = store.mailbox_of(Role::Inbox);
    assert_eq!((inbox.unseen, inbox.deleted), (3, 3));
    assert_eq!(store.flags(ALICE, inbox.id, 3).unwrap(), Some((flags(Flags::DELETED, &[]), done.modseq)));
    change(&store, uids([2]), FlagChange::Remove, flags(Flags::DELETED, &[]), None);
    let deleted = store.run(|tx| tx.deleted(ALICE, tx.mailbox_by_role(ALICE, Role::Inbox)?.id, &all()));
    assert_eq!(deleted, uids([1, 3]));
    sound::check(&store, &[ALICE, BOB]);
}

fn unchanged_since_leaves_newer_messages_alone(engine: Engine) {
    let store = filled(engine, 3);
    let since = store.modseq(ALICE).unwrap();
    change(&store, uids([2]), FlagChange::Add, flags(Flags::FLAGGED, &[]), None);
    let done = change(&store, all(), FlagChange::Add, flags(Flags::SEEN, &[]), Some(since));
    assert_eq!(done.conflicts, uids([2]));
    assert_eq!(done.changed.iter().map(|(uid, _)| *uid).collect::<Vec<_>>(), [1, 3]);
}

fn keywords_have_bounds(engine: Engine) {
    let store = filled(engine, 1);
    let many: Vec<_> = (0..=Flags::KEYWORDS_MAX).map(|n| format!("k{n}")).collect();
    let before = sound::dump(&store);
    for keywords in [vec!["k".repeat(Flags::KEYWORD_BYTES_MAX + 1)], many, vec![String::new()]] {
        let flags = Flags { system: 0, keywords };
        let refused = store.try_run(move |tx| {
            let inbox = tx.mailbox_by_role(ALICE, Role::Inbox)?;
            tx.flags_change(ALICE, inbox.id, &all(), FlagChange::Add, &flags, None).map(|_| ())
        });
        assert!(matches!(refused, Err(Error::Limit(_) | Error::Invalid(_))), "{refused:?}");
    }
    assert_eq!(sound::dump(&store), before);
}

fn the_history_tells_what_came_changed_and_went(engine: Engine) {
    let store = filled(engine, 4);
    let inbox = store.mailbox_of(Role::Inbox);
    let since = store.modseq(ALICE).unwrap();
    assert!(store.changes(ALICE, inbox.id, since).unwrap().unwrap().is_empty());
    change(&store, uids([1, 2]), FlagChange::Add, flags(Flags::SEEN, &[]), None);
    store.append(ALICE, Role::Inbox, b"five");
    store.append(ALICE, Role::Inbox, b"six");
    store.append(ALICE, Role::Sent, b"elsewhere");
    change(&store, uids([5]), FlagChange::Add, flags(Flags::FLAGGED, &[]), None);
    expunge(&store, uids([2, 6]));
    let told = store.changes(ALICE, inbox.id, since).unwrap().unwrap();
    assert_eq!((told.flags.clone(), told.appended.clone()), (uids([1]), uids([5])));
    assert_eq!((told.expunged.clone(), told.unseen.clone()), (uids([2, 6]), uids([5])));
    assert_eq!((told.mailbox, told.modseq), (false, store.modseq(ALICE).unwrap()));
    let (store, _) = store.reopen();
    assert_eq!(store.changes(ALICE, inbox.id, since).unwrap(), Some(told));
}

fn a_history_cut_short_says_so(engine: Engine) {
    let store = filled(engine, 2);
    let inbox = store.mailbox_of(Role::Inbox);
    let since = store.modseq(ALICE).unwrap();
    let rounds = store::change::HISTORY_ENTRIES_MAX + 300;
    wait(async {
        // They are not waited for one by one, so that they share their fdatasyncs.
        for round in 0..rounds {
            let change = if round % 2 == 0 { FlagChange::Add } else { FlagChange::Remove };
            let seen = Flags::system(Flags::SEEN);
            let work = move |tx: &mut Tx<'_>| tx.flags_change(ALICE, inbox.id, &uids([1]), change, &seen, None);
            submit(store.commit(Vec::new(), work)).await;
        }
        store.commit(Vec::new(), |_| Ok::<_, Error>(())).await.unwrap();
    });
    assert_eq!(store.modseq(ALICE).unwrap(), since + rounds);
    assert_eq!(store.changes(ALICE, inbox.id, since).unwrap(), None);
    let told = store.changes(ALICE, inbox.id, since + 600).unwrap().unwrap();
    assert_eq!(told.flags, uids([1]));
    assert_eq!(store.view(ALICE, inbox.id).unwrap().uids, uids([1, 2]));
}

fn a_watch_wakes_at_each_change(engine: Engine) {
    let store = Fixture::new(engine);
    let mut watch = store.watch(ALICE);
    assert_eq!(*watch.borrow_and_update(), store.modseq(ALICE).unwrap());
    store.append(BOB, Role::Inbox, b"not hers");
    assert!(!watch.has_changed().unwrap());
    let appended = store.append(ALICE, Role::Inbox, b"hers");
    assert_eq!(wait(async { watch.changed().await.map(|()| *watch.borrow()) }).unwrap(), appended.modseq);
}

fn views_follow_commits(engine: Engine) {
    let store = filled(engine, 5);
    let inbox = store.mailbox_of(Role::Inbox);
    let first = store.view(ALICE, inbox.id).unwrap();
    assert_eq!((first.uids.clone(), first.unseen.len()), (uids(1..=5), 5));
    change(&store, uids([2]), FlagChange::Add, flags(Flags::SEEN, &[]), None);
    expunge(&store, uids([1]));
    store.append_with(Role::Inbox, b"six", Flags::system(Flags::SEEN));
    let second = store.view(ALICE, inbox.id).unwrap();
    assert_eq!((second.uids.clone(), second.unseen.clone()), (uids(2..=6), uids(3..=5)));
    assert_eq!(first.uids, uids(1..=5), "a view in use does not change");
    let (store, _) = store.reopen();
    assert_eq!(store.view(ALICE, inbox.id).unwrap(), second);
    let junk = store.mailbox_of(Role::Junk);
    assert!(store.view(ALICE, junk.id).unwrap().uids.is_empty());
    store.run(|tx| tx.mailbox_delete(ALICE, "Junk"));
    assert!(matches!(store.view(ALICE, junk.id), Err(Error::NotFound(_))));
}

fn copies_share_a_body(engine: Engine) {
    let store = filled(engine, 2);
    let before = store.stats().unwrap().live_bytes;
    let pairs = store.run(|tx| {
        let (inbox, sent) = (tx.mailbox_by_role(ALICE, Role::Inbox)?, tx.mailbox_by_role(ALICE, Role::Sent)?);
        tx.copy(ALICE, inbox.id, &uids([2, 1, 8]), sent.id, NOW + 5)
    });
    assert_eq!(pairs, [(1, 1), (2, 2)]);
    let (inbox, sent) = (store.mailbox_of(Role::Inbox), store.mailbox_of(Role::Sent));
    let (one, other) = (store.message(ALICE, inbox.id, 2).unwrap().unwrap(), store.message(ALICE, sent.id, 2).unwrap());
    assert_eq!(store::Message { saved: NOW + 5, ..one.clone() }, other.unwrap());
    assert_eq!(store.stats().unwrap().live_bytes, before);
    let usage = store.usage(ALICE).unwrap();
    assert_eq!((usage.messages, usage.bytes), (4, 2 * inbox.size));
    assert_eq!(store.thread(ALICE, one.thread).unwrap().len(), 2);
    sound::check(&store, &[ALICE, BOB]);
}

fn moving_keeps_all_but_uid_and_save_date(engine: Engine) {
    let store = filled(engine, 3);
    change(&store, uids([2]), FlagChange::Add, flags(Flags::FLAGGED | Flags::SEEN, &["blue"]), None);
    let (inbox, trash) = (store.mailbox_of(Role::Inbox), store.mailbox_of(Role::Trash));
    let before = store.message(ALICE, inbox.id, 2).unwrap().unwrap();
    let pairs = store.run(move |tx| tx.move_messages(ALICE, inbox.id, &uids([2]), trash.id, NOW + 9));
    assert_eq!(pairs, [(2, 1)]);
    let after = store.message(ALICE, trash.id, 1).unwrap().unwrap();
    assert_eq!(after, store::Message { uid: 1, saved: NOW + 9, ..before });
    let (kept, modseq) = store.flags(ALICE, trash.id, 1).unwrap().unwrap();
    assert_eq!((kept, modseq), (flags(Flags::FLAGGED | Flags::SEEN, &["blue"]), store.modseq(ALICE).unwrap()));
    assert!(store.vault(ALICE, 9).unwrap().is_empty());
    assert_eq!(store.changes(ALICE, inbox.id, modseq - 1).unwrap().unwrap().expunged, uids([2]));
    assert_eq!(store.changes(ALICE, trash.id, modseq - 1).unwrap().unwrap().appended, uids([1]));
    sound::check(&store, &[ALICE, BOB]);
}

fn moving_within_a_mailbox_renumbers(engine: Engine) {
    let store = filled(engine, 3);
    let inbox = store.mailbox_of(Role::Inbox);
    let pairs = store.run(move |tx| tx.move_messages(ALICE, inbox.id, &uids([1]), inbox.id, NOW));
    assert_eq!(pairs, [(1, 4)]);
    let inbox = store.mailbox_of(Role::Inbox);
    assert_eq!((inbox.exists, inbox.uid_next), (3, 5));
    sound::check(&store, &[ALICE, BOB]);
}

fn equal_bodies_are_kept_once(engine: Engine) {
    let store = Fixture::new(engine);
    let text = noise(1, 50_000);
    store.append(ALICE, Role::Inbox, &text);
    let before = store.stats().unwrap();
    store.append(BOB, Role::Inbox, &text);
    let after = store.stats().unwrap();
    assert_eq!(after.live_bytes, before.live_bytes);
    assert!(after.log_bytes - before.log_bytes < 5_000);
    let (a, b) = (store.mailbox_of(Role::Inbox), store.mailbox_by_role(BOB, Role::Inbox).unwrap());
    let (a, b) = (store.message(ALICE, a.id, 1).unwrap().unwrap(), store.message(BOB, b.id, 1).unwrap().unwrap());
    assert_eq!(a.body.email_id(), b.body.email_id());
    expunge(&store, all());
    store.run(|tx| tx.vault_purge(i64::MAX, 10));
    assert_eq!(store.body(b.body).unwrap(), text);
    sound::check(&store, &[ALICE, BOB]);
}

fn a_body_is_read_in_part(engine: Engine) {
    let store = Fixture::new(engine);
    // Over several frames, some of which compress; one that is in one piece; none at all.
    let long = [noise(1, 200_000), vec![b'a'; 300_000], noise(2, 100_001)].concat();
    for text in [long.as_slice(), b"short", b""] {
        store.append(ALICE, Role::Inbox, text);
        let id = NewBody::new(text).id();
        assert_eq!(store.body(id).unwrap(), text);
        let length = text.len() as u64;
        for (start, end) in
            [(0, 1), (0, length), (131_071, 131_073), (length / 2, length), (length, length + 9), (9, 5)]
        {
            let (from, to) = (start.min(length) as usize, end.min(length) as usize);
            let wanted = text.get(from..to).unwrap_or_default();
            assert_eq!(store.body_range(id, start..end).unwrap(), wanted, "{start}..{end} of {length}");
        }
    }
    assert!(matches!(store.body(NewBody::new(b"never").id()), Err(Error::NotFound(_))));
}

fn a_body_without_reference_is_not_kept(engine: Engine) {
    let store = Fixture::new(engine);
    let (body, message) = message(b"nobody wants it");
    let id = body.id();
    let before = store.stats().unwrap().log_bytes;
    wait(store.commit(vec![body], |tx| tx.mailbox_create(ALICE, "x", None))).unwrap();
    assert!(store.stats().unwrap().log_bytes - before < 1_000);
    assert!(matches!(store.body(id), Err(Error::NotFound("message body"))));
    let refused = store.try_run(move |tx| {
        let inbox = tx.mailbox_by_role(ALICE, Role::Inbox)?;
        tx.append(ALICE, inbox.id, &message).map(|_| ())
    });
    assert!(matches!(refused, Err(Error::NotFound("message body"))));
}

fn many_writers_at_once(engine: Engine) {
    let store = Fixture::new(engine);
    let given: Vec<u32> = std::thread::scope(|scope| {
        let writer = |writer: u32| {
            let store = &store;
            move || (0..25).map(|n| store.append(ALICE, Role::Inbox, format!("{writer} {n}").as_bytes()).uid).collect()
        };
        let writers: Vec<_> = (0..16).map(|number| scope.spawn(writer(number))).collect();
        writers.into_iter().flat_map(|writer| -> Vec<u32> { writer.join().unwrap() }).collect()
    });
    assert_eq!(given.iter().copied().collect::<UidSet>(), uids(1..=400));
    assert_eq!(given.len(), 400);
    sound::check(&store, &[ALICE, BOB]);
}

fn dropping_a_commit_does_not_take_it_back(engine: Engine) {
    let store = Fixture::new(engine);
    wait(async {
        submit(append(&store, ALICE, Role::Inbox, b"unwaited", Flags::default())).await;
        // Commits are in order, so this one follows it.
        store.commit(Vec::new(), |tx| tx.mailbox_create(ALICE, "after", None)).await.unwrap();
    });
    let mut subjects = 0;
    let inbox = store.mailbox_of(Role::Inbox);
    let each = &mut |_| {
        subjects += 1;
        ControlFlow::Continue(())
    };
    store.messages(ALICE, inbox.id, &all(), each).unwrap();
    assert_eq!(subjects, 1);
}
