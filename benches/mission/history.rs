//! Histories: what was done at which replica, and which messages the replicas sent each other.
//!
//! A message holds all that its sender had seen when it was sent. A history is read from a recorded
//! trace, or written down by a workload.

use rejoin::object::ObjectType;
use rejoin::operation::{Canonical, ObjectId, Operation, User};
use rejoin::sync::Schema;
use rejoin_trace::{Content, Event, Reader, Stamps, decompress};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

/// A key, an element, a value or an entry.
pub type Text = Arc<str>;

/// One operation.
#[derive(Clone, Debug)]
pub struct Work {
    /// Where.
    pub replica: usize,
    /// On what.
    pub object: ObjectId,
    /// What it does; without a value it deletes.
    pub operation: Operation<Text, Option<Text>>,
    /// Who decided.
    pub user: Option<User>,
    /// When, by the clock of the replica.
    pub time: u64,
}

/// What happens next.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// The operation of this number is performed.
    Work(usize),
    /// The message of this number is made of all that the replica has seen.
    Send { replica: usize, message: usize },
    /// The message of this number is applied.
    Receive { replica: usize, message: usize },
}

/// Who there is, and all that happened, in an order in which it may have happened.
#[derive(Clone, Debug)]
pub struct History {
    /// For people.
    pub name: String,
    /// The first one is the server, where one is needed.
    pub replicas: Vec<String>,
    /// The objects.
    pub schema: Schema,
    /// The operations, in the order of the steps.
    pub works: Vec<Work>,
    /// What happened, one after the other.
    pub steps: Vec<Step>,
    /// Who sent each message.
    pub senders: Vec<usize>,
}

impl History {
    /// A history in which nothing has happened yet.
    pub fn new(name: &str, replicas: &[&str], schema: Schema) -> Self {
        let replicas = replicas.iter().map(|name| (*name).into()).collect();
        let (works, steps, senders) = (Vec::new(), Vec::new(), Vec::new());
        Self { name: name.into(), replicas, schema, works, steps, senders }
    }

    /// The type of an object that is declared.
    pub fn kind(&self, object: &str) -> ObjectType {
        self.schema.get(object).expect("the object is declared").kind
    }

    /// Next, this is performed.
    pub fn perform(&mut self, work: Work) {
        self.steps.push(Step::Work(self.works.len()));
        self.works.push(work);
    }

    /// Next, a message is made. Gives its number.
    pub fn send(&mut self, replica: usize) -> usize {
        let message = self.senders.len();
        self.senders.push(replica);
        self.steps.push(Step::Send { replica, message });
        message
    }

    /// Next, a message is applied.
    pub fn receive(&mut self, replica: usize, message: usize) {
        self.steps.push(Step::Receive { replica, message });
    }

    /// Next, a replica learns all that another one has seen.
    pub fn merge(&mut self, replica: usize, from: usize) {
        let message = self.send(from);
        self.receive(replica, message);
    }

    /// Next, both learn all that either has seen.
    pub fn sync(&mut self, one: usize, other: usize) {
        let messages = [self.send(one), self.send(other)];
        self.receive(other, messages[0]);
        self.receive(one, messages[1]);
    }

    /// How many units of the history's clocks a second has: stamps below 10^11 are taken for
    /// seconds since 1970, others for milliseconds.
    pub fn second(&self) -> u64 {
        let latest = self.works.iter().map(|work| work.time).max().unwrap_or(0);
        if latest < 100_000_000_000 { 1 } else { 1_000 }
    }
}

/// Reads a recorded trace.
///
/// An operation without a timestamp is given that of the next one of its replica that has one, or
/// else of the last: in a recording that writes down what was done at once, that is when it was.
///
/// # Errors
/// Says why the file is no trace, or is one of which histories know nothing.
pub fn read(path: &Path) -> Result<History, String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let file = File::open(path).map_err(|error| words(&error))?;
    let input = decompress(BufReader::new(file)).map_err(|error| words(&error))?;
    let mut reader = Reader::new(input).map_err(|error| words(&error))?;
    let header = reader.header().clone();
    if header.stamps == Stamps::Own {
        return Err("its writes have no timestamps".into());
    }
    let schema = header.objects.iter().fold(Schema::new(), |schema, (name, declaration)| {
        schema.with(
            name,
            declaration.kind.engine().expect("it has an engine"),
            declaration.priority,
        )
    });
    let names: Vec<&str> = header.replicas.iter().map(String::as_str).collect();
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = file_name.split('.').next().unwrap_or_default();
    let mut history = History::new(name, &names, schema);
    let place = |replica: &str| {
        let place = names.iter().position(|name| *name == replica);
        place.ok_or_else(|| format!("{replica} is not declared"))
    };
    let mut messages = Vec::<String>::new();
    let mut times = Vec::new();
    while let Some(line) = reader.next_line().map_err(|error| words(&error))? {
        match line.event {
            Event::Op(op) => {
                let kind = history.kind(&op.object);
                let operation = op.operation.of_engine(kind).expect("the engines have it");
                times.push(stamp(&operation));
                history.perform(Work {
                    replica: place(&op.replica)?,
                    object: op.object.into(),
                    operation: text(operation),
                    user: op.user.map(Into::into),
                    time: 0,
                });
            }
            Event::Send { replica, message, content: Content::All, .. } => {
                history.send(place(&replica)?);
                messages.push(message);
            }
            Event::Receive { replica, message } => {
                let number = messages.iter().position(|sent| *sent == message);
                let number = number.ok_or_else(|| format!("{message} was not sent"))?;
                history.receive(place(&replica)?, number);
            }
            Event::Merge { replica, from, objects: None } => {
                history.merge(place(&replica)?, place(&from)?);
                messages.push(String::new());
            }
            Event::Sync { replicas: [one, other], objects: None } => {
                history.sync(place(&one)?, place(&other)?);
                messages.extend([String::new(), String::new()]);
            }
            Event::Save { .. } | Event::Note { .. } | Event::Claim(_) => {}
            _ => {
                let line = line.number;
                return Err(format!(
                    "line {line}: a partial message, a restore, or a loaded state"
                ));
            }
        }
    }
    give_times(&mut history, &times);
    Ok(history)
}

/// When the operation was, where it says so.
fn stamp<K, V>(operation: &Operation<K, V>) -> Option<u64> {
    match operation {
        Operation::Write { timestamp, .. }
        | Operation::Put { timestamp, .. }
        | Operation::Append { timestamp, .. } => Some(*timestamp),
        _ => None,
    }
}

fn give_times(history: &mut History, times: &[Option<u64>]) {
    for replica in 0..history.replicas.len() {
        let numbers = 0..times.len();
        let of_replica = numbers.filter(|number| history.works[*number].replica == replica);
        let numbers: Vec<usize> = of_replica.collect();
        let mut time = numbers.iter().rev().find_map(|number| times[*number]).unwrap_or(0);
        for number in numbers.into_iter().rev() {
            time = times[number].unwrap_or(time);
            history.works[number].time = time;
        }
    }
}

/// The operation with its values as texts; what was written is gone where it is `null`.
fn text(operation: Operation<Text, Canonical>) -> Operation<Text, Option<Text>> {
    let value = |value: Canonical| Some(Text::from(value.as_str()));
    let written = |written| value(written).filter(|text| &**text != "null");
    match operation {
        Operation::Increment { amount } => Operation::Increment { amount },
        Operation::Add { element } => Operation::Add { element },
        Operation::Remove { element } => Operation::Remove { element },
        Operation::Write { value, timestamp } => {
            Operation::Write { value: written(value), timestamp }
        }
        Operation::Put { key, value, timestamp } => {
            Operation::Put { key, value: written(value), timestamp }
        }
        Operation::Append { entry, timestamp } => {
            Operation::Append { entry: value(entry), timestamp }
        }
        other => unreachable!("no history here has a {}", other.kind().as_str()),
    }
}
