//! The reports for CI systems compared with their schemas.
//!
//! SARIF is read into the types of `serde-sarif`, which are generated from the schema of SARIF
//! 2.1.0, and written again: nothing may be lost. JUnit XML is compared with the schema of Apache
//! Ant's task: which elements it has where, and with which attributes.

use roxmltree::{Document, Node};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The oracle in the variable ORACLE, which .ci/run has built; or one that Cargo builds.
fn oracle() -> Command {
    if let Some(program) = std::env::var_os("ORACLE") {
        return Command::new(program);
    }
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--quiet", "--locked", "-p", "rejoin-oracle", "--"]);
    command
}

/// The output of `oracle check` for the scenarios, and for files that are no traces.
fn report(form: &str) -> String {
    let mut command = oracle();
    command.arg("check");
    command.args(["spec/scenarios", "examples", "none.jsonl", "Cargo.toml", "--format", form]);
    let output = command.current_dir(root()).output().expect("cargo starts");
    assert_eq!(output.status.code(), Some(66), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a report is UTF-8")
}

#[test]
fn sarif_is_what_its_schema_says() {
    let text = report("sarif");
    let document: Value = serde_json::from_str(&text).expect("it is JSON");
    let typed: serde_sarif::sarif::Sarif = serde_json::from_str(&text).expect("it is SARIF");
    let again = serde_json::to_value(&typed).expect("it can be written");
    assert_eq!(document, again);
    let results = document["runs"][0]["results"].as_array().expect("there are results");
    assert!(results.len() > 100);
    for result in results {
        let region = &result["locations"][0]["physicalLocation"]["region"];
        for place in ["startLine", "startColumn", "endColumn"] {
            assert!(region.get(place).is_none_or(|at| at.as_u64() >= Some(1)), "{result}");
        }
    }
}

/// The element's children by name.
fn children<'a>(node: Node<'a, 'a>) -> Vec<&'a str> {
    node.children().filter(Node::is_element).map(|child| child.tag_name().name()).collect()
}

#[track_caller]
fn has_exactly(node: Node<'_, '_>, attributes: &[&str]) {
    let mut names: Vec<&str> = node.attributes().map(|attribute| attribute.name()).collect();
    names.sort_unstable();
    let mut expected = attributes.to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected, "of {}", node.tag_name().name());
}

#[test]
fn junit_is_what_its_schema_says() {
    let text = report("junit");
    let document = Document::parse(&text).expect("it is XML");
    let suites = document.root_element();
    assert_eq!(suites.tag_name().name(), "testsuites");
    assert_eq!(children(suites), ["testsuite"]);
    let suite = suites.first_element_child().expect("there is a suite");
    has_exactly(
        suite,
        &["package", "id", "name", "timestamp", "hostname", "tests", "failures", "errors", "time"],
    );
    let names = children(suite);
    let (first, rest) = names.split_first().expect("it has children");
    let (cases, last) = rest.split_at(rest.len() - 2);
    assert_eq!((*first, last), ("properties", &["system-out", "system-err"][..]));
    assert!(cases.len() > 200 && cases.iter().all(|name| *name == "testcase"));
    let number = |name: &str| suite.attribute(name).and_then(|n| n.parse::<usize>().ok());
    let of = |name: &str| suite.descendants().filter(|node| node.has_tag_name(name)).count();
    assert_eq!(number("tests"), Some(cases.len()));
    assert_eq!(number("failures"), Some(of("failure")));
    assert_eq!(number("errors"), Some(of("error")));
    assert_eq!(of("error"), 2);
    for case in suite.children().filter(|node| node.has_tag_name("testcase")) {
        has_exactly(case, &["name", "classname", "time"]);
        let time = case.attribute("time").and_then(|time| time.parse::<f64>().ok());
        assert!(time.is_some_and(|time| time >= 0.0));
        assert!(children(case).len() <= 1);
        for said in case.children().filter(Node::is_element) {
            assert!(["failure", "error"].contains(&said.tag_name().name()));
            has_exactly(said, &["type", "message"]);
            assert!(said.children().all(|child| child.is_text()));
        }
    }
    let timestamp = suite.attribute("timestamp").expect("there is one");
    let shape: String =
        timestamp.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00");
}
