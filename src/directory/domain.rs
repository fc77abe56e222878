//! Local domains.

use crate::{
    Directory, Error, now_ms,
    resolve::{self, Target, target},
    row::{self, AtAddress, Records as _},
};
use mail::address::Address;
use serde::{Deserialize, Serialize};

/// A domain whose mail is kept here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domain {
    /// Name, lower-case UTF-8.
    pub name: String,
    /// Takes mail for unknown local parts.
    pub catch_all: Option<Address>,
    /// Quota of new accounts, bytes; `None` is unlimited.
    pub account_quota: Option<u64>,
    /// Bound on all accounts of the domain together, bytes; `None` is unlimited.
    pub quota: Option<u64>,
    /// When it was made, milliseconds since 1970.
    pub created: i64,
}

impl Directory {
    /// All domains, by name.
    ///
    /// # Errors
    /// Machine faults.
    pub fn domains(&self) -> Result<Vec<Domain>, Error> {
        Ok(self.store().all(row::DOMAINS)?.into_iter().map(|(_, domain)| domain).collect())
    }

    /// One domain.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn domain(&self, name: &str) -> Result<Domain, Error> {
        let found = match normal(name) {
            Some(name) => self.store().domain_row(&name)?,
            None => None,
        };
        found.ok_or_else(|| missing(name))
    }

    /// Adds a domain (name in any case, as U- or A-labels).
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Invalid`].
    pub async fn domain_add(&self, name: &str) -> Result<Domain, Error> {
        let Some(normal) = normal(name) else {
            return Err(Error::Invalid(format!("{name} is not a domain name")));
        };
        let domain = Domain { name: normal, catch_all: None, account_quota: None, quota: None, created: now_ms() };
        let added = domain.clone();
        self.commit(move |tx| {
            if tx.domain_row(&domain.name)?.is_some() {
                return Err(Error::Exists(format!("domain {}", domain.name)));
            }
            row::put(tx, &row::domain(&domain.name), &domain)?;
            row::raise_version(tx)
        })
        .await?;
        tracing::info!(domain = added.name, "domain added");
        Ok(added)
    }

    /// Replaces catch-all and quotas.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`].
    pub async fn domain_update(&self, domain: Domain) -> Result<(), Error> {
        let name = normal(&domain.name).ok_or_else(|| missing(&domain.name))?;
        self.commit(move |tx| {
            let kept = tx.domain_row(&name)?.ok_or_else(|| missing(&name))?;
            if let Some(catch_all) = &domain.catch_all
                && target(tx, catch_all, false)? == Target::Unknown
            {
                return Err(Error::Invalid(format!("{catch_all} does not exist here, so it cannot take mail")));
            }
            let updated = Domain { name: kept.name, created: kept.created, ..domain.clone() };
            row::put(tx, &row::domain(&name), &updated)?;
            if let Some(catch_all) = &updated.catch_all {
                // An alias that leads to an unknown address of the domain would lead back to itself.
                resolve::follow(tx, catch_all)?;
            }
            row::raise_version(tx)
        })
        .await
    }

    /// Removes a domain without accounts; its aliases go with it.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] while it has accounts.
    pub async fn domain_remove(&self, name: &str) -> Result<(), Error> {
        let name = normal(name).ok_or_else(|| missing(name))?;
        let removed = name.clone();
        self.commit(move |tx| {
            tx.domain_row(&name)?.ok_or_else(|| missing(&name))?;
            let rows = tx.all::<AtAddress>(&row::addresses_of(&name))?;
            let accounts = rows.iter().filter(|(_, at)| matches!(at, AtAddress::Account(_))).count();
            if accounts > 0 {
                return Err(Error::Invalid(format!("{name} still has {accounts} accounts: remove them first")));
            }
            rows.iter().for_each(|(key, _)| tx.record_remove(key));
            tx.record_remove(&row::domain(&name));
            tx.record_remove(&row::dkim(&name));
            row::raise_version(tx)
        })
        .await?;
        tracing::info!(domain = removed, "domain removed");
        Ok(())
    }
}

pub(crate) fn missing(name: &str) -> Error {
    Error::NotFound(format!("domain {name}"))
}

/// Lower-case U-labels; `None` where it is no domain name.
pub(crate) fn normal(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let address: Address = format!("postmaster@{name}").parse().ok()?;
    (!address.domain().starts_with('[')).then(|| address.domain().to_owned())
}
