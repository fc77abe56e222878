//! Local domains.

use crate::{Directory, Error};
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
        todo!()
    }
    /// One domain.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn domain(&self, _name: &str) -> Result<Domain, Error> {
        todo!()
    }
    /// Adds a domain (name in any case, as U- or A-labels).
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Invalid`].
    pub async fn domain_add(&self, _name: &str) -> Result<Domain, Error> {
        todo!()
    }
    /// Replaces catch-all and quotas.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`].
    pub async fn domain_update(&self, _domain: Domain) -> Result<(), Error> {
        todo!()
    }
    /// Removes a domain without accounts; its aliases go with it.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] while it has accounts.
    pub async fn domain_remove(&self, _name: &str) -> Result<(), Error> {
        todo!()
    }
}
