//! Passwords and app passwords.
//!
//! A password is kept as argon2id, with the keys of SCRAM beside it. An app password is made here and has 75 random bits,
//! which no dictionary holds and nobody can search through, so one BLAKE3 with a salt is enough; and a program that signs
//! in for every message does not cost a slow hash each time.

use crate::{
    Directory, Error, hash,
    known::Used,
    now_ms, random,
    row::{self, Records},
    sasl::scram,
    session,
};
use serde::{Deserialize, Serialize};
use store::{AccountId, Tx};

/// Letters of an app password, in groups of four.
const APP_LETTERS: usize = 16;
/// App passwords of one account.
const APPS_MAX: usize = 100;
/// Bytes of what an app password is for.
const APP_NAME_BYTES_MAX: usize = 100;
/// Separates this use of BLAKE3 from all others.
const APP_CONTEXT: &str = "gatepost directory: app password, version 1";

/// What checks a password.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Credential {
    /// PHC string of argon2id.
    pub(crate) hash: String,
    /// Absent for passwords beyond ASCII.
    pub(crate) scram: Option<scram::Keys>,
    /// The one salt of all SCRAM keys of the account; stays when the password changes, so that app passwords stay usable.
    pub(crate) scram_salt: [u8; 16],
    /// Differs after every change of the password or the app passwords, so that what memory knows is then forgotten.
    pub(crate) version: u64,
}

/// A password for one program, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppPassword {
    /// Number within the account.
    pub id: u64,
    /// What it is for.
    pub name: String,
    /// When it was made, milliseconds since 1970.
    pub created: i64,
}

/// An app password as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct AppRow {
    public: AppPassword,
    salt: [u8; 16],
    hash: [u8; 32],
    /// Of the secret as it is shown, with its separators.
    scram: scram::Keys,
}

impl Directory {
    /// Sets an account's password and ends its sessions; open connections are told by
    /// [`Directory::session_watch`].
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] when it is too short or too long.
    pub async fn password_set(&self, id: AccountId, password: &str) -> Result<(), Error> {
        let salt = self.scram_salt(id)?;
        let credential = self.inner.hasher.credential(password, salt).await?;
        let account = self
            .commit(move |tx| {
                let account = tx.account_must(id)?;
                row::put(tx, &row::credential(id), &credential)?;
                session::end_all(tx, id)?;
                Ok(account)
            })
            .await?;
        self.rights_changed();
        tracing::info!(account = %account.address, "password set");
        Ok(())
    }

    /// Differs once the account's password has changed, and tells nothing of it: for connections that are to end then.
    ///
    /// # Errors
    /// Machine faults.
    pub fn password_mark(&self, id: AccountId) -> Result<u64, Error> {
        let hash = self.store().credential_row(id)?.map(|credential| blake3::hash(credential.hash.as_bytes()));
        Ok(hash.and_then(|hash| hash.as_bytes().first_chunk().copied()).map_or(0, u64::from_be_bytes))
    }

    /// App passwords of an account.
    ///
    /// # Errors
    /// Machine faults.
    pub fn app_passwords(&self, id: AccountId) -> Result<Vec<AppPassword>, Error> {
        Ok(self.store().all::<AppRow>(&row::apps_of(id))?.into_iter().map(|(_, app)| app.public).collect())
    }

    /// Makes an app password and returns its secret, which is shown once.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`].
    pub async fn app_password_add(&self, id: AccountId, name: &str) -> Result<(AppPassword, String), Error> {
        let name = name.trim().to_owned();
        if name.is_empty() || name.len() > APP_NAME_BYTES_MAX || name.chars().any(char::is_control) {
            return Err(Error::Invalid(format!("say in 1 to {APP_NAME_BYTES_MAX} bytes what the app password is for")));
        }
        let letters = random_letters();
        let groups: Vec<&str> = [0, 4, 8, 12].iter().map(|at| &letters[*at..at + 4]).collect();
        let secret = groups.join("-");
        let scram = self.inner.hasher.scram_keys(&secret, self.scram_salt(id)?).await?;
        let (salt, version) = (random(), hash::random_version());
        let hash = app_hash(&salt, &letters);
        let public = self
            .commit(move |tx| {
                tx.account_must(id)?;
                let apps = tx.all::<AppRow>(&row::apps_of(id))?;
                if apps.len() >= APPS_MAX {
                    return Err(Error::Invalid(format!("an account has at most {APPS_MAX} app passwords")));
                }
                let public = AppPassword { id: tx.next_id("app-password")?, name: name.clone(), created: now_ms() };
                let app = AppRow { public: public.clone(), salt, hash, scram: scram.clone() };
                row::put(tx, &row::app(id, public.id), &app)?;
                set_version(tx, id, version)?;
                Ok(public)
            })
            .await?;
        Ok((public, secret))
    }

    /// Removes an app password.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub async fn app_password_remove(&self, id: AccountId, app_password: u64) -> Result<(), Error> {
        let version = hash::random_version();
        self.commit(move |tx| {
            let key = row::app(id, app_password);
            if tx.get::<AppRow>(&key)?.is_none() {
                return Err(Error::NotFound(format!("app password {app_password}")));
            }
            tx.record_remove(&key);
            set_version(tx, id, version)
        })
        .await?;
        self.rights_changed();
        Ok(())
    }

    /// What SCRAM can check a client by: the password, and the app passwords.
    pub(crate) fn scram_keys(&self, id: AccountId) -> Result<Vec<(Used, scram::Keys)>, Error> {
        let password = self.store().credential_row(id)?.and_then(|credential| credential.scram);
        let apps = self.store().all::<AppRow>(&row::apps_of(id))?;
        let apps = apps.into_iter().map(|(_, app)| (Some(app.public.id), app.scram));
        Ok(password.map(|keys| (None, keys)).into_iter().chain(apps).collect())
    }

    fn scram_salt(&self, id: AccountId) -> Result<[u8; 16], Error> {
        self.account(id)?;
        Ok(self.store().credential_row(id)?.map_or_else(random, |credential| credential.scram_salt))
    }

    /// The app password of an account that a secret is, written in any case, with or without separators.
    pub(crate) fn app_password_of(&self, id: AccountId, secret: &str) -> Result<Option<u64>, Error> {
        let Some(letters) = normal_letters(secret) else {
            return Ok(None);
        };
        let mut found = None;
        for (_, app) in self.store().all::<AppRow>(&row::apps_of(id))? {
            // blake3::Hash compares in constant time.
            if blake3::Hash::from_bytes(app.hash) == blake3::Hash::from_bytes(app_hash(&app.salt, &letters)) {
                found = Some(app.public.id);
            }
        }
        Ok(found)
    }
}

fn set_version(tx: &mut Tx<'_>, id: AccountId, version: u64) -> Result<(), Error> {
    if let Some(mut credential) = tx.credential_row(id)? {
        credential.version = version;
        row::put(tx, &row::credential(id), &credential)?;
    }
    Ok(())
}

/// Takes all credentials of an account away.
pub(crate) fn remove_all(tx: &mut Tx<'_>, id: AccountId) -> Result<(), Error> {
    tx.record_remove(&row::credential(id));
    for (key, _) in tx.all::<AppRow>(&row::apps_of(id))? {
        tx.record_remove(&key);
    }
    Ok(())
}

/// Letters are drawn evenly: bytes past the last whole alphabet are passed over.
fn random_letters() -> String {
    const EVEN: u8 = u8::MAX - u8::MAX % 26;
    let mut letters = String::with_capacity(APP_LETTERS);
    while letters.len() < APP_LETTERS {
        let bytes: [u8; APP_LETTERS] = random();
        let even = bytes.iter().filter(|byte| **byte < EVEN);
        letters.extend(even.take(APP_LETTERS - letters.len()).map(|byte| char::from(b'a' + byte % 26)));
    }
    letters
}

fn normal_letters(secret: &str) -> Option<String> {
    if secret.len() > 2 * APP_LETTERS {
        return None;
    }
    let letters: String = secret.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| c.to_ascii_lowercase()).collect();
    (letters.len() == APP_LETTERS && letters.bytes().all(|byte| byte.is_ascii_lowercase())).then_some(letters)
}

fn app_hash(salt: &[u8; 16], letters: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(APP_CONTEXT);
    hasher.update(salt);
    hasher.update(letters.as_bytes());
    *hasher.finalize().as_bytes()
}
