//! Cleaned HTML read once more: as plain paragraphs for people without HTML, and with the quotation at its end folded away. It
//! only reads what [`crate::safe_html`] wrote, which is well-formed.

use std::fmt::Write;

/// Levels of quotation that are told apart.
const DEPTH_MAX: usize = 20;
/// Columns at which flowed lines are broken (RFC 3676 section 4.2 asks for less than 79).
const COLUMNS: usize = 72;

/// A piece of HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    /// A tag: its name, its attributes as written, and whether it closes.
    Tag { name: &'a str, attributes: &'a str, closes: bool },
    /// Text as written.
    Text(&'a str),
}

/// The pieces with their places.
fn tokens(html: &str) -> impl Iterator<Item = (usize, Token<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = html.get(at..).filter(|rest| !rest.is_empty())?;
        let start = at;
        if !rest.starts_with('<') {
            let length = rest.find('<').unwrap_or(rest.len());
            at += length;
            return Some((start, Token::Text(&rest[..length])));
        }
        // A `>` within quotes belongs to a value.
        let mut quoted = false;
        let end = rest.bytes().position(|byte| {
            quoted ^= byte == b'"';
            byte == b'>' && !quoted
        });
        let Some(end) = end else {
            at = html.len();
            return Some((start, Token::Text(rest)));
        };
        at += end + 1;
        let inside = rest[1..end].trim_end_matches('/');
        let closes = inside.starts_with('/');
        let inside = inside.trim_start_matches('/');
        let length = inside.find(|c: char| c.is_whitespace()).unwrap_or(inside.len());
        let (name, attributes) = inside.split_at(length);
        Some((start, Token::Tag { name, attributes, closes }))
    })
}

/// The value of an attribute, as it was before it was written.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let start = format!("{name}=\"");
    let mut from = 0;
    while let Some(found) = attributes[from..].find(&start).map(|at| from + at) {
        let is_whole = attributes[..found].ends_with(char::is_whitespace);
        from = found + start.len();
        if is_whole {
            return attributes[from..].split('"').next().map(unescaped);
        }
    }
    None
}

/// The references that the writer of HTML makes, undone.
fn unescaped(text: &str) -> String {
    text.replace("&nbsp;", "\u{a0}")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

/// A line of text and how deep it is quoted.
#[derive(Debug, Default)]
struct Lines {
    done: Vec<(usize, String)>,
    line: String,
    depth: usize,
    /// A blank line belongs before what comes next.
    gap: bool,
    pre: bool,
}

impl Lines {
    fn words(&mut self, text: &str) {
        let text = unescaped(text).replace('\u{a0}', " ");
        if self.pre {
            for (index, line) in text.split('\n').enumerate() {
                if index > 0 {
                    self.end(true);
                }
                self.line.push_str(line);
            }
            return;
        }
        let starts = text.starts_with(|c: char| c.is_ascii_whitespace());
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        if starts && !self.line.is_empty() && !self.line.ends_with(' ') {
            self.line.push(' ');
        }
        self.line.push_str(&words.join(" "));
        if !words.is_empty() && text.ends_with(|c: char| c.is_ascii_whitespace()) {
            self.line.push(' ');
        }
    }

    /// Ends the line; an empty one counts when it was asked for.
    fn end(&mut self, always: bool) {
        let line = std::mem::take(&mut self.line);
        // Only the mark of a signature ends with a blank.
        let line = if line.trim_end() == "--" { "-- ".to_owned() } else { line.trim_end().to_owned() };
        if !line.is_empty() || always {
            if std::mem::take(&mut self.gap) && self.done.last().is_some_and(|(_, before)| !before.is_empty()) {
                self.done.push((self.depth, String::new()));
            }
            self.done.push((self.depth, line));
        }
    }

    fn block(&mut self, gap: bool) {
        self.end(false);
        self.gap |= gap && !self.done.is_empty();
    }
}

/// HTML as lines of text with their depth of quotation.
fn lines(html: &str) -> Vec<(usize, String)> {
    let mut out = Lines::default();
    let mut lists: Vec<Option<usize>> = Vec::new();
    let mut links: Vec<(String, usize)> = Vec::new();
    for (_, token) in tokens(html) {
        let (name, attributes, closes) = match token {
            Token::Text(text) => {
                out.words(text);
                continue;
            }
            Token::Tag { name, attributes, closes } => (name, attributes, closes),
        };
        match (name, closes) {
            ("br", _) => out.end(true),
            ("hr", _) => {
                out.block(true);
                out.line.push_str("----------");
                out.block(true);
            }
            ("blockquote", false) => {
                out.block(true);
                out.depth = (out.depth + 1).min(DEPTH_MAX);
                out.gap = false;
            }
            ("blockquote", true) => {
                out.block(false);
                out.depth = out.depth.saturating_sub(1);
                out.gap = true;
            }
            ("ul", false) => lists.push(None),
            ("ol", false) => lists.push(Some(0)),
            ("ul" | "ol", true) => _ = lists.pop(),
            ("li", false) => {
                out.block(false);
                let indent = "  ".repeat(lists.len().saturating_sub(1));
                let _ = match lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        write!(out.line, "{indent}{number}. ")
                    }
                    _ => write!(out.line, "{indent}* "),
                };
            }
            ("a", false) => links.push((attribute(attributes, "href").unwrap_or_default(), out.line.len())),
            ("a", true) => {
                if let Some((href, from)) = links.pop() {
                    let shown = out.line.get(from..).unwrap_or_default().trim();
                    let bare = href.strip_prefix("mailto:").unwrap_or(&href).trim_end_matches('/');
                    if !bare.is_empty() && !shown.contains(bare) {
                        let _ = write!(out.line, " <{href}>");
                    }
                }
            }
            ("img", _) => {
                if let Some(alt) = attribute(attributes, "alt").filter(|alt| !alt.trim().is_empty()) {
                    let _ = write!(out.line, "[{}]", alt.trim());
                }
            }
            ("td" | "th", true) if !out.line.is_empty() => out.line.push(' '),
            ("pre", _) => {
                out.block(true);
                out.pre = !closes;
            }
            ("p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table", _) => out.block(true),
            ("div" | "tr" | "li" | "section" | "header" | "footer" | "main" | "address" | "dd" | "dt", _) => {
                out.block(false);
            }
            _ => {}
        }
    }
    out.end(false);
    let mut lines = out.done;
    while lines.last().is_some_and(|(_, line)| line.is_empty()) {
        lines.pop();
    }
    lines
}

/// HTML as plain text, quotations marked with `>`.
pub(crate) fn text(html: &str) -> String {
    let line = |(depth, text): (usize, String)| match (depth, text.is_empty()) {
        (0, _) => text,
        (depth, true) => ">".repeat(depth),
        (depth, false) => format!("{} {text}", ">".repeat(depth)),
    };
    lines(html).into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// HTML as format=flowed text with LF line ends (RFC 3676): paragraphs are broken where a reader may join them again.
pub(crate) fn flowed(html: &str) -> String {
    let mut out = String::new();
    for (depth, line) in lines(html) {
        let quote = ">".repeat(depth);
        let room = COLUMNS.saturating_sub(depth + 1);
        let mut rest = line.as_str();
        // The mark of a signature is no paragraph that goes on.
        while rest.chars().count() > room && rest != "-- " {
            let reach = rest.char_indices().nth(room).map_or(rest.len(), |(at, _)| at);
            let at = rest[..reach].rfind(' ').or_else(|| rest[reach..].find(' ').map(|at| reach + at));
            let Some(at) = at.filter(|at| *at + 1 < rest.len()) else { break };
            push_line(&mut out, &quote, &rest[..=at]);
            rest = &rest[at + 1..];
        }
        push_line(&mut out, &quote, if rest == "-- " { rest } else { rest.trim_end() });
    }
    out
}

/// A line with its quote marks; what could be taken for such a mark gets a blank before it (section 4.4).
fn push_line(out: &mut String, quote: &str, line: &str) {
    let is_stuffed = line.starts_with([' ', '>']) || line.starts_with("From ");
    out.push_str(quote);
    if is_stuffed || (!quote.is_empty() && !line.is_empty()) {
        out.push(' ');
    }
    out.push_str(line);
    out.push('\n');
}

/// Folds away the quotation that a message ends with, when there is something before it.
pub(crate) fn fold_quotation(html: &str, show: &str) -> String {
    let Some((start, end)) = last_quotation(html) else { return html.to_owned() };
    let (before, quotation, after) = (&html[..start], &html[start..end], &html[end..]);
    let show = crate::plain::escaped(show);
    format!("{before}<details class=\"quote-fold\"><summary>{show}</summary>{quotation}</details>{after}")
}

/// Where the last quotation of the outermost level begins and ends, if nothing but empty elements follows it.
fn last_quotation(html: &str) -> Option<(usize, usize)> {
    let (mut depth, mut start, mut found) = (0u32, 0, None);
    let (mut has_before, mut is_before) = (false, false);
    for (at, token) in tokens(html) {
        match token {
            Token::Tag { name: "blockquote", closes: false, .. } => {
                if depth == 0 {
                    (start, is_before) = (at, has_before);
                }
                depth += 1;
            }
            Token::Tag { name: "blockquote", closes: true, .. } if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    let end = html[at..].find('>').map_or(html.len(), |length| at + length + 1);
                    found = Some((start, end, is_before));
                }
            }
            Token::Tag { name: "img" | "hr", .. } if depth == 0 => found = None,
            Token::Text(text) if depth == 0 && !unescaped(text).trim().is_empty() => (has_before, found) = (true, None),
            _ => {}
        }
    }
    found.filter(|(.., is_before)| *is_before).map(|(start, end, _)| (start, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::safe_html::own;

    fn cleaned(html: &str) -> String {
        own(html, &|source| Some(source.to_owned()))
    }

    #[test]
    fn what_is_written_is_read_without_formatting() {
        let html = cleaned(
            "<div>Dear <b>Bob</b>,</div><div><br></div><div>see <a href=\"https://x.test/a?b&c\">the plan</a> and \
             <a href=\"mailto:a@x.test\">a@x.test</a>:</div><ul><li>one</li><li>two<ol><li>deep</li></ol></li></ul>\
             <p>5 &lt; 6 &amp; more</p><img src=\"cid:a\" alt=\"a tree\"><div>-- <br>Alice</div>\
             <blockquote>old<blockquote>older</blockquote></blockquote>",
        );
        assert_eq!(
            text(&html),
            "Dear Bob,\n\nsee the plan <https://x.test/a?b&c> and a@x.test:\n* one\n* two\n  1. deep\n\n5 < 6 & more\n\n\
             [a tree]\n-- \nAlice\n> old\n>> older"
        );
    }

    #[test]
    fn flowed_text_is_joined_again_to_the_same() {
        let long = "word ".repeat(40);
        let html = cleaned(&format!(
            "<div>{long}</div><div>From here</div><div>&gt; no quote</div><blockquote>{long}</blockquote><div>-- <br>A</div>"
        ));
        let flowed = flowed(&html);
        assert!(flowed.lines().all(|line| line.chars().count() <= COLUMNS + 2), "{flowed}");
        let read = mail::text::flowed(&flowed.replace('\n', "\r\n"), false);
        let read: Vec<(usize, String)> = read.into_iter().map(|p| (p.depth, p.text)).collect();
        let expected = [
            (0, long.trim_end().to_owned()),
            (0, "From here".to_owned()),
            (0, "> no quote".to_owned()),
            (1, long.trim_end().to_owned()),
        ];
        assert_eq!(read[..4], expected);
        assert!(read.contains(&(0, "-- ".to_owned())));
    }

    #[test]
    fn the_last_quotation_is_folded_and_no_other() {
        let folded = fold_quotation("<p>Yes</p><blockquote>a<blockquote>b</blockquote></blockquote><p></p>", "show");
        assert_eq!(
            folded,
            "<p>Yes</p><details class=\"quote-fold\"><summary>show</summary><blockquote>a<blockquote>b</blockquote></blockquote></details><p></p>"
        );
        for kept in ["<blockquote>a</blockquote>", "<p>x</p><blockquote>a</blockquote><p>y</p>", "<p>x</p>", ""] {
            assert_eq!(fold_quotation(kept, "show"), kept);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_html_does_no_harm(html in "(<|>|/|\"|=|a|b|&|;| |blockquote|li|pre|br|\\PC){0,60}") {
            let _ = (text(&html), flowed(&html), fold_quotation(&html, "x"));
            let clean = cleaned(&html);
            let _ = (text(&clean), flowed(&clean), fold_quotation(&clean, "x"));
        }
    }
}
