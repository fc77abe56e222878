//! The web ground that all pages stand on: Actix, sessions, request guards, errors as pages, languages, static files.
//!
//! Layout: [`site`] composes and serves, [`ground`] wraps every request (request id, session, cross-site guard, security
//! headers, errors as pages), [`session`] who is signed in and how that is asked, [`csrf`] and [`form`] guard what changes
//! something, [`page`] what every template needs, [`language`] and [`mod@format`] words, dates and sizes, `percent` parts of addresses, [`assets`] static
//! files, [`sign_in`] and [`preferences`] the pages shared by all, [`health`] what machines ask, [`events`] server-sent
//! events, [`fault`] errors.
//!
//! Invariants: nothing here knows mail, store or directory: who someone is comes from a [`Primary`]. The ticket of a session
//! is in the browser's cookie and nowhere else. Every response passes [`ground`], so none leaves without its security
//! headers. No page needs `unsafe-inline` or `unsafe-eval`.
//!
//! Errors: handlers return [`Fault`]; it is rendered as a page for people, a line of text for htmx, JSON for programs.

mod assets;
mod csrf;
mod events;
mod fault;
mod form;
mod format;
mod ground;
mod health;
mod language;
mod page;
mod percent;
mod preferences;
mod session;
mod sign_in;
mod site;

pub use actix_web;
pub use csrf::Csrf;
pub use events::{Event, stream as event_stream};
pub use fault::Fault;
pub use form::{Fields, Form};
pub use format::Instant;
pub use ground::{RequestId, is_fragment};
pub use language::{Argument, Language};
pub use page::{Markup, Page, Theme, render};
pub use percent::percent_encoded;
pub use session::{Admin, Primary, Session, SignInError, SignedIn, Unavailable};
pub use site::{Routes, SignedOut, Site};

/// Checks of the words and files that the pages use; for tests only.
#[doc(hidden)]
pub mod check {
    pub use crate::assets::embedded;
    pub use crate::sign_in::safe_next;
}
