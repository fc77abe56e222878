//! Reading everything back: `store verify`, `store rebuild`, and the copy that a backup makes.

use crate::{
    Error, Options, Recovery, Store,
    backend::Tree,
    body::{self, Frames},
    index::sync_dir,
    log::{
        read::{Next, Scan},
        record::{HEADER_BYTES, Header, Kind},
        segment::{self, START_BYTES, Start},
        store::Shared,
    },
    snapshot, start,
    tx::Read,
};
use bytes::Bytes;
use std::{collections::HashMap, fs::File, io, os::unix::fs::FileExt, path::Path};

/// How far long work has come, in bytes of the log (commits, for a rebuild).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Done so far.
    pub done: u64,
    /// All there is.
    pub total: u64,
}

/// What [`Store::verify`] read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Commits.
    pub commits: u64,
    /// Bodies, also those that nothing refers to.
    pub bodies: u64,
    /// Bytes of the log.
    pub bytes: u64,
    /// What is wrong, in words; empty when all is well.
    pub problems: Vec<String>,
}

/// What [`Store::dump`] calls with each key and value.
pub type Each<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), Error> + 'a;

/// Problems told; more of them tell nothing new.
const PROBLEMS_MAX: usize = 1000;

impl Store {
    /// Reads the whole log: checksums of all records, BLAKE3 of all bodies; then holds the index against it: each body is
    /// where its row says, and the live bytes of each segment are right. Blocks; the store goes on meanwhile.
    ///
    /// # Errors
    /// [`Error::Io`]; what is damaged is told in the result.
    pub fn verify(&self, progress: &mut dyn FnMut(Progress)) -> Result<Verified, Error> {
        let shared = &self.log.shared;
        let _quiet = shared.maintenance();
        let mut verified = Verified::default();
        let end = shared.durable();
        let segments: Vec<u32> =
            segment::list(&shared.segments.dir)?.into_iter().filter(|&number| number <= end.segment).collect();
        let length = |number| {
            if number == end.segment {
                Ok(end.offset)
            } else {
                std::fs::metadata(segment::path(&shared.segments.dir, number)).map(|file| file.len())
            }
        };
        let total = segments.iter().map(|&number| length(number)).sum::<io::Result<u64>>()?;
        for number in segments {
            let until = length(number)?;
            verify_segment(shared, number, until, number == end.segment, &mut verified, &mut |done| {
                progress(Progress { done, total });
            })?;
            verified.bytes += until;
        }
        // Bodies that came or went since `end` was noted would look wrong.
        let _stable = self.hub.stable();
        verify_rows(shared, &mut verified)?;
        Ok(verified)
    }

    /// All rows of one tree, in order of key: for comparing two stores, and for looking into one.
    ///
    /// # Errors
    /// [`Error::Index`]; what `each` returned.
    pub fn dump(&self, tree: Tree, each: &mut Each<'_>) -> Result<(), Error> {
        self.scan(tree, &[], None, false).try_for_each(|row| row.and_then(|(key, value)| each(&key, &value)))
    }

    /// Writes a snapshot of the index and removes segments of the log that are mostly dead. It happens by itself as well. Blocks.
    ///
    /// # Errors
    /// [`Error::DiskFull`], [`Error::Io`], [`Error::Damaged`].
    pub fn snapshot(&self) -> Result<(), Error> {
        self.log.maintain()
    }

    /// Rebuilds the index of a store that no process has open, from the newest sound snapshot and the log. The old index is set
    /// aside. Blocks.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn rebuild(dir: &Path, options: &Options, progress: &mut dyn FnMut(Progress)) -> Result<Recovery, Error> {
        if !dir.join("format").exists() {
            return Err(Error::NotFound("store"));
        }
        let lock = start::lock(dir)?;
        let (_opened, recovery) = start::recover(dir, options, lock, true, progress)?;
        Ok(recovery)
    }

    /// Copies the store as of now into a new folder, which then opens as a store. Sealed segments and snapshots become hard links
    /// where that is possible. Blocks; the store goes on meanwhile.
    ///
    /// # Errors
    /// [`Error::Exists`] when the folder is not empty, [`Error::Io`].
    pub fn backup(&self, to: &Path, progress: &mut dyn FnMut(Progress)) -> Result<(), Error> {
        let shared = &self.log.shared;
        let _quiet = shared.maintenance();
        std::fs::create_dir_all(to)?;
        if std::fs::read_dir(to)?.next().is_some() {
            return Err(Error::Exists("the folder for the backup"));
        }
        let (log, snapshots) = (to.join("log"), snapshot::dir(to));
        std::fs::create_dir(&log)?;
        std::fs::create_dir(&snapshots)?;
        let end = shared.durable();
        let segments: Vec<u32> =
            segment::list(&shared.segments.dir)?.into_iter().filter(|&number| number <= end.segment).collect();
        let total = segments.len() as u64;
        for (done, number) in segments.into_iter().enumerate() {
            let from = segment::path(&shared.segments.dir, number);
            let copy = segment::path(&log, number);
            if number == end.segment {
                copy_prefix(&from, &copy, end.offset)?;
            } else {
                link_or_copy(&from, &copy)?;
            }
            progress(Progress { done: done as u64 + 1, total });
        }
        for snapshot in snapshot::list(&shared.dir, shared.id)? {
            if let Some(name) = snapshot.path.file_name() {
                link_or_copy(&snapshot.path, &snapshots.join(name))?;
            }
        }
        sync_dir(&log)?;
        sync_dir(&snapshots)?;
        // Last, so that a copy that was cut short does not open.
        std::fs::copy(shared.dir.join("format"), to.join("format"))?;
        File::open(to.join("format"))?.sync_all()?;
        sync_dir(to)?;
        Ok(())
    }
}

fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    if std::fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    std::fs::copy(from, to)?;
    File::open(to)?.sync_all()
}

fn copy_prefix(from: &Path, to: &Path, length: u64) -> io::Result<()> {
    let mut copy = File::create(to)?;
    let copied = io::copy(&mut io::Read::take(File::open(from)?, length), &mut copy)?;
    if copied < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    copy.sync_all()
}

fn verify_segment(
    shared: &Shared,
    number: u32,
    until: u64,
    head: bool,
    verified: &mut Verified,
    done: &mut dyn FnMut(u64),
) -> Result<(), Error> {
    let path = segment::path(&shared.segments.dir, number);
    let before = verified.bytes;
    let problem = |verified: &mut Verified, offset: u64, what: &str| {
        if verified.problems.len() < PROBLEMS_MAX {
            verified.problems.push(format!("log/{number:08}.seg at offset {offset}: {what}"));
        }
    };
    match Start::read(&File::open(&path)?)? {
        Some(start) if start.store == shared.id && start.segment == number => {}
        Some(_) => problem(verified, 0, "it belongs to another store or has been renamed"),
        None => problem(verified, 0, "the beginning of a segment"),
    }
    let mut scan = Scan::open(&path, START_BYTES, true)?;
    let mut sealed = false;
    while scan.at < until && !sealed {
        let at = scan.at;
        match scan.next()? {
            Next::Record(found) => match found.header.kind {
                Kind::Commit => verified.commits += 1,
                Kind::Seal => sealed = true,
                Kind::Body => {
                    verified.bodies += 1;
                    if let Err(error) = verify_body(&found.payload) {
                        problem(verified, at, &error.to_string());
                    }
                }
            },
            Next::Damaged(header) => problem(
                verified,
                at,
                if header.kind == Kind::Body { "the checksum of a body" } else { "the checksum of a commit" },
            ),
            Next::End | Next::Broken => {
                problem(verified, at, "not a record; what follows in this segment was not read");
                sealed = true;
            }
        }
        done(before + scan.at.min(until));
    }
    if !head && !sealed {
        problem(verified, scan.at, "the seal is missing");
    }
    Ok(())
}

fn verify_body(payload: &Bytes) -> Result<(), Error> {
    let frames = Frames::parse(payload)?;
    let range = 0..frames.size;
    let (span, _) = frames.span(&range);
    let stored = usize::try_from(span.start).unwrap_or(usize::MAX)..usize::try_from(span.end).unwrap_or(usize::MAX);
    if stored.end != payload.len() {
        return Err(Error::Damaged("the frame table of a body".into()));
    }
    let message = frames.decode(&payload.slice(stored), &range)?;
    if *blake3::hash(&message).as_bytes() == frames.id.0 {
        Ok(())
    } else {
        Err(Error::Damaged("the BLAKE3 of a body".into()))
    }
}

fn verify_rows(shared: &Shared, verified: &mut Verified) -> Result<(), Error> {
    let mut live: HashMap<u32, u64> = HashMap::new();
    for row in body::rows(shared) {
        let (id, row) = row?;
        *live.entry(row.location.segment).or_default() += u64::from(row.location.length);
        let mut record = [0; HEADER_BYTES + 32];
        let read = shared
            .segments
            .file(row.location.segment)
            .and_then(|file| file.read_exact_at(&mut record, row.location.offset));
        let header = read.ok().and_then(|()| Header::parse(&record));
        let there = header
            .is_some_and(|header| header.kind == Kind::Body && header.record_bytes() == u64::from(row.location.length));
        if (!there || record[HEADER_BYTES..] != id.0) && verified.problems.len() < PROBLEMS_MAX {
            let location = row.location;
            verified.problems.push(format!(
                "the body {} is not in log/{:08}.seg at offset {}",
                id.email_id(),
                location.segment,
                location.offset
            ));
        }
    }
    for number in segment::list(&shared.segments.dir)? {
        let (counted, is) = (body::live_bytes(shared, number)?, live.remove(&number).unwrap_or(0));
        if counted != is {
            verified
                .problems
                .push(format!("the index counts {counted} live bytes in log/{number:08}.seg, there are {is}"));
        }
    }
    Ok(())
}
