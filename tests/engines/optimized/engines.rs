//! The operations and questions for both engines, and how each engine answers.

use rejoin::digest::{StateHash, ToBytes};
use rejoin::dot::Dot;
use rejoin::lattice::Lattice;
use rejoin::operation::{Author, DecisionId, OperationError, Value};
use rejoin::optimized::{self, ApplyError, Conflict, KeyChange, Vector};
use rejoin::reference;
use rejoin::reference::decisions::{Decision, Decisions, Presence, Reading};
use rejoin::reference::delta::{Delta, Gap, Replicated};
use rejoin::reference::state_hash::Hashed;
use rejoin::version_vector::VersionVector;
use rejoin::wire::{self, BaseEncoding, OriginEncoding};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// An operation. Without a value it removes or deletes; a set ignores the value of an addition, and
/// a register or a flag ignores the key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Op {
    pub key: String,
    pub value: Option<String>,
    pub timestamp: u64,
}

/// A decision, in a form that both engines share.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Said {
    pub id: DecisionId,
    pub timestamp: u64,
    pub is_removal: bool,
    pub value: Option<Vec<u8>>,
}

/// The record of a key: its maximal decisions, and the greatest write if writes have timestamps.
pub type Known = (BTreeSet<Said>, Option<Said>);

/// The decisions with the current effect, and the others.
pub type Open = (BTreeSet<DecisionId>, BTreeSet<DecisionId>);

/// The answers of an engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answers {
    pub vector: VersionVector,
    /// All keys with a decision.
    pub known: BTreeMap<String, Known>,
    /// The keys that have a value, with their values; for a set its elements, with nothing.
    pub values: BTreeMap<String, Option<String>>,
    pub open: BTreeMap<String, Open>,
}

impl Answers {
    /// The decision that has effect on the key: the winner, or the greatest maximal decision with
    /// the current effect.
    fn current(&self, key: &str) -> Option<&DecisionId> {
        let (maximal, winner) = self.known.get(key)?;
        if let Some(winner) = winner {
            return Some(&winner.id);
        }
        let is_removed = !self.values.contains_key(key);
        let agree = maximal.iter().filter(|said| said.is_removal == is_removed);
        // The order of writes, where all timestamps are 0.
        let order = |id: &DecisionId| {
            let Dot { origin, counter } = id.dot.clone();
            (origin.replica, id.seq, origin.incarnation, counter)
        };
        agree.map(|said| &said.id).max_by_key(|id| order(id))
    }

    /// Whether the decision has effect on the key: it wins, or is a maximal one with the current
    /// effect.
    fn has_effect(&self, key: &str, id: &DecisionId) -> bool {
        let is_removed = !self.values.contains_key(key);
        self.known.get(key).is_some_and(|(maximal, winner)| match winner {
            Some(winner) => winner.id == *id,
            None => maximal.iter().any(|said| said.id == *id && said.is_removal == is_removed),
        })
    }

    /// The changes from these answers to later ones.
    fn changes(&self, later: &Self) -> Changes {
        let changed = later.known.iter().filter(|(key, known)| self.known.get(*key) != Some(known));
        let change = |(key, _): (&String, _)| {
            let before = self.current(key);
            let overruled = before.filter(|before| !later.has_effect(key, before));
            (key.clone(), (overruled.cloned(), later.open.contains_key(key)))
        };
        changed.map(change).collect()
    }
}

/// The changes of a delta by key: which decision no longer has effect, and whether the key is an
/// open merge decision.
pub type Changes = BTreeMap<String, (Option<DecisionId>, bool)>;

/// Why a delta was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    Gap(Gap),
    Apply(ApplyError),
}

impl From<ApplyError> for Refusal {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Gap { origin, needed, seen } => Self::Gap(Gap { origin, needed, seen }),
            other => Self::Apply(other),
        }
    }
}

/// A state of one engine.
pub trait Engine: Clone + Debug {
    type Vector: Clone;
    type Delta: Clone + Debug;
    /// Whether decisions can overrule others. If not, the replaced decision is not compared: there
    /// may be several, and engines report one.
    const OVERRULES: bool = true;

    fn bottom() -> Self;

    /// Performs an operation, and returns its name and its delta.
    fn decide(&mut self, author: &Author, op: &Op) -> Result<(Dot, Self::Delta), OperationError>;

    fn vector(&self) -> Self::Vector;

    /// The vector, in a form that both engines share.
    fn read(vector: &VersionVector) -> Self::Vector;

    fn delta_since(&self, since: &Self::Vector) -> Self::Delta;

    /// Where a delta starts, which operations it brings, and how many keys it lists.
    fn extent(delta: &Self::Delta) -> (VersionVector, VersionVector, usize);

    fn apply(&mut self, delta: &Self::Delta) -> Result<Changes, Refusal>;

    /// The answers, given all keys with a decision.
    fn answers(&self, keys: &BTreeSet<String>) -> Answers;

    /// The state hash: of the content, and of the removals.
    fn hashes(&mut self) -> StateHash;

    /// The delta as it arrives after being encoded and decoded.
    fn sent(delta: Self::Delta) -> Self::Delta;
}

// The reference

/// A value, or the tombstone, in the order of their bytes: the tombstone's are `null`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text(pub Option<String>);

impl Text {
    fn order(&self) -> (&[u8], bool) {
        (self.0.as_ref().map_or(b"null", |text| text.as_bytes()), self.0.is_some())
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Value for Text {
    fn tombstone() -> Self {
        Self(None)
    }
}

impl ToBytes for Text {
    fn to_bytes(&self) -> Cow<'_, [u8]> {
        self.order().0.into()
    }
}

fn written(decision: &Decision<Text>) -> Said {
    let Decision { timestamp, effect: Text(value), .. } = decision;
    Said {
        id: decision.id(),
        timestamp: *timestamp,
        is_removal: value.is_none(),
        value: value.as_ref().map(|value| value.clone().into_bytes()),
    }
}

fn changed(decision: &Decision<Presence>) -> Said {
    let is_removal = decision.effect == Presence::Removed;
    Said { id: decision.id(), timestamp: decision.timestamp, is_removal, value: None }
}

/// The answers of the reference, from the winner and the decisions on each key.
fn reference_answers<K: Ord + Clone, E: Ord + Clone>(
    decisions: &Decisions<K, E>,
    name: impl Fn(&K) -> String,
    said: impl Fn(&Decision<E>) -> Said,
    current: impl Fn(&K) -> E,
    winner: impl Fn(&K) -> Option<Said>,
) -> Answers {
    let ids = |decisions: BTreeSet<&Decision<E>>| -> BTreeSet<DecisionId> {
        decisions.into_iter().map(|decision| decision.id()).collect()
    };
    let known = |key: &K| (decisions.maximal(key).into_iter().map(&said).collect(), winner(key));
    let open = decisions.keys().filter_map(|key| {
        let current = current(key);
        let overruled = ids(decisions.superseded(key, &current));
        let open = (ids(decisions.kept(key, &current)), overruled);
        (!open.1.is_empty()).then(|| (name(key), open))
    });
    Answers {
        vector: decisions.seen().clone(),
        known: decisions.keys().map(|key| (name(key), known(key))).collect(),
        values: BTreeMap::new(),
        open: open.collect(),
    }
}

/// The part of the changes that is compared.
fn compared<E: Engine>(changes: Changes) -> Changes {
    let as_compared = |(key, (overruled, is_open)): (String, (Option<DecisionId>, bool))| {
        (key, (overruled.filter(|_| E::OVERRULES), is_open))
    };
    changes.into_iter().map(as_compared).collect()
}

/// Applies a delta, and returns the changes by comparing the answers before and after.
fn take_in<S: Replicated + Engine<Delta = Delta<S>>>(
    state: &mut S,
    delta: &Delta<S>,
) -> Result<Changes, Refusal> {
    let before = state.answers(&BTreeSet::new());
    Replicated::apply(state, delta).map_err(Refusal::Gap)?;
    Ok(compared::<S>(before.changes(&state.answers(&BTreeSet::new()))))
}

/// The methods that all types of the reference share. Their answers do not need the keys.
macro_rules! reference_engine {
    () => {
        type Vector = VersionVector;
        type Delta = Delta<Self>;

        fn bottom() -> Self {
            Lattice::bottom()
        }

        fn vector(&self) -> VersionVector {
            self.seen().clone()
        }

        fn read(vector: &VersionVector) -> VersionVector {
            vector.clone()
        }

        fn delta_since(&self, since: &VersionVector) -> Delta<Self> {
            Replicated::delta_since(self, since)
        }

        fn extent(delta: &Delta<Self>) -> (VersionVector, VersionVector, usize) {
            let part = &delta.part;
            (delta.since.clone(), part.seen().clone(), part.decisions().keys().count())
        }

        fn apply(&mut self, delta: &Delta<Self>) -> Result<Changes, Refusal> {
            take_in(self, delta)
        }

        fn hashes(&mut self) -> StateHash {
            self.state_hash()
        }

        fn sent(delta: Delta<Self>) -> Delta<Self> {
            delta
        }
    };
}

/// Sets of the reference.
macro_rules! reference_set {
    ($Set:ty) => {
        impl Engine for $Set {
            reference_engine!();

            fn decide(
                &mut self,
                author: &Author,
                op: &Op,
            ) -> Result<(Dot, Self::Delta), OperationError> {
                let before = self.seen().clone();
                let dot = match op.value {
                    Some(_) => self.add(author, op.key.clone())?,
                    None => self.remove(author, op.key.clone())?,
                };
                Ok((dot, Replicated::delta_since(self, &before)))
            }

            fn answers(&self, _: &BTreeSet<String>) -> Answers {
                let values = self.elements().into_iter();
                let values = values.map(|element| (element.clone(), None)).collect();
                let (name, current) = (String::clone, |key: &String| self.current(key));
                let answers = reference_answers(self.decisions(), name, changed, current, |_| None);
                Answers { values, ..answers }
            }
        }
    };
}

reference_set!(reference::or_set::OrSet<String>);
reference_set!(reference::rw_set::RwSet<String>);

/// Flags of the reference.
macro_rules! reference_flag {
    ($Flag:ty) => {
        impl Engine for $Flag {
            reference_engine!();

            fn decide(
                &mut self,
                author: &Author,
                op: &Op,
            ) -> Result<(Dot, Self::Delta), OperationError> {
                let before = self.seen().clone();
                let dot = match op.value {
                    Some(_) => self.enable(author)?,
                    None => self.disable(author)?,
                };
                Ok((dot, Replicated::delta_since(self, &before)))
            }

            fn answers(&self, _: &BTreeSet<String>) -> Answers {
                let values = self.value().then(|| (String::new(), None)).into_iter().collect();
                let (name, current) = (|()| String::new(), |_: &()| self.current());
                let answers =
                    reference_answers(self.decisions(), |()| name(()), changed, current, |_| None);
                Answers { values, ..answers }
            }
        }
    };
}

reference_flag!(reference::ew_flag::EwFlag);
reference_flag!(reference::dw_flag::DwFlag);

/// Several values as one text, so that an answer lists them all.
fn together<'a>(values: impl IntoIterator<Item = &'a Text>) -> Option<String> {
    let texts: Vec<&str> = values.into_iter().filter_map(|Text(value)| value.as_deref()).collect();
    (!texts.is_empty()).then(|| texts.join(" | "))
}

/// The answers of a reference type in which all concurrent values have effect, so no key is open.
fn all_values<R, K: Ord + Clone>(
    state: &Reading<R, K, Text>,
    name: impl Fn(&K) -> String,
) -> Answers {
    let decisions = state.decisions();
    let of_key = |key: &K| {
        let values: BTreeSet<&Text> =
            decisions.maximal(key).into_iter().map(|decision| &decision.effect).collect();
        Some((name(key), Some(together(values)?)))
    };
    let values = decisions.keys().filter_map(of_key).collect();
    let tombstone = |_: &K| Text(None);
    let answers = reference_answers(decisions, &name, written, tombstone, |_| None);
    Answers { values, open: BTreeMap::new(), ..answers }
}

impl Engine for reference::mv_map::MvMap<String, Text> {
    reference_engine!();

    const OVERRULES: bool = false;

    fn decide(&mut self, author: &Author, op: &Op) -> Result<(Dot, Self::Delta), OperationError> {
        let before = self.seen().clone();
        let dot = self.put(author, op.key.clone(), Text(op.value.clone()))?;
        Ok((dot, Replicated::delta_since(self, &before)))
    }

    fn answers(&self, _: &BTreeSet<String>) -> Answers {
        for (key, values) in self.values_by_key() {
            assert_eq!(self.get(key), values);
        }
        all_values(self, String::clone)
    }
}

impl Engine for reference::mv_register::MvRegister<Text> {
    reference_engine!();

    const OVERRULES: bool = false;

    fn decide(&mut self, author: &Author, op: &Op) -> Result<(Dot, Self::Delta), OperationError> {
        let before = self.seen().clone();
        let dot = self.write(author, Text(op.value.clone()))?;
        Ok((dot, Replicated::delta_since(self, &before)))
    }

    fn answers(&self, _: &BTreeSet<String>) -> Answers {
        all_values(self, |()| String::new())
    }
}

impl Engine for reference::lww_map::LwwMap<String, Text> {
    reference_engine!();

    fn decide(&mut self, author: &Author, op: &Op) -> Result<(Dot, Self::Delta), OperationError> {
        let before = self.seen().clone();
        let dot = self.put(author, op.key.clone(), Text(op.value.clone()), op.timestamp)?;
        Ok((dot, Replicated::delta_since(self, &before)))
    }

    fn answers(&self, _: &BTreeSet<String>) -> Answers {
        let values =
            self.values().into_iter().map(|(key, Text(value))| (key.clone(), value.clone()));
        let values = values.collect();
        let (current, winner) =
            (|key: &String| self.current(key), |key: &String| self.winner(key).map(written));
        let answers = reference_answers(self.decisions(), String::clone, written, current, winner);
        Answers { values, ..answers }
    }
}

impl Engine for reference::lww_register::LwwRegister<Text> {
    reference_engine!();

    fn decide(&mut self, author: &Author, op: &Op) -> Result<(Dot, Self::Delta), OperationError> {
        let before = self.seen().clone();
        let dot = self.write(author, Text(op.value.clone()), op.timestamp)?;
        Ok((dot, Replicated::delta_since(self, &before)))
    }

    fn answers(&self, _: &BTreeSet<String>) -> Answers {
        let values = self.value().map(|Text(value)| (String::new(), value.clone()));
        let values = values.into_iter().collect();
        let (current, winner) = (|_: &()| self.current(), |_: &()| self.winner().map(written));
        let answers =
            reference_answers(self.decisions(), |()| String::new(), written, current, winner);
        Answers { values, ..answers }
    }
}

// The optimized engine

fn said(decision: optimized::Decision<'_>) -> Said {
    let optimized::Decision { id, timestamp, is_removal, value } = decision;
    Said { id, timestamp, is_removal, value: value.map(<[u8]>::to_vec) }
}

fn listed(decisions: Vec<optimized::Decision<'_>>) -> BTreeSet<Said> {
    let count = decisions.len();
    let listed: BTreeSet<Said> = decisions.into_iter().map(said).collect();
    assert_eq!(listed.len(), count, "a decision is listed once");
    listed
}

fn opened<K: AsRef<str>>(decisions: impl Iterator<Item = Conflict<K>>) -> BTreeMap<String, Open> {
    let mut all = BTreeMap::new();
    for Conflict { key, kept, overruled } in decisions {
        let open = (kept.into_iter().collect(), overruled.into_iter().collect());
        let old = all.insert(key.as_ref().to_string(), open);
        assert_eq!(old, None, "a key is open once");
    }
    all
}

/// A map from pairs that have each key once.
fn once<K: Ord + Debug, V>(pairs: impl Iterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    for (key, value) in pairs {
        assert!(!map.contains_key(&key), "{key:?} is listed twice");
        map.insert(key, value);
    }
    map
}

/// The reported changes, with the key by its name.
fn named<K>(changes: impl Iterator<Item = KeyChange<K>>, name: impl Fn(K) -> String) -> Changes {
    once(changes.map(|change| (name(change.key), (change.overruled, change.is_open))))
}

/// The methods that all optimized types share.
macro_rules! optimized_engine {
    ($Delta:ty, $name:expr) => {
        type Vector = Vector;
        type Delta = $Delta;

        fn bottom() -> Self {
            Self::new()
        }

        fn vector(&self) -> Vector {
            self.vector()
        }

        fn read(vector: &VersionVector) -> Vector {
            vector.into()
        }

        fn delta_since(&self, since: &Vector) -> $Delta {
            self.delta_since(since)
        }

        fn extent(delta: &$Delta) -> (VersionVector, VersionVector, usize) {
            assert_eq!(delta.is_empty(), delta.len() == 0);
            (delta.since().into(), delta.seen().into(), delta.len())
        }

        fn apply(&mut self, delta: &$Delta) -> Result<Changes, Refusal> {
            let applied = self.apply(delta)?;
            let changes = named(applied.iter(), $name);
            assert_eq!((applied.len(), applied.is_empty()), (changes.len(), changes.is_empty()));
            self.debug_check().expect("the invariants hold");
            Ok(compared::<Self>(changes))
        }

        fn hashes(&mut self) -> StateHash {
            self.debug_check().expect("the invariants hold");
            self.state_hash()
        }

        fn sent(delta: $Delta) -> $Delta {
            let bytes = delta.encode(OriginEncoding::Inline, BaseEncoding::Inline);
            <$Delta>::decode(&bytes, &wire::DecodeContext::default())
                .expect("what was encoded is decoded")
        }
    };
}

/// Optimized sets.
macro_rules! optimized_set {
    ($Set:ty) => {
        impl Engine for $Set {
            optimized_engine!(optimized::or_set::Delta<str>, str::to_string);

            fn decide(
                &mut self,
                author: &Author,
                op: &Op,
            ) -> Result<(Dot, Self::Delta), OperationError> {
                let performed = match op.value {
                    Some(_) => self.add(author, &op.key)?,
                    None => self.remove(author, &op.key)?,
                };
                Ok((performed.dot().clone(), performed.delta()))
            }

            fn answers(&self, keys: &BTreeSet<String>) -> Answers {
                let values = once(self.iter().map(|element| (element.to_string(), None)));
                assert_eq!((self.len(), self.is_empty()), (values.len(), values.is_empty()));
                assert_eq!(self.ever(), keys.len(), "elements ever used");
                for key in keys {
                    assert_eq!(
                        self.contains(key),
                        values.contains_key(key),
                        "whether {key} is there"
                    );
                }
                let known = |key: &String| (key.clone(), (listed(self.decisions(key)), None));
                Answers {
                    vector: (&self.vector()).into(),
                    known: keys.iter().map(known).collect(),
                    values,
                    open: opened(self.conflicts()),
                }
            }
        }
    };
}

optimized_set!(optimized::or_set::OrSet<str>);
optimized_set!(optimized::rw_set::RwSet<str>);

/// Optimized flags.
macro_rules! optimized_flag {
    ($Flag:ty) => {
        impl Engine for $Flag {
            optimized_engine!(optimized::ew_flag::Delta, |_| String::new());

            fn decide(
                &mut self,
                author: &Author,
                op: &Op,
            ) -> Result<(Dot, Self::Delta), OperationError> {
                let performed = match op.value {
                    Some(_) => self.enable(author)?,
                    None => self.disable(author)?,
                };
                Ok((performed.dot().clone(), performed.delta()))
            }

            fn answers(&self, _: &BTreeSet<String>) -> Answers {
                let maximal = listed(self.decisions());
                let known = (!maximal.is_empty()).then(|| (String::new(), (maximal, None)));
                Answers {
                    vector: (&self.vector()).into(),
                    known: known.into_iter().collect(),
                    values: self.value().then(|| (String::new(), None)).into_iter().collect(),
                    open: opened(self.conflict().into_iter().map(|open| open.map(|()| ""))),
                }
            }
        }
    };
}

optimized_flag!(optimized::ew_flag::EwFlag);
optimized_flag!(optimized::dw_flag::DwFlag);

impl Engine for optimized::mv_register::MvRegister<str> {
    optimized_engine!(optimized::mv_register::Delta<str>, |_| String::new());

    const OVERRULES: bool = false;

    fn decide(&mut self, author: &Author, op: &Op) -> Result<(Dot, Self::Delta), OperationError> {
        let performed = self.write(author, op.value.as_deref())?;
        Ok((performed.dot().clone(), performed.delta()))
    }

    fn answers(&self, _: &BTreeSet<String>) -> Answers {
        let maximal = listed(self.decisions());
        let known = (!maximal.is_empty()).then(|| (String::new(), (maximal, None)));
        let values: Vec<&str> = self.values().collect();
        let value = (!values.is_empty()).then(|| (String::new(), Some(values.join(" | "))));
        Answers {
            vector: (&self.vector()).into(),
            known: known.into_iter().collect(),
            values: value.into_iter().collect(),
            open: BTreeMap::new(),
        }
    }
}

impl Engine for optimized::mv_map::MvMap<str, str> {
    optimized_engine!(optimized::mv_map::Delta<str, str>, str::to_string);

    const OVERRULES: bool = false;

    fn decide(&mut self, author: &Author, op: &Op) -> Result<(Dot, Self::Delta), OperationError> {
        let performed = match &op.value {
            Some(value) => self.put(author, &op.key, value)?,
            None => self.delete(author, &op.key)?,
        };
        Ok((performed.dot().clone(), performed.delta()))
    }

    fn answers(&self, keys: &BTreeSet<String>) -> Answers {
        let values =
            once(self.iter().map(|(key, values)| (key.to_string(), Some(values.join(" | ")))));
        assert_eq!((self.len(), self.is_empty()), (values.len(), values.is_empty()));
        assert_eq!(self.ever(), keys.len(), "keys ever used");
        let known = |key: &String| {
            let of_key: Vec<&str> = self.get(key).collect();
            let of_key = (!of_key.is_empty()).then(|| Some(of_key.join(" | ")));
            assert_eq!(of_key.as_ref(), values.get(key), "the values of {key}");
            (key.clone(), (listed(self.decisions(key)), None))
        };
        Answers {
            vector: (&self.vector()).into(),
            known: keys.iter().map(known).collect(),
            open: opened(self.conflicts()),
            values,
        }
    }
}

impl Engine for optimized::lww_map::LwwMap<str, str> {
    optimized_engine!(optimized::lww_map::Delta<str, str>, str::to_string);

    fn decide(&mut self, author: &Author, op: &Op) -> Result<(Dot, Self::Delta), OperationError> {
        let performed = match &op.value {
            Some(value) => self.put(author, &op.key, value, op.timestamp)?,
            None => self.delete(author, &op.key, op.timestamp)?,
        };
        Ok((performed.dot().clone(), performed.delta()))
    }

    fn answers(&self, keys: &BTreeSet<String>) -> Answers {
        let values = once(self.iter().map(|(key, value)| (key.to_string(), Some(value.into()))));
        assert_eq!((self.len(), self.is_empty()), (values.len(), values.is_empty()));
        assert_eq!(self.ever(), keys.len(), "keys ever used");
        let known = |key: &String| {
            let winner = self.winner(key).map(said);
            let value = self.get(key).map(|value| Some(value.to_string()));
            assert_eq!(value.as_ref(), values.get(key), "the value of {key}");
            assert_eq!(self.timestamp(key), winner.as_ref().map(|winner| winner.timestamp));
            (key.clone(), (listed(self.decisions(key)), winner))
        };
        Answers {
            vector: (&self.vector()).into(),
            known: keys.iter().map(known).collect(),
            open: opened(self.conflicts()),
            values,
        }
    }
}

impl Engine for optimized::lww_register::LwwRegister<str> {
    optimized_engine!(optimized::lww_register::Delta<str>, |_| String::new());

    fn decide(&mut self, author: &Author, op: &Op) -> Result<(Dot, Self::Delta), OperationError> {
        let performed = self.write(author, op.value.as_deref(), op.timestamp)?;
        Ok((performed.dot().clone(), performed.delta()))
    }

    fn answers(&self, _: &BTreeSet<String>) -> Answers {
        let maximal = listed(self.decisions());
        let winner = self.winner().map(said);
        assert_eq!(self.timestamp(), winner.as_ref().map(|winner| winner.timestamp));
        let is_written = winner.is_some() || !maximal.is_empty();
        let known = is_written.then(|| (String::new(), (maximal, winner)));
        let value = self.value().map(|value| (String::new(), Some(value.to_string())));
        Answers {
            vector: (&self.vector()).into(),
            known: known.into_iter().collect(),
            values: value.into_iter().collect(),
            open: opened(self.conflict().into_iter().map(|open| open.map(|()| ""))),
        }
    }
}
