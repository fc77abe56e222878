//! What can go wrong in the store.

/// Errors of the store. The first group is the caller's or the peer's fault, the second group is the machine's: answer it with a
/// temporary failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such account, mailbox, message or entry.
    #[error("{0} does not exist")]
    NotFound(&'static str),
    /// The name is taken.
    #[error("{0} exists already")]
    Exists(&'static str),
    /// The name or value is not allowed.
    #[error("{0}")]
    Invalid(String),
    /// A bound of [`config::Limits`](../config) was met.
    #[error("limit reached: {0}")]
    Limit(&'static str),

    /// The disk is full. Acceptance resumes by itself when space returns.
    #[error("the disk is full")]
    DiskFull,
    /// A write failed; nothing more is accepted until a restart has read back what the disk holds.
    #[error("the store stopped accepting writes: {0}")]
    Stopped(String),
    /// Another process holds the store.
    #[error("the store in {} is held by process {holder}", dir.display())]
    Locked {
        /// Folder of the store.
        dir: std::path::PathBuf,
        /// Process id, or `unknown`.
        holder: String,
    },
    /// The store was written by a newer version.
    #[error("the store has format {found}, this program reads up to {known}: use a newer gatepost")]
    TooNew {
        /// Version found.
        found: u32,
        /// Newest version known.
        known: u32,
    },
    /// Something that was written is damaged.
    #[error("damaged: {0}")]
    Damaged(String),
    /// Reading or writing failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The index engine failed.
    #[error("index: {0}")]
    Index(String),
}
