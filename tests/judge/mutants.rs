//! The mutants: each applies to the code that it breaks, the required bugs are among them, and each
//! trace gets the verdict of the table in mutants/README.md. Those of mutants/compared apply, too, and are in their table.

use rejoin_judge::{Options, Verdict, check};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// How many there are at least.
const LEAST: usize = 25;

/// The bugs of real systems that must be among them, by the numbers that this project gives them.
const KNOWN: [&str; 14] =
    ["9", "10", "11", "12", "13", "15", "16", "19", "20", "21", "22", "25", "26", "27"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../mutants")
}

/// All mutants of a folder by name.
fn mutants_in(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).expect("the folder is there").map(|file| file.unwrap().path());
    let mutants = files.filter(|file| file.extension().is_some_and(|end| end == "mutant"));
    let name = |file: &Path| file.file_stem().unwrap().to_str().unwrap().to_string();
    mutants.map(|file| (name(&file), fs::read_to_string(&file).unwrap())).collect()
}

/// Those that simulated worlds find.
fn mutants() -> BTreeMap<String, String> {
    mutants_in(&folder())
}

/// The description of a mutant.
fn field<'a>(mutant: &'a str, name: &str) -> &'a str {
    let line = mutant.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_default()
}

#[test]
fn each_mutant_fits_the_code() {
    let mutants = mutants();
    assert!(mutants.len() >= LEAST, "{}", mutants.len());
    let of_the_field = mutants_in(&folder().join("field"));
    assert!(of_the_field.len() >= 12, "{}", of_the_field.len());
    for (name, mutant) in mutants.iter().chain(&of_the_field) {
        assert!(!field(mutant, "breaks").is_empty(), "{name} says what it breaks");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(field(mutant, "file"));
        let source = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let blocks: Vec<&str> = mutant.split("<<<<<<<\n").skip(1).collect();
        assert!(!blocks.is_empty(), "{name} replaces nothing");
        // Under a switch of another name the mutant would never be active.
        let switches: BTreeSet<&str> = mutant
            .split("crate::broken(\"")
            .skip(1)
            .filter_map(|switch| Some(switch.split_once('"')?.0))
            .collect();
        assert_eq!(switches, BTreeSet::from([name.as_str()]), "the switches of {name}");
        for block in blocks {
            let (old, new) = block.split_once("\n=======\n").expect(name);
            let new = new.strip_suffix("\n>>>>>>>\n").expect(name);
            let places = source.matches(old).count();
            assert_eq!(places, 1, "{name}: this is {places} times in {}:\n{old}", path.display());
            assert_ne!(old, new, "{name}");
        }
    }
}

#[test]
fn each_mutant_of_the_field_is_in_its_table_with_its_test() {
    let readme = fs::read_to_string(folder().join("field/README.md")).unwrap();
    for (name, mutant) in mutants_in(&folder().join("field")) {
        let fields = ["row", "breaks", "test"].map(|name| field(&mutant, name));
        let [row, breaks, test] = fields;
        assert!(fields.iter().all(|field| !field.is_empty()), "{name}");
        let line = format!("| {row} | {name} | {breaks} | `{test}` |");
        assert!(readme.contains(&line), "mutants/field/README.md should have:\n{line}");
    }
}

/// How many of mutants/compared there are at least, by the tests that find them.
const COMPARED: [(&str, usize); 2] = [
    ("rejoin --test engines optimized::executions::", 2),
    ("rejoin --test engines proven_trees::", 6),
];

#[test]
fn each_mutant_for_a_comparison_fits_the_code_and_is_in_its_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(folder().join("compared/README.md")).unwrap();
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let mut rows: BTreeMap<&str, Vec<&str>> =
        rows.map(|row| row.split(" | ").collect::<Vec<_>>()).map(|row| (row[0], row)).collect();
    let mutants = mutants_in(&folder().join("compared"));
    for (name, mutant) in &mutants {
        let row = rows.remove(name.as_str()).unwrap_or_else(|| panic!("{name} is in the table"));
        assert_eq!(row[1], field(mutant, "breaks"), "{name}");
        let filter = field(mutant, "test").rsplit(' ').next().unwrap_or_default();
        assert!(row[2].contains(filter), "{name}: {} finds it, not {filter}", row[2]);
        assert_eq!(row[4], format!("`{}`", field(mutant, "beside")), "{name}");
        assert_eq!(row[5], "nothing", "{name}: other tests notice it");
        assert!(mutant.contains(&format!("crate::broken(\"{name}\")")), "{name} has its switch");
        let mut source = None;
        let mut blocks = 0;
        for part in mutant.split("<<<<<<<\n") {
            let (block, rest) = part.split_once("\n>>>>>>>\n").unwrap_or(("", part));
            if let (Some((old, new)), Some(source)) = (block.split_once("\n=======\n"), &source) {
                let text: &String = source;
                assert_eq!(text.matches(old).count(), 1, "{name}: {old}");
                assert_ne!(old, new, "{name}");
                blocks += 1;
            }
            if let Some(path) = rest.lines().find_map(|line| line.strip_prefix("file: ")) {
                source = Some(fs::read_to_string(root.join(path)).expect(path));
            }
        }
        assert!(blocks > 0, "{name} replaces nothing");
    }
    for (test, least) in COMPARED {
        let found = mutants.values().filter(|mutant| field(mutant, "test").starts_with(test));
        assert!(found.count() >= least, "{test}");
    }
    rows.retain(|name, _| !["mutant", "---"].contains(name));
    assert!(rows.is_empty(), "mutants that are not there: {rows:?}");
}

#[test]
fn known_bugs_are_among_them() {
    let mutants = mutants();
    let numbers: BTreeSet<&str> = mutants
        .values()
        .filter_map(|mutant| field(mutant, "known").split(' ').next())
        .filter(|number| !number.is_empty())
        .collect();
    let missing: Vec<&str> = KNOWN.into_iter().filter(|number| !numbers.contains(number)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn each_trace_is_judged_as_the_table_says() {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let mut rows: BTreeMap<&str, Vec<&str>> =
        rows.map(|row| row.split(" | ").collect::<Vec<_>>()).map(|row| (row[0], row)).collect();
    let mut by_the_oracle = 0;
    for (name, mutant) in mutants() {
        let row = rows.remove(name.as_str()).unwrap_or_else(|| panic!("{name} is in the table"));
        assert_eq!(row[1], field(&mutant, "breaks"), "{name}");
        let trace = fs::read(folder().join(format!("traces/{name}.jsonl"))).expect("its trace");
        let report = check(|| Ok(&trace[..]), &Options::default()).expect("memory can be read");
        match row[3] {
            "the oracle" => {
                by_the_oracle += 1;
                assert_eq!(report.verdict, Verdict::Discrepancy, "{name}");
                let first = report.findings.first().expect("a false claim");
                let words = format!("{} on line {}", first.rule.as_str(), first.line);
                assert!(row[4].contains(&words), "{name}: {words}, not {}", row[4]);
            }
            "the world" => assert_ne!(report.verdict, Verdict::Discrepancy, "{name}"),
            other => panic!("{name}: {other}"),
        }
    }
    rows.retain(|name, _| !["mutant", "---"].contains(name));
    assert!(rows.is_empty(), "mutants that are not there: {rows:?}");
    println!("{by_the_oracle} of the traces are refused by the oracle");
    assert!(by_the_oracle >= LEAST / 2, "{by_the_oracle}");
}
