//! Merkle tree diff: from the root of an object's hash tree down to the records that differ.
//!
//! Meaning: where both sides have a node, the search goes on below the branches whose hashes differ;
//! where a side has records instead, it compares records.
//! Cost: O(records that differ · depth) questions, at most 4,096; memory for at most
//! [`Config::max_records`] and 128 records of the peer, of at most 2,576 bytes each, and as many of
//! this side for each of 16 questions.
//! Source: Merkle, A digital signature based on a conventional encryption function, CRYPTO '87.

use super::protocol::{Answer, Checkpoint, Record, TreeLocation};
use super::{Config, Discrepancy, RecordDifference};
use crate::object::ObjectType;
use crate::operation::ObjectId;
use crate::optimized::replica::Object;
use crate::optimized::state_hash::{Subtree, TreeKind, TreePath};
use std::collections::BTreeMap;

/// How many nodes a search asks for at once, and in all.
const AT_ONCE: usize = 16;
const IN_ALL: usize = 4096;

/// How many searches of a class ask at once. The others wait.
pub(super) const SEARCHES: usize = 4;

/// A record on both sides.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Pair {
    ours: Option<Record>,
    theirs: Option<Record>,
}

/// The search for the records of one object that differ.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct TreeDiff {
    pub object: usize,
    ours: Checkpoint,
    theirs: Checkpoint,
    open: Vec<TreePath>,
    waiting: Vec<TreePath>,
    asked: usize,
    found: BTreeMap<Vec<u8>, Pair>,
    is_complete: bool,
}

impl TreeDiff {
    pub fn new(object: usize, ours: Checkpoint, theirs: Checkpoint) -> Self {
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

    /// How many bytes it holds.
    pub fn held(&self) -> usize {
        let record = |record: &Option<Record>| {
            record.as_ref().map_or(0, |record| record.key.capacity() + record.body.capacity())
        };
        let found = self.found.iter().map(|(key, Pair { ours, theirs })| {
            key.capacity() + size_of::<Pair>() + record(ours) + record(theirs)
        });
        let paths = self.open.capacity() + self.waiting.capacity();
        found.sum::<usize>() + paths * size_of::<TreePath>()
    }

    /// Ends the search: the object changed, here or there.
    fn give_up(&mut self) {
        self.open.clear();
        self.waiting.clear();
        self.is_complete = false;
    }

    /// The next questions.
    pub fn ask(&mut self, object: &Object, config: &Config) -> Option<Vec<TreeLocation>> {
        if self.open.is_empty() || !self.waiting.is_empty() {
            return None;
        }
        let has_moved = object.fingerprint() != self.ours.vector;
        if has_moved || self.asked >= IN_ALL || self.found.len() >= config.max_records {
            self.give_up();
            return None;
        }
        self.waiting = self.open.split_off(self.open.len().saturating_sub(AT_ONCE));
        self.asked += self.waiting.len();
        let location = |path: &TreePath| TreeLocation {
            object: self.object,
            vector: self.ours.vector,
            path: *path,
        };
        Some(self.waiting.iter().map(location).collect())
    }

    /// Goes on with an answer. One that nobody asked for is ignored.
    pub fn on_answer(
        &mut self,
        location: &TreeLocation,
        answer: Answer,
        object: &mut Object,
        config: &Config,
    ) {
        let asked = location.path;
        let is_ours = location.vector == self.ours.vector;
        let Some(at) = self.waiting.iter().position(|path| is_ours && *path == asked) else {
            return;
        };
        let path = self.waiting.swap_remove(at);
        if object.fingerprint() != self.ours.vector {
            return self.give_up();
        }
        match answer {
            Answer::Moved => self.give_up(),
            Answer::Records(theirs) => {
                // One more than a discrepancy names, so that it can say that there are more.
                let ours = object.below(path, config.max_records + theirs.len() + 1);
                self.compare(ours.into_iter().map(Record::new).collect(), theirs);
            }
            Answer::Node(theirs) => match object.look(path) {
                Subtree::Node(ours) => {
                    let differing = (0..4_u32).filter(|at| {
                        let at = *at as usize;
                        ours[at] != theirs[at]
                    });
                    self.open.extend(differing.filter_map(|branch| path.child(branch)));
                }
                Subtree::Records(ours) => {
                    let children = (0..4_u32).filter_map(|branch| path.child(branch));
                    for (child, hash) in children.zip(theirs) {
                        if hash != [0; 32] {
                            self.open.push(child);
                        } else {
                            let here = ours.iter().filter(|(key, _)| child.has(key)).cloned();
                            self.compare(here.map(Record::new).collect(), Vec::new());
                        }
                    }
                }
            },
        }
    }

    /// Notes the records that differ.
    fn compare(&mut self, ours: Vec<Record>, theirs: Vec<Record>) {
        let is_in = |record: &Record, others: &[Record]| {
            others.iter().any(|other| other.digest == record.digest && other.key == record.key)
        };
        for record in &ours {
            if !is_in(record, &theirs) {
                self.found.entry(record.key.clone()).or_default().ours = Some(record.clone());
            }
        }
        for record in theirs {
            if !is_in(&record, &ours) {
                let pair = self.found.entry(record.key.clone()).or_default();
                pair.theirs = Some(record);
            }
        }
    }

    /// The records that differ.
    pub fn finish(mut self, object: ObjectId, kind: ObjectType, most: usize) -> Discrepancy {
        // A record may be content here and a removal there.
        let is_same = |pair: &Pair| {
            let digest = |record: &Option<Record>| record.as_ref().map(|record| record.digest);
            digest(&pair.ours) == digest(&pair.theirs)
        };
        self.found.retain(|_, pair| !is_same(pair));
        let is_complete = self.is_complete && self.found.len() <= most;
        let records = self.found.into_iter().take(most).map(|(key, pair)| RecordDifference {
            key,
            ours: pair.ours.map(|record| record.body),
            theirs: pair.theirs.map(|record| record.body),
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
