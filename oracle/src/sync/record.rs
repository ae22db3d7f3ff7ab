//! The record: what a replica did and answered, as lines of a trace (spec/trace-format.md).
//!
//! A message is what a replica has seen of one object. Sender and receiver name it alike: by the
//! sender, the object, and a fingerprint of what was seen. The sender records it before any frame
//! leaves that could claim it, the receiver once it has applied it.

use super::Node;
use super::failure::{Failure, Result};
use super::schema;
use rejoin::operation::{ObjectId, Operation};
use rejoin::optimized::replica::Object;
use rejoin::optimized::{StateHash, Vector};
use rejoin::sync::Entry;
use rejoin_trace::{
    Claim, Content, Declaration, Event, Header, Implementation, Op, Stamps, record as trace,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The id of the operation that a replica performs after `later` more ones. Two files of one
/// replica have different openings, so the same edit at both is two operations.
pub fn id(replica: &Node, later: u128) -> String {
    let name = &replica.origin().replica;
    let performed = replica.seen().get(name).copied().unwrap_or(0);
    format!("{:x}/{}", replica.opening().unwrap_or_default(), performed + later)
}

/// An operation as a line of a trace, with its [`id`].
pub fn operation(
    replica: &str,
    id: &str,
    object: &str,
    operation: &Operation<&str, Option<&str>>,
    user: Option<&str>,
) -> String {
    let kind = schema().get(object).map_or(operation.kind(), |entry| entry.kind);
    let operation = trace::operation(operation, kind);
    let (replica, object) = (replica.into(), object.into());
    let (id, user) = (Some(id.into()), user.map(Into::into));
    Event::Op(Op { replica, object, operation, id, user, inexact: false }).line()
}

/// The name of the message that holds what a replica had seen of an object. A healed fork renames
/// operations, so the name covers openings and how many operations were performed under each.
fn message(replica: &str, name: &str, object: &Object, seen: &Vector) -> String {
    let mut counts = BTreeMap::<(Option<u64>, String), u64>::new();
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
            *counts.entry(named(Some(opening))).or_default() += rest + 1 - first;
            rest = first - 1;
        }
        if rest > 0 {
            counts.insert(named(None), rest);
        }
    }
    let mut hasher = blake3::Hasher::new_derive_key("rejoin record message");
    for ((opening, origin), count) in counts {
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
    /// The `send` events to record before the next frame leaves.
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
            let content = Content::Objects(vec![object.to_string()]);
            let (replica, to, relays) = (name.into(), None, Vec::new());
            let send = Event::Send { replica, message: message.clone(), to, content, relays };
            lines.push(send.line());
            self.0.insert(object.to_string(), message);
        }
        lines
    }
}

/// The line that says: a replica has applied what `peer` had seen of an object.
pub fn receive(replica: &str, peer: &str, name: &str, object: &Object, seen: &Vector) -> String {
    let message = message(peer, name, object, seen);
    Event::Receive { replica: replica.into(), message }.line()
}

/// The answers of a replica as claims: the value of each object, its vector, hash and open merge
/// decisions, the hash of all objects, and each user's notices.
///
/// A hash covers the incarnations, and a trace has only their number. So hashes are claimed without
/// an algorithm: equal states must have equal hashes, and different values different ones.
pub fn claims(node: &mut Node) -> Vec<String> {
    let name = node.origin().replica.as_str().to_string();
    let objects: Vec<_> = node.objects().keys().cloned().collect();
    let mut claims = Vec::new();
    for id in &objects {
        let Ok(digest) = node.object_hash(id) else { continue };
        let Ok(state) = node.object(id) else { continue };
        let (replica, object) = (name.clone(), id.to_string());
        let (element, key, query) = (None, None, None);
        let value = trace::value(state);
        claims.push(Claim::Read { replica, object, element, key, query, value });
        let (replica, object) = (name.clone(), Some(id.to_string()));
        claims.push(Claim::Vector { replica, object, vector: trace::vector(&state.vector()) });
        claims.push(hash(&name, Some(id), &digest));
        if state.kind().has_decisions() {
            let decisions = trace::decisions(&state.conflicts(), state.kind());
            let (replica, object) = (name.clone(), id.to_string());
            claims.push(Claim::Decisions { replica, object, decisions });
        }
    }
    for (user, notices) in node.all_notices() {
        let (replica, user) = (name.clone(), user.to_string());
        claims.push(Claim::Notices { replica, user, notices: trace::notices(&notices) });
    }
    claims.push(hash(&name, None, &node.state_hash()));
    claims.into_iter().map(|claim| Event::Claim(claim).line()).collect()
}

fn hash(replica: &str, object: Option<&str>, hash: &StateHash) -> Claim {
    let (replica, object) = (replica.into(), object.map(Into::into));
    let digest = hash.content.to_string().as_str().into();
    Claim::Digest { replica, object, algorithm: None, digest }
}

/// An object's value.
pub fn value(object: &Object) -> String {
    trace::value(object).to_string()
}

/// What one file recorded of a replica. Several files of one replica are copies: they begin with
/// the same lines, up to where the file was copied or restored from a backup.
struct Branch {
    name: String,
    lines: VecDeque<String>,
    /// The snapshot from which it goes on; `None` if it goes on from where it is.
    begins_at: Option<String>,
}

/// Splits the records of each replica into branches, each from where it forks from an earlier one.
fn branches(records: Vec<(String, Vec<String>)>) -> Vec<Branch> {
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
    let mut branches = Vec::new();
    for (at, (name, lines, begins, begins_at)) in whole.into_iter().enumerate() {
        let mut own = VecDeque::new();
        for number in begins..=lines.len() {
            for (_, _, snapshot) in forks.iter().filter(|fork| (fork.0, fork.1) == (at, number)) {
                own.push_back(save(&name, snapshot));
            }
            own.extend(lines.get(number).cloned());
        }
        branches.push(Branch { name, lines: own, begins_at });
    }
    branches
}

/// Merges the records of several replicas, each with its name, into one trace. The lines of each
/// file keep their order, and each message is received after it was sent. Between several files of
/// one replica the trace has a save and a restore.
///
/// # Errors
/// If a replica received a message that no file has as sent.
pub fn join(records: Vec<(String, Vec<String>)>) -> Result<String> {
    let declared = |(name, entry): (&ObjectId, &Entry)| {
        let declaration = Declaration { kind: entry.kind.in_trace(), priority: entry.priority };
        (name.to_string(), declaration)
    };
    let names: BTreeSet<&String> = records.iter().map(|(name, _)| name).collect();
    let (name, version) = (Some("rejoin".into()), Some(env!("CARGO_PKG_VERSION").into()));
    let header = Header {
        replicas: names.into_iter().cloned().collect(),
        objects: schema().iter().map(declared).collect(),
        stamps: Stamps::Explicit,
        implementation: Some(Implementation { name, version }),
        note: None,
    };
    let mut trace = header.line() + "\n";
    let mut branches = branches(records);
    let mut sent = BTreeSet::new();
    let mut saved = BTreeSet::new();
    // Which branch of each replica goes on.
    let mut active: BTreeMap<String, usize> = BTreeMap::new();
    let mut number = 0;
    // A branch goes on as far as it can before another one takes over.
    let mut may_switch = false;
    let count =
        |branches: &[Branch]| branches.iter().map(|branch| branch.lines.len()).sum::<usize>();
    while count(&branches) > 0 {
        let before = count(&branches);
        let mut waits = None;
        for at in 0..branches.len() {
            while let Some(line) = branches[at].lines.front() {
                let (event, message) = passed(line);
                let begins = branches[at].begins_at.as_ref();
                let is_other = active.get(&branches[at].name).is_some_and(|active| *active != at);
                if begins.is_some_and(|snapshot| !saved.contains(snapshot))
                    || is_other && !may_switch
                {
                    break;
                }
                if event == Some("receive") && !sent.contains(&message) {
                    waits = waits.or(Some((branches[at].name.clone(), message)));
                    break;
                }
                let line = branches[at].lines.pop_front().unwrap_or_default();
                // A message that was sent again is the same.
                if event == Some("send") && !sent.insert(message.clone()) {
                    continue;
                }
                may_switch = false;
                let name = branches[at].name.clone();
                if let Some(other) = active.insert(name.clone(), at).filter(|other| *other != at) {
                    number += 1;
                    let snapshot = format!("{name}/branch {number}");
                    trace.push_str(&save(&name, &snapshot));
                    trace.push('\n');
                    saved.insert(snapshot.clone());
                    branches[other].begins_at = Some(snapshot);
                    if let Some(snapshot) = branches[at].begins_at.take() {
                        trace.push_str(&Event::Restore { replica: name, snapshot }.line());
                        trace.push('\n');
                    }
                }
                if event == Some("save") {
                    saved.insert(message);
                }
                trace.push_str(&line);
                trace.push('\n');
            }
        }
        let has_moved = count(&branches) < before;
        match waits {
            Some((name, message)) if !has_moved && may_switch => {
                let from = message.split('/').next().unwrap_or_default();
                return Err(Failure::usage(format!(
                    "`{name}` received a message of `{from}` that none of these files has as sent: \
                     give the files of all replicas, and all files of a replica that was copied or \
                     restored from a backup; all must record from their start (`init --record`), and none may \
                     have been salvaged since"
                )));
            }
            _ => may_switch = !has_moved,
        }
    }
    Ok(trace)
}

fn save(replica: &str, snapshot: &str) -> String {
    Event::Save { replica: replica.into(), snapshot: snapshot.into() }.line()
}

/// The kind of a line that sends, receives or saves, and its message or snapshot.
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
    use rejoin::json::Json;

    #[test]
    fn a_value_that_is_no_json_leaves_the_record_readable() {
        let origin = Origin { replica: ReplicaId::new("stranger").unwrap(), incarnation: 0 };
        let mut node = Node::new(origin, &schema().types());
        for (key, value, claimed) in [
            ("a", "{\"no\": end", r#""{\"no\": end""#),
            ("b", "[1]", "[1]"),
            ("c", "\n", r#""\n""#),
        ] {
            let operation = Operation::Put { key, value: Some(value), timestamp: 1 };
            node.perform("patterns", operation, None).expect("there is room");
            let lines = claims(&mut node);
            let is_readable = |line: &String| !line.contains('\n') && Json::parse(line).is_ok();
            assert!(lines.iter().all(is_readable), "{lines:?}");
            let expected = format!("\"{key}\":{claimed}");
            assert!(lines.iter().any(|line| line.contains(&expected)), "{lines:?}");
        }
    }
}
