//! Merge decisions: open conflicts, the users to notify, and the audit trail of what was decided.
//!
//! Two people decide on one key, and neither has seen the other's decision. Every replica picks the
//! same one. Until somebody who has seen both decides again, the key is an *open* merge decision
//! ([`open()`]). A merge performs no operations: conflicts are computed from the decisions.
//!
//! For an audit trail that outlasts conflicts, decide with [`decide`]: it performs the operation, and
//! appends to a log of the object who decided what, when, and what they had seen. The log is
//! replicated like any other, so that [`trail`] is the same on all replicas in the same state. The
//! log of an object `x` is the object `decisions/x`, which the schema must have.
//!
//! The trail is as trustworthy as its writers: it has what replicas recorded, and proves no
//! authorship.
//!
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::operation::Operation;
//! use rejoin::optimized::replica::Replica;
//! use rejoin::sync::{Schema, conflicts};
//!
//! let schema = Schema::migration_assistant();
//! let replica = |name: &str| {
//!     let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//!     Replica::<str, str>::new(origin, &schema.types())
//! };
//! let (mut client, mut server) = (replica("client"), replica("server"));
//! let (add, remove) = (Operation::Add { element: "X" }, Operation::Remove { element: "X" });
//! conflicts::decide(&mut client, "approved", add.clone(), "ann".into(), 1_000)?;
//! conflicts::decide(&mut server, "approved", remove, "bob".into(), 2_000)?;
//! for name in ["approved", "decisions/approved"] {
//!     let delta = server.delta_since(name, &client.vector(name)?)?;
//!     client.apply(name, delta)?;
//! }
//!
//! let open = conflicts::open(&client);
//! assert_eq!(open[0].overruled[0].time, Some(2_000));
//! assert!(open[0].notify.contains("bob"));
//!
//! // Ann has seen both, and decides again, which closes the conflict. The trail has all three.
//! conflicts::decide(&mut client, "approved", add, "ann".into(), 3_000)?;
//! assert!(conflicts::open(&client).is_empty());
//! let trail = conflicts::trail(&client, "approved")?;
//! assert_eq!(trail.decisions.len(), 3);
//! let [conflict] = &trail.conflicts[..] else { panic!("one conflict") };
//! let by = |number: &usize| trail.decisions[*number].user.as_deref();
//! assert_eq!(by(&conflict.won), Some("ann"));
//! assert_eq!(conflict.lost.iter().map(by).collect::<Vec<_>>(), [Some("bob")]);
//! assert_eq!(conflict.closed_by.map(|number| trail.decisions[number].time), Some(3_000));
//! # Ok::<(), rejoin::optimized::replica::Error>(())
//! ```

use crate::dot::{Dot, Origin, ReplicaId};
use crate::json::Json;
use crate::object::ObjectType;
use crate::operation::{DecisionId, ObjectId, Operation, User};
use crate::optimized::replica::{Error, Object, Reason, Replica};
use crate::optimized::{CanonicalBytes, Decision};
use std::collections::{BTreeMap, BTreeSet};

/// An open merge decision, to show to people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenConflict {
    /// Of which object.
    pub object: ObjectId,
    /// The bytes of the key; empty for a register.
    pub key: Vec<u8>,
    /// The effective decision.
    pub effect: Option<DecisionView>,
    /// The latest decisions that agree with it. Empty if it is older than all of them, and won by a
    /// clock that ran ahead.
    pub kept: Vec<DecisionView>,
    /// The latest decisions that it overruled.
    pub overruled: Vec<DecisionView>,
    /// The users of the overruled decisions.
    pub notify: BTreeSet<User>,
}

/// One decision: who made it, when and where, and its effect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecisionView {
    /// Its name, with the replica and the user.
    pub id: DecisionId,
    /// When; for an element of a set only if [`decide`] recorded the decision.
    pub time: Option<u64>,
    /// Whether it is a removal or a deletion.
    pub is_removal: bool,
    /// The bytes of the value that it writes.
    pub value: Option<Vec<u8>>,
}

/// The log of an object's decisions.
pub fn log_of(object: &str) -> ObjectId {
    format!("decisions/{object}").into()
}

/// The open merge decisions of all objects, by object and key.
///
/// Cost: O(keys that were ever contested), and O(decisions recorded) of the sets among them.
pub fn open<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
    replica: &Replica<K, V>,
) -> Vec<OpenConflict> {
    let mut times: BTreeMap<&ObjectId, BTreeMap<Dot, u64>> = BTreeMap::new();
    let mut decisions = Vec::new();
    for (object, open) in replica.conflicts() {
        let Ok(state) = replica.object(object) else { continue };
        let times = times.entry(object).or_insert_with(|| {
            let recorded = if state.kind().is_stamped() { vec![] } else { read(replica, object) };
            {
                let named = |decision: &Recorded| Some((dot(decision)?, decision.time));
                recorded.iter().filter_map(named).collect()
            }
        });
        let view = |decision: Decision<'_>| DecisionView {
            time: match state.kind().is_stamped() {
                true => Some(decision.timestamp),
                false => times.get(&decision.id.dot).copied(),
            },
            is_removal: decision.is_removal,
            value: decision.value.map(<[u8]>::to_vec),
            id: decision.id,
        };
        let listed: Vec<DecisionView> = state.decisions(&open.key).into_iter().map(view).collect();
        let overruled: BTreeSet<&Dot> = open.overruled.iter().map(|id| &id.dot).collect();
        let is_overruled = |view: &DecisionView| overruled.contains(&view.id.dot);
        let (overruled, kept): (Vec<_>, Vec<_>) = listed.into_iter().partition(is_overruled);
        decisions.push(OpenConflict {
            object: object.clone(),
            effect: state.effective(&open.key).map(view),
            notify: overruled.iter().filter_map(|view| view.id.user.clone()).collect(),
            key: open.key,
            kept,
            overruled,
        });
    }
    decisions.sort_by(|a, b| (&a.object, &a.key).cmp(&(&b.object, &b.key)));
    decisions
}

/// What a decision does.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effect {
    /// It removes an element, or deletes a value.
    Removed,
    /// It adds an element.
    Added,
    /// It writes a value: its text, or the hexadecimal digits of its bytes if they are not UTF-8.
    Wrote(String),
}

/// A recorded decision. Its entry in the log is this struct as canonical JSON, with the fields in the
/// order of their names, so that a trace of the log has the same state hash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// Its place among the operations of that incarnation on the object.
    pub counter: u64,
    /// What it does.
    pub effect: Effect,
    /// The incarnation of that replica.
    pub incarnation: u64,
    /// The key: its text, or the hexadecimal digits of its bytes if they are not UTF-8; empty for a
    /// register.
    pub key: String,
    /// Where it was made.
    pub replica: String,
    /// The latest decisions on the key that it saw: replica, incarnation, counter.
    pub saw: Vec<(String, u64, u64)>,
    /// Its place among the operations of the replica.
    pub seq: u64,
    /// When, in milliseconds since 1970.
    pub time: u64,
    /// Who decided.
    pub user: Option<String>,
}

/// Concurrent decisions on one key that differ in effect. Numbers are indices into
/// [`Trail::decisions`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// The decision that won.
    pub won: usize,
    /// The overruled decisions, in the order of the trail. Notify their users.
    pub lost: Vec<usize>,
    /// The first recorded decision that saw all of them; `None` while the conflict is open.
    pub closed_by: Option<usize>,
}

/// The recorded decisions on an object, and their conflicts. It only grows, except that conflicts close.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trail {
    /// All recorded decisions, in the order of their log.
    pub decisions: Vec<Recorded>,
    /// The conflicts that each decision closed, in the order of the trail; then the open ones, by key.
    pub conflicts: Vec<Conflict>,
}

fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// `None` if the name is invalid: another program wrote the entry.
fn dot(decision: &Recorded) -> Option<Dot> {
    let Recorded { replica, incarnation, counter, .. } = decision;
    let replica = ReplicaId::new(replica.as_str()).ok()?;
    Some(Dot { origin: Origin { replica, incarnation: *incarnation }, counter: *counter })
}

/// Decides and records: performs the operation on the object, and appends it to the log of its
/// decisions. `now` is in milliseconds since 1970; a write has its own timestamp in the operation.
///
/// Both are operations of this replica: store them together.
///
/// # Errors
/// As [`Replica::perform`]; [`Reason::UnknownObject`] and [`Reason::WrongType`] also of the log.
/// Nothing changed then.
pub fn decide<K, V>(
    replica: &mut Replica<K, V>,
    object: &str,
    operation: Operation<&K, Option<&V>>,
    user: User,
    now: u64,
) -> Result<Dot, Error>
where
    K: CanonicalBytes + ?Sized,
    V: for<'a> CanonicalBytes<Ref<'a> = &'a V> + ?Sized,
{
    let log = log_of(object);
    if !matches!(replica.object(&log)?, Object::Log(_)) {
        let reason =
            Reason::WrongType { expected: replica.object(&log)?.kind(), found: ObjectType::Log };
        return Err(Error { object: log, reason });
    }
    let bytes_of = |value: &Option<&V>| match value {
        None => Effect::Removed,
        Some(value) => Effect::Wrote(text(&value.to_bytes())),
    };
    let (key, effect, stamp) = match &operation {
        Operation::Add { element } => (element.to_bytes().into_owned(), Effect::Added, None),
        Operation::Remove { element } => (element.to_bytes().into_owned(), Effect::Removed, None),
        Operation::Put { key, value, timestamp } => {
            (key.to_bytes().into_owned(), bytes_of(value), Some(*timestamp))
        }
        Operation::Write { value, timestamp } => (Vec::new(), bytes_of(value), Some(*timestamp)),
        Operation::Enable => (Vec::new(), Effect::Added, None),
        Operation::Disable => (Vec::new(), Effect::Removed, None),
        Operation::Increment { .. }
        | Operation::Decrement { .. }
        | Operation::Append { .. }
        | Operation::WriteInteger { .. } => {
            let (expected, found) = (replica.object(object)?.kind(), operation.kind());
            return Err(Error {
                object: object.into(),
                reason: Reason::WrongType { expected, found },
            });
        }
    };
    let state = replica.object(object)?;
    let mut saw: BTreeSet<Dot> =
        state.decisions(&key).into_iter().map(|decision| decision.id.dot).collect();
    saw.extend(state.effective(&key).map(|decision| decision.id.dot));
    let timestamp = replica.stamp(&log, None, now)?;
    let dot = replica.perform(object, operation, Some(user.clone()))?;
    let state = replica.object(object)?;
    let seq = state.decisions(&key).into_iter().find(|decision| decision.id.dot == dot);
    let decision = Recorded {
        key: text(&key),
        replica: dot.origin.replica.as_str().into(),
        incarnation: dot.origin.incarnation,
        counter: dot.counter,
        seq: seq.map_or(0, |decision| decision.id.seq),
        user: Some((*user).into()),
        time: stamp.unwrap_or(now),
        effect,
        saw: saw
            .into_iter()
            .map(|Dot { origin, counter }| {
                (origin.replica.as_str().into(), origin.incarnation, counter)
            })
            .collect(),
    };
    let line = decision.to_json();
    let entry = V::from_bytes(line.as_bytes());
    replica.perform(&log, Operation::Append { entry, timestamp }, Some(user))?;
    Ok(dot)
}

impl Recorded {
    /// As canonical JSON: an object with the fields in the order of their names.
    fn to_json(&self) -> String {
        let text = |text: &str| Json::String(text.into()).canonical();
        let effect = match &self.effect {
            Effect::Removed => text("removed"),
            Effect::Added => text("added"),
            Effect::Wrote(value) => format!(r#"{{"wrote":{}}}"#, text(value)),
        };
        let saw = self.saw.iter().map(|(replica, incarnation, counter)| {
            format!("[{},{incarnation},{counter}]", text(replica))
        });
        let saw = saw.collect::<Vec<_>>().join(",");
        let user = self.user.as_deref().map_or("null".into(), text);
        let Self { counter, incarnation, key, replica, seq, time, .. } = self;
        let (key, replica) = (text(key), text(replica));
        format!(
            r#"{{"counter":{counter},"effect":{effect},"incarnation":{incarnation},"key":{key},"replica":{replica},"saw":[{saw}],"seq":{seq},"time":{time},"user":{user}}}"#
        )
    }

    /// Reads an entry; `None` if it is not a decision.
    fn from_json(entry: &[u8]) -> Option<Self> {
        let json = Json::parse(std::str::from_utf8(entry).ok()?).ok()?;
        let text = |json: &Json| match json {
            Json::String(text) => Some(text.clone()),
            _ => None,
        };
        let number = |json: &Json| match json {
            Json::Number(number) => number.as_u64(),
            _ => None,
        };
        let saw = |json: &Json| match json {
            Json::Array(dot) => match &dot[..] {
                [replica, incarnation, counter] => {
                    Some((text(replica)?, number(incarnation)?, number(counter)?))
                }
                _ => None,
            },
            _ => None,
        };
        let effect = match json.get("effect")? {
            Json::String(effect) if effect == "removed" => Effect::Removed,
            Json::String(effect) if effect == "added" => Effect::Added,
            effect => Effect::Wrote(text(effect.get("wrote")?)?),
        };
        let Json::Array(all) = json.get("saw")? else { return None };
        Some(Self {
            counter: number(json.get("counter")?)?,
            effect,
            incarnation: number(json.get("incarnation")?)?,
            key: text(json.get("key")?)?,
            replica: text(json.get("replica")?)?,
            saw: all.iter().map(saw).collect::<Option<_>>()?,
            seq: number(json.get("seq")?)?,
            time: number(json.get("time")?)?,
            user: json.get("user").and_then(text),
        })
    }
}

/// The recorded decisions on an object, in the order of their log. Other entries are skipped.
fn read<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
    replica: &Replica<K, V>,
    object: &str,
) -> Vec<Recorded> {
    match replica.object(&log_of(object)) {
        Ok(Object::Log(log)) => {
            let entries = log.entries();
            entries.filter_map(|entry| Recorded::from_json(entry.bytes())).collect()
        }
        _ => Vec::new(),
    }
}

/// The decisions that [`decide`] recorded on an object, and their conflicts: a function of the log
/// alone, so it is the same on all replicas that have the same log.
///
/// Cost: O(n log n), n being the decisions and all that each of them saw.
///
/// # Errors
/// [`Reason::UnknownObject`] if there is no such object.
pub fn trail<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
    replica: &Replica<K, V>,
    object: &str,
) -> Result<Trail, Error> {
    let kind = replica.object(object)?.kind();
    let wins = match kind {
        ObjectType::RwSet | ObjectType::DwFlag => Some(Effect::Removed),
        kind if kind.is_stamped() => None,
        _ => Some(Effect::Added),
    };
    let decisions = read(replica, object);
    // Where all values stay, nobody is overruled.
    let conflicts = match kind.has_decisions() {
        true => conflicts_of(&decisions, wins.as_ref()),
        false => Vec::new(),
    };
    Ok(Trail { decisions, conflicts })
}

fn conflicts_of(decisions: &[Recorded], wins: Option<&Effect>) -> Vec<Conflict> {
    let name =
        |decision: &Recorded| (decision.replica.clone(), decision.incarnation, decision.counter);
    let known: BTreeMap<_, usize> =
        decisions.iter().enumerate().map(|(number, decision)| (name(decision), number)).collect();
    // What each decision saw on its key, as far as it is on record. A replica does not see itself.
    let saw: Vec<BTreeSet<usize>> = decisions
        .iter()
        .enumerate()
        .map(|(number, decision)| {
            let seen = decision.saw.iter().filter_map(|saw| known.get(saw).copied());
            seen.filter(|seen| *seen != number && decisions[*seen].key == decision.key).collect()
        })
        .collect();
    // What one of them saw was decided anew before they met, so it is not apart from the others.
    let apart = |met: &BTreeSet<usize>| -> Vec<usize> {
        let is_old = |number: &usize| met.iter().any(|other| saw[*other].contains(number));
        match met.iter().any(|number| !saw[*number].is_empty()) {
            true => met.iter().filter(|number| !is_old(number)).copied().collect(),
            false => met.iter().copied().collect(),
        }
    };
    let conflict = |met: Vec<usize>, closed_by: Option<usize>| {
        let rank = |number: &usize| {
            let decision = &decisions[*number];
            let time = if wins.is_none() { decision.time } else { 0 };
            let effect = wins.is_none_or(|wins| decision.effect == *wins);
            (effect, time, &decision.replica, decision.seq, decision.incarnation)
        };
        let won = *met.iter().max_by_key(|number| rank(number))?;
        let differs = |number: &usize| decisions[*number].effect != decisions[won].effect;
        let lost: Vec<usize> = met.into_iter().filter(differs).collect();
        (!lost.is_empty()).then_some(Conflict { won, lost, closed_by })
    };
    let mut conflicts = Vec::new();
    let mut closed = BTreeSet::new();
    for (number, met) in saw.iter().enumerate() {
        // Two who saw the same close the same: the first of them counts.
        if met.len() > 1 && closed.insert(met) {
            conflicts.extend(conflict(apart(met), Some(number)));
        }
    }
    let seen: BTreeSet<usize> = saw.iter().flatten().copied().collect();
    let mut open: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, decision) in decisions.iter().enumerate() {
        if !seen.contains(&number) {
            open.entry(&decision.key).or_default().push(number);
        }
    }
    conflicts.extend(open.into_values().filter_map(|met| conflict(met, None)));
    conflicts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(replica: &str, counter: u64, adds: bool, saw: &[(&str, u64)]) -> Recorded {
        Recorded {
            counter,
            effect: if adds { Effect::Added } else { Effect::Removed },
            incarnation: 0,
            key: "k".into(),
            replica: replica.into(),
            saw: saw.iter().map(|(replica, counter)| ((*replica).into(), 0, *counter)).collect(),
            seq: counter,
            time: 1,
            user: Some(replica.into()),
        }
    }

    #[test]
    fn what_met_apart_is_a_conflict_until_somebody_saw_all_of_it() {
        let decisions = [
            recorded("a", 1, true, &[]),
            recorded("b", 1, false, &[]),
            recorded("c", 1, false, &[]),
            // It saw an older one through a newer one as well: no conflict of these two.
            recorded("a", 2, true, &[("a", 1), ("b", 1), ("c", 1)]),
            recorded("d", 1, true, &[("a", 1), ("b", 1), ("c", 1)]),
            recorded("d", 2, false, &[("a", 2), ("d", 1), ("a", 1)]),
            recorded("e", 1, true, &[]),
        ];
        let conflicts = conflicts_of(&decisions, Some(&Effect::Added));
        let expected = [
            Conflict { won: 0, lost: vec![1, 2], closed_by: Some(3) },
            Conflict { won: 6, lost: vec![5], closed_by: None },
        ];
        assert_eq!(conflicts, expected);
    }

    #[test]
    fn two_thousand_decisions_that_met_are_one_conflict() {
        let mut decisions: Vec<Recorded> =
            (1..=2_000).map(|number| recorded(&format!("r{number}"), 1, number > 1, &[])).collect();
        assert_eq!(conflicts_of(&decisions, Some(&Effect::Added))[0].lost, [0]);
        let all: Vec<(String, u64, u64)> =
            decisions.iter().map(|decision| (decision.replica.clone(), 0, 1)).collect();
        for number in 0..20 {
            let mut last = recorded("z", number + 1, false, &[]);
            last.saw = all.clone();
            decisions.push(last);
        }
        let conflicts = conflicts_of(&decisions, Some(&Effect::Added));
        assert_eq!(conflicts.len(), 1, "the other twenty say the same");
        assert_eq!(conflicts[0].closed_by, Some(2_000));
    }

    #[test]
    fn a_decision_on_record_is_read_back() {
        let saw = vec![("a \"b\"".into(), u64::MAX, 1), ("c".into(), 1 << 60, 2)];
        for effect in [Effect::Removed, Effect::Added, Effect::Wrote("x\n\u{1}é".into())] {
            for user in [None, Some("zoë".into())] {
                let decision = Recorded {
                    counter: 3,
                    effect: effect.clone(),
                    incarnation: u64::MAX,
                    key: "k\\".into(),
                    replica: "r".into(),
                    saw: saw.clone(),
                    seq: 9,
                    time: 1_706_789_400_000,
                    user,
                };
                let line = decision.to_json();
                assert_eq!(Json::parse(&line).unwrap().canonical(), line, "it is canonical");
                assert_eq!(Recorded::from_json(line.as_bytes()), Some(decision));
            }
        }
        for none in ["", "{}", "[]", r#"{"effect":"kept"}"#] {
            assert_eq!(Recorded::from_json(none.as_bytes()), None);
        }
    }
}
