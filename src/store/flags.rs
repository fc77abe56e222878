//! Flags and keywords of a message (RFC 3501 section 2.3.2).

use serde::{Deserialize, Serialize};

/// System flags as bits, and keywords. `\Recent` is not kept: it belongs to a session.
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
    /// Sets a keyword.
    pub fn add_keyword(&mut self, _keyword: &str) {
        todo!()
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
