//! CREATE, DELETE, RENAME, SUBSCRIBE and UNSUBSCRIBE (RFC 3501 sections 6.3.3 to 6.3.7, RFC 6154 section 3, RFC 8474).

use crate::{
    error::Error,
    session::{Completed, Session},
};
use std::time::{SystemTime, UNIX_EPOCH};
use store::{AccountId, MESSAGES_PER_COMMIT_MAX, MailboxId, Rights, Role, Uid, UidSet};

/// MAILBOXID (RFC 8474 section 4).
pub(super) fn mailbox_id(id: MailboxId) -> String {
    format!("F{}", id.0)
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

pub(super) async fn create(session: &mut Session, name: String, role: Option<Role>) -> Result<Completed, Error> {
    let (owner, theirs) = session.new_place(&name)?;
    let is_shared = owner != session.account();
    if is_shared && role.is_some() {
        return Err(Error::no("USEATTR", "a special use is for its owner to give"));
    }
    let name = theirs.into_owned();
    let work = move |tx: &mut store::Tx<'_>| {
        let mailbox = tx.mailbox_create(owner, &name, role)?;
        if let Some((parent, _)) = mailbox.name.rsplit_once('/').filter(|_| is_shared) {
            let parent = tx.mailbox_by_name(owner, parent)?.id;
            tx.acl_inherit(owner, parent, mailbox.id)?;
        }
        Ok(mailbox)
    };
    match session.store().commit::<_, store::Error, _>(Vec::new(), work).await {
        Ok(mailbox) => Ok(Completed::with_code(format!("MAILBOXID ({})", mailbox_id(mailbox.id)), "CREATE completed")),
        Err(error @ store::Error::Exists("mailbox with this special use")) => {
            Err(Error::no("USEATTR", error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// A mailbox with very many messages is emptied first, in several commits.
pub(super) async fn delete(session: &mut Session, name: &str) -> Result<Completed, Error> {
    let place = session.place(name)?;
    place.need(Rights::DELETE)?;
    let (account, mailbox) = (place.account, place.mailbox);
    if mailbox.exists as usize > MESSAGES_PER_COMMIT_MAX && deletable(session, account, &mailbox.name)? {
        let view = session.store().view(account, mailbox.id)?;
        for part in view.uids.chunks(MESSAGES_PER_COMMIT_MAX) {
            let (id, at) = (mailbox.id, now_ms());
            session.store().commit(Vec::new(), move |tx| tx.expunge(account, id, &part, at)).await?;
        }
    }
    session.store().commit(Vec::new(), move |tx| tx.mailbox_delete(account, &mailbox.name)).await?;
    Ok(Completed::new("DELETE completed"))
}

/// Whether DELETE will not be refused once the mailbox is empty.
fn deletable(session: &Session, account: AccountId, name: &str) -> Result<bool, Error> {
    let below = format!("{name}/");
    let mailboxes = session.store().mailboxes(account)?;
    Ok(name != "INBOX" && !mailboxes.iter().any(|other| other.name.starts_with(&below)))
}

/// INBOX with very many messages goes in several commits: what RENAME does to it is a move of its messages.
pub(super) async fn rename(session: &mut Session, from: String, to: String) -> Result<Completed, Error> {
    let place = session.place(&from)?;
    place.need(Rights::DELETE)?;
    let (owner, theirs) = session.new_place(&to)?;
    if owner != place.account {
        return Err(Error::no("CANNOT", "a mailbox stays with its owner"));
    }
    let (account, mailbox) = (place.account, place.mailbox);
    let (from, to) = (mailbox.name.clone(), theirs.into_owned());
    if mailbox.name == "INBOX" && mailbox.exists as usize > MESSAGES_PER_COMMIT_MAX {
        let target = session.store().commit(Vec::new(), move |tx| tx.mailbox_create(account, &to, None)).await?;
        let all = UidSet::from_iter([(1, Uid::MAX)]).intersection(&session.store().view(account, mailbox.id)?.uids);
        for part in all.chunks(MESSAGES_PER_COMMIT_MAX) {
            let (source, target, at) = (mailbox.id, target.id, now_ms());
            let work = move |tx: &mut store::Tx<'_>| tx.move_messages(account, source, &part, target, at);
            session.store().commit(Vec::new(), work).await?;
        }
    } else {
        session.store().commit(Vec::new(), move |tx| tx.mailbox_rename(account, &from, &to)).await?;
    }
    Ok(Completed::new("RENAME completed"))
}

pub(super) async fn subscribe(session: &mut Session, name: String, subscribed: bool) -> Result<Completed, Error> {
    let account = session.account();
    if session.shared(&name)?.is_some() {
        let name = if subscribed { session.place(&name)?.name } else { name };
        let work = move |tx: &mut store::Tx<'_>| tx.subscription_set(account, &name, subscribed);
        session.store().commit(Vec::new(), work).await?;
        return Ok(Completed::new(if subscribed { "SUBSCRIBE completed" } else { "UNSUBSCRIBE completed" }));
    }
    let work = move |tx: &mut store::Tx<'_>| tx.mailbox_subscribe(account, &name, subscribed);
    match session.store().commit(Vec::new(), work).await {
        // What is not there is not subscribed.
        Err(store::Error::NotFound("mailbox")) if !subscribed => {}
        done => done?,
    }
    Ok(Completed::new(if subscribed { "SUBSCRIBE completed" } else { "UNSUBSCRIBE completed" }))
}
