//! REFERENCES (RFC 5256 section 3), step by step as it stands there.

use super::{Entry, Forest, Index, Node};
use std::collections::HashMap;

/// Ancestors that are looked at to see whether a link would close a loop; a longer way counts as a loop, so that no mailbox
/// takes quadratic time.
const ANCESTORS_MAX: usize = 1000;

/// The threads of these messages.
pub(crate) fn by_references(entries: Vec<Entry>) -> Forest {
    let mut threader = Threader { nodes: Vec::with_capacity(entries.len() * 2), roots: Vec::new(), entries };
    threader.link();
    // Step 2.
    threader.roots = (0..threader.nodes.len()).filter(|&index| threader.nodes[index].parent.is_none()).collect();
    threader.prune();
    threader.sort();
    threader.gather_subjects();
    threader.sort();
    let uids = threader.entries.iter().map(|entry| entry.uid).collect();
    Forest { nodes: threader.nodes, roots: threader.roots, uids }
}

struct Threader {
    entries: Vec<Entry>,
    nodes: Vec<Node>,
    roots: Vec<Index>,
}

impl Threader {
    /// Step 1: parents by message-ids. Messages come first among the nodes, then those that are only named. Children are
    /// noted at the end, when no link changes any more.
    fn link(&mut self) {
        self.nodes = (0..self.entries.len()).map(|entry| Node { entry: Some(entry), ..Node::default() }).collect();
        let entries = std::mem::take(&mut self.entries);
        let mut is_parent = vec![false; entries.len()];
        let mut by_id: HashMap<&str, Index> = HashMap::with_capacity(entries.len() * 2);
        for (index, entry) in entries.iter().enumerate() {
            // Of messages with one id the first has it; the others count as having none.
            if let Some(id) = &entry.id {
                by_id.entry(id).or_insert(index);
            }
        }
        for (index, entry) in entries.iter().enumerate() {
            let mut parent = None;
            for id in &entry.references {
                let node = *by_id.entry(id).or_insert_with(|| {
                    self.nodes.push(Node::default());
                    is_parent.push(false);
                    self.nodes.len() - 1
                });
                // (A): what others have said of a message's parent stands.
                if self.nodes[node].parent.is_none() {
                    self.link_to(parent, node, &mut is_parent);
                }
                parent = Some(node);
            }
            // (B): the message itself knows its parent best, even where that closes a loop and leaves it without one.
            if parent.is_some() {
                self.nodes[index].parent = None;
            }
            self.link_to(parent, index, &mut is_parent);
        }
        for index in 0..self.nodes.len() {
            if let Some(parent) = self.nodes[index].parent {
                self.nodes[parent].children.push(index);
            }
        }
        self.entries = entries;
    }

    /// Makes `child` a child of `parent`, unless that would close a loop.
    fn link_to(&mut self, parent: Option<Index>, child: Index, is_parent: &mut [bool]) {
        let Some(parent) = parent else { return };
        if !(is_parent[child] && self.is_ancestor(child, parent)) && parent != child {
            self.nodes[child].parent = Some(parent);
            is_parent[parent] = true;
        }
    }

    fn is_ancestor(&self, of: Index, index: Index) -> bool {
        let mut at = index;
        for _ in 0..ANCESTORS_MAX {
            match self.nodes[at].parent {
                None => return false,
                Some(above) if above == of => return true,
                Some(above) => at = above,
            }
        }
        true
    }

    fn adopt(&mut self, parent: Index, child: Index) {
        self.nodes[child].parent = Some(parent);
        self.nodes[parent].children.push(child);
    }

    /// All nodes below the roots, each before its children.
    fn top_down(&self) -> Vec<Index> {
        let mut order = self.roots.clone();
        let mut at = 0;
        while let Some(&index) = order.get(at) {
            order.extend_from_slice(&self.nodes[index].children);
            at += 1;
        }
        order
    }

    /// Step 3: what is missing and holds nothing goes; what is missing elsewhere than at the top gives its place to its
    /// children; at the top it does so when it has only one.
    fn prune(&mut self) {
        for index in self.top_down().into_iter().rev() {
            let children = std::mem::take(&mut self.nodes[index].children);
            let mut kept = Vec::with_capacity(children.len());
            for child in children {
                if self.nodes[child].entry.is_some() {
                    kept.push(child);
                } else {
                    kept.append(&mut self.nodes[child].children);
                }
            }
            kept.iter().for_each(|&child| self.nodes[child].parent = Some(index));
            self.nodes[index].children = kept;
        }
        let mut roots = Vec::with_capacity(self.roots.len());
        for root in std::mem::take(&mut self.roots) {
            match (self.nodes[root].entry, self.nodes[root].children.as_slice()) {
                (None, []) => {}
                (None, &[only]) => {
                    self.nodes[only].parent = None;
                    roots.push(only);
                }
                _ => roots.push(root),
            }
        }
        self.roots = roots;
    }

    /// Steps 4 and 6: siblings by date; what is missing has the date of its first child.
    fn sort(&mut self) {
        for index in self.top_down().into_iter().rev() {
            let mut children = std::mem::take(&mut self.nodes[index].children);
            children.sort_by_cached_key(|&child| self.date(child));
            self.nodes[index].children = children;
        }
        let mut roots = std::mem::take(&mut self.roots);
        roots.sort_by_cached_key(|&root| self.date(root));
        self.roots = roots;
    }

    /// The message that stands for a node: its own, else that of its first child.
    fn entry(&self, index: Index) -> Option<&Entry> {
        let mut at = index;
        loop {
            match self.nodes[at].entry {
                Some(entry) => return self.entries.get(entry),
                None => at = *self.nodes[at].children.first()?,
            }
        }
    }

    fn date(&self, index: Index) -> (i64, store::Uid) {
        self.entry(index).map_or((i64::MAX, 0), |entry| (entry.sent, entry.uid))
    }

    fn is_dummy(&self, index: Index) -> bool {
        self.nodes[index].entry.is_none()
    }

    fn is_reply(&self, index: Index) -> bool {
        self.entry(index).is_some_and(|entry| entry.is_reply)
    }

    fn subject(&self, index: Index) -> Option<Box<str>> {
        self.entry(index).map(|entry| entry.subject.clone()).filter(|subject| !subject.is_empty())
    }

    /// Step 5: threads of one base subject are brought together.
    fn gather_subjects(&mut self) {
        let mut table: HashMap<Box<str>, Index> = HashMap::new();
        for &root in &self.roots {
            let Some(subject) = self.subject(root) else { continue };
            let there = table.entry(subject).or_insert(root);
            let is_better = self.is_dummy(root) || self.is_reply(*there) && !self.is_reply(root);
            if *there != root && !self.is_dummy(*there) && is_better {
                *there = root;
            }
        }
        let mut roots: Vec<Option<Index>> = self.roots.iter().copied().map(Some).collect();
        let mut places: HashMap<Index, usize> = self.roots.iter().copied().zip(0..).collect();
        for place in 0..roots.len() {
            let Some(root) = roots[place] else { continue };
            let Some(there) = self.subject(root).and_then(|subject| table.get_mut(&subject)) else { continue };
            if *there == root {
                continue;
            }
            if self.is_dummy(*there) && self.is_dummy(root) {
                for child in std::mem::take(&mut self.nodes[root].children) {
                    self.adopt(*there, child);
                }
            } else if self.is_dummy(*there) || self.is_reply(root) && !self.is_reply(*there) {
                self.adopt(*there, root);
            } else {
                // Neither is the answer to the other: both go below a place of their own.
                let first = *there;
                let dummy = self.nodes.len();
                self.nodes.push(Node::default());
                self.adopt(dummy, first);
                self.adopt(dummy, root);
                *there = dummy;
                if let Some(&of_first) = places.get(&first) {
                    roots[of_first] = Some(dummy);
                    places.insert(dummy, of_first);
                }
            }
            roots[place] = None;
        }
        self.roots = roots.into_iter().flatten().collect();
    }
}
