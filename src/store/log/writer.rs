//! The head of the log: the segment being written, and the next one being prepared.
//!
//! Temporary: no room for a new segment ([`Roll::Full`]), seen before anything was written. Fatal: everything else.

use super::{
    record::{Header, Kind, SEAL_BYTES},
    segment::{self, START_BYTES, Start},
};
use crate::index::{StoreId, sync_dir};
use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    thread::JoinHandle,
};

/// Size of the first segment, bytes; each next one is four times as large until the configured size is met, so that a
/// small store is small.
const FIRST_SEGMENT_BYTES: u64 = 1 << 20;
/// What is left free beside a new segment, as a multiple of its size and a number of bytes: room for the index and a snapshot to grow
/// while it fills.
const RESERVE: (u64, u64) = (2, 8 << 20);
const ZEROS: usize = 1 << 20;

/// Why no new segment was begun.
#[derive(Debug)]
pub(crate) enum Roll {
    /// No space for it. The old head goes on.
    Full,
    /// A write failed half way.
    Failed(io::Error),
}

impl From<io::Error> for Roll {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

/// The segment being written.
pub(crate) struct Head {
    pub(crate) segment: u32,
    pub(crate) file: File,
    /// Where the next record goes.
    pub(crate) end: u64,
    /// Bytes written beforehand.
    pub(crate) capacity: u64,
    /// Whether it is closed already: nothing may be written after its seal.
    pub(crate) sealed: bool,
}

/// A part of what is written at once.
pub(crate) enum Piece {
    /// A range of the group's buffer.
    Buffered(std::ops::Range<usize>),
    /// A large payload, written from where it is.
    Large(bytes::Bytes),
}

/// Writes the log.
pub(crate) struct Writer {
    dir: PathBuf,
    store: StoreId,
    segment_bytes: u64,
    pub(crate) head: Head,
    next: Option<JoinHandle<io::Result<u64>>>,
}

impl Writer {
    /// Goes on at `head`.
    pub(crate) fn new(dir: PathBuf, store: StoreId, segment_bytes: u64, head: Head) -> Self {
        Self { dir, store, segment_bytes, head, next: None }
    }

    /// Bytes that still fit into the head.
    pub(crate) fn room(&self) -> u64 {
        if self.head.sealed { 0 } else { self.head.capacity.saturating_sub(self.head.end + SEAL_BYTES) }
    }

    /// Writes at the head and waits until it is on disk.
    ///
    /// # Errors
    /// Any is fatal: what the disk holds then is not known.
    pub(crate) fn write(&mut self, buffer: &[u8], pieces: &[Piece]) -> io::Result<()> {
        let mut at = self.head.end;
        for piece in pieces {
            let bytes = match piece {
                Piece::Buffered(range) => &buffer[range.clone()],
                Piece::Large(bytes) => bytes,
            };
            self.head.file.write_all_at(bytes, at)?;
            at += bytes.len() as u64;
        }
        self.head.file.sync_data()?;
        self.head.end = at;
        if self.next.is_none() && self.head.end > self.head.capacity / 2 {
            self.prepare(0);
        }
        Ok(())
    }

    fn prepare(&mut self, need: u64) {
        let size = size(self.head.segment + 1, self.segment_bytes).max(START_BYTES + need + SEAL_BYTES);
        let dir = self.dir.clone();
        self.next = Some(std::thread::spawn(move || prepare(&dir, size).map(|()| size)));
    }

    /// Seals the head and begins a new segment with room for at least `need` bytes; `last` is the last commit.
    pub(crate) fn roll(&mut self, need: u64, last: u64) -> Result<(), Roll> {
        let capacity = self.next_capacity(need)?;
        let head = &mut self.head;
        if !head.sealed {
            let seal = Header { kind: Kind::Seal, length: 0, number: last, crc: 0 };
            head.file.write_all_at(&seal.encode(), head.end)?;
            head.file.sync_data()?;
            head.end += SEAL_BYTES;
            head.sealed = true;
        }
        head.file.set_len(head.end)?;
        head.file.sync_all()?;
        let segment = head.segment + 1;
        self.head = begin(&self.dir, self.store, segment, last, capacity)?;
        Ok(())
    }

    /// Waits for the next segment; prepares it when that has not been done, failed, or made it too small.
    fn next_capacity(&mut self, need: u64) -> Result<u64, Roll> {
        let least = START_BYTES + need + SEAL_BYTES;
        for _ in 0..2 {
            if self.next.is_none() {
                self.prepare(need);
            }
            let prepared = self.next.take().map(JoinHandle::join);
            match prepared {
                Some(Ok(Ok(size))) if size >= least => return Ok(size),
                // Too small for this commit, or no space at that time: once more.
                Some(Ok(Ok(_))) => {}
                Some(Ok(Err(error))) if is_full(&error) => {}
                Some(Ok(Err(error))) => return Err(Roll::Failed(error)),
                Some(Err(_)) | None => return Err(Roll::Failed(io::Error::other("preparing a segment panicked"))),
            }
        }
        Err(Roll::Full)
    }
}

/// Size of a segment.
pub(crate) fn size(segment: u32, segment_bytes: u64) -> u64 {
    let shift = 2 * (segment - 1).min(20);
    (FIRST_SEGMENT_BYTES << shift).min(segment_bytes).max(START_BYTES + SEAL_BYTES)
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Bytes that there is space for.
pub(crate) fn free(dir: &Path) -> io::Result<u64> {
    let space = rustix::fs::statvfs(dir)?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

fn prepared(dir: &Path) -> PathBuf {
    dir.join("next.tmp")
}

/// Writes a file of zeros for a segment to come.
pub(crate) fn prepare(dir: &Path, size: u64) -> io::Result<()> {
    let path = prepared(dir);
    if free(dir)? < size + size * RESERVE.0 + RESERVE.1 {
        return Err(io::ErrorKind::StorageFull.into());
    }
    let written = write_zeros(&path, size);
    if written.is_err() {
        // A part of it is of no use, and the space is.
        let _ = std::fs::remove_file(&path);
    }
    written
}

fn write_zeros(path: &Path, size: u64) -> io::Result<()> {
    let file = File::create(path)?;
    let zeros = vec![0; ZEROS];
    let mut at = 0;
    while at < size {
        let length = zeros.len().min(usize::try_from(size - at).unwrap_or(usize::MAX));
        file.write_all_at(&zeros[..length], at)?;
        at += length as u64;
    }
    file.sync_all()
}

/// Makes the prepared file the segment `segment`.
pub(crate) fn begin(dir: &Path, store: StoreId, segment: u32, before: u64, capacity: u64) -> io::Result<Head> {
    let path = segment::path(dir, segment);
    std::fs::rename(prepared(dir), &path)?;
    sync_dir(dir)?;
    let file = OpenOptions::new().read(true).write(true).open(&path)?;
    // On disk with the first commit.
    file.write_all_at(&Start { segment, store, before }.encode(), 0)?;
    Ok(Head { segment, file, end: START_BYTES, capacity, sealed: false })
}
