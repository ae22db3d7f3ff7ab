//! loro: one document for each replica, which has a new peer id whenever it is loaded.
//!
//! A set is a map by its keys. A list is a list, with `--movable` a movable list, with `--text` a text. With
//! `--updates` replicas exchange single updates without an order, else whole states; a sync exchanges version
//! vectors and what the other lacks. Backups are snapshots, with `--shallow` shallow ones.

use loro::{ExportMode, LoroDoc, LoroValue, VersionVector};
use rejoin_subjects::{
    Characters, Done, Edit, Objects, Refusal, Replica, Updates, has_option, serve, unsupported,
};
use serde_json::{Map, Number, Value};

struct Loro {
    doc: LoroDoc,
    objects: Objects,
    updates: Option<Updates>,
}

fn loro_value(value: &Value) -> Done<LoroValue> {
    if value.as_u64().is_some_and(|number| i64::try_from(number).is_err()) {
        return unsupported("an integer of loro has 64 bits and a sign");
    }
    Ok(LoroValue::from(value.clone()))
}

fn json(value: LoroValue) -> Value {
    match value {
        LoroValue::Null => Value::Null,
        LoroValue::Bool(is) => is.into(),
        LoroValue::I64(number) => number.into(),
        LoroValue::Double(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
        LoroValue::String(text) => text.to_string().into(),
        LoroValue::List(list) => list.iter().cloned().map(json).collect(),
        LoroValue::Map(map) => Value::Object(
            map.iter().map(|(key, value)| (key.clone(), json(value.clone()))).collect(),
        ),
        other => format!("{other:?}").into(),
    }
}

impl Loro {
    fn map(&self, name: &str) -> Map<String, Value> {
        match json(self.doc.get_map(name).get_value()) {
            Value::Object(map) => map,
            other => unreachable!("{other} is no map"),
        }
    }

    fn since(&self, vector: &VersionVector) -> Done<Vec<u8>> {
        Ok(self.doc.export(ExportMode::updates(vector))?)
    }

    fn perform(&self, object: &str, edit: Edit) -> Done {
        let doc = &self.doc;
        let amount = |amount: u64| match amount {
            // A counter is a double, which holds all integers up to 2^53.
            ..0x8000_0000 => Ok(amount as f64),
            _ => unsupported("a counter of loro is a double"),
        };
        match edit {
            Edit::Increment(steps) => doc.get_counter(object).increment(amount(steps)?)?,
            Edit::Decrement(steps) => doc.get_counter(object).decrement(amount(steps)?)?,
            Edit::Add(element) => doc.get_map(object).insert(&element, true)?,
            Edit::Remove(key) | Edit::Delete(key) => {
                doc.get_map(object).get(&key).ok_or(Refusal::Idle)?;
                doc.get_map(object).delete(&key)?;
            }
            Edit::Put(key, value) => doc.get_map(object).insert(&key, loro_value(&value)?)?,
            Edit::Write(value) => doc.get_map("registers").insert(object, loro_value(&value)?)?,
            Edit::Append(entry) => doc.get_list(object).push(loro_value(&entry)?)?,
            Edit::Insert(index, element) if has_option("--text") => {
                doc.get_text(object).insert(index, &Characters::of(&element))?;
            }
            Edit::Take(index) if has_option("--text") => doc.get_text(object).delete(index, 1)?,
            Edit::Insert(index, element) if has_option("--movable") => {
                doc.get_movable_list(object).insert(index, element)?;
            }
            Edit::Take(index) if has_option("--movable") => {
                doc.get_movable_list(object).delete(index, 1)?
            }
            Edit::Insert(index, element) => doc.get_list(object).insert(index, element)?,
            Edit::Take(index) => doc.get_list(object).delete(index, 1)?,
            _ => return unsupported("loro has no such operation"),
        }
        Ok(())
    }
}

impl Replica for Loro {
    const LIBRARY: &'static str = "loro";
    const TYPES: &'static [&'static str] =
        &["g-counter", "pn-counter", "or-set", "lww-map", "lww-register", "log", "list"];

    fn new(_name: &str, id: u64, objects: &Objects) -> Self {
        let doc = LoroDoc::new();
        doc.set_peer_id(id).expect("nothing is pending");
        Self {
            doc,
            objects: objects.clone(),
            updates: has_option("--updates").then(Updates::default),
        }
    }

    fn edit(&mut self, object: &str, edit: Edit, _timestamp: Option<u64>) -> Done {
        let before = self.doc.oplog_vv();
        self.perform(object, edit)?;
        self.doc.commit();
        if self.doc.oplog_vv() == before {
            return Err(Refusal::Idle);
        }
        let update = self.since(&before)?;
        if let Some(updates) = &mut self.updates {
            updates.add(&update);
        }
        Ok(())
    }

    fn read(&self, object: &str) -> Value {
        match self.objects[object].as_str() {
            "g-counter" | "pn-counter" => (self.doc.get_counter(object).get_value() as i64).into(),
            "or-set" => {
                self.map(object).into_iter().map(|(element, _)| Value::String(element)).collect()
            }
            "lww-map" => Value::Object(self.map(object)),
            "lww-register" => self.map("registers").remove(object).unwrap_or(Value::Null),
            "list" if has_option("--text") => {
                Characters::names(&self.doc.get_text(object).to_string()).into()
            }
            "list" if has_option("--movable") => {
                json(self.doc.get_movable_list(object).get_value())
            }
            _ => json(self.doc.get_list(object).get_value()),
        }
    }

    fn send(&mut self, _objects: &[String]) -> Vec<u8> {
        match &self.updates {
            Some(updates) => updates.encode(),
            None => self.doc.export(ExportMode::all_updates()).expect("the history is there"),
        }
    }

    fn receive(&mut self, message: &[u8]) -> Done {
        let updates = match &mut self.updates {
            Some(updates) => updates.add_all(message)?,
            None => vec![message.to_vec()],
        };
        for update in updates {
            self.doc.import(&update)?;
        }
        Ok(())
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        let frontiers = self.doc.oplog_frontiers();
        let mode = match has_option("--shallow") {
            true => ExportMode::shallow_snapshot(&frontiers),
            false => ExportMode::Snapshot,
        };
        let snapshot = self.doc.export(mode).expect("the state is there");
        let updates = self.updates.as_ref().map(Updates::encode);
        Some(bincode::serialize(&(snapshot, updates)).expect("memory takes what is written"))
    }

    fn load(&mut self, backup: &[u8]) -> Done {
        let (snapshot, updates): (Vec<u8>, Option<Vec<u8>>) = bincode::deserialize(backup)?;
        self.doc.import(&snapshot)?;
        if let (Some(mine), Some(saved)) = (&mut self.updates, updates) {
            mine.add_all(&saved)?;
        }
        Ok(())
    }

    fn sync(&mut self, other: &mut Self, objects: &[String]) -> Done {
        if self.updates.is_some() {
            other.receive(&self.send(objects))?;
            return self.receive(&other.send(objects));
        }
        let of_self = self.doc.oplog_vv();
        other.doc.import(&self.since(&other.doc.oplog_vv())?)?;
        self.doc.import(&other.since(&of_self)?)?;
        Ok(())
    }

    fn digest(&mut self) -> Option<String> {
        let mut vector: Vec<String> =
            self.doc.oplog_vv().iter().map(|(peer, counter)| format!("{peer}:{counter}")).collect();
        vector.sort();
        Some(vector.join(" "))
    }
}

fn main() {
    serve::<Loro>();
}
