//! The past of a history: which decisions were made in the knowledge of which, by brute force, and
//! what follows from them. No engine is asked.

use super::history::{History, Step, Text};
use rejoin::object::ObjectType;
use rejoin::operation::{Answer, ObjectId, Operation};
use std::collections::{BTreeMap, BTreeSet};

/// A set of small numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers(Vec<u64>);

impl Numbers {
    /// Puts one in.
    pub fn insert(&mut self, number: usize) {
        self.0.resize(self.0.len().max(number / 64 + 1), 0);
        self.0[number / 64] |= 1 << (number % 64);
    }

    /// Whether it is in it.
    pub fn contains(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    /// Puts in all that are in the other.
    pub fn join(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        self.0.iter_mut().zip(&other.0).for_each(|(here, there)| *here |= there);
    }

    /// Those that are not among the others.
    pub fn without<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = usize> + 'a {
        let words = self
            .0
            .iter()
            .enumerate()
            .map(|(at, word)| (at, word & !other.0.get(at).copied().unwrap_or(0)));
        words.flat_map(|(at, word)| {
            let bits = (0..64).filter(move |bit| word & (1 << bit) != 0);
            bits.map(move |bit| 64 * at + bit)
        })
    }
}

/// What an operation is about: an element of a set, a key of a map, a register, a counter. The
/// entries of a log have none.
pub type Key = usize;

/// What the operations of a history are about, and which of them overwrite which.
pub struct Past<'h> {
    /// Of what it is the past.
    pub history: &'h History,
    /// By operation.
    key_of: Vec<Option<Key>>,
    /// The operations by key.
    on_key: Vec<Vec<usize>>,
    /// By operation: those decisions on its key that were made when it was one of the latest known.
    overwritten_by: Vec<Vec<usize>>,
}

impl<'h> Past<'h> {
    /// Computes it. Cost: O(operations on a key) for each operation.
    pub fn new(history: &'h History) -> Self {
        let mut numbers = BTreeMap::<(ObjectId, Option<Text>), Key>::new();
        let (mut key_of, mut on_key) = (Vec::new(), Vec::<Vec<usize>>::new());
        for (number, work) in history.works.iter().enumerate() {
            let key = match &work.operation {
                Operation::Append { .. } => {
                    key_of.push(None);
                    continue;
                }
                Operation::Add { element: key }
                | Operation::Remove { element: key }
                | Operation::Put { key, .. } => Some(key.clone()),
                _ => None,
            };
            let next = numbers.len();
            let key = *numbers.entry((work.object.clone(), key)).or_insert(next);
            on_key.resize_with(numbers.len(), Vec::new);
            on_key[key].push(number);
            key_of.push(Some(key));
        }
        let overwritten_by = vec![Vec::new(); history.works.len()];
        let mut past = Self { history, key_of, on_key, overwritten_by };
        past.replay();
        past
    }

    fn replay(&mut self) {
        let mut seen = Seen::new(self.history);
        for step in &self.history.steps {
            if let Step::Work(number) = step {
                let of = &seen.replicas[self.history.works[*number].replica];
                let key = self.key_of[*number].filter(|_| !self.adds_up(*number));
                for known in key.map_or(Vec::new(), |key| self.latest(key, of)) {
                    self.overwritten_by[known].push(*number);
                }
            }
            seen.step(self.history, step);
        }
    }

    /// What an operation is about.
    pub fn key_of(&self, number: usize) -> Option<Key> {
        self.key_of[number]
    }

    /// How many keys there are, from 0.
    pub fn keys(&self) -> usize {
        self.on_key.len()
    }

    /// All operations about the key, in their order.
    pub fn on_key(&self, key: Key) -> &[usize] {
        &self.on_key[key]
    }

    /// Whether it counts or keeps what it brings, so that nothing overwrites it.
    fn adds_up(&self, number: usize) -> bool {
        let operation = &self.history.works[number].operation;
        matches!(operation, Operation::Increment { .. } | Operation::Append { .. })
    }

    /// The operations on the key, among those seen, that no decision of somebody who had seen them
    /// overwrites: all increments, and the maximal decisions.
    pub fn latest(&self, key: Key, seen: &Numbers) -> Vec<usize> {
        let is_latest = |number: &usize| {
            seen.contains(*number)
                && (self.adds_up(*number)
                    || !self.overwritten_by[*number].iter().any(|later| seen.contains(*later)))
        };
        self.on_key[key].iter().copied().filter(is_latest).collect()
    }

    /// Whether somebody who had seen it decided anew, anywhere in the history.
    pub fn is_decided_anew(&self, number: usize) -> bool {
        !self.adds_up(number) && !self.overwritten_by[number].is_empty()
    }

    /// The place of an operation among the writes to its key.
    pub fn stamp(&self, number: usize) -> (u64, &str, usize) {
        let work = &self.history.works[number];
        (work.time, self.history.replicas[work.replica].as_str(), number)
    }

    /// The right value of an object for who has seen all operations.
    pub fn value(&self, object: &str) -> Answer<Text, Text> {
        let mut all = Numbers::default();
        (0..self.history.works.len()).for_each(|number| all.insert(number));
        let works = self.history.works.iter().enumerate();
        let numbers: Vec<usize> =
            works.filter(|(_, work)| &*work.object == object).map(|(number, _)| number).collect();
        let keys: BTreeSet<Key> =
            numbers.iter().filter_map(|number| self.key_of[*number]).collect();
        let operation = |number: usize| &self.history.works[number].operation;
        let newest = |key: Key| self.on_key[key].iter().max_by_key(|number| self.stamp(**number));
        match self.history.kind(object) {
            ObjectType::GCounter => {
                let amounts = numbers.iter().map(|number| match operation(*number) {
                    Operation::Increment { amount } => u128::from(*amount),
                    _ => 0,
                });
                Answer::Count(Some(amounts.sum()))
            }
            ObjectType::OrSet => {
                let added = keys.iter().filter_map(|key| {
                    self.latest(*key, &all).into_iter().find_map(|number| match operation(number) {
                        Operation::Add { element } => Some(element.clone()),
                        _ => None,
                    })
                });
                Answer::Elements(added.collect())
            }
            ObjectType::LwwRegister => {
                let write = keys.first().and_then(|key| newest(*key));
                Answer::Value(write.and_then(|number| match operation(*number) {
                    Operation::Write { value, .. } => value.clone(),
                    _ => None,
                }))
            }
            ObjectType::LwwMap => {
                let put = |key: &Key| match operation(*newest(*key)?) {
                    Operation::Put { key, value, .. } => Some((key.clone(), value.clone()?)),
                    _ => None,
                };
                Answer::Values(keys.iter().filter_map(put).collect())
            }
            ObjectType::Log => {
                let mut numbers = numbers;
                numbers.sort_by_key(|number| self.stamp(*number));
                let entry = |number: usize| match operation(number) {
                    Operation::Append { entry, .. } => entry.clone(),
                    _ => None,
                };
                Answer::Entries(numbers.into_iter().filter_map(entry).collect())
            }
            other => unreachable!("no history here has a {}", other.as_str()),
        }
    }
}

/// What each replica has seen, and what each message holds.
pub struct Seen {
    /// By replica.
    pub replicas: Vec<Numbers>,
    /// By message; nothing before it is sent.
    pub messages: Vec<Numbers>,
}

impl Seen {
    /// Before anything has happened.
    pub fn new(history: &History) -> Self {
        let replicas = vec![Numbers::default(); history.replicas.len()];
        Self { replicas, messages: vec![Numbers::default(); history.senders.len()] }
    }

    /// What is seen after one step more.
    pub fn step(&mut self, history: &History, step: &Step) {
        match *step {
            Step::Work(number) => self.replicas[history.works[number].replica].insert(number),
            Step::Send { replica, message } => {
                self.messages[message] = self.replicas[replica].clone();
            }
            Step::Receive { replica, message } => {
                self.replicas[replica].join(&self.messages[message]);
            }
        }
    }
}
