//! One message as a row of a list, or a conversation by its newest message.

use crate::{
    address,
    envelope::{Contact, Envelope, Flags},
    folders::Folders,
    imap::{Client, Value, pair},
    members::Members,
    structure,
    uid_set::UidSet,
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
    /// The messages of the mailbox that the row stands for.
    pub(crate) uids: UidSet,
    /// The conversation it is part of; `None` for a message alone.
    pub(crate) members: Option<Members>,
    /// Who else wrote in the conversation, oldest first; nobody for a message alone.
    others: Vec<String>,
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

    /// The same with what makes conversations of rows.
    pub(crate) fn items_of_conversations(client: &Client) -> String {
        format!("{}{}", Self::items(client), Members::item(client))
    }

    /// Of a FETCH response.
    pub(crate) fn of(items: &[Value]) -> Option<Self> {
        let received = pair(items, "INTERNALDATE").and_then(Value::text);
        let envelope = Envelope::of(items);
        let uid = pair(items, "UID").and_then(Value::number).and_then(|n| u32::try_from(n).ok())?;
        Some(Self {
            uid,
            uids: UidSet::of([uid]),
            members: Members::of(items),
            others: Vec::new(),
            flags: Flags::of(items),
            preview: pair(items, "PREVIEW").and_then(Value::text).unwrap_or_default(),
            has_attachment: pair(items, "BODYSTRUCTURE").is_some_and(structure::has_attachment),
            received: received.and_then(|d| mail::date::parse_imap(&d)).or(envelope.date).unwrap_or_default(),
            envelope,
        })
    }

    /// Makes it stand for the messages of its conversation in `mailbox`. False when a newer one of them does.
    pub(crate) fn stands_for_conversation(&mut self, mailbox: &str, folders: &Folders) -> bool {
        let Some(members) = &mut self.members else { return true };
        members.retain(|name| name == mailbox || folders.is_conversed_in(name));
        let here = members.within(mailbox);
        if here.last().is_some_and(|newest| newest != self.uid) {
            return false;
        }
        if here.contains(self.uid) {
            self.uids = here;
        }
        true
    }

    /// Takes up an older message of the conversation.
    pub(crate) fn take_older(&mut self, items: &[Value]) {
        let flags = Flags::of(items);
        self.flags.seen &= flags.seen;
        self.flags.starred |= flags.starred;
        for contact in Envelope::of(items).from {
            let label = contact.label().to_owned();
            if !label.is_empty() && !self.others.contains(&label) {
                self.others.push(label);
            }
        }
    }

    /// Messages of the conversation in all mailboxes that count; 0 for one alone.
    pub(crate) fn count(&self) -> u64 {
        self.members.as_ref().map_or(0, Members::len)
    }

    /// UIDs of the messages it stands for, as forms have them.
    pub(crate) fn uid_text(&self) -> String {
        self.uids.text()
    }

    /// Subject, or words for none.
    pub(crate) fn subject(&self, page: &Page) -> String {
        if self.envelope.subject.is_empty() { page.t("no-subject") } else { self.envelope.subject.clone() }
    }

    /// The people of the row: who wrote it; in folders of one's own writing, to whom.
    pub(crate) fn people(&self, page: &Page, is_own: bool) -> String {
        let contacts = if is_own { &self.envelope.to } else { &self.envelope.from };
        let mut names: Vec<&str> = contacts.iter().map(Contact::label).filter(|l| !l.is_empty()).take(4).collect();
        if !is_own {
            let mut others: Vec<&str> =
                self.others.iter().map(String::as_str).filter(|other| !names.contains(other)).collect();
            // The first and the newest are those one knows a conversation by.
            if others.len() > 3 {
                others.drain(1..others.len() - 2);
            }
            names.splice(0..0, others);
        }
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
