//! The first admin, by a link that is shown once on the console of a new server.
//!
//! The token has 256 random bits and is kept as its BLAKE3; it works for two days, once, and only while there is no admin.

use crate::{
    Account, Directory, Error,
    account::{self, NewAccount},
    domain::{self, Domain},
    now_ms, random,
    row::{self, Records as _},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use mail::address::Address;
use serde::{Deserialize, Serialize};

const KEY: &[u8] = b"dir/setup";
/// Milliseconds for which a token works.
pub const LIFETIME_MS: i64 = 2 * 86_400_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct SetupRow {
    hash: [u8; 32],
    expires: i64,
}

impl Directory {
    /// Whether there is no admin yet.
    ///
    /// # Errors
    /// Machine faults.
    pub fn setup_needed(&self) -> Result<bool, Error> {
        Ok(self.store().admins()?.is_empty())
    }

    /// Makes a token; one made before stops working.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is an admin.
    pub async fn setup_token_create(&self) -> Result<String, Error> {
        let token = BASE64_URL_SAFE_NO_PAD.encode(random::<32>());
        let made = SetupRow { hash: *blake3::hash(token.as_bytes()).as_bytes(), expires: now_ms() + LIFETIME_MS };
        self.commit(move |tx| {
            if !tx.admins()?.is_empty() {
                return Err(Error::Invalid("there is an admin already".into()));
            }
            row::put(tx, KEY, &made)
        })
        .await?;
        Ok(token)
    }

    /// Makes the first admin, and its domain where it is new, and spends the token.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a wrong or old token, or a password that is not allowed.
    pub async fn setup_redeem(&self, token: &str, address: &Address, password: &str) -> Result<Account, Error> {
        let hash = blake3::hash(token.as_bytes());
        // Looked at first, so that nobody without a token can have passwords hashed.
        let fits = move |found: Option<SetupRow>| {
            found.is_some_and(|row| blake3::Hash::from_bytes(row.hash) == hash && row.expires > now_ms())
        };
        let refused = || Error::Invalid("the setup link is wrong, used or too old".into());
        if !fits(self.store().get(KEY)?) {
            return Err(refused());
        }
        let credential = self.inner.hasher.credential(password, random()).await?;
        let new = NewAccount {
            address: address.clone(),
            name: String::new(),
            password: String::new(),
            admin: true,
            quota: None,
        };
        let admin = self
            .commit(move |tx| {
                if !fits(tx.get(KEY)?) || !tx.admins()?.is_empty() {
                    return Err(refused());
                }
                let name = new.address.domain();
                if tx.domain_row(name)?.is_none() {
                    let name = domain::normal(name).ok_or_else(|| domain::missing(name))?;
                    let domain = Domain { name, catch_all: None, account_quota: None, quota: None, created: now_ms() };
                    row::put(tx, &row::domain(&domain.name), &domain)?;
                }
                tx.record_remove(KEY);
                account::add(tx, &new, &credential)
            })
            .await?;
        tracing::info!(account = %admin.address, "first admin made by setup link");
        Ok(admin)
    }
}
