//! What a reader of whole messages needs to know of each: size and bytes. The rows hold more, which is left unread.

use crate::backend::Tree;
use crate::tx::Read;
use crate::{AccountId, BodyId, Error, MailboxId, Store, Uid, UidSet, keys, message};
use serde::Deserialize;
use std::ops::ControlFlow;

/// The beginning of a [`crate::Message`], field by field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Head {
    /// UID.
    pub uid: Uid,
    /// The bytes.
    pub body: BodyId,
    /// Their number.
    pub size: u32,
}

impl Store {
    /// The head of one message.
    ///
    /// # Errors
    /// Machine faults.
    pub fn head(&self, account: AccountId, mailbox: MailboxId, uid: Uid) -> Result<Option<Head>, Error> {
        let value = self.get(Tree::Message, &keys::message(account, mailbox, uid))?;
        value.map(|value| keys::decode("message", &value)).transpose()
    }

    /// Calls `each` with the heads of the messages of the set that exist, ascending; see [`Store::messages`].
    ///
    /// # Errors
    /// Machine faults.
    pub fn heads(
        &self,
        account: AccountId,
        mailbox: MailboxId,
        uids: &UidSet,
        each: &mut dyn FnMut(Head) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        for row in message::rows(self, Tree::Message, account, mailbox, uids) {
            if each(keys::decode("message", &row?.1)?).is_break() {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Message, ThreadId, TraceId};

    #[test]
    fn a_head_is_the_beginning_of_a_message() {
        let message = Message {
            uid: 1 << 30,
            body: BodyId([7; 32]),
            size: 123_456,
            received: -5,
            saved: 6,
            thread: ThreadId(8),
            trace: TraceId(9),
            summary: mail::summary::summarize(b"Subject: x\r\n\r\nBody\r\n"),
        };
        let head: Head = keys::decode("message", &keys::encode(&message)).unwrap();
        assert_eq!(head, Head { uid: message.uid, body: message.body, size: message.size });
    }
}
