//! Several sessions on one mailbox: what each is told, and when.

use crate::{Server, is_like};
use store::{FlagChange, Flags, UidSet};

async fn with(count: usize) -> Server {
    let server = Server::start().await;
    let texts: Vec<String> = (1..=count).map(|n| format!("Subject: {n}\r\n\r\n{n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    server.deliver_all("INBOX", &texts, &Flags::default()).await;
    server
}

#[tokio::test]
async fn idle_is_told_at_once() {
    let server = with(2).await;
    let mut idle = server.inbox().await;
    idle.speak("C: 1 IDLE\nS: + idling").await;
    let mut other = server.inbox().await;
    server.deliver("INBOX", "Subject: new\r\n\r\nx").await;
    idle.speak("S: * 3 EXISTS\nS: * 3 RECENT").await;
    other.run("STORE 1 +FLAGS (\\Deleted)").await;
    idle.expect("* 1 FETCH (UID 1 FLAGS (\\Deleted \\Recent))").await;
    other.run("EXPUNGE").await;
    idle.speak(
        "S: * 1 EXPUNGE\nC: DONE\nS: 1 OK IDLE completed\nC: 2 IDLE\nS: + idling\nC: what\nS: 2 BAD expected DONE",
    )
    .await;
}

#[tokio::test]
async fn idle_without_a_mailbox_waits() {
    let server = with(0).await;
    let mut idle = server.alice().await;
    idle.speak("C: 1 IDLE\nS: + idling").await;
    server.deliver("INBOX", "Subject: new\r\n\r\nx").await;
    idle.speak("C: done\nS: 1 OK IDLE completed").await;
}

/// Sequence numbers go on meaning what the client was told, until a command in which EXPUNGE may be told.
#[tokio::test]
async fn expunge_waits_while_numbers_are_used() {
    let server = with(4).await;
    let mut first = server.inbox().await;
    let mut second = server.inbox().await;
    second.run("STORE 2 +FLAGS.SILENT (\\Deleted)").await;
    second.run("EXPUNGE").await;
    server.deliver("INBOX", "Subject: new\r\n\r\nx").await;
    first
        .speak(
            "
            C: 1 STORE 3 +FLAGS (\\Flagged)
            S: * 5 EXISTS
            S: * 5 RECENT
            S: * 3 FETCH (FLAGS (\\Flagged \\Recent))
            S: 1 OK STORE completed
            C: 2 FETCH 4 UID
            S: * 4 FETCH (UID 4)
            S: 2 OK ...
            C: 3 SEARCH FLAGGED
            S: * SEARCH 3
            S: 3 OK ...
            C: 4 UID FETCH 5 FLAGS
            S: * 5 FETCH (UID 5 FLAGS (\\Recent))
            S: * 2 EXPUNGE
            S: 4 OK ...
            C: 5 FETCH 2 UID
            S: * 2 FETCH (UID 3)
            S: 5 OK ...
            ",
        )
        .await;
    second.run("NOOP").await;
    second.speak("C: 1 FETCH 2 (UID FLAGS)\nS: * 2 FETCH (UID 3 FLAGS (\\Flagged))\nS: 1 OK ...").await;
}

#[tokio::test]
async fn silent_is_silent_for_the_one_and_not_for_the_other() {
    let server = with(2).await;
    let mut first = server.inbox().await;
    let mut second = server.inbox().await;
    first.run("ENABLE CONDSTORE").await;
    assert_eq!(second.run("STORE 1:2 +FLAGS.SILENT (\\Seen)").await.len(), 1);
    let lines = first.run("NOOP").await;
    assert!(is_like("* 1 FETCH (UID 1 FLAGS (\\Seen \\Recent) MODSEQ (...))", &lines[0]), "{lines:?}");
    assert_eq!(lines.len(), 3);
    assert_eq!(second.run("NOOP").await.len(), 1);
}

#[tokio::test]
async fn a_mailbox_deleted_by_another_is_emptied() {
    let server = Server::start().await;
    let mut first = server.alice().await;
    first.run("CREATE Old").await;
    server.deliver("Old", "a: b\r\n\r\n").await;
    first.run("SELECT Old").await;
    let mut second = server.alice().await;
    second.run("DELETE Old").await;
    first
        .speak(
            "
            C: 1 NOOP
            S: * 1 EXPUNGE
            S: 1 OK NOOP completed
            C: 2 UID FETCH 1:* FLAGS
            S: 2 OK ...
            C: 3 CREATE Old
            S: 3 OK ...
            C: 4 SELECT Old
            S: * OK [CLOSED] ...
            S: * FLAGS ...
            ",
        )
        .await;
}

#[tokio::test]
async fn pipelined_commands_are_answered_in_order() {
    let server = with(1).await;
    let mut client = server.inbox().await;
    client.send(b"1 NOOP\r\n2 FETCH 1 UID\r\n3 NOOP\n4 IDLE\r\nDONE\r\n5 NOOP\r\n").await;
    client
        .speak("S: 1 OK ...\nS: * 1 FETCH (UID 1)\nS: 2 OK ...\nS: 3 OK ...\nS: + idling\nS: 4 OK ...\nS: 5 OK ...")
        .await;
}

#[tokio::test]
async fn many_changes_are_told() {
    let server = with(3000).await;
    let mut first = server.inbox().await;
    let mut second = server.inbox().await;
    second.run("STORE 1:3000 +FLAGS.SILENT (\\Seen)").await;
    second.run("UID STORE 1:2990 +FLAGS.SILENT (\\Deleted)").await;
    second.run("EXPUNGE").await;
    let lines = first.run("NOOP").await;
    assert_eq!(lines.iter().filter(|line| line.ends_with("EXPUNGE")).count(), 2990);
    assert_eq!(lines.iter().filter(|line| line.contains("FETCH")).count(), 10);
    assert_eq!(first.run("UID FETCH 1:* UID").await.len(), 11);
}

/// A session that looked away for so long that the history no longer reaches back.
#[tokio::test]
async fn all_is_told_after_a_long_silence() {
    let server = with(5).await;
    let mut first = server.inbox().await;
    let mut second = server.inbox().await;
    second.run("STORE 1 +FLAGS.SILENT (\\Deleted)").await;
    second.run("EXPUNGE").await;
    second.run("STORE 2 +FLAGS.SILENT (\\Flagged)").await;
    server.deliver("INBOX", "Subject: new\r\n\r\nx").await;
    let (account, archive) = (server.alice.id, server.store().mailbox_by_name(server.alice.id, "Archive").unwrap().id);
    server.deliver("Archive", "a: b\r\n\r\n").await;
    let toggles = (0..10_600).map(|turn| {
        let change = if turn % 2 == 0 { FlagChange::Add } else { FlagChange::Remove };
        let (flags, uids) = (Flags::system(Flags::SEEN), UidSet::from_iter([1]));
        server.store().commit(Vec::new(), move |tx| tx.flags_change(account, archive, &uids, change, &flags, None))
    });
    futures_util::future::try_join_all(toggles).await.unwrap();
    first
        .speak(
            "
            C: 1 NOOP
            S: * 1 EXPUNGE
            S: * 5 EXISTS
            S: * 5 RECENT
            S: * 2 FETCH (UID 3 FLAGS (\\Flagged \\Recent))
            S: 1 OK NOOP completed
            C: 2 NOOP
            S: 2 OK NOOP completed
            ",
        )
        .await;
}

/// What a connection costs while it waits is this and what the system holds for the socket.
#[tokio::test]
async fn a_session_is_small() {
    let server = with(0).await;
    let (_near, far) = tokio::io::duplex(1);
    let address = std::net::SocketAddr::from(([192, 0, 2, 1], 4000));
    let peer = net::Peer { client: address, local: address, trusted: false };
    let session = imap::session(net::Stream::Pipe(far), peer, server.context.clone());
    let bytes = std::mem::size_of_val(&session);
    assert!(bytes <= 4096, "{bytes} bytes");
}
