//! SASL exchanges, as transcripts.

use crate::{CLIENT, Fixture, PASSWORD, populated};
use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use directory::{
    Login, Protocol, SignInError,
    sasl::{Exchange, SaslError, Step, mechanisms},
};
use std::num::NonZeroU32;

fn exchange(directory: &Fixture, mechanism: &str, trusted: bool) -> Exchange {
    Exchange::new(directory, mechanism, CLIENT, trusted, Protocol::Imap).unwrap()
}

async fn challenge(exchange: &mut Exchange, message: Option<&[u8]>) -> String {
    match exchange.step(message).await.unwrap() {
        Step::Challenge(bytes) => String::from_utf8(bytes).unwrap(),
        Step::Done(login) => panic!("signed in: {login:?}"),
    }
}

async fn done(exchange: &mut Exchange, message: &[u8]) -> Login {
    match exchange.step(Some(message)).await.unwrap() {
        Step::Done(login) => *login,
        Step::Challenge(bytes) => panic!("challenge: {}", bytes.escape_ascii()),
    }
}

async fn fails(exchange: &mut Exchange, message: &[u8]) -> String {
    exchange.step(Some(message)).await.unwrap_err().to_string()
}

#[tokio::test]
async fn mechanisms_need_a_private_line_and_tickets_a_trusted_one() {
    assert!(mechanisms(false, false).is_empty());
    assert!(!mechanisms(true, false).contains(&"OAUTHBEARER"));
    let (directory, _, _) = populated().await;
    for mechanism in mechanisms(true, true) {
        assert!(Exchange::new(&directory, &mechanism.to_lowercase(), CLIENT, true, Protocol::Smtp).is_ok());
    }
    for mechanism in ["OAUTHBEARER", "XOAUTH2", "CRAM-MD5", ""] {
        let refused = Exchange::new(&directory, mechanism, CLIENT, false, Protocol::Smtp);
        assert!(matches!(refused, Err(SaslError::Unknown)), "{mechanism}");
    }
}

#[tokio::test]
async fn plain() {
    let (directory, alice, _) = populated().await;
    let good = format!("\0alice@example.test\0{PASSWORD}");
    assert_eq!(done(&mut exchange(&directory, "PLAIN", false), good.as_bytes()).await.account, alice);
    let mut asked = exchange(&directory, "PLAIN", false);
    assert_eq!(challenge(&mut asked, None).await, "");
    let twice = format!("alice@example.test{good}");
    assert_eq!(done(&mut asked, twice.as_bytes()).await.account, alice);
    let as_other = format!("bob@example.test{good}");
    for wrong in [as_other.as_bytes(), b"", b"alice", b"\0a\0b\0c", b"\0\xff\0x", &[b'x'; 10_000]] {
        let mut one = exchange(&directory, "PLAIN", false);
        assert!(fails(&mut one, wrong).await.starts_with("malformed"), "{}", wrong.escape_ascii());
        assert!(fails(&mut one, good.as_bytes()).await.starts_with("malformed"), "an exchange that is over stays over");
    }
    let wrong = b"\0alice@example.test\0wrong password";
    assert_eq!(fails(&mut exchange(&directory, "PLAIN", false), wrong).await, "wrong name or password");
}

#[tokio::test]
async fn login() {
    let (directory, alice, _) = populated().await;
    let mut one = exchange(&directory, "LOGIN", false);
    assert_eq!(challenge(&mut one, None).await, "Username:");
    assert_eq!(challenge(&mut one, Some(b"alice@example.test")).await, "Password:");
    assert_eq!(done(&mut one, PASSWORD.as_bytes()).await.account, alice);
    let mut initial = exchange(&directory, "LOGIN", false);
    assert_eq!(challenge(&mut initial, Some(b"alice@example.test")).await, "Password:");
    assert_eq!(fails(&mut initial, b"wrong password").await, "wrong name or password");
}

/// The client's side of SCRAM-SHA-256.
struct ScramClient {
    name: &'static str,
    password: String,
}

impl ScramClient {
    fn first(&self) -> String {
        format!("n={},r=fyko+d2lbbFgONRv9qkxdawL", self.name)
    }

    /// The last message to a challenge, and the answer to be expected.
    fn last(&self, server_first: &str) -> (String, String) {
        let mut parts = server_first.split(',');
        let nonce = parts.next().unwrap().strip_prefix("r=").unwrap();
        assert!(nonce.starts_with("fyko+d2lbbFgONRv9qkxdawL") && nonce.len() > 40);
        let salt = BASE64_STANDARD.decode(parts.next().unwrap().strip_prefix("s=").unwrap()).unwrap();
        let iterations: NonZeroU32 = parts.next().unwrap().strip_prefix("i=").unwrap().parse().unwrap();
        let mut salted = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, self.password.as_bytes(), &mut salted);
        let sign =
            |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec();
        let client_key = sign(&salted, b"Client Key");
        let stored_key = digest::digest(&digest::SHA256, &client_key);
        let without_proof = format!("c=biws,r={nonce}");
        let signed = format!("{},{server_first},{without_proof}", self.first());
        let signature = sign(stored_key.as_ref(), signed.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(signature).map(|(key, mask)| key ^ mask).collect();
        let answer = sign(&sign(&salted, b"Server Key"), signed.as_bytes());
        (
            format!("{without_proof},p={}", BASE64_STANDARD.encode(proof)),
            format!("v={}", BASE64_STANDARD.encode(answer)),
        )
    }

    async fn sign_in(&self, directory: &Fixture) -> Result<Login, SaslError> {
        let mut exchange = exchange(directory, "SCRAM-SHA-256", false);
        assert_eq!(challenge(&mut exchange, None).await, "");
        let server_first = challenge(&mut exchange, Some(format!("n,,{}", self.first()).as_bytes())).await;
        let (last, expected) = self.last(&server_first);
        match exchange.step(Some(last.as_bytes())).await? {
            Step::Challenge(answer) => assert_eq!(String::from_utf8(answer).unwrap(), expected),
            Step::Done(_) => panic!("the server has not shown its proof"),
        }
        Ok(done(&mut exchange, b"").await)
    }
}

#[tokio::test]
async fn scram_with_the_password_and_with_an_app_password() {
    let (directory, alice, _) = populated().await;
    let client = |password: &str| ScramClient { name: "alice@example.test", password: password.into() };
    let login = client(PASSWORD).sign_in(&directory).await.unwrap();
    assert_eq!(login, Login { account: alice.clone(), app_password: None });
    let (app, secret) = directory.app_password_add(alice.id, "phone").await.unwrap();
    assert_eq!(client(&secret).sign_in(&directory).await.unwrap().app_password, Some(app.id));
    assert!(matches!(client("wrong password").sign_in(&directory).await, Err(SaslError::SignIn(SignInError::Refused))));
    directory.password_set(alice.id, "another password").await.unwrap();
    assert!(client(PASSWORD).sign_in(&directory).await.is_err());
    client("another password").sign_in(&directory).await.unwrap();
    assert_eq!(client(&secret).sign_in(&directory).await.unwrap().app_password, Some(app.id));
}

#[tokio::test]
async fn scram_does_not_tell_whether_a_name_exists() {
    let (directory, _, _) = populated().await;
    let mut seen = Vec::new();
    for name in ["alice@example.test", "nobody@example.test", "nobody@example.test", "other@example.test"] {
        let mut one = exchange(&directory, "SCRAM-SHA-256", false);
        let first = format!("n,,n={name},r=abcdefgh");
        let answer = challenge(&mut one, Some(first.as_bytes())).await;
        let salt = answer.split(',').nth(1).unwrap().to_owned();
        seen.push((answer.len(), answer.rsplit(',').next().unwrap().to_owned(), salt));
    }
    assert!(seen.iter().all(|(length, iterations, _)| (*length, iterations) == (seen[0].0, &seen[0].1)));
    assert_eq!(seen[1].2, seen[2].2, "the same salt each time");
    assert_ne!(seen[1].2, seen[3].2);
    let nobody = ScramClient { name: "nobody@example.test", password: PASSWORD.into() };
    assert!(matches!(nobody.sign_in(&directory).await, Err(SaslError::SignIn(SignInError::Refused))));
}

#[tokio::test]
async fn scram_refuses_what_is_malformed() {
    let (directory, _, _) = populated().await;
    for wrong in
        ["", "n,,", "p=tls-exporter,,n=alice@example.test,r=x", "n,a=bob@example.test,n=alice@example.test,r=x"]
    {
        let mut one = exchange(&directory, "SCRAM-SHA-256", false);
        assert_eq!(fails(&mut one, wrong.as_bytes()).await, "malformed SCRAM-SHA-256 message", "{wrong}");
    }
    let mut one = exchange(&directory, "SCRAM-SHA-256", false);
    challenge(&mut one, Some(b"n,,n=alice@example.test,r=x")).await;
    assert_eq!(fails(&mut one, b"c=biws").await, "malformed SCRAM-SHA-256 message");
}

#[tokio::test]
async fn tickets_by_oauthbearer_and_xoauth2() {
    let (directory, alice, _) = populated().await;
    let (ticket, ..) = directory.session_begin("alice@example.test", PASSWORD, CLIENT, "").await.unwrap();
    let ticket = ticket.expose();
    let named = format!("n,a=alice@example.test,\x01host=localhost\x01port=143\x01auth=Bearer {ticket}\x01\x01");
    let bare = format!("n,,\x01auth=Bearer {ticket}\x01\x01");
    for message in [named, bare] {
        let login = done(&mut exchange(&directory, "OAUTHBEARER", true), message.as_bytes()).await;
        assert_eq!(login, Login { account: alice.clone(), app_password: None });
    }
    let message = format!("user=alice@example.test\x01auth=Bearer {ticket}\x01\x01");
    let mut asked = exchange(&directory, "XOAUTH2", true);
    assert_eq!(challenge(&mut asked, None).await, "");
    assert_eq!(done(&mut asked, message.as_bytes()).await.account, alice);
}

#[tokio::test]
async fn a_refused_ticket_gets_its_reason_first() {
    let (directory, _, _) = populated().await;
    let (ticket, ..) = directory.session_begin("alice@example.test", PASSWORD, CLIENT, "").await.unwrap();
    let other = format!("n,a=bob@example.test,\x01auth=Bearer {}\x01\x01", ticket.expose());
    for message in [other.as_str(), "n,,\x01auth=Bearer nonsense\x01\x01"] {
        let mut one = exchange(&directory, "OAUTHBEARER", true);
        assert_eq!(challenge(&mut one, Some(message.as_bytes())).await, r#"{"status":"invalid_token"}"#);
        assert_eq!(fails(&mut one, b"\x01").await, "wrong name or password");
    }
    let mut one = exchange(&directory, "XOAUTH2", true);
    let reason = challenge(&mut one, Some(b"user=alice@example.test\x01auth=Bearer nonsense\x01\x01")).await;
    assert_eq!(reason, r#"{"status":"401","schemes":"bearer"}"#);
    assert_eq!(fails(&mut one, b"").await, "wrong name or password");
    assert_eq!(
        fails(&mut exchange(&directory, "OAUTHBEARER", true), b"nonsense").await,
        "malformed OAUTHBEARER message"
    );
}
