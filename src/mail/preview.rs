//! The first words of a message for lists (RFC 8970).

use crate::{
    charset, html,
    summary::{PREVIEW_CHARS_MAX, Part},
    transfer,
};

/// Encoded bytes of plain text that are looked at.
const PLAIN_BYTES_MAX: usize = 8 * 1024;
/// Encoded bytes of HTML that are looked at; newsletters begin with long style sheets.
const HTML_BYTES_MAX: usize = 48 * 1024;
/// Parts that are tried before giving up.
const PARTS_TRIED_MAX: usize = 8;

/// At most [`PREVIEW_CHARS_MAX`] characters of the readable text; empty when there is none.
pub(crate) fn preview(root: &Part, message: &[u8]) -> String {
    let mut left = PARTS_TRIED_MAX;
    of_part(root, message, &mut left).unwrap_or_default()
}

/// Of alternatives the plain text is taken where it says anything; elsewhere the first part that does.
fn of_part(part: &Part, message: &[u8], left: &mut usize) -> Option<String> {
    if part.media_type == "multipart" {
        if part.subtype == "alternative"
            && let Some(plain) = part.children.iter().find(|child| child.is_type("text", "plain"))
            && let Some(text) = of_part(plain, message, left)
        {
            return Some(text);
        }
        return part.children.iter().find_map(|child| of_part(child, message, left));
    }
    if part.media_type != "text" || part.has_disposition("attachment") || *left == 0 {
        return None;
    }
    *left -= 1;
    let (bytes_max, is_html) = match part.subtype.as_str() {
        "plain" | "enriched" => (PLAIN_BYTES_MAX, false),
        "html" => (HTML_BYTES_MAX, true),
        _ => return None,
    };
    let body = part.body(message);
    let decoded;
    let bytes = match part.encoding.as_str() {
        "base64" | "quoted-printable" => {
            decoded = transfer::decode(&part.encoding, &body[..body.len().min(bytes_max)]);
            &decoded
        }
        _ => &body[..body.len().min(bytes_max)],
    };
    let text = charset::decode(bytes, part.parameter("charset"));
    let text = if is_html { fold(&html::visible_text(&text, 4 * PREVIEW_CHARS_MAX)) } else { of_plain(&text) };
    Some(text).filter(|text| !text.is_empty())
}

/// Leaves out quoted lines with the line that introduces them, and the signature; unless nothing else is there.
fn of_plain(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut chars = 0;
    for line in text.lines() {
        if line == "-- " || line == "--" {
            break;
        }
        if line.starts_with('>') {
            drop_attribution(&mut kept);
            continue;
        }
        let line = line.trim();
        chars += line.len();
        kept.push(line);
        // A line of quotation may still take its introduction back, so read somewhat further than needed.
        if chars > 8 * PREVIEW_CHARS_MAX {
            break;
        }
    }
    let own = fold(&kept.join(" "));
    if own.is_empty() { fold(text) } else { own }
}

/// Takes back `On Monday, Alice wrote:`, which may be broken over two lines.
fn drop_attribution(kept: &mut Vec<&str>) {
    while kept.last().is_some_and(|line| line.is_empty()) {
        kept.pop();
    }
    let Some(last) = kept.last() else { return };
    if last.ends_with(':') {
        let is_tail = !last.contains(['@', ',', '<']) && last.split_whitespace().count() <= 2;
        kept.pop();
        if is_tail && kept.last().is_some_and(|line| line.contains(['@', ',', '<'])) {
            kept.pop();
        }
    }
}

/// White space as one space, no control or invisible characters, cut after [`PREVIEW_CHARS_MAX`] characters.
fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4 * PREVIEW_CHARS_MAX));
    let mut count = 0;
    let mut is_gap = false;
    for c in text.chars() {
        if count >= PREVIEW_CHARS_MAX {
            break;
        }
        if c.is_whitespace() || is_filler_beside_gap(c) && (is_gap || count == 0) {
            is_gap = true;
        } else if !c.is_control() && !is_filler(c) {
            if is_gap && count > 0 {
                out.push(' ');
                count += 1;
                if count >= PREVIEW_CHARS_MAX {
                    break;
                }
            }
            is_gap = false;
            out.push(c);
            count += 1;
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Characters without a face, with which newsletters pad the text that lists show.
fn is_filler(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{200B}' | '\u{2060}' | '\u{FEFF}' | '\u{FFFC}')
}

/// Joiners are part of words in Persian and of emoji, but only padding where they stand alone.
fn is_filler_beside_gap(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}' | '\u{200E}' | '\u{200F}' | '\u{61C}') || is_filler(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_signatures_are_left_out() {
        for (text, preview) in [
            ("Hello\r\n\r\n  world\t!", "Hello world !"),
            ("On Monday, Alice wrote:\n> old\n> text\n\nI agree.\n-- \nBob", "I agree."),
            ("On Monday, Alice <a@b>\nwrote:\n\n> old\nYes.", "Yes."),
            ("> only\n> a quote", "> only > a quote"),
            ("-- \nonly a signature", "-- only a signature"),
            ("Note:\n- one", "Note: - one"),
            ("\u{200c} \u{200c} a\u{200c}b\u{ad}", "a\u{200c}b"),
            ("bell\x07", "bell"),
            ("", ""),
        ] {
            assert_eq!(of_plain(text), preview, "{text:?}");
        }
        assert_eq!(of_plain(&"é ".repeat(500)).chars().count(), PREVIEW_CHARS_MAX - 1);
    }
}
