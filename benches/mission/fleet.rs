//! The replicas of a history, of the optimized engine, as they do what it says.

use super::history::{History, Step, Text, Work};
use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::operation::{Answer, Operation};
use rejoin::optimized::replica::{Object, Replica};
use rejoin::sync::Schema;
use std::ops::Range;

/// A replica.
pub type Node = Replica;

/// All replicas of a history, and the messages on their way.
pub struct Fleet<'h> {
    history: &'h History,
    /// As they are now.
    pub replicas: Vec<Node>,
    /// Those messages that will be applied again.
    messages: Vec<Option<Node>>,
    /// How often each of them will be.
    receipts: Vec<usize>,
    /// The name of each operation that was performed, by its number.
    pub dots: Vec<Option<Dot>>,
}

impl<'h> Fleet<'h> {
    /// The replicas before anything has happened.
    pub fn new(history: &'h History) -> Self {
        let types = history.schema.types();
        let node = |name: &String| {
            let origin = Origin { replica: ReplicaId::new(name.as_str()).unwrap(), incarnation: 0 };
            Node::new(origin, &types)
        };
        let mut receipts = vec![0; history.senders.len()];
        for step in &history.steps {
            if let Step::Receive { message, .. } = step {
                receipts[*message] += 1;
            }
        }
        Self {
            history,
            replicas: history.replicas.iter().map(node).collect(),
            messages: receipts.iter().map(|_| None).collect(),
            receipts,
            dots: vec![None; history.works.len()],
        }
    }

    /// Does what these steps of the history say.
    pub fn replay(&mut self, steps: Range<usize>) {
        for at in steps {
            self.step(&self.history.steps[at]);
        }
    }

    /// Does what one step says. It must be one of the history's.
    pub fn step(&mut self, step: &Step) {
        match *step {
            Step::Work(number) => {
                let work = &self.history.works[number];
                let node = &mut self.replicas[work.replica];
                self.dots[number] = Some(perform(node, &self.history.schema, work));
            }
            Step::Send { replica, message } if self.receipts[message] > 0 => {
                self.messages[message] = Some(self.replicas[replica].clone());
            }
            Step::Send { .. } => {}
            Step::Receive { replica, message } => {
                let sent = self.messages[message].take().expect("it was sent");
                deliver(&mut self.replicas[replica], &sent);
                self.receipts[message] -= 1;
                self.messages[message] = Some(sent).filter(|_| self.receipts[message] > 0);
            }
        }
    }
}

/// Where the object is audited, the decision is put on record.
fn perform(node: &mut Node, schema: &Schema, work: &Work) -> Dot {
    let Work { object, user, time, .. } = work;
    let is_audited = schema.get(object).is_some_and(|entry| entry.is_audited);
    let operation = borrowed(&work.operation);
    let performed = match user {
        Some(user) if is_audited => {
            node.perform_audited(object, operation, Some(user.clone()), *time)
        }
        _ => node.perform(object, operation, user.clone()),
    };
    performed.expect("the operation is of the object's type")
}

fn borrowed(operation: &Operation<Text, Option<Text>>) -> Operation<&str, Option<&str>> {
    match operation {
        Operation::Increment { amount } => Operation::Increment { amount: *amount },
        Operation::Add { element } => Operation::Add { element },
        Operation::Remove { element } => Operation::Remove { element },
        Operation::Write { value, timestamp } => {
            Operation::Write { value: value.as_deref(), timestamp: *timestamp }
        }
        Operation::Put { key, value, timestamp } => {
            Operation::Put { key, value: value.as_deref(), timestamp: *timestamp }
        }
        Operation::Append { entry, timestamp } => {
            Operation::Append { entry: entry.as_deref(), timestamp: *timestamp }
        }
        other => unreachable!("no history here has a {}", other.kind().as_str()),
    }
}

/// Brings one replica up to what the other has seen, by deltas and without a session.
pub fn deliver(to: &mut Node, from: &Node) {
    for object in from.objects().keys() {
        let since = to.vector(object).expect("both have the same objects");
        let delta = from.delta_since(object, &since).expect("both have the same objects");
        to.apply(object, delta).expect("it was asked for");
    }
}

/// What a replica holds.
pub fn answer(object: &Object) -> Answer<Text, Text> {
    match object {
        Object::GCounter(counter) => Answer::Count(counter.value()),
        Object::LwwRegister(register) => Answer::Value(register.value().map(Into::into)),
        Object::OrSet(set) => Answer::Elements(set.iter().map(Into::into).collect()),
        Object::LwwMap(map) => {
            Answer::Values(map.iter().map(|(key, value)| (key.into(), value.into())).collect())
        }
        Object::Log(log) => {
            Answer::Entries(log.entries().map(|entry| entry.value().into()).collect())
        }
        other => unreachable!("no history here has a {}", other.kind().as_str()),
    }
}
