//! Searching the bytes of a message: its header fields, and the text of its parts.
//!
//! What is looked through is what people read: decoded header fields, text parts in their charset, names of attachments.
//! The insides of other attachments are not text. Decoding is left out wherever it cannot make a difference.

use super::needle::{Finder, Needle};
use mail::{encoded_word, header, summary::Part, text};
use memchr::{memchr, memmem};
use std::{borrow::Cow, str};

/// Whether a field of that name (lower case) has the needle in its decoded value.
pub(super) fn field_contains(block: &[u8], name: &str, needle: &Needle, buffer: &mut Vec<u8>) -> bool {
    header::fields(block)
        .filter(|(field, _)| field.eq_ignore_ascii_case(name.as_bytes()))
        .any(|(_, value)| needle.is_empty() || needle.is_in(&encoded_word::decode(value, None), buffer))
}

/// Looks for all needles in a header block.
pub(super) fn look_in_header(block: &[u8], finder: &mut Finder<'_>) {
    finder.look_in_bytes(block);
    if finder.is_done() {
        return;
    }
    let may_be_broken = finder.needles().iter().any(Needle::may_be_broken);
    for (_, value) in header::fields(block) {
        let is_encoded = memmem::find(value, b"=?").is_some();
        if is_encoded || may_be_broken && (memchr(b'\n', value).is_some() || !value.is_ascii()) {
            finder.look_in(&encoded_word::decode(value, None));
            if finder.is_done() {
                return;
            }
        }
    }
}

/// Looks for all needles in what a part holds.
pub(super) fn look_in_part(part: &Part, message: &[u8], finder: &mut Finder<'_>) {
    if finder.is_done() {
        return;
    }
    for name in part.file_name().into_iter().chain(part.description.as_deref()) {
        finder.look_in(name);
    }
    if part.media_type == "text" {
        return look_in_text(part, message, finder);
    }
    if part.media_type == "message" && part.children.is_empty() {
        return finder.look_in_bytes(part.body(message));
    }
    for child in &part.children {
        if part.is_embedded_message() {
            look_in_header(child.header(message), finder);
        }
        look_in_part(child, message, finder);
    }
}

fn look_in_text(part: &Part, message: &[u8], finder: &mut Finder<'_>) {
    let is_html = part.subtype == "html";
    if finder.is_ascii() && contains_ascii(part.parameter("charset")) {
        let bytes = decoded(part, message);
        if !is_html {
            return finder.look_in_bytes(&bytes);
        }
        if html_may_contain(finder, |finder| finder.look_in_bytes(&bytes)) {
            finder.look_in(&text::html_words(&String::from_utf8_lossy(&bytes)));
        }
    } else {
        let text = decoded_text(part, message);
        if !is_html {
            return finder.look_in(&text);
        }
        if html_may_contain(finder, |finder| finder.look_in(&text)) {
            finder.look_in(&text::html_words(&text));
        }
    }
    finder.wanted.fill(true);
}

/// Whether the words of HTML are worth reading, which is decided by looking at what is written. Leaves as wanted only the
/// needles that may be among the words. What looks like a link counts as found wherever it stands.
fn html_may_contain(finder: &mut Finder<'_>, look: impl FnOnce(&mut Finder<'_>)) -> bool {
    let before = finder.hits.clone();
    look(finder);
    for (index, needle) in finder.needles().iter().enumerate() {
        let is_written = finder.hits[index] && !before[index];
        finder.hits[index] = before[index] || is_written && needle.is_link();
        finder.wanted[index] = is_written || needle.may_be_broken();
    }
    !finder.is_done()
}

/// Charsets in which every ASCII byte is that ASCII character, so that ASCII is found without decoding.
fn contains_ascii(charset: Option<&str>) -> bool {
    const STARTS: [&str; 7] = ["us-ascii", "utf-8", "iso-8859-", "windows-125", "cp125", "koi8-", "latin"];
    let Some(charset) = charset.map(str::trim).filter(|charset| !charset.is_empty()) else { return true };
    STARTS.iter().any(|start| charset.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)))
}

fn is_utf8(charset: Option<&str>) -> bool {
    charset.is_none_or(|charset| ["us-ascii", "utf-8"].iter().any(|known| known.eq_ignore_ascii_case(charset.trim())))
}

/// The body without its transfer encoding.
fn decoded<'a>(part: &Part, message: &'a [u8]) -> Cow<'a, [u8]> {
    match part.encoding.as_str() {
        "quoted-printable" if memchr(b'=', part.body(message)).is_none() => part.body(message).into(),
        "base64" | "quoted-printable" => text::decode(part, message).into(),
        _ => part.body(message).into(),
    }
}

fn decoded_text<'a>(part: &Part, message: &'a [u8]) -> Cow<'a, str> {
    if is_utf8(part.parameter("charset"))
        && !matches!(part.encoding.as_str(), "base64" | "quoted-printable")
        && let Ok(text) = str::from_utf8(part.body(message))
    {
        return text.into();
    }
    text::decode_text(part, message).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::summary::structure;

    #[track_caller]
    fn check(message: &str, needle: &str, in_header: bool, in_body: bool) {
        let needles = [Needle::new(needle)];
        let root = structure(message.as_bytes());
        let mut finder = Finder::new(&needles);
        look_in_header(root.header(message.as_bytes()), &mut finder);
        assert_eq!(finder.hits[0], in_header, "{needle:?} in the header");
        finder.reset();
        look_in_part(&root, message.as_bytes(), &mut finder);
        assert_eq!(finder.hits[0], in_body, "{needle:?} in the body");
    }

    #[test]
    fn headers_are_decoded_and_unfolded() {
        let message = "Subject: =?iso-8859-1?q?Gr=FC=DFe_an?=\r\n =?utf-8?b?IGFsbGU=?=\r\nX: one\r\n two\r\n\r\nbody";
        for needle in ["grüße an alle", "one two", "X: one", "subject"] {
            check(message, needle, true, false);
        }
        check(message, "body", false, true);
        check(message, "gruesse", false, false);
        let mut buffer = Vec::new();
        let block = message.as_bytes();
        assert!(!field_contains(block, "subject", &Needle::new("GRÜSSE an"), &mut buffer));
        assert!(field_contains(block, "subject", &Needle::new("Grüße AN"), &mut buffer));
        assert!(field_contains(block, "x", &Needle::new(""), &mut buffer));
        assert!(!field_contains(block, "y", &Needle::new(""), &mut buffer));
    }

    #[test]
    fn bodies_are_decoded() {
        let part = |charset: &str, encoding: &str, body: &str| {
            format!(
                "Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}"
            )
        };
        check(&part("iso-8859-1", "quoted-printable", "Gr=FC=DFe, hel=\r\nlo"), "grüße, hello", false, true);
        check(&part("iso-8859-1", "quoted-printable", "Gr=FC=DFe, hel=\r\nlo"), "hello", false, true);
        check(&part("utf-8", "base64", "w5xiZXI="), "über", false, true);
        check(&part("utf-8", "8bit", "Über"), "ÜBER", false, true);
        check(&part("iso-2022-jp", "7bit", "\x1b$B%O%m\x1b(B"), "ハロ", false, true);
        check(&part("iso-2022-jp", "7bit", "\x1b$B%O%m\x1b(B"), "%o", false, false);
    }

    #[test]
    fn html_is_searched_by_its_words() {
        let html = "Content-Type: text/html; charset=utf-8\r\n\r\n<table border=1><a href='https://example.org/x'>Gr&uuml;&szlig;e</a> \
            an <b>alle</b></table>";
        for needle in ["grüße an", "an alle", "https://example.org/", "alle"] {
            check(html, needle, false, true);
        }
        for needle in ["border", "table", "href"] {
            check(html, needle, false, false);
        }
    }

    #[test]
    fn attachments_are_searched_by_name_and_embedded_messages_whole() {
        let message = "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: application/pdf; name=Plan.pdf\r\n\r\nsecret\r\n\
            --a\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner words\r\n\r\nand its text\r\n--a--\r\n";
        for needle in ["plan.PDF", "inner words", "its text"] {
            check(message, needle, false, true);
        }
        check(message, "secret", false, false);
    }
}
