//! Address header fields (RFC 5322 section 3.4, with the obsolete syntax and the faults that occur), for the envelope.

use crate::{
    encoded_word::{self, EncodedWord},
    summary::{ADDRESSES_MAX, EnvelopeAddress},
};

/// Bytes kept of a display name, a local part or a domain.
pub(crate) const ADDRESS_TEXT_BYTES_MAX: usize = 320;
/// Bytes of one address field that are read.
const FIELD_BYTES_MAX: usize = 256 * 1024;

/// Adds the addresses of one raw field to `out`, up to [`ADDRESSES_MAX`] entries in all.
pub(crate) fn parse(raw: &[u8], charset: Option<&str>, out: &mut Vec<EnvelopeAddress>) {
    let raw = &raw[..raw.len().min(FIELD_BYTES_MAX)];
    let last_bracket = memchr::memrchr(b'>', raw);
    let mut parser = Parser { raw, at: 0, last_bracket, charset, out, in_group: false, mailbox: Mailbox::default() };
    while parser.out.len() < ADDRESSES_MAX && parser.step() {}
    parser.finish_mailbox();
    if parser.in_group {
        parser.out.push(EnvelopeAddress::default());
    }
}

/// What has been read of the mailbox at hand.
#[derive(Default)]
struct Mailbox {
    /// Words before the angle bracket, unquoted, with single blanks between.
    phrase: Vec<u8>,
    /// The same bytes as an addr-spec: quotes kept, blanks dropped.
    spec: Vec<u8>,
    /// The last comment, which old clients use for the name.
    comment: Vec<u8>,
    /// Between angle brackets.
    angle: Option<Vec<u8>>,
    has_blank: bool,
}

struct Parser<'a, 'o> {
    raw: &'a [u8],
    at: usize,
    /// Place of the last closing angle bracket of the field.
    last_bracket: Option<usize>,
    charset: Option<&'a str>,
    out: &'o mut Vec<EnvelopeAddress>,
    in_group: bool,
    mailbox: Mailbox,
}

impl Parser<'_, '_> {
    /// Reads one token; false at the end.
    fn step(&mut self) -> bool {
        let Some(&byte) = self.raw.get(self.at) else {
            return false;
        };
        self.at += 1;
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => self.mailbox.has_blank = true,
            b',' => self.finish_mailbox(),
            b';' => {
                self.finish_mailbox();
                if std::mem::take(&mut self.in_group) {
                    self.out.push(EnvelopeAddress::default());
                }
            }
            b':' if !self.in_group && !self.mailbox.spec.contains(&b'@') => {
                let name = std::mem::take(&mut self.mailbox).phrase;
                let local = Some(self.text(&name));
                self.out.push(EnvelopeAddress { name: None, local, domain: None });
                self.in_group = true;
            }
            b'(' => self.mailbox.comment = self.comment(),
            b'"' => {
                let (quoted, raw) = self.quoted();
                self.word(&quoted, &raw);
            }
            b'<' => self.mailbox.angle = Some(self.angle()),
            b'=' => {
                // Commas and quotes inside an encoded word are part of it.
                let start = self.at - 1;
                let raw = self.raw;
                let length = EncodedWord::at(&raw[start..]).map_or(1, |word| word.length);
                self.at = start + length;
                let word = &raw[start..self.at];
                self.word(word, word);
            }
            _ => self.word(&[byte], &[byte]),
        }
        true
    }

    fn word(&mut self, phrase: &[u8], spec: &[u8]) {
        let mailbox = &mut self.mailbox;
        if std::mem::take(&mut mailbox.has_blank) && !mailbox.phrase.is_empty() {
            mailbox.phrase.push(b' ');
        }
        mailbox.phrase.extend_from_slice(phrase);
        mailbox.spec.extend_from_slice(spec);
    }

    /// The rest of a quoted string: unquoted, and as it stands.
    fn quoted(&mut self) -> (Vec<u8>, Vec<u8>) {
        let start = self.at - 1;
        let mut text = Vec::new();
        while let Some(&byte) = self.raw.get(self.at) {
            self.at += 1;
            match byte {
                b'"' => break,
                b'\\' => {
                    text.extend(self.raw.get(self.at));
                    self.at += 1;
                }
                b'\r' | b'\n' => {}
                _ => text.push(byte),
            }
        }
        self.at = self.at.min(self.raw.len());
        (text, self.raw[start..self.at].to_vec())
    }

    /// The rest of a comment, without the outer brackets.
    fn comment(&mut self) -> Vec<u8> {
        let mut depth = 1_usize;
        let mut text = Vec::new();
        while let Some(&byte) = self.raw.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => {
                    text.extend(self.raw.get(self.at));
                    self.at += 1;
                    continue;
                }
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            text.push(byte);
        }
        text
    }

    /// The rest of an angle address without blanks; ends at a comma too where the bracket is never closed.
    fn angle(&mut self) -> Vec<u8> {
        let mut spec = Vec::new();
        let is_closed = self.last_bracket.is_some_and(|last| last >= self.at);
        while let Some(&byte) = self.raw.get(self.at) {
            self.at += 1;
            match byte {
                b'>' => break,
                b',' if !is_closed => {
                    self.at -= 1;
                    break;
                }
                b'"' => spec.extend_from_slice(&self.quoted().1),
                b'(' => drop(self.comment()),
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => spec.push(byte),
            }
        }
        // A source route (RFC 5322 section 4.4) ends at its colon.
        if spec.first() == Some(&b'@')
            && let Some(colon) = memchr::memchr(b':', &spec)
        {
            spec.drain(..=colon);
        }
        spec
    }

    fn finish_mailbox(&mut self) {
        let mailbox = std::mem::take(&mut self.mailbox);
        let (name, spec) = match mailbox.angle {
            Some(spec) if !mailbox.phrase.is_empty() => (mailbox.phrase, spec),
            Some(spec) => (mailbox.comment, spec),
            None => (mailbox.comment, mailbox.spec),
        };
        let name = Some(self.text(&name)).filter(|name| !name.is_empty());
        let (local, domain) = match spec.iter().rposition(|byte| *byte == b'@') {
            Some(at) => (unquote(&spec[..at]), &spec[at + 1..]),
            None => (unquote(&spec), &b""[..]),
        };
        let (local, domain) = (self.text(&local), self.text(domain));
        if name.is_none() && local.is_empty() && domain.is_empty() || self.out.len() >= ADDRESSES_MAX {
            return;
        }
        self.out.push(EnvelopeAddress { name, local: Some(local), domain: Some(domain) });
    }

    fn text(&self, raw: &[u8]) -> String {
        let mut text = encoded_word::decode(raw, self.charset);
        text.truncate(text.floor_char_boundary(ADDRESS_TEXT_BYTES_MAX));
        text
    }
}

fn unquote(local: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(local.len());
    let mut bytes = local.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'"' => {}
            b'\\' => out.extend(bytes.next()),
            _ => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Plain = (Option<&'static str>, Option<&'static str>, Option<&'static str>);

    fn check(raw: &str, expected: &[Plain]) {
        let mut out = Vec::new();
        parse(raw.as_bytes(), None, &mut out);
        let got: Vec<_> = out.iter().map(|a| (a.name.as_deref(), a.local.as_deref(), a.domain.as_deref())).collect();
        assert_eq!(got, expected, "{raw}");
    }

    #[test]
    fn addresses_are_read() {
        check(" a@b.org", &[(None, Some("a"), Some("b.org"))]);
        check(
            "\"Doe, Jane\" <jane@b.org>, x@y",
            &[(Some("Doe, Jane"), Some("jane"), Some("b.org")), (None, Some("x"), Some("y"))],
        );
        check("a@b (Old Name)", &[(Some("Old Name"), Some("a"), Some("b"))]);
        check("=?utf-8?q?J=C3=BCrgen,_X?= <j@b>", &[(Some("Jürgen, X"), Some("j"), Some("b"))]);
        check("Jane  Q.\r\n Doe <@r,@s:jane@b>", &[(Some("Jane Q. Doe"), Some("jane"), Some("b"))]);
        check("\"jane doe\"@b", &[(None, Some("jane doe"), Some("b"))]);
        check("Jane <jane@b, x@y", &[(Some("Jane"), Some("jane"), Some("b")), (None, Some("x"), Some("y"))]);
        check("just a name", &[(None, Some("justaname"), Some(""))]);
        check(", ,", &[]);
        check("", &[]);
    }

    #[test]
    fn groups_have_start_and_end() {
        check("undisclosed-recipients:;", &[(None, Some("undisclosed-recipients"), None), (None, None, None)]);
        check(
            "A Group: a@b, C <c@d>; e@f",
            &[
                (None, Some("A Group"), None),
                (None, Some("a"), Some("b")),
                (Some("C"), Some("c"), Some("d")),
                (None, None, None),
                (None, Some("e"), Some("f")),
            ],
        );
        check("open: a@b", &[(None, Some("open"), None), (None, Some("a"), Some("b")), (None, None, None)]);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, text in "[a@,;:<>()\"\\\\ =?q]*") {
            let mut out = Vec::new();
            parse(&bytes, None, &mut out);
            parse(text.as_bytes(), Some("koi8-r"), &mut out);
            prop_assert!(out.len() <= ADDRESSES_MAX + 2);
        }
    }
}
