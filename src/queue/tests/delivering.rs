//! What goes well.

use super::{MINUTE, World, account, address, inbox};
use directory::alias::Alias;
use store::trace::Step;
use testkit::sink::{Deed, Options, Step as At, Tls};

#[tokio::test]
async fn a_message_is_handed_over_as_it_was_taken_in() {
    let mut world = World::new().await;
    world.start();
    let trace = world.send(&["bob@elsewhere.test"]).await;
    let received = world.sink.received(1).await;
    assert_eq!(
        (received[0].from.as_str(), &received[0].to[..]),
        ("alice@example.test", &["bob@elsewhere.test".into()][..])
    );
    assert_eq!(received[0].hello, "mail.example.test");
    let text = received[0].text();
    assert!(text.starts_with(&format!("Received: id {trace}\r\nSubject: Hello\r\n")), "{text}");
    assert!(text.ends_with("\r\n\r\nHi!\r\n"), "{text}");
    world.empty().await;
    assert_eq!(world.steps(trace), [Step::Submitted, Step::Queued, Step::Sent]);
    assert!(world.inbox().is_empty());
}

#[tokio::test]
async fn a_large_message_with_dots_arrives_whole() {
    let mut world = World::new().await;
    world.start();
    let text = format!("Subject: Dots\r\n\r\n{}", ".line\r\n..\r\n.\r\nGrüße\r\n".repeat(20_000));
    world.send_from("alice@example.test", &["bob@elsewhere.test"], &text).await;
    let received = world.sink.received(1).await;
    assert!(received[0].text().split_once("\r\n").unwrap().1 == text, "the text was changed");
    assert!(received[0].parameters.contains("BODY=8BITMIME"), "{}", received[0].parameters);
}

#[tokio::test]
async fn each_recipient_gets_a_result_of_its_own() {
    let mut world = World::new().await;
    world.sink.about(At::Rcpt, "later@", "450 4.2.0 Not now");
    world.sink.about(At::Rcpt, "never@", "550 5.1.1 Nobody of that name");
    world.start();
    world.send(&["bob@elsewhere.test", "later@elsewhere.test", "never@elsewhere.test", "carol@elsewhere.test"]).await;
    let waiting = world.tried(1).await;
    assert_eq!(waiting.recipient.to_string(), "later@elsewhere.test");
    assert_eq!(waiting.last_reply.as_deref(), Some("450 4.2.0 Not now"));
    assert_eq!(waiting.last_host.as_deref(), Some("mx.elsewhere.test"));
    assert_eq!(world.sink.taken()[0].to, ["bob@elsewhere.test", "carol@elsewhere.test"]);
    let bounce = world.notification();
    assert!(
        bounce.contains("never@elsewhere.test") && !bounce.contains("later@") && !bounce.contains("bob@"),
        "{bounce}"
    );
    world.sink.behave();
    world.clock.advance(6 * MINUTE);
    world.empty().await;
    assert_eq!(world.sink.taken()[1].to, ["later@elsewhere.test"]);
    assert_eq!(world.sink.taken().len(), 2);
}

#[tokio::test]
async fn tls_is_used_where_it_is_offered() {
    let mut world = World::with(Options { tls: Tls::Good, ..Options::default() }).await;
    world.start();
    world.send(&["bob@elsewhere.test"]).await;
    assert!(world.sink.received(1).await[0].tls);
}

#[tokio::test]
async fn a_server_that_fails_at_tls_gets_the_message_without() {
    let mut world = World::with(Options { tls: Tls::Broken, ..Options::default() }).await;
    world.start();
    world.send(&["bob@elsewhere.test"]).await;
    assert!(!world.sink.received(1).await[0].tls);
    assert_eq!(world.sink.connections(), 2);
}

#[tokio::test]
async fn messages_for_one_server_share_a_connection_and_keep_their_order() {
    let mut world = World::new().await;
    world.settings.queue.per_destination_max = 1;
    for number in 1..=5 {
        let text = format!("Subject: {number}\r\n\r\n");
        world.send_from("alice@example.test", &["bob@elsewhere.test"], &text).await;
    }
    world.start();
    let received = world.sink.received(5).await;
    let subjects: Vec<String> =
        received.iter().map(|mail| mail.text().lines().nth(1).unwrap_or_default().into()).collect();
    assert_eq!(subjects, ["Subject: 1", "Subject: 2", "Subject: 3", "Subject: 4", "Subject: 5"]);
    assert_eq!(world.sink.connections(), 1);
}

#[tokio::test]
async fn a_server_that_closes_a_used_connection_is_asked_again() {
    let mut world = World::new().await;
    world.settings.queue.per_destination_max = 1;
    world.sink.about(At::Mail, "carol@", Deed::Disconnect);
    world.sink.about(At::Mail, "dora@", "421 4.7.0 Enough for one connection");
    world.send(&["bob@elsewhere.test"]).await;
    world.send_from("dora@example.test", &["bob@elsewhere.test"], "Subject: x\r\n\r\n").await;
    world.start();
    world.sink.reached(At::Mail, 3).await;
    assert_eq!(world.tried(1).await.last_reply.as_deref(), Some("421 4.7.0 Enough for one connection"));
    assert_eq!(world.sink.connections(), 2);
}

#[tokio::test]
async fn a_destination_gets_no_more_connections_than_allowed() {
    let mut world = World::new().await;
    world.settings.queue.per_destination_max = 2;
    world.sink.always(At::Data, Deed::Wait);
    for number in 0..6 {
        let text = format!("Subject: {number}\r\n\r\n");
        world.send_from("alice@example.test", &["bob@elsewhere.test"], &text).await;
    }
    world.start();
    world.sink.reached(At::Data, 2).await;
    world.sink.release();
    world.sink.received(6).await;
    world.empty().await;
    assert_eq!(world.sink.busiest(), 2);
}

#[tokio::test]
async fn a_mailbox_that_was_full_gets_the_message_when_there_is_room() {
    let mut world = World::new().await;
    let text = format!("Subject: Long\r\n\r\n{}", "x".repeat(1000));
    let mut bob = account(&world.directory, "bob@example.test", Some(1500)).await;
    let alias = Alias {
        address: address("team@example.test"),
        targets: vec![bob.address.clone(), world.alice.address.clone()],
    };
    world.directory.alias_put(alias).await.unwrap();
    for _ in 0..2 {
        world.send_from("alice@example.test", &["team@example.test"], &text).await;
    }
    world.start();
    let waiting = world.tried(1).await;
    assert_eq!(waiting.last_reply.as_deref(), Some("the mailbox is full"));
    bob.quota = None;
    world.directory.account_update(bob.clone()).await.unwrap();
    world.clock.advance(6 * MINUTE);
    world.empty().await;
    let found = inbox(world.store(), &bob);
    assert_eq!(found.len(), 2);
    assert!(
        found.iter().all(|text| text.starts_with("Return-Path: <alice@example.test>\r\nReceived: id ")),
        "{found:?}"
    );
    assert_eq!(world.inbox().len(), 2);
}
