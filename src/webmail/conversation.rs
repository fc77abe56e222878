//! What is read: a message, with the others of its conversation from all folders. Those that are new and the last are open; of
//! the others there is a line each, and each opens by itself (`GET /mail/{mailbox}/{uid}/card`).

use crate::{
    address,
    body::View,
    envelope::{Contact, Envelope, Flags},
    imap::{Command, Error, Value, pair},
    list::Place,
    members::Members,
    message::Reading,
    pool::Lease,
    settings::Settings,
    shell::Shell,
    uid_set::UidSet,
    visit::Visit,
};
use actix_web::{HttpResponse, web};
use askama::Template;
use httpd::{Fault, Instant, Page};
use serde::Deserialize;
use std::collections::HashSet;

/// Messages of a conversation that are shown: the newest.
const CARDS_MAX: usize = 100;
/// Messages that are open when the page opens.
const OPEN_MAX: usize = 8;

/// A message of a conversation: read whole, or a line.
#[derive(Debug)]
pub(crate) struct Card {
    /// Name of its mailbox.
    pub(crate) mailbox: String,
    /// What the person calls that mailbox, when it is not the one that the conversation was opened from.
    pub(crate) elsewhere: Option<String>,
    /// UID.
    pub(crate) uid: u32,
    /// Flags, as they were before it was opened.
    pub(crate) flags: Flags,
    /// First words.
    pub(crate) preview: String,
    /// The message, when it is open.
    pub(crate) reading: Option<Reading>,
    envelope: Envelope,
    received: i64,
}

impl Card {
    fn of(mailbox: &str, items: &[Value]) -> Option<Self> {
        let received = pair(items, "INTERNALDATE").and_then(Value::text).and_then(|d| mail::date::parse_imap(&d));
        let envelope = Envelope::of(items);
        Some(Self {
            mailbox: mailbox.to_owned(),
            elsewhere: None,
            uid: pair(items, "UID").and_then(Value::number).and_then(|uid| u32::try_from(uid).ok())?,
            flags: Flags::of(items),
            preview: pair(items, "PREVIEW").and_then(Value::text).unwrap_or_default(),
            reading: None,
            received: received.or(envelope.date).unwrap_or_default(),
            envelope,
        })
    }

    /// Who wrote it.
    pub(crate) fn sender(&self, page: &Page) -> String {
        self.envelope.from.first().map_or_else(|| page.t("no-sender"), |contact| contact.label().to_owned())
    }

    /// Letters for the round mark.
    pub(crate) fn initials(&self) -> String {
        self.envelope.from.first().map(Contact::initials).unwrap_or_default()
    }

    /// When it was sent.
    pub(crate) fn date(&self, page: &Page) -> Instant {
        page.instant(self.envelope.date.unwrap_or(self.received))
    }

    /// Name of the element that holds it.
    pub(crate) fn id(&self) -> String {
        card_id(&self.mailbox, self.uid)
    }

    /// Address of the card alone, as part of what was opened from `within`.
    pub(crate) fn card_address(&self, within: &str) -> String {
        format!("{}?within={}", address::of_message(&self.mailbox, self.uid, "card"), address::segment(within))
    }

    /// Where it can be read or gone on with without scripts.
    pub(crate) fn address(&self) -> String {
        match self.flags.draft {
            true => address::of_message(&self.mailbox, self.uid, "edit"),
            false => address::message(&self.mailbox, self.uid),
        }
    }
}

/// Name of the element that holds a message; letters and figures only, whatever the mailbox is called.
pub(crate) fn card_id(mailbox: &str, uid: u32) -> String {
    format!("card-{}-{uid}", &blake3::hash(mailbox.as_bytes()).to_hex()[..8])
}

/// What the reading pane shows.
#[derive(Debug)]
pub(crate) struct Conversation {
    /// Name of the mailbox it was opened from.
    pub(crate) mailbox: String,
    /// UIDVALIDITY there.
    pub(crate) validity: u32,
    /// The message that was asked for.
    pub(crate) uid: u32,
    /// Its messages in that mailbox, which actions are about.
    pub(crate) uids: UidSet,
    /// Its messages, oldest first.
    pub(crate) cards: Vec<Card>,
    /// Older messages that are not shown.
    pub(crate) left_out: usize,
    /// The list it was opened from.
    pub(crate) place: Place,
}

impl Conversation {
    /// Reads a message and the conversation it is part of, and marks as read what is shown whole. `None` when it is gone.
    async fn load(
        visit: &Visit,
        mailbox: &str,
        uid: u32,
        view: View,
        place: &Place,
        shell: &Shell,
    ) -> Result<Option<Self>, Fault> {
        let folders = shell.conversations();
        let (mut lease, selected) = visit.open(mailbox).await?;
        let validity = selected.uid_validity;
        let members = match folders {
            Some(_) => thread(&mut lease, uid).await?,
            None => None,
        };
        let mut members = members.unwrap_or_default();
        if let Some(folders) = folders {
            members.retain(|name| name == mailbox || folders.is_conversed_in(name));
        }
        let here = members.within(mailbox);
        let uids = if here.contains(uid) { here } else { UidSet::of([uid]) };
        let alone = UidSet::of([uid]);
        let mut cards = briefs(&mut lease, mailbox, if members.len() > 1 { &uids } else { &alone }).await?;
        if !cards.iter().any(|card| card.uid == uid) {
            return Ok(None);
        }
        drop(lease);
        for (name, set) in members.iter().filter(|(name, _)| name != mailbox) {
            let (mut lease, _) = match visit.open(name).await {
                Err(Error::No { .. }) => continue,
                opened => opened?,
            };
            let label = folders.and_then(|f| f.get(name)).map_or_else(|| name.clone(), |f| f.label(&visit.page));
            let others = briefs(&mut lease, name, set).await?;
            cards.extend(others.into_iter().map(|card| Card { elsewhere: Some(label.clone()), ..card }));
        }
        let mut conversation =
            Self { mailbox: mailbox.to_owned(), validity, uid, uids, cards, left_out: 0, place: place.clone() };
        conversation.arrange();
        conversation.open_some(visit, view, &shell.settings).await?;
        Ok(Some(conversation))
    }

    /// Oldest first, copies of one message once, and not more than can be looked at.
    fn arrange(&mut self) {
        let mut seen = HashSet::new();
        // The one in this mailbox is met first and stays.
        self.cards.retain(|card| {
            let id = card.envelope.message_id.clone();
            id.is_empty() || (card.elsewhere.is_none() && card.uid == self.uid) || seen.insert(id)
        });
        self.cards.sort_by_key(|card| (card.envelope.date.unwrap_or(card.received), card.uid));
        let asked = |card: &Card| card.elsewhere.is_none() && card.uid == self.uid;
        if self.cards.len() > CARDS_MAX {
            let at = self.cards.iter().position(asked).unwrap_or_default();
            let first = (self.cards.len() - CARDS_MAX).min(at);
            self.cards.drain(..first);
            self.cards.truncate(CARDS_MAX);
            self.left_out = first;
        }
    }

    /// Reads those that are new, the last, and the one that was asked for.
    async fn open_some(&mut self, visit: &Visit, view: View, settings: &Settings) -> Result<(), Fault> {
        let last = self.cards.iter().rposition(|card| !card.flags.draft);
        let mut open = 0;
        for index in (0..self.cards.len()).rev() {
            let card = &mut self.cards[index];
            let is_asked = card.elsewhere.is_none() && card.uid == self.uid;
            let is_new = !card.flags.seen && !card.flags.draft && open < OPEN_MAX;
            if is_asked || is_new || Some(index) == last {
                let view = if is_asked { view } else { View::default() };
                let (mut lease, selected) = visit.open(&card.mailbox).await?;
                let which = (card.mailbox.as_str(), selected.uid_validity, card.uid);
                let context = (&visit.page, settings, visit.state.hostname.as_str());
                card.reading = Reading::load(&mut lease, which, view, &self.place, context).await?;
                open += 1;
            }
        }
        Ok(())
    }

    /// The message that names the conversation.
    fn asked(&self) -> Option<&Reading> {
        let asked = self.cards.iter().find(|card| card.elsewhere.is_none() && card.uid == self.uid);
        asked.and_then(|card| card.reading.as_ref())
    }

    /// Subject, or words for none.
    pub(crate) fn subject(&self, page: &Page) -> String {
        self.asked().map_or_else(|| page.t("no-subject"), |reading| reading.subject(page))
    }

    /// Whether it is more than one message.
    pub(crate) fn is_several(&self) -> bool {
        self.cards.len() > 1
    }

    /// The newest message, which is answered from the bar above.
    pub(crate) fn newest(&self) -> Option<&Reading> {
        self.cards.iter().rev().find_map(|card| card.reading.as_ref())
    }

    /// Whether any of its messages here has a star.
    pub(crate) fn is_starred(&self) -> bool {
        self.cards.iter().any(|card| card.elsewhere.is_none() && card.flags.starred)
    }

    /// What the star is about: the newest message here gets it, and all of them lose it.
    pub(crate) fn star_uids(&self) -> String {
        match self.is_starred() {
            true => self.uids.text(),
            false => self.uids.last().unwrap_or(self.uid).to_string(),
        }
    }

    /// UIDs of its messages in its mailbox, as forms have them.
    pub(crate) fn uid_text(&self) -> String {
        self.uids.text()
    }

    /// The message that its row in the list is named after.
    pub(crate) fn row_uid(&self) -> u32 {
        self.uids.last().unwrap_or(self.uid)
    }

    /// Address of the list it was opened from.
    pub(crate) fn back(&self) -> String {
        format!("{}{}", address::mailbox(&self.mailbox), self.place.query())
    }
}

async fn thread(lease: &mut Lease, uid: u32) -> Result<Option<Members>, Error> {
    let item = Members::item(lease);
    if item.is_empty() {
        return Ok(None);
    }
    Ok(lease.fetch_one(uid, &format!("UID{item}")).await?.and_then(|items| Members::of(&items)))
}

/// Lines of messages.
async fn briefs(lease: &mut Lease, mailbox: &str, uids: &UidSet) -> Result<Vec<Card>, Error> {
    let preview = if lease.can("PREVIEW") { " PREVIEW" } else { "" };
    let items = format!("UID FLAGS INTERNALDATE ENVELOPE{preview}");
    let done = lease.run(Command::new(format!("UID FETCH {} ({items})", uids.text()))).await?;
    let is_told = |items: &&[Value]| pair(items, "ENVELOPE").is_some();
    Ok(done.fetches().map(|(_, items)| items).filter(is_told).filter_map(|items| Card::of(mailbox, items)).collect())
}

/// What htmx puts into `#reader`.
#[derive(Template)]
#[template(path = "webmail/message_part.html")]
struct ConversationPart<'a> {
    page: &'a Page,
    shell: &'a Shell,
    reading: &'a Conversation,
}

/// `GET /mail/{mailbox}/{uid}`: a message to read with its conversation, beside its list where there is room.
pub(crate) async fn show(
    visit: Visit,
    path: web::Path<(String, u32)>,
    place: web::Query<Place>,
    view: web::Query<View>,
) -> Result<HttpResponse, Fault> {
    let (mailbox, uid) = path.into_inner();
    let mut lease = visit.imap().await?;
    let shell = Shell::load(&mut lease, &mailbox).await?;
    drop(lease);
    let reading = Conversation::load(&visit, &mailbox, uid, *view, &place, &shell).await?;
    let reading = reading.ok_or(Fault::NotFound)?;
    // The folders are read again after the messages, so that these are not counted as unread any more.
    let (mut lease, selected) = visit.open(&mailbox).await?;
    let mut shell = Shell::with(&mut lease, &mailbox, shell.settings).await?;
    if visit.is_fragment && visit.target.as_deref() == Some("reader") {
        let shell = shell.into_part();
        return httpd::render(&ConversationPart { page: &visit.page, shell: &shell, reading: &reading });
    }
    let mut list = crate::list::Listing::load(&mut lease, &selected, &place, shell.conversations()).await?;
    drop(lease);
    list.open = reading.row_uid();
    shell.query.clone_from(&list.place.q);
    let reading = Some(&reading);
    httpd::render(&crate::list::MailboxPage { page: &visit.page, shell: &shell, list: &list, reading, undo: None })
}

/// One message of a conversation, for htmx to put in place of its line.
#[derive(Template)]
#[template(path = "webmail/card_part.html")]
struct CardPart<'a> {
    page: &'a Page,
    shell: &'a Shell,
    card: &'a Card,
    message: &'a Reading,
    /// Whether it can be closed, so that others are easier to see.
    several: bool,
}

/// Which card.
#[derive(Deserialize)]
pub(crate) struct Asked {
    /// The mailbox that the conversation was opened from.
    #[serde(default)]
    within: String,
    /// Whether it is one of several.
    #[serde(default)]
    alone: u8,
}

/// `GET /mail/{mailbox}/{uid}/card`
pub(crate) async fn card(
    visit: Visit,
    path: web::Path<(String, u32)>,
    view: web::Query<View>,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, Fault> {
    let (mailbox, uid) = path.into_inner();
    let asked = asked.into_inner();
    let (mut lease, selected) = visit.open(&mailbox).await?;
    let mut cards = briefs(&mut lease, &mailbox, &UidSet::of([uid])).await?;
    let mut card = cards.pop().ok_or(Fault::NotFound)?;
    let which = (mailbox.as_str(), selected.uid_validity, uid);
    let settings = Settings::load(&mut lease).await?;
    let context = (&visit.page, &settings, visit.state.hostname.as_str());
    let message = Reading::load(&mut lease, which, *view, &Place::default(), context).await?;
    let message = message.ok_or(Fault::NotFound)?;
    let shell = Shell::with(&mut lease, &asked.within, settings).await?.into_part();
    drop(lease);
    if asked.within != mailbox {
        card.elsewhere = Some(shell.folders.get(&mailbox).map_or(mailbox, |folder| folder.label(&visit.page)));
    }
    httpd::render(&CardPart {
        page: &visit.page,
        shell: &shell,
        card: &card,
        message: &message,
        several: asked.alone == 0,
    })
}
