//! What can go wrong: only the machine. What cannot be asked is a fact, not an error.

/// Errors of the filter.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}
