//! Invariants of the store, for tests and the simulator.
//!
//! Meaning: what every file of this folder may rely on.
//! Laws: they hold after every operation and every delta, forged ones included.
//! Cost: O(all that is stored).
//! Source: this project.

use super::Decisions;
use super::creation::LocalDot;
use crate::optimized::delta::{Effect, Record};
use hashbrown::{HashMap, HashSet};

impl<E: Effect> Decisions<E> {
    /// The first invariant that does not hold.
    pub fn debug_check(&self) -> Result<(), String> {
        let counts = [self.records.len(), self.marks.len(), self.keys.len()];
        if counts.iter().any(|count| *count != counts[0]) {
            return Err(format!("records, marks and keys: {counts:?}"));
        }
        let mut indexed: HashMap<LocalDot, (u32, bool)> = HashMap::new();
        for (origin, dot_index) in (0..).zip(&self.dot_indexes) {
            let mut last = 0;
            for entry in dot_index.after(0, usize::MAX).flatten() {
                let counter = entry.counter();
                if counter <= last || counter > self.origins.seen(origin) {
                    return Err(format!("operation {counter} of origin {origin}, after {last}"));
                }
                last = counter;
                let is_creation = dot_index.key_created_by(counter) == Some(entry.key());
                indexed.insert((origin, counter), (entry.key(), is_creation));
            }
        }
        let mut maximal = HashSet::new();
        for key in 0..self.len() as u32 {
            self.check_key(key, &indexed, &mut maximal)
                .map_err(|fault| format!("key {key} ({:?}): {fault}", self.key(key)))?;
        }
        let has_siblings = |key: &u32| self.marks[*key as usize].has_siblings();
        let listed = (0..self.len() as u32).filter(has_siblings).count();
        if listed != self.siblings.len() {
            return Err(format!("{} entries for {listed} keys with siblings", self.siblings.len()));
        }
        self.check_audit()
    }

    fn check_key(
        &self,
        key: u32,
        indexed: &HashMap<LocalDot, (u32, bool)>,
        maximal: &mut HashSet<LocalDot>,
    ) -> Result<(), String> {
        let is_indexed = |dot: LocalDot, as_creation: bool| {
            indexed.get(&dot).is_some_and(|(of, creates)| *of == key && (*creates || !as_creation))
        };
        for record in self.maximal(key) {
            let dot = self.local_dot(record);
            if !maximal.insert(dot) {
                return Err(format!("{dot:?} is maximal twice"));
            }
            if !is_indexed(dot, false) {
                return Err(format!("{dot:?} is maximal and in no dot index"));
            }
        }
        if let Some(siblings) = self.siblings_of(key) {
            if siblings.key != key || (siblings.maximal.is_empty() && siblings.winner.is_none()) {
                return Err(format!("its entry is of key {}, or has nothing", siblings.key));
            }
            if siblings.maximal.len() > self.most_siblings {
                return Err(format!("{} siblings", siblings.maximal.len()));
            }
            if let Some(winner) = &siblings.winner {
                let is_less =
                    |record: &Record<E>| self.view(record).cmp(&self.view(winner)).is_lt();
                let (origin, counter) = self.local_dot(winner);
                if !E::IS_TIMED || !self.maximal(key).all(is_less) {
                    return Err("its winner is not above the maximal decisions".into());
                }
                if counter > self.origins.seen(origin) {
                    return Err("its winner was not seen".into());
                }
            }
        }
        let own = self.local_dot(&self.records[key as usize]);
        let single = (self.chain(key) == 0).then_some(own);
        if single.is_some() && self.siblings_of(key).is_some() {
            return Err("it has siblings, and no creation dot is listed".into());
        }
        let mut dots = self.creation_dots(key).chain(single);
        match dots.find(|dot| !is_indexed(*dot, true)) {
            Some(dot) => Err(format!("{dot:?} is a creation dot and in no dot index")),
            None => Ok(()),
        }
    }
}
