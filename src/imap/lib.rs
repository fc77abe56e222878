//! The IMAP server (RFC 3501 and the extensions that its capability list names).
//!
//! Layout: [`proto`] the grammar, sans-IO; [`quirks`] where it is wider than the RFC, and for whom; `wire` bytes in and out of a
//! connection, with `deflate`; [`session()`] the state machine over it; `place` where names of mailboxes lead, `progress` tells of long commands, `notify` what was asked by NOTIFY; `selected` what one session knows of its mailbox, with `recent`; `enabled` what its client has switched on; `command` one file for
//! each command: what it does and how it answers; `conversation` a FETCH item of ours; `fetching` responses of many messages, with `render` and `section` for their
//! items; `matching` what a search finds, `fuzzy` what the full-text index knows of it, `sorting` and `threading` its order; [`context`] what sessions share; [`error`] which fault becomes which reply.
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
mod deflate;
mod enabled;
mod fetching;
mod fuzzy;
mod matching;
mod notify;
mod place;
mod progress;
mod recent;
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
