//! What is known of the messages being written: one change of a draft at a time, and nothing is sent twice.
//!
//! It is memory only. What must survive a restart is in the mailboxes: the draft, and the copy of what was sent.

use super::people::Known;
use crate::pool::{TicketKey, key_of};
use httpd::Fault;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Drafts that are remembered.
const SHEETS_MAX: usize = 20_000;
/// Time a draft is remembered after its last change.
const SHEET_KEPT: Duration = Duration::from_secs(6 * 3600);
/// People whose recent correspondents are remembered.
const PEOPLE_MAX: usize = 2000;
/// Time they are remembered.
const PEOPLE_KEPT: Duration = Duration::from_secs(300);
/// Memory that all requests of compose may use together, KiB.
const MEMORY_KIB: u32 = 1024 * 1024;
/// Time a request waits for memory.
const MEMORY_PATIENCE: Duration = Duration::from_secs(30);

/// What became of a message that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// A copy is kept.
    WithCopy,
    /// It went, but no copy could be kept; the draft is still there.
    WithoutCopy,
}

/// How far a draft is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// UID of its newest version.
    pub(super) uid: Option<u32>,
    /// Whether it has been sent.
    pub(super) sent: Option<Sent>,
    /// Whether the person has thrown it away, so that a save under way does not bring it back.
    pub(super) discarded: bool,
}

/// People that someone may write to, and when they were looked up.
type People = (Arc<Vec<Known>>, Instant);

type Sheet = Arc<tokio::sync::Mutex<Progress>>;

/// The desk of all people.
pub(crate) struct Desk {
    sheets: Mutex<HashMap<[u8; 32], (Sheet, Instant)>>,
    people: Mutex<HashMap<TicketKey, People>>,
    memory: Arc<Semaphore>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self {
            sheets: Mutex::default(),
            people: Mutex::default(),
            memory: Arc::new(Semaphore::new(MEMORY_KIB as usize)),
        }
    }

    /// The draft of that account and Message-ID. Holding its lock is the right to change it.
    pub(super) fn sheet(&self, account: &str, message_id: &str) -> Sheet {
        let mut hasher = blake3::Hasher::new();
        hasher.update(account.as_bytes()).update(b"\0").update(message_id.as_bytes());
        let key = *hasher.finalize().as_bytes();
        let mut sheets = self.sheets.lock().unwrap_or_else(PoisonError::into_inner);
        if sheets.len() >= SHEETS_MAX {
            let in_use = |sheet: &Sheet| Arc::strong_count(sheet) > 1;
            sheets.retain(|_, (sheet, used)| in_use(sheet) || used.elapsed() < SHEET_KEPT);
            let oldest = sheets.iter().filter(|(_, (sheet, _))| !in_use(sheet)).min_by_key(|(_, (_, used))| *used);
            if let Some(oldest) = oldest.map(|(key, _)| *key).filter(|_| sheets.len() >= SHEETS_MAX) {
                sheets.remove(&oldest);
            }
        }
        let (sheet, used) = sheets.entry(key).or_insert_with(|| (Sheet::default(), Instant::now()));
        *used = Instant::now();
        sheet.clone()
    }

    /// Memory for a request that handles so many bytes. It waits while others have it all.
    pub(super) async fn memory(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Fault> {
        let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(MEMORY_KIB).min(MEMORY_KIB);
        let wait = self.memory.clone().acquire_many_owned(kib);
        match tokio::time::timeout(MEMORY_PATIENCE, wait).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Fault::Unavailable("too many large messages are being written at once".into())),
        }
    }

    /// The recent correspondents of a session, if they are remembered.
    pub(super) fn people(&self, ticket: &str) -> Option<Arc<Vec<Known>>> {
        let people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        people.get(&key_of(ticket)).filter(|(_, at)| at.elapsed() < PEOPLE_KEPT).map(|(list, _)| list.clone())
    }

    /// Remembers them.
    pub(super) fn remember_people(&self, ticket: &str, list: Arc<Vec<Known>>) {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        people.retain(|_, (_, at)| at.elapsed() < PEOPLE_KEPT);
        if people.len() < PEOPLE_MAX {
            people.insert(key_of(ticket), (list, Instant::now()));
        }
    }

    /// Forgets what was known by a ticket.
    pub(crate) fn forget(&self, ticket: &str) {
        self.people.lock().unwrap_or_else(PoisonError::into_inner).remove(&key_of(ticket));
    }
}

#[cfg(test)]
mod tests {
    use super::Desk;
    use std::sync::Arc;

    #[test]
    fn a_draft_has_one_sheet() {
        let desk = Desk::new();
        let sheet = desk.sheet("alice@example.test", "m@x");
        assert!(Arc::ptr_eq(&sheet, &desk.sheet("alice@example.test", "m@x")));
        assert!(!Arc::ptr_eq(&sheet, &desk.sheet("bob@example.test", "m@x")), "another's draft is another draft");
    }
}
