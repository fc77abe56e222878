//! LANG and UTF8 (RFC 6856).

use crate::{PASSWORD, Server};

#[tokio::test]
async fn replies_come_in_the_language_asked_for() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    assert_eq!(client.listing("LANG").await, ["en English", "de Deutsch", "i-default Default language"]);
    client
        .speak(
            "
            C: LANG de-CH
            S: +OK de Antworten kommen auf Deutsch
            C: RETR 1
            S: -ERR bitte erst anmelden
            C: LANG tlh
            S: -ERR diese Sprache wird hier nicht gesprochen
            C: LANG *
            S: +OK i-default replies are in English
            C: RETR 1
            S: -ERR sign in first
            ",
        )
        .await;
}

#[tokio::test]
async fn headers_are_ascii_until_utf8_is_asked_for() {
    let server = Server::start().await;
    server.deliver("Subject: Grüße\r\nFrom: Pelé <pelé@example.org>\r\nTo: a@b\r\n\r\nKörper\r\n").await;
    let mut client = server.alice().await;
    let plain = [
        "Subject: =?UTF-8?B?R3LDvMOfZQ==?=",
        "From: =?UTF-8?B?UGVsw6kgcGVsw6lAZXhhbXBsZS5vcmc=?=:;",
        "To: a@b",
        "",
        "Körper",
    ];
    assert_eq!(client.listing("RETR 1").await, plain);
    assert_eq!(client.listing("TOP 1 0").await, plain[..4]);
    client.speak("C: QUIT\nS: +OK ...").await;
    let mut client = server.connect().await;
    client.speak("C: UTF8\nS: +OK headers are sent in UTF-8").await;
    client.speak(&format!("C: USER alice\nS: +OK ...\nC: PASS {PASSWORD}\nS: +OK ...")).await;
    assert_eq!(
        client.listing("RETR 1").await,
        ["Subject: Grüße", "From: Pelé <pelé@example.org>", "To: a@b", "", "Körper"]
    );
}
