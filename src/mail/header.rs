//! The raw header block (RFC 5322 section 2.2): finding, adding and removing fields without touching the rest.
//!
//! Lines may end in CRLF or in a bare LF. A line that is no field (an mbox `From ` line, garbage) is passed over.

use memchr::memchr;
use std::ops::Range;

/// Length of the header block with the blank line that ends it; the whole message when there is none.
pub fn header_length(message: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let rest = &message[at..];
        if rest.starts_with(b"\r\n") {
            return at + 2;
        }
        if rest.starts_with(b"\n") {
            return at + 1;
        }
        match memchr(b'\n', rest) {
            Some(end) => at += end + 1,
            None => return message.len(),
        }
    }
}

/// One field of a header block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<'a> {
    /// Name as written.
    pub name: &'a [u8],
    /// Raw value after the colon with its folding, without the last line end.
    pub value: &'a [u8],
    /// Bytes of the whole field in the message, with its last line end.
    pub span: Range<usize>,
}

/// The fields of a header block in order; see [`spans`].
#[derive(Debug, Clone)]
pub struct Spans<'a> {
    message: &'a [u8],
    at: usize,
}

/// The fields in order with their place in the message; ends at the blank line.
pub fn spans(message: &[u8]) -> Spans<'_> {
    Spans { message, at: 0 }
}

impl<'a> Iterator for Spans<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        loop {
            let start = self.at;
            let rest = &self.message[start..];
            if rest.is_empty() || rest.starts_with(b"\n") || rest.starts_with(b"\r\n") {
                return None;
            }
            let mut end = line_end(self.message, start);
            while matches!(self.message.get(end), Some(b' ' | b'\t')) {
                end = line_end(self.message, end);
            }
            self.at = end;
            if let Some((name, value)) = split(&self.message[start..end]) {
                return Some(Field { name, value, span: start..end });
            }
        }
    }
}

/// First byte after the line that begins at `start`.
fn line_end(message: &[u8], start: usize) -> usize {
    memchr(b'\n', &message[start..]).map_or(message.len(), |end| start + end + 1)
}

/// Name and value of one unparsed field.
fn split(field: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr(b':', field)?;
    let name = field[..colon].trim_ascii_end();
    if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let value = &field[colon + 1..];
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    Some((name, value.strip_suffix(b"\r").unwrap_or(value)))
}

/// The fields in order: name as written, and the raw value after the colon with its folding, without the last line end.
pub fn fields(message: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    spans(message).map(|field| (field.name, field.value))
}

/// Raw value of the first field of that name, in any case.
pub fn find<'a>(message: &'a [u8], name: &str) -> Option<&'a [u8]> {
    spans(message).find(|field| field.name.eq_ignore_ascii_case(name.as_bytes())).map(|field| field.value)
}

/// How many fields of that name there are, in any case.
pub fn count(message: &[u8], name: &str) -> usize {
    spans(message).filter(|field| field.name.eq_ignore_ascii_case(name.as_bytes())).count()
}

/// The value on one line: line ends removed (RFC 5322 section 2.2.3), outer white space trimmed.
pub fn unfold(value: &[u8]) -> Vec<u8> {
    value.trim_ascii().iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect()
}

/// The message with `fields` before its first field. `fields` holds whole fields, each with its line end.
pub fn prepend(message: &[u8], fields: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(fields.len() + message.len());
    out.extend_from_slice(fields.as_bytes());
    out.extend_from_slice(message);
    out
}

/// The message without the fields of these names, in any case.
pub fn remove(message: &[u8], names: &[&str]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len());
    let mut kept = 0;
    for field in spans(message) {
        if names.iter().any(|name| field.name.eq_ignore_ascii_case(name.as_bytes())) {
            out.extend_from_slice(&message[kept..field.span.start]);
            kept = field.span.end;
        }
    }
    out.extend_from_slice(&message[kept..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_ends_at_the_blank_line() {
        assert_eq!(header_length(b"A: b\r\n\r\nbody"), 8);
        assert_eq!(header_length(b"A: b\n\nbody"), 6);
        assert_eq!(header_length(b"A: b\r\n"), 6);
        assert_eq!(header_length(b"A: b"), 4);
        assert_eq!(header_length(b"\r\nbody"), 2);
        assert_eq!(header_length(b""), 0);
    }

    #[test]
    fn fields_keep_their_folding() {
        let message = b"From mbox line\r\nSubject: one\r\n two\r\nX : y\nbad line\nLast:z\r\n\r\nBody: no";
        let fields: Vec<_> = fields(message).collect();
        assert_eq!(
            fields,
            [(&b"Subject"[..], &b" one\r\n two"[..]), (&b"X"[..], &b" y"[..]), (&b"Last"[..], &b"z"[..])]
        );
        assert_eq!(unfold(find(message, "SUBJECT").expect("is there")), b"one two");
    }

    #[test]
    fn named_fields_are_removed_whole() {
        let message = b"A: 1\r\nBcc: x,\r\n y\r\nB: 2\nbcc: z\n\nBcc: body";
        assert_eq!(remove(message, &["bcc"]), b"A: 1\r\nB: 2\n\nBcc: body");
        assert_eq!(prepend(b"A: 1\r\n", "X: y\r\n"), b"X: y\r\nA: 1\r\n");
        assert_eq!(count(message, "bcc"), 2);
    }
}
