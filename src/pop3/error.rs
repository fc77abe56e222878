//! Which fault becomes which reply.

use crate::language::Words;
use directory::{SignInError, sasl::SaslError};
use std::io;

/// Why a command is not done.
#[derive(Debug)]
pub(crate) enum Error {
    /// `-ERR`, with the response code (RFC 2449, RFC 3206) without brackets, empty for none.
    No { code: &'static str, words: Words },
    /// `-ERR` to what is no command, or not now: too many of them end the session.
    Bad(Words),
    /// `-ERR`, and the session ends without deleting anything.
    Bye { code: &'static str, words: Words },
    /// The connection is gone, or what was announced cannot be sent: nobody can be told.
    Io(io::Error),
}

/// The machine's fault, and it may pass.
pub(crate) const TEMPORARY: &str = "SYS/TEMP";
/// The machine's fault, and somebody has to mend it.
pub(crate) const PERMANENT: &str = "SYS/PERM";

impl Error {
    /// A refusal with a response code.
    pub(crate) fn no(code: &'static str, key: &'static str) -> Self {
        Self::No { code, words: Words::new(key) }
    }

    /// A wrong command.
    pub(crate) fn bad(key: &'static str) -> Self {
        Self::Bad(Words::new(key))
    }

    /// The end.
    pub(crate) fn bye(code: &'static str, key: &'static str) -> Self {
        Self::Bye { code, words: Words::new(key) }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<io::ErrorKind> for Error {
    fn from(kind: io::ErrorKind) -> Self {
        Self::Io(kind.into())
    }
}

/// What the machine did wrong is logged, and told without its detail.
impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        let (code, key) = match &error {
            store::Error::NotFound(_) => (TEMPORARY, "pop3-gone"),
            store::Error::DiskFull => (TEMPORARY, "pop3-disk-full"),
            store::Error::Damaged(_) => (PERMANENT, "pop3-damaged"),
            _ => (TEMPORARY, "pop3-unavailable"),
        };
        if !matches!(error, store::Error::NotFound(_)) {
            tracing::error!(%error, "the store cannot serve a command");
        }
        Self::no(code, key)
    }
}

impl From<directory::Error> for Error {
    fn from(error: directory::Error) -> Self {
        match error {
            directory::Error::Store(error) => error.into(),
            other => {
                tracing::warn!(error = %other, "the directory cannot serve a command");
                Self::no(TEMPORARY, "pop3-unavailable")
            }
        }
    }
}

impl From<SignInError> for Error {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Refused => Self::no("AUTH", "pop3-wrong-password"),
            SignInError::Throttled(wait) => Self::No {
                code: TEMPORARY,
                words: Words::new("pop3-throttled").with("seconds", &wait.as_secs().max(1)),
            },
            SignInError::Unavailable(cause) => {
                tracing::error!(%cause, "nobody can sign in");
                Self::no(TEMPORARY, "pop3-unavailable")
            }
        }
    }
}

impl From<SaslError> for Error {
    fn from(error: SaslError) -> Self {
        match error {
            SaslError::Unknown => Self::bad("pop3-unknown-mechanism"),
            SaslError::Malformed(_) => Self::bad("pop3-malformed-response"),
            SaslError::SignIn(error) => error.into(),
        }
    }
}
