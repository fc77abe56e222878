//! NOTIFY (RFC 5465), and the telling of what it asked for.

use super::{fetch, list, status::write_status};
use crate::{
    error::Error,
    notify::{News, Notify},
    place::Place,
    proto::{list::StatusItem, mailbox_name, notify::NotifySet},
    session::{Completed, Session},
};
use store::{Rights, UidSet};

/// What of STATUS is told of a mailbox (RFC 5465 section 5.3).
const STATUS: [StatusItem; 4] =
    [StatusItem::Messages, StatusItem::UidNext, StatusItem::UidValidity, StatusItem::HighestModSeq];

pub(super) async fn notify(session: &mut Session, set: Option<NotifySet>) -> Result<Completed, Error> {
    let Some(set) = set else {
        session.notify = None;
        return Ok(Completed::new("NOTIFY completed"));
    };
    let asks_status = set.status;
    let mut notify = Notify::begin(session.store(), session.account(), set)?;
    let owner = session.selected().ok().map(|selected| selected.account).filter(|owner| *owner != session.account());
    notify.shared = owner.map(|owner| session.store().watch(owner));
    let initial = if asks_status { notify.initial(selected(session)) } else { Vec::new() };
    session.notify = Some(Box::new(notify));
    tell(session, initial).await?;
    Ok(Completed::new("NOTIFY completed"))
}

fn selected(session: &Session) -> Option<store::MailboxId> {
    let selected = session.selected().ok()?;
    (selected.account == session.account()).then_some(selected.mailbox)
}

/// Tells what happened in mailboxes that are not selected, and to their names.
pub(crate) async fn tell_news(session: &mut Session) -> Result<(), Error> {
    let selected = selected(session);
    let store = session.store().clone();
    let Some(notify) = &mut session.notify else { return Ok(()) };
    let news = notify.news(&store, selected)?;
    tell(session, news).await
}

/// Tells of new messages in the selected mailbox what the client asked for.
pub(crate) async fn tell_new_messages(session: &mut Session, appended: UidSet) -> Result<(), Error> {
    let events = session.notify.as_ref().and_then(|notify| notify.selected());
    let Some((events, _)) = events.filter(|(events, _)| !events.items.is_empty() && !appended.is_empty()) else {
        return Ok(());
    };
    let items = events.items.clone();
    fetch::tell(session, appended, items).await
}

async fn tell(session: &mut Session, news: Vec<News>) -> Result<(), Error> {
    let account = session.account();
    let utf8 = session.enabled.takes_utf8();
    for piece in news {
        match piece {
            News::Status(mailbox, with_modseq) => {
                let count = if with_modseq { STATUS.len() } else { STATUS.len() - 1 };
                let place = Place { account, name: mailbox.name.clone(), mailbox: *mailbox, rights: Rights::ALL };
                write_status(session, &place, &STATUS[..count])?;
            }
            News::Named(mailbox, former) => list::write_news(session, &mailbox, former.as_deref())?,
            News::Gone(name) => list::write_gone(session, &name),
            News::Metadata(name, entries) => {
                let out = &mut session.wire.out;
                out.extend_from_slice(b"* METADATA ");
                mailbox_name::write(out, &name, utf8);
                for entry in entries {
                    out.push(b' ');
                    crate::proto::string::write_astring(out, entry.as_bytes());
                }
                out.extend_from_slice(b"\r\n");
            }
        }
        session.wire.drain().await?;
    }
    Ok(())
}
