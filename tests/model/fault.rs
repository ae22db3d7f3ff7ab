//! Faults that the model can have on purpose, to see that its rules find them.

use super::meaning::{Node, Part, Text, node, vectors};
use super::world::{any_operation, taken};
use rejoin::operation::Operation;
use rejoin::sync::protocol::{Checkpoint, Part as Said, Summary, decode, encode};
use std::collections::BTreeMap;

/// The broken behaviour; if it is of one side of a session, it is the first replica's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// A replica that lost something goes on under its old name.
    KeepsName,
    /// A store says that it has written, and has not.
    LosesWhatWasStored,
    /// A replica applies a message, says so, and forgets it at once.
    ForgetsWhatItTook,
    /// A replica claims to have seen a message without having applied it.
    AdvancesVectorOnly,
    /// A counter counts a delta twice.
    CountsTwice,
    /// An operation is performed twice, as by a user who tries again.
    PerformsTwice,
    /// Other replicas receive a different operation.
    AltersWhatItTells,
    /// A delta covers all that was seen, and leaves out a key.
    LeavesOutAKey,
    /// A greeting has the stored vectors, without later operations.
    StaleGreeting,
    /// A side repeats the state hash that the peer sent.
    EchoesHashes,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::KeepsName,
        Self::LosesWhatWasStored,
        Self::ForgetsWhatItTook,
        Self::AdvancesVectorOnly,
        Self::CountsTwice,
        Self::PerformsTwice,
        Self::AltersWhatItTells,
        Self::LeavesOutAKey,
        Self::StaleGreeting,
        Self::EchoesHashes,
    ];

    /// The replica that sends instead of the one that performs an operation.
    pub fn twin(
        self,
        before: Option<&Part<Node>>,
        live: &Part<Node>,
        object: &str,
        operation: &Operation<&'static str, Text>,
    ) -> Option<Part<Node>> {
        let other = match (self, operation) {
            (Self::AltersWhatItTells, Operation::Add { element }) => {
                Operation::Remove { element: *element }
            }
            (Self::LeavesOutAKey, Operation::Add { .. }) => Operation::Add { element: "x" },
            _ => return None,
        };
        let mut twin = (**before.unwrap_or(live)).clone();
        twin.perform(object, taken(&other), None).expect("there is room");
        Some(node(twin))
    }

    /// The state of a replica that has applied a message.
    pub fn applied(self, before: &Node, after: Node) -> Node {
        match self {
            Self::ForgetsWhatItTook => before.clone(),
            Self::AdvancesVectorOnly => hollow(before, &after),
            Self::CountsTwice => {
                let mut after = after;
                let amount = 1;
                after
                    .perform("count", Operation::Increment { amount }, None)
                    .expect("there is room");
                after
            }
            _ => after,
        }
    }
}

/// A replica with the vectors of one and the content of the other.
fn hollow(before: &Node, after: &Node) -> Node {
    let mut objects = before.objects().clone();
    for (name, vector) in vectors(after) {
        for (origin, count) in vector.iter() {
            let mut other = Node::restored(origin.clone(), objects);
            while other.vector(&name).expect("it is there").get(origin) < count {
                let nothing = any_operation(other.objects()[&name].kind());
                other.perform(&name, nothing, None).expect("there is room");
            }
            objects = other.objects().clone();
        }
    }
    Node::restored(after.origin().clone(), objects)
}

/// The hashes that the peer has sent, and how they are sent back.
#[derive(Clone, PartialEq, Hash, Default, Debug)]
pub struct Echo {
    /// The vectors and the hashes of the classes in the peer's hello.
    classes: Option<[Summary; 3]>,
    /// The last checkpoint of each object.
    checkpoints: BTreeMap<usize, Checkpoint>,
}

impl Echo {
    /// Remembers what the peer sends.
    pub fn hear(&mut self, message: &[u8]) {
        for part in decode(message).unwrap_or_default() {
            match part {
                Said::Hello(hello) => self.classes = Some(hello.classes),
                Said::Checkpoints { checkpoints, .. } => self.checkpoints.extend(checkpoints),
                _ => {}
            }
        }
    }

    /// Sends the peer's own hashes back to it if the vectors are the same.
    pub fn answer(&self, message: &mut Vec<u8>) {
        let mut parts = decode(message).expect("the session made it");
        for part in &mut parts {
            match part {
                Said::Hello(hello) => hello.classes = self.classes.unwrap_or(hello.classes),
                Said::Checkpoints { checkpoints, .. } => {
                    for (object, ours) in checkpoints {
                        let theirs = self.checkpoints.get(object);
                        if let Some(theirs) = theirs.filter(|theirs| theirs.vector == ours.vector) {
                            *ours = *theirs;
                        }
                    }
                }
                _ => {}
            }
        }
        *message = encode(&parts);
    }
}
