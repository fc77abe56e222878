//! SELECT and EXAMINE (RFC 3501 sections 6.3.1 and 6.3.2, RFC 7162, RFC 8474).

use super::mailbox::mailbox_id;
use crate::{
    error::{Error, write_count, write_line},
    selected::Selected,
    session::{Completed, Session},
};
use store::View;

/// Flags told to the client; others can be made by using them.
const FLAGS: &str = "\\Answered \\Flagged \\Deleted \\Seen \\Draft $Forwarded $MDNSent $Junk $NotJunk";

/// Reads nothing of any message: numbers come from the mailbox's row and the shared view.
pub(super) fn select(session: &mut Session, name: &str, read_only: bool, condstore: bool) -> Result<Completed, Error> {
    // Whether or not this one can be had, the former is no longer selected (RFC 3501 section 6.3.1).
    session.select(None);
    let account = session.account();
    let mailbox = session.store().mailbox_by_name(account, name)?;
    let (selected, view) = Selected::open(session.store(), account, mailbox.id, read_only)?;
    session.condstore |= condstore;
    let out = &mut session.wire.out;
    out.extend_from_slice(format!("* FLAGS ({FLAGS})\r\n").as_bytes());
    let permanent = if read_only { String::new() } else { format!("{FLAGS} \\*") };
    write_line(out, "*", "OK", &format!("PERMANENTFLAGS ({permanent})"), "Flags that are kept");
    write_count(out, view.uids.len(), "EXISTS");
    write_count(out, selected.recent(), "RECENT");
    write_numbers(out, &view);
    write_line(out, "*", "OK", &format!("MAILBOXID ({})", mailbox_id(mailbox.id)), "Survives renaming");
    session.select(Some(selected));
    let (code, text) = if read_only { ("READ-ONLY", "EXAMINE completed") } else { ("READ-WRITE", "SELECT completed") };
    Ok(Completed::with_code(code.to_owned(), text))
}

fn write_numbers(out: &mut Vec<u8>, view: &View) {
    let unseen = view.unseen.first().and_then(|uid| view.uids.position(uid));
    if let Some(position) = unseen {
        write_line(out, "*", "OK", &format!("UNSEEN {}", position + 1), "First unseen message");
    }
    write_line(out, "*", "OK", &format!("UIDVALIDITY {}", view.uid_validity), "UIDs are valid");
    write_line(out, "*", "OK", &format!("UIDNEXT {}", view.uid_next), "Next UID");
    write_line(out, "*", "OK", &format!("HIGHESTMODSEQ {}", view.modseq), "Newest change");
}
