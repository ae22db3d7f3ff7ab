//! G-Counter: a counter that only grows.
//!
//! Meaning: the value is the sum of all increments that were seen.
//! Laws: the join is a semilattice; `increment` is inflationary and equals applying its delta.
//! Cost: `increment` O(1) where the same origin counts again, a few nanoseconds; join, delta and
//! value O(origins), with no look at a name where both actor tables are one.
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 6.
//!
//! A counter keeps a share of each origin for each of its sides: this one has one side, the
//! PN-counter ([`super::pn_counter`]) has two.
//!
//! The client has counted 5000 of its own, of which the server knows 3000, and the server 2000.
//! Each sends the other what it lacks.
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::optimized::g_counter::GCounter;
//!
//! let node_1 = Origin { replica: ReplicaId::new("node_1").unwrap(), incarnation: 0 };
//! let node_2 = Origin { replica: ReplicaId::new("node_2").unwrap(), incarnation: 0 };
//! let mut local = GCounter::new();
//! local.increment(&node_1, 3000)?;
//! let mut server = local.clone();
//! local.increment(&node_1, 2000)?;
//! server.increment(&node_2, 2000)?;
//!
//! local.apply(&server.delta_since(&local.vector()))?;
//! server.apply(&local.delta_since(&server.vector()))?;
//! assert_eq!(local.value(), Some(7000));
//! assert_eq!(server, local);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::apply_error::ApplyError;
use super::changes::Changes;
use super::openings::DeltaOpenings;
use super::state_hash::{
    KeyAndBody, Leaves, Subtree, TreeKind, TreePath, Trees, object_hashes, write_bytes,
    write_number,
};
use super::vector::{Origins, Vector};
use super::{OperationError, StateHash};
use crate::dot::{Dot, Origin};
use crate::lattice::Lattice;
use crate::object::ObjectType;
use std::fmt;

/// How much each origin has counted, on each side.
#[derive(Clone)]
pub struct Counter<const SIDES: usize> {
    origins: Origins,
    /// By number of the origin: the totals of what it counted.
    shares: Vec<[u128; SIDES]>,
    /// Who counted last, and its number: most likely the next one to count.
    last: Option<(Origin, u32)>,
    trees: Trees,
}

/// A counter that only grows.
pub type GCounter = Counter<1>;

impl<const SIDES: usize> Counter<SIDES> {
    const KIND: ObjectType = if SIDES == 1 { ObjectType::GCounter } else { ObjectType::PnCounter };

    /// A counter without increments.
    pub fn new() -> Self {
        let (origins, trees) = (Origins::default(), Trees::default());
        Self { origins, shares: Vec::new(), last: None, trees }
    }
}

impl<const SIDES: usize> Counter<SIDES> {
    /// Joins another state; the result has the shares that grew.
    pub fn join(&mut self, other: &Self) -> Grown<'_, SIDES> {
        let ours = self.origins.numbers_of(other.origins.actor_table());
        self.shares.resize(self.origins.len(), [0; SIDES]);
        self.origins.openings.join(&other.origins.openings);
        let mut numbers = Vec::new();
        for (ours, theirs) in ours.into_iter().zip(other.origins.numbers()) {
            self.origins.see(ours, other.origins.seen(*theirs));
            if self.raise(ours, &other.shares[*theirs as usize]) {
                numbers.push(ours);
            }
        }
        Grown { counter: self, numbers }
    }

    /// Raises shares to at least these; returns whether one grew.
    fn raise(&mut self, number: u32, shares: &[u128; SIDES]) -> bool {
        let ours = &mut self.shares[number as usize];
        let mut grows = false;
        for (side, share) in shares.iter().enumerate() {
            if *share > ours[side] {
                ours[side] = *share;
                self.trees.touch(number * SIDES as u32 + side as u32);
                grows = true;
            }
        }
        grows
    }
}

impl<const SIDES: usize> Counter<SIDES> {
    /// Adds to the share of a side. See [`Counter::increment`].
    #[inline]
    pub(super) fn count(
        &mut self,
        origin: &Origin,
        side: usize,
        amount: u64,
    ) -> Result<Change<'_, SIDES>, OperationError> {
        if amount == 0 {
            return Err(OperationError::ZeroIncrement);
        }
        let number = match &self.last {
            Some((last, number)) if last == origin => *number,
            _ => self.turn_to(origin),
        };
        let share = &mut self.shares[number as usize][side];
        let counter = self.origins.seen(number).checked_add(1);
        let counter = counter.ok_or_else(|| OperationError::NoNamesLeft(origin.clone()))?;
        *share = share.checked_add(u128::from(amount)).ok_or(OperationError::ShareTooGreat)?;
        self.origins.see(number, counter);
        self.trees.touch(number * SIDES as u32 + side as u32);
        Ok(Change { counter: self, number })
    }

    /// The number of the origin. A first increment is never refused once its amount is known not
    /// to be 0, so an origin that becomes known here has counted when the call is over.
    #[cold]
    fn turn_to(&mut self, origin: &Origin) -> u32 {
        let number = self.origins.number(origin);
        self.shares.resize(self.origins.len(), [0; SIDES]);
        self.last = Some((origin.clone(), number));
        number
    }
}

impl GCounter {
    /// Adds `amount`, at least 1.
    ///
    /// Refused, without effect: an amount of 0, a share that would exceed 2^128 − 1, and an origin
    /// that has used all its names. Cost: O(1), or O(log origins) where another origin was the
    /// last to count, or O(origins) when this one counts for the first time.
    #[inline]
    pub fn increment(
        &mut self,
        origin: &Origin,
        amount: u64,
    ) -> Result<Change<'_>, OperationError> {
        self.count(origin, 0, amount)
    }
}

impl GCounter {
    /// The sum of all increments; `None` beyond 2^128 − 1, which no increments reach.
    pub fn value(&self) -> Option<u128> {
        self.shares.iter().try_fold(0, |sum: u128, [share]| sum.checked_add(*share))
    }

    /// The sum of the origin's increments.
    pub fn share(&self, origin: &Origin) -> u128 {
        self.shares_of(origin)[0]
    }

    /// The shares of all that have counted, in the order of their origins.
    pub fn shares(&self) -> impl Iterator<Item = (&Origin, u128)> {
        self.all_shares().map(|(origin, [share])| (origin, share))
    }
}

impl<const SIDES: usize> Counter<SIDES> {
    /// What the origin counted on each side.
    pub(super) fn shares_of(&self, origin: &Origin) -> [u128; SIDES] {
        let number = self.origins.find(origin);
        number.map_or([0; SIDES], |number| self.shares[number as usize])
    }

    /// What all that have counted counted on each side, in the order of their origins.
    pub(super) fn all_shares(&self) -> impl Iterator<Item = (&Origin, [u128; SIDES])> {
        self.origins.numbers().iter().map(|number| self.numbered(*number))
    }

    /// The origin of that number, and its shares. Numbers stay the same for ever.
    fn numbered(&self, number: u32) -> (&Origin, [u128; SIDES]) {
        (self.origins.get(number), self.shares[number as usize])
    }

    pub(super) fn origins(&self) -> &Origins {
        &self.origins
    }

    pub(super) fn origins_mut(&mut self) -> &mut Origins {
        &mut self.origins
    }

    pub(super) fn footprint(&self) -> usize {
        64 * SIDES * self.shares.len()
    }

    /// Which increments have been seen. Cost: O(origins), without a look at their names.
    pub fn vector(&self) -> Vector {
        self.origins.vector()
    }

    /// What a replica that has seen `since` may lack.
    pub fn delta_since(&self, since: &Vector) -> SharesDelta<SIDES> {
        let seen = self.vector();
        let numbers = self.origins.numbers();
        let counted = seen.beyond(since);
        let shares = counted.map(|(place, ..)| self.shares[numbers[place] as usize]).collect();
        let openings = DeltaOpenings::since(&self.origins.openings, since, &seen);
        SharesDelta { since: since.clone(), seen, shares, openings }
    }

    /// Applies a delta; the result has the shares that grew.
    ///
    /// Refused, without effect: a delta that builds upon increments which were not seen
    /// ([`ApplyError::Gap`]). Shares that are known already change nothing.
    pub fn apply(&mut self, delta: &SharesDelta<SIDES>) -> Result<Grown<'_, SIDES>, ApplyError> {
        if let Some((origin, needed, seen)) = self.origins.lacks(&delta.since) {
            return Err(ApplyError::Gap { origin, needed, seen });
        }
        let SharesDelta { since, seen, shares, openings } = delta;
        self.origins.openings.join(&openings.begun);
        let ours = self.origins.numbers_of(seen.actor_table());
        self.shares.resize(self.origins.len(), [0; SIDES]);
        let mut numbers = Vec::with_capacity(shares.len());
        for ((place, _, count), share) in seen.beyond(since).zip(shares) {
            // What is known already brings nothing new, whatever a forged message says of it.
            if count <= self.origins.seen(ours[place]) {
                continue;
            }
            self.origins.see(ours[place], count);
            if self.raise(ours[place], share) {
                numbers.push(ours[place]);
            }
        }
        Ok(Grown { counter: self, numbers })
    }

    pub(super) fn apply_whole(&mut self, delta: SharesDelta<SIDES>) -> Result<Changes, ApplyError> {
        self.apply(&delta).map(|grown| Changes::of(grown.len()))
    }

    pub(super) fn apply_shared(&mut self, delta: &SharesDelta<SIDES>) -> Result<(), ApplyError> {
        self.apply(delta).map(drop)
    }
}

impl<const SIDES: usize> Leaves for Counter<SIDES> {
    fn len(&self) -> usize {
        self.shares.len() * SIDES
    }

    fn part(&self, number: u32) -> Option<TreeKind> {
        let at = number as usize;
        (self.shares[at / SIDES][at % SIDES] > 0).then_some(TreeKind::Content)
    }

    fn write_key(&self, number: u32, out: &mut Vec<u8>) {
        let side = number as usize % SIDES;
        let origin = self.origins.get(number / SIDES as u32);
        if SIDES > 1 {
            out.push(side as u8);
        }
        write_bytes(origin.replica.as_str().as_bytes(), out);
        write_number(origin.incarnation.into(), out);
    }

    fn write_body(&self, number: u32, out: &mut Vec<u8>) {
        let at = number as usize;
        write_number(self.shares[at / SIDES][at % SIDES], out);
    }
}

impl<const SIDES: usize> Counter<SIDES> {
    /// The state hash. Cost: O(shares changed since it was last asked for · log origins).
    pub fn state_hash(&mut self) -> StateHash {
        let mut trees = std::mem::take(&mut self.trees);
        trees.refresh(self);
        self.trees = trees;
        object_hashes(Self::KIND, &self.trees)
    }

    /// What the trees of the state hash have at a place.
    pub(super) fn look(&mut self, at: TreePath) -> Subtree {
        self.state_hash();
        self.trees.look(self, at)
    }

    /// The first records below a place of the state hash.
    pub(super) fn below(&mut self, at: TreePath, limit: usize) -> Vec<KeyAndBody> {
        self.state_hash();
        self.trees.below(self, at, limit)
    }
}

impl<const SIDES: usize> Lattice for Counter<SIDES> {
    fn bottom() -> Self {
        Self::new()
    }

    fn join(&mut self, other: &Self) {
        self.join(other);
    }
}

impl<const SIDES: usize> Default for Counter<SIDES> {
    fn default() -> Self {
        Self::new()
    }
}

/// Equal knowledge, received in any order.
impl<const SIDES: usize> PartialEq for Counter<SIDES> {
    fn eq(&self, other: &Self) -> bool {
        self.vector() == other.vector() && self.all_shares().eq(other.all_shares())
    }
}

impl<const SIDES: usize> Eq for Counter<SIDES> {}

impl<const SIDES: usize> fmt::Debug for Counter<SIDES> {
    /// The shares, and how many operations they are of.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares = self.all_shares().zip(self.vector().counts().to_vec());
        f.debug_map()
            .entries(shares.map(|((origin, shares), count)| (origin, (shares, count))))
            .finish()
    }
}

/// One increment that was just made.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a, const SIDES: usize = 1> {
    counter: &'a Counter<SIDES>,
    number: u32,
}

impl<const SIDES: usize> Change<'_, SIDES> {
    /// Its name among the operations on the counter.
    pub fn dot(&self) -> Dot {
        let origins = &self.counter.origins;
        Dot { origin: origins.get(self.number).clone(), counter: origins.seen(self.number) }
    }

    /// A delta for replicas that have seen all that was seen before it. Cost: O(origins).
    pub fn delta(&self) -> SharesDelta<SIDES> {
        let origins = &self.counter.origins;
        let before = origins.vector_until(self.number, origins.seen(self.number) - 1);
        self.counter.delta_since(&before)
    }
}

/// The shares that an application raised.
#[derive(Clone, Debug)]
pub struct Grown<'a, const SIDES: usize = 1> {
    counter: &'a Counter<SIDES>,
    numbers: Vec<u32>,
}

impl<const SIDES: usize> Grown<'_, SIDES> {
    /// How many grew.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether all was known already.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }
}

impl Grown<'_> {
    /// The origins whose shares grew, each with its present share.
    pub fn shares(&self) -> impl Iterator<Item = (&Origin, u128)> {
        let grown = self.numbers.iter().map(|number| self.counter.numbered(*number));
        grown.map(|(origin, [share])| (origin, share))
    }
}

/// A message for a replica that has seen `since`: the shares of all origins that counted after it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use = "a delta that is not sent brings nobody up to date"]
pub struct SharesDelta<const SIDES: usize> {
    /// What the receiver must have seen.
    pub(crate) since: Vector,
    /// What the sender has seen.
    pub(crate) seen: Vector,
    /// For each origin of which `seen` has seen more than `since`, in the order of the actor table
    /// of `seen`, as [`Vector::beyond`] lists them. Together they are not less than the count in
    /// `seen`.
    pub(crate) shares: Vec<[u128; SIDES]>,
    pub(crate) openings: DeltaOpenings,
}

/// What brings another replica's G-counter up to date.
pub type CounterDelta = SharesDelta<1>;

impl CounterDelta {
    /// The delta of these parts: one share for each origin of which `seen` has seen more than
    /// `since`, in the order of the actor table of `seen`. `None` unless the number is right and no
    /// share is less than the origin's count of increments, which are of 1 at least.
    pub fn new(since: Vector, seen: Vector, shares: Vec<u128>) -> Option<Self> {
        Self::of(since, seen, shares.into_iter().map(|share| [share]).collect())
    }

    /// The shares that it lists, in the order of their origins.
    pub fn shares(&self) -> impl Iterator<Item = (&Origin, u128)> {
        self.all_shares().map(|(origin, [share])| (origin, share))
    }
}

impl<const SIDES: usize> SharesDelta<SIDES> {
    /// See [`CounterDelta::new`].
    pub(crate) fn of(since: Vector, seen: Vector, shares: Vec<[u128; SIDES]>) -> Option<Self> {
        let mut left = shares.iter();
        let mut is_told = |count: u64| {
            let sum =
                |shares: &[u128; SIDES]| shares.iter().fold(0, |a: u128, b| a.saturating_add(*b));
            left.next().is_some_and(|shares| sum(shares) >= u128::from(count))
        };
        let fits = seen.beyond(&since).all(|(.., count)| is_told(count)) && left.next().is_none();
        fits.then(|| Self { since, seen, shares, openings: DeltaOpenings::default() })
    }

    /// What the receiver must have seen.
    pub fn since(&self) -> &Vector {
        &self.since
    }

    /// What the sender has seen; and the receiver, once this is applied.
    pub fn seen(&self) -> &Vector {
        &self.seen
    }

    /// The shares that it lists, of each side.
    pub(super) fn all_shares(&self) -> impl Iterator<Item = (&Origin, [u128; SIDES])> {
        let origins = self.seen.actor_table().origins();
        let counted = self.seen.beyond(&self.since).map(|(place, ..)| &origins[place]);
        counted.zip(self.shares.iter().copied())
    }

    /// How many origins it lists.
    pub fn len(&self) -> usize {
        self.shares.len()
    }

    /// Whether it lists no origin.
    pub fn is_empty(&self) -> bool {
        self.shares.is_empty()
    }

    pub(super) fn footprint(&self) -> usize {
        16 * SIDES * self.len()
    }

    pub(super) fn openings(&self) -> &DeltaOpenings {
        &self.openings
    }

    pub(super) fn openings_mut(&mut self) -> &mut DeltaOpenings {
        &mut self.openings
    }
}
