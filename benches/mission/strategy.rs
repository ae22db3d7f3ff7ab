//! The usual ways to synchronize without CRDTs, each as strong as it can be made.
//!
//! All go by key: an element of a set (whether it is in it), a key of a map, a register, and a
//! counter (its total). The entries of a log are rows of their own, and none is ever in conflict.
//!
//! The first two know exactly which operations the state of a key comes from. They take the state
//! of the side that has seen more of the key. Only where both have seen what the other has
//! not is there a conflict:
//!
//! - *Server wins*: the state of the server holds. Between two clients it is that of the one which
//!   is declared first.
//! - *Client wins*: the state of the client holds. Between two clients it is that of the one which
//!   is declared last.
//!
//! - *Last write wins* asks for no knowledge. The state with the greater (timestamp, replica) of its
//!   last write holds, also where somebody writes behind the clock of what is there.
//!
//! Ways that go by whole objects have a conflict wherever one of these has one, and put more at
//! stake in each.

use super::history::{History, Step};
use super::loss::{Fate, System};
use super::past::{Key, Numbers, Past, Seen};
use rejoin::operation::Operation;
use std::cmp::Ordering;

/// Who wins where there is a conflict.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Winner {
    /// The server.
    Server,
    /// The client.
    Client,
    /// The greater timestamp.
    LastWrite,
}

impl Winner {
    /// All ways.
    pub const ALL: [Self; 3] = [Self::Server, Self::Client, Self::LastWrite];

    /// Its name, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "server wins",
            Self::Client => "client wins",
            Self::LastWrite => "last write wins",
        }
    }
}

/// The state of a key at a replica.
#[derive(Clone, Debug)]
struct State {
    /// The operation that it is of.
    of: usize,
    /// The increments that a counter's total counts.
    counted: Numbers,
}

/// By key.
type States = Vec<Option<State>>;

/// The replicas of a history that synchronize in one of these ways.
pub struct Strategy<'p> {
    past: &'p Past<'p>,
    winner: Winner,
    seen: Seen,
    replicas: Vec<States>,
    messages: Vec<States>,
}

impl<'p> Strategy<'p> {
    /// The replicas before anything has happened.
    pub fn new(past: &'p Past<'p>, winner: Winner) -> Self {
        let history = past.history;
        let replicas = vec![vec![None; past.keys()]; history.replicas.len()];
        let messages = vec![States::new(); history.senders.len()];
        Self { past, winner, seen: Seen::new(history), replicas, messages }
    }

    fn history(&self) -> &'p History {
        self.past.history
    }

    fn perform(&mut self, number: usize) {
        let work = &self.history().works[number];
        let Some(key) = self.past.key_of(number) else { return };
        let state = &mut self.replicas[work.replica][key];
        let state = state.get_or_insert(State { of: number, counted: Numbers::default() });
        if matches!(work.operation, Operation::Increment { .. }) {
            state.counted.insert(number);
        }
        let stays = self.past.stamp(state.of) > self.past.stamp(number);
        if self.winner != Winner::LastWrite || !stays {
            state.of = number;
        }
    }

    fn receive(&mut self, replica: usize, message: usize) {
        let sender = self.history().senders[message];
        for key in 0..self.past.keys() {
            let Some(theirs) = &self.messages[message][key] else { continue };
            let holds = match (&self.replicas[replica][key], self.winner) {
                (None, _) => true,
                (Some(ours), Winner::LastWrite) => {
                    self.past.stamp(theirs.of) > self.past.stamp(ours.of)
                }
                (Some(_), winner) => match self.compare(key, replica, message) {
                    Some(order) => order == Ordering::Greater,
                    None if winner == Winner::Server => sender < replica,
                    None => sender > replica,
                },
            };
            if holds {
                self.replicas[replica][key] = Some(theirs.clone());
            }
        }
    }

    /// Who has seen more of the key: the message, the replica, or neither.
    fn compare(&self, key: Key, replica: usize, message: usize) -> Option<Ordering> {
        let (here, there) = (&self.seen.replicas[replica], &self.seen.messages[message]);
        let on_key = self.past.on_key(key);
        let has_more = |one: &Numbers, other: &Numbers| {
            on_key.iter().any(|number| one.contains(*number) && !other.contains(*number))
        };
        match (has_more(there, here), has_more(here, there)) {
            (true, true) => None,
            (there, here) => Some(there.cmp(&here)),
        }
    }
}

impl System for Strategy<'_> {
    fn step(&mut self, step: &Step) {
        match *step {
            Step::Work(number) => self.perform(number),
            Step::Send { replica, message } => {
                self.messages[message] = self.replicas[replica].clone();
            }
            Step::Receive { replica, message } => self.receive(replica, message),
        }
        self.seen.step(self.past.history, step);
    }

    fn fates(&self, replica: usize, latest: &[usize]) -> Vec<Fate> {
        let fate = |number: &usize| {
            let work = &self.history().works[*number];
            // Rows of their own are there.
            let Some(key) = self.past.key_of(*number) else { return Fate::There };
            let state = self.replicas[replica][key].as_ref();
            let state = state.expect("a side that has seen something of a key has a state of it");
            let is_there = match (&work.operation, &self.history().works[state.of].operation) {
                (Operation::Increment { .. }, _) => state.counted.contains(*number),
                (Operation::Add { .. }, Operation::Add { .. })
                | (Operation::Remove { .. }, Operation::Remove { .. }) => true,
                (Operation::Put { value, .. }, Operation::Put { value: held, .. })
                | (Operation::Write { value, .. }, Operation::Write { value: held, .. }) => {
                    value == held
                }
                _ => false,
            };
            if is_there { Fate::There } else { Fate::Lost }
        };
        latest.iter().map(fate).collect()
    }
}
