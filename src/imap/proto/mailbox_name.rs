//! Mailbox names: modified UTF-7 on the wire (RFC 3501 section 5.1.3), UTF-8 inside.

use super::{
    lexer::{Lexer, Parse},
    string::{write_astring, write_utf8},
};
use base64::{
    Engine,
    alphabet::IMAP_MUTF7,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use std::borrow::Cow;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Separates the levels of a name.
pub const SEPARATOR: char = '/';

/// `mailbox`: an astring, decoded; INBOX in capitals.
pub fn parse(lexer: &mut Lexer<'_>) -> Parse<String> {
    let at = lexer.at();
    let name = lexer.astring()?;
    match read(lexer, &name) {
        Some(name) => Ok(normal(&name).into_owned()),
        // In the grammar it is a name; it is one that no mailbox has and none can be given.
        None if std::str::from_utf8(&name).is_ok() => Ok(format!("\0{}", String::from_utf8_lossy(&name))),
        None => Lexer::error_at(at, "a mailbox name in modified UTF-7"),
    }
}

/// A name, or a pattern of names, as this client writes them.
pub(super) fn read(lexer: &Lexer<'_>, name: &[u8]) -> Option<String> {
    if lexer.has_utf8_names() {
        let name = std::str::from_utf8(name).ok()?;
        return (!name.chars().any(char::is_control)).then(|| name.to_owned());
    }
    decode(name)
}

/// As an `astring`, for a client that takes UTF-8 or for one that does not.
pub fn write(out: &mut Vec<u8>, name: &str, utf8: bool) {
    if utf8 { write_utf8(out, name) } else { write_astring(out, encode(name).as_bytes()) }
}

/// INBOX is the same in any case, also as the first level of others.
pub fn normal(name: &str) -> Cow<'_, str> {
    let first = name.split(SEPARATOR).next().unwrap_or_default();
    if first.eq_ignore_ascii_case("INBOX") && first != "INBOX" {
        Cow::Owned(format!("INBOX{}", &name[first.len()..]))
    } else {
        Cow::Borrowed(name)
    }
}

/// To the wire.
pub fn encode(name: &str) -> Cow<'_, str> {
    let direct = |c: char| (' '..='~').contains(&c) && c != '&';
    if name.chars().all(direct) {
        return Cow::Borrowed(name);
    }
    let mut text = String::with_capacity(name.len() * 2);
    let mut rest = name;
    while let Some(next) = rest.chars().next() {
        if next == '&' {
            text.push_str("&-");
            rest = &rest[1..];
        } else if direct(next) {
            text.push(next);
            rest = &rest[1..];
        } else {
            let length = rest.find(|c: char| (' '..='~').contains(&c)).unwrap_or(rest.len());
            let utf16: Vec<u8> = rest[..length].encode_utf16().flat_map(u16::to_be_bytes).collect();
            text.push('&');
            BASE64.encode_string(&utf16, &mut text);
            text.push('-');
            rest = &rest[length..];
        }
    }
    Cow::Owned(text)
}

/// From the wire. Plain UTF-8 is taken too. `None` for what is neither; a name has one encoding only, so needless or
/// unfinished base64 is refused.
pub fn decode(name: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(name.len());
    let mut rest = std::str::from_utf8(name).ok()?;
    while let Some(shift) = rest.find('&') {
        text.push_str(&rest[..shift]);
        let encoded = &rest[shift + 1..];
        let end = encoded.find('-')?;
        if end == 0 {
            text.push('&');
        } else {
            let bytes = BASE64.decode(&encoded[..end]).ok()?;
            if bytes.len() % 2 != 0 {
                return None;
            }
            let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            for c in char::decode_utf16(units) {
                let c = c.ok()?;
                if (' '..='~').contains(&c) {
                    return None;
                }
                text.push(c);
            }
        }
        rest = &encoded[end + 1..];
    }
    text.push_str(rest);
    if text.chars().any(|c| c.is_control()) {
        return None;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_the_rfc() {
        for (wire, name) in [
            ("~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"),
            ("Entw&APw-rfe", "Entwürfe"),
            ("&Jjo-!", "☺!"),
            ("A&-B", "A&B"),
            ("&2D3cjA-", "💌"),
        ] {
            assert_eq!(decode(wire.as_bytes()).as_deref(), Some(name), "{wire}");
            assert_eq!(encode(name), wire);
        }
        for bad in ["&Jjo!", "&U,BTFw-&ZeVnLIqe", "&AEE-", "a\tb", "&2D0-", "&=-"] {
            assert_eq!(decode(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes(name in "\\PC{0,40}") {
            let wire = encode(&name);
            prop_assert!(wire.bytes().all(|b| (0x20..0x7f).contains(&b)));
            prop_assert_eq!(decode(wire.as_bytes()), Some(name));
        }
    }
}
