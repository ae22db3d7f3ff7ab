//! The optimized engine, which follows by deltas.
//!
//! Meaning: the receiver of a message applies a delta of the sender's present state,
//! since its own vector. A message is often received when its sender has moved on, and no state
//! gives what it had then. For that, what a replica does is cut into *stretches*: the operations
//! on one object from one time that it sends or receives to the next. Each stretch is kept
//! as one delta, since what the replica had seen before it. What a replica has seen consists of
//! whole stretches, and those that a receiver lacks, in the order in which they ended, bring it
//! to what the message held.
//! Cost: a merge, and a message that finds its sender unchanged, cost what is new. Stretches take
//! memory for what each key, share and entry was at the end of each; a backup is a copy.

use super::{Amount, Follow, Key, Outcome, Performed, Question, Update};
use super::{answer_text, decisions_text, hash_text, list, notices_text, vector_text};
use hashbrown::HashMap;
use rejoin::dot::{Origin, ReplicaId};
use rejoin::object::ObjectType;
use rejoin::operation::{Answer, Canonical, DecisionId, ObjectId, Operation};
use rejoin::optimized::Vector;
use rejoin::optimized::replica::{Delta, Object, Objects, Replica};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

type Node = Replica;

/// Where the engine stops.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most bytes, about, that states, stretches and backups may take together.
    pub kept: u64,
    /// The most bytes, about, that may be moved in deltas and copies: this bounds the time.
    pub moved: u64,
    /// How many bytes are moved between two looks at how much is kept.
    pub look_after: u64,
}

impl Limits {
    /// Half a GB, and less than some minutes.
    pub const DEFAULT: Self = Self { kept: 512 << 20, moved: 16 << 30, look_after: 64 << 20 };
}

/// A growing run of operations of one incarnation of a replica on one object.
#[derive(Debug)]
struct Open {
    lane: u32,
    /// What the object had seen before.
    before: Vector,
    /// The place of the last operation among those of the lane.
    end: u32,
}

/// Operations of one life of a replica on one object, between which it received nothing.
#[derive(Debug)]
struct Stretch {
    /// How many operations of the lane there are up to its end.
    end: u32,
    /// When it ended, among all of them.
    number: u64,
    delta: Delta,
}

/// The replicas, and what is kept of what they did.
pub struct Optimized {
    /// `None` where a replica was left.
    replicas: Vec<Option<Node>>,
    names: Vec<ReplicaId>,
    objects: Vec<ObjectId>,
    /// For each replica, by object.
    open: Vec<BTreeMap<u32, Open>>,
    /// By lane, in order.
    stretches: HashMap<u32, Vec<Stretch>>,
    ended: u64,
    backups: HashMap<usize, Objects>,
    /// About how many bytes the stretches and backups take.
    kept: u64,
    /// About how many bytes were moved, and how many at the next look.
    moved: u64,
    look_at: u64,
    limits: Limits,
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

impl Optimized {
    /// Replicas of these names, with these objects, at their beginning.
    pub fn new(names: &[ReplicaId], objects: &[(ObjectId, ObjectType)], limits: Limits) -> Self {
        let schema = objects.iter().cloned().collect();
        let origin = |replica: &ReplicaId| Origin { replica: replica.clone(), incarnation: 0 };
        Self {
            replicas: names.iter().map(|name| Some(Node::new(origin(name), &schema))).collect(),
            names: names.to_vec(),
            objects: objects.iter().map(|(name, _)| name.clone()).collect(),
            open: names.iter().map(|_| BTreeMap::new()).collect(),
            stretches: HashMap::new(),
            ended: 0,
            backups: HashMap::new(),
            kept: 0,
            moved: 0,
            look_at: limits.look_after,
            limits,
        }
    }

    fn node(&mut self, at: usize) -> Result<&mut Node, String> {
        self.replicas[at].as_mut().ok_or_else(|| "it was left".into())
    }

    fn since(&mut self, at: usize, id: &str, since: &Vector) -> Result<Delta, String> {
        let delta = self.node(at)?.delta_since(id, since).map_err(words)?;
        self.moved += delta.footprint() as u64;
        Ok(delta)
    }

    /// Ends the stretch of a replica on an object.
    fn end(&mut self, at: usize, object: u32) -> Result<(), String> {
        let Some(Open { lane, before, end }) = self.open[at].remove(&object) else {
            return Ok(());
        };
        let id = self.objects[object as usize].clone();
        let delta = self.since(at, &id, &before)?;
        self.kept += delta.footprint() as u64;
        self.ended += 1;
        let stretch = Stretch { end, number: self.ended, delta };
        self.stretches.entry(lane).or_default().push(stretch);
        Ok(())
    }

    fn end_all(&mut self, at: usize) -> Result<(), String> {
        while let Some((object, _)) = self.open[at].first_key_value() {
            self.end(at, *object)?;
        }
        Ok(())
    }

    /// Applies the present state of another replica.
    fn transfer(&mut self, at: usize, from: usize, object: u32) -> Result<(), String> {
        let id = self.objects[object as usize].clone();
        let vector = self.node(at)?.vector(&id).map_err(words)?;
        let delta = self.since(from, &id, &vector)?;
        self.node(at)?.apply_ref(&id, &delta).map_err(words)
    }

    /// Applies what a message held, if its sender's state has changed since.
    fn catch_up(
        &mut self,
        at: usize,
        object: u32,
        lanes: &[(u32, u32, u32)],
    ) -> Result<(), String> {
        let Some(node) = &mut self.replicas[at] else { return Err("it was left".into()) };
        let mut missing: Vec<&Stretch> = Vec::new();
        for (lane, here, there) in lanes {
            let of_lane = self.stretches.get(lane).map_or(&[][..], Vec::as_slice);
            let lacked = of_lane.iter().skip(of_lane.partition_point(|one| one.end <= *here));
            missing.extend(lacked.take_while(|one| one.end <= *there));
        }
        missing.sort_unstable_by_key(|stretch| stretch.number);
        let id = &self.objects[object as usize];
        for stretch in missing {
            self.moved += stretch.delta.footprint() as u64;
            node.apply_ref(id, &stretch.delta).map_err(words)?;
        }
        Ok(())
    }

    /// About how many bytes states, stretches and backups take.
    fn footprint(&self) -> u64 {
        let states = self.replicas.iter().flatten().map(|node| footprint(node.objects()));
        self.kept + states.sum::<u64>()
    }
}

fn footprint(objects: &Objects) -> u64 {
    objects.values().map(|object| object.footprint() as u64).sum()
}

/// The operation as the engine takes it. A write of `null` deletes; an entry `null` is an entry.
fn borrowed(operation: &Operation<Key, Canonical>) -> Operation<&str, Option<&str>> {
    fn written(value: &Canonical) -> Option<&str> {
        Some(value.as_str()).filter(|value| *value != "null")
    }
    match operation {
        Operation::Increment { amount } => Operation::Increment { amount: *amount },
        Operation::Write { value, timestamp } => {
            Operation::Write { value: written(value), timestamp: *timestamp }
        }
        Operation::Add { element } => Operation::Add { element },
        Operation::Remove { element } => Operation::Remove { element },
        Operation::Put { key, value, timestamp } => {
            Operation::Put { key, value: written(value), timestamp: *timestamp }
        }
        Operation::Append { entry, timestamp } => {
            Operation::Append { entry: Some(entry.as_str()), timestamp: *timestamp }
        }
        Operation::Decrement { amount } => Operation::Decrement { amount: *amount },
        Operation::Enable => Operation::Enable,
        Operation::Disable => Operation::Disable,
        Operation::WriteInteger { integer } => Operation::WriteInteger { integer: *integer },
    }
}

impl Follow for Optimized {
    fn perform(&mut self, at: usize, performed: &Performed<'_>) -> Result<(), String> {
        let Performed { object, lane, position, operation, user } = *performed;
        let id = &self.objects[object as usize];
        let node = self.replicas[at].as_mut().ok_or("it was left")?;
        match self.open[at].entry(object) {
            Entry::Occupied(open) => open.into_mut().end = position,
            Entry::Vacant(none) => {
                let before = node.vector(id).map_err(words)?;
                none.insert(Open { lane, before, end: position });
            }
        }
        node.perform(id, borrowed(operation), user.clone()).map(drop).map_err(words)
    }

    fn send(&mut self, at: usize, _: usize) -> Result<(), String> {
        self.end_all(at)
    }

    fn receive(&mut self, at: usize, _: usize, updates: &[Update]) -> Result<(), String> {
        for Update { object, from, lanes } in updates {
            self.end(at, *object)?;
            match from {
                Some(from) => self.transfer(at, *from as usize, *object)?,
                None => self.catch_up(at, *object, lanes)?,
            }
        }
        Ok(())
    }

    fn merge(&mut self, at: usize, from: usize, objects: &[u32]) -> Result<(), String> {
        for object in objects {
            self.end(at, *object)?;
            self.end(from, *object)?;
            self.transfer(at, from, *object)?;
        }
        Ok(())
    }

    fn save(&mut self, at: usize, number: usize) -> Result<(), String> {
        self.end_all(at)?;
        let objects = self.node(at)?.objects().clone();
        let size = footprint(&objects);
        (self.kept, self.moved) = (self.kept + size, self.moved + size);
        self.backups.insert(number, objects);
        Ok(())
    }

    fn restore(&mut self, at: usize, number: usize, incarnation: u64) -> Result<(), String> {
        let backup = self.backups.get(&number).ok_or("there is no such backup")?.clone();
        self.moved += footprint(&backup);
        let origin = Origin { replica: self.names[at].clone(), incarnation };
        self.replicas[at] = Some(Node::restored(origin, backup));
        // What was performed since the last message or backup, nobody has seen.
        self.open[at].clear();
        Ok(())
    }

    fn answer(&mut self, at: usize, question: &Question<'_>) -> Result<Outcome, String> {
        let node = self.node(at)?;
        Ok(match question {
            Question::Value(id, right) => value(node.object(id).map_err(words)?, right),
            Question::Member(id, key, right) => member(node.object(id).map_err(words)?, key, right),
            Question::Vector(Some(id), right) => {
                let mut counts = BTreeMap::new();
                for (origin, count) in node.vector(id).map_err(words)?.iter() {
                    *counts.entry(origin.replica.to_string()).or_default() += u128::from(count);
                }
                Outcome::of(vector_text(counts), right)
            }
            Question::Vector(None, right) => {
                let seen = node.seen().into_iter();
                let named = seen.map(|(replica, count)| (replica.to_string(), count));
                Outcome::of(vector_text(named.collect()), right)
            }
            Question::Decisions(id, right) => {
                let names = |ids: Vec<DecisionId>| ids.into_iter().map(name).collect();
                let open = node.object(id).map_err(words)?.conflicts().into_iter();
                let named =
                    open.map(|open| (text(&open.key), names(open.kept), names(open.overruled)));
                Outcome::of(decisions_text(named.collect()), right)
            }
            Question::Notices(user, right) => {
                let told = node.notices(&(*user).into()).into_iter().map(|notice| {
                    let (replica, seq) = name(notice.decision);
                    let key = notice.key.as_deref().map(text).unwrap_or_default();
                    (notice.object.to_string(), key, replica, seq)
                });
                Outcome::of(notices_text(told.collect()), right)
            }
            Question::Digest(object, right) => {
                let hash = match object {
                    Some(id) => node.object_hash(id).map_err(words)?,
                    None => node.state_hash(),
                };
                if hash == **right { Outcome::Same } else { Outcome::Other(hash_text(&hash)) }
            }
        })
    }

    fn leave(&mut self, at: usize) {
        self.replicas[at] = None;
        self.open[at].clear();
    }

    fn limit(&mut self) -> Option<&'static str> {
        if self.moved < self.look_at {
            return None;
        }
        self.look_at = self.moved + self.limits.look_after;
        if self.moved > self.limits.moved {
            return Some("what its messages bring takes too much time");
        }
        (self.footprint() > self.limits.kept)
            .then_some("what its replicas hold takes too much memory")
    }
}

fn name(id: DecisionId) -> (String, u64) {
    (id.dot.origin.replica.to_string(), id.seq)
}

fn text(key: &[u8]) -> String {
    String::from_utf8_lossy(key).into_owned()
}

/// Holds the value of an object against the right one: key by key, without writing it down.
fn value(object: &Object, right: &Amount<'_>) -> Outcome {
    let is_same = match (object, right) {
        (Object::GCounter(counter), Amount::Count(right)) => {
            counter.value() == u128::try_from(*right).ok()
        }
        (Object::LwwRegister(register), Amount::Value(right)) => register.value() == *right,
        (Object::OrSet(set), Amount::Elements(right)) => {
            right.iter().all(|element| set.contains(element)) && set.len() == right.len()
        }
        (Object::LwwMap(map), Amount::Values(right)) => {
            right.iter().all(|(key, value)| map.get(key) == Some(value)) && map.len() == right.len()
        }
        (Object::Log(log), Amount::Entries(right)) => {
            log.entries().map(|entry| entry.value()).eq(right.iter().copied())
        }
        (Object::PnCounter(counter), Amount::Count(right)) => counter.value() == Some(*right),
        (Object::RwSet(set), Amount::Elements(right)) => {
            right.iter().all(|element| set.contains(element)) && set.len() == right.len()
        }
        (Object::EwFlag(flag), Amount::Flag(right)) => flag.value() == *right,
        (Object::DwFlag(flag), Amount::Flag(right)) => flag.value() == *right,
        (Object::MvRegister(register), Amount::Siblings(right)) => {
            register.values().eq(right.iter().copied())
        }
        (Object::MvMap(map), Amount::Contested(right)) => {
            let is_there =
                |(key, values): &(&str, Vec<&str>)| map.get(key).eq(values.iter().copied());
            right.iter().all(is_there) && map.len() == right.len()
        }
        (Object::MaxRegister(register), Amount::Extreme(right)) => register.value() == *right,
        (Object::MinRegister(register), Amount::Extreme(right)) => register.value() == *right,
        _ => false,
    };
    if is_same { Outcome::Same } else { Outcome::Other(answer_text(&answer(object))) }
}

fn answer(object: &Object) -> Answer<&str, &str> {
    match object {
        Object::GCounter(counter) => Answer::Count(counter.value()),
        Object::LwwRegister(register) => Answer::Value(register.value()),
        Object::OrSet(set) => Answer::Elements(set.iter().collect()),
        Object::LwwMap(map) => Answer::Values(map.iter().collect()),
        Object::Log(log) => Answer::Entries(log.entries().map(|entry| entry.value()).collect()),
        Object::PnCounter(counter) => Answer::Balance(counter.value()),
        Object::RwSet(set) => Answer::Elements(set.iter().collect()),
        Object::EwFlag(flag) => Answer::Enabled(flag.value()),
        Object::DwFlag(flag) => Answer::Enabled(flag.value()),
        Object::MvRegister(register) => Answer::Concurrent(register.values().collect()),
        Object::MvMap(map) => {
            let of_key = |(key, values): (_, Vec<_>)| (key, values.into_iter().collect());
            Answer::ConcurrentByKey(map.iter().map(of_key).collect())
        }
        Object::MaxRegister(register) => Answer::Integer(register.value()),
        Object::MinRegister(register) => Answer::Integer(register.value()),
    }
}

fn member(object: &Object, key: &str, right: &str) -> Outcome {
    match object {
        Object::OrSet(set) => Outcome::of(set.contains(key).to_string(), right),
        Object::RwSet(set) => Outcome::of(set.contains(key).to_string(), right),
        Object::LwwMap(map) => Outcome::of(map.get(key).unwrap_or("null").into(), right),
        Object::MvMap(map) => Outcome::of(list('[', ']', map.get(key).map(String::from)), right),
        other => Outcome::of(answer_text(&answer(other)), right),
    }
}
