//! AUTHENTICATE (RFC 5804 section 2.1).

use super::{
    command::Refusal,
    proto::{Gather, Next, Word, write_answer, write_string},
    session::{After, End, Session},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use directory::{
    Protocol, SignInError,
    sasl::{self, Exchange, SaslError, Step},
};

/// Octets of a SASL message on the wire.
const RESPONSE_BYTES_MAX: usize = 16 * 1024;

pub(super) async fn authenticate(
    session: &mut Session,
    mechanism: &str,
    initial: Option<&str>,
) -> Result<Result<After, Refusal>, End> {
    let peer = session.peer;
    let mechanism = mechanism.to_ascii_uppercase();
    if !sasl::mechanisms(session.secure, peer.trusted).contains(&mechanism.as_str()) {
        let known = sasl::mechanisms(true, peer.trusted).contains(&mechanism.as_str());
        return Ok(Err(if known && !session.secure {
            Refusal::no("ENCRYPT-NEEDED", "passwords are taken over TLS only")
        } else {
            Refusal::no("", "unknown mechanism")
        }));
    }
    let directory = session.context.directory.clone();
    // Which door it is matters to app passwords alone; this one is that of mail programs.
    let exchange = Exchange::new(&directory, &mechanism, peer.client.ip(), peer.trusted, Protocol::Imap);
    let mut exchange = match exchange {
        Ok(exchange) => exchange,
        Err(error) => return Ok(Err(refused(&error))),
    };
    let mut message = match initial.map(|text| STANDARD.decode(text)).transpose() {
        Ok(message) => message,
        Err(_) => return Ok(Err(Refusal::wrong("expected base64"))),
    };
    loop {
        match exchange.step(message.as_deref()).await {
            Ok(Step::Done(login)) => {
                if let Err(refusal) = session.sign_in(*login, exchange.ticket().cloned()) {
                    return Ok(Err(refusal));
                }
                write_answer(&mut session.out, "OK", "", "You are signed in");
                return Ok(Ok(After::Command));
            }
            Ok(Step::Challenge(challenge)) => match response(session, &challenge).await? {
                Ok(response) => message = Some(response),
                Err(refusal) => return Ok(Err(refusal)),
            },
            Err(error) => return Ok(Err(refused(&error))),
        }
    }
}

/// Sends a challenge and waits for the client's answer: a string, quoted or literal.
async fn response(session: &mut Session, challenge: &[u8]) -> Result<Result<Vec<u8>, Refusal>, End> {
    write_string(&mut session.out, &STANDARD.encode(challenge));
    session.out.extend_from_slice(b"\r\n");
    session.flush().await?;
    let mut gather = Gather::default();
    loop {
        let line = match session.line(RESPONSE_BYTES_MAX).await? {
            Ok(line) => line,
            Err(refusal) => return Ok(Err(refusal)),
        };
        match gather.line(&line) {
            Next::Done => break,
            Next::Literal(length) if length <= RESPONSE_BYTES_MAX as u64 => {
                let bytes = session.bytes(usize::try_from(length).unwrap_or_default()).await?;
                gather.literal(Some(&bytes));
            }
            Next::Literal(_) => return Err(End::Bye("", "The answer is too long")),
        }
    }
    let text = match gather.finish().as_deref() {
        Ok([Word::String(text) | Word::Atom(text)]) if text != "*" => text.clone(),
        Ok([]) => String::new(),
        Ok(_) => return Ok(Err(Refusal::no("", "sign-in was cancelled"))),
        Err(fault) => return Ok(Err(Refusal::wrong(fault.to_string()))),
    };
    Ok(STANDARD.decode(&text).map_err(|_| Refusal::wrong("expected base64")))
}

fn refused(error: &SaslError) -> Refusal {
    match error {
        SaslError::SignIn(SignInError::Throttled(_) | SignInError::Unavailable(_)) => {
            Refusal::no("TRYLATER", error.to_string())
        }
        SaslError::Malformed(_) => Refusal::wrong(error.to_string()),
        SaslError::Unknown | SaslError::SignIn(SignInError::Refused) => Refusal::no("", error.to_string()),
    }
}
