//! A script: its header, its commands, and the messages beside it.

use std::{fs, path::Path};

/// What is there before the commands run; each does what those before it do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are those of the language")]
pub enum State {
    NonAuth,
    Auth,
    Created,
    Appended,
    Selected,
}

/// A script.
#[derive(Debug)]
pub struct Script {
    /// Name of its file.
    pub name: String,
    /// Capabilities that it needs, in capitals.
    pub capabilities: Vec<String>,
    /// Connections that it uses.
    pub connections: usize,
    /// What is there before.
    pub state: State,
    /// How many messages are appended; all when absent.
    pub messages: Option<usize>,
    /// Whether replies that are not listed are an error.
    pub is_strict: bool,
    /// What is done.
    pub groups: Vec<Group>,
    /// The messages, with their dates as APPEND takes them.
    pub mailbox: Vec<(String, Vec<u8>)>,
}

/// Commands that are sent at once, and what is expected of them together.
#[derive(Debug, Default)]
pub struct Group {
    /// Connection, from 0.
    pub connection: usize,
    /// The commands.
    pub commands: Vec<Command>,
    /// Untagged replies.
    pub expected: Vec<Expected>,
    /// Line of the first command.
    pub line: usize,
}

/// A command.
#[derive(Debug)]
pub struct Command {
    /// Name that the script gives it, for pipelining.
    pub tag: Option<String>,
    /// What is sent.
    pub text: Vec<Piece>,
    /// `ok`, `no`, `bad`, or nothing when any will do.
    pub status: Option<String>,
    /// What the text of the tagged reply begins with.
    pub prefix: Vec<Piece>,
}

/// How an untagged reply is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `*`
    Must,
    /// `!`
    MustNot,
    /// `?`
    May,
}

/// An untagged reply.
#[derive(Debug)]
pub struct Expected {
    /// Whether it must come.
    pub kind: Kind,
    /// What it looks like.
    pub text: Vec<Piece>,
    /// Its line.
    pub line: usize,
}

/// Part of a line: text, in which variables stand, or a literal, in which they do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text.
    Text(Vec<u8>),
    /// The bytes of a literal, and whether it is a literal8.
    Literal(Vec<u8>, bool),
}

impl Script {
    /// Reads a script and its messages.
    ///
    /// # Panics
    /// When the file is not there or is no script.
    pub fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.file_name().expect("has a name").to_string_lossy().into_owned();
        let mut beside = path.with_extension("mbox");
        if !beside.exists() {
            beside = path.with_file_name("default.mbox");
        }
        let mbox = fs::read(&beside).unwrap_or_else(|error| panic!("{}: {error}", beside.display()));
        let mut script = Self {
            name,
            capabilities: Vec::new(),
            connections: 1,
            state: State::Selected,
            messages: None,
            is_strict: false,
            groups: Vec::new(),
            mailbox: messages(&mbox),
        };
        let mut lines = bytes.split(|&byte| byte == b'\n').enumerate().peekable();
        while let Some((_, line)) = lines.next_if(|(_, line)| is_header(line) || line.starts_with(b"#")) {
            if !line.starts_with(b"#") {
                script.header(&String::from_utf8_lossy(line));
            }
        }
        script.body(lines);
        script
    }

    fn header(&mut self, line: &str) {
        let Some((key, value)) = line.split_once(':') else { return };
        let value = value.trim();
        match key.trim() {
            "capabilities" => self.capabilities = value.split_whitespace().map(str::to_uppercase).collect(),
            "connections" => self.connections = value.parse().expect("a number"),
            "messages" => self.messages = if value == "all" { None } else { Some(value.parse().expect("a number")) },
            "state" => {
                self.state = match value {
                    "nonauth" => State::NonAuth,
                    "auth" => State::Auth,
                    "created" => State::Created,
                    "appended" => State::Appended,
                    "selected" => State::Selected,
                    other => panic!("{}: state {other}", self.name),
                }
            }
            "ignore_extra_untagged" => self.is_strict = value == "no",
            other => panic!("{}: header {other}", self.name),
        }
    }

    fn body<'a>(&mut self, mut lines: impl Iterator<Item = (usize, &'a [u8])>) {
        // A group is open while a tagged reply of it is awaited.
        let mut open = false;
        while let Some((number, line)) = lines.next() {
            if line.is_empty() || line[0] == b'#' {
                continue;
            }
            let pieces = logical(line, &mut lines);
            self.line(number + 1, pieces, &mut open);
        }
        assert!(!open, "{}: the last command has no reply", self.name);
    }

    fn line(&mut self, number: usize, mut pieces: Vec<Piece>, open: &mut bool) {
        let mut connection = None;
        if let Some(digits) = first_word(&pieces).filter(|word| self.connections > 1 && word.parse::<usize>().is_ok()) {
            connection = Some(digits.parse::<usize>().expect("is a number") - 1);
            drop_word(&mut pieces);
        }
        let first = first_word(&pieces).unwrap_or_default();
        let kind = match first.as_str() {
            "*" => Some(Kind::Must),
            "!" => Some(Kind::MustNot),
            "?" => Some(Kind::May),
            _ => None,
        };
        if let Some(kind) = kind {
            drop_word(&mut pieces);
            let group = self.groups.last_mut().expect("a command before its replies");
            return group.expected.push(Expected { kind, text: pieces, line: number });
        }
        let new_group =
            |connection: Option<usize>| Group { connection: connection.unwrap_or(0), line: number, ..Group::default() };
        if let Some(status) = status(&first) {
            drop_word(&mut pieces);
            if *open {
                *open = false;
                let command = self.groups.last_mut().and_then(|group| group.commands.last_mut()).expect("is open");
                (command.status, command.prefix) = (status, pieces);
            } else {
                let mut group = new_group(connection);
                group.commands.push(Command { tag: None, text: pieces, status, prefix: Vec::new() });
                self.groups.push(group);
            }
            return;
        }
        if first.starts_with("tag") && first.len() > 3 && first[3..].bytes().all(|byte| byte.is_ascii_digit()) {
            drop_word(&mut pieces);
            return self.tagged(&first, pieces, new_group(connection), open);
        }
        let mut group = new_group(connection);
        group.commands.push(Command { tag: None, text: pieces, status: None, prefix: Vec::new() });
        self.groups.push(group);
        *open = true;
    }

    fn tagged(&mut self, tag: &str, mut pieces: Vec<Piece>, new: Group, open: &mut bool) {
        if let Some(status) = first_word(&pieces).and_then(|word| status(&word)) {
            drop_word(&mut pieces);
            let group = self.groups.last_mut().expect("a command before its reply");
            let is_tag = |command: &&mut Command| command.tag.as_deref() == Some(tag);
            let command = group.commands.iter_mut().find(is_tag).expect("a command with this tag");
            (command.status, command.prefix) = (status, pieces);
            *open = false;
            return;
        }
        if !*open {
            self.groups.push(new);
        }
        let command = Command { tag: Some(tag.to_owned()), text: pieces, status: None, prefix: Vec::new() };
        self.groups.last_mut().expect("was pushed").commands.push(command);
        *open = true;
    }
}

/// `key: value`, where the key is one word.
fn is_header(line: &[u8]) -> bool {
    let colon = line.iter().position(|&byte| byte == b':');
    colon.is_some_and(|colon| line[..colon].iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_'))
}

fn status(word: &str) -> Option<Option<String>> {
    match word.to_ascii_lowercase().as_str() {
        "\"\"" => Some(None),
        word @ ("ok" | "no" | "bad") => Some(Some(word.to_owned())),
        _ => None,
    }
}

fn first_word(pieces: &[Piece]) -> Option<String> {
    let Piece::Text(text) = pieces.first()? else { return None };
    let word = text.split(|&byte| byte == b' ').next()?;
    Some(String::from_utf8_lossy(word).into_owned())
}

fn drop_word(pieces: &mut [Piece]) {
    if let Some(Piece::Text(text)) = pieces.first_mut() {
        let end = text.iter().position(|&byte| byte == b' ').map_or(text.len(), |at| at + 1);
        text.drain(..end);
    }
}

/// A line with the literals that it opens: `{{{`, lines, `}}}`. The line end before `}}}` is not part of the literal. Lines end
/// in CRLF, but in `~{{{` as in the script.
fn logical<'a>(line: &[u8], lines: &mut impl Iterator<Item = (usize, &'a [u8])>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = line.to_vec();
    while let Some(head) = text.strip_suffix(b"{{{") {
        let (head, is_literal8) = head.strip_suffix(b"~").map_or((head, false), |head| (head, true));
        pieces.push(Piece::Text(head.to_vec()));
        let mut literal = Vec::new();
        text = loop {
            let (_, line) = lines.next().expect("a literal that ends");
            if let Some(rest) = line.strip_prefix(b"}}}") {
                break rest.to_vec();
            }
            if is_literal8 {
                literal.extend_from_slice(line);
            } else {
                literal.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
                literal.push(b'\r');
            }
            literal.push(b'\n');
        };
        literal.truncate(literal.len().saturating_sub(if is_literal8 { 1 } else { 2 }));
        pieces.push(Piece::Literal(literal, is_literal8));
    }
    pieces.push(Piece::Text(text));
    pieces
}

/// The messages of an mbox file, with CRLF, and when they came as APPEND takes it.
fn messages(mbox: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut messages: Vec<(String, Vec<u8>)> = Vec::new();
    for line in mbox.split_inclusive(|&byte| byte == b'\n') {
        if let Some(from) = line.strip_prefix(b"From ") {
            messages.push((date(&String::from_utf8_lossy(from)), Vec::new()));
        } else if let Some((_, message)) = messages.last_mut() {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            message.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
            message.extend_from_slice(b"\r\n");
        }
    }
    messages
}

/// `user@domain  Fri Feb 22 17:06:23 2008 +0200` as `22-Feb-2008 17:06:23 +0200`.
fn date(from: &str) -> String {
    let words: Vec<&str> = from.split_whitespace().collect();
    let &[_, _, month, day, time, year, ref zone @ ..] = words.as_slice() else { panic!("a date in {from:?}") };
    let zone = zone.first().copied().unwrap_or("+0000");
    format!("{day:>2}-{month}-{year} {time} {zone}")
}
