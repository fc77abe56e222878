//! What is kept of a message beside its bytes, so that listing and FETCH of ENVELOPE, BODYSTRUCTURE and PREVIEW touch no body.

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
    /// Domain. `None` marks group syntax: start when `local` is the group's name, end when `local` is `None`.
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
    /// Lines in the body.
    pub lines: u32,
    /// Type, lower case, for example `text`.
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
    /// Children of a multipart; or the one child of a message/rfc822, which is the embedded message itself.
    pub children: Vec<Part>,
    /// Envelope of the embedded message, for message/rfc822.
    pub envelope: Option<Box<Envelope>>,
}

/// Derives the summary of a message.
pub fn summarize(message: &[u8]) -> Summary {
    todo!("{}", message.len())
}

/// The MIME tree of a message, of any size; used when [`Summary::structure`] is `None`.
pub fn structure(message: &[u8]) -> Part {
    todo!("{}", message.len())
}
