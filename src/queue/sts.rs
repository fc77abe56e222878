//! MTA-STS (RFC 8461): a domain says by HTTPS which servers take its mail, and that they have certificates. Then mail for it goes
//! to no other server and never in the clear, although the DNS alone cannot be believed.
//!
//! A policy is fetched when its id in the DNS is new, kept in the store for as long as it says, and holds on while the DNS
//! record or the web server is away: an attacker who can hide them gains nothing.

use crate::{Clock, Error};
use mail::address::domain_to_ascii;
use net::dns::Resolver;
use rustls::{ClientConfig, pki_types::ServerName};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    io::ErrorKind,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use store::Store;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// Octets of an answer; RFC 8461 section 3.3 suggests 64 KB for the policy.
const ANSWER_BYTES_MAX: u64 = 72 * 1024;
/// Servers that a policy names.
const MX_MAX: usize = 100;
/// Longest time a policy holds, seconds (RFC 8461 section 3.2).
const MAX_AGE_MAX: i64 = 31_557_600;
/// Time for a fetch (RFC 8461 section 3.3 suggests a minute).
const FETCH: Duration = Duration::from_secs(30);
/// Between two looks at the DNS record of a domain, milliseconds.
const LOOK_AGAIN_MS: i64 = 300_000;
/// Domains remembered at once.
const DOMAINS_MAX: usize = 10_000;

/// What a domain wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mode {
    /// Only to servers of the policy, with good certificates.
    Enforce,
    /// Only to be told of failures.
    Testing,
    /// The domain has no policy any more.
    None,
}

/// A policy as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Policy {
    id: String,
    pub(crate) mode: Mode,
    /// Names of servers, lower case; `*.` stands for one label.
    mx: Vec<String>,
    /// Until when it holds, milliseconds since 1970.
    until: i64,
}

impl Policy {
    /// Whether a server is one of the policy's (RFC 8461 section 4.1).
    pub(crate) fn names(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.mx.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
            None => *pattern == host,
        })
    }

    /// Reads a policy (RFC 8461 section 3.2); `None` where it is none.
    fn parse(text: &str, id: &str, now: i64) -> Option<Self> {
        let (mut version, mut mode, mut age, mut mx) = (false, None, None, Vec::new());
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (key, value) = line.split_once(':')?;
            let value = value.trim();
            match key.trim() {
                "version" => version = value == "STSv1",
                // The first of several counts.
                "mode" => {
                    mode = mode.or(Some(match value {
                        "enforce" => Mode::Enforce,
                        "testing" => Mode::Testing,
                        "none" => Mode::None,
                        _ => return None,
                    }));
                }
                "max_age" => age = age.or(value.parse::<u32>().ok().map(i64::from)),
                "mx" if mx.len() < MX_MAX => mx.push(domain_to_ascii(value.trim_end_matches('.')).to_ascii_lowercase()),
                _ => {}
            }
        }
        let (mode, age) = (mode?, age?.min(MAX_AGE_MAX));
        let until = now.saturating_add(age * 1000);
        (version && (!mx.is_empty() || mode == Mode::None)).then(|| Self { id: id.to_owned(), mode, mx, until })
    }
}

/// What is known of the policies of other domains.
#[derive(Default)]
pub(crate) struct Policies {
    /// What was found, and when.
    looked: Mutex<HashMap<String, (i64, Option<Policy>)>>,
}

/// What a look-up needs.
pub(crate) struct Asking<'a> {
    pub(crate) store: &'a Store,
    pub(crate) resolver: &'a Resolver,
    pub(crate) tls: &'a Arc<ClientConfig>,
    pub(crate) clock: &'a Clock,
    /// 443 except in tests.
    pub(crate) port: u16,
}

impl Policies {
    /// The policy of a domain, if it has one that holds.
    ///
    /// # Errors
    /// Machine faults. A domain whose policy cannot be had has none, unless one is kept.
    pub(crate) async fn of(&self, domain: &str, asking: &Asking<'_>) -> Result<Option<Policy>, Error> {
        let (domain, now) = (domain_to_ascii(domain).to_ascii_lowercase(), asking.clock.now());
        if domain.starts_with('[') {
            return Ok(None);
        }
        if let Some((at, policy)) = self.lock().get(&domain)
            && now.saturating_sub(*at) < LOOK_AGAIN_MS
        {
            return Ok(policy.clone().filter(|policy| policy.until > now));
        }
        let key = [b"queue/sts/", domain.as_bytes()].concat();
        let kept: Option<Policy> = asking.store.record::<Policy>(&key)?.filter(|policy| policy.until > now);
        let policy = match id(&domain, asking.resolver).await {
            Some(id) if kept.as_ref().is_none_or(|kept| kept.id != id) => {
                match fetch(&domain, &id, asking, now).await {
                    Ok(policy) => {
                        let new = policy.clone();
                        asking.store.commit(Vec::new(), move |tx| tx.record_put(&key, &new)).await?;
                        tracing::info!(domain, mode = ?policy.mode, "MTA-STS policy fetched");
                        Some(policy)
                    }
                    Err(error) => {
                        tracing::warn!(domain, %error, "the MTA-STS policy cannot be fetched");
                        kept
                    }
                }
            }
            _ => kept,
        };
        let mut looked = self.lock();
        if looked.len() >= DOMAINS_MAX {
            looked.retain(|_, (at, _)| now.saturating_sub(*at) < LOOK_AGAIN_MS);
            if looked.len() >= DOMAINS_MAX {
                looked.clear();
            }
        }
        looked.insert(domain, (now, policy.clone()));
        Ok(policy)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (i64, Option<Policy>)>> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The id in the DNS (RFC 8461 section 3.1); none when there is no record, several, or no answer.
async fn id(domain: &str, resolver: &Resolver) -> Option<String> {
    let texts = resolver.txt(&format!("_mta-sts.{domain}")).await.ok()?;
    let mut records = texts.iter().filter(|text| text.starts_with("v=STSv1;"));
    let (record, None) = (records.next()?, records.next()) else { return None };
    let id = record.split(';').find_map(|field| field.trim().strip_prefix("id="))?.trim();
    let fits = (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then(|| id.to_owned())
}

async fn fetch(domain: &str, id: &str, asking: &Asking<'_>, now: i64) -> std::io::Result<Policy> {
    let host = format!("mta-sts.{domain}");
    let work = async {
        let addresses = asking.resolver.addresses(&host).await.map_err(std::io::Error::other)?;
        let mut last = std::io::Error::from(ErrorKind::NotFound);
        for address in addresses.into_iter().take(4) {
            match get(&host, SocketAddr::new(address, asking.port), asking.tls).await {
                Ok(answer) => return Ok(answer),
                Err(error) => last = error,
            }
        }
        Err(last)
    };
    let timed_out = |_| std::io::Error::from(ErrorKind::TimedOut);
    let answer = tokio::time::timeout(FETCH, work).await.map_err(timed_out)??;
    let wrong = || std::io::Error::new(ErrorKind::InvalidData, "the answer is no policy");
    let body = body(&answer).ok_or_else(wrong)?;
    Policy::parse(&String::from_utf8_lossy(&body), id, now).ok_or_else(wrong)
}

/// The whole answer to a request. The certificate is checked for the host (RFC 8461 section 3.3).
async fn get(host: &str, address: SocketAddr, tls: &Arc<ClientConfig>) -> std::io::Result<Vec<u8>> {
    let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
    let tcp = TcpStream::connect(address).await?;
    let mut stream = TlsConnector::from(tls.clone()).connect(name, tcp).await?;
    let request = format!(
        "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Gatepost\r\nAccept: text/plain\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    let mut limited = stream.take(ANSWER_BYTES_MAX);
    match limited.read_to_end(&mut answer).await {
        // Many servers end without a closing of TLS; what matters is whether the answer is whole, which is checked.
        Ok(_) => Ok(answer),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(answer),
        Err(error) => Err(error),
    }
}

/// The body of an answer with status 200; redirects are not followed (RFC 8461 section 3.3).
fn body(answer: &[u8]) -> Option<Vec<u8>> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, rest) = (std::str::from_utf8(&answer[..end]).ok()?, &answer[end + 4..]);
    let mut lines = head.split("\r\n");
    let mut status = lines.next()?.split(' ');
    if !status.next()?.starts_with("HTTP/1.") || status.next()? != "200" {
        return None;
    }
    let field = |wanted: &str| {
        let named = |line: &str| {
            line.split_once(':')
                .filter(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, v)| v.trim().to_ascii_lowercase())
        };
        head.split("\r\n").skip(1).find_map(named)
    };
    match (field("transfer-encoding").as_deref(), field("content-length")) {
        (Some("chunked"), _) => dechunk(rest),
        (Some(_), _) => None,
        (None, Some(length)) => rest.get(..length.parse().ok()?).map(<[u8]>::to_vec),
        (None, None) => Some(rest.to_vec()),
    }
}

/// RFC 9112 section 7.1.
fn dechunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read() {
        let text = "version: STSv1\r\nmode: enforce\r\nmx: MX1.example.org\r\nmx: *.example.net\r\nmax_age: 86400\r\n";
        let policy = Policy::parse(text, "1", 0).unwrap();
        assert_eq!((policy.mode, policy.until), (Mode::Enforce, 86_400_000));
        for (host, fits) in [
            ("mx1.example.org", true),
            ("a.example.net.", true),
            ("a.b.example.net", false),
            ("example.net", false),
            ("mx2.example.org", false),
        ] {
            assert_eq!(policy.names(host), fits, "{host}");
        }
        assert!(Policy::parse("version: STSv1\nmode: none\nmax_age: 1\n", "1", 0).is_some());
        for wrong in [
            "",
            "mode: enforce\nmx: a\nmax_age: 1",
            "version: STSv1\nmode: enforce\nmax_age: 1",
            "version: STSv1\nmode: strict\nmx: a\nmax_age: 1",
            "version: STSv1\nmode: enforce\nmx: a\nmax_age: -1",
            "<html>",
        ] {
            assert_eq!(Policy::parse(wrong, "1", 0), None, "{wrong}");
        }
    }

    #[test]
    fn answers_are_read_whole_or_not_at_all() {
        let answer = |text: &str| body(text.as_bytes()).map(|body| String::from_utf8(body).unwrap());
        assert_eq!(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc").as_deref(), Some("ab"));
        assert_eq!(answer("HTTP/1.1 200 OK\r\n\r\nabc").as_deref(), Some("abc"));
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=1\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
        assert_eq!(answer(chunked).as_deref(), Some("abc"));
        for wrong in [
            "HTTP/1.1 301 Moved\r\nLocation: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            "junk",
        ] {
            assert_eq!(answer(wrong), None, "{wrong}");
        }
    }
}
