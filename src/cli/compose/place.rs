//! The store with directory and queue on it.

use crate::progress::{Shown, Unit};
use admin::Context;
use anyhow::Context as _;
use config::{Settings, settings::Engine};
use directory::Directory;
use net::dns::Resolver;
use queue::Queue;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use store::{Options, Store};
use tokio::sync::watch;

/// What stands on the store of one folder.
pub(crate) struct Place {
    pub(crate) directory: Directory,
    pub(crate) filter: filter::Filter,
    pub(crate) queue: Queue,
    pub(crate) resolver: Resolver,
}

/// Folder of the store.
pub(crate) fn store_dir(settings: &Settings) -> PathBuf {
    settings.data_dir.join("store")
}

/// How the configuration wants the store opened.
pub(crate) fn store_options(settings: &Settings) -> Options {
    let engine = match settings.store.engine {
        Engine::Sled => store::Engine::Sled,
        Engine::Redb => store::Engine::Redb,
    };
    Options { engine, cache_bytes: settings.store.cache_bytes, ..Options::default() }
}

impl Place {
    /// Opens the store, or makes it where there is none.
    pub(crate) async fn open(settings: &Arc<Settings>) -> anyhow::Result<Self> {
        let store = open_store(settings).await?;
        let directory = Directory::new(store, &settings.limits);
        let resolver = Resolver::new(&settings.dns).context(
            "the name servers of this system cannot be read from /etc/resolv.conf: correct it, or set dns.servers in the configuration",
        )?;
        let tls = smtp::client::Tls::new().context(
            "this system has no certificates to check other servers by: install them (Debian: apt install ca-certificates)",
        )?;
        let queue = Queue::new(directory.clone(), resolver.clone(), settings.clone(), tls);
        let filter = filter::Filter::new(directory.store().clone(), resolver.clone(), settings.clone());
        Ok(Self { directory, filter, queue, resolver })
    }

    pub(crate) fn store(&self) -> &Store {
        self.directory.store()
    }

    /// What operations need where no server runs.
    pub(crate) fn into_context(self, settings: Arc<Settings>, file: PathBuf) -> Context {
        Context {
            directory: self.directory,
            filter: self.filter,
            queue: self.queue,
            // The sender may go: the value stays.
            settings: watch::channel(settings).1,
            config_file: file,
            resolver: self.resolver,
            certificates: None,
            figures: None,
            search: None,
        }
    }
}

/// Opening may replay the log, which takes its time: it is done off the async threads and shown.
async fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    let (dir, options) = (store_dir(settings), store_options(settings));
    let open = {
        let dir = dir.clone();
        move || {
            let mut shown = Shown::new("replaying the log", Unit::Commits);
            Store::open_showing(&dir, &options, &mut |progress| shown.at(progress))
        }
    };
    let (store, recovery) = tokio::task::spawn_blocking(open).await?.map_err(|error| advise(error, &dir))?;
    if let Some(reason) = &recovery.rebuilt
        && recovery.replayed > 0
    {
        tracing::warn!(reason, commits = recovery.replayed, "the index was rebuilt from the log");
    } else if recovery.replayed > 0 {
        tracing::info!(commits = recovery.replayed, "commits replayed into the index");
    }
    Ok(store)
}

/// What to do about a store that does not open.
fn advise(error: store::Error, dir: &Path) -> anyhow::Error {
    let advice = match &error {
        store::Error::Locked { .. } => "it does not answer yet: wait until it has started, or stop it first".to_owned(),
        store::Error::Io(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            format!("run this as the user that owns {}", dir.display())
        }
        store::Error::Damaged(_) => {
            format!(
                "nothing was changed; restore a backup with gatepost restore, or ask for help with {} kept",
                dir.display()
            )
        }
        _ => return anyhow::Error::new(error).context(format!("the store in {} cannot be opened", dir.display())),
    };
    anyhow::anyhow!("{error}; {advice}")
}

/// What operations need where no server runs. The caller closes the store.
pub(crate) async fn offline(settings: Settings, file: PathBuf) -> anyhow::Result<Context> {
    let dir = store_dir(&settings);
    anyhow::ensure!(
        dir.join("format").exists(),
        "there is no store in {}: make one with gatepost init, or start gatepost serve once",
        dir.display()
    );
    let settings = Arc::new(settings);
    let place = Place::open(&settings).await?;
    Ok(place.into_context(settings, file))
}
