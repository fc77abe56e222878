//! What is kept for a time only: expunged messages and trace events. Old history goes as it grows, old segments and snapshots
//! go by the threads of the log; this is the part that needs the time of day.

use crate::{Error, Store, account::now_ms};
use std::time::Duration;

/// Rows let go by one commit, so that mail does not wait long for it.
const ROWS_PER_COMMIT: usize = 1000;
/// Time between two passes.
const EXPIRE_EVERY: Duration = Duration::from_secs(3600);
const DAY_MS: i64 = 24 * 3600 * 1000;

/// What a pass let go of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    /// Expunged messages.
    pub messages: u64,
    /// Trace events.
    pub traces: u64,
}

impl Store {
    /// Lets go of expunged messages and trace events from before `before`, milliseconds since 1970, in commits of bounded size.
    ///
    /// # Errors
    /// Machine faults; what was done until then stands.
    pub async fn expire(&self, before: i64) -> Result<Expired, Error> {
        let mut expired = Expired::default();
        loop {
            let (messages, traces) = self
                .commit(Vec::new(), move |tx| {
                    Ok::<_, Error>((tx.vault_purge(before, ROWS_PER_COMMIT)?, tx.trace_purge(before, ROWS_PER_COMMIT)?))
                })
                .await?;
            expired.messages += messages as u64;
            expired.traces += traces as u64;
            if messages.max(traces) < ROWS_PER_COMMIT {
                return Ok(expired);
            }
        }
    }

    /// Runs [`Store::expire`] at once and then each hour with what is older than `keep_days`, until the store takes no more
    /// commits. Spawn it beside the services; dropping it loses nothing.
    pub async fn maintain(&self, keep_days: u32) {
        loop {
            let before = now_ms().saturating_sub(i64::from(keep_days).saturating_mul(DAY_MS));
            match self.expire(before).await {
                Ok(Expired { messages: 0, traces: 0 }) => {}
                Ok(Expired { messages, traces }) => tracing::info!(messages, traces, "store: expired"),
                Err(Error::Stopped(_)) => return,
                // A full disk, say: the next pass tries again.
                Err(error) => tracing::warn!(%error, "store: expiry failed"),
            }
            tokio::time::sleep(EXPIRE_EVERY).await;
        }
    }
}
