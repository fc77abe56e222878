//! Which bytes of a message a section is (RFC 3501 section 6.4.5 `BODY[<section>]<<partial>>`).
//!
//! Everything is worked out on the MIME tree that BODYSTRUCTURE is written from, so that the two agree by construction; the
//! bytes are looked at only to pick fields out of a header.

use crate::proto::fetch::{Section, SectionText};
use mail::{header, summary::Part};
use std::ops::Range;

/// Where a section lies in its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The message has no such part; answered with NIL.
    Nowhere,
    /// Bytes as they stand, the partial applied.
    Bytes(Range<u64>),
    /// A header out of which fields are picked, before the partial.
    Fields(Range<u64>),
}

impl Place {
    /// The bytes that must be read.
    pub(crate) fn range(&self) -> Option<&Range<u64>> {
        match self {
            Self::Nowhere => None,
            Self::Bytes(range) | Self::Fields(range) => Some(range),
        }
    }
}

/// Whether the section can be placed without the MIME tree.
pub(crate) fn is_whole(section: &Section) -> bool {
    section.part.is_empty() && section.text == SectionText::All
}

/// The whole message, as far as the partial goes; for sections that are [`is_whole`].
pub(crate) fn whole(section: &Section, size: u32) -> Place {
    Place::Bytes(partial(section, 0..u64::from(size)))
}

/// Finds a section in the tree of a message of `size` bytes.
pub(crate) fn place(section: &Section, root: &Part, size: u32) -> Place {
    if is_whole(section) {
        return whole(section, size);
    }
    let Some(range) = range(section, root, size) else { return Place::Nowhere };
    let range = u64::from(range.start)..u64::from(range.end.max(range.start));
    match section.text {
        SectionText::Fields(..) => Place::Fields(range),
        _ => Place::Bytes(partial(section, range)),
    }
}

fn range(section: &Section, root: &Part, size: u32) -> Option<Range<u32>> {
    let header = |part: &Part| part.header_start..part.body_start;
    if section.part.is_empty() {
        return match section.text {
            SectionText::All => Some(0..size),
            SectionText::Header | SectionText::Fields(..) => Some(header(root)),
            SectionText::Text => Some(root.body_start..size),
            SectionText::Mime => None,
        };
    }
    let part = part(root, &section.part)?;
    match section.text {
        SectionText::All => Some(part.body_start..part.body_end),
        SectionText::Mime => Some(header(part)),
        SectionText::Header | SectionText::Fields(..) => embedded(part).map(header),
        SectionText::Text => embedded(part).map(|message| message.body_start..message.body_end),
    }
}

/// The part with that number. A message that is no multipart has one part, 1, which is its body.
pub(crate) fn part<'a>(root: &'a Part, number: &[u32]) -> Option<&'a Part> {
    let mut part = root;
    let mut message = Some(root);
    for &number in number {
        let holder = message.unwrap_or(part);
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        part = match holder.media_type == "multipart" {
            true => holder.children.get(index)?,
            false if message.is_some() && index == 0 => holder,
            false => return None,
        };
        message = embedded(part);
    }
    Some(part)
}

/// The message inside of a message/rfc822.
fn embedded(part: &Part) -> Option<&Part> {
    part.children.first().filter(|_| part.is_embedded_message())
}

fn partial(section: &Section, range: Range<u64>) -> Range<u64> {
    let Some((offset, length)) = section.partial else { return range };
    let start = (range.start + u64::from(offset)).min(range.end);
    start..(start + u64::from(length)).min(range.end)
}

/// The fields of a header that HEADER.FIELDS or HEADER.FIELDS.NOT names, with the blank line, the partial applied.
pub(crate) fn fields(section: &Section, block: &[u8]) -> Vec<u8> {
    let SectionText::Fields(names, not) = &section.text else { return Vec::new() };
    let mut out = Vec::new();
    for field in header::spans(block) {
        if names.iter().any(|name| name.eq_ignore_ascii_case(field.name)) != *not {
            let bytes = &block[field.span];
            out.extend_from_slice(bytes);
            if !bytes.ends_with(b"\n") {
                out.extend_from_slice(b"\r\n");
            }
        }
    }
    out.extend_from_slice(b"\r\n");
    let range = partial(section, 0..out.len() as u64);
    let bound = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    out.truncate(bound(range.end));
    out.drain(..bound(range.start).min(out.len()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{
        Lexer,
        fetch::{Fetch, Item},
    };
    use mail::summary::structure;
    use proptest::prelude::*;

    const MESSAGE: &str = "Subject: outer\r\nX-One: 1\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\npreamble\r\n\
        --a\r\nContent-Type: text/plain\r\n\r\nfirst\r\n\
        --a\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
        --b\r\n\r\nplain\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b--\r\n\
        --a\r\nContent-Type: message/rfc822\r\n\r\nSubject: single\r\n\r\nbody\r\n--a--\r\n";

    fn section(text: &str) -> Section {
        let text = format!("1 BODY.PEEK{text}");
        match Fetch::parse(&mut Lexer::new(text.as_bytes()), false).expect("is a FETCH").items.remove(0) {
            Item::Section(section) => section,
            other => panic!("{other:?}"),
        }
    }

    fn read(message: &[u8], text: &str) -> Option<String> {
        let section = section(text);
        let slice = |range: Range<u64>| &message[range.start as usize..range.end as usize];
        let bytes = match place(&section, &structure(message), message.len() as u32) {
            Place::Nowhere => return None,
            Place::Bytes(range) => slice(range).to_vec(),
            Place::Fields(range) => fields(&section, slice(range)),
        };
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(read(MESSAGE.as_bytes(), text).as_deref(), expected, "{text}");
    }

    #[test]
    fn sections_of_a_multipart() {
        check("[]", Some(MESSAGE));
        check("[HEADER.FIELDS (subject nothing)]", Some("Subject: outer\r\n\r\n"));
        check("[HEADER.FIELDS.NOT (subject content-type)]", Some("X-One: 1\r\n\r\n"));
        check("[HEADER.FIELDS (X-Two)]", Some("\r\n"));
        check("[1]", Some("first"));
        check("[1.MIME]", Some("Content-Type: text/plain\r\n\r\n"));
        check("[1.1]", None);
        check("[1.HEADER]", None);
        check("[1.TEXT]", None);
        check("[4]", None);
        check("[2.MIME]", Some("Content-Type: message/rfc822\r\n\r\n"));
        check("[2.HEADER.FIELDS (SUBJECT)]", Some("Subject: inner\r\n\r\n"));
        check("[2.1]", Some("plain"));
        check("[2.1.MIME]", Some("\r\n"));
        check("[2.2]", Some("<p>"));
        check("[2.2.1]", None);
        check("[3]", Some("Subject: single\r\n\r\nbody"));
        check("[3.HEADER]", Some("Subject: single\r\n\r\n"));
        check("[3.TEXT]", Some("body"));
        check("[3.1]", Some("body"));
        check("[3.2]", None);
        let header = read(MESSAGE.as_bytes(), "[HEADER]").expect("is there");
        let text = read(MESSAGE.as_bytes(), "[TEXT]").expect("is there");
        assert_eq!(header + &text, MESSAGE);
    }

    #[test]
    fn a_message_of_one_part() {
        let message = b"A: b\r\n\r\nhello";
        for (text, expected) in [
            ("[1]", Some("hello")),
            ("[1.MIME]", Some("A: b\r\n\r\n")),
            ("[2]", None),
            ("[1.1]", None),
            ("[TEXT]", Some("hello")),
        ] {
            assert_eq!(read(message, text).as_deref(), expected, "{text}");
        }
        let embedded = b"Content-Type: message/rfc822\r\n\r\nB: c\r\n\r\ninner";
        for (text, expected) in
            [("[1]", "B: c\r\n\r\ninner"), ("[1.HEADER]", "B: c\r\n\r\n"), ("[1.1]", "inner"), ("[1.TEXT]", "inner")]
        {
            assert_eq!(read(embedded, text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn partials_are_clipped() {
        check("[1]<1.3>", Some("irs"));
        check("[1]<3.100>", Some("st"));
        check("[1]<5.1>", Some(""));
        check("[1]<4294967295.4294967295>", Some(""));
        check("[HEADER.FIELDS (SUBJECT)]<9.5>", Some("outer"));
        check("[HEADER.FIELDS (SUBJECT)]<90.5>", Some(""));
    }

    #[test]
    fn a_field_without_its_line_end_gets_one() {
        assert_eq!(read(b"A: b", "[HEADER.FIELDS (A)]").as_deref(), Some("A: b\r\n\r\n"));
    }

    proptest! {
        #[test]
        fn every_place_is_in_the_message(
            bytes in "(a: b\r\n|Content-Type: multipart/mixed; boundary=x\r\n|Content-Type: message/rfc822\r\n|\r\n|--x\r\n|--x--\r\n|text)*",
            number in proptest::collection::vec(1_u32..4, 0..5),
            offset: u32,
            length in 1_u32..,
            kind in 0..5,
        ) {
            let text = [SectionText::All, SectionText::Header, SectionText::Text, SectionText::Mime,
                SectionText::Fields(vec![b"a".to_vec()], false)][kind as usize].clone();
            let section = Section { form: crate::proto::fetch::Form::Body, part: number, text, partial: Some((offset, length)), peek: true };
            let place = place(&section, &structure(bytes.as_bytes()), bytes.len() as u32);
            if let Some(range) = place.range() {
                prop_assert!(range.start <= range.end && range.end <= bytes.len() as u64);
                fields(&section, &bytes.as_bytes()[range.start as usize..range.end as usize]);
            }
        }
    }
}
