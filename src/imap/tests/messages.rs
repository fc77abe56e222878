//! APPEND, STORE, COPY, MOVE, EXPUNGE, CLOSE.

use crate::{Server, is_like};
use config::Limits;
use store::Flags;

async fn with_three() -> Server {
    let server = Server::start().await;
    let texts = ["Subject: a\r\n\r\n1", "Subject: b\r\n\r\n2", "Subject: c\r\n\r\n3"];
    server.deliver_all("INBOX", &texts, &Flags::default()).await;
    server
}

#[tokio::test]
async fn append_one_and_many() {
    let server = Server::start().await;
    let mut client = server.inbox().await;
    client
        .speak(
            r#"
            C: 1 APPEND INBOX (\Seen Work) "24-Nov-2026 04:36:00 +0100" {14}
            S: + Go on
            C: Subject: a
            C:
            C:
            S: * 1 EXISTS
            S: * 1 RECENT
            S: 1 OK [APPENDUID ... 1] APPEND completed
            C: 2 FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE)
            S: * 1 FETCH (FLAGS (... \Recent...) INTERNALDATE "24-Nov-2026 03:36:00 +0000" RFC822.SIZE 14)
            S: 2 OK ...
            C: 3 APPEND INBOX {4+}
            C: a: b (\Flagged) {4+}
            C: c: d
            S: * 3 EXISTS
            S: * 3 RECENT
            S: 3 OK [APPENDUID ... 2:3] APPEND completed
            C: 4 APPEND nowhere {1}
            S: + Go on
            C: x
            S: 4 NO [TRYCREATE] there is no such mailbox
            C: 5 APPEND INBOX {0}
            S: + Go on
            C:
            S: 5 NO [CANNOT] a message cannot be empty
            "#,
        )
        .await;
}

#[tokio::test]
async fn append_has_bounds() {
    let limits = Limits { message_bytes_max: 100_000, ..Limits::default() };
    let server = Server::with_limits(limits).await;
    let mut client = server.alice().await;
    client
        .speak(
            "
            C: 1 APPEND INBOX {100001}
            S: 1 NO [TOOBIG] the message is too large
            C: 2 APPEND INBOX {100001+}
            ",
        )
        .await;
    client.say(&"x".repeat(100_001)).await;
    client.speak("S: 2 NO [TOOBIG] the message is too large\nC: 3 NOOP\nS: 3 OK NOOP completed").await;
    client.say(&format!("4 APPEND INBOX {{100000+}}\r\n{}", "x".repeat(100_000))).await;
    client.expect("4 OK ...").await;
    client.speak("C: 5 APPEND INBOX {99999999999999}\nS: 5 NO [TOOBIG] ...").await;
    let mut stranger = server.connect(false).await;
    stranger.speak("C: 1 APPEND INBOX {10}\nS: 1 BAD sign in first").await;
}

#[tokio::test]
async fn messages_of_all_sessions_share_a_budget() {
    let limits = Limits { message_bytes_max: 100_000, incoming_bytes_max: 128 * 1024, ..Limits::default() };
    let server = Server::with_limits(limits).await;
    let mut first = server.alice().await;
    let mut second = server.alice().await;
    first.speak("C: 1 APPEND INBOX {90000}\nS: + Go on").await;
    second.say("1 APPEND INBOX {90000}").await;
    // The second has to wait until the first is done.
    first.say(&"x".repeat(90_000)).await;
    first.expect("1 OK ...").await;
    second.expect("+ Go on").await;
    second.say(&"x".repeat(90_000)).await;
    second.expect("1 OK ...").await;
}

#[tokio::test]
async fn store_tells_unless_silent() {
    let server = with_three().await;
    let mut client = server.inbox().await;
    client
        .speak(
            r#"
            C: 1 STORE 1:2 +FLAGS (\Flagged $Label)
            S: * 1 FETCH (FLAGS (\Flagged $Label \Recent))
            S: * 2 FETCH (FLAGS (\Flagged $Label \Recent))
            S: 1 OK STORE completed
            C: 2 UID STORE 2 -FLAGS.SILENT \Flagged
            S: 2 OK STORE completed
            C: 3 UID STORE 2:9 FLAGS (\Seen)
            S: * 2 FETCH (UID 2 FLAGS (\Seen \Recent))
            S: * 3 FETCH (UID 3 FLAGS (\Seen \Recent))
            S: 3 OK STORE completed
            C: 4 STORE 4 +FLAGS (\Seen)
            S: 4 BAD there is no message 4
            C: 5 UID STORE 77 +FLAGS (\Seen)
            S: 5 OK STORE completed
            C: 6 NOOP
            S: 6 OK NOOP completed
            "#,
        )
        .await;
}

#[tokio::test]
async fn store_unless_changed() {
    let server = with_three().await;
    let mut client = server.inbox().await;
    let modseq = server.store().modseq(server.alice.id).unwrap();
    client.run("STORE 2 +FLAGS.SILENT (\\Seen)").await;
    let lines = client.run(&format!("STORE 1:3 (UNCHANGEDSINCE {modseq}) +FLAGS.SILENT (\\Flagged)")).await;
    assert!(is_like("* OK [HIGHESTMODSEQ ...] ...", &lines[0]), "{lines:?}");
    assert!(is_like("* 1 FETCH (MODSEQ (...))", &lines[1]), "{lines:?}");
    assert!(is_like("* 3 FETCH (MODSEQ (...))", &lines[2]), "{lines:?}");
    assert_eq!(lines[3], "OK [MODIFIED 2] Some had changed meanwhile");
    let lines = client.run("UID STORE 1 -FLAGS (\\Flagged)").await;
    assert!(is_like("* 1 FETCH (UID 1 FLAGS (\\Recent) MODSEQ (...))", &lines[0]), "{lines:?}");
}

#[tokio::test]
async fn copy_and_move() {
    let server = with_three().await;
    let mut client = server.inbox().await;
    client
        .speak(
            r#"
            C: 1 COPY 1,3 Archive
            S: 1 OK [COPYUID ... 1,3 1:2] COPY completed
            C: 2 COPY 1 nowhere
            S: 2 NO [TRYCREATE] there is no such mailbox
            C: 3 UID COPY 99 Archive
            S: 3 OK COPY completed
            C: 4 UID MOVE 1:2 Archive
            S: * OK [COPYUID ... 1:2 3:4] Moved
            S: * 2 EXPUNGE
            S: * 1 EXPUNGE
            S: 4 OK MOVE completed
            C: 5 STATUS Archive (MESSAGES)
            S: * STATUS Archive (MESSAGES 4)
            S: 5 OK STATUS completed
            C: 6 MOVE 1 INBOX
            S: * OK [COPYUID ... 3 4] Moved
            S: * 1 EXPUNGE
            S: * 1 EXISTS
            S: * 1 RECENT
            S: 6 OK MOVE completed
            "#,
        )
        .await;
}

#[tokio::test]
async fn expunge_and_close() {
    let server = with_three().await;
    let mut client = server.inbox().await;
    client.run("STORE 1:* +FLAGS.SILENT (\\Deleted)").await;
    client
        .speak(
            "
            C: 1 UID EXPUNGE 2,9
            S: * 2 EXPUNGE
            S: 1 OK EXPUNGE completed
            C: 2 EXPUNGE
            S: * 2 EXPUNGE
            S: * 1 EXPUNGE
            S: 2 OK EXPUNGE completed
            C: 3 EXPUNGE
            S: 3 OK EXPUNGE completed
            ",
        )
        .await;
    server.deliver("INBOX", "a: b\r\n\r\n").await;
    client.speak("C: 4 NOOP\nS: * 1 EXISTS\nS: * 1 RECENT\nS: 4 OK ...").await;
    client.run("STORE 1 +FLAGS (\\Deleted)").await;
    client.speak("C: 5 CLOSE\nS: 5 OK CLOSE completed\nC: 6 CHECK\nS: 6 BAD select a mailbox first").await;
    assert_eq!(client.run("STATUS INBOX (MESSAGES)").await[0], "* STATUS INBOX (MESSAGES 0)");
}
