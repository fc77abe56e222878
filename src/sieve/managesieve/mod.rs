//! The ManageSieve server (RFC 5804): how mail programs and webmail read and write scripts.
//!
//! Layout: [`proto`] commands out of bytes and strings into them, [`context`] what sessions share, [`session()`] the conversation,
//! `auth` signing in, `command` what is done with scripts.

mod auth;
mod command;
pub mod context;
pub mod proto;
mod session;

pub use context::Context;
pub use session::session;
