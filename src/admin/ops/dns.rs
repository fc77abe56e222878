//! The DNS records that a domain needs to receive and send mail, beside what the DNS says now.

use crate::{Context, OpError};
use directory::dkim::KeyState;
use net::dns::{Error as DnsError, Resolver};
use serde::{Deserialize, Serialize};
use std::{net::IpAddr, time::Duration};

/// Time for one record; the whole check takes no longer, as all are asked at once.
const TIMEOUT: Duration = Duration::from_secs(8);

/// How a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Found as wanted.
    Right,
    /// Not found.
    Missing,
    /// Found, and not as wanted.
    Different,
    /// The DNS could not be asked.
    Unknown,
}

/// What a record is for; the pages explain it in the reader's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Where mail for the domain goes.
    Mx,
    /// Who may send for the domain (RFC 7208).
    Spf,
    /// What receivers do with mail that fails the checks (RFC 7489).
    Dmarc,
    /// A key that signs mail once this record is seen (RFC 6376).
    DkimPending,
    /// A key that signs mail.
    DkimActive,
    /// A key that has signed mail which may still be on its way.
    DkimRetired,
    /// Addresses of this host.
    Host,
    /// Names of this host's addresses; many servers refuse mail without them.
    Reverse,
    /// How mail programs find IMAP (RFC 6186).
    Imaps,
    /// How mail programs find submission (RFC 8314).
    Submissions,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What it is for.
    pub purpose: Purpose,
    /// Owner name.
    pub name: String,
    /// Type, for example `MX`.
    pub kind: String,
    /// What should stand there; `None` where only the admin can know, as for the host's own address.
    pub wanted: Option<String>,
    /// What stands there.
    pub found: Vec<String>,
    /// How it stands.
    pub state: State,
    /// Why the DNS could not be asked.
    pub fault: Option<String>,
}

/// Looks all records of a domain up, at once.
///
/// # Errors
/// [`OpError::NotFound`] for a domain that is not ours.
pub async fn check(context: &Context, name: &str) -> Result<Vec<Record>, OpError> {
    let domain = context.directory.domain(name)?.name;
    let settings = context.settings();
    let (host, resolver) = (settings.hostname.trim_end_matches('.').to_ascii_lowercase(), &context.resolver);
    let (mx, spf, dmarc, (own, reverse), imaps, submissions, keys) = tokio::join!(
        mx(resolver, &domain, &host),
        spf(resolver, &domain, &host),
        dmarc(resolver, &domain),
        hosts(resolver, &host),
        service(resolver, &domain, "_imaps._tcp", Purpose::Imaps, 993, &host),
        service(resolver, &domain, "_submissions._tcp", Purpose::Submissions, 465, &host),
        dkim(context, &domain),
    );
    let mut records = vec![mx, own];
    records.extend(reverse);
    records.push(spf);
    records.extend(keys?);
    records.extend([dmarc, imaps, submissions]);
    Ok(records)
}

/// Waits for an answer as long as someone looks at the page.
async fn ask<T>(name: &str, question: impl Future<Output = Result<T, DnsError>>) -> Result<T, DnsError> {
    match tokio::time::timeout(TIMEOUT, question).await {
        Ok(answer) => answer,
        Err(_) => Err(DnsError::Temporary(name.to_owned(), "no answer in time".into())),
    }
}

async fn mx(resolver: &Resolver, domain: &str, host: &str) -> Record {
    let wanted = format!("10 {host}.");
    let answer = ask(domain, resolver.mx(domain)).await;
    let found = answer.map(|records| {
        records.into_iter().map(|(preference, name)| format!("{preference} {}.", bare(&name))).collect()
    });
    record(Purpose::Mx, domain.to_owned(), "MX", Some(wanted), found, |found| {
        found.split_once(' ').is_some_and(|(_, name)| bare(name) == host)
    })
}

async fn spf(resolver: &Resolver, domain: &str, host: &str) -> Record {
    let (addresses, texts) = tokio::join!(ask(host, resolver.addresses(host)), ask(domain, resolver.txt(domain)));
    let addresses = addresses.unwrap_or_default();
    let is_spf = |text: &String| text.to_ascii_lowercase().starts_with("v=spf1");
    let found: Result<Vec<String>, DnsError> = texts.map(|texts| texts.into_iter().filter(is_spf).collect());
    // More than one is an error that makes all of them void (RFC 7208 section 4.5).
    let alone = found.as_ref().is_ok_and(|texts| texts.len() == 1);
    let is_ours = |text: &str| text.parse().is_ok_and(|address: IpAddr| addresses.contains(&address));
    let right = |text: &str| {
        let names_us = |term: &str| {
            let term = term.trim_start_matches('+').to_ascii_lowercase();
            term == "mx"
                || term == format!("a:{host}")
                || (term == "a" && domain == host)
                || ["ip4:", "ip6:"].iter().filter_map(|kind| term.strip_prefix(kind)).any(is_ours)
        };
        alone && text.split_ascii_whitespace().any(names_us)
    };
    record(Purpose::Spf, domain.to_owned(), "TXT", Some("v=spf1 mx -all".into()), found, right)
}

async fn dmarc(resolver: &Resolver, domain: &str) -> Record {
    let name = format!("_dmarc.{domain}");
    let is_dmarc = |text: &String| text.to_ascii_lowercase().replace(' ', "").starts_with("v=dmarc1;p=");
    let found = ask(&name, resolver.txt(&name)).await.map(|texts| texts.into_iter().filter(is_dmarc).collect());
    let wanted = format!("v=DMARC1; p=none; rua=mailto:postmaster@{domain}");
    record(Purpose::Dmarc, name, "TXT", Some(wanted), found, |_| true)
}

/// The records of the keys. Those that are seen here begin to sign.
async fn dkim(context: &Context, domain: &str) -> Result<Vec<Record>, OpError> {
    let keys = match tokio::time::timeout(TIMEOUT, context.queue.keep_keys(domain)).await {
        Ok(keys) => keys?,
        Err(_) => context.directory.dkim_ensure(domain).await?,
    };
    let mut records = Vec::with_capacity(keys.len());
    for key in keys {
        let purpose = match key.state {
            KeyState::Pending => Purpose::DkimPending,
            KeyState::Active => Purpose::DkimActive,
            KeyState::Retired => Purpose::DkimRetired,
        };
        let name = super::dkim::record_name(domain, &key);
        let found = ask(&name, context.resolver.txt(&name)).await;
        records.push(record(purpose, name, "TXT", Some(key.record()), found, |text| key.is_published_by(text)));
    }
    Ok(records)
}

/// The host's own addresses, and for each of them its name.
async fn hosts(resolver: &Resolver, host: &str) -> (Record, Vec<Record>) {
    let addresses = ask(host, resolver.addresses(host)).await;
    let mut reverse = Vec::new();
    for &address in addresses.as_deref().unwrap_or_default() {
        let answer = ask(host, resolver.ptr(address)).await;
        let found = answer.map(|names| names.iter().map(|name| format!("{}.", bare(name))).collect());
        reverse.push(record(Purpose::Reverse, arpa(address), "PTR", Some(format!("{host}.")), found, |name| {
            bare(name) == host
        }));
    }
    let found = addresses.map(|addresses| addresses.iter().map(ToString::to_string).collect());
    let usable = |text: &str| text.parse().is_ok_and(reachable);
    (record(Purpose::Host, host.to_owned(), "A / AAAA", None, found, usable), reverse)
}

async fn service(resolver: &Resolver, domain: &str, prefix: &str, purpose: Purpose, port: u16, host: &str) -> Record {
    let name = format!("{prefix}.{domain}");
    let found = ask(&name, resolver.srv(&name)).await.map(|records| {
        records
            .into_iter()
            .map(|(priority, weight, port, target)| format!("{priority} {weight} {port} {}.", bare(&target)))
            .collect()
    });
    let wanted = format!("0 1 {port} {host}.");
    let right = move |text: &str| {
        let mut fields = text.split(' ').skip(2);
        fields.next() == Some(&port.to_string()) && fields.next().is_some_and(|target| bare(target) == host)
    };
    record(purpose, name, "SRV", Some(wanted), found, right)
}

/// Judges an answer: right when one of the records found is.
fn record(
    purpose: Purpose,
    name: String,
    kind: &str,
    wanted: Option<String>,
    found: Result<Vec<String>, DnsError>,
    right: impl Fn(&str) -> bool,
) -> Record {
    let (found, state, fault) = match found {
        Ok(found) if found.is_empty() => (found, State::Missing, None),
        Ok(found) if found.iter().any(|text| right(text)) => (found, State::Right, None),
        Ok(found) => (found, State::Different, None),
        Err(DnsError::NoDomain(_) | DnsError::NoRecord(..)) => (Vec::new(), State::Missing, None),
        Err(error @ DnsError::Temporary(..)) => (Vec::new(), State::Unknown, Some(error.to_string())),
    };
    Record { purpose, name, kind: kind.to_owned(), wanted, found, state, fault }
}

/// Whether one of a certificate's names is the host's, or a wildcard for it (RFC 9525 section 6.3).
pub fn covers(names: &[String], host: &str) -> bool {
    let host = bare(host);
    names.iter().any(|name| match bare(name).strip_prefix("*.") {
        Some(rest) => host.split_once('.').is_some_and(|(_, parent)| parent == rest),
        None => bare(name) == host,
    })
}

/// Whether other servers can reach an address: not one of a private or local network.
fn reachable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_unspecified() && !v4.is_private() && !v4.is_link_local(),
        IpAddr::V6(v6) => {
            !v6.is_loopback() && !v6.is_unspecified() && !v6.is_unique_local() && !v6.is_unicast_link_local()
        }
    }
}

fn bare(name: &str) -> String {
    name.trim().trim_end_matches('.').to_ascii_lowercase()
}

/// Name of an address in the reverse tree (RFC 1035 section 3.5, RFC 3596 section 2.5).
fn arpa(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let nibbles = address.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            nibbles.map(|nibble| format!("{nibble:x}.")).collect::<String>() + "ip6.arpa"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reverse_names_follow_the_rfcs() {
        assert_eq!(arpa("192.0.2.1".parse().unwrap()), "1.2.0.192.in-addr.arpa");
        assert_eq!(
            arpa("2001:db8::567:89ab".parse().unwrap()),
            "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
        );
    }

    #[test]
    fn addresses_of_private_networks_cannot_be_reached() {
        for address in ["127.0.0.1", "10.1.2.3", "192.168.0.9", "169.254.1.1", "0.0.0.0", "::1", "fd00::1", "fe80::1"] {
            assert!(!reachable(address.parse().unwrap()), "{address}");
        }
        assert!(reachable("203.0.113.7".parse().unwrap()) && reachable("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn a_wildcard_covers_one_label() {
        let names = ["example.test".to_owned(), "*.Example.test".to_owned()];
        assert!(covers(&names, "mail.example.test.") && covers(&names, "example.test"));
        assert!(!covers(&names, "a.mail.example.test") && !covers(&[], "example.test"));
    }

    #[test]
    fn an_answer_is_right_missing_different_or_unknown() {
        let judge = |found| record(Purpose::Mx, "example.test".into(), "MX", None, found, |text| text == "good").state;
        assert_eq!(judge(Ok(vec!["bad".into(), "good".into()])), State::Right);
        assert_eq!(judge(Ok(vec!["bad".into()])), State::Different);
        assert_eq!(judge(Ok(vec![])), State::Missing);
        assert_eq!(judge(Err(DnsError::NoDomain("x".into()))), State::Missing);
        assert_eq!(judge(Err(DnsError::Temporary("x".into(), "timed out".into()))), State::Unknown);
    }
}
