//! The order of messages that SORT asks for (RFC 5256 section 3, RFC 5957).

use crate::proto::search::SortKey;
use mail::{subject::base_subject, summary::EnvelopeAddress};
use std::cmp::Ordering;
use store::{Message, Uid};

/// Bytes of a text that are compared.
const TEXT_BYTES_MAX: usize = 200;

/// What one key compares.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Number(i64),
    Text(Box<str>),
}

/// What is compared of one message.
#[derive(Debug)]
pub(crate) struct Row {
    uid: Uid,
    values: Box<[Value]>,
}

impl Row {
    /// The same with what the message is worth: the most relevant ones come first (RFC 6203 section 6).
    pub(crate) fn scored(message: &Message, order: &[(SortKey, bool)], relevancy: u8) -> Self {
        let mut row = Self::new(message, order);
        for (value, (key, _)) in row.values.iter_mut().zip(order) {
            if *key == SortKey::Relevancy {
                *value = Value::Number(-i64::from(relevancy));
            }
        }
        row
    }

    /// Reads off a message what the keys compare.
    pub(crate) fn new(message: &Message, order: &[(SortKey, bool)]) -> Self {
        Self { uid: message.uid, values: order.iter().map(|&(key, _)| value(message, key)).collect() }
    }
}

/// The UIDs in order. Equal messages stand in the order of the mailbox, even where keys are reversed.
pub(crate) fn sort(mut rows: Vec<Row>, order: &[(SortKey, bool)]) -> Vec<Uid> {
    rows.sort_unstable_by(|a, b| compare(a, b, order));
    rows.into_iter().map(|row| row.uid).collect()
}

fn compare(a: &Row, b: &Row, order: &[(SortKey, bool)]) -> Ordering {
    for ((a, b), (_, reverse)) in a.values.iter().zip(&b.values).zip(order) {
        let ordering = if *reverse { b.cmp(a) } else { a.cmp(b) };
        if ordering.is_ne() {
            return ordering;
        }
    }
    a.uid.cmp(&b.uid)
}

fn value(message: &Message, key: SortKey) -> Value {
    let envelope = &message.summary.envelope;
    match key {
        SortKey::Arrival => Value::Number(message.received),
        SortKey::Date => Value::Number(sent(message)),
        SortKey::Size => Value::Number(i64::from(message.size)),
        SortKey::Subject => text(&base_subject(envelope.subject.as_deref().unwrap_or_default()).0),
        SortKey::From => mailbox(&envelope.from),
        SortKey::To => mailbox(&envelope.to),
        SortKey::Cc => mailbox(&envelope.cc),
        SortKey::DisplayFrom => display(&envelope.from),
        SortKey::DisplayTo => display(&envelope.to),
        // No message tells it of itself.
        SortKey::Relevancy => Value::Number(0),
    }
}

/// RFC 5256 section 2.2: the instant of the Date header, else the internal date; milliseconds since 1970.
pub(crate) fn sent(message: &Message) -> i64 {
    message.summary.envelope.sent.map_or(message.received, |seconds| seconds.saturating_mul(1000))
}

/// `addr-mailbox` of the first address.
fn mailbox(addresses: &[EnvelopeAddress]) -> Value {
    text(addresses.first().and_then(|address| address.local.as_deref()).unwrap_or_default())
}

/// RFC 5957 section 3: the display name, else the address.
fn display(addresses: &[EnvelopeAddress]) -> Value {
    let Some(first) = addresses.first() else { return text("") };
    match first.name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
        Some(name) => text(name),
        None => {
            let part = |part: &Option<String>| part.clone().unwrap_or_default();
            text(&format!("{}@{}", part(&first.local), part(&first.domain)))
        }
    }
}

/// i;unicode-casemap, as near as one upper case letter for each letter comes.
fn text(text: &str) -> Value {
    Value::Text(text[..text.floor_char_boundary(TEXT_BYTES_MAX)].to_uppercase().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::message;

    fn sorted(messages: &[(&str, i64)], order: &[(SortKey, bool)]) -> Vec<Uid> {
        let rows = messages.iter().zip(1..).map(|((header, received), uid)| {
            let message = message(uid, &header.replace('|', "\r\n"), *received);
            Row::new(&message, order)
        });
        sort(rows.collect(), order)
    }

    #[test]
    fn keys() {
        let messages = [
            ("Subject: Re: beta|From: Zoe <a@x>|Date: Tue, 24 Nov 2026 10:00:00 +0000|", 3000),
            ("Subject: ALPHA|From: b@x|Date: Tue, 24 Nov 2026 09:00:00 -0500|", 1000),
            ("Subject: Beta|From: \"adam\" <C@x>|", 2000),
        ];
        for (key, ascending) in [
            (SortKey::Arrival, [2, 3, 1]),
            (SortKey::Date, [3, 1, 2]),
            (SortKey::Subject, [2, 1, 3]),
            (SortKey::From, [1, 2, 3]),
            (SortKey::DisplayFrom, [3, 2, 1]),
            (SortKey::Cc, [1, 2, 3]),
        ] {
            assert_eq!(sorted(&messages, &[(key, false)]), ascending, "{key:?}");
        }
        // Equal ones keep the order of the mailbox under REVERSE too.
        assert_eq!(sorted(&messages, &[(SortKey::Subject, true)]), [1, 3, 2]);
        assert_eq!(sorted(&messages, &[(SortKey::Subject, true), (SortKey::Arrival, false)]), [3, 1, 2]);
    }
}
