//! Simulation: replicas and sessions in a world where everything goes wrong that can.
//!
//! A world follows from its seed alone. Two to five replicas write, meet by
//! [connections](rejoin::sync::Connection) and part. Links delay, lose, repeat, reorder, cut and
//! damage frames, and are parted for a while; a side that closes or dies may leave the other one
//! waiting. Replicas crash between any two steps and lose what was not stored, are restored from
//! backups, said or not, leave for long, have clocks that drift, jump, run backwards, and are a year
//! ahead or at the end of all time, and disks that are full
//! for a while: then nothing is stored or promised, and the replica goes on or dies. Some links
//! carry what a hostile peer says. In the end the links heal and all meet until nothing changes.
//!
//! Then these must hold, or the world's [`Outcome`] says what does not:
//! - all replicas have the same values, vectors and state hashes, and these are the join of what
//!   they had when the links healed: nothing is lost, and nothing is made up;
//! - what was stored is there after a crash;
//! - no session has taken honest replicas to differ, nor for ones that share a name, nor reported a
//!   fork unless a disk was restored; and no write was refused for a clock;
//! - each session ends after a bounded number of messages; over a perfect link it ends verified;
//! - nothing panics.
//!
//! Each world can write a trace of what was done and answered, for [`check`]
//! to judge by the definition of the types.
//!
//! What a hostile peer forges cannot be told from what is true where it keeps to the protocol. So
//! bytes of no session, and damaged ones, go to the replicas themselves. The rest goes to copies,
//! which are dropped then:
//! - damaged messages with a right checksum, which must be taken or refused;
//! - forged operations: one name, and different operations for two honest replicas. When
//!   these meet, both must find it, keep what they have, and be the same in all other objects;
//! - vectors from the future: refused in the receiver's own name, and all other objects stay sound;
//! - lies about hashes: no class is taken for verified, and nothing changes;
//! - floods: the answers are bounded, and the replicas end as without.
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
mod part;
mod recorder;
mod rng;
mod stores;
mod world;

pub use fault::Fault;
pub use part::{Part, shrink};
pub use rng::Rng;

use rejoin_judge::{Verdict, check};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a world is to be like, beside its seed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// How many steps there are before the links heal.
    pub steps: u32,
    /// Whether a trace is written.
    pub trace: bool,
    /// What is broken on purpose, to see that it is found.
    pub fault: Option<Fault>,
    /// How much of it takes place.
    pub part: Part,
}

impl Default for Options {
    /// 200 steps, no trace, nothing broken, all of it.
    fn default() -> Self {
        Self { steps: 200, trace: false, fault: None, part: Part::default() }
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

impl Outcome {
    /// What does not hold by the judge of the trace, in a sentence; `None` where all holds, or
    /// there is no trace.
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
        // A world that ends in the middle claims nothing.
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

/// What happened how often.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Statistics {
    /// Operations performed.
    pub operations: u64,
    /// Disks that were restored unannounced.
    pub unsaid: u64,
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
    /// Frames lost on the way, cut ones and damaged ones.
    pub harmed: u64,
    /// Objects of a replica brought forward by a message.
    pub changes: u64,
    /// Crashes.
    pub crashes: u64,
    /// Crashes that lost something.
    pub losses: u64,
    /// Replicas restored from a backup.
    pub restores: u64,
    /// What could not be stored because a disk was full.
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
    /// Open merge decisions that replicas reported, for the judge.
    pub decisions: u64,
    /// Notices to users that replicas reported, for the judge.
    pub notices: u64,
}

impl Statistics {
    /// Adds those of another world.
    pub fn add(&mut self, other: &Self) {
        self.operations += other.operations;
        self.unsaid += other.unsaid;
        self.healed += other.healed;
        self.connections += other.connections;
        self.finished += other.finished;
        self.timeouts += other.timeouts;
        self.messages += other.messages;
        self.harmed += other.harmed;
        self.changes += other.changes;
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

/// Runs the world of a seed. A panic of what is tried in it is a finding.
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
