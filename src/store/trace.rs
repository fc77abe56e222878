//! What happened to each message on its way: one event for each step, found by trace id, newest first. A trace id begins with
//! its time, so that order of ids is order of messages, and old events are found without an index of their own.

use crate::{Error, Store, TraceId, Tx, backend::Tree, keys, tx::Read};
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
#[serde(rename_all = "lowercase")]
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
    /// Refused by the filter before it was taken.
    Refused,
}

/// Octets kept of words that come from outside.
const DETAIL_BYTES_MAX: usize = 4096;
/// Octets of recipients in one row; more recipients make more rows.
const RECIPIENTS_BYTES_MAX: usize = 6144;

impl Store {
    /// All events of one message, oldest first.
    ///
    /// # Errors
    /// Machine faults.
    pub fn trace(&self, id: TraceId) -> Result<Vec<TraceEvent>, Error> {
        self.prefix(Tree::Spool, &keys::trace(id)).map(|row| keys::decode("trace event", &row?.1)).collect()
    }
    /// The newest messages' events, newest message first, at most `limit` events.
    ///
    /// # Errors
    /// Machine faults.
    pub fn traces(&self, limit: usize) -> Result<Vec<(TraceId, TraceEvent)>, Error> {
        let rows = self.prefix_rev(Tree::Spool, &keys::traces()).take(limit);
        rows.map(|row| {
            let (key, value) = row?;
            Ok((keys::trace_of(&key)?, keys::decode("trace event", &value)?))
        })
        .collect()
    }
}

impl Tx<'_> {
    /// Adds an event. The same event added again is the same event.
    pub fn trace(&mut self, id: TraceId, event: &TraceEvent) {
        let mut event = event.clone();
        clip(&mut event.reverse_path);
        clip(&mut event.detail);
        event.recipients.iter_mut().for_each(clip);
        let mut recipients = std::mem::take(&mut event.recipients).into_iter().peekable();
        loop {
            let mut bytes = 0;
            while let Some(recipient) =
                recipients.next_if(|next| bytes == 0 || bytes + next.len() <= RECIPIENTS_BYTES_MAX)
            {
                bytes += recipient.len() + 2;
                event.recipients.push(recipient);
            }
            let value = keys::encode(&event);
            let key = keys::trace_event(id, event.at, event.step as u8, crc32fast::hash(&value));
            self.put(Tree::Spool, &key, value);
            if recipients.peek().is_none() {
                return;
            }
            event.recipients.clear();
        }
    }

    /// Forgets at most `limit` events of messages that were accepted before `before`, milliseconds since 1970; returns how many.
    ///
    /// # Errors
    /// Machine faults.
    pub fn trace_purge(&mut self, before: i64, limit: usize) -> Result<usize, Error> {
        let end = keys::trace(TraceId::first_at(before));
        let rows: Vec<_> = self.range(Tree::Spool, &keys::traces(), &end).take(limit).collect::<Result<_, _>>()?;
        rows.iter().for_each(|(key, _)| self.delete(Tree::Spool, key));
        Ok(rows.len())
    }
}

fn clip(text: &mut String) {
    text.truncate(text.floor_char_boundary(DETAIL_BYTES_MAX));
}
