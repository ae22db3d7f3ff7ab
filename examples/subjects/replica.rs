//! A small replica that stands where your library goes: `subject.rs` drives it.
//!
//! A set that only grows and a counter that goes up and down, as states that join.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The object types that the replica has.
pub const TYPES: [&str; 2] = ["g-set", "pn-counter"];

/// By object its set, and its counter as two totals for each replica: of increments and decrements.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Replica {
    sets: BTreeMap<String, BTreeSet<String>>,
    counters: BTreeMap<String, BTreeMap<String, [u128; 2]>>,
    /// Which restore it comes from: since then it counts under a name of its own.
    #[serde(skip)]
    restored: u64,
}

static RESTORES: AtomicU64 = AtomicU64::new(0);

impl Replica {
    /// Performs an operation of a trace.
    pub fn perform(&mut self, operation: &Value) {
        let text = |field: &str| operation[field].as_str().unwrap_or_default().to_owned();
        if text("op") == "add" {
            self.sets.entry(text("object")).or_default().insert(text("element"));
        } else {
            let name = format!("{} {}", self.restored, text("replica"));
            let shares = self.counters.entry(text("object")).or_default();
            let side = usize::from(text("op") == "decrement");
            shares.entry(name).or_default()[side] +=
                u128::from(operation["amount"].as_u64().unwrap_or(1));
        }
    }

    /// The state as a string: all of it, or that of the named objects.
    pub fn state(&self, objects: Option<&Vec<Value>>) -> String {
        let mut part = self.clone();
        if let Some(objects) = objects {
            part.sets.retain(|name, _| objects.contains(&json!(name)));
            part.counters.retain(|name, _| objects.contains(&json!(name)));
        }
        serde_json::to_string(&part).expect("maps with texts as keys")
    }

    /// The join: applied twice, or in another order, it gives the same.
    pub fn merge(&mut self, state: &str) -> Result<(), String> {
        let other: Self = serde_json::from_str(state).map_err(|error| error.to_string())?;
        for (object, elements) in other.sets {
            self.sets.entry(object).or_default().extend(elements);
        }
        for (object, shares) in other.counters {
            let own = self.counters.entry(object).or_default();
            for (name, totals) in shares {
                let share = own.entry(name).or_default();
                (0..2).for_each(|side| share[side] = share[side].max(totals[side]));
            }
        }
        Ok(())
    }

    /// Back to a saved state. What the replica counts from now on, it counts under a new name.
    pub fn restore(state: &str) -> Result<Self, String> {
        let restored = 1 + RESTORES.fetch_add(1, Relaxed);
        let saved: Self = serde_json::from_str(state).map_err(|error| error.to_string())?;
        Ok(Self { restored, ..saved })
    }

    /// The value of an object; of a set, whether it has an element if the request names one.
    pub fn read(&self, types: &BTreeMap<String, String>, request: &Value) -> Value {
        let object = request["object"].as_str().unwrap_or_default();
        if types[object] == "g-set" {
            let element = request["element"].as_str();
            let set = self.sets.get(object).cloned().unwrap_or_default();
            return element.map_or_else(|| json!(set), |element| json!(set.contains(element)));
        }
        let totals = self.counters.get(object).into_iter().flat_map(BTreeMap::values);
        json!(totals.map(|[up, down]| *up as i128 - *down as i128).sum::<i128>().to_string())
    }
}
