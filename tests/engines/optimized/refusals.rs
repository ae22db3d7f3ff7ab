//! Refusals have no effect: not on the answers, the hashes, nor any field.

use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::operation::{Author, OperationError};
use rejoin::optimized::lww_map::{self, LwwMap};
use rejoin::optimized::or_set::OrSet;
use rejoin::optimized::{ApplyError, StateHash, Vector};
use rejoin::version_vector::VersionVector;
use rejoin::wire::{BaseEncoding, DecodeContext, OriginEncoding};
use std::fmt::Debug;

fn origin(name: &str) -> Origin {
    Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 }
}

fn author(name: &str, seq: u64) -> Author {
    Author { origin: origin(name), seq, user: Some("ann".into()) }
}

fn vector(entries: &[(&str, u64)]) -> Vector {
    let mut vector = VersionVector::default();
    for (name, count) in entries {
        vector.see(&origin(name), *count);
    }
    (&vector).into()
}

/// The error, if the state is the same before and after, to the last field.
fn refused<S: Debug + Clone, T, E: Debug>(
    state: &mut S,
    hash: impl Fn(&mut S) -> StateHash,
    act: impl FnOnce(&mut S) -> Result<T, E>,
) -> E {
    let hash_before = hash(state);
    let before = format!("{state:?}");
    let Err(error) = act(state) else { panic!("nothing was refused") };
    assert_eq!(format!("{state:?}"), before, "refused with {error:?}, but something changed");
    assert_eq!(hash(state), hash_before);
    error
}

#[test]
fn every_refusal_leaves_the_state_untouched() {
    let (mut a, mut b) = (LwwMap::<str, str>::new(), LwwMap::<str, str>::new());
    a.put(&author("a", 1), "x", "1", 5).unwrap();
    b.put(&author("b", 1), "y", "2", 5).unwrap();
    a.apply(&b.delta_since(&a.vector())).unwrap();
    b.put(&author("b", 2), "z", "3", 5).unwrap();

    // Gaps: in the middle of what was seen, of an unknown origin, and at the greatest counter.
    let late = b.put(&author("b", 3), "z", "4", 6).unwrap().delta();
    let gap = refused(&mut a, LwwMap::state_hash, |a| a.apply(&late).map(drop));
    assert_eq!(gap, ApplyError::Gap { origin: origin("b"), needed: 2, seen: 1 });

    let mut c = b.clone();
    c.delete(&author("c", 1), "y", 9).unwrap();
    let late = c.put(&author("c", 2), "fresh", "5", 6).unwrap().delta();
    let gap = refused(&mut a, LwwMap::state_hash, |a| a.apply(&late).map(drop));
    assert_eq!(gap, ApplyError::Gap { origin: origin("b"), needed: 3, seen: 1 });
    let gap = refused(&mut b, LwwMap::state_hash, |b| b.apply(&late).map(drop));
    assert_eq!(gap, ApplyError::Gap { origin: origin("c"), needed: 1, seen: 0 });

    let late = b.delta_since(&vector(&[("b", u64::MAX), ("nobody", u64::MAX)]));
    assert!(late.is_empty());
    let gap = refused(&mut a, LwwMap::state_hash, |a| a.apply(&late).map(drop));
    assert_eq!(gap, ApplyError::Gap { origin: origin("b"), needed: u64::MAX, seen: 1 });
}

/// Two histories under the same names: b's second operation creates a key in the one, and not in
/// the other.
#[test]
fn a_name_from_another_history_leaves_the_state_untouched() {
    let (mut one, mut other) = (OrSet::<str>::new(), OrSet::<str>::new());
    for set in [&mut one, &mut other] {
        set.add(&author("b", 1), "x").unwrap();
    }
    one.add(&author("b", 2), "y").unwrap();
    other.remove(&author("b", 2), "x").unwrap();
    // New keys and new origins come before and after the unknown name.
    let mut sender = one.clone();
    sender.add(&author("a", 1), "before").unwrap();
    sender.remove(&author("b", 3), "y").unwrap();
    sender.add(&author("c", 1), "after").unwrap();
    let delta = sender.delta_since(&one.vector());
    assert_eq!(delta.len(), 3);

    let unknown = refused(&mut other, OrSet::state_hash, |other| other.apply(&delta).map(drop));
    assert_eq!(unknown, ApplyError::UnknownCreationDot(Dot { origin: origin("b"), counter: 2 }));
    assert_eq!(one.apply(&delta).unwrap().len(), 3, "who has this history takes it");
}

/// No operations reach the greatest counter; a message may claim that they did.
#[test]
fn an_operation_without_a_name_leaves_the_state_untouched() {
    let mut a = LwwMap::<str, str>::new();
    let delta = a.put(&author("a", 1), "x", "1", 5).unwrap().delta();
    let mut bytes = delta.encode(OriginEncoding::Inline, BaseEncoding::Inline);
    // The sender's counts: a column with the number 1. It becomes 2^64 - 1.
    let column = bytes.windows(2).position(|pair| pair == [1 << 6, 1]).expect("there is a count");
    bytes.splice(column + 1..column + 2, [[255; 9].as_slice(), &[1]].concat());
    let forged = lww_map::Delta::<str, str>::decode(&bytes, &DecodeContext::default()).unwrap();

    let mut b = LwwMap::<str, str>::new();
    b.apply(&forged).unwrap();
    assert_eq!(b.vector(), vector(&[("a", u64::MAX)]));
    assert_eq!(b.get("x"), Some("1"));
    for key in ["x", "y"] {
        let write = |b: &mut LwwMap<str, str>| b.put(&author("a", 2), key, "2", 6).map(drop);
        let refusal = refused(&mut b, LwwMap::state_hash, write);
        assert_eq!(refusal, OperationError::NoNamesLeft(origin("a")));
    }

    // Another origin goes on, and its operations can be sent.
    let mut c = b.clone();
    let later = c.put(&author("c", 1), "x", "3", 7).unwrap().delta();
    b.apply(&later).unwrap();
    assert_eq!(b.get("x"), Some("3"));
    assert_eq!(b.state_hash(), c.state_hash());
    assert!(b.delta_since(&c.vector()).is_empty());
}
