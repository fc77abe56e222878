//! What the index holds of a message. Nothing of it can be read back but numbers: the text is in the store.

use store::{AccountId, MailboxId, Uid};
use tantivy::{
    Term,
    schema::{Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions},
};

/// Grows whenever an index that was written before would not answer as one written now.
pub(crate) const VERSION: u32 = 1;

/// Name of the column of [`Fields::place`].
pub(crate) const PLACE: &str = "place";
/// Name of the column of [`Fields::received`].
pub(crate) const RECEIVED: &str = "received";
/// Name of the column of [`Fields::position`].
pub(crate) const MODSEQ: &str = "modseq";

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of IMAP SEARCH")]
pub enum Part {
    Subject,
    From,
    To,
    Cc,
    Bcc,
    /// Text of all parts, attachments among them.
    Body,
    /// All of the above, and the names of attachments.
    Text,
}

/// The fields of a message in the index.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    pub(crate) schema: Schema,
    /// Account: a condition of every search.
    pub(crate) account: Field,
    /// Account and mailbox.
    pub(crate) mailbox: Field,
    /// Account, mailbox and UID: what a message is taken out by.
    pub(crate) message: Field,
    /// Account, of the one entry that tells how far the account's changes are in the index.
    pub(crate) position: Field,
    /// Mod-sequence of that entry.
    pub(crate) modseq: Field,
    /// Mailbox and UID as one number.
    pub(crate) place: Field,
    /// Internal date, milliseconds since 1970.
    pub(crate) received: Field,
    /// 1 when there are attachments.
    pub(crate) attached: Field,
    pub(crate) subject: Field,
    pub(crate) from: Field,
    pub(crate) to: Field,
    pub(crate) cc: Field,
    pub(crate) bcc: Field,
    pub(crate) body: Field,
    /// Names of attachments.
    pub(crate) names: Field,
}

impl Fields {
    pub(crate) fn new() -> Self {
        let mut schema = Schema::builder();
        let words = TextFieldIndexing::default()
            .set_tokenizer(crate::analyzer::NAME)
            .set_fieldnorms(false)
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let text = TextOptions::default().set_indexing_options(words);
        let mut text = |name: &str| schema.add_text_field(name, text.clone());
        let [subject, from, to, cc, bcc] = ["subject", "from", "to", "cc", "bcc"].map(&mut text);
        let [body, names] = ["body", "names"].map(text);
        let key = tantivy::schema::BytesOptions::default().set_indexed();
        let fast = tantivy::schema::NumericOptions::default().set_fast();
        let [account, mailbox, message, position] =
            ["account", "mailbox", "message", "position"].map(|name| schema.add_bytes_field(name, key.clone()));
        let modseq = schema.add_u64_field(MODSEQ, fast.clone());
        let place = schema.add_u64_field(PLACE, fast.clone());
        let received = schema.add_i64_field(RECEIVED, fast);
        let attached = schema.add_u64_field("attached", INDEXED);
        let schema = schema.build();
        Self {
            schema,
            account,
            mailbox,
            message,
            position,
            modseq,
            place,
            received,
            attached,
            subject,
            from,
            to,
            cc,
            bcc,
            body,
            names,
        }
    }

    /// The fields that a part stands for, with what a hit in them is worth.
    pub(crate) fn of(&self, part: Part) -> Vec<(Field, f32)> {
        match part {
            Part::Subject => vec![(self.subject, 1.0)],
            Part::From => vec![(self.from, 1.0)],
            Part::To => vec![(self.to, 1.0)],
            Part::Cc => vec![(self.cc, 1.0)],
            Part::Bcc => vec![(self.bcc, 1.0)],
            Part::Body => vec![(self.body, 1.0)],
            Part::Text => vec![
                (self.subject, 4.0),
                (self.from, 3.0),
                (self.to, 2.0),
                (self.cc, 2.0),
                (self.bcc, 2.0),
                (self.names, 2.0),
                (self.body, 1.0),
            ],
        }
    }

    pub(crate) fn account_term(&self, account: AccountId) -> Term {
        Term::from_field_bytes(self.account, &account.0.to_be_bytes())
    }

    pub(crate) fn mailbox_term(&self, account: AccountId, mailbox: MailboxId) -> Term {
        Term::from_field_bytes(self.mailbox, &mailbox_key(account, mailbox))
    }

    pub(crate) fn message_term(&self, account: AccountId, mailbox: MailboxId, uid: Uid) -> Term {
        Term::from_field_bytes(self.message, &message_key(account, mailbox, uid))
    }

    pub(crate) fn position_term(&self, account: AccountId) -> Term {
        Term::from_field_bytes(self.position, &account.0.to_be_bytes())
    }
}

pub(crate) fn mailbox_key(account: AccountId, mailbox: MailboxId) -> [u8; 12] {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&account.0.to_be_bytes());
    key[8..].copy_from_slice(&mailbox.0.to_be_bytes());
    key
}

pub(crate) fn message_key(account: AccountId, mailbox: MailboxId, uid: Uid) -> [u8; 16] {
    let mut key = [0; 16];
    key[..12].copy_from_slice(&mailbox_key(account, mailbox));
    key[12..].copy_from_slice(&uid.to_be_bytes());
    key
}

/// Mailbox and UID as one number, in whose order UIDs of a mailbox ascend.
pub(crate) fn place(mailbox: MailboxId, uid: Uid) -> u64 {
    u64::from(mailbox.0) << 32 | u64::from(uid)
}

/// What [`place`] was made of.
pub(crate) fn of_place(place: u64) -> (MailboxId, Uid) {
    (MailboxId((place >> 32) as u32), place as u32)
}
