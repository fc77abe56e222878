//! What came of a try, as commits: recipients that got their 250 leave at once; failures leave together with their
//! notification; the rest is put off.
//!
//! Fatal: nothing. Temporary: a store that takes no commit now (a full disk) is asked again after [`PAUSE`], for as long as
//! this process lives, and the entries stay taken meanwhile. So a full disk never makes this process send anything twice.

use crate::{
    Error,
    notice::{self, Notice},
    schedule,
    worker::Shared,
};
use std::time::Duration;
use store::{
    Terms, Tx,
    spool::SpoolEntry,
    trace::{Step, TraceEvent},
};

/// Wait before a commit that failed is made again.
const PAUSE: Duration = Duration::from_secs(5);

/// Why a recipient has not got the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    /// Enhanced status code (RFC 3463).
    pub(crate) status: String,
    /// The server's reply, or what happened in our words.
    pub(crate) words: String,
    /// The server that it happened with.
    pub(crate) host: Option<String>,
}

/// What came of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The server has taken it.
    Sent {
        /// The server.
        host: String,
        /// Its reply.
        words: String,
        /// Whether it tells the sender of what becomes of it, where the sender asked for that.
        reports: bool,
    },
    /// Not now.
    Deferred(Reason),
    /// Never.
    Failed(Reason),
}

/// An entry with what came of it.
pub(crate) type Settled = (SpoolEntry, Fate);

/// Entries of one message that did not get through, sorted by what is done about them.
#[derive(Debug, Clone, Default)]
struct Unsent {
    failed: Vec<(SpoolEntry, Reason)>,
    /// Entries as they are put back.
    deferred: Vec<(SpoolEntry, Reason)>,
    /// Those of `deferred` whose sender is told now.
    delayed: Vec<(SpoolEntry, Reason)>,
}

/// Makes what came of the entries of one message durable. Returns when that is done.
pub(crate) async fn settle(shared: &Shared, settled: Vec<Settled>) {
    let (sent, rest): (Vec<_>, Vec<_>) = settled.into_iter().partition(|(_, fate)| matches!(fate, Fate::Sent { .. }));
    // Nothing may be waited for between the 250 and this commit: a worker can be cut off at any wait.
    if !sent.is_empty() {
        until_done(|| commit_sent(shared, &sent)).await;
        count("sent", sent.len());
        let due: Vec<SpoolEntry> = sent.iter().filter_map(|(entry, fate)| reported(entry, fate)).collect();
        if !due.is_empty() {
            report(shared, due).await;
        }
    }
    if !rest.is_empty() {
        until_done(|| commit_unsent(shared, &rest)).await;
    }
}

/// Repeats until it succeeds.
async fn until_done<F: Future<Output = Result<(), Error>>>(work: impl Fn() -> F) {
    while let Err(error) = work().await {
        // An admin was quicker with one of the entries: look again at once.
        if matches!(error, Error::NotFound) {
            continue;
        }
        tracing::error!(%error, "what came of a delivery cannot be kept, trying again");
        tokio::time::sleep(PAUSE).await;
    }
}

async fn commit_sent(shared: &Shared, sent: &[Settled]) -> Result<(), Error> {
    let (entries, now) = (sent.to_vec(), shared.clock.now());
    let remove = move |tx: &mut Tx<'_>| -> Result<(), Error> {
        for (entry, fate) in &entries {
            // Whose sender is to hear of it stays until that is done, marked so that it is not sent again.
            match reported(entry, fate) {
                Some(due) if tx.spool_entry(entry.id)?.is_some() => tx.spool_update(&due)?,
                _ => {
                    tx.spool_remove(entry.id)?;
                }
            }
        }
        trace(tx, now, Step::Sent, entries.iter().map(|(entry, fate)| (entry, detail(fate))));
        Ok(())
    };
    shared.directory.store().commit(Vec::new(), remove).await
}

/// The entry as it is kept until its sender has been told that it was handed over; `None` where nobody is to be told: the
/// sender did not ask, or the next server tells it (RFC 3461 section 5.2.2).
fn reported(entry: &SpoolEntry, fate: &Fate) -> Option<SpoolEntry> {
    let Fate::Sent { host, words, reports } = fate else { return None };
    let traced = entry.terms.deliver_by.is_some_and(|by| by.trace);
    if !((entry.terms.wants_success() && !reports) || traced) || entry.reverse_path.0.is_none() {
        return None;
    }
    let mut due = entry.clone();
    due.terms.report_due = true;
    due.last_host = Some(host.clone());
    due.last_reply = Some(words.clone());
    Some(due)
}

/// Tells senders that their message was handed over, and removes the entries in the same commit.
pub(crate) async fn report(shared: &Shared, due: Vec<SpoolEntry>) {
    until_done(|| commit_reports(shared, &due)).await;
}

async fn commit_reports(shared: &Shared, due: &[SpoolEntry]) -> Result<(), Error> {
    let told: Vec<(SpoolEntry, Reason)> = due
        .iter()
        .map(|entry| {
            let words = entry.last_reply.clone().unwrap_or_default();
            (entry.clone(), Reason { status: "2.0.0".into(), words, host: entry.last_host.clone() })
        })
        .collect();
    let mut notice = notice::compose(shared, Notice::Relayed, &told).await?;
    let bodies = notice.as_mut().map(smtp::intake::Prepared::take_bodies).unwrap_or_default();
    let ids: Vec<_> = due.iter().map(|entry| entry.id).collect();
    let work = move |tx: &mut Tx<'_>| -> Result<(), Error> {
        let mut any = false;
        for id in &ids {
            any |= tx.spool_remove(*id)?;
        }
        // Removed by an admin meanwhile: then nobody is told.
        if let Some(notice) = notice.as_ref().filter(|_| any) {
            notice.apply(tx)?;
        }
        Ok(())
    };
    shared.directory.store().commit(bodies, work).await
}

async fn commit_unsent(shared: &Shared, rest: &[Settled]) -> Result<(), Error> {
    let now = shared.clock.now();
    let unsent = sort(shared, rest, now)?;
    let (failed, deferred) = (unsent.failed.len(), unsent.deferred.len());
    let mut notices = Vec::new();
    // NOTIFY (RFC 3461 section 5.2): who does not want to hear of it is not told.
    let wanting = |entries: &[(SpoolEntry, Reason)], wants: fn(&Terms) -> bool| -> Vec<(SpoolEntry, Reason)> {
        entries.iter().filter(|(entry, _)| wants(&entry.terms)).cloned().collect()
    };
    let failures = wanting(&unsent.failed, Terms::wants_failure);
    let delays = wanting(&unsent.delayed, Terms::wants_delay);
    notices.extend(notice::compose(shared, Notice::Failed, &failures).await?);
    notices.extend(notice::compose(shared, Notice::Delayed, &delays).await?);
    let bodies = notices.iter_mut().flat_map(smtp::intake::Prepared::take_bodies).collect();
    let work = move |tx: &mut Tx<'_>| -> Result<(), Error> {
        for (entry, _) in &unsent.failed {
            if !tx.spool_remove(entry.id)? {
                return Err(Error::NotFound);
            }
        }
        for (entry, _) in &unsent.deferred {
            let present = tx.spool_entry(entry.id)?.ok_or(Error::NotFound)?;
            // What an admin did meanwhile stands.
            tx.spool_update(&SpoolEntry { held: present.held, ..entry.clone() })?;
        }
        trace(tx, now, Step::Bounced, unsent.failed.iter().map(|(entry, reason)| (entry, reason.detail())));
        trace(tx, now, Step::Deferred, unsent.deferred.iter().map(|(entry, reason)| (entry, reason.detail())));
        for notice in &notices {
            notice.apply(tx)?;
        }
        Ok(())
    };
    shared.directory.store().commit(bodies, work).await?;
    count("failed", failed);
    count("deferred", deferred);
    Ok(())
}

/// What is done about each entry that is still there.
fn sort(shared: &Shared, rest: &[Settled], now: i64) -> Result<Unsent, Error> {
    let settings = shared.settings.load();
    let mut unsent = Unsent::default();
    for (entry, fate) in rest {
        if shared.directory.store().spool_entry(entry.id)?.is_none() {
            continue;
        }
        let mut entry = entry.clone();
        entry.attempts = entry.attempts.saturating_add(1);
        let expires = schedule::expires(&entry, settings.queue.lifetime);
        match fate {
            Fate::Sent { .. } => {}
            Fate::Failed(reason) => unsent.failed.push((entry, reason.clone())),
            Fate::Deferred(reason) if now >= expires => {
                // RFC 3463 section 3.5: the time to deliver is over; the last answer stays to say why.
                unsent.failed.push((entry, Reason { status: "5.4.7".into(), ..reason.clone() }));
            }
            Fate::Deferred(reason) => {
                entry.last_reply = Some(reason.words.clone());
                entry.last_host.clone_from(&reason.host);
                let warn_at = schedule::warns(&entry, settings.queue.warn_after);
                let warn = !entry.warned && entry.reverse_path.0.is_some();
                entry.next_attempt = schedule::next_attempt(entry.attempts, now, expires);
                if warn && now >= warn_at {
                    entry.warned = true;
                    unsent.delayed.push((entry.clone(), reason.clone()));
                } else if warn {
                    // A warning follows a try, so there is one when the warning is due.
                    entry.next_attempt = entry.next_attempt.min(warn_at);
                }
                unsent.deferred.push((entry, reason.clone()));
            }
        }
    }
    Ok(unsent)
}

impl Reason {
    /// For the trace.
    fn detail(&self) -> String {
        match &self.host {
            Some(host) => format!("{host}: {}", self.words),
            None => self.words.clone(),
        }
    }
}

fn detail(fate: &Fate) -> String {
    match fate {
        Fate::Sent { host, words, .. } => format!("{host}: {words}"),
        Fate::Deferred(reason) | Fate::Failed(reason) => reason.detail(),
    }
}

/// One event for all recipients with the same story.
pub(crate) fn trace<'a>(tx: &mut Tx<'_>, at: i64, step: Step, entries: impl Iterator<Item = (&'a SpoolEntry, String)>) {
    let mut events: Vec<(store::TraceId, TraceEvent)> = Vec::new();
    for (entry, detail) in entries {
        let (recipient, reverse_path) = (entry.recipient.to_string(), entry.reverse_path.to_string());
        match events.iter_mut().find(|(id, event)| *id == entry.trace && event.detail == detail) {
            Some((_, event)) => event.recipients.push(recipient),
            None => {
                events.push((entry.trace, TraceEvent { at, step, reverse_path, recipients: vec![recipient], detail }));
            }
        }
    }
    for (id, event) in &events {
        tx.trace(*id, event);
    }
}

/// Counts entries that were delivered to mailboxes here.
pub(crate) fn delivered(entries: usize) {
    count("sent", entries);
}

fn count(result: &'static str, entries: usize) {
    if entries > 0 {
        metrics::counter!("gatepost_queue_deliveries_total", "result" => result).increment(entries as u64);
    }
}
