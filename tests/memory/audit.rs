//! What a decision on record costs: in memory, in what is stored, and on the wire.
//!
//! Shown, with a counting allocator: an audited set takes at most 60 bytes a decision more than the
//! same set without records, be it in memory, saved, or in a delta.

use crate::{MEMORY, alone};
use rejoin::dot::{Origin, ReplicaId};
use rejoin::object::ObjectType;
use rejoin::operation::Operation;
use rejoin::optimized::Vector;
use rejoin::optimized::replica::Replica;
use rejoin::wire::{BaseEncoding, OriginEncoding};

/// The replica after `decisions` of three users on `keys` keys.
fn decided(is_audited: bool, keys: u64, decisions: u64) -> Replica {
    let schema = [("approved".into(), ObjectType::OrSet)].into();
    let origin = Origin { replica: ReplicaId::new("laptop").unwrap(), incarnation: 0 };
    let mut replica = Replica::new(origin, &schema);
    for number in 0..decisions {
        // Each key in turn, at intervals that vary, by people who take turns now and then.
        let noise = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let element = format!("sales.orders_{}.column_{}", number % keys / 20, number % keys % 20);
        let operation = match noise % 3 {
            0 => Operation::Remove { element: &*element },
            _ => Operation::Add { element: &*element },
        };
        let user = Some(["ana", "ben", "eve"][(number / 50 % 3) as usize].into());
        let now = 1_700_000_000_000 + number * 5_000 + noise % 4_000;
        match is_audited {
            true => replica.perform_audited("approved", operation, user, now),
            false => replica.perform("approved", operation, user),
        }
        .unwrap();
    }
    replica
}

fn bytes_of(make: impl Fn() -> Replica) -> [usize; 3] {
    let before = MEMORY.current_usage();
    let replica = make();
    let memory = MEMORY.current_usage() - before;
    let length = |since: &Vector| {
        let delta = replica.delta_since("approved", since).unwrap();
        delta.encode(OriginEncoding::Inline, BaseEncoding::Inline).len()
    };
    let seen = replica.vector("approved").unwrap();
    let origin = replica.origin().clone();
    let half = rejoin::dot::Dot { counter: seen.get(&origin) / 2 + 1, origin };
    [memory, length(&Vector::default()), length(&seen.without(&half))]
}

#[test]
fn a_decision_on_record_costs_at_most_60_bytes() {
    let _alone = alone();
    for (keys, decisions) in [(2_000, 2_000), (2_000, 20_000), (100_000, 100_000)] {
        let with = bytes_of(|| decided(true, keys, decisions));
        let without = bytes_of(|| decided(false, keys, decisions));
        let each =
            |at: usize, count: u64| (with[at].saturating_sub(without[at])) as f64 / count as f64;
        let [memory, saved, delta] =
            [each(0, decisions), each(1, decisions), each(2, decisions / 2)];
        println!(
            "{decisions} decisions on {keys} keys: a record takes {memory:.1} bytes of memory, \
             {saved:.1} saved, {delta:.1} in a delta of half of them"
        );
        assert!(memory <= 60.0 && saved <= 60.0 && delta <= 60.0, "{memory} {saved} {delta}");
        assert!(saved > 0.5, "there are records");
    }
}
