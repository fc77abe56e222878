//! One request of a signed-in person, with the way to their mail.

use crate::{
    imap::{Error, Selected},
    pool::Lease,
    state::State,
};
use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use httpd::{Fault, Page, Session, is_fragment};
use std::{
    future::{Ready, ready},
    net::{Ipv4Addr, SocketAddr},
};

/// A request of a signed-in person, which work that outlives it can go on with. As an extractor it asks for sign-in when there is no session.
#[derive(Clone)]
pub(crate) struct Visit {
    /// Who it is.
    pub(crate) session: Session,
    /// Ground of the page that answers.
    pub(crate) page: Page,
    /// What handlers share.
    pub(crate) state: web::Data<State>,
    /// The person's address, which IMAP and submission are told.
    pub(crate) client: SocketAddr,
    /// Whether htmx asks for a part of a page.
    pub(crate) is_fragment: bool,
    /// The element that htmx wants to fill, without `#`.
    pub(crate) target: Option<String>,
}

impl FromRequest for Visit {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

impl Visit {
    fn of(request: &HttpRequest) -> Result<Self, Fault> {
        let session = Session::of(request).ok_or(Fault::SignInNeeded)?;
        let state = request
            .app_data::<web::Data<State>>()
            .cloned()
            .ok_or_else(|| Fault::internal("webmail is not composed into this site"))?;
        let target = request.headers().get("HX-Target").and_then(|v| v.to_str().ok()).map(str::to_owned);
        Ok(Self {
            session,
            page: Page::of(request),
            state,
            client: request.peer_addr().unwrap_or_else(|| (Ipv4Addr::UNSPECIFIED, 0).into()),
            is_fragment: is_fragment(request),
            target,
        })
    }

    /// A connection to IMAP with no particular mailbox open. One that was kept and has gone stale is replaced.
    pub(crate) async fn imap(&self) -> Result<Lease, Error> {
        loop {
            let mut lease = self.state.pool.take(&self.session, self.client, None).await?;
            if lease.is_fresh() {
                return Ok(lease);
            }
            match lease.check().await {
                Ok(()) => return Ok(lease),
                Err(Error::Gone(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// A connection that has `mailbox` open, and the mailbox's state. A connection that has gone stale is replaced.
    pub(crate) async fn open(&self, mailbox: &str) -> Result<(Lease, Selected), Error> {
        loop {
            let mut lease = self.state.pool.take(&self.session, self.client, Some(mailbox)).await?;
            let is_fresh = lease.is_fresh();
            match lease.open(mailbox).await {
                Ok(selected) => return Ok((lease, selected)),
                Err(Error::Gone(_)) if !is_fresh => {}
                Err(error) => return Err(error),
            }
        }
    }
}
