//! What can go wrong with the index. None of it is anybody's loss: the index is derived.

use std::any::Any;

/// Why the index did not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store did not answer.
    #[error("the search index could not read the store: {0}")]
    Store(#[from] store::Error),
    /// The disk did not answer, or is full: it may later.
    #[error("the search index: {0}")]
    Io(std::io::Error),
    /// What is on the disk is not the index that was written: it is set aside and built anew.
    #[error("the search index is damaged: {0}")]
    Damaged(String),
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<tantivy::TantivyError> for Error {
    fn from(error: tantivy::TantivyError) -> Self {
        use std::io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        match &error {
            tantivy::TantivyError::IoError(io)
                if matches!(io.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem | PermissionDenied) =>
            {
                Self::Io(std::io::Error::new(io.kind(), error.to_string()))
            }
            _ => Self::Damaged(error.to_string()),
        }
    }
}

/// Runs work that reads what is on the disk: a panic in it is damage, for only there anything can be what nobody wrote.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Error::Damaged(panic_text(&*panic))))
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_else(|| "a panic".into())
}
