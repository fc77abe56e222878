//! The validated settings.

use crate::{Error, Limits};
use std::{net::SocketAddr, path::{Path, PathBuf}, time::Duration};

/// Everything `gatepost.toml` says, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name of this host in greetings, Received headers and certificates.
    pub hostname: String,
    /// Folder of the store, certificates and control socket.
    pub data_dir: PathBuf,
    /// Addresses to listen on.
    pub listen: Listen,
    /// Whether plain-text sign-in from 127.0.0.0/8 and ::1 is allowed and the web UI is also served without TLS.
    pub loopback: bool,
    /// Where the certificate comes from.
    pub tls: Tls,
    /// The name servers asked.
    pub dns: Dns,
    /// The store.
    pub store: Store,
    /// The outbound queue.
    pub queue: Queue,
    /// Bounds.
    pub limits: Limits,
    /// Logs.
    pub log: Log,
}

/// Addresses per protocol; an empty list turns a listener off.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// SMTP from other servers, port 25.
    pub smtp: Vec<SocketAddr>,
    /// Submission with STARTTLS, port 587.
    pub submission: Vec<SocketAddr>,
    /// Submission over implicit TLS, port 465.
    pub submissions: Vec<SocketAddr>,
    /// IMAP with STARTTLS, port 143.
    pub imap: Vec<SocketAddr>,
    /// IMAP over implicit TLS, port 993.
    pub imaps: Vec<SocketAddr>,
    /// HTTP: the web UI with `loopback`, otherwise a redirect to HTTPS and ACME answers; port 80.
    pub http: Vec<SocketAddr>,
    /// HTTPS, port 443.
    pub https: Vec<SocketAddr>,
}

/// Source of the certificate, tried in this order: files, ACME, self-signed.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// PEM chain; needs `key`.
    pub certificate: Option<PathBuf>,
    /// PEM private key; needs `certificate`.
    pub key: Option<PathBuf>,
    /// Contact address; its presence turns ACME on.
    pub acme_contact: Option<String>,
    /// ACME directory URL; Let's Encrypt by default.
    pub acme_directory: Option<String>,
}

/// Name servers.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dns {
    /// Servers to ask instead of the system's.
    pub servers: Vec<SocketAddr>,
}

/// The index engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// sled 0.34.
    #[default]
    Sled,
    /// redb 4.
    Redb,
}

/// Settings of the store.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// Index engine.
    pub engine: Engine,
    /// Memory the index may use as cache, bytes.
    pub cache_bytes: u64,
}

impl Default for Store {
    fn default() -> Self {
        Self { engine: Engine::Sled, cache_bytes: 64 * 1024 * 1024 }
    }
}

/// Settings of the outbound queue.
#[derive(Debug, Clone)]
pub struct Queue {
    /// Time after which an undelivered message bounces.
    pub lifetime: Duration,
    /// Time after which the sender is told once that delivery is delayed.
    pub warn_after: Duration,
    /// Deliveries at once to one destination.
    pub per_destination_max: usize,
    /// Deliveries at once in all.
    pub deliveries_max: usize,
    /// The server that takes all mail for other domains, if any.
    pub smarthost: Option<Smarthost>,
    /// Fixed next hops, by domain.
    pub routes: Vec<Route>,
    /// Port of other servers; 25 except in tests.
    pub port: u16,
}

/// A server that relays for us.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smarthost {
    /// Name or address.
    pub host: String,
    /// Port; 465 speaks TLS from the start, others STARTTLS.
    #[serde(default = "submission_port")]
    pub port: u16,
    /// Sign-in name.
    pub username: Option<String>,
    /// File that holds the password, so that it is not in the configuration.
    pub password_file: Option<PathBuf>,
}

fn submission_port() -> u16 {
    587
}

/// A fixed next hop for a domain.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Domain of the recipients.
    pub domain: String,
    /// Name or address of the next hop.
    pub host: String,
    /// Port of the next hop.
    pub port: u16,
}

/// Form of the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One line of text an event.
    #[default]
    Text,
    /// One JSON object an event.
    Json,
}

/// Settings of the logs.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Form.
    pub format: LogFormat,
    /// Filter in `tracing` syntax, for example `info,smtp=debug`.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".into() }
    }
}

impl Settings {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Names file, line, key and what is allowed.
    pub fn load(path: &Path) -> Result<Self, Error> {
        todo!("{path:?}")
    }
}
