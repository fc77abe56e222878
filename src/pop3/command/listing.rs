//! STAT, LIST, UIDL, DELE, RSET, NOOP (RFC 1939 sections 5 and 7).

use crate::{error::Error, language::Words, proto::write, session::Session};

/// Messages listed between two looks whether what is written should leave.
const MESSAGES_AT_ONCE: usize = 2000;

pub(super) fn noop(session: &mut Session) {
    write::ok(&mut session.out, "");
}

pub(super) fn stat(session: &mut Session) -> Result<(), Error> {
    let (messages, bytes) = session.maildrop()?.stat();
    write::ok(&mut session.out, &format!("{messages} {bytes}"));
    Ok(())
}

/// The messages that are not marked as deleted, with their sizes.
pub(super) async fn list(session: &mut Session) -> Result<(), Error> {
    let left = begin(session)?;
    for part in left.chunks(MESSAGES_AT_ONCE) {
        let mut out = std::mem::take(&mut session.out);
        let written = session.maildrop()?.write_sizes(session.store(), &part, &mut out);
        session.out = out;
        // The list has begun, so that it can be broken off only.
        written.map_err(|error| std::io::Error::other(error.to_string()))?;
        session.drain().await?;
    }
    session.out.extend_from_slice(b".\r\n");
    Ok(())
}

pub(super) fn list_one(session: &mut Session, number: u32) -> Result<(), Error> {
    let head = session.maildrop()?.head(session.store(), number)?;
    write::ok(&mut session.out, &format!("{number} {}", head.size));
    Ok(())
}

/// The messages that are not marked as deleted, with their unique-ids.
pub(super) async fn uidl(session: &mut Session) -> Result<(), Error> {
    let left = begin(session)?;
    for part in left.chunks(MESSAGES_AT_ONCE) {
        let mut out = std::mem::take(&mut session.out);
        session.maildrop()?.write_unique_ids(&part, &mut out);
        session.out = out;
        session.drain().await?;
    }
    session.out.extend_from_slice(b".\r\n");
    Ok(())
}

pub(super) fn uidl_one(session: &mut Session, number: u32) -> Result<(), Error> {
    let mut line = format!("{number} ").into_bytes();
    let maildrop = session.maildrop()?;
    maildrop.write_unique_id(maildrop.uid(number)?, &mut line);
    write::ok(&mut session.out, &String::from_utf8_lossy(&line));
    Ok(())
}

/// The first line of a listing.
fn begin(session: &mut Session) -> Result<store::UidSet, Error> {
    let left = session.maildrop()?.left();
    session.ok(&Words::new("pop3-messages").with("messages", &left.len()));
    Ok(left)
}

pub(super) fn dele(session: &mut Session, number: u32) -> Result<(), Error> {
    let head = session.maildrop()?.head(session.store(), number)?;
    session.maildrop_mut()?.delete(head)?;
    session.ok(&Words::new("pop3-deleted").with("number", &number));
    Ok(())
}

pub(super) fn rset(session: &mut Session) -> Result<(), Error> {
    let maildrop = session.maildrop_mut()?;
    maildrop.reset();
    let (messages, bytes) = maildrop.stat();
    session.ok(&Words::new("pop3-signed-in").with("messages", &messages).with("bytes", &bytes));
    Ok(())
}
