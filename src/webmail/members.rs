//! Which messages of which mailboxes make a conversation, as our IMAP server tells with each message (`X-GATEPOST-THREAD`).

use crate::{
    imap::{Client, Value, decode_mailbox_name, pair},
    uid_set::UidSet,
};

/// The capability, and the FETCH item.
pub(crate) const ITEM: &str = "X-GATEPOST-THREAD";

/// A conversation's messages by mailbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Members(Vec<(String, UidSet)>);

impl Members {
    /// The item for a FETCH; empty where the server does not know it.
    pub(crate) fn item(client: &Client) -> &'static str {
        if client.can(ITEM) { " X-GATEPOST-THREAD" } else { "" }
    }

    /// Of a FETCH response; `None` when the message stands alone or the server tells nothing.
    pub(crate) fn of(items: &[Value]) -> Option<Self> {
        let mailboxes = pair(items, ITEM)?.list();
        let mailbox = |value: &Value| {
            let [name, uids] = value.list() else { return None };
            Some((decode_mailbox_name(&name.text()?), UidSet::parse(&uids.text()?)))
        };
        let members: Vec<(String, UidSet)> = mailboxes.iter().filter_map(mailbox).collect();
        (!members.is_empty()).then_some(Self(members))
    }

    /// Those in one mailbox.
    pub(crate) fn within(&self, mailbox: &str) -> UidSet {
        self.0.iter().find(|(name, _)| name == mailbox).map(|(_, uids)| uids.clone()).unwrap_or_default()
    }

    /// Mailboxes with their messages.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, (String, UidSet)> {
        self.0.iter()
    }

    /// Without those of the mailboxes that `keep` says no to.
    pub(crate) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|(name, _)| keep(name));
    }

    /// How many messages.
    pub(crate) fn len(&self) -> u64 {
        self.0.iter().map(|(_, uids)| uids.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::Members;
    use crate::imap::{Value, parse};
    use bytes::Bytes;

    #[test]
    fn mailboxes_and_uids_are_read() {
        let line = Bytes::from_static(b"X-GATEPOST-THREAD ((\"INBOX\" 1:3,7) (\"Sp&APw-l\" 4))");
        let members = Members::of(&parse(&line).expect("a response")).expect("members");
        assert_eq!(members.len(), 5);
        assert_eq!(members.within("Sp\u{fc}l").text(), "4");
        assert!(members.within("Sent").is_empty());
        assert_eq!(Members::of(&[Value::Atom(Bytes::from_static(b"X"))]), None);
        let none = parse(&Bytes::from_static(b"X-GATEPOST-THREAD NIL")).expect("a response");
        assert_eq!(Members::of(&none), None);
    }
}
