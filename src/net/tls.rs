//! Certificates: from files (read again when they change), else by ACME, else self-signed with a visible warning.
//!
//! Layout: [`client`] TLS towards other servers; `pem` reading, checking and writing key and chain; `acme` orders;
//! `self_signed` the certificate of the first start.
//!
//! Fatal: at start, certificate files that cannot be used. Temporary: the same later, or a failed ACME order; the
//! certificate in use stays in use and the log says so.

mod acme;
pub mod client;
mod pem;
mod self_signed;

use crate::shutdown::Shutdown;
use arc_swap::ArcSwap;
use pem::{Identity, Stamp};
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    server::{ClientHello, ResolvesServerCert, ServerSessionMemoryCache},
    sign::CertifiedKey,
};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Time between two looks at the certificate files.
const POLL: Duration = Duration::from_secs(3);
/// Sessions kept for clients that resume without tickets.
const SESSIONS_MAX: usize = 4096;

/// Where the certificate in use comes from; the console and the logs show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Files named in the configuration.
    Files,
    /// Ordered by ACME.
    Acme,
    /// Made at first start: clients will warn.
    SelfSigned,
}

/// The certificate in use, as the console shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Where it comes from.
    pub source: Source,
    /// Names it is valid for.
    pub names: Vec<String>,
    /// Begin of its validity, milliseconds since 1970.
    pub not_before: i64,
    /// End of its validity, milliseconds since 1970.
    pub not_after: i64,
    /// Why the last reload or order failed, if it did.
    pub fault: Option<String>,
}

/// The certificate store of this process. Handshakes in progress keep what they began with. Cloning is cheap; all clones
/// are one.
#[derive(Clone)]
pub struct Certificates {
    shared: Arc<Shared>,
}

struct Shared {
    hostname: String,
    tls: config::settings::Tls,
    folder: PathBuf,
    current: Arc<Current>,
    /// Answers of open ACME orders, by token.
    answers: Mutex<HashMap<String, String>>,
    fault: Mutex<Option<String>>,
    /// The certificate files as last looked at.
    seen: Mutex<Stamp>,
    protocols: Arc<ServerConfig>,
    https: Arc<ServerConfig>,
}

/// What handshakes are answered with.
struct Current(ArcSwap<(Source, Identity)>);

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Current")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load().1.key.clone())
    }
}

impl Certificates {
    /// Loads or makes the certificate, as configured.
    ///
    /// # Errors
    /// Names the file and what is wrong with it.
    pub fn load(settings: &config::Settings) -> Result<Self, Error> {
        let folder = settings.data_dir.join("tls");
        let first = first(&settings.tls, &settings.hostname, &folder)?;
        if first.1.not_after <= pem::now_ms() {
            tracing::warn!(names = ?first.1.names, "the TLS certificate has expired");
        }
        let seen = first.1.stamp.clone();
        let current = Arc::new(Current(ArcSwap::from_pointee(first)));
        let shared = Shared {
            hostname: settings.hostname.clone(),
            tls: settings.tls.clone(),
            folder,
            protocols: Arc::new(server_config(current.clone(), &[])?),
            https: Arc::new(server_config(current.clone(), &[b"http/1.1"])?),
            current,
            answers: Mutex::default(),
            fault: Mutex::default(),
            seen: Mutex::new(seen),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// For SMTP and IMAP listeners.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        self.shared.protocols.clone()
    }

    /// For HTTPS: ALPN `http/1.1`.
    pub fn https_config(&self) -> Arc<ServerConfig> {
        self.shared.https.clone()
    }

    /// Where the certificate comes from.
    pub fn source(&self) -> Source {
        self.shared.current.0.load().0
    }

    /// The certificate in use.
    pub fn status(&self) -> Status {
        let current = self.shared.current.0.load();
        let (source, identity) = &**current;
        Status {
            source: *source,
            names: identity.names.clone(),
            not_before: identity.not_before,
            not_after: identity.not_after,
            fault: locked(&self.shared.fault).clone(),
        }
    }

    /// Answer to `GET /.well-known/acme-challenge/{token}` while an order is open.
    pub fn acme_answer(&self, token: &str) -> Option<String> {
        locked(&self.shared.answers).get(token).cloned()
    }

    /// Reloads changed files and renews ACME certificates until draining begins.
    pub async fn maintain(&self, shutdown: Shutdown) {
        let work = async {
            match (&self.shared.tls.certificate, &self.shared.tls.acme_contact) {
                (Some(_), _) => self.watch_files().await,
                (None, Some(_)) => self.renew().await,
                (None, None) => self.renew_self_signed().await,
            }
        };
        tokio::select! {
            () = shutdown.draining.cancelled() => {}
            () = work => {}
        }
    }

    /// Looks at the files every few seconds: a certificate tool replaces them, sometimes one after the other.
    async fn watch_files(&self) {
        loop {
            tokio::time::sleep(POLL).await;
            self.refresh().await;
        }
    }

    /// Reads the certificate files again if they have changed. Files that cannot be used are reported, and the
    /// certificate before stays in use.
    pub async fn refresh(&self) {
        let (Some(certificate), Some(key)) = (&self.shared.tls.certificate, &self.shared.tls.key) else {
            return;
        };
        let stamp = Stamp::of(&[certificate, key]);
        let changed = {
            let mut seen = locked(&self.shared.seen);
            let changed = *seen != stamp;
            *seen = stamp;
            changed
        };
        if changed {
            self.reload(certificate.clone(), key.clone()).await;
        }
    }

    async fn reload(&self, certificate: PathBuf, key: PathBuf) {
        let names = (certificate.display().to_string(), key.display().to_string());
        match off_thread(move || Identity::read(&certificate, &key)).await {
            Ok(identity) => {
                tracing::info!(certificate = names.0, names = ?identity.names, "TLS certificate reloaded");
                self.install(Source::Files, identity);
            }
            Err(error) => {
                tracing::warn!(%error, "the changed TLS certificate cannot be used; the one before stays in use");
                *locked(&self.shared.fault) = Some(error.to_string());
            }
        }
    }

    async fn renew_self_signed(&self) {
        loop {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            if self.shared.current.0.load().1.renew_at() > pem::now_ms() {
                continue;
            }
            let (folder, hostname) = (self.shared.folder.clone(), self.shared.hostname.clone());
            match off_thread(move || self_signed::make(&folder, &hostname)).await {
                Ok(identity) => self.install(Source::SelfSigned, identity),
                Err(error) => {
                    tracing::warn!(%error, "the self-signed certificate could not be made anew");
                }
            }
        }
    }

    fn install(&self, source: Source, identity: Identity) {
        self.shared.current.0.store(Arc::new((source, identity)));
        *locked(&self.shared.fault) = None;
    }
}

/// The certificate to start with. While the first ACME order is open, a self-signed one serves.
fn first(tls: &config::settings::Tls, hostname: &str, folder: &std::path::Path) -> Result<(Source, Identity), Error> {
    match (&tls.certificate, &tls.key) {
        (Some(certificate), Some(key)) => {
            return Ok((Source::Files, Identity::read(certificate, key)?));
        }
        (None, None) => {}
        (Some(only), None) | (None, Some(only)) => {
            return Err(Error::file(only, "certificate and key are needed together"));
        }
    }
    if tls.acme_contact.is_some()
        && let Some(identity) = acme::stored(folder, hostname)
    {
        return Ok((Source::Acme, identity));
    }
    let identity = self_signed::load_or_make(folder, hostname)?;
    if tls.acme_contact.is_none() {
        tracing::warn!(
            hostname,
            "the TLS certificate is self-signed: browsers and mail programs will warn. Set tls.certificate and tls.key, or tls.acme_contact"
        );
    }
    Ok((Source::SelfSigned, identity))
}

fn server_config(current: Arc<Current>, alpn: &[&[u8]]) -> Result<ServerConfig, Error> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(Error::Tls)?
        .with_no_client_auth()
        .with_cert_resolver(current);
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS_MAX);
    config.ticketer = aws_lc_rs::Ticketer::new().map_err(Error::Tls)?;
    Ok(config)
}

/// The one crypto provider, named here so that nothing depends on a process-wide default.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Reading files and making keys block.
async fn off_thread<T, F>(work: F) -> Result<T, Error>
where
    F: FnOnce() -> Result<T, Error> + Send + 'static,
    T: Send + 'static,
{
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|fault| Err(Error::Acme(fault.to_string())))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A certificate that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or does not hold what it should.
    #[error("{path}: {what}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        what: String,
    },
    /// The TLS library refuses.
    #[error("TLS: {0}")]
    Tls(#[source] rustls::Error),
    /// An ACME order failed.
    #[error("ACME: {0}")]
    Acme(String),
}

impl Error {
    fn file(path: &std::path::Path, what: impl std::fmt::Display) -> Self {
        Self::File { path: path.display().to_string(), what: what.to_string() }
    }
}
