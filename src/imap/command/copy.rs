//! COPY (RFC 3501 section 6.4.7) and MOVE (RFC 6851), with COPYUID (RFC 4315).

use super::{append::room, expunge::completed, mailbox::now_ms};
use crate::{
    error::{Error, write_line},
    place::need,
    progress::Progress,
    proto::{SequenceSet, response::write_set},
    session::{Completed, Session},
};
use store::{MESSAGES_PER_COMMIT_MAX, Rights, Tx, Uid};

/// COPY is one commit, for it is done wholly or not at all; MOVE of very many messages is several. `command` is the whole
/// command, for its tag.
pub(super) async fn copy(
    session: &mut Session,
    set: &SequenceSet,
    uid: bool,
    target: String,
    is_move: bool,
    command: &[u8],
) -> Result<Completed, Error> {
    let selected = session.selected()?;
    if is_move && selected.read_only {
        return Err(Error::no("NOPERM", "the mailbox is open for reading only"));
    }
    let uids = selected.resolve(set, uid)?;
    if is_move {
        need(selected.rights, Rights::TRASH.with(Rights::EXPUNGE))?;
    }
    let (account, from) = (selected.account, selected.mailbox);
    let place = session.place(&target).map_err(Error::of_target)?;
    place.need(Rights::INSERT)?;
    let (owner, target) = (place.account, place.mailbox);
    if !is_move && uids.len() > MESSAGES_PER_COMMIT_MAX {
        return Err(store::Error::Limit("messages in one COPY").into());
    }
    let (to, at) = (target.id, now_ms());
    let mut pairs = Vec::new();
    let progress = Progress::default();
    progress.begin(uids.len());
    if owner != account {
        for part in uids.chunks(MESSAGES_PER_COMMIT_MAX) {
            let room = room(session, owner)?;
            let taken = part.clone();
            let work = move |tx: &mut Tx<'_>| {
                let pairs = tx.copy_across((account, from), &taken, (owner, to), at, is_move)?;
                room.check(tx)?;
                Ok::<_, Error>(pairs)
            };
            let store = session.store().clone();
            let part_pairs = session.wait_for(command, &progress, store.commit(Vec::new(), work)).await?;
            pairs.extend(part_pairs.map_err(Error::of_target)?);
            progress.done(part.len());
        }
    } else if is_move {
        for part in uids.chunks(MESSAGES_PER_COMMIT_MAX) {
            let moved = part.clone();
            let work = move |tx: &mut Tx<'_>| tx.move_messages(account, from, &moved, to, at);
            let store = session.store().clone();
            let commit = store.commit::<_, store::Error, _>(Vec::new(), work);
            pairs.extend(session.wait_for(command, &progress, commit).await??);
            progress.done(part.len());
        }
    } else {
        let room = room(session, account)?;
        let work = move |tx: &mut Tx<'_>| {
            let pairs = tx.copy(account, from, &uids, to, at)?;
            room.check(tx)?;
            Ok::<_, Error>(pairs)
        };
        let store = session.store().clone();
        let commit = store.commit(Vec::new(), work);
        pairs = session.wait_for(command, &progress, commit).await?.map_err(Error::of_target)?;
    }
    let text = if is_move { "MOVE completed" } else { "COPY completed" };
    if pairs.is_empty() {
        return Ok(Completed::new(text));
    }
    let code = copyuid(target.uid_validity, &pairs);
    if is_move {
        // Before the EXPUNGEs, so that the client knows where they went (RFC 6851 section 4.3).
        write_line(&mut session.wire.out, "*", "OK", &code, "Moved");
        let modseq = session.store().mailbox(account, from)?.highest_modseq;
        return Ok(completed(session, Some(modseq), text));
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
