//! Stores: what survives a crash, backups, and disks that are full for a while.

use super::Fault;
use super::world::{Node, Stored, World, covers, origin, vectors};

impl World {
    /// Stores a replica. If its disk is full, it stores and promises nothing, and the replica goes
    /// on with what it has in memory, or dies. Returns whether the replica goes on.
    pub fn store(&mut self, at: usize) -> bool {
        let site = &mut self.sites[at];
        if !site.is_dirty {
            return true;
        }
        if site.full_until > self.now && !self.is_healed {
            self.statistics.unwritten += 1;
            if self.fault == Some(Fault::TrustsFullDisk) {
                site.promised = vectors(&site.replica);
            }
            if site.dies_when_full {
                self.crash(at);
            }
            return !self.sites[at].dies_when_full;
        }
        site.is_dirty = false;
        site.promised = vectors(&site.replica);
        if self.fault == Some(Fault::LosesWhatWasStored) && self.random.one_in(2) {
            return true;
        }
        let snapshot = self.recorder.save(at);
        site.durable = Stored { objects: site.replica.objects().clone(), snapshot };
        true
    }

    /// A process dies, and is started again from its store.
    pub fn crash(&mut self, at: usize) {
        self.cut(at);
        self.statistics.crashes += 1;
        let site = &mut self.sites[at];
        let lost = site.is_dirty;
        if lost {
            self.statistics.losses += 1;
            self.recorder.restore(at, site.durable.snapshot);
            if self.fault != Some(Fault::KeepsName) && !self.draws {
                site.incarnation += 1;
            }
        }
        let objects = site.durable.objects.clone();
        site.replica = Node::restored(origin(at, site.incarnation), objects);
        site.is_dirty = false;
        if !covers(&vectors(&site.replica), &site.promised) {
            self.findings.push(format!("r{at} lost in a crash what was stored"));
        }
        self.open(at);
    }

    pub fn take_backup(&mut self, at: usize) {
        let site = &mut self.sites[at];
        site.backups.push(site.durable.clone());
    }

    /// Restores a replica from a backup.
    pub fn set_back(&mut self, at: usize) {
        if self.sites[at].backups.is_empty() {
            return;
        }
        self.cut(at);
        self.statistics.restores += 1;
        let site = &mut self.sites[at];
        site.durable = site.backups[self.random.place(site.backups.len())].clone();
        self.recorder.restore(at, site.durable.snapshot);
        if self.draws {
            // Unannounced.
            self.statistics.unsaid += 1;
        } else if self.fault != Some(Fault::KeepsName) {
            site.incarnation += 1;
        }
        let objects = site.durable.objects.clone();
        site.replica = Node::restored(origin(at, site.incarnation), objects);
        site.promised = vectors(&site.replica);
        site.is_dirty = false;
        self.open(at);
    }

    /// Fills the disk of a replica for a while.
    pub fn fill_disk(&mut self, at: usize) {
        self.sites[at].full_until = self.now + 5 + self.random.below(40) as u32;
    }
}
