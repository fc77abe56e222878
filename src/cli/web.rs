//! The browser's sign-in, over the directory of this process.

use directory::{Account, Directory, Session, Ticket};
use futures_util::future::{BoxFuture, FutureExt};
use httpd::{Primary, SignInError, SignedIn, Unavailable};
use std::net::IpAddr;
use tokio::sync::watch;

/// The directory as the pages see it.
pub(crate) struct Local(pub(crate) Directory);

impl Local {
    fn signed_in(&self, session: &Session, account: &Account) -> SignedIn {
        let primary = account.address.to_string();
        let mut addresses = vec![primary.clone()];
        // Without the aliases a person can still send from the primary address.
        for alias in self.0.aliases(None).unwrap_or_default() {
            if self.0.account_may_send_as(account.id, &alias.address).unwrap_or(false) {
                addresses.push(alias.address.to_string());
            }
        }
        SignedIn {
            address: primary,
            name: account.name.clone(),
            admin: account.admin,
            session: session.id,
            expires: session.expires,
            addresses,
        }
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
            match self.0.session_begin(name, password, client, agent).await {
                Ok((ticket, session, account)) => Ok((ticket.expose().to_owned(), self.signed_in(&session, &account))),
                Err(directory::SignInError::Refused) => Err(SignInError::Refused),
                Err(directory::SignInError::Throttled(wait)) => Err(SignInError::Throttled(wait)),
                Err(directory::SignInError::Unavailable(error)) => Err(SignInError::Unavailable(error.to_string())),
            }
        }
        .boxed()
    }

    fn session<'a>(&'a self, ticket: &'a str) -> BoxFuture<'a, Result<Option<SignedIn>, Unavailable>> {
        let outcome = match self.0.session(&Ticket::presented(ticket)) {
            Ok((session, account)) => Ok(Some(self.signed_in(&session, &account))),
            Err(directory::SignInError::Unavailable(error)) => Err(Unavailable(error.to_string())),
            Err(_) => Ok(None),
        };
        std::future::ready(outcome).boxed()
    }

    fn sign_out<'a>(&'a self, ticket: &'a str) -> BoxFuture<'a, Result<(), Unavailable>> {
        async move { self.0.session_end(&Ticket::presented(ticket)).await.map_err(|error| Unavailable(error.to_string())) }.boxed()
    }

    fn sessions_changed(&self) -> watch::Receiver<u64> {
        self.0.session_watch()
    }
}
