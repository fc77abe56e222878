//! Opening a store: lock, format, end of the log, index.

use crate::{
    Error, Progress,
    backend::{Options, Recovery},
    index::{self, Index, Position, StoreId, sync_dir},
    log::{
        recover, segment,
        store::{LogStore, Opened},
        writer::Writer,
    },
    snapshot,
};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

/// Format of the store as a whole.
const FORMAT: u32 = 1;

/// Opens or creates the store in `dir`.
pub(crate) fn open(
    dir: &Path,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<(LogStore, Recovery), Error> {
    let lock = lock(dir)?;
    let (opened, recovery) = recover(dir, options, lock, false, progress)?;
    Ok((LogStore::start(opened)?, recovery))
}

/// Takes the lock of the store and writes who holds it.
pub(crate) fn lock(dir: &Path) -> Result<File, Error> {
    std::fs::create_dir_all(dir)?;
    let path = dir.join("lock");
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            write!(file, "{}", std::process::id())?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // The holder may be just about to write its id.
            let _ = file.take(20).read_to_string(&mut holder);
            let holder = if holder.trim().is_empty() { "unknown".to_owned() } else { holder.trim().to_owned() };
            Err(Error::Locked { dir: dir.to_owned(), holder })
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Everything from the format to an index that has all commits; `rebuild` sets an index aside that seems sound.
pub(crate) fn recover(
    dir: &Path,
    options: &Options,
    lock: File,
    rebuild: bool,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Opened, Recovery), Error> {
    let log = dir.join("log");
    let id = identity(dir, &log)?;
    let _ = std::fs::remove_file(log.join("next.tmp"));
    let end = recover::end(&log, id, options.segment_bytes)?;
    let mut recovery = Recovery { discarded: end.discarded, ..Recovery::default() };
    if let Some(discarded) = &recovery.discarded {
        tracing::warn!("store: {discarded}");
    }
    let to = end.position;
    let (index, from) = open_index(dir, options, id, to, rebuild, &mut recovery)?;
    recovery.replayed = recover::replay(&log, from, to, &mut |number, changes| {
        progress(Progress { done: number, total: to.number });
        index.apply(changes)
    })?;
    if recovery.replayed > 0 || from.number == 0 {
        // Twice: the second makes the position durable that the first notes.
        index.checkpoint(id, to)?;
        index.checkpoint(id, to)?;
    }
    let since_snapshot = since_snapshot(dir, id)?;
    let writer = Writer::new(log, id, options.segment_bytes, end.head);
    Ok((
        Opened { dir: dir.to_owned(), options: options.clone(), id, index, writer, lock, position: to, since_snapshot },
        recovery,
    ))
}

/// Reads the format file, or writes it for a new store.
fn identity(dir: &Path, log: &Path) -> Result<StoreId, Error> {
    let path = dir.join("format");
    match std::fs::read_to_string(&path) {
        Ok(text) => parse_identity(&text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            std::fs::create_dir_all(log)?;
            if !segment::list(log)?.is_empty() {
                return Err(Error::Damaged(format!("{} is missing beside a log", path.display())));
            }
            let mut id = StoreId([0; 16]);
            getrandom::fill(&mut id.0).map_err(|error| Error::Io(std::io::Error::other(error.to_string())))?;
            let hex: String = id.0.iter().map(|byte| format!("{byte:02x}")).collect();
            let temporary = dir.join("format.tmp");
            let mut file = File::create(&temporary)?;
            write!(file, "gatepost store {FORMAT}\n{hex}\n")?;
            file.sync_all()?;
            std::fs::rename(temporary, &path)?;
            sync_dir(dir)?;
            if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                sync_dir(parent)?;
            }
            Ok(id)
        }
        Err(error) => Err(error.into()),
    }
}

fn parse_identity(text: &str) -> Result<StoreId, Error> {
    let damaged = || Error::Damaged("the file `format` of the store".into());
    let mut lines = text.lines();
    let found = lines
        .next()
        .and_then(|line| line.strip_prefix("gatepost store "))
        .and_then(|number| number.parse().ok())
        .ok_or_else(damaged)?;
    if found > FORMAT {
        return Err(Error::TooNew { found, known: FORMAT });
    }
    let id = lines.next().and_then(|line| u128::from_str_radix(line, 16).ok()).ok_or_else(damaged)?;
    Ok(StoreId(id.to_be_bytes()))
}

/// Opens the index, or sets it aside and begins anew; with the position from which the log has to be replayed.
pub(crate) fn open_index(
    dir: &Path,
    options: &Options,
    id: StoreId,
    to: Position,
    rebuild: bool,
    recovery: &mut Recovery,
) -> Result<(Box<dyn Index>, Position), Error> {
    let folder = index::dir(dir, options.engine);
    let existed = folder.exists();
    let reason = match (!rebuild).then(|| index::open(&folder, options)) {
        None => "a rebuild was asked for".to_owned(),
        Some(Ok(index)) => match usable(&*index, dir, id, to) {
            Ok(position) => return Ok((index, position)),
            Err(_) if to.number == 0 && !existed => return Ok((index, to)),
            Err(_) if !existed => "it was missing".to_owned(),
            Err(reason) => reason,
        },
        Some(Err(error)) => error.to_string(),
    };
    tracing::warn!(reason, "store: the index is set aside and rebuilt");
    if existed {
        let aside = set_aside(dir, &folder)?;
        recovery.rebuilt = Some(format!("{reason}; it was set aside as {}", aside.display()));
    } else {
        recovery.rebuilt = Some(reason);
    }
    let index = index::open(&folder, options)?;
    let from = load(&*index, dir, id, to)?;
    Ok((index, from))
}

/// Fills an empty index from the newest sound snapshot, if there is one, and says from where the log has to be replayed.
fn load(index: &dyn Index, dir: &Path, id: StoreId, to: Position) -> Result<Position, Error> {
    for snapshot in snapshot::list(dir, id)?.iter().rev() {
        // All of it is read before the first row is believed.
        match snapshot::read(&snapshot.path, &mut |_| Ok(())) {
            Ok(upto) if upto <= to.number => {
                snapshot::read(&snapshot.path, &mut |rows| index.apply(rows))?;
                return Ok(snapshot.position);
            }
            Ok(upto) => tracing::warn!(upto, path = %snapshot.path.display(), "a snapshot is ahead of the log"),
            Err(error) => tracing::warn!(%error, "a snapshot is damaged"),
        }
    }
    let lost = || Error::Damaged("the log does not reach back to its beginning and there is no sound snapshot".into());
    recover::beginning(&dir.join("log"))?.ok_or_else(lost)
}

/// A guess at the bytes of commits since the newest snapshot: bodies are most of the log.
fn since_snapshot(dir: &Path, id: StoreId) -> Result<u64, Error> {
    let log = dir.join("log");
    let after = snapshot::list(dir, id)?.last().map_or(0, |snapshot| snapshot.position.segment);
    let segments = segment::list(&log)?.into_iter().filter(|&number| number > after);
    Ok(segments
        .filter_map(|number| std::fs::metadata(segment::path(&log, number)).ok())
        .map(|file| file.len() / 4)
        .sum())
}

/// The position of an index that belongs to this log, or why it does not.
fn usable(index: &dyn Index, dir: &Path, id: StoreId, to: Position) -> Result<Position, String> {
    let (store, position) = index.position().map_err(|error| error.to_string())?.ok_or("it has no position")?;
    if store != id {
        return Err("it belongs to another store".into());
    }
    if position.number > to.number || (position.segment, position.offset) > (to.segment, to.offset) {
        return Err(format!("it has commit {}, the log ends at {}", position.number, to.number));
    }
    if position.number < to.number && !segment::path(&dir.join("log"), position.segment).exists() {
        return Err(format!("the log no longer holds the commits after {}", position.number));
    }
    Ok(position)
}

/// Renames the folder of an index out of the way.
pub(crate) fn set_aside(dir: &Path, folder: &Path) -> Result<PathBuf, Error> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |now| now.as_millis());
    let aside = dir.join(format!("index.damaged-{now}"));
    std::fs::rename(folder, &aside)?;
    sync_dir(dir)?;
    Ok(aside)
}
