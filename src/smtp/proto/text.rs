//! Message text between DATA and the final dot (RFC 5321 section 4.5.2), and its inverse for sending.

use bytes::BytesMut;
use memchr::{memchr, memchr2};

/// Takes dot-stuffed text apart. Only `CRLF . CRLF` ends it: any other reading of a line end is what message smuggling
/// lives on, so bare CR and LF are noted and the text is refused after its real end.
#[derive(Debug, Clone)]
pub struct Decoder {
    position: Position,
    line_bytes: usize,
    line_bytes_max: usize,
    bytes: u64,
    fault: Option<Fault>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    LineStart,
    Dot,
    DotCr,
    Inside,
    Cr,
}

/// Why text is refused. Decoding goes on to its end so that what follows is not read as commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// CR or LF alone.
    Bare,
    /// A line beyond its bound.
    Line,
}

impl Decoder {
    /// A decoder at the start of the text.
    pub fn new(line_bytes_max: usize) -> Self {
        Self { position: Position::LineStart, line_bytes: 0, line_bytes_max, bytes: 0, fault: None }
    }

    /// What is wrong so far.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// Bytes of text so far, whether kept or not.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes input, appends text to `output` (none when `keep` is false); returns the bytes consumed and whether the end
    /// was met, which is then the last byte consumed.
    pub fn decode(&mut self, input: &[u8], output: &mut BytesMut, keep: bool) -> (usize, bool) {
        let mut at = 0;
        while let Some(&byte) = input.get(at) {
            match self.position {
                Position::LineStart if byte == b'.' => {
                    self.position = Position::Dot;
                    at += 1;
                }
                Position::Dot if byte == b'\r' => {
                    self.position = Position::DotCr;
                    at += 1;
                }
                Position::DotCr if byte == b'\n' => return (at + 1, true),
                Position::DotCr => {
                    // `CRLF . CR` and no LF: the dot was stuffing, the CR is bare.
                    self.note(Fault::Bare);
                    self.emit(b"\r", output, keep);
                    self.position = Position::Inside;
                }
                Position::Cr if byte == b'\n' => {
                    self.emit(b"\r\n", output, keep);
                    self.line_bytes = 0;
                    self.position = Position::LineStart;
                    at += 1;
                }
                Position::Cr => {
                    self.note(Fault::Bare);
                    self.emit(b"\r", output, keep);
                    self.position = Position::Inside;
                }
                Position::LineStart | Position::Dot | Position::Inside => at += self.run(&input[at..], output, keep),
            }
        }
        (at, false)
    }

    /// Takes the run up to the next line end, and the CR or LF itself.
    fn run(&mut self, input: &[u8], output: &mut BytesMut, keep: bool) -> usize {
        self.position = Position::Inside;
        let Some(end) = memchr2(b'\r', b'\n', input) else {
            self.emit(input, output, keep);
            return input.len();
        };
        if input[end] == b'\r' {
            // The common case, a whole line, in one copy.
            if input.get(end + 1) == Some(&b'\n') {
                self.emit(&input[..end + 2], output, keep);
                self.line_bytes = 0;
                self.position = Position::LineStart;
                return end + 2;
            }
            self.emit(&input[..end], output, keep);
            self.position = Position::Cr;
            return end + 1;
        }
        self.note(Fault::Bare);
        self.emit(&input[..=end], output, keep);
        end + 1
    }

    fn emit(&mut self, text: &[u8], output: &mut BytesMut, keep: bool) {
        self.bytes += text.len() as u64;
        self.line_bytes += text.len();
        if self.line_bytes > self.line_bytes_max {
            self.note(Fault::Line);
        }
        if keep && self.fault.is_none() {
            output.extend_from_slice(text);
        }
    }

    fn note(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }
}

/// Whether every CR is followed by LF and every LF preceded by CR.
pub fn has_only_crlf(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(at) = memchr2(b'\r', b'\n', rest) {
        if rest[at] == b'\n' || rest.get(at + 1) != Some(&b'\n') {
            return false;
        }
        rest = &rest[at + 2..];
    }
    true
}

/// Stuffs dots for sending. Text comes in blocks cut anywhere; line ends that are not CRLF are made CRLF, so that what
/// we send can never be read in two ways.
#[derive(Debug, Clone)]
pub struct Encoder {
    line_start: bool,
    after_cr: bool,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { line_start: true, after_cr: false }
    }
}

impl Encoder {
    /// Appends a block to `output`.
    pub fn encode(&mut self, mut input: &[u8], output: &mut Vec<u8>) {
        output.reserve(input.len() + input.len() / 64 + 8);
        while let Some(&first) = input.first() {
            if self.after_cr {
                self.after_cr = false;
                output.extend_from_slice(b"\r\n");
                self.line_start = true;
                if first == b'\n' {
                    input = &input[1..];
                }
                continue;
            }
            if self.line_start && first == b'.' {
                output.push(b'.');
            }
            self.line_start = false;
            let end = memchr2(b'\r', b'\n', input).unwrap_or(input.len());
            output.extend_from_slice(&input[..end]);
            match input.get(end) {
                Some(b'\r') => self.after_cr = true,
                Some(_) => {
                    output.extend_from_slice(b"\r\n");
                    self.line_start = true;
                }
                None => return,
            }
            input = &input[end + 1..];
        }
    }

    /// Appends the end of the text.
    pub fn finish(&mut self, output: &mut Vec<u8>) {
        if self.after_cr || !self.line_start {
            output.extend_from_slice(b"\r\n");
        }
        output.extend_from_slice(b".\r\n");
        *self = Self::default();
    }
}

/// Where a line ends in a command buffer: the index of its LF.
pub fn line_end(input: &[u8]) -> Option<usize> {
    memchr(b'\n', input)
}
