//! What one session knows of the mailbox it has selected, and how it is told what others did to it.
//!
//! `known` is what the client was told: its positions are the sequence numbers. Changes are taken in with
//! [`Selected::look`], which moves `known` on by what came; what went stays in it, and in `gone`, until EXPUNGE may be sent.

use crate::{
    enabled::Enabled,
    error::{Error, write_count},
    proto::{SequenceSet, response::write_set, store::write_flags, string::write_number},
    recent::{Claim, Marks},
};
use std::{ops::ControlFlow, sync::Arc};
use store::{AccountId, Flags, MailboxId, ModSeq, Rights, Store, Uid, UidSet, View};

/// Sets up to this many ranges are kept by the session itself; others are shared between sessions.
const RANGES_OWN_MAX: usize = 64;

/// The mailbox of a session.
pub(crate) struct Selected {
    pub(crate) account: AccountId,
    pub(crate) mailbox: MailboxId,
    /// EXAMINE, or no right to change anything.
    pub(crate) read_only: bool,
    /// What may be done here.
    pub(crate) rights: Rights,
    known: Known,
    /// Those of `known` that are gone without the client being told so far.
    gone: UidSet,
    /// Those that are `\Recent` here; some may be gone.
    recent: UidSet,
    /// Takes the recent ones, unless the mailbox is open for reading only.
    claim: Option<Claim>,
    /// The result that the last search saved (RFC 5182).
    pub(crate) saved: UidSet,
    /// The account's mod-sequence up to which changes are taken in.
    synced: ModSeq,
}

/// Messages, shared where they are many ranges.
enum Known {
    Own(UidSet),
    Shared(Arc<View>),
}

impl Known {
    fn set(&self) -> &UidSet {
        match self {
            Self::Own(set) => set,
            Self::Shared(view) => &view.uids,
        }
    }

    fn of(view: &Arc<View>) -> Self {
        if view.uids.ranges().len() <= RANGES_OWN_MAX {
            Self::Own(view.uids.clone())
        } else {
            Self::Shared(view.clone())
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut UidSet)) {
        let mut set = match std::mem::replace(self, Self::Own(UidSet::default())) {
            Self::Own(set) => set,
            Self::Shared(view) => view.uids.clone(),
        };
        change(&mut set);
        *self = Self::Own(set);
    }
}

/// Whether EXPUNGE may be sent now: not while the client may use sequence numbers that it would change (RFC 3501 section
/// 7.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expunges {
    Sent,
    Held,
}

impl Selected {
    /// Opens a mailbox. The view is what the client is told of it.
    pub(crate) fn open(
        store: &Store,
        account: AccountId,
        mailbox: MailboxId,
        marks: &Arc<Marks>,
        read_only: bool,
    ) -> Result<(Self, Arc<View>), Error> {
        // What came up to here is in the view; what came since may be, and is then taken in twice without harm.
        let before = store.modseq(account)?;
        let view = store.view(account, mailbox)?;
        let (claim, recent_from) = if read_only {
            (None, marks.peek(store, account, mailbox)?)
        } else {
            let claim = marks.open(store, account, mailbox)?;
            let first = claim.take(view.uid_next);
            (Some(claim), first)
        };
        let mut recent = UidSet::default();
        if recent_from < view.uid_next {
            recent.insert_range(recent_from, view.uid_next - 1);
        }
        let selected = Self {
            account,
            mailbox,
            read_only,
            rights: Rights::ALL,
            known: Known::of(&view),
            gone: UidSet::default(),
            recent,
            claim,
            saved: UidSet::default(),
            synced: before.max(view.modseq),
        };
        Ok((selected, view))
    }

    /// The messages that the client knows; the position is the sequence number less one.
    pub(crate) fn known(&self) -> &UidSet {
        self.known.set()
    }

    /// The sequence number of a message.
    pub(crate) fn number(&self, uid: Uid) -> Option<u32> {
        u32::try_from(self.known().position(uid)? + 1).ok()
    }

    /// The messages that a set of a command names, as UIDs; those that are gone already among them.
    ///
    /// # Errors
    /// `BAD` for a sequence number that there is not.
    pub(crate) fn resolve(&self, set: &SequenceSet, uid: bool) -> Result<UidSet, Error> {
        if set.is_saved_result() {
            return Ok(self.saved.intersection(self.known()));
        }
        if uid { Ok(set.by_uid(self.known())) } else { Ok(set.by_sequence(self.known())?) }
    }

    /// Messages that are `\Recent` here; some of the set may be gone.
    pub(crate) fn recent(&self) -> &UidSet {
        &self.recent
    }

    /// How many of the messages are `\Recent`.
    pub(crate) fn recent_count(&self) -> usize {
        self.known().intersection(&self.recent).len()
    }

    /// Takes in that messages came: those that no other session was told of are recent here.
    fn recent_came(&mut self, store: &Store, marks: &Marks, appended: &UidSet) {
        let Some(last) = appended.last() else { return };
        let first = match &self.claim {
            Some(claim) => claim.take(last.saturating_add(1)),
            None => marks.peek(store, self.account, self.mailbox).unwrap_or(last + 1),
        };
        if first <= last {
            self.recent = self.recent.union(&appended.intersection(&UidSet::from_iter([(first, last)])));
        }
    }

    /// A commit of this session changed flags at `modseq` and the answer tells of them. Passed over when others changed
    /// something in between: then all is told again.
    pub(crate) fn told(&mut self, modseq: ModSeq) {
        if modseq == self.synced + 1 {
            self.synced = modseq;
        }
    }

    /// Takes in what has happened and writes it: EXPUNGE where it may be, EXISTS and RECENT, and returns the messages
    /// that came, and those whose flags are to be told with [`Selected::write_flags_of`].
    pub(crate) fn look(
        &mut self,
        store: &Store,
        marks: &Arc<Marks>,
        expunges: Expunges,
        enabled: Enabled,
        out: &mut Vec<u8>,
    ) -> Result<(UidSet, UidSet), Error> {
        let (appended, flags) = self.news(store, marks)?;
        if expunges == Expunges::Sent {
            self.write_expunges(enabled, out);
        }
        if !appended.is_empty() {
            self.known.change(|known| *known = known.union(&appended));
            self.recent_came(store, marks, &appended);
            write_count(out, self.known().len(), "EXISTS");
            if !enabled.rev2 {
                write_count(out, self.recent_count(), "RECENT");
            }
        }
        self.share(store);
        Ok((appended, flags))
    }

    /// What came, and what has other flags. What went is in `gone` then.
    fn news(&mut self, store: &Store, marks: &Arc<Marks>) -> Result<(UidSet, UidSet), Error> {
        if store.modseq(self.account)? <= self.synced {
            return Ok(Default::default());
        }
        let since = self.synced;
        if let Some(changes) = store.changes(self.account, self.mailbox, since)? {
            self.synced = changes.modseq;
            self.gone = self.gone.union(&changes.expunged.intersection(self.known()));
            let appended = changes.appended.difference(self.known());
            let flags = changes.flags.intersection(self.known()).difference(&self.gone);
            return Ok((appended, flags));
        }
        // The history does not reach back so far.
        let (now, view) = Self::open(store, self.account, self.mailbox, marks, true)?;
        self.synced = now.synced;
        self.gone = self.known().difference(&view.uids);
        let appended = view.uids.difference(self.known());
        let mut flags = UidSet::default();
        store.flags_of(self.account, self.mailbox, &self.known().difference(&self.gone), &mut |uid, _, modseq| {
            if modseq > since {
                flags.insert(uid);
            }
            ControlFlow::Continue(())
        })?;
        Ok((appended, flags))
    }

    /// EXPUNGE from the highest down, so that each number stands; or VANISHED (RFC 7162 section 3.2.10).
    fn write_expunges(&mut self, enabled: Enabled, out: &mut Vec<u8>) {
        if self.gone.is_empty() {
            return;
        }
        let gone = std::mem::take(&mut self.gone).intersection(self.known());
        if enabled.vanished() {
            write_vanished(out, &gone, false);
        } else {
            for uid in gone.iter().rev() {
                if let Some(number) = self.number(uid) {
                    write_count(out, number as usize, "EXPUNGE");
                }
            }
        }
        self.known.change(|known| *known = known.difference(&gone));
        self.recent = self.recent.difference(&gone);
        self.saved = self.saved.difference(&gone);
    }

    /// Shares a set of many ranges with the other sessions, if they know the same.
    fn share(&mut self, store: &Store) {
        if let Known::Own(own) = &self.known
            && own.ranges().len() > RANGES_OWN_MAX
            && let Ok(view) = store.view(self.account, self.mailbox)
            && view.uids == *own
        {
            self.known = Known::Shared(view);
        }
    }

    /// Writes `* n FETCH (UID u FLAGS (...))` for messages of a set that exist.
    pub(crate) fn write_flags_of(
        &self,
        store: &Store,
        uids: &UidSet,
        enabled: Enabled,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        store.flags_of(self.account, self.mailbox, uids, &mut |uid, flags, modseq| {
            self.write_flags(uid, Some(&flags), enabled.condstore.then_some(modseq), true, enabled, out);
            ControlFlow::Continue(())
        })?;
        Ok(())
    }

    /// `* n FETCH (...)` with what is given; nothing for a message that the client does not know.
    pub(crate) fn write_flags(
        &self,
        uid: Uid,
        flags: Option<&Flags>,
        modseq: Option<ModSeq>,
        with_uid: bool,
        enabled: Enabled,
        out: &mut Vec<u8>,
    ) {
        let Some(number) = self.number(uid) else { return };
        write_fetch_start(out, number, uid, enabled);
        let with_uid = with_uid && !enabled.uid_only;
        let start = out.len();
        let name = |out: &mut Vec<u8>, name: &str| {
            if out.len() > start {
                out.push(b' ');
            }
            out.extend_from_slice(name.as_bytes());
        };
        if with_uid {
            name(out, "UID ");
            write_number(out, u64::from(uid));
        }
        if let Some(flags) = flags {
            name(out, "FLAGS ");
            write_flags(out, flags, !enabled.rev2 && self.recent.contains(uid));
        }
        if let Some(modseq) = modseq {
            name(out, "MODSEQ (");
            write_number(out, modseq);
            out.push(b')');
        }
        out.extend_from_slice(b")\r\n");
    }
}

/// `* n FETCH (`, or `* u UIDFETCH (` (RFC 9586 section 3.2).
pub(crate) fn write_fetch_start(out: &mut Vec<u8>, number: u32, uid: Uid, enabled: Enabled) {
    out.extend_from_slice(b"* ");
    write_number(out, u64::from(if enabled.uid_only { uid } else { number }));
    out.extend_from_slice(if enabled.uid_only { b" UIDFETCH (" } else { b" FETCH (" });
}

/// `* VANISHED 1:3`; `(EARLIER)` for what was gone before the client looked (RFC 7162 section 3.2.10).
pub(crate) fn write_vanished(out: &mut Vec<u8>, uids: &UidSet, earlier: bool) {
    if uids.is_empty() {
        return;
    }
    out.extend_from_slice(if earlier { b"* VANISHED (EARLIER) " } else { b"* VANISHED " });
    write_set(out, uids.iter());
    out.extend_from_slice(b"\r\n");
}
