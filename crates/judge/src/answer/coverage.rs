//! What a trace exercised: on how many keys and objects replicas met, and how many were contested.
//!
//! Meaning: a key is an element of a set, a key of a map, or a register or flag itself. Replicas *met*
//! on a key if one that decided it has seen another one's decision on it. It was *contested* if a
//! replica decided it otherwise than another one had last decided it, without having seen that.
//! Objects without keys, and sets that only grow, are met and contested as a whole
//! ([`crate::past::conflicts`]).
//! Cost: linear in the operations; where many replicas decide one key the rest is left out, and the
//! numbers are lower bounds.

use crate::past::conflicts::{Conflicts, Place, has_keys};
use crate::past::history::{History, OpId};
use crate::report::{Keys, Objects, Rule, RuleCoverage};
use hashbrown::{HashMap, HashSet};

/// How many pairs of operations are looked at for each operation, on average.
const PAIRS: usize = 4;

/// How many claims were held against a rule, and how many of them could have broken it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    /// All of them.
    pub claims: u64,
    /// Those that could have broken it.
    pub tested: u64,
}

impl History {
    /// What was exercised of keys and of objects without keys, and the objects that were contested.
    pub fn contests(&self, conflicts: &Conflicts) -> (Keys, Objects, HashSet<u32>) {
        let mut keys = Keys { is_complete: true, ..Keys::default() };
        let mut objects = Objects::default();
        let mut contested = HashSet::new();
        let mut pairs = PAIRS * self.ops.len();
        for (object, of) in (0..).zip(&self.objects) {
            if !has_keys(of.kind) {
                let is_contested = conflicts.are_at(Place::Object(object));
                objects.used += u64::from(!of.lanes.is_empty());
                objects.contested += u64::from(is_contested);
                contested.extend(is_contested.then_some(object));
                match self.have_met(object, &mut pairs) {
                    None => keys.is_complete = false,
                    Some(have_met) => objects.met += u64::from(have_met),
                }
                continue;
            }
            for key in &of.keys {
                keys.decided += u64::from(!self.keys[*key as usize].chains.is_empty());
                match self.contest(*key, &mut pairs) {
                    None => keys.is_complete = false,
                    Some((has_met, is_contested)) => {
                        keys.met += u64::from(has_met);
                        keys.contested += u64::from(is_contested);
                        contested.extend(is_contested.then_some(object));
                    }
                }
            }
        }
        (keys, objects, contested)
    }

    /// How often each rule could have been broken, given how many claims were held against it.
    pub fn rules(
        &self,
        held: &HashMap<(Rule, Option<u32>), Held>,
        contested: &HashSet<u32>,
    ) -> Vec<RuleCoverage> {
        let mut held: Vec<_> = held.iter().map(|((rule, of), held)| (*rule, *of, *held)).collect();
        held.sort_unstable_by_key(|(rule, of, _)| (*rule, *of));
        let coverage = |(rule, object, held): (Rule, Option<u32>, Held)| RuleCoverage {
            rule,
            object: object.map(|object| self.objects[object as usize].name.to_string()),
            claims: held.claims,
            tested: held.tested,
            is_contested: object.map_or(!contested.is_empty(), |of| contested.contains(&of)),
        };
        held.into_iter().map(coverage).collect()
    }

    /// Whether a replica that operated on an object has seen another one's operation on it; `None` if
    /// that takes too many pairs.
    fn have_met(&self, object: u32, pairs: &mut usize) -> Option<bool> {
        let by = |lane: u32| self.branches[self.lanes[lane as usize].branch as usize].replica;
        let lanes = self.objects[object as usize].lanes.iter();
        let mut lanes: Vec<(u32, u32)> = lanes.map(|lane| (by(*lane), *lane)).collect();
        // By replica, so that no lane is held against others of its replica: a restored one may have as many of them
        // as operations.
        lanes.sort_unstable();
        let mut end = 0;
        for own in lanes.chunk_by(|a, b| a.0 == b.0) {
            let start = end;
            end += own.len();
            let seen = self.seen(own[0].0);
            for (_, other) in lanes[..start].iter().chain(&lanes[end..]) {
                for op in &self.lanes[*other as usize].ops {
                    *pairs = pairs.checked_sub(1)?;
                    if self.contains(seen, *op) {
                        return Some(true);
                    }
                    if seen.is_regular() {
                        break;
                    }
                }
            }
        }
        Some(false)
    }

    /// Whether replicas met on a key, and whether it was contested; `None` if that takes too many
    /// pairs.
    fn contest(&self, key: u32, pairs: &mut usize) -> Option<(bool, bool)> {
        let chains = &self.keys[key as usize].chains;
        // A replica that was restored has a chain for each incarnation, and there may be as many of
        // them as operations; the pairs are those of replicas.
        let by: Vec<u32> = chains.iter().map(|chain| self.replica_of(chain.ops[0])).collect();
        let mut replicas = by.clone();
        replicas.sort_unstable();
        replicas.dedup();
        if replicas.len() < 2 {
            return Some((false, false));
        }
        let number = |replica| replicas.binary_search(replica).expect("all are listed");
        let all = chains.iter().zip(&by).flat_map(|(chain, replica)| {
            let replica = number(replica);
            chain.ops.iter().map(move |op| (*op, replica))
        });
        let mut all: Vec<(OpId, usize)> = all.collect();
        all.sort_unstable();
        let mut last: Vec<Option<OpId>> = vec![None; replicas.len()];
        let (mut has_met, mut is_contested) = (false, false);
        for (op, replica) in all {
            for (other, before) in last.iter().enumerate() {
                let Some(before) = before.filter(|_| other != replica) else { continue };
                *pairs = pairs.checked_sub(1)?;
                if self.sees(op, before) {
                    has_met = true;
                } else {
                    let [ours, theirs] = [op, before].map(|op| self.ops[op as usize].effect);
                    is_contested |= !Self::same_effect(ours, theirs);
                }
            }
            if has_met && is_contested {
                return Some((true, true));
            }
            last[replica] = Some(op);
        }
        for replica in &replicas {
            for (chain, _) in chains.iter().zip(&by).filter(|(_, by)| *by != replica) {
                if has_met {
                    break;
                }
                *pairs = pairs.checked_sub(1)?;
                has_met = self.contains(self.seen(*replica), chain.ops[0]);
            }
        }
        Some((has_met, is_contested))
    }
}
