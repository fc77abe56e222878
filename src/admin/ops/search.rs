//! The full-text index: how far it is, and making it anew.

use crate::{Context, OpError};
use ::search::{Index, Options};
use serde::{Deserialize, Serialize};

/// How far the index is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchStatus {
    /// Messages that it holds.
    pub messages: u64,
    /// Accounts of which it does not hold everything.
    pub pending_accounts: u64,
    /// For how long that has been so, milliseconds.
    pub behind_ms: u64,
    /// Its bytes on the disk.
    pub bytes: u64,
    /// Why the one before it was set aside, if it was.
    pub set_aside: Option<String>,
    /// Why it does not get on, if that is so.
    pub failing: Option<String>,
}

/// How far it is; with `wait`, once it holds what is in the store now.
///
/// # Errors
/// [`OpError::Machine`] when there can be none.
pub async fn status(context: &Context, wait: bool) -> Result<SearchStatus, OpError> {
    with_index(context, wait, |_| {}).await
}

/// Makes it anew from the store; with `wait`, returns when that is done. Without a server it always is.
///
/// # Errors
/// [`OpError::Machine`] when there can be none.
pub async fn rebuild(context: &Context, wait: bool) -> Result<SearchStatus, OpError> {
    with_index(context, wait || context.search.is_none(), Index::rebuild).await
}

/// The index of the server, or where none runs, the one on the disk.
async fn with_index(context: &Context, wait: bool, work: fn(&Index)) -> Result<SearchStatus, OpError> {
    if let Some(index) = &context.search {
        work(index);
        if wait {
            index.caught_up().await;
        }
        return Ok(told(index));
    }
    let dir = context.settings().data_dir.join("search");
    let index = Index::open(&dir, context.store(), Options::default()).map_err(machine)?;
    if !wait {
        return Ok(told(&index));
    }
    index.start().map_err(machine)?;
    work(&index);
    index.caught_up().await;
    let status = told(&index);
    let closing = tokio::task::spawn_blocking(move || index.close()).await;
    closing.map_err(|error| OpError::Machine(format!("the search index: {error}")))?;
    Ok(status)
}

// It takes what `map_err` hands over.
#[expect(clippy::needless_pass_by_value)]
fn machine(error: ::search::Error) -> OpError {
    OpError::Machine(error.to_string())
}

fn told(index: &Index) -> SearchStatus {
    let ::search::Status { messages, pending_accounts, behind_ms, bytes, set_aside, failing } = index.status();
    SearchStatus { messages, pending_accounts, behind_ms, bytes, set_aside, failing }
}
