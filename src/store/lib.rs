//! The embedded mail store: an append-only log is the commit point, an index engine is derived from it.
//!
//! Layout: [`log`] segments, records, the committer; [`index`] the engines behind one trait; [`snapshot`] dumps that
//! bound replay; [`backend`] the trait the rest stands on; [`tx`] what a commit may do; and then the content:
//! [`mailbox`], [`subscription`], [`acl`], [`message`], [`recent`], [`maildrop`], [`flags`], [`view`], [`change`], [`thread`], [`conversation`], [`annotation`], [`spool`] with its [`terms`], [`vault`], [`record`], [`lesson`], [`trace`];
//! [`script`] with what running it remembers;
//! [`expire`] lets the last two kinds go in time. [`feed`] is for who keeps something derived of it all.
//!
//! Invariants: nothing is acknowledged before one fdatasync has covered it; the index is never the only home of
//! anything; a failed fsync stops all further commits; only this crate names an index engine; no code above may assume
//! that it is the only process (a commit's closure re-reads what it relies on and may run more than once).

mod account;
pub mod acl;
pub mod annotation;
pub mod backend;
pub mod body;
pub mod change;
pub mod conversation;
pub mod error;
pub mod expire;
pub mod feed;
pub mod flags;
mod hub;
pub mod ids;
mod index;
mod keys;
pub mod lesson;
mod log;
pub mod mailbox;
pub mod maildrop;
pub mod message;
pub mod recent;
pub mod record;
pub mod script;
mod snapshot;
pub mod spool;
mod start;
pub mod subscription;
pub mod terms;
pub mod thread;
pub mod trace;
pub mod tx;
pub mod uidset;
pub mod vault;
pub mod verify;
pub mod view;

pub use account::MESSAGES_PER_COMMIT_MAX;
pub use acl::Rights;
pub use backend::{Engine, Options, Recovery, Stats, Store};
pub use body::NewBody;
pub use error::Error;
pub use expire::Expired;
pub use feed::{AccountChanges, Feed};
pub use flags::{FlagChange, Flags};
pub use ids::{AccountId, BodyId, MailboxId, ModSeq, SpoolId, ThreadId, TraceId, Uid};
pub use mailbox::{Mailbox, Role, Usage};
pub use maildrop::Head;
pub use message::{Message, NewMessage};
pub use script::Script;
pub use terms::Terms;
pub use tx::Tx;
pub use uidset::UidSet;
pub use verify::{Progress, Verified};
pub use view::View;
