//! The store through its face, in folders of its own, on both index engines.
//!
//! Content: [`mailboxes`], [`messages`], [`threads`], [`vault`], [`spool`], [`scripts`]. What a store must survive: [`kill`], [`power`],
//! [`tail`], [`index`], [`full`]. And what it does by itself: [`snapshot`], [`rewrite`], [`rebuild`]. Who else holds it: [`lock`].
//!
//! `power` and `full` need root, and loop devices and mounts; where these are missing they say so on standard error, loudly.

/// Makes of each function that takes an engine one test for each engine.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod sled {
            $(#[test] fn $name() { super::$name(store::Engine::Sled) })+
        }
        mod redb {
            $(#[test] fn $name() { super::$name(store::Engine::Redb) })+
        }
    };
}

mod full;
mod index;
mod kill;
mod lock;
mod mailboxes;
mod messages;
mod mount;
mod power;
mod random;
mod rebuild;
mod rewrite;
mod scripts;
mod snapshot;
mod sound;
mod spool;
mod tail;
mod threads;
mod vault;

use mail::summary::summarize;
use std::{path::Path, sync::Arc};
use store::{
    AccountId, Engine, Error, Flags, Mailbox, NewBody, NewMessage, Options, Recovery, Role, Store, TraceId, Tx, UidSet,
};
use tempfile::TempDir;

const ALICE: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);
/// The time at which tests take place.
const NOW: i64 = 1_790_000_000_000;

/// Options for stores of tests: small, and without snapshots that nobody asked for.
fn options(engine: Engine) -> Options {
    Options { engine, cache_bytes: 8 << 20, segment_bytes: 1 << 20, snapshot_after_bytes: u64::MAX }
}

/// Waits for a future on this thread.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// Begins a commit, and does not wait for its answer.
async fn submit<T>(commit: impl Future<Output = T>) {
    let mut commit = std::pin::pin!(commit);
    std::future::poll_fn(|cx| std::task::Poll::Ready(commit.as_mut().poll(cx).is_ready())).await;
}

/// An open store in a folder of its own.
struct Fixture {
    store: Store,
    options: Options,
    /// Last, so that the store is closed before it goes.
    folder: TempDir,
}

impl std::ops::Deref for Fixture {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Fixture {
    /// An empty store.
    fn empty(engine: Engine) -> Self {
        Self::with(options(engine))
    }

    fn with(options: Options) -> Self {
        Self::within(TempDir::new().unwrap(), options)
    }

    fn within(folder: TempDir, options: Options) -> Self {
        let (store, recovery) = Store::open(folder.path(), &options).unwrap();
        assert_eq!((recovery.replayed, recovery.rebuilt, recovery.discarded), (0, None, None));
        Self { store, options, folder }
    }

    /// A store in which Alice and Bob have their mailboxes.
    fn new(engine: Engine) -> Self {
        let fixture = Self::empty(engine);
        fixture.create_accounts();
        fixture
    }

    fn create_accounts(&self) {
        self.run(|tx| {
            tx.account_create(ALICE)?;
            tx.account_create(BOB)
        });
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Closes the store, lets `meanwhile` do something to its folder, and opens it again.
    fn reopen_after(self, meanwhile: impl FnOnce(&Path)) -> (Self, Recovery) {
        let (folder, options) = self.close();
        meanwhile(folder.path());
        let (store, recovery) = Store::open(folder.path(), &options).unwrap();
        (Self { store, options, folder }, recovery)
    }

    fn reopen(self) -> (Self, Recovery) {
        self.reopen_after(|_| {})
    }

    /// Closes the store; its folder stays.
    fn close(self) -> (TempDir, Options) {
        wait(self.store.close());
        (self.folder, self.options)
    }

    /// A commit without bodies.
    fn try_run<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        wait(self.store.commit(Vec::new(), work))
    }

    fn run<T: Send + 'static>(&self, work: impl FnMut(&mut Tx<'_>) -> Result<T, Error> + Send + 'static) -> T {
        self.try_run(work).unwrap()
    }

    /// Puts a message into a mailbox; its UID.
    fn append(&self, account: AccountId, role: Role, text: &[u8]) -> store::message::Appended {
        wait(append(&self.store, account, role, text, Flags::default())).unwrap()
    }

    fn append_with(&self, role: Role, text: &[u8], flags: Flags) -> store::message::Appended {
        wait(append(&self.store, ALICE, role, text, flags)).unwrap()
    }

    /// Alice's mailbox with a special use.
    fn mailbox_of(&self, role: Role) -> Mailbox {
        self.mailbox_by_role(ALICE, role).unwrap()
    }
}

/// One commit that puts a message into a mailbox.
async fn append(
    store: &Store,
    account: AccountId,
    role: Role,
    text: &[u8],
    flags: Flags,
) -> Result<store::message::Appended, Error> {
    let (body, mut message) = message(text);
    message.flags = flags;
    store
        .commit(vec![body], move |tx| {
            let mailbox = tx.mailbox_by_role(account, role)?;
            tx.append(account, mailbox.id, &message)
        })
        .await
}

/// A message made ready.
fn message(text: &[u8]) -> (NewBody, NewMessage) {
    let body = NewBody::new(text);
    let message = NewMessage {
        body: body.id(),
        size: u32::try_from(text.len()).unwrap(),
        received: NOW,
        saved: NOW,
        flags: Flags::default(),
        trace: TraceId(1),
        summary: Arc::new(summarize(text)),
    };
    (body, message)
}

/// Text of a message with a subject, a message-id and further header lines.
fn mail(subject: &str, id: &str, header: &str) -> Vec<u8> {
    format!(
        "From: a@example.test\r\nSubject: {subject}\r\nMessage-ID: <{id}@example.test>\r\n{header}\r\nText of {id}.\r\n"
    )
    .into_bytes()
}

fn uids(uids: impl IntoIterator<Item = u32>) -> UidSet {
    uids.into_iter().collect()
}

/// All UIDs that there can be.
fn all() -> UidSet {
    UidSet::from_iter([(1, u32::MAX)])
}

/// Bytes that do not compress, the same for the same seed.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// A number below `bound` that nobody knows beforehand.
fn chance(bound: u64) -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    u64::from_le_bytes(bytes) % bound
}
