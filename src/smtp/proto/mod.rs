//! SMTP as bytes: no sockets, no clock, no store.
//!
//! Layout: [`command`] what clients send, [`parameters`] of its extensions, [`path`] reverse and forward paths, [`reply`] all that we answer,
//! [`text`] message text between DATA and the final dot, [`response`] what other servers answer to us.

pub mod command;
pub mod parameters;
pub mod path;
pub mod reply;
pub mod response;
pub mod text;

pub use command::Command;
pub use reply::Reply;
