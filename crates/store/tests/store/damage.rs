//! Damaged bytes.
//!
//! Shown: a file of which one byte was changed opens as it was, or not at all; or, where the byte is in its
//! header, at a commit before: that is a restored disk, and is healed when it meets somebody. What is
//! damaged is named, and the rest is salvaged.

use super::disk::Disk;
use rejoin::environment::System;
use rejoin::{Replica, Schema};
use rejoin_store::{Redb, StoreError, StoredError, StoredReplica, salvage, verify};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, panic};

fn schema() -> Schema {
    Schema::new().counter("visits").log("comments").map("status").set("items")
}

fn opened(disk: &Disk) -> Result<StoredReplica, StoredError> {
    StoredReplica::open_in(Redb::open_on(disk.clone())?, Box::new(System))
}

fn edit(stored: &mut StoredReplica, nth: usize) {
    let edited = stored.change(|replica| -> Result<(), rejoin::EditError> {
        replica.edit().counter("visits")?.increment(1)?;
        replica.as_user("ana").log("comments")?.append(&format!("comment number {nth} of ana"))?;
        replica.as_user("ana").map("status")?.put(&format!("key {}", nth % 5), &nth)?;
        replica.as_user("ana").set("items")?.add(&format!("item {nth}"))?;
        Ok(())
    });
    edited.expect("the disk takes it");
}

fn exported(stored: &StoredReplica) -> String {
    stored.replica().expect("it is stored").export()
}

/// The bytes of a header, which says which commit is the last.
const HEADER: usize = 320;

/// A disk with edits, whose process was killed or ended well; what was there after each edit; and the bytes
/// before the last one.
fn filled(edits: usize, ends_well: bool) -> (Disk, Vec<String>, Vec<u8>) {
    let disk = Disk::default();
    let replica = Replica::create("phone", &schema()).expect("the system has random numbers");
    let store = Redb::create_on(disk.clone()).expect("the disk is empty");
    let mut stored = StoredReplica::create_in(store, replica).expect("the disk takes it");
    let mut held = vec![exported(&stored)];
    let mut before = Vec::new();
    for nth in 0..edits {
        before = disk.bytes();
        edit(&mut stored, nth);
        held.push(exported(&stored));
    }
    match ends_well {
        true => {
            drop(stored);
            (disk, held, before)
        }
        false => (Disk::with(disk.bytes()), held, before),
    }
}

/// Numbers that are the same in each run.
fn random(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize
}

#[test]
fn a_changed_byte_is_found_or_does_not_matter() {
    let tries = std::env::var("REJOIN_FLIPS").map_or(120, |tries| tries.parse().unwrap());
    let panics = count_panics();
    let (mut found, mut same, mut older, mut foreign) = (0, 0, 0, 0);
    for ends_well in [true, false] {
        let (disk, held, before) = filled(40, ends_well);
        let bytes = disk.bytes();
        // Only pages with content: a change of others shows nothing.
        let used: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
        // Every second one is a byte that the last commit wrote.
        let is_last = |at: &usize| *at >= HEADER && before.get(*at) != Some(&bytes[*at]);
        let last: Vec<usize> = used.iter().copied().filter(is_last).collect();
        let mut state = 7;
        for nth in 0..tries / 2 {
            let among = if nth % 2 == 0 { &used } else { &last };
            let at = among[random(&mut state) % among.len()];
            let mut bent = bytes.clone();
            bent[at] ^= 1 << (random(&mut state) % 8);
            match opened(&Disk::with(bent)) {
                Ok(stored) => {
                    let now = exported(&stored);
                    assert!(held.contains(&now), "byte {at} was changed, and nobody noticed");
                    let is_same = Some(&now) == held.last();
                    // A file that was closed has no older commit to go back to. In one of a killed process
                    // only the header can bring it back.
                    let may_be_older = !ends_well && at < HEADER;
                    assert!(is_same || may_be_older, "byte {at} brings back an older commit");
                    same += usize::from(is_same);
                    older += usize::from(!is_same);
                }
                Err(StoredError::Store(StoreError::Damaged { damage, .. })) => {
                    assert!(!damage.is_empty());
                    found += 1;
                }
                Err(error @ StoredError::Store(StoreError::Foreign { .. })) => {
                    assert!(at < 4096, "byte {at}: {error}");
                    foreign += 1;
                }
                Err(error) => panic!("byte {at}: {error}"),
            }
        }
    }
    println!(
        "{tries} files: {found} damaged, {foreign} no store any more, {same} as before, {older} at \
         an earlier commit, {} panics in redb",
        panics.load(Ordering::Relaxed)
    );
    assert!(found > 0 && same > 0);
}

/// Counts panics of the database, which are caught, and keeps them quiet. Built for release it has
/// none; its debug assertions are some.
fn count_panics() -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let (counter, usual) = (count.clone(), panic::take_hook());
    panic::set_hook(Box::new(move |panic| {
        match panic.location().is_some_and(|location| location.file().contains("redb-")) {
            true => drop(counter.fetch_add(1, Ordering::Relaxed)),
            false => usual(panic),
        }
    }));
    count
}

#[test]
fn a_torn_header_that_brings_back_an_older_commit_is_a_restored_disk() {
    let mut server = Replica::create("server", &schema()).expect("the system has random numbers");
    let bytes = killed_after_a_sync_with(&mut server);
    let mut healed = 0;
    for at in 0..HEADER {
        let mut torn = bytes.clone();
        torn[at] ^= 1;
        let Ok(mut stored) = opened(&Disk::with(torn)) else { continue };
        let before = exported(&stored);
        if before == server.export() {
            continue;
        }
        // What was sent is gone, unannounced. The next change uses the names again.
        edit(&mut stored, 100);
        let update = stored.replica().unwrap().update_since(&server.version());
        let mut other = Replica::open([server.save()].iter().map(Vec::as_slice)).unwrap();
        let changes = other.apply(&update).expect("the fork is healed");
        let back = other.update_since(&stored.replica().unwrap().version());
        let back = stored.change(|replica| replica.apply(&back)).expect("as above");
        let is_reported = !changes.healed().is_empty() || !back.healed().is_empty();
        assert!(is_reported, "byte {at}: nobody reports the fork");
        assert_eq!(exported(&stored), other.export(), "byte {at}");
        let visits = other.counter("visits").unwrap().value();
        assert_eq!(visits, server.counter("visits").unwrap().value().map(|count| count + 1));
        healed += 1;
    }
    println!("{healed} torn headers brought back an older commit, and were healed");
    assert!(healed > 0, "no torn header brings back an older commit");
}

/// A store that was killed after the server got all that it has. Both slots of its header are of
/// commits, so that the older one can come back.
fn killed_after_a_sync_with(server: &mut Replica) -> Vec<u8> {
    let disk = Disk::default();
    let replica = Replica::create("phone", &schema()).expect("the system has random numbers");
    let store = Redb::create_on(disk.clone()).expect("the disk is empty");
    let mut stored = StoredReplica::create_in(store, replica).expect("the disk takes it");
    (0..4).for_each(|nth| edit(&mut stored, nth));
    let update = stored.replica().unwrap().update_since(&server.version());
    server.apply(&update).expect("it is whole");
    disk.bytes()
}

#[test]
fn what_is_damaged_is_named_and_the_rest_is_salvaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.rejoin");
    let (disk, held, _) = filled(40, true);
    let peer = {
        let stored = opened(&disk).unwrap();
        let mut peer = Replica::create("server", &schema()).unwrap();
        peer.apply(&stored.replica().unwrap().update_since(&peer.version())).unwrap();
        peer
    };
    let mut bytes = disk.bytes();
    let text = b"comment number 24 of ana";
    let places: Vec<usize> =
        (0..bytes.len() - text.len()).filter(|at| bytes[*at..].starts_with(text)).collect();
    assert!(!places.is_empty(), "the comment is stored as it is");
    places.iter().for_each(|at| bytes[*at] = b'C');
    fs::write(&path, &bytes).unwrap();

    let error = StoredReplica::open(&path).expect_err("it is damaged").to_string();
    assert!(error.contains("is damaged") && error.contains("salvage"), "{error}");
    let report = verify(&path).expect("it can be read");
    assert!(report.damage.iter().any(|what| what.contains("\"comments\"")), "{report}");
    assert_eq!(fs::read(&path).unwrap(), bytes, "nothing was written to the damaged file");

    let to = folder.path().join("new.rejoin");
    let report = salvage(&path, &to).expect("most of it is intact");
    assert!(report.intact > 100 && report.replica.as_deref() == Some("phone"), "{report}");
    let mut stored = StoredReplica::open(&to).expect("it is intact");
    let comments = stored.replica().unwrap().log::<str>("comments").unwrap().iter().count();
    assert_eq!(comments, 24, "those before the damaged one");
    assert_eq!(stored.replica().unwrap().counter("visits").unwrap().value(), Some(40));
    // A peer gives back the rest.
    let update = peer.update_since(&stored.replica().unwrap().version());
    stored.change(|replica| replica.apply(&update).map(drop)).unwrap();
    assert_eq!(Some(&exported(&stored)), held.last());
    drop(stored);
    assert!(verify(&to).expect("it can be read").damage.is_empty());
}
