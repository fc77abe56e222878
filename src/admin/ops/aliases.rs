//! Aliases.

use super::address;
use crate::{Context, OpError};
use directory::alias::Alias;

/// Aliases by address; of one domain, or all.
///
/// # Errors
/// Machine faults.
pub fn list(context: &Context, domain: Option<&str>) -> Result<Vec<Alias>, OpError> {
    Ok(context.directory.aliases(domain)?)
}

/// Adds or replaces an alias.
///
/// # Errors
/// [`OpError::NotFound`] for the domain, [`OpError::Exists`] where an account has the address, [`OpError::Invalid`].
pub async fn put(context: &Context, text: &str, targets: &[String]) -> Result<Alias, OpError> {
    let targets = targets.iter().map(|text| address(text)).collect::<Result<_, _>>()?;
    let alias = Alias { address: address(text)?, targets };
    context.directory.alias_put(alias.clone()).await?;
    tracing::info!(alias = %alias.address, "alias set");
    Ok(alias)
}

/// Removes an alias.
///
/// # Errors
/// [`OpError::NotFound`]
pub async fn remove(context: &Context, text: &str) -> Result<(), OpError> {
    let address = address(text)?;
    context.directory.alias_remove(&address).await?;
    tracing::info!(alias = %address, "alias removed");
    Ok(())
}
