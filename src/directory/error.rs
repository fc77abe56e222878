//! What can go wrong when the directory is changed.

/// Errors. Texts name what was wrong and are fit to be shown to an admin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there.
    #[error("{0} does not exist")]
    NotFound(String),
    /// There already.
    #[error("{0} exists already")]
    Exists(String),
    /// Not allowed.
    #[error("{0}")]
    Invalid(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}
