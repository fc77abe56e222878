//! Commands (RFC 5321 section 4.1.1 and its extensions), read from one line.

use super::{
    parameters::{MailParameters, RcptParameters, decimal},
    path::{self, Path, PathError},
    reply::{self, Reply},
};

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command<'a> {
    /// EHLO with the client's name.
    Ehlo(&'a str),
    /// HELO with the client's name.
    Helo(&'a str),
    /// LHLO with the client's name (RFC 2033).
    Lhlo(&'a str),
    /// MAIL.
    Mail(Path, MailParameters),
    /// RCPT.
    Rcpt(Path, RcptParameters),
    /// DATA.
    Data,
    /// BDAT (RFC 3030).
    Bdat {
        /// Octets that follow.
        size: u64,
        /// Whether the message ends with them.
        last: bool,
    },
    /// AUTH (RFC 4954) with the mechanism and the initial response, base64 or `=`.
    Auth(&'a str, Option<&'a str>),
    /// STARTTLS (RFC 3207).
    StartTls,
    /// RSET.
    Rset,
    /// NOOP.
    Noop,
    /// VRFY.
    Vrfy,
    /// EXPN.
    Expn,
    /// HELP.
    Help,
    /// QUIT.
    Quit,
    /// XCLIENT with its attributes: a trusted hop tells of the client that it speaks for.
    Xclient(&'a str),
    /// XHELD: messages of the account that wait for their time.
    Xheld,
    /// XCANCEL with the id of a message that waits for its time.
    Xcancel(&'a str),
}

/// Reads a command from a line without its CRLF.
///
/// # Errors
/// The reply that says what is wrong.
pub fn parse(line: &[u8]) -> Result<Command<'_>, Reply> {
    if line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return Err(reply::BARE_LINE_END);
    }
    let text = std::str::from_utf8(line).map_err(|_| reply::SYNTAX)?;
    // Quirk: spaces at the end of a line are passed over; RFC 5321 section 4.1.1 asks receivers to tolerate them.
    let text = text.trim_end_matches([' ', '\t']);
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    let mut upper = [0u8; 8];
    let Some(name) = upper.get_mut(..verb.len()) else { return Err(reply::UNKNOWN_COMMAND) };
    name.copy_from_slice(verb.as_bytes());
    name.make_ascii_uppercase();
    match &*name {
        b"EHLO" => host(rest).map(Command::Ehlo),
        b"HELO" => host(rest).map(Command::Helo),
        b"LHLO" => host(rest).map(Command::Lhlo),
        b"MAIL" => mail(rest),
        b"RCPT" => rcpt(rest),
        b"DATA" => bare(rest, Command::Data),
        b"BDAT" => bdat(rest),
        b"AUTH" => auth(rest),
        b"STARTTLS" => bare(rest, Command::StartTls),
        b"RSET" => bare(rest, Command::Rset),
        b"QUIT" => bare(rest, Command::Quit),
        b"NOOP" => Ok(Command::Noop),
        b"HELP" => Ok(Command::Help),
        b"XCLIENT" if !rest.is_empty() => Ok(Command::Xclient(rest)),
        b"XHELD" => bare(rest, Command::Xheld),
        b"XCANCEL" if !rest.trim().is_empty() => Ok(Command::Xcancel(rest.trim())),
        b"XCLIENT" | b"XCANCEL" => Err(reply::SYNTAX_PARAMETERS),
        b"VRFY" if !rest.is_empty() => Ok(Command::Vrfy),
        b"EXPN" if !rest.is_empty() => Ok(Command::Expn),
        b"VRFY" | b"EXPN" => Err(reply::SYNTAX_PARAMETERS),
        _ => Err(reply::UNKNOWN_COMMAND),
    }
}

fn bare<'a>(rest: &str, command: Command<'a>) -> Result<Command<'a>, Reply> {
    if rest.trim().is_empty() { Ok(command) } else { Err(reply::SYNTAX_PARAMETERS) }
}

/// The name a client gives is only recorded, so anything printable without spaces is taken.
fn host(rest: &str) -> Result<&str, Reply> {
    let name = rest.trim();
    let fits = !name.is_empty() && name.len() <= 255 && !name.chars().any(|c| c.is_control() || c.is_whitespace());
    if fits { Ok(name) } else { Err(reply::SYNTAX_HELLO) }
}

fn after_keyword<'a>(rest: &'a str, keyword: &str) -> Option<&'a str> {
    let head = rest.get(..keyword.len())?;
    head.eq_ignore_ascii_case(keyword).then(|| &rest[keyword.len()..])
}

/// `MAIL FROM:<reverse-path> [SP Mail-parameters]`
fn mail(rest: &str) -> Result<Command<'_>, Reply> {
    let rest = after_keyword(rest, "FROM:").ok_or(reply::SYNTAX_MAIL)?;
    let (path, rest) = path::parse(rest).map_err(|error| match error {
        PathError::Syntax => reply::SYNTAX_MAIL,
        PathError::Address => reply::BAD_SENDER,
    })?;
    let parameters = MailParameters::parse(rest)?;
    Ok(Command::Mail(path, parameters))
}

/// `RCPT TO:<forward-path> [SP Rcpt-parameters]`
fn rcpt(rest: &str) -> Result<Command<'_>, Reply> {
    let rest = after_keyword(rest, "TO:").ok_or(reply::SYNTAX_RCPT)?;
    let (path, rest) = path::parse(rest).map_err(|error| match error {
        PathError::Syntax => reply::SYNTAX_RCPT,
        PathError::Address => reply::BAD_RECIPIENT,
    })?;
    match path {
        Path::Null => Err(reply::BAD_RECIPIENT),
        _ => Ok(Command::Rcpt(path, RcptParameters::parse(rest)?)),
    }
}

/// `BDAT chunk-size [SP LAST]`
fn bdat(rest: &str) -> Result<Command<'_>, Reply> {
    let mut words = rest.split_ascii_whitespace();
    let size = words.next().and_then(decimal).ok_or(reply::SYNTAX_PARAMETERS)?;
    let last = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("LAST") => true,
        Some(_) => return Err(reply::SYNTAX_PARAMETERS),
    };
    if words.next().is_some() { Err(reply::SYNTAX_PARAMETERS) } else { Ok(Command::Bdat { size, last }) }
}

/// `AUTH mechanism [SP initial-response]`
fn auth(rest: &str) -> Result<Command<'_>, Reply> {
    let mut words = rest.split_ascii_whitespace();
    let mechanism = words.next().ok_or(reply::SYNTAX_PARAMETERS)?;
    let initial = words.next();
    if words.next().is_some() { Err(reply::SYNTAX_PARAMETERS) } else { Ok(Command::Auth(mechanism, initial)) }
}
