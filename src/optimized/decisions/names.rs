//! Names: which of a store's keys a delta lists.
//!
//! Meaning: a key goes by its bytes, or by one of its creation dots.
//! Laws: a creation dot that was seen names the same key at every replica.
//! Cost: O(keys listed).
//! Source: see [`crate::optimized::delta`].

use super::Decisions;
use crate::dot::Dot;
use crate::optimized::ApplyError;
use crate::optimized::arena::{BLOCK, prefetch};
use crate::optimized::delta::{Effect, KeyedDelta, Name};
use hashbrown::HashSet;

impl<E: Effect> Decisions<E> {
    /// The number of each listed key that goes by a creation dot; `None` for keys that go by their
    /// bytes.
    pub(super) fn resolve(&self, delta: &KeyedDelta<E>) -> Result<Vec<Option<u32>>, ApplyError> {
        let origins = delta.seen.actor_table().origins();
        let numbers = self.origins.find_all(delta.seen.actor_table());
        let mut keys = Vec::with_capacity(delta.names.len());
        for block in delta.names.chunks(BLOCK) {
            let creation_dots = block.iter().filter_map(|name| match *name {
                Name::CreationDot { place, counter } => Some((numbers[place as usize]?, counter)),
                Name::Bytes { .. } => None,
            });
            let nearest = |(origin, counter)| self.dot_indexes[origin as usize].near(counter);
            prefetch(creation_dots.filter_map(nearest), |entry| entry.counter());
            for name in block {
                let Name::CreationDot { place, counter } = *name else {
                    keys.push(None);
                    continue;
                };
                let dot_index =
                    numbers[place as usize].map(|number| &self.dot_indexes[number as usize]);
                let Some(key) = dot_index.and_then(|index| index.key_created_by(counter)) else {
                    let origin = origins[place as usize].clone();
                    return Err(ApplyError::UnknownCreationDot(Dot { origin, counter }));
                };
                keys.push(Some(key));
            }
        }
        Ok(keys)
    }

    /// The number of each listed key. New keys get the next numbers, in the order in which they are
    /// listed first.
    pub(super) fn number(&mut self, delta: &KeyedDelta<E>, known: Vec<Option<u32>>) -> Vec<u32> {
        let number = |(name, known): (&Name, Option<u32>)| match (name, known) {
            (_, Some(key)) => key,
            (Name::Bytes { at, length }, None) => {
                self.keys.number(&delta.keys[*at as usize..][..*length as usize]).0
            }
            (Name::CreationDot { .. }, None) => unreachable!("`resolve` found all creation dots"),
        };
        delta.names.iter().zip(known).map(number).collect()
    }

    /// The keys that a delta lists, each once, as far as this store knows them. None if this store
    /// would refuse the delta.
    pub fn keys_of(&self, delta: &KeyedDelta<E>) -> Vec<Vec<u8>> {
        let Ok(numbers) = self.resolve(delta) else {
            return Vec::new();
        };
        // A forged delta may list a key very often.
        let (mut known, mut unknown) = (HashSet::new(), HashSet::new());
        let mut keys = Vec::new();
        for (name, number) in delta.names.iter().zip(numbers) {
            let (bytes, number) = match *name {
                Name::CreationDot { .. } => (&[][..], number),
                Name::Bytes { at, length } => {
                    let bytes = &delta.keys[at as usize..][..length as usize];
                    (bytes, self.find(bytes))
                }
            };
            match number {
                Some(number) if known.insert(number) => keys.push(self.key(number).to_vec()),
                None if unknown.insert(bytes) => keys.push(bytes.to_vec()),
                _ => {}
            }
        }
        keys
    }
}
