//! What a search finds in all folders at once, the newest first: by ESEARCH (RFC 7377) with FUZZY (RFC 6203), where the server
//! also tells which of all come first (`X-GATEPOST-NEWEST`).

use crate::{
    folders::Folders,
    highlight::{Marks, Piece},
    imap::{Command, Error, Value, decode_mailbox_name, pair},
    list::PER_PAGE,
    pool::Lease,
    row::Row,
    search::{Query, Scope},
    uid_set::UidSet,
};
use httpd::Page;
use std::collections::BTreeMap;

/// What the server has to offer.
const CAPABILITIES: [&str; 3] = ["MULTISEARCH", "SEARCH=FUZZY", "X-GATEPOST-NEWEST"];

/// A page of what was found.
#[derive(Debug, Default)]
pub(crate) struct Results {
    /// The messages, the newest first.
    pub(crate) rows: Vec<Found>,
    /// Messages that were looked at one by one because the server's index is not done.
    pub(crate) one_by_one: u64,
    /// Whether the server could not search.
    pub(crate) is_failed: bool,
    /// Folders that were asked for and are not there.
    pub(crate) unknown: Option<String>,
    marks: Marks,
}

/// A message that was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// Its mailbox.
    pub(crate) mailbox: String,
    /// The same as people call it.
    folder: Option<crate::folders::Folder>,
    /// What a list shows of it.
    pub(crate) row: Row,
}

impl Found {
    /// Name of its folder.
    pub(crate) fn folder(&self, page: &Page) -> String {
        self.folder.as_ref().map_or_else(|| self.mailbox.clone(), |folder| folder.path(page))
    }

    /// Icon of its folder.
    pub(crate) fn icon(&self) -> &'static str {
        self.folder.as_ref().map_or("folder", crate::folders::Folder::icon)
    }

    /// Whether it is one's own writing: then it matters to whom.
    pub(crate) fn is_own(&self) -> bool {
        use crate::folders::Role::{Drafts, Sent};
        self.folder.as_ref().is_some_and(|folder| folder.is(Sent) || folder.is(Drafts))
    }

    /// Whether it is one that goes on being written.
    pub(crate) fn is_draft(&self) -> bool {
        self.row.flags.draft || self.folder.as_ref().is_some_and(crate::folders::Folder::is_drafts)
    }

    /// Part of the ids of its elements, which differ from those of all other rows.
    pub(crate) fn id(&self) -> String {
        let name: String = self.mailbox.bytes().map(|byte| format!("{byte:02x}")).collect();
        format!("{name}-{}", self.row.uid)
    }
}

impl Results {
    /// Whether a server can be asked.
    pub(crate) fn can(lease: &Lease) -> bool {
        CAPABILITIES.iter().all(|capability| lease.can(capability))
    }

    /// A text with what was looked for marked.
    pub(crate) fn marked(&self, text: impl AsRef<str>) -> Vec<Piece> {
        self.marks.pieces(text.as_ref())
    }

    /// Asks for a page; how many were found in all, and the page that there is.
    pub(crate) async fn load(
        lease: &mut Lease,
        query: &Query,
        folders: &Folders,
        page: u32,
    ) -> Result<(u64, u32, Self), Error> {
        let mut results = Self { marks: Marks::new(query.words()), ..Self::default() };
        let scope = query.scope(folders);
        if let Scope::Unknown(name) = scope {
            results.unknown = Some(name);
            return Ok((0, 1, results));
        }
        let mut page = page.max(1);
        let mut total = 0;
        // The second round is for a page that is not there any more.
        for _ in 0..2 {
            let first = u64::from(page - 1) * u64::from(PER_PAGE) + 1;
            let command = query.command_over(&scope, first, first + u64::from(PER_PAGE) - 1);
            let done = match lease.run(command).await {
                Ok(done) => done,
                Err(Error::No { text, .. }) => {
                    tracing::warn!(text, "a search failed");
                    results.is_failed = true;
                    return Ok((0, 1, results));
                }
                Err(error) => return Err(error),
            };
            results.one_by_one = done.code_of("X-GATEPOST-UNINDEXED").and_then(|count| count.parse().ok()).unwrap_or(0);
            let told = done.named("X-GATEPOST-NEWEST").next().unwrap_or_default();
            total = told.get(1).and_then(Value::number).unwrap_or_default();
            let last = u32::try_from(total.div_ceil(u64::from(PER_PAGE)).max(1)).unwrap_or(u32::MAX);
            if page > last {
                page = last;
                continue;
            }
            results.rows = rows(lease, folders, told.get(2).map_or(&[][..], Value::list)).await?;
            break;
        }
        Ok((total, page, results))
    }
}

/// Reads what lists show of messages in several mailboxes: `mailbox uidvalidity uid ...`.
async fn rows(lease: &mut Lease, folders: &Folders, places: &[Value]) -> Result<Vec<Found>, Error> {
    let mut order: Vec<(String, u32)> = Vec::new();
    for place in places.chunks_exact(3) {
        let number = |value: &Value| value.number().and_then(|number| u32::try_from(number).ok());
        let (Some(name), Some(_), Some(uid)) = (place[0].text(), number(&place[1]), number(&place[2])) else {
            continue;
        };
        order.push((decode_mailbox_name(&name), uid));
    }
    let mut by_mailbox: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (mailbox, uid) in &order {
        by_mailbox.entry(mailbox).or_default().push(*uid);
    }
    let mut read: BTreeMap<(String, u32), Row> = BTreeMap::new();
    for (mailbox, uids) in by_mailbox {
        match lease.open(mailbox).await {
            Ok(_) => {}
            // It has gone since.
            Err(Error::No { .. }) => continue,
            Err(error) => return Err(error),
        }
        let set = UidSet::of(uids);
        let command = Command::new(format!("UID FETCH {} ({})", set.text(), Row::items(lease)));
        let done = lease.run(command).await?;
        let items = done.fetches().map(|(_, items)| items).filter(|items| pair(items, "ENVELOPE").is_some());
        for row in items.filter_map(Row::of) {
            read.insert((mailbox.to_owned(), row.uid), row);
        }
    }
    let found = order.into_iter().filter_map(|place| {
        let row = read.remove(&place)?;
        let (mailbox, _) = place;
        Some(Found { folder: folders.get(&mailbox).cloned(), mailbox, row })
    });
    Ok(found.collect())
}
