//! Messages that wait for their time: what there is of an account, and calling one back.

use super::{command::held::Held, connection::Connection};
use crate::{
    intake,
    proto::reply::{self, Reply},
};
use std::collections::BTreeMap;
use store::{
    AccountId, Error, Store, TraceId, Tx,
    spool::SpoolEntry,
    trace::{Step, TraceEvent},
};

/// Entries of one account that are looked at: recipients of its waiting messages.
const ENTRIES_MAX: usize = 20_000;
/// Recipients of one message that are listed.
const LISTED_RECIPIENTS_MAX: usize = 100;

/// Answers a question about held messages.
pub(super) async fn answer(connection: &Connection, question: Held) -> Reply {
    let Some(login) = &connection.login else { return reply::SIGN_IN_FIRST };
    let (store, account) = (connection.context.directory.store(), login.account.id);
    let result = match question {
        Held::List => list(store, account),
        Held::Cancel(id) => cancel(store, account, id).await,
    };
    result.unwrap_or_else(|error| {
        tracing::error!(%error, "held messages cannot be looked after");
        reply::STORE_FAILED
    })
}

/// One line for each message: id, time of its release, recipients.
fn list(store: &Store, account: AccountId) -> Result<Reply, Error> {
    let mut messages: BTreeMap<(i64, TraceId), Vec<String>> = BTreeMap::new();
    for entry in store.spool_timed(account, ENTRIES_MAX)? {
        if let Some(at) = entry.terms.release_at.filter(|_| waits(&entry)) {
            messages.entry((at, entry.trace)).or_default().push(entry.recipient.to_string());
        }
    }
    let mut text = String::new();
    for ((at, trace), mut recipients) in messages {
        recipients.truncate(LISTED_RECIPIENTS_MAX);
        text.push_str(&format!("{trace} {} {}\n", mail::date::rfc3339(at), recipients.join(" ")));
    }
    text.push_str("End of the list");
    Ok(Reply::new(250, None, text))
}

/// Whether the queue has not begun with it and will not in this moment.
fn waits(entry: &SpoolEntry) -> bool {
    entry.attempts == 0 && entry.terms.release_at.is_some_and(|at| at > intake::now())
}

/// Removes what waits still, in one commit: all recipients, or none when the time has come for one.
async fn cancel(store: &Store, account: AccountId, id: TraceId) -> Result<Reply, Error> {
    let work = move |tx: &mut Tx<'_>| -> Result<usize, Error> {
        let entries = tx.spool_timed(account, ENTRIES_MAX)?;
        let entries: Vec<SpoolEntry> = entries.into_iter().filter(|entry| entry.trace == id).collect();
        if !entries.iter().all(waits) {
            return Ok(0);
        }
        for entry in &entries {
            tx.spool_remove(entry.id)?;
        }
        if let Some(first) = entries.first() {
            let event = TraceEvent {
                at: intake::now(),
                step: Step::Dropped,
                reverse_path: first.reverse_path.to_string(),
                recipients: entries.iter().map(|entry| entry.recipient.to_string()).collect(),
                detail: "called back by its sender before its time".into(),
            };
            tx.trace(id, &event);
        }
        Ok(entries.len())
    };
    Ok(match store.commit(Vec::new(), work).await? {
        0 => reply::NOT_HELD,
        count => Reply::new(250, Some([2, 0, 0]), format!("Called back from {count} recipients")),
    })
}
