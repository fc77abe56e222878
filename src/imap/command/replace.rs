//! REPLACE and UID REPLACE (RFC 8508): a message is appended and another expunged in one commit.

use super::{
    append::{prepare, room},
    expunge::completed,
    mailbox::now_ms,
};
use crate::{
    error::{Error, write_line},
    place::need,
    proto::{SequenceSet, command::AppendMessage},
    session::{Completed, Session},
};
use bytes::Bytes;
use store::{Rights, Tx, UidSet};

/// The old message goes into the vault, as any that is expunged.
pub(super) async fn replace(
    session: &mut Session,
    set: &SequenceSet,
    uid: bool,
    name: &str,
    message: &AppendMessage<'_>,
    bytes: &Bytes,
) -> Result<Completed, Error> {
    let selected = session.selected()?;
    if selected.read_only {
        return Err(Error::no("NOPERM", "the mailbox is open for reading only"));
    }
    need(selected.rights, Rights::TRASH.with(Rights::EXPUNGE))?;
    let replaced = selected.resolve(set, uid)?;
    if replaced.len() != 1 {
        return Err(Error::no("NONEXISTENT", "one message is replaced, and it must be there"));
    }
    let (account, from) = (selected.account, selected.mailbox);
    let target = session.place(name).map_err(Error::of_target)?;
    target.need(Rights::INSERT)?;
    let room = room(session, target.account)?;
    let (bodies, new) = prepare(session, std::slice::from_ref(message), target.rights, bytes).await?;
    let (owner, to, at) = (target.account, target.mailbox.id, now_ms());
    let work = move |tx: &mut Tx<'_>| {
        let gone: UidSet = tx.expunge(account, from, &replaced, at)?;
        if gone.is_empty() {
            return Err(Error::no("NONEXISTENT", "the message has gone meanwhile"));
        }
        let appended = tx.append(owner, to, &new[0])?;
        room.check(tx)?;
        Ok::<_, Error>((appended.uid, tx.mailbox(account, from)?.highest_modseq))
    };
    let (uid, modseq) = session.store().commit(bodies, work).await.map_err(Error::of_target)?;
    let code = format!("APPENDUID {} {uid}", target.mailbox.uid_validity);
    write_line(&mut session.wire.out, "*", "OK", &code, "The replacement is there");
    Ok(completed(session, Some(modseq), "REPLACE completed"))
}
