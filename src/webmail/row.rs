//! One message as a row of a list.

use crate::{
    address,
    envelope::{Contact, Envelope, Flags},
    imap::{Client, Value, pair},
    structure,
};
use httpd::{Instant, Page};

/// What is asked of each message of a list.
const ITEMS: &str = "UID FLAGS INTERNALDATE ENVELOPE BODYSTRUCTURE";

/// A row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// UID.
    pub(crate) uid: u32,
    /// Flags.
    pub(crate) flags: Flags,
    /// First words; empty when the server does not offer them.
    pub(crate) preview: String,
    /// Whether it has attachments.
    pub(crate) has_attachment: bool,
    /// When it arrived, milliseconds since 1970.
    received: i64,
    envelope: Envelope,
}

impl Row {
    /// The items to fetch. Words of the text cost another look at bodies where the server has not kept them, so they are
    /// asked for only where it offers them.
    pub(crate) fn items(client: &Client) -> String {
        if client.can("PREVIEW") { format!("{ITEMS} PREVIEW") } else { ITEMS.to_owned() }
    }

    /// Of a FETCH response.
    pub(crate) fn of(items: &[Value]) -> Option<Self> {
        let received = pair(items, "INTERNALDATE").and_then(Value::text);
        let envelope = Envelope::of(items);
        Some(Self {
            uid: pair(items, "UID").and_then(Value::number).and_then(|n| u32::try_from(n).ok())?,
            flags: Flags::of(items),
            preview: pair(items, "PREVIEW").and_then(Value::text).unwrap_or_default(),
            has_attachment: pair(items, "BODYSTRUCTURE").is_some_and(structure::has_attachment),
            received: received.and_then(|d| mail::date::parse_imap(&d)).or(envelope.date).unwrap_or_default(),
            envelope,
        })
    }

    /// Subject, or words for none.
    pub(crate) fn subject(&self, page: &Page) -> String {
        if self.envelope.subject.is_empty() { page.t("no-subject") } else { self.envelope.subject.clone() }
    }

    /// The people of the row: who wrote it; in folders of one's own writing, to whom.
    pub(crate) fn people(&self, page: &Page, is_own: bool) -> String {
        let contacts = if is_own { &self.envelope.to } else { &self.envelope.from };
        let names: Vec<&str> = contacts.iter().map(Contact::label).filter(|l| !l.is_empty()).take(4).collect();
        match (names.is_empty(), is_own) {
            (false, true) => page.t1("list-to", "names", names.join(", ")),
            (false, false) => names.join(", "),
            (true, true) => page.t("no-recipient"),
            (true, false) => page.t("no-sender"),
        }
    }

    /// When it arrived.
    pub(crate) fn date(&self, page: &Page) -> Instant {
        page.instant(self.received)
    }

    /// Where a click leads: to reading it, or to going on with a draft.
    pub(crate) fn address(&self, mailbox: &str, query: &str, drafts: bool) -> String {
        match drafts || self.flags.draft {
            true => address::of_message(mailbox, self.uid, "edit"),
            false => format!("{}{query}", address::message(mailbox, self.uid)),
        }
    }
}
