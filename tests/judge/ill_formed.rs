//! Impossible histories: each ends where it becomes impossible, and the error says what was found
//! and where; the earlier judgements are kept.
//!
//! The table has a row for every way in which a line that the grammar allows cannot have happened
//! (spec/trace-format.md, sections 2, 3, 5 and 6).

use rejoin_judge::{Options, Report, Verdict, check};

const HEADER: &str = concat!(
    r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"n":{"type":"g-counter"},"#,
    r#""r":{"type":"lww-register"},"s":{"type":"or-set"},"m":{"type":"lww-map"},"#,
    r#""l":{"type":"log"}}}"#
);
const OWN: &str = concat!(
    r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"n":{"type":"g-counter"},"#,
    r#""r":{"type":"lww-register"},"s":{"type":"or-set"},"m":{"type":"lww-map"},"#,
    r#""l":{"type":"log"}},"stamps":"own"}"#
);

/// Lines that often come first: an operation, a load, and claims about nothing, which hold.
const COUNT: &str = r#"{"event":"op","replica":"a","object":"n","op":"increment","id":"e"}"#;
const LOAD: &str = r#"{"event":"load","replica":"a","object":"n","state":{"a":5}}"#;
const ZERO: &str = r#"{"event":"read","replica":"b","object":"n","value":0}"#;

fn judge(lines: &[&str]) -> Report {
    let trace = lines.join("\n");
    check(|| Ok(trace.as_bytes()), &Options::default()).expect("memory can be read")
}

/// The last line is impossible at `mark` (a piece of its text), for a reason that contains
/// `message`.
#[track_caller]
fn impossible(before: &[&str], line: &str, mark: &str, message: &str) {
    let lines: Vec<&str> = before.iter().copied().chain([line]).collect();
    impossible_at(&lines, lines.len(), mark, message);
}

/// As [`impossible`], but at the line of this number.
#[track_caller]
fn impossible_at(lines: &[&str], number: usize, mark: &str, message: &str) {
    let report = judge(lines);
    assert_eq!(report.verdict, Verdict::IllFormed, "{lines:#?}\n{report:#?}");
    let error = report.error.as_ref().expect("what is ill-formed has an error");
    assert_eq!(error.line as usize, number, "{lines:#?}\n{error}");
    let line = lines[number - 1];
    assert_eq!(line.matches(mark).count(), 1, "{mark} marks one place of {line}");
    let column = line.find(mark).expect("it is there") as u64 + 1;
    assert_eq!(error.column, Some(column), "{line}\n{error}");
    assert!(error.message.contains(message), "{line}\n{error}\nlacks: {message}");
    // Lines after the impossible one are not looked at, and all before it are counted.
    assert_eq!(report.events as usize, number.saturating_sub(2), "{lines:#?}");
    let more: Vec<&str> = lines[..number].iter().copied().chain([ZERO, "no JSON"]).collect();
    if number == lines.len() {
        assert_eq!(judge(&more), report, "what follows changes nothing");
    }
}

#[track_caller]
fn possible(lines: &[&str]) {
    let report = judge(lines);
    assert_eq!(report.error, None, "{lines:#?}");
}

/// The same, with every line conforming.
#[track_caller]
fn conforms(lines: &[&str]) {
    let report = judge(lines);
    assert_eq!(report.verdict, Verdict::Conforms, "{lines:#?}\n{report:#?}");
}

#[test]
fn names_that_the_header_does_not_declare() {
    let send = r#"{"event":"send","replica":"a","message":"m"}"#;
    for (before, line, mark, message) in [
        (
            "",
            r#"{"event":"op","replica":"z","object":"n","op":"increment"}"#,
            r#""z""#,
            "replica `z` is not declared; declared are `a`, `b`",
        ),
        (
            "",
            r#"{"event":"op","replica":"a","object":"z","op":"increment"}"#,
            r#""z""#,
            "object `z` is not declared",
        ),
        ("", r#"{"event":"send","replica":"z","message":"m"}"#, r#""z""#, "replica `z`"),
        (
            "",
            r#"{"event":"send","replica":"a","message":"m","objects":["n","z"]}"#,
            r#"["n","z"]"#,
            "object `z`",
        ),
        (send, r#"{"event":"receive","replica":"z","message":"m"}"#, r#""z""#, "replica `z`"),
        ("", r#"{"event":"merge","replica":"z","from":"a"}"#, r#""z""#, "replica `z`"),
        ("", r#"{"event":"merge","replica":"a","from":"z"}"#, r#""z""#, "replica `z`"),
        (
            "",
            r#"{"event":"merge","replica":"a","from":"b","objects":["z"]}"#,
            r#"["z"]"#,
            "object `z`",
        ),
        ("", r#"{"event":"sync","replicas":["z","a"]}"#, r#"["z","a"]"#, "replica `z`"),
        ("", r#"{"event":"sync","replicas":["a","z"]}"#, r#"["a","z"]"#, "replica `z`"),
        ("", r#"{"event":"sync","replicas":["a","b"],"objects":["z"]}"#, r#"["z"]"#, "object `z`"),
        ("", r#"{"event":"save","replica":"z","snapshot":"s"}"#, r#""z""#, "replica `z`"),
        (
            r#"{"event":"save","replica":"a","snapshot":"s"}"#,
            r#"{"event":"restore","replica":"z","snapshot":"s"}"#,
            r#""z""#,
            "replica `z`",
        ),
        ("", r#"{"event":"load","replica":"z","object":"n","state":{}}"#, r#""z""#, "replica `z`"),
        ("", r#"{"event":"load","replica":"a","object":"z","state":{}}"#, r#""z""#, "object `z`"),
        ("", r#"{"event":"read","replica":"z","object":"n","value":0}"#, r#""z""#, "replica `z`"),
        ("", r#"{"event":"read","replica":"a","object":"z","value":0}"#, r#""z""#, "object `z`"),
        ("", r#"{"event":"vector","replica":"z","vector":{}}"#, r#""z""#, "replica `z`"),
        (
            "",
            r#"{"event":"vector","replica":"a","object":"z","vector":{}}"#,
            r#""z""#,
            "object `z`",
        ),
        ("", r#"{"event":"digest","replica":"z","digest":1}"#, r#""z""#, "replica `z`"),
        ("", r#"{"event":"digest","replica":"a","object":"z","digest":1}"#, r#""z""#, "object `z`"),
        (
            "",
            r#"{"event":"converged","replicas":["a","b","z"]}"#,
            r#"["a","b","z"]"#,
            "replica `z`",
        ),
        (
            "",
            r#"{"event":"decisions","replica":"z","object":"s","decisions":[]}"#,
            r#""z""#,
            "replica `z`",
        ),
        (
            "",
            r#"{"event":"decisions","replica":"a","object":"z","decisions":[]}"#,
            r#""z""#,
            "object `z`",
        ),
        (
            "",
            r#"{"event":"notices","replica":"z","user":"u","notices":[]}"#,
            r#""z""#,
            "replica `z`",
        ),
        ("", r#"{"event":"state","replica":"z","object":"n","state":{}}"#, r#""z""#, "replica `z`"),
        ("", r#"{"event":"state","replica":"a","object":"z","state":{}}"#, r#""z""#, "object `z`"),
    ] {
        match before {
            "" => impossible(&[HEADER], line, mark, message),
            before => impossible(&[HEADER, before], line, mark, message),
        }
    }
    let no_objects = r#"{"trace":"rejoin/1","replicas":["a"],"objects":{}}"#;
    impossible(
        &[no_objects],
        COUNT,
        r#""n""#,
        "object `n` is not declared; the header declares none",
    );
    // `to` names the intended receiver and is not checked; users are not declared.
    possible(&[HEADER, r#"{"event":"send","replica":"a","message":"m","to":"z"}"#]);
    possible(&[HEADER, r#"{"event":"notices","replica":"a","user":"z","notices":[]}"#]);
}

#[test]
fn a_replica_declared_twice() {
    let header = r#"{"trace":"rejoin/1","replicas":["a","b","a"],"objects":{}}"#;
    let report = judge(&[header, "no JSON"]);
    assert_eq!(report.verdict, Verdict::IllFormed);
    let error = report.error.expect("an error");
    assert_eq!((error.line, error.column), (1, Some(32)), "{error}");
    assert!(error.message.contains("replica `a` is declared twice"), "{error}");
}

#[test]
fn what_was_never_sent_saved_or_done() {
    let send = r#"{"event":"send","replica":"a","message":"m"}"#;
    let save = r#"{"event":"save","replica":"a","snapshot":"s"}"#;
    impossible(
        &[HEADER],
        r#"{"event":"receive","replica":"a","message":"m"}"#,
        r#""m""#,
        "message `m` was not sent on an earlier line",
    );
    // Names of snapshots and operations are no names of messages.
    let save_m = r#"{"event":"save","replica":"a","snapshot":"m"}"#;
    impossible(
        &[HEADER, save_m],
        r#"{"event":"receive","replica":"a","message":"m"}"#,
        r#""m""#,
        "message `m`",
    );
    impossible(
        &[HEADER, send],
        r#"{"event":"send","replica":"a","message":"m2","since":["m","m3"]}"#,
        r#"["m","m3"]"#,
        "message `m3`",
    );
    impossible(
        &[HEADER, send],
        r#"{"event":"send","replica":"a","message":"m2","since":["m2"]}"#,
        r#"["m2"]"#,
        "message `m2` was not sent on an earlier line",
    );
    impossible(
        &[HEADER, send],
        r#"{"event":"restore","replica":"a","snapshot":"m"}"#,
        r#""m""#,
        "snapshot `m` was not saved on an earlier line",
    );
    impossible(
        &[HEADER, save],
        r#"{"event":"restore","replica":"b","snapshot":"s"}"#,
        r#""s""#,
        "backup `s` is of `a`; `b` has its own",
    );
    impossible(
        &[HEADER, COUNT],
        r#"{"event":"send","replica":"a","message":"m","operations":["e","f"]}"#,
        r#"["e","f"]"#,
        "no operation on an earlier line has the id `f`",
    );
    impossible(
        &[HEADER, COUNT],
        r#"{"event":"send","replica":"b","message":"m","operations":["e"]}"#,
        r#"["e"]"#,
        "`b` has not seen operation `e` of line 2",
    );
    // Operations that a restore took back are not seen any more.
    impossible(
        &[HEADER, save, COUNT, r#"{"event":"restore","replica":"a","snapshot":"s"}"#],
        r#"{"event":"send","replica":"a","message":"m","operations":["e"]}"#,
        r#"["e"]"#,
        "`a` has not seen operation `e` of line 3",
    );
    // The lists may be empty, and may repeat a name.
    conforms(&[
        HEADER,
        COUNT,
        r#"{"event":"send","replica":"a","message":"m1","operations":[]}"#,
        r#"{"event":"send","replica":"a","message":"m2","objects":[]}"#,
        r#"{"event":"receive","replica":"b","message":"m1"}"#,
        r#"{"event":"receive","replica":"b","message":"m2"}"#,
        ZERO,
        r#"{"event":"send","replica":"a","message":"m3","operations":["e","e"]}"#,
        r#"{"event":"send","replica":"a","message":"m4","since":["m3","m3"]}"#,
        r#"{"event":"receive","replica":"b","message":"m4"}"#,
        ZERO,
        r#"{"event":"send","replica":"a","message":"m5","since":[]}"#,
        r#"{"event":"receive","replica":"b","message":"m5"}"#,
        r#"{"event":"read","replica":"b","object":"n","value":1}"#,
    ]);
}

#[test]
fn operations_that_the_type_lacks() {
    let operations = [
        ("n", r#""op":"increment""#),
        ("r", r#""op":"write","value":1,"timestamp":1"#),
        ("s", r#""op":"add","element":"x""#),
        ("s", r#""op":"remove","element":"x""#),
        ("m", r#""op":"put","key":"x","value":1,"timestamp":1"#),
        ("m", r#""op":"delete","key":"x","timestamp":1"#),
        ("l", r#""op":"append","entry":1,"timestamp":1"#),
    ];
    let types = [
        ("n", "g-counter"),
        ("r", "lww-register"),
        ("s", "or-set"),
        ("m", "lww-map"),
        ("l", "log"),
    ];
    for (home, operation) in operations {
        let name = operation.split('"').nth(3).expect("the name");
        for (object, kind) in types {
            let line = format!(r#"{{"event":"op","replica":"a","object":"{object}",{operation}}}"#);
            if object == home {
                possible(&[HEADER, &line]);
                continue;
            }
            let message = format!("`{object}` is of type {kind}, which has no {name}");
            impossible(&[HEADER], &line, &format!("\"{name}\""), &message);
        }
    }
}

#[test]
fn questions_that_the_type_lacks() {
    for (object, kind) in
        [("n", "g-counter"), ("r", "lww-register"), ("m", "lww-map"), ("l", "log")]
    {
        let line = format!(
            r#"{{"event":"read","replica":"a","object":"{object}","element":"x","value":false}}"#
        );
        impossible(
            &[HEADER],
            &line,
            r#""x""#,
            &format!("an object of type {kind} has no elements"),
        );
    }
    for (object, kind) in [("n", "g-counter"), ("r", "lww-register"), ("s", "or-set"), ("l", "log")]
    {
        let line = format!(
            r#"{{"event":"read","replica":"a","object":"{object}","key":"x","value":null}}"#
        );
        impossible(&[HEADER], &line, r#""x""#, &format!("an object of type {kind} has no keys"));
    }
    for (object, kind) in [("n", "g-counter"), ("l", "log")] {
        let line =
            format!(r#"{{"event":"decisions","replica":"a","object":"{object}","decisions":[]}}"#);
        impossible(
            &[HEADER],
            &line,
            r#""decisions","#,
            &format!("an object of type {kind} has no merge decisions"),
        );
    }
    for object in ["r", "s", "m"] {
        conforms(&[
            HEADER,
            &format!(r#"{{"event":"decisions","replica":"a","object":"{object}","decisions":[]}}"#),
        ]);
    }
}

#[test]
fn names_given_twice() {
    let send = r#"{"event":"send","replica":"a","message":"same"}"#;
    let save = r#"{"event":"save","replica":"a","snapshot":"same"}"#;
    let op = r#"{"event":"op","replica":"a","object":"n","op":"increment","id":"same"}"#;
    impossible(
        &[HEADER, send],
        r#"{"event":"send","replica":"b","message":"same"}"#,
        r#""same""#,
        "message `same` was given on an earlier line",
    );
    impossible(
        &[HEADER, save],
        r#"{"event":"save","replica":"b","snapshot":"same"}"#,
        r#""same""#,
        "snapshot `same` was given",
    );
    impossible(
        &[HEADER, op],
        r#"{"event":"op","replica":"b","object":"s","op":"add","element":"x","id":"same"}"#,
        r#""same""#,
        "operation id `same` was given",
    );
    // An id on a loaded object is a name as well.
    let loaded =
        r#"{"event":"op","replica":"b","object":"s","op":"add","element":"x","id":"same"}"#;
    let load = r#"{"event":"load","replica":"b","object":"s","state":{"adds":[],"removes":[]}}"#;
    impossible(&[HEADER, load, loaded], op, r#""same""#, "operation id `same` was given");
    // Messages, snapshots and operations are three name spaces, apart from those of the header.
    possible(&[HEADER, send, save, op]);
    let header = r#"{"trace":"rejoin/1","replicas":["same"],"objects":{"same":{"type":"or-set"}}}"#;
    possible(&[
        header,
        r#"{"event":"op","replica":"same","object":"same","op":"add","element":"same","id":"same","user":"same"}"#,
        r#"{"event":"send","replica":"same","message":"same"}"#,
        r#"{"event":"save","replica":"same","snapshot":"same"}"#,
    ]);
}

#[test]
fn loads_that_come_twice_or_late() {
    let late = "this load is late: `a` has already used `n`";
    impossible(&[HEADER, LOAD], LOAD, r#""n""#, "`a` has loaded `n` before");
    let b_loads = r#"{"event":"load","replica":"b","object":"n","state":{"b":2}}"#;
    for use_of_n in [
        COUNT,
        r#"{"event":"send","replica":"a","message":"m"}"#,
        r#"{"event":"send","replica":"a","message":"m","objects":["s","n"]}"#,
        r#"{"event":"merge","replica":"a","from":"b"}"#,
        r#"{"event":"merge","replica":"b","from":"a"}"#,
        r#"{"event":"merge","replica":"a","from":"b","objects":["n"]}"#,
        r#"{"event":"sync","replicas":["a","b"]}"#,
        r#"{"event":"sync","replicas":["b","a"],"objects":["n"]}"#,
        r#"{"event":"save","replica":"a","snapshot":"s"}"#,
    ] {
        // Whether or not an earlier line showed that the object is loaded.
        impossible(&[HEADER, use_of_n], LOAD, r#""load""#, late);
        if !use_of_n.contains("\"b\"") {
            impossible(&[HEADER, b_loads, use_of_n], LOAD, r#""load""#, late);
        }
    }
    // A message that was received counts for the objects that it covers.
    for (objects, is_late) in
        [("", true), (r#","objects":["n"]"#, true), (r#","objects":["s"]"#, false)]
    {
        let send = format!(r#"{{"event":"send","replica":"b","message":"m"{objects}}}"#);
        let receive = r#"{"event":"receive","replica":"a","message":"m"}"#;
        match is_late {
            true => impossible(&[HEADER, &send, receive], LOAD, r#""load""#, late),
            false => possible(&[HEADER, &send, receive, LOAD]),
        }
    }
    // None of these uses the object at the replica.
    conforms(&[
        HEADER,
        r#"{"event":"note","text":"none of these uses n at a"}"#,
        r#"{"event":"read","replica":"a","object":"n","value":0}"#,
        r#"{"event":"op","replica":"a","object":"s","op":"add","element":"x"}"#,
        r#"{"event":"op","replica":"b","object":"n","op":"increment"}"#,
        r#"{"event":"send","replica":"b","message":"m"}"#,
        r#"{"event":"send","replica":"a","message":"m2","objects":["s"]}"#,
        r#"{"event":"merge","replica":"a","from":"b","objects":["s"]}"#,
        r#"{"event":"sync","replicas":["a","b"],"objects":[]}"#,
        r#"{"event":"save","replica":"b","snapshot":"s"}"#,
        LOAD,
        r#"{"event":"read","replica":"a","object":"n","value":5}"#,
    ]);
}

#[test]
fn what_cannot_stand_beside_a_load() {
    let restricted = [
        (
            r#"{"event":"decisions","replica":"a","object":"s","decisions":[]}"#,
            r#""decisions","#,
            "`s` is loaded, and a state does not say which decisions",
        ),
        (
            r#"{"event":"notices","replica":"a","user":"u","notices":[]}"#,
            r#""notices","#,
            "notices cannot stand in a trace that loads",
        ),
        (
            r#"{"event":"vector","replica":"a","vector":{}}"#,
            r#"{}"#,
            "a vector over all objects cannot stand",
        ),
        (
            r#"{"event":"vector","replica":"a","object":"s","vector":{}}"#,
            r#""s""#,
            "`s` is loaded, and a state does not count",
        ),
        (
            r#"{"event":"send","replica":"a","message":"m","since":[]}"#,
            "[]",
            "since cannot stand in a trace that loads",
        ),
        (
            r#"{"event":"send","replica":"a","message":"m","operations":[]}"#,
            "[]",
            "operations cannot stand in a trace that loads",
        ),
    ];
    let load = r#"{"event":"load","replica":"b","object":"s","state":{"adds":[],"removes":[]}}"#;
    for (line, mark, message) in restricted {
        impossible(&[HEADER, load], line, mark, message);
        // They are ill-formed at their own line even if the load comes later, and even if a line in
        // between is wrong.
        impossible_at(&[HEADER, ZERO, line, ZERO, load], 3, mark, message);
        impossible_at(&[HEADER, ZERO, line, load, "no JSON"], 3, mark, message);
        // Without a load, and with a load that is never read, the trace is well-formed.
        possible(&[HEADER, line]);
        let report = judge(&[HEADER, line, "no JSON", load]);
        assert_eq!(report.verdict, Verdict::Malformed);
        assert_eq!(report.error.map(|error| error.line), Some(3));
    }
    // An object that is not loaded keeps its vector and its decisions.
    conforms(&[
        HEADER,
        load,
        r#"{"event":"vector","replica":"a","object":"n","vector":{}}"#,
        r#"{"event":"decisions","replica":"a","object":"m","decisions":[]}"#,
    ]);
}

#[test]
fn own_stamps() {
    let load = r#"{"event":"load","replica":"b","object":"s","state":{"adds":[],"removes":[]}}"#;
    let message = "a trace that loads states cannot have stamps of its own";
    // The header decides, whatever comes before the load.
    for lines in [vec![OWN, load], vec![OWN, ZERO, load], vec![OWN, COUNT, load, "no JSON"]] {
        let report = judge(&lines);
        assert_eq!(report.verdict, Verdict::IllFormed, "{report:#?}");
        assert_eq!((report.events, report.claims), (0, 0));
        impossible_at(&lines, 1, r#""own""#, message);
    }
    for (object, kind) in [("r", "lww-register"), ("m", "lww-map"), ("l", "log")] {
        let line = format!(r#"{{"event":"state","replica":"a","object":"{object}","state":null}}"#);
        impossible(
            &[OWN],
            &line,
            r#""state","#,
            &format!("an object of type {kind} has no state to compare"),
        );
    }
    conforms(&[
        OWN,
        r#"{"event":"state","replica":"a","object":"n","state":{}}"#,
        r#"{"event":"state","replica":"a","object":"s","state":{"adds":[],"removes":[]}}"#,
    ]);
}

#[test]
fn what_was_found_before_is_kept() {
    let false_claim = r#"{"event":"read","replica":"a","object":"n","value":2}"#;
    let reuse = |value| {
        format!(
            r#"{{"event":"op","replica":"a","object":"r","op":"write","value":{value},"timestamp":1}}"#
        )
    };
    let (one, two) = (reuse(1), reuse(2));
    for (end, verdict) in [
        (r#"{"event":"receive","replica":"a","message":"m"}"#, Verdict::IllFormed),
        (r#"{"event":"receive","replica":"a"}"#, Verdict::Malformed),
    ] {
        let report = judge(&[HEADER, COUNT, false_claim, ZERO, &one, &two, end, false_claim]);
        assert_eq!(report.verdict, verdict);
        assert_eq!((report.events, report.claims), (5, 2));
        assert_eq!(report.findings.iter().map(|f| f.line).collect::<Vec<_>>(), [3]);
        assert!(report.warnings.iter().all(|warning| warning.line == 6));
        assert_eq!(report.warnings.len(), 2);
        assert_eq!(report.error.map(|error| error.line), Some(7));
        assert_eq!(report.coverage.operations, 3);
        assert_eq!(report.coverage.claims, [("read", 2)]);
    }
}

#[test]
fn grammar_is_judged_before_history() {
    // The replica is not declared either, but the line is malformed.
    let report = judge(&[HEADER, r#"{"event":"op","replica":"z","object":"n","op":"increments"}"#]);
    assert_eq!(report.verdict, Verdict::Malformed);
    // A timestamp with own stamps, a replica twice in a list, no integer: malformed.
    let malformed = [
        (OWN, r#"{"event":"op","replica":"a","object":"r","op":"write","value":1,"timestamp":1}"#),
        (HEADER, r#"{"event":"op","replica":"a","object":"r","op":"write","value":1}"#),
        (HEADER, r#"{"event":"sync","replicas":["a","a"]}"#),
        (HEADER, r#"{"event":"converged","replicas":["a","b","a"]}"#),
        (HEADER, r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":0}"#),
        (
            HEADER,
            r#"{"event":"op","replica":"a","object":"n","op":"increment","amount":18446744073709551616}"#,
        ),
        (HEADER, r#"{"event":"send","replica":"a","message":"m","objects":[],"since":[]}"#),
    ];
    for (header, line) in malformed {
        let report = judge(&[header, line]);
        assert_eq!(report.verdict, Verdict::Malformed, "{line}");
        assert_eq!(report.error.map(|error| error.line), Some(2), "{line}");
    }
}
