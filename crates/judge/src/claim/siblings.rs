//! `read` of what keeps all concurrent values, of flags, and of the greatest or least integer.

use super::falsity;
use super::value::value_rule;
use crate::Rule;
use crate::answer::values::Amount;
use crate::judge::Checked;
use crate::past::Past;
use crate::past::history::{OpId, Seen};
use crate::wording::{MOST_LISTED, left_out, plural, shown};
use hashbrown::{HashMap, HashSet};
use rejoin::json::Json;
use rejoin::object::TraceType;

/// Judges a flag.
pub fn read_flag(past: &Past, (replica, object): (u32, u32), claimed: &Json) -> Checked {
    let seen = past.seen(replica);
    let Amount::Flag(is_enabled) = past.history.amount(object, &seen) else { return Ok(()) };
    if *claimed == Json::Bool(is_enabled) {
        return Ok(());
    }
    let because = past.because(|| {
        let mut because = why_decided(past, replica, object, "", &seen);
        if !matches!(claimed, Json::Bool(_)) {
            because.push("a flag is answered with true or false".into());
        }
        because
    });
    falsity(rule(past, object), is_enabled.to_string(), because)
}

/// Judges the greatest or the least integer.
pub fn read_extreme(past: &Past, (replica, object): (u32, u32), claimed: &Json) -> Checked {
    let seen = past.seen(replica);
    let right = past.history.extreme(object, &seen);
    let holds = match (right, claimed) {
        (Some(right), Json::Number(number)) => number.as_exact() == Some(right),
        (None, Json::Null) => true,
        _ => false,
    };
    if holds {
        return Ok(());
    }
    let expected = right.map_or("null".into(), |right| right.to_string());
    let because = past.because(|| {
        let mut because = why_extreme(past, replica, object, &seen);
        if !matches!(claimed, Json::Number(_) | Json::Null) {
            let what = past.object_shown(object);
            because.push(format!(
                "{what} is answered with an integer, or null where none was written"
            ));
        }
        because
    });
    falsity(rule(past, object), expected, because)
}

/// Why the greatest or the least integer is what it is.
pub fn why_extreme(past: &Past, replica: u32, object: u32, seen: &Seen) -> Vec<String> {
    let who = past.replica_shown(replica);
    let right = past.history.extreme(object, seen);
    let ops = past.history.members(seen, Some(object));
    let decides =
        ops.into_iter().find(|op| Some(past.history.ops[*op as usize].effect.integer()) == right);
    match decides {
        None => vec![format!("{who} has seen no write, so the answer is null")],
        Some(op) => {
            let kind = past.history.objects[object as usize].kind;
            let extreme = if kind == TraceType::MaxRegister { "greatest" } else { "least" };
            vec![
                past.performed(op),
                past.arrival(replica, op),
                format!("that is the {extreme} integer that {who} has seen written"),
            ]
        }
    }
}

/// Judges an mv-register, or one key of an mv-map.
pub fn read_siblings(
    past: &Past,
    (replica, object): (u32, u32),
    key: &str,
    claimed: &Json,
) -> Checked {
    let seen = past.seen(replica);
    let number = past.history.find_key(object, key);
    let right = number.map_or(Vec::new(), |number| past.history.siblings(number, &seen));
    if values_of(claimed).is_some_and(|values| values == right) {
        return Ok(());
    }
    let because = past.because(|| why_siblings(past, replica, object, key, &seen, Some(claimed)));
    falsity(rule(past, object), Amount::Siblings(right).text(), because)
}

/// Judges a whole mv-map.
pub fn read_map(past: &Past, (replica, object): (u32, u32), claimed: &Json) -> Checked {
    let seen = past.seen(replica).laid_flat();
    let right = past.history.amount(object, &seen);
    let Amount::Contested(members) = &right else { return Ok(()) };
    let wrong = match claimed {
        Json::Object(claimed) => {
            let known: HashMap<&str, &Vec<&str>> =
                members.iter().map(|(key, values)| (*key, values)).collect();
            let is_wrong = |(name, values): &&(String, Json)| {
                let right = known.get(name.as_str());
                right.is_none_or(|right| values_of(values).is_none_or(|values| values != **right))
            };
            let wrong = claimed.iter().find(is_wrong).map(|(name, _)| name.as_str());
            let listed: HashSet<&str> = claimed.iter().map(|(name, _)| name.as_str()).collect();
            let missing = members.iter().map(|(key, _)| *key).find(|key| !listed.contains(key));
            wrong.or(missing).map(Some)
        }
        _ => Some(None),
    };
    let Some(wrong) = wrong else { return Ok(()) };
    let because = past.because(|| match wrong {
        None => vec!["an mv-map is answered with an object of arrays, one for each key".into()],
        Some(key) => {
            let answer = claimed.get(key);
            let mut because = why_siblings(past, replica, object, key, &seen, answer);
            let is_empty = matches!(answer, Some(Json::Array(values)) if values.is_empty());
            if is_empty && members.iter().all(|(of, _)| *of != key) {
                because
                    .push(format!("{} has no values, and is absent from a whole map", shown(key)));
            }
            because
        }
    });
    falsity(Rule::MvMapValue, right.text(), because)
}

fn rule(past: &Past, object: u32) -> Rule {
    value_rule(past.history.objects[object as usize].kind)
}

/// The canonical texts of an array's values, each once and in order.
fn values_of(claimed: &Json) -> Option<Vec<String>> {
    let Json::Array(values) = claimed else { return None };
    let mut values: Vec<String> = values.iter().map(Json::canonical).collect();
    values.sort_unstable();
    values.dedup();
    Some(values)
}

/// The decisions on a key that a replica has seen, in the order of the file.
pub fn decisions(past: &Past, object: u32, key: &str, seen: &Seen) -> Vec<OpId> {
    let Some(number) = past.history.find_key(object, key) else { return Vec::new() };
    let chains = &past.history.keys[number as usize].chains;
    let ops = chains.iter().flat_map(|chain| &chain.ops).copied();
    let mut ops: Vec<OpId> = ops.filter(|op| past.history.contains(seen, *op)).collect();
    ops.sort_unstable();
    ops
}

/// Why a flag or an element of a set is what it is, where not additions win.
pub fn why_decided(past: &Past, replica: u32, object: u32, key: &str, seen: &Seen) -> Vec<String> {
    use crate::past::history::Effect::{Added, Removed};
    let who = past.replica_shown(replica);
    let history = &past.history;
    let kind = history.objects[object as usize].kind;
    let what = if kind.is_flag() { past.object_shown(object) } else { shown(key) };
    let ops = decisions(past, object, key, seen);
    let Some(number) = history.find_key(object, key).filter(|_| !ops.is_empty()) else {
        let nothing = if kind.is_flag() { "was never enabled" } else { "was never added" };
        return vec![format!("{who} has seen no operation on {what}: it {nothing} there")];
    };
    let effect = |op: &OpId| history.ops[*op as usize].effect;
    let is = history.has(object, number, seen);
    // The operations that decide: those of the winning kind that none of the other kind saw.
    let winning = match kind {
        TraceType::RwSet | TraceType::DwFlag | TraceType::TwoPhaseSet => Removed,
        _ => Added,
    };
    let losing = if winning == Added { Removed } else { Added };
    let deciding: Vec<OpId> = match kind {
        TraceType::GSet => ops.iter().copied().filter(|op| effect(op) == Added).collect(),
        TraceType::TwoPhaseSet => ops.iter().copied().filter(|op| effect(op) == Removed).collect(),
        _ => history.unanswered(number, seen, winning),
    };
    let mut because = Vec::new();
    for op in deciding.iter().take(MOST_LISTED) {
        because.push(past.performed(*op));
        because.push(past.arrival(replica, *op));
    }
    because.extend(left_out(deciding.len(), "operation"));
    let others: Vec<OpId> = ops.iter().copied().filter(|op| effect(op) == losing).collect();
    for op in others.iter().rev().take(MOST_LISTED) {
        let saw = deciding.iter().any(|deciding| history.sees(*op, *deciding));
        let sentence = past.performed(*op);
        because.push(if saw || deciding.is_empty() {
            format!("{sentence}; {}", past.arrival(replica, *op))
        } else {
            format!("{sentence}, without having seen that")
        });
    }
    because.extend(left_out(others.len(), "operation"));
    let (yes, no) = if kind.is_flag() { ("enabled", "disabled") } else { ("in", "not in") };
    let is = if is { yes } else { no };
    because.push(match kind {
        TraceType::GSet => format!("what was added stays, so {what} is {is}"),
        TraceType::TwoPhaseSet => format!("a removal is for good, so {what} is {is} at {who}"),
        TraceType::RwSet | TraceType::DwFlag => format!(
            "a {} wins over what had not seen it, so {what} is {is} at {who}",
            if kind.is_flag() { "disabling" } else { "removal" }
        ),
        _ => format!(
            "an {} wins over what had not seen it, so {what} is {is} at {who}",
            if kind.is_flag() { "enabling" } else { "addition" }
        ),
    });
    because
}

/// Why a register or a key has the values that it has.
pub fn why_siblings(
    past: &Past,
    replica: u32,
    object: u32,
    key: &str,
    seen: &Seen,
    claimed: Option<&Json>,
) -> Vec<String> {
    let who = past.replica_shown(replica);
    let history = &past.history;
    let kind = history.objects[object as usize].kind;
    let what = if kind.is_map() { shown(key) } else { past.object_shown(object) };
    if let Some(claimed) = claimed.filter(|claimed| !matches!(claimed, Json::Array(_))) {
        return vec![format!(
            "{what} is answered with an array of values, not with {}",
            shown(&claimed.canonical())
        )];
    }
    let Some(number) = history.find_key(object, key) else {
        return vec![format!("{what} was never written")];
    };
    let maximal = history.maximal(number, seen);
    let mut because = Vec::new();
    for op in maximal.iter().take(MOST_LISTED) {
        because.push(format!("{}; {}", past.performed(*op), past.arrival(replica, *op)));
    }
    because.extend(left_out(maximal.len(), "write"));
    because.push(format!(
        "{who} has seen {} to {what} that no other write saw",
        plural(maximal.len() as u64, "write")
    ));
    if let Some(Json::Array(values)) = claimed {
        let right = history.siblings(number, seen);
        let extra = values.iter().map(Json::canonical).find(|value| !right.contains(&&**value));
        let Some(extra) = extra else { return because };
        if extra == "null" {
            because.push("null stands for a deletion, which is not listed".into());
            return because;
        }
        let overwritten = decisions(past, object, key, seen).into_iter().rev().find(|op| {
            history.stamp(*op).3 == extra && maximal.iter().any(|later| history.sees(*later, *op))
        });
        if let Some(op) = overwritten {
            let later = maximal.iter().find(|later| history.sees(**later, op));
            because.push(past.performed(op));
            because
                .extend(later.map(|later| format!("{}, having seen that", past.performed(*later))));
        } else {
            because.push(format!("{} is none of their values", shown(&extra)));
        }
    }
    because
}
