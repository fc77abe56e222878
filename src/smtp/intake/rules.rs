//! What the recipients' Sieve scripts want done, before the commit; and what that is in the store's words, for the commit.

use super::{Incoming, prepare::INLINE_BYTES_MAX, recipient::Target};
use crate::Error;
use bytes::Bytes;
use directory::Directory;
use mail::{
    address::{Address, ReversePath},
    header,
    report::{RecipientStatus, Report},
};
use sieve::{
    Outcome,
    delivery::Delivery,
    script::outcome::{Kind, Outgoing, Place, Remembered},
};
use std::sync::Arc;
use store::{
    AccountId, NewBody, NewMessage, Role, SpoolId, Terms, TraceId, Tx,
    spool::SpoolEntry,
    trace::{Step, TraceEvent},
};

/// What happens to the message for one account.
#[derive(Debug)]
pub(super) struct Ruled {
    pub(super) target: Target,
    /// Copies; the plain one is put by whoever has it, so that it is made once for all.
    copies: Vec<Copy>,
    /// A note to the owner.
    note: Option<NewMessage>,
    memories: Vec<Remembered>,
}

/// A copy for a mailbox.
#[derive(Debug)]
struct Copy {
    place: Place,
    flags: store::Flags,
    /// The message as the script changed it.
    changed: Option<NewMessage>,
}

/// All of it for one message.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) ruled: Vec<Ruled>,
    /// Bodies of changed copies, notes and messages to be sent.
    pub(super) bodies: Vec<NewBody>,
    pub(super) spool: Vec<SpoolEntry>,
    pub(super) events: Vec<TraceEvent>,
    /// Those whose script refused the message, and why.
    refused: Vec<(Target, String)>,
}

impl Rules {
    /// Runs the scripts of all targets.
    ///
    /// # Errors
    /// Machine faults.
    pub(super) async fn run(
        directory: &Directory,
        incoming: &Arc<Incoming>,
        targets: Vec<Target>,
    ) -> Result<Self, Error> {
        let mut rules = Self::default();
        for target in targets {
            let outcome = sieve::delivery::run(directory, delivery(incoming, &target)).await?;
            rules.take(incoming, target, outcome.unwrap_or_else(Outcome::keep)).await?;
        }
        Ok(rules)
    }

    /// When every recipient refuses the message, the client is told so; when only some do, its sender is told later.
    ///
    /// # Errors
    /// [`Error::Rejected`]
    pub(super) fn settle_refusals(&mut self, incoming: &Incoming, others: bool) -> Result<(), Error> {
        if self.refused.is_empty() {
            return Ok(());
        }
        if self.ruled.is_empty() && !others {
            return Err(Error::Rejected(self.refused.swap_remove(0).1));
        }
        let detail = |(target, reason): &(Target, String)| format!("{} refused it: {reason}", target.address);
        let words: Vec<_> = self.refused.iter().map(detail).collect();
        let recipients = self.refused.iter().map(|(target, _)| target.address.to_string()).collect();
        self.events.push(incoming.event(Step::Bounced, recipients, &format!("Sieve: {}", words.join("; "))));
        if let Some(sender) = incoming.reverse_path.0.clone() {
            let text = report(incoming, &sender, &self.refused);
            self.send(incoming, None, ReversePath::NULL, sender, &text.into());
        }
        Ok(())
    }

    async fn take(&mut self, incoming: &Arc<Incoming>, target: Target, outcome: Outcome) -> Result<(), Error> {
        if outcome.is_refusal()
            && let Some(reason) = outcome.reject
        {
            self.refused.push((target, reason));
            return Ok(());
        }
        let mut copies = Vec::with_capacity(outcome.filings.len());
        for filing in outcome.filings {
            let changed = match filing.changed {
                Some(bytes) => Some(self.message(incoming, bytes).await?),
                None => None,
            };
            copies.push(Copy { place: filing.place, flags: filing.flags, changed });
        }
        let note = match outcome.note {
            Some(bytes) => Some(self.message(incoming, bytes).await?),
            None => None,
        };
        self.tell(incoming, &target, &copies, &outcome.outgoing, outcome.fault.as_deref());
        for Outgoing { reverse_path, to, message, .. } in outcome.outgoing {
            self.send(incoming, Some(target.account), reverse_path, to, &message);
        }
        self.ruled.push(Ruled { target, copies, note, memories: outcome.memories });
        Ok(())
    }

    /// What the trace says, where a script did anything but keep.
    fn tell(
        &mut self,
        incoming: &Incoming,
        target: &Target,
        copies: &[Copy],
        outgoing: &[Outgoing],
        fault: Option<&str>,
    ) {
        let mut words: Vec<String> = copies.iter().filter_map(|copy| copy.place_words()).collect();
        words.extend(outgoing.iter().map(|outgoing| match outgoing.kind {
            Kind::Redirect => format!("redirected to {}", outgoing.to),
            Kind::Vacation => format!("answered to {}", outgoing.to),
        }));
        words.extend(fault.map(|fault| format!("the script failed, kept: {fault}")));
        let step = if copies.is_empty() && outgoing.iter().all(|outgoing| outgoing.kind != Kind::Redirect) {
            words.push("discarded".to_owned());
            Step::Dropped
        } else {
            Step::Delivered
        };
        if !words.is_empty() {
            let detail = format!("Sieve: {}", words.join(", "));
            self.events.push(incoming.event(step, vec![target.address.to_string()], &detail));
        }
    }

    /// A message to be put into a mailbox that is not the one that came.
    async fn message(&mut self, incoming: &Incoming, bytes: Bytes) -> Result<NewMessage, Error> {
        let make = {
            let bytes = bytes.clone();
            move || (NewBody::new(&bytes), mail::summary::summarize(&bytes))
        };
        let (body, summary) = if bytes.len() > INLINE_BYTES_MAX {
            tokio::task::spawn_blocking(make).await.map_err(|_| Error::Interrupted)?
        } else {
            make()
        };
        let message = NewMessage {
            body: body.id(),
            size: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            received: incoming.at,
            saved: incoming.at,
            flags: store::Flags::default(),
            trace: incoming.trace,
            summary: Arc::new(summary),
        };
        self.bodies.push(body);
        Ok(message)
    }

    /// Puts a message into the queue.
    fn send(
        &mut self,
        incoming: &Incoming,
        account: Option<AccountId>,
        reverse_path: ReversePath,
        recipient: Address,
        bytes: &Bytes,
    ) {
        let body = NewBody::new(bytes);
        self.spool.push(SpoolEntry {
            id: SpoolId(0),
            body: body.id(),
            size: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            utf8: recipient.is_utf8() || reverse_path.0.as_ref().is_some_and(Address::is_utf8),
            reverse_path,
            recipient,
            original_recipient: None,
            account,
            eight_bit: !bytes.is_ascii(),
            trace: incoming.trace,
            created: incoming.at,
            next_attempt: incoming.at,
            attempts: 0,
            held: false,
            warned: false,
            last_reply: None,
            last_host: None,
            terms: Terms { own: account.is_none(), ..Terms::default() },
        });
        self.bodies.push(body);
    }
}

impl Ruled {
    /// Bytes that it takes of the account's room.
    pub(super) fn bytes(&self, plain: u64) -> u64 {
        self.copies.iter().map(|copy| copy.changed.as_ref().map_or(plain, |changed| u64::from(changed.size))).sum()
    }

    /// Whether any copy is of the message as it came.
    pub(super) fn keeps_plain(&self) -> bool {
        self.copies.iter().any(|copy| copy.changed.is_none())
    }

    /// Whether a mailbox here gets it.
    pub(super) fn is_kept(&self) -> bool {
        !self.copies.is_empty()
    }

    /// The commit's part: looks whether what was remembered still holds, and puts the copies.
    ///
    /// # Errors
    /// [`Error::Overtaken`]: run the script again. Machine faults.
    pub(super) fn apply(&self, tx: &mut Tx<'_>, plain: Option<&NewMessage>, now: i64) -> Result<(), Error> {
        let account = self.target.account;
        for Remembered { memory, was, lapses } in &self.memories {
            if tx.remembered(account, *memory, now)? != *was {
                return Err(Error::Overtaken);
            }
            if let Some(lapses) = lapses {
                tx.remember(account, *memory, *lapses, now)?;
            }
        }
        for copy in &self.copies {
            let Some(message) = copy.changed.as_ref().or(plain) else { continue };
            let mailbox = copy.mailbox(tx, account, self.target.junk)?;
            let message = NewMessage { flags: copy.flags.clone(), ..message.clone() };
            tx.append(account, mailbox, &message)?;
        }
        if let Some(note) = &self.note {
            let inbox = tx.mailbox_by_role(account, Role::Inbox)?;
            tx.append(account, inbox.id, note)?;
        }
        Ok(())
    }
}

impl Copy {
    /// Where it goes now: a mailbox may have gone since the script was run, and mail is kept all the same.
    fn mailbox(&self, tx: &mut Tx<'_>, account: AccountId, junk: bool) -> Result<store::MailboxId, Error> {
        let found = match &self.place {
            Place::Keep if junk => tx.mailbox_by_role(account, Role::Junk),
            Place::Keep => tx.mailbox_by_role(account, Role::Inbox),
            Place::Role(role) => tx.mailbox_by_role(account, *role),
            Place::Mailbox { name, create } => match tx.mailbox_by_name(account, name) {
                Err(store::Error::NotFound(_)) if *create => {
                    tx.mailbox_create(account, name, None).and_then(|mailbox| {
                        tx.mailbox_subscribe(account, &mailbox.name, true)?;
                        Ok(mailbox)
                    })
                }
                found => found,
            },
        };
        match found {
            Ok(mailbox) => Ok(mailbox.id),
            Err(
                store::Error::NotFound(_) | store::Error::Invalid(_) | store::Error::Limit(_) | store::Error::Exists(_),
            ) => Ok(tx.mailbox_by_role(account, Role::Inbox)?.id),
            Err(error) => Err(error.into()),
        }
    }

    fn place_words(&self) -> Option<String> {
        match &self.place {
            Place::Keep | Place::Role(Role::Inbox) => None,
            Place::Role(role) => Some(format!("filed into {role:?}")),
            Place::Mailbox { name, .. } => Some(format!("filed into {name}")),
        }
    }
}

fn delivery(incoming: &Incoming, target: &Target) -> Delivery {
    let leads_here =
        |recipient: &&super::Recipient| recipient.accounts.iter().any(|account| account.account == target.account);
    let named = incoming.recipients.iter().find(leads_here);
    Delivery {
        account: target.account,
        address: target.address.clone(),
        named: named.map_or_else(|| target.address.clone(), |recipient| recipient.address.clone()),
        several: named.is_some_and(|recipient| recipient.accounts.len() + recipient.remote.len() > 1),
        reverse_path: incoming.reverse_path.clone(),
        message: incoming.message.local().clone(),
        return_path_bytes: incoming.message.return_path_bytes,
        at: incoming.at,
        origin: match incoming.message.seen() {
            Some(seen) => super::Origin { spam: seen.spam, virus: seen.virus, ..incoming.origin.clone() },
            None => incoming.origin.clone(),
        },
    }
}

/// The notification of a refusal (RFC 5429 section 2.2.2).
fn report(incoming: &Incoming, sender: &Address, refused: &[(Target, String)]) -> Vec<u8> {
    let status = |(target, reason): &(Target, String)| RecipientStatus {
        recipient: target.address.to_wire(),
        original: None,
        original_typed: None,
        action: "failed",
        status: "5.7.1".to_owned(),
        remote: None,
        diagnostic: Some(reason.clone()),
        retry_until: None,
    };
    let statuses: Vec<_> = refused.iter().map(status).collect();
    let relayed = incoming.message.relayed();
    let hostname = &incoming.origin.hostname;
    let report = Report {
        hostname,
        to: &sender.to_wire(),
        arrived: incoming.at,
        at: incoming.at,
        message_id: &format!("{}@{hostname}", TraceId::new(incoming.at)),
        recipients: &statuses,
        envelope_id: None,
        original_header: &relayed[..header::header_length(&relayed)],
        original: None,
    };
    report.render()
}
