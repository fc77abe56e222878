//! Charsets of text: the declared one where it is known, else the best guess.

use encoding_rs::{Encoding, WINDOWS_1252};
use mail_parser::decoders::charsets::map::charset_decoder;
use std::borrow::Cow;

/// Bytes to text. `charset` is what the sender declared, if anything.
///
/// UTF-8 wins where the declared charset is absent, unknown, or US-ASCII although there are 8-bit bytes; what is not
/// UTF-8 either is read as Windows-1252, which has a character for nearly every byte.
pub(crate) fn decode<'a>(bytes: &'a [u8], charset: Option<&str>) -> Cow<'a, str> {
    let label = charset.map(str::trim).filter(|label| !label.is_empty() && !is_ascii_label(label));
    if let Some(label) = label {
        // A language may follow after `*` (RFC 2231 section 5).
        let label = label.split('*').next().unwrap_or(label);
        if let Some(encoding) = Encoding::for_label_no_replacement(label.as_bytes()) {
            return encoding.decode(bytes).0;
        }
        if label.len() <= 40
            && let Some(decoder) = charset_decoder(label.as_bytes())
        {
            return Cow::Owned(decoder(bytes));
        }
    }
    guess(bytes)
}

fn is_ascii_label(label: &str) -> bool {
    ["us-ascii", "ascii", "ansi_x3.4-1968", "unknown-8bit", "unknown", "x-unknown", "8bit", "7bit", "binary"]
        .iter()
        .any(|ascii| ascii.eq_ignore_ascii_case(label))
}

/// UTF-8, else Windows-1252. A multi-byte character cut at the very end does not speak against UTF-8.
fn guess(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(fault) if fault.error_len().is_none() => {
            Cow::Borrowed(std::str::from_utf8(&bytes[..fault.valid_up_to()]).unwrap_or_default())
        }
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn declared_or_guessed() {
        assert_eq!(decode(b"Gr\xfc\xdfe", Some("ISO-8859-1")), "Grüße");
        assert_eq!(decode("Grüße".as_bytes(), Some("us-ascii")), "Grüße");
        assert_eq!(decode(b"Gr\xfc\xdfe", None), "Grüße");
        assert_eq!(decode(b"Gr\xfc\xdfe", Some("no-such-charset")), "Grüße");
        assert_eq!(decode(b"\x1b$B%O%m\x1b(B", Some("iso-2022-jp")), "ハロ");
        assert_eq!(decode(b"+ZYeB9FH6ckh5Pg-", Some("utf-7")), "文致出版社");
        assert_eq!(decode(b"Gr\xc3\xbc\xc3", None), "Grü");
    }

    proptest! {
        #[test]
        fn no_label_panics(bytes: Vec<u8>, label in "\\PC*", known in "(utf-7|utf-16|ibm850|gb18030|iso-2022-jp|hz|replacement)") {
            let _ = (decode(&bytes, Some(&label)), decode(&bytes, Some(&known)), decode(&bytes, None));
        }
    }
}
