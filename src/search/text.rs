//! What a message says: the words that it is found by.

use crate::{
    office,
    schema::{Fields, mailbox_key, message_key, place},
};
use mail::summary::{self, Envelope, EnvelopeAddress, Part};
use mail::text::{decode, decode_text, html_words};
use store::{AccountId, MailboxId, Message};
use tantivy::TantivyDocument;

/// Bytes of text of one message that are indexed, attachments among them.
const TEXT_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of one part, still encoded, that are looked at.
const PART_BYTES_MAX: u32 = 16 * 1024 * 1024;
/// Plain text from this length on stands for the HTML beside it.
const PLAIN_BYTES_ENOUGH: usize = 200;
/// Names of attachments that are indexed.
const NAMES_MAX: usize = 200;

/// A message for the index. Without its bytes, which could not be read, there is what the store keeps beside them.
pub(crate) fn document(
    fields: &Fields,
    account: AccountId,
    mailbox: MailboxId,
    message: &Message,
    bytes: Option<&[u8]>,
) -> TantivyDocument {
    let mut document = TantivyDocument::new();
    document.add_bytes(fields.account, &account.0.to_be_bytes());
    document.add_bytes(fields.mailbox, &mailbox_key(account, mailbox));
    document.add_bytes(fields.message, &message_key(account, mailbox, message.uid));
    document.add_u64(fields.place, place(mailbox, message.uid));
    document.add_i64(fields.received, message.received);
    if message.summary.has_attachment {
        document.add_u64(fields.attached, 1);
    }
    let mut text = Text { fields, document, left: TEXT_BYTES_MAX, names_left: NAMES_MAX };
    text.envelope(&message.summary.envelope);
    let Some(bytes) = bytes else { return text.document };
    match &message.summary.structure {
        Some(root) => text.part(root, bytes),
        None => text.part(&summary::structure(bytes), bytes),
    }
    text.document
}

/// The text of a message, gathered within its bound.
struct Text<'a> {
    fields: &'a Fields,
    document: TantivyDocument,
    left: usize,
    names_left: usize,
}

impl Text<'_> {
    fn envelope(&mut self, envelope: &Envelope) {
        if let Some(subject) = &envelope.subject {
            self.document.add_text(self.fields.subject, subject);
        }
        let Fields { from, to, cc, bcc, .. } = *self.fields;
        let lists = [
            (from, &envelope.from),
            (from, &envelope.sender),
            (to, &envelope.to),
            (cc, &envelope.cc),
            (bcc, &envelope.bcc),
        ];
        for (field, list) in lists {
            for address in list {
                self.document.add_text(field, written(address));
            }
        }
    }

    /// What a part says, and what is in it.
    fn part(&mut self, part: &Part, message: &[u8]) {
        if let Some(name) = part.file_name().filter(|_| self.names_left > 0) {
            self.names_left -= 1;
            self.document.add_text(self.fields.names, name);
        }
        if let Some(envelope) = &part.envelope {
            self.envelope(envelope);
        }
        if part.is_type("multipart", "alternative") {
            return self.alternatives(part, message);
        }
        if !part.children.is_empty() {
            return part.children.iter().for_each(|child| self.part(child, message));
        }
        let text = self.of_leaf(part, message);
        self.body(&text);
    }

    /// Of alternatives that say the same, the plain text is enough where there is some.
    fn alternatives(&mut self, part: &Part, message: &[u8]) {
        let before = self.left;
        for child in part.children.iter().filter(|child| child.is_type("text", "plain")) {
            self.part(child, message);
        }
        let is_enough = before - self.left >= PLAIN_BYTES_ENOUGH;
        for child in part.children.iter().filter(|child| !child.is_type("text", "plain")) {
            if !(is_enough && child.is_type("text", "html")) {
                self.part(child, message);
            }
        }
    }

    fn of_leaf(&self, part: &Part, message: &[u8]) -> String {
        if self.left == 0 || part.body_end - part.body_start.min(part.body_end) > PART_BYTES_MAX {
            return String::new();
        }
        match (part.media_type.as_str(), part.subtype.as_str()) {
            ("text", "html") => html_words(&decode_text(part, message)),
            ("text", _) => decode_text(part, message),
            ("application", "json" | "xml" | "x-yaml") => decode_text(part, message),
            _ => match office::kind(part) {
                Some(kind) => office::words(kind, &decode(part, message), self.left),
                None => String::new(),
            },
        }
    }

    fn body(&mut self, text: &str) {
        let text = &text[..text.floor_char_boundary(self.left)];
        self.left -= text.len();
        if !text.trim().is_empty() {
            self.document.add_text(self.fields.body, text);
        }
    }
}

fn written(address: &EnvelopeAddress) -> String {
    let parts = [&address.name, &address.local, &address.domain];
    parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ")
}
