//! SORT in both forms.

use crate::Server;
use store::Flags;

#[tokio::test]
async fn keys_and_answers() {
    let server = Server::start().await;
    let texts = [
        "From: zoe@example.test\r\nSubject: Re: beta\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n\r\nx",
        "From: \"Adam\" <y@example.test>\r\nSubject: ALPHA\r\nDate: Tue, 24 Nov 2026 12:00:00 +0000\r\n\r\nxxx",
        "From: bob@example.test\r\nSubject: Beta\r\nDate: Tue, 24 Nov 2026 11:00:00 +0000\r\n\r\nxxxxxxxxxxxxxxxxxxxxx",
    ];
    server.deliver_all("INBOX", &texts, &Flags::default()).await;
    let mut client = server.inbox().await;
    client
        .speak(
            r#"
            C: 1 SORT (SUBJECT) UTF-8 ALL
            S: * SORT 2 1 3
            S: 1 OK SORT completed
            C: 2 UID SORT (REVERSE DATE) UTF-8 ALL
            S: * SORT 2 3 1
            S: 2 OK SORT completed
            C: 3 SORT (REVERSE SUBJECT REVERSE DATE) US-ASCII NOT 2
            S: * SORT 3 1
            S: 3 OK SORT completed
            C: 4 SORT (DISPLAYFROM) UTF-8 ALL
            S: * SORT 2 3 1
            S: 4 OK SORT completed
            C: 5 SORT (FROM) UTF-8 ALL
            S: * SORT 3 2 1
            S: 5 OK SORT completed
            C: 6 SORT RETURN (MIN MAX COUNT ALL) (REVERSE SIZE) UTF-8 ALL
            S: * ESEARCH (TAG "6") MIN 3 MAX 1 COUNT 3 ALL 3,2,1
            S: 6 OK SORT completed
            C: 7 SORT (ARRIVAL) UTF-8 SUBJECT nothing
            S: * SORT
            S: 7 OK SORT completed
            C: 8 SORT (SIZE) KOI8-R ALL
            S: 8 NO [BADCHARSET ...
            "#,
        )
        .await;
}

#[tokio::test]
async fn long_mailboxes() {
    let server = Server::start().await;
    let texts: Vec<String> = (0..700).map(|n| format!("Subject: {:03}\r\n\r\n", 699 - n)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    server.deliver_all("INBOX", &texts, &Flags::default()).await;
    let mut client = server.inbox().await;
    let expected = (1..=700).rev().fold(String::from("* SORT"), |line, n| format!("{line} {n}"));
    assert_eq!(client.run("SORT (SUBJECT) UTF-8 ALL").await[0], expected);
}
