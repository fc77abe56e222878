//! LIST and LSUB (RFC 3501 sections 6.3.8 and 6.3.9, RFC 5258, RFC 5819, RFC 6154).

use super::status::write_status;
use crate::{
    error::Error,
    proto::{list::List, mailbox_name, string::write_astring},
    session::{Completed, Session},
};
use store::{Mailbox, Role};

pub(super) async fn list(session: &mut Session, list: &List) -> Result<Completed, Error> {
    if list.patterns.iter().all(String::is_empty) {
        // RFC 3501 section 6.3.8: asks for the separator and the root.
        session.wire.out.extend_from_slice(b"* LIST (\\Noselect) \"/\" \"\"\r\n");
        return Ok(Completed::new("LIST completed"));
    }
    session.condstore |= list.return_status.contains(&crate::proto::list::StatusItem::HighestModSeq);
    let mailboxes = session.store().mailboxes(session.account())?;
    for (index, mailbox) in mailboxes.iter().enumerate() {
        if !list.matches(&mailbox.name) {
            continue;
        }
        let below = inferiors(&mailboxes, index);
        let with_children = list.recursive_match && below.iter().any(|inferior| is_selected(list, inferior));
        if !is_selected(list, mailbox) && !with_children {
            continue;
        }
        write_list(&mut session.wire.out, list, mailbox, !below.is_empty(), with_children);
        if !list.return_status.is_empty() {
            write_status(session, mailbox, &list.return_status);
        }
        session.wire.drain().await?;
    }
    Ok(Completed::new("LIST completed"))
}

/// A mailbox that is not subscribed is told with `\Noselect` when one below it is that the pattern does not reach.
pub(super) fn lsub(session: &mut Session, list: &List) -> Result<Completed, Error> {
    let mailboxes = session.store().mailboxes(session.account())?;
    for (index, mailbox) in mailboxes.iter().enumerate() {
        if !list.matches(&mailbox.name) {
            continue;
        }
        let stands_for = |inferior: &Mailbox| inferior.subscribed && !list.matches(&inferior.name);
        let attributes = if mailbox.subscribed {
            ""
        } else if inferiors(&mailboxes, index).iter().any(stands_for) {
            "\\Noselect"
        } else {
            continue;
        };
        write_line(&mut session.wire.out, "LSUB", attributes, &mailbox.name, "");
    }
    Ok(Completed::new("LSUB completed"))
}

/// Inferiors stand directly below what they belong to.
fn inferiors(mailboxes: &[Mailbox], index: usize) -> &[Mailbox] {
    let prefix = format!("{}{}", mailboxes[index].name, mailbox_name::SEPARATOR);
    let below = &mailboxes[index + 1..];
    &below[..below.iter().take_while(|other| other.name.starts_with(&prefix)).count()]
}

fn is_selected(list: &List, mailbox: &Mailbox) -> bool {
    (!list.select_subscribed || mailbox.subscribed) && (!list.select_special_use || special_use(mailbox).is_some())
}

/// RFC 6154 section 2.
fn special_use(mailbox: &Mailbox) -> Option<&'static str> {
    match mailbox.role? {
        Role::Inbox => None,
        Role::Drafts => Some("\\Drafts"),
        Role::Sent => Some("\\Sent"),
        Role::Archive => Some("\\Archive"),
        Role::Junk => Some("\\Junk"),
        Role::Trash => Some("\\Trash"),
    }
}

fn write_list(out: &mut Vec<u8>, list: &List, mailbox: &Mailbox, has_children: bool, child_info: bool) {
    let mut attributes = String::from(if has_children { "\\HasChildren" } else { "\\HasNoChildren" });
    if list.return_subscribed && mailbox.subscribed {
        attributes.push_str(" \\Subscribed");
    }
    if let Some(special_use) = special_use(mailbox) {
        attributes.push(' ');
        attributes.push_str(special_use);
    }
    let criteria = [(list.select_subscribed, "\"SUBSCRIBED\""), (list.select_special_use, "\"SPECIAL-USE\"")];
    let criteria: Vec<&str> = criteria.iter().filter(|(asked, _)| *asked).map(|(_, name)| *name).collect();
    let extended = if child_info { format!(" (\"CHILDINFO\" ({}))", criteria.join(" ")) } else { String::new() };
    write_line(out, "LIST", &attributes, &mailbox.name, &extended);
}

fn write_line(out: &mut Vec<u8>, kind: &str, attributes: &str, name: &str, extended: &str) {
    out.extend_from_slice(format!("* {kind} ({attributes}) \"/\" ").as_bytes());
    write_astring(out, mailbox_name::encode(name).as_bytes());
    out.extend_from_slice(extended.as_bytes());
    out.extend_from_slice(b"\r\n");
}
