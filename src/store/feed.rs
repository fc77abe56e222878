//! For who keeps something derived of all accounts, such as a search index: which accounts there are, which have changed, and
//! what changed in one of them since it was last looked at.

use crate::account::Account;
use crate::backend::Tree;
use crate::change::{self, Changes};
use crate::tx::Read;
use crate::{AccountId, Error, MailboxId, ModSeq, Store, keys};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// What has changed in an account, for each mailbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountChanges {
    /// The mod-sequence up to which this tells all.
    pub modseq: ModSeq,
    /// Only mailboxes in which something changed; one of them may be gone since.
    pub mailboxes: BTreeMap<MailboxId, Changes>,
}

/// Accounts that have changed since they were last taken. It holds each account once, however often it changes.
pub struct Feed(Arc<Told>);

/// What [`Feed`] and the store share.
#[derive(Default)]
pub(crate) struct Told {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    accounts: BTreeSet<AccountId>,
    is_woken: bool,
}

impl Told {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of a commit that has become visible.
    pub(crate) fn tell(&self, accounts: impl Iterator<Item = AccountId>) {
        self.lock().accounts.extend(accounts);
        self.wake.notify_all();
    }
}

impl Feed {
    /// Waits until an account has changed, or somebody wakes it; false when the time is over. Blocks.
    pub fn wait(&self, patience: Duration) -> bool {
        let state = self.0.lock();
        let is_quiet = |state: &mut State| state.accounts.is_empty() && !state.is_woken;
        let waited = self.0.wake.wait_timeout_while(state, patience, is_quiet);
        let (mut state, outcome) = waited.unwrap_or_else(PoisonError::into_inner);
        state.is_woken = false;
        !outcome.timed_out()
    }

    /// Takes the accounts that have changed since they were last taken.
    pub fn take(&self) -> BTreeSet<AccountId> {
        std::mem::take(&mut self.0.lock().accounts)
    }

    /// The accounts that would be taken now.
    pub fn accounts(&self) -> BTreeSet<AccountId> {
        self.0.lock().accounts.clone()
    }

    /// Ends a wait.
    pub fn wake(&self) {
        self.0.lock().is_woken = true;
        self.0.wake.notify_all();
    }
}

impl Store {
    /// Tells of changes from now on. What changed before, [`Store::stored_accounts`] and [`Store::account_changes`] tell.
    pub fn feed(&self) -> Feed {
        let told = Arc::new(Told::default());
        self.hub.feed(&told);
        Feed(told)
    }

    /// The accounts that have mailboxes, ascending.
    ///
    /// # Errors
    /// Machine faults.
    pub fn stored_accounts(&self) -> Result<Vec<AccountId>, Error> {
        let mut accounts = Vec::new();
        let mut from = 0;
        // The rows of an account follow its own; each look goes to the next account, over all of them.
        while let Some(row) = self.scan(Tree::Mailbox, &keys::of_account(AccountId(from)), None, false).next() {
            let (key, _) = row?;
            let id = key.first_chunk().map(|bytes| u64::from_be_bytes(*bytes));
            let id = id.ok_or_else(|| keys::damaged("key of an account"))?;
            if Account::find(self, AccountId(id))?.is_some() {
                accounts.push(AccountId(id));
            }
            match id.checked_add(1) {
                Some(next) => from = next,
                None => break,
            }
        }
        Ok(accounts)
    }

    /// Whether there is such an account.
    ///
    /// # Errors
    /// Machine faults.
    pub fn has_account(&self, account: AccountId) -> Result<bool, Error> {
        Ok(Account::find(self, account)?.is_some())
    }

    /// What changed in the mailboxes of an account after `since`, read in one pass. `None` when the history does not reach
    /// back that far: compare with [`Store::view`] then.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an account that is gone.
    pub fn account_changes(&self, account: AccountId, since: ModSeq) -> Result<Option<AccountChanges>, Error> {
        let record = Account::load(self, account)?;
        let told = change::changes_by_mailbox(self, account, &record, since)?;
        // The history may have been cut while it was being read.
        Ok(told.filter(|_| Account::load(self, account).is_ok_and(|record| record.history_from <= since)))
    }
}
