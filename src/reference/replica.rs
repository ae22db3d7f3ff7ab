//! Replica: all objects of one replica, as one product.
//!
//! Meaning: each object has a version vector of its own, so that some objects may be synchronized
//! before others.
//! Laws: the product of semilattices is one. Joining the same messages in any order, any number
//! of times, gives the same objects.
//! Cost: that of the objects; a message that cannot be applied is refused before anything changes.
//! Source: Almeida et al., Delta State Replicated Data Types, JPDC 111 (2018).
//!
//! Ann approves a mapping offline, Bob rejects it on the server, and neither has seen the other.
//! When they sync, the addition wins, and Bob gets a notice.
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::operation::{Answer, ObjectId, Operation};
//! use rejoin::reference::replica::Replica;
//! use rejoin::object::ObjectType;
//!
//! let approved = ObjectId::from("approved");
//! let schema = [(approved.clone(), ObjectType::OrSet)].into();
//! let origin = |name: &str| Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//! let mut client = Replica::<&str, Option<&str>>::new(origin("client"), &schema);
//! let mut server = Replica::new(origin("server"), &schema);
//! client.perform(&approved, Operation::Add { element: "X" }, Some("ann".into()))?;
//! server.perform(&approved, Operation::Remove { element: "X" }, Some("bob".into()))?;
//!
//! server.apply(&client.delta_since(&server.seen()))?;
//! assert_eq!(server.objects()[&approved].value(), Answer::Elements(["X"].into()));
//! assert_eq!(server.open_decisions().len(), 1);
//! assert_eq!(server.notices(&"bob".into()).len(), 1);
//!
//! // Bob has now seen Ann's decision, and decides once more: the matter is closed.
//! server.perform(&approved, Operation::Remove { element: "X" }, Some("bob".into()))?;
//! assert_eq!(server.objects()[&approved].value(), Answer::Elements([].into()));
//! assert_eq!(server.open_decisions(), []);
//! # Ok::<(), rejoin::reference::replica::Error>(())
//! ```

use super::decisions::{Decision, Decisions};
use super::delta::{Delta, Gap, Replicated};
use super::dw_flag::DwFlag;
use super::ew_flag::EwFlag;
use super::g_counter::GCounter;
use super::log::Log;
use super::lww_map::LwwMap;
use super::lww_register::LwwRegister;
use super::max_register::MaxRegister;
use super::min_register::MinRegister;
use super::mv_map::MvMap;
use super::mv_register::MvRegister;
use super::or_set::OrSet;
use super::pn_counter::PnCounter;
use super::rw_set::RwSet;
use super::{Author, OperationError};
use crate::collect::Collect;
use crate::dot::{Dot, Origin, ReplicaId};
use crate::lattice::Lattice;
use crate::object::ObjectType;
use crate::operation::{Answer, Frontier, Notice, ObjectId, Operation, User, Value};
use crate::version_vector::VersionVector;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The state of one object. Keys and elements are `K`, values and entries are `V`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Object<K, V> {
    /// A counter that only grows.
    GCounter(GCounter),
    /// One value; the last write wins.
    LwwRegister(LwwRegister<V>),
    /// A set; an addition wins over a removal that had not seen it.
    OrSet(OrSet<K>),
    /// Values by key; the last write to each key wins.
    LwwMap(LwwMap<K, V>),
    /// A list that only grows.
    Log(Log<V>),
    /// A counter that grows and shrinks.
    PnCounter(PnCounter),
    /// A set; a removal wins over an addition that had not seen it.
    RwSet(RwSet<K>),
    /// A flag; enabling wins over a disabling that had not seen it.
    EwFlag(EwFlag),
    /// A flag; disabling wins over an enabling that had not seen it.
    DwFlag(DwFlag),
    /// All concurrent values.
    MvRegister(MvRegister<V>),
    /// All concurrent values of each key.
    MvMap(MvMap<K, V>),
    /// The greatest integer written.
    MaxRegister(MaxRegister),
    /// The least integer written.
    MinRegister(MinRegister),
}

/// Evaluates one expression on a state of any type.
macro_rules! each {
    ($object:expr, $state:ident => $answer:expr) => {
        match $object {
            Object::GCounter($state) => $answer,
            Object::LwwRegister($state) => $answer,
            Object::OrSet($state) => $answer,
            Object::LwwMap($state) => $answer,
            Object::Log($state) => $answer,
            Object::PnCounter($state) => $answer,
            Object::RwSet($state) => $answer,
            Object::EwFlag($state) => $answer,
            Object::DwFlag($state) => $answer,
            Object::MvRegister($state) => $answer,
            Object::MvMap($state) => $answer,
            Object::MaxRegister($state) => $answer,
            Object::MinRegister($state) => $answer,
        }
    };
}
pub(super) use each;

/// Makes one state of another of the same type.
macro_rules! same_type {
    ($object:expr, $state:ident => $made:expr) => {
        match $object {
            Object::GCounter($state) => Object::GCounter($made),
            Object::LwwRegister($state) => Object::LwwRegister($made),
            Object::OrSet($state) => Object::OrSet($made),
            Object::LwwMap($state) => Object::LwwMap($made),
            Object::Log($state) => Object::Log($made),
            Object::PnCounter($state) => Object::PnCounter($made),
            Object::RwSet($state) => Object::RwSet($made),
            Object::EwFlag($state) => Object::EwFlag($made),
            Object::DwFlag($state) => Object::DwFlag($made),
            Object::MvRegister($state) => Object::MvRegister($made),
            Object::MvMap($state) => Object::MvMap($made),
            Object::MaxRegister($state) => Object::MaxRegister($made),
            Object::MinRegister($state) => Object::MinRegister($made),
        }
    };
}

/// Does one thing with two states of one type; or another where they are of different types.
macro_rules! both {
    ($a:expr, $b:expr, ($ours:ident, $theirs:ident) => $same:expr, $different:expr) => {
        match ($a, $b) {
            (Object::GCounter($ours), Object::GCounter($theirs)) => $same,
            (Object::LwwRegister($ours), Object::LwwRegister($theirs)) => $same,
            (Object::OrSet($ours), Object::OrSet($theirs)) => $same,
            (Object::LwwMap($ours), Object::LwwMap($theirs)) => $same,
            (Object::Log($ours), Object::Log($theirs)) => $same,
            (Object::PnCounter($ours), Object::PnCounter($theirs)) => $same,
            (Object::RwSet($ours), Object::RwSet($theirs)) => $same,
            (Object::EwFlag($ours), Object::EwFlag($theirs)) => $same,
            (Object::DwFlag($ours), Object::DwFlag($theirs)) => $same,
            (Object::MvRegister($ours), Object::MvRegister($theirs)) => $same,
            (Object::MvMap($ours), Object::MvMap($theirs)) => $same,
            (Object::MaxRegister($ours), Object::MaxRegister($theirs)) => $same,
            (Object::MinRegister($ours), Object::MinRegister($theirs)) => $same,
            ($ours, $theirs) => return Err($different),
        }
    };
}

/// Why a request or a message was refused. Nothing changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The replica has no such object.
    UnknownObject,
    /// The object is of another type.
    WrongType {
        /// What it is.
        expected: ObjectType,
        /// What the request or message takes it for.
        found: ObjectType,
    },
    /// A delta builds upon operations that have not been seen.
    Gap(Gap),
    /// The object refused the operation.
    Operation(OperationError),
}

impl<K: Ord + Clone, V: Value> Object<K, V> {
    /// The state of an object before its first operation.
    pub fn bottom(kind: ObjectType) -> Self {
        match kind {
            ObjectType::GCounter => Self::GCounter(GCounter::bottom()),
            ObjectType::LwwRegister => Self::LwwRegister(LwwRegister::bottom()),
            ObjectType::OrSet => Self::OrSet(OrSet::bottom()),
            ObjectType::LwwMap => Self::LwwMap(LwwMap::bottom()),
            ObjectType::Log => Self::Log(Log::bottom()),
            ObjectType::PnCounter => Self::PnCounter(PnCounter::bottom()),
            ObjectType::RwSet => Self::RwSet(RwSet::bottom()),
            ObjectType::EwFlag => Self::EwFlag(EwFlag::bottom()),
            ObjectType::DwFlag => Self::DwFlag(DwFlag::bottom()),
            ObjectType::MvRegister => Self::MvRegister(MvRegister::bottom()),
            ObjectType::MvMap => Self::MvMap(MvMap::bottom()),
            ObjectType::MaxRegister => Self::MaxRegister(MaxRegister::bottom()),
            ObjectType::MinRegister => Self::MinRegister(MinRegister::bottom()),
        }
    }

    /// Applies another state of the same object.
    pub fn join(&mut self, other: &Self) -> Result<(), Reason> {
        both!(self, other, (ours, theirs) => ours.join(theirs), ours.mistaken_for(theirs.kind()));
        Ok(())
    }

    /// Performs one operation. Only decisions keep who decided.
    pub fn perform(&mut self, author: &Author, operation: Operation<K, V>) -> Result<Dot, Reason> {
        let performed = match (self, operation) {
            (Self::GCounter(state), Operation::Increment { amount }) => {
                state.increment(&author.origin, amount)
            }
            (Self::LwwRegister(state), Operation::Write { value, timestamp }) => {
                state.write(author, value, timestamp)
            }
            (Self::OrSet(state), Operation::Add { element }) => state.add(author, element),
            (Self::OrSet(state), Operation::Remove { element }) => state.remove(author, element),
            (Self::LwwMap(state), Operation::Put { key, value, timestamp }) => {
                state.put(author, key, value, timestamp)
            }
            (Self::Log(state), Operation::Append { entry, timestamp }) => {
                state.append(author, entry, timestamp)
            }
            (Self::PnCounter(state), Operation::Increment { amount }) => {
                state.increment(&author.origin, amount)
            }
            (Self::PnCounter(state), Operation::Decrement { amount }) => {
                state.decrement(&author.origin, amount)
            }
            (Self::RwSet(state), Operation::Add { element }) => state.add(author, element),
            (Self::RwSet(state), Operation::Remove { element }) => state.remove(author, element),
            (Self::EwFlag(state), Operation::Enable) => state.enable(author),
            (Self::EwFlag(state), Operation::Disable) => state.disable(author),
            (Self::DwFlag(state), Operation::Enable) => state.enable(author),
            (Self::DwFlag(state), Operation::Disable) => state.disable(author),
            (Self::MvRegister(state), Operation::Write { value, .. }) => state.write(author, value),
            (Self::MvMap(state), Operation::Put { key, value, .. }) => {
                state.put(author, key, value)
            }
            (Self::MaxRegister(state), Operation::WriteInteger { integer }) => {
                state.write(&author.origin, integer)
            }
            (Self::MinRegister(state), Operation::WriteInteger { integer }) => {
                state.write(&author.origin, integer)
            }
            (state, operation) => return Err(state.mistaken_for(operation.kind())),
        };
        performed.map_err(Reason::Operation)
    }

    fn mistaken_for(&self, found: ObjectType) -> Reason {
        Reason::WrongType { expected: self.kind(), found }
    }

    /// Its type.
    pub fn kind(&self) -> ObjectType {
        match self {
            Self::GCounter(_) => ObjectType::GCounter,
            Self::LwwRegister(_) => ObjectType::LwwRegister,
            Self::OrSet(_) => ObjectType::OrSet,
            Self::LwwMap(_) => ObjectType::LwwMap,
            Self::Log(_) => ObjectType::Log,
            Self::PnCounter(_) => ObjectType::PnCounter,
            Self::RwSet(_) => ObjectType::RwSet,
            Self::EwFlag(_) => ObjectType::EwFlag,
            Self::DwFlag(_) => ObjectType::DwFlag,
            Self::MvRegister(_) => ObjectType::MvRegister,
            Self::MvMap(_) => ObjectType::MvMap,
            Self::MaxRegister(_) => ObjectType::MaxRegister,
            Self::MinRegister(_) => ObjectType::MinRegister,
        }
    }

    /// The operations on the object that the state covers.
    pub fn seen(&self) -> &VersionVector {
        each!(self, state => state.seen())
    }

    /// The value.
    pub fn value(&self) -> Answer<K, V> {
        match self {
            Self::GCounter(state) => Answer::Count(state.value()),
            Self::LwwRegister(state) => Answer::Value(state.value().cloned()),
            Self::OrSet(state) => {
                Answer::Elements(state.elements().into_iter().cloned().into_set())
            }
            Self::LwwMap(state) => {
                let values = state.values().into_iter();
                Answer::Values(values.map(|(key, value)| (key.clone(), value.clone())).into_map())
            }
            Self::Log(state) => {
                Answer::Entries(state.entries().map(|entry| entry.entry.clone()).collect())
            }
            Self::PnCounter(state) => Answer::Balance(state.value()),
            Self::RwSet(state) => {
                Answer::Elements(state.elements().into_iter().cloned().into_set())
            }
            Self::EwFlag(state) => Answer::Enabled(state.value()),
            Self::DwFlag(state) => Answer::Enabled(state.value()),
            Self::MvRegister(state) => {
                Answer::Concurrent(state.values().into_iter().cloned().into_set())
            }
            Self::MvMap(state) => {
                let values = state.values_by_key().into_iter();
                let owned = |values: BTreeSet<&V>| values.into_iter().cloned().into_set();
                let entry = |(key, values): (&K, _)| (key.clone(), owned(values));
                Answer::ConcurrentByKey(values.map(entry).into_map())
            }
            Self::MaxRegister(state) => Answer::Integer(state.value()),
            Self::MinRegister(state) => Answer::Integer(state.value()),
        }
    }

    /// The maximal decisions on every key that was ever decided on, in the order of the keys.
    /// Types of which all concurrent values have effect, and types without keys, have none.
    pub fn frontiers(&self, object: &ObjectId) -> Vec<Frontier<K>> {
        match self {
            Self::GCounter(_)
            | Self::Log(_)
            | Self::PnCounter(_)
            | Self::MvRegister(_)
            | Self::MvMap(_)
            | Self::MaxRegister(_)
            | Self::MinRegister(_) => Vec::new(),
            Self::LwwRegister(state) => {
                frontiers(object, state.decisions(), |()| state.current(), |()| None)
            }
            Self::OrSet(state) => {
                let current = |element: &K| state.current(element);
                frontiers(object, state.decisions(), current, |element| Some(element.clone()))
            }
            Self::LwwMap(state) => {
                let current = |key: &K| state.current(key);
                frontiers(object, state.decisions(), current, |key| Some(key.clone()))
            }
            Self::RwSet(state) => {
                let current = |element: &K| state.current(element);
                frontiers(object, state.decisions(), current, |element| Some(element.clone()))
            }
            Self::EwFlag(state) => {
                frontiers(object, state.decisions(), |()| state.current(), |()| None)
            }
            Self::DwFlag(state) => {
                frontiers(object, state.decisions(), |()| state.current(), |()| None)
            }
        }
    }

    /// A message that brings a receiver who has seen `since` up to this state.
    pub fn delta_since(&self, since: &VersionVector) -> Delta<Self> {
        let part = same_type!(self, state => state.part_since(since));
        Delta { since: since.clone(), part }
    }

    /// Applies such a message.
    pub fn apply(&mut self, delta: &Delta<Self>) -> Result<(), Reason> {
        delta.refuse_gap(self.seen()).map_err(Reason::Gap)?;
        both!(
            self,
            &delta.part,
            (ours, part) => ours.take_part(part),
            ours.mistaken_for(part.kind())
        );
        Ok(())
    }
}

/// All frontiers of one keyed object, given each key's current effect and its name.
fn frontiers<K, L: Ord + Clone, E: Ord + Clone>(
    object: &ObjectId,
    decisions: &Decisions<L, E>,
    current: impl Fn(&L) -> E,
    name: impl Fn(&L) -> Option<K>,
) -> Vec<Frontier<K>> {
    let frontier = |key| {
        let current = current(key);
        Frontier {
            object: object.clone(),
            key: name(key),
            kept: decisions.kept(key, &current).into_iter().map(Decision::id).into_set(),
            superseded: decisions
                .superseded(key, &current)
                .into_iter()
                .map(Decision::id)
                .into_set(),
        }
    };
    decisions.keys().map(frontier).collect()
}

/// The states of all objects, or of some.
pub type Objects<K, V> = BTreeMap<ObjectId, Object<K, V>>;

/// The deltas of all objects, or of some.
pub type Deltas<K, V> = BTreeMap<ObjectId, Delta<Object<K, V>>>;

/// One replica: who it is, and what it has seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replica<K, V> {
    origin: Origin,
    objects: Objects<K, V>,
}

/// Which object a refusal is about, and why. Nothing changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    /// Which object.
    pub object: ObjectId,
    /// Why.
    pub reason: Reason,
}

impl<K: Ord + Clone, V: Value> Replica<K, V> {
    /// A replica that has seen nothing, with its objects.
    pub fn new(origin: Origin, schema: &BTreeMap<ObjectId, ObjectType>) -> Self {
        let bottom = |(id, kind): (&ObjectId, &ObjectType)| (id.clone(), Object::bottom(*kind));
        Self { origin, objects: schema.iter().map(bottom).into_map() }
    }

    /// A replica restored from a backup. `origin` must have an incarnation that was never used:
    /// others may know what the replica did after the backup was taken.
    pub fn restored(origin: Origin, backup: Objects<K, V>) -> Self {
        Self { origin, objects: backup }
    }

    /// Applies the states of all objects, or of some.
    pub fn join(&mut self, others: &Objects<K, V>) -> Result<(), Error> {
        self.change_all(others, Object::join)
    }

    /// Performs one operation.
    pub fn perform(
        &mut self,
        id: &ObjectId,
        operation: Operation<K, V>,
        user: Option<User>,
    ) -> Result<Dot, Error> {
        let seq = u64::try_from(self.performed() + 1);
        let origin = self.origin.clone();
        change(&mut self.objects, id, |object| {
            let seq =
                seq.map_err(|_| Reason::Operation(OperationError::NoNamesLeft(origin.clone())))?;
            object.perform(&Author { origin, seq, user }, operation)
        })
    }

    /// How many operations of this replica it has seen, over all objects and incarnations.
    fn performed(&self) -> u128 {
        self.vector().get(&self.origin.replica).copied().unwrap_or(0)
    }

    /// Changes all the named objects, or none.
    fn change_all<M>(
        &mut self,
        messages: &BTreeMap<ObjectId, M>,
        take: impl Fn(&mut Object<K, V>, &M) -> Result<(), Reason>,
    ) -> Result<(), Error> {
        let mut objects = self.objects.clone();
        for (id, message) in messages {
            change(&mut objects, id, |object| take(object, message))?;
        }
        self.objects = objects;
        Ok(())
    }
}

/// Changes the named object.
fn change<K, V, T>(
    objects: &mut Objects<K, V>,
    id: &ObjectId,
    change: impl FnOnce(&mut Object<K, V>) -> Result<T, Reason>,
) -> Result<T, Error> {
    let changed = objects.get_mut(id).ok_or(Reason::UnknownObject).and_then(change);
    changed.map_err(|reason| Error { object: id.clone(), reason })
}

impl<K: Ord + Clone, V: Value> Replica<K, V> {
    /// Who this is.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The states of all objects: a full message, or a backup.
    pub fn objects(&self) -> &Objects<K, V> {
        &self.objects
    }

    /// The state vector: how many operations of each replica have been seen, over all objects.
    pub fn vector(&self) -> BTreeMap<ReplicaId, u128> {
        let mut vector = BTreeMap::new();
        for object in self.objects.values() {
            for (origin, counter) in object.seen().iter() {
                *vector.entry(origin.replica.clone()).or_insert(0) += u128::from(counter);
            }
        }
        vector
    }

    /// The open merge decisions, in the order of objects and keys.
    pub fn open_decisions(&self) -> Vec<Frontier<K>> {
        let frontiers = self.objects.iter().flat_map(|(id, object)| object.frontiers(id));
        frontiers.filter(|frontier| !frontier.superseded.is_empty()).collect()
    }

    /// The user's notices: those of their latest decisions that are superseded.
    pub fn notices(&self, user: &User) -> Vec<Notice<K>> {
        let mut notices = Vec::new();
        for Frontier { object, key, superseded, .. } in self.open_decisions() {
            for decision in superseded {
                if decision.user.as_ref() == Some(user) {
                    notices.push(Notice { object: object.clone(), key: key.clone(), decision });
                }
            }
        }
        notices
    }

    /// What each object has seen: what to ask a delta for.
    pub fn seen(&self) -> BTreeMap<ObjectId, VersionVector> {
        let seen = |(id, object): (&ObjectId, &Object<K, V>)| (id.clone(), object.seen().clone());
        self.objects.iter().map(seen).into_map()
    }

    /// The deltas of those objects that `since` names and this replica has.
    pub fn delta_since(&self, since: &BTreeMap<ObjectId, VersionVector>) -> Deltas<K, V> {
        let delta = |(id, since): (&ObjectId, &VersionVector)| {
            Some((id.clone(), self.objects.get(id)?.delta_since(since)))
        };
        since.iter().filter_map(delta).into_map()
    }

    /// Applies the deltas, or none of them.
    pub fn apply(&mut self, deltas: &Deltas<K, V>) -> Result<(), Error> {
        self.change_all(deltas, Object::apply)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "object {:?}: ", self.object)?;
        match &self.reason {
            Reason::UnknownObject => write!(f, "this replica has no such object"),
            Reason::WrongType { expected, found } => {
                write!(f, "it is of type {}, not {}", expected.as_str(), found.as_str())
            }
            Reason::Gap(gap) => gap.fmt(f),
            Reason::Operation(refused) => refused.fmt(f),
        }
    }
}

impl std::error::Error for Error {}
