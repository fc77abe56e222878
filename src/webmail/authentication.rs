//! What our own servers found out about a message's sender: Authentication-Results (RFC 8601) under our authserv-id. Those of
//! others say nothing here. Beside it, what a sender's own words give away.

use crate::envelope::Contact;

/// Bytes of the header fields that are looked at.
const FIELDS_BYTES_MAX: usize = 16 * 1024;

/// How far the sender is known to be who they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// Our servers did not look, or this message was not received by them.
    Unknown,
    /// The domain of the sender vouches for the message (DMARC, or a signature of that domain).
    Verified,
    /// Nobody vouches for it.
    Unverified,
    /// The domain says that it is not theirs.
    Forged,
}

/// What is shown about the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// How far the sender is known.
    pub(crate) sender: Sender,
    /// Whether a signature was found good, which RFC 8058 asks for before an address of the message is called.
    pub(crate) is_signed: Option<bool>,
    /// The domain as machines write it, where people could take it for another.
    pub(crate) machine_domain: Option<String>,
    /// An address in the sender's name that is not the sender's.
    pub(crate) claimed: Option<String>,
}

impl Standing {
    /// Reads the header fields `block` of a message from `from`, received by `host`.
    pub(crate) fn of(block: &[u8], from: &[Contact], host: &str) -> Self {
        let block = &block[..block.len().min(FIELDS_BYTES_MAX)];
        let from = from.first();
        let domain = from.and_then(|f| f.address.rsplit_once('@')).map(|(_, domain)| domain.to_lowercase());
        let results: Vec<Outcome> = mail::header::fields(block)
            .filter(|(name, _)| name.eq_ignore_ascii_case(b"Authentication-Results"))
            .filter_map(|(_, value)| outcomes(&String::from_utf8_lossy(value), host))
            .flatten()
            .collect();
        Self {
            sender: sender(&results, domain.as_deref().unwrap_or_default()),
            is_signed: (!results.is_empty()).then(|| results.iter().any(|o| o.method == "dkim" && o.result == "pass")),
            machine_domain: domain.as_deref().and_then(machine_domain),
            claimed: from.and_then(claimed),
        }
    }

    /// Whether the sender is vouched for.
    pub(crate) fn is_verified(&self) -> bool {
        self.sender == Sender::Verified
    }

    /// Whether our servers looked and found nobody to vouch for it.
    pub(crate) fn is_unverified(&self) -> bool {
        self.sender == Sender::Unverified
    }

    /// Whether there is something to warn of.
    pub(crate) fn is_forged(&self) -> bool {
        self.sender == Sender::Forged
    }
}

/// One method's result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Outcome {
    method: String,
    result: String,
    /// `header.d` of DKIM.
    domain: String,
}

fn sender(results: &[Outcome], domain: &str) -> Sender {
    let is = |method: &str, result: &str| results.iter().any(|o| o.method == method && o.result == result);
    let is_aligned = |signer: &str| {
        let below = |a: &str, b: &str| a.strip_suffix(b).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        signer.contains('.') && (below(domain, signer) || below(signer, domain))
    };
    let is_signed_by_domain = results.iter().any(|o| o.method == "dkim" && o.result == "pass" && is_aligned(&o.domain));
    if results.is_empty() {
        Sender::Unknown
    } else if is("dmarc", "pass") {
        Sender::Verified
    } else if is("dmarc", "fail") {
        Sender::Forged
    } else if is_signed_by_domain {
        Sender::Verified
    } else {
        Sender::Unverified
    }
}

/// `authserv-id [version]; method=result (comment) property=value ...; ...`; `None` when another server wrote it.
fn outcomes(value: &str, host: &str) -> Option<Vec<Outcome>> {
    let text = without_comments(value);
    let mut parts = text.split(';');
    let id = parts.next()?.split_ascii_whitespace().next()?;
    if !id.eq_ignore_ascii_case(host) {
        return None;
    }
    let outcome = |part: &str| {
        let mut words = part.split_ascii_whitespace();
        let (method, result) = words.next()?.split_once('=')?;
        let value = |name: &str| {
            let found = words.clone().find_map(|word| word.strip_prefix(name));
            found.unwrap_or_default().trim_matches('"').to_lowercase()
        };
        // A version may follow the method.
        let method = method.split('/').next().unwrap_or_default().to_lowercase();
        let domain = Some(value("header.d="))
            .filter(|d| !d.is_empty())
            .unwrap_or_else(|| value("header.i=").rsplit('@').next().unwrap_or_default().to_owned());
        Some(Outcome { method, result: result.to_lowercase(), domain })
    };
    Some(parts.filter_map(outcome).collect())
}

/// Comments are for people (RFC 5322 section 3.2.2).
fn without_comments(text: &str) -> String {
    let (mut out, mut depth, mut quoted, mut escaped) = (String::with_capacity(text.len()), 0u32, false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => {
                escaped = true;
                continue;
            }
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth > 0 => {
                depth -= 1;
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            out.push(c);
        }
    }
    out
}

/// A domain with letters beyond ASCII is shown as machines write it too: letters of other scripts look like ours.
fn machine_domain(domain: &str) -> Option<String> {
    if domain.is_ascii() {
        return domain.split('.').any(|label| label.starts_with("xn--")).then(|| domain.to_owned());
    }
    format!("a@{domain}").parse::<mail::address::Address>().ok().map(|address| {
        let wire = address.to_wire();
        wire.rsplit('@').next().unwrap_or_default().to_owned()
    })
}

/// A name such as `"service@bank.test" <x@elsewhere.test>`.
fn claimed(from: &Contact) -> Option<String> {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '(' | ')' | ',' | ';' | ':');
    let mut words = from.name.split(is_end);
    let claimed = words.find(|w| w.split_once('@').is_some_and(|(local, d)| !local.is_empty() && d.contains('.')))?;
    let differs = !from.address.is_empty() && !claimed.eq_ignore_ascii_case(&from.address);
    differs.then(|| claimed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(fields: &str, name: &str, address: &str) -> Standing {
        let from = [Contact { name: name.into(), address: address.into() }];
        Standing::of(fields.replace('\n', "\r\n").as_bytes(), &from, "mail.example.test")
    }

    fn sender(results: &str) -> Sender {
        standing(&format!("Authentication-Results: {results}\n\n"), "Bob", "bob@x.test").sender
    }

    #[test]
    fn ours_counts_and_others_do_not() {
        assert_eq!(sender("mail.example.test; dmarc=pass header.from=x.test"), Sender::Verified);
        assert_eq!(sender("mx.evil.test; dmarc=pass header.from=x.test"), Sender::Unknown);
        assert_eq!(sender("MAIL.example.test 1; spf=pass; dmarc=fail (p=none) header.from=x.test"), Sender::Forged);
        assert_eq!(sender("mail.example.test; dkim=pass header.d=mail.x.test; dmarc=none"), Sender::Verified);
        assert_eq!(sender("mail.example.test; dkim=pass header.i=@x.test"), Sender::Verified);
        assert_eq!(sender("mail.example.test; dkim=pass header.d=notx.test"), Sender::Unverified);
        assert_eq!(sender("mail.example.test; dkim=pass header.d=test"), Sender::Unverified);
        assert_eq!(sender("mail.example.test; none"), Sender::Unknown);
        assert_eq!(sender("mail.example.test (dmarc=pass); spf=softfail"), Sender::Unverified);
    }

    #[test]
    fn names_and_domains_that_mislead_are_told() {
        let plain = standing("\n", "Bob Marten", "bob@x.test");
        assert_eq!((plain.machine_domain, plain.claimed, plain.is_signed), (None, None, None));
        let claims = standing("\n", "service@bank.test", "x@elsewhere.test");
        assert_eq!(claims.claimed.as_deref(), Some("service@bank.test"));
        assert_eq!(standing("\n", "bob@x.test", "BOB@x.test").claimed, None);
        let foreign = standing("\n", "", "a@\u{440}\u{430}\u{443}.test");
        assert!(foreign.machine_domain.is_some_and(|d| d.starts_with("xn--")));
    }

    proptest::proptest! {
        #[test]
        fn any_text_does_no_harm(text in "\\PC{0,120}") {
            let _ = sender(&format!("mail.example.test; {text}"));
        }
    }
}
