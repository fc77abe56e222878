//! What a message looks like to its reader: texts, links, files. Made once, from the MIME tree that intake keeps as well.

use mail::summary::{Envelope, EnvelopeAddress, Part, Summary};
use memchr::memmem;
use std::collections::BTreeSet;

/// Octets of text and of HTML that are looked at; what spam has to say it says early.
const TEXT_BYTES_MAX: usize = 256 * 1024;
/// Octets of text that are searched for phrases.
const LOWER_BYTES_MAX: usize = 32 * 1024;
/// Links that are looked at.
const LINKS_MAX: usize = 200;
/// Files that are looked at.
const FILES_MAX: usize = 100;
/// Parts that are looked at.
const PARTS_MAX: usize = 500;

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Host that it leads to, lower case.
    pub host: String,
    /// Host that its text names, where that is an address.
    pub shown: Option<String>,
}

/// A file.
#[derive(Debug, Clone)]
pub struct File<'a> {
    /// Its name, as sent.
    pub name: String,
    /// Type, such as `application/zip`.
    pub media_type: String,
    /// The part, to be decoded where its inside matters.
    pub part: &'a Part,
}

/// A message as it looks.
#[derive(Debug, Clone)]
pub struct Content<'a> {
    /// Its bytes.
    pub message: &'a [u8],
    /// Its header block.
    pub header: &'a [u8],
    /// Addresses, subject, date.
    pub envelope: &'a Envelope,
    /// The words of its texts, with those of its HTML.
    pub text: String,
    /// The beginning of it in lower case, with single blanks between words.
    pub lower: String,
    /// Whether it has a text/plain part.
    pub has_plain: bool,
    /// HTML as written.
    pub html: String,
    /// Links in text and HTML.
    pub links: Vec<Link>,
    /// Files.
    pub files: Vec<File<'a>>,
    /// When it came, seconds since 1970.
    pub now: i64,
}

impl<'a> Content<'a> {
    /// Looks at a message. `structure` is its whole tree, whether or not the summary kept it.
    pub fn new(message: &'a [u8], summary: &'a Summary, structure: &'a Part, now: i64) -> Self {
        let mut content = Self {
            message,
            header: structure.header(message),
            envelope: &summary.envelope,
            text: String::new(),
            lower: String::new(),
            has_plain: false,
            html: String::new(),
            links: Vec::new(),
            files: Vec::new(),
            now,
        };
        let mut parts = vec![structure];
        let mut seen = 0;
        while let Some(part) = parts.pop()
            && seen < PARTS_MAX
        {
            seen += 1;
            content.part(part);
            parts.extend(part.children.iter().rev());
        }
        let words = mail::text::html_words(&content.html);
        links_of_html(&content.html, &mut content.links);
        links_of_text(&content.text, &mut content.links);
        content.text.push(' ');
        content.text.push_str(&words);
        let beginning = &content.text[..content.text.floor_char_boundary(LOWER_BYTES_MAX)];
        content.lower = beginning.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        content
    }

    fn part(&mut self, part: &'a Part) {
        let is_attached = part.has_disposition("attachment");
        if let Some(name) = part.file_name()
            && self.files.len() < FILES_MAX
        {
            let media_type = format!("{}/{}", part.media_type, part.subtype);
            self.files.push(File { name: name.to_owned(), media_type, part });
        }
        if !part.children.is_empty() || part.media_type != "text" || is_attached {
            return;
        }
        let into = if part.subtype == "html" { &mut self.html } else { &mut self.text };
        let room = TEXT_BYTES_MAX.saturating_sub(into.len());
        if room == 0 {
            return;
        }
        let text = mail::text::decode_text(part, self.message);
        into.push_str(&text[..text.floor_char_boundary(room)]);
        into.push('\n');
        self.has_plain |= part.subtype != "html";
    }

    /// The author.
    pub fn author(&self) -> Option<&EnvelopeAddress> {
        self.envelope.from.iter().find(|address| address.domain.is_some())
    }

    /// Subject; empty where there is none.
    pub fn subject(&self) -> &str {
        self.envelope.subject.as_deref().unwrap_or_default()
    }

    /// Value of a header field on one line; empty where there is none.
    pub fn field(&self, name: &str) -> String {
        let raw = mail::header::find(self.header, name).map(mail::header::unfold).unwrap_or_default();
        String::from_utf8_lossy(&raw).into_owned()
    }

    /// Domains that links lead to, as they are registered.
    pub fn link_domains(&self) -> BTreeSet<String> {
        self.links.iter().filter_map(|link| registered(&link.host)).collect()
    }
}

/// The domain as it is registered: `example.co.uk` of `www.example.co.uk`.
pub fn registered(host: &str) -> Option<String> {
    psl::domain_str(host.trim_end_matches('.')).map(str::to_ascii_lowercase)
}

/// The host of a web address.
fn host_of(link: &str) -> Option<String> {
    let start = link.find("://")? + 3;
    let rest = &link[start..];
    let authority =
        &rest[..rest.find(['/', '?', '#', '"', '\'', '<', '>', ' ', '\\', '\n', '\r']).unwrap_or(rest.len())];
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split(':').next().unwrap_or(host).trim_end_matches(['.', ',', ';', ')']);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._%".contains(&byte) || byte >= 0x80;
    (!host.is_empty() && host.len() <= 253 && host.bytes().all(is_name)).then(|| host.to_lowercase())
}

fn links_of_html(html: &str, out: &mut Vec<Link>) {
    let lower = html.to_ascii_lowercase();
    for at in memmem::find_iter(lower.as_bytes(), b"href") {
        if out.len() >= LINKS_MAX {
            return;
        }
        let rest = html[at + 4..].trim_start().strip_prefix('=').map(str::trim_start);
        let Some(rest) = rest else { continue };
        let address = rest.trim_start_matches(['"', '\'']).trim_start();
        if !address.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http")) {
            continue;
        }
        let Some(host) = host_of(&address[..address.floor_char_boundary(2000)]) else { continue };
        let shown = address.find('>').and_then(|end| {
            let text = &address[end + 1..];
            let text = &text[..text.find('<').unwrap_or(text.len()).min(text.floor_char_boundary(300))];
            let text = text.trim();
            if text.contains("://") {
                host_of(text)
            } else {
                text.starts_with("www.").then(|| host_of(&format!("http://{text}"))).flatten()
            }
        });
        out.push(Link { host, shown });
    }
    for at in memmem::find_iter(lower.as_bytes(), b"src") {
        let Some(rest) = html[at + 3..].trim_start().strip_prefix('=') else { continue };
        let address = rest.trim_start().trim_start_matches(['"', '\'']);
        if out.len() < LINKS_MAX
            && address.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http"))
            && let Some(host) = host_of(&address[..address.floor_char_boundary(2000)])
        {
            out.push(Link { host, shown: None });
        }
    }
}

fn links_of_text(text: &str, out: &mut Vec<Link>) {
    for at in memmem::find_iter(text.as_bytes(), b"://") {
        if out.len() >= LINKS_MAX {
            return;
        }
        let before = &text.as_bytes()[..at];
        if !(before.ends_with(b"http") || before.ends_with(b"https") || before.ends_with(b"HTTP")) {
            continue;
        }
        let rest = &text[at..];
        if let Some(host) = host_of(&rest[..rest.floor_char_boundary(2000)]) {
            out.push(Link { host, shown: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn links_are_found() {
        let message =
            b"Content-Type: text/html\r\n\r\n<a href=\"http://u@Evil.example:80/x\">http://bank.example/</a> \
            <img src='https://pics.example.co.uk/a.gif'><A HREF = 'mailto:x@y'>m</A>";
        let summary = mail::summary::summarize(message);
        let structure = mail::summary::structure(message);
        let content = Content::new(message, &summary, &structure, 0);
        assert_eq!(content.links[0], Link { host: "evil.example".into(), shown: Some("bank.example".into()) });
        assert_eq!(content.links[1].host, "pics.example.co.uk");
        assert_eq!(registered("pics.example.co.uk").as_deref(), Some("example.co.uk"));
    }

    proptest! {
        #[test]
        fn no_message_panics(html in "(<|>|href|src|=|\"|'|http|://|a|é|\\.|@|:| )*") {
            let message = format!("Content-Type: text/html; charset=utf-8\r\n\r\n{html}");
            let summary = mail::summary::summarize(message.as_bytes());
            let structure = mail::summary::structure(message.as_bytes());
            let content = Content::new(message.as_bytes(), &summary, &structure, 0);
            let _ = (content.link_domains(), crate::heuristics::look(&content), crate::attachment::look(&content));
        }
    }
}
