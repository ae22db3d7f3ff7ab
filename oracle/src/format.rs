//! Reports for programs other than a terminal, such as CI systems.
//!
//! `github` is written line by line as traces are judged; the others are one document about all
//! traces. Text from a trace is escaped as each format requires, and never steers a terminal.

mod github;
mod junit;
mod markdown;
mod sarif;

use crate::args::Format;
use crate::judge::{Failure, Judged};
use crate::printable::{count, escape};
use rejoin_judge::{Finding, Report, Verdict};
use std::time::Duration;

pub use github::annotations;

/// The result for one trace.
pub struct Outcome {
    /// The trace's name: as it was reached from the argument.
    pub file: String,
    /// The report of the judge, or why there is none.
    pub judged: Result<Judged, Failure>,
    /// How long judging took.
    pub took: Duration,
}

/// The document about all traces; empty for formats that are written as traces are judged. `claims`
/// says whether claims were judged.
pub fn document(format: Format, outcomes: &[Outcome], claims: bool) -> String {
    match format {
        Format::Junit => junit::document(outcomes, claims),
        Format::Sarif => sarif::document(outcomes, claims),
        Format::Markdown => markdown::document(outcomes, claims),
        Format::Text | Format::Json | Format::Github => String::new(),
    }
}

/// What is wrong with a trace apart from its findings: a kind, a line and column if known, and a
/// sentence.
struct Trouble {
    kind: &'static str,
    line: Option<u64>,
    column: Option<u64>,
    message: String,
}

/// What is wrong with a trace apart from findings; `None` if it was judged to its end.
fn trouble(outcome: &Outcome, claims: bool) -> Option<Trouble> {
    let of = |kind, message: String| Trouble { kind, line: None, column: None, message };
    let report = match &outcome.judged {
        Err(Failure::Unreadable(why)) => return Some(of("unreadable", why.clone())),
        Err(Failure::Internal(why)) => return Some(of("internal", why.clone())),
        Ok(judged) => &judged.report,
    };
    if let Some(difference) = report.differences.first() {
        return Some(of("internal", difference.clone()));
    }
    if let Some(fault) = &report.error {
        return Some(Trouble {
            kind: report.verdict.as_str(),
            line: Some(fault.line),
            column: fault.column,
            message: fault.message.clone(),
        });
    }
    match (report.limits.first(), report.verdict) {
        (Some(limit), _) => Some(of("inconclusive", limit.clone())),
        (None, Verdict::Inconclusive) if claims => {
            Some(of("inconclusive", "the trace claims nothing to judge".into()))
        }
        _ => None,
    }
}

/// The verdict on a trace as a keyword, and its reason in a sentence.
pub fn verdict(outcome: &Outcome, claims: bool) -> (&'static str, String) {
    let trouble = trouble(outcome, claims);
    match (&outcome.judged, &trouble) {
        (Err(_), Some(trouble)) => (trouble.kind, trouble.message.clone()),
        (Ok(judged), Some(trouble)) if judged.report.findings.is_empty() => {
            let line = trouble.line.map_or(String::new(), |line| format!("line {line}: "));
            (trouble.kind, format!("{line}{}", trouble.message))
        }
        (Ok(judged), _) if !claims && judged.report.error.is_none() => {
            ("well-formed", String::new())
        }
        (Ok(judged), _) => (judged.report.verdict.as_str(), summary(&judged.report)),
        (Err(_), None) => ("not judged", String::new()),
    }
}

/// How many claims of a report are false, as text.
fn summary(report: &Report) -> String {
    match report.findings.len() as u64 {
        0 if report.claims == 1 => "1 claim holds".into(),
        0 => format!("{} hold", count(report.claims, "claim")),
        1 => format!("1 of {} is false", count(report.claims, "claim")),
        wrong => format!("{wrong} of {} are false", count(report.claims, "claim")),
    }
}

/// A finding in one line, and its argument, one step a line.
fn argument(finding: &Finding) -> (String, Vec<String>) {
    let title = escape(&crate::text::title(finding)).into_owned();
    let mut steps = Vec::new();
    if let Some(expected) = &finding.expected {
        steps.push(format!("expected: {}", cut(expected)));
    }
    if let Some(actual) = &finding.actual {
        steps.push(format!("claimed: {}", cut(actual)));
    }
    let because = finding.because.iter().zip(1..);
    steps.extend(because.map(|(step, number)| format!("{number}. {}", escape(step))));
    (title, steps)
}

/// An answer, shortened.
fn cut(answer: &str) -> String {
    const MOST: usize = 1_000;
    let answer = escape(answer);
    match answer.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &answer[..end]),
        None => answer.into_owned(),
    }
}

/// The columns of the underlined text, from 1, and of the text behind it.
fn columns(finding: &Finding) -> Option<(u64, u64)> {
    let excerpt = finding.excerpt.as_ref()?;
    let characters = |text: &str| text.chars().count() as u64;
    let start = excerpt.column + characters(&excerpt.text[..excerpt.marked.start]);
    let marked = &excerpt.text[excerpt.marked.clone()];
    Some((start, start + characters(marked).max(1)))
}
