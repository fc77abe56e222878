//! The AUTHORIZATION state, and what ends a session that got beyond it.

use crate::{Client, PASSWORD, Server, person};
use config::Limits;
use directory::AccountState;

#[tokio::test]
async fn capabilities_before_and_after() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let common = [
        "TOP",
        "UIDL",
        "RESP-CODES",
        "AUTH-RESP-CODE",
        "PIPELINING",
        "EXPIRE NEVER",
        "LANG",
        "UTF8 USER",
        "IMPLEMENTATION Gatepost",
    ];
    let before = client.listing("CAPA").await;
    assert_eq!(before, [&common[..], &["USER", "SASL SCRAM-SHA-256 PLAIN LOGIN"]].concat());
    client.speak("C: AUTH\nS: +OK ...\nS: SCRAM-SHA-256\nS: PLAIN\nS: LOGIN\nS: .").await;
    client
        .speak(&format!("C: USER alice\nS: +OK send the password\nC: PASS {PASSWORD}\nS: +OK 0 messages, 0 octets"))
        .await;
    assert_eq!(client.listing("CAPA").await, common);
}

#[tokio::test]
async fn each_state_has_its_commands() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for command in ["STAT", "LIST", "RETR 1", "TOP 1 1", "DELE 1", "UIDL", "RSET", "NOOP"] {
        client.speak(&format!("C: {command}\nS: -ERR sign in first")).await;
    }
    client.speak("C: PASS x\nS: -ERR send USER first\nC: QUIT\nS: +OK good bye").await;
    client.closed().await;
    let mut client = server.alice().await;
    for command in ["USER x", "PASS x", "AUTH PLAIN", "STLS", "UTF8"] {
        client.speak(&format!("C: {command}\nS: -ERR not after signing in")).await;
    }
}

#[tokio::test]
async fn mechanisms() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client
        .speak(
            "
            C: AUTH PLAIN AGFsaWNlQGV4YW1wbGUudGVzdAB3cm9uZw==
            S: -ERR [AUTH] wrong name or password
            C: AUTH PLAIN not-base64
            S: -ERR this is not what the mechanism says
            C: AUTH CRAM-MD5
            S: -ERR this mechanism is not offered
            C: AUTH PLAIN
            S: + ...
            C: *
            S: -ERR sign-in was cancelled
            C: AUTH LOGIN
            S: + VXNlcm5hbWU6
            C: YWxpY2VAZXhhbXBsZS50ZXN0
            S: + UGFzc3dvcmQ6
            C: Y29ycmVjdCBob3JzZSBiYXR0ZXJ5
            S: +OK 0 messages, 0 octets
            ",
        )
        .await;
    client.speak("C: QUIT\nS: +OK ...").await;
    let mut client = server.connect().await;
    client
        .speak("C: AUTH PLAIN\nS: + ...\nC: AGFsaWNlQGV4YW1wbGUudGVzdABjb3JyZWN0IGhvcnNlIGJhdHRlcnk=\nS: +OK ...")
        .await;
}

#[tokio::test]
async fn names_and_passwords_may_hold_blanks_and_utf8() {
    let server = Server::start().await;
    let directory = server.context.directory();
    let mut person = person("jürgen@example.test");
    person.password = " zwölf  Häuser ".into();
    directory.account_add(person).await.unwrap();
    let mut client = server.connect().await;
    client.speak("C: USER jürgen@example.test\nS: +OK ...").await;
    client.send("PASS  zwölf  Häuser \r\n".as_bytes()).await;
    client.expect("+OK 0 messages, 0 octets").await;
}

#[tokio::test]
async fn too_many_failures_are_told_for_how_long() {
    let server = Server::with(Limits { sign_in_failures_per_account_max: 2, ..Limits::default() }, false).await;
    let mut client = server.connect().await;
    for _ in 0..2 {
        client.speak("C: USER alice@example.test\nS: +OK ...\nC: PASS x\nS: -ERR [AUTH] wrong name or password").await;
    }
    client
        .speak("C: USER alice@example.test\nS: +OK ...\nC: PASS x\nS: -ERR [SYS/TEMP] too many failed sign-ins; try again in ... seconds")
        .await;
}

#[tokio::test]
async fn without_tls_no_password_is_taken() {
    let server = Server::start().await;
    let mut client = server.over_tcp().await;
    client
        .speak(
            "
            S: +OK ...
            C: USER alice
            S: -ERR passwords are taken over TLS only: ...
            C: AUTH PLAIN
            S: -ERR passwords are taken over TLS only: ...
            C: STLS
            S: -ERR TLS cannot begin here
            ",
        )
        .await;
    let capabilities = client.listing("CAPA").await;
    assert!(!capabilities.iter().any(|line| line == "USER" || line.starts_with("SASL")), "{capabilities:?}");
}

#[tokio::test]
async fn stls() {
    let server = Server::with(Limits::default(), true).await;
    let mut client = server.over_tcp().await;
    client.expect("+OK ...").await;
    assert!(client.listing("CAPA").await.contains(&"STLS".to_owned()));
    client.speak("C: LANG de\nS: +OK de ...\nC: STLS\nS: +OK TLS kann beginnen").await;
    let tls = net::tls::client::opportunistic().unwrap();
    let stream = net::tls::client::connect(tls, "mail.example.test", client.stream.into_inner()).await.unwrap();
    let mut client = Client::new(stream);
    let capabilities = client.listing("CAPA").await;
    assert!(
        !capabilities.contains(&"STLS".to_owned()) && capabilities.contains(&"USER".to_owned()),
        "{capabilities:?}"
    );
    // What was asked for in the clear is forgotten.
    client.speak("C: STLS\nS: -ERR TLS cannot begin here").await;
    client.speak(&format!("C: USER alice\nS: +OK ...\nC: PASS {PASSWORD}\nS: +OK 0 messages, 0 octets")).await;
}

#[tokio::test]
async fn commands_behind_stls_are_not_taken_into_it() {
    let server = Server::with(Limits::default(), true).await;
    let mut client = server.over_tcp().await;
    client.expect("+OK ...").await;
    client.send(b"STLS\r\nUSER x\r\n").await;
    client.expect("-ERR commands came behind STLS").await;
    client.closed().await;
}

#[tokio::test]
async fn lost_rights_end_a_session_and_delete_nothing() {
    let server = Server::start().await;
    server.deliver("Subject: x\r\n\r\nx\r\n").await;
    let directory = server.context.directory();
    let mut client = server.alice().await;
    client.speak("C: DELE 1\nS: +OK ...").await;
    directory.password_set(server.alice.id, "staple battery horse").await.unwrap();
    client.expect("-ERR [AUTH] the sign-in was ended; sign in again").await;
    client.closed().await;
    assert_eq!(server.inbox().0, [1]);
    let mut bob = directory.account_add(person("bob@example.test")).await.unwrap();
    let mut client = server.connect().await;
    client.speak(&format!("C: USER bob@example.test\nS: +OK ...\nC: PASS {PASSWORD}\nS: +OK ...")).await;
    bob.state = AccountState::Suspended;
    directory.account_update(bob).await.unwrap();
    client.expect("-ERR [AUTH] ...").await;
}

#[tokio::test]
async fn draining_says_so_and_deletes_nothing() {
    let server = Server::start().await;
    server.deliver("Subject: x\r\n\r\nx\r\n").await;
    let mut client = server.alice().await;
    client.speak("C: DELE 1\nS: +OK ...").await;
    server.shutdown.draining.cancel();
    client.expect("-ERR [SYS/TEMP] the server is going down; nothing was deleted").await;
    client.closed().await;
    assert_eq!(server.inbox().0, [1]);
}
