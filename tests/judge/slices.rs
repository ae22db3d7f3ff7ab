//! The slice of each claim has the claim's verdict, and everything that happened before the claim;
//! each claim has an argument, whether it holds or not.

use crate::random_traces::{explicit, own_stamps, world};
use proptest::prelude::*;
use rejoin_judge::{Options, Report, Verdict, cited, explain, slice, slice_of_object};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

fn check(trace: &str) -> Report {
    rejoin_judge::check(|| Ok(trace.as_bytes()), &Options::default()).expect("memory can be read")
}

/// The lines that happened before a line, by definition: the lines of one replica in the order of
/// the file, a message after its send, and with a message those that it leaves out or relays.
fn happened_before(lines: &[Value], claim: usize) -> BTreeSet<usize> {
    let at = |line: &Value| -> Vec<String> {
        let names = ["replica", "from", "replicas"].iter().filter_map(|field| line.get(*field));
        let names = names.flat_map(|names| match names {
            Value::Array(names) => names.clone(),
            name => vec![name.clone()],
        });
        names.filter_map(|name| name.as_str().map(String::from)).collect()
    };
    let is_act = |line: &Value| {
        let event = line["event"].as_str().unwrap_or_default();
        ["op", "send", "receive", "merge", "sync", "save", "restore", "load"].contains(&event)
    };
    let mut before = BTreeSet::new();
    let mut open = vec![claim];
    while let Some(line) = open.pop() {
        let replicas = at(&lines[line]);
        let mut messages = Vec::new();
        if lines[line]["event"] == "receive" || lines[line]["event"] == "failed" {
            messages.push(lines[line]["message"].clone());
        }
        for field in ["since", "relays"] {
            messages.extend(lines[line][field].as_array().into_iter().flatten().cloned());
        }
        for (earlier, act) in lines.iter().enumerate().take(line).skip(1) {
            let is_own = is_act(act) && at(act).iter().any(|name| replicas.contains(name));
            let is_sent = act["event"] == "send" && messages.contains(&act["message"]);
            if (is_own || is_sent) && before.insert(earlier) {
                open.push(earlier);
            }
        }
    }
    before
}

/// Compares the slice of every claim with the whole trace; returns how many lines slices left out.
#[track_caller]
fn hold_slices(trace: &str) -> usize {
    let report = check(trace);
    let texts: Vec<&str> = trace.lines().collect();
    let lines: Vec<Value> =
        texts.iter().map(|line| serde_json::from_str(line).unwrap_or_default()).collect();
    let judged = report.events as usize + 1;
    let (mut claims, mut left_out) = (0, 0);
    for number in 1..=judged as u64 {
        let explained = explain(|| Ok(trace.as_bytes()), number, &Options::default());
        let finding = report.findings.iter().find(|finding| finding.line == number);
        let Ok(explained) = explained.expect("memory can be read") else {
            assert_eq!(finding, None);
            let sliced = slice(|| Ok(trace.as_bytes()), number, &Options::default());
            assert!(sliced.expect("memory can be read").is_err());
            continue;
        };
        claims += 1;
        assert_eq!(explained.holds, finding.is_none(), "line {number} of\n{trace}");
        assert!(!explained.argument.because.is_empty(), "line {number} of\n{trace}");
        if let Some(finding) = finding {
            assert_eq!(*finding, explained.argument);
        }
        for line in cited(&explained.argument.because) {
            assert!(line <= number, "line {number} is argued for with line {line}:\n{trace}");
        }
        let sliced = slice(|| Ok(trace.as_bytes()), number, &Options::default());
        let sliced = sliced.expect("memory can be read").expect("a claim has a slice");
        let again = check(&sliced.text);
        assert!(
            !matches!(again.verdict, Verdict::Malformed | Verdict::IllFormed),
            "the slice of line {number} is {:?}:\n{}",
            again.error,
            sliced.text
        );
        let found = again.findings.iter().find(|finding| finding.line == sliced.at);
        assert_eq!(found.map(|found| found.rule), finding.map(|finding| finding.rule));
        assert_eq!(
            found.and_then(|found| found.expected.clone()),
            finding.and_then(|finding| finding.expected.clone())
        );
        assert_eq!(sliced.of, texts.len() as u64);
        assert_eq!(sliced.lines[sliced.at as usize - 1], number);
        assert!(sliced.lines.is_sorted_by(|a, b| a < b));
        let kept: Vec<&str> = sliced.text.lines().collect();
        let of: Vec<&str> = sliced.lines.iter().map(|line| texts[*line as usize - 1]).collect();
        assert_eq!(kept, of, "lines stay byte for byte");
        let kept: BTreeSet<usize> = sliced.lines.iter().map(|line| *line as usize - 1).collect();
        let before = happened_before(&lines, number as usize - 1);
        let missing: Vec<_> = before.difference(&kept).map(|line| line + 1).collect();
        assert!(missing.is_empty(), "the slice of line {number} lacks {missing:?} of\n{trace}");
        left_out += texts.len() - kept.len();
    }
    assert_eq!(claims, report.claims, "each claim is explained");
    left_out
}

#[test]
fn every_claim_of_every_scenario_has_a_slice() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/scenarios");
    let mut left_out = 0;
    for entry in fs::read_dir(folder).expect("there are scenarios") {
        let path = entry.expect("the folder can be read").path();
        if path.extension().is_some_and(|ending| ending == "jsonl") {
            left_out += hold_slices(&fs::read_to_string(path).expect("a scenario can be read"));
        }
    }
    assert!(left_out > 0);
}

#[test]
fn what_happened_apart_and_later_is_dropped_and_loads_elsewhere_are_kept() {
    let trace = r#"{"trace":"rejoin/1","replicas":["a","b","c"],"objects":{"s":{"type":"or-set"},"n":{"type":"g-counter"}}}
{"event":"load","replica":"c","object":"n","state":{"c":4}}
{"event":"op","replica":"a","object":"s","op":"add","element":"x"}
{"event":"read","replica":"a","object":"s","value":["x"]}
{"event":"op","replica":"c","object":"s","op":"add","element":"y"}
{"event":"send","replica":"a","message":"m"}
{"event":"op","replica":"a","object":"s","op":"add","element":"z"}
{"event":"op","replica":"b","object":"n","op":"increment"}
{"event":"receive","replica":"b","message":"m"}
{"event":"note","text":"now"}
{"event":"read","replica":"b","object":"s","value":[]}
{"event":"op","replica":"b","object":"s","op":"add","element":"w"}
"#;
    let sliced = slice(|| Ok(trace.as_bytes()), 11, &Options::default());
    let sliced = sliced.expect("memory can be read").expect("line 11 claims");
    assert_eq!(sliced.lines, [1, 2, 3, 6, 8, 9, 11]);
    assert_eq!((sliced.at, sliced.of, sliced.whole.holds), (7, 12, false));
    assert!(hold_slices(trace) > 0);
}

#[test]
fn a_false_answer_keeps_the_answers_that_it_contradicts() {
    let trace = r#"{"trace":"rejoin/1","replicas":["a","b","c"],"objects":{"o":{"type":"opaque"},"l":{"type":"list"}}}
{"event":"op","replica":"a","object":"l","op":"insert","element":"x"}
{"event":"op","replica":"b","object":"l","op":"insert","element":"y"}
{"event":"sync","replicas":["a","b"]}
{"event":"read","replica":"a","object":"l","value":["x","y"]}
{"event":"op","replica":"c","object":"o","op":"edit"}
{"event":"read","replica":"a","object":"o","value":1}
{"event":"read","replica":"c","object":"o","value":2}
{"event":"read","replica":"b","object":"o","value":1}
{"event":"read","replica":"b","object":"o","value":3}
{"event":"read","replica":"b","object":"l","value":["y","x"]}
"#;
    for (line, lines) in [(10, vec![1, 2, 3, 4, 7, 10]), (11, vec![1, 2, 3, 4, 5, 11])] {
        let sliced = slice(|| Ok(trace.as_bytes()), line, &Options::default());
        let sliced = sliced.expect("memory can be read").expect("the line claims");
        assert!(!sliced.explained.holds);
        assert_eq!(sliced.lines, lines);
    }
    hold_slices(trace);
}

#[test]
fn a_slice_of_one_object_leaves_out_the_others_where_the_claim_is_judged_alike() {
    let trace = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"s":{"type":"or-set"},"n":{"type":"g-counter"}}}
{"event":"op","replica":"a","object":"n","op":"increment"}
{"event":"op","replica":"a","object":"s","op":"add","element":"x"}
{"event":"sync","replicas":["a","b"]}
{"event":"read","replica":"b","object":"s","value":[]}
{"event":"vector","replica":"b","vector":{"a":1}}
"#;
    let of = |line, object| {
        slice_of_object(|| Ok(trace.as_bytes()), line, object, &Options::default())
            .expect("memory can be read")
    };
    let sliced = of(5, "s").expect("no other object is needed");
    assert_eq!(sliced.lines, [1, 3, 4, 5]);
    assert!(!sliced.explained.holds);
    let why = of(6, "s").expect_err("a vector counts the operations on all objects");
    assert!(why.contains("judged otherwise without the other objects than `s`"), "{why}");
    let why = of(5, "t").expect_err("there is no such object");
    assert_eq!(why, "object `t` is not declared");
}

#[test]
fn a_line_that_claims_nothing_is_refused_with_the_claims_around_it() {
    let trace = r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"n":{"type":"g-counter"}}}
{"event":"read","replica":"a","object":"n","value":0}
{"event":"op","replica":"a","object":"n","op":"increment"}
{"event":"read","replica":"a","object":"n","value":1}
{"event":"red"}
"#;
    let why = |line| {
        let explained = explain(|| Ok(trace.as_bytes()), line, &Options::default());
        explained.expect("memory can be read").expect_err("it claims nothing")
    };
    assert_eq!(
        why(3),
        "line 3 is `op`, which claims nothing; the nearest claims are on lines 2 and 4"
    );
    assert_eq!(
        why(1),
        "line 1 is the header, which claims nothing; the nearest claim is on line 2"
    );
    assert!(why(9).starts_with("the trace ends before line 9: it is malformed: line 5"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn claims_of_random_traces_have_slices(world in world(explicit())) {
        hold_slices(&world.trace());
    }

    #[test]
    fn claims_of_random_traces_with_own_stamps_have_slices(world in world(own_stamps())) {
        hold_slices(&world.trace());
    }
}
