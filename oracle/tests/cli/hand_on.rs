//! Traces that are handed on without their names and values, and traces that are still being written.

use crate::see::{TRACE, check, folder};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Lines and rules.
type Places = Vec<(u64, String)>;

/// What a report says apart from names: the verdict, where what was found, and what was warned of.
fn judged(report: &str) -> (String, Places, Places) {
    let report: Value = serde_json::from_str(report).unwrap();
    let list = |field: &str| {
        let items = report[field].as_array().cloned().unwrap_or_default();
        let item = |item: Value| {
            (item["line"].as_u64().unwrap(), item["rule"].as_str().unwrap().to_string())
        };
        // A value that is no exact integer is replaced as any other.
        items.into_iter().map(item).filter(|(_, rule)| rule != "inexact-number").collect()
    };
    (report["verdict"].as_str().unwrap().into(), list("findings"), list("warnings"))
}

#[test]
fn an_anonymous_trace_of_every_scenario_has_its_verdict() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/scenarios");
    let folder = folder(&[]);
    for entry in fs::read_dir(scenarios).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "jsonl") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        // Digests of names and values cannot be kept.
        if text.contains("\"algorithm\":\"rejoin/1\"") {
            continue;
        }
        let name = path.to_string_lossy();
        check(folder.path(), &["anonymize", &name, "-o", "a.jsonl"], 0);
        let code = if name.ends_with(".rejected.jsonl") { 1 } else { 0 };
        let (before, _) = check(folder.path(), &["check", &name, "--format", "json"], code);
        let (after, _) = check(folder.path(), &["check", "a.jsonl", "--format", "json"], code);
        assert_eq!(judged(&before), judged(&after), "{name}");
    }
}

/// All strings of a JSON value, names of members included.
fn strings(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            found.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            found.insert(name.clone());
            strings(value, found);
        }),
        _ => {}
    }
}

#[test]
fn no_name_or_value_occurs_in_an_anonymous_trace() {
    let trace = r#"{"trace":"rejoin/1","replicas":["zoe-laptop","amy-phone"],"objects":{"salaries":{"type":"lww-map"},"staff":{"type":"or-set"},"peak":{"type":"max-register"},"minutes":{"type":"opaque"},"essay":{"type":"list"}},"implementation":{"name":"payroll"},"note":"confidential"}
{"event":"op","replica":"amy-phone","object":"salaries","op":"put","key":"bob","value":{"eur":7100,"tags":[true,"secret"]},"timestamp":1700000000123,"id":"op-77","user":"carol","x-host":"10.0.0.7"}
{"event":"op","replica":"zoe-laptop","object":"salaries","op":"put","key":"bob","value":"gone","timestamp":1700000000123}
{"event":"op","replica":"amy-phone","object":"staff","op":"add","element":"eve"}
{"event":"op","replica":"amy-phone","object":"peak","op":"write","value":987654321}
{"event":"op","replica":"amy-phone","object":"minutes","op":"dictate","arguments":{"said":"hush"}}
{"event":"op","replica":"amy-phone","object":"essay","op":"insert","element":"char-1","value":"Q"}
{"event":"note","text":"lunch at noon"}
{"event":"save","replica":"zoe-laptop","snapshot":"before-raise"}
{"event":"send","replica":"amy-phone","message":"mail-1","to":"zoe-laptop"}
{"event":"receive","replica":"zoe-laptop","message":"mail-1"}
{"event":"read","replica":"zoe-laptop","object":"salaries","value":{"bob":{"eur":7100,"tags":[true,"secret"]}}}
{"event":"read","replica":"zoe-laptop","object":"salaries","value":{"bob":"gone"}}
{"event":"read","replica":"zoe-laptop","object":"peak","value":987654321}
{"event":"read","replica":"zoe-laptop","object":"minutes","query":"summary","value":"nothing yet"}
{"event":"digest","replica":"zoe-laptop","algorithm":"sha-private","digest":"c0ffee"}
{"event":"vector","replica":"zoe-laptop","vector":{"zoe-laptop":1,"amy-phone":5}}
{"event":"decisions","replica":"zoe-laptop","object":"salaries","decisions":[{"key":"bob","kept":[{"replica":"zoe-laptop","seq":1}],"superseded":[{"replica":"amy-phone","seq":1}]}]}
{"event":"notices","replica":"zoe-laptop","user":"carol","notices":[{"object":"salaries","key":"bob","replica":"amy-phone","seq":1}]}
{"event":"state","replica":"zoe-laptop","object":"staff","state":{"adds":[{"element":"eve","replica":"amy-phone","seq":2}],"removes":[]}}
{"event":"failed","replica":"zoe-laptop","text":"cannot open /home/zoe","object":"staff","message":"mail-1"}
"#;
    let folder = folder(&[("t.jsonl", trace)]);
    let (out, _) = check(folder.path(), &["anonymize", "t.jsonl"], 0);
    fs::write(folder.path().join("a.jsonl"), &out).unwrap();
    let (before, _) = check(folder.path(), &["check", "t.jsonl", "--format", "json"], 1);
    let (after, _) = check(folder.path(), &["check", "a.jsonl", "--format", "json"], 1);
    assert_eq!(judged(&before), judged(&after));
    assert_eq!(judged(&before).1.len(), 2, "{before}");
    let mut given = BTreeSet::new();
    trace.lines().for_each(|line| strings(&serde_json::from_str(line).unwrap(), &mut given));
    // What the format itself says is no name of the user's.
    let format = "trace rejoin/1 replicas objects type event op replica object key value timestamp id \
                  user element send receive read message to snapshot save note text query vector \
                  digest algorithm decisions kept superseded seq notices state adds removes failed \
                  lww-map or-set max-register opaque list put add write insert arguments \
                  implementation name";
    given.retain(|word| !format.split_whitespace().any(|known| known == word));
    assert!(given.len() > 25);
    let mut kept = BTreeSet::new();
    out.lines().for_each(|line| strings(&serde_json::from_str(line).unwrap(), &mut kept));
    let leaked: Vec<_> = given.intersection(&kept).collect();
    assert!(leaked.is_empty(), "{leaked:?} in\n{out}");
    for number in ["7100", "1700000000123", "987654321", "10.0.0.7"] {
        assert!(!out.contains(number), "{number} in\n{out}");
    }
}

/// Names that the program would have given itself.
#[test]
fn a_new_name_is_no_name_of_the_trace() {
    let trace = r#"{"trace":"rejoin/1","replicas":["r2","r1"],"objects":{"o1":{"type":"lww-map"},"k_x7":{"type":"or-set"}}}
{"event":"op","replica":"r1","object":"o1","op":"put","key":"k1","value":"v1","timestamp":3,"user":"u1","id":"i1"}
{"event":"op","replica":"r2","object":"o1","op":"put","key":"m1","value":{"v":"2"},"timestamp":4}
{"event":"op","replica":"r2","object":"k_x7","op":"add","element":"unknown1"}
{"event":"send","replica":"r1","message":"m1"}
{"event":"receive","replica":"r2","message":"m1"}
{"event":"read","replica":"r2","object":"o1","value":{"k1":"v1","m1":{"v":"2"}}}
{"event":"read","replica":"r2","object":"o1","value":{"k1":"v1","m1":{"v":"3"}}}
"#;
    let folder = folder(&[("t.jsonl", trace)]);
    let (out, _) = check(folder.path(), &["anonymize", "t.jsonl", "-o", "a.jsonl"], 0);
    assert_eq!(out, "");
    let out = fs::read_to_string(folder.path().join("a.jsonl")).unwrap();
    let all = |text: &str| {
        let mut found = BTreeSet::new();
        text.lines().for_each(|line| strings(&serde_json::from_str(line).unwrap(), &mut found));
        found
    };
    let given = ["r1", "r2", "o1", "k_x7", "k1", "v1", "u1", "i1", "m1", "2", "3", "unknown1"];
    let kept = all(&out);
    let leaked: Vec<_> = given.iter().filter(|name| kept.contains(**name)).collect();
    assert!(leaked.is_empty(), "{leaked:?} in\n{out}");
    assert!(out.contains(r#""replicas":["r__2","r__1"]"#), "{out}");
    let (before, _) = check(folder.path(), &["check", "t.jsonl", "--format", "json"], 1);
    let (after, _) = check(folder.path(), &["check", "a.jsonl", "--format", "json"], 1);
    assert_eq!(judged(&before), judged(&after));
}

#[test]
fn a_trace_without_an_end_is_not_anonymized_in_part() {
    let folder = folder(&[("bad.jsonl", &(TRACE.to_string() + "{\"event\":\"red\"}\n"))]);
    let (out, err) = check(folder.path(), &["anonymize", "bad.jsonl"], 3);
    assert!(out.is_empty() && err.contains("line 9"), "{err}");
}

/// The program as it follows a trace.
fn following(folder: &Path, more: &[&str]) -> (std::process::Child, impl Iterator<Item = String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oracle"));
    command.args(["check", "t.jsonl", "--follow"]).args(more);
    command.current_dir(folder).env("NO_COLOR", "1").stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines.map_while(Result::ok))
}

#[test]
fn a_trace_is_followed_while_it_is_written_until_a_signal() {
    let lines: Vec<&str> = TRACE.lines().collect();
    let folder = folder(&[("t.jsonl", &(lines[..7].join("\n") + "\n"))]);
    let (mut child, mut shown) = following(folder.path(), &[]);
    let mut file = OpenOptions::new().append(true).open(folder.path().join("t.jsonl")).unwrap();
    // Half a line is waited for.
    file.write_all(&lines[7].as_bytes()[..20]).unwrap();
    file.write_all(&lines[7].as_bytes()[20..]).unwrap();
    file.write_all(b"\n").unwrap();
    let first = shown.next().unwrap();
    assert!(first.starts_with("error[or-set/value]"), "{first}");
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let last = shown.last().unwrap();
    assert_eq!(last, "t.jsonl: discrepancy: 1 of 2 claims is false");
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn following_ends_when_nothing_is_written_any_more() {
    let lines: Vec<&str> = TRACE.lines().collect();
    let folder = folder(&[("t.jsonl", &lines[..7].join("\n"))]);
    let (mut child, shown) = following(folder.path(), &["--idle", "0"]);
    assert!(shown.into_iter().any(|line| line.starts_with("t.jsonl: conforms")));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    check(folder.path(), &["check", "t.jsonl", "--idle", "3"], 64);
    check(folder.path(), &["check", "t.jsonl", "t.jsonl", "--follow", "--idle", "0"], 64);
    check(folder.path(), &["check", "none.jsonl", "--follow", "--idle", "0"], 66);
}
