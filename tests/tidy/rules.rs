//! The rules of the project, each a function over text, each shown to catch what it forbids.
//!
//! Shown: the engines and the definition share no code; the library does no input or output and
//! reads no clock; modules have the same names in Rust and in Coq; no proof has a hole; links in
//! Markdown resolve; no source has loose ends, tabs or trailing blanks, or is too long; every long
//! proof has a sketch; every replicated type says what it means, obeys, costs and comes from; prose
//! and names are in the field's language.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A text of the project.
#[derive(Clone)]
struct Source {
    /// Where it is, from the root of the project, with `/`.
    path: String,
    text: String,
}

/// What a rule has found, one sentence each, beginning with the place.
type Findings = Vec<String>;

// Reading the project

/// What is text, by the end of its name.
const TEXTS: [&str; 10] = ["rs", "v", "md", "toml", "sh", "py", "js", "yml", "json", "run"];

/// All texts of the project.
fn project() -> Vec<Source> {
    let mut sources = Vec::new();
    read(Path::new(crate::ROOT), "", &mut sources);
    assert!(sources.iter().any(|source| source.path == "src/lib.rs"), "the project is there");
    sources
}

fn read(folder: &Path, path: &str, sources: &mut Vec<Source>) {
    let entries = fs::read_dir(folder).expect("a folder of the project can be read");
    for entry in entries {
        let entry = entry.expect("a folder of the project can be read");
        let name = entry.file_name().into_string().expect("names are UTF-8");
        let is_hidden = name.starts_with('.') && name != ".ci";
        let inner = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
        if entry.path().is_dir() {
            if !is_hidden && !["target", "extracted", "node_modules"].contains(&name.as_str()) {
                read(&entry.path(), &inner, sources);
            }
        } else if TEXTS.contains(&ending(&name)) {
            let text = fs::read_to_string(entry.path()).expect("a text is UTF-8");
            sources.push(Source { path: inner, text });
        }
    }
}

/// What follows the last dot, or the name itself.
fn ending(path: &str) -> &str {
    path.rsplit(['.', '/']).next().unwrap_or(path)
}

/// The rule holds for every text of the project.
fn hold(rule: impl Fn(&Source) -> Findings) {
    let findings: Findings = project().iter().flat_map(rule).collect();
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

/// The rule has something to say of a text at this place.
fn catches(rule: impl Fn(&Source) -> Findings, path: &str, text: &str) {
    let source = Source { path: path.into(), text: text.into() };
    assert!(!rule(&source).is_empty(), "nothing was found in {path}: {text:?}");
}

/// The rule has nothing to say of a text at this place.
fn allows(rule: impl Fn(&Source) -> Findings, path: &str, text: &str) {
    let source = Source { path: path.into(), text: text.into() };
    assert_eq!(rule(&source), Findings::new());
}

// Reading Rust and Coq

/// The text with what is between `open` and `close` and in strings blanked out; lines stay.
/// In Coq comments nest; in Rust a comment may also end with its line.
fn code_only(text: &str, open: &str, close: &str, line_comment: Option<&str>) -> String {
    let mut code = String::new();
    let mut rest = text;
    let mut depth = 0;
    while let Some(next) = rest.chars().next() {
        let skipped = if rest.starts_with(open) {
            depth += 1;
            open.len()
        } else if depth > 0 && rest.starts_with(close) {
            depth -= 1;
            close.len()
        } else if depth > 0 {
            next.len_utf8()
        } else if line_comment.is_some_and(|start| rest.starts_with(start)) {
            rest.find('\n').unwrap_or(rest.len())
        } else if next == '"' {
            string_length(rest)
        } else if next == 'r' && line_comment.is_some() {
            raw_string_length(rest)
        } else if line_comment.is_some() && next == '\'' {
            character_length(rest)
        } else {
            0
        };
        if skipped == 0 {
            code.push(next);
            rest = &rest[next.len_utf8()..];
        } else {
            code.push(' ');
            code.extend(rest[..skipped].chars().filter(|skipped| *skipped == '\n'));
            rest = &rest[skipped..];
        }
    }
    code
}

/// How long the string literal at the start is.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            '"' if !is_escaped => return at + 1,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

/// How long the raw string literal at the start is; 0 if it is none.
fn raw_string_length(text: &str) -> usize {
    let hashes = text[1..].chars().take_while(|character| *character == '#').count();
    let (start, end) = (format!("r{}\"", "#".repeat(hashes)), format!("\"{}", "#".repeat(hashes)));
    match text.strip_prefix(&start).map(|inner| inner.find(&end)) {
        Some(Some(at)) => start.len() + at + end.len(),
        Some(None) => text.len(),
        None => 0,
    }
}

/// How long the character literal at the start is; 0 if it is a lifetime.
fn character_length(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => text[2..]
            .find('\'')
            .map_or(0, |end| if text[2..].starts_with('\'') { 4 } else { end + 3 }),
        Some((at, character)) if text[at + character.len_utf8()..].starts_with('\'') => {
            at + character.len_utf8() + 1
        }
        _ => 0,
    }
}

/// Rust without comments and strings, up to the module of unit tests.
fn rust_code(source: &Source) -> String {
    let code = code_only(&source.text, "/*", "*/", Some("//"));
    let mut lines: Vec<&str> = Vec::new();
    for line in code.lines() {
        let is_test_module = line.starts_with("mod ") || line.starts_with("pub(crate) mod ");
        if is_test_module && lines.last().is_some_and(|last| last.trim() == "#[cfg(test)]") {
            break;
        }
        lines.push(line);
    }
    lines.join("\n")
}

/// Coq without comments and strings.
fn coq_code(source: &Source) -> String {
    code_only(&source.text, "(*", "*)", None)
}

/// The words of one line, each with what follows it.
fn words(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(move |character: char| is_part(character)).filter_map(move |(at, _)| {
        if line[..at].ends_with(is_part) {
            return None;
        }
        let length = line[at..].find(|character| !is_part(character));
        let end = length.map_or(line.len(), |length| at + length);
        Some((&line[at..end], &line[end..]))
    })
}

/// A finding for each of the words that occurs in the code.
fn forbid(path: &str, code: &str, forbidden: &[&str], why: &str) -> Findings {
    let mut findings = Findings::new();
    for (number, line) in (1..).zip(code.lines()) {
        for (word, _) in words(line).filter(|(word, _)| forbidden.contains(word)) {
            findings.push(format!("{path}:{number}: `{word}`: {why}"));
        }
    }
    findings
}

fn is_in(source: &Source, module: &str) -> bool {
    source.path == format!("src/{module}.rs") || source.path.starts_with(&format!("src/{module}/"))
}

// The engines and the definition share no code

fn engines_share_no_code(source: &Source) -> Findings {
    let why = "a shared helper is a bug that no comparison sees";
    let forbidden: &[&str] = match source {
        source if is_in(source, "reference") => &["optimized", "proven", "definition"],
        source if is_in(source, "optimized") => &["reference", "proven", "definition"],
        source if is_in(source, "definition") => &["reference", "optimized", "proven"],
        _ => return Findings::new(),
    };
    forbid(&source.path, &rust_code(source), forbidden, why)
}

#[test]
fn the_engines_share_no_code() {
    hold(engines_share_no_code);
    let rule = engines_share_no_code;
    catches(rule, "src/optimized/log.rs", "use crate::reference::log::Log;");
    catches(rule, "src/reference/log.rs", "use crate::{dot::Dot, optimized};");
    catches(rule, "src/definition.rs", "fn value() { crate::reference::value() }");
    allows(rule, "src/optimized/log.rs", "//! Beside [`crate::reference`].\nuse crate::dot::Dot;");
    allows(rule, "crates/judge/src/lib.rs", "use crate::reference;");
}

// The library does no input or output and reads no clock

/// The crates that do no input or output: all but the command line tool, and the store, which is there
/// for that.
fn is_library(source: &Source) -> bool {
    let is_crate = source.path.starts_with("crates/") && source.path.contains("/src/");
    source.path.starts_with("src/") || is_crate && !source.path.starts_with("crates/store/")
}

fn library_is_pure(source: &Source) -> Findings {
    // The one file that reads the clock and draws entropy, for the feature `system` alone.
    let is_system = source.path == "src/environment.rs"
        && source.text.matches("#[cfg(feature = \"system\")]").count() == 2;
    // The suite that runs in tests of others prints there, and keeps their failures in files.
    let is_suite = source.path.starts_with("crates/conformance/src/");
    if !is_library(source) || is_system || is_suite || source.path.ends_with("/tests.rs") {
        return Findings::new();
    }
    let why = "the library does no input or output and reads no clock";
    let code = rust_code(source);
    let path = &source.path;
    let mut findings = forbid(path, &code, &["Instant", "SystemTime", "UNIX_EPOCH"], why);
    for (number, line) in (1..).zip(code.lines()) {
        for (word, after) in words(line) {
            let printing = ["print", "println", "eprint", "eprintln", "dbg"];
            if printing.contains(&word) && after.starts_with('!') {
                findings.push(format!("{path}:{number}: `{word}!`: {why}"));
            }
        }
    }
    for statement in code.split(';') {
        let statement = statement.trim_start();
        let import = statement.rfind("use std::").map(|at| &statement[at..]);
        for module in ["fs", "net", "env", "process", "os"] {
            let is_imported =
                import.is_some_and(|import| words(import).any(|(word, _)| word == module));
            if is_imported || statement.contains(&format!("std::{module}::")) {
                findings.push(format!("{path}: `std::{module}`: {why}"));
            }
        }
    }
    findings
}

#[test]
fn the_library_is_pure() {
    hold(library_is_pure);
    let rule = library_is_pure;
    catches(rule, "crates/trace/src/lib.rs", "fn f() { let x = std::fs::read(\"x\"); }");
    catches(
        rule,
        "crates/trace/src/lib.rs",
        "//! Reads.\n\nuse std::{\n    fs::File,\n    io,\n};",
    );
    catches(rule, "crates/trace/src/lib.rs", "use std::env;");
    catches(rule, "src/sync/mod.rs", "use std::time::{Duration, Instant};");
    catches(rule, "src/environment.rs", "fn now() { std::time::SystemTime::now(); }");
    catches(rule, "src/sync/mod.rs", "fn f() { println!(\"{}\", 1) }");
    catches(rule, "src/sync/mod.rs", "#[cfg(test)]\nfn f() {}\nfn g() { dbg!(1); }");
    allows(
        rule,
        "crates/trace/src/lib.rs",
        "use std::io::{self, Read};\n/// Like `std::fs::read`.",
    );
    allows(rule, "crates/trace/src/lib.rs", "fn f() {}\n#[cfg(test)]\nmod tests { use std::fs; }");
    allows(
        rule,
        "crates/trace/src/lib.rs",
        "const S: &str = \"println!\"; fn f(q: char) { q == '\"'; }",
    );
    allows(rule, "crates/trace/src/lib.rs", "const S: &str = r#\"\"println!\"#;");
    catches(
        rule,
        "crates/trace/src/lib.rs",
        "const S: &str = r#\"\"\"#; fn f() { println!(\"\") }",
    );
    allows(rule, "oracle/src/main.rs", "use std::fs;");
}

// Modules have the same names in Rust and in Coq

/// Coq modules without a Rust module: what Rust's standard library has, and what is about proofs.
const ONLY_IN_COQ: &[&str] = &[
    "order",
    "sorted_map",
    "examples",
    "meaning_examples",
    "network",
    "delta_content",
    "nothing_is_lost",
    "sync_verdict",
    "openings",
    "openings_network",
    "durable_network",
    "indexed_decisions",
    "executions",
    "main_theorems",
    "assumptions",
    "refutations",
    "extract",
    "presences",
    "renaming",
    "recording",
    "eventually",
];

/// The names of the files in the folder, without `ending`.
fn modules<'a>(paths: &[&'a str], folder: &str, ending: &str) -> BTreeSet<&'a str> {
    let name = |path: &&'a str| path.strip_prefix(folder)?.strip_suffix(ending);
    paths.iter().filter_map(name).filter(|name| !name.contains('/') && *name != "mod").collect()
}

/// Every replicated type has its file in Coq and in each engine; as far as these exist.
fn modules_agree(paths: &[&str]) -> Findings {
    let mut findings = Findings::new();
    let reference = modules(paths, "src/reference/", ".rs");
    let optimized = modules(paths, "src/optimized/", ".rs");
    let shared = modules(paths, "src/", ".rs");
    let proven = modules(paths, "crates/proven/src/", ".rs");
    let folders: BTreeSet<&str> = paths
        .iter()
        .filter_map(|path| {
            let folder = path.strip_prefix("src/").or_else(|| path.strip_prefix("crates/"))?;
            folder.split_once('/')
        })
        .map(|p| p.0)
        .collect();
    let coq = modules(paths, "spec/", ".v");
    let (proofs, definitions): (BTreeSet<&str>, BTreeSet<&str>) =
        coq.iter().partition(|name| name.ends_with("_proof"));

    for name in proofs {
        // X_proof.v and X_subject_proof.v prove something of X.v.
        let of = name.trim_end_matches("_proof");
        let mut modules = definitions.iter().copied().chain(ONLY_IN_COQ.iter().copied());
        let is_of = |module: &str| {
            of.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        if !modules.any(is_of) {
            findings.push(format!("spec/{name}.v proves something of a module that is not there"));
        }
    }
    for name in &definitions {
        let is_known =
            [&reference, &shared, &proven, &folders].iter().any(|names| names.contains(name));
        // X_examples.v computes examples of X.v.
        let is_example = name.strip_suffix("_examples").is_some_and(|of| definitions.contains(of));
        if !is_known && !is_example && !ONLY_IN_COQ.contains(name) {
            findings.push(format!("spec/{name}.v has no module of its name in Rust"));
        }
    }
    for name in &reference {
        if !definitions.is_empty() && !definitions.contains(name) {
            findings.push(format!("src/reference/{name}.rs has no spec/{name}.v"));
        }
        if !optimized.is_empty() && !optimized.contains(name) {
            findings.push(format!("src/reference/{name}.rs has no src/optimized/{name}.rs"));
        }
    }
    findings
}

#[test]
fn the_modules_agree() {
    let project = project();
    let paths: Vec<&str> = project.iter().map(|source| source.path.as_str()).collect();
    assert_eq!(modules_agree(&paths), Findings::new());

    let log = "src/reference/log.rs";
    let agreed = [log, "src/optimized/log.rs", "src/dot.rs", "crates/judge/src/lib.rs"];
    let coq = ["spec/log.v", "spec/log_proof.v", "spec/dot.v", "spec/judge.v", "spec/order.v"];
    assert_eq!(modules_agree(&[&agreed[..], &coq[..]].concat()), Findings::new());
    assert_eq!(modules_agree(&[log]), Findings::new());
    assert_eq!(modules_agree(&[log, "spec/dot.v", "src/dot.rs"]).len(), 1);
    assert_eq!(modules_agree(&[log, "src/optimized/or_set.rs"]).len(), 1);
    assert_eq!(modules_agree(&["spec/lists.v"]).len(), 1);
    assert_eq!(modules_agree(&["src/dot.rs", "spec/dots_proof.v", "spec/dot.v"]).len(), 1);
    let subject = ["src/dot.rs", "spec/dot_order_proof.v", "spec/dot.v"];
    assert_eq!(modules_agree(&subject), Findings::new());
}

// No proof has a hole

fn proofs_have_no_holes(source: &Source) -> Findings {
    if ending(&source.path) != "v" {
        return Findings::new();
    }
    let holes = [
        "Admitted",
        "admit",
        "give_up",
        "Axiom",
        "Axioms",
        "Parameter",
        "Parameters",
        "Conjecture",
        "bypass_check",
    ];
    forbid(&source.path, &coq_code(source), &holes, "what is not proved is not claimed")
}

#[test]
fn no_proof_has_a_hole() {
    hold(proofs_have_no_holes);
    let rule = proofs_have_no_holes;
    catches(rule, "spec/log_proof.v", "Lemma l : False.\nProof.\nAdmitted.");
    catches(rule, "spec/log_proof.v", "(* (* *) *) Axiom a : False.");
    catches(rule, "spec/log_proof.v", "Proof. intros; admit. Qed.");
    allows(rule, "spec/log.v", "(* No (* Axiom *) is Admitted. *) Definition parameter := 1.");
    allows(rule, "README.md", "No Axiom.");
}

// Links in Markdown resolve

/// The anchor that a heading has on the usual sites.
fn anchor(heading: &str) -> String {
    let kept = |character: char| character.is_alphanumeric() || " -_".contains(character);
    let text = heading.trim().to_lowercase();
    text.chars().filter(|character| kept(*character)).collect::<String>().replace(' ', "-")
}

/// The lines outside code blocks, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The targets of the links in a line, outside inline code.
fn targets(line: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    for text in line.split('`').step_by(2) {
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split([')', ' ']).next().unwrap_or("");
            targets.push(target);
        }
    }
    if line.starts_with('[') {
        targets.extend(line.split_once("]: ").map(|(_, target)| target.trim()));
    }
    targets
}

/// The path that a link in a file leads to; `None` if it leads out of the project.
fn follow(file: &str, link: &str) -> Option<String> {
    let mut folders: Vec<&str> = file.split('/').collect();
    folders.pop();
    for step in link.split('/') {
        match step {
            "." | "" => {}
            ".." => {
                folders.pop()?;
            }
            name => folders.push(name),
        }
    }
    Some(folders.join("/"))
}

/// Every link in a Markdown text that leads into the project finds a file, and its heading.
/// `find` gives what is at a path: a text, an empty one for anything else, or nothing.
fn links_resolve(source: &Source, find: impl Fn(&str) -> Option<String>) -> Findings {
    let mut findings = Findings::new();
    if ending(&source.path) != "md" {
        return findings;
    }
    for (number, line) in prose(&source.text) {
        for target in targets(line) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (link, heading) = target.split_once('#').unwrap_or((target, ""));
            let found = if link.is_empty() {
                Some(source.text.clone())
            } else {
                follow(&source.path, link).and_then(|path| find(&path))
            };
            let place = format!("{}:{number}", source.path);
            match found {
                None => findings.push(format!("{place}: nothing is at {target}")),
                Some(text) => {
                    let mut headings = prose(&text).filter(|(_, line)| line.starts_with('#'));
                    let is_there =
                        headings.any(|(_, line)| anchor(line.trim_start_matches('#')) == heading);
                    if !heading.is_empty() && !is_there {
                        findings.push(format!("{place}: no heading for {target}"));
                    }
                }
            }
        }
    }
    findings
}

#[test]
fn the_links_resolve() {
    let root = Path::new(crate::ROOT);
    let find = |path: &str| {
        let path = root.join(path);
        path.exists().then(|| fs::read_to_string(path).unwrap_or_default())
    };
    hold(|source| links_resolve(source, find));

    let planted = |path: &str| match path {
        "README.md" => Some("# Rejoin\n## What it is, and for whom\n".to_owned()),
        "spec/README.md" => Some("# The book\n```\n# code\n```\n".to_owned()),
        _ => None,
    };
    let rule = |source: &Source| links_resolve(source, planted);
    catches(rule, "README.md", "See [the book](spec/BOOK.md).");
    catches(rule, "spec/README.md", "See [the project](../README.md#what-it-was).");
    catches(rule, "README.md", "[book]: spec/README.md#code");
    catches(rule, "README.md", "# One\n[two](#two)");
    catches(rule, "README.md", "[out](../elsewhere.md)");
    allows(rule, "spec/README.md", "[it](../README.md#what-it-is-and-for-whom), [](https://a.b)");
    allows(rule, "README.md", "# One\n[one](#one) `[no](link)`\n```\n[no](link)\n```\n");
}

// No source has loose ends

fn no_loose_ends(source: &Source) -> Findings {
    let is_source = ["rs", "v", "sh", "run", "py", "js", "toml"].contains(&ending(&source.path));
    // This file has to name what it forbids.
    if !is_source || source.path == "tests/tidy/rules.rs" {
        return Findings::new();
    }
    let mut findings = Findings::new();
    for (number, line) in (1..).zip(source.text.lines()) {
        for loose in ["TODO", "FIXME", "XXX", "todo!", "unimplemented!", "dbg!", "#[ignore"] {
            if line.contains(loose) {
                findings.push(format!("{}:{number}: {loose}", source.path));
            }
        }
    }
    findings
}

#[test]
fn no_source_has_loose_ends() {
    hold(no_loose_ends);
    catches(no_loose_ends, "src/dot.rs", "// TODO: more");
    catches(no_loose_ends, "tests/laws.rs", "#[test]\n#[ignore = \"slow\"]\nfn slow() {}");
    catches(no_loose_ends, "oracle/src/main.rs", "fn main() { todo!() }");
    catches(no_loose_ends, "spec/log.v", "(* FIXME *)");
    allows(no_loose_ends, "src/dot.rs", "// Nothing is left to do.");
}

// No source has tabs or trailing blanks

fn whitespace_is_plain(source: &Source) -> Findings {
    let mut findings = Findings::new();
    for (number, line) in (1..).zip(source.text.split('\n')) {
        if line.contains('\t') {
            findings.push(format!("{}:{number}: a tab", source.path));
        }
        if line.ends_with([' ', '\t', '\r']) {
            findings.push(format!("{}:{number}: a blank at the end", source.path));
        }
    }
    if !source.text.ends_with('\n') && !source.text.is_empty() {
        findings.push(format!("{}: the last line has no end", source.path));
    }
    findings
}

#[test]
fn the_whitespace_is_plain() {
    hold(whitespace_is_plain);
    catches(whitespace_is_plain, "src/dot.rs", "fn f() {\n\treturn;\n}\n");
    catches(whitespace_is_plain, "README.md", "A line \n");
    catches(whitespace_is_plain, "README.md", "A line\r\n");
    catches(whitespace_is_plain, "README.md", "A line");
    allows(whitespace_is_plain, "README.md", "A line\n\nAnother\n");
}

// No file of the library or of the proofs is too long to read

/// How many lines a file may have.
const LINES: usize = 900;

/// The list of all headline theorems is one file, so that they can be read in a row.
const HEADLINES: &str = "spec/main_theorems.v";

fn is_readable(source: &Source) -> Findings {
    let lines = source.text.lines().count();
    let is_coq = ending(&source.path) == "v" && source.path != HEADLINES;
    if (is_library(source) || is_coq) && lines > LINES {
        return vec![format!("{}: {lines} lines; at most {LINES}", source.path)];
    }
    Findings::new()
}

#[test]
fn every_file_is_readable() {
    hold(is_readable);
    catches(is_readable, "crates/judge/src/lib.rs", &"\n".repeat(LINES + 1));
    catches(is_readable, "spec/log_proof.v", &"\n".repeat(LINES + 1));
    allows(is_readable, "crates/judge/src/lib.rs", &"\n".repeat(LINES));
    allows(is_readable, HEADLINES, &"\n".repeat(LINES + 1));
}

// Every long proof has a sketch

/// How many lines a proof may have without a sketch.
const PROOF: usize = 60;

/// How many words a sketch has at least.
const SKETCH: usize = 40;

/// Whether a line begins a statement with a proof.
fn states(line: &str) -> bool {
    let line = ["Local ", "Global "].iter().find_map(|s| line.strip_prefix(s)).unwrap_or(line);
    ["Lemma ", "Theorem ", "Corollary ", "Example ", "Instance "]
        .iter()
        .any(|keyword| line.starts_with(keyword))
}

/// The words of the comment before a statement, which may begin some lines above it.
fn sketch_words(lines: &[&str], statement: usize) -> usize {
    let before = &lines[..statement];
    if before.last().is_none_or(|line| !line.ends_with("*)")) {
        return 0;
    }
    let start = before.iter().rposition(|line| line.starts_with("(*")).unwrap_or(before.len());
    before[start..].iter().map(|line| line.split_whitespace().count()).sum()
}

/// A proof of many lines has a sketch in prose in the comment before its statement.
fn long_proofs_have_sketches(source: &Source) -> Findings {
    let mut findings = Findings::new();
    if ending(&source.path) != "v" {
        return findings;
    }
    let lines: Vec<&str> = source.text.lines().collect();
    let (mut statement, mut proof) = (0, None);
    for (at, line) in lines.iter().enumerate() {
        if states(line) {
            statement = at;
        } else if *line == "Proof." {
            proof = Some(at);
        } else if ["Qed.", "Defined."].contains(line) {
            let length = proof.take().map_or(0, |start| at - start - 1);
            let words = sketch_words(&lines, statement);
            if length > PROOF && words < SKETCH {
                let place = format!("{}:{}", source.path, statement + 1);
                findings.push(format!(
                    "{place}: a proof of {length} lines after a sketch of {words} words; \
                     above {PROOF} lines it takes {SKETCH}"
                ));
            }
        }
    }
    findings
}

#[test]
fn every_long_proof_has_a_sketch() {
    hold(long_proofs_have_sketches);
    let long = format!("Lemma l : True.\nProof.\n{}Qed.\n", "  easy.\n".repeat(PROOF + 1));
    let short = format!("Lemma l : True.\nProof.\n{}Qed.\n", "  easy.\n".repeat(PROOF));
    let sketch = |words: usize| format!("(** {}\n{}*)\n", "w ".repeat(2), "w ".repeat(words - 4));
    let rule = long_proofs_have_sketches;
    catches(rule, "spec/log_proof.v", &long);
    catches(rule, "spec/log_proof.v", &format!("{}{long}", sketch(SKETCH - 1)));
    catches(rule, "spec/log_proof.v", &format!("{}\n{long}", sketch(SKETCH)));
    catches(rule, "spec/log_proof.v", &format!("{}{short}{long}", sketch(SKETCH)));
    allows(rule, "spec/log_proof.v", &format!("{}{long}", sketch(SKETCH)));
    allows(rule, "spec/log_proof.v", &short);
}

// Every replicated type says what it means, obeys, costs and comes from

fn header_is_complete(source: &Source) -> Findings {
    let is_type = is_in(source, "reference") || is_in(source, "optimized");
    if !is_type || source.path.ends_with("/mod.rs") {
        return Findings::new();
    }
    let header: Vec<&str> =
        source.text.lines().take_while(|line| line.starts_with("//!")).collect();
    let mut findings = Findings::new();
    for part in ["Meaning", "Laws", "Cost", "Source"] {
        if !header.iter().any(|line| line.starts_with(&format!("//! {part}: "))) {
            findings.push(format!("{}: the header lacks `{part}: `", source.path));
        }
    }
    findings
}

#[test]
fn every_header_is_complete() {
    hold(header_is_complete);
    let whole = "//! Log.\n//!\n//! Meaning: m\n//! Laws: l\n//! Cost: c\n//! Source: s\n";
    allows(header_is_complete, "src/reference/log.rs", whole);
    catches(header_is_complete, "src/optimized/log.rs", &whole.replace("//! Cost", "// Cost"));
}

// Prose and names are in the field's language

/// Phrases of no paper and no other library, each with what to write instead.
const DIALECT: &[(&str, &str)] = &[
    ("whoever", "the replica, side or user that is meant"),
    ("whomever", "the replica, side or user that is meant"),
    ("to be told", "`notify`, or a user's notices"),
    ("nobody is told", "`no user is notified`"),
    ("everybody is told", "`everybody is notified`"),
    ("is told of", "`is notified of`, or `gets`"),
    ("takes in", "`applies` or `joins`"),
    ("taken in", "`applied` or `joined`"),
    ("taking in", "`applying` or `joining`"),
    ("stands beside", "`is concurrent with`, or `is kept in addition to`"),
    ("stand beside", "`are concurrent with`, or `are kept in addition to`"),
    ("latest word", "`latest decision`"),
    ("without a word", "`silently` or `unannounced`"),
    (", in words", "`as text`"),
    ("unfit", "what is wrong"),
    ("misfit", "what is wrong"),
    ("fn born", "`creation dot`"),
    ("fn bear", "`creation dot`"),
    ("struct news", "what is new"),
    ("struct told", "what is sent or read"),
    ("struct roster", "`actor table`"),
    ("struct word", "`decision`"),
    ("enum fit", "what agrees with what"),
    ("fn told", "what is sent, read or reported"),
    ("fn lives", "`incarnations` or `branches`"),
    ("struct life", "`incarnation` or `branch`"),
    ("mod door", "`public_api`"),
    ("mod manners", "`protocol_check`"),
    ("the how manyth", "`the number among`"),
    ("nobody says so", "`unannounced`"),
    ("was put back", "`was restored`"),
    ("what came of", "`the outcome`, `the result`"),
];

fn is_in_the_fields_language(source: &Source) -> Findings {
    // The notes of scenarios are part of traces; this file lists what it forbids.
    let is_prose = source.path.ends_with(".rs") || source.path.ends_with(".md");
    if !is_prose
        || source.path.starts_with("spec/scenarios/")
        || source.path == "tests/tidy/rules.rs"
    {
        return Findings::new();
    }
    let mut findings = Findings::new();
    for (number, line) in (1..).zip(source.text.lines()) {
        let line = line.to_lowercase();
        for (phrase, instead) in DIALECT {
            let is_part = |character: char| character.is_alphanumeric() || character == '_';
            let found = line.match_indices(phrase).any(|(at, _)| {
                !line[..at].ends_with(is_part) && !line[at + phrase.len()..].starts_with(is_part)
            });
            if found {
                findings.push(format!(
                    "{}:{number}: `{phrase}` is private language: write {instead}",
                    source.path
                ));
            }
        }
    }
    findings
}

#[test]
fn prose_and_names_are_in_the_fields_language() {
    hold(is_in_the_fields_language);
    let rule = is_in_the_fields_language;
    catches(rule, "src/sync/session.rs", "/// Whoever announces again has refused a delta.");
    catches(rule, "docs/guide.md", "Ben is to be told.");
    catches(rule, "src/optimized/log.rs", "pub struct News<V> {");
    allows(rule, "src/optimized/log.rs", "/// Whether the wordings fit; fn borne() {}");
    allows(rule, "spec/scenarios/README.md", "| Whoever sees both decides. |");
}
