//! Expunged messages, kept for restoring until they expire. An entry takes over the reference to the body that the message had.

use crate::account::Account;
use crate::backend::Tree;
use crate::message::{Appended, NewMessage};
use crate::tx::Read;
use crate::{AccountId, Error, Flags, Message, Store, Tx, keys};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An expunged message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VaultEntry {
    /// When it was expunged, milliseconds since 1970.
    pub expunged: i64,
    /// Number that makes the entry unique in its account.
    pub number: u64,
    /// The mailbox it was in.
    pub mailbox: String,
    /// The message as it was.
    pub message: Message,
    /// Its flags.
    pub flags: Flags,
}

impl Store {
    /// Expunged messages of an account, newest first, at most `limit`.
    ///
    /// # Errors
    /// Machine faults.
    pub fn vault(&self, account: AccountId, limit: usize) -> Result<Vec<VaultEntry>, Error> {
        if Account::find(self, account)?.is_none() {
            return Ok(Vec::new());
        }
        let rows = self.prefix_rev(Tree::Body, &keys::vault_of(account)).take(limit);
        rows.map(|row| keys::decode("vault entry", &row?.1)).collect()
    }
}

impl Tx<'_> {
    /// Keeps a message that was taken out of its mailbox.
    pub(crate) fn vault_put(
        &mut self,
        account: AccountId,
        mailbox: &str,
        message: Message,
        flags: Flags,
        at: i64,
    ) -> Result<(), Error> {
        let mut record = Account::load(self, account)?;
        let number = record.next_vault();
        record.save(self, account);
        let entry = VaultEntry { expunged: at, number, mailbox: mailbox.to_owned(), message, flags };
        self.put(Tree::Body, &keys::vault(account, number), keys::encode(&entry));
        self.put(Tree::Body, &keys::vault_expiry(at, account, number), Vec::new());
        Ok(())
    }

    /// Takes an entry out; its reference to the body is the caller's now.
    fn vault_take(&mut self, account: AccountId, number: u64) -> Result<Option<VaultEntry>, Error> {
        let key = keys::vault(account, number);
        let Some(value) = self.get(Tree::Body, &key)? else { return Ok(None) };
        let entry: VaultEntry = keys::decode("vault entry", &value)?;
        self.delete(Tree::Body, &key);
        self.delete(Tree::Body, &keys::vault_expiry(entry.expunged, account, number));
        Ok(Some(entry))
    }

    /// Puts an expunged message back into its mailbox, or INBOX when that is gone, with its flags but for `\Deleted`, and
    /// into its thread. `at` is the save date.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn vault_restore(&mut self, account: AccountId, number: u64, at: i64) -> Result<Appended, Error> {
        let entry = self.vault_take(account, number)?.ok_or(Error::NotFound("expunged message"))?;
        let mailbox = match self.mailbox_by_name(account, &entry.mailbox) {
            Err(Error::NotFound(_)) => self.mailbox_by_name(account, "INBOX")?,
            found => found?,
        };
        let VaultEntry { message, mut flags, .. } = entry;
        flags.system &= !Flags::DELETED;
        let new = NewMessage {
            body: message.body,
            size: message.size,
            received: message.received,
            saved: at,
            flags,
            trace: message.trace,
            summary: Arc::new(message.summary),
        };
        let appended = self.append_again(account, mailbox.id, &new, Some(message.thread))?;
        self.body_release(message.body)?;
        Ok(appended)
    }

    /// Lets go of at most `limit` messages that were expunged before `before`; returns how many.
    ///
    /// # Errors
    /// Machine faults.
    pub fn vault_purge(&mut self, before: i64, limit: usize) -> Result<usize, Error> {
        let (start, end) = keys::vault_expiries(before);
        let rows: Vec<_> = self.range(Tree::Body, &start, &end).take(limit).collect::<Result<_, _>>()?;
        for (key, _) in &rows {
            let (account, number) = keys::vault_expiry_of(key)?;
            match self.vault_take(account, number)? {
                Some(entry) => self.body_release(entry.message.body)?,
                None => self.delete(Tree::Body, key),
            }
        }
        Ok(rows.len())
    }
}
