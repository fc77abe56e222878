//! Browser sessions. The ticket is in the browser's cookie and nowhere else: the store keeps its BLAKE3 only, and IMAP and
//! submission take it (OAUTHBEARER, XOAUTH2) over trusted hops only.

use crate::{Account, Directory, SignInError, Error};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use store::AccountId;

/// A session as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Number within the account.
    pub id: u64,
    /// The account.
    pub account: AccountId,
    /// When it began, milliseconds since 1970.
    pub created: i64,
    /// When it ends, milliseconds since 1970.
    pub expires: i64,
    /// From where it began.
    pub client: IpAddr,
    /// The browser's User-Agent, cut to 200 characters.
    pub agent: String,
}

/// The secret that opens a session: 256 random bits, base64url. Not printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket(String);

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ticket(..)")
    }
}

impl Ticket {
    /// A ticket as presented; may be anything.
    pub fn presented(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The text, for the cookie and for SASL.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Directory {
    /// Checks name and password at [`crate::Protocol::Web`] and begins a session.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub async fn session_begin(&self, _name: &str, _password: &str, _client: IpAddr, _agent: &str) -> Result<(Ticket, Session, Account), SignInError> {
        todo!()
    }
    /// The session and account of a ticket, if both may be used now.
    ///
    /// # Errors
    /// [`SignInError::Refused`], [`SignInError::Unavailable`].
    pub fn session(&self, _ticket: &Ticket) -> Result<(Session, Account), SignInError> {
        todo!()
    }
    /// Ends a session.
    ///
    /// # Errors
    /// Machine faults.
    pub async fn session_end(&self, _ticket: &Ticket) -> Result<(), Error> {
        todo!()
    }
    /// Wakes when any session ends or an account loses its rights, so that open connections check theirs again.
    pub fn session_watch(&self) -> tokio::sync::watch::Receiver<u64> {
        todo!()
    }
}
