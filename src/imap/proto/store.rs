//! STORE (RFC 3501 section 6.4.6, RFC 7162 section 3.1.3) and flag lists.

use super::{
    SequenceSet,
    lexer::{Lexer, Parse, is_atom_char},
};
use config::Limits;
use store::{FlagChange, Flags};

/// Flags in one list.
pub const FLAGS_MAX: usize = 128;

/// `"STORE" SP sequence-set [SP "(UNCHANGEDSINCE n)"] SP store-att-flags`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreFlags {
    /// Which messages.
    pub set: SequenceSet,
    /// Whether the set holds UIDs.
    pub uid: bool,
    /// Leave alone what changed after this mod-sequence.
    pub unchanged_since: Option<u64>,
    /// Add, remove or replace.
    pub change: FlagChange,
    /// Whether no answer is wanted.
    pub silent: bool,
    /// The flags.
    pub flags: Flags,
}

impl StoreFlags {
    /// What comes after `STORE `.
    pub fn parse(lexer: &mut Lexer<'_>, uid: bool) -> Parse<Self> {
        let set = SequenceSet::parse(lexer)?;
        lexer.space()?;
        let mut unchanged_since = None;
        if lexer.eat_text("(UNCHANGEDSINCE ") {
            unchanged_since = Some(lexer.number64()?);
            lexer.expect(b')', "`)`")?;
            lexer.space()?;
        }
        let change = if lexer.eat(b'+') {
            FlagChange::Add
        } else if lexer.eat(b'-') {
            FlagChange::Remove
        } else {
            FlagChange::Replace
        };
        if !lexer.eat_text("FLAGS") {
            return lexer.error("FLAGS, +FLAGS or -FLAGS");
        }
        let silent = lexer.eat_text(".SILENT");
        lexer.space()?;
        let flags = if lexer.peek() == Some(b'(') { parse_flag_list(lexer)? } else { parse_bare_flags(lexer)? };
        Ok(Self { set, uid, unchanged_since, change, silent, flags })
    }
}

/// `flag-list`
pub fn parse_flag_list(lexer: &mut Lexer<'_>) -> Parse<Flags> {
    let mut flags = Flags::default();
    lexer.list(true, FLAGS_MAX, |lexer| parse_flag(lexer, &mut flags))?;
    Ok(flags)
}

fn parse_bare_flags(lexer: &mut Lexer<'_>) -> Parse<Flags> {
    let mut flags = Flags::default();
    for _ in 0..FLAGS_MAX {
        parse_flag(lexer, &mut flags)?;
        if lexer.peek() != Some(b' ') || lexer.rest().len() == 1 {
            return Ok(flags);
        }
        lexer.space()?;
    }
    lexer.error("fewer flags")
}

/// `flag`: a system flag or a keyword. `\Recent` is passed over: clients that copy flags send it, and it cannot be set.
fn parse_flag(lexer: &mut Lexer<'_>, flags: &mut Flags) -> Parse<()> {
    let at = lexer.at();
    if lexer.eat(b'\\') {
        match system_flag(lexer.atom("a system flag")?) {
            Some(bit) => flags.system |= bit,
            None => return Lexer::error_at(at, "a system flag or a keyword"),
        }
        return Ok(());
    }
    let keyword = lexer.word(is_atom_char, "a flag")?;
    if keyword.len() > Limits::KEYWORD_BYTES_MAX {
        return Lexer::error_at(at, "a shorter keyword");
    }
    flags.add_keyword(keyword);
    Ok(())
}

/// Bit of a system flag by its name; 0 for `Recent`.
fn system_flag(name: &str) -> Option<u8> {
    NAMES
        .iter()
        .find(|(known, _)| known[1..].eq_ignore_ascii_case(name))
        .map(|&(_, bit)| bit)
        .or_else(|| name.eq_ignore_ascii_case("Recent").then_some(0))
}

/// System flags as written, with their bits.
pub const NAMES: [(&str, u8); 5] = [
    ("\\Answered", Flags::ANSWERED),
    ("\\Flagged", Flags::FLAGGED),
    ("\\Deleted", Flags::DELETED),
    ("\\Seen", Flags::SEEN),
    ("\\Draft", Flags::DRAFT),
];

/// `(\Seen keyword)`
pub fn write_flags(out: &mut Vec<u8>, flags: &Flags, recent: bool) {
    out.push(b'(');
    let start = out.len();
    let mut put = |name: &str| {
        if out.len() > start {
            out.push(b' ');
        }
        out.extend_from_slice(name.as_bytes());
    };
    for (name, bit) in NAMES {
        if flags.has(bit) {
            put(name);
        }
    }
    for keyword in &flags.keywords {
        put(keyword);
    }
    if recent {
        put("\\Recent");
    }
    out.push(b')');
}
