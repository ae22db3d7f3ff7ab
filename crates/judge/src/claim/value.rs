//! `read`: the value of an object, of an element or of a key.

use super::own_stamps::read_own;
use super::siblings::why_decided;
use super::{Memory, falsity, list, opaque, siblings};
use crate::Rule;
use crate::answer::rows::text;
use crate::answer::values::{list, quoted};
use crate::judge::{Checked, Judgement};
use crate::past::Past;
use crate::past::explicit::{State, TooLarge};
use crate::past::history::{Effect, OpId, Seen};
use crate::wording::{MOST_LISTED, left_out, plural, shown};
use hashbrown::HashSet;
use rejoin::json::Json;
use rejoin::object::TraceType;
use rejoin_trace::Stamps;

/// Judges the value of an object, of an element or of a key.
pub fn judge(
    memory: &mut Memory,
    past: &Past,
    (replica, object): (u32, u32),
    (element, key, query): (Option<&str>, Option<&str>, Option<&Json>),
    claimed: &Json,
) -> Judgement {
    if past.loaded[object as usize] {
        read_state(past, replica, object, element, key, claimed)
    } else {
        read(memory, past, (replica, object), (element, key, query), claimed)
    }
}

fn read(
    memory: &mut Memory,
    past: &Past,
    (replica, object): (u32, u32),
    (element, key, query): (Option<&str>, Option<&str>, Option<&Json>),
    claimed: &Json,
) -> Judgement {
    let seen = past.seen(replica);
    let kind = past.history.objects[object as usize].kind;
    let place = (replica, object);
    match kind {
        TraceType::LwwRegister | TraceType::LwwMap | TraceType::Log
            if past.stamps == Stamps::Own =>
        {
            return read_own(&mut memory.agreement, past, replica, object, key, claimed);
        }
        _ => {}
    }
    Ok(match kind {
        TraceType::GCounter | TraceType::PnCounter => {
            read_counter(past, replica, object, &seen, claimed)
        }
        TraceType::OrSet | TraceType::GSet | TraceType::TwoPhaseSet | TraceType::RwSet => {
            match element {
                Some(element) => read_element(past, replica, object, &seen, element, claimed),
                None => read_set(past, replica, object, &seen, claimed),
            }
        }
        TraceType::LwwRegister => read_key(past, replica, object, &seen, "", claimed),
        TraceType::LwwMap => match key {
            Some(key) => read_key(past, replica, object, &seen, key, claimed),
            None => read_map(past, replica, object, &seen, claimed),
        },
        TraceType::Log => read_log(past, replica, object, &seen, claimed),
        TraceType::EwFlag | TraceType::DwFlag => siblings::read_flag(past, place, claimed),
        TraceType::MaxRegister | TraceType::MinRegister => {
            siblings::read_extreme(past, place, claimed)
        }
        TraceType::MvRegister => siblings::read_siblings(past, place, "", claimed),
        TraceType::MvMap => match key {
            Some(key) => siblings::read_siblings(past, place, key, claimed),
            None => siblings::read_map(past, place, claimed),
        },
        TraceType::List => list::read(memory, past, place, claimed),
        TraceType::Opaque => opaque::read(memory, past, place, query, claimed),
    })
}

fn read_counter(past: &Past, replica: u32, object: u32, seen: &Seen, claimed: &Json) -> Checked {
    let count = past.history.count(object, seen);
    let kind = past.history.objects[object as usize].kind;
    let holds = match u128::try_from(count) {
        Ok(count) if kind == TraceType::GCounter => claimed.equals_count(count),
        _ => claimed.equals_integer(count),
    };
    if holds {
        return Ok(());
    }
    let because = past.because(|| {
        let mut because = why_count(past, replica, object, seen, count);
        let is_written_so = match claimed {
            Json::Number(_) => true,
            Json::String(digits) => is_decimal(digits),
            _ => false,
        };
        if !is_written_so {
            because.push(
                "a counter is answered with an integer, as a number or as decimal digits".into(),
            );
        }
        because
    });
    falsity(value_rule(kind), count.to_string(), because)
}

/// Whether a text is an integer as the format writes one.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_short = text == "0" || (!digits.is_empty() && !digits.starts_with('0'));
    is_short && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn read_element(
    past: &Past,
    replica: u32,
    object: u32,
    seen: &Seen,
    element: &str,
    claimed: &Json,
) -> Checked {
    let key = past.history.find_key(object, element);
    let has = key.is_some_and(|key| past.history.has(object, key, seen));
    if *claimed == Json::Bool(has) {
        return Ok(());
    }
    let because = past.because(|| {
        let mut because = why_element(past, replica, object, element, seen);
        if !matches!(claimed, Json::Bool(_)) {
            because.push("whether an element is in a set is answered with true or false".into());
        }
        because
    });
    let rule = value_rule(past.history.objects[object as usize].kind);
    falsity(rule, has.to_string(), because)
}

fn read_set(past: &Past, replica: u32, object: u32, seen: &Seen, claimed: &Json) -> Checked {
    let wrong = match wrong_element(past, object, seen, claimed) {
        None => return Ok(()),
        Some(wrong) => wrong,
    };
    let because = past.because(|| match wrong {
        Wrong::Shape(sentence) => vec![sentence],
        Wrong::Key(element) => {
            let mut because = why_element(past, replica, object, &element, seen);
            // A stranger does not explain what is missing.
            let missing = missing_element(past, object, seen, claimed);
            if let Some(missing) = missing.filter(|missing| *missing != element) {
                because.push(format!("besides, the answer lacks {}", shown(&missing)));
                because.extend(why_element(past, replica, object, &missing, seen));
            }
            because
        }
    });
    let rule = value_rule(past.history.objects[object as usize].kind);
    falsity(rule, expected(past, object, seen), because)
}

/// The first element about which a claimed set is wrong.
fn wrong_element(past: &Past, object: u32, seen: &Seen, claimed: &Json) -> Option<Wrong> {
    let seen = &seen.laid_flat();
    let Json::Array(items) = claimed else {
        return Some(Wrong::Shape("a set is answered with an array of its elements".into()));
    };
    let mut listed = KeySet::new(past.history.keys.len());
    past.history.charge(past.history.keys.len() as u64 / 64);
    for item in items {
        let Json::String(element) = item else {
            let message = "the elements of a set are strings".into();
            return Some(Wrong::Shape(message));
        };
        let key = past.history.find_key(object, element);
        let key = key.filter(|key| past.history.has(object, *key, seen));
        let Some(key) = key else { return Some(Wrong::Key(element.clone())) };
        if !listed.insert(key) {
            let message = format!("{} is listed twice; a set has it once", shown(element));
            return Some(Wrong::Shape(message));
        }
    }
    let keys = &past.history.objects[object as usize].keys;
    keys.iter()
        .find(|key| !listed.contains(**key) && past.history.has(object, **key, seen))
        .map(|key| Wrong::Key(past.history.keys[*key as usize].name.to_string()))
}

/// An element of the set that an answer lacks.
fn missing_element(past: &Past, object: u32, seen: &Seen, claimed: &Json) -> Option<String> {
    let Json::Array(items) = claimed else { return None };
    let listed: HashSet<&str> = items.iter().filter_map(text).collect();
    let right = past.history.elements(object, seen).into_iter();
    let mut names = right.map(|key| &*past.history.keys[key as usize].name);
    names.find(|name| !listed.contains(name)).map(String::from)
}

fn read_key(
    past: &Past,
    replica: u32,
    object: u32,
    seen: &Seen,
    key: &str,
    claimed: &Json,
) -> Checked {
    let number = past.history.find_key(object, key);
    let current = number.and_then(|number| past.history.current(number, seen));
    let expected = current.map_or("null", |value| past.history.values.text(value)).to_string();
    let canonical = claimed.canonical();
    if canonical == expected {
        return Ok(());
    }
    let because = past.because(|| why_key(past, replica, object, key, seen, Some(&canonical)));
    falsity(value_rule(past.history.objects[object as usize].kind), expected, because)
}

fn read_map(past: &Past, replica: u32, object: u32, seen: &Seen, claimed: &Json) -> Checked {
    let wrong = match wrong_key(past, object, seen, claimed) {
        None => return Ok(()),
        Some(wrong) => wrong,
    };
    let because = past.because(|| match wrong {
        Wrong::Shape(sentence) => vec![sentence],
        Wrong::Key(key) => {
            let answer = claimed.get(&key).map(Json::canonical);
            why_key(past, replica, object, &key, seen, answer.as_deref())
        }
    });
    falsity(Rule::LwwMapValue, expected(past, object, seen), because)
}

/// The first key about which a claimed map is wrong.
fn wrong_key(past: &Past, object: u32, seen: &Seen, claimed: &Json) -> Option<Wrong> {
    let seen = &seen.laid_flat();
    let Json::Object(members) = claimed else {
        let message = "a map is answered with an object of its keys and values".into();
        return Some(Wrong::Shape(message));
    };
    let mut listed = KeySet::new(past.history.keys.len());
    past.history.charge(past.history.keys.len() as u64 / 64);
    let mut canonical = String::new();
    for (name, value) in members {
        let key = past.history.find_key(object, name);
        let current = key.and_then(|key| Some((key, past.history.current(key, seen)?)));
        canonical.clear();
        value.canonical_into(&mut canonical);
        match current {
            Some((key, value)) if **past.history.values.text(value) == *canonical => {
                listed.insert(key);
            }
            _ => return Some(Wrong::Key(name.clone())),
        }
    }
    let keys = &past.history.objects[object as usize].keys;
    keys.iter()
        .find(|key| !listed.contains(**key) && past.history.current(**key, seen).is_some())
        .map(|key| Wrong::Key(past.history.keys[*key as usize].name.to_string()))
}

fn read_log(past: &Past, replica: u32, object: u32, seen: &Seen, claimed: &Json) -> Checked {
    let wrong = match claimed {
        Json::Array(items) => {
            let entries = past.history.entries(object, seen);
            let mut canonical = String::new();
            let differs = |(i, op): (usize, &OpId)| {
                canonical.clear();
                items[i].canonical_into(&mut canonical);
                past.history.stamp(*op).3 != canonical
            };
            let at = entries.iter().take(items.len()).enumerate().position(differs);
            match at.unwrap_or(entries.len().min(items.len())) {
                at if at == entries.len() && at == items.len() => return Ok(()),
                at => Some((at, entries)),
            }
        }
        _ => None,
    };
    let because = past.because(|| match wrong {
        None => vec!["a log is answered with an array of its entries".into()],
        Some((at, entries)) => why_entry(past, replica, &entries, at, claimed),
    });
    falsity(Rule::LogValue, expected(past, object, seen), because)
}

fn read_state(
    past: &Past,
    replica: u32,
    object: u32,
    element: Option<&str>,
    key: Option<&str>,
    claimed: &Json,
) -> Judgement {
    let state = past.state(replica, object);
    let kind = past.history.objects[object as usize].kind;
    let (right, expected) = match (&*state, element, key) {
        (State::GCounter(_), ..) => {
            let count = state.count().map_err(beyond)?;
            (claimed.equals_count(count), count.to_string())
        }
        (_, Some(element), _) => {
            let has = state.has(element);
            (*claimed == Json::Bool(has), has.to_string())
        }
        (_, _, Some(key)) => {
            let value = state.get(key);
            (claimed.canonical() == *value, value.to_string())
        }
        _ => {
            let value = state.value_text().map_err(beyond)?;
            past.history.charge(state.len() as u64);
            (same_value(kind, claimed, &value), value)
        }
    };
    if right {
        return Ok(Ok(()));
    }
    let because = past.because(|| why_loaded(past, replica, object, &expected));
    Ok(falsity(value_rule(kind), expected, because))
}

/// The whole value that follows from what was seen, as JSON text.
pub(super) fn expected(past: &Past, object: u32, seen: &Seen) -> String {
    // The text of a long value is not kept; that of the thousandth finding is not made.
    if past.argue { past.history.value_text(object, seen) } else { String::new() }
}

pub fn why_count(past: &Past, replica: u32, object: u32, seen: &Seen, count: i128) -> Vec<String> {
    let mut by_origin = std::collections::BTreeMap::<u32, (u64, i128, u32)>::new();
    for op in past.history.members(seen, Some(object)) {
        let amount = match past.history.ops[op as usize].effect {
            Effect::Increment(amount) => i128::from(amount),
            Effect::Decrement(amount) => -i128::from(amount),
            _ => continue,
        };
        let of = by_origin.entry(past.history.replica_of(op)).or_insert((0, 0, op));
        *of = (of.0 + 1, of.1 + amount, of.2.max(op));
    }
    let is_signed = past.history.objects[object as usize].kind == TraceType::PnCounter;
    let who = past.replica_shown(replica);
    if by_origin.is_empty() {
        return vec![format!("{who} has seen no increment of this counter, so it is 0")];
    }
    let mut because: Vec<String> = by_origin
        .iter()
        .take(MOST_LISTED)
        .map(|(origin, (times, sum, last))| {
            let origin = past.replica_shown(*origin);
            let line = past.history.ops[*last as usize].line;
            let how = past.arrival(replica, *last);
            let times = plural(*times, if is_signed { "operation" } else { "increment" });
            format!(
                "of {origin} it has seen {times}, together {sum}, the last on line {line}: {how}"
            )
        })
        .collect();
    because.extend(left_out(by_origin.len(), "replica"));
    because.push(format!("so the counter is {count} at {who}"));
    because
}

pub fn why_element(
    past: &Past,
    replica: u32,
    object: u32,
    element: &str,
    seen: &Seen,
) -> Vec<String> {
    let (who, what) = (past.replica_shown(replica), shown(element));
    let Some(key) = past.history.find_key(object, element) else {
        return vec![format!("{what} was never added to {}", past.object_shown(object))];
    };
    if past.history.objects[object as usize].kind != TraceType::OrSet {
        return why_decided(past, replica, object, element, seen);
    }
    let live = past.history.live(key, seen);
    let of = decisions_on(past, key);
    let is = |op: &OpId, effect| past.history.ops[*op as usize].effect == effect;
    if let Some(add) = live.last() {
        let mut because = vec![past.performed(*add), past.arrival(replica, *add)];
        let removes: Vec<OpId> = of.into_iter().filter(|op| is(op, Effect::Removed)).collect();
        let seen_removes: Vec<OpId> =
            removes.into_iter().filter(|op| past.history.contains(seen, *op)).collect();
        // The latest removals are the likeliest causes of a wrong answer.
        for remove in seen_removes.iter().rev().take(MOST_LISTED) {
            because.push(format!(
                "{}, but {} had not seen that addition then",
                past.performed(*remove),
                past.replica_shown(past.history.replica_of(*remove))
            ));
        }
        because.extend(left_out(seen_removes.len(), "removal"));
        if seen_removes.is_empty() {
            because.push(format!("{who} has seen no removal of {what}"));
        }
        because.push(format!("so {what} is in the set at {who}"));
        return because;
    }
    let (adds, removes): (Vec<_>, Vec<_>) = of.into_iter().partition(|op| is(op, Effect::Added));
    let seen_adds: Vec<OpId> =
        adds.iter().copied().filter(|op| past.history.contains(seen, *op)).collect();
    let mut because = Vec::new();
    if let Some(last) = seen_adds.last() {
        because.push(past.performed(*last));
        because.extend(why_removed(past, replica, &seen_adds, &removes, seen));
    }
    if seen_adds.is_empty() {
        for add in adds.iter().take(MOST_LISTED) {
            because.push(format!("{}; {}", past.performed(*add), past.arrival(replica, *add)));
        }
        because.extend(left_out(adds.len(), "addition"));
        because.push(format!("no addition of {what} has reached {who}"));
    }
    because.push(format!("so {what} is not in the set at {who}"));
    because
}

/// The removals of additions, the latest first, each with those that it was the first to have seen. Of
/// very many, the latest are looked at.
fn why_removed(
    past: &Past,
    replica: u32,
    adds: &[OpId],
    removes: &[OpId],
    seen: &Seen,
) -> Vec<String> {
    const LATEST: usize = 1_000;
    let latest = |ops: &[OpId]| ops[ops.len().saturating_sub(LATEST)..].to_vec();
    let held: Vec<OpId> =
        removes.iter().copied().filter(|op| past.history.contains(seen, *op)).collect();
    let mut left = latest(adds);
    let mut found: Vec<(OpId, Vec<OpId>)> = Vec::new();
    for remove in latest(&held) {
        let (saw, others): (Vec<OpId>, Vec<OpId>) =
            left.into_iter().partition(|add| past.history.sees(remove, *add));
        left = others;
        if !saw.is_empty() {
            found.push((remove, saw));
        }
    }
    let mut because = Vec::new();
    for (remove, saw) in found.iter().rev().take(MOST_LISTED) {
        let lines = saw.iter().rev().take(MOST_LISTED);
        let lines: Vec<String> =
            lines.map(|add| past.history.ops[*add as usize].line.to_string()).collect();
        let lines = lines.join(", ");
        let what = match (saw.len(), adds.len()) {
            (1, 1) => "that addition".into(),
            (1, _) => format!("the addition of line {lines}"),
            (n, _) if n > MOST_LISTED => format!("{n} additions, the last on lines {lines}"),
            (n, _) => format!("the {n} additions of lines {lines}"),
        };
        because.push(format!(
            "{}, having seen {what}: {}",
            past.performed(*remove),
            past.past(*remove, saw[saw.len() - 1])
        ));
        because.push(past.arrival(replica, *remove));
    }
    because.extend(left_out(found.len(), "removal"));
    because
}

/// The decisions on a key, in the order of the file.
pub fn decisions_on(past: &Past, key: u32) -> Vec<OpId> {
    let chains = &past.history.keys[key as usize].chains;
    let mut ops: Vec<OpId> = chains.iter().flat_map(|chain| &chain.ops).copied().collect();
    ops.sort_unstable();
    ops
}

pub fn why_key(
    past: &Past,
    replica: u32,
    object: u32,
    key: &str,
    seen: &Seen,
    claimed: Option<&str>,
) -> Vec<String> {
    let who = past.replica_shown(replica);
    let place = match past.history.objects[object as usize].kind {
        TraceType::LwwRegister => past.object_shown(object),
        _ => shown(key),
    };
    let Some(number) = past.history.find_key(object, key) else {
        return vec![format!("{place} was never written")];
    };
    let mut because = Vec::new();
    let winner = past.history.winner(number, seen);
    if let Some(winner) = winner {
        because.push(past.performed(winner));
        because.push(past.arrival(replica, winner));
    }
    let claimed = claimed.filter(|claimed| *claimed != "null");
    let value = claimed.and_then(|claimed| past.history.values.find(claimed));
    let writes: Vec<OpId> = decisions_on(past, number)
        .into_iter()
        .filter(|op| {
            matches!(past.history.ops[*op as usize].effect,
                     Effect::Wrote { value: wrote, .. } if Some(wrote) == value)
        })
        .collect();
    // Several writes may have this value: the answer is of one that was seen, if there is any.
    let has_seen = |op: &&OpId| past.history.contains(seen, **op);
    let known = writes.iter().filter(has_seen).count();
    let other = writes.iter().rev().find(has_seen).or(writes.last()).copied();
    match (other, winner) {
        (Some(other), Some(winner)) if past.history.contains(seen, other) => {
            because.push(match known {
                1 => format!(
                    "the value answered is older by (timestamp, origin, seq): {}",
                    past.performed(other)
                ),
                _ => format!(
                    "the value answered is that of {known} writes, all older by (timestamp, origin, \
                     seq); the last of them: {}",
                    past.performed(other)
                ),
            });
            let (a, b) = (past.history.stamp(other), past.history.stamp(winner));
            if a.0 == b.0 {
                because.push(format!(
                    "the timestamps are equal, so the {} decides",
                    if a.1 != b.1 {
                        "origin's name"
                    } else if a.2 != b.2 {
                        "seq"
                    } else {
                        "order of the values' bytes"
                    }
                ));
            }
        }
        (Some(other), _) => {
            because.push(format!(
                "the value answered is of a write that {who} has not seen: {}",
                past.performed(other)
            ));
        }
        (None, _) => {
            if let Some(claimed) = claimed {
                because.push(format!("{} was never written there", shown(claimed)));
            }
        }
    }
    because.push(match winner {
        Some(winner) if past.history.stamp(winner).3 == "null" => {
            format!("that is the greatest write that {who} has seen, so {place} is deleted")
        }
        Some(_) => format!("so {place} has the value of the first named write at {who}"),
        None => format!("{who} has seen no write to {place}, so it has no value"),
    });
    because
}

pub fn why_entry(
    past: &Past,
    replica: u32,
    entries: &[OpId],
    at: usize,
    claimed: &Json,
) -> Vec<String> {
    let who = past.replica_shown(replica);
    let place = at + 1;
    let Json::Array(items) = claimed else { return Vec::new() };
    let Some(op) = entries.get(at) else {
        return vec![
            format!("{who} has seen {}", plural(entries.len() as u64, "entry")),
            format!("the answer has one more at place {place}: {}", shown(&items[at].canonical())),
        ];
    };
    let mut because = vec![past.performed(*op), past.arrival(replica, *op)];
    let name = |op: &OpId| {
        let (timestamp, origin, seq, _) = past.history.stamp(*op);
        (timestamp, origin, seq)
    };
    let is_tied = entries.iter().any(|other| other != op && name(other) == name(op));
    because.push(format!(
        "by (timestamp, origin, seq{}) it stands at place {place} of the {} entries",
        if is_tied { ", bytes" } else { "" },
        entries.len()
    ));
    if is_tied {
        because.push(
            "another entry has the same timestamp, origin and seq: the order of the bytes decides"
                .into(),
        );
    }
    because.push(match items.get(at) {
        Some(item) => {
            let item = item.canonical();
            let later: Vec<OpId> = entries[at + 1..]
                .iter()
                .copied()
                .filter(|other| past.history.stamp(*other).3 == item)
                .collect();
            let tied = later.iter().find(|other| past.history.stamp(**other).0 == name(op).0);
            match (tied, &later[..]) {
                (Some(tied), _) => format!(
                    "the answer has {} there; the timestamps are equal, so the {} decides: {}",
                    shown(&item),
                    if name(tied).1 != name(op).1 { "origin's name" } else { "seq" },
                    past.performed(*tied)
                ),
                (None, [only]) => format!(
                    "the answer has {} there, which comes later: {}",
                    shown(&item),
                    past.performed(*only)
                ),
                (None, _) => format!("the answer has {} there", shown(&item)),
            }
        }
        None => format!("the answer ends before, with {}", plural(items.len() as u64, "entry")),
    });
    because
}

pub fn why_loaded(past: &Past, replica: u32, object: u32, expected: &str) -> Vec<String> {
    let (who, what) = (past.replica_shown(replica), past.object_shown(object));
    vec![
        format!("{what} is judged as states, since this trace loads it"),
        format!("{who}'s state is what it loaded, did and received, joined"),
        format!("its value is {}", shown(expected)),
    ]
}

/// The rule for the values of a type.
pub fn value_rule(kind: TraceType) -> Rule {
    match kind {
        TraceType::GCounter => Rule::GCounterValue,
        TraceType::LwwRegister => Rule::LwwRegisterValue,
        TraceType::OrSet => Rule::OrSetValue,
        TraceType::LwwMap => Rule::LwwMapValue,
        TraceType::Log => Rule::LogValue,
        TraceType::PnCounter => Rule::PnCounterValue,
        TraceType::GSet => Rule::GSetValue,
        TraceType::TwoPhaseSet => Rule::TwoPhaseSetValue,
        TraceType::RwSet => Rule::RwSetValue,
        TraceType::EwFlag => Rule::EwFlagValue,
        TraceType::DwFlag => Rule::DwFlagValue,
        TraceType::MvRegister => Rule::MvRegisterValue,
        TraceType::MvMap => Rule::MvMapValue,
        TraceType::MaxRegister => Rule::MaxRegisterValue,
        TraceType::MinRegister => Rule::MinRegisterValue,
        TraceType::List => Rule::ListValue,
        TraceType::Opaque => Rule::OpaqueAgreement,
    }
}

/// A set of keys, by their numbers.
struct KeySet(Vec<u64>);

impl KeySet {
    fn new(keys: usize) -> Self {
        Self(vec![0; keys.div_ceil(64)])
    }

    /// Says whether the key is new.
    fn insert(&mut self, key: u32) -> bool {
        let (word, bit) = (&mut self.0[key as usize / 64], 1 << (key % 64));
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    fn contains(&self, key: u32) -> bool {
        self.0[key as usize / 64] & (1 << (key % 64)) != 0
    }
}

/// What is wrong with a claimed set or map.
enum Wrong {
    /// It is not one.
    Shape(String),
    /// It is wrong about this element or key.
    Key(String),
}

/// Whether a claimed value of a loaded object is the right one, given as [`State::value_text`].
fn same_value(kind: TraceType, claimed: &Json, right: &str) -> bool {
    match (kind, claimed) {
        (TraceType::OrSet, Json::Array(items)) => {
            let mut names: Vec<&str> = match items.iter().map(text).collect::<Option<_>>() {
                Some(names) => names,
                None => return false,
            };
            names.sort_unstable();
            list('[', ']', names.into_iter().map(quoted)) == right
        }
        (TraceType::LwwMap, Json::Object(members)) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            let members = members.into_iter();
            list('{', '}', members.map(|(key, value)| quoted(key) + ":" + &value.canonical()))
                == right
        }
        (TraceType::LwwRegister | TraceType::Log, claimed) => claimed.canonical() == right,
        _ => false,
    }
}

fn beyond(TooLarge: TooLarge) -> String {
    "a counter's total is beyond 2^128 − 1".into()
}
