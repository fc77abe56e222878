//! Finds where a command ends in what has come in: a line, and for each literal in it the bytes and the next line.

use super::lexer::is_astring_char;
use crate::quirks;

/// Bounds on one command, bytes.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// All lines and short literals together.
    pub line_bytes_max: usize,
    /// A message literal of APPEND; 0 before sign-in.
    pub message_bytes_max: usize,
}

/// All messages of one APPEND together, in multiples of the largest message.
const APPEND_MESSAGES_FACTOR: usize = 4;

/// Why a command is refused before it is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A line or its short literals exceed the bound.
    LineTooLong,
    /// A message literal exceeds the bound.
    MessageTooLarge,
    /// What would have to be skipped is beyond all measure: the connection ends.
    Endless,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Bytes are missing; this many at least.
    More(usize),
    /// The client waits for a continuation before it sends a literal of this many bytes.
    Continue(usize),
    /// The command is there: its length without and with the line end.
    Done(usize, usize),
    /// As [`Progress::Done`], but it is answered with a refusal.
    Refused(Refusal, usize),
}

/// Remembers how far a command has been scanned, so that no byte is looked at twice.
#[derive(Debug, Clone, Default)]
pub struct Gather {
    /// Bytes before this are accepted; the next line begins here.
    line_start: usize,
    /// Where to go on looking for a line end.
    scanned: usize,
    /// Bytes of lines and short literals so far.
    line_bytes: usize,
    /// Bytes of message literals so far.
    message_bytes: usize,
    /// A literal that must be skipped without keeping it: bytes left.
    skip: usize,
    /// The refusal that follows when the command has been read to its end.
    refused: Option<Refusal>,
}

impl Gather {
    /// Looks at what has come in. `input` begins with the command. When a literal is skipped its bytes are removed here.
    pub fn advance(&mut self, input: &mut Vec<u8>, bounds: Bounds) -> Progress {
        loop {
            if self.skip > 0 {
                let taken = self.skip.min(input.len() - self.line_start);
                input.drain(self.line_start..self.line_start + taken);
                self.skip -= taken;
                if self.skip > 0 {
                    return Progress::More(self.skip);
                }
            }
            if input.len() < self.line_start {
                return Progress::More(self.line_start - input.len());
            }
            let from = self.scanned.max(self.line_start);
            let Some(offset) = memchr::memchr(b'\n', &input[from..]) else {
                self.scanned = input.len();
                if self.line_bytes + (input.len() - self.line_start) > bounds.line_bytes_max {
                    return Progress::Refused(Refusal::Endless, input.len());
                }
                return Progress::More(1);
            };
            let line_end = from + offset + 1;
            let length = line_end
                - 1
                - usize::from(line_end >= 2 && line_end - 2 >= self.line_start && input[line_end - 2] == b'\r');
            if !quirks::BARE_LF_ENDS_LINE && length == line_end - 1 {
                return Progress::Refused(Refusal::Endless, line_end);
            }
            self.line_bytes += line_end - self.line_start;
            if self.line_bytes > bounds.line_bytes_max {
                self.refused.get_or_insert(Refusal::LineTooLong);
            }
            let Some(literal) = literal_at_end(&input[self.line_start..length]) else {
                return match self.refused {
                    Some(refusal) => Progress::Refused(refusal, line_end),
                    None => Progress::Done(length, line_end),
                };
            };
            self.line_start = line_end;
            self.scanned = line_end;
            if let Some(progress) = self.literal(literal, input, bounds) {
                return progress;
            }
        }
    }

    fn literal(&mut self, literal: Literal, input: &[u8], bounds: Bounds) -> Option<Progress> {
        let is_message = is_append(input);
        let fits = if is_message {
            self.message_bytes = self.message_bytes.saturating_add(literal.bytes);
            literal.bytes <= bounds.message_bytes_max
                && self.message_bytes <= bounds.message_bytes_max.saturating_mul(APPEND_MESSAGES_FACTOR)
        } else {
            self.line_bytes = self.line_bytes.saturating_add(literal.bytes);
            self.line_bytes <= bounds.line_bytes_max
        };
        if !fits {
            self.refused.get_or_insert(if is_message { Refusal::MessageTooLarge } else { Refusal::LineTooLong });
        }
        match self.refused {
            // A refusal answers the announcement of the literal, so that it is never sent.
            Some(refusal) if literal.synchronising => Some(Progress::Refused(refusal, self.line_start)),
            Some(_) if literal.bytes > bounds.message_bytes_max.max(bounds.line_bytes_max).saturating_mul(4) => {
                Some(Progress::Refused(Refusal::Endless, self.line_start))
            }
            Some(_) => {
                self.skip = literal.bytes;
                None
            }
            None => {
                self.line_start += literal.bytes;
                literal.synchronising.then_some(Progress::Continue(literal.bytes))
            }
        }
    }

    /// Bytes of message literals announced so far: what the session's memory budget has to cover.
    pub fn message_bytes(&self) -> usize {
        self.message_bytes
    }

    /// Ready for the next command.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[derive(Debug, Clone, Copy)]
struct Literal {
    bytes: usize,
    synchronising: bool,
}

/// `{number}` or `{number+}` at the end of a line. A number beyond measure counts as the largest.
fn literal_at_end(line: &[u8]) -> Option<Literal> {
    let inner = line.strip_suffix(b"}")?;
    let (digits_end, synchronising) = match inner.strip_suffix(b"+") {
        Some(inner) => (inner, false),
        None => (inner, true),
    };
    let start = digits_end.iter().rposition(|byte| !byte.is_ascii_digit())?;
    let digits = &digits_end[start + 1..];
    if digits_end[start] != b'{' || digits.is_empty() {
        return None;
    }
    let bytes =
        digits.iter().fold(0usize, |value, digit| value.saturating_mul(10).saturating_add(usize::from(digit - b'0')));
    Some(Literal { bytes, synchronising })
}

/// The tag of a command, for a reply to one that cannot be parsed.
pub fn tag_of(command: &[u8]) -> Option<&str> {
    let length = command.iter().position(|&byte| !is_astring_char(byte) || byte == b'+')?;
    if length == 0 || length > 256 || command[length] != b' ' {
        return None;
    }
    std::str::from_utf8(&command[..length]).ok()
}

/// Whether the command is an APPEND or a REPLACE, whose literals may be large.
pub fn is_append(command: &[u8]) -> bool {
    tag_of(command).is_some_and(|tag| {
        let rest = &command[tag.len() + 1..];
        ["APPEND ", "REPLACE ", "UID REPLACE "]
            .iter()
            .any(|verb| rest.get(..verb.len()).is_some_and(|start| start.eq_ignore_ascii_case(verb.as_bytes())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { line_bytes_max: 100, message_bytes_max: 5000 };

    fn run(text: &str) -> Progress {
        Gather::default().advance(&mut text.as_bytes().to_vec(), BOUNDS)
    }

    #[test]
    fn lines_and_literals() {
        assert_eq!(run("a NOOP\r\nb"), Progress::Done(6, 8));
        assert_eq!(run("a NOOP\n"), Progress::Done(6, 7));
        assert_eq!(run("a NOOP\r"), Progress::More(1));
        assert_eq!(run("a LOGIN {3}\r\n"), Progress::Continue(3));
        assert_eq!(run("a LOGIN {3+}\r\nab"), Progress::More(1));
        assert_eq!(run("a LOGIN {3+}\r\nabc {1+}\r\nx\r\n"), Progress::Done(25, 27));
        assert_eq!(run("a LOGIN {101}\r\n"), Progress::Refused(Refusal::LineTooLong, 15));
        assert_eq!(run("a APPEND x {5001}\r\n"), Progress::Refused(Refusal::MessageTooLarge, 19));
        assert_eq!(run("a APPEND x {99999999999999999999999+}\r\n"), Progress::Refused(Refusal::Endless, 39));
        assert_eq!(run(&"x".repeat(101)), Progress::Refused(Refusal::Endless, 101));
    }

    #[test]
    fn a_refused_literal_is_skipped_and_the_next_command_is_found() {
        let mut input = b"a LOGIN {200+}\r\n".to_vec();
        input.extend(std::iter::repeat_n(b'x', 200));
        input.extend(b" y\r\nb NOOP\r\n");
        let mut gather = Gather::default();
        assert_eq!(gather.advance(&mut input, BOUNDS), Progress::Refused(Refusal::LineTooLong, 20));
        assert_eq!(&input[20..], b"b NOOP\r\n");
    }
}
