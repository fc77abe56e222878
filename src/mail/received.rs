//! The Received trace header (RFC 5321 section 4.4).

use crate::date;

/// Characters of a value that came from a peer and is written into a header.
const VALUE_CHARS_MAX: usize = 255;
/// Column at which a line is folded (RFC 5322 section 2.1.1 recommends 78).
const LINE_CHARS_MAX: usize = 78;

/// What a Received header says.
#[derive(Debug, Clone)]
pub struct Received<'a> {
    /// Name given in EHLO or HELO.
    pub helo: &'a str,
    /// Client address.
    pub client: std::net::IpAddr,
    /// Our host name.
    pub by: &'a str,
    /// `ESMTP`, `ESMTPS`, `ESMTPSA` ... (RFC 3848; with UTF8: RFC 6531 section 4.3).
    pub with: &'a str,
    /// TLS version and cipher, when TLS was used.
    pub tls: Option<&'a str>,
    /// Trace id.
    pub id: &'a str,
    /// The one recipient; left out when there are several (RFC 5321 section 7.2 guards blind copies).
    pub recipient: Option<&'a str>,
    /// When, milliseconds since 1970.
    pub at: i64,
}

impl Received<'_> {
    /// The header with folding and a final CRLF.
    pub fn render(&self) -> String {
        let client = match self.client.to_canonical() {
            std::net::IpAddr::V4(address) => format!("[{address}]"),
            std::net::IpAddr::V6(address) => format!("[IPv6:{address}]"),
        };
        let mut clauses = vec![
            format!("from {}", name(self.helo)),
            format!("({client})"),
            format!("by {}", name(self.by)),
            format!("with {}", word(self.with)),
        ];
        if let Some(tls) = self.tls {
            clauses.push(format!("({})", comment(tls)));
        }
        clauses.push(format!("id {}", word(self.id)));
        if let Some(recipient) = self.recipient {
            clauses.push(format!("for <{}>", path(recipient)));
        }
        if let Some(last) = clauses.last_mut() {
            last.push(';');
        }
        clauses.push(date::rfc5322(self.at));
        fold("Received:", &clauses)
    }
}

/// Clauses after a field name, as many on a line as fit.
fn fold(name: &str, clauses: &[String]) -> String {
    let mut out = String::from(name);
    let mut column = out.len();
    for clause in clauses {
        if column + 1 + clause.len() > LINE_CHARS_MAX {
            out.push_str("\r\n\t");
            column = 8;
        } else {
            out.push(' ');
            column += 1;
        }
        out.push_str(clause);
        column += clause.len();
    }
    out.push_str("\r\n");
    out
}

/// A host name or address literal as the peer wrote it; anything else in it becomes `?`, so that no hostile greeting
/// can end the clause, open a comment or begin a new line.
fn name(text: &str) -> String {
    let name = filtered(text, |c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':'));
    if name.is_empty() { "unknown".into() } else { name }
}

/// A token of ours, or `?`.
fn word(text: &str) -> String {
    let word = filtered(text, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '=' | '/' | '@'));
    if word.is_empty() { "?".into() } else { word }
}

fn comment(text: &str) -> String {
    filtered(text, |c| !c.is_control() && !matches!(c, '(' | ')' | '\\'))
}

/// A checked address is harmless but for quoted local parts, whose angle brackets and blanks stay inside their quotes.
fn path(text: &str) -> String {
    filtered(text, |c| !c.is_control())
}

fn filtered(text: &str, is_allowed: impl Fn(char) -> bool) -> String {
    text.chars().take(VALUE_CHARS_MAX).map(|c| if is_allowed(c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header;
    use proptest::prelude::*;

    fn received(helo: &str) -> Received<'_> {
        Received {
            helo,
            client: "192.0.2.7".parse().expect("is an address"),
            by: "mx.example.test",
            with: "ESMTPS",
            tls: Some("TLS1.3 TLS13_AES_256_GCM_SHA384"),
            id: "0123456789abcdef",
            recipient: Some("alice@example.test"),
            at: 1_795_494_960_000,
        }
    }

    #[test]
    fn the_header_is_folded() {
        assert_eq!(
            received("client.example.org").render(),
            "Received: from client.example.org ([192.0.2.7]) by mx.example.test with ESMTPS\r\n\
             \t(TLS1.3 TLS13_AES_256_GCM_SHA384) id 0123456789abcdef\r\n\
             \tfor <alice@example.test>; Tue, 24 Nov 2026 04:36:00 +0000\r\n"
        );
    }

    #[test]
    fn a_hostile_greeting_stays_one_word() {
        let text = received("evil\r\nSubject: x\r\n\r\n(by)").render();
        assert!(text.starts_with("Received: from evil??Subject:?x?????by? ([192.0.2.7])"), "{text}");
        assert!(received("").render().starts_with("Received: from unknown ("));
    }

    proptest! {
        #[test]
        fn it_is_always_one_field(helo in ".*", id in ".*", recipient in ".*", tls in ".*") {
            let mut received = received(&helo);
            (received.id, received.recipient, received.tls) = (&id, Some(recipient.as_str()), Some(tls.as_str()));
            let text = received.render();
            prop_assert_eq!(header::fields(text.as_bytes()).count(), 1);
            prop_assert_eq!(header::header_length(text.as_bytes()), text.len());
        }
    }
}
