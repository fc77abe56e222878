//! What is under way: which entries are taken, which groups wait for which destination, how many workers each has.

use crate::route::Destination;
use mail::address::ReversePath;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};
use store::{BodyId, SpoolId, TraceId, spool::SpoolEntry};

/// Recipients of one transaction: more are not sure to be taken (RFC 5321 section 4.5.3.1.8).
pub(crate) const GROUP_MAX: usize = 100;

/// Entries of one message to one destination, sent in one transaction.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) ids: Vec<SpoolId>,
}

/// Shared by the loop and its workers. Nothing in it needs to survive: the spool says it all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Board {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    taken: HashSet<SpoolId>,
    /// Those of `taken` that a worker has in hand.
    in_hand: HashSet<SpoolId>,
    waiting: HashMap<Destination, VecDeque<Group>>,
    running: HashMap<Destination, usize>,
    /// Deliveries at once to destinations that have asked for less; they grow back with what is taken.
    slowed: HashMap<Destination, usize>,
    workers: usize,
}

/// Destinations that are remembered as slowed.
const SLOWED_MAX: usize = 10_000;

/// A worker's place; dropping it gives the place back, also when the worker panics.
#[derive(Debug)]
pub(crate) struct Slot {
    board: Board,
    pub(crate) destination: Destination,
}

/// A group that a worker has in hand; dropping it frees its entries.
#[derive(Debug)]
pub(crate) struct Held {
    board: Board,
    pub(crate) ids: Vec<SpoolId>,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every critical section leaves the maps whole, so a poisoned lock can be used on.
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Number of entries taken.
    pub(crate) fn taken(&self) -> usize {
        self.lock().taken.len()
    }

    /// Whether a worker has the entry in hand: its server may be about to take it.
    pub(crate) fn in_hand(&self, id: SpoolId) -> bool {
        self.lock().in_hand.contains(&id)
    }

    /// Those of the entries that are not taken.
    pub(crate) fn free(&self, entries: Vec<SpoolEntry>) -> Vec<SpoolEntry> {
        let inner = self.lock();
        entries.into_iter().filter(|entry| !inner.taken.contains(&entry.id)).collect()
    }

    /// Takes entries, in groups of one message and sender for each destination.
    pub(crate) fn take(&self, entries: Vec<(Destination, SpoolEntry)>) {
        let mut groups: HashMap<(Destination, BodyId, TraceId, ReversePath), Vec<SpoolId>> = HashMap::new();
        let mut order = Vec::new();
        let mut inner = self.lock();
        for (destination, entry) in entries {
            if inner.taken.insert(entry.id) {
                let group = (destination, entry.body, entry.trace, entry.reverse_path);
                let ids = groups.entry(group.clone()).or_default();
                if ids.is_empty() {
                    order.push(group);
                }
                ids.push(entry.id);
            }
        }
        // What was due first goes first.
        for group in order {
            let ids = groups.remove(&group).unwrap_or_default();
            let waiting = inner.waiting.entry(group.0).or_default();
            waiting.extend(ids.chunks(GROUP_MAX).map(|ids| Group { ids: ids.to_vec() }));
        }
    }

    /// Places for new workers, within the bounds.
    pub(crate) fn places(&self, per_destination_max: usize, workers_max: usize) -> Vec<Slot> {
        let mut inner = self.lock();
        let mut slots = Vec::new();
        let wanted: Vec<(Destination, usize)> =
            inner.waiting.iter().map(|(destination, groups)| (destination.clone(), groups.len())).collect();
        for (destination, groups) in wanted {
            let running = inner.running.get(&destination).copied().unwrap_or(0);
            let most = inner.slowed.get(&destination).copied().unwrap_or(per_destination_max).min(per_destination_max);
            let more = most.min(groups + running).saturating_sub(running);
            for _ in 0..more.min(workers_max.saturating_sub(inner.workers)) {
                *inner.running.entry(destination.clone()).or_default() += 1;
                inner.workers += 1;
                slots.push(Slot { board: self.clone(), destination: destination.clone() });
            }
        }
        slots
    }
}

impl Slot {
    /// The destination does not answer, or asks for less: half as many deliveries at once from now on, one at least. Whether
    /// this worker is one too many now.
    pub(crate) fn slow_down(&self) -> bool {
        let mut inner = self.board.lock();
        let running = inner.running.get(&self.destination).copied().unwrap_or(1);
        if inner.slowed.len() >= SLOWED_MAX && !inner.slowed.contains_key(&self.destination) {
            inner.slowed.clear();
        }
        let most = inner.slowed.get(&self.destination).copied().unwrap_or(running).min(running).div_ceil(2).max(1);
        inner.slowed.insert(self.destination.clone(), most);
        running > most
    }

    /// The destination has taken a message: one delivery more at once, up to the bound.
    pub(crate) fn speed_up(&self, per_destination_max: usize) {
        let mut inner = self.board.lock();
        if let Some(most) = inner.slowed.get_mut(&self.destination) {
            *most += 1;
            if *most >= per_destination_max {
                inner.slowed.remove(&self.destination);
            }
        }
    }

    /// The next group for this worker.
    pub(crate) fn next(&self) -> Option<Held> {
        let mut inner = self.board.lock();
        let waiting = inner.waiting.get_mut(&self.destination)?;
        let group = waiting.pop_front();
        if waiting.is_empty() {
            inner.waiting.remove(&self.destination);
        }
        let group = group?;
        inner.in_hand.extend(&group.ids);
        drop(inner);
        Some(Held { board: self.board.clone(), ids: group.ids })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut inner = self.board.lock();
        inner.workers = inner.workers.saturating_sub(1);
        if let Some(running) = inner.running.get_mut(&self.destination) {
            *running = running.saturating_sub(1);
            if *running == 0 {
                inner.running.remove(&self.destination);
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut inner = self.board.lock();
        for id in &self.ids {
            inner.taken.remove(id);
            inner.in_hand.remove(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_that_asks_for_less_gets_less_until_it_takes_more() {
        let (board, there) = (Board::default(), Destination::Domain("elsewhere.test".into()));
        let waiting = (0..20).map(|id| Group { ids: vec![SpoolId(id)] }).collect();
        board.lock().waiting.insert(there, waiting);
        let mut slots = board.places(8, 100);
        assert_eq!(slots.len(), 8);
        assert!(slots[0].slow_down() && slots[0].slow_down() && slots[0].slow_down());
        slots.truncate(1);
        assert!(board.places(8, 100).is_empty(), "one at once now");
        slots[0].speed_up(8);
        let more = board.places(8, 100);
        assert_eq!(more.len(), 1);
        assert!(slots[0].slow_down(), "two run, one is enough");
        drop(more);
        assert!(!slots[0].slow_down(), "one is left always");
        (0..8).for_each(|_| slots[0].speed_up(8));
        assert_eq!(board.places(8, 100).len(), 7);
    }
}
