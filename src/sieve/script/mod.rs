//! Scripts.
//!
//! Layout: [`mod@compile`] from text to something that runs, or what is wrong with it; [`capability`] the extensions there are;
//! `scope` what variables the engine would forget; [`run`](mod@run) one script over one message; [`outcome`] what shall be done; [`vacation`] who is answered, and with what; [`place`]
//! mailboxes and flags as scripts name them.

pub mod capability;
pub mod compile;
pub mod outcome;
pub(crate) mod place;
pub(crate) mod run;
mod scope;
mod vacation;

pub use compile::{Compiled, Fault, compile};
