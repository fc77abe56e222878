//! Structured MIME fields: a token and its parameters (RFC 2045 section 5.1, RFC 2231), read leniently.

use crate::{charset, encoded_word, transfer};

/// Parameters kept of one field.
pub(crate) const PARAMETERS_MAX: usize = 32;
/// Bytes kept of one parameter's value.
pub(crate) const PARAMETER_BYTES_MAX: usize = 2048;
/// Pieces that are joined for one value (RFC 2231 section 3).
const PIECES_MAX: usize = 100;

/// The first token, lower case, and the parameters: names lower case, values decoded.
pub(crate) fn parse(raw: &[u8]) -> (String, Vec<(String, String)>) {
    let mut scanner = Scanner { raw, at: 0 };
    let main = scanner.until(b";").to_ascii_lowercase();
    let mut pieces: Vec<Piece> = Vec::new();
    while pieces.len() < PIECES_MAX && scanner.skip_separators() {
        let name = scanner.until(b"=;").to_ascii_lowercase();
        if scanner.take(b'=') {
            let value = scanner.value();
            if !name.is_empty() {
                pieces.push(Piece::new(&name, value));
            }
        }
    }
    (String::from_utf8_lossy(&main).into_owned(), join(pieces))
}

/// One `name*number*=value`.
struct Piece {
    name: String,
    /// Place among the pieces of one value; `None` for a value in one piece.
    section: Option<u32>,
    is_extended: bool,
    value: Vec<u8>,
}

impl Piece {
    fn new(name: &[u8], value: Vec<u8>) -> Self {
        let name = encoded_word::clean(&String::from_utf8_lossy(name));
        let (stem, is_extended) = match name.strip_suffix('*') {
            Some(stem) => (stem, true),
            None => (name.as_str(), false),
        };
        let (stem, section) = match stem.split_once('*') {
            Some((stem, section)) => (stem, section.parse().ok()),
            None => (stem, None),
        };
        Self { name: stem.to_string(), section, is_extended, value }
    }
}

/// Joins pieces in order and decodes. Extended values win over plain ones of the same name (RFC 6266 section 4.3).
fn join(mut pieces: Vec<Piece>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut order: Vec<String> = Vec::new();
    for piece in &pieces {
        if !order.contains(&piece.name) && order.len() < PARAMETERS_MAX {
            order.push(piece.name.clone());
        }
    }
    pieces.sort_by_key(|piece| piece.section);
    for name in order {
        let all = || pieces.iter().filter(|piece| piece.name == name);
        let whole = all().find(|piece| piece.section.is_none() && piece.is_extended);
        let value = if let Some(piece) = whole {
            extended(&[piece])
        } else if all().any(|piece| piece.section.is_some()) {
            extended(&all().filter(|piece| piece.section.is_some()).collect::<Vec<_>>())
        } else {
            all().next().map(|piece| encoded_word::decode(&piece.value, None)).unwrap_or_default()
        };
        out.push((name, cut(value)));
    }
    out
}

/// RFC 2231 section 4: the first piece names the charset, each piece may be percent-encoded.
fn extended(pieces: &[&Piece]) -> String {
    let mut label = None;
    let mut bytes = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let mut value = piece.value.as_slice();
        if piece.is_extended {
            if index == 0 {
                let mut quotes = value.splitn(3, |byte| *byte == b'\'');
                if let (Some(charset), Some(_), Some(rest)) = (quotes.next(), quotes.next(), quotes.next()) {
                    label = Some(String::from_utf8_lossy(charset).into_owned());
                    value = rest;
                }
            }
            percent_decode(value, &mut bytes);
        } else {
            bytes.extend_from_slice(value);
        }
    }
    if label.is_none() && memchr::memmem::find(&bytes, b"=?").is_some() {
        return encoded_word::decode(&bytes, None);
    }
    encoded_word::clean(&charset::decode(&bytes, label.as_deref()))
}

fn percent_decode(value: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(&byte) = value.get(at) {
        match transfer::hex_pair(&value[at + 1..]).filter(|_| byte == b'%') {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
}

fn cut(mut value: String) -> String {
    value.truncate(value.floor_char_boundary(PARAMETER_BYTES_MAX));
    value
}

/// Cursor over the raw value; folding counts as white space.
struct Scanner<'a> {
    raw: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.raw.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Skips blanks, comments and semicolons; false at the end.
    fn skip_separators(&mut self) -> bool {
        loop {
            match self.peek() {
                Some(b';' | b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                Some(b'(') => self.skip_comment(),
                other => return other.is_some(),
            }
        }
    }

    fn skip_comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'(' => depth += 1,
                b')' if depth <= 1 => return,
                b')' => depth -= 1,
                _ => {}
            }
        }
    }

    /// Bytes up to one of `stops` or the end, without comments and outer white space.
    fn until(&mut self, stops: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        while let Some(byte) = self.peek() {
            if stops.contains(&byte) {
                break;
            }
            if byte == b'(' {
                self.skip_comment();
                continue;
            }
            if !matches!(byte, b'\r' | b'\n') {
                out.push(byte);
            }
            self.at += 1;
        }
        out.trim_ascii().to_vec()
    }

    /// A quoted string, or everything up to the next semicolon.
    fn value(&mut self) -> Vec<u8> {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        if !self.take(b'"') {
            return self.until(b";");
        }
        let mut out = Vec::new();
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'"' => break,
                b'\\' => {
                    if let Some(escaped) = self.peek() {
                        // A path of Windows is not escaped: keep the backslash before what needs none.
                        if !matches!(escaped, b'"' | b'\\') {
                            out.push(b'\\');
                        }
                        out.push(escaped);
                        self.at += 1;
                    }
                }
                b'\r' | b'\n' => {}
                _ => out.push(byte),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(raw: &str, main: &str, parameters: &[(&str, &str)]) {
        let expected: Vec<_> = parameters.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        assert_eq!(parse(raw.as_bytes()), (main.to_string(), expected), "{raw}");
    }

    #[test]
    fn parameters_are_read() {
        check(
            " Text/Plain; Charset=\"UTF-8\" ; format=flowed",
            "text/plain",
            &[("charset", "UTF-8"), ("format", "flowed")],
        );
        check("multipart/mixed; boundary=\"foo\r\n bar\"", "multipart/mixed", &[("boundary", "foo bar")]);
        check("a/b (comment; x=y); c=d (e)", "a/b", &[("c", "d")]);
        check("attachment; filename=my file.pdf", "attachment", &[("filename", "my file.pdf")]);
        check("attachment; filename=\"C:\\dir\\a\\\"b\"", "attachment", &[("filename", "C:\\dir\\a\"b")]);
        check("attachment; filename=\"=?utf-8?q?=C3=BC.pdf?=\"", "attachment", &[("filename", "ü.pdf")]);
        check("a/b;;; =x; y; z=", "a/b", &[("z", "")]);
        check("", "", &[]);
    }

    #[test]
    fn extended_parameters_are_joined() {
        check("attachment; filename*=UTF-8''%e2%82%ac%20rates", "attachment", &[("filename", "€ rates")]);
        check(
            "x; title*1*=%2a%2a%2afun%2a%2a%2a%20; title*2=\"isn't it!\"; title*0*=us-ascii'en'This%20is%20even%20more%20",
            "x",
            &[("title", "This is even more ***fun*** isn't it!")],
        );
        check("x; filename=\"plain\"; filename*=utf-8''better", "x", &[("filename", "better")]);
        check("x; a*0=b; a*1=c", "x", &[("a", "bc")]);
        check("x; a*=no-quotes%20here", "x", &[("a", "no-quotes here")]);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, text in "[a-z;=\"*0-9%'( )\\\\\r\n]*") {
            let _ = (parse(&bytes), parse(text.as_bytes()));
        }
    }
}
