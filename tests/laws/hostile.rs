//! States that no operations need have made.
//!
//! They list dots that they have not seen, give one dot to several decisions, and have shares
//! without operations and winners that nobody decided. All is drawn from alphabets so small that
//! states agree, overlap and contradict each other.

use super::choices::Choices;
use super::letter::Letter;
use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::lattice::Lattice;
use rejoin::reference::decisions::{Decision, Decisions, Presence, Reading};
use rejoin::reference::delta::Replicated;
use rejoin::reference::g_counter::GCounter;
use rejoin::reference::log::{Entry, Log};
use rejoin::reference::lww_map::LwwMap;
use rejoin::reference::lww_register::LwwRegister;
use rejoin::reference::max_register::{Extreme, Order};
use rejoin::reference::pn_counter::PnCounter;
use rejoin::reference::replica::{Object, Objects, Replica};
use rejoin::version_vector::VersionVector;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// The alphabets to draw from.
pub struct Scope {
    /// Origins by name and incarnation.
    pub origins: &'static [(&'static str, u64)],
    /// How many operations of an origin a vector may claim.
    pub counters: &'static [u64],
    /// The counters of a dot; no operation has 0.
    pub places: &'static [u64],
    /// Sequence numbers and timestamps.
    pub times: &'static [u64],
    pub shares: &'static [u128],
    pub users: &'static [Option<&'static str>],
    pub keys: &'static [char],
    pub letters: &'static [Letter],
    /// At most how many records a state lists.
    pub records: usize,
}

/// For random states.
pub const WIDE: Scope = Scope {
    origins: &[("a", 0), ("a", 1), ("b", 0)],
    counters: &[0, 1, 2, u64::MAX],
    places: &[0, 1, 2, u64::MAX],
    times: &[0, 1, u64::MAX],
    shares: &[0, 1, 2, u128::MAX],
    users: &[None, Some("ann")],
    keys: &['x', 'y'],
    letters: &[Letter::A, Letter::Null, Letter::T],
    records: 4,
};

/// For all states: two dots, two effects, one key.
pub const SMALL: Scope = Scope {
    origins: &[("a", 0), ("b", 0)],
    counters: &[0, 1],
    places: &[1],
    times: &[1],
    shares: &[0, 1, 2],
    users: &[None],
    keys: &['x'],
    letters: &[Letter::A, Letter::Null],
    records: 3,
};

/// Where a state has two parts: fewer records in each.
pub const SMALLER: Scope = Scope { records: 1, ..SMALL };

/// What can be drawn.
pub trait Hostile: Lattice + Debug {
    /// The scope in which all states are few enough to check every triple of them.
    const EVERY: Scope = SMALL;

    /// Some state.
    fn draw(choices: &mut Choices, scope: &Scope) -> Self;
}

fn origin(choices: &mut Choices, scope: &Scope) -> Origin {
    let (name, incarnation) = choices.one_of(scope.origins);
    Origin { replica: ReplicaId::new(name).unwrap(), incarnation }
}

fn dot(choices: &mut Choices, scope: &Scope) -> Dot {
    Dot { origin: origin(choices, scope), counter: choices.one_of(scope.places) }
}

/// Up to `scope.records` drawn records.
fn some<T>(choices: &mut Choices, scope: &Scope, draw: impl Fn(&mut Choices) -> T) -> Vec<T> {
    (0..choices.pick(scope.records + 1)).map(|_| draw(choices)).collect()
}

pub fn decision<E: Clone>(choices: &mut Choices, scope: &Scope, effects: &[E]) -> Decision<E> {
    Decision {
        dot: dot(choices, scope),
        seq: choices.one_of(scope.times),
        timestamp: choices.one_of(scope.times),
        user: choices.one_of(scope.users).map(Into::into),
        effect: choices.one_of(effects),
    }
}

pub fn entry(choices: &mut Choices, scope: &Scope) -> Entry<Letter> {
    let Dot { origin, counter } = dot(choices, scope);
    Entry {
        timestamp: choices.one_of(scope.times),
        replica: origin.replica,
        seq: choices.one_of(scope.times),
        entry: choices.one_of(scope.letters),
        incarnation: origin.incarnation,
        counter,
    }
}

fn decisions<K: Ord + Clone, E: Ord + Clone>(
    choices: &mut Choices,
    scope: &Scope,
    keys: &[K],
    effects: &[E],
) -> Decisions<K, E> {
    let seen = VersionVector::draw(choices, scope);
    let listed =
        some(choices, scope, |choices| (choices.one_of(keys), decision(choices, scope, effects)));
    Decisions::from_parts(seen, listed)
}

impl Hostile for VersionVector {
    fn draw(choices: &mut Choices, scope: &Scope) -> Self {
        let mut vector = Self::bottom();
        for (name, incarnation) in scope.origins {
            let origin =
                Origin { replica: ReplicaId::new(*name).unwrap(), incarnation: *incarnation };
            vector.see(&origin, choices.one_of(scope.counters));
        }
        vector
    }
}

impl Hostile for GCounter {
    fn draw(choices: &mut Choices, scope: &Scope) -> Self {
        let seen = VersionVector::draw(choices, scope);
        let mut shares = BTreeMap::new();
        for (name, incarnation) in scope.origins {
            let origin =
                Origin { replica: ReplicaId::new(*name).unwrap(), incarnation: *incarnation };
            shares.insert(origin, choices.one_of(scope.shares));
        }
        Self::from_parts(seen, shares)
    }
}

impl Hostile for Decisions<char, Letter> {
    fn draw(choices: &mut Choices, scope: &Scope) -> Self {
        decisions(choices, scope, scope.keys, scope.letters)
    }
}

const PRESENCES: [Presence; 2] = [Presence::Removed, Presence::Added];

impl<R: Clone + Eq + Debug> Hostile for Reading<R, char, Presence> {
    fn draw(choices: &mut Choices, scope: &Scope) -> Self {
        Self::from_parts(decisions(choices, scope, scope.keys, &PRESENCES))
    }
}

impl<R: Clone + Eq + Debug> Hostile for Reading<R, (), Presence> {
    fn draw(choices: &mut Choices, scope: &Scope) -> Self {
        Self::from_parts(decisions(choices, scope, &[()], &PRESENCES))
    }
}

impl<R: Clone + Eq + Debug> Hostile for Reading<R, (), Letter> {
    fn draw(choices: &mut Choices, scope: &Scope) -> Self {
        Self::from_parts(decisions(choices, scope, &[()], scope.letters))
    }
}

impl<R: Clone + Eq + Debug> Hostile for Reading<R, char, Letter> {
    fn draw(choices: &mut Choices, scope: &Scope) -> Self {
        Self::from_parts(decisions(choices, scope, scope.keys, scope.letters))
    }
}

impl Hostile for PnCounter {
    const EVERY: Scope = Scope { shares: &[0, 1], ..SMALL };

    fn draw(choices: &mut Choices, scope: &Scope) -> Self {
        let increments = GCounter::draw(choices, scope);
        let decrements = GCounter::draw(choices, scope).shares().clone();
        let seen = Replicated::seen(&increments).clone();
        Self::from_parts(seen, increments.shares().clone(), decrements)
    }
}

impl<O: Order + Debug> Hostile for Extreme<O> {
    fn draw(choices: &mut Choices, scope: &Scope) -> Self {
        let seen = VersionVector::draw(choices, scope);
        Self::from_parts(seen, choices.one_of(&[None, Some(-1), Some(0), Some(1)]))
    }
}

impl Hostile for LwwRegister<Letter> {
    const EVERY: Scope = SMALLER;

    fn draw(choices: &mut Choices, scope: &Scope) -> Self {
        let decisions = decisions(choices, scope, &[()], scope.letters);
        let winner = match choices.pick(2) {
            0 => None,
            _ => Some(decision(choices, scope, scope.letters)),
        };
        Self::from_parts(decisions, winner)
    }
}

impl Hostile for LwwMap<char, Letter> {
    const EVERY: Scope = SMALLER;

    fn draw(choices: &mut Choices, scope: &Scope) -> Self {
        let decisions = decisions(choices, scope, scope.keys, scope.letters);
        let winners = some(choices, scope, |choices| {
            (choices.one_of(scope.keys), decision(choices, scope, scope.letters))
        });
        Self::from_parts(decisions, winners.into_iter().collect())
    }
}

impl Hostile for Log<Letter> {
    fn draw(choices: &mut Choices, scope: &Scope) -> Self {
        let seen = VersionVector::draw(choices, scope);
        let entries = some(choices, scope, |choices| entry(choices, scope));
        Self::from_parts(seen, entries.into_iter().collect())
    }
}

/// Replicas with the same objects, of all types.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Product(pub Replica<char, Letter>);

impl Product {
    fn of(objects: Vec<Object<char, Letter>>) -> Self {
        let named = |object: Object<char, Letter>| (object.kind().as_str().into(), object);
        let objects: Objects<char, Letter> = objects.into_iter().map(named).collect();
        let origin = Origin { replica: ReplicaId::new("a").unwrap(), incarnation: 0 };
        Self(Replica::restored(origin, objects))
    }
}

impl Lattice for Product {
    fn bottom() -> Self {
        Self::of(rejoin::object::ObjectType::ALL.map(Object::bottom).into())
    }

    fn join(&mut self, other: &Self) {
        self.0.join(other.0.objects()).expect("both hold the same objects");
    }
}

impl Hostile for Product {
    fn draw(choices: &mut Choices, scope: &Scope) -> Self {
        Self::of(vec![
            Object::GCounter(GCounter::draw(choices, scope)),
            Object::LwwRegister(LwwRegister::draw(choices, scope)),
            Object::OrSet(Hostile::draw(choices, scope)),
            Object::LwwMap(LwwMap::draw(choices, scope)),
            Object::Log(Log::draw(choices, scope)),
            Object::PnCounter(Hostile::draw(choices, scope)),
            Object::RwSet(Hostile::draw(choices, scope)),
            Object::EwFlag(Hostile::draw(choices, scope)),
            Object::DwFlag(Hostile::draw(choices, scope)),
            Object::MvRegister(Hostile::draw(choices, scope)),
            Object::MvMap(Hostile::draw(choices, scope)),
            Object::MaxRegister(Hostile::draw(choices, scope)),
            Object::MinRegister(Hostile::draw(choices, scope)),
        ])
    }
}
