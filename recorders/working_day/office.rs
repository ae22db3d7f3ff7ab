//! The office: four replicas, the network between them, their clocks, and the recorder that
//! writes down what each is asked to do and what each answers.
//!
//! Nothing here depends on the real clock or on chance: the day can be run again, byte for byte.

use super::recorder::{Recorder, fields};
use super::replica::{Operation, Operation::*, Replica};
use rejoin_harness::Rng;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The objects with their type and their priority class.
const OBJECTS: [(&str, &str, &str); 7] = [
    ("approved", "or-set", HIGH),
    ("conversation", "log", MEDIUM),
    ("patterns", "lww-map", LOW),
    ("processed", "g-counter", HIGH),
    ("strategy", "lww-register", MEDIUM),
    ("tables", "lww-map", HIGH),
    ("warnings", "g-counter", LOW),
];

/// The class that syncs first: the decisions of the users and the progress of the migration.
pub const HIGH: &str = "high";
/// The class that comes next: the conversation and the configuration.
pub const MEDIUM: &str = "medium";
/// The class that can wait: cached patterns, logs and metrics.
pub const LOW: &str = "low";
/// All classes at once.
pub const ALL: &str = "all";

/// The objects of a class.
pub fn objects(class: &str) -> Vec<&'static str> {
    let chosen = OBJECTS.iter().filter(|(_, _, priority)| class == ALL || class == *priority);
    chosen.map(|(object, _, _)| *object).collect()
}

/// The replicas.
const REPLICAS: [&str; 4] = ["server", "ana", "ben", "cleo"];

/// The laptops: the replica, its user, and the tables which that user migrates.
const LAPTOPS: [(&str, &str, [&str; 4]); 3] = [
    ("ana", "Ana", ["customers", "invoices", "orders", "payments"]),
    ("ben", "Ben", ["products", "shipments", "stock", "suppliers"]),
    ("cleo", "Cleo", ["contracts", "employees", "holidays", "salaries"]),
];

/// The columns of every table.
const COLUMNS: [&str; 6] = ["code", "created", "currency", "name", "status", "total"];

/// The days of the story, by how many days they lie before the working day.
const DAYS: [(&str, u64); 5] =
    [("Thursday last week", 7), ("Monday", 3), ("Tuesday", 2), ("Wednesday", 1), ("Thursday", 0)];

/// Midnight of the working day, 1 February 2024 in UTC, in seconds since 1970.
const MIDNIGHT: u64 = 1_706_745_600;

/// What people say to the migration's assistant, and what it answers.
const TALK: [&str; 8] = [
    "Which tables are left?",
    "Show me the rows that failed.",
    "Two columns have the same name. Which one do you mean?",
    "Why did the check take so long?",
    "The totals agree to the cent.",
    "Please explain this mapping.",
    "I would map it to the currency of the customer.",
    "Done. Nothing was left out.",
];

/// A message that was sent; it can be received as often as one likes, or not at all.
pub struct Message {
    name: String,
    to: &'static str,
    bytes: Vec<u8>,
}

/// The office and its recorder.
pub struct Office {
    trace: Recorder<Vec<u8>>,
    replicas: BTreeMap<&'static str, Replica>,
    backups: BTreeMap<&'static str, Vec<u8>>,
    /// In milliseconds since 1970.
    now: u64,
    /// By how many milliseconds each clock runs ahead.
    ahead: BTreeMap<&'static str, i64>,
    random: Rng,
    sent: usize,
    approvals: usize,
    late: Vec<Message>,
}

impl Office {
    /// Writes the header; all replicas are empty.
    pub fn new() -> Self {
        let objects = OBJECTS
            .map(|(object, kind, priority)| (object, json!({"priority": priority, "type": kind})));
        let header = fields!(
            replicas: REPLICAS,
            objects: BTreeMap::from(objects),
            implementation: json!({"name": "crdts", "version": "7.3"}),
            note: "Recorded by recorders/working_day."
        );
        let kinds = OBJECTS.map(|(object, kind, _)| (object, kind));
        Self {
            trace: Recorder::new(Vec::new(), header).expect("memory takes every line"),
            replicas: REPLICAS.map(|name| (name, Replica::new(name, kinds.into_iter()))).into(),
            backups: BTreeMap::new(),
            now: 0,
            ahead: [("server", 0), ("ana", 400), ("ben", -1_200), ("cleo", 900)].into(),
            random: Rng::new(2024),
            sent: 0,
            approvals: 0,
            late: Vec::new(),
        }
    }

    /// The trace.
    pub fn finish(self) -> Vec<u8> {
        self.trace.0
    }

    fn record(&mut self, event: &str, fields: Vec<(&str, Value)>) {
        self.trace.record(event, fields).expect("memory takes every line");
    }

    fn replica(&mut self, name: &str) -> &mut Replica {
        self.replicas.get_mut(name).expect("the replica is declared")
    }

    /// Turns the page: it is this time on that day now.
    pub fn at(&mut self, day: &str, hour: u64, minute: u64, text: &str) {
        let (_, days) = DAYS.iter().find(|(name, _)| *name == day).expect("a day of the story");
        let then = (MIDNIGHT - days * 86_400 + hour * 3_600 + minute * 60) * 1_000;
        assert!(self.now < then, "time runs forward: {day}, {hour:02}:{minute:02}");
        self.now = then;
        let text = format!("{day}, {hour:02}:{minute:02}. {text}");
        self.record("note", fields!(text: text));
    }

    /// Sets a laptop's clock.
    pub fn set_clock(&mut self, replica: &'static str, ahead: i64) {
        self.ahead.insert(replica, ahead);
    }

    // Operations.

    /// One operation, a little later than what was before it.
    pub fn perform(&mut self, replica: &'static str, object: &str, operation: Operation) {
        self.now += 4_000 + self.random.below(30_000);
        let timestamp = self.now.checked_add_signed(self.ahead[replica]).expect("years to go");
        let laptop = LAPTOPS.iter().find(|(name, ..)| *name == replica);
        let user = laptop.map(|(_, user, _)| *user);
        let mut fields = fields!(replica: replica, object: object);
        fields.extend(match &operation {
            Increment(amount) => fields!(op: "increment", amount: amount),
            Write(value) => fields!(op: "write", value: value),
            Add(element) => fields!(op: "add", element: element),
            Remove(element) => fields!(op: "remove", element: element),
            Put(key, value) => fields!(op: "put", key: key, value: value),
            Delete(key) => fields!(op: "delete", key: key),
            Append(entry) => fields!(op: "append", entry: entry),
        });
        if !matches!(operation, Increment(_) | Add(_) | Remove(_)) {
            fields.extend(fields!(timestamp: timestamp));
        }
        if let (Some(user), Some(_)) = (user, operation.decision()) {
            fields.extend(fields!(user: user));
        }
        self.record("op", fields);
        self.replica(replica).perform(object, &operation, timestamp, user);
    }

    /// Everyday work on a laptop: a few steps, each one operation.
    pub fn work(&mut self, laptop: &'static str, steps: usize) {
        let (.., tables) = LAPTOPS.iter().find(|(name, ..)| *name == laptop).expect("a laptop");
        for _ in 0..steps {
            let table = self.random.one_of(tables);
            match self.random.below(16) {
                0..4 => {
                    let rows = 20 * (1 + self.random.below(40));
                    self.perform(laptop, "processed", Increment(rows));
                }
                4..7 => {
                    let before = self.replicas[laptop].effect("tables", table);
                    let more = 5 * (1 + self.random.below(6));
                    let done = (before["done"].as_u64().unwrap_or(0) + more).min(100);
                    let state = if done == 100 { "checked" } else { "copying" };
                    let progress = json!({"done": done, "state": state});
                    self.perform(laptop, "tables", Put(table, progress));
                }
                7..10 => {
                    let column = COLUMNS[self.approvals % COLUMNS.len()];
                    self.approvals += 1;
                    self.perform(laptop, "approved", Add(&format!("{table}.{column}")));
                }
                10 => {
                    let column = self.random.one_of(&COLUMNS);
                    self.perform(laptop, "approved", Remove(&format!("{table}.{column}")));
                }
                11 | 12 => {
                    let said = self.random.one_of(&TALK);
                    self.perform(laptop, "conversation", Append(said));
                }
                13 => {
                    let pattern = format!("*.{}", self.random.one_of(&COLUMNS));
                    let confidence = 50 + self.random.below(50);
                    self.perform(laptop, "patterns", Put(&pattern, confidence.into()));
                }
                14 => {
                    let pattern = format!("*.{}", self.random.one_of(&COLUMNS));
                    self.perform(laptop, "patterns", Delete(&pattern));
                }
                _ => {
                    let lines = 1 + self.random.below(3);
                    self.perform(laptop, "warnings", Increment(lines));
                }
            }
        }
    }

    // The network.

    /// A message with all that `from` has of this class.
    pub fn send(&mut self, from: &'static str, to: &'static str, class: &str) -> Message {
        self.sent += 1;
        let name = format!("m{}", self.sent);
        let mut fields = fields!(replica: from, message: name, to: to);
        fields.extend(only(class));
        self.record("send", fields);
        Message { name, to, bytes: self.replicas[from].encode(&objects(class)) }
    }

    /// The message arrives.
    pub fn receive(&mut self, message: &Message) {
        self.record("receive", fields!(replica: message.to, message: message.name));
        self.replica(message.to).receive(&message.bytes);
    }

    /// Both send each other all that they have of this class, and nothing is lost.
    pub fn exchange(&mut self, one: &'static str, other: &'static str, class: &str) {
        let there = self.send(one, other, class);
        self.receive(&there);
        let back = self.send(other, one, class);
        self.receive(&back);
    }

    /// A message on a bad network: it may be lost, come twice, or come late.
    pub fn push(&mut self, from: &'static str, to: &'static str, class: &str) {
        let message = self.send(from, to, class);
        match self.random.below(8) {
            0 => {}
            1 => {
                self.receive(&message);
                self.receive(&message);
            }
            2 | 3 => self.late.push(message),
            _ => self.receive(&message),
        }
    }

    /// What is late arrives, the latest message first.
    pub fn deliver_late(&mut self) {
        while let Some(message) = self.late.pop() {
            self.receive(&message);
        }
    }

    /// One replica takes over what another has.
    pub fn merge(&mut self, replica: &'static str, from: &'static str, class: &str) {
        let mut fields = fields!(replica: replica, from: from);
        fields.extend(only(class));
        self.record("merge", fields);
        let state = self.replicas[from].encode(&objects(class));
        self.replica(replica).receive(&state);
    }

    /// Two replicas synchronize.
    pub fn sync(&mut self, one: &'static str, other: &'static str, class: &str) {
        let mut fields = fields!(replicas: [one, other]);
        fields.extend(only(class));
        self.record("sync", fields);
        for (from, to) in [(one, other), (other, one)] {
            let state = self.replicas[from].encode(&objects(class));
            self.replica(to).receive(&state);
        }
    }

    /// A backup is taken.
    pub fn save(&mut self, replica: &'static str, snapshot: &'static str) {
        self.record("save", fields!(replica: replica, snapshot: snapshot));
        self.backups.insert(snapshot, self.replicas[replica].encode(&objects(ALL)));
    }

    /// A replica is restored from a backup.
    pub fn restore(&mut self, replica: &'static str, snapshot: &'static str) {
        self.record("restore", fields!(replica: replica, snapshot: snapshot));
        let backup = self.backups[snapshot].clone();
        self.replica(replica).restore(&backup);
    }

    // Answers.

    /// The value of an object.
    pub fn read(&mut self, replica: &'static str, object: &str) {
        let value = self.replicas[replica].value(object);
        self.answer("read", replica, Some(object), fields!(value: value));
    }

    /// The value of one element of a set or one key of a map.
    pub fn read_one(&mut self, replica: &'static str, object: &str, key: &str) {
        let field = if object == "approved" { "element" } else { "key" };
        let value = self.replicas[replica].effect(object, key);
        self.answer("read", replica, Some(object), vec![(field, json!(key)), ("value", value)]);
    }

    /// The state vector, of one object or of all.
    pub fn vector(&mut self, replica: &'static str, object: Option<&str>) {
        let vector = fields!(vector: self.replicas[replica].vector(object));
        self.answer("vector", replica, object, vector);
    }

    /// The state hash, of one object or of all.
    pub fn digest(&mut self, replica: &'static str, object: Option<&str>) {
        let digest = self.replicas[replica].digest(object);
        self.answer("digest", replica, object, fields!(digest: digest));
    }

    /// The open merge decisions of an object.
    pub fn decisions(&mut self, replica: &'static str, object: &str) {
        let decisions = self.replicas[replica].decisions(object);
        self.answer("decisions", replica, Some(object), fields!(decisions: decisions));
    }

    /// The notices of a user.
    pub fn notices(&mut self, replica: &'static str, user: &str) {
        let notices = self.replicas[replica].notices(user);
        self.answer("notices", replica, None, fields!(user: user, notices: notices));
    }

    /// The state behind the value of a register, map or log.
    pub fn state(&mut self, replica: &'static str, object: &str) {
        let state = self.replicas[replica].state(object);
        self.answer("state", replica, Some(object), fields!(state: state));
    }

    /// These replicas find that they hold the same state.
    pub fn converged(&mut self, replicas: &[&'static str]) {
        let [first, others @ ..] = replicas else { panic!("nobody to compare") };
        for other in others {
            let agree = self.replicas[first].agrees_with(&self.replicas[other]);
            assert!(agree, "{first} and {other} should hold the same state by now");
        }
        self.record("converged", fields!(replicas: replicas));
    }

    fn answer(
        &mut self,
        claim: &str,
        replica: &str,
        object: Option<&str>,
        more: Vec<(&str, Value)>,
    ) {
        let mut fields = fields!(replica: replica);
        fields.extend(object.map(|object| ("object", json!(object))));
        fields.extend(more);
        self.record(claim, fields);
    }
}

/// The field `objects`, which is left out where all are meant.
fn only(class: &str) -> Option<(&'static str, Value)> {
    (class != ALL).then(|| ("objects", json!(objects(class))))
}
