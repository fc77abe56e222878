//! A message on its way to the client, in pieces of bounded size.
//!
//! A step reads from the store and waits for nobody, so that it can run in a thread of its own while the piece before it is
//! sent; a client that is slow holds no thread.

use crate::proto::{
    downgrade,
    text::{Stuffer, Top},
};
use mail::header::header_length;
use std::ops::Range;
use store::{BodyId, Error, Store};

/// Bytes of a message that are read at once.
const READ_BYTES: u64 = 256 * 1024;
/// Bytes read at once for TOP, which wants the beginning only.
const READ_TOP_BYTES: u64 = 64 * 1024;

/// A message being read.
pub(crate) struct Reading {
    store: Store,
    body: BodyId,
    left: Range<u64>,
    read_bytes: u64,
    stuffer: Stuffer,
    top: Option<Top>,
    /// The client has not asked for UTF-8: the header is yet to be made ASCII.
    is_narrow: bool,
    is_done: bool,
}

impl Reading {
    /// A whole message; with `top` its header and so many lines. `utf8`: the client takes headers in UTF-8 (RFC 6856).
    pub(crate) fn new(store: &Store, body: BodyId, size: u32, top: Option<u32>, utf8: bool) -> Self {
        Self {
            store: store.clone(),
            body,
            left: 0..u64::from(size),
            read_bytes: if top.is_some() { READ_TOP_BYTES } else { READ_BYTES },
            stuffer: Stuffer::default(),
            top: top.map(Top::new),
            is_narrow: !utf8,
            is_done: false,
        }
    }

    /// Whether all of it has been written.
    pub(crate) fn is_done(&self) -> bool {
        self.is_done
    }

    /// Writes the next piece; with the last one the final dot.
    ///
    /// # Errors
    /// Machine faults. What was written cannot be completed then.
    pub(crate) fn step(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let Range { start, end } = self.left;
        let middle = end.min(start + self.read_bytes);
        let text = self.store.body_range(self.body, start..middle)?;
        self.left.start = middle;
        let (length, is_end) = match &mut self.top {
            None => (text.len(), false),
            Some(top) => top.take(&text),
        };
        let mut text = &text[..length];
        if std::mem::take(&mut self.is_narrow) {
            let (header, rest) = text.split_at(header_length(text));
            if let Some(header) = downgrade::header(header) {
                self.stuffer.push(&header, out);
                text = rest;
            }
        }
        self.stuffer.push(text, out);
        if is_end || middle == end {
            self.stuffer.finish(out);
            self.is_done = true;
        }
        Ok(())
    }
}
