//! What does not go well.

use super::{HOUR, MINUTE, World};
use mail_parser::{MessageParser, MimeHeaders, PartType};
use smtp::client::Timeouts;
use std::time::Duration;
use store::trace::Step;
use testkit::{
    Sink,
    sink::{Deed, Options, Step as At},
};

#[tokio::test]
async fn what_is_put_off_is_sent_later() {
    let mut world = World::new().await;
    world.sink.once(At::Rcpt, "451 4.7.1 Greylisted, come back later");
    world.start();
    let trace = world.send(&["bob@elsewhere.test"]).await;
    let waiting = world.tried(1).await;
    assert_eq!(waiting.last_reply.as_deref(), Some("451 4.7.1 Greylisted, come back later"));
    world.clock.advance(6 * MINUTE);
    world.empty().await;
    assert_eq!(world.sink.taken().len(), 1);
    assert_eq!(world.steps(trace), [Step::Submitted, Step::Queued, Step::Deferred, Step::Sent]);
    assert!(world.inbox().is_empty());
}

#[tokio::test]
async fn a_refusal_is_told_to_the_sender() {
    let mut world = World::new().await;
    world.sink.always(At::Rcpt, "550-5.1.1 Nobody\r\n550 5.1.1 of that name");
    world.start();
    let trace = world.send(&["bob@elsewhere.test"]).await;
    world.empty().await;
    // The last two are one commit: the failure, and its notification in the inbox.
    assert_eq!(world.steps(trace)[..2], [Step::Submitted, Step::Queued]);
    assert!([Step::Bounced, Step::Delivered].iter().all(|step| world.steps(trace)[2..].contains(step)));
    let text = world.notification();
    assert!(text.starts_with("Return-Path: <>\r\n"), "{text}");
    let message = MessageParser::default().parse(text.as_bytes()).unwrap();
    let kind = message.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("multipart", Some("report")));
    assert_eq!(kind.attribute("report-type"), Some("delivery-status"));
    assert_eq!(message.header_raw("Auto-Submitted").map(str::trim), Some("auto-replied"));
    assert_eq!(message.to().unwrap().first().unwrap().address(), Some("alice@example.test"));
    assert_eq!(message.in_reply_to().as_text(), Some("hello@example.test"));
    let words = message.body_text(0).unwrap();
    assert!(words.contains("bob@elsewhere.test") && words.contains("550 5.1.1 Nobody 5.1.1 of that name"), "{words}");
    let parts: Vec<(String, String)> =
        message.parts.iter().skip(1).map(|part| (kind_of(part), text_of(part))).collect();
    let kinds: Vec<&str> = parts.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["text/plain", "message/delivery-status", "text/rfc822-headers"]);
    let status = &parts[1].1;
    for field in
        ["Reporting-MTA: dns; mail.example.test", "Final-Recipient: rfc822; bob@elsewhere.test", "Action: failed"]
    {
        assert!(status.contains(field), "{status}");
    }
    for field in ["Status: 5.1.1", "Remote-MTA: dns; mx.elsewhere.test", "Diagnostic-Code: smtp; 550 5.1.1 Nobody"] {
        assert!(status.contains(field), "{status}");
    }
    assert!(parts[2].1.contains("Subject: Hello") && !parts[2].1.contains("Hi!"), "{}", parts[2].1);
}

fn kind_of(part: &mail_parser::MessagePart<'_>) -> String {
    let kind = part.content_type().unwrap();
    format!("{}/{}", kind.ctype(), kind.subtype().unwrap())
}

fn text_of(part: &mail_parser::MessagePart<'_>) -> String {
    match &part.body {
        PartType::Text(text) => text.clone().into_owned(),
        PartType::Binary(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn a_refusal_of_the_text_counts_for_all() {
    let mut world = World::new().await;
    world.sink.always(At::End, "554 5.7.1 Looks like spam");
    world.start();
    world.send(&["bob@elsewhere.test", "carol@elsewhere.test"]).await;
    world.empty().await;
    let bounce = world.notification();
    assert!(bounce.contains("bob@elsewhere.test") && bounce.contains("carol@elsewhere.test"), "{bounce}");
    assert!(world.sink.taken().is_empty());
}

#[tokio::test]
async fn a_refusal_stands_when_the_server_hangs_up_after_it() {
    let mut world = World::new().await;
    world.sink.always(At::Rcpt, "550 5.1.1 Nobody");
    world.sink.always(At::Rset, Deed::Disconnect);
    world.start();
    world.send(&["bob@elsewhere.test"]).await;
    world.empty().await;
    assert!(world.notification().contains("550 5.1.1 Nobody"));
}

#[tokio::test]
async fn silence_ends_a_try() {
    for step in [At::Greeting, At::Hello, At::Mail, At::Rcpt, At::Data, At::Text, At::End] {
        let mut world = World::new().await;
        let soon = Duration::from_millis(300);
        let long = Timeouts::default();
        world.timeouts = match step {
            At::Greeting => Timeouts { greeting: soon, ..long },
            At::Data => Timeouts { data: soon, ..long },
            At::Text | At::End => Timeouts { end: soon, ..long },
            _ => Timeouts { command: soon, ..long },
        };
        world.sink.once(step, Deed::Silence);
        world.start();
        world.send(&["bob@elsewhere.test"]).await;
        let waiting = world.tried(1).await;
        assert!(waiting.last_reply.as_deref().unwrap().starts_with("no answer in time"), "{step:?}: {waiting:?}");
        // Only the step that was silent is impatient, and it is so for one try.
        world.running.as_ref().unwrap().shutdown.draining.cancel();
        world.timeouts = long;
        world.start();
        world.clock.advance(6 * MINUTE);
        world.empty().await;
        assert_eq!(world.sink.taken().len(), 1, "{step:?}");
    }
}

/// A second server of elsewhere.test, to be tried after the first.
async fn second(world: &World) -> Sink {
    let address = format!("127.0.0.2:{}", world.sink.port());
    let sink = Sink::with(Options { address, name: "mx2.elsewhere.test".into(), ..Options::default() }).await;
    world.dns.mx("elsewhere.test", 20, "mx2.elsewhere.test");
    world.dns.host("mx2.elsewhere.test", "127.0.0.2");
    sink
}

#[tokio::test]
async fn the_next_server_is_tried_until_the_final_dot() {
    let busy = Deed::from("421 4.3.2 Too busy");
    for (step, deed) in [
        (At::Greeting, Deed::Disconnect),
        (At::Greeting, busy.clone()),
        (At::Greeting, Deed::from("554 5.3.2 No mail here")),
        (At::Hello, Deed::Disconnect),
        (At::Mail, Deed::Disconnect),
        (At::Rcpt, busy),
        (At::Data, Deed::Disconnect),
        (At::Text, Deed::Disconnect),
    ] {
        let mut world = World::new().await;
        let second = second(&world).await;
        world.sink.always(step, deed.clone());
        world.start();
        // More than fits into the buffers between, so that the server is gone before the final dot.
        let lines = if step == At::Text { 2_000_000 } else { 10 };
        let text = format!("Subject: Long\r\n\r\n{}", "0123456789\r\n".repeat(lines));
        world.send_from("alice@example.test", &["bob@elsewhere.test"], &text).await;
        second.received(1).await;
        world.empty().await;
        assert!(world.sink.taken().is_empty(), "{step:?} {deed:?}");
        assert_eq!(second.taken().len(), 1, "{step:?} {deed:?}");
    }
}

#[tokio::test]
async fn no_other_server_is_tried_after_the_final_dot() {
    let mut world = World::new().await;
    let second = second(&world).await;
    world.sink.once(At::End, Deed::Disconnect);
    world.start();
    world.send(&["bob@elsewhere.test"]).await;
    let waiting = world.tried(1).await;
    assert!(waiting.last_reply.unwrap().contains("after the message was sent"));
    assert_eq!(second.connections(), 0);
    world.clock.advance(6 * MINUTE);
    world.empty().await;
    assert_eq!((world.sink.taken().len(), second.taken().len()), (1, 0));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_apart_from_a_refusal() {
    let mut world = World::new().await;
    world.settings.queue.port = unused_port();
    world.start();
    world.send(&["bob@elsewhere.test"]).await;
    let waiting = world.tried(1).await;
    assert!(waiting.last_reply.unwrap().starts_with("connection lost while connecting"));
    assert!(world.inbox().is_empty());
}

fn unused_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn the_sender_is_told_once_of_a_delay_and_in_the_end_of_the_failure() {
    let mut world = World::new().await;
    world.sink.always(At::Rcpt, "450 4.2.0 Not now");
    world.start();
    world.send(&["bob@elsewhere.test"]).await;
    world.tried(1).await;
    world.clock.advance(3 * HOUR);
    // The next try is at the time at which the sender is told at the latest.
    let waiting = world.tried(2).await;
    assert!(!waiting.warned && waiting.next_attempt - waiting.created <= 4 * 3_600_000, "{waiting:?}");
    assert!(world.inbox().is_empty());
    world.clock.advance(HOUR + MINUTE);
    assert!(world.tried(3).await.warned);
    let warning = world.notification();
    for text in ["Action: delayed", "Status: 4.2.0", "Will-Retry-Until: ", "Auto-Submitted: ", "goes on trying until"] {
        assert!(warning.contains(text), "{text} is missing in {warning}");
    }
    world.clock.advance(5 * HOUR);
    let waiting = world.tried(4).await;
    assert_eq!(world.inbox().len(), 1);
    let left = waiting.created + 48 * 3_600_000 - world.clock.now();
    world.clock.advance(Duration::from_millis(left.unsigned_abs()));
    world.empty().await;
    let inbox = world.inbox();
    assert_eq!(inbox.len(), 2);
    for text in ["Action: failed", "Status: 5.4.7", "450 4.2.0 Not now"] {
        assert!(inbox[1].contains(text), "{text} is missing in {}", inbox[1]);
    }
}

#[tokio::test]
async fn nothing_answers_a_null_sender() {
    let mut world = World::new().await;
    world.sink.about(At::Rcpt, "never@", "550 5.1.1 Nobody");
    world.sink.about(At::Rcpt, "later@", "450 4.2.0 Not now");
    world.start();
    let text = "From: <alice@example.test>\r\nSubject: A notification\r\n\r\n";
    let trace = world.send_from("<>", &["never@elsewhere.test", "later@elsewhere.test"], text).await;
    world.tried(1).await;
    world.clock.advance(5 * HOUR);
    assert!(!world.tried(2).await.warned);
    world.clock.advance(48 * HOUR);
    world.empty().await;
    assert!(world.inbox().is_empty());
    let bounced = world.steps(trace).into_iter().filter(|step| *step == Step::Bounced).count();
    assert_eq!(bounced, 2);
}

#[tokio::test]
async fn a_notification_for_a_sender_elsewhere_goes_out_with_a_null_sender() {
    let mut world = World::new().await;
    world.sink.about(At::Rcpt, "never@", "550 5.1.1 Nobody");
    world.start();
    world.send_from("carol@elsewhere.test", &["never@elsewhere.test"], "Subject: x\r\n\r\n").await;
    let received = world.sink.received(1).await;
    assert_eq!((received[0].from.as_str(), received[0].to[0].as_str()), ("", "carol@elsewhere.test"));
    assert!(received[0].text().contains("Action: failed"));
    world.empty().await;
}
