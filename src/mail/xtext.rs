//! xtext (RFC 3461 section 4): text in parameters of SMTP, `+` and two upper-case hexadecimal digits for what cannot stand there.

use std::fmt::Write;

/// The text; `None` where it is no xtext. What is not UTF-8 is replaced.
pub fn decode(xtext: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(xtext.len());
    let mut rest = xtext.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => {
                let mut digit = || match rest.next()? {
                    digit @ b'0'..=b'9' => Some(digit - b'0'),
                    digit @ b'A'..=b'F' => Some(digit - b'A' + 10),
                    _ => None,
                };
                bytes.push(digit()? << 4 | digit()?);
            }
            b'=' => return None,
            0x21..=0x7e => bytes.push(byte),
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Inverse of [`decode`].
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'+' | b'=' => {
                let _ = write!(out, "+{byte:02X}");
            }
            0x21..=0x7e => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "+{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_xtext_is_read() {
        assert_eq!(decode("rfc822;bob+2Bx@example.org").as_deref(), Some("rfc822;bob+x@example.org"));
        for wrong in ["a=b", "a b", "a+2", "a+2b", "a+", "a\u{e9}"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text: String) {
            prop_assert_eq!(decode(&encode(&text)), Some(text));
        }
    }
}
