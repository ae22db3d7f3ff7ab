//! `explain`, `slice` and `diff`, as their users run them.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

pub const TRACE: &str = r#"{"trace":"rejoin/1","replicas":["a","b","c"],"objects":{"s":{"type":"or-set"}}}
{"event":"op","replica":"c","object":"s","op":"add","element":"w"}
{"event":"op","replica":"a","object":"s","op":"add","element":"x","id":"o1"}
{"event":"op","replica":"a","object":"s","op":"add","element":"y"}
{"event":"send","replica":"a","message":"m1"}
{"event":"receive","replica":"b","message":"m1"}
{"event":"read","replica":"b","object":"s","value":["y","x"]}
{"event":"read","replica":"b","object":"s","value":[]}
"#;

pub fn oracle(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oracle"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1");
    command.output().expect("the oracle starts")
}

#[track_caller]
pub fn check(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let output = oracle(folder, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (out, err)
}

pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn scenario(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/scenarios").join(name)
}

#[test]
fn a_claim_is_explained_whether_it_holds_or_not() {
    let folder = folder(&[("t.jsonl", TRACE), ("bad.jsonl", "{}\n")]);
    let (out, _) = check(folder.path(), &["explain", "t.jsonl:7"], 0);
    assert!(out.starts_with("holds[or-set/value]: `s` at `b` is as claimed\n"), "{out}");
    assert!(out.contains("`x` was added on line 3 at `a`"), "{out}");
    let (out, _) = check(folder.path(), &["explain", "t.jsonl:8"], 1);
    assert!(out.starts_with("error[or-set/value]: "), "{out}");
    let (out, _) = check(folder.path(), &["explain", "t.jsonl"], 1);
    assert!(out.contains("t.jsonl:8:") && out.ends_with("1 of 2 claims is false\n"), "{out}");
    let (_, err) = check(folder.path(), &["explain", "t.jsonl:3"], 2);
    assert!(err.contains("line 3 is `op`, which claims nothing"), "{err}");
    check(folder.path(), &["explain", "bad.jsonl"], 3);
    check(folder.path(), &["explain", "none.jsonl:3"], 66);
    check(folder.path(), &["explain", "."], 64);
}

/// A counter that loses an increment of its own between lines 4 and 8, and is wrong from then on.
const LOST: &str = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"n":{"type":"g-counter"},"s":{"type":"g-set"}}}
{"event":"op","replica":"a","object":"n","op":"increment"}
{"event":"op","replica":"a","object":"s","op":"add","element":"x"}
{"event":"read","replica":"a","object":"n","value":1}
{"event":"op","replica":"a","object":"n","op":"increment"}
{"event":"merge","replica":"a","from":"b"}
{"event":"merge","replica":"a","from":"b"}
{"event":"read","replica":"a","object":"n","value":1}
{"event":"read","replica":"a","object":"n","value":1}
{"event":"read","replica":"a","object":"s","value":["x"]}
"#;

#[test]
fn an_argument_says_since_when_and_findings_that_repeat_another_are_only_named() {
    let folder = folder(&[("t.jsonl", LOST)]);
    let (out, _) = check(folder.path(), &["explain", "t.jsonl"], 1);
    assert_eq!(out.matches("error[").count(), 1, "{out}");
    assert!(
        out.contains("since: `n` was right at `a` on line 4, 1, and is wrong on line 8"),
        "{out}"
    );
    assert!(out.contains("- line 5: 1 was counted"), "{out}");
    assert!(out.contains("line 6 (merge from `b`), line 7 (merge from `b`)"), "{out}");
    assert!(out.contains("1 more false claim (1 g-counter/value); --all shows each"), "{out}");
    assert!(out.contains("g-counter/value on `n`: at `a`, line 9"), "{out}");
    assert!(out.contains("`n` went wrong 1 time, with 2 false claims:"), "{out}");
    let (out, _) = check(folder.path(), &["explain", "--all", "t.jsonl"], 1);
    assert_eq!(out.matches("error[").count(), 2, "{out}");
    assert!(out.contains("since: it is wrong as it was on line 8 already"), "{out}");
}

#[test]
fn all_claims_are_listed_with_their_verdicts() {
    let folder = folder(&[("t.jsonl", LOST)]);
    let (out, _) = check(folder.path(), &["explain", "--claims", "t.jsonl"], 1);
    let expected = " 4  right  a  n  g-counter/value  1\n \
                    8  false  a  n  g-counter/value  1\n \
                    9  false  a  n  g-counter/value  1\n\
                    10  right  a  s  g-set/value      [\"x\"]\n";
    assert_eq!(out, expected);
    let (out, _) = check(folder.path(), &["explain", "--claims", "--object", "s", "t.jsonl"], 0);
    assert_eq!(out, "10  right  a  s  g-set/value  [\"x\"]\n");
    let (out, _) = check(folder.path(), &["explain", "--claims", "--replica", "b", "t.jsonl"], 0);
    assert_eq!(out, "");
}

/// The fields that section 7 of spec/trace-format.md names.
#[test]
fn the_json_report_says_since_when_and_what_false_claims_have_in_common() {
    let folder = folder(&[("t.jsonl", LOST)]);
    let (out, _) = check(folder.path(), &["check", "t.jsonl", "--format", "json"], 1);
    let report: Value = serde_json::from_str(&out).unwrap();
    let [first, second] = &report["findings"].as_array().unwrap()[..] else { panic!("{out}") };
    assert_eq!(first["onset"]["before"], 4);
    assert_eq!(first["onset"]["held"], true);
    assert_eq!(first["onset"]["line"], 8);
    assert_eq!(first["onset"]["window"].as_array().unwrap().len(), 3);
    assert_eq!(second["onset"]["line"], 8);
    let differences = serde_json::json!([
        {"kind": "other", "what": "1 too little", "new": false, "text": "1 too little"}
    ]);
    assert_eq!(second["differences"], differences);
    let [pattern] = &report["patterns"].as_array().unwrap()[..] else { panic!("{out}") };
    assert_eq!(pattern["object"], "n");
    assert_eq!((&pattern["findings"], &pattern["windows"]), (&2.into(), &1.into()));
    assert_eq!(pattern["entries"].as_array().unwrap().len(), 1);
    assert!(pattern["facts"].is_array());
}

#[test]
fn a_slice_is_a_trace_with_the_same_verdict() {
    let folder = folder(&[("t.jsonl", TRACE)]);
    let (out, err) = check(folder.path(), &["slice", "t.jsonl:8"], 0);
    assert!(err.contains("t.jsonl:8 is line 7 of the slice, which has 6 of 8 lines"), "{err}");
    assert!(err.contains("the claim is false by `or-set/value`"), "{err}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 7);
    let note: Value = serde_json::from_str(lines[1]).unwrap();
    let text = "line 8 of t.jsonl and what it depends on: lines 1, 3-6, 8";
    assert_eq!(note["text"], text);
    check(folder.path(), &["slice", "t.jsonl:8", "-o", "s.jsonl"], 0);
    assert_eq!(fs::read_to_string(folder.path().join("s.jsonl")).unwrap(), out);
    let (out, _) = check(folder.path(), &["check", "s.jsonl", "--format", "json"], 1);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["findings"][0]["line"], 7);
    check(folder.path(), &["slice", "t.jsonl"], 64);
    check(folder.path(), &["slice", "t.jsonl:2"], 2);
}

#[test]
fn traces_differ_in_meaning_only() {
    // Other names, another interleaving, other white space, and the set in another order.
    let same = r#"{"trace": "rejoin/1", "replicas": ["c","b","a"], "objects": {"s":{"type":"or-set"}}, "note": "n"}
{"event":"op","replica":"a","object":"s","op":"add","element":"x","x-at":3}
{"event":"op","replica":"a","object":"s","op":"add","element":"y","id":"p"}
{"event":"send","replica":"a","message":"other","to":"b"}
{"event":"op","replica":"c","object":"s","op":"add","element":"w"}
{"event":"note","text":"now"}
{"event":"receive","replica":"b","message":"other"}
{"event":"read","replica":"b","object":"s","value":["x","y"]}
{"event":"read","replica":"b","object":"s","value":[]}
"#;
    let answered = same.replace(r#"["x","y"]"#, r#"["x"]"#);
    let shorter =
        TRACE.replace("{\"event\":\"receive\",\"replica\":\"b\",\"message\":\"m1\"}\n", "");
    let typed = TRACE.replace("or-set", "g-set");
    let folder = folder(&[
        ("a.jsonl", TRACE),
        ("same.jsonl", same),
        ("answered.jsonl", &answered),
        ("shorter.jsonl", &shorter),
        ("typed.jsonl", &typed),
        ("bad.jsonl", "{}\n"),
    ]);
    let (out, _) = check(folder.path(), &["diff", "a.jsonl", "same.jsonl"], 0);
    assert_eq!(out, "both mean the same: 7 events of 3 replicas\n");
    let (out, _) = check(folder.path(), &["diff", "a.jsonl", "answered.jsonl"], 1);
    let first = "they differ first at `b`, after 1 event that is the same there, in `value`\n";
    assert!(out.starts_with(first), "{out}");
    assert!(out.contains("  a.jsonl:7: ") && out.contains("  answered.jsonl:8: "), "{out}");
    let (out, _) = check(folder.path(), &["diff", "a.jsonl", "shorter.jsonl"], 1);
    assert!(out.starts_with("they differ first at `b`, after 0 events that are the same"), "{out}");
    let (out, _) = check(folder.path(), &["diff", "a.jsonl", "typed.jsonl"], 1);
    assert!(out.contains("object `s` is or-set in the one and g-set in the other"), "{out}");
    check(folder.path(), &["diff", "a.jsonl", "bad.jsonl"], 3);
    check(folder.path(), &["diff", "a.jsonl", "none.jsonl"], 66);
}

#[test]
fn every_scenario_means_what_it_means_and_differs_from_its_twin() {
    let folder = TempDir::new().unwrap();
    for entry in fs::read_dir(scenario("")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".rejected.jsonl") else { continue };
        let twin = format!("{stem}.jsonl");
        check(folder.path(), &["diff", &twin, &twin], 0);
        check(folder.path(), &["diff", &twin, &name], 1);
    }
}

#[test]
fn replicas_in_files_differ_by_value_and_by_what_they_have_seen() {
    let folder = folder(&[("t.jsonl", TRACE)]);
    let at = folder.path();
    check(at, &["sync", "init", "a.db", "--name", "a"], 0);
    check(at, &["sync", "init", "b.db", "--name", "b"], 0);
    let (out, _) = check(at, &["diff", "a.db", "b.db"], 0);
    assert_eq!(out, "`a` and `b` have seen the same and hold the same\n");
    check(at, &["sync", "edit", "a.db", "add", "approved", "mapping_X", "--user", "ana"], 0);
    let (out, _) = check(at, &["diff", "a.db", "b.db"], 1);
    assert!(out.contains("a.db: \"mapping_X\"\n  b.db: not there\n"), "{out}");
    assert!(out.contains("has seen 1 operation on it, b.db 0"), "{out}");
    check(at, &["diff", "a.db", "t.jsonl"], 64);
}
