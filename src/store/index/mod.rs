//! The index: ordered trees derived from the log, behind one trait so that the engine can be chosen. It may lag behind the
//! log, be damaged or be gone: opening replays or rebuilds it.

mod pending;
mod redb;
mod sled;

pub(crate) use self::{pending::Pending, redb::Redb, sled::Sled};

use crate::{
    Error,
    backend::{Engine, Options, Tree},
    tx::{Changes, Rows},
};
use bytes::Bytes;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

/// A point in the log between two commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Position {
    /// All commits up to this number lie before it.
    pub(crate) number: u64,
    /// Segment in which reading goes on.
    pub(crate) segment: u32,
    /// Offset of the next record.
    pub(crate) offset: u64,
}

impl Position {
    pub(crate) fn encode(self, store: StoreId) -> Vec<u8> {
        [&store.0[..], &self.number.to_le_bytes(), &self.segment.to_le_bytes(), &self.offset.to_le_bytes()].concat()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<(StoreId, Self)> {
        let number = u64::from_le_bytes(bytes.get(16..24)?.try_into().ok()?);
        let segment = u32::from_le_bytes(bytes.get(24..28)?.try_into().ok()?);
        let offset = u64::from_le_bytes(bytes.get(28..36)?.try_into().ok()?);
        Some((StoreId(bytes.get(..16)?.try_into().ok()?), Self { number, segment, offset }))
    }
}

/// Random identity of a store: ties log, index and snapshots to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoreId(pub(crate) [u8; 16]);

/// An index engine.
pub(crate) trait Index: Send + Sync {
    /// The value of a key.
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Bytes>, Error>;
    /// Rows from `start` to before `end`; they outlive the borrow so that the engine can be closed under them.
    fn scan(&self, tree: Tree, start: &[u8], end: Option<&[u8]>, reverse: bool) -> Rows<'static>;
    /// Writes changes; they need not be durable.
    fn apply(&self, changes: &Changes) -> Result<(), Error>;
    /// The last checkpoint, and the store that it belongs to.
    fn position(&self) -> Result<Option<(StoreId, Position)>, Error>;
    /// Makes all that was applied before the call durable, and then notes `position`, up to which the caller had applied.
    fn checkpoint(&self, store: StoreId, position: Position) -> Result<(), Error>;
}

/// Folder of the index of one engine.
pub(crate) fn dir(store: &Path, engine: Engine) -> PathBuf {
    store.join("index").join(match engine {
        Engine::Sled => "sled",
        Engine::Redb => "redb",
    })
}

/// Opens or creates the index in `dir`. Engines may panic on damaged files; that comes back as an error.
pub(crate) fn open(dir: &Path, options: &Options) -> Result<Box<dyn Index>, Error> {
    let opened = catch_unwind(AssertUnwindSafe(|| -> Result<Box<dyn Index>, Error> {
        std::fs::create_dir_all(dir)?;
        let index: Box<dyn Index> = match options.engine {
            Engine::Sled => Box::new(Sled::open(dir, options.cache_bytes)?),
            Engine::Redb => Box::new(Redb::open(dir, options.cache_bytes)?),
        };
        sync_dir(dir)?;
        if let Some(parent) = dir.parent() {
            sync_dir(parent)?;
        }
        index.position()?;
        Ok(index)
    }));
    opened.unwrap_or_else(|panic| Err(Error::Index(format!("the engine panicked: {}", panic_text(panic.as_ref())))))
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

/// Makes names created or removed in a folder durable.
pub(crate) fn sync_dir(dir: &Path) -> std::io::Result<()> {
    std::fs::File::open(dir)?.sync_all()
}
