//! `GET /mail/{mailbox}`: a page of the messages of a mailbox, newest first, or of what a search finds in it.

use crate::{
    address,
    imap::{Command, Error, Selected},
    message::Reading,
    pool::Lease,
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

/// Which page of a list.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Place {
    /// Search; empty for all messages.
    #[serde(default)]
    pub(crate) q: String,
    /// From 1 for the newest.
    #[serde(default)]
    pub(crate) page: u32,
}

impl Place {
    /// `?q=...&page=2`, without what goes without saying.
    pub(crate) fn query(&self) -> String {
        let q = (!self.q.is_empty()).then(|| format!("q={}", address::segment(&self.q)));
        let page = (self.page > 1).then(|| format!("page={}", self.page));
        let parts: Vec<String> = q.into_iter().chain(page).collect();
        if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
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
}

impl Listing {
    /// Reads a page over a connection that has the mailbox open.
    pub(crate) async fn load(lease: &mut Lease, selected: &Selected, place: &Place) -> Result<Self, Error> {
        let mut place = place.clone();
        place.q = place.q.chars().take(QUERY_CHARS_MAX).collect::<String>().trim().to_owned();
        let (total, rows) = match Query::read(&place.q) {
            Some(query) => found(lease, &query, &mut place).await?,
            None => newest(lease, selected.exists, &mut place).await?,
        };
        let mailbox = selected.name.clone();
        let query = place.query();
        Ok(Self { mailbox, validity: selected.uid_validity, place, rows, total, open: 0, query })
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
        skipped(self.place.page) + 1
    }

    /// Number of the last message of the page.
    fn last(&self) -> u64 {
        skipped(self.place.page) + self.rows.len() as u64
    }

    /// Whether it is the result of a search.
    pub(crate) fn is_search(&self) -> bool {
        !self.place.q.is_empty()
    }
}

fn skipped(page: u32) -> u64 {
    u64::from(page.max(1) - 1) * u64::from(PER_PAGE)
}

/// Keeps the page number within what there is.
fn clamp(place: &mut Place, total: u64) {
    let last = total.div_ceil(u64::from(PER_PAGE)).max(1);
    place.page = place.page.clamp(1, u32::try_from(last).unwrap_or(u32::MAX));
}

/// A page by sequence numbers: nothing but its own messages is looked at.
async fn newest(lease: &mut Lease, exists: u32, place: &mut Place) -> Result<(u64, Vec<Row>), Error> {
    clamp(place, u64::from(exists));
    let last = exists - u32::try_from(skipped(place.page)).unwrap_or(exists).min(exists);
    if last == 0 {
        return Ok((0, Vec::new()));
    }
    let first = last.saturating_sub(PER_PAGE - 1).max(1);
    let command = Command::new(format!("FETCH {first}:{last} ({})", Row::items(lease)));
    Ok((u64::from(exists), rows(lease, command).await?))
}

async fn found(lease: &mut Lease, query: &Query, place: &mut Place) -> Result<(u64, Vec<Row>), Error> {
    let command = query.command(lease.can("ESEARCH"));
    let uids = UidSet::found(&lease.run(command).await?);
    clamp(place, uids.len());
    let shown = uids.newest(skipped(place.page), PER_PAGE as usize);
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
    pub(crate) reading: Option<&'a Reading>,
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
    let list = Listing::load(&mut lease, &selected, &place).await?;
    let mut shell = Shell::load(&mut lease, &mailbox).await?;
    drop(lease);
    shell.query.clone_from(&list.place.q);
    if visit.is_fragment && visit.target.as_deref() == Some("list") {
        let shell = shell.into_part();
        return httpd::render(&ListPart { page: &visit.page, shell: &shell, list: &list, undo: None, closes: false });
    }
    let undo = undo.into_inner().shown();
    httpd::render(&MailboxPage { page: &visit.page, shell: &shell, list: &list, reading: None, undo: undo.as_ref() })
}
