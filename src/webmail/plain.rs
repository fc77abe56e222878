//! Plain text of a message as HTML: links can be followed, quotations are told apart and long ones folded.

use crate::address;
use askama::filters::{Escaper, Html};
use httpd::{Markup, Page};
use mail::text::Paragraph;
use std::fmt::Write;

/// Lines of a quotation that is shown unfolded.
const QUOTE_LINES_SHOWN: usize = 6;

/// Renders the paragraphs of a text.
pub(crate) fn render(paragraphs: &[Paragraph], page: &Page) -> Markup {
    let mut out = String::with_capacity(paragraphs.iter().map(|p| p.text.len() + 8).sum());
    let signature = paragraphs.iter().rposition(|p| p.depth == 0 && matches!(p.text.as_str(), "-- " | "--"));
    let (text, rest) = paragraphs.split_at(signature.unwrap_or(paragraphs.len()));
    level(text, 0, &page.t("quote-show"), &mut out);
    if rest.len() > 1 {
        out.push_str("<div class=\"signature\">");
        level(rest, 0, &page.t("quote-show"), &mut out);
        out.push_str("</div>");
    }
    Markup(out)
}

/// The paragraphs of one depth as lines, deeper ones as quotations in between.
fn level(paragraphs: &[Paragraph], depth: usize, show: &str, out: &mut String) {
    let mut at = 0;
    while let Some(first) = paragraphs.get(at) {
        let is_quote = first.depth > depth;
        let length = paragraphs[at..].iter().take_while(|p| (p.depth > depth) == is_quote).count();
        let run = &paragraphs[at..at + length];
        at += length;
        if !is_quote {
            run.iter().for_each(|p| line(&p.text, out));
            continue;
        }
        // What an answer repeats at its end has been read before.
        let is_repeated = at == paragraphs.len() && length < paragraphs.len();
        let fold = depth == 0 && (run.len() > QUOTE_LINES_SHOWN || is_repeated);
        if fold {
            let _ = write!(out, "<details class=\"quote-fold\"><summary>{}</summary>", escaped(show));
        }
        out.push_str("<blockquote>");
        level(run, depth + 1, show, out);
        out.push_str("</blockquote>");
        if fold {
            out.push_str("</details>");
        }
    }
}

fn line(text: &str, out: &mut String) {
    let mut rest = text;
    while !rest.is_empty() {
        let is_gap = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"');
        let gap = rest.find(|c| !is_gap(c)).unwrap_or(rest.len());
        out.push_str(&escaped(&rest[..gap]));
        rest = &rest[gap..];
        let end = rest.find(is_gap).unwrap_or(rest.len());
        word(&rest[..end], out);
        rest = &rest[end..];
    }
    out.push('\n');
}

/// A word: a link where it is an address.
fn word(word: &str, out: &mut String) {
    let start = word.len() - word.trim_start_matches(['(', '[', '{', '\'', '*', '_']).len();
    let trimmed = trim_end(&word[start..]);
    let (before, after) = (&word[..start], &word[start + trimmed.len()..]);
    out.push_str(&escaped(before));
    match target(trimmed) {
        Some(Target::Web(url)) => {
            let _ = write!(
                out,
                "<a href=\"{}\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">{}</a>",
                escaped(&url),
                escaped(trimmed)
            );
        }
        Some(Target::Mail(to)) => {
            let _ = write!(out, "<a href=\"/mail/-/compose?to={}\">{}</a>", address::segment(to), escaped(trimmed));
        }
        None => out.push_str(&escaped(trimmed)),
    }
    out.push_str(&escaped(after));
}

enum Target<'a> {
    Web(String),
    Mail(&'a str),
}

fn target(word: &str) -> Option<Target<'_>> {
    let lower = word.get(..8.min(word.len())).unwrap_or_default().to_ascii_lowercase();
    let has_host = |rest: Option<&str>| rest.is_some_and(|r| r.starts_with(|c: char| c.is_alphanumeric() || c == '['));
    if (lower.starts_with("http://") && has_host(word.get(7..)))
        || (lower.starts_with("https://") && has_host(word.get(8..)))
    {
        return Some(Target::Web(word.to_owned()));
    }
    if lower.starts_with("www.") && word[4..].contains('.') {
        return Some(Target::Web(format!("https://{word}")));
    }
    let mailbox = word.strip_prefix("mailto:").unwrap_or(word);
    let (local, domain) = mailbox.split_once('@')?;
    let plain = |text: &str| {
        !text.is_empty()
            && !text.starts_with('.')
            && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+'))
    };
    (plain(local) && plain(domain) && domain.contains('.')).then_some(Target::Mail(mailbox))
}

/// Without the punctuation that ends a sentence; a closing parenthesis stays when the word opens one.
fn trim_end(word: &str) -> &str {
    let mut word = word;
    loop {
        let Some(last) = word.chars().last() else { return word };
        let drop = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '…' | '“' | '”' | '’' | '»' => true,
            ')' => word.matches('(').count() < word.matches(')').count(),
            ']' => word.matches('[').count() < word.matches(']').count(),
            '}' => true,
            _ => false,
        };
        if !drop {
            return word;
        }
        word = &word[..word.len() - last.len_utf8()];
    }
}

/// A line as HTML for elsewhere, its web addresses as links.
pub(crate) fn linked(text: &str) -> String {
    let words = text.split_inclusive(' ').map(|word| {
        let bare = word.trim_end();
        let url = trim_end(bare);
        match target(url) {
            Some(Target::Web(address)) => {
                let (link, rest) = (escaped(&address), escaped(&word[url.len()..]));
                format!("<a href=\"{link}\">{}</a>{rest}", escaped(url))
            }
            _ => escaped(word),
        }
    });
    words.collect()
}

/// Text as HTML.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Writing into a string does not fail.
    let _ = Html.write_escaped_str(&mut out, text);
    out
}

#[cfg(test)]
mod tests {
    use super::{escaped, level, line};
    use mail::text::fixed;

    fn rendered(text: &str) -> String {
        let mut out = String::new();
        line(text, &mut out);
        out.trim_end().to_owned()
    }

    #[test]
    fn addresses_become_links() {
        let link = "<a href=\"https://x.test/a_(b)?c=d&#38;e\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">https://x.test/a_(b)?c=d&#38;e</a>";
        assert_eq!(rendered("(see https://x.test/a_(b)?c=d&e)."), format!("(see {link})."));
        assert_eq!(rendered("<bob@x.test>,"), "&#60;<a href=\"/mail/-/compose?to=bob%40x.test\">bob@x.test</a>&#62;,");
        assert!(rendered("www.x.test").contains("href=\"https://www.x.test\""));
    }

    #[test]
    fn nothing_else_does() {
        for text in ["javascript:alert(1)", "http://", "a@b", "@", "https://<script>", "user@", "x:y@z", "…"] {
            assert!(!rendered(text).contains("<a "), "{text}: {}", rendered(text));
        }
        assert_eq!(rendered("<b>\"&"), "&#60;b&#62;&#34;&#38;");
        assert_eq!(escaped("'"), "&#39;");
    }

    #[test]
    fn long_quotations_are_folded() {
        let mut out = String::new();
        level(&fixed(&format!("Hi\n{}bye", "> a\n".repeat(9))), 0, "show", &mut out);
        assert!(out.starts_with("Hi\n<details"), "{out}");
        assert!(out.ends_with("</blockquote></details>bye\n"), "{out}");
    }

    proptest::proptest! {
        #[test]
        fn no_text_becomes_markup(text in "\\PC{0,80}") {
            let html = rendered(&text);
            let without_links = html.replace("</a>", "").replace("<a href=", "");
            proptest::prop_assert!(!without_links.contains('<'), "{}", html);
        }
    }
}
