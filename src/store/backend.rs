//! The seam between content and engine.

use crate::{BodyId, Error, Tx};
use bytes::Bytes;
use std::{path::Path, sync::Arc};

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

/// A message body made ready for the log on the caller's thread: hashed and compressed.
#[derive(Debug, Clone)]
pub struct NewBody {
    pub(crate) id: BodyId,
}

impl NewBody {
    /// Hashes and compresses.
    pub fn new(_message: &[u8]) -> Self {
        todo!()
    }
    /// BLAKE3 of the bytes.
    pub fn id(&self) -> BodyId {
        self.id
    }
}

/// The store. Cloning is cheap; all clones are one store.
#[derive(Clone)]
pub struct Store {
    _inner: Arc<()>,
}

impl Store {
    /// Opens or creates the store in `dir`, replaying the log; slow work reports through tracing.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::TooNew`], [`Error::Damaged`] when a sealed part of the log is damaged, [`Error::Io`].
    pub fn open(_dir: &Path, _options: &Options) -> Result<(Self, Recovery), Error> {
        todo!()
    }

    /// One durable commit. `work` runs at the single point where commits are ordered; it reads the state that it will
    /// change and may be run again, so it must have no effect but on `tx`. When it fails nothing is written. When this
    /// returns `Ok`, bodies and changes are on disk, and visible.
    ///
    /// # Errors
    /// What `work` returned, or an [`Error`] of the store.
    pub async fn commit<T, E, F>(&self, _bodies: Vec<NewBody>, _work: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        todo!()
    }

    /// The whole body.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Damaged`], [`Error::Io`].
    pub fn body(&self, _id: BodyId) -> Result<Bytes, Error> {
        todo!()
    }

    /// A part of a body; only the frames that it touches are read and decompressed.
    ///
    /// # Errors
    /// As [`Store::body`].
    pub fn body_range(&self, _id: BodyId, _range: std::ops::Range<u64>) -> Result<Bytes, Error> {
        todo!()
    }

    /// Finishes pending commits, writes the index out and gives the lock back.
    pub async fn close(&self) {
        todo!()
    }
}
