//! Segment files: `log/NNNNNNNN.seg`.
//!
//! A segment begins with 64 bytes: `GATEPOST`, format (u32), number (u32), store (16), number of the last commit before it (u64), CRC-32
//! of the bytes so far; then records. A new one is zeros throughout, written and fsynced beforehand, so that the fdatasync of
//! a commit has no metadata to write. A sealed one ends after its seal.

use crate::{Error, index::StoreId};
use bytes::{Buf, BufMut};
use std::{
    collections::HashMap,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// Length of the beginning of a segment; the first record follows.
pub(crate) const START_BYTES: u64 = 64;
/// Format of the log that this program writes.
pub(crate) const FORMAT: u32 = 1;
const MAGIC: &[u8; 8] = b"GATEPOST";
/// Files kept open for reading.
const OPEN_FILES_MAX: usize = 64;

/// Beginning of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) segment: u32,
    pub(crate) store: StoreId,
    /// The last commit before it.
    pub(crate) before: u64,
}

impl Start {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut start = Vec::with_capacity(64);
        start.put_slice(MAGIC);
        start.put_u32_le(FORMAT);
        start.put_u32_le(self.segment);
        start.put_slice(&self.store.0);
        start.put_u64_le(self.before);
        start.put_u32_le(crc32fast::hash(&start));
        start.resize(64, 0);
        start
    }

    /// `Ok(None)` when it is not the beginning of a segment, or a damaged one.
    ///
    /// # Errors
    /// [`Error::TooNew`]
    pub(crate) fn parse(mut start: &[u8]) -> Result<Option<Self>, Error> {
        if start.len() < 64 || &start[..8] != MAGIC || crc32fast::hash(&start[..40]).to_le_bytes() != start[40..44] {
            return Ok(None);
        }
        start.advance(8);
        let found = start.get_u32_le();
        if found > FORMAT {
            return Err(Error::TooNew { found, known: FORMAT });
        }
        let segment = start.get_u32_le();
        let mut store = StoreId([0; 16]);
        start.copy_to_slice(&mut store.0);
        Ok(Some(Self { segment, store, before: start.get_u64_le() }))
    }

    /// Reads the beginning of a file.
    ///
    /// # Errors
    /// [`Error::TooNew`], [`Error::Io`]
    pub(crate) fn read(file: &File) -> Result<Option<Self>, Error> {
        use std::os::unix::fs::FileExt;
        let mut start = [0; START_BYTES as usize];
        match file.read_exact_at(&mut start, 0) {
            Ok(()) => Self::parse(&start),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Path of a segment.
pub(crate) fn path(log: &Path, segment: u32) -> PathBuf {
    log.join(format!("{segment:08}.seg"))
}

/// Numbers of the segments in a folder, ascending.
///
/// # Errors
/// [`Error::Io`]
pub(crate) fn list(log: &Path) -> Result<Vec<u32>, Error> {
    let mut segments = Vec::new();
    for entry in std::fs::read_dir(log)? {
        let name = entry?.file_name();
        let number: Option<u32> =
            name.to_str().and_then(|name| name.strip_suffix(".seg")).and_then(|number| number.parse().ok());
        segments.extend(number);
    }
    segments.sort_unstable();
    Ok(segments)
}

/// The segments as readers see them.
pub(crate) struct Segments {
    pub(crate) dir: PathBuf,
    open: Mutex<HashMap<u32, Arc<File>>>,
}

impl Segments {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir, open: Mutex::default() }
    }

    /// The file of a segment. It stays readable after the segment was removed.
    pub(crate) fn file(&self, segment: u32) -> io::Result<Arc<File>> {
        if let Some(file) = self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&segment) {
            return Ok(file.clone());
        }
        let file = Arc::new(File::open(path(&self.dir, segment))?);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= OPEN_FILES_MAX {
            open.clear();
        }
        open.insert(segment, file.clone());
        Ok(file)
    }

    /// Deletes a segment.
    pub(crate) fn remove(&self, segment: u32) -> io::Result<()> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&segment);
        std::fs::remove_file(path(&self.dir, segment))?;
        crate::index::sync_dir(&self.dir)
    }
}
