//! What a client has asked to be told of by NOTIFY (RFC 5465), and the news since it was last told.

use crate::{
    proto::notify::{Events, Filter, Group, NotifySet},
    selected::Expunges,
};
use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};
use store::{AccountId, Error, Mailbox, MailboxId, ModSeq, Store};
use tokio::sync::watch;

/// What is watched.
pub(crate) struct Notify {
    groups: Vec<Group>,
    account: AccountId,
    /// Moves when anything of the account changes.
    pub(crate) changes: watch::Receiver<ModSeq>,
    /// The same for the account whose mailbox is selected, when it is another's.
    pub(crate) shared: Option<watch::Receiver<ModSeq>>,
    /// What the client was told last.
    told: State,
}

/// What there was at one time.
#[derive(Default)]
struct State {
    mailboxes: BTreeMap<MailboxId, Mailbox>,
    /// Names of annotations with a hash of the value; empty where nobody asks. `None` is the account itself.
    annotations: BTreeMap<Option<MailboxId>, BTreeMap<String, u64>>,
}

/// Something to be told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum News {
    /// STATUS; with the mod-sequence when changes of flags are asked for.
    Status(Box<Mailbox>, bool),
    /// LIST of a mailbox, with the name that it had before.
    Named(Box<Mailbox>, Option<String>),
    /// LIST of a mailbox that is gone.
    Gone(String),
    /// METADATA: the names of what changed, of a mailbox or of the server.
    Metadata(String, Vec<String>),
}

impl Notify {
    /// Begins to watch. What changes from here on is news.
    pub(crate) fn begin(store: &Store, account: AccountId, set: NotifySet) -> Result<Self, Error> {
        let mut notify =
            Self { groups: set.groups, account, changes: store.watch(account), shared: None, told: State::default() };
        notify.changes.mark_unchanged();
        notify.told = notify.state(store)?;
        Ok(notify)
    }

    /// What is watched of the selected mailbox, and when expunges of it may be told; `None` when the client did not say.
    pub(crate) fn selected(&self) -> Option<(&Events, Expunges)> {
        self.groups.iter().find_map(|group| match group.filter {
            Filter::Selected => Some((&group.events, Expunges::Sent)),
            Filter::SelectedDelayed => Some((&group.events, Expunges::Held)),
            _ => None,
        })
    }

    /// The events that are asked for of a mailbox that is not selected.
    fn events(&self, mailbox: &Mailbox) -> Option<&Events> {
        let name = mailbox.name.as_str();
        let below = |parent: &String| name.strip_prefix(parent.as_str()).is_some_and(|rest| rest.starts_with('/'));
        let group = self.groups.iter().find(|group| match &group.filter {
            Filter::Selected | Filter::SelectedDelayed => false,
            Filter::Inboxes => name == "INBOX",
            Filter::Personal => true,
            Filter::Subscribed => mailbox.subscribed,
            Filter::Subtree(names) => names.iter().any(|parent| parent == name || below(parent)),
            Filter::Mailboxes(names) => names.iter().any(|wanted| wanted == name),
        });
        group.map(|group| &group.events)
    }

    /// STATUS of all that is watched.
    pub(crate) fn initial(&self, selected: Option<MailboxId>) -> Vec<News> {
        let others = self.told.mailboxes.values().filter(|mailbox| Some(mailbox.id) != selected);
        let watched = others.filter_map(|mailbox| {
            let events = self.events(mailbox).filter(|events| events.messages)?;
            Some(News::Status(Box::new(mailbox.clone()), events.flags))
        });
        watched.collect()
    }

    /// What happened since the last call.
    pub(crate) fn news(&mut self, store: &Store, selected: Option<MailboxId>) -> Result<Vec<News>, Error> {
        self.changes.mark_unchanged();
        if let Some(shared) = &mut self.shared {
            shared.mark_unchanged();
        }
        let now = self.state(store)?;
        let mut news = Vec::new();
        for mailbox in now.mailboxes.values() {
            self.news_of(mailbox, selected, &now, &mut news);
        }
        for (id, mailbox) in &self.told.mailboxes {
            if !now.mailboxes.contains_key(id) && self.events(mailbox).is_some_and(|events| events.names) {
                news.push(News::Gone(mailbox.name.clone()));
            }
        }
        if self.groups.iter().any(|group| group.events.server_metadata) {
            let names = changed(self.told.annotations.get(&None), now.annotations.get(&None));
            if !names.is_empty() {
                news.push(News::Metadata(String::new(), names));
            }
        }
        self.told = now;
        Ok(news)
    }

    fn news_of(&self, mailbox: &Mailbox, selected: Option<MailboxId>, now: &State, news: &mut Vec<News>) {
        let Some(events) = self.events(mailbox) else { return };
        let before = self.told.mailboxes.get(&mailbox.id);
        let former = before.map(|before| before.name.clone()).filter(|name| *name != mailbox.name);
        let is_subscribed = before.is_some_and(|before| before.subscribed != mailbox.subscribed);
        if events.names && (before.is_none() || former.is_some()) || events.subscriptions && is_subscribed {
            news.push(News::Named(Box::new(mailbox.clone()), former));
        }
        let numbers = |of: &Mailbox| (of.exists, of.uid_next);
        let moved = before.is_some_and(|before| {
            numbers(before) != numbers(mailbox) || events.flags && before.highest_modseq != mailbox.highest_modseq
        });
        if events.messages && moved && Some(mailbox.id) != selected {
            news.push(News::Status(Box::new(mailbox.clone()), events.flags));
        }
        if events.metadata && before.is_some() {
            let of = Some(mailbox.id);
            let names = changed(self.told.annotations.get(&of), now.annotations.get(&of));
            if !names.is_empty() {
                news.push(News::Metadata(mailbox.name.clone(), names));
            }
        }
    }

    fn state(&self, store: &Store) -> Result<State, Error> {
        let all = store.mailboxes(self.account)?;
        let mut annotations = BTreeMap::new();
        if self.groups.iter().any(|group| group.events.server_metadata) {
            annotations.insert(None, hashes(store, self.account, None)?);
        }
        for mailbox in &all {
            if self.events(mailbox).is_some_and(|events| events.metadata) {
                annotations.insert(Some(mailbox.id), hashes(store, self.account, Some(mailbox.id))?);
            }
        }
        Ok(State { mailboxes: all.into_iter().map(|mailbox| (mailbox.id, mailbox)).collect(), annotations })
    }
}

fn hashes(store: &Store, account: AccountId, of: Option<MailboxId>) -> Result<BTreeMap<String, u64>, Error> {
    let rows = store.annotations(account, of, "")?.into_iter();
    let hashed = rows.map(|(name, value)| {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        (name, hasher.finish())
    });
    Ok(hashed.collect())
}

/// Names that are in one only, or with another value.
fn changed(before: Option<&BTreeMap<String, u64>>, now: Option<&BTreeMap<String, u64>>) -> Vec<String> {
    let none = BTreeMap::new();
    let (before, now) = (before.unwrap_or(&none), now.unwrap_or(&none));
    let mut names: Vec<String> = now.keys().filter(|name| before.get(*name) != now.get(*name)).cloned().collect();
    names.extend(before.keys().filter(|name| !now.contains_key(*name)).cloned());
    names
}
