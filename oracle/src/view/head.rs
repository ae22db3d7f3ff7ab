//! What the page shows first, as JSON: the verdict, the first findings with their arguments, and
//! the lines that the first one rests on.

use super::argument::{Piece, pieces};
use super::difference::{Difference, difference};
use super::sections::Columns;
use crate::printable::shorten;
use crate::text::title;
use rejoin_judge::{Finding, Pattern, Report, Rule, Timeline, Warning, cited};
use rejoin_trace::Stamps;
use serde::Serialize;
use std::collections::BTreeSet;

/// Findings that come first; the others come with the rest.
pub const FIRST: usize = 20;

/// Warnings that a page shows.
const WARNINGS: usize = 1_000;

/// Characters of an answer that a page shows.
const ANSWER: usize = 2_000;

#[derive(Serialize)]
struct Head<'a> {
    file: &'a str,
    version: &'static str,
    verdict: &'static str,
    events: u64,
    claims: u64,
    stamps: &'static str,
    replicas: &'a [String],
    objects: Vec<(&'a str, &'static str)>,
    findings: Vec<FindingPart<'a>>,
    /// How many findings there are in all.
    found: usize,
    patterns: Vec<PatternPart<'a>>,
    warnings: Vec<WarningPart>,
    warned: usize,
    limits: &'a [String],
    error: Option<ErrorPart<'a>>,
    coverage: Vec<(&'static str, u64)>,
    /// How many lines the page shows, and how many more there are.
    rows: usize,
    left_out: u64,
    answered_to: Option<u64>,
    header: &'a str,
    first: Columns<'a>,
}

/// One finding.
#[derive(Serialize)]
pub struct FindingPart<'a> {
    line: u64,
    rule: &'static str,
    title: String,
    replica: Option<&'a str>,
    object: Option<&'a str>,
    expected: Option<String>,
    actual: Option<String>,
    /// In what they differ, where both are JSON.
    difference: Option<Difference>,
    because: Vec<Vec<Piece>>,
    theorem: Option<&'static str>,
    /// In what it differs, each a sentence, and how many more.
    differs: Vec<Vec<Piece>>,
    more: u64,
    /// Whether the argument names all that follows.
    told: bool,
    /// Since when, and what happened before.
    window: Vec<Vec<Piece>>,
    /// What senders had seen of what is wrong.
    merges: Vec<Vec<Piece>>,
    /// Which receptions are lost in minimal explanations.
    lost: Vec<Vec<Piece>>,
    /// The warnings on what it is wrong in.
    warnings: Vec<Vec<Piece>>,
    /// The first claim that is wrong as this one is.
    since: Option<u64>,
    /// The claim before that.
    before: Option<u64>,
}

/// What false claims have in common.
#[derive(Serialize)]
struct PatternPart<'a> {
    object: Option<&'a str>,
    findings: u64,
    windows: u64,
    entries: Vec<Vec<Piece>>,
    facts: Vec<Vec<Piece>>,
    account: Vec<Vec<Piece>>,
}

#[derive(Serialize)]
struct WarningPart {
    line: u64,
    rule: &'static str,
    message: Vec<Piece>,
}

#[derive(Serialize)]
struct ErrorPart<'a> {
    line: u64,
    column: Option<u64>,
    message: &'a str,
}

/// The head of a page.
pub fn head(file: &str, report: &Report, timeline: &Timeline) -> String {
    let coverage = &report.coverage;
    let first = report.findings.first().map(rests_on).unwrap_or_default();
    let head = Head {
        file,
        version: env!("CARGO_PKG_VERSION"),
        verdict: report.verdict.as_str(),
        events: report.events,
        claims: report.claims,
        stamps: if timeline.stamps == Stamps::Own { "own" } else { "explicit" },
        replicas: &timeline.replicas,
        objects: timeline.objects.iter().map(|(name, kind)| (&**name, kind.as_str())).collect(),
        findings: report.findings.iter().take(FIRST).map(finding).collect(),
        found: report.findings.len(),
        patterns: report.patterns.iter().map(pattern).collect(),
        warnings: report.warnings.iter().take(WARNINGS).map(warning).collect(),
        warned: report.warnings.len(),
        limits: &report.limits,
        error: report.error.as_ref().map(|fault| ErrorPart {
            line: fault.line,
            column: fault.column,
            message: &fault.message,
        }),
        coverage: vec![
            ("operations", coverage.operations),
            ("messages", coverage.messages),
            ("lost", coverage.lost),
            ("repeated", coverage.repeated),
            ("reordered", coverage.reordered),
            ("restores", coverage.restores),
        ],
        rows: timeline.rows.len(),
        left_out: timeline.left_out,
        answered_to: timeline.answered_to,
        header: &timeline.header,
        first: Columns::of(timeline, Some(&first)),
    };
    serde_json::to_string(&head).expect("names and numbers are JSON")
}

/// A finding for the page.
pub fn finding(finding: &Finding) -> FindingPart<'_> {
    let onset = finding.onset.as_ref();
    let answer = |answer: &Option<String>| answer.clone().unwrap_or_default();
    let is_ordered =
        matches!(finding.rule, Rule::LogValue | Rule::LogAgreement | Rule::LogCausality);
    let differs = finding.expected.as_ref().zip(finding.actual.as_ref());
    let (right, claimed) = shorten(&answer(&finding.expected), &answer(&finding.actual), ANSWER);
    FindingPart {
        line: finding.line,
        rule: finding.rule.as_str(),
        title: title(finding),
        replica: finding.replica.as_deref(),
        object: finding.object.as_deref(),
        expected: finding.expected.as_ref().map(|_| right),
        actual: finding.actual.as_ref().map(|_| claimed),
        difference: differs.and_then(|(right, claimed)| difference(right, claimed, is_ordered)),
        because: all_pieces(&finding.because),
        theorem: finding.theorem,
        differs: finding.differences.iter().map(|of| pieces(&of.text)).collect(),
        more: finding.more_differences,
        told: finding.is_told(),
        window: onset.map(|onset| all_pieces(&onset.window)).unwrap_or_default(),
        merges: onset
            .map(|onset| onset.merges.iter().map(|row| pieces(&row.text)).collect())
            .unwrap_or_default(),
        lost: onset.map(|onset| all_pieces(&onset.lost)).unwrap_or_default(),
        warnings: onset.map(|onset| all_pieces(&onset.warnings)).unwrap_or_default(),
        since: onset.map(|onset| onset.line),
        before: onset.and_then(|onset| onset.before),
    }
}

fn pattern(of: &Pattern) -> PatternPart<'_> {
    PatternPart {
        object: of.object.as_deref(),
        findings: of.findings,
        windows: of.windows,
        entries: all_pieces(&of.entries),
        facts: all_pieces(&of.facts),
        account: all_pieces(&of.account),
    }
}

fn all_pieces(sentences: &[String]) -> Vec<Vec<Piece>> {
    sentences.iter().map(|sentence| pieces(sentence)).collect()
}

/// The lines that a finding rests on, as far as its argument names them.
fn rests_on(finding: &Finding) -> BTreeSet<u64> {
    let cited = cited(&finding.because);
    cited.into_iter().chain([finding.line]).collect()
}

fn warning(warning: &Warning) -> WarningPart {
    WarningPart {
        line: warning.line,
        rule: warning.rule.as_str(),
        message: pieces(&warning.message),
    }
}
