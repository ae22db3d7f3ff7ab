//! The definition: what the replicated types mean, on events and what each of them saw.
//!
//! Meaning: an object's value is a function of E, the events of that object that a replica has
//! seen. Every function here takes any E; E need not contain everything that its events saw.
//! Laws: the engines answer as these functions do if E is closed per object
//! (tests/laws/exhaustive.rs, tests/laws/convergence.rs).
//! Cost: unbounded; these functions are written to be read, not to be fast.
//! Source: spec/trace-format.md, sections 3, 4 and 11; Burckhardt et al., Replicated Data Types:
//! Specification, Verification, Optimality, POPL 2014 (meaning as a function of events).
//!
//! Two replicas, one element: b adds it again, and a removes it having seen the first addition
//! only. The second addition is seen by no removal.
//! ```
//! use rejoin::definition::{Event, EventId, elements};
//! use rejoin::dot::{Dot, Origin, ReplicaId};
//! use rejoin::operation::Operation;
//! use std::collections::BTreeSet;
//!
//! let id = |replica: &str, counter| {
//!     let origin = Origin { replica: ReplicaId::new(replica).unwrap(), incarnation: 0 };
//!     EventId { object: "approved".into(), dot: Dot { origin, counter } }
//! };
//! let event = |id, operation, sees: &[EventId]| {
//!     Event { id, operation, user: None, sees: sees.iter().cloned().collect() }
//! };
//! let (add, again) = (Operation::Add { element: "x" }, Operation::Add { element: "x" });
//! let e1 = event(id("a", 1), add, &[]);
//! let e2 = event(id("b", 1), again, &[id("a", 1)]);
//! let e3 = event(id("a", 2), Operation::Remove { element: "x" }, &[id("a", 1)]);
//!
//! let nothing = BTreeSet::<&str>::new();
//! assert_eq!(elements::<_, ()>(&[&e1]), ["x"].into());
//! assert_eq!(elements::<_, ()>(&[&e1, &e3]), nothing);
//! assert_eq!(elements::<_, ()>(&[&e1, &e2, &e3]), ["x"].into());
//! // Who has seen the last two need not have seen the first.
//! assert_eq!(elements::<_, ()>(&[&e2, &e3]), ["x"].into());
//! ```

use crate::collect::Collect;
use crate::dot::{Dot, ReplicaId};
use crate::object::ObjectType;
use crate::operation::{Answer, DecisionId, Frontier, Notice, ObjectId, Operation, User, Value};
use std::collections::{BTreeMap, BTreeSet};

// Events

/// The name of an event: its dot names it among the events of its object.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct EventId {
    /// On which object.
    pub object: ObjectId,
    /// Which of the operations on it.
    pub dot: Dot,
}

/// An operation that was performed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event<K, V> {
    /// Its name.
    pub id: EventId,
    /// What it does.
    pub operation: Operation<K, V>,
    /// Who decided.
    pub user: Option<User>,
    /// All events, of all objects, that its replica had seen just before.
    pub sees: BTreeSet<EventId>,
}

impl<K, V> Event<K, V> {
    /// Who performed it.
    pub fn replica(&self) -> &ReplicaId {
        &self.id.dot.origin.replica
    }

    /// Whether its replica had seen the other event.
    pub fn saw(&self, other: &Self) -> bool {
        self.sees.contains(&other.id)
    }

    /// Its place among the operations of its replica: 1 + the number of those that it saw.
    pub fn seq(&self) -> u64 {
        let own = self.sees.iter().filter(|seen| seen.dot.origin.replica == *self.replica());
        1 + own.count() as u64
    }
}

/// The events of one object among those that a replica has seen.
pub fn of_object<'a, K, V>(seen: &[&'a Event<K, V>], object: &ObjectId) -> Vec<&'a Event<K, V>> {
    seen.iter().copied().filter(|event| event.id.object == *object).collect()
}

// Values

/// G-counter: the sum of all increments.
pub fn count<K, V>(seen: &[&Event<K, V>]) -> u128 {
    let amount = |event: &&Event<K, V>| match event.operation {
        Operation::Increment { amount } => u128::from(amount),
        _ => 0,
    };
    seen.iter().map(amount).sum()
}

/// OR-set: the elements of which some addition is seen by no removal.
pub fn elements<K: Ord + Clone, V>(seen: &[&Event<K, V>]) -> BTreeSet<K> {
    let mut elements = BTreeSet::new();
    for addition in seen {
        if let Operation::Add { element } = &addition.operation {
            let is_removal = |event: &Event<K, V>| match &event.operation {
                Operation::Remove { element: removed } => removed == element,
                _ => false,
            };
            if !seen.iter().any(|event| is_removal(event) && event.saw(addition)) {
                elements.insert(element.clone());
            }
        }
    }
    elements
}

/// What decides between writes to one key: by timestamp, replica, sequence number and value.
pub type Stamp<'a, V> = (u64, &'a ReplicaId, u64, &'a V);

/// A write, and the key that it writes to; a register has the key `None`.
fn write<K, V>(event: &Event<K, V>) -> Option<(Option<&K>, Stamp<'_, V>)> {
    match &event.operation {
        Operation::Write { value, timestamp } => {
            Some((None, (*timestamp, event.replica(), event.seq(), value)))
        }
        Operation::Put { key, value, timestamp } => {
            Some((Some(key), (*timestamp, event.replica(), event.seq(), value)))
        }
        _ => None,
    }
}

/// LWW-register and each key of an LWW-map: the value of the greatest write to it; the tombstone
/// where there is none.
pub fn written<K: PartialEq, V: Value>(seen: &[&Event<K, V>], key: Option<&K>) -> V {
    let writes = seen.iter().filter_map(|event| write(event));
    let stamps = writes.filter(|(written, _)| *written == key).map(|(_, stamp)| stamp);
    match stamps.max() {
        Some((.., value)) => value.clone(),
        None => V::tombstone(),
    }
}

/// LWW-map: the keys that are not deleted, with their values.
pub fn values<K: Ord + Clone, V: Value>(seen: &[&Event<K, V>]) -> BTreeMap<K, V> {
    let keys = seen.iter().filter_map(|event| write(event)?.0);
    let values = keys.map(|key| (key.clone(), written(seen, Some(key))));
    values.filter(|(_, value)| *value != V::tombstone()).into_map()
}

/// Log: all entries, in the order of their stamps.
pub fn entries<K, V: Ord + Clone>(seen: &[&Event<K, V>]) -> Vec<V> {
    let mut stamps: Vec<Stamp<'_, V>> = Vec::new();
    for event in seen {
        if let Operation::Append { entry, timestamp } = &event.operation {
            stamps.push((*timestamp, event.replica(), event.seq(), entry));
        }
    }
    stamps.sort();
    stamps.into_iter().map(|(.., entry)| entry.clone()).collect()
}

/// PN-counter: the sum of all increments less that of all decrements.
pub fn balance<K, V>(seen: &[&Event<K, V>]) -> i128 {
    let change = |event: &&Event<K, V>| match event.operation {
        Operation::Increment { amount } => i128::from(amount),
        Operation::Decrement { amount } => -i128::from(amount),
        _ => 0,
    };
    seen.iter().map(change).sum()
}

fn adds<K: PartialEq, V>(event: &Event<K, V>, element: &K) -> bool {
    matches!(&event.operation, Operation::Add { element: added } if added == element)
}

fn removes<K: PartialEq, V>(event: &Event<K, V>, element: &K) -> bool {
    matches!(&event.operation, Operation::Remove { element: removed } if removed == element)
}

/// G-set: whether there is an addition.
pub fn in_g_set<K: PartialEq, V>(seen: &[&Event<K, V>], element: &K) -> bool {
    seen.iter().any(|event| adds(event, element))
}

/// 2P-set: whether there is an addition and no removal.
pub fn in_2p_set<K: PartialEq, V>(seen: &[&Event<K, V>], element: &K) -> bool {
    in_g_set(seen, element) && !seen.iter().any(|event| removes(event, element))
}

/// RW-set: whether there is an addition, and each removal is seen by one.
pub fn in_rw_set<K: PartialEq, V>(seen: &[&Event<K, V>], element: &K) -> bool {
    let is_undone = |removal: &Event<K, V>| {
        seen.iter().any(|addition| adds(addition, element) && addition.saw(removal))
    };
    let mut removals = seen.iter().filter(|event| removes(event, element));
    in_g_set(seen, element) && removals.all(|removal| is_undone(removal))
}

/// The elements that were added and that are in a set by this rule.
pub fn elements_by<K: Ord + Clone, V>(
    seen: &[&Event<K, V>],
    is_in: impl Fn(&[&Event<K, V>], &K) -> bool,
) -> BTreeSet<K> {
    let added = seen.iter().filter_map(|event| match &event.operation {
        Operation::Add { element } => Some(element.clone()),
        _ => None,
    });
    added.filter(|element| is_in(seen, element)).into_set()
}

fn enables<K, V>(event: &Event<K, V>) -> bool {
    matches!(event.operation, Operation::Enable)
}

fn disables<K, V>(event: &Event<K, V>) -> bool {
    matches!(event.operation, Operation::Disable)
}

/// EW-flag: whether some enabling is seen by no disabling.
pub fn ew_enabled<K, V>(seen: &[&Event<K, V>]) -> bool {
    let is_undone = |enabling: &Event<K, V>| {
        seen.iter().any(|disabling| disables(disabling) && disabling.saw(enabling))
    };
    seen.iter().any(|event| enables(event) && !is_undone(event))
}

/// DW-flag: whether there is an enabling, and each disabling is seen by one.
pub fn dw_enabled<K, V>(seen: &[&Event<K, V>]) -> bool {
    let is_undone = |disabling: &Event<K, V>| {
        seen.iter().any(|enabling| enables(enabling) && enabling.saw(disabling))
    };
    let mut disablings = seen.iter().filter(|event| disables(event));
    seen.iter().any(|event| enables(event)) && disablings.all(|disabling| is_undone(disabling))
}

/// MV-register and each key of an MV-map: the values of the writes to it that no other write to it
/// saw. The tombstone is never listed.
pub fn concurrent<K: PartialEq, V: Value>(seen: &[&Event<K, V>], key: Option<&K>) -> BTreeSet<V> {
    let writes = || seen.iter().filter(|event| write(event).is_some_and(|(of, _)| of == key));
    let maximal = writes().filter(|event| !writes().any(|other| other.saw(event)));
    let values = maximal.filter_map(|event| Some(write(event)?.1.3.clone()));
    values.filter(|value| *value != V::tombstone()).into_set()
}

/// MV-map: the keys that have values, with these.
pub fn concurrent_by_key<K: Ord + Clone, V: Value>(
    seen: &[&Event<K, V>],
) -> BTreeMap<K, BTreeSet<V>> {
    let keys = seen.iter().filter_map(|event| write(event)?.0);
    let values = keys.map(|key| (key.clone(), concurrent(seen, Some(key))));
    values.filter(|(_, values)| !values.is_empty()).into_map()
}

/// List: whether one order of all elements obeys all that was stated, pairs of which the first stands
/// before the second. Which elements it has is [`in_2p_set`], an insertion being an addition.
/// Source: Attiya et al., Specification and Complexity of Collaborative Text Editing, PODC 2016 (the strong
/// list specification).
pub fn has_one_order<K: Ord>(stated: &[(K, K)]) -> bool {
    let mut left: BTreeSet<&K> =
        stated.iter().flat_map(|(first, second)| [first, second]).collect();
    // Whatever stands behind nothing that is left can come next.
    loop {
        let stands = stated.iter().filter(|(first, _)| left.contains(first));
        let behind: BTreeSet<&K> = stands.map(|(_, second)| second).collect();
        let before = left.len();
        left.retain(|element| behind.contains(element));
        if left.len() == before {
            return left.is_empty();
        }
    }
}

/// Opaque: whether answers to one query agree, each with the events of the object that its replica had
/// seen.
pub fn agree<A: PartialEq>(answers: &[(BTreeSet<EventId>, A)]) -> bool {
    let agrees = |(seen, answer): &(BTreeSet<EventId>, A)| {
        answers.iter().all(|(other, given)| other != seen || given == answer)
    };
    answers.iter().all(agrees)
}

/// Max- and min-register: the integers that were written.
pub fn integers<'a, K, V>(seen: &'a [&Event<K, V>]) -> impl Iterator<Item = i128> + 'a {
    seen.iter().filter_map(|event| match event.operation {
        Operation::WriteInteger { integer } => Some(integer),
        _ => None,
    })
}

/// The value of an object of this type.
pub fn value<K: Ord + Clone, V: Value>(kind: ObjectType, seen: &[&Event<K, V>]) -> Answer<K, V> {
    match kind {
        ObjectType::GCounter => Answer::Count(Some(count(seen))),
        ObjectType::LwwRegister => {
            Answer::Value(Some(written(seen, None)).filter(|value| *value != V::tombstone()))
        }
        ObjectType::OrSet => Answer::Elements(elements(seen)),
        ObjectType::LwwMap => Answer::Values(values(seen)),
        ObjectType::Log => Answer::Entries(entries(seen)),
        ObjectType::PnCounter => Answer::Balance(Some(balance(seen))),
        ObjectType::RwSet => Answer::Elements(elements_by(seen, in_rw_set)),
        ObjectType::EwFlag => Answer::Enabled(ew_enabled(seen)),
        ObjectType::DwFlag => Answer::Enabled(dw_enabled(seen)),
        ObjectType::MvRegister => Answer::Concurrent(concurrent(seen, None)),
        ObjectType::MvMap => Answer::ConcurrentByKey(concurrent_by_key(seen)),
        ObjectType::MaxRegister => Answer::Integer(integers(seen).max()),
        ObjectType::MinRegister => Answer::Integer(integers(seen).min()),
    }
}

/// The state vector: how many events of each replica were seen.
pub fn vector<K, V>(seen: &[&Event<K, V>]) -> BTreeMap<ReplicaId, u128> {
    let mut vector = BTreeMap::new();
    for event in seen {
        *vector.entry(event.replica().clone()).or_insert(0) += 1;
    }
    vector
}

// Merge decisions and notices

/// What a decision does to its key, and what a key's state is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect<V> {
    /// The element is in the set; the flag is enabled.
    Added,
    /// The element is not in the set; the flag is disabled.
    Removed,
    /// The key has this value.
    Written(V),
}

/// Which key the event decides on, and how; a register and a flag have the key `None`.
pub fn decision<K: Clone, V: Clone>(event: &Event<K, V>) -> Option<(Option<K>, Effect<V>)> {
    match &event.operation {
        Operation::Increment { .. }
        | Operation::Decrement { .. }
        | Operation::Append { .. }
        | Operation::WriteInteger { .. } => None,
        Operation::Enable => Some((None, Effect::Added)),
        Operation::Disable => Some((None, Effect::Removed)),
        Operation::Add { element } => Some((Some(element.clone()), Effect::Added)),
        Operation::Remove { element } => Some((Some(element.clone()), Effect::Removed)),
        Operation::Write { value, .. } => Some((None, Effect::Written(value.clone()))),
        Operation::Put { key, value, .. } => {
            Some((Some(key.clone()), Effect::Written(value.clone())))
        }
    }
}

/// The decisions on the key that no other decision on it saw, with their effects.
pub fn maximal<'a, K: Ord + Clone, V: Value>(
    seen: &[&'a Event<K, V>],
    key: &Option<K>,
) -> Vec<(&'a Event<K, V>, Effect<V>)> {
    let on_key = |event: &'a Event<K, V>| match decision(event) {
        Some((decided, effect)) if decided == *key => Some((event, effect)),
        _ => None,
    };
    let decisions: Vec<_> = seen.iter().filter_map(|event| on_key(event)).collect();
    let is_maximal = |event: &Event<K, V>| !decisions.iter().any(|(other, _)| other.saw(event));
    decisions.iter().filter(|(event, _)| is_maximal(event)).cloned().collect()
}

/// The current effect on the key of an object of a type that has decisions.
pub fn current<K: Ord + Clone, V: Value>(
    kind: ObjectType,
    seen: &[&Event<K, V>],
    key: &Option<K>,
) -> Effect<V> {
    let has = |is_in: &dyn Fn(&K) -> bool| key.as_ref().is_some_and(is_in);
    let is_there = match kind {
        ObjectType::OrSet => has(&|element| elements(seen).contains(element)),
        ObjectType::RwSet => has(&|element| in_rw_set(seen, element)),
        ObjectType::EwFlag => ew_enabled(seen),
        ObjectType::DwFlag => dw_enabled(seen),
        _ => return Effect::Written(written(seen, key.as_ref())),
    };
    if is_there { Effect::Added } else { Effect::Removed }
}

/// The maximal decisions on every key of an object of this type, in the order of the keys. Those
/// with the current effect are kept, the others superseded. Types of which all concurrent values
/// have effect, and types without keys, have none.
pub fn frontiers<K: Ord + Clone, V: Value>(
    object: &ObjectId,
    kind: ObjectType,
    seen: &[&Event<K, V>],
) -> Vec<Frontier<K>> {
    if !kind.has_decisions() {
        return Vec::new();
    }
    let keys: BTreeSet<Option<K>> =
        seen.iter().filter_map(|event| Some(decision(event)?.0)).into_set();
    let mut frontiers = Vec::new();
    for key in keys {
        let current = current(kind, seen, &key);
        let (mut kept, mut superseded) = (BTreeSet::new(), BTreeSet::new());
        for (event, effect) in maximal(seen, &key) {
            let (dot, seq, user) = (event.id.dot.clone(), event.seq(), event.user.clone());
            let side = if effect == current { &mut kept } else { &mut superseded };
            side.insert(DecisionId { dot, seq, user });
        }
        frontiers.push(Frontier { object: object.clone(), key, kept, superseded });
    }
    frontiers
}

/// Whether the key is an open merge decision: its current effect and the effects of its maximal
/// decisions are not all the same.
pub fn is_open<K: Ord + Clone, V: Value>(
    kind: ObjectType,
    seen: &[&Event<K, V>],
    key: &Option<K>,
) -> bool {
    let current = current(kind, seen, key);
    maximal(seen, key).iter().any(|(_, effect)| *effect != current)
}

/// The open merge decisions, in the order of the keys.
pub fn open_decisions<K: Ord + Clone, V: Value>(
    object: &ObjectId,
    kind: ObjectType,
    seen: &[&Event<K, V>],
) -> Vec<Frontier<K>> {
    let mut open = frontiers(object, kind, seen);
    open.retain(|frontier| is_open(kind, seen, &frontier.key));
    open
}

/// The user's notices, given the open merge decisions of all objects: each decision of
/// theirs that is superseded.
pub fn notices<K: Clone>(open: &[Frontier<K>], user: &User) -> Vec<Notice<K>> {
    let mut notices = Vec::new();
    for Frontier { object, key, superseded, .. } in open {
        for decision in superseded {
            if decision.user.as_ref() == Some(user) {
                let (object, key, decision) = (object.clone(), key.clone(), decision.clone());
                notices.push(Notice { object, key, decision });
            }
        }
    }
    notices
}
