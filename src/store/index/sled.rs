//! sled 0.34 as the index. Its `flush` does not fsync on Linux, so each checkpoint does that on a handle of its own.

use super::{Index, Position, StoreId};
use crate::{
    Error,
    backend::Tree,
    tx::{Changes, Row, Rows},
};
use bytes::Bytes;
use std::{
    fs::File,
    ops::Bound,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::{Duration, Instant},
};

/// Longest wait for the engine's threads to let go of its files.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// Between two looks whether they have.
const LOCK_LOOK: Duration = Duration::from_millis(10);

const POSITION: &[u8] = b"position";

/// The engine.
pub(crate) struct Sled {
    db: ::sled::Db,
    trees: Vec<::sled::Tree>,
    /// The file that sled writes, for fdatasync.
    file: File,
}

impl From<::sled::Error> for Error {
    fn from(error: ::sled::Error) -> Self {
        match error {
            ::sled::Error::Io(error) if error.kind() == std::io::ErrorKind::StorageFull => Self::DiskFull,
            error => Self::Index(error.to_string()),
        }
    }
}

/// Its threads let go of the lock some time after it was closed; nobody else can hold it, as the store has a lock of its own.
fn open_when_free(config: &::sled::Config) -> ::sled::Result<::sled::Db> {
    let since = Instant::now();
    loop {
        match config.open() {
            Err(::sled::Error::Io(error))
                if error.to_string().contains("acquire lock") && since.elapsed() < LOCK_WAIT =>
            {
                std::thread::sleep(LOCK_LOOK);
            }
            other => return other,
        }
    }
}

/// sled panics on some damage that it finds while reading.
fn guard<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Error::Index(format!("sled panicked: {}", super::panic_text(panic.as_ref())))))
}

/// Rows whose reading is guarded; they end with the first error.
struct Guarded<I>(Option<I>);

impl<I: Iterator<Item = Result<Row, Error>>> Iterator for Guarded<I> {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = self.0.as_mut()?;
        let row = guard(|| rows.next().transpose()).transpose();
        if matches!(row, Some(Err(_))) {
            self.0 = None;
        }
        row
    }
}

impl Sled {
    /// Opens or creates; before it gives up it sets aside sled's snapshots, which are only a cache of its own log.
    pub(crate) fn open(dir: &Path, cache_bytes: u64) -> Result<Self, Error> {
        match Self::try_open(dir, cache_bytes) {
            Ok(index) => Ok(index),
            Err(error) => {
                if !set_snapshots_aside(dir)? {
                    return Err(error);
                }
                tracing::warn!(%error, "index: opened again without the engine's own snapshots");
                Self::try_open(dir, cache_bytes)
            }
        }
    }

    fn try_open(dir: &Path, cache_bytes: u64) -> Result<Self, Error> {
        let config = ::sled::Config::new()
            .path(dir)
            .cache_capacity(cache_bytes)
            .mode(::sled::Mode::LowSpace)
            .flush_every_ms(Some(500));
        let (db, trees) = guard(|| {
            let db = open_when_free(&config)?;
            let trees = Tree::ALL.iter().map(|tree| db.open_tree(tree.name())).collect::<Result<Vec<_>, _>>()?;
            Ok((db, trees))
        })?;
        Ok(Self { db, trees, file: File::open(dir.join("db"))? })
    }
}

/// Moves `snap.*` to a folder aside; whether there was any.
fn set_snapshots_aside(dir: &Path) -> Result<bool, Error> {
    let mut moved = false;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("snap.") {
            let aside = dir.join("aside");
            std::fs::create_dir_all(&aside)?;
            std::fs::rename(entry.path(), aside.join(entry.file_name()))?;
            moved = true;
        }
    }
    Ok(moved)
}

impl Index for Sled {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Bytes>, Error> {
        guard(|| Ok(self.trees[tree as usize].get(key)?.map(|value| Bytes::copy_from_slice(&value))))
    }

    fn scan(&self, tree: Tree, start: &[u8], end: Option<&[u8]>, reverse: bool) -> Rows<'static> {
        if end.is_some_and(|end| end <= start) {
            return Box::new(std::iter::empty());
        }
        let end = end.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.trees[tree as usize].range::<&[u8], _>((Bound::Included(start), end));
        let own = |row: Result<(::sled::IVec, ::sled::IVec), ::sled::Error>| {
            let (key, value) = row?;
            Ok((Bytes::copy_from_slice(&key), Bytes::copy_from_slice(&value)))
        };
        if reverse { Box::new(Guarded(Some(rows.rev().map(own)))) } else { Box::new(Guarded(Some(rows.map(own)))) }
    }

    fn apply(&self, changes: &Changes) -> Result<(), Error> {
        guard(|| {
            for tree in Tree::ALL {
                for (key, slot) in changes.tree(tree) {
                    match &slot.value {
                        Some(value) => self.trees[tree as usize].insert(key, value.as_ref())?,
                        None => self.trees[tree as usize].remove(key)?,
                    };
                }
            }
            Ok(())
        })
    }

    fn position(&self) -> Result<Option<(StoreId, Position)>, Error> {
        guard(|| Ok(self.db.get(POSITION)?.and_then(|value| Position::decode(&value))))
    }

    fn checkpoint(&self, store: StoreId, position: Position) -> Result<(), Error> {
        guard(|| {
            self.db.flush()?;
            self.file.sync_data()?;
            // It becomes durable some time after what it speaks of, never before.
            self.db.insert(POSITION, position.encode(store))?;
            Ok(())
        })
    }
}
