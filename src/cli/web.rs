//! The browser's sign-in, over the directory of this process.

use directory::{Account, AccountId, Directory, Session, Ticket};
use futures_util::future::{BoxFuture, FutureExt};
use httpd::{Primary, SignInError, SignedIn, Unavailable};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};
use tokio::sync::watch;

/// Accounts whose addresses are kept.
const KEPT_MAX: usize = 10_000;

/// The directory as the pages see it.
pub(crate) struct Local {
    directory: Directory,
    /// Addresses to send from, with the version of the recipient list they were found in: each request asks for them.
    addresses: Mutex<HashMap<AccountId, (u64, Vec<String>)>>,
}

impl Local {
    pub(crate) fn new(directory: Directory) -> Self {
        Self { directory, addresses: Mutex::default() }
    }

    fn signed_in(&self, session: &Session, account: &Account) -> SignedIn {
        SignedIn {
            address: account.address.to_string(),
            name: account.name.clone(),
            admin: account.admin,
            session: session.id,
            expires: session.expires,
            // Without the aliases a person can still send from the primary address.
            addresses: self.addresses(account).unwrap_or_else(|_| vec![account.address.to_string()]),
        }
    }

    fn addresses(&self, account: &Account) -> Result<Vec<String>, directory::Error> {
        let version = self.directory.recipients_version()?;
        let kept = || self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, addresses)) = kept().get(&account.id).filter(|(of, _)| *of == version) {
            return Ok(addresses.clone());
        }
        let mut addresses = vec![account.address.to_string()];
        for alias in self.directory.aliases(None)? {
            if self.directory.account_may_send_as(account.id, &alias.address)? {
                addresses.push(alias.address.to_string());
            }
        }
        let mut kept = kept();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(account.id, (version, addresses.clone()));
        Ok(addresses)
    }
}

impl Primary for Local {
    fn sign_in<'a>(
        &'a self,
        name: &'a str,
        password: &'a str,
        client: IpAddr,
        agent: &'a str,
    ) -> BoxFuture<'a, Result<(String, SignedIn), SignInError>> {
        async move {
            match self.directory.session_begin(name, password, client, agent).await {
                Ok((ticket, session, account)) => Ok((ticket.expose().to_owned(), self.signed_in(&session, &account))),
                Err(directory::SignInError::Refused) => Err(SignInError::Refused),
                Err(directory::SignInError::Throttled(wait)) => Err(SignInError::Throttled(wait)),
                Err(directory::SignInError::Unavailable(error)) => Err(SignInError::Unavailable(error.to_string())),
            }
        }
        .boxed()
    }

    fn session<'a>(&'a self, ticket: &'a str) -> BoxFuture<'a, Result<Option<SignedIn>, Unavailable>> {
        let outcome = match self.directory.session(&Ticket::presented(ticket)) {
            Ok((session, account)) => Ok(Some(self.signed_in(&session, &account))),
            Err(directory::SignInError::Unavailable(error)) => Err(Unavailable(error.to_string())),
            Err(_) => Ok(None),
        };
        std::future::ready(outcome).boxed()
    }

    fn sign_out<'a>(&'a self, ticket: &'a str) -> BoxFuture<'a, Result<(), Unavailable>> {
        async move {
            self.directory.session_end(&Ticket::presented(ticket)).await.map_err(|error| Unavailable(error.to_string()))
        }
        .boxed()
    }

    fn sessions_changed(&self) -> watch::Receiver<u64> {
        self.directory.session_watch()
    }
}
