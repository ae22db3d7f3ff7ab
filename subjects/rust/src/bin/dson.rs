//! dson: one store for each object of each replica, whose identifier is new whenever it is loaded.
//!
//! Messages hold whole stores, or with `--updates` the deltas that were made and applied, without an order. Maps are
//! OR-maps of registers, which keep concurrent values; a set is the keys of such a map. Lists and logs are OR-arrays, read as a
//! whole, or with `--get` place by place. Values are
//! kept as the text of their JSON.

use dson::crdts::mvreg::MvRegValue;
use dson::transaction::{ArrayTransaction, CrdtValue};
use dson::{CausalDotStore, Identifier, MvReg, OrArray, OrMap};
use rejoin_subjects::{
    Done, Edit, Objects, Refusal, Replica, Updates, has_option, serve, unsupported,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;

#[derive(Clone, Serialize, Deserialize)]
enum Store {
    Map(CausalDotStore<OrMap<String>>),
    Array(CausalDotStore<OrArray>),
}

impl Store {
    fn join(&mut self, delta: Self) -> Done {
        match (self, delta) {
            (Self::Map(mine), Self::Map(delta)) => {
                mine.join_or_replace_with(delta.store, &delta.context);
            }
            (Self::Array(mine), Self::Array(delta)) => {
                mine.join_or_replace_with(delta.store, &delta.context);
            }
            _ => return unsupported("a message of another type"),
        }
        Ok(())
    }
}

struct Dson {
    identifier: Identifier,
    kinds: Objects,
    stores: HashMap<String, (Store, Updates)>,
}

fn encode(store: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(store, &mut bytes).expect("memory takes what is written");
    bytes
}

fn text(value: &Value) -> MvRegValue {
    MvRegValue::String(value.to_string())
}

/// The concurrent values of what a key or a place holds.
fn register(value: Option<CrdtValue<'_, String>>) -> Vec<Value> {
    match value {
        Some(CrdtValue::Register(register)) => values(register),
        _ => Vec::new(),
    }
}

/// The concurrent values of a register.
fn values(register: &MvReg) -> Vec<Value> {
    let texts = register.0.values().map(|value| match value {
        MvRegValue::String(text) => serde_json::from_str(&text).expect("it was a value"),
        other => json!(format!("{other:?}")),
    });
    texts.collect()
}

impl Replica for Dson {
    const LIBRARY: &'static str = "dson";
    const TYPES: &'static [&'static str] = &["or-set", "mv-register", "mv-map", "log", "list"];
    const IS_BY_OBJECT: bool = true;

    fn new(_name: &str, id: u64, objects: &Objects) -> Self {
        let store = |kind: &String| match kind.as_str() {
            "log" | "list" => Store::Array(CausalDotStore::default()),
            _ => Store::Map(CausalDotStore::default()),
        };
        let stores =
            objects.iter().map(|(name, kind)| (name.clone(), (store(kind), Updates::default())));
        // An identifier has 8 and 12 bits.
        let identifier = Identifier::new(id as u8, (id >> 8) as u16 & 0xfff);
        Self { identifier, kinds: objects.clone(), stores: stores.collect() }
    }

    fn edit(&mut self, object: &str, edit: Edit, _timestamp: Option<u64>) -> Done {
        let (store, deltas) = self.stores.get_mut(object).expect("it is declared");
        let delta = match store {
            Store::Map(map) => {
                let mut transaction = map.transact(self.identifier);
                match edit {
                    Edit::Add(element) => transaction.write_register(element, text(&json!(true))),
                    Edit::Put(key, value) => transaction.write_register(key, text(&value)),
                    Edit::Write(Value::Null) => transaction.remove("value"),
                    Edit::Write(value) => transaction.write_register("value", text(&value)),
                    Edit::Remove(key) | Edit::Delete(key) => transaction.remove(key),
                    _ => return unsupported("dson has no such operation"),
                }
                Store::Map(transaction.commit().into_inner())
            }
            Store::Array(array) => {
                let mut transaction = ArrayTransaction::new(array, self.identifier);
                match edit {
                    Edit::Append(entry) => {
                        transaction.insert_register(transaction.len(), text(&entry))
                    }
                    Edit::Insert(index, element) => {
                        transaction.insert_register(index, text(&json!(element)))
                    }
                    Edit::Take(index) => transaction.remove(index),
                    _ => return unsupported("dson has no such operation"),
                }
                Store::Array(transaction.commit().into_inner())
            }
        };
        deltas.add(&encode(&delta));
        Ok(())
    }

    fn read(&self, object: &str) -> Value {
        match (self.kinds[object].as_str(), &self.stores[object].0) {
            (kind, Store::Map(map)) => {
                let mut map = map.clone();
                let keys: Vec<String> =
                    map.store.inner().iter().map(|(key, _)| key.clone()).collect();
                let transaction = map.transact(self.identifier);
                let of = |key: &String| register(transaction.get(key));
                match kind {
                    "or-set" => keys.iter().filter(|key| !of(key).is_empty()).cloned().collect(),
                    "mv-register" => of(&"value".to_string()).into(),
                    _ => {
                        let entries = keys.iter().map(|key| (key.clone(), Value::from(of(key))));
                        Value::Object(entries.filter(|(_, values)| values != &json!([])).collect())
                    }
                }
            }
            (_, Store::Array(array)) if has_option("--get") => {
                let element = |index| {
                    let value = array.store.get(index).map(CrdtValue::from_type_variant);
                    register(value).pop().unwrap_or(Value::Null)
                };
                (0..array.store.len()).map(element).collect()
            }
            (_, Store::Array(array)) => {
                let listed = array.store.with_list(|value, _, _| {
                    Ok::<_, std::convert::Infallible>(Some(CrdtValue::from_type_variant(value)))
                });
                let listed = listed.unwrap_or_else(|never| match never {});
                let element = |(value, _, _)| register(Some(value)).pop().unwrap_or(Value::Null);
                listed.into_iter().map(element).collect()
            }
        }
    }

    fn send(&mut self, objects: &[String]) -> Vec<u8> {
        let content = |name: &String| {
            let (store, deltas) = &self.stores[name];
            (name.clone(), if has_option("--updates") { deltas.encode() } else { encode(store) })
        };
        let contents: Vec<(String, Vec<u8>)> = objects.iter().map(content).collect();
        bincode::serialize(&contents).expect("memory takes what is written")
    }

    fn receive(&mut self, message: &[u8]) -> Done {
        let contents: Vec<(String, Vec<u8>)> = bincode::deserialize(message)?;
        for (name, content) in contents {
            let (store, deltas) =
                self.stores.get_mut(&name).ok_or(Refusal::Failed("no such object".into()))?;
            let received =
                if has_option("--updates") { deltas.add_all(&content)? } else { vec![content] };
            for delta in received {
                store.join(ciborium::from_reader(delta.as_slice())?)?;
            }
        }
        Ok(())
    }
}

fn main() {
    serve::<Dson>();
}
