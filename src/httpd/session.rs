//! Who is signed in. `httpd` asks a [`Primary`]; in one box that is the directory, on a webmail node the link to it.

use crate::{Csrf, Fault};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    dev::Payload,
};
use futures_util::future::BoxFuture;
use std::{
    future::{Ready, ready},
    net::IpAddr,
    sync::Arc,
};
use tokio::sync::watch;

/// Someone who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Primary address, which is also the sign-in name.
    pub address: String,
    /// Display name; may be empty.
    pub name: String,
    /// Whether the console is open to them.
    pub admin: bool,
    /// Number of the session within the account.
    pub session: u64,
    /// When the session ends, milliseconds since 1970.
    pub expires: i64,
    /// Addresses they may send from; the primary one first.
    pub addresses: Vec<String>,
}

/// Why a sign-in fails.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Wrong name or password, or the account may not sign in; not told apart.
    #[error("refused")]
    Refused,
    /// Too many failures; try again after this time.
    #[error("throttled")]
    Throttled(std::time::Duration),
    /// The machine failed; not the person's fault.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

/// The primary cannot be asked at the moment.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

/// The one that knows accounts and sessions.
pub trait Primary: Send + Sync + 'static {
    /// Checks name and password and begins a session: its ticket, and who it is.
    fn sign_in<'a>(
        &'a self,
        name: &'a str,
        password: &'a str,
        client: IpAddr,
        agent: &'a str,
    ) -> BoxFuture<'a, Result<(String, SignedIn), SignInError>>;
    /// The session of a ticket; `None` when it has ended or never was.
    fn session<'a>(&'a self, ticket: &'a str) -> BoxFuture<'a, Result<Option<SignedIn>, Unavailable>>;
    /// Ends a session.
    fn sign_out<'a>(&'a self, ticket: &'a str) -> BoxFuture<'a, Result<(), Unavailable>>;
    /// Wakes when any session ends or an account loses its rights, so that open event streams check theirs again.
    fn sessions_changed(&self) -> watch::Receiver<u64>;
}

/// The session a request belongs to. As an extractor it asks for sign-in when there is none.
#[derive(Clone)]
pub struct Session {
    /// The secret that opens it; handed to IMAP and submission. Not to be logged.
    pub ticket: Arc<str>,
    /// Who it is.
    pub person: Arc<SignedIn>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("person", &self.person).finish_non_exhaustive()
    }
}

impl Session {
    /// The guard against forged requests that belongs to this session.
    pub fn csrf(&self) -> Csrf {
        Csrf::of(&self.ticket)
    }

    /// The session that [`crate::ground`] found, if any.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }
}

impl FromRequest for Session {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request).ok_or(Fault::SignInNeeded))
    }
}

/// The session of someone who may use the console.
#[derive(Debug, Clone)]
pub struct Admin(pub Session);

impl FromRequest for Admin {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match Session::of(request) {
            None => Err(Fault::SignInNeeded),
            Some(session) if session.person.admin => Ok(Self(session)),
            Some(_) => Err(Fault::Forbidden("not an admin")),
        })
    }
}

/// The cookie's name. With TLS it has the prefix that makes browsers insist on `Secure`, this host and path `/`.
fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-gatepost" } else { "gatepost" }
}

/// The ticket that a request presents.
pub(crate) fn presented(request: &HttpRequest) -> Option<String> {
    request
        .cookie(cookie_name(request.app_config().secure()))
        .map(|c| c.value().to_owned())
        .filter(|t| !t.is_empty() && t.len() <= 128)
}

/// The cookie that keeps a ticket in the browser for the rest of the session.
pub(crate) fn cookie(secure: bool, ticket: &str, seconds: i64) -> Cookie<'static> {
    Cookie::build(cookie_name(secure), ticket.to_owned())
        .path("/")
        .http_only(true)
        .secure(secure)
        .same_site(SameSite::Lax)
        .max_age(Duration::seconds(seconds))
        .finish()
}
