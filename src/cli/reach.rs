//! Doing an operation: by the running server over its control socket, or on the store itself when none runs.

use crate::{args::Global, compose};
use admin::{control, ops, ops::Operation};
use serde_json::Value;

/// Does it.
pub(crate) async fn perform(global: &Global, operation: Operation) -> anyhow::Result<Value> {
    let (file, settings) = global.settings()?;
    if let Some(outcome) = control::call(&control::path(&settings.data_dir), &operation).await {
        return Ok(outcome?);
    }
    let context = compose::offline(settings, file).await?;
    let outcome = ops::perform(&context, operation).await;
    context.store().close().await;
    Ok(outcome?)
}
