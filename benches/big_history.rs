//! Writes a long history as a trace: many lines of development that fork, edit and merge.
//!
//! `cargo run --release -p rejoin-benches --bin big_history > big.jsonl` gives 28 replicas, 85,000 operations,
//! 2,800 merges and about 20 MB; other sizes with `big_history REPLICAS OPERATIONS`. The answers
//! are those of the reference engine, so judging the file also compares it with the judge. The
//! same numbers always give the same file.

use rejoin::dot::{Origin, ReplicaId};
use rejoin::object::ObjectType;
use rejoin::operation::{Answer, ObjectId, Operation};
use rejoin::reference::replica::Replica;
use rejoin_harness::Rng;
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

type Text = Arc<str>;
type Node = Replica<Text, Option<Text>>;

const OBJECTS: [(&str, ObjectType, &str); 5] = [
    ("commits", ObjectType::GCounter, "low"),
    ("head", ObjectType::LwwRegister, "medium"),
    ("paths", ObjectType::OrSet, "high"),
    ("files", ObjectType::LwwMap, "high"),
    ("history", ObjectType::Log, "medium"),
];

/// Operations between two merges, and merges between two readings of everything.
const OPERATIONS_A_MERGE: u64 = 30;
const MERGES_A_READING: u64 = 55;

struct World<W> {
    random: Rng,
    nodes: Vec<Node>,
    clock: u64,
    messages: u64,
    operations: u64,
    out: W,
}

/// Writes a history with this many replicas and operations.
pub fn write(out: impl Write, replicas: u64, operations: u64) -> io::Result<()> {
    let schema: BTreeMap<ObjectId, ObjectType> =
        OBJECTS.iter().map(|(name, kind, _)| (ObjectId::from(*name), *kind)).collect();
    let node = |i| {
        let origin =
            Origin { replica: ReplicaId::new(format!("line-{i:02}")).unwrap(), incarnation: 0 };
        Node::new(origin, &schema)
    };
    let nodes: Vec<Node> = (0..replicas).map(node).collect();
    let random = Rng::new(2026);
    let mut world = World { random, nodes, clock: 1_400_000_000, messages: 0, operations: 0, out };
    world.header()?;
    let mut merges = 0;
    while world.operations < operations {
        while world.operations < (merges + 1) * OPERATIONS_A_MERGE {
            world.commit()?;
        }
        world.merge()?;
        merges += 1;
        if merges % MERGES_A_READING == 0 {
            world.read_everything()?;
        }
    }
    world.out.flush()
}

impl<W: Write> World<W> {
    fn header(&mut self) -> io::Result<()> {
        let names: Vec<String> = self.nodes.iter().map(name).map(|name| quoted(&name)).collect();
        let objects: Vec<String> = OBJECTS
            .iter()
            .map(|(name, kind, priority)| {
                format!(r#""{name}":{{"type":"{}","priority":"{priority}"}}"#, kind.as_str())
            })
            .collect();
        writeln!(
            self.out,
            r#"{{"trace":"rejoin/1","replicas":[{}],"objects":{{{}}},"note":"made by big_history"}}"#,
            names.join(","),
            objects.join(",")
        )
    }

    /// One replica changes a few files, as a commit does.
    fn commit(&mut self) -> io::Result<()> {
        // Some lines of development are busy, most are not.
        let spread = self.nodes.len() as u64;
        let most = 1 + self.random.below(spread);
        let at = self.random.below(most) as usize;
        self.clock += self.random.below(4_000);
        // Each has a clock that is wrong by its own amount, up to 20 minutes.
        let skew = at as u64 * 7_919 % 2_400;
        let timestamp = self.clock + skew;
        let user = format!("u{}", at % 9);
        self.op(at, "commits", Operation::Increment { amount: 1 }, &user)?;
        let commit = Text::from(format!("{:012x}", self.random.bits() >> 16));
        let value = Some(commit.clone());
        self.op(at, "head", Operation::Write { value, timestamp }, &user)?;
        for _ in 0..1 + self.random.below(8) {
            let most = 40 + self.operations / 12;
            let file = self.random.below(most).min(self.random.below(most));
            let path = Text::from(format!("src/part_{:02}/file_{file:05}.rs", file % 37));
            if self.random.below(25) == 0 {
                self.op(at, "paths", Operation::Remove { element: path.clone() }, &user)?;
                let delete = Operation::Put { key: path, value: None, timestamp };
                self.op(at, "files", delete, &user)?;
            } else {
                let blob = Text::from(format!("{:012x}", self.random.bits() >> 16));
                self.op(at, "paths", Operation::Add { element: path.clone() }, &user)?;
                let put = Operation::Put { key: path, value: Some(blob), timestamp };
                self.op(at, "files", put, &user)?;
            }
        }
        self.op(at, "history", Operation::Append { entry: Some(commit), timestamp }, &user)
    }

    fn op(
        &mut self,
        at: usize,
        object: &str,
        operation: Operation<Text, Option<Text>>,
        user: &str,
    ) -> io::Result<()> {
        let replica = quoted(&name(&self.nodes[at]));
        let value = |value: &Option<Text>| value.as_deref().map_or("null".into(), quoted);
        let (name, rest) = match &operation {
            Operation::Increment { .. } => ("increment", String::new()),
            Operation::Write { value: written, timestamp } => {
                ("write", format!(r#","value":{},"timestamp":{timestamp}"#, value(written)))
            }
            Operation::Add { element } => ("add", format!(r#","element":{}"#, quoted(element))),
            Operation::Remove { element } => {
                ("remove", format!(r#","element":{}"#, quoted(element)))
            }
            Operation::Put { key, value: None, timestamp } => {
                ("delete", format!(r#","key":{},"timestamp":{timestamp}"#, quoted(key)))
            }
            Operation::Put { key, value: Some(put), timestamp } => (
                "put",
                format!(
                    r#","key":{},"value":{},"timestamp":{timestamp}"#,
                    quoted(key),
                    quoted(put)
                ),
            ),
            Operation::Append { entry, timestamp } => {
                ("append", format!(r#","entry":{},"timestamp":{timestamp}"#, value(entry)))
            }
            other => unreachable!("no history here has a {}", other.kind().as_str()),
        };
        writeln!(
            self.out,
            r#"{{"event":"op","replica":{replica},"object":"{object}","op":"{name}"{rest},"user":"{user}"}}"#
        )?;
        self.operations += 1;
        let object = ObjectId::from(object);
        self.nodes[at].perform(&object, operation, Some(user.into())).map_err(io::Error::other)?;
        Ok(())
    }

    /// Two replicas, mostly a busy one and any other, exchange what they have, one after the
    /// other.
    fn merge(&mut self) -> io::Result<()> {
        let spread = self.nodes.len() as u64;
        let to = self.random.below(spread);
        let from = (to + 1 + self.random.below(spread - 1)) % spread;
        let (to, from) = (to as usize, from as usize);
        let message = self.messages;
        self.messages += 1;
        let (receiver, sender) = (quoted(&name(&self.nodes[to])), quoted(&name(&self.nodes[from])));
        writeln!(
            self.out,
            r#"{{"event":"send","replica":{sender},"message":"m{message}","to":{receiver}}}"#
        )?;
        writeln!(self.out, r#"{{"event":"receive","replica":{receiver},"message":"m{message}"}}"#)?;
        let delta = self.nodes[from].delta_since(&self.nodes[to].seen());
        self.nodes[to].apply(&delta).map_err(io::Error::other)?;
        // A look at a few things after each merge.
        self.read(to, "commits")?;
        self.read(to, "head")
    }

    fn read_everything(&mut self) -> io::Result<()> {
        let at = self.random.below(self.nodes.len() as u64) as usize;
        for (object, ..) in OBJECTS {
            if object != "history" || self.random.below(8) == 0 {
                self.read(at, object)?;
            }
        }
        let vector = self.nodes[at].vector();
        let counts: Vec<String> =
            vector.iter().map(|(of, n)| format!("{}:{n}", quoted(of.as_str()))).collect();
        let replica = quoted(&name(&self.nodes[at]));
        let vector = counts.join(",");
        writeln!(self.out, r#"{{"event":"vector","replica":{replica},"vector":{{{vector}}}}}"#)
    }

    fn read(&mut self, at: usize, object: &str) -> io::Result<()> {
        let value = match self.nodes[at].objects()[object].value() {
            Answer::Count(count) => count.map_or(String::new(), |count| count.to_string()),
            Answer::Value(value) => value.flatten().map_or("null".into(), |value| quoted(&value)),
            Answer::Elements(elements) => list(elements.iter().map(|element| quoted(element))),
            Answer::Entries(entries) => list(entries.iter().flatten().map(|entry| quoted(entry))),
            Answer::Values(values) => {
                let members = values.iter().filter_map(|(key, value)| {
                    Some(format!("{}:{}", quoted(key), quoted(value.as_deref()?)))
                });
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }
            other => unreachable!("no history here has {other:?}"),
        };
        let replica = quoted(&name(&self.nodes[at]));
        writeln!(
            self.out,
            r#"{{"event":"read","replica":{replica},"object":"{object}","value":{value}}}"#
        )
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn name(node: &Node) -> String {
    node.origin().replica.to_string()
}

/// All names here are plain.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

#[allow(dead_code, reason = "the bench includes this file for `write` alone")]
fn main() -> io::Result<()> {
    let mut numbers = std::env::args().skip(1).map(|number| number.parse());
    let mut number = |default| match numbers.next() {
        None => Ok(default),
        Some(number) => number.map_err(io::Error::other),
    };
    let (replicas, operations) = (number(28)?, number(85_000)?);
    if replicas < 2 {
        return Err(io::Error::other("two replicas are the fewest that can merge"));
    }
    write(BufWriter::new(io::stdout().lock()), replicas, operations)
}
