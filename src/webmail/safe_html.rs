//! Mail HTML made safe to show: cut to an allow-list, with every fetch either embedded in the message, proxied, or left out.
//!
//! The result is shown in a sandboxed frame under its own content security policy that allows no script; this is the first of
//! those two walls, and holds alone. What stays: text structure, tables, images, links and the style properties that
//! cannot fetch or cover anything. What goes: scripts, style sheets, forms, frames, ids, classes, event attributes.

use ammonia::{Builder, UrlRelative};
use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Bytes of HTML that are looked at; what follows is left out and [`Safe::cut`] says so.
pub const HTML_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of a person's own HTML, with the images that are written into it.
const OWN_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of an image that is written into the HTML as a `data:` URL.
const DATA_URL_BYTES_MAX: usize = 1024 * 1024;

/// Gives the URL of an image of the message itself, by its Content-ID without brackets.
pub type Embedded = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;
/// Gives the URL by which our proxy fetches a remote image.
pub type Remote = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// Where images come from.
#[derive(Clone)]
pub struct Images {
    /// Images of the message itself.
    pub embedded: Embedded,
    /// Images of other hosts; `None` while the reader has not allowed them.
    pub remote: Option<Remote>,
}

impl Images {
    /// No images at all.
    pub fn none() -> Self {
        Self { embedded: Arc::new(|_| None), remote: None }
    }
}

impl fmt::Debug for Images {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Images").field("remote", &self.remote.is_some()).finish_non_exhaustive()
    }
}

/// HTML that can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Safe {
    /// The HTML.
    pub html: String,
    /// Remote images that were left out.
    pub blocked: usize,
    /// Whether the message was too long and its end was left out.
    pub cut: bool,
}

const TAGS: &[&str] = &[
    "a",
    "abbr",
    "address",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "main",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
];

/// Elements whose content is not text for people.
const TAGS_WITH_CONTENT: &[&str] = &[
    "applet", "audio", "canvas", "embed", "frameset", "head", "iframe", "math", "noembed", "noframes", "noscript",
    "object", "script", "select", "style", "svg", "template", "textarea", "title", "video", "xmp",
];

const ATTRIBUTES: &[&str] =
    &["align", "bgcolor", "color", "dir", "height", "lang", "style", "title", "valign", "width"];

const TAG_ATTRIBUTES: &[(&str, &[&str])] = &[
    ("a", &["href"]),
    ("blockquote", &["type"]),
    ("col", &["span"]),
    ("colgroup", &["span"]),
    ("font", &["face", "size"]),
    ("hr", &["size", "noshade"]),
    ("img", &["alt", "border", "hspace", "src", "vspace"]),
    ("li", &["value"]),
    ("ol", &["reversed", "start", "type"]),
    ("table", &["background", "border", "cellpadding", "cellspacing", "summary"]),
    ("td", &["background", "abbr", "colspan", "headers", "nowrap", "rowspan"]),
    ("th", &["background", "abbr", "colspan", "headers", "nowrap", "rowspan", "scope"]),
    ("tr", &["background"]),
    ("ul", &["type"]),
];

/// Properties that neither fetch nor leave the frame's flow: no `background-image`, `content`, `cursor`, `list-style`, `position`.
const STYLE_PROPERTIES: &[&str] = &[
    "background-color",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-left-radius",
    "border-bottom-right-radius",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-left-radius",
    "border-top-right-radius",
    "border-top-style",
    "border-top-width",
    "border-width",
    "box-sizing",
    "caption-side",
    "clear",
    "color",
    "direction",
    "display",
    "empty-cells",
    "float",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-height",
    "max-width",
    "min-height",
    "min-width",
    "overflow",
    "overflow-wrap",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "table-layout",
    "text-align",
    "text-decoration",
    "text-indent",
    "text-transform",
    "vertical-align",
    "white-space",
    "width",
    "word-break",
    "word-spacing",
    "word-wrap",
];

/// Cuts HTML to what can be shown.
pub fn clean(html: &str, images: &Images) -> Safe {
    let shown = prefix(html, HTML_BYTES_MAX);
    let blocked = Arc::new(AtomicUsize::new(0));
    let (images, counter) = (images.clone(), blocked.clone());
    let mut builder = builder();
    builder
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_value("a", "target", "_blank")
        .attribute_filter(move |_, name, value| match name {
            "href" => link(value),
            "src" | "background" => image(value, &images, &counter).map(Cow::Owned),
            "style" => style(value).map(Cow::Owned),
            _ => Some(Cow::Borrowed(value)),
        });
    // CR comes from a character reference; written plainly, the next reader would take it for a line end.
    let html_shown = builder.clean(shown).to_string().replace('\r', "\n");
    Safe { html: html_shown, blocked: blocked.load(Ordering::Relaxed), cut: shown.len() < html.len() }
}

/// The person's own HTML on its way out, cut to the same allow-list. `image` gives the address that stands for an image's own;
/// without one the image goes.
pub(crate) fn own(html: &str, image: &(dyn Fn(&str) -> Option<String> + Sync)) -> String {
    // The library keeps its filter for good, so it is asked first which images there are.
    let mut builder = builder();
    let (asked, told) = (Arc::new(Mutex::new(Vec::new())), prefix(html, OWN_BYTES_MAX));
    let seen = asked.clone();
    builder.attribute_filter(move |_, name, value| {
        if matches!(name, "src" | "background") {
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(value.trim().to_owned());
        }
        own_attribute(name, value, None)
    });
    builder.clean(told);
    let asked = std::mem::take(&mut *asked.lock().unwrap_or_else(PoisonError::into_inner));
    let known: HashMap<String, String> =
        asked.into_iter().filter_map(|source| image(&source).map(|address| (source, address))).collect();
    let mut builder = self::builder();
    builder.link_rel(None).attribute_filter(move |_, name, value| own_attribute(name, value, Some(&known)));
    builder.clean(told).to_string().replace('\r', "\n")
}

fn own_attribute<'a>(name: &str, value: &'a str, images: Option<&HashMap<String, String>>) -> Option<Cow<'a, str>> {
    match name {
        "href" => link(value),
        "src" | "background" => images?.get(value.trim()).cloned().map(Cow::Owned),
        "style" => style(value).map(Cow::Owned),
        _ => Some(Cow::Borrowed(value)),
    }
}

/// What both kinds of HTML may have.
fn builder() -> Builder<'static> {
    let mut builder = Builder::empty();
    builder
        .tags(TAGS.iter().copied().collect())
        .clean_content_tags(TAGS_WITH_CONTENT.iter().copied().collect())
        .generic_attributes(ATTRIBUTES.iter().copied().collect())
        .tag_attributes(
            TAG_ATTRIBUTES
                .iter()
                .map(|&(tag, names)| (tag, names.iter().copied().collect()))
                .collect::<HashMap<_, HashSet<_>>>(),
        )
        .url_schemes(["http", "https", "mailto", "tel", "cid", "data"].into_iter().collect())
        // The filters refuse the message's own relative URLs; what they put in their place is relative and has to pass.
        .url_relative(UrlRelative::PassThrough)
        .strip_comments(true);
    builder
}

/// At most `bytes_max` bytes, cut between characters.
fn prefix(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// Functions that style values may call; any other could fetch or compute.
const STYLE_FUNCTIONS: &[&str] = &["rgb", "rgba", "hsl", "hsla"];

/// The declarations of a style attribute that may stay. It is read more narrowly than CSS: what has escapes, comments,
/// blocks or unknown functions goes, whatever a browser would make of it.
fn style(value: &str) -> Option<String> {
    let kept: Vec<String> = value
        .split(';')
        .filter_map(|declaration| {
            let (name, value) = declaration.split_once(':')?;
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
            (STYLE_PROPERTIES.contains(&name.as_str()) && is_plain_style(value)).then(|| format!("{name}:{value}"))
        })
        .collect();
    (!kept.is_empty()).then(|| kept.join(";"))
}

fn is_plain_style(value: &str) -> bool {
    let forbidden = |c: char| matches!(c, '\\' | '<' | '>' | '{' | '}' | '[' | ']' | '@' | '*' | ':') || c.is_control();
    let is_call_allowed = |(at, _): (usize, &str)| {
        // What is not ASCII belongs to a name in CSS, and no function of ours has such a one.
        let is_outside = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '-' && c != '_';
        let name = value[..at].rsplit(is_outside).next().unwrap_or_default();
        STYLE_FUNCTIONS.iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    let is_even = |quote: char| value.matches(quote).count().is_multiple_of(2);
    !value.is_empty()
        && !value.contains(forbidden)
        && is_even('"')
        && is_even('\'')
        && value.match_indices('(').all(is_call_allowed)
        && ["expression", "javascript", "behavior", "-moz-binding"]
            .iter()
            .all(|bad| !value.to_ascii_lowercase().contains(bad))
}

/// A link that may be followed: to the web, to write mail, or to call.
fn link(value: &str) -> Option<Cow<'_, str>> {
    let value = value.trim();
    let known = ["http://", "https://", "mailto:", "tel:"].iter().any(|scheme| has_prefix(value, scheme));
    known.then_some(Cow::Borrowed(value))
}

/// Where an image is fetched from, if it may be.
fn image(value: &str, images: &Images, blocked: &AtomicUsize) -> Option<String> {
    let value = value.trim();
    if has_prefix(value, "cid:") {
        return (images.embedded)(&percent_decoded(&value[4..]));
    }
    if has_prefix(value, "data:") {
        return is_data_image(value).then(|| value.to_owned());
    }
    if has_prefix(value, "http://") || has_prefix(value, "https://") {
        let Some(remote) = &images.remote else {
            blocked.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        return Some(remote(value));
    }
    None
}

fn has_prefix(value: &str, prefix: &str) -> bool {
    value.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// A raster image in base64; SVG is a document and is refused.
fn is_data_image(value: &str) -> bool {
    let Some((kind, data)) = value.split_once(',') else { return false };
    let kinds = ["data:image/png;base64", "data:image/jpeg;base64", "data:image/gif;base64", "data:image/webp;base64"];
    value.len() <= DATA_URL_BYTES_MAX
        && kinds.iter().any(|known| kind.eq_ignore_ascii_case(known))
        && data
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\r' | b'\n' | b' '))
}

/// Percent escapes undone (RFC 2392 section 2 has the Content-ID of a `cid:` URL encoded); what is no escape stays.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escape = after
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, escape) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
