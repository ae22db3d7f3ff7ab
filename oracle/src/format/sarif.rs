//! SARIF 2.1.0: one run with a result for each finding, warning and fault.
//!
//! Related locations name the lines of the argument, so that a viewer can show them.
//! Source: Static Analysis Results Interchange Format (SARIF) Version 2.1.0, OASIS Standard (2020).

use super::{Outcome, argument, columns, trouble};
use rejoin_judge::{Rule, WarningRule, cited};
use serde_json::{Value, json};

/// The rules for traces that could not be judged.
const TROUBLES: [(&str, &str); 5] = [
    ("malformed", "The file is not of the grammar."),
    ("ill-formed", "The history is impossible."),
    ("inconclusive", "Nothing could be concluded."),
    ("unreadable", "The file cannot be read."),
    ("internal", "The oracle failed."),
];

const WARNINGS: [WarningRule; 3] =
    [WarningRule::ClockRegression, WarningRule::StampReuse, WarningRule::InexactNumber];

/// The document about all traces.
pub fn document(outcomes: &[Outcome], claims: bool) -> String {
    let mut results = Vec::new();
    for outcome in outcomes {
        let place = |region: Value| {
            let mut location = json!({"artifactLocation": {"uri": uri(&outcome.file)}});
            if !region.is_null() {
                location["region"] = region;
            }
            json!({"physicalLocation": location})
        };
        if let Some(trouble) = trouble(outcome, claims) {
            let level = if trouble.kind == "inconclusive" { "warning" } else { "error" };
            let region = match (trouble.line, trouble.column) {
                (Some(line), Some(column)) => json!({"startLine": line, "startColumn": column}),
                (Some(line), None) => json!({"startLine": line}),
                _ => Value::Null,
            };
            results.push(result(trouble.kind, level, &trouble.message, place(region)));
        }
        let Ok(judged) = &outcome.judged else { continue };
        for finding in &judged.report.findings {
            let (title, steps) = argument(finding);
            let message = [vec![title], steps].concat().join("\n");
            let mut region = json!({"startLine": finding.line});
            if let Some((start, end)) = columns(finding) {
                region["startColumn"] = start.into();
                region["endColumn"] = end.into();
            }
            let mut result = result(finding.rule.as_str(), "error", &message, place(region));
            let lines = cited(&finding.because).into_iter().filter(|line| *line != finding.line);
            let related: Vec<Value> = lines.map(|line| place(json!({"startLine": line}))).collect();
            if !related.is_empty() {
                result["relatedLocations"] = related.into();
            }
            results.push(result);
        }
        for warning in &judged.report.warnings {
            let region = place(json!({"startLine": warning.line}));
            results.push(result(warning.rule.as_str(), "warning", &warning.message, region));
        }
    }
    let rules = Rule::ALL.iter().map(|rule| {
        let text = format!("The answer breaks {rule} of the trace format.");
        json!({"id": rule.as_str(), "shortDescription": {"text": text}})
    });
    let warnings = WARNINGS.iter().map(|rule| {
        let text = format!("The trace should be looked at: {}.", rule.as_str());
        json!({"id": rule.as_str(), "shortDescription": {"text": text}})
    });
    let troubles =
        TROUBLES.iter().map(|(id, text)| json!({"id": id, "shortDescription": {"text": text}}));
    let rules: Vec<Value> = rules.chain(warnings).chain(troubles).collect();
    let document = json!({
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "oracle", "version": env!("CARGO_PKG_VERSION"), "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn result(rule: &str, level: &str, message: &str, location: Value) -> Value {
    json!({
        "ruleId": rule,
        "level": level,
        "message": {"text": message},
        "locations": [location],
    })
}

/// A path as a URI reference: characters that are not plain in a URI are percent-encoded.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte.into());
            }
            byte => uri += &format!("%{byte:02X}"),
        }
    }
    uri
}
