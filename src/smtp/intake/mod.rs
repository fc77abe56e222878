//! The one road of a message into the store: envelope and bytes in, one durable commit out.
//!
//! Layout: [`recipient`] from an address to the mailboxes and next hops it stands for, [`header`] the fields that a
//! server adds, counts and takes out, [`prepare`] everything that is done before the commit, `rules` what the recipients'
//! scripts want done, and the commit itself.
//!
//! Invariants: hashing, compressing and summarising happen once a message and outside the commit; one mailbox gets one
//! copy however many of its addresses were named; a quota is checked where commits are ordered, so two messages cannot
//! both take the last room.

pub mod header;
pub mod prepare;
pub mod recipient;
mod rules;

pub use prepare::Prepared;
pub use recipient::{Recipient, Refusal};

use crate::Error;
use bytes::{BufMut, Bytes, BytesMut};
use directory::Directory;
use mail::{address::ReversePath, summary::Summary};
pub use sieve::{Origin, Spam, Virus};
use std::sync::Arc;
use store::{
    AccountId, Terms, TraceId,
    trace::{Step, TraceEvent},
};

/// Times that scripts are run anew because another message was remembered meanwhile.
const OVERTAKEN_MAX: usize = 20;

/// A message on its way in.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// Envelope sender.
    pub reverse_path: ReversePath,
    /// Envelope recipients, resolved.
    pub recipients: Vec<Recipient>,
    /// The account that submits it.
    pub account: Option<AccountId>,
    /// Whether the message needs SMTPUTF8 on its way out.
    pub utf8: bool,
    /// Whether it needs 8BITMIME on its way out.
    pub eight_bit: bool,
    /// Follows the message over all hops.
    pub trace: TraceId,
    /// When it came, milliseconds since 1970.
    pub at: i64,
    /// [`Step::Received`] or [`Step::Submitted`]; `None` when earlier hops have told so already.
    pub step: Option<Step>,
    /// Client and server in words, for the trace.
    pub detail: String,
    /// Whether quotas count. They do not for notifications that the server itself writes.
    pub quota: bool,
    /// Where it comes from and what was found about it, for the recipients' scripts.
    pub origin: Origin,
    /// What was agreed on for the message as a whole; [`Recipient::terms`] has what is each recipient's own.
    pub terms: Terms,
    /// The bytes.
    pub message: Message,
}

/// The bytes of a message with the Return-Path header in front. Local mailboxes get all, next hops get it without the
/// Return-Path (RFC 5321 section 4.4), and both without copying.
#[derive(Debug, Clone)]
pub struct Message {
    bytes: Bytes,
    return_path_bytes: usize,
    seen: Option<Seen>,
}

/// What the filter has seen of a message.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Summary of the text as it came.
    pub summary: Arc<Summary>,
    /// For the recipients' scripts.
    pub spam: Spam,
    /// For the recipients' scripts.
    pub virus: Virus,
    /// The verdict, for the trace.
    pub words: String,
}

/// A message being received, its own headers in front.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Return-Path, headers added here, and then the text as it comes.
    pub bytes: BytesMut,
    /// What the filter has seen of the text; its summary is brought up to date by [`Draft::finish`].
    pub seen: Option<Seen>,
    return_path_bytes: usize,
    added_bytes: usize,
    /// Bytes of the text that [`Draft::edit`] took out.
    cut_bytes: usize,
}

impl Draft {
    /// Begins a message: Return-Path, then `added` (whole header fields, CRLF at the end), with room for `room` bytes.
    pub fn new(reverse_path: &ReversePath, added: &str, room: usize) -> Self {
        let path = reverse_path.0.as_ref().map(mail::address::Address::to_wire).unwrap_or_default();
        let mut bytes = BytesMut::with_capacity(path.len() + added.len() + room + 32);
        bytes.put_slice(b"Return-Path: <");
        bytes.put_slice(path.as_bytes());
        bytes.put_slice(b">\r\n");
        let return_path_bytes = bytes.len();
        bytes.put_slice(added.as_bytes());
        let added_bytes = bytes.len() - return_path_bytes;
        Self { bytes, seen: None, return_path_bytes, added_bytes, cut_bytes: 0 }
    }

    /// The text as it came, without the headers added here.
    pub fn text(&self) -> &[u8] {
        &self.bytes[self.return_path_bytes + self.added_bytes..]
    }

    /// Puts header fields between ours and the text, and takes `cut` ranges (of the text, ascending) out of it.
    pub fn edit(&mut self, fields: &str, cut: &[std::ops::Range<usize>]) {
        if fields.is_empty() && cut.is_empty() {
            return;
        }
        let front = self.return_path_bytes + self.added_bytes;
        let mut edited = BytesMut::with_capacity(self.bytes.len() + fields.len());
        edited.put_slice(&self.bytes[..front]);
        edited.put_slice(fields.as_bytes());
        let text = self.text();
        let mut at = 0;
        for range in cut {
            edited.put_slice(&text[at..range.start]);
            at = range.end;
        }
        edited.put_slice(&text[at..]);
        self.bytes = edited;
        self.added_bytes += fields.len();
        self.cut_bytes += cut.iter().map(ExactSizeIterator::len).sum::<usize>();
    }

    /// The finished message.
    pub fn finish(self) -> Message {
        let change = (self.return_path_bytes + self.added_bytes) as i64 - self.cut_bytes as i64;
        let seen = self.seen.map(|seen| {
            let summary = Arc::unwrap_or_clone(seen.summary).with_header_changed(change);
            Seen { summary: Arc::new(summary), ..seen }
        });
        Message { bytes: self.bytes.freeze(), return_path_bytes: self.return_path_bytes, seen }
    }
}

impl Message {
    /// As it is kept in mailboxes.
    pub fn local(&self) -> &Bytes {
        &self.bytes
    }
    /// What the filter has seen of it.
    pub fn seen(&self) -> Option<&Seen> {
        self.seen.as_ref()
    }
    /// As it goes to other servers.
    pub fn relayed(&self) -> Bytes {
        self.bytes.slice(self.return_path_bytes..)
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accepted {
    /// Mailboxes that got it.
    pub delivered: usize,
    /// Entries put into the queue.
    pub queued: usize,
}

/// Takes a message in: one commit with all mailbox entries, queue entries and trace events.
///
/// Mailboxes found full at the commit get the message through the queue, which tries again and in the end tells the
/// sender; only when nobody has room is it refused.
///
/// # Errors
/// See [`Error`]; nothing has been written then.
pub async fn accept(directory: &Directory, incoming: Incoming) -> Result<Accepted, Error> {
    let incoming = std::sync::Arc::new(incoming);
    let mut full = Vec::new();
    let mut overtaken = 0;
    // Each round adds accounts to `full` or counts, so the number of rounds is bounded by that of the recipients.
    loop {
        let mut prepared = Prepared::new(directory, std::sync::Arc::clone(&incoming), &full).await?;
        let bodies = prepared.take_bodies();
        let result = directory.store().commit(bodies, move |tx| prepared.apply(tx)).await;
        match result {
            Err(Error::Full(accounts)) if !incoming.covers_all(&full, &accounts) => full.extend(accounts),
            Err(Error::Full(accounts)) => return Err(incoming.all_full(&accounts)),
            Err(Error::Overtaken) if overtaken < OVERTAKEN_MAX => overtaken += 1,
            other => return other,
        }
    }
}

impl Incoming {
    /// An event of its trace.
    fn event(&self, step: Step, recipients: Vec<String>, detail: &str) -> TraceEvent {
        TraceEvent {
            at: self.at,
            step,
            reverse_path: self.reverse_path.to_string(),
            recipients,
            detail: detail.to_owned(),
        }
    }

    /// Whether nobody is left to take the message when these accounts have no room.
    fn covers_all(&self, full: &[AccountId], more: &[AccountId]) -> bool {
        more.iter().all(|account| full.contains(account))
            || self.recipients.iter().all(|recipient| {
                recipient.remote.is_empty()
                    && recipient
                        .accounts
                        .iter()
                        .all(|target| full.contains(&target.account) || more.contains(&target.account))
            })
    }

    fn all_full(&self, accounts: &[AccountId]) -> Error {
        let size = self.message.local().len() as u64;
        let alone = self
            .recipients
            .iter()
            .flat_map(|recipient| &recipient.accounts)
            .filter(|target| accounts.contains(&target.account))
            .all(|target| target.bytes_max.is_some_and(|max| size > max));
        Error::AllFull { alone }
    }
}

/// Milliseconds since 1970 by the system's clock.
pub fn now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |elapsed| i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}
