//! Simulation: replicas and sessions in a world where everything goes wrong that can.
//!
//! A world follows from its seed alone. Two to five replicas write, meet by [sessions](crate::sync)
//! and part. Links delay, lose, repeat, reorder, cut and damage messages, and are parted for a
//! while. Replicas crash between any two steps and lose what was not stored, are set back to
//! backups, leave for long, and have clocks that drift, jump and run backwards. Some links carry
//! what a hostile peer says. In the end the links heal and all meet until nothing changes.
//!
//! Then these must hold, or the world's [`Outcome`] says what does not:
//! - all replicas have the same values, vectors and state hashes, and these are the join of what
//!   they had when the links healed: nothing is lost, and nothing is made up;
//! - what was stored is there after a crash;
//! - no session has taken honest replicas to differ, nor for ones that share a name;
//! - each session ends after a bounded number of messages; over a perfect link it ends verified.
//!
//! Each world can write a trace of what was done and answered, for [`check`](crate::check::check)
//! to judge by the definition of the types.
//!
//! What a hostile peer forges cannot be told from what is true where it keeps to the protocol. So
//! bytes of no session, and damaged ones, go to the replicas themselves; forged ones that keep to
//! the protocol go to a copy of the replica and its session, which must take or refuse them, and is
//! dropped then.
//!
//! ```
//! use rejoin::check::{self, Verdict, check};
//! use rejoin::simulate::{Options, run};
//!
//! let outcome = run(7, &Options { trace: true, ..Options::default() });
//! assert!(outcome.findings.is_empty());
//! let report = check(|| Ok(outcome.trace.as_bytes()), &check::Options::default())?;
//! assert_eq!(report.verdict, Verdict::Conforms);
//! # Ok::<(), std::io::Error>(())
//! ```

mod fault;
mod heal;
mod link;
mod random;
mod recorder;
mod world;

pub use fault::Fault;

/// What a world is to be like, beside its seed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// How many steps there are before the links heal.
    pub steps: u32,
    /// Whether a trace is written.
    pub trace: bool,
    /// What is broken on purpose, to see that it is found.
    pub fault: Option<Fault>,
}

impl Default for Options {
    /// 200 steps, no trace, nothing broken.
    fn default() -> Self {
        Self { steps: 200, trace: false, fault: None }
    }
}

/// How a world ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// What happened, as a trace of the format `rejoin/1`; empty unless it was asked for.
    pub trace: String,
    /// What does not hold, each a sentence.
    pub findings: Vec<String>,
    /// What happened how often.
    pub statistics: Statistics,
}

/// What happened how often.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Statistics {
    /// Operations performed.
    pub operations: u64,
    /// Writes for which a clock had no stamp.
    pub refused: u64,
    /// Sessions begun before the links healed.
    pub sessions: u64,
    /// Those of them that ended well on both sides.
    pub finished: u64,
    /// Messages handed to sessions.
    pub messages: u64,
    /// Messages lost on the way, cut ones and damaged ones.
    pub harmed: u64,
    /// Objects of a replica brought forward by a message.
    pub changes: u64,
    /// Crashes.
    pub crashes: u64,
    /// Crashes that lost something.
    pub losses: u64,
    /// Replicas set back to a backup.
    pub restores: u64,
    /// Messages of hostile peers.
    pub hostile: u64,
}

impl Statistics {
    /// Adds those of another world.
    pub fn add(&mut self, other: &Self) {
        self.operations += other.operations;
        self.refused += other.refused;
        self.sessions += other.sessions;
        self.finished += other.finished;
        self.messages += other.messages;
        self.harmed += other.harmed;
        self.changes += other.changes;
        self.crashes += other.crashes;
        self.losses += other.losses;
        self.restores += other.restores;
        self.hostile += other.hostile;
    }
}

/// Runs the world of a seed.
///
/// Cost: O(steps · replicas²), some milliseconds for 200 steps.
pub fn run(seed: u64, options: &Options) -> Outcome {
    let mut world = world::World::new(seed, options);
    for _ in 0..options.steps {
        world.step();
    }
    world.heal();
    world.finish()
}
