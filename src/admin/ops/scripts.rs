//! Sieve scripts of accounts: an admin looks at them, writes one for somebody, and stops one that does harm.

use super::address;
use crate::{Context, OpError};
use serde::{Deserialize, Serialize};
use store::AccountId;

/// A script as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Script {
    /// Name.
    pub name: String,
    /// Bytes of its text.
    pub size: u32,
    /// When it was written, milliseconds since 1970.
    pub modified: i64,
    /// Whether it runs.
    pub active: bool,
}

/// A script to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptPut {
    /// The account.
    pub address: String,
    /// Name of the script; one of this name is replaced.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Whether it runs from now on.
    pub activate: bool,
}

/// The scripts of an account.
///
/// # Errors
/// [`OpError::NotFound`]
pub fn list(context: &Context, text: &str) -> Result<Vec<Script>, OpError> {
    let account = account(context, text)?;
    let script = |script: store::Script| Script {
        name: script.name,
        size: script.size,
        modified: script.modified,
        active: script.active,
    };
    Ok(context.store().scripts(account)?.into_iter().map(script).collect())
}

/// The text of a script.
///
/// # Errors
/// [`OpError::NotFound`]
pub fn show(context: &Context, text: &str, name: &str) -> Result<String, OpError> {
    let account = account(context, text)?;
    let script = context.store().script_text(account, name)?;
    script.ok_or_else(|| OpError::NotFound(format!("{text} has no script \"{name}\"")))
}

/// Writes a script that has been found valid.
///
/// # Errors
/// [`OpError::NotFound`], [`OpError::Invalid`] with each fault and its line.
pub async fn put(context: &Context, put: ScriptPut) -> Result<(), OpError> {
    let account = account(context, &put.address)?;
    let ScriptPut { address, name, text, activate } = put;
    let checked = text.clone();
    let valid = tokio::task::spawn_blocking(move || sieve::script::compile(&checked).map(|_| ())).await;
    match valid {
        Ok(Ok(())) => {}
        Ok(Err(faults)) => {
            let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
            return Err(OpError::Invalid(format!("the script is not valid: {}", faults.join("; "))));
        }
        Err(error) => return Err(OpError::Invalid(format!("the script cannot be read: {error}"))),
    }
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let at = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    let written = name.clone();
    let work = move |tx: &mut store::Tx<'_>| {
        tx.script_put(account, &written, &text, at)?;
        if activate { tx.script_activate(account, Some(&written)) } else { Ok(()) }
    };
    context.store().commit(Vec::new(), work).await?;
    tracing::info!(account = address, script = name, activate, "script written by an admin");
    Ok(())
}

/// Sets the script that runs; `None` for none.
///
/// # Errors
/// [`OpError::NotFound`]
pub async fn activate(context: &Context, text: &str, name: Option<String>) -> Result<(), OpError> {
    let account = account(context, text)?;
    let wanted = name.clone();
    let work = move |tx: &mut store::Tx<'_>| tx.script_activate(account, wanted.as_deref());
    context.store().commit(Vec::new(), work).await?;
    tracing::info!(account = text, script = name.unwrap_or_default(), "active script set by an admin");
    Ok(())
}

fn account(context: &Context, text: &str) -> Result<AccountId, OpError> {
    Ok(context.directory.account_by_address(&address(text)?)?.id)
}
