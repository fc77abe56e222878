//! Ports 587 and 465: mail from our people.

use crate::{base64, server};
use std::process::Command;
use testkit::{Conversation, TestServer, server::PASSWORD};

/// A submission session of alice, signed in.
async fn signed_in(server: &TestServer) -> Conversation {
    let mut smtp = server.connect(587).await;
    smtp.smtp_reply("220").await;
    smtp.smtp("EHLO client.example.org", "250").await;
    smtp.smtp(&format!("AUTH PLAIN {}", plain("alice@example.test", PASSWORD)), "235").await;
    smtp
}

/// The initial response of SASL PLAIN (RFC 4616), in base64.
fn plain(name: &str, password: &str) -> String {
    base64(format!("\0{name}\0{password}").as_bytes())
}

#[tokio::test]
async fn sign_in_comes_first() {
    let server = server().await;
    let mut smtp = server.connect(587).await;
    smtp.smtp_reply("220").await;
    smtp.smtp("EHLO client.example.org", "250").await;
    smtp.smtp("MAIL FROM:<alice@example.test>", "530 5.7.0").await;
    smtp.smtp(&format!("AUTH PLAIN {}", plain("alice@example.test", "wrong")), "535 5.7.8").await;
    smtp.smtp("AUTH LOGIN", "334").await;
    smtp.smtp(&base64(b"alice@example.test"), "334").await;
    smtp.smtp(&base64(PASSWORD.as_bytes()), "235").await;
    smtp.smtp("AUTH LOGIN", "503").await;
}

#[tokio::test]
async fn a_ticket_is_worth_nothing_from_outside() {
    let server = server().await;
    let pages = server.pages();
    pages.sign_in("alice").await;
    let ticket = pages.cookie().split_once('=').expect("there is a session").1.to_owned();
    let mut smtp = server.connect(587).await;
    smtp.smtp_reply("220").await;
    smtp.smtp("EHLO client.example.org", "250").await;
    let bearer = base64(format!("user=alice@example.test\x01auth=Bearer {ticket}\x01\x01").as_bytes());
    smtp.smtp(&format!("AUTH XOAUTH2 {bearer}"), "5").await;
}

#[tokio::test]
async fn the_sender_belongs_to_the_account() {
    let server = server().await;
    let mut smtp = signed_in(&server).await;
    smtp.smtp("MAIL FROM:<bob@example.test>", "553 5.7.1").await;
    smtp.smtp("MAIL FROM:<alice@example.test>", "250").await;
    smtp.smtp("RCPT TO:<bob@example.test>", "250").await;
    smtp.smtp("DATA", "354").await;
    smtp.smtp("From: bob@example.test\r\nSubject: not me\r\n\r\n.", "550 5.7.1").await;
}

#[tokio::test]
async fn date_and_message_id_are_added_where_missing() {
    let server = server().await;
    let mut smtp = signed_in(&server).await;
    smtp.smtp("MAIL FROM:<alice@example.test>", "250").await;
    smtp.smtp("RCPT TO:<bob@example.test>", "250").await;
    smtp.smtp("DATA", "354").await;
    smtp.smtp("From: alice@example.test\r\nBcc: secret@example.org\r\nSubject: bare\r\n\r\nbody\r\n.", "250").await;
    let mut imap = server.imap("bob").await;
    imap.imap("SELECT INBOX").await;
    let message = imap.imap("FETCH 1 BODY.PEEK[]").await.join("\n");
    assert!(message.contains("\nMessage-ID: <") && message.contains("\nDate: "), "{message}");
    assert!(message.contains("with ESMTPA id "), "{message}");
    assert!(!message.contains("secret@example.org"), "Bcc is seen: {message}");
}

#[tokio::test]
async fn too_many_failures_are_slowed_down() {
    let server = crate::server_with("[limits]\nsign_in_failures_per_account_max = 3").await;
    let mut smtp = server.connect(587).await;
    smtp.smtp_reply("220").await;
    smtp.smtp("EHLO client.example.org", "250").await;
    for _ in 0..3 {
        smtp.smtp(&format!("AUTH PLAIN {}", plain("alice@example.test", "wrong")), "535").await;
    }
    smtp.smtp(&format!("AUTH PLAIN {}", plain("alice@example.test", PASSWORD)), "454 4.7.0").await;
    assert!(server.log_text().contains("alice@example.test"), "the log tells of it");
    // It is the account that is slowed down, not everybody.
    let pages = server.pages();
    pages.sign_in("bob").await;
}

/// swaks speaks TLS and CRAM-free SASL as real programs do; port 465 is TLS from the start.
#[tokio::test]
async fn swaks_submits_over_tls() {
    let server = server().await;
    let (submission, submissions) = (server.port(587).to_string(), server.port(465).to_string());
    let sign_in = ["--auth-user", "alice@example.test", "--auth-password", PASSWORD];
    let envelope = ["--from", "alice@example.test", "--to", "bob@example.test", "--server", "127.0.0.1"];
    for port in [&["--port", &submission, "--tls"][..], &["--port", &submissions, "--tls-on-connect"]] {
        let output =
            Command::new("swaks").args(envelope).args(sign_in).args(port).output().expect("swaks is installed");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("TLS started") && text.contains("235 2.7.0"), "{text}");
    }
    let lines = server.imap("bob").await.imap("STATUS INBOX (MESSAGES)").await;
    assert!(lines[0].contains("MESSAGES 2"), "{lines:?}");
}

#[tokio::test]
async fn an_app_password_signs_in_to_mail_and_not_to_the_pages() {
    let server = server().await;
    let made = server.json(&["account", "app-password", "add", "alice@example.test", "--name", "phone"]);
    let password = made["secret"].as_str().expect("is shown once").to_owned();
    let mut smtp = server.connect(587).await;
    smtp.smtp_reply("220").await;
    smtp.smtp("EHLO client.example.org", "250").await;
    smtp.smtp(&format!("AUTH PLAIN {}", plain("alice@example.test", &password)), "235").await;
    let answer = server.pages().post("/sign-in", &[("name", "alice@example.test"), ("password", &password)]).await;
    assert_eq!(answer.status.as_u16(), 422);
}
