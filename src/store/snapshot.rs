//! Snapshots: `snapshot/NUMBER.snap`, all rows of the index at a point of the log. They bound what a rebuild replays, and let old
//! segments go.
//!
//! A snapshot is fuzzy: commits go on while it is written. It holds all commits up to its number and some of the next ones, up to
//! `upto`; as commits are plain puts and deletes, replaying the log from its position to `upto` or further gives the exact state.
//!
//! File: `GATESNAP`, format (u32), position (36), CRC-32 of it; blocks of length (u32), CRC-32, zstd of rows as a commit holds
//! them; a block of length 0, number of rows (u64), `upto` (u64), CRC-32 of both.

use crate::{
    Error,
    backend::Tree,
    index::{Position, StoreId, sync_dir},
    log::{
        record::{put_bytes, take_commit},
        store::Shared,
    },
    tx::Changes,
};
use bytes::Bytes;
use std::{
    fs::File,
    io::{BufReader, BufWriter, Read as _, Write as _},
    path::{Path, PathBuf},
};

const MAGIC: &[u8; 8] = b"GATESNAP";
const FORMAT: u32 = 1;
const HEAD_BYTES: usize = 8 + 4 + 36 + 4;
const BLOCK_BYTES: usize = 256 * 1024;
/// Largest block that is believed, bytes.
const BLOCK_BYTES_MAX: usize = 64 << 20;
/// Snapshots kept: the newest, and one more in case it cannot be read.
const KEPT: usize = 2;

/// A snapshot on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) path: PathBuf,
    /// It holds all commits up to here.
    pub(crate) position: Position,
}

/// Folder of the snapshots.
pub(crate) fn dir(store: &Path) -> PathBuf {
    store.join("snapshot")
}

/// The snapshots of a store, oldest first, by their beginning alone; files that are none are passed over.
pub(crate) fn list(store: &Path, id: StoreId) -> Result<Vec<Snapshot>, Error> {
    let mut snapshots = Vec::new();
    let entries = match std::fs::read_dir(dir(store)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(snapshots),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "snap") {
            continue;
        }
        match File::open(&path).map_err(Error::from).and_then(|mut file| head(&mut file)) {
            Ok((store, position)) if store == id => snapshots.push(Snapshot { path, position }),
            Ok(_) => tracing::warn!(path = %path.display(), "a snapshot of another store"),
            Err(error) => tracing::warn!(path = %path.display(), %error, "a snapshot that cannot be read"),
        }
    }
    snapshots.sort_by_key(|snapshot| snapshot.position.number);
    Ok(snapshots)
}

fn head(file: &mut impl std::io::Read) -> Result<(StoreId, Position), Error> {
    let damaged = || Error::Damaged("the beginning of a snapshot".into());
    let mut head = [0; HEAD_BYTES];
    file.read_exact(&mut head)?;
    if &head[..8] != MAGIC || crc32fast::hash(&head[..HEAD_BYTES - 4]).to_le_bytes() != head[HEAD_BYTES - 4..] {
        return Err(damaged());
    }
    let found = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
    if found > FORMAT {
        return Err(Error::TooNew { found, known: FORMAT });
    }
    Position::decode(&head[12..48]).ok_or_else(damaged)
}

/// Reads a snapshot and gives its rows to `each`, a block at a time. Returns the commit up to which the log must reach.
///
/// # Errors
/// [`Error::Damaged`] when any byte of it is not as written; what `each` returned.
pub(crate) fn read(path: &Path, each: &mut dyn FnMut(&Changes) -> Result<(), Error>) -> Result<u64, Error> {
    let damaged = |what: &str| Error::Damaged(format!("{}: {what}", path.display()));
    let mut file = BufReader::new(File::open(path)?);
    head(&mut file)?;
    let mut rows = 0;
    loop {
        let length = u32::from_le_bytes(take(&mut file)?) as usize;
        if length == 0 {
            break;
        }
        let crc = u32::from_le_bytes(take(&mut file)?);
        if length > BLOCK_BYTES_MAX {
            return Err(damaged("the length of a block"));
        }
        let mut block = vec![0; length];
        file.read_exact(&mut block)?;
        if crc32fast::hash(&block) != crc {
            return Err(damaged("the checksum of a block"));
        }
        let plain =
            zstd::bulk::decompress(&block, BLOCK_BYTES_MAX).map_err(|_| damaged("a block does not decompress"))?;
        let mut changes = Changes::default();
        take_commit(&Bytes::from(plain), 0, &mut changes).ok_or_else(|| damaged("the rows of a block"))?;
        rows += changes.len() as u64;
        each(&changes)?;
    }
    let trailer: [u8; 16] = take(&mut file)?;
    let crc: [u8; 4] = take(&mut file)?;
    let (counted, upto) = trailer.split_at(8);
    if crc32fast::hash(&trailer).to_le_bytes() != crc || counted != rows.to_le_bytes() {
        return Err(damaged("its end does not fit its rows"));
    }
    Ok(u64::from_le_bytes(upto.try_into().expect("half of 16 bytes")))
}

fn take<const N: usize>(file: &mut impl std::io::Read) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err(Error::Damaged("a snapshot ends early".into()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Writes a snapshot, reads it back, and only then removes those that are too many. The caller holds the maintenance lock.
///
/// # Errors
/// [`Error::Io`], [`Error::Stopped`] when the store is closed meanwhile.
pub(crate) fn write(shared: &Shared) -> Result<Snapshot, Error> {
    let folder = dir(&shared.dir);
    std::fs::create_dir_all(&folder)?;
    sync_dir(&shared.dir)?;
    let position = shared.applied();
    let path = folder.join(format!("{:020}.snap", position.number));
    let temporary = path.with_extension("tmp");
    let made = dump(shared, &temporary, position).and_then(|()| {
        let upto = read(&temporary, &mut |_| Ok(()))?;
        // It must not speak of commits that the log could lose.
        if upto > shared.durable().number {
            Err(Error::Damaged("a snapshot is ahead of the log".into()))
        } else {
            Ok(())
        }
    });
    if let Err(error) = made {
        let _ = std::fs::remove_file(&temporary);
        return Err(error);
    }
    std::fs::rename(&temporary, &path)?;
    sync_dir(&folder)?;
    let snapshots = list(&shared.dir, shared.id)?;
    for old in snapshots.iter().rev().skip(KEPT) {
        std::fs::remove_file(&old.path)?;
    }
    sync_dir(&folder)?;
    Ok(Snapshot { path, position })
}

fn dump(shared: &Shared, path: &Path, position: Position) -> Result<(), Error> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut head = [&MAGIC[..], &FORMAT.to_le_bytes(), &position.encode(shared.id)].concat();
    head.extend(crc32fast::hash(&head).to_le_bytes());
    file.write_all(&head)?;
    let mut compressor = zstd::bulk::Compressor::new(1)?;
    let (mut block, mut rows) = (Vec::with_capacity(BLOCK_BYTES * 2), 0u64);
    let mut put = |block: &mut Vec<u8>| -> Result<(), Error> {
        let packed = compressor.compress(block)?;
        file.write_all(&u32::try_from(packed.len()).unwrap_or(u32::MAX).to_le_bytes())?;
        file.write_all(&crc32fast::hash(&packed).to_le_bytes())?;
        file.write_all(&packed)?;
        block.clear();
        Ok(())
    };
    for tree in Tree::ALL {
        for row in shared.with_index(|index| Ok(index.scan(tree, &[], None, false)))? {
            let (key, value) = row?;
            block.push(tree as u8);
            put_bytes(&mut block, &key);
            put_bytes(&mut block, &value);
            rows += 1;
            if block.len() >= BLOCK_BYTES {
                put(&mut block)?;
                if shared.closing() {
                    return Err(Error::Stopped("it is being closed".into()));
                }
            }
        }
    }
    if !block.is_empty() {
        put(&mut block)?;
    }
    // The index can hold no later commit than the log does now.
    let trailer = [rows.to_le_bytes(), shared.durable().number.to_le_bytes()].concat();
    file.write_all(&0u32.to_le_bytes())?;
    file.write_all(&trailer)?;
    file.write_all(&crc32fast::hash(&trailer).to_le_bytes())?;
    file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    Ok(())
}
