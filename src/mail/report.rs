//! Delivery status notifications (RFC 3464 in a multipart/report of RFC 6522; RFC 6533 for addresses in UTF-8).
//!
//! A notification has three parts: words for a person, fields for a program, and the header of the message it is about. What
//! came from others (subjects, replies, headers) is bounded and cannot begin a line or a part of its own.

use crate::{address::domain_to_ascii, date, encoded_word, header};
use std::fmt::Write;

/// Characters of a text from outside that are put into one line of the words.
const WORDS_CHARS_MAX: usize = 500;
/// Octets of the original header that are returned.
const HEADER_BYTES_MAX: usize = 64 * 1024;
/// Octets of a Message-ID that is referred to.
const MESSAGE_ID_BYTES_MAX: usize = 250;

/// What happened to one recipient.
#[derive(Debug, Clone)]
pub struct RecipientStatus {
    /// Final-Recipient.
    pub recipient: String,
    /// Original-Recipient, when another was given first.
    pub original: Option<String>,
    /// Original-Recipient with its type as the sender gave it: `rfc822;bob@example.org` (RFC 3461 section 4.2).
    pub original_typed: Option<String>,
    /// `failed`, `delayed`, `delivered`, `relayed`.
    pub action: &'static str,
    /// Enhanced status code (RFC 3463), for example `5.1.1`.
    pub status: String,
    /// Name of the server that answered.
    pub remote: Option<String>,
    /// Its answer in its own words.
    pub diagnostic: Option<String>,
    /// Next attempts end at this time, milliseconds since 1970, for `delayed`.
    pub retry_until: Option<i64>,
}

/// A notification to be written.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// Reporting server.
    pub hostname: &'a str,
    /// Who is told: the reverse-path of the message.
    pub to: &'a str,
    /// Arrival of the message, milliseconds since 1970.
    pub arrived: i64,
    /// Now, milliseconds since 1970.
    pub at: i64,
    /// Message-ID of the notification, without brackets.
    pub message_id: &'a str,
    /// The recipients it is about.
    pub recipients: &'a [RecipientStatus],
    /// Original-Envelope-Id, as the sender gave it.
    pub envelope_id: Option<&'a str>,
    /// Header of the original message, which is returned (RFC 3462 text/rfc822-headers).
    pub original_header: &'a [u8],
    /// The original message, where it is returned whole.
    pub original: Option<&'a [u8]>,
}

impl Report<'_> {
    /// The whole notification, CRLF line ends.
    pub fn render(&self) -> Vec<u8> {
        // The id is new and cannot be foreseen, so nothing that is returned can hold the boundary.
        let boundary: String = self.message_id.chars().filter(char::is_ascii_alphanumeric).take(50).collect();
        let boundary = format!("report-{boundary}");
        let mut out = self.header(&boundary).into_bytes();
        self.words(&boundary, &mut out);
        self.status(&boundary, &mut out);
        self.returned(&boundary, &mut out);
        out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        out
    }

    /// Whether it only tells of a delay.
    fn is_delay(&self) -> bool {
        self.recipients.iter().all(|recipient| recipient.action == "delayed")
    }

    /// Whether it only tells of hand-overs.
    fn is_success(&self) -> bool {
        self.recipients.iter().all(|recipient| matches!(recipient.action, "delivered" | "relayed"))
    }

    /// Whether it holds addresses that need RFC 6533.
    pub fn is_utf8(&self) -> bool {
        let wide = |recipient: &RecipientStatus| {
            !recipient.recipient.is_ascii() || recipient.original.as_ref().is_some_and(|text| !text.is_ascii())
        };
        !self.to.is_ascii() || self.recipients.iter().any(wide)
    }

    fn header(&self, boundary: &str) -> String {
        let subject = match (self.is_delay(), self.is_success()) {
            (true, _) => "Your message is delayed",
            (_, true) => "Your message was delivered",
            _ => "Your message was not delivered",
        };
        let mut out = String::new();
        let host = self.hostname;
        let _ = write!(out, "From: Mail delivery <MAILER-DAEMON@{host}>\r\nTo: <{}>\r\n", line(self.to));
        let _ = write!(out, "Subject: {subject}\r\nDate: {}\r\n", date::rfc5322(self.at));
        let _ = write!(out, "Message-ID: <{}>\r\n", line(self.message_id));
        if let Some(id) = self.original_id() {
            let _ = write!(out, "In-Reply-To: {id}\r\nReferences: {id}\r\n");
        }
        // RFC 3834 section 5: nothing automatic shall answer this.
        out.push_str("Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n");
        let _ = write!(
            out,
            "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"{boundary}\"\r\n"
        );
        let wide = |text: &[u8]| !text.is_ascii();
        if self.is_utf8() || wide(self.original_header) || self.original.is_some_and(wide) {
            out.push_str("Content-Transfer-Encoding: 8bit\r\n");
        }
        out.push_str("\r\n");
        out
    }

    /// Message-ID of the original with its brackets, when it can stand in a header as it is.
    fn original_id(&self) -> Option<String> {
        let value = String::from_utf8(header::unfold(header::find(self.original_header, "Message-ID")?)).ok()?;
        let inner = value.strip_prefix('<')?.strip_suffix('>')?;
        let plain = inner.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'));
        (plain && !inner.is_empty() && inner.len() <= MESSAGE_ID_BYTES_MAX).then_some(value)
    }

    /// The part for a person.
    fn words(&self, boundary: &str, out: &mut Vec<u8>) {
        let mut text = format!("This is the mail server {}.\n\n", self.hostname);
        let relayed = self.recipients.iter().any(|recipient| recipient.action == "relayed");
        text.push_str(match (self.is_delay(), self.recipients.len()) {
            _ if self.is_success() && relayed => {
                "Your message was handed to the next server, which does not tell what becomes of it:\n"
            }
            _ if self.is_success() => "Your message is in the mailbox of:\n",
            (true, 1) => "Your message has not been delivered yet to this recipient:\n",
            (true, _) => "Your message has not been delivered yet to these recipients:\n",
            (false, 1) => "Your message could not be delivered to this recipient:\n",
            (false, _) => "Your message could not be delivered to these recipients:\n",
        });
        for recipient in self.recipients {
            recipient.words(&mut text);
        }
        let until = self.recipients.iter().filter_map(|recipient| recipient.retry_until).max();
        match until.filter(|_| self.is_delay()) {
            Some(until) => {
                let until = date::rfc5322(until);
                let _ = write!(
                    text,
                    "\nThe server goes on trying until {until}.\nYou need not do anything and should not send it again.\n"
                );
            }
            None if self.is_success() => {}
            None => text.push_str("\nThe server has given up and will not try again.\n"),
        }
        let _ = write!(text, "\nYour message came to this server on {}.\n", date::rfc5322(self.arrived));
        if let Some(subject) = header::find(self.original_header, "Subject") {
            let _ = writeln!(text, "Its subject: {}", line(&encoded_word::decode(&header::unfold(subject), None)));
        }
        text.push_str("Details for administrators and the header of your message follow.\n");
        part(out, boundary, "text/plain; charset=utf-8");
        if text.is_ascii() {
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(text.replace('\n', "\r\n").as_bytes());
        } else {
            out.extend_from_slice(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n");
            let encoder =
                mail_builder::encoders::quoted_printable::QuotedPrintableEncoder::new().preserve_line_breaks();
            encoder.encode_into(text.replace('\n', "\r\n").as_bytes(), out);
        }
        out.extend_from_slice(b"\r\n");
    }

    /// The part for a program (RFC 3464 section 2).
    fn status(&self, boundary: &str, out: &mut Vec<u8>) {
        let mut fields = format!("Reporting-MTA: dns; {}\r\n", self.hostname);
        if let Some(id) = self.envelope_id {
            let _ = write!(fields, "Original-Envelope-Id: {}\r\n", ascii(id));
        }
        let _ = write!(fields, "Arrival-Date: {}\r\n", date::rfc5322(self.arrived));
        for recipient in self.recipients {
            fields.push_str("\r\n");
            recipient.fields(self.at, &mut fields);
        }
        if self.is_utf8() {
            part(out, boundary, "message/global-delivery-status");
            out.extend_from_slice(b"Content-Transfer-Encoding: 8bit\r\n\r\n");
        } else {
            part(out, boundary, "message/delivery-status");
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(fields.as_bytes());
        out.extend_from_slice(b"\r\n");
    }

    /// The header of the original message, line ends made CRLF.
    fn returned(&self, boundary: &str, out: &mut Vec<u8>) {
        if let Some(original) = self.original {
            part(out, boundary, if self.is_utf8() { "message/global" } else { "message/rfc822" });
            if !original.is_ascii() {
                out.extend_from_slice(b"Content-Transfer-Encoding: 8bit\r\n");
            }
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(original);
            out.extend_from_slice(b"\r\n");
            return;
        }
        let raw = &self.original_header[..self.original_header.len().min(HEADER_BYTES_MAX)];
        let kind = if self.is_utf8() { "message/global-headers" } else { "text/rfc822-headers" };
        part(out, boundary, kind);
        if !raw.is_ascii() {
            out.extend_from_slice(b"Content-Transfer-Encoding: 8bit\r\n");
        }
        out.extend_from_slice(b"\r\n");
        for text in raw.split(|byte| *byte == b'\n') {
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            // The header ends at its blank line.
            if text.is_empty() {
                break;
            }
            out.extend(text.iter().map(|byte| if matches!(byte, 0 | b'\r') { b'?' } else { *byte }));
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }
}

impl RecipientStatus {
    fn words(&self, out: &mut String) {
        let _ = write!(out, "\n    {}\n", line(&self.recipient));
        if let Some(original) = &self.original {
            let _ = writeln!(out, "    (you wrote to {})", line(original));
        }
        match (&self.remote, &self.diagnostic) {
            (Some(remote), Some(words)) if is_reply(words) => {
                let _ = write!(out, "    The server {} answered:\n    {}\n", line(remote), line(words));
            }
            (Some(remote), Some(words)) => {
                let _ = writeln!(out, "    The server {}: {}", line(remote), line(words));
            }
            (None, Some(words)) => {
                let _ = writeln!(out, "    The reason: {}", line(words));
            }
            (_, None) => {}
        }
        if let Some(meaning) = meaning(&self.status) {
            let _ = writeln!(out, "    What this means: {meaning}");
        }
    }

    /// RFC 3464 section 2.3.
    fn fields(&self, at: i64, out: &mut String) {
        let typed = |address: &str| {
            let kind = if address.is_ascii() { "rfc822" } else { "utf-8" };
            format!("{kind}; {}", line(address))
        };
        if let Some(original) = &self.original_typed {
            let (kind, address) = original.split_once(';').unwrap_or(("rfc822", original));
            let _ = write!(out, "Original-Recipient: {}; {}\r\n", ascii(kind), ascii(address));
        } else if let Some(original) = &self.original {
            let _ = write!(out, "Original-Recipient: {}\r\n", typed(original));
        }
        let _ = write!(out, "Final-Recipient: {}\r\nAction: {}\r\n", typed(&self.recipient), self.action);
        let _ = write!(out, "Status: {}\r\n", ascii(&self.status));
        if let Some(remote) = &self.remote {
            let _ = write!(out, "Remote-MTA: dns; {}\r\n", ascii(&domain_to_ascii(remote)));
        }
        if let Some(words) = &self.diagnostic {
            let kind = if is_reply(words) { "smtp" } else { "X-Gatepost" };
            let _ = write!(out, "Diagnostic-Code: {kind}; {}\r\n", ascii(words));
        }
        let _ = write!(out, "Last-Attempt-Date: {}\r\n", date::rfc5322(at));
        if let Some(until) = self.retry_until {
            let _ = write!(out, "Will-Retry-Until: {}\r\n", date::rfc5322(until));
        }
    }
}

/// Begins a part, with room for more fields.
fn part(out: &mut Vec<u8>, boundary: &str, kind: &str) {
    out.extend_from_slice(format!("--{boundary}\r\nContent-Type: {kind}\r\n").as_bytes());
}

/// Whether words are a reply of SMTP: three digits, and then a space or nothing.
fn is_reply(words: &str) -> bool {
    let bytes = words.as_bytes();
    bytes.len() >= 3 && bytes[..3].iter().all(u8::is_ascii_digit) && bytes.get(3).is_none_or(|byte| *byte == b' ')
}

/// Text from outside on one line.
fn line(text: &str) -> String {
    text.chars().take(WORDS_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// As [`fn@line`], in ASCII.
fn ascii(text: &str) -> String {
    line(text).chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()
}

/// What an enhanced status code (RFC 3463 and its registry) says to a person; `None` when it says nothing in particular.
pub fn meaning(status: &str) -> Option<&'static str> {
    let (class, rest) = status.split_once('.')?;
    let permanent = class == "5";
    Some(match rest {
        "1.1" => "There is no such mailbox. Check the address for a slip of the keyboard.",
        "1.2" => "The part of the address after the @ does not exist. Check it for a slip of the keyboard.",
        "1.3" => "The address is not written correctly.",
        "1.6" => "The mailbox has moved and no new address is known.",
        "1.8" | "1.7" => "The recipient's server does not accept your address as a sender.",
        "1.10" => "The recipient's domain does not take any mail.",
        "2.1" => "The mailbox is closed or does not take mail at present.",
        "2.2" => "The mailbox is full.",
        "2.3" | "3.4" => "The message is larger than the recipient's server takes.",
        "3.2" | "3.1" | "3.0" => "The recipient's server has no room or takes no mail at present.",
        "3.5" => "This server's settings for sending are not right. Tell your administrator.",
        "4.1" => "The recipient's server does not answer.",
        "4.2" => "The connection to the recipient's server broke off.",
        "4.3" => "The name of the recipient's server could not be looked up.",
        "4.4" => "No server that takes mail for the recipient's domain can be found.",
        "4.6" | "4.14" => "The message goes in circles between servers.",
        "4.7" => "The message was tried for as long as this server tries, without success.",
        "5.3" => "There were too many recipients.",
        "6.7" => "The address has letters that the recipient's server cannot handle.",
        "7.0" | "7.1" if permanent => "The recipient's server refuses the message by its rules.",
        "7.0" | "7.1" => {
            "The recipient's server asks to try again later, as many do with senders that are new to them."
        }
        "7.8" | "7.9" => "The next server did not take this server's password. Tell your administrator.",
        "7.10" | "7.4" | "7.5" => "No encrypted connection to the next server could be made.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::{MessageParser, MimeHeaders};

    fn failed(recipient: &str) -> RecipientStatus {
        RecipientStatus {
            recipient: recipient.into(),
            original: None,
            original_typed: None,
            action: "failed",
            status: "5.1.1".into(),
            remote: Some("mx.elsewhere.test".into()),
            diagnostic: Some("550 5.1.1 No such user".into()),
            retry_until: None,
        }
    }

    fn report<'a>(recipients: &'a [RecipientStatus], original_header: &'a [u8]) -> Report<'a> {
        Report {
            hostname: "mail.example.test",
            to: "alice@example.test",
            arrived: 1_764_000_000_000,
            at: 1_764_000_060_000,
            message_id: "0123abcd.report@mail.example.test",
            recipients,
            envelope_id: None,
            original_header,
            original: None,
        }
    }

    #[test]
    fn a_failure_is_told_to_people_and_programs() {
        let header = b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <one@example.test>\r\n\r\n";
        let recipients = [failed("bob@elsewhere.test")];
        let bytes = report(&recipients, header).render();
        let message = MessageParser::default().parse(&bytes).unwrap();
        let kind = message.content_type().unwrap();
        assert_eq!((kind.ctype(), kind.subtype()), ("multipart", Some("report")));
        assert_eq!(kind.attribute("report-type"), Some("delivery-status"));
        assert_eq!(message.header_raw("Auto-Submitted").map(str::trim), Some("auto-replied"));
        assert_eq!(message.in_reply_to().as_text(), Some("one@example.test"));
        let words = message.body_text(0).unwrap();
        assert!(words.contains("bob@elsewhere.test") && words.contains("Its subject: Grüße"), "{words}");
        assert!(words.contains("There is no such mailbox"), "{words}");
        let text = String::from_utf8(bytes).unwrap();
        for field in [
            "Content-Type: message/delivery-status",
            "Reporting-MTA: dns; mail.example.test",
            "Final-Recipient: rfc822; bob@elsewhere.test",
            "Action: failed",
            "Status: 5.1.1",
            "Remote-MTA: dns; mx.elsewhere.test",
            "Diagnostic-Code: smtp; 550 5.1.1 No such user",
            "Content-Type: text/rfc822-headers",
        ] {
            assert!(text.contains(&format!("\r\n{field}\r\n")), "{field} is missing in {text}");
        }
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    }

    #[test]
    fn a_delay_says_until_when() {
        let delayed = RecipientStatus {
            action: "delayed",
            status: "4.4.1".into(),
            diagnostic: Some("no answer in time while connecting".into()),
            retry_until: Some(1_764_172_800_000),
            ..failed("bob@elsewhere.test")
        };
        let text = String::from_utf8(report(&[delayed], b"").render()).unwrap();
        assert!(text.contains("Subject: Your message is delayed\r\n"));
        assert!(text.contains("goes on trying until Wed, 26 Nov 2025 16:00:00 +0000"), "{text}");
        assert!(text.contains("Will-Retry-Until: Wed, 26 Nov 2025 16:00:00 +0000\r\n"));
        assert!(text.contains("Diagnostic-Code: X-Gatepost; no answer in time"));
    }

    #[test]
    fn words_from_outside_stay_in_their_line() {
        let hostile = RecipientStatus {
            diagnostic: Some("550 no\r\nAction: delivered\r\n\r\n--report".into()),
            remote: Some("mx\r\nStatus: 2.0.0".into()),
            ..failed("bob@elsewhere.test")
        };
        let header = b"Message-ID: <a b>\r\nSubject: =?utf-8?q?a=0D=0AX:_y?=\r\nBare\nX: y\r\rz\0\r\n\r\nbody";
        let text = String::from_utf8(report(&[hostile], header).render()).unwrap();
        assert_eq!(text.matches("\r\nAction:").count(), 1);
        assert_eq!(text.matches("\r\nStatus:").count(), 1);
        assert!(!text.contains("In-Reply-To") && !text.contains("body"));
        assert!(!text.replace("\r\n", "").contains(['\r', '\n', '\0']));
    }

    #[test]
    fn utf8_addresses_make_it_global() {
        let recipients = [failed("größe@elsewhere.test")];
        let text = String::from_utf8(report(&recipients, b"").render()).unwrap();
        assert!(text.contains("Content-Type: message/global-delivery-status\r\n"));
        assert!(text.contains("Final-Recipient: utf-8; größe@elsewhere.test\r\n"));
        assert!(text.contains("Content-Type: message/global-headers\r\n"));
    }
}
