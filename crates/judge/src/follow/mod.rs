//! Engines that follow a trace: they do what its replicas did, and must answer as the judge does.
//!
//! Meaning: the judge answers from the definition; an engine joins states, or applies deltas.
//! Where what a replica has seen is what some of these give, the two must agree. A replica that
//! receives single operations or a difference without its base is left by the engines from there
//! on, and so are loaded objects and traces with own stamps.
//! Cost: that of the engine, and with each claim that of its question; see [`whole`] and
//! [`optimized`].

mod optimized;
pub mod proven_judge;
#[cfg(test)]
mod tests;
mod whole;

use crate::EngineName;
use crate::answer::state_hash::{OWN_ALGORITHM, state_hash};
use crate::answer::values::{Amount, list, quoted};
use crate::claim::{Resolved, all_notices, open_decisions};
use crate::past::history::{self, Content, History, OpId, Seen};
use crate::past::{Happened, Past, Transfer};
use optimized::{Limits, Optimized};
use rejoin::digest::StateHash;
use rejoin::dot::ReplicaId;
use rejoin::object::ObjectType;
use rejoin::operation::{Answer, Canonical, ObjectId, Operation, User};
use rejoin::reference;
use rejoin_proven as proven;
use rejoin_trace as trace;
use rejoin_trace::{Claim, Event};
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use whole::Replicas;

type Key = Arc<str>;

/// What is asked of an engine at a claim, and what the definition answers.
#[derive(Clone, Copy, Debug)]
pub enum Question<'a> {
    /// The value of an object.
    Value(&'a str, &'a Amount<'a>),
    /// Whether an element is in a set, or the value of a key of a map.
    Member(&'a str, &'a str, &'a str),
    /// The state vector, of one object where one is named.
    Vector(Option<&'a str>, &'a str),
    /// The open merge decisions of an object.
    Decisions(&'a str, &'a str),
    /// The notices of a user.
    Notices(&'a str, &'a str),
    /// The state hash, of one object where one is named.
    Digest(Option<&'a str>, &'a StateHash),
}

impl Question<'_> {
    /// What the definition answers, to be shown.
    fn right(&self) -> String {
        match self {
            Self::Value(_, right) => right.text(),
            Self::Member(.., right)
            | Self::Vector(_, right)
            | Self::Decisions(_, right)
            | Self::Notices(_, right) => (*right).into(),
            Self::Digest(_, right) => hash_text(right),
        }
    }
}

/// The outcome of a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The answer is the definition's.
    Same,
    /// It is another one.
    Other(String),
    /// The engine does not answer such questions.
    NotAsked,
}

impl Outcome {
    fn of(answer: String, right: &str) -> Self {
        if answer == right { Self::Same } else { Self::Other(answer) }
    }
}

/// A state hash, written down.
fn hash_text(hash: &StateHash) -> String {
    format!("{} (of removals {})", hash.content, hash.removals)
}

/// An open merge decision: key, kept and superseded as (replica, seq), in order.
pub type OpenDecision = (String, Vec<(String, u64)>, Vec<(String, u64)>);

/// The answer to each kind of question, written down in one way for all engines.
pub fn decisions_text(mut open: Vec<OpenDecision>) -> String {
    for (_, kept, superseded) in &mut open {
        kept.sort_unstable();
        superseded.sort_unstable();
    }
    open.sort_unstable();
    format!("{open:?}")
}

/// What a notice says: object, key (empty for a register), replica, seq.
pub type NoticeRow = (String, String, String, u64);

/// See [`decisions_text`].
pub fn notices_text(mut notices: Vec<NoticeRow>) -> String {
    notices.sort_unstable();
    format!("{notices:?}")
}

/// See [`decisions_text`].
pub fn vector_text(vector: BTreeMap<String, u128>) -> String {
    let known = vector.into_iter().filter(|(_, count)| *count > 0);
    list('{', '}', known.map(|(replica, count)| format!("{}:{count}", quoted(&replica))))
}

/// An operation that a replica performed.
#[derive(Clone, Debug)]
pub struct Performed<'a> {
    /// On which object.
    object: u32,
    /// Among which operations: those of one life of one replica on one object.
    lane: u32,
    /// Its place among them, from 1.
    position: u32,
    operation: &'a Operation<Key, Canonical>,
    user: &'a Option<User>,
}

/// What a replica is to learn of one object, as a message brings it.
#[derive(Clone, Debug)]
pub struct Update {
    object: u32,
    /// A replica that has just what the message was made of, if the sender still does.
    from: Option<u32>,
    /// The lanes that grew: how much was known before, and how much is known now.
    lanes: Vec<(u32, u32, u32)>,
}

/// What the judge needs of an engine, whichever it is. Replicas, and objects, are numbered as
/// the trace declares them; messages and backups as they come.
trait Follow {
    /// A replica performs an operation.
    fn perform(&mut self, at: usize, performed: &Performed<'_>) -> Result<(), String>;
    /// What the replica has is put into a message.
    fn send(&mut self, at: usize, number: usize) -> Result<(), String>;
    /// The replica applies a message, which brings this.
    fn receive(&mut self, at: usize, number: usize, updates: &[Update]) -> Result<(), String>;
    /// The replica applies what another one has of these objects.
    fn merge(&mut self, at: usize, from: usize, objects: &[u32]) -> Result<(), String>;
    /// A backup is taken of the replica.
    fn save(&mut self, at: usize, number: usize) -> Result<(), String>;
    /// The replica goes on from a backup.
    fn restore(&mut self, at: usize, number: usize, incarnation: u64) -> Result<(), String>;
    /// Holds an answer against the definition's.
    fn answer(&mut self, at: usize, question: &Question<'_>) -> Result<Outcome, String>;
    /// No question will name the replica again, unless it is restored from a backup.
    fn leave(&mut self, _at: usize) {}
    /// Why it should not go on, where it has taken too much.
    fn limit(&mut self) -> Option<&'static str> {
        None
    }
}

/// Whether an answer is the definition's.
fn same_answer<K: Ord + Borrow<str>, V: AsRef<str>>(
    answer: &Answer<K, V>,
    right: &Amount<'_>,
) -> bool {
    match (answer, right) {
        (Answer::Count(count), Amount::Count(right)) => {
            count.is_some() && *count == u128::try_from(*right).ok()
        }
        (Answer::Value(value), Amount::Value(right)) => {
            value.as_ref().map_or("null", AsRef::as_ref) == right.unwrap_or("null")
        }
        (Answer::Elements(elements), Amount::Elements(right)) => {
            elements.len() == right.len() && right.iter().all(|name| elements.contains(*name))
        }
        (Answer::Values(values), Amount::Values(right)) => {
            let is_there = |(key, right): &(&str, &str)| {
                values.get(*key).is_some_and(|value| value.as_ref() == *right)
            };
            values.len() == right.len() && right.iter().all(is_there)
        }
        (Answer::Entries(entries), Amount::Entries(right)) => {
            entries.iter().map(AsRef::as_ref).eq(right.iter().copied())
        }
        (Answer::Balance(balance), Amount::Count(right)) => *balance == Some(*right),
        (Answer::Enabled(is_enabled), Amount::Flag(right)) => is_enabled == right,
        (Answer::Concurrent(values), Amount::Siblings(right)) => {
            values.iter().map(AsRef::as_ref).eq(right.iter().copied())
        }
        (Answer::ConcurrentByKey(values), Amount::Contested(right)) => {
            let is_there = |(key, right): &(&str, Vec<&str>)| {
                let values = values.get(*key).into_iter().flatten().map(AsRef::as_ref);
                values.eq(right.iter().copied())
            };
            values.len() == right.len() && right.iter().all(is_there)
        }
        (Answer::Integer(integer), Amount::Extreme(right)) => integer == right,
        _ => false,
    }
}

/// An answer as [`Amount::text`] writes it.
fn answer_text<K: Ord + Borrow<str>, V: AsRef<str>>(answer: &Answer<K, V>) -> String {
    match answer {
        Answer::Count(count) => count.map_or_else(|| "too many".into(), |n| n.to_string()),
        Answer::Value(value) => value.as_ref().map_or("null", AsRef::as_ref).into(),
        Answer::Elements(elements) => {
            list('[', ']', elements.iter().map(|name| quoted(name.borrow())))
        }
        Answer::Values(values) => {
            let member = |(key, value): (&K, &V)| quoted(key.borrow()) + ":" + value.as_ref();
            list('{', '}', values.iter().map(member))
        }
        Answer::Entries(entries) => {
            list('[', ']', entries.iter().map(|entry| entry.as_ref().into()))
        }
        Answer::Balance(balance) => balance.map_or_else(|| "too many".into(), |n| n.to_string()),
        Answer::Enabled(is_enabled) => is_enabled.to_string(),
        Answer::Concurrent(values) => concurrent_text(values),
        Answer::ConcurrentByKey(values) => {
            let member =
                |(key, values): (&K, &_)| quoted(key.borrow()) + ":" + &concurrent_text(values);
            list('{', '}', values.iter().map(member))
        }
        Answer::Integer(integer) => integer.map_or("null".into(), |n| n.to_string()),
    }
}

fn concurrent_text<V: AsRef<str>>(values: &BTreeSet<V>) -> String {
    list('[', ']', values.iter().map(|value| value.as_ref().into()))
}

/// The engines that follow one trace.
#[derive(Default)]
pub struct Followers {
    engines: Vec<(EngineName, Box<dyn Follow>)>,
    /// For each replica, whether the engines know all that it has seen.
    follows: Vec<bool>,
    /// How many messages and backups were kept.
    kept: usize,
    /// For each message, what it needs of what its sender had.
    messages: Vec<Option<Kept>>,
    /// For each backup, what it needs of what its replica had.
    snapshots: Vec<Option<Kept>>,
    users: BTreeMap<String, User>,
    /// How many answers were compared.
    pub compared: u64,
    /// Which engine followed to which line only, and why, each a sentence.
    pub stopped: Vec<String>,
    /// Where an engine and the definition differ, as text.
    pub differences: Vec<String>,
}

impl std::fmt::Debug for Followers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.engines.iter().map(|(name, _)| name)).finish()
    }
}

/// What a replica had when a message was sent or a backup taken.
#[derive(Clone, Debug)]
pub struct Kept {
    number: usize,
    replica: u32,
    seen: Seen,
}

/// These replicas of an engine, or why it has none.
fn follow(
    name: EngineName,
    replicas: &[ReplicaId],
    objects: &[(ObjectId, ObjectType)],
) -> Result<Box<dyn Follow>, String> {
    type Reference = reference::replica::Replica<Key, Canonical>;
    type Proven = proven::replica::Replica<Key, Canonical>;
    Ok(match name {
        EngineName::Optimized => Box::new(Optimized::new(replicas, objects, Limits::DEFAULT)),
        EngineName::Reference => Box::new(Replicas::<Reference>::new(replicas, objects)?),
        EngineName::Proven => Box::new(Replicas::<Proven>::new(replicas, objects)?),
    })
}

impl Followers {
    /// These engines, for the replicas and objects of a trace.
    pub fn new(names: &[EngineName], history: &History) -> Self {
        let replicas: Vec<ReplicaId> = history
            .replicas
            .iter()
            .map(|replica| ReplicaId::new(&*replica.name).expect("the reader checks names"))
            .collect();
        let mut objects: Vec<(ObjectId, ObjectType)> = Vec::new();
        let mut engines = Self { follows: vec![true; replicas.len()], ..Self::default() };
        for of in &history.objects {
            objects.extend(of.kind.engine().map(|kind| (ObjectId::from(&*of.name), kind)));
        }
        for name in names {
            // Operations on it count in the sequence numbers of all others.
            let is_lacking = |of: &&history::Object| of.kind.engine().is_none();
            if let Some(of) = history.objects.iter().find(is_lacking) {
                let why = format!("{name} did not follow: it has no type {}", of.kind.as_str());
                engines.stopped.push(why);
                continue;
            }
            match follow(*name, &replicas, &objects) {
                Ok(engine) => engines.engines.push((*name, engine)),
                Err(error) => engines.differences.push(format!("{name} does not start: {error}")),
            }
        }
        engines
    }

    /// Whether there are any.
    pub fn any(&self) -> bool {
        !self.engines.is_empty()
    }

    /// Does one thing in each engine; what an engine refuses is a difference.
    fn each(&mut self, line: u32, what: impl Fn(&mut dyn Follow) -> Result<(), String>) {
        let Self { engines, stopped, differences, .. } = self;
        engines.retain_mut(|(name, engine)| {
            if let Err(error) = what(engine.as_mut()) {
                differences.push(format!("line {line}: {name} refuses: {error}"));
            }
            let limit = engine.limit();
            stopped.extend(limit.map(|why| format!("{name} followed to line {line} only: {why}")));
            limit.is_none()
        });
    }

    /// The engines know no more what the replica has seen.
    fn leave(&mut self, replica: u32) {
        if std::mem::take(&mut self.follows[replica as usize]) {
            self.engines.iter_mut().for_each(|(_, engine)| engine.leave(replica as usize));
        }
    }

    /// Does what one line says that happened, once the past has it.
    pub fn see(&mut self, event: &Event, happened: &Happened, past: &Past) {
        if !self.any() {
            return;
        }
        let (history, line) = (&past.history, past.line);
        match happened {
            Happened::Nothing => {}
            Happened::Performed { replica, op: id } => {
                if let Event::Op(op) = event {
                    self.perform(*replica, op, *id, history);
                }
            }
            Happened::Sent { replica } => {
                let kept = self.send(*replica, history.seen(*replica), line);
                self.messages.push(kept);
            }
            Happened::Received { replica, message, before } => {
                let kept = self.messages[*message as usize].clone();
                let content = &past.messages[*message as usize].content;
                let seen = (before, history.seen(*replica));
                self.receive(*replica, kept.as_ref(), content, seen, history, line);
            }
            Happened::Transferred(transfers) => {
                for Transfer { from, to, before, after } in transfers {
                    self.merge(*to, *from, (before, after), history, line);
                }
            }
            Happened::Saved { replica } => {
                let kept = self.save(*replica, history.seen(*replica), line);
                self.snapshots.push(kept);
            }
            Happened::Restored { replica, snapshot, incarnation } => {
                let kept = self.snapshots[*snapshot as usize].clone();
                self.restore(*replica, kept.as_ref(), *incarnation, line);
            }
        }
    }

    /// A replica performed an operation, which the history has.
    fn perform(&mut self, replica: u32, op: &trace::Op, id: OpId, history: &History) {
        if !self.follow(replica) {
            return;
        }
        let user = op.user.as_deref().map(|name| match self.users.get(name) {
            Some(user) => user.clone(),
            None => self.users.entry(name.into()).or_insert(name.into()).clone(),
        });
        let history::Operation { lane, position, line, .. } = history.ops[id as usize];
        let object = history.object_of(id);
        let kind = history.objects[object as usize].kind.engine();
        let operation = kind.and_then(|kind| op.operation.of_engine(kind).ok());
        let Some(operation) = &operation else {
            let lacks = |(name, _): (EngineName, Box<dyn Follow>)| {
                format!("{name} followed to line {line} only: its timestamps have one part")
            };
            self.stopped.extend(self.engines.drain(..).map(lacks));
            return;
        };
        let performed = Performed { object, lane, position, operation, user: &user };
        self.each(line, |engine| engine.perform(replica as usize, &performed));
    }

    /// Keeps what a message needs of what a replica has.
    fn send(&mut self, replica: u32, seen: &Seen, line: u32) -> Option<Kept> {
        self.keep(replica, seen, line, |engine, number| engine.send(replica as usize, number))
    }

    /// Keeps a backup.
    fn save(&mut self, replica: u32, seen: &Seen, line: u32) -> Option<Kept> {
        self.keep(replica, seen, line, |engine, number| engine.save(replica as usize, number))
    }

    fn keep(
        &mut self,
        replica: u32,
        seen: &Seen,
        line: u32,
        keep: impl Fn(&mut dyn Follow, usize) -> Result<(), String>,
    ) -> Option<Kept> {
        if !self.follow(replica) {
            return None;
        }
        let number = self.kept;
        self.kept += 1;
        self.each(line, |engine| keep(engine, number));
        Some(Kept { number, replica, seen: seen.clone() })
    }

    /// A replica applied a message that held `content`, made of what was kept then. Before it
    /// had seen `before`, now it has seen `after`.
    fn receive(
        &mut self,
        at: u32,
        kept: Option<&Kept>,
        content: &Content,
        (before, after): (&Seen, &Seen),
        history: &History,
        line: u32,
    ) {
        if !self.follow(at) {
            return;
        }
        // Single operations do what the sender's whole state does if they bring all of it.
        let whole = |kept: &&Kept| match content {
            Content::Listed(_) | Content::Less(..) | Content::Relayed(_) => {
                let joined = history.union(before, &kept.seen);
                history.same(&joined, after, None)
            }
            _ => true,
        };
        let Some(kept) = kept.filter(whole) else { return self.leave(at) };
        let mut updates = Vec::new();
        for (object, lanes) in history.added(before, after) {
            let sender = history.seen(kept.replica).clone();
            // A restored replica may receive what it sent before.
            let is_unchanged = kept.replica != at
                && self.follow(kept.replica)
                && history.same(&sender, &kept.seen, Some(object));
            updates.push(Update { object, from: is_unchanged.then_some(kept.replica), lanes });
        }
        self.each(line, |engine| engine.receive(at as usize, kept.number, &updates));
    }

    /// A replica applied what another one has, of some objects or of all. Before it had seen
    /// `before`, now it has seen `after`.
    fn merge(
        &mut self,
        at: u32,
        from: u32,
        (before, after): (&Seen, &Seen),
        history: &History,
        line: u32,
    ) {
        if !self.follow(at) {
            return;
        }
        if !self.follow(from) {
            return self.leave(at);
        }
        let added = history.added(before, after);
        let objects: Vec<u32> = added.into_keys().collect();
        self.each(line, |engine| engine.merge(at as usize, from as usize, &objects));
    }

    /// A replica was restored.
    fn restore(&mut self, replica: u32, kept: Option<&Kept>, incarnation: u64, line: u32) {
        if !self.any() {
            return;
        }
        match kept {
            None => self.leave(replica),
            Some(kept) => {
                self.follows[replica as usize] = true;
                let at = replica as usize;
                self.each(line, |engine| engine.restore(at, kept.number, incarnation));
            }
        }
    }

    /// Whether the engines know all that a replica has seen.
    pub fn follow(&self, replica: u32) -> bool {
        self.any() && self.follows[replica as usize]
    }

    /// Holds what the engines answer against what the definition says.
    pub fn compare(&mut self, replica: u32, question: &Question<'_>, line: u32) {
        for (name, engine) in &mut self.engines {
            match engine.answer(replica as usize, question) {
                Ok(Outcome::NotAsked) => continue,
                Ok(Outcome::Same) => {}
                Ok(Outcome::Other(answer)) => {
                    let right = question.right();
                    self.differences.push(format!(
                        "line {line}: {name} answers {answer}, by the definition it is {right}"
                    ));
                }
                Err(error) => {
                    self.differences.push(format!("line {line}: {name} has no answer: {error}"));
                }
            }
            self.compared += 1;
        }
    }

    /// Asks the engines what a claim answers, and holds them against the definition.
    pub fn cross_check(&mut self, past: &Past, claim: &Claim, resolved: &Resolved) {
        let (Some(replica), line) = (resolved.replica, past.line) else { return };
        if !self.follow(replica) {
            return;
        }
        if resolved.object.is_some_and(|object| past.loaded[object as usize]) {
            return;
        }
        let seen = past.seen(replica);
        match (claim, resolved.object) {
            (Claim::Read { object: name, element, key, .. }, Some(object)) => {
                if let Some(member) = element.as_deref().or(key.as_deref()) {
                    let right = past.history.member_text(object, member, &seen);
                    let question = Question::Member(name, member, &right);
                    self.compare(replica, &question, line);
                } else {
                    let right = past.history.amount(object, &seen);
                    self.compare(replica, &Question::Value(name, &right), line);
                }
            }
            (Claim::Vector { object: name, .. }, object) => {
                let counts = past.history.counts(&seen, object);
                let name_of = |replica: u32| past.history.replicas[replica as usize].name.as_ref();
                let named = counts.into_iter().map(|(of, n)| (name_of(of).to_string(), n.into()));
                let right = vector_text(named.collect());
                let question = Question::Vector(name.as_deref(), &right);
                self.compare(replica, &question, line);
            }
            (Claim::Decisions { object: name, .. }, Some(object)) => {
                let open = open_decisions(past, object, &seen.laid_flat(), false);
                let names = |ops: &[OpId]| ops.iter().map(|op| past.name_of(*op)).collect();
                let named = open
                    .iter()
                    .map(|open| (open.key.clone(), names(&open.kept), names(&open.superseded)));
                let right = decisions_text(named.collect());
                self.compare(replica, &Question::Decisions(name, &right), line);
            }
            (Claim::Notices { user, .. }, _) => {
                let mut notices = Vec::new();
                for (key, choices) in all_notices(past, &seen.laid_flat(), user) {
                    for op in &choices[0] {
                        let (by, seq) = past.name_of(*op);
                        notices.push((
                            key.object.clone(),
                            key.key.clone().unwrap_or_default(),
                            by,
                            seq,
                        ));
                    }
                }
                let right = notices_text(notices);
                self.compare(replica, &Question::Notices(user, &right), line);
            }
            (Claim::Digest { object: name, algorithm, .. }, object)
                if algorithm.as_deref() == Some(OWN_ALGORITHM) =>
            {
                if let Ok(right) = state_hash(past, object, &seen) {
                    let question = Question::Digest(name.as_deref(), &right);
                    self.compare(replica, &question, line);
                }
            }
            _ => {}
        }
    }
}
