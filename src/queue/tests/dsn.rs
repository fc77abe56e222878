//! What senders asked to be told (RFC 3461), when a message is to go (RFC 4865), and by when (RFC 2852).

use super::{HOUR, MINUTE, World, account, inbox};
use directory::alias::Alias;
use queue::State;
use store::{
    Terms,
    terms::{DeliverBy, Notify, Returned},
    trace::Step,
};
use testkit::sink::{Options, Step as At};

const TEXT: &str = "Subject: Hello\r\nMessage-ID: <hello@example.test>\r\n\r\nThe words of the body.\r\n";

fn notify(success: bool, failure: bool, delay: bool) -> Terms {
    Terms { notify: Some(Notify { success, failure, delay }), ..Terms::default() }
}

fn with(capabilities: &[&'static str]) -> Options {
    let mut options = Options::default();
    options.capabilities.extend(capabilities);
    options
}

#[tokio::test]
async fn a_server_that_reports_is_told_what_the_sender_wants() {
    let mut world = World::with(with(&["DSN"])).await;
    world.start();
    let terms = Terms {
        original_recipient: Some("rfc822;Bob+2B1@elsewhere.test".into()),
        envelope_id: Some("QQ314159".into()),
        returned: Some(Returned::Headers),
        ..notify(true, false, true)
    };
    world.submit(&["bob@elsewhere.test"], TEXT, terms).await;
    let received = world.sink.received(1).await.remove(0);
    assert!(received.parameters.ends_with("RET=HDRS ENVID=QQ314159"), "{}", received.parameters);
    assert_eq!(received.rcpt_parameters, ["NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob+2B1@elsewhere.test"]);
    world.empty().await;
    assert!(world.inbox().is_empty());
}

#[tokio::test]
async fn a_hand_over_to_a_server_that_does_not_report_is_reported_here() {
    let mut world = World::new().await;
    world.start();
    let terms = Terms { envelope_id: Some("a+2Bb".into()), ..notify(true, true, false) };
    world.submit(&["bob@elsewhere.test"], TEXT, terms).await;
    world.empty().await;
    let report = world.notification();
    for part in
        ["Action: relayed", "Status: 2.0.0", "Original-Envelope-Id: a+b", "Final-Recipient: rfc822; bob@elsewhere.test"]
    {
        assert!(report.contains(part), "{part} in {report}");
    }
    assert_eq!(world.sink.taken().len(), 1);
    assert_eq!(world.sink.taken()[0].rcpt_parameters, [""]);
}

#[tokio::test]
async fn a_kill_before_the_report_neither_loses_it_nor_sends_twice() {
    let mut world = World::new().await;
    world.submit(&["bob@elsewhere.test"], TEXT, notify(true, true, true)).await;
    // As the first commit after the 250 leaves it.
    let mut due = world.entries().remove(0);
    due.terms.report_due = true;
    due.last_host = Some("mx.elsewhere.test".into());
    due.last_reply = Some("250 2.0.0 Taken".into());
    world.store().commit(Vec::new(), move |tx| tx.spool_update(&due)).await.unwrap();
    world.start();
    world.empty().await;
    assert!(world.notification().contains("Action: relayed"));
    assert!(world.sink.taken().is_empty());
}

#[tokio::test]
async fn a_delivery_here_is_reported_with_it() {
    let mut world = World::new().await;
    let bob = account(&world.directory, "bob@example.test", None).await;
    world.start();
    world.submit(&["bob@example.test"], TEXT, notify(true, false, false)).await;
    world.empty().await;
    assert_eq!(inbox(world.store(), &bob).len(), 1);
    let report = world.notification();
    assert!(report.contains("Action: delivered") && report.contains("Subject: Your message was delivered"), "{report}");
}

#[tokio::test]
async fn who_wants_to_hear_nothing_is_told_nothing() {
    let mut world = World::new().await;
    world.start();
    world.sink.always(At::Rcpt, "550 5.1.1 No");
    let trace = world.submit(&["bob@elsewhere.test"], TEXT, notify(false, false, false)).await;
    world.empty().await;
    assert!(world.inbox().is_empty());
    assert!(world.steps(trace).contains(&Step::Bounced));
    world.sink.behave();
    world.sink.always(At::Rcpt, "450 4.2.1 Later");
    world.submit(&["carol@elsewhere.test"], TEXT, notify(false, true, false)).await;
    world.tried(1).await;
    world.clock.advance(5 * HOUR);
    world.tried(2).await;
    assert!(world.inbox().is_empty(), "a delay was not to be told");
}

#[tokio::test]
async fn a_bounce_returns_the_whole_message_to_who_wants_it() {
    let mut world = World::new().await;
    world.start();
    world.sink.always(At::Rcpt, "550 5.1.1 No");
    let terms = Terms { returned: Some(Returned::Full), ..Terms::default() };
    world.submit(&["bob@elsewhere.test"], TEXT, terms).await;
    world.empty().await;
    let bounce = world.notification();
    assert!(bounce.contains("Content-Type: message/rfc822") && bounce.contains("The words of the body."), "{bounce}");
}

#[tokio::test]
async fn a_message_waits_for_its_time_and_its_lifetime_begins_then() {
    let mut world = World::new().await;
    world.start();
    let day = 24 * HOUR;
    let release = world.clock.now() + i64::try_from((3 * day).as_millis()).unwrap();
    let terms = Terms { release_at: Some(release), ..Terms::default() };
    world.submit(&["bob@elsewhere.test", "alice@example.test"], TEXT, terms).await;
    let entries = world.entries();
    assert_eq!(entries.len(), 2);
    assert!(entries.iter().all(|entry| world.queue().detail(entry.id).unwrap().state == State::Scheduled));
    assert!(world.inbox().is_empty());
    world.sink.once(At::Mail, "451 4.3.0 Later");
    world.clock.advance(3 * day + MINUTE);
    let entry = world.tried(1).await;
    assert!(
        world.queue().detail(entry.id).unwrap().expires > release + i64::try_from((47 * HOUR).as_millis()).unwrap()
    );
    world.clock.advance(6 * MINUTE);
    world.empty().await;
    assert_eq!(world.sink.taken().len(), 1);
    assert_eq!(world.inbox().len(), 1);
}

#[tokio::test]
async fn a_message_is_given_up_at_the_time_its_sender_has_set() {
    let mut world = World::with(with(&["DELIVERBY"])).await;
    world.start();
    world.sink.once(At::Mail, "451 4.3.0 Later");
    let by = |seconds: i64, give_up| DeliverBy { at: world.clock.now() + seconds * 1000, give_up, trace: false };
    let terms = Terms { deliver_by: Some(by(120, true)), ..Terms::default() };
    world.submit(&["bob@elsewhere.test"], TEXT, terms).await;
    world.tried(1).await;
    world.sink.always(At::Mail, "451 4.3.0 Later");
    world.clock.advance(3 * MINUTE);
    world.empty().await;
    assert!(world.notification().contains("Status: 5.4.7"));
    world.sink.behave();
    let terms = Terms { deliver_by: Some(by(600, false)), ..Terms::default() };
    world.submit(&["carol@elsewhere.test"], TEXT, terms).await;
    let received = world.sink.received(1).await.remove(0);
    assert!(
        received.parameters.contains("BY=59") || received.parameters.contains("BY=600;N"),
        "{}",
        received.parameters
    );
}

#[tokio::test]
async fn a_message_with_an_end_does_not_go_to_a_server_that_knows_none() {
    let mut world = World::new().await;
    world.start();
    let by = DeliverBy { at: world.clock.now() + 3_600_000, give_up: true, trace: false };
    world.submit(&["bob@elsewhere.test"], TEXT, Terms { deliver_by: Some(by), ..Terms::default() }).await;
    world.empty().await;
    assert!(world.notification().contains("Status: 5.3.3"));
    assert!(world.sink.taken().is_empty());
}

#[tokio::test]
async fn a_server_gets_no_more_at_once_than_it_says() {
    let mut world = World::with(with(&["LIMITS RCPTMAX=2"])).await;
    world.start();
    let to: Vec<String> = (0..5).map(|number| format!("r{number}@elsewhere.test")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    world.send(&to).await;
    let received = world.sink.received(3).await;
    assert_eq!(received.iter().map(|mail| mail.to.len()).collect::<Vec<_>>(), [2, 2, 1]);
    world.empty().await;
}

#[tokio::test]
async fn a_server_gets_no_more_over_one_connection_than_it_says() {
    for (capability, connections) in [("LIMITS MAILMAX=1", 3), ("LIMITS MAILMAX=3", 1)] {
        let mut world = World::with(with(&[capability])).await;
        world.settings.queue.per_destination_max = 1;
        for to in ["a", "b", "c"] {
            world.send(&[&format!("{to}@elsewhere.test")]).await;
        }
        world.start();
        world.empty().await;
        assert_eq!(world.sink.connections(), connections, "{capability}");
    }
}

#[tokio::test]
async fn forwarded_mail_gets_a_sender_of_ours_and_its_bounces_come_back() {
    let mut world = World::new().await;
    let queue = world.start();
    queue.keep_once().await;
    let (address, targets) = ("out@example.test".parse().unwrap(), vec!["bob@elsewhere.test".parse().unwrap()]);
    world.directory.alias_put(Alias { address, targets }).await.unwrap();
    world.send_from("sender@origin.test", &["out@example.test"], TEXT).await;
    let received = world.sink.received(1).await.remove(0);
    assert!(
        received.from.starts_with("SRS0=A") && received.from.ends_with("=origin.test=sender@example.test"),
        "{}",
        received.from
    );
    let back = world.directory.srs_back(&received.from.parse().unwrap(), world.clock.now()).unwrap();
    assert_eq!(back, Some("sender@origin.test".parse().unwrap()));
    world.send(&["carol@elsewhere.test"]).await;
    assert_eq!(world.sink.received(2).await[1].from, "alice@example.test");
    // What this server tells the sender goes to the sender itself.
    world.sink.once(At::Rcpt, "550 5.1.1 No");
    world.dns.mx("origin.test", 10, "mx.elsewhere.test");
    world.send_from("sender@origin.test", &["out@example.test"], TEXT).await;
    assert_eq!(world.sink.received(3).await[2].to, ["sender@origin.test"]);
}
