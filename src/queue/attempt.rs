//! One try of one group: find a server that talks, send, and have what came of it settled.
//!
//! The next address and the next server are tried as long as nobody has got the message for sure: after a connection that
//! fails, a greeting that refuses, a conversation that breaks off before the final dot. Once the final dot is on its way
//! the server may have the message, so nothing else is tried before the next time.

use crate::{
    Error, local,
    route::{Candidate, Destination},
    settle::{Fate, Reason, report, settle},
    sts::{Asking, Mode},
    worker::Shared,
};
use bytes::Bytes;
use mail::{address::ReversePath, xtext};
use net::dns;
use smtp::client::{self, Body, Connection, Envelope, Hop, Outcome, RcptTo, Stage, TlsPolicy};
use smtp::proto::response::Response;
use std::net::{IpAddr, SocketAddr};
use store::{SpoolId, Terms, spool::SpoolEntry};

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

/// What a try says about how much the destination takes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressure {
    /// It does not answer, or it asks for less.
    TooMuch,
    /// It has taken something.
    Taken,
    /// Nothing.
    None,
}

impl Pressure {
    fn of(fates: &[Fate]) -> Self {
        let too_much = |fate: &Fate| match fate {
            // 421: closing for now. 4.7.28 and 4.3.2: too much from here, too much at all (RFC 3463, RFC 7372).
            Fate::Deferred(reason) => {
                reason.words.starts_with("421 ")
                    || matches!(reason.status.as_str(), "4.7.28" | "4.3.2" | "4.4.1" | "4.4.2")
            }
            _ => false,
        };
        if fates.iter().any(too_much) {
            Self::TooMuch
        } else if fates.iter().any(|fate| matches!(fate, Fate::Sent { .. })) {
            Self::Taken
        } else {
            Self::None
        }
    }
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
    ) -> (Option<Unreachable>, Pressure) {
        let now = self.shared.clock.now();
        let unreachable = unreachable.filter(|found| now.saturating_sub(found.at) < UNREACHABLE_KEPT_MS);
        let entries = match self.load(ids) {
            Ok(entries) => entries,
            Err(error) => {
                tracing::error!(%error, "the queue cannot be read");
                return (unreachable, Pressure::None);
            }
        };
        // What was taken by the next server already is not sent again.
        let (due, entries): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.terms.report_due);
        if !due.is_empty() {
            report(self.shared, due).await;
        }
        let Some(first) = entries.first() else { return (unreachable, Pressure::None) };
        if *self.destination == Destination::Local {
            local::deliver(self.shared, entries).await;
            return (None, Pressure::None);
        }
        if let Some(found) = unreachable {
            let fate = Fate::Deferred(found.reason.clone());
            self.settle(entries, fate).await;
            return (Some(found), Pressure::None);
        }
        let front = match self.signatures(first).await {
            Ok(fields) => fields,
            Err(error) => {
                tracing::error!(%error, "a message cannot be signed");
                let fate = Fate::Deferred(Reason { status: "4.3.0".into(), words: error.to_string(), host: None });
                self.settle(entries, fate).await;
                return (None, Pressure::None);
            }
        };
        let (mut envelope, body) = (envelope(first, &entries, now), self.body(first, front));
        match self.sender(first, now).await {
            Ok(sender) => envelope.reverse_path = sender,
            // Better with the sender as it is than not at all.
            Err(error) => tracing::error!(%error, "a forwarded message goes out with its own sender"),
        }
        match self.send(&envelope, &body, kept).await {
            Ok(fates) => {
                let pressure = Pressure::of(&fates);
                settle(self.shared, entries.into_iter().zip(fates).collect()).await;
                (None, pressure)
            }
            Err(Trouble::Fate(fate)) => {
                let pressure = Pressure::of(std::slice::from_ref(&fate));
                self.settle(entries, fate).await;
                (None, pressure)
            }
            Err(Trouble::Unreachable(reason)) => {
                self.settle(entries, Fate::Deferred(reason.clone())).await;
                (Some(Unreachable { reason, at: now }), Pressure::TooMuch)
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

    fn body(&self, first: &SpoolEntry, front: Bytes) -> Body {
        Body { store: self.shared.directory.store().clone(), id: first.body, size: u64::from(first.size), front }
    }

    /// The sender that the next server gets: for mail from elsewhere that is passed on one of ours, so that SPF passes and
    /// bounces come back by us. What this server itself has to say goes to the sender as it was.
    async fn sender(&self, first: &SpoolEntry, now: i64) -> Result<ReversePath, directory::Error> {
        let directory = &self.shared.directory;
        let Some(sender) = &first.reverse_path.0 else { return Ok(ReversePath::NULL) };
        if !self.shared.settings.load().queue.srs || directory.is_local(sender.domain())? {
            return Ok(first.reverse_path.clone());
        }
        directory.srs_ensure().await?;
        let ours = match &first.original_recipient {
            Some(address) if directory.is_local(address.domain())? => Some(address.domain().to_owned()),
            _ => directory.domains()?.into_iter().next().map(|domain| domain.name),
        };
        let made = match ours {
            Some(ours) => directory.srs_forward(sender, &ours, now)?,
            None => None,
        };
        Ok(made.map_or_else(|| first.reverse_path.clone(), |address| ReversePath(Some(address))))
    }

    /// The DKIM signatures of a message. Reading and hashing a body takes its time.
    async fn signatures(&self, first: &SpoolEntry) -> Result<Bytes, Error> {
        let (signer, directory, entry) = (self.shared.signer.clone(), self.shared.directory.clone(), first.clone());
        let at = self.shared.clock.now();
        let work = tokio::task::spawn_blocking(move || signer.fields(&directory, &entry, at));
        let fields = work.await.map_err(|_| Error::Intake(smtp::Error::Interrupted))??;
        Ok(Bytes::copy_from_slice(fields.as_bytes()))
    }

    /// Sends over the connection that stands, else over one to the first server that takes it. There are fewer results than
    /// recipients where the server takes fewer at once: the rest is due still, and is looked at again at once.
    async fn send(&self, envelope: &Envelope, body: &Body, kept: &mut Kept) -> Result<Vec<Fate>, Trouble> {
        let require_tls = envelope.terms.require_tls;
        if let Some((host, connection)) = kept.take_if(|(_, connection)| connection.verified || !require_tls) {
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
        let candidates = self.allowed(candidates, require_tls, &mut search).await?;
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

    /// The servers that mail may go to, with TLS as it is to be: where the domain has a policy (MTA-STS) it names them.
    /// A message that needs TLS (REQUIRETLS) goes to servers only whose names can be believed (RFC 8689 section 4.2.1).
    async fn allowed(
        &self,
        mut candidates: Vec<Candidate>,
        require_tls: bool,
        search: &mut Search,
    ) -> Result<Vec<Candidate>, Trouble> {
        let verify = |candidate: &mut Candidate| {
            if candidate.tls != TlsPolicy::Implicit {
                candidate.tls = TlsPolicy::Required;
            }
        };
        let Destination::Domain(domain) = self.destination else {
            if require_tls {
                candidates.iter_mut().for_each(verify);
            }
            return Ok(candidates);
        };
        let shared = self.shared;
        let asking = Asking {
            store: shared.directory.store(),
            resolver: &shared.resolver,
            tls: &shared.tls.verified,
            clock: &shared.clock,
            port: shared.settings.load().queue.policy_port,
        };
        let policy = shared.policies.of(domain, &asking).await.map_err(|error| {
            tracing::error!(domain, %error, "the MTA-STS policy of a domain cannot be kept");
            Trouble::Unreachable(Reason { status: "4.3.0".into(), words: error.to_string(), host: None })
        })?;
        let policy = policy.filter(|policy| policy.mode != Mode::None);
        let enforced = require_tls || policy.as_ref().is_some_and(|policy| policy.mode == Mode::Enforce);
        if !enforced {
            return Ok(candidates);
        }
        let Some(policy) = policy else {
            let words = "the message needs TLS, and the servers of the domain cannot be verified".to_owned();
            return Err(Trouble::Fate(Fate::Failed(Reason { status: "5.7.30".into(), words, host: None })));
        };
        candidates.retain_mut(|candidate| {
            let named = policy.names(&candidate.host);
            if named {
                verify(candidate);
            } else {
                let words = format!("{} is no server of the policy (MTA-STS) of {domain}", candidate.host);
                search.defer("4.7.5", words, candidate);
            }
            named
        });
        Ok(candidates)
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
            source: candidate.sources.iter().copied().find(|source| source.is_ipv4() == address.is_ipv4()),
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
    let reports = connection.capabilities.dsn;
    // A server may tell how many recipients it takes at once (RFC 9422).
    let at_once = connection.capabilities.recipients_max.unwrap_or(usize::MAX).min(envelope.recipients.len());
    let part = Envelope { recipients: envelope.recipients[..at_once].to_vec(), ..envelope.clone() };
    match connection.send(&part, body).await {
        Ok(outcomes) => {
            let sent = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Sent(_)));
            let fates = outcomes.into_iter().map(|outcome| fate(outcome, &host, reports)).collect();
            if sent && connection.takes_more() {
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

fn envelope(first: &SpoolEntry, entries: &[SpoolEntry], now: i64) -> Envelope {
    let rcpt = |entry: &SpoolEntry| RcptTo { address: entry.recipient.clone(), terms: asked(entry) };
    Envelope {
        reverse_path: first.reverse_path.clone(),
        recipients: entries.iter().map(rcpt).collect(),
        terms: first.terms.clone(),
        now,
        utf8: first.utf8,
        eight_bit: first.eight_bit,
    }
}

/// The terms of a recipient as the next server is to have them: an address that was reached by another one is told as that
/// (RFC 3461 section 5.2.1).
fn asked(entry: &SpoolEntry) -> Terms {
    let original = entry.original_recipient.as_ref().filter(|_| entry.terms.notify.is_some());
    let original = original.map(|address| format!("rfc822;{}", xtext::encode(&address.to_wire())));
    Terms { original_recipient: entry.terms.original_recipient.clone().or(original), ..entry.terms.clone() }
}

fn fate(outcome: Outcome, host: &str, reports: bool) -> Fate {
    match outcome {
        Outcome::Sent(response) => Fate::Sent { host: host.to_owned(), words: response.to_string(), reports },
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
