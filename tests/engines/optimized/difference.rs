//! State hashes of many keys, and finding where two states differ.

use super::engines::{Engine, Op, Text};
use super::pair::Pair;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rejoin::{optimized, reference};
use std::collections::BTreeSet;

type Sets = Pair<optimized::or_set::OrSet<str>, reference::or_set::OrSet<String>>;
type Maps = Pair<optimized::lww_map::LwwMap<str, str>, reference::lww_map::LwwMap<String, Text>>;

fn op(key: usize, value: Option<usize>, timestamp: u64) -> Op {
    // Around the length from which a record has the value's hash instead of the value.
    let value = value.map(|length| "v".repeat(length));
    Op { key: format!("key {key}"), value, timestamp }
}

/// One change of a state: its author, its keys, and whether it removes them.
#[derive(Clone, Debug)]
struct Batch {
    at: usize,
    first: usize,
    keys: usize,
    removes: bool,
}

/// Batches from one key to hundreds, so that the trees grow deep and shrink again.
fn batches() -> impl Strategy<Value = Vec<Batch>> {
    let keys = prop_oneof![3 => 1..4_usize, 2 => 5..40_usize, 1 => 100..400_usize];
    let batch = (0..2_usize, 0..400_usize, keys, any::<bool>());
    let batch = batch.prop_map(|(at, first, keys, removes)| Batch { at, first, keys, removes });
    prop::collection::vec(batch, 1..14)
}

/// The trees of one are kept up to date from the start; the other builds its trees at the end only.
fn state_hashes_equal_the_naive_ones<O: Engine, R: Engine>(
    batches: &[Batch],
) -> Result<(), String> {
    let mut states = [Pair::<O, R>::new(), Pair::new()];
    for Batch { at, first, keys, removes } in batches {
        let state = &mut states[*at];
        for key in *first..first + keys {
            let value = (!removes).then_some(key % 3 + 63);
            state.decide_unseen(&state.author(*at, 0), &op(key % 400, value, 1))?;
        }
        if *at == 0 {
            state.check()?;
        }
    }
    let [mut one, mut other] = states;
    one.join(&other)?;
    other.join(&one)?;
    if one.optimized.hashes() != other.optimized.hashes() {
        return Err("equal states have different hashes".into());
    }
    Ok(())
}

fn on_random_batches(test: impl Fn(&[Batch]) -> Result<(), String>) {
    let config = Config { cases: 40, failure_persistence: None, ..Config::default() };
    let holds = |batches: Vec<Batch>| test(&batches).map_err(TestCaseError::fail);
    if let Err(failure) = TestRunner::new(config).run(&batches(), holds) {
        panic!("{failure}");
    }
}

#[test]
fn state_hashes_of_sets_equal_the_naive_ones() {
    on_random_batches(
        state_hashes_equal_the_naive_ones::<
            optimized::or_set::OrSet<str>,
            reference::or_set::OrSet<String>,
        >,
    );
}

#[test]
fn state_hashes_of_maps_equal_the_naive_ones() {
    on_random_batches(
        state_hashes_equal_the_naive_ones::<
            optimized::lww_map::LwwMap<str, str>,
            reference::lww_map::LwwMap<String, Text>,
        >,
    );
}

/// Two records move between the trees at once: each has one place in a chain.
#[test]
fn records_that_change_trees_together_stay_in_their_buckets() {
    let mut set = Sets::new();
    let mut decide = |at: usize, value: Option<usize>, key: usize| {
        set.decide(&set.author(at, 0), &op(key, value, 0)).expect("the engines agree");
    };
    for key in 0..6 {
        decide(0, None, key);
    }
    for key in [3, 1, 5] {
        decide(0, Some(1), key);
    }
    for key in [5, 0, 1] {
        decide(0, (key == 0).then_some(1), key);
    }
    // All changes at once: no hash is computed in between.
    for key in 0..6 {
        let value = (key % 2 == 0).then_some(1);
        set.decide_unseen(&set.author(0, 0), &op(key, value, 0)).expect("the engines agree");
    }
    set.check().expect("the engines agree");
}

/// The keys whose answers differ.
fn differing<O: Engine, R: Engine>(one: &Pair<O, R>, other: &Pair<O, R>) -> Vec<String> {
    let (one, other) = (&one.answers().known, &other.answers().known);
    let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    keys.into_iter().filter(|key| one.get(*key) != other.get(*key)).cloned().collect()
}

#[test]
fn a_difference_between_maps_is_found_where_it_is() {
    let mut one = Maps::new();
    for key in 0..3000 {
        let value = (key % 10 > 0).then_some(key % 80);
        one.decide_unseen(&one.author(0, 0), &op(key, value, 5)).expect("the engines agree");
    }
    one.check().expect("the engines agree");
    let mut other = one.clone();
    assert_eq!(one.optimized.difference(&mut other.optimized), [""; 0]);

    for changes in [1, 2, 30, 1000, 0] {
        for number in 0..changes {
            // New keys, writes that lose, deletions, and values that both write.
            let (key, timestamp) = (number * 37 % 3500, 4 + number as u64 % 3);
            let value = (number % 4 > 0).then_some(7);
            let state = if number % 2 == 0 { &mut one } else { &mut other };
            let author = state.author(number % 2, 0);
            state.decide_unseen(&author, &op(key, value, timestamp)).expect("the engines agree");
        }
        one.check().expect("the engines agree");
        other.check().expect("the engines agree");
        let expected = differing(&one, &other);
        assert_eq!(expected.is_empty(), changes == 0);
        assert_eq!(one.optimized.difference(&mut other.optimized), expected);
        assert_eq!(other.optimized.difference(&mut one.optimized), expected);
        one.join(&other).expect("the engines agree");
        other.join(&one).expect("the engines agree");
        assert_eq!(one.optimized.difference(&mut other.optimized), [""; 0]);
    }
}

#[test]
fn a_difference_between_sets_is_found_where_it_is() {
    let (mut one, mut other) = (Sets::new(), Sets::new());
    for key in 0..40 {
        one.decide_unseen(&one.author(0, 0), &op(key, Some(1), 0)).expect("the engines agree");
    }
    // One has many elements and the other none; one has elements that the other has removed.
    one.check().expect("the engines agree");
    let expected = differing(&one, &other);
    assert_eq!(expected.len(), 40);
    assert_eq!(other.optimized.difference(&mut one.optimized), expected);

    other.join(&one).expect("the engines agree");
    for key in [3, 4, 39, 40] {
        other.decide(&other.author(1, 0), &op(key, None, 0)).expect("the engines agree");
    }
    let expected = ["key 3", "key 39", "key 4", "key 40"];
    assert_eq!(differing(&one, &other), expected);
    assert_eq!(one.optimized.difference(&mut other.optimized), expected);
    assert_eq!(other.optimized.difference(&mut one.optimized), expected);
}
