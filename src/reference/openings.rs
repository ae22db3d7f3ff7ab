//! Openings: forks are detected before a delta is applied, and repaired by renaming one branch.
//!
//! Meaning: a disk may be restored, or a file copied to two devices, unannounced. Then two
//! processes go on under one origin, and one dot would name two operations. So a process that opens
//! a store for writing draws an *opening*, a number that nobody drew before; it enters an object
//! with the first operation that the process performs there. The openings of one origin, in order,
//! are its chain. Two replicas that both know m operations of an origin know the same ones exactly
//! if the same opening, begun by the same dot, covers m in both. Where they differ the origin
//! forks, and one branch is renamed: its operations go to the origin of the same replica whose
//! incarnation is the opening that begins the branch, and count from 1 there. It is the branch that
//! begins a new opening at the fork; if both do, the one with the greater opening. The receiver
//! of a delta renames what it holds, or translates the delta, and applies it, in one step.
//! Everything is per object.
//! Laws: equal operations have equal names, whatever way they came; applying a delta unites the
//! operations (tests/openings.rs; of a model, proved in spec/).
//! Cost: the check compares one opening an origin; renaming is linear in what is known.
//! Source: this project. What happens without: basho/riak_kv#679, scylladb/scylladb#2169.
//!
//! A phone approves B, its disk is restored, and it approves C. Both are its first operation.
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::object::ObjectType;
//! use rejoin::operation::{Answer, Operation};
//! use rejoin::reference::Author;
//! use rejoin::reference::openings::Held;
//!
//! let origin = |name: &str| Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//! let author = Author { origin: origin("phone"), seq: 1, user: None };
//! let backup = Held::<&str, Option<&str>>::untouched(origin("phone"), ObjectType::OrSet);
//! let mut server = Held::untouched(origin("server"), ObjectType::OrSet);
//!
//! let mut phone = backup.clone();
//! phone.perform(71, &author, Operation::Add { element: "B" })?;
//! server.apply(&phone.delta_for(&server.known()))?;
//!
//! let mut phone = backup;
//! phone.perform(72, &author, Operation::Add { element: "C" })?;
//! phone.apply(&server.delta_for(&phone.known()))?;
//! assert_eq!(phone.state.value(), Answer::Elements(["B", "C"].into()));
//! // What it did since goes by the greater of the two openings.
//! assert_eq!(phone.own, Origin { replica: ReplicaId::new("phone").unwrap(), incarnation: 72 });
//! # Ok::<(), rejoin::reference::replica::Reason>(())
//! ```

use super::Author;
use super::decisions::{Decision, Decisions, Reading};
use super::delta::{Delta, Replicated};
use super::g_counter::GCounter;
use super::log::{Entry, Log};
use super::lww_map::LwwMap;
use super::lww_register::LwwRegister;
use super::max_register::{Extreme, Order};
use super::pn_counter::PnCounter;
use super::replica::{Object, Reason};
use crate::collect::Collect;
use crate::dot::{Dot, Origin};
use crate::lattice::Lattice;
use crate::object::ObjectType;
use crate::operation::{Operation, Value};
use crate::version_vector::VersionVector;
use std::collections::{BTreeMap, BTreeSet};

/// Which side is renamed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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

/// What is known of an object: how many operations of each origin, and which of them began which
/// opening.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Knowledge {
    /// The operations that are known.
    pub counts: VersionVector,
    /// The openings that began with some of them.
    pub openings: BTreeMap<Dot, Opening>,
}

impl Knowledge {
    /// Nothing is known.
    pub fn bottom() -> Self {
        Self { counts: VersionVector::bottom(), openings: BTreeMap::new() }
    }

    /// The opening under which the operation of `origin` with counter `m` happened, with the dot
    /// that began it: the last one that began up to there.
    pub fn covering(&self, origin: &Origin, m: u64) -> Option<(&Dot, u64)> {
        let up_to = Dot { origin: origin.clone(), counter: m };
        let (dot, opening) = self.openings.range(..=up_to).next_back()?;
        (dot.origin == *origin).then_some((dot, opening.number))
    }

    /// Whether the same opening covers the operation in both.
    pub fn agree_at(&self, other: &Self, origin: &Origin, m: u64) -> bool {
        self.covering(origin, m) == other.covering(origin, m)
    }

    /// Whether both know the same of the origin, as far as both know it.
    pub fn agree_on(&self, other: &Self, origin: &Origin) -> bool {
        let m = self.counts.get(origin).min(other.counts.get(origin));
        self.agree_at(other, origin, m)
    }

    /// The check that is made of every origin before a delta is applied.
    pub fn agree(&self, other: &Self) -> bool {
        self.counts.iter().all(|(origin, _)| self.agree_on(other, origin))
    }
}

/// The branch that begins with a dot goes to the origin whose incarnation is its opening.
#[derive(Clone, PartialEq, Eq, Debug)]
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

    /// The name of an operation.
    pub fn rename_dot(&self, dot: &Dot) -> Dot {
        if dot.origin == self.first.origin && self.first.counter <= dot.counter {
            let counter = dot.counter - self.first.counter + 1;
            Dot { origin: self.renamed_origin(), counter }
        } else {
            dot.clone()
        }
    }

    /// The openings by their first dots. In a branch the shares count from its beginning.
    pub fn rename_keys(&self, openings: &BTreeMap<Dot, Opening>) -> BTreeMap<Dot, Opening> {
        let rename = |(dot, opening): (&Dot, &Opening)| {
            let renamed = self.rename_dot(dot);
            let (before, lowered) = if renamed == *dot {
                (0, 0)
            } else {
                (self.opening.share, self.opening.decrements)
            };
            let share = opening.share.saturating_sub(before);
            let decrements = opening.decrements.saturating_sub(lowered);
            (renamed, Opening { share, decrements, ..*opening })
        };
        openings.iter().map(rename).into_map()
    }

    /// Of each origin what stays, and under its new name what does not.
    pub fn rename_counts(&self, counts: &VersionVector) -> VersionVector {
        let mut renamed = VersionVector::bottom();
        for (origin, n) in counts.iter() {
            let is_forked = *origin == self.first.origin;
            let stays = if is_forked { n.min(self.first.counter - 1) } else { n };
            renamed.see(origin, stays);
            let last = self.rename_dot(&Dot { origin: origin.clone(), counter: n });
            renamed.see(&last.origin, last.counter);
        }
        renamed
    }

    /// What is known, under the new names.
    pub fn rename(&self, known: &Knowledge) -> Knowledge {
        Knowledge {
            counts: self.rename_counts(&known.counts),
            openings: self.rename_keys(&known.openings),
        }
    }
}

/// What a state becomes under new names. Incarnations break ties, so the winners and the order of
/// a log are computed anew.
impl Renaming {
    fn rename_decision<E: Clone>(&self, decision: &Decision<E>) -> Decision<E> {
        Decision { dot: self.rename_dot(&decision.dot), ..decision.clone() }
    }

    fn rename_decisions<K: Ord + Clone, E: Ord + Clone>(
        &self,
        decisions: &Decisions<K, E>,
    ) -> Decisions<K, E> {
        let listed = decisions.keys().flat_map(|key| {
            let maximal = decisions.maximal(key).into_iter();
            maximal.map(|decision| (key.clone(), self.rename_decision(decision)))
        });
        Decisions::from_parts(self.rename_counts(decisions.seen()), listed)
    }

    /// The winner was seen, and so was every maximal decision; one of these is above it where the
    /// tie is broken otherwise.
    fn rename_winner<K: Ord + Clone, E: Ord + Clone>(
        &self,
        key: &K,
        winner: &Decision<E>,
        decisions: &Decisions<K, E>,
    ) -> Decision<E> {
        let maximal = decisions.maximal(key).into_iter().cloned();
        maximal.fold(self.rename_decision(winner), Decision::max)
    }

    /// A share is split where the branch begins: the opening says how much was counted before.
    fn rename_shares(
        &self,
        seen: &VersionVector,
        shares: &BTreeMap<Origin, u128>,
        before: u128,
    ) -> BTreeMap<Origin, u128> {
        let mut renamed = BTreeMap::new();
        for (origin, share) in shares {
            let n = seen.get(origin);
            let last = self.rename_dot(&Dot { origin: origin.clone(), counter: n });
            if last.origin == *origin {
                renamed.insert(origin.clone(), *share);
            } else {
                renamed.insert(origin.clone(), before.min(*share));
                renamed.insert(last.origin, share.saturating_sub(before));
            }
        }
        renamed
    }

    fn rename_counter(&self, counter: &GCounter) -> GCounter {
        let seen = counter.seen();
        let shares = self.rename_shares(seen, counter.shares(), self.opening.share);
        GCounter::from_parts(self.rename_counts(seen), shares)
    }

    fn rename_pn_counter(&self, counter: &PnCounter) -> PnCounter {
        let (seen, opening) = (counter.seen(), &self.opening);
        let increments = self.rename_shares(seen, counter.increments(), opening.share);
        let decrements = self.rename_shares(seen, counter.decrements(), opening.decrements);
        PnCounter::from_parts(self.rename_counts(seen), increments, decrements)
    }

    fn rename_reading<R, K: Ord + Clone, E: Ord + Clone>(
        &self,
        state: &Reading<R, K, E>,
    ) -> Reading<R, K, E> {
        Reading::from_parts(self.rename_decisions(state.decisions()))
    }

    fn rename_extreme<O: Order>(&self, register: &Extreme<O>) -> Extreme<O> {
        Extreme::from_parts(self.rename_counts(register.seen()), register.value())
    }

    fn rename_log<V: Ord + Clone>(&self, log: &Log<V>) -> Log<V> {
        let rename = |entry: &Entry<V>| {
            let Dot { origin, counter } = self.rename_dot(&entry.dot());
            Entry { incarnation: origin.incarnation, counter, ..entry.clone() }
        };
        let entries: BTreeSet<Entry<V>> = log.entries().map(rename).into_set();
        Log::from_parts(self.rename_counts(log.seen()), entries)
    }

    /// The state, or a part of one, under the new names.
    pub fn rename_state<K: Ord + Clone, V: Value>(&self, state: &Object<K, V>) -> Object<K, V> {
        match state {
            Object::GCounter(counter) => Object::GCounter(self.rename_counter(counter)),
            Object::LwwRegister(register) => {
                let decisions = self.rename_decisions(register.decisions());
                let winner = register.winner();
                let winner = winner.map(|winner| self.rename_winner(&(), winner, &decisions));
                Object::LwwRegister(LwwRegister::from_parts(decisions, winner))
            }
            Object::OrSet(set) => Object::OrSet(self.rename_reading(set)),
            Object::LwwMap(map) => {
                let decisions = self.rename_decisions(map.decisions());
                let winners = map.winners().iter().map(|(key, winner)| {
                    (key.clone(), self.rename_winner(key, winner, &decisions))
                });
                Object::LwwMap(LwwMap::from_parts(decisions.clone(), winners.into_map()))
            }
            Object::Log(log) => Object::Log(self.rename_log(log)),
            Object::PnCounter(counter) => Object::PnCounter(self.rename_pn_counter(counter)),
            Object::RwSet(set) => Object::RwSet(self.rename_reading(set)),
            Object::EwFlag(flag) => Object::EwFlag(self.rename_reading(flag)),
            Object::DwFlag(flag) => Object::DwFlag(self.rename_reading(flag)),
            Object::MvRegister(register) => Object::MvRegister(self.rename_reading(register)),
            Object::MvMap(map) => Object::MvMap(self.rename_reading(map)),
            Object::MaxRegister(register) => Object::MaxRegister(self.rename_extreme(register)),
            Object::MinRegister(register) => Object::MinRegister(self.rename_extreme(register)),
        }
    }
}

/// An opening in `theirs` that names an origin in `ours`: the branch was renamed here already.
pub fn known_branch(ours: &Knowledge, theirs: &Knowledge) -> Option<Renaming> {
    let renamings = theirs.openings.iter().map(|(first, opening)| {
        let (first, opening) = (first.clone(), *opening);
        Renaming { first, opening }
    });
    renamings.into_iter().find(|renaming| {
        let branch = renaming.renamed_origin();
        branch != renaming.first.origin && ours.counts.get(&branch) >= 1
    })
}

/// The first dot of an origin that names two operations: one of the two begins an opening.
pub fn first_fork(a: &Knowledge, b: &Knowledge) -> Option<Dot> {
    let begun: BTreeSet<&Dot> = a.openings.keys().chain(b.openings.keys()).into_set();
    let fork = begun.into_iter().find(|dot| {
        let both_know = a.counts.contains(dot) && b.counts.contains(dot);
        both_know && !a.agree_at(b, &dot.origin, dot.counter)
    });
    fork.cloned()
}

/// Which of the two branches that begin with the dot is renamed.
pub fn later_branch(ours: &Knowledge, theirs: &Knowledge, first: &Dot) -> Option<(Side, Renaming)> {
    let renaming = |side, opening: &Opening| {
        Some((side, Renaming { first: first.clone(), opening: *opening }))
    };
    match (ours.openings.get(first), theirs.openings.get(first)) {
        (Some(p), Some(q)) if p.number < q.number => renaming(Side::Theirs, q),
        (Some(p), _) => renaming(Side::Ours, p),
        (None, Some(q)) => renaming(Side::Theirs, q),
        (None, None) => None,
    }
}

/// What is to be renamed first, if anything is.
pub fn next_renaming(ours: &Knowledge, theirs: &Knowledge) -> Option<(Side, Renaming)> {
    if let Some(renaming) = known_branch(ours, theirs) {
        return Some((Side::Theirs, renaming));
    }
    if let Some(renaming) = known_branch(theirs, ours) {
        return Some((Side::Ours, renaming));
    }
    later_branch(ours, theirs, &first_fork(ours, theirs)?)
}

/// The renamings of what we hold and of what they know, in the order in which they are made. Each
/// leaves one opening less that does not name its origin, so that they end.
pub fn reconcile(ours: &Knowledge, theirs: &Knowledge) -> (Vec<Renaming>, Vec<Renaming>) {
    let (mut ours, mut theirs) = (ours.clone(), theirs.clone());
    let (mut of_ours, mut of_theirs) = (Vec::new(), Vec::new());
    let most = ours.openings.len() + theirs.openings.len();
    for _ in 0..most {
        match next_renaming(&ours, &theirs) {
            None => break,
            Some((Side::Ours, renaming)) => {
                ours = renaming.rename(&ours);
                of_ours.push(renaming);
            }
            Some((Side::Theirs, renaming)) => {
                theirs = renaming.rename(&theirs);
                of_theirs.push(renaming);
            }
        }
    }
    (of_ours, of_theirs)
}

/// What a replica holds of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held<K, V> {
    /// The origin under which it performs its next operation.
    pub own: Origin,
    /// The openings that began with operations that it knows.
    pub openings: BTreeMap<Dot, Opening>,
    /// The state, which says which these are.
    pub state: Object<K, V>,
}

impl<K: Ord + Clone, V: Value> Held<K, V> {
    /// The object before its first operation.
    pub fn untouched(own: Origin, kind: ObjectType) -> Self {
        Self { own, openings: BTreeMap::new(), state: Object::bottom(kind) }
    }

    /// What this side knows of the object: the request for a delta.
    pub fn known(&self) -> Knowledge {
        Knowledge { counts: self.state.seen().clone(), openings: self.openings.clone() }
    }

    fn rename_held(&mut self, renaming: &Renaming) {
        if self.own == renaming.first.origin {
            self.own = renaming.renamed_origin();
        }
        self.openings = renaming.rename_keys(&self.openings);
        self.state = renaming.rename_state(&self.state);
    }

    /// Whether the last operation of its own origin happened under `opening`.
    pub fn goes_on(&self, opening: u64) -> bool {
        let last = self.state.seen().get(&self.own);
        self.known().covering(&self.own, last).is_some_and(|(_, of_last)| of_last == opening)
    }

    /// Whether the process must draw a new opening before it writes: it wrote under `opening`
    /// already, and a living copy went on since.
    pub fn must_draw(&self, opening: u64) -> bool {
        let is_used = self.openings.values().any(|used| used.number == opening);
        !self.goes_on(opening) && is_used
    }

    /// Performs one operation under an opening. It goes by the object's own origin, whatever the
    /// author's is.
    pub fn perform(
        &mut self,
        opening: u64,
        author: &Author,
        operation: Operation<K, V>,
    ) -> Result<Dot, Reason> {
        let of = |shares: &BTreeMap<Origin, u128>| shares.get(&self.own).copied().unwrap_or(0);
        let (share, decrements) = match &self.state {
            Object::GCounter(counter) => (of(counter.shares()), 0),
            Object::PnCounter(counter) => (of(counter.increments()), of(counter.decrements())),
            Object::OrSet(_)
            | Object::RwSet(_)
            | Object::LwwMap(_)
            | Object::MvMap(_)
            | Object::LwwRegister(_)
            | Object::MvRegister(_)
            | Object::EwFlag(_)
            | Object::DwFlag(_)
            | Object::Log(_)
            | Object::MaxRegister(_)
            | Object::MinRegister(_) => (0, 0),
        };
        let goes_on = self.goes_on(opening);
        let author = Author { origin: self.own.clone(), ..author.clone() };
        let dot = self.state.perform(&author, operation)?;
        if !goes_on {
            self.openings.insert(dot.clone(), Opening { number: opening, share, decrements });
        }
        Ok(dot)
    }
}

/// What a replica that knows `part.since` lacks, and what the sender knows of openings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeldDelta<K, V> {
    /// All openings that the sender knows.
    pub openings: BTreeMap<Dot, Opening>,
    /// What the receiver lacks.
    pub part: Delta<Object<K, V>>,
}

impl<K: Ord + Clone, V: Value> HeldDelta<K, V> {
    fn rename_delta(&mut self, renaming: &Renaming) {
        self.openings = renaming.rename_keys(&self.openings);
        self.part.since = renaming.rename_counts(&self.part.since);
        self.part.part = renaming.rename_state(&self.part.part);
    }
}

impl<K: Ord + Clone, V: Value> Held<K, V> {
    /// For one who announced `theirs`. What is sent, and what they know, goes by the names that both
    /// will have.
    pub fn delta_for(&self, theirs: &Knowledge) -> HeldDelta<K, V> {
        let (of_ours, of_theirs) = reconcile(&self.known(), theirs);
        let mut renamed = self.clone();
        of_ours.iter().for_each(|renaming| renamed.rename_held(renaming));
        let rename = |known, renaming: &Renaming| renaming.rename(&known);
        let theirs = of_theirs.iter().fold(theirs.clone(), rename);
        HeldDelta { part: renamed.state.delta_since(&theirs.counts), openings: renamed.openings }
    }

    /// Renames both sides, and applies, in one step. Refused if the delta builds on operations that
    /// are lacking here; then nothing changes.
    pub fn apply(&mut self, delta: &HeldDelta<K, V>) -> Result<(), Reason> {
        let counts = delta.part.part.seen().clone();
        let theirs = Knowledge { counts, openings: delta.openings.clone() };
        let (of_ours, of_theirs) = reconcile(&self.known(), &theirs);
        let (mut renamed, mut delta) = (self.clone(), delta.clone());
        of_ours.iter().for_each(|renaming| renamed.rename_held(renaming));
        of_theirs.iter().for_each(|renaming| delta.rename_delta(renaming));
        renamed.state.apply(&delta.part)?;
        for (dot, opening) in delta.openings {
            renamed.openings.entry(dot).or_insert(opening);
        }
        *self = renamed;
        Ok(())
    }
}
