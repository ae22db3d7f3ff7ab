//! Replica: all objects of one replica.
//!
//! Meaning: each object has a version vector of its own, so that some objects may be synchronized
//! before others.
//! Laws: as the reference's replica (tests/engines/optimized/mod.rs).
//! Cost: that of the object in question; the others do not count.
//! Source: Almeida et al., Delta State Replicated Data Types, JPDC 111 (2018).
//!
//! Ann approves a mapping offline, Bob rejects it on the server, and neither has seen the other.
//! When they sync, the addition wins, and Bob gets a notice.
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::operation::Operation;
//! use rejoin::optimized::replica::{Object, Replica};
//! use rejoin::object::ObjectType;
//!
//! let schema = [("approved".into(), ObjectType::OrSet)].into();
//! let origin = |name: &str| Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//! let mut client = Replica::new(origin("client"), &schema);
//! let mut server = Replica::new(origin("server"), &schema);
//! client.perform("approved", Operation::Add { element: "X" }, Some("ann".into()))?;
//! server.perform("approved", Operation::Remove { element: "X" }, Some("bob".into()))?;
//!
//! let delta = client.delta_since("approved", &server.vector("approved")?)?;
//! server.apply("approved", delta)?;
//! assert_eq!(server.notices(&"bob".into()).len(), 1);
//!
//! // Both know the same once the answer is applied as well, and their hashes say so.
//! let delta = server.delta_since("approved", &client.vector("approved")?)?;
//! client.apply("approved", delta)?;
//! assert_eq!(client.state_hash(), server.state_hash());
//! # Ok::<(), rejoin::optimized::replica::Error>(())
//! ```

use super::apply_error::ApplyError;
pub use super::changes::Changes;
use super::decisions::Conflict;
use super::draws::{Draws, RepeatedOpening};
use super::dw_flag::DwFlag;
use super::ew_flag::{self, EwFlag};
use super::g_counter::{CounterDelta, GCounter};
use super::log::{Log, LogDelta};
use super::lww_map::{self, LwwMap};
use super::lww_register::{self, LwwRegister};
use super::max_register::{IntegerDelta, MaxRegister};
use super::min_register::MinRegister;
use super::mv_map::{self, MvMap};
use super::mv_register::{self, MvRegister};
use super::openings::{DeltaOpenings, Knowledge};
use super::or_set::{self, OrSet};
use super::pn_counter::{self, PnCounter};
use super::rw_set::RwSet;
use super::staging::Staging;
use super::state_hash::replica_hash;
use super::vector::{Origins, Vector};
use super::{Author, OperationError, StateHash};
use crate::collect::Collect;
use crate::dot::{Dot, Origin, ReplicaId};
use crate::hybrid_clock::{HybridClock, NoStampLeft};
use crate::limits::{MAX_VALUE, check_name};
use crate::object::ObjectType;
use crate::operation::{Notice, ObjectId, Operation, User};
use crate::relayed::Relayed;
use crate::wire::DecodeContext;
use std::collections::BTreeMap;
use std::fmt;

/// The state of one object. Keys, elements, values and entries are texts; other types become such at
/// the application's door.
#[derive(Clone)]
pub enum Object {
    /// A counter that only grows.
    GCounter(GCounter),
    /// One value; the last write wins.
    LwwRegister(LwwRegister<str>),
    /// A set; an addition wins over a removal that had not seen it.
    OrSet(OrSet<str>),
    /// Values by key; the last write to each key wins.
    LwwMap(LwwMap<str, str>),
    /// A list that only grows.
    Log(Log<str>),
    /// A counter that grows and shrinks.
    PnCounter(PnCounter),
    /// A set; a removal wins over an addition that had not seen it.
    RwSet(RwSet<str>),
    /// A flag; enabling wins over a disabling that had not seen it.
    EwFlag(EwFlag),
    /// A flag; disabling wins over an enabling that had not seen it.
    DwFlag(DwFlag),
    /// All concurrent values.
    MvRegister(MvRegister<str>),
    /// All concurrent values of each key.
    MvMap(MvMap<str, str>),
    /// The greatest integer written.
    MaxRegister(MaxRegister),
    /// The least integer written.
    MinRegister(MinRegister),
}

/// The message that brings one object of another replica up to date.
#[must_use = "a delta that is not sent brings nobody up to date"]
#[derive(Clone)]
pub enum Delta {
    /// Of a G-counter.
    GCounter(CounterDelta),
    /// Of an LWW-register.
    LwwRegister(lww_register::Delta<str>),
    /// Of an OR-set.
    OrSet(or_set::Delta<str>),
    /// Of an LWW-map.
    LwwMap(lww_map::Delta<str, str>),
    /// Of a log.
    Log(LogDelta<str>),
    /// Of a PN-counter.
    PnCounter(pn_counter::Delta),
    /// Of an RW-set.
    RwSet(or_set::Delta<str>),
    /// Of an EW-flag.
    EwFlag(ew_flag::Delta),
    /// Of a DW-flag.
    DwFlag(ew_flag::Delta),
    /// Of an MV-register.
    MvRegister(mv_register::Delta<str>),
    /// Of an MV-map.
    MvMap(mv_map::Delta<str, str>),
    /// Of a max-register.
    MaxRegister(IntegerDelta),
    /// Of a min-register.
    MinRegister(IntegerDelta),
}

/// Evaluates one expression on a state ([`Object`]) or a delta ([`Delta`]) of any type.
macro_rules! each {
    ($of:ident, $one:expr, $state:ident => $answer:expr) => {
        match $one {
            $of::GCounter($state) => $answer,
            $of::LwwRegister($state) => $answer,
            $of::OrSet($state) => $answer,
            $of::LwwMap($state) => $answer,
            $of::Log($state) => $answer,
            $of::PnCounter($state) => $answer,
            $of::RwSet($state) => $answer,
            $of::EwFlag($state) => $answer,
            $of::DwFlag($state) => $answer,
            $of::MvRegister($state) => $answer,
            $of::MvMap($state) => $answer,
            $of::MaxRegister($state) => $answer,
            $of::MinRegister($state) => $answer,
        }
    };
}
pub(crate) use each;

/// Makes a state or a delta of another one, of the same type.
macro_rules! same_type {
    ($from:ident, $one:expr, $to:ident, $state:ident => $made:expr) => {
        match $one {
            $from::GCounter($state) => $to::GCounter($made),
            $from::LwwRegister($state) => $to::LwwRegister($made),
            $from::OrSet($state) => $to::OrSet($made),
            $from::LwwMap($state) => $to::LwwMap($made),
            $from::Log($state) => $to::Log($made),
            $from::PnCounter($state) => $to::PnCounter($made),
            $from::RwSet($state) => $to::RwSet($made),
            $from::EwFlag($state) => $to::EwFlag($made),
            $from::DwFlag($state) => $to::DwFlag($made),
            $from::MvRegister($state) => $to::MvRegister($made),
            $from::MvMap($state) => $to::MvMap($made),
            $from::MaxRegister($state) => $to::MaxRegister($made),
            $from::MinRegister($state) => $to::MinRegister($made),
        }
    };
}

/// Asks one thing of a state by its decisions, or another one where it has none.
macro_rules! keyed {
    ($of:ident, $one:expr, $state:ident => $answer:expr, $none:expr) => {
        match $one {
            $of::LwwRegister($state) => $answer,
            $of::OrSet($state) => $answer,
            $of::LwwMap($state) => $answer,
            $of::RwSet($state) => $answer,
            $of::EwFlag($state) => $answer,
            $of::DwFlag($state) => $answer,
            $of::MvRegister($state) => $answer,
            $of::MvMap($state) => $answer,
            $of::GCounter(_) | $of::Log(_) | $of::PnCounter(_) => $none,
            $of::MaxRegister(_) | $of::MinRegister(_) => $none,
        }
    };
}
pub(crate) use keyed;

/// Applies a delta to a state of its type.
macro_rules! pair {
    ($object:expr, $delta:expr, ($ours:ident, $theirs:ident) => $same:expr) => {
        match ($object, $delta) {
            (Object::GCounter($ours), Delta::GCounter($theirs)) => $same,
            (Object::LwwRegister($ours), Delta::LwwRegister($theirs)) => $same,
            (Object::OrSet($ours), Delta::OrSet($theirs)) => $same,
            (Object::LwwMap($ours), Delta::LwwMap($theirs)) => $same,
            (Object::Log($ours), Delta::Log($theirs)) => $same,
            (Object::PnCounter($ours), Delta::PnCounter($theirs)) => $same,
            (Object::RwSet($ours), Delta::RwSet($theirs)) => $same,
            (Object::EwFlag($ours), Delta::EwFlag($theirs)) => $same,
            (Object::DwFlag($ours), Delta::DwFlag($theirs)) => $same,
            (Object::MvRegister($ours), Delta::MvRegister($theirs)) => $same,
            (Object::MvMap($ours), Delta::MvMap($theirs)) => $same,
            (Object::MaxRegister($ours), Delta::MaxRegister($theirs)) => $same,
            (Object::MinRegister($ours), Delta::MinRegister($theirs)) => $same,
            (ours, delta) => {
                let (expected, found) = (ours.kind(), delta.kind());
                return Err(Reason::WrongType { expected, found });
            }
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
    /// The delta cannot be applied.
    Apply(ApplyError),
    /// The object refused the operation.
    Operation(OperationError),
    /// There is no stamp for a write to the key, whose bytes these are.
    NoStampLeft(Vec<u8>, NoStampLeft),
}

/// Which object a refusal is about, and why. Nothing changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    /// Which object.
    pub object: ObjectId,
    /// Why.
    pub reason: Reason,
}

impl Object {
    /// The state of an object before its first operation.
    pub fn bottom(kind: ObjectType) -> Self {
        match kind {
            ObjectType::GCounter => Self::GCounter(GCounter::new()),
            ObjectType::LwwRegister => Self::LwwRegister(LwwRegister::new()),
            ObjectType::OrSet => Self::OrSet(OrSet::new()),
            ObjectType::LwwMap => Self::LwwMap(LwwMap::new()),
            ObjectType::Log => Self::Log(Log::new()),
            ObjectType::PnCounter => Self::PnCounter(PnCounter::new()),
            ObjectType::RwSet => Self::RwSet(RwSet::new()),
            ObjectType::EwFlag => Self::EwFlag(EwFlag::new()),
            ObjectType::DwFlag => Self::DwFlag(DwFlag::new()),
            ObjectType::MvRegister => Self::MvRegister(MvRegister::new()),
            ObjectType::MvMap => Self::MvMap(MvMap::new()),
            ObjectType::MaxRegister => Self::MaxRegister(MaxRegister::new()),
            ObjectType::MinRegister => Self::MinRegister(MinRegister::new()),
        }
    }

    pub(super) fn perform(
        &mut self,
        author: &Author,
        operation: Operation<&str, Option<&str>>,
    ) -> Result<Dot, Reason> {
        let performed = match (self, operation) {
            (Self::GCounter(state), Operation::Increment { amount }) => {
                state.increment(&author.origin, amount).map(|change| change.dot())
            }
            (Self::LwwRegister(state), Operation::Write { value, timestamp }) => {
                state.write(author, value, timestamp).map(|performed| performed.dot().clone())
            }
            (Self::OrSet(state), Operation::Add { element }) => {
                state.add(author, element).map(|performed| performed.dot().clone())
            }
            (Self::OrSet(state), Operation::Remove { element }) => {
                state.remove(author, element).map(|performed| performed.dot().clone())
            }
            (Self::LwwMap(state), Operation::Put { key, value: Some(value), timestamp }) => {
                state.put(author, key, value, timestamp).map(|performed| performed.dot().clone())
            }
            (Self::LwwMap(state), Operation::Put { key, value: None, timestamp }) => {
                state.delete(author, key, timestamp).map(|performed| performed.dot().clone())
            }
            (Self::Log(state), Operation::Append { entry: Some(entry), timestamp }) => {
                state.append(author, entry, timestamp).map(|entry| entry.dot())
            }
            (Self::Log(_), Operation::Append { entry: None, .. }) => Err(OperationError::NoEntry),
            (Self::PnCounter(state), Operation::Increment { amount }) => {
                state.increment(&author.origin, amount).map(|change| change.dot())
            }
            (Self::PnCounter(state), Operation::Decrement { amount }) => {
                state.decrement(&author.origin, amount).map(|change| change.dot())
            }
            (Self::RwSet(state), Operation::Add { element }) => {
                state.add(author, element).map(|performed| performed.dot().clone())
            }
            (Self::RwSet(state), Operation::Remove { element }) => {
                state.remove(author, element).map(|performed| performed.dot().clone())
            }
            (Self::EwFlag(state), Operation::Enable) => {
                state.enable(author).map(|performed| performed.dot().clone())
            }
            (Self::EwFlag(state), Operation::Disable) => {
                state.disable(author).map(|performed| performed.dot().clone())
            }
            (Self::DwFlag(state), Operation::Enable) => {
                state.enable(author).map(|performed| performed.dot().clone())
            }
            (Self::DwFlag(state), Operation::Disable) => {
                state.disable(author).map(|performed| performed.dot().clone())
            }
            (Self::MvRegister(state), Operation::Write { value, .. }) => {
                state.write(author, value).map(|performed| performed.dot().clone())
            }
            (Self::MvMap(state), Operation::Put { key, value: Some(value), .. }) => {
                state.put(author, key, value).map(|performed| performed.dot().clone())
            }
            (Self::MvMap(state), Operation::Put { key, value: None, .. }) => {
                state.delete(author, key).map(|performed| performed.dot().clone())
            }
            (Self::MaxRegister(state), Operation::WriteInteger { integer }) => {
                state.write(&author.origin, integer)
            }
            (Self::MinRegister(state), Operation::WriteInteger { integer }) => {
                state.write(&author.origin, integer)
            }
            (state, operation) => {
                let (expected, found) = (state.kind(), operation.kind());
                return Err(Reason::WrongType { expected, found });
            }
        };
        performed.map_err(Reason::Operation)
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
    pub fn vector(&self) -> Vector {
        each!(Object, self, state => state.vector())
    }

    pub(super) fn origins(&self) -> &Origins {
        each!(Object, self, state => state.origins())
    }

    pub(super) fn origins_mut(&mut self) -> &mut Origins {
        each!(Object, self, state => state.origins_mut())
    }

    /// About how much memory it takes, in bytes. Cost: O(bytes / 64 KB).
    pub fn footprint(&self) -> usize {
        let data = each!(Object, self, state => state.footprint());
        // Its name in the actor table, its count, and its operations that still matter, if only one.
        const ORIGIN: usize = 256;
        size_of::<Self>() + ORIGIN * self.vector().counts().len() + data
    }

    /// The state hash. Cost: O(records changed since it was last asked for).
    pub fn state_hash(&mut self) -> StateHash {
        each!(Object, self, state => state.state_hash())
    }

    /// The open merge decisions, with the bytes of their keys, in the order in which these became
    /// known.
    pub fn conflicts(&self) -> Vec<Conflict<Vec<u8>>> {
        keyed!(Object, self, state => state.open_bytes(), Vec::new())
    }

    /// A message that brings a receiver who has seen `since` up to this state.
    pub fn delta_since(&self, since: &Vector) -> Delta {
        same_type!(Object, self, Delta, state => state.delta_since(since))
    }

    /// The beginning of that, of some `most_bytes`, where the type has deltas in pieces: a log has.
    pub fn delta_piece(&self, since: &Vector, most_bytes: usize) -> Delta {
        match self {
            Self::Log(state) => Delta::Log(state.delta_piece(since, most_bytes)),
            _ => self.delta_since(since),
        }
    }

    /// Applies such a message, whose names are those of this state.
    pub(super) fn apply_as_named(&mut self, delta: Delta) -> Result<Changes, Reason> {
        let changes = pair!(self, delta, (ours, delta) => ours.apply_whole(delta));
        changes.map_err(Reason::Apply)
    }

    fn apply_ref(&mut self, delta: &Delta) -> Result<(), Reason> {
        if !self.openings().is_empty() || !delta.openings().is_empty() {
            return self.apply(delta.clone()).map(drop);
        }
        let taken = pair!(self, delta, (ours, delta) => ours.apply_shared(delta));
        taken.map_err(Reason::Apply)
    }
}

impl Delta {
    /// About how much memory it takes, in bytes, actor tables and shared entries included.
    pub fn footprint(&self) -> usize {
        let data = each!(Delta, self, delta => delta.footprint());
        let origins = self.since().counts().len() + self.seen().counts().len();
        size_of::<Self>() + data + 16 * origins
    }

    pub(crate) fn openings(&self) -> &DeltaOpenings {
        each!(Delta, self, delta => delta.openings())
    }

    pub(crate) fn openings_mut(&mut self) -> &mut DeltaOpenings {
        each!(Delta, self, delta => delta.openings_mut())
    }

    /// The type of the object that it is of.
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

    /// What the receiver must have seen.
    pub fn since(&self) -> &Vector {
        each!(Delta, self, delta => delta.since())
    }

    /// Both vectors of a keyed delta, for tests that forge deltas. What this makes need not be of any
    /// history.
    #[doc(hidden)]
    pub fn forge(&mut self) -> Option<(&mut Vector, &mut Vector)> {
        let (since, seen) = keyed!(
            Delta,
            self,
            delta => (&mut delta.keyed.since, &mut delta.keyed.seen),
            return None
        );
        Some((since, seen))
    }

    /// What the sender has seen; and the receiver, once this is applied.
    pub fn seen(&self) -> &Vector {
        each!(Delta, self, delta => delta.seen())
    }
}

/// The objects of a replica, by name.
pub type Objects = BTreeMap<ObjectId, Object>;

/// One replica: who it is, and what it has seen.
#[derive(Clone, Debug)]
pub struct Replica {
    origin: Origin,
    pub(super) objects: Objects,
    /// How many operations of this replica it has seen, over all objects and incarnations.
    performed: u64,
    clock: HybridClock,
    /// Where the process draws openings from, if it does.
    draws: Option<Draws>,
    relayed: Relayed,
    /// Transfers in pieces that are not complete.
    pub(super) staged: BTreeMap<ObjectId, Staging>,
}

impl Replica {
    /// A replica that has seen nothing, with its objects.
    pub fn new(origin: Origin, schema: &BTreeMap<ObjectId, ObjectType>) -> Self {
        let bottom = |(id, kind): (&ObjectId, &ObjectType)| (id.clone(), Object::bottom(*kind));
        Self::restored(origin, schema.iter().map(bottom).into_map())
    }

    /// A replica that goes on from what was stored, or from a backup.
    ///
    /// `origin` must have an incarnation that was never used, unless the store proves that nothing
    /// was lost since: others may have seen later operations of the replica, and no name is used
    /// twice.
    pub fn restored(origin: Origin, objects: Objects) -> Self {
        let clock = HybridClock::new();
        let relayed = Relayed::default();
        let staged = BTreeMap::new();
        let mut replica =
            Self { origin, objects, performed: 0, clock, draws: None, relayed, staged };
        replica.performed = replica.count_performed();
        replica
    }

    /// The replica with objects that it passes on without knowing them.
    #[must_use]
    pub fn with_relayed(self, relayed: Relayed) -> Self {
        Self { relayed, ..self }
    }

    /// The objects that it passes on without knowing them.
    pub fn relayed(&self) -> &Relayed {
        &self.relayed
    }

    /// As [`relayed`](Self::relayed), to change them.
    pub(crate) fn relayed_mut(&mut self) -> &mut Relayed {
        &mut self.relayed
    }

    /// Adds an object, with what was passed on of it so far. It replaces one of the same name.
    pub fn add(&mut self, id: ObjectId, kind: ObjectType) {
        let mut object = Object::bottom(kind);
        if let Some((code, deltas)) = self.relayed.take(&id)
            && code == kind.code()
        {
            // Where one does not fit, its sender sends again what the object lacks.
            let known = DecodeContext::default();
            let mut deltas = deltas.iter().map(|delta| Delta::decode(kind, delta, &known));
            let _: Result<(), ()> = deltas
                .try_for_each(|delta| object.apply(delta.map_err(drop)?).map(drop).map_err(drop));
        }
        self.staged.remove(&id);
        self.objects.insert(id, object);
        self.performed = self.count_performed();
    }

    /// Begins to write in this process, with 64 random bits that are new at each opening of the store.
    /// They distinguish what this process writes from what a copy of the store writes, so that a
    /// fork is detected and repaired; see [`openings`](super::openings).
    ///
    /// # Errors
    /// If the same bits were used before: they are not random.
    pub fn open(&mut self, random: u64) -> Result<(), RepeatedOpening> {
        let draws = Draws::new(&self.origin.replica, random);
        let is_used =
            |(_, object): &(&ObjectId, &Object)| object.openings().has_number(draws.current);
        if let Some((id, _)) = self.objects.iter().find(is_used) {
            return Err(RepeatedOpening { object: id.clone() });
        }
        self.draws = Some(draws);
        Ok(())
    }

    /// The opening under which the process writes, if it draws any.
    pub fn opening(&self) -> Option<u64> {
        self.draws.as_ref().map(|draws| draws.current)
    }

    /// Performs one operation on an object. A write without a value deletes.
    pub fn perform(
        &mut self,
        id: &str,
        operation: Operation<&str, Option<&str>>,
        user: Option<User>,
    ) -> Result<Dot, Error> {
        let Some(seq) = self.performed.checked_add(1) else {
            return Err(refuse(
                id,
                Reason::Operation(OperationError::NoNamesLeft(self.origin.clone())),
            ));
        };
        check(&operation, user.as_ref()).map_err(|why| refuse(id, Reason::Operation(why)))?;
        let object = find(&mut self.objects, id)?;
        let own = object.openings().own(&self.origin);
        let opening = self.draws.as_mut().map(|draws| {
            while object.must_draw(&own, draws.current) {
                draws.again(&self.origin.replica);
            }
            draws.current
        });
        let author = Author { origin: own, seq, user };
        let dot = object.perform_under(opening, &author, operation);
        let dot = dot.map_err(|reason| refuse(id, reason))?;
        self.performed = seq;
        Ok(dot)
    }

    /// Performs one operation, and puts it on record in the audit trail of the object, if it is a
    /// decision. `now` is in milliseconds since 1970.
    ///
    /// # Errors
    /// As [`perform`](Self::perform); [`OperationError::AuditFull`] too. Nothing changed then.
    pub fn perform_audited(
        &mut self,
        id: &str,
        operation: Operation<&str, Option<&str>>,
        user: Option<User>,
        now: u64,
    ) -> Result<Dot, Error> {
        let key = match &operation {
            Operation::Add { element: key }
            | Operation::Remove { element: key }
            | Operation::Put { key, .. } => key.as_bytes().to_vec(),
            _ => Vec::new(),
        };
        let saw = keyed!(Object, self.object(id)?, state => {
            let saw = state.store().latest(&key);
            let room = state.store().check_audit_room(saw.len());
            room.map_err(|full| refuse(id, Reason::Operation(full)))?;
            saw
        }, Vec::new());
        let dot = self.perform(id, operation, user)?;
        let object = find(&mut self.objects, id)?;
        keyed!(Object, object, state => state.decisions.record(&key, now, &saw), ());
        Ok(dot)
    }

    /// A stamp for a write to a key now, above whatever was seen for it, however far ahead; for a
    /// register no key is needed. An entry of a log overrules nothing, so its stamp is the present.
    /// `now` is in milliseconds since 1970.
    ///
    /// # Errors
    /// [`Reason::NoStampLeft`] with the key, if a write to it was seen with the greatest stamp.
    pub fn stamp(&mut self, id: &str, key: Option<&str>, now: u64) -> Result<u64, Error> {
        let seen = match find(&mut self.objects, id)? {
            Object::LwwRegister(register) => register.timestamp(),
            Object::LwwMap(map) => key.and_then(|key| map.timestamp(key)),
            _ => None,
        };
        self.clock.stamp(now, seen).map_err(|error| {
            let key = key.map_or(Vec::new(), |key| key.as_bytes().to_vec());
            refuse(id, Reason::NoStampLeft(key, error))
        })
    }

    /// How many operations of this replica it has seen, over all objects and incarnations.
    fn count_performed(&self) -> u64 {
        let ours = |vector: Vector| {
            let ours = vector.iter().filter(|(origin, _)| origin.replica == self.origin.replica);
            ours.map(|(_, count)| count).fold(0, u64::saturating_add)
        };
        self.objects.values().map(|object| ours(object.vector())).fold(0, u64::saturating_add)
    }
}

/// Checks what every message and store must be able to hold.
fn check(
    operation: &Operation<&str, Option<&str>>,
    user: Option<&User>,
) -> Result<(), OperationError> {
    let name = |what, name: &[u8]| check_name(what, name).map_err(OperationError::InvalidName);
    let value = |value: &Option<&str>| match value.map_or(0, str::len) {
        0..=MAX_VALUE => Ok(()),
        length => Err(OperationError::TooLong(length)),
    };
    user.map_or(Ok(()), |user| name("user", user.as_bytes()))?;
    match operation {
        Operation::Increment { .. }
        | Operation::Decrement { .. }
        | Operation::Enable
        | Operation::Disable
        | Operation::WriteInteger { .. } => Ok(()),
        Operation::Add { element } | Operation::Remove { element } => {
            name("element", element.as_bytes())
        }
        Operation::Write { value: written, .. } | Operation::Append { entry: written, .. } => {
            value(written)
        }
        Operation::Put { key, value: written, .. } => {
            name("key", key.as_bytes())?;
            value(written)
        }
    }
}

fn refuse(id: &str, reason: Reason) -> Error {
    Error { object: id.into(), reason }
}

fn find<'a>(objects: &'a mut Objects, id: &str) -> Result<&'a mut Object, Error> {
    objects.get_mut(id).ok_or_else(|| refuse(id, Reason::UnknownObject))
}

impl Replica {
    /// Who this is.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The states of all objects: what is stored, or a backup.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The state of one object.
    pub fn object(&self, id: &str) -> Result<&Object, Error> {
        self.objects.get(id).ok_or_else(|| refuse(id, Reason::UnknownObject))
    }

    /// The state of one object, to be looked at in ways that bring its hashes up to date.
    pub fn object_mut(&mut self, id: &str) -> Result<&mut Object, Error> {
        find(&mut self.objects, id)
    }

    /// What an object has seen: what to ask a delta for.
    pub fn vector(&self, id: &str) -> Result<Vector, Error> {
        Ok(self.object(id)?.vector())
    }

    /// How many operations of each replica have been seen, over all objects.
    pub fn seen(&self) -> BTreeMap<ReplicaId, u128> {
        let mut seen = BTreeMap::new();
        for object in self.objects.values() {
            for (origin, count) in object.vector().iter() {
                *seen.entry(origin.replica.clone()).or_insert(0) += u128::from(count);
            }
        }
        seen
    }

    /// The open merge decisions of all objects, with the bytes of their keys.
    pub fn conflicts(&self) -> impl Iterator<Item = (&ObjectId, Conflict<Vec<u8>>)> {
        let open =
            |(id, object): (_, &Object)| object.conflicts().into_iter().map(move |open| (id, open));
        self.objects.iter().flat_map(open)
    }

    /// The user's notices: those of their latest decisions that are superseded, with the bytes of
    /// their keys. The key of a register or a flag has none.
    pub fn notices(&self, user: &User) -> Vec<Notice<Vec<u8>>> {
        self.all_notices().remove(user).unwrap_or_default()
    }

    /// The notices of each user who has any.
    pub fn all_notices(&self) -> BTreeMap<User, Vec<Notice<Vec<u8>>>> {
        let mut notices = BTreeMap::<User, Vec<Notice<Vec<u8>>>>::new();
        for (object, open) in self.conflicts() {
            for decision in open.overruled {
                let Some(user) = decision.user.clone() else { continue };
                let kind = self.objects[object].kind();
                let has_keys = kind.is_set() || kind.is_map();
                let key = has_keys.then(|| open.key.clone());
                let notice = Notice { object: object.clone(), key, decision };
                notices.entry(user).or_default().push(notice);
            }
        }
        notices
    }

    /// The state hash of all objects. Cost: O(records changed since it was last asked for), and
    /// O(objects).
    pub fn state_hash(&mut self) -> StateHash {
        let hashes = self.objects.iter_mut().map(|(id, object)| (&**id, object.state_hash()));
        replica_hash(hashes)
    }

    /// The state hash of one object.
    pub fn object_hash(&mut self, id: &str) -> Result<StateHash, Error> {
        Ok(find(&mut self.objects, id)?.state_hash())
    }

    /// A message for a side with other openings, given its [`Object::knowledge`]. Both sides will use
    /// the same names then. Cost: O(object).
    ///
    /// # Errors
    /// [`ApplyError::Contradiction`] if the other side's knowledge belongs to no history.
    pub fn delta_for(&self, id: &str, theirs: &Knowledge) -> Result<Delta, Error> {
        self.object(id)?.delta_for(theirs).map_err(|error| refuse(id, Reason::Apply(error)))
    }

    /// A message that brings a receiver whose object has seen `since` up to this state.
    pub fn delta_since(&self, id: &str, since: &Vector) -> Result<Delta, Error> {
        Ok(self.object(id)?.delta_since(since))
    }

    /// Applies such a message, and returns what it changed.
    ///
    /// # Errors
    /// [`ApplyError::Gap`] where operations before the delta's start are missing; [`ApplyError::Forked`] where
    /// it knows operations under this very name that were not performed here.
    pub fn apply(&mut self, id: &str, delta: Delta) -> Result<Changes, Error> {
        let seen = delta.seen().clone();
        self.take(id, &seen, |object| object.apply(delta))
    }

    /// Applies such a message by reference, without a report of changes.
    pub fn apply_ref(&mut self, id: &str, delta: &Delta) -> Result<(), Error> {
        self.take(id, delta.seen(), |object| object.apply_ref(delta))
    }

    /// Applies what a sender has seen, unless it has operations of this incarnation that were not performed here.
    fn take<T>(
        &mut self,
        id: &str,
        seen: &Vector,
        take: impl FnOnce(&mut Object) -> Result<T, Reason>,
    ) -> Result<T, Error> {
        let origin = &self.origin;
        let object = find(&mut self.objects, id)?;
        let before = object.vector();
        let (performed, known) = (before.get(origin), seen.get(origin));
        // A replica that draws openings continues after a copy's operations, or is renamed.
        if known > performed && self.draws.is_none() {
            let error = ApplyError::Forked { origin: origin.clone(), performed, known };
            return Err(refuse(id, Reason::Apply(error)));
        }
        let draws = !object.openings().is_empty();
        let taken = take(object).map_err(|reason| refuse(id, reason))?;
        if draws || !object.openings().is_empty() {
            // Its operations may have other names in the delta than here.
            self.performed = self.count_performed();
            self.drop_useless_pieces(id);
            return Ok(taken);
        }
        // A replica restored from a backup may receive operations of its earlier incarnations.
        for (of, count) in seen.iter().filter(|(of, _)| of.replica == origin.replica) {
            let back = count.saturating_sub(before.get(of));
            self.performed = self.performed.saturating_add(back);
        }
        self.drop_useless_pieces(id);
        Ok(taken)
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        each!(Object, self, state => state.fmt(f))
    }
}

impl fmt::Debug for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        each!(Delta, self, state => state.fmt(f))
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
            Reason::Apply(error) => error.fmt(f),
            Reason::Operation(refused) => refused.fmt(f),
            Reason::NoStampLeft(key, error) => {
                write!(f, "key {:?}: {error}", String::from_utf8_lossy(key))
            }
        }
    }
}

impl std::error::Error for Error {}
