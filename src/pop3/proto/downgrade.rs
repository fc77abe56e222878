//! A header in UTF-8 (RFC 6532) for a client that has not asked for it, after RFC 6858: it gets encoded words, and an address
//! that cannot be written in ASCII stands as the name of an empty group.
//!
//! Only the message's own header is rewritten, not those of its parts. What is not UTF-8 is no international header but a
//! broken one, and passes as it is.

use base64::{Engine, engine::general_purpose::STANDARD};
use mail::{
    address::domain_to_ascii,
    header,
    summary::{Envelope, EnvelopeAddress, summarize},
};

/// Bytes of UTF-8 in one encoded word: in base64 and with its frame 64 characters, so that a line with a field's name before it
/// keeps to 76 (RFC 2047 section 2).
const WORD_BYTES: usize = 39;

/// The header in ASCII; `None` when it can stay as it is.
pub fn header(block: &[u8]) -> Option<Vec<u8>> {
    if block.is_ascii() {
        return None;
    }
    let mut envelope = None;
    let mut out = Vec::with_capacity(block.len() * 2);
    let mut kept = 0;
    for field in header::spans(block) {
        let Some(value) = std::str::from_utf8(field.value).ok().filter(|value| !value.is_ascii()) else { continue };
        out.extend_from_slice(&block[kept..field.span.start]);
        kept = field.span.end;
        let envelope = envelope.get_or_insert_with(|| summarize(block).envelope);
        let value = match addresses(envelope, field.name) {
            Some(addresses) if !addresses.is_empty() => list(addresses),
            _ => words(value),
        };
        out.extend_from_slice(field.name);
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(&block[kept..]);
    (kept > 0).then_some(out)
}

/// The addresses of a field, if it is one of addresses that comes once.
fn addresses<'a>(envelope: &'a Envelope, name: &[u8]) -> Option<&'a [EnvelopeAddress]> {
    let lists: [(&[u8], &Vec<EnvelopeAddress>); 6] = [
        (b"From", &envelope.from),
        (b"Sender", &envelope.sender),
        (b"Reply-To", &envelope.reply_to),
        (b"To", &envelope.to),
        (b"Cc", &envelope.cc),
        (b"Bcc", &envelope.bcc),
    ];
    let found = lists.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, addresses)| addresses.as_slice())
}

/// An address list, an address a line.
fn list(addresses: &[EnvelopeAddress]) -> String {
    let mut text = String::new();
    let mut separator = "";
    for address in addresses {
        let EnvelopeAddress { name, local, domain } = address;
        let (written, after) = match (local, domain) {
            (Some(local), Some(domain)) => (mailbox(name.as_deref(), local, domain), ",\r\n "),
            (Some(group), None) => (format!("{}:", phrase(group)), " "),
            (None, _) => {
                text.push(';');
                separator = ",\r\n ";
                continue;
            }
        };
        text.push_str(separator);
        text.push_str(&written);
        separator = after;
    }
    text
}

fn mailbox(name: Option<&str>, local: &str, domain: &str) -> String {
    let ascii = domain_to_ascii(domain);
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>()[]:;,\\\"".contains(&byte));
    if !is_plain(local) || !ascii.is_ascii() || ascii.contains(char::is_whitespace) {
        let whole = format!("{local}@{domain}");
        let shown = name.map_or(whole.clone(), |name| format!("{name} {whole}"));
        return format!("{}:;", encoded(&shown));
    }
    match name {
        Some(name) => format!("{} <{local}@{ascii}>", phrase(name)),
        None => format!("{local}@{ascii}"),
    }
}

/// A name, as a quoted string or in encoded words.
fn phrase(name: &str) -> String {
    let is_quotable = name.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if is_quotable { format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")) } else { encoded(name) }
}

/// Text of which the words that are not ASCII are encoded, with the blanks between them: those between two encoded words
/// would be lost (RFC 2047 section 6.2).
fn words(value: &str) -> String {
    let flat = value.replace(['\r', '\n'], "").replace('\t', " ");
    let mut out = String::new();
    let mut run: Vec<&str> = Vec::new();
    let flush = |run: &mut Vec<&str>, out: &mut String| {
        if !run.is_empty() {
            push_word(out, &encoded(&run.join(" ")));
            run.clear();
        }
    };
    for word in flat.trim().split(' ') {
        if word.is_ascii() {
            flush(&mut run, &mut out);
            push_word(&mut out, word);
        } else {
            run.push(word);
        }
    }
    flush(&mut run, &mut out);
    out
}

/// Folds where a line would become long.
fn push_word(out: &mut String, word: &str) {
    let line = out.rsplit('\n').next().unwrap_or_default().len();
    if !out.is_empty() {
        out.push_str(if line + word.len() > 60 && !word.is_empty() { "\r\n " } else { " " });
    }
    out.push_str(word);
}

/// Encoded words, none of which cuts a character.
fn encoded(text: &str) -> String {
    let mut rest = text;
    let mut out = String::new();
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.floor_char_boundary(WORD_BYTES));
        rest = after;
        if !out.is_empty() {
            out.push_str("\r\n ");
        }
        out.push_str("=?UTF-8?B?");
        out.push_str(&STANDARD.encode(word));
        out.push_str("?=");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rewritten(block: &str) -> String {
        String::from_utf8(header(block.as_bytes()).expect("is rewritten")).unwrap()
    }

    #[test]
    fn what_is_ascii_or_not_utf8_stays() {
        assert_eq!(header(b"Subject: x\r\n\r\n"), None);
        assert_eq!(header(b"Subject: z\xfcrich\r\n\r\n"), None);
    }

    #[test]
    fn words_and_names_are_encoded() {
        let text = rewritten(
            "Received: by x\r\nSubject: Grüße aus Köln an alle\r\nFrom: \"Jürgen M.\" <j@example.org>\r\n\
             To: Ann <a@x.test>, pelé@example.org, b@bücher.example\r\nX: raw\r\n\r\n",
        );
        assert_eq!(
            text,
            "Received: by x\r\nSubject: =?UTF-8?B?R3LDvMOfZQ==?= aus =?UTF-8?B?S8O2bG4=?= an alle\r\n\
             From: =?UTF-8?B?SsO8cmdlbiBNLg==?= <j@example.org>\r\nTo: \"Ann\" <a@x.test>,\r\n \
             =?UTF-8?B?cGVsw6lAZXhhbXBsZS5vcmc=?=:;,\r\n b@xn--bcher-kva.example\r\nX: raw\r\n\r\n"
        );
    }

    #[test]
    fn long_texts_are_cut_between_characters_and_read_the_same() {
        let subject = "Ä".repeat(100);
        let text = rewritten(&format!("Subject: {subject} {subject}\r\n\r\n"));
        assert!(text.lines().all(|line| line.len() <= 78), "{text}");
        assert_eq!(
            summarize(text.as_bytes()).envelope.subject.as_deref(),
            Some(format!("{subject} {subject}").as_str())
        );
    }

    proptest! {
        #[test]
        fn a_rewritten_header_is_ascii_and_has_the_same_fields(
            subject in "[a-zäöß\u{20ac} .,<>\"@]{0,80}",
            name in "[a-zA-Zé \"()<>,;:]{0,30}",
            local in "[a-zé.]{1,10}",
        ) {
            let block = format!("A: 1\r\nSubject: {subject}\r\nFrom: {name} <{local}@example.org>\r\nB: 2\r\n\r\n");
            if let Some(out) = header(block.as_bytes()) {
                prop_assert!(out.is_ascii());
                let names = |block: &[u8]| header::spans(block).map(|field| field.name.to_vec()).collect::<Vec<_>>();
                prop_assert_eq!(names(&out), names(block.as_bytes()));
                prop_assert!(out.ends_with(b"\r\n\r\n"));
            }
        }
    }
}
