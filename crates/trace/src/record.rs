//! Recording replicas: the operations and answers of an engine as events of a trace.
//!
//! Meaning: spec/trace-format.md. Keys are text, and values are canonical JSON. A peer may have
//! sent a value that is not JSON: it is recorded as a string, so that the trace can be read. A
//! trace names replicas without incarnations, so the counts of all incarnations are added.
//! Cost: O(length).

use super::event::{Operation, Timestamp};
use rejoin::json::Json;
use rejoin::object::ObjectType;
use rejoin::operation::{self, DecisionId, Notice};
use rejoin::optimized::replica::Object;
use rejoin::optimized::{Conflict, Vector};
use std::collections::{BTreeMap, BTreeSet};

/// An operation of an engine on an object of this type.
pub fn operation(
    operation: &operation::Operation<&str, Option<&str>>,
    kind: ObjectType,
) -> Operation {
    use operation::Operation as Engine;
    let value = |value: Option<&str>| value.map_or(Json::Null, stored);
    let at = |timestamp: u64| kind.is_stamped().then(|| Timestamp::from(timestamp));
    match *operation {
        Engine::Increment { amount } => Operation::Increment { amount },
        Engine::Decrement { amount } => Operation::Decrement { amount },
        Engine::Write { value: written, timestamp } => {
            Operation::Write { value: value(written), timestamp: at(timestamp) }
        }
        Engine::WriteInteger { integer: number } => {
            Operation::Write { value: integer(Some(number)), timestamp: None }
        }
        Engine::Add { element } => Operation::Add { element: element.into() },
        Engine::Remove { element } => Operation::Remove { element: element.into() },
        Engine::Put { key, value: put, timestamp } => {
            Operation::Put { key: key.into(), value: value(put), timestamp: at(timestamp) }
        }
        Engine::Append { entry, timestamp } => {
            Operation::Append { entry: value(entry), timestamp: at(timestamp) }
        }
        Engine::Enable => Operation::Enable,
        Engine::Disable => Operation::Disable,
    }
}

/// An object's value. A counter beyond the representable integers answers the greatest.
pub fn value(object: &Object) -> Json {
    match object {
        Object::GCounter(state) => Json::String(state.value().unwrap_or(u128::MAX).to_string()),
        Object::PnCounter(state) => Json::String(state.value().unwrap_or(i128::MAX).to_string()),
        Object::LwwRegister(state) => state.value().map_or(Json::Null, stored),
        Object::OrSet(state) => set(state.iter()),
        Object::RwSet(state) => set(state.iter()),
        Object::LwwMap(state) => map(state.iter(), stored),
        Object::MvMap(state) => map(state.iter(), |values| list(values.into_iter())),
        Object::MvRegister(state) => list(state.values()),
        Object::Log(state) => list(state.entries().map(|entry| entry.value())),
        Object::EwFlag(state) => Json::Bool(state.value()),
        Object::DwFlag(state) => Json::Bool(state.value()),
        Object::MaxRegister(state) => integer(state.value()),
        Object::MinRegister(state) => integer(state.value()),
    }
}

/// A state vector.
pub fn vector(vector: &Vector) -> Json {
    let mut counts = BTreeMap::<&str, u128>::new();
    for (origin, count) in vector.iter() {
        *counts.entry(origin.replica.as_str()).or_default() += u128::from(count);
    }
    let count = |(name, count): (&str, u128)| (name.into(), Json::Number(count.into()));
    Json::Object(counts.into_iter().map(count).collect())
}

/// The open merge decisions of an object of this type.
pub fn decisions(open: &[Conflict<Vec<u8>>], kind: ObjectType) -> Json {
    let has_keys = kind.is_set() || kind.is_map();
    let ids = |ids: &[DecisionId]| {
        Json::Array(ids.iter().map(|id| Json::Object(named(id).into())).collect())
    };
    let decision = |open: &Conflict<Vec<u8>>| {
        let mut members = Vec::new();
        if has_keys {
            members.push(("key".into(), key(&open.key)));
        }
        members.push(("kept".into(), ids(&open.kept)));
        members.push(("superseded".into(), ids(&open.overruled)));
        Json::Object(members)
    };
    Json::Array(open.iter().map(decision).collect())
}

/// A user's notices.
pub fn notices(notices: &[Notice<Vec<u8>>]) -> Json {
    let notice = |notice: &Notice<Vec<u8>>| {
        let mut members = vec![("object".into(), Json::from(&*notice.object))];
        members.extend(notice.key.iter().map(|text| ("key".into(), key(text))));
        members.extend(named(&notice.decision));
        Json::Object(members)
    };
    Json::Array(notices.iter().map(notice).collect())
}

/// A value in a replica.
pub fn stored(text: &str) -> Json {
    // The greatest depth of a value in a line.
    let Ok(Json::Array(mut outer)) = Json::parse(&format!("[[[{text}]]]")) else {
        return text.into();
    };
    let only = |items: &mut Vec<Json>| items.pop().filter(|_| items.is_empty());
    let inner = only(&mut outer).and_then(|middle| match middle {
        Json::Array(mut middle) => only(&mut middle),
        _ => None,
    });
    match inner {
        Some(Json::Array(mut inner)) => only(&mut inner).unwrap_or_else(|| text.into()),
        _ => text.into(),
    }
}

/// The members that name a decision.
fn named(id: &DecisionId) -> [(String, Json); 2] {
    let replica = Json::from(id.dot.origin.replica.as_str());
    [("replica".into(), replica), ("seq".into(), Json::Number(u128::from(id.seq).into()))]
}

fn key(bytes: &[u8]) -> Json {
    Json::String(String::from_utf8_lossy(bytes).into_owned())
}

fn list<'a>(values: impl Iterator<Item = &'a str>) -> Json {
    Json::Array(values.map(stored).collect())
}

fn set<'a>(elements: impl Iterator<Item = &'a str>) -> Json {
    let elements: BTreeSet<&str> = elements.collect();
    Json::Array(elements.into_iter().map(Json::from).collect())
}

fn map<'a, V>(pairs: impl Iterator<Item = (&'a str, V)>, json: impl Fn(V) -> Json) -> Json {
    let pairs: BTreeMap<&str, V> = pairs.collect();
    Json::Object(pairs.into_iter().map(|(key, value)| (key.into(), json(value))).collect())
}

fn integer(integer: Option<i128>) -> Json {
    integer.map_or(Json::Null, |integer| stored(&integer.to_string()))
}
