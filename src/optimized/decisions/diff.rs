//! Deltas out of the store: what a replica that has seen a vector may lack.
//!
//! Meaning: the reference's `part_since` of decisions, and of the winners.
//! Laws: as there (tests/engines/optimized/mod.rs; of a model, proved in spec/).
//! Cost: O(changes since the vector), but for the logarithm of how many siblings a key has; besides
//! O(origins), and of each listed key what is known of it.
//! Source: see [`crate::optimized::delta`].

use super::creation::LocalDot;
use super::{Decisions, same};
use crate::dot::Dot;
use crate::optimized::arena::BLOCK;
use crate::optimized::delta::{DeltaAuthor, Effect, KeyedDelta, Name, Record};
use crate::optimized::openings::DeltaOpenings;
use crate::optimized::vector::Vector;
use hashbrown::HashMap;
use std::cmp::Ordering;

impl<E: Effect> Decisions<E> {
    /// For every key that has a maximal decision outside `since`: all its maximal decisions, and
    /// its winner. The keys are in the order of what changed them.
    pub fn delta_since(&self, since: &Vector) -> KeyedDelta<E> {
        let known = self.origins.counts_of(since);
        let mut delta = KeyedDelta::between(since.clone(), self.vector());
        let mut listed = Vec::new();
        delta.openings = DeltaOpenings::since(&self.origins.openings, since, &delta.seen);
        let dot_indexes = self.dot_indexes.iter().zip(&known);
        let most =
            dot_indexes.map(|(dot_index, known)| dot_index.count_after(*known)).sum::<usize>();
        delta.names.reserve_exact(most.min(self.len()));
        delta.first.reserve_exact(most.min(self.len()));
        self.walk(&known, None, |_, key, first| {
            self.list(key, first, &known, &mut delta);
            if self.audit.is_some() {
                listed.push(key);
            }
            true
        });
        self.name_authors(&mut delta);
        delta.audit = self.audit_since(&known, &listed);
        delta
    }

    /// Gives each key that has a maximal decision outside `since` where the walk, which goes by place and
    /// counter, meets the first of these after the cursor: that decision, the key, and its record. `visit`
    /// says whether to go on. Returns whether the walk came to its end.
    #[inline]
    pub(super) fn walk<'a>(
        &'a self,
        since: &[u64],
        cursor: Option<&Dot>,
        mut visit: impl FnMut(LocalDot, u32, &'a Record<E>) -> bool,
    ) -> bool {
        // The first unseen decisions of keys with many decisions, so that they are gone through only once.
        let mut first_of = HashMap::new();
        for origin in self.origins.in_order() {
            let mut from = since[origin as usize];
            match cursor.map(|dot| (self.origins.get(origin).cmp(&dot.origin), dot.counter)) {
                Some((Ordering::Less, _)) => continue,
                Some((Ordering::Equal, counter)) => from = from.max(counter),
                _ => {}
            }
            for unseen in self.dot_indexes[origin as usize].after(from, BLOCK) {
                let keys = unseen.iter().map(|entry| entry.key());
                self.prefetch_decisions(keys.clone());
                self.prefetch_creation_dots(keys);
                for entry in unseen {
                    let (dot, key) = ((origin, entry.counter()), entry.key());
                    if let Some(first) = self.listed_at(dot, key, since, &mut first_of)
                        && !visit(dot, key, first)
                    {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// The record by which a key is listed, if that is where the walk, which goes by place and
    /// counter, meets the key's first unseen decision. So each key is listed once.
    #[inline]
    fn listed_at(
        &self,
        dot: LocalDot,
        key: u32,
        known: &[u64],
        first_of: &mut HashMap<u32, Option<(u32, u64)>>,
    ) -> Option<&Record<E>> {
        let is_it = |record: &&Record<E>| self.local_dot(record) == dot;
        let marks = self.marks[key as usize];
        if !marks.has_siblings() {
            return Some(&self.records[key as usize]).filter(is_it);
        }
        let first = || {
            let dots = self.maximal(key).map(|record| self.local_dot(record));
            let unseen = dots.filter(|(origin, counter)| *counter > known[*origin as usize]);
            unseen.map(|(origin, counter)| (self.origins.place(origin), counter)).min()
        };
        let first = match self.has_many(key) {
            true => *first_of.entry(key).or_insert_with(first),
            false => first(),
        };
        let is_first = first == Some((self.origins.place(dot.0), dot.1));
        if is_first { self.maximal(key).find(is_it) } else { None }
    }

    /// Writes down the authors of a delta's records, which have the store's numbers so far. There
    /// may be many authors, and few that changed anything.
    pub(super) fn name_authors(&self, delta: &mut KeyedDelta<E>) {
        fn all<E>(delta: &mut KeyedDelta<E>) -> impl Iterator<Item = &mut u32> {
            let KeyedDelta { first, others, winners, .. } = delta;
            let beside = others.iter_mut().chain(winners).map(|(_, record)| record);
            first.iter_mut().chain(beside).map(|record| &mut record.author)
        }
        let mut numbers = vec![u32::MAX; self.authors.len()];
        all(delta).for_each(|author| numbers[*author as usize] = 0);
        for (author, number) in (0..).zip(&mut numbers).filter(|(_, number)| **number == 0) {
            *number = delta.authors.len() as u32;
            let place = self.origins.place(self.authors.origin(author));
            let user = self.authors.user(author).clone();
            delta.authors.push(DeltaAuthor { place, user });
        }
        all(delta).for_each(|author| *author = numbers[*author as usize]);
    }

    /// Lists one key in a delta.
    pub(super) fn list(
        &self,
        key: u32,
        first: &Record<E>,
        known: &[u64],
        delta: &mut KeyedDelta<E>,
    ) {
        let number = delta.names.len() as u32;
        let mut name = None;
        for (origin, counter) in self.creation_dots(key) {
            let place = self.origins.place(origin);
            if counter <= known[origin as usize] {
                name = Some(Name::CreationDot { place, counter });
            } else {
                delta.creation_dots.push((number, place, counter));
            }
        }
        let name = name.unwrap_or_else(|| {
            let bytes = self.keys.get(key);
            let at = delta.keys.len() as u32;
            delta.keys.extend_from_slice(bytes);
            Name::Bytes { at, length: bytes.len() as u32 }
        });
        delta.names.push(name);
        let values = &mut delta.values;
        let mut copied = |record: &Record<E>| Record {
            effect: record.effect.moved(|handle| values.put(self.values.get(handle))),
            ..*record
        };
        delta.first.push(copied(first));
        if let Some(siblings) = self.siblings_of(key) {
            for other in self.maximal(key).filter(|other| !same(other, first)) {
                let origin = self.authors.origin(other.author);
                if other.counter > known[origin as usize] {
                    delta.others.push((number, copied(other)));
                } else {
                    delta.kept.push((number, self.origins.place(origin), other.counter));
                }
            }
            let is_unseen = |record: &&Record<E>| {
                record.counter > known[self.authors.origin(record.author) as usize]
            };
            if let Some(winner) = siblings.winner.as_ref().filter(is_unseen) {
                delta.winners.push((number, copied(winner)));
            }
        }
    }
}
