//! Time offline: two replicas that were the same part, and meet again in a session.

use super::fleet::{Fleet, Node, answer};
use super::history::{History, Step};
use super::past::Past;
use cpu_time::ProcessTime;
use rejoin::sync::{Config, Event, Outcome, Schema, Session};
use std::ops::Range;
use std::time::Duration;

/// A history in which a client parts from a server and comes back.
pub struct Offline {
    /// All of it, from before they part until they have met.
    pub history: History,
    /// Who is offline.
    pub client: usize,
    /// Whom it meets.
    pub server: usize,
    /// What is done while the client is offline. Before it both are the same; after it the history
    /// has what brings both together.
    pub apart: Range<usize>,
}

/// What a session took.
#[derive(Clone, Debug)]
pub struct Cost {
    /// Bytes to the server.
    pub up: usize,
    /// Bytes to the client.
    pub down: usize,
    /// Both ways.
    pub messages: usize,
    /// The message flights: how often the direction changed.
    pub turns: u32,
    /// How many keys, entries and shares changed, on both sides.
    pub changes: usize,
    /// The processor's time of both sides: the median of the rounds.
    pub time: Duration,
}

impl Cost {
    /// Bytes both ways.
    pub fn bytes(&self) -> usize {
        self.up + self.down
    }

    /// How long it takes over a link, calculated: the bytes one after the other, half a round trip
    /// for each turn, and the processor's time of both sides. Connecting comes before that.
    pub fn over_link(&self, bits_a_second: f64, round_trip: Duration) -> Duration {
        let sending = Duration::from_secs_f64(8.0 * self.bytes() as f64 / bits_a_second);
        sending + round_trip * self.turns / 2 + self.time
    }
}

impl Offline {
    /// How many operations the client and all others performed meanwhile.
    pub fn operations(&self) -> (usize, usize) {
        let works = self.history.steps[self.apart.clone()].iter().filter_map(|step| match step {
            Step::Work(number) => Some(&self.history.works[*number]),
            _ => None,
        });
        let (here, there): (Vec<_>, Vec<_>) = works.partition(|work| work.replica == self.client);
        (here.len(), there.len())
    }

    /// The client and the server when they meet.
    pub fn meet(&self) -> (Node, Node) {
        let mut fleet = Fleet::new(&self.history);
        fleet.replay(0..self.apart.start);
        // They part with a session, as they would, so that what was before is hashed.
        let places = [self.client, self.server];
        let both = fleet.replicas.get_disjoint_mut(places).expect("client and server are two");
        let [client, server] = both;
        run(client, server, &self.history.schema);
        fleet.replay(self.apart.clone());
        (fleet.replicas[self.client].clone(), fleet.replicas[self.server].clone())
    }

    /// Runs the session that often, and checks that both end with what they should.
    pub fn measure(&self, rounds: usize) -> Cost {
        let (client, server) = self.meet();
        let mut costs: Vec<Cost> = (0..rounds)
            .map(|_| {
                let (mut client, mut server) = (client.clone(), server.clone());
                let cost = run(&mut client, &mut server, &self.history.schema);
                assert_eq!(client.state_hash(), server.state_hash());
                cost
            })
            .collect();
        costs.sort_by_key(|cost| cost.time);
        costs.swap_remove(rounds / 2)
    }

    /// Whether both hold after a session what follows from all operations: nothing less, nothing
    /// more. The values are computed one by one from the operations, without any engine.
    pub fn is_right(&self) -> bool {
        let (mut client, mut server) = self.meet();
        run(&mut client, &mut server, &self.history.schema);
        let past = Past::new(&self.history);
        let is_right = |node: &Node, object: &str| {
            node.object(object).is_ok_and(|state| answer(state) == past.value(object))
        };
        let written = |object: &str| self.history.works.iter().any(|work| &*work.object == object);
        let objects = self.history.schema.iter().map(|(object, _)| object);
        let mut objects = objects.filter(|object| written(object));
        objects.all(|object| is_right(&client, object) && is_right(&server, object))
    }
}

/// Runs a session in memory, which the client begins: it says all that it wants, then the server.
/// All must end verified.
fn run(client: &mut Node, server: &mut Node, schema: &Schema) -> Cost {
    let start = ProcessTime::now();
    let config = Config::new(schema.clone());
    let mut sessions = [Session::new(config.clone(), client), Session::new(config, server)];
    let replicas = [client, server];
    let (mut sent, mut messages, mut turns) = ([0, 0], 0, 0);
    let (mut from, mut silent) = (0, 0);
    while silent < 2 {
        let mut said = 0;
        while let Some(message) = sessions[from].poll_message(replicas[from]) {
            said += 1;
            sent[from] += message.len();
            let heard = sessions[1 - from].handle(replicas[1 - from], &message);
            heard.expect("a session's message is one");
        }
        messages += said;
        turns += u32::from(said > 0);
        silent = if said > 0 { 0 } else { silent + 1 };
        from = 1 - from;
    }
    let mut changes = 0;
    for session in &mut sessions {
        assert!(session.is_done(), "the session has an end");
        while let Some(event) = session.poll_event() {
            if let Event::ClassDone { outcome, changes: changed, .. } = event {
                assert_eq!(outcome, Outcome::Verified);
                changes += changed;
            }
        }
    }
    let [up, down] = sent;
    Cost { up, down, messages, turns, changes, time: start.elapsed() }
}
