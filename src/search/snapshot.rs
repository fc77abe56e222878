//! The index of one account as it was at one moment, and what it does not hold yet.

use crate::{
    Error,
    collect::{self, Newest, NewestOf, Places},
    error::guarded,
    index::Inner,
    needle::Needle,
    schema::{Fields, Part},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};
use store::{AccountId, MailboxId, ModSeq, Uid, UidSet};
use tantivy::{
    Searcher, Term,
    query::{BooleanQuery, Query, TermQuery},
    schema::IndexRecordOption,
};

/// What is asked of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Words of a part.
    Words(Part, Needle),
    /// Whether there are attachments.
    HasAttachment,
}

/// Where it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// In all mailboxes of the account.
    Account,
    /// In one of them.
    Mailbox(MailboxId),
}

/// The index of one account. Whatever is asked of it, an answer is about that account alone.
pub struct Snapshot {
    inner: Arc<Inner>,
    searcher: Searcher,
    account: AccountId,
    /// Mod-sequence up to which it holds all; `None` when it never has.
    position: Option<ModSeq>,
    /// What it holds of each mailbox, read when it is needed.
    held: OnceLock<BTreeMap<MailboxId, UidSet>>,
}

impl Snapshot {
    pub(crate) fn new(inner: Arc<Inner>, searcher: Searcher, account: AccountId) -> Result<Self, Error> {
        let position = position(&searcher, &inner.fields, account)?;
        Ok(Self { inner, searcher, account, position, held: OnceLock::new() })
    }

    /// The messages that answer a question, for each mailbox where there are some. `None` when the index fails: it is being
    /// mended then, and messages have to be looked at one by one.
    pub fn find(&self, scope: Scope, question: &Question) -> Option<BTreeMap<MailboxId, UidSet>> {
        self.places(scope, question, false).map(|places| collect::by_mailbox(&places))
    }

    /// As [`Snapshot::find`] in one mailbox, with what each hit is worth.
    pub fn find_scored(&self, mailbox: MailboxId, question: &Question) -> Option<Vec<(Uid, f32)>> {
        let places = self.places(Scope::Mailbox(mailbox), question, true)?;
        Some(places.into_iter().map(|(place, score)| (crate::schema::of_place(place).1, score)).collect())
    }

    fn places(&self, scope: Scope, question: &Question, is_scored: bool) -> Option<Vec<(u64, f32)>> {
        let began = std::time::Instant::now();
        let fields = &self.inner.fields;
        let query = match question {
            Question::Words(part, needle) => needle.query(fields, *part),
            Question::HasAttachment => term(Term::from_field_u64(fields.attached, 1)),
        };
        let query = BooleanQuery::intersection(vec![self.scope(scope), query]);
        let found = self.ask(|| Ok(self.searcher.search(&query, &Places { is_scored })?));
        metrics::histogram!("gatepost_search_seconds").record(began.elapsed().as_secs_f64());
        found
    }

    /// Of these messages of a mailbox, those that the index does not hold yet. To be asked after the set was made.
    ///
    /// # Errors
    /// Of the store.
    pub fn missing(&self, mailbox: MailboxId, among: &UidSet) -> Result<UidSet, store::Error> {
        let told = match self.position {
            Some(position) => self.inner.store.changes(self.account, mailbox, position)?,
            None => None,
        };
        if let Some(changes) = told {
            return Ok(among.intersection(&changes.appended));
        }
        let held = match self.held.get() {
            Some(held) => held,
            None => {
                let Some(places) = self.ask(|| {
                    let query = self.scope(Scope::Account);
                    Ok(self.searcher.search(&query, &Places { is_scored: false })?)
                }) else {
                    return Ok(among.clone());
                };
                self.held.get_or_init(|| collect::by_mailbox(&places))
            }
        };
        Ok(held.get(&mailbox).map_or_else(|| among.clone(), |held| among.difference(held)))
    }

    /// The newest of some messages, at most so many, the newest first; without those that the index does not hold.
    /// `None` when the index fails.
    pub fn newest(&self, among: BTreeMap<MailboxId, UidSet>, wanted: usize) -> Option<Newest> {
        let collector = NewestOf { among: Arc::new(among), wanted };
        self.ask(|| Ok(self.searcher.search(&self.scope(Scope::Account), &collector)?))
    }

    /// The account is a condition of every query; a mailbox is one of its account.
    fn scope(&self, scope: Scope) -> Box<dyn Query> {
        let fields = &self.inner.fields;
        term(match scope {
            Scope::Account => fields.account_term(self.account),
            Scope::Mailbox(mailbox) => fields.mailbox_term(self.account, mailbox),
        })
    }

    fn ask<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Option<T> {
        guarded(work).inspect_err(|error| self.inner.failed(error)).ok()
    }
}

fn term(term: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

/// How far an account is in a shard.
pub(crate) fn position(searcher: &Searcher, fields: &Fields, account: AccountId) -> Result<Option<ModSeq>, Error> {
    guarded(|| Ok(searcher.search(&term(fields.position_term(account)), &collect::Position)?))
}

/// What a shard holds of an account.
pub(crate) fn held(
    searcher: &Searcher,
    fields: &Fields,
    account: AccountId,
) -> Result<BTreeMap<MailboxId, UidSet>, Error> {
    guarded(|| {
        let places = searcher.search(&term(fields.account_term(account)), &Places { is_scored: false })?;
        Ok(collect::by_mailbox(&places))
    })
}
