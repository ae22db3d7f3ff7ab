//! What a trace exercised of its keys: on how many replicas met, and how many were contested.
//!
//! Meaning: a key is an element of a set, a key of a map, or a register or flag itself. Replicas *met*
//! on a key if one that decided it has seen another one's decision on it. It was *contested* if a
//! replica decided it otherwise than another one had last decided it, without having seen that.
//! Cost: linear in the operations; where many replicas decide one key the rest is left out, and the
//! numbers are lower bounds.

use crate::past::history::{History, OpId};
use crate::report::{Keys, Rule, RuleCoverage};
use hashbrown::{HashMap, HashSet};
use rejoin::object::TraceType;

/// How many pairs of operations are looked at for each operation, on average.
const PAIRS: usize = 4;

impl History {
    /// What was exercised, and the objects that have a contested key.
    pub fn contests(&self) -> (Keys, HashSet<u32>) {
        let mut keys = Keys { is_complete: true, ..Keys::default() };
        let mut contested = HashSet::new();
        let mut pairs = PAIRS * self.ops.len();
        for (object, of) in (0..).zip(&self.objects) {
            if of.kind == TraceType::List {
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
        (keys, contested)
    }

    /// How often each rule could have been broken, given how many claims each judged of each object.
    pub fn rules(
        &self,
        claims: &HashMap<(Rule, Option<u32>), u64>,
        contested: &HashSet<u32>,
    ) -> Vec<RuleCoverage> {
        let mut claims: Vec<_> =
            claims.iter().map(|((rule, of), count)| (*rule, *of, *count)).collect();
        claims.sort_unstable();
        let coverage = |(rule, object, claims): (Rule, Option<u32>, u64)| RuleCoverage {
            rule,
            object: object.map(|object| self.objects[object as usize].name.to_string()),
            claims,
            is_contested: object.map_or(!contested.is_empty(), |of| contested.contains(&of)),
        };
        claims.into_iter().map(coverage).collect()
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
