//! yrs: one document for each replica, which has a new client id whenever it is loaded.
//!
//! A set is a map by its keys. A list is an array, or with `--text` a text. With `--updates` replicas exchange
//! single updates without an order, else whole states; a sync exchanges state vectors and what the other lacks.

use rejoin_subjects::{
    Characters, Done, Edit, Objects, Refusal, Replica, Updates, has_option, serve, unsupported,
};
use serde_json::{Map as JsonMap, Value};
use yrs::block::ClientID;
use yrs::types::ToJson;
use yrs::updates::decoder::Decode;
use yrs::{Any, Array, Doc, GetString, Map, OffsetKind, Options, ReadTxn, StateVector, Text};
use yrs::{Transact, Update, WriteTxn};

struct Yrs {
    doc: Doc,
    objects: Objects,
    updates: Option<Updates>,
}

fn any(value: &Value) -> Done<Any> {
    if value.as_u64().is_some_and(|number| i64::try_from(number).is_err()) {
        return unsupported("a number of yrs is a double or has 64 bits and a sign");
    }
    Ok(Any::from_json(&value.to_string())?)
}

fn value(any: &Any) -> Value {
    let mut text = String::new();
    any.to_json(&mut text);
    serde_json::from_str(&text).expect("the library writes JSON")
}

fn is_text() -> bool {
    has_option("--text")
}

impl Yrs {
    fn whole(&self, vector: &StateVector) -> Vec<u8> {
        self.doc.transact().encode_state_as_update_v1(vector)
    }

    fn apply(&self, update: &[u8]) -> Done {
        let update = Update::decode_v1(update)?;
        Ok(self.doc.transact_mut_with("peer").apply_update(update)?)
    }
}

impl Replica for Yrs {
    const LIBRARY: &'static str = "yrs";
    const TYPES: &'static [&'static str] = &["or-set", "lww-map", "lww-register", "log", "list"];

    fn new(_name: &str, id: u64, objects: &Objects) -> Self {
        let doc = Doc::with_options(Options {
            client_id: ClientID::new(id & 0xffff_ffff),
            offset_kind: OffsetKind::Utf16,
            ..Options::default()
        });
        doc.get_or_insert_map("registers");
        for (name, kind) in objects {
            match kind.as_str() {
                "log" => _ = doc.get_or_insert_array(name.as_str()),
                "list" if is_text() => _ = doc.get_or_insert_text(name.as_str()),
                "list" => _ = doc.get_or_insert_array(name.as_str()),
                _ => _ = doc.get_or_insert_map(name.as_str()),
            }
        }
        Self {
            doc,
            objects: objects.clone(),
            updates: has_option("--updates").then(Updates::default),
        }
    }

    fn edit(&mut self, object: &str, edit: Edit, _timestamp: Option<u64>) -> Done {
        let mut transaction = self.doc.transact_mut();
        match edit {
            Edit::Add(element) => {
                transaction.get_or_insert_map(object).insert(&mut transaction, element, true);
            }
            Edit::Remove(key) | Edit::Delete(key) => {
                let removed = transaction.get_or_insert_map(object).remove(&mut transaction, &key);
                removed.ok_or(Refusal::Idle)?;
            }
            Edit::Put(key, value) => {
                let value = any(&value)?;
                transaction.get_or_insert_map(object).insert(&mut transaction, key, value);
            }
            Edit::Write(value) => {
                let registers = transaction.get_or_insert_map("registers");
                let value = any(&value)?;
                registers.insert(&mut transaction, object, value);
            }
            Edit::Append(entry) => {
                let entry = any(&entry)?;
                transaction.get_or_insert_array(object).push_back(&mut transaction, entry);
            }
            Edit::Insert(index, element) if is_text() => {
                let text = transaction.get_or_insert_text(object);
                text.insert(&mut transaction, index as u32, &Characters::of(&element));
            }
            Edit::Take(index) if is_text() => {
                transaction.get_or_insert_text(object).remove_range(
                    &mut transaction,
                    index as u32,
                    1,
                );
            }
            Edit::Insert(index, element) => {
                transaction.get_or_insert_array(object).insert(
                    &mut transaction,
                    index as u32,
                    element,
                );
            }
            Edit::Take(index) => {
                transaction.get_or_insert_array(object).remove(&mut transaction, index as u32);
            }
            _ => return unsupported("yrs has no such operation"),
        }
        if let Some(updates) = &mut self.updates {
            updates.add(&transaction.encode_update_v1());
        }
        Ok(())
    }

    fn read(&self, object: &str) -> Value {
        let transaction = self.doc.transact();
        let map = |name: &str| {
            let map = transaction.get_map(name).expect("it is there");
            let entries = map
                .iter(&transaction)
                .map(|(key, there)| (key.to_string(), value(&there.to_json(&transaction))));
            entries.collect::<JsonMap<String, Value>>()
        };
        match self.objects[object].as_str() {
            "or-set" => {
                map(object).into_iter().map(|(element, _)| Value::String(element)).collect()
            }
            "lww-map" => Value::Object(map(object)),
            "lww-register" => map("registers").remove(object).unwrap_or(Value::Null),
            "list" if is_text() => {
                let text = transaction.get_text(object).expect("it is there");
                Characters::names(&text.get_string(&transaction)).into()
            }
            _ => value(&transaction.get_array(object).expect("it is there").to_json(&transaction)),
        }
    }

    fn send(&mut self, _objects: &[String]) -> Vec<u8> {
        match &self.updates {
            Some(updates) => updates.encode(),
            None => self.whole(&StateVector::default()),
        }
    }

    fn receive(&mut self, message: &[u8]) -> Done {
        let updates = match &mut self.updates {
            Some(updates) => updates.add_all(message)?,
            None => vec![message.to_vec()],
        };
        updates.iter().try_for_each(|update| self.apply(update))
    }

    fn sync(&mut self, other: &mut Self, objects: &[String]) -> Done {
        if self.updates.is_some() {
            other.receive(&self.send(objects))?;
            return self.receive(&other.send(objects));
        }
        let (of_self, of_other) =
            (self.doc.transact().state_vector(), other.doc.transact().state_vector());
        other.apply(&self.whole(&of_other))?;
        self.apply(&other.whole(&of_self))
    }
}

fn main() {
    serve::<Yrs>();
}
