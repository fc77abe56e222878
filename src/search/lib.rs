//! The full-text index of all mail on a node: what IMAP's FUZZY and the search box of webmail ask.
//!
//! Layout: [`index`] the index as others see it, how far it is, and its end; [`snapshot`] what is asked of it for one account;
//! [`needle`] what somebody looks for; `words` text folded into words, `analyzer` the same for the index library; `schema` what is
//! held of a message, `text` and `office` where its words come from; `shards` the files; `indexer` the thread that writes them;
//! `collect` what is gathered of hits; [`error`].
//!
//! Invariants: it is derived from the store, and can be thrown away at any time. The account is a condition of every query, so an
//! answer never tells of another's mail. How far an account is stands in the same commit as its messages. What it does not hold
//! yet it names, so that a search that looks there one by one misses nothing. One thread writes, with bounded memory and behind
//! all others; a failing index never fails a search, a session or a delivery.

pub mod error;
pub mod index;
pub mod needle;
pub mod snapshot;

mod analyzer;
mod collect;
mod indexer;
mod office;
mod schema;
mod shards;
mod text;
mod words;

pub use collect::{Dated, Newest};
pub use error::Error;
pub use index::{Index, Options, Status};
pub use needle::{Needle, unquoted};
pub use schema::Part;
pub use snapshot::{Question, Scope, Snapshot};
