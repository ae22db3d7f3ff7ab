//! The packages for Python and JavaScript have what the project has.
//!
//! Shown: their recorders are, byte for byte, those that users copy; their terms are the project's;
//! the npm package has the version of the workspace. (Maturin takes the wheel's from there.)

use std::fs;
use std::path::Path;

/// Files of the packages, each with the file of the project that it is a copy of.
const COPIES: [(&str, &str); 8] = [
    ("packages/python/src/rejoin/recorder.py", "recorders/recorder.py"),
    ("packages/python/src/rejoin/last.py", "recorders/last.py"),
    ("packages/npm/rejoin/recorder.js", "recorders/recorder.js"),
    ("packages/npm/rejoin/last.js", "recorders/last.js"),
    ("packages/python/LICENSE-MIT", "LICENSE-MIT"),
    ("packages/python/LICENSE-APACHE", "LICENSE-APACHE"),
    ("packages/npm/rejoin/LICENSE-MIT", "LICENSE-MIT"),
    ("packages/npm/rejoin/LICENSE-APACHE", "LICENSE-APACHE"),
];

fn bytes(path: &str) -> Vec<u8> {
    let bytes = fs::read(Path::new(crate::ROOT).join(path));
    bytes.unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn copies_are_the_same_byte_for_byte() {
    for (copy, original) in COPIES {
        assert!(bytes(copy) == bytes(original), "{copy} is no copy of {original}: copy it again");
    }
}

/// The value after the first `key` at the start of a line, between quotation marks.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(key))?;
    line.split('"').nth(1)
}

#[test]
fn the_npm_package_has_the_version_of_the_workspace() {
    let workspace = String::from_utf8(bytes("Cargo.toml")).expect("it is UTF-8");
    let (_, shared) = workspace.split_once("[workspace.package]").expect("the table is there");
    let package = String::from_utf8(bytes("packages/npm/rejoin/package.json")).expect("as above");
    let of_npm = value(&package, "\"version\":");
    assert!(of_npm.is_some());
    assert_eq!(of_npm, value(shared, "version = "));
    assert_eq!(value("[x]\n  version = \"1.2\"\n", "version = "), Some("1.2"));
}
