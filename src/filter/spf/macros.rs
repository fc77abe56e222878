//! Macros of SPF (RFC 7208 section 7).

use std::{fmt::Write as _, net::IpAddr};

/// Parts of one text; more is an error.
const PARTS_MAX: usize = 256;

/// A text with macros, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MacroString(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Macro { letter: u8, is_upper: bool, labels: Option<usize>, is_reversed: bool, delimiters: String },
}

/// What macros stand for.
#[derive(Debug, Clone)]
pub(super) struct Values<'a> {
    pub(super) sender: &'a str,
    pub(super) domain: &'a str,
    pub(super) helo: &'a str,
    pub(super) ip: IpAddr,
    pub(super) receiver: &'a str,
    pub(super) now: i64,
    /// The validated name of the client; `None` where it was not asked for.
    pub(super) validated: Option<&'a str>,
}

impl MacroString {
    /// Reads a macro-string; `explanation` allows spaces and the letters `c`, `r` and `t`.
    pub(super) fn parse(text: &str, explanation: bool) -> Option<Self> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if parts.len() > PARTS_MAX {
                return None;
            }
            match (c, rest.as_bytes().get(1)) {
                ('%', Some(b'%')) => literal.push('%'),
                ('%', Some(b'_')) => literal.push(' '),
                ('%', Some(b'-')) => literal.push_str("%20"),
                ('%', Some(b'{')) => {
                    let end = rest.find('}')?;
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal)));
                    }
                    parts.push(expansion(&rest[2..end], explanation)?);
                    rest = &rest[end + 1..];
                    continue;
                }
                ('%', _) => return None,
                (' ', _) if explanation => literal.push(' '),
                (c, _) if c.is_ascii_graphic() => literal.push(c),
                _ => return None,
            }
            rest = &rest[if c == '%' { 2 } else { 1 }..];
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Some(Self(parts))
    }

    /// Reads a domain-spec: a macro-string that ends in a top label or in a macro.
    pub(super) fn parse_domain(text: &str) -> Option<Self> {
        let parsed = Self::parse(text, false)?;
        match parsed.0.last()? {
            Part::Macro { .. } => Some(parsed),
            Part::Literal(end) => {
                let end = end.strip_suffix('.').unwrap_or(end);
                let label = &end[end.rfind('.')? + 1..];
                is_top_label(label).then_some(parsed)
            }
        }
    }

    /// Whether the name of the client must be looked up before [`MacroString::expand`].
    pub(super) fn needs_validated(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Macro { letter: b'p', .. }))
    }

    /// Puts the values in.
    pub(super) fn expand(&self, values: &Values<'_>) -> String {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Macro { letter, is_upper, labels, is_reversed, delimiters } => {
                    let value = value(*letter, values);
                    let mut pieces: Vec<&str> = value.split(|c| delimiters.contains(c)).collect();
                    if *is_reversed {
                        pieces.reverse();
                    }
                    let skip = labels.map_or(0, |labels| pieces.len().saturating_sub(labels));
                    let joined = pieces[skip..].join(".");
                    if *is_upper { escape(&mut out, &joined) } else { out.push_str(&joined) }
                }
            }
        }
        out
    }

    /// As [`MacroString::expand`], cut from the left to what a domain name may be (section 7.3).
    pub(super) fn expand_domain(&self, values: &Values<'_>) -> String {
        let name = self.expand(values);
        let mut name = name.strip_suffix('.').unwrap_or(&name);
        while name.len() > 253
            && let Some((_, shorter)) = name.split_once('.')
        {
            name = shorter;
        }
        name.to_owned()
    }
}

/// What stands between `%{` and `}`.
fn expansion(text: &str, explanation: bool) -> Option<Part> {
    let first = *text.as_bytes().first()?;
    let letter = first.to_ascii_lowercase();
    let allowed: &[u8] = if explanation { b"slodiphvcrt" } else { b"slodiphv" };
    if !allowed.contains(&letter) {
        return None;
    }
    let rest = &text[1..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let labels = match &rest[..digits] {
        "" => None,
        number => Some(number.parse().unwrap_or(usize::MAX)).filter(|labels| *labels > 0).map(Some)?,
    };
    let rest = &rest[digits..];
    let is_reversed = rest.starts_with(['r', 'R']);
    let delimiters = if is_reversed { &rest[1..] } else { rest };
    if !delimiters.bytes().all(|byte| b".-+,/_=".contains(&byte)) {
        return None;
    }
    let delimiters = if delimiters.is_empty() { "." } else { delimiters }.to_owned();
    Some(Part::Macro { letter, is_upper: first.is_ascii_uppercase(), labels, is_reversed, delimiters })
}

/// `toplabel`: letters and digits, not digits alone, or with hyphens inside.
fn is_top_label(label: &str) -> bool {
    let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !label.is_empty()
        && label.bytes().all(is_inside)
        && !label.starts_with('-')
        && !label.ends_with('-')
        && !label.bytes().all(|byte| byte.is_ascii_digit())
}

fn value(letter: u8, values: &Values<'_>) -> String {
    let (local, domain) = values.sender.rsplit_once('@').unwrap_or(("postmaster", values.sender));
    match letter {
        b's' => values.sender.to_owned(),
        b'l' => local.to_owned(),
        b'o' => domain.to_owned(),
        b'd' => values.domain.to_owned(),
        b'i' => dotted(values.ip),
        b'p' => values.validated.unwrap_or("unknown").to_owned(),
        b'h' => values.helo.to_owned(),
        b'v' => if values.ip.is_ipv4() { "in-addr" } else { "ip6" }.to_owned(),
        b'c' => values.ip.to_string(),
        b'r' => values.receiver.to_owned(),
        _ => values.now.to_string(),
    }
}

/// An address with a dot between its parts: octets, or nibbles of IPv6.
fn dotted(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let nibbles: Vec<String> =
                ip.octets().iter().flat_map(|octet| [octet >> 4, octet & 15]).map(|n| format!("{n:x}")).collect();
            nibbles.join(".")
        }
    }
}

/// URL escaping of all but unreserved characters (RFC 3986 section 2.3).
fn escape(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(ip: &str) -> Values<'_> {
        Values {
            sender: "strong-bad@email.example.com",
            domain: "email.example.com",
            helo: "mx.example.com",
            ip: ip.parse().unwrap(),
            receiver: "mail.example.test",
            now: 0,
            validated: None,
        }
    }

    /// RFC 7208 section 7.4.
    #[test]
    fn examples_of_the_standard() {
        let cases = [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{d4}", "email.example.com"),
            ("%{d1}", "com"),
            ("%{dr}", "com.example.email"),
            ("%{d2r}", "example.email"),
            ("%{l-}", "strong.bad"),
            ("%{lr-}", "bad.strong"),
            ("%{l1r-}", "strong"),
            ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
            ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
        ];
        for (text, expanded) in cases {
            assert_eq!(MacroString::parse(text, false).unwrap().expand(&values("192.0.2.3")), expanded, "{text}");
        }
        let six = MacroString::parse("%{ir}", false).unwrap().expand(&values("2001:db8::cb01"));
        assert_eq!(six, "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(%|\\{|\\}|[a-zA-Z]|[0-9]|\\.|-|é| )*", explanation: bool) {
            if let Some(parsed) = MacroString::parse(&text, explanation) {
                let _ = parsed.expand_domain(&values("::1"));
            }
            let _ = MacroString::parse_domain(&text);
        }
    }
}
