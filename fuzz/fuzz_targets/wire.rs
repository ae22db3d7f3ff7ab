//! Any bytes are a message or are refused: without a panic, and whatever kind they say they are.
//!
//! What was read can be written again, and is then read as the same; and replicas can apply it: one
//! that is new, and one that has seen what the messages of the corpus build upon.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rejoin::dot::{Origin, ReplicaId};
use rejoin::object::ObjectType;
use rejoin::optimized::g_counter::{CounterDelta, GCounter};
use rejoin::optimized::log::{Log, LogDelta};
use rejoin::optimized::lww_map::{self, LwwMap};
use rejoin::optimized::max_register::{IntegerDelta, MaxRegister};
use rejoin::optimized::mv_map::{self, MvMap};
use rejoin::optimized::or_set::{self, OrSet};
use rejoin::optimized::pn_counter::{self, PnCounter};
use rejoin::optimized::replica::Replica;
use rejoin::optimized::staging::{Progress, ReceivedPiece};
use rejoin::wire::{BaseEncoding, Error, DecodeContext, OriginEncoding, decompress};
use rejoin::optimized::{Author, ActorTable, StateHash, Vector};
use std::sync::{Arc, LazyLock};

/// How much a message may unpack to.
const LIMIT: usize = 1 << 20;

/// A set and a map on which one replica decided eight times.
static BEFORE: LazyLock<(OrSet<str>, LwwMap<str, str>)> = LazyLock::new(|| {
    let (mut set, mut map) = (OrSet::new(), LwwMap::new());
    for seq in 1..=8 {
        let origin = Origin { replica: ReplicaId::new("the telephone of ann").unwrap(), incarnation: 0 };
        let author = Author { origin, seq, user: None };
        let key = ["a", "b", "c", "d", "e"][seq as usize % 5];
        let _ = set.add(&author, key).expect("there is room");
        let _ = map.put(&author, key, "value", seq).expect("there is room");
    }
    (set, map)
});

fuzz_target!(|input: &[u8]| {
    let Ok(bytes) = decompress(input, LIMIT) else { return };
    assert!(bytes.len() <= LIMIT.max(input.len()));
    if let Err(error) = read(&bytes) {
        assert!(!error.to_string().is_empty());
    }
});

fn read(bytes: &[u8]) -> Result<(), Error> {
    // What the messages of the corpus name by fingerprints.
    let origin = |name: &str, incarnation| Origin { replica: ReplicaId::new(name).unwrap(), incarnation };
    let (ann, bob) = (origin("the telephone of ann", 0), origin("the tablet of bob", 3));
    let carol = origin("carol", 0);
    let actor_table = |origins| Arc::new(ActorTable::new(origins).expect("they rise"));
    let asked = Vector::new(actor_table(vec![ann.clone()]), vec![8]).expect("none is 0");
    let actor_table = actor_table(vec![carol, bob, ann]);
    let actor_tables = [actor_table];
    let known = DecodeContext { asked: Some(&asked), vectors: std::slice::from_ref(&asked), actor_tables: &actor_tables };
    let (naming, base) = (OriginEncoding::Inline, BaseEncoding::Inline);
    match bytes.get(1).copied().unwrap_or_default() {
        2 => assert_eq!(StateHash::decode(bytes)?.encode(), bytes),
        3 => {
            let delta = CounterDelta::decode(bytes, &known)?;
            let again = delta.encode(naming, base);
            assert_eq!(CounterDelta::decode(&again, &known).as_ref(), Ok(&delta));
            let _ = GCounter::new().apply(&delta);
        }
        4 => {
            let delta = LogDelta::<str>::decode(bytes, &known)?;
            let again = delta.encode(naming, base);
            let decoded = LogDelta::<str>::decode(&again, &known).expect("it was written");
            assert_eq!(decoded.encode(naming, base), again);
            let _ = Log::new().apply(delta);
        }
        5 | 16 => {
            let delta = or_set::Delta::<str>::decode(bytes, &known)?;
            let again = delta.encode(naming, base);
            let decoded = or_set::Delta::<str>::decode(&again, &known).expect("it was written");
            assert_eq!(decoded.encode(naming, base), again);
            for mut set in [OrSet::new(), BEFORE.0.clone()] {
                if set.apply(&delta).is_ok() {
                    let all = set.delta_since(&Vector::default()).encode(naming, base);
                    let all = or_set::Delta::decode(&all, &known).expect("a state can be written");
                    let mut copy = OrSet::<str>::new();
                    let _ = copy.apply(&all).expect("a state can be opened");
                    set.debug_check().expect("the invariants hold");
                    assert_eq!((copy.state_hash(), copy.vector()), (set.state_hash(), set.vector()));
                }
            }
        }
        6 => {
            let delta = lww_map::Delta::<str, str>::decode(bytes, &known)?;
            let again = delta.encode(naming, base);
            let decoded =
                lww_map::Delta::<str, str>::decode(&again, &known).expect("it was written");
            assert_eq!(decoded.encode(naming, base), again);
            for mut map in [LwwMap::new(), BEFORE.1.clone()] {
                if map.apply(&delta).is_ok() {
                    let all = map.delta_since(&Vector::default()).encode(naming, base);
                    let all = lww_map::Delta::decode(&all, &known).expect("a state can be written");
                    let mut copy = LwwMap::<str, str>::new();
                    let _ = copy.apply(&all).expect("a state can be opened");
                    map.debug_check().expect("the invariants hold");
                    assert_eq!((copy.state_hash(), copy.vector()), (map.state_hash(), map.vector()));
                }
            }
        }
        11 => {
            let delta = pn_counter::Delta::decode(bytes, &known)?;
            let again = delta.encode(naming, base);
            assert_eq!(pn_counter::Delta::decode(&again, &known).as_ref(), Ok(&delta));
            let _ = PnCounter::new().apply(&delta);
        }
        12 => {
            let delta = mv_map::Delta::<str, str>::decode(bytes, &known)?;
            let again = delta.encode(naming, base);
            let decoded =
                mv_map::Delta::<str, str>::decode(&again, &known).expect("it was written");
            assert_eq!(decoded.encode(naming, base), again);
            let mut map = MvMap::<str, str>::new();
            if map.apply(&delta).is_ok() {
                map.debug_check().expect("the invariants hold");
            }
        }
        13 => {
            let delta = IntegerDelta::decode(bytes, &known)?;
            let again = delta.encode(naming, base);
            assert_eq!(IntegerDelta::decode(&again, &known).as_ref(), Ok(&delta));
            let _ = MaxRegister::new().apply(&delta);
        }
        17 => {
            let piece = ReceivedPiece::decode(bytes, ObjectType::LwwMap, LIMIT)?;
            assert_eq!(piece.head.encode(piece.bytes), bytes);
            let objects = [("o".into(), ObjectType::LwwMap)].into_iter().collect();
            let _ = Replica::new(origin("dan", 0), &objects).stage("o", piece, LIMIT as u64);
        }
        18 => assert_eq!(Progress::decode(bytes)?.encode(), bytes),
        _ => {
            let vector = Vector::decode(bytes, &known)?;
            assert_eq!(Vector::decode(&vector.encode(naming), &known).as_ref(), Ok(&vector));
        }
    }
    Ok(())
}
