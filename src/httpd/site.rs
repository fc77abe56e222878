//! Composes the pages of all crates and serves them on given listeners.

use crate::{Primary, Session, assets, ground, health, preferences, sign_in};
use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::Server,
    http::header,
    middleware::{Compress, from_fn},
    web,
};
use net::{shutdown::Shutdown, tls::Certificates};
use std::{io, net::TcpListener, sync::Arc, time::Duration};

/// Registers the pages of a crate.
pub type Routes = Arc<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;

/// Called with the ticket of a session that ends by signing out.
pub type SignedOut = Arc<dyn Fn(&str) + Send + Sync>;

/// Connections of browsers open at once, for each thread; more wait.
const CONNECTIONS_MAX: usize = 4096;
/// Time to send the head of a request (`408`).
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// Time an unused connection stays.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Time running requests get when the server drains, seconds.
const DRAIN_SECONDS: u64 = 10;

/// Everything the web side is made of.
pub struct Site {
    /// Who knows accounts and sessions.
    pub primary: Arc<dyn Primary>,
    /// For TLS listeners and ACME answers.
    pub certificates: Option<Certificates>,
    /// Listeners without TLS.
    pub plain: Vec<TcpListener>,
    /// Listeners with TLS.
    pub tls: Vec<TcpListener>,
    /// Whether plain listeners serve the pages (loopback); else they lead to HTTPS.
    pub loopback: bool,
    /// Port that the lead to HTTPS names.
    pub https_port: u16,
    /// Threads.
    pub workers: usize,
    /// The pages.
    pub routes: Vec<Routes>,
    /// Called with the ticket at sign-out, so that what was opened with it is closed.
    pub signed_out: Vec<SignedOut>,
    /// Whether the node can do its work, else why not.
    pub ready: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// Figures in Prometheus text form.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Draining.
    pub shutdown: Shutdown,
}

/// What handlers of this crate share.
pub(crate) struct Shared {
    pub(crate) primary: Arc<dyn Primary>,
    pub(crate) certificates: Option<Certificates>,
    pub(crate) loopback: bool,
    pub(crate) https_port: u16,
    pub(crate) signed_out: Vec<SignedOut>,
    pub(crate) ready: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
    pub(crate) metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pub(crate) shutdown: Shutdown,
}

impl Site {
    /// Serves until draining begins, then lets running requests finish.
    ///
    /// # Errors
    /// A listener that cannot be used.
    pub async fn serve(self) -> io::Result<()> {
        let draining = self.shutdown.draining.clone();
        let server = self.start()?;
        let handle = server.handle();
        tokio::spawn(async move {
            draining.cancelled().await;
            handle.stop(true).await;
        });
        server.await
    }

    /// The threads and their listeners. Apart from [`Site::serve`], whose future goes from thread to thread.
    fn start(self) -> io::Result<Server> {
        let shared = web::Data::new(Shared {
            primary: self.primary,
            certificates: self.certificates.clone(),
            loopback: self.loopback,
            https_port: self.https_port,
            signed_out: self.signed_out,
            ready: self.ready,
            metrics: self.metrics,
            shutdown: self.shutdown.clone(),
        });
        let routes = self.routes;
        let mut server = HttpServer::new(move || {
            let routes = routes.clone();
            App::new()
                .app_data(shared.clone())
                .wrap(Compress::default())
                .wrap(from_fn(ground::ground))
                .configure(move |config| configure(config, &routes))
        })
        .workers(self.workers)
        .max_connections(CONNECTIONS_MAX)
        .client_request_timeout(REQUEST_HEAD_TIMEOUT)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(DRAIN_SECONDS)
        .disable_signals();
        for listener in self.plain {
            server = server.listen(listener)?;
        }
        if let Some(certificates) = &self.certificates {
            for listener in self.tls {
                server = server.listen_rustls_0_23(listener, (*certificates.server_config()).clone())?;
            }
        }
        Ok(server.run())
    }
}

/// The flat list of routes.
fn configure(config: &mut web::ServiceConfig, routes: &[Routes]) {
    config
        .route("/healthz/live", web::get().to(health::live))
        .route("/healthz/ready", web::get().to(health::ready))
        .route("/metrics", web::get().to(health::metrics))
        .route("/.well-known/acme-challenge/{token}", web::get().to(health::acme))
        .route("/", web::get().to(root))
        .route("/sign-in", web::get().to(sign_in::show))
        .route("/sign-in", web::post().to(sign_in::begin))
        .route("/sign-out", web::post().to(sign_in::end))
        .route("/preferences", web::post().to(preferences::choose))
        .route("/static/{version}/{path:.*}", web::get().to(assets::file))
        .route("/favicon.ico", web::get().to(favicon));
    for add in routes {
        add(config);
    }
    config.default_service(web::to(nothing));
}

/// Whether a path is answered on a listener without TLS even where the pages are not.
pub(crate) fn answered_without_tls(path: &str) -> bool {
    path.starts_with("/healthz/") || path == "/metrics" || path.starts_with("/.well-known/acme-challenge/")
}

/// The same address with HTTPS.
pub(crate) fn to_https(request: &HttpRequest, port: u16) -> HttpResponse {
    let host = request.headers().get(header::HOST).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let name = if host.ends_with(']') { host } else { host.rsplit_once(':').map_or(host, |(name, _)| name) };
    if name.is_empty() {
        return HttpResponse::BadRequest().finish();
    }
    let authority = if port == 443 { name.to_owned() } else { format!("{name}:{port}") };
    let path = request.uri().path_and_query().map_or("/", |p| p.as_str());
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, format!("https://{authority}{path}"))).finish()
}

async fn root(request: HttpRequest) -> HttpResponse {
    let place = if Session::of(&request).is_some() { "/mail/" } else { "/sign-in" };
    HttpResponse::SeeOther().insert_header((header::LOCATION, place)).finish()
}

async fn favicon() -> HttpResponse {
    HttpResponse::MovedPermanently().insert_header((header::LOCATION, assets::address("img/icon.svg"))).finish()
}

async fn nothing() -> Result<HttpResponse, crate::Fault> {
    Err(crate::Fault::NotFound)
}
