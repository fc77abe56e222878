//! SPF records (RFC 7208 sections 4.5, 5 and 6, collected ABNF in section 12).

use super::macros::MacroString;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A record, valid as a whole: one wrong term makes all of it an error (section 4.6).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Record {
    pub(super) directives: Vec<Directive>,
    pub(super) redirect: Option<MacroString>,
    pub(super) exp: Option<MacroString>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) qualifier: Qualifier,
    pub(super) mechanism: Mechanism,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Qualifier {
    Pass,
    Fail,
    SoftFail,
    Neutral,
}

/// Prefix lengths of `a` and `mx`: IPv4, IPv6.
pub(super) type Prefixes = (u8, u8);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mechanism {
    All,
    Include(MacroString),
    A(Option<MacroString>, Prefixes),
    Mx(Option<MacroString>, Prefixes),
    Ptr(Option<MacroString>),
    Ip4(Ipv4Addr, u8),
    Ip6(Ipv6Addr, u8),
    Exists(MacroString),
}

/// Whether a TXT record is an SPF record (section 4.5).
pub(super) fn is_spf(text: &str) -> bool {
    text.get(..6).is_some_and(|version| version.eq_ignore_ascii_case("v=spf1"))
        && matches!(text.as_bytes().get(6), None | Some(b' '))
}

impl Record {
    /// Reads a record for which [`is_spf`] holds; `None` is a permanent error.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if !text.is_ascii() {
            return None;
        }
        let mut record = Self::default();
        for term in text.get(6..)?.split(' ').filter(|term| !term.is_empty()) {
            record.term(term)?;
        }
        Some(record)
    }

    fn term(&mut self, term: &str) -> Option<()> {
        // A modifier is a name before `=`; mechanisms have `:` or `/` after theirs.
        let name_end = term.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
        if let Some(end) = name_end.filter(|&end| term.as_bytes()[end] == b'=') {
            return self.modifier(&term[..end], &term[end + 1..]);
        }
        let (qualifier, rest) = match term.as_bytes().first()? {
            b'+' => (Qualifier::Pass, &term[1..]),
            b'-' => (Qualifier::Fail, &term[1..]),
            b'~' => (Qualifier::SoftFail, &term[1..]),
            b'?' => (Qualifier::Neutral, &term[1..]),
            _ => (Qualifier::Pass, term),
        };
        self.directives.push(Directive { qualifier, mechanism: mechanism(rest)? });
        Some(())
    }

    fn modifier(&mut self, name: &str, value: &str) -> Option<()> {
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let slot = match name.to_ascii_lowercase().as_str() {
            "redirect" => &mut self.redirect,
            "exp" => &mut self.exp,
            // Others are passed over, but must be well-formed (section 6).
            _ => return MacroString::parse(value, false).map(|_| ()),
        };
        if slot.is_some() {
            return None;
        }
        *slot = Some(MacroString::parse_domain(value)?);
        Some(())
    }
}

fn mechanism(text: &str) -> Option<Mechanism> {
    let name_end = text.find([':', '/']).unwrap_or(text.len());
    let (name, rest) = text.split_at(name_end);
    let domain = || rest.strip_prefix(':').and_then(MacroString::parse_domain);
    Some(match name.to_ascii_lowercase().as_str() {
        "all" if rest.is_empty() => Mechanism::All,
        "include" => Mechanism::Include(domain()?),
        "exists" => Mechanism::Exists(domain()?),
        "ptr" if rest.is_empty() => Mechanism::Ptr(None),
        "ptr" => Mechanism::Ptr(Some(domain()?)),
        "a" => {
            let (domain, prefixes) = domain_and_prefixes(rest)?;
            Mechanism::A(domain, prefixes)
        }
        "mx" => {
            let (domain, prefixes) = domain_and_prefixes(rest)?;
            Mechanism::Mx(domain, prefixes)
        }
        "ip4" => {
            let (address, prefix) = network(rest.strip_prefix(':')?, 32)?;
            Mechanism::Ip4(address.parse().ok()?, prefix)
        }
        "ip6" => {
            let (address, prefix) = network(rest.strip_prefix(':')?, 128)?;
            Mechanism::Ip6(address.parse().ok()?, prefix)
        }
        _ => return None,
    })
}

fn network(text: &str, bits: u8) -> Option<(&str, u8)> {
    match text.split_once('/') {
        Some((address, prefix)) => Some((address, length(prefix, bits)?)),
        None => Some((text, bits)),
    }
}

/// `"0" / %x31-39 0*2DIGIT`, at most `bits`.
fn length(text: &str, bits: u8) -> Option<u8> {
    let is_plain =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|&length: &u8| is_plain && length <= bits)
}

/// `[":" domain-spec] [ "/" ip4 ] [ "//" ip6 ]`.
fn domain_and_prefixes(text: &str) -> Option<(Option<MacroString>, Prefixes)> {
    let (mut rest, mut prefixes) = (text, (32, 128));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(at) = rest.rfind("//").filter(|&at| digits(&rest[at + 2..])) {
        prefixes.1 = length(&rest[at + 2..], 128)?;
        rest = &rest[..at];
    }
    if let Some(at) = rest.rfind('/').filter(|&at| digits(&rest[at + 1..])) {
        prefixes.0 = length(&rest[at + 1..], 32)?;
        rest = &rest[..at];
    }
    match rest.strip_prefix(':') {
        Some(domain) => Some((Some(MacroString::parse_domain(domain)?), prefixes)),
        None => rest.is_empty().then_some((None, prefixes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_wrong_term_spoils_the_record() {
        for good in ["v=spf1", "v=spf1 a/24//64 -all", "v=spf1 moo=bar/x ip4:1.2.3.4/0", "v=spf1 exists:%{ir}.x.test"] {
            assert!(is_spf(good) && Record::parse(good).is_some(), "{good}");
        }
        for bad in ["v=spf1 -all:x", "v=spf1 a/33", "v=spf1 ip4:1.2.3/24", "v=spf1 redirect=a.test redirect=b.test"] {
            assert!(is_spf(bad) && Record::parse(bad).is_none(), "{bad}");
        }
        assert!(!is_spf("v=spf10 -all"));
    }

    proptest! {
        #[test]
        fn no_record_panics(text in "(v=spf1|[a-z]|:|/|=|%|\\{|\\}|[0-9]|\\.|-| |é)*") {
            let _ = (is_spf(&text), Record::parse(&format!("v=spf1 {text}")));
        }
    }
}
