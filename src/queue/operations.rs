//! What an admin may see and do: list, retry, hold, release, drop; one entry or many.
//!
//! An entry that a worker has in hand is neither dropped nor put forward: its server may be taking it at this moment, and
//! the sender would be told what is not so.

use crate::{
    Error, Queue,
    notice::{self, Notice},
    schedule,
    settle::{self, Reason},
};
use mail::address;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use store::{BodyId, SpoolId, TraceId, Tx, spool::SpoolEntry, trace::Step};

/// Entries looked at or changed in one go.
const BATCH: usize = 1000;

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not tried yet.
    Waiting,
    /// Being delivered at this moment.
    Active,
    /// Tried in vain, to be tried again.
    Deferred,
    /// Not tried until it is released.
    Held,
    /// Not tried before the time that its sender has set.
    Scheduled,
}

/// Which entries; what is given must all fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// One of these; empty for any.
    pub ids: Vec<SpoolId>,
    /// Domain of the recipient.
    pub domain: Option<String>,
    /// A part of the sender's address, in any case; `<>` is the null sender.
    pub sender: Option<String>,
    /// State.
    pub state: Option<State>,
}

/// An entry with what its fields mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Detail {
    /// The entry.
    pub entry: SpoolEntry,
    /// Where it stands.
    pub state: State,
    /// When it is given up, milliseconds since 1970.
    pub expires: i64,
    /// Why it is still here, in words.
    pub reason: String,
}

/// What a change did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Entries changed.
    pub changed: usize,
    /// Entries left alone since they are being delivered at this moment.
    pub busy: usize,
}

impl Selection {
    /// One entry.
    pub fn one(id: SpoolId) -> Self {
        Self { ids: vec![id], ..Self::default() }
    }

    fn fits(&self, entry: &SpoolEntry, state: State) -> bool {
        let sender = |wanted: &String| match wanted.trim() {
            "<>" => entry.reverse_path.0.is_none(),
            wanted => entry.reverse_path.to_string().to_lowercase().contains(&wanted.to_lowercase()),
        };
        let domain =
            |wanted: &String| address::domain_to_unicode(wanted.trim()).to_lowercase() == entry.recipient.domain();
        self.state.is_none_or(|wanted| wanted == state)
            && self.domain.as_ref().is_none_or(domain)
            && self.sender.as_ref().is_none_or(sender)
    }
}

impl Queue {
    /// Entries after `after` in order of id that fit, at most `limit`.
    ///
    /// # Errors
    /// Machine faults.
    pub fn list(&self, selection: &Selection, after: SpoolId, limit: usize) -> Result<Vec<Detail>, Error> {
        let mut found = Vec::new();
        self.walk(selection, after, |detail| {
            found.push(detail);
            found.len() < limit
        })?;
        Ok(found)
    }

    /// One entry.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn detail(&self, id: SpoolId) -> Result<Detail, Error> {
        self.store().spool_entry(id)?.map(|entry| self.describe(entry)).ok_or(Error::NotFound)
    }

    /// Tries entries now. Those that are held stay so.
    ///
    /// # Errors
    /// Machine faults.
    pub async fn retry(&self, selection: &Selection) -> Result<Done, Error> {
        let now = self.shared.clock.now();
        let due = move |entry: &SpoolEntry| SpoolEntry { next_attempt: entry.next_attempt.min(now), ..entry.clone() };
        self.update(selection, true, |entry| !entry.held, due).await
    }

    /// Keeps entries from being tried until they are released. What is being delivered at this moment is not called back.
    ///
    /// # Errors
    /// Machine faults.
    pub async fn hold(&self, selection: &Selection) -> Result<Done, Error> {
        let held = |entry: &SpoolEntry| SpoolEntry { held: true, ..entry.clone() };
        self.update(selection, false, |entry| !entry.held, held).await
    }

    /// Lets held entries go on, with a try now.
    ///
    /// # Errors
    /// Machine faults.
    pub async fn release(&self, selection: &Selection) -> Result<Done, Error> {
        let now = self.shared.clock.now();
        let released = move |entry: &SpoolEntry| SpoolEntry { held: false, next_attempt: now, ..entry.clone() };
        self.update(selection, false, |entry| entry.held, released).await
    }

    /// Removes entries; with `bounce` their senders are told.
    ///
    /// # Errors
    /// Machine faults; what was removed by then stays removed.
    pub async fn discard(&self, selection: &Selection, bounce: bool) -> Result<Done, Error> {
        let mut done = Done::default();
        for ids in self.select(selection)?.chunks(BATCH) {
            let (messages, busy) = self.messages(ids)?;
            done.busy += busy;
            for ids in messages {
                done.changed += self.discard_message(&ids, bounce).await?;
            }
        }
        self.shared.changed();
        Ok(done)
    }

    /// Entries of one message, in one commit with the notification.
    async fn discard_message(&self, ids: &[SpoolId], bounce: bool) -> Result<usize, Error> {
        loop {
            let mut entries = Vec::new();
            for id in ids {
                entries.extend(self.store().spool_entry(*id)?);
            }
            let words = "an administrator removed the message from the queue";
            let reason = Reason { status: "5.0.0".into(), words: words.into(), host: None };
            let told: Vec<_> = entries.into_iter().map(|entry| (entry, reason.clone())).collect();
            // Whose message was handed over already is not told that it failed.
            let failed: Vec<_> = told.iter().filter(|(entry, _)| bounce && !entry.terms.report_due).cloned().collect();
            let mut notice = notice::compose(&self.shared, Notice::Failed, &failed).await?;
            let bodies = notice.as_mut().map(smtp::intake::Prepared::take_bodies).unwrap_or_default();
            let (now, count) = (self.shared.clock.now(), told.len());
            let work = move |tx: &mut Tx<'_>| -> Result<(), Error> {
                for (entry, _) in &told {
                    if !tx.spool_remove(entry.id)? {
                        return Err(Error::NotFound);
                    }
                }
                let detail =
                    if notice.is_some() { "by an administrator, the sender was told" } else { "by an administrator" };
                settle::trace(tx, now, Step::Dropped, told.iter().map(|(entry, _)| (entry, detail.to_owned())));
                notice.as_ref().map_or(Ok(()), |notice| notice.apply(tx).map(|_| ()))?;
                Ok(())
            };
            match self.store().commit(bodies, work).await {
                // One of them went meanwhile: the notification is written anew for the rest.
                Err(Error::NotFound) => {}
                result => return result.map(|()| count),
            }
        }
    }

    /// Ids by message, without those that a worker has in hand, and the number of those.
    fn messages(&self, ids: &[SpoolId]) -> Result<(Vec<Vec<SpoolId>>, usize), Error> {
        let mut messages: HashMap<(BodyId, TraceId, String), Vec<SpoolId>> = HashMap::new();
        let mut busy = 0;
        for id in ids {
            if self.shared.board.in_hand(*id) {
                busy += 1;
            } else if let Some(entry) = self.store().spool_entry(*id)? {
                let message = (entry.body, entry.trace, entry.reverse_path.to_string());
                messages.entry(message).or_default().push(*id);
            }
        }
        Ok((messages.into_values().collect(), busy))
    }

    /// Changes the entries of a selection that `wanted` accepts as the commit sees them.
    async fn update(
        &self,
        selection: &Selection,
        spare_busy: bool,
        wanted: impl Fn(&SpoolEntry) -> bool + Copy + Send + 'static,
        change: impl Fn(&SpoolEntry) -> SpoolEntry + Copy + Send + 'static,
    ) -> Result<Done, Error> {
        let mut done = Done::default();
        for ids in self.select(selection)?.chunks(BATCH) {
            let (busy, ids): (Vec<SpoolId>, Vec<SpoolId>) =
                ids.iter().partition(|id| spare_busy && self.shared.board.in_hand(**id));
            done.busy += busy.len();
            let work = move |tx: &mut Tx<'_>| -> Result<usize, Error> {
                let mut changed = 0;
                for id in &ids {
                    if let Some(entry) = tx.spool_entry(*id)?.filter(wanted) {
                        tx.spool_update(&change(&entry))?;
                        changed += 1;
                    }
                }
                Ok(changed)
            };
            done.changed += self.store().commit(Vec::new(), work).await?;
        }
        self.shared.nudge.notify_one();
        self.shared.changed();
        Ok(done)
    }

    /// Ids of all entries that fit, taken before anything is changed, so that what a change brings forth is left alone.
    fn select(&self, selection: &Selection) -> Result<Vec<SpoolId>, Error> {
        let mut ids = Vec::new();
        self.walk(selection, SpoolId(0), |detail| {
            ids.push(detail.entry.id);
            true
        })?;
        Ok(ids)
    }

    /// Shows entries that fit in order of id until `each` says to stop.
    fn walk(
        &self,
        selection: &Selection,
        mut after: SpoolId,
        mut each: impl FnMut(Detail) -> bool,
    ) -> Result<(), Error> {
        let mut show = |entry: SpoolEntry| {
            let detail = self.describe(entry);
            !selection.fits(&detail.entry, detail.state) || each(detail)
        };
        if !selection.ids.is_empty() {
            let mut ids = selection.ids.clone();
            ids.sort_unstable();
            ids.dedup();
            for id in ids.into_iter().filter(|id| *id > after) {
                if let Some(entry) = self.store().spool_entry(id)?
                    && !show(entry)
                {
                    break;
                }
            }
            return Ok(());
        }
        loop {
            let entries = self.store().spool_list(after, BATCH)?;
            let Some(last) = entries.last() else { return Ok(()) };
            after = last.id;
            if !entries.into_iter().all(&mut show) {
                return Ok(());
            }
        }
    }

    fn describe(&self, entry: SpoolEntry) -> Detail {
        let state = match &entry {
            entry if self.shared.board.in_hand(entry.id) => State::Active,
            entry if entry.held => State::Held,
            entry if entry.attempts > 0 => State::Deferred,
            entry if entry.terms.release_at.is_some_and(|at| at > self.shared.clock.now()) => State::Scheduled,
            _ => State::Waiting,
        };
        let expires = schedule::expires(&entry, self.shared.settings.load().queue.lifetime);
        Detail { state, expires, reason: reason(&entry, state), entry }
    }
}

/// Why an entry is still here.
fn reason(entry: &SpoolEntry, state: State) -> String {
    let start = match state {
        State::Waiting => "Waiting for the first try.",
        State::Active => "Being delivered at this moment.",
        State::Held => "Held by an administrator.",
        State::Scheduled => "Waits for the time that its sender has set.",
        State::Deferred => "",
    };
    let last = entry.last_reply.as_ref().map(|words| match &entry.last_host {
        Some(host) => format!("The last try ended with {host}: {words}"),
        None => format!("The last try ended with: {words}"),
    });
    let meaning = entry.last_reply.as_deref().and_then(|words| words.split(' ').nth(1)).and_then(mail::report::meaning);
    let sentences = [Some(start.to_owned()), last, meaning.map(str::to_owned)];
    let sentences: Vec<String> = sentences.into_iter().flatten().filter(|sentence| !sentence.is_empty()).collect();
    sentences.join(" ")
}
