//! EXPUNGE, UID EXPUNGE (RFC 4315), CLOSE and UNSELECT (RFC 3691).

use super::mailbox::now_ms;
use crate::{
    error::Error,
    place::need,
    proto::SequenceSet,
    session::{Completed, Session},
};
use store::{MESSAGES_PER_COMMIT_MAX, ModSeq, Rights, Tx, UidSet};

/// Only messages that the client knows go. EXPUNGE itself is told by the session after the command.
pub(super) async fn expunge(session: &mut Session, set: Option<SequenceSet>) -> Result<Completed, Error> {
    let selected = session.selected()?;
    if selected.read_only {
        return Err(Error::no("NOPERM", "the mailbox is open for reading only"));
    }
    need(selected.rights, Rights::EXPUNGE)?;
    let uids = match set {
        Some(set) => selected.resolve(&set, true)?,
        None => selected.known().clone(),
    };
    let modseq = remove(session, &uids).await?;
    Ok(completed(session, modseq, "EXPUNGE completed"))
}

/// RFC 7162 section 3.2.7: what was expunged moved the mailbox's mod-sequence on.
pub(super) fn completed(session: &Session, modseq: Option<ModSeq>, text: &'static str) -> Completed {
    match modseq.filter(|_| session.enabled.qresync) {
        Some(modseq) => Completed::with_code(format!("HIGHESTMODSEQ {modseq}"), text),
        None => Completed::new(text),
    }
}

pub(super) async fn close(session: &mut Session) -> Result<Completed, Error> {
    let selected = session.selected()?;
    if !selected.read_only && selected.rights.has(Rights::EXPUNGE) {
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
///
/// Returns the mod-sequence that the mailbox has then, when any has gone.
async fn remove(session: &Session, uids: &UidSet) -> Result<Option<ModSeq>, Error> {
    let selected = session.selected()?;
    let (account, mailbox, at) = (selected.account, selected.mailbox, now_ms());
    if session.store().mailbox(account, mailbox)?.deleted == 0 {
        return Ok(None);
    }
    let mut modseq = None;
    for part in uids.chunks(MESSAGES_PER_COMMIT_MAX) {
        let work = move |tx: &mut Tx<'_>| {
            let deleted = tx.deleted(account, mailbox, &part)?;
            let gone = tx.expunge(account, mailbox, &deleted, at)?;
            Ok((!gone.is_empty()).then_some(tx.mailbox(account, mailbox)?.highest_modseq))
        };
        modseq = modseq.max(session.store().commit::<_, store::Error, _>(Vec::new(), work).await?);
    }
    Ok(modseq)
}
