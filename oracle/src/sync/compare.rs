//! Compares two replicas' files and finds where they first differ: in a value, or in what was seen.

use super::failure::Result;
use super::store::Store;
use super::{Node, record};
use crate::exit::Exit;
use crate::output::Output;
use crate::printable::{count, escape};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// What is compared of one object: its value, and how many operations of each origin it has seen.
struct Part {
    value: Value,
    seen: BTreeMap<String, u64>,
}

struct Side {
    file: String,
    name: String,
    parts: BTreeMap<String, Part>,
}

/// Says where the replicas of two files first differ.
pub fn compare<W: Write>(a: &Path, b: &Path, output: &mut Output<W>) -> Result<Exit> {
    let (a, b) = (side(a)?, side(b)?);
    let difference = between(&a, &b);
    let exit = if difference.is_some() { Exit::Discrepancy } else { Exit::Success };
    output.write(difference.unwrap_or_else(|| {
        format!("`{}` and `{}` have seen the same and hold the same\n", a.name, b.name)
    }));
    Ok(exit)
}

fn side(path: &Path) -> Result<Side> {
    let node = Store::look(path)?.replica;
    let name = escape(node.origin().replica.as_str()).into_owned();
    Ok(Side { file: escape(&path.to_string_lossy()).into_owned(), name, parts: parts(&node) })
}

fn parts(node: &Node) -> BTreeMap<String, Part> {
    let part = |(object, state): (&rejoin::operation::ObjectId, &_)| {
        let value = serde_json::from_str(&record::value(state)).unwrap_or_default();
        let vector = rejoin::optimized::replica::Object::vector(state);
        let seen = vector.iter().map(|(origin, count)| {
            let name = format!("`{}` #{:x}", escape(origin.replica.as_str()), origin.incarnation);
            (name, count)
        });
        (object.to_string(), Part { value, seen: seen.collect() })
    };
    node.objects().iter().map(part).collect()
}

/// Values are compared first: if they are equal, what was seen may still differ.
fn between(a: &Side, b: &Side) -> Option<String> {
    let names: Vec<&String> = a.parts.keys().chain(b.parts.keys()).collect();
    let nothing = Part { value: Value::Null, seen: BTreeMap::new() };
    let pair = |name: &&String| {
        let ours = a.parts.get(*name).unwrap_or(&nothing);
        let theirs = b.parts.get(*name).unwrap_or(&nothing);
        (ours.value != theirs.value, ours.seen != theirs.seen)
    };
    let by_value = names.iter().find(|name| pair(name).0);
    let name = by_value.or_else(|| names.iter().find(|name| pair(name).1))?;
    let ours = a.parts.get(*name).unwrap_or(&nothing);
    let theirs = b.parts.get(*name).unwrap_or(&nothing);
    let mut text = format!("they differ in {}", escape(name));
    match by_value {
        Some(_) => {
            let (place, x, y) = first(&ours.value, &theirs.value);
            text += &format!("{place}\n  {}: {x}\n  {}: {y}\n", a.file, b.file);
        }
        None => text += ", whose values are equal, by what they have seen\n",
    }
    for (origin, x, y) in uneven(&ours.seen, &theirs.seen) {
        let seen = count(x, "operation");
        text += &format!("  of {origin}, {} has seen {seen} on it, {} {y}\n", a.file, b.file);
    }
    Some(text)
}

/// The origins of which the two have seen different numbers of operations.
fn uneven(ours: &BTreeMap<String, u64>, theirs: &BTreeMap<String, u64>) -> Vec<(String, u64, u64)> {
    let mut origins: Vec<&String> = ours.keys().chain(theirs.keys()).collect();
    origins.sort_unstable();
    origins.dedup();
    let count = |of: &BTreeMap<String, u64>, origin| of.get(origin).copied().unwrap_or(0);
    let all = origins
        .into_iter()
        .map(|origin| (origin.clone(), count(ours, origin), count(theirs, origin)));
    all.filter(|(_, x, y)| x != y).collect()
}

/// The first key, element or entry in which two values differ, and what each has there.
fn first(ours: &Value, theirs: &Value) -> (String, String, String) {
    let shown = |value: Option<&Value>| match value {
        None => "not there".into(),
        Some(value) => escape(&value.to_string()).into_owned(),
    };
    match (ours, theirs) {
        (Value::Object(x), Value::Object(y)) => {
            let key = x.keys().chain(y.keys()).filter(|key| x.get(*key) != y.get(*key)).min();
            let key = key.map_or("", String::as_str);
            (format!(", key {}", escape(key)), shown(x.get(key)), shown(y.get(key)))
        }
        (Value::Array(x), Value::Array(y)) => {
            let same = x.iter().zip(y).take_while(|(x, y)| x == y).count();
            (format!(", place {}", same + 1), shown(x.get(same)), shown(y.get(same)))
        }
        _ => (String::new(), shown(Some(ours)), shown(Some(theirs))),
    }
}
