//! Who has mail here: domains, accounts, aliases, credentials, sign-in.
//!
//! Layout: [`domain`], [`account`], [`alias`] the records and their changes; [`resolve`] from an address to where its mail goes;
//! [`credential`] passwords and app passwords; [`sign_in`] checking them, with throttling; [`session`] browser sessions and
//! their tickets; [`sasl`] the mechanisms that SMTP and IMAP share.
//!
//! Invariants: passwords are kept as argon2id (and SCRAM keys) only; nothing secret is logged; every change is one commit
//! and raises the version of the recipient list.

pub mod account;
pub mod alias;
pub mod credential;
pub mod domain;
pub mod error;
pub mod resolve;
pub mod sasl;
pub mod session;
pub mod sign_in;

pub use account::{Account, AccountState};
pub use error::Error;
pub use resolve::Resolution;
pub use session::{Session, Ticket};
pub use sign_in::{Login, Protocol, SignInError};
pub use store::AccountId;

use std::sync::Arc;

/// The directory. Cloning is cheap; all clones are one.
#[derive(Clone)]
pub struct Directory {
    _inner: Arc<()>,
}

impl Directory {
    /// The directory kept in a store.
    pub fn new(_store: store::Store, _limits: &config::Limits) -> Self {
        todo!()
    }
    /// The store it is kept in.
    pub fn store(&self) -> &store::Store {
        todo!()
    }
    /// Grows with every change of domains, accounts or aliases.
    ///
    /// # Errors
    /// Machine faults.
    pub fn recipients_version(&self) -> Result<u64, Error> {
        todo!()
    }
}
