//! Mailbox addresses and SMTP paths (RFC 5321 section 4.1.2, RFC 6531 for UTF-8).
//!
//! Accepted is what RFC 5321 lets stand in MAIL FROM and RCPT TO: dot-strings, quoted strings, domains of one or more
//! labels, IPv4 and IPv6 literals, and UTF-8 in local parts and labels. Refused is what only a message header may hold
//! (comments, folding, obsolete local parts) and address literals of unregistered kinds.

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// Octets of a local part as written (RFC 5321 section 4.5.3.1.1).
pub const LOCAL_BYTES_MAX: usize = 64;
/// Octets of a domain (RFC 5321 section 4.5.3.1.2).
pub const DOMAIN_BYTES_MAX: usize = 255;
/// Octets of an address: RFC 5321 section 4.5.3.1.3 allows a path 256 with its angle brackets.
pub const ADDRESS_BYTES_MAX: usize = 254;

/// `local@domain`, checked. The domain is kept as lower-case UTF-8 (U-label), the local part as written, unquoted.
/// Equality and hashing compare the local part as written; use [`Address::key`] where case shall not matter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    local: String,
    domain: String,
}

impl Address {
    /// The local part, unquoted.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain, lower-case UTF-8; an address literal with its brackets.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Lower-case form for look-ups.
    pub fn key(&self) -> String {
        format!("{}@{}", self.local.to_lowercase(), self.domain)
    }

    /// `user` of `user+tag`; the whole local part where there is no tag.
    pub fn base_local(&self) -> &str {
        match self.local.split_once('+') {
            Some((base, _)) if !base.is_empty() => base,
            _ => &self.local,
        }
    }

    /// Whether the address needs SMTPUTF8. A domain alone does not, since it has an ASCII form.
    pub fn is_utf8(&self) -> bool {
        !self.local.is_ascii()
    }

    /// For the wire: the domain as A-labels, the local part quoted where needed.
    pub fn to_wire(&self) -> String {
        format!("{}@{}", quoted(&self.local), domain_to_ascii(&self.domain))
    }
}

/// Why a text is not an address: what was wrong and at which byte.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct AddressError {
    /// What was wrong.
    pub what: &'static str,
    /// Byte offset.
    pub at: usize,
}

fn fault<T>(what: &'static str, at: usize) -> Result<T, AddressError> {
    Err(AddressError { what, at })
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (local, at) = parse_local(text)?;
        if at > LOCAL_BYTES_MAX {
            return fault("local part longer than 64 bytes", LOCAL_BYTES_MAX);
        }
        if text.as_bytes().get(at) != Some(&b'@') {
            return fault("no '@' after the local part", at);
        }
        let domain = parse_domain(&text[at + 1..]).map_err(|error| AddressError { at: at + 1 + error.at, ..error })?;
        let address = Self { local, domain };
        if address.to_wire().len() > ADDRESS_BYTES_MAX || address.to_string().len() > ADDRESS_BYTES_MAX {
            return fault("address longer than 254 bytes", ADDRESS_BYTES_MAX);
        }
        Ok(address)
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

/// The local part quoted where needed, and the domain in UTF-8; parses back to the same address.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", quoted(&self.local), self.domain)
    }
}

/// `Local-part = Dot-string / Quoted-string`: the unquoted text and the first byte after it.
fn parse_local(text: &str) -> Result<(String, usize), AddressError> {
    if text.starts_with('"') {
        return parse_quoted(text);
    }
    let end = text.find(|c| !is_atom(c) && c != '.').unwrap_or(text.len());
    let local = &text[..end];
    if local.is_empty() {
        return fault("empty local part", 0);
    }
    if local.starts_with('.') {
        return fault("local part begins with a dot", 0);
    }
    if local.ends_with('.') {
        return fault("local part ends with a dot", end - 1);
    }
    if let Some(at) = local.find("..") {
        return fault("two dots in a row", at + 1);
    }
    Ok((local.to_string(), end))
}

/// `Quoted-string = DQUOTE *QcontentSMTP DQUOTE`.
fn parse_quoted(text: &str) -> Result<(String, usize), AddressError> {
    let mut local = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((local, at + 1)),
            '\\' => match chars.next() {
                Some((_, c @ ' '..='~')) => local.push(c),
                _ => return fault("nothing that can be escaped after a backslash", at),
            },
            c if c.is_control() || is_line_separator(c) => {
                return fault("control character in the local part", at);
            }
            c => local.push(c),
        }
    }
    fault("quoted local part is never closed", 0)
}

/// RFC 5322 section 3.2.3 `atext`, and any UTF-8 that can be seen (RFC 6531 section 3.3).
fn is_atom(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
    } else {
        !c.is_control() && !c.is_whitespace() && !is_line_separator(c)
    }
}

fn is_line_separator(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

/// The local part as a dot-string where it is one, else as a quoted string.
fn quoted(local: &str) -> Cow<'_, str> {
    let is_dot_string = local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom));
    if is_dot_string {
        return Cow::Borrowed(local);
    }
    let mut out = String::with_capacity(local.len() + 2);
    out.push('"');
    for c in local.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    Cow::Owned(out)
}

/// Checks a domain or address literal and gives the form that [`Address::domain`] has.
///
/// # Errors
/// What is wrong and at which byte.
pub fn parse_domain(text: &str) -> Result<String, AddressError> {
    if let Some(literal) = text.strip_prefix('[') {
        return parse_literal(literal);
    }
    if text.is_empty() {
        return fault("empty domain", 0);
    }
    if text.len() > DOMAIN_BYTES_MAX {
        return fault("domain longer than 255 bytes", DOMAIN_BYTES_MAX);
    }
    let ascii = Uts46::new()
        .to_ascii(text.as_bytes(), AsciiDenyList::STD3, Hyphens::Allow, DnsLength::Ignore)
        .ok()
        .map(Cow::into_owned)
        // An A-label that does not decode may still be a name in the DNS.
        .or_else(|| text.is_ascii().then(|| text.to_ascii_lowercase()));
    let Some(ascii) = ascii else {
        return fault("not a domain name", 0);
    };
    let mut at = 0;
    for label in ascii.split('.') {
        let what = match label.len() {
            0 => Some("empty label in the domain"),
            64.. => Some("label longer than 63 bytes"),
            _ if label.starts_with('-') || label.ends_with('-') => Some("hyphen at the edge of a label"),
            _ if !label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') => {
                Some("character not allowed in a domain")
            }
            _ => None,
        };
        if let Some(what) = what {
            return fault(what, if text.is_ascii() { at } else { 0 });
        }
        at += label.len() + 1;
    }
    if ascii.len() > 253 {
        return fault("domain longer than 253 bytes in the DNS", 253);
    }
    Ok(domain_to_unicode(&ascii))
}

/// What follows the opening bracket of `address-literal` (RFC 5321 section 4.1.3).
fn parse_literal(text: &str) -> Result<String, AddressError> {
    let Some(inner) = text.strip_suffix(']') else {
        return fault("address literal is never closed", 0);
    };
    if let Ok(address) = inner.parse::<Ipv4Addr>() {
        return Ok(format!("[{address}]"));
    }
    let is_v6 = inner.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case("IPv6:"));
    match inner.get(5..).filter(|_| is_v6).map(str::parse::<Ipv6Addr>) {
        Some(Ok(address)) => Ok(format!("[IPv6:{address}]")),
        _ => fault("not an IPv4 address nor 'IPv6:' and an IPv6 address", 1),
    }
}

/// The domain as A-labels, as the DNS and ASCII-only servers need it; address literals and what has none stay.
pub fn domain_to_ascii(domain: &str) -> String {
    if domain.is_ascii() {
        return domain.to_ascii_lowercase();
    }
    Uts46::new()
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::Allow, DnsLength::Ignore)
        .map_or_else(|_| domain.to_string(), Cow::into_owned)
}

/// The domain as lower-case U-labels; where they would not lead back to the same A-labels it stays ASCII.
pub fn domain_to_unicode(domain: &str) -> String {
    let lower = domain.to_ascii_lowercase();
    if !lower.contains("xn--") {
        return lower;
    }
    let (unicode, result) = Uts46::new().to_unicode(lower.as_bytes(), AsciiDenyList::STD3, Hyphens::Allow);
    match result {
        Ok(()) if domain_to_ascii(&unicode) == lower => unicode.into_owned(),
        _ => lower,
    }
}

/// RFC 5321 reverse-path: an address, or the null path `<>` of notifications.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct ReversePath(pub Option<Address>);

impl ReversePath {
    /// The path of a notification, to which nothing is ever sent back.
    pub const NULL: Self = Self(None);
}

/// Without angle brackets; empty for the null path.
impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(address) => address.fmt(f),
            None => Ok(()),
        }
    }
}

/// Takes the path with or without its angle brackets; a source route is dropped (RFC 5321 appendix C).
impl FromStr for ReversePath {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let inner = text.strip_prefix('<').and_then(|inner| inner.strip_suffix('>')).unwrap_or(text);
        if inner.is_empty() {
            return Ok(Self(None));
        }
        let inner = match inner.strip_prefix('@').and_then(|route| route.split_once(':')) {
            Some((_, address)) => address,
            None => inner,
        };
        Ok(Self(Some(inner.parse()?)))
    }
}
