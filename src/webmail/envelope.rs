//! ENVELOPE and FLAGS as data (RFC 3501 sections 7.4.2 and 2.3.2).

use crate::imap::{Value, pair};
use mail::{date, encoded_word};

/// A person or list in an address header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contact {
    /// Display name; may be empty.
    pub(crate) name: String,
    /// `local@domain`; empty for a group's name.
    pub(crate) address: String,
}

impl Contact {
    /// The name, else the address.
    pub(crate) fn label(&self) -> &str {
        if self.name.is_empty() { &self.address } else { &self.name }
    }

    /// First letters of the name for the round mark beside it.
    pub(crate) fn initials(&self) -> String {
        let letters = |text: &str| -> String {
            let words = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
            let mut firsts: Vec<char> = words.filter_map(|w| w.chars().next()).collect();
            if firsts.len() > 2 {
                firsts = vec![firsts[0], firsts[firsts.len() - 1]];
            }
            firsts.into_iter().collect()
        };
        let initials = letters(&self.name);
        match initials.is_empty() {
            true => self.address.chars().next().unwrap_or('?').to_string(),
            false => initials,
        }
    }
}

/// The envelope, decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// The Date header, milliseconds since 1970.
    pub(crate) date: Option<i64>,
    /// Subject; may be empty.
    pub(crate) subject: String,
    /// From.
    pub(crate) from: Vec<Contact>,
    /// Reply-To; the same as From when the message has none.
    pub(crate) reply_to: Vec<Contact>,
    /// To.
    pub(crate) to: Vec<Contact>,
    /// Cc.
    pub(crate) cc: Vec<Contact>,
    /// Bcc.
    pub(crate) bcc: Vec<Contact>,
    /// In-Reply-To as written.
    pub(crate) in_reply_to: String,
    /// Message-ID with its angle brackets.
    pub(crate) message_id: String,
}

impl Envelope {
    /// Of a FETCH response; empty where there is none.
    pub(crate) fn of(items: &[Value]) -> Self {
        let values = pair(items, "ENVELOPE").map(Value::list).unwrap_or_default();
        let text = |at: usize| values.get(at).and_then(decoded).unwrap_or_default();
        let contacts = |at: usize| contacts(values.get(at).map(Value::list).unwrap_or_default());
        Self {
            date: date::parse_rfc5322(&text(0)),
            subject: text(1),
            from: contacts(2),
            reply_to: contacts(4),
            to: contacts(5),
            cc: contacts(6),
            bcc: contacts(7),
            in_reply_to: text(8),
            message_id: text(9),
        }
    }
}

/// Text of a header field, encoded words decoded.
pub(crate) fn decoded(value: &Value) -> Option<String> {
    value.bytes().map(|bytes| encoded_word::decode(bytes, None))
}

/// An address list; the names of groups stand as contacts without an address.
fn contacts(values: &[Value]) -> Vec<Contact> {
    values
        .iter()
        .filter_map(|value| {
            let [name, _, local, domain] = value.list() else { return None };
            let local = decoded(local)?;
            Some(match decoded(domain) {
                Some(domain) if domain.is_empty() => {
                    Contact { name: decoded(name).unwrap_or_default(), address: local }
                }
                Some(domain) => {
                    Contact { name: decoded(name).unwrap_or_default(), address: format!("{local}@{domain}") }
                }
                None => Contact { name: local, address: String::new() },
            })
        })
        .collect()
}

/// Flags that pages know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    /// `\Seen`
    pub(crate) seen: bool,
    /// `\Flagged`
    pub(crate) starred: bool,
    /// `\Answered`
    pub(crate) answered: bool,
    /// `$Forwarded`
    pub(crate) forwarded: bool,
    /// `\Draft`
    pub(crate) draft: bool,
}

impl Flags {
    /// Of a FETCH response.
    pub(crate) fn of(items: &[Value]) -> Self {
        let flags = pair(items, "FLAGS").map(Value::list).unwrap_or_default();
        let has = |name: &str| flags.iter().any(|f| f.is(name));
        Self {
            seen: has("\\Seen"),
            starred: has("\\Flagged"),
            answered: has("\\Answered"),
            forwarded: has("$Forwarded"),
            draft: has("\\Draft"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Contact, Envelope};
    use crate::imap::parse;
    use bytes::Bytes;

    #[test]
    fn an_envelope_is_read_and_decoded() {
        let line = Bytes::from_static(
            b"ENVELOPE (\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"=?utf-8?q?Gr=C3=BC=C3=9Fe?=\" ((\"Terry Gray\" NIL \"gray\" \"cac.test\")) \
              NIL NIL ((NIL NIL \"team\" NIL)(\"J\" NIL \"j\" \"x.test\")(NIL NIL NIL NIL)) NIL NIL NIL \"<B27397@cac.test>\")",
        );
        let envelope = Envelope::of(&parse(&line).expect("a response"));
        assert_eq!(envelope.date, Some(837_595_405_000));
        assert_eq!(envelope.subject, "Grüße");
        assert_eq!(envelope.from, [Contact { name: "Terry Gray".into(), address: "gray@cac.test".into() }]);
        assert_eq!(envelope.from[0].initials(), "TG");
        assert_eq!(envelope.to.iter().map(Contact::label).collect::<Vec<_>>(), ["team", "J"]);
        assert_eq!(envelope.message_id, "<B27397@cac.test>");
    }
}
