//! Counters that grow, and such that also decrease.

use crate::past::{Dot, Id, Vector, backups_and_vector};
use rejoin_conformance::{Json, Operation, Replicated, Type, Unsupported, answer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A counter: each replica's share, joined by the greater. 14 one number for all · 24 everybody's
/// share is the first one · 33 a restored replica goes on with its old share · 101 the total is a
/// double · 102 a share has 32 bits · 104 the share of a replica is found by the beginning of its
/// name.
#[derive(Clone, Serialize, Deserialize)]
pub struct Counter {
    bug: u32,
    me: Id,
    seen: Vector,
    shares: BTreeMap<String, u128>,
}

impl Replicated for Counter {
    const TYPE: Type = Type::GCounter;

    fn new(name: &str) -> Self {
        Self { bug: 0, me: Id::new(name), seen: Vector::default(), shares: BTreeMap::new() }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let Operation::Increment { amount } = operation else {
            return Err(Unsupported::operation(operation));
        };
        self.seen.next(&self.me);
        let Id { name, incarnation } = &self.me;
        let share = match self.bug {
            14 | 24 => "0".into(),
            33 => name.clone(),
            104 => name.chars().take(1).collect(),
            _ => format!("{name}/{incarnation}"),
        };
        let share = self.shares.entry(share).or_default();
        *share += u128::from(*amount);
        if self.bug == 102 {
            *share = u128::from(*share as u32);
        }
        Ok(())
    }

    fn value(&self) -> Json {
        let total: u128 = self.shares.values().sum();
        match self.bug {
            101 => answer::integer(total as f64 as i128),
            _ => answer::integer(total as i128),
        }
    }

    fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        for (share, count) in &other.shares {
            let ours = self.shares.entry(share.clone()).or_default();
            *ours = (*ours).max(*count);
        }
    }

    backups_and_vector!();
}

/// A counter that ships increments. 15: one that comes again counts again.
#[derive(Clone, Serialize, Deserialize)]
pub struct Shipped {
    bug: u32,
    me: Id,
    seen: Vector,
    increments: Vec<(Dot, u64)>,
}

impl Replicated for Shipped {
    const TYPE: Type = Type::GCounter;

    fn new(name: &str) -> Self {
        Self { bug: 0, me: Id::new(name), seen: Vector::default(), increments: Vec::new() }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let Operation::Increment { amount } = operation else {
            return Err(Unsupported::operation(operation));
        };
        self.increments.push((self.seen.next(&self.me), *amount));
        Ok(())
    }

    fn value(&self) -> Json {
        answer::integer(self.increments.iter().map(|(_, amount)| i128::from(*amount)).sum())
    }

    fn merge(&mut self, other: &Self) {
        for (dot, amount) in &other.increments {
            let is_known = self.increments.iter().any(|(known, _)| known == dot);
            // What comes again doubles; the mutant, too, is to end.
            if !is_known || self.bug == 15 && dot.by != self.me && self.increments.len() < 1000 {
                self.increments.push((dot.clone(), *amount));
            }
        }
        self.seen.merge(&other.seen);
    }

    backups_and_vector!();
}

/// A counter that also decreases. 32 the greater total wins · 103 it never shows less than
/// nothing · 105 a merge takes decrements only from whom it has increments · 106 amounts are added
/// one too many when they are great.
#[derive(Clone, Serialize, Deserialize)]
pub struct UpDown {
    bug: u32,
    me: Id,
    seen: Vector,
    up: BTreeMap<String, i128>,
    down: BTreeMap<String, i128>,
}

fn greater(ours: &mut BTreeMap<String, i128>, theirs: &BTreeMap<String, i128>) {
    for (share, count) in theirs {
        let own = ours.entry(share.clone()).or_default();
        *own = (*own).max(*count);
    }
}

impl UpDown {
    fn total(&self) -> i128 {
        self.up.values().sum::<i128>() - self.down.values().sum::<i128>()
    }
}

impl Replicated for UpDown {
    const TYPE: Type = Type::PnCounter;

    fn new(name: &str) -> Self {
        let (up, down) = (BTreeMap::new(), BTreeMap::new());
        Self { bug: 0, me: Id::new(name), seen: Vector::default(), up, down }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let (shares, amount) = match operation {
            Operation::Increment { amount } => (&mut self.up, *amount),
            Operation::Decrement { amount } => (&mut self.down, *amount),
            other => return Err(Unsupported::operation(other)),
        };
        self.seen.next(&self.me);
        let share = format!("{}/{}", self.me.name, self.me.incarnation);
        let extra = i128::from(self.bug == 106 && amount > 1 << 30);
        *shares.entry(share).or_default() += i128::from(amount) + extra;
        Ok(())
    }

    fn value(&self) -> Json {
        answer::integer(if self.bug == 103 { self.total().max(0) } else { self.total() })
    }

    fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        if self.bug == 32 {
            if other.total() > self.total() {
                (self.up, self.down) = (other.up.clone(), other.down.clone());
            }
            return;
        }
        greater(&mut self.up, &other.up);
        let mut down = other.down.clone();
        down.retain(|share, _| self.bug != 105 || self.up.contains_key(share));
        greater(&mut self.down, &down);
    }

    backups_and_vector!();
}

crate::past::bugs!(Counter, Shipped, UpDown);
