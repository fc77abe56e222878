//! The validated settings.

pub mod filter;

use crate::{
    Error, Limits, Trust, checks,
    reader::{Faults, Located, Reader},
};
use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};
use toml::de::DeTable;

/// Bytes of a configuration file.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// Everything `gatepost.toml` says, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Name of this host in greetings, Received headers and certificates; ASCII, lower case.
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
    /// Peers that speak for others.
    pub trust: Trust,
    /// The store.
    pub store: Store,
    /// The outbound queue.
    pub queue: Queue,
    /// What judges mail from other servers.
    pub filter: filter::Filter,
    /// Bounds.
    pub limits: Limits,
    /// Logs.
    pub log: Log,
}

/// Addresses per protocol; an empty list turns a listener off.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listen {
    /// SMTP from other servers, port 25.
    pub smtp: Vec<SocketAddr>,
    /// Submission with STARTTLS, port 587.
    pub submission: Vec<SocketAddr>,
    /// Submission over implicit TLS, port 465.
    pub submissions: Vec<SocketAddr>,
    /// LMTP from a server beside this one, port 24; off unless configured.
    pub lmtp: Vec<SocketAddr>,
    /// IMAP with STARTTLS, port 143.
    pub imap: Vec<SocketAddr>,
    /// IMAP over implicit TLS, port 993.
    pub imaps: Vec<SocketAddr>,
    /// POP3 with STLS, port 110.
    pub pop3: Vec<SocketAddr>,
    /// POP3 over implicit TLS, port 995.
    pub pop3s: Vec<SocketAddr>,
    /// ManageSieve with STARTTLS, port 4190.
    pub sieve: Vec<SocketAddr>,
    /// HTTP: the web UI with `loopback`, otherwise a redirect to HTTPS and ACME answers; port 80.
    pub http: Vec<SocketAddr>,
    /// HTTPS, port 443.
    pub https: Vec<SocketAddr>,
}

/// Source of the certificate, tried in this order: files, ACME, self-signed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dns {
    /// Servers to ask instead of the system's.
    pub servers: Vec<SocketAddr>,
}

/// The index engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// sled 0.34.
    #[default]
    Sled,
    /// redb 4.
    Redb,
}

/// Settings of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Fixed next hops, by domain of the recipient or of the sender.
    pub routes: Vec<Route>,
    /// Addresses of this host that connections to other servers come from, at most one of each family.
    pub sources: Vec<IpAddr>,
    /// Whether forwarded mail gets a sender of ours (SRS), so that it passes SPF and bounces come back.
    pub srs: bool,
    /// Port of other servers; 25 except in tests.
    pub port: u16,
    /// Port of the servers that tell policies (MTA-STS); 443 except in tests, and not in the file.
    pub policy_port: u16,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            lifetime: 48 * HOUR,
            warn_after: 4 * HOUR,
            per_destination_max: 10,
            deliveries_max: 200,
            smarthost: None,
            routes: Vec::new(),
            sources: Vec::new(),
            srs: true,
            port: 25,
            policy_port: 443,
        }
    }
}

/// A server that relays for us.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Smarthost {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How TLS is used; `None`: from the start on port 465, needed with a username, else where offered.
    pub tls: Option<HopTls>,
    /// Sign-in name; comes with `password_file`.
    pub username: Option<String>,
    /// File that holds the password, so that it is not in the configuration.
    pub password_file: Option<PathBuf>,
}

/// How TLS is used with a next hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HopTls {
    /// From the first byte, with a certificate that is trusted for the name.
    Implicit,
    /// By STARTTLS, with a certificate that is trusted for the name.
    Required,
    /// By STARTTLS where it is offered, with any certificate.
    Offered,
}

/// A fixed next hop for the mail of a domain: its recipients', or its senders'. With both, both must fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Domain of the recipients, lower case.
    pub domain: Option<String>,
    /// Domain of the senders, lower case.
    pub sender: Option<String>,
    /// The next hop.
    pub hop: Smarthost,
}

/// Form of the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// One line of text an event.
    #[default]
    Text,
    /// One JSON object an event.
    Json,
}

/// Settings of the logs.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Settings with every default and no listener, as tests and tools need them. The host name is not checked.
    pub fn new(hostname: impl Into<String>, data_dir: impl Into<PathBuf>) -> Self {
        Self {
            hostname: hostname.into(),
            data_dir: data_dir.into(),
            listen: Listen::default(),
            loopback: false,
            tls: Tls::default(),
            dns: Dns::default(),
            trust: Trust::default(),
            store: Store::default(),
            queue: Queue::default(),
            filter: filter::Filter::default(),
            limits: Limits::default(),
            log: Log::default(),
        }
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// Names file, line, key and what is allowed, for every key that is wrong.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let read = || {
            let length = std::fs::metadata(path)?.len();
            if length > FILE_BYTES_MAX {
                return Err(std::io::Error::other("longer than 1MB, so this is no configuration"));
            }
            std::fs::read_to_string(path)
        };
        let text = read().map_err(|source| Error::Read { path: path.into(), source })?;
        Self::parse(&text, path)
    }

    /// Checks the text of a file; `path` is its name for errors and the base of relative paths.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let faults = Faults::new(text);
        let table = DeTable::parse(text).map_err(|error| Error::Syntax {
            path: path.into(),
            line: faults.line(error.span().map_or(0, |span| span.start)),
            message: error.message().replace('\n', ", "),
        })?;
        let base = path.parent().unwrap_or(Path::new(""));
        let settings = Self::read(Reader::root(&faults, table.get_ref()), base);
        let found = faults.into_sorted();
        if found.is_empty() { Ok(settings) } else { Err(Error::Values { path: path.into(), faults: found }) }
    }

    fn read(mut reader: Reader<'_>, base: &Path) -> Self {
        let mut settings = Self::new("", base);
        match reader.text("hostname", checks::hostname) {
            Some(hostname) => settings.hostname = hostname,
            None if reader.has("hostname") => {}
            None => reader.fault("hostname", "is needed: the full name of this host, such as \"mail.example.org\""),
        }
        if let Some(data_dir) = reader.path("data_dir", base) {
            settings.data_dir = data_dir;
        }
        reader.flag("loopback", &mut settings.loopback);
        settings.listen = Listen::read(reader.table("listen"));
        settings.tls = Tls::read(reader.table("tls"), base);
        settings.dns = Dns::read(reader.table("dns"));
        settings.trust = Trust::read(reader.table("trust"));
        settings.store = Store::read(reader.table("store"));
        settings.queue = Queue::read(reader.table("queue"), base);
        settings.filter = filter::Filter::read(reader.table("filter"), base);
        settings.limits = Limits::read(reader.table("limits"));
        settings.log = Log::read(reader.table("log"));
        reader.finish();
        settings
    }
}

impl Listen {
    /// The lists by name, with the standard port of each.
    pub fn named(&self) -> [(&'static str, u16, &[SocketAddr]); 11] {
        let Self { smtp, submission, submissions, lmtp, imap, imaps, pop3, pop3s, sieve, http, https } = self;
        [
            ("smtp", 25, smtp.as_slice()),
            ("submission", 587, submission),
            ("submissions", 465, submissions),
            ("lmtp", 24, lmtp),
            ("imap", 143, imap),
            ("imaps", 993, imaps),
            ("pop3", 110, pop3),
            ("pop3s", 995, pop3s),
            ("sieve", 4190, sieve),
            ("http", 80, http),
            ("https", 443, https),
        ]
    }

    fn read(mut reader: Reader<'_>) -> Self {
        let mut seen: Vec<Located> = Vec::new();
        let mut read = |key| {
            let listed = reader.sockets(key, None);
            let mut out = Vec::with_capacity(listed.len());
            for located in listed {
                match seen.iter().find(|other| other.address == located.address) {
                    Some(other) => {
                        let message = format!("{} is listed already, for {}", located.address, other.key);
                        reader.fault_located(&located, message);
                    }
                    None => out.push(located.address),
                }
                seen.push(located);
            }
            out
        };
        let listen = Self {
            smtp: read("smtp"),
            submission: read("submission"),
            submissions: read("submissions"),
            lmtp: read("lmtp"),
            imap: read("imap"),
            imaps: read("imaps"),
            pop3: read("pop3"),
            pop3s: read("pop3s"),
            sieve: read("sieve"),
            http: read("http"),
            https: read("https"),
        };
        reader.finish();
        listen
    }
}

impl Tls {
    fn read(mut reader: Reader<'_>, base: &Path) -> Self {
        let tls = Self {
            certificate: reader.path("certificate", base),
            key: reader.path("key", base),
            acme_contact: reader.text("acme_contact", checks::contact),
            acme_directory: reader.text("acme_directory", checks::https_url),
        };
        for (given, missing) in [("certificate", "key"), ("key", "certificate"), ("acme_directory", "acme_contact")] {
            if reader.has(given) && !reader.has(missing) {
                reader.fault(given, format!("needs {missing} beside it"));
            }
        }
        reader.finish();
        tls
    }
}

impl Dns {
    fn read(mut reader: Reader<'_>) -> Self {
        let servers = reader.sockets("servers", Some(53)).into_iter().map(|located| located.address).collect();
        reader.finish();
        Self { servers }
    }
}

impl Store {
    fn read(mut reader: Reader<'_>) -> Self {
        let mut store = Self::default();
        store.engine = reader
            .text("engine", |text| match text {
                "sled" => Ok(Engine::Sled),
                "redb" => Ok(Engine::Redb),
                _ => Err(format!("must be \"sled\" or \"redb\", not {text:?}")),
            })
            .unwrap_or(store.engine);
        reader.bytes("cache_bytes", &mut store.cache_bytes, 1 << 20..=1 << 40);
        reader.finish();
        store
    }
}

impl Queue {
    fn read(mut reader: Reader<'_>, base: &Path) -> Self {
        let mut queue = Self::default();
        reader.duration("lifetime", &mut queue.lifetime, MINUTE..=30 * DAY);
        reader.duration("warn_after", &mut queue.warn_after, MINUTE..=30 * DAY);
        if queue.warn_after >= queue.lifetime {
            if reader.has("warn_after") {
                reader.fault("warn_after", "must be shorter than lifetime");
            } else {
                queue.warn_after = queue.lifetime / 2;
            }
        }
        reader.number("per_destination_max", &mut queue.per_destination_max, 1..=1000);
        reader.number("deliveries_max", &mut queue.deliveries_max, 1..=100_000);
        reader.number("port", &mut queue.port, 1..=65_535);
        let smarthost = reader.table("smarthost");
        if smarthost.is_present() {
            let mut smarthost = smarthost;
            queue.smarthost = Smarthost::read(&mut smarthost, base, 587);
            smarthost.finish();
        }
        for route in reader.tables("routes") {
            Route::read(route, base, &mut queue.routes);
        }
        reader.flag("srs", &mut queue.srs);
        queue.sources = reader.addresses("sources");
        if [true, false].iter().any(|v4| queue.sources.iter().filter(|source| source.is_ipv4() == *v4).count() > 1) {
            reader.fault("sources", "must have at most one IPv4 and one IPv6 address");
        }
        reader.finish();
        queue
    }
}

impl Smarthost {
    fn read(reader: &mut Reader<'_>, base: &Path, port: u16) -> Option<Self> {
        let host = needed_host(reader);
        let mut port = port;
        reader.number("port", &mut port, 1..=65_535);
        let tls = reader.text("tls", |text| match text {
            "implicit" => Ok(HopTls::Implicit),
            "required" => Ok(HopTls::Required),
            "offered" => Ok(HopTls::Offered),
            _ => Err(format!("must be \"implicit\", \"required\" or \"offered\", not {text:?}")),
        });
        let username = reader.text("username", |text| {
            let is_name = !text.is_empty() && !text.contains(char::is_control);
            is_name.then(|| text.to_string()).ok_or_else(|| "must be a sign-in name".to_string())
        });
        let password_file = reader.path("password_file", base);
        for (given, missing) in [("username", "password_file"), ("password_file", "username")] {
            if reader.has(given) && !reader.has(missing) {
                reader.fault(given, format!("needs {missing} beside it"));
            }
        }
        Some(Self { host: host?, port, tls, username, password_file })
    }
}

impl Route {
    fn read(mut reader: Reader<'_>, base: &Path, routes: &mut Vec<Self>) {
        let domain = reader.text("domain", checks::hostname);
        let sender = reader.text("sender", checks::hostname);
        if !reader.has("domain") && !reader.has("sender") {
            reader.fault("domain", "is needed: the domain of the recipients, such as \"example.org\"");
        }
        let hop = Smarthost::read(&mut reader, base, 25);
        if let Some(hop) = hop
            && (domain.is_some() || sender.is_some())
        {
            if routes.iter().any(|route| route.domain == domain && route.sender == sender) {
                let both: Vec<_> = [&domain, &sender].into_iter().flatten().map(String::as_str).collect();
                let key = if domain.is_some() { "domain" } else { "sender" };
                reader.fault(key, format!("{} has a route already", both.join(" from ")));
            } else {
                routes.push(Self { domain, sender, hop });
            }
        }
        reader.finish();
    }
}

fn needed_host(reader: &mut Reader<'_>) -> Option<String> {
    let host = reader.text("host", checks::host);
    if !reader.has("host") {
        reader.fault("host", "is needed: the name or address of the server");
    }
    host
}

impl Log {
    fn read(mut reader: Reader<'_>) -> Self {
        let mut log = Self::default();
        log.format = reader
            .text("format", |text| match text {
                "text" => Ok(LogFormat::Text),
                "json" => Ok(LogFormat::Json),
                _ => Err(format!("must be \"text\" or \"json\", not {text:?}")),
            })
            .unwrap_or(log.format);
        let filter = reader.text("filter", |text| {
            let is_filter = !text.is_empty() && !text.contains(char::is_control);
            is_filter
                .then(|| text.to_string())
                .ok_or_else(|| "must be a filter such as \"info\" or \"info,smtp=debug\"".to_string())
        });
        log.filter = filter.unwrap_or(log.filter);
        reader.finish();
        log
    }
}
