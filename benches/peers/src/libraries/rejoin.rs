//! Rejoin: the optimized types, their deltas by state vector, and the wire encoding.
//!
//! A sync is three messages an object: the vector of who begins, a delta since it, and a delta since
//! the vector that came with the first delta. All checks of the decoder are on, and records of
//! removal travel and are kept. The entries of a log stay in the message that brings them.

use crate::participant::{Messages, Participant, Replica, peer};
use crate::workload::{Action, Contents, Transaction};
use ::rejoin::dot::{Origin, ReplicaId};
use ::rejoin::optimized::g_counter::{CounterDelta, GCounter};
use ::rejoin::optimized::log::{Log, LogDelta};
use ::rejoin::optimized::lww_map::{self, LwwMap};
use ::rejoin::optimized::or_set::{self, OrSet};
use ::rejoin::optimized::{Author, Vector};
use ::rejoin::wire::{BaseEncoding, DecodeContext, Error, OriginEncoding};
use std::collections::HashMap;
use std::sync::Arc;

/// All that is there.
pub fn participants() -> [Box<dyn Participant>; 1] {
    [peer("rejoin", Rejoin::new, |_| None)]
}

/// A replica.
pub struct Rejoin {
    /// Who has performed operations here, and how many.
    authors: HashMap<u64, Author>,
    map: LwwMap<str, str>,
    set: OrSet<str>,
    counter: GCounter,
    log: Log<str>,
}

fn author(number: u64) -> Author {
    let origin = Origin { replica: ReplicaId::new(number.to_string()).unwrap(), incarnation: 0 };
    Author { origin, seq: 0, user: None }
}

/// What is done in a sync, at either side.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Telling what has been seen.
    Vector,
    /// Making a delta of what the other one lacks.
    Delta,
    /// Writing it.
    Encode,
    /// Reading it.
    Decode,
    /// Applying it.
    Apply,
}

/// One object's sync, from the replica that begins to the other one and back.
macro_rules! exchange {
    ($ours:expr, $theirs:expr, $apply:ident, $decode:expr, $messages:expr, $is_one_way:expr, $after:expr) => {
        let (ours, theirs) = ($ours.vector(), $theirs.vector());
        if ours != theirs {
            // The receiver of the changes sends first what it has seen.
            let is_known = ours.actor_table().origins() == theirs.actor_table().origins();
            let asks = theirs.encode(if is_known {
                OriginEncoding::ActorTable
            } else {
                OriginEncoding::Inline
            });
            let actor_tables = [ours.actor_table().clone()];
            let known = DecodeContext { actor_tables: &actor_tables, ..DecodeContext::default() };
            let asked = Vector::decode(&asks, &known).expect("it was just encoded");
            $after(Step::Vector);
            let delta = $ours.delta_since(&asked);
            $after(Step::Delta);
            let answer = Arc::new(delta.encode(OriginEncoding::Inline, BaseEncoding::Asked));
            drop(delta);
            $after(Step::Encode);
            let actor_tables = [theirs.actor_table().clone()];
            let known =
                DecodeContext { asked: Some(&theirs), vectors: &[], actor_tables: &actor_tables };
            let delta = $decode(&answer, &known).expect("it was just encoded");
            let seen = delta.seen().clone();
            $after(Step::Decode);
            $apply(&mut $theirs, delta);
            $after(Step::Apply);
            $messages.extend([asks.into(), answer]);
            // Who has nothing to tell says nothing.
            if !$is_one_way && $theirs.vector() != seen {
                // The answer says what the other has seen.
                let delta = $theirs.delta_since(&seen);
                $after(Step::Delta);
                let back = Arc::new(delta.encode(OriginEncoding::Inline, BaseEncoding::Asked));
                drop(delta);
                $after(Step::Encode);
                let actor_tables = [ours.actor_table().clone()];
                let known =
                    DecodeContext { asked: Some(&ours), vectors: &[], actor_tables: &actor_tables };
                let delta = $decode(&back, &known).expect("it was just encoded");
                $after(Step::Decode);
                $apply(&mut $ours, delta);
                $after(Step::Apply);
                $messages.push(back);
            }
        }
    };
}

fn apply_map(map: &mut LwwMap<str, str>, delta: lww_map::Delta<str, str>) {
    map.apply(&delta).expect("it was asked for");
}

fn apply_set(set: &mut OrSet<str>, delta: or_set::Delta<str>) {
    set.apply(&delta).expect("it was asked for");
}

fn apply_counter(counter: &mut GCounter, delta: CounterDelta) {
    counter.apply(&delta).expect("it was asked for");
}

fn apply_log(log: &mut Log<str>, delta: LogDelta<str>) {
    log.apply(delta).expect("it was asked for");
}

type Message = Arc<Vec<u8>>;

fn decode_map(
    message: &Message,
    known: &DecodeContext<'_>,
) -> Result<lww_map::Delta<str, str>, Error> {
    lww_map::Delta::decode(message, known)
}

fn decode_set(message: &Message, known: &DecodeContext<'_>) -> Result<or_set::Delta<str>, Error> {
    or_set::Delta::decode(message, known)
}

fn decode_counter(message: &Message, known: &DecodeContext<'_>) -> Result<CounterDelta, Error> {
    CounterDelta::decode(message, known)
}

impl Rejoin {
    /// A replica that knows nothing.
    pub fn new(_: u64) -> Self {
        Self {
            authors: HashMap::new(),
            map: LwwMap::new(),
            set: OrSet::new(),
            counter: GCounter::new(),
            log: Log::new(),
        }
    }

    /// A sync, from this replica to the other one and, unless it is one way, back. After each step
    /// it tells which one it was.
    #[inline]
    pub fn exchange(
        &mut self,
        other: &mut Self,
        is_one_way: bool,
        mut after: impl FnMut(Step),
    ) -> Messages {
        let mut messages = Messages::new();
        exchange!(self.map, other.map, apply_map, decode_map, messages, is_one_way, after);
        exchange!(self.set, other.set, apply_set, decode_set, messages, is_one_way, after);
        exchange!(
            self.counter,
            other.counter,
            apply_counter,
            decode_counter,
            messages,
            is_one_way,
            after
        );
        exchange!(
            self.log,
            other.log,
            apply_log,
            LogDelta::decode_shared,
            messages,
            is_one_way,
            after
        );
        messages
    }
}

impl Replica for Rejoin {
    fn apply(&mut self, transaction: &Transaction) {
        let Self { authors, map, set, counter, log, .. } = self;
        let number = transaction.author;
        let author = authors.entry(number).or_insert_with(|| author(number));
        for operation in &transaction.operations {
            author.seq += 1;
            let (by, stamp) = (&*author, operation.stamp);
            let is_done = match &operation.action {
                Action::Put { key, value } => map.put(by, key, value, stamp).is_ok(),
                Action::Add(element) => set.add(by, element).is_ok(),
                Action::Remove(element) => set.remove(by, element).is_ok(),
                Action::Increment(amount) => counter.increment(&by.origin, *amount).is_ok(),
                Action::Append(entry) => log.append(by, entry, stamp).is_ok(),
            };
            assert!(is_done, "there is room for all");
        }
    }

    fn fork(&mut self, _: u64) -> Self {
        // After the first sync each side knows the other's actor table by its fingerprint. Where they met, each
        // computed it.
        for actor_table in
            [self.map.vector(), self.set.vector(), self.counter.vector(), self.log.vector()]
        {
            actor_table.actor_table().fingerprint();
        }
        Self {
            authors: HashMap::new(),
            map: self.map.clone(),
            set: self.set.clone(),
            counter: self.counter.clone(),
            log: self.log.clone(),
        }
    }

    fn sync(&mut self, server: &mut Self) -> Messages {
        self.exchange(server, false, |_| ())
    }

    fn send(&mut self, hub: &mut Self) -> Messages {
        self.exchange(hub, true, |_| ())
    }

    fn contents(&mut self) -> Contents {
        let mut log: Vec<String> =
            self.log.entries().map(|entry| entry.value().to_owned()).collect();
        log.sort();
        let map = self.map.iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
        Contents {
            map: map.collect(),
            set: self.set.iter().map(str::to_owned).collect(),
            counter: self.counter.value().and_then(|n| n.try_into().ok()).unwrap_or(u64::MAX),
            log,
        }
    }
}
