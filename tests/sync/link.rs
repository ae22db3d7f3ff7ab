//! Two replicas, the writes of their users, and a link for their sessions.

use rejoin::dot::{Origin, ReplicaId};
use rejoin::operation::Operation;
use rejoin::optimized::replica::Replica;
use rejoin::sync::{Config, Event, Outcome, Schema, Session};

pub type Text = Replica;

pub fn schema() -> Schema {
    Schema::migration_assistant()
}

pub fn replica_of(name: &str, incarnation: u64, schema: &Schema) -> Text {
    Replica::new(Origin { replica: ReplicaId::new(name).unwrap(), incarnation }, &schema.types())
}

pub fn replica(name: &str) -> Text {
    replica_of(name, 0, &schema())
}

/// One operation on each object.
pub fn write(replica: &mut Text, number: u64) {
    let user = || Some("ann".into());
    let key = format!("key {}", number % 7);
    let replica_name = replica.origin().replica.as_str().len() as u64;
    let noise = (number + replica_name).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let value = format!("{noise:x} {:x}", noise.wrapping_mul(0xd6e8_feb8_6659_fd93));
    let (key, value) = (key.as_str(), value.as_str());
    let timestamp = 1_000 + number;
    let operations = [
        ("progress/records", Operation::Increment { amount: number + 1 }),
        ("progress/tables", Operation::Put { key, value: Some(value), timestamp }),
        ("approved", Operation::Add { element: key }),
        ("configuration", Operation::Write { value: Some(value), timestamp }),
        ("conversation", Operation::Append { entry: Some(value), timestamp }),
        ("patterns", Operation::Put { key, value: None, timestamp }),
        ("metrics", Operation::Increment { amount: 1 }),
    ];
    for (object, operation) in operations {
        replica.perform_audited(object, operation, user(), timestamp).unwrap();
    }
    if number.is_multiple_of(3) {
        replica.perform("approved", Operation::Remove { element: key }, user()).unwrap();
    }
}

/// The messages by direction, in turns: one turn has everything that one side can send.
#[derive(Default)]
pub struct Wire {
    pub turns: Vec<Vec<usize>>,
}

impl Wire {
    pub fn bytes(&self) -> usize {
        self.turns.iter().flatten().sum()
    }
}

pub struct Link<'a> {
    pub replicas: [&'a mut Text; 2],
    pub sessions: [Session; 2],
    pub wire: Wire,
}

impl<'a> Link<'a> {
    pub fn new(a: &'a mut Text, b: &'a mut Text, config: &Config) -> Self {
        let sessions = [Session::new(config.clone(), a), Session::new(config.clone(), b)];
        Self { replicas: [a, b], sessions, wire: Wire::default() }
    }

    /// Gives everything that a side can send to the other. Returns whether there was anything.
    pub fn turn(&mut self, from: usize) -> bool {
        let mut messages = Vec::new();
        while let Some(message) = self.sessions[from].poll_message(self.replicas[from]) {
            messages.push(message);
        }
        for message in &messages {
            self.sessions[1 - from].handle(self.replicas[1 - from], message).unwrap();
        }
        if !messages.is_empty() {
            self.wire.turns.push(messages.iter().map(Vec::len).collect());
        }
        !messages.is_empty()
    }

    /// The first side begins, and both go on until neither can send anything.
    pub fn run(&mut self) {
        let mut from = 0;
        let mut quiet = 0;
        while quiet < 2 {
            quiet = if self.turn(from) { 0 } else { quiet + 1 };
            from = 1 - from;
        }
    }

    pub fn events(&mut self, side: usize) -> Vec<Event> {
        std::iter::from_fn(|| self.sessions[side].poll_event()).collect()
    }

    pub fn assert_verified(&mut self) {
        for side in [0, 1] {
            let events = self.events(side);
            assert!(self.sessions[side].is_done(), "side {side}: {events:?}");
            for event in &events {
                match event {
                    Event::ClassDone { outcome, .. } => assert_eq!(*outcome, Outcome::Verified),
                    Event::Changed(_) | Event::Done => {}
                    other => panic!("side {side}: {other:?}"),
                }
            }
        }
    }
}

pub fn sync(a: &mut Text, b: &mut Text) -> Wire {
    let mut link = Link::new(a, b, &Config::new(schema()));
    link.run();
    link.assert_verified();
    link.wire
}

/// The join, by plain deltas.
pub fn join(a: &Text, b: &Text) -> Text {
    let mut both = a.clone();
    for name in b.objects().keys() {
        let delta = b.delta_since(name, &both.vector(name).unwrap()).unwrap();
        both.apply(name, delta).unwrap();
    }
    both
}
