//! The AUTHORIZATION state: USER and PASS (RFC 1939 section 7), AUTH (RFC 5034), STLS (RFC 2595), UTF8 (RFC 6856 section 2).

use crate::{
    error::Error,
    language::Words,
    maildrop::Maildrop,
    session::{Next, Session},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use directory::{
    Login, Protocol, Ticket,
    sasl::{self, Exchange, Step},
};

/// TLS itself begins once the answer is sent.
pub(super) fn stls(session: &mut Session) -> Result<Next, Error> {
    if !session.can_start_tls() {
        return Err(Error::bad("pop3-no-tls-here"));
    }
    if session.has_input() {
        // An attacker on the way may have put commands here, to be run as if they had come through TLS.
        return Err(Error::bye("", "pop3-commands-before-tls"));
    }
    session.ok(&Words::new("pop3-begin-tls"));
    Ok(Next::StartTls)
}

pub(super) fn utf8(session: &mut Session) {
    session.utf8 = true;
    session.ok(&Words::new("pop3-utf8"));
}

fn needs_privacy(session: &Session) -> Result<(), Error> {
    if session.secure || session.peer.trusted { Ok(()) } else { Err(Error::no("", "pop3-needs-tls")) }
}

/// The name is kept; whether there is such an account is not told.
pub(super) fn user(session: &mut Session, name: &str) -> Result<(), Error> {
    needs_privacy(session)?;
    session.user = Some(name.trim().to_owned());
    session.ok(&Words::new("pop3-send-password"));
    Ok(())
}

pub(super) async fn pass(session: &mut Session, password: &str) -> Result<(), Error> {
    needs_privacy(session)?;
    let name = session.user.take().ok_or_else(|| Error::bad("pop3-user-first"))?;
    let client = session.peer.client.ip();
    let login = session.context.directory.sign_in(&name, password, client, Protocol::Pop3).await?;
    signed_in(session, &login, None)
}

/// The mechanisms, a line each.
pub(super) fn mechanisms(session: &mut Session) -> Result<(), Error> {
    needs_privacy(session)?;
    session.ok(&Words::new("pop3-mechanisms"));
    for mechanism in sasl::mechanisms(session.secure, session.peer.trusted) {
        session.out.extend_from_slice(format!("{mechanism}\r\n").as_bytes());
    }
    session.out.extend_from_slice(b".\r\n");
    Ok(())
}

pub(super) async fn auth(session: &mut Session, mechanism: &str, initial: Option<&str>) -> Result<(), Error> {
    needs_privacy(session)?;
    let (client, is_trusted) = (session.peer.client.ip(), session.peer.trusted);
    let mut exchange = Exchange::new(&session.context.directory, mechanism, client, is_trusted, Protocol::Pop3)?;
    let mut message = match initial {
        Some("=") => Some(Vec::new()),
        Some(initial) => Some(decode(initial.as_bytes())?),
        None => None,
    };
    loop {
        match exchange.step(message.as_deref()).await? {
            Step::Done(login) => return signed_in(session, &login, exchange.ticket().cloned()),
            Step::Challenge(challenge) => {
                session.out.extend_from_slice(format!("+ {}\r\n", STANDARD.encode(challenge)).as_bytes());
                let line = session.response().await?;
                if line.as_ref() == b"*" {
                    return Err(Error::no("", "pop3-cancelled"));
                }
                message = Some(decode(&line)?);
            }
        }
    }
}

fn decode(text: &[u8]) -> Result<Vec<u8>, Error> {
    STANDARD.decode(text).map_err(|_| Error::bad("pop3-malformed-response"))
}

/// Takes the maildrop, unless another session has it: then who signed in may try again.
fn signed_in(session: &mut Session, login: &Login, ticket: Option<Ticket>) -> Result<(), Error> {
    let directory = session.context.directory.clone();
    let account = login.account.id;
    // Watched before it is read, so that no change goes unseen.
    let rights = directory.session_watch();
    let right = directory.right(login, ticket)?;
    let lock = session.context.locks.take(account).ok_or_else(|| Error::no("IN-USE", "pop3-in-use"))?;
    let maildrop = Maildrop::open(directory.store(), account, lock)?;
    let (messages, bytes) = maildrop.stat();
    tracing::info!(client = %session.peer.client, account = %login.account.address, messages, "signed in for POP3");
    session.sign_in(maildrop, right, rights);
    session.ok(&Words::new("pop3-signed-in").with("messages", &messages).with("bytes", &bytes));
    Ok(())
}
