//! STATUS (RFC 3501 section 6.3.10, RFC 7162, 7889, 8438, 8474).

use super::mailbox::mailbox_id;
use crate::{
    error::Error,
    place::Place,
    proto::{list::StatusItem, mailbox_name, string::write_number},
    session::{Completed, Session},
};
use store::{AccountId, Mailbox, Rights};

/// All numbers stand in the mailbox's row.
pub(super) fn status(session: &mut Session, name: &str, items: &[StatusItem]) -> Result<Completed, Error> {
    let place = session.place(name)?;
    place.need(Rights::READ)?;
    if items.contains(&StatusItem::HighestModSeq) {
        session.enable_condstore()?;
    }
    write_status(session, &place, items)?;
    Ok(Completed::new("STATUS completed"))
}

/// `* STATUS mailbox (...)`
pub(crate) fn write_status(session: &mut Session, place: &Place, items: &[StatusItem]) -> Result<(), Error> {
    let mailbox = &place.mailbox;
    let recent = if items.contains(&StatusItem::Recent) { recent(session, place.account, mailbox)? } else { 0 };
    let utf8 = session.enabled.takes_utf8();
    let append_limit = session.settings.limits.message_bytes_max as u64;
    let out = &mut session.wire.out;
    out.extend_from_slice(b"* STATUS ");
    mailbox_name::write(out, &place.name, utf8);
    out.extend_from_slice(b" (");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        let name = StatusItem::ALL.iter().find(|(known, _)| known == item).map_or("", |(_, name)| name);
        out.extend_from_slice(name.as_bytes());
        out.push(b' ');
        let number = match item {
            StatusItem::Messages => u64::from(mailbox.exists),
            StatusItem::Recent => recent,
            StatusItem::UidNext => u64::from(mailbox.uid_next),
            StatusItem::UidValidity => u64::from(mailbox.uid_validity),
            StatusItem::Unseen => u64::from(mailbox.unseen),
            StatusItem::HighestModSeq => mailbox.highest_modseq,
            StatusItem::Size => mailbox.size,
            StatusItem::Deleted => u64::from(mailbox.deleted),
            StatusItem::AppendLimit => append_limit,
            StatusItem::MailboxId => {
                out.extend_from_slice(format!("({})", mailbox_id(mailbox.id)).as_bytes());
                continue;
            }
        };
        write_number(out, number);
    }
    out.extend_from_slice(b")\r\n");
    Ok(())
}

/// Messages that no session has been told of.
fn recent(session: &Session, account: AccountId, mailbox: &Mailbox) -> Result<u64, Error> {
    let from = session.context.recent.peek(session.store(), account, mailbox.id)?;
    if from >= mailbox.uid_next {
        return Ok(0);
    }
    let view = session.store().view(account, mailbox.id)?;
    Ok((view.uids.len() - view.uids.rank(from)) as u64)
}
