//! What shall be done with a message for one recipient. Plain data: intake does it in its commit.

use bytes::Bytes;
use mail::address::{Address, ReversePath};
use store::{Flags, Role, script::Memory};

/// What a script, or what there is in its place, wants done.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Mailboxes that get the message, none twice. Empty: it is discarded here.
    pub filings: Vec<Filing>,
    /// Messages to be sent.
    pub outgoing: Vec<Outgoing>,
    /// The message is refused for this reason (RFC 5429).
    pub reject: Option<String>,
    /// What was looked up, and what is to be remembered.
    pub memories: Vec<Remembered>,
    /// The script failed: why, in words for its owner.
    pub fault: Option<String>,
    /// Note to the owner about the fault, to be put into the Inbox; none when one was put lately.
    pub note: Option<Bytes>,
}

/// One copy of the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filing {
    /// Where.
    pub place: Place,
    /// With these flags.
    pub flags: Flags,
    /// The message as the script changed it; `None` when it did not.
    pub changed: Option<Bytes>,
}

/// Where a message is filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Where mail goes that no script says anything about.
    Keep,
    /// The mailbox with a special use.
    Role(Role),
    /// A mailbox by name.
    Mailbox {
        /// Full name.
        name: String,
        /// Whether it is to be made when it is not there (RFC 5490 section 3.2).
        create: bool,
    },
}

/// A message to be sent.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Why.
    pub kind: Kind,
    /// Envelope sender.
    pub reverse_path: ReversePath,
    /// Envelope recipient.
    pub to: Address,
    /// The message, without Return-Path.
    pub message: Bytes,
}

/// Why a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `redirect`
    Redirect,
    /// `vacation`
    Vacation,
}

/// Something that a script asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// What stands for it.
    pub memory: Memory,
    /// Whether it was remembered when the script ran. Intake looks again in its commit: two copies of a message that come
    /// at the same time must not both be the first.
    pub was: bool,
    /// Until when it is to be remembered, milliseconds since 1970; `None` leaves it as it is.
    pub lapses: Option<i64>,
}

impl Outcome {
    /// The message is kept as if there were no script.
    pub fn keep() -> Self {
        Self { filings: vec![Filing::keep()], ..Self::default() }
    }

    /// The script failed: the message is kept, whatever else the script had done until then is dropped.
    pub fn failed(fault: impl Into<String>) -> Self {
        Self { fault: Some(fault.into()), ..Self::keep() }
    }

    /// Whether nothing but a refusal is wanted, so that the sender's server can be told so.
    pub fn is_refusal(&self) -> bool {
        self.reject.is_some() && self.filings.is_empty() && self.outgoing.is_empty()
    }

    /// Adds a copy. A mailbox gets one, with the flags of both (RFC 5228 section 2.10.3).
    pub(crate) fn file(&mut self, filing: Filing) {
        match self.filings.iter_mut().find(|other| other.place.is_same(&filing.place)) {
            Some(other) => {
                other.flags.apply(store::FlagChange::Add, &filing.flags);
            }
            None => self.filings.push(filing),
        }
    }
}

impl Filing {
    /// A plain copy where mail goes.
    pub fn keep() -> Self {
        Self { place: Place::Keep, flags: Flags::default(), changed: None }
    }
}

impl Place {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Mailbox { name, .. }, Self::Mailbox { name: other, .. }) => name == other,
            _ => self == other,
        }
    }
}
