//! Crashes and failing disks.
//!
//! Shown: whatever prefix of the calls reaches the disk, with the last one torn, and whichever of the
//! calls since the last sync, the store opens with all that was acknowledged and at most the change that
//! was under way. So it is while changes are stored, while a file is opened after a crash and closed, and
//! while it is compacted; a new file is there whole or not at all; and who has what was acknowledged never
//! finds a fork. After each call that fails, what the error says of the change is so.

use super::disk::{Disk, Failure, Op, replayed};
use rejoin::environment::System;
use rejoin::{EditError, Replica, Schema};
use rejoin_store::{ChangeError, CommitError, Redb, StoredError, StoredReplica};

fn schema() -> Schema {
    Schema::new().counter("visits").log("comments").map("status")
}

fn created(disk: &Disk) -> StoredReplica {
    let replica = Replica::create("phone", &schema()).expect("the system has random numbers");
    let store = Redb::create_on(disk.clone()).expect("the disk is empty");
    StoredReplica::create_in(store, replica).expect("the disk takes it")
}

fn opened(disk: &Disk) -> Result<StoredReplica, StoredError> {
    StoredReplica::open_in(Redb::open_on(disk.clone())?, Box::new(System))
}

/// The nth change: it counts, so that the counter says which of them a replica has.
fn change(stored: &mut StoredReplica, nth: usize) -> Result<(), ChangeError<EditError>> {
    stored.change(|replica| {
        replica.edit().counter("visits")?.increment(1)?;
        let text = format!("comment {nth} {}", "x".repeat(nth * 700));
        replica.edit().log("comments")?.append(&text)?;
        replica.edit().map("status")?.put(&format!("key {}", nth % 3), &nth)?;
        Ok(())
    })
}

/// How many changes a replica has; all of each, or nothing of it.
fn changes(stored: &StoredReplica) -> usize {
    let replica = stored.replica().expect("nothing failed");
    let visits = replica.counter("visits").unwrap().value().unwrap() as usize;
    assert_eq!(replica.log::<str>("comments").unwrap().iter().count(), visits);
    visits
}

/// Opens what a crash left, which has `least` to `most` changes, and goes on with it.
fn survives(image: Vec<u8>, least: usize, most: usize, what: &str) {
    let disk = Disk::with(image);
    let mut stored = opened(&disk).unwrap_or_else(|error| panic!("{what}: {error}"));
    let found = changes(&stored);
    assert!((least..=most).contains(&found), "{what}: {found} changes, not {least} to {most}");
    change(&mut stored, found).expect("the disk takes it");
    drop(stored);
    assert_eq!(changes(&opened(&disk).expect("it was closed")), found + 1, "{what}");
}

#[test]
fn a_crash_at_any_call_keeps_what_was_acknowledged() {
    let disk = Disk::default();
    let mut stored = created(&disk);
    let start = disk.bytes();
    let begun = disk.log().len();
    for nth in 0..4 {
        change(&mut stored, nth).expect("the disk takes it");
        disk.note(Op::Acknowledged(nth + 1));
    }
    let images = each_crash(&start, &disk.log()[begun..], 0, |image, least, what| {
        survives(image, least, least + 1, what);
    });
    println!("{images} images of crashes while changes are stored");
    assert!(images > 40, "the changes write");
}

/// Tries all that a crash can leave of calls to a disk: how many images these were. `least` are the
/// changes that were acknowledged before.
fn each_crash(
    start: &[u8],
    log: &[Op],
    mut least: usize,
    mut survives: impl FnMut(Vec<u8>, usize, &str),
) -> usize {
    let (mut images, mut synced) = (0, 0);
    for at in 0..=log.len() {
        let mut try_out = |ops: &[Op], what: &str| {
            images += 1;
            let what = format!("{what} at call {at} of {}", log.len());
            survives(replayed(start.to_vec(), ops), least, &what);
        };
        try_out(&log[..at], "a crash");
        match log.get(at) {
            Some(Op::Write(offset, data)) => {
                // A torn write, and each write since the last sync left out in turn.
                let torn = Op::Write(*offset, data[..data.len() / 2].to_vec());
                try_out(&[&log[..at], &[torn]].concat(), "a torn write");
                for lost in synced..at {
                    if matches!(log[lost], Op::Write(..)) {
                        try_out(&[&log[..lost], &log[lost + 1..=at]].concat(), "a lost write");
                    }
                }
            }
            Some(Op::Sync) => synced = at + 1,
            Some(Op::Acknowledged(count)) => least = *count,
            _ => {}
        }
    }
    images
}

#[test]
fn a_crash_while_a_new_file_is_filled_leaves_it_whole_or_no_store() {
    let disk = Disk::default();
    drop(created(&disk));
    let (mut whole, mut nothing) = (0, 0);
    let images = each_crash(&[], &disk.log(), 0, |image, _, what| {
        match opened(&Disk::with(image.clone())) {
            Ok(stored) => {
                assert_eq!(changes(&stored), 0, "{what}");
                whole += 1;
                survives(image, 0, 0, what);
            }
            Err(StoredError::Store(_)) => nothing += 1,
            Err(error) => panic!("{what}: {error}"),
        }
    });
    println!("{images} images of a new file: {whole} whole, {nothing} no store");
    assert!(whole > 0 && nothing > 0);
}

#[test]
fn a_crash_while_a_file_is_compacted_loses_nothing() {
    let disk = Disk::default();
    let mut stored = created(&disk);
    for nth in 0..6 {
        change(&mut stored, nth).expect("the disk takes it");
    }
    let (start, begun) = (disk.bytes(), disk.log().len());
    stored.compact().expect("the disk takes it");
    let compacted = disk.bytes().len();
    assert!(compacted < start.len(), "{compacted} bytes, {} before", start.len());
    drop(stored);
    let images = each_crash(&start, &disk.log()[begun..], 6, |image, least, what| {
        survives(image, least, least, what);
    });
    println!("{images} images of crashes while a file is compacted");
    assert!(images > 40, "compaction writes");
}

/// Exchanges what two replicas lack, and says how many forks they found.
fn met(stored: &mut StoredReplica, server: &mut Replica) -> usize {
    let update = stored.replica().unwrap().update_since(&server.version());
    let mut healed = server.apply(&update).expect("it follows").healed().len();
    let back = server.update_since(&stored.replica().unwrap().version());
    let changes = stored.change(|replica| replica.apply(&back)).expect("it follows");
    healed += changes.healed().len();
    assert_eq!(server.export(), stored.replica().unwrap().export());
    healed
}

#[test]
fn a_crash_of_any_process_that_opens_the_file_shows_nobody_a_fork() {
    let disk = Disk::default();
    drop(created(&disk));
    // Each process opens the file, draws an opening, and closes it; the images are of kills in between.
    let (start, begun) = (disk.bytes(), disk.log().len());
    let mut server = Replica::create("server", &schema()).unwrap();
    let mut servers = vec![server.save()];
    for nth in 0..3 {
        let mut stored = opened(&disk).expect("it was closed");
        change(&mut stored, nth).expect("the disk takes it");
        assert_eq!(met(&mut stored, &mut server), 0);
        servers.push(server.save());
        disk.note(Op::Acknowledged(nth + 1));
    }
    let images = each_crash(&start, &disk.log()[begun..], 0, |image, least, what| {
        let parts = [servers[least].as_slice()];
        let mut server = Replica::open(parts).expect("it was saved");
        let mut stored =
            opened(&Disk::with(image)).unwrap_or_else(|error| panic!("{what}: {error}"));
        let found = changes(&stored);
        assert!((least..=least + 1).contains(&found), "{what}: {found} changes, not {least}");
        assert_eq!(met(&mut stored, &mut server), 0, "{what}");
        change(&mut stored, found).expect("the disk takes it");
        assert_eq!(met(&mut stored, &mut server), 0, "{what}");
        assert_eq!(changes(&stored), found + 1, "{what}");
    });
    println!("{images} images of crashes of processes that open one file");
    assert!(images > 40, "they write");
}

#[test]
fn what_a_failing_disk_answers_is_so() {
    let mut kinds = [0, 0, 0];
    for is_for_ever in [false, true] {
        for nth in 0.. {
            let disk = Disk::default();
            let mut stored = created(&disk);
            change(&mut stored, 0).expect("the disk takes it");
            disk.fail(Some(Failure { nth, is_for_ever }));
            let changed = change(&mut stored, 1);
            let (calls, what) = (disk.calls(), format!("call {nth}, for ever: {is_for_ever}"));
            disk.fail(None);
            let (least, most) = match changed {
                Ok(()) => (2, 2),
                Err(ChangeError::Store(CommitError::NotWritten(_))) => (1, 1),
                Err(ChangeError::Store(CommitError::Unknown(_))) => (1, 2),
                Err(error) => panic!("{what}: {error}"),
            };
            kinds[least + most - 2] += 1;
            // What the disk has now, whatever the process does next.
            survives(disk.bytes(), least, most, &what);
            match most + least {
                4 => assert_eq!(changes(&stored), 2),
                2 => {
                    // Nothing may be sent before it is stored; then it is stored once.
                    assert!(stored.replica().is_err(), "{what}");
                    stored.commit().unwrap_or_else(|error| panic!("{what}: {error}"));
                    assert_eq!(changes(&stored), 2, "{what}");
                }
                _ => {
                    assert!(stored.replica().is_err(), "{what}");
                    assert!(matches!(stored.commit(), Err(CommitError::Unknown(_))), "{what}");
                }
            }
            let least = if most == least { 2 } else { 1 };
            drop(stored);
            survives(disk.bytes(), least, 2, &what);
            if nth > calls {
                break;
            }
        }
    }
    println!("not written: {}, not known: {}, written: {}", kinds[0], kinds[1], kinds[2]);
    assert!(kinds.iter().all(|count| *count > 0), "{kinds:?}");
}
