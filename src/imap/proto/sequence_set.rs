//! `sequence-set` (RFC 3501 section 9): which messages, by sequence number or by UID.

use super::lexer::{Lexer, Parse};
use std::fmt;
use store::UidSet;

/// Ranges in one set. A command line bounds them too; this bounds the work on one.
pub const RANGES_MAX: usize = 20_000;

/// `*`, the largest number in use.
const STAR: u32 = 0;

/// A set as written; not empty. Its numbers mean something only beside a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceSet {
    /// Empty for `$`.
    ranges: Vec<(u32, u32)>,
}

/// A sequence number that the mailbox does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no message {0}")]
pub struct NoSuchMessage(pub u32);

impl SequenceSet {
    /// `seq-number / seq-range *("," ...)`, or `$` (RFC 5182).
    pub fn parse(lexer: &mut Lexer<'_>) -> Parse<Self> {
        let mut ranges = Vec::new();
        if lexer.eat(b'$') {
            return Ok(Self { ranges });
        }
        loop {
            if ranges.len() >= RANGES_MAX {
                return lexer.error("a shorter set");
            }
            let first = parse_number(lexer)?;
            let last = if lexer.eat(b':') { parse_number(lexer)? } else { first };
            ranges.push((first, last));
            if !lexer.eat(b',') {
                return Ok(Self { ranges });
            }
        }
    }

    /// Whether what is next could be a set.
    pub fn starts(lexer: &Lexer<'_>) -> bool {
        lexer.peek().is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'*' | b'$'))
    }

    /// Whether it is `$`, the result that the last search saved (RFC 5182).
    pub fn is_saved_result(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The numbers as written, whatever the mailbox holds; `*` is `largest`.
    pub fn numbers(&self, largest: u32) -> UidSet {
        let mut ranges: Vec<_> = self.ranges.iter().map(|&(first, last)| ordered(first, last, largest)).collect();
        ranges.sort_unstable();
        let mut numbers = UidSet::default();
        for (low, high) in ranges {
            numbers.insert_range(low.max(1), high.max(1));
        }
        numbers
    }

    /// The ranges as written, with 0 for `*`.
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }

    /// The UIDs of these sequence numbers. `known` holds the mailbox as the client was told of it.
    ///
    /// # Errors
    /// [`NoSuchMessage`] for a number above the count. A range up to `*` of an empty mailbox is empty.
    pub fn by_sequence(&self, known: &UidSet) -> Result<UidSet, NoSuchMessage> {
        let count = u32::try_from(known.len()).unwrap_or(u32::MAX);
        let mut uids = Vec::with_capacity(self.ranges.len());
        for &(first, last) in &self.ranges {
            if count == 0 && (first == STAR || last == STAR) {
                continue;
            }
            let (low, high) = ordered(first, last, count);
            if high > count {
                return Err(NoSuchMessage(high));
            }
            if let (Some(low), Some(high)) = (known.nth(low as usize - 1), known.nth(high as usize - 1)) {
                uids.push((low, high));
            }
        }
        Ok(collect(uids, known))
    }

    /// As [`SequenceSet::by_sequence`], where numbers above the count name nothing: a search just does not find them.
    pub fn by_sequence_found(&self, known: &UidSet) -> UidSet {
        let count = u32::try_from(known.len()).unwrap_or(u32::MAX);
        let ranges = self.ranges.iter().filter(|(first, last)| count > 0 || (*first != STAR && *last != STAR));
        let ranges = ranges.map(|&(first, last)| ordered(first, last, count)).filter(|(low, _)| *low <= count);
        let uids =
            ranges.filter_map(|(low, high)| known.nth(low as usize - 1).zip(known.nth(high.min(count) as usize - 1)));
        collect(uids.collect(), known)
    }

    /// The UIDs of the set that the mailbox has. `*` is its largest, even when the other end of the range is above it.
    pub fn by_uid(&self, known: &UidSet) -> UidSet {
        let Some(largest) = known.last() else { return UidSet::default() };
        collect(self.ranges.iter().map(|&(first, last)| ordered(first, last, largest)).collect(), known)
    }
}

fn parse_number(lexer: &mut Lexer<'_>) -> Parse<u32> {
    if lexer.eat(b'*') {
        return Ok(STAR);
    }
    if !lexer.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        return lexer.error("a message number or `*`");
    }
    lexer.number_nonzero()
}

fn ordered(first: u32, last: u32, largest: u32) -> (u32, u32) {
    let value = |number| if number == STAR { largest } else { number };
    let (first, last) = (value(first), value(last));
    (first.min(last), first.max(last))
}

/// Sorted first, so that each insertion is at the end.
fn collect(mut ranges: Vec<(u32, u32)>, known: &UidSet) -> UidSet {
    ranges.sort_unstable();
    let mut uids = UidSet::default();
    for (low, high) in ranges {
        uids.insert_range(low, high);
    }
    uids.intersection(known)
}

impl fmt::Display for SequenceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_saved_result() {
            return f.write_str("$");
        }
        let number = |number: u32| if number == STAR { String::from("*") } else { number.to_string() };
        for (index, &(first, last)) in self.ranges.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            if first == last {
                write!(f, "{comma}{}", number(first))?;
            } else {
                write!(f, "{comma}{}:{}", number(first), number(last))?;
            }
        }
        Ok(())
    }
}
