//! Decisions with an index of changes, as spec/indexed_decisions.v defines them.
//!
//! Meaning: what the optimized engine keeps of an object on whose keys people decide, and what its
//! deltas list, key by key, and by which names.
//! Laws: spec/indexed_decisions_proof.v and spec/executions_proof.v.
//! Cost: some thousand steps of the machine for a decision or a delta of few keys.
//!
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::object::ObjectType;
//! use rejoin::operation::{Author, Operation};
//! use rejoin_proven::indexed_decisions::{Index, KeyName};
//! use rejoin::version_vector::VersionVector;
//!
//! let origin = Origin { replica: ReplicaId::new("ann").unwrap(), incarnation: 0 };
//! let author = |seq| Author { origin: origin.clone(), seq, user: None };
//! let mut ann: Index<&str, Option<()>> = Index::new(ObjectType::OrSet).expect("it has keys");
//! let first = ann.decide(&author(1), &Operation::Add { element: "X" })?;
//! let listed = ann.delta_since(&VersionVector::default())?.listed()?;
//! assert_eq!(listed[0].name, KeyName::Key(Some("X")));
//!
//! // Who has seen the first decision on a key knows the key by it.
//! let seen = ann.seen()?;
//! ann.decide(&author(2), &Operation::Remove { element: "X" })?;
//! assert_eq!(ann.delta_since(&seen)?.listed()?[0].name, KeyName::CreationDot(first));
//! # Ok::<(), rejoin_proven::Error>(())
//! ```

use super::constructors::*;
use super::decode::{self, DecodeError};
use super::encode::{self, Term, boolean, number, value};
use super::program::{COMPARE_ATOMS, Program};
use super::value::{Shared, Value};
use super::{Error, STEPS, call, given};
use rejoin::dot::Dot;
use rejoin::object::ObjectType;
use rejoin::operation::{Author, Operation, Value as Written};
use rejoin::reference::decisions::{Decision, Presence};
use rejoin::version_vector::VersionVector;
use std::collections::{BTreeMap, BTreeSet};

/// How an object's keys and effects are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Shape {
    /// Whether it has many keys, and not one.
    has_keys: bool,
    /// Whether a decision writes a value, and not only whether something is there.
    has_values: bool,
    /// Whether the greatest decision counts where it is not maximal.
    keeps_winner: bool,
}

/// What is known of the keys of one object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Index<K, V> {
    shape: Shape,
    state: Term<K, V>,
}

/// A delta of one object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IndexDelta<K, V> {
    shape: Shape,
    delta: Term<K, V>,
}

/// How a delta names a key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum KeyName<K> {
    /// By a first decision on it, which the receiver has seen.
    CreationDot(Dot),
    /// By itself; that of a register or a flag is `None`.
    Key(Option<K>),
}

/// What a decision does to its key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effect<V> {
    /// In the set or not; enabled or not.
    Presence(Presence),
    /// A value, or the tombstone.
    Content(V),
}

/// What a delta lists of one key: its whole record, but the creation dots that the receiver has seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed<K, V> {
    /// Its name.
    pub name: KeyName<K>,
    /// The maximal decisions.
    pub maximal: Vec<Decision<Effect<V>>>,
    /// The greatest decision, where it counts and is not maximal.
    pub apart: Option<Decision<Effect<V>>>,
    /// The decisions on the key that saw no other on it, outside of what the receiver has seen.
    pub creation_dots: Vec<Dot>,
}

impl<K: Ord + Clone, V: Written> Index<K, V> {
    /// Of an object that nothing was done to; `None` if its type has no decisions.
    pub fn new(kind: ObjectType) -> Option<Self> {
        use ObjectType::*;
        let (has_keys, has_values) = match kind {
            OrSet | RwSet => (true, false),
            EwFlag | DwFlag => (false, false),
            LwwRegister | MvRegister => (false, true),
            LwwMap | MvMap => (true, true),
            GCounter | PnCounter | Log | MaxRegister | MinRegister => return None,
        };
        let keeps_winner = matches!(kind, LwwRegister | LwwMap);
        let shape = Shape { has_keys, has_values, keeps_winner };
        let nothing = || NIL.make([]);
        let state = INDEX.make([nothing(), nothing(), nothing()]);
        Some(Self { shape, state })
    }

    /// What has been seen.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn seen(&self) -> Result<VersionVector, Error> {
        let [seen, _, _] = decode::fields(INDEX, &self.state)?;
        Ok(decode::vector(seen)?)
    }

    /// Performs an operation, and tells its name.
    ///
    /// # Errors
    /// [`Error::Refused`] if the type has no such operation.
    pub fn decide(&mut self, author: &Author, operation: &Operation<K, V>) -> Result<Dot, Error> {
        let time = if self.shape.keeps_winner { |time| time } else { |_| 0 };
        let unit = || TT.make([]);
        let presence = |of| encode::presence(&of);
        let (key, timestamp, effect) = match operation {
            Operation::Write { value: written, timestamp } => {
                (unit(), time(*timestamp), value(written))
            }
            Operation::Put { key, value: written, timestamp } => {
                (encode::key(key), time(*timestamp), value(written))
            }
            Operation::Add { element } => (encode::key(element), 0, presence(Presence::Added)),
            Operation::Remove { element } => (encode::key(element), 0, presence(Presence::Removed)),
            Operation::Enable => (unit(), 0, presence(Presence::Added)),
            Operation::Disable => (unit(), 0, presence(Presence::Removed)),
            _ => return Err(Error::Refused),
        };
        let has_keys =
            !matches!(operation, Operation::Write { .. } | Operation::Enable | Operation::Disable);
        let has_values = matches!(operation, Operation::Write { .. } | Operation::Put { .. });
        if (has_keys, has_values) != (self.shape.has_keys, self.shape.has_values) {
            return Err(Error::Refused);
        }
        let counter = self.seen()?.get(&author.origin) + 1;
        let dot = Dot { origin: author.origin.clone(), counter };
        let decision = DECISION.make([
            encode::dot(&dot),
            number(author.seq),
            number(timestamp),
            encode::user(&author.user),
            effect,
        ]);
        let state = self.state.clone();
        self.state = run(self.shape, "Indexed_decisions.decide", [key, decision, state])?;
        Ok(dot)
    }

    /// What a replica that has seen a vector may lack.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn delta_since(&self, since: &VersionVector) -> Result<IndexDelta<K, V>, Error> {
        let given = [encode::vector(since), self.state.clone()];
        let delta = run(self.shape, "Indexed_decisions.delta_since", given)?;
        Ok(IndexDelta { shape: self.shape, delta })
    }

    /// Applies a delta.
    ///
    /// # Errors
    /// [`Error::Refused`] if it builds on what was not seen, or names a key by what is not known.
    pub fn receive(&mut self, delta: &IndexDelta<K, V>) -> Result<(), Error> {
        let given = [delta.delta.clone(), self.state.clone()];
        let after = run(self.shape, "Indexed_decisions.receive", given)?;
        self.state = decode::option(&after)?.ok_or(Error::Refused)?.clone();
        Ok(())
    }
}

// The log of changes.
impl<K: Ord + Clone, V: Written> Index<K, V> {
    /// The state of an object of that type which an execution keeps.
    pub(super) fn of_term(kind: ObjectType, state: Term<K, V>) -> Option<Self> {
        Some(Self { state, ..Self::new(kind)? })
    }

    /// Which operations the log has, each with the key that it decided.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn log(&self) -> Result<BTreeMap<Dot, Option<K>>, Error> {
        let [_, _, changes] = decode::fields(INDEX, &self.state)?;
        let key = |key: &Term<K, V>| self.shape.has_keys.then(|| decode::key(key)).transpose();
        let change = |change: &Term<K, V>| decode::pair(change, decode::number, key);
        let lines = decode::map(changes, decode::origin, |line| decode::list(line, change))?;
        let named = lines.into_iter().flat_map(|(origin, line)| {
            line.into_iter()
                .map(move |(counter, key)| (Dot { origin: origin.clone(), counter }, key))
        });
        Ok(named.collect())
    }

    /// Forgets what need not be kept of the log, but these operations.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn compact(&mut self, keep: &BTreeSet<Dot>) -> Result<(), Error> {
        let given = [keeping(keep)?, self.state.clone()];
        self.state = run(self.shape, "Indexed_decisions.compact", given)?;
        Ok(())
    }
}

/// What is to be kept in a compaction: these operations.
pub(super) fn keeping<K, V>(dots: &BTreeSet<Dot>) -> Result<Term<K, V>, Error> {
    let dots: Vec<_> = dots.iter().map(encode::dot).collect();
    let atoms = Value::Function(COMPARE_ATOMS, Shared::EMPTY);
    given("Executions.keeping", [atoms, encode::list(dots.into_iter())])
}

impl<K: Ord + Clone, V: Written> IndexDelta<K, V> {
    /// The message of an object of that type which an execution has sent.
    pub(super) fn of_term(kind: ObjectType, delta: Term<K, V>) -> Option<Self> {
        let Index { shape, .. } = Index::<K, V>::new(kind)?;
        Some(Self { shape, delta })
    }

    /// What it lists.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn listed(&self) -> Result<Vec<Listed<K, V>>, Error> {
        let [_, part] = decode::fields(DELTA, &self.delta)?;
        let [_, items] = decode::fields(INDEX_PART, part)?;
        Ok(decode::list(items, |item| {
            let (name, (maximal, apart, creation_dots)) =
                decode::pair(item, |name| self.name(name), |entry| self.entry(entry))?;
            Ok(Listed { name, maximal, apart, creation_dots })
        })?)
    }

    fn name(&self, term: &Term<K, V>) -> Result<KeyName<K>, DecodeError> {
        if let Some([dot]) = decode::made_by(BY_CREATION_DOT, term) {
            return Ok(KeyName::CreationDot(decode::dot(dot)?));
        }
        let [key] = decode::fields(BY_KEY, term)?;
        let key = self.shape.has_keys.then(|| decode::key(key)).transpose()?;
        Ok(KeyName::Key(key))
    }

    #[allow(clippy::type_complexity, reason = "the parts of a record, which `listed` names")]
    fn entry(
        &self,
        term: &Term<K, V>,
    ) -> Result<(Vec<Decision<Effect<V>>>, Option<Decision<Effect<V>>>, Vec<Dot>), DecodeError>
    {
        let [first, further, apart, creation_dots] = decode::fields(INDEX_ENTRY, term)?;
        let effect = |term: &Term<K, V>| match self.shape.has_values {
            true => decode::value(term).map(Effect::Content),
            false => decode::presence(term).map(Effect::Presence),
        };
        let decision = |term: &Term<K, V>| decode::decision(term, effect);
        let mut maximal: Vec<_> =
            decode::option(first)?.map(decision).transpose()?.into_iter().collect();
        maximal.extend(decode::list(further, decision)?);
        let apart = decode::option(apart)?.map(decision).transpose()?;
        Ok((maximal, apart, decode::list(creation_dots, decode::dot)?))
    }
}

/// The result of a definition, for objects of this shape.
fn run<K: Ord, V: Ord, const N: usize>(
    shape: Shape,
    name: &'static str,
    arguments: [Term<K, V>; N],
) -> Result<Term<K, V>, Error> {
    let atoms = || Some(Value::Function(COMPARE_ATOMS, Shared::EMPTY));
    let function = |program: &Program, name| {
        program.function(name).map(|function| Value::Function(function, Shared::EMPTY))
    };
    let by_name = |program: &Program, parameter: &str| match parameter {
        "compare_name" => atoms(),
        "compare_key" if shape.has_keys => atoms(),
        "compare_key" => function(program, "Order.compare_unit"),
        "compare_effect" if shape.has_values => atoms(),
        "compare_effect" => function(program, "Definition.compare_presence"),
        "keeps_winner" => Some(boolean(shape.keeps_winner)),
        _ => None,
    };
    call(&mut { STEPS }, name, by_name, arguments)
}
