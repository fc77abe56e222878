//! Finding strings without regard to case (RFC 3501 section 6.4.4) in text that is fed in pieces.
//!
//! Text is folded into one buffer of fixed size that is used again and again, so that neither the size of a text nor the
//! number of messages costs memory.

use memchr::memmem;

/// Bytes that are folded and looked through at a time: they stay in the processor's cache.
const WINDOW_BYTES: usize = 64 * 1024;

/// A string to be found, folded.
#[derive(Debug)]
pub(super) struct Needle {
    finder: memmem::Finder<'static>,
    is_ascii: bool,
}

impl Needle {
    /// A needle of any case.
    pub(super) fn new(text: &str) -> Self {
        let mut folded = Vec::with_capacity(text.len());
        text.chars().for_each(|c| fold_char(c, &mut folded));
        Self { is_ascii: folded.is_ascii(), finder: memmem::Finder::new(&folded).into_owned() }
    }

    fn bytes(&self) -> &[u8] {
        self.finder.needle()
    }

    /// The empty string is in every text.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }

    /// Whether it is ASCII, so that it can be found in any charset that contains ASCII.
    pub(super) fn is_ascii(&self) -> bool {
        self.is_ascii
    }

    /// Whether mark-up or folding may stand within it in the written form.
    pub(super) fn may_be_broken(&self) -> bool {
        !self.is_ascii || self.bytes().contains(&b' ')
    }

    /// Whether it looks like an address of the web or of mail, which HTML holds in attributes.
    pub(super) fn is_link(&self) -> bool {
        self.bytes().iter().any(|byte| b"/:@<>=".contains(byte))
    }

    /// Whether it is in a short text.
    pub(super) fn is_in(&self, text: &str, buffer: &mut Vec<u8>) -> bool {
        if self.is_empty() {
            return true;
        }
        if text.is_ascii() && !self.is_ascii {
            return false;
        }
        buffer.clear();
        fold(text, self.is_ascii, buffer);
        self.finder.find(buffer).is_some()
    }

    pub(super) fn is_in_folded(&self, folded: &[u8]) -> bool {
        self.finder.find(folded).is_some()
    }
}

/// Appends a text, folded; only ASCII letters where that is enough.
fn fold(text: &str, ascii: bool, out: &mut Vec<u8>) {
    if ascii || text.is_ascii() {
        let start = out.len();
        out.extend_from_slice(text.as_bytes());
        out[start..].make_ascii_lowercase();
    } else {
        text.chars().for_each(|c| fold_char(c, out));
    }
}

/// Lower case, and one form of sigma wherever it stands.
fn fold_char(c: char, out: &mut Vec<u8>) {
    if c.is_ascii() {
        return out.push((c as u8).to_ascii_lowercase());
    }
    let mut utf8 = [0; 4];
    for c in c.to_lowercase() {
        let c = if c == 'ς' { 'σ' } else { c };
        out.extend_from_slice(c.encode_utf8(&mut utf8).as_bytes());
    }
}

/// Looks for several needles at once in texts that are fed to it.
#[derive(Debug)]
pub(super) struct Finder<'a> {
    needles: &'a [Needle],
    /// Which of them were found.
    pub(super) hits: Vec<bool>,
    /// Which of them are looked for now.
    pub(super) wanted: Vec<bool>,
    buffer: Vec<u8>,
    /// Bytes that are kept from one window to the next, so that no border cuts a needle.
    overlap: usize,
    is_ascii: bool,
}

impl<'a> Finder<'a> {
    pub(super) fn new(needles: &'a [Needle]) -> Self {
        let longest = needles.iter().map(|needle| needle.bytes().len()).max().unwrap_or(0);
        Self {
            needles,
            hits: needles.iter().map(Needle::is_empty).collect(),
            wanted: vec![true; needles.len()],
            buffer: Vec::new(),
            overlap: longest.saturating_sub(1),
            is_ascii: needles.iter().all(Needle::is_ascii),
        }
    }

    /// Starts with the next message.
    pub(super) fn reset(&mut self) {
        for (hit, needle) in self.hits.iter_mut().zip(self.needles) {
            *hit = needle.is_empty();
        }
        self.wanted.fill(true);
    }

    /// The needles.
    pub(super) fn needles(&self) -> &'a [Needle] {
        self.needles
    }

    /// Whether every needle is ASCII.
    pub(super) fn is_ascii(&self) -> bool {
        self.is_ascii
    }

    /// Whether there is nothing left to look for.
    pub(super) fn is_done(&self) -> bool {
        self.hits.iter().zip(&self.wanted).all(|(hit, wanted)| *hit || !wanted)
    }

    /// Looks through bytes of which only the ASCII ones matter, or that are UTF-8 in ASCII.
    pub(super) fn look_in_bytes(&mut self, bytes: &[u8]) {
        self.buffer.clear();
        for piece in bytes.chunks(WINDOW_BYTES) {
            if self.is_done() {
                return;
            }
            let start = self.buffer.len();
            self.buffer.extend_from_slice(piece);
            self.buffer[start..].make_ascii_lowercase();
            self.look();
        }
    }

    /// Looks through text.
    pub(super) fn look_in(&mut self, text: &str) {
        if self.is_ascii || text.is_ascii() {
            return self.look_in_bytes(text.as_bytes());
        }
        self.buffer.clear();
        for c in text.chars() {
            fold_char(c, &mut self.buffer);
            if self.buffer.len() >= WINDOW_BYTES + self.overlap {
                self.look();
                if self.is_done() {
                    return;
                }
            }
        }
        self.look();
    }

    fn look(&mut self) {
        for ((needle, hit), wanted) in self.needles.iter().zip(&mut self.hits).zip(&self.wanted) {
            *hit = *hit || *wanted && needle.is_in_folded(&self.buffer);
        }
        let keep = self.buffer.len() - self.overlap.min(self.buffer.len());
        self.buffer.drain(..keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(needle: &str, text: &str) -> bool {
        let needles = [Needle::new(needle)];
        let mut finder = Finder::new(&needles);
        finder.look_in(text);
        assert_eq!(finder.hits[0], needles[0].is_in(text, &mut Vec::new()), "{needle} in {text}");
        finder.hits[0]
    }

    #[test]
    fn case_does_not_matter() {
        for (needle, text, expected) in [
            ("hello", "Say HELLO!", true),
            ("hello", "hell o", false),
            ("größe", "Die GRÖSSE", false),
            ("größe", "Die GRÖßE", true),
            ("σοφος", "Ο ΣΟΦΟΣ", true),
            ("ΣΟΦΟΣ", "ο σοφός", false),
            ("привет", "ПРИВЕТ", true),
            ("", "", true),
            ("x", "", false),
        ] {
            assert_eq!(found(needle, text), expected, "{needle} in {text}");
        }
    }

    #[test]
    fn a_needle_across_the_border_of_windows_is_found() {
        for letter in ["x", "é"] {
            for before in WINDOW_BYTES - 8..WINDOW_BYTES + 2 {
                let text = format!("{}NEEDLE{letter}{}", "a".repeat(before), "b".repeat(WINDOW_BYTES));
                assert!(found(&format!("needle{letter}"), &text), "{before}");
                assert!(!found("needles", &text));
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_in_a_text_is_found(before in "\\PC*", needle in "\\PC*", after in "\\PC*") {
            // A sigma is folded alike wherever it stands; other letters do not depend on their neighbours.
            let text = [before, needle.clone(), after].concat();
            prop_assert!(found(&needle.to_lowercase(), &text), "{} in {}", needle, text);
        }
    }
}
