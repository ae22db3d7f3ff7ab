//! Replica: all objects of one replica, as spec/replica.v defines them.
//!
//! Meaning: what [`rejoin::reference::replica`] is, with the same names. A state is a term; it is
//! translated where it is asked for.
//! Laws: spec/replica_proof.v.
//! Cost: that of the definitions, and of translating what is asked for.

use super::encode::Term;
use super::{Error, MergeDecision, Notice, decode, encode, run};
use rejoin::dot::{Origin, ReplicaId};
use rejoin::object::ObjectType;
use rejoin::operation::{Answer, ObjectId, Operation, User, Value};
use rejoin::reference::replica as reference;
use rejoin::version_vector::VersionVector;
use std::collections::BTreeMap;

/// The states of all objects, or of some.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Objects<K, V>(Term<K, V>);

/// The deltas of all objects, or of some.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deltas<K, V>(Term<K, V>);

/// One replica: who it is, and what it has seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replica<K, V>(Term<K, V>);

impl<K: Ord + Clone, V: Value> Replica<K, V> {
    /// A replica that has seen nothing, with the objects that it is to hold.
    pub fn new(origin: &Origin, schema: &BTreeMap<ObjectId, ObjectType>) -> Result<Self, Error> {
        let schema = encode::by_object(schema, encode::kind);
        run("Replica.start", [encode::origin(origin), schema]).map(Self)
    }

    /// A replica restored from a backup, under an incarnation that was never used.
    pub fn restored(origin: &Origin, backup: Objects<K, V>) -> Result<Self, Error> {
        run("Replica.restore", [encode::origin(origin), backup.0]).map(Self)
    }

    /// Joins the states of all objects, or of some.
    pub fn join(&mut self, others: &Objects<K, V>) -> Result<(), Error> {
        let [origin, objects] = decode::state(&self.0)?;
        let joined = run("Replica.join", [objects.clone(), others.0.clone()])?;
        self.0 = encode::state(origin.clone(), joined);
        Ok(())
    }

    /// Performs one operation.
    pub fn perform(
        &mut self,
        id: &ObjectId,
        operation: &Operation<K, V>,
        user: &Option<User>,
    ) -> Result<(), Error> {
        let (id, operation) = (encode::text(id), encode::operation(operation));
        let after = run("Replica.perform", [id, operation, encode::user(user), self.0.clone()])?;
        self.0 = decode::option(&after)?.ok_or(Error::Refused)?.clone();
        Ok(())
    }
}

impl<K: Ord + Clone, V: Value> Replica<K, V> {
    /// Holds these states instead of its own.
    pub(super) fn hold(&mut self, objects: Term<K, V>) -> Result<(), Error> {
        let [origin, _] = decode::state(&self.0)?;
        self.0 = encode::state(origin.clone(), objects);
        Ok(())
    }

    /// Who this is.
    pub fn origin(&self) -> Result<Origin, Error> {
        let [origin, _] = decode::state(&self.0)?;
        Ok(decode::origin(origin)?)
    }

    /// The states of all objects: a full message, or a backup.
    pub fn objects(&self) -> Result<Objects<K, V>, Error> {
        let [_, objects] = decode::state(&self.0)?;
        Ok(Objects(objects.clone()))
    }

    /// The state vector: how many operations of each replica have been seen, over all objects.
    pub fn vector(&self) -> Result<BTreeMap<ReplicaId, u128>, Error> {
        let vector = run("Replica.vector_of", [self.objects()?.0])?;
        Ok(decode::map(&vector, decode::replica, decode::wide_number)?)
    }

    /// The values of all objects.
    pub fn values(&self) -> Result<BTreeMap<ObjectId, Answer<K, V>>, Error> {
        self.ask("Replica.value", decode::answer)
    }

    /// The open merge decisions of each object, in the order of their keys.
    pub fn open_decisions(&self) -> Result<BTreeMap<ObjectId, Vec<MergeDecision<K>>>, Error> {
        self.ask("Replica.merge_decisions", |open| decode::list(open, decode::merge_decision))
    }

    /// What each object has seen: what to ask a delta for.
    pub fn seen(&self) -> Result<BTreeMap<ObjectId, VersionVector>, Error> {
        self.ask("Replica.seen_object", decode::vector)
    }

    /// What a definition says of each object.
    fn ask<T>(
        &self,
        definition: &'static str,
        answer: impl Fn(&Term<K, V>) -> Result<T, decode::DecodeError>,
    ) -> Result<BTreeMap<ObjectId, T>, Error> {
        let objects = decode::by_object(&self.objects()?.0, |object| Ok(object.clone()))?;
        let ask = |(id, object)| Ok((id, answer(&run(definition, [object])?)?));
        objects.into_iter().map(ask).collect()
    }

    /// The user's notices: those of their latest decisions that are superseded.
    pub fn notices(&self, user: &User) -> Result<Vec<Notice<K>>, Error> {
        let notices = run("Replica.notices", [encode::text(user), self.objects()?.0])?;
        Ok(decode::list(&notices, decode::notice)?)
    }

    /// The deltas of those objects that `since` names and this replica has.
    pub fn delta_since(
        &self,
        since: &BTreeMap<ObjectId, VersionVector>,
    ) -> Result<Deltas<K, V>, Error> {
        let since = encode::by_object(since, encode::vector);
        run("Replica.deltas_since", [since, self.objects()?.0]).map(Deltas)
    }

    /// Applies the deltas, or none of them.
    pub fn apply(&mut self, deltas: &Deltas<K, V>) -> Result<(), Error> {
        let [origin, objects] = decode::state(&self.0)?;
        let after = run("Replica.apply", [deltas.0.clone(), objects.clone()])?;
        let objects = decode::option(&after)?.ok_or(Error::Refused)?;
        self.0 = encode::state(origin.clone(), objects.clone());
        Ok(())
    }
}

impl<K: Ord + Clone, V: Value> Objects<K, V> {
    /// The states as the reference has them. Every state of the reference has one term.
    pub fn to_reference(&self) -> Result<reference::Objects<K, V>, Error> {
        Ok(decode::by_object(&self.0, decode::object)?)
    }

    /// Whether they are canonical, and of the types that the schema says.
    pub fn are_well_formed(&self, schema: &BTreeMap<ObjectId, ObjectType>) -> Result<bool, Error> {
        let schema = encode::by_object(schema, encode::kind);
        let answer = run("Replica.well_formed", [schema, self.0.clone()])?;
        Ok(decode::boolean(&answer)?)
    }

    pub(super) fn from_term(objects: Term<K, V>) -> Self {
        Self(objects)
    }

    pub(super) fn term(&self) -> &Term<K, V> {
        &self.0
    }
}

impl<K: Ord + Clone, V: Value> From<&reference::Objects<K, V>> for Objects<K, V> {
    fn from(objects: &reference::Objects<K, V>) -> Self {
        Self(encode::by_object(objects, encode::object))
    }
}

impl<K: Ord + Clone, V: Value> Deltas<K, V> {
    /// The deltas as the reference has them.
    pub fn to_reference(&self) -> Result<reference::Deltas<K, V>, Error> {
        Ok(decode::by_object(&self.0, |delta| decode::delta(delta, decode::object))?)
    }
}

impl<K: Ord + Clone, V: Value> From<&reference::Deltas<K, V>> for Deltas<K, V> {
    fn from(deltas: &reference::Deltas<K, V>) -> Self {
        Self(encode::by_object(deltas, |delta| encode::delta(delta, encode::object)))
    }
}
