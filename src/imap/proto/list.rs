//! LIST, LSUB and STATUS (RFC 3501 sections 6.3.8 to 6.3.10, RFC 5258, RFC 5819, RFC 6154, RFC 8438, RFC 8474).

use super::{
    lexer::{Lexer, Parse, is_astring_char},
    mailbox_name::{self, SEPARATOR},
};
use crate::quirks;

/// Patterns in one LIST.
pub const PATTERNS_MAX: usize = 64;

/// What a LIST asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List {
    /// Prefix of the patterns.
    pub reference: String,
    /// Patterns with `*` and `%`.
    pub patterns: Vec<String>,
    /// Only subscribed ones.
    pub select_subscribed: bool,
    /// Only those with a special use.
    pub select_special_use: bool,
    /// Parents of what is selected too, with CHILDINFO.
    pub recursive_match: bool,
    /// Tell `\Subscribed`.
    pub return_subscribed: bool,
    /// `RETURN (STATUS (...))`
    pub return_status: Vec<StatusItem>,
}

/// `status-att`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum StatusItem {
    Messages,
    Recent,
    UidNext,
    UidValidity,
    Unseen,
    HighestModSeq,
    Size,
    Deleted,
    MailboxId,
    AppendLimit,
}

impl StatusItem {
    /// All, with their names.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::Messages, "MESSAGES"),
        (Self::Recent, "RECENT"),
        (Self::UidNext, "UIDNEXT"),
        (Self::UidValidity, "UIDVALIDITY"),
        (Self::Unseen, "UNSEEN"),
        (Self::HighestModSeq, "HIGHESTMODSEQ"),
        (Self::Size, "SIZE"),
        (Self::Deleted, "DELETED"),
        (Self::MailboxId, "MAILBOXID"),
        (Self::AppendLimit, "APPENDLIMIT"),
    ];

    fn parse(lexer: &mut Lexer<'_>) -> Parse<Self> {
        let at = lexer.at();
        let name = lexer.atom("a STATUS item")?;
        match Self::ALL.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)) {
            Some((item, _)) => Ok(*item),
            None => Lexer::error_at(at, "a STATUS item"),
        }
    }

    /// `"(" status-att *(SP status-att) ")"`
    pub fn parse_list(lexer: &mut Lexer<'_>) -> Parse<Vec<Self>> {
        lexer.list(false, 32, Self::parse)
    }
}

impl List {
    /// What comes after `LIST `.
    pub fn parse(lexer: &mut Lexer<'_>) -> Parse<Self> {
        let mut list = Self::default();
        if lexer.peek() == Some(b'(') {
            list.parse_selection(lexer)?;
            lexer.space()?;
        }
        list.reference = mailbox_name::parse(lexer)?;
        lexer.space()?;
        if lexer.peek() == Some(b'(') {
            list.patterns = lexer.list(false, PATTERNS_MAX, parse_pattern)?;
        } else {
            list.patterns.push(parse_pattern(lexer)?);
        }
        if lexer.eat_text(" RETURN ") {
            list.parse_returns(lexer)?;
        }
        Ok(list)
    }

    /// What comes after `LSUB `.
    pub fn parse_lsub(lexer: &mut Lexer<'_>) -> Parse<Self> {
        let reference = mailbox_name::parse(lexer)?;
        lexer.space()?;
        Ok(Self { reference, patterns: vec![parse_pattern(lexer)?], select_subscribed: true, ..Self::default() })
    }

    fn parse_selection(&mut self, lexer: &mut Lexer<'_>) -> Parse<()> {
        let at = lexer.at();
        lexer.list(true, 16, |lexer| {
            let at = lexer.at();
            match lexer.atom("a selection option")?.to_ascii_uppercase().as_str() {
                "SUBSCRIBED" => self.select_subscribed = true,
                "SPECIAL-USE" => self.select_special_use = true,
                "RECURSIVEMATCH" => self.recursive_match = true,
                // There are no mailboxes on other servers to add.
                "REMOTE" => {}
                _ => return Lexer::error_at(at, "a selection option"),
            }
            Ok(())
        })?;
        self.return_subscribed |= self.select_subscribed;
        if self.recursive_match && !self.select_subscribed && !self.select_special_use {
            return Lexer::error_at(at, "another selection option beside RECURSIVEMATCH");
        }
        Ok(())
    }

    fn parse_returns(&mut self, lexer: &mut Lexer<'_>) -> Parse<()> {
        lexer.list(true, 16, |lexer| {
            let at = lexer.at();
            match lexer.atom("a return option")?.to_ascii_uppercase().as_str() {
                "SUBSCRIBED" => self.return_subscribed = true,
                // Both are always told.
                "CHILDREN" | "SPECIAL-USE" => {}
                "STATUS" => {
                    lexer.space()?;
                    self.return_status = StatusItem::parse_list(lexer)?;
                }
                _ => return Lexer::error_at(at, "a return option"),
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Whether a name matches one of the patterns.
    pub fn matches(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| matches_pattern(&full_pattern(&self.reference, pattern), name))
    }
}

/// The reference and the pattern as one (RFC 3501 section 6.3.8): a pattern from the root stands alone.
fn full_pattern(reference: &str, pattern: &str) -> String {
    mailbox_name::normal(&format!("{reference}{pattern}")).into_owned()
}

/// `list-mailbox`: a string, or characters with wildcards.
fn parse_pattern(lexer: &mut Lexer<'_>) -> Parse<String> {
    let at = lexer.at();
    let bytes = match lexer.peek() {
        Some(b'"' | b'{') => lexer.string()?,
        _ => lexer
            .take_while(|byte| is_astring_char(byte) || matches!(byte, b'%' | b'*') || quirks::is_unquoted_8bit(byte))
            .into(),
    };
    if bytes.is_empty() && lexer.at() == at {
        return lexer.error("a mailbox pattern");
    }
    match mailbox_name::read(lexer, &bytes) {
        Some(pattern) => Ok(pattern),
        // It is a pattern that fits no name.
        None if std::str::from_utf8(&bytes).is_ok() => Ok(String::from("\0")),
        None => Lexer::error_at(at, "a mailbox pattern in modified UTF-7"),
    }
}

/// `*` matches anything, `%` anything without the separator. Linear space, at most pattern times name steps.
pub fn matches_pattern(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    // `reached[i]`: the pattern so far matches the first `i` characters.
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for p in pattern.chars() {
        match p {
            '*' | '%' => {
                for i in 0..name.len() {
                    reached[i + 1] |= reached[i] && (p == '*' || name[i] != SEPARATOR);
                }
            }
            _ => {
                for i in (0..name.len()).rev() {
                    reached[i + 1] = reached[i] && name[i] == p;
                }
                reached[0] = false;
            }
        }
    }
    reached[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, name, is_match) in [
            ("*", "a/b", true),
            ("%", "a/b", false),
            ("%", "ab", true),
            ("a/%", "a/b", true),
            ("a/%", "a/b/c", false),
            ("a*c", "a/b/c", true),
            ("%/%", "a/b", true),
            ("", "a", false),
            ("*x*", "axb", true),
            ("a%", "a", true),
        ] {
            assert_eq!(matches_pattern(pattern, name), is_match, "{pattern} {name}");
        }
    }
}
