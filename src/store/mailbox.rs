//! Mailboxes of an account.
//!
//! Names are levels separated by `/`. Every level above a mailbox is a mailbox too: making one makes its parents, and one
//! with inferiors cannot be deleted. INBOX is there from the start, is spelt in capitals, and cannot go.

use crate::account::{Account, MESSAGES_PER_COMMIT_MAX, now_ms};
use crate::backend::Tree;
use crate::tx::Read;
use crate::{AccountId, Error, MailboxId, ModSeq, Store, Tx, Uid, UidSet, keys};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Mailboxes of one account.
pub const MAILBOXES_MAX: u32 = 10_000;
/// Bytes of a mailbox name.
pub const NAME_BYTES_MAX: usize = 1_000;
/// Levels of a mailbox name.
pub const NAME_LEVELS_MAX: usize = 32;

/// Special use of a mailbox (RFC 6154).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of RFC 6154")]
pub enum Role {
    Inbox,
    Drafts,
    Sent,
    Archive,
    Junk,
    Trash,
}

impl Role {
    /// All roles in the order shown to people, with the name of the mailbox that is made with the account.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Inbox, "INBOX"),
        (Self::Drafts, "Drafts"),
        (Self::Sent, "Sent"),
        (Self::Archive, "Archive"),
        (Self::Junk, "Junk"),
        (Self::Trash, "Trash"),
    ];
}

/// A mailbox as it stands. All numbers are kept with it; reading it scans nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// Identifier; survives renaming.
    pub id: MailboxId,
    /// Full name, UTF-8, levels separated by `/`. INBOX is spelt in capitals.
    pub name: String,
    /// RFC 3501 section 2.3.1.1.
    pub uid_validity: u32,
    /// The next UID.
    pub uid_next: Uid,
    /// Highest mod-sequence of any change of its messages (RFC 7162); at first that of its making.
    pub highest_modseq: ModSeq,
    /// Messages.
    pub exists: u32,
    /// Messages without `\Seen`.
    pub unseen: u32,
    /// Messages with `\Deleted`.
    pub deleted: u32,
    /// Bytes of all messages (RFC 8438 STATUS=SIZE).
    pub size: u64,
    /// Special use.
    pub role: Option<Role>,
    /// Whether it is in LSUB.
    pub subscribed: bool,
}

impl Mailbox {
    /// The mailbox above it.
    fn parent(name: &str) -> Option<&str> {
        name.rsplit_once('/').map(|(parent, _)| parent)
    }

    /// What is below `parent` in a name that is an inferior of it.
    fn below<'a>(name: &'a str, parent: &str) -> Option<&'a str> {
        name.strip_prefix(parent).filter(|rest| rest.starts_with('/'))
    }
}

/// What an account uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Messages.
    pub messages: u64,
    /// Bytes, each message counted once a mailbox.
    pub bytes: u64,
}

/// A name as it is kept: its first level, when it is INBOX in any case, in capitals.
fn canonical(name: &str) -> Cow<'_, str> {
    let first = name.split('/').next().unwrap_or_default();
    if first.eq_ignore_ascii_case("INBOX") && first != "INBOX" {
        return format!("INBOX{}", &name[first.len()..]).into();
    }
    name.into()
}

/// Checks a name for a mailbox that is to be made. One delimiter at the end is dropped: RFC 3501 section 6.3.3 has clients
/// announce by it that they will make inferiors.
fn new_name(name: &str) -> Result<Cow<'_, str>, Error> {
    let name = name.strip_suffix('/').unwrap_or(name);
    let refuse = |why: &str| Err(Error::Invalid(format!("a mailbox name {why}")));
    if name.is_empty() {
        return refuse("cannot be empty");
    }
    if name.len() > NAME_BYTES_MAX {
        return refuse("is too long");
    }
    if name.chars().any(char::is_control) {
        return refuse("cannot hold control characters");
    }
    if name.split('/').any(str::is_empty) {
        return refuse("cannot have an empty level");
    }
    if name.split('/').count() > NAME_LEVELS_MAX {
        return refuse("has too many levels");
    }
    Ok(canonical(name))
}

fn all(read: &impl Read, account: AccountId) -> Result<Vec<Mailbox>, Error> {
    if Account::find(read, account)?.is_none() {
        return Ok(Vec::new());
    }
    let rows = read.prefix(Tree::Mailbox, &keys::mailboxes(account));
    rows.map(|row| keys::decode("mailbox", &row?.1)).collect()
}

fn by_id(read: &impl Read, account: AccountId, id: MailboxId) -> Result<Mailbox, Error> {
    match read.get(Tree::Mailbox, &keys::mailbox(account, id))? {
        Some(value) => keys::decode("mailbox", &value),
        None => Err(Error::NotFound("mailbox")),
    }
}

/// The mailbox that a key of the indexes by name and by role leads to.
fn by_key(read: &impl Read, account: AccountId, key: &[u8]) -> Result<Mailbox, Error> {
    let value = read.get(Tree::Mailbox, key)?.ok_or(Error::NotFound("mailbox"))?;
    by_id(read, account, keys::decode("mailbox index", &value)?)
}

fn by_name(read: &impl Read, account: AccountId, name: &str) -> Result<Mailbox, Error> {
    by_key(read, account, &keys::mailbox_name(account, &canonical(name)))
}

impl Store {
    /// All mailboxes of an account, by name: inferiors directly below what they belong to.
    ///
    /// # Errors
    /// Machine faults.
    pub fn mailboxes(&self, account: AccountId) -> Result<Vec<Mailbox>, Error> {
        let mut mailboxes = all(self, account)?;
        mailboxes.sort_by(|a, b| a.name.split('/').cmp(b.name.split('/')));
        Ok(mailboxes)
    }
    /// One mailbox.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn mailbox(&self, account: AccountId, id: MailboxId) -> Result<Mailbox, Error> {
        by_id(self, account, id)
    }
    /// One mailbox by its full name (INBOX without regard to case).
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn mailbox_by_name(&self, account: AccountId, name: &str) -> Result<Mailbox, Error> {
        by_name(self, account, name)
    }
    /// The mailbox with a special use.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn mailbox_by_role(&self, account: AccountId, role: Role) -> Result<Mailbox, Error> {
        by_key(self, account, &keys::mailbox_role(account, role as u8))
    }
}

impl Tx<'_> {
    /// As [`Store::mailbox_by_name`].
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn mailbox_by_name(&self, account: AccountId, name: &str) -> Result<Mailbox, Error> {
        by_name(self, account, name)
    }
    /// As [`Store::mailbox`].
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn mailbox(&self, account: AccountId, id: MailboxId) -> Result<Mailbox, Error> {
        by_id(self, account, id)
    }
    /// The mailbox with a special use.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn mailbox_by_role(&self, account: AccountId, role: Role) -> Result<Mailbox, Error> {
        by_key(self, account, &keys::mailbox_role(account, role as u8))
    }

    pub(crate) fn mailbox_save(&mut self, account: AccountId, mailbox: &Mailbox) {
        self.put(Tree::Mailbox, &keys::mailbox(account, mailbox.id), keys::encode(mailbox));
    }

    /// Makes a mailbox, and its missing parents. A name that ends in one `/` means the same without it.
    ///
    /// # Errors
    /// [`Error::Exists`] for the name or the role, [`Error::Invalid`] (empty level, control characters, too long),
    /// [`Error::Limit`], [`Error::NotFound`] for the account.
    pub fn mailbox_create(&mut self, account: AccountId, name: &str, role: Option<Role>) -> Result<Mailbox, Error> {
        let name = new_name(name)?;
        if self.get(Tree::Mailbox, &keys::mailbox_name(account, &name))?.is_some() {
            return Err(Error::Exists("mailbox"));
        }
        if let Some(role) = role {
            let key = keys::mailbox_role(account, role as u8);
            if self.get(Tree::Mailbox, &key)?.is_some() {
                return Err(Error::Exists("mailbox with this special use"));
            }
        }
        self.parents_create(account, &name)?;
        self.mailbox_insert(account, &name, role)
    }

    fn parents_create(&mut self, account: AccountId, name: &str) -> Result<(), Error> {
        let mut missing = Vec::new();
        let mut parent = Mailbox::parent(name);
        while let Some(name) = parent {
            if self.get(Tree::Mailbox, &keys::mailbox_name(account, name))?.is_some() {
                break;
            }
            missing.push(name.to_owned());
            parent = Mailbox::parent(name);
        }
        for name in missing.iter().rev() {
            self.mailbox_insert(account, name, None)?;
        }
        Ok(())
    }

    /// Makes a mailbox with a checked name that is free and has its parents.
    fn mailbox_insert(&mut self, account: AccountId, name: &str, role: Option<Role>) -> Result<Mailbox, Error> {
        let mut record = Account::load(self, account)?;
        if record.mailboxes >= MAILBOXES_MAX {
            return Err(Error::Limit("mailboxes of one account"));
        }
        record.mailboxes += 1;
        let mailbox = Mailbox {
            id: record.next_mailbox(),
            name: name.to_owned(),
            uid_validity: record.next_uid_validity(),
            uid_next: 1,
            highest_modseq: self.modseq(account)?,
            exists: 0,
            unseen: 0,
            deleted: 0,
            size: 0,
            role,
            subscribed: self.subscription_revive(account, name)?,
        };
        record.save(self, account);
        self.mailbox_save(account, &mailbox);
        self.put(Tree::Mailbox, &keys::mailbox_name(account, name), keys::encode(&mailbox.id));
        if let Some(role) = role {
            self.put(Tree::Mailbox, &keys::mailbox_role(account, role as u8), keys::encode(&mailbox.id));
        }
        self.note_mailbox(account, mailbox.id)?;
        Ok(mailbox)
    }

    /// Renames a mailbox and its inferiors, and makes missing parents of the new name. Renaming INBOX moves its messages
    /// into a new mailbox and keeps INBOX and its inferiors (RFC 3501 section 6.3.5).
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Exists`], [`Error::Invalid`] for a name that is not allowed or an inferior of the old
    /// one, [`Error::Limit`] for an INBOX with more than [`MESSAGES_PER_COMMIT_MAX`] messages.
    pub fn mailbox_rename(&mut self, account: AccountId, from: &str, to: &str) -> Result<(), Error> {
        let mailbox = self.mailbox_by_name(account, from)?;
        let to = new_name(to)?;
        if self.get(Tree::Mailbox, &keys::mailbox_name(account, &to))?.is_some() {
            return Err(Error::Exists("mailbox"));
        }
        if mailbox.name == "INBOX" {
            let new = self.mailbox_create(account, &to, None)?;
            let all = UidSet::from_iter([(1, Uid::MAX)]);
            self.move_messages(account, mailbox.id, &all, new.id, now_ms())?;
            return Ok(());
        }
        if Mailbox::below(&to, &mailbox.name).is_some() {
            return Err(Error::Invalid("a mailbox cannot become an inferior of itself".into()));
        }
        let family = self.family(account, &mailbox.name)?;
        for (name, _) in &family {
            new_name(&format!("{to}{}", &name[mailbox.name.len()..]))?;
        }
        self.parents_create(account, &to)?;
        for (name, id) in family {
            let mut member = self.mailbox(account, id)?;
            member.name = format!("{to}{}", &name[mailbox.name.len()..]);
            self.delete(Tree::Mailbox, &keys::mailbox_name(account, &name));
            self.put(Tree::Mailbox, &keys::mailbox_name(account, &member.name), keys::encode(&id));
            self.mailbox_save(account, &member);
            self.note_mailbox(account, id)?;
        }
        Ok(())
    }

    /// A mailbox and its inferiors: names and identifiers.
    fn family(&self, account: AccountId, name: &str) -> Result<Vec<(String, MailboxId)>, Error> {
        let key = keys::mailbox_name(account, name);
        let mut family = Vec::new();
        for row in self.prefix(Tree::Mailbox, &key) {
            let (found, id) = row?;
            let rest = std::str::from_utf8(&found[key.len()..]).map_err(|_| keys::damaged("mailbox name"))?;
            if rest.is_empty() || rest.starts_with('/') {
                family.push((format!("{name}{rest}"), keys::decode("mailbox index", &id)?));
            }
        }
        Ok(family)
    }

    /// Deletes a mailbox; its messages go to the vault. INBOX, and one with inferiors, cannot be deleted.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`], [`Error::Limit`] when it holds more than [`MESSAGES_PER_COMMIT_MAX`]
    /// messages: expunge them first, in several commits.
    pub fn mailbox_delete(&mut self, account: AccountId, name: &str) -> Result<(), Error> {
        let mailbox = self.mailbox_by_name(account, name)?;
        if mailbox.name == "INBOX" {
            return Err(Error::Invalid("INBOX cannot be deleted".into()));
        }
        if self.family(account, &mailbox.name)?.len() > 1 {
            return Err(Error::Invalid("the mailbox has inferiors; delete them first".into()));
        }
        if mailbox.exists as usize > MESSAGES_PER_COMMIT_MAX {
            return Err(Error::Limit("messages in one commit"));
        }
        self.expunge(account, mailbox.id, &UidSet::from_iter([(1, Uid::MAX)]), now_ms())?;
        self.annotations_forget(account, mailbox.id)?;
        self.acl_forget(account, mailbox.id)?;
        if mailbox.subscribed {
            self.subscription_lapse(account, &mailbox.name);
        }
        self.delete(Tree::Mailbox, &keys::recent(account, mailbox.id));
        self.delete(Tree::Mailbox, &keys::mailbox(account, mailbox.id));
        self.delete(Tree::Mailbox, &keys::mailbox_name(account, &mailbox.name));
        if let Some(role) = mailbox.role {
            self.delete(Tree::Mailbox, &keys::mailbox_role(account, role as u8));
        }
        let mut record = Account::load(self, account)?;
        record.mailboxes = record.mailboxes.saturating_sub(1);
        record.save(self, account);
        self.note_mailbox(account, mailbox.id)?;
        Ok(())
    }

    /// Sets whether LSUB shows it.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn mailbox_subscribe(&mut self, account: AccountId, name: &str, subscribed: bool) -> Result<(), Error> {
        if !subscribed && self.subscription_revive(account, &canonical(name))? {
            return Ok(());
        }
        let mut mailbox = self.mailbox_by_name(account, name)?;
        if mailbox.subscribed != subscribed {
            mailbox.subscribed = subscribed;
            self.mailbox_save(account, &mailbox);
            self.note_mailbox(account, mailbox.id)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inbox_is_known_in_any_case_as_first_level_only() {
        for (given, kept) in [
            ("inbox", "INBOX"),
            ("Inbox/x", "INBOX/x"),
            ("a/inbox", "a/inbox"),
            ("inboxes", "inboxes"),
            ("INBOX", "INBOX"),
        ] {
            assert_eq!(canonical(given), kept);
            assert_eq!(new_name(given).unwrap(), kept);
        }
    }

    #[test]
    fn names_that_cannot_be_are_refused() {
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        let deep = vec!["x"; NAME_LEVELS_MAX + 1].join("/");
        for bad in ["", "/", "/a", "a//b", "a//", "a\0", "a\r\nb", "a\u{85}b", &long, &deep] {
            assert!(matches!(new_name(bad), Err(Error::Invalid(_))), "{bad:?}");
        }
        for good in ["a", "a/b", "a/", "Gelöschte Objekte", "a b", "~x", "100%"] {
            assert!(new_name(good).is_ok(), "{good:?}");
        }
    }
}
