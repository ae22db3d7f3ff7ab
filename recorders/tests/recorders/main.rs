//! The recorders that users copy, and the session that was recorded with one of them.
//!
//! Shows: the three recorders write the same trace; the README beside them and docs/record.md tell
//! what was run; the working day that ships is, byte for byte, what its program records.

#[path = "../../working_day/main.rs"]
#[expect(dead_code, reason = "a test does not start the program's `main`")]
mod working_day;

mod how_to;
#[path = "../../last.rs"]
mod last;
mod last_session;
mod session;

use rejoin_judge::{Options, Verdict, check};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

const WORKING_DAY: &str = include_str!("../../../examples/working-day.jsonl");

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a member has a workspace")
}

/// The lines of a trace, with integers too great for a JavaScript number as decimal strings: a
/// trace may hold either, and they mean the same.
fn lines(trace: &str) -> Vec<Value> {
    trace.lines().map(|line| decimal(serde_json::from_str(line).expect("a line is JSON"))).collect()
}

fn decimal(value: Value) -> Value {
    match value {
        Value::Number(n) if n.as_u64().is_some_and(|n| n >= 1 << 53) => n.to_string().into(),
        Value::Array(items) => items.into_iter().map(decimal).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, decimal(value))).collect()
        }
        other => other,
    }
}

/// The trace of the small session, recorded in Rust.
fn in_rust() -> String {
    let mut trace = Vec::new();
    session::record(&mut trace).expect("memory takes every line");
    String::from_utf8(trace).expect("a trace is UTF-8")
}

/// The trace of the small session, recorded by a script in a folder where it finds the recorder
/// beside it. `None` where the machine cannot run the script; in CI that is a failure.
fn by_script(program: &str, recorders: &[&str], script: &str) -> Option<String> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("recorders").join(script);
    fs::create_dir_all(&folder).unwrap();
    for recorder in recorders {
        fs::copy(repository().join("recorders").join(recorder), folder.join(recorder)).unwrap();
    }
    fs::copy(repository().join("recorders/tests/recorders").join(script), folder.join(script))
        .unwrap();
    // What a JavaScript project says whose files are ES modules.
    fs::write(folder.join("package.json"), "{\"type\":\"module\"}\n").unwrap();
    let _ = fs::remove_file(folder.join("trace.jsonl"));
    match Command::new(program).arg(script).current_dir(&folder).output() {
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{program} {script} failed:\n{errors}");
            Some(fs::read_to_string(folder.join("trace.jsonl")).unwrap())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let ci = env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!ci, "CI must run {script}, but `{program}` is not installed");
            // Not `eprintln`: the test harness shows that only when a test fails.
            let notice = format!("left out: {script}, as `{program}` is not installed\n");
            let _ = io::stderr().write_all(notice.as_bytes());
            None
        }
        Err(error) => panic!("`{program}` cannot be started: {error}"),
    }
}

#[test]
fn the_javascript_recorder_writes_what_the_rust_recorder_writes() {
    if let Some(trace) = by_script("node", &["recorder.js"], "session.js") {
        assert_eq!(lines(&trace), lines(&in_rust()));
        assert_conforms(&trace, 6);
        assert!(
            trace.contains("\"amount\":\"9007199254740993\""),
            "2^53 + 1 is not exact:\n{trace}"
        );
    }
}

#[test]
fn the_python_recorder_writes_what_the_rust_recorder_writes() {
    if let Some(trace) = by_script("python3", &["recorder.py"], "session.py") {
        assert_eq!(lines(&trace), lines(&in_rust()));
        assert_conforms(&trace, 6);
    }
}

/// What is kept of a long session: judged from a base, and the last answer is found false.
fn assert_last_kept(trace: &str) {
    let kept = lines(trace);
    // Four hours of seven events; the loads of the first of them are the base.
    assert_eq!(kept.len(), 1 + 2 + 4 * 7 + 1, "{trace}");
    let report = check(|| Ok(trace.as_bytes()), &Options::default()).expect("memory can be read");
    assert_eq!(report.verdict, Verdict::Discrepancy, "{report:#?}");
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].line, kept.len() as u64);
    assert_eq!(report.findings[0].expected.as_deref(), Some("30"));
}

#[test]
fn the_last_events_are_kept_with_a_base_to_judge_them_from() {
    let mut trace = Vec::new();
    last_session::record(&mut trace).expect("memory takes every line");
    let in_rust = String::from_utf8(trace).expect("a trace is UTF-8");
    assert_last_kept(&in_rust);
    if let Some(trace) = by_script("python3", &["recorder.py", "last.py"], "last_session.py") {
        assert_eq!(lines(&trace), lines(&in_rust));
    }
    if let Some(trace) = by_script("node", &["recorder.js", "last.js"], "last_session.js") {
        assert_eq!(lines(&trace), lines(&in_rust));
    }
}

/// What the recorders write is judged, and its claims hold.
fn assert_conforms(trace: &str, claims: u64) {
    let report = check(|| Ok(trace.as_bytes()), &Options::default()).expect("memory can be read");
    assert_eq!(report.verdict, Verdict::Conforms, "{report:#?}");
    assert_eq!(report.claims, claims);
}

#[test]
fn the_rust_recorder_and_the_working_day_conform() {
    assert_conforms(&in_rust(), 6);
    assert_conforms(WORKING_DAY, 148);
}

#[test]
fn a_recorder_has_at_most_30_lines() {
    for recorder in ["recorder.js", "recorder.py", "recorder.rs", "last.js", "last.py"] {
        let text = fs::read_to_string(repository().join("recorders").join(recorder)).unwrap();
        let count = text.lines().count();
        assert!(count <= 30, "recorders/{recorder} has {count} lines, at most 30 are promised");
    }
}

/// Every example of a page stands, line by line, in a script that the tests above run.
fn assert_shows_what_is_run(page: &str, scripts: &BTreeMap<&str, &str>) {
    let text = fs::read_to_string(repository().join(page)).unwrap();
    let trimmed = |text: &str| Vec::from_iter(text.trim().lines().map(|l| l.trim().to_owned()));
    let mut shown = BTreeMap::<&str, usize>::new();
    for block in text.split("\n```").skip(1).step_by(2) {
        let (language, example) = block.split_once('\n').expect("a block has a first line");
        if language == "jsonl" {
            continue;
        }
        let script = scripts.get(language).unwrap_or_else(|| panic!("no script runs `{language}`"));
        let example = trimmed(example);
        assert!(
            trimmed(script).windows(example.len()).any(|lines| *lines == example),
            "{page}: this {language} example is not part of the tested script:\n{}",
            example.join("\n"),
        );
        *shown.entry(language).or_default() += 1;
    }
    assert_eq!(shown.len(), scripts.len(), "{page} has an example in each language");
    if page == RECORD {
        let counts: BTreeSet<usize> = shown.into_values().collect();
        assert_eq!(counts.len(), 1, "{page} has each example in each language");
    }
}

const RECORD: &str = "docs/record.md";

#[test]
fn the_readme_shows_what_is_run() {
    let scripts = BTreeMap::from([
        ("js", concat!(include_str!("session.js"), include_str!("last_session.js"))),
        ("python", concat!(include_str!("session.py"), include_str!("last_session.py"))),
        ("rust", concat!(include_str!("session.rs"), include_str!("last_session.rs"))),
    ]);
    assert_shows_what_is_run("recorders/README.md", &scripts);
}

#[test]
fn how_to_record_shows_what_is_run() {
    let scripts = BTreeMap::from([
        ("js", include_str!("how_to.js")),
        ("python", include_str!("how_to.py")),
        ("rust", include_str!("how_to.rs")),
    ]);
    assert_shows_what_is_run(RECORD, &scripts);
}

/// The traces of docs/record.md that its examples record are, line by line, what they record, in
/// each language. tests/judge/pages.rs judges them.
#[test]
fn how_to_record_has_the_traces_that_its_examples_record() {
    let page = fs::read_to_string(repository().join(RECORD)).unwrap();
    let traces =
        page.split("\n```jsonl\n").skip(1).map(|block| block.split_once("\n```").unwrap().0);
    let shown: String = traces.map(|trace| format!("{trace}\n")).collect();
    let mut trace = Vec::new();
    how_to::record(&mut trace).expect("memory takes every line");
    let in_rust = String::from_utf8(trace).expect("a trace is UTF-8");
    let of_page = |trace: &str| {
        let count = trace.lines().count();
        assert_eq!(lines(trace), lines(&shown)[..count]);
        trace.matches("{\"trace\"").count()
    };
    assert_eq!(of_page(&in_rust), 9);
    for (program, recorder, script) in
        [("node", "recorder.js", "how_to.js"), ("python3", "recorder.py", "how_to.py")]
    {
        if let Some(trace) = by_script(program, &[recorder], script) {
            assert_eq!(of_page(&trace), 9);
        }
    }
}

#[test]
fn the_working_day_is_what_its_program_records() {
    let recorded = String::from_utf8(working_day::record()).expect("a trace is UTF-8");
    for (number, (now, committed)) in recorded.lines().zip(WORKING_DAY.lines()).enumerate() {
        assert_eq!(now, committed, "examples/working-day.jsonl differs on line {}", number + 1);
    }
    assert!(recorded == WORKING_DAY, "examples/working-day.jsonl has another length");
}

/// A working day on a bad network: what its story tells does happen in it.
#[test]
fn the_working_day_has_lost_repeated_and_late_messages() {
    let (mut sent, mut received) = (Vec::new(), Vec::new());
    for line in lines(WORKING_DAY) {
        match line["event"].as_str() {
            Some("send") => sent.push(line["message"].clone()),
            Some("receive") => received.push(line["message"].clone()),
            _ => {}
        }
    }
    let times = |message| received.iter().filter(|other| *other == message).count();
    let order = |message| sent.iter().position(|other| other == message);
    assert!(sent.iter().any(|message| times(message) == 0), "no message is lost");
    assert!(sent.iter().any(|message| times(message) > 1), "no message is repeated");
    assert!(received.windows(2).any(|w| order(&w[0]) > order(&w[1])), "no message is late");
}
