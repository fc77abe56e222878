//! A message being written, and its form as a message: the draft in the mailbox, what goes out, and the copy that is kept.

use super::{
    addresses::{self, Person},
    attachment::{self, Attachment},
    head::Head,
    rich::Rich,
    text,
};
use mail::{encoded_word, header, summary::structure};
use mail_builder::{
    MessageBuilder,
    headers::{address::Address, message_id::MessageId, raw::Raw, text::Text},
    mime::MimePart,
};

/// Characters of a subject.
pub(super) const SUBJECT_CHARS_MAX: usize = 1000;
/// Message-ids written into References: the first and the newest ones.
const REFERENCES_MAX: usize = 20;
/// Bytes of a message-id.
const MESSAGE_ID_BYTES_MAX: usize = 250;
/// Recipients of a field up to which a reader of the draft gets them all from the field itself.
const READABLE_MAX: usize = 40;

/// Keeps which message a draft answers.
const ORIGINAL: &str = "X-Gatepost-Original";
/// Keep what was typed where it cannot stand in the field itself.
const TYPED: [&str; 3] = ["X-Gatepost-To", "X-Gatepost-Cc", "X-Gatepost-Bcc"];

/// What a draft does with another message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Answers it.
    Reply,
    /// Hands it on.
    Forward,
}

/// The message that a draft answers or hands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Original {
    /// What for.
    pub(crate) purpose: Purpose,
    /// UIDVALIDITY of its mailbox, so that no other message is marked.
    pub(crate) uid_validity: u32,
    /// Its UID.
    pub(crate) uid: u32,
    /// Name of its mailbox.
    pub(crate) mailbox: String,
}

impl Original {
    /// On one line of ASCII.
    pub(crate) fn written(&self) -> String {
        let purpose = match self.purpose {
            Purpose::Reply => "reply",
            Purpose::Forward => "forward",
        };
        format!("{purpose} {} {} {}", self.uid_validity, self.uid, crate::address::segment(&self.mailbox))
    }

    /// Reads [`Original::written`].
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let purpose = match words.next()? {
            "reply" => Purpose::Reply,
            "forward" => Purpose::Forward,
            _ => return None,
        };
        let uid_validity = words.next()?.parse().ok()?;
        let uid = words.next()?.parse().ok()?;
        // A query of one value has the same escapes.
        let query = format!("m={}", words.collect::<String>());
        let pairs = actix_web::web::Query::<Vec<(String, String)>>::from_query(&query).ok()?;
        let mailbox = pairs.first().map(|(_, name)| name.clone()).filter(|name| !name.is_empty())?;
        Some(Self { purpose, uid_validity, uid, mailbox })
    }
}

/// Who reads the message that is made of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The person, who goes on writing.
    Writer,
    /// The person, who looks up what was sent.
    Sender,
    /// The recipients: no Bcc.
    Recipients,
}

/// A message being written. Fields hold what was typed; what cannot stand in a header is taken out when it is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Draft {
    /// Message-ID without angle brackets; the same for every version and for the message that is sent.
    pub(crate) message_id: String,
    /// The address it is sent from.
    pub(crate) from: String,
    /// To as typed.
    pub(crate) to: String,
    /// Cc as typed.
    pub(crate) cc: String,
    /// Bcc as typed.
    pub(crate) bcc: String,
    /// Subject.
    pub(crate) subject: String,
    /// Text; lines end with LF. With formatted text it is made from that.
    pub(crate) text: String,
    /// Formatted text; empty HTML when there is none.
    pub(crate) rich: Rich,
    /// Message-ID of the message it answers.
    pub(crate) in_reply_to: Option<String>,
    /// Message-IDs of the conversation, oldest first.
    pub(crate) references: Vec<String>,
    /// The message it answers or hands on.
    pub(crate) original: Option<Original>,
    /// Attachments in order.
    pub(crate) attachments: Vec<Attachment>,
}

/// Text on one line: control characters and line separators become blanks; blanks at the ends go.
pub(crate) fn one_line(text: &str) -> String {
    let is_break = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.chars().map(|c| if is_break(c) { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// A text as it is kept: lines end with LF, and no control characters but tabs.
pub(crate) fn plain_text(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(|c| matches!(c, '\n' | '\t') || !c.is_control())
        .collect()
}

/// A message-id that can stand in a header; `None` for anything else. Angle brackets go.
pub(crate) fn message_id(text: &str) -> Option<String> {
    let id = text.trim().trim_start_matches('<').trim_end_matches('>');
    let is_sound = (3..=MESSAGE_ID_BYTES_MAX).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'(' | b')' | b','));
    is_sound.then(|| id.to_owned())
}

impl Draft {
    /// The three fields of recipients.
    pub(crate) fn recipients(&self) -> [addresses::Recipients; 3] {
        [&self.to, &self.cc, &self.bcc].map(|typed| addresses::parse(typed))
    }

    /// Whether there is nothing in it worth keeping.
    pub(crate) fn is_empty(&self) -> bool {
        [&self.to, &self.cc, &self.bcc, &self.subject].iter().all(|field| field.trim().is_empty())
            && (self.is_rich() || self.text.trim().is_empty())
            && self.rich.is_blank()
            && self.attachments.is_empty()
    }

    /// Whether it is written with formatting.
    pub(crate) fn is_rich(&self) -> bool {
        !self.rich.html.is_empty()
    }

    /// Upper bound of the bytes it has as a message.
    pub(crate) fn message_bytes(&self) -> usize {
        let fields = self.to.len() + self.cc.len() + self.bcc.len() + self.subject.len();
        let attachments: usize = self.attachments.iter().map(Attachment::encoded_bytes).sum();
        // Quoted-printable is only used while it is shorter than base64.
        4096 + fields * 4 + self.text.len() * 3 / 2 + self.rich.encoded_bytes() + attachments
    }

    /// Writes it as a message with CRLF line ends. `name` is the sender's display name, `at` seconds since 1970.
    pub(crate) fn write(&self, reader: Reader, name: &str, at: i64) -> Vec<u8> {
        let [to, cc, bcc] = self.recipients();
        let mut builder = MessageBuilder::new().date(at);
        if let Some(id) = message_id(&self.message_id) {
            builder = builder.message_id(id);
        }
        if let Ok(from) = self.from.parse() {
            builder = builder.from(written(&Person::new(name, from)));
        }
        let has_named = !to.people.is_empty() || !cc.people.is_empty();
        for (field, recipients) in [("To", &to), ("Cc", &cc), ("Bcc", &bcc)] {
            let is_shown = field != "Bcc" || reader != Reader::Recipients;
            if is_shown && !recipients.people.is_empty() {
                builder = builder.header(field, Address::new_list(recipients.people.iter().map(written).collect()));
            }
        }
        if !has_named && reader == Reader::Recipients {
            builder = builder.to(Address::new_group(Some("undisclosed-recipients"), Vec::new()));
        }
        let subject = one_line(&self.subject);
        if !subject.is_empty() {
            builder = builder.subject(subject);
        }
        builder = self.threaded(builder);
        if reader == Reader::Writer {
            builder = self.kept_aside(builder, &[to, cc, bcc]);
        }
        builder = builder.header("User-Agent", Raw::new("Gatepost"));
        builder.body(self.body()).write_to_vec().unwrap_or_default()
    }

    fn threaded<'x>(&self, builder: MessageBuilder<'x>) -> MessageBuilder<'x> {
        let mut ids: Vec<String> = self.references.iter().filter_map(|id| message_id(id)).collect();
        if ids.len() > REFERENCES_MAX {
            ids.drain(1..=ids.len() - REFERENCES_MAX);
        }
        let builder = match self.in_reply_to.as_deref().and_then(message_id) {
            Some(id) => builder.in_reply_to(id),
            None => builder,
        };
        if ids.is_empty() { builder } else { builder.references(MessageId::new_list(ids.into_iter())) }
    }

    /// What only a draft has.
    fn kept_aside<'x>(
        &self,
        mut builder: MessageBuilder<'x>,
        recipients: &[addresses::Recipients; 3],
    ) -> MessageBuilder<'x> {
        if let Some(original) = &self.original {
            builder = builder.header(ORIGINAL, Raw::new(original.written()));
        }
        let fields = TYPED.into_iter().zip([&self.to, &self.cc, &self.bcc]).zip(recipients);
        for ((name, typed), recipients) in fields {
            if !recipients.faults.is_empty() || recipients.people.len() > READABLE_MAX {
                builder = builder.header(name, Text::new(one_line(typed)));
            }
        }
        builder
    }

    fn body(&self) -> MimePart<'_> {
        let text = match self.is_rich() {
            true => self.rich.part(),
            false => MimePart::new("text/plain", self.text.replace('\n', "\r\n")),
        };
        if self.attachments.is_empty() {
            return text;
        }
        let parts = std::iter::once(text).chain(self.attachments.iter().map(Attachment::part)).collect::<Vec<_>>();
        MimePart::new("multipart/mixed", parts)
    }

    /// Reads a draft, ours or another program's.
    pub(crate) fn read(message: &[u8]) -> Self {
        let head = Head::read(message);
        let root = structure(message);
        let rich = Rich::of(&root, message, true);
        let typed = |name: &str, people: &[Person]| match header::find(message, name) {
            Some(raw) => one_line(&encoded_word::decode(raw, None)),
            None => addresses::typed(people),
        };
        let written = |name: &str| header::find(message, name).map(|raw| encoded_word::decode(raw, None));
        Self {
            message_id: head.message_id.clone().unwrap_or_default(),
            from: head.from.first().map(|person| person.address.to_string()).unwrap_or_default(),
            to: typed(TYPED[0], &head.to),
            cc: typed(TYPED[1], &head.cc),
            bcc: typed(TYPED[2], &head.bcc),
            subject: head.subject,
            text: text::of(&root, message),
            rich: rich.clone().unwrap_or_default(),
            in_reply_to: written("In-Reply-To").as_deref().and_then(message_id),
            references: head.references,
            original: written(ORIGINAL).as_deref().and_then(Original::read),
            attachments: attachment::of(&root, message, rich.as_ref()),
        }
    }
}

fn written(person: &Person) -> Address<'static> {
    let name = Some(person.name.clone()).filter(|name| !name.is_empty());
    Address::new_address(name, person.address.to_wire())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;

    const AT: i64 = 1_795_500_000;

    fn draft() -> Draft {
        Draft {
            message_id: "abc@mail.example.test".into(),
            from: "alice@example.test".into(),
            to: "Bob <bob@example.test>, \"Doe, Jörg\" <joerg@example.test>".into(),
            bcc: "hidden@example.test".into(),
            subject: "Grüße".into(),
            text: "Hello\n\nwith trailing blanks  \n> quoted\nFrom here\n.\n".into(),
            in_reply_to: Some("b@x".into()),
            references: vec!["a@x".into(), "b@x".into()],
            original: Some(Original {
                purpose: Purpose::Forward,
                uid_validity: 4,
                uid: 7,
                mailbox: "Work/Übersicht 50%".into(),
            }),
            attachments: vec![
                Attachment::new("Übersicht, 2026.pdf", "application/pdf", Bytes::from_static(b"%PDF\r\n\n\0x")),
                Attachment::new("notes.txt", "text/plain", Bytes::from_static(b"a\nb  \n")),
            ],
            ..Draft::default()
        }
    }

    fn fields(message: &[u8]) -> Vec<String> {
        header::fields(message).map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect()
    }

    #[test]
    fn a_draft_comes_back_as_it_was() {
        let draft = draft();
        assert_eq!(Draft::read(&draft.write(Reader::Writer, "Alice", AT)), draft);
    }

    #[test]
    fn recipients_see_neither_bcc_nor_what_is_ours() {
        let message = draft().write(Reader::Recipients, "Alice Ölmann", AT);
        let text = String::from_utf8_lossy(&message);
        assert!(!text.contains("hidden@"), "{text}");
        assert!(!text.contains("X-Gatepost"), "{text}");
        assert!(text.is_ascii(), "headers and text are encoded");
        let copy = draft().write(Reader::Sender, "Alice", AT);
        assert!(String::from_utf8_lossy(&copy).contains("hidden@example.test"));
    }

    #[test]
    fn mail_to_hidden_recipients_only_has_a_to() {
        let draft = Draft { to: String::new(), ..draft() };
        let message = draft.write(Reader::Recipients, "", AT);
        let to = header::find(&message, "To").expect("a To field");
        assert!(String::from_utf8_lossy(to).contains("undisclosed-recipients"));
    }

    #[test]
    fn long_references_keep_the_first_and_the_newest() {
        let references = (0..50).map(|i| format!("m{i}@x")).collect();
        let read = Draft::read(&Draft { references, ..draft() }.write(Reader::Writer, "", AT));
        assert_eq!(read.references.len(), REFERENCES_MAX);
        assert_eq!(read.references[0], "m0@x");
        assert_eq!(read.references[REFERENCES_MAX - 1], "m49@x");
    }

    #[test]
    fn what_is_no_address_is_kept_in_the_draft() {
        let draft = Draft { to: "bob@example.test, Ännchen, x@".into(), ..draft() };
        assert_eq!(Draft::read(&draft.write(Reader::Writer, "", AT)).to, draft.to);
    }

    #[test]
    fn many_recipients_are_all_kept() {
        let to = (0..300).map(|i| format!("p{i}@example.test")).collect::<Vec<_>>().join(", ");
        let draft = Draft { to, ..draft() };
        assert_eq!(Draft::read(&draft.write(Reader::Writer, "", AT)).to, draft.to);
    }

    proptest! {
        #[test]
        fn any_words_come_back(subject in "\\PC{0,120}", text in "(\\PC|\n|\t| ){0,300}", name in "\\PC{1,40}") {
            let attachment = Attachment::new(&name, "application/octet-stream", Bytes::from(text.clone()));
            let draft = Draft {
                subject: one_line(&subject),
                text: plain_text(&text),
                attachments: vec![attachment],
                ..draft()
            };
            prop_assert_eq!(Draft::read(&draft.write(Reader::Writer, "", AT)), draft);
        }

        #[test]
        fn no_field_can_add_a_header(evil in "[a-z \\r\\n:@<>\",;\\\\\\x00\u{2028}\u{85}éx-]{0,60}") {
            let evil = format!("a{evil}\r\nX-Evil: 1\nBcc: evil@example.test\r\rX-Evil: 2\r\n\r\nX-Evil: body");
            let draft = Draft {
                message_id: evil.clone(),
                from: format!("{evil} <a@example.test>"),
                to: format!("{evil} <b@example.test>, {evil}"),
                cc: format!("\"{evil}\" <c@example.test>"),
                subject: evil.clone(),
                text: String::new(),
                rich: Rich::default(),
                in_reply_to: Some(evil.clone()),
                references: vec![evil.clone()],
                original: Some(Original { purpose: Purpose::Reply, uid_validity: 1, uid: 1, mailbox: evil.clone() }),
                attachments: vec![Attachment::new(&evil, &evil, Bytes::from_static(b"x"))],
                bcc: String::new(),
            };
            for reader in [Reader::Writer, Reader::Sender, Reader::Recipients] {
                let message = draft.write(reader, &evil, AT);
                let known = ["Date", "Message-ID", "From", "To", "Cc", "Subject", "In-Reply-To", "References",
                    "User-Agent", "MIME-Version", "Content-Type", ORIGINAL, TYPED[0], TYPED[1], TYPED[2]];
                for name in fields(&message) {
                    prop_assert!(known.contains(&name.as_str()), "{} in {}", name, String::from_utf8_lossy(&message));
                }
                let lone = message.windows(2).any(|pair| (pair[0] == b'\r') != (pair[1] == b'\n'));
                prop_assert!(!lone, "a lone CR or LF in {}", String::from_utf8_lossy(&message));
                for part in structure(&message).children {
                    for (name, _) in header::fields(part.header(&message)) {
                        prop_assert!(name.starts_with(b"Content-"), "{}", String::from_utf8_lossy(name));
                    }
                }
            }
        }

        #[test]
        fn any_message_can_be_read(bytes: Vec<u8>) {
            let _ = Draft::read(&bytes);
        }
    }
}
