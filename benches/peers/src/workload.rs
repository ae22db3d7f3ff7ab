//! The workloads as plain data: what happened at which replica, and what has to come out.
//!
//! A server builds the base; the other replicas are forked from it; all edit apart; then they sync.
//! What has to come out is computed here from the operations themselves, one by one against each
//! other, without any CRDT.

use crate::text::{self, Vocabulary};
use foldhash::fast::FixedState;
use rejoin_harness::Rng;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::BuildHasher;

/// What a user does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Writes a value to a key of the map.
    Put {
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
    /// Adds an element to the set, whether or not it is there.
    Add(String),
    /// Removes an element from the set, whether or not it is there.
    Remove(String),
    /// Adds to the counter.
    Increment(u64),
    /// Appends an entry to the log.
    Append(String),
}

/// An action with its time: a hybrid logical clock, milliseconds since 1970 times 2^16 plus a count.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The time.
    pub stamp: u64,
    /// What is done.
    pub action: Action,
}

/// Operations that one author does at once. Their stamps are consecutive.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// Who does it. The authors 0, 1, 2… are the replicas themselves; W3a has further ones.
    pub author: u64,
    /// What is done.
    pub operations: Vec<Operation>,
}

/// What a replica holds in the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    /// The map.
    pub map: BTreeMap<String, String>,
    /// The set.
    pub set: BTreeSet<String>,
    /// The counter.
    pub counter: u64,
    /// The entries of the log, sorted: libraries differ in how they order concurrent ones.
    pub log: Vec<String>,
}

/// What has to come out.
#[derive(Debug, Default)]
pub struct Expected {
    /// All of it; in the map the greatest stamp wins.
    pub contents: Contents,
    /// For each key the values that nobody has overwritten knowingly. A library without clocks may
    /// choose any of them, the same at both replicas.
    pub candidates: BTreeMap<String, Vec<String>>,
}

/// What the sender's changes are made of, apart from any encoding: see [`Workload::deltas`].
#[derive(Clone, Debug, Default)]
pub struct Delta {
    /// What changed: keys, elements and authors of increments, as numbers.
    pub keys: Vec<u64>,
    /// The bytes of names, values and entries that the receiver needs.
    pub payload: usize,
    /// The bits below which no encoding goes.
    pub bits: f64,
}

/// One workload.
#[derive(Debug)]
pub struct Workload {
    /// Its short name: W1, W2…
    pub name: &'static str,
    /// What it is, in a line.
    pub title: &'static str,
    /// What the server, replica 0, did before all others were forked from it.
    pub base: Vec<Transaction>,
    /// What each replica did afterwards, the server first.
    pub offline: Vec<Vec<Transaction>>,
    /// Only the server learns from the others.
    pub one_way: bool,
    /// Increments come one by one and there are a million: too many for libraries that keep each.
    pub single_increments: bool,
    /// What has to come out.
    pub expected: Expected,
    /// The bits of the log's entries beyond the base.
    line_bits: HashMap<String, f64>,
}

/// The names of all workloads.
pub const NAMES: [&str; 9] = ["W1", "W2", "W3a", "W3b", "W3c", "W4", "W5", "W5c", "W6"];

/// How many operations a transaction has, but in W5.
const TRANSACTION: usize = 1_000;

/// When the first transaction starts, in milliseconds since 1970.
const START: u64 = 1_767_225_600_000;

const HOUR: u64 = 3_600_000;

/// A clock that gives the transactions of one replica their stamps.
#[derive(Clone)]
struct Clock {
    milliseconds: u64,
}

impl Clock {
    /// A transaction that starts after a random gap of up to `gap` milliseconds.
    fn transaction(
        &mut self,
        random: &mut Rng,
        gap: u64,
        author: u64,
        actions: impl IntoIterator<Item = Action>,
    ) -> Transaction {
        self.milliseconds += 1 + random.upper(gap as usize) as u64;
        let stamps = self.milliseconds << 16..;
        let operations: Vec<Operation> =
            stamps.zip(actions).map(|(stamp, action)| Operation { stamp, action }).collect();
        self.milliseconds += operations.len() as u64 >> 16;
        Transaction { author, operations }
    }

    /// Transactions of [`TRANSACTION`] operations each.
    fn transactions(
        &mut self,
        random: &mut Rng,
        author: u64,
        actions: Vec<Action>,
    ) -> Vec<Transaction> {
        let mut transactions = Vec::new();
        let mut actions = actions.into_iter().peekable();
        while actions.peek().is_some() {
            let some = actions.by_ref().take(TRANSACTION);
            transactions.push(self.transaction(random, 60_000, author, some));
        }
        transactions
    }
}

/// The parts of a workload as they are made.
struct Maker {
    random: Rng,
    vocabulary: Vocabulary,
    line_bits: HashMap<String, f64>,
    clock: Clock,
    base: Vec<Transaction>,
    offline: Vec<Vec<Transaction>>,
}

impl Maker {
    fn new(seed: u64, replicas: usize) -> Self {
        let mut random = Rng::new(seed);
        Self {
            vocabulary: Vocabulary::new(&mut random),
            random,
            line_bits: HashMap::new(),
            clock: Clock { milliseconds: START },
            base: Vec::new(),
            offline: vec![Vec::new(); replicas],
        }
    }

    fn put(&mut self, key: &str) -> Action {
        Action::Put { key: key.into(), value: text::value(&mut self.random) }
    }

    fn element(&mut self) -> String {
        format!("item-{:016x}", self.random.bits())
    }

    fn append(&mut self) -> Action {
        let (line, bits) = self.vocabulary.line(&mut self.random);
        self.line_bits.insert(line.clone(), bits);
        Action::Append(line)
    }

    fn build(&mut self, actions: Vec<Action>) {
        self.base.extend(self.clock.transactions(&mut self.random, 0, actions));
    }

    /// What a replica does after the fork.
    fn edit(&mut self, replica: usize, actions: Vec<Action>) {
        let mut clock = self.clock.clone();
        self.offline[replica] = clock.transactions(&mut self.random, replica as u64, actions);
    }

    /// A week of hourly transactions: each gets its share of the actions, in random order.
    fn week(&mut self, replica: usize, mut actions: Vec<Action>, increments: Increments) {
        const HOURS: usize = 168;
        self.random.shuffle(&mut actions);
        let mut clock = self.clock.clone();
        let mut actions = actions.into_iter();
        let count = actions.len();
        for hour in 0..HOURS {
            let share = |total: usize| (hour + 1) * total / HOURS - hour * total / HOURS;
            let mut some: Vec<Action> = actions.by_ref().take(share(count)).collect();
            match increments {
                Increments::Single(total) => {
                    some.extend((0..share(total)).map(|_| Action::Increment(1)));
                    self.random.shuffle(&mut some);
                }
                Increments::Summed(total) => some.push(Action::Increment(share(total) as u64)),
            }
            let transaction = clock.transaction(&mut self.random, HOUR / 10, replica as u64, some);
            self.offline[replica].push(transaction);
            clock.milliseconds = self.clock.milliseconds + (hour as u64 + 1) * HOUR;
        }
    }

    fn finish(self, name: &'static str, title: &'static str) -> Workload {
        let expected = expect(&self.base, &self.offline);
        Workload {
            name,
            title,
            base: self.base,
            offline: self.offline,
            one_way: false,
            single_increments: false,
            expected,
            line_bits: self.line_bits,
        }
    }
}

#[derive(Clone, Copy)]
enum Increments {
    Single(usize),
    Summed(usize),
}

const SERVER: usize = 0;
const A: usize = 1;

/// The workload of this name, which is one of [`NAMES`].
pub fn workload(name: &str) -> Option<Workload> {
    Some(match name {
        "W1" => map(),
        "W2" => set(),
        "W3a" => counter_of_many(),
        "W3b" => counter_of_one(1_000_000, "W3b", "counter: 1,000,000 increments at one node"),
        "W3c" => counter_of_one(1_000, "W3c", "counter: 1,000 increments of 1,000 at one node"),
        "W4" => log(),
        "W5" => week(Increments::Single, "W5", "a week offline"),
        "W5c" => week(Increments::Summed, "W5c", "a week offline, increments summed by the hour"),
        "W6" => fan_in(),
        _ => return None,
    })
}

fn map() -> Workload {
    let mut maker = Maker::new(1, 2);
    let keys: Vec<String> =
        (0..100_000).map(|key| format!("table_{}/column_{}", key / 100, key % 100)).collect();
    let base = keys.iter().map(|key| maker.put(key)).collect();
    maker.build(base);
    let touched = maker.random.choose(7_000, keys.len());
    let (hot, others) = touched.split_at(2_000);
    let at_a = (0..10_000)
        .map(|_| {
            let key = hot[maker.random.upper(hot.len())];
            maker.put(&keys[key])
        })
        .collect();
    maker.edit(A, at_a);
    let mut at_server: Vec<Action> =
        others.iter().chain(&hot[..500]).map(|key| maker.put(&keys[*key])).collect();
    maker.random.shuffle(&mut at_server);
    maker.edit(SERVER, at_server);
    maker.finish("W1", "LWW-map of 100,000 keys: 10,000 puts to 2,000 of them, 5,500 apart")
}

fn set() -> Workload {
    let mut maker = Maker::new(2, 2);
    let elements: Vec<String> = (0..100_000).map(|_| maker.element()).collect();
    maker.build(elements.iter().cloned().map(Action::Add).collect());
    let chosen = maker.random.choose(2_500, elements.len());
    let (r, x) = chosen.split_at(500);
    let all = |numbers: &[usize], action: fn(String) -> Action| -> Vec<Action> {
        numbers.iter().map(|number| action(elements[*number].clone())).collect()
    };
    let mut at_a: Vec<Action> = (0..4_500).map(|_| Action::Add(maker.element())).collect();
    at_a.extend(all(r, Action::Add));
    at_a.extend(all(x, Action::Remove));
    maker.random.shuffle(&mut at_a);
    maker.edit(A, at_a);
    let mut at_server = all(&x[..500], Action::Add);
    at_server.extend(all(r, Action::Remove));
    maker.random.shuffle(&mut at_server);
    maker.edit(SERVER, at_server);
    maker.finish("W2", "OR-set of 100,000: 4,500 new, 500 re-added, 2,000 removed; 1,000 apart")
}

/// Every author's increments are a transaction of their own, as they would reach a replica.
fn counter_of_many() -> Workload {
    let mut maker = Maker::new(3, 2);
    const NODES: u64 = 1_000;
    let mut clock = maker.clock.clone();
    let mut increments = |random: &mut Rng, nodes: std::ops::Range<u64>| -> Vec<Transaction> {
        nodes
            .map(|node| {
                let amount = 1 + random.upper(1_000_000) as u64;
                clock.transaction(random, 60_000, 100 + node, [Action::Increment(amount)])
            })
            .collect()
    };
    maker.base = increments(&mut maker.random, 0..NODES);
    maker.offline[A] = increments(&mut maker.random, 0..NODES / 2);
    maker.offline[SERVER] = increments(&mut maker.random, NODES / 2..NODES);
    maker.finish("W3a", "counter of 1,000 nodes: ahead on 500, behind on 500")
}

fn counter_of_one(count: usize, name: &'static str, title: &'static str) -> Workload {
    let mut maker = Maker::new(4, 2);
    maker.build(vec![Action::Increment(1)]);
    let amount = (1_000_000 / count) as u64;
    maker.edit(A, vec![Action::Increment(amount); count]);
    Workload { single_increments: amount == 1, ..maker.finish(name, title) }
}

fn log() -> Workload {
    let mut maker = Maker::new(5, 2);
    let mut lines = |count| -> Vec<Action> { (0..count).map(|_| maker.append()).collect() };
    let (base, at_a, at_server) = (lines(50_000), lines(5_000), lines(2_000));
    maker.build(base);
    maker.edit(A, at_a);
    maker.edit(SERVER, at_server);
    maker.finish("W4", "log of 50,000 entries: 5,000 appended, 2,000 apart")
}

fn week(increments: fn(usize) -> Increments, name: &'static str, title: &'static str) -> Workload {
    let mut maker = Maker::new(6, 2);
    let keys: Vec<String> = (0..5_000).map(|key| format!("settings/{key:04}")).collect();
    let elements: Vec<String> = (0..20_000).map(|_| maker.element()).collect();
    let mut base: Vec<Action> = keys.iter().map(|key| maker.put(key)).collect();
    base.extend(elements[..10_000].iter().cloned().map(Action::Add));
    base.extend((0..5_000).map(|_| maker.append()));
    base.push(Action::Increment(1));
    maker.random.shuffle(&mut base);
    maker.build(base);
    for (replica, scale) in [(A, 1), (SERVER, 10)] {
        let mut actions = set_operations(&mut maker.random, &elements, 100_000 / scale);
        actions.extend((0..50_000 / scale).map(|_| {
            let key = maker.random.upper(keys.len());
            maker.put(&keys[key])
        }));
        actions.extend((0..2_000 / scale).map(|_| maker.append()));
        maker.week(replica, actions, increments(1_000_000 / scale));
    }
    let single_increments = matches!(increments(1), Increments::Single(_));
    Workload { single_increments, ..maker.finish(name, title) }
}

/// Two adds to one remove, of any elements.
fn set_operations(random: &mut Rng, elements: &[String], count: usize) -> Vec<Action> {
    (0..count)
        .map(|_| {
            let element = elements[random.upper(elements.len())].clone();
            if random.upper(3) < 2 { Action::Add(element) } else { Action::Remove(element) }
        })
        .collect()
}

fn fan_in() -> Workload {
    const REPLICAS: usize = 64;
    let mut maker = Maker::new(7, 1 + REPLICAS);
    let elements: Vec<String> = (0..45_000).map(|_| maker.element()).collect();
    maker.build(elements[..10_000].iter().cloned().map(Action::Add).collect());
    for replica in 1..=REPLICAS {
        let actions = set_operations(&mut maker.random, &elements, 2_000);
        maker.edit(replica, actions);
    }
    let workload = maker.finish("W6", "64 replicas of a set, 2,000 operations each, into one hub");
    Workload { one_way: true, ..workload }
}

/// An operation with its place: the base has none, and comes before all that has one.
struct Event<'a> {
    place: Option<usize>,
    /// The number among all events; of two at one place the lower was first.
    number: usize,
    author: u64,
    operation: &'a Operation,
}

impl Event<'_> {
    /// Whether the other was done in the knowledge of this one.
    fn is_known_to(&self, other: &Self) -> bool {
        match (self.place, other.place) {
            (None, Some(_)) => true,
            (mine, others) => mine == others && self.number < other.number,
        }
    }
}

/// What has to come out when all have learned all. Keys and elements are looked at one by one, and
/// the events on each are compared in pairs.
fn expect(base: &[Transaction], offline: &[Vec<Transaction>]) -> Expected {
    let mut by_key: BTreeMap<&str, Vec<Event>> = BTreeMap::new();
    let mut by_element: BTreeMap<&str, Vec<Event>> = BTreeMap::new();
    let mut expected = Expected::default();
    let places = std::iter::once((None, base))
        .chain(offline.iter().enumerate().map(|(place, some)| (Some(place), some.as_slice())));
    let mut number = 0;
    for (place, transactions) in places {
        for transaction in transactions {
            for operation in &transaction.operations {
                number += 1;
                let event = Event { place, number, author: transaction.author, operation };
                match &operation.action {
                    Action::Put { key, .. } => by_key.entry(key).or_default().push(event),
                    Action::Add(element) | Action::Remove(element) => {
                        by_element.entry(element).or_default().push(event);
                    }
                    Action::Increment(amount) => expected.contents.counter += amount,
                    Action::Append(entry) => expected.contents.log.push(entry.clone()),
                }
            }
        }
    }
    expected.contents.log.sort_unstable();
    for (key, events) in by_key {
        let value = |event: &Event| match &event.operation.action {
            Action::Put { value, .. } => value.clone(),
            action => unreachable!("{action:?} is no put"),
        };
        let last = events.iter().max_by_key(|event| (event.operation.stamp, event.author));
        let last = last.expect("a key has an event");
        expected.contents.map.insert(key.into(), value(last));
        let candidates =
            events.iter().filter(|event| !events.iter().any(|other| event.is_known_to(other)));
        expected.candidates.insert(key.into(), candidates.map(value).collect());
    }
    for (element, events) in by_element {
        let is = |event: &Event, add: bool| matches!(event.operation.action, Action::Add(_)) == add;
        let is_present = events
            .iter()
            .filter(|event| is(event, true))
            .any(|add| !events.iter().any(|remove| is(remove, false) && add.is_known_to(remove)));
        if is_present {
            expected.contents.set.insert(element.into());
        }
    }
    expected
}

/// log2 of the number of ways to choose `count` of `total`.
fn choice_bits(count: usize, total: usize) -> f64 {
    (0..count).map(|at| ((total - at) as f64 / (at + 1) as f64).log2()).sum()
}

impl Workload {
    /// What each replica has to tell, the server first: the last decision on each key, the sum of
    /// the increments and the new entries. Bits: which keys, the letters of the values, and for
    /// entries the entropy of the vocabulary.
    pub fn deltas(&self) -> Vec<Delta> {
        let base = Changed::by(&self.base);
        self.offline.iter().map(|some| self.delta(&Changed::by(some), &base)).collect()
    }

    /// The keys, elements and authors of the base, as numbers.
    pub fn base_keys(&self) -> Vec<u64> {
        Changed::by(&self.base).numbers()
    }

    fn delta(&self, changed: &Changed, base: &Changed) -> Delta {
        let mut delta = Delta { keys: changed.numbers(), ..Delta::default() };
        for entry in &changed.entries {
            delta.payload += entry.len();
            delta.bits += self.line_bits[*entry];
        }
        for value in changed.puts.values() {
            delta.payload += value.len();
            delta.bits += text::value_bits(value);
        }
        for share in changed.shares.values() {
            let bits = (*share as f64 + 1.0).log2();
            delta.payload += (bits / 8.0).ceil() as usize;
            delta.bits += bits;
        }
        let known_keys = changed.puts.keys().filter(|key| base.puts.contains_key(*key)).count();
        let (known, unknown): (Vec<&str>, Vec<&str>) =
            changed.elements.iter().partition(|element| base.elements.contains(*element));
        // Which keys and elements; and of each element whether it is added or removed.
        let choices = choice_bits(known_keys, base.puts.len())
            + choice_bits(known.len(), base.elements.len())
            + changed.elements.len() as f64;
        delta.payload += (choices / 8.0).ceil() as usize;
        delta.bits += choices;
        // The name of an unknown element has 64 random bits.
        delta.payload += unknown.iter().map(|element| element.len()).sum::<usize>();
        delta.bits += 64.0 * unknown.len() as f64;
        delta
    }
}

/// What some transactions come to.
#[derive(Default)]
struct Changed<'a> {
    /// The last value of each key.
    puts: BTreeMap<&'a str, &'a str>,
    /// The elements that were added or removed.
    elements: BTreeSet<&'a str>,
    /// The sum of each author's increments.
    shares: BTreeMap<u64, u64>,
    entries: Vec<&'a str>,
}

impl<'a> Changed<'a> {
    fn by(transactions: &'a [Transaction]) -> Self {
        let mut changed = Self::default();
        for transaction in transactions {
            for operation in &transaction.operations {
                match &operation.action {
                    Action::Put { key, value } => _ = changed.puts.insert(key, value),
                    Action::Add(element) | Action::Remove(element) => {
                        changed.elements.insert(element);
                    }
                    Action::Increment(amount) => {
                        *changed.shares.entry(transaction.author).or_insert(0) += amount;
                    }
                    Action::Append(entry) => changed.entries.push(entry),
                }
            }
        }
        changed
    }

    /// A number for each key, element and author, the same wherever it occurs.
    fn numbers(&self) -> Vec<u64> {
        let state = FixedState::default();
        let keys = self.puts.keys().map(|key| state.hash_one(("key", key)));
        let elements = self.elements.iter().map(|element| state.hash_one(("element", element)));
        let authors = self.shares.keys().map(|author| state.hash_one(("author", author)));
        keys.chain(elements).chain(authors).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str) -> Workload {
        workload(name).expect("the name is one of a workload")
    }

    #[test]
    fn set_comes_out_as_reckoned_by_hand() {
        // All new ones; of the removed those that were added again; and those that were added again
        // where they were not removed.
        assert_eq!(made("W2").expected.contents.set.len(), 100_000 + 4_500 - 1_500);
    }

    #[test]
    fn counters_come_out_as_reckoned_by_hand() {
        assert_eq!(made("W3b").expected.contents.counter, 1_000_001);
        assert_eq!(made("W3c").expected.contents.counter, 1_000_001);
        assert_eq!(made("W5c").expected.contents.counter, 1_100_001);
    }

    #[test]
    fn map_leaves_a_choice_only_where_both_wrote() {
        let expected = made("W1").expected;
        assert_eq!(expected.contents.map.len(), 100_000);
        let contended = expected.candidates.values().filter(|values| values.len() == 2).count();
        assert!((490..=500).contains(&contended), "{contended}");
        assert!(expected.candidates.values().all(|values| matches!(values.len(), 1 | 2)));
        assert!(
            expected
                .contents
                .map
                .iter()
                .all(|(key, value)| { expected.candidates[key].contains(value) })
        );
    }

    #[test]
    fn stamps_are_consecutive_in_a_transaction_and_grow_at_a_replica() {
        for workload in ["W1", "W5"].map(made) {
            for offline in &workload.offline {
                let mut last = 0;
                for transaction in workload.base.iter().chain(offline) {
                    let stamps = transaction.operations.iter().map(|operation| operation.stamp);
                    let first = transaction.operations[0].stamp;
                    assert!(first > last + 1);
                    assert!(stamps.clone().eq(first..first + stamps.len() as u64));
                    last = first + stamps.len() as u64;
                }
            }
        }
    }

    #[test]
    fn week_is_of_hours() {
        let workload = made("W5");
        for (replica, operations) in [(A, 1_152_000), (SERVER, 115_200)] {
            let hours = &workload.offline[replica];
            assert_eq!(hours.len(), 168);
            let count: usize = hours.iter().map(|hour| hour.operations.len()).sum();
            assert_eq!(count, operations);
        }
    }
}
