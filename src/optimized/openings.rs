//! Openings: forks are detected before a delta is applied, and repaired by renaming one branch.
//!
//! Meaning: as the reference. The openings of an origin form a chain. A delta has a hash of those
//! that its receiver must know, and the openings that are new to it.
//! Laws: as there (tests/forks; of a model, proved in spec/).
//! Cost: a delta and its check O(openings of the object), for one hash over them, which is kept
//! until there is a new one; O(1) if nobody draws openings. A renaming is rare, and rebuilds the
//! object: O(object).
//! Source: this project.
//!
//! A process takes 64 random bits when it opens a store, and derives from them by BLAKE3 the first
//! opening, and one more each time that it must draw again. That is as safe as new randomness: two
//! processes with different bits have unrelated openings, and one with the bits of another is found
//! as soon as it meets the first opening of the other. If a virtual machine is copied while the
//! process runs, both copies have the same bits and go on under the same opening, which no process
//! can detect from inside. If the platform reports the copy, open the replica again.

mod agreement;

pub use agreement::DeltaOpenings;
pub(crate) use agreement::{Agreement, Process, agreement};

use super::ApplyError;
use super::canonical_bytes::CanonicalBytes;
use super::delta::{DeltaAuthor, Effect, KeyedDelta, Name, TypedDelta};
use super::g_counter::SharesDelta;
use super::log::{Columns, LogDelta};
use super::max_register::IntegerDelta;
use super::replica::{Changes, Delta, Object, Reason};
use super::vector::{Fingerprint, Vector, first_half};
use crate::collect::Collect;
use crate::dot::{Dot, Origin, ReplicaId};
use crate::lattice::Lattice;
use crate::operation::{Author, Operation};
use crate::version_vector::VersionVector;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

/// How many branches one delta may rename: more are forged, and each takes a pass over the openings.
const MOST_RENAMINGS: usize = 1 << 12;

/// How many openings all passes may look at, however many branches are renamed.
const MOST_LOOKS: usize = 1 << 26;

/// Which side is renamed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Side {
    /// What the receiver holds.
    Ours,
    /// What it receives.
    Theirs,
}

/// An opening, which the first operation of a process on the object begins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Opening {
    /// The number that the process drew.
    pub number: u64,
    /// Of a counter, the increments of the origin before that operation; of other types 0.
    pub share: u128,
    /// Of a PN-counter, its decrements; of other types 0.
    pub decrements: u128,
}

impl Opening {
    /// What the origin of a counter had counted before, on each side.
    fn shares(&self) -> [u128; 2] {
        [self.share, self.decrements]
    }
}

/// An opening, and the counter of the operation that began it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Link {
    first: u64,
    opening: Opening,
}

/// The openings of one object, by origin; empty if nobody draws any.
#[derive(Clone, Debug, Default)]
pub struct Openings {
    /// At least one for each origin, in the order of their operations.
    chains: BTreeMap<Origin, Vec<Link>>,
    /// The new names of origins that were renamed here. Local: it is not replicated.
    goes_as: BTreeMap<Origin, Origin>,
    hash: OnceLock<Fingerprint>,
}

/// Equal in what is replicated.
impl PartialEq for Openings {
    fn eq(&self, other: &Self) -> bool {
        self.chains == other.chains
    }
}

impl Eq for Openings {}

impl std::hash::Hash for Openings {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.chains.hash(state);
    }
}

impl Openings {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.chains.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.chains.values().map(Vec::len).sum()
    }

    /// All of them, by origin and then by the counter of the operation that began them.
    pub fn iter(&self) -> impl Iterator<Item = (&Origin, u64, Opening)> {
        self.chains.iter().flat_map(|(origin, chain)| {
            chain.iter().map(move |link| (origin, link.first, link.opening))
        })
    }

    /// Each origin with the first counter and the number of each of its openings.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = (&Origin, u64, u64)> {
        self.iter().map(|(origin, first, opening)| (origin, first, opening.number))
    }

    /// Adds an opening, unless one begins there.
    pub(crate) fn insert(&mut self, origin: &Origin, first: u64, opening: Opening) {
        let chain = match self.chains.get_mut(origin) {
            Some(chain) => chain,
            None => self.chains.entry(origin.clone()).or_default(),
        };
        let at = chain.partition_point(|link| link.first < first);
        if chain.get(at).is_none_or(|link| link.first != first) {
            chain.insert(at, Link { first, opening });
            self.hash = OnceLock::new();
        }
    }

    /// The opening under which the operation of `origin` with counter `m` happened, and the counter
    /// of the operation that began it: the last one that began up to there.
    pub fn covering(&self, origin: &Origin, m: u64) -> Option<(u64, u64)> {
        let chain = self.chains.get(origin)?;
        let at = chain.partition_point(|link| link.first <= m).checked_sub(1)?;
        Some((chain[at].first, chain[at].opening.number))
    }

    fn get(&self, origin: &Origin, first: u64) -> Option<Opening> {
        let chain = self.chains.get(origin)?;
        let at = chain.binary_search_by_key(&first, |link| link.first).ok()?;
        Some(chain[at].opening)
    }

    /// Whether an opening has this number.
    pub fn has_number(&self, number: u64) -> bool {
        self.chains.values().flatten().any(|link| link.opening.number == number)
    }

    /// Whether a fork of this replica was healed here: an origin of it has the name of an opening.
    fn has_branch(&self, replica: &ReplicaId) -> bool {
        self.chains.iter().any(|(origin, chain)| {
            origin.replica == *replica
                && chain.first().is_some_and(|link| link.opening.number == origin.incarnation)
        })
    }

    /// A hash of all of them: the first 16 bytes of BLAKE3. Computed once.
    pub fn fingerprint(&self) -> Fingerprint {
        *self.hash.get_or_init(|| self.fingerprint_until(|_| u64::MAX))
    }

    /// A hash of those that began with an operation up to a counter.
    fn fingerprint_until(&self, until: impl Fn(&Origin) -> u64) -> Fingerprint {
        // Only PN-counters have decrements: theirs is a hash of its own, so that others stay as they were.
        let mut within =
            self.iter().filter(|(origin, first, _)| *first <= until(origin)).map(|all| all.2);
        let has_decrements = within.any(|opening| opening.decrements > 0);
        let domain = match has_decrements {
            false => "rejoin/1 openings",
            true => "rejoin/1 openings with decrements",
        };
        let mut hasher = blake3::Hasher::new_derive_key(domain);
        let mut bytes = Vec::new();
        for (origin, chain) in &self.chains {
            let until = until(origin);
            let within = chain.partition_point(|link| link.first <= until);
            if within == 0 {
                continue;
            }
            let name = origin.replica.as_str().as_bytes();
            for number in [name.len() as u64, origin.incarnation, within as u64] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            bytes.extend_from_slice(name);
            for Link { first, opening } in &chain[..within] {
                bytes.extend_from_slice(&first.to_le_bytes());
                bytes.extend_from_slice(&opening.number.to_le_bytes());
                bytes.extend_from_slice(&opening.share.to_le_bytes());
                if has_decrements {
                    bytes.extend_from_slice(&opening.decrements.to_le_bytes());
                }
            }
            if bytes.len() > 1 << 14 {
                hasher.update(&bytes);
                bytes.clear();
            }
        }
        hasher.update(&bytes);
        first_half(hasher.finalize())
    }

    /// A hash of those that both vectors cover.
    pub(super) fn fingerprint_within(&self, a: &Vector, b: &Vector) -> Fingerprint {
        let until = |origin: &Origin| a.get(origin).min(b.get(origin));
        let is_within = |(origin, chain): (&Origin, &Vec<Link>)| {
            chain.last().is_none_or(|link| link.first <= until(origin))
        };
        match self.chains.iter().all(is_within) {
            true => self.fingerprint(),
            false => self.fingerprint_until(until),
        }
    }

    /// Those that both vectors cover.
    fn within(&self, a: &Vector, b: &Vector) -> Self {
        let mut within = Self::default();
        for (origin, first, opening) in self.iter() {
            if first <= a.get(origin).min(b.get(origin)) {
                within.insert(origin, first, opening);
            }
        }
        within
    }

    /// Adds the openings of another side.
    pub(crate) fn join(&mut self, other: &Self) {
        for (origin, first, opening) in other.iter() {
            self.insert(origin, first, opening);
        }
    }

    /// The origin under which a process of that origin goes on here.
    pub fn own(&self, origin: &Origin) -> Origin {
        let mut own = origin;
        while let Some(next) = self.goes_as.get(own) {
            own = next;
        }
        own.clone()
    }
}

/// A branch is renamed to the origin whose incarnation is the opening that begins it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Renaming {
    /// The first operation of the branch.
    pub first: Dot,
    /// The opening that it began.
    pub opening: Opening,
}

impl Renaming {
    /// The new name of the branch.
    pub fn renamed_origin(&self) -> Origin {
        let replica = self.first.origin.replica.clone();
        Origin { replica, incarnation: self.opening.number }
    }
}

/// What a replica knows of an object: the operations, and the openings that some of them began. It
/// asks for a delta with this if there is no session.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Knowledge {
    pub(crate) counts: VersionVector,
    pub(crate) openings: Openings,
}

impl Knowledge {
    /// From a vector and openings.
    pub fn new(vector: &Vector, openings: Openings) -> Self {
        Self { counts: vector.into(), openings }
    }

    /// The openings that began with some of them.
    pub fn openings(&self) -> &Openings {
        &self.openings
    }

    /// The operations that are known.
    pub fn vector(&self) -> Vector {
        (&self.counts).into()
    }

    fn agree_at(&self, other: &Self, origin: &Origin, m: u64) -> bool {
        self.openings.covering(origin, m) == other.openings.covering(origin, m)
    }

    /// The same under the new names. `None` if a name is taken, which no history leads to.
    fn rename(&mut self, renaming: &Renaming) -> Option<()> {
        let Renaming { first: Dot { origin, counter: first }, opening } = renaming;
        let branch = renaming.renamed_origin();
        let n = self.counts.get(origin);
        if self.counts.get(&branch) > 0 || n < *first {
            return None;
        }
        let mut counts = VersionVector::bottom();
        for (other, count) in self.counts.iter().filter(|(other, _)| *other != origin) {
            counts.see(other, count);
        }
        counts.see(origin, first - 1);
        counts.see(&branch, n - first + 1);
        self.counts = counts;
        if let Some(chain) = self.openings.chains.get_mut(origin) {
            let at = chain.partition_point(|link| link.first < *first);
            let mut moved = chain.split_off(at);
            if chain.is_empty() {
                self.openings.chains.remove(origin);
            }
            for link in &mut moved {
                link.first -= first - 1;
                let at = &mut link.opening;
                at.share = at.share.checked_sub(opening.share)?;
                at.decrements = at.decrements.checked_sub(opening.decrements)?;
            }
            self.openings.chains.insert(branch.clone(), moved);
            self.openings.hash = OnceLock::new();
        }
        // A replica that left a name does not use it again.
        self.openings.goes_as.entry(origin.clone()).or_insert(branch);
        Some(())
    }
}

/// An opening in `theirs` that names an origin in `ours`: the branch was renamed here already.
fn known_branch(ours: &Knowledge, theirs: &Knowledge) -> Option<Renaming> {
    theirs.openings.iter().find_map(|(origin, first, opening)| {
        let first = Dot { origin: origin.clone(), counter: first };
        let renaming = Renaming { first, opening };
        let branch = renaming.renamed_origin();
        (branch != *origin && ours.counts.get(&branch) >= 1).then_some(renaming)
    })
}

/// The first dot of an origin that names two operations, one of which begins an opening.
fn first_fork(a: &Knowledge, b: &Knowledge) -> Option<Dot> {
    for (origin, m) in a.counts.iter() {
        let m = m.min(b.counts.get(origin));
        if m == 0 || a.agree_at(b, origin, m) {
            continue;
        }
        let begun = [a, b].into_iter().flat_map(|known| known.openings.chains.get(origin));
        let begun: BTreeSet<u64> = begun.flatten().map(|link| link.first).into_set();
        let fork = begun.into_iter().find(|first| *first <= m && !a.agree_at(b, origin, *first));
        if let Some(counter) = fork {
            return Some(Dot { origin: origin.clone(), counter });
        }
    }
    None
}

/// Which of the two branches at the dot is renamed.
fn later_branch(ours: &Knowledge, theirs: &Knowledge, first: Dot) -> Option<(Side, Renaming)> {
    let [p, q] = [ours, theirs].map(|known| known.openings.get(&first.origin, first.counter));
    let (side, opening) = match (p, q) {
        (Some(p), Some(q)) if p.number < q.number => (Side::Theirs, q),
        (Some(p), _) => (Side::Ours, p),
        (None, Some(q)) => (Side::Theirs, q),
        (None, None) => return None,
    };
    Some((side, Renaming { first, opening }))
}

/// The repair of the forks between two sides.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reconciliation {
    /// In the order in which they are made.
    pub of_ours: Vec<Renaming>,
    pub of_theirs: Vec<Renaming>,
    /// What is to be reported.
    pub found: Vec<(Side, Renaming)>,
}

/// Renames both sides until they use the same names for the same operations. `None` if one of them
/// belongs to no history.
pub(crate) fn reconcile(ours: &mut Knowledge, theirs: &mut Knowledge) -> Option<Reconciliation> {
    let mut result = Reconciliation::default();
    let pass = 1 + ours.openings.len() + theirs.openings.len();
    for _ in 0..MOST_RENAMINGS.min(MOST_LOOKS / pass) {
        let known = known_branch(ours, theirs)
            .map(|renaming| (Side::Theirs, renaming))
            .or_else(|| known_branch(theirs, ours).map(|renaming| (Side::Ours, renaming)));
        let is_known = known.is_some();
        let next = known.or_else(|| {
            let fork = first_fork(ours, theirs)?;
            later_branch(ours, theirs, fork)
        });
        let Some((side, renaming)) = next else { return Some(result) };
        match side {
            Side::Ours => ours.rename(&renaming)?,
            Side::Theirs => theirs.rename(&renaming)?,
        }
        // A branch held here is renamed once; a received one is reported unless it was known here.
        if side == Side::Ours || !is_known {
            result.found.push((side, renaming.clone()));
        }
        match side {
            Side::Ours => result.of_ours.push(renaming),
            Side::Theirs => result.of_theirs.push(renaming),
        }
    }
    None
}

/// The new name of a range of an origin's operations.
#[derive(Clone, Debug)]
struct Stretch {
    /// The first counter of the range.
    first: u64,
    origin: Origin,
    /// What is subtracted from a counter.
    less: u64,
    /// What is subtracted from the origin's shares.
    shares: [u128; 2],
}

/// The composition of some renamings. Operations that it does not list keep their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewNames {
    by_origin: BTreeMap<Origin, Vec<Stretch>>,
}

impl NewNames {
    /// By all of the renamings, one after the other.
    pub fn of(renamings: &[Renaming]) -> Self {
        let mut names = Self::default();
        for renaming in renamings {
            let Renaming { first: Dot { origin, counter }, opening } = renaming;
            let stays = || Stretch { first: 1, origin: origin.clone(), less: 0, shares: [0; 2] };
            names.by_origin.entry(origin.clone()).or_insert_with(|| vec![stays()]);
            for stretches in names.by_origin.values_mut() {
                let mut split: Vec<Stretch> = Vec::with_capacity(stretches.len() + 1);
                for (at, stretch) in stretches.iter().enumerate() {
                    let begins = counter.saturating_add(stretch.less);
                    let end = stretches.get(at + 1).map_or(u64::MAX, |next| next.first - 1);
                    if stretch.origin != *origin || begins > end {
                        split.push(stretch.clone());
                        continue;
                    }
                    if begins > stretch.first {
                        split.push(stretch.clone());
                    }
                    split.push(Stretch {
                        first: begins.max(stretch.first),
                        origin: renaming.renamed_origin(),
                        less: stretch.less + (counter - 1),
                        shares: std::array::from_fn(|side| {
                            stretch.shares[side].saturating_add(opening.shares()[side])
                        }),
                    });
                }
                *stretches = split;
            }
        }
        names
    }

    fn stretches(&self, origin: &Origin) -> Vec<Stretch> {
        let stays = || vec![Stretch { first: 1, origin: origin.clone(), less: 0, shares: [0; 2] }];
        self.by_origin.get(origin).cloned().unwrap_or_else(stays)
    }

    /// A vector under the new names.
    pub fn vector(&self, vector: &Vector) -> Vector {
        let mut renamed = VersionVector::bottom();
        for (origin, n) in vector.iter() {
            let stretches = self.stretches(origin);
            for (at, stretch) in stretches.iter().enumerate().filter(|(_, of)| of.first <= n) {
                let end = stretches.get(at + 1).map_or(n, |next| n.min(next.first - 1));
                renamed.see(&stretch.origin, end - stretch.less);
            }
        }
        (&renamed).into()
    }

    /// For each place of one actor table, where its operations stand in that of another vector.
    fn places(&self, old: &Vector, new: &Vector) -> Vec<Vec<(u64, u32, u64)>> {
        let of = |(origin, _): (&Origin, u64)| {
            let stretches = self.stretches(origin).into_iter();
            let place = |stretch: Stretch| {
                let place = new.actor_table().position(&stretch.origin)?;
                Some((stretch.first, place as u32, stretch.less))
            };
            stretches.filter_map(place).collect()
        };
        old.iter().map(of).collect()
    }

    /// A delta under the new names.
    fn delta(&self, delta: &Delta) -> Option<Delta> {
        Some(match delta {
            Delta::GCounter(delta) => Delta::GCounter(self.counter_delta(delta)?),
            Delta::LwwRegister(delta) => {
                Delta::LwwRegister(TypedDelta::new(self.keyed_delta(&delta.keyed)?))
            }
            Delta::OrSet(delta) => Delta::OrSet(TypedDelta::new(self.keyed_delta(&delta.keyed)?)),
            Delta::LwwMap(delta) => Delta::LwwMap(TypedDelta::new(self.keyed_delta(&delta.keyed)?)),
            Delta::RwSet(delta) => Delta::RwSet(TypedDelta::new(self.keyed_delta(&delta.keyed)?)),
            Delta::EwFlag(delta) => Delta::EwFlag(TypedDelta::new(self.keyed_delta(&delta.keyed)?)),
            Delta::DwFlag(delta) => Delta::DwFlag(TypedDelta::new(self.keyed_delta(&delta.keyed)?)),
            Delta::MvRegister(delta) => {
                Delta::MvRegister(TypedDelta::new(self.keyed_delta(&delta.keyed)?))
            }
            Delta::MvMap(delta) => Delta::MvMap(TypedDelta::new(self.keyed_delta(&delta.keyed)?)),
            Delta::PnCounter(delta) => Delta::PnCounter(self.counter_delta(delta)?),
            Delta::MaxRegister(delta) => Delta::MaxRegister(self.integer_delta(delta)),
            Delta::MinRegister(delta) => Delta::MinRegister(self.integer_delta(delta)),
            Delta::Log(delta) => Delta::Log(self.log_delta(delta)?),
        })
    }

    /// A delta of a counter under the new names. `None` where the shares do not grow along it.
    pub fn counter_delta<const SIDES: usize>(
        &self,
        delta: &SharesDelta<SIDES>,
    ) -> Option<SharesDelta<SIDES>> {
        let (since, seen) = (self.vector(&delta.since), self.vector(&delta.seen));
        let mut shares = BTreeMap::new();
        let counts = delta.seen.beyond(&delta.since).map(|(place, _, count)| (place, count));
        for ((place, n), share) in counts.zip(&delta.shares) {
            let stretches = self.stretches(&delta.seen.actor_table().origins()[place]);
            let end = |at: usize| stretches.get(at + 1).filter(|next| next.first <= n);
            for (at, stretch) in stretches.iter().enumerate().filter(|(_, of)| of.first <= n) {
                let mut counted = [0; SIDES];
                for (side, counted) in counted.iter_mut().enumerate() {
                    let until = end(at).map_or(share[side], |next| next.shares[side]);
                    *counted = until.checked_sub(stretch.shares[side])?;
                }
                shares.insert(stretch.origin.clone(), counted);
            }
        }
        let origins = seen.actor_table().origins();
        let beyond = seen.beyond(&since).map(|(place, ..)| shares.get(&origins[place]).copied());
        let shares = beyond.collect::<Option<Vec<_>>>()?;
        let mut renamed = SharesDelta::of(since, seen, shares)?;
        renamed.openings = delta.openings.clone();
        Some(renamed)
    }

    /// A delta of a register of integers under the new names.
    fn integer_delta(&self, delta: &IntegerDelta) -> IntegerDelta {
        let (since, seen) = (self.vector(&delta.since), self.vector(&delta.seen));
        IntegerDelta { since, seen, ..delta.clone() }
    }

    /// A delta of a log under the new names.
    pub fn log_delta<V: CanonicalBytes + ?Sized>(
        &self,
        delta: &LogDelta<V>,
    ) -> Option<LogDelta<V>> {
        let (since, seen) = (self.vector(&delta.since), self.vector(&delta.seen));
        let places = self.places(&delta.seen, &seen);
        let all: Vec<u8> = delta.bytes.iter().flatten().copied().collect();
        let mut entries = Vec::with_capacity(delta.len());
        let mut start = 0;
        let dots = delta.seen.beyond(&delta.since).flat_map(|(place, before, count)| {
            (before + 1..=count).map(move |counter| (place, counter))
        });
        for ((place, counter), (at, length)) in dots.zip(delta.lengths.iter().enumerate()) {
            let end = start + *length as usize;
            entries.push((moved(&places[place], counter)?, at, all.get(start..end)?));
            start = end;
        }
        entries.sort_unstable_by_key(|(dot, ..)| *dot);
        let mut columns = Columns {
            timestamps: Vec::with_capacity(entries.len()),
            seqs: Vec::with_capacity(entries.len()),
            lengths: Vec::with_capacity(entries.len()),
        };
        let mut bytes = Vec::with_capacity(all.len());
        for (_, at, entry) in entries {
            columns.timestamps.push(delta.timestamps[at]);
            columns.seqs.push(delta.seqs[at]);
            columns.lengths.push(delta.lengths[at]);
            bytes.extend_from_slice(entry);
        }
        let mut renamed = LogDelta::of_columns(since, seen, columns, bytes.into())?;
        renamed.openings = delta.openings.clone();
        Some(renamed)
    }

    /// A delta of decisions under the new names.
    pub fn keyed_delta<E: Effect>(&self, delta: &KeyedDelta<E>) -> Option<KeyedDelta<E>> {
        let mut renamed = delta.clone();
        (renamed.since, renamed.seen) = (self.vector(&delta.since), self.vector(&delta.seen));
        let places = self.places(&delta.seen, &renamed.seen);
        let mut numbers = HashMap::new();
        renamed.authors.clear();
        let KeyedDelta { authors, first, others, winners, .. } = &mut renamed;
        let beside = others.iter_mut().chain(winners).map(|(_, record)| record);
        for record in first.iter_mut().chain(beside) {
            let DeltaAuthor { place, user } = &delta.authors[record.author as usize];
            let (place, counter) = moved(&places[*place as usize], record.counter)?;
            record.author = *numbers.entry((record.author, place)).or_insert_with(|| {
                authors.push(DeltaAuthor { place, user: user.clone() });
                authors.len() as u32 - 1
            });
            record.counter = counter;
        }
        for name in &mut renamed.names {
            if let Name::CreationDot { place, counter } = name {
                (*place, *counter) = moved(&places[*place as usize], *counter)?;
            }
        }
        for dots in [&mut renamed.kept, &mut renamed.creation_dots] {
            for (_, place, counter) in dots.iter_mut() {
                (*place, *counter) = moved(&places[*place as usize], *counter)?;
            }
            dots.sort_unstable();
        }
        if let Some(audit) = &delta.audit {
            let spans = |place: u32| &places[place as usize][..];
            let moved = |place, counter| moved(spans(place), counter);
            renamed.audit = Some(Box::new(audit.renamed(spans, moved)?));
        }
        Some(renamed)
    }
}

/// The new name of an operation, by places in actor tables.
fn moved(stretches: &[(u64, u32, u64)], counter: u64) -> Option<(u32, u64)> {
    let at = stretches.partition_point(|(first, ..)| *first <= counter).checked_sub(1)?;
    let (_, place, less) = stretches[at];
    Some((place, counter - less))
}

/// A fork that was found, and repaired by renaming one branch.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Healed {
    /// The first operation of the branch, under the name that two operations had.
    pub first: Dot,
    /// The new name of the branch.
    pub renamed: Origin,
    /// Whether this side held the branch, or the sender of the delta.
    pub side: Side,
}

impl Healed {
    fn of((side, renaming): (Side, Renaming)) -> Self {
        let renamed = renaming.renamed_origin();
        Self { first: renaming.first, renamed, side }
    }
}

/// Both sides of a renaming: the state that a delta is applied to, and the delta.
struct Reconciled {
    object: Object,
    delta: Delta,
    healed: Vec<Healed>,
}

impl Object {
    /// The openings that began with operations on it.
    pub fn openings(&self) -> &Openings {
        &self.origins().openings
    }

    /// What this side knows of it: the request for a delta if openings differ.
    pub fn knowledge(&self) -> Knowledge {
        Knowledge::new(&self.vector(), self.openings().clone())
    }

    /// The fingerprint of what is known: of the vector, and of the openings if there are any.
    pub fn fingerprint(&self) -> Fingerprint {
        let vector = self.vector().fingerprint();
        if self.openings().is_empty() {
            return vector;
        }
        let mut hasher = blake3::Hasher::new_derive_key("rejoin/1 vector and openings");
        hasher.update(&vector);
        hasher.update(&self.openings().fingerprint());
        first_half(hasher.finalize())
    }

    /// Whether a side with this vector and these openings has seen a prefix of what is known here,
    /// under the same names.
    pub fn extends(&self, vector: &Vector, openings: &Fingerprint) -> bool {
        self.vector().covers(vector)
            && self.openings().fingerprint_within(vector, vector) == *openings
    }

    /// Whether the two sides would rename anything before they exchange deltas.
    pub fn is_forked_from(&self, theirs: &Knowledge) -> bool {
        self.forks(theirs).map_or(true, |forks| forks.is_some())
    }

    /// The forks between this side and another that were not known here. `None` if both use the same
    /// names.
    ///
    /// # Errors
    /// [`ApplyError::Contradiction`] if the other side's knowledge belongs to no history.
    pub(crate) fn forks(&self, theirs: &Knowledge) -> Result<Option<Vec<Healed>>, ApplyError> {
        let (mut ours, mut theirs) = (self.knowledge(), theirs.clone());
        let names = reconcile(&mut ours, &mut theirs).ok_or(ApplyError::Contradiction)?;
        let is_forked = !names.of_ours.is_empty() || !names.of_theirs.is_empty();
        Ok(is_forked.then(|| names.found.into_iter().map(Healed::of).collect()))
    }

    /// A message for a side that knows other openings. The delta and its start use the names that both
    /// sides will have. Cost: O(object).
    ///
    /// # Errors
    /// [`ApplyError::Contradiction`] if the other side's knowledge belongs to no history.
    pub fn delta_for(&self, theirs: &Knowledge) -> Result<Delta, ApplyError> {
        let (object, since) = self.named_for(theirs)?;
        Ok(object.delta_with_openings(&since))
    }

    /// The object, and where a delta for that side starts, under the names that both sides will have.
    fn named_for(&self, theirs: &Knowledge) -> Result<(Cow<'_, Self>, Vector), ApplyError> {
        let (mut ours, mut theirs) = (self.knowledge(), theirs.clone());
        let names = reconcile(&mut ours, &mut theirs).ok_or(ApplyError::Contradiction)?;
        let object = match names.of_ours.is_empty() {
            true => Cow::Borrowed(self),
            false => Cow::Owned(self.renamed(&names.of_ours, ours.openings)?),
        };
        Ok((object, Vector::from(&theirs.counts)))
    }

    /// A delta with all openings.
    fn delta_with_openings(&self, since: &Vector) -> Delta {
        let mut delta = self.delta_since(since);
        *delta.openings_mut() = DeltaOpenings::whole(self.openings());
        delta
    }

    /// The same under new names. Winners, and the order of a log, are computed again.
    fn renamed(&self, names: &[Renaming], openings: Openings) -> Result<Self, ApplyError> {
        let whole = self.delta_since(&Vector::default());
        let mut renamed = Self::bottom(self.kind());
        let whole = NewNames::of(names).delta(&whole).ok_or(ApplyError::Contradiction)?;
        renamed.apply_as_named(whole).map_err(|reason| match reason {
            Reason::Apply(error) => error,
            _ => ApplyError::Contradiction,
        })?;
        renamed.origins_mut().openings = openings;
        Ok(renamed)
    }

    /// The check before anything is applied. `None` where the delta may be applied as it is.
    fn reconciled(&self, delta: &Delta) -> Result<Option<Reconciled>, ApplyError> {
        let ours = self.openings();
        if ours.is_empty() && delta.openings().is_empty() || self.kind() != delta.kind() {
            return Ok(None);
        }
        let told = (delta.openings(), delta.since(), delta.seen());
        let mut theirs = match agreement(ours, &self.vector(), told) {
            Agreement::Agree => return Ok(None),
            Agreement::Unknown => return Err(self.unknown_openings(delta.since())),
            Agreement::Differ(theirs) => theirs,
        };
        let mut ours = self.knowledge();
        let names = reconcile(&mut ours, &mut theirs).ok_or(ApplyError::Contradiction)?;
        let object = match names.of_ours.is_empty() {
            true => self.clone(),
            false => self.renamed(&names.of_ours, ours.openings)?,
        };
        let mut delta =
            NewNames::of(&names.of_theirs).delta(delta).ok_or(ApplyError::Contradiction)?;
        *delta.openings_mut() = DeltaOpenings::whole(&theirs.openings);
        let healed = names.found.into_iter().map(Healed::of).collect();
        Ok(Some(Reconciled { object, delta, healed }))
    }

    /// Why a delta is refused whose openings are not those here, where the delta has only a hash of
    /// them. A receiver that lacks operations lacks their openings too: that is a gap, and no fork.
    /// It is a fork if it knows a branch of that replica: the sender may count operations under a name
    /// that a repaired fork took from them here, and no update in transit closes that gap.
    pub(super) fn unknown_openings(&self, since: &Vector) -> ApplyError {
        match self.origins().lacks(since) {
            Some((origin, needed, seen)) if !self.openings().has_branch(&origin.replica) => {
                ApplyError::Gap { origin, needed, seen }
            }
            _ => ApplyError::OpeningsDiffer,
        }
    }

    /// Applies a message. First it compares what both sides know. If one name stands for two
    /// operations, one of them is renamed, here and in the message; then the message is applied, in
    /// one step.
    ///
    /// Cost: that of the delta; where names change O(object).
    ///
    /// # Errors
    /// See [`Reason::Apply`]. Nothing changed.
    pub fn apply(&mut self, delta: Delta) -> Result<Changes, Reason> {
        match self.reconciled(&delta).map_err(Reason::Apply)? {
            None => self.apply_as_named(delta),
            Some(Reconciled { mut object, delta, healed }) => {
                let (renamed, seen) = (Some(object.vector()), Some(delta.seen().clone()));
                let changes = object.apply_as_named(delta)?;
                *self = object;
                Ok(Changes { healed, renamed, seen, ..changes })
            }
        }
    }

    /// Whether the delta starts at what is known here, and has enough openings.
    pub(crate) fn check_start(&self, delta: &Delta) -> Result<(), ApplyError> {
        let lacks = |object: &Self, since: &Vector| match object.origins().lacks(since) {
            Some((origin, needed, seen)) => Err(ApplyError::Gap { origin, needed, seen }),
            None => Ok(()),
        };
        match self.reconciled(delta)? {
            None => lacks(self, delta.since()),
            Some(Reconciled { object, delta, .. }) => lacks(&object, delta.since()),
        }
    }

    /// A message for a side that sent a vector, and perhaps openings. It starts at nothing that is not known
    /// here: who passes it on has no other openings for its start than those in it, and they must tell
    /// which operations these are (tests/forks/relays.rs). Cost: that of the delta, and O(openings);
    /// where both use other names, O(object).
    pub(crate) fn delta_for_version(
        &self,
        vector: &Vector,
        openings: Option<&Openings>,
    ) -> Result<Delta, ApplyError> {
        let none = Openings::default();
        let openings = openings.unwrap_or(&none);
        let start = || vector.meet(&self.vector());
        if openings.is_empty() && self.openings().is_empty()
            || self.extends(vector, &openings.fingerprint())
        {
            return Ok(self.delta_since(&start()));
        }
        let knowledge = Knowledge::new(vector, openings.clone());
        if !self.is_forked_from(&knowledge) {
            return Ok(self.delta_since(&start()));
        }
        let (object, since) = self.named_for(&knowledge)?;
        Ok(object.delta_with_openings(&since.meet(&object.vector())))
    }

    /// Performs one operation under an opening, or under none.
    pub(super) fn perform_under(
        &mut self,
        opening: Option<u64>,
        author: &Author,
        operation: Operation<&str, Option<&str>>,
    ) -> Result<Dot, Reason> {
        let Some(number) = opening else { return self.perform(author, operation) };
        let goes_on = self.goes_on(&author.origin, number);
        let [share, decrements] = match self {
            Self::GCounter(counter) => [counter.share(&author.origin), 0],
            Self::PnCounter(counter) => counter.shares_of(&author.origin),
            Self::OrSet(_)
            | Self::RwSet(_)
            | Self::LwwMap(_)
            | Self::MvMap(_)
            | Self::LwwRegister(_)
            | Self::MvRegister(_)
            | Self::EwFlag(_)
            | Self::DwFlag(_)
            | Self::Log(_)
            | Self::MaxRegister(_)
            | Self::MinRegister(_) => [0; 2],
        };
        let dot = self.perform(author, operation)?;
        if !goes_on {
            let openings = &mut self.origins_mut().openings;
            openings.insert(&dot.origin, dot.counter, Opening { number, share, decrements });
        }
        Ok(dot)
    }

    /// Whether the last operation of an origin happened under the opening.
    fn goes_on(&self, own: &Origin, opening: u64) -> bool {
        self.openings()
            .chains
            .get(own)
            .and_then(|chain| chain.last())
            .is_some_and(|last| last.opening.number == opening)
    }

    /// Whether a process must draw a new opening before it writes: it wrote under this one already,
    /// and a copy of it has continued since.
    pub(super) fn must_draw(&self, own: &Origin, opening: u64) -> bool {
        !self.goes_on(own, opening) && self.openings().has_number(opening)
    }
}
