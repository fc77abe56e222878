//! Greeting, CAPABILITY, LOGIN, AUTHENTICATE, STARTTLS, ID, LOGOUT.

use crate::{Client, PASSWORD, Server, person};
use base64::{Engine, engine::general_purpose::STANDARD};
use config::Limits;
use net::{Peer, Stream};

fn plain(name: &str, password: &str) -> String {
    STANDARD.encode(format!("\0{name}\0{password}"))
}

#[tokio::test]
async fn login() {
    let server = Server::start().await;
    let mut client = server.connect(false).await;
    client
        .speak(
            r#"
            C: 1 SELECT INBOX
            S: 1 BAD sign in first
            C: 2 LOGIN alice@example.test wrong
            S: 2 NO [AUTHENTICATIONFAILED] wrong name or password
            C: 3 LOGIN {18}
            S: + Go on
            C: alice@example.test {21+}
            C: correct horse battery
            S: 3 OK [CAPABILITY IMAP4rev1 ... IDLE ...APPENDLIMIT=52428800] You are signed in
            C: 4 LOGIN alice wrong
            S: 4 BAD you have signed in already
            C: 5 CHECK
            S: 5 BAD select a mailbox first
            C: 6 ID ("name" "test")
            S: * ID ("name" "Gatepost" ...)
            S: 6 OK ID completed
            C: 7 LOGOUT
            S: * BYE Good bye
            S: 7 OK LOGOUT completed
            "#,
        )
        .await;
    client.closed().await;
}

#[tokio::test]
async fn authenticate_with_and_without_initial_response() {
    let server = Server::start().await;
    let right = plain("alice@example.test", PASSWORD);
    let mut client = server.connect(false).await;
    client.speak("C: 1 AUTHENTICATE PLAIN\nS: + ").await;
    client.say("*").await;
    client.expect("1 BAD sign-in was cancelled").await;
    client.speak("C: 2 AUTHENTICATE PLAIN\nS: + ").await;
    client.say("not base64!").await;
    client.expect("2 BAD expected base64").await;
    client.say(&format!("3 AUTHENTICATE PLAIN {}", plain("alice@example.test", "wrong"))).await;
    client.expect("3 NO [AUTHENTICATIONFAILED] ...").await;
    client.speak("C: 4 AUTHENTICATE CRAM-MD5\nS: 4 NO [CANNOT] unknown mechanism").await;
    client.say(&format!("5 AUTHENTICATE PLAIN {right}")).await;
    client.expect("5 OK [CAPABILITY ...] You are signed in").await;

    let mut client = server.connect(false).await;
    client.speak("C: 1 AUTHENTICATE PLAIN\nS: + ").await;
    client.say(&right).await;
    client.expect("1 OK ...").await;
}

#[tokio::test]
async fn tickets_are_for_trusted_hops_and_end_with_their_session() {
    let server = Server::start().await;
    let directory = server.context.directory();
    let from = std::net::IpAddr::from([192, 0, 2, 9]);
    let (ticket, ..) = directory.session_begin("alice@example.test", PASSWORD, from, "").await.unwrap();
    let message = format!("n,a=alice@example.test,\u{1}auth=Bearer {}\u{1}\u{1}", ticket.expose());
    let message = STANDARD.encode(message);

    let mut stranger = server.connect(false).await;
    stranger.say(&format!("1 AUTHENTICATE OAUTHBEARER {message}")).await;
    stranger.expect("1 NO [CANNOT] unknown mechanism").await;

    let mut webmail = server.connect(true).await;
    webmail.say(&format!("1 AUTHENTICATE OAUTHBEARER {message}")).await;
    webmail.expect("1 OK ...").await;
    webmail.run("SELECT INBOX").await;
    webmail.speak("C: 2 IDLE\nS: + idling").await;
    directory.session_end(&ticket).await.unwrap();
    webmail.expect("* BYE [UNAVAILABLE] The session was ended; sign in again").await;
    webmail.closed().await;

    let mut late = server.connect(true).await;
    late.say(&format!("1 AUTHENTICATE OAUTHBEARER {message}")).await;
    late.expect("+ ...").await;
    late.say("").await;
    late.expect("1 NO [AUTHENTICATIONFAILED] ...").await;
}

#[tokio::test]
async fn a_suspended_account_is_sent_away_and_others_stay() {
    let server = Server::start().await;
    let directory = server.context.directory();
    let mut bob = directory.account_add(person("bob@example.test", None)).await.unwrap();
    let mut alice = server.alice().await;
    let mut client = server.signed_in("bob@example.test").await;
    bob.state = directory::AccountState::Suspended;
    directory.account_update(bob).await.unwrap();
    client.expect("* BYE [UNAVAILABLE] ...").await;
    client.closed().await;
    alice.run("NOOP").await;
}

/// A client over TCP, whose greeting is not read.
async fn over_tcp(server: &Server) -> Client {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let near = tokio::net::TcpStream::connect(address).await.unwrap();
    let (far, client) = listener.accept().await.unwrap();
    let peer = Peer { client, local: address, trusted: false };
    server.shutdown.spawn(imap::session(Stream::Tcp(far), peer, server.context.clone()));
    Client::new(near)
}

#[tokio::test]
async fn without_tls_no_password_is_taken() {
    let server = Server::start().await;
    let mut client = over_tcp(&server).await;
    client
        .speak(
            r#"
            S: * OK [CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE LOGINDISABLED] Gatepost
            C: 1 LOGIN alice@example.test "correct horse battery"
            S: 1 NO [PRIVACYREQUIRED] ...
            C: 2 AUTHENTICATE PLAIN
            S: 2 NO [PRIVACYREQUIRED] ...
            C: 3 STARTTLS
            S: 3 BAD TLS cannot begin here
            "#,
        )
        .await;
}

#[tokio::test]
async fn starttls() {
    let server = Server::with(Limits::default(), true).await;
    let mut client = over_tcp(&server).await;
    client.speak("S: * OK [CAPABILITY ... STARTTLS LOGINDISABLED] Gatepost\nC: 1 STARTTLS\nS: 1 OK Begin TLS").await;
    let tls = net::tls::client::opportunistic().unwrap();
    let stream = net::tls::client::connect(tls, "mail.example.test", client.stream.into_inner()).await.unwrap();
    let mut client = Client::new(stream);
    client
        .speak(
            r#"
            C: 2 CAPABILITY
            S: * CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE AUTH=SCRAM-SHA-256 AUTH=PLAIN
            S: 2 OK ...
            C: 3 STARTTLS
            S: 3 BAD TLS cannot begin here
            C: 4 LOGIN alice@example.test "correct horse battery"
            S: 4 OK [CAPABILITY ...] You are signed in
            "#,
        )
        .await;
}

#[tokio::test]
async fn commands_behind_starttls_are_not_taken_into_it() {
    let server = Server::with(Limits::default(), true).await;
    let mut client = over_tcp(&server).await;
    client.expect("* OK ...").await;
    client.send(b"1 STARTTLS\r\n2 NOOP\r\n").await;
    client.expect("* BYE Commands came behind STARTTLS").await;
    client.closed().await;
}

#[tokio::test]
async fn a_new_password_ends_sessions_of_the_old_one() {
    let server = Server::start().await;
    let directory = server.context.directory();
    let (app, secret) = directory.app_password_add(server.alice.id, "phone").await.unwrap();
    let mut phone = server.connect(false).await;
    phone.run(&format!("LOGIN alice@example.test {secret}")).await;
    let mut client = server.alice().await;
    directory.password_set(server.alice.id, "staple battery horse").await.unwrap();
    client.expect("* BYE [UNAVAILABLE] ...").await;
    phone.run("NOOP").await;
    directory.app_password_remove(server.alice.id, app.id).await.unwrap();
    phone.expect("* BYE [UNAVAILABLE] ...").await;
}

#[tokio::test]
async fn too_many_wrong_commands_end_it() {
    let server = Server::with_limits(Limits { bad_commands_max: 3, ..Limits::default() }).await;
    let mut client = server.connect(false).await;
    client
        .speak(
            "
            C: 1 NONSENSE
            S: 1 BAD at byte 2: expected a known command
            C: 2
            S: * BAD ...
            C: 3 EHLO x
            S: 3 BAD ...
            S: * BYE Too many wrong commands
            ",
        )
        .await;
    client.closed().await;
}

#[tokio::test]
async fn draining_says_bye() {
    let server = Server::start().await;
    let mut client = server.alice().await;
    server.shutdown.draining.cancel();
    client.expect("* BYE [UNAVAILABLE] The server is going down").await;
    client.closed().await;
}
