//! Simulated worlds: runs many seeds on all cores, and writes the trace of a failing one.

use crate::args::Simulate;
use crate::campaign::ShardReport;
use crate::exit::Exit;
use crate::output::{Output, complain};
use crate::printable::grouped;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rejoin_harness::{Options, Statistics, Subset, shrink};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// So many failing worlds are enough.
const ENOUGH: usize = 10;

/// Runs all worlds, and prints which fail and why. Shrinks the first one whose trace the judge
/// rejects, or else the first one.
pub fn run<W: Write>(asked: &Simulate, output: &mut Output<W>) -> Exit {
    let Simulate { seeds, steps, shard, report, fault, without, moves, trace, max_shrink } = asked;
    let moves = moves.as_ref().map(|moves| moves.0.clone());
    let subset = Subset { moves, without: without.iter().cloned().collect() };
    let options = Options { steps: *steps, trace: true, fault: *fault, subset };
    let bar = bar(seeds.end - seeds.start);
    let next = AtomicU64::new(seeds.start);
    let failures = Mutex::new(BTreeMap::new());
    let sum = Mutex::new(Statistics::default());
    let work = || {
        let mut ours = Statistics::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            if shard.is_some_and(|shard| seed % shard.of != shard.number - 1) {
                continue;
            }
            let (failure, statistics) = look(seed, &options);
            ours.add(&statistics);
            if let Some(failure) = failure {
                let mut failures = failures.lock().unwrap_or_else(|broken| broken.into_inner());
                failures.insert(seed, failure);
                if failures.len() >= ENOUGH {
                    next.store(seeds.end, Ordering::Relaxed);
                }
            }
            bar.inc(1);
        }
        sum.lock().unwrap_or_else(|broken| broken.into_inner()).add(&ours);
    };
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        (0..cores).for_each(|_| drop(scope.spawn(work)));
    });
    let ran = bar.position();
    bar.finish_and_clear();
    let failures = failures.into_inner().unwrap_or_else(|broken| broken.into_inner());
    if let Some(path) = report {
        let faults = BTreeMap::from([("worlds".to_owned(), failures.len() as u64)]);
        let part = ShardReport {
            campaign: format!("simulation of worlds {}..{}, {steps} steps", seeds.start, seeds.end),
            shard: shard.map_or("1/1".into(), |shard| shard.to_string()),
            cases: ran,
            faults: faults.into_iter().filter(|(_, number)| *number > 0).collect(),
            counts: BTreeMap::new(),
        };
        if !part.write(path) {
            return Exit::Unreadable;
        }
    }
    for (seed, failure) in &failures {
        output.write(format!("seed {seed}: {}\n", first(&failure.findings)));
    }
    // A world whose trace the judge rejects says most.
    let judged = failures.iter().find(|(_, failure)| failure.is_judged);
    let Some((seed, failure)) = judged.or(failures.first_key_value()) else {
        output.write(format!("{ran} worlds of {steps} steps ended well\n"));
        let sum = sum.into_inner().unwrap_or_else(|broken| broken.into_inner());
        output.write(statistics(&sum));
        return Exit::Success;
    };
    output.write(format!("{} of {ran} worlds did not end well\n", failures.len()));
    // If the judge rejects the trace, it must also reject the shrunk one.
    let fails = |options: &Options| {
        let found = look(*seed, options).0;
        found.is_some_and(|found| found.is_judged || !failure.is_judged)
    };
    let small = shrink(*seed, &options, *max_shrink, fails);
    let findings = look(*seed, &small).0.map_or(Vec::new(), |failure| failure.findings);
    let fault = fault.map_or(String::new(), |fault| format!(" --fault {fault:?}"));
    output.write(format!("seed {seed}, shrunk: {}\n", first(&findings)));
    output.write(format!(
        "  run it again: oracle simulate --seeds {seed}..{} --steps {steps}{fault}{}\n",
        seed + 1,
        small.subset
    ));
    let text = rejoin_harness::run(*seed, &small).trace;
    let lines = text.lines().count();
    match fs::write(trace, text) {
        Ok(()) => output.write(format!("  its trace: {}, {lines} lines\n", trace.display())),
        Err(error) => complain(&format!("{} cannot be written: {error}", trace.display())),
    }
    Exit::Discrepancy
}

/// How many findings of a world are shown, and how many characters of each.
const SHOWN: usize = 3;
const WIDTH: usize = 160;

/// The first findings, one a line.
fn first(findings: &[String]) -> String {
    let cut = |finding: &String| match finding.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &finding[..end]),
        None => finding.clone(),
    };
    let mut lines: Vec<String> = findings.iter().take(SHOWN).map(cut).collect();
    if findings.len() > SHOWN {
        lines.push(format!("and {} more", findings.len() - SHOWN));
    }
    lines.join("\n    ")
}

/// A world that fails.
struct Failure {
    findings: Vec<String>,
    /// Whether the judge rejects its trace.
    is_judged: bool,
}

/// Runs a world, and returns what does not hold by its own properties and by the judge.
fn look(seed: u64, options: &Options) -> (Option<Failure>, Statistics) {
    let outcome = rejoin_harness::run(seed, options);
    let mut findings: Vec<String> = outcome.judge().into_iter().collect();
    let is_judged = !findings.is_empty();
    findings.extend(outcome.findings);
    let failure = (!findings.is_empty()).then_some(Failure { findings, is_judged });
    (failure, outcome.statistics)
}

/// The statistics of all worlds, in lines.
fn statistics(sum: &Statistics) -> String {
    let n = |number: u64| grouped(number.into());
    format!(
        "  {} operations; {} connections, {} given up; {} sessions ended; {} messages, {} harmed; \
         {} changes\n  \
         {} crashes, {} of them with a loss; {} restores; \
         {} stores damaged; {} times a disk was full\n  \
         hostile: {} messages, {} forks, {} futures, {} lies, {} floods\n  \
         reported and judged: {} open merge decisions, {} notices\n",
        n(sum.operations),
        n(sum.connections),
        n(sum.timeouts),
        n(sum.finished),
        n(sum.messages),
        n(sum.harmed),
        n(sum.changes),
        n(sum.crashes),
        n(sum.losses),
        n(sum.restores),
        n(sum.damaged),
        n(sum.unwritten),
        n(sum.hostile),
        n(sum.forks),
        n(sum.futures),
        n(sum.lies),
        n(sum.floods),
        n(sum.decisions),
        n(sum.notices),
    )
}

/// Shows how many worlds are over, where standard error is a terminal.
fn bar(worlds: u64) -> ProgressBar {
    let target = match io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let template = "{bar:24} {pos} of {len} worlds, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(template).expect("the template is well-formed");
    ProgressBar::with_draw_target(Some(worlds), target).with_style(style)
}
