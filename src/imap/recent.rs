//! Which messages are `\Recent` (RFC 3501 section 2.3.2): those that no session has been told of before. The first session
//! with the mailbox open for writing takes them.
//!
//! While a mailbox is open its mark is kept here. It goes into the store when the last session leaves it, not with every
//! message: after a crash a message may be recent once more, which the RFC allows.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use store::{AccountId, Error, MailboxId, Store, Uid};

type Key = (AccountId, MailboxId);

/// The marks of mailboxes that are open.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    open: Mutex<HashMap<Key, Mark>>,
}

#[derive(Debug)]
struct Mark {
    /// No session has been told of messages from this UID on.
    next: Uid,
    /// As it stands in the store.
    kept: Uid,
    sessions: u32,
}

impl Marks {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Mark>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first UID that no session has been told of.
    pub(crate) fn peek(&self, store: &Store, account: AccountId, mailbox: MailboxId) -> Result<Uid, Error> {
        if let Some(mark) = self.lock().get(&(account, mailbox)) {
            return Ok(mark.next);
        }
        store.recent_from(account, mailbox)
    }

    /// For a session that opens the mailbox for writing.
    pub(crate) fn open(
        self: &Arc<Self>,
        store: &Store,
        account: AccountId,
        mailbox: MailboxId,
    ) -> Result<Claim, Error> {
        let kept = store.recent_from(account, mailbox)?;
        let key = (account, mailbox);
        let mut open = self.lock();
        open.entry(key).or_insert(Mark { next: kept, kept, sessions: 0 }).sessions += 1;
        Ok(Claim { marks: self.clone(), store: store.clone(), key })
    }
}

/// A session that has a mailbox open for writing.
pub(crate) struct Claim {
    marks: Arc<Marks>,
    store: Store,
    key: Key,
}

impl Claim {
    /// Takes all that nobody has been told of below `uid_next`; the first of them.
    pub(crate) fn take(&self, uid_next: Uid) -> Uid {
        let mut open = self.marks.lock();
        let Some(mark) = open.get_mut(&self.key) else { return uid_next };
        let first = mark.next;
        mark.next = first.max(uid_next);
        first
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut open = self.marks.lock();
        let Some(mark) = open.get_mut(&self.key) else { return };
        mark.sessions -= 1;
        if mark.sessions > 0 {
            return;
        }
        let next = mark.next;
        if next == mark.kept {
            open.remove(&self.key);
            return;
        }
        drop(open);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (marks, store, key) = (self.marks.clone(), self.store.clone(), self.key);
        runtime.spawn(async move {
            let work = move |tx: &mut store::Tx<'_>| tx.recent_set(key.0, key.1, next);
            let done = store.commit::<_, Error, _>(Vec::new(), work).await;
            let mut open = marks.lock();
            if let Some(mark) = open.get_mut(&key) {
                if done.is_ok() {
                    mark.kept = next;
                }
                if mark.sessions == 0 {
                    open.remove(&key);
                }
            }
        });
    }
}
