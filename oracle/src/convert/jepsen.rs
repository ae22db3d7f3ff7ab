//! The history of a Jepsen test of a set or a counter.
//!
//! Meaning: Jepsen records when calls began and ended, not which node had seen what. So each
//! process is a replica. An acknowledged `add` is its operation, and the replica `system` receives
//! it at once. Only reads that begin after every `add` has ended are claimed: they must show what
//! was acknowledged. An `add` whose outcome is unknown counts as performed if a claimed read of a
//! set shows it.
//! Source: jepsen.history: operations with `type` (invoke, ok, fail, info), `f`, `value`,
//! `process`.

use super::{Draft, Refusal, count, edn};
use rejoin::json::Json;
use rejoin::object::TraceType;
use rejoin_trace::{Event, Operation, Stamps};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One entry of the history.
struct Entry {
    process: String,
    kind: String,
    f: String,
    value: Value,
}

/// Converts a history in EDN or JSON.
pub fn convert(text: &str) -> Result<Draft, Refusal> {
    let entries = entries(text)?;
    let is_read = |entry: &&Entry| entry.f == "read" && entry.kind == "ok";
    let is_set = entries.iter().find(is_read).map(|read| read.value.is_array());
    let is_set = is_set.unwrap_or_else(|| {
        let adds = entries.iter().filter(|entry| entry.f == "add" && entry.kind == "invoke");
        let values: Vec<String> = adds.map(|add| add.value.to_string()).collect();
        values.iter().collect::<BTreeSet<_>>().len() == values.len()
    });
    let kind = if is_set { TraceType::GSet } else { TraceType::PnCounter };
    let object = if is_set { "set" } else { "counter" };
    let mut draft = Draft::new(&[(object, kind)], Stamps::Explicit);

    // When the last add began or ended, and the outcome of each.
    let is_add = |entry: &Entry| entry.f == "add";
    let last_add = entries.iter().rposition(is_add);
    let claimed = claimed_reads(&entries, last_add);
    let shown: BTreeSet<String> = claimed
        .iter()
        .filter_map(|at| entries[*at].value.as_array())
        .flatten()
        .map(element)
        .collect();
    let mut unknown = 0;
    let mut replicas = BTreeSet::from(["system".to_string()]);
    for (at, entry) in entries.iter().enumerate() {
        match (entry.f.as_str(), entry.kind.as_str()) {
            ("add", "ok") => add(&mut draft, &mut replicas, object, is_set, entry)?,
            ("add", "info") => {
                unknown += 1;
                if is_set && shown.contains(&element(&entry.value)) {
                    add(&mut draft, &mut replicas, object, is_set, entry)?;
                }
            }
            ("read", "ok") if claimed.contains(&at) && (is_set || unknown == 0) => {
                let process = replica(&mut replicas, entry);
                merge(&mut draft, &process, "system");
                let value = match entry.value.as_array() {
                    Some(items) if is_set => {
                        Json::Array(items.iter().map(|item| Json::String(element(item))).collect())
                    }
                    _ => Json::parse(&entry.value.to_string()).unwrap_or_default(),
                };
                draft.read(&process, object, None, value);
            }
            _ => {}
        }
    }
    draft.header.replicas = replicas.into_iter().collect();
    let reads = entries.iter().filter(is_read).count();
    let left_out = reads - claimed.len();
    if left_out > 0 {
        draft.lost.push(format!(
            "{} that began before the last add had ended: the history does not say what they had \
             to show",
            count(left_out, "read")
        ));
    }
    if unknown > 0 && is_set {
        draft.lost.push(format!(
            "{} of unknown outcome, except those that a claimed read shows",
            count(unknown, "add")
        ));
    } else if unknown > 0 {
        draft.lost.push(format!(
            "{} of unknown outcome, and with them all later reads: a sum does not show \
             what it counts",
            count(unknown, "add")
        ));
    }
    let others: BTreeSet<&str> = entries
        .iter()
        .map(|entry| entry.f.as_str())
        .filter(|f| !["add", "read"].contains(f))
        .collect();
    if !others.is_empty() {
        let names: Vec<&str> = others.into_iter().collect();
        draft.lost.push(format!("entries of {}", names.join(", ")));
    }
    draft.lost.push("times, and what was going on while a fault was injected".into());
    Ok(draft)
}

/// The reads that began after every add had ended.
fn claimed_reads(entries: &[Entry], last_add: Option<usize>) -> BTreeSet<usize> {
    let mut began = BTreeMap::new();
    let mut claimed = BTreeSet::new();
    for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.f == "read") {
        match entry.kind.as_str() {
            "invoke" => drop(began.insert(&entry.process, at)),
            "ok" => {
                // A read without its beginning counts as begun at once.
                let since = began.remove(&entry.process).unwrap_or(at);
                if last_add.is_none_or(|last| since > last) {
                    claimed.insert(at);
                }
            }
            _ => drop(began.remove(&entry.process)),
        }
    }
    claimed
}

fn replica(replicas: &mut BTreeSet<String>, entry: &Entry) -> String {
    let name = format!("process {}", entry.process);
    replicas.insert(name.clone());
    name
}

fn add(
    draft: &mut Draft,
    replicas: &mut BTreeSet<String>,
    object: &str,
    is_set: bool,
    entry: &Entry,
) -> Result<(), Refusal> {
    let operation = if is_set {
        Operation::Add { element: element(&entry.value) }
    } else {
        let amount = entry.value.as_i64().ok_or_else(|| {
            let value = &entry.value;
            Refusal::malformed(format!("expected an integer to add to the counter, found {value}"))
        })?;
        match amount {
            0 => return Ok(()),
            1.. => Operation::Increment { amount: amount.unsigned_abs() },
            _ => Operation::Decrement { amount: amount.unsigned_abs() },
        }
    };
    let process = replica(replicas, entry);
    draft.op(&process, object, operation);
    merge(draft, "system", &process);
    Ok(())
}

fn merge(draft: &mut Draft, replica: &str, from: &str) {
    let (replica, from) = (replica.to_string(), from.to_string());
    draft.event(&Event::Merge { replica, from, objects: None });
}

/// An element as a name: a text unchanged, anything else as its JSON.
fn element(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        other => other.to_string(),
    }
}

fn entries(text: &str) -> Result<Vec<Entry>, Refusal> {
    let stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let json: Result<Vec<Value>, _> = stream.collect();
    let values = match json {
        Ok(values) => values,
        Err(_) => edn::read(text).map_err(Refusal::malformed)?,
    };
    let values: Vec<Value> = match <[Value; 1]>::try_from(values) {
        Ok([Value::Array(values)]) => values,
        Ok([value]) => vec![value],
        Err(values) => values,
    };
    let mut entries = Vec::new();
    for (value, number) in values.iter().zip(1..) {
        let word = |field: &str| {
            let found = value.get(field).and_then(Value::as_str);
            let found = found.map(|text| text.trim_start_matches(':').to_string());
            found.ok_or_else(|| {
                Refusal::malformed(format!(
                    "entry {number} has no `{field}`: a history has entries with `type`, `f`, \
                     `value` and `process`"
                ))
            })
        };
        let (kind, f) = (word("type")?, word("f")?);
        if !["invoke", "ok", "fail", "info"].contains(&kind.as_str()) {
            return Err(Refusal::malformed(format!("entry {number} is of the type {kind:?}")));
        }
        let process = match value.get("process") {
            Some(Value::String(name)) => name.clone(),
            Some(other) => other.to_string(),
            None => return Err(Refusal::malformed(format!("entry {number} has no `process`"))),
        };
        let value = value.get("value").cloned().unwrap_or_default();
        entries.push(Entry { process, kind, f, value });
    }
    if !entries.iter().any(|entry| entry.f == "add") {
        let message =
            "the history has no `add`: only histories of sets and counters can be converted";
        return Err(Refusal::malformed(message));
    }
    Ok(entries)
}
