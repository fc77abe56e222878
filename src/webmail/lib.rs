//! The pages for mail. They are a mail client: they read by IMAP and send by submission, over pipes when all runs in one
//! process, and know neither the store nor the directory.
//!
//! Layout: [`Webmail`] what `cli` composes; `routes` every address and its handler; `address` how those addresses are written;
//! `state` what handlers share; `visit` one request of a signed-in person; `shell` what stands around every page (folders, search).
//! Reading: `list` and its `row`s, `search` and its `results` in all folders with `highlight`, `conversation` with its `members`, `message` with its `envelope`, `structure`, `body`, `plain` text, `attachment`s (as one: `zip`) and
//! remote `images`, what is known of its sender (`authentication`), how its list is left (`unsubscribe`), `source`; `actions`, `undo`, and `jobs` for
//! very many messages; `live` news; `manage` and `folders`; `settings` and the page of `choices`; `filters` and the vacation. Writing: `compose`. Below: `imap` the client, `pool` its connections, [`safe_html`] mail HTML made safe, `markup` what is safe read once more, `fault` errors as answers.
//!
//! Invariants: a page of a mailbox reads what it shows and never the whole mailbox. Reading changes nothing but `\Seen`. A UID in an
//! address is only good with the UIDVALIDITY it was seen under where something is changed. Foreign HTML leaves this crate only through
//! [`safe_html`] and under a policy of its own that runs no script. Every page works without scripts.

mod actions;
mod address;
mod attachment;
mod authentication;
mod body;
mod choices;
mod compose;
mod conversation;
mod envelope;
mod fault;
mod filters;
mod folders;
mod highlight;
mod images;
mod imap;
mod jobs;
mod list;
mod live;
mod manage;
mod markup;
mod members;
mod message;
mod plain;
mod pool;
mod results;
mod routes;
mod row;
pub mod safe_html;
mod search;
mod settings;
mod shell;
mod source;
mod state;
mod structure;
mod uid_set;
mod undo;
mod unsubscribe;
mod visit;
mod zip;

use net::pipe::Connector;
use std::sync::Arc;

/// What the pages are made of.
#[derive(Debug)]
pub struct Setup {
    /// Opens IMAP connections.
    pub imap: Connector,
    /// Opens submission connections.
    pub submission: Connector,
    /// Opens ManageSieve connections.
    pub sieve: Connector,
    /// This host's name, for EHLO and new Message-IDs.
    pub hostname: String,
    /// Bytes of a message that submission and APPEND take.
    pub message_bytes_max: usize,
}

/// The pages, ready to be served. Cloning is cheap; all clones are one.
#[derive(Clone)]
pub struct Webmail {
    state: actix_web::web::Data<state::State>,
}

impl Webmail {
    /// Makes the pages. Has to be called inside the Tokio runtime that lives as long as they do: connections that outlive a
    /// request are watched on it.
    pub fn new(setup: Setup) -> Self {
        Self { state: actix_web::web::Data::new(state::State::new(setup)) }
    }

    /// The pages for [`httpd::Site::routes`].
    pub fn routes(&self) -> httpd::Routes {
        let state = self.state.clone();
        Arc::new(move |config| {
            config.app_data(state.clone());
            routes::configure(config);
        })
    }

    /// For [`httpd::Site::signed_out`]: closes the IMAP connections that a ticket has opened.
    pub fn signed_out(&self) -> httpd::SignedOut {
        let state = self.state.clone();
        Arc::new(move |ticket| state.forget(ticket))
    }
}
