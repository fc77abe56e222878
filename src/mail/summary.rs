//! What is kept of a message beside its bytes, so that listing and FETCH of ENVELOPE, BODYSTRUCTURE and PREVIEW touch no body.

use crate::{attachment, envelope, mime, preview};
use serde::{Deserialize, Serialize};

/// Everything derived once from a message when it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Header fields of the IMAP envelope.
    pub envelope: Envelope,
    /// MIME tree with byte offsets. `None` when it is too large to keep ([`STRUCTURE_BYTES_MAX`]); parse the body then.
    pub structure: Option<Part>,
    /// First words of the readable text (RFC 8970), at most [`PREVIEW_CHARS_MAX`] characters, no line ends.
    pub preview: String,
    /// Whether a part would be shown as an attachment.
    pub has_attachment: bool,
    /// All message-ids of References and In-Reply-To, without angle brackets, oldest first, at most [`REFERENCES_MAX`].
    pub references: Vec<String>,
}

/// Characters of a preview (RFC 8970 section 3.1 allows 256).
pub const PREVIEW_CHARS_MAX: usize = 200;
/// Message-ids kept of the References header: the first and the newest ones.
pub const REFERENCES_MAX: usize = 30;
/// Encoded bytes of a MIME tree that is kept in the index.
pub const STRUCTURE_BYTES_MAX: usize = 6 * 1024;
/// Addresses kept of one address header; the rest are dropped from the summary, never from the message.
pub const ADDRESSES_MAX: usize = 60;

/// Encoded bytes that the addresses of one envelope may have together; the rest are dropped from the summary.
pub const ENVELOPE_BYTES_MAX: usize = 5 * 1024;

/// RFC 3501 section 7.4.2 ENVELOPE. Text is decoded (RFC 2047) UTF-8 without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Envelope {
    /// The Date header as written.
    pub date: Option<String>,
    /// The Date header as seconds since 1970, when it parses.
    pub sent: Option<i64>,
    /// Subject.
    pub subject: Option<String>,
    /// From.
    pub from: Vec<EnvelopeAddress>,
    /// Sender; empty when it is the same as From.
    pub sender: Vec<EnvelopeAddress>,
    /// Reply-To; empty when it is the same as From.
    pub reply_to: Vec<EnvelopeAddress>,
    /// To.
    pub to: Vec<EnvelopeAddress>,
    /// Cc.
    pub cc: Vec<EnvelopeAddress>,
    /// Bcc.
    pub bcc: Vec<EnvelopeAddress>,
    /// In-Reply-To as written.
    pub in_reply_to: Option<String>,
    /// Message-ID with its angle brackets, as written.
    pub message_id: Option<String>,
}

/// One address of an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EnvelopeAddress {
    /// Display name, decoded.
    pub name: Option<String>,
    /// Local part.
    pub local: Option<String>,
    /// Domain; empty where it is missing. `None` marks group syntax: start when `local` is the group's name, end when
    /// `local` is `None`.
    pub domain: Option<String>,
}

/// A node of the MIME tree. Offsets are bytes from the start of the message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Part {
    /// First byte of the part's header.
    pub header_start: u32,
    /// First byte after the blank line that ends the header.
    pub body_start: u32,
    /// First byte after the body.
    pub body_end: u32,
    /// Line feeds in the body.
    pub lines: u32,
    /// Type, lower case, for example `text`. Types in which something is embedded that cannot be read are replaced by
    /// `application/octet-stream`, see [`crate::mime`].
    pub media_type: String,
    /// Subtype, lower case, for example `plain`.
    pub subtype: String,
    /// Content-Type parameters, names lower case, values decoded.
    pub parameters: Vec<(String, String)>,
    /// Content-ID as written.
    pub id: Option<String>,
    /// Content-Description as written.
    pub description: Option<String>,
    /// Content-Transfer-Encoding, lower case; `7bit` when absent.
    pub encoding: String,
    /// Content-MD5.
    pub md5: Option<String>,
    /// Content-Disposition: type and parameters.
    pub disposition: Option<(String, Vec<(String, String)>)>,
    /// Content-Language.
    pub language: Vec<String>,
    /// Content-Location.
    pub location: Option<String>,
    /// Children of a multipart, at least one; or the one child of a message/rfc822 or message/global, which is the
    /// embedded message itself; see [`Part::is_embedded_message`].
    pub children: Vec<Part>,
    /// Envelope of the embedded message, for message/rfc822.
    pub envelope: Option<Box<Envelope>>,
}

impl Part {
    /// Value of a Content-Type parameter; `name` in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        value_of(&self.parameters, name)
    }

    /// Value of a Content-Disposition parameter; `name` in lower case.
    pub fn disposition_parameter(&self, name: &str) -> Option<&str> {
        value_of(&self.disposition.as_ref()?.1, name)
    }

    /// Whether Content-Disposition is of that kind; `kind` in lower case.
    pub fn has_disposition(&self, kind: &str) -> bool {
        self.disposition.as_ref().is_some_and(|(written, _)| written == kind)
    }

    /// Name for saving: `filename` of the disposition, else `name` of the type, without any folders.
    pub fn file_name(&self) -> Option<&str> {
        let name = self.disposition_parameter("filename").or_else(|| self.parameter("name"))?;
        name.rsplit(['/', '\\']).next().map(str::trim).filter(|name| !name.is_empty())
    }

    /// Whether type and subtype are these, in lower case.
    pub fn is_type(&self, media_type: &str, subtype: &str) -> bool {
        self.media_type == media_type && self.subtype == subtype
    }

    /// Bytes of the header with its blank line.
    pub fn header<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        message.get(self.header_start as usize..self.body_start as usize).unwrap_or_default()
    }

    /// Bytes of the body, still encoded.
    pub fn body<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        message.get(self.body_start as usize..self.body_end as usize).unwrap_or_default()
    }

    fn shift(&mut self, bytes: i64) {
        for offset in [&mut self.header_start, &mut self.body_start, &mut self.body_end] {
            *offset = u32::try_from(i64::from(*offset) + bytes).unwrap_or(u32::MAX);
        }
        self.children.iter_mut().for_each(|child| child.shift(bytes));
    }

    /// Upper bound of the encoded size of the tree, bytes.
    fn encoded_bytes(&self) -> usize {
        let text = |text: &Option<String>| 3 + text.as_ref().map_or(0, String::len);
        let pairs = |pairs: &[(String, String)]| 2 + pairs.iter().map(|(a, b)| a.len() + b.len() + 4).sum::<usize>();
        let mut bytes = 32 + self.media_type.len() + self.subtype.len() + self.encoding.len();
        bytes += pairs(&self.parameters);
        bytes += self.disposition.as_ref().map_or(0, |(kind, list)| kind.len() + pairs(list));
        bytes += text(&self.id) + text(&self.description) + text(&self.md5) + text(&self.location);
        bytes += self.language.iter().map(|tag| tag.len() + 2).sum::<usize>();
        bytes += self.envelope.as_deref().map_or(0, Envelope::encoded_bytes);
        bytes + self.children.iter().map(Part::encoded_bytes).sum::<usize>()
    }
}

impl Envelope {
    fn encoded_bytes(&self) -> usize {
        let text = |text: &Option<String>| 3 + text.as_ref().map_or(0, String::len);
        let lists = [&self.from, &self.sender, &self.reply_to, &self.to, &self.cc, &self.bcc];
        let address = |a: &EnvelopeAddress| text(&a.name) + text(&a.local) + text(&a.domain);
        let texts = [&self.date, &self.subject, &self.in_reply_to, &self.message_id].map(text);
        22 + texts.iter().sum::<usize>() + lists.into_iter().flatten().map(address).sum::<usize>()
    }
}

fn value_of<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// Derives the summary of a message.
pub fn summarize(message: &[u8]) -> Summary {
    summarize_whole(message).0
}

/// As [`summarize`], with the MIME tree, of any size.
pub fn summarize_whole(message: &[u8]) -> (Summary, Part) {
    let root = structure(message);
    let (envelope, references) = envelope::read(root.header(message), text_charset(&root));
    let preview = preview::preview(&root, message);
    let has_attachment = attachment::has_attachment(&root);
    let structure = (root.encoded_bytes() <= STRUCTURE_BYTES_MAX).then(|| root.clone());
    (Summary { envelope, structure, preview, has_attachment, references }, root)
}

impl Summary {
    /// The summary of the same message with so many bytes more, or fewer, in its outermost header. What they say is not
    /// looked at: only fields that the summary does not hold may have been put in or taken out.
    pub fn with_header_changed(mut self, bytes: i64) -> Self {
        if let Some(root) = &mut self.structure {
            let start = root.header_start;
            root.shift(bytes);
            root.header_start = start;
        }
        self
    }
}

/// The MIME tree of a message, of any size; used when [`Summary::structure`] is `None`.
///
/// A multipart has at least one child and an embedded message exactly one, whatever the bytes are.
pub fn structure(message: &[u8]) -> Part {
    mime::walk(message, &|header, part| envelope::read(header, text_charset(part)).0)
}

/// The charset that the first text part declares: what raw 8-bit bytes in the header most likely are.
fn text_charset(part: &Part) -> Option<&str> {
    if part.media_type == "text" {
        return part.parameter("charset");
    }
    part.children.iter().find_map(text_charset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Fields put in front change where things stand, and nothing else.
        #[test]
        fn a_changed_header_moves_what_follows(
            header in "(Subject: x\r\n|Content-Type: multipart/mixed; boundary=b\r\n|To: a@b.test\r\n)*",
            body in "(\r\n|--b\r\n|--b--\r\n|Content-Type: message/rfc822\r\n|text|: )*",
        ) {
            let message = format!("{header}\r\n{body}");
            let fields = "X-Spam-Score: 1.00\r\nX-Spam-Status: No,\r\n\ttests=none\r\n";
            let changed = format!("{fields}{message}");
            let moved = summarize(message.as_bytes()).with_header_changed(fields.len() as i64);
            prop_assert_eq!(moved, summarize(changed.as_bytes()));
        }
    }
}
