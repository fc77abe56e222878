//! APPEND (RFC 3501 section 6.3.11, RFC 3502, RFC 4469, RFC 3516, RFC 6855) with APPENDUID (RFC 4315).

use super::{binary, catenate, mailbox::now_ms};
use crate::{
    error::Error,
    place::permitted,
    proto::{
        command::{AppendMessage, Source},
        response::write_set,
    },
    session::{Completed, Session},
};
use bytes::Bytes;
use std::sync::Arc;
use store::{AccountId, NewBody, NewMessage, Rights, TraceId, Tx, Uid};

/// Messages up to this size are hashed, compressed and summarised where they are; larger ones on a thread for slow work.
const INLINE_BYTES_MAX: usize = 256 * 1024;

/// Bytes that an account may use, as of the start of a command; checked where commits are ordered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    account: AccountId,
    bytes_max: Option<u64>,
}

/// Room of an account.
pub(super) fn room(session: &Session, account: AccountId) -> Result<Room, Error> {
    let left = session.context.directory.quota_left(account)?;
    let bytes_max = match left {
        Some(left) => Some(session.store().usage(account)?.bytes.saturating_add(left)),
        None => None,
    };
    Ok(Room { account, bytes_max })
}

impl Room {
    /// Fails when the commit would take the account beyond its quota.
    pub(super) fn check(self, tx: &Tx<'_>) -> Result<(), Error> {
        match self.bytes_max {
            Some(max) if tx.usage(self.account)?.bytes > max => Err(Error::no("OVERQUOTA", "the mailbox is full")),
            _ => Ok(()),
        }
    }
}

/// All messages in one commit, or none.
pub(super) async fn append(
    session: &mut Session,
    name: &str,
    messages: &[AppendMessage<'_>],
    bytes: &Bytes,
) -> Result<Completed, Error> {
    let place = session.place(name).map_err(Error::of_target)?;
    place.need(Rights::INSERT)?;
    let (account, mailbox) = (place.account, place.mailbox);
    let room = room(session, account)?;
    let (bodies, new) = prepare(session, messages, place.rights, bytes).await?;
    let id = mailbox.id;
    let work = move |tx: &mut Tx<'_>| {
        let mut uids: Vec<Uid> = Vec::with_capacity(new.len());
        for message in &new {
            uids.push(tx.append(account, id, message)?.uid);
        }
        room.check(tx)?;
        Ok::<_, Error>(uids)
    };
    let uids = session.store().commit(bodies, work).await.map_err(Error::of_target)?;
    let mut code = format!("APPENDUID {} ", mailbox.uid_validity).into_bytes();
    write_set(&mut code, uids);
    Ok(Completed::with_code(String::from_utf8_lossy(&code).into_owned(), "APPEND completed"))
}

/// The messages as the store takes them, with the flags that may be set by `rights`. `bytes` is the whole command.
pub(super) async fn prepare(
    session: &Session,
    messages: &[AppendMessage<'_>],
    rights: Rights,
    bytes: &Bytes,
) -> Result<(Vec<NewBody>, Vec<NewMessage>), Error> {
    let now = now_ms();
    let mut bodies = Vec::with_capacity(messages.len());
    let mut new = Vec::with_capacity(messages.len());
    for message in messages {
        let text = match &message.source {
            Source::Literal(text) => bytes.slice_ref(text),
            Source::Literal8(text) => binary::storable(bytes.slice_ref(text))?,
            Source::Catenate(pieces) => catenate::assemble(session, pieces)?,
        };
        if text.is_empty() {
            return Err(Error::no("CANNOT", "a message cannot be empty"));
        }
        let length = text.len();
        let slow = move || (NewBody::new(&text), mail::summary::summarize(&text));
        let (body, summary) = if length > INLINE_BYTES_MAX {
            tokio::task::spawn_blocking(slow).await.map_err(|_| Error::interrupted())?
        } else {
            slow()
        };
        new.push(NewMessage {
            body: body.id(),
            size: u32::try_from(length).unwrap_or(u32::MAX),
            received: message.received.unwrap_or(now),
            saved: now,
            flags: permitted(&message.flags, rights),
            trace: TraceId::new(now),
            summary: Arc::new(summary),
        });
        bodies.push(body);
    }
    Ok((bodies, new))
}
