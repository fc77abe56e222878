//! What the filter says of mail from other servers: of a recipient at RCPT, and of the message at its end.

use super::{Service, connection::Connection};
use crate::{
    intake::{self, Draft, Recipient, Seen, Spam, Virus},
    proto::reply::Reply,
};
use filter::{Action, Filter, Judgement, Refusal, To, Verdict, Visitor, clamd::Scan, rules};
use mail::address::{Address, ReversePath};
use std::ops::Range;
use store::{
    TraceId,
    trace::{Step, TraceEvent},
};

/// A message that is asked for once more later.
const COME_AGAIN: Reply = Reply::fixed(450, [4, 7, 1], "Not known here yet, try again in a few minutes");

/// The filter, where mail of this connection is judged: unauthenticated mail on port 25, and nothing else.
fn judging(connection: &Connection) -> Option<&Filter> {
    let is_judged = connection.service == Service::Mx && connection.login.is_none();
    connection.context.filter.as_ref().filter(|filter| is_judged && filter.is_enabled())
}

fn visitor<'a>(connection: &'a Connection, reverse_path: &'a ReversePath, at: i64) -> Visitor<'a> {
    Visitor { client: connection.peer.client.ip(), helo: connection.session.client_name(), reverse_path, at }
}

/// Each mailbox that a recipient stands for, or the address where it leads elsewhere.
fn mailboxes(recipient: &Recipient) -> Vec<To> {
    let address = &recipient.address;
    let mut to: Vec<To> = recipient
        .accounts
        .iter()
        .map(|target| To { address: address.clone(), account: Some(target.account) })
        .collect();
    if to.is_empty() {
        to.push(To { address: address.clone(), account: None });
    }
    to
}

/// Looks at a recipient. Where it stands for several mailboxes, one that wants the mail is enough.
pub(super) async fn recipient(connection: &Connection, recipient: &Recipient) -> Result<(), Reply> {
    let Some(filter) = judging(connection) else { return Ok(()) };
    let Some(transaction) = connection.session.transaction() else { return Ok(()) };
    let visitor = visitor(connection, &transaction.reverse_path, intake::now());
    let mut refused = None;
    for to in mailboxes(recipient) {
        match filter.at_recipient(visitor, &to).await {
            Ok(()) => return Ok(()),
            Err(refusal) => refused = Some(refusal),
        }
    }
    match refused {
        None => Ok(()),
        Some(Refusal::Later) => Err(COME_AGAIN),
        Some(Refusal::Blocked(why)) => Err(Reply::new(550, Some([5, 7, 1]), format!("Refused: {why}"))),
    }
}

/// Judges a message: marks targets for Junk, puts fields into the draft, takes out those of others that only we may set and
/// `cut`.
///
/// # Errors
/// The reply that refuses it; the trace has it then.
pub(super) async fn message(
    connection: &Connection,
    reverse_path: &ReversePath,
    recipients: &mut [Recipient],
    draft: &mut Draft,
    (trace, at): (TraceId, i64),
    mut cut: Vec<Range<usize>>,
) -> Result<(), Reply> {
    let Some(filter) = judging(connection) else {
        draft.edit("", &cut);
        return Ok(());
    };
    let to: Vec<To> = recipients.iter().flat_map(mailboxes).collect();
    let visitor = visitor(connection, reverse_path, at);
    let judgement = match filter.judge(visitor, &to, &trace.to_string(), draft.text()).await {
        Ok(judgement) => judgement,
        Err(error) => {
            tracing::error!(%trace, %error, "the message could not be judged and is taken without");
            draft.edit("", &cut);
            return Ok(());
        }
    };
    let verdict = judgement.mildest();
    if verdict.action >= Action::Defer {
        refused(connection, reverse_path, recipients, (trace, at), verdict).await;
        return Err(reply(verdict));
    }
    let targets = recipients.iter_mut().flat_map(|recipient| {
        let elsewhere = usize::from(recipient.accounts.is_empty());
        recipient.accounts.iter_mut().map(Some).chain(std::iter::repeat_with(|| None).take(elsewhere))
    });
    for (index, target) in targets.enumerate() {
        if let Some(target) = target {
            target.junk = judgement.is_junk(index);
        }
    }
    cut.extend(judgement.cut.iter().cloned());
    cut.sort_by_key(|range| range.start);
    cut.dedup();
    draft.edit(&judgement.fields, &cut);
    draft.seen = Some(seen(&judgement));
    Ok(())
}

fn seen(judgement: &Judgement) -> Seen {
    let verdict = judgement.mildest();
    let virus = match &judgement.facts.scan {
        Some(Scan::Clean) => Virus::Clean,
        Some(Scan::Found(_)) => Virus::Infected,
        Some(Scan::Failed { .. }) | None => Virus::Untested,
    };
    let dead: Vec<String> = judgement.facts.dead.iter().map(|(source, why)| format!("{source}: {why}")).collect();
    let dead = if dead.is_empty() { String::new() } else { format!(" (not asked: {})", dead.join("; ")) };
    Seen {
        summary: judgement.summary.clone(),
        spam: Spam::Likely(verdict.likely()),
        virus,
        words: format!("filter: {}{dead}", verdict.sentence()),
    }
}

/// What the client is told. The reason that weighs most is enough.
fn reply(verdict: &Verdict) -> Reply {
    let decisive = verdict.decisive.and_then(|rule| verdict.reasons.iter().find(|reason| reason.rule == rule));
    let reason = decisive.or_else(|| verdict.reasons.iter().find(|reason| reason.score.0 > 0));
    let words = match (&verdict.reply, reason) {
        (Some(words), _) => words.chars().filter(|c| !c.is_control()).take(400).collect(),
        (None, Some(reason)) => rules::words(reason.rule, &reason.detail),
        (None, None) => "of its content".to_owned(),
    };
    if verdict.action == Action::Defer {
        Reply::new(451, Some([4, 7, 1]), format!("Try again later: {words}"))
    } else {
        Reply::new(550, Some([5, 7, 1]), format!("The message was refused: {words}"))
    }
}

/// Tells the trace: who asks why mail did not arrive finds the answer.
async fn refused(
    connection: &Connection,
    reverse_path: &ReversePath,
    recipients: &[Recipient],
    (trace, at): (TraceId, i64),
    verdict: &Verdict,
) {
    let client = connection.peer.client.ip();
    let event = TraceEvent {
        at,
        step: Step::Refused,
        reverse_path: reverse_path.to_string(),
        recipients: recipients.iter().map(|recipient| recipient.address.to_string()).collect(),
        detail: format!("from {client} ({}); filter: {}", connection.session.client_name(), verdict.sentence()),
    };
    let store = connection.context.directory.store();
    let written = store.commit::<(), store::Error, _>(Vec::new(), move |tx| {
        tx.trace(trace, &event);
        Ok(())
    });
    if let Err(error) = written.await {
        tracing::warn!(%trace, %error, "a refusal could not be written into the trace");
    }
}

/// Notes whom an account writes to.
pub(super) async fn wrote(connection: &Connection, to: &[Address], at: i64) {
    if let (Some(filter), Some(login)) = (&connection.context.filter, &connection.login) {
        filter.wrote_to(login.account.id, to, at).await;
    }
}
