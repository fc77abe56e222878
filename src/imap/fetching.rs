//! FETCH responses of many messages, made in steps of bounded size.
//!
//! A step reads from the store and waits for nobody, so that it can run in a thread of its own while the one before it is sent;
//! a client that is slow holds no thread. What is large is handed on in pieces as it comes from the store, without a copy.

use crate::{
    conversation::Conversations,
    enabled::Enabled,
    matching::Source,
    proto::{
        fetch::{Item, Section},
        string::write_literal_start,
    },
    render,
    section::{self, Place},
    selected::write_fetch_start,
};
use bytes::Bytes;
use mail::summary::{self, Part};
use std::{collections::VecDeque, ops::ControlFlow, ops::Range};
use store::{BodyId, Error, Flags, Message, ModSeq, Uid, UidSet};

/// Bytes of responses after which a step ends.
const STEP_BYTES: usize = 256 * 1024;
/// Sections beyond this are read in parts of this size.
const READ_BYTES: u64 = 1024 * 1024;
/// Sections from this size on are handed on without a copy.
const PIECE_BYTES: usize = 64 * 1024;
/// Messages that are taken on at once, by what is read of them.
const MESSAGES_BY_FLAGS: usize = 2000;
const MESSAGES_BY_SUMMARY: usize = 200;
/// Up to so many messages are answered on the spot when no body is read.
const INLINE_MESSAGES: usize = 200;

/// What is to be fetched.
pub(crate) struct Wanted {
    /// The messages.
    pub(crate) uids: UidSet,
    /// What of them.
    pub(crate) items: Vec<Item>,
    /// Only those changed after this.
    pub(crate) changed_since: Option<ModSeq>,
    /// Those that `\Seen` was set on by this FETCH: their flags are told too.
    pub(crate) marked: UidSet,
    /// The mailbox as the client was told of it.
    pub(crate) known: UidSet,
    /// Those that are recent in this session.
    pub(crate) recent: UidSet,
    /// What the client has switched on.
    pub(crate) enabled: Enabled,
}

/// A FETCH under way.
pub(crate) struct Fetching {
    source: Source,
    wanted: Wanted,
    needs: Needs,
    conversations: Conversations,
    out: Vec<u8>,
    queue: VecDeque<Segment>,
    queued: usize,
    /// Messages whose bytes could not be read and that were left out.
    pub(crate) damaged: usize,
    /// Messages left out for a transfer encoding that is not known here (RFC 3516 section 4.3).
    pub(crate) encoded: usize,
    /// Bytes were announced that cannot be had: the connection cannot be used on.
    pub(crate) is_broken: bool,
    /// Messages that were answered.
    pub(crate) answered: usize,
}

/// What must be read of a message for its items.
#[derive(Debug, Clone, Copy)]
struct Needs {
    flags: bool,
    summary: bool,
    tree: bool,
    body: bool,
}

impl Needs {
    fn of(wanted: &Wanted) -> Self {
        let is_any = |test: fn(&Item) -> bool| wanted.items.iter().any(test);
        let summary = is_any(|item| !matches!(item, Item::Flags | Item::Uid | Item::ModSeq));
        let flags = is_any(|item| matches!(item, Item::Flags | Item::ModSeq));
        Self {
            // Without a summary the flags tell whether the message is there.
            flags: flags || !summary || wanted.changed_since.is_some() || !wanted.marked.is_empty(),
            summary,
            tree: is_any(|item| match item {
                Item::Body | Item::BodyStructure => true,
                Item::Section(section) => !section::is_whole(section),
                Item::Binary(section) => !section.part.is_empty(),
                Item::BinarySize(part) => !part.is_empty(),
                _ => false,
            }),
            body: is_any(|item| matches!(item, Item::Section(_) | Item::Binary(_) | Item::BinarySize(_))),
        }
    }
}

/// A part of the output.
enum Segment {
    Bytes(Bytes),
    /// A part of a body that is yet to be read.
    Body(BodyId, Range<u64>),
}

/// A section, ready to be written.
enum Content {
    Nowhere,
    Bytes(Bytes),
    Later(BodyId, Range<u64>),
    /// Without its transfer encoding.
    Decoded(Vec<u8>),
    /// The length of what is without its transfer encoding.
    Length(usize),
}

/// Why a message is left out.
enum Omitted {
    /// It cannot be read.
    Unreadable(Error),
    /// It has a transfer encoding that is not known here.
    Encoded,
}

impl From<Error> for Omitted {
    fn from(error: Error) -> Self {
        Self::Unreadable(error)
    }
}

impl Fetching {
    /// Begins.
    pub(crate) fn new(source: Source, wanted: Wanted) -> Self {
        let needs = Needs::of(&wanted);
        Self {
            source,
            wanted,
            needs,
            conversations: Conversations::default(),
            out: Vec::new(),
            queue: VecDeque::new(),
            queued: 0,
            damaged: 0,
            encoded: 0,
            is_broken: false,
            answered: 0,
        }
    }

    /// Whether it is so little work that a thread would cost more.
    pub(crate) fn is_light(&self) -> bool {
        !self.needs.body && self.wanted.uids.len() <= INLINE_MESSAGES
    }

    /// The next part of the output; nothing at the end.
    ///
    /// # Errors
    /// Machine faults.
    pub(crate) fn step(&mut self) -> Result<Vec<Bytes>, Error> {
        let mut pieces = Vec::new();
        let mut length = 0;
        while length < STEP_BYTES {
            let piece = match self.queue.pop_front() {
                Some(Segment::Bytes(bytes)) => {
                    self.queued -= bytes.len();
                    bytes
                }
                Some(Segment::Body(id, range)) => self.read(id, range)?,
                None if self.wanted.uids.is_empty() => break,
                None => {
                    self.messages()?;
                    self.flush();
                    continue;
                }
            };
            length += piece.len();
            pieces.push(piece);
        }
        Ok(pieces)
    }

    /// Reads the beginning of a part of a body and puts the rest back.
    fn read(&mut self, id: BodyId, range: Range<u64>) -> Result<Bytes, Error> {
        let middle = range.end.min(range.start + READ_BYTES);
        if middle < range.end {
            self.queue.push_front(Segment::Body(id, middle..range.end));
        }
        let bytes = self.source.store.body_range(id, range.start..middle).and_then(|bytes| {
            let length = middle - range.start;
            slice(&bytes, 0..length)
        });
        self.is_broken = bytes.is_err();
        bytes
    }

    fn flush(&mut self) {
        if !self.out.is_empty() {
            let bytes = Bytes::from(std::mem::take(&mut self.out));
            self.queued += bytes.len();
            self.queue.push_back(Segment::Bytes(bytes));
        }
    }

    /// Answers the next messages, as many as make a step.
    fn messages(&mut self) -> Result<(), Error> {
        let many = if self.needs.summary { MESSAGES_BY_SUMMARY } else { MESSAGES_BY_FLAGS };
        let Some(mut chunk) = self.wanted.uids.chunks(many).next() else { return Ok(()) };
        let mut last = chunk.last().unwrap_or(Uid::MAX);
        let mut states = Vec::new();
        if self.needs.flags {
            states = self.states(&chunk)?;
            chunk = UidSet::from_iter(states.iter().map(|&(uid, ..)| (uid, uid)));
        }
        if self.needs.summary {
            let store = self.source.store.clone();
            let (account, mailbox) = (self.source.account, self.source.mailbox);
            let mut outcome = Ok(());
            store.messages(account, mailbox, &chunk, &mut |message| {
                let state = states.binary_search_by_key(&message.uid, |state| state.0).ok().map(|at| &states[at]);
                outcome = self.message(&message, state.map(|(_, flags, modseq)| (flags, *modseq)));
                if outcome.is_err() || self.queued + self.out.len() >= STEP_BYTES {
                    last = message.uid;
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            })?;
            outcome?;
        } else {
            for (uid, flags, modseq) in &states {
                self.respond(*uid, None, Some((flags, *modseq)), None, Vec::new());
            }
        }
        self.wanted.uids.remove_range(1, last);
        Ok(())
    }

    /// Flags of those that are there and changed after CHANGEDSINCE.
    fn states(&self, uids: &UidSet) -> Result<Vec<(Uid, Flags, ModSeq)>, Error> {
        let mut states = Vec::new();
        let since = self.wanted.changed_since.unwrap_or(0);
        let Source { store, account, mailbox } = &self.source;
        store.flags_of(*account, *mailbox, uids, &mut |uid, flags, modseq| {
            if modseq > since {
                states.push((uid, flags, modseq));
            }
            ControlFlow::Continue(())
        })?;
        Ok(states)
    }

    fn message(&mut self, message: &Message, state: Option<(&Flags, ModSeq)>) -> Result<(), Error> {
        match self.contents(message) {
            Ok((parsed, contents)) => {
                self.respond(message.uid, Some(message), state, parsed.as_ref(), contents);
                Ok(())
            }
            Err(Omitted::Encoded) => {
                self.encoded += 1;
                Ok(())
            }
            Err(Omitted::Unreadable(error @ (Error::NotFound(_) | Error::Damaged(_)))) => {
                tracing::error!(%error, trace = %message.trace, "fetch: a message cannot be read");
                self.damaged += 1;
                Ok(())
            }
            Err(Omitted::Unreadable(error)) => Err(error),
        }
    }

    /// Reads what the sections need, in one go where it is not much; and the tree when it is not in the summary.
    fn contents(&self, message: &Message) -> Result<(Option<Part>, Vec<Content>), Omitted> {
        let mut read = None;
        let mut parsed = None;
        if self.needs.tree && message.summary.structure.is_none() {
            let bytes = self.source.store.body(message.body)?;
            parsed = Some(summary::structure(&bytes));
            read = Some((0, bytes));
        }
        let tree = message.summary.structure.as_ref().or(parsed.as_ref());
        let sections = self.wanted.items.iter().filter_map(|item| match item {
            Item::Section(section) => Some(section),
            _ => None,
        });
        let places: Vec<(&Section, Place)> = sections
            .map(|section| {
                let place = tree.map(|root| section::place(section, root, message.size));
                (section, place.unwrap_or_else(|| section::whole(section, message.size)))
            })
            .collect();
        if let (None, Some(range)) = (&read, union(&places))
            && range.end - range.start <= READ_BYTES
        {
            read = Some((range.start, self.source.store.body_range(message.body, range)?));
        }
        let mut places = places.into_iter();
        let mut contents = Vec::new();
        for item in &self.wanted.items {
            match item {
                Item::Section(_) => {
                    let Some((section, place)) = places.next() else { break };
                    contents.push(self.content(message, section, place, read.as_ref())?);
                }
                Item::Binary(section) => contents.push(self.binary(message, tree, section)?),
                Item::BinarySize(part) => contents.push(match self.decoded(message, tree, part)? {
                    Some(bytes) => Content::Length(bytes.len()),
                    None => Content::Nowhere,
                }),
                _ => {}
            }
        }
        Ok((parsed, contents))
    }

    /// RFC 3516 section 4.2: a part without its transfer encoding; the partial is one of the result.
    fn binary(&self, message: &Message, tree: Option<&Part>, section: &Section) -> Result<Content, Omitted> {
        let Some(mut bytes) = self.decoded(message, tree, &section.part)? else { return Ok(Content::Nowhere) };
        if let Some((offset, length)) = section.partial {
            let start = (offset as usize).min(bytes.len());
            bytes.truncate(start.saturating_add(length as usize));
            bytes.drain(..start);
        }
        Ok(Content::Decoded(bytes))
    }

    /// The whole message, or a part of it; `None` when it has no such part.
    fn decoded(&self, message: &Message, tree: Option<&Part>, part: &[u32]) -> Result<Option<Vec<u8>>, Omitted> {
        let store = &self.source.store;
        if part.is_empty() {
            return Ok(Some(store.body(message.body)?.to_vec()));
        }
        let Some(part) = tree.and_then(|root| section::part(root, part)) else { return Ok(None) };
        let bytes = store.body_range(message.body, u64::from(part.body_start)..u64::from(part.body_end))?;
        if !part.children.is_empty() {
            return Ok(Some(bytes.to_vec()));
        }
        match part.encoding.as_str() {
            "" | "7bit" | "8bit" | "binary" | "base64" | "quoted-printable" => {
                Ok(Some(mail::text::decode_bytes(&part.encoding, &bytes)))
            }
            _ => Err(Omitted::Encoded),
        }
    }

    fn content(
        &self,
        message: &Message,
        section: &Section,
        place: Place,
        read: Option<&(u64, Bytes)>,
    ) -> Result<Content, Error> {
        let bytes = |range: &Range<u64>| match read {
            Some((start, bytes)) => slice(bytes, range.start - start..range.end - start),
            None => self.source.store.body_range(message.body, range.clone()),
        };
        Ok(match place {
            Place::Nowhere => Content::Nowhere,
            Place::Fields(range) => Content::Bytes(section::fields(section, &bytes(&range)?).into()),
            Place::Bytes(range) if read.is_none() && range.end - range.start > READ_BYTES => {
                Content::Later(message.body, range)
            }
            Place::Bytes(range) => Content::Bytes(bytes(&range)?),
        })
    }

    /// `* n FETCH (...)`
    fn respond(
        &mut self,
        uid: Uid,
        message: Option<&Message>,
        state: Option<(&Flags, ModSeq)>,
        parsed: Option<&Part>,
        contents: Vec<Content>,
    ) {
        let Some(position) = self.wanted.known.position(uid) else { return };
        self.answered += 1;
        let enabled = self.wanted.enabled;
        write_fetch_start(&mut self.out, u32::try_from(position + 1).unwrap_or(u32::MAX), uid, enabled);
        let items = std::mem::take(&mut self.wanted.items);
        let mut contents = contents.into_iter();
        // What UIDFETCH begins with is not told twice (RFC 9586 section 3.2).
        let told = items.iter().filter(|item| !(enabled.uid_only && **item == Item::Uid));
        for (index, item) in told.enumerate() {
            if index > 0 {
                self.out.push(b' ');
            }
            match (item, message) {
                (Item::Section(section), _) => self.section(section, contents.next().unwrap_or(Content::Nowhere)),
                (Item::Binary(section), _) => {
                    section.write_name(&mut self.out);
                    self.out.push(b' ');
                    self.binary_content(contents.next().unwrap_or(Content::Nowhere));
                }
                (Item::BinarySize(part), _) => {
                    write_binary_size(&mut self.out, part, &contents.next().unwrap_or(Content::Nowhere));
                }
                (Item::Uid, _) => render::write_uid(&mut self.out, uid),
                (Item::Flags, _) => self.flags(uid, state),
                (Item::Conversation, Some(message)) => {
                    self.conversations.write(&mut self.out, &self.source, message.thread);
                }
                (Item::ModSeq, _) => render::write_modseq(&mut self.out, state.map_or(0, |(_, modseq)| modseq)),
                (item, Some(message)) => write_item(&mut self.out, item, message, parsed, enabled.takes_utf8()),
                (_, None) => {}
            }
        }
        if self.wanted.marked.contains(uid) && !items.contains(&Item::Flags) {
            self.out.push(b' ');
            self.flags(uid, state);
            if let (true, Some((_, modseq))) = (enabled.condstore && !items.contains(&Item::ModSeq), state) {
                self.out.push(b' ');
                render::write_modseq(&mut self.out, modseq);
            }
        }
        self.wanted.items = items;
        self.out.extend_from_slice(b")\r\n");
    }

    fn flags(&mut self, uid: Uid, state: Option<(&Flags, ModSeq)>) {
        let none = Flags::default();
        let flags = state.map_or(&none, |(flags, _)| flags);
        render::write_flags(&mut self.out, flags, self.wanted.recent.contains(uid));
    }

    /// What has a NUL is a literal8, for no other string can hold it.
    fn binary_content(&mut self, content: Content) {
        let Content::Decoded(bytes) = content else { return self.out.extend_from_slice(b"NIL") };
        if memchr::memchr(0, &bytes).is_some() {
            self.out.push(b'~');
        }
        write_literal_start(&mut self.out, bytes.len());
        if bytes.len() < PIECE_BYTES {
            return self.out.extend_from_slice(&bytes);
        }
        self.flush();
        self.queued += bytes.len();
        self.queue.push_back(Segment::Bytes(bytes.into()));
    }

    fn section(&mut self, section: &Section, content: Content) {
        section.write_name(&mut self.out);
        self.out.push(b' ');
        let segment = match content {
            Content::Nowhere | Content::Decoded(_) | Content::Length(_) => return self.out.extend_from_slice(b"NIL"),
            Content::Bytes(bytes) => {
                write_literal_start(&mut self.out, bytes.len());
                if bytes.len() < PIECE_BYTES {
                    return self.out.extend_from_slice(&bytes);
                }
                Segment::Bytes(bytes)
            }
            Content::Later(body, range) => {
                write_literal_start(&mut self.out, usize::try_from(range.end - range.start).unwrap_or(usize::MAX));
                Segment::Body(body, range)
            }
        };
        self.flush();
        // A body that is yet to be read counts as a step of its own.
        self.queued += if let Segment::Bytes(bytes) = &segment { bytes.len() } else { 0 };
        self.queue.push_back(segment);
    }
}

/// The items that the summary answers.
fn write_item(out: &mut Vec<u8>, item: &Item, message: &Message, parsed: Option<&Part>, utf8: bool) {
    let tree = message.summary.structure.as_ref().or(parsed);
    match item {
        Item::InternalDate => render::write_date(out, "INTERNALDATE", message.received),
        Item::SaveDate => render::write_date(out, "SAVEDATE", message.saved),
        Item::Size => render::write_size(out, message.size),
        Item::Envelope => render::write_envelope(out, &message.summary.envelope, utf8),
        Item::Body | Item::BodyStructure => {
            if let Some(tree) = tree {
                render::write_structure(out, tree, *item == Item::BodyStructure, utf8);
            }
        }
        Item::EmailId => render::write_email_id(out, &message.body),
        Item::ThreadId => render::write_thread_id(out, message.thread),
        Item::Preview => render::write_preview(out, &message.summary.preview),
        Item::Flags
        | Item::Uid
        | Item::ModSeq
        | Item::Conversation
        | Item::Section(_)
        | Item::Binary(_)
        | Item::BinarySize(_) => {}
    }
}

/// `BINARY.SIZE[1.2] 65`: RFC 3516 section 4.2; 0 of a part that there is not, for the grammar has no NIL here.
fn write_binary_size(out: &mut Vec<u8>, part: &[u32], content: &Content) {
    let numbers: Vec<String> = part.iter().map(u32::to_string).collect();
    let length = if let Content::Length(length) = content { *length } else { 0 };
    out.extend_from_slice(format!("BINARY.SIZE[{}] {length}", numbers.join(".")).as_bytes());
}

/// The smallest range that holds all places.
fn union(places: &[(&Section, Place)]) -> Option<Range<u64>> {
    let ranges = places.iter().filter_map(|(_, place)| place.range());
    ranges.cloned().reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))
}

fn slice(bytes: &Bytes, range: Range<u64>) -> Result<Bytes, Error> {
    let bound = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    let range = bound(range.start)..bound(range.end);
    match bytes.get(range.clone()) {
        Some(_) => Ok(bytes.slice(range)),
        None => Err(Error::Damaged("a body is shorter than its row says".into())),
    }
}
