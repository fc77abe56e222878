//! SMTP: receiving from other servers, submission from our people, and delivering to other servers.
//!
//! Layout: [`intake`] the one road of a message into the store; [`proto`] commands, replies and message text as pure
//! functions of bytes; [`dkim`] signatures; [`server`] sessions for port 25 and for submission; [`client`] one conversation with another
//! server; [`error`] why a message is not taken.
//!
//! Invariants: a 250 after message text stands for one durable commit that holds the body, every local mailbox entry,
//! every queue entry and the trace events; nothing is relayed for anyone who has not signed in; no line end but CRLF
//! ends anything; the queue is not known here, it takes what intake put into the spool.

pub mod client;
pub mod dkim;
pub mod error;
pub mod intake;
pub mod proto;
pub mod server;

pub use error::Error;
