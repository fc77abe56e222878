//! The UIDs of a mailbox, shared by all sessions that have it open.

use crate::account::Account;
use crate::change::{self, Changes};
use crate::{AccountId, Error, Flags, MailboxId, ModSeq, Store, Uid, UidSet, mailbox::Mailbox, message};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Views kept at most.
const VIEWS_MAX: usize = 4_096;
/// Ranges of UIDs in all views that are kept, 12 bytes each.
const RANGES_MAX: usize = 4_000_000;
/// A view that nobody asked for this long is dropped.
const IDLE_MAX: Duration = Duration::from_secs(15 * 60);
/// How many views are added between two looks for those to drop.
const SWEEP_EVERY: usize = 64;
/// Ranges of a change up to which each is put into the set for itself; more are merged with it in one pass.
const RANGES_SINGLY_MAX: usize = 8;

/// Which messages a mailbox holds at one mod-sequence. Kept in memory while in use, brought up to date from the history,
/// loaded by one scan of the flags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// All messages; the position is the sequence number less one.
    pub uids: UidSet,
    /// Those without `\Seen`.
    pub unseen: UidSet,
    /// Next UID.
    pub uid_next: Uid,
    /// UIDVALIDITY.
    pub uid_validity: u32,
    /// The mod-sequence at which this holds: that of the mailbox's newest change.
    pub modseq: ModSeq,
}

impl View {
    /// Brings it to the state after `changes`, whether some of them are in it already or not.
    fn apply(&mut self, changes: &Changes, mailbox: &Mailbox) {
        let touched = changes.appended.union(&changes.flags);
        add(&mut self.uids, &changes.appended);
        take(&mut self.uids, &changes.expunged);
        take(&mut self.unseen, &touched.difference(&changes.unseen));
        add(&mut self.unseen, &changes.unseen);
        take(&mut self.unseen, &changes.expunged);
        self.uid_next = mailbox.uid_next;
        self.uid_validity = mailbox.uid_validity;
        self.modseq = mailbox.highest_modseq;
    }

    fn weight(&self) -> usize {
        self.uids.ranges().len() + self.unseen.ranges().len()
    }
}

fn add(set: &mut UidSet, more: &UidSet) {
    if more.ranges().len() <= RANGES_SINGLY_MAX {
        more.ranges().iter().for_each(|&(first, last)| set.insert_range(first, last));
    } else {
        *set = set.union(more);
    }
}

fn take(set: &mut UidSet, less: &UidSet) {
    if less.ranges().len() <= RANGES_SINGLY_MAX {
        less.ranges().iter().for_each(|&(first, last)| set.remove_range(first, last));
    } else {
        *set = set.difference(less);
    }
}

/// The views in use, those longest unused dropped first.
#[derive(Debug, Default)]
pub(crate) struct Views {
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    by_mailbox: HashMap<(AccountId, MailboxId), Kept>,
    added: usize,
}

#[derive(Debug)]
struct Kept {
    slot: Arc<Slot>,
    used: Instant,
}

/// The place of one view. Its lock is held while the view is loaded, so that it is loaded once.
#[derive(Debug, Default)]
struct Slot {
    loaded: Mutex<Option<Loaded>>,
    weight: AtomicUsize,
}

#[derive(Debug)]
struct Loaded {
    view: Arc<View>,
    /// The account's mod-sequence up to which the history is in it.
    until: ModSeq,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Views {
    fn slot(&self, key: (AccountId, MailboxId)) -> Arc<Slot> {
        let now = Instant::now();
        let mut slots = lock(&self.slots);
        if let Some(kept) = slots.by_mailbox.get_mut(&key) {
            kept.used = now;
            return kept.slot.clone();
        }
        slots.added += 1;
        if slots.added.is_multiple_of(SWEEP_EVERY) || slots.by_mailbox.len() >= VIEWS_MAX {
            slots.sweep(now);
        }
        slots.by_mailbox.entry(key).or_insert_with(|| Kept { slot: Arc::default(), used: now }).slot.clone()
    }

    fn forget(&self, key: (AccountId, MailboxId)) {
        lock(&self.slots).by_mailbox.remove(&key);
    }
}

impl Slots {
    /// Drops what was unused for long, and then the longest unused until an eighth of the room is free.
    fn sweep(&mut self, now: Instant) {
        let mut by_use: Vec<_> = self
            .by_mailbox
            .iter()
            .map(|(&key, kept)| (kept.used, key, kept.slot.weight.load(Ordering::Relaxed)))
            .collect();
        by_use.sort_unstable_by_key(|&(used, ..)| std::cmp::Reverse(used));
        let mut ranges = 0;
        for (count, (used, key, weight)) in by_use.into_iter().enumerate() {
            ranges += weight;
            if now.duration_since(used) > IDLE_MAX || count >= VIEWS_MAX / 8 * 7 || ranges > RANGES_MAX / 8 * 7 {
                self.by_mailbox.remove(&key);
            }
        }
    }
}

impl Store {
    /// The view of a mailbox as of the last commit. The first one reads the flags of all its messages; then it costs a
    /// few look-ups and what has changed in the account since.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn view(&self, account: AccountId, mailbox: MailboxId) -> Result<Arc<View>, Error> {
        let views = &self.hub.views;
        let slot = views.slot((account, mailbox));
        let mut loaded = lock(&slot.loaded);
        loop {
            match self.view_refresh(account, mailbox, &mut loaded) {
                Ok(Some(view)) => {
                    slot.weight.store(view.weight(), Ordering::Relaxed);
                    return Ok(view);
                }
                // The history does not reach back to what is loaded, or nothing is.
                Ok(None) => *loaded = Some(self.view_load(account, mailbox)?),
                Err(error) => {
                    *loaded = None;
                    views.forget((account, mailbox));
                    return Err(error);
                }
            }
        }
    }

    /// Brings what is loaded up to date.
    fn view_refresh(
        &self,
        account: AccountId,
        mailbox: MailboxId,
        loaded: &mut Option<Loaded>,
    ) -> Result<Option<Arc<View>>, Error> {
        // The rows read here must tell of the same commit.
        let _stable = self.hub.stable();
        let record = Account::load(self, account)?;
        if let Some(loaded) = loaded.as_ref().filter(|loaded| loaded.until == record.modseq) {
            return Ok(Some(loaded.view.clone()));
        }
        let row = self.mailbox(account, mailbox)?;
        let Some(loaded) = loaded else { return Ok(None) };
        let Some(changes) = change::changes(self, account, &record, mailbox, loaded.until)? else { return Ok(None) };
        loaded.until = record.modseq;
        if !changes.is_empty() || loaded.view.modseq != row.highest_modseq {
            Arc::make_mut(&mut loaded.view).apply(&changes, &row);
        }
        Ok(Some(loaded.view.clone()))
    }

    /// Reads all flags while commits go on: the history after `until` makes good what the scan saw in part.
    fn view_load(&self, account: AccountId, mailbox: MailboxId) -> Result<Loaded, Error> {
        let until = Account::load(self, account)?.modseq;
        let mut view = View::default();
        let all = UidSet::from_iter([(1, Uid::MAX)]);
        for state in message::states(self, account, mailbox, &all) {
            let (uid, flags, _) = state?;
            view.uids.insert(uid);
            if !flags.has(Flags::SEEN) {
                view.unseen.insert(uid);
            }
        }
        // No mailbox has this one, so that refreshing fills in what stands in the mailbox's row.
        view.modseq = ModSeq::MAX;
        Ok(Loaded { view: Arc::new(view), until: until.saturating_sub(1) })
    }
}
