//! Deciding: a new decision takes the place of all that this replica has seen on its key.
//!
//! Meaning: the reference's `decide`.
//! Laws: as there.
//! Cost: O(1), but for the siblings and creation dots of the key.
//! Source: see the module above.

use super::super::{Author, OperationError};
use super::creation::LocalDots;
use super::dot_index::{DotIndex, Step};
use super::{Decisions, Marks, same};
use crate::optimized::arena::Values;
use crate::optimized::delta::{Effect, Record};
use std::cmp::Ordering;

impl<E: Effect> Decisions<E> {
    /// Decides: the new decision saw all maximal decisions on its key, and replaces them. Returns its
    /// counter.
    ///
    /// # Errors
    /// The origin has no counter left, or the object has no room for the key. Nothing changes then.
    pub fn decide(
        &mut self,
        author: &Author,
        key: &[u8],
        effect: impl FnOnce(&mut Values) -> E,
    ) -> Result<u64, OperationError> {
        let Author { origin, seq, user } = author;
        let counter = self.origins.find(origin).map_or(0, |number| self.origins.seen(number));
        let counter =
            counter.checked_add(1).ok_or_else(|| OperationError::NoNamesLeft(origin.clone()))?;
        let is_full = !self.keys.has_room(1, key.len()) && self.keys.find(key).is_none();
        if is_full || !self.creation_dots.has_room(1) {
            return Err(OperationError::KeysFull);
        }
        let number = self.origins.number(origin);
        self.dot_indexes.resize(self.origins.len(), DotIndex::default());
        let author = self.authors.number(number, user);
        let effect = effect(&mut self.values);
        let record = Record { counter, seq: *seq, author, effect };

        let (key, is_new) = self.keys.number(key);
        if is_new {
            self.records.push(record);
            self.marks.push(Marks::default());
        } else {
            let winner = *self.winner(key);
            self.retire(key, &winner);
            self.records[key as usize] = record;
            if E::IS_TIMED && self.view(&winner).cmp(&self.view(&record)) == Ordering::Greater {
                self.siblings_mut(key).winner = Some(winner);
            } else {
                self.free(&winner);
            }
        }
        self.dot_indexes[number as usize].push(Step { counter, key, is_creation: is_new });
        self.origins.see(number, counter);
        self.trees.touch(key);
        self.tidy();
        Ok(counter)
    }

    /// Supersedes all maximal decisions of the key: a new one replaces them next. The
    /// winner's value stays.
    fn retire(&mut self, key: u32, winner: &Record<E>) {
        self.list_creation_dot(key);
        let first = self.records[key as usize];
        let others = self.take_siblings(key).map(|siblings| siblings.maximal).unwrap_or_default();
        let creation_dots: LocalDots = self.creation_dots(key).collect();
        for record in std::iter::once(first).chain(others) {
            self.outdate(&record, creation_dots.has(self.local_dot(&record)));
            if !same(&record, winner) {
                self.free(&record);
            }
        }
    }
}
