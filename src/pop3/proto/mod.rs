//! POP3 as bytes: no sockets, no store.
//!
//! Layout: [`command`] what clients send, [`text`] messages between `+OK` and the final dot, [`downgrade`] headers in UTF-8 for
//! clients that cannot take them, [`mod@write`] lines of replies.

pub mod command;
pub mod downgrade;
pub mod text;
pub mod write;
