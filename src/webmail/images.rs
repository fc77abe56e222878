//! Images of other hosts, fetched for the reader after they allowed it: the sender learns this server's address and nothing of the
//! reader. Only addresses that we put into a cleaned message are fetched, which a signature shows; never from a private address.

use crate::visit::Visit;
use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY},
    web,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use httpd::{Fault, Session};
use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use serde::Deserialize;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};
use tokio::sync::Semaphore;

/// Bytes of an image (502).
const IMAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of an image's address.
const URL_BYTES_MAX: usize = 4096;
/// Images fetched at once; further ones wait.
const FETCHES_MAX: usize = 32;
/// Time for the whole of a fetch.
const FETCH_TIMEOUT: Duration = Duration::from_secs(15);
/// Steps from one host to the next.
const REDIRECTS_MAX: usize = 5;

/// Signs addresses of images for one session.
pub(crate) struct Signer {
    key: [u8; 32],
}

impl Signer {
    pub(crate) fn of(session: &Session) -> Self {
        Self { key: blake3::derive_key("gatepost 2026 image addresses", session.ticket.as_bytes()) }
    }

    fn signature(&self, url: &str) -> blake3::Hash {
        blake3::keyed_hash(&self.key, url.as_bytes())
    }

    /// Address under which we give the image of `url`.
    pub(crate) fn address(&self, url: &str) -> String {
        let signature = URL_SAFE_NO_PAD.encode(&self.signature(url).as_bytes()[..20]);
        format!("/mail/-/image?url={}&key={signature}", crate::address::segment(url))
    }

    /// Whether we gave out that address.
    fn accepts(&self, asked: &Asked) -> bool {
        // The comparison of hashes takes the same time whatever they are.
        let presented = URL_SAFE_NO_PAD.decode(&asked.key).unwrap_or_default();
        blake3::hash(&presented) == blake3::hash(&self.signature(&asked.url).as_bytes()[..20])
    }
}

/// Fetches images.
pub(crate) struct Fetcher {
    client: Option<Client>,
    free: Semaphore,
}

impl Fetcher {
    pub(crate) fn new() -> Self {
        let client = client();
        if let Err(why) = &client {
            tracing::warn!(why, "images of other hosts cannot be shown");
        }
        Self { client: client.ok(), free: Semaphore::new(FETCHES_MAX) }
    }

    /// The client, which reaches public addresses only.
    pub(crate) fn client(&self) -> Option<&Client> {
        self.client.as_ref()
    }

    async fn fetch(&self, url: Url) -> Result<(&'static str, Vec<u8>), String> {
        let client = self.client.as_ref().ok_or("no client")?;
        let _permit = self.free.acquire().await.map_err(|e| e.to_string())?;
        let mut response = client.get(url).send().await.map_err(|e| e.to_string())?;
        if !response.status().is_success() {
            return Err(format!("status {}", response.status()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| e.to_string())? {
            if bytes.len() + chunk.len() > IMAGE_BYTES_MAX {
                return Err("too large".into());
            }
            bytes.extend_from_slice(&chunk);
        }
        media_type(&bytes).map(|kind| (kind, bytes)).ok_or_else(|| "not an image".into())
    }
}

fn client() -> Result<Client, String> {
    let tls = net::tls::client::verified().map_err(|e| e.to_string())?;
    let next = redirect::Policy::custom(|attempt| {
        if attempt.previous().len() > REDIRECTS_MAX || !is_allowed(attempt.url()) {
            return attempt.error("redirected to where nothing is fetched from");
        }
        attempt.follow()
    });
    Client::builder()
        .tls_backend_preconfigured((*tls).clone())
        .dns_resolver(Arc::new(PublicNames))
        .redirect(next)
        .no_proxy()
        .referer(false)
        .timeout(FETCH_TIMEOUT)
        // Connections belong to the runtime of the worker that opened them.
        .pool_max_idle_per_host(0)
        .user_agent("Gatepost-image-proxy")
        .build()
        .map_err(|e| e.to_string())
}

/// Whether an address may be asked for: on the web, at its usual ports, and not at a private address written as a number. Names
/// are checked when they are resolved.
pub(crate) fn is_allowed(url: &Url) -> bool {
    let port = matches!(url.port_or_known_default(), Some(80 | 443 | 8080 | 8443));
    let host = match url.host_str() {
        None | Some("") => false,
        Some(host) => host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().map_or(true, is_public),
    };
    matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none() && port && host
}

/// Resolves names by the system, and gives public addresses only: what is checked is what is connected to.
struct PublicNames;

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<_> = found.filter(|a| is_public(a.ip())).collect();
            if public.is_empty() {
                return Err("no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the internet and not of this machine, this network or a special use (RFC 6890).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        // Global unicast is 2000::/3; within it are documentation, benchmarks, ORCHID and Teredo (2001::/23, 2001:db8::/32,
        // 3fff::/20) and 6to4, which holds an IPv4 address.
        [0x2001, 0..=0x01ff | 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => false,
        [0x2002, high, low, ..] => embedded(high, low),
        // NAT64 (RFC 6052) holds one too.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// Media type by the first bytes; whatever the server says, only these are given on.
pub(crate) fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', b'f' | b's', ..] => Some("image/avif"),
        _ => None,
    }
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    url: String,
    key: String,
}

/// `GET /mail/-/image?url=...&key=...`
pub(crate) async fn image(visit: Visit, asked: web::Query<Asked>) -> Result<HttpResponse, Fault> {
    if asked.url.len() > URL_BYTES_MAX || !Signer::of(&visit.session).accepts(&asked) {
        return Err(Fault::Forbidden("not an image of a message"));
    }
    let url = Url::parse(&asked.url).ok().filter(is_allowed).ok_or(Fault::NotFound)?;
    match visit.state.images.fetch(url).await {
        Ok((kind, bytes)) => Ok(HttpResponse::Ok()
            .content_type(kind)
            .insert_header((CACHE_CONTROL, "private, max-age=86400"))
            .insert_header((CONTENT_DISPOSITION, "inline"))
            .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
            .body(bytes)),
        Err(why) => {
            tracing::debug!(why, "an image was not fetched");
            Ok(HttpResponse::BadGateway().content_type("text/plain; charset=utf-8").body("no image\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fetcher, is_allowed, is_public, media_type};
    use reqwest::Url;

    #[test]
    fn private_addresses_are_refused() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:127.0.0.1",
            "2002:7f00:1::",
            "64:ff9b::a00:1",
            "2001:db8::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().expect("an address")), "{private}");
        }
        for public in ["1.1.1.1", "9.9.9.9", "2606:4700::1111", "64:ff9b::101:101"] {
            assert!(is_public(public.parse().expect("an address")), "{public}");
        }
    }

    #[test]
    fn only_the_web_is_asked() {
        for bad in [
            "http://127.0.0.1/a.png",
            "http://[::1]/",
            "http://2130706433/",
            "http://0x7f.1/",
            "ftp://x.test/",
            "file:///etc/passwd",
            "http://user:pw@x.test/",
            "http://x.test:22/",
            "https://[::ffff:10.0.0.1]/",
        ] {
            assert!(!is_allowed(&Url::parse(bad).expect("a URL")), "{bad}");
        }
        assert!(is_allowed(&Url::parse("https://x.test/a.png?b").expect("a URL")));
    }

    #[test]
    fn images_are_known_by_their_bytes() {
        assert_eq!(media_type(b"GIF89a.."), Some("image/gif"));
        for other in [&b"<svg xmlns="[..], b"<html>", b"", b"%PDF-1.7", b"RIFF1234WAVE"] {
            assert_eq!(media_type(other), None);
        }
    }

    /// Names that lead to this machine are refused when they are resolved, whatever they are called.
    #[tokio::test]
    async fn names_of_private_addresses_are_refused() {
        let url = Url::parse("http://localhost:8080/a.png").expect("a URL");
        assert!(is_allowed(&url), "the name alone does not tell");
        assert!(Fetcher::new().fetch(url).await.is_err());
    }
}
