//! The outbound queue: takes what intake put into the spool, delivers it, tries again, and tells senders what failed.
//!
//! Layout: [`worker`] the loop that starts deliveries, `board` what is under way, [`route`] from a domain to servers,
//! `attempt` one try of one group, `local` to mailboxes here, `sign` the signatures of what leaves, `sts` the policies of other domains, `settle` what came of it as one commit, `notice` delivery status notifications,
//! [`schedule`] when to try again, [`operations`] what an admin may do, `keeper` what is looked after from time to time, [`clock`] the time.
//!
//! Invariants: the spool is the only truth and what is held here in memory can be lost at any time; a recipient that got
//! its 250 leaves the spool before anything else is tried for it; a failure and its notification are one commit; no
//! notification answers a null sender. Mail that a suspended account had queued is still sent: it was accepted when the
//! account was in good standing, and an admin who wants it gone can drop it.

mod attempt;
mod board;
pub mod clock;
pub mod error;
mod keeper;
mod local;
mod notice;
pub mod operations;
pub mod route;
pub mod schedule;
mod settle;
mod sign;
mod sts;
pub mod worker;

pub use clock::Clock;
pub use error::Error;
pub use operations::{Detail, Done, Selection, State};
pub use worker::Queue;
