//! Falsifying a claim: replacing its answer by another one.
//!
//! How: an answer is changed at random until it means something else. With explicit stamps one
//! answer is right, so the other is then false. `converged` and `digest` are not answers about one
//! replica, and are falsified elsewhere.

use rejoin::object::ObjectType;
use rejoin_harness::Rng;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The types of the objects that a header declares.
pub fn kinds(header: &Value) -> BTreeMap<String, ObjectType> {
    let declared = header["objects"].as_object().expect("a header declares objects");
    let kind = |declaration: &Value| {
        let name = declaration["type"].as_str().expect("an object has a type");
        *ObjectType::ALL.iter().find(|kind| kind.as_str() == name).expect("one of five types")
    };
    declared.iter().map(|(name, declaration)| (name.clone(), kind(declaration))).collect()
}

/// The field with a claim's answer, if it answers about one replica.
fn answer_field(claim: &Value) -> Option<&'static str> {
    match claim["event"].as_str()? {
        "read" => Some("value"),
        "vector" => Some("vector"),
        "decisions" => Some("decisions"),
        "notices" => Some("notices"),
        "state" => Some("state"),
        _ => None,
    }
}

/// The claim with another answer, and how that was made; `None` for events that claim nothing, and
/// for `converged` and `digest`.
pub fn falsify(
    claim: &Value,
    kinds: &BTreeMap<String, ObjectType>,
    random: &mut Rng,
) -> Option<(&'static str, Value)> {
    let field = answer_field(claim)?;
    let kind = claim["object"].as_str().map(|object| kinds[object]);
    let right = meaning(claim, kind, &claim[field]);
    for _ in 0..1_000 {
        let (way, spoilt) = spoil_answer(field, &claim[field], random);
        if meaning(claim, kind, &spoilt) != right {
            let mut claim = claim.clone();
            claim[field] = spoilt;
            return Some((way, claim));
        }
    }
    panic!("every answer can be spoilt: {claim}");
}

fn spoil_answer(field: &str, answer: &Value, random: &mut Rng) -> (&'static str, Value) {
    if random.place(3) == 0 {
        let moved = match field {
            "decisions" => moved_decision(answer, random),
            "state" => removed_addition(answer, random),
            _ => None,
        };
        if let Some(moved) = moved {
            return moved;
        }
    }
    spoil(answer, random)
}

/// A decision is claimed to be kept instead of superseded, or the other way round.
fn moved_decision(answer: &Value, random: &mut Rng) -> Option<(&'static str, Value)> {
    let mut answer = answer.clone();
    let open = answer.as_array_mut().filter(|open| !open.is_empty())?;
    let at = random.place(open.len());
    let sides = ["kept", "superseded"];
    let from = random.place(2);
    let moved = open[at].get_mut(sides[from])?.as_array_mut()?.pop()?;
    open[at].get_mut(sides[1 - from])?.as_array_mut()?.push(moved);
    Some(("moved", answer))
}

/// An addition is claimed to be removed.
fn removed_addition(answer: &Value, random: &mut Rng) -> Option<(&'static str, Value)> {
    let mut answer = answer.clone();
    let adds = answer.get("adds")?.as_array().filter(|adds| !adds.is_empty())?;
    let addition = adds[random.place(adds.len())].clone();
    answer.get_mut("removes")?.as_array_mut()?.push(addition);
    Some(("removed", answer))
}

/// Another value, which may mean the same.
fn spoil(value: &Value, random: &mut Rng) -> (&'static str, Value) {
    let one_of = |values: &[Value], random: &mut Rng| values[random.place(values.len())].clone();
    if !value.is_null() && random.place(12) == 0 {
        let others = [json!(null), json!(true), json!("?"), json!([]), json!({}), json!([value])];
        return ("shape", one_of(&others, random));
    }
    match value {
        Value::Null => ("null", one_of(&[json!(0), json!(""), json!(false), json!({})], random)),
        Value::Bool(value) => ("boolean", json!(!value)),
        Value::Number(number) => ("number", spoil_number(number, random)),
        Value::String(text) => {
            let mut shorter = text.clone();
            shorter.pop();
            let others = [json!(format!("{text}x")), json!(shorter), json!(text.to_uppercase())];
            ("string", one_of(&others, random))
        }
        Value::Array(items) => spoil_array(items, random),
        Value::Object(members) => spoil_object(members, random),
    }
}

fn spoil_number(number: &serde_json::Number, random: &mut Rng) -> Value {
    match (number.as_u64(), random.place(4)) {
        (Some(n), 0) if n > 0 => json!(n - 1),
        (Some(n), 1) if n > 1 => json!(n / 2),
        (Some(n), 2) if n < 1 << 32 => json!(n as f64 + 0.5),
        (Some(n), _) if n < u64::MAX => json!(n + 1),
        _ => json!(0),
    }
}

fn spoil_array(items: &[Value], random: &mut Rng) -> (&'static str, Value) {
    let mut spoilt = items.to_vec();
    let way = match (items.len(), random.place(5)) {
        (0, _) | (_, 0) => {
            let like = items.first().map_or(json!("?"), |item| spoil(item, random).1);
            spoilt.insert(random.place(items.len() + 1), like);
            "added"
        }
        (len, 1) => {
            spoilt.remove(random.place(len));
            "dropped"
        }
        (len, 2) => {
            spoilt.push(items[random.place(len)].clone());
            "duplicated"
        }
        (len, 3) => {
            spoilt.swap(random.place(len), random.place(len));
            "swapped"
        }
        (len, _) => {
            let at = random.place(len);
            let (way, item) = spoil(&items[at], random);
            spoilt[at] = item;
            way
        }
    };
    (way, spoilt.into())
}

fn spoil_object(members: &Map<String, Value>, random: &mut Rng) -> (&'static str, Value) {
    let mut spoilt = members.clone();
    let names: Vec<&String> = members.keys().collect();
    let way = match (names.len(), random.place(4)) {
        (0, _) | (_, 0) => {
            let like = members.values().next().map_or(json!(1), |value| spoil(value, random).1);
            spoilt.insert("nobody".into(), like);
            "member added"
        }
        (len, 1) => {
            spoilt.remove(names[random.place(len)]);
            "member dropped"
        }
        (len, 2) => {
            let name = names[random.place(len)];
            let value = spoilt.remove(name).expect("it is there");
            spoilt.insert(format!("{name}x"), value);
            "member renamed"
        }
        (len, _) => {
            let name = names[random.place(len)];
            let (way, value) = spoil(&members[name], random);
            spoilt.insert(name.clone(), value);
            way
        }
    };
    (way, spoilt.into())
}

/// The meaning of an answer: equal whenever two answers mean the same. An answer of the wrong shape
/// means itself.
fn meaning(claim: &Value, kind: Option<ObjectType>, answer: &Value) -> Value {
    let whole = claim.get("element").is_none() && claim.get("key").is_none();
    match (claim["event"].as_str().expect("an event has a name"), kind) {
        ("read", Some(ObjectType::GCounter)) => count(answer),
        ("read", Some(ObjectType::OrSet)) if whole => sorted(answer),
        ("vector", _) | ("state", Some(ObjectType::GCounter)) => shares(answer),
        ("decisions", _) => sorted(&each(answer, |open| {
            let lists = inside(open, "kept", |ops| sorted(&each(ops, named)));
            inside(&lists, "superseded", |ops| sorted(&each(ops, named)))
        })),
        ("notices", _) => sorted(&each(answer, named)),
        ("state", Some(ObjectType::OrSet)) => additions(answer),
        ("state", Some(ObjectType::LwwRegister)) => inside(answer, "timestamp", timestamp),
        ("state", Some(ObjectType::LwwMap)) => match answer {
            Value::Object(writes) => {
                let write = |write: &Value| inside(write, "timestamp", timestamp);
                writes.iter().map(|(key, value)| (key.clone(), write(value))).collect()
            }
            other => other.clone(),
        },
        ("state", _) => {
            sorted(&each(answer, |entry| inside(&named(entry), "timestamp", timestamp)))
        }
        _ => answer.clone(),
    }
}

/// A count, as the string of its digits.
fn count(answer: &Value) -> Value {
    match answer {
        Value::Number(number) => match number.as_f64() {
            _ if number.is_u64() => json!(number.to_string()),
            Some(float) if float.fract() == 0.0 && float >= 0.0 => json!(format!("{float:.0}")),
            _ => answer.clone(),
        },
        other => other.clone(),
    }
}

/// A timestamp of one to four parts, without the zeros at its end: `[4]` and `[4, 0]` are 4.
fn timestamp(answer: &Value) -> Value {
    let Value::Array(parts) = answer else { return count(answer) };
    let counts: Vec<Value> = parts.iter().map(count).collect();
    if !(1..=4).contains(&counts.len()) || counts.iter().any(|part| !part.is_string()) {
        return answer.clone();
    }
    let zeros = counts.iter().rev().take_while(|part| **part == "0").count();
    match &counts[..(counts.len() - zeros).max(1)] {
        [only] => only.clone(),
        several => several.into(),
    }
}

fn shares(answer: &Value) -> Value {
    let Value::Object(shares) = answer else { return answer.clone() };
    let counted = shares.iter().map(|(name, share)| (name.clone(), count(share)));
    counted.filter(|(_, share)| share != "0").collect()
}

fn additions(answer: &Value) -> Value {
    let list = |name: &str| Some(sorted(&each(answer.get(name)?, named)).as_array()?.clone());
    match (list("adds"), list("removes"), answer.as_object().map(Map::len)) {
        (Some(mut adds), Some(removes), Some(2)) => {
            adds.retain(|add| !removes.contains(add));
            adds.into()
        }
        _ => answer.clone(),
    }
}

/// The name of an operation, its `seq` as a count.
fn named(operation: &Value) -> Value {
    inside(operation, "seq", count)
}

fn inside(object: &Value, name: &str, change: impl Fn(&Value) -> Value) -> Value {
    let mut object = object.clone();
    if let Some(member) = object.get_mut(name) {
        *member = change(member);
    }
    object
}

fn each(list: &Value, change: impl Fn(&Value) -> Value) -> Value {
    match list {
        Value::Array(items) => items.iter().map(change).collect(),
        other => other.clone(),
    }
}

fn sorted(list: &Value) -> Value {
    let Value::Array(items) = list else { return list.clone() };
    let mut items = items.clone();
    items.sort_by_cached_key(Value::to_string);
    items.into()
}

/// A random test once "falsified" a timestamp by writing it as an array of one part, which means
/// the same.
#[test]
fn a_timestamp_of_one_part_means_that_part() {
    let claim = json!({"event": "state", "object": "phase"});
    let state = |timestamp: Value| json!({"replica": "a", "timestamp": timestamp, "value": 9});
    let means =
        |timestamp| meaning(&claim, Some(ObjectType::LwwRegister), &state(timestamp)).to_string();
    for same in [json!([4]), json!([4, 0]), json!([4, 0, 0, 0]), json!("4"), json!(4.0)] {
        assert_eq!(means(same.clone()), means(json!(4)), "{same}");
    }
    assert_eq!(means(json!([4, 1, 0])), means(json!([4, 1])));
    assert_eq!(means(json!([0])), means(json!(0)));
    for other in [json!([]), json!([4, 1]), json!([0, 4]), json!([[4]]), json!([4, 0, 0, 0, 0])] {
        assert_ne!(means(other.clone()), means(json!(4)), "{other}");
    }
}
