//! Authentication-Results (RFC 8601): ours, and those of others that claim to be ours.

use crate::auth::{Authentication, Outcome};
use mail::header;
use std::{fmt::Write as _, ops::Range};

/// Octets of one value in our field.
const VALUE_BYTES_MAX: usize = 255;

/// Our field, folded, with CRLF at the end.
pub(crate) fn field(
    authserv_id: &str,
    sender: &str,
    iprev: Option<(bool, String)>,
    results: &Authentication,
) -> String {
    let mut field = format!("Authentication-Results: {authserv_id}");
    for signature in results.dkim.iter().filter(|signature| signature.outcome != Outcome::None) {
        let _ = write!(field, ";\r\n\tdkim={}", signature.outcome.word());
        if !signature.why.is_empty() {
            let _ = write!(field, " reason={}", quoted(&signature.why));
        }
        if !signature.domain.is_empty() {
            let _ = write!(field, " header.d={} header.s={}", value(&signature.domain), value(&signature.selector));
        }
    }
    if results.dkim.is_empty() {
        field.push_str(";\r\n\tdkim=none");
    }
    let _ = write!(field, ";\r\n\tspf={}", results.spf.word());
    if results.spf_of_helo {
        let _ = write!(field, " smtp.helo={}", value(&results.spf_domain));
    } else {
        let _ = write!(field, " smtp.mailfrom={}", value(sender));
    }
    let _ = write!(field, ";\r\n\tdmarc={}", results.dmarc.word());
    if !results.from_domain.is_empty() {
        let _ = write!(field, " header.from={}", value(&results.from_domain));
    }
    if results.arc != Outcome::None {
        let _ = write!(field, ";\r\n\tarc={}", results.arc.word());
    }
    if let Some((passes, address)) = iprev {
        let _ = write!(field, ";\r\n\tiprev={} policy.iprev={}", if passes { "pass" } else { "fail" }, value(&address));
    }
    field.push_str("\r\n");
    field
}

/// A value: a token as it is, all else in quotes.
fn value(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._@+=/".contains(&byte);
    if !text.is_empty() && text.len() <= VALUE_BYTES_MAX && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    quoted(text)
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars().take(VALUE_BYTES_MAX) {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Where fields stand that only we may set: Authentication-Results with our authserv-id (RFC 8601 section 5), and what tells
/// mail programs of a verdict. Ranges of whole fields, ascending.
pub fn foreign(message: &[u8], authserv_id: &str) -> Vec<Range<usize>> {
    let is_foreign = |field: &header::Field<'_>| {
        let name = field.name.to_ascii_lowercase();
        match name.as_slice() {
            b"authentication-results" => {
                authserv_id_of(field.value).is_none_or(|id| id.eq_ignore_ascii_case(authserv_id))
            }
            name => name.starts_with(b"x-spam-"),
        }
    };
    header::spans(message).filter(is_foreign).map(|field| field.span).collect()
}

/// The authserv-id of a field: a token or a quoted string after comments and white space. `None` when it cannot be read,
/// and then nobody can say that it is not ours.
pub fn authserv_id_of(field: &[u8]) -> Option<String> {
    let mut rest = field;
    loop {
        rest = rest.trim_ascii_start();
        match rest.first()? {
            b'(' => rest = after_comment(rest)?,
            b'"' => return quoted_string(&rest[1..]),
            _ => break,
        }
    }
    let end = rest.iter().position(|byte| b" \t\r\n;(\"".contains(byte)).unwrap_or(rest.len());
    let token = std::str::from_utf8(&rest[..end]).ok()?;
    (!token.is_empty()).then(|| token.to_owned())
}

fn after_comment(text: &[u8]) -> Option<&[u8]> {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at += 1,
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return Some(&text[at + 1..]);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

fn quoted_string(text: &[u8]) -> Option<String> {
    let mut out = Vec::new();
    let mut bytes = text.iter();
    loop {
        match bytes.next()? {
            b'"' => return String::from_utf8(out).ok(),
            b'\\' => out.push(*bytes.next()?),
            byte => out.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_claims_to_be_ours_is_found() {
        let message = b"Authentication-Results: Mail.Example.Test; spf=pass\r\n\
            Authentication-Results: (a (nested) comment)\r\n \"mail.example.test\" 1; dkim=pass\r\n\
            Authentication-Results: other.example; spf=fail\r\n\
            Authentication-Results: (never closed\r\n\
            X-Spam-Flag: NO\r\nSubject: x\r\n\r\nX-Spam-Flag: body";
        let found: Vec<_> = foreign(message, "mail.example.test")
            .into_iter()
            .map(|range| String::from_utf8_lossy(&message[range]).chars().take(24).collect::<String>())
            .collect();
        assert_eq!(found.len(), 4, "{found:?}");
        assert_eq!(found[3], "X-Spam-Flag: NO\r\n");
    }

    proptest! {
        #[test]
        fn our_field_reads_back(sender in "\\PC{0,80}", domain in "\\PC{0,80}") {
            let results = Authentication { spf_domain: domain.clone(), from_domain: domain, ..Authentication::default() };
            let field = field("mail.example.test", &sender, Some((false, "::1".into())), &results);
            prop_assert_eq!(field.matches("\r\n").count(), field.matches("\r\n\t").count() + 1);
            prop_assert_eq!(foreign(field.as_bytes(), "mail.example.test"), vec![0..field.len()]);
            prop_assert_eq!(foreign(field.as_bytes(), "other.example").len(), 0);
        }

        #[test]
        fn no_field_panics(field: Vec<u8>, near in "(\\(|\\)|\"|\\\\|a|;| )*") {
            let _ = (authserv_id_of(&field), authserv_id_of(near.as_bytes()), foreign(&field, "x"));
        }
    }
}
