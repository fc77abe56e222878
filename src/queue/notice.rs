//! Delivery status notifications to senders (RFC 3464): made ready here, committed by whoever removes or puts off the entries.

use crate::{Error, schedule, settle::Reason, worker::Shared};
use mail::{
    address::{Address, ReversePath},
    header,
    report::{RecipientStatus, Report},
    xtext,
};
use smtp::intake::{Draft, Incoming, Origin, Prepared, Recipient, Refusal};
use std::sync::Arc;
use store::{BodyId, Store, TraceId, spool::SpoolEntry, terms::Returned};

/// Octets of a message that is returned whole.
const RETURNED_BYTES_MAX: u64 = 1024 * 1024;
/// Octets of the message that are looked through for its header.
const HEADER_BYTES_MAX: u64 = 64 * 1024;

/// What a notification says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// These recipients will not get the message.
    Failed,
    /// These recipients have not got it yet.
    Delayed,
    /// These recipients have it in their mailboxes here.
    Delivered,
    /// The message went on to a server that does not tell what becomes of it.
    Relayed,
}

/// A notification about entries of one message; `None` when there is nobody to be told: no entries, a null sender, a
/// sender here that does not exist any more.
pub(crate) async fn compose(
    shared: &Shared,
    notice: Notice,
    entries: &[(SpoolEntry, Reason)],
) -> Result<Option<Prepared>, Error> {
    let Some((first, _)) = entries.first() else { return Ok(None) };
    let Some(sender) = &first.reverse_path.0 else {
        tracing::info!(trace = %first.trace, ?notice, "nobody is told: the message has a null sender");
        return Ok(None);
    };
    let recipient = match Recipient::resolve(&shared.directory, sender.clone(), true, None) {
        Ok(recipient) => recipient,
        Err(Refusal::Directory(error @ directory::Error::Store(_))) => return Err(smtp::Error::Directory(error).into()),
        Err(refusal) => {
            tracing::warn!(%sender, %refusal, trace = %first.trace, ?notice, "the sender cannot be told");
            return Ok(None);
        }
    };
    let incoming = Arc::new(write(shared, notice, sender, recipient, entries)?);
    match Prepared::new(&shared.directory, incoming, &[]).await {
        Ok(prepared) => Ok(Some(prepared)),
        // Who refuses a notification shall not get another one about that.
        Err(smtp::Error::Rejected(reason)) => {
            tracing::info!(%sender, reason, trace = %first.trace, ?notice, "the sender's script refuses to be told");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn write(
    shared: &Shared,
    notice: Notice,
    sender: &Address,
    recipient: Recipient,
    entries: &[(SpoolEntry, Reason)],
) -> Result<Incoming, Error> {
    let settings = shared.settings.load();
    let (first, at) = (&entries[0].0, shared.clock.now());
    let statuses: Vec<RecipientStatus> =
        entries.iter().map(|(entry, reason)| status(notice, entry, reason, settings.queue.lifetime)).collect();
    let store = shared.directory.store();
    let original_header = original_header(store, first.body)?;
    // RFC 3461 section 4.3: RET is about failures only, and a server may return less.
    let whole = notice == Notice::Failed
        && first.terms.returned == Some(Returned::Full)
        && u64::from(first.size) <= RETURNED_BYTES_MAX;
    let original = if whole { store.body(first.body).ok() } else { None };
    let envelope_id = first.terms.envelope_id.as_deref().and_then(xtext::decode);
    let report = Report {
        hostname: &settings.hostname,
        to: &written(sender),
        arrived: first.created,
        at,
        message_id: &format!("{}@{}", TraceId::new(at), settings.hostname),
        recipients: &statuses,
        envelope_id: envelope_id.as_deref(),
        original_header: &original_header,
        original: original.as_deref(),
    };
    let (utf8, text) = (report.is_utf8(), report.render());
    let mut draft = Draft::new(&ReversePath::NULL, "", text.len());
    draft.bytes.extend_from_slice(&text);
    Ok(Incoming {
        reverse_path: ReversePath::NULL,
        recipients: vec![recipient],
        account: None,
        utf8,
        eight_bit: !text.is_ascii(),
        trace: first.trace,
        at,
        step: None,
        detail: String::new(),
        quota: false,
        origin: Origin { hostname: settings.hostname.clone(), ..Origin::default() },
        terms: store::Terms { own: true, require_tls: first.terms.require_tls, ..store::Terms::default() },
        message: draft.finish(),
    })
}

fn status(notice: Notice, entry: &SpoolEntry, reason: &Reason, lifetime: std::time::Duration) -> RecipientStatus {
    let delayed = notice == Notice::Delayed;
    let typed = entry.terms.original_recipient.as_deref().and_then(xtext::decode);
    RecipientStatus {
        recipient: written(&entry.recipient),
        original: entry.original_recipient.as_ref().map(written),
        original_typed: typed,
        action: match notice {
            Notice::Failed => "failed",
            Notice::Delayed => "delayed",
            Notice::Delivered => "delivered",
            Notice::Relayed => "relayed",
        },
        status: reason.status.clone(),
        remote: reason.host.clone(),
        diagnostic: Some(reason.words.clone()),
        retry_until: delayed.then(|| schedule::expires(entry, lifetime)),
    }
}

/// In ASCII where that can be.
fn written(address: &Address) -> String {
    if address.is_utf8() { address.to_string() } else { address.to_wire() }
}

/// The header of the message; nothing when the bytes cannot be read, for the sender is to be told all the same.
fn original_header(store: &Store, body: BodyId) -> Result<Vec<u8>, Error> {
    match store.body_range(body, 0..HEADER_BYTES_MAX) {
        Ok(bytes) => Ok(bytes[..header::header_length(&bytes)].to_vec()),
        Err(error @ (store::Error::NotFound(_) | store::Error::Damaged(_))) => {
            tracing::error!(%error, "the header of a message cannot be read for a notification");
            Ok(Vec::new())
        }
        Err(error) => Err(error.into()),
    }
}
