//! The suite: the ways of testing a type, and their results.

use crate::hosted::Hosted;
use crate::kept::{self, Kept};
use crate::laws::{self, Law};
use crate::replicated::Replicated;
use crate::scenarios::SCENARIOS;
use crate::{recorded, worlds};
use rejoin::object::TraceType;
use rejoin_drive::Subject;
use rejoin_drive::campaign::Fault;
use rejoin_drive::generate::{self, Style};
use rejoin_drive::offer::{Offer, explore};
use rejoin_drive::plan::Plan;
use rejoin_drive::run::{Outcome, Tally, run};
use rejoin_drive::shrink::shrink;
use rejoin_judge::{Rule, Verdict};
use rejoin_trace::Stamps;
use std::fmt::{self, Write};
use std::path::Path;

/// How often a failing history is performed again to make it small.
const SHRINKING: usize = 4_000;

/// How many steps a random history has before the replicas meet at its end.
const STEPS: usize = 30;

/// A way of testing a type: one test each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// The laws of a join.
    Laws,
    /// All small histories of two replicas, in the order of their lengths.
    Exhaustive,
    /// Random histories.
    Random,
    /// The scenarios of spec/scenarios.
    Scenarios,
    /// Recorded histories, from a folder that the test names.
    Recorded,
    /// Simulated worlds.
    Worlds,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Laws, Self::Exhaustive, Self::Random, Self::Scenarios, Self::Recorded, Self::Worlds];

    /// Its name, which is also that of its test.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Laws => "laws",
            Self::Exhaustive => "exhaustive",
            Self::Random => "random",
            Self::Scenarios => "scenarios",
            Self::Recorded => "recorded",
            Self::Worlds => "worlds",
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What to test, and with how many cases.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The type's name.
    name: String,
    /// The package that the test is in, and its folder.
    package: String,
    folder: String,
    /// The path of the module with the tests, without the crate's name.
    module: String,
    seed: u64,
    cases: u64,
    only: Option<u64>,
    histories: Option<String>,
    keeps: bool,
}

impl Suite {
    /// The suite for a type in a test of a package: the arguments are those of `stringify!`,
    /// `CARGO_PKG_NAME`, `CARGO_MANIFEST_DIR` and `module_path!`. The variables `REJOIN_SEED`,
    /// `REJOIN_CASES` and `REJOIN_CASE` set the seed, the number of cases and a single case.
    ///
    /// # Panics
    /// If one of these variables is set and not a number.
    pub fn new(name: &str, package: &str, folder: &str, module: &str) -> Self {
        Self {
            name: name.into(),
            package: package.into(),
            folder: folder.into(),
            module: module.split_once("::").map_or(String::new(), |(_, inner)| inner.into()),
            seed: kept::variable("REJOIN_SEED").unwrap_or(0),
            cases: kept::variable("REJOIN_CASES").unwrap_or(300),
            only: kept::variable("REJOIN_CASE"),
            histories: None,
            keeps: true,
        }
    }

    /// With so many cases of each way, unless `REJOIN_CASES` is set.
    #[must_use]
    pub fn cases(mut self, cases: u64) -> Self {
        self.cases = kept::variable("REJOIN_CASES").unwrap_or(cases);
        self
    }

    /// With the histories in a folder of the package.
    #[must_use]
    pub fn histories(mut self, folder: &str) -> Self {
        self.histories = Some(folder.into());
        self
    }

    /// Without keeping failures, and without repeating kept ones.
    #[must_use]
    pub fn forgetful(mut self) -> Self {
        self.keeps = false;
        self
    }

    /// The command that runs one case again.
    fn command(&self, way: Way, case: Option<u64>) -> String {
        let test = match self.module.as_str() {
            "" => way.to_string(),
            module => format!("{module}::{way}"),
        };
        let mut command = format!("REJOIN_SEED={} ", self.seed);
        if let Some(case) = case {
            let _ = write!(command, "REJOIN_CASE={case} ");
        }
        format!("{command}cargo test -p {} {test} -- --exact", self.package)
    }
}

/// A type that conforms in all histories of one way.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The way.
    pub way: Way,
    /// How many histories were performed.
    pub histories: u64,
    /// Counts over them.
    pub tally: Tally,
    /// What was left out, one sentence each.
    pub left_out: Vec<String>,
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operations: u64 = self.tally.operations.values().sum();
        let meetings: u64 = self.tally.meetings.values().sum();
        let answers: u64 = self.tally.answers.values().sum();
        write!(
            f,
            "{}: conforms in {} histories ({operations} operations, {meetings} concurrent pairs, \
             {answers} answers)",
            self.way, self.histories
        )?;
        self.left_out.iter().try_for_each(|left_out| write!(f, "\n  left out: {left_out}"))
    }
}

/// A history in which a type does not conform, and why.
#[derive(Clone, Debug)]
pub struct Rejected {
    /// The way that found it.
    pub way: Way,
    /// How the history fails.
    pub fault: Fault,
    /// The smallest plan found.
    pub plan: Plan,
    /// The outcome of that plan.
    pub outcome: Outcome,
    /// The sentences for people.
    text: String,
}

impl Rejected {
    /// The broken rule, if it is one of the judge's.
    pub fn rule(&self) -> Option<Rule> {
        match self.fault {
            Fault::False(rule) => Some(rule),
            Fault::Failed(_) => None,
        }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Rejected {}

/// A history to perform.
struct Case {
    /// Its number, if it is one of many.
    number: Option<u64>,
    /// A description for people.
    what: String,
    plan: Plan,
}

/// Tests a type in one way.
///
/// # Errors
/// [`Rejected`]: the first history in which it does not conform, made small, and kept.
///
/// # Panics
/// If nothing could be judged, since the test would then prove nothing; or if a history of the
/// suite is impossible.
pub fn check<R: Replicated>(way: Way, suite: &Suite) -> Result<Checked, Box<Rejected>> {
    check_subject(&mut Hosted::<R>::default(), (R::TYPE, R::STAMPS), way, suite)
}

/// As [`check`], for any subject in this process with its type and stamps.
///
/// # Errors
/// As [`check`].
///
/// # Panics
/// As [`check`].
pub fn check_subject(
    subject: &mut dyn Subject,
    (kind, stamps): (TraceType, Stamps),
    way: Way,
    suite: &Suite,
) -> Result<Checked, Box<Rejected>> {
    let kept = suite.keeps.then(|| Kept::new(&suite.folder, &suite.name));
    let mut explored = Vec::new();
    let offer = explore(subject, &[kind], Some(stamps), |plan, outcome| {
        explored.push((plan, outcome));
        true
    });
    let offer = offer.expect("a subject in this process starts");
    let tally = Tally::default();
    let mut run_of = Run { kind, way, suite, kept, tally, histories: 0, subject };
    // Each way must find failures by itself.
    let explored = explored.into_iter().filter(|_| way == Way::Random && suite.only.is_none());
    for (plan, outcome) in explored {
        let what = "the history that asks for everything once".into();
        run_of.judge(Case { number: None, what, plan }, outcome)?;
    }
    let mut left_out: Vec<String> =
        offer.lacks.iter().map(|((_, feature), why)| format!("{feature}: {why}")).collect();
    let kept = run_of.kept.as_ref().map(|kept| kept.of(way));
    for (path, trace) in kept.unwrap_or_default() {
        let what = format!("a failure that was kept, {}", path.display());
        match recorded::plan(&trace, kind) {
            Ok(plan) => run_of.perform(Case { number: None, what, plan })?,
            Err(why) => left_out.push(format!("{what}: {why}")),
        }
    }
    match way {
        Way::Scenarios => {
            for (name, trace) in SCENARIOS {
                if let Ok(plan) = recorded::plan(trace.as_bytes(), kind) {
                    run_of.perform(Case {
                        number: None,
                        what: format!("scenario {name}"),
                        plan,
                    })?;
                }
            }
        }
        Way::Recorded => {
            let folder = suite.histories.as_ref().map(|name| Path::new(&suite.folder).join(name));
            for (path, trace) in folder.iter().flat_map(|folder| kept::traces(folder)) {
                let what = path.display().to_string();
                match recorded::plan(&trace, kind) {
                    Ok(plan) => run_of.perform(Case { number: None, what, plan })?,
                    Err(why) => left_out.push(format!("{what}: {why}")),
                }
            }
        }
        _ => {
            let cases = match suite.only {
                Some(case) => case..case + 1,
                None => 0..suite.cases,
            };
            for case in cases {
                run_of.perform(generated(way, (kind, stamps), &offer, suite.seed, case))?;
            }
        }
    }
    let Run { tally, histories, .. } = run_of;
    let is_nothing_right = match way {
        Way::Scenarios => true,
        Way::Recorded => suite.histories.is_none(),
        _ => false,
    };
    if way == Way::Recorded && is_nothing_right {
        left_out.push("histories: no folder of them is named".into());
    }
    assert!(
        is_nothing_right || tally.histories > 0,
        "{}: nothing could be judged: {left_out:?}",
        suite.name
    );
    Ok(Checked { way, histories, tally, left_out })
}

/// One case of a way with many cases.
fn generated(
    way: Way,
    (kind, stamps): (TraceType, Stamps),
    offer: &Offer,
    seed: u64,
    case: u64,
) -> Case {
    let (what, plan) = match way {
        Way::Laws => {
            let what = format!("the law of {}, case {case}", Law::of(case).as_str());
            (what, laws::plan(kind, stamps, seed, case))
        }
        Way::Exhaustive => (format!("small history {case}"), generate::small(offer, case)),
        Way::Worlds => {
            use rejoin_drive::offer::Feature;
            let has_backups = offer.has(kind, Feature::Save) && offer.has(kind, Feature::Restore);
            (format!("world {case}"), worlds::plan(kind, stamps, has_backups, seed, case))
        }
        _ => {
            let style = Style { seed, steps: STEPS, is_plain: false, is_monotonic: false };
            // Every fourth case of the generator is a small history, which `exhaustive` performs.
            let number = case / 3 * 4 + case % 3;
            let plan = generate::plan(&style, offer, number);
            (format!("random history {case}"), plan.expect("the type is offered"))
        }
    };
    Case { number: Some(case), what, plan }
}

/// One run of one way.
struct Run<'s> {
    kind: TraceType,
    way: Way,
    suite: &'s Suite,
    kept: Option<Kept>,
    tally: Tally,
    histories: u64,
    subject: &'s mut dyn Subject,
}

impl Run<'_> {
    fn perform(&mut self, case: Case) -> Result<(), Box<Rejected>> {
        let outcome = run(&case.plan, self.subject);
        self.judge(case, outcome)
    }

    fn judge(&mut self, case: Case, outcome: Outcome) -> Result<(), Box<Rejected>> {
        self.histories += 1;
        self.tally.add(&outcome.tally);
        let Some(fault) = outcome.fault() else {
            let is_judged = [Verdict::Conforms, Verdict::Inconclusive];
            let report = &outcome.report;
            assert!(
                is_judged.contains(&report.verdict) && report.limits.is_empty(),
                "{} is not a history that can be judged: {:?}\n{}",
                case.what,
                report.error,
                outcome.trace
            );
            return Ok(());
        };
        let again = run(&case.plan, self.subject);
        let is_repeated = again.fault() == Some(fault);
        let (plan, outcome) = if is_repeated {
            let subject = &mut *self.subject;
            let fails = |plan: &Plan| run(plan, subject).fault() == Some(fault);
            let (plan, _) = shrink(case.plan, SHRINKING, fails);
            let outcome = run(&plan, self.subject);
            (plan, outcome)
        } else {
            (case.plan, outcome)
        };
        let path = self.kept.as_ref().map(|kept| {
            kept.keep(self.way, &fault.to_string(), &outcome.trace)
                .map(|path| path.display().to_string())
                .unwrap_or_else(|error| {
                    format!("nowhere, since the file cannot be written: {error}")
                })
        });
        let mut text = format!(
            "\n{} is no {}: {fault}, found by {}\n",
            self.suite.name,
            self.kind.as_str(),
            case.what
        );
        if !is_repeated {
            text += "It did not fail when it was performed again, so it was not made small: \
                     does the type depend on more than its operations, such as a random hash?\n";
        }
        argue(&mut text, &outcome);
        if let Some(path) = path {
            let _ = writeln!(text, "\nkept: {path}, which is performed first the next time");
        }
        let _ = writeln!(text, "again: {}", self.suite.command(self.way, case.number));
        Err(Box::new(Rejected { way: self.way, fault, plan, outcome, text }))
    }
}

/// The history, its false line, and the argument.
fn argue(text: &mut String, outcome: &Outcome) {
    let finding = outcome.report.findings.first();
    let false_line = finding.map_or(0, |finding| finding.line);
    text.push('\n');
    for (number, line) in (1..).zip(outcome.trace.lines()) {
        let mark = if number == false_line { '>' } else { ' ' };
        let _ = writeln!(text, "{mark}{number:3} | {line}");
        if number == false_line {
            break;
        }
    }
    text.push('\n');
    if let Some(finding) = finding {
        for (what, answer) in [("expected", &finding.expected), ("answered", &finding.actual)] {
            if let Some(answer) = answer {
                let _ = writeln!(text, "{what}: {answer}");
            }
        }
        for (number, sentence) in (1..).zip(&finding.because) {
            let lead = if number == 1 { "because:" } else { "        " };
            let _ = writeln!(text, "{lead} {number}. {sentence}");
        }
    }
}
