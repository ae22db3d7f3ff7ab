//! The world: its replicas, and what they do at each step.

use super::link::{Connection, Link};
use super::random::Random;
use super::recorder::Recorder;
use super::{Fault, Options, Outcome, Statistics};
use crate::dot::{Origin, ReplicaId};
use crate::hybrid_clock::HybridClock;
use crate::operation::{ObjectId, Operation};
use crate::optimized::Vector;
use crate::optimized::replica::{Object, Objects, Replica};
use crate::sync::{Config, Schema};
use crate::trace::{ObjectType, Priority};
use std::collections::BTreeMap;

/// A replica. Its values are canonical JSON, so that they have the bytes of a trace's.
pub type Node = Replica<str, str>;

/// The objects of a world, with the names of their types.
const OBJECTS: [(&str, &str); 5] = [
    ("count", "g-counter"),
    ("phase", "lww-register"),
    ("approved", "or-set"),
    ("columns", "lww-map"),
    ("chat", "log"),
];

/// The steps of a world are a minute apart.
const MINUTE: i64 = 60_000;

/// When a world begins, in milliseconds since 1970.
const BEGINNING: i64 = 1_700_000_000_000;

/// What is kept of a replica.
#[derive(Clone)]
pub struct Stored {
    pub objects: Objects<str, str>,
    /// The number of its copy in the trace.
    pub snapshot: u64,
}

/// A replica, its store, its clock, and what it has sent.
pub struct Place {
    pub replica: Node,
    pub incarnation: u64,
    pub durable: Stored,
    /// What its store has said that it keeps.
    pub promised: Vec<(ObjectId, Vector)>,
    backups: Vec<Stored>,
    /// Whether something changed since it was stored.
    pub is_dirty: bool,
    /// Whether it stores each change at once.
    pub writes_through: bool,
    offset: i64,
    away_until: u32,
    /// What it had seen of each object when it spoke, and the number of that message in the trace.
    pub sent: BTreeMap<ObjectId, Vec<(Vector, u64)>>,
}

/// All of it.
pub struct World {
    pub random: Random,
    pub places: Vec<Place>,
    pub links: Vec<Link>,
    pub recorder: Recorder,
    pub findings: Vec<String>,
    pub statistics: Statistics,
    pub config: Config,
    pub fault: Option<Fault>,
    pub now: u32,
    steps: u32,
    /// Whether all links are perfect by now.
    pub is_healed: bool,
    /// The state hash that the first replica tells at the end, where it tells an old one.
    pub stale: Option<String>,
}

fn schema() -> Schema {
    Schema::new()
        .with("count", ObjectType::GCounter, Priority::Low)
        .with("phase", ObjectType::LwwRegister, Priority::Medium)
        .with("approved", ObjectType::OrSet, Priority::High)
        .with("columns", ObjectType::LwwMap, Priority::High)
        .with("chat", ObjectType::Log, Priority::Medium)
}

fn origin(at: usize, incarnation: u64) -> Origin {
    Origin { replica: ReplicaId::new(format!("r{at}")), incarnation }
}

/// What has been seen of each object.
pub fn vectors(replica: &Node) -> Vec<(ObjectId, Vector)> {
    replica.objects().iter().map(|(name, object)| (name.clone(), object.vector())).collect()
}

/// Whether everything in `less` is in `more`.
pub fn covers(more: &[(ObjectId, Vector)], less: &[(ObjectId, Vector)]) -> bool {
    more.iter().zip(less).all(|((_, more), (_, less))| more.covers(less))
}

impl World {
    pub fn new(seed: u64, options: &Options) -> Self {
        let mut random = Random::new(seed);
        let count = 2 + random.place(4);
        let note = format!("the world of seed {seed}, {} steps", options.steps);
        let mut recorder = Recorder::new(options.trace, count, &OBJECTS, &note);
        let schema = schema();
        let place = |at: usize, random: &mut Random, recorder: &mut Recorder| {
            let replica = Node::new(origin(at, 0), &schema.types());
            let snapshot = recorder.save(at);
            Place {
                durable: Stored { objects: replica.objects().clone(), snapshot },
                promised: vectors(&replica),
                replica,
                incarnation: 0,
                backups: Vec::new(),
                is_dirty: false,
                writes_through: random.one_in(3),
                offset: random.below(600_000) as i64 - 300_000,
                away_until: 0,
                sent: BTreeMap::new(),
            }
        };
        let places = (0..count).map(|at| place(at, &mut random, &mut recorder)).collect();
        let pairs = (0..count).flat_map(|left| (left + 1..count).map(move |right| [left, right]));
        let links = pairs.map(|ends| Link::new(ends, &mut random)).collect();
        let mut config = Config::new(schema);
        config.max_message = [1024, 2048, 1 << 18][random.place(3)];
        config.revisions = random.one_in(4);
        Self {
            random,
            places,
            links,
            recorder,
            findings: Vec::new(),
            statistics: Statistics::default(),
            config,
            fault: options.fault,
            now: 0,
            steps: options.steps,
            is_healed: false,
            stale: None,
        }
    }

    /// One minute of the world.
    pub fn step(&mut self) {
        self.now += 1;
        let at = self.random.place(self.places.len());
        match self.random.below(40) {
            0..=21 => self.operate(at),
            22..=25 => self.store(at),
            26 => self.crash(at),
            27 => self.take_backup(at),
            28 if self.random.one_in(2) => self.set_back(at),
            29 => self.disturb_clock(at),
            30 if self.random.one_in(3) => {
                self.places[at].away_until = self.now + 10 + self.random.below(60) as u32;
                self.cut(at);
            }
            31 => {
                let link = self.random.place(self.links.len());
                self.links[link].parted_until = self.now + self.random.below(40) as u32;
            }
            _ => {}
        }
        for link in 0..self.links.len() {
            self.attend(link);
        }
        if self.fault == Some(Fault::StaleHash) && self.now == self.steps / 2 {
            self.stale = Some(self.places[0].replica.state_hash().content.to_string());
        }
    }

    /// Whether a replica can be reached.
    pub fn is_present(&self, at: usize) -> bool {
        self.places[at].away_until <= self.now
    }

    fn clock(&self, at: usize) -> u64 {
        let now = BEGINNING + i64::from(self.now) * MINUTE + self.places[at].offset;
        now.max(0) as u64
    }

    fn disturb_clock(&mut self, at: usize) {
        let reach = [MINUTE, 60 * MINUTE, 36 * 60 * MINUTE, 40 * 24 * 60 * MINUTE];
        let reach = reach[self.random.place(4)];
        self.places[at].offset += self.random.below(2 * reach as u64) as i64 - reach;
    }

    /// A user does something.
    fn operate(&mut self, at: usize) {
        let (object, _) = OBJECTS[self.random.place(OBJECTS.len())];
        let key = format!("k{}", self.random.below(6));
        let user = format!("u{}", self.random.below(3));
        let user = self.random.one_in(2).then_some(user.as_str());
        let value = match self.random.below(12) {
            0 => {
                let noise: Vec<String> =
                    (0..12).map(|_| format!("{:016x}", self.random.next())).collect();
                format!("\"{}\"", noise.join(""))
            }
            1 => "\"same\"".into(),
            number => format!("{}", self.random.below(100 * number)),
        };
        let now = self.clock(at);
        let wants_key = (object == "columns").then_some(key.as_str());
        // Some do not ask what was seen, and trust their clocks.
        let stamp = match self.random.one_in(8) {
            true => Ok(HybridClock::at(now)),
            false => self.places[at].replica.stamp(object, wants_key, now),
        };
        let Ok(timestamp) = stamp else {
            self.statistics.refused += 1;
            return;
        };
        let value = (!self.random.one_in(6)).then_some(value.as_str());
        let is_removal = self.random.one_in(3);
        let told = value.unwrap_or("null");
        let (operation, rest) = match object {
            "count" => {
                let amount = 1 + self.random.below(9);
                let rest = format!(r#""op":"increment","amount":{amount}"#);
                (Operation::Increment { amount }, rest)
            }
            "phase" => {
                let rest = format!(r#""op":"write","value":{told},"timestamp":{timestamp}"#);
                (Operation::Write { value, timestamp }, rest)
            }
            "approved" if is_removal => {
                let rest = format!(r#""op":"remove","element":"{key}""#);
                (Operation::Remove { element: key.as_str() }, rest)
            }
            "approved" => {
                let rest = format!(r#""op":"add","element":"{key}""#);
                (Operation::Add { element: key.as_str() }, rest)
            }
            "columns" => {
                let rest =
                    format!(r#""op":"put","key":"{key}","value":{told},"timestamp":{timestamp}"#);
                (Operation::Put { key: key.as_str(), value, timestamp }, rest)
            }
            _ => {
                let entry = value.unwrap_or("0");
                let rest = format!(r#""op":"append","entry":{entry},"timestamp":{timestamp}"#);
                (Operation::Append { entry: Some(entry), timestamp }, rest)
            }
        };
        self.alter(at, object, &operation);
        let times = if self.fault == Some(Fault::PerformsTwice) { 2 } else { 1 };
        for _ in 0..times {
            let user = user.map(Into::into);
            let performed = self.places[at].replica.perform(object, operation.clone(), user);
            if let Err(error) = performed {
                self.findings.push(format!("r{at} refused an operation: {error}"));
                return;
            }
        }
        self.recorder.operation(at, object, &rest, user);
        self.statistics.operations += 1;
        self.places[at].is_dirty = true;
        if self.fault == Some(Fault::AltersValue) && object == "columns" {
            let other = (at + 1) % self.places.len();
            self.explain(at, other);
        }
        if self.places[at].writes_through {
            self.store(at);
        }
    }

    /// Another replica is told of an operation that is about to be performed, with another value.
    fn alter(&mut self, at: usize, object: &str, operation: &Operation<&str, Option<&str>>) {
        let Operation::Put { key, timestamp, .. } = *operation else { return };
        if self.fault != Some(Fault::AltersValue) {
            return;
        }
        let mut twin = self.places[at].replica.clone();
        let other = Operation::Put { key, value: Some("\"altered\""), timestamp };
        let to = (at + 1) % self.places.len();
        let peer = &mut self.places[to].replica;
        let told = twin.perform(object, other, None).and_then(|_| {
            let delta = twin.delta_since(object, &peer.vector(object)?)?;
            peer.apply(object, delta)
        });
        if let Err(error) = told {
            self.findings.push(format!("r{to} refused a delta: {error}"));
        }
    }

    /// In the trace, one replica has taken in what the other has of the altered object.
    fn explain(&mut self, from: usize, to: usize) {
        let message = self.recorder.send(from, "columns");
        self.recorder.receive(to, message);
        self.places[to].is_dirty = true;
    }

    /// A replica is stored as it is.
    pub fn store(&mut self, at: usize) {
        let place = &mut self.places[at];
        if !place.is_dirty {
            return;
        }
        place.is_dirty = false;
        place.promised = vectors(&place.replica);
        if self.fault == Some(Fault::LosesWhatWasStored) && self.random.one_in(2) {
            return;
        }
        let snapshot = self.recorder.save(at);
        place.durable = Stored { objects: place.replica.objects().clone(), snapshot };
    }

    /// A process dies, and is started anew from its store.
    fn crash(&mut self, at: usize) {
        self.cut(at);
        self.statistics.crashes += 1;
        let place = &mut self.places[at];
        let lost = place.is_dirty;
        if lost {
            self.statistics.losses += 1;
            self.recorder.restore(at, place.durable.snapshot);
            if self.fault != Some(Fault::KeepsName) {
                place.incarnation += 1;
            }
        }
        let objects = place.durable.objects.clone();
        place.replica = Node::restored(origin(at, place.incarnation), objects);
        place.is_dirty = false;
        if !covers(&vectors(&place.replica), &place.promised) {
            self.findings.push(format!("r{at} lost in a crash what was stored"));
        }
    }

    fn take_backup(&mut self, at: usize) {
        let place = &mut self.places[at];
        place.backups.push(place.durable.clone());
    }

    /// A replica is set back to a backup.
    fn set_back(&mut self, at: usize) {
        if self.places[at].backups.is_empty() {
            return;
        }
        self.cut(at);
        self.statistics.restores += 1;
        let place = &mut self.places[at];
        place.durable = place.backups[self.random.place(place.backups.len())].clone();
        self.recorder.restore(at, place.durable.snapshot);
        if self.fault != Some(Fault::KeepsName) {
            place.incarnation += 1;
        }
        let objects = place.durable.objects.clone();
        place.replica = Node::restored(origin(at, place.incarnation), objects);
        place.promised = vectors(&place.replica);
        place.is_dirty = false;
    }

    /// The connections of a replica break.
    fn cut(&mut self, at: usize) {
        for link in &mut self.links {
            if link.ends.contains(&at) {
                link.close();
            }
        }
    }

    /// What comes of it.
    pub fn finish(self) -> Outcome {
        let Self { recorder, findings, statistics, .. } = self;
        Outcome { trace: recorder.into_text(), findings, statistics }
    }

    /// Begins a session between the ends of a link.
    pub fn connect(&mut self, link: usize) -> Connection {
        let replicas = self.links[link].ends.map(|at| &self.places[at].replica);
        Connection::new(&self.config, replicas)
    }
}

/// An object's value, as a trace tells it.
pub fn value(object: &Object<str, str>) -> String {
    let listed = |texts: Vec<String>| texts.join(",");
    match object {
        Object::GCounter(state) => {
            state.value().map_or("null".into(), |value| format!("\"{value}\""))
        }
        Object::LwwRegister(state) => state.value().unwrap_or("null").into(),
        Object::OrSet(state) => {
            let mut elements: Vec<String> =
                state.iter().map(|element| format!("\"{element}\"")).collect();
            elements.sort();
            format!("[{}]", listed(elements))
        }
        Object::LwwMap(state) => {
            let mut pairs: Vec<String> =
                state.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
            pairs.sort();
            format!("{{{}}}", listed(pairs))
        }
        Object::Log(state) => {
            format!("[{}]", listed(state.entries().map(|entry| entry.value().into()).collect()))
        }
    }
}
