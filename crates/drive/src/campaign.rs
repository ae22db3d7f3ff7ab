//! Campaigns: drive one kind of subject through many cases on several threads, and shrink the first
//! case of each kind of failure.

use super::generate::{self, Style};
use super::offer::{self, Offer};
use super::plan::Plan;
use super::run::{Outcome, Tally, run};
use super::shrink::shrink;
use super::subject::{Failure, FailureKind, Subject, Subjects};
use rejoin::object::TraceType;
use rejoin_judge::{Rule, Verdict};
use rejoin_trace::Stamps;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// The options of a campaign.
#[derive(Clone, Debug)]
pub struct Options {
    /// How histories are generated.
    pub style: Style,
    /// How many cases there are.
    pub cases: u64,
    /// Only this case.
    pub only: Option<u64>,
    /// Only one shard of the cases: shard 1 to n of n.
    pub shard: (u64, u64),
    /// How many subjects are driven at once.
    pub jobs: usize,
    /// Which types.
    pub kinds: Vec<TraceType>,
    /// How writes are ordered; if absent, by timestamps if the subject can.
    pub stamps: Option<Stamps>,
    /// Whether to continue after a case fails, and keep the first of each kind.
    pub goes_on: bool,
    /// How often a failing case may be performed again to shrink it.
    pub shrink: usize,
}

/// So many failures of the subject itself end a campaign: each may take the time of a reply.
const ENOUGH: u64 = 20;

/// How often a case that hangs may be performed again.
const HANGS: usize = 24;

/// How a case fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// A claim is false.
    False(Rule),
    /// The subject itself failed.
    Failed(FailureKind),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::False(rule) => write!(f, "{rule}"),
            Self::Failed(kind) => write!(f, "subject {}", kind.as_str()),
        }
    }
}

impl Outcome {
    /// How an outcome fails, if it does: a failure of the subject counts before a false claim.
    pub fn fault(&self) -> Option<Fault> {
        match &self.failure {
            Some(failure) => Some(Fault::Failed(failure.kind)),
            None => self.report.findings.first().map(|finding| Fault::False(finding.rule)),
        }
    }
}

/// The name of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Case {
    /// The first histories, which ask for everything once.
    Exploration(u64),
    /// A case that follows from the seed.
    Number(u64),
}

/// A case that fails.
#[derive(Clone, Debug)]
pub struct Failing {
    /// Its name.
    pub case: Case,
    /// How it fails.
    pub fault: Fault,
    /// How many steps it had before it was shrunk.
    pub steps: usize,
    /// The smallest plan found that fails in the same way.
    pub plan: Plan,
    /// The outcome of that plan.
    pub outcome: Outcome,
    /// How often the plan was performed to shrink it.
    pub performed: usize,
    /// Whether it failed again when repeated. If not, it was not shrunk.
    pub is_repeated: bool,
}

/// The result of a campaign.
#[derive(Clone, Debug, Default)]
pub struct Driven {
    /// What the subject offers.
    pub offer: Offer,
    /// How many cases were performed.
    pub cases: u64,
    /// All small histories of up to so many steps were performed.
    pub scope: u32,
    /// Counts over all cases.
    pub tally: Tally,
    /// The first case of each kind of failure.
    pub failing: Vec<Failing>,
    /// How many cases failed in each way.
    pub faults: BTreeMap<Fault, u64>,
    /// Set if a generated history is impossible or was not judged to its end: an error of the
    /// oracle itself.
    pub error: Option<String>,
}

/// The state that all threads share.
#[derive(Default)]
struct Common {
    cases: u64,
    tally: Tally,
    first: BTreeMap<Fault, (Case, Plan, Outcome)>,
    faults: BTreeMap<Fault, u64>,
    error: Option<String>,
}

impl Common {
    fn add(&mut self, case: Case, plan: Plan, outcome: Outcome) -> Option<Fault> {
        self.cases += 1;
        self.tally.add(&outcome.tally);
        let fault = outcome.fault();
        if let Some(fault) = fault {
            *self.faults.entry(fault).or_default() += 1;
            let is_first = self.first.get(&fault).is_none_or(|(other, ..)| case < *other);
            if is_first {
                self.first.insert(fault, (case, plan, outcome));
            }
        } else if let Some(error) = impossible(&outcome) {
            self.error.get_or_insert(error);
        }
        fault
    }

    /// Whether the campaign need not continue.
    fn is_enough(&self) -> bool {
        let of_subject = |(fault, count): (&Fault, &u64)| {
            if matches!(fault, Fault::Failed(_)) { *count } else { 0 }
        };
        self.error.is_some() || self.faults.iter().map(of_subject).sum::<u64>() >= ENOUGH
    }
}

/// Why the judge did not judge a history to its end although the subject answered.
fn impossible(outcome: &Outcome) -> Option<String> {
    let report = &outcome.report;
    match report.verdict {
        Verdict::IllFormed | Verdict::Malformed => {
            Some(format!("{}\n{}", report.error.as_ref()?, outcome.trace))
        }
        _ => report.limits.first().cloned(),
    }
}

/// Drives subjects through all cases. `progress` is called after each.
///
/// # Errors
/// If no subject can be started.
pub fn drive(
    subjects: &dyn Subjects,
    options: &Options,
    progress: &(dyn Fn() + Sync),
) -> Result<Driven, Failure> {
    let mut common = Common::default();
    let mut subject = subjects.subject();
    let mut explored = 0;
    let offer =
        offer::explore(subject.as_mut(), &options.kinds, options.stamps, |plan, outcome| {
            let fault = common.add(Case::Exploration(explored), plan, outcome);
            explored += 1;
            fault.is_none() || options.goes_on && !common.is_enough()
        })?;
    drop(subject);
    let is_over = !common.faults.is_empty() && !options.goes_on || common.is_enough();
    if !is_over && !offer.kinds.is_empty() {
        match options.only {
            Some(case) => {
                if let Some(plan) = generate::plan(&options.style, &offer, case) {
                    let outcome = run(&plan, subjects.subject().as_mut());
                    common.add(Case::Number(case), plan, outcome);
                    progress();
                }
            }
            None => common = all_cases(subjects, options, &offer, common, progress),
        }
    }
    let mut driven = Driven {
        cases: common.cases,
        scope: 0,
        tally: common.tally,
        failing: Vec::new(),
        faults: common.faults,
        error: common.error,
        offer,
    };
    if common.first.is_empty() && options.only.is_none() && options.shard.1 == 1 {
        driven.scope = complete_scope(&driven.offer, options.cases);
    }
    let mut first: Vec<_> = common.first.into_iter().collect();
    first.sort_by_key(|(_, (case, ..))| *case);
    if !options.goes_on {
        first.truncate(1);
    }
    for (fault, (case, plan, outcome)) in first {
        driven.failing.push(smallest(subjects, options, fault, case, plan, outcome));
    }
    Ok(driven)
}

/// Performs all cases on several threads. Adds their outcomes in the order of the cases, so that
/// the sum does not depend on the threads.
fn all_cases(
    subjects: &dyn Subjects,
    options: &Options,
    offer: &Offer,
    common: Common,
    progress: &(dyn Fn() + Sync),
) -> Common {
    let next = AtomicU64::new(0);
    // Outcomes of cases that ended before an earlier one, and `None` for cases of other shards.
    let queue = BTreeMap::<u64, Option<(Plan, Outcome)>>::new();
    let state = Mutex::new((common, queue, 0, false));
    let work = || {
        let mut subject = subjects.subject();
        loop {
            let case = next.fetch_add(1, Ordering::Relaxed);
            if case >= options.cases {
                break;
            }
            let (k, n) = options.shard;
            let is_ours = case / 4 % n == k - 1;
            let plan = is_ours.then(|| generate::plan(&options.style, offer, case)).flatten();
            let result = plan.map(|plan| {
                let outcome = run(&plan, subject.as_mut());
                (plan, outcome)
            });
            let mut state = state.lock().unwrap_or_else(|broken| broken.into_inner());
            let (common, queue, due, is_over) = &mut *state;
            queue.insert(case, result);
            while let Some(result) = queue.remove(due).filter(|_| !*is_over) {
                if let Some((plan, outcome)) = result {
                    let fault = common.add(Case::Number(*due), plan, outcome);
                    *is_over = fault.is_some() && !options.goes_on || common.is_enough();
                    progress();
                }
                *due += 1;
            }
            if *is_over {
                break;
            }
        }
    };
    std::thread::scope(|scope| {
        (0..options.jobs.max(1)).for_each(|_| drop(scope.spawn(work)));
    });
    state.into_inner().unwrap_or_else(|broken| broken.into_inner()).0
}

/// The greatest length up to which all small histories are among so many cases.
fn complete_scope(offer: &Offer, cases: u64) -> u32 {
    if offer.kinds.is_empty() {
        return 0;
    }
    generate::scope(offer, cases / 4) - 1
}

/// Shrinks a failing case.
fn smallest(
    subjects: &dyn Subjects,
    options: &Options,
    fault: Fault,
    case: Case,
    plan: Plan,
    outcome: Outcome,
) -> Failing {
    let mut subject = subjects.subject();
    subject.hush(true);
    let again = |plan: &Plan, subject: &mut dyn Subject| {
        let outcome = run(plan, subject);
        (outcome.fault() == Some(fault)).then_some(outcome)
    };
    let steps = plan.steps.len();
    let hangs = fault == Fault::Failed(FailureKind::Hung);
    let budget = if hangs { options.shrink.min(HANGS) } else { options.shrink };
    if budget == 0 {
        let is_repeated = true;
        return Failing { case, fault, steps, plan, outcome, performed: 0, is_repeated };
    }
    // What follows the first false claim does not matter.
    let mut cut = plan.clone();
    let end = match outcome.report.findings.first() {
        Some(finding) => outcome.steps.get(finding.line as usize - 2).map(|step| step + 1),
        None => None,
    };
    cut.steps.truncate(end.unwrap_or(steps));
    let candidates = [cut, plan.clone()];
    let failing = candidates.into_iter().find(|plan| again(plan, subject.as_mut()).is_some());
    let Some(failing) = failing else {
        let is_repeated = false;
        return Failing { case, fault, steps, plan, outcome, performed: 2, is_repeated };
    };
    let (small, performed) =
        shrink(failing, budget, |plan| again(plan, subject.as_mut()).is_some());
    match again(&small, subject.as_mut()) {
        Some(outcome) => Failing {
            case,
            fault,
            steps,
            plan: small,
            outcome,
            performed: performed + 2,
            is_repeated: true,
        },
        None => Failing {
            case,
            fault,
            steps,
            plan,
            outcome,
            performed: performed + 2,
            is_repeated: false,
        },
    }
}
