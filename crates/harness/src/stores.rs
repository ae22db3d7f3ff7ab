//! Stores: what outlasts a crash, backups, and disks that are full for a while.

use super::Fault;
use super::world::{Node, Stored, World, covers, origin, vectors};

impl World {
    /// A replica is stored as it is. Where its disk is full nothing is written and nothing
    /// promised, and the replica goes on with what it has, or dies of it. Whether it lives on.
    pub fn store(&mut self, at: usize) -> bool {
        let place = &mut self.places[at];
        if !place.is_dirty {
            return true;
        }
        if place.full_until > self.now && !self.is_healed {
            self.statistics.unwritten += 1;
            if self.fault == Some(Fault::TrustsFullDisk) {
                place.promised = vectors(&place.replica);
            }
            if place.dies_when_full {
                self.crash(at);
            }
            return !self.places[at].dies_when_full;
        }
        place.is_dirty = false;
        place.promised = vectors(&place.replica);
        if self.fault == Some(Fault::LosesWhatWasStored) && self.random.one_in(2) {
            return true;
        }
        let snapshot = self.recorder.save(at);
        place.durable = Stored { objects: place.replica.objects().clone(), snapshot };
        true
    }

    /// A process dies, and is started anew from its store.
    pub fn crash(&mut self, at: usize) {
        self.cut(at);
        self.statistics.crashes += 1;
        let place = &mut self.places[at];
        let lost = place.is_dirty;
        if lost {
            self.statistics.losses += 1;
            self.recorder.restore(at, place.durable.snapshot);
            if self.fault != Some(Fault::KeepsName) && !self.draws {
                place.incarnation += 1;
            }
        }
        let objects = place.durable.objects.clone();
        place.replica = Node::restored(origin(at, place.incarnation), objects);
        place.is_dirty = false;
        if !covers(&vectors(&place.replica), &place.promised) {
            self.findings.push(format!("r{at} lost in a crash what was stored"));
        }
        self.open(at);
    }

    pub fn take_backup(&mut self, at: usize) {
        let place = &mut self.places[at];
        place.backups.push(place.durable.clone());
    }

    /// A replica is restored from a backup.
    pub fn set_back(&mut self, at: usize) {
        if self.places[at].backups.is_empty() {
            return;
        }
        self.cut(at);
        self.statistics.restores += 1;
        let place = &mut self.places[at];
        place.durable = place.backups[self.random.place(place.backups.len())].clone();
        self.recorder.restore(at, place.durable.snapshot);
        if self.draws {
            // Nobody says so.
            self.statistics.unsaid += 1;
        } else if self.fault != Some(Fault::KeepsName) {
            place.incarnation += 1;
        }
        let objects = place.durable.objects.clone();
        place.replica = Node::restored(origin(at, place.incarnation), objects);
        place.promised = vectors(&place.replica);
        place.is_dirty = false;
        self.open(at);
    }

    /// The disk of a replica is full for a while.
    pub fn fill_disk(&mut self, at: usize) {
        self.places[at].full_until = self.now + 5 + self.random.below(40) as u32;
    }
}
