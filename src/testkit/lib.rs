//! What tests stand on: the real program on ports of its own, conversations with it, a browser, name servers and mail servers.
//!
//! Layout: [`server`] starts, stops and kills `gatepost`, [`conversation`] speaks line protocols with it as transcripts,
//! [`pages`] is a browser without a screen: requests with a kept session, [`browser`] is a real one, [`dns`] a name server
//! with a zone that tests write, [`sink`] a mail server that does what it is told, for good or ill, [`imaptest`] speaks scripts of
//! IMAP to a server.
//!
//! Invariants: knows the program only by its doors (ports, command line, files); is never linked into it; waits for events,
//! never for time to pass: only whether the program is ready has to be asked again and again. What goes wrong panics with what was said last: a test has no use for an error value.

pub mod browser;
pub mod conversation;
pub mod dns;
pub mod imaptest;
pub mod pages;
pub mod server;
pub mod sink;

pub use browser::Browser;
pub use conversation::Conversation;
pub use dns::Dns;
pub use pages::Pages;
pub use server::{Options, TestServer};
pub use sink::Sink;
