//! Apply: the session applies or refuses the peer's deltas, and compares its checkpoints.

use super::protocol::{Checkpoint, Part, SkipReason};
use super::shared_object::{MOST_REFUSALS, Status, keep};
use super::tree_diff::TreeDiff;
use super::{Changed, Error, Event, Revision, Session, Side};
use crate::collect::Collect;
use crate::object::Priority;
use crate::operation::{DecisionId, ObjectId};
use crate::optimized;
use crate::optimized::replica::{Changes, Delta, Object, Reason, Replica};
use crate::optimized::{ApplyError, Vector};
use crate::wire::{self, DecodeContext, decompress};
use std::collections::BTreeMap;

impl Session {
    /// The peer sent a delta: the session applies it whole, or not at all.
    pub(super) fn on_delta(
        &mut self,
        replica: &mut Replica,
        index: usize,
        delta: &[u8],
    ) -> Result<(), Error> {
        let object = self.object(index)?;
        let class = object.class;
        let tables = self.tables.all();
        let known =
            DecodeContext { asked: None, vectors: &object.announced, actor_tables: &tables };
        let unpacked = decompress(delta, self.config.max_object);
        let delta = unpacked.and_then(|bytes| Delta::decode(object.kind, &bytes, &known));
        let delta = match delta {
            Ok(delta) => delta,
            Err(
                error @ (wire::Error::UnknownBase(_)
                | wire::Error::UnknownActorTable(_)
                | wire::Error::NotAsked),
            ) => {
                self.ask_for(index, &error.to_string());
                return Ok(());
            }
            Err(error @ wire::Error::WrongType { .. }) => {
                self.give_up(index, error.to_string());
                return Ok(());
            }
            Err(error) => return Err(Error::malformed(error, "a delta")),
        };
        self.classes[class as usize].exchange.on_heard();
        self.apply_delta(replica, index, delta);
        Ok(())
    }

    /// Applies a delta of the peer whole, or not at all.
    pub(super) fn apply_delta(&mut self, replica: &mut Replica, index: usize, delta: Delta) {
        let class = self.objects[index].class;
        let name = self.objects[index].name.clone();
        if let Some(reason) = self.check_clocks(&name, &delta) {
            return self.give_up(index, reason);
        }
        let before = self.before(replica, &self.objects[index].name, &delta);
        let seen = delta.seen().clone();
        match replica.apply(&name, delta) {
            Ok(changes) => {
                let mut changes = changes;
                let mut seen = seen;
                let healed = std::mem::take(&mut changes.healed);
                self.objects[index].on_applied(&seen);
                if changes.renamed.is_some() || self.objects[index].awaits_names {
                    self.objects[index].on_renamed();
                    seen = changes.seen.take().unwrap_or(seen);
                    self.on_names_agreed(index, &name, healed);
                }
                self.classes[class as usize].changes += changes.changed;
                if changes.changed > 0 {
                    let changed = revise(replica, &name, before, changes, seen);
                    self.events.push_back(Event::Changed(changed));
                }
                self.compare(replica, index);
            }
            Err(error) => self.on_refusal(replica, index, error),
        }
    }

    /// The replica refused a delta of the peer, or pieces of one.
    pub(super) fn on_refusal(
        &mut self,
        replica: &Replica,
        index: usize,
        error: optimized::replica::Error,
    ) {
        let name = self.objects[index].name.clone();
        match error.reason {
            Reason::Apply(ApplyError::Forked { origin, performed, known }) => {
                let object = name;
                self.events.push_back(Event::Forked { object, origin, performed, known });
                self.leave_out(index);
            }
            Reason::Apply(ApplyError::OpeningsDiffer) => {
                self.objects[index].on_fork();
                self.ask_for(index, &error.to_string());
            }
            Reason::Apply(ApplyError::Gap { .. }) => {
                // It may start at a name that was renamed here.
                if replica.object(&name).is_ok_and(|object| !object.openings().is_empty()) {
                    self.objects[index].on_fork();
                }
                self.ask_for(index, &error.to_string());
            }
            _ => self.give_up(index, error.to_string()),
        }
    }

    /// The peer passed on a delta of an object that it lacks, or that it only passes on.
    pub(super) fn apply_unshared(
        &mut self,
        replica: &mut Replica,
        name: &ObjectId,
        delta: Delta,
    ) -> Result<(), Error> {
        if let Some(reason) = self.check_clocks(name, &delta) {
            self.events.push_back(Event::Refused { object: name.clone(), reason });
            return Ok(());
        }
        let before = self.before(replica, name, &delta);
        let mut seen = delta.seen().clone();
        match replica.apply(name, delta) {
            Ok(mut changes) => {
                let healed = std::mem::take(&mut changes.healed);
                let healed = healed.iter().map(|healed| Event::Healed(healed.in_object(name)));
                self.events.extend(healed);
                seen = changes.seen.take().unwrap_or(seen);
                if changes.changed > 0 {
                    let changed = revise(replica, name, before, changes, seen);
                    self.events.push_back(Event::Changed(changed));
                }
            }
            Err(error) => {
                let (object, reason) = (name.clone(), error.to_string());
                self.events.push_back(Event::Refused { object, reason });
            }
        }
        Ok(())
    }

    /// Reports a clock that is ahead; or says why the delta is refused for it.
    pub(super) fn check_clocks(&mut self, object: &ObjectId, delta: &Delta) -> Option<String> {
        let drift = self.config.drift?;
        let ahead = drift.ahead(object, delta)?;
        let reason = drift.is_refused.then(|| ahead.to_string());
        self.events.push_back(Event::ClockAhead(ahead));
        reason
    }

    /// The values of the keys that a delta lists, before it is applied.
    fn before(&self, replica: &Replica, name: &str, delta: &Delta) -> BTreeMap<Vec<u8>, Before> {
        match replica.object(name) {
            Ok(object) if self.config.revisions => {
                let keys = object.keys_of(delta).into_iter();
                keys.map(|key| (Before::of(object, &key), key))
                    .map(|(before, key)| (key, before))
                    .into_map()
            }
            _ => BTreeMap::new(),
        }
    }

    /// Compares the peer's checkpoints with those of this side, and with its present state.
    pub(super) fn compare(&mut self, replica: &mut Replica, index: usize) {
        let object = &mut self.objects[index];
        let (Some(last), Status::Active) = (object.their_checkpoints.back(), object.status) else {
            return;
        };
        let both = object.their_checkpoints.iter().rev().find_map(|their| {
            let our = object.our_checkpoints.iter().find(|our| our.vector == their.vector)?;
            Some((*our, *their))
        });
        let (sent, theirs) = both.map_or((None, *last), |(our, their)| (Some(our), their));
        let ours = sent.or_else(|| {
            let vector = replica.object(&object.name).ok()?.fingerprint();
            if vector != theirs.vector {
                return None;
            }
            Some(Checkpoint { vector, hash: replica.object_hash(&object.name).ok()? })
        });
        match ours {
            None => {}
            Some(ours) if ours.hash == theirs.hash => object.compared = Some(theirs.vector),
            Some(ours) => {
                object.status = Status::Differs;
                object.compared = Some(theirs.vector);
                if sent.is_none() {
                    // At once, so that the peer can see the difference too, whatever is written
                    // next.
                    keep(&mut object.our_checkpoints, ours, &self.config);
                    let class = object.class;
                    self.classes[class as usize].queued.push_back(Part::Checkpoints {
                        class,
                        is_final: false,
                        checkpoints: vec![(index, ours)],
                    });
                }
                self.diffs.push(TreeDiff::new(index, ours, theirs));
            }
        }
    }

    /// A delta was refused: this side asks again with another announcement.
    pub(super) fn ask_for(&mut self, index: usize, reason: &str) {
        let object = &mut self.objects[index];
        if object.status != Status::Active {
            return;
        }
        object.refusals += 1;
        (object.awaits_piece, object.waits) = (false, None);
        if object.refusals > MOST_REFUSALS {
            return self.give_up(index, reason.into());
        }
        object.is_to_announce = true;
    }

    /// Chunks of a class are missing.
    pub(super) fn ask_again(&mut self, class: Priority) {
        for index in self.of_class(class) {
            if self.objects[index].compared.is_none() {
                self.ask_for(index, "parts of it did not arrive");
            }
        }
    }

    /// Leaves an object out, and says so to the peer.
    fn leave_out(&mut self, index: usize) {
        let object = &mut self.objects[index];
        if object.status == Status::Active {
            object.status = Status::Refused;
            let part = Part::Skip { object: index, reason: SkipReason::Refused, bytes: 0 };
            self.classes[object.class as usize].queued.push_back(part);
        }
    }

    /// Leaves an object out because of a delta of the peer.
    pub(super) fn give_up(&mut self, index: usize, reason: String) {
        if self.objects[index].status == Status::Active {
            let object = self.objects[index].name.clone();
            self.events.push_back(Event::Refused { object, reason });
            self.leave_out(index);
        }
    }

    /// Leaves out an object of which the peer knows that it is left out.
    pub(super) fn refuse_object(&mut self, index: usize, reason: String) {
        let object = &mut self.objects[index];
        if object.status == Status::Active {
            object.status = Status::Refused;
            object.is_to_announce = false;
            let object = object.name.clone();
            self.events.push_back(Event::Refused { object, reason });
        }
    }

    /// Leaves out an object for the budget; the peer knows, or learns it from the next part.
    pub(super) fn drop_object(&mut self, index: usize, by: Side, bytes: u64) {
        let object = &mut self.objects[index];
        if object.status == Status::Active {
            object.status = Status::Dropped;
            object.is_to_announce = false;
            let object = object.name.clone();
            self.events.push_back(Event::Dropped { object, by, bytes });
        }
    }
}

/// What a replica answered for a key before a delta was applied.
struct Before {
    shown: Option<Vec<u8>>,
    timestamp: u64,
    is_conflict: bool,
}

impl Before {
    fn of(object: &Object, key: &[u8]) -> Self {
        Self {
            shown: object.shown(key),
            timestamp: object.effective(key).map_or(0, |decision| decision.timestamp),
            is_conflict: object.is_contested(key),
        }
    }
}

/// The keys whose values, or whose being in conflict, a delta changed.
fn revise(
    replica: &Replica,
    name: &ObjectId,
    before: BTreeMap<Vec<u8>, Before>,
    changes: Changes,
    seen: Vector,
) -> Changed {
    let mut overruled: BTreeMap<Vec<u8>, DecisionId> = changes.overruled.into_iter().into_map();
    let mut revisions = Vec::new();
    if let Ok(object) = replica.object(name) {
        for (key, Before { shown: before, timestamp, is_conflict }) in before {
            let (after, now) = (object.shown(&key), object.is_contested(&key));
            let overruled = overruled.remove(&key);
            if before != after || is_conflict != now || overruled.is_some() {
                let is_conflict = now;
                revisions.push(Revision { key, before, after, timestamp, overruled, is_conflict });
            }
        }
    }
    Changed { object: name.clone(), seen, changes: changes.changed, revisions }
}
