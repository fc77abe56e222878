//! Lists in the DNS of clients and domains with a bad or a good name (RFC 5782), with a check that a list is in its senses.

use crate::score::Score;
use config::settings::filter::{List, ListKind};
use futures_util::future::join_all;
use net::dns::{Error as DnsError, Resolver};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Domains of one message that are asked for.
const DOMAINS_MAX: usize = 10;
/// Time for which a good state of a list is believed.
const GOOD_FOR: Duration = Duration::from_secs(3600);
/// Time for which a list that failed is left alone.
const BAD_FOR: Duration = Duration::from_secs(600);

/// An entry found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The list.
    pub zone: String,
    /// What is listed.
    pub what: String,
    /// What it counts; below zero it speaks for the message, and lists after it are not heard.
    pub score: Score,
}

/// The state of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It answers, and not yes to everything.
    Good,
    /// It gives no answer.
    Dead,
    /// It lists what must not be listed: its name has lapsed, or it refuses this resolver.
    ListsAll,
}

/// The lists with what is known of their state.
#[derive(Debug, Default)]
pub struct Lists {
    health: Mutex<HashMap<String, (Instant, Health)>>,
}

impl Lists {
    /// Asks all lists at once. Returns entries in the order of the lists, and lists that were not heard with the reason.
    pub async fn gather(
        &self,
        resolver: &Resolver,
        lists: &[List],
        client: IpAddr,
        domains: &[String],
    ) -> (Vec<Listing>, Vec<String>) {
        let answers = join_all(lists.iter().map(|list| self.ask(resolver, list, client, domains))).await;
        let (mut found, mut deaf) = (Vec::new(), Vec::new());
        for answer in answers {
            match answer {
                Ok(listing) => found.extend(listing),
                Err(why) => deaf.push(why),
            }
        }
        (found, deaf)
    }

    async fn ask(
        &self,
        resolver: &Resolver,
        list: &List,
        client: IpAddr,
        domains: &[String],
    ) -> Result<Option<Listing>, String> {
        match self.health(resolver, list).await {
            Health::Good => {}
            Health::Dead => return Err(format!("{} gives no answer", list.zone)),
            Health::ListsAll => return Err(format!("{} lists everything", list.zone)),
        }
        let subjects: Vec<String> = match list.kind {
            ListKind::Client if crate::client::is_private(client) => Vec::new(),
            ListKind::Client => vec![client.to_string()],
            ListKind::Domain => domains.iter().take(DOMAINS_MAX).cloned().collect(),
        };
        let names = subjects.iter().map(|subject| match list.kind {
            ListKind::Client => format!("{}.{}", reversed(client), list.zone),
            ListKind::Domain => format!("{subject}.{}", list.zone),
        });
        let answers = join_all(names.map(|name| async move { resolver.ipv4(&name).await })).await;
        for (subject, answer) in subjects.into_iter().zip(answers) {
            match answer {
                Ok(codes) if codes.iter().any(|code| is_meant(list, *code)) => {
                    return Ok(Some(Listing { zone: list.zone.clone(), what: subject, score: Score(list.weight) }));
                }
                Err(DnsError::Temporary(..)) => {
                    self.note(&list.zone, Health::Dead);
                    return Err(format!("{} gives no answer", list.zone));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// The state of a list, by its test points (RFC 5782 section 5).
    pub async fn health(&self, resolver: &Resolver, list: &List) -> Health {
        if let Some(known) = self.known(&list.zone) {
            return known;
        }
        let (yes, no) = match list.kind {
            ListKind::Client => ("2.0.0.127", "1.0.0.127"),
            ListKind::Domain => ("test", "invalid"),
        };
        let (yes, no) = (format!("{yes}.{}", list.zone), format!("{no}.{}", list.zone));
        let (yes, no) = tokio::join!(resolver.ipv4(&yes), resolver.ipv4(&no));
        let health = match (yes, no) {
            (_, Ok(_)) => Health::ListsAll,
            (Ok(codes), _) if codes.iter().any(|code| is_meant(list, *code)) => Health::Good,
            _ => Health::Dead,
        };
        self.note(&list.zone, health);
        health
    }

    fn known(&self, zone: &str) -> Option<Health> {
        let health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, state) = health.get(zone)?;
        let fresh = if *state == Health::Good { GOOD_FOR } else { BAD_FOR };
        (since.elapsed() < fresh).then_some(*state)
    }

    fn note(&self, zone: &str, state: Health) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, before)) = health.insert(zone.to_owned(), (Instant::now(), state))
            && before != state
        {
            tracing::warn!(zone, ?state, "a DNS list changed its state");
        }
    }
}

/// Whether an answer is one that the list is asked for.
fn is_meant(list: &List, code: IpAddr) -> bool {
    let IpAddr::V4(code) = code else { return false };
    let within = |(first, last): &(Ipv4Addr, Ipv4Addr)| (*first..=*last).contains(&code);
    code.octets()[0] == 127 && (list.codes.is_empty() || list.codes.iter().any(within))
}

/// An address as DNS lists name it.
fn reversed(client: IpAddr) -> String {
    match client {
        IpAddr::V4(four) => {
            let [a, b, c, d] = four.octets();
            format!("{d}.{c}.{b}.{a}")
        }
        IpAddr::V6(six) => {
            let nibbles = six.octets().into_iter().rev().flat_map(|octet| [octet & 15, octet >> 4]);
            nibbles.map(|nibble| format!("{nibble:x}")).collect::<Vec<_>>().join(".")
        }
    }
}
