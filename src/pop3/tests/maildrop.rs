//! The TRANSACTION state: listings, retrieving, deleting, and what others do meanwhile.

use crate::{PASSWORD, Server};
use store::{FlagChange, Flags, UidSet};

const ONE: &str = "Subject: one\r\n\r\nFirst line\r\n.dot\r\n..two\r\nlast\r\n";
const TWO: &str = "Subject: two\r\n\r\nno line end";

#[tokio::test]
async fn a_session_as_the_rfc_has_it() {
    let server = Server::start().await;
    server.deliver_all(&[ONE, TWO]).await;
    let mut client = server.alice().await;
    let (one, both) = (ONE.len(), ONE.len() + TWO.len());
    client
        .speak(&format!(
            "
            C: STAT
            S: +OK 2 {both}
            C: LIST
            S: +OK 2 messages
            S: 1 {one}
            S: 2 27
            S: .
            C: LIST 1
            S: +OK 1 {one}
            C: LIST 3
            S: -ERR there is no message 3
            C: RETR 1
            S: +OK {one} octets
            S: Subject: one
            S:
            S: First line
            S: ..dot
            S: ...two
            S: last
            S: .
            C: TOP 1 2
            S: +OK {one} octets
            S: Subject: one
            S:
            S: First line
            S: ..dot
            S: .
            C: RETR 2
            S: +OK 27 octets
            S: Subject: two
            S:
            S: no line end
            S: .
            C: DELE 1
            S: +OK message 1 is deleted at QUIT
            C: DELE 1
            S: -ERR message 1 is deleted already
            C: RETR 1
            S: -ERR message 1 is deleted already
            C: STAT
            S: +OK 1 27
            C: LIST
            S: +OK 1 messages
            S: 2 27
            S: .
            C: RSET
            S: +OK 2 messages, {both} octets
            C: NOOP
            S: +OK
            C: DELE 2
            S: +OK ...
            C: QUIT
            S: +OK good bye
            "
        ))
        .await;
    client.closed().await;
    // The one that was retrieved and stays is read now.
    assert_eq!(server.inbox(), (vec![1], vec![]));
}

#[tokio::test]
async fn without_quit_nothing_is_deleted_or_marked() {
    let server = Server::start().await;
    server.deliver_all(&[ONE, TWO]).await;
    let mut client = server.alice().await;
    client.speak("C: DELE 1\nS: +OK ...\nC: RETR 2\nS: +OK ...").await;
    drop(client);
    // The maildrop is free once the server has seen the end.
    loop {
        let mut next = server.connect().await;
        next.speak(&format!("C: USER alice@example.test\nS: +OK ...\nC: PASS {PASSWORD}")).await;
        if next.line().await.unwrap().starts_with("+OK") {
            next.speak(&format!("C: STAT\nS: +OK 2 {}", ONE.len() + TWO.len())).await;
            break;
        }
    }
    assert_eq!(server.inbox(), (vec![1, 2], vec![1, 2]));
}

#[tokio::test]
async fn a_maildrop_has_one_session_and_says_so() {
    let server = Server::start().await;
    server.deliver(ONE).await;
    let mut first = server.alice().await;
    let mut second = server.connect().await;
    let sign_in = format!("C: USER alice@example.test\nS: +OK ...\nC: PASS {PASSWORD}\n");
    second.speak(&format!("{sign_in}S: -ERR [IN-USE] another program is fetching this mail at the moment: ...")).await;
    first.speak("C: DELE 1\nS: +OK ...\nC: QUIT\nS: +OK good bye").await;
    // The same connection may try again, and sees what the first left.
    second.speak(&format!("{sign_in}S: +OK 0 messages, 0 octets\nC: UIDL\nS: +OK 0 messages\nS: .")).await;
}

#[tokio::test]
async fn unique_ids_stay_and_never_come_again() {
    let server = Server::start().await;
    server.deliver_all(&[ONE, TWO, ONE]).await;
    let mut client = server.alice().await;
    let before = client.listing("UIDL").await;
    let ids: std::collections::BTreeSet<&str> = before.iter().map(|line| &line[2..]).collect();
    assert_eq!(ids.len(), 3, "messages with the same text have ids of their own: {before:?}");
    assert!(ids.iter().all(|id| id.len() <= 70 && id.bytes().all(|byte| byte.is_ascii_graphic())), "{before:?}");
    client.speak(&format!("C: UIDL 3\nS: +OK {}\nC: UIDL 4\nS: -ERR there is no message 4", before[2])).await;
    client.speak("C: DELE 3\nS: +OK ...\nC: DELE 1\nS: +OK ...\nC: QUIT\nS: +OK ...").await;
    server.deliver(ONE).await;
    let mut client = server.alice().await;
    let after = client.listing("UIDL").await;
    assert_eq!(after[0][2..], before[1][2..], "the number has changed, the id has not");
    assert!(!ids.contains(&after[1][2..]), "{after:?} after {before:?}");
}

#[tokio::test]
async fn what_comes_during_a_session_waits_for_the_next() {
    let server = Server::start().await;
    server.deliver(ONE).await;
    let mut client = server.alice().await;
    server.deliver(TWO).await;
    client.speak(&format!("C: STAT\nS: +OK 1 {}\nC: RETR 2\nS: -ERR there is no message 2", ONE.len())).await;
    client.speak("C: DELE 1\nS: +OK ...\nC: QUIT\nS: +OK ...").await;
    assert_eq!(server.inbox().0, [2]);
}

#[tokio::test]
async fn what_another_program_removes_is_told() {
    let server = Server::start().await;
    server.deliver_all(&[ONE, TWO, ONE]).await;
    let mut client = server.alice().await;
    server.expunge(UidSet::from_iter([(2, 2)])).await;
    assert_eq!(client.listing("LIST").await, [format!("1 {}", ONE.len()), format!("3 {}", ONE.len())]);
    client
        .speak(
            "
            C: RETR 2
            S: -ERR [SYS/TEMP] another program has removed this message
            C: DELE 2
            S: -ERR [SYS/TEMP] another program has removed this message
            C: DELE 3
            S: +OK ...
            ",
        )
        .await;
    server.expunge(UidSet::from_iter([(3, 3)])).await;
    client.speak("C: QUIT\nS: +OK good bye").await;
    assert_eq!(server.inbox().0, [1]);
}

#[tokio::test]
async fn messages_retrieved_in_order_are_the_right_ones() {
    let server = Server::start().await;
    let texts: Vec<String> =
        (0..40).map(|n| format!("Subject: {n}\r\n\r\n{}\r\n", "line of a body\r\n".repeat(n * n * 3))).collect();
    server.deliver_all(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mut client = server.alice().await;
    // In order, back, twice, with others between: what is read ahead must never be taken for another.
    let order = (1..=40).chain([3, 4, 4, 5, 1, 2, 3, 40, 39, 40, 7, 8]);
    for number in order {
        let lines = client.listing(&format!("RETR {number}")).await;
        assert_eq!(lines.join("\r\n") + "\r\n", texts[number - 1], "message {number}");
    }
    client.listing("RETR 9").await;
    client
        .speak("C: DELE 10\nS: +OK ...\nC: RETR 10\nS: -ERR message 10 is deleted already\nC: RSET\nS: +OK ...")
        .await;
    assert_eq!(client.listing("RETR 10").await.join("\r\n") + "\r\n", texts[9]);
    client.speak("C: QUIT\nS: +OK ...").await;
    assert!(server.inbox().1.is_empty());
}

#[tokio::test]
async fn a_large_message_comes_in_pieces_and_whole() {
    let server = Server::start().await;
    let line = ".a line that begins with a dot, as some do\r\n";
    let text = format!("Subject: large\r\n\r\n{}", line.repeat(40_000));
    server.deliver(&text).await;
    let mut client = server.alice().await;
    let lines = client.listing("RETR 1").await;
    assert_eq!(lines.join("\r\n") + "\r\n", text);
    assert_eq!(client.listing("TOP 1 0").await, ["Subject: large", ""]);
    assert_eq!(client.listing("TOP 1 3000").await.len(), 3002);
    assert_eq!(client.listing("TOP 1 4294967295").await.len(), 40_002);
}

#[tokio::test]
async fn bare_line_ends_become_crlf() {
    let server = Server::start().await;
    server.deliver("Subject: x\n\none\n.\ntwo").await;
    let mut client = server.alice().await;
    client.speak("C: RETR 1\nS: +OK 21 octets\nS: Subject: x\nS:\nS: one\nS: ..\nS: two\nS: .\nC: NOOP\nS: +OK").await;
}

#[tokio::test]
async fn many_messages_are_listed_and_deleted_at_once() {
    let server = Server::start().await;
    let texts: Vec<String> = (0..5000).map(|n| format!("Subject: {n}\r\n\r\nx\r\n")).collect();
    server.deliver_all(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mut client = server.alice().await;
    let sizes = client.listing("LIST").await;
    assert_eq!((sizes.len(), sizes[4999].as_str()), (5000, "5000 20"));
    assert_eq!(client.listing("UIDL").await.len(), 5000);
    // Pipelined, as CAPA says is allowed.
    let commands: String = (1..=5000).map(|n| format!("DELE {n}\r\n")).collect();
    for part in commands.as_bytes().chunks(4096) {
        client.send(part).await;
        tokio::task::yield_now().await;
    }
    for number in 1..=5000 {
        client.expect(&format!("+OK message {number} is deleted at QUIT")).await;
    }
    client.speak("C: STAT\nS: +OK 0 0\nC: QUIT\nS: +OK good bye").await;
    assert!(server.inbox().0.is_empty());
}

#[tokio::test]
async fn flags_of_others_do_not_matter() {
    let server = Server::start().await;
    server.deliver_all(&[ONE, TWO]).await;
    let account = server.alice.id;
    let inbox = server.store().mailbox_by_name(account, "INBOX").unwrap().id;
    let one = UidSet::from_iter([(1, 1)]);
    let flags = Flags::system(Flags::DELETED | Flags::FLAGGED);
    let mark = move |tx: &mut store::Tx<'_>| tx.flags_change(account, inbox, &one, FlagChange::Add, &flags, None);
    server.store().commit(Vec::new(), mark).await.unwrap();
    let mut client = server.alice().await;
    assert_eq!(client.listing("LIST").await.len(), 2);
    client.speak("C: QUIT\nS: +OK ...").await;
    assert_eq!(server.inbox().0, [1, 2]);
}
