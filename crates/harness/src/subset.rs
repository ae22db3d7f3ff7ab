//! Subsets of worlds: what remains of a world when it is shrunk.
//!
//! A world consists of moves, each with random numbers of its own. So a move can be left out, and
//! the other moves stay the same unless they depend on it.
//! Source: Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input, IEEE TSE 28
//! (2002).

use super::Options;
use super::world::{MOST_REPLICAS, OBJECTS, World};
use std::collections::BTreeSet;
use std::fmt;

/// The moves of a step: what one replica does, and what happens on each link.
const PLACES: u32 = 1 + (MOST_REPLICAS * (MOST_REPLICAS - 1) / 2) as u32;

/// Which part of a world takes place; all of it by default.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Subset {
    /// The numbers of the moves that take place; `None` for all.
    pub moves: Option<BTreeSet<u32>>,
    /// The names of the replicas and objects that are left out.
    pub without: BTreeSet<String>,
}

impl Subset {
    /// The number of a move, by its step, counted from 1, and its place in the step.
    pub(super) fn number(step: u32, place: u32) -> u32 {
        step * PLACES + place
    }
}

/// As arguments of `oracle simulate`, with a space before each.
impl fmt::Display for Subset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.without.is_empty() {
            let names: Vec<&str> = self.without.iter().map(String::as_str).collect();
            write!(f, " --without={}", names.join(","))?;
        }
        if let Some(moves) = &self.moves {
            let moves: Vec<String> = moves.iter().map(u32::to_string).collect();
            write!(f, " --moves={}", moves.join(","))?;
        }
        Ok(())
    }
}

/// Shrinks the world of a seed that fails: leaves out replicas, objects and moves while the world
/// still fails. Runs it at most `runs` times. The returned options have failed.
///
/// Cost: at most `runs` worlds, the later ones small.
pub fn shrink(
    seed: u64,
    options: &Options,
    mut runs: u32,
    mut fails: impl FnMut(&Options) -> bool,
) -> Options {
    let mut best = options.clone();
    let mut attempt = |best: &mut Options, subset: Subset| {
        let candidate = Options { subset, ..best.clone() };
        let still_fails = runs > 0 && fails(&candidate);
        runs = runs.saturating_sub(1);
        if still_fails {
            *best = candidate;
        }
        still_fails
    };
    let all = Subset::number(1, 0)..Subset::number(options.steps + 1, 0);
    let mut moves: Vec<u32> =
        options.subset.moves.clone().map_or(all.collect(), |moves| moves.into_iter().collect());
    let count = World::new(seed, options).sites.len();
    loop {
        let before = (best.subset.without.len(), moves.len());
        let replicas = (0..count).rev().map(|at| format!("r{at}"));
        for name in replicas.chain(OBJECTS.iter().map(|(name, _)| name.to_string())) {
            let mut subset = best.subset.clone();
            if subset.without.insert(name) {
                attempt(&mut best, subset);
            }
        }
        let mut size = moves.len().div_ceil(2);
        while size > 0 {
            let mut at = 0;
            while at < moves.len() {
                let mut fewer = moves.clone();
                fewer.drain(at..moves.len().min(at + size));
                let kept = fewer.iter().copied().collect();
                let subset = Subset { moves: Some(kept), ..best.subset.clone() };
                match attempt(&mut best, subset) {
                    true => moves = fewer,
                    false => at += size,
                }
            }
            size /= 2;
        }
        if before == (best.subset.without.len(), moves.len()) {
            return best;
        }
    }
}
