//! The outbound queue.

use super::traces::{self, TraceView};
use crate::{Context, OpError};
use queue::{Detail, Done, Selection, State};
use serde::{Deserialize, Serialize};
use store::SpoolId;

/// Entries in one answer, unless fewer are asked for.
const SHOWN_MAX: usize = 1000;
/// Octets of a message that are looked through for its subject.
const HEADER_BYTES_MAX: u64 = 64 * 1024;

/// Which entries; what is given must all fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueFilter {
    /// Domain of the recipient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// A part of the sender's address; `<>` is the null sender of notifications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// `waiting`, `active`, `deferred`, `held`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Entries with a larger id: the `next` of the page before. Lists only.
    #[serde(default)]
    pub after: u64,
    /// Entries at most; 0 for as many as one answer holds. Lists only.
    #[serde(default)]
    pub limit: usize,
}

/// What to do with entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueAction {
    /// Try now.
    Retry,
    /// Do not try until released.
    Hold,
    /// Let held entries go on.
    Release,
    /// Remove; nobody is told.
    Drop,
    /// Remove, and tell the sender.
    Bounce,
}

/// An action on entries: on those named, or, when none is, on all that fit the filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueAct {
    /// What to do.
    pub action: QueueAction,
    /// Entries by id.
    #[serde(default)]
    pub ids: Vec<u64>,
    /// All entries that fit; an empty filter means the whole queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<QueueFilter>,
}

/// An entry of the queue: one recipient of one message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueueView {
    /// The entry.
    pub id: u64,
    /// Sender; empty for notifications.
    pub from: String,
    /// Recipient.
    pub to: String,
    /// The recipient first given, when an alias led here.
    pub original_to: Option<String>,
    /// Bytes.
    pub size: u32,
    /// Where it stands.
    pub state: State,
    /// Why it is still here, in words.
    pub reason: String,
    /// Tries so far.
    pub attempts: u32,
    /// When it was accepted, milliseconds since 1970.
    pub created: i64,
    /// When it is tried next, milliseconds since 1970.
    pub next_attempt: i64,
    /// When it is given up, milliseconds since 1970.
    pub expires: i64,
    /// The server of the last try.
    pub host: Option<String>,
    /// What the last try ended with.
    pub reply: Option<String>,
    /// The message, as in the log and the Received header.
    pub trace: String,
}

/// A page of the queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueueList {
    /// Entries in the whole queue, whatever the filter.
    pub total: u64,
    /// Those that fit, oldest first.
    pub entries: Vec<QueueView>,
    /// Where the next page begins, when there is one.
    pub next: Option<u64>,
}

/// All about one entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueueDetail {
    /// The entry.
    #[serde(flatten)]
    pub entry: QueueView,
    /// Subject of the message.
    pub subject: String,
    /// What happened to the message so far, oldest first.
    pub events: Vec<TraceView>,
}

/// Entries that fit, oldest first.
///
/// # Errors
/// Machine faults.
pub fn list(context: &Context, filter: &QueueFilter) -> Result<QueueList, OpError> {
    let limit = if filter.limit == 0 { SHOWN_MAX } else { filter.limit.min(SHOWN_MAX) };
    let mut found = context.queue.list(&selection(&[], filter), SpoolId(filter.after), limit + 1)?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|detail| detail.entry.id.0);
    let entries = found.into_iter().map(view).collect();
    Ok(QueueList { total: context.store().spool_len(), entries, next })
}

/// One entry.
///
/// # Errors
/// [`OpError::NotFound`]
pub fn show(context: &Context, id: u64) -> Result<QueueDetail, OpError> {
    let detail = context.queue.detail(SpoolId(id)).map_err(|error| match error {
        queue::Error::NotFound => {
            OpError::NotFound(format!("the queue has no entry {id}; it may have been delivered meanwhile"))
        }
        other => other.into(),
    })?;
    let header = context.store().body_range(detail.entry.body, 0..HEADER_BYTES_MAX)?;
    let subject = mail::header::find(&header, "Subject").map(mail::header::unfold).unwrap_or_default();
    let entry = view(detail);
    // The trace is kept for a time only; the entry can outlive it.
    let events = match traces::show(context, &entry.trace) {
        Err(OpError::NotFound(_)) => Vec::new(),
        events => events?,
    };
    Ok(QueueDetail { subject: mail::encoded_word::decode(&subject, None), entry, events })
}

/// Does something with entries. Those that are being delivered at this moment are neither dropped nor tried again, but counted.
///
/// # Errors
/// [`OpError::Invalid`] when neither ids nor a filter are given; [`OpError::NotFound`] when one entry was named and is not
/// there.
pub async fn act(context: &Context, act: &QueueAct) -> Result<Done, OpError> {
    let selection = match &act.filter {
        None if act.ids.is_empty() => {
            return Err(OpError::Invalid(
                "name entries of the queue, or say which ones by domain, sender or state".into(),
            ));
        }
        None => selection(&act.ids, &QueueFilter::default()),
        Some(filter) => selection(&act.ids, filter),
    };
    if let [id] = selection.ids[..] {
        show(context, id.0)?;
    }
    let queue = &context.queue;
    let done = match act.action {
        QueueAction::Retry => queue.retry(&selection).await,
        QueueAction::Hold => queue.hold(&selection).await,
        QueueAction::Release => queue.release(&selection).await,
        QueueAction::Drop => queue.discard(&selection, false).await,
        QueueAction::Bounce => queue.discard(&selection, true).await,
    }?;
    tracing::info!(action = ?act.action, changed = done.changed, busy = done.busy, "queue entries changed");
    Ok(done)
}

fn selection(ids: &[u64], filter: &QueueFilter) -> Selection {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    Selection {
        ids: ids.iter().copied().map(SpoolId).collect(),
        domain: given(&filter.domain),
        sender: given(&filter.sender),
        state: filter.state,
    }
}

fn view(detail: Detail) -> QueueView {
    let Detail { entry, state, expires, reason } = detail;
    QueueView {
        id: entry.id.0,
        from: entry.reverse_path.to_string(),
        to: entry.recipient.to_string(),
        original_to: entry.original_recipient.map(|address| address.to_string()),
        size: entry.size,
        state,
        reason,
        attempts: entry.attempts,
        created: entry.created,
        next_attempt: entry.next_attempt,
        expires,
        host: entry.last_host,
        reply: entry.last_reply,
        trace: entry.trace.to_string(),
    }
}

impl From<queue::Error> for OpError {
    fn from(error: queue::Error) -> Self {
        match error {
            queue::Error::NotFound => Self::NotFound(error.to_string()),
            queue::Error::Store(error) => error.into(),
            other => Self::Machine(other.to_string()),
        }
    }
}
