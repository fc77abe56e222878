//! Messages that come as literal8 (RFC 3516 section 4.4): parts that hold NUL are given a transfer encoding, for BODY[] could not
//! tell them otherwise. All else stays as it came.

use crate::error::Error;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use mail::{
    header,
    summary::{Part, structure},
};
use std::ops::Range;

/// Bytes of a line of base64, before it is encoded.
const LINE_BYTES: usize = 57;

/// The message as it is kept.
///
/// # Errors
/// `NO` when there is a NUL where no transfer encoding can hide it.
pub(super) fn storable(message: Bytes) -> Result<Bytes, Error> {
    if memchr::memchr(0, &message).is_none() {
        return Ok(message);
    }
    let mut edits = Vec::new();
    encode(&structure(&message), &message, &mut edits);
    edits.sort_by_key(|(range, _): &(Range<usize>, Vec<u8>)| range.start);
    let mut out = Vec::with_capacity(message.len() * 3 / 2);
    let mut at = 0;
    for (range, bytes) in edits {
        out.extend_from_slice(&message[at..range.start]);
        out.extend_from_slice(&bytes);
        at = range.end;
    }
    out.extend_from_slice(&message[at..]);
    if memchr::memchr(0, &out).is_some() {
        return Err(Error::no("UNKNOWN-CTE", "the message holds NUL outside of its parts"));
    }
    Ok(out.into())
}

/// What is to be written instead of what, so that no part below this one has a NUL.
fn encode(part: &Part, message: &[u8], edits: &mut Vec<(Range<usize>, Vec<u8>)>) {
    let body = part.body_start as usize..part.body_end as usize;
    let block = part.header_start as usize..part.body_start as usize;
    let (Some(bytes), Some(fields)) = (message.get(body.clone()), message.get(block.clone())) else { return };
    if !part.children.is_empty() {
        // What holds others has no encoding of its own; "binary" would be said of what is so no more.
        if part.encoding == "binary" {
            edits.push((encoding_field(fields, block.start), b"Content-Transfer-Encoding: 8bit\r\n".to_vec()));
        }
        return part.children.iter().for_each(|child| encode(child, message, edits));
    }
    if memchr::memchr(0, bytes).is_none() {
        return;
    }
    edits.push((encoding_field(fields, block.start), b"Content-Transfer-Encoding: base64\r\n".to_vec()));
    let mut text = Vec::with_capacity(bytes.len() * 3 / 2);
    for line in bytes.chunks(LINE_BYTES) {
        text.extend_from_slice(STANDARD.encode(line).as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    edits.push((body, text));
}

/// Where the field stands in the message, or where it is put in when there is none.
fn encoding_field(fields: &[u8], start: usize) -> Range<usize> {
    let found = header::spans(fields).find(|field| field.name.eq_ignore_ascii_case(b"content-transfer-encoding"));
    found.map_or(start..start, |field| start + field.span.start..start + field.span.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(message: &[u8]) -> Vec<u8> {
        storable(Bytes::copy_from_slice(message)).expect("can be kept").to_vec()
    }

    #[test]
    fn only_parts_with_nul_are_encoded() {
        let plain = b"Content-Transfer-Encoding: binary\r\n\r\n\xe4 \r\n";
        assert_eq!(kept(plain), plain);
        assert_eq!(
            kept(b"A: b\r\nContent-Transfer-Encoding: binary\r\n\r\n\0-x"),
            b"A: b\r\nContent-Transfer-Encoding: base64\r\n\r\nAC14\r\n"
        );
        assert_eq!(kept(b"A: b\r\n\r\n\0"), b"Content-Transfer-Encoding: base64\r\nA: b\r\n\r\nAA==\r\n");
        let nested =
            b"Content-Type: multipart/mixed; boundary=x\r\nContent-Transfer-Encoding: binary\r\n\r\n--x\r\n\r\none\r\n\
            --x\r\nContent-Type: a/b\r\n\r\n\0\r\n--x--\r\n";
        let text = String::from_utf8(kept(nested)).expect("ASCII");
        assert!(
            text.contains("Encoding: 8bit") && text.contains("AA==\r\n\r\n--x--") && text.contains("\r\none\r\n"),
            "{text}"
        );
    }

    #[test]
    fn nul_in_a_header_is_refused() {
        assert!(storable(Bytes::from_static(b"A: \0\r\n\r\nx")).is_err());
    }
}
