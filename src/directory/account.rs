//! Accounts.

use crate::{
    Directory, Error, alias, credential,
    credential::Credential,
    domain, now_ms, random, resolve,
    resolve::Resolution,
    row::{self, AtAddress, Records},
    session,
};
use mail::address::Address;
use serde::{Deserialize, Serialize};
use store::{AccountId, Tx};

/// Bytes of a display name.
const NAME_BYTES_MAX: usize = 200;
/// Admins there can be: their list is one record.
const ADMINS_MAX: usize = 1000;

/// Someone with a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Identifier; survives renaming.
    pub id: AccountId,
    /// Primary address, which is also the sign-in name.
    pub address: Address,
    /// Display name.
    pub name: String,
    /// State.
    pub state: AccountState,
    /// Whether the account may use the console.
    pub admin: bool,
    /// Bytes it may use; `None` is unlimited.
    pub quota: Option<u64>,
    /// When it was made, milliseconds since 1970.
    pub created: i64,
}

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountState {
    /// Receives, signs in, sends.
    Active,
    /// Receives; cannot sign in or send.
    Suspended,
    /// Refuses mail, cannot sign in; its mail is kept until it is removed.
    Closed,
}

/// An account to be made.
#[derive(Clone)]
pub struct NewAccount {
    /// Primary address.
    pub address: Address,
    /// Display name.
    pub name: String,
    /// Password.
    pub password: String,
    /// Whether it may use the console.
    pub admin: bool,
    /// Bytes it may use; `None` takes the domain's.
    pub quota: Option<u64>,
}

/// Without the password.
impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount").field("address", &self.address).field("admin", &self.admin).finish_non_exhaustive()
    }
}

impl Directory {
    /// Accounts, by address; of one domain, or all.
    ///
    /// # Errors
    /// Machine faults.
    pub fn accounts(&self, domain: Option<&str>) -> Result<Vec<Account>, Error> {
        let name = domain.map(|name| domain::normal(name).unwrap_or_default());
        let mut accounts = Vec::new();
        for at in self.store().addresses(name.as_deref())? {
            if let AtAddress::Account(id) = at {
                accounts.extend(self.store().account_row(id)?);
            }
        }
        Ok(accounts)
    }

    /// One account.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn account(&self, id: AccountId) -> Result<Account, Error> {
        self.store().account_must(id)
    }

    /// One account by its primary address.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn account_by_address(&self, address: &Address) -> Result<Account, Error> {
        match self.store().at(address.local(), address.domain())? {
            Some(AtAddress::Account(id)) => self.store().account_must(id),
            _ => Err(Error::NotFound(format!("account {address}"))),
        }
    }

    /// Adds an account with its mailboxes.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::NotFound`] for the domain, [`Error::Invalid`] for the password.
    pub async fn account_add(&self, account: NewAccount) -> Result<Account, Error> {
        let credential = self.inner.hasher.credential(&account.password, random()).await?;
        let added = self.commit(move |tx| add(tx, &account, &credential)).await?;
        tracing::info!(account = %added.address, admin = added.admin, "account added");
        Ok(added)
    }

    /// Replaces name, state, admin role and quota. Suspending or closing ends all sessions at once.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for the last admin.
    pub async fn account_update(&self, account: Account) -> Result<(), Error> {
        check_name(&account.name)?;
        let id = account.id;
        let updated = self
            .commit(move |tx| {
                let kept = tx.account_must(id)?;
                let updated = Account { id, address: kept.address, created: kept.created, ..account.clone() };
                set_admin(tx, id, updated.admin && updated.state == AccountState::Active)?;
                if updated.state != AccountState::Active {
                    session::end_all(tx, id)?;
                }
                row::put(tx, &row::account(id), &updated)?;
                row::raise_version(tx)?;
                Ok(updated)
            })
            .await?;
        self.rights_changed();
        tracing::info!(account = %updated.address, state = ?updated.state, admin = updated.admin, "account changed");
        Ok(())
    }

    /// Removes an account with all its mail.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for the last admin.
    pub async fn account_remove(&self, id: AccountId) -> Result<(), Error> {
        let removed = self
            .commit(move |tx| {
                let account = tx.account_must(id)?;
                set_admin(tx, id, false)?;
                session::end_all(tx, id)?;
                credential::remove_all(tx, id)?;
                tx.account_remove(id)?;
                tx.record_remove(&row::address_key(&account.address));
                tx.record_remove(&row::account(id));
                row::raise_version(tx)?;
                Ok(account)
            })
            .await?;
        self.rights_changed();
        tracing::info!(account = %removed.address, "account removed");
        Ok(())
    }

    /// Whether an account may send from an address: its own, with any tag, and the aliases that lead to it alone.
    ///
    /// # Errors
    /// Machine faults.
    pub fn account_may_send_as(&self, id: AccountId, address: &Address) -> Result<bool, Error> {
        let exact = self.store().at(address.local(), address.domain())?;
        let at = match exact {
            Some(at) => Some(at),
            None => self.store().at(address.base_local(), address.domain())?,
        };
        match at {
            Some(AtAddress::Account(owner)) => Ok(owner == id),
            Some(AtAddress::Alias(_)) => leads_to_alone(self.store(), address, id),
            None => Ok(false),
        }
    }

    /// All addresses that an account may send from, its own first, tags left out.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn account_addresses(&self, id: AccountId) -> Result<Vec<Address>, Error> {
        let mut addresses = vec![self.account(id)?.address];
        for alias in alias::aliases(self.store(), None)? {
            // A list does not lead to one alone; leaving it out here saves following it.
            if alias.targets.len() == 1 && leads_to_alone(self.store(), &alias.address, id)? {
                addresses.push(alias.address);
            }
        }
        Ok(addresses)
    }
}

fn leads_to_alone(records: &impl Records, address: &Address, id: AccountId) -> Result<bool, Error> {
    Ok(match resolve::follow(records, address)? {
        Resolution::Deliver { accounts, remote } => remote.is_empty() && accounts.len() == 1 && accounts[0].0 == id,
        _ => false,
    })
}

/// Writes a new account with its mailboxes, credential and address.
pub(crate) fn add(tx: &mut Tx<'_>, new: &NewAccount, credential: &Credential) -> Result<Account, Error> {
    check_name(&new.name)?;
    let address = &new.address;
    let domain = tx.domain_row(address.domain())?.ok_or_else(|| domain::missing(address.domain()))?;
    match tx.at(address.local(), address.domain())? {
        Some(AtAddress::Account(_)) => return Err(Error::Exists(format!("account {address}"))),
        Some(AtAddress::Alias(_)) => return Err(Error::Exists(format!("alias {address}"))),
        None => {}
    }
    let account = Account {
        id: AccountId(tx.next_id("account")?),
        address: address.clone(),
        name: new.name.trim().to_owned(),
        state: AccountState::Active,
        admin: new.admin,
        quota: new.quota.or(domain.account_quota),
        created: now_ms(),
    };
    tx.account_create(account.id)?;
    row::put(tx, &row::account(account.id), &account)?;
    row::put(tx, &row::address_key(address), &AtAddress::Account(account.id))?;
    row::put(tx, &row::credential(account.id), credential)?;
    if account.admin {
        set_admin(tx, account.id, true)?;
    }
    row::raise_version(tx)?;
    Ok(account)
}

/// Puts an account on the list of admins, or takes it off. Somebody must be left to run this server.
fn set_admin(tx: &mut Tx<'_>, id: AccountId, admin: bool) -> Result<(), Error> {
    let mut admins = tx.admins()?;
    match (admins.contains(&id), admin) {
        (true, true) | (false, false) => return Ok(()),
        (false, true) if admins.len() >= ADMINS_MAX => {
            return Err(Error::Invalid(format!("there are {ADMINS_MAX} admins already")));
        }
        (false, true) => admins.push(id),
        (true, false) if admins.len() == 1 => {
            return Err(Error::Invalid("this is the last active admin: make another account admin first".into()));
        }
        (true, false) => admins.retain(|other| *other != id),
    }
    admins.sort_unstable();
    row::put_admins(tx, &admins)
}

fn check_name(name: &str) -> Result<(), Error> {
    if name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(Error::Invalid(format!("a name has at most {NAME_BYTES_MAX} bytes and no control characters")));
    }
    Ok(())
}
