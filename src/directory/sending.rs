//! Accounts that have sent too much: their sending stops until an admin has looked. Everything else of the account goes on.

use crate::{
    Account, AccountId, Directory, Error, now_ms,
    row::{self, Records as _},
};
use serde::{Deserialize, Serialize};

/// Why and since when an account may not send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendingStop {
    /// Since when, milliseconds since 1970.
    pub since: i64,
    /// Why, in words.
    pub reason: String,
}

impl Directory {
    /// Why an account may not send, if it may not.
    ///
    /// # Errors
    /// Machine faults.
    pub fn sending_stop(&self, account: AccountId) -> Result<Option<SendingStop>, Error> {
        self.store().get(&row::sending_stop(account))
    }

    /// Stops an account's sending; whether it was not stopped already.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the account.
    pub async fn sending_stop_set(&self, account: AccountId, reason: &str) -> Result<bool, Error> {
        let stop = SendingStop { since: now_ms(), reason: reason.to_owned() };
        self.commit(move |tx| {
            tx.account_must(account)?;
            let key = row::sending_stop(account);
            if tx.get::<SendingStop>(&key)?.is_some() {
                return Ok(false);
            }
            row::put(tx, &key, &stop)?;
            Ok(true)
        })
        .await
    }

    /// Lets an account send again; whether it could not.
    ///
    /// # Errors
    /// Machine faults.
    pub async fn sending_stop_clear(&self, account: AccountId) -> Result<bool, Error> {
        self.commit(move |tx| {
            let key = row::sending_stop(account);
            let stopped = tx.get::<SendingStop>(&key)?.is_some();
            tx.record_remove(&key);
            Ok(stopped)
        })
        .await
    }

    /// Accounts that may not send, with the reason.
    ///
    /// # Errors
    /// Machine faults.
    pub fn sending_stops(&self) -> Result<Vec<(Account, SendingStop)>, Error> {
        let mut found = Vec::new();
        for (key, stop) in self.store().all::<SendingStop>(row::SENDING_STOPS)? {
            let id = key.last_chunk().map(|bytes| AccountId(u64::from_be_bytes(*bytes)));
            // The account may be gone.
            if let Some(account) = id.map(|id| self.store().account_row(id)).transpose()?.flatten() {
                found.push((account, stop));
            }
        }
        Ok(found)
    }

    /// Addresses of the admins that are active.
    ///
    /// # Errors
    /// Machine faults.
    pub fn admin_addresses(&self) -> Result<Vec<mail::address::Address>, Error> {
        let mut found = Vec::new();
        for id in self.store().admins()? {
            found.extend(self.store().account_row(id)?.map(|account| account.address));
        }
        Ok(found)
    }
}
