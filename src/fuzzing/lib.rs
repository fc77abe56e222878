//! What must hold for any bytes at all: one function for each door that bytes come in by.
//!
//! `fuzz/` makes bytes up and calls these functions with them; the test of this crate calls them with the seeds in
//! `fuzz/seeds` and with broken copies of those, so that the functions and the doors still fit together.
//!
//! Layout: [`config_file`], [`mail_message`], [`mail_words`], [`imap_command`], [`pop3_command`], [`smtp_session`], [`html`] are pure;
//! [`store_log`] opens a store over a log with those bytes in it; [`sessions`] are whole sessions over a pipe, on the small
//! box of [`place`].
//!
//! Invariants: a function takes any bytes, comes back, and panics only when something is wrong with what it tests. It keeps
//! nothing that lets later bytes have another result, but for the mail of [`sessions`].

pub mod config_file;
pub mod html;
pub mod imap_command;
pub mod mail_message;
pub mod mail_words;
pub mod place;
pub mod pop3_command;
pub mod sessions;
pub mod smtp_session;
pub mod store_log;

/// A door, by the name that its target and its folder of seeds have.
pub type Target = (&'static str, fn(&[u8]));

/// All doors.
pub const TARGETS: [Target; 10] = [
    ("config_file", config_file::check),
    ("html", html::check),
    ("imap_command", imap_command::check),
    ("imap_session", sessions::imap),
    ("mail_message", mail_message::check),
    ("mail_words", mail_words::check),
    ("pop3_command", pop3_command::check),
    ("pop3_session", sessions::pop3),
    ("smtp_session", smtp_session::check),
    ("store_log", store_log::check),
];
