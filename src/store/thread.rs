//! Conversations over all mailboxes of an account, by References, In-Reply-To and, for replies without them, the base subject
//! (the rules of RFC 5256 section 3, applied once when a message is stored).
//!
//! Each message-id that a message has or refers to leads to its thread. A message joins the oldest thread that one of its
//! ids leads to. When they lead to several, the others are taken into the oldest where they are small
//! ([`MERGE_MESSAGES_MAX`]) and are left apart where they are not. A reply none of whose ids is known joins the newest
//! thread that began with its base subject. What leads to a thread goes with the thread's last message.

use crate::account::Account;
use crate::backend::Tree;
use crate::tx::Read;
use crate::{AccountId, Error, MailboxId, Message, Store, ThreadId, Tx, Uid, keys};
use mail::subject::base_subject;
use mail::summary::Summary;
use serde::{Deserialize, Serialize};

/// Messages of a thread that is still taken into an older one when a message connects them: each is written anew.
pub const MERGE_MESSAGES_MAX: u32 = 100;

/// Message-ids that lead to one thread; further ones lead nowhere.
const IDS_PER_THREAD_MAX: usize = 1_000;

/// What leads to a thread, so that it can be forgotten with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// Messages, each counted once a mailbox.
    count: u32,
    /// Hashes of message-ids.
    ids: Vec<u64>,
    /// Hash of the base subject that it began with.
    subject: Option<u64>,
}

/// Hashes of the message-ids that a message has and refers to, its own first.
fn ids_of(summary: &Summary) -> Vec<u64> {
    let own = summary.envelope.message_id.iter().map(String::as_str);
    let mut ids = Vec::with_capacity(summary.references.len() + 1);
    for id in own.chain(summary.references.iter().map(String::as_str)) {
        let id = id.trim().trim_start_matches('<').trim_end_matches('>');
        let hash = keys::hash64("message-id", id);
        if !id.is_empty() && !ids.contains(&hash) {
            ids.push(hash);
        }
    }
    ids
}

/// Hash of the base subject, unless it is empty, and whether the message is a reply or forward.
fn subject_of(summary: &Summary) -> (Option<u64>, bool) {
    let (base, reply) = base_subject(summary.envelope.subject.as_deref().unwrap_or_default());
    ((!base.is_empty()).then(|| keys::hash64("subject", &base)), reply)
}

impl Tx<'_> {
    /// The thread that a new message belongs to; it gets a new one when it belongs to none (`former`, if there is one: the
    /// thread that it was in before it was expunged).
    pub(crate) fn thread_of(
        &mut self,
        account: AccountId,
        summary: &Summary,
        former: Option<ThreadId>,
    ) -> Result<ThreadId, Error> {
        let ids = ids_of(summary);
        let (subject, reply) = subject_of(summary);
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        for id in ids {
            match self.thread_led_to(&keys::thread_by_message_id(account, id))? {
                Some(thread) => found.push(thread),
                None => unknown.push(id),
            }
        }
        if let (true, true, Some(subject)) = (found.is_empty(), reply, subject) {
            found.extend(self.thread_led_to(&keys::thread_by_subject(account, subject))?);
        }
        found.sort_unstable();
        found.dedup();
        let (thread, mut record) = match found.first().copied().or(former) {
            Some(thread) => (thread, self.thread_record(account, thread)?.unwrap_or_default()),
            None => {
                let mut record = Account::load(self, account)?;
                let thread = record.next_thread();
                record.save(self, account);
                (thread, Record::default())
            }
        };
        for &other in found.iter().skip(1) {
            self.thread_merge(account, other, thread, &mut record)?;
        }
        unknown.truncate(IDS_PER_THREAD_MAX.saturating_sub(record.ids.len()));
        for &id in &unknown {
            self.put(Tree::History, &keys::thread_by_message_id(account, id), keys::encode(&thread));
        }
        record.ids.extend(unknown);
        if let (None, Some(subject)) = (record.subject, subject) {
            record.subject = Some(subject);
            self.put(Tree::History, &keys::thread_by_subject(account, subject), keys::encode(&thread));
        }
        self.thread_save(account, thread, &record);
        Ok(thread)
    }

    fn thread_led_to(&self, key: &[u8]) -> Result<Option<ThreadId>, Error> {
        self.get(Tree::History, key)?.map(|value| keys::decode("thread index", &value)).transpose()
    }

    fn thread_record(&self, account: AccountId, thread: ThreadId) -> Result<Option<Record>, Error> {
        let value = self.get(Tree::History, &keys::thread(account, thread))?;
        value.map(|value| keys::decode("thread", &value)).transpose()
    }

    fn thread_save(&mut self, account: AccountId, thread: ThreadId, record: &Record) {
        self.put(Tree::History, &keys::thread(account, thread), keys::encode(record));
    }

    /// Takes a small thread into an older one, whose record is `into`.
    fn thread_merge(
        &mut self,
        account: AccountId,
        from: ThreadId,
        to: ThreadId,
        into: &mut Record,
    ) -> Result<(), Error> {
        let Some(record) = self.thread_record(account, from)? else { return Ok(()) };
        if record.count > MERGE_MESSAGES_MAX || into.ids.len() + record.ids.len() > IDS_PER_THREAD_MAX {
            return Ok(());
        }
        let members: Vec<_> =
            self.prefix(Tree::History, &keys::thread_members(account, from)).collect::<Result<_, _>>()?;
        for (key, received) in members {
            let (mailbox, uid) = keys::mailbox_uid_of(&key)?;
            let place = keys::message(account, mailbox, uid);
            if let Some(value) = self.get(Tree::Message, &place)? {
                let mut message: Message = keys::decode("message", &value)?;
                message.thread = to;
                self.put(Tree::Message, &place, keys::encode(&message));
            }
            self.delete(Tree::History, &key);
            self.put(Tree::History, &keys::thread_member(account, to, mailbox, uid), received);
        }
        for &id in &record.ids {
            self.put(Tree::History, &keys::thread_by_message_id(account, id), keys::encode(&to));
        }
        self.subject_forget(account, from, record.subject)?;
        self.delete(Tree::History, &keys::thread(account, from));
        into.count += record.count;
        into.ids.extend(record.ids);
        Ok(())
    }

    /// Counts a message into its thread.
    pub(crate) fn thread_enter(
        &mut self,
        account: AccountId,
        mailbox: MailboxId,
        message: &Message,
    ) -> Result<(), Error> {
        let mut record = self.thread_record(account, message.thread)?.unwrap_or_default();
        record.count += 1;
        self.thread_save(account, message.thread, &record);
        let key = keys::thread_member(account, message.thread, mailbox, message.uid);
        self.put(Tree::History, &key, keys::encode(&message.received));
        Ok(())
    }

    /// Takes a message out of its thread; the last one takes all that leads to the thread with it.
    pub(crate) fn thread_leave(
        &mut self,
        account: AccountId,
        mailbox: MailboxId,
        message: &Message,
    ) -> Result<(), Error> {
        self.delete(Tree::History, &keys::thread_member(account, message.thread, mailbox, message.uid));
        let Some(mut record) = self.thread_record(account, message.thread)? else { return Ok(()) };
        record.count = record.count.saturating_sub(1);
        if record.count > 0 {
            self.thread_save(account, message.thread, &record);
            return Ok(());
        }
        for id in record.ids {
            self.delete(Tree::History, &keys::thread_by_message_id(account, id));
        }
        self.subject_forget(account, message.thread, record.subject)?;
        self.delete(Tree::History, &keys::thread(account, message.thread));
        Ok(())
    }

    /// Forgets a base subject, unless a newer thread has taken it over.
    fn subject_forget(&mut self, account: AccountId, thread: ThreadId, subject: Option<u64>) -> Result<(), Error> {
        if let Some(subject) = subject {
            let key = keys::thread_by_subject(account, subject);
            if self.thread_led_to(&key)? == Some(thread) {
                self.delete(Tree::History, &key);
            }
        }
        Ok(())
    }
}

impl Store {
    /// The messages of a conversation in all mailboxes, by internal date, oldest first.
    ///
    /// # Errors
    /// Machine faults.
    pub fn thread(&self, account: AccountId, thread: ThreadId) -> Result<Vec<(MailboxId, Uid)>, Error> {
        let mut members = Vec::new();
        for row in self.prefix(Tree::History, &keys::thread_members(account, thread)) {
            let (key, received) = row?;
            let received: i64 = keys::decode("thread member", &received)?;
            let (mailbox, uid) = keys::mailbox_uid_of(&key)?;
            members.push((received, mailbox, uid));
        }
        members.sort_unstable();
        Ok(members.into_iter().map(|(_, mailbox, uid)| (mailbox, uid)).collect())
    }
}
