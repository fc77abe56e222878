//! Checking passwords, with throttling per address and account.
//!
//! The order of things is what keeps names secret and the machine up: throttling first, then what memory knows, then app
//! passwords (fast), then argon2id, which is also computed for names that do not exist. State is looked at last, so that
//! only who knows the password learns anything by the time it takes.

use crate::{Account, AccountState, Directory, Error, domain, known::Used, locked, row::Records as _};
use config::Limits;
use mail::address::Address;
use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

/// The door someone signs in at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Protocol {
    Smtp,
    Imap,
    Pop3,
    Web,
}

/// Someone who has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The account.
    pub account: Account,
    /// The app password used, if one was.
    pub app_password: Option<u64>,
}

/// Why a sign-in fails. The texts do not tell whether the account exists.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Wrong name, password or ticket, or the account may not sign in.
    #[error("wrong name or password")]
    Refused,
    /// Too many failures; try again after this time.
    #[error("too many failed sign-ins; try again in {} seconds", .0.as_secs().max(1))]
    Throttled(Duration),
    /// The machine failed; not the person's fault.
    #[error("sign-in is not possible at the moment")]
    Unavailable(#[source] store::Error),
}

impl From<Error> for SignInError {
    fn from(error: Error) -> Self {
        match error {
            Error::Store(error) => Self::Unavailable(error),
            Error::NotFound(_) | Error::Exists(_) | Error::Invalid(_) => Self::Refused,
        }
    }
}

impl Directory {
    /// Checks a name (the primary address; or its local part when there is one domain only) and password or app password
    /// (app passwords are not taken at [`Protocol::Web`]). Hashing runs off the async threads; a password checked lately is
    /// known again by a keyed hash in memory.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        client: IpAddr,
        protocol: Protocol,
    ) -> Result<Login, SignInError> {
        let attempt = self.attempt(name, client, protocol)?;
        if password.len() > Limits::PASSWORD_BYTES_MAX {
            return Err(self.refused(&attempt, "password too long"));
        }
        match self.check(&attempt, password).await? {
            Some(used) => self.accepted(&attempt, used),
            None => Err(self.refused(&attempt, "wrong name or password")),
        }
    }

    /// Begins an attempt unless there were too many failures.
    pub(crate) fn attempt(&self, name: &str, client: IpAddr, protocol: Protocol) -> Result<Attempt, SignInError> {
        let account = self.account_of_name(name)?;
        let attempt = Attempt { name: name.to_owned(), client, protocol, account };
        self.throttled(&attempt)?;
        Ok(attempt)
    }

    fn throttled(&self, attempt: &Attempt) -> Result<(), SignInError> {
        let account = attempt.account.as_ref().map(|account| account.id);
        let wait = locked(&self.inner.throttle).wait(attempt.client, &attempt.name, account, Instant::now());
        let Some(wait) = wait else { return Ok(()) };
        tracing::info!(
            client = %attempt.client, name = %shown(&attempt.name), protocol = ?attempt.protocol, seconds = wait.as_secs(),
            "sign-in refused after too many failures"
        );
        Err(SignInError::Throttled(wait))
    }

    async fn check(&self, attempt: &Attempt, password: &str) -> Result<Option<Used>, SignInError> {
        let credential = match &attempt.account {
            Some(account) => self.store().credential_row(account.id)?.map(|credential| (account.id, credential)),
            None => None,
        };
        let mark = credential
            .as_ref()
            .map(|(id, credential)| locked(&self.inner.known).mark(*id, credential.version, password));
        let recall = || mark.and_then(|mark| locked(&self.inner.known).get(&mark));
        let allowed = |used: &Used| used.is_none() || attempt.protocol != Protocol::Web;
        if let Some(used) = recall().filter(allowed) {
            return Ok(Some(used));
        }
        if let Some((id, _)) = &credential
            && attempt.protocol != Protocol::Web
            && let Some(app) = self.app_password_of(*id, password)?
        {
            mark.into_iter().for_each(|mark| locked(&self.inner.known).put(mark, Some(app)));
            return Ok(Some(Some(app)));
        }
        let place = self.inner.hasher.place().await;
        // While this waited, the same password may have been found right, or too many wrong ones counted.
        if let Some(used) = recall().filter(allowed) {
            return Ok(Some(used));
        }
        self.throttled(attempt)?;
        let hash = credential.map(|(_, credential)| credential.hash);
        if !self.inner.hasher.fits(place, password, hash).await? {
            return Ok(None);
        }
        mark.into_iter().for_each(|mark| locked(&self.inner.known).put(mark, None));
        Ok(Some(None))
    }

    /// The right password was given; the account's state decides.
    pub(crate) fn accepted(&self, attempt: &Attempt, app_password: Used) -> Result<Login, SignInError> {
        let Some(id) = attempt.account.as_ref().map(|account| account.id) else {
            return Err(self.refused(attempt, "no such account"));
        };
        // Read again: hashing took a while.
        let account = self.store().account_row(id)?;
        match account {
            Some(account) if account.state == AccountState::Active => {
                locked(&self.inner.throttle).succeeded(attempt.client, id, Instant::now());
                tracing::debug!(client = %attempt.client, account = %account.address, protocol = ?attempt.protocol, "signed in");
                Ok(Login { account, app_password })
            }
            _ => Err(self.refused(attempt, "the account is not active")),
        }
    }

    /// Counts and logs a failure. The reason is for the log alone.
    pub(crate) fn refused(&self, attempt: &Attempt, reason: &str) -> SignInError {
        locked(&self.inner.throttle).failed(attempt.client, &attempt.name, Instant::now());
        self.offence(attempt.client, crate::ban::Offence::SignIn);
        tracing::info!(
            client = %attempt.client, name = %shown(&attempt.name), protocol = ?attempt.protocol, reason,
            "sign-in failed"
        );
        SignInError::Refused
    }

    fn account_of_name(&self, name: &str) -> Result<Option<Account>, Error> {
        let address: Option<Address> = if name.contains('@') {
            name.parse().ok()
        } else {
            match self.store().all::<domain::Domain>(crate::row::DOMAINS)?.as_slice() {
                [(_, only)] => format!("{name}@{}", only.name).parse().ok(),
                _ => None,
            }
        };
        match address.map(|address| self.account_by_address(&address)).transpose() {
            Ok(account) => Ok(account),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Someone at the door.
pub(crate) struct Attempt {
    /// As given.
    pub(crate) name: String,
    pub(crate) client: IpAddr,
    pub(crate) protocol: Protocol,
    /// The account of that name, if there is one.
    pub(crate) account: Option<Account>,
}

/// A name fit for a log: people type passwords into name fields, so what is no address is not shown.
fn shown(name: &str) -> &str {
    let fit = name.contains('@') && name.len() <= 254 && !name.chars().any(char::is_control);
    if fit { name } else { "(not an address)" }
}
