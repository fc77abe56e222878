//! The IMAP client. async-imap's grammar refuses responses it does not know (PREVIEW, MAILBOXID), so responses are read here
//! as plain values, which any extension fits.

mod client;
mod command;
mod utf7;
mod value;

pub(crate) use client::{Client, Done, Error, Selected, Told};
pub(crate) use command::Command;
pub(crate) use utf7::decode as decode_mailbox_name;
#[cfg(test)]
pub(crate) use value::parse;
pub(crate) use value::{Value, pair};
