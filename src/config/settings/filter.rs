//! `[filter]`: what judges mail from other servers.

use crate::{checks, reader::Reader};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

const SECOND: Duration = Duration::from_secs(1);

/// Settings of the filter. What it does with what it finds is policy, which is kept in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Whether mail from other servers is judged.
    pub enabled: bool,
    /// Time for all questions to the DNS about one message.
    pub dns_timeout: Duration,
    /// Time after which a greylisted message is taken when it comes again.
    pub greylist_delay: Duration,
    /// DNS lists, in the order in which they are heard.
    pub lists: Vec<List>,
    /// The virus scanner.
    pub clamd: Option<Scanner>,
    /// Milters, in their order.
    pub milters: Vec<Milter>,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            enabled: true,
            dns_timeout: 5 * SECOND,
            greylist_delay: 300 * SECOND,
            lists: Vec::new(),
            clamd: None,
            milters: Vec::new(),
        }
    }
}

/// What a DNS list is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKind {
    /// The client's address.
    Client,
    /// Domains of the sender and of links.
    Domain,
}

/// A DNS list (RFC 5782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// The zone that is asked.
    pub zone: String,
    /// What it is asked about.
    pub kind: ListKind,
    /// What an entry counts, hundredths; below zero for lists of the good.
    pub weight: i32,
    /// Answers that count, as ranges; empty means all of 127.0.0.0/8.
    pub codes: Vec<(Ipv4Addr, Ipv4Addr)>,
}

/// Where a service listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A socket in the file system.
    Unix(PathBuf),
    /// A TCP port.
    Tcp(SocketAddr),
}

/// What happens to mail when a service does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Failure {
    /// It is taken, and the verdict says so.
    #[default]
    Open,
    /// It is to come again later.
    Defer,
}

/// clamd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanner {
    /// Where it listens.
    pub address: Endpoint,
    /// Time for one message.
    pub timeout: Duration,
    /// When it does not answer.
    pub failure: Failure,
}

/// A milter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Milter {
    /// Its name in verdicts.
    pub name: String,
    /// Where it listens.
    pub address: Endpoint,
    /// Time for one message.
    pub timeout: Duration,
    /// When it does not answer.
    pub failure: Failure,
}

impl Filter {
    pub(crate) fn read(mut reader: Reader<'_>, base: &Path) -> Self {
        let mut filter = Self::default();
        reader.flag("enabled", &mut filter.enabled);
        reader.duration("dns_timeout", &mut filter.dns_timeout, SECOND..=60 * SECOND);
        reader.duration("greylist_delay", &mut filter.greylist_delay, Duration::ZERO..=3600 * SECOND);
        for list in reader.tables("lists") {
            filter.lists.extend(List::read(list));
        }
        let clamd = reader.table("clamd");
        if clamd.is_present() {
            filter.clamd =
                service(clamd, base, None).map(|(_, address, timeout, failure)| Scanner { address, timeout, failure });
        }
        for milter in reader.tables("milters") {
            let mut name = None;
            if let Some((_, address, timeout, failure)) = service(milter, base, Some(&mut name)) {
                let name = name.unwrap_or_else(|| "milter".to_owned());
                filter.milters.push(Milter { name, address, timeout, failure });
            }
        }
        reader.finish();
        filter
    }
}

impl List {
    fn read(mut reader: Reader<'_>) -> Option<Self> {
        let zone = reader.text("zone", checks::hostname);
        if !reader.has("zone") {
            reader.fault("zone", "is needed: the zone that is asked, such as \"zen.dnsbl.example\"");
        }
        let kind = reader.text("kind", |text| match text {
            "client" => Ok(ListKind::Client),
            "domain" => Ok(ListKind::Domain),
            _ => Err(format!("must be \"client\" or \"domain\", not {text:?}")),
        });
        let weight = reader.text("weight", |text| {
            hundredths(text)
                .ok_or_else(|| "must be a score such as \"3.5\", or \"-2\" for a list of the good".to_owned())
        });
        let codes = reader.text("codes", |text| {
            ranges(text).ok_or_else(|| "must be answers such as \"127.0.0.2-127.0.0.11, 127.0.0.20\"".to_owned())
        });
        reader.finish();
        Some(Self {
            zone: zone?,
            kind: kind.unwrap_or(ListKind::Client),
            weight: weight.unwrap_or(300),
            codes: codes.unwrap_or_default(),
        })
    }
}

type Service = ((), Endpoint, Duration, Failure);

fn service(mut reader: Reader<'_>, base: &Path, name: Option<&mut Option<String>>) -> Option<Service> {
    if let Some(name) = name {
        *name = reader.text("name", |text| {
            let is_name = !text.is_empty() && text.len() <= 60 && !text.contains(char::is_control);
            is_name.then(|| text.to_owned()).ok_or_else(|| "must be a short name".to_owned())
        });
    }
    let address = reader.text("address", |text| endpoint(text, base));
    if !reader.has("address") {
        reader.fault("address", "is needed: \"unix:/run/clamav/clamd.ctl\" or \"127.0.0.1:3310\"");
    }
    let mut timeout = 30 * SECOND;
    reader.duration("timeout", &mut timeout, SECOND..=300 * SECOND);
    let failure = reader.text("failure", |text| match text {
        "open" => Ok(Failure::Open),
        "defer" => Ok(Failure::Defer),
        _ => Err(format!("must be \"open\" or \"defer\", not {text:?}")),
    });
    reader.finish();
    Some(((), address?, timeout, failure.unwrap_or_default()))
}

fn endpoint(text: &str, base: &Path) -> Result<Endpoint, String> {
    match text.strip_prefix("unix:") {
        Some("") => Err("must name a file after unix:".to_owned()),
        Some(path) => Ok(Endpoint::Unix(base.join(path))),
        None => checks::socket(text, None).map(Endpoint::Tcp),
    }
}

/// `3.5` as 350.
fn hundredths(text: &str) -> Option<i32> {
    let number: f64 = text.parse().ok()?;
    let rounded = (number * 100.0).round();
    (-10_000.0..=10_000.0).contains(&rounded).then_some(rounded as i32)
}

fn ranges(text: &str) -> Option<Vec<(Ipv4Addr, Ipv4Addr)>> {
    let range = |text: &str| {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
    };
    text.split(',').map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    fn parse(text: &str) -> Result<Settings, crate::Error> {
        Settings::parse(&format!("hostname = \"mx.example.org\"\n{text}"), Path::new("/etc/gatepost/gatepost.toml"))
    }

    #[test]
    fn services_and_lists_are_read() {
        let text = "[[filter.lists]]\nzone = \"list.example\"\nkind = \"domain\"\nweight = \"-1.5\"\n\
            codes = \"127.0.0.2-127.0.0.11, 127.0.0.20\"\n[filter.clamd]\naddress = \"unix:clamd.sock\"\nfailure = \"defer\"\n\
            [[filter.milters]]\nname = \"one\"\naddress = \"127.0.0.1:11332\"\n";
        let filter = parse(text).expect("is valid").filter;
        let list = &filter.lists[0];
        assert_eq!((list.kind, list.weight, list.codes.len()), (ListKind::Domain, -150, 2));
        let clamd = filter.clamd.expect("is there");
        assert_eq!(clamd.address, Endpoint::Unix("/etc/gatepost/clamd.sock".into()));
        assert_eq!((clamd.failure, filter.milters[0].failure), (Failure::Defer, Failure::Open));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, named) in [
            ("[[filter.lists]]\nkind = \"client\"\n", "filter.lists.zone"),
            ("[[filter.lists]]\nzone = \"a.example\"\nweight = \"much\"\n", "must be a score"),
            ("[[filter.lists]]\nzone = \"a.example\"\ncodes = \"127.0.0.300\"\n", "must be answers"),
            ("[filter.clamd]\ntimeout = \"30s\"\n", "filter.clamd.address"),
            ("[filter.clamd]\naddress = \"nowhere\"\n", "filter.clamd.address"),
            ("[filter]\ngreylist_delay = \"2h\"\n", "filter.greylist_delay"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}
