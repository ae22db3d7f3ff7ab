//! Hostile messages: no bytes make the decoder take memory out of proportion to their length.
//!
//! Shown, with a counting allocator: decoding stays below the bounds that `wire` states, for
//! messages that are as dense as possible, and for damaged ones.

use crate::{MEMORY as MEMORY_IN_USE, alone};
use rejoin::dot::{Origin, ReplicaId};
use rejoin::object::ObjectType;
use rejoin::operation::Operation;
use rejoin::optimized::g_counter::{CounterDelta, GCounter};
use rejoin::optimized::log::{Log, LogDelta};
use rejoin::optimized::lww_map::{self, LwwMap};
use rejoin::optimized::max_register::IntegerDelta;
use rejoin::optimized::mv_map;
use rejoin::optimized::or_set::{self, OrSet};
use rejoin::optimized::pn_counter;
use rejoin::optimized::replica::Replica;
use rejoin::optimized::{ActorTable, Author, Vector};
use rejoin::wire::{
    self, BaseEncoding, DecodeContext, Error, MEMORY, MEMORY_OF_CONTEXT, OriginEncoding,
};
use std::sync::Arc;

/// How much decoding may allocate for any message.
const BASE: usize = 128 << 10;

/// How many bytes of memory it takes.
fn memory_of<T>(action: impl FnOnce() -> T) -> (T, usize) {
    let before = MEMORY_IN_USE.current_usage();
    MEMORY_IN_USE.reset_peak_usage();
    let done = action();
    (done, MEMORY_IN_USE.peak_usage().saturating_sub(before))
}

/// Decodes a message by its kind; returns whether that succeeded.
fn decode(bytes: &[u8], known: &DecodeContext<'_>) -> Result<(), Error> {
    match bytes.get(1) {
        Some(1) => Vector::decode(bytes, known).map(drop),
        Some(3) => CounterDelta::decode(bytes, known).map(drop),
        Some(4) => LogDelta::<[u8]>::decode(bytes, known).map(drop),
        Some(11) => pn_counter::Delta::decode(bytes, known).map(drop),
        Some(12) => mv_map::Delta::<[u8], [u8]>::decode(bytes, known).map(drop),
        Some(13) => IntegerDelta::decode(bytes, known).map(drop),
        Some(5 | 16) => or_set::Delta::<[u8]>::decode(bytes, known).map(drop),
        _ => lww_map::Delta::<[u8], [u8]>::decode(bytes, known).map(drop),
    }
}

#[track_caller]
fn assert_bounded(what: &str, bytes: &[u8], known: &DecodeContext<'_>, origins: usize) -> bool {
    let (decoded, peak) = memory_of(|| decode(bytes, known));
    let bound = BASE + MEMORY * bytes.len() + MEMORY_OF_CONTEXT * origins;
    assert!(peak <= bound, "{what}: {peak} bytes for {} and {origins} origins", bytes.len());
    if !what.is_empty() {
        let each = peak.saturating_sub(BASE) as f64 / (bytes.len() + origins) as f64;
        eprintln!("{what}: {} bytes, {peak} bytes of memory, {each:.1} each", bytes.len());
    }
    decoded.is_ok()
}

fn author(name: &str, seq: u64) -> Author {
    let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
    Author { origin, seq, user: None }
}

/// Messages with as few bytes as possible for the records that they list.
fn dense() -> Vec<(&'static str, Vec<u8>)> {
    const MANY: u64 = 200_000;
    let (naming, base) = (OriginEncoding::Inline, BaseEncoding::Inline);
    let mut messages = Vec::new();

    // Everything goes up by one, so that no column takes a bit: it is the padding that counts.
    let mut set = OrSet::<u64>::new();
    let mut map = LwwMap::<u64, [u8]>::new();
    for seq in 1..=MANY {
        let _ = set.add(&author("a", seq), &seq).expect("there is room");
        let _ = map.put(&author("a", seq), &seq, b"", seq).expect("there is room");
    }
    let (sets, maps) = (set.vector(), map.vector());
    messages
        .push(("a map of short keys", map.delta_since(&Vector::default()).encode(naming, base)));
    for seq in MANY + 1..=2 * MANY {
        let _ = set.add(&author("a", seq), &(seq - MANY)).expect("there is room");
        let _ = map.put(&author("a", seq), &(seq - MANY), b"", seq).expect("there is room");
    }
    messages.push(("a set in order", set.delta_since(&sets).encode(naming, base)));
    messages.push(("a map in order", map.delta_since(&maps).encode(naming, base)));

    // Two maximal decisions on each key, and a winner that is none of them.
    let mut maps = [LwwMap::<u64, [u8]>::new(), LwwMap::new(), LwwMap::new()];
    for key in 1..=MANY / 10 {
        let _ = maps[0].put(&author("a", key), &key, b"", 1 << 40).expect("there is room");
    }
    let first = maps[0].delta_since(&Vector::default());
    for (map, name) in maps[1..].iter_mut().zip(["b", "c"]) {
        let _ = map.apply(&first).expect("no gap");
        for key in 1..=MANY / 10 {
            let _ = map.put(&author(name, key), &key, b"", key).expect("there is room");
        }
    }
    let known = maps[0].vector();
    let other = maps[2].delta_since(&known);
    let _ = maps[1].apply(&other).expect("no gap");
    messages.push(("a map in conflict", maps[1].delta_since(&known).encode(naming, base)));

    let mut log = Log::<[u8]>::new();
    for seq in 1..=MANY {
        let _ = log.append(&author("a", seq), b"", 0).expect("there is room");
    }
    messages.push(("a log of nothing", log.delta_since(&Vector::default()).encode(naming, base)));

    let mut counter = GCounter::new();
    for number in 0..MANY / 100 {
        let origin = Origin { replica: ReplicaId::new("a").unwrap(), incarnation: number };
        let _ = counter.increment(&origin, 1).expect("there is room");
    }
    messages.push(("a counter", counter.delta_since(&Vector::default()).encode(naming, base)));
    messages.push(("a vector", counter.vector().encode(naming)));

    // Names and keys that share as much as possible.
    let names: Vec<String> = (0..2_000).map(|number| format!("{:0>90}", number)).collect();
    let mut set = OrSet::<str>::new();
    let mut counter = GCounter::new();
    for (seq, name) in (1..).zip(&names) {
        let _ = set.add(&author("a", seq), name).expect("there is room");
        let _ = counter.increment(&author(name, 1).origin, 1).expect("there is room");
    }

    // Records of decisions on one key, a millisecond apart, each of which saw the one before.
    let schema = [("s".into(), ObjectType::OrSet)].into();
    let mut replica = Replica::new(author("a", 1).origin, &schema);
    for now in 0..MANY / 4 {
        replica
            .perform_audited("s", Operation::Add { element: "x" }, None, now)
            .expect("there is room");
    }
    let records = replica.delta_since("s", &Vector::default()).expect("there is such an object");
    messages.push(("records", records.encode(naming, base)));
    messages.push(("long keys", set.delta_since(&Vector::default()).encode(naming, base)));
    messages.push(("long names", counter.vector().encode(naming)));
    messages
}

#[test]
fn memory_is_in_proportion_to_the_message() {
    let _alone = alone();
    let nothing = DecodeContext::default();
    let mut state = 20_261_125_u64;
    for (what, bytes) in dense() {
        assert!(assert_bounded(what, &bytes, &nothing, 0), "{what}: it can be read");
        // Damaged at any place, most of all near the start, where the counts are.
        let mut below = |limit: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as usize % limit
        };
        for _ in 0..200 {
            let mut damaged = bytes.clone();
            damaged.truncate(2 + below(bytes.len() - 2));
            for _ in 0..1 + below(3) {
                let end = if below(2) == 0 { damaged.len().min(64) } else { damaged.len() };
                damaged[below(end)] = below(256) as u8;
            }
            assert_bounded("", &damaged, &nothing, 0);
        }
    }

    // A short message that names what the receiver has.
    let origins = (0..100_000).map(|number| author(&format!("node {number:06}"), 1).origin);
    let actor_table = Arc::new(ActorTable::new(origins.collect()).expect("they rise"));
    let vector = Vector::new(actor_table.clone(), vec![1; 100_000]).expect("none is 0");
    let more = Vector::new(actor_table.clone(), vec![2; 100_000]).expect("none is 0");
    let vectors = [vector.clone()];
    let known =
        DecodeContext { asked: Some(&vector), vectors: &vectors, actor_tables: &[actor_table] };
    let shares = vec![2; 100_000];
    let delta = CounterDelta::new(vector.clone(), more.clone(), shares).expect("it is right");
    for (what, bytes) in [
        ("a vector by its actor table", more.encode(OriginEncoding::ActorTable)),
        (
            "a counter by its base",
            delta.encode(OriginEncoding::ActorTable, BaseEncoding::Fingerprint),
        ),
    ] {
        assert!(bytes.len() < 5_000);
        assert!(assert_bounded(what, &bytes, &known, 100_000), "{what}: it can be read");
    }
    // Another origin: the actor table has to be built again.
    let (mut origins, mut counts) = (vector.actor_table().origins().to_vec(), vec![2; 100_000]);
    origins.push(author("node of another kind", 1).origin);
    counts.push(1);
    let actor_table = Arc::new(ActorTable::new(origins).expect("they rise"));
    let more = Vector::new(actor_table, counts).expect("none is 0");
    let delta = CounterDelta::new(vector.clone(), more, vec![2; 100_001]).expect("it is right");
    let bytes = delta.encode(OriginEncoding::Inline, BaseEncoding::Fingerprint);
    assert!(assert_bounded("one origin more", &bytes, &known, 100_000), "it can be read");

    // Few bytes that unpack to many, up to the limit.
    let zeros = vec![0; 32 << 20];
    let packed = wire::compress(&zeros).into_owned();
    drop(zeros);
    assert!(packed.len() < 16 << 10, "{} bytes", packed.len());
    let (unpacked, peak) = memory_of(|| wire::decompress(&packed, 1 << 20).map(drop));
    assert_eq!(unpacked, Err(Error::TooLong { limit: 1 << 20 }));
    assert!(peak < 1 << 20, "{peak} bytes");
    let (unpacked, peak) = memory_of(|| wire::decompress(&packed, 32 << 20).map(drop));
    assert_eq!(unpacked, Ok(()));
    assert!(peak < 100 << 20, "{peak} bytes");

    // The same by PPMd, whose model takes memory too; and a stream that ends where it begins.
    let zeros = vec![0; 4 << 20];
    let packed = wire::compress(&zeros).into_owned();
    drop(zeros);
    assert!(packed.len() < 4 << 10, "{} bytes", packed.len());
    let (unpacked, peak) = memory_of(|| wire::decompress(&packed, 4 << 20).map(drop));
    assert_eq!(unpacked, Ok(()));
    assert!(peak < 30 << 20, "{peak} bytes");
    let empty = [1, 7, 0x82, 0x80, 0x80, 0x80, 1, 5, 0, 0, 0, 0, 0];
    let (unpacked, peak) = memory_of(|| wire::decompress(&empty, wire::LIMIT).is_ok());
    assert!(!unpacked && peak < 18 << 20, "{peak} bytes");
}
