//! From the domain of a recipient to the servers that take its mail (RFC 5321 section 5).

use config::{Settings, settings::Smarthost};
use directory::Directory;
use net::dns::{self, Resolver};
use smtp::client::{Credentials, TlsPolicy};
use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hash},
    net::IpAddr,
};

/// What deliveries are grouped and bounded by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Destination {
    /// A domain of ours: a mailbox that was full, or a domain that came here later.
    Local,
    /// The server that takes all mail for other domains.
    Smarthost,
    /// A fixed next hop.
    Static {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// Whoever the DNS names for the domain.
    Domain(String),
}

/// A server to try. Its addresses are looked up when its turn comes.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How TLS is used.
    pub tls: TlsPolicy,
    /// How to sign in.
    pub credentials: Option<Credentials>,
}

/// Why there is no server to try.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct RouteError {
    /// Whether trying again is of no use.
    pub permanent: bool,
    /// Enhanced status code (RFC 3463).
    pub status: &'static str,
    /// In words.
    pub text: String,
}

impl RouteError {
    fn permanent(status: &'static str, text: String) -> Self {
        Self { permanent: true, status, text }
    }
    fn temporary(status: &'static str, text: String) -> Self {
        Self { permanent: false, status, text }
    }
}

impl Destination {
    /// Where mail for a domain goes.
    ///
    /// # Errors
    /// Machine faults of the directory.
    pub fn of(domain: &str, directory: &Directory, settings: &Settings) -> Result<Self, directory::Error> {
        if directory.is_local(domain)? {
            return Ok(Self::Local);
        }
        let fixed = settings.queue.routes.iter().find(|route| route.domain.eq_ignore_ascii_case(domain));
        Ok(match (fixed, &settings.queue.smarthost) {
            (Some(route), _) => Self::Static { host: route.host.clone(), port: route.port },
            (None, Some(_)) => Self::Smarthost,
            (None, None) => Self::Domain(domain.to_owned()),
        })
    }

    /// The servers to try, best first.
    ///
    /// # Errors
    /// See [`RouteError`].
    pub async fn candidates(&self, resolver: &Resolver, settings: &Settings) -> Result<Vec<Candidate>, RouteError> {
        match self {
            Self::Local => Ok(Vec::new()),
            Self::Static { host, port } => Ok(vec![opportunistic(host.clone(), *port)]),
            Self::Smarthost => match &settings.queue.smarthost {
                Some(smarthost) => Ok(vec![by_smarthost(smarthost).await?]),
                // The configuration was changed since the entries were grouped: the next try goes another way.
                None => Err(RouteError::temporary("4.3.5", "the smarthost is no longer configured".into())),
            },
            Self::Domain(domain) => {
                let names = exchangers(domain, resolver, settings).await?;
                Ok(names.into_iter().map(|host| opportunistic(host, settings.queue.port)).collect())
            }
        }
    }
}

fn opportunistic(host: String, port: u16) -> Candidate {
    Candidate { host, port, tls: TlsPolicy::Opportunistic, credentials: None }
}

/// With a name to sign in by, TLS with a good certificate is demanded; a server on this host may do without.
async fn by_smarthost(smarthost: &Smarthost) -> Result<Candidate, RouteError> {
    let misconfigured = |text: String| RouteError::temporary("4.3.5", text);
    let credentials = match (&smarthost.username, &smarthost.password_file) {
        (Some(username), Some(path)) => {
            let password = tokio::fs::read_to_string(path).await;
            let password = password.map_err(|error| misconfigured(format!("{}: {error}", path.display())))?;
            Some(Credentials {
                username: username.clone(),
                password: password.trim_end_matches(['\r', '\n']).to_owned(),
            })
        }
        (Some(_), None) => return Err(misconfigured("the smarthost has a username and no password_file".into())),
        (None, _) => None,
    };
    let loopback = smarthost.host == "localhost" || literal(&smarthost.host).is_some_and(|ip| ip.is_loopback());
    let tls = match (smarthost.port, &credentials) {
        (465, _) => TlsPolicy::Implicit,
        (_, Some(_)) if !loopback => TlsPolicy::Required,
        _ => TlsPolicy::Opportunistic,
    };
    Ok(Candidate { host: smarthost.host.clone(), port: smarthost.port, tls, credentials })
}

/// The address that a host name is, if it is one: `192.0.2.1`, `[192.0.2.1]`, `[IPv6:2001:db8::1]`.
pub(crate) fn literal(host: &str) -> Option<IpAddr> {
    let inner = host.trim_start_matches('[').trim_end_matches(']');
    let inner = match inner.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("ipv6:") => &inner[5..],
        _ => inner,
    };
    inner.parse().ok()
}

/// Names of the servers of a domain: its MX in order, or itself when it has none (RFC 5321 section 5.1).
async fn exchangers(domain: &str, resolver: &Resolver, settings: &Settings) -> Result<Vec<String>, RouteError> {
    if literal(domain).is_some() {
        return Ok(vec![domain.to_owned()]);
    }
    let mut records = match resolver.mx(domain).await {
        Ok(records) if records.is_empty() => vec![(0, domain.to_owned())],
        Ok(records) => records,
        Err(dns::Error::NoRecord(..)) => vec![(0, domain.to_owned())],
        Err(error @ dns::Error::NoDomain(_)) => return Err(RouteError::permanent("5.1.2", error.to_string())),
        Err(error @ dns::Error::Temporary(..)) => return Err(RouteError::temporary("4.4.3", error.to_string())),
    };
    let name = |host: &str| host.trim_end_matches('.').to_ascii_lowercase();
    for (_, host) in &mut records {
        *host = name(host);
    }
    // RFC 7505: the domain says that it takes no mail.
    records.retain(|(_, host)| !host.is_empty());
    if records.is_empty() {
        return Err(RouteError::permanent("5.1.10", format!("{domain} does not accept mail (null MX)")));
    }
    // RFC 5321 section 5.1: a server that is listed itself passes mail only to those before it.
    let ours = name(&settings.hostname);
    if let Some(own) = records.iter().filter(|(_, host)| *host == ours).map(|(preference, _)| *preference).min() {
        records.retain(|(preference, _)| *preference < own);
    }
    if records.is_empty() {
        return Err(RouteError::permanent("5.4.6", format!("mail for {domain} would come back to this server")));
    }
    // Equal preference is tried in random order, so that load spreads (RFC 5321 section 5.1).
    let random = RandomState::new();
    records.sort_by_cached_key(|(preference, host)| (*preference, random.hash_one(host)));
    Ok(records.into_iter().map(|(_, host)| host).collect())
}
