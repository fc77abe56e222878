//! Learning: from what people move into and out of Junk, and from mail that an admin gives.

use crate::{
    Error, Filter,
    bayes::memory::{self, Lesson, Scope},
    looked::Looked,
    recipient::{self, day},
};
use mail::address::Address;
use net::shutdown::Shutdown;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::AccountId;

/// Words gathered before they are committed.
const BATCH_WORDS: usize = 50_000;
/// Between two times that what is old is forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(6 * 3600);
/// Rows forgotten at once.
const FORGOTTEN_MAX: usize = 5000;

/// What has been learned for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Learned {
    /// Messages of junk.
    pub junk: u32,
    /// Other messages.
    pub other: u32,
    /// Words.
    pub words: u32,
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The words of a message.
async fn words(message: &[u8]) -> Vec<u64> {
    Looked::at_best(message, now() / 1000).await.words
}

impl Filter {
    /// Learns from what people move, until draining begins.
    pub async fn run(&self, shutdown: Shutdown) {
        let inner = self.inner.clone();
        let warm = tokio::task::spawn_blocking(move || inner.memory.warm(&inner.store)).await;
        if let Ok(Err(error)) = warm {
            tracing::warn!(%error, "what was learned could not be loaded");
        }
        let mut changes = self.inner.store.spool_watch();
        let mut forget = tokio::time::interval(FORGET_EVERY);
        loop {
            if let Err(error) = self.take_lessons().await {
                tracing::warn!(%error, "what was moved into or out of Junk could not be learned");
            }
            tokio::select! {
                () = shutdown.draining.cancelled() => return,
                changed = changes.changed() => if changed.is_err() { return },
                _ = forget.tick() => {
                    if let Err(error) = self.forget().await {
                        tracing::warn!(%error, "old entries of the filter could not be forgotten");
                    }
                }
            }
        }
    }

    /// Learns everything that waits, each message in one commit with the removal of its lesson.
    async fn take_lessons(&self) -> Result<(), Error> {
        loop {
            let lessons = self.inner.store.lessons(50)?;
            if lessons.is_empty() {
                return Ok(());
            }
            for (id, lesson) in lessons {
                self.take_lesson(id, lesson).await?;
            }
        }
    }

    async fn take_lesson(&self, id: u64, lesson: store::lesson::Lesson) -> Result<(), Error> {
        let store = &self.inner.store;
        let words = match store.body(lesson.body) {
            Ok(body) => words(&body).await,
            // Gone meanwhile: nothing to be learned.
            Err(store::Error::NotFound(_)) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let today = day(now());
        let work = move |tx: &mut store::Tx<'_>| -> Result<Option<Lesson>, store::Error> {
            tx.lesson_remove(id);
            let before = memory::learned(tx, lesson.account, lesson.body)?;
            if words.is_empty() || before == Some(lesson.is_spam) {
                return Ok(None);
            }
            let mut change = Lesson::default();
            if let Some(before) = before {
                change.add(&words, before, -1);
            }
            change.add(&words, lesson.is_spam, 1);
            change.apply(tx, Scope::Everybody, today)?;
            change.apply(tx, Scope::Account(lesson.account), today)?;
            memory::note(tx, lesson.account, lesson.body, lesson.is_spam, today)?;
            Ok(Some(change))
        };
        if let Some(change) = store.commit(Vec::new(), work).await? {
            self.inner.memory.follow(&change);
            metrics::counter!("gatepost_filter_learned_total").increment(1);
            tracing::info!(account = lesson.account.0, junk = lesson.is_spam, "learned from a message that was moved");
        }
        self.keep_room(Scope::Account(lesson.account)).await
    }

    /// Learns from mail that is known to be junk or not; for everybody, and for an account as well if one is named.
    ///
    /// # Errors
    /// Machine faults; what was committed before stays learned.
    pub async fn train<M: AsRef<[u8]>>(
        &self,
        account: Option<AccountId>,
        messages: impl IntoIterator<Item = (M, bool)>,
    ) -> Result<usize, Error> {
        let mut lesson = Lesson::default();
        let mut learned = 0;
        for (message, is_spam) in messages {
            lesson.add(&words(message.as_ref()).await, is_spam, 1);
            learned += 1;
            if lesson.len() > BATCH_WORDS {
                self.commit(account, std::mem::take(&mut lesson)).await?;
            }
        }
        self.commit(account, lesson).await?;
        Ok(learned)
    }

    async fn commit(&self, account: Option<AccountId>, lesson: Lesson) -> Result<(), Error> {
        let today = day(now());
        for part in lesson.into_parts() {
            let committed = part.clone();
            let work = move |tx: &mut store::Tx<'_>| {
                part.apply(tx, Scope::Everybody, today)?;
                account.map_or(Ok(()), |account| part.apply(tx, Scope::Account(account), today))
            };
            self.inner.store.commit::<(), store::Error, _>(Vec::new(), work).await?;
            self.inner.memory.follow(&committed);
        }
        if let Some(account) = account {
            self.keep_room(Scope::Account(account)).await?;
        }
        self.keep_room(Scope::Everybody).await
    }

    /// Forgets the least used words of a scope that has too many.
    async fn keep_room(&self, scope: Scope) -> Result<(), Error> {
        loop {
            let surplus = memory::surplus(&self.inner.store, scope)?;
            if surplus.is_empty() {
                return Ok(());
            }
            self.inner
                .store
                .commit::<(), store::Error, _>(Vec::new(), move |tx| memory::forget(tx, scope, &surplus))
                .await?;
            if scope == Scope::Everybody {
                self.inner.memory.reload(&self.inner.store)?;
            }
        }
    }

    async fn forget(&self) -> Result<(), Error> {
        self.keep_room(Scope::Everybody).await?;
        let (store, today) = (self.inner.store.clone(), day(now()));
        let work = move |tx: &mut store::Tx<'_>| recipient::forget(&store, tx, today, FORGOTTEN_MAX);
        self.inner.store.commit::<(), store::Error, _>(Vec::new(), work).await?;
        Ok(())
    }

    /// Notes whom an account writes to. Those it knows already cost no commit.
    pub async fn wrote_to(&self, account: AccountId, to: &[Address], at: i64) {
        let result = async {
            let unknown = recipient::unknown(&self.inner.store, account, to)?;
            if unknown.is_empty() {
                return Ok(());
            }
            let work = move |tx: &mut store::Tx<'_>| recipient::note(tx, account, &unknown, day(at));
            self.inner.store.commit::<(), store::Error, _>(Vec::new(), work).await
        };
        if let Err(error) = result.await {
            tracing::warn!(%error, "whom an account writes to could not be noted");
        }
    }

    /// How much has been learned for everybody.
    ///
    /// # Errors
    /// Machine faults.
    pub fn learned(&self) -> Result<Learned, Error> {
        let (junk, other, words) = memory::sums(&self.inner.store)?;
        Ok(Learned { junk, other, words })
    }
}
