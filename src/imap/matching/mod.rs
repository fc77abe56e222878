//! Which messages a search finds (RFC 3501 section 6.4.4).
//!
//! Layout: [`program`] a search made ready for one mailbox and its evaluation on what is known of a message; [`mod@scan`] runs it
//! over a mailbox; [`text`] looks through bytes, [`needle`] for strings.
//!
//! Invariants: what is cheap decides first. Sets need no message, flags no summary, and a body is read only for the messages
//! that nothing cheaper has decided. Memory does not grow with the number of messages read.

mod needle;
mod program;
mod scan;
mod text;

pub(crate) use program::{Known, Program};
pub(crate) use scan::{Matches, Source, scan};
