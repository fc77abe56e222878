//! The terminals of the grammar (RFC 3501 section 9), over a command whose literals have been gathered already.

use crate::quirks;
use std::borrow::Cow;

/// Why bytes are not a command: where, and what would have been right there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at byte {at}: expected {expected}")]
pub struct SyntaxError {
    /// Offset from the first byte of the command, from 0.
    pub at: usize,
    /// What the grammar allows there.
    pub expected: &'static str,
}

/// Result of a parser.
pub type Parse<T> = Result<T, SyntaxError>;

/// How a client writes, by what it has enabled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dialect {
    /// Names of mailboxes are UTF-8 and not modified UTF-7 (RFC 6855 section 3, RFC 9051 section 5.1).
    pub utf8_names: bool,
    /// SEARCH has no CHARSET (RFC 6855 section 3).
    pub no_charset: bool,
}

/// A cursor over one command. Parsers take what they know and leave the cursor after it.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    input: &'a [u8],
    at: usize,
    /// Names of mailboxes are UTF-8 and not modified UTF-7 (RFC 6855 section 3, RFC 9051 section 5.1).
    utf8_names: bool,
    /// SEARCH has no CHARSET (RFC 6855 section 3).
    no_charset: bool,
}

/// `ATOM-CHAR`: any CHAR except `( ) {` SP CTL, the list wildcards, the quoted specials and `]`.
pub fn is_atom_char(byte: u8) -> bool {
    (0x21..0x7f).contains(&byte) && !matches!(byte, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

/// `ASTRING-CHAR`: an `ATOM-CHAR` or `]`.
pub fn is_astring_char(byte: u8) -> bool {
    is_atom_char(byte) || byte == b']'
}

impl<'a> Lexer<'a> {
    /// A cursor at the first byte. `input` is a whole command without the line end after it.
    pub fn new(input: &'a [u8]) -> Self {
        Self { input, at: 0, utf8_names: false, no_charset: false }
    }

    /// The same cursor for a client with that dialect.
    #[must_use]
    pub fn with_dialect(self, dialect: Dialect) -> Self {
        Self { utf8_names: dialect.utf8_names, no_charset: dialect.no_charset, ..self }
    }

    /// Whether SEARCH may have no CHARSET.
    pub fn refuses_charset(&self) -> bool {
        self.no_charset
    }

    /// Whether names of mailboxes are UTF-8.
    pub fn has_utf8_names(&self) -> bool {
        self.utf8_names
    }

    /// Offset of the cursor.
    pub fn at(&self) -> usize {
        self.at
    }

    /// What is left.
    pub fn rest(&self) -> &'a [u8] {
        &self.input[self.at..]
    }

    /// The byte at the cursor.
    pub fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    /// Whether everything is taken.
    pub fn is_end(&self) -> bool {
        self.at >= self.input.len()
    }

    /// An error at the cursor.
    pub fn error<T>(&self, expected: &'static str) -> Parse<T> {
        Err(SyntaxError { at: self.at, expected })
    }

    /// An error at an earlier place.
    pub fn error_at<T>(at: usize, expected: &'static str) -> Parse<T> {
        Err(SyntaxError { at, expected })
    }

    /// Takes the byte if it is next.
    pub fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Takes the text, in any case, if it is next.
    pub fn eat_text(&mut self, text: &str) -> bool {
        let found = self.rest().get(..text.len()).is_some_and(|next| next.eq_ignore_ascii_case(text.as_bytes()));
        if found {
            self.at += text.len();
        }
        found
    }

    /// The byte must be next.
    pub fn expect(&mut self, byte: u8, expected: &'static str) -> Parse<()> {
        if self.eat(byte) { Ok(()) } else { self.error(expected) }
    }

    /// `SP`
    pub fn space(&mut self) -> Parse<()> {
        self.expect(b' ', "a space")
    }

    /// The end of the command.
    pub fn end(&mut self) -> Parse<()> {
        quirks::eat_trailing_space(self);
        if self.is_end() { Ok(()) } else { self.error("the end of the line") }
    }

    /// Takes bytes as long as they are wanted.
    pub fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().position(|&byte| !wanted(byte)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// At least one byte of a kind that is ASCII only.
    pub fn word(&mut self, wanted: impl Fn(u8) -> bool, expected: &'static str) -> Parse<&'a str> {
        let start = self.at;
        let word = self.take_while(|byte| byte.is_ascii() && wanted(byte));
        match std::str::from_utf8(word) {
            Ok(word) if !word.is_empty() => Ok(word),
            _ => Self::error_at(start, expected),
        }
    }

    /// `atom`
    pub fn atom(&mut self, expected: &'static str) -> Parse<&'a str> {
        self.word(is_atom_char, expected)
    }

    /// `number`: 32 bits.
    pub fn number(&mut self) -> Parse<u32> {
        let start = self.at;
        match u32::try_from(self.number64()?) {
            Ok(number) => Ok(number),
            Err(_) => Self::error_at(start, "a number below 4294967296"),
        }
    }

    /// `nz-number`
    pub fn number_nonzero(&mut self) -> Parse<u32> {
        let start = self.at;
        match self.number()? {
            0 => Self::error_at(start, "a number above 0"),
            number => Ok(number),
        }
    }

    /// `number64`: 63 bits (RFC 7162 `mod-sequence-valzer`).
    pub fn number64(&mut self) -> Parse<u64> {
        let start = self.at;
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        if digits.is_empty() {
            return Self::error_at(start, "a number");
        }
        let mut value = 0u64;
        for digit in digits {
            value = match value.checked_mul(10).and_then(|value| value.checked_add(u64::from(digit - b'0'))) {
                Some(value) if value <= i64::MAX.cast_unsigned() => value,
                _ => return Self::error_at(start, "a number of at most 63 bits"),
            };
        }
        Ok(value)
    }

    /// `string`: quoted or literal. 8-bit bytes are taken in both; what they mean is the caller's question.
    pub fn string(&mut self) -> Parse<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal().map(Cow::Borrowed),
            _ => self.error("a string"),
        }
    }

    /// `astring`
    pub fn astring(&mut self) -> Parse<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(),
            _ => {
                let start = self.at;
                let atom = self.take_while(|byte| is_astring_char(byte) || quirks::is_unquoted_8bit(byte));
                if atom.is_empty() { Self::error_at(start, "an atom or a string") } else { Ok(Cow::Borrowed(atom)) }
            }
        }
    }

    /// `nstring`
    pub fn nstring(&mut self) -> Parse<Option<Cow<'a, [u8]>>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string().map(Some),
            _ if self.eat_text("NIL") => Ok(None),
            _ => self.error("a string or NIL"),
        }
    }

    /// An `astring` that is UTF-8.
    pub fn astring_utf8(&mut self) -> Parse<Cow<'a, str>> {
        let start = self.at;
        let bytes = self.astring()?;
        utf8(bytes).map_or_else(|| Self::error_at(start, "UTF-8"), Ok)
    }

    fn quoted(&mut self) -> Parse<Cow<'a, [u8]>> {
        self.expect(b'"', "a quoted string")?;
        let start = self.at;
        let plain = self.take_while(|byte| !matches!(byte, b'"' | b'\\' | b'\r' | b'\n' | 0));
        if self.eat(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        self.at = start;
        let mut text = Vec::with_capacity(plain.len() + 8);
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(byte @ (b'"' | b'\\')) => text.push(byte),
                        _ => return self.error("`\"` or `\\` after a backslash"),
                    }
                }
                Some(b'\r' | b'\n' | 0) | None => return self.error("a closing quote"),
                Some(byte) => text.push(byte),
            }
            self.at += 1;
        }
        self.at += 1;
        Ok(Cow::Owned(text))
    }

    /// `literal`, or `~` and a literal8 (RFC 3516); whether it is the latter.
    pub fn literal_or_8(&mut self) -> Parse<(&'a [u8], bool)> {
        let is_literal8 = self.eat(b'~');
        Ok((self.literal()?, is_literal8))
    }

    /// `literal`, synchronising or not (RFC 7888).
    pub fn literal(&mut self) -> Parse<&'a [u8]> {
        self.expect(b'{', "a literal")?;
        let length = self.number()? as usize;
        let _ = self.eat(b'+');
        self.expect(b'}', "`}`")?;
        let _ = self.eat(b'\r');
        self.expect(b'\n', "a line end after the length of a literal")?;
        match self.rest().get(..length) {
            Some(bytes) => {
                self.at += length;
                Ok(bytes)
            }
            None => self.error("as many bytes as the literal says"),
        }
    }

    /// `"(" item *(SP item) ")"`, at most `count_max` items; with `empty`, none is allowed too.
    pub fn list<T>(
        &mut self,
        empty: bool,
        count_max: usize,
        mut item: impl FnMut(&mut Self) -> Parse<T>,
    ) -> Parse<Vec<T>> {
        self.expect(b'(', "`(`")?;
        let mut items = Vec::new();
        if empty && self.eat(b')') {
            return Ok(items);
        }
        loop {
            if items.len() >= count_max {
                return self.error("fewer items");
            }
            items.push(item(self)?);
            if self.eat(b')') {
                return Ok(items);
            }
            self.expect(b' ', "a space or `)`")?;
        }
    }
}

/// The bytes as UTF-8, without copying where that can be.
pub fn utf8(bytes: Cow<'_, [u8]>) -> Option<Cow<'_, str>> {
    match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}
