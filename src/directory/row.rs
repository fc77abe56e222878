//! Keys and stored forms of the directory's records. The only place that knows them.
//!
//! ```text
//! dir/domain/NAME             Domain
//! dir/account/ID              Account
//! dir/address/DOMAIN 0 LOCAL  what is at an address: an account or an alias; accounts and aliases share one name space
//! dir/credential/ID           Credential
//! dir/srs                     keys for senders of forwarded mail
//! dir/ban/NETWORK             a network that is shut out
//! dir/stop/ID                 why an account may not send
//! dir/dkim/NAME               keys that sign the domain's mail
//! dir/app/ID N                app password
//! dir/session/HASH            session, by the BLAKE3 of its ticket
//! dir/sessions/ID N           hash of the ticket of a session
//! dir/admins                  accounts with the console role that are active, in order of age
//! dir/version                 version of the recipient list
//! ```
//! ID and N are eight bytes, big-endian. Values carry the version of their form, so that later forms can be told apart.

use crate::{Account, Error, Session, alias::Alias, credential::Credential, domain::Domain};
use mail::address::Address;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::{AccountId, Store, Tx};

pub(crate) const DOMAINS: &[u8] = b"dir/domain/";
pub(crate) const ACCOUNTS: &[u8] = b"dir/account/";
pub(crate) const ADDRESSES: &[u8] = b"dir/address/";
pub(crate) const SESSIONS: &[u8] = b"dir/session/";
const CREDENTIALS: &[u8] = b"dir/credential/";
const APPS: &[u8] = b"dir/app/";
const SESSIONS_OF: &[u8] = b"dir/sessions/";
pub(crate) const SRS: &[u8] = b"dir/srs";
pub(crate) const BANS: &[u8] = b"dir/ban/";
pub(crate) const SENDING_STOPS: &[u8] = b"dir/stop/";
const DKIM: &[u8] = b"dir/dkim/";
const ADMINS: &[u8] = b"dir/admins";
const VERSION: &[u8] = b"dir/version";

/// The version of a stored form.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Stored<T> {
    /// The first form.
    V1(T),
}

impl<T> Stored<T> {
    pub(crate) fn into_inner(self) -> T {
        let Self::V1(value) = self;
        value
    }
}

/// What is at an address.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum AtAddress {
    Account(AccountId),
    Alias(Alias),
}

/// Reads, outside and inside of a commit.
pub(crate) trait Records {
    fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Error>;
    fn all<T: DeserializeOwned>(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, T)>, Error>;

    fn domain_row(&self, name: &str) -> Result<Option<Domain>, Error> {
        self.get(&domain(name))
    }
    fn account_row(&self, id: AccountId) -> Result<Option<Account>, Error> {
        self.get(&account(id))
    }
    fn account_must(&self, id: AccountId) -> Result<Account, Error> {
        self.account_row(id)?.ok_or_else(|| Error::NotFound(format!("account {}", id.0)))
    }
    fn at(&self, local: &str, domain: &str) -> Result<Option<AtAddress>, Error> {
        self.get(&address(local, domain))
    }
    fn credential_row(&self, id: AccountId) -> Result<Option<Credential>, Error> {
        self.get(&credential(id))
    }
    fn admins(&self) -> Result<Vec<AccountId>, Error> {
        Ok(self.get(ADMINS)?.unwrap_or_default())
    }
    fn version(&self) -> Result<u64, Error> {
        Ok(self.get(VERSION)?.unwrap_or_default())
    }
    /// What is at the addresses of a domain, or of all.
    fn addresses(&self, of: Option<&str>) -> Result<Vec<AtAddress>, Error> {
        let prefix = of.map_or_else(|| ADDRESSES.to_vec(), addresses_of);
        Ok(self.all(&prefix)?.into_iter().map(|(_, row)| row).collect())
    }
    fn sessions_of(&self, id: AccountId) -> Result<Vec<([u8; 32], Session)>, Error> {
        let mut sessions = Vec::new();
        for (_, hash) in self.all::<[u8; 32]>(&sessions_of(id))? {
            if let Some(session) = self.get(&session(&hash))? {
                sessions.push((hash, session));
            }
        }
        Ok(sessions)
    }
}

impl Records for Store {
    fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Error> {
        Ok(self.record::<Stored<T>>(key)?.map(Stored::into_inner))
    }
    fn all<T: DeserializeOwned>(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, T)>, Error> {
        Ok(unwrapped(self.records(prefix)?))
    }
}

impl Records for Tx<'_> {
    fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Error> {
        Ok(self.record::<Stored<T>>(key)?.map(Stored::into_inner))
    }
    fn all<T: DeserializeOwned>(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, T)>, Error> {
        Ok(unwrapped(self.records(prefix)?))
    }
}

fn unwrapped<T>(rows: Vec<(Vec<u8>, Stored<T>)>) -> Vec<(Vec<u8>, T)> {
    rows.into_iter().map(|(key, row)| (key, row.into_inner())).collect()
}

pub(crate) fn put<T: Serialize>(tx: &mut Tx<'_>, key: &[u8], value: &T) -> Result<(), Error> {
    match tx.record_put(key, &Stored::V1(value)) {
        Err(store::Error::Limit(_)) => Err(Error::Invalid("too much for one record".into())),
        other => Ok(other?),
    }
}

/// The recipient list has changed.
pub(crate) fn raise_version(tx: &mut Tx<'_>) -> Result<(), Error> {
    let version = tx.version()? + 1;
    put(tx, VERSION, &version)
}

pub(crate) fn put_admins(tx: &mut Tx<'_>, admins: &[AccountId]) -> Result<(), Error> {
    put(tx, ADMINS, &admins)
}

pub(crate) fn domain(name: &str) -> Vec<u8> {
    [DOMAINS, name.as_bytes()].concat()
}
pub(crate) fn ban(network: &str) -> Vec<u8> {
    [BANS, network.as_bytes()].concat()
}
pub(crate) fn sending_stop(id: AccountId) -> Vec<u8> {
    [SENDING_STOPS, &id.0.to_be_bytes()].concat()
}
pub(crate) fn dkim(name: &str) -> Vec<u8> {
    [DKIM, name.as_bytes()].concat()
}
pub(crate) fn account(id: AccountId) -> Vec<u8> {
    [ACCOUNTS, &id.0.to_be_bytes()].concat()
}
/// Local parts are looked up without regard to case. Neither part can hold the zero byte.
pub(crate) fn address(local: &str, domain: &str) -> Vec<u8> {
    [ADDRESSES, domain.as_bytes(), &[0], local.to_lowercase().as_bytes()].concat()
}
pub(crate) fn address_key(of: &Address) -> Vec<u8> {
    address(of.local(), of.domain())
}
pub(crate) fn addresses_of(domain: &str) -> Vec<u8> {
    [ADDRESSES, domain.as_bytes(), &[0]].concat()
}
pub(crate) fn credential(id: AccountId) -> Vec<u8> {
    [CREDENTIALS, &id.0.to_be_bytes()].concat()
}
pub(crate) fn apps_of(id: AccountId) -> Vec<u8> {
    [APPS, &id.0.to_be_bytes()].concat()
}
pub(crate) fn app(id: AccountId, number: u64) -> Vec<u8> {
    [APPS, &id.0.to_be_bytes(), &number.to_be_bytes()].concat()
}
pub(crate) fn session(hash: &[u8; 32]) -> Vec<u8> {
    [SESSIONS, hash].concat()
}
pub(crate) fn sessions_of(id: AccountId) -> Vec<u8> {
    [SESSIONS_OF, &id.0.to_be_bytes()].concat()
}
pub(crate) fn session_of(id: AccountId, number: u64) -> Vec<u8> {
    [SESSIONS_OF, &id.0.to_be_bytes(), &number.to_be_bytes()].concat()
}
