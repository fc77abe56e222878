//! Name look-ups, with a clear line between "does not exist" and "could not be asked".

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    lookup::Lookup,
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{Name, RData, RecordType},
    },
};
use std::{net::IpAddr, time::Duration};

/// Answers kept.
const CACHE_MAX: u64 = 8192;
/// Longest time an answer is kept, so that a mistake in someone's zone does not live for days here.
const KEEP_MAX: Duration = Duration::from_secs(3600);
/// Longest time that "does not exist" is kept.
const KEEP_NEGATIVE_MAX: Duration = Duration::from_secs(300);
/// Shortest time that it is kept of the system's servers, which are often forwarders that tell no time (RFC 2308 section 5): a stream
/// of mail asks the same again and again. Servers that the configuration names are taken at their word.
const KEEP_NEGATIVE_MIN: Duration = Duration::from_secs(5);
/// Time for one question to one server, and tries. Datagrams get lost, and mail waits for the answers.
const TIMEOUT: Duration = Duration::from_millis(1500);
const ATTEMPTS: usize = 3;
/// Bound on a look-up with all its tries.
const LOOKUP: Duration = Duration::from_secs(20);
/// Records taken of one answer; more is an attack or a mistake.
const RECORDS_MAX: usize = 64;

/// Answers of the resolver.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// The name does not exist (NXDOMAIN). Permanent.
    #[error("{0} does not exist")]
    NoDomain(String),
    /// The name exists and has no such record. Permanent.
    #[error("{0} has no {1} record")]
    NoRecord(String, &'static str),
    /// No usable answer: time-out, SERVFAIL, DNSSEC failure. Temporary.
    #[error("{0} could not be looked up: {1}")]
    Temporary(String, String),
}

/// A mail exchanger: preference and name.
pub type Exchanger = (u16, String);

/// The resolver. Cloning is cheap.
#[derive(Clone)]
pub struct Resolver {
    inner: TokioResolver,
}

impl Resolver {
    /// Asks the configured servers, or the system's.
    ///
    /// # Errors
    /// When the system's configuration cannot be read.
    pub fn new(settings: &config::settings::Dns) -> std::io::Result<Self> {
        let mut builder = if settings.servers.is_empty() {
            TokioResolver::builder_tokio().map_err(std::io::Error::other)?
        } else {
            let servers = settings.servers.iter().map(|server| {
                let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
                connections.iter_mut().for_each(|connection| connection.port = server.port());
                NameServerConfig::new(server.ip(), true, connections)
            });
            let config = ResolverConfig::from_name_servers(servers.collect());
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        let options = builder.options_mut();
        options.timeout = TIMEOUT;
        options.attempts = ATTEMPTS;
        options.cache_size = CACHE_MAX;
        options.positive_max_ttl = Some(KEEP_MAX);
        options.negative_min_ttl = settings.servers.is_empty().then_some(KEEP_NEGATIVE_MIN);
        options.negative_max_ttl = Some(KEEP_NEGATIVE_MAX);
        options.edns0 = true;
        Ok(Self { inner: builder.build().map_err(std::io::Error::other)? })
    }

    /// MX records, as they are: null MX is one record with an empty name.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn mx(&self, domain: &str) -> Result<Vec<Exchanger>, Error> {
        let lookup = self.ask(domain, RecordType::MX, "MX").await?;
        let mut exchangers: Vec<Exchanger> = records(&lookup, |data| match data {
            RData::MX(mx) => Some((mx.preference, plain(&mx.exchange))),
            _ => None,
        });
        exchangers.sort_by_key(|(preference, _)| *preference);
        none_is_an_error(exchangers, domain, "MX")
    }

    /// Addresses, IPv6 first. An address, also in brackets as in an address literal, is its own answer.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Error> {
        if let Some(address) = literal(host) {
            return Ok(vec![address]);
        }
        let (v6, v4) = tokio::join!(self.ask(host, RecordType::AAAA, "AAAA"), self.ask(host, RecordType::A, "A"));
        let mut addresses = Vec::new();
        let mut faults = Vec::new();
        for answer in [v6, v4] {
            match answer {
                Ok(lookup) => addresses.extend(records(&lookup, |data| match data {
                    RData::AAAA(address) => Some(IpAddr::V6(address.0)),
                    RData::A(address) => Some(IpAddr::V4(address.0)),
                    _ => None,
                })),
                Err(fault) => faults.push(fault),
            }
        }
        if !addresses.is_empty() {
            return Ok(addresses);
        }
        // One side temporary: the host may well have an address there, so this is not permanent.
        let temporary = faults.iter().position(|fault| matches!(fault, Error::Temporary(..)));
        Err(match (temporary, faults.iter().position(|fault| matches!(fault, Error::NoDomain(_)))) {
            (Some(at), _) | (None, Some(at)) => faults.swap_remove(at),
            (None, None) => Error::NoRecord(host.to_owned(), "address"),
        })
    }

    /// IPv4 addresses.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ipv4(&self, host: &str) -> Result<Vec<IpAddr>, Error> {
        let lookup = self.ask(host, RecordType::A, "A").await?;
        let addresses = records(&lookup, |data| match data {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            _ => None,
        });
        none_is_an_error(addresses, host, "A")
    }

    /// IPv6 addresses.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ipv6(&self, host: &str) -> Result<Vec<IpAddr>, Error> {
        let lookup = self.ask(host, RecordType::AAAA, "AAAA").await?;
        let addresses = records(&lookup, |data| match data {
            RData::AAAA(address) => Some(IpAddr::V6(address.0)),
            _ => None,
        });
        none_is_an_error(addresses, host, "AAAA")
    }

    /// The resolver below, for libraries that ask by themselves; it has the same servers, bounds and cache.
    pub fn below(&self) -> TokioResolver {
        self.inner.clone()
    }

    /// TXT records, each joined.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn txt(&self, name: &str) -> Result<Vec<String>, Error> {
        let lookup = self.ask(name, RecordType::TXT, "TXT").await?;
        let texts = records(&lookup, |data| match data {
            RData::TXT(txt) => {
                let joined: Vec<u8> = txt.txt_data.iter().flat_map(|part| part.iter().copied()).collect();
                Some(String::from_utf8_lossy(&joined).into_owned())
            }
            _ => None,
        });
        none_is_an_error(texts, name, "TXT")
    }

    /// SRV records: priority, weight, port, target.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn srv(&self, name: &str) -> Result<Vec<(u16, u16, u16, String)>, Error> {
        let lookup = self.ask(name, RecordType::SRV, "SRV").await?;
        let services = records(&lookup, |data| match data {
            RData::SRV(srv) => Some((srv.priority, srv.weight, srv.port, plain(&srv.target))),
            _ => None,
        });
        none_is_an_error(services, name, "SRV")
    }

    /// Names of an address.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ptr(&self, address: IpAddr) -> Result<Vec<String>, Error> {
        let name = Name::from(address);
        let lookup = self.ask_name(name, &address.to_string(), RecordType::PTR, "PTR").await?;
        let names = records(&lookup, |data| match data {
            RData::PTR(name) => Some(plain(&name.0)),
            _ => None,
        });
        none_is_an_error(names, &address.to_string(), "PTR")
    }

    async fn ask(&self, name: &str, kind: RecordType, label: &'static str) -> Result<Lookup, Error> {
        // A name that cannot be in the DNS does not exist in it. Always from the root: search lists are for people.
        let Some(asked) = absolute(name) else { return Err(Error::NoDomain(name.to_owned())) };
        self.ask_name(asked, name, kind, label).await
    }

    async fn ask_name(&self, asked: Name, shown: &str, kind: RecordType, label: &'static str) -> Result<Lookup, Error> {
        let temporary = |why: String| Error::Temporary(shown.to_owned(), why);
        match tokio::time::timeout(LOOKUP, self.inner.lookup(asked, kind)).await {
            Ok(Ok(lookup)) => Ok(lookup),
            Ok(Err(error)) if error.is_nx_domain() => Err(Error::NoDomain(shown.to_owned())),
            Ok(Err(NetError::Dns(DnsError::NoRecordsFound(none)))) if none.response_code == ResponseCode::NoError => {
                Err(Error::NoRecord(shown.to_owned(), label))
            }
            Ok(Err(error)) => Err(temporary(error.to_string())),
            Err(_) => Err(temporary("no answer in time".into())),
        }
    }
}

fn records<T>(lookup: &Lookup, pick: impl Fn(&RData) -> Option<T>) -> Vec<T> {
    lookup.answers().iter().filter_map(|record| pick(&record.data)).take(RECORDS_MAX).collect()
}

fn none_is_an_error<T>(found: Vec<T>, name: &str, label: &'static str) -> Result<Vec<T>, Error> {
    if found.is_empty() { Err(Error::NoRecord(name.to_owned(), label)) } else { Ok(found) }
}

/// A name from the root. Names of hosts are letters, digits and hyphens, but others may be asked for: SPF makes names out of
/// senders.
fn absolute(text: &str) -> Option<Name> {
    let mut name = if text.is_ascii() {
        Name::from_labels(text.strip_suffix('.').unwrap_or(text).split('.').map(str::as_bytes)).ok()?
    } else {
        Name::from_utf8(text).ok()?
    };
    name.set_fqdn(true);
    Some(name)
}

/// A name in A-labels, without the dot of the root; the root itself is empty.
fn plain(name: &Name) -> String {
    if name.iter().all(|label| label.iter().all(|byte| byte.is_ascii_graphic() && !b".\\".contains(byte))) {
        return name.iter().map(String::from_utf8_lossy).collect::<Vec<_>>().join(".");
    }
    let mut text = name.to_ascii();
    if text.ends_with('.') {
        text.pop();
    }
    text
}

/// `192.0.2.1`, `2001:db8::1`, `[192.0.2.1]`, `[IPv6:2001:db8::1]` (RFC 5321 section 4.1.3).
fn literal(host: &str) -> Option<IpAddr> {
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let untagged = match inner.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => &inner[5..],
        _ => inner,
    };
    untagged.parse().ok()
}
