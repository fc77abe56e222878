//! SORT and UID SORT (RFC 5256, RFC 5957), ESORT (RFC 5267).

use super::search::{Numbers, completed, find, modseq_of, save, source, write_extended, write_plain};
use crate::{
    error::Error,
    matching::Source,
    progress::Progress,
    proto::search::{Return, Sort, SortKey},
    session::{Completed, Session},
    sorting::{self, Row},
};
use bytes::Bytes;
use std::{collections::HashMap, ops::ControlFlow};
use store::{Message, Uid, UidSet};
use tokio::task::spawn_blocking;

/// Up to so many messages are sorted on the spot.
const INLINE_MESSAGES: usize = 200;

/// Tells which messages match, in order.
pub(crate) async fn sort(session: &mut Session, command: &Sort, bytes: &Bytes) -> Result<Completed, Error> {
    let is_scored = command.order.iter().any(|(key, _)| *key == SortKey::Relevancy)
        || command.returns.iter().flatten().any(|of| *of == Return::Relevancy);
    let (matches, names_modseq) = find(session, &command.key, is_scored, bytes).await?;
    let worth: HashMap<Uid, u8> = matches.uids.iter().zip(matches.relevancies.iter().copied()).collect();
    let (order, scores) = (command.order.clone(), worth.clone());
    let work = on_messages(source(session)?, matches.uids.clone(), move |messages| {
        let mut rows = Vec::new();
        messages(&mut |message| {
            let score = scores.get(&message.uid).copied().unwrap_or_default();
            rows.push(Row::scored(&message, &order, score));
        })?;
        Ok(sorting::sort(rows, &order))
    });
    let uids = session.wait_for(bytes, &Progress::default(), work).await??;
    match &command.returns {
        None => {
            let modseq = names_modseq.then_some(matches.modseq);
            let (selected, _, out) = session.parts()?;
            let numbers = Numbers::of(selected, command.uid);
            write_plain(out, "SORT", uids.iter().filter_map(|&uid| numbers.of_uid(uid)), modseq);
        }
        Some(returns) => {
            let modseq = if names_modseq { modseq_of(session, returns, &uids, matches.modseq)? } else { None };
            save(session, returns, &uids)?;
            let relevancies: Vec<u8> = uids.iter().filter_map(|uid| worth.get(uid).copied()).collect();
            write_extended(session, returns, command.uid, (&uids, &relevancies), modseq, bytes)?;
        }
    }
    Ok(completed(&matches, "SORT completed"))
}

/// Calls its argument with each message of a set.
pub(super) type Messages<'a> = &'a dyn Fn(&mut dyn FnMut(Message)) -> Result<(), store::Error>;

/// Does work that reads the summaries of many messages, in a thread where they are many.
pub(super) async fn on_messages<T: Send + 'static>(
    source: Source,
    uids: UidSet,
    work: impl FnOnce(Messages<'_>) -> Result<T, store::Error> + Send + 'static,
) -> Result<T, Error> {
    let is_small = uids.len() <= INLINE_MESSAGES;
    let work = move || {
        work(&|each| {
            source.store.messages(source.account, source.mailbox, &uids, &mut |message| {
                each(message);
                ControlFlow::Continue(())
            })
        })
    };
    if is_small {
        return Ok(work()?);
    }
    Ok(spawn_blocking(work).await.map_err(|_| Error::interrupted())??)
}
