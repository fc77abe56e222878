//! Mail HTML against the collected attacks of three sanitisers. What they expect is not ours to keep; the rules are those of
//! the corpus' README: nothing that runs, nothing that fetches, and the same result when it is done twice.

use proptest::prelude::*;
use std::{collections::BTreeSet, sync::Arc};
use webmail::safe_html::{HTML_BYTES_MAX, Images, clean};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora/xss-vectors");

/// Elements that may be left, beside those that browsers add by themselves.
const ELEMENTS: &str = " a abbr address b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn div dl dt em \
    figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark ol p pre q s samp section small span strike \
    strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr ";

fn payloads() -> Vec<String> {
    let mut all = Vec::new();
    for file in ["bleach.json", "dompurify.json", "loofah-html5lib.json"] {
        let text = std::fs::read_to_string(format!("{CORPUS}/{file}")).expect("the corpus stands beside the checkout");
        let cases: serde_json::Value = serde_json::from_str(&text).expect("the corpus is JSON");
        gather(&cases, &mut all);
    }
    assert!(all.len() >= 338, "only {} payloads", all.len());
    all
}

/// Every text of the corpus, whatever key it stands under.
fn gather(value: &serde_json::Value, into: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => into.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| gather(item, into)),
        serde_json::Value::Object(fields) => fields.values().for_each(|field| gather(field, into)),
        _ => {}
    }
}

fn allowing() -> Images {
    Images {
        embedded: Arc::new(|id| (id == "logo@x").then(|| "/mail/INBOX/1/part/2?inline=1".to_owned())),
        remote: Some(Arc::new(|url| format!("/mail/-/image?length={}", url.len()))),
    }
}

/// A tag as it was written by the serialiser: its name and its attributes.
#[derive(Debug)]
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

/// Reads the tags of serialised HTML. What could be read in two ways fails: a `<` in text, a value without quotation marks.
fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let (closing, body) = rest.strip_prefix('/').map_or((false, rest), |body| (true, body));
        let end = body.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(body.len());
        let name = body[..end].to_owned();
        assert!(!name.is_empty(), "a < that begins no tag in {html:?}");
        rest = &body[end..];
        let mut attributes = Vec::new();
        while !rest.starts_with('>') {
            let pair = rest.strip_prefix(' ').unwrap_or_else(|| panic!("no blank before an attribute in {html:?}"));
            let (key, value) = pair.split_once("=\"").unwrap_or_else(|| panic!("no quotation mark in {html:?}"));
            let (value, after) = value.split_once('"').unwrap_or_else(|| panic!("no closing mark in {html:?}"));
            attributes.push((key.to_owned(), value.replace("&amp;", "&").replace("&quot;", "\"")));
            rest = after;
        }
        rest = &rest[1..];
        assert!(!closing || attributes.is_empty(), "attributes at an end in {html:?}");
        tags.push(Tag { name, attributes });
    }
    tags
}

/// Fails on anything that could run or fetch. `remote`: addresses of our proxy may stand.
fn assert_harmless(html: &str, of: &str) {
    for tag in tags(html) {
        assert!(ELEMENTS.contains(&format!(" {} ", tag.name)), "<{}> from {of:?}", tag.name);
        for (name, value) in &tag.attributes {
            assert!(name.bytes().all(|b| b.is_ascii_lowercase()) && !name.starts_with("on"), "{name} from {of:?}");
            match name.as_str() {
                "href" => {
                    let known = ["http://", "https://", "mailto:", "tel:"];
                    let value = value.to_ascii_lowercase();
                    assert!(known.iter().any(|scheme| value.starts_with(scheme)), "{value:?} from {of:?}");
                }
                "src" | "background" => {
                    let known =
                        ["/mail/", "data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;"];
                    let value = value.to_ascii_lowercase();
                    assert!(known.iter().any(|start| value.starts_with(start)), "{value:?} from {of:?}");
                }
                "style" => assert_style_harmless(value, of),
                "id" | "class" | "name" | "srcset" | "action" | "formaction" | "poster" | "ping" | "xmlns" => {
                    panic!("{name} from {of:?}")
                }
                _ => {}
            }
        }
    }
}

fn assert_style_harmless(style: &str, of: &str) {
    let style = style.to_ascii_lowercase();
    for bad in
        ["url(", "expression", "javascript", "image-set", "@import", "behavior", "-moz-binding", "position:", "\\"]
    {
        assert!(!style.contains(bad), "style {style:?} from {of:?}");
    }
}

/// The tags of a text, each with its attributes in one order.
fn sorted_tags(html: &str) -> BTreeSet<(String, Vec<(String, String)>)> {
    let sorted = tags(html).into_iter().map(|Tag { name, mut attributes }| {
        attributes.sort();
        (name, attributes)
    });
    sorted.collect()
}

fn assert_holds(html: &str) {
    for images in [Images::none(), allowing()] {
        let once = clean(html, &images);
        assert_harmless(&once.html, html);
    }
    // A browser reads it once more, and may nest it otherwise, as it does with headings inside of headings. What it makes of
    // it is as harmless, and has nothing in it that was not there.
    let once = clean(html, &Images::none()).html;
    let again = clean(&once, &Images::none()).html;
    assert_harmless(&again, html);
    let (once, again) = (sorted_tags(&once), sorted_tags(&again));
    assert!(again.is_subset(&once), "reading it again adds {:?} to {html:?}", again.difference(&once));
}

#[test]
fn every_known_attack_is_cut() {
    for payload in payloads() {
        assert_holds(&payload);
    }
}

#[test]
fn attacks_inside_of_other_elements_are_cut() {
    for payload in payloads() {
        for (before, after) in [
            ("<table><tr><td>", "</td></tr></table>"),
            ("<svg><style>", ""),
            ("<math><mtext>", ""),
            ("<b", ">"),
            ("<p title=\"", "\">"),
        ] {
            assert_holds(&format!("{before}{payload}{after}"));
        }
    }
}

fn shown(html: &str) -> String {
    clean(html, &allowing()).html
}

#[test]
fn what_mail_is_made_of_stays() {
    let html = shown(
        r##"<table width="600" bgcolor="#fff"><tr><td align="center" style="color:red;padding:4px"><h1>Hi</h1><a href="https://x.test/?a=1&amp;b">go</a></td></tr></table>"##,
    );
    for part in [
        "width=\"600\"",
        "bgcolor=\"#fff\"",
        "color:red",
        "<h1>Hi</h1>",
        "href=\"https://x.test/?a=1&amp;b\"",
        "target=\"_blank\"",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
}

#[test]
fn embedded_images_are_shown_and_remote_ones_wait() {
    let html = r#"<img src="cid:logo@x"><img src="CID:logo%40x"><img src="cid:other"><img src="https://x.test/a.png"><td background="http://x.test/b.png">"#;
    let safe = clean(html, &Images::none());
    assert!(!safe.html.contains("src"), "{}", safe.html);
    assert_eq!(safe.blocked, 1, "the cell outside of a table is gone");
    let safe = clean(html, &allowing());
    assert_eq!(safe.html.matches("/mail/INBOX/1/part/2").count(), 2, "{}", safe.html);
    assert!(safe.html.contains("/mail/-/image?length=20"), "{}", safe.html);
    assert_eq!(safe.blocked, 0);
}

#[test]
fn addresses_of_our_own_pages_are_no_images_or_links() {
    for address in [
        "/mail/-/act",
        "//x.test/a.png",
        "a.png",
        "ftp://x.test/",
        "blob:x",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "data:text/html,x",
    ] {
        let html = shown(&format!("<img src=\"{address}\"><a href=\"{address}\">x</a>"));
        assert!(!html.contains("src=") && !html.contains("href="), "{address}: {html}");
    }
}

#[test]
fn styles_cannot_fetch_or_cover() {
    for style in [
        "background:url(https://x.test/a)",
        "background-image:url(//x.test)",
        "position:fixed;top:0",
        "width:expression(alert(1))",
        "background-color:url(https://x.test/a)",
        "color:red;list-style:url(x)",
        "font-family:\"x\\\";position:absolute",
        "cursor:url(x),auto",
    ] {
        assert_harmless(&shown(&format!("<p style='{style}'>x</p>")), style);
    }
}

#[test]
fn a_style_with_a_call_behind_a_wide_character() {
    assert_eq!(shown("<p style=\"color:\u{fc}rgb(1);width:\u{20ac}(2)\">x</p>"), "<p>x</p>");
    assert_eq!(shown("<p style=\"color:rgb(1,2,3)\">x</p>"), "<p style=\"color:rgb(1,2,3)\">x</p>");
}

#[test]
fn a_long_message_is_cut_between_characters() {
    let safe = clean(&"ä".repeat(HTML_BYTES_MAX), &Images::none());
    assert!(safe.cut);
    assert!(safe.html.len() <= HTML_BYTES_MAX);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn any_text_is_made_harmless(text in "[<>/a-z=\"'&;:#!\\[\\]{}() \\n-]{0,200}") {
        assert_holds(&text);
    }

    #[test]
    fn any_mix_of_markup_is_made_harmless(parts in prop::collection::vec(prop::sample::select(vec![
        "<svg>", "</svg>", "<math>", "<mtext>", "<style>", "</style>", "<script>", "</script>", "<table>", "<tr>", "<td>", "</table>", "<form>", "<p>", "</p>",
        "<noscript>", "<template>", "</template>", "<!--", "-->", "<![CDATA[", "]]>", "<img src=x onerror=alert(1)>", "<a href=javascript:1>", "x", "<b title=\"", "\">",
        "<mglyph>", "<annotation-xml encoding=text/html>", "<foreignObject>", "<select>", "<option>", "<textarea>", "<title>", "</title>", "<iframe srcdoc=x>", "<body>", "<plaintext>",
    ]), 0..14)) {
        assert_holds(&parts.concat());
    }
}
