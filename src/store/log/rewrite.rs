//! Letting old segments go: those that a rebuild needs no more and that are mostly dead. Their live bodies are committed anew
//! at the head first, so that at no time a body is in fewer than one place on disk.

use super::{
    committer::{Job, Message, Work},
    read::{Next, Scan},
    record::Kind,
    segment::{self, START_BYTES},
    store::Shared,
};
use crate::{
    BodyId, Error, NewBody,
    body::{self, Location},
    snapshot,
    tx::Tx,
};
use std::sync::mpsc;

/// Bytes of bodies moved by one commit.
const MOVE_BYTES: usize = 4 << 20;

/// Removes every segment that lies wholly before the older of the kept snapshots and is more than half dead; their number. The
/// caller holds the maintenance lock.
///
/// # Errors
/// [`Error::Damaged`] when a live body cannot be read: then its segment stays. [`Error::DiskFull`], [`Error::Io`].
pub(crate) fn run(shared: &Shared, messages: &mpsc::Sender<Message>) -> Result<usize, Error> {
    let snapshots = snapshot::list(&shared.dir, shared.id)?;
    let [.., older, _newest] = snapshots.as_slice() else { return Ok(0) };
    // The index on disk must not need the segment either.
    let checkpoint = shared.checkpoint()?.segment;
    let before = older.position.segment.min(checkpoint);
    let mut removed = 0;
    for number in segment::list(&shared.segments.dir)?.into_iter().filter(|&number| number < before) {
        let bytes = std::fs::metadata(segment::path(&shared.segments.dir, number))?.len();
        let live = body::live_bytes(shared, number)?;
        if live * 2 > bytes {
            continue;
        }
        if live > 0 {
            move_bodies(shared, number, messages)?;
        }
        if body::live_bytes(shared, number)? == 0 {
            shared.segments.remove(number)?;
            removed += 1;
            tracing::info!(segment = number, bytes, live, "store: a segment of the log was removed");
        } else {
            tracing::warn!(segment = number, "store: bodies that the index counts are not in the segment; it stays");
        }
        if shared.closing() {
            break;
        }
    }
    Ok(removed)
}

fn move_bodies(shared: &Shared, number: u32, messages: &mpsc::Sender<Message>) -> Result<(), Error> {
    let mut scan = Scan::open(&segment::path(&shared.segments.dir, number), START_BYTES, true)?;
    let (mut batch, mut bytes) = (Vec::new(), 0);
    // Damage ends the scan early; then the segment still counts live bodies and stays.
    while let Next::Record(found) = scan.next()? {
        if found.header.kind != Kind::Body || found.payload.len() < body::PREFIX_BYTES {
            continue;
        }
        let id = BodyId(found.payload[..32].try_into().expect("it has 36 bytes at least"));
        let length = u32::try_from(found.header.record_bytes()).unwrap_or(u32::MAX);
        let location = Location { segment: number, offset: found.offset, length };
        if body::row(shared, id)?.is_none_or(|row| row.location != location) {
            continue;
        }
        bytes += found.payload.len();
        batch.push((NewBody::from_payload(found.payload, id), location));
        if bytes >= MOVE_BYTES {
            commit(std::mem::take(&mut batch), messages)?;
            bytes = 0;
        }
    }
    if batch.is_empty() { Ok(()) } else { commit(batch, messages) }
}

fn commit(batch: Vec<(NewBody, Location)>, messages: &mpsc::Sender<Message>) -> Result<(), Error> {
    let (bodies, places): (Vec<NewBody>, Vec<_>) =
        batch.into_iter().map(|(body, place)| (body.clone(), (body.id, place))).unzip();
    let (reply, answer) = mpsc::channel();
    let work = Box::new(Moving { places, failed: None, reply });
    let closed = || Error::Stopped("it is closed".into());
    messages.send(Message::Commit(Job { bodies, work })).map_err(|_| closed())?;
    answer.recv().unwrap_or_else(|_| Err(closed()))
}

/// The commit that notes the new places.
struct Moving {
    places: Vec<(BodyId, Location)>,
    failed: Option<Error>,
    reply: mpsc::Sender<Result<(), Error>>,
}

impl Work for Moving {
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let moved = self.places.iter().try_for_each(|&(id, old)| tx.body_move(id, old));
        self.failed = moved.err();
        self.failed.is_none()
    }

    fn answer(self: Box<Self>, outcome: Result<(), Error>) {
        let _ = self.reply.send(outcome.and(self.failed.map_or(Ok(()), Err)));
    }
}
