//! Aliases: an address that leads to one or many others, here or elsewhere.

use crate::{
    Directory, Error, domain,
    resolve::{self, Target, target},
    row::{self, AtAddress, Records},
};
use config::Limits;
use mail::address::Address;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use store::Tx;

/// Targets of one alias. A longer list is made of aliases that lead to aliases.
pub const TARGETS_MAX: usize = 200;

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
    pub fn aliases(&self, domain: Option<&str>) -> Result<Vec<Alias>, Error> {
        aliases(self.store(), domain)
    }

    /// Adds or replaces an alias.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the domain; [`Error::Exists`] where an account has the address; [`Error::Invalid`] for none
    /// or too many targets, a target that does not exist here, or a loop.
    pub async fn alias_put(&self, mut alias: Alias) -> Result<(), Error> {
        let mut seen = HashSet::new();
        alias.targets.retain(|target| seen.insert(target.key()));
        if alias.targets.is_empty() {
            return Err(Error::Invalid(format!("the alias {} needs a target", alias.address)));
        }
        if alias.targets.len() > TARGETS_MAX {
            return Err(Error::Invalid(format!("an alias has at most {TARGETS_MAX} targets")));
        }
        self.commit(move |tx| {
            let address = &alias.address;
            tx.domain_row(address.domain())?.ok_or_else(|| domain::missing(address.domain()))?;
            if let Some(AtAddress::Account(_)) = tx.at(address.local(), address.domain())? {
                return Err(Error::Exists(format!("account {address}")));
            }
            row::put(tx, &row::address_key(address), &AtAddress::Alias(alias.clone()))?;
            for leads_to in &alias.targets {
                if target(tx, leads_to, true)? == Target::Unknown {
                    return Err(Error::Invalid(format!("{leads_to} does not exist here")));
                }
            }
            check_depth(tx, &alias)?;
            row::raise_version(tx)
        })
        .await
    }

    /// Removes an alias.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub async fn alias_remove(&self, address: &Address) -> Result<(), Error> {
        let address = address.clone();
        self.commit(move |tx| {
            let Some(AtAddress::Alias(_)) = tx.at(address.local(), address.domain())? else {
                return Err(Error::NotFound(format!("alias {address}")));
            };
            tx.record_remove(&row::address_key(&address));
            row::raise_version(tx)
        })
        .await
    }
}

pub(crate) fn aliases(records: &impl Records, domain: Option<&str>) -> Result<Vec<Alias>, Error> {
    let name = domain.map(|name| domain::normal(name).unwrap_or_default());
    let rows = records.addresses(name.as_deref())?;
    let alias = |at| match at {
        AtAddress::Alias(alias) => Some(alias),
        AtAddress::Account(_) => None,
    };
    Ok(rows.into_iter().filter_map(alias).collect())
}

/// Refuses loops, and chains that are longer with this alias than resolving follows. Only an alias that leads to aliases
/// can close a loop or join two chains, so only then all aliases are looked at.
fn check_depth(tx: &Tx<'_>, alias: &Alias) -> Result<(), Error> {
    // Follows the alias down; a loop through it is found on the way.
    resolve::follow(tx, &alias.address)?;
    let mut leads_to_alias = false;
    for leads_to in &alias.targets {
        leads_to_alias |= target(tx, leads_to, true)? == Target::Alias;
    }
    if !leads_to_alias {
        return Ok(());
    }
    let mut sources: HashMap<String, Vec<Address>> = HashMap::new();
    for other in aliases(tx, None)? {
        for leads_to in &other.targets {
            sources.entry(leads_to.key()).or_default().push(other.address.clone());
        }
    }
    let mut level = vec![alias.address.clone()];
    for _ in 0..Limits::ALIAS_DEPTH_MAX {
        let above: Vec<Address> = level.iter().filter_map(|address| sources.remove(&address.key())).flatten().collect();
        for source in &above {
            resolve::follow(tx, source)?;
        }
        level = above;
    }
    Ok(())
}
