//! The text of an answer: what the other wrote, quoted, under a line that says who wrote it and when.

use super::{
    addresses,
    head::Head,
    rich::{self, Rich},
    signature,
};
use crate::{plain::escaped, settings::Settings};
use httpd::Page;

/// Bytes of another's text that are quoted; the rest is left out and marked.
const QUOTE_BYTES_MAX: usize = 256 * 1024;

/// What another wrote, ready to stand below what the person writes.
#[derive(Debug, Default)]
pub(super) struct Quoted {
    /// As text.
    pub(super) text: String,
    /// With formatting.
    pub(super) rich: Option<Rich>,
}

/// The text a message begins with: `body`, the signature, the quotation; with formatting as the person has chosen.
pub(super) fn start(settings: &Settings, from: &str, body: &str, quoted: Quoted) -> Start {
    let own = settings.identity(from).signature;
    let sign = if own.is_empty() { String::new() } else { format!("\n\n-- \n{}", signature::text(&own)) };
    let text = format!("{body}{sign}{}", quoted.text);
    if !settings.choices.rich {
        return Start { text, rich: Rich::default() };
    }
    let mut html = if body.is_empty() { "<div><br></div>".to_owned() } else { rich::of_text(body) };
    if !own.is_empty() {
        html.push_str(&format!("<div><br></div><div>-- <br>{own}</div>"));
    }
    let quoted = quoted.rich.unwrap_or_default();
    html.push_str(&quoted.html);
    Start { text, rich: Rich { html, images: quoted.images } }
}

/// What a message begins with.
pub(super) struct Start {
    /// As text.
    pub(super) text: String,
    /// With formatting; empty when the person writes without.
    pub(super) rich: Rich,
}

/// The quotation of an answer with its formatting.
pub(super) fn answer_rich(page: &Page, head: &Head, rich: Option<Rich>, text: &str) -> Rich {
    let (html, images) = formatted(rich, text);
    let wrote = escaped(&wrote(page, head));
    Rich { html: format!("<div><br></div><div>{wrote}</div><blockquote type=\"cite\">{html}</blockquote>"), images }
}

/// A message that is handed on, with its formatting.
pub(super) fn handed_on_rich(page: &Page, head: &Head, rich: Option<Rich>, text: &str) -> Rich {
    let (html, images) = formatted(rich, text);
    let fields = rich::of_text(&handed_on(page, head, ""));
    Rich { html: format!("{fields}<div><br></div>{html}"), images }
}

fn formatted(rich: Option<Rich>, text: &str) -> (String, Vec<rich::Image>) {
    match rich {
        Some(rich) => (rich.html, rich.images),
        None => (rich::of_text(&cut(text)), Vec::new()),
    }
}

/// The text an answer begins with: room to write, then the quotation.
pub(super) fn answer(page: &Page, head: &Head, text: &str) -> String {
    let wrote = wrote(page, head);
    let quoted = quoted(text);
    if quoted.is_empty() { format!("\n\n{wrote}\n") } else { format!("\n\n{wrote}\n\n{quoted}\n") }
}

/// The line above a quotation.
fn wrote(page: &Page, head: &Head) -> String {
    let who = head.from.first().map(|person| match person.name.as_str() {
        "" => person.address.to_string(),
        name => name.to_owned(),
    });
    let who = who.unwrap_or_else(|| page.t("compose-someone"));
    match head.sent {
        Some(sent) => page.t2("compose-wrote-at", "date", page.instant(sent * 1000).long, "who", who),
        None => page.t1("compose-wrote", "who", who),
    }
}

/// The text a message that is handed on begins with: room to write, then the message with its main fields.
pub(super) fn handed_on(page: &Page, head: &Head, text: &str) -> String {
    let mut out = format!("\n\n---------- {} ----------\n", page.t("compose-forwarded"));
    let date = head.sent.map(|sent| page.instant(sent * 1000).long).unwrap_or_default();
    let fields = [
        ("compose-from", addresses::typed(&head.from)),
        ("compose-date", date),
        ("compose-subject", head.subject.clone()),
        ("compose-to", addresses::typed(&head.to)),
        ("compose-cc", addresses::typed(&head.cc)),
    ];
    for (key, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        out.push_str(&format!("{}: {value}\n", page.t(key)));
    }
    out.push('\n');
    out.push_str(cut(text).trim_matches('\n'));
    out.push('\n');
    out
}

/// Text with a quotation mark before each line. The signature is not quoted.
pub(super) fn quoted(text: &str) -> String {
    let text = cut(text);
    let lines: Vec<&str> = text.lines().take_while(|line| *line != "-- ").map(str::trim_end).collect();
    let first = lines.iter().position(|line| !line.is_empty());
    let last = lines.iter().rposition(|line| !line.is_empty());
    let (Some(first), Some(last)) = (first, last) else { return String::new() };
    let mark = |line: &&str| match *line {
        "" => ">".to_owned(),
        line if line.starts_with('>') => format!(">{line}"),
        line => format!("> {line}"),
    };
    lines[first..=last].iter().map(mark).collect::<Vec<_>>().join("\n")
}

fn cut(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= QUOTE_BYTES_MAX {
        return text.into();
    }
    format!("{}\n[…]", &text[..text.floor_char_boundary(QUOTE_BYTES_MAX)]).into()
}

#[cfg(test)]
mod tests {
    use super::{QUOTE_BYTES_MAX, quoted};
    use mail::text::fixed;
    use proptest::prelude::*;

    #[test]
    fn lines_are_marked_and_quotes_deepen() {
        assert_eq!(quoted("\nHello  \n\n> before\nbye\n\n-- \nBob\nSales"), "> Hello\n>\n>> before\n> bye");
        assert_eq!(quoted("  \n\n"), "");
        assert_eq!(quoted("-- \nBob"), "");
    }

    #[test]
    fn a_long_text_is_cut_where_a_character_ends() {
        let text = "ä".repeat(QUOTE_BYTES_MAX);
        let quoted = quoted(&text);
        assert!(quoted.len() < QUOTE_BYTES_MAX + 20);
        assert!(quoted.ends_with("\n> […]"));
    }

    proptest! {
        #[test]
        fn each_line_is_one_level_deeper(text in "([a-z> ]{0,12}\n){0,12}") {
            let before = fixed(text.trim_matches(|c| c == '\n' || c == ' '));
            let after = fixed(&quoted(&text));
            prop_assert!(after.iter().all(|line| line.depth >= 1));
            prop_assert!(after.len() <= before.len().max(text.lines().count()));
        }
    }
}
