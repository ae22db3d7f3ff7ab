//! Descent: down the hash tree of an object to the records that differ.

use super::message::{Answer, Place, Point, Told, kind, write_number};
use super::{Config, Discrepancy, RecordDifference};
use crate::object::ObjectType;
use crate::operation::ObjectId;
use crate::optimized::CanonicalBytes;
use crate::optimized::replica::Object;
use crate::optimized::state_hash::{Subtree, TreeKind, TreePath};
use std::collections::BTreeMap;

/// How many places are asked for at once, and in all.
const AT_ONCE: usize = 16;
const IN_ALL: usize = 4096;

/// A record on both sides.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Pair {
    ours: Option<Told>,
    theirs: Option<Told>,
}

/// The search for the records of one object that differ.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Descent {
    pub object: usize,
    ours: Point,
    theirs: Point,
    open: Vec<TreePath>,
    waiting: Vec<TreePath>,
    asked: usize,
    found: BTreeMap<Vec<u8>, Pair>,
    is_complete: bool,
}

impl Descent {
    pub fn new(object: usize, ours: Point, theirs: Point) -> Self {
        let mut open = Vec::new();
        let root = |part| TreePath { part, path: 0, depth: 0 };
        if ours.hash.content != theirs.hash.content {
            open.push(root(TreeKind::Content));
        }
        if ours.hash.removals != theirs.hash.removals {
            open.push(root(TreeKind::Removals));
        }
        let (waiting, found) = (Vec::new(), BTreeMap::new());
        Self { object, ours, theirs, open, waiting, asked: 0, found, is_complete: true }
    }

    /// Whether there is nothing more to ask.
    pub fn is_over(&self) -> bool {
        self.open.is_empty() && self.waiting.is_empty()
    }

    /// It cannot go on: the object has moved on, here or there.
    fn give_up(&mut self) {
        self.open.clear();
        self.waiting.clear();
        self.is_complete = false;
    }

    /// What to ask next.
    pub fn ask<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        &mut self,
        object: &Object<K, V>,
        config: &Config,
    ) -> Option<Vec<u8>> {
        if self.open.is_empty() || !self.waiting.is_empty() {
            return None;
        }
        let has_moved = object.vector().fingerprint() != self.ours.vector;
        if has_moved || self.asked >= IN_ALL || self.found.len() >= config.max_records {
            self.give_up();
            return None;
        }
        self.waiting = self.open.split_off(self.open.len().saturating_sub(AT_ONCE));
        self.asked += self.waiting.len();
        let mut part = vec![kind::ASK];
        write_number(self.waiting.len() as u64, &mut part);
        for at in &self.waiting {
            Place { object: self.object, vector: self.ours.vector, at: *at }.write(&mut part);
        }
        Some(part)
    }

    /// Applies an answer. One that was not asked for is passed over.
    pub fn take<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        &mut self,
        place: &Place,
        answer: Answer,
        object: &mut Object<K, V>,
        config: &Config,
    ) {
        let is_ours = place.vector == self.ours.vector;
        let Some(at) = self.waiting.iter().position(|at| is_ours && *at == place.at) else {
            return;
        };
        let at = self.waiting.swap_remove(at);
        if object.vector().fingerprint() != self.ours.vector {
            return self.give_up();
        }
        match answer {
            Answer::Moved => self.give_up(),
            Answer::Records(theirs) => {
                // One more than can be named, so that it is noticed.
                let ours = object.below(at, config.max_records + theirs.len() + 1);
                self.compare(ours.into_iter().map(Told::new).collect(), theirs);
            }
            Answer::Node(theirs) => match object.look(at) {
                Subtree::Node(ours) => {
                    let differing = (0..4_u32).filter(|at| {
                        let at = *at as usize;
                        ours[at] != theirs[at]
                    });
                    self.open.extend(differing.filter_map(|branch| at.child(branch)));
                }
                Subtree::Records(ours) => {
                    let children = (0..4_u32).filter_map(|branch| at.child(branch));
                    for (child, hash) in children.zip(theirs) {
                        if hash != [0; 32] {
                            self.open.push(child);
                        } else {
                            let here = ours.iter().filter(|(key, _)| child.has(key)).cloned();
                            self.compare(here.map(Told::new).collect(), Vec::new());
                        }
                    }
                }
            },
        }
    }

    /// Notes the records that differ.
    fn compare(&mut self, ours: Vec<Told>, theirs: Vec<Told>) {
        let is_in = |told: &Told, others: &[Told]| {
            others.iter().any(|other| other.digest == told.digest && other.key == told.key)
        };
        for told in &ours {
            if !is_in(told, &theirs) {
                self.found.entry(told.key.clone()).or_default().ours = Some(told.clone());
            }
        }
        for told in theirs {
            if !is_in(&told, &ours) {
                let pair = self.found.entry(told.key.clone()).or_default();
                pair.theirs = Some(told);
            }
        }
    }

    /// What was found.
    pub fn finish(mut self, object: ObjectId, kind: ObjectType, most: usize) -> Discrepancy {
        // A record may be content here and a removal there.
        let is_same = |pair: &Pair| {
            let digest = |told: &Option<Told>| told.as_ref().map(|told| told.digest);
            digest(&pair.ours) == digest(&pair.theirs)
        };
        self.found.retain(|_, pair| !is_same(pair));
        let is_complete = self.is_complete && self.found.len() <= most;
        let records = self.found.into_iter().take(most).map(|(key, pair)| RecordDifference {
            key,
            ours: pair.ours.map(|told| told.body),
            theirs: pair.theirs.map(|told| told.body),
        });
        Discrepancy {
            object,
            kind,
            ours: self.ours.hash,
            theirs: self.theirs.hash,
            records: records.collect(),
            is_complete,
        }
    }
}
