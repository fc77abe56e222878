//! Aliases: an address that leads to one or many others, here or elsewhere.

use crate::{Directory, Error};
use mail::address::Address;
use serde::{Deserialize, Serialize};

/// An alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The address, in a local domain.
    pub address: Address,
    /// Where it leads, at least one.
    pub targets: Vec<Address>,
}

impl Directory {
    /// Aliases, by address; of one domain, or all.
    ///
    /// # Errors
    /// Machine faults.
    pub fn aliases(&self, _domain: Option<&str>) -> Result<Vec<Alias>, Error> {
        todo!()
    }
    /// Adds or replaces an alias.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the domain; [`Error::Exists`] where an account has the address; [`Error::Invalid`] for none or too many targets, or a loop.
    pub async fn alias_put(&self, _alias: Alias) -> Result<(), Error> {
        todo!()
    }
    /// Removes an alias.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub async fn alias_remove(&self, _address: &Address) -> Result<(), Error> {
        todo!()
    }
}
