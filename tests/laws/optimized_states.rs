//! States of the optimized engine, which only operations and deltas make.
//!
//! Three replicas perform operations and apply deltas of each other; their states are three states
//! of one history. The join is a delta-join: one applies what the other has and it lacks. Two
//! states are equal if their vectors and their state hashes are, which cover everything in a state.

use super::choices::Choices;
use super::hostile::WIDE;
use super::letter::Letter;
use rejoin::digest::StateHash;
use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::lattice::Lattice;
use rejoin::limits::INTEGERS;
use rejoin::operation::{Author, OperationError};
use rejoin::optimized::ew_flag::{self, FlagType};
use rejoin::optimized::g_counter::{CounterDelta, GCounter};
use rejoin::optimized::log::{Log, LogDelta};
use rejoin::optimized::lww_map::{self, LwwMap};
use rejoin::optimized::lww_register::{self, LwwRegister};
use rejoin::optimized::max_register::{Extreme, IntegerDelta, Order};
use rejoin::optimized::mv_map::{self, MvMap};
use rejoin::optimized::mv_register::{self, MvRegister};
use rejoin::optimized::or_set::{self, Presence, SetType};
use rejoin::optimized::pn_counter::{self, PnCounter};
use rejoin::optimized::{ApplyError, Reading, Vector};
use std::fmt::Debug;

/// The common interface of the types.
pub trait Object: Clone + Default + Debug {
    type Operation: Clone + Debug;
    type Delta;

    fn operation(choices: &mut Choices) -> Self::Operation;

    fn perform(
        &mut self,
        author: &Author,
        operation: Self::Operation,
    ) -> Result<Dot, OperationError>;

    fn vector(&self) -> Vector;

    fn delta_since(&self, since: &Vector) -> Self::Delta;

    fn apply(&mut self, delta: &Self::Delta) -> Result<(), ApplyError>;

    fn state_hash(&mut self) -> StateHash;
}

/// A state of one of them.
#[derive(Clone, Debug)]
pub struct State<O>(pub O);

impl<O: Object> PartialEq for State<O> {
    fn eq(&self, other: &Self) -> bool {
        let hash = |state: &Self| state.0.clone().state_hash();
        self.0.vector() == other.0.vector() && hash(self) == hash(other)
    }
}

impl<O: Object> Eq for State<O> {}

impl<O: Object> Lattice for State<O> {
    fn bottom() -> Self {
        Self(O::default())
    }

    fn join(&mut self, other: &Self) {
        let delta = other.0.delta_since(&self.0.vector());
        self.0.apply(&delta).expect("states of one history join");
    }
}

/// The author of an operation, as one of the origins.
pub fn author(choices: &mut Choices, (name, incarnation): (&str, u64)) -> Author {
    Author {
        origin: Origin { replica: ReplicaId::new(name).unwrap(), incarnation },
        seq: choices.one_of(WIDE.times),
        user: choices.one_of(WIDE.users).map(Into::into),
    }
}

/// The states of three replicas after up to ten steps of a history.
pub fn three<O: Object>(choices: &mut Choices) -> [State<O>; 3] {
    let mut states = [(); 3].map(|()| State::<O>::bottom());
    for _ in 0..choices.pick(11) {
        let (at, from) = (choices.pick(3), choices.pick(4));
        if from == 3 || from == at {
            let author = author(choices, WIDE.origins[at]);
            let operation = O::operation(choices);
            // A refusal changes nothing, which is a law of its own.
            let _ = states[at].0.perform(&author, operation);
        } else {
            let other = states[from].clone();
            states[at].join(&other);
        }
    }
    states
}

/// A vector, as such.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen(pub Vector);

impl Lattice for Seen {
    fn bottom() -> Self {
        Self(Vector::default())
    }

    fn join(&mut self, other: &Self) {
        self.0.join(&other.0);
    }
}

// The operations

fn key(choices: &mut Choices) -> String {
    choices.one_of(WIDE.keys).to_string()
}

/// A value and a timestamp. No value deletes.
fn write(choices: &mut Choices) -> (Option<&'static str>, u64) {
    let value = match choices.one_of(WIDE.letters) {
        Letter::A => Some("\"a\""),
        Letter::Null => None,
        Letter::T => Some("true"),
    };
    (value, choices.one_of(WIDE.times))
}

/// The methods that each type has under one name, and how it applies a delta.
macro_rules! all_have {
    (|$state:ident, $delta:ident| $apply:expr) => {
        fn vector(&self) -> Vector {
            self.vector()
        }

        fn delta_since(&self, since: &Vector) -> Self::Delta {
            self.delta_since(since)
        }

        fn apply(&mut self, $delta: &Self::Delta) -> Result<(), ApplyError> {
            let $state = self;
            $apply.map(drop)
        }

        fn state_hash(&mut self) -> StateHash {
            self.state_hash()
        }
    };
}

impl Object for GCounter {
    type Operation = u64;
    type Delta = CounterDelta;

    fn operation(choices: &mut Choices) -> u64 {
        choices.one_of(&[1, 2, u64::MAX, 0])
    }

    fn perform(&mut self, author: &Author, amount: u64) -> Result<Dot, OperationError> {
        self.increment(&author.origin, amount).map(|change| change.dot())
    }

    all_have! { |state, delta| state.apply(delta) }
}

impl Object for LwwRegister<str> {
    type Operation = (Option<&'static str>, u64);
    type Delta = lww_register::Delta<str>;

    fn operation(choices: &mut Choices) -> Self::Operation {
        write(choices)
    }

    fn perform(&mut self, author: &Author, write: Self::Operation) -> Result<Dot, OperationError> {
        self.write(author, write.0, write.1).map(|performed| performed.dot().clone())
    }

    all_have! { |state, delta| state.apply(delta) }
}

impl<T: SetType> Object for Reading<T, str, ()> {
    type Operation = (String, Presence);
    type Delta = or_set::Delta<str>;

    fn operation(choices: &mut Choices) -> Self::Operation {
        (key(choices), choices.one_of(&[Presence::Removed, Presence::Added]))
    }

    fn perform(&mut self, author: &Author, change: Self::Operation) -> Result<Dot, OperationError> {
        let performed = match change {
            (element, Presence::Added) => self.add(author, &element),
            (element, Presence::Removed) => self.remove(author, &element),
        };
        performed.map(|performed| performed.dot().clone())
    }

    all_have! { |state, delta| state.apply(delta) }
}

impl Object for LwwMap<str, str> {
    type Operation = (String, Option<&'static str>, u64);
    type Delta = lww_map::Delta<str, str>;

    fn operation(choices: &mut Choices) -> Self::Operation {
        let (value, timestamp) = write(choices);
        (key(choices), value, timestamp)
    }

    fn perform(
        &mut self,
        author: &Author,
        operation: Self::Operation,
    ) -> Result<Dot, OperationError> {
        let (key, value, timestamp) = operation;
        let performed = match value {
            Some(value) => self.put(author, &key, value, timestamp),
            None => self.delete(author, &key, timestamp),
        };
        performed.map(|performed| performed.dot().clone())
    }

    all_have! { |state, delta| state.apply(delta) }
}

impl Object for Log<str> {
    type Operation = (&'static str, u64);
    type Delta = LogDelta<str>;

    fn operation(choices: &mut Choices) -> Self::Operation {
        let (value, timestamp) = write(choices);
        (value.unwrap_or("null"), timestamp)
    }

    fn perform(&mut self, author: &Author, append: Self::Operation) -> Result<Dot, OperationError> {
        self.append(author, append.0, append.1).map(|entry| entry.dot())
    }

    all_have! { |state, delta| state.apply(delta.clone()) }
}

impl<T: FlagType> Object for Reading<T, [u8], ()> {
    type Operation = Presence;
    type Delta = ew_flag::Delta;

    fn operation(choices: &mut Choices) -> Presence {
        choices.one_of(&[Presence::Removed, Presence::Added])
    }

    fn perform(&mut self, author: &Author, change: Presence) -> Result<Dot, OperationError> {
        let performed = match change {
            Presence::Added => self.enable(author),
            Presence::Removed => self.disable(author),
        };
        performed.map(|performed| performed.dot().clone())
    }

    all_have! { |state, delta| state.apply(delta) }
}

impl Object for MvRegister<str> {
    type Operation = Option<&'static str>;
    type Delta = mv_register::Delta<str>;

    fn operation(choices: &mut Choices) -> Self::Operation {
        write(choices).0
    }

    fn perform(&mut self, author: &Author, value: Self::Operation) -> Result<Dot, OperationError> {
        self.write(author, value).map(|performed| performed.dot().clone())
    }

    all_have! { |state, delta| state.apply(delta) }
}

impl Object for MvMap<str, str> {
    type Operation = (String, Option<&'static str>);
    type Delta = mv_map::Delta<str, str>;

    fn operation(choices: &mut Choices) -> Self::Operation {
        (key(choices), write(choices).0)
    }

    fn perform(&mut self, author: &Author, put: Self::Operation) -> Result<Dot, OperationError> {
        let performed = match put.1 {
            Some(value) => self.put(author, &put.0, value),
            None => self.delete(author, &put.0),
        };
        performed.map(|performed| performed.dot().clone())
    }

    all_have! { |state, delta| state.apply(delta) }
}

impl Object for PnCounter {
    type Operation = (bool, u64);
    type Delta = pn_counter::Delta;

    fn operation(choices: &mut Choices) -> (bool, u64) {
        (choices.one_of(&[true, false]), GCounter::operation(choices))
    }

    fn perform(&mut self, author: &Author, change: (bool, u64)) -> Result<Dot, OperationError> {
        let change = match change {
            (true, amount) => self.increment(&author.origin, amount),
            (false, amount) => self.decrement(&author.origin, amount),
        };
        change.map(|change| change.dot())
    }

    all_have! { |state, delta| state.apply(delta) }
}

impl<O: Order> Object for Extreme<O> {
    type Operation = i128;
    type Delta = IntegerDelta;

    fn operation(choices: &mut Choices) -> i128 {
        choices.one_of(&[-1, 0, 1, *INTEGERS.start(), *INTEGERS.end(), INTEGERS.end() + 1])
    }

    fn perform(&mut self, author: &Author, integer: i128) -> Result<Dot, OperationError> {
        self.write(&author.origin, integer)
    }

    all_have! { |state, delta| state.apply(delta) }
}
