//! State hash: what the trees hash of each key, and where two stores differ.
//!
//! Meaning: spec/state-hash.md. A key's body has its maximal decisions, in the order of their dots,
//! and the winner where it is none of them.
//! Laws: those of the state hash.
//! Cost: O(keys changed since the hash was last asked for).
//! Source: see [`crate::optimized::state_hash`].

use super::{Decisions, View};
use crate::optimized::arena::prefetch;
use crate::optimized::delta::{Effect, Record};
use crate::optimized::state_hash::{
    KeyAndBody, Leaves, Subtree, TreeKind, TreePath, Trees, write_bytes, write_number, write_value,
};
use std::collections::BTreeSet;

impl<E: Effect> Decisions<E> {
    /// The trees of the state hash, up to date. Cost: O(keys changed since the last time).
    pub fn trees(&mut self) -> &Trees {
        let mut trees = std::mem::take(&mut self.trees);
        trees.refresh(self);
        self.trees = trees;
        &self.trees
    }

    /// The keys on which the two differ, in order. Cost: O(keys changed since the
    /// hashes were last asked for, and differences · log keys).
    pub fn difference<'a>(&'a mut self, other: &'a mut Self) -> BTreeSet<&'a [u8]> {
        self.trees();
        other.trees();
        let (ours, theirs) = (&*self, &*other);
        let mut keys = BTreeSet::new();
        for part in [TreeKind::Content, TreeKind::Removals] {
            let (our, their) = ours.trees.difference(&theirs.trees, part);
            keys.extend(our.into_iter().map(|number| ours.key(number)));
            keys.extend(their.into_iter().map(|number| theirs.key(number)));
        }
        // Keys that share a bucket with a difference may be the same.
        keys.retain(|key| ours.hashed(key) != theirs.hashed(key));
        keys
    }

    /// What is hashed of a key.
    fn hashed(&self, key: &[u8]) -> Option<Vec<u8>> {
        let number = self.find(key)?;
        let mut body = Vec::new();
        self.write_body(number, &mut body);
        Some(body)
    }

    /// What the trees of the state hash have at a place.
    pub fn look(&mut self, at: TreePath) -> Subtree {
        self.trees();
        self.trees.look(self, at)
    }

    /// The first records below a place of the state hash.
    pub fn below(&mut self, at: TreePath, limit: usize) -> Vec<KeyAndBody> {
        self.trees();
        self.trees.below(self, at, limit)
    }

    fn write_decision(&self, record: &Record<E>, out: &mut Vec<u8>) {
        let View { origin, user, value, .. } = self.view(record);
        write_bytes(origin.replica.as_str().as_bytes(), out);
        for number in [origin.incarnation, record.counter, record.seq, record.effect.timestamp()] {
            write_number(number.into(), out);
        }
        match user {
            None => out.push(0),
            Some(user) => {
                out.push(1);
                write_bytes(user.as_bytes(), out);
            }
        }
        match value {
            Some(value) => write_value(value, out),
            None => out.push(!record.effect.is_removal() as u8),
        }
    }
}

impl<E: Effect> Leaves for Decisions<E> {
    fn len(&self) -> usize {
        self.records.len()
    }

    fn part(&self, key: u32) -> Option<TreeKind> {
        let apart = self.siblings_of(key).and_then(|siblings| siblings.winner.as_ref());
        let is_removed = self.maximal(key).chain(apart).all(|record| record.effect.is_removal());
        Some(if is_removed { TreeKind::Removals } else { TreeKind::Content })
    }

    fn prefetch(&self, keys: &[u32]) {
        self.prefetch_decisions(keys.iter().copied());
        self.keys.prefetch(keys);
        let first = |key: &u32| self.value(&self.records[*key as usize])?.first();
        let values = keys.iter().filter_map(first);
        prefetch(values, |byte| (*byte).into());
    }

    fn write_key(&self, key: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(self.keys.get(key));
    }

    fn write_body(&self, key: u32, out: &mut Vec<u8>) {
        let Some(siblings) = self.siblings_of(key) else {
            out.push(1);
            self.write_decision(&self.records[key as usize], out);
            out.push(0);
            return;
        };
        let mut listed: Vec<&Record<E>> = self.maximal(key).collect();
        listed.sort_unstable_by_key(|record| {
            (self.origins.get(self.authors.origin(record.author)), record.counter)
        });
        write_number(listed.len() as u128, out);
        for record in listed {
            self.write_decision(record, out);
        }
        match &siblings.winner {
            None => out.push(0),
            Some(winner) => {
                out.push(1);
                self.write_decision(winner, out);
            }
        }
    }
}
