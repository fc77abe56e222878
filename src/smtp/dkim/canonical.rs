//! The relaxed canonical form (RFC 6376 sections 3.4.2 and 3.4.4).

use aws_lc_rs::digest::{Context, SHA256};
use memchr::memchr3;

/// SHA-256 of a body in relaxed form, fed in blocks of any size.
pub struct BodyHash {
    context: Context,
    block: Vec<u8>,
    /// Line ends that are only written when more than line ends follows.
    line_ends: usize,
    /// White space that is only written when more than white space follows in its line.
    space: bool,
    /// The last octet was CR.
    cr: bool,
    /// Anything but line ends has come.
    any: bool,
}

impl Default for BodyHash {
    fn default() -> Self {
        Self { context: Context::new(&SHA256), block: Vec::new(), line_ends: 0, space: false, cr: false, any: false }
    }
}

impl BodyHash {
    /// Takes the next octets of the body.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while let Some(&byte) = bytes.first() {
            if self.cr {
                self.cr = false;
                if byte == b'\n' {
                    self.space = false;
                    self.line_ends += 1;
                    bytes = &bytes[1..];
                    continue;
                }
                // Not the end of a line: text like any other.
                self.put(b"\r");
            }
            match byte {
                b'\r' => self.cr = true,
                b' ' | b'\t' => self.space = true,
                _ => {
                    let end = memchr3(b'\r', b' ', b'\t', bytes).unwrap_or(bytes.len());
                    self.put(&bytes[..end]);
                    bytes = &bytes[end..];
                    continue;
                }
            }
            bytes = &bytes[1..];
        }
    }

    fn put(&mut self, text: &[u8]) {
        while self.line_ends > 0 {
            self.line_ends -= 1;
            self.block.extend_from_slice(b"\r\n");
            self.pour();
        }
        if std::mem::take(&mut self.space) {
            self.block.push(b' ');
        }
        self.block.extend_from_slice(text);
        self.any = true;
        self.pour();
    }

    fn pour(&mut self) {
        if self.block.len() >= 8192 {
            self.context.update(&self.block);
            self.block.clear();
        }
    }

    /// The hash. Line ends at the end count as one; a body of nothing else is empty.
    pub fn finish(mut self) -> [u8; 32] {
        if std::mem::take(&mut self.cr) {
            self.put(b"\r");
        }
        if self.any {
            self.block.extend_from_slice(b"\r\n");
        }
        self.context.update(&self.block);
        let mut hash = [0; 32];
        hash.copy_from_slice(self.context.finish().as_ref());
        hash
    }
}

/// A header field in relaxed form with its line end.
pub fn field(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend(name.trim_ascii_end().iter().map(u8::to_ascii_lowercase));
    out.push(b':');
    let mut space = false;
    let start = out.len();
    for &byte in value {
        match byte {
            b'\r' | b'\n' => {}
            b' ' | b'\t' => space = true,
            _ => {
                if std::mem::take(&mut space) && out.len() > start {
                    out.push(b' ');
                }
                out.push(byte);
            }
        }
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hash(parts: &[&[u8]]) -> [u8; 32] {
        let mut hash = BodyHash::default();
        parts.iter().for_each(|part| hash.update(part));
        hash.finish()
    }

    fn plain(text: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(aws_lc_rs::digest::digest(&SHA256, text).as_ref());
        out
    }

    #[test]
    fn bodies_are_relaxed_as_the_rfc_shows() {
        // RFC 6376 section 3.4.5.
        assert_eq!(hash(&[b" C \r\nD \t E\r\n\r\n\r\n"]), plain(b" C\r\nD E\r\n"));
        assert_eq!(hash(&[b""]), plain(b""));
        assert_eq!(hash(&[b"\r\n \r\n\r\n"]), plain(b""));
        assert_eq!(hash(&[b"no line end"]), plain(b"no line end\r\n"));
        assert_eq!(hash(&[b"a\r\n\r\n\r\nb\r\n"]), plain(b"a\r\n\r\n\r\nb\r\n"));
        assert_eq!(hash(&[b"a\rb\r\r\n"]), plain(b"a\rb\r\r\n"));
    }

    #[test]
    fn fields_are_relaxed_as_the_rfc_shows() {
        let mut out = Vec::new();
        field(b"A", b" X", &mut out);
        field(b"B ", b" Y\t\r\n\tZ  ", &mut out);
        assert_eq!(out, b"a:X\r\nb:Y Z\r\n");
    }

    proptest! {
        #[test]
        fn blocks_make_no_difference(text in "[ab \t\r\n]{0,60}", cut in 0usize..60) {
            let text = text.as_bytes();
            let cut = cut.min(text.len());
            prop_assert_eq!(hash(&[&text[..cut], &text[cut..]]), hash(&[text]));
        }
    }
}
