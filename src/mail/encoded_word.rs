//! Text of header fields: RFC 2047 encoded words, raw UTF-8 (RFC 6532), and what else turns up.

use crate::{charset, transfer};
use std::borrow::Cow;

/// Bytes of one header value that are decoded; the rest is cut.
pub const HEADER_TEXT_BYTES_MAX: usize = 16 * 1024;

/// Bytes of one encoded word. RFC 2047 section 2 says 75, but some senders write whole subjects as one word.
const WORD_BYTES_MAX: usize = 4096;

/// Readable text of a raw header value: unfolded, decoded, without control characters.
///
/// `charset` is a hint for raw 8-bit bytes that are not UTF-8, for example the charset of the message's text.
pub fn decode(raw: &[u8], charset: Option<&str>) -> String {
    let raw = &raw[..raw.len().min(HEADER_TEXT_BYTES_MAX)];
    if raw.iter().all(|byte| matches!(byte, b' '..=b'~')) && memchr::memmem::find(raw, b"=?").is_none() {
        return ascii(raw.trim_ascii());
    }
    clean(&words(raw, charset))
}

fn ascii(raw: &[u8]) -> String {
    String::from_utf8_lossy(raw).into_owned()
}

/// White space becomes a space, line ends and control characters go, outer blanks are trimmed.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push(' '),
            '\u{2028}' | '\u{2029}' => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    let trimmed = out.trim();
    if trimmed.len() == out.len() { out } else { trimmed.to_string() }
}

/// Decodes every encoded word. Blanks between two of them are no text (RFC 2047 section 6.2), and neighbours of one
/// charset are joined before decoding, since many senders cut characters in the middle.
fn words(raw: &[u8], hint: Option<&str>) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut pending: Option<(&[u8], Vec<u8>)> = None;
    let mut at = 0;
    while at < raw.len() {
        let rest = &raw[at..];
        let start = memchr::memmem::find(rest, b"=?").unwrap_or(rest.len());
        let Some(word) = EncodedWord::at(&rest[start..]) else {
            let end = (start + 2).min(rest.len());
            flush(&mut out, &mut pending);
            // Whole runs up to the next candidate, so that multi-byte characters are not cut.
            out.push_str(&charset::decode(&rest[..end], hint));
            at += end;
            continue;
        };
        let between = &rest[..start];
        let is_blank = between.iter().all(u8::is_ascii_whitespace);
        match &mut pending {
            Some((charset, bytes)) if is_blank && charset.eq_ignore_ascii_case(word.charset) => {
                bytes.extend_from_slice(&word.bytes());
            }
            _ => {
                let had_word = pending.is_some();
                flush(&mut out, &mut pending);
                if !(had_word && is_blank) {
                    out.push_str(&charset::decode(between, hint));
                }
                pending = Some((word.charset, word.bytes()));
            }
        }
        at += start + word.length;
    }
    flush(&mut out, &mut pending);
    out
}

fn flush(out: &mut String, pending: &mut Option<(&[u8], Vec<u8>)>) {
    if let Some((charset, bytes)) = pending.take() {
        let label = std::str::from_utf8(charset).unwrap_or_default();
        let text: Cow<'_, str> = charset::decode(&bytes, Some(label));
        out.push_str(&text);
    }
}

/// `=?charset?encoding?text?=`.
pub(crate) struct EncodedWord<'a> {
    charset: &'a [u8],
    is_base64: bool,
    text: &'a [u8],
    /// Bytes of the whole word.
    pub(crate) length: usize,
}

impl<'a> EncodedWord<'a> {
    /// The encoded word that begins at the first byte, if one does. Blanks in its text are let pass.
    pub(crate) fn at(raw: &'a [u8]) -> Option<Self> {
        let inner = raw.strip_prefix(b"=?")?;
        let charset_end = inner.iter().take(60).position(|byte| *byte == b'?')?;
        let charset = &inner[..charset_end];
        if charset.is_empty() || !charset.iter().all(u8::is_ascii_graphic) {
            return None;
        }
        let (is_base64, text) = match &inner[charset_end + 1..] {
            [b'b' | b'B', b'?', text @ ..] => (true, text),
            [b'q' | b'Q', b'?', text @ ..] => (false, text),
            _ => return None,
        };
        let text = &text[..text.len().min(WORD_BYTES_MAX)];
        let mut end = memchr::memmem::find(text, b"?=")?;
        // In `?Q?=41?=` the first `?=` may belong to the code that follows the delimiter.
        if end == 0 && !is_base64 && text.len() > 2 && transfer::hex_pair(&text[2..]).is_some() {
            end = 1 + memchr::memmem::find(&text[1..], b"?=")?;
        }
        let length = 2 + charset_end + 3 + end + 2;
        Some(Self { charset, is_base64, text: &text[..end], length })
    }

    fn bytes(&self) -> Vec<u8> {
        if self.is_base64 {
            return transfer::base64(self.text);
        }
        let spaced: Vec<u8> = self.text.iter().map(|byte| if *byte == b'_' { b' ' } else { *byte }).collect();
        // Trailing blanks are text here, other than in a body; a final sentinel keeps them.
        let mut decoded = transfer::quoted_printable(&[&spaced[..], b"."].concat());
        decoded.pop();
        decoded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn header_text_is_decoded() {
        for (raw, text) in [
            (&b" Hello "[..], "Hello"),
            (b"=?utf-8?Q?Gr=C3=BC=C3=9Fe_aus?= =?UTF-8?Q?_Bonn?=", "Grüße aus Bonn"),
            (b"=?iso-8859-1?q?a?= b =?iso-8859-1?b?Yw==?=", "a b c"),
            (b"=?utf-8?B?R3LD?=\r\n =?utf-8?B?vMOfZQ==?=", "Grüße"),
            (b"folded\r\n\tline", "folded line"),
            ("Grüße\x07".as_bytes(), "Grüße"),
            (b"Gr\xfc\xdfe", "Grüße"),
            (b"=?utf-8?X?a?= =?utf-8?q", "=?utf-8?X?a?= =?utf-8?q"),
            (b"=?utf-8*de?q?a?=", "a"),
            (b"[=?utf-8?q?a?=]", "[a]"),
            (b"=?utf-8?q?=41?=", "A"),
            (b"=?utf-8?q??=x", "x"),
            (b"=?utf-8?q?a=0D=0ABcc:_x?=", "aBcc: x"),
        ] {
            assert_eq!(decode(raw, None), text, "{}", raw.escape_ascii());
        }
        assert_eq!(decode(b"\xf0\xd2\xc9\xd7\xc5\xd4", Some("koi8-r")), "Привет");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, words in "(=\\?|utf-8|\\?|q|b|=41|_| |a)*") {
            let text = decode(&bytes, None);
            prop_assert!(!text.contains(char::is_control));
            let _ = decode(words.as_bytes(), Some("utf-16"));
        }
    }
}
