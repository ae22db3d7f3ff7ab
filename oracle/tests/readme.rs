//! The README tells the truth: what it shows of the oracle is what the oracle prints, and the
//! recorders that it shows are those that the tests run.
//!
//! `UPDATE_README=1 cargo test -p rejoin-oracle --test readme` writes the README anew.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a member has a workspace").into()
}

/// What a reader would see of `oracle ARGUMENTS` in the folder of the README.
fn printed(arguments: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_oracle"))
        .args(arguments.split_whitespace())
        .current_dir(root())
        .env("NO_COLOR", "1")
        .output()
        .expect("the oracle starts");
    let (out, err) = (output.stdout, output.stderr);
    let text = String::from_utf8([out, err].concat()).expect("the oracle prints UTF-8");
    text.trim_end().to_string() + "\n"
}

/// The README with all that is quoted in it made anew.
fn made_anew(readme: &str) -> String {
    let mut anew = String::new();
    let mut lines = readme.lines().peekable();
    while let Some(line) = lines.next() {
        anew += line;
        anew.push('\n');
        let quoted = if line == "```console" {
            let command = lines.next().expect("a console block has a command");
            let arguments = command.strip_prefix("$ oracle ").expect("it calls the oracle");
            Some(format!("{command}\n{}", printed(arguments)))
        } else if let Some(file) = line.strip_prefix("<!-- ").and_then(|l| l.strip_suffix(" -->")) {
            anew += lines.next().expect("a block follows");
            anew.push('\n');
            let text = std::fs::read_to_string(root().join(file));
            Some(text.unwrap_or_else(|error| panic!("README quotes {file}: {error}")))
        } else {
            None
        };
        if let Some(quoted) = quoted {
            while lines.next_if(|line| *line != "```").is_some() {}
            anew += &quoted;
        }
    }
    anew
}

#[test]
fn what_the_readme_quotes_is_so() {
    let path = root().join("README.md");
    let readme = std::fs::read_to_string(&path).expect("there is a README");
    let anew = made_anew(&readme);
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(path, anew).expect("the README can be written");
    } else {
        assert!(readme == anew, "README.md quotes what is not so; it should be:\n{anew}");
    }
}

#[test]
fn a_quotation_that_is_not_so_is_noticed() {
    let stale = "```console\n$ oracle --version\noracle 0.0.0\n```\n";
    let anew = made_anew(stale);
    assert_ne!(anew, stale);
    assert_eq!(made_anew(&anew), anew);
    assert!(anew.contains(env!("CARGO_PKG_VERSION")));
}
