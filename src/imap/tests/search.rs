//! SEARCH: keys, answers in both forms, and long mailboxes.

use crate::{Server, is_like};
use store::Flags;

const MAIL: [&str; 4] = [
    "From: Alice <alice@example.test>\r\nTo: bob@example.test\r\nSubject: Lunch\r\nDate: Tue, 24 Nov 2026 23:30:00 -0500\r\n\
        Message-ID: <one@example.test>\r\n\r\nAt noon in the garden.\r\n",
    "From: Bob <bob@example.test>\r\nCc: carol@example.test\r\nSubject: =?iso-8859-1?q?Gr=FC=DFe?=\r\nX-Kind: quick\r\n\
        Date: Wed, 25 Nov 2026 01:00:00 +0000\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\r\nSch=F6ne Gr=FC=DFe aus K=F6ln, gar=\r\nden\r\n",
    "From: news@shop.example\r\nSubject: Offers\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
        <p class=garden>Only <b>today</b>: a noon sale</p>",
    "Subject: no date\r\n\r\n",
];

async fn with_mail() -> Server {
    let server = Server::start().await;
    server.deliver_all("INBOX", &MAIL, &Flags::default()).await;
    server
}

#[tokio::test]
async fn keys() {
    let server = with_mail().await;
    let mut client = server.inbox().await;
    client.run("STORE 2 +FLAGS.SILENT (\\Seen Work)").await;
    client.run("STORE 3 +FLAGS.SILENT (\\Flagged)").await;
    for (search, found) in [
        ("ALL", "1 2 3 4"),
        ("2:3", "2 3"),
        ("UID 3:*", "3 4"),
        ("NOT 2:3", "1 4"),
        ("SEEN", "2"),
        ("UNSEEN", "1 3 4"),
        ("UNSEEN UNFLAGGED", "1 4"),
        ("OR SEEN FLAGGED", "2 3"),
        ("KEYWORD work", "2"),
        ("UNKEYWORD Work", "1 3 4"),
        ("FROM alice", "1"),
        ("FROM \"bob <BOB@\"", "2"),
        ("TO bob", "1"),
        ("CC carol", "2"),
        ("SUBJECT lunch", "1"),
        ("SUBJECT \"\"", "1 2 3 4"),
        ("HEADER X-Kind quick", "2"),
        ("HEADER X-Kind \"\"", "2"),
        ("HEADER Message-ID one@example", "1"),
        ("HEADER Cc \"\"", "2"),
        ("BODY garden", "1 2"),
        ("BODY \"today: a noon\"", "3"),
        ("TEXT offers", "3"),
        ("BODY offers", ""),
        ("TEXT noon", "1 3"),
        ("OR BODY garden SUBJECT offers", "1 2 3"),
        ("NOT TEXT noon", "2 4"),
        ("SMALLER 30", "4"),
        ("LARGER 30 NOT LARGER 150", "3"),
        ("SENTON 24-Nov-2026", "1"),
        ("SENTSINCE 25-Nov-2026", "2"),
        ("SENTBEFORE 25-Nov-2026", "1"),
        ("ON 4-Nov-2026", "1 2 3 4"),
        ("BEFORE 4-Nov-2026", ""),
        ("SAVEDSINCE 4-Nov-2026 1:2", "1 2"),
        ("OLDER 60", if now_is_after_delivery() { "1 2 3 4" } else { "" }),
        ("NEW", "1 3 4"),
        ("OLD", ""),
        ("(OR (SEEN FROM bob) (FLAGGED)) NOT 3", "2"),
        ("CHARSET UTF-8 FROM alice", "1"),
    ] {
        let lines = client.run(&format!("SEARCH {search}")).await;
        assert_eq!(lines[0], format!("* SEARCH {found}").trim_end(), "{search}");
    }
    client
        .speak(
            "
            C: 1 SEARCH CHARSET UTF-8 BODY {7+}
            C: grüße
            S: * SEARCH 2
            S: 1 OK SEARCH completed
            C: 2 SEARCH CHARSET KOI8-R TEXT x
            S: 2 NO [BADCHARSET ...
            C: 3 SEARCH 5
            S: * SEARCH
            S: 3 OK SEARCH completed
            ",
        )
        .await;
}

fn now_is_after_delivery() -> bool {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap() > crate::DAY + 60_000
}

#[tokio::test]
async fn identifiers() {
    let server = with_mail().await;
    let mut client = server.inbox().await;
    let lines = client.run("FETCH 3 (EMAILID THREADID)").await;
    let mut ids = lines[0].split(['(', ')']).filter(|word| word.starts_with(['M', 'T']));
    let (email, thread) = (ids.next().unwrap(), ids.next().unwrap());
    assert_eq!(client.run(&format!("SEARCH EMAILID {email}")).await[0], "* SEARCH 3");
    assert_eq!(client.run(&format!("SEARCH THREADID {thread}")).await[0], "* SEARCH 3");
    assert_eq!(client.run("SEARCH EMAILID M0").await[0], "* SEARCH");
}

#[tokio::test]
async fn extended_answers() {
    let server = with_mail().await;
    let mut client = server.inbox().await;
    client.run("STORE 3 +FLAGS.SILENT (\\Flagged)").await;
    client
        .speak(
            r#"
            C: 1 SEARCH RETURN () UNFLAGGED
            S: * ESEARCH (TAG "1") ALL 1:2,4
            S: 1 OK SEARCH completed
            C: 2 UID SEARCH RETURN (MIN MAX COUNT) UNFLAGGED
            S: * ESEARCH (TAG "2") UID MIN 1 MAX 4 COUNT 3
            S: 2 OK SEARCH completed
            C: 3 SEARCH RETURN (ALL COUNT) DELETED
            S: * ESEARCH (TAG "3") COUNT 0
            S: 3 OK SEARCH completed
            "#,
        )
        .await;
}

#[tokio::test]
async fn mod_sequences_are_named_where_they_are_asked_for() {
    let server = with_mail().await;
    let mut client = server.inbox().await;
    let lines = client.run("FETCH 1 MODSEQ").await;
    let first: u64 = lines[1].split(['(', ')']).nth(2).unwrap().parse().unwrap();
    client.run("STORE 2 +FLAGS.SILENT (\\Flagged)").await;
    let lines = client.run(&format!("SEARCH MODSEQ {}", first + 1)).await;
    assert!(is_like("* SEARCH 2 (MODSEQ ...)", &lines[0]), "{lines:?}");
    let lines = client.run(&format!("SEARCH RETURN (MIN) MODSEQ {first}")).await;
    assert!(lines[0].ends_with(&format!(" MIN 1 MODSEQ {first}")), "{lines:?}");
    assert_eq!(client.run("SEARCH MODSEQ 999999999").await[0], "* SEARCH");
}

#[tokio::test]
async fn what_others_did_is_not_found_before_it_is_told() {
    let server = with_mail().await;
    let mut client = server.inbox().await;
    let mut other = server.inbox().await;
    other.run("STORE 1 +FLAGS.SILENT (\\Deleted)").await;
    other.run("EXPUNGE").await;
    server.deliver("INBOX", "Subject: late\r\n\r\n").await;
    client
        .speak(
            "
            C: 1 SEARCH ALL
            S: * SEARCH 2 3 4
            S: * 5 EXISTS
            S: ...
            S: 1 OK SEARCH completed
            C: 2 UID SEARCH ALL
            S: * SEARCH 2 3 4 5
            S: * 1 EXPUNGE
            S: 2 OK SEARCH completed
            C: 3 SEARCH RECENT
            S: * SEARCH 1 2 3 4
            S: 3 OK SEARCH completed
            ",
        )
        .await;
}

#[tokio::test]
async fn long_mailboxes_are_searched_whole() {
    let server = Server::start().await;
    let texts: Vec<String> = (1..=2000)
        .map(|n| {
            let word = if n % 7 == 0 { "NEEDLE" } else { "hay" };
            format!("Subject: {n}\r\nX-Third: {}\r\n\r\n{} {word} {n}\r\n", n % 3, "filler ".repeat(50))
        })
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    server.deliver_all("INBOX", &texts, &Flags::default()).await;
    let mut client = server.inbox().await;
    let expected = |test: fn(u32) -> bool| {
        (1..=2000).filter(|n| test(*n)).fold(String::from("* SEARCH"), |line, n| format!("{line} {n}"))
    };
    assert_eq!(client.run("SEARCH BODY needle").await[0], expected(|n| n % 7 == 0));
    assert_eq!(client.run("SEARCH TEXT needle HEADER X-Third 1").await[0], expected(|n| n % 7 == 0 && n % 3 == 1));
    assert_eq!(client.run("UID SEARCH SUBJECT 9").await[0], expected(|n| n.to_string().contains('9')));
    let lines = client.run("SEARCH RETURN (COUNT) NOT BODY needle").await;
    assert!(lines[0].ends_with(" COUNT 1715"), "{lines:?}");
}
