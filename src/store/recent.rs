//! From which message on nobody has been told of a mailbox's messages (RFC 3501 section 2.3.2 `\\Recent`).

use crate::backend::Tree;
use crate::tx::Read;
use crate::{AccountId, Error, MailboxId, Store, Tx, Uid, keys};

impl Store {
    /// The first UID of which no IMAP session has been told; 1 when there was none.
    ///
    /// # Errors
    /// Machine faults.
    pub fn recent_from(&self, account: AccountId, mailbox: MailboxId) -> Result<Uid, Error> {
        match self.get(Tree::Mailbox, &keys::recent(account, mailbox))? {
            Some(value) => keys::decode("recent mark", &value),
            None => Ok(1),
        }
    }
}

impl Tx<'_> {
    /// Notes that sessions were told of what is below `uid`. It is no change of the mailbox; for one that is gone it does nothing.
    ///
    /// # Errors
    /// Machine faults.
    pub fn recent_set(&mut self, account: AccountId, mailbox: MailboxId, uid: Uid) -> Result<(), Error> {
        if self.mailbox(account, mailbox).is_ok() {
            self.put(Tree::Mailbox, &keys::recent(account, mailbox), keys::encode(&uid));
        }
        Ok(())
    }
}
