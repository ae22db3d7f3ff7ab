//! Stores: what survives a crash, backups, damaged bytes, and disks that are full for a while.

use super::Fault;
use super::world::{Node, Stored, World, covers, origin, staged, vectors};
use rejoin::saved::{self, State};
use rejoin::{OpenError, Version};

/// How many parts a store has at most before it writes the whole state anew.
const MOST_PARTS: usize = 6;

impl World {
    /// Stores a replica. If its disk is full, it stores and promises nothing, and the replica goes
    /// on with what it has in memory, or dies. Returns whether the replica goes on.
    pub fn store(&mut self, at: usize) -> bool {
        let site = &mut self.sites[at];
        let is_full = site.full_until > self.now && !self.is_healed;
        if !site.is_dirty {
            // Pieces of a transfer are no change of what was seen.
            if !is_full {
                site.durable.staged = staged(&site.replica);
            }
            return true;
        }
        if is_full {
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
        let schema = &self.config.session.schema;
        if site.durable.parts.len() >= MOST_PARTS {
            site.durable = Stored::whole(&site.replica, schema, snapshot);
        } else {
            let part = saved::part(&site.replica, schema, &site.durable.version);
            site.durable.parts.push((part, snapshot));
            site.durable.staged = staged(&site.replica);
            site.durable.version = Version::of(&site.replica);
        }
        true
    }

    /// A process dies, and is started again from its store.
    pub fn crash(&mut self, at: usize) {
        self.cut(at);
        self.statistics.crashes += 1;
        let site = &mut self.sites[at];
        let is_new = site.is_dirty && self.fault != Some(Fault::KeepsName) && !self.draws;
        if site.is_dirty {
            self.statistics.losses += 1;
            self.recorder.restore(at, site.durable.snapshot());
        }
        self.start(at, is_new);
        let site = &self.sites[at];
        if !covers(&vectors(&site.replica), &site.promised) {
            self.findings.push(format!("r{at} lost in a crash what was stored"));
        }
    }

    /// A process starts from the store of a replica, under a new incarnation if it is told to.
    fn start(&mut self, at: usize, is_new: bool) {
        let site = &mut self.sites[at];
        let objects = match State::open(site.durable.bytes()) {
            Ok(state) => state.objects,
            Err(error) => {
                self.findings.push(format!("r{at} cannot open what it stored: {error}"));
                return;
            }
        };
        site.incarnation += u64::from(is_new);
        site.replica = Node::restored(origin(at, site.incarnation), objects);
        for (name, records) in &site.durable.staged {
            // What lacks its base, after a damage, is of no use.
            site.replica.restage(name, records.clone());
        }
        site.is_dirty = false;
        if is_new {
            let snapshot = site.durable.snapshot();
            site.durable = Stored::whole(&site.replica, &self.config.session.schema, snapshot);
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
        self.put_back(at);
    }

    /// Bends a byte of a store, or cuts it short, while its process is not running. The store finds
    /// that when it is opened. Then it goes on with the parts before the damaged one, which is an
    /// older disk, or with nothing.
    pub fn bend(&mut self, at: usize) {
        self.cut(at);
        let site = &mut self.sites[at];
        let part = self.random.place(site.durable.parts.len());
        let bytes = &mut site.durable.parts[part].0;
        let place = self.random.place(bytes.len());
        match self.random.one_in(4) {
            true => bytes.truncate(place),
            false => bytes[place] ^= 1 << self.random.below(8),
        }
        self.statistics.damaged += 1;
        match State::open(site.durable.bytes()) {
            Err(OpenError::Damaged { part: found, .. }) if found == part => {}
            Err(error) => {
                self.findings.push(format!("r{at}: part {part} is damaged, reported is: {error}"));
            }
            Ok(_) => self.findings.push(format!("r{at} opened part {part}, which is damaged")),
        }
        site.durable.parts.truncate(part);
        if part == 0 {
            let nothing =
                Node::new(origin(at, site.incarnation), &self.config.session.schema.types());
            // The first snapshot of each replica is of nothing.
            site.durable = Stored::whole(&nothing, &self.config.session.schema, site.empty);
        }
        self.put_back(at);
    }

    /// A process starts from a store that holds less than it held.
    fn put_back(&mut self, at: usize) {
        let site = &mut self.sites[at];
        self.recorder.restore(at, site.durable.snapshot());
        if self.draws {
            // Unannounced.
            self.statistics.unsaid += 1;
        }
        let is_new = !self.draws && self.fault != Some(Fault::KeepsName);
        self.start(at, is_new);
        let site = &mut self.sites[at];
        site.durable.version = Version::of(&site.replica);
        site.promised = vectors(&site.replica);
    }

    /// Fills the disk of a replica for a while.
    pub fn fill_disk(&mut self, at: usize) {
        self.sites[at].full_until = self.now + 5 + self.random.below(40) as u32;
    }
}
