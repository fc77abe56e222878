//! What all sessions share.

use crate::lock::Locks;
use arc_swap::ArcSwap;
use config::Settings;
use directory::Directory;
use net::{limits::Refusal, shutdown::Shutdown};
use std::sync::Arc;

/// What all sessions share.
pub struct Context {
    pub(crate) directory: Directory,
    settings: ArcSwap<Settings>,
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) locks: Locks,
    pub(crate) shutdown: Shutdown,
}

impl Context {
    /// What sessions need. `tls` is for STLS; without it STLS is not announced.
    pub fn new(
        directory: Directory,
        settings: Arc<Settings>,
        tls: Option<Arc<rustls::ServerConfig>>,
        shutdown: Shutdown,
    ) -> Self {
        Self { directory, settings: ArcSwap::new(settings), tls, locks: Locks::default(), shutdown }
    }

    /// Takes new settings; sessions that run keep theirs.
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
    format!("-ERR [SYS/TEMP] {refusal}, try again later\r\n")
}
