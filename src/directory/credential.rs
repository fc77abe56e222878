//! Passwords and app passwords.

use crate::{Directory, Error};
use serde::{Deserialize, Serialize};
use store::AccountId;

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

impl Directory {
    /// Sets an account's password and ends its other sessions.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] when it is too short or too long.
    pub async fn password_set(&self, _id: AccountId, _password: &str) -> Result<(), Error> {
        todo!()
    }
    /// App passwords of an account.
    ///
    /// # Errors
    /// Machine faults.
    pub fn app_passwords(&self, _id: AccountId) -> Result<Vec<AppPassword>, Error> {
        todo!()
    }
    /// Makes an app password and returns its secret, which is shown once.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`].
    pub async fn app_password_add(&self, _id: AccountId, _name: &str) -> Result<(AppPassword, String), Error> {
        todo!()
    }
    /// Removes an app password.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub async fn app_password_remove(&self, _id: AccountId, _app_password: u64) -> Result<(), Error> {
        todo!()
    }
}
