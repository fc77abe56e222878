//! What can go wrong in an operation on the queue.

/// Errors of operations and of commits. Failed deliveries are no errors but the queue's daily work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such entry.
    #[error("the queue has no such entry")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The directory failed.
    #[error(transparent)]
    Directory(#[from] directory::Error),
    /// A notification could not be made or kept.
    #[error(transparent)]
    Intake(#[from] smtp::Error),
    /// A recipient here cannot take the message.
    #[error(transparent)]
    Refused(#[from] smtp::intake::Refusal),
}
