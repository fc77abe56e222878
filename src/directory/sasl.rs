//! SASL mechanisms (RFC 4422) that SMTP and IMAP share. The exchange is sans-IO: the caller carries the base64 lines.

use crate::{Directory, Login, Protocol, SignInError};
use std::net::IpAddr;

/// What the caller does next.
#[derive(Debug)]
pub enum Step {
    /// Send this challenge and give the answer to [`Exchange::step`].
    Challenge(Vec<u8>),
    /// Signed in. SCRAM's last server message, if any, is sent as a challenge first, whose answer is empty.
    Done(Box<Login>),
}

/// Why an exchange ends.
#[derive(Debug, thiserror::Error)]
pub enum SaslError {
    /// Not a mechanism offered here.
    #[error("unknown mechanism")]
    Unknown,
    /// The client's message is not what the mechanism says.
    #[error("malformed {0} message")]
    Malformed(&'static str),
    /// The sign-in failed.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

/// One exchange.
pub struct Exchange {}

/// Mechanisms to announce. `secure`: the connection cannot be read on the way, or is loopback where that is allowed.
/// Tickets (OAUTHBEARER, XOAUTH2) are announced and taken on trusted hops only.
pub fn mechanisms(_secure: bool, _trusted: bool) -> &'static [&'static str] {
    todo!()
}

impl Exchange {
    /// Begins an exchange.
    ///
    /// # Errors
    /// [`SaslError::Unknown`]
    pub fn new(_directory: &Directory, _mechanism: &str, _client: IpAddr, _trusted: bool, _protocol: Protocol) -> Result<Self, SaslError> {
        todo!()
    }
    /// Takes the client's message (`None`: no initial response was given) and says what comes next.
    ///
    /// # Errors
    /// See [`SaslError`].
    pub async fn step(&mut self, _message: Option<&[u8]>) -> Result<Step, SaslError> {
        todo!()
    }
}
