//! Conversations over all mailboxes of an account, by References, In-Reply-To and, for replies without them, the base subject
//! (the rules of RFC 5256 section 3, applied once when a message is stored).

use crate::{AccountId, Error, MailboxId, Store, ThreadId, Uid};

impl Store {
    /// The messages of a conversation, oldest mailbox entry first.
    ///
    /// # Errors
    /// Machine faults.
    pub fn thread(&self, _account: AccountId, _thread: ThreadId) -> Result<Vec<(MailboxId, Uid)>, Error> {
        todo!()
    }
}
