//! Subscriptions to mailboxes that are gone, or that are another's: deleting a mailbox does not unsubscribe from its name (RFC 3501 section 6.3.6), so
//! one made under that name again is subscribed. Those to mailboxes that there are stand in [`crate::Mailbox::subscribed`].

use crate::account::Account;
use crate::backend::Tree;
use crate::tx::Read;
use crate::{AccountId, Error, Store, Tx, keys};

/// Subscriptions of one account to names that are no mailboxes of its own.
pub const LAPSED_MAX: usize = 10_000;

impl Store {
    /// Names that are subscribed and have no mailbox.
    ///
    /// # Errors
    /// Machine faults.
    pub fn lapsed_subscriptions(&self, account: AccountId) -> Result<Vec<String>, Error> {
        let prefix = keys::lapsed_subscriptions(account);
        let rows = self.prefix(Tree::Mailbox, &prefix);
        rows.map(|row| {
            let (key, _) = row?;
            let name = std::str::from_utf8(&key[prefix.len()..]).map_err(|_| keys::damaged("subscription"))?;
            Ok(name.to_owned())
        })
        .collect()
    }
}

impl Tx<'_> {
    /// The mailbox of a subscription has gone.
    pub(crate) fn subscription_lapse(&mut self, account: AccountId, name: &str) {
        self.put(Tree::Mailbox, &keys::lapsed_subscription(account, name), Vec::new());
    }

    /// Subscribes to a name that is no mailbox of the account, or ends that.
    ///
    /// # Errors
    /// [`Error::Limit`] beyond [`LAPSED_MAX`], [`Error::NotFound`] for the account.
    pub fn subscription_set(&mut self, account: AccountId, name: &str, subscribed: bool) -> Result<(), Error> {
        Account::load(self, account)?;
        if !subscribed {
            self.delete(Tree::Mailbox, &keys::lapsed_subscription(account, name));
            return Ok(());
        }
        let all = keys::lapsed_subscriptions(account);
        if self.prefix(Tree::Mailbox, &all).take(LAPSED_MAX).count() >= LAPSED_MAX {
            return Err(Error::Limit("subscriptions"));
        }
        self.subscription_lapse(account, name);
        Ok(())
    }

    /// Takes up or ends a subscription that had lapsed; whether there was one.
    pub(crate) fn subscription_revive(&mut self, account: AccountId, name: &str) -> Result<bool, Error> {
        let key = keys::lapsed_subscription(account, name);
        let is_there = self.get(Tree::Mailbox, &key)?.is_some();
        if is_there {
            self.delete(Tree::Mailbox, &key);
        }
        Ok(is_there)
    }
}
