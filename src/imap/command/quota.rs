//! GETQUOTA and GETQUOTAROOT (RFC 2087): one root, named by the empty string, for all mailboxes of the account.

use crate::{
    error::Error,
    proto::{mailbox_name, string::write_astring},
    session::{Completed, Session},
};

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
    let mailbox = session.store().mailbox_by_name(session.account(), name)?;
    let out = &mut session.wire.out;
    out.extend_from_slice(b"* QUOTAROOT ");
    write_astring(out, mailbox_name::encode(&mailbox.name).as_bytes());
    out.extend_from_slice(b" \"\"\r\n");
    write_quota(session)?;
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
