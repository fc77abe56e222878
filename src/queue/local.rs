//! Delivery to mailboxes here: a mailbox that was full when the message came, or a domain that came here later.

use crate::{
    Error,
    notice::{self, Notice},
    settle::{Fate, Reason, delivered, settle},
    worker::Shared,
};
use smtp::intake::{Draft, Incoming, Origin, Prepared, Recipient, Refusal};
use std::sync::Arc;
use store::{Tx, spool::SpoolEntry};

/// Takes each in by intake, which checks room again, and removes its entry in the same commit.
pub(crate) async fn deliver(shared: &Shared, entries: Vec<SpoolEntry>) {
    for entry in entries {
        match take_in(shared, &entry).await {
            Ok(()) => delivered(1),
            // Dropped by an admin meanwhile.
            Err(Error::NotFound) => {}
            Err(error) => {
                let fate = fate(&error);
                settle(shared, vec![(entry, fate)]).await;
            }
        }
    }
}

async fn take_in(shared: &Shared, entry: &SpoolEntry) -> Result<(), Error> {
    let size = Some(u64::from(entry.size));
    let recipient = Recipient::resolve(&shared.directory, entry.recipient.clone(), false, size)?;
    let bytes = shared.directory.store().body(entry.body)?;
    let mut draft = Draft::new(&entry.reverse_path, "", bytes.len());
    draft.bytes.extend_from_slice(&bytes);
    let incoming = Incoming {
        reverse_path: entry.reverse_path.clone(),
        recipients: vec![recipient],
        account: entry.account,
        utf8: entry.utf8,
        eight_bit: entry.eight_bit,
        trace: entry.trace,
        at: shared.clock.now(),
        step: None,
        detail: String::new(),
        quota: true,
        origin: Origin { hostname: shared.settings.load().hostname.clone(), ..Origin::default() },
        terms: store::Terms::default(),
        message: draft.finish(),
    };
    let mut prepared = Prepared::new(&shared.directory, Arc::new(incoming), &[]).await?;
    let (mut bodies, id) = (prepared.take_bodies(), entry.id);
    let mut told = None;
    if entry.terms.wants_success() {
        let reason = Reason { status: "2.1.5".into(), words: "delivered to the mailbox".into(), host: None };
        told = notice::compose(shared, Notice::Delivered, &[(entry.clone(), reason)]).await?;
        bodies.extend(told.iter_mut().flat_map(Prepared::take_bodies));
    }
    let work = move |tx: &mut Tx<'_>| -> Result<(), Error> {
        if !tx.spool_remove(id)? {
            return Err(Error::NotFound);
        }
        prepared.apply(tx)?;
        if let Some(told) = &told {
            told.apply(tx)?;
        }
        Ok(())
    };
    shared.directory.store().commit(bodies, work).await
}

fn fate(error: &Error) -> Fate {
    let failed = |status: &str, words: &str| Fate::Failed(reason(status, words));
    let deferred = |status: &str, words: &str| Fate::Deferred(reason(status, words));
    match error {
        Error::Refused(Refusal::Unknown) => failed("5.1.1", "there is no such address here"),
        Error::Refused(Refusal::Closed) => failed("5.2.1", "the mailbox is closed"),
        Error::Refused(Refusal::TooLarge) => failed("5.2.3", "the message is larger than the mailbox may become"),
        Error::Intake(smtp::Error::Loop(_)) => failed("5.4.6", &error.to_string()),
        Error::Intake(smtp::Error::Rejected(reason)) => failed("5.7.1", reason),
        Error::Refused(Refusal::Full) | Error::Intake(smtp::Error::Full(_)) => deferred("4.2.2", "the mailbox is full"),
        other => deferred("4.3.0", &other.to_string()),
    }
}

fn reason(status: &str, words: &str) -> Reason {
    Reason { status: status.to_owned(), words: words.to_owned(), host: None }
}
