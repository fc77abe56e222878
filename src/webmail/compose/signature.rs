//! Signatures: kept as HTML, entered as text.

use crate::{markup, plain, safe_html};

/// HTML of lines of text; web and mail addresses can be followed.
pub(crate) fn of_text(text: &str) -> String {
    let text = super::draft::plain_text(text);
    let lines = text.trim().lines().map(|line| plain::linked(line.trim_end())).collect::<Vec<_>>();
    safe_html::own(&lines.join("<br>"), &|_| None)
}

/// The lines of a signature.
pub(crate) fn text(html: &str) -> String {
    markup::text(html).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{of_text, text};

    #[test]
    fn lines_come_back_and_markup_is_text() {
        let html = of_text("Alice Winter\r\n<b>Studio</b> & Garden\nhttps://x.test/a");
        assert!(html.contains("&lt;b&gt;Studio&lt;/b&gt; &amp; Garden<br>"), "{html}");
        assert!(html.contains("<a href=\"https://x.test/a\">https://x.test/a</a>"), "{html}");
        assert_eq!(text(&html), "Alice Winter\n<b>Studio</b> & Garden\nhttps://x.test/a");
        assert_eq!((of_text("  \n"), text("")), (String::new(), String::new()));
    }
}
