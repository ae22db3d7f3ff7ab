//! The judge, the optimized, the reference and the proven engine, and the proven judge, on the same
//! traces.
//!
//! Shown: on every scenario and its rejected twin, on the working day, on random traces, and on the
//! beginnings of recorded histories (in the folder of the variable REJOIN_TRACES), all three
//! engines answer like the definition, and the proven judge gives the same verdict and the same
//! findings. If the proven judge leaves out a trace, the trace has the stated reason. With
//! `--nocapture` each test prints how much it compared.

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use rejoin_judge::{EngineName, MOST_LINES, Options, ProvenJudge, Report, Verdict, check};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How much was compared.
#[derive(Default, Debug)]
struct Compared {
    traces: u64,
    /// The traces that the proven judge judged as well.
    by_the_proven_judge: u64,
    claims: u64,
    findings: usize,
    /// The answers of engines.
    answers: u64,
}

impl Compared {
    fn trace(&mut self, trace: &str) -> Report {
        let options = Options { engines: EngineName::ALL.to_vec(), ..Options::default() };
        let report = check(|| Ok(trace.as_bytes()), &options).expect("memory can be read");
        assert_eq!(report.differences, [""; 0], "{trace}");
        // An engine follows unless it does not support something in the trace, and says what that
        // is.
        let lacks = |why: &String| {
            why.contains("did not follow: it has no ")
                || why.contains("its timestamps have one part")
        };
        assert!(
            report.coverage.stopped.iter().all(lacks),
            "{:?}: {trace}",
            report.coverage.stopped
        );
        match &report.coverage.proven_judge {
            ProvenJudge::Agreed => {
                self.by_the_proven_judge += 1;
                self.claims += report.claims;
                self.findings += report.findings.len();
            }
            ProvenJudge::LeftOut(why) => {
                let reasons = [
                    ("own", r#""stamps":"own""#),
                    ("load", r#""event":"load""#),
                    ("state is claimed", r#""event":"state""#),
                    ("rejoin/1", r#""algorithm":"rejoin/1""#),
                    ("an object is of a type", r#""type":"g-set""#),
                    ("an object is of a type", r#""type":"2p-set""#),
                    ("an object is of a type", r#""type":"list""#),
                    ("an object is of a type", r#""type":"opaque""#),
                    ("an operation or its timestamp", r#""timestamp":["#),
                    ("relays others", r#""relays":"#),
                    ("a claim is of a kind", r#""event":"failed""#),
                ];
                let stands =
                    |(word, text): &(&str, &str)| why.contains(word) && trace.contains(text);
                assert!(reasons.iter().any(stands), "{why}: {trace}");
            }
            // The trace has no header.
            other => assert!(report.verdict == Verdict::Malformed, "{other:?}: {trace}"),
        }
        self.traces += 1;
        self.answers += report.coverage.compared;
        report
    }
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

#[test]
fn scenarios_and_their_twins() {
    let mut compared = Compared::default();
    for entry in fs::read_dir(project("spec/scenarios")).expect("the folder is there") {
        let path = entry.expect("a file").path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            compared.trace(&fs::read_to_string(&path).expect("it can be read"));
        }
    }
    println!("scenarios: {compared:?}");
    assert!(compared.by_the_proven_judge > 0 && compared.answers > 0 && compared.findings > 0);
}

/// Claims of explicit states are left out, as the proven judge does not have them.
#[test]
fn the_working_day() {
    let day = fs::read_to_string(project("examples/working-day.jsonl")).expect("it can be read");
    let is_in_scope = |line: &&str| !line.contains(r#""event":"state""#);
    let lines: Vec<&str> = day.lines().filter(is_in_scope).collect();
    assert!(lines.len() < day.lines().count(), "it claims states");
    let mut compared = Compared::default();
    compared.trace(&lines.join("\n"));
    println!("the working day: {compared:?}");
    assert_eq!(compared.by_the_proven_judge, 1);
    assert!(compared.answers > 0);
}

// Random traces

const REPLICAS: [&str; 3] = ["a", "b", "c"];
const USERS: [&str; 2] = ["ann", "bob"];
const OBJECTS: [(&str, &str); 5] = [
    ("count", "g-counter"),
    ("log", "log"),
    ("map", "lww-map"),
    ("register", "lww-register"),
    ("set", "or-set"),
];

/// One line to be generated: its kind, its replica, its object, and two numbers for the rest.
type Step = (usize, usize, usize, usize, usize);

fn step() -> impl Strategy<Value = Step> {
    (0..30_usize, 0..REPLICAS.len(), 0..OBJECTS.len(), 0..64_usize, 0..64_usize)
}

fn header() -> Value {
    let objects = OBJECTS.map(|(name, kind)| (name.to_owned(), json!({"type": kind})));
    json!({"trace": "rejoin/1", "replicas": REPLICAS, "objects": serde_json::Map::from_iter(objects)})
}

/// The lines of these steps. They can use what was sent, named or saved before; rarely, they use
/// what was not.
fn lines(steps: &[Step]) -> Vec<Value> {
    let (mut messages, mut operations, mut snapshots) = (0, 0, Vec::new());
    let mut lines = vec![header()];
    for (what, at, object, n, m) in steps.iter().copied() {
        let (replica, other) = (REPLICAS[at], REPLICAS[(at + 1 + n % 2) % REPLICAS.len()]);
        let (name, kind) = OBJECTS[object];
        let some_objects =
            if m % 2 == 0 { OBJECTS[..=object].to_vec() } else { vec![OBJECTS[object]] };
        let some_objects: Vec<&str> = some_objects.into_iter().map(|(name, _)| name).collect();
        let mut line = match what {
            0..=10 => {
                operations += 1;
                let mut line = operation(kind, n, m);
                line["id"] = json!(format!("o{operations}"));
                if n % 3 > 0 {
                    line["user"] = USERS[m % 2].into();
                }
                line["object"] = json!(name);
                line
            }
            11..=13 => {
                messages += 1;
                let mut line = json!({"event": "send", "message": format!("m{messages}")});
                match n % 5 {
                    0 => line["objects"] = json!(some_objects),
                    1 if messages > 1 => {
                        line["since"] = json!([format!("m{}", 1 + m % (messages - 1))]);
                    }
                    2 if operations > 0 && m % 8 == 0 => {
                        line["operations"] = json!([format!("o{}", 1 + m % operations)]);
                    }
                    _ => {}
                }
                line
            }
            14..=16 if messages > 0 => {
                json!({"event": "receive", "message": format!("m{}", 1 + n % messages)})
            }
            17 => json!({"event": "merge", "from": other, "objects": some_objects}),
            18 => json!({"event": "merge", "from": other}),
            19 => json!({"event": "sync", "replicas": [replica, other]}),
            20 => {
                snapshots.push(replica);
                json!({"event": "save", "snapshot": format!("s{}", snapshots.len())})
            }
            21 => match snapshots.iter().rposition(|saved| *saved == replica) {
                Some(place) => json!({"event": "restore", "snapshot": format!("s{}", place + 1)}),
                None => json!({"event": "note", "text": "no backup"}),
            },
            22 => json!({"event": "converged", "replicas": [replica, other]}),
            _ => claim(what, (name, kind), n, m),
        };
        if !matches!(line["event"].as_str(), Some("sync" | "converged" | "note")) {
            line["replica"] = json!(replica);
        }
        lines.push(line);
    }
    lines
}

fn operation(kind: &str, n: usize, m: usize) -> Value {
    let (key, value) = (["x", "y"][n % 2], [json!(null), json!(1), json!("1"), json!([1.0])]);
    let (value, timestamp) = (&value[m % 4], n % 4);
    match kind {
        "g-counter" => json!({"event": "op", "op": "increment", "amount": 1 + n}),
        "log" => json!({"event": "op", "op": "append", "entry": value, "timestamp": timestamp}),
        "lww-register" => {
            json!({"event": "op", "op": "write", "value": value, "timestamp": timestamp})
        }
        "lww-map" if m.is_multiple_of(8) => {
            json!({"event": "op", "op": "delete", "key": key, "timestamp": timestamp})
        }
        "lww-map" => {
            json!({"event": "op", "op": "put", "key": key, "value": value, "timestamp": timestamp})
        }
        _ if m.is_multiple_of(3) => json!({"event": "op", "op": "remove", "element": key}),
        _ => json!({"event": "op", "op": "add", "element": key}),
    }
}

/// A claim with an answer that is most likely false.
fn claim(what: usize, (object, kind): (&str, &str), n: usize, m: usize) -> Value {
    let answers = [
        json!("?"),
        json!(null),
        json!([]),
        json!({}),
        json!(0),
        json!(true),
        json!(["x", "x"]),
        json!({"x": 1}),
        json!({"a": 1, "z": 0}),
        json!([{"key": "x", "kept": [{"replica": "a", "seq": 1}], "superseded": []}]),
        json!([{"object": "set", "key": "x", "replica": "a", "seq": 1}]),
    ];
    let answer = &answers[n % answers.len()];
    match what {
        23 if kind == "or-set" => {
            json!({"event": "read", "object": object, "element": "x", "value": answer})
        }
        23 if kind == "lww-map" => {
            json!({"event": "read", "object": object, "key": "x", "value": answer})
        }
        23 | 24 => json!({"event": "read", "object": object, "value": answer}),
        25 => json!({"event": "vector", "object": object, "vector": answer}),
        26 => json!({"event": "vector", "vector": answer}),
        27 if m.is_multiple_of(2) => json!({"event": "digest", "digest": n % 8}),
        27 => json!({"event": "digest", "object": object, "algorithm": "n", "digest": n % 4}),
        28 if !matches!(kind, "g-counter" | "log") => {
            json!({"event": "decisions", "object": object, "decisions": answer})
        }
        _ => json!({"event": "notices", "user": USERS[m % 2], "notices": answer}),
    }
}

fn text(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Gives every second false claim the answer that the judge expects.
fn correct(lines: &mut [Value], report: &Report) {
    for finding in report.findings.iter().step_by(2) {
        let Some(expected) = &finding.expected else { continue };
        let line = &mut lines[finding.line as usize - 1];
        let field = match line["event"].as_str() {
            Some("read") => "value",
            Some("vector") => "vector",
            Some("decisions") => "decisions",
            Some("notices") => "notices",
            _ => continue,
        };
        line[field] = serde_json::from_str(expected).expect("answers are JSON");
    }
}

#[test]
fn random_traces() {
    let config = Config {
        cases: 1_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..Config::with_source_file(file!())
    };
    let compared = RefCell::new(Compared::default());
    let outcome = TestRunner::new(config).run(&prop::collection::vec(step(), 0..60), |steps| {
        let mut lines = lines(&steps);
        let mut compared = compared.borrow_mut();
        let report = compared.trace(&text(&lines));
        prop_assert_eq!(&report.coverage.proven_judge, &ProvenJudge::Agreed);
        correct(&mut lines, &report);
        let corrected = compared.trace(&text(&lines));
        prop_assert_eq!(corrected.coverage.proven_judge, ProvenJudge::Agreed);
        Ok(())
    });
    println!("random traces: {:?}", compared.into_inner());
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

// Recorded histories

/// Every question, with a false answer, at every replica of a header.
fn questions(header: &Value) -> Vec<Value> {
    let replicas = header["replicas"].as_array().expect("a header has replicas");
    let objects = header["objects"].as_object().expect("a header has objects");
    let mut claims = vec![json!({"event": "converged", "replicas": replicas})];
    for replica in replicas {
        claims.push(json!({"event": "vector", "replica": replica, "vector": "?"}));
        claims.push(json!({"event": "digest", "replica": replica, "digest": 1}));
        for user in ["u0", "u1"] {
            let notices =
                json!({"event": "notices", "replica": replica, "user": user, "notices": "?"});
            claims.push(notices);
        }
        for (name, declared) in objects {
            let read =
                json!({"event": "read", "replica": replica, "object": name, "value": {"?": 0}});
            claims.push(read);
            if !matches!(declared["type"].as_str(), Some("g-counter" | "log")) {
                claims.push(json!({
                    "event": "decisions", "replica": replica, "object": name, "decisions": "?"
                }));
            }
        }
    }
    claims
}

/// Each history is cut after some lines, and every question is asked there; later and later, as
/// long as there is time and the proven judge supports the trace.
#[test]
fn beginnings_of_recorded_histories() {
    let Some(folder) = std::env::var_os("REJOIN_TRACES") else {
        println!("recorded histories: REJOIN_TRACES names no folder");
        return;
    };
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("REJOIN_TRACES names a folder")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.to_string_lossy().contains(".jsonl"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "REJOIN_TRACES names a folder of traces");
    let end = Instant::now() + Duration::from_secs(10);
    for cut in [25, 50, 100, 200, 300, 400, 500] {
        let mut compared = Compared::default();
        for path in &paths {
            if Instant::now() < end {
                let mut lines = beginning(path, cut);
                lines.extend(questions(&lines[0]));
                if lines.len() <= MOST_LINES {
                    let report = compared.trace(&text(&lines));
                    correct(&mut lines, &report);
                    compared.trace(&text(&lines));
                }
            }
        }
        println!("recorded histories, {cut} lines: {compared:?}");
    }
}

/// The first lines of a trace.
fn beginning(path: &Path, lines: usize) -> Vec<Value> {
    let file = BufReader::new(fs::File::open(path).expect("it can be opened"));
    let trace: Box<dyn Read> = plain(file);
    let lines = BufReader::new(trace).lines().take(lines);
    lines.map(|line| serde_json::from_str(&line.expect("it can be read")).expect("JSON")).collect()
}

fn plain(file: BufReader<fs::File>) -> Box<dyn Read> {
    Box::new(rejoin_trace::decompress(file).expect("it can be read"))
}
