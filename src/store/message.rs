//! Messages in mailboxes.

use crate::account::{Account, MESSAGES_PER_COMMIT_MAX};
use crate::backend::Tree;
use crate::change::Changes;
use crate::mailbox::Mailbox;
use crate::tx::Read;
use crate::{
    AccountId, BodyId, Error, FlagChange, Flags, MailboxId, ModSeq, Store, ThreadId, TraceId, Tx, Uid, UidSet, keys,
};
use mail::summary::{EnvelopeAddress, Summary};
use serde::{Deserialize, Serialize};
use std::{ops::ControlFlow, sync::Arc};

/// Bytes of a message's row. It leaves room for the flags and the name of the mailbox that the vault keeps with it.
const ROW_BYTES_MAX: usize = 10 * 1024;

/// What never changes of a message in a mailbox, but for a thread that is taken into another ([`crate::thread`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// UID.
    pub uid: Uid,
    /// The bytes.
    pub body: BodyId,
    /// Their number.
    pub size: u32,
    /// Internal date, milliseconds since 1970.
    pub received: i64,
    /// When it came into this mailbox (RFC 8514), milliseconds since 1970.
    pub saved: i64,
    /// Conversation.
    pub thread: ThreadId,
    /// Follows the message over all hops.
    pub trace: TraceId,
    /// What is kept beside the bytes. Where the whole would be too large for the index, the MIME structure is left out
    /// first, then addresses and references, then ends of long texts.
    pub summary: Summary,
}

/// A message to be put into a mailbox.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The bytes; the body itself is given to [`Store::commit`], or is in the store already.
    pub body: BodyId,
    /// Their number.
    pub size: u32,
    /// Internal date, milliseconds since 1970.
    pub received: i64,
    /// When it comes into this mailbox, milliseconds since 1970.
    pub saved: i64,
    /// Flags.
    pub flags: Flags,
    /// Follows the message over all hops.
    pub trace: TraceId,
    /// What is kept beside the bytes.
    pub summary: Arc<Summary>,
}

/// Where a message was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// UID.
    pub uid: Uid,
    /// UIDVALIDITY of the mailbox.
    pub uid_validity: u32,
    /// Mod-sequence.
    pub modseq: ModSeq,
    /// Conversation.
    pub thread: ThreadId,
}

/// What a change of flags did.
#[derive(Debug, Clone, Default)]
pub struct FlagsChanged {
    /// Those changed, with their new flags.
    pub changed: Vec<(Uid, Flags)>,
    /// Those left alone because they had changed after `unchanged_since` (RFC 7162 MODIFIED).
    pub conflicts: UidSet,
    /// Mod-sequence of the change; that of the mailbox when nothing changed.
    pub modseq: ModSeq,
}

/// What changes of a message. Kept apart so that marking messages writes few bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    modseq: ModSeq,
    flags: Flags,
}

impl Mailbox {
    /// Counts a message in (`sign` 1) or out (-1).
    fn count(&mut self, flags: &Flags, size: u32, sign: i32) {
        self.exists = self.exists.saturating_add_signed(sign);
        self.size = self.size.saturating_add_signed(i64::from(size) * i64::from(sign));
        self.count_flags(flags, sign);
    }

    fn count_flags(&mut self, flags: &Flags, sign: i32) {
        if !flags.has(Flags::SEEN) {
            self.unseen = self.unseen.saturating_add_signed(sign);
        }
        if flags.has(Flags::DELETED) {
            self.deleted = self.deleted.saturating_add_signed(sign);
        }
    }
}

/// The row of a message, within [`ROW_BYTES_MAX`].
fn row(message: &mut Message) -> Vec<u8> {
    let row = keys::encode(message);
    if row.len() <= ROW_BYTES_MAX {
        return row;
    }
    message.summary.structure = None;
    let mut row = keys::encode(message);
    // The last of these holds whatever the message is: 12 addresses of 3 texts and a handful of others, 100 bytes each.
    for (addresses, references, bytes) in [(60, 30, 998), (20, 20, 300), (6, 10, 200), (2, 4, 100)] {
        if row.len() <= ROW_BYTES_MAX {
            break;
        }
        cut(&mut message.summary, addresses, references, bytes);
        row = keys::encode(message);
    }
    row
}

/// Cuts a summary down: so many addresses a header, so many references (the first and the newest), so many bytes a text.
fn cut(summary: &mut Summary, addresses: usize, references: usize, bytes: usize) {
    fn cut_text(text: &mut String, bytes: usize) {
        text.truncate(text.floor_char_boundary(bytes));
    }
    fn cut_address(address: &mut EnvelopeAddress, bytes: usize) {
        [&mut address.name, &mut address.local, &mut address.domain]
            .into_iter()
            .flatten()
            .for_each(|text| cut_text(text, bytes));
    }
    let Summary { envelope, preview, references: ids, .. } = summary;
    cut_text(preview, bytes.max(200));
    for list in [
        &mut envelope.from,
        &mut envelope.sender,
        &mut envelope.reply_to,
        &mut envelope.to,
        &mut envelope.cc,
        &mut envelope.bcc,
    ] {
        list.truncate(addresses);
        list.iter_mut().for_each(|address| cut_address(address, bytes));
    }
    let texts = [&mut envelope.date, &mut envelope.subject, &mut envelope.in_reply_to, &mut envelope.message_id];
    texts.into_iter().flatten().for_each(|text| cut_text(text, bytes));
    if ids.len() > references {
        ids.drain(1..ids.len() - references + 1);
    }
    ids.iter_mut().for_each(|id| cut_text(id, bytes));
}

/// Rows of one tree for the UIDs of a set that exist, ascending. A range of the set is one range read, so that a set made
/// from a [`crate::View`] reads exactly its own rows.
pub(crate) fn rows<'a>(
    read: &'a impl Read,
    tree: Tree,
    account: AccountId,
    mailbox: MailboxId,
    uids: &'a UidSet,
) -> impl Iterator<Item = Result<(Uid, bytes::Bytes), Error>> + 'a {
    uids.ranges().iter().flat_map(move |&(first, last)| -> Box<dyn Iterator<Item = _> + 'a> {
        let start = keys::message(account, mailbox, first);
        if first == last {
            let row = read.get(tree, &start).transpose();
            return Box::new(row.map(move |value| Ok((first, value?))).into_iter());
        }
        // One byte more than the last key: behind it, before the next.
        let mut end = keys::message(account, mailbox, last);
        end.push(0);
        Box::new(
            read.range(tree, &start, &end).map(|row| row.and_then(|(key, value)| Ok((keys::uid_of(&key)?, value)))),
        )
    })
}

fn message(read: &impl Read, account: AccountId, mailbox: MailboxId, uid: Uid) -> Result<Option<Message>, Error> {
    let value = read.get(Tree::Message, &keys::message(account, mailbox, uid))?;
    value.map(|value| keys::decode("message", &value)).transpose()
}

fn state(read: &impl Read, account: AccountId, mailbox: MailboxId, uid: Uid) -> Result<Option<State>, Error> {
    let value = read.get(Tree::State, &keys::message(account, mailbox, uid))?;
    value.map(|value| keys::decode("flags", &value)).transpose()
}

/// Flags and mod-sequence of the UIDs of a set that exist, ascending.
pub(crate) fn states<'a>(
    read: &'a impl Read,
    account: AccountId,
    mailbox: MailboxId,
    uids: &'a UidSet,
) -> impl Iterator<Item = Result<(Uid, Flags, ModSeq), Error>> + 'a {
    rows(read, Tree::State, account, mailbox, uids).map(|row| {
        let (uid, value) = row?;
        let State { modseq, flags } = keys::decode("flags", &value)?;
        Ok((uid, flags, modseq))
    })
}

impl Store {
    /// One message.
    ///
    /// # Errors
    /// Machine faults.
    pub fn message(&self, account: AccountId, mailbox: MailboxId, uid: Uid) -> Result<Option<Message>, Error> {
        message(self, account, mailbox, uid)
    }
    /// Calls `each` with the messages of the set that exist, ascending. Reads only those, so a part of [`crate::View::uids`]
    /// costs what its length is, wherever it lies.
    ///
    /// # Errors
    /// Machine faults.
    pub fn messages(
        &self,
        account: AccountId,
        mailbox: MailboxId,
        uids: &UidSet,
        each: &mut dyn FnMut(Message) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        for row in rows(self, Tree::Message, account, mailbox, uids) {
            if each(keys::decode("message", &row?.1)?).is_break() {
                break;
            }
        }
        Ok(())
    }
    /// Flags and mod-sequence of one message.
    ///
    /// # Errors
    /// Machine faults.
    pub fn flags(&self, account: AccountId, mailbox: MailboxId, uid: Uid) -> Result<Option<(Flags, ModSeq)>, Error> {
        Ok(state(self, account, mailbox, uid)?.map(|state| (state.flags, state.modseq)))
    }
    /// Calls `each` with flags and mod-sequence of the messages of the set that exist, ascending; touches no summary.
    ///
    /// # Errors
    /// Machine faults.
    pub fn flags_of(
        &self,
        account: AccountId,
        mailbox: MailboxId,
        uids: &UidSet,
        each: &mut dyn FnMut(Uid, Flags, ModSeq) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        for state in states(self, account, mailbox, uids) {
            let (uid, flags, modseq) = state?;
            if each(uid, flags, modseq).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Tx<'_> {
    /// Puts a message into a mailbox.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the mailbox or the body, [`Error::Limit`] for too many or too long keywords.
    pub fn append(&mut self, account: AccountId, mailbox: MailboxId, message: &NewMessage) -> Result<Appended, Error> {
        self.append_again(account, mailbox, message, None)
    }

    /// As [`Tx::append`], for a message that was in a thread before.
    pub(crate) fn append_again(
        &mut self,
        account: AccountId,
        mailbox: MailboxId,
        message: &NewMessage,
        former: Option<ThreadId>,
    ) -> Result<Appended, Error> {
        let flags = message.flags.normal()?;
        let mut mailbox = self.mailbox(account, mailbox)?;
        self.body_retain(message.body)?;
        let thread = self.thread_of(account, &message.summary, former)?;
        let placed = Message {
            uid: 0,
            body: message.body,
            size: message.size,
            received: message.received,
            saved: message.saved,
            thread,
            trace: message.trace,
            summary: Summary::clone(&message.summary),
        };
        let uid = self.place(account, &mut mailbox, placed, &flags)?;
        let mut changes = Changes::default();
        changes.came(uid, uid, flags.has(Flags::SEEN));
        let modseq = self.settle(account, &mut mailbox, &changes)?;
        self.usage_change(account, 1, i64::from(message.size))?;
        Ok(Appended { uid, uid_validity: mailbox.uid_validity, modseq, thread })
    }

    /// Writes a message under the next UID of a mailbox, and counts it there; [`Tx::settle`] is to follow.
    fn place(
        &mut self,
        account: AccountId,
        mailbox: &mut Mailbox,
        mut message: Message,
        flags: &Flags,
    ) -> Result<Uid, Error> {
        let uid = mailbox.uid_next;
        mailbox.uid_next = uid.checked_add(1).ok_or(Error::Limit("UIDs of a mailbox"))?;
        message.uid = uid;
        let key = keys::message(account, mailbox.id, uid);
        self.put(Tree::Message, &key, row(&mut message));
        let state = State { modseq: self.modseq(account)?, flags: flags.clone() };
        self.put(Tree::State, &key, keys::encode(&state));
        self.thread_enter(account, mailbox.id, &message)?;
        mailbox.count(flags, message.size, 1);
        Ok(uid)
    }

    /// Takes a message out of a mailbox; its reference to the body is the caller's now. [`Tx::settle`] is to follow.
    fn displace(
        &mut self,
        account: AccountId,
        mailbox: &mut Mailbox,
        message: &Message,
        flags: &Flags,
    ) -> Result<(), Error> {
        let key = keys::message(account, mailbox.id, message.uid);
        self.delete(Tree::Message, &key);
        self.delete(Tree::State, &key);
        self.thread_leave(account, mailbox.id, message)?;
        mailbox.count(flags, message.size, -1);
        Ok(())
    }

    /// Writes a mailbox whose messages have changed, and the history of that.
    fn settle(&mut self, account: AccountId, mailbox: &mut Mailbox, changes: &Changes) -> Result<ModSeq, Error> {
        mailbox.highest_modseq = self.modseq(account)?;
        self.mailbox_save(account, mailbox);
        self.note(account, mailbox.id, changes)
    }

    fn usage_change(&mut self, account: AccountId, messages: i64, bytes: i64) -> Result<(), Error> {
        let mut record = Account::load(self, account)?;
        record.usage.messages = record.usage.messages.saturating_add_signed(messages);
        record.usage.bytes = record.usage.bytes.saturating_add_signed(bytes);
        record.save(self, account);
        Ok(())
    }

    /// Changes flags. UIDs that do not exist are passed over, and so are messages on which nothing changes. The set may be
    /// of any size, but commits behind it wait: spread very large ones over commits with [`UidSet::chunks`].
    ///
    /// # Errors
    /// [`Error::NotFound`] for the mailbox, [`Error::Limit`] for too many keywords.
    pub fn flags_change(
        &mut self,
        account: AccountId,
        mailbox: MailboxId,
        uids: &UidSet,
        change: FlagChange,
        flags: &Flags,
        unchanged_since: Option<ModSeq>,
    ) -> Result<FlagsChanged, Error> {
        let flags = flags.normal()?;
        let mut mailbox = self.mailbox(account, mailbox)?;
        let mut done = FlagsChanged { modseq: mailbox.highest_modseq, ..FlagsChanged::default() };
        let mut changes = Changes::default();
        for state in states(self, account, mailbox.id, uids) {
            let (uid, before, modseq) = state?;
            if unchanged_since.is_some_and(|since| modseq > since) {
                done.conflicts.insert(uid);
                continue;
            }
            let mut after = before.clone();
            if after.apply(change, &flags) {
                after.check()?;
                changes.changed(uid, uid, after.has(Flags::SEEN));
                mailbox.count_flags(&before, -1);
                mailbox.count_flags(&after, 1);
                done.changed.push((uid, after));
            }
        }
        if done.changed.is_empty() {
            return Ok(done);
        }
        done.modseq = self.modseq(account)?;
        for (uid, flags) in &done.changed {
            let state = State { modseq: done.modseq, flags: flags.clone() };
            self.put(Tree::State, &keys::message(account, mailbox.id, *uid), keys::encode(&state));
        }
        self.settle(account, &mut mailbox, &changes)?;
        Ok(done)
    }

    /// Takes messages out of a mailbox, into the vault; returns those that were there.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the mailbox, [`Error::Limit`] for more than [`MESSAGES_PER_COMMIT_MAX`] messages.
    pub fn expunge(&mut self, account: AccountId, mailbox: MailboxId, uids: &UidSet, at: i64) -> Result<UidSet, Error> {
        let mut mailbox = self.mailbox(account, mailbox)?;
        let found = self.taken(account, mailbox.id, uids)?;
        let mut gone = UidSet::default();
        let mut changes = Changes::default();
        let mut bytes = 0;
        for (message, flags) in found {
            self.displace(account, &mut mailbox, &message, &flags)?;
            gone.insert(message.uid);
            changes.went(message.uid, message.uid);
            bytes += i64::from(message.size);
            self.vault_put(account, &mailbox.name, message, flags, at)?;
        }
        if !gone.is_empty() {
            self.settle(account, &mut mailbox, &changes)?;
            self.usage_change(account, -(gone.len() as i64), -bytes)?;
        }
        Ok(gone)
    }

    /// The messages of a set that exist, with their flags.
    fn taken(&self, account: AccountId, mailbox: MailboxId, uids: &UidSet) -> Result<Vec<(Message, Flags)>, Error> {
        let mut found = Vec::new();
        for row in rows(self, Tree::Message, account, mailbox, uids) {
            if found.len() == MESSAGES_PER_COMMIT_MAX {
                return Err(Error::Limit("messages in one commit"));
            }
            let (uid, value) = row?;
            let state = state(self, account, mailbox, uid)?.ok_or_else(|| keys::damaged("flags of a message"))?;
            found.push((keys::decode("message", &value)?, state.flags));
        }
        Ok(found)
    }

    /// The UIDs with `\Deleted` among these.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the mailbox.
    pub fn deleted(&self, account: AccountId, mailbox: MailboxId, uids: &UidSet) -> Result<UidSet, Error> {
        let mut wanted = self.mailbox(account, mailbox)?.deleted;
        let mut deleted = UidSet::default();
        let mut states = states(self, account, mailbox, uids);
        // Most mailboxes hold none or few, and the mailbox knows how many: no need to look further than the last.
        while wanted > 0
            && let Some(state) = states.next().transpose()?
        {
            if state.1.has(Flags::DELETED) {
                deleted.insert(state.0);
                wanted -= 1;
            }
        }
        Ok(deleted)
    }

    /// Copies messages with flags, thread and internal date; returns old and new UIDs, ascending. `at` is the save date.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a mailbox, [`Error::Limit`] for more than [`MESSAGES_PER_COMMIT_MAX`] messages.
    pub fn copy(
        &mut self,
        account: AccountId,
        from: MailboxId,
        uids: &UidSet,
        to: MailboxId,
        at: i64,
    ) -> Result<Vec<(Uid, Uid)>, Error> {
        self.transfer(account, from, uids, to, at, false)
    }

    /// As [`Tx::copy`], and takes them out of `from` without the vault.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a mailbox, [`Error::Limit`] for more than [`MESSAGES_PER_COMMIT_MAX`] messages.
    pub fn move_messages(
        &mut self,
        account: AccountId,
        from: MailboxId,
        uids: &UidSet,
        to: MailboxId,
        at: i64,
    ) -> Result<Vec<(Uid, Uid)>, Error> {
        self.transfer(account, from, uids, to, at, true)
    }

    /// Copies messages into a mailbox of another account, where they join its threads; with `take` those that were copied go
    /// into the vault. Returns old and new UIDs, ascending.
    ///
    /// # Errors
    /// As [`Tx::copy`].
    pub fn copy_across(
        &mut self,
        (account, from): (AccountId, MailboxId),
        uids: &UidSet,
        (target, to): (AccountId, MailboxId),
        at: i64,
        take: bool,
    ) -> Result<Vec<(Uid, Uid)>, Error> {
        self.mailbox(account, from)?;
        let mut pairs = Vec::new();
        let mut copied = UidSet::default();
        for (message, flags) in self.taken(account, from, uids)? {
            let new = NewMessage {
                body: message.body,
                size: message.size,
                received: message.received,
                saved: at,
                flags,
                trace: message.trace,
                summary: Arc::new(message.summary),
            };
            pairs.push((message.uid, self.append(target, to, &new)?.uid));
            copied.insert(message.uid);
        }
        if take && !copied.is_empty() {
            self.expunge(account, from, &copied, at)?;
        }
        Ok(pairs)
    }

    fn transfer(
        &mut self,
        account: AccountId,
        from: MailboxId,
        uids: &UidSet,
        to: MailboxId,
        at: i64,
        take: bool,
    ) -> Result<Vec<(Uid, Uid)>, Error> {
        let left = self.mailbox(account, from)?;
        let mut target = self.mailbox(account, to)?;
        let found = self.taken(account, from, uids)?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        self.lessons_of_move(account, &left, &target, found.iter().map(|(message, _)| message.body))?;
        let mut pairs = Vec::with_capacity(found.len());
        let mut came = Changes::default();
        let mut bytes = 0;
        for (message, flags) in &found {
            let uid = self.place(account, &mut target, Message { saved: at, ..message.clone() }, flags)?;
            came.came(uid, uid, flags.has(Flags::SEEN));
            bytes += i64::from(message.size);
            pairs.push((message.uid, uid));
            if !take {
                self.body_retain(message.body)?;
            }
        }
        self.settle(account, &mut target, &came)?;
        if !take {
            self.usage_change(account, found.len() as i64, bytes)?;
            return Ok(pairs);
        }
        // Read here, for it may be the same mailbox.
        let mut source = self.mailbox(account, from)?;
        let mut went = Changes::default();
        for (message, flags) in &found {
            self.displace(account, &mut source, message, flags)?;
            went.went(message.uid, message.uid);
        }
        self.settle(account, &mut source, &went)?;
        Ok(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::summary::{Envelope, Part};

    fn summary(addresses: usize, text: usize) -> Summary {
        let long = || Some("ä".repeat(text));
        let list = || vec![EnvelopeAddress { name: long(), local: long(), domain: long() }; addresses];
        Summary {
            envelope: Envelope {
                date: long(),
                sent: Some(1),
                subject: long(),
                from: list(),
                sender: list(),
                reply_to: list(),
                to: list(),
                cc: list(),
                bcc: list(),
                in_reply_to: long(),
                message_id: long(),
            },
            structure: Some(Part { media_type: "text".into(), children: vec![Part::default(); 20], ..Part::default() }),
            preview: "x".repeat(200),
            has_attachment: true,
            references: (0..30).map(|n| format!("{n}-{}", "r".repeat(text))).collect(),
        }
    }

    fn with(summary: Summary) -> Message {
        Message {
            uid: 1,
            body: BodyId([1; 32]),
            size: 2,
            received: 3,
            saved: 4,
            thread: ThreadId(5),
            trace: TraceId(u128::MAX),
            summary,
        }
    }

    #[test]
    fn a_small_row_keeps_everything() {
        let message = with(summary(1, 3));
        let kept: Message = keys::decode("message", &row(&mut message.clone())).unwrap();
        assert_eq!(kept, message);
    }

    #[test]
    fn a_large_row_loses_structure_first() {
        let kept: Message = keys::decode("message", &row(&mut with(summary(5, 100)))).unwrap();
        assert_eq!(kept.summary.structure, None);
    }

    #[test]
    fn no_row_is_too_large() {
        for (addresses, text) in [(0, 0), (60, 10), (60, 300), (10_000, 10), (1, 1_000_000), (300, 20_000)] {
            let row = row(&mut with(summary(addresses, text)));
            assert!(row.len() <= ROW_BYTES_MAX, "{addresses} addresses of {text}: {} bytes", row.len());
        }
        let kept: Message = keys::decode("message", &row(&mut with(summary(60, 300)))).unwrap();
        let ids = kept.summary.references;
        assert!(ids[0].starts_with("0-") && ids.last().unwrap().starts_with("29-"), "the first and the newest stay");
    }
}
