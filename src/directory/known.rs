//! Passwords that were checked lately, known again by a keyed hash: mail programs sign in thousands of times a second, and
//! an argon2id each time would stop the machine.
//!
//! The key is random and lives in this process only; an entry says nothing without it. The version of the credential is
//! part of what is hashed, so a changed password is unknown at once.

use crate::random;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use store::AccountId;

/// Entries of one generation; two are kept.
const GENERATION_MAX: usize = 4096;
/// Time for which a generation takes entries.
const GENERATION_TIME: Duration = Duration::from_secs(3600);

/// What was used: the password (`None`) or an app password.
pub(crate) type Used = Option<u64>;

pub(crate) struct Known {
    key: [u8; 32],
    since: Instant,
    current: HashMap<[u8; 32], Used>,
    previous: HashMap<[u8; 32], Used>,
}

impl Known {
    pub(crate) fn new() -> Self {
        Self { key: random(), since: Instant::now(), current: HashMap::new(), previous: HashMap::new() }
    }

    /// How a sign-in is known again.
    pub(crate) fn mark(&self, account: AccountId, version: u64, password: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&account.0.to_be_bytes());
        hasher.update(&version.to_be_bytes());
        hasher.update(password.as_bytes());
        *hasher.finalize().as_bytes()
    }

    pub(crate) fn get(&mut self, mark: &[u8; 32]) -> Option<Used> {
        self.age();
        if let Some(used) = self.current.get(mark) {
            return Some(*used);
        }
        let used = self.previous.remove(mark)?;
        self.put(*mark, used);
        Some(used)
    }

    pub(crate) fn put(&mut self, mark: [u8; 32], used: Used) {
        if self.current.len() >= GENERATION_MAX {
            self.turn();
        }
        self.current.insert(mark, used);
    }

    fn age(&mut self) {
        if self.since.elapsed() > GENERATION_TIME {
            self.turn();
        }
    }

    fn turn(&mut self) {
        self.previous = std::mem::take(&mut self.current);
        self.since = Instant::now();
    }
}
