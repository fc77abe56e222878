//! The text of an answer: what the other wrote, quoted, under a line that says who wrote it and when.

use super::{addresses, head::Head};
use httpd::Page;

/// Bytes of another's text that are quoted; the rest is left out and marked.
const QUOTE_BYTES_MAX: usize = 256 * 1024;

/// The text an answer begins with: room to write, then the quotation.
pub(super) fn answer(page: &Page, head: &Head, text: &str) -> String {
    let who = head.from.first().map(|person| match person.name.as_str() {
        "" => person.address.to_string(),
        name => name.to_owned(),
    });
    let who = who.unwrap_or_else(|| page.t("compose-someone"));
    let wrote = match head.sent {
        Some(sent) => page.t2("compose-wrote-at", "date", page.instant(sent * 1000).long, "who", who),
        None => page.t1("compose-wrote", "who", who),
    };
    let quoted = quoted(text);
    if quoted.is_empty() { format!("\n\n{wrote}\n") } else { format!("\n\n{wrote}\n\n{quoted}\n") }
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
