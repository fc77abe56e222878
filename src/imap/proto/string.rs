//! Writing numbers and strings (RFC 3501 section 4), and text in encoded words (RFC 2047).

use super::lexer::is_astring_char;
use base64::{Engine, engine::general_purpose::STANDARD};

/// Longer strings are written as literals: some clients bound the length of a line.
const QUOTED_BYTES_MAX: usize = 1000;
/// UTF-8 bytes in one encoded word: 45 make 60 characters of base64, with `=?utf-8?B??=` 72 of the 75 allowed.
const ENCODED_WORD_BYTES: usize = 45;

/// A decimal number.
pub fn write_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// `string`: quoted where that can be, else a literal.
pub fn write_string(out: &mut Vec<u8>, text: &[u8]) {
    let quotable =
        text.len() <= QUOTED_BYTES_MAX && text.iter().all(|&byte| (0x20..0x7f).contains(&byte) || byte == b'\t');
    if !quotable {
        return write_literal(out, text);
    }
    out.push(b'"');
    if memchr::memchr2(b'"', b'\\', text).is_none() {
        out.extend_from_slice(text);
    } else {
        for &byte in text {
            if matches!(byte, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(byte);
        }
    }
    out.push(b'"');
}

/// `literal`
pub fn write_literal(out: &mut Vec<u8>, bytes: &[u8]) {
    write_literal_start(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// The announcement of a literal whose bytes follow.
pub fn write_literal_start(out: &mut Vec<u8>, length: usize) {
    out.push(b'{');
    write_number(out, length as u64);
    out.extend_from_slice(b"}\r\n");
}

/// `astring`: an atom where that can be.
pub fn write_astring(out: &mut Vec<u8>, text: &[u8]) {
    if !text.is_empty() && !text.eq_ignore_ascii_case(b"NIL") && text.iter().all(|&byte| is_astring_char(byte)) {
        out.extend_from_slice(text);
    } else {
        write_string(out, text);
    }
}

/// `astring` of UTF-8 (RFC 9051 section 4.3): quoted where it is no atom, a literal where it cannot be quoted.
pub fn write_utf8(out: &mut Vec<u8>, text: &str) {
    if text.is_ascii() { write_astring(out, text.as_bytes()) } else { write_quoted_utf8(out, text) }
}

/// `string` of UTF-8: quoted where that can be, else a literal.
pub fn write_quoted_utf8(out: &mut Vec<u8>, text: &str) {
    if text.len() > QUOTED_BYTES_MAX || text.bytes().any(|byte| byte < 0x20) {
        return write_literal(out, text.as_bytes());
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

/// `string` of text: what is not ASCII is written in encoded words, since IMAP4rev1 has no other way to say it.
pub fn write_text(out: &mut Vec<u8>, text: &str) {
    if text.is_ascii() {
        // NUL cannot be in any string.
        if memchr::memchr(0, text.as_bytes()).is_none() {
            write_string(out, text.as_bytes());
        } else {
            write_string(out, text.replace('\0', " ").as_bytes());
        }
    } else {
        write_string(out, encoded_words(text).as_bytes());
    }
}

/// The text as RFC 2047 encoded words, folded by spaces, each whole characters of UTF-8.
pub fn encoded_words(text: &str) -> String {
    let mut words = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while !rest.is_empty() {
        let mut length = rest.len().min(ENCODED_WORD_BYTES);
        while !rest.is_char_boundary(length) {
            length -= 1;
        }
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str("=?utf-8?B?");
        STANDARD.encode_string(&rest[..length], &mut words);
        words.push_str("?=");
        rest = &rest[length..];
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::Lexer;
    use proptest::prelude::*;

    fn text(of: &str) -> String {
        let mut out = Vec::new();
        write_text(&mut out, of);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn strings() {
        assert_eq!(text("a \"b\" \\"), r#""a \"b\" \\""#);
        assert_eq!(text("a\r\nb"), "{4}\r\na\r\nb");
        assert_eq!(text("Grüße"), "\"=?utf-8?B?R3LDvMOfZQ==?=\"");
        assert_eq!(text(&"ü".repeat(23)).matches("=?utf-8").count(), 2);
    }

    proptest! {
        #[test]
        fn what_is_written_parses_back(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut out = Vec::new();
            write_string(&mut out, &bytes);
            prop_assert_eq!(Lexer::new(&out).string().expect("a string").into_owned(), bytes.clone());
            out.clear();
            write_astring(&mut out, &bytes);
            prop_assert_eq!(Lexer::new(&out).astring().expect("an astring").into_owned(), bytes);
        }

        #[test]
        fn numbers(number: u64) {
            let mut out = Vec::new();
            write_number(&mut out, number);
            prop_assert_eq!(String::from_utf8(out).expect("digits"), number.to_string());
        }
    }
}
