//! A message made ready outside the commit, and the commit's part of the work.

use super::{
    Accepted, Incoming,
    recipient::Target,
    rules::{Ruled, Rules},
};
use crate::Error;
use config::Limits;
use directory::Directory;
use mail::address::Address;
use std::{collections::HashSet, sync::Arc};
use store::{
    AccountId, Flags, NewBody, NewMessage, SpoolId, Terms, Tx,
    spool::SpoolEntry,
    trace::{Step, TraceEvent},
};

/// Messages up to this size are hashed, compressed and summarised where they are; larger ones on a thread for slow work.
pub(super) const INLINE_BYTES_MAX: usize = 256 * 1024;

/// A message ready to be committed. [`Prepared::apply`] may be called in a commit that does more, such as the queue's,
/// which replaces an entry by a notification.
#[derive(Debug)]
pub struct Prepared {
    bodies: Vec<NewBody>,
    local: Option<NewMessage>,
    ruled: Vec<Ruled>,
    spool: Vec<SpoolEntry>,
    events: Vec<TraceEvent>,
    incoming: Arc<Incoming>,
}

impl Prepared {
    /// Makes a message ready: the scripts of its recipients are run, bodies made. Accounts in `full` get it through the queue.
    ///
    /// # Errors
    /// [`Error::Loop`], [`Error::NoRecipient`], [`Error::Rejected`], [`Error::Interrupted`], machine faults.
    pub async fn new(directory: &Directory, incoming: Arc<Incoming>, full: &[AccountId]) -> Result<Self, Error> {
        let received = super::header::survey(incoming.message.local()).received;
        if received > Limits::RECEIVED_HEADERS_MAX {
            return Err(Error::Loop(received));
        }
        let (targets, remote) = split(&incoming, full);
        if targets.is_empty() && remote.is_empty() {
            return Err(Error::NoRecipient);
        }
        let mut rules = Rules::run(directory, &incoming, targets).await?;
        rules.settle_refusals(&incoming, !remote.is_empty())?;
        let (keep, relay) = (rules.ruled.iter().any(Ruled::keeps_plain), !remote.is_empty());
        let (local, relayed) = if incoming.message.local().len() > INLINE_BYTES_MAX {
            let incoming = Arc::clone(&incoming);
            tokio::task::spawn_blocking(move || bodies(&incoming, keep, relay)).await.map_err(|_| Error::Interrupted)?
        } else {
            bodies(&incoming, keep, relay)
        };
        let Rules { ruled, mut bodies, spool: mut sent, events: told, .. } = rules;
        let local = local.map(|(body, message)| {
            bodies.push(body);
            message
        });
        let spool = match relayed {
            Some(body) => {
                let entries = remote.into_iter().map(|to| entry(&incoming, &body, to)).collect();
                bodies.push(body);
                entries
            }
            None => Vec::new(),
        };
        let mut events = events(&incoming, &ruled, &spool);
        events.extend(told);
        sent.extend(spool);
        Ok(Self { bodies, local, ruled, spool: sent, events, incoming })
    }

    /// The bodies, to be given to the commit.
    pub fn take_bodies(&mut self) -> Vec<NewBody> {
        std::mem::take(&mut self.bodies)
    }

    /// The commit's part: checks quotas, puts the entries.
    ///
    /// # Errors
    /// [`Error::Full`] with every account that lacks room; machine faults.
    pub fn apply(&self, tx: &mut Tx<'_>) -> Result<Accepted, Error> {
        let mut full = Vec::new();
        if self.incoming.quota {
            let size = self.incoming.message.local().len() as u64;
            for ruled in &self.ruled {
                let Ruled { target, .. } = ruled;
                let needed = ruled.bytes(size);
                if let Some(max) = target.bytes_max
                    && needed > 0
                    && tx.usage(target.account)?.bytes.saturating_add(needed) > max
                {
                    full.push(target.account);
                }
            }
        }
        if !full.is_empty() {
            return Err(Error::Full(full));
        }
        for ruled in &self.ruled {
            ruled.apply(tx, self.local.as_ref(), self.incoming.at)?;
        }
        for entry in &self.spool {
            tx.spool_put(entry.clone())?;
        }
        for event in &self.events {
            tx.trace(self.incoming.trace, event);
        }
        Ok(Accepted { delivered: self.ruled.len(), queued: self.spool.len() })
    }
}

/// A recipient for the queue: where to, the address first given when an alias led there, and its terms.
type Outward = (Address, Option<Address>, Terms);

/// Mailboxes and next hops, none twice.
fn split(incoming: &Incoming, full: &[AccountId]) -> (Vec<Target>, Vec<Outward>) {
    let (mut targets, mut remote): (Vec<Target>, Vec<Outward>) = (Vec::new(), Vec::new());
    let (mut accounts, mut addresses) = (HashSet::new(), HashSet::new());
    for recipient in &incoming.recipients {
        // The queue delivers here too, when it is time, and tells senders who want to hear of it.
        let through_queue = recipient.terms.wants_success() || incoming.terms.release_at.is_some();
        for target in &recipient.accounts {
            if !accounts.insert(target.account) {
                continue;
            }
            if through_queue || full.contains(&target.account) {
                let original = Some(recipient.address.clone());
                remote.push((target.address.clone(), original, recipient.terms.clone()));
            } else {
                targets.push(target.clone());
            }
        }
        for address in &recipient.remote {
            if addresses.insert(address.key()) {
                let original = (*address != recipient.address).then(|| recipient.address.clone());
                remote.push((address.clone(), original, recipient.terms.clone()));
            }
        }
    }
    (targets, remote)
}

/// The slow part: hash, compress, summarise.
fn bodies(incoming: &Incoming, keep: bool, relay: bool) -> (Option<(NewBody, NewMessage)>, Option<NewBody>) {
    let local = keep.then(|| {
        let bytes = incoming.message.local();
        let body = NewBody::new(bytes);
        let message = NewMessage {
            body: body.id(),
            size: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            received: incoming.at,
            saved: incoming.at,
            flags: Flags::default(),
            trace: incoming.trace,
            summary: match incoming.message.seen() {
                Some(seen) => Arc::clone(&seen.summary),
                None => Arc::new(mail::summary::summarize(bytes)),
            },
        };
        (body, message)
    });
    (local, relay.then(|| NewBody::new(&incoming.message.relayed())))
}

fn entry(incoming: &Incoming, body: &NewBody, (recipient, original_recipient, terms): Outward) -> SpoolEntry {
    SpoolEntry {
        id: SpoolId(0),
        body: body.id(),
        size: u32::try_from(incoming.message.relayed().len()).unwrap_or(u32::MAX),
        reverse_path: incoming.reverse_path.clone(),
        recipient,
        original_recipient,
        account: incoming.account,
        utf8: incoming.utf8,
        eight_bit: incoming.eight_bit,
        trace: incoming.trace,
        created: incoming.at,
        next_attempt: incoming.terms.release_at.map_or(incoming.at, |at| at.max(incoming.at)),
        attempts: 0,
        held: false,
        warned: false,
        last_reply: None,
        last_host: None,
        terms: Terms { notify: terms.notify, original_recipient: terms.original_recipient, ..incoming.terms.clone() },
    }
}

fn events(incoming: &Incoming, ruled: &[Ruled], spool: &[SpoolEntry]) -> Vec<TraceEvent> {
    let event = |step, recipients: Vec<String>, detail: &str| incoming.event(step, recipients, detail);
    let mut events = Vec::with_capacity(3);
    if let Some(step) = incoming.step {
        let named = incoming.recipients.iter().map(|recipient| recipient.address.to_string()).collect();
        let detail = match incoming.message.seen() {
            Some(seen) => format!("{}; {}", incoming.detail, seen.words),
            None => incoming.detail.clone(),
        };
        events.push(event(step, named, &detail));
    }
    let kept: Vec<_> =
        ruled.iter().filter(|ruled| ruled.is_kept()).map(|ruled| ruled.target.address.to_string()).collect();
    if !kept.is_empty() {
        events.push(event(Step::Delivered, kept, "mailbox"));
    }
    if !spool.is_empty() {
        events.push(event(Step::Queued, spool.iter().map(|entry| entry.recipient.to_string()).collect(), "queue"));
    }
    events
}
