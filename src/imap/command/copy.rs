//! COPY (RFC 3501 section 6.4.7) and MOVE (RFC 6851), with COPYUID (RFC 4315).

use super::{append::room, mailbox::now_ms};
use crate::{
    error::{Error, write_line},
    proto::{SequenceSet, response::write_set},
    session::{Completed, Session},
};
use store::{MESSAGES_PER_COMMIT_MAX, Tx, Uid};

/// COPY is one commit, for it is done wholly or not at all; MOVE of very many messages is several.
pub(super) async fn copy(
    session: &mut Session,
    set: &SequenceSet,
    uid: bool,
    target: String,
    is_move: bool,
) -> Result<Completed, Error> {
    let selected = session.selected()?;
    if is_move && selected.read_only {
        return Err(Error::no("NOPERM", "the mailbox is open for reading only"));
    }
    let uids = selected.resolve(set, uid)?;
    let (account, from) = (selected.account, selected.mailbox);
    let target = session.store().mailbox_by_name(account, &target).map_err(|error| Error::from(error).of_target())?;
    if !is_move && uids.len() > MESSAGES_PER_COMMIT_MAX {
        return Err(store::Error::Limit("messages in one COPY").into());
    }
    let (to, at) = (target.id, now_ms());
    let mut pairs = Vec::new();
    if is_move {
        for part in uids.chunks(MESSAGES_PER_COMMIT_MAX) {
            let work = move |tx: &mut Tx<'_>| tx.move_messages(account, from, &part, to, at);
            pairs.extend(session.store().commit::<_, store::Error, _>(Vec::new(), work).await?);
        }
    } else {
        let room = room(session)?;
        let work = move |tx: &mut Tx<'_>| {
            let pairs = tx.copy(account, from, &uids, to, at)?;
            room.check(tx)?;
            Ok::<_, Error>(pairs)
        };
        pairs = session.store().commit(Vec::new(), work).await.map_err(Error::of_target)?;
    }
    let text = if is_move { "MOVE completed" } else { "COPY completed" };
    if pairs.is_empty() {
        return Ok(Completed::new(text));
    }
    let code = copyuid(target.uid_validity, &pairs);
    if is_move {
        // Before the EXPUNGEs, so that the client knows where they went (RFC 6851 section 4.3).
        write_line(&mut session.wire.out, "*", "OK", &code, "Moved");
        return Ok(Completed::new(text));
    }
    Ok(Completed::with_code(code, text))
}

fn copyuid(uid_validity: u32, pairs: &[(Uid, Uid)]) -> String {
    let mut code = format!("COPYUID {uid_validity} ").into_bytes();
    write_set(&mut code, pairs.iter().map(|&(from, _)| from));
    code.push(b' ');
    write_set(&mut code, pairs.iter().map(|&(_, to)| to));
    String::from_utf8_lossy(&code).into_owned()
}
