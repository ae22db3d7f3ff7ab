//! Intake: what is applied, refused, and compared.

use super::descent::Descent;
use super::item::{MOST_REFUSALS, State, keep};
use super::message::{Point, Reader, Skipped, kind, write_number};
use super::{Changed, Error, Event, Revision, Session, Side};
use crate::object::Priority;
use crate::operation::DecisionId;
use crate::optimized::replica::{Changes, Delta, Reason, Replica};
use crate::optimized::{ApplyError, CanonicalBytes, Vector};
use crate::wire::{self, DecodeContext, decompress};
use std::collections::BTreeMap;

impl Session {
    pub(super) fn take_delta<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        &mut self,
        replica: &mut Replica<K, V>,
        body: &[u8],
    ) -> Result<(), Error> {
        let mut reader = Reader::new(body);
        let index = reader.size("the number of an object")?;
        let index = self.index(index, &reader)?;
        let item = &self.items[index];
        let class = item.class;
        let actor_tables = self.actor_tables.all();
        let known =
            DecodeContext { asked: None, vectors: &item.announced, actor_tables: &actor_tables };
        let unpacked = decompress(reader.rest(), self.config.max_object);
        let delta = unpacked.and_then(|bytes| Delta::<K, V>::decode(item.kind, &bytes, &known));
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
            Err(error) => return reader.malformed(error, "a delta"),
        };
        self.classes[class as usize].is_our_turn = true;
        let before = self.before(replica, index, &delta);
        let seen = delta.seen().clone();
        let name = self.items[index].name.clone();
        match replica.apply(&name, delta) {
            Ok(changes) => {
                self.items[index].learn(&seen);
                self.classes[class as usize].changes += changes.changed;
                if changes.changed > 0 {
                    let changed = revise(replica, index, self, before, changes, seen);
                    self.events.push_back(Event::Changed(changed));
                }
                self.compare(replica, index);
            }
            Err(error) => match error.reason {
                Reason::Apply(ApplyError::Forked { origin, performed, known }) => {
                    let object = name;
                    self.events.push_back(Event::Forked { object, origin, performed, known });
                    self.leave_out(index);
                }
                Reason::Apply(ApplyError::Gap { .. }) => self.ask_for(index, &error.to_string()),
                _ => self.give_up(index, error.to_string()),
            },
        }
        Ok(())
    }

    /// What the keys that a delta lists have before it is applied.
    fn before<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        &self,
        replica: &Replica<K, V>,
        index: usize,
        delta: &Delta<K, V>,
    ) -> BTreeMap<Vec<u8>, Option<Vec<u8>>> {
        match replica.object(&self.items[index].name) {
            Ok(object) if self.config.revisions => {
                let keys = object.keys_of(delta).into_iter();
                keys.map(|key| (object.effect(&key), key))
                    .map(|(effect, key)| (key, effect))
                    .collect()
            }
            _ => BTreeMap::new(),
        }
    }

    /// Compares the point that the peer has named with one of this side, where there is one.
    pub(super) fn compare<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        &mut self,
        replica: &mut Replica<K, V>,
        index: usize,
    ) {
        let item = &mut self.items[index];
        let (Some(last), State::Active) = (item.their_points.back().copied(), item.state) else {
            return;
        };
        let both = item.their_points.iter().rev().find_map(|their| {
            let our = item.our_points.iter().find(|our| our.vector == their.vector)?;
            Some((*our, *their))
        });
        let (named, theirs) = both.map_or((None, last), |(our, their)| (Some(our), their));
        let ours = named.or_else(|| {
            let vector = replica.vector(&item.name).ok()?.fingerprint();
            if vector != theirs.vector {
                return None;
            }
            Some(Point { vector, hash: replica.object_hash(&item.name).ok()? })
        });
        match ours {
            None => {}
            Some(ours) if ours.hash == theirs.hash => item.compared = Some(theirs.vector),
            Some(ours) => {
                item.state = State::Differs;
                item.compared = Some(theirs.vector);
                if named.is_none() {
                    // At once, so that the peer can see it too, whatever is written next.
                    let mut note = vec![kind::POINTS, item.class as u8, 0, 1];
                    write_number(index as u64, &mut note);
                    ours.write(&mut note);
                    keep(&mut item.our_points, ours, &self.config);
                    self.classes[item.class as usize].notes.push_back(note);
                }
                self.descents.push(Descent::new(index, ours, theirs));
            }
        }
    }

    /// What came of an object was of no use: the peer is asked for it anew.
    pub(super) fn ask_for(&mut self, index: usize, reason: &str) {
        let item = &mut self.items[index];
        if item.state != State::Active {
            return;
        }
        item.refusals += 1;
        if item.refusals > MOST_REFUSALS {
            return self.give_up(index, reason.into());
        }
        item.is_to_announce = true;
    }

    /// Part of what the peer sends of a class did not arrive.
    pub(super) fn ask_again(&mut self, class: Priority) {
        for index in self.of_class(class) {
            if self.items[index].compared.is_none() {
                self.ask_for(index, "parts of it did not arrive");
            }
        }
    }

    /// Leaves an object out, and tells the peer.
    fn leave_out(&mut self, index: usize) {
        let item = &mut self.items[index];
        if item.state == State::Active {
            item.state = State::Refused;
            let note = Skipped::Refused.write(index, 0);
            self.classes[item.class as usize].notes.push_back(note);
        }
    }

    /// Leaves an object out because of what came of it.
    fn give_up(&mut self, index: usize, reason: String) {
        if self.items[index].state == State::Active {
            let object = self.items[index].name.clone();
            self.events.push_back(Event::Refused { object, reason });
            self.leave_out(index);
        }
    }

    /// An object is left out, and the peer knows.
    pub(super) fn refuse_item(&mut self, index: usize, reason: String) {
        let item = &mut self.items[index];
        if item.state == State::Active {
            item.state = State::Refused;
            item.is_to_announce = false;
            let object = item.name.clone();
            self.events.push_back(Event::Refused { object, reason });
        }
    }

    /// An object is left out for a budget, and the peer knows.
    pub(super) fn drop_item(&mut self, index: usize, by: Side, bytes: u64) {
        let item = &mut self.items[index];
        if item.state == State::Active {
            item.state = State::Dropped;
            item.is_to_announce = false;
            let object = item.name.clone();
            self.events.push_back(Event::Dropped { object, by, bytes });
        }
    }
}

/// What an object's changes did to its values.
fn revise<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
    replica: &Replica<K, V>,
    index: usize,
    session: &Session,
    before: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    changes: Changes,
    seen: Vector,
) -> Changed {
    let name = session.items[index].name.clone();
    let mut overruled: BTreeMap<Vec<u8>, DecisionId> = changes.overruled.into_iter().collect();
    let mut revisions = Vec::new();
    if let Ok(object) = replica.object(&name) {
        for (key, before) in before {
            let after = object.effect(&key);
            if before != after {
                let overruled = overruled.remove(&key);
                revisions.push(Revision { key, before, after, overruled });
            }
        }
    }
    Changed { object: name, seen, changes: changes.changed, revisions }
}
