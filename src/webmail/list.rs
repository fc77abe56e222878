//! `GET /mail/{mailbox}`: a page of the messages of a mailbox, newest first, or of what a search finds in it.

use crate::{
    address,
    conversation::Conversation,
    folders::Folders,
    imap::{Command, Error, Selected, Value, pair},
    jobs::Shown,
    members,
    pool::Lease,
    results::Results,
    row::Row,
    search::{QUERY_CHARS_MAX, Query},
    shell::Shell,
    uid_set::UidSet,
    undo::Undo,
    visit::Visit,
};
use actix_web::{HttpResponse, web};
use askama::Template;
use httpd::{Fault, Page};
use serde::Deserialize;

/// Messages on a page.
pub(crate) const PER_PAGE: u32 = 50;
/// Messages that make up a page of conversations, which are fewer.
const PER_PAGE_OF_CONVERSATIONS: u32 = 100;
/// Older messages of conversations that are looked at for one page, beyond those that it is made of.
const OLDER_MAX: usize = 300;

/// Which page of a list.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Place {
    /// Search; empty for all messages.
    #[serde(default)]
    pub(crate) q: String,
    /// From 1 for the newest.
    #[serde(default)]
    pub(crate) page: u32,
    /// 1 to search in all folders.
    #[serde(default)]
    pub(crate) across: u8,
}

impl Place {
    /// `?q=...&page=2`, without what goes without saying.
    pub(crate) fn query(&self) -> String {
        let q = (!self.q.is_empty()).then(|| format!("q={}", address::segment(&self.q)));
        let across = self.is_across().then(|| "across=1".to_owned());
        let page = (self.page > 1).then(|| format!("page={}", self.page));
        let parts: Vec<String> = q.into_iter().chain(across).chain(page).collect();
        if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
    }

    /// Whether all folders are searched.
    pub(crate) fn is_across(&self) -> bool {
        self.across == 1 && !self.q.is_empty()
    }
}

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Name of the mailbox.
    pub(crate) mailbox: String,
    /// UIDVALIDITY that the UIDs hold under.
    pub(crate) validity: u32,
    /// Which page it is.
    pub(crate) place: Place,
    /// The messages, newest first.
    pub(crate) rows: Vec<Row>,
    /// All messages, or all that were found.
    pub(crate) total: u64,
    /// UID of the message that is open beside the list; 0 for none.
    pub(crate) open: u32,
    /// The place as the addresses of its messages have it.
    pub(crate) query: String,
    /// Messages that were in the mailbox.
    pub(crate) exists: u32,
    /// What was found in all folders, where that was asked.
    pub(crate) results: Option<Results>,
    per_page: u32,
    shown: u64,
}

impl Listing {
    /// Reads a page over a connection that has the mailbox open. With the folders for
    /// `conversations`, messages that belong together are one row, except among what was found, where each is wanted for itself.
    pub(crate) async fn load(
        lease: &mut Lease,
        selected: &Selected,
        place: &Place,
        conversations: Option<&Folders>,
    ) -> Result<Self, Error> {
        let mut place = place.clone();
        place.q = place.q.chars().take(QUERY_CHARS_MAX).collect::<String>().trim().to_owned();
        if place.is_across()
            && Results::can(lease)
            && let Some(query) = Query::read(&place.q)
        {
            return Self::across(lease, selected, place, &query).await;
        }
        let conversations = conversations.filter(|_| lease.can(members::ITEM));
        let (per_page, (total, mut rows)) = match Query::read(&place.q) {
            Some(query) => (PER_PAGE, found(lease, &query, &mut place).await?),
            None if conversations.is_some() => {
                let items = Row::items_of_conversations(lease);
                let per_page = PER_PAGE_OF_CONVERSATIONS;
                (per_page, newest(lease, selected.exists, &mut place, per_page, &items).await?)
            }
            None => {
                let items = Row::items(lease);
                (PER_PAGE, newest(lease, selected.exists, &mut place, PER_PAGE, &items).await?)
            }
        };
        let shown = rows.len() as u64;
        if let Some(folders) = conversations.filter(|_| place.q.is_empty()) {
            fold(lease, &selected.name, folders, &mut rows).await?;
        }
        let query = place.query();
        Ok(Self {
            mailbox: selected.name.clone(),
            validity: selected.uid_validity,
            place,
            rows,
            total,
            open: 0,
            query,
            exists: selected.exists,
            results: None,
            per_page,
            shown,
        })
    }

    /// A page of what is found in all folders. The mailbox that was open is open again afterwards.
    async fn across(lease: &mut Lease, selected: &Selected, mut place: Place, query: &Query) -> Result<Self, Error> {
        let folders = Folders::load(lease).await?;
        let (total, page, results) = Results::load(lease, query, &folders, place.page).await?;
        lease.open(&selected.name).await?;
        place.page = page;
        Ok(Self {
            mailbox: selected.name.clone(),
            validity: selected.uid_validity,
            query: place.query(),
            place,
            rows: Vec::new(),
            total,
            open: 0,
            exists: selected.exists,
            per_page: PER_PAGE,
            shown: results.rows.len() as u64,
            results: Some(results),
        })
    }

    /// Whether it is the message that is open beside the list.
    pub(crate) fn is_open(&self, mailbox: &str, uid: &u32) -> bool {
        self.open == *uid && self.mailbox == mailbox
    }

    /// Address of this page.
    pub(crate) fn address(&self) -> String {
        self.address_of(self.place.page)
    }

    fn address_of(&self, page: u32) -> String {
        format!("{}{}", address::mailbox(&self.mailbox), Place { page, ..self.place.clone() }.query())
    }

    /// Address of the page of newer messages.
    pub(crate) fn newer(&self) -> Option<String> {
        (self.place.page > 1).then(|| self.address_of(self.place.page - 1))
    }

    /// Address of the page of older messages.
    pub(crate) fn older(&self) -> Option<String> {
        (self.last() < self.total).then(|| self.address_of(self.place.page + 1))
    }

    /// Which messages of how many, as in `51–100 / 12,345`.
    pub(crate) fn extent(&self, page: &Page) -> String {
        format!("{}–{} / {}", page.number(self.first()), page.number(self.last()), page.number(self.total))
    }

    /// Number of the first message of the page.
    fn first(&self) -> u64 {
        skipped(self.place.page, self.per_page) + 1
    }

    /// Number of the last message of the page.
    fn last(&self) -> u64 {
        skipped(self.place.page, self.per_page) + self.shown
    }

    /// Whether there are more than this page shows.
    pub(crate) fn is_part(&self) -> bool {
        self.shown < self.total
    }

    /// Whether it is the result of a search.
    pub(crate) fn is_search(&self) -> bool {
        !self.place.q.is_empty()
    }
}

fn skipped(page: u32, per_page: u32) -> u64 {
    u64::from(page.max(1) - 1) * u64::from(per_page)
}

/// Keeps the page number within what there is.
fn clamp(place: &mut Place, total: u64, per_page: u32) {
    let last = total.div_ceil(u64::from(per_page)).max(1);
    place.page = place.page.clamp(1, u32::try_from(last).unwrap_or(u32::MAX));
}

/// A page by sequence numbers: nothing but its own messages is looked at.
async fn newest(
    lease: &mut Lease,
    exists: u32,
    place: &mut Place,
    per_page: u32,
    items: &str,
) -> Result<(u64, Vec<Row>), Error> {
    clamp(place, u64::from(exists), per_page);
    let last = exists - u32::try_from(skipped(place.page, per_page)).unwrap_or(exists).min(exists);
    if last == 0 {
        return Ok((0, Vec::new()));
    }
    let first = last.saturating_sub(per_page - 1).max(1);
    let command = Command::new(format!("FETCH {first}:{last} ({items})"));
    Ok((u64::from(exists), rows(lease, command).await?))
}

/// Leaves of each conversation the row of its newest message, which stands for all of it in this mailbox. The others are
/// looked at for who wrote and whether they are read.
async fn fold(lease: &mut Lease, mailbox: &str, folders: &Folders, rows: &mut Vec<Row>) -> Result<(), Error> {
    rows.retain_mut(|row| row.stands_for_conversation(mailbox, folders));
    let older = rows.iter().fold(UidSet::default(), |all, row| match row.uids.len() {
        0 | 1 => all,
        _ => all.joined_with(row.uids.clone()),
    });
    let older = older.newest(0, OLDER_MAX);
    if older.is_empty() {
        return Ok(());
    }
    let done = lease.run(Command::new(format!("UID FETCH {} (UID FLAGS ENVELOPE)", older.text()))).await?;
    for (_, items) in done.fetches() {
        let uid =
            pair(items, "UID").and_then(Value::number).and_then(|uid| u32::try_from(uid).ok()).unwrap_or_default();
        if let Some(row) = rows.iter_mut().find(|row| row.uid != uid && row.uids.contains(uid)) {
            row.take_older(items);
        }
    }
    Ok(())
}

async fn found(lease: &mut Lease, query: &Query, place: &mut Place) -> Result<(u64, Vec<Row>), Error> {
    let command = query.command(lease.can("ESEARCH"));
    let uids = UidSet::found(&lease.run(command).await?);
    clamp(place, uids.len(), PER_PAGE);
    let shown = uids.newest(skipped(place.page, PER_PAGE), PER_PAGE as usize);
    if shown.is_empty() {
        return Ok((uids.len(), Vec::new()));
    }
    let command = Command::new(format!("UID FETCH {} ({})", shown.text(), Row::items(lease)));
    Ok((uids.len(), rows(lease, command).await?))
}

async fn rows(lease: &mut Lease, command: Command) -> Result<Vec<Row>, Error> {
    let done = lease.run(command).await?;
    // The server may tell flags of any message in between; what has no envelope is not a row.
    let is_row = |items: &&[crate::imap::Value]| crate::imap::pair(items, "ENVELOPE").is_some();
    let mut rows: Vec<Row> = done.fetches().map(|(_, items)| items).filter(is_row).filter_map(Row::of).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.uid));
    rows.dedup_by_key(|row| row.uid);
    Ok(rows)
}

/// The whole page: folders, list, and the message that is open.
#[derive(Template)]
#[template(path = "webmail/mailbox.html")]
pub(crate) struct MailboxPage<'a> {
    pub(crate) page: &'a Page,
    pub(crate) shell: &'a Shell,
    pub(crate) list: &'a Listing,
    pub(crate) reading: Option<&'a Conversation>,
    pub(crate) undo: Option<&'a Undo>,
}

/// What htmx puts into `#list`, with the folders and the title.
#[derive(Template)]
#[template(path = "webmail/list_part.html")]
pub(crate) struct ListPart<'a> {
    pub(crate) page: &'a Page,
    pub(crate) shell: &'a Shell,
    pub(crate) list: &'a Listing,
    pub(crate) undo: Option<&'a Undo>,
    /// Work that was begun.
    pub(crate) job: Option<&'a Shown<'a>>,
    /// Whether the message that was open is not there any more.
    pub(crate) closes: bool,
}

/// `GET /mail/{mailbox}`
pub(crate) async fn show(
    visit: Visit,
    mailbox: web::Path<String>,
    place: web::Query<Place>,
    undo: web::Query<Undo>,
) -> Result<HttpResponse, Fault> {
    let (mut lease, selected) = visit.open(&mailbox).await?;
    let mut shell = Shell::load(&mut lease, &mailbox).await?;
    let list = Listing::load(&mut lease, &selected, &place, shell.conversations()).await?;
    drop(lease);
    shell.query.clone_from(&list.place.q);
    if visit.is_fragment && visit.target.as_deref() == Some("list") {
        let shell = shell.into_part();
        return httpd::render(&ListPart {
            page: &visit.page,
            shell: &shell,
            list: &list,
            undo: None,
            job: None,
            closes: false,
        });
    }
    let undo = undo.into_inner().shown();
    httpd::render(&MailboxPage { page: &visit.page, shell: &shell, list: &list, reading: None, undo: undo.as_ref() })
}
