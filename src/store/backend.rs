//! The store's face, and the seam between content and engine.

use crate::{
    AccountId, BodyId, Error, ModSeq, NewBody, Progress, Tx,
    hub::Hub,
    log::{
        committer::{Job, Work},
        store::LogStore,
    },
    start,
    tx::{Read, Rows},
};
use bytes::Bytes;
use std::{ops::Range, path::Path, sync::Arc};
use tokio::sync::oneshot;

/// The eight fixed trees. Keys are big-endian, of fixed width where they can be; values stay under 16 KB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tree {
    /// Counters and settings.
    Meta,
    /// Records of the directory.
    Directory,
    /// Mailboxes and usage: account, mailbox.
    Mailbox,
    /// What never changes of a message: account, mailbox, UID.
    Message,
    /// What changes of a message, its flags: account, mailbox, UID.
    State,
    /// Change sequence and conversations.
    History,
    /// Where bodies are, and the vault.
    Body,
    /// Outbound queue and trace events.
    Spool,
}

impl Tree {
    /// All, in the order of their numbers in the log.
    pub(crate) const ALL: [Self; 8] = [
        Self::Meta,
        Self::Directory,
        Self::Mailbox,
        Self::Message,
        Self::State,
        Self::History,
        Self::Body,
        Self::Spool,
    ];

    pub(crate) fn name(self) -> &'static str {
        ["meta", "directory", "mailbox", "message", "state", "history", "body", "spool"][self as usize]
    }
}

/// How to open a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// Index engine.
    pub engine: Engine,
    /// Cache of the index engine, bytes.
    pub cache_bytes: u64,
    /// Size of a log segment, bytes. A record larger than this gets a segment of its own.
    pub segment_bytes: u64,
    /// A snapshot is written after this many bytes of commits.
    pub snapshot_after_bytes: u64,
}

/// Index engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// sled 0.34.
    Sled,
    /// redb 4.
    Redb,
}

impl Default for Options {
    fn default() -> Self {
        Self { engine: Engine::Sled, cache_bytes: 64 << 20, segment_bytes: 64 << 20, snapshot_after_bytes: 256 << 20 }
    }
}

/// What opening found and did.
#[derive(Debug, Clone, Default)]
pub struct Recovery {
    /// Commits replayed into the index.
    pub replayed: u64,
    /// Why the index was set aside and rebuilt, if it was.
    pub rebuilt: Option<String>,
    /// What was found damaged at the end of the log and set aside.
    pub discarded: Option<String>,
}

/// Figures of a store since it was opened; the sizes are of now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Commits made durable.
    pub commits: u64,
    /// Bytes written to the log.
    pub log_bytes: u64,
    /// Segments.
    pub segments: u64,
    /// Bytes of all segments.
    pub segment_bytes: u64,
    /// Bytes of bodies that something refers to, as they are stored.
    pub live_bytes: u64,
    /// Duration of the last write and fdatasync, microseconds.
    pub fsync_micros: u64,
    /// Number of the newest commit.
    pub last_commit: u64,
    /// Number of the commit up to which the index has followed.
    pub applied_commit: u64,
}

/// What content needs of the place where it is kept: reads, bodies, and commits whose reads are their preconditions. The log is one
/// such place; a database shared by several processes could be another.
pub(crate) trait Backend: Read + Send + Sync {
    /// Takes a commit on; its work is answered in time.
    fn submit(&self, job: Job);
    /// A range of a body, clipped to its length.
    fn body(&self, id: BodyId, range: Range<u64>) -> Result<Bytes, Error>;
    /// Finishes what was submitted and gives everything back. Blocks.
    fn close(&self);
}

/// The store. Cloning is cheap; all clones are one store.
#[derive(Clone)]
pub struct Store {
    /// Where content is kept.
    backend: Arc<dyn Backend>,
    /// The same, for what only a log can do.
    pub(crate) log: Arc<LogStore>,
    pub(crate) hub: Arc<Hub>,
}

impl Store {
    /// Opens or creates the store in `dir`, replaying the log; slow work reports through tracing.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::TooNew`], [`Error::Damaged`] when a sealed part of the log is damaged, [`Error::Io`].
    pub fn open(dir: &Path, options: &Options) -> Result<(Self, Recovery), Error> {
        Self::open_showing(dir, options, &mut |_| {})
    }

    /// As [`Store::open`], and tells how far the replay of the log has come. Blocks.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_showing(
        dir: &Path,
        options: &Options,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(Self, Recovery), Error> {
        let (log, recovery) = start::open(dir, options, progress)?;
        let log = Arc::new(log);
        Ok((Self { backend: log.clone(), hub: log.hub(), log }, recovery))
    }

    /// One durable commit. `work` runs at the single point where commits are ordered; it reads the state that it will
    /// change and may be run again, so it must have no effect but on `tx`. When it fails nothing is written. When this
    /// returns `Ok`, bodies and changes are on disk, and visible. A body that nothing refers to is not kept. Dropping the future does not
    /// take the commit back.
    ///
    /// # Errors
    /// What `work` returned, or an [`Error`] of the store.
    pub async fn commit<T, E, F>(&self, bodies: Vec<NewBody>, work: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.backend.submit(Job { bodies, work: Box::new(Typed { work, result: None, reply }) });
        answer.await.unwrap_or_else(|_| Err(Error::Stopped("the commit was not answered".into()).into()))
    }

    /// The whole body.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Damaged`], [`Error::Io`].
    pub fn body(&self, id: BodyId) -> Result<Bytes, Error> {
        self.backend.body(id, 0..u64::MAX)
    }

    /// A part of a body, clipped to its length; only the frames that it touches are read and decompressed.
    ///
    /// # Errors
    /// As [`Store::body`].
    pub fn body_range(&self, id: BodyId, range: Range<u64>) -> Result<Bytes, Error> {
        self.backend.body(id, range)
    }

    /// Figures for metrics.
    ///
    /// # Errors
    /// Machine faults.
    pub fn stats(&self) -> Result<Stats, Error> {
        self.log.stats()
    }

    /// Why no commit is taken any more, if that is so; a restart reads back what the disk holds.
    pub fn stopped(&self) -> Option<String> {
        self.log.shared.stopped()
    }

    /// Finishes pending commits, writes the index out and gives the lock back. Later commits fail.
    pub async fn close(&self) {
        let backend = self.backend.clone();
        // A panic in it has been reported by then; the log holds everything.
        let _ = tokio::task::spawn_blocking(move || backend.close()).await;
    }

    /// Wakes when the account changes; `now` reads its present mod-sequence.
    pub(crate) fn watch_account(
        &self,
        account: AccountId,
        now: impl FnOnce() -> ModSeq,
    ) -> tokio::sync::watch::Receiver<ModSeq> {
        self.hub.watch(account, now)
    }
}

impl Read for Store {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Bytes>, Error> {
        self.backend.get(tree, key)
    }
    fn scan(&self, tree: Tree, start: &[u8], end: Option<&[u8]>, reverse: bool) -> Rows<'_> {
        self.backend.scan(tree, start, end, reverse)
    }
}

/// A commit's closure with the types of its result.
struct Typed<T, E, F> {
    work: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Work for Typed<T, E, F>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let result = (self.work)(tx);
        let succeeded = result.is_ok();
        self.result = Some(result);
        succeeded
    }

    fn answer(self: Box<Self>, outcome: Result<(), Error>) {
        let result = match (outcome, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(Error::Stopped("the commit was not run".into()).into()),
            (Err(error), _) => Err(error.into()),
        };
        // Whoever asked may have gone; the commit stands all the same.
        let _ = self.reply.send(result);
    }
}
