//! STARTTLS, AUTHENTICATE, LOGIN, LOGOUT (RFC 3501 sections 6.1.3, 6.2).

use super::capability;
use crate::{
    error::{Error, write_line},
    session::{Completed, Session},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use directory::{
    Login, Protocol, Ticket,
    sasl::{self, Exchange, Step},
};

/// Bytes of a SASL response on the wire.
const RESPONSE_BYTES_MAX: usize = 16 * 1024;

/// TLS itself begins once the answer is sent.
pub(super) fn starttls(session: &mut Session) -> Result<Completed, Error> {
    if !session.can_start_tls() {
        return Err(Error::Bad("TLS cannot begin here".into()));
    }
    if session.wire.has_input() {
        // An attacker on the way may have put commands here, to be run as if they had come through TLS.
        return Err(Error::Bye("", "Commands came behind STARTTLS"));
    }
    Ok(Completed::new("Begin TLS"))
}

pub(super) fn logout(session: &mut Session) -> Result<Completed, Error> {
    write_line(&mut session.wire.out, "*", "BYE", "", "Good bye");
    Ok(Completed::new("LOGOUT completed"))
}

pub(super) async fn login(session: &mut Session, user: &str, password: &str) -> Result<Completed, Error> {
    if !session.secure && !session.peer.trusted {
        return Err(Error::no("PRIVACYREQUIRED", "passwords are taken over TLS only"));
    }
    let client = session.peer.client.ip();
    let login = session.context.directory.sign_in(user, password, client, Protocol::Imap).await?;
    signed_in(session, &login, None)
}

pub(super) async fn authenticate(
    session: &mut Session,
    mechanism: &str,
    initial: Option<Vec<u8>>,
) -> Result<Completed, Error> {
    let peer = session.peer;
    if !sasl::mechanisms(session.secure, peer.trusted).contains(&mechanism) {
        let known = sasl::mechanisms(true, peer.trusted).contains(&mechanism);
        return Err(match known {
            true => Error::no("PRIVACYREQUIRED", "passwords are taken over TLS only"),
            false => Error::no("CANNOT", "unknown mechanism"),
        });
    }
    let mut exchange =
        Exchange::new(&session.context.directory, mechanism, peer.client.ip(), peer.trusted, Protocol::Imap)?;
    let mut message = initial;
    loop {
        match exchange.step(message.as_deref()).await? {
            Step::Done(login) => return signed_in(session, &login, exchange.ticket().cloned()),
            Step::Challenge(challenge) => message = Some(response(session, &challenge).await?),
        }
    }
}

/// Sends a challenge and waits for the client's answer.
async fn response(session: &mut Session, challenge: &[u8]) -> Result<Vec<u8>, Error> {
    session.wire.out.extend_from_slice(format!("+ {}\r\n", STANDARD.encode(challenge)).as_bytes());
    let line = session.sign_in_line(RESPONSE_BYTES_MAX).await?;
    if line == b"*" {
        return Err(Error::Bad("sign-in was cancelled".into()));
    }
    STANDARD.decode(&line).map_err(|_| Error::Bad("expected base64".into()))
}

fn signed_in(session: &mut Session, login: &Login, ticket: Option<Ticket>) -> Result<Completed, Error> {
    session.sign_in(login, ticket)?;
    Ok(Completed::with_code(capability::code(session), "You are signed in"))
}

/// UNAUTHENTICATE (RFC 8437): another may sign in. TLS and compression stay.
pub(super) fn unauthenticate(session: &mut Session) -> Result<Completed, Error> {
    session.sign_out();
    Ok(Completed::with_code(capability::code(session), "You are signed out"))
}
