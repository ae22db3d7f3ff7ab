//! `convert`, as its users run it: what comes out is judged.

use crate::see::{check, folder};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

const HISTORY: &str = r#"
{:process 0, :type :invoke, :f :add, :value 1, :index 0}
{:process 1, :type :invoke, :f :add, :value 2, :index 1}
{:process 2, :type :invoke, :f :read, :value nil, :index 2}
{:process 0, :type :ok, :f :add, :value 1, :index 3}
{:process 2, :type :ok, :f :read, :value #{1}, :index 4}
{:process 1, :type :info, :f :add, :value 2, :index 5, :error :timeout}
{:process :nemesis, :type :info, :f :start, :value nil, :index 6}
{:process 0, :type :invoke, :f :add, :value 3, :index 7}
{:process 0, :type :fail, :f :add, :value 3, :index 8}
{:process 2, :type :invoke, :f :read, :value nil, :index 9}
{:process 2, :type :ok, :f :read, :value #{1 2}, :index 10}
"#;

/// Converts, and judges what comes out; gives what could not be carried over.
#[track_caller]
fn judged(at: &Path, arguments: &[&str], code: i32) -> (String, String, Value) {
    let arguments = [&["convert"], arguments, &["-o", "out.jsonl"]].concat();
    let (_, lost) = check(at, &arguments, 0);
    let (report, _) = check(at, &["check", "out.jsonl", "--format", "json"], code);
    let trace = fs::read_to_string(at.join("out.jsonl")).unwrap();
    (trace, lost, serde_json::from_str(&report).unwrap())
}

#[test]
fn the_last_read_of_a_jepsen_set_shows_what_was_acknowledged() {
    let lossy = HISTORY.replace(":value #{1 2}", ":value #{2}");
    let phantom = HISTORY.replace(":value #{1 2}", ":value #{1 2 3}");
    let folder = folder(&[("h.edn", HISTORY), ("lossy.edn", &lossy), ("phantom.edn", &phantom)]);
    let (trace, lost, _) = judged(folder.path(), &["jepsen", "h.edn"], 0);
    assert!(trace.contains("not carried over: 1 read that began before the last add had ended"));
    assert!(
        lost.contains("1 add of unknown outcome, except those that a claimed read shows"),
        "{lost}"
    );
    assert!(lost.contains("entries of start"), "{lost}");
    for file in ["lossy.edn", "phantom.edn"] {
        let (_, _, report) = judged(folder.path(), &["jepsen", file], 1);
        assert_eq!(report["findings"][0]["rule"], "g-set/value", "{file}");
    }
}

#[test]
fn a_jepsen_counter_in_json_shows_its_sum() {
    let entry = |kind: &str, f: &str, value: &str| {
        format!(r#"{{"type":"{kind}","f":"{f}","value":{value},"process":0}}"#)
    };
    let history = |total: &str, outcome: &str| {
        let entries = [
            entry("invoke", "add", "5"),
            entry("ok", "add", "5"),
            entry("invoke", "add", "-2"),
            entry(outcome, "add", "-2"),
            entry("invoke", "read", "null"),
            entry("ok", "read", total),
        ];
        format!("[{}]", entries.join(","))
    };
    let folder = folder(&[
        ("good.json", &history("3", "ok")),
        ("bad.json", &history("5", "ok")),
        ("unknown.json", &history("3", "info")),
        ("none.json", r#"[{"type":"ok","f":"write","value":1,"process":0}]"#),
        ("bad.edn", "{:type :ok"),
    ]);
    let at = folder.path();
    judged(at, &["jepsen", "good.json"], 0);
    let (_, _, report) = judged(at, &["jepsen", "bad.json"], 1);
    assert_eq!(report["findings"][0]["rule"], "pn-counter/value");
    // With an unknown outcome no sum is claimed.
    let (_, lost, _) = judged(at, &["jepsen", "unknown.json"], 2);
    assert!(lost.contains("a sum does not show what it counts"), "{lost}");
    let (_, err) = check(at, &["convert", "jepsen", "none.json"], 3);
    assert!(err.contains("only histories of sets and counters"), "{err}");
    let (_, err) = check(at, &["convert", "jepsen", "bad.edn"], 3);
    assert!(err.contains("line 1: the text ends, expected `}`"), "{err}");
    check(at, &["convert", "jepsen", "gone.edn"], 66);
}

const CONCURRENT: &str = r#"{"kind":"concurrent","endContent":"yoooo ho ho!\n","numAgents":2,"txns":[
{"parents":[],"agent":0,"patches":[[0,0,"hi there\n"]]},
{"parents":[0],"agent":0,"patches":[[0,8,""],[0,0,"yoooo"]]},
{"parents":[0],"agent":1,"patches":[[8,0,"!"]]},
{"parents":[1,2],"agent":1,"patches":[[5,0," ho ho"]]}]}"#;

#[test]
fn an_editing_trace_is_a_list_that_spells_its_end() {
    let sequential = r#"{"startContent":"ab","endContent":"aXYé","txns":[
        {"time":"2020","patches":[[1,1,"XY"],[3,0,"zé"]]},{"time":"2020","patches":[[3,1,""]]}]}"#;
    let other_end = sequential.replace("aXYé", "aYXé");
    let beyond = sequential.replace("[[3,1,\"\"]]", "[[5,1,\"\"]]");
    let folder = folder(&[
        ("c.json", CONCURRENT),
        ("s.json", sequential),
        ("other.json", &other_end),
        ("beyond.json", &beyond),
        ("no.json", "{}"),
    ]);
    let at = folder.path();
    let (trace, _, report) = judged(at, &["editing", "c.json"], 0);
    assert!(trace.contains(r#""replicas":["agent 0","agent 1"]"#), "{trace}");
    // Each insert but the first says where it stands; and the end is claimed.
    assert_eq!(report["claims"], 9 - 1 + 5 + 1 + 6 + 1);
    judged(at, &["editing", "s.json"], 0);
    let (_, lost, _) = judged(at, &["editing", "other.json"], 0);
    assert!(lost.contains("the text at the end"), "{lost}");
    let (_, err) = check(at, &["convert", "editing", "beyond.json"], 3);
    assert!(err.contains("transaction 1 edits beyond the end"), "{err}");
    check(at, &["convert", "editing", "no.json"], 3);
}

/// Runs git in a repository, at a time by the author's clock.
#[track_caller]
fn git(at: &Path, time: &str, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(at).args(["-c", "user.name=n", "-c", "user.email=e"]).args(arguments);
    command.env("GIT_AUTHOR_DATE", format!("@{time} +0000"));
    command.env("GIT_COMMITTER_DATE", "@1700000000 +0000").env("GIT_CONFIG_GLOBAL", "/dev/null");
    let output = command.output().expect("git is there");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

#[test]
fn a_git_history_conforms_by_its_own_order_and_not_by_its_clocks() {
    let folder = folder(&[]);
    let at = folder.path();
    let write = |file: &str, text: &str| fs::write(at.join(file), text).unwrap();
    let commit = |time: &str, message: &str| {
        git(at, time, &["add", "-A"]);
        git(at, time, &["commit", "-q", "-m", message]);
    };
    git(at, "100", &["init", "-q", "-b", "main"]);
    write("both.txt", "0\n");
    write("theirs.txt", "0\n");
    write("gone.txt", "0\n");
    commit("1000", "base");
    git(at, "0", &["checkout", "-q", "-b", "side"]);
    write("both.txt", "side\n");
    write("theirs.txt", "side\n");
    fs::remove_file(at.join("gone.txt")).unwrap();
    // A clock that ran behind.
    commit("500", "side");
    git(at, "0", &["checkout", "-q", "main"]);
    write("both.txt", "main\n");
    write("ours.txt", "main\n");
    commit("2000", "main");
    // The merge keeps one side of the file that both changed.
    git(at, "1500", &["merge", "-q", "-X", "theirs", "side", "-m", "merge"]);
    let (trace, lost, report) = judged(at, &["git", "."], 0);
    assert!(trace.contains(r#""replicas":["line 1","line 2"]"#), "{trace}");
    // Four files that the merge touched, and all files at the end.
    assert_eq!(report["claims"], 5, "{trace}");
    assert!(lost.contains("author times"), "{lost}");
    let (trace, _, report) = judged(at, &["git", ".", "--author-clocks"], 1);
    assert!(trace.contains(r#""timestamp":500"#), "{trace}");
    assert_eq!(report["findings"][0]["rule"], "lww-map/value");
    check(at, &["convert", "git", "nowhere"], 66);
}
