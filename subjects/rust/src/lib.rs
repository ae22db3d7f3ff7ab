//! Speaks the subject protocol `rejoin-subject/1` (spec/trace-format.md) for an adapter.
//!
//! An adapter implements [`Replica`] for a library. Everything else is done here: lines, names, positions in
//! lists, replicas and their ids, and `unsupported` for whatever the adapter lacks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The declared objects and their types.
pub type Objects = BTreeMap<String, String>;

/// An operation of the trace format, less its replica and object.
#[derive(Clone, Debug)]
pub enum Edit {
    Increment(u64),
    Decrement(u64),
    Add(String),
    Remove(String),
    Enable,
    Disable,
    Write(Value),
    Put(String, Value),
    Delete(String),
    Append(Value),
    /// Into a list, at this index.
    Insert(usize, String),
    /// From a list, at this index.
    Take(usize),
}

/// Why something is not done.
pub enum Refusal {
    /// The library does not offer it.
    Unsupported(String),
    /// The library made no operation of the call.
    Idle,
    /// The library failed.
    Failed(String),
}

impl<E: std::error::Error> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Failed(error.to_string())
    }
}

/// The library does not offer this.
pub fn unsupported<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Unsupported(reason.into()))
}

/// What an operation came to.
pub type Done<T = ()> = Result<T, Refusal>;

/// A replica of a library.
pub trait Replica: Sized {
    /// The package.
    const LIBRARY: &'static str;
    /// The types that it offers.
    const TYPES: &'static [&'static str];
    /// The types whose writes it orders by the timestamps that it is given.
    const TAKES_TIMESTAMPS: &'static [&'static str] = &[];
    /// Whether it has a state for each object, that can be sent alone.
    const IS_BY_OBJECT: bool = false;

    /// A new one of this name, under an id that no other has, nor one that was restored.
    fn new(name: &str, id: u64, objects: &Objects) -> Self;
    /// Performs an operation. The timestamp is there with explicit stamps.
    fn edit(&mut self, object: &str, edit: Edit, timestamp: Option<u64>) -> Done;
    /// The value of an object.
    fn read(&self, object: &str) -> Value;
    /// A message that holds all of these objects.
    fn send(&mut self, objects: &[String]) -> Vec<u8>;
    /// Applies a message.
    fn receive(&mut self, message: &[u8]) -> Done;
    /// A backup.
    fn save(&mut self) -> Option<Vec<u8>> {
        None
    }
    /// Takes the place of a new replica's state.
    fn load(&mut self, backup: &[u8]) -> Done {
        self.receive(backup)
    }
    /// The library's own synchronization.
    fn sync(&mut self, other: &mut Self, objects: &[String]) -> Done {
        other.receive(&self.send(objects))?;
        self.receive(&other.send(objects))
    }
    /// A hash of the state, if the library has one.
    fn digest(&mut self) -> Option<String> {
        None
    }
}

/// Whether the command line has this option, such as `--text`.
pub fn has_option(option: &str) -> bool {
    std::env::args().any(|argument| argument == option)
}

/// Single updates, each kept under its hash, as an application keeps them in a folder or a bucket: a set
/// without an order. A message holds all of them, so that nothing that it needs is missing; which of them a
/// replica applies first is the affair of their hashes.
#[derive(Default)]
pub struct Updates(BTreeMap<Vec<u8>, Vec<u8>>);

impl Updates {
    /// Keeps an update. Says whether it is new.
    pub fn add(&mut self, update: &[u8]) -> bool {
        self.0.insert(Sha256::digest(update).to_vec(), update.to_vec()).is_none()
    }

    /// All of them.
    pub fn encode(&self) -> Vec<u8> {
        let updates: Vec<&Vec<u8>> = self.0.values().collect();
        bincode::serialize(&updates).expect("memory takes what is written")
    }

    /// Keeps what a message holds; gives what was not there before, in the order of the hashes.
    pub fn add_all(&mut self, message: &[u8]) -> Done<Vec<Vec<u8>>> {
        let updates: Vec<Vec<u8>> = bincode::deserialize(message)?;
        Ok(updates.into_iter().filter(|update| self.add(update)).collect())
    }
}

/// Lists of names held in a text: every name has a character of its own.
pub struct Characters;

thread_local! {
    static NAMES: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

impl Characters {
    const FIRST: u32 = 0x4e00;

    /// The character of a name.
    pub fn of(name: &str) -> String {
        NAMES.with_borrow_mut(|names| {
            let at = names.iter().position(|known| known == name).unwrap_or_else(|| {
                names.push(name.into());
                names.len() - 1
            });
            char::from_u32(Self::FIRST + at as u32).map(String::from).expect("names are few")
        })
    }

    /// The names of a text.
    pub fn names(text: &str) -> Vec<String> {
        NAMES.with_borrow(|names| {
            let name = |character: char| {
                let at = (character as u32).checked_sub(Self::FIRST);
                at.and_then(|at| names.get(at as usize)).cloned().unwrap_or(character.into())
            };
            text.chars().map(name).collect()
        })
    }
}

struct Subject<R> {
    replicas: HashMap<String, R>,
    objects: Objects,
    is_own: bool,
    incarnations: u64,
}

fn text<'a>(request: &'a Map<String, Value>, field: &str) -> Done<&'a str> {
    let value = request.get(field).and_then(Value::as_str);
    value.ok_or_else(|| Refusal::Failed(format!("the request lacks `{field}`")))
}

/// A count: a number with an integer value, or a decimal string.
fn count(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => {
            let whole = || number.as_f64().filter(|v| v.fract() == 0.0 && *v >= 0.0 && *v < 1.8e19);
            number.as_u64().or_else(|| whole().map(|v| v as u64))
        }
        _ => None,
    }
}

impl<R: Replica> Subject<R> {
    fn create(&mut self, name: &str) -> R {
        self.incarnations += 1;
        let hash = Sha256::digest(format!("{name}/{}", self.incarnations));
        let bytes = hash[..8].try_into().expect("a hash has eight bytes");
        // Some libraries take 53 bits.
        R::new(name, u64::from_be_bytes(bytes) >> 12, &self.objects)
    }

    fn replica(&mut self, name: &str) -> Done<&mut R> {
        let replica = self.replicas.get_mut(name);
        replica.ok_or_else(|| Refusal::Failed(format!("there is no replica `{name}`")))
    }

    fn objects(&self, request: &Map<String, Value>) -> Done<Vec<String>> {
        if ["since", "operations", "relays"].iter().any(|field| request.contains_key(*field)) {
            return unsupported("messages hold the whole state");
        }
        match request.get("objects").and_then(Value::as_array) {
            None => Ok(self.objects.keys().cloned().collect()),
            Some(_) if !R::IS_BY_OBJECT => unsupported("the document is sent as a whole"),
            Some(names) => Ok(names.iter().filter_map(Value::as_str).map(String::from).collect()),
        }
    }

    fn start(&mut self, request: &Map<String, Value>) -> Done<Value> {
        if text(request, "protocol")? != "rejoin-subject/1" {
            return unsupported("the protocol is rejoin-subject/1");
        }
        self.is_own = request.get("stamps").is_some_and(|stamps| stamps == "own");
        let declared =
            request.get("objects").and_then(Value::as_object).cloned().unwrap_or_default();
        self.objects = Objects::new();
        for (name, declaration) in declared {
            let kind = declaration["type"].as_str().unwrap_or_default().to_string();
            if !R::TYPES.contains(&kind.as_str()) {
                return unsupported(format!("{} has no {kind}", R::LIBRARY));
            }
            let is_stamped = ["lww-register", "lww-map", "log"].contains(&kind.as_str());
            if is_stamped && !self.is_own && !R::TAKES_TIMESTAMPS.contains(&kind.as_str()) {
                return unsupported(format!("{} orders writes by a rule of its own", R::LIBRARY));
            }
            self.objects.insert(name, kind);
        }
        NAMES.with_borrow_mut(Vec::clear);
        self.incarnations = 0;
        self.replicas.clear();
        let names = request.get("replicas").and_then(Value::as_array).cloned().unwrap_or_default();
        for name in names.iter().filter_map(Value::as_str) {
            let replica = self.create(name);
            self.replicas.insert(name.into(), replica);
        }
        let version = version(R::LIBRARY);
        Ok(json!({"ok": true, "implementation": {"name": R::LIBRARY, "version": version}}))
    }

    /// The operation, with an element of a list as its place in the list of this moment.
    fn edit(&mut self, request: &Map<String, Value>) -> Done<Edit> {
        let (object, op) = (text(request, "object")?, text(request, "op")?);
        let is_list = self.objects.get(object).is_some_and(|kind| kind == "list");
        let string = |field| text(request, field).map(String::from);
        let value = |field: &str| request.get(field).cloned().unwrap_or(Value::Null);
        let amount = || match request.get("amount") {
            None => Ok(1),
            Some(amount) => count(amount).ok_or_else(|| Refusal::Failed("no amount".into())),
        };
        Ok(match op {
            "insert" | "delete" if is_list => return self.place(request),
            "increment" => Edit::Increment(amount()?),
            "decrement" => Edit::Decrement(amount()?),
            "add" => Edit::Add(string("element")?),
            "remove" => Edit::Remove(string("element")?),
            "enable" => Edit::Enable,
            "disable" => Edit::Disable,
            "write" => Edit::Write(value("value")),
            "put" if value("value").is_null() => Edit::Delete(string("key")?),
            "put" => Edit::Put(string("key")?, value("value")),
            "delete" => Edit::Delete(string("key")?),
            "append" => Edit::Append(value("entry")),
            op => return unsupported(format!("{} has no `{op}` here", R::LIBRARY)),
        })
    }

    fn place(&mut self, request: &Map<String, Value>) -> Done<Edit> {
        let element = text(request, "element")?.to_string();
        let names = self.replica(text(request, "replica")?)?.read(text(request, "object")?);
        let names = names.as_array().cloned().unwrap_or_default();
        let find = |name: &str| names.iter().position(|there| there == name);
        if text(request, "op")? == "delete" {
            return find(&element).map(Edit::Take).ok_or(Refusal::Idle);
        }
        let neighbour = |field: &str| request.get(field).and_then(Value::as_str);
        let (after, before) = (neighbour("after"), neighbour("before"));
        let index = after.and_then(find).map(|at| at + 1).or(before.and_then(find));
        match index {
            Some(index) => Ok(Edit::Insert(index, element)),
            None if after.is_none() && before.is_none() => Ok(Edit::Insert(names.len(), element)),
            None => unsupported("neither neighbour is in the list any more"),
        }
    }

    fn op(&mut self, request: &Map<String, Value>) -> Done<Value> {
        let timestamp = match request.get("timestamp") {
            Some(Value::Array(_)) => return unsupported("a timestamp is one number"),
            stamp => stamp.and_then(count),
        };
        let edit = self.edit(request)?;
        self.replica(text(request, "replica")?)?.edit(text(request, "object")?, edit, timestamp)?;
        Ok(json!({"ok": true}))
    }

    fn read(&mut self, request: &Map<String, Value>) -> Done<Value> {
        let object = text(request, "object")?;
        let value = self.replica(text(request, "replica")?)?.read(object);
        if let Some(element) = request.get("element") {
            let is_in = value.as_array().is_some_and(|elements| elements.contains(element));
            return Ok(json!({"value": is_in}));
        }
        if let Some(key) = request.get("key").and_then(Value::as_str) {
            let is_many = self.objects.get(object).is_some_and(|kind| kind == "mv-map");
            let nothing = if is_many { json!([]) } else { Value::Null };
            return Ok(json!({"value": value.get(key).cloned().unwrap_or(nothing)}));
        }
        Ok(json!({"value": value}))
    }

    fn answer(&mut self, event: &str, request: &Map<String, Value>) -> Done<Value> {
        let payload = |message: Vec<u8>| Ok(json!({"payload": BASE64.encode(message)}));
        let all: Vec<String> = self.objects.keys().cloned().collect();
        match event {
            "start" => self.start(request),
            "op" => self.op(request),
            "read" => self.read(request),
            "send" => {
                let objects = self.objects(request)?;
                payload(self.replica(text(request, "replica")?)?.send(&objects))
            }
            "receive" => {
                let message = BASE64.decode(text(request, "payload")?)?;
                self.replica(text(request, "replica")?)?.receive(&message)?;
                Ok(json!({"ok": true}))
            }
            "sync" => {
                let objects = self.objects(request)?;
                let names = request.get("replicas").and_then(Value::as_array);
                let names: Vec<&str> =
                    names.into_iter().flatten().filter_map(Value::as_str).collect();
                let [left, right] = names[..] else { return unsupported("two replicas sync") };
                let mut taken =
                    self.replicas.remove(left).ok_or(Refusal::Failed("no replica".into()))?;
                let done = self.replica(right).and_then(|right| taken.sync(right, &objects));
                self.replicas.insert(left.into(), taken);
                done.map(|()| json!({"ok": true}))
            }
            "digest" if !request.contains_key("object") && !request.contains_key("algorithm") => {
                match self.replica(text(request, "replica")?)?.digest() {
                    Some(digest) => Ok(json!({"digest": digest})),
                    None => unsupported("there is no digest"),
                }
            }
            "save" => {
                let replica = self.replica(text(request, "replica")?)?;
                let saved = replica.save();
                payload(saved.unwrap_or_else(|| replica.send(&all)))
            }
            "restore" => {
                let name = text(request, "replica")?;
                let mut restored = self.create(name);
                restored.load(&BASE64.decode(text(request, "payload")?)?)?;
                self.replicas.insert(name.into(), restored);
                Ok(json!({"ok": true}))
            }
            "stop" => Ok(json!({"ok": true})),
            event => unsupported(format!("there is no `{event}` here")),
        }
    }
}

/// The version of a package in the lock file.
fn version(package: &str) -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let entry =
        lock.split("[[package]]").find(|entry| entry.contains(&format!("name = \"{package}\"\n")));
    let version = entry.and_then(|entry| entry.split("version = \"").nth(1));
    version.and_then(|rest| rest.split('"').next()).unwrap_or("unknown")
}

/// Reads requests and writes replies until `stop` or the end of the input.
pub fn serve<R: Replica>() {
    let leaves_out_idle = has_option("--leave-out-idle");
    let (objects, is_own, incarnations) = Default::default();
    let mut subject = Subject::<R> { replicas: HashMap::new(), objects, is_own, incarnations };
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("standard input can be read");
        let request: Map<String, Value> = serde_json::from_str(&line).unwrap_or_default();
        let event = request.get("event").and_then(Value::as_str).unwrap_or_default();
        // A panic of the library is its failure, not the end of the subject.
        let answer = catch_unwind(AssertUnwindSafe(|| subject.answer(event, &request)));
        let mut reply = match answer {
            Ok(Ok(reply)) => reply,
            Ok(Err(Refusal::Unsupported(reason))) => json!({"unsupported": reason}),
            Ok(Err(Refusal::Idle)) if leaves_out_idle => {
                json!({"unsupported": "the library makes no operation of this call"})
            }
            Ok(Err(Refusal::Idle)) => json!({"ok": true}),
            Ok(Err(Refusal::Failed(message))) => json!({"error": message}),
            Err(panic) => {
                let message = panic.downcast_ref::<String>().cloned();
                let message =
                    message.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
                json!({"error": format!("it panicked: {}", message.unwrap_or_default())})
            }
        };
        reply["seq"] = request.get("seq").cloned().unwrap_or(Value::Null);
        let mut output = std::io::stdout().lock();
        writeln!(output, "{reply}")
            .and_then(|()| output.flush())
            .expect("somebody reads the replies");
        if event == "stop" {
            break;
        }
    }
}
