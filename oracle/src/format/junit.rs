//! JUnit XML: one test suite, in which each trace is a test.
//!
//! A trace with false claims is a failure. An ill-formed trace, a file that cannot be read, and a
//! trace without judged claims are errors: the test did not take place.
//! Source: the schema of Apache Ant's JUnit task (windyroad/JUnit-Schema), which requires every
//! attribute that is here.

use super::{Outcome, argument, summary, trouble};
use crate::printable::escape;
use std::time::{Duration, SystemTime};

/// The document about all traces.
pub fn document(outcomes: &[Outcome], claims: bool) -> String {
    let (mut failures, mut errors) = (0, 0);
    let mut cases = String::new();
    for outcome in outcomes {
        let time = seconds(outcome.took);
        let name = attribute(&outcome.file);
        cases += &format!(r#"    <testcase classname="oracle" name="{name}" time="{time}""#);
        let findings = outcome.judged.as_ref().map_or(&[][..], |judged| &judged.report.findings);
        match (trouble(outcome, claims), findings.first()) {
            (Some(trouble), _) if findings.is_empty() || trouble.kind != "inconclusive" => {
                errors += 1;
                let line = trouble.line.map_or(String::new(), |line| format!("line {line}: "));
                let message = attribute(&format!("{line}{}", trouble.message));
                cases += &format!(
                    ">\n      <error type=\"{}\" message=\"{message}\"/>\n    </testcase>\n",
                    trouble.kind
                );
            }
            (_, Some(first)) => {
                failures += 1;
                let summary = outcome.judged.as_ref().map(|judged| summary(&judged.report));
                let text: String = findings
                    .iter()
                    .map(|finding| {
                        let (title, steps) = argument(finding);
                        let steps: String =
                            steps.iter().map(|step| format!("  {step}\n")).collect();
                        let (file, line, rule) = (&outcome.file, finding.line, finding.rule);
                        format!("{}:{line}: {rule}: {title}\n{steps}", escape(file))
                    })
                    .collect();
                cases += &format!(
                    ">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n",
                    first.rule,
                    attribute(&summary.unwrap_or_default()),
                    content(&text)
                );
            }
            _ => cases += "/>\n",
        }
    }
    let time = seconds(outcomes.iter().map(|outcome| outcome.took).sum());
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite package=\"oracle\" \
         id=\"0\" name=\"oracle\" timestamp=\"{}\" hostname=\"localhost\" tests=\"{}\" \
         failures=\"{failures}\" errors=\"{errors}\" time=\"{time}\">\n    <properties/>\n{cases}    \
         <system-out/>\n    <system-err/>\n  </testsuite>\n</testsuites>\n",
        now.trim_end_matches('Z'),
        outcomes.len()
    )
}

fn seconds(took: Duration) -> String {
    format!("{:.3}", took.as_secs_f64())
}

fn content(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // Line ends stay. Characters that XML does not have are escaped as in JSON.
    let lines: Vec<String> = text.split('\n').map(|line| plain(&escape(line))).collect();
    lines.join("\n")
}

fn attribute(text: &str) -> String {
    content(text).replace('"', "&quot;").replace('\n', "&#10;")
}

/// Without the two code points that XML 1.0 forbids and that steer no terminal.
fn plain(text: &str) -> String {
    text.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
}
