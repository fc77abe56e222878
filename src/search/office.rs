//! Words of documents of office programs: OOXML and OpenDocument, which are XML in a ZIP.
//!
//! Everything is bounded: how many members are read, how much each unpacks to, and what is kept. What cannot be read has no words.

use mail::summary::Part;
use quick_xml::{Reader, events::Event};
use std::io::{BufReader, Cursor, Read};
use zip::ZipArchive;

/// Members of a document that are read, such as slides.
const MEMBERS_READ_MAX: usize = 200;
/// Members of a document that are looked at by name.
const MEMBERS_MAX: usize = 5_000;
/// Bytes that one member may unpack to; the rest of it is not read.
const MEMBER_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Bytes that all members together may unpack to.
const UNPACKED_BYTES_MAX: u64 = 24 * 1024 * 1024;

/// A family of formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    Sheet,
    Slides,
    OpenDocument,
}

/// What a part is, by its type or else by its name.
pub(crate) fn kind(part: &Part) -> Option<Kind> {
    if part.media_type != "application" {
        return None;
    }
    let by_type = match part.subtype.as_str() {
        "vnd.openxmlformats-officedocument.wordprocessingml.document" => Some(Kind::Word),
        "vnd.openxmlformats-officedocument.spreadsheetml.sheet" => Some(Kind::Sheet),
        "vnd.openxmlformats-officedocument.presentationml.presentation" => Some(Kind::Slides),
        subtype if subtype.starts_with("vnd.oasis.opendocument.") => Some(Kind::OpenDocument),
        _ => None,
    };
    let ending = || part.file_name()?.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    by_type.or_else(|| match ending()?.as_str() {
        "docx" => Some(Kind::Word),
        "xlsx" => Some(Kind::Sheet),
        "pptx" => Some(Kind::Slides),
        "odt" | "ods" | "odp" => Some(Kind::OpenDocument),
        _ => None,
    })
}

impl Kind {
    /// Whether a member holds words.
    fn reads(self, name: &str) -> bool {
        match self {
            Self::Word => {
                name == "word/document.xml"
                    || ["word/footnotes", "word/endnotes", "word/header", "word/footer", "word/comments"]
                        .iter()
                        .any(|start| name.starts_with(start) && name.ends_with(".xml"))
            }
            Self::Sheet => name == "xl/sharedStrings.xml" || name == "xl/workbook.xml",
            Self::Slides => ["ppt/slides/slide", "ppt/notesSlides/notesSlide"]
                .iter()
                .any(|start| name.starts_with(start) && name.ends_with(".xml")),
            Self::OpenDocument => name == "content.xml",
        }
    }
}

/// At most so many bytes of a document's words; empty when it cannot be read.
pub(crate) fn words(kind: Kind, bytes: &[u8], bytes_max: usize) -> String {
    let mut text = String::new();
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return text };
    let members: Vec<usize> = (0..archive.len().min(MEMBERS_MAX))
        .filter(|&index| archive.name_for_index(index).is_some_and(|name| kind.reads(name)))
        .take(MEMBERS_READ_MAX)
        .collect();
    let mut left = UNPACKED_BYTES_MAX;
    for index in members {
        let Ok(member) = archive.by_index(index) else { continue };
        let mut member = member.take(left.min(MEMBER_BYTES_MAX));
        let bound = member.limit();
        let is_full = xml_words(BufReader::new(&mut member), &mut text, bytes_max);
        left -= bound - member.limit();
        if is_full || left == 0 {
            break;
        }
    }
    text
}

/// Adds the text between tags; whether there is no more room. Ends where the XML stops making sense.
fn xml_words(input: impl std::io::BufRead, text: &mut String, bytes_max: usize) -> bool {
    let mut reader = Reader::from_reader(input);
    reader.config_mut().check_end_names = false;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Text(part)) => text.push_str(&part),
            Ok(Event::GeneralRef(name)) => text.push(entity(&name)),
            // Runs of one word are parted by tags; paragraphs, cells and breaks part words.
            Ok(Event::End(end)) if parts_words(end.local_name().as_ref()) => text.push(' '),
            Ok(Event::Empty(tag)) if parts_words(tag.local_name().as_ref()) => text.push(' '),
            Ok(Event::Eof) | Err(_) => return false,
            Ok(_) => {}
        }
        if text.len() >= bytes_max {
            text.truncate(text.floor_char_boundary(bytes_max));
            return true;
        }
    }
}

fn parts_words(name: &str) -> bool {
    matches!(name, "p" | "h" | "si" | "br" | "tab" | "cr" | "s" | "line-break" | "table-cell" | "sheet")
}

fn entity(name: &str) -> char {
    match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#').and_then(|number| match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => number.parse().ok(),
            });
            number.and_then(char::from_u32).unwrap_or(' ')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::{ZipWriter, write::SimpleFileOptions};

    fn archive(members: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in members {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn words_are_found() {
        let word = archive(&[
            (
                "word/document.xml",
                "<w:document><w:p><w:r><w:t>Quar</w:t></w:r><w:r><w:t>terly</w:t></w:r></w:p><w:p><w:t>R&amp;D &#228;</w:t></w:p></w:document>",
            ),
            ("word/styles.xml", "<w:t>hidden</w:t>"),
        ]);
        let text = words(Kind::Word, &word, 1000);
        assert_eq!(text.split_whitespace().collect::<Vec<_>>(), ["Quarterly", "R&D", "ä"]);
        let sheet = archive(&[("xl/sharedStrings.xml", "<sst><si><t>one</t></si><si><t>two</t></si></sst>")]);
        assert_eq!(words(Kind::Sheet, &sheet, 1000).trim(), "one two");
    }

    #[test]
    fn what_unpacks_to_much_is_bounded() {
        let bomb = "x ".repeat(20 << 20);
        let document = archive(&[("content.xml", &bomb)]);
        assert!(document.len() < 200_000);
        assert!(words(Kind::OpenDocument, &document, 1000).len() <= 1000);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_do(bytes: Vec<u8>) {
            assert_eq!(words(Kind::Word, &bytes, 100), "");
            let document = archive(&[("content.xml", &String::from_utf8_lossy(&bytes))]);
            let _ = words(Kind::OpenDocument, &document, 100);
        }
    }
}
