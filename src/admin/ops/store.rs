//! The store itself: its figures, and reading all of it back.

use crate::{Context, OpError};
use serde::{Deserialize, Serialize};

/// Figures of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreStats {
    /// Number of the newest commit.
    pub commits: u64,
    /// Commits that the index does not have yet.
    pub index_lag: u64,
    /// Segments of the log.
    pub segments: u64,
    /// Their bytes.
    pub segment_bytes: u64,
    /// Bytes of messages that something refers to, as they are kept.
    pub live_bytes: u64,
    /// Duration of the last write to disk, microseconds.
    pub fsync_micros: u64,
    /// Why nothing is accepted, if that is so.
    pub stopped: Option<String>,
    /// Accounts of which the full-text index does not hold everything; `None` where no server runs.
    pub search_pending_accounts: Option<u64>,
}

/// What was read, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreVerified {
    /// Commits read.
    pub commits: u64,
    /// Message bodies read.
    pub bodies: u64,
    /// Bytes read.
    pub bytes: u64,
    /// What is wrong, in words; empty when all is well.
    pub problems: Vec<String>,
}

/// Figures of the store.
///
/// # Errors
/// Machine faults.
pub fn stats(context: &Context) -> Result<StoreStats, OpError> {
    let stats = context.store().stats()?;
    Ok(StoreStats {
        commits: stats.last_commit,
        index_lag: stats.last_commit.saturating_sub(stats.applied_commit),
        segments: stats.segments,
        segment_bytes: stats.segment_bytes,
        live_bytes: stats.live_bytes,
        fsync_micros: stats.fsync_micros,
        stopped: context.store().stopped(),
        search_pending_accounts: context.search.as_ref().map(|index| index.status().pending_accounts),
    })
}

/// Reads the whole store back, off the async threads; `progress` is told how far it has come. The server goes on meanwhile.
///
/// # Errors
/// Machine faults; damage is told in the result.
pub async fn verify(
    context: &Context,
    mut progress: impl FnMut(store::Progress) + Send + 'static,
) -> Result<StoreVerified, OpError> {
    let store = context.store().clone();
    let work = tokio::task::spawn_blocking(move || store.verify(&mut progress));
    let verified = work.await.map_err(|error| OpError::Machine(format!("verification: {error}")))??;
    Ok(StoreVerified {
        commits: verified.commits,
        bodies: verified.bodies,
        bytes: verified.bytes,
        problems: verified.problems,
    })
}
