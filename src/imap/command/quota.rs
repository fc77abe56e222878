//! GETQUOTA and GETQUOTAROOT (RFC 2087): one root, named by the empty string, for all mailboxes of the account.

use crate::{
    error::Error,
    proto::mailbox_name,
    session::{Completed, Session},
};
use store::Rights;

/// Storage is told in units of this many bytes.
const UNIT_BYTES: u64 = 1024;

pub(super) fn get_quota(session: &mut Session, root: &str) -> Result<Completed, Error> {
    if !root.is_empty() {
        return Err(Error::no("NONEXISTENT", "there is no such quota root"));
    }
    write_quota(session)?;
    Ok(Completed::new("GETQUOTA completed"))
}

pub(super) fn get_quota_root(session: &mut Session, name: &str) -> Result<Completed, Error> {
    let place = session.place(name)?;
    place.need(Rights::READ)?;
    let own = place.account == session.account();
    let utf8 = session.enabled.takes_utf8();
    let out = &mut session.wire.out;
    out.extend_from_slice(b"* QUOTAROOT ");
    mailbox_name::write(out, &place.name, utf8);
    // Who is given a mailbox is told nothing of its owner's quota.
    out.extend_from_slice(if own { b" \"\"\r\n" } else { b"\r\n" });
    if own {
        write_quota(session)?;
    }
    Ok(Completed::new("GETQUOTAROOT completed"))
}

/// Without a limit the list of resources is empty.
fn write_quota(session: &mut Session) -> Result<(), Error> {
    let account = session.account();
    let used = session.store().usage(account)?.bytes;
    let left = session.context.directory.quota_left(account)?;
    let resources = left.map_or_else(String::new, |left| {
        let limit = used.saturating_add(left) / UNIT_BYTES;
        format!("STORAGE {} {limit}", used.div_ceil(UNIT_BYTES))
    });
    session.wire.out.extend_from_slice(format!("* QUOTA \"\" ({resources})\r\n").as_bytes());
    Ok(())
}
