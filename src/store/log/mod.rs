//! The log: append-only segments of checksummed records, and the one thread that writes them. A commit is durable when the
//! fdatasync after its record has returned, and not before.

pub(crate) mod committer;
pub(crate) mod read;
pub(crate) mod record;
pub(crate) mod recover;
pub(crate) mod restore;
pub(crate) mod rewrite;
pub(crate) mod segment;
pub(crate) mod store;
pub(crate) mod writer;
