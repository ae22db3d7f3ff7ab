//! Engines that join whole states: the reference and the proven one.
//!
//! Meaning: a message is a copy of all states of its sender, and the receiver joins them.
//! Cost: a copy of the sender's states for each message and backup, kept to the end; and a copy
//! for each merge, which is not kept.

use super::{Follow, Key, NoticeRow, OpenDecision, Outcome, Performed, Question};
use super::{answer_text, concurrent_text, decisions_text, notices_text, same_answer, vector_text};
use hashbrown::HashMap;
use rejoin::dot::{Origin, ReplicaId};
use rejoin::object::ObjectType;
use rejoin::operation::{Answer, Canonical, Frontier, Notice, ObjectId, Operation, User};
use rejoin::reference;
use rejoin_proven as proven;
use std::collections::BTreeMap;
use std::rc::Rc;

/// One replica of an engine. An error says why it has no answer, as text.
pub trait Engine: Sized {
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
    fn notices(&self, user: &User) -> Result<Vec<NoticeRow>, String>;
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn by_replica(seen: &rejoin::version_vector::VersionVector) -> BTreeMap<String, u128> {
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
        let names = |decisions: std::collections::BTreeSet<rejoin::operation::DecisionId>| {
            let name =
                |id: rejoin::operation::DecisionId| (id.dot.origin.replica.to_string(), id.seq);
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

    fn notices(&self, user: &User) -> Result<Vec<NoticeRow>, String> {
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

    fn notices(&self, user: &User) -> Result<Vec<NoticeRow>, String> {
        let told = |notice: proven::Notice<Key>| {
            let key = notice.key.map_or(String::new(), |key| key.to_string());
            let (replica, seq) = notice.decision;
            (notice.object.to_string(), key, replica.to_string(), seq)
        };
        Ok(self.notices(user).map_err(words)?.into_iter().map(told).collect())
    }
}

/// The replicas of one engine, and copies of what they held.
pub struct Replicas<E: Engine> {
    replicas: Vec<E>,
    names: Vec<ReplicaId>,
    objects: Vec<ObjectId>,
    kept: HashMap<usize, E::Objects>,
}

impl<E: Engine> Replicas<E> {
    /// Replicas of these names, with these objects, at their beginning.
    pub fn new(names: &[ReplicaId], objects: &[(ObjectId, ObjectType)]) -> Result<Self, String> {
        let schema = objects.iter().cloned().collect();
        let origin = |replica: &ReplicaId| Origin { replica: replica.clone(), incarnation: 0 };
        let replicas = names.iter().map(|name| E::new(origin(name), &schema));
        Ok(Self {
            replicas: replicas.collect::<Result<_, _>>()?,
            names: names.to_vec(),
            objects: objects.iter().map(|(name, _)| name.clone()).collect(),
            kept: HashMap::new(),
        })
    }

    fn join(&mut self, at: usize, all: &E::Objects, objects: &[u32]) -> Result<(), String> {
        if objects.len() == self.objects.len() {
            return self.replicas[at].join(all);
        }
        let names: Vec<ObjectId> =
            objects.iter().map(|object| self.objects[*object as usize].clone()).collect();
        self.replicas[at].join(&E::only(all, &names)?)
    }
}

/// What is asked for as a copy was never kept.
fn nothing_kept() -> String {
    "nothing was kept of that moment".into()
}

impl<E: Engine> Follow for Replicas<E> {
    fn perform(&mut self, at: usize, performed: &Performed<'_>) -> Result<(), String> {
        let Performed { object, operation, user, .. } = performed;
        let object = &self.objects[*object as usize];
        self.replicas[at].perform(object, (*operation).clone(), (*user).clone())
    }

    fn send(&mut self, at: usize, number: usize) -> Result<(), String> {
        self.save(at, number)
    }

    fn receive(
        &mut self,
        at: usize,
        number: usize,
        updates: &[super::Update],
    ) -> Result<(), String> {
        let all = self.kept.get(&number).cloned().ok_or_else(nothing_kept)?;
        let objects: Vec<u32> = updates.iter().map(|update| update.object).collect();
        self.join(at, &all, &objects)
    }

    fn merge(&mut self, at: usize, from: usize, objects: &[u32]) -> Result<(), String> {
        let all = self.replicas[from].objects()?;
        self.join(at, &all, objects)
    }

    fn save(&mut self, at: usize, number: usize) -> Result<(), String> {
        self.kept.insert(number, self.replicas[at].objects()?);
        Ok(())
    }

    fn restore(&mut self, at: usize, number: usize, incarnation: u64) -> Result<(), String> {
        let origin = Origin { replica: self.names[at].clone(), incarnation };
        let backup = self.kept.get(&number).cloned().ok_or_else(nothing_kept)?;
        self.replicas[at] = E::restored(origin, backup)?;
        Ok(())
    }

    fn answer(&mut self, at: usize, question: &Question<'_>) -> Result<Outcome, String> {
        let replica = &self.replicas[at];
        let (answer, right) = match question {
            Question::Value(object, right) => {
                let answer = replica.value(object)?;
                if same_answer(&answer, right) {
                    return Ok(Outcome::Same);
                }
                return Ok(Outcome::Other(answer_text(&answer)));
            }
            Question::Member(object, key, right) => {
                (member_text(&replica.value(object)?, key), *right)
            }
            Question::Vector(Some(object), right) => (vector_text(replica.seen(object)?), *right),
            Question::Vector(None, right) => {
                let vector = replica.vector()?.into_iter();
                let named = vector.map(|(replica, count)| (replica.to_string(), count));
                (vector_text(named.collect()), *right)
            }
            Question::Decisions(object, right) => {
                (decisions_text(replica.decisions(object)?), *right)
            }
            Question::Notices(user, right) => {
                (notices_text(replica.notices(&(*user).into())?), *right)
            }
            // The judge's hash is the reference's, and the model has none.
            Question::Digest(..) => return Ok(Outcome::NotAsked),
        };
        Ok(Outcome::of(answer, right))
    }
}

/// Whether an element is in the set, or the value of a key of the map.
fn member_text(answer: &Answer<Key, Canonical>, key: &str) -> String {
    match answer {
        Answer::Elements(elements) => elements.contains(key).to_string(),
        Answer::Values(values) => {
            values.get(key).map_or("null".into(), |value| value.as_str().into())
        }
        Answer::ConcurrentByKey(values) => values.get(key).map_or("[]".into(), concurrent_text),
        other => answer_text(other),
    }
}
