//! The one thread that writes the index. It takes the accounts that have changed, brings what came and went into the index, and
//! writes in the same commit how far it has come, so that a kill at any moment only has it done again.
//!
//! Temporary: a full disk, a store that does not answer; it is tried again. Damage has the index set aside and made anew. Nothing
//! here is fatal to the server: a search looks at messages one by one where the index has none.

use crate::{
    Error,
    error::guarded,
    index::Inner,
    schema::Fields,
    shards::{self, Shards},
    snapshot, text,
};
use std::{
    collections::BTreeSet,
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, Instant},
};
use store::{AccountId, MailboxId, Message, ModSeq, UidSet};
use tantivy::{IndexWriter, TantivyDocument};

/// Messages after which is committed.
const COMMIT_MESSAGES: usize = 2_000;
/// Bytes of messages after which is committed: what waits to be written is in memory.
const COMMIT_BYTES: u64 = 24 * 1024 * 1024;
/// Messages whose rows are read at a time.
const CHUNK_MESSAGES: usize = 64;
/// Between two commits of news: what comes in between goes into one.
const BETWEEN_COMMITS: Duration = Duration::from_secs(1);
/// The longest rest between two steps of building.
const REST_MAX: Duration = Duration::from_secs(2);
/// A writer that has nothing to do for so long gives its memory back.
const KEEP_WRITER: Duration = Duration::from_secs(20);
/// Between two tries after a fault.
const TRY_AGAIN: Duration = Duration::from_secs(30);
/// Priority of the threads that build: all others come first.
const NICE: i32 = 15;

/// Builds until the index is closed.
pub(crate) fn run(inner: &Arc<Inner>) {
    // Threads made by this one inherit it.
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE) {
        tracing::debug!(%error, "the search index is built at normal priority");
    }
    let mut hand = Hand { inner, shards: None, open: None, since_commit: Instant::now(), made: None };
    loop {
        let work = next(inner);
        let is_news = matches!(work, Work::Accounts(_));
        let outcome = match work {
            Work::End => break,
            Work::Check => hand.check(),
            Work::Anew(why) => hand.anew(why.as_deref()),
            Work::Accounts(accounts) => guarded(|| hand.round(&accounts)),
            Work::Nothing => guarded(|| hand.close_writer()),
        };
        let failing = outcome.as_ref().err().map(ToString::to_string);
        inner.state().failing = failing;
        match outcome {
            Ok(()) if is_news => inner.rest(BETWEEN_COMMITS),
            Ok(()) => {}
            Err(error) => hand.failed(&error),
        }
        hand.tell();
    }
    if let Err(error) = guarded(|| hand.close_writer()) {
        tracing::warn!(%error, "the search index was not closed; the next start checks it");
    }
}

/// What is to be done next.
enum Work {
    Accounts(Vec<AccountId>),
    /// Read it back.
    Check,
    /// Make it anew: because of damage, or because somebody wants it.
    Anew(Option<String>),
    Nothing,
    End,
}

fn next(inner: &Inner) -> Work {
    loop {
        let mut state = inner.state();
        if state.is_stopping {
            return Work::End;
        }
        if let Some(why) = state.damaged.clone() {
            return Work::Anew(Some(why));
        }
        if state.is_unwanted {
            return Work::Anew(None);
        }
        if state.is_unchecked {
            return Work::Check;
        }
        if !state.is_started {
            drop(state);
            match start(inner) {
                Ok(accounts) => {
                    let mut state = inner.state();
                    state.pending.extend(accounts);
                    state.is_started = true;
                }
                Err(error) => {
                    inner.state().failing = Some(error.to_string());
                    match error {
                        Error::Damaged(_) => inner.failed(&error),
                        _ => inner.pause(TRY_AGAIN),
                    }
                }
            }
            continue;
        }
        let news = inner.feed.take();
        state.pending.extend(news);
        if !state.pending.is_empty() {
            state.since.get_or_insert_with(Instant::now);
            return Work::Accounts(state.pending.iter().copied().collect());
        }
        drop(state);
        inner.step();
        if !inner.feed.wait(KEEP_WRITER) {
            return Work::Nothing;
        }
    }
}

/// All accounts of which the index may not hold everything, and those that it holds and the store does not.
fn start(inner: &Inner) -> Result<BTreeSet<AccountId>, Error> {
    let mut accounts: BTreeSet<AccountId> = inner.store.stored_accounts()?.into_iter().collect();
    let Some(shards) = inner.shards() else { return Ok(accounts) };
    guarded(|| {
        for shard in shards.iter() {
            for segment in shard.searcher().segment_readers() {
                let terms = segment.inverted_index(inner.fields.account)?;
                let mut terms = terms.terms().stream()?;
                while terms.advance() {
                    accounts.extend(terms.key().first_chunk().map(|key| AccountId(u64::from_be_bytes(*key))));
                }
            }
        }
        Ok(())
    })?;
    Ok(accounts)
}

/// The thread's tools.
struct Hand<'a> {
    inner: &'a Arc<Inner>,
    shards: Option<Arc<Shards>>,
    /// The writer of one shard: there is one at a time, so that its memory is all there is.
    open: Option<(usize, Open)>,
    since_commit: Instant,
    /// When it was last made anew.
    made: Option<Instant>,
}

/// A writer with what it has taken since its last commit.
struct Open {
    writer: IndexWriter,
    messages: usize,
    bytes: u64,
}

impl Hand<'_> {
    /// Brings accounts up to date, shard by shard.
    fn round(&mut self, accounts: &[AccountId]) -> Result<(), Error> {
        let mut by_shard: Vec<AccountId> = accounts.to_vec();
        by_shard.sort_by_key(|account| Shards::number(*account));
        for group in by_shard.chunk_by(|a, b| Shards::number(*a) == Shards::number(*b)) {
            let mut done = Vec::new();
            for &account in group {
                if self.is_called_off() {
                    return Ok(());
                }
                if !self.account(account)? {
                    return Ok(());
                }
                done.push(account);
            }
            self.commit()?;
            let mut state = self.inner.state();
            done.iter().for_each(|account| {
                state.pending.remove(account);
            });
            state.since = if state.pending.is_empty() { None } else { state.since };
        }
        Ok(())
    }

    fn is_called_off(&self) -> bool {
        let state = self.inner.state();
        state.is_stopping || state.is_unwanted || state.damaged.is_some()
    }

    /// Brings one account up to date; false when it was called off in between.
    fn account(&mut self, account: AccountId) -> Result<bool, Error> {
        let inner = self.inner.clone();
        let (store, fields) = (&inner.store, &inner.fields);
        let searcher = self.shards()?.of(account).searcher();
        let position = snapshot::position(&searcher, fields, account)?;
        let changes = match position {
            Some(position) => store.account_changes(account, position),
            None => Ok(None),
        };
        let changes = match changes {
            Ok(changes) if store.has_account(account)? => changes,
            Ok(_) | Err(store::Error::NotFound(_)) => return self.forget(account).map(|()| true),
            Err(error) => return Err(error.into()),
        };
        let Some(changes) = changes else { return self.compare(account) };
        if Some(changes.modseq) == position {
            return Ok(true);
        }
        for (mailbox, changes) in &changes.mailboxes {
            self.take_out(account, *mailbox, &changes.expunged)?;
            // It may be there already: a kill came between two commits of one account.
            self.take_out(account, *mailbox, &changes.appended)?;
            if !self.put_in(account, *mailbox, &changes.appended)? {
                return Ok(false);
            }
        }
        self.note(account, changes.modseq)?;
        Ok(true)
    }

    /// Brings an account up to date by what is there and what is not, where no history tells.
    fn compare(&mut self, account: AccountId) -> Result<bool, Error> {
        let inner = self.inner.clone();
        let (store, fields) = (&inner.store, &inner.fields);
        // What is committed counts: nothing of this account is on its way.
        self.commit()?;
        let mut held = snapshot::held(&self.shards()?.of(account).searcher(), fields, account)?;
        let modseq = store.modseq(account)?;
        for mailbox in store.mailboxes(account)? {
            let uids = match store.view(account, mailbox.id) {
                Ok(view) => view.uids.clone(),
                Err(store::Error::NotFound(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let here = held.remove(&mailbox.id).unwrap_or_default();
            self.take_out(account, mailbox.id, &here.difference(&uids))?;
            if !self.put_in(account, mailbox.id, &uids.difference(&here))? {
                return Ok(false);
            }
        }
        for mailbox in held.into_keys() {
            self.open(account)?.writer.delete_term(fields.mailbox_term(account, mailbox));
        }
        self.note(account, modseq)?;
        Ok(true)
    }

    /// Takes an account out that the store does not have any more.
    fn forget(&mut self, account: AccountId) -> Result<(), Error> {
        let inner = self.inner.clone();
        let writer = &self.open(account)?.writer;
        writer.delete_term(inner.fields.account_term(account));
        writer.delete_term(inner.fields.position_term(account));
        Ok(())
    }

    /// Writes how far an account is, in the commit that makes it so.
    fn note(&mut self, account: AccountId, modseq: ModSeq) -> Result<(), Error> {
        let inner = self.inner.clone();
        let Fields { position, modseq: field, .. } = inner.fields;
        let writer = &self.open(account)?.writer;
        writer.delete_term(inner.fields.position_term(account));
        let mut document = TantivyDocument::new();
        document.add_bytes(position, &account.0.to_be_bytes());
        document.add_u64(field, modseq);
        writer.add_document(document)?;
        Ok(())
    }

    fn take_out(&mut self, account: AccountId, mailbox: MailboxId, uids: &UidSet) -> Result<(), Error> {
        if uids.is_empty() {
            return Ok(());
        }
        let inner = self.inner.clone();
        let writer = &self.open(account)?.writer;
        for uid in uids.iter() {
            writer.delete_term(inner.fields.message_term(account, mailbox, uid));
        }
        Ok(())
    }

    /// Reads messages and puts them in; false when it was called off in between.
    fn put_in(&mut self, account: AccountId, mailbox: MailboxId, uids: &UidSet) -> Result<bool, Error> {
        for chunk in uids.chunks(CHUNK_MESSAGES) {
            let mut messages = Vec::new();
            self.inner.store.messages(account, mailbox, &chunk, &mut |message| {
                messages.push(message);
                ControlFlow::Continue(())
            })?;
            for message in &messages {
                if self.is_called_off() {
                    return Ok(false);
                }
                self.message(account, mailbox, message)?;
            }
        }
        Ok(true)
    }

    fn message(&mut self, account: AccountId, mailbox: MailboxId, message: &Message) -> Result<(), Error> {
        let inner = self.inner.clone();
        let body = match inner.store.body(message.body) {
            Ok(body) => Some(body),
            Err(store::Error::NotFound(_)) => None,
            Err(error @ store::Error::Damaged(_)) => {
                tracing::warn!(%error, trace = %message.trace, "search: a message cannot be read");
                None
            }
            Err(error) => return Err(error.into()),
        };
        let document = text::document(&inner.fields, account, mailbox, message, body.as_deref());
        let open = self.open(account)?;
        open.writer.add_document(document)?;
        open.messages += 1;
        open.bytes += u64::from(message.size);
        if open.messages < COMMIT_MESSAGES && open.bytes < COMMIT_BYTES {
            return Ok(());
        }
        self.commit()?;
        if inner.options.is_gentle {
            inner.rest(self.since_commit.elapsed().min(REST_MAX));
        }
        self.since_commit = Instant::now();
        Ok(())
    }

    fn shards(&mut self) -> Result<Arc<Shards>, Error> {
        if self.shards.is_none() {
            self.shards = self.inner.shards();
        }
        self.shards.clone().ok_or_else(|| Error::Io(std::io::Error::other("there is none at present")))
    }

    /// The writer of an account's shard; that of another one is closed first.
    fn open(&mut self, account: AccountId) -> Result<&mut Open, Error> {
        let number = Shards::number(account);
        if self.open.as_ref().is_none_or(|(open, _)| *open != number) {
            self.close_writer()?;
            let shards = self.shards()?;
            shards::mark_open(&self.inner.dir)?;
            let writer = shards.of(account).writer(self.inner.options.heap_bytes)?;
            self.open = Some((number, Open { writer, messages: 0, bytes: 0 }));
        }
        match &mut self.open {
            Some((_, open)) => Ok(open),
            None => Err(Error::Io(std::io::Error::other("there is no writer"))),
        }
    }

    /// Makes durable and visible what was written.
    fn commit(&mut self) -> Result<(), Error> {
        let Some((number, open)) = &mut self.open else { return Ok(()) };
        open.writer.commit()?;
        (open.messages, open.bytes) = (0, 0);
        let number = *number;
        if let Some(shard) = self.shards()?.iter().nth(number) {
            shard.reload()?;
        }
        self.tell();
        Ok(())
    }

    /// Ends the writer, once what it merges is merged.
    fn close_writer(&mut self) -> Result<(), Error> {
        self.commit()?;
        if let Some((_, open)) = self.open.take() {
            open.writer.wait_merging_threads()?;
            shards::mark_clean(&self.inner.dir)?;
        }
        Ok(())
    }

    /// Reads back an index that was not closed. It is mostly sound.
    fn check(&mut self) -> Result<(), Error> {
        let checked = self.shards().and_then(|shards| shards.check());
        let mut state = self.inner.state();
        match checked {
            Err(Error::Damaged(why)) => state.damaged = Some(why),
            other => other?,
        }
        state.is_unchecked = false;
        Ok(())
    }

    /// Makes the index anew, because of damage, or because somebody wants it.
    fn anew(&mut self, damage: Option<&str>) -> Result<(), Error> {
        let inner = self.inner;
        if damage.is_some() && self.made.is_some_and(|made| made.elapsed() < TRY_AGAIN) {
            // A disk on which nothing stays sound is not worn out.
            inner.pause(TRY_AGAIN);
        }
        if let Some((_, open)) = self.open.take() {
            // Nothing is to write there while it is taken away. A fault of what goes is none.
            let _ = guarded(|| Ok(open.writer.wait_merging_threads()?));
        }
        self.shards = None;
        inner.set_shards(None);
        match damage {
            Some(why) => {
                tracing::warn!(why, "the search index is set aside and built anew");
                shards::set_aside(&inner.dir)?;
            }
            None => shards::remove(&inner.dir)?,
        }
        let (fresh, _) = Shards::open(&inner.dir, &inner.fields)?;
        inner.set_shards(Some(Arc::new(fresh)));
        self.made = Some(Instant::now());
        let mut state = inner.state();
        (state.is_unwanted, state.is_unchecked, state.is_started) = (false, false, false);
        if let Some(why) = damage {
            state.damaged = None;
            state.set_aside = Some(why.to_owned());
        }
        Ok(())
    }

    /// After a fault: what was not committed is dropped, and done again.
    fn failed(&mut self, error: &Error) {
        tracing::warn!(%error, "the search index does not get on; it is tried again");
        drop(self.open.take());
        match error {
            Error::Damaged(why) => {
                self.inner.state().damaged.get_or_insert_with(|| why.clone());
            }
            _ => self.inner.pause(TRY_AGAIN),
        }
    }

    /// Figures for metrics, and for who waits.
    fn tell(&self) {
        let state = self.inner.state();
        metrics::gauge!("gatepost_search_pending_accounts").set(state.pending.len() as f64);
        metrics::gauge!("gatepost_search_behind_seconds")
            .set(state.since.map_or(0.0, |since| since.elapsed().as_secs_f64()));
        drop(state);
        self.inner.step();
    }
}
