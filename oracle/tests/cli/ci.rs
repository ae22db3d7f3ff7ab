//! What a CI system takes: reports in its forms, and stored reports that are judged again.
//!
//! tests/schema/formats.rs holds the documents against their schemas.

use crate::see::{TRACE, check, folder};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const SILENT: &str = "{\"trace\":\"rejoin/1\",\"replicas\":[\"a\"],\"objects\":{}}\n";

fn files() -> tempfile::TempDir {
    let good = TRACE.lines().take(7).collect::<Vec<_>>().join("\n");
    folder(&[
        ("t/a.jsonl", TRACE),
        ("t/bad.jsonl", "{\"trace\":\"rejoin/1\"}\n"),
        ("t/good.jsonl", &good),
        ("t/silent.jsonl", SILENT),
        ("t/x, 1%.jsonl", TRACE),
    ])
}

#[test]
fn github_annotates_the_answer_and_the_fault() {
    let folder = files();
    let (out, _) = check(folder.path(), &["check", "t", "--format", "github"], 3);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 4, "{out}");
    let finding = "::error file=t/a.jsonl,line=8,col=52,endColumn=54,title=or-set/value::set `s` \
                   at `b` has other elements than claimed%0Aexpected: [\"x\",\"y\"]%0Aclaimed: []%0A1. ";
    assert!(lines[0].starts_with(finding), "{out}");
    assert!(lines[1].starts_with("::error file=t/bad.jsonl,line=1,col="), "{out}");
    assert!(lines[2].starts_with("::warning file=t/silent.jsonl,title=inconclusive::"), "{out}");
    assert!(lines[3].starts_with("::error file=t/x%2C 1%25.jsonl,line=8,"), "{out}");
}

#[test]
fn junit_has_a_test_for_each_trace() {
    let folder = files();
    let (out, _) = check(folder.path(), &["check", "t", "--format", "junit"], 3);
    assert!(out.contains(r#"tests="5" failures="2" errors="2""#), "{out}");
    assert!(out.contains(r#"<testcase classname="oracle" name="t/good.jsonl" time=""#), "{out}");
    let failure = r#"<failure type="or-set/value" message="1 of 2 claims is false">t/a.jsonl:8: "#;
    assert!(out.contains(failure), "{out}");
    assert!(out.contains(r#"<error type="malformed" message="line 1: "#), "{out}");
    assert!(out.contains(r#"<error type="inconclusive""#), "{out}");
}

#[test]
fn sarif_leads_from_a_finding_to_the_lines_of_its_argument() {
    let folder = files();
    let (out, _) = check(folder.path(), &["check", "t", "--format", "sarif"], 3);
    let document: Value = serde_json::from_str(&out).unwrap();
    let results = document["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    assert_eq!(results[0]["ruleId"], "or-set/value");
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "t/a.jsonl");
    assert_eq!(place["region"]["startLine"], 8);
    let related = results[0]["relatedLocations"].as_array().unwrap();
    let lines: Vec<u64> = related
        .iter()
        .map(|place| place["physicalLocation"]["region"]["startLine"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [3, 5, 6]);
    let uri = &results[3]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "t/x%2C%201%25.jsonl");
    let rules = document["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    for result in results {
        assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]), "{result}");
    }
}

#[test]
fn markdown_shows_a_table_and_escapes_what_means_something_there() {
    let odd = TRACE.replace("\"s\"", "\"<b>|`x`\"");
    let folder = folder(&[("odd.jsonl", &odd)]);
    let (out, _) = check(folder.path(), &["check", "odd.jsonl", "--format", "markdown"], 1);
    assert!(out.starts_with("| trace | verdict | |\n| --- | --- | --- |\n"), "{out}");
    assert!(out.contains("| odd.jsonl | discrepancy | 1 of 2 claims is false |"), "{out}");
    assert!(out.contains(r"&lt;b&gt;\|\`x\`"), "{out}");
    assert!(!out.contains("<b>"), "{out}");
}

#[test]
fn every_form_has_the_exit_code_of_the_verdict() {
    let folder = files();
    for form in ["github", "junit", "sarif", "markdown", "json", "text"] {
        check(folder.path(), &["check", "t/good.jsonl", "--format", form], 0);
        check(folder.path(), &["check", "t/a.jsonl", "--format", form], 1);
        check(folder.path(), &["check", "t/silent.jsonl", "--format", form], 2);
        check(folder.path(), &["check", "t/none.jsonl", "--format", form], 66);
        check(folder.path(), &["lint", "t/a.jsonl", "--format", form], 0);
    }
}

#[test]
fn stored_reports_are_judged_again() {
    let folder = files();
    let at = folder.path();
    fs::create_dir(at.join("reports")).unwrap();
    let (report, _) = check(at, &["check", "t", "--format", "json"], 3);
    fs::write(at.join("reports/all.json"), &report).unwrap();
    let (out, _) = check(at, &["recheck", "reports"], 0);
    assert_eq!(out, "5 traces judged again: 0 changed\n");
    // As if an older version had found another rule broken, and had taken the silent one for good.
    let older = report.replace("or-set/value", "log/value").replace("inconclusive", "conforms");
    fs::write(at.join("reports/all.json"), older).unwrap();
    let (out, _) = check(at, &["recheck", "reports"], 1);
    let changed =
        "t/a.jsonl: was discrepancy (line 8 log/value); is discrepancy (line 8 or-set/value)";
    assert!(out.contains(changed), "{out}");
    assert!(out.contains("t/silent.jsonl: was conforms; is inconclusive\n"), "{out}");
    assert!(out.ends_with("5 traces judged again: 3 changed\n"), "{out}");
    fs::remove_file(at.join("t/good.jsonl")).unwrap();
    check(at, &["recheck", "reports"], 66);
    fs::write(at.join("reports/all.json"), "{}\n").unwrap();
    check(at, &["recheck", "reports"], 3);
    check(at, &["recheck", "t"], 66);
}

#[test]
fn the_action_judges_annotates_and_keeps_a_page_for_each_failure() {
    let folder = files();
    let at = folder.path();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let action = fs::read_to_string(root.join("action.yml")).unwrap();
    for step in ["action/install", "action/check"] {
        assert!(action.contains(&format!("$GITHUB_ACTION_PATH/{step}")), "{step}");
        let mode = fs::metadata(root.join(step)).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{step} can be executed");
    }
    let output = Command::new(root.join("action/check"))
        .current_dir(at)
        .env("TRACES", "t")
        .env("ORACLE", env!("CARGO_BIN_EXE_oracle"))
        .env("RUNNER_TEMP", at)
        .env("GITHUB_OUTPUT", at.join("output"))
        .env("GITHUB_STEP_SUMMARY", at.join("summary.md"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(out.lines().filter(|line| line.starts_with("::error ")).count(), 3, "{out}");
    let reports = at.join("rejoin-reports");
    let said = fs::read_to_string(at.join("output")).unwrap();
    assert_eq!(said, format!("reports={}\n", reports.display()));
    assert!(fs::read_to_string(at.join("summary.md")).unwrap().contains("| t/a.jsonl | "));
    let sarif = fs::read_to_string(reports.join("report.sarif")).unwrap();
    let _: Value = serde_json::from_str(&sarif).unwrap();
    assert!(fs::read_to_string(reports.join("junit.xml")).unwrap().contains("<testsuites>"));
    assert_eq!(fs::read_to_string(reports.join("report.json")).unwrap().lines().count(), 5);
    for page in ["t_a.jsonl", "t_x__1_.jsonl"] {
        let page = reports.join("pages").join(page);
        let text = fs::read_to_string(page.with_extension("jsonl.txt")).unwrap();
        assert!(text.contains("error[or-set/value]"), "{text}");
        let html = fs::read_to_string(page.with_extension("jsonl.html")).unwrap();
        assert!(html.starts_with("<!doctype html>"), "{:.80}", html);
    }
    assert!(!reports.join("pages/t_good.jsonl.txt").exists());
}

/// A counter that two count at once, and a text that is written by one.
const COUNTED: &str = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"n":{"type":"pn-counter"}}}
{"event":"op","replica":"a","object":"n","op":"increment"}
{"event":"op","replica":"b","object":"n","op":"decrement"}
{"event":"read","replica":"a","object":"n","value":1}
{"event":"sync","replicas":["a","b"]}
{"event":"read","replica":"a","object":"n","value":0}
{"event":"read","replica":"b","object":"n","value":-1}
"#;
const WRITTEN: &str = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"text":{"type":"list"}}}
{"event":"op","replica":"a","object":"text","op":"insert","element":"1"}
{"event":"sync","replicas":["a","b"]}
{"event":"op","replica":"b","object":"text","op":"insert","element":"2","after":"1"}
{"event":"read","replica":"b","object":"text","value":["1","2"]}
"#;

#[test]
fn what_a_folder_covers_is_the_same_in_text_markdown_and_json() {
    let folder = folder(&[("t/counted.jsonl", COUNTED), ("t/written.jsonl", WRITTEN)]);
    let expected = [
        ["pn-counter/value", "n", "3", "2", "1"],
        ["list/value", "text", "1", "0", "0"],
        ["list/order", "text", "2", "0", "0"],
    ];
    let in_form = |form| check(folder.path(), &["check", "t", "--format", form], 1).0;
    let text = in_form("text");
    let words = |line: &str| line.split_whitespace().map(String::from).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = text.lines().map(words).collect();
    let head = ["rule", "object", "claims", "tested", "findings"];
    let at = lines.iter().position(|line| *line == head).expect("there is a table");
    assert_eq!(lines[at + 1..=at + expected.len()], expected, "{text}");
    let markdown = in_form("markdown");
    for row in &expected {
        assert!(markdown.contains(&format!("\n| {} |\n", row.join(" | "))), "{markdown}");
    }
    let json = in_form("json");
    let mut rows = Vec::new();
    for line in json.lines() {
        let report: serde_json::Value = serde_json::from_str(line).unwrap();
        for row in report["coverage"]["rules"].as_array().unwrap() {
            let is_of = |finding: &&serde_json::Value| {
                finding["rule"] == row["rule"] && finding["object"] == row["object"]
            };
            let findings = report["findings"].as_array().unwrap().iter().filter(is_of).count();
            let [rule, object] = ["rule", "object"].map(|of| row[of].as_str().unwrap().to_string());
            let [claims, tested] = ["claims", "tested"].map(|of| row[of].to_string());
            rows.push([rule, object, claims, tested, findings.to_string()]);
        }
    }
    rows.sort();
    let mut sorted = expected.map(|row| row.map(String::from));
    sorted.sort();
    assert_eq!(rows, sorted, "{json}");
}

#[test]
fn a_folder_in_which_nothing_was_contested_says_so_once() {
    let folder = folder(&[("t/1.jsonl", WRITTEN), ("t/2.jsonl", WRITTEN)]);
    let advice = "2 traces conformed, and no key was decided and no object was changed by two at once: use fewer objects and \
         keys, and let replicas edit apart";
    for form in ["text", "markdown"] {
        let (out, _) = check(folder.path(), &["check", "t", "--format", form], 0);
        assert_eq!(out.matches(advice).count(), 1, "{out}");
    }
    let (out, _) = check(folder.path(), &["check", "t/1.jsonl"], 0);
    assert!(
        out.contains("\n  no object was changed by two at once, so that little was put"),
        "{out}"
    );
}
