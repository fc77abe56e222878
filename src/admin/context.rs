//! What operations work on.

use crate::figures::Figures;
use config::Settings;
use directory::Directory;
use net::{dns::Resolver, tls::Certificates};
use std::{path::PathBuf, sync::Arc};
use store::Store;
use tokio::sync::watch;

/// Everything that operations and console pages need. One per process, shared by all.
pub struct Context {
    /// Domains, accounts, aliases; leads to the store.
    pub directory: Directory,
    /// What judges mail from other servers.
    pub filter: filter::Filter,
    /// The outbound queue.
    pub queue: queue::Queue,
    /// Settings as they are now; a reload changes them.
    pub settings: watch::Receiver<Arc<Settings>>,
    /// The file that the settings were read from.
    pub config_file: PathBuf,
    /// Name look-ups, for the DNS page.
    pub resolver: Resolver,
    /// The certificate in use; `None` where no server runs.
    pub certificates: Option<Certificates>,
    /// Live figures; `None` where no server runs.
    pub figures: Option<Figures>,
    /// The full-text index; `None` where no server runs, and where there can be none.
    pub search: Option<search::Index>,
}

impl Context {
    /// The settings as they are now.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.borrow().clone()
    }
    /// The store below the directory.
    pub fn store(&self) -> &Store {
        self.directory.store()
    }
}

/// Now, milliseconds since 1970 UTC.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
