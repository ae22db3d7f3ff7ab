//! What a verdict covers: how often each rule could have been broken, on small traces with exact
//! figures.

use rejoin_judge::{Coverage, Options, Verdict, check};

/// A rule, its object, the claims held against it, and those that could have broken it.
type Row = (&'static str, &'static str, u64, u64);

fn covered(objects: &str, stamps: &str, lines: &[&str]) -> Coverage {
    let header = format!(
        r#"{{"trace":"rejoin/1","replicas":["a","b","c"],"objects":{objects},"stamps":"{stamps}"}}"#
    );
    let trace = format!("{header}\n{}", lines.join("\n"));
    let report = check(|| Ok(trace.as_bytes()), &Options::default()).expect("memory can be read");
    assert_eq!(report.error, None, "{trace}");
    assert_eq!(report.findings, [], "{trace}");
    assert!(matches!(report.verdict, Verdict::Conforms | Verdict::Inconclusive), "{trace}");
    report.coverage
}

#[track_caller]
fn has_rows(coverage: &Coverage, expected: &[Row]) {
    let rows = coverage.rules.iter().map(|row| {
        (row.rule.as_str(), row.object.as_deref().unwrap_or("-"), row.claims, row.tested)
    });
    assert_eq!(rows.collect::<Vec<_>>(), expected);
}

/// An operation of a replica on the object `o`.
fn op(replica: &str, name: &str, arguments: &str) -> String {
    let comma = if arguments.is_empty() { "" } else { "," };
    format!(
        r#"{{"event":"op","replica":"{replica}","object":"o","op":"{name}"{comma}{arguments}}}"#
    )
}

fn read(replica: &str, value: &str) -> String {
    format!(r#"{{"event":"read","replica":"{replica}","object":"o","value":{value}}}"#)
}

const SYNC: &str = r#"{"event":"sync","replicas":["a","b"]}"#;

/// `a` operates and is read, `b` operates without having seen that and is read, both synchronize
/// and are read. What follows gives the claims, those that could have failed, and the object's figures.
fn apart(kind: &str, first: &str, second: &str, answers: [&str; 3]) -> Coverage {
    let [alone, other, both] = answers;
    let lines = [
        first,
        &read("a", alone),
        second,
        &read("b", other),
        SYNC,
        &read("a", both),
        &read("b", both),
    ];
    covered(&format!(r#"{{"o":{{"type":"{kind}"}}}}"#), "explicit", &lines)
}

/// The same, but `b` has seen what `a` did.
fn in_turn(kind: &str, first: &str, second: &str, answers: [&str; 2]) -> Coverage {
    let [alone, both] = answers;
    let lines = [first, &read("a", alone), SYNC, second, SYNC, &read("a", both), &read("b", both)];
    covered(&format!(r#"{{"o":{{"type":"{kind}"}}}}"#), "explicit", &lines)
}

#[test]
fn an_answer_of_each_type_could_fail_once_conflicting_operations_were_merged() {
    let a = |name: &str, arguments: &str| op("a", name, arguments);
    let b = |name: &str, arguments: &str| op("b", name, arguments);
    let write = |value: &str| format!(r#""value":{value}"#);
    let stamped = |value: &str, at: u64| format!(r#""value":{value},"timestamp":{at}"#);
    let put = |value: &str| format!(r#""key":"x","value":{value}"#);
    let entry = |value: &str, at: u64| format!(r#""entry":{value},"timestamp":{at}"#);
    let x = r#""element":"x""#;
    let y = r#""element":"y""#;
    // Whether its keys are what is contested, or the object as a whole.
    let cases = [
        ("g-counter", false, a("increment", ""), b("increment", ""), ["1", "1", "2"]),
        ("pn-counter", false, a("increment", ""), b("decrement", ""), ["1", "-1", "0"]),
        ("max-register", false, a("write", &write("1")), b("write", &write("2")), ["1", "2", "2"]),
        ("min-register", false, a("write", &write("1")), b("write", &write("2")), ["1", "2", "1"]),
        (
            "log",
            false,
            a("append", &entry("1", 1)),
            b("append", &entry("2", 2)),
            ["[1]", "[2]", "[1,2]"],
        ),
        ("g-set", false, a("add", x), b("add", y), [r#"["x"]"#, r#"["y"]"#, r#"["x","y"]"#]),
        ("or-set", true, a("add", x), b("remove", x), [r#"["x"]"#, "[]", r#"["x"]"#]),
        ("2p-set", true, a("add", x), b("remove", x), [r#"["x"]"#, "[]", "[]"]),
        ("rw-set", true, a("add", x), b("remove", x), [r#"["x"]"#, "[]", "[]"]),
        ("ew-flag", true, a("enable", ""), b("disable", ""), ["true", "false", "true"]),
        ("dw-flag", true, a("enable", ""), b("disable", ""), ["true", "false", "false"]),
        (
            "lww-register",
            true,
            a("write", &stamped("1", 1)),
            b("write", &stamped("2", 2)),
            ["1", "2", "2"],
        ),
        (
            "mv-register",
            true,
            a("write", &write("1")),
            b("write", &write("2")),
            ["[1]", "[2]", "[1,2]"],
        ),
        (
            "mv-map",
            true,
            a("put", &put("1")),
            b("put", &put("2")),
            [r#"{"x":[1]}"#, r#"{"x":[2]}"#, r#"{"x":[1,2]}"#],
        ),
        (
            "lww-map",
            true,
            a("put", &format!("{},\"timestamp\":1", put("1"))),
            b("put", &format!("{},\"timestamp\":2", put("2"))),
            [r#"{"x":1}"#, r#"{"x":2}"#, r#"{"x":2}"#],
        ),
    ];
    for (kind, has_keys, first, second, answers) in &cases {
        let coverage = apart(kind, first, second, *answers);
        let rule = format!("{kind}/value");
        let rows: Vec<_> =
            coverage.rules.iter().map(|row| (row.rule.as_str(), row.claims, row.tested)).collect();
        assert_eq!(rows, [(rule.as_str(), 4, 2)], "{kind}");
        assert_eq!(coverage.tested, 2, "{kind}");
        assert!(coverage.is_complete && coverage.rules[0].is_contested, "{kind}");
        let (keys, objects) = (coverage.keys, coverage.objects);
        let of_keys = (keys.decided, keys.met, keys.contested);
        let of_objects = (objects.used, objects.met, objects.contested);
        let expected = if *has_keys { ((1, 1, 1), (0, 0, 0)) } else { ((0, 0, 0), (1, 1, 1)) };
        assert_eq!((of_keys, of_objects), expected, "{kind}");
    }
    let kinds = cases.map(|case| case.0);
    let others = ["list", "opaque"];
    let all = rejoin::object::TraceType::ALL.map(|kind| kind.as_str());
    assert!(all.iter().all(|kind| kinds.contains(kind) || others.contains(kind)));
}

#[test]
fn nothing_could_fail_where_each_had_seen_the_other() {
    let cases = [
        ("g-counter", op("a", "increment", ""), op("b", "increment", ""), ["1", "2"]),
        (
            "g-set",
            op("a", "add", r#""element":"x""#),
            op("b", "add", r#""element":"y""#),
            [r#"["x"]"#, r#"["x","y"]"#],
        ),
        (
            "or-set",
            op("a", "add", r#""element":"x""#),
            op("b", "remove", r#""element":"x""#),
            [r#"["x"]"#, "[]"],
        ),
        ("ew-flag", op("a", "enable", ""), op("b", "disable", ""), ["true", "false"]),
        ("opaque", op("a", "anything", ""), op("b", "anything", ""), ["1", "2"]),
        (
            "list",
            op("a", "insert", r#""element":"x""#),
            op("b", "insert", r#""element":"y""#),
            [r#"["x"]"#, r#"["x","y"]"#],
        ),
    ];
    for (kind, first, second, answers) in cases {
        let coverage = in_turn(kind, &first, &second, answers);
        assert_eq!(coverage.tested, 0, "{kind}");
        assert_eq!((coverage.keys.contested, coverage.objects.contested), (0, 0), "{kind}");
        assert_eq!(coverage.keys.met + coverage.objects.met, 1, "{kind}");
        assert!(coverage.rules.iter().all(|row| row.tested == 0 && !row.is_contested), "{kind}");
    }
}

#[test]
fn decisions_with_one_effect_and_keys_apart_do_not_conflict() {
    let [x, y] = [r#""element":"x""#, r#""element":"y""#];
    let (a, b) = (op("a", "add", x), op("b", "add", x));
    let alike = apart("or-set", &a, &b, [r#"["x"]"#; 3]);
    has_rows(&alike, &[("or-set/value", "o", 4, 0)]);
    let b = op("b", "remove", y);
    let elsewhere = apart("or-set", &a, &b, [r#"["x"]"#, "[]", r#"["x"]"#]);
    has_rows(&elsewhere, &[("or-set/value", "o", 4, 0)]);
}

#[test]
fn single_reads_are_of_their_key() {
    let of = |element: &str, value: bool| {
        format!(
            r#"{{"event":"read","replica":"a","object":"o","element":"{element}","value":{value}}}"#
        )
    };
    let lines = [
        op("a", "add", r#""element":"x""#),
        op("a", "add", r#""element":"y""#),
        op("b", "remove", r#""element":"x""#),
        SYNC.into(),
        of("x", true),
        of("y", true),
        of("z", false),
    ];
    let lines = lines.each_ref().map(|line| line.as_str());
    let coverage = covered(r#"{"o":{"type":"or-set"}}"#, "explicit", &lines);
    has_rows(&coverage, &[("or-set/value", "o", 3, 1)]);
}

#[test]
fn a_list_could_fail_by_its_order_once_concurrent_inserts_were_merged() {
    let [a, b] = ["a", "b"].map(|at| op(at, "insert", &format!(r#""element":"{at}""#)));
    let behind = op("a", "insert", r#""element":"c","after":"b""#);
    let lines = [
        &a,
        &b,
        &read("a", r#"["a"]"#),
        SYNC,
        &read("a", r#"["a","b"]"#),
        &behind,
        &op("b", "delete", r#""element":"a""#),
        &read("b", r#"["b"]"#),
    ];
    let coverage = covered(r#"{"o":{"type":"list"}}"#, "explicit", &lines);
    has_rows(&coverage, &[("list/value", "o", 3, 2), ("list/order", "o", 4, 3)]);
    assert_eq!(coverage.tested, 3);
    assert_eq!((coverage.objects.met, coverage.objects.contested), (1, 1));
}

#[test]
fn an_opaque_object_could_fail_once_two_answered_with_equal_knowledge_of_conflicts() {
    let (a, b) = (op("a", "rename", ""), op("b", "rename", ""));
    let lines = [
        &a,
        &b,
        &read("a", "1"),
        SYNC,
        &read("a", "3"),
        &read("a", "3"),
        &read("b", "3"),
        &read("a", "3"),
        r#"{"event":"read","replica":"b","object":"o","query":"title","value":0}"#,
    ];
    let coverage = covered(r#"{"o":{"type":"opaque"}}"#, "explicit", &lines);
    has_rows(&coverage, &[("opaque/agreement", "o", 6, 2)]);
    // Of operations that saw each other, equal knowledge says nothing of a merge.
    let lines = [&a, SYNC, &read("a", "1"), &read("b", "1")];
    let coverage = covered(r#"{"o":{"type":"opaque"}}"#, "explicit", &lines);
    has_rows(&coverage, &[("opaque/agreement", "o", 2, 0)]);
}

#[test]
fn claims_about_all_objects_could_fail_as_their_objects_could() {
    let digest = |replica: &str, digest: &str| {
        format!(r#"{{"event":"digest","replica":"{replica}","digest":"{digest}"}}"#)
    };
    let vector = |replica: &str, vector: &str| {
        format!(r#"{{"event":"vector","replica":"{replica}","vector":{vector}}}"#)
    };
    let id = |replica: &str| format!(r#"[{{"replica":"{replica}","seq":1}}]"#);
    let lines = [
        &op("a", "add", r#""element":"x""#),
        &op("b", "remove", r#""element":"x","user":"u""#),
        &vector("a", r#"{"a":1}"#),
        &digest("a", "1"),
        &digest("b", "2"),
        SYNC,
        &vector("a", r#"{"a":1,"b":1}"#),
        &digest("a", "1"),
        &digest("b", "1"),
        r#"{"event":"converged","replicas":["a","b"]}"#,
        r#"{"event":"converged","replicas":["a","b"]}"#,
        &format!(
            r#"{{"event":"decisions","replica":"a","object":"o","decisions":[{{"key":"x","kept":{},"superseded":{}}}]}}"#,
            id("a"),
            id("b")
        ),
        r#"{"event":"notices","replica":"c","user":"u","notices":[]}"#,
        r#"{"event":"notices","replica":"b","user":"u","notices":[{"object":"o","key":"x","replica":"b","seq":1}]}"#,
        r#"{"event":"state","replica":"a","object":"o","state":{"adds":[{"element":"x","replica":"a","seq":1}],"removes":[]}}"#,
    ];
    let coverage = covered(r#"{"o":{"type":"or-set"}}"#, "explicit", &lines);
    let expected = [
        ("vector", "-", 2, 1),
        // Only the last digest is of what another replica had given a digest of.
        ("digest/equal", "-", 4, 1),
        ("digest/distinct", "-", 4, 3),
        ("converged", "-", 2, 2),
        ("state", "o", 1, 1),
        ("decisions", "o", 1, 1),
        ("notices", "-", 2, 1),
    ];
    has_rows(&coverage, &expected);
    // One digest, two of convergence, decisions, notices and a state.
    assert_eq!(coverage.tested, 6);
}

#[test]
fn with_own_stamps_a_claim_is_held_against_each_of_their_rules() {
    let put = |at: &str, value: &str| op(at, "put", &format!(r#""key":"x","value":{value}"#));
    let lines = [
        &put("a", "1"),
        &put("b", "2"),
        &read("a", r#"{"x":1}"#),
        SYNC,
        &read("a", r#"{"x":2}"#),
        r#"{"event":"read","replica":"b","object":"o","key":"x","value":2}"#,
    ];
    let coverage = covered(r#"{"o":{"type":"lww-map"}}"#, "own", &lines);
    let expected =
        [("lww-map/value", "o", 2, 1), ("lww/superseded", "o", 3, 2), ("lww/agreement", "o", 3, 2)];
    has_rows(&coverage, &expected);
    let append = |at: &str, value: &str| op(at, "append", &format!(r#""entry":{value}"#));
    let lines =
        [&append("a", "1"), &append("b", "2"), &read("a", "[1]"), SYNC, &read("a", "[2,1]")];
    let coverage = covered(r#"{"o":{"type":"log"}}"#, "own", &lines);
    let expected =
        [("log/value", "o", 2, 1), ("log/causality", "o", 2, 1), ("log/agreement", "o", 2, 1)];
    has_rows(&coverage, &expected);
}

#[test]
fn a_restored_replica_has_not_seen_what_its_backup_lacks() {
    let lines = [
        &op("a", "increment", ""),
        r#"{"event":"save","replica":"a","snapshot":"s"}"#,
        &op("b", "increment", ""),
        SYNC,
        &read("a", "2"),
        r#"{"event":"restore","replica":"a","snapshot":"s"}"#,
        &read("a", "1"),
        SYNC,
        &read("a", "2"),
    ];
    let coverage = covered(r#"{"o":{"type":"g-counter"}}"#, "explicit", &lines);
    has_rows(&coverage, &[("g-counter/value", "o", 3, 2)]);
    // Two lives of one replica are not two replicas.
    let lines = [
        r#"{"event":"save","replica":"a","snapshot":"s"}"#,
        &op("a", "increment", ""),
        r#"{"event":"sync","replicas":["a","c"]}"#,
        r#"{"event":"restore","replica":"a","snapshot":"s"}"#,
        &op("a", "increment", ""),
        r#"{"event":"sync","replicas":["a","c"]}"#,
        &read("c", "2"),
    ];
    let coverage = covered(r#"{"o":{"type":"g-counter"}}"#, "explicit", &lines);
    has_rows(&coverage, &[("g-counter/value", "o", 1, 0)]);
}

/// To see that all was seen takes steps as well: few replicas that take turns are compared to the end, of many the
/// report says that they were not.
#[test]
fn looks_at_what_was_seen_are_counted() {
    let in_turn = |count: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("\"r{number}\"")).collect();
        let mut trace = format!(
            r#"{{"trace":"rejoin/1","replicas":[{}],"objects":{{"o":{{"type":"g-counter"}}}}}}"#,
            names.join(",")
        );
        for turn in 0..3 * count {
            let (at, before) = (turn % count, (turn + count - 1) % count);
            if turn > 0 {
                trace += &format!(
                    "\n{{\"event\":\"merge\",\"replica\":\"r{at}\",\"from\":\"r{before}\"}}"
                );
            }
            trace += &format!("\n{}", op(&format!("r{at}"), "increment", ""));
        }
        trace += &format!("\n{}", read(&format!("r{}", count - 1), &(3 * count).to_string()));
        let report =
            check(|| Ok(trace.as_bytes()), &Options::default()).expect("memory can be read");
        assert_eq!(report.verdict, Verdict::Conforms, "{:?}", report.findings);
        let coverage = &report.coverage;
        (coverage.is_complete, coverage.keys.is_complete, coverage.objects.contested)
    };
    assert_eq!(in_turn(20), (true, true, 0));
    assert_eq!(in_turn(300), (false, true, 0));
}

/// Where many replicas operate on one object the comparisons end, and the report says so.
#[test]
fn what_is_compared_is_linear_in_the_trace() {
    let count = 400;
    let names: Vec<String> = (0..count).map(|number| format!("\"r{number}\"")).collect();
    let mut trace = format!(
        r#"{{"trace":"rejoin/1","replicas":[{}],"objects":{{"o":{{"type":"g-counter"}}}}}}"#,
        names.join(",")
    );
    for number in 0..count {
        trace += &format!("\n{}", op(&format!("r{number}"), "increment", ""));
    }
    trace += &format!("\n{}", read("r7", "1"));
    let report = check(|| Ok(trace.as_bytes()), &Options::default()).expect("memory can be read");
    assert_eq!(report.verdict, Verdict::Conforms);
    let coverage = &report.coverage;
    assert!(!coverage.is_complete && !coverage.keys.is_complete);
    assert_eq!((coverage.objects.used, coverage.objects.contested, coverage.tested), (1, 1, 0));
}
