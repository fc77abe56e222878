//! The HTML of a message, cut to what may be shown.

use std::sync::Arc;
use webmail::safe_html::{Images, clean};

/// Elements that run, fetch or lead elsewhere by themselves.
const FORBIDDEN: [&str; 14] = [
    "script", "iframe", "object", "embed", "form", "meta", "base", "link", "style", "svg", "math", "frame", "input",
    "template",
];

/// Nothing is left that runs or fetches, and reading the result once more finds nothing to cut.
pub fn check(data: &[u8]) {
    let html = String::from_utf8_lossy(data);
    let allowing = Images {
        embedded: Arc::new(|id| (id == "logo@x").then(|| "/mail/part/2".to_owned())),
        remote: Some(Arc::new(|url| format!("/mail/-/image?length={}", url.len()))),
    };
    for images in [Images::none(), allowing] {
        let once = clean(&html, &images);
        harmless(&once.html);
        let twice = clean(&once.html, &images);
        harmless(&twice.html);
    }
}

/// Reads the tags of what was written: every `<` begins one.
fn harmless(html: &str) {
    for tag in html.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        assert!(!FORBIDDEN.contains(&name.as_str()), "<{name}> in {html:?}");
        let mut rest = tag;
        while let Some((before, after)) = rest.split_once("=\"") {
            let key = before.rsplit(' ').next().unwrap_or_default();
            assert!(!key.starts_with("on"), "{key} in {html:?}");
            let (value, more) = after.split_once('"').unwrap_or((after, ""));
            let value = value.to_ascii_lowercase();
            let runs = ["javascript:", "vbscript:", "data:text"].iter().any(|scheme| value.starts_with(scheme));
            assert!(!runs || matches!(key, "title" | "alt"), "{key}={value:?} in {html:?}");
            assert!(key != "src" || !value.starts_with("http"), "{value:?} would be fetched: {html:?}");
            rest = more;
        }
    }
}
