//! Flags and keywords of a message (RFC 3501 section 2.3.2).

use crate::Error;
use serde::{Deserialize, Serialize};

/// Flags and keywords of a message. `\Recent` is not kept: it belongs to a session.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Flags {
    /// Bits of [`Flags::SEEN`] and so on.
    pub system: u8,
    /// Keywords as first written, sorted, unique without regard to case.
    pub keywords: Vec<String>,
}

impl Flags {
    /// `\Seen`
    pub const SEEN: u8 = 1;
    /// `\Answered`
    pub const ANSWERED: u8 = 2;
    /// `\Flagged`
    pub const FLAGGED: u8 = 4;
    /// `\Deleted`
    pub const DELETED: u8 = 8;
    /// `\Draft`
    pub const DRAFT: u8 = 16;

    /// Bytes of a keyword.
    pub const KEYWORD_BYTES_MAX: usize = 64;
    /// Keywords on one message.
    pub const KEYWORDS_MAX: usize = 64;

    const ALL: u8 = Self::SEEN | Self::ANSWERED | Self::FLAGGED | Self::DELETED | Self::DRAFT;

    /// Flags with these system bits and no keywords.
    pub fn system(bits: u8) -> Self {
        Self { system: bits, keywords: Vec::new() }
    }

    /// Whether all of these system bits are set.
    pub fn has(&self, bits: u8) -> bool {
        self.system & bits == bits
    }

    /// Whether the keyword is set, without regard to case.
    pub fn has_keyword(&self, keyword: &str) -> bool {
        self.keywords.iter().any(|k| k.eq_ignore_ascii_case(keyword))
    }

    /// Sets a keyword; one that is set already keeps its spelling.
    pub fn add_keyword(&mut self, keyword: &str) {
        if let Err(at) = self.find(keyword) {
            self.keywords.insert(at, keyword.to_owned());
        }
    }

    /// Removes a keyword, without regard to case.
    pub fn remove_keyword(&mut self, keyword: &str) {
        if let Ok(at) = self.find(keyword) {
            self.keywords.remove(at);
        }
    }

    /// Does what a STORE with `change` and `flags` does; whether anything is different now.
    pub fn apply(&mut self, change: FlagChange, flags: &Self) -> bool {
        let before = (self.system, self.keywords.len());
        match change {
            FlagChange::Add => {
                self.system |= flags.system & Self::ALL;
                for keyword in &flags.keywords {
                    self.add_keyword(keyword);
                }
            }
            FlagChange::Remove => {
                self.system &= !flags.system;
                for keyword in &flags.keywords {
                    self.remove_keyword(keyword);
                }
            }
            FlagChange::Replace => {
                self.system = flags.system & Self::ALL;
                let kept = self.keywords.len();
                self.keywords.retain(|keyword| flags.has_keyword(keyword));
                let dropped = kept != self.keywords.len();
                for keyword in &flags.keywords {
                    self.add_keyword(keyword);
                }
                return dropped || before != (self.system, self.keywords.len());
            }
        }
        before != (self.system, self.keywords.len())
    }

    /// These flags in the form in which they are stored, whatever way they were put together.
    ///
    /// # Errors
    /// [`Error::Limit`] for too many or too long keywords, [`Error::Invalid`] for an empty one.
    pub(crate) fn normal(&self) -> Result<Self, Error> {
        let mut flags = Self::system(self.system & Self::ALL);
        for keyword in &self.keywords {
            flags.add_keyword(keyword);
        }
        flags.check()?;
        Ok(flags)
    }

    /// Whether these flags keep the bounds.
    ///
    /// # Errors
    /// [`Error::Limit`] for too many or too long keywords, [`Error::Invalid`] for an empty one.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.keywords.len() > Self::KEYWORDS_MAX {
            return Err(Error::Limit("keywords on one message"));
        }
        for keyword in &self.keywords {
            if keyword.len() > Self::KEYWORD_BYTES_MAX {
                return Err(Error::Limit("bytes of a keyword"));
            }
            if keyword.is_empty() {
                return Err(Error::Invalid("a keyword is empty".into()));
            }
        }
        Ok(())
    }

    /// Where the keyword stands or would stand.
    fn find(&self, keyword: &str) -> Result<usize, usize> {
        let lower = |text: &str| text.bytes().map(|byte| byte.to_ascii_lowercase()).collect::<Vec<u8>>();
        let wanted = lower(keyword);
        self.keywords.binary_search_by(|k| lower(k).cmp(&wanted))
    }
}

/// What a STORE does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagChange {
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
    /// `FLAGS`
    Replace,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(system: u8, keywords: &[&str]) -> Flags {
        Flags { system, keywords: keywords.iter().map(|&k| k.to_owned()).collect() }.normal().unwrap()
    }

    #[test]
    fn keywords_are_sorted_and_unique_without_case() {
        let mut some = flags(0, &["$Forwarded", "zeta", "Alpha", "ALPHA", "$forwarded"]);
        assert_eq!(some.keywords, ["$Forwarded", "Alpha", "zeta"]);
        some.add_keyword("ZETA");
        assert_eq!(some.keywords, ["$Forwarded", "Alpha", "zeta"]);
        assert!(some.has_keyword("ALPHa"));
        some.remove_keyword("alpha");
        assert_eq!(some.keywords, ["$Forwarded", "zeta"]);
    }

    #[test]
    fn apply_tells_whether_it_changed_anything() {
        let mut some = flags(Flags::SEEN, &["a"]);
        assert!(!some.apply(FlagChange::Add, &flags(Flags::SEEN, &["A"])));
        assert!(some.apply(FlagChange::Add, &flags(Flags::FLAGGED, &["b"])));
        assert_eq!(some, flags(Flags::SEEN | Flags::FLAGGED, &["a", "b"]));
        assert!(some.apply(FlagChange::Remove, &flags(Flags::SEEN, &["B", "none"])));
        assert!(!some.apply(FlagChange::Remove, &flags(Flags::SEEN, &["B", "none"])));
        assert_eq!(some, flags(Flags::FLAGGED, &["a"]));
        // As many keywords as before, but other ones.
        assert!(some.apply(FlagChange::Replace, &flags(Flags::FLAGGED, &["c"])));
        assert!(!some.apply(FlagChange::Replace, &flags(Flags::FLAGGED, &["C"])));
        assert_eq!(some, flags(Flags::FLAGGED, &["c"]));
    }

    #[test]
    fn unknown_bits_are_not_kept() {
        assert_eq!(flags(0xff, &[]).system, Flags::ALL);
    }

    #[test]
    fn keywords_have_bounds() {
        let many = Flags { system: 0, keywords: (0..=Flags::KEYWORDS_MAX).map(|n| format!("k{n}")).collect() };
        assert!(matches!(many.normal(), Err(Error::Limit(_))));
        let long = Flags { system: 0, keywords: vec!["k".repeat(Flags::KEYWORD_BYTES_MAX + 1)] };
        assert!(matches!(long.normal(), Err(Error::Limit(_))));
        assert!(matches!(Flags { system: 0, keywords: vec![String::new()] }.normal(), Err(Error::Invalid(_))));
    }
}
