//! What one session knows of the mailbox it has selected, and how it is told what others did to it.
//!
//! `known` is what the client was told: its positions are the sequence numbers. Changes are taken in with
//! [`Selected::look`], which moves `known` on by what came; what went stays in it, and in `gone`, until EXPUNGE may be sent.

use crate::{
    error::{Error, write_count},
    proto::{SequenceSet, store::write_flags, string::write_number},
};
use std::{ops::ControlFlow, sync::Arc};
use store::{AccountId, Flags, MailboxId, ModSeq, Store, Uid, UidSet, View};

/// Sets up to this many ranges are kept by the session itself; others are shared between sessions.
const RANGES_OWN_MAX: usize = 64;

/// The mailbox of a session.
pub(crate) struct Selected {
    pub(crate) account: AccountId,
    pub(crate) mailbox: MailboxId,
    /// EXAMINE.
    pub(crate) read_only: bool,
    known: Known,
    /// Those of `known` that are gone without the client being told so far.
    gone: UidSet,
    /// Messages from this UID on are `\Recent` here.
    recent_from: Uid,
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
        read_only: bool,
    ) -> Result<(Self, Arc<View>), Error> {
        // What came up to here is in the view; what came since may be, and is then taken in twice without harm.
        let before = store.modseq(account)?;
        let view = store.view(account, mailbox)?;
        let selected = Self {
            account,
            mailbox,
            read_only,
            known: Known::of(&view),
            gone: UidSet::default(),
            recent_from: view.uid_next,
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
        if uid { Ok(set.by_uid(self.known())) } else { Ok(set.by_sequence(self.known())?) }
    }

    /// Whether a message came while this session had the mailbox.
    pub(crate) fn is_recent(&self, uid: Uid) -> bool {
        uid >= self.recent_from
    }

    /// Messages that are `\Recent`.
    pub(crate) fn recent(&self) -> usize {
        self.known().len() - self.known().rank(self.recent_from)
    }

    /// A commit of this session changed flags at `modseq` and the answer tells of them. Passed over when others changed
    /// something in between: then all is told again.
    pub(crate) fn told(&mut self, modseq: ModSeq) {
        if modseq == self.synced + 1 {
            self.synced = modseq;
        }
    }

    /// Takes in what has happened and writes it: EXPUNGE where it may be, EXISTS and RECENT, and returns the messages
    /// whose flags are to be told with [`Selected::write_flags_of`].
    pub(crate) fn look(&mut self, store: &Store, expunges: Expunges, out: &mut Vec<u8>) -> Result<UidSet, Error> {
        let (appended, flags) = self.news(store)?;
        if expunges == Expunges::Sent {
            self.write_expunges(out);
        }
        if !appended.is_empty() {
            self.known.change(|known| *known = known.union(&appended));
            write_count(out, self.known().len(), "EXISTS");
            write_count(out, self.recent(), "RECENT");
        }
        self.share(store);
        Ok(flags)
    }

    /// What came, and what has other flags. What went is in `gone` then.
    fn news(&mut self, store: &Store) -> Result<(UidSet, UidSet), Error> {
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
        let (now, view) = Self::open(store, self.account, self.mailbox, self.read_only)?;
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

    /// From the highest down, so that each number stands.
    fn write_expunges(&mut self, out: &mut Vec<u8>) {
        if self.gone.is_empty() {
            return;
        }
        let gone = std::mem::take(&mut self.gone);
        for uid in gone.iter().rev() {
            if let Some(number) = self.number(uid) {
                write_count(out, number as usize, "EXPUNGE");
            }
        }
        self.known.change(|known| *known = known.difference(&gone));
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
        condstore: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        store.flags_of(self.account, self.mailbox, uids, &mut |uid, flags, modseq| {
            self.write_flags(uid, Some(&flags), condstore.then_some(modseq), true, out);
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
        out: &mut Vec<u8>,
    ) {
        let Some(number) = self.number(uid) else { return };
        out.extend_from_slice(b"* ");
        write_number(out, u64::from(number));
        out.extend_from_slice(b" FETCH (");
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
            write_flags(out, flags, self.is_recent(uid));
        }
        if let Some(modseq) = modseq {
            name(out, "MODSEQ (");
            write_number(out, modseq);
            out.push(b')');
        }
        out.extend_from_slice(b")\r\n");
    }
}
