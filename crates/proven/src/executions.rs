//! Executions of one object at all replicas, as spec/executions.v defines them: by the reference, and by
//! the engine with an index of changes.
//!
//! Meaning: replicas operate, send, receive any message ever sent, save, restore and forget, step by
//! step. Registers, sets and maps only.
//! Laws: after every execution both engines hold and answer the same: spec/executions_proof.v.
//! Cost: that of the definitions; what a replica holds is found by going through the steps so far.
//!
//! ```
//! use rejoin::dot::ReplicaId;
//! use rejoin::object::ObjectType;
//! use rejoin::operation::Operation;
//! use rejoin::version_vector::VersionVector;
//! use rejoin_proven::executions::{Engine, Execution, Step};
//!
//! let [ann, bob] = ["ann", "bob"].map(|name| ReplicaId::new(name).unwrap());
//! let add = Operation::Add { element: "X" };
//! let steps = [
//!     Step::Perform { at: ann.clone(), seq: 1, user: None, operation: add },
//!     Step::Send { at: ann, since: VersionVector::default() },
//!     Step::Receive { at: bob.clone(), message: 0 },
//! ];
//! let both = [Engine::Reference, Engine::Indexed].map(|engine| {
//!     let mut execution = Execution::<&str, Option<()>>::new(ObjectType::OrSet, engine)?;
//!     steps.iter().try_for_each(|step| execution.take(step))?;
//!     execution.state(&bob)
//! });
//! assert_eq!(both[0], both[1]);
//! # Ok::<(), rejoin_proven::Error>(())
//! ```

use super::constructors::*;
use super::decode;
use super::encode::{self, Term, number, unary};
use super::indexed_decisions::{Index, IndexDelta, keeping};
use super::{Error, EventName, MergeDecision, run};
use rejoin::dot::{Dot, ReplicaId};
use rejoin::object::ObjectType;
use rejoin::operation::{Answer, Operation, User, Value};
use rejoin::reference::replica::Object;
use rejoin::version_vector::VersionVector;
use std::collections::BTreeSet;

/// Which engine runs an execution.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// That of the reference.
    Reference,
    /// The one with an index of changes.
    Indexed,
}

/// One step, at a replica.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step<K, V> {
    /// It operates.
    Perform {
        /// Which replica.
        at: ReplicaId,
        /// The place among its operations, from 1.
        seq: u64,
        /// The user.
        user: Option<User>,
        /// The operation.
        operation: Operation<K, V>,
    },
    /// It sends what a replica that has seen a vector may lack.
    Send {
        /// Which replica.
        at: ReplicaId,
        /// The vector.
        since: VersionVector,
    },
    /// It receives a message.
    Receive {
        /// Which replica.
        at: ReplicaId,
        /// The place of the message among all that were sent, from 0.
        message: usize,
    },
    /// It makes a backup.
    Save {
        /// Which replica.
        at: ReplicaId,
    },
    /// It goes back to a backup of its own, under another incarnation.
    Restore {
        /// Which replica.
        at: ReplicaId,
        /// The place of the backup among all that were made, from 0.
        backup: usize,
        /// The incarnation.
        incarnation: u64,
    },
    /// It forgets what it need not keep.
    Compact {
        /// Which replica.
        at: ReplicaId,
        /// What it keeps all the same.
        keep: BTreeSet<Dot>,
    },
}

/// An execution by one engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Execution<K, V> {
    kind: ObjectType,
    engine: Engine,
    definition: Term<K, V>,
    world: Term<K, V>,
}

impl<K: Ord + Clone, V: Value> Execution<K, V> {
    /// An execution before its first step.
    ///
    /// # Errors
    /// [`Error::Refused`] for another type than registers, sets and maps.
    pub fn new(kind: ObjectType, engine: Engine) -> Result<Self, Error> {
        let name = match (kind, engine) {
            (ObjectType::LwwRegister, Engine::Reference) => "Executions.reference_register",
            (ObjectType::OrSet, Engine::Reference) => "Executions.reference_set",
            (ObjectType::LwwMap, Engine::Reference) => "Executions.reference_map",
            (ObjectType::LwwRegister, Engine::Indexed) => "Executions.indexed_register",
            (ObjectType::OrSet, Engine::Indexed) => "Executions.indexed_set",
            (ObjectType::LwwMap, Engine::Indexed) => "Executions.indexed_map",
            _ => return Err(Error::Refused),
        };
        let definition = run(name, [])?;
        let world = run("Executions.start", [definition.clone()])?;
        Ok(Self { kind, engine, definition, world })
    }

    /// Takes a step.
    ///
    /// # Errors
    /// [`Error::Refused`] if the step is not possible, or the engine refuses it. Nothing changed then.
    pub fn take(&mut self, step: &Step<K, V>) -> Result<(), Error> {
        let replica = encode::replica;
        let step = match step {
            Step::Perform { at, seq, user, operation } => PERFORM.make([
                replica(at),
                number(*seq),
                encode::user(user),
                encode::operation(operation),
            ]),
            Step::Send { at, since } => SEND.make([replica(at), encode::vector(since)]),
            Step::Receive { at, message } => RECEIVE.make([replica(at), unary(*message)]),
            Step::Save { at } => SAVE.make([replica(at)]),
            Step::Restore { at, backup, incarnation } => {
                RESTORE.make([replica(at), unary(*backup), number(*incarnation)])
            }
            Step::Compact { at, keep } => COMPACT.make([replica(at), keeping(keep)?]),
        };
        let given = [self.definition.clone(), step, self.world.clone()];
        let after = run("Executions.take_step", given)?;
        self.world = decode::option(&after)?.ok_or(Error::Refused)?.clone();
        Ok(())
    }

    fn held(&self, at: &ReplicaId) -> Result<Term<K, V>, Error> {
        let given = [self.definition.clone(), encode::replica(at), self.world.clone()];
        run("Executions.state_at", given)
    }

    /// What a replica holds, as the reference has it.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn state(&self, at: &ReplicaId) -> Result<Object<K, V>, Error> {
        let (kept, object) = match self.kind {
            ObjectType::LwwRegister => ("Executions.register_of", A_REGISTER),
            ObjectType::OrSet => ("Indexed_decisions.decisions_of", A_SET),
            _ => ("Executions.map_of", A_MAP),
        };
        let held = self.held(at)?;
        let state = match self.engine {
            Engine::Reference => held,
            Engine::Indexed => run(kept, [held])?,
        };
        Ok(decode::object(&object.make([state]))?)
    }

    /// The index of changes of a replica.
    ///
    /// # Errors
    /// [`Error::Refused`] if the reference runs.
    pub fn index(&self, at: &ReplicaId) -> Result<Index<K, V>, Error> {
        let held = self.held(at)?;
        let index = Index::of_term(self.kind, held).filter(|_| self.engine == Engine::Indexed);
        index.ok_or(Error::Refused)
    }

    /// The message that was sent last.
    ///
    /// # Errors
    /// [`Error::Refused`] if the reference runs, or nothing was sent.
    pub fn last_sent(&self) -> Result<IndexDelta<K, V>, Error> {
        let sent = run("Executions.last_sent", [self.definition.clone(), self.world.clone()])?;
        let message = decode::option(&sent)?.ok_or(Error::Refused)?.clone();
        let delta = IndexDelta::of_term(self.kind, message);
        delta.filter(|_| self.engine == Engine::Indexed).ok_or(Error::Refused)
    }

    /// What a replica answers from its index: its value.
    ///
    /// # Errors
    /// [`Error::Refused`] if the reference runs.
    pub fn value(&self, at: &ReplicaId) -> Result<Answer<K, V>, Error> {
        let index = self.of_index(at)?;
        Ok(match self.kind {
            ObjectType::LwwRegister => {
                let value = decode::value(&run("Executions.register_value", [index])?)?;
                Answer::Value(Some(value).filter(|value| *value != V::tombstone()))
            }
            ObjectType::OrSet => {
                let elements = run("Executions.set_value", [index])?;
                Answer::Elements(decode::list(&elements, decode::key)?.into_iter().collect())
            }
            _ => {
                let entries = run("Executions.map_value", [index])?;
                Answer::Values(decode::map(&entries, decode::key, decode::value)?)
            }
        })
    }

    /// What a replica answers from its index: its open merge decisions.
    ///
    /// # Errors
    /// [`Error::Refused`] if the reference runs.
    pub fn merge_decisions(&self, at: &ReplicaId) -> Result<Vec<MergeDecision<K>>, Error> {
        let name = match self.kind {
            ObjectType::LwwRegister => "Executions.register_merge_decisions",
            ObjectType::OrSet => "Executions.set_merge_decisions",
            _ => "Executions.map_merge_decisions",
        };
        let open = run(name, [self.of_index(at)?])?;
        Ok(decode::list(&open, |open| {
            let [key, kept, superseded] = decode::fields(MERGE_DECISION, open)?;
            Ok(MergeDecision {
                key: self.key(key)?,
                kept: decode::list(kept, decode::event_name)?,
                superseded: decode::list(superseded, decode::event_name)?,
            })
        })?)
    }

    /// What a replica answers from its index: a user's notices, each with its key.
    ///
    /// # Errors
    /// [`Error::Refused`] if the reference runs.
    pub fn notices(
        &self,
        at: &ReplicaId,
        user: &User,
    ) -> Result<Vec<(Option<K>, EventName)>, Error> {
        let name = match self.kind {
            ObjectType::LwwRegister => "Executions.register_notices",
            ObjectType::OrSet => "Executions.set_notices",
            _ => "Executions.map_notices",
        };
        let notices = run(name, [encode::text(user), self.of_index(at)?])?;
        let key = |key: &Term<K, V>| self.key(key);
        Ok(decode::list(&notices, |notice| decode::pair(notice, key, decode::event_name))?)
    }

    fn of_index(&self, at: &ReplicaId) -> Result<Term<K, V>, Error> {
        match self.engine {
            Engine::Indexed => self.held(at),
            Engine::Reference => Err(Error::Refused),
        }
    }

    fn key(&self, term: &Term<K, V>) -> Result<Option<K>, decode::DecodeError> {
        (self.kind != ObjectType::LwwRegister).then(|| decode::key(term)).transpose()
    }
}
