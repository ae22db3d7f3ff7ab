//! Recorded histories: each conforms, and a falsified claim is found at its line and nowhere else.
//! The optimized engine follows, and answers like the definition.
//!
//! The test reads examples/working-day.jsonl, and every trace file in the folder that the
//! environment variable `REJOIN_TRACES` names. Set it to a folder with traces of your own, recorded
//! from an implementation that you trust. With the implementation's own stamps several answers may
//! be right, so such traces are only judged as they are.
//!
//! Digests are compared with each other, and have a rule of their own. A falsified digest is found
//! on its own line if an earlier digest of the same scope covers the same knowledge; else on each
//! later line of the same knowledge; if there is none, it cannot be distinguished from a right one,
//! and is left out.

use crate::trace_falsify::{falsify, kinds};
use rejoin::object::ObjectType;
use rejoin_harness::Rng;
use rejoin_judge::{EngineName, Options, Report, Verdict, check};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The most bytes of traces that are judged with falsified claims, over all copies of one file.
/// This bounds the time for a long trace.
const MOST_JUDGED: usize = 200 << 20;

/// The most copies of one file with one falsified claim.
const MOST_COPIES: usize = 300;

/// The ways of falsifying an answer that occur in the shipped session: no answer in it is `null`,
/// or the state of a set.
const WAYS: [&str; 12] = [
    "boolean",
    "number",
    "string",
    "shape",
    "dropped",
    "added",
    "duplicated",
    "swapped",
    "member dropped",
    "member added",
    "member renamed",
    "moved",
];

fn working_day() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/working-day.jsonl")
}

/// The traces in the user's folder.
fn folder() -> Vec<PathBuf> {
    let Some(folder) = env::var_os("REJOIN_TRACES").filter(|folder| !folder.is_empty()) else {
        eprintln!("REJOIN_TRACES is not set: only the session that ships is judged");
        return Vec::new();
    };
    let is_trace = |path: &PathBuf| {
        let name = path.to_string_lossy();
        [".jsonl", ".jsonl.gz", ".jsonl.zst"].iter().any(|ending| name.ends_with(ending))
    };
    let files = fs::read_dir(&folder).map(|files| {
        files.filter_map(|file| Some(file.ok()?.path())).filter(is_trace).collect::<Vec<_>>()
    });
    let mut files = files.unwrap_or_default();
    files.sort();
    if files.is_empty() {
        let message = format!("REJOIN_TRACES is {folder:?}, where no trace file is");
        assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{message}");
        eprintln!("{message}: only the session that ships is judged");
    }
    files
}

fn judge(trace: &str) -> Report {
    check(|| Ok(trace.as_bytes()), &Options::default()).expect("memory can be read")
}

/// Judges with the optimized engine following, which must answer like the definition to the end of
/// the trace.
/// end of the trace.
fn judge_and_follow(trace: &str) -> Report {
    let options = Options { engines: vec![EngineName::Optimized], ..Options::default() };
    let report = check(|| Ok(trace.as_bytes()), &options).expect("memory can be read");
    assert_eq!(report.differences, [""; 0]);
    assert_eq!(report.coverage.stopped, [""; 0]);
    report
}

/// A trace as its lines, with each line's JSON.
struct Recorded {
    name: String,
    lines: Vec<String>,
    json: Vec<Value>,
    kinds: BTreeMap<String, ObjectType>,
}

impl Recorded {
    fn read(path: &Path) -> Self {
        let file = fs::File::open(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let mut text = String::new();
        rejoin_trace::decompress(std::io::BufReader::new(file))
            .and_then(|mut trace| trace.read_to_string(&mut text))
            .unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let lines: Vec<String> = text.lines().map(String::from).collect();
        let parse = |line: &String| serde_json::from_str(line).expect("a line is JSON");
        let json: Vec<Value> = lines.iter().map(parse).collect();
        let kinds = kinds(&json[0]);
        Self { name: path.display().to_string(), lines, json, kinds }
    }

    /// The trace with some lines replaced.
    fn with(&self, others: &BTreeMap<usize, Value>) -> String {
        let mut text = String::new();
        for (at, line) in self.lines.iter().enumerate() {
            match others.get(&at) {
                Some(other) => text += &other.to_string(),
                None => text += line,
            }
            text.push('\n');
        }
        text
    }

    /// Judges the trace with some lines replaced: exactly these indexes, from 0, are found.
    fn expect(&self, others: &BTreeMap<usize, Value>, expected: &[usize]) {
        let report = judge(&self.with(others));
        let lines: Vec<usize> = report.findings.iter().map(|f| f.line as usize - 1).collect();
        assert_eq!(
            lines, expected,
            "{}: the places found, from 0, where these are falsified: {others:#?}\n{:#?}",
            self.name, report.findings
        );
    }

    fn is_claim(&self, at: usize) -> bool {
        let claims = ["read", "vector", "digest", "converged", "decisions", "notices", "state"];
        claims.iter().any(|claim| self.json[at]["event"] == *claim)
    }
}

/// A set of operations.
#[derive(Clone, Default, PartialEq)]
struct Seen(Vec<u64>);

impl Seen {
    fn insert(&mut self, op: usize) {
        self.0.resize(self.0.len().max(op / 64 + 1), 0);
        self.0[op / 64] |= 1 << (op % 64);
    }

    fn contains(&self, op: usize) -> bool {
        self.0.get(op / 64).is_some_and(|word| word & (1 << (op % 64)) != 0)
    }
}

/// The knowledge of the replicas, replayed with plain sets.
struct Replay<'t> {
    trace: &'t Recorded,
    /// The lines with an operation, from 0.
    ops: Vec<usize>,
    seen: BTreeMap<String, Seen>,
    held: BTreeMap<(&'static str, String), Seen>,
    ids: BTreeMap<String, usize>,
}

fn text(json: &Value) -> String {
    json.as_str().expect("a name").into()
}

fn texts(json: &Value) -> Vec<String> {
    json.as_array().expect("a list of names").iter().map(text).collect()
}

impl<'t> Replay<'t> {
    fn new(trace: &'t Recorded) -> Self {
        let (ops, held, ids) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        Self { trace, ops, seen: BTreeMap::new(), held, ids }
    }

    fn of(&self, replica: &Value, objects: Option<&Value>) -> Seen {
        let all = self.seen.get(&text(replica)).cloned().unwrap_or_default();
        let Some(objects) = objects else { return all };
        let objects: BTreeSet<String> = texts(objects).into_iter().collect();
        self.filter(&all, |op| objects.contains(&text(&self.json(op)["object"])))
    }

    fn json(&self, op: usize) -> &Value {
        &self.trace.json[self.ops[op]]
    }

    fn filter(&self, seen: &Seen, keep: impl Fn(usize) -> bool) -> Seen {
        let mut kept = Seen::default();
        (0..self.ops.len())
            .filter(|op| seen.contains(*op) && keep(*op))
            .for_each(|op| kept.insert(op));
        kept
    }

    fn learn(&mut self, replica: &Value, what: &Seen) {
        let seen = self.seen.entry(text(replica)).or_default();
        seen.0.resize(seen.0.len().max(what.0.len()), 0);
        seen.0.iter_mut().zip(&what.0).for_each(|(here, there)| *here |= there);
    }

    fn line(&mut self, at: usize) {
        let line = &self.trace.json[at];
        let objects = line.get("objects");
        match line["event"].as_str().expect("an event") {
            "op" => {
                let op = self.ops.len();
                self.ops.push(at);
                self.seen.entry(text(&line["replica"])).or_default().insert(op);
                if let Some(id) = line.get("id") {
                    self.ids.insert(text(id), op);
                }
            }
            "send" => {
                let mut holds = self.of(&line["replica"], objects);
                for message in line.get("since").map(texts).unwrap_or_default() {
                    let known = self.held[&("message", message)].clone();
                    holds = self.filter(&holds, |op| !known.contains(op));
                }
                if let Some(ids) = line.get("operations") {
                    holds = Seen::default();
                    texts(ids).iter().for_each(|id| holds.insert(self.ids[id]));
                }
                self.held.insert(("message", text(&line["message"])), holds);
            }
            "receive" => {
                let holds = self.held[&("message", text(&line["message"]))].clone();
                self.learn(&line["replica"], &holds);
            }
            "merge" => {
                let holds = self.of(&line["from"], objects);
                self.learn(&line["replica"], &holds);
            }
            "sync" => {
                let (a, b) = (&line["replicas"][0], &line["replicas"][1]);
                let (from_a, from_b) = (self.of(a, objects), self.of(b, objects));
                self.learn(b, &from_a);
                self.learn(a, &from_b);
            }
            "save" => {
                let seen = self.of(&line["replica"], None);
                self.held.insert(("snapshot", text(&line["snapshot"])), seen);
            }
            "restore" => {
                let seen = self.held[&("snapshot", text(&line["snapshot"]))].clone();
                self.seen.insert(text(&line["replica"]), seen);
            }
            _ => {}
        }
    }

    /// The totals of all counters at a replica.
    fn totals(&self, replica: &Value) -> BTreeMap<String, u128> {
        let seen = self.of(replica, None);
        let mut totals = BTreeMap::new();
        for op in (0..self.ops.len()).filter(|op| seen.contains(*op)) {
            let line = self.json(op);
            if line["op"] == "increment" {
                let amount = line.get("amount").map_or(1, |amount| match amount {
                    Value::String(digits) => digits.parse().expect("digits"),
                    amount => amount.as_f64().expect("a number") as u128,
                });
                *totals.entry(text(&line["object"])).or_default() += amount;
            }
        }
        totals
    }
}

/// The falsified `converged` and `digest` claims: the line, its new text, and where it is found.
fn falsified_by_replay(trace: &Recorded) -> Vec<(usize, Value, Vec<usize>)> {
    let mut replay = Replay::new(trace);
    let mut falsified = Vec::new();
    // For each digest: its line, its scope, and what was seen.
    let mut digests: Vec<(usize, String, Seen)> = Vec::new();
    for at in 1..trace.lines.len() {
        let line = &trace.json[at];
        if line["event"] == "digest" {
            let object = line.get("object").map(|object| json!([object]));
            let scope = format!("{:?} {:?}", line.get("object"), line.get("algorithm"));
            digests.push((at, scope, replay.of(&line["replica"], object.as_ref())));
        }
        if line["event"] == "converged" {
            let totals = replay.totals(&line["replicas"][0]);
            let all = texts(&trace.json[0]["replicas"]);
            if let Some(apart) = all.iter().find(|who| replay.totals(&json!(who)) != totals) {
                let mut spoilt = line.clone();
                spoilt["replicas"].as_array_mut().expect("a list").push(json!(apart));
                falsified.push((at, spoilt, vec![at]));
            }
        }
        replay.line(at);
    }
    for (i, (at, scope, seen)) in digests.iter().enumerate() {
        // Bits beyond the last operation known then are zero or absent.
        let equal =
            |other: &Seen| (0..replay.ops.len()).all(|op| other.contains(op) == seen.contains(op));
        let same = |other: &&(usize, String, Seen)| other.1 == *scope && equal(&other.2);
        let later: Vec<usize> = digests[i + 1..].iter().filter(same).map(|other| other.0).collect();
        let found = match digests[..i].iter().any(|other| same(&other)) {
            true => vec![*at],
            false => later,
        };
        if !found.is_empty() {
            let mut spoilt = trace.json[*at].clone();
            spoilt["digest"] = json!("a digest that nobody gave");
            falsified.push((*at, spoilt, found));
        }
    }
    falsified
}

/// Judges a trace and its falsified copies; returns the ways in which claims were falsified.
fn examine(path: &Path) -> BTreeMap<(String, &'static str), usize> {
    let trace = Recorded::read(path);
    let whole = trace.with(&BTreeMap::new());
    let report = judge_and_follow(&whole);
    assert_eq!(report.verdict, Verdict::Conforms, "{}: {report:#?}", trace.name);
    assert_eq!(report.events as usize, trace.lines.len() - 1, "{}", trace.name);
    let claims: Vec<usize> = (1..trace.lines.len()).filter(|at| trace.is_claim(*at)).collect();
    assert_eq!(report.claims as usize, claims.len(), "{}", trace.name);

    let mut ways = BTreeMap::new();
    if trace.json[0]["stamps"] == "own" {
        return ways;
    }
    let mut random = Rng::new(20_261_122);
    let copies = (MOST_JUDGED / whole.len()).clamp(10, MOST_COPIES);
    // Rare kinds of claims get their turn as often as the others.
    let mut by_event = BTreeMap::<String, Vec<usize>>::new();
    for at in &claims {
        by_event.entry(text(&trace.json[*at]["event"])).or_default().push(*at);
    }
    by_event.retain(|event, _| event != "converged" && event != "digest");
    let by_event: Vec<(String, Vec<usize>)> = by_event.into_iter().collect();
    // They are spread evenly over the whole trace; rare ones are used several times.
    let turns = copies / by_event.len().max(1);
    for (turn, (event, of)) in (0..turns).flat_map(|turn| by_event.iter().map(move |of| (turn, of)))
    {
        let at = of[turn * of.len() / turns];
        let (way, spoilt) = falsify(&trace.json[at], &trace.kinds, &mut random)
            .expect("claims about one replica have one right answer");
        trace.expect(&[(at, spoilt)].into(), &[at]);
        *ways.entry((event.clone(), way)).or_default() += 1;
    }
    // Claims about one replica are independent: all falsified ones are found.
    let all = claims.iter().filter_map(|at| {
        let (_, spoilt) = falsify(&trace.json[*at], &trace.kinds, &mut random)?;
        Some((*at, spoilt))
    });
    let all: BTreeMap<usize, Value> = all.collect();
    let places: Vec<usize> = all.keys().copied().collect();
    trace.expect(&all, &places);
    judge_and_follow(&trace.with(&all));

    // Loaded states are not operations, and cannot be replayed.
    if !trace.json.iter().any(|line| line["event"] == "load") {
        let falsified = falsified_by_replay(&trace);
        for (at, spoilt, found) in falsified.into_iter().take(copies) {
            let event = text(&spoilt["event"]);
            trace.expect(&[(at, spoilt)].into(), &found);
            *ways.entry((event, "replayed")).or_default() += 1;
        }
    }
    let falsified: usize = ways.values().sum();
    let compared = report.coverage.compared;
    eprintln!(
        "{}: {} claims, {compared} answers of the optimized engine compared, {falsified} falsified \
         one at a time",
        trace.name,
        claims.len()
    );
    ways
}

#[test]
fn the_session_that_ships() {
    let ways = examine(&working_day());
    // It has claims of every kind.
    for way in WAYS {
        assert!(ways.keys().any(|(_, other)| *other == way), "no claim was falsified by: {way}");
    }
    for event in ["read", "vector", "digest", "converged", "decisions", "notices", "state"] {
        assert!(ways.keys().any(|(other, _)| other == event), "no {event} was falsified");
    }
}

#[test]
fn recorded_histories() {
    for path in folder() {
        examine(&path);
    }
}
