//! Attachments of a draft. They live in the draft itself, so that nothing is lost with a process or a browser.

use super::rich::Rich;
use bytes::Bytes;
use mail::{
    header,
    summary::{Part, summarize},
    text::decode,
};
use mail_builder::{
    encoders::base64::Base64Encoder,
    headers::{content_type::ContentType, raw::Raw},
    mime::{BodyPart, MimePart},
};

/// Characters of a file name.
const NAME_CHARS_MAX: usize = 200;
/// Longest line that an embedded message may have to be written as it is (RFC 5322 section 2.1.1).
const LINE_BYTES_MAX: usize = 998;

/// A file that goes with a message.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Attachment {
    /// Its name without folders.
    pub(crate) name: String,
    /// Its media type, lower case, without parameters.
    pub(crate) media_type: String,
    /// Charset of a text.
    pub(crate) charset: Option<String>,
    /// Its content.
    pub(crate) bytes: Bytes,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} ({}, {:?}, {} bytes)", self.name, self.media_type, self.charset, self.bytes.len())
    }
}

impl Attachment {
    /// A file as a browser or a message names it.
    pub(crate) fn new(name: &str, media_type: &str, bytes: Bytes) -> Self {
        let media_type = sound_type(media_type).unwrap_or_else(|| "application/octet-stream".to_owned());
        let last = super::draft::one_line(name.rsplit(['/', '\\']).next().unwrap_or_default());
        let name: String = last.chars().take(NAME_CHARS_MAX).collect();
        let name = if name.trim().is_empty() { fallback_name(&media_type) } else { name.trim().to_owned() };
        Self { name, media_type, charset: None, bytes }
    }

    /// Names it among the attachments of a draft; the same in every version of the draft.
    pub(crate) fn id(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for part in [self.name.as_bytes(), b"\0", self.media_type.as_bytes(), b"\0", &self.bytes] {
            hasher.update(part);
        }
        hasher.finalize().to_hex()[..16].to_owned()
    }

    /// Upper bound of its bytes in a message.
    pub(crate) fn encoded_bytes(&self) -> usize {
        // Base64 in lines of 76, and its header.
        self.bytes.len().div_ceil(57) * 78 + self.name.len() * 4 + 400
    }

    /// As a part of a message.
    pub(super) fn part(&self) -> MimePart<'_> {
        let is_message = self.media_type == "message/rfc822";
        // RFC 2046 section 5.2.1: an embedded message is never encoded. One that cannot go as it is goes as a file.
        let as_it_is = is_message && is_sendable(&self.bytes);
        let mut kind = match is_message && !as_it_is {
            true => ContentType::new("application/octet-stream"),
            false => ContentType::new(self.media_type.as_str()),
        };
        if let Some(charset) = &self.charset {
            kind = kind.attribute("charset", charset.as_str());
        }
        let encoder = Base64Encoder::new().wrap_lines();
        let (encoding, body) = match as_it_is {
            true => (if self.bytes.is_ascii() { "7bit" } else { "8bit" }, BodyPart::Binary((&self.bytes[..]).into())),
            // Encoded here, because texts would have their line ends changed.
            false => ("base64", BodyPart::Binary(encoder.encode(&self.bytes).unwrap_or_default().into())),
        };
        MimePart::new(kind, body).attachment(self.name.as_str()).header("Content-Transfer-Encoding", Raw::new(encoding))
    }
}

/// `type/subtype` of a media type, lower case; `None` when it is none, or a type that files do not have.
fn sound_type(text: &str) -> Option<String> {
    let kind = text.split(';').next()?.trim().to_ascii_lowercase();
    let (media_type, subtype) = kind.split_once('/')?;
    let is_token = |token: &str| {
        (1..=100).contains(&token.len())
            && token.bytes().all(|b| {
                b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b'_' | b'!' | b'#' | b'$' | b'&' | b'^')
            })
    };
    let fits = is_token(media_type) && is_token(subtype) && media_type != "multipart";
    // Other message types are pieces of a protocol and mean nothing as files.
    (fits && (media_type != "message" || subtype == "rfc822")).then_some(kind)
}

fn fallback_name(media_type: &str) -> String {
    let extension = match media_type {
        "message/rfc822" => "eml",
        "text/plain" => "txt",
        "text/calendar" => "ics",
        "image/jpeg" => "jpg",
        "image/svg+xml" => "svg",
        _ => match media_type.split_once('/') {
            Some((_, subtype)) if subtype.len() <= 5 && subtype.bytes().all(|b| b.is_ascii_alphanumeric()) => subtype,
            _ => "bin",
        },
    };
    format!("attachment.{extension}")
}

/// Whether a message can stand in another as it is: lines end with CRLF and are not too long.
fn is_sendable(bytes: &[u8]) -> bool {
    let is_sound = |line: &[u8]| line.len() <= LINE_BYTES_MAX && !line.contains(&b'\r') && !line.contains(&0);
    let mut lines = bytes.split(|b| *b == b'\n');
    let last = lines.next_back().unwrap_or_default();
    is_sound(last) && lines.all(|line| line.strip_suffix(b"\r").is_some_and(is_sound))
}

/// The files of a message: everything that is not its text, nor an image that `rich` text shows.
pub(crate) fn of(root: &Part, message: &[u8], rich: Option<&Rich>) -> Vec<Attachment> {
    let mut found = Vec::new();
    gather(root, message, &mut found);
    let is_shown = |file: &Attachment| rich.is_some_and(|r| r.images.iter().any(|i| i.file.bytes == file.bytes));
    found.retain(|(file, has_id)| !has_id || !is_shown(file));
    found.into_iter().map(|(file, _)| file).collect()
}

fn gather(part: &Part, message: &[u8], found: &mut Vec<(Attachment, bool)>) {
    if part.media_type == "multipart" {
        part.children.iter().for_each(|child| gather(child, message, found));
    } else if !is_wrapping(part) && !super::text::is_text(part) {
        found.push((attachment(part, message), part.id.is_some()));
    }
}

/// Signatures fit the original only.
fn is_wrapping(part: &Part) -> bool {
    part.media_type == "application"
        && matches!(part.subtype.as_str(), "pgp-signature" | "pkcs7-signature" | "x-pkcs7-signature" | "pgp-encrypted")
}

fn attachment(part: &Part, message: &[u8]) -> Attachment {
    let bytes = Bytes::from(decode(part, message));
    let kind = format!("{}/{}", part.media_type, part.subtype);
    let subject = || {
        let subject = part.is_embedded_message().then(|| summarize(&bytes).envelope.subject)??;
        Some(format!("{}.eml", subject.replace(['/', '\\'], "_"))).filter(|_| !subject.trim().is_empty())
    };
    let name = part.file_name().map(str::to_owned).or_else(subject).unwrap_or_default();
    let charset = part
        .parameter("charset")
        .filter(|_| part.media_type == "text" && header::find(part.header(message), "Content-Type").is_some());
    let is_sound = |charset: &&str| {
        charset.len() <= 40 && charset.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
    };
    let charset = charset.filter(is_sound).map(str::to_owned);
    Attachment { charset, ..Attachment::new(&name, &kind, bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::summary::structure;

    fn names(message: &str) -> Vec<String> {
        let message = message.replace('\n', "\r\n");
        of(&structure(message.as_bytes()), message.as_bytes(), None)
            .into_iter()
            .map(|a| format!("{} {}", a.name, a.media_type))
            .collect()
    }

    #[test]
    fn files_pictures_and_messages_are_kept_and_texts_are_not() {
        let message = "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/alternative; boundary=b\n\n\
            --b\nContent-Type: text/plain\n\nhi\n--b\nContent-Type: multipart/related; boundary=c\n\n--c\nContent-Type: text/html\n\n<p>hi\n\
            --c\nContent-Type: image/png\nContent-ID: <x>\n\nPNG\n--c--\n--b--\n--a\nContent-Type: message/rfc822\n\nSubject: Old/new\n\nx\n\
            --a\nContent-Type: text/plain\nContent-Disposition: attachment; filename=\"../n.txt\"\n\nx\n\
            --a\nContent-Type: application/pgp-signature\n\nx\n--a--\n";
        assert_eq!(names(message), ["attachment.png image/png", "Old_new.eml message/rfc822", "n.txt text/plain"]);
    }

    #[test]
    fn types_that_files_do_not_have_are_bytes() {
        for (written, kept) in [
            ("Image/PNG; x=1", "image/png"),
            ("multipart/mixed", "application/octet-stream"),
            ("message/partial", "application/octet-stream"),
            ("a/b\r\nX: y", "application/octet-stream"),
            ("", "application/octet-stream"),
        ] {
            assert_eq!(Attachment::new("n", written, Bytes::new()).media_type, kept, "{written}");
        }
    }

    #[test]
    fn an_embedded_message_is_not_encoded_unless_it_has_to_be() {
        assert!(is_sendable(b"Subject: x\r\n\r\ntext"));
        assert!(is_sendable(b"Subject: x\r\n\r\ntext\r\n"));
        assert!(is_sendable(b""));
        assert!(!is_sendable(b"Subject: x\n\ntext"));
        assert!(!is_sendable(b"a\rb\r\n"));
        assert!(!is_sendable(&[b'a'; 2000]));
    }
}
