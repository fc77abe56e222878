//! ESEARCH over several mailboxes (RFC 7377).
//!
//! `X-GATEPOST-NEWEST first:last`, a return option of ours, answers with those of all mailboxes together that come first when
//! the newest internal date is first: `* X-GATEPOST-NEWEST (TAG "a") total (mailbox uidvalidity uid ...)`.

use super::search::write_data;
use crate::{
    error::Error,
    fuzzy::Fuzzy,
    matching::{Known, Program, Source as Reading, scan},
    place::{Place, need},
    progress::Progress,
    proto::{
        esearch::{Esearch, Source},
        gather::tag_of,
        mailbox_name,
        notify::Filter,
        search::{Key, PartialRange, Return},
        string::{write_number, write_string},
    },
    session::{Completed, Session},
};
use bytes::Bytes;
use search::{Dated, Newest};
use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};
use store::{AccountId, MailboxId, Rights, Store, UidSet, View};

/// A mailbox to be searched.
struct Searched {
    place: Place,
    view: Arc<View>,
    is_selected: bool,
}

/// What was found in a mailbox.
struct Found {
    account: AccountId,
    mailbox: MailboxId,
    name: String,
    uid_validity: u32,
    uids: UidSet,
    relevancies: Vec<u8>,
}

/// Tells of each mailbox which of its messages match; of one without any it tells nothing.
pub(super) async fn esearch(session: &mut Session, command: &Esearch, bytes: &Bytes) -> Result<Completed, Error> {
    let all = [Return::All];
    let returns = command.search.returns.as_deref().unwrap_or(&all);
    if returns.contains(&Return::Save) {
        // RFC 7377 section 2.2 leaves it to servers to keep results of the selected mailbox alone; SEARCH does that.
        return Err(Error::Bad("SAVE goes with SEARCH".into()));
    }
    let searched = searched(session, &command.sources)?;
    let is_selected_alone = searched.len() == 1 && searched[0].is_selected;
    if command.search.key.uses_numbers() && (!is_selected_alone || session.enabled.uid_only) {
        return Err(Error::Bad("sequence numbers mean nothing over several mailboxes".into()));
    }
    let is_scored = returns.contains(&Return::Relevancy);
    let mut fuzzies: BTreeMap<AccountId, Fuzzy> = BTreeMap::new();
    let mut found = Vec::new();
    let is_wide = searched.len() > 1;
    for mailbox in searched {
        let account = mailbox.place.account;
        let index = session.context.search.as_ref();
        let fuzzy = fuzzies.remove(&account).unwrap_or_else(|| Fuzzy::new(index, account, is_wide, is_scored));
        let (fuzzy, here) = one(session, mailbox, fuzzy, &command.search.key, is_scored, bytes).await?;
        fuzzies.insert(account, fuzzy);
        found.extend(here);
    }
    for here in &found {
        write_found(session, here, returns, bytes);
        session.wire.drain().await?;
    }
    if let Some(range) = newest_of(returns) {
        let one_by_one = fuzzies.values().map(Fuzzy::one_by_one).sum::<u64>();
        newest(session, found, fuzzies, range, bytes).await?;
        return Ok(completed(one_by_one));
    }
    Ok(completed(fuzzies.values().map(Fuzzy::one_by_one).sum()))
}

/// Says so when messages were looked at one by one because the index is not done.
pub(super) fn completed(one_by_one: u64) -> Completed {
    match one_by_one {
        0 => Completed::new("ESEARCH completed"),
        count => Completed::with_code(format!("X-GATEPOST-UNINDEXED {count}"), "ESEARCH completed"),
    }
}

/// Searches one mailbox; nothing when no message matches.
async fn one(
    session: &mut Session,
    mailbox: Searched,
    mut fuzzy: Fuzzy,
    key: &Key,
    is_scored: bool,
    command: &Bytes,
) -> Result<(Fuzzy, Option<Found>), Error> {
    let Searched { place, view, is_selected } = mailbox;
    let (nothing, selected) = (UidSet::default(), session.selected().ok().filter(|_| is_selected));
    let known = selected.map_or(&view.uids, |selected| selected.known());
    let among = known.intersection(&view.uids);
    let (id, account) = (place.mailbox.id, place.account);
    let key = if key.is_fuzzy() {
        let (key, among) = (key.clone(), among.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let key = fuzzy.resolve(&key, id, &among);
            (fuzzy, key)
        });
        let resolved = asked.await.map_err(|_| Error::interrupted())?;
        fuzzy = resolved.0;
        resolved.1?
    } else {
        key.clone()
    };
    let selected = session.selected().ok().filter(|_| is_selected);
    let known = Known {
        uids: selected.map_or(&view.uids, |selected| selected.known()),
        recent: selected.map_or(&nothing, |selected| selected.recent()),
        saved: selected.map_or(&nothing, |selected| &selected.saved),
        unseen: &view.unseen,
        now: super::mailbox::now_ms(),
    };
    let program = Program::new(&key, &known)?;
    let progress = Progress::default();
    let reading = Reading { store: session.store().clone(), account, mailbox: id };
    let matches = session.wait_for(command, &progress, scan(reading, program, &among, &progress)).await??;
    if matches.uids.is_empty() {
        return Ok((fuzzy, None));
    }
    let relevancies = if is_scored { fuzzy.relevancies(matches.uids.iter()) } else { Vec::new() };
    let uid_validity = view.uid_validity;
    Ok((fuzzy, Some(Found { account, mailbox: id, name: place.name, uid_validity, uids: matches.uids, relevancies })))
}

/// The mailboxes that are meant, each once. What is not there, or may not be read, is passed over (RFC 7377 section 2.2).
fn searched(session: &Session, sources: &[Source]) -> Result<Vec<Searched>, Error> {
    let account = session.account();
    let mut places = Vec::new();
    if sources.is_empty() || sources.contains(&Source::Filter(Filter::Selected)) {
        let selected = session.selected()?;
        let mailbox = session.store().mailbox(selected.account, selected.mailbox)?;
        let (owner, rights) = (selected.account, selected.rights);
        let name = if owner == account {
            mailbox.name.clone()
        } else {
            let shared = session.shared_mailboxes()?.into_iter();
            let mut theirs = shared.filter(|place| (place.account, place.mailbox.id) == (owner, mailbox.id));
            theirs.next().map(|place| place.name).unwrap_or_default()
        };
        places.push(Place { account: owner, name, mailbox, rights });
    }
    for mailbox in session.store().mailboxes(account)? {
        if sources.iter().any(|source| means(source, &mailbox)) {
            places.push(Place { account, name: mailbox.name.clone(), mailbox, rights: Rights::ALL });
        }
    }
    let is_named =
        |source: &Source| !matches!(source, Source::Filter(Filter::Selected | Filter::Inboxes | Filter::Personal));
    if sources.iter().any(is_named) {
        let shared = session.shared_mailboxes()?.into_iter();
        places.extend(shared.filter(|place| sources.iter().any(|source| names(source, &place.name))));
    }
    let selected = session.selected().ok().map(|selected| (selected.account, selected.mailbox));
    let mut searched: Vec<Searched> = Vec::new();
    for place in places {
        let id = (place.account, place.mailbox.id);
        let is_twice = searched.iter().any(|before| (before.place.account, before.place.mailbox.id) == id);
        if is_twice || need(place.rights, Rights::READ).is_err() {
            continue;
        }
        match session.store().view(id.0, id.1) {
            Ok(view) => searched.push(Searched { place, view, is_selected: selected == Some(id) }),
            Err(store::Error::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(searched)
}

/// Whether a mailbox of one's own is meant.
fn means(source: &Source, mailbox: &store::Mailbox) -> bool {
    match source {
        Source::Filter(Filter::Inboxes) => mailbox.name == "INBOX",
        Source::Filter(Filter::Personal) => true,
        Source::Filter(Filter::Subscribed) => mailbox.subscribed,
        source => names(source, &mailbox.name),
    }
}

/// Whether a mailbox is meant by its name.
fn names(source: &Source, name: &str) -> bool {
    let below = |parent: &String| name.strip_prefix(parent.as_str()).and_then(|rest| rest.strip_prefix('/'));
    match source {
        Source::Filter(Filter::Subtree(names)) => names.iter().any(|parent| parent == name || below(parent).is_some()),
        Source::SubtreeOne(names) => {
            names.iter().any(|parent| parent == name || below(parent).is_some_and(|rest| !rest.contains('/')))
        }
        Source::Filter(Filter::Mailboxes(names)) => names.iter().any(|wanted| wanted == name),
        Source::Filter(_) => false,
    }
}

fn newest_of(returns: &[Return]) -> Option<PartialRange> {
    returns.iter().find_map(|of| match of {
        Return::Newest(range) => Some(*range),
        _ => None,
    })
}

/// `* ESEARCH (TAG "a" MAILBOX "b" UIDVALIDITY 1) UID ...`: RFC 7377 section 2.1.
fn write_found(session: &mut Session, found: &Found, returns: &[Return], command: &Bytes) {
    let wants_data = returns.iter().any(|of| !matches!(of, Return::Newest(_)));
    if !wants_data {
        return;
    }
    let utf8 = session.enabled.takes_utf8();
    let out = &mut session.wire.out;
    out.extend_from_slice(b"* ESEARCH (TAG ");
    write_string(out, tag_of(command).unwrap_or_default().as_bytes());
    out.extend_from_slice(b" MAILBOX ");
    mailbox_name::write(out, &found.name, utf8);
    out.extend_from_slice(b" UIDVALIDITY ");
    write_number(out, u64::from(found.uid_validity));
    out.extend_from_slice(b") UID");
    let numbers: Vec<u32> = found.uids.iter().collect();
    write_data(out, returns, &numbers, &found.relevancies);
    out.extend_from_slice(b"\r\n");
}

/// Answers which come first of all that was found.
async fn newest(
    session: &mut Session,
    found: Vec<Found>,
    fuzzies: BTreeMap<AccountId, Fuzzy>,
    range: PartialRange,
    command: &Bytes,
) -> Result<(), Error> {
    let total: usize = found.iter().map(|here| here.uids.len()).sum();
    let wanted = range.of(total);
    let names: BTreeMap<(AccountId, MailboxId), (String, u32)> =
        found.iter().map(|here| ((here.account, here.mailbox), (here.name.clone(), here.uid_validity))).collect();
    let (store, end) = (session.store().clone(), wanted.end);
    let sorted = tokio::task::spawn_blocking(move || sorted(&store, found, &fuzzies, end));
    let sorted = sorted.await.map_err(|_| Error::interrupted())??;
    let utf8 = session.enabled.takes_utf8();
    let out = &mut session.wire.out;
    out.extend_from_slice(b"* X-GATEPOST-NEWEST (TAG ");
    write_string(out, tag_of(command).unwrap_or_default().as_bytes());
    out.extend_from_slice(b") ");
    write_number(out, total as u64);
    out.extend_from_slice(b" (");
    let mut is_first = true;
    for (account, message) in sorted.get(wanted.start.min(sorted.len())..).unwrap_or_default() {
        let Some((name, uid_validity)) = names.get(&(*account, message.mailbox)) else { continue };
        if !std::mem::take(&mut is_first) {
            out.push(b' ');
        }
        mailbox_name::write(out, name, utf8);
        out.push(b' ');
        write_number(out, u64::from(*uid_validity));
        out.push(b' ');
        write_number(out, u64::from(message.uid));
    }
    out.extend_from_slice(b")\r\n");
    Ok(())
}

/// The first `end` of all that was found, the newest first. The index knows the dates of what it holds.
fn sorted(
    store: &Store,
    found: Vec<Found>,
    fuzzies: &BTreeMap<AccountId, Fuzzy>,
    end: usize,
) -> Result<Vec<(AccountId, Dated)>, Error> {
    let mut accounts: BTreeMap<AccountId, BTreeMap<MailboxId, UidSet>> = BTreeMap::new();
    for here in found {
        accounts.entry(here.account).or_default().insert(here.mailbox, here.uids);
    }
    let mut all = Vec::new();
    for (account, sets) in accounts {
        let snapshot = fuzzies.get(&account).and_then(Fuzzy::snapshot);
        let mut rest = BTreeMap::new();
        let mut held = BTreeMap::new();
        for (mailbox, uids) in &sets {
            let missing = match snapshot {
                Some(snapshot) => snapshot.missing(*mailbox, uids)?,
                None => uids.clone(),
            };
            held.insert(*mailbox, uids.difference(&missing));
            rest.insert(*mailbox, missing);
        }
        let mut newest = match snapshot.and_then(|snapshot| snapshot.newest(held, end)) {
            Some(newest) => newest,
            None => {
                rest = sets;
                Newest::new(end)
            }
        };
        for (mailbox, uids) in &rest {
            store.messages(account, *mailbox, uids, &mut |message| {
                newest.put(Dated { received: message.received, mailbox: *mailbox, uid: message.uid });
                ControlFlow::Continue(())
            })?;
        }
        all.extend(newest.into_sorted().into_iter().map(|message| (account, message)));
    }
    all.sort_by_key(|(_, message)| std::cmp::Reverse(*message));
    all.truncate(end);
    Ok(all)
}
