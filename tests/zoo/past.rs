//! What all types of the zoo share: identities, dots and vectors.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A replica between two restores: its name, and a number that no other incarnation has.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Id {
    /// The replica's name.
    pub name: String,
    /// 0 before the first restore.
    pub incarnation: u64,
}

impl Id {
    /// A replica that was never restored.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), incarnation: 0 }
    }
}

/// The dot of an operation: its replica, and its number among that replica's operations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dot {
    /// The replica.
    pub by: Id,
    /// From 1.
    pub number: u64,
}

/// The operations that were seen: a number for each replica, without holes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vector(BTreeMap<String, BTreeMap<u64, u64>>);

impl Vector {
    /// How many operations of this replica were seen, in this incarnation.
    pub fn of(&self, by: &Id) -> u64 {
        let counts = self.0.get(&by.name);
        counts.and_then(|counts| counts.get(&by.incarnation)).copied().unwrap_or(0)
    }

    /// How many operations of this name were seen, in all incarnations.
    pub fn total(&self, name: &str) -> u64 {
        self.0.get(name).map_or(0, |counts| counts.values().sum())
    }

    /// The replica's next operation, which counts as seen from now on.
    pub fn next(&mut self, by: &Id) -> Dot {
        let dot = Dot { by: by.clone(), number: self.of(by) + 1 };
        self.see(&dot);
        dot
    }

    /// Whether the operation was seen.
    pub fn has(&self, dot: &Dot) -> bool {
        dot.number <= self.of(&dot.by)
    }

    /// Sees an operation, and all before it.
    pub fn see(&mut self, dot: &Dot) {
        let counts = self.0.entry(dot.by.name.clone()).or_default();
        let count = counts.entry(dot.by.incarnation).or_default();
        *count = dot.number.max(*count);
    }

    /// Sees what the other one has seen.
    pub fn merge(&mut self, other: &Self) {
        for (name, counts) in &other.0 {
            for (incarnation, number) in counts {
                let by = Id { name: name.clone(), incarnation: *incarnation };
                self.see(&Dot { by, number: *number });
            }
        }
    }

    /// Whether it covers the other vector.
    pub fn covers(&self, other: &Self) -> bool {
        let mut both = self.clone();
        both.merge(other);
        both == *self
    }

    /// The names in the vector.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// The counts by name, as they are shown.
    pub fn shown(&self) -> BTreeMap<String, u64> {
        self.0.keys().map(|name| (name.clone(), self.total(name))).collect()
    }
}

/// Backups and the vector of a type with the fields `me` and `seen`.
macro_rules! backups_and_vector {
    () => {
        fn save(&mut self) -> Option<Vec<u8>> {
            Some(serde_json::to_vec(self).expect("the keys are strings and numbers"))
        }

        fn load(_name: &str, incarnation: u64, backup: &[u8]) -> Option<Self> {
            let mut loaded: Self = serde_json::from_slice(backup).ok()?;
            loaded.me.incarnation = incarnation;
            Some(loaded)
        }

        fn vector(&self) -> Option<std::collections::BTreeMap<String, u64>> {
            Some(self.seen.shown())
        }
    };
}
pub(crate) use backups_and_vector;

/// The types of a module with bugs, each chosen by its number.
macro_rules! bugs {
    ($($type:ty),*) => {
        $(impl $crate::Bugged for $type {
            fn bugged(mut self, bug: u32) -> Self {
                self.bug = bug;
                self
            }
        })*
    };
}
pub(crate) use bugs;
