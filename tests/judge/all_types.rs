//! Random traces of all types. Plain sets of events answer them, and the judge accepts these
//! answers. With one claim falsified, the judge rejects the trace where brute force says so.
//!
//! How: what a replica has seen is a set of events. `rejoin::definition` answers over that set for
//! counters, registers, sets, flags, maps and logs. A list is answered in one hidden order of all
//! elements; a falsified list is compared with all earlier claims by a transitive closure. An
//! opaque object answers with the set itself. Half of the traces declare only types that engines
//! have; then the reference and the optimized engine follow. A sixth have own stamps: registers, maps and logs
//! are then answered in a hidden order that extends what each operation saw, and falsified answers are held
//! against all orders. Each trace is judged twice, as it is and falsified; what the traces reach is counted,
//! by type and rule.

mod brute_force;
mod reached;

use reached::Reached;
use rejoin::definition::{self, Event, EventId};
use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::json::Json;
use rejoin::object::TraceType;
use rejoin::operation::{Answer, Canonical, Operation};
use rejoin_harness::Rng;
use rejoin_judge::{EngineName, Options, Report, Rule, Verdict, check};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

const REPLICAS: [&str; 3] = ["a", "b", "c"];
const USERS: [&str; 2] = ["u", "v"];
const KEYS: [&str; 2] = ["x", "y"];
const VALUES: [&str; 5] = ["null", "0", "10", "\"x\"", "[1]"];
/// What an implementation may order by a rule of its own.
const STAMPED: [TraceType; 3] = [TraceType::LwwRegister, TraceType::LwwMap, TraceType::Log];
const FOREIGN: &str = "never written";

type Seen = BTreeSet<usize>;

/// The content of a claim, and what decides whether it is true.
#[derive(Clone)]
enum Said {
    /// There is one right answer.
    Answer { rule: Rule, holds: bool },
    /// A list, and which elements it has by definition.
    List { answer: Vec<String>, visible: BTreeSet<String> },
    /// Where elements were inserted: pairs of which the first is before the second.
    Place(Vec<[String; 2]>),
    /// What was seen of an opaque object, the query, and the answer.
    Opaque { seen: Vec<usize>, query: String, answer: String },
    /// With own stamps: what was seen of a register, a map or one key of it, and the answer.
    Shown { key: Option<&'static str>, seen: Vec<usize>, value: Value },
    /// With own stamps: what was seen of a log, and the answer.
    Entries { seen: Vec<usize>, value: Value },
    /// Nothing yet: these two have different values, so that it would be false to say they converged.
    Apart([&'static str; 2]),
}

#[derive(Clone)]
struct Claim {
    line: usize,
    kind: Option<TraceType>,
    said: Said,
}

struct World {
    random: Rng,
    /// Whether timestamps have two parts, which no engine takes.
    has_parts: bool,
    /// Whether the implementation orders writes and entries by a rule of its own.
    has_own_stamps: bool,
    /// With own stamps, the events in that order.
    hidden: Vec<usize>,
    kinds: Vec<TraceType>,
    events: Vec<Event<String, Canonical>>,
    seen: [Seen; 3],
    messages: Vec<Seen>,
    backups: Vec<(usize, Seen)>,
    /// All elements of the list, in their hidden order.
    order: Vec<String>,
    /// Which events insert and delete which element.
    inserts: BTreeMap<String, usize>,
    deletes: BTreeMap<usize, String>,
    lines: Vec<Value>,
    claims: Vec<Claim>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Rng::new(seed);
        let with_engines = random.place(2) == 0;
        let has_own_stamps = !with_engines && random.place(3) == 0;
        let has_parts = !with_engines && !has_own_stamps && random.place(2) == 0;
        let of_engines = |kind: &TraceType| !with_engines || kind.engine().is_some();
        // Few objects, so that replicas meet on them.
        let mut others: Vec<TraceType> = TraceType::ALL.into_iter().filter(of_engines).collect();
        let mut kinds = if has_own_stamps { STAMPED.to_vec() } else { Vec::new() };
        others.retain(|kind| !kinds.contains(kind));
        for _ in 0..=1 + random.place(3) {
            kinds.push(others.swap_remove(random.place(others.len())));
        }
        let declared: Map<String, Value> = kinds
            .iter()
            .map(|kind| (kind.as_str().into(), json!({"type": kind.as_str()})))
            .collect();
        let stamps = if has_own_stamps { "own" } else { "explicit" };
        let header = json!({
            "trace": "rejoin/1", "replicas": REPLICAS, "objects": declared, "stamps": stamps
        });
        let mut world = Self {
            random,
            has_parts,
            has_own_stamps,
            hidden: Vec::new(),
            kinds,
            events: Vec::new(),
            seen: Default::default(),
            messages: Vec::new(),
            backups: Vec::new(),
            order: Vec::new(),
            inserts: BTreeMap::new(),
            deletes: BTreeMap::new(),
            lines: vec![header],
            claims: Vec::new(),
        };
        for _ in 0..10 + world.random.place(40) {
            world.step();
        }
        if world.random.place(4) > 0 {
            // All see all.
            for (to, from) in [(0, 1), (0, 2), (1, 0), (2, 0)] {
                world.merge(to, from);
            }
        }
        for at in 0..3 {
            let kind = world.one_kind();
            world.read(at, kind);
        }
        if has_own_stamps {
            // Answers with equal knowledge, and orders that overlap.
            let kind = STAMPED[world.random.place(3)];
            (0..6).for_each(|at| world.read(at % 3, kind));
        }
        world
    }

    /// A type; often one that no engine has, since the judge then compares answers with each other.
    fn one_kind(&mut self) -> TraceType {
        if self.has_own_stamps && self.random.place(2) == 0 {
            return STAMPED[self.random.place(3)];
        }
        let has = |kind: &TraceType| self.kinds.contains(kind);
        let compared = [TraceType::List, TraceType::List, TraceType::Opaque];
        let compared: Vec<TraceType> = compared.into_iter().filter(has).collect();
        if !compared.is_empty() && self.random.place(3) == 0 {
            return compared[self.random.place(compared.len())];
        }
        self.kinds[self.random.place(self.kinds.len())]
    }

    fn step(&mut self) {
        let at = self.random.place(3);
        match self.random.place(22) {
            0..=8 => self.operate(at),
            9 | 10 => self.send(at),
            11 | 12 if !self.messages.is_empty() => {
                let message = self.random.place(self.messages.len());
                let held = self.messages[message].clone();
                self.seen[at].extend(held);
                let message = format!("m{message}");
                self.lines
                    .push(json!({"event": "receive", "replica": REPLICAS[at], "message": message}));
            }
            13 | 20 | 21 => {
                let from = self.random.place(3);
                self.merge(at, from);
            }
            14 => {
                let snapshot = format!("s{}", self.backups.len());
                self.backups.push((at, self.seen[at].clone()));
                self.lines
                    .push(json!({"event": "save", "replica": REPLICAS[at], "snapshot": snapshot}));
            }
            15 if !self.backups.is_empty() => {
                let number = self.random.place(self.backups.len());
                let (of, seen) = self.backups[number].clone();
                self.seen[of] = seen;
                let snapshot = format!("s{number}");
                self.lines.push(
                    json!({"event": "restore", "replica": REPLICAS[of], "snapshot": snapshot}),
                );
            }
            16 => self.claim(at),
            _ => {
                let kind = self.one_kind();
                self.read(at, kind);
            }
        }
    }

    fn merge(&mut self, to: usize, from: usize) {
        let held = self.seen[from].clone();
        self.seen[to].extend(held);
        self.lines.push(json!({"event": "merge", "replica": REPLICAS[to], "from": REPLICAS[from]}));
    }

    /// The numbers of the events of an object among those that were seen.
    fn of_object(&self, kind: TraceType, seen: &Seen) -> Vec<usize> {
        let is_on = |event: &&usize| *self.events[**event].id.object == *kind.as_str();
        seen.iter().filter(is_on).copied().collect()
    }

    fn events(&self, numbers: &[usize]) -> Vec<&Event<String, Canonical>> {
        numbers.iter().map(|number| &self.events[*number]).collect()
    }

    fn operate(&mut self, at: usize) {
        let kind = self.one_kind();
        let number = self.events.len();
        let key = KEYS[self.random.place(2)].to_string();
        let text = VALUES[self.random.place(VALUES.len())];
        let value = Canonical::from(&Json::parse(text).expect("it is JSON"));
        let json_value: Value = serde_json::from_str(text).expect("it is JSON");
        let timestamp = 1 + self.random.below(4);
        let first = self.random.place(2) == 0;
        let amount = 1 + self.random.below(3);
        let mut line = json!({
            "event": "op", "replica": REPLICAS[at], "object": kind.as_str(), "id": format!("o{number}")
        });
        let mut set = |members: &[(&str, Value)]| {
            for (name, value) in members {
                line[*name] = value.clone();
            }
        };
        let operation = match kind {
            TraceType::PnCounter if first => {
                set(&[("op", json!("decrement")), ("amount", json!(amount))]);
                Operation::Decrement { amount }
            }
            TraceType::GCounter | TraceType::PnCounter => {
                set(&[("op", json!("increment")), ("amount", json!(amount))]);
                Operation::Increment { amount }
            }
            TraceType::LwwRegister => {
                let timestamp = json!(timestamp);
                set(&[("op", json!("write")), ("value", json_value), ("timestamp", timestamp)]);
                Operation::Write { value, timestamp: line["timestamp"].as_u64().expect("a number") }
            }
            TraceType::MvRegister => {
                set(&[("op", json!("write")), ("value", json_value)]);
                Operation::Write { value, timestamp: 0 }
            }
            TraceType::LwwMap | TraceType::MvMap => {
                set(&[("op", json!("put")), ("key", json!(key)), ("value", json_value)]);
                let is_timed = kind == TraceType::LwwMap;
                if is_timed {
                    line["timestamp"] = json!(timestamp);
                }
                Operation::Put { key, value, timestamp: if is_timed { timestamp } else { 0 } }
            }
            TraceType::Log => {
                let timestamp = json!(timestamp);
                set(&[("op", json!("append")), ("entry", json_value), ("timestamp", timestamp)]);
                Operation::Append {
                    entry: value,
                    timestamp: line["timestamp"].as_u64().expect("a number"),
                }
            }
            TraceType::OrSet | TraceType::TwoPhaseSet | TraceType::RwSet if first => {
                set(&[("op", json!("remove")), ("element", json!(key))]);
                Operation::Remove { element: key }
            }
            TraceType::OrSet | TraceType::GSet | TraceType::TwoPhaseSet | TraceType::RwSet => {
                set(&[("op", json!("add")), ("element", json!(key))]);
                Operation::Add { element: key }
            }
            TraceType::EwFlag | TraceType::DwFlag => {
                set(&[("op", json!(if first { "enable" } else { "disable" }))]);
                if first { Operation::Enable } else { Operation::Disable }
            }
            TraceType::MaxRegister | TraceType::MinRegister => {
                let integer = self.random.below(7) as i64 - 3;
                set(&[("op", json!("write")), ("value", json!(integer))]);
                Operation::WriteInteger { integer: integer.into() }
            }
            TraceType::Opaque => {
                set(&[("op", json!("anything")), ("arguments", json!([number]))]);
                Operation::Enable
            }
            TraceType::List => {
                self.edit_list(at, number, first, &mut line);
                Operation::Enable
            }
        };
        if self.has_own_stamps {
            line.as_object_mut().expect("a line is an object").remove("timestamp");
            // Behind all that the replica has seen.
            let behind = self.hidden.iter().rposition(|event| self.seen[at].contains(event));
            let first = behind.map_or(0, |place| place + 1);
            let place = first + self.random.place(self.hidden.len() + 1 - first);
            self.hidden.insert(place, number);
        }
        if let (true, Some(timestamp)) = (self.has_parts, line["timestamp"].as_u64()) {
            // In two parts they have the same order; of an even one the second part is 0, and left out.
            line["timestamp"] = match (timestamp / 2, timestamp % 2) {
                (first, 0) => json!([first]),
                (first, second) => json!([first, second]),
            };
        }
        let user = (self.random.place(2) == 0).then(|| USERS[self.random.place(2)]);
        if let Some(user) = user {
            line["user"] = json!(user);
        }
        let sees = self.seen[at].iter().map(|event| self.events[*event].id.clone()).collect();
        let replica = ReplicaId::new(REPLICAS[at]).expect("it is a name");
        // The counter only makes each name unique.
        let dot = Dot { origin: Origin { replica, incarnation: 0 }, counter: 1 + number as u64 };
        let id = EventId { object: kind.as_str().into(), dot };
        self.events.push(Event { id, operation, user: user.map(Into::into), sees });
        self.seen[at].insert(number);
        self.lines.push(line);
    }

    fn edit_list(&mut self, at: usize, number: usize, inserts: bool, line: &mut Value) {
        let is_seen = |element: &&String| self.seen[at].contains(&self.inserts[*element]);
        let known: Vec<String> = self.order.iter().filter(is_seen).cloned().collect();
        if !inserts && !known.is_empty() {
            let element = known[self.random.place(known.len())].clone();
            line["op"] = json!("delete");
            line["element"] = json!(element);
            self.deletes.insert(number, element);
            return;
        }
        let element = format!("e{number}");
        let place = self.random.place(self.order.len() + 1);
        let (before, after): (Vec<String>, Vec<String>) = known.into_iter().partition(|other| {
            self.order.iter().position(|of| of == other).is_some_and(|of| of >= place)
        });
        line["op"] = json!("insert");
        line["element"] = json!(element);
        let mut pairs = Vec::new();
        if let (Some(after), 0) = (after.last(), self.random.place(2)) {
            line["after"] = json!(after);
            pairs.push([after.clone(), element.clone()]);
        }
        if let (Some(before), 0) = (before.first(), self.random.place(2)) {
            line["before"] = json!(before);
            pairs.push([element.clone(), before.clone()]);
        }
        if !pairs.is_empty() {
            let (line, kind) = (self.lines.len(), Some(TraceType::List));
            self.claims.push(Claim { line, kind, said: Said::Place(pairs) });
        }
        self.order.insert(place, element.clone());
        self.inserts.insert(element, number);
    }

    fn send(&mut self, at: usize) {
        let number = self.messages.len();
        let mut line =
            json!({"event": "send", "replica": REPLICAS[at], "message": format!("m{number}")});
        let mut held = self.seen[at].clone();
        match self.random.place(5) {
            0 => {
                let count = self.random.place(self.kinds.len() + 1);
                let names: Vec<&str> = (0..count).map(|_| self.one_kind().as_str()).collect();
                held.retain(|event| names.contains(&&*self.events[*event].id.object));
                line["objects"] = json!(names);
            }
            1 if number > 0 => {
                let since = self.random.place(number);
                held = held.difference(&self.messages[since]).copied().collect();
                line["since"] = json!([format!("m{since}")]);
            }
            2 => {
                held.retain(|_| self.random.place(2) == 0);
                let ids: Vec<String> = held.iter().map(|event| format!("o{event}")).collect();
                line["operations"] = json!(ids);
            }
            _ => {}
        }
        if number > 0 && self.random.place(6) == 0 {
            let relayed = self.random.place(number);
            held.extend(&self.messages[relayed]);
            line["relays"] = json!([format!("m{relayed}")]);
        }
        self.messages.push(held);
        self.lines.push(line);
    }

    fn visible(&self, seen: &Seen) -> Vec<String> {
        let deleted = |element: &String| {
            self.deletes.iter().any(|(event, of)| of == element && seen.contains(event))
        };
        let is_there =
            |element: &&String| seen.contains(&self.inserts[*element]) && !deleted(element);
        self.order.iter().filter(is_there).cloned().collect()
    }

    /// The whole value of an object.
    fn value(&self, kind: TraceType, seen: &Seen) -> Value {
        let numbers = self.of_object(kind, seen);
        let events = self.events(&numbers);
        if self.has_own_stamps && kind.is_stamped() {
            return self.hidden_value(kind, &numbers);
        }
        if let Some(kind) = kind.engine() {
            return json_of(definition::value(kind, &events));
        }
        match kind {
            TraceType::GSet => json!(definition::elements_by(&events, definition::in_g_set)),
            TraceType::TwoPhaseSet => {
                json!(definition::elements_by(&events, definition::in_2p_set))
            }
            TraceType::List => json!(self.visible(seen)),
            _ => json!(numbers),
        }
    }

    /// The value in the hidden order.
    fn hidden_value(&self, kind: TraceType, numbers: &[usize]) -> Value {
        let ordered = self.hidden.iter().filter(|event| numbers.contains(event));
        let mut ordered = ordered.map(|event| self.written(*event));
        match kind {
            TraceType::Log => ordered.map(|(_, value)| value).collect(),
            TraceType::LwwRegister => ordered.next_back().map_or(Value::Null, |(_, value)| value),
            _ => {
                let mut values: Map<String, Value> =
                    ordered.map(|(key, value)| (key.to_string(), value)).collect();
                values.retain(|_, value| !value.is_null());
                Value::Object(values)
            }
        }
    }

    /// The key and the value that an event writes, or the entry that it appends.
    fn written(&self, event: usize) -> (&str, Value) {
        let (key, value) = match &self.events[event].operation {
            Operation::Put { key, value, .. } => (key.as_str(), value),
            Operation::Write { value, .. } | Operation::Append { entry: value, .. } => ("", value),
            other => unreachable!("{other:?} writes no value"),
        };
        (key, serde_json::from_str(value.as_str()).expect("values are JSON"))
    }

    fn push(&mut self, line: Value, kind: Option<TraceType>, said: Said) {
        self.claims.push(Claim { line: self.lines.len(), kind, said });
        self.lines.push(line);
    }

    fn read(&mut self, at: usize, kind: TraceType) {
        let seen = self.seen[at].clone();
        let value = self.value(kind, &seen);
        let mut line = json!({"event": "read", "replica": REPLICAS[at], "object": kind.as_str()});
        let is_single = self.random.place(2) == 0;
        let key = KEYS[self.random.place(2)];
        let right = |rule| Said::Answer { rule, holds: true };
        match kind {
            TraceType::List => {
                let answer = self.visible(&seen);
                let visible = answer.iter().cloned().collect();
                line["value"] = value;
                self.push(line, Some(kind), Said::List { answer, visible });
            }
            TraceType::Opaque => {
                let query = [json!(null), json!("q")][self.random.place(2)].clone();
                if !query.is_null() {
                    line["query"] = query.clone();
                }
                let (seen, asked) = (self.of_object(kind, &seen), query.to_string());
                line["value"] = json!([value, query]);
                let answer = line["value"].to_string();
                self.push(line, Some(kind), Said::Opaque { seen, query: asked, answer });
            }
            TraceType::Log if self.has_own_stamps => {
                line["value"] = value.clone();
                let seen = self.of_object(kind, &seen);
                self.push(line, Some(kind), Said::Entries { seen, value });
            }
            TraceType::LwwRegister | TraceType::LwwMap if self.has_own_stamps => {
                let is_single = is_single && kind.is_map();
                let value = match is_single {
                    true => value.get(key).cloned().unwrap_or_default(),
                    false => value,
                };
                if is_single {
                    line["key"] = json!(key);
                }
                line["value"] = value.clone();
                let (key, seen) = (is_single.then_some(key), self.of_object(kind, &seen));
                self.push(line, Some(kind), Said::Shown { key, seen, value });
            }
            kind if kind.is_set() && is_single => {
                line["element"] = json!(key);
                let elements = value.as_array().expect("a set is an array");
                line["value"] = json!(elements.contains(&json!(key)));
                self.push(line, Some(kind), right(rule_of(kind)));
            }
            kind if kind.is_map() && is_single => {
                line["key"] = json!(key);
                let none = if kind == TraceType::MvMap { json!([]) } else { json!(null) };
                line["value"] = value.get(key).cloned().unwrap_or(none);
                self.push(line, Some(kind), right(rule_of(kind)));
            }
            kind => {
                line["value"] = value;
                self.push(line, Some(kind), right(rule_of(kind)));
            }
        }
    }

    fn claim(&mut self, at: usize) {
        let which = self.random.place(4);
        let seen: Vec<usize> = self.seen[at].iter().copied().collect();
        let events = self.events(&seen);
        let replica = REPLICAS[at];
        // With own stamps, what is kept is for the implementation to say: tests/judge/random_traces.rs.
        let is_determined = |kind: &TraceType| !(self.has_own_stamps && kind.is_stamped());
        let has_decisions = |kind: &TraceType| kind.has_decisions() && is_determined(kind);
        let with_decisions: Vec<TraceType> =
            self.kinds.iter().copied().filter(has_decisions).collect();
        let open = |kind: TraceType| {
            let events = self.events(&self.of_object(kind, &self.seen[at]));
            let kind = kind.engine().expect("types with decisions have engines");
            definition::open_decisions(&kind.as_str().into(), kind, &events)
        };
        let name = |id: &rejoin::operation::DecisionId| json!({"replica": id.dot.origin.replica.as_str(), "seq": id.seq});
        let (line, rule) = match which {
            0 => {
                let vector: Map<String, Value> = definition::vector(&events)
                    .into_iter()
                    .map(|(of, count)| (of.to_string(), json!(count as u64)))
                    .collect();
                (json!({"event": "vector", "replica": replica, "vector": vector}), Rule::Vector)
            }
            1 => {
                if with_decisions.is_empty() {
                    return;
                }
                let kind = with_decisions[at % with_decisions.len()];
                let decision = |open: rejoin::operation::Frontier<String>| {
                    let list = |ids: &BTreeSet<_>| ids.iter().map(name).collect::<Vec<_>>();
                    let mut line =
                        json!({"kept": list(&open.kept), "superseded": list(&open.superseded)});
                    if let Some(key) = &open.key {
                        line["key"] = json!(key);
                    }
                    line
                };
                let decisions: Vec<Value> = open(kind).into_iter().map(decision).collect();
                let line = json!({
                    "event": "decisions", "replica": replica, "object": kind.as_str(),
                    "decisions": decisions
                });
                (line, Rule::Decisions)
            }
            2 if !self.has_own_stamps => {
                let user = USERS[at % 2];
                let all: Vec<_> = with_decisions.into_iter().flat_map(open).collect();
                let notice = |notice: rejoin::operation::Notice<String>| {
                    let mut line = name(&notice.decision);
                    line["object"] = json!(&*notice.object);
                    if let Some(key) = notice.key {
                        line["key"] = json!(key);
                    }
                    line
                };
                let notices = definition::notices(&all, &user.into());
                let notices: Vec<Value> = notices.into_iter().map(notice).collect();
                let line = json!({
                    "event": "notices", "replica": replica, "user": user, "notices": notices
                });
                (line, Rule::Notices)
            }
            _ => {
                let other = (at + 1) % 3;
                let is_same = |kind: &TraceType| {
                    let [a, b] = [at, other].map(|of| self.sorted(*kind, &self.seen[of]));
                    *kind == TraceType::Opaque || !is_determined(kind) || a == b
                };
                let names = [replica, REPLICAS[other]];
                if !self.kinds.iter().all(is_same) {
                    let note = json!({"event": "note", "text": "two have different values here"});
                    return self.push(note, None, Said::Apart(names));
                }
                (json!({"event": "converged", "replicas": names}), Rule::Converged)
            }
        };
        self.push(line, None, Said::Answer { rule, holds: true });
    }

    /// The value, a list as the set of its elements.
    fn sorted(&self, kind: TraceType, seen: &Seen) -> Value {
        match kind {
            TraceType::List => json!(self.visible(seen).into_iter().collect::<BTreeSet<_>>()),
            kind => self.value(kind, seen),
        }
    }

    /// Another answer to one claim; if several answers can be right, it may be right as well.
    fn falsified(&mut self) -> Option<(Vec<Value>, Vec<Claim>)> {
        let (mut lines, mut claims) = (self.lines.clone(), self.claims.clone());
        let number = match self.has_own_stamps && self.random.place(2) == 0 {
            true => claims.len() - 1 - self.random.place(6),
            false => self.random.place(claims.len()),
        };
        let claim = &mut claims[number];
        let line = &mut lines[claim.line];
        if !matches!(claim.said, Said::Place(_)) && self.random.place(16) == 0 {
            // The implementation threw instead of answering.
            *line = json!({"event": "failed", "replica": REPLICAS[0], "text": "it threw"});
            claim.said = Said::Answer { rule: Rule::Failed, holds: false };
            return Some((lines, claims));
        }
        match &mut claim.said {
            Said::Place(_) => return None,
            Said::Answer { rule: Rule::Converged, .. } => return None,
            Said::Apart(names) => {
                *line = json!({"event": "converged", "replicas": names});
                claim.said = Said::Answer { rule: Rule::Converged, holds: false };
            }
            Said::List { answer, .. } => {
                match self.random.place(4) {
                    0 => drop(answer.pop()),
                    1 => answer.push(FOREIGN.into()),
                    2 => answer.extend(answer.first().cloned()),
                    _ => answer.reverse(),
                }
                line["value"] = json!(answer);
            }
            Said::Shown { key, seen, value } => {
                let is_whole = claim.kind == Some(TraceType::LwwMap) && key.is_none();
                let of = match (claim.kind, *key) {
                    (Some(TraceType::LwwRegister), _) => "",
                    (_, Some(key)) => key,
                    _ => KEYS[self.random.place(2)],
                };
                // Half of the time a value that was written lately, which may contradict an order only.
                let mut written = Vec::new();
                for event in seen.iter().rev() {
                    match &self.events[*event].operation {
                        Operation::Put { key, value, .. } if key == of => written.push(value),
                        Operation::Write { value, .. } => written.push(value),
                        _ => {}
                    }
                }
                written.truncate(3);
                let others = ["null", "0", "10", "\"x\"", "[1]", "\"never written\""];
                let text = match self.random.place(2) {
                    0 if !written.is_empty() => written[self.random.place(written.len())].as_str(),
                    _ => others[self.random.place(others.len())],
                };
                let other: Value = serde_json::from_str(text).expect("it is JSON");
                match value.as_object_mut() {
                    Some(members) if is_whole && other.is_null() => drop(members.remove(of)),
                    Some(members) if is_whole => drop(members.insert(of.into(), other)),
                    _ => *value = other,
                }
                line["value"] = value.clone();
            }
            Said::Entries { value, .. } => {
                let entries = value.as_array_mut().expect("a log is an array");
                let places = [
                    self.random.place(entries.len().max(1)),
                    self.random.place(entries.len().max(1)),
                ];
                match self.random.place(6) {
                    0 => drop(entries.pop()),
                    1 => entries.push(json!(FOREIGN)),
                    2 => entries.reverse(),
                    _ if entries.is_empty() => {}
                    _ => entries.swap(places[0], places[1]),
                }
                line["value"] = value.clone();
            }
            Said::Opaque { answer, .. } => {
                *answer = json!(FOREIGN).to_string();
                line["value"] = json!(FOREIGN);
            }
            Said::Answer { rule, holds } => {
                *holds = false;
                spoil(*rule, claim.kind, line);
            }
        }
        Some((lines, claims))
    }
}

/// Falsifies an answer of which only one is right.
fn spoil(rule: Rule, kind: Option<TraceType>, line: &mut Value) {
    let foreign = json!(FOREIGN);
    let id = json!({"replica": "a", "seq": 1_000});
    match rule {
        Rule::Vector => line["vector"]["a"] = json!(1_000),
        Rule::Notices => {
            let notice = json!({"object": "or-set", "key": "x", "replica": "a", "seq": 1_000});
            line["notices"].as_array_mut().expect("notices are a list").push(notice);
        }
        Rule::Decisions => {
            let mut open = json!({"kept": [id], "superseded": []});
            if ["or-set", "rw-set", "lww-map"].iter().any(|name| line["object"] == *name) {
                open["key"] = json!("x");
            }
            line["decisions"].as_array_mut().expect("decisions are a list").push(open);
        }
        _ => {
            let kind = kind.expect("a read has an object");
            let value = line["value"].take();
            line["value"] = match value {
                Value::Bool(is_there) => json!(!is_there),
                Value::Number(number) => json!(number.as_i64().expect("a small number") + 1),
                Value::Null if matches!(kind, TraceType::MaxRegister | TraceType::MinRegister) => {
                    json!(9)
                }
                Value::Array(mut items) if kind.is_set() => {
                    let had = items.len();
                    items.retain(|item| *item != "x");
                    if items.len() == had {
                        items.push(json!("x"));
                    }
                    Value::Array(items)
                }
                Value::Array(mut items) if kind != TraceType::LwwRegister => {
                    items.push(foreign);
                    Value::Array(items)
                }
                Value::Object(mut members) if kind == TraceType::MvMap => {
                    members.insert("x".into(), json!([foreign]));
                    Value::Object(members)
                }
                Value::Object(mut members) => {
                    members.insert("x".into(), foreign);
                    Value::Object(members)
                }
                _ => foreign,
            };
        }
    }
}

fn json_of(answer: Answer<String, Canonical>) -> Value {
    let json = |value: &Canonical| -> Value {
        serde_json::from_str(value.as_str()).expect("values are JSON")
    };
    match answer {
        Answer::Count(count) => json!(count.expect("a small count") as u64),
        Answer::Value(value) => value.as_ref().map_or(Value::Null, json),
        Answer::Elements(elements) => json!(elements),
        Answer::Values(values) => {
            Value::Object(values.iter().map(|(key, value)| (key.clone(), json(value))).collect())
        }
        Answer::Entries(entries) => entries.iter().map(json).collect(),
        Answer::Balance(balance) => json!(balance.expect("a small balance") as i64),
        Answer::Enabled(is_enabled) => json!(is_enabled),
        Answer::Concurrent(values) => values.iter().map(json).collect(),
        Answer::ConcurrentByKey(values) => {
            let member =
                |(key, values): (String, BTreeSet<_>)| (key, values.iter().map(json).collect());
            Value::Object(values.into_iter().map(member).collect())
        }
        Answer::Integer(integer) => integer.map_or(Value::Null, |integer| json!(integer as i64)),
    }
}

fn rule_of(kind: TraceType) -> Rule {
    if kind == TraceType::Opaque {
        return Rule::OpaqueAgreement;
    }
    let name = format!("{}/value", kind.as_str());
    Rule::ALL.into_iter().find(|rule| rule.as_str() == name).expect("each type has a rule")
}

fn judged(lines: &[Value], expected: &[(usize, Rule)], seed: u64) -> Report {
    let trace: String = lines.iter().map(|line| format!("{line}\n")).collect();
    // Engines are compared with the judge whatever is claimed, so once is enough.
    let engines = match expected {
        // The proven engine and the proven judge take a hundred times as long as the others.
        [] if seed.is_multiple_of(100) => EngineName::ALL.to_vec(),
        [] => vec![EngineName::Optimized, EngineName::Reference],
        _ => Vec::new(),
    };
    let options = Options { engines, ..Options::default() };
    let report = check(|| Ok(trace.as_bytes()), &options).expect("memory can be read");
    assert_eq!(report.differences, [""; 0], "seed {seed}:\n{trace}");
    assert_eq!(report.error, None, "seed {seed}:\n{trace}");
    let found: Vec<(usize, Rule)> =
        report.findings.iter().map(|finding| (finding.line as usize - 1, finding.rule)).collect();
    assert_eq!(found, expected, "lines from 0, seed {seed}:\n{trace}");
    let verdict = if found.is_empty() { Verdict::Conforms } else { Verdict::Discrepancy };
    assert_eq!(report.verdict, verdict);
    report
}

fn holds_for(seeds: std::ops::Range<u64>) {
    let mut reached = Reached::default();
    let mut rejected = 0;
    for seed in seeds {
        let mut world = World::new(seed);
        reached.note(&world, &world.lines, &judged(&world.lines, &[], seed));
        if let Some((lines, claims)) = world.falsified() {
            let expected = world.findings(&claims);
            reached.note(&world, &lines, &judged(&lines, &expected, seed));
            rejected += u64::from(!expected.is_empty());
        }
    }
    println!("{rejected} traces rejected; {} answers of engines compared", reached.compared);
    for (kind, [operations, reads]) in &reached.kinds {
        println!("{kind}: {operations} operations, {reads} reads");
    }
    for (rule, [claims, tested, findings]) in &reached.rules {
        println!("{rule}: {claims} claims, {tested} could have broken it, {findings} did");
    }
    for (what, count) in &reached.events {
        println!("{what}: {count}");
    }
    reached.is_all();
}

/// A quarter of 10,000 traces, or of as many as the variable REJOIN_RANDOM_TRACES says.
fn quarter(number: u64) {
    let wanted = std::env::var("REJOIN_RANDOM_TRACES").ok();
    let each = wanted.map_or(10_000, |wanted| wanted.parse().expect("it is a number")) / 4;
    holds_for(number * each..(number + 1) * each);
}

#[test]
fn first_quarter() {
    quarter(0);
}

#[test]
fn second_quarter() {
    quarter(1);
}

#[test]
fn third_quarter() {
    quarter(2);
}

#[test]
fn fourth_quarter() {
    quarter(3);
}

/// The fuzzer mutates traces by the names in its dictionary: none of the format may lack there.
#[test]
fn the_fuzzers_dictionary_has_every_name_of_the_format() {
    let dictionary = include_str!("../../fuzz/words.dict");
    let kinds = TraceType::ALL.into_iter();
    let operations =
        kinds.clone().flat_map(|kind| rejoin_trace::operations_of(kind).iter().copied());
    let fields = ["after", "before", "query", "arguments", "relays", "failed"];
    for name in kinds.map(TraceType::as_str).chain(operations).chain(fields) {
        let quoted = format!("\"\\\"{name}\\\"\"\n");
        assert!(dictionary.contains(&quoted), "fuzz/words.dict lacks {name}");
    }
}

/// A list that is short and read often costs what changed between two reads, however many elements
/// were deleted from it: 2,000 reads of up to 2,000 deleted elements would take millions of steps.
#[test]
fn a_list_is_read_at_the_cost_of_what_changed() {
    let mut trace =
        String::from(r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"l":{"type":"list"}}}"#);
    for number in 0..2_000 {
        let on = |op: &str| {
            format!(
                r#"{{"event":"op","replica":"a","object":"l","op":"{op}","element":"e{number}"}}"#
            )
        };
        let read = r#"{"event":"read","replica":"a","object":"l","value":[]}"#;
        trace += &format!("\n{}\n{}\n{read}", on("insert"), on("delete"));
    }
    let options = Options { work: 200_000, ..Options::default() };
    let report = check(|| Ok(trace.as_bytes()), &options).expect("memory can be read");
    assert_eq!((report.verdict, report.claims), (Verdict::Conforms, 2_000));
    assert_eq!(report.limits, Vec::<String>::new());
}
