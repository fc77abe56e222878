//! Message text on its way to the client (RFC 1939 section 3): lines end in CRLF, and a line that begins with a dot gets
//! another in front.

use memchr::memchr_iter;

/// Writes text that comes in pieces.
#[derive(Debug, Clone)]
pub struct Stuffer {
    /// The last byte of what came before; before anything it is as if a line had ended.
    previous: u8,
}

impl Default for Stuffer {
    fn default() -> Self {
        Self { previous: b'\n' }
    }
}

impl Stuffer {
    /// Writes a piece. LF without CR before it, which APPEND can bring, becomes CRLF: a client that reads lines would take
    /// `\n.\r\n` for the end of the message.
    pub fn push(&mut self, text: &[u8], out: &mut Vec<u8>) {
        let Some(&last) = text.last() else { return };
        out.reserve(text.len() + text.len() / 64 + 8);
        if self.previous == b'\n' && text[0] == b'.' {
            out.push(b'.');
        }
        let mut from = 0;
        for end in memchr_iter(b'\n', text) {
            let before = if end == 0 { self.previous } else { text[end - 1] };
            if before != b'\r' {
                out.extend_from_slice(&text[from..end]);
                out.push(b'\r');
                from = end;
            }
            if text.get(end + 1) == Some(&b'.') {
                out.extend_from_slice(&text[from..=end]);
                out.push(b'.');
                from = end + 1;
            }
        }
        out.extend_from_slice(&text[from..]);
        self.previous = last;
    }

    /// Ends the last line, if the message did not, and writes the final dot.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        match self.previous {
            b'\n' => {}
            b'\r' => out.push(b'\n'),
            _ => out.extend_from_slice(b"\r\n"),
        }
        out.extend_from_slice(b".\r\n");
    }
}

/// Finds where TOP ends in text that comes in pieces: after the header, the blank line, and so many lines.
#[derive(Debug, Clone)]
pub struct Top {
    lines: u32,
    in_header: bool,
    /// What has come of the line so far.
    line: Line,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Empty,
    Cr,
    Full,
}

impl Line {
    /// The line with more bytes of it.
    fn with(self, more: &[u8]) -> Self {
        match (self, more) {
            (line, b"") => line,
            (Self::Empty, b"\r") => Self::Cr,
            _ => Self::Full,
        }
    }
}

impl Top {
    /// So many lines of the body.
    pub fn new(lines: u32) -> Self {
        Self { lines, in_header: true, line: Line::Empty }
    }

    /// How many bytes of this piece are wanted, and whether that is the end.
    pub fn take(&mut self, text: &[u8]) -> (usize, bool) {
        let mut start = 0;
        for end in memchr_iter(b'\n', text) {
            let line = std::mem::replace(&mut self.line, Line::Empty).with(&text[start..end]);
            start = end + 1;
            if self.in_header {
                self.in_header = line == Line::Full;
            } else {
                self.lines -= 1;
            }
            if !self.in_header && self.lines == 0 {
                return (start, true);
            }
        }
        self.line = self.line.with(&text[start..]);
        (text.len(), false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stuffed(pieces: &[&[u8]]) -> String {
        let (mut stuffer, mut out) = (Stuffer::default(), Vec::new());
        pieces.iter().for_each(|piece| stuffer.push(piece, &mut out));
        stuffer.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    /// What a client makes of it.
    fn unstuffed(text: &str) -> String {
        let text = text.strip_suffix(".\r\n").unwrap();
        text.split_inclusive("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect()
    }

    #[test]
    fn dots_and_line_ends() {
        for (text, expected) in [
            ("", ".\r\n"),
            ("a\r\n", "a\r\n.\r\n"),
            (".\r\n", "..\r\n.\r\n"),
            ("a\r\n.b\r\n..\r\n", "a\r\n..b\r\n...\r\n.\r\n"),
            ("a", "a\r\n.\r\n"),
            ("a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"),
            ("\n.", "\r\n..\r\n.\r\n"),
            ("a\r", "a\r\n.\r\n"),
            ("a\r.b", "a\r.b\r\n.\r\n"),
        ] {
            assert_eq!(stuffed(&[text.as_bytes()]), expected, "{text:?}");
        }
    }

    fn top(text: &str, lines: u32, step: usize) -> String {
        let mut top = Top::new(lines);
        let mut out = Vec::new();
        for piece in text.as_bytes().chunks(step) {
            let (length, is_end) = top.take(piece);
            out.extend_from_slice(&piece[..length]);
            if is_end {
                break;
            }
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn top_ends_after_the_header_and_so_many_lines() {
        let text = "a: b\r\nc: d\r\n\r\none\r\ntwo\r\nthree";
        for step in 1..text.len() {
            assert_eq!(top(text, 0, step), "a: b\r\nc: d\r\n\r\n");
            assert_eq!(top(text, 2, step), "a: b\r\nc: d\r\n\r\none\r\ntwo\r\n");
            assert_eq!(top(text, 9, step), text);
            assert_eq!(top("\r\nbody\r\n", 0, step), "\r\n");
            assert_eq!(top("a: b\n\nbody\n", 0, step), "a: b\n\n");
            assert_eq!(top("a: b\r\n\r\r\nc: d\r\n\r\nbody\r\n", 0, step), "a: b\r\n\r\r\nc: d\r\n\r\n");
        }
    }

    proptest! {
        #[test]
        fn what_is_stuffed_can_be_unstuffed(text in "[a.\r\n]{0,40}", cut in 0usize..40) {
            let cut = cut.min(text.len());
            let whole = stuffed(&[text.as_bytes()]);
            prop_assert_eq!(&stuffed(&[&text.as_bytes()[..cut], &text.as_bytes()[cut..]]), &whole);
            // No line of it is a lone dot but the last.
            prop_assert_eq!(whole.split("\r\n").filter(|line| *line == ".").count(), 1);
            prop_assert!(!whole.replace("\r\n", "").contains('\n'));
            let back = unstuffed(&whole).replace("\r\n", "\n");
            let sent = text.replace("\r\n", "\n");
            let sent = sent.strip_suffix(['\n', '\r']).unwrap_or(&sent);
            prop_assert_eq!(back.strip_suffix('\n').unwrap_or(&back), sent);
        }
    }
}
