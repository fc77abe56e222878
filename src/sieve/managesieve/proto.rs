//! Commands out of bytes, and strings into them (RFC 5804 section 4). Sans-IO.

/// Words of one command, its name among them.
const WORDS_MAX: usize = 8;
/// Bytes of a string that is sent in quotes; a longer one is sent as a literal (RFC 5804 section 4).
const QUOTED_BYTES_MAX: usize = 1024;

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// An atom or number, as it came.
    Atom(String),
    /// A string, quoted or literal.
    String(String),
}

/// Why bytes are no command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A byte that cannot stand where it does, counted from 0 in its line.
    #[error("unexpected byte at {0}")]
    Byte(usize),
    /// A quoted string without its end.
    #[error("a string does not end")]
    Unterminated,
    /// Not UTF-8.
    #[error("a string is not UTF-8")]
    NotUtf8,
    /// More words than any command has.
    #[error("too many words")]
    TooMany,
}

/// A command being put together out of lines and literals.
#[derive(Debug, Default)]
pub struct Gather {
    words: Vec<Word>,
    fault: Option<Malformed>,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// The command is whole.
    Done,
    /// A literal of this many bytes, to be given to [`Gather::literal`], and then the rest of the line.
    Literal(u64),
}

impl Gather {
    /// Takes a line without its CRLF. A malformed one still says whether a literal follows, so that its bytes are not taken
    /// for commands.
    pub fn line(&mut self, line: &[u8]) -> Next {
        let (text, literal) = split_literal(line);
        if self.fault.is_none()
            && let Err(fault) = self.words(text)
        {
            self.fault = Some(fault);
        }
        literal.map_or(Next::Done, Next::Literal)
    }

    /// Takes a literal; `None` for one that was too long to be kept.
    pub fn literal(&mut self, bytes: Option<&[u8]>) {
        match bytes.map(std::str::from_utf8) {
            Some(Ok(text)) if self.words.len() < WORDS_MAX => self.words.push(Word::String(text.to_owned())),
            Some(Ok(_)) => self.fault = Some(Malformed::TooMany),
            Some(Err(_)) => self.fault = Some(Malformed::NotUtf8),
            None => {}
        }
    }

    /// The words.
    ///
    /// # Errors
    /// What was malformed.
    pub fn finish(self) -> Result<Vec<Word>, Malformed> {
        self.fault.map_or(Ok(self.words), Err)
    }

    fn words(&mut self, text: &[u8]) -> Result<(), Malformed> {
        let mut at = 0;
        while at < text.len() {
            if text[at] == b' ' {
                at += 1;
                continue;
            }
            if self.words.len() >= WORDS_MAX {
                return Err(Malformed::TooMany);
            }
            let (word, end) = if text[at] == b'"' { quoted(text, at)? } else { atom(text, at)? };
            self.words.push(word);
            at = end;
            if text.get(at).is_some_and(|byte| *byte != b' ') {
                return Err(Malformed::Byte(at));
            }
        }
        Ok(())
    }
}

/// The announcement of a literal at the end of a line: `"{" number "+}"`; some clients leave the `+` out.
fn split_literal(line: &[u8]) -> (&[u8], Option<u64>) {
    let found = || {
        let inner = line.strip_suffix(b"}")?;
        let start = inner.iter().rposition(|byte| *byte == b'{')?;
        let digits = inner[start + 1..].strip_suffix(b"+").unwrap_or(&inner[start + 1..]);
        let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
        let plain = digits.iter().all(u8::is_ascii_digit) && (start == 0 || line[start - 1] == b' ');
        plain.then_some((&line[..start], number))
    };
    match found() {
        Some((text, number)) => (text, Some(number)),
        None => (line, None),
    }
}

fn quoted(text: &[u8], start: usize) -> Result<(Word, usize), Malformed> {
    let mut value = Vec::new();
    let mut at = start + 1;
    loop {
        match text.get(at) {
            None => return Err(Malformed::Unterminated),
            Some(b'"') => break,
            Some(b'\\') => {
                at += 1;
                value.push(*text.get(at).ok_or(Malformed::Unterminated)?);
            }
            Some(0) => return Err(Malformed::Byte(at)),
            Some(byte) => value.push(*byte),
        }
        at += 1;
    }
    String::from_utf8(value).map(|value| (Word::String(value), at + 1)).map_err(|_| Malformed::NotUtf8)
}

fn atom(text: &[u8], start: usize) -> Result<(Word, usize), Malformed> {
    let length = text[start..].iter().position(|byte| *byte == b' ').unwrap_or(text.len() - start);
    let word = &text[start..start + length];
    match word.iter().position(|byte| !byte.is_ascii_graphic() || b"(){\"\\".contains(byte)) {
        Some(bad) => Err(Malformed::Byte(start + bad)),
        None => Ok((Word::Atom(String::from_utf8_lossy(word).into_owned()), start + length)),
    }
}

/// Writes a string: in quotes where that can be, else as a literal.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    let plain = text.len() <= QUOTED_BYTES_MAX && !text.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0));
    if !plain {
        out.extend_from_slice(format!("{{{}}}\r\n", text.len()).as_bytes());
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Writes the last line of an answer: `OK`, `NO` or `BYE`, a code in brackets where there is one, and words.
pub fn write_answer(out: &mut Vec<u8>, status: &str, code: &str, text: &str) {
    out.extend_from_slice(status.as_bytes());
    if !code.is_empty() {
        out.extend_from_slice(format!(" ({code})").as_bytes());
    }
    if !text.is_empty() {
        out.push(b' ');
        write_string(out, text);
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(lines: &[&[u8]]) -> Result<Vec<Word>, Malformed> {
        let mut gather = Gather::default();
        let mut lines = lines.iter();
        while let Some(line) = lines.next() {
            if let Next::Literal(length) = gather.line(line) {
                let bytes = lines.next().expect("the literal");
                assert_eq!(length, bytes.len() as u64);
                gather.literal(Some(bytes));
            }
        }
        gather.finish()
    }

    #[test]
    fn commands_are_atoms_and_strings() {
        let string = |text: &str| Word::String(text.into());
        let atom = |text: &str| Word::Atom(text.into());
        assert_eq!(words(&[b"Capability"]), Ok(vec![atom("Capability")]));
        assert_eq!(
            words(&[b"HAVESPACE \"my \\\"script\\\\\" 99"]),
            Ok(vec![atom("HAVESPACE"), string("my \"script\\"), atom("99")])
        );
        assert_eq!(
            words(&[b"PUTSCRIPT {3+}", b"a\"b", b" {4+}", b"k\r\np", b""]),
            Ok(vec![atom("PUTSCRIPT"), string("a\"b"), string("k\r\np")])
        );
        assert_eq!(words(&[b"X {2}", b"ok", b""]), Ok(vec![atom("X"), string("ok")]));
    }

    #[test]
    fn what_is_malformed_is_named() {
        assert_eq!(words(&[b"X \"abc"]), Err(Malformed::Unterminated));
        assert_eq!(words(&[b"X \"a\"b"]), Err(Malformed::Byte(5)));
        assert_eq!(words(&[b"X (a)"]), Err(Malformed::Byte(2)));
        assert_eq!(words(&[b"X \"\xff\""]), Err(Malformed::NotUtf8));
        assert_eq!(words(&[b"a a a a a a a a a"]), Err(Malformed::TooMany));
    }

    #[test]
    fn strings_come_back_as_they_went() {
        for text in ["", "plain", "quo\"te\\", "two\r\nlines", &"x".repeat(2000), "grüß"] {
            let mut out = b"X ".to_vec();
            write_string(&mut out, text);
            let out = String::from_utf8(out).unwrap();
            let read = match out.split_once("}\r\n") {
                Some((head, rest)) if head.starts_with("X {") => {
                    words(&[format!("{head}}}").as_bytes(), rest.as_bytes(), b""])
                }
                _ => words(&[out.as_bytes()]),
            };
            assert_eq!(read.unwrap()[1], Word::String(text.into()));
        }
    }
}
