//! Everything that a server runs.

use super::server::{Drains, Server};
use crate::{figures, web::Local};
use admin::{Context, control};
use config::{Limits, Settings, Trust};
use net::{
    Peer, Stream,
    limits::{ConnectionLimits, Refusal},
    listener::{self, Banned, Service},
    pipe::{self, Connector},
    shutdown::Shutdown,
};
use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch};

/// Between two sweeps of expired browser sessions.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);
/// Threads that answer browsers.
const WEB_WORKERS_MAX: usize = 8;

/// What a reload of the configuration reaches.
pub(super) struct Services {
    pub(super) settings: watch::Sender<Arc<Settings>>,
    pub(super) smtp: [Arc<smtp::server::Context>; 2],
    pub(super) imap: [Arc<imap::Context>; 2],
    pub(super) pop3: Arc<pop3::Context>,
    pub(super) sieve: [Arc<sieve::managesieve::Context>; 2],
}

/// Starts everything. The listeners are taken up last.
pub(super) fn start(server: Server) -> anyhow::Result<Services> {
    let Server { settings, context, certificates, listeners, control, sampler, metrics, drains } = server;
    let now = context.settings();
    let tls = certificates.server_config();
    let smtp = |shutdown: &Shutdown| {
        let directory = context.directory.clone();
        let smtp = smtp::server::Context::new(directory, now.clone(), Some(tls.clone()), shutdown.clone());
        Arc::new(smtp.with_filter(context.filter.clone()))
    };
    let smtp_doors = smtp(&drains.doors);
    // One count of what an account sends, whichever way.
    let smtp_core = Arc::new(smtp_doors.beside(drains.core.clone()));
    let imap = |shutdown: &Shutdown| {
        let directory = context.directory.clone();
        let imap = imap::Context::new(directory, now.clone(), Some(tls.clone()), shutdown.clone());
        Arc::new(match &context.search {
            Some(index) => imap.with_search(index.clone()),
            None => imap,
        })
    };
    let pop3 = pop3::Context::new(context.directory.clone(), now.clone(), Some(tls.clone()), drains.doors.clone());
    let sieve = |shutdown: &Shutdown| {
        let directory = context.directory.clone();
        let tls = Some(tls.clone());
        Arc::new(sieve::managesieve::Context::new(directory, now.clone(), tls, shutdown.clone()))
    };
    let services = Services {
        settings,
        smtp: [smtp_doors, smtp_core],
        imap: [imap(&drains.doors), imap(&drains.core)],
        pop3: Arc::new(pop3),
        sieve: [sieve(&drains.doors), sieve(&drains.core)],
    };
    in_the_background(&context, &drains);
    let doors = &drains.doors;
    doors.spawn({
        let (certificates, shutdown) = (certificates.clone(), doors.clone());
        async move { certificates.maintain(shutdown).await }
    });
    doors.spawn(sampler.run(doors.clone()));
    doors.spawn(figures::upkeep(metrics.clone(), doors.clone()));
    doors.spawn(control::serve(control, context.clone(), doors.clone()));

    let webmail = webmail::Webmail::new(webmail::Setup {
        imap: imap_pipe(&services, &drains),
        submission: submission_pipe(&services, &drains),
        sieve: sieve_pipe(&services, &drains),
        hostname: now.hostname.clone(),
        message_bytes_max: now.limits.message_bytes_max,
    });
    let store = context.store().clone();
    let site = httpd::Site {
        primary: Arc::new(Local::new(context.directory.clone())),
        certificates: Some(certificates),
        plain: listeners.http,
        tls: listeners.https,
        loopback: now.loopback,
        https_port: now.listen.https.first().map_or(443, SocketAddr::port),
        workers: std::thread::available_parallelism().map_or(2, usize::from).min(WEB_WORKERS_MAX),
        routes: vec![webmail.routes(), admin::routes(context.clone())],
        signed_out: vec![webmail.signed_out()],
        ready: {
            let store = store.clone();
            Arc::new(move || store.stopped().map_or(Ok(()), |why| Err(format!("the store takes no mail: {why}"))))
        },
        metrics: {
            let search = context.search.clone();
            Arc::new(move || figures::text(&metrics, &store, search.as_ref()))
        },
        shutdown: doors.clone(),
    };
    doors.spawn(async move {
        if let Err(error) = site.serve().await {
            tracing::error!(%error, "the web server ended");
        }
    });

    let banned: Banned = {
        let directory = context.directory.clone();
        Arc::new(move |client| directory.is_banned(client))
    };
    let door = |listeners, tls, limits: &ConnectionLimits| Door {
        listeners,
        tls,
        limits: limits.clone(),
        trust: now.trust.clone(),
        banned: banned.clone(),
        shutdown: doors.clone(),
    };
    let [mx, submission, imap, pop3, managesieve] = [(); 5].map(|()| ConnectionLimits::new(&now.limits));
    let implicit = Some(tls.clone());
    use smtp::server::Service::{Lmtp, Mx, Submission};
    door(listeners.lmtp, None, &mx).open(smtp::server::refusal, smtp_handler(&services.smtp[0], Lmtp));
    door(listeners.smtp, None, &mx).open(smtp::server::refusal, smtp_handler(&services.smtp[0], Mx));
    for (listeners, tls) in [(listeners.submission, None), (listeners.submissions, implicit.clone())] {
        let handler = smtp_handler(&services.smtp[0], Submission);
        door(listeners, tls, &submission).open(smtp::server::refusal, handler);
    }
    for (listeners, tls) in [(listeners.imap, None), (listeners.imaps, implicit.clone())] {
        door(listeners, tls, &imap).open(imap::context::refusal, imap_handler(&services.imap[0]));
    }
    for (listeners, tls) in [(listeners.pop3, None), (listeners.pop3s, implicit)] {
        door(listeners, tls, &pop3).open(pop3::context::refusal, pop3_handler(&services.pop3));
    }
    let sieve = sieve_handler(&services.sieve[0]);
    door(listeners.sieve, None, &managesieve).open(sieve::managesieve::context::refusal, sieve);
    Ok(services)
}

/// What nobody waits for.
fn in_the_background(context: &Context, drains: &Drains) {
    let doors = &drains.doors;
    if let Some(Err(error)) = context.search.as_ref().map(search::Index::start) {
        tracing::error!(%error, "the search index is not kept up to date");
    }
    let (queue, shutdown) = (context.queue.clone(), doors.clone());
    doors.spawn(async move { queue.run(shutdown).await });
    let (queue, shutdown) = (context.queue.clone(), doors.clone());
    doors.spawn(async move { queue.keep(shutdown).await });
    let (filter, shutdown) = (context.filter.clone(), doors.clone());
    doors.spawn(async move { filter.run(shutdown).await });
    let store = context.store().clone();
    until_draining(doors, async move { store.maintain(Limits::VAULT_DAYS).await });
    let directory = context.directory.clone();
    until_draining(doors, async move {
        loop {
            tokio::time::sleep(SWEEP_EVERY).await;
            if let Err(error) = directory.sessions_sweep().await {
                tracing::warn!(%error, "expired sessions could not be removed");
            }
        }
    });
}

/// Runs a task that can be dropped at any time.
fn until_draining(shutdown: &Shutdown, task: impl Future<Output = ()> + Send + 'static) {
    let draining = shutdown.draining.clone();
    shutdown.spawn(async move {
        tokio::select! {
            () = draining.cancelled() => {}
            () = task => {}
        }
    });
}

/// Listeners of one protocol with how they treat a connection.
struct Door {
    listeners: Vec<TcpListener>,
    tls: Option<Arc<rustls::ServerConfig>>,
    limits: ConnectionLimits,
    trust: Trust,
    banned: Banned,
    shutdown: Shutdown,
}

impl Door {
    fn open<H, F>(self, refusal: fn(Refusal) -> String, handler: H)
    where
        H: Fn(Stream, Peer) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        for listener in self.listeners {
            let (tls, limits) = (self.tls.clone(), self.limits.clone());
            let (trust, banned) = (self.trust.clone(), self.banned.clone());
            let service = Service { tls, limits, refusal, trust, banned, handler: handler.clone() };
            self.shutdown.spawn(listener::serve(listener, service, self.shutdown.clone()));
        }
    }
}

type Running = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

fn smtp_handler(
    context: &Arc<smtp::server::Context>,
    service: smtp::server::Service,
) -> impl Fn(Stream, Peer) -> Running + Clone + use<> {
    let context = context.clone();
    let name = match service {
        smtp::server::Service::Mx => "mx",
        smtp::server::Service::Submission => "submission",
        smtp::server::Service::Lmtp => "lmtp",
    };
    figures::counted(name, move |stream, peer| smtp::server::session(stream, peer, service, context.clone()))
}

fn imap_handler(context: &Arc<imap::Context>) -> impl Fn(Stream, Peer) -> Running + Clone + use<> {
    let context = context.clone();
    move |stream, peer| Box::pin(imap::session(stream, peer, context.clone()))
}

fn pop3_handler(context: &Arc<pop3::Context>) -> impl Fn(Stream, Peer) -> Running + Clone + use<> {
    let context = context.clone();
    move |stream, peer| Box::pin(pop3::session(stream, peer, context.clone()))
}

fn sieve_handler(context: &Arc<sieve::managesieve::Context>) -> impl Fn(Stream, Peer) -> Running + Clone + use<> {
    let context = context.clone();
    move |stream, peer| Box::pin(sieve::managesieve::session(stream, peer, context.clone()))
}

/// The way from webmail to IMAP.
fn imap_pipe(services: &Services, drains: &Drains) -> Connector {
    let (connector, acceptor) = pipe::listen(([127, 0, 0, 1], 143).into());
    let handler = imap_handler(&services.imap[1]);
    drains.core.spawn(listener::serve_pipe(acceptor, handler, drains.core.clone()));
    connector
}

/// The way from webmail to submission.
fn submission_pipe(services: &Services, drains: &Drains) -> Connector {
    let (connector, acceptor) = pipe::listen(([127, 0, 0, 1], 587).into());
    let handler = smtp_handler(&services.smtp[1], smtp::server::Service::Submission);
    drains.core.spawn(listener::serve_pipe(acceptor, handler, drains.core.clone()));
    connector
}

/// The way from webmail to ManageSieve.
fn sieve_pipe(services: &Services, drains: &Drains) -> Connector {
    let (connector, acceptor) = pipe::listen(([127, 0, 0, 1], 4190).into());
    let handler = sieve_handler(&services.sieve[1]);
    drains.core.spawn(listener::serve_pipe(acceptor, handler, drains.core.clone()));
    connector
}
