//! The definition, as spec/definition.v has it: what the replicated types mean, on events.
//!
//! Meaning: the same as [`rejoin::definition`], under the same names; and the state that spec/
//! gives a replica that has seen these events.
//! Laws: spec/main_theorems.v.

use super::encode::Term;
use super::replica::Objects;
use super::{Error, MergeDecision, Notice, decode, encode, run};
use rejoin::definition;
use rejoin::dot::ReplicaId;
use rejoin::object::ObjectType;
use rejoin::operation::{Answer, ObjectId, User, Value};
use std::collections::BTreeMap;

/// An operation that was performed, with what it saw of its object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event<K, V>(Term<K, V>);

impl<K: Clone, V: Clone> From<&definition::Event<K, V>> for Event<K, V> {
    fn from(event: &definition::Event<K, V>) -> Self {
        Self(encode::event(event))
    }
}

/// Events that a replica has seen.
fn events<K, V>(seen: &[Event<K, V>]) -> Term<K, V> {
    encode::list(seen.iter().map(|event| event.0.clone()))
}

/// The value of an object of this type, given what was seen of it.
pub fn value<K: Ord + Clone, V: Value>(
    kind: ObjectType,
    seen: &[Event<K, V>],
) -> Result<Answer<K, V>, Error> {
    let answer = run("Definition.read", [encode::kind(&kind), events(seen)])?;
    Ok(decode::answer(&answer)?)
}

/// The state vector: how many events of each replica were seen.
pub fn vector<K: Ord + Clone, V: Value>(
    seen: &[Event<K, V>],
) -> Result<BTreeMap<ReplicaId, u128>, Error> {
    let vector = run("Definition.vector", [events(seen)])?;
    Ok(decode::map(&vector, decode::replica, decode::wide_number)?)
}

/// The open merge decisions of an object of this type, in the order of the keys.
pub fn open_decisions<K: Ord + Clone, V: Value>(
    kind: ObjectType,
    seen: &[Event<K, V>],
) -> Result<Vec<MergeDecision<K>>, Error> {
    let open = run("Definition.decisions", [encode::kind(&kind), events(seen)])?;
    Ok(decode::list(&open, decode::merge_decision)?)
}

/// The user's notices over all objects of a schema.
pub fn notices<K: Ord + Clone, V: Value>(
    schema: &BTreeMap<ObjectId, ObjectType>,
    user: &User,
    seen: &[Event<K, V>],
) -> Result<Vec<Notice<K>>, Error> {
    let schema = encode::by_object(schema, encode::kind);
    let notices = run("Definition.all_notices", [schema, encode::text(user), events(seen)])?;
    Ok(decode::list(&notices, decode::notice)?)
}

/// The states of the objects of a schema at a replica that has seen these events.
pub fn meaning<K: Ord + Clone, V: Value>(
    schema: &BTreeMap<ObjectId, ObjectType>,
    seen: &[Event<K, V>],
) -> Result<Objects<K, V>, Error> {
    let schema = encode::by_object(schema, encode::kind);
    run("Replica.meaning", [schema, events(seen)]).map(Objects::from_term)
}
