//! Messages that were deleted for good and can still be brought back: the store keeps them for 30 days.

use super::address;
use crate::{Context, OpError};
use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};

/// Messages that are listed at once.
const LISTED_MAX: usize = 1000;
/// Messages that are brought back at once when none are named: the newest.
const RESTORED_MAX: usize = 100_000;
/// Messages that are brought back in one commit.
const PART: usize = 200;

/// A deleted message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Deleted {
    /// Number within the account.
    pub number: u64,
    /// When it was deleted for good, milliseconds since 1970.
    pub deleted: i64,
    /// The mailbox it was in.
    pub mailbox: String,
    /// Sender, as in the message; may be empty.
    pub from: String,
    /// Subject; may be empty.
    pub subject: String,
    /// Bytes.
    pub bytes: u64,
}

/// What to bring back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Restore {
    /// Whose.
    pub address: String,
    /// These; none for all that `since` allows.
    #[serde(default)]
    pub numbers: Vec<u64>,
    /// Only what was deleted since then, milliseconds since 1970.
    #[serde(default)]
    pub since: i64,
    /// Only what was in this mailbox.
    #[serde(default)]
    pub mailbox: Option<String>,
}

/// What was brought back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// Messages.
    pub messages: usize,
}

/// Deleted messages of an account, newest first, at most 1000.
///
/// # Errors
/// [`OpError::NotFound`]
pub fn list(context: &Context, text: &str) -> Result<Vec<Deleted>, OpError> {
    let account = context.directory.account_by_address(&address(text)?)?;
    let entries = context.store().vault(account.id, LISTED_MAX)?;
    let deleted = entries.into_iter().map(|entry| {
        let envelope = &entry.message.summary.envelope;
        let from = envelope.from.first().map(|from| {
            format!("{}@{}", from.local.as_deref().unwrap_or_default(), from.domain.as_deref().unwrap_or_default())
        });
        Deleted {
            number: entry.number,
            deleted: entry.expunged,
            mailbox: entry.mailbox,
            from: from.unwrap_or_default(),
            subject: envelope.subject.clone().unwrap_or_default(),
            bytes: u64::from(entry.message.size),
        }
    });
    Ok(deleted.collect())
}

/// Brings messages back to the mailboxes they were in, or to INBOX where those are gone. It works in parts: what was brought
/// back before a fault stays.
///
/// # Errors
/// [`OpError::NotFound`] for the account or a number; [`OpError::Invalid`] when no number is told and nothing fits.
pub async fn restore(context: &Context, wanted: &Restore) -> Result<Restored, OpError> {
    let account = context.directory.account_by_address(&address(&wanted.address)?)?;
    let entries = context.store().vault(account.id, RESTORED_MAX)?;
    let mut numbers: Vec<u64> = match wanted.numbers.is_empty() {
        false => wanted.numbers.clone(),
        true => {
            let fits = |mailbox: &str| wanted.mailbox.as_deref().is_none_or(|only| only == mailbox);
            let chosen = entries.iter().filter(|e| e.expunged >= wanted.since && fits(&e.mailbox));
            chosen.map(|entry| entry.number).collect()
        }
    };
    drop(entries);
    if numbers.is_empty() {
        return Err(OpError::Invalid("no deleted message fits".into()));
    }
    // Oldest first, as they were.
    numbers.sort_unstable();
    numbers.dedup();
    for part in numbers.chunks(PART) {
        let (id, part) = (account.id, part.to_vec());
        let work = move |tx: &mut store::Tx<'_>| {
            part.iter().try_for_each(|number| tx.vault_restore(id, *number, now_ms()).map(drop))
        };
        context.store().commit(Vec::new(), work).await?;
    }
    tracing::info!(account = %account.address, messages = numbers.len(), "deleted messages brought back");
    Ok(Restored { messages: numbers.len() })
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
