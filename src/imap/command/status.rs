//! STATUS (RFC 3501 section 6.3.10, RFC 7162, 7889, 8438, 8474).

use super::mailbox::mailbox_id;
use crate::{
    error::Error,
    proto::{
        list::StatusItem,
        mailbox_name,
        string::{write_astring, write_number},
    },
    session::{Completed, Session},
};
use store::Mailbox;

/// All numbers stand in the mailbox's row.
pub(super) fn status(session: &mut Session, name: &str, items: &[StatusItem]) -> Result<Completed, Error> {
    let mailbox = session.store().mailbox_by_name(session.account(), name)?;
    session.condstore |= items.contains(&StatusItem::HighestModSeq);
    write_status(session, &mailbox, items);
    Ok(Completed::new("STATUS completed"))
}

/// `* STATUS mailbox (...)`
pub(super) fn write_status(session: &mut Session, mailbox: &Mailbox, items: &[StatusItem]) {
    let append_limit = session.settings.limits.message_bytes_max as u64;
    let out = &mut session.wire.out;
    out.extend_from_slice(b"* STATUS ");
    write_astring(out, mailbox_name::encode(&mailbox.name).as_bytes());
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
            // `\Recent` belongs to a session that has the mailbox selected.
            StatusItem::Recent => 0,
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
}
