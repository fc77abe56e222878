//! Reading bodies and scanning segments.

use super::{
    record::{HEADER_BYTES, Header, Kind},
    segment::Segments,
};
use crate::{
    BodyId, Error,
    body::{Frames, Location, PREFIX_BYTES},
};
use bytes::Bytes;
use std::{
    fs::File,
    io::{self, BufReader, Read as _, Seek as _},
    ops::Range,
    os::unix::fs::FileExt,
    path::Path,
};

/// Records up to this length are read at once.
const WHOLE_BYTES: u32 = 256 * 1024;

impl Segments {
    /// A range of a body, clipped to it. `Ok(None)` when the segment is gone or holds another record there: the body has moved.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`]
    pub(crate) fn body(&self, id: BodyId, location: Location, range: Range<u64>) -> Result<Option<Bytes>, Error> {
        let file = match self.file(location.segment) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let place = |error| place(error, location.segment, location.offset);
        if location.length <= WHOLE_BYTES {
            let record = Bytes::from(read_at(&file, location.offset, location.length as usize)?);
            let Some(header) =
                Header::parse(&record).filter(|header| header.record_bytes() == u64::from(location.length))
            else {
                return Err(place(Error::Damaged("the header of a body".into())));
            };
            let payload = record.slice(HEADER_BYTES..);
            if crc32fast::hash(&payload) != header.crc {
                return Err(place(Error::Damaged("the checksum of a body".into())));
            }
            let frames = Frames::parse(&payload).map_err(place)?;
            if frames.id != id {
                return Ok(None);
            }
            let range = clip(range, frames.size);
            let (span, _) = frames.span(&range);
            let stored =
                span_of(&payload, &span).ok_or_else(|| place(Error::Damaged("the frame table of a body".into())))?;
            return frames.decode(&stored, &range).map(Some).map_err(place);
        }
        let payload_at = location.offset + HEADER_BYTES as u64;
        let prefix = read_at(&file, payload_at, PREFIX_BYTES)?;
        let size = u64::from(u32::from_le_bytes(prefix[32..].try_into().expect("36 bytes were read")));
        let table_end = Frames::table_end(size);
        if table_end as u64 > u64::from(location.length) {
            return Err(place(Error::Damaged("the size of a body".into())));
        }
        let frames = Frames::parse(&read_at(&file, payload_at, table_end)?).map_err(place)?;
        if frames.id != id {
            return Ok(None);
        }
        let range = clip(range, frames.size);
        let (span, _) = frames.span(&range);
        if span.end + HEADER_BYTES as u64 > u64::from(location.length) {
            return Err(place(Error::Damaged("the frame table of a body".into())));
        }
        let stored = Bytes::from(read_at(
            &file,
            payload_at + span.start,
            usize::try_from(span.end - span.start).unwrap_or(usize::MAX),
        )?);
        frames.decode(&stored, &range).map(Some).map_err(place)
    }
}

fn clip(range: Range<u64>, size: u64) -> Range<u64> {
    let end = range.end.min(size);
    range.start.min(end)..end
}

fn span_of(payload: &Bytes, span: &Range<u64>) -> Option<Bytes> {
    let span = usize::try_from(span.start).ok()?..usize::try_from(span.end).ok()?;
    (span.end <= payload.len()).then(|| payload.slice(span))
}

fn read_at(file: &File, offset: u64, length: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; length];
    match file.read_exact_at(&mut bytes, offset) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(Error::Damaged(format!("the log ends before offset {}", offset + length as u64)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Adds where it is to what is damaged.
pub(crate) fn place(error: Error, segment: u32, offset: u64) -> Error {
    match error {
        Error::Damaged(what) => Error::Damaged(format!("log/{segment:08}.seg at offset {offset}: {what}")),
        other => other,
    }
}

/// One record of a segment.
pub(crate) struct Found {
    pub(crate) offset: u64,
    pub(crate) header: Header,
    /// Of a body only when asked for.
    pub(crate) payload: Bytes,
}

/// What a scan met.
pub(crate) enum Next {
    Record(Found),
    /// A sound header with a payload that is not what was written; reading can go on.
    Damaged(Header),
    /// The file ends, or zeros begin.
    End,
    /// Something that is not a whole, sound record.
    Broken,
}

/// Reads the records of a segment one after the other.
pub(crate) struct Scan {
    reader: BufReader<File>,
    length: u64,
    /// Where the next record is due.
    pub(crate) at: u64,
    bodies: bool,
}

impl Scan {
    /// From `offset`; with the payload of bodies, and their checksums verified, when `bodies`.
    pub(crate) fn open(path: &Path, offset: u64, bodies: bool) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut reader = BufReader::with_capacity(256 * 1024, file);
        reader.seek(io::SeekFrom::Start(offset))?;
        Ok(Self { reader, length, at: offset, bodies })
    }

    /// The next record. After [`Next::End`] or [`Next::Broken`] there is no going on.
    pub(crate) fn next(&mut self) -> io::Result<Next> {
        let mut bytes = [0; HEADER_BYTES];
        let left = self.length.saturating_sub(self.at);
        let take = usize::try_from(left).unwrap_or(usize::MAX).min(HEADER_BYTES);
        self.reader.read_exact(&mut bytes[..take])?;
        if bytes == [0; HEADER_BYTES] {
            return Ok(Next::End);
        }
        let Some(header) = Header::parse(&bytes).filter(|header| header.record_bytes() <= left) else {
            return Ok(Next::Broken);
        };
        let mut payload = Vec::new();
        if self.bodies || header.kind != Kind::Body {
            payload.resize(header.length as usize, 0);
            self.reader.read_exact(&mut payload)?;
            if crc32fast::hash(&payload) != header.crc {
                self.at += header.record_bytes();
                return Ok(Next::Damaged(header));
            }
        } else {
            self.reader.seek_relative(i64::from(header.length))?;
        }
        let offset = self.at;
        self.at += header.record_bytes();
        Ok(Next::Record(Found { offset, header, payload: payload.into() }))
    }
}
