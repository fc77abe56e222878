//! The admin's side: the operations behind console, command line and control socket, and the console's pages.
//!
//! Layout: [`ops`] every action and question as a typed function and as one [`ops::Operation`], [`context`] what they work
//! on, [`control`] the socket by which the command line reaches a running server, [`figures`] what the dashboard shows,
//! [`size`] sizes as people write them, `console` the pages, one file for each noun.
//!
//! Invariants: a page does nothing that [`ops`] does not offer, so the command line can do all that the console can. Every
//! handler takes a `Visit`, which is had by [`httpd::Admin`] only, and every one that changes something a guarded form; setup
//! has its token instead. Secrets are shown once, in the answer
//! to the form that made them, and stand in no address.
//!
//! Errors: [`OpError`] says what to do differently; pages show it beside what was typed, which is kept.

mod console;
pub mod context;
pub mod control;
pub mod error;
pub mod figures;
pub mod ops;
pub mod size;

pub use console::routes;
pub use context::Context;
pub use error::OpError;
