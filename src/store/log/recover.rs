//! Finding the end of the log after a stop of any kind, and reading commits back.

use super::{
    read::{Next, Scan, place},
    record::{HEADER_BYTES, Header, Kind, SEAL_BYTES, take_commit},
    segment::{self, START_BYTES, Start},
    writer::{self, Head},
};
use crate::{
    Error,
    index::{Position, StoreId, sync_dir},
    tx::Changes,
};
use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt,
    path::Path,
};

/// What the end of the log looks like.
pub(crate) struct End {
    pub(crate) head: Head,
    pub(crate) position: Position,
    /// What was set aside.
    pub(crate) discarded: Option<String>,
}

/// Finds the end of the log, sets aside what follows it, and makes sure that all before it is on disk.
///
/// # Errors
/// [`Error::TooNew`], [`Error::Damaged`], [`Error::Io`]; [`Error::DiskFull`] when a new log finds no space.
pub(crate) fn end(log: &Path, store: StoreId, segment_bytes: u64) -> Result<End, Error> {
    let Some(&last) = segment::list(log)?.last() else {
        let size = writer::size(1, segment_bytes);
        writer::prepare(log, size).map_err(full)?;
        let head = writer::begin(log, store, 1, 0, size)?;
        head.file.sync_data()?;
        let position = Position { number: 0, segment: 1, offset: START_BYTES };
        return Ok(End { head, position, discarded: None });
    };
    let path = segment::path(log, last);
    let file = OpenOptions::new().read(true).write(true).open(&path)?;
    let capacity = file.metadata()?.len();
    let start = Start::read(&file)?;
    let (end, number, sealed) = match start {
        Some(start) if start.store != store || start.segment != last => {
            return Err(place(Error::Damaged("it belongs to another store or has been renamed".into()), last, 0));
        }
        Some(start) => valid_prefix(&path, start.before)?,
        // It was begun, and the power went before its first commit was on disk.
        None => (0, last_before(log, last)?, false),
    };
    let discarded = if sealed { None } else { set_tail_aside(log, last, &file, end, capacity)? };
    let mut head = Head { segment: last, file, end, capacity, sealed };
    if start.is_none() {
        head.file.write_all_at(&Start { segment: last, store, before: number }.encode(), 0)?;
        head.end = START_BYTES;
    }
    head.file.sync_all()?;
    // Before a seal: what follows this position is then read as what it is, the way to the next segment.
    let offset = if sealed { head.end - SEAL_BYTES } else { head.end };
    let position = Position { number, segment: last, offset };
    Ok(End { head, position, discarded })
}

fn full(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::DiskFull,
        _ => error.into(),
    }
}

/// Where the sound records of a segment end, the last commit among them, and whether it is sealed. A body counts only with
/// its commit: those at the end without one are left out.
fn valid_prefix(path: &Path, before: u64) -> Result<(u64, u64, bool), Error> {
    let mut scan = Scan::open(path, START_BYTES, true)?;
    let (mut end, mut number) = (START_BYTES, before);
    while let Next::Record(found) = scan.next()? {
        match found.header.kind {
            Kind::Body if found.header.number == number + 1 => {}
            Kind::Commit if found.header.number == number + 1 => {
                number += 1;
                end = scan.at;
            }
            Kind::Seal if found.header.number == number => return Ok((scan.at, number, true)),
            _ => break,
        }
    }
    Ok((end, number, false))
}

/// The last commit before a segment, by the seal of the one before it.
fn last_before(log: &Path, segment: u32) -> Result<u64, Error> {
    let Some(&before) = segment::list(log)?.iter().rev().find(|&&number| number < segment) else { return Ok(0) };
    let path = segment::path(log, before);
    let start = Start::read(&File::open(&path)?)?
        .ok_or_else(|| place(Error::Damaged("the beginning of a segment".into()), before, 0))?;
    match valid_prefix(&path, start.before)? {
        (_, number, true) => Ok(number),
        (at, ..) => Err(place(Error::Damaged("a sealed segment ends early".into()), before, at)),
    }
}

/// Copies what follows `end` to a file beside the segment and zeros it; says so. Nothing to do when there are zeros only.
fn set_tail_aside(log: &Path, segment: u32, file: &File, end: u64, capacity: u64) -> Result<Option<String>, Error> {
    let mut tail = vec![0; usize::try_from(capacity.saturating_sub(end)).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut tail, end)?;
    let Some(last) = tail.iter().rposition(|&byte| byte != 0) else { return Ok(None) };
    let (records, commits, sound) = records_in(&tail);
    // A sound record may end in zeros.
    tail.truncate(sound.max(last + 1));
    let name = format!("{segment:08}.damaged-{end}");
    let aside = File::create(log.join(&name))?;
    aside.write_all_at(&tail, 0)?;
    aside.sync_all()?;
    sync_dir(log)?;
    file.write_all_at(&vec![0; tail.len()], end)?;
    file.sync_all()?;
    Ok(Some(format!(
        "{} bytes after offset {end} of log/{segment:08}.seg are not a whole record; they are kept in log/{name} \
         and hold {records} sound records, {commits} of them commits",
        tail.len()
    )))
}

/// Sound records anywhere in `bytes`, how many of them are commits, and where the last one ends.
fn records_in(bytes: &[u8]) -> (usize, usize, usize) {
    let (mut records, mut commits, mut end, mut at) = (0, 0, 0, 0);
    while at + HEADER_BYTES <= bytes.len() {
        let sound = Header::parse(&bytes[at..]).filter(|header| {
            let payload = bytes.get(at + HEADER_BYTES..).and_then(|rest| rest.get(..header.length as usize));
            payload.is_some_and(|payload| crc32fast::hash(payload) == header.crc)
        });
        match sound {
            Some(header) => {
                records += 1;
                commits += usize::from(header.kind == Kind::Commit);
                at += HEADER_BYTES + header.length as usize;
                end = at;
            }
            None => at += 1,
        }
    }
    (records, commits, end)
}

/// Reads the commits after `from` up to `to` in order and gives their changes to `apply`, many at a time, with the last commit among them; their number.
///
/// # Errors
/// [`Error::Damaged`] naming file and offset; what `apply` returned.
pub(crate) fn replay(
    log: &Path,
    from: Position,
    to: Position,
    apply: &mut dyn FnMut(u64, &Changes) -> Result<(), Error>,
) -> Result<u64, Error> {
    const ROWS: usize = 16 * 1024;
    let mut changes = Changes::default();
    let mut number = from.number;
    for segment in segment::list(log)?.into_iter().filter(|&segment| segment >= from.segment && segment <= to.segment) {
        let path = segment::path(log, segment);
        let start = Start::read(&File::open(&path)?)?
            .ok_or_else(|| place(Error::Damaged("the beginning of a segment".into()), segment, 0))?;
        if segment != from.segment && start.before != number {
            return Err(place(
                Error::Damaged(format!("it begins after commit {}, the one before it ends at {number}", start.before)),
                segment,
                0,
            ));
        }
        let offset = if segment == from.segment { from.offset } else { START_BYTES };
        let mut scan = Scan::open(&path, offset, false)?;
        while number < to.number {
            let at = scan.at;
            let damaged = |what: &str| place(Error::Damaged(what.into()), segment, at);
            let Next::Record(found) = scan.next()? else { return Err(damaged("a record of a sealed part of the log")) };
            match found.header.kind {
                Kind::Body => {}
                Kind::Seal => break,
                Kind::Commit => {
                    if found.header.number != number + 1 {
                        return Err(damaged(&format!("commit {} where {} is due", found.header.number, number + 1)));
                    }
                    take_commit(&found.payload, found.header.number, &mut changes)
                        .ok_or_else(|| damaged("the changes of a commit"))?;
                    number += 1;
                }
            }
            if changes.len() > ROWS {
                apply(number, &changes)?;
                changes = Changes::default();
            }
        }
    }
    if number < to.number {
        return Err(Error::Damaged(format!(
            "the log in {} lacks the commits from {} to {}",
            log.display(),
            number + 1,
            to.number
        )));
    }
    if !changes.is_empty() {
        apply(number, &changes)?;
    }
    Ok(number - from.number)
}

/// The oldest point from which the log has all commits up to `to`.
///
/// # Errors
/// [`Error::Damaged`], [`Error::Io`]
pub(crate) fn beginning(log: &Path) -> Result<Option<Position>, Error> {
    for segment in segment::list(log)? {
        let start = Start::read(&File::open(segment::path(log, segment))?)?;
        if start.is_some_and(|start| start.before == 0) {
            return Ok(Some(Position { number: 0, segment, offset: START_BYTES }));
        }
    }
    Ok(None)
}
