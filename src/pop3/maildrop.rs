//! What one session knows of its INBOX: the messages as they were at sign-in, and what is to become of them at QUIT.

use crate::{
    error::{Error, TEMPORARY},
    language::Words,
    lock::Lock,
    proto::write,
};
use std::{
    ops::ControlFlow,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use store::{AccountId, FlagChange, Flags, Head, MESSAGES_PER_COMMIT_MAX, MailboxId, Store, Uid, UidSet, View};

/// Tries to read the sum of sizes and the list of messages as of one commit. More than one is needed only while mail comes in.
const TRIES_MAX: usize = 8;

/// A maildrop in use.
pub(crate) struct Maildrop {
    pub(crate) account: AccountId,
    mailbox: MailboxId,
    view: Arc<View>,
    /// Bytes of all messages.
    bytes: u64,
    deleted: UidSet,
    deleted_bytes: u64,
    /// Those that the client has in full.
    retrieved: UidSet,
    _lock: Lock,
}

impl Maildrop {
    /// Opens the INBOX of an account.
    pub(crate) fn open(store: &Store, account: AccountId, lock: Lock) -> Result<Self, store::Error> {
        let mailbox = store.mailbox_by_name(account, "INBOX")?.id;
        let (view, bytes) = state(store, account, mailbox)?;
        let (deleted, retrieved) = (UidSet::default(), UidSet::default());
        Ok(Self { account, mailbox, view, bytes, deleted, deleted_bytes: 0, retrieved, _lock: lock })
    }

    /// Messages that are not marked as deleted, and their bytes.
    pub(crate) fn stat(&self) -> (usize, u64) {
        (self.view.uids.len() - self.deleted.len(), self.bytes.saturating_sub(self.deleted_bytes))
    }

    /// The message of a number, if it is there and not marked as deleted.
    pub(crate) fn uid(&self, number: u32) -> Result<Uid, Error> {
        let no = |key| Error::No { code: "", words: Words::new(key).with("number", &number) };
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let uid = index.and_then(|index| self.view.uids.nth(index)).ok_or_else(|| no("pop3-no-such-message"))?;
        if self.deleted.contains(uid) { Err(no("pop3-deleted-already")) } else { Ok(uid) }
    }

    /// As [`Maildrop::uid`], with size and bytes.
    pub(crate) fn head(&self, store: &Store, number: u32) -> Result<Head, Error> {
        let uid = self.uid(number)?;
        let gone = || Error::no(TEMPORARY, "pop3-gone");
        store.head(self.account, self.mailbox, uid)?.ok_or_else(gone)
    }

    /// Messages that are not marked as deleted.
    pub(crate) fn left(&self) -> UidSet {
        self.view.uids.difference(&self.deleted)
    }

    /// Lines of LIST. A message that another program has removed meanwhile is not listed any more.
    pub(crate) fn write_sizes(&self, store: &Store, part: &UidSet, out: &mut Vec<u8>) -> Result<(), store::Error> {
        store.heads(self.account, self.mailbox, part, &mut |head| {
            write::number(out, self.number(head.uid));
            out.push(b' ');
            write::number(out, head.size.into());
            out.extend_from_slice(b"\r\n");
            ControlFlow::Continue(())
        })
    }

    /// Lines of UIDL.
    pub(crate) fn write_unique_ids(&self, part: &UidSet, out: &mut Vec<u8>) {
        for uid in part.iter() {
            write::number(out, self.number(uid));
            out.push(b' ');
            self.write_unique_id(uid, out);
            out.extend_from_slice(b"\r\n");
        }
    }

    /// UIDVALIDITY and UID of INBOX: neither is ever used again for another message, and INBOX keeps its UIDVALIDITY for as
    /// long as there is the account.
    pub(crate) fn write_unique_id(&self, uid: Uid, out: &mut Vec<u8>) {
        write::hex(out, self.view.uid_validity);
        write::hex(out, uid);
    }

    fn number(&self, uid: Uid) -> u64 {
        self.view.uids.position(uid).map_or(0, |index| index as u64 + 1)
    }

    /// Marks a message as deleted. What is deleted at once goes in one commit, which has a bound.
    pub(crate) fn delete(&mut self, head: Head) -> Result<(), Error> {
        if self.deleted.len() >= MESSAGES_PER_COMMIT_MAX {
            let words = Words::new("pop3-too-many-deleted").with("number", &MESSAGES_PER_COMMIT_MAX);
            return Err(Error::No { code: TEMPORARY, words });
        }
        self.deleted.insert(head.uid);
        self.deleted_bytes += u64::from(head.size);
        Ok(())
    }

    /// RSET: nothing is marked any more.
    pub(crate) fn reset(&mut self) {
        self.deleted = UidSet::default();
        self.deleted_bytes = 0;
    }

    /// The client has all of it.
    pub(crate) fn retrieved(&mut self, uid: Uid) {
        self.retrieved.insert(uid);
    }

    /// The UPDATE state: one commit takes out what was marked, and sets `\Seen` on what was retrieved and stays, so that other
    /// programs show it as read. How many messages were deleted.
    pub(crate) async fn update(self, store: &Store) -> Result<usize, store::Error> {
        let Self { account, mailbox, deleted, view, retrieved, .. } = self;
        let seen = retrieved.intersection(&view.unseen).difference(&deleted);
        if deleted.is_empty() && seen.is_empty() {
            return Ok(0);
        }
        let flags = Flags::system(Flags::SEEN);
        let work = move |tx: &mut store::Tx<'_>| {
            let gone = if deleted.is_empty() { 0 } else { tx.expunge(account, mailbox, &deleted, now_ms())?.len() };
            if !seen.is_empty() {
                tx.flags_change(account, mailbox, &seen, FlagChange::Add, &flags, None)?;
            }
            Ok(gone)
        };
        store.commit(Vec::new(), work).await
    }
}

/// The messages and the sum of their sizes.
fn state(store: &Store, account: AccountId, mailbox: MailboxId) -> Result<(Arc<View>, u64), store::Error> {
    let mut view = store.view(account, mailbox)?;
    for _ in 0..TRIES_MAX {
        let row = store.mailbox(account, mailbox)?;
        if row.highest_modseq == view.modseq {
            return Ok((view, row.size));
        }
        view = store.view(account, mailbox)?;
    }
    let mut bytes = 0;
    store.heads(account, mailbox, &view.uids, &mut |head| {
        bytes += u64::from(head.size);
        ControlFlow::Continue(())
    })?;
    Ok((view, bytes))
}

/// Milliseconds since 1970.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
