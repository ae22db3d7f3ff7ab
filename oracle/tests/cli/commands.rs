//! The program as its callers meet it: exit codes, streams, names, and what stands where.

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const HEADER: &str =
    r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"s":{"type":"or-set"}}}"#;
const ADD: &str = r#"{"event":"op","replica":"a","object":"s","op":"add","element":"x"}"#;
const SEND: &str = r#"{"event":"send","replica":"a","message":"m1"}"#;
const RECEIVE: &str = r#"{"event":"receive","replica":"b","message":"m1"}"#;
const RIGHT: &str = r#"{"event":"read","replica":"b","object":"s","value":["x"]}"#;
const WRONG: &str = r#"{"event":"read","replica":"b","object":"s","value":[]}"#;
const NO_EVENT: &str = r#"{"event":"red","replica":"b","object":"s","value":[]}"#;
const NO_OBJECT: &str = r#"{"event":"read","replica":"b","object":"t","value":[]}"#;

fn trace(last: &[&str]) -> String {
    let lines = [&[HEADER, ADD, SEND, RECEIVE], last].concat();
    lines.join("\n") + "\n"
}

fn conforming() -> String {
    trace(&[RIGHT])
}

fn discrepant() -> String {
    trace(&[WRONG])
}

fn silent() -> String {
    trace(&[])
}

fn malformed() -> String {
    trace(&[NO_EVENT])
}

fn ill_formed() -> String {
    trace(&[NO_OBJECT])
}

/// What a run of the program came to.
#[derive(Debug)]
struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Run {
    fn json(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The program, free of what the environment of the tests says about colours.
fn oracle() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oracle"));
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR"] {
        command.env_remove(name);
    }
    command
}

fn finish(command: &mut Command, input: &[u8]) -> Run {
    let piped = Stdio::piped;
    let mut child = command.stdin(piped()).stdout(piped()).stderr(piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || {
            // Who finds a fault in a trace does not read on.
            let _ = stdin.write_all(input);
        });
        child.wait_with_output().unwrap()
    });
    Run {
        code: output.status.code().expect("no signal ended the program"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn run(arguments: &[&str]) -> Run {
    finish(oracle().args(arguments), b"")
}

/// Runs with these files in the working folder.
fn run_with(files: &[(&str, &[u8])], arguments: &[&str]) -> Run {
    let folder = folder(files);
    finish(oracle().args(arguments).current_dir(folder.path()), b"")
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &str) -> Vec<u8> {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    compress_to_vec(text.as_bytes(), CompressionLevel::Fastest)
}

#[test]
fn each_verdict_has_its_exit_code() {
    let cases = [
        ("conforms", conforming(), 0, 0),
        ("discrepancy", discrepant(), 1, 0),
        ("inconclusive", silent(), 2, 0),
        ("malformed", malformed(), 3, 3),
        ("ill-formed", ill_formed(), 3, 3),
        ("malformed", String::new(), 3, 3),
        ("malformed", "no trace\n".into(), 3, 3),
    ];
    for (verdict, trace, checked, linted) in cases {
        let files: [(&str, &[u8]); 1] = [("t.jsonl", trace.as_bytes())];
        let check = run_with(&files, &["check", "t.jsonl"]);
        assert_eq!(check.code, checked, "{verdict}: {check:?}");
        assert!(check.out.contains(&format!(": {verdict}: ")), "{check:?}");
        assert_eq!(check.err, "");
        let json = run_with(&files, &["check", "t.jsonl", "--format", "json"]);
        assert_eq!(json.code, checked, "{verdict}: {json:?}");
        assert_eq!(json.json()[0]["verdict"], verdict);
        assert_eq!(json.err, "");
        let lint = run_with(&files, &["lint", "t.jsonl"]);
        assert_eq!(lint.code, linted, "{verdict}: {lint:?}");
        let expected = if linted == 0 { ": well-formed: " } else { ": m" };
        assert!(lint.out.contains(expected) || lint.out.contains(": ill-formed: "), "{lint:?}");
    }
}

/// Without judged claims there is nothing to conclude, in the report's own sentence; the exit code
/// says that the trace is well-formed.
#[test]
fn linting_judges_no_claim() {
    let bad = discrepant();
    let run = run_with(&[("b.jsonl", bad.as_bytes())], &["lint", "--format=json", "b.jsonl"]);
    let expected = r#"{"report":"rejoin-report/1","file":"b.jsonl","verdict":"inconclusive","events":4,"claims":0,"findings":[],"warnings":[]}"#;
    assert_eq!((run.code, run.out.trim_end()), (0, expected));
}

#[test]
fn of_several_traces_the_gravest_counts_and_all_are_judged() {
    let (good, bad, silent, malformed) = (conforming(), discrepant(), silent(), malformed());
    let files: &[(&str, &[u8])] = &[
        ("good", good.as_bytes()),
        ("bad", bad.as_bytes()),
        ("silent", silent.as_bytes()),
        ("malformed", malformed.as_bytes()),
    ];
    let cases: [(&[&str], i32); 5] = [
        (&["good", "good"], 0),
        (&["silent", "good"], 2),
        (&["bad", "silent", "good"], 1),
        (&["good", "malformed", "bad", "silent"], 3),
        (&["missing", "malformed", "bad", "silent", "good"], 66),
    ];
    for (names, code) in cases {
        let arguments = [&["check", "--format=json"], names].concat();
        let run = run_with(files, &arguments);
        assert_eq!(run.code, code, "{names:?}: {run:?}");
        let reported: Vec<_> = run.json().iter().map(|line| line["file"].clone()).collect();
        assert_eq!(reported, names);
    }
    let run = run_with(files, &["check", "good", "bad", "silent", "malformed", "missing"]);
    assert!(
        run.out.ends_with(
            "\n\n5 traces: 1 conforming, 1 with false claims, 1 inconclusive, 1 malformed, \
             1 unreadable\n"
        ),
        "{run:?}"
    );
}

#[test]
fn the_report_for_programs_is_exact() {
    let counter = [
        r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"c":{"type":"g-counter"}}}"#,
        r#"{"event":"op","replica":"a","object":"c","op":"increment","amount":18446744073709551615}"#,
        r#"{"event":"op","replica":"a","object":"c","op":"increment","amount":"18446744073709551615"}"#,
        r#"{"event":"read","replica":"a","object":"c","value":36893488147419103230}"#,
        r#"{"event":"read","replica":"a","object":"c","value":36893488147419103232}"#,
    ]
    .join("\n");
    let run =
        run_with(&[("c.jsonl", counter.as_bytes())], &["check", "--format=json", "./c.jsonl"]);
    assert_eq!(run.code, 1, "{run:?}");
    let start = r#"{"report":"rejoin-report/1","file":"./c.jsonl","verdict":"discrepancy","events":4,"claims":2,"findings":[{"line":5,"rule":"g-counter/value","replica":"a","object":"c","expected":36893488147419103230,"actual":36893488147419103232,"because":[""#;
    assert!(run.out.starts_with(start), "{run:?}");
    let end = r#"}],"warnings":[],"coverage":{"operations":2,"keys":{"decided":0,"met":0,"contested":0,"exact":true},"objects":{"used":1,"met":0,"contested":0},"tested":{"claims":0,"exact":true},"rules":[{"rule":"g-counter/value","object":"c","claims":2,"tested":0,"contested":false}]}}"#;
    assert!(run.out.trim_end().ends_with(end), "{run:?}");

    let bad = malformed();
    let run = run_with(&[("b.jsonl", bad.as_bytes())], &["check", "--format=json", "b.jsonl"]);
    let report = &run.json()[0];
    assert_eq!(report["events"], 3);
    assert_eq!(report["error"]["line"], 5);
    assert!(report["error"]["message"].as_str().unwrap().contains("red"), "{report}");
}

#[test]
fn the_report_for_people_points_at_the_answer() {
    let bad = discrepant();
    let run = run_with(&[("b.jsonl", bad.as_bytes())], &["check", "b.jsonl"]);
    let start = [
        "error[or-set/value]: set `s` at `b` has other elements than claimed",
        " --> b.jsonl:5:52",
        "  |",
        "5 | {\"event\":\"read\",\"replica\":\"b\",\"object\":\"s\",\"value\":[]}",
        "  |                                                    ^^ claimed",
        "  |",
        "  = expected: [\"x\"]",
        "  =  claimed: []",
        "  =  because: 1. ",
    ];
    assert!(run.out.starts_with(&start.join("\n")), "{}", run.out);
    assert!(run.out.ends_with("\n\nb.jsonl: discrepancy: 1 of 1 claim is false\n"), "{}", run.out);

    let good = conforming();
    let run = run_with(&[("g.jsonl", good.as_bytes())], &["check", "g.jsonl"]);
    let expected = "\
g.jsonl: conforms: its claim holds
  4 events: 1 operation, 0 concurrent pairs
  1 key decided: replicas met on 0, and contested 0
  1 claim: 1 read
  0 of these depend on how concurrent operations merge
  1 message: 0 lost, 0 received again, 0 received out of order
  1 answer of engines compared with the definition's
  no key was decided by two at once, so that little was put to the test: use fewer objects and keys, and let replicas edit apart
  the proven judge finds the same
";
    assert_eq!(run.out, expected);
}

#[test]
fn standard_input_is_a_trace() {
    for (trace, code) in [(conforming(), 0), (discrepant(), 1), (malformed(), 3)] {
        for bytes in [trace.clone().into_bytes(), gzip(&trace), zstd(&trace)] {
            let run = finish(oracle().args(["check", "--format=json", "-"]), &bytes);
            assert_eq!(run.code, code, "{run:?}");
            assert_eq!(run.json()[0]["file"], "-");
        }
    }
}

/// A `load` that comes after other uses of its object has the judge begin again. What came by a
/// pipe is there then still, and what had not come yet comes; also where it is long.
#[test]
fn a_pipe_can_be_judged_from_its_beginning_again() {
    let padding = format!(r#"{{"event":"note","text":"{}"}}"#, "x".repeat(5_000_000));
    let lines = [
        r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"c":{"type":"g-counter"}}}"#,
        r#"{"event":"op","replica":"a","object":"c","op":"increment"}"#,
        &padding,
        r#"{"event":"load","replica":"b","object":"c","state":{"b":4}}"#,
        &padding,
        r#"{"event":"merge","replica":"b","from":"a"}"#,
        r#"{"event":"read","replica":"b","object":"c","value":5}"#,
    ];
    let trace = lines.join("\n");
    let run = finish(oracle().args(["check", "-"]), trace.as_bytes());
    assert_eq!(run.code, 0, "{run:?}");

    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let run = std::thread::scope(|scope| {
        scope.spawn(|| fs::write(&pipe, &trace).unwrap());
        finish(oracle().arg("check").arg(&pipe), b"")
    });
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn a_folder_stands_for_its_traces_named_as_they_were_reached() {
    let (plain, packed) = (conforming(), gzip(&conforming()));
    let files: &[(&str, &[u8])] = &[
        ("dir/b/z.jsonl", plain.as_bytes()),
        ("dir/b-x.jsonl.gz", &packed),
        ("dir/Z.jsonl.zst", &zstd(&plain)),
        ("dir/notes.txt", b"no trace"),
        ("other", plain.as_bytes()),
    ];
    for (argument, prefix) in [("dir", "dir/"), ("dir/", "dir/"), ("./dir", "./dir/")] {
        let run = run_with(files, &["check", "--format=json", "other", argument]);
        assert_eq!(run.code, 0, "{run:?}");
        let names: Vec<_> =
            run.json().iter().map(|line| line["file"].as_str().unwrap().to_owned()).collect();
        let below =
            ["Z.jsonl.zst", "b-x.jsonl.gz", "b/z.jsonl"].map(|name| format!("{prefix}{name}"));
        assert_eq!(names[0], "other");
        assert_eq!(names[1..], below);
    }
}

#[cfg(unix)]
#[test]
fn a_linked_folder_is_judged_too_and_a_circle_is_no_trap() {
    let (good, bad) = (conforming(), discrepant());
    let folder = folder(&[("dir/a.jsonl", good.as_bytes()), ("other/b.jsonl", bad.as_bytes())]);
    let link = |to: &str, from: &str| {
        std::os::unix::fs::symlink(folder.path().join(to), folder.path().join(from)).unwrap();
    };
    link("other", "dir/link");
    link("dir", "dir/circle");
    let run = finish(oracle().current_dir(&folder).args(["check", "--format=json", "dir"]), b"");
    assert_eq!(run.code, 1, "{run:?}");
    let names: Vec<_> =
        run.json().iter().map(|line| line["file"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["dir/a.jsonl", "dir/link/b.jsonl"]);
}

#[test]
fn what_a_file_is_shows_in_its_content() {
    for bytes in [conforming().into_bytes(), gzip(&conforming()), zstd(&conforming())] {
        for name in ["t", "t.jsonl", "t.jsonl.gz", "t.jsonl.zst"] {
            let run = run_with(&[(name, &bytes)], &["check", name]);
            assert_eq!(run.code, 0, "{name}: {run:?}");
        }
    }
    // A stream whose end is missing is shown with the line that it ends in.
    let mut cut = gzip(&conforming());
    cut.truncate(cut.len() - 9);
    let run = run_with(&[("t.jsonl.gz", &cut)], &["check", "t.jsonl.gz"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.out.contains(": malformed: the gzip stream is cut off"), "{run:?}");
}

#[test]
fn a_wrong_command_line_is_told_apart_from_every_verdict() {
    let cases: [&[&str]; 9] = [
        &[],
        &["check"],
        &["lint"],
        &["judge", "t.jsonl"],
        &["check", "--format", "xml", "t.jsonl"],
        &["check", "--max-steps", "many", "t.jsonl"],
        &["check", "--no-such-option", "t.jsonl"],
        &["check", "-", "-"],
        &["man", "judge"],
    ];
    for arguments in cases {
        let run = run(arguments);
        assert_eq!((run.code, run.out.as_str()), (64, ""), "{arguments:?}: {run:?}");
        assert!(run.err.contains("--help"), "{arguments:?}: {run:?}");
    }
}

#[test]
fn help_is_no_error_and_lists_the_exit_codes() {
    for arguments in [&["--help"][..], &["help"], &["check", "--help"], &["lint", "-h"]] {
        let run = run(arguments);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{arguments:?}");
        for code in ["0", "1", "2", "3", "64", "66", "70"] {
            assert!(run.out.contains(&format!("\n  {code:<3} ")), "{arguments:?}: {}", run.out);
        }
    }
    let version = run(&["--version"]);
    assert_eq!(version.out, concat!("oracle ", env!("CARGO_PKG_VERSION"), "\n"));
    assert_eq!(version.code, 0);
}

#[test]
fn what_cannot_be_read_is_named_with_what_to_do() {
    let folder = folder(&[("empty/notes.txt", b"")]);
    for (name, hint) in [("gone.jsonl", "check its name"), ("empty", "no file below it ends in")] {
        let arguments = ["check", name];
        let text = finish(oracle().args(arguments).current_dir(folder.path()), b"");
        assert_eq!((text.code, text.out.as_str()), (66, ""), "{text:?}");
        assert!(text.err.starts_with(&format!("error: {name}: ")), "{text:?}");
        assert!(text.err.contains(hint), "{text:?}");

        let arguments = ["check", "--format=json", name];
        let json = finish(oracle().args(arguments).current_dir(folder.path()), b"");
        assert_eq!((json.code, json.err.as_str()), (66, ""), "{json:?}");
        let report = &json.json()[0];
        assert_eq!(report["file"], name);
        assert_eq!(report.get("verdict"), None);
        assert!(report["error"]["message"].as_str().unwrap().contains(hint), "{report}");
    }
}

#[test]
fn a_file_name_cannot_steer_the_terminal() {
    let run = run(&["check", "a\x1b[31m\n.jsonl"]);
    assert_eq!(run.code, 66);
    assert!(run.err.starts_with(r"error: a\u001b[31m\u000a.jsonl: there is no"), "{run:?}");
}

#[test]
fn a_reader_that_leaves_changes_nothing_but_the_output() {
    let bad = discrepant();
    let folder = folder(&[("bad.jsonl", bad.as_bytes())]);
    for format in ["text", "json"] {
        let mut command = oracle();
        command.args(["check", "--format", format]).args(["bad.jsonl"; 300]);
        command.current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(1), ""));
    }
}

#[test]
fn output_that_cannot_be_written_is_no_success() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let full = fs::OpenOptions::new().write(true).open(full).unwrap();
    let output = oracle().arg("schema").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(70));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("error: the output cannot be written: "), "{said}");
}

#[test]
fn colour_is_only_where_it_is_wanted() {
    let bad = discrepant();
    let folder = folder(&[("bad.jsonl", bad.as_bytes())]);
    let coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = oracle();
        command.args(["check", "bad.jsonl"]).args(arguments).current_dir(folder.path());
        let run = finish(command.envs(variables.iter().copied()), b"");
        assert_eq!(run.code, 1, "{run:?}");
        run.out.contains('\x1b')
    };
    assert!(!coloured(&[], &[]), "a pipe is no terminal");
    assert!(coloured(&["--color=always"], &[]));
    assert!(coloured(&["--color=always"], &[("NO_COLOR", "1")]), "the command line comes first");
    assert!(coloured(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&["--color=never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!coloured(&["--color=always", "--format=json"], &[]), "JSON has no colours");
}

#[test]
fn a_limit_that_is_reached_is_named() {
    let good = conforming();
    let files: &[(&str, &[u8])] = &[("g.jsonl", good.as_bytes())];
    let run = run_with(files, &["check", "--max-steps=1", "--format=json", "g.jsonl"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert_eq!(run.json()[0]["verdict"], "inconclusive");
    assert_eq!(run.json()[0]["limits"].as_array().unwrap().len(), 1, "{run:?}");
    let run = run_with(files, &["check", "--max-steps=1", "g.jsonl"]);
    assert!(
        run.out.starts_with("g.jsonl: inconclusive: not all could be judged\n  limit: "),
        "{run:?}"
    );
}

#[test]
fn simulated_worlds_end_well_or_leave_a_trace() {
    let run = run_with(&[], &["simulate", "--seeds", "3..9", "--steps", "60"]);
    assert_eq!(run.code, 0);
    assert!(run.out.starts_with("6 worlds of 60 steps ended well\n  "), "{run:?}");
    for counted in ["operations", "a disk was full", "forks", "open merge decisions", "notices"] {
        assert!(run.out.contains(counted), "{run:?}");
    }

    let folder = folder(&[]);
    let arguments = ["simulate", "--seeds", "0..2", "--fault", "PerformsTwice"];
    let failed = finish(oracle().args(arguments).current_dir(folder.path()), b"");
    assert_eq!(failed.code, 1, "{failed:?}");
    let judged = "its trace is judged \"discrepancy\"";
    assert!(failed.out.starts_with(&format!("seed 0: {judged}")), "{failed:?}");
    assert!(failed.out.contains(&format!("seed 0, shrunk: {judged}")), "{failed:?}");
    assert!(failed.out.contains("its trace: failing-world.jsonl, "), "{failed:?}");
    let trace = || fs::read_to_string(folder.path().join("failing-world.jsonl")).unwrap();
    let shrunk = trace();
    assert!(shrunk.lines().count() < 20, "{shrunk}");
    let check = ["check", "failing-world.jsonl"];
    let judged = finish(oracle().args(check).current_dir(folder.path()), b"");
    assert_eq!(judged.code, 1);

    // The command that it prints leads to the same world.
    let again = failed.out.lines().find_map(|line| line.split_once("run it again: oracle "));
    let arguments: Vec<&str> = again.unwrap().1.split(' ').collect();
    let again = finish(oracle().args(arguments).current_dir(folder.path()), b"");
    assert_eq!(again.code, 1, "{again:?}");
    assert_eq!(trace(), shrunk);

    for wrong in ["5", "5..5", "5..4", "a..b"] {
        assert_eq!(self::run(&["simulate", "--seeds", wrong]).code, 64, "{wrong}");
    }
    assert_eq!(self::run(&["simulate", "--seeds", "0..1", "--moves", "1,x"]).code, 64);
    let unknown = self::run(&["simulate", "--seeds", "0..1", "--fault", "Rain"]);
    assert_eq!(unknown.code, 64);
    assert!(unknown.err.contains("NeverHeals"), "{unknown:?}");
}

#[test]
fn the_schema_the_scripts_and_the_pages_are_there() {
    let schema = run(&["schema"]);
    assert_eq!(schema.code, 0);
    assert!(serde_json::from_str::<Value>(&schema.out).unwrap().is_object());
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(&["completions", shell]);
        assert_eq!(script.code, 0);
        assert!(script.out.contains("lint") && script.out.contains("format"), "{shell}");
    }
    let page = run(&["man"]);
    assert!(page.out.contains(".TH oracle 1") && page.out.contains(".SH \"EXIT STATUS\""));
    let page = run(&["man", "check"]);
    assert!(page.out.contains("max\\-steps") && page.out.contains(".SH \"EXIT STATUS\""));
}
