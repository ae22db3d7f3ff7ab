//! Memory grows with the keys, and not with how often they are written.
//!
//! Shown, with a counting allocator: a key that was written a million times takes the memory, and
//! its delta the bytes, of one that was written a few times; and so do many keys, each written a
//! hundred times by three replicas in turn. Creation dots stay known throughout.

use crate::{MEMORY, alone};
use rejoin::dot::{Origin, ReplicaId};
use rejoin::operation::Author;
use rejoin::optimized::lww_map::LwwMap;
use rejoin::optimized::or_set::OrSet;
use rejoin::wire::{BaseEncoding, OriginEncoding};

/// What the test's own threads may allocate meanwhile. An entry for each of a million writes would
/// be a hundred times as much.
const SLACK: usize = 64 * 1024;

fn author(name: &str, seq: u64) -> Author {
    let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
    Author { origin, seq, user: None }
}

/// The result, and how many bytes it takes.
fn measured<T>(make: impl FnOnce() -> T) -> (T, usize) {
    let before = MEMORY.current_usage();
    let made = make();
    (made, MEMORY.current_usage() - before)
}

#[test]
fn a_key_that_was_written_a_million_times_is_as_small_as_any() {
    let _alone = alone();
    let written = |times: u64| {
        let mut map = LwwMap::<str, str>::new();
        map.put(&author("a", 1), "key", "first", 0).unwrap();
        let start = map.vector();
        for seq in 2..times + 2 {
            let value = if seq % 2 == 0 { "even" } else { "odd" };
            map.put(&author("a", seq), "key", value, seq).unwrap();
        }
        (map, start)
    };
    let ((few, _), bytes_of_few) = measured(|| written(100));
    let ((many, start), bytes) = measured(|| written(1_000_000));
    println!("a key takes {bytes_of_few} bytes after 100 writes, {bytes} after a million");
    // The arena of values keeps up to 64 KiB that are free, and as much that is not.
    assert!(bytes < bytes_of_few + 128 * 1024 + SLACK, "{bytes} bytes");

    let delta = many.delta_since(&start);
    assert_eq!(delta.len(), 1);
    let length = delta.encode(OriginEncoding::Inline, BaseEncoding::Inline).len();
    let first = few.delta_since(&start).encode(OriginEncoding::Inline, BaseEncoding::Inline).len();
    println!("its delta takes {length} bytes, {first} after 100 writes");
    assert!(length <= first + 16, "{length} bytes");

    // A replica that has seen no more than the creation dot understands it.
    let mut late = LwwMap::<str, str>::new();
    late.put(&author("a", 1), "key", "first", 0).unwrap();
    late.apply(&delta).unwrap();
    assert_eq!((late.get("key"), late.ever()), (many.get("key"), 1));
}

#[test]
fn an_element_that_came_and_went_a_million_times_is_as_small_as_any() {
    let _alone = alone();
    let toggled = |times: u64| {
        let mut set = OrSet::<str>::new();
        for seq in 1..=times {
            let author = author("a", seq);
            if seq % 2 == 1 {
                set.add(&author, "element").unwrap();
            } else {
                set.remove(&author, "element").unwrap();
            }
        }
        set
    };
    let (_few, bytes_of_few) = measured(|| toggled(101));
    let (many, bytes) = measured(|| toggled(1_000_001));
    println!("an element takes {bytes_of_few} bytes after 100 turns, {bytes} after a million");
    assert!(bytes < bytes_of_few + SLACK, "{bytes} bytes");

    let mut late = OrSet::<str>::new();
    late.add(&author("a", 1), "element").unwrap();
    let mut last = many.clone();
    let update = last.remove(&author("a", 1_000_002), "element").unwrap().delta();
    for delta in [many.delta_since(&late.vector()), update] {
        assert_eq!(delta.len(), 1);
        late.apply(&delta).unwrap();
    }
    assert!(late.is_empty() && late.ever() == 1);
}

#[test]
fn keys_that_were_rewritten_a_hundred_times_take_little_more_than_those_rewritten_once() {
    const KEYS: usize = 10_000;
    let _alone = alone();
    let names: Vec<String> = (0..KEYS).map(|key| format!("key {key}")).collect();
    // Three replicas take turns, each in another order, and exchange after every turn.
    let rewritten = |turns: u64| {
        let mut maps = ["a", "b", "c"].map(|_| LwwMap::<str, str>::new());
        let mut seqs = [0; 3];
        for turn in 0..turns {
            let at = (turn % 3) as usize;
            for key in 0..KEYS {
                let key = (key * (7 + turn as usize)) % KEYS;
                seqs[at] += 1;
                let author = author(["a", "b", "c"][at], seqs[at]);
                maps[at].put(&author, &names[key], "a value of 24 characters", turn).unwrap();
            }
            for to in (0..3).filter(|to| *to != at) {
                let delta = maps[at].delta_since(&maps[to].vector());
                assert!(delta.len() <= KEYS);
                maps[to].apply(&delta).unwrap();
            }
        }
        let [a, b, c] = maps;
        assert_eq!(a.vector(), b.vector());
        drop((b, c));
        a
    };
    let (few, bytes_of_few) = measured(|| rewritten(4));
    let (mut many, bytes) = measured(|| rewritten(100));
    println!(
        "a key takes {} bytes after 4 writes, {} after 100",
        bytes_of_few / KEYS,
        bytes / KEYS
    );
    assert_eq!((few.len(), many.len()), (few.ever(), few.ever()));
    assert!(bytes < 2 * bytes_of_few, "{bytes} bytes, where few writes take {bytes_of_few}");

    // Every key is still known by its creation dot: the delta names none by its bytes.
    let update = many.delta_since(&few.vector());
    let mut seq = 1_000_000;
    let since = many.vector();
    for name in &names {
        seq += 1;
        many.put(&author("late", seq), name, "x", 1000).unwrap();
    }
    let length =
        many.delta_since(&since).encode(OriginEncoding::Inline, BaseEncoding::Inline).len();
    println!("{} bytes a key to say that all keys have one short value", length / many.ever());
    assert!(update.len() <= KEYS && length < 8 * KEYS, "{length} bytes");
}
