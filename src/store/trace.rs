//! What happened to each message on its way: one event for each step, found by trace id, newest first.

use crate::{Error, Store, TraceId, Tx};
use serde::{Deserialize, Serialize};

/// A step of a message's way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceEvent {
    /// When, milliseconds since 1970.
    pub at: i64,
    /// The step.
    pub step: Step,
    /// Envelope sender, empty for the null path.
    pub reverse_path: String,
    /// Envelope recipients that it is about.
    pub recipients: Vec<String>,
    /// More, in words: client, server, its answer.
    pub detail: String,
}

/// Steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Step {
    Received,
    Submitted,
    Delivered,
    Queued,
    Sent,
    Deferred,
    Bounced,
    Dropped,
}

impl Store {
    /// All events of one message, oldest first.
    ///
    /// # Errors
    /// Machine faults.
    pub fn trace(&self, _id: TraceId) -> Result<Vec<TraceEvent>, Error> {
        todo!()
    }
    /// The newest messages' events, newest message first, at most `limit` events.
    ///
    /// # Errors
    /// Machine faults.
    pub fn traces(&self, _limit: usize) -> Result<Vec<(TraceId, TraceEvent)>, Error> {
        todo!()
    }
}

impl Tx<'_> {
    /// Adds an event.
    pub fn trace(&mut self, _id: TraceId, _event: &TraceEvent) {
        todo!()
    }
}
