//! STORE (RFC 3501 section 6.4.6, RFC 7162 section 3.1.3).

use crate::{
    error::Error,
    place::permitted,
    proto::{response::write_set, store::StoreFlags},
    selected::Expunges,
    session::{Completed, Session},
};
use std::ops::ControlFlow;
use store::{FlagChange, Flags, MESSAGES_PER_COMMIT_MAX, Rights, Tx, UidSet};

/// Messages told of between two looks at how much is waiting to be sent.
const TOLD_AT_ONCE: usize = 1000;

/// One commit, whatever the number of messages, up to [`MESSAGES_PER_COMMIT_MAX`].
pub(super) async fn store(session: &mut Session, mut command: StoreFlags) -> Result<Completed, Error> {
    let selected = session.selected()?;
    if selected.read_only {
        return Err(Error::no("NOPERM", "the mailbox is open for reading only"));
    }
    let uids = selected.resolve(&command.set, command.uid)?;
    restrict(&mut command, selected.rights)?;
    if command.unchanged_since.is_some() {
        session.enable_condstore()?;
    }
    // What others did is told first, so that what is told afterwards is what this command did.
    session.tell(Expunges::Held).await?;
    let conflicts = change(session, &uids, &command).await?;
    answer(session, &uids.difference(&conflicts), &command).await?;
    if conflicts.is_empty() {
        return Ok(Completed::new("STORE completed"));
    }
    let selected = session.selected()?;
    let mut code = b"MODIFIED ".to_vec();
    let number = |uid| if command.uid { Some(uid) } else { selected.number(uid) };
    write_set(&mut code, conflicts.iter().filter_map(number));
    let code = String::from_utf8_lossy(&code).into_owned();
    Ok(Completed::with_code(code, "Some had changed meanwhile"))
}

/// RFC 4314 section 4: those that may be changed are, and the command fails when that is none. To replace all flags, all must be
/// open to change.
fn restrict(command: &mut StoreFlags, rights: Rights) -> Result<(), Error> {
    if rights.has(Rights::SEEN.with(Rights::WRITE).with(Rights::TRASH)) {
        return Ok(());
    }
    let wanted = command.flags.clone();
    command.flags = permitted(&wanted, rights);
    let is_none = command.flags == Flags::default() && wanted != Flags::default();
    if is_none || command.change == FlagChange::Replace {
        return Err(Error::no("NOPERM", "you may not change these flags in this mailbox"));
    }
    Ok(())
}

/// Changes flags; returns what was left alone because it had changed.
async fn change(session: &mut Session, uids: &UidSet, command: &StoreFlags) -> Result<UidSet, Error> {
    let selected = session.selected()?;
    let (account, mailbox) = (selected.account, selected.mailbox);
    let mut conflicts = UidSet::default();
    for part in uids.chunks(MESSAGES_PER_COMMIT_MAX) {
        let (change, flags, since) = (command.change, command.flags.clone(), command.unchanged_since);
        let work = move |tx: &mut Tx<'_>| tx.flags_change(account, mailbox, &part, change, &flags, since);
        let done = session.store().commit::<_, store::Error, _>(Vec::new(), work).await?;
        conflicts = conflicts.union(&done.conflicts);
        if !done.changed.is_empty() {
            session.selected_mut()?.told(done.modseq);
        }
    }
    Ok(conflicts)
}

/// FETCH of what the flags are now; of `.SILENT` only the mod-sequence stays (RFC 7162 section 3.1.3).
async fn answer(session: &mut Session, uids: &UidSet, command: &StoreFlags) -> Result<(), Error> {
    let enabled = session.enabled;
    if command.silent && !enabled.condstore {
        return Ok(());
    }
    for part in uids.chunks(TOLD_AT_ONCE) {
        let (selected, store, out) = session.parts()?;
        store.flags_of(selected.account, selected.mailbox, &part, &mut |uid, flags, modseq| {
            let flags = (!command.silent).then_some(&flags);
            selected.write_flags(uid, flags, enabled.condstore.then_some(modseq), command.uid, enabled, out);
            ControlFlow::Continue(())
        })?;
        session.wire.drain().await?;
    }
    Ok(())
}
