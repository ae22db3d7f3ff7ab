//! A small world in which replicas act at random, and the trace that a recorder of it writes.
//!
//! How: what a replica has seen is a plain set of events; every answer is computed from it by
//! `rejoin::definition`, or by [`State`] for loaded objects. With own stamps the world orders
//! writes by hidden timestamps, which grow along causality.

use crate::state_of_events;
use crate::trace_states::{State, count_json, entry_json, parsed, write_json};
use rejoin::definition::{self, Event, EventId};
use rejoin::digest::ToBytes;
use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::object::ObjectType;
use rejoin::operation::{Answer, Frontier, ObjectId, Operation, Value as Written};
use rejoin::reference::state_hash::{of_hashes, of_records};
use rejoin_judge::Rule;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub const REPLICAS: [&str; 3] = ["a", "b", "c"];
pub const OBJECTS: [(&str, ObjectType); 6] = [
    ("chat", ObjectType::Log),
    ("columns", ObjectType::LwwMap),
    ("done", ObjectType::GCounter),
    ("phase", ObjectType::LwwRegister),
    ("approved", ObjectType::OrSet),
    ("seen", ObjectType::OrSet),
];
const KEYS: [&str; 2] = ["x", "y"];
const USERS: [&str; 2] = ["u", "v"];
/// Canonical bytes, since only those are compared.
const VALUES: [&str; 7] = ["null", "0", "10", "9", "\"x\"", "[1]", "{\"k\":null}"];
const AMOUNTS: [u64; 4] = [1, 3, 1 << 53, u64::MAX];

/// A value by its canonical bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Canonical(String);

impl Written for Canonical {
    fn tombstone() -> Self {
        Self("null".into())
    }
}

impl ToBytes for Canonical {
    fn to_bytes(&self) -> Cow<'_, [u8]> {
        self.0.as_bytes().into()
    }
}

/// One step; numbers are taken modulo the number of options.
#[derive(Clone, Debug)]
pub enum Step {
    Op {
        replica: usize,
        object: usize,
        key: usize,
        value: usize,
        timestamp: u64,
        user: Option<usize>,
    },
    Send {
        replica: usize,
        what: What,
    },
    Receive {
        replica: usize,
        message: usize,
    },
    Merge {
        replica: usize,
        from: usize,
        objects: Option<u8>,
    },
    Sync {
        replica: usize,
        with: usize,
        objects: Option<u8>,
    },
    Save {
        replica: usize,
    },
    Restore {
        snapshot: usize,
    },
    Claim {
        replica: usize,
        object: usize,
        ask: usize,
        choice: usize,
    },
}

/// The content of a message.
#[derive(Clone, Debug)]
pub enum What {
    All,
    Objects(u8),
    Since(Vec<usize>),
    Operations(Vec<usize>),
}

/// The settings of a world.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    pub own_stamps: bool,
    /// States to load: replica, object, state.
    pub loads: Vec<(usize, usize, State)>,
    /// Whether a state is loaded when the replica first uses it, and not at the beginning.
    pub load_late: bool,
    /// Whether digests cover values, and not what was seen.
    pub digest_values: bool,
}

/// What determines where a falsified digest is found.
#[derive(Clone)]
pub struct Digest {
    pub line: usize,
    pub scope: (Option<usize>, Option<&'static str>),
    knowledge: Knowledge,
    value: String,
    /// The digest that it must be, if known.
    right: Option<Value>,
    pub digest: Value,
}

type Knowledge = (BTreeSet<usize>, BTreeMap<usize, State>);

struct Message {
    sender: usize,
    holds: BTreeSet<usize>,
    states: BTreeMap<usize, State>,
}

/// The world, and the trace so far.
pub struct World {
    setting: Setting,
    pending: Vec<(usize, usize, State)>,
    loaded: BTreeSet<usize>,
    pub events: Vec<Event<String, Canonical>>,
    seen: [BTreeSet<usize>; 3],
    states: [BTreeMap<usize, State>; 3],
    incarnations: [u64; 3],
    messages: Vec<Message>,
    snapshots: Vec<(usize, BTreeSet<usize>, BTreeMap<usize, State>)>,
    /// The receivers of each message, in order.
    receptions: Vec<(usize, usize)>,
    pub lines: Vec<Value>,
    /// The lines that claim something, from 0.
    pub claims: Vec<usize>,
    pub digests: Vec<Digest>,
    /// Where everything is asked at the end: the line after which nothing more happens, and the
    /// line after which every question has been asked before.
    pub rounds: Vec<usize>,
    labels: BTreeMap<String, usize>,
}

/// The trace, so that a failure can become a scenario.
impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the trace\n{}", self.trace())
    }
}

fn chosen(mask: u8) -> Vec<usize> {
    (0..OBJECTS.len()).filter(|object| mask & (1 << object) != 0).collect()
}

fn names(objects: &[usize]) -> Vec<&'static str> {
    objects.iter().map(|object| OBJECTS[*object].0).collect()
}

impl World {
    pub fn of(setting: Setting, steps: &[Step]) -> Self {
        let objects: Map<String, Value> = OBJECTS
            .iter()
            .map(|(name, kind)| ((*name).into(), json!({"type": kind.as_str()})))
            .collect();
        let mut header = json!({"trace": "rejoin/1", "replicas": REPLICAS, "objects": objects});
        if setting.own_stamps {
            header["stamps"] = json!("own");
        }
        let mut world = Self {
            pending: setting.loads.clone(),
            loaded: setting.loads.iter().map(|(_, object, _)| *object).collect(),
            setting,
            events: Vec::new(),
            seen: Default::default(),
            states: Default::default(),
            incarnations: [0; 3],
            messages: Vec::new(),
            snapshots: Vec::new(),
            receptions: Vec::new(),
            lines: vec![header],
            claims: Vec::new(),
            digests: Vec::new(),
            rounds: Vec::new(),
            labels: BTreeMap::new(),
        };
        if !world.setting.load_late {
            world.load_all();
        }
        steps.iter().for_each(|step| world.step(step));
        world.load_all();
        // With own stamps only the second answer to a question can disagree.
        for _ in 0..=usize::from(world.setting.own_stamps) {
            world.rounds.push(world.lines.len());
            world.claim_everything();
        }
        world
    }

    pub fn trace(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn load_all(&mut self) {
        (0..3).for_each(|replica| self.touch(replica, &chosen(u8::MAX)));
    }

    /// The replica is about to use these objects: their initial states have to be loaded.
    fn touch(&mut self, replica: usize, objects: &[usize]) {
        let of =
            |(by, object, _): &(usize, usize, State)| *by == replica && objects.contains(object);
        let (now, later) = self.pending.drain(..).partition(of);
        self.pending = later;
        let now: Vec<(usize, usize, State)> = now;
        for (_, object, state) in now {
            let (replica_name, object_name) = (REPLICAS[replica], OBJECTS[object].0);
            self.lines.push(json!({"event": "load", "replica": replica_name,
                                   "object": object_name, "state": state.json()}));
            self.states[replica].insert(object, state);
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Op { replica, object, key, value, timestamp, user } => {
                self.touch(*replica, &[*object]);
                self.op(*replica, *object, (*key, *value), *timestamp, *user);
            }
            Step::Send { replica, what } => self.send(*replica, what),
            Step::Receive { replica, message } if !self.messages.is_empty() => {
                let number = message % self.messages.len();
                let all: Vec<usize> = self.messages[number].states.keys().copied().collect();
                // A message's line names the objects that it covers; one state of each is enough to
                // ask.
                self.touch(*replica, &chosen(u8::MAX));
                let (holds, states) =
                    (self.messages[number].holds.clone(), self.messages[number].states.clone());
                self.receptions.push((*replica, number));
                self.learn(*replica, holds, states, &all);
                self.lines.push(json!({"event": "receive", "replica": REPLICAS[*replica],
                                       "message": format!("m{number}")}));
            }
            Step::Merge { replica, from, objects } => {
                let covered = objects.map_or_else(|| chosen(u8::MAX), chosen);
                [*from, *replica].into_iter().for_each(|who| self.touch(who, &covered));
                self.transfer(*from, *replica, &covered);
                let mut line = json!({"event": "merge", "replica": REPLICAS[*replica],
                                      "from": REPLICAS[*from]});
                if objects.is_some() {
                    line["objects"] = json!(names(&covered));
                }
                self.lines.push(line);
            }
            Step::Sync { replica, with, objects } if replica != with => {
                let covered = objects.map_or_else(|| chosen(u8::MAX), chosen);
                [*replica, *with].into_iter().for_each(|who| self.touch(who, &covered));
                self.transfer(*replica, *with, &covered);
                self.transfer(*with, *replica, &covered);
                let mut line =
                    json!({"event": "sync", "replicas": [REPLICAS[*replica], REPLICAS[*with]]});
                if objects.is_some() {
                    line["objects"] = json!(names(&covered));
                }
                self.lines.push(line);
            }
            Step::Save { replica } => {
                self.touch(*replica, &chosen(u8::MAX));
                let name = format!("s{}", self.snapshots.len());
                let (seen, states) = (self.seen[*replica].clone(), self.states[*replica].clone());
                self.snapshots.push((*replica, seen, states));
                self.lines.push(
                    json!({"event": "save", "replica": REPLICAS[*replica], "snapshot": name}),
                );
            }
            Step::Restore { snapshot } if !self.snapshots.is_empty() => {
                let number = snapshot % self.snapshots.len();
                let (replica, seen, states) = self.snapshots[number].clone();
                (self.seen[replica], self.states[replica]) = (seen, states);
                self.incarnations[replica] += 1;
                let name = format!("s{number}");
                self.lines.push(
                    json!({"event": "restore", "replica": REPLICAS[replica], "snapshot": name}),
                );
            }
            Step::Claim { replica, object, ask, choice } => {
                self.claim(*replica, *object, *ask, *choice);
            }
            Step::Receive { .. } | Step::Sync { .. } | Step::Restore { .. } => {}
        }
    }

    fn op(
        &mut self,
        replica: usize,
        object: usize,
        (key, value): (usize, usize),
        timestamp: u64,
        user: Option<usize>,
    ) {
        let (name, kind) = OBJECTS[object];
        let (key_name, text) = (KEYS[key % 2].to_string(), VALUES[value % VALUES.len()]);
        let id = format!("e{}", self.lines.len());
        let mut line = json!({"event": "op", "replica": REPLICAS[replica], "object": name,
                              "id": id});
        let hidden = self.seen[replica].iter().map(|event| stamp_of(&self.events[*event]) / 1_000);
        let timestamp = match self.setting.own_stamps {
            true => (hidden.max().unwrap_or(0) + 1) * 1_000 + self.events.len() as u64,
            false => timestamp,
        };
        let written = Canonical(text.into());
        let operation = match kind {
            ObjectType::GCounter => {
                let amount = AMOUNTS[value % AMOUNTS.len()];
                line["op"] = json!("increment");
                line["amount"] = json!(amount);
                Operation::Increment { amount }
            }
            ObjectType::LwwRegister => {
                line["op"] = json!("write");
                Operation::Write { value: written, timestamp }
            }
            ObjectType::OrSet => {
                line["element"] = json!(key_name);
                // One operation in three removes.
                let add = value % 3 > 0;
                line["op"] = json!(if add { "add" } else { "remove" });
                match add {
                    true => Operation::Add { element: key_name },
                    false => Operation::Remove { element: key_name },
                }
            }
            ObjectType::LwwMap => {
                line["key"] = json!(key_name);
                line["op"] = json!(if text == "null" { "delete" } else { "put" });
                Operation::Put { key: key_name, value: written, timestamp }
            }
            ObjectType::Log => {
                line["op"] = json!("append");
                line["entry"] = parsed(text);
                Operation::Append { entry: written, timestamp }
            }
            other => unreachable!("this world has no {}", other.as_str()),
        };
        match kind {
            ObjectType::LwwRegister => line["value"] = parsed(text),
            ObjectType::LwwMap if text != "null" => line["value"] = parsed(text),
            _ => {}
        }
        let stamped = !matches!(kind, ObjectType::GCounter | ObjectType::OrSet);
        if stamped && !self.setting.own_stamps {
            line["timestamp"] = json!(timestamp);
        }
        if let Some(user) = user {
            line["user"] = json!(USERS[user % 2]);
        }
        self.lines.push(line);

        let replica_id = ReplicaId::new(REPLICAS[replica]).unwrap();
        let origin = Origin { replica: replica_id, incarnation: self.incarnations[replica] };
        let of_origin =
            |event: &&Event<_, _>| event.id.dot.origin == origin && *event.id.object == *name;
        let counter = 1 + self.events.iter().filter(of_origin).count() as u64;
        let event = Event {
            id: EventId { object: name.into(), dot: Dot { origin, counter } },
            operation,
            user: user.map(|user| USERS[user % 2].into()),
            sees: self.seen[replica].iter().map(|event| self.events[*event].id.clone()).collect(),
        };
        if self.loaded.contains(&object) {
            let state = self.states[replica].entry(object);
            state.or_insert_with(|| State::bottom(kind)).perform(&event, |value| value.0.clone());
        } else {
            self.seen[replica].insert(self.events.len());
            self.events.push(event);
        }
    }

    fn send(&mut self, replica: usize, what: &What) {
        let name = format!("m{}", self.messages.len());
        let mut line = json!({"event": "send", "replica": REPLICAS[replica], "message": name});
        let mut covered = chosen(u8::MAX);
        let mut holds = self.seen[replica].clone();
        match what {
            What::Objects(mask) => {
                covered = chosen(*mask);
                holds.retain(|event| covered.contains(&self.object_of(*event)));
                line["objects"] = json!(names(&covered));
            }
            What::Since(messages) if !self.messages.is_empty() && self.loaded.is_empty() => {
                let numbers: Vec<usize> =
                    messages.iter().map(|message| message % self.messages.len()).collect();
                for number in &numbers {
                    holds = holds.difference(&self.messages[*number].holds).copied().collect();
                }
                let names: Vec<String> = numbers.iter().map(|m| format!("m{m}")).collect();
                line["since"] = json!(names);
            }
            What::Operations(events) if !holds.is_empty() && self.loaded.is_empty() => {
                let seen: Vec<usize> = holds.iter().copied().collect();
                holds = events.iter().map(|event| seen[event % seen.len()]).collect();
                let ids: Vec<String> = holds.iter().map(|event| self.id_of(*event)).collect();
                line["operations"] = json!(ids);
            }
            _ => {}
        }
        self.touch(replica, &covered);
        self.lines.push(line);
        let mut states = self.states[replica].clone();
        states.retain(|object, _| covered.contains(object));
        self.messages.push(Message { sender: replica, holds, states });
    }

    /// The `id` on an event's line: the events are the lines with an `op`, except on loaded
    /// objects.
    fn id_of(&self, event: usize) -> String {
        let loaded: Vec<&str> = self.loaded.iter().map(|object| OBJECTS[*object].0).collect();
        let ops = self.lines.iter().filter(|line| {
            line["event"] == "op" && !loaded.iter().any(|object| line["object"] == *object)
        });
        let ids: Vec<&Value> = ops.map(|line| &line["id"]).collect();
        ids[event].as_str().expect("every operation has an id").into()
    }

    fn object_of(&self, event: usize) -> usize {
        let object = &*self.events[event].id.object;
        OBJECTS.iter().position(|(name, _)| *name == object).expect("declared")
    }

    fn transfer(&mut self, from: usize, to: usize, covered: &[usize]) {
        let mut holds = self.seen[from].clone();
        holds.retain(|event| covered.contains(&self.object_of(*event)));
        let states = self.states[from].clone();
        self.learn(to, holds, states, covered);
    }

    fn learn(
        &mut self,
        replica: usize,
        holds: BTreeSet<usize>,
        states: BTreeMap<usize, State>,
        covered: &[usize],
    ) {
        self.seen[replica].extend(holds);
        for (object, state) in states {
            if covered.contains(&object) {
                let kind = OBJECTS[object].1;
                let here = self.states[replica].entry(object);
                here.or_insert_with(|| State::bottom(kind)).join(&state);
            }
        }
    }

    // What is right

    fn seen_of(&self, replica: usize, object: Option<usize>) -> Vec<&Event<String, Canonical>> {
        let seen: Vec<_> = self.seen[replica].iter().map(|event| &self.events[*event]).collect();
        match object {
            Some(object) => definition::of_object(&seen, &OBJECTS[object].0.into()),
            None => seen,
        }
    }

    fn state_of(&self, replica: usize, object: usize) -> State {
        let state = self.states[replica].get(&object);
        state.cloned().unwrap_or_else(|| State::bottom(OBJECTS[object].1))
    }

    fn value(&self, replica: usize, object: usize) -> Value {
        if self.loaded.contains(&object) {
            return self.state_of(replica, object).value();
        }
        match definition::value(OBJECTS[object].1, &self.seen_of(replica, Some(object))) {
            Answer::Count(count) => count_json(count.expect("it fits 128 bits")),
            Answer::Value(value) => value.map_or(Value::Null, |value| parsed(&value.0)),
            Answer::Elements(elements) => json!(elements),
            Answer::Values(values) => {
                values.into_iter().map(|(key, value)| (key, parsed(&value.0))).collect()
            }
            Answer::Entries(entries) => entries.iter().map(|entry| parsed(&entry.0)).collect(),
            other => unreachable!("this world has no {other:?}"),
        }
    }

    /// The values that do not depend on an order of the implementation's own.
    fn determined(&self, replica: usize, object: Option<usize>) -> String {
        let objects = object.map_or_else(|| chosen(u8::MAX), |object| vec![object]);
        let free = |kind| !matches!(kind, ObjectType::GCounter | ObjectType::OrSet);
        let determined =
            objects.iter().filter(|object| !(self.setting.own_stamps && free(OBJECTS[**object].1)));
        determined.map(|object| self.value(replica, *object).to_string() + "\n").collect()
    }

    fn state(&self, replica: usize, object: usize) -> Value {
        if self.loaded.contains(&object) {
            return self.state_of(replica, object).json();
        }
        let seen = self.seen_of(replica, Some(object));
        let by = |event: &Event<_, _>| event.replica().to_string();
        let mut state = State::bottom(OBJECTS[object].1);
        match &mut state {
            State::Counter(shares) => {
                for event in seen {
                    if let Operation::Increment { amount } = event.operation {
                        *shares.entry(by(event)).or_default() += u128::from(amount);
                    }
                }
            }
            State::Register(_) => return self.greatest(&seen, None),
            State::Map(_) => {
                let writes = KEYS.map(|key| (key.to_string(), self.greatest(&seen, Some(key))));
                return writes.into_iter().filter(|(_, write)| !write.is_null()).collect();
            }
            State::Set { adds, .. } => {
                for event in &seen {
                    let Operation::Add { element } = &event.operation else { continue };
                    let removal = Operation::Remove { element: element.clone() };
                    if !seen.iter().any(|other| other.operation == removal && other.saw(event)) {
                        adds.insert((element.clone(), by(event), event.seq().into()));
                    }
                }
            }
            State::Log(_) => {
                let entry = |event: &&Event<String, Canonical>| match &event.operation {
                    Operation::Append { entry, timestamp } => {
                        entry_json(&(*timestamp, by(event), event.seq().into(), entry.0.clone()))
                    }
                    _ => panic!("a log is appended to"),
                };
                return seen.iter().map(entry).collect();
            }
        }
        state.json()
    }

    fn greatest(&self, seen: &[&Event<String, Canonical>], key: Option<&str>) -> Value {
        let stamps = seen.iter().filter_map(|event| {
            let (on, value, at) = match &event.operation {
                Operation::Write { value, timestamp } => (None, value, *timestamp),
                Operation::Put { key, value, timestamp } => (Some(&**key), value, *timestamp),
                _ => return None,
            };
            let stamp = (at, event.replica().to_string(), event.seq(), value.0.clone());
            (on == key).then_some(stamp)
        });
        stamps.max().map_or(Value::Null, |(at, by, _, value)| write_json(&(at, by, value)))
    }

    fn open_decisions(&self, replica: usize, object: usize) -> Vec<Frontier<String>> {
        let (name, kind) = OBJECTS[object];
        definition::open_decisions(&name.into(), kind, &self.seen_of(replica, Some(object)))
    }

    // Claims

    const ASKS: usize = 7;

    /// Asks one question, unless it cannot be asked here.
    fn claim(&mut self, replica: usize, object: usize, ask: usize, choice: usize) {
        let (name, kind) = OBJECTS[object];
        let who = REPLICAS[replica];
        let is_loaded = self.loaded.contains(&object);
        let decided = matches!(kind, ObjectType::LwwRegister | ObjectType::LwwMap);
        let whole = choice.is_multiple_of(2);
        let line = match ask % Self::ASKS {
            0 => self.read(replica, object, choice),
            1 if whole && self.loaded.is_empty() => {
                let vector = definition::vector(&self.seen_of(replica, None));
                json!({"event": "vector", "replica": who, "vector": vector_json(&vector, choice)})
            }
            1 if !is_loaded => {
                let vector = definition::vector(&self.seen_of(replica, Some(object)));
                json!({"event": "vector", "replica": who, "object": name,
                       "vector": vector_json(&vector, choice)})
            }
            2 => self.digest(replica, (!whole).then_some(object), choice),
            3 => {
                let value = self.determined(replica, None);
                let same = (0..3).filter(|other| self.determined(*other, None) == value);
                let same: Vec<&str> = same.map(|other| REPLICAS[other]).collect();
                if same.len() < 2 {
                    return;
                }
                json!({"event": "converged", "replicas": same})
            }
            4 if !is_loaded && (decided || kind == ObjectType::OrSet) => {
                let decisions: Vec<Value> =
                    self.open_decisions(replica, object).iter().map(decision_json).collect();
                json!({"event": "decisions", "replica": who, "object": name,
                       "decisions": decisions})
            }
            5 if self.loaded.is_empty() => {
                let user = USERS[choice % 2];
                let notices: Vec<Value> = OBJECTS
                    .iter()
                    .flat_map(|(name, kind)| {
                        let object = (*name).into();
                        let seen = definition::of_object(&self.seen_of(replica, None), &object);
                        let open = definition::open_decisions(&object, *kind, &seen);
                        definition::notices(&open, &user.into())
                    })
                    .map(|notice| notice_json(&notice))
                    .collect();
                json!({"event": "notices", "replica": who, "user": user, "notices": notices})
            }
            6 if !(self.setting.own_stamps && (decided || kind == ObjectType::Log)) => {
                let state = self.state(replica, object);
                json!({"event": "state", "replica": who, "object": name, "state": state})
            }
            _ => return,
        };
        self.claims.push(self.lines.len());
        self.lines.push(line);
    }

    fn read(&self, replica: usize, object: usize, choice: usize) -> Value {
        let (name, kind) = OBJECTS[object];
        let value = self.value(replica, object);
        let mut line = json!({"event": "read", "replica": REPLICAS[replica], "object": name});
        let key = KEYS[choice % 2];
        line["value"] = match kind {
            ObjectType::OrSet if choice % 4 > 1 => {
                line["element"] = json!(key);
                let elements = value.as_array().expect("a set is a list");
                json!(elements.contains(&json!(key)))
            }
            ObjectType::LwwMap if choice % 4 > 1 => {
                line["key"] = json!(key);
                value[key].clone()
            }
            _ => value,
        };
        line
    }

    fn digest(&mut self, replica: usize, object: Option<usize>, choice: usize) -> Value {
        let own = !self.setting.digest_values && self.is_hashed(object);
        let algorithm = (choice % 4 > 1).then_some(if own { "rejoin/1" } else { "sha256" });
        let mut line = json!({"event": "digest", "replica": REPLICAS[replica]});
        if let Some(object) = object {
            line["object"] = json!(OBJECTS[object].0);
        }
        if let Some(algorithm) = algorithm {
            line["algorithm"] = json!(algorithm);
        }
        let of = |at: &usize| object.is_none_or(|object| object == *at);
        let seen = self.seen[replica].iter().copied();
        let knowledge: Knowledge = (
            seen.filter(|event| of(&self.object_of(*event))).collect(),
            self.loaded
                .iter()
                .filter(|at| of(at))
                .map(|at| (*at, self.state_of(replica, *at)))
                .collect(),
        );
        let objects = chosen(u8::MAX);
        let values: Vec<Value> = objects.iter().map(|at| self.value(replica, *at)).collect();
        let label = match (self.setting.digest_values, object) {
            (true, Some(object)) => values[object].to_string(),
            (true, None) => json!(values).to_string(),
            (false, _) => format!("{knowledge:?}"),
        };
        let next = self.labels.len();
        let label = json!(format!("d{}", self.labels.entry(label).or_insert(next)));
        let right = (algorithm == Some("rejoin/1")).then(|| self.state_hash(replica, object));
        let digest = right.clone().unwrap_or(label);
        line["digest"] = digest.clone();
        self.digests.push(Digest {
            line: self.lines.len(),
            scope: (object, algorithm),
            knowledge,
            value: self.determined(replica, object),
            right,
            digest,
        });
        line
    }

    /// Whether the state hash of the object, or of all, follows from the trace.
    fn is_hashed(&self, object: Option<usize>) -> bool {
        let objects = object.map_or_else(|| chosen(u8::MAX), |object| vec![object]);
        let free = |kind| !matches!(kind, ObjectType::GCounter | ObjectType::OrSet);
        objects.into_iter().all(|object| {
            let is_free = self.setting.own_stamps && free(OBJECTS[object].1);
            !is_free && !self.loaded.contains(&object)
        })
    }

    fn state_hash(&self, replica: usize, object: Option<usize>) -> Value {
        let of = |object: usize| {
            let (name, kind) = OBJECTS[object];
            let seen = self.seen_of(replica, Some(object));
            let hash = of_records(kind, state_of_events::records(kind, &seen));
            (ObjectId::from(name), hash)
        };
        let hash = match object {
            Some(object) => of(object).1,
            None => of_hashes(&chosen(u8::MAX).into_iter().map(of).collect()),
        };
        json!(hash.content.to_string())
    }

    fn claim_everything(&mut self) {
        for replica in 0..3 {
            for object in 0..OBJECTS.len() {
                for ask in [0, 1, 2, 4, 6] {
                    self.claim(replica, object, ask, 1);
                }
            }
            for choice in [2, 3] {
                self.claim(replica, 1, 0, choice);
                self.claim(replica, 4, 0, choice);
                self.claim(replica, 0, 5, choice);
            }
            self.claim(replica, 1, 0, 0);
            self.claim(replica, 0, 1, 0);
            self.claim(replica, 0, 2, 0);
            self.claim(replica, 0, 3, 0);
        }
    }

    /// The other replicas that a `converged` at the end of the trace must not name.
    pub fn apart(&self, replica: usize) -> Option<usize> {
        let value = self.determined(replica, None);
        (0..3).find(|other| self.determined(*other, None) != value)
    }

    /// Whether the replica at the end has seen no write of this value to the register or key that
    /// no other write saw.
    pub fn is_superseded(
        &self,
        replica: usize,
        object: usize,
        key: Option<&str>,
        value: &Value,
    ) -> bool {
        let seen = self.seen_of(replica, Some(object));
        let maximal = definition::maximal(&seen, &key.map(String::from));
        let carries = |(_, effect): &(_, definition::Effect<Canonical>)| match effect {
            definition::Effect::Written(written) => parsed(&written.0) == *value,
            _ => false,
        };
        if maximal.is_empty() { !value.is_null() } else { !maximal.iter().any(carries) }
    }

    // What the trace exercised

    /// Pairs of events of which neither saw the other.
    pub fn concurrent_pairs(&self) -> u128 {
        let pairs =
            self.events.iter().enumerate().flat_map(|(i, first)| {
                self.events[i + 1..].iter().map(move |second| (first, second))
            });
        pairs.filter(|(a, b)| !a.saw(b) && !b.saw(a)).count() as u128
    }

    /// How many messages were sent, and how many were never received; how many receptions were
    /// repetitions, and how many came after one of a later message from the same sender.
    pub fn deliveries(&self) -> [u64; 4] {
        let received: BTreeSet<usize> =
            self.receptions.iter().map(|(_, message)| *message).collect();
        let sent = self.messages.len() as u64;
        let (mut repeated, mut reordered) = (0, 0);
        for (i, (replica, message)) in self.receptions.iter().enumerate() {
            let before = self.receptions[..i].iter().filter(|(by, _)| by == replica);
            let before: BTreeSet<usize> = before.map(|(_, message)| *message).collect();
            repeated += u64::from(before.contains(message));
            let sender = self.messages[*message].sender;
            let overtaken =
                |other: &usize| other > message && self.messages[*other].sender == sender;
            reordered += u64::from(before.iter().any(overtaken));
        }
        [sent, sent - received.len() as u64, repeated, reordered]
    }

    pub fn operations(&self) -> u64 {
        self.lines.iter().filter(|line| line["event"] == "op").count() as u64
    }
}

fn stamp_of(event: &Event<String, Canonical>) -> u64 {
    match &event.operation {
        Operation::Write { timestamp, .. }
        | Operation::Put { timestamp, .. }
        | Operation::Append { timestamp, .. } => *timestamp,
        _ => 0,
    }
}

fn vector_json(vector: &BTreeMap<ReplicaId, u128>, choice: usize) -> Value {
    let mut counts: Map<String, Value> =
        vector.iter().map(|(replica, count)| (replica.to_string(), count_json(*count))).collect();
    if choice % 4 > 1 {
        counts.entry("b").or_insert(json!(0));
    }
    counts.into()
}

fn decision_json(open: &Frontier<String>) -> Value {
    let mut decision = json!({});
    if let Some(key) = &open.key {
        decision["key"] = json!(key);
    }
    for (side, decisions) in [("kept", &open.kept), ("superseded", &open.superseded)] {
        let name = |id: &rejoin::operation::DecisionId| json!({"replica": id.dot.origin.replica.as_str(), "seq": id.seq});
        decision[side] = decisions.iter().map(name).collect();
    }
    decision
}

fn notice_json(notice: &rejoin::operation::Notice<String>) -> Value {
    let replica = notice.decision.dot.origin.replica.as_str();
    let mut json = json!({"object": &*notice.object, "replica": replica,
                          "seq": notice.decision.seq});
    if let Some(key) = &notice.key {
        json["key"] = json!(key);
    }
    json
}

/// Where these digest claims, in order, are found false: each is compared with the earlier ones
/// that hold, and then with its true value.
pub fn judge_digests(claims: &[Digest]) -> Vec<(usize, Rule)> {
    let mut held: Vec<&Digest> = Vec::new();
    let mut found = Vec::new();
    for claim in claims {
        let others = || held.iter().filter(|other| other.scope == claim.scope);
        if others().any(|o| o.knowledge == claim.knowledge && o.digest != claim.digest) {
            found.push((claim.line, Rule::DigestEqual));
        } else if others().any(|o| o.digest == claim.digest && o.value != claim.value) {
            found.push((claim.line, Rule::DigestDistinct));
        } else if claim.right.as_ref().is_some_and(|right| *right != claim.digest) {
            found.push((claim.line, Rule::DigestAlgorithm));
        } else {
            held.push(claim);
        }
    }
    found
}
