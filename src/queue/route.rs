//! From the domain of a recipient to the servers that take its mail (RFC 5321 section 5).

use config::{
    Settings,
    settings::{HopTls, Smarthost},
};
use directory::Directory;
use mail::address::{self, Address, ReversePath};
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
    /// A next hop that the admin named: the smarthost, or the hop of a route.
    Hop(Smarthost),
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
    /// Addresses of ours to come from, at most one of each family.
    pub sources: Vec<IpAddr>,
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
    /// Where mail for a domain goes, from this sender: here, by the route that says most, by the smarthost, or by the DNS.
    ///
    /// # Errors
    /// Machine faults of the directory.
    pub fn of(
        domain: &str,
        sender: &ReversePath,
        directory: &Directory,
        settings: &Settings,
    ) -> Result<Self, directory::Error> {
        if directory.is_local(domain)? {
            return Ok(Self::Local);
        }
        let from = sender.0.as_ref().map(Address::domain);
        let fits = |wanted: &Option<String>, given: Option<&str>| {
            let same = |wanted: &String| {
                given.is_some_and(|given| address::domain_to_ascii(given).eq_ignore_ascii_case(wanted))
            };
            wanted.as_ref().is_none_or(same)
        };
        let routes = settings.queue.routes.iter();
        let routes = routes.filter(|route| fits(&route.domain, Some(domain)) && fits(&route.sender, from));
        let best = routes.max_by_key(|route| (route.domain.is_some(), route.sender.is_some()));
        let hop = best.map(|route| &route.hop).or(settings.queue.smarthost.as_ref());
        Ok(hop.map_or_else(|| Self::Domain(domain.to_owned()), |hop| Self::Hop(hop.clone())))
    }

    /// The servers to try, best first.
    ///
    /// # Errors
    /// See [`RouteError`].
    pub async fn candidates(&self, resolver: &Resolver, settings: &Settings) -> Result<Vec<Candidate>, RouteError> {
        let sources = settings.queue.sources.clone();
        match self {
            Self::Local => Ok(Vec::new()),
            Self::Hop(hop) => Ok(vec![named(hop, sources).await?]),
            Self::Domain(domain) => {
                let names = exchangers(domain, resolver, settings).await?;
                let port = settings.queue.port;
                let candidate = |host| Candidate {
                    host,
                    port,
                    tls: TlsPolicy::Opportunistic,
                    credentials: None,
                    sources: sources.clone(),
                };
                Ok(names.into_iter().map(candidate).collect())
            }
        }
    }
}

/// With a name to sign in by, TLS with a good certificate is demanded; a server on this host may do without.
async fn named(hop: &Smarthost, sources: Vec<IpAddr>) -> Result<Candidate, RouteError> {
    let misconfigured = |text: String| RouteError::temporary("4.3.5", text);
    let credentials = match (&hop.username, &hop.password_file) {
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
    let loopback = hop.host == "localhost" || literal(&hop.host).is_some_and(|ip| ip.is_loopback());
    let tls = match (hop.tls, hop.port, &credentials) {
        (Some(HopTls::Implicit), ..) | (None, 465, _) => TlsPolicy::Implicit,
        (Some(HopTls::Required), ..) => TlsPolicy::Required,
        (None, _, Some(_)) if !loopback => TlsPolicy::Required,
        _ => TlsPolicy::Opportunistic,
    };
    Ok(Candidate { host: hop.host.clone(), port: hop.port, tls, credentials, sources })
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
