//! What the client's names say: reverse DNS (RFC 8601 section 2.7.3 `iprev`) and HELO.

use crate::heuristics::Hit;
use net::dns::{Error as DnsError, Resolver};
use std::net::IpAddr;

/// Names of a client that are looked at.
const NAMES_MAX: usize = 5;

/// Whether the client's address has a name that leads back to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Reverse {
    /// Not asked, or no answer.
    #[default]
    Unknown,
    /// On a private network or this machine, where names mean nothing.
    Private,
    /// It has none.
    None,
    /// It has this one, which does not lead back.
    Unconfirmed(String),
    /// It has this one.
    Confirmed(String),
}

/// What is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientFacts {
    /// Reverse DNS.
    pub reverse: Reverse,
    /// What is odd about HELO.
    pub hits: Vec<Hit>,
    /// Whether the DNS gave no answer.
    pub unanswered: bool,
}

/// Asks for the names of a client.
pub async fn gather(resolver: &Resolver, client: IpAddr, helo: &str, hostname: &str) -> ClientFacts {
    let (reverse, forward) = tokio::join!(reverse(resolver, client), forward(resolver, client, helo));
    let unanswered = reverse.is_none() || forward.is_none();
    let reverse = reverse.unwrap_or_default();
    let hits = helo_hits(client, helo, hostname, &reverse, forward.flatten().as_deref());
    ClientFacts { reverse, hits, unanswered }
}

/// `None` when the DNS gave no answer.
async fn reverse(resolver: &Resolver, client: IpAddr) -> Option<Reverse> {
    if is_private(client) {
        return Some(Reverse::Private);
    }
    let names = match resolver.ptr(client).await {
        Ok(names) => names,
        Err(DnsError::Temporary(..)) => return None,
        Err(_) => return Some(Reverse::None),
    };
    for name in names.iter().take(NAMES_MAX) {
        match resolver.addresses(name).await {
            Ok(addresses) if addresses.contains(&client) => return Some(Reverse::Confirmed(name.clone())),
            Err(DnsError::Temporary(..)) => return None,
            _ => {}
        }
    }
    Some(Reverse::Unconfirmed(names.into_iter().next().unwrap_or_default()))
}

/// Addresses of the HELO name; the outer `None` when the DNS gave no answer, the inner when there are none.
async fn forward(resolver: &Resolver, client: IpAddr, helo: &str) -> Option<Option<Vec<IpAddr>>> {
    if is_private(client) || !is_host_name(helo) {
        return Some(None);
    }
    match resolver.addresses(helo).await {
        Ok(addresses) => Some(Some(addresses)),
        Err(DnsError::Temporary(..)) => None,
        Err(_) => Some(Some(Vec::new())),
    }
}

fn helo_hits(client: IpAddr, helo: &str, hostname: &str, reverse: &Reverse, addresses: Option<&[IpAddr]>) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut hit = |rule, detail: &str| hits.push(Hit { rule, detail: detail.to_owned() });
    match reverse {
        Reverse::None => hit("RDNS_NONE", &client.to_string()),
        Reverse::Unconfirmed(name) => hit("RDNS_UNCONFIRMED", name),
        Reverse::Confirmed(name) if looks_dynamic(name, client) => hit("RDNS_DYNAMIC", name),
        _ => {}
    }
    let literal = helo.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Some(literal) = literal {
        let address = literal.strip_prefix("IPv6:").unwrap_or(literal).parse::<IpAddr>();
        if address.is_ok_and(|address| address != client) {
            hit("HELO_OTHER_ADDRESS", helo);
        }
    } else if helo.parse::<IpAddr>().is_ok() {
        hit("HELO_BARE_ADDRESS", helo);
    } else if helo.eq_ignore_ascii_case(hostname) && !is_private(client) {
        hit("HELO_IS_OURS", helo);
    } else if !is_host_name(helo) {
        hit("HELO_NO_DOMAIN", helo);
    } else if addresses.is_some_and(<[IpAddr]>::is_empty) && !is_private(client) {
        // Names of one's own network are often in no DNS that is asked here.
        hit("HELO_UNKNOWN", helo);
    }
    hits
}

/// A name with several labels.
fn is_host_name(name: &str) -> bool {
    name.contains('.')
        && name.len() <= 253
        && name.split('.').all(|label| (1..=63).contains(&label.len()))
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        && name.parse::<IpAddr>().is_err()
}

/// Whether a name is made of the address, as those of lines with changing addresses are.
fn looks_dynamic(name: &str, client: IpAddr) -> bool {
    let IpAddr::V4(client) = client else { return false };
    let numbers: Vec<&str> = name.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty()).collect();
    let octets = client.octets();
    let named = octets.iter().filter(|octet| numbers.iter().any(|number| number.parse() == Ok(**octet))).count();
    let name = name.to_ascii_lowercase();
    named == 4
        && ["dyn", "dsl", "dial", "pool", "dhcp", "cable", "client", "cust", "ppp"].iter().any(|w| name.contains(w))
}

/// Addresses that are not of the internet.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four.is_private() || four.is_loopback() || four.is_link_local(),
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => is_private(IpAddr::V4(four)),
            None => six.is_loopback() || six.is_unique_local() || six.is_unicast_link_local(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(client: &str, helo: &str, addresses: Option<&[IpAddr]>) -> Vec<&'static str> {
        let client = client.parse().unwrap();
        let hits = helo_hits(client, helo, "mail.example.test", &Reverse::Unknown, addresses);
        hits.into_iter().map(|hit| hit.rule).collect()
    }

    #[test]
    fn odd_names_are_seen() {
        assert_eq!(rules("192.0.2.1", "[192.0.2.1]", None), [""; 0]);
        assert_eq!(rules("192.0.2.1", "[192.0.2.2]", None), ["HELO_OTHER_ADDRESS"]);
        assert_eq!(rules("192.0.2.1", "192.0.2.1", None), ["HELO_BARE_ADDRESS"]);
        assert_eq!(rules("192.0.2.1", "MAIL.example.test", None), ["HELO_IS_OURS"]);
        assert_eq!(rules("127.0.0.1", "mail.example.test", None), [""; 0]);
        assert_eq!(rules("192.0.2.1", "friend", None), ["HELO_NO_DOMAIN"]);
        assert_eq!(rules("192.0.2.1", "mx.example.org", Some(&[])), ["HELO_UNKNOWN"]);
        assert!(looks_dynamic("dyn-192-0-2-1.example.net", [192, 0, 2, 1].into()));
        assert!(!looks_dynamic("mail-192-0-2-1.example.net", [192, 0, 2, 1].into()));
    }
}
