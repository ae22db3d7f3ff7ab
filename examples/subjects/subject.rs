//! A subject for `oracle drive`, to copy: put your own library where `Replica` is.
//!
//!     oracle drive -- cargo run --quiet --example subject
//!
//! A set that only grows and a counter that goes up and down, each as the textbook has it: states that
//! join. Nothing of that is needed in an adapter of your own: what is needed is `reply`, and one line of
//! JSON for each line of JSON.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Write};

/// What a replica holds: by object its set, and its counter as one pair of totals for each replica.
#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
struct Replica {
    sets: BTreeMap<String, BTreeSet<String>>,
    counters: BTreeMap<String, BTreeMap<String, [u128; 2]>>,
}

impl Replica {
    /// The join: twice, or in another order, is the same.
    fn merge(&mut self, other: &Self) {
        for (object, elements) in &other.sets {
            self.sets.entry(object.clone()).or_default().extend(elements.iter().cloned());
        }
        for (object, shares) in &other.counters {
            let own = self.counters.entry(object.clone()).or_default();
            for (name, totals) in shares {
                let share = own.entry(name.clone()).or_default();
                (0..2).for_each(|i| share[i] = share[i].max(totals[i]));
            }
        }
    }

    /// Only what is of some objects, where the request names some.
    fn only(&self, request: &Value) -> Self {
        let mut part = self.clone();
        if let Some(objects) = request["objects"].as_array() {
            part.sets.retain(|name, _| objects.contains(&json!(name)));
            part.counters.retain(|name, _| objects.contains(&json!(name)));
        }
        part
    }
}

#[derive(Default)]
struct Subject {
    types: BTreeMap<String, String>,
    replicas: BTreeMap<String, Replica>,
    /// How often some replica was set back: after that its share has a new name.
    restored: u64,
}

impl Subject {
    /// From one request to what is replied to it, but for `seq`; or what is not supported.
    fn reply(&mut self, request: &Value) -> Result<Value, String> {
        let text = |field: &str| request[field].as_str().unwrap_or_default().to_owned();
        let (name, object) = (text("replica"), text("object"));
        let encode = |replica: &Replica| serde_json::to_string(replica).map_err(|e| e.to_string());
        let decode = || serde_json::from_str(&text("payload")).map_err(|e| e.to_string());
        match text("event").as_str() {
            // Forget everything, and begin anew.
            "start" => {
                *self = Self::default();
                for (name, declared) in request["objects"].as_object().into_iter().flatten() {
                    match declared["type"].as_str() {
                        Some(kind @ ("g-set" | "pn-counter")) => {
                            self.types.insert(name.clone(), kind.into());
                        }
                        other => return Err(format!("no {}", other.unwrap_or("type"))),
                    }
                }
                for name in request["replicas"].as_array().into_iter().flatten() {
                    let name = name.as_str().unwrap_or_default();
                    self.replicas.insert(name.into(), Replica::default());
                }
            }
            "op" => {
                let share = format!("{} {name}", self.restored);
                let replica = self.replicas.entry(name).or_default();
                if text("op") == "add" {
                    replica.sets.entry(object).or_default().insert(text("element"));
                } else {
                    let totals = replica.counters.entry(object).or_default().entry(share);
                    let amount = request["amount"].as_u64().unwrap_or(1);
                    let side = usize::from(text("op") == "decrement");
                    totals.or_default()[side] += u128::from(amount);
                }
            }
            // A message is a string. The oracle delivers it: never, once or often.
            "send" => return Ok(json!({"payload": encode(&self.replicas[&name].only(request))?})),
            // A backup is a string as well.
            "save" => return Ok(json!({"payload": encode(&self.replicas[&name])?})),
            "receive" => self.replicas.entry(name).or_default().merge(&decode()?),
            "restore" => {
                self.restored += 1;
                self.replicas.insert(name, decode()?);
            }
            "read" if !request["element"].is_null() => {
                let set = self.replicas[&name].sets.get(&object);
                return Ok(json!({"value": set.is_some_and(|set| set.contains(&text("element")))}));
            }
            "read" if self.types[&object] == "g-set" => {
                let set = self.replicas[&name].sets.get(&object).cloned();
                return Ok(json!({"value": set.unwrap_or_default()}));
            }
            "read" => {
                let shares = self.replicas[&name].counters.get(&object);
                let totals = shares.into_iter().flat_map(BTreeMap::values);
                let total: i128 = totals.map(|[up, down]| *up as i128 - *down as i128).sum();
                return Ok(json!({"value": total.to_string()}));
            }
            "stop" => {}
            other => return Err(format!("no {other}")),
        }
        Ok(json!({"ok": true}))
    }
}

fn main() -> io::Result<()> {
    let mut subject = Subject::default();
    for line in io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let mut reply = match subject.reply(&request) {
            Ok(reply) => reply,
            Err(reason) => json!({"unsupported": reason}),
        };
        reply["seq"] = request["seq"].clone();
        // Flush, or the oracle waits.
        writeln!(io::stdout(), "{reply}")?;
        io::stdout().flush()?;
        if request["event"] == "stop" {
            break;
        }
    }
    Ok(())
}
