//! The index: who asks of it, who builds it, and how far it is.

use crate::{
    Error, indexer,
    schema::Fields,
    shards::{self, Shards},
    snapshot::{self, Snapshot},
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock},
    thread::JoinHandle,
    time::{Duration, Instant},
};
use store::{AccountId, Feed, Store};
use tantivy::{collector::Count, query::ExistsQuery};
use tokio::sync::watch;

/// How the index is built.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Memory of the writer, bytes; at least 16 MiB.
    pub heap_bytes: usize,
    /// Whether building rests as long as it works, so that a server is there for its people meanwhile.
    pub is_gentle: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { heap_bytes: config::Limits::SEARCH_HEAP_BYTES, is_gentle: true }
    }
}

/// How far the index is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Messages that it holds.
    pub messages: u64,
    /// Accounts of which it does not hold everything.
    pub pending_accounts: u64,
    /// For how long that has been so, milliseconds.
    pub behind_ms: u64,
    /// Bytes on the disk.
    pub bytes: u64,
    /// Why the index before this one was set aside, if it was.
    pub set_aside: Option<String>,
    /// Why it does not get on, if that is so. It is tried again.
    pub failing: Option<String>,
}

/// The full-text index of a node. Cloning is cheap; all clones are one.
#[derive(Clone)]
pub struct Index(pub(crate) Arc<Inner>);

/// What askers and the thread that builds share.
pub(crate) struct Inner {
    pub(crate) dir: PathBuf,
    pub(crate) fields: Fields,
    pub(crate) store: Store,
    pub(crate) options: Options,
    pub(crate) feed: Feed,
    /// `None` while a damaged one is being replaced.
    shards: RwLock<Option<Arc<Shards>>>,
    state: Mutex<State>,
    /// Wakes the thread out of its rest.
    nudge: Condvar,
    /// Moves with each step of the thread.
    progress: watch::Sender<u64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What is to be done.
#[derive(Default)]
pub(crate) struct State {
    /// Accounts that are not all there.
    pub(crate) pending: BTreeSet<AccountId>,
    /// Since when there are any.
    pub(crate) since: Option<Instant>,
    /// The index is to be made anew.
    pub(crate) is_unwanted: bool,
    /// Somebody was writing when it was last closed: it does not answer before it has been read back.
    pub(crate) is_unchecked: bool,
    /// What was found damaged.
    pub(crate) damaged: Option<String>,
    pub(crate) set_aside: Option<String>,
    pub(crate) failing: Option<String>,
    pub(crate) is_stopping: bool,
    /// Whether the thread knows of all accounts.
    pub(crate) is_started: bool,
    /// How many wait for it to be done: it does not rest then.
    waiting: usize,
}

impl State {
    fn is_done(&self) -> bool {
        self.is_started && self.pending.is_empty() && !self.is_unwanted && !self.is_unchecked && self.damaged.is_none()
    }
}

impl Index {
    /// Opens the index in a folder, or makes one. A damaged one is set aside. It answers at once; it grows after
    /// [`Index::start`]. Blocks.
    ///
    /// # Errors
    /// [`Error::Io`] when there can be none at all.
    pub fn open(dir: &Path, store: &Store, options: Options) -> Result<Self, Error> {
        let fields = Fields::new();
        let mut state = State::default();
        let shards = match Shards::open(dir, &fields) {
            Ok((shards, _)) if is_ahead(&shards, &fields, store) => {
                tracing::warn!("the search index is of a later state of the store, and is built anew");
                drop(shards);
                shards::remove(dir)?;
                Shards::open(dir, &fields)?.0
            }
            Ok((shards, is_clean)) => {
                // A check reads all of it: the thread does that.
                state.is_unchecked = !is_clean;
                shards
            }
            Err(error @ (Error::Io(_) | Error::Store(_))) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "the search index is set aside and built anew");
                shards::set_aside(dir)?;
                state.set_aside = Some(error.to_string());
                Shards::open(dir, &fields)?.0
            }
        };
        Ok(Self(Arc::new(Inner {
            dir: dir.to_owned(),
            fields,
            store: store.clone(),
            options,
            feed: store.feed(),
            shards: RwLock::new(Some(Arc::new(shards))),
            state: Mutex::new(state),
            nudge: Condvar::new(),
            progress: watch::Sender::new(0),
            thread: Mutex::new(None),
        })))
    }

    /// Starts the thread that keeps the index up to date.
    ///
    /// # Errors
    /// When there can be no further thread.
    pub fn start(&self) -> Result<(), Error> {
        let inner = self.0.clone();
        let thread = std::thread::Builder::new().name("search-index".into()).spawn(move || indexer::run(&inner))?;
        *self.0.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// The index of an account as it is now. `None` when it fails: messages have to be looked at one by one then.
    pub fn snapshot(&self, account: AccountId) -> Option<Snapshot> {
        if self.0.state().is_unchecked {
            return None;
        }
        let shards = self.0.shards()?;
        let snapshot = Snapshot::new(self.0.clone(), shards.of(account).searcher(), account);
        snapshot.inspect_err(|error| self.0.failed(error)).ok()
    }

    /// Has it built anew from the store.
    pub fn rebuild(&self) {
        self.0.state().is_unwanted = true;
        self.0.wake();
    }

    /// Waits until it holds everything that was in the store when this was called, or building has stopped.
    pub async fn caught_up(&self) {
        struct Waiting<'a>(&'a Inner);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.state().waiting -= 1;
            }
        }
        let mut progress = self.0.progress.subscribe();
        self.0.state().waiting += 1;
        let _waiting = Waiting(&self.0);
        self.0.nudge.notify_all();
        loop {
            progress.mark_unchanged();
            if self.0.is_done() || self.0.state().is_stopping || progress.changed().await.is_err() {
                return;
            }
        }
    }

    /// How far it is.
    pub fn status(&self) -> Status {
        let mut status = Status { bytes: bytes_in(&self.0.dir), messages: self.0.messages(), ..Status::default() };
        let state = self.0.state();
        let waiting = if state.is_started { self.0.feed.accounts() } else { self.0.behind() };
        status.pending_accounts = state.pending.union(&waiting).count() as u64;
        status.behind_ms =
            state.since.map_or(0, |since| u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX));
        status.set_aside.clone_from(&state.set_aside);
        status.failing.clone_from(&state.failing);
        status
    }

    /// Ends the thread, after it has written what it has in hand. Blocks. The index goes on answering.
    pub fn close(&self) {
        self.0.state().is_stopping = true;
        self.0.wake();
        let thread = self.0.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic in it has been reported; the next start checks what is on the disk.
            let _ = thread.join();
        }
        self.0.progress.send_modify(|step| *step += 1);
    }
}

impl Inner {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn shards(&self) -> Option<Arc<Shards>> {
        self.shards.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_shards(&self, shards: Option<Arc<Shards>>) {
        *self.shards.write().unwrap_or_else(PoisonError::into_inner) = shards;
    }

    fn wake(&self) {
        self.nudge.notify_all();
        self.feed.wake();
    }

    /// Tells those who wait that something was done.
    pub(crate) fn step(&self) {
        self.progress.send_modify(|step| *step += 1);
    }

    fn is_done(&self) -> bool {
        let state = self.state();
        state.is_done() && self.feed.accounts().is_empty()
    }

    /// Takes a failure of an answer: damage has the index made anew.
    pub(crate) fn failed(&self, error: &Error) {
        tracing::warn!(%error, "search looks at messages one by one");
        if let Error::Damaged(why) = error {
            self.state().damaged.get_or_insert_with(|| why.clone());
            self.wake();
        }
    }

    /// Rests, unless there is something that cannot wait.
    pub(crate) fn rest(&self, time: Duration) {
        let is_quiet = |state: &mut State| {
            !state.is_stopping && !state.is_unwanted && state.damaged.is_none() && state.waiting == 0
        };
        drop(self.nudge.wait_timeout_while(self.state(), time, is_quiet).unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits before something is tried again.
    pub(crate) fn pause(&self, time: Duration) {
        let is_quiet = |state: &mut State| !state.is_stopping;
        drop(self.nudge.wait_timeout_while(self.state(), time, is_quiet).unwrap_or_else(PoisonError::into_inner));
    }

    /// The accounts of which it does not hold everything, by looking at each.
    fn behind(&self) -> BTreeSet<AccountId> {
        let (Some(shards), Ok(accounts)) = (self.shards(), self.store.stored_accounts()) else {
            return BTreeSet::new();
        };
        let is_behind = |account: &AccountId| {
            let position = snapshot::position(&shards.of(*account).searcher(), &self.fields, *account);
            position.ok().flatten() != self.store.modseq(*account).ok()
        };
        accounts.into_iter().filter(is_behind).collect()
    }

    /// Messages in it.
    pub(crate) fn messages(&self) -> u64 {
        let Some(shards) = self.shards() else { return 0 };
        let query = ExistsQuery::new(crate::schema::PLACE.into(), false);
        let count = |shard: &crate::shards::Shard| shard.searcher().search(&query, &Count).unwrap_or(0);
        shards.iter().map(|shard| count(shard) as u64).sum()
    }
}

/// Whether an account has come further in the index than in the store: the store was put back to an earlier state, and what
/// its numbers mean may not be what the index holds of them.
fn is_ahead(shards: &Shards, fields: &Fields, store: &Store) -> bool {
    let Ok(accounts) = store.stored_accounts() else { return false };
    accounts.into_iter().any(|account| {
        let position = snapshot::position(&shards.of(account).searcher(), fields, account).ok().flatten();
        position > store.modseq(account).ok()
    })
}

fn bytes_in(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => bytes_in(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}
