//! What all sessions share.

use crate::recent::Marks;
use arc_swap::ArcSwap;
use config::Settings;
use directory::Directory;
use net::{limits::Refusal, shutdown::Shutdown};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Bytes that one place of the budget for incoming messages stands for.
pub(crate) const BUDGET_BLOCK_BYTES: usize = 16 * 1024;

/// What all sessions share.
pub struct Context {
    pub(crate) directory: Directory,
    settings: ArcSwap<Settings>,
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    /// Memory for messages being appended, in blocks of [`BUDGET_BLOCK_BYTES`].
    pub(crate) incoming: Arc<Semaphore>,
    pub(crate) shutdown: Shutdown,
    /// Which messages are recent in mailboxes that are open.
    pub(crate) recent: Arc<Marks>,
    /// The full-text index; without it FUZZY means what is exactly so.
    pub(crate) search: Option<search::Index>,
}

impl Context {
    /// What sessions need. `tls` is for STARTTLS; without it STARTTLS is not announced.
    pub fn new(
        directory: Directory,
        settings: Arc<Settings>,
        tls: Option<Arc<rustls::ServerConfig>>,
        shutdown: Shutdown,
    ) -> Self {
        let blocks = settings.limits.incoming_bytes_max.div_ceil(BUDGET_BLOCK_BYTES);
        let incoming = Arc::new(Semaphore::new(blocks.min(Semaphore::MAX_PERMITS)));
        Self {
            directory,
            settings: ArcSwap::new(settings),
            tls,
            incoming,
            shutdown,
            recent: Arc::default(),
            search: None,
        }
    }

    /// The same with a full-text index.
    pub fn with_search(self, index: search::Index) -> Self {
        Self { search: Some(index), ..self }
    }

    /// Takes new settings; sessions that run keep theirs. The memory budget is that of the start.
    pub fn reload(&self, settings: Arc<Settings>) {
        self.settings.store(settings);
    }

    /// The directory.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The settings as they are now.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }
}

/// What a listener says to a client that it turns away.
pub fn refusal(refusal: Refusal) -> String {
    format!("* BYE [UNAVAILABLE] {refusal}, try again later\r\n")
}
