//! Mailbox addresses and SMTP paths (RFC 5321 section 4.1.2, RFC 6531 for UTF-8).

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// `local@domain`, checked. The domain is kept as lower-case UTF-8 (U-label), the local part as written, unquoted.
/// Equality and hashing compare the local part as written; use [`Address::key`] where case shall not matter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    local: String,
    domain: String,
}

impl Address {
    /// The local part, unquoted.
    pub fn local(&self) -> &str {
        &self.local
    }
    /// The domain, lower-case UTF-8; an address literal with its brackets.
    pub fn domain(&self) -> &str {
        &self.domain
    }
    /// Lower-case form for look-ups.
    pub fn key(&self) -> String {
        todo!()
    }
    /// `user` of `user+tag`; the whole local part where there is no tag.
    pub fn base_local(&self) -> &str {
        todo!()
    }
    /// Whether the address needs SMTPUTF8.
    pub fn is_utf8(&self) -> bool {
        todo!()
    }
    /// For the wire: the domain as A-labels, the local part quoted where needed.
    pub fn to_wire(&self) -> String {
        todo!()
    }
}

/// Why a text is not an address: what was wrong and at which byte.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct AddressError {
    /// What was wrong.
    pub what: &'static str,
    /// Byte offset.
    pub at: usize,
}

impl FromStr for Address {
    type Err = AddressError;
    fn from_str(_text: &str) -> Result<Self, AddressError> {
        todo!()
    }
}
impl TryFrom<String> for Address {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}
impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

/// RFC 5321 reverse-path: an address, or the null path `<>` of notifications.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct ReversePath(pub Option<Address>);

impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(address) => address.fmt(f),
            None => Ok(()),
        }
    }
}
