//! Simulation: replicas and sessions in a world where everything goes wrong that can.
//!
//! A world follows from its seed alone. Two to five replicas write, and meet by
//! [connections](rejoin::sync::Connection). Links delay, lose, repeat, reorder, cut and damage
//! frames, and are down for a while. When a side closes or dies, the other one may keep waiting.
//!
//! Replicas crash between any two steps and lose what was not stored. They are restored from
//! backups, announced or not, and are away for long. Clocks drift, jump and run backwards, and some
//! are a year ahead or at the end of all time. Bytes of a store are bent or cut off: it is found when
//! the store is opened, and what is whole before the damage is an older disk. Disks are full for a while: then a replica stores
//! and promises nothing, and goes on or dies. In most worlds a map or a set goes in pieces of one or a
//! few keys, which are stored as they come. Some links carry messages of a hostile peer. In the
//! end the links heal, and all replicas meet until nothing changes.
//!
//! Then these properties must hold, or the world's [`Outcome`] says which do not:
//! - all replicas have the same values, vectors and state hashes, and these are the join of what
//!   they had when the links healed: nothing is lost, and nothing is made up;
//! - what was stored is there after a crash;
//! - no session reported that honest replicas differ, or that they share a name; none reported a
//!   fork unless a disk was restored; and no write was refused for a clock;
//! - each session ends after a bounded number of messages; over a perfect link it ends verified;
//! - nothing panics.
//!
//! Each world can write a trace of what was done and answered, for [`check`] to judge by the
//! definition of the types.
//!
//! A hostile peer that keeps to the protocol cannot be distinguished from an honest one. So noise
//! and damaged messages go to the replicas themselves. The rest goes to copies of them, which are
//! dropped afterwards:
//! - damaged messages with a right checksum: a replica applies or refuses them;
//! - forged operations: two honest replicas get different operations under one name. When these
//!   replicas meet, both must find the fork, keep what they have, and agree on all other objects;
//! - vectors of operations that nobody performed: a replica refuses them in its own name, and all
//!   other objects stay intact;
//! - false hashes: no class counts as verified, and nothing changes;
//! - floods: the answers are bounded, and the replicas end as they would without.
//!
//! A world that fails can be [shrunk](shrink) to the few moves that matter.
//!
//! ```
//! use rejoin_judge::{Verdict, check};
//! use rejoin_harness::{Options, run};
//!
//! let outcome = run(7, &Options { trace: true, ..Options::default() });
//! assert!(outcome.findings.is_empty());
//! let report = check(|| Ok(outcome.trace.as_bytes()), &rejoin_judge::Options::default())?;
//! assert_eq!(report.verdict, Verdict::Conforms);
//! # Ok::<(), std::io::Error>(())
//! ```

mod acts;
mod fault;
mod heal;
mod hostile;
mod link;
mod recorder;
mod rng;
mod stores;
mod subset;
mod world;

pub use fault::Fault;
pub use rng::Rng;
pub use subset::{Subset, shrink};

use rejoin_judge::{Verdict, check};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The options of a world, besides its seed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// How many steps the world takes before the links heal.
    pub steps: u32,
    /// Whether the world writes a trace.
    pub trace: bool,
    /// What is broken on purpose, to see that the properties find it.
    pub fault: Option<Fault>,
    /// Which replicas, objects and moves take part.
    pub subset: Subset,
}

impl Default for Options {
    /// 200 steps, no trace, no fault, all replicas, objects and moves.
    fn default() -> Self {
        Self { steps: 200, trace: false, fault: None, subset: Subset::default() }
    }
}

/// The outcome of a world.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The trace, in the format `rejoin/1`; empty unless it was asked for.
    pub trace: String,
    /// Which properties do not hold, each a sentence.
    pub findings: Vec<String>,
    /// How often each thing happened.
    pub statistics: Statistics,
}

impl Outcome {
    /// What the judge finds false in the trace, in a sentence; `None` if all claims hold or there
    /// is no trace.
    ///
    /// Cost: that of [`check()`].
    pub fn judge(&self) -> Option<String> {
        if self.trace.is_empty() {
            return None;
        }
        let report = match check(|| Ok(self.trace.as_bytes()), &rejoin_judge::Options::default()) {
            Ok(report) => report,
            Err(error) => return Some(format!("its trace cannot be read: {error}")),
        };
        // A world that stops in the middle claims nothing.
        if report.verdict == Verdict::Conforms || report.claims == 0 && report.error.is_none() {
            return None;
        }
        let mut said = format!("its trace is judged \"{}\"", report.verdict.as_str());
        if let Some(first) = report.findings.first() {
            said.push_str(&format!(": {} on line {}", first.rule.as_str(), first.line));
        }
        if let Some(error) = report.error {
            said.push_str(&format!(": {error}"));
        }
        Some(said)
    }
}

/// How often each thing happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Statistics {
    /// Operations performed.
    pub operations: u64,
    /// Disks that were restored unannounced.
    pub unsaid: u64,
    /// Stores that were damaged, and opened again without what was damaged.
    pub damaged: u64,
    /// Forks that sessions reported and healed.
    pub healed: u64,
    /// Connections begun before the links healed.
    pub connections: u64,
    /// Sessions that ended, on each side.
    pub finished: u64,
    /// Connections that a side gave up: the peer did not greet, fell silent, or stalled.
    pub timeouts: u64,
    /// Frames handed to connections.
    pub messages: u64,
    /// Frames that were lost, cut or damaged on the way.
    pub harmed: u64,
    /// Objects of a replica that a message changed.
    pub changes: u64,
    /// Frames after which a replica held pieces of a transfer that was not complete.
    pub pieces: u64,
    /// Crashes.
    pub crashes: u64,
    /// Crashes that lost changes.
    pub losses: u64,
    /// Replicas restored from a backup.
    pub restores: u64,
    /// Times a replica could not be stored because its disk was full.
    pub unwritten: u64,
    /// Noise and damaged messages with a right checksum, from hostile peers.
    pub hostile: u64,
    /// Operations that a hostile peer forged: one name, and different operations for two replicas.
    pub forks: u64,
    /// Vectors of operations that nobody performed.
    pub futures: u64,
    /// Sessions in which a hostile peer lied about hashes.
    pub lies: u64,
    /// Sessions in which a hostile peer repeated itself without end.
    pub floods: u64,
    /// Lists of open merge decisions that replicas reported to the judge.
    pub decisions: u64,
    /// Lists of notices that replicas reported to the judge.
    pub notices: u64,
}

impl Statistics {
    /// Adds the numbers of another world.
    pub fn add(&mut self, other: &Self) {
        self.operations += other.operations;
        self.unsaid += other.unsaid;
        self.damaged += other.damaged;
        self.healed += other.healed;
        self.connections += other.connections;
        self.finished += other.finished;
        self.timeouts += other.timeouts;
        self.messages += other.messages;
        self.harmed += other.harmed;
        self.changes += other.changes;
        self.pieces += other.pieces;
        self.crashes += other.crashes;
        self.losses += other.losses;
        self.restores += other.restores;
        self.unwritten += other.unwritten;
        self.hostile += other.hostile;
        self.forks += other.forks;
        self.futures += other.futures;
        self.lies += other.lies;
        self.floods += other.floods;
        self.decisions += other.decisions;
        self.notices += other.notices;
    }
}

/// Runs the world of a seed. A panic inside the world is a finding.
///
/// Cost: O(steps · replicas²), some milliseconds for 200 steps.
pub fn run(seed: u64, options: &Options) -> Outcome {
    let mut world = world::World::new(seed, options);
    if world.members.is_empty() {
        // Without replicas there is no world.
        return Outcome { trace: String::new(), ..world.finish() };
    }
    let course = catch_unwind(AssertUnwindSafe(|| {
        for _ in 0..options.steps {
            world.step();
        }
        world.heal();
    }));
    if let Err(panic) = course {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        world.findings.push(format!("it panics in step {}: {text}", world.now));
    }
    world.finish()
}
