//! Responses as values: atoms, texts and lists (RFC 9051 section 4). It knows no response by name, so that any server and
//! any extension can be read: ENVELOPE, PREVIEW, MAILBOXID and what comes later are all lists and texts.

use bytes::Bytes;

/// Depth of nested lists; a deeper response is refused.
const DEPTH_MAX: usize = 60;

/// A value of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// An atom, number, flag or section such as `BODY[1.2]<0>`; `NIL` too.
    Atom(Bytes),
    /// A quoted string or literal.
    Text(Bytes),
    /// A parenthesised list.
    List(Vec<Value>),
}

impl Value {
    /// The bytes of an atom or text; `None` for `NIL` and lists.
    pub(crate) fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Atom(bytes) if bytes.eq_ignore_ascii_case(b"NIL") => None,
            Self::Atom(bytes) | Self::Text(bytes) => Some(bytes),
            Self::List(_) => None,
        }
    }
    /// As text, what is not UTF-8 replaced.
    pub(crate) fn text(&self) -> Option<String> {
        self.bytes().map(|b| String::from_utf8_lossy(b).into_owned())
    }
    /// As a number.
    pub(crate) fn number(&self) -> Option<u64> {
        std::str::from_utf8(self.bytes()?).ok()?.parse().ok()
    }
    /// The values of a list; none for anything else.
    pub(crate) fn list(&self) -> &[Value] {
        match self {
            Self::List(values) => values,
            _ => &[],
        }
    }
    /// Whether this is the atom `name`, in any case.
    pub(crate) fn is(&self, name: &str) -> bool {
        matches!(self, Self::Atom(bytes) if bytes.eq_ignore_ascii_case(name.as_bytes()))
    }
}

/// The value after the atom `name` in a list of pairs, as in FETCH and STATUS.
pub(crate) fn pair<'a>(values: &'a [Value], name: &str) -> Option<&'a Value> {
    values.chunks_exact(2).find(|p| p[0].is(name)).map(|p| &p[1])
}

/// Why a response cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed response at byte {0}")]
pub(crate) struct Malformed(usize);

/// Reads the values of a response; `line` is without the final CRLF and has its literals in it.
pub(crate) fn parse(line: &Bytes) -> Result<Vec<Value>, Malformed> {
    let mut reader = Reader { line, at: 0 };
    let values = reader.values(0)?;
    if reader.at == line.len() { Ok(values) } else { Err(Malformed(reader.at)) }
}

struct Reader<'a> {
    line: &'a Bytes,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    /// Values up to the end or a closing parenthesis.
    fn values(&mut self, depth: usize) -> Result<Vec<Value>, Malformed> {
        if depth > DEPTH_MAX {
            return Err(Malformed(self.at));
        }
        let mut values = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b' ' => self.at += 1,
                b')' => break,
                b'(' => {
                    self.at += 1;
                    let inner = self.values(depth + 1)?;
                    if self.peek() != Some(b')') {
                        return Err(Malformed(self.at));
                    }
                    self.at += 1;
                    values.push(Value::List(inner));
                }
                b'"' => values.push(self.quoted()?),
                b'{' => values.push(self.literal()?),
                b'~' if self.line.get(self.at + 1) == Some(&b'{') => {
                    self.at += 1;
                    values.push(self.literal()?);
                }
                _ => values.push(self.atom()),
            }
        }
        Ok(values)
    }

    fn quoted(&mut self) -> Result<Value, Malformed> {
        let start = self.at + 1;
        let mut end = start;
        let mut escaped = false;
        loop {
            match self.line.get(end) {
                None => return Err(Malformed(start)),
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    end += 2;
                }
                Some(_) => end += 1,
            }
        }
        self.at = end + 1;
        let raw = self.line.slice(start..end);
        Ok(Value::Text(if escaped { unescape(&raw) } else { raw }))
    }

    /// `{12}` CRLF and 12 bytes.
    fn literal(&mut self) -> Result<Value, Malformed> {
        let rest = &self.line[self.at + 1..];
        let close = rest.iter().position(|b| *b == b'}').ok_or(Malformed(self.at))?;
        let length = length(&rest[..close]).ok_or(Malformed(self.at))?;
        let start = self.at + 1 + close + 1 + 2;
        let end = start.checked_add(length).filter(|end| *end <= self.line.len()).ok_or(Malformed(self.at))?;
        self.at = end;
        Ok(Value::Text(self.line.slice(start..end)))
    }

    /// An atom; what stands in brackets belongs to it (`BODY[HEADER.FIELDS (DATE)]`).
    fn atom(&mut self) -> Value {
        let start = self.at;
        let mut brackets = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'[' => brackets += 1,
                b']' => brackets = brackets.saturating_sub(1),
                b' ' | b'(' | b')' | b'"' if brackets == 0 => break,
                _ => {}
            }
            self.at += 1;
        }
        Value::Atom(self.line.slice(start..self.at))
    }
}

fn unescape(raw: &[u8]) -> Bytes {
    let mut text = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter();
    while let Some(byte) = bytes.next() {
        text.push(if *byte == b'\\' { *bytes.next().unwrap_or(&b'\\') } else { *byte });
    }
    text.into()
}

/// The number in `{12}` or `{12+}`.
pub(crate) fn length(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits.strip_suffix(b"+").unwrap_or(digits)).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Value, pair, parse};
    use bytes::Bytes;

    fn read(text: &'static str) -> Vec<Value> {
        parse(&Bytes::from_static(text.as_bytes())).expect("a response that can be read")
    }

    #[test]
    fn a_fetch_with_everything() {
        let values = read(
            "3 FETCH (UID 7 FLAGS (\\Seen $Forwarded) PREVIEW \"He said \\\"hi\\\"\" BODY[HEADER.FIELDS (DATE)] {4}\r\na)\r\n MAILBOXID (F1) X NIL)",
        );
        let data = values[2].list();
        assert_eq!(pair(data, "UID").and_then(Value::number), Some(7));
        assert_eq!(pair(data, "flags").map(|f| f.list().len()), Some(2));
        assert_eq!(pair(data, "PREVIEW").and_then(Value::text).as_deref(), Some("He said \"hi\""));
        assert_eq!(pair(data, "BODY[HEADER.FIELDS (DATE)]").and_then(Value::text).as_deref(), Some("a)\r\n"));
        assert_eq!(pair(data, "X").and_then(Value::text), None);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for bad in ["(", ")", "\"a", "\"a\\", "{9}\r\na", "{99999999999999999999}\r\n", "{x}"] {
            assert!(parse(&Bytes::from_static(bad.as_bytes())).is_err(), "{bad}");
        }
        assert!(parse(&Bytes::from("(".repeat(100) + &")".repeat(100))).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_do_no_harm(bytes: Vec<u8>) {
            let _ = parse(&Bytes::from(bytes));
        }
    }
}
