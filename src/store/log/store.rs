//! An open store on a log: what its threads share, and the threads.

use super::{
    committer::{APPLY_QUEUE_MAX, Committer, Job, Message, apply},
    restore::Slot,
    rewrite,
    segment::{self, Segments},
    writer::Writer,
};
use crate::{
    BodyId, Error,
    backend::{Backend, Options, Stats, Tree},
    body,
    hub::Hub,
    index::{Index, Pending, Position, StoreId},
    snapshot,
    tx::{Read, Rows},
};
use bytes::Bytes;
use std::{
    fs::File,
    ops::Range,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::Duration,
};

/// Time between two checkpoints of a changed index.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// Time between two looks whether a snapshot is due.
const MAINTAIN_EVERY: Duration = Duration::from_secs(1);

/// Counts since the store was opened.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) commits: AtomicU64,
    pub(crate) bytes: AtomicU64,
    /// Bytes of commits, without bodies, since the last snapshot.
    pub(crate) since_snapshot: AtomicU64,
    pub(crate) fsync_micros: AtomicU64,
}

/// What the threads of a store share.
pub(crate) struct Shared {
    pub(crate) dir: PathBuf,
    pub(crate) options: Options,
    pub(crate) id: StoreId,
    pub(crate) index: RwLock<Slot>,
    pub(crate) pending: Pending,
    pub(crate) hub: Arc<Hub>,
    pub(crate) segments: Segments,
    pub(crate) counters: Counters,
    durable: Mutex<Position>,
    applied: Mutex<Position>,
    /// Why no more commits are taken.
    stopped: Mutex<Option<String>>,
    /// Held by the process that has the store open.
    lock: Mutex<Option<File>>,
    /// Held while snapshots and sealed segments are made, removed or relied upon.
    maintenance: Mutex<()>,
    closing: AtomicBool,
}

/// What opening has made ready.
pub(crate) struct Opened {
    pub(crate) dir: PathBuf,
    pub(crate) options: Options,
    pub(crate) id: StoreId,
    pub(crate) index: Box<dyn Index>,
    pub(crate) writer: Writer,
    pub(crate) lock: File,
    /// End of the log; the index has all before it.
    pub(crate) position: Position,
    /// A guess at the bytes of commits since the last snapshot.
    pub(crate) since_snapshot: u64,
}

/// A store on a log. Dropping it closes it.
pub(crate) struct LogStore {
    pub(crate) shared: Arc<Shared>,
    messages: mpsc::Sender<Message>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Their end wakes the threads that wait for time to pass.
    wakers: Mutex<Vec<mpsc::Sender<()>>>,
}

impl Shared {
    pub(crate) fn stopped(&self) -> Option<String> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes no more commits.
    pub(crate) fn stop(&self, reason: &str) {
        tracing::error!(reason, "the store takes no more commits");
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| reason.to_owned());
    }

    /// The last commit that is on disk.
    pub(crate) fn durable(&self) -> Position {
        *self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_durable(&self, position: Position) {
        *self.durable.lock().unwrap_or_else(PoisonError::into_inner) = position;
    }

    /// The last commit that the index has.
    pub(crate) fn applied(&self) -> Position {
        *self.applied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_applied(&self, position: Position) {
        *self.applied.lock().unwrap_or_else(PoisonError::into_inner) = position;
    }

    /// While the guard lives, snapshots and sealed segments stay as they are.
    pub(crate) fn maintenance(&self) -> MutexGuard<'_, ()> {
        self.maintenance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether long work should end.
    pub(crate) fn closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Makes the index durable as it is now.
    pub(crate) fn checkpoint(&self) -> Result<Position, Error> {
        let position = self.applied();
        self.with_index(|index| index.checkpoint(self.id, position))?;
        Ok(position)
    }
}

impl Read for Shared {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Bytes>, Error> {
        match self.pending.get(tree, key) {
            Some(value) => Ok(value),
            None => self.with_index(|index| index.get(tree, key)),
        }
    }

    fn scan(&self, tree: Tree, start: &[u8], end: Option<&[u8]>, reverse: bool) -> Rows<'_> {
        let rows = self.pending.scan(tree, start, end, reverse, || {
            let rows = self.with_index(|index| Ok(index.scan(tree, start, end, reverse)));
            rows.unwrap_or_else(|error| Box::new(std::iter::once(Err(error))))
        });
        Box::new(rows.inspect(|row| {
            if let Err(error) = row {
                self.index_failed(error);
            }
        }))
    }
}

impl LogStore {
    /// Starts the threads.
    pub(crate) fn start(opened: Opened) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            segments: Segments::new(opened.dir.join("log")),
            dir: opened.dir,
            options: opened.options,
            id: opened.id,
            index: RwLock::new(Slot::Open(opened.index.into())),
            pending: Pending::default(),
            hub: Arc::new(Hub::new()),
            counters: Counters::default(),
            durable: Mutex::new(opened.position),
            applied: Mutex::new(opened.position),
            stopped: Mutex::new(None),
            lock: Mutex::new(Some(opened.lock)),
            maintenance: Mutex::new(()),
            closing: AtomicBool::new(false),
        });
        let (messages, receiver) = mpsc::channel();
        let (applier, groups) = mpsc::sync_channel(APPLY_QUEUE_MAX);
        let (keeper, closing) = mpsc::channel();
        let number = opened.position.number;
        let committer = Committer {
            store: shared.clone(),
            writer: opened.writer,
            messages: receiver,
            applier,
            number,
            buffer: Vec::new(),
        };
        shared.counters.since_snapshot.store(opened.since_snapshot, Ordering::Relaxed);
        let (for_applier, for_keeper, for_maintainer) = (shared.clone(), shared.clone(), shared.clone());
        let (maintainer, closing_too) = mpsc::channel();
        let to_committer = messages.clone();
        let spawn =
            |name: &str, work: Box<dyn FnOnce() + Send>| std::thread::Builder::new().name(name.into()).spawn(work);
        let threads = vec![
            spawn("store-commit", Box::new(move || committer.run()))?,
            spawn("store-apply", Box::new(move || apply(&for_applier, &groups)))?,
            spawn("store-keep", Box::new(move || keep(&for_keeper, &closing)))?,
            spawn("store-maintain", Box::new(move || maintain(&for_maintainer, &to_committer, &closing_too)))?,
        ];
        Ok(Self { shared, messages, threads: Mutex::new(threads), wakers: Mutex::new(vec![keeper, maintainer]) })
    }

    pub(crate) fn hub(&self) -> Arc<Hub> {
        self.shared.hub.clone()
    }

    /// Writes a snapshot and removes what it makes superfluous.
    pub(crate) fn maintain(&self) -> Result<(), Error> {
        maintain_once(&self.shared, &self.messages)
    }

    pub(crate) fn stats(&self) -> Result<Stats, Error> {
        let shared = &*self.shared;
        let mut stats = Stats {
            commits: shared.counters.commits.load(Ordering::Relaxed),
            log_bytes: shared.counters.bytes.load(Ordering::Relaxed),
            fsync_micros: shared.counters.fsync_micros.load(Ordering::Relaxed),
            last_commit: shared.durable().number,
            applied_commit: shared.applied().number,
            ..Stats::default()
        };
        for number in segment::list(&shared.segments.dir)? {
            // A segment may be removed meanwhile.
            let Ok(file) = std::fs::metadata(segment::path(&shared.segments.dir, number)) else { continue };
            stats.segments += 1;
            stats.segment_bytes += file.len();
            stats.live_bytes += body::live_bytes(shared, number)?;
        }
        Ok(stats)
    }
}

/// Makes the index durable now and then, so that a start has little to replay; restores it when it has failed.
fn keep(shared: &Shared, closing: &mpsc::Receiver<()>) {
    let mut last = shared.applied();
    while closing.recv_timeout(CHECKPOINT_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
        if shared.refusal().is_some() {
            shared.restore();
        } else if shared.applied() != last
            && let Ok(position) = shared.checkpoint()
        {
            last = position;
        }
    }
}

/// Writes a snapshot whenever enough was committed.
fn maintain(shared: &Shared, messages: &mpsc::Sender<Message>, closing: &mpsc::Receiver<()>) {
    while closing.recv_timeout(MAINTAIN_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
        if shared.counters.since_snapshot.load(Ordering::Relaxed) < shared.options.snapshot_after_bytes {
            continue;
        }
        if let Err(error) = maintain_once(shared, messages)
            && !shared.closing()
        {
            // Nothing is lost by it: starts are slower and old segments stay until it succeeds.
            tracing::warn!(%error, "store: no snapshot could be written");
        }
    }
}

fn maintain_once(shared: &Shared, messages: &mpsc::Sender<Message>) -> Result<(), Error> {
    let _alone = shared.maintenance();
    let bytes = shared.counters.since_snapshot.swap(0, Ordering::Relaxed);
    let snapshot = snapshot::write(shared).inspect_err(|_| {
        // A quarter less, so that a full disk is not tried at each turn.
        shared.counters.since_snapshot.fetch_add(bytes / 4 * 3, Ordering::Relaxed);
    })?;
    let removed = rewrite::run(shared, messages)?;
    tracing::info!(commit = snapshot.position.number, removed, "store: snapshot");
    Ok(())
}

impl Read for LogStore {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Bytes>, Error> {
        self.shared.get(tree, key)
    }
    fn scan(&self, tree: Tree, start: &[u8], end: Option<&[u8]>, reverse: bool) -> Rows<'_> {
        self.shared.scan(tree, start, end, reverse)
    }
}

impl Backend for LogStore {
    fn submit(&self, job: Job) {
        if let Err(mpsc::SendError(Message::Commit(job))) = self.messages.send(Message::Commit(job)) {
            job.work.answer(Err(Error::Stopped("it is closed".into())));
        }
    }

    fn body(&self, id: BodyId, range: Range<u64>) -> Result<Bytes, Error> {
        let mut row = body::row(self, id)?.ok_or(Error::NotFound("message body"))?;
        loop {
            if let Some(bytes) = self.shared.segments.body(id, row.location, range.clone())? {
                return Ok(bytes);
            }
            // A segment is rewritten only after its bodies have moved, so the row now tells the new place.
            let now = body::row(self, id)?.ok_or(Error::NotFound("message body"))?;
            if now.location == row.location {
                return Err(super::read::place(
                    Error::Damaged("a body is not where the index says".into()),
                    row.location.segment,
                    row.location.offset,
                ));
            }
            row = now;
        }
    }

    fn close(&self) {
        if self.shared.lock.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            return;
        }
        self.shared.closing.store(true, Ordering::Relaxed);
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let _ = self.messages.send(Message::Close);
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let this = std::thread::current().id();
        // A store dropped by the work of its own commit ends without waiting for itself.
        for thread in threads.drain(..).filter(|thread| thread.thread().id() != this) {
            let _ = thread.join();
        }
        // The second one makes the position durable that the first one noted.
        if self.shared.stopped().is_none()
            && let Err(error) = self.shared.checkpoint().and_then(|_| self.shared.checkpoint())
        {
            tracing::warn!(%error, "the index could not be written out; the next start replays the log");
        }
        self.shared.index_close();
        self.shared.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Drop for LogStore {
    fn drop(&mut self) {
        self.close();
    }
}
