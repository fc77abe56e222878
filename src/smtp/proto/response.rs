//! What other servers answer to us (RFC 5321 section 4.2), read with bounds and kept in their words.

use bytes::{Buf, BytesMut};
use memchr::memchr;
use std::fmt;

/// Bytes of one reply with all its lines; more is not a mail server talking.
pub const RESPONSE_BYTES_MAX: usize = 16 * 1024;
/// Characters of a reply that are kept for people.
const WORDS_CHARS_MAX: usize = 500;

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Three digits, 200 to 599.
    pub code: u16,
    /// The lines without code and line end; control characters and bytes that are not UTF-8 are replaced.
    pub lines: Vec<String>,
}

/// Bytes that are no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// No three digits, or another code in a further line.
    #[error("the server sent something that is not an SMTP reply")]
    Syntax,
    /// More than [`RESPONSE_BYTES_MAX`].
    #[error("the server sent a reply of more than {RESPONSE_BYTES_MAX} bytes")]
    TooLong,
}

impl Response {
    /// Takes one reply from the front of `input`; `None` when more is to come.
    ///
    /// # Errors
    /// See [`Malformed`].
    pub fn take(input: &mut BytesMut) -> Result<Option<Self>, Malformed> {
        let (mut at, mut lines, mut code) = (0, Vec::new(), None);
        loop {
            let Some(length) = memchr(b'\n', &input[at..]) else {
                return if input.len() >= RESPONSE_BYTES_MAX { Err(Malformed::TooLong) } else { Ok(None) };
            };
            let line = &input[at..at + length];
            at += length + 1;
            if at > RESPONSE_BYTES_MAX {
                return Err(Malformed::TooLong);
            }
            // Quirk: some servers end lines with LF alone; nothing can be smuggled in this direction.
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let (number, more, text) = split(line).ok_or(Malformed::Syntax)?;
            if *code.get_or_insert(number) != number {
                return Err(Malformed::Syntax);
            }
            lines.push(words(text));
            if !more {
                input.advance(at);
                return Ok(Some(Self { code: number, lines }));
            }
        }
    }

    /// 2xx.
    pub fn is_success(&self) -> bool {
        self.code < 300
    }
    /// 4xx.
    pub fn is_temporary(&self) -> bool {
        (400..500).contains(&self.code)
    }
    /// 5xx.
    pub fn is_permanent(&self) -> bool {
        self.code >= 500
    }

    /// The enhanced status code (RFC 3463), when there is one that fits the code.
    pub fn enhanced(&self) -> Option<&str> {
        let word = self.lines.first()?.split(' ').next()?;
        let mut parts = word.split('.');
        let class = parts.next()?;
        let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        let well_formed = number(parts.next()?) && number(parts.next()?) && parts.next().is_none();
        (well_formed && class == (self.code / 100).to_string()).then_some(word)
    }
}

impl fmt::Display for Response {
    /// Code and words on one line, at most 500 characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        let mut left = WORDS_CHARS_MAX;
        for line in &self.lines {
            let shown: String = line.chars().take(left).collect();
            left -= shown.chars().count();
            if !shown.is_empty() {
                write!(f, " {shown}")?;
            }
        }
        Ok(())
    }
}

/// Code, whether more lines follow, and text.
fn split(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code = std::str::from_utf8(digits).ok()?.parse().ok().filter(|code| (200..600).contains(code))?;
    match rest.split_first() {
        None => Some((code, false, rest)),
        Some((b' ', text)) => Some((code, false, text)),
        Some((b'-', text)) => Some((code, true, text)),
        Some(_) => None,
    }
}

fn words(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// What a server offers (RFC 5321 section 4.1.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether it answered EHLO; after HELO nothing else is set.
    pub extended: bool,
    /// PIPELINING (RFC 2920).
    pub pipelining: bool,
    /// 8BITMIME (RFC 6152).
    pub eight_bit: bool,
    /// SMTPUTF8 (RFC 6531).
    pub utf8: bool,
    /// DSN (RFC 3461).
    pub dsn: bool,
    /// DELIVERBY (RFC 2852): the least time it takes, seconds.
    pub deliver_by: Option<i64>,
    /// REQUIRETLS (RFC 8689).
    pub require_tls: bool,
    /// LIMITS RCPTMAX (RFC 9422).
    pub recipients_max: Option<usize>,
    /// LIMITS MAILMAX (RFC 9422): transactions of one connection.
    pub transactions_max: Option<usize>,
    /// STARTTLS (RFC 3207).
    pub starttls: bool,
    /// SIZE (RFC 1870): `Some(0)` is "no fixed bound".
    pub size: Option<u64>,
    /// AUTH mechanisms (RFC 4954), upper case.
    pub auth: Vec<String>,
}

impl Capabilities {
    /// Reads the reply to EHLO.
    pub fn read(response: &Response) -> Self {
        let mut capabilities = Self { extended: true, ..Self::default() };
        for line in response.lines.iter().skip(1) {
            let upper = line.to_ascii_uppercase();
            // Quirk: `AUTH=LOGIN PLAIN` of old servers.
            let mut words = upper.split([' ', '=']).filter(|word| !word.is_empty());
            match words.next() {
                Some("PIPELINING") => capabilities.pipelining = true,
                Some("8BITMIME") => capabilities.eight_bit = true,
                Some("SMTPUTF8") => capabilities.utf8 = true,
                Some("STARTTLS") => capabilities.starttls = true,
                Some("DSN") => capabilities.dsn = true,
                Some("REQUIRETLS") => capabilities.require_tls = true,
                Some("DELIVERBY") => {
                    capabilities.deliver_by = Some(words.next().and_then(|least| least.parse().ok()).unwrap_or(0));
                }
                Some("LIMITS") => capabilities.limits(&upper),
                Some("SIZE") => capabilities.size = Some(words.next().and_then(|size| size.parse().ok()).unwrap_or(0)),
                Some("AUTH") => capabilities.auth.extend(words.map(str::to_owned)),
                _ => {}
            }
        }
        capabilities
    }

    /// `LIMITS RCPTMAX=100 MAILMAX=50` (RFC 9422 section 4).
    fn limits(&mut self, line: &str) {
        for limit in line.split(' ').skip(1) {
            match limit
                .split_once('=')
                .map(|(name, value)| (name, value.parse().ok().filter(|&value: &usize| value > 0)))
            {
                Some(("RCPTMAX", value)) => self.recipients_max = value,
                Some(("MAILMAX", value)) => self.transactions_max = value,
                _ => {}
            }
        }
    }
}
