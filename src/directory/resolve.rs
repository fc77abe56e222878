//! From an envelope recipient to where its mail goes.
//!
//! What is at an address is found in this order: the exact address, the address without its tag (`user` of `user+tag`), the
//! first admin for `postmaster` and `abuse` (RFC 5321 section 4.5.1, RFC 2142 section 4), the domain's catch-all.

use crate::{
    AccountState, Directory, Error, domain, locked,
    row::{AtAddress, Records},
};
use config::Limits;
use mail::address::Address;
use std::{
    collections::HashSet,
    time::{Duration, Instant},
};
use store::AccountId;

/// Addresses looked at for one recipient before it counts as a loop of lists.
const STEPS_MAX: usize = 5000;
/// Accounts of a domain whose use is added up anew each time.
const ACCOUNTS_SUMMED_MAX: usize = 100;
/// Time for which the sum of a larger domain is kept.
const USE_KEPT: Duration = Duration::from_secs(5);
/// Local parts that every domain has (RFC 5321 section 4.5.1, RFC 2142 section 4).
const RESERVED: [&str; 2] = ["postmaster", "abuse"];

/// Where mail for an address goes, with aliases, catch-all and sub-addresses (`user+tag`) followed to the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// To these accounts and these addresses elsewhere; at least one in all, none twice.
    Deliver {
        /// Local accounts with the address they were reached by.
        accounts: Vec<(AccountId, Address)>,
        /// Addresses elsewhere.
        remote: Vec<Address>,
    },
    /// The domain is not ours: relaying, for those who may.
    Remote,
    /// The domain is ours and has no such address (`550 5.1.1`).
    Unknown,
    /// The account is closed (`550 5.2.1`).
    Disabled,
}

impl Directory {
    /// Resolves a recipient.
    ///
    /// # Errors
    /// Machine faults; [`Error::Invalid`] for an alias loop.
    pub fn resolve(&self, recipient: &Address) -> Result<Resolution, Error> {
        if self.store().domain_row(recipient.domain())?.is_none() {
            return Ok(Resolution::Remote);
        }
        follow(self.store(), recipient)
    }

    /// Resolves `<postmaster>` without a domain: the first admin (RFC 5321 section 4.5.1).
    ///
    /// # Errors
    /// Machine faults.
    pub fn resolve_postmaster(&self) -> Result<Resolution, Error> {
        Ok(match first_admin(self.store())? {
            Some((id, address)) => Resolution::Deliver { accounts: vec![(id, address)], remote: Vec::new() },
            None => Resolution::Unknown,
        })
    }

    /// Whether the domain is ours.
    ///
    /// # Errors
    /// Machine faults.
    pub fn is_local(&self, domain: &str) -> Result<bool, Error> {
        match domain::normal(domain) {
            Some(name) => Ok(self.store().domain_row(&name)?.is_some()),
            None => Ok(false),
        }
    }

    /// Bytes that the account may still take, by its quota and its domain's; `None` is unlimited.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn quota_left(&self, account: AccountId) -> Result<Option<u64>, Error> {
        let account = self.store().account_must(account)?;
        let own = match account.quota {
            Some(quota) => Some(quota.saturating_sub(self.store().usage(account.id)?.bytes)),
            None => None,
        };
        let domain = self.store().domain_row(account.address.domain())?;
        let Some((name, quota)) = domain.and_then(|domain| Some((domain.name, domain.quota?))) else {
            return Ok(own);
        };
        let left = quota.saturating_sub(self.domain_use(&name)?);
        Ok(Some(own.map_or(left, |own| own.min(left))))
    }

    /// Bytes used by all accounts of a domain. Adding up a large domain for each recipient would be slow, so its sum is
    /// kept for a few seconds; mail of that time can take it over its quota by as much.
    fn domain_use(&self, name: &str) -> Result<u64, Error> {
        if let Some((when, used)) = locked(&self.inner.domain_use).get(name)
            && when.elapsed() < USE_KEPT
        {
            return Ok(*used);
        }
        let (mut used, mut accounts) = (0_u64, 0);
        for at in self.store().addresses(Some(name))? {
            if let AtAddress::Account(id) = at {
                used = used.saturating_add(self.store().usage(id)?.bytes);
                accounts += 1;
            }
        }
        if accounts > ACCOUNTS_SUMMED_MAX {
            locked(&self.inner.domain_use).insert(name.to_owned(), (Instant::now(), used));
        }
        Ok(used)
    }
}

/// What an address leads to, one step on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Account,
    Alias,
    Elsewhere,
    Unknown,
}

/// Looks at one address; `catch_all` says whether the domain's catch-all counts.
pub(crate) fn target(records: &impl Records, address: &Address, catch_all: bool) -> Result<Target, Error> {
    let Some(domain) = records.domain_row(address.domain())? else {
        return Ok(Target::Elsewhere);
    };
    Ok(match lookup(records, address)? {
        Some(AtAddress::Account(_)) => Target::Account,
        Some(AtAddress::Alias(_)) => Target::Alias,
        None if is_reserved(address) && first_admin(records)?.is_some() => Target::Account,
        // A catch-all leads on as an alias does.
        None if catch_all && domain.catch_all.is_some() => Target::Alias,
        None => Target::Unknown,
    })
}

fn lookup(records: &impl Records, address: &Address) -> Result<Option<AtAddress>, Error> {
    if let Some(exact) = records.at(address.local(), address.domain())? {
        return Ok(Some(exact));
    }
    let base = address.base_local();
    if base.len() == address.local().len() { Ok(None) } else { records.at(base, address.domain()) }
}

fn is_reserved(address: &Address) -> bool {
    RESERVED.iter().any(|name| address.base_local().eq_ignore_ascii_case(name))
}

fn first_admin(records: &impl Records) -> Result<Option<(AccountId, Address)>, Error> {
    let Some(id) = records.admins()?.into_iter().next() else {
        return Ok(None);
    };
    Ok(records.account_row(id)?.map(|account| (id, account.address)))
}

/// Follows an address of a local domain to the end.
///
/// # Errors
/// [`Error::Invalid`] for a loop, or too long a chain.
pub(crate) fn follow(records: &impl Records, recipient: &Address) -> Result<Resolution, Error> {
    let mut walk = Walk { records, done: HashSet::new(), path: Vec::new(), found: Found::default() };
    walk.visit(recipient)?;
    let Found { accounts, remote, disabled, .. } = walk.found;
    Ok(match (accounts.is_empty() && remote.is_empty(), disabled) {
        (false, _) => Resolution::Deliver { accounts, remote },
        (true, true) => Resolution::Disabled,
        (true, false) => Resolution::Unknown,
    })
}

struct Walk<'a, R> {
    records: &'a R,
    /// Addresses followed to their end; a second way to one adds nothing.
    done: HashSet<String>,
    /// Addresses being followed.
    path: Vec<String>,
    found: Found,
}

#[derive(Default)]
struct Found {
    accounts: Vec<(AccountId, Address)>,
    account_ids: HashSet<AccountId>,
    remote: Vec<Address>,
    disabled: bool,
}

impl<R: Records> Walk<'_, R> {
    fn visit(&mut self, address: &Address) -> Result<(), Error> {
        let key = address.key();
        if self.path.contains(&key) {
            return Err(Error::Invalid(format!("the alias {address} leads back to itself")));
        }
        if self.path.len() > Limits::ALIAS_DEPTH_MAX || self.done.len() > STEPS_MAX {
            return Err(Error::Invalid(format!("the aliases that lead to {address} are too long a chain")));
        }
        if !self.done.insert(key.clone()) {
            return Ok(());
        }
        let Some(domain) = self.records.domain_row(address.domain())? else {
            self.found.remote.push(address.clone());
            return Ok(());
        };
        self.path.push(key);
        match lookup(self.records, address)? {
            Some(AtAddress::Account(id)) => self.reach(id, address.clone())?,
            Some(AtAddress::Alias(alias)) => {
                // The way by a tag is a way through the alias itself.
                let through = alias.address.key();
                let tagged = self.path.last() != Some(&through);
                if tagged && self.path.contains(&through) {
                    return Err(Error::Invalid(format!("the alias {} leads back to itself", alias.address)));
                }
                for target in &alias.targets {
                    self.visit(target)?;
                }
            }
            None => match (is_reserved(address), domain.catch_all) {
                (true, _) => {
                    if let Some((id, admin)) = first_admin(self.records)? {
                        self.reach(id, admin)?;
                    }
                }
                // A catch-all whose own address is gone must not catch itself.
                (false, Some(catch_all)) if target(self.records, &catch_all, false)? != Target::Unknown => {
                    self.visit(&catch_all)?;
                }
                (false, _) => {}
            },
        }
        self.path.pop();
        Ok(())
    }

    fn reach(&mut self, id: AccountId, by: Address) -> Result<(), Error> {
        let Some(account) = self.records.account_row(id)? else {
            return Ok(());
        };
        if account.state == AccountState::Closed {
            self.found.disabled = true;
        } else if self.found.account_ids.insert(id) {
            self.found.accounts.push((id, by));
        }
        Ok(())
    }
}
