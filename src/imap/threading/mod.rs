//! Conversations of one mailbox as THREAD tells them (RFC 5256).
//!
//! Layout: this file the forest, its order and how it is written, and ORDEREDSUBJECT; [`references`] REFERENCES.
//!
//! Invariants: no step recurses, since a chain of replies may be as long as the mailbox; every message stands in the answer once.

mod references;

use crate::{proto::string::write_number, sorting};
use mail::subject::base_subject;
use std::collections::HashMap;
use store::{Message, Uid};

pub(crate) use references::by_references;

/// What threading needs of one message.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    uid: Uid,
    /// Milliseconds since 1970.
    sent: i64,
    subject: Box<str>,
    is_reply: bool,
    /// Message-id without its angle brackets.
    id: Option<Box<str>>,
    /// Message-ids of its ancestors, oldest first.
    references: Box<[Box<str>]>,
}

impl Entry {
    /// Reads it off a message.
    pub(crate) fn new(message: &Message) -> Self {
        let summary = &message.summary;
        let (subject, is_reply) = base_subject(summary.envelope.subject.as_deref().unwrap_or_default());
        let id: Option<Box<str>> = summary.envelope.message_id.as_deref().map(|id| {
            let id: String = id.chars().filter(|c| !c.is_whitespace()).collect();
            let inner = id.split_once('<').map_or(id.as_str(), |(_, rest)| rest);
            Box::from(inner.split_once('>').map_or(inner, |(inner, _)| inner))
        });
        Self {
            uid: message.uid,
            sent: sorting::sent(message),
            subject: subject.into(),
            is_reply,
            id: id.filter(|id| !id.is_empty()),
            references: summary.references.iter().map(|id| Box::from(id.as_str())).collect(),
        }
    }
}

/// Index of a node.
type Index = usize;

/// A message, or a place where one is missing.
#[derive(Debug, Default, Clone)]
struct Node {
    /// Index of the message among the entries.
    entry: Option<usize>,
    parent: Option<Index>,
    children: Vec<Index>,
}

/// Threads: trees of messages, the roots in order.
#[derive(Debug, Default)]
pub(crate) struct Forest {
    nodes: Vec<Node>,
    roots: Vec<Index>,
    /// UID of each entry.
    uids: Vec<Uid>,
}

impl Forest {
    /// `1*thread-list` with the numbers that `number` gives to UIDs.
    pub(crate) fn write(&self, out: &mut Vec<u8>, number: impl Fn(Uid) -> u32) {
        enum Step {
            Node(Index),
            Text(&'static [u8]),
        }
        for &root in &self.roots {
            let mut steps = vec![Step::Text(b")"), Step::Node(root), Step::Text(b"(")];
            let mut is_first = true;
            while let Some(step) = steps.pop() {
                let index = match step {
                    Step::Text(text) => {
                        is_first = text == b"(";
                        out.extend_from_slice(text);
                        continue;
                    }
                    Step::Node(index) => index,
                };
                let node = &self.nodes[index];
                if let Some(entry) = node.entry {
                    if !is_first {
                        out.push(b' ');
                    }
                    is_first = false;
                    write_number(out, u64::from(number(self.uids[entry])));
                }
                match node.children.as_slice() {
                    [only] => steps.push(Step::Node(*only)),
                    children => {
                        if !children.is_empty() && !is_first {
                            out.push(b' ');
                        }
                        for &child in children.iter().rev() {
                            steps.extend([Step::Text(b")"), Step::Node(child), Step::Text(b"(")]);
                        }
                    }
                }
            }
        }
    }

    /// Whether there is no thread.
    pub(crate) fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }
}

/// RFC 5256 section 3 ORDEREDSUBJECT: one level below the first message of each base subject.
pub(crate) fn by_subject(mut entries: Vec<Entry>) -> Forest {
    entries.sort_by_key(|entry| (entry.sent, entry.uid));
    let mut forest = Forest { uids: entries.iter().map(|entry| entry.uid).collect(), ..Forest::default() };
    let mut firsts: HashMap<&str, Index> = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        forest.nodes.push(Node { entry: Some(index), ..Node::default() });
        match firsts.get(&*entry.subject) {
            Some(&first) => {
                forest.nodes[index].parent = Some(first);
                forest.nodes[first].children.push(index);
            }
            None => {
                firsts.insert(&entry.subject, index);
                forest.roots.push(index);
            }
        }
    }
    forest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::message;
    use proptest::prelude::*;

    fn entries(headers: &[&str]) -> Vec<Entry> {
        let entry = |(header, uid): (&&str, Uid)| {
            Entry::new(&message(uid, &format!("{}\r\n", header.replace('|', "\r\n")), i64::from(uid) * 1000))
        };
        headers.iter().zip(1..).map(entry).collect()
    }

    fn written(forest: &Forest) -> String {
        let mut out = Vec::new();
        forest.write(&mut out, |uid| uid);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn ordered_subject() {
        let forest = by_subject(entries(&[
            "Subject: a",
            "Subject: b",
            "Subject: Re: a",
            "Subject: c",
            "Subject: [x] a (fwd)",
            "Subject: Re: c",
        ]));
        assert_eq!(written(&forest), "(1 (3)(5))(2)(4 6)");
        assert_eq!(written(&by_subject(Vec::new())), "");
    }

    #[track_caller]
    fn check(headers: &[&str], expected: &str) {
        assert_eq!(written(&by_references(entries(headers))), expected);
    }

    #[test]
    fn references() {
        check(
            &[
                "Subject: top|Message-ID: <a>",
                "Subject: Re: top|Message-ID: <b>|References: <a>",
                "Subject: Re: top|Message-ID: <c>|References: <a> <b>",
                "Subject: other|Message-ID: <d>",
                "Subject: Re: top|Message-ID: <e>|In-Reply-To: <a>",
            ],
            "(1 (2 3)(5))(4)",
        );
    }

    #[test]
    fn a_missing_parent_keeps_its_children_together() {
        check(
            &["Message-ID: <b>|References: <a>|Subject: x", "Message-ID: <c>|References: <a>|Subject: y"],
            "((1)(2))",
        );
        check(&["Message-ID: <b>|References: <a>|Subject: x"], "(1)");
        check(
            &[
                "Message-ID: <b>|References: <z> <a>",
                "Message-ID: <c>|References: <a>",
                "Message-ID: <d>|References: <c>",
            ],
            "((1)(2 3))",
        );
    }

    #[test]
    fn subjects_join_threads() {
        check(&["Subject: lunch|Message-ID: <a>", "Subject: Re: lunch|Message-ID: <b>"], "(1 2)");
        check(&["Subject: lunch|Message-ID: <a>", "Subject: lunch|Message-ID: <b>"], "((1)(2))");
        check(&["Subject: Re: lunch|Message-ID: <a>", "Subject: lunch|Message-ID: <b>"], "(2 1)");
        check(&["Subject: Re: lunch|Message-ID: <a>", "Subject: Re: lunch|Message-ID: <b>"], "((1)(2))");
        check(&["Message-ID: <a>", "Message-ID: <b>"], "(1)(2)");
        // Two missing parents with the same subject become one.
        check(
            &[
                "Subject: Re: x|Message-ID: <a>|References: <p>",
                "Subject: Re: x|Message-ID: <b>|References: <p>",
                "Subject: Re: x|Message-ID: <c>|References: <q>",
                "Subject: Re: x|Message-ID: <d>|References: <q>",
            ],
            "((1)(2)(3)(4))",
        );
    }

    #[test]
    fn odd_references() {
        // A loop, a message that refers to itself, and an id that is used twice.
        check(&["Message-ID: <a>|References: <b>", "Message-ID: <b>|References: <a>"], "(2 1)");
        check(&["Message-ID: <a>|References: <a>"], "(1)");
        check(&["Message-ID: <a>", "Message-ID: <a>", "Message-ID: <b>|References: <a>"], "(1 3)(2)");
    }

    #[test]
    fn order_is_by_date() {
        check(
            &[
                "Message-ID: <a>|Date: Tue, 24 Nov 2026 12:00:00 +0000",
                "Message-ID: <b>|References: <a>|Date: Tue, 24 Nov 2026 15:00:00 +0000",
                "Message-ID: <c>|References: <a>|Date: Tue, 24 Nov 2026 14:00:00 +0000",
                "Message-ID: <d>|Date: Tue, 24 Nov 2026 11:00:00 +0000",
            ],
            "(4)(1 (3)(2))",
        );
    }

    #[test]
    fn a_chain_as_long_as_the_mailbox() {
        let of = |uid: u32, parent: u32| format!("Message-ID: <{uid}>|References: <{parent}>|Subject: {uid}");
        let headers: Vec<String> = (1..=20_000).map(|uid| of(uid, uid - 1)).collect();
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let text = written(&by_references(entries(&headers)));
        assert!(text.starts_with("(1 2 3 ") && text.ends_with(" 19999 20000)"));
        let reversed: Vec<String> = (1..=20_000).map(|uid| of(uid, uid + 1)).collect();
        let headers: Vec<&str> = reversed.iter().map(String::as_str).collect();
        assert!(written(&by_references(entries(&headers))).ends_with(" 3 2 1)"));
    }

    proptest! {
        #[test]
        fn every_message_is_told_once(messages in proptest::collection::vec(
            ("[a-e]", proptest::collection::vec("[a-g]", 0..4), "(Re: )?[xy]?"), 0..12)
        ) {
            let headers: Vec<String> = messages.iter().map(|(id, references, subject)| {
                let references: String = references.iter().map(|id| format!(" <{id}>")).collect();
                format!("Message-ID: <{id}>|References:{references}|Subject: {subject}")
            }).collect();
            let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
            for forest in [by_references(entries(&headers)), by_subject(entries(&headers))] {
                let text = written(&forest);
                let mut told: Vec<usize> =
                    text.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
                told.sort_unstable();
                prop_assert_eq!(told, (1..=headers.len()).collect::<Vec<_>>(), "{}", text);
                prop_assert!(!text.contains("()") && !text.contains("( ") && !text.contains(" )"), "{}", text);
            }
        }
    }
}
