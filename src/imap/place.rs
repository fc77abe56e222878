//! Where a name leads, and what may be done there. Mailboxes of others that are shared are named `Shared/ADDRESS/NAME`.

use crate::{error::Error, session::Session};
use directory::Account;
use std::borrow::Cow;
use store::{AccountId, Flags, Mailbox, Rights};

/// The namespace of mailboxes of others, with the separator.
pub(crate) const SHARED: &str = "Shared/";

/// A mailbox, with the account that it belongs to.
pub(crate) struct Place {
    /// Whose it is.
    pub(crate) account: AccountId,
    /// The mailbox.
    pub(crate) mailbox: Mailbox,
    /// The name by which the one who has signed in knows it.
    pub(crate) name: String,
    /// What that one may do there.
    pub(crate) rights: Rights,
}

impl Place {
    /// Fails without a right.
    pub(crate) fn need(&self, rights: Rights) -> Result<(), Error> {
        need(self.rights, rights)
    }
}

/// Fails without a right.
pub(crate) fn need(has: Rights, rights: Rights) -> Result<(), Error> {
    if has.has(rights) { Ok(()) } else { Err(Error::no("NOPERM", "you may not do this in this mailbox")) }
}

/// Those of the flags that may be set (RFC 4314 section 4).
pub(crate) fn permitted(flags: &Flags, rights: Rights) -> Flags {
    let mut system = flags.system;
    for (bit, right) in [(Flags::SEEN, Rights::SEEN), (Flags::DELETED, Rights::TRASH)] {
        if !rights.has(right) {
            system &= !bit;
        }
    }
    if rights.has(Rights::WRITE) {
        return Flags { system, keywords: flags.keywords.clone() };
    }
    Flags::system(system & (Flags::SEEN | Flags::DELETED))
}

impl Session {
    /// The mailbox of a name that may be looked up or read.
    ///
    /// # Errors
    /// `NO` when there is none, or none of which this account may know.
    pub(crate) fn place(&self, name: &str) -> Result<Place, Error> {
        let account = self.account();
        match self.store().mailbox_by_name(account, name) {
            Ok(mailbox) => Ok(Place { account, name: mailbox.name.clone(), mailbox, rights: Rights::ALL }),
            Err(error @ store::Error::NotFound(_)) => match self.shared(name)? {
                Some((owner, theirs)) => self.shared_place(&owner, theirs),
                None => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    fn shared_place(&self, owner: &Account, theirs: &str) -> Result<Place, Error> {
        let mailbox = self.store().mailbox_by_name(owner.id, theirs)?;
        let rights = self.store().rights(owner.id, mailbox.id, self.account())?;
        if rights.is_empty() {
            return Err(store::Error::NotFound("mailbox").into());
        }
        Ok(Place { account: owner.id, name: shared_name(owner, &mailbox.name), mailbox, rights })
    }

    /// Whose a name in the namespace of others is, and how they call it.
    pub(crate) fn shared<'a>(&self, name: &'a str) -> Result<Option<(Account, &'a str)>, Error> {
        let Some((address, theirs)) = name.strip_prefix(SHARED).and_then(|rest| rest.split_once('/')) else {
            return Ok(None);
        };
        let Ok(address) = address.parse() else { return Ok(None) };
        match self.context.directory.account_by_address(&address) {
            Ok(owner) if owner.id != self.account() => Ok(Some((owner, theirs))),
            Ok(_) => Ok(None),
            Err(directory::Error::Store(error)) => Err(error.into()),
            Err(_) => Ok(None),
        }
    }

    /// A mailbox that is to be made: whose it will be, and its name there.
    ///
    /// # Errors
    /// `NO` where none may be made.
    pub(crate) fn new_place<'a>(&self, name: &'a str) -> Result<(AccountId, Cow<'a, str>), Error> {
        let Some((owner, theirs)) = self.shared(name)? else {
            if name.starts_with(SHARED) || name == SHARED.trim_end_matches('/') {
                return Err(Error::no("CANNOT", "names below Shared are those of mailboxes of others"));
            }
            return Ok((self.account(), Cow::Borrowed(name)));
        };
        let parent = theirs.rsplit_once('/').map_or("", |(parent, _)| parent);
        self.shared_place(&owner, parent)
            .and_then(|parent| parent.need(Rights::CREATE))
            .map_err(|_| Error::no("NOPERM", "you may not make mailboxes there"))?;
        Ok((owner.id, Cow::Borrowed(theirs)))
    }

    /// The mailboxes of others that this account may see, by the names under which it knows them.
    pub(crate) fn shared_mailboxes(&self) -> Result<Vec<Place>, Error> {
        let mut places = Vec::new();
        for (owner, mailbox, rights) in self.store().shared_with(self.account())? {
            if !rights.has(Rights::LOOKUP) {
                continue;
            }
            let (Ok(owner), Ok(mailbox)) =
                (self.context.directory.account(owner), self.store().mailbox(owner, mailbox))
            else {
                continue;
            };
            places.push(Place { account: owner.id, name: shared_name(&owner, &mailbox.name), mailbox, rights });
        }
        Ok(places)
    }
}

fn shared_name(owner: &Account, theirs: &str) -> String {
    format!("{SHARED}{}/{theirs}", owner.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_need_rights() {
        let mut flags = Flags::system(Flags::SEEN | Flags::DELETED | Flags::FLAGGED);
        flags.add_keyword("$x");
        assert_eq!(permitted(&flags, Rights::ALL), flags);
        assert_eq!(permitted(&flags, Rights::SEEN), Flags::system(Flags::SEEN));
        assert_eq!(permitted(&flags, Rights::TRASH), Flags::system(Flags::DELETED));
        let written = permitted(&flags, Rights::WRITE);
        assert!(written.has(Flags::FLAGGED) && written.has_keyword("$x") && !written.has(Flags::SEEN));
    }
}
