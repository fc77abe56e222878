//! What can go wrong in sieve.

/// Errors of running scripts. That a script is wrong is none: see [`crate::script::outcome::Outcome::fault`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed: a machine fault.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The directory failed: as for the store.
    #[error(transparent)]
    Directory(#[from] directory::Error),
}
