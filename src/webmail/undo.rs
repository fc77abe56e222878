//! Taking back a move.

use crate::{
    actions::{Action, Back},
    address,
    imap::{Command, Error},
    jobs::{self, AT_ONCE_MAX},
    uid_set::UidSet,
    visit::Visit,
};
use actix_web::HttpResponse;
use httpd::{Fault, Fields, Page};
use serde::Deserialize;

/// Verbs that can be taken back, which are also the ends of the keys of their words.
const VERBS: [&str; 6] = ["archive", "junk", "not-junk", "trash", "restore", "move"];

/// What was moved: in a page without scripts it is part of the address that the browser is sent to.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Undo {
    /// What was done.
    #[serde(default)]
    pub(crate) done: String,
    /// Where the messages are now.
    #[serde(default)]
    pub(crate) at: String,
    /// UIDVALIDITY there.
    #[serde(default)]
    pub(crate) at_validity: u32,
    /// Their UIDs there.
    #[serde(default)]
    pub(crate) at_uids: String,
}

impl Undo {
    /// Of the words after COPYUID (RFC 4315 section 3).
    pub(crate) fn of(done: &str, at: &str, copyuid: &str) -> Option<Self> {
        let mut words = copyuid.split(' ');
        let (validity, _, uids) = (words.next()?, words.next()?, words.next()?);
        let undo = Self {
            done: done.to_owned(),
            at: at.to_owned(),
            at_validity: validity.parse().ok()?,
            at_uids: UidSet::parse(uids).text(),
        };
        undo.shown()
    }

    /// Itself, when it is about something that can be taken back.
    pub(crate) fn shown(self) -> Option<Self> {
        (VERBS.contains(&self.done.as_str()) && self.count() > 0).then_some(self)
    }

    /// How many messages.
    pub(crate) fn count(&self) -> u64 {
        UidSet::parse(&self.at_uids).len()
    }

    /// Both, where they were to one mailbox; else what came first.
    pub(crate) fn joined_with(self, other: &Self) -> Self {
        if (&self.at, self.at_validity) != (&other.at, other.at_validity) {
            return self;
        }
        let uids = UidSet::parse(&self.at_uids).joined_with(UidSet::parse(&other.at_uids));
        Self { at_uids: uids.text(), ..self }
    }

    /// What was done, in words.
    pub(crate) fn words(&self, page: &Page) -> String {
        page.t1(&format!("done-{}", self.done), "count", self.count())
    }

    /// As part of an address.
    pub(crate) fn query(&self) -> String {
        format!(
            "done={}&at={}&at_validity={}&at_uids={}",
            self.done,
            address::segment(&self.at),
            self.at_validity,
            address::segment(&self.at_uids)
        )
    }
}

/// `POST /mail/-/undo`: moves messages back to the mailbox of the list that is shown.
pub(crate) async fn undo(visit: Visit, fields: Fields) -> Result<HttpResponse, Fault> {
    let back = Back::of(&fields);
    let uids = UidSet::parse(fields.text("at_uids"));
    if uids.is_empty() {
        return Err(Fault::BadRequest(String::new()));
    }
    let at = fields.text("at").to_owned();
    let (mut lease, selected) = visit.open(&at).await?;
    if selected.uid_validity.to_string() != fields.text("at_validity") {
        return Err(Fault::Conflict(String::new()));
    }
    if uids.len() > AT_ONCE_MAX {
        drop(lease);
        let place = (at.as_str(), selected.uid_validity);
        let action = Action::Move(back.mailbox.clone());
        if !visit.is_fragment {
            jobs::at_once(&visit, place, &action, &uids).await?;
            return back.answer(&visit, None, false).await;
        }
        let job = jobs::begin(visit.clone(), place, action, uids)?;
        return jobs::answer(&visit, &back, &job, false).await;
    }
    let moved = lease.run(Command::new(format!("UID MOVE {}", uids.text())).mailbox(&back.mailbox)).await;
    if let Err(Error::No { .. }) = moved {
        return Err(Fault::Conflict(visit.page.t("undo-failed")));
    }
    moved?;
    drop(lease);
    back.answer(&visit, None, false).await
}
