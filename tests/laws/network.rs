//! Replicas of the reference engine, together with the events that each of them has seen.
//!
//! The engine handles states and deltas; the network notes which events they carry. So at every
//! moment a replica's state and answers can be compared with the definition for the events that it
//! has seen.

use super::letter::Letter;
use super::state_of_events::state;
use rejoin::definition::{self, Event, EventId};
use rejoin::dot::{Origin, ReplicaId};
use rejoin::object::ObjectType;
use rejoin::operation::{ObjectId, Operation, User};
use rejoin::reference::replica::{Objects, Replica};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

pub type Schema = BTreeMap<ObjectId, ObjectType>;

/// The names of the replicas, in their order.
pub const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// The user at each of them: one person at two replicas, and nobody known at one.
const USERS: [Option<&str>; 5] = [Some("ann"), Some("bob"), Some("ann"), None, Some("bob")];

/// The events that have been seen, as numbers of events of the network.
pub type Seen = BTreeSet<usize>;

/// One replica, and the events that it has seen.
#[derive(Clone, Debug)]
pub struct Node {
    pub replica: Replica<char, Letter>,
    pub seen: Seen,
    /// Its present incarnation, which no restore takes back.
    incarnation: u64,
}

/// A copy of a replica at some moment.
#[derive(Clone, Debug)]
pub struct Backup {
    pub objects: Objects<char, Letter>,
    pub seen: Seen,
}

/// All replicas, and all events so far.
pub struct Network {
    pub schema: Schema,
    pub nodes: Vec<Node>,
    pub events: Vec<Event<char, Letter>>,
}

impl Network {
    pub fn new(replicas: usize, schema: Schema) -> Self {
        let node = |name: &&str| {
            let origin = Origin { replica: ReplicaId::new(*name).unwrap(), incarnation: 0 };
            Node { replica: Replica::new(origin, &schema), seen: Seen::new(), incarnation: 0 }
        };
        let nodes = NAMES[..replicas].iter().map(node).collect();
        Self { schema, nodes, events: Vec::new() }
    }

    /// Performs the operation; its event saw everything that its replica has seen.
    pub fn perform(&mut self, at: usize, object: &ObjectId, operation: Operation<char, Letter>) {
        let user: Option<User> = USERS[at].map(Into::into);
        let node = &mut self.nodes[at];
        let sees = node.seen.iter().map(|event| self.events[*event].id.clone()).collect();
        let dot = node.replica.perform(object, operation.clone(), user.clone()).expect("it fits");
        node.seen.insert(self.events.len());
        let id = EventId { object: object.clone(), dot };
        self.events.push(Event { id, operation, user, sees });
    }

    pub fn backup(&self, at: usize) -> Backup {
        let Node { replica, seen, .. } = &self.nodes[at];
        Backup { objects: replica.objects().clone(), seen: seen.clone() }
    }

    /// Restores the replica, under an incarnation that was never used.
    pub fn restore(&mut self, at: usize, backup: &Backup) {
        let incarnation = self.nodes[at].incarnation + 1;
        let origin = Origin { replica: ReplicaId::new(NAMES[at]).unwrap(), incarnation };
        let replica = Replica::restored(origin, backup.objects.clone());
        self.nodes[at] = Node { replica, seen: backup.seen.clone(), incarnation };
    }

    /// Whether the replica's state and answers are those of the definition for the events that it
    /// has seen; if not, the difference.
    pub fn check(&self, at: usize) -> Result<(), String> {
        let Node { replica, seen, .. } = &self.nodes[at];
        let seen: Vec<&Event<char, Letter>> = seen.iter().map(|e| &self.events[*e]).collect();
        same("vector", replica.vector(), definition::vector(&seen))?;
        let mut open = Vec::new();
        for (id, kind) in &self.schema {
            let seen = definition::of_object(&seen, id);
            let object = &replica.objects()[id];
            same("value", object.value(), definition::value(*kind, &seen))?;
            same("frontiers", object.frontiers(id), definition::frontiers(id, *kind, &seen))?;
            same("state", object, &state(*kind, &seen))?;
            open.extend(definition::open_decisions(id, *kind, &seen));
        }
        for user in ["ann", "bob"].map(User::from) {
            same("notices", replica.notices(&user), definition::notices(&open, &user))?;
        }
        same("open decisions", replica.open_decisions(), open)
    }
}

fn same<T: PartialEq + Debug>(what: &str, answered: T, defined: T) -> Result<(), String> {
    if answered == defined {
        return Ok(());
    }
    Err(format!("{what}: the engine has {answered:#?}, the definition says {defined:#?}"))
}
