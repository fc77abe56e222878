//! Why an operation was not done.

use serde::{Deserialize, Serialize};

/// Errors of operations. Their texts are shown to admins as they are, in the console and by the command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", content = "message", rename_all = "snake_case")]
pub enum OpError {
    /// What was named is not there.
    #[error("{0}")]
    NotFound(String),
    /// What was to be made is there already.
    #[error("{0}")]
    Exists(String),
    /// What was asked is not allowed or not well-formed.
    #[error("{0}")]
    Invalid(String),
    /// The machine failed: disk, socket, store. Trying again later may work.
    #[error("{0}")]
    Machine(String),
}

impl From<directory::Error> for OpError {
    fn from(error: directory::Error) -> Self {
        match error {
            directory::Error::NotFound(_) => Self::NotFound(error.to_string()),
            directory::Error::Exists(_) => Self::Exists(error.to_string()),
            directory::Error::Invalid(_) => Self::Invalid(error.to_string()),
            directory::Error::Store(error) => error.into(),
        }
    }
}

impl From<store::Error> for OpError {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound(_) => Self::NotFound(error.to_string()),
            store::Error::Exists(_) => Self::Exists(error.to_string()),
            store::Error::Invalid(_) | store::Error::Limit(_) => Self::Invalid(error.to_string()),
            other => Self::Machine(other.to_string()),
        }
    }
}

impl From<std::io::Error> for OpError {
    fn from(error: std::io::Error) -> Self {
        Self::Machine(error.to_string())
    }
}
