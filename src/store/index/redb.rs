//! redb 4 as the index. Changes are written without durability, which the log has; a checkpoint is one durable commit.
//!
//! The engine sums its pages but does not look at the sums when it reads, so each value is followed by a CRC-32 of key and value.
//! Readers share one read transaction, renewed after each write: to begin one and to open its tables costs more than a read.

use super::{Index, Position, StoreId};
use crate::{
    Error,
    backend::Tree,
    tx::{Changes, Row, Rows},
};
use ::redb::{Database, Durability, ReadOnlyTable, ReadableDatabase, TableDefinition, TableError};
use bytes::Bytes;
use std::{
    ops::Bound,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;
const POSITION: Table = TableDefinition::new("position");
const POSITION_KEY: &[u8] = b"position";

/// The tables as the last write left them.
type Tables = Vec<ReadOnlyTable<&'static [u8], &'static [u8]>>;

/// The engine.
pub(crate) struct Redb {
    db: Database,
    tables: RwLock<Arc<Tables>>,
}

fn failed(error: impl Into<::redb::Error>) -> Error {
    match error.into() {
        ::redb::Error::Io(error) if error.kind() == std::io::ErrorKind::StorageFull => Error::DiskFull,
        error => Error::Index(error.to_string()),
    }
}

fn table(tree: Tree) -> Table {
    TableDefinition::new(tree.name())
}

fn sum(key: &[u8], value: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(value);
    hasher.finalize()
}

/// A value without its sum.
fn checked(key: &[u8], stored: &[u8]) -> Result<Bytes, Error> {
    match stored.split_last_chunk() {
        Some((value, &crc)) if u32::from_le_bytes(crc) == sum(key, value) => Ok(Bytes::copy_from_slice(value)),
        _ => Err(Error::Index("the checksum of a row".into())),
    }
}

fn tables(db: &Database) -> Result<Tables, Error> {
    let read = db.begin_read().map_err(failed)?;
    Tree::ALL.iter().map(|&tree| read.open_table(table(tree)).map_err(failed)).collect()
}

/// Key and value as the engine gives them.
type Found = (::redb::AccessGuard<'static, &'static [u8]>, ::redb::AccessGuard<'static, &'static [u8]>);

impl Redb {
    pub(crate) fn open(dir: &Path, cache_bytes: u64) -> Result<Self, Error> {
        let cache = usize::try_from(cache_bytes).unwrap_or(usize::MAX);
        let db = Database::builder().set_cache_size(cache).create(dir.join("db.redb")).map_err(failed)?;
        let mut write = db.begin_write().map_err(failed)?;
        // Without it the first start after a crash reads the whole file.
        write.set_quick_repair(true);
        for tree in Tree::ALL {
            write.open_table(table(tree)).map_err(failed)?;
        }
        write.open_table(POSITION).map_err(failed)?;
        write.commit().map_err(failed)?;
        let tables = RwLock::new(Arc::new(tables(&db)?));
        Ok(Self { db, tables })
    }

    fn tables(&self) -> Arc<Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows readers what was written.
    fn renew(&self) -> Result<(), Error> {
        let renewed = Arc::new(tables(&self.db)?);
        *self.tables.write().unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(())
    }

    fn try_scan(&self, tree: Tree, start: &[u8], end: Option<&[u8]>, reverse: bool) -> Result<Rows<'static>, Error> {
        let end = end.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.tables()[tree as usize].range::<&[u8]>((Bound::Included(start), end)).map_err(failed)?;
        let own = |row: Result<Found, ::redb::StorageError>| -> Result<Row, Error> {
            let (key, value) = row.map_err(failed)?;
            Ok((Bytes::copy_from_slice(key.value()), checked(key.value(), value.value())?))
        };
        Ok(if reverse { Box::new(rows.rev().map(own)) } else { Box::new(rows.map(own)) })
    }
}

impl Index for Redb {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Bytes>, Error> {
        let tables = self.tables();
        let value = tables[tree as usize].get(key).map_err(failed)?;
        value.map(|value| checked(key, value.value())).transpose()
    }

    fn scan(&self, tree: Tree, start: &[u8], end: Option<&[u8]>, reverse: bool) -> Rows<'static> {
        if end.is_some_and(|end| end <= start) {
            return Box::new(std::iter::empty());
        }
        self.try_scan(tree, start, end, reverse).unwrap_or_else(|error| Box::new(std::iter::once(Err(error))))
    }

    fn apply(&self, changes: &Changes) -> Result<(), Error> {
        let mut write = self.db.begin_write().map_err(failed)?;
        write.set_durability(Durability::None).map_err(|error| Error::Index(error.to_string()))?;
        let mut stored = Vec::new();
        for tree in Tree::ALL {
            if changes.tree(tree).is_empty() {
                continue;
            }
            let mut rows = write.open_table(table(tree)).map_err(failed)?;
            for (key, slot) in changes.tree(tree) {
                match &slot.value {
                    Some(value) => {
                        stored.clear();
                        stored.extend_from_slice(value);
                        stored.extend_from_slice(&sum(key, value).to_le_bytes());
                        rows.insert(key.as_ref(), stored.as_slice()).map_err(failed)?
                    }
                    None => rows.remove(key.as_ref()).map_err(failed)?,
                };
            }
        }
        write.commit().map_err(failed)?;
        self.renew()
    }

    fn position(&self) -> Result<Option<(StoreId, Position)>, Error> {
        let read = self.db.begin_read().map_err(failed)?;
        match read.open_table(POSITION) {
            Ok(rows) => Ok(rows.get(POSITION_KEY).map_err(failed)?.and_then(|value| Position::decode(value.value()))),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    fn checkpoint(&self, store: StoreId, position: Position) -> Result<(), Error> {
        let mut write = self.db.begin_write().map_err(failed)?;
        write.set_quick_repair(true);
        {
            let mut rows = write.open_table(POSITION).map_err(failed)?;
            rows.insert(POSITION_KEY, position.encode(store).as_slice()).map_err(failed)?;
        }
        write.commit().map_err(failed)?;
        // Else the pages that readers may still ask for are kept until the next write.
        self.renew()
    }
}
