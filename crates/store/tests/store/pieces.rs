//! Transfers in pieces.
//!
//! Shown: a device whose connection is cut at every message and whose process ends each time gets a map
//! that is longer than one delta may be, without getting a piece twice; pieces are on the disk with the
//! commit that follows them; one that a disk has lost comes again; and when the transfer is complete, or
//! the application drops it, the store keeps none.

use rejoin::environment::System;
use rejoin::sync::Config;
use rejoin::sync::protocol::{Part, decode};
use rejoin::{EditError, Replica, Schema};
use rejoin_store::{Journal, Memory, ReadOnly, Store, StoredReplica};
use std::convert::Infallible;
use std::path::Path;

fn schema() -> Schema {
    Schema::new().map("readings").set("seen")
}

fn config() -> Config {
    let config = Config::new(schema());
    Config { max_object: 6_000, max_delta: 8_000, max_message: 1_024, ..config }
}

fn read(replica: &mut Replica, number: u64) -> Result<(), EditError> {
    // Digits in no order, which no compression makes much shorter.
    let value = blake3::hash(&number.to_le_bytes()).to_hex().to_string();
    replica.edit().map("readings")?.put(&format!("sensor {}", number % 400), &value)?;
    replica.edit().set("seen")?.add(&format!("sensor {}", number % 9)).map(drop)
}

fn server() -> Replica {
    let mut server = Replica::create("server", &schema()).expect("the system has random numbers");
    (0..400).for_each(|number| read(&mut server, number).expect("it is valid"));
    server
}

/// Delivers at most so many messages of a session of a stored replica. Returns how many pieces came,
/// and whether the session came to its end.
fn deliver<S: Store>(
    device: &mut StoredReplica<S>,
    server: &mut Replica,
    most: usize,
) -> (usize, bool) {
    let here = device.change(|replica| Ok::<_, Infallible>(replica.session_with(config())));
    let (mut here, mut there) = (here.expect("it is stored"), server.session_with(config()));
    let (mut messages, mut pieces, mut quiet) = (0, 0, 0);
    while quiet < 2 {
        quiet += 1;
        loop {
            let message = device.change(|replica| Ok::<_, Infallible>(here.poll_message(replica)));
            let Some(message) = message.expect("it is stored") else { break };
            if messages == most {
                return (pieces, false);
            }
            (messages, quiet) = (messages + 1, 0);
            there.handle(server, &message).expect("it is honest");
        }
        quiet += 1;
        while let Some(message) = there.poll_message(server) {
            if messages == most {
                return (pieces, false);
            }
            (messages, quiet) = (messages + 1, 0);
            let parts = decode(&message).expect("it is whole");
            pieces += parts.iter().filter(|part| matches!(part, Part::Piece { .. })).count();
            device.change(|replica| here.handle(replica, &message)).expect("it is honest");
        }
    }
    assert!(here.is_verified() && there.is_verified());
    (pieces, true)
}

fn all_pieces() -> usize {
    let replica = Replica::create("device", &schema()).expect("the system has random numbers");
    let mut device = StoredReplica::create_in(Memory::new(), replica).expect("it is empty");
    let (pieces, is_over) = deliver(&mut device, &mut server(), usize::MAX);
    assert!(is_over && pieces > 20, "{pieces} pieces");
    pieces
}

fn staged(path: &Path) -> usize {
    let (_, contents) =
        Journal::load(ReadOnly::open(path).expect("it is there")).expect("it is whole");
    contents.staged.values().map(Vec::len).sum()
}

#[test]
fn a_transfer_goes_on_after_every_message_and_every_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("device.rejoin");
    let mut server = server();
    drop(StoredReplica::create(&path, "device", &schema()).unwrap());
    let (mut pieces, mut sessions, mut most) = (0, 0, 0);
    loop {
        let mut device = StoredReplica::open(&path).unwrap();
        // A few messages are the greetings; then each session brings two pieces or more.
        let (came, is_over) = deliver(&mut device, &mut server, 6 + sessions % 3);
        pieces += came;
        sessions += 1;
        if is_over {
            assert_eq!(device.state_hash().unwrap(), server.state_hash());
            break;
        }
        drop(device);
        most = most.max(staged(&path));
        assert!(sessions < 100, "it comes to no end");
    }
    println!("{pieces} pieces in {sessions} sessions, at most {most} in the file");
    assert!(sessions > 4 && most > 10, "{sessions} sessions, {most} records");
    assert_eq!(pieces, all_pieces(), "a piece came twice");
    assert_eq!(staged(&path), 0);
    let mut device = StoredReplica::open(&path).unwrap();
    assert_eq!(device.state_hash().unwrap(), server.state_hash());
    assert!(device.replica().unwrap().all_staged().is_empty());
}

#[test]
fn pieces_that_a_disk_has_lost_come_again() {
    for lost in 0..6 {
        let store = Memory::new();
        let replica = Replica::create("device", &schema()).unwrap();
        let mut device = StoredReplica::create_in(store.clone(), replica).unwrap();
        let mut server = server();
        deliver(&mut device, &mut server, 16);
        let kept = device.replica().unwrap().all_staged()["readings"].records().len();
        assert!(kept > 6, "{kept} pieces");
        drop(device);
        store.restore(store.commits() - lost);
        let mut device = StoredReplica::open_in(store.clone(), Box::new(System)).unwrap();
        let staged = device.replica().unwrap().all_staged();
        let left = staged.get("readings").map_or(0, |staging| staging.records().len());
        assert!(
            left + lost <= kept + 1 && (lost > 0 || left == kept),
            "{left} of {kept}, {lost} lost"
        );
        // What is written meanwhile comes too.
        read(&mut server, 1_003).unwrap();
        let own = device.change(|replica| read(replica, 2_000));
        own.expect("it is stored");
        let (_, is_over) = deliver(&mut device, &mut server, usize::MAX);
        assert!(is_over);
        assert_eq!(device.state_hash().unwrap(), server.state_hash());
    }
}

#[test]
fn pieces_that_the_application_drops_leave_the_disk_and_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("device.rejoin");
    let mut server = server();
    let mut device = StoredReplica::create(&path, "device", &schema()).unwrap();
    let (before, _) = deliver(&mut device, &mut server, 16);
    let kept = device.replica().unwrap().all_staged()["readings"].records().len();
    assert!(kept > 6, "{kept} pieces");
    let dropped = device.change(|replica| {
        replica.unstage("readings");
        Ok::<_, Infallible>(())
    });
    dropped.expect("it is stored");
    drop(device);
    assert_eq!(staged(&path), 0);
    let mut device = StoredReplica::open(&path).unwrap();
    let (after, is_over) = deliver(&mut device, &mut server, usize::MAX);
    assert!(
        is_over && before + after == kept + all_pieces(),
        "{before} and {after}, {kept} dropped"
    );
    assert_eq!(device.state_hash().unwrap(), server.state_hash());
}
