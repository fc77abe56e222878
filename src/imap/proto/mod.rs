//! The IMAP grammar: bytes to typed commands, and replies to bytes. Sans-IO; knows no mailbox and no session.
//!
//! Layout: [`gather`] finds where a command ends, with its literals; [`lexer`] the terminals; then one file per chapter of the
//! grammar: [`command`], [`sequence_set`], [`fetch`], [`search`], [`store`], [`list`], [`mailbox_name`], [`metadata`], [`notify`], [`acl`]; [`string`] and
//! [`response`] write.
//!
//! Invariants: any bytes may come in, nothing panics, nothing recurses without a bound; an error names the byte.

pub mod acl;
pub mod command;
pub mod esearch;
pub mod fetch;
pub mod gather;
pub mod lexer;
pub mod list;
pub mod mailbox_name;
pub mod metadata;
pub mod notify;
pub mod response;
pub mod search;
pub mod sequence_set;
pub mod store;
pub mod string;

pub use command::{Command, Tagged, parse, parse_in};
pub use lexer::{Dialect, Lexer, SyntaxError};
pub use sequence_set::SequenceSet;
