//! Writes a history of one object as a trace: eight replicas that edit it, merge, and read it.
//!
//! `cargo run --release -p rejoin-benches --bin one_object -- TYPE > one.jsonl` gives 20,000 operations;
//! another number with `one_object TYPE OPERATIONS`. Who edits, merges and reads when is the same
//! for all types, so that their traces can be held against each other. The answers are those of
//! the reference engine. A list is answered in one hidden order of all its elements, and an opaque
//! object with how much of each replica was seen. The same numbers always give the same file.

use rejoin::dot::{Origin, ReplicaId};
use rejoin::json::Json;
use rejoin::object::{Priority, TraceType};
use rejoin::operation::{Answer, Canonical, ObjectId};
use rejoin::reference::replica::Replica;
use rejoin_harness::Rng;
use rejoin_trace::{Claim, Content, Declaration, Event, Header, Op, Operation, Stamps};
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

const REPLICAS: usize = 8;
const OBJECT: &str = "one";
/// Operations between two merges; each merge is followed by a reading.
const OPERATIONS_A_MERGE: u64 = 4;
/// Different keys and elements.
const KEYS: usize = 20;
/// A list that shows more elements than this is shortened.
const LONGEST_LIST: usize = 40;

/// One element of the list.
struct Element {
    name: String,
    /// Who inserted it, and which of its operations that was.
    inserted: (usize, u64),
    deleted: Vec<(usize, u64)>,
}

struct World<W> {
    kind: TraceType,
    /// Who does what when.
    schedule: Rng,
    random: Rng,
    clock: u64,
    /// For each replica, how many operations of each it has seen.
    seen: [[u64; REPLICAS]; REPLICAS],
    /// The same replicas with the reference engine, where it has the type.
    nodes: Vec<Replica<Arc<str>, Canonical>>,
    /// The elements of the list, in their hidden order.
    order: Vec<Element>,
    out: W,
}

/// Writes a history of an object of this type, with this many operations.
///
/// # Errors
/// If it cannot be written.
pub fn write(out: impl Write, kind: TraceType, operations: u64) -> io::Result<()> {
    let schema: BTreeMap<ObjectId, _> =
        kind.engine().map(|engine| (ObjectId::from(OBJECT), engine)).into_iter().collect();
    let node = |at| {
        let replica = ReplicaId::new(name(at)).expect("it is a name");
        Replica::new(Origin { replica, incarnation: 0 }, &schema)
    };
    let mut world = World {
        kind,
        schedule: Rng::new(2026),
        random: Rng::new(2027),
        clock: 1_400_000_000,
        seen: Default::default(),
        nodes: (0..REPLICAS).map(node).collect(),
        order: Vec::new(),
        out,
    };
    let header = Header {
        replicas: (0..REPLICAS).map(name).collect(),
        objects: vec![(OBJECT.into(), Declaration { kind, priority: Priority::Medium })],
        stamps: Stamps::Explicit,
        implementation: None,
        note: None,
    };
    writeln!(world.out, "{}", header.line())?;
    for number in 1..=operations {
        let at = world.schedule.place(REPLICAS);
        world.edit(at, number)?;
        if number % OPERATIONS_A_MERGE == 0 {
            let from = world.schedule.place(REPLICAS);
            let to = (from + 1 + world.schedule.place(REPLICAS - 1)) % REPLICAS;
            world.merge(from, to, number)?;
            world.read(to)?;
        }
    }
    world.out.flush()
}

fn name(at: usize) -> String {
    format!("replica-{at}")
}

impl<W: Write> World<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        writeln!(self.out, "{}", event.line())
    }

    fn edit(&mut self, at: usize, number: u64) -> io::Result<()> {
        self.seen[at][at] += 1;
        self.clock += self.random.below(4_000);
        let operation = self.operation(at, number);
        if let Some(kind) = self.kind.engine() {
            let operation = operation.of_engine(kind).map_err(io::Error::other)?;
            let done = self.nodes[at].perform(&OBJECT.into(), operation, None);
            done.map_err(io::Error::other)?;
        }
        self.event(&Event::Op(Op {
            replica: name(at),
            object: OBJECT.into(),
            operation,
            id: None,
            user: None,
            inexact: false,
        }))
    }

    fn operation(&mut self, at: usize, number: u64) -> Operation {
        let key = format!("mapping_{:02}", self.random.place(KEYS));
        let first = self.random.one_in(3);
        let amount = 1 + self.random.below(9);
        let value = Json::String(format!("{:012x}", self.random.bits() >> 16));
        let timestamp = self.kind.is_stamped().then(|| self.clock.into());
        match self.kind {
            TraceType::PnCounter if first => Operation::Decrement { amount },
            TraceType::GCounter | TraceType::PnCounter => Operation::Increment { amount },
            TraceType::OrSet | TraceType::RwSet | TraceType::TwoPhaseSet if first => {
                Operation::Remove { element: key }
            }
            TraceType::OrSet | TraceType::RwSet | TraceType::TwoPhaseSet | TraceType::GSet => {
                Operation::Add { element: key }
            }
            TraceType::EwFlag | TraceType::DwFlag if first => Operation::Disable,
            TraceType::EwFlag | TraceType::DwFlag => Operation::Enable,
            TraceType::MaxRegister | TraceType::MinRegister => {
                Operation::Write { value: self.clock.into(), timestamp: None }
            }
            TraceType::LwwRegister | TraceType::MvRegister => Operation::Write { value, timestamp },
            TraceType::LwwMap | TraceType::MvMap if first => Operation::Delete { key, timestamp },
            TraceType::LwwMap | TraceType::MvMap => Operation::Put { key, value, timestamp },
            TraceType::Log => Operation::Append { entry: value, timestamp },
            TraceType::Opaque => Operation::Perform {
                name: if first { "rename" } else { "move" }.into(),
                arguments: Some(value),
            },
            TraceType::List => self.edit_list(at, number),
        }
    }

    fn edit_list(&mut self, at: usize, number: u64) -> Operation {
        let visible: Vec<usize> = self.visible(at).collect();
        let dot = (at, self.seen[at][at]);
        if visible.len() > LONGEST_LIST {
            let element = &mut self.order[visible[self.random.place(visible.len())]];
            element.deleted.push(dot);
            return Operation::Erase { element: element.name.clone() };
        }
        let place = self.random.place(visible.len() + 1);
        let name_of = |place: &usize| self.order[*place].name.clone();
        let after = place.checked_sub(1).and_then(|place| visible.get(place));
        let before = visible.get(place);
        let insert = Operation::Insert {
            element: format!("c{number}"),
            after: after.map(name_of),
            before: before.map(name_of),
            value: None,
        };
        let place = after.map_or(0, |after| after + 1);
        let name = format!("c{number}");
        self.order.insert(place, Element { name, inserted: dot, deleted: Vec::new() });
        insert
    }

    /// The places in the hidden order of what a replica's list shows.
    fn visible(&self, at: usize) -> impl Iterator<Item = usize> {
        let seen = self.seen[at];
        let has = move |(of, seq): &(usize, u64)| seen[*of] >= *seq;
        let shown =
            move |element: &Element| has(&element.inserted) && !element.deleted.iter().any(has);
        self.order.iter().enumerate().filter(move |(_, e)| shown(e)).map(|(place, _)| place)
    }

    fn merge(&mut self, from: usize, to: usize, number: u64) -> io::Result<()> {
        let message = format!("m{number}");
        self.event(&Event::Send {
            replica: name(from),
            message: message.clone(),
            to: Some(name(to)),
            content: Content::All,
            relays: Vec::new(),
        })?;
        self.event(&Event::Receive { replica: name(to), message })?;
        for at in 0..REPLICAS {
            self.seen[to][at] = self.seen[to][at].max(self.seen[from][at]);
        }
        let delta = self.nodes[from].delta_since(&self.nodes[to].seen());
        self.nodes[to].apply(&delta).map_err(io::Error::other)
    }

    fn read(&mut self, at: usize) -> io::Result<()> {
        let value = match self.kind {
            TraceType::List => {
                let name_of = |place: usize| Json::String(self.order[place].name.clone());
                Json::Array(self.visible(at).map(name_of).collect())
            }
            TraceType::Opaque => {
                Json::Array(self.seen[at].iter().map(|count| (*count).into()).collect())
            }
            _ => {
                let object = self.nodes[at].objects().get(OBJECT);
                let object = object.ok_or_else(|| io::Error::other("no engine has this type"))?;
                json_of(object.value())
            }
        };
        self.event(&Event::Claim(Claim::Read {
            replica: name(at),
            object: OBJECT.into(),
            element: None,
            key: None,
            query: None,
            value,
        }))
    }
}

fn json_of(answer: Answer<Arc<str>, Canonical>) -> Json {
    let json = |value: &Canonical| Json::parse(value.as_str()).expect("values are JSON");
    let member = |key: &Arc<str>, value: Json| (key.to_string(), value);
    match answer {
        Answer::Count(count) => Json::parse(&count.unwrap_or(0).to_string()).expect("a number"),
        Answer::Balance(count) => Json::parse(&count.unwrap_or(0).to_string()).expect("a number"),
        Answer::Integer(integer) => integer.map_or(Json::Null, |integer| {
            Json::parse(&integer.to_string()).expect("it is a number")
        }),
        Answer::Value(value) => value.as_ref().map_or(Json::Null, json),
        Answer::Enabled(is_enabled) => Json::Bool(is_enabled),
        Answer::Elements(elements) => {
            Json::Array(elements.iter().map(|element| Json::from(&**element)).collect())
        }
        Answer::Values(values) => {
            Json::Object(values.iter().map(|(key, value)| member(key, json(value))).collect())
        }
        Answer::Entries(entries) => Json::Array(entries.iter().map(json).collect()),
        Answer::Concurrent(values) => Json::Array(values.iter().map(json).collect()),
        Answer::ConcurrentByKey(values) => {
            let values = values
                .iter()
                .map(|(key, values)| member(key, Json::Array(values.iter().map(json).collect())));
            Json::Object(values.collect())
        }
    }
}

#[allow(dead_code, reason = "the bench includes this file for `write` alone")]
fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let kind = TraceType::ALL.into_iter().find(|kind| kind.as_str() == name);
    let Some(kind) = kind else {
        let names = TraceType::ALL.map(TraceType::as_str).join(", ");
        return Err(io::Error::other(format!("name one type of {names}")));
    };
    let operations = arguments.next().map_or(Ok(20_000), |number| number.parse());
    write(BufWriter::new(io::stdout().lock()), kind, operations.map_err(io::Error::other)?)
}
