//! Rights of other accounts in a mailbox (RFC 4314). The owner has all of them without a row. Each row has a twin with the
//! account that it is for, so that what is shared with somebody is found without asking every account; a twin whose row is gone
//! means nothing.

use crate::account::Account;
use crate::backend::Tree;
use crate::tx::Read;
use crate::{AccountId, Error, MailboxId, Store, Tx, keys};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Accounts that one mailbox may be shared with.
pub const GRANTS_MAX: usize = 200;

/// A set of rights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights(u16);

impl Rights {
    /// `l`: see that it is there.
    pub const LOOKUP: Self = Self(1);
    /// `r`: read it.
    pub const READ: Self = Self(1 << 1);
    /// `s`: set `\Seen`.
    pub const SEEN: Self = Self(1 << 2);
    /// `w`: set other flags.
    pub const WRITE: Self = Self(1 << 3);
    /// `i`: put messages into it.
    pub const INSERT: Self = Self(1 << 4);
    /// `p`: post to its address; kept for clients, for mailboxes have no addresses here.
    pub const POST: Self = Self(1 << 5);
    /// `k`: make mailboxes below it.
    pub const CREATE: Self = Self(1 << 6);
    /// `x`: delete or rename it.
    pub const DELETE: Self = Self(1 << 7);
    /// `t`: set `\Deleted`.
    pub const TRASH: Self = Self(1 << 8);
    /// `e`: expunge.
    pub const EXPUNGE: Self = Self(1 << 9);
    /// `a`: give rights to others.
    pub const ADMINISTER: Self = Self(1 << 10);
    /// All of them.
    pub const ALL: Self = Self((1 << 11) - 1);

    const LETTERS: &str = "lrswipkxtea";

    /// The rights of letters; `c` and `d` of RFC 2086 stand for what they became. `None` for another letter.
    pub fn parse(letters: &str) -> Option<Self> {
        let mut rights = Self::default();
        for letter in letters.chars() {
            rights = rights.with(match letter {
                'c' => Self::CREATE,
                'd' => Self(Self::DELETE.0 | Self::TRASH.0 | Self::EXPUNGE.0),
                letter => Self(1 << Self::LETTERS.find(letter)?),
            });
        }
        Some(rights)
    }

    /// Whether all of the others are among these.
    pub fn has(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These and the others.
    #[must_use]
    pub fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// These without the others.
    #[must_use]
    pub fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }
}

impl fmt::Display for Rights {
    /// Letters, with `c` and `d` for clients that know only RFC 2086 (RFC 4314 section 2.1.1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (bit, letter) in Self::LETTERS.chars().enumerate() {
            if self.0 >> bit & 1 == 1 {
                write!(f, "{letter}")?;
            }
        }
        if self.has(Self::CREATE) {
            f.write_str("c")?;
        }
        let any_of_d = [Self::DELETE, Self::TRASH, Self::EXPUNGE].iter().any(|of| self.has(*of));
        f.write_str(if any_of_d { "d" } else { "" })
    }
}

impl Store {
    /// The accounts that a mailbox is shared with, and their rights.
    ///
    /// # Errors
    /// Machine faults.
    pub fn acl(&self, owner: AccountId, mailbox: MailboxId) -> Result<Vec<(AccountId, Rights)>, Error> {
        acl(self, owner, mailbox)
    }

    /// The rights of an account in a mailbox of another.
    ///
    /// # Errors
    /// Machine faults.
    pub fn rights(&self, owner: AccountId, mailbox: MailboxId, of: AccountId) -> Result<Rights, Error> {
        rights(self, owner, mailbox, of)
    }

    /// The mailboxes of others in which an account has rights.
    ///
    /// # Errors
    /// Machine faults.
    pub fn shared_with(&self, account: AccountId) -> Result<Vec<(AccountId, MailboxId, Rights)>, Error> {
        let mut shared = Vec::new();
        for row in self.prefix(Tree::Mailbox, &keys::shares(account)) {
            let (owner, mailbox) = keys::share_of(&row?.0)?;
            let rights = rights(self, owner, mailbox, account)?;
            if !rights.is_empty() && Account::find(self, owner)?.is_some() {
                shared.push((owner, mailbox, rights));
            }
        }
        Ok(shared)
    }
}

fn rights(read: &impl Read, owner: AccountId, mailbox: MailboxId, of: AccountId) -> Result<Rights, Error> {
    if owner == of {
        return Ok(Rights::ALL);
    }
    match read.get(Tree::Mailbox, &keys::grant(owner, mailbox, of))? {
        Some(value) => keys::decode("rights", &value),
        None => Ok(Rights::default()),
    }
}

fn acl(read: &impl Read, owner: AccountId, mailbox: MailboxId) -> Result<Vec<(AccountId, Rights)>, Error> {
    let rows = read.prefix(Tree::Mailbox, &keys::grants(owner, mailbox));
    rows.map(|row| {
        let (key, value) = row?;
        Ok((keys::grant_of(&key)?, keys::decode("rights", &value)?))
    })
    .collect()
}

impl Tx<'_> {
    /// As [`Store::rights`], where commits are ordered.
    ///
    /// # Errors
    /// Machine faults.
    pub fn rights(&self, owner: AccountId, mailbox: MailboxId, of: AccountId) -> Result<Rights, Error> {
        rights(self, owner, mailbox, of)
    }

    /// Gives an account rights in a mailbox of another; none takes them away. Those who watch either account wake.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an account or the mailbox, [`Error::Limit`] beyond [`GRANTS_MAX`].
    pub fn acl_set(
        &mut self,
        owner: AccountId,
        mailbox: MailboxId,
        of: AccountId,
        rights: Rights,
    ) -> Result<(), Error> {
        self.mailbox(owner, mailbox)?;
        Account::load(self, of)?;
        let (grant, share) = (keys::grant(owner, mailbox, of), keys::share(of, owner, mailbox));
        if rights.is_empty() {
            self.delete(Tree::Mailbox, &grant);
            self.delete(Tree::Mailbox, &share);
        } else {
            let is_new = self.get(Tree::Mailbox, &grant)?.is_none();
            let grants = keys::grants(owner, mailbox);
            if is_new && self.prefix(Tree::Mailbox, &grants).take(GRANTS_MAX).count() >= GRANTS_MAX {
                return Err(Error::Limit("accounts that one mailbox is shared with"));
            }
            self.put(Tree::Mailbox, &grant, keys::encode(&rights));
            self.put(Tree::Mailbox, &share, Vec::new());
        }
        self.wake_watchers(owner)?;
        self.wake_watchers(of)
    }

    /// What is made below a mailbox is shared as that one is (RFC 4314 section 5.1.1).
    ///
    /// # Errors
    /// As [`Tx::acl_set`].
    pub fn acl_inherit(&mut self, owner: AccountId, parent: MailboxId, mailbox: MailboxId) -> Result<(), Error> {
        for (of, rights) in acl(self, owner, parent)? {
            self.acl_set(owner, mailbox, of, rights)?;
        }
        Ok(())
    }

    /// Those of a mailbox that is deleted go with it.
    pub(crate) fn acl_forget(&mut self, owner: AccountId, mailbox: MailboxId) -> Result<(), Error> {
        for (of, _) in acl(self, owner, mailbox)? {
            self.delete(Tree::Mailbox, &keys::grant(owner, mailbox, of));
            self.delete(Tree::Mailbox, &keys::share(of, owner, mailbox));
        }
        Ok(())
    }

    /// Whoever watches the account wakes, though no mailbox of it has changed.
    pub(crate) fn wake_watchers(&mut self, account: AccountId) -> Result<(), Error> {
        let modseq = self.modseq(account)?;
        let mut record = Account::load(self, account)?;
        record.modseq = modseq;
        record.save(self, account);
        self.touch(account, modseq);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_letters() {
        assert_eq!(Rights::parse("lrs").unwrap().to_string(), "lrs");
        assert_eq!(Rights::ALL.to_string(), "lrswipkxteacd");
        assert_eq!(Rights::parse("lcd").unwrap().to_string(), "lkxtecd");
        assert_eq!(Rights::parse("lz"), None);
        assert_eq!(Rights::parse("").unwrap().to_string(), "");
        assert!(Rights::ALL.has(Rights::READ) && !Rights::default().has(Rights::READ));
    }
}
