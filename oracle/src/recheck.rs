//! `recheck`: judges the traces of stored reports again, and shows which verdicts changed.

use crate::args::Engine;
use crate::exit::Exit;
use crate::judge::{Failure, Judge};
use crate::output::{Output, complain};
use crate::printable::{count, escape};
use crate::progress::Progress;
use crate::sources;
use clap::Args;
use rejoin_judge::{Options, Report};
use serde::Deserialize;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// What `oracle recheck` takes.
#[derive(Debug, Args)]
pub struct Recheck {
    /// The folder of stored reports: files that end in .json, written by `oracle check --format
    /// json`. A trace is looked up at the path in its report, relative to the working directory and
    /// to the report's folder.
    #[arg(value_name = "FOLDER")]
    pub reports: PathBuf,

    /// Show each trace, also those whose verdict is the same.
    #[arg(long, short)]
    pub verbose: bool,
}

/// The parts of a report that are compared. Reports of any version have them.
#[derive(Deserialize)]
struct Stored {
    report: String,
    file: String,
    verdict: Option<String>,
    #[serde(default)]
    findings: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    line: u64,
    rule: String,
}

/// Judges again, and prints what changed.
pub fn run<W: Write>(asked: &Recheck, output: &mut Output<W>) -> Exit {
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in WalkDir::new(&asked.reports).sort_by_file_name() {
        match entry {
            Ok(entry) => {
                let is_report = entry.path().extension().is_some_and(|ending| ending == "json");
                if is_report && entry.file_type().is_file() {
                    paths.push(entry.into_path());
                }
            }
            Err(error) => {
                complain(&escape(&error.to_string()));
                return Exit::Unreadable;
            }
        }
    }
    if paths.is_empty() {
        let folder = escape(&asked.reports.to_string_lossy()).into_owned();
        complain(&format!("{folder}: no file below it ends in .json"));
        return Exit::Unreadable;
    }
    let mut exit = Exit::Success;
    let (mut same, mut changed) = (0u64, 0u64);
    for path in &paths {
        let shown = escape(&path.to_string_lossy()).into_owned();
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                complain(&format!("{shown}: {error}"));
                exit = exit.max(Exit::Unreadable);
                continue;
            }
        };
        for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
            let stored: Stored = match serde_json::from_str(line) {
                Ok(stored) => stored,
                Err(error) => {
                    complain(&format!("{shown}:{number}: this line is not a report: {error}"));
                    exit = exit.max(Exit::Invalid);
                    continue;
                }
            };
            if !stored.report.starts_with("rejoin-report/") {
                complain(&format!("{shown}:{number}: this line is not a report of the oracle"));
                exit = exit.max(Exit::Invalid);
                continue;
            }
            let (file, before) = (escape(&stored.file).into_owned(), verdict_of(&stored));
            match judge(&stored, path) {
                Err(failure) => {
                    complain(&format!("{file}: {}", failure.message()));
                    exit = exit.max(match failure {
                        Failure::Unreadable(_) => Exit::Unreadable,
                        Failure::Internal(_) => Exit::Internal,
                    });
                }
                Ok(report) => {
                    let now = verdict(report.verdict.as_str(), &findings_of(&report));
                    if now == before {
                        same += 1;
                        if asked.verbose {
                            output.write(format!("{file}: {now}, as before\n"));
                        }
                    } else {
                        changed += 1;
                        exit = exit.max(Exit::Discrepancy);
                        output.write(format!("{file}: was {before}; is {now}\n"));
                    }
                }
            }
        }
    }
    output.write(format!("{} judged again: {changed} changed\n", count(same + changed, "trace")));
    exit
}

fn judge(stored: &Stored, report: &Path) -> Result<Report, Failure> {
    let beside = report.parent().unwrap_or(Path::new(".")).join(&stored.file);
    let named = PathBuf::from(&stored.file);
    let trace = if !named.exists() && beside.exists() { beside } else { named };
    let source = sources::find(&[trace]).swap_remove(0);
    let options = Options { engines: Engine::Optimized.names(), ..Options::default() };
    let progress = Progress::new(None);
    let judged = Judge { options: &options, point: false, progress: &progress }.judge(&source)?;
    match judged.report.differences.first() {
        Some(difference) => Err(Failure::Internal(difference.clone())),
        None => Ok(judged.report),
    }
}

fn verdict_of(stored: &Stored) -> String {
    let findings: Vec<_> = stored
        .findings
        .iter()
        .map(|found| (found.line, escape(&found.rule).into_owned()))
        .collect();
    let unjudged = "not judged".into();
    let name = stored.verdict.as_ref().map_or(unjudged, |verdict| escape(verdict).into_owned());
    verdict(&name, &findings)
}

fn findings_of(report: &Report) -> Vec<(u64, String)> {
    report.findings.iter().map(|finding| (finding.line, finding.rule.to_string())).collect()
}

/// A verdict with the lines and rules of its findings.
fn verdict(name: &str, findings: &[(u64, String)]) -> String {
    const MOST: usize = 5;
    let mut shown: Vec<String> =
        findings.iter().take(MOST).map(|(line, rule)| format!("line {line} {rule}")).collect();
    if findings.len() > MOST {
        // The fingerprint distinguishes lists with the same beginning.
        let all = format!("{findings:?}");
        let print = blake3::hash(all.as_bytes()).to_hex();
        shown.push(format!("{} more, {}", findings.len() - MOST, &print[..8]));
    }
    if shown.is_empty() { name.into() } else { format!("{name} ({})", shown.join(", ")) }
}
