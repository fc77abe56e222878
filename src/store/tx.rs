//! What a commit may do, and the two reads that it shares with the store. The methods that change content stand with their
//! content: [`crate::mailbox`], [`crate::message`], [`crate::spool`], [`crate::record`], [`crate::trace`], [`crate::vault`].

use crate::{AccountId, Error, ModSeq, NewBody, backend::Tree};
use bytes::Bytes;
use std::{cmp::Ordering, collections::BTreeMap, iter::Peekable, ops::Bound};

/// A key and its value.
pub(crate) type Row = (Bytes, Bytes);
/// Rows of one tree in order, or the error that ended them.
pub(crate) type Rows<'a> = Box<dyn Iterator<Item = Result<Row, Error>> + 'a>;

/// Ordered reads of the trees; content reads are written once against it and serve [`crate::Store`] and [`Tx`] alike.
pub(crate) trait Read {
    /// The value of a key.
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Bytes>, Error>;

    /// Rows from `start` (inclusive) to `end` (exclusive; `None` is the end of the tree), descending when `reverse`.
    fn scan(&self, tree: Tree, start: &[u8], end: Option<&[u8]>, reverse: bool) -> Rows<'_>;

    /// Rows from `start` up to before `end`, ascending.
    fn range(&self, tree: Tree, start: &[u8], end: &[u8]) -> Rows<'_> {
        self.scan(tree, start, Some(end), false)
    }
    /// Rows whose key begins with `prefix`, ascending.
    fn prefix(&self, tree: Tree, prefix: &[u8]) -> Rows<'_> {
        self.scan(tree, prefix, prefix_end(prefix).as_deref(), false)
    }
    /// Rows whose key begins with `prefix`, descending.
    fn prefix_rev(&self, tree: Tree, prefix: &[u8]) -> Rows<'_> {
        self.scan(tree, prefix, prefix_end(prefix).as_deref(), true)
    }
}

/// The first key after all keys that begin with `prefix`; `None` when there is none.
pub(crate) fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let kept = prefix.iter().rposition(|&byte| byte != 0xff)? + 1;
    let mut end = prefix[..kept].to_vec();
    end[kept - 1] += 1;
    Some(end)
}

/// The newest value of a key in a set of changes; `None` means deleted.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) value: Option<Bytes>,
    /// Commit that wrote it.
    pub(crate) number: u64,
}

/// Changes of some commits, the newest for each key.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    trees: [BTreeMap<Bytes, Slot>; Tree::ALL.len()],
}

impl Changes {
    pub(crate) fn tree(&self, tree: Tree) -> &BTreeMap<Bytes, Slot> {
        &self.trees[tree as usize]
    }
    pub(crate) fn tree_mut(&mut self, tree: Tree) -> &mut BTreeMap<Bytes, Slot> {
        &mut self.trees[tree as usize]
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.trees.iter().all(BTreeMap::is_empty)
    }
    pub(crate) fn len(&self) -> usize {
        self.trees.iter().map(BTreeMap::len).sum()
    }
    /// The rows between two keys, deleted ones too.
    pub(crate) fn range<'s>(
        &'s self,
        tree: Tree,
        start: &[u8],
        end: Option<&[u8]>,
    ) -> impl DoubleEndedIterator<Item = (Bytes, Option<Bytes>)> + use<'s> {
        // BTreeMap panics on an inverted range; here it is an empty one.
        let inverted = end.is_some_and(|end| end < start);
        let bounds = (Bound::Included(start), end.map_or(Bound::Unbounded, Bound::Excluded));
        let bounds = if inverted { (Bound::Included(start), Bound::Excluded(start)) } else { bounds };
        self.tree(tree).range::<[u8], _>(bounds).map(|(key, slot)| (key.clone(), slot.value.clone()))
    }
    /// Takes over the changes of a later set.
    pub(crate) fn merge(&mut self, later: &Self) {
        for (tree, rows) in self.trees.iter_mut().zip(&later.trees) {
            for (key, slot) in rows {
                tree.insert(key.clone(), slot.clone());
            }
        }
    }
    /// Forgets what `applied` holds, except where a later commit wrote.
    pub(crate) fn forget(&mut self, applied: &Self) {
        for (tree, rows) in self.trees.iter_mut().zip(&applied.trees) {
            for (key, slot) in rows {
                if tree.get(key).is_some_and(|here| here.number <= slot.number) {
                    tree.remove(key);
                }
            }
        }
    }
}

/// Lays changes over rows: a change hides the row of the same key, a deletion hides it altogether.
pub(crate) fn overlay<'a>(
    base: Rows<'a>,
    changes: impl Iterator<Item = (Bytes, Option<Bytes>)> + 'a,
    reverse: bool,
) -> Rows<'a> {
    let mut changes = changes.peekable();
    if changes.peek().is_none() {
        return base;
    }
    Box::new(Overlay { base: base.peekable(), changes, reverse })
}

struct Overlay<'a, C: Iterator<Item = (Bytes, Option<Bytes>)>> {
    base: Peekable<Rows<'a>>,
    changes: Peekable<C>,
    reverse: bool,
}

impl<C: Iterator<Item = (Bytes, Option<Bytes>)>> Iterator for Overlay<'_, C> {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let order = match (self.base.peek(), self.changes.peek()) {
                (None, None) => return None,
                (Some(_), None) | (Some(Err(_)), _) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(Ok((base, _))), Some((change, _))) if self.reverse => change.cmp(base),
                (Some(Ok((base, _))), Some((change, _))) => base.cmp(change),
            };
            if order == Ordering::Less {
                return self.base.next();
            }
            if order == Ordering::Equal {
                self.base.next();
            }
            if let Some((key, Some(value))) = self.changes.next() {
                return Some(Ok((key, value)));
            }
        }
    }
}

/// One commit in the making: reads see the committed state and what this commit has changed so far.
pub struct Tx<'a> {
    base: &'a dyn Read,
    /// What the earlier commits of the group and this one changed.
    changes: &'a mut Changes,
    /// What stood in `changes` before this commit touched the key; the keys are this commit's keys.
    undo: Vec<(Tree, Bytes, Option<Slot>)>,
    pub(crate) bodies: &'a [NewBody],
    number: u64,
    touched: Vec<(AccountId, ModSeq)>,
    spool: bool,
}

/// Who is to be woken once a commit is visible.
#[derive(Default)]
pub(crate) struct Effects {
    pub(crate) touched: Vec<(AccountId, ModSeq)>,
    pub(crate) spool: bool,
}

impl Read for Tx<'_> {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Bytes>, Error> {
        match self.changes.tree(tree).get(key) {
            Some(slot) => Ok(slot.value.clone()),
            None => self.base.get(tree, key),
        }
    }
    fn scan(&self, tree: Tree, start: &[u8], end: Option<&[u8]>, reverse: bool) -> Rows<'_> {
        let base = self.base.scan(tree, start, end, reverse);
        let changes = self.changes.range(tree, start, end);
        if reverse { overlay(base, changes.rev(), true) } else { overlay(base, changes, false) }
    }
}

impl<'a> Tx<'a> {
    pub(crate) fn new(base: &'a dyn Read, changes: &'a mut Changes, bodies: &'a [NewBody], number: u64) -> Self {
        Self { base, changes, undo: Vec::new(), bodies, number, touched: Vec::new(), spool: false }
    }

    /// Writes a row. Values stay under 16 KB.
    pub(crate) fn put(&mut self, tree: Tree, key: &[u8], value: impl Into<Bytes>) {
        self.set(tree, key, Some(value.into()));
    }

    /// Removes a row, if it is there.
    pub(crate) fn delete(&mut self, tree: Tree, key: &[u8]) {
        self.set(tree, key, None);
    }

    fn set(&mut self, tree: Tree, key: &[u8], value: Option<Bytes>) {
        let number = self.number;
        let rows = self.changes.tree_mut(tree);
        if let Some(slot) = rows.get_mut(key) {
            let before = std::mem::replace(slot, Slot { value, number });
            if before.number != number {
                self.undo.push((tree, Bytes::copy_from_slice(key), Some(before)));
            }
        } else {
            let key = Bytes::copy_from_slice(key);
            rows.insert(key.clone(), Slot { value, number });
            self.undo.push((tree, key, None));
        }
    }

    /// Publishes to those who watch the account, once this commit is visible, that it has come to `modseq`.
    pub(crate) fn touch(&mut self, account: AccountId, modseq: ModSeq) {
        match self.touched.iter_mut().find(|(touched, _)| *touched == account) {
            Some(entry) => entry.1 = modseq,
            None => self.touched.push((account, modseq)),
        }
    }

    /// What [`Tx::touch`] was given for the account in this commit.
    pub(crate) fn touched(&self, account: AccountId) -> Option<ModSeq> {
        self.touched.iter().find(|(touched, _)| *touched == account).map(|&(_, modseq)| modseq)
    }

    /// Wakes those who watch the spool, once this commit is visible.
    pub(crate) fn spool_touch(&mut self) {
        self.spool = true;
    }

    /// The rows that this commit changed, each once, with their new value.
    pub(crate) fn changed(&self) -> impl Iterator<Item = (Tree, &Bytes, Option<&Bytes>)> {
        self.undo.iter().map(|(tree, key, _)| {
            let slot = self.changes.tree(*tree).get(key);
            (*tree, key, slot.and_then(|slot| slot.value.as_ref()))
        })
    }

    /// Leaves the changes in the group and hands out what follows.
    pub(crate) fn finish(self) -> Effects {
        Effects { touched: self.touched, spool: self.spool }
    }

    /// Takes all changes back.
    pub(crate) fn undo(self) {
        for (tree, key, before) in self.undo {
            match before {
                Some(slot) => self.changes.tree_mut(tree).insert(key, slot),
                None => self.changes.tree_mut(tree).remove(&key),
            };
        }
    }
}
