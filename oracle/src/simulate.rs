//! Simulated worlds: many seeds on all cores, and the trace of one that does not end well.

use crate::args::Simulate;
use crate::exit::Exit;
use crate::output::{Output, complain};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rejoin::check::{self, Verdict, check};
use rejoin::simulate::{self, Options};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// So many worlds that do not end well are enough.
const ENOUGH: usize = 10;

/// Runs all worlds, and says which do not end well and why.
pub fn run<W: Write>(asked: &Simulate, output: &mut Output<W>) -> Exit {
    let Simulate { seeds, steps, fault, trace } = asked;
    let options = Options { steps: *steps, trace: true, fault: *fault };
    let bar = bar(seeds.end - seeds.start);
    let next = AtomicU64::new(seeds.start);
    let failures = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let findings = catch_unwind(AssertUnwindSafe(|| findings(seed, &options)));
            let findings = findings.unwrap_or_else(|_| vec!["it panics".into()]);
            if !findings.is_empty() {
                let mut failures = failures.lock().unwrap_or_else(|broken| broken.into_inner());
                failures.insert(seed, findings);
                if failures.len() >= ENOUGH {
                    next.store(seeds.end, Ordering::Relaxed);
                }
            }
            bar.inc(1);
        }
    };
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        (0..cores).for_each(|_| drop(scope.spawn(work)));
    });
    let ran = bar.position();
    bar.finish_and_clear();
    let failures = failures.into_inner().unwrap_or_else(|broken| broken.into_inner());
    for (seed, findings) in &failures {
        output.write(format!("seed {seed}: {}\n", findings.join("\n    ")));
    }
    let Some(first) = failures.keys().next() else {
        output.write(format!("{ran} worlds of {steps} steps ended well\n"));
        return Exit::Success;
    };
    output.write(format!("{} of {ran} worlds did not end well\n", failures.len()));
    if let Ok(outcome) = catch_unwind(|| simulate::run(*first, &options)) {
        match fs::write(trace, outcome.trace) {
            Ok(()) => output.write(format!("trace of seed {first}: {}\n", trace.display())),
            Err(error) => complain(&format!("{} cannot be written: {error}", trace.display())),
        }
    }
    Exit::Discrepancy
}

/// What does not hold in a world, by its own properties and by the judge.
fn findings(seed: u64, options: &Options) -> Vec<String> {
    let outcome = simulate::run(seed, options);
    let mut findings = outcome.findings;
    match check(|| Ok(outcome.trace.as_bytes()), &check::Options::default()) {
        Ok(report) if report.verdict == Verdict::Conforms => {}
        Ok(report) => {
            findings.push(format!("its trace is judged \"{}\"", report.verdict.as_str()));
        }
        Err(error) => findings.push(format!("its trace cannot be read: {error}")),
    }
    findings
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
