//! Runs a search over a mailbox, in threads where it is long.

use super::{
    needle::Finder,
    program::{Facts, Program, Stage},
};
use crate::progress::Progress;
use bytes::Bytes;
use mail::{header, summary};
use std::{
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use store::{AccountId, Error, Flags, MailboxId, Message, ModSeq, Store, Uid, UidSet};
use tokio::sync::Semaphore;

/// Messages that are taken on at a time.
const CHUNK_MESSAGES: usize = 256;
/// Up to so many messages are looked at on the spot when no body can be needed.
const INLINE_MESSAGES: usize = 256;
/// Bodies up to this size are read whole when a body may be needed at all.
const WHOLE_BODY_BYTES: u32 = 128 * 1024;
/// Threads for one search.
const THREADS: usize = 2;

/// Threads that read for searches in the whole process: each keeps a processor busy, and the rest must stay quick.
static READERS: Semaphore = Semaphore::const_new(THREADS);

/// A mailbox to be read.
#[derive(Clone)]
pub(crate) struct Source {
    /// The store.
    pub(crate) store: Store,
    /// Whose mailbox.
    pub(crate) account: AccountId,
    /// Which.
    pub(crate) mailbox: MailboxId,
}

/// What a search found.
#[derive(Debug, Default)]
pub(crate) struct Matches {
    /// The messages.
    pub(crate) uids: UidSet,
    /// Their highest mod-sequence, when a key of the search was MODSEQ.
    pub(crate) modseq: ModSeq,
    /// What each is worth from 1 to 100, in the order of `uids`, where that was asked for (RFC 6203 section 4).
    pub(crate) relevancies: Vec<u8>,
    /// Messages that were looked at one by one because the full-text index does not hold them yet.
    pub(crate) one_by_one: u64,
}

/// Tells the threads of a search that nobody waits for it any more.
struct Abandon(Arc<AtomicBool>);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The work that the threads of one search share.
struct Work {
    source: Source,
    program: Program,
    chunks: Vec<UidSet>,
    next: AtomicUsize,
    progress: Progress,
    is_abandoned: Arc<AtomicBool>,
}

/// Finds the messages of `among` that match.
///
/// # Errors
/// Machine faults. A body that cannot be read matches nothing.
pub(crate) async fn scan(
    source: Source,
    program: Program,
    among: &UidSet,
    progress: &Progress,
) -> Result<Matches, Error> {
    let progress = progress.clone();
    let candidates = program.narrow(among);
    if program.stage() == Stage::Sets || candidates.is_empty() {
        return Ok(Matches { uids: candidates, ..Matches::default() });
    }
    progress.begin(candidates.len());
    let is_small = candidates.len() <= INLINE_MESSAGES && program.stage() < Stage::Header;
    let chunks: Vec<UidSet> = candidates.chunks(CHUNK_MESSAGES).collect();
    let abandon = Abandon(Arc::default());
    let work = Work { source, program, chunks, next: AtomicUsize::new(0), progress, is_abandoned: abandon.0.clone() };
    if is_small {
        return work.run();
    }
    let work = Arc::new(work);
    let mut threads = Vec::with_capacity(THREADS);
    // One thread is waited for; further ones help when they are free and there is work for them.
    let mut permit = READERS.acquire().await.ok();
    while threads.len() < work.chunks.len().min(THREADS) {
        let work = work.clone();
        threads.push(tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work.run()
        }));
        permit = match READERS.try_acquire() {
            Ok(permit) => Some(permit),
            Err(_) => break,
        };
    }
    let mut found = Matches::default();
    for thread in threads {
        let part = thread.await.map_err(|error| Error::Io(std::io::Error::other(error)))??;
        found.uids = found.uids.union(&part.uids);
        found.modseq = found.modseq.max(part.modseq);
    }
    Ok(found)
}

impl Work {
    fn run(&self) -> Result<Matches, Error> {
        let mut reader = Reader {
            source: &self.source,
            program: &self.program,
            finder: self.program.finder(),
            buffer: Vec::new(),
            found: Matches::default(),
        };
        while let Some(chunk) = self.chunks.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if self.is_abandoned.load(Ordering::Relaxed) {
                break;
            }
            reader.chunk(chunk)?;
            self.progress.done(chunk.len());
        }
        Ok(reader.found)
    }
}

/// One thread of a search.
struct Reader<'a> {
    source: &'a Source,
    program: &'a Program,
    finder: Finder<'a>,
    buffer: Vec<u8>,
    found: Matches,
}

/// Flags of the messages that flags alone do not decide, ascending by UID.
type States = Vec<(Uid, Flags, ModSeq)>;

impl Reader<'_> {
    fn chunk(&mut self, uids: &UidSet) -> Result<(), Error> {
        let mut states = States::new();
        let undecided;
        let pending = if self.program.uses_flags() {
            undecided = self.by_flags(uids, &mut states)?;
            &undecided
        } else {
            uids
        };
        if pending.is_empty() {
            return Ok(());
        }
        let Source { store, account, mailbox } = self.source;
        let mut outcome = Ok(());
        store.messages(*account, *mailbox, pending, &mut |message| {
            let state = states.binary_search_by_key(&message.uid, |state| state.0).ok().map(|at| &states[at]);
            match self.message(&message, state.map(|(_, flags, modseq)| (flags, *modseq))) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    outcome = Err(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        outcome
    }

    /// Decides what flags can decide, and returns the rest.
    fn by_flags(&mut self, uids: &UidSet, states: &mut States) -> Result<UidSet, Error> {
        let Source { store, account, mailbox } = self.source;
        let mut undecided = UidSet::default();
        store.flags_of(*account, *mailbox, uids, &mut |uid, flags, modseq| {
            let facts = Facts { uid, flags: Some((&flags, modseq)), ..Facts::default() };
            match self.program.value(&facts, &mut self.buffer) {
                Some(true) => self.found.add(uid, modseq),
                Some(false) => {}
                None => {
                    undecided.insert(uid);
                    states.push((uid, flags, modseq));
                }
            }
            ControlFlow::Continue(())
        })?;
        Ok(undecided)
    }

    fn message(&mut self, message: &Message, flags: Option<(&Flags, ModSeq)>) -> Result<(), Error> {
        let modseq = flags.map_or(0, |(_, modseq)| modseq);
        let facts = Facts { uid: message.uid, flags, message: Some(message), ..Facts::default() };
        let matches = match self.program.value(&facts, &mut self.buffer) {
            Some(matches) => matches,
            None => match self.by_body(message, facts) {
                Ok(matches) => matches,
                Err(error @ (Error::NotFound(_) | Error::Damaged(_))) => {
                    tracing::warn!(%error, trace = %message.trace, "search: a message cannot be read");
                    false
                }
                Err(error) => return Err(error),
            },
        };
        if matches {
            self.found.add(message.uid, modseq);
        }
        Ok(())
    }

    /// Reads the header, and the body when that does not decide.
    fn by_body(&mut self, message: &Message, facts: Facts<'_>) -> Result<bool, Error> {
        let store = &self.source.store;
        let may_need_body = self.program.stage() == Stage::Body;
        let structure = message.summary.structure.as_ref();
        let is_whole = structure.is_none() || may_need_body && message.size <= WHOLE_BODY_BYTES;
        let bytes = match structure {
            Some(root) if !is_whole => store.body_range(message.body, 0..u64::from(root.body_start))?,
            _ => store.body(message.body)?,
        };
        let header = &bytes[..header::header_length(&bytes)];
        let facts = Facts { header: Some(header), ..facts };
        if let Some(matches) = self.program.value(&facts, &mut self.buffer) {
            return Ok(matches);
        }
        let bytes: Bytes = if is_whole { bytes.clone() } else { store.body(message.body)? };
        match structure {
            Some(root) => self.program.look(root, &bytes, &mut self.finder),
            None => self.program.look(&summary::structure(&bytes), &bytes, &mut self.finder),
        }
        let facts = Facts { hits: Some(&self.finder.hits), ..facts };
        Ok(self.program.value(&facts, &mut self.buffer).unwrap_or(false))
    }
}

impl Matches {
    fn add(&mut self, uid: Uid, modseq: ModSeq) {
        self.uids.insert(uid);
        self.modseq = self.modseq.max(modseq);
    }
}
