//! RETR (RFC 1939 section 5) and TOP (section 7).

use crate::{error::Error, proto::write, reading::Reading, session::Session};
use std::io;
use store::{Head, Uid};

/// Messages up to this size are read where they are; larger ones on a thread for slow work, a piece ahead of what is sent.
const INLINE_BYTES_MAX: u32 = 64 * 1024;

/// A whole answer to RETR, made while the client was busy with the one before it.
pub(crate) struct Ahead {
    number: u32,
    uid: Uid,
    reply: Vec<u8>,
}

pub(super) async fn retr(session: &mut Session, number: u32) -> Result<(), Error> {
    let ahead = session.ahead.take().filter(|ahead| ahead.number == number);
    let follows = number == session.last_retrieved.wrapping_add(1);
    let uid = match ahead {
        // The mark may have been set since.
        Some(ahead) if session.maildrop()?.uid(number).is_ok() => {
            send(session, ahead.reply);
            ahead.uid
        }
        _ => {
            let head = session.maildrop()?.head(session.store(), number)?;
            let reading = reading(session, &head, None);
            answer(session, &head, reading).await?;
            head.uid
        }
    };
    session.maildrop_mut()?.retrieved(uid);
    // Whoever fetches out of order gets nothing read ahead.
    session.wants_ahead = follows;
    session.last_retrieved = number;
    Ok(())
}

pub(super) async fn top(session: &mut Session, number: u32, lines: u32) -> Result<(), Error> {
    let head = session.maildrop()?.head(session.store(), number)?;
    let reading = reading(session, &head, Some(lines));
    answer(session, &head, reading).await
}

/// Makes the answer to the RETR that is likely to come next. The client has its answer and is busy with it, so this takes
/// nobody's time. A fault is left for the RETR itself to meet.
pub(crate) fn look_ahead(session: &mut Session) {
    if !std::mem::take(&mut session.wants_ahead) {
        return;
    }
    let number = session.last_retrieved.wrapping_add(1);
    let Ok(head) = session.maildrop().and_then(|maildrop| maildrop.head(session.store(), number)) else { return };
    if head.size > INLINE_BYTES_MAX {
        return;
    }
    let mut reply = begin(&head);
    let mut reading = reading(session, &head, None);
    if reading.step(&mut reply).is_ok() && reading.is_done() {
        session.ahead = Some(Box::new(Ahead { number, uid: head.uid, reply }));
    }
}

fn reading(session: &Session, head: &Head, top: Option<u32>) -> Reading {
    Reading::new(session.store(), head.body, head.size, top, session.utf8)
}

fn begin(head: &Head) -> Vec<u8> {
    let mut reply = Vec::with_capacity(head.size.min(INLINE_BYTES_MAX) as usize + 256);
    reply.extend_from_slice(b"+OK ");
    write::number(&mut reply, head.size.into());
    reply.extend_from_slice(b" octets\r\n");
    reply
}

fn send(session: &mut Session, reply: Vec<u8>) {
    if session.out.is_empty() {
        session.out = reply;
    } else {
        session.out.extend_from_slice(&reply);
    }
}

/// Sends a message. Its first piece is read before anything is said, so that a fault can be told.
async fn answer(session: &mut Session, head: &Head, mut reading: Reading) -> Result<(), Error> {
    let mut piece = begin(head);
    if head.size <= INLINE_BYTES_MAX {
        reading.step(&mut piece)?;
        send(session, piece);
        return session.drain().await;
    }
    (reading, piece) = step(reading, piece).await?;
    loop {
        send(session, piece);
        if reading.is_done() {
            return session.drain().await;
        }
        let next = step(reading, Vec::new());
        session.flush().await?;
        // What was announced cannot be completed without it: the connection is of no more use.
        (reading, piece) = next.await.map_err(|error| Error::Io(io::Error::other(error.to_string())))?;
    }
}

/// Reads a piece on a thread for slow work, beginning at once.
fn step(mut reading: Reading, mut piece: Vec<u8>) -> impl Future<Output = Result<(Reading, Vec<u8>), store::Error>> {
    let work = tokio::task::spawn_blocking(move || reading.step(&mut piece).map(|()| (reading, piece)));
    async move { work.await.unwrap_or_else(|_| Err(store::Error::Stopped("the work was interrupted".into()))) }
}
