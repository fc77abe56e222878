//! GETMETADATA and SETMETADATA (RFC 5464).

use super::{
    lexer::{Lexer, Parse},
    mailbox_name,
};

/// Entries in one command.
pub const ENTRIES_MAX: usize = 100;

/// How far below the entries that are named (RFC 5464 section 4.2.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum Depth {
    #[default]
    Zero,
    One,
    Infinity,
}

/// `GETMETADATA`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetMetadata {
    /// The mailbox; empty for the server's own entries.
    pub mailbox: String,
    /// Names in lower case.
    pub entries: Vec<String>,
    /// DEPTH.
    pub depth: Depth,
    /// Larger values are left out.
    pub bytes_max: Option<u32>,
}

/// `SETMETADATA`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetMetadata {
    /// The mailbox; empty for the server's own entries.
    pub mailbox: String,
    /// Names in lower case, with their values; `None` removes.
    pub entries: Vec<(String, Option<Vec<u8>>)>,
}

impl GetMetadata {
    /// What comes after `GETMETADATA `. The options stand before the mailbox in the grammar, and after it in the examples and
    /// in clients; both are taken.
    pub fn parse(lexer: &mut Lexer<'_>) -> Parse<Self> {
        let mut command =
            Self { mailbox: String::new(), entries: Vec::new(), depth: Depth::default(), bytes_max: None };
        let has_options = lexer.peek() == Some(b'(');
        if has_options {
            command.options(lexer)?;
            lexer.space()?;
        }
        command.mailbox = mailbox_name::parse(lexer)?;
        lexer.space()?;
        if !has_options && is_options(lexer.rest()) {
            command.options(lexer)?;
            lexer.space()?;
        }
        command.entries = match lexer.peek() {
            Some(b'(') => lexer.list(false, ENTRIES_MAX, entry)?,
            _ => vec![entry(lexer)?],
        };
        Ok(command)
    }

    fn options(&mut self, lexer: &mut Lexer<'_>) -> Parse<()> {
        lexer.list(false, 4, |lexer| {
            if lexer.eat_text("MAXSIZE ") {
                self.bytes_max = Some(lexer.number()?);
            } else if lexer.eat_text("DEPTH ") {
                self.depth = match lexer.atom("0, 1 or infinity")?.to_ascii_lowercase().as_str() {
                    "0" => Depth::Zero,
                    "1" => Depth::One,
                    "infinity" => Depth::Infinity,
                    _ => return lexer.error("0, 1 or infinity"),
                };
            } else {
                return lexer.error("MAXSIZE or DEPTH");
            }
            Ok(())
        })?;
        Ok(())
    }
}

/// Names of entries begin with a slash.
fn is_options(rest: &[u8]) -> bool {
    let starts = |word: &[u8]| rest.get(1..=word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    rest.first() == Some(&b'(') && (starts(b"MAXSIZE ") || starts(b"DEPTH "))
}

impl SetMetadata {
    /// What comes after `SETMETADATA `.
    pub fn parse(lexer: &mut Lexer<'_>) -> Parse<Self> {
        let mailbox = mailbox_name::parse(lexer)?;
        lexer.space()?;
        let entries = lexer.list(false, ENTRIES_MAX, |lexer| {
            let name = entry(lexer)?;
            lexer.space()?;
            // A literal8 (RFC 3516) holds any bytes.
            let _ = lexer.eat(b'~');
            Ok((name, lexer.nstring()?.map(std::borrow::Cow::into_owned)))
        })?;
        Ok(Self { mailbox, entries })
    }
}

/// `entry`: below `/private` or `/shared`, without empty steps and wildcards (RFC 5464 section 4.1); case does not matter.
fn entry(lexer: &mut Lexer<'_>) -> Parse<String> {
    let at = lexer.at();
    let name = lexer.astring_utf8()?.to_ascii_lowercase();
    let is_sound = |step: &str| {
        !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'*' | b'%'))
    };
    let mut steps = name.split('/');
    let is_rooted = steps.next() == Some("") && matches!(steps.next(), Some("private" | "shared"));
    if is_rooted && steps.all(is_sound) { Ok(name) } else { Lexer::error_at(at, "an entry name of RFC 5464") }
}
