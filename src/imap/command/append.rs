//! APPEND (RFC 3501 section 6.3.11, RFC 3502) with APPENDUID (RFC 4315).

use super::mailbox::now_ms;
use crate::{
    error::Error,
    proto::{command::AppendMessage, response::write_set},
    session::{Completed, Session},
};
use bytes::Bytes;
use std::sync::Arc;
use store::{AccountId, NewBody, NewMessage, TraceId, Tx, Uid};

/// Messages up to this size are hashed, compressed and summarised where they are; larger ones on a thread for slow work.
const INLINE_BYTES_MAX: usize = 256 * 1024;

/// Bytes that an account may use, as of the start of a command; checked where commits are ordered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    account: AccountId,
    bytes_max: Option<u64>,
}

/// Room of the account that has signed in.
pub(super) fn room(session: &Session) -> Result<Room, Error> {
    let account = session.account();
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
    if messages.iter().any(|message| message.message.is_empty()) {
        return Err(Error::no("CANNOT", "a message cannot be empty"));
    }
    let account = session.account();
    let mailbox = session.store().mailbox_by_name(account, name).map_err(|error| Error::from(error).of_target())?;
    let room = room(session)?;
    let (bodies, new) = prepare(messages, bytes).await?;
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

async fn prepare(messages: &[AppendMessage<'_>], bytes: &Bytes) -> Result<(Vec<NewBody>, Vec<NewMessage>), Error> {
    let now = now_ms();
    let mut bodies = Vec::with_capacity(messages.len());
    let mut new = Vec::with_capacity(messages.len());
    for message in messages {
        let text = bytes.slice_ref(message.message);
        let slow = move || (NewBody::new(&text), mail::summary::summarize(&text));
        let (body, summary) = if message.message.len() > INLINE_BYTES_MAX {
            tokio::task::spawn_blocking(slow).await.map_err(|_| Error::interrupted())?
        } else {
            slow()
        };
        new.push(NewMessage {
            body: body.id(),
            size: u32::try_from(message.message.len()).unwrap_or(u32::MAX),
            received: message.received.unwrap_or(now),
            saved: now,
            flags: message.flags.clone(),
            trace: TraceId::new(now),
            summary: Arc::new(summary),
        });
        bodies.push(body);
    }
    Ok((bodies, new))
}
