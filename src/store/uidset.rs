//! Sets of UIDs as sorted ranges: small for mailboxes of any size as long as UIDs are dense.

use crate::Uid;
use serde::{Deserialize, Serialize};

/// A set of UIDs, kept as sorted, disjoint, non-adjacent inclusive ranges. Position in it is the message sequence number less one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UidSet {
    ranges: Vec<(Uid, Uid)>,
}

impl UidSet {
    /// Adds a UID.
    pub fn insert(&mut self, _uid: Uid) {
        todo!()
    }
    /// Adds an inclusive range.
    pub fn insert_range(&mut self, _first: Uid, _last: Uid) {
        todo!()
    }
    /// Removes a UID; whether it was there.
    pub fn remove(&mut self, _uid: Uid) -> bool {
        todo!()
    }
    /// Whether it holds the UID.
    pub fn contains(&self, _uid: Uid) -> bool {
        todo!()
    }
    /// Number of UIDs.
    pub fn len(&self) -> usize {
        todo!()
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
    /// The `index`-th UID from 0 (message sequence number less one). Logarithmic in the number of ranges is enough; linear in ranges is allowed.
    pub fn nth(&self, _index: usize) -> Option<Uid> {
        todo!()
    }
    /// Inverse of [`UidSet::nth`].
    pub fn position(&self, _uid: Uid) -> Option<usize> {
        todo!()
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
    pub fn intersection(&self, _other: &Self) -> Self {
        todo!()
    }
    /// Those in either.
    pub fn union(&self, _other: &Self) -> Self {
        todo!()
    }
    /// Those here and not in `other`.
    pub fn difference(&self, _other: &Self) -> Self {
        todo!()
    }
}

impl FromIterator<Uid> for UidSet {
    fn from_iter<I: IntoIterator<Item = Uid>>(uids: I) -> Self {
        let mut set = Self::default();
        for uid in uids {
            set.insert(uid);
        }
        set
    }
}
