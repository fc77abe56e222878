//! SEARCH and UID SEARCH (RFC 3501 section 6.4.4), ESEARCH (RFC 4731).

use crate::{
    error::Error,
    fuzzy::Fuzzy,
    matching::{Known, Matches, Program, Source, scan},
    progress::Progress,
    proto::{
        gather::tag_of,
        response::write_set,
        search::{Key, PartialRange, Return, Search},
        string::{write_number, write_string},
    },
    selected::Selected,
    session::{Completed, Session},
};
use bytes::Bytes;
use store::{ModSeq, Uid, UidSet};

/// Tells which messages match.
pub(crate) async fn search(session: &mut Session, command: &Search, bytes: &Bytes) -> Result<Completed, Error> {
    let saves = command.returns.as_ref().is_some_and(|returns| returns.contains(&Return::Save));
    let is_scored = command.returns.iter().flatten().any(|of| *of == Return::Relevancy);
    let found = find(session, &command.key, is_scored, bytes).await;
    if saves && found.is_err() {
        // RFC 5182 section 2.1: a search that fails leaves nothing.
        session.selected_mut()?.saved = UidSet::default();
    }
    let (matches, names_modseq) = found?;
    // RFC 9051 section 6.4.4: what it answers with is always ESEARCH.
    let all = session.enabled.rev2.then(|| vec![Return::All]);
    match command.returns.as_ref().or(all.as_ref()) {
        None => {
            let modseq = names_modseq.then_some(matches.modseq);
            let (selected, _, out) = session.parts()?;
            let numbers = Numbers::of(selected, command.uid);
            write_plain(out, "SEARCH", matches.uids.iter().filter_map(|uid| numbers.of_uid(uid)), modseq);
        }
        Some(returns) => {
            let uids: Vec<Uid> = matches.uids.iter().collect();
            let modseq = if names_modseq { modseq_of(session, returns, &uids, matches.modseq)? } else { None };
            save(session, returns, &uids)?;
            write_extended(session, returns, command.uid, (&uids, &matches.relevancies), modseq, bytes)?;
        }
    }
    Ok(completed(&matches, "SEARCH completed"))
}

/// Runs a search over the selected mailbox; also whether MODSEQ was among its keys.
///
/// `command` is the whole command, for its tag; `is_scored` asks what each is worth.
pub(super) async fn find(
    session: &mut Session,
    key: &Key,
    is_scored: bool,
    command: &[u8],
) -> Result<(Matches, bool), Error> {
    if session.enabled.uid_only && key.uses_numbers() {
        return Err(Error::Bad("[UIDREQUIRED] sequence numbers are switched off".into()));
    }
    let source = source(session)?;
    let view = source.store.view(source.account, source.mailbox)?;
    let selected = session.selected()?;
    // What the client does not know yet is not found, and neither is what is gone.
    let among = selected.known().intersection(&view.uids);
    let (key, fuzzy) = match key.is_fuzzy() {
        true => resolve(session.context.search.clone(), &source, key.clone(), among.clone(), is_scored).await?,
        false => (key.clone(), None),
    };
    let selected = session.selected()?;
    let known = Known {
        uids: selected.known(),
        recent: selected.recent(),
        saved: &selected.saved,
        unseen: &view.unseen,
        now: super::mailbox::now_ms(),
    };
    let program = Program::new(&key, &known)?;
    let names_modseq = program.names_modseq;
    if names_modseq {
        session.enable_condstore()?;
    }
    let progress = Progress::default();
    let mut matches = session.wait_for(command, &progress, scan(source, program, &among, &progress)).await??;
    if let Some(fuzzy) = fuzzy {
        matches.one_by_one = fuzzy.one_by_one();
        matches.relevancies = if is_scored { fuzzy.relevancies(matches.uids.iter()) } else { Vec::new() };
    }
    Ok((matches, names_modseq))
}

/// Asks the full-text index what it knows of a search.
fn resolve(
    index: Option<search::Index>,
    source: &Source,
    key: Key,
    among: UidSet,
    is_scored: bool,
) -> impl Future<Output = Result<(Key, Option<Fuzzy>), Error>> + Send + use<> {
    let (account, mailbox) = (source.account, source.mailbox);
    let work = tokio::task::spawn_blocking(move || {
        let mut fuzzy = Fuzzy::new(index.as_ref(), account, false, is_scored);
        let key = fuzzy.resolve(&key, mailbox, &among)?;
        Ok::<_, store::Error>((key, Some(fuzzy)))
    });
    async move { Ok(work.await.map_err(|_| Error::interrupted())??) }
}

/// Says so when messages were looked at one by one because the full-text index is not done.
pub(super) fn completed(matches: &Matches, text: &'static str) -> Completed {
    match matches.one_by_one {
        0 => Completed::new(text),
        count => Completed::with_code(format!("X-GATEPOST-UNINDEXED {count}"), text),
    }
}

/// Keeps a result as `$`: with MIN and MAX alone only those, else all that was asked for (RFC 5182 section 2.1).
pub(super) fn save(session: &mut Session, returns: &[Return], uids: &[Uid]) -> Result<(), Error> {
    if !returns.contains(&Return::Save) {
        return Ok(());
    }
    let ends_only = returns.iter().all(|of| matches!(of, Return::Save | Return::Min | Return::Max))
        && returns.iter().any(|of| matches!(of, Return::Min | Return::Max));
    let partial = partial_of(returns).map(|range| range.of(uids.len()));
    let kept: Vec<Uid> = if ends_only {
        let first = uids.first().filter(|_| returns.contains(&Return::Min));
        let last = uids.last().filter(|_| returns.contains(&Return::Max));
        first.into_iter().chain(last).copied().collect()
    } else {
        uids[partial.unwrap_or(0..uids.len())].to_vec()
    };
    let mut saved = UidSet::default();
    let mut kept = kept;
    kept.sort_unstable();
    kept.into_iter().for_each(|uid| saved.insert(uid));
    session.selected_mut()?.saved = saved;
    Ok(())
}

/// The selected mailbox as the store knows it.
pub(super) fn source(session: &Session) -> Result<Source, Error> {
    let selected = session.selected()?;
    Ok(Source { store: session.store().clone(), account: selected.account, mailbox: selected.mailbox })
}

fn partial_of(returns: &[Return]) -> Option<PartialRange> {
    returns.iter().find_map(|of| match of {
        Return::Partial(range) => Some(*range),
        _ => None,
    })
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
    if returns.iter().any(|of| matches!(of, Return::All | Return::Count | Return::Partial(_))) {
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
    (uids, relevancies): (&[Uid], &[u8]),
    modseq: Option<ModSeq>,
    command: &Bytes,
) -> Result<(), Error> {
    if returns == [Return::Save] {
        return Ok(());
    }
    let numbers = Numbers::of(session.selected()?, uid);
    let numbers: Vec<u32> = uids.iter().filter_map(|&uid| numbers.of_uid(uid)).collect();
    let out = &mut session.wire.out;
    out.extend_from_slice(b"* ESEARCH (TAG ");
    write_string(out, tag_of(command).unwrap_or_default().as_bytes());
    out.push(b')');
    if uid {
        out.extend_from_slice(b" UID");
    }
    write_data(out, returns, &numbers, relevancies);
    if let Some(modseq) = modseq {
        put(out, " MODSEQ ", modseq);
    }
    out.extend_from_slice(b"\r\n");
    Ok(())
}

fn put(out: &mut Vec<u8>, name: &str, number: u64) {
    out.extend_from_slice(name.as_bytes());
    write_number(out, number);
}

/// `search-return-data` of a result, but for MODSEQ.
pub(super) fn write_data(out: &mut Vec<u8>, returns: &[Return], numbers: &[u32], relevancies: &[u8]) {
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
        write_set(out, numbers.iter().copied());
    }
    if let Some(range) = partial_of(returns) {
        let part = numbers.get(range.of(numbers.len())).unwrap_or_default();
        out.extend_from_slice(format!(" PARTIAL ({range} ").as_bytes());
        if part.is_empty() {
            out.extend_from_slice(b"NIL");
        }
        write_set(out, part.iter().copied());
        out.push(b')');
    }
    if returns.contains(&Return::Relevancy) && !relevancies.is_empty() {
        // Of a part, those of the part (RFC 6203 section 4 speaks of the results that are returned).
        let range = partial_of(returns).map_or(0..relevancies.len(), |range| range.of(relevancies.len()));
        let scores: Vec<String> = relevancies[range].iter().map(u8::to_string).collect();
        out.extend_from_slice(format!(" RELEVANCY ({})", scores.join(" ")).as_bytes());
    }
}
