//! Commands (RFC 1939 sections 5 to 7, RFC 2449, RFC 2595, RFC 5034, RFC 6856), read from one line.

use std::str;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFCs; what is not plain is said")]
pub enum Command<'a> {
    Capa,
    Noop,
    Quit,
    Stls,
    Utf8,
    /// A language range; without one the languages are listed.
    Lang(Option<&'a str>),
    User(&'a str),
    /// All that follows, blanks too (RFC 1939 section 7).
    Pass(&'a str),
    /// Mechanism and initial response, base64 or `=`; without a mechanism they are listed, as RFC 5034's forerunners had it.
    Auth(Option<(&'a str, Option<&'a str>)>),
    Stat,
    List(Option<u32>),
    Uidl(Option<u32>),
    Retr(u32),
    /// Message and number of lines.
    Top(u32, u32),
    Dele(u32),
    Rset,
}

/// Why a line is not a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyntaxError {
    /// There is no such command.
    Unknown,
    /// It goes like this.
    Usage(&'static str),
}

/// Reads a command from a line without its CRLF.
///
/// # Errors
/// See [`SyntaxError`].
pub fn parse(line: &[u8]) -> Result<Command<'_>, SyntaxError> {
    let (verb, rest) = match memchr::memchr(b' ', line) {
        Some(at) => (&line[..at], Some(&line[at + 1..])),
        None => (line, None),
    };
    let mut upper = [0; 4];
    if verb.len() > upper.len() {
        return Err(SyntaxError::Unknown);
    }
    upper[..verb.len()].copy_from_slice(verb);
    upper.make_ascii_uppercase();
    let arguments = Arguments(rest);
    match &upper[..verb.len()] {
        b"RETR" => arguments.number("RETR message").map(Command::Retr),
        b"DELE" => arguments.number("DELE message").map(Command::Dele),
        b"LIST" => arguments.number_or_none("LIST [message]").map(Command::List),
        b"UIDL" => arguments.number_or_none("UIDL [message]").map(Command::Uidl),
        b"TOP" => arguments.two_numbers("TOP message lines").map(|(message, lines)| Command::Top(message, lines)),
        b"STAT" => arguments.none("STAT", Command::Stat),
        b"NOOP" => arguments.none("NOOP", Command::Noop),
        b"RSET" => arguments.none("RSET", Command::Rset),
        b"QUIT" => arguments.none("QUIT", Command::Quit),
        b"CAPA" => arguments.none("CAPA", Command::Capa),
        b"STLS" => arguments.none("STLS", Command::Stls),
        b"UTF8" => arguments.none("UTF8", Command::Utf8),
        b"USER" => arguments.all("USER name").map(Command::User),
        b"PASS" => arguments.all("PASS password").map(Command::Pass),
        b"AUTH" => arguments.auth().map(Command::Auth),
        b"LANG" => arguments.one_or_none("LANG [language]").map(Command::Lang),
        _ => Err(SyntaxError::Unknown),
    }
}

/// What follows the blank after the verb.
#[derive(Clone, Copy)]
struct Arguments<'a>(Option<&'a [u8]>);

impl<'a> Arguments<'a> {
    /// Words; blanks at the end and between words are passed over, as clients leave some.
    fn words(self) -> impl Iterator<Item = &'a [u8]> {
        self.0.unwrap_or_default().split(|byte| *byte == b' ').filter(|word| !word.is_empty())
    }

    fn none(self, usage: &'static str, command: Command<'a>) -> Result<Command<'a>, SyntaxError> {
        if self.words().next().is_none() { Ok(command) } else { Err(SyntaxError::Usage(usage)) }
    }

    fn all(self, usage: &'static str) -> Result<&'a str, SyntaxError> {
        let text = self.0.and_then(|rest| str::from_utf8(rest).ok());
        text.filter(|text| !text.is_empty()).ok_or(SyntaxError::Usage(usage))
    }

    fn number(self, usage: &'static str) -> Result<u32, SyntaxError> {
        self.number_or_none(usage)?.ok_or(SyntaxError::Usage(usage))
    }

    fn number_or_none(self, usage: &'static str) -> Result<Option<u32>, SyntaxError> {
        let mut words = self.words();
        match (words.next(), words.next()) {
            (None, _) => Ok(None),
            (Some(word), None) => number(word).map(Some).ok_or(SyntaxError::Usage(usage)),
            _ => Err(SyntaxError::Usage(usage)),
        }
    }

    fn two_numbers(self, usage: &'static str) -> Result<(u32, u32), SyntaxError> {
        let mut words = self.words();
        let (first, second) = (words.next().and_then(number), words.next().and_then(number));
        match (first, second, words.next()) {
            (Some(first), Some(second), None) => Ok((first, second)),
            _ => Err(SyntaxError::Usage(usage)),
        }
    }

    fn one_or_none(self, usage: &'static str) -> Result<Option<&'a str>, SyntaxError> {
        let mut words = self.words();
        match (words.next().map(str::from_utf8), words.next()) {
            (None, _) => Ok(None),
            (Some(Ok(word)), None) => Ok(Some(word)),
            _ => Err(SyntaxError::Usage(usage)),
        }
    }

    fn auth(self) -> Result<Option<(&'a str, Option<&'a str>)>, SyntaxError> {
        let usage = SyntaxError::Usage("AUTH mechanism [initial-response]");
        let mut words = self.words().map(str::from_utf8);
        match (words.next(), words.next(), words.next()) {
            (None, ..) => Ok(None),
            (Some(Ok(mechanism)), None, _) => Ok(Some((mechanism, None))),
            (Some(Ok(mechanism)), Some(Ok(initial)), None) => Ok(Some((mechanism, Some(initial)))),
            _ => Err(usage),
        }
    }
}

/// Digits. What is beyond 32 bits is the largest number there is: no message has it, and no message has as many lines.
fn number(word: &[u8]) -> Option<u32> {
    let are_digits = !word.is_empty() && word.iter().all(u8::is_ascii_digit);
    let add = |number: u32, digit: &u8| number.saturating_mul(10).saturating_add(u32::from(digit - b'0'));
    are_digits.then(|| word.iter().fold(0, add))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn commands_are_read_in_any_case() {
        for (line, command) in [
            ("stat", Command::Stat),
            ("LIST", Command::List(None)),
            ("list  3 ", Command::List(Some(3))),
            ("UIDL 18446744073709551616", Command::Uidl(Some(u32::MAX))),
            ("Retr 12", Command::Retr(12)),
            ("TOP 1 0", Command::Top(1, 0)),
            ("USER alice@example.test", Command::User("alice@example.test")),
            ("PASS  two  blanks ", Command::Pass(" two  blanks ")),
            ("AUTH", Command::Auth(None)),
            ("AUTH PLAIN", Command::Auth(Some(("PLAIN", None)))),
            ("AUTH PLAIN AGEAYg==", Command::Auth(Some(("PLAIN", Some("AGEAYg=="))))),
            ("LANG de-AT", Command::Lang(Some("de-AT"))),
            ("UTF8", Command::Utf8),
            ("QUIT ", Command::Quit),
        ] {
            assert_eq!(parse(line.as_bytes()), Ok(command), "{line}");
        }
    }

    #[test]
    fn wrong_commands_are_told_how_they_go() {
        for (line, usage) in [
            ("RETR", "RETR message"),
            ("RETR x", "RETR message"),
            ("RETR 1 2", "RETR message"),
            ("RETR -1", "RETR message"),
            ("LIST 1 2", "LIST [message]"),
            ("TOP 1", "TOP message lines"),
            ("STAT 1", "STAT"),
            ("USER ", "USER name"),
            ("PASS", "PASS password"),
            ("AUTH PLAIN a b", "AUTH mechanism [initial-response]"),
        ] {
            assert_eq!(parse(line.as_bytes()), Err(SyntaxError::Usage(usage)), "{line}");
        }
        for line in ["", " ", "APOP a b", "RETRIEVE 1", "RET", "XTND"] {
            assert_eq!(parse(line.as_bytes()), Err(SyntaxError::Unknown), "{line}");
        }
        assert_eq!(parse(b"USER \xff"), Err(SyntaxError::Usage("USER name")));
    }

    proptest! {
        #[test]
        fn nothing_panics(line in prop::collection::vec(any::<u8>(), 0..60), tail in "[ 0-9a-z=]{0,20}") {
            let _ = parse(&line);
            for verb in ["RETR", "TOP", "LIST", "AUTH", "LANG", "USER", "PASS"] {
                let _ = parse(format!("{verb} {tail}").as_bytes());
            }
        }
    }
}
