//! LIST and LSUB (RFC 3501 sections 6.3.8 and 6.3.9, RFC 5258, RFC 5819, RFC 6154, RFC 9051).

use super::status::write_status;
use crate::{
    error::Error,
    place::Place,
    proto::{
        list::{List, StatusItem},
        mailbox_name::{self, SEPARATOR},
    },
    session::{Completed, Session},
};
use std::collections::{BTreeMap, BTreeSet};
use store::{Mailbox, Rights, Role};

/// A name that may be told.
struct Listed {
    name: String,
    subscribed: bool,
    /// `None` for a name without a mailbox.
    place: Option<Place>,
    /// It only leads to mailboxes of others.
    is_level: bool,
}

pub(super) async fn list(session: &mut Session, list: &List) -> Result<Completed, Error> {
    if list.patterns.iter().all(String::is_empty) {
        // RFC 3501 section 6.3.8: asks for the separator and the root.
        session.wire.out.extend_from_slice(b"* LIST (\\Noselect) \"/\" \"\"\r\n");
        return Ok(Completed::new("LIST completed"));
    }
    if list.return_status.contains(&StatusItem::HighestModSeq) {
        session.enable_condstore()?;
    }
    let listed = gather(session, list.select_subscribed)?;
    for (index, entry) in listed.iter().enumerate() {
        if !list.matches(&entry.name) {
            continue;
        }
        let below = inferiors(&listed, index);
        // RFC 5258 section 3.5: those below that are told themselves stand for themselves.
        let stands_for = |inferior: &Listed| is_selected(list, inferior) && !list.matches(&inferior.name);
        let with_children = list.recursive_match && below.iter().any(stands_for);
        if !is_selected(list, entry) && !with_children {
            continue;
        }
        let has_children = below.iter().any(|inferior| inferior.place.is_some());
        write_entry(session, list, entry, has_children, with_children);
        let readable = entry.place.as_ref().filter(|place| place.rights.has(Rights::READ));
        if let Some(place) = readable.filter(|_| !list.return_status.is_empty()) {
            write_status(session, place, &list.return_status)?;
        }
        session.wire.drain().await?;
    }
    Ok(Completed::new("LIST completed"))
}

/// A mailbox that is not subscribed is told with `\Noselect` when one below it is that the pattern does not reach.
pub(super) fn lsub(session: &mut Session, list: &List) -> Result<Completed, Error> {
    let utf8 = session.enabled.takes_utf8();
    let listed = gather(session, true)?;
    for (index, entry) in listed.iter().enumerate() {
        if !list.matches(&entry.name) {
            continue;
        }
        let stands_for = |inferior: &Listed| inferior.subscribed && !list.matches(&inferior.name);
        let attributes = if entry.subscribed {
            ""
        } else if inferiors(&listed, index).iter().any(stands_for) {
            "\\Noselect"
        } else {
            continue;
        };
        write_line(&mut session.wire.out, "LSUB", attributes, &entry.name, "", utf8);
    }
    Ok(Completed::new("LSUB completed"))
}

/// RFC 9051 section 6.3.2: what is selected is told by its name.
pub(super) fn write_selected(session: &mut Session, name: &str) -> Result<(), Error> {
    let listed = gather(session, false)?;
    let Some(index) = listed.iter().position(|entry| entry.name == name) else { return Ok(()) };
    let has_children = !inferiors(&listed, index).is_empty();
    write_entry(session, &List::default(), &listed[index], has_children, false);
    Ok(())
}

/// A mailbox that was made or renamed, or whose subscription changed (RFC 5465 section 5.4); a former name is told as RFC 9051
/// section 7.3.1 has it.
pub(super) fn write_news(session: &mut Session, mailbox: &Mailbox, former: Option<&str>) -> Result<(), Error> {
    let list = List { return_subscribed: true, ..List::default() };
    let listed = gather(session, false)?;
    let Some(index) = listed.iter().position(|entry| entry.name == mailbox.name) else { return Ok(()) };
    let has_children = !inferiors(&listed, index).is_empty();
    let start = session.wire.out.len();
    write_entry(session, &list, &listed[index], has_children, false);
    let Some(former) = former else { return Ok(()) };
    let utf8 = session.enabled.takes_utf8();
    let out = &mut session.wire.out;
    out.truncate(out.len().max(start + 2) - 2);
    out.extend_from_slice(b" (\"OLDNAME\" (");
    mailbox_name::write(out, former, utf8);
    out.extend_from_slice(b"))\r\n");
    Ok(())
}

/// A mailbox that is gone.
pub(super) fn write_gone(session: &mut Session, name: &str) {
    let utf8 = session.enabled.takes_utf8();
    write_line(&mut session.wire.out, "LIST", "\\NonExistent", name, "", utf8);
}

/// All names in order, with what is below a name directly behind it; with `lapsed` also those that are subscribed without a
/// mailbox, and what is above them.
fn gather(session: &Session, lapsed: bool) -> Result<Vec<Listed>, Error> {
    let account = session.account();
    let own = session.store().mailboxes(account)?.into_iter().map(|mailbox| Listed {
        subscribed: mailbox.subscribed,
        name: mailbox.name.clone(),
        place: Some(Place { account, name: mailbox.name.clone(), mailbox, rights: Rights::ALL }),
        is_level: false,
    });
    let mut listed: Vec<Listed> = own.collect();
    let shared = session.shared_mailboxes()?;
    if shared.is_empty() && !lapsed {
        return Ok(listed);
    }
    let mut names: BTreeSet<String> = session.store().lapsed_subscriptions(account)?.into_iter().collect();
    for place in shared {
        let subscribed = names.remove(&place.name);
        listed.push(Listed { name: place.name.clone(), subscribed, place: Some(place), is_level: false });
    }
    if lapsed {
        let missing = names.into_iter();
        listed.extend(missing.map(|name| Listed { name, subscribed: true, place: None, is_level: false }));
    }
    let there: BTreeSet<&str> = listed.iter().map(|entry| entry.name.as_str()).collect();
    let above = listed.iter().flat_map(|entry| {
        entry.name.match_indices(SEPARATOR).map(|(at, _)| (entry.name[..at].to_owned(), entry.place.is_some()))
    });
    let mut missing = BTreeMap::new();
    for (name, is_level) in above.filter(|(name, _)| !there.contains(name.as_str())) {
        *missing.entry(name).or_default() |= is_level;
    }
    let missing = missing.into_iter();
    listed.extend(missing.map(|(name, is_level)| Listed { name, subscribed: false, place: None, is_level }));
    listed.sort_by(|a, b| a.name.split(SEPARATOR).cmp(b.name.split(SEPARATOR)));
    listed.dedup_by(|later, former| later.name == former.name);
    Ok(listed)
}

/// Inferiors stand directly below what they belong to.
fn inferiors(listed: &[Listed], index: usize) -> &[Listed] {
    let prefix = format!("{}{SEPARATOR}", listed[index].name);
    let below = &listed[index + 1..];
    &below[..below.iter().take_while(|other| other.name.starts_with(&prefix)).count()]
}

fn is_selected(list: &List, entry: &Listed) -> bool {
    let is_told = entry.place.is_some() || entry.subscribed || entry.is_level;
    is_told
        && (!list.select_subscribed || entry.subscribed)
        && (!list.select_special_use || special_use(entry).is_some())
}

/// RFC 6154 section 2.
fn special_use(entry: &Listed) -> Option<&'static str> {
    let place = entry.place.as_ref()?;
    // What is shared is special to its owner.
    if place.name != place.mailbox.name {
        return None;
    }
    match place.mailbox.role? {
        Role::Inbox => None,
        Role::Drafts => Some("\\Drafts"),
        Role::Sent => Some("\\Sent"),
        Role::Archive => Some("\\Archive"),
        Role::Junk => Some("\\Junk"),
        Role::Trash => Some("\\Trash"),
    }
}

fn write_entry(session: &mut Session, list: &List, entry: &Listed, has_children: bool, child_info: bool) {
    let mut attributes = Vec::new();
    if entry.place.is_none() {
        attributes.push(if entry.is_level { "\\Noselect" } else { "\\NonExistent" });
    }
    attributes.push(if has_children { "\\HasChildren" } else { "\\HasNoChildren" });
    if list.return_subscribed && entry.subscribed {
        attributes.push("\\Subscribed");
    }
    attributes.extend(special_use(entry));
    let criteria = [(list.select_subscribed, "\"SUBSCRIBED\""), (list.select_special_use, "\"SPECIAL-USE\"")];
    let criteria: Vec<&str> = criteria.iter().filter(|(asked, _)| *asked).map(|(_, name)| *name).collect();
    let extended = if child_info { format!(" (\"CHILDINFO\" ({}))", criteria.join(" ")) } else { String::new() };
    let utf8 = session.enabled.takes_utf8();
    write_line(&mut session.wire.out, "LIST", &attributes.join(" "), &entry.name, &extended, utf8);
}

fn write_line(out: &mut Vec<u8>, kind: &str, attributes: &str, name: &str, extended: &str, utf8: bool) {
    out.extend_from_slice(format!("* {kind} ({attributes}) \"/\" ").as_bytes());
    mailbox_name::write(out, name, utf8);
    out.extend_from_slice(extended.as_bytes());
    out.extend_from_slice(b"\r\n");
}
