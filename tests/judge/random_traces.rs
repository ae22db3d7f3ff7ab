//! Random traces. A world of plain sets generates them, and the judge accepts them. With one claim
//! falsified, the judge rejects exactly that line. Brute force counts what a trace exercised.
//!
//! A failure prints the trace, so that it can become a scenario.

use crate::trace_falsify;
use crate::trace_states::State;
use crate::trace_world::{OBJECTS, REPLICAS, Setting, Step, What, World, judge_digests};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use rejoin::object::ObjectType;
use rejoin_harness::Rng;
use rejoin_judge::{EngineName, Options, Report, Rule, Verdict, check};
use serde_json::{Value, json};

// Generators

fn step() -> impl Strategy<Value = Step> {
    let replica = || 0..3usize;
    let any_of = || 0..60usize;
    let objects = || option::of(any::<u8>());
    // Few timestamps, so that they tie and run backwards.
    let op = (replica(), 0..OBJECTS.len(), 0..2usize, any_of(), 1..5u64, option::of(0..2usize))
        .prop_map(|(replica, object, key, value, timestamp, user)| Step::Op {
            replica,
            object,
            key,
            value,
            timestamp,
            user,
        });
    let what = prop_oneof![
        3 => Just(What::All),
        1 => any::<u8>().prop_map(What::Objects),
        2 => vec(any_of(), 0..3).prop_map(What::Since),
        2 => vec(any_of(), 0..4).prop_map(What::Operations),
    ];
    prop_oneof![
        16 => op,
        5 => (replica(), what).prop_map(|(replica, what)| Step::Send { replica, what }),
        7 => (replica(), any_of()).prop_map(|(replica, message)| Step::Receive { replica, message }),
        2 => (replica(), replica(), objects())
            .prop_map(|(replica, from, objects)| Step::Merge { replica, from, objects }),
        1 => (replica(), replica(), objects())
            .prop_map(|(replica, with, objects)| Step::Sync { replica, with, objects }),
        1 => replica().prop_map(|replica| Step::Save { replica }),
        1 => any_of().prop_map(|snapshot| Step::Restore { snapshot }),
        4 => (replica(), 0..OBJECTS.len(), 0..7usize, 0..4usize)
            .prop_map(|(replica, object, ask, choice)| Step::Claim { replica, object, ask, choice }),
    ]
}

pub fn world(setting: impl Strategy<Value = Setting>) -> impl Strategy<Value = World> {
    (setting, vec(step(), 0..40)).prop_map(|(setting, steps)| World::of(setting, &steps))
}

pub fn explicit() -> impl Strategy<Value = Setting> {
    any::<bool>().prop_map(|digest_values| Setting { digest_values, ..Setting::default() })
}

pub fn own_stamps() -> impl Strategy<Value = Setting> {
    explicit().prop_map(|setting| Setting { own_stamps: true, ..setting })
}

/// States that need not be reachable, of declared replicas and others.
fn state(kind: ObjectType) -> BoxedStrategy<State> {
    let node = || prop_oneof![Just("a"), Just("b"), Just("z")].prop_map(String::from);
    let key = || prop_oneof![Just("x"), Just("y")].prop_map(String::from);
    let text = || prop_oneof![Just("null"), Just("1"), Just("\"x\"")].prop_map(String::from);
    let write = move || (1..4u64, node(), text());
    let dots = move || btree_set((key(), node(), 1..4u128), 0..4);
    match kind {
        ObjectType::GCounter => {
            let share = prop_oneof![Just(1), Just(5), Just(u128::from(u64::MAX) * 2)];
            btree_map(node(), share, 0..3).prop_map(State::Counter).boxed()
        }
        ObjectType::LwwRegister => option::of(write()).prop_map(State::Register).boxed(),
        ObjectType::OrSet => {
            (dots(), dots()).prop_map(|(adds, removes)| State::Set { adds, removes }).boxed()
        }
        ObjectType::LwwMap => btree_map(key(), write(), 0..3).prop_map(State::Map).boxed(),
        ObjectType::Log => {
            btree_set((1..3u64, node(), 1..3u128, text()), 0..4).prop_map(State::Log).boxed()
        }
        other => unreachable!("this world has no {}", other.as_str()),
    }
}

fn loading() -> impl Strategy<Value = Setting> {
    let load = (0..3usize, 0..OBJECTS.len()).prop_flat_map(|(replica, object)| {
        state(OBJECTS[object].1).prop_map(move |state| (replica, object, state))
    });
    (explicit(), vec(load, 1..8), any::<bool>()).prop_map(|(setting, mut loads, load_late)| {
        loads.sort_by_key(|(replica, object, _)| (*replica, *object));
        loads.dedup_by_key(|(replica, object, _)| (*replica, *object));
        Setting { loads, load_late, ..setting }
    })
}

// Checks

/// Judges, with the optimized engine following.
fn judge(trace: &str) -> Report {
    let options = Options { engines: vec![EngineName::Optimized], ..Options::default() };
    let report = check(|| Ok(trace.as_bytes()), &options).expect("memory can be read");
    assert_eq!(report.differences, [""; 0], "{trace}");
    report
}

fn found(report: &Report) -> Vec<(usize, Rule)> {
    // Lines count from 1, indexes of the list of lines from 0.
    report.findings.iter().map(|finding| (finding.line as usize - 1, finding.rule)).collect()
}

fn accept(world: &World) -> Result<(), TestCaseError> {
    let report = judge(&world.trace());
    prop_assert_eq!(&report.error, &None);
    prop_assert_eq!(&report.findings, &[]);
    let expected = if world.claims.is_empty() { Verdict::Inconclusive } else { Verdict::Conforms };
    prop_assert_eq!(report.verdict, expected);
    prop_assert_eq!(report.events, world.lines.len() as u64 - 1);
    prop_assert_eq!(report.claims, world.claims.len() as u64);
    let coverage = report.coverage;
    prop_assert_eq!(coverage.operations, world.operations());
    prop_assert_eq!(coverage.concurrent_pairs, world.concurrent_pairs());
    let deliveries = [coverage.messages, coverage.lost, coverage.repeated, coverage.reordered];
    prop_assert_eq!(deliveries, world.deliveries());
    Ok(())
}

fn kind_of(claim: &Value) -> ObjectType {
    let name = claim["object"].as_str().expect("the claim is about an object");
    OBJECTS.iter().find(|(known, _)| *known == name).expect("it is declared").1
}

fn rule_of(claim: &Value) -> Rule {
    match claim["event"].as_str().expect("an event has a name") {
        "read" => match kind_of(claim) {
            ObjectType::GCounter => Rule::GCounterValue,
            ObjectType::LwwRegister => Rule::LwwRegisterValue,
            ObjectType::OrSet => Rule::OrSetValue,
            ObjectType::LwwMap => Rule::LwwMapValue,
            ObjectType::Log => Rule::LogValue,
            other => unreachable!("this world has no {}", other.as_str()),
        },
        "vector" => Rule::Vector,
        "converged" => Rule::Converged,
        "decisions" => Rule::Decisions,
        "notices" => Rule::Notices,
        "state" => Rule::State,
        other => panic!("{other} has several rules"),
    }
}

/// The trace with one line replaced.
fn with(world: &World, line: usize, claim: &Value) -> String {
    let mut lines = world.lines.clone();
    lines[line] = claim.clone();
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Falsifies a few claims, one at a time.
fn reject(world: &World, seed: u64) -> Result<(), TestCaseError> {
    let mut random = Rng::new(seed);
    for _ in 0..6 {
        let at = world.claims[random.place(world.claims.len())];
        let claim = &world.lines[at];
        let (spoilt, expected) = match claim["event"].as_str() {
            Some("digest") => falsify_digest(world, at, &mut random),
            Some("converged") => match falsify_converged(world, at) {
                Some(spoilt) => (spoilt, vec![(at, vec![Rule::Converged])]),
                None => continue,
            },
            _ if is_free(world, claim) => match falsify_free(world, at, &mut random) {
                Some((spoilt, rules)) => (spoilt, vec![(at, rules)]),
                None => continue,
            },
            _ => {
                let kinds = trace_falsify::kinds(&world.lines[0]);
                let (_, spoilt) = trace_falsify::falsify(claim, &kinds, &mut random)
                    .expect("this claim has one right answer");
                (spoilt, vec![(at, vec![rule_of(claim)])])
            }
        };
        let trace = with(world, at, &spoilt);
        let found = found(&judge(&trace));
        let as_expected = found.len() == expected.len()
            && found
                .iter()
                .zip(&expected)
                .all(|((line, rule), (at, rules))| line == at && rules.contains(rule));
        prop_assert!(
            as_expected,
            "found {found:?} instead of {expected:?} (lines from 0) in\n{trace}"
        );
    }
    Ok(())
}

/// Another digest: one that no claim has, or that of another claim.
fn falsify_digest(world: &World, at: usize, random: &mut Rng) -> (Value, Vec<(usize, Vec<Rule>)>) {
    let mut digests = world.digests.clone();
    let other = match random.place(3) {
        0 => json!("of nobody"),
        _ => digests[random.place(digests.len())].digest.clone(),
    };
    let claim = digests.iter_mut().find(|digest| digest.line == at).expect("it is a digest");
    claim.digest = other.clone();
    let mut spoilt = world.lines[at].clone();
    spoilt["digest"] = other;
    let found = judge_digests(&digests);
    (spoilt, found.into_iter().map(|(line, rule)| (line, vec![rule])).collect())
}

/// Adds other values to a replica's name.
fn falsify_converged(world: &World, at: usize) -> Option<Value> {
    if at < world.rounds[0] {
        return None;
    }
    let mut claim = world.lines[at].clone();
    let first = claim["replicas"][0].as_str().expect("replicas are names");
    let first = REPLICAS.iter().position(|name| *name == first).expect("it is declared");
    let apart = REPLICAS[world.apart(first)?];
    claim["replicas"].as_array_mut().expect("a list").push(json!(apart));
    Some(claim)
}

/// Whether several answers can be right, since the implementation orders writes by a rule of its
/// own.
fn is_free(world: &World, claim: &Value) -> bool {
    let ordered = |kind| !matches!(kind, ObjectType::GCounter | ObjectType::OrSet);
    world.lines[0]["stamps"] == "own"
        && match claim["event"].as_str() {
            Some("read" | "decisions") => ordered(kind_of(claim)),
            Some("notices") => true,
            _ => false,
        }
}

/// A false answer where several can be right: it contradicts the writes, or the earlier answer to
/// the same question.
fn falsify_free(world: &World, at: usize, random: &mut Rng) -> Option<(Value, Vec<Rule>)> {
    let mut claim = world.lines[at].clone();
    match claim["event"].as_str() {
        Some("notices") => {
            let foreign = json!({"object": "phase", "replica": "a", "seq": 1_000});
            claim["notices"].as_array_mut()?.push(foreign);
            return Some((claim, vec![Rule::Notices]));
        }
        Some("decisions") => {
            let mut foreign = json!({"kept": [{"replica": "a", "seq": 1_000}], "superseded": []});
            if kind_of(&claim) == ObjectType::LwwMap {
                foreign["key"] = json!("x");
            }
            claim["decisions"].as_array_mut()?.push(foreign);
            return Some((claim, vec![Rule::Decisions]));
        }
        _ => {}
    }
    if at < world.rounds[1] {
        return None;
    }
    let (object, kind) = (claim["object"].clone(), kind_of(&claim));
    let object = OBJECTS.iter().position(|(name, _)| object == *name)?;
    let replica = REPLICAS.iter().position(|name| claim["replica"] == *name)?;
    if kind == ObjectType::Log {
        let entries = claim["value"].as_array_mut()?;
        let last = entries.len().checked_sub(1)?;
        let place = random.place(last + 1);
        let before = entries.clone();
        entries.swap(place, last);
        if *entries != before {
            return Some((claim, vec![Rule::LogCausality, Rule::LogAgreement]));
        }
        entries.pop();
        return Some((claim, vec![Rule::LogValue]));
    }
    let key = claim.get("key").and_then(Value::as_str).map(String::from);
    let others = [json!(null), json!(0), json!(10), json!("x"), json!([1]), json!("never written")];
    let other = others[random.place(others.len())].clone();
    let (key, place) = match (kind, &key) {
        (ObjectType::LwwMap, None) => {
            claim["value"].get("x")?;
            (Some("x".to_string()), &mut claim["value"]["x"])
        }
        _ => (key, &mut claim["value"]),
    };
    if *place == other {
        return None;
    }
    *place = other.clone();
    let rule = match (other.is_null() && claim["value"].is_object(), &key) {
        // A map does not list what is deleted.
        (true, _) => Rule::LwwMapValue,
        (false, key) if world.is_superseded(replica, object, key.as_deref(), &other) => {
            Rule::LwwSuperseded
        }
        _ => Rule::LwwAgreement,
    };
    Some((claim, vec![rule]))
}

fn holds(world: &World, seed: u64) -> Result<(), TestCaseError> {
    accept(world)?;
    reject(world, seed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn explicit_stamps(world in world(explicit()), seed: u64) {
        holds(&world, seed)?;
    }

    #[test]
    fn stamps_of_the_implementations_own(world in world(own_stamps()), seed: u64) {
        holds(&world, seed)?;
    }

    #[test]
    fn loaded_states(world in world(loading()), seed: u64) {
        holds(&world, seed)?;
    }
}

// Found by random traces of another generator; they are small enough to be listed here.

/// One answer has the first of two equal entries, another the second: that is not a contradiction
/// about the order of one pair.
/// order of one pair.
#[test]
fn equal_entries_of_different_operations_are_not_confused() {
    let trace = r#"{"trace":"rejoin/1","replicas":["a","b","c"],"objects":{"l":{"type":"log"}},"stamps":"own"}
{"event":"op","replica":"a","object":"l","op":"append","entry":"p"}
{"event":"op","replica":"c","object":"l","op":"append","entry":"p"}
{"event":"op","replica":"c","object":"l","op":"append","entry":"q"}
{"event":"read","replica":"c","object":"l","value":["p","q"]}
{"event":"op","replica":"b","object":"l","op":"append","entry":"q"}
{"event":"merge","replica":"b","from":"a"}
{"event":"read","replica":"b","object":"l","value":["q","p"]}
"#;
    assert_eq!(judge(trace).verdict, Verdict::Conforms);
}

/// A set's state does not depend on the order in which its additions and removals came.
#[test]
fn equal_loaded_sets_have_equal_digests() {
    let dots = |dots: &[u64]| -> Value {
        dots.iter().map(|seq| json!({"element": "x", "replica": "z", "seq": seq})).collect()
    };
    let mut trace =
        r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"s":{"type":"or-set"}}}"#
            .to_string();
    for (replica, order) in [("a", [1, 2, 3, 4]), ("b", [4, 3, 2, 1])] {
        let state = json!({"adds": dots(&order), "removes": dots(&[])});
        trace += &format!(
            "\n{}",
            json!({"event": "load", "replica": replica, "object": "s", "state": state})
        );
        trace +=
            &format!("\n{}", json!({"event": "digest", "replica": replica, "digest": replica}));
    }
    assert_eq!(found(&judge(&trace)), [(4, Rule::DigestEqual)]);
}

/// If two values have one stamp, every further write with it reuses it.
#[test]
fn a_stamp_reused_twice_is_warned_of_twice() {
    let write = |value: u64| {
        json!({"event": "op", "replica": "a", "object": "r", "op": "write", "value": value,
               "timestamp": 3})
    };
    let header = r#"{"trace":"rejoin/1","replicas":["a"],"objects":{"r":{"type":"lww-register"}}}"#;
    let trace = format!("{header}\n{}\n{}\n{}\n", write(1), write(2), write(1));
    let report = judge(&trace);
    let reuses = report.warnings.iter().filter(|warning| warning.rule.as_str() == "stamp-reuse");
    assert_eq!(reuses.map(|warning| warning.line).collect::<Vec<_>>(), [3, 4]);
}
