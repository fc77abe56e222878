//! A quick reading of HTML for previews: one pass, no tree, bounded output. For reading a message use
//! [`crate::text::html_to_text`].

use mail_parser::decoders::html::add_html_token;

/// Elements whose content is not shown as text.
const HIDDEN: [&str; 8] = ["head", "style", "script", "title", "template", "noscript", "svg", "object"];
/// Elements that do not end a word.
const INLINE: [&str; 18] = [
    "a", "abbr", "b", "bdi", "bdo", "code", "em", "font", "i", "mark", "s", "small", "span", "strong", "sub", "sup",
    "u", "wbr",
];
/// Bytes of an entity with `&` and `;`.
const ENTITY_BYTES_MAX: usize = 40;

/// Text outside of tags, at least `chars_min` bytes of it where there is as much.
pub(crate) fn visible_text(html: &str, bytes_min: usize) -> String {
    let mut out = String::with_capacity(bytes_min);
    let mut at = 0;
    let mut has_head = false;
    while at < html.len() && (out.len() < bytes_min || out.trim_end().len() < bytes_min) {
        let rest = &html[at..];
        match rest.as_bytes()[0] {
            b'<' => at += tag(rest, &mut out, &mut has_head),
            b'&' => at += entity(rest, &mut out),
            _ => {
                let end = rest.find(['<', '&']).unwrap_or(rest.len());
                out.push_str(&rest[..end]);
                at += end;
            }
        }
    }
    out
}

/// Bytes of the markup at the start of `rest`; hidden elements are skipped whole. Only the first head is one: looking for
/// the end of each of thousands that are not closed would take quadratic time.
fn tag(rest: &str, out: &mut String, has_head: &mut bool) -> usize {
    if let Some(comment) = rest.strip_prefix("<!--") {
        return comment.find("-->").map_or(rest.len(), |end| 4 + end + 3);
    }
    let inner = &rest[1..];
    if !inner.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
        out.push('<');
        return 1;
    }
    let end = tag_end(rest);
    let name = inner.strip_prefix('/').unwrap_or(inner);
    let name = &name[..name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len())];
    let is_one_of = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let opens = is_one_of(&HIDDEN) && !inner.starts_with('/') && !rest[..end].ends_with("/>");
    let second_head = opens && is_one_of(&["head"]) && std::mem::replace(has_head, true);
    if opens && !second_head {
        return end + hidden_content(&rest[end..], name);
    }
    if !is_one_of(&INLINE) {
        out.push(' ');
    }
    end
}

/// Bytes up to and with the `>` that ends the tag; one inside of quotes does not.
fn tag_end(rest: &str) -> usize {
    let mut quote = None;
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    // An open quote would hide everything: then the first bracket counts.
    rest.find('>').map_or(rest.len(), |at| at + 1)
}

/// Bytes up to and with the closing tag of a hidden element.
fn hidden_content(rest: &str, name: &str) -> usize {
    let mut at = 0;
    while let Some(found) = rest[at..].find("</") {
        at += found + 2;
        if rest[at..].get(..name.len()).is_some_and(|tail| tail.eq_ignore_ascii_case(name)) {
            return at + tag_end(&rest[at..]);
        }
    }
    // A head that is never closed must not hide the body.
    if name.eq_ignore_ascii_case("head") { 0 } else { rest.len() }
}

/// Bytes of the entity at the start of `rest`, which is appended as its character.
fn entity(rest: &str, out: &mut String) -> usize {
    let end = rest.bytes().take(ENTITY_BYTES_MAX).position(|byte| byte == b';').map(|at| at + 1);
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#');
    match end.filter(|end| *end > 2 && is_name(&rest[1..end - 1])) {
        Some(end) => {
            add_html_token(out, &rest.as_bytes()[..end], false);
            end
        }
        None => {
            out.push('&');
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_found() {
        for (html, text) in [
            ("<p>Hello <b>wor</b>ld</p>", "Hello world"),
            ("<head><title>No</title></head><body>Yes", "Yes"),
            ("<style>p > a { x }</style><a title='>'>Link</a>", "Link"),
            ("a&nbsp;&amp;&uuml;&#x41;&nosuch; &", "a\u{a0}&üA&nosuch; &"),
            ("<!-- <b>no</b> -->1 < 2<br>next", "1 < 2 next"),
            ("<head><p>unclosed", "unclosed"),
            ("<td>a</td><td>b</td>", "a b"),
        ] {
            let got = visible_text(html, 1000);
            assert_eq!(got.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" "), text, "{html}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*", html in "(<|>|/|head|style|p|&|#x|;|\"|'|é| |!--|-->)*") {
            let _ = (visible_text(&text, 100), visible_text(&html, 100));
        }
    }
}
