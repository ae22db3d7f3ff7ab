//! The book of the specification, spec/README.md, is true of the files that it names.
//!
//! Shown: each theorem in the tables is in the file that they name; the headline theorems are
//! exactly those of main_theorems.v, and Coq prints what all of them rest on; each Rust test that
//! they name exists; the reading order has each Coq file once, and so has the build, except for those
//! that it runs after it; each refuted design has its number once; the table of trust has each model once, says that
//! exactly the extracted ones run, and names tests that exist. Each rule is a function over text, and is
//! shown to catch violations.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What a rule has found, one sentence each.
type Findings = Vec<String>;

/// The numbers of the designs that the specification refutes, by the scenarios' numbering.
const REFUTED: [&str; 11] = ["1", "2", "7", "8", "9", "11", "14", "16", "17", "18", "28"];

// Reading the project

/// A file of the project, by its path from the root.
fn file(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(crate::ROOT).join(path)).ok()
}

fn book() -> String {
    file("spec/README.md").expect("the book is there")
}

/// The names of the Coq files.
fn coq_files() -> BTreeSet<String> {
    let folder = Path::new(crate::ROOT).join("spec");
    let entries = fs::read_dir(folder).expect("the folder of the specification is there");
    let names = entries.map(|entry| entry.expect("its entries can be read").file_name());
    names.filter_map(|name| name.into_string().ok()).filter(|name| name.ends_with(".v")).collect()
}

// Reading the book

/// The part of the book under a heading, up to the next heading.
fn section<'a>(book: &'a str, heading: &str) -> &'a str {
    let rest = book.split_once(&format!("\n{heading}\n")).map_or("", |(_, rest)| rest);
    rest.split_once("\n#").map_or(rest, |(section, _)| section)
}

/// The cells of a line of a table.
fn cells(line: &str) -> Option<Vec<&str>> {
    Some(line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect())
}

/// The rows of all tables: of each its cells, each with the name of its column.
fn rows(text: &str) -> Vec<Vec<(&str, &str)>> {
    let mut rows = Vec::new();
    let mut columns: Option<Vec<&str>> = None;
    for line in text.lines() {
        columns = match (columns, cells(line)) {
            (_, None) => None,
            (None, Some(names)) => Some(names),
            (Some(names), Some(_)) if line.starts_with("| ---") => Some(names),
            (Some(names), Some(cells)) => {
                rows.push(names.iter().copied().zip(cells).collect());
                Some(names)
            }
        };
    }
    rows
}

/// The names in backticks, each with the file of the link before it.
fn names(cell: &str) -> Vec<(Option<&str>, &str)> {
    let mut target = None;
    let mut names = Vec::new();
    for (at, part) in cell.split('`').enumerate() {
        if at % 2 == 1 {
            names.push((target, part));
        } else if let Some((_, link)) = part.rsplit_once("](") {
            target = link.split(')').next();
        }
    }
    names
}

/// The names in the cells of one column.
fn column<'a>(book: &'a str, name: &str) -> Vec<(Option<&'a str>, &'a str)> {
    let cells = rows(book).into_iter().flatten().filter(|(column, _)| *column == name);
    cells.flat_map(|(_, cell)| names(cell)).collect()
}

// Reading Coq and Rust

/// The names that follow one of the keywords at the start of a line.
fn declared<'a>(text: &'a str, keywords: &[&str]) -> Vec<&'a str> {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let rest = |line: &'a str| {
        let line = line.trim_start();
        keywords.iter().find_map(|keyword| line.strip_prefix(keyword)?.strip_prefix(' '))
    };
    let name = |rest: &'a str| rest.split(|character| !is_part(character)).next();
    text.lines().filter_map(rest).filter_map(name).collect()
}

const PROVED: [&str; 3] = ["Theorem", "Lemma", "Corollary"];

// Theorems stand where the tables say

fn theorems_are_there(book: &str, file: impl Fn(&str) -> Option<String>) -> Findings {
    let mut findings = Findings::new();
    let named = column(book, "proved in");
    if named.is_empty() {
        findings.push("the book names no theorem".into());
    }
    for (target, name) in named {
        let Some(target) = target else {
            findings.push(format!("`{name}` has no file"));
            continue;
        };
        match file(&format!("spec/{target}")) {
            None => findings
                .push(format!("`{name}` is said to be in spec/{target}, which is not there")),
            Some(text) if !declared(&text, &PROVED).contains(&name) => {
                findings.push(format!("spec/{target} has no theorem `{name}`"));
            }
            Some(_) => {}
        }
    }
    findings
}

#[test]
fn each_theorem_is_where_the_book_says() {
    assert_eq!(theorems_are_there(&book(), file), Findings::new());
    let table = |cell: &str| format!("| law | proved in |\n| --- | --- |\n| L. | {cell} |\n");
    let files =
        |path: &str| (path == "spec/a.v").then(|| "Lemma l x :\nTheorem t : a.".to_string());
    assert_eq!(theorems_are_there(&table("[a.v](a.v) `l` `t`"), files), Findings::new());
    for wrong in ["[a.v](a.v) `l` `s`", "[b.v](b.v) `l`", "`l`", "[a.v](a.v)"] {
        assert_eq!(theorems_are_there(&table(wrong), files).len(), 1, "{wrong}");
    }
    let definition = |_: &str| Some("Definition l := 1. (* Theorem l *)".to_string());
    assert_eq!(theorems_are_there(&table("[a.v](a.v) `l`"), definition).len(), 1);
}

// The headline theorems are those of the tables

/// The term of assumptions.v that has all headline theorems.
const ALL: &str = "all_headline_theorems";

fn headlines_agree(book: &str, main: &str, assumptions: &str) -> Findings {
    let in_book: Vec<&str> = column(book, "theorem").into_iter().map(|(_, name)| name).collect();
    let in_main = declared(main, &PROVED);
    let printed = declared(assumptions, &["Print Assumptions"]);
    let is_one = printed == [ALL] && declared(assumptions, &["Definition"]) == [ALL];
    let assumed = assumptions.lines().filter_map(|line| {
        line.strip_prefix("  let _ := @main_theorems.").and_then(|rest| rest.strip_suffix(" in"))
    });
    let mut findings = Findings::new();
    for name in &in_book {
        if !in_main.contains(name) {
            findings.push(format!("main_theorems.v has no theorem `{name}`"));
        }
        if in_book.iter().filter(|other| *other == name).count() > 1 {
            findings.push(format!("the book has the theorem `{name}` twice"));
        }
    }
    for name in &in_main {
        if !in_book.contains(name) {
            findings.push(format!("the book lacks the theorem `{name}`"));
        }
    }
    if !is_one || in_main != assumed.collect::<Vec<_>>() {
        findings.push(
            "assumptions.v does not print what the theorems of main_theorems.v rest on".into(),
        );
    }
    findings
}

#[test]
fn the_headline_theorems_are_those_of_the_book() {
    let main = file("spec/main_theorems.v").expect("the headline theorems are there");
    let assumptions = file("spec/assumptions.v").expect("what they rest on is printed");
    assert_eq!(headlines_agree(&book(), &main, &assumptions), Findings::new());
    let book = "| law | theorem |\n| --- | --- |\n| L. | `a` |\n| M. | `b` |\n";
    let main = "Theorem a :\nTheorem b :\n";
    let rests = format!(
        "Definition {ALL} : unit :=\n  let _ := @main_theorems.a in\n  \
         let _ := @main_theorems.b in\n  tt.\n\nPrint Assumptions {ALL}.\n"
    );
    let found = |book: &str, main: &str, rests: &str| headlines_agree(book, main, rests).len();
    assert_eq!(headlines_agree(book, main, &rests), Findings::new());
    assert_eq!(found(book, &main.replace("Theorem b", "Definition b"), &rests), 2);
    assert_eq!(found(&book.replace("| M. | `b` |\n", ""), main, &rests), 1);
    assert_eq!(found(&format!("{book}| N. | `a` |\n"), main, &rests), 2);
    let without = "  let _ := @main_theorems.b in\n";
    for (from, to) in [
        (without, ""),
        ("theorems.b", "theorems.a"),
        ("Print Assumptions", "Check"),
        ("Assumptions all_headline_theorems", "Assumptions tt"),
    ] {
        assert!(rests.contains(from));
        assert_eq!(found(book, main, &rests.replace(from, to)), 1, "{from}");
    }
}

// The Rust tests are there

fn tests_are_there(book: &str, file: impl Fn(&str) -> Option<String>) -> Findings {
    let mut findings = Findings::new();
    let named = column(book, "tested");
    if named.is_empty() {
        findings.push("the book names no test".into());
    }
    for (target, name) in named {
        let path = target.and_then(|target| target.strip_prefix("../"));
        let text = path.and_then(&file);
        if !text.is_some_and(|text| declared(&text, &["fn"]).contains(&name)) {
            findings.push(format!("{} has no `fn {name}`", path.unwrap_or("no file")));
        }
    }
    for row in rows(book) {
        let has =
            |column: &str| row.iter().any(|(name, cell)| *name == column && cell.contains('`'));
        if row.iter().any(|(name, _)| *name == "tested") && !has("tested") {
            findings.push(format!("nothing tests in Rust that {}", row[0].1));
        }
    }
    findings
}

#[test]
fn each_test_is_where_the_book_says() {
    assert_eq!(tests_are_there(&book(), file), Findings::new());
    let table = |cell: &str| format!("| law | tested |\n| --- | --- |\n| L. | {cell} |\n");
    let files = |path: &str| (path == "tests/a.rs").then(|| "#[test]\nfn l() {}\n".to_string());
    assert_eq!(tests_are_there(&table("[a.rs](../tests/a.rs) `l`"), files), Findings::new());
    for wrong in ["[a.rs](../tests/a.rs) `k`", "[b.rs](../tests/b.rs) `l`", "`l`"] {
        assert_eq!(tests_are_there(&table(wrong), files).len(), 1, "{wrong}");
    }
    let lacking = format!("{}| M. | – |\n", table("[a.rs](../tests/a.rs) `l`"));
    assert_eq!(tests_are_there(&lacking, files).len(), 1);
}

// The reading order has each Coq file

/// What make runs by itself, after what _CoqProject lists.
const RUN_AFTER: [&str; 2] = ["extract.v", "assumptions.v"];

fn order_is_complete(book: &str, project: &str, files: &BTreeSet<String>) -> Findings {
    let order = section(book, "### In this order");
    let mut findings = Findings::new();
    for file in files {
        let times = order.matches(&format!("]({file})")).count();
        if times != 1 {
            findings.push(format!("the reading order has {file} {times} times"));
        }
        let is_built = project.lines().any(|line| line == file);
        if is_built == RUN_AFTER.contains(&file.as_str()) {
            findings.push(format!("_CoqProject does not build {file}, or need not"));
        }
    }
    for link in order.split("](").skip(1).filter_map(|link| link.split(')').next()) {
        if link.ends_with(".v") && !files.contains(link) {
            findings.push(format!("the reading order has {link}, which is not there"));
        }
    }
    findings
}

#[test]
fn the_reading_order_has_each_file() {
    let project = file("spec/_CoqProject").expect("the list of what is built is there");
    assert_eq!(order_is_complete(&book(), &project, &coq_files()), Findings::new());
    let files: BTreeSet<String> = ["a.v", "b.v", "extract.v"].map(String::from).into();
    let project = "-Q . Rejoin\na.v\nb.v\n";
    let book =
        "# B\n\n### In this order\n\n[a.v](a.v), [b.v](b.v), [extract.v](extract.v)\n\n### C\n";
    assert_eq!(order_is_complete(book, project, &files), Findings::new());
    for (from, to) in [("](b.v)", "](c)"), ("[b.v]", "[a.v](a.v), [b.v]"), ("[b", "[](d.v) [b")] {
        assert_eq!(order_is_complete(&book.replace(from, to), project, &files).len(), 1, "{to}");
    }
    let elsewhere = book.replace(", [b.v](b.v)", "").replace("### C", "### C\n[b.v](b.v)");
    assert_eq!(order_is_complete(&elsewhere, project, &files).len(), 1);
    assert_eq!(order_is_complete(book, "a.v\nextract.v", &files).len(), 2);
}

// The table of trust

/// What proofs are about, by files: neither proofs nor examples, nor what restates or extracts.
fn is_model(file: &str) -> bool {
    let stem = file.strip_suffix(".v").unwrap_or(file);
    !stem.ends_with("_proof")
        && !stem.ends_with("examples")
        && !["main_theorems", "assumptions", "refutations", "extract"].contains(&stem)
}

/// Where a model may be said to run.
const RUNS: [&str; 3] = ["proven engine", "proven judge", "tests"];

/// Each model is in the table once; exactly the extracted ones run, in a place that there is; what runs is
/// compared, by tests that the table names and that exist, and theorems are where the table says.
fn trust_is_complete(
    book: &str,
    files: &BTreeSet<String>,
    is_extracted: impl Fn(&str) -> bool,
    file: impl Fn(&str) -> Option<String>,
) -> Findings {
    let table = rows(section(book, "## What you have to trust"));
    let mut findings = Findings::new();
    let mut listed = Vec::new();
    for row in &table {
        let cell = |column: &str| {
            row.iter().find(|(name, _)| *name == column).map_or("", |(_, cell)| *cell)
        };
        let (model, runs, compared) = (cell("model"), cell("runs"), cell("compared by"));
        let links = model.split("](").skip(1).filter_map(|link| link.split(')').next());
        let models: Vec<&str> = links.filter(|link| link.ends_with(".v")).collect();
        if models.is_empty() {
            findings.push(format!("a row names no file: {model}"));
        }
        let does_run = runs != "nothing";
        if does_run && !RUNS.iter().any(|place| runs.starts_with(place)) {
            findings.push(format!(
                "nothing of the project is called {runs}, where {model} is said to run"
            ));
        }
        for model in &models {
            if !files.contains(*model) {
                findings.push(format!("the table of trust has {model}, which is not there"));
            } else if is_extracted(model) != does_run {
                findings.push(format!("{model} is extracted, or is said to run, not both"));
            }
        }
        listed.extend(models);
        let is_test = |(target, _): &(Option<&str>, &str)| {
            target.is_some_and(|target| target.starts_with("../"))
        };
        let by_tests = !compared.starts_with("nothing") && names(compared).iter().any(is_test);
        for (_, name) in names(compared).iter().filter(|(target, _)| target.is_none()) {
            findings.push(format!("`{name}` has no file: {model}"));
        }
        if does_run != by_tests {
            findings
                .push(format!("what runs is compared by named tests, and nothing else: {model}"));
        }
        let only_proved = cell("only proved, or not modelled");
        for (target, name) in names(compared).into_iter().chain(names(only_proved)) {
            let Some(target) = target else { continue };
            let (path, keywords) = match target.strip_prefix("../") {
                Some(path) => (path.to_string(), &["fn"][..]),
                None => (format!("spec/{target}"), &PROVED[..]),
            };
            if !file(&path).is_some_and(|text| declared(&text, keywords).contains(&name)) {
                findings.push(format!("{path} has no `{name}`"));
            }
        }
    }
    for model in files.iter().filter(|file| is_model(file)) {
        let times = listed.iter().filter(|other| *other == model).count();
        if times != 1 {
            findings.push(format!("the table of trust has {model} {times} times"));
        }
    }
    findings
}

#[test]
fn the_table_of_trust_says_what_runs_and_what_is_compared() {
    let is_extracted = |model: &str| {
        let name = model.strip_suffix(".v").unwrap_or(model);
        file(&format!("spec/extracted/{name}.json")).is_some()
    };
    assert_eq!(trust_is_complete(&book(), &coq_files(), is_extracted, file), Findings::new());
    let files: BTreeSet<String> =
        ["a.v", "b.v", "a_proof.v", "b_examples.v"].map(String::from).into();
    let is_extracted = |model: &str| model == "a.v";
    let texts = |path: &str| match path {
        "tests/t.rs" => Some("fn t() {}\n".to_string()),
        "spec/a_proof.v" => Some("Theorem p : x.\n".to_string()),
        _ => None,
    };
    let head = "# B\n\n## What you have to trust\n\n\
                | model | runs | compared by | only proved, or not modelled |\n| --- | --- | --- | --- |\n";
    let book = format!(
        "{head}| A: [a.v](a.v) | tests | [t](../tests/t.rs) `t` | [p](a_proof.v) `p` |\n\
         | B: [b.v](b.v) | nothing | nothing | T |\n"
    );
    assert_eq!(trust_is_complete(&book, &files, is_extracted, texts), Findings::new());
    for (from, to) in [
        ("| tests |", "| nothing |"),
        ("| nothing | nothing |", "| tests | nothing |"),
        ("`t`", "`s`"),
        ("`p`", "`q`"),
        ("[b.v](b.v)", "B"),
        ("[b.v](b.v)", "[c.v](c.v)"),
        ("[b.v](b.v)", "[b.v](b.v) [b.v](b.v)"),
        ("[t](../tests/t.rs) `t`", "nothing"),
        ("[t](../tests/t.rs) `t`", "with the others"),
        ("[t](../tests/t.rs) `t`", "[t](../tests/t.rs), all of it"),
        ("[t](../tests/t.rs) `t`", "`t`"),
        ("[t](../tests/t.rs) `t`", "`s` [t](../tests/t.rs) `t`"),
        ("[t](../tests/t.rs) `t`", "[p](a_proof.v) `p`"),
        ("| tests |", "| somewhere |"),
        ("| nothing | nothing |", "| nothing | [t](../tests/t.rs) `t` |"),
    ] {
        let wrong = book.replacen(from, to, 1);
        assert_ne!(trust_is_complete(&wrong, &files, is_extracted, texts), Findings::new(), "{to}");
    }
}

// Each refuted design has its number once

fn each_number_is_once(book: &str, refutations: &str) -> Findings {
    let bugs: Vec<&str> = rows(book)
        .iter()
        .flatten()
        .filter(|(name, _)| *name == "bug")
        .map(|(_, bug)| *bug)
        .collect();
    let mut findings = Findings::new();
    for number in REFUTED {
        let times = bugs.iter().filter(|bug| **bug == number).count();
        if times != 1 {
            findings.push(format!("the book has bug {number} {times} times"));
        }
        let times = refutations.matches(&format!("Bug {number},")).count();
        if times != 1 {
            findings.push(format!("refutations.v has bug {number} {times} times"));
        }
    }
    for bug in bugs.iter().filter(|bug| !REFUTED.contains(bug)) {
        findings.push(format!("bug {bug} is not among those that are refuted"));
    }
    findings
}

#[test]
fn each_refuted_design_is_there_once() {
    let refutations = file("spec/refutations.v").expect("the refutations are there");
    assert_eq!(each_number_is_once(&book(), &refutations), Findings::new());
    let all: String = REFUTED.iter().map(|number| format!("| {number} |\n")).collect();
    let book = format!("| bug |\n| --- |\n{all}");
    let coq: String = REFUTED.iter().map(|number| format!("(** Bug {number}, x. *)\n")).collect();
    assert_eq!(each_number_is_once(&book, &coq), Findings::new());
    assert_eq!(each_number_is_once(&book.replace("| 7 |\n", ""), &coq).len(), 1);
    assert_eq!(each_number_is_once(&format!("{book}| 7 |\n"), &coq).len(), 1);
    assert_eq!(each_number_is_once(&format!("{book}| 3 |\n"), &coq).len(), 1);
    assert_eq!(each_number_is_once(&book, &coq.replace("Bug 8,", "Bug 88,")).len(), 1);
}

#[test]
fn the_theorem_that_findings_name_is_a_headline_theorem() {
    let theorems = include_str!("../../spec/main_theorems.v");
    let report = include_str!("../../crates/judge/src/report.rs");
    let named =
        report.split_once("THEOREM: &'static str = \"").and_then(|(_, rest)| rest.split_once('"'));
    let (theorem, _) = named.expect("the judge names a theorem");
    let statement = format!("Theorem {theorem} :");
    assert!(theorems.contains(&statement), "spec/main_theorems.v has no `{statement}`");
}
