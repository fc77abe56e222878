//! What all handlers share.

use crate::{Setup, compose::Desk, images::Fetcher, jobs::Jobs, live::Hub, pool::Pool};
use net::pipe::Connector;
use std::sync::Arc;

/// Shared by all handlers of all workers.
pub(crate) struct State {
    /// IMAP connections.
    pub(crate) pool: Arc<Pool>,
    /// Mailboxes that are watched.
    pub(crate) hub: Arc<Hub>,
    /// Work on very many messages.
    pub(crate) jobs: Jobs,
    /// Fetches images of other hosts.
    pub(crate) images: Fetcher,
    /// Messages being written.
    pub(crate) desk: Desk,
    /// Opens submission connections.
    pub(crate) submission: Connector,
    /// Opens ManageSieve connections.
    pub(crate) sieve: Connector,
    /// Rules that go over mail that is there.
    pub(crate) runs: crate::filters::Runs,
    /// This host's name.
    pub(crate) hostname: String,
    /// Bytes of a message that may be sent or kept as a draft.
    pub(crate) message_bytes_max: usize,
}

impl State {
    pub(crate) fn new(setup: Setup) -> Self {
        let pool = Pool::new(setup.imap);
        Self {
            hub: Hub::new(pool.clone()),
            pool,
            jobs: Jobs::default(),
            images: Fetcher::new(),
            desk: Desk::new(),
            submission: setup.submission,
            sieve: setup.sieve,
            runs: crate::filters::Runs::default(),
            hostname: setup.hostname,
            message_bytes_max: setup.message_bytes_max,
        }
    }

    /// Closes what a ticket has open.
    pub(crate) fn forget(&self, ticket: &str) {
        self.pool.forget(ticket);
        self.desk.forget(ticket);
        self.hub.forget(ticket);
    }
}
