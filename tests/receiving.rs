//! Port 25: mail from other servers.

use crate::{server, server_with};
use std::path::Path;
use testkit::{Conversation, TestServer};

/// A session that has said EHLO.
async fn hello(server: &TestServer) -> Conversation {
    let mut smtp = server.connect(25).await;
    smtp.smtp_reply("220 mail.example.test").await;
    smtp.smtp("EHLO sender.example.org", "250").await;
    smtp
}

/// The newest message of an account's INBOX, whole.
async fn newest(server: &TestServer, user: &str) -> String {
    let mut imap = server.imap(user).await;
    imap.imap("SELECT INBOX").await;
    imap.imap("FETCH * BODY.PEEK[]").await.join("\n")
}

/// How many messages an account's INBOX holds.
async fn count(server: &TestServer, user: &str) -> usize {
    let lines = server.imap(user).await.imap("STATUS INBOX (MESSAGES)").await;
    let number = lines[0].rsplit("MESSAGES ").next().and_then(|rest| rest.trim_end_matches(')').parse().ok());
    number.unwrap_or_else(|| panic!("no count in {lines:?}"))
}

#[tokio::test]
async fn a_message_gets_its_trace_headers_and_nothing_else() {
    let server = server().await;
    let text = "From: Carol <carol@example.org>\nTo: alice@example.test\nSubject: Hello\n\n.dot\nend\n";
    server.deliver("carol@example.org", "alice@example.test", &text.replace("\n.dot", "\n..dot")).await;
    let message = newest(&server, "alice").await;
    let (_, message) = message.split_once('\n').expect("has lines");
    assert!(message.starts_with("Return-Path: <carol@example.org>\nReceived: from sender.example.org "), "{message}");
    assert!(message.contains("with ESMTP id "), "{message}");
    assert!(message.contains("\n.dot\nend\n"), "{message}");
    assert!(!message.contains("Message-ID") && !message.contains("\nDate:"), "added to foreign mail: {message}");
}

#[tokio::test]
async fn only_our_recipients_are_taken() {
    let server = server().await;
    let mut smtp = hello(&server).await;
    smtp.smtp("MAIL FROM:<carol@example.org>", "250").await;
    smtp.smtp("RCPT TO:<nobody@example.test>", "550 5.1.1").await;
    smtp.smtp("RCPT TO:<someone@elsewhere.example>", "550 5.7.1").await;
    smtp.smtp("RCPT TO:<alice%elsewhere.example@example.test>", "550 5.1.1").await;
    smtp.smtp("RCPT TO:<@elsewhere.example:alice@example.test>", "250").await;
    smtp.smtp("RCPT TO:<alice+lists@example.test>", "250").await;
    smtp.smtp("RCPT TO:<ALICE@EXAMPLE.TEST>", "250").await;
    smtp.smtp("RCPT TO:<postmaster>", "250").await;
    smtp.smtp("DATA", "354").await;
    smtp.smtp("Subject: once\r\n\r\nOne copy for each mailbox.\r\n.", "250").await;
    assert_eq!(count(&server, "alice").await, 1);
}

#[tokio::test]
async fn port_25_has_no_sign_in() {
    let server = server().await;
    let mut smtp = server.connect(25).await;
    smtp.smtp_reply("220").await;
    let lines = smtp.smtp("EHLO sender.example.org", "250").await;
    assert!(!lines.iter().any(|line| line.contains("AUTH")), "{lines:?}");
}

#[tokio::test]
async fn aliases_and_catch_all_lead_to_mailboxes() {
    let server = server().await;
    server.json(&["alias", "put", "team@example.test", "alice@example.test", "bob@example.test"]);
    server.json(&["domain", "set", "example.test", "--catch-all", "bob@example.test"]);
    server.deliver("carol@example.org", "team@example.test", "Subject: both\n\n").await;
    server.deliver("carol@example.org", "anything@example.test", "Subject: rest\n\n").await;
    assert_eq!((count(&server, "alice").await, count(&server, "bob").await), (1, 2));
}

#[tokio::test]
async fn a_full_mailbox_defers_and_a_message_too_large_for_it_is_refused() {
    let server = server().await;
    server.json(&["account", "set", "alice@example.test", "--quota", "20K"]);
    let mut smtp = hello(&server).await;
    smtp.smtp("MAIL FROM:<carol@example.org> SIZE=100000", "250").await;
    smtp.smtp("RCPT TO:<alice@example.test>", "552 5.2.2").await;
    smtp.smtp("RSET", "250").await;
    server
        .deliver("carol@example.org", "alice@example.test", &format!("Subject: fills\n\n{}\n", "x\n".repeat(5000)))
        .await;
    smtp.smtp("MAIL FROM:<carol@example.org> SIZE=10000", "250").await;
    smtp.smtp("RCPT TO:<alice@example.test>", "452 4.2.2").await;
}

#[tokio::test]
async fn closed_and_suspended_accounts() {
    let server = server().await;
    server.json(&["account", "set", "alice@example.test", "--state", "closed"]);
    server.json(&["account", "set", "bob@example.test", "--state", "suspended"]);
    let mut smtp = hello(&server).await;
    smtp.smtp("MAIL FROM:<carol@example.org>", "250").await;
    smtp.smtp("RCPT TO:<alice@example.test>", "550 5.2.1").await;
    // Mail goes on to come in while an account is suspended; its owner cannot sign in.
    smtp.smtp("RCPT TO:<bob@example.test>", "250").await;
    let mut imap = server.connect(143).await;
    imap.expect("* OK").await;
    imap.imap_ends(&format!("LOGIN bob@example.test \"{}\"", testkit::server::PASSWORD), "NO").await;
}

#[tokio::test]
async fn a_pipelined_transaction_is_answered_in_order() {
    let server = server().await;
    let mut smtp = server.connect(25).await;
    smtp.smtp_reply("220").await;
    smtp.send(
        b"EHLO sender.example.org\r\nMAIL FROM:<carol@example.org>\r\nRCPT TO:<nobody@example.test>\r\n\
          RCPT TO:<alice@example.test>\r\nDATA\r\n",
    )
    .await;
    for code in ["250", "250 2.1.0", "550 5.1.1", "250 2.1.5", "354"] {
        smtp.smtp_reply(code).await;
    }
    smtp.send(b"Subject: piped\r\n\r\n.\r\nQUIT\r\n").await;
    smtp.smtp_reply("250").await;
    smtp.smtp_reply("221").await;
    assert_eq!(smtp.line().await, None);
}

#[tokio::test]
async fn chunks_make_a_message() {
    let server = server().await;
    let mut smtp = hello(&server).await;
    smtp.smtp("MAIL FROM:<carol@example.org> BODY=8BITMIME", "250").await;
    smtp.smtp("RCPT TO:<alice@example.test>", "250").await;
    smtp.send(b"BDAT 18\r\nSubject: chunked\r\n").await;
    smtp.smtp_reply("250").await;
    smtp.send("BDAT 17 LAST\r\n\r\n.\r\nGrüße\r\n.\r\n".as_bytes()).await;
    smtp.smtp_reply("250").await;
    let message = newest(&server, "alice").await;
    assert!(message.contains("Subject: chunked\n\n.\nGrüße\n."), "{message}");
}

#[tokio::test]
async fn smuggled_line_ends_are_refused() {
    let server = server().await;
    for end in ["\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r\n.\r"] {
        let mut smtp = hello(&server).await;
        smtp.smtp("MAIL FROM:<carol@example.org>", "250").await;
        smtp.smtp("RCPT TO:<alice@example.test>", "250").await;
        smtp.smtp("DATA", "354").await;
        smtp.send(format!("Subject: a\r\n\r\nb{end}MAIL FROM:<smuggled@example.org>\r\n\r\n.\r\n").as_bytes()).await;
        smtp.smtp_reply("550 5.5.2").await;
    }
    assert_eq!(count(&server, "alice").await, 0);
}

#[tokio::test]
async fn nothing_is_smuggled_past_starttls() {
    let server = server().await;
    let mut smtp = hello(&server).await;
    smtp.send(b"STARTTLS\r\nMAIL FROM:<injected@example.org>\r\n").await;
    smtp.smtp_reply("503").await;
}

#[tokio::test]
async fn bad_commands_are_named_and_bounded() {
    let server = server_with("[limits]\nbad_commands_max = 5").await;
    let mut smtp = server.connect(25).await;
    smtp.smtp_reply("220").await;
    smtp.smtp("MAIL FROM:<a@example.org>", "503 5.5.1").await;
    smtp.smtp("EHLO", "501").await;
    smtp.smtp("EHLO sender.example.org", "250").await;
    smtp.smtp("MAIL FROM:a b", "501").await;
    smtp.smtp("WHAT", "500 5.5.1").await;
    smtp.send(&[b'x'; 5000]).await;
    smtp.smtp("", "500 5.5.2").await;
    smtp.smtp("MAIL FROM:<a@example.org> NOSUCH=1", "").await;
    assert!(smtp.line().await.is_none(), "the session ends after too many wrong commands");
}

#[tokio::test]
async fn sizes_are_bounded() {
    let server = server_with("[limits]\nmessage_bytes_max = \"64KB\"").await;
    let mut smtp = hello(&server).await;
    smtp.smtp("MAIL FROM:<carol@example.org> SIZE=70000", "552 5.3.4").await;
    smtp.smtp("MAIL FROM:<carol@example.org>", "250").await;
    smtp.smtp("RCPT TO:<alice@example.test>", "250").await;
    smtp.smtp("DATA", "354").await;
    smtp.send("Subject: large\r\n\r\n".as_bytes()).await;
    smtp.send("0123456789abcdef\r\n".repeat(5000).as_bytes()).await;
    smtp.smtp(".", "552 5.3.4").await;
    smtp.smtp("MAIL FROM:<carol@example.org>", "250").await;
}

#[tokio::test]
async fn connections_of_one_address_are_bounded() {
    let server = server_with("[limits]\nconnections_local_max = 3").await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(hello(&server).await);
    }
    server.connect(25).await.smtp_reply("421").await;
    held.pop().expect("three are open").smtp("QUIT", "221").await;
}

/// Broken mail of all kinds is kept byte for byte, listed and searched, and takes nothing down.
#[tokio::test]
async fn broken_mail_is_kept_byte_for_byte() {
    let server = server().await;
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/mime-torture");
    let mut files = Vec::new();
    let mut folders = vec![corpus];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("reads").path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|e| e == "eml" || e == "msg") => files.push(path),
                false => {}
            }
        }
    }
    files.sort();
    assert!(files.len() > 100, "the corpus has {} messages", files.len());
    let mut imap = server.imap("alice").await;
    imap.imap("SELECT INBOX").await;
    for (index, file) in files.iter().enumerate() {
        let bytes = std::fs::read(file).expect("reads");
        imap.say(&format!("a{index} APPEND INBOX {{{}+}}", bytes.len())).await;
        imap.send(&bytes).await;
        imap.send(b"\r\n").await;
        imap.until(&format!("a{index} OK")).await;
        imap.say(&format!("f{index} FETCH * (UID ENVELOPE BODYSTRUCTURE BODY.PEEK[])")).await;
        loop {
            let line = imap.line().await.unwrap_or_else(|| panic!("{} ended the session", file.display()));
            assert!(!line.starts_with(&format!("f{index} ")), "{}: no literal", file.display());
            if !line.contains(" FETCH (") && !line.ends_with('}') {
                continue;
            }
            let length = line.rsplit_once('{').and_then(|(_, rest)| rest.trim_end_matches('}').parse::<usize>().ok());
            let Some(length) = length.filter(|_| line.ends_with('}')) else { continue };
            let literal = imap.bytes(length).await;
            // Literals before the body are strings of the envelope.
            if line.contains("BODY[] {") {
                assert!(literal == bytes, "{} is not kept byte for byte", file.display());
                break;
            }
        }
        imap.until(&format!("f{index} OK")).await;
    }
    imap.imap("SEARCH TEXT \"needle that is not there\"").await;
}
