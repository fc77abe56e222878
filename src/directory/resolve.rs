//! From an envelope recipient to where its mail goes.

use crate::{Directory, Error};
use mail::address::Address;
use store::AccountId;

/// Where mail for an address goes, with aliases, catch-all and sub-addresses (`user+tag`) followed to the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// To these accounts and these addresses elsewhere; at least one in all, none twice.
    Deliver {
        /// Local accounts with the address they were reached by.
        accounts: Vec<(AccountId, Address)>,
        /// Addresses elsewhere.
        remote: Vec<Address>,
    },
    /// The domain is not ours: relaying, for those who may.
    Remote,
    /// The domain is ours and has no such address (`550 5.1.1`).
    Unknown,
    /// The account is closed (`550 5.2.1`).
    Disabled,
}

impl Directory {
    /// Resolves a recipient.
    ///
    /// # Errors
    /// Machine faults; [`Error::Invalid`] for an alias loop.
    pub fn resolve(&self, _recipient: &Address) -> Result<Resolution, Error> {
        todo!()
    }
    /// Whether the domain is ours.
    ///
    /// # Errors
    /// Machine faults.
    pub fn is_local(&self, _domain: &str) -> Result<bool, Error> {
        todo!()
    }
    /// Bytes that the account may still take, by its quota and its domain's; `None` is unlimited.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn quota_left(&self, _account: AccountId) -> Result<Option<u64>, Error> {
        todo!()
    }
}
