//! What unit tests of this crate share.

use mail::summary::summarize;
use store::{BodyId, Message, ThreadId, TraceId, Uid};

/// A message as the store keeps it.
pub(crate) fn message(uid: Uid, text: &str, received: i64) -> Message {
    Message {
        uid,
        body: BodyId([0; 32]),
        size: u32::try_from(text.len()).expect("is short"),
        received,
        saved: received,
        thread: ThreadId(1),
        trace: TraceId(1),
        summary: summarize(text.as_bytes()),
    }
}
