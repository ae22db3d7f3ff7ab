//! Digest claims: equal knowledge has equal digests, different values have different ones, and
//! the project's own state hash is what its definition says.
//!
//! How: among the digests that hold, each set of operations has one digest, and each digest one
//! value; so one entry for each set and for each digest is enough, and a claim costs what it
//! costs to write down the value.

use super::Memory;
use crate::Rule;
use crate::answer::state_hash::{OWN_ALGORITHM, state_hash, why_hash};
use crate::answer::values::quoted;
use crate::judge::{Falsity, Judgement};
use crate::past::Past;
use crate::past::explicit::State;
use crate::past::history::Seen;
use crate::wording::shown;
use hashbrown::{HashMap, HashSet};
use rejoin::json::Json;
use rejoin::object::TraceType;

/// 32 bytes of BLAKE3: what was hashed is taken to be equal exactly if these are.
type Fingerprint = [u8; 32];

/// What digests are compared within: one object or all, one algorithm or none.
type Scope = (Option<u32>, Option<String>);

/// The digests that held so far.
#[derive(Debug, Default)]
pub struct Digests {
    scopes: HashMap<Scope, Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// For each set of operations, its digest and the line and replica that claimed it.
    by_seen: HashMap<Fingerprint, (String, u32, u32)>,
    /// The sets of operations that several replicas claimed a digest of.
    shared: HashSet<Fingerprint>,
    /// The value of the first digest.
    first: Option<Fingerprint>,
    /// Whether a digest of another value was claimed since.
    has_others: bool,
    /// For each digest, the value, and the line and replica that claimed it.
    by_digest: HashMap<String, (Fingerprint, u32, u32)>,
}

/// Judges one digest claim.
pub fn digest(
    memory: &mut Memory,
    past: &Past,
    replica: u32,
    object: Option<u32>,
    algorithm: Option<&str>,
    claimed: &Json,
) -> Judgement {
    let seen = past.seen(replica);
    let knowledge = knowledge(past, replica, object, &seen);
    let value = value(past, replica, object, &seen)?;
    let digest = claimed.canonical();
    let scope = (object, algorithm.map(String::from));
    let held = memory.digests.scopes.entry(scope).or_default();
    memory.is_compared = held.shared.contains(&knowledge);
    if held.by_seen.get(&knowledge).is_some_and(|(_, _, by)| *by != replica) {
        memory.is_compared = true;
        held.shared.insert(knowledge);
    }
    memory.is_told_apart = held.has_others || held.first.is_some_and(|first| first != value);
    if let Some((other, line, by)) = held.by_seen.get(&knowledge)
        && *other != digest
    {
        let (other, line, by) = (other.clone(), *line, *by);
        let because = past.because(|| {
            let (who, by) = (past.replica_shown(replica), past.replica_shown(by));
            vec![
                format!("{by} answered {} on line {line}", shown(&other)),
                format!(
                    "{who} has seen exactly the same operations now, and answers {}",
                    shown(&digest)
                ),
                "equal knowledge must have equal digests".into(),
            ]
        });
        let mut falsity = Falsity::of(Rule::DigestEqual, because);
        falsity.expected = Some(other);
        return Ok(Err(falsity));
    }
    if let Some((other, line, by)) = held.by_digest.get(&digest)
        && *other != value
    {
        let (line, by) = (*line, *by);
        let mut found = memory.false_answers.iter().filter(|((at, of), _)| {
            (*at == replica || *at == by) && object.is_none_or(|object| object == *of)
        });
        let earlier = found.next().map(|((at, _), line)| (*at, *line));
        let because = past.because(|| {
            let (who, by) = (past.replica_shown(replica), past.replica_shown(by));
            let which = match object {
                Some(object) => format!("the value of {}", past.object_shown(object)),
                None => "the value of at least one object".into(),
            };
            vec![
                format!("{by} answered {} on line {line} too", shown(&digest)),
                format!("{which} at {who} now is another than it was there"),
                "different values must have different digests".into(),
            ]
            .into_iter()
            .chain(earlier.map(|(at, line)| {
                format!(
                    "the answer of {} on line {line} was false: this may be its consequence",
                    past.replica_shown(at)
                )
            }))
            .collect()
        });
        return Ok(Err(Falsity::of(Rule::DigestDistinct, because)));
    }
    let line = past.line;
    if algorithm == Some(OWN_ALGORITHM) {
        match state_hash(past, object, &seen) {
            Ok(right) => {
                let expected = quoted(&right.content.to_string());
                if digest != expected {
                    let because =
                        past.because(|| why_hash(past, replica, object, &seen, (&digest, &right)));
                    let mut falsity = Falsity::of(Rule::DigestAlgorithm, because);
                    falsity.expected = Some(expected);
                    return Ok(Err(falsity));
                }
            }
            Err(why) => memory.limits.push(format!(
                "line {line}: {why}, so the state hash `{OWN_ALGORITHM}` was compared with \
                 other digests only"
            )),
        }
    }
    let held = memory.digests.scopes.entry((object, algorithm.map(String::from))).or_default();
    held.has_others |= *held.first.get_or_insert(value) != value;
    held.by_seen.entry(knowledge).or_insert((digest.clone(), line, replica));
    held.by_digest.entry(digest).or_insert((value, line, replica));
    Ok(Ok(()))
}

/// Why a digest that holds does, after it was judged.
pub fn why_holds(
    memory: &Memory,
    past: &Past,
    replica: u32,
    object: Option<u32>,
    algorithm: Option<&str>,
) -> Vec<String> {
    let seen = past.seen(replica);
    let who = past.replica_shown(replica);
    let scope = (object, algorithm.map(String::from));
    let held = memory.digests.scopes.get(&scope);
    let known = held.and_then(|held| held.by_seen.get(&knowledge(past, replica, object, &seen)));
    let mut because = match known {
        Some((digest, line, by)) if *line != past.line => vec![format!(
            "{} answered {} on line {line}, and {who} has seen exactly the same operations now",
            past.replica_shown(*by),
            shown(digest)
        )],
        _ => vec![format!("no earlier answer is of exactly the operations that {who} has seen")],
    };
    because.push("no earlier answer of a different value has this digest".into());
    if algorithm == Some(OWN_ALGORITHM) && state_hash(past, object, &seen).is_ok() {
        because.push(format!("it is the state hash that `{OWN_ALGORITHM}` gives these operations"));
    }
    because
}

/// A fingerprint of what a replica has seen.
pub fn knowledge(past: &Past, replica: u32, object: Option<u32>, seen: &Seen) -> Fingerprint {
    let mut hasher = blake3::Hasher::new();
    let mut add = |a: u32, b: u32| {
        hasher.update(&a.to_le_bytes());
        hasher.update(&b.to_le_bytes());
    };
    past.history.for_each_prefix(seen, object, &mut |_, lane, count| add(lane, count));
    past.history.beyond(seen, object).into_iter().for_each(|op| add(u32::MAX, op));
    for (of, state) in past.loaded_states(replica, object) {
        // To have loaded nothing is to have seen nothing.
        if *state == State::bottom(past.history.objects[of as usize].kind) {
            continue;
        }
        let state = state.text();
        past.history.charge(state.len() as u64);
        hasher.update(&of.to_le_bytes());
        hasher.update(&(state.len() as u64).to_le_bytes());
        hasher.update(state.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// A fingerprint of the values at a replica, as far as they are determined.
pub(super) fn value(
    past: &Past,
    replica: u32,
    object: Option<u32>,
    seen: &Seen,
) -> Result<Fingerprint, String> {
    let mut hasher = blake3::Hasher::new();
    let objects = match object {
        Some(object) => object..object + 1,
        None => 0..past.history.objects.len() as u32,
    };
    for object in objects {
        past.history.charge(1);
        let kind = past.history.objects[object as usize].kind;
        let value = if past.loaded[object as usize] {
            let state = past.state(replica, object);
            state.value_text().map_err(|_| "a counter's total is beyond 2^128 − 1")?
        } else if kind == TraceType::Opaque || past.orders_by_itself(kind) {
            continue;
        } else {
            past.history.value_text(object, seen)
        };
        past.history.charge(value.len() as u64);
        hasher.update(&object.to_le_bytes());
        hasher.update(&(value.len() as u64).to_le_bytes());
        hasher.update(value.as_bytes());
    }
    Ok(*hasher.finalize().as_bytes())
}
