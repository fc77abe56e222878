//! Message bodies: how they are made ready for the log, where they are, and how many refer to them.
//!
//! Payload of a body record: BLAKE3 (32), size (u32), for each frame its stored length (u32, top bit set when it is not
//! compressed) and CRC-32 (u32), then the frames. A frame holds 128 KiB of the body, the last one the rest. Integers are little-endian.
//!
//! In [`Tree::Body`] keys that begin with a byte below 16 belong to this file.

use crate::{BodyId, Error, Tx, backend::Tree, tx::Read};
use bytes::{Buf, BufMut, Bytes};
use std::{cell::RefCell, ops::Range};

/// Bytes of a body in one frame.
pub(crate) const FRAME_BYTES: usize = 128 * 1024;
/// BLAKE3 and size before the table of frames.
pub(crate) const PREFIX_BYTES: usize = 36;
const TABLE_ENTRY_BYTES: usize = 8;
const STORED: u32 = 1 << 31;
const KEY_BODY: u8 = 0;
const KEY_LIVE: u8 = 1;

thread_local! {
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

/// A message body made ready for the log on the caller's thread: hashed, compressed and summed.
#[derive(Debug, Clone)]
pub struct NewBody {
    pub(crate) id: BodyId,
    /// Bytes of the message.
    pub(crate) size: u32,
    /// Payload of the record.
    pub(crate) payload: Bytes,
    /// CRC-32 of the payload.
    pub(crate) crc: u32,
}

impl NewBody {
    /// Hashes and compresses. A message is under 2 GiB; [`crate::Store::commit`] refuses a larger one.
    pub fn new(message: &[u8]) -> Self {
        let id = BodyId(*blake3::hash(message).as_bytes());
        let frames = message.len().div_ceil(FRAME_BYTES);
        let mut payload = Vec::with_capacity(PREFIX_BYTES + frames * TABLE_ENTRY_BYTES + message.len() / 2 + 512);
        payload.put_slice(&id.0);
        payload.put_u32_le(u32::try_from(message.len()).unwrap_or(u32::MAX));
        payload.resize(PREFIX_BYTES + frames * TABLE_ENTRY_BYTES, 0);
        let mut scratch = Vec::with_capacity(zstd::zstd_safe::compress_bound(message.len().min(FRAME_BYTES)));
        for (number, frame) in message.chunks(FRAME_BYTES).enumerate() {
            scratch.clear();
            // Saving less than a sixteenth is not worth the work of each read.
            let smaller = compress(frame, &mut scratch) && scratch.len() < frame.len() - frame.len() / 16;
            let (stored, mark) = if smaller { (scratch.as_slice(), 0) } else { (frame, STORED) };
            payload.extend_from_slice(stored);
            let entry = PREFIX_BYTES + number * TABLE_ENTRY_BYTES;
            let length = u32::try_from(stored.len()).unwrap_or(u32::MAX) | mark;
            payload[entry..entry + 4].copy_from_slice(&length.to_le_bytes());
            payload[entry + 4..entry + 8].copy_from_slice(&crc32fast::hash(stored).to_le_bytes());
        }
        Self::from_payload(payload.into(), id)
    }

    /// BLAKE3 of the bytes.
    pub fn id(&self) -> BodyId {
        self.id
    }

    /// A body as a record of the log holds it.
    pub(crate) fn from_payload(payload: Bytes, id: BodyId) -> Self {
        let size = payload.get(32..PREFIX_BYTES).map_or(0, |mut bytes| bytes.get_u32_le());
        Self { id, size, crc: crc32fast::hash(&payload), payload }
    }
}

fn compress(frame: &[u8], into: &mut Vec<u8>) -> bool {
    COMPRESSOR.with_borrow_mut(|slot| {
        if slot.is_none() {
            *slot = zstd::bulk::Compressor::new(1).ok();
        }
        slot.as_mut().is_some_and(|compressor| compressor.compress_to_buffer(frame, into).is_ok())
    })
}

fn decompress(frame: &[u8], into: &mut Vec<u8>) -> Result<(), Error> {
    DECOMPRESSOR.with_borrow_mut(|slot| {
        if slot.is_none() {
            *slot = Some(zstd::bulk::Decompressor::new()?);
        }
        let decompressor = slot.as_mut().expect("it was just made");
        decompressor
            .decompress_to_buffer(frame, into)
            .map_err(|error| Error::Damaged(format!("a frame of a body: {error}")))?;
        Ok(())
    })
}

/// Table of frames of a body: what stands before the frames.
pub(crate) struct Frames {
    pub(crate) id: BodyId,
    pub(crate) size: u64,
    /// Where in the payload each frame begins; one more for the end.
    starts: Vec<u64>,
    /// Whether it is stored as it is, and its CRC-32.
    entries: Vec<(bool, u32)>,
}

impl Frames {
    /// Length of BLAKE3, size and table for a body of `size` bytes.
    pub(crate) fn table_end(size: u64) -> usize {
        usize::try_from(size).unwrap_or(usize::MAX / 2).div_ceil(FRAME_BYTES) * TABLE_ENTRY_BYTES + PREFIX_BYTES
    }

    /// Reads the table from the beginning of a payload.
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, Error> {
        let damaged = || Error::Damaged("the frame table of a body".into());
        let mut id = [0; 32];
        id.copy_from_slice(payload.get(..32).ok_or_else(damaged)?);
        let size = u64::from(payload.get(32..PREFIX_BYTES).ok_or_else(damaged)?.get_u32_le());
        let end = Self::table_end(size);
        let mut table = payload.get(PREFIX_BYTES..end).ok_or_else(damaged)?;
        let mut starts = vec![end as u64];
        let mut entries = Vec::with_capacity(table.len() / TABLE_ENTRY_BYTES);
        let mut at = end as u64;
        while table.has_remaining() {
            let length = table.get_u32_le();
            entries.push((length & STORED != 0, table.get_u32_le()));
            at += u64::from(length & !STORED);
            starts.push(at);
        }
        Ok(Self { id: BodyId(id), size, starts, entries })
    }

    /// Which part of the payload holds a range of the body, and the frames that it spans.
    pub(crate) fn span(&self, range: &Range<u64>) -> (Range<u64>, Range<usize>) {
        let first = usize::try_from(range.start).unwrap_or(usize::MAX) / FRAME_BYTES;
        let last = usize::try_from(range.end).unwrap_or(usize::MAX).div_ceil(FRAME_BYTES).min(self.entries.len());
        (self.starts[first.min(last)]..self.starts[last], first.min(last)..last)
    }

    /// Takes a range of the body out of `stored`, the part of the payload that [`Frames::span`] named.
    pub(crate) fn decode(&self, stored: &Bytes, range: &Range<u64>) -> Result<Bytes, Error> {
        let (span, frames) = self.span(range);
        let mut whole = Vec::new();
        let mut frame = Vec::new();
        for number in frames.clone() {
            let (plain, crc) = self.entries[number];
            let part = |at: u64| usize::try_from(at - span.start).unwrap_or(usize::MAX);
            let bytes = stored.get(part(self.starts[number])..part(self.starts[number + 1]));
            let bytes = bytes
                .filter(|bytes| crc32fast::hash(bytes) == crc)
                .ok_or_else(|| Error::Damaged("the checksum of a body".into()))?;
            let skip = usize::try_from(range.start).unwrap_or(usize::MAX).saturating_sub(number * FRAME_BYTES);
            let want =
                usize::try_from(range.end).unwrap_or(usize::MAX).saturating_sub(number * FRAME_BYTES).min(FRAME_BYTES);
            let decoded = if plain {
                bytes
            } else {
                frame.clear();
                frame.reserve(FRAME_BYTES);
                decompress(bytes, &mut frame)?;
                frame.as_slice()
            };
            let decoded =
                decoded.get(skip..want).ok_or_else(|| Error::Damaged("the length of a frame of a body".into()))?;
            if frames.len() == 1 && plain {
                return Ok(stored.slice_ref(decoded));
            }
            if whole.capacity() == 0 {
                whole.reserve(usize::try_from(range.end - range.start).unwrap_or(0));
            }
            whole.extend_from_slice(decoded);
        }
        Ok(whole.into())
    }
}

/// Where the record of a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Location {
    /// Segment; 0 while the commit that brings the body is in the making.
    pub(crate) segment: u32,
    /// Offset of the record.
    pub(crate) offset: u64,
    /// Length of the record, its header included.
    pub(crate) length: u32,
}

/// The row of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BodyRow {
    /// How many entries refer to it.
    pub(crate) references: u32,
    pub(crate) location: Location,
    /// Bytes of the message.
    pub(crate) size: u32,
}

impl BodyRow {
    fn encode(self) -> Vec<u8> {
        let mut row = Vec::with_capacity(24);
        row.put_u32_le(self.references);
        row.put_u32_le(self.location.segment);
        row.put_u64_le(self.location.offset);
        row.put_u32_le(self.location.length);
        row.put_u32_le(self.size);
        row
    }

    pub(crate) fn decode(mut row: &[u8]) -> Result<Self, Error> {
        if row.len() != 24 {
            return Err(Error::Damaged("the row of a body".into()));
        }
        let references = row.get_u32_le();
        let location = Location { segment: row.get_u32_le(), offset: row.get_u64_le(), length: row.get_u32_le() };
        Ok(Self { references, location, size: row.get_u32_le() })
    }
}

fn body_key(id: BodyId) -> [u8; 33] {
    let mut key = [KEY_BODY; 33];
    key[1..].copy_from_slice(&id.0);
    key
}

/// The row of a body.
pub(crate) fn row(read: &(impl Read + ?Sized), id: BodyId) -> Result<Option<BodyRow>, Error> {
    read.get(Tree::Body, &body_key(id))?.map(|row| BodyRow::decode(&row)).transpose()
}

/// All bodies.
pub(crate) fn rows(read: &(impl Read + ?Sized)) -> impl Iterator<Item = Result<(BodyId, BodyRow), Error>> {
    read.prefix(Tree::Body, &[KEY_BODY]).map(|row| {
        let (key, value) = row?;
        let id = key[1..].try_into().map_err(|_| Error::Damaged("the key of a body".into()))?;
        Ok((BodyId(id), BodyRow::decode(&value)?))
    })
}

/// Bytes of body records that something refers to, in one segment.
pub(crate) fn live_bytes(read: &(impl Read + ?Sized), segment: u32) -> Result<u64, Error> {
    let value = read.get(Tree::Body, &live_key(segment))?;
    Ok(value.and_then(|value| value.as_ref().try_into().ok()).map_or(0, u64::from_be_bytes))
}

fn live_key(segment: u32) -> [u8; 5] {
    let [a, b, c, d] = segment.to_be_bytes();
    [KEY_LIVE, a, b, c, d]
}

impl Tx<'_> {
    /// Counts one more reference to a body that is in the store or was given to this commit.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub(crate) fn body_retain(&mut self, id: BodyId) -> Result<(), Error> {
        let row = match row(self, id)? {
            Some(row) => BodyRow { references: row.references + 1, ..row },
            None => {
                let body = self.bodies.iter().find(|body| body.id == id).ok_or(Error::NotFound("message body"))?;
                BodyRow { references: 1, location: Location { segment: 0, offset: 0, length: 0 }, size: body.size }
            }
        };
        self.put(Tree::Body, &body_key(id), row.encode());
        Ok(())
    }

    /// Counts one reference less; the last one lets go of the body.
    ///
    /// # Errors
    /// [`Error::NotFound`] when nothing refers to it: the index is damaged.
    pub(crate) fn body_release(&mut self, id: BodyId) -> Result<(), Error> {
        let row = row(self, id)?.ok_or(Error::NotFound("message body"))?;
        if row.references > 1 {
            self.put(Tree::Body, &body_key(id), BodyRow { references: row.references - 1, ..row }.encode());
            return Ok(());
        }
        self.delete(Tree::Body, &body_key(id));
        self.live_change(row.location, false)
    }

    /// Whether the log must take this body with the commit: something refers to it and it has no place yet.
    pub(crate) fn body_wanted(&self, id: BodyId) -> Result<bool, Error> {
        Ok(row(self, id)?.is_some_and(|row| row.location.segment == 0))
    }

    /// Notes where the log put a body.
    pub(crate) fn body_placed(&mut self, id: BodyId, location: Location) -> Result<(), Error> {
        let Some(row) = row(self, id)? else { return Ok(()) };
        self.live_change(row.location, false)?;
        self.put(Tree::Body, &body_key(id), BodyRow { location, ..row }.encode());
        self.live_change(location, true)
    }

    /// Makes the log take a body anew that is at `old`; does nothing when it has gone or moved.
    pub(crate) fn body_move(&mut self, id: BodyId, old: Location) -> Result<(), Error> {
        let Some(row) = row(self, id)?.filter(|row| row.location == old) else { return Ok(()) };
        self.live_change(old, false)?;
        let location = Location { segment: 0, offset: 0, length: 0 };
        self.put(Tree::Body, &body_key(id), BodyRow { location, ..row }.encode());
        Ok(())
    }

    fn live_change(&mut self, location: Location, more: bool) -> Result<(), Error> {
        if location.segment == 0 {
            return Ok(());
        }
        let live = live_bytes(self, location.segment)?;
        let length = u64::from(location.length);
        let live = if more { live + length } else { live.saturating_sub(length) };
        match live {
            0 => self.delete(Tree::Body, &live_key(location.segment)),
            _ => self.put(Tree::Body, &live_key(location.segment), live.to_be_bytes().to_vec()),
        }
        Ok(())
    }
}
