//! Content transfer encodings (RFC 2045 section 6), read leniently: what is no valid code is passed over.

/// Decodes by the name of the encoding, lower case; unknown encodings are the identity.
pub(crate) fn decode(encoding: &str, bytes: &[u8]) -> Vec<u8> {
    match encoding {
        "base64" => base64(bytes),
        "quoted-printable" => quoted_printable(bytes),
        _ => bytes.to_vec(),
    }
}

/// RFC 2045 section 6.8. Reads on after padding, since some senders join separately encoded pieces.
pub(crate) fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for &byte in bytes {
        let value = BASE64[byte as usize];
        if value < 64 {
            bits = bits << 6 | u32::from(value);
            count += 6;
            if count >= 8 {
                count -= 8;
                out.push((bits >> count) as u8);
                bits &= (1 << count) - 1;
            }
        } else if byte == b'=' {
            (bits, count) = (0, 0);
        }
    }
    out
}

/// Value of each base64 digit; 64 for other bytes.
const BASE64: [u8; 256] = {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [64; 256];
    let mut at = 0;
    while at < digits.len() {
        table[digits[at] as usize] = at as u8;
        at += 1;
    }
    table
};

/// RFC 2045 section 6.7. White space before a line end is dropped; a `=` that begins no code stands for itself.
pub(crate) fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    // Length of `out` after its last byte that is no trailing white space.
    let mut solid = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'=' => {
                let rest = &bytes[at..];
                let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
                let after = &rest[blanks..];
                if after.starts_with(b"\r\n") {
                    at += blanks + 2;
                } else if after.starts_with(b"\n") || after.is_empty() {
                    at += blanks + after.len().min(1);
                } else if let Some(value) = hex_pair(rest) {
                    out.push(value);
                    at += 2;
                } else {
                    out.push(b'=');
                }
                solid = out.len();
            }
            b'\n' => {
                out.truncate(solid);
                out.extend_from_slice(if at >= 2 && bytes[at - 2] == b'\r' { b"\r\n" } else { b"\n" });
                solid = out.len();
            }
            b'\r' if bytes.get(at) == Some(&b'\n') => {}
            b' ' | b'\t' => out.push(byte),
            _ => {
                out.push(byte);
                solid = out.len();
            }
        }
    }
    out
}

/// The byte that two hexadecimal digits at the start stand for.
pub(crate) fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| (*byte as char).to_digit(16);
    Some((digit(bytes.first()?)? * 16 + digit(bytes.get(1)?)?) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn base64_is_read_with_faults() {
        assert_eq!(base64(b"SGVsbG8gd29ybGQ="), b"Hello world");
        assert_eq!(base64(b"SGVs\r\n bG8g\n*d29ybGQ"), b"Hello world");
        assert_eq!(base64(b"SGVsbG8=IHdvcmxk"), b"Hello world");
        assert_eq!(base64(b""), b"");
    }

    #[test]
    fn quoted_printable_is_read_with_faults() {
        assert_eq!(quoted_printable(b"a=C3=BC=\r\nb =  \nc  \r\nd=zz="), b"a\xc3\xbcb c\r\nd=zz");
        assert_eq!(quoted_printable(b"x=3D\ny\rz"), b"x=\ny\rz");
        assert_eq!(quoted_printable(b"kept=20\n"), b"kept \n");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            prop_assert!(base64(&bytes).len() <= bytes.len());
            prop_assert!(quoted_printable(&bytes).len() <= bytes.len());
        }
    }
}
