//! One session for each maildrop (RFC 1939 section 4).
//!
//! The lock keeps two programs of one person from fetching the same mail twice; nothing is guarded by it. What a session
//! deletes it names by UID, in a commit that passes over what is gone, so two sessions without a lock would do no harm
//! either. That is why it may be in memory: all POP3 sessions of a store are in the one process that holds it. Were a store
//! shared by several processes, the lock would be a record in it, with its holder and an end that the holder moves on, taken
//! by a commit that fails where another holder's stands.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};
use store::AccountId;

/// The maildrops in use.
#[derive(Default, Clone)]
pub(crate) struct Locks(Arc<Mutex<HashSet<AccountId>>>);

/// A maildrop that is ours until this is dropped.
pub(crate) struct Lock {
    locks: Locks,
    account: AccountId,
}

impl Locks {
    /// Takes a maildrop, unless another session has it.
    pub(crate) fn take(&self, account: AccountId) -> Option<Lock> {
        let is_free = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(account);
        is_free.then(|| Lock { locks: self.clone(), account })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.locks.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_maildrop_is_taken_once_and_given_back() {
        let locks = Locks::default();
        let held = locks.take(AccountId(1)).expect("is free");
        assert!(locks.take(AccountId(1)).is_none());
        assert!(locks.take(AccountId(2)).is_some());
        drop(held);
        assert!(locks.take(AccountId(1)).is_some());
    }
}
