//! Sets of UIDs as ranges, so that a search with many results stays small.

use crate::imap::Done;
use std::fmt::Write;

/// Ascending ranges that do not meet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct UidSet(Vec<(u32, u32)>);

impl UidSet {
    /// A set of single UIDs in any order.
    pub(crate) fn of(uids: impl IntoIterator<Item = u32>) -> Self {
        let mut uids: Vec<u32> = uids.into_iter().collect();
        uids.sort_unstable();
        uids.dedup();
        Self::joined(uids.into_iter().map(|uid| (uid, uid)).collect())
    }

    /// `1:3,5` (RFC 3501 section 9, without `*`). What is no number is left out.
    pub(crate) fn parse(text: &str) -> Self {
        let range = |item: &str| {
            let (first, last) = item.split_once(':').unwrap_or((item, item));
            let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
            Some((first.min(last), first.max(last)))
        };
        let mut ranges: Vec<(u32, u32)> = text.split(',').filter_map(range).collect();
        ranges.sort_unstable();
        Self::joined(ranges)
    }

    /// The result of a search, plain or extended (RFC 4731).
    pub(crate) fn found(done: &Done) -> Self {
        let extended = done.named("ESEARCH").find_map(|values| {
            let at = values.iter().position(|v| v.is("ALL"))?;
            values.get(at + 1)?.text()
        });
        extended.map_or_else(|| Self::of(done.search()), |set| Self::parse(&set))
    }

    fn joined(ranges: Vec<(u32, u32)>) -> Self {
        let mut out: Vec<(u32, u32)> = Vec::new();
        for (first, last) in ranges {
            match out.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => out.push((first, last)),
            }
        }
        Self(out)
    }

    /// How many.
    pub(crate) fn len(&self) -> u64 {
        self.0.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// From the highest down, `take` of them after the first `skip`.
    pub(crate) fn newest(&self, skip: u64, take: usize) -> Self {
        let mut skip = skip;
        let mut uids = Vec::with_capacity(take);
        for (first, last) in self.0.iter().rev() {
            let length = u64::from(last - first) + 1;
            if skip >= length {
                skip -= length;
                continue;
            }
            let from = last - u32::try_from(skip).unwrap_or(u32::MAX);
            skip = 0;
            uids.extend((*first..=from).rev().take(take - uids.len()));
            if uids.len() == take {
                break;
            }
        }
        Self::of(uids)
    }

    /// The highest.
    pub(crate) fn last(&self) -> Option<u32> {
        self.0.last().map(|(_, last)| *last)
    }

    /// Whether it is one of them.
    pub(crate) fn contains(&self, uid: u32) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&uid))
    }

    /// All of both.
    pub(crate) fn joined_with(self, other: Self) -> Self {
        let mut ranges = self.0;
        ranges.extend(other.0);
        ranges.sort_unstable();
        Self::joined(ranges)
    }

    /// Those that are in `all` too.
    pub(crate) fn within(&self, all: &Self) -> Self {
        let mut common = Vec::new();
        let mut others = all.0.iter().peekable();
        for &(first, last) in &self.0 {
            while let Some(&&(from, to)) = others.peek() {
                if from > last {
                    break;
                }
                if to >= first {
                    common.push((first.max(from), last.min(to)));
                }
                if to > last {
                    break;
                }
                others.next();
            }
        }
        Self(common)
    }

    /// In ascending order, in parts of at most `count`.
    pub(crate) fn parts(&self, count: u32) -> Vec<Self> {
        let mut parts = Vec::new();
        let (mut part, mut room) = (Vec::new(), count);
        for &(first, last) in &self.0 {
            let mut from = first;
            loop {
                let to = last.min(from.saturating_add(room - 1));
                part.push((from, to));
                room -= to - from + 1;
                if room == 0 {
                    parts.push(Self(std::mem::take(&mut part)));
                    room = count;
                }
                if to == last {
                    break;
                }
                from = to + 1;
            }
        }
        if !part.is_empty() {
            parts.push(Self(part));
        }
        parts
    }

    /// As IMAP takes it.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (first, last) in &self.0 {
            if !text.is_empty() {
                text.push(',');
            }
            let _ = if first == last { write!(text, "{first}") } else { write!(text, "{first}:{last}") };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::UidSet;

    #[test]
    fn pages_come_from_the_top() {
        let set = UidSet::parse("1:10,20,30:32");
        assert_eq!(set.len(), 14);
        assert_eq!(set.newest(0, 4).text(), "20,30:32");
        assert_eq!(set.newest(3, 3).text(), "9:10,20");
        assert_eq!(set.newest(12, 5).text(), "1:2");
        assert!(set.newest(14, 5).is_empty());
        assert_eq!(UidSet::of([3, 1, 2, 9]).text(), "1:3,9");
        assert!(UidSet::parse("x,,*:3").is_empty());
    }

    #[test]
    fn parts_hold_all_of_it_in_order() {
        let parts =
            |text: &str, count| UidSet::parse(text).parts(count).iter().map(UidSet::text).collect::<Vec<_>>().join(" ");
        assert_eq!(parts("1:10,20,30:32", 4), "1:4 5:8 9:10,20,30 31:32");
        assert_eq!(parts("5", 1), "5");
        assert_eq!(parts("", 3), "");
        assert_eq!(parts("4294967294:4294967295", 5), "4294967294:4294967295");
        assert_eq!(UidSet::parse("1:10,20,30:40").within(&UidSet::parse("5:25,33,39:50")).text(), "5:10,20,33,39:40");
        assert_eq!(UidSet::parse("1:3").joined_with(UidSet::parse("4,9")).text(), "1:4,9");
        assert_eq!((UidSet::parse("1:3,9").last(), UidSet::parse("1:3,9").contains(2)), (Some(9), true));
    }
}
