//! The folders of a person, with what is in them (LIST with STATUS, RFC 5819; special use, RFC 6154).

use crate::{
    address,
    imap::{Command, Done, Error, Value, decode_mailbox_name, pair},
    pool::Lease,
};
use httpd::Page;
use std::{cmp::Ordering, collections::HashMap};

/// What a folder is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    /// Where mail arrives.
    Inbox,
    /// Mail being written.
    Drafts,
    /// Mail that was sent.
    Sent,
    /// Mail that is done with and kept.
    Archive,
    /// Unwanted mail.
    Junk,
    /// Mail to be deleted.
    Trash,
}

impl Role {
    /// The role of an attribute of LIST.
    fn of_attribute(attribute: &Value) -> Option<Self> {
        let roles = [
            ("\\Drafts", Self::Drafts),
            ("\\Sent", Self::Sent),
            ("\\Archive", Self::Archive),
            ("\\Junk", Self::Junk),
            ("\\Trash", Self::Trash),
        ];
        roles.into_iter().find(|(name, _)| attribute.is(name)).map(|(_, role)| role)
    }

    /// Key of its name.
    fn key(self) -> &'static str {
        match self {
            Self::Inbox => "folder-inbox",
            Self::Drafts => "folder-drafts",
            Self::Sent => "folder-sent",
            Self::Archive => "folder-archive",
            Self::Junk => "folder-junk",
            Self::Trash => "folder-trash",
        }
    }

    fn icon(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Drafts => "file-pen",
            Self::Sent => "send",
            Self::Archive => "archive",
            Self::Junk => "octagon-alert",
            Self::Trash => "trash-2",
        }
    }
}

/// A folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    /// Its mailbox name, the way IMAP is told.
    pub(crate) name: String,
    /// What it is for; `None` for the person's own.
    pub(crate) role: Option<Role>,
    /// Levels above it.
    pub(crate) depth: usize,
    /// Whether it holds messages; else it is only a step to others.
    pub(crate) selectable: bool,
    /// Messages.
    pub(crate) total: u64,
    /// Messages that have not been read.
    pub(crate) unread: u64,
    /// Last part of the name.
    last: String,
}

impl Folder {
    /// What the person calls it.
    pub(crate) fn label(&self, page: &Page) -> String {
        self.role.map_or_else(|| self.last.clone(), |role| page.t(role.key()))
    }

    /// With the folders above it, for choosing among all.
    pub(crate) fn path(&self, page: &Page) -> String {
        match self.role {
            Some(role) if self.depth == 0 => page.t(role.key()),
            _ => self.name.replace('/', " / "),
        }
    }

    /// Its icon in the sprite.
    pub(crate) fn icon(&self) -> &'static str {
        self.role.map_or("folder", Role::icon)
    }

    /// Address of its list.
    pub(crate) fn address(&self) -> String {
        address::mailbox(&self.name)
    }

    /// The number beside it: drafts are counted whole; what is junk, sent or deleted calls for no attention.
    pub(crate) fn count(&self) -> u64 {
        match self.role {
            Some(Role::Drafts) => self.total,
            Some(Role::Sent | Role::Trash) => 0,
            _ => self.unread,
        }
    }

    /// The same in words.
    pub(crate) fn count_text(&self, page: &Page) -> String {
        let key = if self.is(Role::Drafts) { "folder-count" } else { "folder-unread" };
        page.t1(key, "count", self.count())
    }

    /// How far it is indented, at most four steps.
    pub(crate) fn level(&self) -> usize {
        self.depth.min(4)
    }

    /// Whether messages are written in it, and none are moved there.
    pub(crate) fn is_drafts(&self) -> bool {
        self.is(Role::Drafts)
    }

    /// Whether it is of that role.
    pub(crate) fn is(&self, role: Role) -> bool {
        self.role == Some(role)
    }
}

/// All folders, in the order they are shown in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folders(Vec<Folder>);

impl Folders {
    /// Asks for them.
    pub(crate) async fn load(lease: &mut Lease) -> Result<Self, Error> {
        let command = Command::new(r#"LIST "" "*" RETURN (SPECIAL-USE STATUS (MESSAGES UNSEEN))"#);
        Ok(Self::read(&lease.run(command).await?))
    }

    /// Reads LIST and STATUS responses.
    fn read(done: &Done) -> Self {
        let status: HashMap<String, (u64, u64)> = done
            .named("STATUS")
            .filter_map(|values| {
                let items = values.get(1)?.list();
                let number = |name| pair(items, name).and_then(Value::number).unwrap_or_default();
                Some((decode_mailbox_name(&values[0].text()?), (number("MESSAGES"), number("UNSEEN"))))
            })
            .collect();
        let mut folders: Vec<Folder> = done.named("LIST").filter_map(|values| folder(values, &status)).collect();
        sort(&mut folders);
        Self(folders)
    }

    /// All of them.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Folder> {
        self.0.iter()
    }

    /// The folders with a role and what is below them.
    pub(crate) fn common(&self) -> impl Iterator<Item = &Folder> {
        let ranks = ranks(&self.0);
        self.0.iter().filter(move |f| ranks.contains_key(top(&f.name)))
    }

    /// The person's own.
    pub(crate) fn own(&self) -> impl Iterator<Item = &Folder> {
        let ranks = ranks(&self.0);
        self.0.iter().filter(move |f| !ranks.contains_key(top(&f.name)))
    }

    /// Whether messages there belong to conversations that are read elsewhere: what is deleted, unwanted or not yet written does
    /// not.
    pub(crate) fn is_conversed_in(&self, name: &str) -> bool {
        !self.get(name).is_some_and(|f| matches!(f.role, Some(Role::Trash | Role::Junk | Role::Drafts)))
    }

    /// The folder of a mailbox name.
    pub(crate) fn get(&self, name: &str) -> Option<&Folder> {
        self.0.iter().find(|f| f.name == name)
    }

    /// Name of the mailbox of a role.
    pub(crate) fn of_role(&self, role: Role) -> Option<&str> {
        self.0.iter().find(|f| f.role == Some(role)).map(|f| f.name.as_str())
    }
}

fn folder(values: &[Value], status: &HashMap<String, (u64, u64)>) -> Option<Folder> {
    let [attributes, separator, name, ..] = values else { return None };
    let name = decode_mailbox_name(&name.text()?);
    let attributes = attributes.list();
    let has = |wanted: &str| attributes.iter().any(|a| a.is(wanted));
    if has("\\NonExistent") && has("\\HasNoChildren") {
        return None;
    }
    let role = match name.as_str() {
        "INBOX" => Some(Role::Inbox),
        _ => attributes.iter().find_map(Role::of_attribute),
    };
    let parts: Vec<&str> = match separator.text().and_then(|s| s.chars().next()) {
        Some(separator) => name.split(separator).collect(),
        None => vec![&name],
    };
    let (total, unread) = status.get(&name).copied().unwrap_or_default();
    Some(Folder {
        role,
        depth: parts.len() - 1,
        selectable: !has("\\Noselect") && !has("\\NonExistent"),
        total,
        unread,
        last: parts.last().map(|p| (*p).to_owned()).unwrap_or_default(),
        name,
    })
}

fn top(name: &str) -> &str {
    name.split('/').next().unwrap_or_default()
}

/// Place of the folders with a role among all, by name.
fn ranks(folders: &[Folder]) -> HashMap<String, Role> {
    folders.iter().filter(|f| f.depth == 0).filter_map(|f| Some((f.name.clone(), f.role?))).collect()
}

/// Folders with a role first, in a fixed order, each followed by what is below it; then the person's own by name.
fn sort(folders: &mut [Folder]) {
    let ranks = ranks(folders);
    let rank = |f: &Folder| ranks.get(top(&f.name)).map_or(usize::MAX, |role| *role as usize);
    folders.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| by_name(&a.name, &b.name)));
}

/// Level by level, so that what is below a folder follows it; capitals make no difference.
fn by_name(a: &str, b: &str) -> Ordering {
    let levels = |name: &str| -> Vec<String> { name.split('/').map(str::to_lowercase).collect() };
    levels(a).cmp(&levels(b)).then_with(|| a.cmp(b))
}
