//! Readable text of a message.

use crate::{charset, summary::Part, transfer};

/// Decodes the transfer encoding of a part's body.
pub fn decode(part: &Part, message: &[u8]) -> Vec<u8> {
    transfer::decode(&part.encoding, part.body(message))
}

/// Decodes by the name of the transfer encoding, lower case; unknown encodings are the identity.
pub fn decode_bytes(encoding: &str, bytes: &[u8]) -> Vec<u8> {
    transfer::decode(encoding, bytes)
}

/// Decodes transfer encoding and charset of a text part. Line ends stay as they are.
pub fn decode_text(part: &Part, message: &[u8]) -> String {
    let charset = part.parameter("charset");
    match part.encoding.as_str() {
        "base64" | "quoted-printable" => charset::decode(&decode(part, message), charset).into_owned(),
        _ => charset::decode(part.body(message), charset).into_owned(),
    }
}

/// A paragraph of plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paragraph {
    /// How many quotation marks stand before it.
    pub depth: usize,
    /// The text without them, on one line.
    pub text: String,
}

/// Quotation marks that are counted; further ones are text.
const QUOTE_DEPTH_MAX: usize = 50;

/// The paragraphs of a text/plain part: `format=flowed` lines are joined (RFC 3676), others stand for themselves.
pub fn paragraphs(part: &Part, text: &str) -> Vec<Paragraph> {
    let is = |name: &str, wanted: &str| part.parameter(name).is_some_and(|value| value.eq_ignore_ascii_case(wanted));
    if is("format", "flowed") { flowed(text, is("delsp", "yes")) } else { fixed(text) }
}

/// Each line as a paragraph; the blanks between quotation marks (`> > text`) are let pass.
pub fn fixed(text: &str) -> Vec<Paragraph> {
    text.lines()
        .map(|line| {
            let mut rest = line;
            let mut depth = 0;
            while depth < QUOTE_DEPTH_MAX
                && let Some(inner) = rest.strip_prefix('>').or_else(|| rest.strip_prefix(" >").filter(|_| depth > 0))
            {
                depth += 1;
                rest = inner;
            }
            let rest = if depth > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { rest };
            Paragraph { depth, text: rest.trim_end().to_string() }
        })
        .collect()
}

/// RFC 3676 section 4: a line that ends in a space goes on in the next one of the same depth. `delsp` drops that space.
pub fn flowed(text: &str, delsp: bool) -> Vec<Paragraph> {
    let mut out: Vec<Paragraph> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        let depth = line.bytes().take(QUOTE_DEPTH_MAX).take_while(|byte| *byte == b'>').count();
        let line = &line[depth..];
        // Space-stuffing (section 4.4).
        let line = line.strip_prefix(' ').unwrap_or(line);
        let is_signature = line == "-- ";
        let is_flowed = line.ends_with(' ') && !is_signature;
        let content = if is_flowed && delsp { &line[..line.len() - 1] } else { line };
        match out.last_mut().filter(|last| is_open && last.depth == depth && !is_signature) {
            Some(last) => last.text.push_str(content),
            None => out.push(Paragraph { depth, text: content.to_string() }),
        }
        is_open = is_flowed;
    }
    for paragraph in out.iter_mut().filter(|paragraph| paragraph.text != "-- ") {
        paragraph.text.truncate(paragraph.text.trim_end().len());
    }
    out
}

/// Bytes of HTML that [`html_to_text`] reads.
pub const HTML_BYTES_MAX: usize = 1024 * 1024;
/// Columns at which [`html_to_text`] breaks lines.
const COLUMNS: usize = 78;

/// HTML as plain text with links, lists and tables drawn in characters; for replies and readers without HTML.
/// Falls back to the bare words where the structure is too deep or odd to be drawn.
pub fn html_to_text(html: &str) -> String {
    let html = &html[..html.floor_char_boundary(HTML_BYTES_MAX)];
    html2text::config::plain_no_decorate()
        .no_table_borders()
        .allow_width_overflow()
        .string_from_read(html.as_bytes(), COLUMNS)
        .unwrap_or_else(|_| crate::html::visible_text(html, HTML_BYTES_MAX))
}

/// The words of HTML in their order, without any layout; for searching.
pub fn html_words(html: &str) -> String {
    crate::html::visible_text(html, html.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paragraph(depth: usize, text: &str) -> Paragraph {
        Paragraph { depth, text: text.into() }
    }

    #[test]
    fn flowed_lines_are_joined() {
        assert_eq!(
            flowed("One \r\ntwo\r\n> quoted \r\n> on\r\n>> deeper \r\n> no\r\n \r\n From\r\n-- \r\nBob", false),
            [
                paragraph(0, "One two"),
                paragraph(1, "quoted on"),
                paragraph(2, "deeper"),
                paragraph(1, "no"),
                paragraph(0, ""),
                paragraph(0, "From"),
                paragraph(0, "-- "),
                paragraph(0, "Bob"),
            ]
        );
        assert_eq!(flowed("ab \ncd", true), [paragraph(0, "abcd")]);
    }

    #[test]
    fn fixed_lines_stand_alone() {
        assert_eq!(
            fixed("a\n> b\n> > c\n>d "),
            [paragraph(0, "a"), paragraph(1, "b"), paragraph(2, "c"), paragraph(1, "d")]
        );
    }

    #[test]
    fn html_becomes_text() {
        let text =
            html_to_text("<h1>Title</h1><p>Hello <a href='https://example.org/'>link</a></p><ul><li>one<li>two</ul>");
        assert!(text.contains("Title") && text.contains("Hello [link]") && text.contains("* one"), "{text}");
    }
}
