//! FETCH and UID FETCH (RFC 3501 section 6.4.5, RFC 7162 section 3.1.4).

use super::search::source;
use crate::{
    error::Error,
    fetching::{Fetching, Wanted},
    proto::{
        SequenceSet,
        fetch::{Fetch, Item},
    },
    selected::write_vanished,
    session::{Completed, Session},
};
use bytes::Bytes;
use std::{
    io,
    ops::{ControlFlow, Range},
};
use store::{FlagChange, Flags, ModSeq, Rights, UidSet};
use tokio::task::spawn_blocking;

/// Tells what is asked of messages, and marks as seen those of which a body was asked.
pub(crate) async fn fetch(session: &mut Session, command: Fetch) -> Result<Completed, Error> {
    if command.vanished && !session.enabled.qresync {
        return Err(Error::Bad("ENABLE QRESYNC first".into()));
    }
    if command.changed_since.is_some() || command.items.contains(&Item::ModSeq) {
        session.enable_condstore()?;
    }
    let sets_seen = command.sets_seen();
    if let Some(since) = command.changed_since.filter(|_| command.vanished) {
        write_gone(session, &command.set, since)?;
    }
    let Fetch { set, uid, items, changed_since, partial, .. } = command;
    let mut uids = session.selected()?.resolve(&set, uid)?;
    if let Some(partial) = partial {
        uids = part(&uids, partial.of(uids.len()));
    }
    let mut marked = UidSet::default();
    let selected = session.selected()?;
    if sets_seen && !selected.read_only && selected.rights.has(Rights::SEEN) {
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
        recent: if session.enabled.rev2 { UidSet::default() } else { selected.recent().clone() },
        enabled: session.enabled,
    };
    let fetching = Fetching::new(source(session)?, wanted);
    let fetching = if fetching.is_light() { here(session, fetching).await? } else { aside(session, fetching).await? };
    if fetching.damaged > 0 {
        return Err(Error::no("CORRUPTION", "some messages are damaged and cannot be read"));
    }
    if fetching.encoded > 0 {
        return Err(Error::no("UNKNOWN-CTE", "some parts have a transfer encoding that is not known here"));
    }
    // RFC 5530 section 3; a UID that is gone is no news (RFC 3501 section 6.4.8).
    if !uid && changed_since.is_none() && fetching.answered < asked {
        return Ok(Completed::with_code("EXPUNGEISSUED".into(), "Some of the messages are expunged"));
    }
    Ok(Completed::new("FETCH completed"))
}

/// Tells of messages without having been asked by FETCH. Nothing is marked as seen, and what cannot be read is left out.
pub(super) async fn tell(session: &mut Session, uids: UidSet, mut items: Vec<Item>) -> Result<(), Error> {
    if !items.contains(&Item::Uid) {
        items.insert(0, Item::Uid);
    }
    let selected = session.selected()?;
    let wanted = Wanted {
        uids,
        items,
        changed_since: None,
        marked: UidSet::default(),
        known: selected.known().clone(),
        recent: if session.enabled.rev2 { UidSet::default() } else { selected.recent().clone() },
        enabled: session.enabled,
    };
    let fetching = Fetching::new(source(session)?, wanted);
    if fetching.is_light() {
        here(session, fetching).await?
    } else {
        aside(session, fetching).await?
    };
    Ok(())
}

/// The messages at these positions of a set.
fn part(uids: &UidSet, range: Range<usize>) -> UidSet {
    let ends = uids.nth(range.start).zip(range.end.checked_sub(1).and_then(|last| uids.nth(last)));
    let Some((first, last)) = ends.filter(|_| !range.is_empty()) else { return UidSet::default() };
    uids.intersection(&UidSet::from_iter([(first, last)]))
}

/// RFC 7162 section 3.2.6: those of a set that have gone after `since`. Those of which the client will yet be told are not
/// among them.
fn write_gone(session: &mut Session, set: &SequenceSet, since: ModSeq) -> Result<(), Error> {
    let (selected, store, out) = session.parts()?;
    let view = store.view(selected.account, selected.mailbox)?;
    let asked = match set.is_saved_result() {
        true => selected.saved.clone(),
        false => set.numbers(view.uid_next.saturating_sub(1).max(1)),
    };
    let gone = match store.changes(selected.account, selected.mailbox, since)? {
        Some(changes) => changes.expunged.intersection(&asked),
        None => asked.difference(&view.uids).intersection(&UidSet::from_iter([(1, view.uid_next.max(2) - 1)])),
    };
    write_vanished(out, &gone.difference(&view.uids).difference(selected.known()), true);
    Ok(())
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
