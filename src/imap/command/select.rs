//! SELECT and EXAMINE (RFC 3501 sections 6.3.1 and 6.3.2, RFC 7162, RFC 8474, RFC 9051).

use super::{list::write_selected, mailbox::mailbox_id};
use crate::{
    error::{Error, write_count, write_line},
    proto::command::Resync,
    selected::{Selected, write_vanished},
    session::{Completed, Session},
};
use std::ops::ControlFlow;
use store::{Rights, UidSet, View};

/// Flags told to the client; others can be made by using them.
const FLAGS: &str = "\\Answered \\Flagged \\Deleted \\Seen \\Draft $Forwarded $MDNSent $Junk $NotJunk";
/// Messages told of between two looks at how much is waiting to be sent.
const TOLD_AT_ONCE: usize = 1000;

/// Reads nothing of any message: numbers come from the mailbox's row and the shared view.
pub(super) async fn select(
    session: &mut Session,
    name: &str,
    read_only: bool,
    condstore: bool,
    resync: Option<Resync>,
) -> Result<Completed, Error> {
    if resync.is_some() && !session.enabled.qresync {
        return Err(Error::Bad("ENABLE QRESYNC first".into()));
    }
    if session.enabled.uid_only && resync.as_ref().is_some_and(|resync| resync.pairs.is_some()) {
        return Err(Error::Bad("[UIDREQUIRED] sequence numbers are switched off".into()));
    }
    // Whether or not this one can be had, the former is no longer selected (RFC 3501 section 6.3.1).
    if session.select(None) {
        write_line(&mut session.wire.out, "*", "OK", "CLOSED", "The former mailbox is closed");
    }
    let place = session.place(name)?;
    place.need(Rights::READ)?;
    let changing = [Rights::SEEN, Rights::WRITE, Rights::INSERT, Rights::TRASH, Rights::EXPUNGE];
    let read_only = read_only || !changing.iter().any(|right| place.rights.has(*right));
    let marks = &session.context.recent;
    let (mut selected, view) = Selected::open(session.store(), place.account, place.mailbox.id, marks, read_only)?;
    selected.rights = place.rights;
    session.enabled.condstore |= condstore;
    let rev2 = session.enabled.rev2;
    let out = &mut session.wire.out;
    out.extend_from_slice(format!("* FLAGS ({FLAGS})\r\n").as_bytes());
    let permanent = if read_only { String::new() } else { permanent(place.rights) };
    write_line(out, "*", "OK", &format!("PERMANENTFLAGS ({permanent})"), "Flags that are kept");
    write_count(out, view.uids.len(), "EXISTS");
    if !rev2 {
        write_count(out, selected.recent_count(), "RECENT");
    }
    write_numbers(out, &view, !rev2 && !session.enabled.uid_only);
    let id = mailbox_id(place.mailbox.id);
    write_line(out, "*", "OK", &format!("MAILBOXID ({id})"), "Survives renaming");
    session.select(Some(selected));
    if rev2 {
        write_selected(session, &place.name)?;
    }
    if let Some(resync) = resync {
        catch_up(session, &resync, &view).await?;
    }
    let (code, text) = if read_only { ("READ-ONLY", "EXAMINE completed") } else { ("READ-WRITE", "SELECT completed") };
    Ok(Completed::with_code(code.to_owned(), text))
}

/// Flags that may be changed with these rights.
fn permanent(rights: Rights) -> String {
    if rights == Rights::ALL {
        return format!("{FLAGS} \\*");
    }
    let words = FLAGS.split(' ').chain(["\\*"]).filter(|flag| {
        rights.has(match *flag {
            "\\Seen" => Rights::SEEN,
            "\\Deleted" => Rights::TRASH,
            _ => Rights::WRITE,
        })
    });
    words.collect::<Vec<_>>().join(" ")
}

/// With `unseen` also the number of the first unseen message, which RFC 9051 and RFC 9586 section 3.1 do without.
fn write_numbers(out: &mut Vec<u8>, view: &View, with_unseen: bool) {
    let unseen = view.unseen.first().and_then(|uid| view.uids.position(uid));
    if let Some(position) = unseen.filter(|_| with_unseen) {
        write_line(out, "*", "OK", &format!("UNSEEN {}", position + 1), "First unseen message");
    }
    write_line(out, "*", "OK", &format!("UIDVALIDITY {}", view.uid_validity), "UIDs are valid");
    write_line(out, "*", "OK", &format!("UIDNEXT {}", view.uid_next), "Next UID");
    write_line(out, "*", "OK", &format!("HIGHESTMODSEQ {}", view.modseq), "Newest change");
}

/// RFC 7162 section 3.2.5.1: what has gone since the client last looked, then what has changed. Nothing when its UIDs are of
/// another mailbox.
async fn catch_up(session: &mut Session, resync: &Resync, view: &View) -> Result<(), Error> {
    if resync.uid_validity != view.uid_validity {
        return Ok(());
    }
    let largest = view.uid_next.saturating_sub(1).max(1);
    let (selected, store, out) = session.parts()?;
    let known = resync.known.as_ref().map(|set| set.numbers(largest));
    let changes = store.changes(selected.account, selected.mailbox, resync.modseq)?;
    let (gone, changed) = match changes {
        Some(changes) => (changes.expunged, changes.appended.union(&changes.flags)),
        None => {
            let from = unchanged_until(resync, view) + 1;
            (UidSet::from_iter([(from.min(largest), largest)]), view.uids.clone())
        }
    };
    let gone = gone.difference(&view.uids);
    let within = |set: UidSet| known.as_ref().map_or_else(|| set.clone(), |known| set.intersection(known));
    write_vanished(out, &within(gone), true);
    let changed = within(changed.intersection(&view.uids));
    let since = resync.modseq;
    for part in changed.chunks(TOLD_AT_ONCE) {
        let enabled = session.enabled;
        let (selected, store, out) = session.parts()?;
        store.flags_of(selected.account, selected.mailbox, &part, &mut |uid, flags, modseq| {
            if modseq > since {
                selected.write_flags(uid, Some(&flags), Some(modseq), true, enabled, out);
            }
            ControlFlow::Continue(())
        })?;
        session.wire.drain().await?;
    }
    Ok(())
}

/// The highest UID up to which the client's numbers show that nothing is gone (RFC 7162 section 3.2.5.2).
fn unchanged_until(resync: &Resync, view: &View) -> u32 {
    let Some((numbers, uids)) = &resync.pairs else { return 0 };
    let (numbers, uids) = (numbers.numbers(u32::MAX), uids.numbers(u32::MAX));
    let same = numbers
        .iter()
        .zip(uids.iter())
        .take_while(|&(number, uid)| view.uids.position(uid).is_some_and(|position| position + 1 == number as usize));
    same.last().map_or(0, |(_, uid)| uid)
}
