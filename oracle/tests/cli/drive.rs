//! `oracle drive` with subjects of all kinds: those that die, hang and babble are reported as such
//! and harm nothing, the starters conform, and the broken one is found.
//!
//! Subjects are shell and Python scripts; where there is no Python or Node, what needs it is left
//! out.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a member has a workspace").into()
}

/// Whether a program is there.
fn has(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// `oracle drive` with these arguments, in the folder of the project; its trace goes to a folder of
/// its own.
fn drive(arguments: &[&str]) -> (Output, Option<String>) {
    let folder = TempDir::new().expect("there is room for files");
    let out = folder.path().join("failing.jsonl");
    let output = Command::new(env!("CARGO_BIN_EXE_oracle"))
        .args(["drive", "--jobs", "1", "--out"])
        .arg(&out)
        .args(arguments)
        .current_dir(root())
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .expect("the oracle starts");
    (output, std::fs::read_to_string(out).ok())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_subject_that_fails_is_a_verdict_of_its_own() {
    let ok = r#"while read -r l; do n=${l#*:}; n=${n%%,*}; "#;
    for (script, says) in [
        ("exit 3", "ended with exit status: 3 when a reply to start was due"),
        ("sleep 100", "no reply to start within 0.5 s"),
        ("sleep 100 & exit 1", "to start"),
        ("while read -r l; do echo nonsense; done", "no JSON"),
        (r#"while read -r l; do echo '{"seq":0,"ok":true}'; done"#, "expected \"seq\":1, found 0"),
        ("head -c 3000000 /dev/zero | tr '\\0' x; sleep 100", "a line of more than 1 MiB"),
        ("printf '\\377\\n'; sleep 100", "not UTF-8"),
        (
            &format!(r#"{ok} echo "{{\"seq\":$n,\"error\":\"out of cheese\"}}"; done"#),
            "out of cheese",
        ),
        (&format!(r#"{ok} echo "{{\"seq\":$n,\"ok\":true}}"; done"#), "expected `payload`"),
        (
            &format!(r#"{ok} [ $n -gt 1 ] && kill -9 $$; echo "{{\"seq\":$n,\"ok\":true}}"; done"#),
            "signal: 9",
        ),
        // It writes without reading.
        ("yes '{\"seq\":1,\"ok\":true}'", "expected \"seq\":2, found 1"),
    ] {
        let few = ["--timeout", "0.5", "--types", "g-counter", "--max-shrink", "4"];
        let arguments = [&few[..], &["--", "sh", "-c", script]].concat();
        let (output, trace) = drive(&arguments);
        let said = said(&output);
        assert!(said.contains(says), "{script}: {said}");
        assert_eq!(output.status.code(), Some(4), "{script}: {said}");
        let trace = trace.unwrap_or_default();
        assert!(trace.ends_with("}\n") && trace.contains("\"event\":\"failed\""), "{trace}");
    }
}

#[test]
fn what_cannot_be_started_is_wrong_usage() {
    for arguments in [&["--", "no-such-program-of-ours"][..], &["--", "true", "--"], &["--"], &[]] {
        let (output, trace) = drive(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {}", said(&output));
        assert_eq!(trace, None);
    }
}

#[test]
fn who_supports_nothing_proves_nothing() {
    let script = r#"while read -r l; do n=${l#*:}; n=${n%%,*}; echo "{\"seq\":$n,\"unsupported\":\"no\"}"; done"#;
    let (output, _) = drive(&["--", "sh", "-c", script]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("inconclusive"), "{}", said(&output));
}

#[test]
fn the_starters_keep_to_the_protocol_and_conform() {
    for (program, file) in
        [("python3", "examples/subjects/subject.py"), ("node", "examples/subjects/subject.js")]
    {
        if !has(program) {
            continue;
        }
        let (output, _) = drive(&["--check-subject", "--", program, file]);
        let found = said(&output);
        assert_eq!(output.status.code(), Some(0), "{found}");
        assert_eq!(found.matches("holds ").count(), 7, "{found}");
        let (output, _) = drive(&["--cases", "200", "--", program, file]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains("conforms in 206 cases"), "5 types, and all together: {said}");
        let types = "types: g-counter, lww-register, or-set, pn-counter, mv-register";
        assert!(said.contains(types), "{said}");
    }
}

#[test]
fn a_starter_is_read_in_a_minute() {
    for file in ["subject.py", "subject.js", "subject.rs"] {
        let path = format!("{}/../examples/subjects/{file}", env!("CARGO_MANIFEST_DIR"));
        let lines = std::fs::read_to_string(path).unwrap().lines().count();
        assert!(lines <= 60, "{file} has {lines} lines: what is a library's own goes beside it");
    }
}

#[test]
fn two_implementations_share_the_replicas_of_a_history() {
    if !has("python3") {
        return;
    }
    let python = ["python3", "examples/subjects/subject.py"];
    let set = ["--types", "or-set", "--cases", "100", "--"];
    let both = [&set[..], &python, &["--"], &python].concat();
    let (output, _) = drive(&both);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let other = ["--", "python3", "examples/subjects/broken.py"];
    let (output, _) = drive(&[&set[..], &python, &other].concat());
    assert_eq!(output.status.code(), Some(4), "its payloads are others: {}", said(&output));
}

#[test]
fn the_broken_set_is_found_and_its_trace_is_judged_alike() {
    if !has("python3") {
        return;
    }
    let (output, trace) = drive(&["--", "python3", "examples/subjects/broken.py"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("error[or-set/value]"), "{text}");
    let again = text.lines().find_map(|line| line.split("drive it again: ").nth(1));
    let again = again.expect("it says how").strip_prefix("oracle drive ").expect("by the oracle");
    let words: Vec<&str> = again.split(' ').collect();
    let (_, second) = drive(&words);
    assert_eq!(trace, second, "{text}");
    let trace = trace.expect("the trace is written");
    assert!(trace.lines().count() <= 8, "{trace}");
    let folder = TempDir::new().expect("there is room for files");
    let file = folder.path().join("t.jsonl");
    std::fs::write(&file, &trace).expect("there is room");
    let check = Command::new(env!("CARGO_BIN_EXE_oracle")).arg("check").arg(&file).output();
    assert_eq!(check.expect("the oracle starts").status.code(), Some(1), "{trace}");
}

/// All files below a folder, by their paths from it.
fn files(folder: &Path) -> std::collections::BTreeMap<PathBuf, String> {
    let mut files = std::collections::BTreeMap::new();
    for kind in std::fs::read_dir(folder).expect("a folder can be read") {
        let kind = kind.expect("a folder can be read").path();
        for file in std::fs::read_dir(&kind).into_iter().flatten() {
            let path = file.expect("a folder can be read").path();
            let text = std::fs::read_to_string(&path).expect("a trace is text");
            files.insert(path.strip_prefix(folder).expect("it is below").into(), text);
        }
    }
    files
}

/// `oracle generate vectors --cases 6 --steps 12` writes them; a change to the generator raises
/// its version.
#[test]
fn the_vectors_are_those_that_the_generator_writes() {
    let folder = TempDir::new().expect("there is room for files");
    let generate = Command::new(env!("CARGO_BIN_EXE_oracle"))
        .args(["generate", "--cases", "6", "--steps", "12"])
        .arg(folder.path())
        .output()
        .expect("the oracle starts");
    assert!(generate.status.success(), "{}", said(&generate));
    let (generated, kept) = (files(folder.path()), files(&root().join("vectors")));
    assert_eq!(generated.len(), 17 * 6);
    assert!(generated == kept, "vectors/ differs: has the generator a new version?");
}
