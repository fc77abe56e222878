//! Sending: submission (RFC 6409) over a connection that the session's ticket opens.
//!
//! Each recipient is asked for by itself, so that all who are refused are named at once; nothing is sent until every one is taken.

use crate::visit::Visit;
use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, AsyncTokioStream},
    commands::Data,
    extension::ClientId,
};
use mail::address::Address;
use std::{
    error::Error as _,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf},
    time::timeout,
};

/// Time for everything before the text.
const ENVELOPE_TIMEOUT: Duration = Duration::from_secs(120);
/// Time for the text and its acknowledgement.
const TEXT_TIMEOUT: Duration = Duration::from_secs(600);

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// The ticket is not taken (any more).
    #[error("sign-in refused")]
    SignIn,
    /// The service does not answer; nothing was sent.
    #[error("submission does not answer: {0}")]
    Unavailable(String),
    /// The sender is refused, in the server's words.
    #[error("sender refused: {0}")]
    Sender(String),
    /// Recipients that are refused, each with the server's words.
    #[error("{} recipients refused", .0.len())]
    Recipients(Vec<(Address, String)>),
    /// The message itself is refused, in the server's words.
    #[error("message refused: {0}")]
    Message(String),
    /// The connection broke after the text: it may have been taken.
    #[error("no answer after the text: {0}")]
    Unknown(String),
}

/// A pipe as lettre takes it.
#[derive(Debug)]
struct Pipe(DuplexStream, SocketAddr);

impl AsyncTokioStream for Pipe {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.1)
    }
}

impl AsyncRead for Pipe {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Sends a message. After `Ok` the server has it for good.
pub(super) async fn submit(
    visit: &Visit,
    from: &Address,
    recipients: &[Address],
    message: &[u8],
) -> Result<(), Refused> {
    let prepared = timeout(ENVELOPE_TIMEOUT, prepare(visit, from, recipients, message)).await;
    let mut connection = prepared.map_err(|_| Refused::Unavailable("time-out".into()))??;
    // The end of the text brings its own line end.
    let text = message.strip_suffix(b"\r\n").unwrap_or(message);
    match timeout(TEXT_TIMEOUT, connection.message(text)).await {
        Err(_) => return Err(Refused::Unknown("time-out".into())),
        Ok(Err(error)) if error.status().is_none() => return Err(Refused::Unknown(words(&error))),
        Ok(Err(error)) => return Err(Refused::Message(words(&error))),
        Ok(Ok(_)) => {}
    }
    // The message is taken whatever becomes of the farewell.
    let _ = timeout(Duration::from_secs(5), connection.quit()).await;
    Ok(())
}

/// Everything up to the reply to DATA.
async fn prepare(
    visit: &Visit,
    from: &Address,
    recipients: &[Address],
    message: &[u8],
) -> Result<AsyncSmtpConnection, Refused> {
    let stream = visit.state.submission.connect(visit.client).await;
    let stream = stream.map_err(|error| Refused::Unavailable(error.to_string()))?;
    let hello = ClientId::Domain(visit.state.hostname.clone());
    let connected = AsyncSmtpConnection::connect_with_transport(Box::new(Pipe(stream, visit.client)), &hello).await;
    let mut connection = connected.map_err(|error| Refused::Unavailable(words(&error)))?;
    let credentials = Credentials::new(visit.session.person.address.clone(), visit.session.ticket.to_string());
    if let Err(error) = connection.auth(&[Mechanism::Xoauth2], &credentials).await {
        // lettre has no answer to the challenge by which the server explains a refusal, and calls it a fault of the client.
        return Err(if error.is_permanent() || error.is_client() {
            Refused::SignIn
        } else {
            Refused::Unavailable(words(&error))
        });
    }
    let utf8 = from.is_utf8() || recipients.iter().any(Address::is_utf8);
    let parameters = match (message.is_ascii(), utf8) {
        (true, false) => "",
        (false, false) => " BODY=8BITMIME",
        (_, true) => " BODY=8BITMIME SMTPUTF8",
    };
    let mail = format!("MAIL FROM:<{}> SIZE={}{parameters}\r\n", from.to_wire(), message.len());
    if let Err(error) = connection.command(mail).await {
        return Err(match error.status() {
            Some(_) if error.is_permanent() => Refused::Sender(words(&error)),
            _ => Refused::Unavailable(words(&error)),
        });
    }
    let mut refused = Vec::new();
    for recipient in recipients {
        match connection.command(format!("RCPT TO:<{}>\r\n", recipient.to_wire())).await {
            Ok(_) => {}
            Err(error) if error.status().is_some() => refused.push((recipient.clone(), words(&error))),
            Err(error) => return Err(Refused::Unavailable(words(&error))),
        }
    }
    if !refused.is_empty() {
        connection.abort().await;
        return Err(Refused::Recipients(refused));
    }
    match connection.command(Data).await {
        Ok(_) => Ok(connection),
        Err(error) if error.status().is_some() => Err(Refused::Message(words(&error))),
        Err(error) => Err(Refused::Unavailable(words(&error))),
    }
}

/// The server's words without the enhanced status code before them (RFC 2034).
fn words(error: &Error) -> String {
    let text = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    without_code(&text).to_owned()
}

fn without_code(text: &str) -> &str {
    match text.split_once(' ') {
        Some((code, rest)) if code.contains('.') && code.bytes().all(|b| b.is_ascii_digit() || b == b'.') => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::without_code;

    #[test]
    fn words_come_without_their_code() {
        assert_eq!(without_code("5.1.1 No such user"), "No such user");
        assert_eq!(without_code("Mailbox full"), "Mailbox full");
        assert_eq!(without_code("5 apples"), "5 apples");
    }
}
