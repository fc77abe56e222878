//! Why a message is not taken in.

use store::AccountId;

/// Errors of [`crate::intake`]. [`crate::proto::reply`] turns them into what the client is told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The message has passed too many servers: it goes in circles.
    #[error("the message has been through {0} servers: mail loop")]
    Loop(usize),
    /// No mailbox and no next hop is left to take it.
    #[error("the message has no recipient")]
    NoRecipient,
    /// These accounts have no room for the message at the time of the commit.
    #[error("no room in {} mailboxes", .0.len())]
    Full(Vec<AccountId>),
    /// Every recipient's mailbox is full; `alone` when the message would not even fit into an empty one.
    #[error("the mailbox is full")]
    AllFull {
        /// Whether it can never fit.
        alone: bool,
    },
    /// Every recipient's script refuses it, with this reason (RFC 5429).
    #[error("refused by the recipient: {0}")]
    Rejected(String),
    /// Another message was remembered while a script ran: it is to be run again.
    #[error("another message came at the same time")]
    Overtaken,
    /// The store failed: a machine fault, to be answered with a temporary failure.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The directory failed: as for the store.
    #[error(transparent)]
    Directory(#[from] directory::Error),
    /// A script could not be run for a fault of the machine: as for the store.
    #[error(transparent)]
    Sieve(#[from] sieve::Error),
    /// A task was lost, which only happens when the process ends.
    #[error("the work was interrupted")]
    Interrupted,
}
