//! Engines that follow a trace: they do what its replicas did, and must answer as the judge does.
//!
//! Meaning: the judge answers from the definition; an engine joins states. Where what a replica
//! has seen is what some joins of states give, the two must agree. A replica that receives single
//! operations or a difference without its base is left by the engines from there on, and so are
//! loaded objects and traces with own stamps.
//! Cost: a copy of the sender's states a message, and the whole value of an object a claim.

use super::EngineName;
use super::history::{Content, History, OpId, Seen};
use super::judge::Judge;
use super::resolve::Resolved;
use super::values::{list, quoted};
use crate::dot::{Origin, ReplicaId};
use crate::operation::{Answer, Canonical, Frontier, Notice, ObjectId, Operation, User};
use crate::trace::{self, Claim, ObjectType};
use crate::{proven, reference};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

type Key = Arc<str>;

/// What is asked of an engine at a claim.
#[derive(Clone, Copy, Debug)]
pub enum Question<'a> {
    /// The value of an object.
    Value(&'a str),
    /// The state vector, of one object where one is named.
    Vector(Option<&'a str>),
    /// The open merge decisions of an object.
    Decisions(&'a str),
    /// What a user is to be told.
    Notices(&'a str),
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
pub type Told = (String, String, String, u64);

/// See [`decisions_text`].
pub fn notices_text(mut told: Vec<Told>) -> String {
    told.sort_unstable();
    format!("{told:?}")
}

/// See [`decisions_text`].
pub fn vector_text(vector: BTreeMap<String, u128>) -> String {
    let known = vector.into_iter().filter(|(_, count)| *count > 0);
    list('{', '}', known.map(|(replica, count)| format!("{}:{count}", quoted(&replica))))
}

/// One replica of an engine. An error is why it has no answer, in words.
trait Engine: Sized {
    /// The states of all its objects.
    type Objects: Clone;
    fn new(origin: Origin, schema: &BTreeMap<ObjectId, ObjectType>) -> Result<Self, String>;
    fn restored(origin: Origin, backup: Self::Objects) -> Result<Self, String>;
    fn perform(
        &mut self,
        object: &ObjectId,
        operation: Operation<Key, Canonical>,
        user: Option<User>,
    ) -> Result<(), String>;
    fn objects(&self) -> Result<Self::Objects, String>;
    /// Only those of these objects.
    fn only(objects: &Self::Objects, names: &[ObjectId]) -> Result<Self::Objects, String>;
    fn join(&mut self, others: &Self::Objects) -> Result<(), String>;
    fn value(&self, object: &str) -> Result<Answer<Key, Canonical>, String>;
    fn seen(&self, object: &str) -> Result<BTreeMap<String, u128>, String>;
    fn vector(&self) -> Result<BTreeMap<ReplicaId, u128>, String>;
    fn decisions(&self, object: &str) -> Result<Vec<OpenDecision>, String>;
    fn notices(&self, user: &User) -> Result<Vec<Told>, String>;
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn by_replica(seen: &crate::version_vector::VersionVector) -> BTreeMap<String, u128> {
    let mut counts = BTreeMap::new();
    for (origin, count) in seen.iter() {
        *counts.entry(origin.replica.to_string()).or_default() += u128::from(count);
    }
    counts
}

impl Engine for reference::replica::Replica<Key, Canonical> {
    type Objects = Rc<reference::replica::Objects<Key, Canonical>>;

    fn new(origin: Origin, schema: &BTreeMap<ObjectId, ObjectType>) -> Result<Self, String> {
        Ok(Self::new(origin, schema))
    }

    fn restored(origin: Origin, backup: Self::Objects) -> Result<Self, String> {
        Ok(Self::restored(origin, (*backup).clone()))
    }

    fn perform(
        &mut self,
        object: &ObjectId,
        operation: Operation<Key, Canonical>,
        user: Option<User>,
    ) -> Result<(), String> {
        self.perform(object, operation, user).map(drop).map_err(words)
    }

    fn objects(&self) -> Result<Self::Objects, String> {
        Ok(Rc::new(self.objects().clone()))
    }

    fn only(objects: &Self::Objects, names: &[ObjectId]) -> Result<Self::Objects, String> {
        let named =
            names.iter().filter_map(|name| Some((name.clone(), objects.get(name)?.clone())));
        Ok(Rc::new(named.collect()))
    }

    fn join(&mut self, others: &Self::Objects) -> Result<(), String> {
        self.join(others).map_err(words)
    }

    fn value(&self, object: &str) -> Result<Answer<Key, Canonical>, String> {
        Ok(self.objects().get(object).ok_or("no such object")?.value())
    }

    fn seen(&self, object: &str) -> Result<BTreeMap<String, u128>, String> {
        Ok(by_replica(self.objects().get(object).ok_or("no such object")?.seen()))
    }

    fn vector(&self) -> Result<BTreeMap<ReplicaId, u128>, String> {
        Ok(self.vector())
    }

    fn decisions(&self, object: &str) -> Result<Vec<OpenDecision>, String> {
        let names = |decisions: std::collections::BTreeSet<crate::operation::DecisionId>| {
            let name =
                |id: crate::operation::DecisionId| (id.dot.origin.replica.to_string(), id.seq);
            decisions.into_iter().map(name).collect()
        };
        let open = self.open_decisions().into_iter().filter(|open| *open.object == *object);
        Ok(open
            .map(|Frontier { key, kept, superseded, .. }| {
                let key = key.map_or(String::new(), |key| key.to_string());
                (key, names(kept), names(superseded))
            })
            .collect())
    }

    fn notices(&self, user: &User) -> Result<Vec<Told>, String> {
        let told = |Notice { object, key, decision }: Notice<Key>| {
            let key = key.map_or(String::new(), |key| key.to_string());
            let replica = decision.dot.origin.replica.to_string();
            (object.to_string(), key, replica, decision.seq)
        };
        Ok(self.notices(user).into_iter().map(told).collect())
    }
}

impl Engine for proven::replica::Replica<Key, Canonical> {
    type Objects = proven::replica::Objects<Key, Canonical>;

    fn new(origin: Origin, schema: &BTreeMap<ObjectId, ObjectType>) -> Result<Self, String> {
        Self::new(&origin, schema).map_err(words)
    }

    fn restored(origin: Origin, backup: Self::Objects) -> Result<Self, String> {
        Self::restored(&origin, backup).map_err(words)
    }

    fn perform(
        &mut self,
        object: &ObjectId,
        operation: Operation<Key, Canonical>,
        user: Option<User>,
    ) -> Result<(), String> {
        self.perform(object, &operation, &user).map_err(words)
    }

    fn objects(&self) -> Result<Self::Objects, String> {
        self.objects().map_err(words)
    }

    fn only(objects: &Self::Objects, names: &[ObjectId]) -> Result<Self::Objects, String> {
        let mut objects = objects.to_reference().map_err(words)?;
        objects.retain(|name, _| names.contains(name));
        Ok(Self::Objects::from(&objects))
    }

    fn join(&mut self, others: &Self::Objects) -> Result<(), String> {
        self.join(others).map_err(words)
    }

    fn value(&self, object: &str) -> Result<Answer<Key, Canonical>, String> {
        self.values().map_err(words)?.remove(object).ok_or_else(|| "no such object".into())
    }

    fn seen(&self, object: &str) -> Result<BTreeMap<String, u128>, String> {
        let seen = self.seen().map_err(words)?;
        Ok(by_replica(seen.get(object).ok_or("no such object")?))
    }

    fn vector(&self) -> Result<BTreeMap<ReplicaId, u128>, String> {
        self.vector().map_err(words)
    }

    fn decisions(&self, object: &str) -> Result<Vec<OpenDecision>, String> {
        let names = |decisions: Vec<proven::EventName>| {
            decisions.into_iter().map(|(replica, seq)| (replica.to_string(), seq)).collect()
        };
        let open = self.open_decisions().map_err(words)?.remove(object).unwrap_or_default();
        Ok(open
            .into_iter()
            .map(|open| {
                let key = open.key.map_or(String::new(), |key| key.to_string());
                (key, names(open.kept), names(open.superseded))
            })
            .collect())
    }

    fn notices(&self, user: &User) -> Result<Vec<Told>, String> {
        let told = |notice: proven::Notice<Key>| {
            let key = notice.key.map_or(String::new(), |key| key.to_string());
            let (replica, seq) = notice.decision;
            (notice.object.to_string(), key, replica.to_string(), seq)
        };
        Ok(self.notices(user).map_err(words)?.into_iter().map(told).collect())
    }
}

/// The replicas of one engine, and copies of what they held.
struct Replicas<E: Engine> {
    replicas: Vec<E>,
    names: Vec<ReplicaId>,
    kept: Vec<E::Objects>,
}

impl<E: Engine> Replicas<E> {
    fn new(names: Vec<ReplicaId>, schema: &BTreeMap<ObjectId, ObjectType>) -> Result<Self, String> {
        let origin = |replica: &ReplicaId| Origin { replica: replica.clone(), incarnation: 0 };
        let replicas = names.iter().map(|name| E::new(origin(name), schema));
        Ok(Self { replicas: replicas.collect::<Result<_, _>>()?, names, kept: Vec::new() })
    }
}

/// What the judge needs of an engine, whichever it is.
trait Follow {
    fn perform(
        &mut self,
        replica: usize,
        object: &ObjectId,
        operation: Operation<Key, Canonical>,
        user: Option<User>,
    ) -> Result<(), String>;
    fn keep(&mut self, replica: usize) -> Result<(), String>;
    fn take(&mut self, to: usize, kept: usize, only: Option<&[ObjectId]>) -> Result<(), String>;
    fn restore(&mut self, replica: usize, kept: usize, incarnation: u64) -> Result<(), String>;
    fn answer(&self, replica: usize, question: Question<'_>) -> Result<String, String>;
}

impl<E: Engine> Follow for Replicas<E> {
    fn perform(
        &mut self,
        replica: usize,
        object: &ObjectId,
        operation: Operation<Key, Canonical>,
        user: Option<User>,
    ) -> Result<(), String> {
        self.replicas[replica].perform(object, operation, user)
    }

    fn keep(&mut self, replica: usize) -> Result<(), String> {
        self.kept.push(self.replicas[replica].objects()?);
        Ok(())
    }

    fn take(&mut self, to: usize, kept: usize, only: Option<&[ObjectId]>) -> Result<(), String> {
        match only {
            None => self.replicas[to].join(&self.kept[kept]),
            Some(names) => self.replicas[to].join(&E::only(&self.kept[kept], names)?),
        }
    }

    fn restore(&mut self, replica: usize, kept: usize, incarnation: u64) -> Result<(), String> {
        let origin = Origin { replica: self.names[replica].clone(), incarnation };
        self.replicas[replica] = E::restored(origin, self.kept[kept].clone())?;
        Ok(())
    }

    fn answer(&self, replica: usize, question: Question<'_>) -> Result<String, String> {
        let replica = &self.replicas[replica];
        Ok(match question {
            Question::Value(object) => answer_text(replica.value(object)?),
            Question::Vector(Some(object)) => vector_text(replica.seen(object)?),
            Question::Vector(None) => {
                let vector = replica.vector()?.into_iter();
                vector_text(vector.map(|(replica, count)| (replica.to_string(), count)).collect())
            }
            Question::Decisions(object) => decisions_text(replica.decisions(object)?),
            Question::Notices(user) => notices_text(replica.notices(&user.into())?),
        })
    }
}

/// The value as [`History::value_text`] writes it.
fn answer_text(answer: Answer<Key, Canonical>) -> String {
    match answer {
        Answer::Count(count) => count.map_or_else(|| "too many".into(), |n| n.to_string()),
        Answer::Value(value) => value.map_or("null".into(), |value| value.as_str().into()),
        Answer::Elements(elements) => list('[', ']', elements.iter().map(|name| quoted(name))),
        Answer::Values(values) => {
            let member = |(key, value): (&Key, &Canonical)| quoted(key) + ":" + value.as_str();
            list('{', '}', values.iter().map(member))
        }
        Answer::Entries(entries) => {
            list('[', ']', entries.iter().map(|entry| entry.as_str().into()))
        }
    }
}

/// The engines that follow one trace.
#[derive(Default)]
pub struct Engines {
    engines: Vec<(EngineName, Box<dyn Follow>)>,
    objects: Vec<ObjectId>,
    /// For each replica, whether the engines know all that it has seen.
    follows: Vec<bool>,
    /// How many copies were kept: the same in each engine.
    kept: usize,
    /// How many answers were compared.
    pub compared: u64,
    /// Where an engine and the definition differ, in words.
    pub differences: Vec<String>,
}

impl std::fmt::Debug for Engines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.engines.iter().map(|(name, _)| name)).finish()
    }
}

/// What a replica had when a message was sent or a backup taken.
#[derive(Clone, Debug)]
pub struct Kept {
    number: usize,
    seen: Seen,
}

impl Engines {
    /// These engines, for the replicas and objects of a trace.
    pub fn new(names: &[EngineName], history: &History) -> Self {
        let replicas: Vec<ReplicaId> =
            history.replicas.iter().map(|replica| ReplicaId::new(&*replica.name)).collect();
        let objects: Vec<ObjectId> =
            history.objects.iter().map(|object| ObjectId::from(&*object.name)).collect();
        let schema: BTreeMap<ObjectId, ObjectType> =
            objects.iter().cloned().zip(history.objects.iter().map(|object| object.kind)).collect();
        let mut engines = Self { follows: vec![true; replicas.len()], ..Self::default() };
        for name in names {
            let made: Result<Box<dyn Follow>, String> = match name {
                EngineName::Reference => {
                    Replicas::<reference::replica::Replica<Key, Canonical>>::new(
                        replicas.clone(),
                        &schema,
                    )
                    .map(|replicas| Box::new(replicas) as _)
                }
                EngineName::Proven => Replicas::<proven::replica::Replica<Key, Canonical>>::new(
                    replicas.clone(),
                    &schema,
                )
                .map(|replicas| Box::new(replicas) as _),
            };
            match made {
                Ok(engine) => engines.engines.push((*name, engine)),
                Err(error) => engines.differences.push(format!("{name} does not start: {error}")),
            }
        }
        engines.objects = objects;
        engines
    }

    /// Whether there are any.
    pub fn any(&self) -> bool {
        !self.engines.is_empty()
    }

    /// Does one thing in each engine; what an engine refuses is a difference.
    fn each(&mut self, line: u32, what: impl Fn(&mut dyn Follow) -> Result<(), String>) {
        for (name, engine) in &mut self.engines {
            if let Err(error) = what(engine.as_mut()) {
                self.differences.push(format!("line {line}: {name} refuses: {error}"));
            }
        }
    }

    /// A replica performed an operation.
    pub fn perform(&mut self, replica: u32, object: u32, op: &trace::Op, line: u32) {
        if !self.any() || !self.follows[replica as usize] {
            return;
        }
        let operation = Operation::from(&op.operation);
        let user: Option<User> = op.user.as_deref().map(User::from);
        let object = self.objects[object as usize].clone();
        self.each(line, |engine| {
            engine.perform(replica as usize, &object, operation.clone(), user.clone())
        });
    }

    /// Keeps what a replica has: for a message or a backup.
    pub fn keep(&mut self, replica: u32, seen: &Seen, line: u32) -> Option<Kept> {
        if !self.any() || !self.follows[replica as usize] {
            return None;
        }
        self.each(line, |engine| engine.keep(replica as usize));
        self.kept += 1;
        Some(Kept { number: self.kept - 1, seen: seen.clone() })
    }

    /// A replica took in a message that held `content`, made of what was kept then. Before it
    /// had seen `before`, now it has seen `after`.
    pub fn take(
        &mut self,
        to: u32,
        kept: Option<&Kept>,
        content: &Content,
        (before, after): (&Seen, &Seen),
        history: &mut History,
        line: u32,
    ) {
        if !self.any() || !self.follows[to as usize] {
            return;
        }
        let only = match content {
            Content::Objects(_, objects) => {
                let names = objects.iter().map(|object| self.objects[*object as usize].clone());
                Some(names.collect::<Vec<_>>())
            }
            _ => None,
        };
        // Single operations do what the sender's whole state does if they bring all of it.
        let whole = |kept: &&Kept| match content {
            Content::Listed(_) | Content::Less(..) => {
                let joined = history.union(before, &kept.seen);
                history.same(&joined, after, None)
            }
            _ => true,
        };
        match kept.filter(whole) {
            Some(kept) => {
                self.each(line, |engine| engine.take(to as usize, kept.number, only.as_deref()));
            }
            None => self.follows[to as usize] = false,
        }
    }

    /// A replica was set back.
    pub fn restore(&mut self, replica: u32, kept: Option<&Kept>, incarnation: u64, line: u32) {
        if !self.any() {
            return;
        }
        self.follows[replica as usize] = kept.is_some();
        if let Some(kept) = kept {
            self.each(line, |engine| engine.restore(replica as usize, kept.number, incarnation));
        }
    }

    /// Whether the engines know all that a replica has seen.
    pub fn follow(&self, replica: u32) -> bool {
        self.any() && self.follows[replica as usize]
    }

    /// Holds what the engines answer against what the definition says.
    pub fn compare(&mut self, replica: u32, question: Question<'_>, right: &str, line: u32) {
        for (name, engine) in &self.engines {
            self.compared += 1;
            match engine.answer(replica as usize, question) {
                Ok(answer) if answer == right => {}
                Ok(answer) => self.differences.push(format!(
                    "line {line}: {name} answers {answer}, by the definition it is {right}"
                )),
                Err(error) => {
                    self.differences.push(format!("line {line}: {name} has no answer: {error}"));
                }
            }
        }
    }
}

impl Judge {
    /// Asks the engines what a claim answers, and holds them against the definition.
    pub fn cross_check(&mut self, claim: &Claim, resolved: &Resolved) {
        let (Some(replica), line) = (resolved.replica, self.line) else { return };
        if !self.engines.follow(replica) {
            return;
        }
        if resolved.object.is_some_and(|object| self.loaded[object as usize]) {
            return;
        }
        let seen = self.seen(replica).laid_flat();
        match (claim, resolved.object) {
            (Claim::Read { object: name, .. }, Some(object)) => {
                let right = self.history.value_text(object, &seen);
                self.engines.compare(replica, Question::Value(name), &right, line);
            }
            (Claim::Vector { object: name, .. }, object) => {
                let counts = self.history.counts(&seen, object);
                let name_of = |replica: u32| self.history.replicas[replica as usize].name.as_ref();
                let named = counts.into_iter().map(|(of, n)| (name_of(of).to_string(), n.into()));
                let right = vector_text(named.collect());
                let question = Question::Vector(name.as_deref());
                self.engines.compare(replica, question, &right, line);
            }
            (Claim::Decisions { object: name, .. }, Some(object)) => {
                let open = self.open_decisions(object, &seen, false);
                let names = |ops: &[OpId]| ops.iter().map(|op| self.name_of(*op)).collect();
                let named = open
                    .iter()
                    .map(|open| (open.key.clone(), names(&open.kept), names(&open.superseded)));
                let right = decisions_text(named.collect());
                self.engines.compare(replica, Question::Decisions(name), &right, line);
            }
            (Claim::Notices { user, .. }, _) => {
                let mut told = Vec::new();
                for (key, choices) in self.all_notices(&seen, user) {
                    for op in &choices[0] {
                        let (by, seq) = self.name_of(*op);
                        told.push((
                            key.object.clone(),
                            key.key.clone().unwrap_or_default(),
                            by,
                            seq,
                        ));
                    }
                }
                let right = notices_text(told);
                self.engines.compare(replica, Question::Notices(user), &right, line);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Options;
    use crate::trace::Reader;

    /// Each engine is asked, and each answer that is not the one expected is a difference.
    #[test]
    fn another_answer_is_a_difference() {
        let header =
            r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"n":{"type":"g-counter"}}}"#;
        let reader = Reader::new(header.as_bytes()).expect("it is a header");
        let options = Options {
            engines: vec![EngineName::Reference, EngineName::Proven],
            ..Options::default()
        };
        let mut judge = Judge::new(reader.header(), None, &options).expect("it is possible");
        let engines = &mut judge.engines;
        engines.compare(0, Question::Value("n"), "0", 2);
        assert_eq!((engines.compared, engines.differences.len()), (2, 0));
        engines.compare(0, Question::Value("n"), "7", 3);
        engines.compare(0, Question::Value("m"), "0", 4);
        let expected = [
            "line 3: the reference engine answers 0, by the definition it is 7",
            "line 3: the proven engine answers 0, by the definition it is 7",
            "line 4: the reference engine has no answer: no such object",
            "line 4: the proven engine has no answer: no such object",
        ];
        assert_eq!(
            (engines.compared, &engines.differences[..]),
            (6, &expected.map(String::from)[..])
        );
    }
}
