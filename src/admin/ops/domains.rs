//! Domains.

use super::address;
use crate::{Context, OpError};
use directory::domain::Domain;
use serde::{Deserialize, Serialize};

/// A domain with what it holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DomainView {
    /// Name.
    pub name: String,
    /// Takes mail for unknown local parts.
    pub catch_all: Option<String>,
    /// Quota of new accounts, bytes.
    pub account_quota: Option<u64>,
    /// Bound on all accounts together, bytes.
    pub quota: Option<u64>,
    /// Number of accounts.
    pub accounts: usize,
    /// Number of aliases.
    pub aliases: usize,
    /// Bytes that its accounts use.
    pub bytes: u64,
    /// When it was made, milliseconds since 1970.
    pub created: i64,
}

/// A domain to be added.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DomainAdd {
    /// Name.
    pub name: String,
    /// Takes mail for unknown local parts.
    #[serde(default)]
    pub catch_all: Option<String>,
    /// Quota of new accounts, bytes.
    #[serde(default)]
    pub account_quota: Option<u64>,
    /// Bound on all accounts together, bytes.
    #[serde(default)]
    pub quota: Option<u64>,
}

/// What to change of a domain; what is left out stays. An inner `None` takes the value away.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DomainSet {
    /// Name.
    pub name: String,
    /// Takes mail for unknown local parts; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_all: Option<String>,
    /// Quota of new accounts, bytes; 0 for unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_quota: Option<u64>,
    /// Bound on all accounts together, bytes; 0 for unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<u64>,
}

/// All domains, by name.
///
/// # Errors
/// Machine faults.
pub fn list(context: &Context) -> Result<Vec<DomainView>, OpError> {
    context.directory.domains()?.into_iter().map(|domain| view(context, domain)).collect()
}

/// The names of all domains, which cost less than [`list`].
///
/// # Errors
/// Machine faults.
pub fn names(context: &Context) -> Result<Vec<String>, OpError> {
    Ok(context.directory.domains()?.into_iter().map(|domain| domain.name).collect())
}

/// One domain.
///
/// # Errors
/// [`OpError::NotFound`]
pub fn show(context: &Context, name: &str) -> Result<DomainView, OpError> {
    view(context, context.directory.domain(name)?)
}

/// Adds a domain.
///
/// # Errors
/// [`OpError::Exists`], [`OpError::Invalid`].
pub async fn add(context: &Context, add: DomainAdd) -> Result<DomainView, OpError> {
    let catch_all = add.catch_all.as_deref().filter(|text| !text.is_empty()).map(address).transpose()?;
    let mut domain = context.directory.domain_add(add.name.trim()).await?;
    if catch_all.is_some() || add.account_quota.is_some() || add.quota.is_some() {
        domain.catch_all = catch_all;
        domain.account_quota = add.account_quota.filter(|&bytes| bytes > 0);
        domain.quota = add.quota.filter(|&bytes| bytes > 0);
        context.directory.domain_update(domain.clone()).await?;
    }
    tracing::info!(domain = domain.name, "domain added");
    view(context, domain)
}

/// Changes a domain.
///
/// # Errors
/// [`OpError::NotFound`], [`OpError::Invalid`].
pub async fn set(context: &Context, set: DomainSet) -> Result<DomainView, OpError> {
    let mut domain = context.directory.domain(&set.name)?;
    if let Some(text) = set.catch_all {
        domain.catch_all = if text.trim().is_empty() { None } else { Some(address(&text)?) };
    }
    if let Some(bytes) = set.account_quota {
        domain.account_quota = Some(bytes).filter(|&bytes| bytes > 0);
    }
    if let Some(bytes) = set.quota {
        domain.quota = Some(bytes).filter(|&bytes| bytes > 0);
    }
    context.directory.domain_update(domain.clone()).await?;
    view(context, domain)
}

/// Removes a domain without accounts.
///
/// # Errors
/// [`OpError::NotFound`]; [`OpError::Invalid`] while it has accounts.
pub async fn remove(context: &Context, name: &str) -> Result<(), OpError> {
    context.directory.domain_remove(name).await?;
    tracing::info!(domain = name, "domain removed");
    Ok(())
}

fn view(context: &Context, domain: Domain) -> Result<DomainView, OpError> {
    let accounts = context.directory.accounts(Some(&domain.name))?;
    let mut bytes = 0;
    for account in &accounts {
        bytes += context.store().usage(account.id)?.bytes;
    }
    Ok(DomainView {
        accounts: accounts.len(),
        aliases: context.directory.aliases(Some(&domain.name))?.len(),
        bytes,
        name: domain.name,
        catch_all: domain.catch_all.map(|address| address.to_string()),
        account_quota: domain.account_quota,
        quota: domain.quota,
        created: domain.created,
    })
}
