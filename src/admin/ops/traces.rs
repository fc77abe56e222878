//! What happened to messages.

use crate::{Context, OpError};
use serde::{Deserialize, Serialize};
use store::trace::{Step, TraceEvent};

/// Events looked at by one search, so that it has a bound however long the history is.
const EVENTS_SEARCHED_MAX: usize = 20_000;
/// Most that one answer holds.
const EVENTS_SHOWN_MAX: usize = 1000;

/// A step of one message's way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TraceView {
    /// The message.
    pub id: String,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// The step.
    pub step: Step,
    /// Envelope sender; empty for notifications.
    pub from: String,
    /// Recipients it is about.
    pub to: Vec<String>,
    /// More, in words.
    pub detail: String,
}

/// Steps of messages from or to an address (or a part of one), newest message first. An empty text finds all.
///
/// # Errors
/// Machine faults.
pub fn find(context: &Context, text: &str, limit: usize) -> Result<Vec<TraceView>, OpError> {
    let text = text.trim().to_lowercase();
    let matches = |event: &TraceEvent| {
        text.is_empty()
            || event.reverse_path.to_lowercase().contains(&text)
            || event.recipients.iter().any(|recipient| recipient.to_lowercase().contains(&text))
    };
    let events = context.store().traces(EVENTS_SEARCHED_MAX)?;
    let found = events.into_iter().filter(|(_, event)| matches(event));
    Ok(found.take(limit.clamp(1, EVENTS_SHOWN_MAX)).map(|(id, event)| view(&id.to_string(), event)).collect())
}

/// All steps of one message, oldest first.
///
/// # Errors
/// [`OpError::NotFound`], [`OpError::Invalid`] for what is no trace id.
pub fn show(context: &Context, text: &str) -> Result<Vec<TraceView>, OpError> {
    let id: store::TraceId = text.trim().parse().map_err(|_| {
        OpError::Invalid(format!(
            "\"{text}\" is not a trace id: it has 32 hexadecimal digits, as in the Received header"
        ))
    })?;
    let events = context.store().trace(id)?;
    if events.is_empty() {
        return Err(OpError::NotFound(format!("nothing is known of message {id}")));
    }
    Ok(events.into_iter().map(|event| view(&id.to_string(), event)).collect())
}

fn view(id: &str, event: TraceEvent) -> TraceView {
    TraceView {
        id: id.to_owned(),
        at: event.at,
        step: event.step,
        from: event.reverse_path,
        to: event.recipients,
        detail: event.detail,
    }
}
