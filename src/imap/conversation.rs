//! The FETCH item `X-GATEPOST-THREAD`: `(("INBOX" 1:3,7) ("Sent" 4))`, which messages of which mailboxes the message's
//! conversation is made of, or `NIL` where it is too large to be one. The standards tell the thread of a message (RFC 8474)
//! and not where its other messages are; a client would have to search every mailbox for each line of a list.

use crate::{
    matching::Source,
    proto::{
        mailbox_name,
        string::{write_number, write_string},
    },
};
use std::collections::HashMap;
use store::{MailboxId, Store, ThreadId, UidSet};

/// Those that one FETCH has told already: most lines of a list share them.
#[derive(Default)]
pub(crate) struct Conversations {
    names: Option<HashMap<MailboxId, String>>,
    written: HashMap<ThreadId, Vec<u8>>,
}

/// Conversations that are remembered during one FETCH.
const WRITTEN_MAX: usize = 1000;

impl Conversations {
    /// Writes the item for a message of that thread. A fault of the store leaves the client with `NIL`, that is, without
    /// conversations.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>, source: &Source, thread: ThreadId) {
        out.extend_from_slice(b"X-GATEPOST-THREAD ");
        if let Some(written) = self.written.get(&thread) {
            return out.extend_from_slice(written);
        }
        let value = self.value(&source.store, source, thread).unwrap_or_else(|error| {
            tracing::warn!(%error, "a conversation cannot be read");
            b"NIL".to_vec()
        });
        out.extend_from_slice(&value);
        if self.written.len() < WRITTEN_MAX {
            self.written.insert(thread, value);
        }
    }

    fn value(&mut self, store: &Store, source: &Source, thread: ThreadId) -> Result<Vec<u8>, store::Error> {
        let names = match &mut self.names {
            Some(names) => names,
            names => {
                let all = store.mailboxes(source.account)?.into_iter().map(|mailbox| (mailbox.id, mailbox.name));
                names.insert(all.collect())
            }
        };
        let Some(members) = store.conversation(source.account, thread)? else { return Ok(b"NIL".to_vec()) };
        let mut value = b"(".to_vec();
        for (mailbox, uids) in &members {
            let Some(name) = names.get(mailbox) else { continue };
            value.extend_from_slice(if value.len() > 1 { b" (" } else { b"(" });
            write_string(&mut value, mailbox_name::encode(name).as_bytes());
            value.push(b' ');
            write_uids(&mut value, uids);
            value.push(b')');
        }
        value.push(b')');
        Ok(value)
    }
}

fn write_uids(out: &mut Vec<u8>, uids: &UidSet) {
    for (index, &(first, last)) in uids.ranges().iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_number(out, u64::from(first));
        if last > first {
            out.push(b':');
            write_number(out, u64::from(last));
        }
    }
}
