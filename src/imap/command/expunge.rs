//! EXPUNGE, UID EXPUNGE (RFC 4315), CLOSE and UNSELECT (RFC 3691).

use super::mailbox::now_ms;
use crate::{
    error::Error,
    proto::SequenceSet,
    session::{Completed, Session},
};
use store::{MESSAGES_PER_COMMIT_MAX, Tx, UidSet};

/// Only messages that the client knows go. EXPUNGE itself is told by the session after the command.
pub(super) async fn expunge(session: &mut Session, set: Option<SequenceSet>) -> Result<Completed, Error> {
    let selected = session.selected()?;
    if selected.read_only {
        return Err(Error::no("NOPERM", "the mailbox is open for reading only"));
    }
    let uids = match set {
        Some(set) => selected.resolve(&set, true)?,
        None => selected.known().clone(),
    };
    remove(session, &uids).await?;
    Ok(Completed::new("EXPUNGE completed"))
}

pub(super) async fn close(session: &mut Session) -> Result<Completed, Error> {
    let selected = session.selected()?;
    if !selected.read_only {
        let uids = selected.known().clone();
        remove(session, &uids).await?;
    }
    session.select(None);
    Ok(Completed::new("CLOSE completed"))
}

pub(super) fn unselect(session: &mut Session) -> Result<Completed, Error> {
    session.select(None);
    Ok(Completed::new("UNSELECT completed"))
}

/// Those of the set with `\Deleted` go into the vault. Whether they have it is looked at where commits are ordered.
async fn remove(session: &Session, uids: &UidSet) -> Result<(), Error> {
    let selected = session.selected()?;
    let (account, mailbox, at) = (selected.account, selected.mailbox, now_ms());
    if session.store().mailbox(account, mailbox)?.deleted == 0 {
        return Ok(());
    }
    for part in uids.chunks(MESSAGES_PER_COMMIT_MAX) {
        let work = move |tx: &mut Tx<'_>| {
            let deleted = tx.deleted(account, mailbox, &part)?;
            tx.expunge(account, mailbox, &deleted, at)
        };
        session.store().commit::<_, store::Error, _>(Vec::new(), work).await?;
    }
    Ok(())
}
