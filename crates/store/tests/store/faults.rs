//! An application on a store that fails.
//!
//! Shown: what could not be stored is not sent, and stored once; what is not known is asked of the
//! store; notes are stored with the change they belong to, or not; a missing or changed record is
//! named, each one; two processes that write to one store are found.

use rejoin::environment::System;
use rejoin::{EditError, Replica, Schema, UpdateError};
use rejoin_store::memory::{Fault, Memory};
use rejoin_store::{ChangeError, CommitError, StoreError, StoredError, StoredReplica};

fn schema() -> Schema {
    Schema::new().counter("visits").set("items")
}

fn created(memory: &Memory) -> StoredReplica<Memory> {
    let replica = Replica::create("phone", &schema()).expect("the system has random numbers");
    StoredReplica::create_in(memory.clone(), replica).expect("it is empty")
}

fn opened(memory: &Memory) -> Result<StoredReplica<Memory>, StoredError> {
    StoredReplica::open_in(memory.clone(), Box::new(System))
}

fn visit(stored: &mut StoredReplica<Memory>) -> Result<(), ChangeError<EditError>> {
    stored.change(|replica| replica.edit().counter("visits")?.increment(1).map(drop))
}

fn visits(stored: &StoredReplica<Memory>) -> Option<u128> {
    stored.replica().expect("it is stored").counter("visits").unwrap().value()
}

#[test]
fn a_full_disk_refuses_a_change_until_there_is_room() {
    let memory = Memory::new();
    let mut stored = created(&memory);
    memory.fail_next(Fault::Full);
    let refused = visit(&mut stored).expect_err("the disk is full");
    assert!(refused.to_string().contains("nothing was stored"), "{refused}");
    assert!(stored.replica().is_err(), "it must not be sent");
    assert_eq!(visits(&opened(&memory).unwrap()), Some(0));
    // There is room again: the change is stored with the next one, each once.
    visit(&mut stored).expect("there is room");
    assert_eq!(visits(&stored), Some(2));
    assert_eq!(visits(&opened(&memory).unwrap()), Some(2));
}

#[test]
fn an_unknown_outcome_is_asked_of_the_store() {
    for (fault, expected) in [(Fault::UnknownWritten, 1), (Fault::UnknownLost, 0)] {
        let memory = Memory::new();
        let mut stored = created(&memory);
        memory.fail_next(fault);
        let unknown = visit(&mut stored).expect_err("the disk fails");
        assert!(matches!(unknown, ChangeError::Store(CommitError::Unknown(_))), "{unknown}");
        assert!(unknown.to_string().contains("not known whether"), "{unknown}");
        // This one cannot know it either, and goes on with nothing.
        assert!(stored.replica().is_err() && stored.commit().is_err());
        assert!(visit(&mut stored).is_err());
        drop(stored);
        let mut again = opened(&memory).unwrap();
        assert_eq!(visits(&again), Some(expected));
        if expected == 0 {
            visit(&mut again).unwrap();
        }
        assert_eq!(visits(&again), Some(1), "it counts once");
    }
}

#[test]
fn a_refused_edit_and_a_refused_update_leave_the_store_as_it_is() {
    let memory = Memory::new();
    let mut stored = created(&memory);
    let commits = memory.commits();
    let refused = stored.change(|replica| replica.edit().counter("nothing").map(drop));
    assert!(matches!(refused, Err(ChangeError::Refused(EditError::UnknownObject { .. }))));
    let refused = stored.change(|replica| replica.apply(b"no update").map(drop));
    assert!(matches!(refused, Err(ChangeError::Refused(UpdateError::Malformed { .. }))));
    assert_eq!(memory.commits(), commits);
    assert_eq!(visits(&stored), Some(0));
}

#[test]
fn a_note_is_stored_with_the_change_that_follows_it() {
    let memory = Memory::new();
    let mut stored = created(&memory);
    stored.set_note("published", b"version 1").unwrap();
    assert_eq!(opened(&memory).unwrap().note("published"), None);
    visit(&mut stored).unwrap();
    assert_eq!(opened(&memory).unwrap().note("published"), Some(&b"version 1"[..]));
    memory.fail_next(Fault::Full);
    stored.set_note("published", b"version 2").unwrap();
    assert!(visit(&mut stored).is_err());
    assert_eq!(opened(&memory).unwrap().note("published"), Some(&b"version 1"[..]));
    stored.commit().unwrap();
    let again = opened(&memory).unwrap();
    assert_eq!(again.note("published"), Some(&b"version 2"[..]));
    assert_eq!(visits(&again), Some(2));
    assert!(stored.set_note("", b"").is_err());
}

#[test]
fn every_changed_byte_and_every_missing_record_is_named() {
    let memory = Memory::new();
    let mut stored = created(&memory);
    stored.set_note("published", b"version 1").unwrap();
    for nth in 0..3 {
        visit(&mut stored).unwrap();
        stored
            .change(|replica| replica.edit().set("items")?.add(&format!("item {nth}")).map(drop))
            .unwrap();
    }
    let name_of =
        |stream: &str| stream.split_once('/').map_or("whose", |(_, name)| name).to_string();
    let damage = |memory: &Memory| match opened(memory) {
        Err(StoredError::Store(StoreError::Damaged { damage, .. })) => damage.join(", "),
        other => panic!("it is damaged: {other:?}"),
    };
    let mut bytes = 0;
    loop {
        let bent = memory.copied();
        let Some(stream) = bent.bend(bytes, bytes as u8) else { break };
        let damage = damage(&bent);
        assert!(damage.contains(&name_of(&stream)), "byte {bytes} of {stream}: {damage}");
        bytes += 1;
    }
    let mut records = 0;
    while let Some(stream) = {
        let lacking = memory.copied();
        let stream = lacking.drop_record(records);
        stream.map(|stream| (damage(&lacking), stream))
    } {
        let (damage, stream) = stream;
        let is_named = damage.contains(&name_of(&stream)) && damage.contains("is missing");
        // The last record of a stream leaves no gap: only the head says that it was there.
        let is_last = damage.contains("missing at the end");
        assert!(is_named || is_last, "record {records} of {stream}: {damage}");
        records += 1;
    }
    println!("{bytes} bytes and {records} records");
    assert!(bytes > 300 && records > 8);
}

#[test]
fn a_restored_disk_and_a_copied_one_are_healed() {
    let memory = Memory::new();
    let mut stored = created(&memory);
    let mut server = Replica::create("server", &schema()).unwrap();
    visit(&mut stored).unwrap();
    let backup = memory.commits();
    let copy = memory.copied();
    for _ in 0..2 {
        visit(&mut stored).unwrap();
    }
    server.apply(&stored.replica().unwrap().update_since(&server.version())).unwrap();
    drop(stored);
    // The disk is put back, the copy goes on, and both count what they count.
    memory.restore(backup);
    let mut restored = opened(&memory).unwrap();
    let mut copied = opened(&copy).unwrap();
    let mut healed = 0;
    for (stored, more) in [(&mut restored, 5), (&mut copied, 7)] {
        assert_eq!(visits(stored), Some(1));
        for _ in 0..more {
            visit(stored).unwrap();
        }
        let update = stored.replica().unwrap().update_since(&server.version());
        healed += server.apply(&update).unwrap().healed().len();
        let back = server.update_since(&stored.replica().unwrap().version());
        let changes = stored.change(|replica| replica.apply(&back)).unwrap();
        healed += changes.healed().len();
    }
    let back = server.update_since(&restored.replica().unwrap().version());
    restored.change(|replica| replica.apply(&back).map(drop)).unwrap();
    assert!(healed > 0, "both say so");
    for stored in [&restored, &copied] {
        assert_eq!(visits(stored), Some(1 + 2 + 5 + 7));
    }
    // What was healed is stored under its new names.
    assert_eq!(visits(&opened(&memory).unwrap()), Some(15));
    assert_eq!(visits(&opened(&copy).unwrap()), Some(15));
}

#[test]
fn two_that_write_to_one_store_are_found() {
    let memory = Memory::new();
    let mut first = created(&memory);
    let mut second = opened(&memory).unwrap();
    visit(&mut second).unwrap();
    let error = visit(&mut first).expect_err("the other has written");
    assert!(matches!(error, ChangeError::Store(CommitError::Moved { .. })), "{error}");
    assert!(first.replica().is_err() && first.commit().is_err());
    assert_eq!(visits(&opened(&memory).unwrap()), Some(1));
    let again = StoredReplica::create_in(memory, Replica::create("x", &schema()).unwrap());
    assert!(again.expect_err("it has one").to_string().contains("it has a replica already"));
}

#[test]
fn what_a_replica_passes_on_is_stored_and_becomes_its_own() {
    let memory = Memory::new();
    drop(created(&memory));
    let newer = schema().map("photos");
    let mut ana = Replica::create("ana", &newer).unwrap();
    for number in 0..3 {
        ana.edit().map("photos").unwrap().put(&format!("key {number}"), &number).unwrap();
        let mut server = opened(&memory).unwrap();
        let update = ana.update_since(&server.replica().unwrap().version());
        let changes = server.change(|replica| replica.apply(&update)).unwrap();
        assert_eq!(changes.relayed_objects(), ["photos".into()]);
    }
    let mut server = opened(&memory).unwrap();
    let mut ben = Replica::create("ben", &newer).unwrap();
    ben.apply(&server.replica().unwrap().update_since(&ben.version())).unwrap();
    assert_eq!(ben.state_hash(), ana.state_hash());
    // The upgraded server has the object, and stores it as its own.
    server.change(|replica| replica.add_objects(&newer)).unwrap();
    server.change(|replica| replica.edit().map("photos")?.put("own", &9).map(drop)).unwrap();
    drop(server);
    let server = opened(&memory).unwrap();
    let photos = server.replica().unwrap().map::<str, u64>("photos").unwrap();
    assert_eq!((photos.len(), photos.get("own").unwrap()), (4, Some(9)));
}
