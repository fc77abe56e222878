//! Modified UTF-7 of mailbox names (RFC 3501 section 5.1.3).

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

const MODIFIED: GeneralPurpose = GeneralPurpose::new(
    &alphabet::IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// A name as it goes over the wire.
pub(crate) fn encode(name: &str) -> String {
    let mut wire = String::with_capacity(name.len());
    let mut pending: Vec<u8> = Vec::new();
    let flush = |pending: &mut Vec<u8>, wire: &mut String| {
        if !pending.is_empty() {
            wire.push('&');
            MODIFIED.encode_string(&*pending, wire);
            wire.push('-');
            pending.clear();
        }
    };
    for c in name.chars() {
        if (' '..='~').contains(&c) {
            flush(&mut pending, &mut wire);
            wire.push(c);
            if c == '&' {
                wire.push('-');
            }
        } else {
            let mut units = [0u16; 2];
            pending.extend(c.encode_utf16(&mut units).iter().flat_map(|u| u.to_be_bytes()));
        }
    }
    flush(&mut pending, &mut wire);
    wire
}

/// A name from the wire. What is not modified UTF-7 is taken as it is, as UTF-8 names of IMAP4rev2 are.
pub(crate) fn decode(wire: &str) -> String {
    let mut name = String::with_capacity(wire.len());
    let mut rest = wire;
    while let Some((before, after)) = rest.split_once('&') {
        name.push_str(before);
        let Some((encoded, after)) = after.split_once('-') else {
            name.push('&');
            rest = after;
            continue;
        };
        match decode_shift(encoded) {
            Some(text) => name.push_str(&text),
            None => {
                name.push('&');
                name.push_str(encoded);
                name.push('-');
            }
        }
        rest = after;
    }
    name.push_str(rest);
    name
}

fn decode_shift(encoded: &str) -> Option<String> {
    if encoded.is_empty() {
        return Some("&".to_owned());
    }
    let bytes = MODIFIED.decode(encoded).ok()?;
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn examples_of_the_rfc() {
        assert_eq!(encode("~peter/mail/台北/日本語"), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(decode("~peter/mail/&U,BTFw-/&ZeVnLIqe-"), "~peter/mail/台北/日本語");
        assert_eq!(encode("R&D"), "R&-D");
        assert_eq!(decode("Müll & so"), "Müll & so", "UTF-8 passes");
    }

    proptest::proptest! {
        #[test]
        fn there_and_back(name in "\\PC{0,40}") {
            proptest::prop_assert_eq!(decode(&encode(&name)), name);
        }
    }
}
