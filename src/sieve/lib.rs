//! Sieve: what people have done with their mail as it comes (RFC 5228), and ManageSieve, by which they say so (RFC 5804).
//!
//! Layout: [`script`] compiling and running scripts, [`delivery`] what is run for the recipients of one message,
//! [`managesieve`] the server, [`error`] what can go wrong.
//!
//! Invariants: running a script changes nothing, it only says what shall be done: intake does all of it in the commit that
//! takes the message in; a script that fails, or runs out of its bounds, leaves the message in the Inbox and its owner is
//! told; no script is stored that was not compiled.

pub mod delivery;
pub mod error;
pub mod managesieve;
pub mod script;

pub use delivery::{Origin, Spam, Virus};
pub use error::Error;
pub use script::outcome::Outcome;
