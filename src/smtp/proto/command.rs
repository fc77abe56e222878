//! Commands (RFC 5321 section 4.1.1 and its extensions), read from one line.

use super::{
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
    /// MAIL.
    Mail(Path, MailParameters),
    /// RCPT.
    Rcpt(Path),
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
}

/// Parameters of MAIL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MailParameters {
    /// SIZE (RFC 1870).
    pub size: Option<u64>,
    /// `BODY=8BITMIME` (RFC 6152).
    pub eight_bit: bool,
    /// SMTPUTF8 (RFC 6531).
    pub utf8: bool,
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
    let mut parameters = MailParameters::default();
    for parameter in rest.split_ascii_whitespace() {
        let (key, value) = parameter.split_once('=').map_or((parameter, None), |(key, value)| (key, Some(value)));
        match value {
            None if key.eq_ignore_ascii_case("SMTPUTF8") => parameters.utf8 = true,
            Some(value) if key.eq_ignore_ascii_case("SIZE") => {
                parameters.size = Some(decimal(value).ok_or(reply::SYNTAX_PARAMETERS)?);
            }
            Some(value) if key.eq_ignore_ascii_case("BODY") => match value {
                _ if value.eq_ignore_ascii_case("8BITMIME") => parameters.eight_bit = true,
                _ if value.eq_ignore_ascii_case("7BIT") => parameters.eight_bit = false,
                _ => return Err(reply::UNKNOWN_PARAMETER),
            },
            // Who first submitted it (RFC 4954 section 5) is not used here and must be allowed.
            Some(_) if key.eq_ignore_ascii_case("AUTH") => {}
            _ => return Err(reply::UNKNOWN_PARAMETER),
        }
    }
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
        _ if !rest.trim().is_empty() => Err(reply::UNKNOWN_PARAMETER),
        _ => Ok(Command::Rcpt(path)),
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

/// A number of at most 20 digits (RFC 1870 section 4).
fn decimal(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 20 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Twenty digits may exceed 64 bits; that is beyond every bound anyway.
    Some(text.parse().unwrap_or(u64::MAX))
}
