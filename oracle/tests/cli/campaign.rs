//! Campaigns in shards: the scripts of examples/campaign run as four local processes; a shard that
//! died is named and run again alone; reports that do not belong together are refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a member has a workspace").into()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A subject of one line: a counter that knows one replica, and refuses the rest.
const SUBJECT: &str = r#"total=0; while read -r l; do n=${l#*:}; n=${n%%,*}; case $l in
*'"start"'*'"replicas":["a","b"]'*) total=0; r='"ok":true';; *'"stop"'*) r='"ok":true';;
*) r='"unsupported":"no"';; esac; echo "{\"seq\":$n,$r}"; case $l in *'"stop"'*) exit;; esac; done"#;

/// Runs the campaign with four shards; `oracle` is what each runs.
fn local(reports: &Path, oracle: &Path) -> Output {
    Command::new(root().join("examples/campaign/local.sh"))
        .args(["4", "sh", "-c", SUBJECT])
        .env("REPORTS", reports)
        .env("ORACLE", oracle)
        .env("CASES", "80")
        .output()
        .expect("a script starts")
}

fn merge(reports: &[PathBuf]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oracle"));
    command.arg("merge-reports").args(reports).output().expect("the oracle starts")
}

#[cfg(unix)]
#[test]
fn a_shard_that_died_is_named_and_run_again_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().expect("there is room for files");
    let reports = folder.path().join("reports");
    // The machine of the third shard dies once.
    let oracle = folder.path().join("oracle");
    let (log, exe) = (folder.path().join("log"), env!("CARGO_BIN_EXE_oracle"));
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> '{log}'\ncase \"$*\" in *' 3/4 '*) [ -e '{log}.died' ] || \
         {{ touch '{log}.died'; exit 137; }};; esac\nexec '{exe}' \"$@\"\n",
        log = log.display()
    );
    fs::write(&oracle, script).expect("there is room");
    fs::set_permissions(&oracle, fs::Permissions::from_mode(0o755)).expect("it is ours");

    let first = local(&reports, &oracle);
    assert_eq!(first.status.code(), Some(2), "{}", said(&first));
    assert!(said(&first).contains("missing: shard 3/4"), "{}", said(&first));
    let driven = |log: &Path| {
        let log = fs::read_to_string(log).expect("it was written");
        log.lines().filter(|line| line.starts_with("drive ")).count()
    };
    assert_eq!(driven(&log), 4);
    let second = local(&reports, &oracle);
    assert!(!said(&second).contains("missing"), "{}", said(&second));
    assert_eq!(driven(&log), 5, "only the third was run again");
    assert_eq!(second.status.code(), Some(0), "{}", said(&second));
}

#[test]
fn reports_that_do_not_belong_together_are_refused() {
    let folder = TempDir::new().expect("there is room for files");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("there is room");
        path
    };
    let part = |campaign: &str, shard: &str, faults: &str| {
        format!(
            r#"{{"campaign":"{campaign}","shard":"{shard}","cases":5,"faults":{{{faults}}},"counts":{{"x":2}}}}"#
        )
    };
    let one = write("1", &part("c", "1/2", ""));
    let two = write("2", &part("c", "2/2", r#""or-set/value":1"#));
    let all = merge(&[one.clone(), two.clone()]);
    assert_eq!(all.status.code(), Some(1), "{}", said(&all));
    assert!(said(&all).contains("c: 10 cases") && said(&all).contains("4 x"), "{}", said(&all));
    assert!(said(&all).contains("or-set/value in 1 case"), "{}", said(&all));
    for (name, text, says, code) in [
        ("a", part("d", "2/2", ""), "the first one of a c in 2 shards", 3),
        ("b", part("c", "2/3", ""), "in 3 shards", 3),
        ("c", part("c", "1/2", ""), "an earlier report is also of shard", 3),
        ("d", part("c", "3/2", ""), "expected K/N", 3),
        ("e", "{}".into(), "not the report of a shard", 3),
    ] {
        let refused = merge(&[one.clone(), write(name, &text)]);
        assert_eq!(refused.status.code(), Some(code), "{}", said(&refused));
        assert!(said(&refused).contains(says), "{}", said(&refused));
    }
    let missing = merge(&[folder.path().join("nothing")]);
    assert_eq!(missing.status.code(), Some(66));
}
