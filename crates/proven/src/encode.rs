//! From the types of Rust to terms, the values of the extracted definitions.
//!
//! Meaning: every state has exactly one term, since the carriers of the definitions are canonical:
//! maps and sets are ascending lists without empty entries.

use super::constructors::*;
use super::value::Value;
use rejoin::definition::Event;
use rejoin::digest::ToBytes;
use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::object::ObjectType;
use rejoin::operation::{ObjectId, Operation, User};
use rejoin::reference::decisions::{Decision, Decisions};
use rejoin::reference::delta::{Delta, Replicated};
use rejoin::reference::max_register::{Extreme, Order};
use rejoin::reference::or_set::Presence;
use rejoin::reference::replica::Object;
use rejoin::version_vector::VersionVector;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Names and values that the definitions only compare. Replicas, objects, users, keys and elements
/// are one type in the definitions, which never compare one sort with another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Atom<K, V> {
    /// The name of a replica.
    Replica(ReplicaId),
    /// The name of an object or a user.
    Text(Arc<str>),
    /// A key or an element.
    Key(K),
    /// A value or an entry.
    Value(V),
}

impl<K: ToBytes, V: ToBytes> Atom<K, V> {
    /// Its bytes, as the state hash has them.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Replica(name) => name.as_str().as_bytes().to_vec(),
            Self::Text(text) => text.as_bytes().to_vec(),
            Self::Key(key) => key.to_bytes().into_owned(),
            Self::Value(value) => value.to_bytes().into_owned(),
        }
    }
}

/// A value of the extracted definitions.
pub type Term<K, V> = Value<Atom<K, V>>;

fn atom<K, V>(atom: Atom<K, V>) -> Term<K, V> {
    Value::Atom(Rc::new(atom))
}

pub fn number<K, V>(number: impl Into<u128>) -> Term<K, V> {
    Value::Number(number.into())
}

/// Bytes, as a list of numbers.
pub fn bytes<K, V>(bytes: &[u8]) -> Term<K, V> {
    list(bytes.iter().map(|byte| number(*byte)))
}

/// A number of type `nat`.
pub fn unary<K, V>(number: usize) -> Term<K, V> {
    (0..number).fold(O.make([]), |number, _| S.make([number]))
}

pub fn integer<K, V>(integer: i128) -> Term<K, V> {
    let magnitude = number(integer.unsigned_abs());
    match integer.signum() {
        0 => INTEGER_ZERO.make([]),
        1 => ABOVE_ZERO.make([magnitude]),
        _ => BELOW_ZERO.make([magnitude]),
    }
}

pub fn boolean<K, V>(holds: bool) -> Term<K, V> {
    if holds { TRUE.make([]) } else { FALSE.make([]) }
}

pub fn replica<K, V>(replica: &ReplicaId) -> Term<K, V> {
    atom(Atom::Replica(replica.clone()))
}

pub fn text<K, V>(text: &Arc<str>) -> Term<K, V> {
    atom(Atom::Text(Arc::clone(text)))
}

pub fn key<K: Clone, V>(key: &K) -> Term<K, V> {
    atom(Atom::Key(key.clone()))
}

pub fn value<K, V: Clone>(value: &V) -> Term<K, V> {
    atom(Atom::Value(value.clone()))
}

fn unit<K, V>((): &()) -> Term<K, V> {
    TT.make([])
}

pub fn presence<K, V>(presence: &Presence) -> Term<K, V> {
    match presence {
        Presence::Removed => REMOVED.make([]),
        Presence::Added => ADDED.make([]),
    }
}

pub fn option<K, V>(term: Option<Term<K, V>>) -> Term<K, V> {
    match term {
        Some(term) => SOME.make([term]),
        None => NONE.make([]),
    }
}

pub fn user<K, V>(user: &Option<User>) -> Term<K, V> {
    option(user.as_ref().map(text))
}

pub fn list<K, V>(terms: impl DoubleEndedIterator<Item = Term<K, V>>) -> Term<K, V> {
    terms.rev().fold(NIL.make([]), |rest, first| CONS.make([first, rest]))
}

pub fn pair<K, V>(first: Term<K, V>, second: Term<K, V>) -> Term<K, V> {
    PAIR.make([first, second])
}

pub fn origin<K, V>(origin: &Origin) -> Term<K, V> {
    ORIGIN.make([replica(&origin.replica), number(origin.incarnation)])
}

pub fn dot<K, V>(dot: &Dot) -> Term<K, V> {
    DOT.make([origin(&dot.origin), number(dot.counter)])
}

pub fn vector<K, V>(vector: &VersionVector) -> Term<K, V> {
    let entries: Vec<_> =
        vector.iter().map(|(of, counter)| pair(origin(of), number(counter))).collect();
    list(entries.into_iter())
}

fn decision<K, V, E>(decision: &Decision<E>, effect: impl Fn(&E) -> Term<K, V>) -> Term<K, V> {
    DECISION.make([
        dot(&decision.dot),
        number(decision.seq),
        number(decision.timestamp),
        user(&decision.user),
        effect(&decision.effect),
    ])
}

fn decisions<K, V, L: Ord + Clone, E: Ord + Clone>(
    decisions: &Decisions<L, E>,
    key: impl Fn(&L) -> Term<K, V>,
    effect: impl Fn(&E) -> Term<K, V>,
) -> Term<K, V> {
    let frontier = |on: &L| {
        let listed = decisions.maximal(on).into_iter();
        pair(key(on), list(listed.map(|listed| decision(listed, &effect))))
    };
    let frontiers: Vec<_> = decisions.keys().map(frontier).collect();
    DECISIONS.make([vector(decisions.seen()), list(frontiers.into_iter())])
}

pub fn object<K: Ord + Clone, V: rejoin::operation::Value>(state: &Object<K, V>) -> Term<K, V> {
    match state {
        Object::GCounter(counter) => {
            let parts = [vector(counter.seen()), shares(counter.shares())];
            A_COUNTER.make([G_COUNTER_STATE.make(parts)])
        }
        Object::LwwRegister(register) => {
            let winner = register.winner().map(|winner| decision(winner, value));
            A_REGISTER.make([LWW_REGISTER_STATE
                .make([decisions(register.decisions(), unit, value), option(winner)])])
        }
        Object::OrSet(set) => A_SET.make([decisions(set.decisions(), key, presence)]),
        Object::LwwMap(map) => {
            let winners = map.winners().iter();
            let winners = winners.map(|(on, winner)| pair(key(on), decision(winner, value)));
            A_MAP
                .make([LWW_MAP_STATE.make([decisions(map.decisions(), key, value), list(winners)])])
        }
        Object::Log(log) => {
            let entries = log.entries().map(|entry| {
                LOG_ENTRY.make([
                    dot(&entry.dot()),
                    number(entry.seq),
                    number(entry.timestamp),
                    value(&entry.entry),
                ])
            });
            let entries: Vec<_> = entries.collect();
            A_LOG.make([LOG_STATE.make([vector(log.seen()), list(entries.into_iter())])])
        }
        Object::PnCounter(counter) => {
            let (up, down) = (shares(counter.increments()), shares(counter.decrements()));
            A_PN_COUNTER.make([PN_COUNTER_STATE.make([vector(counter.seen()), up, down])])
        }
        Object::RwSet(set) => AN_RW_SET.make([decisions(set.decisions(), key, presence)]),
        Object::EwFlag(flag) => AN_EW_FLAG.make([decisions(flag.decisions(), unit, presence)]),
        Object::DwFlag(flag) => A_DW_FLAG.make([decisions(flag.decisions(), unit, presence)]),
        Object::MvRegister(register) => {
            AN_MV_REGISTER.make([decisions(register.decisions(), unit, value)])
        }
        Object::MvMap(map) => AN_MV_MAP.make([decisions(map.decisions(), key, value)]),
        Object::MaxRegister(register) => A_MAX_REGISTER.make([extreme(register)]),
        Object::MinRegister(register) => A_MIN_REGISTER.make([extreme(register)]),
    }
}

/// The shares of a counter.
fn shares<K, V>(shares: &BTreeMap<Origin, u128>) -> Term<K, V> {
    list(shares.iter().map(|(of, share)| pair(origin(of), number(*share))))
}

fn extreme<K, V, O: Order>(register: &Extreme<O>) -> Term<K, V> {
    EXTREME_STATE.make([vector(register.seen()), option(register.value().map(integer))])
}

/// A map from object names.
pub fn by_object<K, V, T>(
    map: &BTreeMap<ObjectId, T>,
    term: impl Fn(&T) -> Term<K, V>,
) -> Term<K, V> {
    list(map.iter().map(|(id, of)| pair(text(id), term(of))))
}

pub fn delta<K, V, S>(delta: &Delta<S>, part: impl Fn(&S) -> Term<K, V>) -> Term<K, V> {
    DELTA.make([vector(&delta.since), part(&delta.part)])
}

pub fn kind<K, V>(kind: &ObjectType) -> Term<K, V> {
    match kind {
        ObjectType::GCounter => G_COUNTER.make([]),
        ObjectType::LwwRegister => LWW_REGISTER.make([]),
        ObjectType::OrSet => OR_SET.make([]),
        ObjectType::LwwMap => LWW_MAP.make([]),
        ObjectType::Log => LOG.make([]),
        ObjectType::PnCounter => PN_COUNTER.make([]),
        ObjectType::RwSet => RW_SET.make([]),
        ObjectType::EwFlag => EW_FLAG.make([]),
        ObjectType::DwFlag => DW_FLAG.make([]),
        ObjectType::MvRegister => MV_REGISTER.make([]),
        ObjectType::MvMap => MV_MAP.make([]),
        ObjectType::MaxRegister => MAX_REGISTER.make([]),
        ObjectType::MinRegister => MIN_REGISTER.make([]),
    }
}

pub fn operation<K: Clone, V: Clone>(operation: &Operation<K, V>) -> Term<K, V> {
    match operation {
        Operation::Increment { amount } => INCREMENT.make([number(*amount)]),
        Operation::Write { value: written, timestamp } => {
            WRITE.make([number(*timestamp), value(written)])
        }
        Operation::Add { element } => ADD.make([key(element)]),
        Operation::Remove { element } => REMOVE.make([key(element)]),
        Operation::Put { key: on, value: written, timestamp } => {
            PUT.make([key(on), number(*timestamp), value(written)])
        }
        Operation::Append { entry, timestamp } => APPEND.make([number(*timestamp), value(entry)]),
        Operation::Decrement { amount } => DECREMENT.make([number(*amount)]),
        Operation::Enable => ENABLE.make([]),
        Operation::Disable => DISABLE.make([]),
        Operation::WriteInteger { integer: written } => WRITE_INTEGER.make([integer(*written)]),
    }
}

/// An event; the definitions see only what it saw of its object.
pub fn event<K: Clone, V: Clone>(event: &Event<K, V>) -> Term<K, V> {
    let saw = event.sees.iter().filter(|seen| seen.object == event.id.object);
    EVENT.make([
        text(&event.id.object),
        dot(&event.id.dot),
        number(event.seq()),
        user(&event.user),
        operation(&event.operation),
        list(saw.map(|seen| dot(&seen.dot))),
    ])
}

/// A replica, from its origin and its objects.
pub fn state<K, V>(origin: Term<K, V>, objects: Term<K, V>) -> Term<K, V> {
    REPLICA.make([origin, objects])
}
