//! What the sessions of this process share beside the disk: who waits for what, and mailbox views in use. All of it is a
//! cache that a restart builds anew; none of it guards anything.

use crate::{AccountId, ModSeq, feed::Told, tx::Effects, view::Views};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, Weak},
};
use tokio::sync::watch;

/// Watchers and views of one store.
pub(crate) struct Hub {
    /// Views of mailboxes in use. They follow the history when they are asked for, under [`Hub::stable`].
    pub(crate) views: Views,
    accounts: Mutex<HashMap<AccountId, watch::Sender<ModSeq>>>,
    spool: watch::Sender<u64>,
    feeds: Mutex<Vec<Weak<Told>>>,
    visible: RwLock<()>,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self {
            views: Views::default(),
            accounts: Mutex::default(),
            spool: watch::Sender::new(0),
            feeds: Mutex::default(),
            visible: RwLock::new(()),
        }
    }

    /// While the guard lives no further commit becomes visible: rows and views stay as they are. Never hold it over an
    /// await, or while waiting for a commit.
    pub(crate) fn stable(&self) -> RwLockReadGuard<'_, ()> {
        self.visible.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A watch on the account; `now` gives its present value when nobody has watched it so far.
    pub(crate) fn watch(&self, account: AccountId, now: impl FnOnce() -> ModSeq) -> watch::Receiver<ModSeq> {
        // A commit between reading `now` and keeping the watch would go unseen.
        let _stable = self.stable();
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = accounts.get(&account) {
            return sender.subscribe();
        }
        // The map only grows by watching, so this is the place to drop what nobody watches any more.
        if accounts.len() == accounts.capacity() {
            accounts.retain(|_, sender| sender.receiver_count() > 0);
        }
        let (sender, receiver) = watch::channel(now());
        accounts.insert(account, sender);
        receiver
    }

    /// A watch on the spool; the value counts commits that touched it.
    pub(crate) fn spool_watch(&self) -> watch::Receiver<u64> {
        self.spool.subscribe()
    }

    /// Tells a feed of all accounts that change from now on, as long as it lives.
    pub(crate) fn feed(&self, told: &Arc<Told>) {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(told));
    }

    /// Makes a group of commits visible: `publish` shows the rows, then the watchers wake.
    pub(crate) fn publish(&self, effects: Vec<Effects>, publish: impl FnOnce()) {
        let visible = self.visible.write().unwrap_or_else(PoisonError::into_inner);
        publish();
        let mut touched = Vec::new();
        let mut spool = false;
        for effects in effects {
            touched.extend(effects.touched);
            spool |= effects.spool;
        }
        drop(visible);
        if spool {
            self.spool.send_modify(|count| *count += 1);
        }
        if !touched.is_empty() {
            let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
            feeds.retain(|feed| {
                let feed = feed.upgrade();
                feed.inspect(|told| told.tell(touched.iter().map(|&(account, _)| account))).is_some()
            });
        }
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.is_empty() {
            return;
        }
        for (account, modseq) in touched {
            if let Some(sender) = accounts.get(&account)
                && sender.send(modseq).is_err()
            {
                accounts.remove(&account);
            }
        }
    }
}
