//! Which fault becomes which reply.

use crate::proto::{SyntaxError, sequence_set::NoSuchMessage, string::write_number};
use directory::{SignInError, sasl::SaslError};
use std::{borrow::Cow, io};

/// Why a command is not completed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `NO`: the command is right and cannot be done; with the response code (RFC 5530), without brackets.
    #[error("{text}")]
    No {
        /// Response code, empty for none.
        code: Cow<'static, str>,
        /// What the person is told.
        text: String,
    },
    /// `BAD`: not a command, or not now.
    #[error("{0}")]
    Bad(String),
    /// The store says no, or cannot.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The directory says no, or cannot.
    #[error(transparent)]
    Directory(#[from] directory::Error),
    /// The connection is gone; nobody is there to be told.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// `BYE`: the session ends, with the response code and why.
    #[error("{1}")]
    Bye(&'static str, &'static str),
}

impl Error {
    /// A `NO` with a response code.
    pub(crate) fn no(code: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
        Self::No { code: code.into(), text: text.into() }
    }

    /// Work that was given to another thread did not come back; only at the end of the process.
    pub(crate) fn interrupted() -> Self {
        Self::no("UNAVAILABLE", "the work was interrupted")
    }

    /// The target of COPY, MOVE or APPEND: a client is told that it could make it (RFC 3501 section 7.1).
    pub(crate) fn of_target(self) -> Self {
        match self {
            Self::Store(store::Error::NotFound("mailbox")) => Self::no("TRYCREATE", "there is no such mailbox"),
            other => other,
        }
    }

    /// Writes the tagged line. What the machine did wrong is logged, and told without its detail.
    pub(crate) fn write(&self, out: &mut Vec<u8>, tag: &str) {
        let (kind, code, text) = match self {
            Self::No { code, text } => ("NO", code.as_ref(), text.clone()),
            Self::Bad(text) => ("BAD", "", text.clone()),
            Self::Store(error) => store(error),
            Self::Directory(directory::Error::Store(error)) => store(error),
            Self::Directory(error) => ("NO", "CANNOT", error.to_string()),
            Self::Io(_) => return,
            Self::Bye(code, text) => ("BYE", *code, (*text).to_owned()),
        };
        let tag = if kind == "BYE" { "*" } else { tag };
        write_line(out, tag, kind, code, &text);
    }
}

fn store(error: &store::Error) -> (&'static str, &'static str, String) {
    use store::Error as E;
    let code = match error {
        E::NotFound(_) => "NONEXISTENT",
        E::Exists(_) => "ALREADYEXISTS",
        E::Invalid(_) => "CANNOT",
        E::Limit(_) => "LIMIT",
        E::DiskFull => return ("NO", "UNAVAILABLE", "the disk of the server is full".into()),
        other => {
            tracing::error!(error = %other, "the store cannot serve a command");
            return ("NO", "UNAVAILABLE", "the server cannot do this at the moment".into());
        }
    };
    ("NO", code, error.to_string())
}

/// `tag OK [CODE] text`
pub(crate) fn write_line(out: &mut Vec<u8>, tag: &str, kind: &str, code: &str, text: &str) {
    for part in [tag, " ", kind, " "] {
        out.extend_from_slice(part.as_bytes());
    }
    if !code.is_empty() {
        out.push(b'[');
        out.extend_from_slice(code.as_bytes());
        out.extend_from_slice(b"] ");
    }
    out.extend_from_slice(crate::proto::response::line_text(text).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// `* number word`
pub(crate) fn write_count(out: &mut Vec<u8>, number: usize, word: &str) {
    out.extend_from_slice(b"* ");
    write_number(out, number as u64);
    out.push(b' ');
    out.extend_from_slice(word.as_bytes());
    out.extend_from_slice(b"\r\n");
}

impl From<SyntaxError> for Error {
    fn from(error: SyntaxError) -> Self {
        Self::Bad(error.to_string())
    }
}

impl From<NoSuchMessage> for Error {
    fn from(error: NoSuchMessage) -> Self {
        Self::Bad(error.to_string())
    }
}

impl From<SignInError> for Error {
    fn from(error: SignInError) -> Self {
        let code = match &error {
            SignInError::Refused => "AUTHENTICATIONFAILED",
            SignInError::Throttled(_) => "LIMIT",
            SignInError::Unavailable(cause) => {
                tracing::error!(%cause, "nobody can sign in");
                "UNAVAILABLE"
            }
        };
        Self::no(code, error.to_string())
    }
}

impl From<SaslError> for Error {
    fn from(error: SaslError) -> Self {
        match error {
            SaslError::Unknown => Self::no("CANNOT", error.to_string()),
            SaslError::Malformed(_) => Self::Bad(error.to_string()),
            SaslError::SignIn(error) => error.into(),
        }
    }
}
