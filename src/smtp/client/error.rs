//! What ends a conversation with another server.

use crate::proto::response::{Malformed, Response};
use std::{fmt, io};

/// Where in the conversation it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Stage {
    Connect,
    Greeting,
    Hello,
    StartTls,
    Auth,
    Envelope,
    Data,
    Text,
    /// After the final dot: the server may or may not have taken the message.
    End,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "while connecting",
            Self::Greeting => "while waiting for the greeting",
            Self::Hello => "after EHLO",
            Self::StartTls => "while starting TLS",
            Self::Auth => "while signing in",
            Self::Envelope => "while sending the envelope",
            Self::Data => "after DATA",
            Self::Text => "while sending the message",
            Self::End => "after the message was sent",
        })
    }
}

/// Errors of a conversation. Results of single recipients are not errors: see [`super::Outcome`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network failed or the server went away.
    #[error("connection lost {1}: {0}")]
    Io(#[source] io::Error, Stage),
    /// The server took too long.
    #[error("no answer in time {0}")]
    Timeout(Stage),
    /// The server sent something that is no reply.
    #[error("{0} ({1})")]
    Malformed(#[source] Malformed, Stage),
    /// The server refused to go on.
    #[error("{0}")]
    Refused(Response, Stage),
    /// TLS could not be agreed on.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// TLS is required and not to be had.
    #[error("the server offers no TLS, which is required")]
    TlsMissing,
    /// Signing in is required and no mechanism is shared.
    #[error("the server offers no way to sign in that can be used here")]
    AuthMissing,
    /// The message could not be read from the store.
    #[error("the message cannot be read: {0}")]
    Body(#[from] store::Error),
}

impl Error {
    /// Whether the server may have taken the message although no reply came: trying another server at once would risk a
    /// second copy.
    pub fn is_ambiguous(&self) -> bool {
        matches!(self, Self::Io(_, Stage::End) | Self::Timeout(Stage::End) | Self::Malformed(_, Stage::End))
    }

    /// The server's reply, when it gave one.
    pub fn response(&self) -> Option<&Response> {
        match self {
            Self::Refused(response, _) => Some(response),
            _ => None,
        }
    }
}
