//! What was learned, in the store: a row for each word, and how many messages were learned. Words of everybody's mail are
//! held in memory as well, for each message asks for a thousand of them.
//!
//! ```text
//! filter/bayes/SCOPE WORD     times in junk, times in other mail, day it was last learned
//! filter/bayes-sum/SCOPE      messages of junk, of other mail, words
//! filter/learned/ACCOUNT BODY what a message was learned as, and when
//! ```
//! SCOPE is 0 for everybody, else the account's id; all numbers are eight bytes, big-endian.

use super::{Count, Probability, combine};
use config::Limits;
use std::{
    collections::HashMap,
    sync::{OnceLock, PoisonError, RwLock},
};
use store::{AccountId, BodyId, Store, Tx};

const WORDS: &[u8] = b"filter/bayes/";
const SUMS: &[u8] = b"filter/bayes-sum/";
const LEARNED: &[u8] = b"filter/learned/";
/// Rows written by one commit; more would let others wait.
const ROWS_PER_COMMIT_MAX: usize = 20_000;
/// Words forgotten by one commit.
const FORGOTTEN_PER_COMMIT_MAX: usize = 50_000;

/// Whose mail it was learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    Everybody,
    Account(AccountId),
}

impl Scope {
    fn number(self) -> [u8; 8] {
        match self {
            Self::Everybody => [0; 8],
            Self::Account(account) => account.0.to_be_bytes(),
        }
    }

    fn words_max(self) -> usize {
        match self {
            Self::Everybody => Limits::BAYES_WORDS_MAX,
            Self::Account(_) => Limits::BAYES_WORDS_PER_ACCOUNT_MAX,
        }
    }
}

type Row = (u32, u32, u32);

fn word_key(scope: Scope, word: u64) -> Vec<u8> {
    [WORDS, &scope.number(), &word.to_be_bytes()].concat()
}
fn sum_key(scope: Scope) -> Vec<u8> {
    [SUMS, &scope.number()].concat()
}
fn learned_key(account: AccountId, body: BodyId) -> Vec<u8> {
    [LEARNED, &account.0.to_be_bytes(), &body.0].concat()
}

/// Changes to be learned together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lesson {
    words: HashMap<u64, (i64, i64)>,
    messages: (i64, i64),
}

impl Lesson {
    /// Adds a message, or with `sign` -1 takes it back.
    pub(crate) fn add(&mut self, words: &[u64], is_spam: bool, sign: i64) {
        let change = |pair: &mut (i64, i64)| if is_spam { pair.0 += sign } else { pair.1 += sign };
        words.iter().for_each(|word| change(self.words.entry(*word).or_default()));
        change(&mut self.messages);
    }

    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    /// Parts that one commit can take; the count of messages goes with the first.
    pub(crate) fn into_parts(self) -> Vec<Self> {
        let mut rest: Vec<(u64, (i64, i64))> = self.words.into_iter().collect();
        let mut parts = Vec::new();
        let mut messages = self.messages;
        while !rest.is_empty() || messages != (0, 0) {
            let words = rest.split_off(rest.len().saturating_sub(ROWS_PER_COMMIT_MAX)).into_iter().collect();
            parts.push(Self { words, messages: std::mem::take(&mut messages) });
        }
        parts
    }

    /// The commit's part.
    pub(crate) fn apply(&self, tx: &mut Tx<'_>, scope: Scope, day: u32) -> Result<(), store::Error> {
        let mut sum: Row = tx.record(&sum_key(scope))?.unwrap_or_default();
        let changed = |now: u32, change: i64| u32::try_from((i64::from(now) + change).max(0)).unwrap_or(u32::MAX);
        for (word, (spam, ham)) in &self.words {
            let key = word_key(scope, *word);
            let before: Option<Row> = tx.record(&key)?;
            let (was_spam, was_ham, _) = before.unwrap_or_default();
            let row = (changed(was_spam, *spam), changed(was_ham, *ham), day);
            match (before.is_some(), row.0 + row.1 > 0) {
                (true, false) => {
                    tx.record_remove(&key);
                    sum.2 = sum.2.saturating_sub(1);
                }
                (false, false) => {}
                (had, true) => {
                    tx.record_put(&key, &row)?;
                    sum.2 += u32::from(!had);
                }
            }
        }
        (sum.0, sum.1) = (changed(sum.0, self.messages.0), changed(sum.1, self.messages.1));
        tx.record_put(&sum_key(scope), &sum)
    }
}

/// What a message was learned as.
pub(crate) fn learned(tx: &Tx<'_>, account: AccountId, body: BodyId) -> Result<Option<bool>, store::Error> {
    Ok(tx.record::<(bool, u32)>(&learned_key(account, body))?.map(|(is_spam, _)| is_spam))
}

/// Notes what a message was learned as.
pub(crate) fn note(
    tx: &mut Tx<'_>,
    account: AccountId,
    body: BodyId,
    is_spam: bool,
    day: u32,
) -> Result<(), store::Error> {
    tx.record_put(&learned_key(account, body), &(is_spam, day))
}

/// Messages learned for everybody, and their words.
type Everybody = (Count, HashMap<u64, Count>);

/// Words of everybody's mail, in memory.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    everybody: OnceLock<RwLock<Everybody>>,
}

impl Memory {
    /// What was learned in a scope says this of these words.
    pub(crate) fn probability(
        &self,
        store: &Store,
        scope: Scope,
        words: &[u64],
    ) -> Result<Option<Probability>, store::Error> {
        match scope {
            Scope::Everybody => {
                let everybody = self.everybody(store)?.read().unwrap_or_else(PoisonError::into_inner);
                Ok(combine(words.iter().filter_map(|word| everybody.1.get(word).copied()), everybody.0))
            }
            Scope::Account(_) => {
                let Some((spam, ham, _)) = store.record::<Row>(&sum_key(scope))? else { return Ok(None) };
                let mut counts = Vec::with_capacity(words.len());
                for word in words {
                    counts.extend(
                        store.record::<Row>(&word_key(scope, *word))?.map(|(spam, ham, _)| Count { spam, ham }),
                    );
                }
                Ok(combine(counts.into_iter(), Count { spam, ham }))
            }
        }
    }

    /// Loads what the first message would wait for.
    pub(crate) fn warm(&self, store: &Store) -> Result<(), store::Error> {
        self.everybody(store).map(|_| ())
    }

    fn everybody(&self, store: &Store) -> Result<&RwLock<Everybody>, store::Error> {
        if let Some(everybody) = self.everybody.get() {
            return Ok(everybody);
        }
        let loaded = load(store)?;
        Ok(self.everybody.get_or_init(|| RwLock::new(loaded)))
    }

    /// Takes over what was committed for everybody.
    pub(crate) fn follow(&self, lesson: &Lesson) {
        let Some(everybody) = self.everybody.get() else { return };
        let mut everybody = everybody.write().unwrap_or_else(PoisonError::into_inner);
        let changed =
            |now: &mut u32, change: i64| *now = u32::try_from((i64::from(*now) + change).max(0)).unwrap_or(u32::MAX);
        changed(&mut everybody.0.spam, lesson.messages.0);
        changed(&mut everybody.0.ham, lesson.messages.1);
        for (word, (spam, ham)) in &lesson.words {
            let count = everybody.1.entry(*word).or_default();
            changed(&mut count.spam, *spam);
            changed(&mut count.ham, *ham);
        }
    }

    /// Reads everything anew, after words were forgotten.
    pub(crate) fn reload(&self, store: &Store) -> Result<(), store::Error> {
        let Some(everybody) = self.everybody.get() else { return Ok(()) };
        let loaded = load(store)?;
        *everybody.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(())
    }
}

fn load(store: &Store) -> Result<Everybody, store::Error> {
    let (spam, ham, _) = store.record::<Row>(&sum_key(Scope::Everybody))?.unwrap_or_default();
    let prefix = [WORDS, &Scope::Everybody.number()].concat();
    let rows = store.records::<Row>(&prefix)?;
    let words = rows
        .into_iter()
        .filter_map(|(key, (spam, ham, _))| Some((u64::from_be_bytes(*key.last_chunk()?), Count { spam, ham })));
    Ok((Count { spam, ham }, words.collect()))
}

/// Messages learned for everybody, and words: junk, other mail, words.
pub(crate) fn sums(store: &Store) -> Result<(u32, u32, u32), store::Error> {
    Ok(store.record::<Row>(&sum_key(Scope::Everybody))?.unwrap_or_default())
}

/// Words that are too many: the least used, of those the longest not seen. Empty while there is room.
pub(crate) fn surplus(store: &Store, scope: Scope) -> Result<Vec<u64>, store::Error> {
    let (.., words) = store.record::<Row>(&sum_key(scope))?.unwrap_or_default();
    if words as usize <= scope.words_max() {
        return Ok(Vec::new());
    }
    let mut rows = store.records::<Row>(&[WORDS, &scope.number()].concat())?;
    rows.sort_by_key(|(_, (spam, ham, day))| (spam + ham, *day));
    rows.truncate((words as usize - scope.words_max() * 9 / 10).min(FORGOTTEN_PER_COMMIT_MAX));
    Ok(rows.iter().filter_map(|(key, _)| key.last_chunk().map(|word| u64::from_be_bytes(*word))).collect())
}

/// Forgets words.
pub(crate) fn forget(tx: &mut Tx<'_>, scope: Scope, words: &[u64]) -> Result<(), store::Error> {
    let mut sum: Row = tx.record(&sum_key(scope))?.unwrap_or_default();
    for word in words {
        let key = word_key(scope, *word);
        if tx.record::<Row>(&key)?.is_some() {
            tx.record_remove(&key);
            sum.2 = sum.2.saturating_sub(1);
        }
    }
    tx.record_put(&sum_key(scope), &sum)
}
