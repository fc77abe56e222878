//! What is kept of an account as a whole: its counters. Who the account is, the crates above know.

use crate::backend::Tree;
use crate::mailbox::Usage;
use crate::tx::Read;
use crate::{AccountId, Error, MailboxId, ModSeq, Role, Store, ThreadId, Tx, keys, vault::VaultEntry};
use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};

/// Messages that one commit copies, moves or takes out of a mailbox; more would stall the commits behind it. Spread larger
/// sets over commits with [`crate::UidSet::chunks`].
pub const MESSAGES_PER_COMMIT_MAX: usize = 50_000;

/// Counters of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Of the newest change.
    pub(crate) modseq: ModSeq,
    /// Changes after this mod-sequence are all in the history.
    pub(crate) history_from: ModSeq,
    /// Entries of the history.
    pub(crate) history_len: u64,
    pub(crate) usage: Usage,
    /// Mailboxes.
    pub(crate) mailboxes: u32,
    last_mailbox: u32,
    last_uid_validity: u32,
    last_thread: u64,
    last_vault: u64,
    /// Whether it is being removed: to all others it is gone.
    removed: bool,
}

impl Account {
    /// The record of an account that there is.
    pub(crate) fn find(read: &(impl Read + ?Sized), id: AccountId) -> Result<Option<Self>, Error> {
        let record = read.get(Tree::Mailbox, &keys::account(id))?;
        let record: Option<Self> = record.map(|value| keys::decode("account", &value)).transpose()?;
        Ok(record.filter(|record| !record.removed))
    }

    /// As [`Account::find`], for work that needs one.
    pub(crate) fn load(read: &(impl Read + ?Sized), id: AccountId) -> Result<Self, Error> {
        Self::find(read, id)?.ok_or(Error::NotFound("account"))
    }

    pub(crate) fn save(&self, tx: &mut Tx<'_>, id: AccountId) {
        tx.put(Tree::Mailbox, &keys::account(id), keys::encode(self));
    }

    pub(crate) fn next_mailbox(&mut self) -> MailboxId {
        self.last_mailbox += 1;
        MailboxId(self.last_mailbox)
    }

    /// Each mailbox gets another one, so that a name used again is not taken for the mailbox that it was.
    pub(crate) fn next_uid_validity(&mut self) -> u32 {
        self.last_uid_validity = self.last_uid_validity.wrapping_add(1).max(1);
        self.last_uid_validity
    }

    pub(crate) fn next_thread(&mut self) -> ThreadId {
        self.last_thread += 1;
        ThreadId(self.last_thread)
    }

    pub(crate) fn next_vault(&mut self) -> u64 {
        self.last_vault += 1;
        self.last_vault
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn usage(read: &impl Read, account: AccountId) -> Result<Usage, Error> {
    Ok(Account::find(read, account)?.unwrap_or_default().usage)
}

impl Store {
    /// What the account uses.
    ///
    /// # Errors
    /// Machine faults.
    pub fn usage(&self, account: AccountId) -> Result<Usage, Error> {
        usage(self, account)
    }
}

impl Tx<'_> {
    /// As [`Store::usage`], within the commit: the place to check a quota.
    ///
    /// # Errors
    /// Machine faults.
    pub fn usage(&self, account: AccountId) -> Result<Usage, Error> {
        usage(self, account)
    }

    /// Makes the mailboxes of a new account, one per [`Role`], and subscribes to them.
    ///
    /// # Errors
    /// [`Error::Exists`], also for an account that is being removed.
    pub fn account_create(&mut self, account: AccountId) -> Result<(), Error> {
        if self.get(Tree::Mailbox, &keys::account(account))?.is_some() {
            return Err(Error::Exists("account"));
        }
        // UIDVALIDITY begins with the time, so that an account made again at an address differs from the former one.
        let seconds = u32::try_from(now_ms() / 1000).unwrap_or(1);
        Account { last_uid_validity: seconds, ..Account::default() }.save(self, account);
        for (role, name) in Role::ALL {
            self.mailbox_create(account, name, Some(role))?;
            self.mailbox_subscribe(account, name, true)?;
        }
        Ok(())
    }

    /// Removes all mailboxes, messages (into nothing, not the vault), the vault, and history of an account in one commit.
    /// For accounts of any size use [`Tx::account_remove_step`].
    ///
    /// # Errors
    /// Machine faults.
    pub fn account_remove(&mut self, account: AccountId) -> Result<(), Error> {
        while !self.account_remove_step(account, MESSAGES_PER_COMMIT_MAX)? {}
        Ok(())
    }

    /// One step of removing an account: at most `limit` entries go. From the first step on the account is gone for all
    /// others; call it in further commits until it returns true. Removing an account that is not there is done at once.
    ///
    /// # Errors
    /// Machine faults.
    pub fn account_remove_step(&mut self, account: AccountId, limit: usize) -> Result<bool, Error> {
        let key = keys::account(account);
        let Some(value) = self.get(Tree::Mailbox, &key)? else { return Ok(true) };
        let mut record: Account = keys::decode("account", &value)?;
        if !record.removed {
            record.removed = true;
            record.modseq = self.touched(account).unwrap_or(record.modseq + 1);
            record.save(self, account);
            self.touch(account, record.modseq);
        }
        let mut room = limit.max(1);
        for row in self.first_rows(Tree::Message, &keys::of_account(account), &mut room)? {
            let message: crate::Message = keys::decode("message", &row.1)?;
            self.body_release(message.body)?;
            self.delete(Tree::Message, &row.0);
            self.delete(Tree::State, &row.0);
        }
        for row in self.first_rows(Tree::Body, &keys::vault_of(account), &mut room)? {
            let entry: VaultEntry = keys::decode("vault entry", &row.1)?;
            self.body_release(entry.message.body)?;
            self.delete(Tree::Body, &row.0);
            self.delete(Tree::Body, &keys::vault_expiry(entry.expunged, account, entry.number));
        }
        for row in self.first_rows(Tree::History, &keys::of_account(account), &mut room)? {
            self.delete(Tree::History, &row.0);
        }
        for prefix in keys::mailbox_rows(account) {
            for row in self.first_rows(Tree::Mailbox, &prefix, &mut room)? {
                self.delete(Tree::Mailbox, &row.0);
            }
        }
        if room > 0 {
            self.delete(Tree::Mailbox, &key);
        }
        Ok(room > 0)
    }

    /// The first rows under a prefix, as many as there is room for.
    fn first_rows(&self, tree: Tree, prefix: &[u8], room: &mut usize) -> Result<Vec<crate::tx::Row>, Error> {
        let rows: Vec<_> = self.prefix(tree, prefix).take(*room).collect::<Result<_, _>>()?;
        *room -= rows.len();
        Ok(rows)
    }
}
