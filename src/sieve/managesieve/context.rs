//! What all sessions share.

use arc_swap::ArcSwap;
use config::Settings;
use directory::Directory;
use net::{limits::Refusal, shutdown::Shutdown};
use std::sync::Arc;

/// What all sessions share.
pub struct Context {
    pub(super) directory: Directory,
    settings: ArcSwap<Settings>,
    pub(super) tls: Option<Arc<rustls::ServerConfig>>,
    pub(super) shutdown: Shutdown,
}

impl Context {
    /// What sessions need. `tls` is for STARTTLS; without it STARTTLS is not announced.
    pub fn new(
        directory: Directory,
        settings: Arc<Settings>,
        tls: Option<Arc<rustls::ServerConfig>>,
        shutdown: Shutdown,
    ) -> Self {
        Self { directory, settings: ArcSwap::new(settings), tls, shutdown }
    }

    /// Takes new settings; sessions that run keep theirs.
    pub fn reload(&self, settings: Arc<Settings>) {
        self.settings.store(settings);
    }

    pub(super) fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }
}

/// What a listener says to a client that it turns away.
pub fn refusal(refusal: Refusal) -> String {
    format!("BYE (TRYLATER) \"{refusal}, try again later\"\r\n")
}
