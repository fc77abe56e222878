//! Accounts.

use crate::{Directory, Error};
use mail::address::Address;
use serde::{Deserialize, Serialize};
use store::AccountId;

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
#[derive(Debug, Clone)]
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

impl Directory {
    /// Accounts, by address; of one domain, or all.
    ///
    /// # Errors
    /// Machine faults.
    pub fn accounts(&self, _domain: Option<&str>) -> Result<Vec<Account>, Error> {
        todo!()
    }
    /// One account.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn account(&self, _id: AccountId) -> Result<Account, Error> {
        todo!()
    }
    /// One account by its primary address.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn account_by_address(&self, _address: &Address) -> Result<Account, Error> {
        todo!()
    }
    /// Adds an account with its mailboxes.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::NotFound`] for the domain, [`Error::Invalid`] for the password.
    pub async fn account_add(&self, _account: NewAccount) -> Result<Account, Error> {
        todo!()
    }
    /// Replaces name, state, admin role and quota. Suspending or closing ends all sessions at once.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for the last admin.
    pub async fn account_update(&self, _account: Account) -> Result<(), Error> {
        todo!()
    }
    /// Removes an account with all its mail.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for the last admin.
    pub async fn account_remove(&self, _id: AccountId) -> Result<(), Error> {
        todo!()
    }
    /// Addresses an account may send from: its own, and the aliases that lead to it alone.
    ///
    /// # Errors
    /// Machine faults.
    pub fn account_may_send_as(&self, _id: AccountId, _address: &Address) -> Result<bool, Error> {
        todo!()
    }
}
