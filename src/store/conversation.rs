//! A conversation as a list shows it: which messages of which mailboxes belong together, read from the thread's own rows.

use crate::backend::Tree;
use crate::tx::Read;
use crate::{AccountId, Error, MailboxId, Store, ThreadId, UidSet, keys};

/// Messages of a conversation, each counted once a mailbox, up to which it is told; a larger one is no conversation that
/// anybody could follow.
pub const CONVERSATION_MESSAGES_MAX: usize = 500;

impl Store {
    /// The messages of a thread by mailbox; `None` when there are more than [`CONVERSATION_MESSAGES_MAX`].
    ///
    /// # Errors
    /// Machine faults.
    pub fn conversation(
        &self,
        account: AccountId,
        thread: ThreadId,
    ) -> Result<Option<Vec<(MailboxId, UidSet)>>, Error> {
        let mut mailboxes: Vec<(MailboxId, UidSet)> = Vec::new();
        let rows = self.prefix(Tree::History, &keys::thread_members(account, thread));
        for (count, row) in rows.enumerate() {
            if count == CONVERSATION_MESSAGES_MAX {
                return Ok(None);
            }
            let (mailbox, uid) = keys::mailbox_uid_of(&row?.0)?;
            // Rows come by mailbox, then UID.
            match mailboxes.last_mut() {
                Some((last, uids)) if *last == mailbox => uids.insert(uid),
                _ => mailboxes.push((mailbox, UidSet::from_iter([(uid, uid)]))),
            }
        }
        Ok(Some(mailboxes))
    }
}
