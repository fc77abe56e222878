//! What `gatepost demo` shows: a small studio with three accounts and some weeks of mail, made by code.
//!
//! Layout: [`mailbox`] all messages in their places, out of [`stories`] written by hand and [`series`] made by machine;
//! [`email`] and [`files`] how a message and its attachments are written down; [`people`] who writes; [`random`] numbers
//! that are the same for the same seed; [`mod@seed`] from there into a store.

mod email;
mod files;
mod mailbox;
mod people;
mod random;
mod seed;
mod series;
mod stories;

pub(crate) use people::{ADMIN, ALICE, BOB, Person};
pub(crate) use seed::seed;
