//! Who has mail here: domains, accounts, aliases, credentials, sign-in.
//!
//! Layout: [`domain`], [`account`], [`alias`] the records and their changes; [`resolve`] from an address to where its mail goes;
//! [`dkim`] the keys that sign a domain's mail; [`srs`] senders of forwarded mail; [`ban`] networks that are shut out, [`sending`] accounts that may not send;
//! [`credential`] passwords and app passwords; [`sign_in`] checking them, with throttling; [`session`] browser sessions and
//! their tickets; [`right`] by what a connection is somebody's; [`setup`] the first admin; [`sasl`] the mechanisms that SMTP and IMAP share. Within: `row` keys and stored
//! forms, `hash` argon2id off the async threads, `known` passwords checked lately, `throttle` failures counted.
//!
//! Invariants: passwords are kept as argon2id (and SCRAM keys) only; nothing secret is logged; every change is one commit
//! and raises the version of the recipient list where it touches it; a commit re-reads what it relies on.

pub mod account;
pub mod alias;
pub mod ban;
pub mod credential;
pub mod dkim;
pub mod domain;
pub mod error;
mod hash;
mod known;
pub mod resolve;
pub mod right;
mod row;
pub mod sasl;
pub mod sending;
pub mod session;
pub mod setup;
pub mod sign_in;
pub mod srs;
mod throttle;

pub use account::{Account, AccountState};
pub use error::Error;
pub use resolve::Resolution;
pub use right::Right;
pub use session::{Session, Ticket};
pub use sign_in::{Login, Protocol, SignInError};
pub use store::AccountId;

use row::Records as _;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Instant, SystemTime, UNIX_EPOCH},
};
use tokio::sync::watch;

/// The directory. Cloning is cheap; all clones are one.
#[derive(Clone)]
pub struct Directory {
    inner: Arc<Inner>,
}

struct Inner {
    store: store::Store,
    hasher: hash::Hasher,
    known: Mutex<known::Known>,
    throttle: Mutex<throttle::Throttle>,
    bans: Mutex<ban::Bans>,
    /// Offences that make a ban, and how long it holds.
    ban_limits: (u32, std::time::Duration),
    /// Raised when sessions end or accounts lose rights.
    session_changes: watch::Sender<u64>,
    /// Bytes used by large domains, and when that was added up.
    domain_use: Mutex<HashMap<String, (Instant, u64)>>,
    /// Tickets whose expiry is being moved on.
    extending: Mutex<HashSet<[u8; 32]>>,
}

impl Directory {
    /// The directory kept in a store.
    pub fn new(store: store::Store, limits: &config::Limits) -> Self {
        let bans = ban::Bans::load(&store);
        let inner = Inner {
            store,
            bans: Mutex::new(bans),
            ban_limits: (limits.offences_max, limits.ban_time),
            hasher: hash::Hasher::new(),
            known: Mutex::new(known::Known::new()),
            throttle: Mutex::new(throttle::Throttle::new(limits)),
            session_changes: watch::Sender::new(0),
            domain_use: Mutex::default(),
            extending: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The store it is kept in.
    pub fn store(&self) -> &store::Store {
        &self.inner.store
    }

    /// Grows with every change of domains, accounts or aliases.
    ///
    /// # Errors
    /// Machine faults.
    pub fn recipients_version(&self) -> Result<u64, Error> {
        self.store().version()
    }

    async fn commit<T, F>(&self, work: F) -> Result<T, Error>
    where
        F: FnMut(&mut store::Tx<'_>) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        self.store().commit(Vec::new(), work).await
    }

    /// Open connections shall look again whether they may go on.
    fn rights_changed(&self) {
        self.inner.session_changes.send_modify(|changes| *changes += 1);
    }
}

/// Milliseconds since 1970.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random numbers");
    bytes
}

/// What these locks guard is consistent between any two statements, so a panic elsewhere does not spoil it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
