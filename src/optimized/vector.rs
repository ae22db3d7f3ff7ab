//! State vectors: which operations on one object have been seen, laid out for speed.
//!
//! Meaning: that of [`crate::version_vector`]. The origins are in an *actor table*, a sorted list that
//! many vectors share, and the counts are in a plain array of their own. Two vectors with one
//! actor table are compared number by number, with no look at a name.
//! Laws: a lattice under the pointwise maximum.
//! Cost: comparing O(origins); finding an origin O(log origins); cloning copies the counts only.
//! Source: Parker et al., Detection of Mutual Inconsistency in Distributed Systems, 1983.

use super::openings::Openings;
use crate::dot::{Dot, Origin};
use crate::version_vector::VersionVector;
use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// The origins of which anything has been seen, in order.
#[derive(Debug, Default)]
pub struct ActorTable {
    origins: Vec<Origin>,
    fingerprint: OnceLock<Fingerprint>,
}

/// A short name of an actor table, or of a vector, between two replicas that both know it: the first
/// 16 bytes of its BLAKE3 hash.
pub type Fingerprint = [u8; 16];

impl ActorTable {
    /// The actor table of these origins; `None` unless they are in rising order.
    pub fn new(origins: Vec<Origin>) -> Option<Self> {
        let rises = origins.is_sorted_by(|a, b| a < b);
        rises.then(|| Self { origins, fingerprint: OnceLock::new() })
    }

    /// The origins, in order.
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// The place of the origin.
    pub fn position(&self, origin: &Origin) -> Option<usize> {
        self.origins.binary_search(origin).ok()
    }

    /// Its fingerprint. Computed once.
    pub fn fingerprint(&self) -> &Fingerprint {
        self.fingerprint.get_or_init(|| {
            let mut hasher = blake3::Hasher::new_derive_key("rejoin/1 roster");
            for Origin { replica, incarnation } in &self.origins {
                let name = replica.as_str().as_bytes();
                hasher.update(&(name.len() as u64).to_le_bytes());
                hasher.update(name);
                hasher.update(&incarnation.to_le_bytes());
            }
            first_half(hasher.finalize())
        })
    }

    /// Whether both have the same origins. Cost: O(1) where they are one, or once compared.
    fn is(self: &Arc<Self>, other: &Arc<Self>) -> bool {
        Arc::ptr_eq(self, other) || self.origins == other.origins
    }

    /// The actor table of both. The result is one of the two where that has all origins already.
    pub(super) fn union(self: &Arc<Self>, other: &Arc<Self>) -> Arc<Self> {
        if self.is(other) || other.origins.iter().all(|origin| self.position(origin).is_some()) {
            return self.clone();
        }
        let mut origins = self.origins.clone();
        origins.extend(other.origins.iter().cloned());
        origins.sort_unstable();
        origins.dedup();
        Arc::new(Self { origins, fingerprint: OnceLock::new() })
    }
}

impl ActorTable {
    /// The actor table with one more origin, at a place.
    fn with(&self, place: usize, origin: &Origin) -> Self {
        let mut origins = Vec::with_capacity(self.origins.len() + 1);
        origins.extend_from_slice(&self.origins[..place]);
        origins.push(origin.clone());
        origins.extend_from_slice(&self.origins[place..]);
        Self { origins, fingerprint: OnceLock::new() }
    }

    /// The actor table without the origin at a place.
    fn without(&self, place: usize) -> Self {
        let origins = [&self.origins[..place], &self.origins[place + 1..]].concat();
        Self { origins, fingerprint: OnceLock::new() }
    }
}

/// The first half of a hash: enough to tell what nobody forges apart.
pub(crate) fn first_half(hash: impl Into<[u8; 32]>) -> Fingerprint {
    let mut half = Fingerprint::default();
    half.copy_from_slice(&hash.into()[..16]);
    half
}

/// How many operations of each origin have been seen, each without a gap.
#[derive(Clone, Debug, Default)]
pub struct Vector {
    actor_table: Arc<ActorTable>,
    /// One for each origin of the actor table. None is 0, so that equal knowledge has equal actor tables.
    counts: Vec<u64>,
}

impl Vector {
    /// The vector of these counts; `None` unless there is one for each origin, and none is 0.
    pub fn new(actor_table: Arc<ActorTable>, counts: Vec<u64>) -> Option<Self> {
        let fits =
            counts.len() == actor_table.origins.len() && counts.iter().all(|count| *count > 0);
        fits.then_some(Self { actor_table, counts })
    }

    /// Its origins.
    pub fn actor_table(&self) -> &Arc<ActorTable> {
        &self.actor_table
    }

    /// Its counts, in the order of the actor table.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// How many operations of the origin have been seen.
    pub fn get(&self, origin: &Origin) -> u64 {
        self.actor_table.position(origin).map_or(0, |at| self.counts[at])
    }

    /// Whether the operation has been seen.
    pub fn contains(&self, dot: &Dot) -> bool {
        1 <= dot.counter && dot.counter <= self.get(&dot.origin)
    }

    /// The entries, in the order of their origins.
    pub fn iter(&self) -> impl Iterator<Item = (&Origin, u64)> {
        self.actor_table.origins.iter().zip(self.counts.iter().copied())
    }

    /// Whether nothing has been seen.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The counts in the order of another actor table, 0 for origins that this vector lacks.
    pub fn counts_along(&self, actor_table: &Arc<ActorTable>) -> Vec<u64> {
        if self.actor_table.is(actor_table) {
            return self.counts.clone();
        }
        let mut ours = self.iter().peekable();
        let count = |origin: &Origin| {
            while ours.next_if(|(our, _)| *our < origin).is_some() {}
            ours.next_if(|(our, _)| *our == origin).map_or(0, |(_, count)| count)
        };
        actor_table.origins.iter().map(count).collect()
    }

    /// What this vector has seen and `since` has not: for each such origin its place, how many of its
    /// operations `since` has seen, and how many this vector has.
    pub(crate) fn beyond<'a>(
        &'a self,
        since: &'a Self,
    ) -> impl Iterator<Item = (usize, u64, u64)> + 'a {
        // Without a copy where it can be: a vector of many origins is large beside what is new.
        let before = if self.actor_table.is(&since.actor_table) {
            Cow::Borrowed(since.counts())
        } else {
            Cow::Owned(since.counts_along(&self.actor_table))
        };
        (0..self.counts.len()).filter_map(move |place| {
            let (before, count) = (before[place], self.counts[place]);
            (before < count).then_some((place, before, count))
        })
    }

    /// Whether everything that `other` has seen has been seen here.
    pub fn covers(&self, other: &Self) -> bool {
        if self.actor_table.is(&other.actor_table) {
            return self.counts.iter().zip(&other.counts).all(|(ours, theirs)| ours >= theirs);
        }
        let ours = self.counts_along(&other.actor_table);
        ours.iter().zip(&other.counts).all(|(ours, theirs)| ours >= theirs)
    }

    /// Applies all that `other` has seen.
    pub fn join(&mut self, other: &Self) {
        let actor_table = self.actor_table.union(&other.actor_table);
        let mut counts = self.counts_along(&actor_table);
        for (ours, theirs) in counts.iter_mut().zip(other.counts_along(&actor_table)) {
            *ours = (*ours).max(theirs);
        }
        *self = Self { actor_table, counts };
    }

    /// What both vectors have seen. Cost: O(origins).
    pub(super) fn meet(&self, other: &Self) -> Self {
        if other.covers(self) {
            return self.clone();
        }
        let both = self.iter().map(|(origin, count)| (origin, count.min(other.get(origin))));
        let both = both.filter(|(_, count)| *count > 0).map(|(origin, n)| (origin.clone(), n));
        let (origins, counts) = both.unzip();
        let actor_table = Arc::new(ActorTable { origins, fingerprint: OnceLock::new() });
        Self { actor_table, counts }
    }

    /// The same vector without the operation and the later ones of its origin.
    pub fn without(&self, dot: &Dot) -> Self {
        let Some(place) = self.actor_table.position(&dot.origin) else {
            return self.clone();
        };
        let mut vector = self.clone();
        vector.counts[place] = vector.counts[place].min(dot.counter.saturating_sub(1));
        if vector.counts[place] == 0 {
            let mut origins = self.actor_table.origins.clone();
            origins.remove(place);
            vector.counts.remove(place);
            vector.actor_table = Arc::new(ActorTable { origins, fingerprint: OnceLock::new() });
        }
        vector
    }

    /// The vector's fingerprint, which names it between two replicas that both know it.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hasher = blake3::Hasher::new_derive_key("rejoin/1 vector");
        hasher.update(self.actor_table.fingerprint());
        let mut bytes = Vec::with_capacity(8 * self.counts.len());
        for count in &self.counts {
            bytes.extend_from_slice(&count.to_le_bytes());
        }
        hasher.update(&bytes);
        first_half(hasher.finalize())
    }
}

impl PartialEq for Vector {
    fn eq(&self, other: &Self) -> bool {
        self.counts == other.counts && self.actor_table.is(&other.actor_table)
    }
}

impl Eq for Vector {}

impl Hash for Vector {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.actor_table.hash(state);
        self.counts.hash(state);
    }
}

/// An actor table is its origins, whether its fingerprint was asked for or not.
impl PartialEq for ActorTable {
    fn eq(&self, other: &Self) -> bool {
        self.origins == other.origins
    }
}

impl Eq for ActorTable {}

impl Hash for ActorTable {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.origins.hash(state);
    }
}

impl From<&VersionVector> for Vector {
    fn from(vector: &VersionVector) -> Self {
        let (origins, counts) =
            vector.iter().map(|(origin, count)| (origin.clone(), count)).unzip();
        let actor_table = Arc::new(ActorTable { origins, fingerprint: OnceLock::new() });
        Self { actor_table, counts }
    }
}

impl From<&Vector> for VersionVector {
    fn from(vector: &Vector) -> Self {
        let mut plain = Self::default();
        for (origin, count) in vector.iter() {
            plain.see(origin, count);
        }
        plain
    }
}

/// The origins that one object knows, under numbers of its own, and what it has seen of each.
///
/// A number stays the same when origins come to be known, so that records may hold it; the order
/// of the actor table is looked up where a vector leaves the object.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins {
    actor_table: Arc<ActorTable>,
    /// The number of each origin of the actor table.
    numbers: Vec<u32>,
    /// By number: the place of the origin in the actor table.
    places: Vec<u32>,
    /// By number: how many operations have been seen.
    seen: Vec<u64>,
    /// Which of them began openings.
    pub openings: Openings,
}

impl Origins {
    /// How many origins there are. Their numbers are below this.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// The number of the origin, where it is known.
    pub fn find(&self, origin: &Origin) -> Option<u32> {
        self.actor_table.position(origin).map(|place| self.numbers[place])
    }

    /// The number of the origin, which becomes known. What is seen of it must follow.
    pub fn number(&mut self, origin: &Origin) -> u32 {
        let place = match self.actor_table.origins.binary_search(origin) {
            Ok(place) => return self.numbers[place],
            Err(place) => place,
        };
        let number = self.seen.len() as u32;
        self.actor_table = Arc::new(self.actor_table.with(place, origin));
        for later in &self.numbers[place..] {
            self.places[*later as usize] += 1;
        }
        self.numbers.insert(place, number);
        self.places.push(place as u32);
        self.seen.push(0);
        number
    }

    /// The number of each origin of the actor table; all of them become known.
    pub fn numbers_of(&mut self, actor_table: &Arc<ActorTable>) -> Vec<u32> {
        let all = self.actor_table.union(actor_table);
        self.learn(all);
        if self.actor_table.is(actor_table) {
            return self.numbers.clone();
        }
        let known = actor_table.origins.iter().filter_map(|origin| self.find(origin));
        known.collect()
    }

    /// Switches to an actor table that has all origins of the current one.
    fn learn(&mut self, actor_table: Arc<ActorTable>) {
        if Arc::ptr_eq(&actor_table, &self.actor_table) {
            return;
        }
        let mut old = self.actor_table.origins.iter().zip(&self.numbers).peekable();
        let mut numbers = Vec::with_capacity(actor_table.origins.len());
        for (place, origin) in actor_table.origins.iter().enumerate() {
            match old.next_if(|(known, _)| *known == origin) {
                Some((_, number)) => {
                    numbers.push(*number);
                    self.places[*number as usize] = place as u32;
                }
                None => {
                    numbers.push(self.seen.len() as u32);
                    self.places.push(place as u32);
                    self.seen.push(0);
                }
            }
        }
        self.numbers = numbers;
        self.actor_table = actor_table;
    }

    /// The number of each origin of the actor table, where it is known.
    pub fn find_all(&self, actor_table: &Arc<ActorTable>) -> Vec<Option<u32>> {
        if self.actor_table.is(actor_table) {
            return self.numbers.iter().copied().map(Some).collect();
        }
        actor_table.origins.iter().map(|origin| self.find(origin)).collect()
    }

    /// The numbers, in the order of their origins.
    pub fn in_order(&self) -> impl Iterator<Item = u32> {
        self.numbers.iter().copied()
    }

    /// The origins, in order.
    pub fn actor_table(&self) -> &Arc<ActorTable> {
        &self.actor_table
    }

    /// The numbers of the origins, in the order of the actor table.
    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    /// The origin of a number.
    pub fn get(&self, number: u32) -> &Origin {
        &self.actor_table.origins[self.place(number) as usize]
    }

    /// The place of a number's origin in the actor table.
    pub fn place(&self, number: u32) -> u32 {
        self.places[number as usize]
    }

    /// How many operations of the origin have been seen.
    pub fn seen(&self, number: u32) -> u64 {
        self.seen[number as usize]
    }

    /// Marks all operations of the origin up to `counter` as seen.
    pub fn see(&mut self, number: u32, counter: u64) {
        let seen = &mut self.seen[number as usize];
        *seen = (*seen).max(counter);
    }

    /// What has been seen, as a vector.
    pub fn vector(&self) -> Vector {
        let counts = self.numbers.iter().map(|number| self.seen[*number as usize]).collect();
        Vector { actor_table: self.actor_table.clone(), counts }
    }

    /// What has been seen, as a vector, with the count of one origin lowered.
    pub fn vector_until(&self, number: u32, count: u64) -> Vector {
        let Vector { mut actor_table, mut counts } = self.vector();
        let place = self.place(number) as usize;
        counts[place] = count;
        if count == 0 {
            counts.remove(place);
            actor_table = Arc::new(actor_table.without(place));
        }
        Vector { actor_table, counts }
    }

    /// For each origin, by number: what `vector` has seen of it.
    pub fn counts_of(&self, vector: &Vector) -> Vec<u64> {
        let along = vector.counts_along(&self.actor_table);
        self.places.iter().map(|place| along[*place as usize]).collect()
    }

    /// The first origin of which `vector` has seen more than was seen here, and how many.
    pub fn lacks(&self, vector: &Vector) -> Option<(Origin, u64, u64)> {
        let needed = vector.counts.iter();
        let is_less = |(needed, seen): (&u64, u64)| seen < *needed;
        let place = if self.actor_table.is(&vector.actor_table) {
            let seen = self.numbers.iter().map(|number| self.seen[*number as usize]);
            needed.zip(seen).position(is_less)
        } else {
            needed.zip(self.vector().counts_along(&vector.actor_table)).position(is_less)
        }?;
        let origin = &vector.actor_table.origins[place];
        let seen = self.find(origin).map_or(0, |number| self.seen(number));
        Some((origin.clone(), vector.counts[place], seen))
    }
}
