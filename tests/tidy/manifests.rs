//! The structure of the project, by the manifests of its packages.
//!
//! Shown: packages depend on each other in one direction only, and the library on none of them;
//! every package is listed; .ci/run tests every member that `cargo test` does not build.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The packages that ship, lowest first: each may depend on those before it.
const LAYERS: [&str; 9] = [
    "rejoin",
    "rejoin-store",
    "rejoin-trace",
    "rejoin-proven",
    "rejoin-judge",
    "rejoin-drive",
    "rejoin-conformance",
    "rejoin-harness",
    "rejoin-oracle",
];

/// The content of a package's manifest.
#[derive(Debug, Default, PartialEq)]
struct Manifest {
    name: String,
    /// The folder of the package, from the root of the project.
    folder: PathBuf,
    /// The folders of this project that it depends on, except for tests.
    depends: BTreeSet<PathBuf>,
}

/// Reads Cargo manifests of this project: tables with one `key = value` a line.
fn manifest(folder: &Path, text: &str) -> Manifest {
    let mut manifest = Manifest { folder: folder.into(), ..Manifest::default() };
    let mut table = "";
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            table = name;
        } else if let Some((key, value)) = line.split_once('=') {
            let is_dependency = table == "dependencies"
                || table == "build-dependencies"
                || table.ends_with(".dependencies");
            if table == "package" && key.trim() == "name" {
                manifest.name = value.trim().trim_matches('"').into();
            } else if let Some((_, path)) = value.split_once("path = \"").filter(|_| is_dependency)
            {
                let path = path.split('"').next().unwrap_or_default();
                manifest.depends.insert(normal(&folder.join(path)));
            }
        }
    }
    manifest
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path {
        match part.to_str() {
            Some("..") => drop(parts.pop()),
            Some(".") => {}
            _ => parts.push(part),
        }
    }
    parts
}

/// The manifests of all packages, except the fuzzer, which is a workspace of its own.
fn manifests() -> Vec<Manifest> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let place = Path::new(crate::ROOT).join(&folder);
        if let Ok(text) = fs::read_to_string(place.join("Cargo.toml")) {
            found.push(manifest(&folder, &text));
        }
        for entry in fs::read_dir(place).expect("a folder of the project can be read") {
            let entry = entry.expect("a folder of the project can be read");
            let name = entry.file_name().into_string().expect("names are UTF-8");
            let is_own = !name.starts_with('.') && name != "target" && name != "fuzz";
            if entry.path().is_dir() && is_own {
                folders.push(folder.join(name));
            }
        }
    }
    found
}

/// The dependencies that point upwards, or to a package that does not ship.
fn arrows_go_down(manifests: &[Manifest]) -> Vec<String> {
    let names: BTreeMap<&Path, &str> =
        manifests.iter().map(|m| (m.folder.as_path(), m.name.as_str())).collect();
    let layer = |name: &str| LAYERS.iter().position(|layer| *layer == name);
    let mut wrong = Vec::new();
    for manifest in manifests {
        let Some(own) = layer(&manifest.name) else { continue };
        for folder in &manifest.depends {
            let other = names.get(folder.as_path()).copied().unwrap_or("no package");
            if layer(other).is_none_or(|other| other >= own) {
                wrong.push(format!("{} depends on {other}", manifest.name));
            }
        }
    }
    wrong
}

#[test]
fn arrows_go_one_way() {
    let manifests = manifests();
    for name in LAYERS {
        assert!(manifests.iter().any(|manifest| manifest.name == name), "{name} has a manifest");
    }
    let arrows: usize = manifests.iter().map(|manifest| manifest.depends.len()).sum();
    assert!(arrows >= LAYERS.len(), "the arrows are read: {manifests:?}");
    assert_eq!(arrows_go_down(&manifests), Vec::<String>::new());
}

#[test]
fn an_arrow_that_goes_up_is_found() {
    let library = "[package]\nname = \"rejoin\"\n[dependencies]\nx = { path = \"crates/trace\" }\n";
    let trace = "[package]\nname = \"rejoin-trace\"\n[dependencies]\nx = { path = \"../..\" }\n";
    let read = |folder: &str, text: &str| manifest(Path::new(folder), text);
    let found = arrows_go_down(&[read("", library), read("crates/trace", trace)]);
    assert_eq!(found, ["rejoin depends on rejoin-trace"]);
    for table in ["target.'cfg(unix)'.dependencies", "build-dependencies"] {
        let library = library.replace("[dependencies]", &format!("[{table}]"));
        assert_eq!(arrows_go_down(&[read("", &library), read("crates/trace", trace)]), found);
    }
    let tests = library.replace("[dependencies]", "[dev-dependencies]");
    let found = arrows_go_down(&[read("", &tests), read("crates/trace", trace)]);
    assert_eq!(found, Vec::<String>::new());
    let elsewhere = library.replace("crates/trace", "tests/model");
    assert_eq!(arrows_go_down(&[read("", &elsewhere)]), ["rejoin depends on no package"]);
}

/// .ci/run tests all members, also those that `cargo test` does not build, except the workloads on
/// other libraries, which are compared by hand.
#[test]
fn every_member_is_tested_somewhere() {
    let root = Path::new(crate::ROOT);
    let steps = fs::read_to_string(root.join(".ci/run")).expect("there are steps");
    let tests: Vec<&str> = steps.lines().filter(|step| step.starts_with("cargo test")).collect();
    assert_eq!(tests, ["cargo test --locked --workspace --exclude peers"]);
}
