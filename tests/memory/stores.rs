//! Stores: opening one takes what the replica takes, and one record at a time.

use super::MEMORY;
use rejoin::environment::System;
use rejoin::{Replica, Schema};
use rejoin_store::{Memory, StoredReplica};

#[test]
fn opening_a_store_holds_no_records_beside_the_state() {
    let _alone = super::alone();
    let schema = Schema::new().log("talk");
    let memory = Memory::new();
    let replica = Replica::create("phone", &schema).unwrap();
    let mut stored = StoredReplica::create_in(memory.clone(), replica).unwrap();
    let entry = "x".repeat(100_000);
    for _ in 0..40 {
        stored
            .change(|replica| {
                (0..5).try_for_each(|_| replica.edit().log("talk")?.append(&entry).map(drop))
            })
            .unwrap();
    }
    drop(stored);
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let stored = StoredReplica::open_in(memory, Box::new(System)).unwrap();
    let (most, now) = (MEMORY.peak_usage() - before, MEMORY.current_usage() - before);
    assert_eq!(stored.replica().unwrap().log::<str>("talk").unwrap().len(), 200);
    println!("20 MB of records: the replica takes {now} bytes, and opening it {most} at most");
    assert!(now > 15_000_000, "the log has 20 MB");
    assert!(most < now + 10_000_000, "opening takes {most} bytes, and the replica {now}");
}
