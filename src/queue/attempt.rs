//! One try of one group: find a server that talks, send, and have what came of it settled.
//!
//! The next address and the next server are tried as long as nobody has got the message for sure: after a connection that
//! fails, a greeting that refuses, a conversation that breaks off before the final dot. Once the final dot is on its way
//! the server may have the message, so nothing else is tried before the next time.

use crate::{
    local,
    route::{Candidate, Destination},
    settle::{Fate, Reason, settle},
    worker::Shared,
};
use net::dns;
use smtp::client::{self, Body, Connection, Envelope, Hop, Outcome, Stage};
use smtp::proto::response::Response;
use std::net::{IpAddr, SocketAddr};
use store::{SpoolId, spool::SpoolEntry};

/// Addresses tried in one attempt; a domain with more is tried on at the next time.
const ADDRESSES_MAX: usize = 12;
/// Time for which a destination that could not be reached is not tried for the groups behind, milliseconds.
const UNREACHABLE_KEPT_MS: i64 = 60_000;

/// A worker's work on one group.
pub(crate) struct Attempt<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) destination: &'a Destination,
}

/// No server of the destination could be talked to: the groups behind need not find that out again.
#[derive(Debug, Clone)]
pub(crate) struct Unreachable {
    reason: Reason,
    at: i64,
}

/// Why no result for single recipients came.
enum Trouble {
    /// With the message or its recipients: the same for all of them.
    Fate(Fate),
    /// With the destination.
    Unreachable(Reason),
}

/// An open connection and the name of its server.
pub(crate) type Kept = Option<(String, Connection)>;

impl Attempt<'_> {
    /// Tries, and settles. `kept`: a connection that stands from the group before, and is left for the next one.
    pub(crate) async fn run(
        &self,
        ids: &[SpoolId],
        kept: &mut Kept,
        unreachable: Option<Unreachable>,
    ) -> Option<Unreachable> {
        let now = self.shared.clock.now();
        let unreachable = unreachable.filter(|found| now.saturating_sub(found.at) < UNREACHABLE_KEPT_MS);
        let entries = match self.load(ids) {
            Ok(entries) => entries,
            Err(error) => {
                tracing::error!(%error, "the queue cannot be read");
                return unreachable;
            }
        };
        let Some(first) = entries.first() else { return unreachable };
        if *self.destination == Destination::Local {
            local::deliver(self.shared, entries).await;
            return None;
        }
        if let Some(found) = unreachable {
            let fate = Fate::Deferred(found.reason.clone());
            self.settle(entries, fate).await;
            return Some(found);
        }
        let (envelope, body) = (envelope(first, &entries), self.body(first));
        match self.send(&envelope, &body, kept).await {
            Ok(fates) => {
                settle(self.shared, entries.into_iter().zip(fates).collect()).await;
                None
            }
            Err(Trouble::Fate(fate)) => {
                self.settle(entries, fate).await;
                None
            }
            Err(Trouble::Unreachable(reason)) => {
                self.settle(entries, Fate::Deferred(reason.clone())).await;
                Some(Unreachable { reason, at: now })
            }
        }
    }

    /// The entries as they are now, without those that an admin has taken away, held, or put off.
    fn load(&self, ids: &[SpoolId]) -> Result<Vec<SpoolEntry>, store::Error> {
        let (store, now) = (self.shared.directory.store(), self.shared.clock.now());
        let mut entries = Vec::with_capacity(ids.len());
        for id in ids {
            entries.extend(store.spool_entry(*id)?.filter(|entry| !entry.held && entry.next_attempt <= now));
        }
        Ok(entries)
    }

    /// The same for all.
    async fn settle(&self, entries: Vec<SpoolEntry>, fate: Fate) {
        settle(self.shared, entries.into_iter().map(|entry| (entry, fate.clone())).collect()).await;
    }

    fn body(&self, first: &SpoolEntry) -> Body {
        Body { store: self.shared.directory.store().clone(), id: first.body, size: u64::from(first.size) }
    }

    /// Sends over the connection that stands, else over one to the first server that takes it.
    async fn send(&self, envelope: &Envelope, body: &Body, kept: &mut Kept) -> Result<Vec<Fate>, Trouble> {
        if let Some((host, connection)) = kept.take() {
            // A server may close a connection that has stood for long enough: that is no reason to wait.
            if let Talk::Done(fates) = converse(host, connection, envelope, body, kept).await? {
                return Ok(fates);
            }
        }
        let settings = self.shared.settings.load_full();
        let candidates = self.destination.candidates(&self.shared.resolver, &settings).await.map_err(|error| {
            let reason = Reason { status: error.status.into(), words: error.text, host: None };
            if error.permanent { Trouble::Fate(Fate::Failed(reason)) } else { Trouble::Unreachable(reason) }
        })?;
        let mut search = Search::default();
        for candidate in &candidates {
            for address in self.addresses(candidate, &mut search).await {
                let Some(connection) = self.open(candidate, address, &settings.hostname, &mut search).await else {
                    continue;
                };
                match converse(candidate.host.clone(), connection, envelope, body, kept).await? {
                    Talk::Done(fates) => return Ok(fates),
                    Talk::Broken(reason) => search.broken = Some(reason),
                }
            }
        }
        Err(search.end(matches!(self.destination, Destination::Domain(_))))
    }

    /// Addresses of a server that are still to be tried.
    async fn addresses(&self, candidate: &Candidate, search: &mut Search) -> Vec<IpAddr> {
        let left = ADDRESSES_MAX.saturating_sub(search.addresses);
        if left == 0 {
            return Vec::new();
        }
        match self.shared.resolver.addresses(&candidate.host).await {
            Ok(mut addresses) => {
                addresses.truncate(left);
                search.addresses += addresses.len();
                addresses
            }
            Err(error @ dns::Error::Temporary(..)) => {
                search.defer("4.4.3", error.to_string(), candidate);
                Vec::new()
            }
            Err(error) => {
                search.absent.get_or_insert_with(|| reason("4.4.4", error.to_string(), &candidate.host));
                Vec::new()
            }
        }
    }

    async fn open(
        &self,
        candidate: &Candidate,
        address: IpAddr,
        hostname: &str,
        search: &mut Search,
    ) -> Option<Connection> {
        let hop = Hop {
            host: candidate.host.clone(),
            address: SocketAddr::new(address, candidate.port),
            tls: candidate.tls,
            credentials: candidate.credentials.clone(),
        };
        match Connection::open(&hop, hostname, &self.shared.tls, self.shared.timeouts).await {
            Ok(connection) => Some(connection),
            Err(error) => {
                tracing::debug!(host = hop.host, address = %hop.address, %error, "no conversation");
                let Reason { status, words, .. } = explain(&error, &hop.host);
                search.defer(&status, words, candidate);
                None
            }
        }
    }
}

/// What the search for a server has met.
#[derive(Default)]
struct Search {
    addresses: usize,
    /// A server that could not be talked to; the last one.
    deferred: Option<Reason>,
    /// A server that does not exist.
    absent: Option<Reason>,
    /// A conversation that was begun and broke off, which says nothing about other messages; the last one.
    broken: Option<Reason>,
}

impl Search {
    fn defer(&mut self, status: &str, words: String, candidate: &Candidate) {
        self.deferred = Some(reason(status, words, &candidate.host));
    }

    /// When nothing is left to try. `permanent`: whether servers that do not exist are the domain's own fault.
    fn end(self, permanent: bool) -> Trouble {
        match (self.broken, self.deferred, self.absent) {
            (Some(reason), ..) => Trouble::Fate(Fate::Deferred(reason)),
            (None, Some(reason), _) => Trouble::Unreachable(reason),
            (None, None, Some(reason)) if permanent => {
                Trouble::Fate(Fate::Failed(Reason { status: "5.4.4".into(), ..reason }))
            }
            (None, None, Some(reason)) => Trouble::Unreachable(reason),
            (None, None, None) => {
                let words = "no server could be tried".into();
                Trouble::Unreachable(Reason { status: "4.4.1".into(), words, host: None })
            }
        }
    }
}

/// What came of a transaction.
enum Talk {
    /// A result for each recipient.
    Done(Vec<Fate>),
    /// The conversation broke off in a way that leaves other servers to be tried.
    Broken(Reason),
}

/// One transaction. The connection is kept only after a success: what state a transaction that failed leaves a server in is
/// not sure.
async fn converse(
    host: String,
    mut connection: Connection,
    envelope: &Envelope,
    body: &Body,
    kept: &mut Kept,
) -> Result<Talk, Trouble> {
    match connection.send(envelope, body).await {
        Ok(outcomes) => {
            let sent = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Sent(_)));
            let fates = outcomes.into_iter().map(|outcome| fate(outcome, &host)).collect();
            if sent {
                *kept = Some((host, connection));
            } else {
                tokio::spawn(connection.quit());
            }
            Ok(Talk::Done(fates))
        }
        Err(error) if error.is_ambiguous() || matches!(error, client::Error::Body(_)) => {
            Err(Trouble::Fate(Fate::Deferred(explain(&error, &host))))
        }
        Err(error) => {
            tracing::info!(host, %error, "a conversation broke off before the message was handed over");
            Ok(Talk::Broken(explain(&error, &host)))
        }
    }
}

fn envelope(first: &SpoolEntry, entries: &[SpoolEntry]) -> Envelope {
    Envelope {
        reverse_path: first.reverse_path.clone(),
        recipients: entries.iter().map(|entry| entry.recipient.clone()).collect(),
        utf8: first.utf8,
        eight_bit: first.eight_bit,
    }
}

fn fate(outcome: Outcome, host: &str) -> Fate {
    match outcome {
        Outcome::Sent(response) => Fate::Sent(host.to_owned(), response.to_string()),
        Outcome::Deferred(response) => Fate::Deferred(reason(&status(&response), response.to_string(), host)),
        Outcome::Refused(response) => Fate::Failed(reason(&status(&response), response.to_string(), host)),
    }
}

fn reason(status: &str, words: String, host: &str) -> Reason {
    Reason { status: status.to_owned(), words, host: Some(host.to_owned()) }
}

/// The status code of a reply, or what its first digit says.
fn status(response: &Response) -> String {
    let plain = if response.is_permanent() { "5.0.0" } else { "4.0.0" };
    response.enhanced().unwrap_or(plain).to_owned()
}

/// What ended a conversation. It is put down as temporary whatever the server said: it was said to this server, not about
/// a recipient, and the message is kept for as long as the sender may hope.
fn explain(error: &client::Error, host: &str) -> Reason {
    use client::Error;
    let status = match error {
        Error::Io(_, Stage::Connect) | Error::Timeout(Stage::Connect | Stage::Greeting) => "4.4.1".to_owned(),
        Error::Io(..) | Error::Timeout(_) => "4.4.2".to_owned(),
        Error::Malformed(..) => "4.5.0".to_owned(),
        Error::Refused(response, _) => {
            response.enhanced().map_or("4.3.2".to_owned(), |code| format!("4{}", &code[1..]))
        }
        Error::Tls(_) | Error::TlsMissing => "4.7.10".to_owned(),
        Error::AuthMissing => "4.3.5".to_owned(),
        Error::Body(_) => "4.3.0".to_owned(),
    };
    reason(&status, error.to_string(), host)
}
