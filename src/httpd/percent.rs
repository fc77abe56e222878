//! Percent-encoding (RFC 3986 section 2.1).

use std::fmt::Write;

/// Text with every byte encoded that is neither unreserved (RFC 3986 section 2.3) nor one of the ASCII characters of `also_plain`.
/// With none of these it is one segment of a path or one value of a query.
pub fn percent_encoded(text: &str, also_plain: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if unreserved || byte.is_ascii() && also_plain.as_bytes().contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
