//! From a message to what is counted: words and pairs of words, and what stands in its headers, each kind apart.

use crate::content::{Content, registered};
use std::collections::HashSet;

/// Words counted of one message.
const WORDS_MAX: usize = 4000;
/// Octets of text that are read.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Letters of a word.
const LETTERS: std::ops::RangeInclusive<usize> = 2..=24;
/// Fields whose presence depends on the way and not on the sender.
const FIELDS_OF_THE_WAY: [&str; 10] = [
    "received",
    "return-path",
    "delivered-to",
    "authentication-results",
    "arc-seal",
    "arc-message-signature",
    "arc-authentication-results",
    "received-spf",
    "x-original-to",
    "envelope-to",
];

/// The words of a message, as hashes, none twice.
pub(crate) fn of(content: &Content<'_>) -> Vec<u64> {
    let mut words = Words { seen: HashSet::new() };
    words.header(content);
    words.look(content);
    words.text(b't', &content.text);
    let mut all: Vec<u64> = words.seen.into_iter().collect();
    all.sort_unstable();
    all
}

struct Words {
    seen: HashSet<u64>,
}

impl Words {
    fn add(&mut self, kind: u8, parts: &[&str]) {
        if self.seen.len() < WORDS_MAX {
            self.seen.insert(hash(kind, parts));
        }
    }

    fn header(&mut self, content: &Content<'_>) {
        self.text(b's', content.subject());
        for address in content.envelope.from.iter().chain(&content.envelope.reply_to) {
            let (local, domain) =
                (address.local.as_deref().unwrap_or_default(), address.domain.as_deref().unwrap_or_default());
            self.add(b'f', &[&local.to_lowercase(), &domain.to_lowercase()]);
            self.add(b'd', &[&registered(domain).unwrap_or_default()]);
            self.text(b'n', address.name.as_deref().unwrap_or_default());
        }
        let id = content.envelope.message_id.as_deref().unwrap_or_default();
        self.add(b'i', &[id.rsplit('@').next().unwrap_or_default().trim_end_matches('>')]);
        for field in ["X-Mailer", "User-Agent", "Content-Type", "X-Priority", "Organization"] {
            self.text(b'm', &content.field(field));
        }
        for (name, _) in mail::header::fields(content.header) {
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            if !FIELDS_OF_THE_WAY.contains(&name.as_str()) && !name.starts_with("x-spam-") {
                self.add(b'h', &[&name]);
            }
        }
        let named = content.envelope.to.len() + content.envelope.cc.len();
        self.add(b'r', &[&named.min(10).to_string()]);
    }

    /// Links, files and HTML.
    fn look(&mut self, content: &Content<'_>) {
        for link in &content.links {
            self.add(b'l', &[&link.host]);
            if let Some(domain) = registered(&link.host) {
                self.add(b'k', &[&domain]);
            }
        }
        for file in &content.files {
            self.add(b'a', &[&file.media_type]);
            self.add(b'e', &[&file.name.rsplit('.').next().unwrap_or_default().to_lowercase()]);
        }
        let html = &content.html[..content.html.floor_char_boundary(TEXT_BYTES_MAX)];
        for tag in html.split('<').skip(1) {
            let inner = tag.split('>').next().unwrap_or_default();
            for part in inner.split_ascii_whitespace().take(12) {
                let part: String = part.chars().take(40).collect();
                self.add(b'g', &[&part.to_ascii_lowercase()]);
            }
        }
    }

    fn text(&mut self, kind: u8, text: &str) {
        let text = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
        let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '$' | '-' | '%' | '!');
        let mut before = String::new();
        for word in text.split(|c| !is_inside(c)) {
            let word = word.trim_matches(['\'', '-']);
            let letters = word.chars().count();
            if letters > *LETTERS.end() {
                // A script without blanks between words is counted by pairs of its characters.
                let chars: Vec<char> = word.chars().take(200).collect();
                if chars.iter().any(|c| !c.is_ascii()) {
                    chars.windows(2).for_each(|pair| self.add(kind, &[&pair.iter().collect::<String>()]));
                } else {
                    self.add(kind, &["long", &(letters / 10).to_string()]);
                }
                before.clear();
                continue;
            }
            if !LETTERS.contains(&letters) {
                continue;
            }
            let lower = word.to_lowercase();
            self.add(kind, &[&lower]);
            if !before.is_empty() {
                self.add(kind, &[&before, &lower]);
            }
            before = lower;
        }
    }
}

/// FNV-1a, mixed at the end so that all bits count.
fn hash(kind: u8, parts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut take = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    take(kind);
    for part in parts {
        part.bytes().for_each(&mut take);
        take(0);
    }
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ hash >> 29
}
