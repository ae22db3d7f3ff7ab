//! Replicas in files.
//!
//! Shown: one process has a file open for writing, and others are told so; reading writes nothing; a
//! file takes at most twice its content and 4 MiB once it is compacted, which it does by itself; wrong
//! paths are errors with advice.

use rejoin::{EditError, Schema};
use rejoin_store::{Redb, StoreError, StoredError, StoredReplica, verify};
use std::fs;
use std::path::Path;

fn schema() -> Schema {
    Schema::new().log("talk").map("fields").register("text").set("items").counter("visits")
}

fn is_locked(opened: Result<impl Sized, StoredError>) -> bool {
    matches!(opened.map(drop), Err(StoredError::Store(StoreError::Locked { .. })))
}

#[test]
fn one_process_writes_and_others_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.rejoin");
    let stored = StoredReplica::create(&path, "a", &schema()).unwrap();
    assert!(is_locked(StoredReplica::open(&path)));
    assert!(is_locked(StoredReplica::read(&path)));
    let second = StoredReplica::create(&path, "b", &schema()).expect_err("there is a file");
    assert!(second.to_string().contains("a.rejoin"), "{second}");
    drop(stored);
    let (one, two) = (StoredReplica::read(&path).unwrap(), StoredReplica::read(&path).unwrap());
    assert_eq!((one.name(), two.name()), ("a", "a"));
    drop((one, two));
    assert!(StoredReplica::open(&path).is_ok());
}

#[test]
fn reading_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.rejoin");
    let mut stored = StoredReplica::create(&path, "a", &schema()).unwrap();
    stored.change(|replica| replica.edit().counter("visits")?.increment(3).map(drop)).unwrap();
    // As a kill leaves it, with something to repair.
    let killed = fs::read(&path).unwrap();
    drop(stored);
    for bytes in [killed, fs::read(&path).unwrap()] {
        let copy = folder.path().join("copy.rejoin");
        fs::write(&copy, &bytes).unwrap();
        let mut permissions = fs::metadata(&copy).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&copy, permissions).unwrap();
        let mut seen = StoredReplica::read(&copy).unwrap();
        assert_eq!(seen.counter("visits").unwrap().value(), Some(3));
        assert_eq!(seen.state_hash(), StoredReplica::read(&copy).unwrap().state_hash());
        assert!(verify(&copy).unwrap().damage.is_empty());
        assert!(fs::read(&copy).unwrap() == bytes, "nothing was written");
        fs::remove_file(&copy).unwrap();
    }
}

#[test]
fn wrong_paths_are_errors_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("empty"), "").unwrap();
    fs::write(at("text"), "no database ".repeat(1000)).unwrap();
    fs::write(at("short"), "no").unwrap();
    drop(redb::Database::create(at("other")).unwrap());
    for name in ["empty", "text", "short", "other", "nowhere", ""] {
        let opened = StoredReplica::open(&at(name)).expect_err("it is no store").to_string();
        assert!(opened.contains(&at(name).display().to_string()), "{opened}");
        let read = StoredReplica::read(&at(name)).expect_err("as above").to_string();
        assert_eq!(read, opened);
        let is_foreign = matches!(
            verify(&at(name)),
            Err(StoreError::Foreign { .. } | StoreError::Io { .. } | StoreError::Damaged { .. })
        );
        assert!(is_foreign, "{name}: {:?}", verify(&at(name)));
    }
    assert!(StoredReplica::create(&at("nowhere/a"), "a", &schema()).is_err());
    assert!(StoredReplica::create(&at("a"), "", &schema()).is_err());
    assert!(!at("a").exists(), "a file is there whole or not at all");
}

#[test]
fn a_replica_gets_the_objects_of_a_newer_schema_and_keeps_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.rejoin");
    let old = Schema::new().counter("visits");
    drop(StoredReplica::open_or_create(&path, "a", &old).unwrap());
    let stored = StoredReplica::open_or_create(&path, "b", &schema()).unwrap();
    assert_eq!(stored.replica().unwrap().name(), "a");
    drop(stored);
    let seen = StoredReplica::read(&path).unwrap();
    assert_eq!(seen.schema().iter().count(), 5);
    let other = Schema::new().set("visits");
    assert!(matches!(
        StoredReplica::open_or_create(&path, "a", &other),
        Err(StoredError::Schema(EditError::WrongType { .. }))
    ));
}

/// How many bytes a replica takes: saved, and its file.
fn sizes(stored: &StoredReplica, path: &Path) -> (u64, u64) {
    let content = stored.replica().unwrap().save().len() as u64;
    (content, fs::metadata(path).unwrap().len())
}

#[test]
fn a_file_takes_at_most_twice_its_content_and_4_mib() {
    type Fill = fn(&mut rejoin::Replica, u64) -> Result<(), EditError>;
    // What each looks like, how many edits, in how many commits.
    let shapes: [(&str, Fill, u64, u64); 5] = [
        (
            "a log that grows",
            |r, n| r.edit().log("talk")?.append(&format!("{n} {}", "word ".repeat(100))).map(drop),
            8000,
            40,
        ),
        (
            "values written again and again",
            |r, n| {
                let value = format!("{n} {}", "value ".repeat(400));
                r.edit().map("fields")?.put(&format!("key {}", n % 100), &value).map(drop)
            },
            4000,
            100,
        ),
        (
            "one value of 3 MB",
            |r, n| r.edit().register("text")?.write(&"x".repeat(3_000_000 + n as usize)).map(drop),
            4,
            4,
        ),
        (
            "values of 2.1 kB",
            |r, n| r.edit().map("fields")?.put(&format!("key {n}"), &"y".repeat(2100)).map(drop),
            3000,
            3,
        ),
        (
            "many short elements",
            |r, n| r.edit().set("items")?.add(&format!("{n}")).map(drop),
            20_000,
            20,
        ),
    ];
    for (name, fill, edits, commits) in shapes {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.rejoin");
        let mut stored = StoredReplica::create(&path, "a", &schema()).unwrap();
        let mut most = 0;
        for commit in 0..commits {
            let part = edits / commits;
            stored
                .change(|replica| {
                    (commit * part..(commit + 1) * part).try_for_each(|nth| fill(replica, nth))
                })
                .unwrap();
            most = most.max(sizes(&stored, &path).1);
        }
        let (content, by_itself) = sizes(&stored, &path);
        stored.compact().unwrap();
        let (_, compacted) = sizes(&stored, &path);
        println!(
            "{name}: content {content}, at most {most}, at the end {by_itself}, compacted {compacted}"
        );
        assert!(compacted <= 2 * content + (4 << 20), "{name}: {compacted} for {content}");
        drop(stored);
        let closed = fs::metadata(&path).unwrap().len();
        assert!(closed <= 2 * content + (4 << 20), "{name}, closed: {closed} for {content}");
        assert!(StoredReplica::open(&path).is_ok());
        assert!(Redb::open(&path).is_ok());
    }
}
