//! FETCH and UID FETCH (RFC 3501 section 6.4.5, RFC 7162 section 3.1.4).

use super::search::source;
use crate::{
    error::Error,
    fetching::{Fetching, Wanted},
    proto::fetch::{Fetch, Item},
    session::{Completed, Session},
};
use bytes::Bytes;
use std::{io, ops::ControlFlow};
use store::{FlagChange, Flags, ModSeq, UidSet};
use tokio::task::spawn_blocking;

/// Tells what is asked of messages, and marks as seen those of which a body was asked.
pub(crate) async fn fetch(session: &mut Session, command: Fetch) -> Result<Completed, Error> {
    session.condstore |= command.changed_since.is_some() || command.items.contains(&Item::ModSeq);
    let sets_seen = command.sets_seen();
    let Fetch { set, uid, items, changed_since } = command;
    let mut uids = session.selected()?.resolve(&set, uid)?;
    let mut marked = UidSet::default();
    if sets_seen && !session.selected()?.read_only {
        if let Some(since) = changed_since {
            // Marking changes them, so those that had changed before are picked first.
            uids = changed(session, &uids, since)?;
        }
        marked = mark_seen(session, &uids).await;
    }
    let asked = uids.len();
    let selected = session.selected()?;
    let wanted = Wanted {
        uids,
        items,
        changed_since,
        marked,
        known: selected.known().clone(),
        recent: super::search::recent(selected),
        condstore: session.condstore,
    };
    let fetching = Fetching::new(source(session)?, wanted);
    let fetching = if fetching.is_light() { here(session, fetching).await? } else { aside(session, fetching).await? };
    if fetching.damaged > 0 {
        return Err(Error::no("CORRUPTION", "some messages are damaged and cannot be read"));
    }
    // RFC 5530 section 3; a UID that is gone is no news (RFC 3501 section 6.4.8).
    if !uid && changed_since.is_none() && fetching.answered < asked {
        return Ok(Completed::with_code("EXPUNGEISSUED".into(), "Some of the messages are expunged"));
    }
    Ok(Completed::new("FETCH completed"))
}

/// Those of a set that changed after `since`.
fn changed(session: &Session, uids: &UidSet, since: ModSeq) -> Result<UidSet, Error> {
    let selected = session.selected()?;
    let mut changed = UidSet::default();
    session.store().flags_of(selected.account, selected.mailbox, uids, &mut |uid, _, modseq| {
        if modseq > since {
            changed.insert(uid);
        }
        ControlFlow::Continue(())
    })?;
    Ok(changed)
}

/// Sets `\Seen` on all of them in one commit. Reading mail goes on when that is not possible, for example on a full disk.
async fn mark_seen(session: &mut Session, uids: &UidSet) -> UidSet {
    match try_mark_seen(session, uids).await {
        Ok(marked) => marked,
        Err(error) => {
            tracing::warn!(%error, "messages that are read cannot be marked as seen");
            UidSet::default()
        }
    }
}

async fn try_mark_seen(session: &mut Session, uids: &UidSet) -> Result<UidSet, Error> {
    let store = session.store().clone();
    let selected = session.selected()?;
    let (account, mailbox) = (selected.account, selected.mailbox);
    let unseen = store.view(account, mailbox)?.unseen.intersection(uids);
    if unseen.is_empty() {
        return Ok(unseen);
    }
    let seen = Flags::system(Flags::SEEN);
    let done = store
        .commit(Vec::new(), move |tx| tx.flags_change(account, mailbox, &unseen, FlagChange::Add, &seen, None))
        .await?;
    if !done.changed.is_empty() {
        session.selected_mut()?.told(done.modseq);
    }
    Ok(UidSet::from_iter(done.changed.iter().map(|&(uid, _)| (uid, uid))))
}

/// Little work is done on the spot.
async fn here(session: &mut Session, mut fetching: Fetching) -> Result<Fetching, Error> {
    loop {
        let pieces = fetching.step();
        if send(session, &fetching, pieces).await? {
            return Ok(fetching);
        }
    }
}

/// More is done in a thread, one step ahead of what is being sent.
async fn aside(session: &mut Session, fetching: Fetching) -> Result<Fetching, Error> {
    fn step(mut fetching: Fetching) -> (Fetching, Result<Vec<Bytes>, store::Error>) {
        let pieces = fetching.step();
        (fetching, pieces)
    }
    let (mut fetching, mut pieces) = spawn_blocking(move || step(fetching)).await.map_err(|_| Error::interrupted())?;
    loop {
        if !matches!(&pieces, Ok(pieces) if !pieces.is_empty()) {
            send(session, &fetching, pieces).await?;
            return Ok(fetching);
        }
        let next = spawn_blocking(move || step(fetching));
        for piece in pieces.unwrap_or_default() {
            session.wire.send(&piece).await?;
        }
        (fetching, pieces) = next.await.map_err(|_| broken("the thread that reads is gone"))?;
    }
}

/// Sends a step; whether it was the last.
async fn send(
    session: &mut Session,
    fetching: &Fetching,
    pieces: Result<Vec<Bytes>, store::Error>,
) -> Result<bool, Error> {
    match pieces {
        Ok(pieces) => {
            for piece in &pieces {
                session.wire.send(piece).await?;
            }
            Ok(pieces.is_empty())
        }
        Err(error) if fetching.is_broken => {
            tracing::error!(%error, "a message cannot be read to its end: the connection is closed");
            Err(broken("a message cannot be read to its end"))
        }
        Err(error) => Err(error.into()),
    }
}

fn broken(why: &str) -> Error {
    Error::Io(io::Error::other(why.to_owned()))
}
