//! Worlds in which disks are restored and files copied, unannounced.
//!
//! A device has two objects of each type and does the same to all types. An entry of a log is the
//! number of its operation in the world, so the logs show which operations a device knows, whatever
//! happened to their names. The optimized engine performs the same steps as the reference, and where a
//! disk is [`Disk::defined`], so does the extracted model of spec/openings.v: after every step the names of
//! all operations, the chains of openings and the own origin of each object are those that it computes.

use rejoin::digest::ToBytes;
use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::object::ObjectType;
use rejoin::operation::{Answer, Author, ObjectId, Operation};
use rejoin::optimized::replica::{Delta, Reason, Replica};
use rejoin::optimized::{ApplyError, Vector};
use rejoin::reference::openings::{Held, HeldDelta, Knowledge, Renaming, reconcile};
use rejoin::reference::replica::Object;
use rejoin::version_vector::VersionVector;
use rejoin::wire::{BaseEncoding, DecodeContext, OriginEncoding};
use rejoin_proven::{Error, openings};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// splitmix64: numbers that look random and follow from a seed.
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// A value: the number of the operation that wrote it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Value(Option<u64>);

impl rejoin::operation::Value for Value {
    fn tombstone() -> Self {
        Self(None)
    }
}

impl ToBytes for Value {
    fn to_bytes(&self) -> Cow<'_, [u8]> {
        self.0.map_or(Cow::Borrowed(&[]), |number| text(number).into_bytes().into())
    }
}

/// A number as a value of the optimized engine, in as many digits as any, so that texts are in its order.
fn text(number: u64) -> String {
    format!("{number:08}")
}

type Kept = Held<u64, Value>;
type Message = HeldDelta<u64, Value>;

/// A deliberate fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The state is renamed, and the delta is not applied in the same step.
    RenameFirst,
    /// A process opens the store without drawing an opening.
    NoNewOpening,
    /// Deltas are applied by their counters alone.
    CounterOnly,
}

/// One operation, and the operations that its process knew.
#[derive(Clone, Debug)]
struct Event {
    device: char,
    seq: u64,
    time: u64,
    key: u64,
    is_addition: bool,
    saw: BTreeSet<u64>,
}

/// A state of an object, and the object's number.
type StateOf = (Object<u64, Value>, usize);

/// All operations on one object, and the states in which each set of operations was found.
#[derive(Clone, Default, Debug)]
pub struct Truth {
    events: BTreeMap<u64, Event>,
    states: BTreeMap<BTreeSet<u64>, Vec<StateOf>>,
}

impl Truth {
    /// The answer of a type's definition for these operations.
    fn value(&self, kind: ObjectType, knows: &BTreeSet<u64>) -> Answer<u64, Value> {
        let known = || knows.iter().map(|number| (*number, &self.events[number]));
        let stamp =
            |(number, event): &(u64, &Event)| (event.time, event.device, event.seq, *number);
        match kind {
            ObjectType::GCounter => {
                Answer::Count(Some(known().map(|(number, _)| u128::from(number)).sum()))
            }
            ObjectType::PnCounter => {
                let change = |(number, event): (u64, &Event)| {
                    let amount = i128::from(number);
                    if event.is_addition { amount } else { -amount }
                };
                Answer::Balance(Some(known().map(change).sum()))
            }
            ObjectType::MaxRegister => {
                Answer::Integer(known().map(|(number, _)| i128::from(number)).max())
            }
            ObjectType::MinRegister => {
                Answer::Integer(known().map(|(number, _)| i128::from(number)).min())
            }
            ObjectType::RwSet => {
                let is_there = |key: &u64| {
                    let adds = |event: &Event| event.key == *key && event.is_addition;
                    let is_undone = |number: u64| {
                        known().any(|(_, other)| adds(other) && other.saw.contains(&number))
                    };
                    let removes = |event: &Event| event.key == *key && !event.is_addition;
                    known().any(|(_, event)| adds(event))
                        && known().all(|(number, event)| !removes(event) || is_undone(number))
                };
                Answer::Elements((0..3).filter(is_there).collect())
            }
            ObjectType::EwFlag => {
                let is_undone = |number: u64| {
                    known().any(|(_, other)| !other.is_addition && other.saw.contains(&number))
                };
                let is_enabled =
                    known().any(|(number, event)| event.is_addition && !is_undone(number));
                Answer::Enabled(is_enabled)
            }
            ObjectType::DwFlag => {
                let is_undone = |number: u64| {
                    known().any(|(_, other)| other.is_addition && other.saw.contains(&number))
                };
                let is_enabled = known().any(|(_, event)| event.is_addition)
                    && known().all(|(number, event)| event.is_addition || is_undone(number));
                Answer::Enabled(is_enabled)
            }
            ObjectType::MvRegister => {
                let is_last =
                    |(number, _): &(u64, &Event)| !known().any(|(_, by)| by.saw.contains(number));
                let values = known().filter(is_last).map(|(number, _)| Value(Some(number)));
                Answer::Concurrent(values.collect())
            }
            ObjectType::MvMap => {
                let mut values = BTreeMap::<u64, BTreeSet<Value>>::new();
                let is_last = |(number, event): &(u64, &Event)| {
                    !known().any(|(_, by)| by.key == event.key && by.saw.contains(number))
                };
                for (number, event) in known().filter(is_last) {
                    values.entry(event.key).or_default().insert(Value(Some(number)));
                }
                Answer::ConcurrentByKey(values)
            }
            ObjectType::OrSet => {
                let is_in = |(number, event): &(u64, &Event)| {
                    let removes = |other: &Event| {
                        other.key == event.key && !other.is_addition && other.saw.contains(number)
                    };
                    event.is_addition && !known().any(|(_, other)| removes(other))
                };
                Answer::Elements(known().filter(is_in).map(|(_, event)| event.key).collect())
            }
            ObjectType::LwwRegister => {
                let latest = known().max_by_key(stamp);
                Answer::Value(latest.map(|(number, _)| Value(Some(number))))
            }
            ObjectType::LwwMap => {
                let mut latest = BTreeMap::new();
                let mut writes: Vec<_> = known().collect();
                writes.sort_by_key(stamp);
                for (number, event) in writes {
                    latest.insert(event.key, Value(Some(number)));
                }
                Answer::Values(latest)
            }
            ObjectType::Log => {
                let mut entries: Vec<_> = known().collect();
                entries.sort_by_key(stamp);
                Answer::Entries(
                    entries.into_iter().map(|(number, _)| Value(Some(number))).collect(),
                )
            }
        }
    }
}

/// One object of the reference for each type.
#[derive(Clone, Debug)]
pub struct Types(Vec<Kept>);

impl Types {
    fn log(&self) -> &Kept {
        &self.0[4]
    }

    /// The known operations, with their names.
    fn names(&self) -> Vec<(Dot, u64)> {
        let Object::Log(log) = &self.log().state else { return Vec::new() };
        log.entries().filter_map(|entry| Some((entry.dot(), entry.entry.0?))).collect()
    }

    pub fn knows(&self) -> BTreeSet<u64> {
        self.names().into_iter().map(|(_, operation)| operation).collect()
    }

    /// How many names changed here. A message that starts too late changes nothing.
    fn apply(&mut self, messages: &[Message], fault: Option<Fault>) -> usize {
        let mut renamed = 0;
        for (held, message) in self.0.iter_mut().zip(messages) {
            let counts = message.part.part.seen().clone();
            let theirs = Knowledge { counts, openings: message.openings.clone() };
            let (of_ours, _) = reconcile(&held.known(), &theirs);
            match fault {
                Some(Fault::CounterOnly) => {
                    let _ = held.state.apply(&message.part);
                }
                Some(Fault::RenameFirst) if !of_ours.is_empty() => {
                    of_ours.iter().for_each(|renaming| rename(held, renaming));
                }
                _ => {
                    let before = held.clone();
                    match held.apply(message) {
                        Ok(()) => renamed += of_ours.len(),
                        Err(_) => assert_eq!(*held, before, "refused, and something changed"),
                    }
                }
            }
        }
        renamed
    }

    /// Whether one name is used for two operations here and there, or one operation has two names.
    pub fn is_forked_from(&self, other: &Self) -> bool {
        let ours: BTreeMap<Dot, u64> = self.names().into_iter().collect();
        let by_operation: BTreeMap<u64, Dot> =
            self.names().into_iter().map(|(dot, operation)| (operation, dot)).collect();
        other.names().iter().any(|(dot, operation)| {
            ours.get(dot).is_some_and(|our| our != operation)
                || by_operation.get(operation).is_some_and(|our| our != dot)
        })
    }

    /// Returns what is wrong with the state.
    fn look(&self, truth: &mut Truth) -> Result<(), String> {
        let (names, knows) = (self.names(), self.knows());
        let dots: BTreeSet<&Dot> = names.iter().map(|(dot, _)| dot).collect();
        if dots.len() < names.len() {
            return Err("one dot, two operations".into());
        }
        if knows.len() < names.len() {
            return Err("one operation, two dots".into());
        }
        for held in &self.0 {
            let (kind, seen) = (held.state.kind(), held.state.seen());
            let counted: u64 = seen.iter().map(|(_, count)| count).sum();
            if counted != names.len() as u64 || seen != self.log().state.seen() {
                return Err(format!("{kind:?}: {counted} of {}", names.len()));
            }
            let (found, expected) = (held.state.value(), truth.value(kind, &knows));
            if found != expected {
                return Err(format!("{kind:?}: {found:?} where {expected:?} is right"));
            }
        }
        let states: Vec<_> =
            self.0.iter().map(|held| (held.state.clone(), held.openings.len())).collect();
        let first = truth.states.entry(knows).or_insert_with(|| states.clone());
        match *first == states {
            true => Ok(()),
            false => Err("equal knowledge, other states".into()),
        }
    }
}

/// A careless receiver: the names change, and no delta is applied.
fn rename(held: &mut Kept, renaming: &Renaming) {
    if held.own == renaming.first.origin {
        held.own = renaming.renamed_origin();
    }
    held.openings = renaming.rename_keys(&held.openings);
    held.state = renaming.rename_state(&held.state);
}

/// A message of one object: of the reference, and the same of the optimized engine.
#[derive(Clone, Debug)]
pub struct Letter {
    at: usize,
    types: Vec<Message>,
    optimized: Vec<Vec<u8>>,
    defined: Option<openings::Delta>,
}

fn name(at: usize, kind: ObjectType) -> String {
    format!("{at}/{}", kind.as_str())
}

fn decode(kind: ObjectType, bytes: &[u8]) -> Delta {
    Delta::decode(kind, bytes, &DecodeContext::default()).unwrap()
}

/// One disk, and the process that runs on it.
#[derive(Clone, Debug)]
pub struct Disk {
    pub device: char,
    pub objects: Vec<Types>,
    replica: Replica,
    /// Each object by the definitions, where an operation is its number; none where they do not run.
    defined: Vec<openings::Held>,
    /// Whether the reference has no fault, so that the optimized engine is compared with it.
    is_sound: bool,
}

impl Disk {
    pub fn new(device: char, objects: usize, is_sound: bool, random: u64) -> Self {
        let replica = ReplicaId::new(device.to_string()).unwrap();
        let own = Origin { replica, incarnation: 0 };
        let held = ObjectType::ALL.map(|kind| Held::untouched(own.clone(), kind)).to_vec();
        let schema = (0..objects)
            .flat_map(|at| ObjectType::ALL.map(|kind| (ObjectId::from(name(at, kind)), kind)));
        let mut replica = Replica::new(own, &schema.collect());
        replica.open(random).unwrap();
        let objects = vec![Types(held); objects];
        Self { device, objects, replica, defined: Vec::new(), is_sound }
    }

    /// The same, beside which the definitions run.
    pub fn defined(self) -> Self {
        let own = self.replica.origin();
        let defined = openings::Held::untouched(own).expect("the definitions answer");
        Self { defined: vec![defined; self.objects.len()], ..self }
    }

    /// Another process opens the disk as it is.
    pub fn reopen(&mut self, random: u64) {
        let objects = self.replica.objects().clone();
        self.replica = Replica::restored(self.replica.origin().clone(), objects);
        self.replica.open(random).unwrap();
    }

    /// Performs an operation on an object.
    pub fn write(&mut self, at: usize, truth: &mut Truth, random: u64, fault: Option<Fault>) {
        let number = truth.events.len() as u64 + 1;
        let saw = self.objects[at].knows();
        // Some clocks stand still, or run behind.
        let latest = saw.iter().map(|seen| truth.events[seen].time).max().unwrap_or(0);
        let time = (latest + random % 3).saturating_sub(random / 3 % 2);
        let (key, is_addition) = ((random >> 8) % 3, !(random >> 16).is_multiple_of(3));
        let counted = self
            .objects
            .iter()
            .flat_map(|types| &types.0)
            .flat_map(|held| held.state.seen().iter().collect::<Vec<_>>());
        let before = self.replica.opening().unwrap();
        let is_own = |origin: &Origin| origin.replica == self.replica.origin().replica;
        let performed: u64 =
            counted.filter(|(origin, _)| is_own(origin)).map(|(_, count)| count).sum();
        for ((held, kind), seq) in
            self.objects[at].0.iter_mut().zip(ObjectType::ALL).zip(performed + 1..)
        {
            let value = Value(Some(number));
            let operation = match kind {
                ObjectType::GCounter => Operation::Increment { amount: number },
                ObjectType::LwwRegister => Operation::Write { value, timestamp: time },
                ObjectType::OrSet if is_addition => Operation::Add { element: key },
                ObjectType::OrSet => Operation::Remove { element: key },
                ObjectType::LwwMap => Operation::Put { key, value, timestamp: time },
                ObjectType::Log => Operation::Append { entry: value, timestamp: time },
                ObjectType::PnCounter if is_addition => Operation::Increment { amount: number },
                ObjectType::PnCounter => Operation::Decrement { amount: number },
                ObjectType::RwSet if is_addition => Operation::Add { element: key },
                ObjectType::RwSet => Operation::Remove { element: key },
                ObjectType::EwFlag | ObjectType::DwFlag if is_addition => Operation::Enable,
                ObjectType::EwFlag | ObjectType::DwFlag => Operation::Disable,
                ObjectType::MvRegister => Operation::Write { value, timestamp: 0 },
                ObjectType::MvMap => Operation::Put { key, value, timestamp: 0 },
                ObjectType::MaxRegister | ObjectType::MinRegister => {
                    Operation::WriteInteger { integer: number.into() }
                }
            };
            let text = text(number);
            let bytes = key.to_be_bytes();
            let named = str::from_utf8(&bytes).expect("keys are small numbers");
            let by_reference = match &operation {
                Operation::Increment { amount } => Operation::Increment { amount: *amount },
                Operation::Write { timestamp, .. } => {
                    Operation::Write { value: Some(text.as_str()), timestamp: *timestamp }
                }
                Operation::Add { .. } => Operation::Add { element: named },
                Operation::Remove { .. } => Operation::Remove { element: named },
                Operation::Put { timestamp, .. } => {
                    Operation::Put { key: named, value: Some(text.as_str()), timestamp: *timestamp }
                }
                Operation::Append { timestamp, .. } => {
                    Operation::Append { entry: Some(text.as_str()), timestamp: *timestamp }
                }
                Operation::Decrement { amount } => Operation::Decrement { amount: *amount },
                Operation::Enable => Operation::Enable,
                Operation::Disable => Operation::Disable,
                Operation::WriteInteger { integer } => {
                    Operation::WriteInteger { integer: *integer }
                }
            };
            let performed = self.replica.perform(&name(at, kind), by_reference, None).unwrap();
            let opening = self.replica.opening().unwrap();
            let is_first = held.state.seen().get(&held.own) == 0;
            let author = Author { origin: held.own.clone(), seq, user: None };
            let dot = held.perform(opening, &author, operation).unwrap();
            if self.is_sound {
                assert_eq!(performed, dot);
            }
            if fault == Some(Fault::NoNewOpening) && !is_first {
                held.openings.remove(&dot);
            }
        }
        if let Some(defined) = self.defined.get_mut(at) {
            let opening = self.replica.opening().unwrap();
            assert_eq!(defined.must_draw(before), Ok(opening != before), "an opening is drawn");
            defined.perform(opening, number).expect("the definitions answer");
        }
        let (device, seq) = (self.device, performed + 1);
        truth.events.insert(number, Event { device, seq, time, key, is_addition, saw });
    }

    /// A delta that brings an object of another disk up to date.
    pub fn letter(&self, at: usize, to: &Self) -> Letter {
        let asked = to.objects[at].0.iter().map(Held::known);
        let types =
            self.objects[at].0.iter().zip(asked).map(|(held, known)| held.delta_for(&known));
        let optimized = |kind: ObjectType| {
            let id = name(at, kind);
            let delta = self.replica.delta_for(&id, &to.replica.object(&id).unwrap().knowledge());
            delta.unwrap().encode(OriginEncoding::Inline, BaseEncoding::Inline)
        };
        let optimized = match self.is_sound {
            true => ObjectType::ALL.map(optimized).to_vec(),
            false => Vec::new(),
        };
        let defined = self.defined.get(at).zip(to.defined.get(at));
        let defined = defined.map(|(ours, theirs)| ours.delta_for(theirs));
        let defined = defined.map(|delta| delta.expect("the definitions answer"));
        Letter { at, types: types.collect(), optimized, defined }
    }

    /// How many names changed here.
    pub fn apply(&mut self, letter: &Letter, fault: Option<Fault>) -> usize {
        let renamed = self.objects[letter.at].apply(&letter.types, fault);
        let (mut found, mut refused) = (0, 0);
        for (kind, bytes) in ObjectType::ALL.into_iter().zip(&letter.optimized) {
            match self.replica.apply(&name(letter.at, kind), decode(kind, bytes)) {
                Ok(changes) => found += changes.healed.len(),
                Err(_) => refused += 1,
            }
        }
        assert!(found == 0 || refused == 0, "one type heals, and another one is refused");
        if let Some(delta) = &letter.defined {
            match self.defined[letter.at].apply(delta) {
                Ok(()) | Err(Error::Refused) => {}
                Err(other) => panic!("{other}"),
            }
        }
        renamed
    }

    /// Whether anything is renamed here or there, by the definitions, where they run. The reference renames
    /// the same.
    pub fn forks_from(&self, at: usize, from: &Self) -> Option<bool> {
        let (ours, theirs) = self.defined.get(at).zip(from.defined.get(at))?;
        let defined = ours.reconcile(theirs).expect("the definitions answer");
        let is_forked = defined.iter().any(|renamings| !renamings.is_empty());
        let plain = |renamings: Vec<Renaming>| -> Vec<openings::Renaming> {
            let plain = |renaming: Renaming| (renaming.first, renaming.opening.number);
            renamings.into_iter().map(plain).collect()
        };
        // The other types have the same knowledge, as they are looked at after each step.
        let (held, other) = (self.objects[at].log(), from.objects[at].log());
        let (ours, theirs) = reconcile(&held.known(), &other.known());
        assert_eq!([plain(ours), plain(theirs)], defined, "renamings");
        Some(is_forked)
    }

    /// What differs between an object and what the definitions have of it.
    fn look_as_defined(&self, at: usize) -> Result<(), String> {
        let answer = "the definitions answer";
        let Some(defined) = self.defined.get(at) else { return Ok(()) };
        let names: BTreeMap<Dot, u64> = self.objects[at].names().into_iter().collect();
        let expected = defined.operations().expect(answer);
        if names != expected {
            return Err(format!("the operations are {names:?}, by the definitions {expected:?}"));
        }
        let counts = defined.counts().expect(answer);
        let (chains, own) = (defined.openings().expect(answer), defined.own().expect(answer));
        for kind in ObjectType::ALL {
            let id = name(at, kind);
            let vector = VersionVector::from(&self.replica.vector(&id).unwrap());
            if vector != counts {
                return Err(format!("{kind:?}: {vector:?}, by the definitions {counts:?}"));
            }
            let openings = self.replica.object(&id).unwrap().openings();
            let ours: BTreeMap<Dot, u64> = openings
                .iter()
                .map(|(origin, counter, opening)| {
                    (Dot { origin: origin.clone(), counter }, opening.number)
                })
                .collect();
            if ours != chains {
                return Err(format!("{kind:?}: chains {ours:?}, by the definitions {chains:?}"));
            }
            let goes_on_as = openings.own(self.replica.origin());
            if goes_on_as != own {
                return Err(format!("{kind:?}: own {goes_on_as:?}, by the definitions {own:?}"));
            }
        }
        Ok(())
    }

    /// Syncs like two replicas that know nothing of a fork: by a vector, and by all openings only
    /// if that is refused. The result is the same; returns whether it was refused.
    pub fn ask_by_vector(&self, at: usize, from: &Self, after: &Self) -> bool {
        let mut is_refused = false;
        for kind in ObjectType::ALL.into_iter().filter(|_| self.is_sound) {
            let id = name(at, kind);
            let mut copy = self.replica.clone();
            let since = copy.vector(&id).unwrap();
            let bytes = from.replica.delta_since(&id, &since).unwrap();
            let bytes = bytes.encode(OriginEncoding::Inline, BaseEncoding::Inline);
            match copy.apply(&id, decode(kind, &bytes)) {
                Ok(_) => {
                    let (ours, theirs) =
                        (copy.object_hash(&id), after.replica.clone().object_hash(&id));
                    assert_eq!(ours, theirs, "{kind:?}: not the same by vector and by knowledge");
                }
                Err(error) => {
                    let is_fork = matches!(
                        error.reason,
                        Reason::Apply(ApplyError::OpeningsDiffer | ApplyError::Gap { .. })
                    );
                    assert!(is_fork, "{error}");
                    assert_eq!(copy.vector(&id).unwrap(), since);
                    is_refused = true;
                }
            }
        }
        is_refused
    }

    /// Returns what is wrong with an object, or different in the two engines.
    pub fn look(&mut self, at: usize, truth: &mut Truth) -> Result<(), String> {
        self.objects[at].look(truth)?;
        self.look_as_defined(at)?;
        for held in self.objects[at].0.iter().filter(|_| self.is_sound) {
            let kind = held.state.kind();
            let id = name(at, kind);
            let vector = VersionVector::from(&self.replica.vector(&id).unwrap());
            if vector != *held.state.seen() {
                return Err(format!("{kind:?}: seen are {vector:?} and {:?}", held.state.seen()));
            }
            let object = self.replica.object(&id).unwrap();
            let openings: Vec<_> = object
                .openings()
                .iter()
                .map(|(origin, first, opening)| {
                    (origin, first, opening.number, [opening.share, opening.decrements])
                })
                .collect();
            let expected: Vec<_> = held
                .openings
                .iter()
                .map(|(dot, opening)| {
                    let shares = [opening.share, opening.decrements];
                    (&dot.origin, dot.counter, opening.number, shares)
                })
                .collect();
            if openings != expected {
                return Err(format!("{kind:?}: openings are {openings:?} and {expected:?}"));
            }
            let own = object.openings().own(self.replica.origin());
            if own != held.own {
                return Err(format!("{kind:?}: they go on as {own:?} and {:?}", held.own));
            }
            if self.replica.object_hash(&id).unwrap() != held.state.state_hash() {
                return Err(format!("{kind:?}: the state hashes differ"));
            }
            // A replica that reads everything back from one delta is the same.
            let whole = self.replica.delta_since(&id, &Vector::default()).unwrap();
            let bytes = whole.encode(OriginEncoding::Inline, BaseEncoding::Inline);
            let mut object = rejoin::optimized::replica::Object::bottom(kind);
            object.apply(decode(kind, &bytes)).unwrap();
            let ours = self.replica.object(&id).unwrap();
            if object.fingerprint() != ours.fingerprint() || object.openings() != ours.openings() {
                return Err(format!("{kind:?}: not the same when it was stored and read"));
            }
        }
        Ok(())
    }
}
