//! The POP3 server (RFC 1939 and the extensions that CAPA names).
//!
//! Layout: [`proto`] commands, replies and message text as bytes, sans-IO; [`session()`] the connection and its two states;
//! `command/` what the commands do, a file for each group; `maildrop` what one session knows of its INBOX; `reading` a
//! message on its way out, in pieces; `lock` one session for each maildrop; `language` the words of replies; `error` which
//! fault becomes which reply; [`context`] what sessions share.
//!
//! Invariants: the numbers of messages mean what they meant at sign-in; nothing is deleted before QUIT, and then all of it in
//! one commit or nothing; a unique-id never changes and never comes again; no body is read for anything but RETR and TOP.

pub mod context;
pub mod proto;
pub mod session;

mod command;
mod error;
mod language;
mod lock;
mod maildrop;
mod reading;

pub use context::Context;
pub use session::session;
