//! Replica: what an application holds, edits, stores and synchronizes.
//!
//! Meaning: one replica of all objects of a schema. Edits are stamped and named inside; updates
//! bring one replica what another has seen; everybody who was overruled is notified by name.
//! Laws: those of the engine below it ([`crate::optimized`]); two replicas that have seen the same
//! answer the same and have one state hash.
//! Cost: an edit and an update cost what they change, whatever the replica holds.

use crate::changes::{Change, Changes, Conflict, Decision};
use crate::collect::Collect;
use crate::digest::StateHash;
use crate::dot::{Dot, Origin, ReplicaId};
use crate::environment::Environment;
use crate::error::{CreateError, EditError, OpenError, UpdateError};
use crate::handles::{
    Counter, EXTREMES, Edits, Extreme, FLAGS, Flag, Log, Map, MvMap, MvRegister, PnCounter,
    Register, SETS, Set,
};
use crate::hybrid_clock::HybridClock;
use crate::limits::check_name;
use crate::object::ObjectType;
use crate::operation::{ObjectId, Operation, User};
use crate::optimized;
use crate::optimized::replica::Reason;
use crate::optimized::staging::Staging;
use crate::optimized::{ApplyError, AuditTrail};
use crate::relayed::Refusal;
use crate::saved::{self, ObjectPart, State, deltas_since, relayed_since};
use crate::sync::{ClockAhead, Drift, Schema};
use crate::update::{self, Part, Version, whole_message};
use std::collections::BTreeMap;

pub(crate) type Engine = optimized::replica::Replica;
pub(crate) type Object = optimized::replica::Object;
pub(crate) type Delta = optimized::replica::Delta;

/// All objects of one replica.
///
/// Its methods, by what they are for:
/// - to begin: [`create`](Self::create), [`open`](Self::open), [`add_objects`](Self::add_objects);
/// - to edit: [`as_user`](Self::as_user), [`edit`](Self::edit), each then the object by its type;
/// - to read: [`set`](Self::set), [`map`](Self::map), [`register`](Self::register),
///   [`counter`](Self::counter), [`log`](Self::log), [`pn_counter`](Self::pn_counter),
///   [`flag`](Self::flag), [`mv_register`](Self::mv_register), [`mv_map`](Self::mv_map),
///   [`extreme`](Self::extreme), [`conflicts`](Self::conflicts), [`overruled`](Self::overruled);
/// - to audit: [`audit`](Self::audit), [`cut_audit`](Self::cut_audit);
/// - to store: [`save`](Self::save), [`save_since`](Self::save_since),
///   [`save_objects_since`](Self::save_objects_since), [`save_object`](Self::save_object),
///   [`all_staged`](Self::all_staged), [`restage`](Self::restage), [`unstage`](Self::unstage);
/// - to synchronize: [`version`](Self::version), [`update_since`](Self::update_since),
///   [`apply`](Self::apply), [`limit_relayed`](Self::limit_relayed),
///   [`state_hash`](Self::state_hash); over a connection,
///   [`Session`](crate::sync::Session).
#[derive(Debug)]
pub struct Replica {
    pub(crate) engine: Engine,
    schema: Schema,
    environment: Box<dyn Environment>,
    drift: (u64, bool),
}

/// Clocks are reported that are more than a day ahead.
const DRIFT: (u64, bool) = (HybridClock::DAY, false);

// To begin

impl Replica {
    /// Makes a replica that has seen nothing, with the clock and entropy of the system. Replicas that
    /// synchronize with each other need different names.
    ///
    /// # Errors
    /// If a name is empty or longer than 1,024 bytes, the schema gives a priority or an audit trail to
    /// an object that it does not declare, or the system gives no random numbers.
    #[cfg(feature = "system")]
    pub fn create(name: &str, schema: &Schema) -> Result<Self, CreateError> {
        Self::create_in(Box::new(crate::environment::System), name, schema)
    }

    /// Makes a replica in an environment of the application's own.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_in(
        mut environment: Box<dyn Environment>,
        name: &str,
        schema: &Schema,
    ) -> Result<Self, CreateError> {
        let replica = ReplicaId::new(name)?;
        if let Some(object) = schema.undeclared() {
            let (object, known) = (object.clone(), names(schema));
            return Err(CreateError::UndeclaredObject { object, known });
        }
        for (object, _) in schema.iter() {
            check_name("object", object.as_bytes())?;
        }
        let incarnation = environment.entropy().ok_or(CreateError::NoEntropy)?;
        let mut engine = Engine::new(Origin { replica, incarnation }, &schema.types());
        let opening = environment.entropy().ok_or(CreateError::NoEntropy)?;
        engine.open(opening).map_err(|_| CreateError::NoEntropy)?;
        Ok(Self { engine, schema: schema.clone(), environment, drift: DRIFT })
    }

    /// Opens what [`save`](Self::save) wrote, and after it what [`save_since`](Self::save_since)
    /// wrote, in order, with the clock and entropy of the system.
    ///
    /// Older bytes, such as a backup, do no harm: what the replica wrote after them
    /// comes back from others, and what it writes now is kept apart from that; see
    /// [`Changes::healed`].
    ///
    /// # Errors
    /// If a part is damaged, missing or of another replica. The parts before it can be opened.
    #[cfg(feature = "system")]
    pub fn open<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, OpenError> {
        Self::open_in(Box::new(crate::environment::System), parts)
    }

    /// Opens a saved replica in an environment of the application's own.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_in<'a>(
        environment: Box<dyn Environment>,
        parts: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, OpenError> {
        Self::of_state(environment, State::open(parts)?)
    }

    /// Opens a saved replica whose parts were read one by one, by [`saved::Parts`].
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn of_state(
        mut environment: Box<dyn Environment>,
        state: State,
    ) -> Result<Self, OpenError> {
        let State { origin, schema, objects, relayed } = state;
        let mut engine = Engine::restored(origin, objects).with_relayed(relayed);
        engine.open(environment.entropy().ok_or(OpenError::NoEntropy)?)?;
        Ok(Self { engine, schema, environment, drift: DRIFT })
    }

    /// Adds the objects of a schema that the replica does not have yet. Those that it has stay as
    /// they are.
    ///
    /// # Errors
    /// If an object has an invalid name, is there with another type, or is given a priority or an
    /// audit trail and not declared. Nothing changed then.
    pub fn add_objects(&mut self, schema: &Schema) -> Result<(), EditError> {
        if let Some(object) = schema.undeclared() {
            let (object, known) = (object.clone(), names(schema));
            return Err(EditError::UndeclaredObject { object, known });
        }
        for (object, entry) in schema.iter() {
            check_name("object", object.as_bytes())?;
            if let Ok(state) = self.engine.object(object)
                && state.kind() != entry.kind
            {
                let (found, expected) = (state.kind(), entry.kind);
                return Err(EditError::WrongType { object: object.clone(), found, expected });
            }
            if let Some(found) = self.engine.relayed().kind(object)
                && found != entry.kind.code()
            {
                let (object, expected) = (object.clone(), entry.kind);
                return Err(EditError::RelayedType { object, found, expected });
            }
        }
        for (object, entry) in schema.iter() {
            if self.engine.object(object).is_err() {
                self.engine.add(object.clone(), entry.kind);
            }
            self.schema.insert(object, *entry);
        }
        Ok(())
    }
}

/// The names of the objects that a schema declares.
fn names(schema: &Schema) -> Vec<ObjectId> {
    schema.iter().map(|(name, _)| name.clone()).collect()
}

// To edit

impl Replica {
    /// Edits in the name of a person, who is notified when a decision of theirs is overruled.
    pub fn as_user(&mut self, user: &str) -> Edits<'_> {
        Edits { replica: self, user: Some(user.into()) }
    }

    /// Edits in nobody's name.
    pub fn edit(&mut self) -> Edits<'_> {
        Edits { replica: self, user: None }
    }

    /// Performs one operation and says what it changed.
    pub(crate) fn perform<'v>(
        &mut self,
        object: &ObjectId,
        user: Option<User>,
        key: Option<&str>,
        operation: impl FnOnce(u64) -> Operation<&'v str, Option<&'v str>>,
    ) -> Result<Changes, EditError> {
        let now = self.environment.now();
        let refuse = |error| EditError::of(error);
        let stamp = self.engine.stamp(object, key, now).map_err(refuse)?;
        let before = Look::at(&self.engine, object, key);
        let operation = operation(stamp);
        let performed = match self.schema.get(object).is_some_and(|entry| entry.is_audited) {
            true => self.engine.perform_audited(object, operation, user, now),
            false => self.engine.perform(object, operation, user),
        };
        performed.map_err(refuse)?;
        let after = Look::at(&self.engine, object, key);
        let change = before.change(object, key, after, None);
        Ok(Changes { list: change.into_iter().collect(), ..Changes::default() })
    }

    /// There is no such object, but these.
    fn unknown(&self, object: &str) -> EditError {
        let known = self.engine.objects().keys().cloned().collect();
        EditError::UnknownObject { object: object.into(), known }
    }

    /// The object, of one of these types; an error lists the objects that exist.
    pub(crate) fn find(&self, object: &str, expected: &[ObjectType]) -> Result<&Object, EditError> {
        let found = self.engine.object(object).map_err(|_| self.unknown(object))?;
        if expected.contains(&found.kind()) {
            return Ok(found);
        }
        let (found, expected) = (found.kind(), expected[0]);
        Err(EditError::WrongType { object: object.into(), found, expected })
    }
}

// To read

impl Replica {
    /// Its name.
    pub fn name(&self) -> &str {
        self.engine.origin().replica.as_str()
    }

    /// The objects that it has.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// A set, with elements of type `K`.
    ///
    /// # Errors
    /// If there is no such object, or it is not a set.
    pub fn set<K: ?Sized>(&self, object: &str) -> Result<Set<'_, K>, EditError> {
        Set::of(self.find(object, SETS)?)
    }

    /// A map, with keys of type `K` and values of type `V`.
    ///
    /// # Errors
    /// If there is no such object, or it is not a map.
    pub fn map<K: ?Sized, V: ?Sized>(&self, object: &str) -> Result<Map<'_, K, V>, EditError> {
        Map::of(self.find(object, &[ObjectType::LwwMap])?)
    }

    /// A register, with a value of type `V`.
    ///
    /// # Errors
    /// If there is no such object, or it is not a register.
    pub fn register<V: ?Sized>(&self, object: &str) -> Result<Register<'_, V>, EditError> {
        Register::of(self.find(object, &[ObjectType::LwwRegister])?)
    }

    /// A counter.
    ///
    /// # Errors
    /// If there is no such object, or it is not a counter.
    pub fn counter(&self, object: &str) -> Result<Counter<'_>, EditError> {
        Counter::of(self.find(object, &[ObjectType::GCounter])?)
    }

    /// A PN-Counter.
    ///
    /// # Errors
    /// If there is no such object, or it is not a PN-Counter.
    pub fn pn_counter(&self, object: &str) -> Result<PnCounter<'_>, EditError> {
        PnCounter::of(self.find(object, &[ObjectType::PnCounter])?)
    }

    /// A flag.
    ///
    /// # Errors
    /// If there is no such object, or it is not a flag.
    pub fn flag(&self, object: &str) -> Result<Flag<'_>, EditError> {
        Flag::of(self.find(object, FLAGS)?)
    }

    /// An MV-Register, with values of type `V`.
    ///
    /// # Errors
    /// If there is no such object, or it is not an MV-Register.
    pub fn mv_register<V: ?Sized>(&self, object: &str) -> Result<MvRegister<'_, V>, EditError> {
        MvRegister::of(self.find(object, &[ObjectType::MvRegister])?)
    }

    /// An MV-Map, with keys of type `K` and values of type `V`.
    ///
    /// # Errors
    /// If there is no such object, or it is not an MV-Map.
    pub fn mv_map<K: ?Sized, V: ?Sized>(&self, object: &str) -> Result<MvMap<'_, K, V>, EditError> {
        MvMap::of(self.find(object, &[ObjectType::MvMap])?)
    }

    /// A max-register or a min-register.
    ///
    /// # Errors
    /// If there is no such object, or it keeps no integer.
    pub fn extreme(&self, object: &str) -> Result<Extreme<'_>, EditError> {
        Extreme::of(self.find(object, EXTREMES)?)
    }

    /// A log, with entries of type `V`.
    ///
    /// # Errors
    /// If there is no such object, or it is not a log.
    pub fn log<V: ?Sized>(&self, object: &str) -> Result<Log<'_, V>, EditError> {
        Log::of(self.find(object, &[ObjectType::Log])?)
    }

    /// The keys with concurrent decisions that differ, and that nobody who has seen them has decided
    /// since; by object and key.
    ///
    /// Cost: O(keys in conflict), and O(keys that ever were) for looking.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        for (object, open) in self.engine.conflicts() {
            let Ok(state) = self.engine.object(object) else { continue };
            let overruled: Vec<&Dot> = open.overruled.iter().map(|id| &id.dot).collect();
            let (overruled, kept) = state
                .decisions(&open.key)
                .into_iter()
                .partition::<Vec<_>, _>(|decision| overruled.contains(&&decision.id.dot));
            let view = |decisions: Vec<optimized::Decision<'_>>| {
                decisions.into_iter().map(|decision| decision_of(state, decision)).collect()
            };
            conflicts.push(Conflict {
                object: object.clone(),
                key: text_of_key(state, &open.key),
                value: value_of(state, &open.key),
                kept: view(kept),
                overruled: view(overruled),
            });
        }
        conflicts.sort_by(|a, b| (&a.object, &a.key).cmp(&(&b.object, &b.key)));
        conflicts
    }

    /// The conflicts in which a decision of this user is overruled: what to notify them of.
    ///
    /// Cost: as [`conflicts`](Self::conflicts).
    pub fn overruled(&self, user: &str) -> Vec<Conflict> {
        let is_theirs = |decision: &Decision| decision.user.as_deref() == Some(user);
        let mut conflicts = self.conflicts();
        conflicts.retain(|conflict| conflict.overruled.iter().any(is_theirs));
        conflicts
    }
}

// To keep transfers that come in pieces

impl Replica {
    /// The transfers of large maps and sets that are not complete, by object. A store keeps their records
    /// beside the parts of the replica, so that a session goes on with them after a restart.
    pub fn all_staged(&self) -> &BTreeMap<ObjectId, Staging> {
        self.engine.all_staged()
    }

    /// Goes on with the records of a transfer that a store has kept. Returns whether they are of use;
    /// otherwise the transfer begins anew.
    pub fn restage(&mut self, object: &str, records: Vec<Vec<u8>>) -> bool {
        self.engine.restage(object, records)
    }

    /// Drops what has arrived of a transfer that is not complete, such as one whose sender never comes
    /// back. The object stays as it is, and a session begins the transfer anew.
    pub fn unstage(&mut self, object: &str) {
        self.engine.unstage(object);
    }
}

// To audit

impl Replica {
    /// The audit trail of an object: who decided what, when, and which decisions they saw. It has what
    /// replicas recorded whose schema says so, with [`Schema::audited`], and is the same at all that
    /// have seen the same, where nobody dropped records. It proves no authorship. The handle of the
    /// object gives the records of one key, as [`Set::history`].
    ///
    /// Cost: O(n log n), n being the records.
    ///
    /// # Errors
    /// If there is no such object.
    pub fn audit(&self, object: &str) -> Result<AuditTrail, EditError> {
        Ok(self.engine.object(object).map_err(|_| self.unknown(object))?.audit_trail(None))
    }

    /// Drops the records of an object from before a time, in milliseconds since 1970, and gives how
    /// many these were. [`AuditTrail::cut_before`] says so from then on.
    ///
    /// Records are dropped here only, and for good: they do not come back from others. A replica that
    /// learns of such a decision from this one gets no record of it, and its audit trail says so too;
    /// one that is to have all records must learn from replicas that kept them. The state hash stays as
    /// it is. What was stored has the records still: [`save`](Self::save) anew in its place.
    ///
    /// Cost: O(records).
    ///
    /// # Errors
    /// If there is no such object.
    pub fn cut_audit(&mut self, object: &str, before: u64) -> Result<usize, EditError> {
        let unknown = self.unknown(object);
        Ok(self.engine.object_mut(object).map_err(|_| unknown)?.cut_audit(before))
    }
}

// To store and to synchronize

impl Replica {
    /// What this replica has seen: send it to another one to ask for an update.
    pub fn version(&self) -> Version {
        Version::of(&self.engine)
    }

    /// An update for a replica that has seen `version`. Send it in any way, once or often.
    ///
    /// Cost: O(changes since then), however much the replica holds.
    #[must_use = "an update that is not sent brings nobody up to date"]
    pub fn update_since(&self, version: &Version) -> Vec<u8> {
        let own = deltas_since(&self.engine, version, |_| false)
            .map(|(name, _, delta)| (name, delta.kind().code(), whole_message(&delta)));
        let relayed = relayed_since(&self.engine, version).flat_map(|(name, kind, deltas, _)| {
            deltas.into_iter().map(move |delta| (name, kind, delta.to_vec()))
        });
        update::encode_update(own.chain(relayed))
    }

    /// Applies an update, and says what it changed. Updates may come in any order and any number of
    /// times: one that was applied already changes nothing, and one that comes before what it builds
    /// upon is refused as a gap. Keep it and apply it later, or ask for another.
    ///
    /// # Errors
    /// [`UpdateError::Malformed`], [`UpdateError::Gap`] and [`UpdateError::NamesDiffer`]: nothing was
    /// applied.
    /// [`UpdateError::Refused`]: nothing of that object was applied; the error holds the changes to
    /// the objects before it.
    pub fn apply(&mut self, update: &[u8]) -> Result<Changes, UpdateError> {
        let mut changes = Changes::default();
        let mut relayed = self.engine.relayed().clone();
        let mut parts: Vec<(ObjectId, Delta)> = Vec::new();
        for part in update::decode_update(update)? {
            let object = &part.object;
            let is_relayed = match self.engine.object(object) {
                Ok(state) if part.kind() == Some(state.kind()) => {
                    let delta = part.decode(state.kind())?;
                    // A replica that passes an object on sends several, each of which starts at the last.
                    let is_first = parts.iter().all(|(other, _)| other != object);
                    if is_first && let Err(error) = state.check_start(&delta) {
                        return Err(refused(object, Reason::Apply(error), Changes::default()));
                    }
                    parts.push((object.clone(), delta));
                    continue;
                }
                Ok(_) => false,
                Err(_) => match relayed.add(object, part.kind, part.message) {
                    Ok(_) => true,
                    Err(Refusal::NotKept) => false,
                    Err(refusal) => return Err(not_relayed(&part, refusal)),
                },
            };
            let list = if is_relayed { &mut changes.relayed } else { &mut changes.unknown };
            if !list.contains(object) {
                list.push(object.clone());
            }
        }
        changes.ahead = self.check_clocks(&parts)?;
        *self.engine.relayed_mut() = relayed;
        for (object, delta) in parts {
            if let Err(reason) = self.apply_delta(&object, delta, &mut changes) {
                return Err(refused(&object, reason, changes));
            }
        }
        Ok(changes)
    }

    /// Passes on at most so many bytes of objects that this replica does not know; 0 for none. Without this
    /// call these are [`Relayed::LIMIT`](crate::relayed::Relayed::LIMIT). What is kept already stays.
    pub fn limit_relayed(&mut self, bytes: usize) {
        self.engine.relayed_mut().set_limit(bytes);
    }

    /// Sets how many milliseconds another clock may be ahead of this one. Beyond that,
    /// [`Changes::clocks_ahead`] names it; or the whole update is refused, if the application
    /// says so. Without this call the limit is a day, and nothing is refused.
    pub fn limit_drift(&mut self, milliseconds: u64, is_refused: bool) {
        self.drift = (milliseconds, is_refused);
    }

    /// How clocks are checked now.
    pub(crate) fn drift_now(&mut self) -> Drift {
        let (limit, is_refused) = self.drift;
        Drift { now: self.environment.now(), limit, is_refused }
    }

    /// Whose clocks are ahead, by an update.
    fn check_clocks(
        &mut self,
        parts: &[(ObjectId, Delta)],
    ) -> Result<Vec<ClockAhead>, UpdateError> {
        let drift = self.drift_now();
        let is_refused = drift.is_refused;
        let ahead = parts.iter().filter_map(|(object, delta)| drift.ahead(object, delta));
        let ahead: Vec<ClockAhead> = ahead.collect();
        match ahead.first() {
            Some(first) if is_refused => Err(UpdateError::Refused {
                object: first.object.clone(),
                message: first.to_string(),
                changes: Box::default(),
            }),
            _ => Ok(ahead),
        }
    }

    /// The bytes from which [`open`](Self::open) makes this replica again.
    ///
    /// Cost: O(what the replica holds).
    #[must_use = "what is not stored is lost when the process ends"]
    pub fn save(&self) -> Vec<u8> {
        self.save_since(&Version::default())
    }

    /// What changed since a version that was saved; to be kept after it.
    ///
    /// Cost: O(changes since then).
    #[must_use = "what is not stored is lost when the process ends"]
    pub fn save_since(&self, version: &Version) -> Vec<u8> {
        saved::part(&self.engine, &self.schema, version)
    }

    /// What changed since a version that was saved, as one part for each object that changed: for a
    /// store that keeps the parts of each object apart, as the crate `rejoin-store` does.
    ///
    /// Cost: O(changes since then), and O(objects).
    pub fn save_objects_since(&self, version: &Version) -> Vec<ObjectPart> {
        saved::object_parts(&self.engine, &self.schema, version).collect()
    }

    /// The part that holds one object whole; `None` if there is no such object.
    ///
    /// Cost: O(what the object holds).
    pub fn save_object(&self, object: &str) -> Option<Vec<u8>> {
        saved::object_part(&self.engine, &self.schema, object)
    }

    /// The hash of all that replicas agree on: equal states have equal hashes, and different states
    /// have different ones, unless BLAKE3 has a collision.
    ///
    /// Cost: O(changes since it was last asked for), and O(objects).
    pub fn state_hash(&mut self) -> StateHash {
        self.engine.state_hash()
    }

    fn apply_delta(
        &mut self,
        object: &ObjectId,
        delta: Delta,
        changes: &mut Changes,
    ) -> Result<(), Reason> {
        let state = self.engine.object(object).map_err(|error| error.reason)?;
        let keys = state.keys_of(&delta);
        let keyed = is_keyed(state);
        if !keyed {
            return self.apply_unkeyed(object, delta, changes);
        }
        let before: Vec<_> = keys.into_iter().map(|key| (Look::at_key(state, &key), key)).collect();
        let applied = self.engine.apply(object, delta).map_err(|error| error.reason)?;
        changes.healed.extend(applied.healed.iter().map(|healed| healed.in_object(object)));
        let mut overruled: BTreeMap<_, _> = applied.overruled.into_iter().into_map();
        let state = self.engine.object(object).map_err(|error| error.reason)?;
        for (look, key) in before {
            // All concurrent values are effective: a write that saw them replaces them.
            let overruled = overruled.remove(&key).filter(|_| state.kind().has_decisions());
            let overruled = overruled.map(|id| {
                let value = look.value.clone();
                Decision {
                    time: look.time.or_else(|| state.audited_at(&id.dot)),
                    user: id.user,
                    replica: id.dot.origin.replica,
                    seq: id.seq,
                    value,
                }
            });
            let after = Look::at_key(state, &key);
            let text = text_of_key(state, &key);
            changes.list.extend(look.change(object, text.as_deref(), after, overruled));
        }
        Ok(())
    }

    /// A counter and an integer change as a whole, a log by the entries that are new.
    fn apply_unkeyed(
        &mut self,
        object: &ObjectId,
        delta: Delta,
        changes: &mut Changes,
    ) -> Result<(), Reason> {
        let before = Look::at(&self.engine, object, None);
        let seen = self.engine.vector(object).map_err(|error| error.reason)?;
        let applied = self.engine.apply(object, delta).map_err(|error| error.reason)?;
        changes.healed.extend(applied.healed.iter().map(|healed| healed.in_object(object)));
        if applied.changed == 0 {
            return Ok(());
        }
        let seen = applied.renamed.unwrap_or(seen);
        match self.engine.object(object).map_err(|error| error.reason)? {
            Object::Log(log) => {
                for entry in log.entries_since(&seen) {
                    changes.list.push(Change {
                        object: object.clone(),
                        key: None,
                        before: None,
                        after: Some(entry.value().into()),
                        overruled: None,
                        is_conflict: false,
                    });
                }
            }
            _ => {
                let after = Look::at(&self.engine, object, None);
                changes.list.extend(before.change(object, None, after, None));
            }
        }
        Ok(())
    }
}

/// Whether an object is decided on key by key; a register and a flag have one.
fn is_keyed(state: &Object) -> bool {
    let kind = state.kind();
    kind.has_decisions() || matches!(kind, ObjectType::MvRegister | ObjectType::MvMap)
}

/// The value of an object that changes as a whole, a counter or a register of integers, as canonical
/// JSON if it has one; `None` for any other object.
pub(crate) fn whole(object: &Object) -> Option<Option<String>> {
    match object {
        Object::GCounter(state) => Some(state.value().map(|value| value.to_string())),
        Object::PnCounter(state) => Some(state.value().map(|value| value.to_string())),
        Object::MaxRegister(state) => Some(state.value().map(|value| value.to_string())),
        Object::MinRegister(state) => Some(state.value().map(|value| value.to_string())),
        Object::OrSet(_)
        | Object::RwSet(_)
        | Object::LwwMap(_)
        | Object::MvMap(_)
        | Object::LwwRegister(_)
        | Object::MvRegister(_)
        | Object::EwFlag(_)
        | Object::DwFlag(_)
        | Object::Log(_) => None,
    }
}

/// What a replica answers for one key, before or after a change.
struct Look {
    value: Option<String>,
    time: Option<u64>,
    is_conflict: bool,
}

impl Look {
    fn at(engine: &Engine, object: &str, key: Option<&str>) -> Self {
        match engine.object(object) {
            Ok(Object::Log(log)) => {
                let last = log.entries().next_back();
                let value = last.map(|entry| entry.value().to_string());
                Self { value, time: None, is_conflict: false }
            }
            Ok(state) => match whole(state) {
                Some(value) => Self { value, time: None, is_conflict: false },
                None => Self::at_key(state, key.unwrap_or_default().as_bytes()),
            },
            Err(_) => Self { value: None, time: None, is_conflict: false },
        }
    }

    fn at_key(state: &Object, key: &[u8]) -> Self {
        let current = state.effective(key);
        let time = current.as_ref().and_then(|decision| time_of(state, decision.timestamp));
        let is_conflict = state.is_contested(key);
        Self { value: value_of(state, key), time, is_conflict }
    }

    /// The change from one answer to the other, if a person would see one.
    fn change(
        self,
        object: &ObjectId,
        key: Option<&str>,
        after: Self,
        overruled: Option<Decision>,
    ) -> Option<Change> {
        let is_same = self.value == after.value && self.is_conflict == after.is_conflict;
        (!is_same || overruled.is_some()).then(|| Change {
            object: object.clone(),
            key: key.map(Into::into),
            before: self.value,
            after: after.value,
            overruled,
            is_conflict: after.is_conflict,
        })
    }
}

/// The key as text; that of a register or a flag has none.
pub(crate) fn text_of_key(state: &Object, key: &[u8]) -> Option<String> {
    let has_keys = state.kind().is_set() || state.kind().is_map();
    has_keys.then(|| String::from_utf8_lossy(key).into_owned())
}

/// What a key has, as canonical JSON; of an element whether it is in the set, of a flag whether it is
/// enabled, of concurrent values their array.
fn value_of(state: &Object, key: &[u8]) -> Option<String> {
    let kind = state.kind();
    if kind.is_set() || kind.is_flag() {
        return Some(state.effect(key).is_some().to_string());
    }
    state.shown(key).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn time_of(state: &Object, timestamp: u64) -> Option<u64> {
    state.kind().is_stamped().then(|| HybridClock::milliseconds(timestamp))
}

fn decision_of(state: &Object, decision: optimized::Decision<'_>) -> Decision {
    let value = match state.kind() {
        kind if kind.is_set() || kind.is_flag() => Some((!decision.is_removal).to_string()),
        _ => decision.value.map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
    };
    Decision {
        time: time_of(state, decision.timestamp).or_else(|| state.audited_at(&decision.id.dot)),
        user: decision.id.user,
        replica: decision.id.dot.origin.replica,
        seq: decision.id.seq,
        value,
    }
}

/// Why a delta of an object that this replica does not know is not kept.
pub(crate) fn not_relayed(part: &Part<'_>, refusal: Refusal) -> UpdateError {
    match refusal {
        Refusal::Malformed(error) => part.malformed(&error),
        Refusal::Apply(error) => refused(&part.object, Reason::Apply(error), Changes::default()),
        Refusal::NotKept => UpdateError::Refused {
            object: part.object.clone(),
            message:
                "it would take more than this replica passes on of objects that it does not know"
                    .into(),
            changes: Box::default(),
        },
    }
}

pub(crate) fn refused(object: &ObjectId, reason: Reason, changes: Changes) -> UpdateError {
    let object = object.clone();
    match reason {
        Reason::Apply(gap @ ApplyError::Gap { .. }) => {
            UpdateError::Gap { object, message: gap.to_string() }
        }
        Reason::Apply(differ @ ApplyError::OpeningsDiffer) => {
            UpdateError::NamesDiffer { object, message: differ.to_string() }
        }
        reason => {
            let message = optimized::replica::Error { object: object.clone(), reason }.to_string();
            UpdateError::Refused { object, message, changes: Box::new(changes) }
        }
    }
}
