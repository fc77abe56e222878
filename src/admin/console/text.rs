//! Small pieces of pages: times, states, addresses within addresses.

use httpd::{Markup, Page};

/// HTML as it is.
pub(crate) fn markup(html: &str) -> Markup {
    Markup(html.to_owned())
}

/// Text with the characters of HTML and of quoted attributes made harmless.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A point in time: day and time, short enough for a table.
pub(crate) fn when(page: &Page, ms: i64) -> Markup {
    let instant = page.instant(ms);
    Markup(format!(r#"<time datetime="{}">{}</time>"#, instant.machine, escape(&instant.long)))
}

/// A point in time as short as lists have it; the long form on demand.
pub(crate) fn when_short(page: &Page, ms: i64) -> Markup {
    let instant = page.instant(ms);
    Markup(format!(
        r#"<time datetime="{}" title="{}">{}</time>"#,
        instant.machine,
        escape(&instant.long),
        escape(&instant.short)
    ))
}

/// A length of time in its largest unit, in words.
pub(crate) fn duration(page: &Page, ms: i64) -> String {
    let minutes = ms.max(0) / 60_000;
    match minutes {
        0 => page.t("admin-under-a-minute"),
        1..60 => page.t1("minutes", "count", minutes),
        60..2880 => page.t1("admin-hours", "count", minutes / 60),
        _ => page.t1("admin-days", "count", minutes / 1440),
    }
}

/// A part of a path with everything percent-encoded that is not plain there.
pub(crate) fn segment(text: &str) -> String {
    httpd::percent_encoded(text, "@")
}

/// A query of those pairs that have a value.
pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().filter(|(_, value)| !value.is_empty());
    let text: Vec<String> = pairs.map(|(name, value)| format!("{name}={}", segment(value))).collect();
    if text.is_empty() { String::new() } else { format!("?{}", text.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::{escape, query, segment};

    #[test]
    fn what_was_typed_stays_text() {
        assert_eq!(escape(r#"<a href="x">&'"#), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    }

    #[test]
    fn addresses_stay_one_segment() {
        assert_eq!(segment("a/b+c?@example.test"), "a%2Fb%2Bc%3F@example.test");
        assert_eq!(query(&[("q", "a&b"), ("page", ""), ("state", "held")]), "?q=a%26b&state=held");
        assert_eq!(query(&[("q", "")]), "");
    }
}
