//! The one thread that commits: it takes what waits, runs each closure on what the earlier ones left, writes all of it with
//! one fdatasync, makes it visible and answers. The applier brings it into the index behind it.
//!
//! Temporary: [`Error::DiskFull`], for the commits that do not fit, and all of them while space is short; a failed index, until
//! it is restored. Fatal until a restart: a failed write or fsync of the log.

use super::{
    record::{HEADER_BYTES, Header, Kind, put_commit},
    writer::{Piece, Roll, Writer},
};
use crate::{
    Error, NewBody,
    body::Location,
    index::{Position, panic_text},
    log::store::Shared,
    tx::{Changes, Effects, Read, Tx},
};
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, SyncSender},
    },
    time::Instant,
};

/// Commits in one group.
const GROUP_COMMITS_MAX: usize = 256;
/// Bytes after which a group takes no further commit.
const GROUP_BYTES_MAX: u64 = 8 << 20;
/// Payloads from this size are written from where they are.
const LARGE_BYTES: usize = 64 * 1024;
/// Groups that may wait for the index.
pub(crate) const APPLY_QUEUE_MAX: usize = 32;

/// The caller's side of a commit.
pub(crate) trait Work: Send {
    /// Runs the closure; whether it succeeded.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Answers: with what the last run returned when `Ok`.
    fn answer(self: Box<Self>, outcome: Result<(), Error>);
}

/// A waiting commit.
pub(crate) struct Job {
    pub(crate) bodies: Vec<NewBody>,
    pub(crate) work: Box<dyn Work>,
}

/// What the committer is asked.
pub(crate) enum Message {
    Commit(Job),
    /// Finish, and end.
    Close,
}

/// A group that is on disk, for the index.
pub(crate) type Group = (Arc<Changes>, Position);

/// State of the committer thread.
pub(crate) struct Committer {
    pub(crate) store: Arc<Shared>,
    pub(crate) writer: Writer,
    pub(crate) messages: Receiver<Message>,
    pub(crate) applier: SyncSender<Group>,
    /// The last commit.
    pub(crate) number: u64,
    /// Bytes of the group, kept for its capacity.
    pub(crate) buffer: Vec<u8>,
}

/// Commits that will share one fdatasync.
#[derive(Default)]
struct Open {
    changes: Changes,
    effects: Vec<Effects>,
    pieces: Vec<Piece>,
    bytes: u64,
    /// Of them, those of commits.
    commit_bytes: u64,
    commits: u64,
    ran: Vec<Box<dyn Work>>,
}

/// What came of one commit.
enum Ran {
    /// It is part of the group, or its closure failed and left no trace.
    Joined,
    /// It does not fit into the head; it needs this many bytes.
    TooLarge(u64),
    Failed(Error),
}

impl Committer {
    /// Runs until all handles are gone or one asks to close.
    pub(crate) fn run(mut self) {
        let mut queue = VecDeque::new();
        let mut closing = false;
        while !closing {
            match self.messages.recv() {
                Ok(Message::Commit(job)) => queue.push_back(job),
                Ok(Message::Close) | Err(_) => return,
            }
            while queue.len() < GROUP_COMMITS_MAX {
                match self.messages.try_recv() {
                    Ok(Message::Commit(job)) => queue.push_back(job),
                    Ok(Message::Close) => {
                        closing = true;
                        break;
                    }
                    Err(_) => break,
                }
            }
            while !queue.is_empty() {
                self.group(&mut queue);
            }
        }
    }

    /// Commits as many of the queue as fit together.
    fn group(&mut self, queue: &mut VecDeque<Job>) {
        let mut open = Open::default();
        self.buffer.clear();
        let mut needed = None;
        while let Some(error) = self.refusal() {
            let Some(job) = queue.pop_front() else { return };
            job.work.answer(Err(error));
        }
        while open.bytes < GROUP_BYTES_MAX
            && let Some(mut job) = queue.pop_front()
        {
            match self.join(&mut open, &mut job) {
                Ran::Joined => open.ran.push(job.work),
                Ran::Failed(error) => job.work.answer(Err(error)),
                Ran::TooLarge(bytes) => {
                    needed = Some(bytes);
                    queue.push_front(job);
                    break;
                }
            }
        }
        self.flush(open);
        if let Some(bytes) = needed {
            match self.writer.roll(bytes, self.number) {
                Ok(()) => {}
                Err(Roll::Full) => {
                    if let Some(job) = queue.pop_front() {
                        job.work.answer(Err(Error::DiskFull));
                    }
                }
                Err(Roll::Failed(error)) => self.store.stop(&format!("a new segment of the log: {error}")),
            }
        }
    }

    /// Why no commit is taken at present.
    fn refusal(&self) -> Option<Error> {
        if let Some(reason) = self.store.stopped() {
            return Some(Error::Stopped(reason));
        }
        self.store.refusal()
    }

    /// Runs one commit and adds its records to the group.
    fn join(&mut self, open: &mut Open, job: &mut Job) -> Ran {
        let number = self.number + open.commits + 1;
        let (length, pieces) = (self.buffer.len(), open.pieces.len());
        let store = self.store.clone();
        let base: &dyn Read = &*store;
        let mut tx = Tx::new(base, &mut open.changes, &job.bodies, number);
        let run = catch_unwind(AssertUnwindSafe(|| job.work.run(&mut tx)));
        let placed = match run {
            Ok(true) if tx.changed().next().is_some() => self.place(&mut tx, &mut open.pieces, open.bytes, number),
            // It only read: nothing to log, but its answer waits until what it read is on disk.
            Ok(true) => {
                open.effects.push(tx.finish());
                return Ran::Joined;
            }
            Ok(false) => {
                tx.undo();
                return Ran::Joined;
            }
            Err(panic) => {
                let text = format!("the work of a commit panicked: {}", panic_text(panic.as_ref()));
                tracing::error!("{text}");
                Err(Error::Io(std::io::Error::other(text)))
            }
        };
        let fits = placed.map(
            |(bytes, commit)| if open.bytes + bytes <= self.writer.room() { Ok((bytes, commit)) } else { Err(bytes) },
        );
        let ran = match fits {
            Ok(Ok((bytes, commit))) => {
                open.commit_bytes += commit;
                open.effects.push(tx.finish());
                open.bytes += bytes;
                open.commits += 1;
                return Ran::Joined;
            }
            Ok(Err(bytes)) => Ran::TooLarge(bytes),
            Err(error) => Ran::Failed(error),
        };
        tx.undo();
        self.buffer.truncate(length);
        open.pieces.truncate(pieces);
        if let Some(Piece::Buffered(range)) = open.pieces.last_mut() {
            range.end = length;
        }
        ran
    }

    /// Writes the wanted bodies and the commit to the buffer; the length of their records, and that of the commit among it.
    fn place(
        &mut self,
        tx: &mut Tx<'_>,
        pieces: &mut Vec<Piece>,
        before: u64,
        number: u64,
    ) -> Result<(u64, u64), Error> {
        let (start, bodies) = (self.writer.head.end + before, tx.bodies);
        let mut bytes = 0;
        for body in bodies {
            if !tx.body_wanted(body.id)? {
                continue;
            }
            let length =
                u32::try_from(body.payload.len()).ok().filter(|&length| length < u32::MAX - HEADER_BYTES as u32);
            let length = length.filter(|_| body.size < 1 << 31).ok_or(Error::Limit("bytes of one message"))?;
            let header = Header { kind: Kind::Body, length, number, crc: body.crc };
            self.buffered(pieces, |buffer| buffer.extend_from_slice(&header.encode()));
            if body.payload.len() >= LARGE_BYTES {
                pieces.push(Piece::Large(body.payload.clone()));
            } else {
                self.buffered(pieces, |buffer| buffer.extend_from_slice(&body.payload));
            }
            let location = Location {
                segment: self.writer.head.segment,
                offset: start + bytes,
                length: length + HEADER_BYTES as u32,
            };
            tx.body_placed(body.id, location)?;
            bytes += header.record_bytes();
        }
        let from = self.buffer.len();
        let mut outcome = Ok(());
        self.buffered(pieces, |buffer| outcome = put_commit(buffer, number, tx));
        outcome?;
        let commit = (self.buffer.len() - from) as u64;
        Ok((bytes + commit, commit))
    }

    /// Lets `write` append to the buffer and extends the last piece by it.
    fn buffered(&mut self, pieces: &mut Vec<Piece>, write: impl FnOnce(&mut Vec<u8>)) {
        let from = self.buffer.len();
        write(&mut self.buffer);
        match pieces.last_mut() {
            Some(Piece::Buffered(range)) => range.end = self.buffer.len(),
            _ => pieces.push(Piece::Buffered(from..self.buffer.len())),
        }
    }

    /// Writes the group, shows it, answers, and hands it to the index.
    fn flush(&mut self, open: Open) {
        if open.commits == 0 {
            // Closures that failed or only read. They read what is on disk.
            open.ran.into_iter().for_each(|work| work.answer(Ok(())));
            return;
        }
        let began = Instant::now();
        if let Err(error) = self.writer.write(&self.buffer, &open.pieces) {
            let reason = format!("writing the log: {error}");
            self.store.stop(&reason);
            open.ran.into_iter().for_each(|work| work.answer(Err(Error::Stopped(reason.clone()))));
            return;
        }
        let fsync = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.number += open.commits;
        let position =
            Position { number: self.number, segment: self.writer.head.segment, offset: self.writer.head.end };
        let store = &self.store;
        store.counters.fsync_micros.store(fsync, Ordering::Relaxed);
        store.counters.commits.fetch_add(open.commits, Ordering::Relaxed);
        store.counters.bytes.fetch_add(open.bytes, Ordering::Relaxed);
        store.counters.since_snapshot.fetch_add(open.commit_bytes, Ordering::Relaxed);
        store.set_durable(position);
        store.hub.publish(open.effects, || store.pending.add(&open.changes));
        open.ran.into_iter().for_each(|work| work.answer(Ok(())));
        // It fails only when the applier has ended, which has stopped the store.
        let _ = self.applier.send((Arc::new(open.changes), position));
        if self.buffer.capacity() as u64 > 2 * GROUP_BYTES_MAX {
            self.buffer = Vec::new();
        }
    }
}

/// Brings groups into the index until the committer ends.
pub(crate) fn apply(store: &Shared, groups: &Receiver<Group>) {
    while let Ok((first, mut position)) = groups.recv() {
        let mut taken = vec![first];
        while taken.len() < APPLY_QUEUE_MAX
            && let Ok((changes, later)) = groups.try_recv()
        {
            taken.push(changes);
            position = later;
        }
        let mut merged = Changes::default();
        let all = match taken.as_slice() {
            [one] => &**one,
            several => {
                several.iter().for_each(|changes| merged.merge(changes));
                &merged
            }
        };
        while store.with_index(|index| index.apply(all)).is_err() {
            // It is restored by the log, which has this too; applying it again changes nothing.
            if !store.wait_for_index() {
                return;
            }
        }
        store.pending.applied(&taken);
        store.set_applied(position);
    }
}
