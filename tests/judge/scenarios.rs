//! The scenarios of spec/scenarios: each conforms, and its twin is false at the line, and under the
//! rule, that the README states, and nowhere else. The optimized engine follows, and answers like
//! the definition.

use rejoin_judge::{EngineName, Options, Report, Rule, Verdict, check};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

const README: &str = include_str!("../../spec/scenarios/README.md");

/// The cells of the README's tables about one scenario.
#[derive(Debug, Default)]
struct Listed {
    note: String,
    line: u64,
    rule: String,
    warnings: BTreeSet<(u64, String)>,
}

/// A row of one of the README's tables: the scenario that it links to, and the other cells.
fn row(line: &str) -> Option<(&str, Vec<&str>)> {
    let cells = line.strip_prefix("| [")?.strip_suffix(" |")?;
    let mut cells = cells.split(" | ");
    let (name, file) = cells.next()?.strip_suffix(".jsonl)")?.split_once("](")?;
    assert_eq!(name, file, "a scenario is linked to by its name");
    Some((name, cells.collect()))
}

fn listed() -> BTreeMap<&'static str, Listed> {
    let mut listed = BTreeMap::<_, Listed>::new();
    for (name, cells) in README.lines().filter_map(row) {
        let quoted = |cell: &str| {
            let inner = cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
            inner.expect("rules stand between backquotes").to_string()
        };
        let number = |cell: &str| cell.parse().expect("lines are numbers");
        match cells[..] {
            [note, line, rule, _source] => {
                let (line, rule) = (number(line), quoted(rule));
                let scenario = Listed { note: note.into(), line, rule, ..Listed::default() };
                assert!(listed.insert(name, scenario).is_none(), "the README lists {name} twice");
            }
            [line, rule] => {
                let scenario = listed.get_mut(name).expect("the README lists warnings last");
                let new = scenario.warnings.insert((number(line), quoted(rule)));
                assert!(new, "{name}: the README lists a warning twice");
            }
            _ => panic!("{name}: a row has 2 or 4 cells after the name"),
        }
    }
    assert!(!listed.is_empty(), "the README has tables");
    listed
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../spec/scenarios")
}

fn read(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Judges, with the optimized engine following.
fn judge(trace: &str) -> Report {
    let options = Options { engines: vec![EngineName::Optimized], ..Options::default() };
    let report = check(|| Ok(trace.as_bytes()), &options).expect("memory can be read");
    assert_eq!(report.differences, [""; 0], "{trace}");
    report
}

fn warnings(report: &Report) -> BTreeSet<(u64, String)> {
    report.warnings.iter().map(|warning| (warning.line, warning.rule.as_str().into())).collect()
}

#[test]
fn every_scenario_is_told_of_and_has_a_twin() {
    let files = fs::read_dir(folder()).expect("the folder is there").map(|file| {
        file.expect("it can be listed").file_name().into_string().expect("names are UTF-8")
    });
    let there: BTreeSet<String> = files.filter(|name| name != "README.md").collect();
    let expected = listed()
        .into_keys()
        .flat_map(|name| [format!("{name}.jsonl"), format!("{name}.rejected.jsonl")])
        .collect();
    assert_eq!(there, expected);
    let page = include_str!("../../docs/judging.md");
    let count = format!("[{} scenarios](", listed().len());
    assert!(page.contains(&count), "docs/judging.md should say {count}");
}

#[test]
fn scenarios_conform_and_say_what_they_show() {
    for (name, listed) in listed() {
        let trace = read(&format!("{name}.jsonl"));
        let report = judge(&trace);
        assert_eq!(report.verdict, Verdict::Conforms, "{name}: {report:#?}");
        assert_eq!(report.findings, [], "{name}");
        assert_eq!(report.events, trace.lines().count() as u64 - 1, "{name}");
        assert_eq!(warnings(&report), listed.warnings, "{name}");
        let header: serde_json::Value =
            serde_json::from_str(trace.lines().next().expect("a header")).expect("JSON");
        assert_eq!(header["note"], listed.note, "{name}: the header says what the README says");
    }
}

#[test]
fn twins_differ_in_the_claim_that_is_found_false() {
    for (name, listed) in listed() {
        let (trace, twin) =
            (read(&format!("{name}.jsonl")), read(&format!("{name}.rejected.jsonl")));
        assert_eq!(trace.lines().count(), twin.lines().count(), "{name}");
        let lines = (1..).zip(trace.lines().zip(twin.lines()));
        let differ: Vec<u64> =
            lines.filter(|(_, (a, b))| a != b).map(|(number, _)| number).collect();
        assert_eq!(differ, [listed.line], "{name}: the lines that differ");

        let report = judge(&twin);
        assert_eq!(report.verdict, Verdict::Discrepancy, "{name}: {report:#?}");
        let found: Vec<(u64, &str)> =
            report.findings.iter().map(|finding| (finding.line, finding.rule.as_str())).collect();
        assert_eq!(found, [(listed.line, &*listed.rule)], "{name}");
        assert_eq!(warnings(&report), listed.warnings, "{name}");
    }
}

/// The lines that an argument cites.
fn cited(because: &[String]) -> BTreeSet<u64> {
    let mut cited = BTreeSet::new();
    for sentence in because {
        for (at, word) in sentence.match_indices("line ") {
            let number = &sentence[at + word.len()..];
            let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
            cited.extend(number[..digits].parse::<u64>());
        }
    }
    cited
}

/// Scenarios whose argument cites no line: the claimed content never reached the replica, or is
/// compared with a state entry by entry.
const NOTHING_TO_CITE: [&str; 6] = [
    "counter-shares-by-name",
    "held-back-and-passed-on",
    "lost-message",
    "message-holds-the-moment-of-its-send",
    "nothing-written-yet",
    "state-that-follows-from-operations",
];

#[test]
fn every_finding_is_argued_for() {
    let mut without = BTreeSet::new();
    for (name, listed) in listed() {
        let twin = read(&format!("{name}.rejected.jsonl"));
        let report = judge(&twin);
        let because = &report.findings[0].because;
        assert!(!because.is_empty(), "{name}");
        assert!(because.iter().all(|sentence| !sentence.is_empty()), "{name}: {because:?}");
        let cited = cited(because);
        assert!(
            cited.iter().all(|line| (2..=listed.line).contains(line)),
            "{name} cites what is no earlier event: {because:?}"
        );
        // A loaded state has no lines for its content.
        if cited.is_empty() && !twin.contains("\"event\":\"load\"") {
            without.insert(name);
        }
    }
    assert_eq!(without, BTreeSet::from(NOTHING_TO_CITE), "the arguments that cite no line");
}

#[test]
fn every_rule_is_shown() {
    let shown: BTreeSet<String> = listed().into_values().map(|listed| listed.rule).collect();
    for rule in Rule::ALL {
        assert!(shown.contains(rule.as_str()), "{rule}");
    }
}
