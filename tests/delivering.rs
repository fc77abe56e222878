//! From a person of ours to a server elsewhere, and back as a notification.

use crate::server_with;
use testkit::{
    TestServer,
    dns::Dns,
    server::PASSWORD,
    sink::{Sink, Step},
};

/// A world with one other server, for example.org, and ours that knows its way there.
async fn world() -> (Dns, Sink, TestServer) {
    let (dns, sink) = (Dns::start().await, Sink::start().await);
    dns.mx("example.org", 10, "mx.example.org");
    dns.host("mx.example.org", "127.0.0.1");
    let server = server_with(&format!("{}\n[queue]\nport = {}", dns.config().trim(), sink.port())).await;
    (dns, sink, server)
}

/// alice sends to an address by submission.
async fn send(server: &TestServer, to: &str, subject: &str) {
    let mut smtp = server.connect(587).await;
    smtp.smtp_reply("220").await;
    smtp.smtp("EHLO client.example.org", "250").await;
    smtp.smtp("AUTH LOGIN", "334").await;
    smtp.smtp("YWxpY2VAZXhhbXBsZS50ZXN0", "334").await;
    assert_eq!(PASSWORD, "correct horse battery");
    smtp.smtp("Y29ycmVjdCBob3JzZSBiYXR0ZXJ5", "235").await;
    smtp.smtp("MAIL FROM:<alice@example.test>", "250").await;
    smtp.smtp(&format!("RCPT TO:<{to}>"), "250").await;
    smtp.smtp("DATA", "354").await;
    smtp.smtp(&format!("From: alice@example.test\r\nTo: {to}\r\nSubject: {subject}\r\n\r\nHello.\r\n."), "250").await;
}

#[tokio::test]
async fn mail_goes_out_without_what_is_only_ours() {
    let (_dns, sink, server) = world().await;
    send(&server, "carol@example.org", "outward").await;
    let received = sink.received(1).await;
    assert_eq!(
        (received[0].from.as_str(), &received[0].to[..]),
        ("alice@example.test", &["carol@example.org".into()][..])
    );
    let text = received[0].text();
    assert!(text.contains("Subject: outward") && !text.contains("Return-Path"), "{text}");
    let steps = server.json(&["trace", "find", "carol@example.org"]).to_string();
    assert!(steps.contains("sent"), "{steps}");
}

#[tokio::test]
async fn a_refusal_comes_back_in_the_other_servers_words() {
    let (_dns, sink, server) = world().await;
    sink.always(Step::Rcpt, "550 5.1.1 Carol has left the building");
    let mut imap = server.imap("alice").await;
    imap.imap("SELECT INBOX").await;
    imap.say("i IDLE").await;
    imap.expect("+ ").await;
    send(&server, "carol@example.org", "refused").await;
    imap.until("* 1 EXISTS").await;
    imap.send(b"DONE\r\n").await;
    imap.until("i OK").await;
    let notice = imap.imap("FETCH 1 BODY.PEEK[]").await.join("\n");
    assert!(notice.contains("Return-Path: <>") && notice.contains("multipart/report"), "{notice}");
    assert!(notice.contains("Carol has left the building") && notice.contains("Action: failed"), "{notice}");
    assert!(server.json(&["queue", "list"])["total"] == 0, "nothing is left in the queue");
}

#[tokio::test]
async fn what_waits_survives_a_kill_and_goes_out_once() {
    let (_dns, sink, mut server) = world().await;
    sink.always(Step::Mail, "451 4.3.0 later");
    for number in 0..5 {
        send(&server, "carol@example.org", &format!("waits {number}")).await;
    }
    server.kill();
    sink.behave();
    server.serve().await;
    // Those that were tried before the kill wait for their time; the others go out at once.
    let waiting = server.json(&["queue", "list"]);
    let ids: Vec<String> =
        waiting["entries"].as_array().into_iter().flatten().map(|entry| entry["id"].to_string()).collect();
    let arguments: Vec<&str> = ["queue", "retry"].into_iter().chain(ids.iter().map(String::as_str)).collect();
    if !ids.is_empty() {
        server.json(&arguments);
    }
    let received = sink.received(5).await;
    let mut subjects: Vec<_> = received.iter().map(|message| message.text()).collect();
    subjects.sort();
    subjects.dedup();
    assert_eq!(subjects.len(), 5);
    assert!(server.json(&["queue", "list"])["total"] == 0);
}

// The other server must go on while this thread waits for the command line.
#[tokio::test(flavor = "multi_thread")]
async fn an_admin_holds_and_drops() {
    let (_dns, sink, server) = world().await;
    sink.always(Step::Mail, "451 4.3.0 later");
    send(&server, "carol@example.org", "held").await;
    let id = server.json(&["queue", "list"])["entries"][0]["id"].to_string();
    // What is being delivered at the moment is left alone; its try ends by the other server's answer.
    while server.json(&["queue", "show", &id])["state"] != "deferred" {}
    server.json(&["queue", "hold", &id]);
    let entry = server.json(&["queue", "show", &id]);
    assert_eq!(entry["state"], "held", "{entry}");
    server.json(&["queue", "drop", &id]);
    assert!(server.json(&["queue", "list"])["total"] == 0);
}
