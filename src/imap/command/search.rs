//! SEARCH and UID SEARCH (RFC 3501 section 6.4.4), ESEARCH (RFC 4731).

use crate::{
    error::Error,
    matching::{Known, Matches, Program, Source, scan},
    proto::{
        gather::tag_of,
        response::write_set,
        search::{Key, Return, Search},
        string::{write_number, write_string},
    },
    selected::Selected,
    session::{Completed, Session},
};
use bytes::Bytes;
use store::{ModSeq, Uid, UidSet};

/// Tells which messages match.
pub(crate) async fn search(session: &mut Session, command: &Search, bytes: &Bytes) -> Result<Completed, Error> {
    let (matches, names_modseq) = find(session, &command.key).await?;
    match &command.returns {
        None => {
            let modseq = names_modseq.then_some(matches.modseq);
            let (selected, _, out) = session.parts()?;
            let numbers = Numbers::of(selected, command.uid);
            write_plain(out, "SEARCH", matches.uids.iter().filter_map(|uid| numbers.of_uid(uid)), modseq);
        }
        Some(returns) => {
            let uids: Vec<Uid> = matches.uids.iter().collect();
            let modseq = if names_modseq { modseq_of(session, returns, &uids, matches.modseq)? } else { None };
            write_extended(session, returns, command.uid, &uids, modseq, bytes)?;
        }
    }
    Ok(Completed::new("SEARCH completed"))
}

/// Runs a search over the selected mailbox; also whether MODSEQ was among its keys.
pub(super) async fn find(session: &mut Session, key: &Key) -> Result<(Matches, bool), Error> {
    let source = source(session)?;
    let view = source.store.view(source.account, source.mailbox)?;
    let selected = session.selected()?;
    // What the client does not know yet is not found, and neither is what is gone.
    let among = selected.known().intersection(&view.uids);
    let recent = recent(selected);
    let known = Known { uids: selected.known(), recent: &recent, unseen: &view.unseen, now: super::mailbox::now_ms() };
    let program = Program::new(key, &known)?;
    let names_modseq = program.names_modseq;
    session.condstore |= names_modseq;
    Ok((scan(source, program, &among).await?, names_modseq))
}

/// The selected mailbox as the store knows it.
pub(super) fn source(session: &Session) -> Result<Source, Error> {
    let selected = session.selected()?;
    Ok(Source { store: session.store().clone(), account: selected.account, mailbox: selected.mailbox })
}

/// A set that holds of the mailbox those that are recent.
pub(super) fn recent(selected: &Selected) -> UidSet {
    let known = selected.known();
    let first = known.len().checked_sub(selected.recent()).and_then(|index| known.nth(index));
    UidSet::from_iter(first.map(|first| (first, Uid::MAX)))
}

/// How messages are numbered in an answer.
pub(super) struct Numbers<'a> {
    selected: &'a Selected,
    uid: bool,
}

impl<'a> Numbers<'a> {
    pub(super) fn of(selected: &'a Selected, uid: bool) -> Self {
        Self { selected, uid }
    }

    pub(super) fn of_uid(&self, uid: Uid) -> Option<u32> {
        if self.uid { Some(uid) } else { self.selected.number(uid) }
    }
}

/// `* SEARCH 2 3 (MODSEQ n)`: RFC 3501 section 7.2.5, RFC 7162 section 3.1.5. Also `* SORT`.
pub(super) fn write_plain(out: &mut Vec<u8>, name: &str, numbers: impl Iterator<Item = u32>, modseq: Option<ModSeq>) {
    out.extend_from_slice(b"* ");
    out.extend_from_slice(name.as_bytes());
    let mut is_empty = true;
    for number in numbers {
        is_empty = false;
        out.push(b' ');
        write_number(out, u64::from(number));
    }
    if let Some(modseq) = modseq.filter(|_| !is_empty) {
        out.extend_from_slice(b" (MODSEQ ");
        write_number(out, modseq);
        out.push(b')');
    }
    out.extend_from_slice(b"\r\n");
}

/// RFC 7162 section 3.1.10: of MIN and MAX alone, their own highest mod-sequence.
pub(super) fn modseq_of(
    session: &Session,
    returns: &[Return],
    uids: &[Uid],
    highest: ModSeq,
) -> Result<Option<ModSeq>, Error> {
    if uids.is_empty() {
        return Ok(None);
    }
    if returns.iter().any(|of| matches!(of, Return::All | Return::Count)) {
        return Ok(Some(highest));
    }
    let selected = session.selected()?;
    let mut modseq = None;
    for (of, uid) in [(Return::Min, uids.first()), (Return::Max, uids.last())] {
        if let (true, Some(&uid)) = (returns.contains(&of), uid) {
            let flags = session.store().flags(selected.account, selected.mailbox, uid)?;
            modseq = modseq.max(flags.map(|(_, modseq)| modseq));
        }
    }
    Ok(modseq)
}

/// `* ESEARCH (TAG "a") UID MIN 1 MAX 9 COUNT 3 ALL 1,4,9`: RFC 4731 section 3.1, in the order of `uids`.
pub(super) fn write_extended(
    session: &mut Session,
    returns: &[Return],
    uid: bool,
    uids: &[Uid],
    modseq: Option<ModSeq>,
    command: &Bytes,
) -> Result<(), Error> {
    let numbers = Numbers::of(session.selected()?, uid);
    let numbers: Vec<u32> = uids.iter().filter_map(|&uid| numbers.of_uid(uid)).collect();
    let out = &mut session.wire.out;
    out.extend_from_slice(b"* ESEARCH (TAG ");
    write_string(out, tag_of(command).unwrap_or_default().as_bytes());
    out.push(b')');
    if uid {
        out.extend_from_slice(b" UID");
    }
    let put = |out: &mut Vec<u8>, name: &str, number: u64| {
        out.extend_from_slice(name.as_bytes());
        write_number(out, number);
    };
    if let (Some(&first), Some(&last)) = (numbers.first(), numbers.last()) {
        if returns.contains(&Return::Min) {
            put(out, " MIN ", u64::from(first));
        }
        if returns.contains(&Return::Max) {
            put(out, " MAX ", u64::from(last));
        }
    }
    if returns.contains(&Return::Count) {
        put(out, " COUNT ", numbers.len() as u64);
    }
    if returns.contains(&Return::All) && !numbers.is_empty() {
        out.extend_from_slice(b" ALL ");
        write_set(out, numbers);
    }
    if let Some(modseq) = modseq {
        put(out, " MODSEQ ", modseq);
    }
    out.extend_from_slice(b"\r\n");
    Ok(())
}
