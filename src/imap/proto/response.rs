//! Writers of responses that are more than a string: sets of numbers, envelopes, structures.

use super::string::{encoded_words, write_number, write_quoted_utf8, write_string, write_text};
use mail::summary::{Envelope, EnvelopeAddress, Part};

/// Levels of MIME that are told; deeper parts are told as opaque bytes.
const STRUCTURE_DEPTH_MAX: usize = 100;

/// `1:3,5` of ascending or not ascending numbers, in their order.
pub fn write_set(out: &mut Vec<u8>, numbers: impl IntoIterator<Item = u32>) {
    let mut run: Option<(u32, u32)> = None;
    let mut is_first = true;
    let mut put = |out: &mut Vec<u8>, (first, last): (u32, u32)| {
        if !std::mem::take(&mut is_first) {
            out.push(b',');
        }
        write_number(out, u64::from(first));
        if last > first {
            out.push(b':');
            write_number(out, u64::from(last));
        }
    };
    for number in numbers {
        run = match run {
            Some((first, last)) if last.checked_add(1) == Some(number) => Some((first, number)),
            Some(done) => {
                put(out, done);
                Some((number, number))
            }
            None => Some((number, number)),
        };
    }
    if let Some(done) = run {
        put(out, done);
    }
}

/// `string` of text. What is not ASCII is in encoded words for a client that has not said that it takes UTF-8.
fn text(out: &mut Vec<u8>, text: &str, utf8: bool) {
    if utf8 && !text.is_ascii() { write_quoted_utf8(out, text) } else { write_text(out, text) }
}

/// `nstring`, as [`text`].
fn nstring(out: &mut Vec<u8>, of: Option<&str>, utf8: bool) {
    match of {
        Some(of) => text(out, of, utf8),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// `envelope` (RFC 3501 section 7.4.2); `utf8` for a client that takes UTF-8.
pub fn write_envelope(out: &mut Vec<u8>, envelope: &Envelope, utf8: bool) {
    // RFC 3501 section 7.4.2: Sender and Reply-To default to From.
    let from = envelope.from.as_slice();
    let sender = if envelope.sender.is_empty() { from } else { &envelope.sender };
    let reply_to = if envelope.reply_to.is_empty() { from } else { &envelope.reply_to };
    out.push(b'(');
    nstring(out, envelope.date.as_deref(), utf8);
    out.push(b' ');
    nstring(out, envelope.subject.as_deref(), utf8);
    out.push(b' ');
    write_addresses(out, &envelope.from, utf8);
    out.push(b' ');
    write_addresses(out, sender, utf8);
    out.push(b' ');
    write_addresses(out, reply_to, utf8);
    for addresses in [&envelope.to, &envelope.cc, &envelope.bcc] {
        out.push(b' ');
        write_addresses(out, addresses, utf8);
    }
    out.push(b' ');
    nstring(out, envelope.in_reply_to.as_deref(), utf8);
    out.push(b' ');
    nstring(out, envelope.message_id.as_deref(), utf8);
    out.push(b')');
}

/// `"(" 1*address ")" / nil`
fn write_addresses(out: &mut Vec<u8>, addresses: &[EnvelopeAddress], utf8: bool) {
    // What was only a comment has left nothing of an address.
    let is_nothing = |address: &&EnvelopeAddress| {
        address.local.as_deref() == Some("") && address.domain.as_deref().is_none_or(str::is_empty)
    };
    if addresses.iter().all(|address| is_nothing(&address)) {
        return out.extend_from_slice(b"NIL");
    }
    out.push(b'(');
    for address in addresses.iter().filter(|address| !is_nothing(address)) {
        out.push(b'(');
        nstring(out, address.name.as_deref(), utf8);
        out.extend_from_slice(b" NIL ");
        nstring(out, address.local.as_deref(), utf8);
        out.push(b' ');
        nstring(out, address.domain.as_deref(), utf8);
        out.push(b')');
    }
    out.push(b')');
}

/// `body` (RFC 3501 section 7.4.2); `extended` for BODYSTRUCTURE, `utf8` for a client that takes UTF-8.
pub fn write_structure(out: &mut Vec<u8>, part: &Part, extended: bool, utf8: bool) {
    write_part(out, part, Form { extended, utf8 }, 0);
}

/// How a structure is written.
#[derive(Clone, Copy)]
struct Form {
    /// With extension data, as in BODYSTRUCTURE.
    extended: bool,
    /// For a client that takes UTF-8.
    utf8: bool,
}

fn write_part(out: &mut Vec<u8>, part: &Part, form: Form, depth: usize) {
    let Form { extended, utf8 } = form;
    out.push(b'(');
    if part.media_type == "multipart" && depth < STRUCTURE_DEPTH_MAX {
        if part.children.is_empty() {
            // The grammar has no multipart without parts.
            out.extend_from_slice(br#"("text" "plain" NIL NIL NIL "7bit" 0 0)"#);
        }
        for child in &part.children {
            write_part(out, child, form, depth + 1);
        }
        out.push(b' ');
        text(out, &part.subtype, utf8);
        if extended {
            out.push(b' ');
            write_parameters(out, &part.parameters, utf8);
            write_extension(out, part, utf8);
        }
    } else {
        write_single(out, part, form, depth);
    }
    out.push(b')');
}

fn write_single(out: &mut Vec<u8>, part: &Part, form: Form, depth: usize) {
    let Form { extended, utf8 } = form;
    let is_multipart = part.media_type == "multipart";
    let (media_type, subtype) =
        if is_multipart { ("application", "octet-stream") } else { (part.media_type.as_str(), part.subtype.as_str()) };
    let embedded = part
        .children
        .first()
        .zip(part.envelope.as_deref())
        .filter(|_| media_type == "message" && depth < STRUCTURE_DEPTH_MAX);
    // A message without its envelope would break the grammar: it is told as bytes.
    let (media_type, subtype) = match (media_type, subtype, embedded) {
        ("message", "rfc822" | "global", None) => ("application", "octet-stream"),
        other => (other.0, other.1),
    };
    text(out, media_type, utf8);
    out.push(b' ');
    text(out, subtype, utf8);
    out.push(b' ');
    write_parameters(out, &part.parameters, utf8);
    out.push(b' ');
    nstring(out, part.id.as_deref(), utf8);
    out.push(b' ');
    nstring(out, part.description.as_deref(), utf8);
    out.push(b' ');
    text(out, if part.encoding.is_empty() { "7bit" } else { &part.encoding }, utf8);
    out.push(b' ');
    write_number(out, u64::from(part.body_end.saturating_sub(part.body_start)));
    if let Some((message, envelope)) = embedded {
        out.push(b' ');
        write_envelope(out, envelope, utf8);
        out.push(b' ');
        write_part(out, message, form, depth + 1);
    }
    if embedded.is_some() || media_type == "text" {
        out.push(b' ');
        write_number(out, u64::from(part.lines));
    }
    if extended {
        out.push(b' ');
        nstring(out, part.md5.as_deref(), utf8);
        write_extension(out, part, utf8);
    }
}

/// Disposition, language, location.
fn write_extension(out: &mut Vec<u8>, part: &Part, utf8: bool) {
    out.push(b' ');
    match &part.disposition {
        Some((disposition, parameters)) => {
            out.push(b'(');
            text(out, disposition, utf8);
            out.push(b' ');
            write_parameters(out, parameters, utf8);
            out.push(b')');
        }
        None => out.extend_from_slice(b"NIL"),
    }
    out.push(b' ');
    match part.language.as_slice() {
        [] => out.extend_from_slice(b"NIL"),
        [language] => text(out, language, utf8),
        languages => {
            out.push(b'(');
            for (index, language) in languages.iter().enumerate() {
                if index > 0 {
                    out.push(b' ');
                }
                text(out, language, utf8);
            }
            out.push(b')');
        }
    }
    out.push(b' ');
    nstring(out, part.location.as_deref(), utf8);
}

/// `body-fld-param`. Values that are not ASCII are written as RFC 2231 extended parameters where UTF-8 is not taken.
fn write_parameters(out: &mut Vec<u8>, parameters: &[(String, String)], utf8: bool) {
    if parameters.is_empty() {
        return out.extend_from_slice(b"NIL");
    }
    out.push(b'(');
    for (index, (name, value)) in parameters.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        if value.is_ascii() || utf8 {
            text(out, name, utf8);
            out.push(b' ');
            text(out, value, utf8);
        } else {
            text(out, &format!("{name}*"), utf8);
            out.push(b' ');
            write_string(out, extended_value(value).as_bytes());
        }
    }
    out.push(b')');
}

/// RFC 2231 section 4: `utf-8''` and percent-encoded bytes.
fn extended_value(value: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut text = String::from("utf-8''");
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'!' | b'~') {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push(char::from(HEX[usize::from(byte >> 4)]));
            text.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    text
}

/// Text of a status response: what cannot stand in a line is encoded.
pub fn line_text(text: &str) -> String {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        text.to_owned()
    } else {
        encoded_words(&text.replace(['\r', '\n'], " "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn sets() {
        assert_eq!(written(|out| write_set(out, [1, 2, 3, 5, 7, 8])), "1:3,5,7:8");
        assert_eq!(written(|out| write_set(out, [9, 3, 4])), "9,3:4");
        assert_eq!(written(|out| write_set(out, [])), "");
        assert_eq!(written(|out| write_set(out, [u32::MAX])), "4294967295");
    }

    #[test]
    fn an_attachment_name_outside_ascii_is_an_extended_parameter() {
        let parameters = [("filename".to_owned(), "Übersicht 1.pdf".to_owned())];
        assert_eq!(
            written(|out| write_parameters(out, &parameters, false)),
            r#"("filename*" "utf-8''%C3%9Cbersicht%201.pdf")"#
        );
    }
}
