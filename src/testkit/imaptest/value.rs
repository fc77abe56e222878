//! A reply, or what is expected of one, as a tree.

/// One argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// An atom; `body[header.fields (from)]` is one.
    Atom(Vec<u8>),
    /// A quoted string or a literal.
    String(Vec<u8>),
    /// A list.
    List(Vec<Value>),
}

impl Value {
    /// The text of what is no list.
    pub fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Atom(text) | Self::String(text) => Some(text),
            Self::List(_) => None,
        }
    }
}

/// Parses a line without its end; literals stand in it as on the wire.
pub fn parse(line: &[u8]) -> Vec<Value> {
    let mut at = 0;
    list(line, &mut at)
}

/// Bytes of the literal that a line announces at its end.
pub fn literal_at_end(line: &[u8]) -> Option<usize> {
    let inner = line.strip_suffix(b"}")?;
    let start = inner.iter().rposition(|&byte| byte == b'{')?;
    std::str::from_utf8(&inner[start + 1..]).ok()?.parse().ok()
}

fn list(line: &[u8], at: &mut usize) -> Vec<Value> {
    let mut values = Vec::new();
    while let Some(&byte) = line.get(*at) {
        match byte {
            b' ' => *at += 1,
            b')' => {
                *at += 1;
                break;
            }
            b'(' => {
                *at += 1;
                values.push(Value::List(list(line, at)));
            }
            b'"' => values.push(Value::String(quoted(line, at))),
            b'{' => values.push(Value::String(literal(line, at))),
            b'~' if line.get(*at + 1) == Some(&b'{') => {
                *at += 1;
                values.push(Value::String(literal(line, at)));
            }
            _ => values.push(Value::Atom(atom(line, at))),
        }
    }
    values
}

fn quoted(line: &[u8], at: &mut usize) -> Vec<u8> {
    let mut text = Vec::new();
    *at += 1;
    while let Some(&byte) = line.get(*at) {
        *at += 1;
        match byte {
            b'"' => break,
            b'\\' => {
                text.extend(line.get(*at));
                *at += 1;
            }
            byte => text.push(byte),
        }
    }
    text
}

fn literal(line: &[u8], at: &mut usize) -> Vec<u8> {
    let rest = &line[*at..];
    let close = rest.iter().position(|&byte| byte == b'}').expect("a literal's length");
    let length: usize = String::from_utf8_lossy(&rest[1..close]).parse().expect("a literal's length");
    let start = *at + close + 3;
    *at = start + length;
    line[start..*at].to_vec()
}

fn atom(line: &[u8], at: &mut usize) -> Vec<u8> {
    let start = *at;
    // Only in the names of sections do parentheses and spaces belong to an atom.
    let name = &line[start..(start + 6).min(line.len())];
    let is_section = ["body", "binary"]
        .iter()
        .any(|of| name.get(..of.len()).is_some_and(|name| name.eq_ignore_ascii_case(of.as_bytes())));
    let mut brackets = 0_usize;
    while let Some(&byte) = line.get(*at) {
        match byte {
            b'[' => brackets += 1,
            b']' => brackets = brackets.saturating_sub(1),
            b' ' | b'(' | b')' if !(is_section && brackets > 0) => break,
            // A variable's braces, as in `${sep}`, are part of an atom; so is what looks like a literal within one.
            _ => {}
        }
        *at += 1;
    }
    line[start..*at].to_vec()
}
