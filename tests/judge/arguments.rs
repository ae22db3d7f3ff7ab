//! Arguments: what they say, and what is listed if there is too much to list.

use rejoin_judge::{Finding, Options, Report, check, explain};

/// `a` adds an element. `b` has not seen that, and adds and removes the element eight times.
#[test]
fn the_latest_removals_are_listed_and_the_others_counted() {
    let mut trace = String::from(
        r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"s":{"type":"or-set"}}}"#,
    );
    trace += "\n{\"event\":\"op\",\"replica\":\"a\",\"object\":\"s\",\"op\":\"add\",\"element\":\"x\"}\n";
    for _ in 0..8 {
        for op in ["add", "remove"] {
            trace += &format!(
                "{{\"event\":\"op\",\"replica\":\"b\",\"object\":\"s\",\"op\":\"{op}\",\"element\":\"x\"}}\n"
            );
        }
    }
    trace += "{\"event\":\"sync\",\"replicas\":[\"a\",\"b\"]}\n";
    trace += "{\"event\":\"read\",\"replica\":\"a\",\"object\":\"s\",\"value\":[]}\n";
    let report = check(|| Ok(trace.as_bytes()), &Options::default()).expect("memory can be read");
    let [finding] = &report.findings[..] else { panic!("one false claim: {:?}", report.findings) };
    let because = finding.because.join("\n");
    // The eighth removal is on line 18, the second on line 6.
    for line in [18, 16, 14, 12, 10, 8] {
        assert!(
            because.contains(&format!("was removed on line {line} at `b`")),
            "{line}: {because}"
        );
    }
    assert!(!because.contains("was removed on line 6 "), "{because}");
    assert!(because.contains("and 2 more removals\n"), "{because}");
}

/// The lines of a trace of one object at replicas `a` and `b`.
fn trace(kind: &str, lines: &[&str]) -> String {
    let header = format!(
        r#"{{"trace":"rejoin/1","replicas":["a","b"],"objects":{{"o":{{"type":"{kind}"}}}}}}"#
    );
    let line = |line: &&str| {
        let (replica, rest) = line.split_once(' ').expect("a replica first");
        match rest.split_once(' ').expect("what it does") {
            ("op", rest) => {
                format!(r#"{{"event":"op","replica":"{replica}","object":"o",{rest}}}"#)
            }
            ("read", value) => {
                format!(r#"{{"event":"read","replica":"{replica}","object":"o","value":{value}}}"#)
            }
            ("merge", from) => {
                format!(r#"{{"event":"merge","replica":"{replica}","from":"{from}"}}"#)
            }
            other => panic!("{other:?}"),
        }
    };
    let lines: Vec<String> = [header].into_iter().chain(lines.iter().map(line)).collect();
    lines.join("\n") + "\n"
}

fn judged(trace: &str) -> Report {
    check(|| Ok(trace.as_bytes()), &Options::default()).expect("memory can be read")
}

/// A counter was right on line 3; since then, its replica counted and merged twice.
#[test]
fn the_window_of_a_false_claim_has_what_happened_since_the_claim_before() {
    let report = judged(&trace(
        "g-counter",
        &[
            r#"a op "op":"increment""#,
            "a read 1",
            r#"b op "op":"increment","amount":5"#,
            r#"a op "op":"increment""#,
            "a merge b",
            "a merge b",
            "a read 6",
            "a read 6",
        ],
    ));
    let [first, second] = &report.findings[..] else { panic!("two: {:?}", report.findings) };
    let onset = first.onset.as_ref().expect("claims follow each other");
    assert_eq!((onset.before, onset.held, onset.line), (Some(3), true, 8));
    let window = onset.window.join("\n");
    assert!(
        window.starts_with("`o` was right at `a` on line 3, 1, and is wrong on line 8"),
        "{window}"
    );
    assert!(window.contains("line 5: 1 was counted\n"), "{window}");
    assert!(
        window.contains("line 6: merge from `b` brought: 5 was counted at `b` on line 4"),
        "{window}"
    );
    assert!(window.contains("brought nothing new on `o`: line 7 (merge from `b`)"), "{window}");
    assert_eq!(first.differences[0].text, "1 too little");
    assert!(!first.is_told(), "the argument names neither line 5 nor line 7");
    // The second is wrong in the same way, and no fault of its own.
    let again = second.onset.as_ref().expect("claims follow each other");
    assert_eq!((again.before, again.held, again.line), (Some(8), false, 8));
    assert_eq!(again.window, ["it is wrong as it was on line 8 already"]);
    assert!(!second.differences[0].is_new);
    let [pattern] = &report.patterns[..] else { panic!("{:?}", report.patterns) };
    assert_eq!((pattern.findings, pattern.windows), (2, 1));
}

/// `b` removes what it has seen; the removal takes from `a` an addition that it had not seen, twice.
#[test]
fn what_is_wrong_is_named_with_the_operation_and_what_false_claims_have_in_common() {
    let mut lines = Vec::new();
    for element in ["x", "y"] {
        let add = format!(r#"op "op":"add","element":"{element}""#);
        lines.extend([
            format!("a {add}"),
            "b merge a".into(),
            format!("a {add}"),
            format!(r#"b op "op":"remove","element":"{element}""#),
            "a merge b".into(),
            "a read []".into(),
        ]);
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let report = judged(&trace("or-set", &lines));
    let [first, second] = &report.findings[..] else { panic!("two: {:?}", report.findings) };
    let text = &first.differences[0].text;
    assert!(text.starts_with("missing `\"x\"`: `x` was added on line 4 at `a`"), "{text}");
    // `x` is missing still, but what is new is `y`.
    let differences: Vec<(&str, bool)> =
        second.differences.iter().map(|of| (of.what.as_str(), of.is_new)).collect();
    assert_eq!(differences, [("\"y\"", true), ("\"x\"", false)]);
    let onset = second.onset.as_ref().expect("claims follow each other");
    assert_eq!((onset.before, onset.held, onset.line), (Some(7), false, 13));
    let [pattern] = &report.patterns[..] else { panic!("{:?}", report.patterns) };
    let facts = pattern.facts.join("\n");
    assert!(
        facts.contains(
            "in 2 of 2 elements that went wrong and in 0 of 0 that came out right (too few to tell): \
             an addition and a removal of it are concurrent: the removal had not seen that addition"
        ),
        "{facts}"
    );
    let merges: Vec<&str> = onset.merges.iter().map(|row| row.text.as_str()).collect();
    assert_eq!(
        merges,
        [
            "`y` (missing `\"y\"`), of each sender against `a` before, by origin (the numbers of \
             operations):",
            "line 12: merge from `b`: more of `b` (1, not 0); less of `a` (1, not 2); `b` had not \
             seen what holds it (line 10)",
        ]
    );
    assert!(
        pattern.entries[1].contains("between line 7 and line 13: missing `\"y\"`"),
        "{pattern:?}"
    );
}

/// Two writes at the same time, of which the lower origin's is answered.
#[test]
fn a_map_says_how_the_answered_write_relates_to_the_right_one() {
    let put = |key: &str, value: u8| {
        format!(r#"op "op":"put","key":"{key}","value":{value},"timestamp":{}"#, key.len())
    };
    let mut lines = Vec::new();
    for key in ["k", "kk"] {
        lines.push(format!("a {}", put(key, 1)));
        lines.push(format!("b {}", put(key, 2)));
        lines.push("b merge a".into());
        lines.push(match key {
            "k" => r#"b read {"k":1}"#.into(),
            _ => r#"b read {"k":1,"kk":1}"#.into(),
        });
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let report = judged(&trace("lww-map", &lines));
    let facts = report.patterns[0].facts.join("\n");
    assert!(
        facts.contains(
            "of 2 wrong things 2: answered with a value of the same timestamp as the right one, \
             where the origin's name decides"
        ),
        "{facts}"
    );
}

/// Values and entries repeat: no argument says which one an answer means, if the answer does not.
#[test]
fn of_equal_values_none_is_blamed() {
    let put = |value: u8, time: u8| {
        format!(r#"op "op":"put","key":"k","value":{value},"timestamp":{time}"#)
    };
    let said = |lines: &[String]| {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let report = judged(&trace("lww-map", &lines));
        report.findings[0].differences[0].text.clone()
    };
    // Both of `b`'s earlier writes fit; that of `a`, which `b` has not seen, is no candidate.
    let right = [format!("b {}", put(2, 3)), r#"b read {"k":1}"#.into()];
    let once = format!("b {}", put(1, 1));
    let lines = [vec![once.clone(), format!("a {}", put(1, 9))], right.to_vec()].concat();
    let text = said(&lines);
    assert!(
        text.contains("the answer is that of: ") && text.contains("on line 2 at `b`"),
        "{text}"
    );
    let lines = [vec![once, format!("b {}", put(1, 2))], right.to_vec()].concat();
    let text = said(&lines);
    assert!(text.contains("the answer is that of one of 2 writes, of lines 2, 3"), "{text}");

    let append = |time: u8| format!(r#"a op "op":"append","entry":"ok","timestamp":{time}"#);
    let lines = [append(1), append(2), r#"a read ["ok"]"#.into(), append(3), "a read []".into()];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let report = judged(&trace("log", &lines));
    let text = &report.findings[0].differences[0].text;
    assert!(text.starts_with("missing `\"ok\"`: one of 2 equal entries, of lines 2, 3"), "{text}");
    let text = &report.findings[1].differences[0].text;
    assert!(!text.contains("equal entries"), "all are missing: {text}");

    let add = r#"op "op":"add","element":"x""#;
    let lines = [format!("b {add}"), format!("a {add}"), "a merge b".into(), "a read []".into()];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let text = &judged(&trace("or-set", &lines)).findings[0].differences[0].text;
    assert_eq!(text, "missing `\"x\"`: 2 additions hold it, of lines 2, 3");
}

/// Of a log, what is old when it comes is lost.
#[test]
fn a_log_says_how_old_missing_entries_were_when_they_came() {
    let append = |replica: &str, at: u8| {
        format!(r#"{replica} op "op":"append","entry":{at},"timestamp":{at}"#)
    };
    let mut lines = Vec::new();
    for (old, new) in [(1, 50), (2, 60)] {
        lines.push(append("b", old));
        lines.push(append("a", new));
        lines.push(append("b", new - 1));
        lines.push("a merge b".into());
        let read = if new == 50 { "a read [49,50]" } else { "a read [49,50,59,60]" };
        lines.push(read.into());
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let report = judged(&trace("log", &lines));
    let facts = report.patterns[0].facts.join("\n");
    assert!(
        facts.contains(
            "missing are 2 entries 49 to 58 older than the newest entry known then; of those that \
             are there, 2 of 2 were less than 49 older"
        ),
        "{facts}"
    );
}

/// Additions are listed by the removal that saw them, and each removal once.
#[test]
fn the_removals_of_an_element_come_with_the_additions_that_they_saw() {
    let add = r#"a op "op":"add","element":"x""#;
    let remove = r#"a op "op":"remove","element":"x""#;
    let report = judged(&trace("or-set", &[add, remove, add, add, add, remove, r#"a read ["x"]"#]));
    let because = report.findings[0].because.join("\n");
    assert!(
        because.contains(
            "on line 7 at `a` (`a`'s 6th operation), having seen the 3 additions of lines 6, 5, 4: "
        ),
        "{because}"
    );
    assert!(
        because.contains(
            "on line 3 at `a` (`a`'s 2nd operation), having seen the addition of line 2: "
        ),
        "{because}"
    );
    assert_eq!(because.matches("was removed").count(), 2, "{because}");
}

// Arguments that fell short when public bug reports and real libraries were judged: what was wrong with
// each, the smallest trace that shows it, and what the argument must and must not say now. What the
// command line makes of them, titles and cut answers, is tested in oracle/src/text/tests.rs.

/// An argument that fell short.
struct Case {
    /// What was wrong with it.
    fell_short: &'static str,
    trace: &'static str,
    /// The rule and the line of the only finding.
    found: (&'static str, u64),
    /// What the argument must say.
    says: &'static [&'static str],
    /// What it must not say.
    never: &'static [&'static str],
}

const CASES: [Case; 23] = [
    Case {
        fell_short: "two entries of a log have one timestamp, origin and seq, and it was said that \
                     these decide, where the bytes do",
        trace: r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"l":{"type":"log"}}}
{"event":"save","replica":"a","snapshot":"s"}
{"event":"op","replica":"a","object":"l","op":"append","entry":"y","timestamp":1}
{"event":"merge","replica":"b","from":"a"}
{"event":"restore","replica":"a","snapshot":"s"}
{"event":"op","replica":"a","object":"l","op":"append","entry":"x","timestamp":1}
{"event":"merge","replica":"b","from":"a"}
{"event":"read","replica":"b","object":"l","value":["y","x"]}"#,
        found: ("log/value", 8),
        says: &["by (timestamp, origin, seq, bytes)", "the order of the bytes decides"],
        never: &["by (timestamp, origin, seq) "],
    },
    Case {
        fell_short: "an answer was held against \"the answer on line 8\", and whose that was stood \
                     nowhere",
        trace: r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"r":{"type":"lww-register"}},"stamps":"own"}
{"event":"op","replica":"a","object":"r","op":"write","value":"x"}
{"event":"op","replica":"b","object":"r","op":"write","value":"y"}
{"event":"sync","replicas":["a","b"]}
{"event":"read","replica":"a","object":"r","value":"x"}
{"event":"read","replica":"b","object":"r","value":"y"}"#,
        found: ("lww/agreement", 6),
        says: &["`a` answered", "on line 5", "equal knowledge must give equal answers"],
        never: &["the answer on line"],
    },
    Case {
        fell_short: "of two answers that order two writes otherwise, where knowledge differs",
        trace: r#"{"trace":"rejoin/1","replicas":["a","b","c"],"objects":{"r":{"type":"lww-register"}},"stamps":"own"}
{"event":"op","replica":"a","object":"r","op":"write","value":"x"}
{"event":"op","replica":"b","object":"r","op":"write","value":"y"}
{"event":"sync","replicas":["a","b"]}
{"event":"read","replica":"a","object":"r","value":"x"}
{"event":"op","replica":"c","object":"r","op":"write","value":"z"}
{"event":"sync","replicas":["b","c"]}
{"event":"read","replica":"b","object":"r","value":"y"}"#,
        found: ("lww/agreement", 8),
        says: &["the answer of `a` on line 5 showed the second of them", "now `b` shows the first"],
        never: &["the answer on line"],
    },
    Case {
        fell_short: "of three answers whose orders close a cycle",
        trace: r#"{"trace":"rejoin/1","replicas":["a","b","c"],"objects":{"r":{"type":"lww-register"}},"stamps":"own"}
{"event":"op","replica":"a","object":"r","op":"write","value":"x","id":"x"}
{"event":"op","replica":"b","object":"r","op":"write","value":"y","id":"y"}
{"event":"op","replica":"c","object":"r","op":"write","value":"z","id":"z"}
{"event":"send","replica":"a","message":"x","operations":["x"]}
{"event":"send","replica":"b","message":"y","operations":["y"]}
{"event":"send","replica":"c","message":"z","operations":["z"]}
{"event":"receive","replica":"a","message":"y"}
{"event":"read","replica":"a","object":"r","value":"x"}
{"event":"receive","replica":"b","message":"z"}
{"event":"read","replica":"b","object":"r","value":"y"}
{"event":"receive","replica":"c","message":"x"}
{"event":"read","replica":"c","object":"r","value":"z"}"#,
        found: ("lww/agreement", 13),
        says: &["the answer of `a` on line 9 shows", "the answer of `b` on line 11 shows"],
        never: &["the answer on line 9", "the answer on line 11"],
    },
    Case {
        fell_short: "a set lacks an element and has a stranger, and the stranger alone was spoken of",
        trace: r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"s":{"type":"or-set"}}}
{"event":"op","replica":"a","object":"s","op":"add","element":"1"}
{"event":"read","replica":"a","object":"s","value":["10"]}"#,
        found: ("or-set/value", 3),
        says: &["`10` was never added", "besides, the answer lacks `1`", "`1` was added on line 2"],
        never: &[],
    },
    Case {
        fell_short: "a delete was called \"was set to `null`\"",
        trace: r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"m":{"type":"lww-map"}}}
{"event":"op","replica":"a","object":"m","op":"put","key":"k","value":1,"timestamp":1}
{"event":"op","replica":"a","object":"m","op":"delete","key":"k","timestamp":2}
{"event":"read","replica":"a","object":"m","value":{"k":1}}"#,
        found: ("lww-map/value", 4),
        says: &["`k` was deleted with timestamp 2 on line 3"],
        never: &["set to `null`"],
    },
    Case {
        fell_short: "a value that nobody ever wrote was argued to be superseded",
        trace: r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"r":{"type":"lww-register"}},"stamps":"own"}
{"event":"op","replica":"a","object":"r","op":"write","value":1}
{"event":"read","replica":"a","object":"r","value":[1,2]}"#,
        found: ("lww/superseded", 3),
        says: &["no write that `a` has seen wrote `[1,2]`"],
        never: &["is not shown any more"],
    },
    Case {
        fell_short: "three equal entries were appended and one is shown, and the one that is shown was \
                     explained",
        trace: r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"l":{"type":"log"}},"stamps":"own"}
{"event":"op","replica":"a","object":"l","op":"append","entry":"same"}
{"event":"op","replica":"a","object":"l","op":"append","entry":"same"}
{"event":"op","replica":"a","object":"l","op":"append","entry":"same"}
{"event":"read","replica":"a","object":"l","value":["same"]}"#,
        found: ("log/value", 5),
        says: &["the answer has this value 1 time", "seen it appended 3 times, on line 2, 3, 4"],
        never: &[],
    },
    Case {
        fell_short: "an entry is shown more often than it was appended, and neither number was given",
        trace: r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"l":{"type":"log"}},"stamps":"own"}
{"event":"op","replica":"a","object":"l","op":"append","entry":"same"}
{"event":"read","replica":"a","object":"l","value":["same","same"]}"#,
        found: ("log/value", 3),
        says: &["`\"same\"` at place 2, more often", "`a` has seen it appended 1 time, on line 2"],
        never: &[],
    },
    Case {
        fell_short: "of two writes of the value answered the one that the replica had not seen was blamed",
        trace: r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"m":{"type":"lww-map"}}}
{"event":"op","replica":"b","object":"m","op":"put","key":"k","value":"v","timestamp":1}
{"event":"merge","replica":"a","from":"b"}
{"event":"op","replica":"a","object":"m","op":"delete","key":"k","timestamp":2}
{"event":"op","replica":"b","object":"m","op":"put","key":"k","value":"v","timestamp":3}
{"event":"read","replica":"a","object":"m","value":{"k":"v"}}"#,
        found: ("lww-map/value", 6),
        says: &[
            "is older by (timestamp, origin, seq): `k` was set to `\"v\"` with timestamp 1 on line 2",
        ],
        never: &["has not seen", "on line 5"],
    },
    Case {
        fell_short: "of two entries that stood the wrong way round one was named, and no tie",
        trace: r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"l":{"type":"log"}}}
{"event":"op","replica":"b","object":"l","op":"append","entry":"second","timestamp":7}
{"event":"op","replica":"a","object":"l","op":"append","entry":"first","timestamp":7}
{"event":"merge","replica":"b","from":"a"}
{"event":"read","replica":"b","object":"l","value":["second","first"]}"#,
        found: ("log/value", 5),
        says: &[
            "the timestamps are equal, so the origin's name decides: `\"second\"` was appended with \
             timestamp 7 on line 2",
        ],
        never: &[],
    },
    Case {
        fell_short: "with explicit stamps too the missing of equal entries were not counted",
        trace: r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"l":{"type":"log"}}}
{"event":"op","replica":"a","object":"l","op":"append","entry":"same","timestamp":1}
{"event":"op","replica":"a","object":"l","op":"append","entry":"same","timestamp":2}
{"event":"op","replica":"a","object":"l","op":"append","entry":"same","timestamp":3}
{"event":"read","replica":"a","object":"l","value":["same"]}"#,
        found: ("log/value", 5),
        says: &["at place 2 of the 3 entries", "the answer ends before, with 1 entry"],
        never: &[],
    },
    Case {
        fell_short: "with own stamps a wrong shape broke `lww-map/value`, and why stood nowhere",
        trace: r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"m":{"type":"lww-map"}},"stamps":"own"}
{"event":"op","replica":"a","object":"m","op":"put","key":"l","value":1}
{"event":"op","replica":"a","object":"m","op":"delete","key":"l"}
{"event":"read","replica":"a","object":"m","value":{"l":null}}"#,
        found: ("lww-map/value", 4),
        says: &["`l` is listed with null; a deleted key is not"],
        never: &[],
    },
    Case {
        fell_short: "an answer that is longer than a sentence may show was cut, and nothing showed that",
        trace: r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"o":{"type":"opaque"}}}
{"event":"read","replica":"a","object":"o","value":"äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-1"}
{"event":"read","replica":"a","object":"o","value":"äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-äöüß-2"}"#,
        found: ("opaque/agreement", 3),
        says: &["`a` answered `\"äöüß-äöüß-", "…` on line 2"],
        never: &["\u{fffd}"],
    },
    Case {
        fell_short: "a flag was answered with a number, and the argument was only why it is enabled",
        trace: r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"f":{"type":"ew-flag"}}}
{"event":"op","replica":"a","object":"f","op":"enable"}
{"event":"read","replica":"a","object":"f","value":1}"#,
        found: ("ew-flag/value", 3),
        says: &["so `f` is enabled at `a`", "a flag is answered with true or false"],
        never: &[],
    },
    Case {
        fell_short: "a greatest integer was answered as text, and the argument was only which it is",
        trace: r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"m":{"type":"max-register"}}}
{"event":"op","replica":"a","object":"m","op":"write","value":7}
{"event":"read","replica":"a","object":"m","value":"7"}"#,
        found: ("max-register/value", 3),
        says: &["`m` is answered with an integer, or null where none was written"],
        never: &[],
    },
    Case {
        fell_short: "a count was answered as text that is no count, and the argument was only the count",
        trace: r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"n":{"type":"pn-counter"}}}
{"event":"op","replica":"a","object":"n","op":"increment"}
{"event":"read","replica":"a","object":"n","value":"01"}"#,
        found: ("pn-counter/value", 3),
        says: &["a counter is answered with an integer, as a number or as decimal digits"],
        never: &[],
    },
    Case {
        fell_short: "whether an element is there was answered with a number, and why it is was all",
        trace: r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"s":{"type":"rw-set"}}}
{"event":"op","replica":"a","object":"s","op":"add","element":"x"}
{"event":"read","replica":"a","object":"s","element":"x","value":1}"#,
        found: ("rw-set/value", 3),
        says: &["whether an element is in a set is answered with true or false"],
        never: &[],
    },
    Case {
        fell_short: "a map listed a key without values, and it was not said that it must be absent",
        trace: r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"m":{"type":"mv-map"}}}
{"event":"op","replica":"a","object":"m","op":"delete","key":"k"}
{"event":"read","replica":"a","object":"m","value":{"k":[]}}"#,
        found: ("mv-map/value", 3),
        says: &["`k` has no values, and is absent from a whole map"],
        never: &[],
    },
    Case {
        fell_short: "a map lacked the values of a key, and the argument must not say that it has none",
        trace: r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"m":{"type":"mv-map"}}}
{"event":"op","replica":"a","object":"m","op":"put","key":"k","value":1}
{"event":"read","replica":"a","object":"m","value":{"k":[]}}"#,
        found: ("mv-map/value", 3),
        says: &["`k` was set to `1` on line 2"],
        never: &["has no values"],
    },
    Case {
        fell_short: "a register listed a deletion, and the argument was that two writes saw each other",
        trace: r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"r":{"type":"mv-register"}}}
{"event":"op","replica":"a","object":"r","op":"write","value":null}
{"event":"read","replica":"a","object":"r","value":[null]}"#,
        found: ("mv-register/value", 3),
        says: &["null stands for a deletion, which is not listed"],
        never: &["having seen that"],
    },
    Case {
        fell_short: "of the elements of a cycle 1 `were` deleted",
        trace: r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"l":{"type":"list"}}}
{"event":"op","replica":"a","object":"l","op":"insert","element":"x"}
{"event":"op","replica":"a","object":"l","op":"insert","element":"p","before":"x"}
{"event":"op","replica":"a","object":"l","op":"insert","element":"q","after":"x"}
{"event":"op","replica":"a","object":"l","op":"delete","element":"x"}
{"event":"read","replica":"a","object":"l","value":["q","p"]}"#,
        found: ("list/order", 6),
        says: &["line 6 lists `q` before `p`", "1 of these 3 elements was deleted"],
        never: &["were deleted"],
    },
    Case {
        fell_short: "a list contradicted one line by itself, and a cycle of four lines was shown",
        trace: r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"l":{"type":"list"}}}
{"event":"op","replica":"a","object":"l","op":"insert","element":"a"}
{"event":"op","replica":"a","object":"l","op":"insert","element":"b","after":"a"}
{"event":"op","replica":"a","object":"l","op":"insert","element":"c","after":"b"}
{"event":"op","replica":"a","object":"l","op":"insert","element":"d","after":"c"}
{"event":"read","replica":"a","object":"l","value":["d","a","b","c"]}"#,
        found: ("list/order", 6),
        says: &[
            "line 5 inserts so that `c` stands before `d`",
            "line 6 lists `d` before `c`",
            "none of these elements was deleted",
        ],
        never: &["line 3", "line 4"],
    },
];

fn said(because: &[String]) -> String {
    because.join("\n")
}

#[test]
fn arguments_that_fell_short_say_what_they_lacked() {
    for Case { fell_short, trace, found, says, never } in CASES {
        let report = judged(trace);
        assert_eq!(report.error, None, "{fell_short}");
        let findings = &report.findings;
        let lines: Vec<_> = findings.iter().map(|f| (f.rule.as_str(), f.line)).collect();
        assert_eq!(lines, [found], "{fell_short}: {findings:#?}");
        let said = said(&findings[0].because);
        for sentence in says {
            assert!(said.contains(sentence), "{fell_short}: {sentence:?} is not in\n{said}");
        }
        for sentence in never {
            assert!(!said.contains(sentence), "{fell_short}: {sentence:?} is in\n{said}");
        }
    }
}

/// A digest that equals one before, after an answer that was false, is told as what may follow
/// from that.
#[test]
fn a_digest_after_a_false_answer_is_told_as_its_consequence() {
    let trace = r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"s":{"type":"or-set"}}}
{"event":"digest","replica":"a","digest":"0"}
{"event":"op","replica":"a","object":"s","op":"add","element":"x"}
{"event":"read","replica":"a","object":"s","value":[]}
{"event":"digest","replica":"a","digest":"0"}"#;
    let findings = judged(trace).findings;
    let rules: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(rules, ["or-set/value", "digest/distinct"]);
    let sentence = "the answer of `a` on line 4 was false: this may be its consequence";
    assert!(said(&findings[1].because).contains(sentence), "{findings:#?}");
}

/// Where `converged` holds although two replicas answered differently, it is said what it compares.
#[test]
fn converged_with_own_stamps_says_that_it_compares_little() {
    let trace = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"r":{"type":"lww-register"}},"stamps":"own"}
{"event":"op","replica":"a","object":"r","op":"write","value":6}
{"event":"op","replica":"b","object":"r","op":"write","value":4}
{"event":"read","replica":"a","object":"r","value":6}
{"event":"read","replica":"b","object":"r","value":4}
{"event":"converged","replicas":["a","b"]}"#;
    assert_eq!(judged(trace).findings, Vec::<Finding>::new());
    let explained = explain(|| Ok(trace.as_bytes()), 6, &Options::default());
    let explained = explained.expect("memory can be read").expect("line 6 is a claim");
    assert!(explained.holds);
    let because = said(&explained.argument.because);
    assert!(because.contains("registers, maps and logs are not compared"), "{because}");
    assert!(!because.contains("every object has equal values"), "{because}");
}

/// A log has no `delete`, and the error says so instead of naming the fields of another type's.
#[test]
fn an_operation_of_another_type_is_told_as_one() {
    let trace = r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"l":{"type":"log"}}}
{"event":"op","replica":"a","object":"l","op":"delete","index":0}"#;
    let error = judged(trace).error.expect("a log has no delete");
    let hint = "`l` is of type log, which has no delete: it has append";
    assert!(error.message.contains(hint), "{error:?}");
}

/// Entries in the wrong place are named each, with the one next to it.
#[test]
fn of_a_log_in_the_wrong_order_each_entry_that_moved_is_named() {
    let append =
        |entry: &str, time: u8| format!(r#"op "op":"append","entry":"{entry}","timestamp":{time}"#);
    let mut lines: Vec<String> =
        (1..=6).map(|n| format!("a {}", append(&format!("e{n}"), n))).collect();
    lines.push(r#"a read ["e3","e1","e2","e5","e6","e4","x"]"#.into());
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let report = judged(&trace("log", &lines));
    let finding = &report.findings[0];
    let differences: Vec<&str> = finding.differences.iter().map(|of| of.what.as_str()).collect();
    assert_eq!(
        differences,
        ["\"x\"", "`\"e3\"` of line 4 stands too early", "`\"e4\"` of line 5 stands too late"]
    );
    let text = &finding.differences[1].text;
    assert!(
        text.contains("the entry next to it: `\"e2\"` was appended with timestamp 2 on line 3"),
        "{text}"
    );
}

/// `a` deletes a key and gives that on; then an older write comes, and is answered.
#[test]
fn a_finding_says_to_whom_the_replica_gave_what_decides() {
    let report = judged(&trace(
        "lww-map",
        &[
            r#"b op "op":"put","key":"k","value":1,"timestamp":1"#,
            r#"a op "op":"delete","key":"k","timestamp":5"#,
            "b merge a",
            "a merge b",
            r#"a read {"k":1}"#,
        ],
    ));
    let rows: Vec<&str> = report.findings[0]
        .onset
        .as_ref()
        .unwrap()
        .merges
        .iter()
        .map(|of| of.text.as_str())
        .collect();
    assert_eq!(
        rows.last().copied(),
        Some(
            "what decides was done at `a` on line 3, which gave it on: line 4 (`b` merged from it)"
        ),
        "{rows:?}"
    );
    let nobody = judged(&trace(
        "lww-map",
        &[
            r#"a op "op":"put","key":"k","value":1,"timestamp":1"#,
            r#"b op "op":"delete","key":"k","timestamp":5"#,
            "b merge a",
            r#"b read {"k":1}"#,
        ],
    ));
    let rows = &nobody.findings[0].onset.as_ref().unwrap().merges;
    assert_eq!(
        rows.last().unwrap().text,
        "what decides was done at `b` on line 3, which has given it to nobody since"
    );
}

/// A write below one that its replica had seen is warned of, at the finding that it leads to as well.
#[test]
fn warnings_are_counted_at_the_finding_that_they_belong_to() {
    let put = |key: &str, value: u8, time: u8| {
        format!(r#"a op "op":"put","key":"{key}","value":{value},"timestamp":{time}"#)
    };
    let lines = [
        put("k", 1, 9),
        put("k", 2, 4),
        put("l", 1, 9),
        put("l", 2, 3),
        r#"a read {"k":2,"l":1}"#.into(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let report = judged(&trace("lww-map", &lines));
    assert_eq!(report.warnings.len(), 2);
    let said = &report.findings[0].onset.as_ref().unwrap().warnings;
    assert_eq!(said[0], "1 warning so far is on what is wrong here (clock-regression), on line 3");
    assert!(
        said[1].starts_with("line 3: `a` writes with timestamp 4, which is not above"),
        "{said:?}"
    );
    assert_eq!(said.len(), 2);
}

/// What a replica gave to others counts as given on where it held what decides: not a message about another object, and
/// not a merge from a replica that had lost it by going back to a backup.
#[test]
fn what_a_replica_gave_is_given_on_only_where_it_held_what_decides() {
    const HEADER: &str = r#"{"trace":"rejoin/1","replicas":["a","b","c"],"objects":{"m":{"type":"lww-map"},"n":{"type":"g-counter"}}}"#;
    let of_objects = r#"
{"event":"op","replica":"b","object":"m","op":"put","key":"k","value":1,"timestamp":1}
{"event":"op","replica":"b","object":"m","op":"put","key":"j","value":2,"timestamp":2}
{"event":"op","replica":"a","object":"m","op":"delete","key":"k","timestamp":5}
{"event":"send","replica":"a","message":"m1","objects":["n"]}
{"event":"receive","replica":"c","message":"m1"}
{"event":"send","replica":"a","message":"m2"}
{"event":"merge","replica":"a","from":"b"}
{"event":"read","replica":"a","object":"m","value":{"j":2,"k":1}}
"#;
    let after_restore = r#"
{"event":"save","replica":"a","snapshot":"s"}
{"event":"op","replica":"b","object":"m","op":"put","key":"k","value":1,"timestamp":1}
{"event":"op","replica":"a","object":"m","op":"delete","key":"k","timestamp":5}
{"event":"merge","replica":"b","from":"a"}
{"event":"restore","replica":"a","snapshot":"s"}
{"event":"merge","replica":"c","from":"a"}
{"event":"merge","replica":"a","from":"b"}
{"event":"read","replica":"a","object":"m","value":{"k":1}}
"#;
    for (lines, said) in [
        (
            of_objects,
            "what decides was done at `a` on line 4, which gave it on: line 7 (message `m2`)",
        ),
        (
            after_restore,
            "what decides was done at `a` on line 4, which gave it on: line 5 (`b` merged from it)",
        ),
    ] {
        let report = judged(&format!("{HEADER}{lines}"));
        let rows = &report.findings[0].onset.as_ref().expect("it says since when").merges;
        assert_eq!(rows.last().map(|row| row.text.as_str()), Some(said));
        let facts = report.patterns[0].facts.join("\n");
        assert!(lines != of_objects || !facts.contains("handed on"), "{facts}");
    }
}

/// What came and was lost again by going back to a backup is not said to have been given in part.
#[test]
fn a_claim_of_convergence_says_what_a_backup_undid() {
    let trace = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"s":{"type":"or-set"}}}
{"event":"op","replica":"a","object":"s","op":"add","element":"x"}
{"event":"save","replica":"b","snapshot":"s0"}
{"event":"merge","replica":"b","from":"a"}
{"event":"restore","replica":"b","snapshot":"s0"}
{"event":"converged","replicas":["a","b"]}
"#;
    let report = judged(trace);
    let onset = report.findings[0].onset.as_ref().expect("it says since when");
    assert_eq!(
        onset.window[1..],
        [
            "line 4: merge from `a` is the last that `b` got of `a`, before it went back to a backup on line 5"
        ]
    );
    let rows: Vec<&str> = onset.merges.iter().map(|row| row.text.as_str()).collect();
    assert_eq!(
        rows[1..],
        [
            "line 4: merge from `a`: `a` had seen it, and `b` then had it as well, and lost it by going back to a \
             backup later",
            "line 5: back to backup `s0` of line 3",
        ]
    );
}

/// Of many replicas that are claimed to be equal sixteen are named.
#[test]
fn of_many_replicas_that_are_not_equal_few_are_named() {
    let names: Vec<String> = (0..300).map(|number| format!("r{number}")).collect();
    let header = serde_json::json!({"trace": "rejoin/1", "replicas": names,
                                    "objects": {"n": {"type": "g-counter"}}});
    let op = r#"{"event":"op","replica":"r0","object":"n","op":"increment"}"#;
    let claim = serde_json::json!({"event": "converged", "replicas": names});
    let report = judged(&format!("{header}\n{op}\n{claim}\n"));
    let onset = report.findings[0].onset.as_ref().expect("it says since when");
    assert!(
        onset.window[0].contains("`r14`, `r15`, and 284 more are equal"),
        "{}",
        onset.window[0]
    );
    assert!(onset.window.len() <= 1 + 17 * 16, "{}", onset.window.len());
}

const TOGETHER: &str = r#"{"trace":"rejoin/1","replicas":["a","b","c"],"objects":{"s":{"type":"or-set"},"n":{"type":"g-counter"}}}
{"event":"op","replica":"a","object":"s","op":"add","element":"x"}
{"event":"sync","replicas":["a","b"]}
{"event":"converged","replicas":["a","b"]}
{"event":"op","replica":"a","object":"s","op":"add","element":"y"}
{"event":"op","replica":"b","object":"n","op":"increment"}
{"event":"send","replica":"a","message":"m1","to":"b"}
{"event":"merge","replica":"b","from":"c"}
{"event":"converged","replicas":["b","a"]}
"#;

/// Replicas that are not equal: in what, who lacks what, and where that did not get on.
#[test]
fn a_claim_of_convergence_says_who_lacks_what_and_where_it_did_not_get_on() {
    let report = judged(TOGETHER);
    let [finding] = &report.findings[..] else { panic!("one: {:?}", report.findings) };
    let texts: Vec<&str> = finding.differences.iter().map(|of| of.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "`y` of `s` is absent at `b` and present at `a`; `b` lacks: `y` was added on line 5 at `a` \
             (`a`'s 2nd operation)",
            "`n` is `1` at `b` and `0` at `a`; `a` lacks: 1 was counted on line 6 at `b` (`b`'s 1st operation)",
        ]
    );
    let onset = finding.onset.as_ref().expect("it says since when");
    assert_eq!((onset.before, onset.held, onset.line), (Some(4), true, 9));
    assert_eq!(
        onset.window,
        [
            "`b`, `a` were equal on line 4, and are not on line 9; what came to whom last:",
            "line 3: sync with `b` is the last that `a` got of `b`",
            "line 3: sync with `a` is the last that `b` got of `a`",
        ]
    );
    let rows: Vec<&str> = onset.merges.iter().map(|row| row.text.as_str()).collect();
    assert_eq!(
        rows,
        [
            "`b` lacks it: `y` was added on line 5 at `a` (`a`'s 2nd operation); `b` received since then:",
            "line 8: merge from `c`: `c` had not seen it",
            "line 7: `a` sent message `m1` after it; nobody received that",
            "`a` lacks it: 1 was counted on line 6 at `b` (`b`'s 1st operation); `a` has received nothing since \
             line 6",
        ]
    );
}

/// A user is notified of a decision that was kept, and not of the one that was overruled.
#[test]
fn notices_say_which_are_missing_and_which_are_too_much_and_since_when() {
    let trace = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"m":{"type":"lww-map"}}}
{"event":"op","replica":"a","object":"m","op":"put","key":"k","value":1,"timestamp":5,"user":"ann"}
{"event":"notices","replica":"b","user":"ann","notices":[]}
{"event":"op","replica":"b","object":"m","op":"put","key":"k","value":2,"timestamp":7,"user":"ann"}
{"event":"merge","replica":"b","from":"a"}
{"event":"notices","replica":"b","user":"ann","notices":[{"object":"m","key":"k","replica":"b","seq":1}]}
"#;
    let report = judged(trace);
    let [finding] = &report.findings[..] else { panic!("one: {:?}", report.findings) };
    let texts: Vec<&str> = finding.differences.iter().map(|of| of.text.as_str()).collect();
    assert!(
        texts[0].starts_with("missing `{\"object\":\"m\",\"key\":\"k\",\"replica\":\"a\",\"seq\":1}`: `k` was set to `1`")
            && texts[0].contains("it is overruled, and what is kept is: `k` was set to `2`"),
        "{texts:?}"
    );
    assert!(
        texts[1].starts_with("extra ") && texts[1].ends_with("it is the one that is kept"),
        "{texts:?}"
    );
    assert_eq!(texts.len(), 2);
    let onset = finding.onset.as_ref().expect("claims follow each other");
    assert_eq!((onset.before, onset.held, onset.line), (Some(3), true, 6));
    let window = onset.window.join("\n");
    assert!(
        window.starts_with("the answer on the notices of `ann` was right at `b` on line 3"),
        "{window}"
    );
    assert!(window.contains("line 5: merge from `a` brought: `k` was set to `1`"), "{window}");
    let rows: Vec<&str> = onset.merges.iter().map(|row| row.text.as_str()).collect();
    assert!(
        rows.iter().any(|row| row.starts_with("line 5: merge from `a`: more of `a` (1, not 0)")),
        "{rows:?}"
    );
}
