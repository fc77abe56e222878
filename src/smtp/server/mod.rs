//! SMTP sessions: port 25 for other servers, 587 and 465 for our people.
//!
//! Layout: [`mod@session`] the state machine, bytes in and replies and events out; `command/` its commands, a file for each
//! group; `connection` the socket, TLS and time-outs around it; `check` what the directory says to senders, recipients
//! and sign-ins; `accept` from finished text to the commit, `held` messages that wait
//! for their time, `caps` what an account may send.
//!
//! Invariants: the state machine does no IO and asks no clock; one write answers one batch of pipelined commands; no
//! state but TLS itself lives through STARTTLS (RFC 3207 section 4.2); memory held for messages being received is
//! bounded over all sessions.

mod accept;
mod caps;
mod check;
pub mod command;
mod connection;
mod held;
mod judge;
pub mod session;

use arc_swap::ArcSwap;
use config::Settings;
use directory::Directory;
use net::{Peer, Stream, limits::Refusal, shutdown::Shutdown};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What a listener is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Mail from other servers for our domains.
    Mx,
    /// Mail from our people to anywhere; they sign in first.
    Submission,
    /// Mail for our domains from a server beside this one, with a reply for each recipient (LMTP, RFC 2033).
    Lmtp,
}

/// What all sessions share.
pub struct Context {
    directory: Directory,
    filter: Option<filter::Filter>,
    settings: ArcSwap<Settings>,
    tls: Option<Arc<rustls::ServerConfig>>,
    incoming: Arc<Semaphore>,
    caps: Arc<caps::Caps>,
    shutdown: Shutdown,
}

/// Bytes that one place of the budget for incoming messages stands for.
const BUDGET_BLOCK_BYTES: usize = 16 * 1024;

impl Context {
    /// What sessions need. `tls` is for STARTTLS; without it STARTTLS is not announced.
    pub fn new(
        directory: Directory,
        settings: Arc<Settings>,
        tls: Option<Arc<rustls::ServerConfig>>,
        shutdown: Shutdown,
    ) -> Self {
        let places = settings.limits.incoming_bytes_max.div_ceil(BUDGET_BLOCK_BYTES);
        let incoming = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        Self {
            directory,
            filter: None,
            settings: ArcSwap::new(settings),
            tls,
            incoming,
            caps: Arc::default(),
            shutdown,
        }
    }

    /// Another context that ends by another signal, and shares the budget for memory and what accounts have sent.
    pub fn beside(&self, shutdown: Shutdown) -> Self {
        Self {
            directory: self.directory.clone(),
            filter: self.filter.clone(),
            settings: ArcSwap::new(self.settings.load_full()),
            tls: self.tls.clone(),
            incoming: Arc::clone(&self.incoming),
            caps: Arc::clone(&self.caps),
            shutdown,
        }
    }

    /// Has mail from other servers judged.
    pub fn with_filter(mut self, filter: filter::Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Takes new settings; sessions that run keep theirs. The memory budget is that of the start.
    pub fn reload(&self, settings: Arc<Settings>) {
        if let Some(filter) = &self.filter {
            filter.reload(settings.clone());
        }
        self.settings.store(settings);
    }

    /// The directory.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }
}

/// Runs a session to its end. Over implicit TLS `stream` is a [`Stream::Tls`] already.
pub async fn session(stream: Stream, peer: Peer, service: Service, context: Arc<Context>) {
    connection::run(stream, peer, service, context).await;
}

/// What a listener says to a client that it turns away.
pub fn refusal(refusal: Refusal) -> String {
    let code = if refusal == Refusal::Full { "4.3.2" } else { "4.7.0" };
    format!("421 {code} {refusal}, try again later\r\n")
}
