//! Sets of UIDs as sorted ranges: small for mailboxes of any size as long as UIDs are dense.

use crate::Uid;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;

/// A set of UIDs, kept as sorted, disjoint, non-adjacent inclusive ranges. Position in it is the message sequence number
/// less one. 0 is no UID and never in a set.
///
/// Looking up, counting and positions are logarithmic in the number of ranges; adding above the largest UID is constant;
/// other changes are linear in the ranges behind them; operations on two sets are linear in the ranges of both.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct UidSet {
    ranges: Vec<(Uid, Uid)>,
    /// For each range, how many UIDs stand before it.
    before: Vec<u32>,
}

impl UidSet {
    /// Adds a UID.
    pub fn insert(&mut self, uid: Uid) {
        self.insert_range(uid, uid);
    }

    /// Adds an inclusive range; one that ends before it begins is empty.
    pub fn insert_range(&mut self, first: Uid, last: Uid) {
        let first = first.max(1);
        if last < first {
            return;
        }
        // The common case: behind everything.
        if self.ranges.last().is_none_or(|range| range.1 < first) {
            self.push(first, last);
            return;
        }
        // Ranges from `low` to before `high` overlap or touch the new one.
        let low = self.ranges.partition_point(|range| range.1 < first - 1);
        let high = self.ranges.partition_point(|range| range.0 <= last.saturating_add(1));
        if low == high {
            self.ranges.insert(low, (first, last));
        } else {
            let merged = (first.min(self.ranges[low].0), last.max(self.ranges[high - 1].1));
            self.ranges.splice(low..high, [merged]);
        }
        self.recount(low);
    }

    /// Removes a UID; whether it was there.
    pub fn remove(&mut self, uid: Uid) -> bool {
        let there = self.contains(uid);
        if there {
            self.remove_range(uid, uid);
        }
        there
    }

    /// Removes an inclusive range.
    pub fn remove_range(&mut self, first: Uid, last: Uid) {
        let low = self.ranges.partition_point(|range| range.1 < first);
        let high = self.ranges.partition_point(|range| range.0 <= last);
        if low >= high {
            return;
        }
        let left = (self.ranges[low].0, first.saturating_sub(1));
        let right = (last.saturating_add(1), self.ranges[high - 1].1);
        let left = (left.0 < first).then_some(left);
        let right = (right.1 > last).then_some(right);
        self.ranges.splice(low..high, left.into_iter().chain(right));
        self.recount(low);
    }

    /// Whether it holds the UID.
    pub fn contains(&self, uid: Uid) -> bool {
        self.range_of(uid).is_some()
    }

    /// Number of UIDs.
    pub fn len(&self) -> usize {
        match (self.ranges.last(), self.before.last()) {
            (Some(&(first, last)), Some(&before)) => before as usize + (last - first) as usize + 1,
            _ => 0,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Smallest.
    pub fn first(&self) -> Option<Uid> {
        self.ranges.first().map(|range| range.0)
    }

    /// Largest.
    pub fn last(&self) -> Option<Uid> {
        self.ranges.last().map(|range| range.1)
    }

    /// The `index`-th UID from 0 (message sequence number less one).
    pub fn nth(&self, index: usize) -> Option<Uid> {
        let at = self.before.partition_point(|&before| before as usize <= index).checked_sub(1)?;
        let (first, last) = self.ranges[at];
        let offset = index - self.before[at] as usize;
        (offset <= (last - first) as usize).then(|| first + offset as Uid)
    }

    /// Inverse of [`UidSet::nth`].
    pub fn position(&self, uid: Uid) -> Option<usize> {
        self.range_of(uid).map(|at| self.before[at] as usize + (uid - self.ranges[at].0) as usize)
    }

    /// How many UIDs are smaller than this one, whether it is in the set or not.
    pub fn rank(&self, uid: Uid) -> usize {
        let at = self.ranges.partition_point(|range| range.1 < uid);
        match self.ranges.get(at) {
            Some(&(first, _)) => self.before[at] as usize + uid.saturating_sub(first) as usize,
            None => self.len(),
        }
    }

    /// All UIDs, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Uid> + '_ {
        self.ranges.iter().flat_map(|&(first, last)| first..=last)
    }

    /// The ranges, ascending.
    pub fn ranges(&self) -> &[(Uid, Uid)] {
        &self.ranges
    }

    /// Those in both.
    pub fn intersection(&self, other: &Self) -> Self {
        let mut set = Self::default();
        let (mut mine, mut theirs) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        while let (Some(&&(a, b)), Some(&&(c, d))) = (mine.peek(), theirs.peek()) {
            if a.max(c) <= b.min(d) {
                set.push(a.max(c), b.min(d));
            }
            if b < d {
                mine.next();
            } else {
                theirs.next();
            }
        }
        set
    }

    /// Those in either.
    pub fn union(&self, other: &Self) -> Self {
        let mut set = Self::default();
        let (mut mine, mut theirs) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        loop {
            let from_mine = match (mine.peek(), theirs.peek()) {
                (Some(a), Some(b)) => a.0 <= b.0,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => return set,
            };
            let next = if from_mine { mine.next() } else { theirs.next() };
            if let Some(&(first, last)) = next {
                set.push(first, last);
            }
        }
    }

    /// Those here and not in `other`.
    pub fn difference(&self, other: &Self) -> Self {
        let mut set = Self::default();
        let mut theirs = other.ranges.iter().peekable();
        for &(first, last) in &self.ranges {
            let mut next = first;
            while theirs.next_if(|range| range.1 < next).is_some() {}
            let mut rest = true;
            while let Some(&&(a, b)) = theirs.peek() {
                if a > last {
                    break;
                }
                if next < a {
                    set.push(next, a - 1);
                }
                if b >= last {
                    // This range of theirs may reach into our next one, so it stays.
                    rest = false;
                    break;
                }
                next = b + 1;
                theirs.next();
            }
            if rest {
                set.push(next, last);
            }
        }
        set
    }

    /// The set in consecutive parts of at most `len` UIDs, so that work on a large set can be spread over commits.
    pub fn chunks(&self, len: usize) -> impl Iterator<Item = Self> + '_ {
        let len = Uid::try_from(len.max(1)).unwrap_or(Uid::MAX);
        let mut at = 0;
        let mut next = self.first().unwrap_or(1);
        std::iter::from_fn(move || {
            let mut part = Self::default();
            let mut room = len;
            while room > 0 && at < self.ranges.len() {
                let (first, last) = self.ranges[at];
                let start = next.max(first);
                let end = last.min(start.saturating_add(room - 1));
                part.push(start, end);
                room -= end - start + 1;
                if end == last {
                    at += 1;
                }
                next = end.saturating_add(1);
            }
            (!part.is_empty()).then_some(part)
        })
    }

    /// Adds a range that begins no earlier than the last one does.
    fn push(&mut self, first: Uid, last: Uid) {
        match self.ranges.last_mut() {
            Some(end) if end.1 >= first.saturating_sub(1) => end.1 = end.1.max(last),
            _ => {
                let before = self.len();
                self.ranges.push((first, last));
                // At most all UIDs but 0 are in a set.
                self.before.push(u32::try_from(before).unwrap_or(u32::MAX));
            }
        }
    }

    fn range_of(&self, uid: Uid) -> Option<usize> {
        let at = self.ranges.partition_point(|range| range.1 < uid);
        self.ranges.get(at).is_some_and(|range| range.0 <= uid).then_some(at)
    }

    /// Makes `before` right from the `from`-th range on.
    fn recount(&mut self, from: usize) {
        self.before.truncate(from);
        let mut before = match from.checked_sub(1) {
            Some(at) => self.before[at] + (self.ranges[at].1 - self.ranges[at].0 + 1),
            None => 0,
        };
        for &(first, last) in &self.ranges[from..] {
            self.before.push(before);
            // Only the very last sum could pass the end of u32, and it is not stored.
            before = before.wrapping_add(last - first + 1);
        }
    }
}

impl FromIterator<Uid> for UidSet {
    fn from_iter<I: IntoIterator<Item = Uid>>(uids: I) -> Self {
        let mut uids: Vec<Uid> = uids.into_iter().filter(|&uid| uid > 0).collect();
        uids.sort_unstable();
        let mut set = Self::default();
        for uid in uids {
            set.push(uid, uid);
        }
        set
    }
}

impl FromIterator<(Uid, Uid)> for UidSet {
    /// Inclusive ranges, in any order.
    fn from_iter<I: IntoIterator<Item = (Uid, Uid)>>(ranges: I) -> Self {
        let mut set = Self::default();
        for (first, last) in ranges {
            set.insert_range(first, last);
        }
        set
    }
}

/// As an IMAP sequence set, `1:3,7`; nothing for the empty set.
impl fmt::Display for UidSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.ranges.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}:{last}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for UidSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

/// As pairs of distance from the end of the range before, and length less one: two bytes a range where UIDs are dense.
impl Serialize for UidSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut end = 0;
        serializer.collect_seq(self.ranges.iter().map(|&(first, last)| {
            let pair = (first - end, last - first);
            end = last;
            pair
        }))
    }
}

impl<'de> Deserialize<'de> for UidSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = Vec::<(u32, u32)>::deserialize(deserializer)?;
        let mut set = Self::default();
        let mut end: Uid = 0;
        for (gap, more) in pairs {
            let first = end.checked_add(gap).filter(|&first| first > end);
            let last = first.and_then(|first| first.checked_add(more));
            let (Some(first), Some(last)) = (first, last) else {
                return Err(D::Error::custom("ranges of UIDs out of order"));
            };
            set.push(first, last);
            end = last;
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[derive(Debug, Clone)]
    enum Op {
        Insert(Uid),
        InsertRange(Uid, Uid),
        Remove(Uid),
        RemoveRange(Uid, Uid),
    }

    fn op() -> impl Strategy<Value = Op> {
        let uid = 0u32..60;
        prop_oneof![
            uid.clone().prop_map(Op::Insert),
            (uid.clone(), 0u32..12).prop_map(|(first, len)| Op::InsertRange(first, first + len)),
            uid.clone().prop_map(Op::Remove),
            (uid, 0u32..12).prop_map(|(first, len)| Op::RemoveRange(first, first + len)),
        ]
    }

    fn build(ops: &[Op]) -> (UidSet, BTreeSet<Uid>) {
        let (mut set, mut model) = (UidSet::default(), BTreeSet::new());
        for op in ops {
            match *op {
                Op::Insert(uid) => {
                    set.insert(uid);
                    model.insert(uid);
                }
                Op::InsertRange(first, last) => {
                    set.insert_range(first, last);
                    model.extend(first..=last);
                }
                Op::Remove(uid) => {
                    assert_eq!(set.remove(uid), model.remove(&uid) && uid != 0);
                }
                Op::RemoveRange(first, last) => {
                    set.remove_range(first, last);
                    model.retain(|uid| !(first..=last).contains(uid));
                }
            }
            model.remove(&0);
        }
        (set, model)
    }

    fn check(set: &UidSet, model: &BTreeSet<Uid>) {
        assert!(set.iter().eq(model.iter().copied()), "{set:?} is not {model:?}");
        assert!(set.iter().rev().eq(model.iter().rev().copied()));
        assert_eq!(set.len(), model.len());
        assert_eq!(set.is_empty(), model.is_empty());
        assert_eq!((set.first(), set.last()), (model.first().copied(), model.last().copied()));
        assert!(set.ranges().windows(2).all(|pair| pair[0].1 + 1 < pair[1].0), "{set:?} has ranges that touch");
        for (index, &uid) in model.iter().enumerate() {
            assert_eq!(set.nth(index), Some(uid));
            assert_eq!(set.position(uid), Some(index));
        }
        assert_eq!(set.nth(model.len()), None);
        for uid in 0..80 {
            assert_eq!(set.contains(uid), model.contains(&uid));
            assert_eq!(set.position(uid).is_some(), model.contains(&uid));
            assert_eq!(set.rank(uid), model.range(..uid).count());
        }
    }

    proptest! {
        #[test]
        fn behaves_as_a_set(ops in prop::collection::vec(op(), 0..60)) {
            let (set, model) = build(&ops);
            check(&set, &model);
        }

        #[test]
        fn combines_as_sets_do(left in prop::collection::vec(op(), 0..40), right in prop::collection::vec(op(), 0..40)) {
            let (a, model_a) = build(&left);
            let (b, model_b) = build(&right);
            check(&a.union(&b), &model_a.union(&model_b).copied().collect());
            check(&a.intersection(&b), &model_a.intersection(&model_b).copied().collect());
            check(&a.difference(&b), &model_a.difference(&model_b).copied().collect());
        }

        #[test]
        fn survives_encoding(ops in prop::collection::vec(op(), 0..60)) {
            let (set, _) = build(&ops);
            let bytes = postcard::to_stdvec(&set).unwrap();
            prop_assert_eq!(postcard::from_bytes::<UidSet>(&bytes).unwrap(), set);
        }

        #[test]
        fn decodes_no_nonsense(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(set) = postcard::from_bytes::<UidSet>(&bytes) {
                prop_assert!(set.ranges().iter().all(|range| 0 < range.0 && range.0 <= range.1));
                prop_assert!(set.ranges().windows(2).all(|pair| pair[0].1 < pair[1].0));
            }
        }

        #[test]
        fn chunks_are_the_set_in_order(ops in prop::collection::vec(op(), 0..60), len in 1usize..20) {
            let (set, _) = build(&ops);
            let chunks: Vec<UidSet> = set.chunks(len).collect();
            prop_assert!(chunks.iter().flat_map(UidSet::iter).eq(set.iter()));
            prop_assert!(chunks.iter().rev().skip(1).all(|chunk| chunk.len() == len));
            prop_assert!(chunks.last().is_none_or(|chunk| chunk.len() <= len));
        }

        #[test]
        fn collects_in_any_order(uids in prop::collection::vec(0u32..80, 0..60)) {
            let model = uids.iter().copied().filter(|&uid| uid > 0).collect();
            check(&uids.into_iter().collect(), &model);
        }
    }

    #[test]
    fn reaches_both_ends() {
        let mut all = UidSet::default();
        all.insert_range(0, Uid::MAX);
        assert_eq!(all.ranges(), [(1, Uid::MAX)]);
        assert_eq!(all.len(), Uid::MAX as usize);
        assert_eq!(all.nth(Uid::MAX as usize - 1), Some(Uid::MAX));
        assert!(all.remove(Uid::MAX));
        all.insert(Uid::MAX);
        assert!(all.remove(1));
        assert_eq!(all.position(Uid::MAX), Some(Uid::MAX as usize - 2));
        assert_eq!(all.to_string(), "2:4294967295");
        all.insert_range(5, 4);
        assert_eq!(all.chunks(usize::MAX).count(), 1);
    }

    #[test]
    fn shows_as_a_sequence_set() {
        assert_eq!([7, 1, 2, 3].into_iter().collect::<UidSet>().to_string(), "1:3,7");
        assert_eq!(UidSet::default().to_string(), "");
    }
}
