//! Whole sessions, from bytes to the store and back.

use crate::place::{self, PASSWORD};
use std::sync::Arc;

/// An IMAP session of somebody who is signed in and has INBOX selected; with an odd first byte, of somebody who is not.
pub fn imap(data: &[u8]) {
    let [first, rest @ ..] = data else { return };
    let said = place::with(|place| {
        let context =
            Arc::new(imap::Context::new(place.directory.clone(), place.settings.clone(), None, place.shutdown.clone()));
        let begin = format!("in LOGIN alice@example.test \"{PASSWORD}\"\r\nin SELECT INBOX\r\n");
        let begin = if first & 1 == 0 { begin.as_bytes() } else { b"" };
        place.converse(&[begin, rest].concat(), |stream, peer| imap::session(stream, peer, context))
    });
    assert!(said.starts_with(b"* OK ") && said.ends_with(b"\r\n"), "{}", String::from_utf8_lossy(&said));
}

/// A POP3 session of somebody who is signed in; with an odd first byte, of somebody who is not.
pub fn pop3(data: &[u8]) {
    let [first, rest @ ..] = data else { return };
    let said = place::with(|place| {
        let context =
            Arc::new(pop3::Context::new(place.directory.clone(), place.settings.clone(), None, place.shutdown.clone()));
        let begin = format!("USER alice@example.test\r\nPASS {PASSWORD}\r\n");
        let begin = if first & 1 == 0 { begin.as_bytes() } else { b"" };
        place.converse(&[begin, rest].concat(), |stream, peer| pop3::session(stream, peer, context))
    });
    assert!(said.starts_with(b"+OK ") && said.ends_with(b"\r\n"), "{}", String::from_utf8_lossy(&said));
}
