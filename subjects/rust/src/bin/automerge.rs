//! automerge: one document for each replica, which has a new actor whenever it is loaded. All begin with one change
//! that creates the objects.
//!
//! A set is a map of its elements to `true`. A list is a list, or with `--text` a text. With `--updates` replicas
//! exchange single changes without an order, else whole documents; a sync is the library's own protocol.

use automerge::Value as Held;
use automerge::sync::{State, SyncDoc};
use automerge::transaction::Transactable;
use automerge::{ActorId, AutoCommit, Change, ObjId, ObjType, Prop, ROOT, ReadDoc, ScalarValue};
use rejoin_subjects::{
    Characters, Done, Edit, Objects, Refusal, Replica, Updates, has_option, serve, unsupported,
};
use serde_json::{Value, json};

struct Automerge {
    doc: AutoCommit,
    actor: ActorId,
    objects: Objects,
    updates: Option<Updates>,
}

fn kind_of(kind: &str) -> ObjType {
    match kind {
        "log" => ObjType::List,
        "list" if has_option("--text") => ObjType::Text,
        "list" => ObjType::List,
        _ => ObjType::Map,
    }
}

/// Puts a value at a key, or inserts it at an index.
fn put(doc: &mut AutoCommit, object: &ObjId, place: Prop, is_insert: bool, value: &Value) -> Done {
    let kind = match value {
        Value::Array(_) => Some(ObjType::List),
        Value::Object(_) => Some(ObjType::Map),
        _ => None,
    };
    let Some(kind) = kind else {
        let scalar = match value {
            Value::Null => ScalarValue::Null,
            Value::Bool(is) => (*is).into(),
            Value::String(text) => text.as_str().into(),
            Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(number), ..) => ScalarValue::Int(number),
                (_, Some(number), _) => ScalarValue::Uint(number),
                (.., number) => ScalarValue::F64(number.unwrap_or_default()),
            },
            _ => unreachable!("objects and lists are no scalars"),
        };
        match (place, is_insert) {
            (Prop::Seq(index), true) => doc.insert(object, index, scalar)?,
            (place, _) => doc.put(object, place, scalar)?,
        }
        return Ok(());
    };
    let inner = match (place, is_insert) {
        (Prop::Seq(index), true) => doc.insert_object(object, index, kind)?,
        (place, _) => doc.put_object(object, place, kind)?,
    };
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                put(doc, &inner, Prop::Seq(index), true, item)?;
            }
        }
        Value::Object(entries) => {
            for (key, entry) in entries {
                put(doc, &inner, Prop::Map(key.clone()), false, entry)?;
            }
        }
        _ => unreachable!("it has a kind"),
    }
    Ok(())
}

impl Automerge {
    fn object(&self, name: &str) -> ObjId {
        self.doc.get(ROOT, name).ok().flatten().expect("the first change made it").1
    }

    fn json(&self, value: Held<'_>, id: &ObjId) -> Value {
        match value {
            Held::Object(ObjType::Map | ObjType::Table) => {
                let keys: Vec<String> = self.doc.keys(id).collect();
                let entries = keys.into_iter().map(|key| {
                    let (value, inner) =
                        self.doc.get(id, key.as_str()).ok().flatten().expect("it is a key");
                    (key, self.json(value, &inner))
                });
                Value::Object(entries.collect())
            }
            Held::Object(_) => (0..self.doc.length(id))
                .map(|index| {
                    let (value, inner) =
                        self.doc.get(id, index).ok().flatten().expect("it is in the list");
                    self.json(value, &inner)
                })
                .collect(),
            Held::Scalar(scalar) => match scalar.as_ref() {
                ScalarValue::Boolean(is) => (*is).into(),
                ScalarValue::Int(number) => (*number).into(),
                ScalarValue::Uint(number) => (*number).into(),
                ScalarValue::F64(number) => json!(number),
                ScalarValue::Str(text) => text.to_string().into(),
                ScalarValue::Counter(counter) => i64::from(counter).into(),
                _ => Value::Null,
            },
        }
    }

    /// The concurrent values of a key.
    fn values(&self, id: &ObjId, key: &str) -> Value {
        let all = self.doc.get_all(id, key).expect("the document can be read");
        all.into_iter()
            .map(|(value, inner)| self.json(value, &inner))
            .filter(|value| !value.is_null())
            .collect()
    }

    fn perform(&mut self, object: &str, edit: Edit) -> Done {
        let id = self.object(object);
        let doc = &mut self.doc;
        let amount = |amount: u64| match i64::try_from(amount) {
            Ok(amount) if amount < 1 << 31 => Ok(amount),
            _ => unsupported("a counter of automerge has 64 bits and a sign"),
        };
        match edit {
            Edit::Increment(steps) => doc.increment(&id, "total", amount(steps)?)?,
            Edit::Decrement(steps) => doc.increment(&id, "total", -amount(steps)?)?,
            Edit::Add(element) => doc.put(&id, element, true)?,
            Edit::Remove(key) | Edit::Delete(key) => {
                doc.get(&id, key.as_str())?.ok_or(Refusal::Idle)?;
                doc.delete(&id, key)?;
            }
            Edit::Put(key, value) => put(doc, &id, Prop::Map(key), false, &value)?,
            Edit::Write(value) => put(doc, &id, Prop::Map("value".into()), false, &value)?,
            Edit::Append(entry) => {
                let end = doc.length(&id);
                put(doc, &id, Prop::Seq(end), true, &entry)?;
            }
            Edit::Insert(index, element) if has_option("--text") => {
                doc.splice_text(&id, index, 0, &Characters::of(&element))?;
            }
            Edit::Take(index) if has_option("--text") => doc.splice_text(&id, index, 1, "")?,
            Edit::Insert(index, element) => doc.insert(&id, index, element)?,
            Edit::Take(index) => doc.delete(&id, index)?,
            _ => return unsupported("automerge has no such operation"),
        }
        Ok(())
    }
}

impl Replica for Automerge {
    const LIBRARY: &'static str = "automerge";
    const TYPES: &'static [&'static str] = &[
        "g-counter",
        "pn-counter",
        "or-set",
        "lww-map",
        "lww-register",
        "mv-map",
        "mv-register",
        "log",
        "list",
    ];

    fn new(_name: &str, id: u64, objects: &Objects) -> Self {
        let mut doc = AutoCommit::new().with_actor(ActorId::from([0_u8; 8]));
        for (name, kind) in objects {
            let object = doc.put_object(ROOT, name, kind_of(kind)).expect("it is a name");
            if kind.ends_with("counter") {
                doc.put(&object, "total", ScalarValue::counter(0)).expect("it is a map");
            }
        }
        doc.commit_with(automerge::transaction::CommitOptions::default().with_time(0));
        let actor = ActorId::from(id.to_be_bytes());
        let updates = has_option("--updates").then(Updates::default);
        Self { doc: doc.with_actor(actor.clone()), actor, objects: objects.clone(), updates }
    }

    fn edit(&mut self, object: &str, edit: Edit, _timestamp: Option<u64>) -> Done {
        let before = self.doc.get_heads();
        self.perform(object, edit)?;
        self.doc.commit_with(automerge::transaction::CommitOptions::default().with_time(0));
        if self.doc.get_heads() == before {
            return Err(Refusal::Idle);
        }
        if let Some(updates) = &mut self.updates {
            let change = self.doc.get_last_local_change().expect("there was a change");
            updates.add(change.clone().bytes().as_ref());
        }
        Ok(())
    }

    fn read(&self, object: &str) -> Value {
        let id = self.object(object);
        let kind = self.objects[object].as_str();
        let of_key = |key| {
            let held = self.doc.get(&id, key).expect("the document can be read");
            held.map_or(Value::Null, |(value, inner)| self.json(value, &inner))
        };
        match kind {
            "g-counter" | "pn-counter" => of_key("total"),
            "or-set" => self.doc.keys(&id).map(Value::String).collect(),
            "lww-register" => of_key("value"),
            "mv-register" => self.values(&id, "value"),
            "mv-map" => {
                let keys = self.doc.keys(&id);
                Value::Object(keys.map(|key| (key.clone(), self.values(&id, &key))).collect())
            }
            "list" if has_option("--text") => {
                Characters::names(&self.doc.text(&id).expect("it is a text")).into()
            }
            kind => self.json(Held::Object(kind_of(kind)), &id),
        }
    }

    fn send(&mut self, _objects: &[String]) -> Vec<u8> {
        match &self.updates {
            Some(updates) => updates.encode(),
            None => self.doc.save(),
        }
    }

    fn receive(&mut self, message: &[u8]) -> Done {
        match &mut self.updates {
            Some(updates) => {
                for change in updates.add_all(message)? {
                    self.doc.apply_changes([Change::from_bytes(change)?])?;
                }
            }
            None => _ = self.doc.merge(&mut AutoCommit::load(message)?)?,
        }
        Ok(())
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        let updates = self.updates.as_ref().map(Updates::encode);
        Some(bincode::serialize(&(self.doc.save(), updates)).expect("memory takes what is written"))
    }

    fn load(&mut self, backup: &[u8]) -> Done {
        let (saved, updates): (Vec<u8>, Option<Vec<u8>>) = bincode::deserialize(backup)?;
        self.doc = AutoCommit::load(&saved)?.with_actor(self.actor.clone());
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
        let (mut mine, mut theirs) = (State::new(), State::new());
        loop {
            let said = self.doc.sync().generate_sync_message(&mut mine);
            let is_quiet = said.is_none();
            if let Some(message) = said {
                other.doc.sync().receive_sync_message(&mut theirs, message)?;
            }
            let answered = other.doc.sync().generate_sync_message(&mut theirs);
            match answered {
                Some(message) => self.doc.sync().receive_sync_message(&mut mine, message)?,
                None if is_quiet => return Ok(()),
                None => {}
            }
        }
    }

    fn digest(&mut self) -> Option<String> {
        let mut heads: Vec<String> = self.doc.get_heads().iter().map(ToString::to_string).collect();
        heads.sort();
        Some(heads.join(" "))
    }
}

fn main() {
    serve::<Automerge>();
}
