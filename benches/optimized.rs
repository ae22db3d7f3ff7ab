//! The optimized engine across sizes: making, sending and applying deltas, hashing, and the log.
//!
//! Shown: what a delta costs follows what changed, not what there is (`delta`, `apply`, `encode`,
//! `decode`: 1 to 100,000 changes among 1,000 to 1,000,000 keys; `flat`: among ten millions);
//! so does the state hash, beside hashing everything anew; merging a whole state; appending to a
//! log and reading it; incrementing a counter a million times.
//! How: `cargo bench -p rejoin-benches --bench optimized`, with plots across sizes in target/criterion/WHAT/report. Names
//! are `what/type/keys/changes`.

use criterion::measurement::WallTime;
use criterion::{
    AxisScale, BatchSize, BenchmarkGroup, BenchmarkId, Criterion, PlotConfiguration, Throughput,
    criterion_group, criterion_main,
};
use rejoin::dot::{Origin, ReplicaId};
use rejoin::optimized::g_counter::GCounter;
use rejoin::optimized::log::Log;
use rejoin::optimized::lww_map::{Delta, LwwMap};
use rejoin::optimized::or_set::{self, OrSet};
use rejoin::optimized::{Author, Vector};
use rejoin::wire::{BaseEncoding, DecodeContext, OriginEncoding};
use std::hint::black_box;
use std::time::Duration;

const SIZES: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
const CHANGES: [u64; 5] = [1, 100, 1_000, 10_000, 100_000];

fn author(name: &str, seq: u64) -> Author {
    let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
    Author { origin, seq, user: None }
}

fn key(number: u64) -> String {
    format!("table_{}/column_{}", number / 40, number % 40)
}

/// Numbers that step through all keys in an order without a pattern that caches like.
fn spread(number: u64, keys: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % keys
}

fn map(keys: u64) -> LwwMap<str, str> {
    let mut map = LwwMap::<str, str>::new();
    for number in 0..keys {
        let value = format!("value-{:016x}", spread(number, u64::MAX));
        map.put(&author("server", number + 1), &key(number), &value, number)
            .expect("there is room");
    }
    map
}

/// The map after another replica wrote this many of its keys.
fn changed(map: &LwwMap<str, str>, keys: u64, changes: u64) -> LwwMap<str, str> {
    let mut map = map.clone();
    write(&mut map, keys, changes, 1);
    map
}

fn write(map: &mut LwwMap<str, str>, keys: u64, changes: u64, first: u64) {
    for seq in first..first + changes {
        let value = format!("newer-{:016x}", spread(seq, u64::MAX));
        let author = author("client", seq);
        map.put(&author, &key(spread(seq, keys)), &value, keys + seq).expect("there is room");
    }
}

fn set(elements: u64) -> OrSet<str> {
    let mut set = OrSet::<str>::new();
    for number in 0..elements {
        set.add(&author("server", number + 1), &key(number)).expect("there is room");
    }
    set
}

fn changed_set(set: &OrSet<str>, elements: u64, changes: u64) -> OrSet<str> {
    let mut set = set.clone();
    for seq in 1..=changes {
        set.remove(&author("client", seq), &key(spread(seq, elements))).expect("there is room");
    }
    set
}

/// All pairs of a size and a number of changes that is not above it.
fn pairs() -> impl Iterator<Item = (u64, u64)> {
    let pairs = |keys| CHANGES.into_iter().map(move |changes| (keys, changes));
    SIZES.into_iter().flat_map(pairs).filter(|(keys, changes)| changes <= keys)
}

fn id(kind: &str, keys: u64, changes: u64) -> BenchmarkId {
    BenchmarkId::new(format!("{kind}/{keys}"), changes)
}

/// A group of its own plot, across sizes that grow tenfold.
fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.plot_config(PlotConfiguration::default().summary_scale(AxisScale::Logarithmic));
    group
}

/// For each size and number of changes: a map, and the same map changed by another replica.
fn maps() -> impl Iterator<Item = (u64, u64, LwwMap<str, str>, LwwMap<str, str>)> {
    pairs().map(|(keys, changes)| {
        let base = map(keys);
        let ahead = changed(&base, keys, changes);
        (keys, changes, base, ahead)
    })
}

fn delta(criterion: &mut Criterion) {
    let mut group = group(criterion, "delta");
    for (keys, changes, base, ahead) in maps() {
        let since = base.vector();
        group.throughput(Throughput::Elements(changes));
        group.bench_function(id("lww-map", keys, changes), |bencher| {
            bencher.iter(|| ahead.delta_since(black_box(&since)));
        });
    }
    group.finish();
}

fn apply(criterion: &mut Criterion) {
    let mut group = group(criterion, "apply");
    for (keys, changes, base, ahead) in maps() {
        let delta = ahead.delta_since(&base.vector());
        group.throughput(Throughput::Elements(changes));
        group.bench_function(id("lww-map", keys, changes), |bencher| {
            let apply = |mut map: LwwMap<str, str>| {
                map.apply(black_box(&delta)).expect("it was asked for");
                map
            };
            bencher.iter_batched(|| base.clone(), apply, BatchSize::LargeInput);
        });
    }
    for (keys, changes) in pairs() {
        let base = set(keys);
        let ahead = changed_set(&base, keys, changes);
        let delta: or_set::Delta<str> = ahead.delta_since(&base.vector());
        group.throughput(Throughput::Elements(changes));
        group.bench_function(id("or-set", keys, changes), |bencher| {
            let apply = |mut set: OrSet<str>| {
                set.apply(black_box(&delta)).expect("it was asked for");
                set
            };
            bencher.iter_batched(|| base.clone(), apply, BatchSize::LargeInput);
        });
    }
    group.finish();
}

fn encode(criterion: &mut Criterion) {
    let mut group = group(criterion, "encode");
    for (keys, changes, base, ahead) in maps() {
        let delta = ahead.delta_since(&base.vector());
        group.throughput(Throughput::Elements(changes));
        group.bench_function(id("lww-map", keys, changes), |bencher| {
            bencher.iter(|| delta.encode(OriginEncoding::Inline, BaseEncoding::Asked));
        });
    }
    group.finish();
}

fn decode(criterion: &mut Criterion) {
    let mut group = group(criterion, "decode");
    for (keys, changes, base, ahead) in maps() {
        let since = base.vector();
        let bytes = ahead.delta_since(&since).encode(OriginEncoding::Inline, BaseEncoding::Asked);
        let known = DecodeContext { asked: Some(&since), ..DecodeContext::default() };
        group.throughput(Throughput::Elements(changes));
        group.bench_function(id("lww-map", keys, changes), |bencher| {
            bencher.iter(|| Delta::<str, str>::decode(black_box(&bytes), &known));
        });
    }
    group.finish();
}

/// The same number of changes, however many keys there are: up to ten millions, in 1.3 GB.
fn flat(criterion: &mut Criterion) {
    const CHANGES: u64 = 1_000;
    let mut group = group(criterion, "flat");
    for keys in [10_000, 100_000, 1_000_000, 10_000_000] {
        let mut map = map(keys);
        let since = map.vector();
        write(&mut map, keys, CHANGES, 1);
        group.throughput(Throughput::Elements(CHANGES));
        group.bench_function(BenchmarkId::new("delta of a thousand changes", keys), |bencher| {
            bencher.iter(|| map.delta_since(black_box(&since)));
        });
    }
    group.finish();
}

fn merge(criterion: &mut Criterion) {
    let mut group = group(criterion, "merge");
    for keys in SIZES {
        let (ours, theirs) = (map(keys), {
            let mut theirs = LwwMap::<str, str>::new();
            write(&mut theirs, keys, keys, 1);
            theirs
        });
        group.throughput(Throughput::Elements(keys));
        group.bench_function(BenchmarkId::new("lww-map", keys), |bencher| {
            let join = |mut map: LwwMap<str, str>| {
                map.join(&theirs).expect("both are of one history");
                map
            };
            bencher.iter_batched(|| ours.clone(), join, BatchSize::LargeInput);
        });
    }
    group.finish();
}

fn hash(criterion: &mut Criterion) {
    let mut group = group(criterion, "hash");
    for (keys, changes) in pairs() {
        group.throughput(Throughput::Elements(changes));
        let mut map = map(keys);
        map.state_hash();
        let mut next = 1;
        group.bench_function(id("after changes", keys, changes), |bencher| {
            bencher.iter_custom(|rounds| {
                let mut spent = Duration::ZERO;
                for _ in 0..rounds {
                    write(&mut map, keys, changes, next);
                    next += changes;
                    let start = std::time::Instant::now();
                    black_box(map.state_hash());
                    spent += start.elapsed();
                }
                spent
            });
        });
    }
    for keys in SIZES {
        let map = map(keys);
        group.throughput(Throughput::Elements(keys));
        group.bench_function(BenchmarkId::new("all anew", keys), |bencher| {
            let hash = |mut map: LwwMap<str, str>| map.state_hash();
            bencher.iter_batched(|| map.clone(), hash, BatchSize::LargeInput);
        });
    }
    group.finish();
}

fn log(criterion: &mut Criterion) {
    let entry = "an entry of the log, as long as a line that somebody writes to somebody else";
    let mut group = group(criterion, "log");
    for entries in SIZES {
        let log = |name: &str| {
            let mut log = Log::<str>::new();
            for seq in 1..=entries {
                log.append(&author(name, seq), entry, 2 * seq).expect("there is room");
            }
            log
        };
        group.throughput(Throughput::Elements(entries));
        group.bench_function(BenchmarkId::new("append", entries), |bencher| {
            bencher.iter(|| log("client"));
        });
        let ours = log("client");
        group.bench_function(BenchmarkId::new("read", entries), |bencher| {
            bencher.iter(|| ours.entries().map(|entry| entry.value().len()).sum::<usize>());
        });
        let delta = log("server").delta_since(&Vector::default());
        group.bench_function(BenchmarkId::new("apply", entries), |bencher| {
            let both = || (ours.clone(), delta.clone());
            let apply = |(mut log, delta): (Log<str>, _)| {
                log.apply(delta).expect("it has no gap");
                log
            };
            bencher.iter_batched(both, apply, BatchSize::LargeInput);
        });
    }
    group.finish();
}

fn counter(criterion: &mut Criterion) {
    const INCREMENTS: u64 = 1_000_000;
    let origin = Origin { replica: ReplicaId::new("client").unwrap(), incarnation: 0 };
    let mut group = criterion.benchmark_group("counter");
    group.throughput(Throughput::Elements(INCREMENTS));
    group.bench_function(BenchmarkId::new("increment", INCREMENTS), |bencher| {
        bencher.iter(|| {
            let mut counter = GCounter::new();
            for _ in 0..INCREMENTS {
                counter.increment(&origin, black_box(1)).expect("it is far from full");
            }
            counter
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1));
    targets = delta, apply, encode, decode, flat, merge, hash, log, counter
}
criterion_main!(benches);
