//! `POST /mail/-/act`: what is done to messages, from the list and from the message.

use crate::{
    address,
    folders::{Folders, Role},
    imap::{Command, Error, Selected},
    jobs::{self, AT_ONCE_MAX, Job, Shown},
    list::{ListPart, Listing, Place},
    pool::Lease,
    search::Query,
    shell::Shell,
    uid_set::UidSet,
    undo::Undo,
    visit::Visit,
};
use actix_web::{HttpResponse, http::header};
use httpd::{Fault, Fields};

/// Bytes of UIDs that an address of a page may carry; more cannot be taken back without scripts.
const UNDO_BYTES_MAX: usize = 2000;

/// Something to be done, as the buttons name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Set or remove a flag.
    Flag { add: bool, flag: &'static str },
    /// To the mailbox of a role.
    ToRole { verb: &'static str, role: Role },
    /// To any mailbox.
    Move(String),
    /// Away for good.
    Delete,
}

/// An action and, for buttons in a row, the one message it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Order {
    action: Action,
    uid: Option<u32>,
    /// Whether it is about all messages of the mailbox.
    is_for_all: bool,
}

impl Order {
    /// Reads `archive`, `star 12`, `move Work/Clients`.
    fn read(text: &str) -> Option<Self> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let flag = |add, flag| Action::Flag { add, flag };
        let to = |verb, role| Action::ToRole { verb, role };
        let action = match word {
            "read" => flag(true, "\\Seen"),
            "unread" => flag(false, "\\Seen"),
            "star" => flag(true, "\\Flagged"),
            "unstar" => flag(false, "\\Flagged"),
            "archive" => to("archive", Role::Archive),
            "junk" => to("junk", Role::Junk),
            "not-junk" => to("not-junk", Role::Inbox),
            "trash" => to("trash", Role::Trash),
            "restore" => to("restore", Role::Inbox),
            "delete" => Action::Delete,
            "read-all" => flag(true, "\\Seen"),
            "empty" => Action::Delete,
            "move" if !rest.is_empty() => {
                return Some(Self { action: Action::Move(rest.to_owned()), uid: None, is_for_all: false });
            }
            _ => return None,
        };
        let uid = if rest.is_empty() { None } else { Some(rest.parse().ok()?) };
        Some(Self { action, uid, is_for_all: matches!(word, "read-all" | "empty") })
    }
}

/// Where the person was and what they go back to.
pub(crate) struct Back {
    /// Name of the mailbox.
    pub(crate) mailbox: String,
    place: Place,
    /// Whether a message was open in a page of its own or beside the list.
    reading: bool,
}

impl Back {
    pub(crate) fn of(fields: &Fields) -> Self {
        let place = Place {
            q: fields.text("q").to_owned(),
            page: fields.text("page").parse().unwrap_or(1),
            across: u8::from(fields.text("across") == "1"),
        };
        Self { mailbox: fields.text("mailbox").to_owned(), place, reading: fields.text("view") == "message" }
    }

    /// The list as it is now: for htmx as a part with the news, else by its address.
    pub(crate) async fn answer(&self, visit: &Visit, undo: Option<&Undo>, closes: bool) -> Result<HttpResponse, Fault> {
        self.answer_with(visit, undo, None, closes).await
    }

    /// The same with a job that was begun.
    pub(crate) async fn answer_with(
        &self,
        visit: &Visit,
        undo: Option<&Undo>,
        job: Option<&Job>,
        closes: bool,
    ) -> Result<HttpResponse, Fault> {
        if !visit.is_fragment {
            let mut location = format!("{}{}", address::mailbox(&self.mailbox), self.place.query());
            if let Some(undo) = undo.filter(|undo| undo.at_uids.len() <= UNDO_BYTES_MAX) {
                location.push(if location.contains('?') { '&' } else { '?' });
                location.push_str(&undo.query());
            }
            return Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish());
        }
        let (mut lease, selected) = visit.open(&self.mailbox).await?;
        let mut shell = Shell::load(&mut lease, &self.mailbox).await?;
        let list = Listing::load(&mut lease, &selected, &self.place, shell.conversations()).await?;
        drop(lease);
        shell.query.clone_from(&list.place.q);
        let shell = shell.into_part();
        let job = job.map(|job| Shown::of(job, &visit.page, &self.place));
        let job = job.as_ref();
        let mut response =
            httpd::render(&ListPart { page: &visit.page, shell: &shell, list: &list, undo, job, closes })?;
        if closes && let Ok(value) = header::HeaderValue::from_str(&list.address()) {
            response.headers_mut().insert(header::HeaderName::from_static("hx-push-url"), value);
        }
        Ok(response)
    }
}

/// `POST /mail/-/act`
pub(crate) async fn act(visit: Visit, fields: Fields) -> Result<HttpResponse, Fault> {
    let order = Order::read(fields.text("act")).ok_or_else(|| Fault::BadRequest(String::new()))?;
    let back = Back::of(&fields);
    let (mut lease, selected) = visit.open(&back.mailbox).await?;
    // After a change of UIDVALIDITY the same numbers mean other messages.
    if selected.uid_validity.to_string() != fields.text("validity") {
        return Err(Fault::Conflict(String::new()));
    }
    let is_for_all = order.is_for_all || (order.uid.is_none() && fields.text("all") == "1");
    let set = match order.uid {
        Some(uid) => UidSet::of([uid]),
        None if is_for_all => everything(&mut lease, &selected, &fields, &back).await?,
        // A row stands for one message or for all of a conversation in the mailbox.
        None => fields.all("uid").map(UidSet::parse).fold(UidSet::default(), UidSet::joined_with),
    };
    if set.is_empty() && !is_for_all {
        return Err(Fault::BadRequest(visit.page.t("nothing-selected")));
    }
    // Marked from within the message: the person stays with it.
    let stays = matches!(order.action, Action::Flag { flag: "\\Flagged", .. });
    let closes = back.reading && !stays;
    if set.len() > AT_ONCE_MAX {
        drop(lease);
        let place = (back.mailbox.as_str(), selected.uid_validity);
        if !visit.is_fragment {
            let undo = jobs::at_once(&visit, place, &order.action, &set).await?;
            return back.answer(&visit, undo.as_ref(), closes).await;
        }
        let job = jobs::begin(visit.clone(), place, order.action, set)?;
        return jobs::answer(&visit, &back, &job, closes).await;
    }
    let undo = match set.is_empty() {
        true => None,
        false => perform(&mut lease, &visit, &order.action, &set).await?,
    };
    drop(lease);
    if back.reading && stays && !visit.is_fragment {
        let uid = set.newest(0, 1).text();
        let location = format!("{}/{uid}{}", address::mailbox(&back.mailbox), back.place.query());
        return Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish());
    }
    back.answer(&visit, undo.as_ref(), closes).await
}

/// All messages of the list, or all that its search finds: those that were there when the page was made.
async fn everything(lease: &mut Lease, selected: &Selected, fields: &Fields, back: &Back) -> Result<UidSet, Error> {
    let seen = fields.text("exists").parse().unwrap_or(selected.exists).min(selected.exists);
    if seen == 0 {
        return Ok(UidSet::default());
    }
    let extended = lease.can("ESEARCH");
    let returns = if extended { " RETURN (ALL)" } else { "" };
    let all = lease.run(Command::new(format!("UID SEARCH{returns} 1:{seen}"))).await?;
    let all = UidSet::found(&all);
    let Some(query) = Query::read(&back.place.q) else { return Ok(all) };
    let found = lease.run(query.command(extended)).await?;
    Ok(UidSet::found(&found).within(&all))
}

/// Does it to messages of the mailbox that is open.
pub(crate) async fn perform(
    lease: &mut Lease,
    visit: &Visit,
    action: &Action,
    set: &UidSet,
) -> Result<Option<Undo>, Fault> {
    let uids = set.text();
    match action {
        Action::Flag { add, flag } => {
            let sign = if *add { '+' } else { '-' };
            lease.run(Command::new(format!("UID STORE {uids} {sign}FLAGS.SILENT ({flag})"))).await?;
            Ok(None)
        }
        Action::ToRole { verb, role } => {
            if let Some(marks) = junk_marks(verb) {
                for mark in marks {
                    lease.run(Command::new(format!("UID STORE {uids} {mark}"))).await?;
                }
            }
            let mailbox = mailbox_of(lease, *role).await?;
            move_to(lease, visit, &uids, &mailbox, verb).await
        }
        Action::Move(mailbox) => move_to(lease, visit, &uids, mailbox, "move").await,
        Action::Delete => {
            lease.run(Command::new(format!("UID STORE {uids} +FLAGS.SILENT (\\Deleted)"))).await?;
            lease.run(Command::new(format!("UID EXPUNGE {uids}"))).await?;
            Ok(None)
        }
    }
}

/// What a filter learns from: the keywords that mail programs agree on.
fn junk_marks(verb: &str) -> Option<[&'static str; 2]> {
    match verb {
        "junk" => Some(["-FLAGS.SILENT ($NotJunk)", "+FLAGS.SILENT ($Junk)"]),
        "not-junk" => Some(["-FLAGS.SILENT ($Junk)", "+FLAGS.SILENT ($NotJunk)"]),
        _ => None,
    }
}

/// The mailbox of a role; made when there is none.
async fn mailbox_of(lease: &mut Lease, role: Role) -> Result<String, Error> {
    if let Some(name) = Folders::load(lease).await?.of_role(role) {
        return Ok(name.to_owned());
    }
    let name = match role {
        Role::Inbox => "INBOX",
        Role::Drafts => "Drafts",
        Role::Sent => "Sent",
        Role::Archive => "Archive",
        Role::Junk => "Junk",
        Role::Trash => "Trash",
    };
    lease.run(Command::new("CREATE").mailbox(name)).await?;
    lease.run(Command::new("SUBSCRIBE").mailbox(name)).await?;
    Ok(name.to_owned())
}

async fn move_to(
    lease: &mut Lease,
    visit: &Visit,
    uids: &str,
    mailbox: &str,
    verb: &str,
) -> Result<Option<Undo>, Fault> {
    if lease.selected.as_ref().is_some_and(|s| s.name == mailbox) {
        return Ok(None);
    }
    match lease.run(Command::new(format!("UID MOVE {uids}")).mailbox(mailbox)).await {
        Ok(done) => Ok(done.code_of("COPYUID").and_then(|code| Undo::of(verb, mailbox, code))),
        Err(Error::No { code, .. }) if code == "TRYCREATE" || code == "NONEXISTENT" => {
            Err(Fault::Conflict(visit.page.t("folder-gone")))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Order};

    #[test]
    fn buttons_name_what_they_do() {
        let read = |text| Order::read(text).map(|o| (o.action, o.uid));
        assert_eq!(read("star 12"), Some((Action::Flag { add: true, flag: "\\Flagged" }, Some(12))));
        assert_eq!(read("move Work/Two words"), Some((Action::Move("Work/Two words".into()), None)));
        assert_eq!(read("delete"), Some((Action::Delete, None)));
        for bad in ["", "move", "star x", "archive 1 2", "drop"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
