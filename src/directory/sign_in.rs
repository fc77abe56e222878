//! Checking passwords, with throttling per address and account.

use crate::{Account, Directory};
use std::{net::IpAddr, time::Duration};

/// The door someone signs in at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Protocol {
    Smtp,
    Imap,
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
    #[error("too many failed sign-ins; try again in {} seconds", .0.as_secs())]
    Throttled(Duration),
    /// The machine failed; not the person's fault.
    #[error("sign-in is not possible at the moment")]
    Unavailable(#[source] store::Error),
}

impl Directory {
    /// Checks a name (the primary address; or its local part when there is one domain only) and password or app password
    /// (app passwords are not taken at [`Protocol::Web`]). Hashing runs off the async threads; a password checked lately is
    /// known again by a keyed hash in memory.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub async fn sign_in(&self, _name: &str, _password: &str, _client: IpAddr, _protocol: Protocol) -> Result<Login, SignInError> {
        todo!()
    }
}
