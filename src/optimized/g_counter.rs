//! G-Counter: a counter that only grows.
//!
//! Meaning: the value is the sum of all increments that were seen.
//! Laws: the join is a semilattice; `increment` is inflationary and equals applying its delta.
//! Cost: `increment` O(1) where the same origin counts again, a few nanoseconds; join, delta and
//! value O(origins), with no look at a name where both actor tables are one.
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 6.
//!
//! The client has counted 5000 of its own, of which the server knows 3000, and the server 2000.
//! Each tells the other what it lacks.
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
use super::openings::DeltaOpenings;
use super::state_hash::{
    KeyAndBody, Leaves, Subtree, TreeKind, TreePath, Trees, object_hashes, write_bytes,
    write_number,
};
use super::vector::{Origins, Vector};
use super::{OperationError, StateHash};
use crate::dot::{Dot, Origin};
use crate::lattice::Lattice;
use std::fmt;

/// How much each origin has counted.
#[derive(Clone, Default)]
pub struct GCounter {
    origins: Origins,
    /// By number of the origin: the total of its increments.
    shares: Vec<u128>,
    /// Who counted last, and its number: most likely the next one to count.
    last: Option<(Origin, u32)>,
    trees: Trees,
}

impl GCounter {
    /// A counter that nobody has counted with.
    pub fn new() -> Self {
        Self::default()
    }
}

impl GCounter {
    /// Applies everything that `other` knows; the result tells whose shares grew.
    pub fn join(&mut self, other: &Self) -> Grown<'_> {
        let ours = self.origins.numbers_of(other.origins.actor_table());
        self.shares.resize(self.origins.len(), 0);
        self.origins.openings.join(&other.origins.openings);
        let mut numbers = Vec::new();
        for (ours, theirs) in ours.into_iter().zip(other.origins.numbers()) {
            self.origins.see(ours, other.origins.seen(*theirs));
            if self.raise(ours, other.shares[*theirs as usize]) {
                numbers.push(ours);
            }
        }
        Grown { counter: self, numbers }
    }

    /// Raises a share, if it is less; says whether it was.
    fn raise(&mut self, number: u32, share: u128) -> bool {
        let ours = &mut self.shares[number as usize];
        let grows = share > *ours;
        if grows {
            *ours = share;
            self.trees.touch(number);
        }
        grows
    }
}

impl GCounter {
    /// Counts `amount` more, at least 1.
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
        if amount == 0 {
            return Err(OperationError::ZeroIncrement);
        }
        let number = match &self.last {
            Some((last, number)) if last == origin => *number,
            _ => self.turn_to(origin),
        };
        let share = &mut self.shares[number as usize];
        let counter = self.origins.seen(number).checked_add(1);
        let counter = counter.ok_or_else(|| OperationError::NoNamesLeft(origin.clone()))?;
        *share = share.checked_add(u128::from(amount)).ok_or(OperationError::ShareTooGreat)?;
        self.origins.see(number, counter);
        self.trees.touch(number);
        Ok(Change { counter: self, number })
    }

    /// The number of the origin. A first increment is never refused once its amount is known not
    /// to be 0, so an origin that becomes known here has counted when the call is over.
    #[cold]
    fn turn_to(&mut self, origin: &Origin) -> u32 {
        let number = self.origins.number(origin);
        self.shares.resize(self.origins.len(), 0);
        self.last = Some((origin.clone(), number));
        number
    }
}

impl GCounter {
    /// The sum of all increments; `None` beyond 2^128 − 1, which no increments reach.
    pub fn value(&self) -> Option<u128> {
        self.shares.iter().try_fold(0, |sum: u128, share| sum.checked_add(*share))
    }

    /// The sum of the origin's increments.
    pub fn share(&self, origin: &Origin) -> u128 {
        self.origins.find(origin).map_or(0, |number| self.shares[number as usize])
    }

    /// The shares of all that have counted, in the order of their origins.
    pub fn shares(&self) -> impl Iterator<Item = (&Origin, u128)> {
        self.origins.numbers().iter().map(|number| self.numbered(*number))
    }

    /// How many have counted. The numbers of their shares are below this.
    pub(crate) fn len(&self) -> usize {
        self.shares.len()
    }

    /// The origin of that number, and its share. Numbers stay the same for ever.
    pub(crate) fn numbered(&self, number: u32) -> (&Origin, u128) {
        (self.origins.get(number), self.shares[number as usize])
    }

    pub(super) fn origins(&self) -> &Origins {
        &self.origins
    }

    pub(super) fn origins_mut(&mut self) -> &mut Origins {
        &mut self.origins
    }

    /// Which increments have been seen. Cost: O(origins), without a look at their names.
    pub fn vector(&self) -> Vector {
        self.origins.vector()
    }

    /// What a replica that has seen `since` may lack.
    pub fn delta_since(&self, since: &Vector) -> CounterDelta {
        let seen = self.vector();
        let numbers = self.origins.numbers();
        let counted = seen.beyond(since);
        let shares = counted.map(|(place, ..)| self.shares[numbers[place] as usize]).collect();
        let openings = DeltaOpenings::since(&self.origins.openings, since, &seen);
        CounterDelta { since: since.clone(), seen, shares, openings }
    }

    /// Applies a delta; the result tells whose shares grew.
    ///
    /// Refused, without effect: a delta that builds upon increments which were not seen
    /// ([`ApplyError::Gap`]). What is known already does no harm.
    pub fn apply(&mut self, delta: &CounterDelta) -> Result<Grown<'_>, ApplyError> {
        if let Some((origin, needed, seen)) = self.origins.lacks(&delta.since) {
            return Err(ApplyError::Gap { origin, needed, seen });
        }
        let CounterDelta { since, seen, shares, openings } = delta;
        self.origins.openings.join(&openings.begun);
        let ours = self.origins.numbers_of(seen.actor_table());
        self.shares.resize(self.origins.len(), 0);
        let mut numbers = Vec::with_capacity(shares.len());
        for ((place, _, count), share) in seen.beyond(since).zip(shares) {
            self.origins.see(ours[place], count);
            if self.raise(ours[place], *share) {
                numbers.push(ours[place]);
            }
        }
        Ok(Grown { counter: self, numbers })
    }
}

impl Leaves for GCounter {
    fn len(&self) -> usize {
        self.shares.len()
    }

    fn part(&self, number: u32) -> Option<TreeKind> {
        (self.shares[number as usize] > 0).then_some(TreeKind::Content)
    }

    fn write_key(&self, number: u32, out: &mut Vec<u8>) {
        let origin = self.origins.get(number);
        write_bytes(origin.replica.as_str().as_bytes(), out);
        write_number(origin.incarnation.into(), out);
    }

    fn write_body(&self, number: u32, out: &mut Vec<u8>) {
        write_number(self.shares[number as usize], out);
    }
}

impl GCounter {
    /// The state hash. Cost: O(shares changed since it was last asked for · log origins).
    pub fn state_hash(&mut self) -> StateHash {
        let mut trees = std::mem::take(&mut self.trees);
        trees.refresh(self);
        self.trees = trees;
        object_hashes(1, &self.trees)
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

impl Lattice for GCounter {
    fn bottom() -> Self {
        Self::new()
    }

    fn join(&mut self, other: &Self) {
        self.join(other);
    }
}

/// Equal knowledge, in whichever order it came.
impl PartialEq for GCounter {
    fn eq(&self, other: &Self) -> bool {
        self.vector() == other.vector() && self.shares().eq(other.shares())
    }
}

impl Eq for GCounter {}

impl fmt::Debug for GCounter {
    /// The shares, and how many increments they are of.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares = self.shares().zip(self.vector().counts().to_vec());
        f.debug_map()
            .entries(shares.map(|((origin, share), count)| (origin, (share, count))))
            .finish()
    }
}

/// One increment that was just made.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    counter: &'a GCounter,
    number: u32,
}

impl Change<'_> {
    /// Its name among the operations on the counter.
    pub fn dot(&self) -> Dot {
        let origins = &self.counter.origins;
        Dot { origin: origins.get(self.number).clone(), counter: origins.seen(self.number) }
    }

    /// A delta for replicas that have seen all that was seen before it. Cost: O(origins).
    pub fn delta(&self) -> CounterDelta {
        let origins = &self.counter.origins;
        let before = origins.vector_until(self.number, origins.seen(self.number) - 1);
        self.counter.delta_since(&before)
    }
}

/// Whose shares grew when something was applied.
#[derive(Clone, Debug)]
pub struct Grown<'a> {
    counter: &'a GCounter,
    numbers: Vec<u32>,
}

impl Grown<'_> {
    /// How many grew.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether all was known already.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// The origins whose shares grew, each with its present share.
    pub fn shares(&self) -> impl Iterator<Item = (&Origin, u128)> {
        self.numbers.iter().map(|number| self.counter.numbered(*number))
    }
}

/// A message for a replica that has seen `since`: the shares of all origins that counted after it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use = "a delta that is not sent brings nobody up to date"]
pub struct CounterDelta {
    /// What the receiver must have seen.
    pub(crate) since: Vector,
    /// What the sender has seen.
    pub(crate) seen: Vector,
    /// One for each origin of which `seen` has seen more than `since`, in the order of the actor table
    /// of `seen`, as [`Vector::beyond`] lists them. None is less than the count in `seen`.
    pub(crate) shares: Vec<u128>,
    pub(crate) openings: DeltaOpenings,
}

impl CounterDelta {
    /// The delta of these parts: one share for each origin of which `seen` has seen more than
    /// `since`, in the order of the actor table of `seen`. `None` unless the number is right and no
    /// share is less than the origin's count of increments, which are of 1 at least.
    pub fn new(since: Vector, seen: Vector, shares: Vec<u128>) -> Option<Self> {
        let mut left = shares.iter();
        let mut is_told = |count: u64| left.next().is_some_and(|share| *share >= u128::from(count));
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

    /// The shares that it lists, in the order of their origins.
    pub fn shares(&self) -> impl Iterator<Item = (&Origin, u128)> {
        let origins = self.seen.actor_table().origins();
        let counted = self.seen.beyond(&self.since).map(|(place, ..)| &origins[place]);
        counted.zip(self.shares.iter().copied())
    }

    /// How many shares it lists.
    pub fn len(&self) -> usize {
        self.shares.len()
    }

    /// Whether it lists no share.
    pub fn is_empty(&self) -> bool {
        self.shares.is_empty()
    }
}
