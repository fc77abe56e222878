//! Runs the scripts of Dovecot's imaptest against a server, over a real connection.
//!
//! The language is that of `../shared/corpora/imaptest/scripted_test.md`: commands with the replies that are expected. A script
//! whose capabilities the server does not announce is passed over, and says so.
//!
//! Layout: [`script`] a file and its messages; [`value`] a reply as a tree; [`pattern`] what is expected of one; [`mod@run`] speaks.

pub mod pattern;
pub mod run;
pub mod script;
pub mod value;

pub use run::{Outcome, Target, run};
pub use script::Script;
