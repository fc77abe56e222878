//! What is wrong with a configuration file, and where.

use std::{fmt, path::PathBuf};

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
    /// The file is no TOML.
    #[error("{}:{line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What the TOML parser says.
        message: String,
    },
    /// Keys have wrong names, types or values; at least one, in the order of the file.
    #[error("{}", Lines(path, faults))]
    Values {
        /// The file.
        path: PathBuf,
        /// Each fault.
        faults: Vec<Fault>,
    },
}

/// One wrong key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Line, from 1; 0 when the fault is an absent key of the file itself.
    pub line: usize,
    /// The key, dotted.
    pub key: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

/// One line of text a fault: `file:line: key: what is allowed`.
struct Lines<'a>(&'a PathBuf, &'a [Fault]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Fault { line, key, message }) in self.1.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}:", self.0.display())?;
            if *line > 0 {
                write!(f, "{line}:")?;
            }
            write!(f, " {key}: {message}")?;
        }
        Ok(())
    }
}
