//! What is wrong with a configuration file, and where.

use std::path::PathBuf;

/// A configuration that cannot be used. Nothing is started with it; a running server keeps the old one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key has a wrong name, type or value; `message` says what is allowed.
    #[error("{}:{line}: {key}: {message}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// Line, from 1; 0 when the fault is an absent key.
        line: usize,
        /// The key, dotted.
        key: String,
        /// What is wrong and what is allowed.
        message: String,
    },
}
