//! A search made ready for one mailbox. Its value on a message is true, false, or not known yet: a message is asked with its
//! flags alone, then with its summary, its header, its body, until the answer is known.

use super::{
    needle::{Finder, Needle},
    text,
};
use crate::{
    proto::{
        search::{Day, Key},
        sequence_set::NoSuchMessage,
    },
    render,
};
use mail::{
    date,
    summary::{ADDRESSES_MAX, EnvelopeAddress},
};
use store::{Flags, Message, ModSeq, Uid, UidSet};

const DAY_MS: i64 = 86_400_000;
/// A text of the summary this long may have been cut.
const WHOLE_TEXT_BYTES: usize = 400;

/// What a session knows of its mailbox.
pub(crate) struct Known<'a> {
    /// The messages as the client was told of them; the position is the sequence number less one.
    pub(crate) uids: &'a UidSet,
    /// Those that are recent in this session.
    pub(crate) recent: &'a UidSet,
    /// The result that the last search saved.
    pub(crate) saved: &'a UidSet,
    /// Those without `\Seen`.
    pub(crate) unseen: &'a UidSet,
    /// Milliseconds since 1970.
    pub(crate) now: i64,
}

/// How much must be known of a message for a node to have a value, cheap first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Sets,
    Flags,
    Summary,
    Header,
    Body,
}

/// An address header of the envelope.
#[derive(Debug, Clone, Copy)]
enum AddressField {
    From,
    To,
    Cc,
    Bcc,
}

#[derive(Debug)]
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Set(UidSet),
    Flag(u8),
    Keyword(String),
    ModSeq(ModSeq),
    Received(Day),
    Sent(Day),
    Saved(Day),
    Larger(u32),
    Smaller(u32),
    ReceivedFrom(i64),
    ReceivedUntil(i64),
    EmailId(String),
    ThreadId(String),
    HasAttachment,
    Addresses(AddressField, Needle),
    Header(String, Needle),
    /// A needle of [`Program::needles`].
    Text(usize),
}

/// A search made ready.
#[derive(Debug)]
pub(crate) struct Program {
    root: Node,
    /// What is looked for in bodies, all in one pass over them.
    needles: Vec<Needle>,
    /// Whether each of them is looked for in the header too.
    in_header: Vec<bool>,
    /// Whether MODSEQ is among the keys, so that the answer names the highest one (RFC 7162 section 3.1.5).
    pub(crate) names_modseq: bool,
    uses_flags: bool,
    stage: Stage,
}

/// What is known of a message so far.
#[derive(Default, Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) uid: Uid,
    pub(super) flags: Option<(&'a Flags, ModSeq)>,
    pub(super) message: Option<&'a Message>,
    pub(super) header: Option<&'a [u8]>,
    /// Which needles were found.
    pub(super) hits: Option<&'a [bool]>,
}

impl Program {
    /// Makes a search ready.
    ///
    /// # Errors
    /// A sequence number that the mailbox does not have.
    pub(crate) fn new(key: &Key, known: &Known<'_>) -> Result<Self, NoSuchMessage> {
        let mut program = Self {
            root: Node::And(Vec::new()),
            needles: Vec::new(),
            in_header: Vec::new(),
            names_modseq: false,
            uses_flags: false,
            stage: Stage::Sets,
        };
        program.root = program.node(key, known)?;
        program.stage = program.root.stage();
        program.uses_flags = program.root.uses_flags();
        Ok(program)
    }

    fn node(&mut self, key: &Key, known: &Known<'_>) -> Result<Node, NoSuchMessage> {
        let mut text = |needle: &str, in_header| {
            self.needles.push(Needle::new(needle));
            self.in_header.push(in_header);
            Node::Text(self.needles.len() - 1)
        };
        Ok(match key {
            Key::All | Key::SaveDateSupported => Node::And(Vec::new()),
            Key::And(keys) => {
                let nodes: Result<Vec<_>, _> = keys.iter().map(|key| self.node(key, known)).collect();
                Node::And(cheap_first(nodes?))
            }
            Key::Or(first, second) => Node::Or(cheap_first(vec![self.node(first, known)?, self.node(second, known)?])),
            // What is exactly so is also roughly so; only the full-text index knows more.
            Key::Fuzzy(key) => self.node(key, known)?,
            Key::Sequence(set) | Key::Uid(set) if set.is_saved_result() => Node::Set(known.saved.clone()),
            Key::Not(key) => Node::Not(Box::new(self.node(key, known)?)),
            Key::Sequence(set) => Node::Set(set.by_sequence_found(known.uids)),
            Key::Uid(set) => Node::Set(set.by_uid(known.uids)),
            Key::Found(set) => Node::Set(set.clone()),
            Key::HasAttachment => Node::HasAttachment,
            Key::Recent => Node::Set(known.recent.clone()),
            Key::Flag(Flags::SEEN) => Node::Set(known.uids.difference(known.unseen)),
            Key::Flag(bit) => Node::Flag(*bit),
            Key::Keyword(keyword) => Node::Keyword(keyword.clone()),
            Key::ModSeq(modseq) => {
                self.names_modseq = true;
                Node::ModSeq(*modseq)
            }
            Key::Received(day) => Node::Received(*day),
            Key::Sent(day) => Node::Sent(*day),
            Key::Saved(day) => Node::Saved(*day),
            Key::Larger(size) => Node::Larger(*size),
            Key::Smaller(size) => Node::Smaller(*size),
            Key::Younger(seconds) => Node::ReceivedFrom(known.now - i64::from(*seconds) * 1000),
            Key::Older(seconds) => Node::ReceivedUntil(known.now - i64::from(*seconds) * 1000),
            Key::EmailId(id) => Node::EmailId(id.clone()),
            Key::ThreadId(id) => Node::ThreadId(id.clone()),
            Key::From(needle) => Node::Addresses(AddressField::From, Needle::new(needle)),
            Key::To(needle) => Node::Addresses(AddressField::To, Needle::new(needle)),
            Key::Cc(needle) => Node::Addresses(AddressField::Cc, Needle::new(needle)),
            Key::Bcc(needle) => Node::Addresses(AddressField::Bcc, Needle::new(needle)),
            Key::Subject(needle) => Node::Header("subject".into(), Needle::new(needle)),
            Key::Header(name, needle) => Node::Header(name.to_ascii_lowercase(), Needle::new(needle)),
            Key::Body(needle) => text(needle, false),
            Key::Text(needle) => text(needle, true),
        })
    }

    /// How much must be known of a message at most.
    pub(super) fn stage(&self) -> Stage {
        self.stage
    }

    /// Whether flags are worth reading.
    pub(super) fn uses_flags(&self) -> bool {
        self.uses_flags
    }

    /// Those of a set that may match, by what is known without any message; exactly those that do when the stage is
    /// [`Stage::Sets`].
    pub(super) fn narrow(&self, uids: &UidSet) -> UidSet {
        self.root.narrow(uids)
    }

    /// Whether a message matches, when that is known.
    pub(super) fn value(&self, facts: &Facts<'_>, buffer: &mut Vec<u8>) -> Option<bool> {
        self.root.value(facts, buffer)
    }

    /// For the needles of this search.
    pub(super) fn finder(&self) -> Finder<'_> {
        Finder::new(&self.needles)
    }

    /// Looks for the needles in a whole message.
    pub(super) fn look(&self, root: &mail::summary::Part, message: &[u8], finder: &mut Finder<'_>) {
        finder.reset();
        if self.in_header.contains(&true) {
            finder.wanted.copy_from_slice(&self.in_header);
            text::look_in_header(root.header(message), finder);
            finder.wanted.fill(true);
        }
        text::look_in_part(root, message, finder);
    }
}

/// The cheap ones decide first.
fn cheap_first(mut nodes: Vec<Node>) -> Vec<Node> {
    nodes.sort_by_key(Node::stage);
    nodes
}

impl Node {
    fn stage(&self) -> Stage {
        match self {
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().map(Self::stage).max().unwrap_or(Stage::Sets),
            Self::Not(node) => node.stage(),
            Self::Set(_) => Stage::Sets,
            Self::Flag(_) | Self::Keyword(_) | Self::ModSeq(_) => Stage::Flags,
            Self::Header(..) | Self::Addresses(..) => Stage::Header,
            Self::Text(_) => Stage::Body,
            _ => Stage::Summary,
        }
    }

    fn uses_flags(&self) -> bool {
        match self {
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().any(Self::uses_flags),
            Self::Not(node) => node.uses_flags(),
            node => node.stage() == Stage::Flags,
        }
    }

    fn narrow(&self, uids: &UidSet) -> UidSet {
        match self {
            Self::And(nodes) => nodes.iter().fold(uids.clone(), |left, node| node.narrow(&left)),
            Self::Or(nodes) => nodes.iter().fold(UidSet::default(), |found, node| found.union(&node.narrow(uids))),
            Self::Set(set) => uids.intersection(set),
            Self::Not(node) if node.stage() == Stage::Sets => uids.difference(&node.narrow(uids)),
            _ => uids.clone(),
        }
    }

    fn value(&self, facts: &Facts<'_>, buffer: &mut Vec<u8>) -> Option<bool> {
        match self {
            Self::And(nodes) => all(nodes, true, facts, buffer),
            Self::Or(nodes) => all(nodes, false, facts, buffer),
            Self::Not(node) => node.value(facts, buffer).map(|value| !value),
            Self::Set(set) => Some(set.contains(facts.uid)),
            Self::Flag(bit) => facts.flags.map(|(flags, _)| flags.has(*bit)),
            Self::Keyword(keyword) => facts.flags.map(|(flags, _)| flags.has_keyword(keyword)),
            Self::ModSeq(modseq) => facts.flags.map(|(_, of)| of >= *modseq),
            Self::Text(index) => facts.hits.map(|hits| hits[*index]),
            _ => self.value_on_message(facts.message?, facts.header, buffer),
        }
    }

    fn value_on_message(&self, message: &Message, header: Option<&[u8]>, buffer: &mut Vec<u8>) -> Option<bool> {
        Some(match self {
            // INTERNALDATE is told in UTC, so its days are those of UTC.
            Self::Received(day) => day.matches(message.received.div_euclid(DAY_MS)),
            Self::Saved(day) => day.matches(message.saved.div_euclid(DAY_MS)),
            Self::Sent(day) => sent_day(message).is_some_and(|sent| day.matches(sent)),
            Self::Larger(size) => message.size > *size,
            Self::Smaller(size) => message.size < *size,
            Self::ReceivedFrom(ms) => message.received >= *ms,
            Self::ReceivedUntil(ms) => message.received <= *ms,
            Self::HasAttachment => message.summary.has_attachment,
            Self::EmailId(id) => message.body.email_id() == *id,
            Self::ThreadId(id) => render::thread_id(message.thread) == *id,
            Self::Addresses(field, needle) => match header {
                None => return addresses_contain(message, *field, needle, buffer),
                Some(block) => text::field_contains(block, field.name(), needle, buffer),
            },
            Self::Header(name, needle) => match header {
                None => return summary_contains(message, name, needle, buffer),
                Some(block) => text::field_contains(block, name, needle, buffer),
            },
            _ => return None,
        })
    }
}

/// AND (`unit` true) or OR (`unit` false): one value that is not the unit decides, whatever is not known yet.
fn all(nodes: &[Node], unit: bool, facts: &Facts<'_>, buffer: &mut Vec<u8>) -> Option<bool> {
    let mut result = Some(unit);
    for node in nodes {
        match node.value(facts, buffer) {
            Some(value) if value == unit => {}
            None => result = None,
            other => return other,
        }
    }
    result
}

impl AddressField {
    fn name(self) -> &'static str {
        match self {
            Self::From => "from",
            Self::To => "to",
            Self::Cc => "cc",
            Self::Bcc => "bcc",
        }
    }
}

/// `None` when the summary may hold only some of the addresses.
fn addresses_contain(message: &Message, field: AddressField, needle: &Needle, buffer: &mut Vec<u8>) -> Option<bool> {
    let envelope = &message.summary.envelope;
    let addresses = match field {
        AddressField::From => &envelope.from,
        AddressField::To => &envelope.to,
        AddressField::Cc => &envelope.cc,
        AddressField::Bcc => &envelope.bcc,
    };
    let is_whole = addresses.len() < ADDRESSES_MAX && message.summary.structure.is_some();
    let mut text = String::new();
    for address in addresses {
        write_address(address, &mut text);
        if !needle.is_empty() && needle.is_in(&text, buffer) {
            return Some(true);
        }
        text.clear();
    }
    match needle.is_empty() {
        true if addresses.is_empty() => None,
        true => Some(true),
        false => is_whole.then_some(false),
    }
}

/// An address as people write it.
fn write_address(address: &EnvelopeAddress, out: &mut String) {
    let text = |part: &Option<String>| part.as_deref().unwrap_or_default().to_owned();
    if address.name.is_some() {
        out.push_str(&text(&address.name));
        out.push(' ');
    }
    out.push('<');
    out.push_str(&text(&address.local));
    out.push('@');
    out.push_str(&text(&address.domain));
    out.push('>');
}

/// `None` when the field is not in the summary or may have been cut.
fn summary_contains(message: &Message, name: &str, needle: &Needle, buffer: &mut Vec<u8>) -> Option<bool> {
    let envelope = &message.summary.envelope;
    let text = match name {
        "subject" => &envelope.subject,
        "message-id" => &envelope.message_id,
        "in-reply-to" => &envelope.in_reply_to,
        "date" => &envelope.date,
        _ => return None,
    };
    match text {
        Some(text) if needle.is_in(text, buffer) => Some(true),
        Some(text) => (text.len() < WHOLE_TEXT_BYTES && message.summary.structure.is_some()).then_some(false),
        // A field that is there without a value is in no summary.
        None => (!needle.is_empty()).then_some(false),
    }
}

/// RFC 3501 section 6.4.4: the day of the Date header as it is written there, whatever its time and zone.
fn sent_day(message: &Message) -> Option<i64> {
    let envelope = &message.summary.envelope;
    let written = envelope.date.as_deref()?;
    let is_year = |word: &str| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    let mut is_past_time = false;
    let kept: Vec<&str> = written
        .split_whitespace()
        .filter_map(|word| {
            if !is_past_time && word.contains(':') {
                is_past_time = true;
                return word.split(|c: char| !c.is_ascii_digit() && c != ':').next();
            }
            (!is_past_time || is_year(word)).then_some(word)
        })
        .collect();
    let local = date::parse_rfc5322(&kept.join(" ")).or(envelope.sent.map(|seconds| seconds * 1000))?;
    Some(local.div_euclid(DAY_MS))
}
