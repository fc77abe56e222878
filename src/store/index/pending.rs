//! Commits that are on disk and visible, yet not in the index: applying costs more than logging, so it follows behind.

use crate::{
    backend::Tree,
    tx::{Changes, Rows, overlay},
};
use bytes::Bytes;
use std::sync::{Arc, PoisonError, RwLock};

/// Changes between the log and the index. A reader asks here first and the index second, in this order: a row leaves here
/// only once the index has it.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    changes: RwLock<Changes>,
}

impl Pending {
    /// The value of a key, if it is pending; inside, `None` is a deletion.
    pub(crate) fn get(&self, tree: Tree, key: &[u8]) -> Option<Option<Bytes>> {
        let changes = self.changes.read().unwrap_or_else(PoisonError::into_inner);
        changes.tree(tree).get(key).map(|slot| slot.value.clone())
    }

    /// Lays what is pending now over the rows that `base` then gives.
    pub(crate) fn scan(
        &self,
        tree: Tree,
        start: &[u8],
        end: Option<&[u8]>,
        reverse: bool,
        base: impl FnOnce() -> Rows<'static>,
    ) -> Rows<'static> {
        let changes = self.changes.read().unwrap_or_else(PoisonError::into_inner);
        let rows = changes.range(tree, start, end);
        let rows: Vec<_> = if reverse { rows.rev().collect() } else { rows.collect() };
        drop(changes);
        overlay(base(), rows.into_iter(), reverse)
    }

    /// Adds the changes of a group.
    pub(crate) fn add(&self, group: &Changes) {
        self.changes.write().unwrap_or_else(PoisonError::into_inner).merge(group);
    }

    /// Removes the changes of groups that the index holds now.
    pub(crate) fn applied(&self, groups: &[Arc<Changes>]) {
        let mut changes = self.changes.write().unwrap_or_else(PoisonError::into_inner);
        groups.iter().for_each(|group| changes.forget(group));
    }
}
