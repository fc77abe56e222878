//! The IMAP server (RFC 3501 and the extensions that its capability list names).
//!
//! Layout: [`proto`] the grammar, sans-IO; [`quirks`] where it is wider than the RFC, and for whom; `wire` bytes in and out of a
//! connection; [`session()`] the state machine over it; `selected` what one session knows of its mailbox; `command` one file for
//! each command: what it does and how it answers; `conversation` a FETCH item of ours; `fetching` responses of many messages, with `render` and `section` for their
//! items; `matching` what a search finds, `sorting` and `threading` its order; [`context`] what sessions share; [`error`] which fault becomes which reply.
//!
//! Invariants: sequence numbers mean what this client was last told, whatever other sessions did since; nothing is announced
//! that is not complete; a FETCH of flags, envelopes or structures reads no body; an idle session holds no buffer.

pub mod context;
pub mod error;
pub mod proto;
pub mod quirks;
pub mod session;

mod command;
mod conversation;
mod fetching;
mod matching;
mod render;
mod section;
mod selected;
mod sorting;
#[cfg(test)]
mod testing;
mod threading;
mod wire;

pub use context::Context;
pub use session::session;
