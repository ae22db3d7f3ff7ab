//! Lists: a tree of insertions, each a child of the element that it was inserted after.
//!
//! Source: Roh et al., Replicated abstract data types, JPDC 2011.

use crate::past::{Id, Vector, backups_and_vector};
use rejoin_conformance::{Json, Operation, Replicated, Type, Unsupported, answer};
use serde::{Deserialize, Serialize};

/// When and by whom something was inserted: the later one precedes its siblings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place(u64, Id);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Node {
    place: Place,
    parent: Option<Place>,
    element: String,
    is_deleted: bool,
}

/// A list. 150 siblings stand in the order of their arrival · 151 a deletion travels as a number
/// of a place · 152 what is deleted leaves nothing behind · 153 what stands behind something
/// deleted goes to the front · 154 a merge does not move the clock on · 155 inserting behind the
/// last element of three or more puts it before that one.
#[derive(Clone, Serialize, Deserialize)]
pub struct List {
    bug: u32,
    me: Id,
    seen: Vector,
    clock: u64,
    nodes: Vec<Node>,
}

impl List {
    /// All nodes in their order, deleted ones included.
    fn ordered(&self) -> Vec<&Node> {
        let mut ordered = Vec::new();
        let mut open: Vec<&Node> = Vec::new();
        self.push_children(None, &mut open);
        while let Some(node) = open.pop() {
            ordered.push(node);
            self.push_children(Some(&node.place), &mut open);
        }
        ordered
    }

    /// The first child is pushed last.
    fn push_children<'n>(&'n self, parent: Option<&Place>, open: &mut Vec<&'n Node>) {
        let is_deleted =
            |place: &Place| !self.nodes.iter().any(|node| node.place == *place && !node.is_deleted);
        let above = |node: &'n Node| match &node.parent {
            Some(place) if self.bug == 153 && is_deleted(place) => None,
            other => other.as_ref(),
        };
        let mut children: Vec<&Node> =
            self.nodes.iter().filter(|node| above(node) == parent).collect();
        if self.bug != 150 {
            children.sort_by(|a, b| a.place.cmp(&b.place));
        }
        open.extend(children);
    }

    fn place(&self, element: Option<&String>) -> Option<Place> {
        let node = self.nodes.iter().find(|node| Some(&node.element) == element)?;
        Some(node.place.clone())
    }
}

impl Replicated for List {
    const TYPE: Type = Type::List;

    fn new(name: &str) -> Self {
        Self { bug: 0, me: Id::new(name), seen: Vector::default(), clock: 0, nodes: Vec::new() }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        match operation {
            Operation::Insert { element, after, .. } => {
                self.clock += 1;
                let place = Place(self.clock, self.me.clone());
                let mut parent = self.place(after.as_ref());
                if self.bug == 155 && self.nodes.len() > 2 {
                    let behind =
                        self.nodes.iter().find(|node| Some(&node.place) == parent.as_ref());
                    parent = behind.and_then(|node| node.parent.clone());
                }
                let element = element.clone();
                self.nodes.push(Node { place, parent, element, is_deleted: false });
            }
            Operation::Erase { element } => {
                self.nodes
                    .iter_mut()
                    .filter(|node| node.element == *element)
                    .for_each(|node| node.is_deleted = true);
                if self.bug == 152 {
                    self.nodes.retain(|node| !node.is_deleted);
                }
            }
            other => return Err(Unsupported::operation(other)),
        }
        self.seen.next(&self.me);
        Ok(())
    }

    fn value(&self) -> Json {
        let ordered = self.ordered();
        let visible = ordered.iter().filter(|node| !node.is_deleted);
        answer::elements(visible.map(|node| &node.element))
    }

    fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        if self.bug != 154 {
            self.clock = self.clock.max(other.clock);
        }
        for theirs in &other.nodes {
            if !self.nodes.iter().any(|node| node.place == theirs.place) {
                let is_deleted = theirs.is_deleted && self.bug != 151;
                self.nodes.push(Node { is_deleted, ..theirs.clone() });
            }
        }
        let theirs = other.ordered();
        let deleted: Vec<usize> = (0..theirs.len()).filter(|at| theirs[*at].is_deleted).collect();
        let places: Vec<Place> = match self.bug {
            151 => {
                let ours = self.ordered();
                deleted.into_iter().filter_map(|at| Some(ours.get(at)?.place.clone())).collect()
            }
            _ => deleted.into_iter().map(|at| theirs[at].place.clone()).collect(),
        };
        for node in &mut self.nodes {
            node.is_deleted |= places.contains(&node.place);
        }
    }

    backups_and_vector!();
}

crate::past::bugs!(List);
