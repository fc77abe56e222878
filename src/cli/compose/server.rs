//! A server that is ready to open, and its run until a signal ends it.

use super::{
    listeners::Listeners,
    place::Place,
    reload,
    services::{self, Services},
    signals::{Request, Signals},
};
use crate::{figures, telemetry::Filter};
use admin::{Context, control, figures::Figures, ops::Operation};
use anyhow::Context as _;
use config::Settings;
use metrics_exporter_prometheus::PrometheusHandle;
use net::{shutdown::Shutdown, tls::Certificates};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{net::UnixListener, sync::watch};

/// Time for sessions, requests and deliveries to finish.
const DRAIN: Duration = Duration::from_secs(30);
/// Time for what those stood on to finish after them.
const DRAIN_CORE: Duration = Duration::from_secs(5);

/// A server whose sockets are bound and whose store is open.
pub(crate) struct Server {
    pub(super) settings: watch::Sender<Arc<Settings>>,
    pub(super) context: Arc<Context>,
    pub(super) certificates: Certificates,
    pub(super) listeners: Listeners,
    pub(super) control: UnixListener,
    pub(super) sampler: admin::figures::Sampler,
    pub(super) metrics: PrometheusHandle,
    pub(super) drains: Drains,
}

/// What ends in two steps: first the doors, then what webmail stands on, so that pages under way can be finished.
#[derive(Clone, Default)]
pub(super) struct Drains {
    /// Listeners, pages, deliveries.
    pub(super) doors: Shutdown,
    /// Sessions over pipes.
    pub(super) core: Shutdown,
}

impl Server {
    /// Binds, opens and loads everything; nobody is let in yet. `advice` tells what to do when a port is taken.
    pub(crate) async fn prepare(settings: Settings, file: PathBuf, advice: &str) -> anyhow::Result<Self> {
        let socket = control::path(&settings.data_dir);
        if let Some(status) = control::call(&socket, &Operation::Status).await {
            anyhow::bail!(
                "a server runs in {} already, as process {}: see gatepost status, or stop it first",
                settings.data_dir.display(),
                status?["process"]
            );
        }
        let listeners = Listeners::bind(&settings, advice).await?;
        make_private(&settings.data_dir)?;
        let settings = Arc::new(settings);
        let place = Place::open(&settings).await?;
        match Self::build(&settings, file, listeners, &place) {
            Ok(server) => Ok(server),
            Err(error) => {
                place.store().close().await;
                Err(error)
            }
        }
    }

    fn build(settings: &Arc<Settings>, file: PathBuf, listeners: Listeners, place: &Place) -> anyhow::Result<Self> {
        let certificates = Certificates::load(settings)?;
        let socket = control::path(&settings.data_dir);
        let control = control::bind(&socket).with_context(|| format!("cannot make {}", socket.display()))?;
        let metrics = figures::record()?;
        let (figures, sampler) = {
            let (metrics, store) = (metrics.clone(), place.store().clone());
            Figures::new(&settings.data_dir, move || figures::counters(&metrics.render()), move || store.spool_len())
        };
        let (sender, receiver) = watch::channel(settings.clone());
        let context = Context {
            directory: place.directory.clone(),
            filter: place.filter.clone(),
            queue: place.queue.clone(),
            settings: receiver,
            config_file: file,
            resolver: place.resolver.clone(),
            certificates: Some(certificates.clone()),
            figures: Some(figures),
            search: open_search(settings, place),
        };
        Ok(Self {
            settings: sender,
            context: Arc::new(context),
            certificates,
            listeners,
            control,
            sampler,
            metrics,
            drains: Drains::default(),
        })
    }

    /// What operations work on.
    pub(crate) fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Gives back what [`Server::prepare`] took, without having let anyone in.
    pub(crate) async fn close(self) {
        close(&self.context).await;
    }

    /// Lets people in, calls `open`, and serves until SIGTERM or SIGINT; then drains. SIGHUP reloads the configuration.
    pub(crate) async fn run(self, filter: &Filter, open: impl FnOnce()) -> anyhow::Result<()> {
        let mut signals = Signals::new()?;
        let (context, drains) = (self.context.clone(), self.drains.clone());
        let services = services::start(self)?;
        let settings = context.settings();
        tracing::info!(
            hostname = settings.hostname, data_dir = %settings.data_dir.display(), version = env!("CARGO_PKG_VERSION"), "open"
        );
        open();
        let signal = loop {
            match signals.next().await {
                Request::Reload => reload::reload(&services, &context, filter).await,
                Request::Stop(signal) => break signal,
            }
        };
        tracing::info!(signal, "draining");
        drain(&drains, &mut signals).await;
        close(&context).await;
        tracing::info!("ended");
        drop::<Services>(services);
        Ok(())
    }
}

async fn drain(drains: &Drains, signals: &mut Signals) {
    let drained = async { drains.doors.drain(DRAIN).await && drains.core.drain(DRAIN_CORE).await };
    tokio::select! {
        all = drained => if !all {
            tracing::warn!("sessions were cut off; nothing that was acknowledged is lost");
        },
        signal = signals.stop_again() => tracing::warn!(signal, "a second signal: ending at once"),
    }
}

/// The full-text index. A server without one goes on: searches look at messages one by one.
fn open_search(settings: &Settings, place: &Place) -> Option<search::Index> {
    let dir = settings.data_dir.join("search");
    let index = search::Index::open(&dir, place.store(), search::Options::default());
    index.inspect_err(|error| tracing::error!(%error, "there is no search index")).ok()
}

/// Writes the store out and gives it back.
async fn close(context: &Context) {
    if let Some(index) = context.search.clone() {
        // A panic in it has been reported by then; the index is derived.
        let _ = tokio::task::spawn_blocking(move || index.close()).await;
    }
    context.store().close().await;
    let _ = std::fs::remove_file(control::path(&context.settings().data_dir));
}

/// Makes the folder for its owner alone; one that exists stays as it is.
pub(crate) fn make_private(dir: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).with_context(|| {
        format!("cannot make {}: create it, and give it to the user that runs gatepost", dir.display())
    })
}
