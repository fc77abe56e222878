//! Published suites and whole judgements, against a name server whose zone the test writes.

mod arc;
mod dkim;
mod lists;
mod reports;
mod scanners;
mod spam;
mod spf;

use config::Settings;
use filter::Filter;
use net::dns::Resolver;
use std::sync::Arc;
use testkit::Dns;

/// A corpus beside the checkout.
const CORPORA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora");

fn read(path: &str) -> Vec<u8> {
    let path = format!("{CORPORA}/{path}");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json(path: &str) -> serde_json::Value {
    serde_json::from_slice(&read(path)).expect("is JSON")
}

/// Line ends as they are sent.
fn crlf(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 20);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let bare = line.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        out.extend_from_slice(bare.unwrap_or(line));
        if bare.is_some() {
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

fn resolver(dns: &Dns) -> Resolver {
    Resolver::new(&config::settings::Dns { servers: vec![dns.address()] }).expect("resolves")
}

/// A filter with a store of its own.
struct Bench {
    filter: Filter,
    dns: Dns,
    _dir: tempfile::TempDir,
}

impl Bench {
    async fn start() -> Self {
        Self::with(Settings::new("mail.example.test", ".")).await
    }

    async fn with(settings: Settings) -> Self {
        let dir = tempfile::tempdir().expect("makes a folder");
        let (store, _) = store::Store::open(&dir.path().join("store"), &store::Options::default()).expect("opens");
        let dns = Dns::start().await;
        let filter = Filter::new(store, resolver(&dns), Arc::new(settings));
        Self { filter, dns, _dir: dir }
    }
}
