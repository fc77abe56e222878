//! The outbound queue and trace events.

use super::*;
use mail::address::{Address, ReversePath};
use store::{
    BodyId, SpoolId,
    spool::SpoolEntry,
    trace::{Step, TraceEvent},
};

on_both_engines!(
    entries_are_due_in_order_of_time,
    held_entries_are_not_due,
    watchers_wake_when_something_is_due_earlier,
    ids_are_never_given_twice,
    entries_of_a_message_share_its_body,
    one_commit_delivers_and_queues,
    long_replies_are_cut,
    traces_are_found_by_message_and_by_age,
    large_trace_events_become_several,
    records_and_counters,
);

fn entry(body: BodyId, recipient: &str, next_attempt: i64) -> SpoolEntry {
    let address = |text: &str| text.parse::<Address>().unwrap();
    SpoolEntry {
        id: SpoolId(0),
        body,
        size: 4,
        reverse_path: ReversePath(Some(address("alice@example.test"))),
        recipient: address(recipient),
        original_recipient: None,
        account: Some(ALICE),
        utf8: false,
        eight_bit: true,
        trace: TraceId(77),
        created: NOW,
        next_attempt,
        attempts: 0,
        held: false,
        warned: false,
        last_reply: None,
        last_host: None,
        terms: store::Terms::default(),
    }
}

/// Puts entries of one message, due at these times.
fn put(store: &Fixture, text: &[u8], due: &'static [i64]) -> Vec<SpoolId> {
    let body = NewBody::new(text);
    let id = body.id();
    let work = move |tx: &mut Tx<'_>| {
        due.iter().map(|&at| tx.spool_put(entry(id, &format!("r{at}@remote.test"), at))).collect::<Result<_, Error>>()
    };
    wait(store.commit(vec![body], work)).unwrap()
}

fn update(store: &Fixture, id: SpoolId, mut change: impl FnMut(&mut SpoolEntry) + Send + 'static) {
    store.run(move |tx| {
        let mut entry = tx.spool_entry(id)?.ok_or(Error::NotFound("queue entry"))?;
        change(&mut entry);
        tx.spool_update(&entry)
    });
}

fn due(store: &Fixture, now: i64) -> Vec<i64> {
    store.spool_due(now, 100).unwrap().iter().map(|entry| entry.next_attempt).collect()
}

fn entries_are_due_in_order_of_time(engine: Engine) {
    let store = Fixture::new(engine);
    assert_eq!((store.spool_next().unwrap(), store.spool_len()), (None, 0));
    let ids = put(&store, b"text", &[30, -10, 20, 10]);
    assert_eq!((store.spool_next().unwrap(), store.spool_len()), (Some(-10), 4));
    assert_eq!(due(&store, 20), [-10, 10, 20]);
    assert_eq!(due(&store, -11), []);
    assert_eq!(store.spool_due(i64::MAX, 2).unwrap().len(), 2);
    update(&store, ids[1], |entry| {
        entry.next_attempt = 25;
        entry.attempts = 1;
    });
    assert_eq!(due(&store, 100), [10, 20, 25, 30]);
    let listed: Vec<_> = store.spool_list(ids[0], 2).unwrap().iter().map(|entry| entry.id).collect();
    assert_eq!(listed, ids[1..3]);
    let (store, _) = store.reopen();
    assert_eq!(due(&store, 100), [10, 20, 25, 30]);
    assert_eq!(store.spool_entry(ids[1]).unwrap().unwrap().attempts, 1);
    sound::check(&store, &[ALICE, BOB]);
}

fn held_entries_are_not_due(engine: Engine) {
    let store = Fixture::new(engine);
    let ids = put(&store, b"text", &[10, 20]);
    update(&store, ids[0], |entry| entry.held = true);
    assert_eq!((due(&store, 100), store.spool_next().unwrap(), store.spool_len()), (vec![20], Some(20), 2));
    update(&store, ids[0], |entry| entry.next_attempt = 5);
    assert_eq!(due(&store, 100), [20]);
    update(&store, ids[0], |entry| entry.held = false);
    assert_eq!(due(&store, 100), [5, 20]);
    update(&store, ids[1], |entry| entry.held = true);
    let removed = [ids[1], ids[0], ids[0]].map(|id| store.run(move |tx| tx.spool_remove(id)));
    assert_eq!(removed, [true, true, false]);
    assert_eq!((store.spool_len(), due(&store, 100)), (0, vec![]));
    let gone = ids[0];
    let refused =
        store.try_run(move |tx| tx.spool_update(&SpoolEntry { id: gone, ..entry(BodyId([0; 32]), "a@b", 1) }));
    assert!(matches!(refused, Err(Error::NotFound("queue entry"))));
    sound::check(&store, &[ALICE, BOB]);
}

fn watchers_wake_when_something_is_due_earlier(engine: Engine) {
    let store = Fixture::new(engine);
    let mut watch = store.spool_watch();
    let ids = put(&store, b"text", &[10, 20]);
    assert!(watch.has_changed().unwrap());
    watch.mark_unchanged();
    let id = ids[0];
    let mut wakes = |change: fn(&mut SpoolEntry)| {
        update(&store, id, change);
        let woken = watch.has_changed().unwrap();
        watch.mark_unchanged();
        woken
    };
    assert!(!wakes(|entry| entry.next_attempt = 15));
    assert!(wakes(|entry| entry.next_attempt = 12));
    assert!(!wakes(|entry| entry.held = true));
    assert!(!wakes(|entry| entry.next_attempt = 1));
    assert!(wakes(|entry| entry.held = false));
    assert!(!wakes(|entry| entry.warned = true));
    store.run(move |tx| tx.spool_remove(id));
    assert!(!watch.has_changed().unwrap());
}

fn ids_are_never_given_twice(engine: Engine) {
    let store = Fixture::new(engine);
    let last = put(&store, b"text", &[1, 2])[1];
    store.run(move |tx| tx.spool_remove(last));
    let (store, _) = store.reopen();
    assert!(put(&store, b"text", &[3])[0] > last);
}

fn entries_of_a_message_share_its_body(engine: Engine) {
    let store = Fixture::new(engine);
    let text = noise(3, 20_000);
    let body = NewBody::new(&text).id();
    let missing = store.try_run(move |tx| tx.spool_put(entry(body, "a@b.test", 1)));
    assert!(matches!(missing, Err(Error::NotFound("message body"))));
    let ids = put(&store, &text, &[1, 2, 3]);
    assert!(store.stats().unwrap().live_bytes < 21_000);
    for (n, id) in ids.into_iter().enumerate() {
        assert_eq!(store.body(body).unwrap(), text, "{n}");
        store.run(move |tx| tx.spool_remove(id));
    }
    assert!(matches!(store.body(body), Err(Error::NotFound(_))));
    assert_eq!(store.stats().unwrap().live_bytes, 0);
}

fn one_commit_delivers_and_queues(engine: Engine) {
    let store = Fixture::new(engine);
    let (body, message) = message(&mail("Both", "1", ""));
    let event = event(Step::Submitted, &["bob@example.test", "r@remote.test"]);
    let before = store.stats().unwrap().last_commit;
    let work = move |tx: &mut Tx<'_>| {
        let (inbox, sent) = (tx.mailbox_by_role(BOB, Role::Inbox)?, tx.mailbox_by_role(ALICE, Role::Sent)?);
        tx.append(BOB, inbox.id, &message)?;
        tx.append(ALICE, sent.id, &message)?;
        tx.spool_put(entry(message.body, "r@remote.test", NOW))?;
        tx.trace(TraceId(77), &event);
        Ok::<_, Error>(())
    };
    wait(store.commit(vec![body], work)).unwrap();
    assert_eq!(store.stats().unwrap().last_commit, before + 1);
    assert_eq!((store.spool_len(), store.trace(TraceId(77)).unwrap().len()), (1, 1));
    sound::check(&store, &[ALICE, BOB]);
}

fn long_replies_are_cut(engine: Engine) {
    let store = Fixture::new(engine);
    let id = put(&store, b"text", &[1])[0];
    update(&store, id, |entry| entry.last_reply = Some("ä".repeat(100_000)));
    let reply = store.spool_entry(id).unwrap().unwrap().last_reply.unwrap();
    assert_eq!(reply, "ä".repeat(2048));
}

fn event(step: Step, recipients: &[&str]) -> TraceEvent {
    TraceEvent {
        at: NOW,
        step,
        reverse_path: "alice@example.test".into(),
        recipients: recipients.iter().map(|&recipient| recipient.to_owned()).collect(),
        detail: "from host.test".into(),
    }
}

fn traces_are_found_by_message_and_by_age(engine: Engine) {
    let store = Fixture::new(engine);
    let ids: Vec<_> = (0..4).map(|n| TraceId::new(NOW + n)).collect();
    for &id in &ids {
        store.run(move |tx| {
            tx.trace(id, &TraceEvent { at: NOW + 50, ..event(Step::Sent, &["b@remote.test"]) });
            tx.trace(id, &event(Step::Received, &["b@remote.test"]));
            Ok(())
        });
    }
    let steps: Vec<_> = store.trace(ids[2]).unwrap().iter().map(|event| event.step).collect();
    assert_eq!(steps, [Step::Received, Step::Sent]);
    let newest = store.traces(3).unwrap();
    assert_eq!(newest.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [ids[3], ids[3], ids[2]]);
    assert_eq!(store.run(|tx| tx.trace_purge(NOW + 2, 3)), 3);
    assert_eq!(store.run(|tx| tx.trace_purge(NOW + 2, 3)), 1);
    assert_eq!(store.traces(100).unwrap().len(), 4);
    assert!(store.trace(ids[1]).unwrap().is_empty());
}

fn large_trace_events_become_several(engine: Engine) {
    let store = Fixture::new(engine);
    let recipients: Vec<_> = (0..1000).map(|n| format!("recipient-{n}@example.test")).collect();
    let event = TraceEvent { recipients: recipients.clone(), detail: "ü".repeat(9_000), ..event(Step::Received, &[]) };
    store.run(move |tx| {
        tx.trace(TraceId(5), &event);
        Ok(())
    });
    let told = store.trace(TraceId(5)).unwrap();
    assert!(told.len() > 1 && told.iter().all(|event| event.detail == "ü".repeat(2048)));
    let mut kept: Vec<_> = told.into_iter().flat_map(|event| event.recipients).collect();
    kept.sort_by_key(|recipient| recipients.iter().position(|r| r == recipient));
    assert_eq!(kept, recipients);
}

fn records_and_counters(engine: Engine) {
    let store = Fixture::empty(engine);
    assert_eq!(store.run(|tx| Ok([tx.next_id("x")?, tx.next_id("x")?, tx.next_id("y")?])), [1, 2, 1]);
    store.run(|tx| {
        tx.record_put(b"d/b", &2u32)?;
        tx.record_put(b"d/a", &1u32)?;
        tx.record_put(b"e", &"other")
    });
    let failed: Result<(), Error> = store.try_run(|tx| {
        tx.record_put(b"d/c", &3u32)?;
        tx.next_id("x")?;
        Err(Error::Exists("something"))
    });
    assert!(matches!(failed, Err(Error::Exists("something"))));
    let refused = store.try_run(|tx| tx.record_put(b"large", &"x".repeat(17_000)));
    assert!(matches!(refused, Err(Error::Limit(_))));
    let (store, _) = store.reopen();
    assert_eq!(store.records::<u32>(b"d/").unwrap(), [(b"d/a".to_vec(), 1), (b"d/b".to_vec(), 2)]);
    assert_eq!(store.record::<String>(b"e").unwrap().as_deref(), Some("other"));
    assert_eq!(store.run(|tx| tx.next_id("x")), 3);
    store.run(|tx| {
        tx.record_remove(b"d/a");
        Ok(())
    });
    assert_eq!(store.record::<u32>(b"d/a").unwrap(), None);
    assert!(matches!(store.record::<Vec<String>>(b"e"), Err(Error::Damaged(_))));
}
