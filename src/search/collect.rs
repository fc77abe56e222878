//! What is gathered of the messages that a query hits: numbers alone.

use crate::schema::{MODSEQ, PLACE, RECEIVED, of_place};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    sync::Arc,
};
use store::{MailboxId, Uid, UidSet};
use tantivy::{
    DocId, Score, SegmentOrdinal, SegmentReader,
    collector::{Collector, SegmentCollector},
    columnar::ColumnValues,
};

type Numbers<T> = Arc<dyn ColumnValues<T>>;

/// Places of all messages hit, with their worth where that is wanted.
pub(crate) struct Places {
    pub(crate) is_scored: bool,
}

pub(crate) struct SegmentPlaces {
    place: Numbers<u64>,
    found: Vec<(u64, Score)>,
}

impl Collector for Places {
    type Fruit = Vec<(u64, Score)>;
    type Child = SegmentPlaces;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<SegmentPlaces> {
        Ok(SegmentPlaces { place: segment.fast_fields().column_first_or_default(PLACE)?, found: Vec::new() })
    }

    fn requires_scoring(&self) -> bool {
        self.is_scored
    }

    fn merge_fruits(&self, parts: Vec<Vec<(u64, Score)>>) -> tantivy::Result<Vec<(u64, Score)>> {
        let mut all = parts.concat();
        all.sort_unstable_by_key(|(place, _)| *place);
        Ok(all)
    }
}

impl SegmentCollector for SegmentPlaces {
    type Fruit = Vec<(u64, Score)>;

    fn collect(&mut self, doc: DocId, score: Score) {
        self.found.push((self.place.get_val(doc), score));
    }

    fn harvest(self) -> Vec<(u64, Score)> {
        self.found
    }
}

/// Places, ascending, as sets of UIDs.
pub(crate) fn by_mailbox(places: &[(u64, Score)]) -> BTreeMap<MailboxId, UidSet> {
    let same_mailbox = |a: &(u64, Score), b: &(u64, Score)| of_place(a.0).0 == of_place(b.0).0;
    let sets = places.chunk_by(same_mailbox);
    sets.map(|part| {
        (of_place(part[0].0).0, part.iter().map(|(place, _)| of_place(*place).1).map(|uid| (uid, uid)).collect())
    })
    .collect()
}

/// A message with its internal date, milliseconds since 1970. The newest is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dated {
    /// Internal date, milliseconds since 1970.
    pub received: i64,
    /// Mailbox.
    pub mailbox: MailboxId,
    /// UID.
    pub uid: Uid,
}

/// The newest of some messages; no more are kept than are wanted.
#[derive(Debug)]
pub struct Newest {
    wanted: usize,
    kept: BinaryHeap<Reverse<Dated>>,
}

impl Newest {
    /// Of all that is put in, at most so many.
    pub fn new(wanted: usize) -> Self {
        Self { wanted, kept: BinaryHeap::new() }
    }

    /// Puts one in.
    pub fn put(&mut self, message: Dated) {
        if self.kept.len() < self.wanted {
            self.kept.push(Reverse(message));
        } else if self.kept.peek().is_some_and(|least| least.0 < message) {
            self.kept.pop();
            self.kept.push(Reverse(message));
        }
    }

    /// Those that are kept, the newest first.
    pub fn into_sorted(self) -> Vec<Dated> {
        self.kept.into_sorted_vec().into_iter().map(|Reverse(message)| message).collect()
    }
}

/// The newest messages of some sets.
pub(crate) struct NewestOf {
    pub(crate) among: Arc<BTreeMap<MailboxId, UidSet>>,
    pub(crate) wanted: usize,
}

pub(crate) struct SegmentNewest {
    among: Arc<BTreeMap<MailboxId, UidSet>>,
    place: Numbers<u64>,
    received: Numbers<i64>,
    newest: Newest,
}

impl Collector for NewestOf {
    type Fruit = Newest;
    type Child = SegmentNewest;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<SegmentNewest> {
        Ok(SegmentNewest {
            among: self.among.clone(),
            place: segment.fast_fields().column_first_or_default(PLACE)?,
            received: segment.fast_fields().column_first_or_default(RECEIVED)?,
            newest: Newest::new(self.wanted),
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, parts: Vec<Newest>) -> tantivy::Result<Newest> {
        let mut all = Newest::new(self.wanted);
        parts.into_iter().flat_map(|part| part.kept).for_each(|Reverse(message)| all.put(message));
        Ok(all)
    }
}

impl SegmentCollector for SegmentNewest {
    type Fruit = Newest;

    fn collect(&mut self, doc: DocId, _: Score) {
        let (mailbox, uid) = of_place(self.place.get_val(doc));
        if self.among.get(&mailbox).is_some_and(|set| set.contains(uid)) {
            self.newest.put(Dated { received: self.received.get_val(doc), mailbox, uid });
        }
    }

    fn harvest(self) -> Newest {
        self.newest
    }
}

/// The mod-sequence of the entry that tells how far an account is in the index.
pub(crate) struct Position;

pub(crate) struct SegmentPosition {
    modseq: Numbers<u64>,
    found: Option<u64>,
}

impl Collector for Position {
    type Fruit = Option<u64>;
    type Child = SegmentPosition;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<SegmentPosition> {
        Ok(SegmentPosition { modseq: segment.fast_fields().column_first_or_default(MODSEQ)?, found: None })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, parts: Vec<Option<u64>>) -> tantivy::Result<Option<u64>> {
        Ok(parts.into_iter().flatten().max())
    }
}

impl SegmentCollector for SegmentPosition {
    type Fruit = Option<u64>;

    fn collect(&mut self, doc: DocId, _: Score) {
        self.found = self.found.max(Some(self.modseq.get_val(doc)));
    }

    fn harvest(self) -> Option<u64> {
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept() {
        let mut newest = Newest::new(2);
        for received in [3, 9, 1, 7] {
            newest.put(Dated { received, mailbox: MailboxId(1), uid: 1 });
        }
        assert_eq!(newest.into_sorted().iter().map(|message| message.received).collect::<Vec<_>>(), [9, 7]);
        let mut none = Newest::new(0);
        none.put(Dated { received: 1, mailbox: MailboxId(1), uid: 1 });
        assert!(none.into_sorted().is_empty());
    }
}
