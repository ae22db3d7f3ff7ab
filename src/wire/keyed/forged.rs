//! Forged deltas: whatever is changed in an honest one, a store that applies it can be stored and
//! opened again, and is what it was.
//!
//! Meaning: every change of one field and every pair of changes of a small scope.
//! Laws: the delta is refused when it is read or applied, and then nothing changes; or the store keeps
//! its invariants, and a copy that is made of all that it would store has the same state hashes.
//! Cost: some 41,000 deltas in a second.
//! Source: this project.

use super::{decode, encode};
use crate::dot::{Origin, ReplicaId};
use crate::optimized::Author;
use crate::optimized::delta::{KeyedDelta, Name, TypedDelta, Write};
use crate::optimized::lww_map::LwwMap;
use crate::optimized::vector::Vector;
use crate::wire::{BaseEncoding, DecodeContext, OriginEncoding};

type Map = LwwMap<str, str>;

fn put(map: &mut Map, name: &str, seq: u64, key: &str, timestamp: u64) {
    let replica = ReplicaId::new(name).expect("it is short");
    let author = Author { origin: Origin { replica, incarnation: 0 }, seq, user: None };
    let _ = map.put(&author, key, name, timestamp).expect("there is room");
}

fn join(map: &mut Map, other: &Map) {
    let _ = map.join(other).expect("both are honest");
}

/// A delta that has everything that a delta can have, and receivers that it fits: two that have seen
/// part of it, and one that has seen all.
fn scene() -> (KeyedDelta<Write>, [Map; 3]) {
    let mut a = Map::new();
    put(&mut a, "a", 1, "k", 9);
    let base = a.clone();
    let (mut b, mut c) = (base.clone(), base.clone());
    put(&mut b, "b", 1, "m", 50);
    put(&mut b, "b", 2, "m", 7);
    put(&mut c, "c", 1, "m", 8);
    put(&mut c, "c", 2, "k", 1);
    put(&mut a, "a", 2, "k", 10);
    let mut first = base.clone();
    join(&mut first, &b);
    join(&mut a, &b);
    join(&mut a, &c);
    put(&mut a, "a", 3, "n", 11);
    let delta = a.delta_since(&base.vector()).keyed;
    (delta, [base, first, a])
}

/// A change of one field.
type Change = Box<dyn Fn(&mut KeyedDelta<Write>)>;

fn changes(delta: &KeyedDelta<Write>) -> Vec<Change> {
    let mut all: Vec<Change> = vec![
        Box::new(|delta| delta.others.clear()),
        Box::new(|delta| delta.winners.clear()),
        Box::new(|delta| delta.kept.clear()),
        Box::new(|delta| delta.creation_dots.clear()),
        Box::new(|delta| delta.first.reverse()),
        Box::new(|delta| delta.names.reverse()),
        Box::new(|delta| delta.since = Vector::default()),
        Box::new(|delta| delta.winners.extend(delta.others.first().copied())),
        Box::new(|delta| delta.others.extend(delta.winners.first().copied())),
    ];
    let (keys, places) = (delta.names.len(), delta.seen.counts().len() as u32);
    for key in 0..keys {
        for counter in 0..=4 {
            all.push(Box::new(move |delta| delta.first[key].counter = counter));
            for place in 0..places {
                all.push(Box::new(move |delta| {
                    delta.names[key] = Name::CreationDot { place, counter };
                }));
                let dot = (key as u32, place, counter);
                all.push(Box::new(move |delta| delta.kept.push(dot)));
                all.push(Box::new(move |delta| delta.creation_dots.push(dot)));
            }
        }
        for author in 0..delta.authors.len() as u32 {
            all.push(Box::new(move |delta| delta.first[key].author = author));
        }
        for at in 0..delta.keys.len() as u32 {
            all.push(Box::new(move |delta| delta.names[key] = Name::Bytes { at, length: 1 }));
        }
        all.push(Box::new(move |delta| {
            let first = delta.first[key];
            delta.winners = vec![(key as u32, first)];
        }));
        all.push(Box::new(move |delta| {
            let first = delta.first[(key + 1) % delta.first.len()];
            delta.others.push((key as u32, first));
        }));
    }
    for at in 0..delta.keys.len() {
        for byte in [b'k', b'm', b'n', b'x'] {
            all.push(Box::new(move |delta| delta.keys[at] = byte));
        }
    }
    for place in 0..places as usize {
        for count in 0..=4 {
            all.push(Box::new(move |delta| {
                let mut counts = delta.seen.counts().to_vec();
                counts[place] = count;
                let forged = Vector::new(delta.seen.actor_table().clone(), counts);
                delta.seen = forged.unwrap_or(delta.seen.clone());
            }));
        }
    }
    all
}

/// The outcome of a forged delta.
#[derive(Default, Debug)]
struct Outcomes {
    unread: u64,
    refused: u64,
    applied: u64,
}

impl Outcomes {
    fn take(&mut self, forged: &KeyedDelta<Write>, receivers: &[Map; 3]) {
        // Nothing can be written otherwise.
        let mut forged = forged.clone();
        forged.winners.sort_by_key(|(key, _)| *key);
        let known = DecodeContext::default();
        let bytes = encode(&forged, OriginEncoding::Inline, BaseEncoding::Inline);
        let Ok(read) = decode::<Write>(&bytes, &known, |_, _| true, |_, _| true) else {
            self.unread += 1;
            return;
        };
        let forged = TypedDelta::new(read);
        for receiver in receivers {
            let mut map = receiver.clone();
            let (hash, seen) = (map.state_hash(), map.vector());
            let is_applied = map.apply(&forged).is_ok();
            map.debug_check().unwrap_or_else(|fault| panic!("{fault}: {forged:?}"));
            if !is_applied || map.vector() == seen {
                self.refused += 1;
                assert_eq!((map.state_hash(), map.vector()), (hash, seen), "{forged:?}");
                continue;
            }
            self.applied += 1;
            let all = map.delta_since(&Vector::default());
            let all = all.encode(OriginEncoding::Inline, BaseEncoding::Inline);
            let all = TypedDelta::decode(&all, &known).expect("a state can be read");
            let mut copy = Map::new();
            let _ = copy.apply(&all).expect("a state can be applied");
            copy.debug_check().unwrap_or_else(|fault| panic!("{fault}: {forged:?}"));
            assert_eq!(copy.state_hash(), map.state_hash(), "{forged:?}");
            assert_eq!(copy.vector(), map.vector(), "{forged:?}");
        }
    }
}

#[test]
fn a_store_that_applied_a_forged_delta_is_the_same_when_it_is_opened_again() {
    let (honest, receivers) = scene();
    let fields = [honest.others.len(), honest.winners.len(), honest.creation_dots.len()];
    assert!(fields.iter().all(|count| *count > 0), "{fields:?}: {honest:?}");
    let changes = changes(&honest);
    let mut outcomes = Outcomes::default();
    outcomes.take(&honest, &receivers);
    assert_eq!((outcomes.unread, outcomes.applied), (0, 2));
    for first in &changes {
        let mut once = honest.clone();
        first(&mut once);
        outcomes.take(&once, &receivers);
        for second in &changes {
            let mut twice = once.clone();
            second(&mut twice);
            outcomes.take(&twice, &receivers);
        }
    }
    assert!(
        outcomes.unread > 1_000 && outcomes.refused > 1_000 && outcomes.applied > 1_000,
        "{outcomes:?}"
    );
}
