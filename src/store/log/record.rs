//! Records of the log.
//!
//! A record is a header of 24 bytes and a payload. Header: `GP`, kind, 1; length of the payload (u32); commit number (u64); CRC-32 of
//! the payload; CRC-32 of the header so far. Integers are little-endian. Zeros where a header is due end the log.
//! A header of its own checksum lets a reader pass over bodies without reading them.

use crate::{
    Error,
    backend::Tree,
    tx::{Changes, Slot, Tx},
};
use bytes::{Buf, BufMut, Bytes};

/// Length of a header.
pub(crate) const HEADER_BYTES: usize = 24;
/// Length of a seal.
pub(crate) const SEAL_BYTES: u64 = HEADER_BYTES as u64;
const MARK: [u8; 2] = *b"GP";
const VERSION: u8 = 1;
const DELETED: u8 = 0x80;

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The body of a message ([`crate::body`]); its commit follows.
    Body = 1,
    /// The changes of one commit.
    Commit = 2,
    /// The end of a segment that is written to no more.
    Seal = 3,
}

/// Header of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    /// Bytes of the payload.
    pub(crate) length: u32,
    /// The commit; of a body the commit that brought it; of a seal the last commit in or before the segment.
    pub(crate) number: u64,
    /// CRC-32 of the payload.
    pub(crate) crc: u32,
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        let mut out = &mut header[..];
        out.put_slice(&MARK);
        out.put_u8(self.kind as u8);
        out.put_u8(VERSION);
        out.put_u32_le(self.length);
        out.put_u64_le(self.number);
        out.put_u32_le(self.crc);
        let crc = crc32fast::hash(&header[..20]);
        header[20..].copy_from_slice(&crc.to_le_bytes());
        header
    }

    /// `None` when it is not a header, or a damaged one.
    pub(crate) fn parse(mut header: &[u8]) -> Option<Self> {
        if header.len() < HEADER_BYTES || header[..2] != MARK || header[3] != VERSION {
            return None;
        }
        let crc = crc32fast::hash(&header[..20]);
        let kind = match header[2] {
            1 => Kind::Body,
            2 => Kind::Commit,
            3 => Kind::Seal,
            _ => return None,
        };
        header.advance(4);
        let parsed = Self { kind, length: header.get_u32_le(), number: header.get_u64_le(), crc: header.get_u32_le() };
        (header.get_u32_le() == crc).then_some(parsed)
    }

    /// Length of the whole record.
    pub(crate) fn record_bytes(&self) -> u64 {
        HEADER_BYTES as u64 + u64::from(self.length)
    }
}

/// Appends the record of a commit: tree (top bit set for a deletion), key, value, for each row; lengths as LEB128.
///
/// # Errors
/// [`Error::Limit`] when it exceeds 1 GiB.
pub(crate) fn put_commit(into: &mut Vec<u8>, number: u64, tx: &Tx<'_>) -> Result<(), Error> {
    let start = into.len();
    into.resize(start + HEADER_BYTES, 0);
    for (tree, key, value) in tx.changed() {
        into.push(tree as u8 | if value.is_none() { DELETED } else { 0 });
        put_bytes(into, key);
        if let Some(value) = value {
            put_bytes(into, value);
        }
    }
    let payload = &into[start + HEADER_BYTES..];
    let length = u32::try_from(payload.len())
        .ok()
        .filter(|&length| length <= 1 << 30)
        .ok_or(Error::Limit("bytes of one commit"))?;
    let header = Header { kind: Kind::Commit, length, number, crc: crc32fast::hash(payload) };
    into[start..start + HEADER_BYTES].copy_from_slice(&header.encode());
    Ok(())
}

/// Adds the changes of a commit's payload to `changes`; `None` when the payload is malformed.
pub(crate) fn take_commit(payload: &Bytes, number: u64, changes: &mut Changes) -> Option<()> {
    let mut rest = payload.clone();
    while rest.has_remaining() {
        let first = rest.get_u8();
        let tree = *Tree::ALL.get(usize::from(first & !DELETED))?;
        let key = take_bytes(&mut rest)?;
        let value = if first & DELETED == 0 { Some(take_bytes(&mut rest)?) } else { None };
        changes.tree_mut(tree).insert(key, Slot { value, number });
    }
    Some(())
}

/// Appends a length and the bytes.
pub(crate) fn put_bytes(into: &mut Vec<u8>, bytes: &[u8]) {
    let mut length = bytes.len();
    while length >= 0x80 {
        into.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    into.push(length as u8);
    into.extend_from_slice(bytes);
}

/// The inverse of [`put_bytes`].
pub(crate) fn take_bytes(from: &mut Bytes) -> Option<Bytes> {
    let mut length = 0usize;
    for shift in (0..35).step_by(7) {
        let byte = if from.has_remaining() { from.get_u8() } else { return None };
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return (length <= from.len()).then(|| from.split_to(length));
        }
    }
    None
}
