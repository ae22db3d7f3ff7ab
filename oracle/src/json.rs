//! The report for programs: one JSON object for each trace, on one line.

use crate::judge::{Failure, Judged};
use crate::printable::escape_json;
use rejoin_judge::{
    Coverage, Difference, Finding, Keys, Objects, Onset, Pattern, Report, RuleCoverage, Warning,
};
use rejoin_trace::Fault;
use serde::Serialize;
use serde_json::value::RawValue;

/// The name of this form.
const FORM: &str = "rejoin-report/1";

/// A file that was not judged has neither verdict nor findings, and an error with a message only.
#[derive(Serialize)]
struct Line<'a> {
    report: &'static str,
    file: &'a str,
    #[serde(flatten)]
    judged: Option<JudgedPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorPart<'a>>,
}

#[derive(Serialize)]
struct JudgedPart<'a> {
    verdict: &'static str,
    events: u64,
    claims: u64,
    findings: Vec<FindingPart<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    patterns: Vec<PatternPart<'a>>,
    warnings: Vec<WarningPart<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    limits: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    differences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<CoveragePart<'a>>,
}

/// What the trace exercised. Absent where it has no operation, or no claim was judged.
#[derive(Serialize)]
struct CoveragePart<'a> {
    operations: u64,
    keys: KeysPart,
    objects: ObjectsPart,
    tested: TestedPart,
    rules: Vec<RulePart<'a>>,
}

#[derive(Serialize)]
struct KeysPart {
    decided: u64,
    met: u64,
    contested: u64,
    /// Whether the last two are exact, and not lower bounds.
    exact: bool,
}

/// The objects without keys.
#[derive(Serialize)]
struct ObjectsPart {
    used: u64,
    met: u64,
    contested: u64,
}

/// The claims that depend on how operations merge.
#[derive(Serialize)]
struct TestedPart {
    claims: u64,
    /// Whether what was tested is exact, here and by rule, and not a lower bound.
    exact: bool,
}

#[derive(Serialize)]
struct RulePart<'a> {
    rule: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a str>,
    claims: u64,
    tested: u64,
    contested: bool,
}

#[derive(Serialize)]
struct FindingPart<'a> {
    line: u64,
    rule: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    replica: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<&'a RawValue>,
    because: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    theorem: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<DifferencePart<'a>>,
    #[serde(skip_serializing_if = "is_zero")]
    more_differences: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    onset: Option<OnsetPart<'a>>,
}

#[derive(Serialize)]
struct DifferencePart<'a> {
    kind: &'static str,
    what: &'a str,
    new: bool,
    text: &'a str,
}

#[derive(Serialize)]
struct OnsetPart<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<u64>,
    held: bool,
    line: u64,
    window: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    merges: Vec<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    lost: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

/// What the false claims on an object have in common; of one about all objects, `object` is absent.
#[derive(Serialize)]
struct PatternPart<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a str>,
    findings: u64,
    windows: u64,
    entries: &'a [String],
    facts: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    account: &'a [String],
}

#[derive(Serialize)]
struct WarningPart<'a> {
    line: u64,
    rule: &'static str,
    message: &'a str,
}

#[derive(Serialize)]
struct ErrorPart<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u64>,
    message: &'a str,
}

/// The line for one trace, with its end.
pub fn line(file: &str, outcome: &Result<Judged, Failure>) -> String {
    let (judged, error) = match outcome {
        Ok(Judged { report, .. }) => (Some(judged(report)), report.error.as_ref().map(fault)),
        Err(failure) => {
            (None, Some(ErrorPart { line: None, column: None, message: failure.message() }))
        }
    };
    let line = Line { report: FORM, file, judged, error };
    let text = serde_json::to_string(&line).expect("names and numbers are JSON");
    escape_json(&text).into_owned() + "\n"
}

fn judged(report: &Report) -> JudgedPart<'_> {
    JudgedPart {
        verdict: report.verdict.as_str(),
        events: report.events,
        claims: report.claims,
        findings: report.findings.iter().map(finding).collect(),
        patterns: report.patterns.iter().map(pattern).collect(),
        warnings: report.warnings.iter().map(warning).collect(),
        limits: &report.limits,
        differences: &report.differences,
        coverage: (report.claims > 0 && report.coverage.operations > 0)
            .then(|| coverage(&report.coverage)),
    }
}

fn coverage(coverage: &Coverage) -> CoveragePart<'_> {
    let Keys { decided, met, contested, is_complete } = coverage.keys;
    let keys = KeysPart { decided, met, contested, exact: is_complete };
    let Objects { used, met, contested } = coverage.objects;
    CoveragePart {
        operations: coverage.operations,
        keys,
        objects: ObjectsPart { used, met, contested },
        tested: TestedPart { claims: coverage.tested, exact: coverage.is_complete },
        rules: coverage.rules.iter().map(rule_part).collect(),
    }
}

fn rule_part(of: &RuleCoverage) -> RulePart<'_> {
    RulePart {
        rule: of.rule.as_str(),
        object: of.object.as_deref(),
        claims: of.claims,
        tested: of.tested,
        contested: of.is_contested,
    }
}

fn finding(finding: &Finding) -> FindingPart<'_> {
    FindingPart {
        line: finding.line,
        rule: finding.rule.as_str(),
        replica: finding.replica.as_deref(),
        object: finding.object.as_deref(),
        expected: finding.expected.as_deref().map(raw),
        actual: finding.actual.as_deref().map(raw),
        because: &finding.because,
        theorem: finding.theorem,
        differences: finding.differences.iter().map(difference).collect(),
        more_differences: finding.more_differences,
        onset: finding.onset.as_ref().map(onset),
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn difference(of: &Difference) -> DifferencePart<'_> {
    let Difference { kind, what, is_new, text } = of;
    DifferencePart { kind: kind.as_str(), what, new: *is_new, text }
}

fn onset(of: &Onset) -> OnsetPart<'_> {
    let Onset { before, held, line, window, merges, lost, warnings } = of;
    let merges = merges.iter().map(|row| row.text.as_str()).collect();
    OnsetPart { before: *before, held: *held, line: *line, window, merges, lost, warnings }
}

fn pattern(of: &Pattern) -> PatternPart<'_> {
    let Pattern { object, findings, windows, entries, facts, account } = of;
    let (findings, windows) = (*findings, *windows);
    PatternPart { object: object.as_deref(), findings, windows, entries, facts, account }
}

/// Answers are taken as they are: read into numbers, the great ones would be rounded.
fn raw(answer: &str) -> &RawValue {
    serde_json::from_str(answer).expect("the judge gives answers as JSON text")
}

fn warning(warning: &Warning) -> WarningPart<'_> {
    WarningPart { line: warning.line, rule: warning.rule.as_str(), message: &warning.message }
}

fn fault(fault: &Fault) -> ErrorPart<'_> {
    ErrorPart { line: Some(fault.line), column: fault.column, message: &fault.message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;
    use rejoin_judge::{Rule, Verdict, WarningRule};

    #[track_caller]
    fn check(outcome: &Result<Judged, Failure>, expected: &[&str]) {
        assert_eq!(line("dir/a.jsonl", outcome), expected.concat() + "\n");
    }

    #[test]
    fn a_judged_trace_has_every_field_that_applies() {
        let mut report = examples::report(Verdict::Discrepancy);
        report.events = 812;
        report.claims = 40;
        report.findings.push(Finding {
            // Numbers are kept to the last digit, however great.
            expected: Some("36893488147419103232".into()),
            actual: Some("3.6893488147419104e+19".into()),
            because: vec!["it is the sum".into()],
            ..examples::finding()
        });
        report.findings.push(Finding {
            line: 15,
            rule: Rule::Converged,
            replica: None,
            object: None,
            expected: None,
            actual: None,
            because: Vec::new(),
            theorem: None,
            excerpt: None,
            differences: Vec::new(),
            more_differences: 0,
            onset: None,
        });
        report.warnings.push(examples::warning(9, WarningRule::ClockRegression));
        let expected = [
            r#"{"report":"rejoin-report/1","file":"dir/a.jsonl","verdict":"discrepancy","#,
            r#""events":812,"claims":40,"findings":[{"line":14,"rule":"or-set/value","#,
            r#""replica":"b","object":"approved","expected":36893488147419103232,"#,
            r#""actual":3.6893488147419104e+19,"because":["it is the sum"],"#,
            r#""theorem":"or_set_value"},{"line":15,"rule":"converged","because":[]}],"#,
            r#""warnings":[{"line":9,"rule":"clock-regression","#,
            r#""message":"the write is stamped 3, below 5 on line 4"}]}"#,
        ];
        check(&Ok(Judged { report, culprit: None }), &expected);
    }

    #[test]
    fn a_bad_file_has_an_error_with_its_place() {
        let mut report = examples::report(Verdict::Malformed);
        report.error = Some(Fault { line: 3, column: Some(17), message: "a \"quote\"".into() });
        let expected = [
            r#"{"report":"rejoin-report/1","file":"dir/a.jsonl","verdict":"malformed","#,
            r#""events":0,"claims":0,"findings":[],"warnings":[],"#,
            r#""error":{"line":3,"column":17,"message":"a \"quote\""}}"#,
        ];
        check(&Ok(Judged { report, culprit: None }), &expected);
    }

    #[test]
    fn a_limit_that_was_reached_is_named() {
        let mut report = examples::report(Verdict::Inconclusive);
        report.limits.push("more than 5 steps".into());
        let expected = [
            r#"{"report":"rejoin-report/1","file":"dir/a.jsonl","verdict":"inconclusive","#,
            r#""events":0,"claims":0,"findings":[],"warnings":[],"#,
            r#""limits":["more than 5 steps"]}"#,
        ];
        check(&Ok(Judged { report, culprit: None }), &expected);
    }

    #[test]
    fn a_file_that_was_not_judged_has_no_verdict() {
        for failure in [Failure::Unreadable, Failure::Internal] {
            let expected = [
                r#"{"report":"rejoin-report/1","file":"dir/a.jsonl","#,
                r#""error":{"message":"there is no such file"}}"#,
            ];
            check(&Err(failure("there is no such file".into())), &expected);
        }
    }

    #[test]
    fn nothing_from_a_file_steers_the_terminal_or_breaks_the_line() {
        let mut report = examples::report(Verdict::Discrepancy);
        report.findings.push(Finding {
            object: Some("a\n\u{9b}\x1b".into()),
            expected: Some("[\n\t\"\u{7f}\"\r\n]".into()),
            ..examples::finding()
        });
        let line = line("\u{202e}.jsonl", &Ok(Judged { report, culprit: None }));
        assert_eq!(line.chars().filter(|c| c.is_control()).collect::<String>(), "\n");
        assert!(line.contains(r#""file":"\u202e.jsonl""#), "{line}");
        assert!(line.contains(r#""object":"a\n\u009b\u001b","expected":[  "\u007f"  ]"#), "{line}");
    }
}
