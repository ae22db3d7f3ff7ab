//! The record: what a replica did and answered, as lines of a trace (spec/trace-format.md).
//!
//! A message is what a replica has seen of one object. Both sides call it by the sender's name, the
//! object's, and the fingerprint of what was seen: the sender as soon as anything may leave that
//! says so, the receiver when it was applied.

use super::Node;
use super::failure::{Failure, Result};
use super::schema;
use rejoin::json::Json;
use rejoin::object::Priority;
use rejoin::operation::Operation;
use rejoin::optimized::Vector;
use rejoin::optimized::replica::Object;
use serde_json::{Value, json, value::RawValue};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A value that is canonical JSON already.
fn raw(text: &str) -> Box<RawValue> {
    let text = RawValue::from_string(text.into());
    text.unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// What names the operation of a replica that comes `later` ones after the last. Two files of one
/// replica have different openings, so the same edit at both is two operations.
pub fn id(replica: &Node, later: u128) -> String {
    let name = &replica.origin().replica;
    let performed = replica.seen().get(name).copied().unwrap_or(0);
    format!("{:x}/{}", replica.opening().unwrap_or_default(), performed + later)
}

/// An operation, by its [`id`].
pub fn operation(
    replica: &str,
    id: &str,
    object: &str,
    operation: &Operation<&str, Option<&str>>,
    user: Option<&str>,
) -> String {
    #[derive(serde::Serialize)]
    struct Line<'a> {
        event: &'a str,
        replica: &'a str,
        object: &'a str,
        op: &'a str,
        id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        amount: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        element: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Box<RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        entry: Option<Box<RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        timestamp: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<&'a str>,
    }
    let told = |value: &Option<&str>| Some(raw(value.unwrap_or("null")));
    let line = Line {
        event: "op",
        replica,
        object,
        op: "",
        id,
        amount: None,
        element: None,
        key: None,
        value: None,
        entry: None,
        timestamp: None,
        user,
    };
    let line = match operation {
        Operation::Increment { amount } => Line { op: "increment", amount: Some(*amount), ..line },
        Operation::Write { value, timestamp } => {
            Line { op: "write", value: told(value), timestamp: Some(*timestamp), ..line }
        }
        Operation::Add { element } => Line { op: "add", element: Some(element), ..line },
        Operation::Remove { element } => Line { op: "remove", element: Some(element), ..line },
        Operation::Put { key, value, timestamp } => {
            let (value, timestamp) = (told(value), Some(*timestamp));
            Line { op: "put", key: Some(key), value, timestamp, ..line }
        }
        Operation::Append { entry, timestamp } => {
            Line { op: "append", entry: told(entry), timestamp: Some(*timestamp), ..line }
        }
        Operation::Decrement { amount } => Line { op: "decrement", amount: Some(*amount), ..line },
        Operation::Enable => Line { op: "enable", ..line },
        Operation::Disable => Line { op: "disable", ..line },
        Operation::WriteInteger { integer } => {
            Line { op: "write", value: Some(raw(&integer.to_string())), ..line }
        }
    };
    let is_stamped = schema().get(object).is_none_or(|entry| entry.kind.is_stamped());
    let line = Line { timestamp: line.timestamp.filter(|_| is_stamped), ..line };
    serde_json::to_string(&line).unwrap_or_default()
}

/// How both sides call what a replica had seen of an object. Forks rename operations, so these go by
/// the opening under which they were performed, and how many of each there are.
fn message(replica: &str, name: &str, object: &Object<str, str>, seen: &Vector) -> String {
    let mut lives = BTreeMap::<(Option<u64>, String), u64>::new();
    for (origin, count) in seen.iter() {
        let mut rest = count;
        let openings =
            object.openings().iter().filter(|(of, first, _)| *of == origin && *first <= count);
        let openings: Vec<_> =
            openings.map(|(_, first, opening)| (first, opening.number)).collect();
        let named = |opening: Option<u64>| match opening {
            Some(_) => (opening, String::new()),
            None => (None, format!("{}/{}", origin.incarnation, origin.replica)),
        };
        for (first, opening) in openings.into_iter().rev() {
            *lives.entry(named(Some(opening))).or_default() += rest + 1 - first;
            rest = first - 1;
        }
        if rest > 0 {
            lives.insert(named(None), rest);
        }
    }
    let mut hasher = blake3::Hasher::new_derive_key("rejoin record message");
    for ((opening, origin), count) in lives {
        hasher.update(&opening.unwrap_or_default().to_le_bytes());
        hasher.update(&(origin.len() as u64).to_le_bytes());
        hasher.update(origin.as_bytes());
        hasher.update(&count.to_le_bytes());
    }
    let digits = hasher.finalize().to_hex();
    format!("{replica}/{name}/{}", &digits[..32])
}

/// The last recorded `send` of each object, so that none is recorded twice in one run.
#[derive(Default)]
pub struct Sent(BTreeMap<String, String>);

impl Sent {
    /// The messages that may leave now.
    pub fn sends(&mut self, replica: &Node) -> Vec<String> {
        let name = replica.origin().replica.as_str();
        let mut lines = Vec::new();
        for (object, state) in replica.objects() {
            let seen = state.vector();
            if seen.is_empty() {
                continue;
            }
            let message = message(name, object, state, &seen);
            if self.0.get(&**object) == Some(&message) {
                continue;
            }
            lines.push(
                json!({"event": "send", "replica": name, "message": message, "objects": [&**object]})
                    .to_string(),
            );
            self.0.insert(object.to_string(), message);
        }
        lines
    }
}

/// What `peer` had seen of an object is applied.
pub fn receive(
    replica: &str,
    peer: &str,
    name: &str,
    object: &Object<str, str>,
    seen: &Vector,
) -> String {
    let message = message(peer, name, object, seen);
    json!({"event": "receive", "replica": replica, "message": message}).to_string()
}

/// What a replica answers: the value of each object, its vector, hash and open merge decisions, the
/// hash of all, and each user's notices.
///
/// A hash covers the incarnations, and a trace has only their number. So a hash is claimed without
/// its algorithm: equal states must have equal hashes, and different values different ones.
pub fn claims(replica: &mut Node) -> Vec<String> {
    let name = replica.origin().replica.as_str().to_string();
    let objects: Vec<_> = replica.objects().keys().cloned().collect();
    let mut lines = Vec::new();
    let mut decisions: BTreeMap<_, Vec<Value>> = BTreeMap::new();
    for (object, open) in replica.conflicts() {
        let list = |ids: &[rejoin::operation::DecisionId]| -> Vec<Value> {
            let id = |id: &rejoin::operation::DecisionId| json!({"replica": id.dot.origin.replica.as_str(), "seq": id.seq});
            ids.iter().map(id).collect()
        };
        let mut line = json!({"kept": list(&open.kept), "superseded": list(&open.overruled)});
        if schema().get(object).is_none_or(|entry| entry.kind.is_set() || entry.kind.is_map()) {
            line["key"] = String::from_utf8_lossy(&open.key).into();
        }
        decisions.entry(object.clone()).or_default().push(line);
    }
    for object in &objects {
        let Ok(digest) = replica.object_hash(object) else { continue };
        let Ok(state) = replica.object(object) else { continue };
        let told = serde_json::to_string(&**object).unwrap_or_default();
        let start = |event: &str| {
            format!(r#"{{"event":"{event}","replica":{},"object":{told}"#, json!(name))
        };
        lines.push(format!(r#"{},"value":{}}}"#, start("read"), value(state)));
        let mut counts = BTreeMap::<&str, u128>::new();
        let vector = state.vector();
        for (origin, count) in vector.iter() {
            *counts.entry(origin.replica.as_str()).or_default() += u128::from(count);
        }
        let counts = serde_json::to_string(&counts).unwrap_or_default();
        lines.push(format!(r#"{},"vector":{counts}}}"#, start("vector")));
        let digest = digest.content;
        lines.push(format!(r#"{},"digest":"{digest}"}}"#, start("digest")));
        if state.kind().has_decisions() {
            let open = json!(decisions.remove(object).unwrap_or_default());
            lines.push(format!(r#"{},"decisions":{open}}}"#, start("decisions")));
        }
    }
    for (user, notices) in replica.all_notices() {
        let notice = |notice: rejoin::operation::Notice<Vec<u8>>| {
            let id = &notice.decision;
            let mut line = json!({
                "object": &*notice.object, "replica": id.dot.origin.replica.as_str(), "seq": id.seq
            });
            if let Some(key) = notice.key {
                line["key"] = String::from_utf8_lossy(&key).into();
            }
            line
        };
        let notices: Vec<Value> = notices.into_iter().map(notice).collect();
        lines.push(
            json!({"event": "notices", "replica": name, "user": &*user, "notices": notices})
                .to_string(),
        );
    }
    let digest = replica.state_hash().content.to_string();
    lines.push(json!({"event": "digest", "replica": name, "digest": digest}).to_string());
    lines
}

/// An object's value.
pub fn value(object: &Object<str, str>) -> String {
    match object {
        Object::GCounter(state) => {
            json!(state.value().unwrap_or(u128::MAX).to_string()).to_string()
        }
        Object::LwwRegister(state) => state.value().map_or("null".into(), readable),
        Object::OrSet(state) => {
            let elements: BTreeSet<&str> = state.iter().collect();
            json!(elements).to_string()
        }
        Object::LwwMap(state) => {
            let values: BTreeMap<&str, &str> = state.iter().collect();
            let pairs: Vec<String> = values
                .iter()
                .map(|(key, value)| format!("{}:{}", json!(key), readable(value)))
                .collect();
            format!("{{{}}}", pairs.join(","))
        }
        Object::Log(state) => {
            let entries: Vec<String> =
                state.entries().map(|entry| readable(entry.value())).collect();
            format!("[{}]", entries.join(","))
        }
        Object::PnCounter(state) => {
            json!(state.value().unwrap_or(i128::MAX).to_string()).to_string()
        }
        Object::RwSet(state) => json!(state.iter().collect::<BTreeSet<&str>>()).to_string(),
        Object::EwFlag(state) => state.value().to_string(),
        Object::DwFlag(state) => state.value().to_string(),
        Object::MvRegister(state) => concurrent(state.values()),
        Object::MvMap(state) => {
            let pairs: BTreeMap<&str, Vec<&str>> = state.iter().collect();
            let pair = |(key, values): (&str, Vec<&str>)| {
                format!("{}:{}", json!(key), concurrent(values.into_iter()))
            };
            format!("{{{}}}", pairs.into_iter().map(pair).collect::<Vec<_>>().join(","))
        }
        Object::MaxRegister(state) => integer(state.value()),
        Object::MinRegister(state) => integer(state.value()),
    }
}

fn integer(integer: Option<i128>) -> String {
    integer.map_or("null".into(), |integer| integer.to_string())
}

fn concurrent<'a>(values: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", values.map(readable).collect::<Vec<_>>().join(","))
}

/// A value as canonical JSON. What is kept here is that already; a peer may have sent any text,
/// which must not make the whole record unreadable.
fn readable(text: &str) -> String {
    // So deep does a value stand in a line at most.
    let is_readable = Json::parse(&format!("[[{text}]]")).is_ok();
    match Json::parse(text) {
        Ok(value) if is_readable => value.canonical(),
        _ => json!(text).to_string(),
    }
}

/// What one file recorded of a replica. Several files of one replica are its copies: they begin alike,
/// up to where the file was copied, or restored from a backup.
struct Life {
    name: String,
    lines: VecDeque<String>,
    /// The snapshot from which it goes on, while another life has gone on or nothing was yet.
    begins_at: Option<String>,
}

/// The copies of all replicas, each from where it parts from the one before.
fn lives(records: Vec<(String, Vec<String>)>) -> Vec<Life> {
    let mut whole: Vec<(String, Vec<String>, usize, Option<String>)> = Vec::new();
    let mut forks: Vec<(usize, usize, String)> = Vec::new();
    for (number, (name, lines)) in records.into_iter().enumerate() {
        let alike = |other: &[String]| other.iter().zip(&lines).take_while(|(a, b)| a == b).count();
        let same = whole.iter().enumerate().filter(|(_, (other, ..))| *other == name);
        let parent = same
            .map(|(at, (_, other, ..))| (alike(other), at))
            .max_by_key(|(alike, at)| (*alike, std::cmp::Reverse(*at)));
        match parent {
            None => whole.push((name, lines, 0, None)),
            Some((alike, parent)) => {
                let snapshot = format!("{name}/file {number}");
                forks.push((parent, alike, snapshot.clone()));
                whole.push((name, lines, alike, Some(snapshot)));
            }
        }
    }
    let mut lives = Vec::new();
    for (at, (name, lines, begins, begins_at)) in whole.into_iter().enumerate() {
        let mut own = VecDeque::new();
        for number in begins..=lines.len() {
            for (_, _, snapshot) in forks.iter().filter(|fork| (fork.0, fork.1) == (at, number)) {
                own.push_back(
                    json!({"event": "save", "replica": name, "snapshot": snapshot}).to_string(),
                );
            }
            own.extend(lines.get(number).cloned());
        }
        lives.push(Life { name, lines: own, begins_at });
    }
    lives
}

/// Joins what several replicas recorded, each by its name, into one trace: the lines of each in
/// their order, and each message received after it was sent. Where there are several files of one
/// replica, it is saved and restored from one to the other.
///
/// # Errors
/// Where a replica received a message that none of them sent.
pub fn join(records: Vec<(String, Vec<String>)>) -> Result<String> {
    let kinds = schema();
    let objects: serde_json::Map<String, Value> = kinds
        .iter()
        .map(|(name, entry)| {
            let priority = match entry.priority {
                Priority::High => "high",
                Priority::Medium => "medium",
                Priority::Low => "low",
            };
            (name.to_string(), json!({"type": entry.kind.as_str(), "priority": priority}))
        })
        .collect();
    let names: BTreeSet<&String> = records.iter().map(|(name, _)| name).collect();
    let header = json!({
        "trace": "rejoin/1",
        "replicas": names,
        "objects": objects,
        "implementation": {"name": "rejoin", "version": env!("CARGO_PKG_VERSION")},
    });
    let mut trace = format!("{header}\n");
    let mut lives = lives(records);
    let mut sent = BTreeSet::new();
    let mut saved = BTreeSet::new();
    // Which life of each replica goes on.
    let mut active: BTreeMap<String, usize> = BTreeMap::new();
    let mut number = 0;
    // A life goes on as far as it can, before another one takes its place.
    let mut may_switch = false;
    let count = |lives: &[Life]| lives.iter().map(|life| life.lines.len()).sum::<usize>();
    while count(&lives) > 0 {
        let before = count(&lives);
        let mut waits = None;
        for at in 0..lives.len() {
            while let Some(line) = lives[at].lines.front() {
                let (event, message) = passed(line);
                let begins = lives[at].begins_at.as_ref();
                let is_other = active.get(&lives[at].name).is_some_and(|active| *active != at);
                if begins.is_some_and(|snapshot| !saved.contains(snapshot))
                    || is_other && !may_switch
                {
                    break;
                }
                if event == Some("receive") && !sent.contains(&message) {
                    waits = waits.or(Some((lives[at].name.clone(), message)));
                    break;
                }
                let line = lives[at].lines.pop_front().unwrap_or_default();
                // One that was sent again holds the same.
                if event == Some("send") && !sent.insert(message.clone()) {
                    continue;
                }
                may_switch = false;
                let name = lives[at].name.clone();
                if let Some(other) = active.insert(name.clone(), at).filter(|other| *other != at) {
                    number += 1;
                    let snapshot = format!("{name}/life {number}");
                    let save = json!({"event": "save", "replica": name, "snapshot": snapshot});
                    trace.push_str(&format!("{save}\n"));
                    saved.insert(snapshot.clone());
                    lives[other].begins_at = Some(snapshot);
                    let from = lives[at].begins_at.take();
                    let back = json!({"event": "restore", "replica": name, "snapshot": from});
                    trace.push_str(&format!("{back}\n"));
                }
                if event == Some("save") {
                    saved.insert(message);
                }
                trace.push_str(&line);
                trace.push('\n');
            }
        }
        let has_moved = count(&lives) < before;
        match waits {
            Some((name, message)) if !has_moved && may_switch => {
                let from = message.split('/').next().unwrap_or_default();
                return Err(Failure::usage(format!(
                    "`{name}` received what `{from}` recorded in none of these files: give the \
                     files of all replicas; all must record from their start (`init --record`), and \
                     of one that was restored from a backup or copied, give all files"
                )));
            }
            _ => may_switch = !has_moved,
        }
    }
    Ok(trace)
}

/// The message or snapshot of a line that sends, receives, saves or restores.
fn passed(line: &str) -> (Option<&'static str>, String) {
    #[derive(serde::Deserialize)]
    struct Line {
        event: String,
        message: Option<String>,
        snapshot: Option<String>,
    }
    match serde_json::from_str(line) {
        Ok(Line { event, snapshot: Some(snapshot), .. }) if event == "save" => {
            (Some("save"), snapshot)
        }
        Ok(Line { event, message: Some(message), .. }) if event == "send" => {
            (Some("send"), message)
        }
        Ok(Line { event, message: Some(message), .. }) if event == "receive" => {
            (Some("receive"), message)
        }
        _ => (None, String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rejoin::dot::{Origin, ReplicaId};

    #[test]
    fn a_value_that_is_no_json_leaves_the_record_readable() {
        let origin = Origin { replica: ReplicaId::new("stranger").unwrap(), incarnation: 0 };
        let mut node = Node::new(origin, &schema().types());
        for (key, value, told) in [
            ("a", "{\"no\": end", r#""{\"no\": end""#),
            ("b", "[1]", "[1]"),
            ("c", "\n", r#""\n""#),
        ] {
            let operation = Operation::Put { key, value: Some(value), timestamp: 1 };
            node.perform("patterns", operation, None).expect("there is room");
            let lines = claims(&mut node);
            let is_readable = |line: &String| !line.contains('\n') && Json::parse(line).is_ok();
            assert!(lines.iter().all(is_readable), "{lines:?}");
            let expected = format!("{}:{told}", json!(key));
            assert!(lines.iter().any(|line| line.contains(&expected)), "{lines:?}");
        }
    }
}
