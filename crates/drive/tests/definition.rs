//! Shown: the subject that answers by the definition is never accused, with any seed, type, stamps
//! and number of threads; histories exercise all parts of the protocol; the same seed gives the
//! same histories.

use rejoin::object::TraceType;
use rejoin_drive::campaign::{Driven, Options, drive};
use rejoin_drive::generate::Style;
use rejoin_drive::run::Tally;
use rejoin_drive::{Definition, Subject};
use rejoin_trace::Stamps;

fn options(cases: u64) -> Options {
    let style = Style { seed: 1, steps: 30, is_plain: false, is_monotonic: false };
    Options {
        style,
        cases,
        only: None,
        shard: (1, 1),
        jobs: 1,
        kinds: TraceType::ALL.to_vec(),
        stamps: None,
        goes_on: false,
        shrink: 1000,
    }
}

fn driven(options: &Options) -> Driven {
    let subjects = || Box::new(Definition::new()) as Box<dyn Subject>;
    let driven = drive(&subjects, options, &|| {}).expect("it starts");
    assert_eq!(driven.error, None);
    let accused: Vec<_> = driven.failing.iter().map(|failing| &failing.outcome.trace).collect();
    assert!(accused.is_empty(), "{:?}: {accused:?}", driven.faults);
    driven
}

/// How many cases: some hundreds, or the number in REJOIN_DRIVE_CASES.
fn cases() -> u64 {
    let asked = std::env::var("REJOIN_DRIVE_CASES").ok();
    asked.map_or(600, |cases| cases.parse().expect("a number of cases"))
}

#[test]
fn who_answers_by_the_definition_is_not_accused() {
    for stamps in [None, Some(Stamps::Own)] {
        let driven = driven(&Options { stamps, ..options(cases()) });
        assert_eq!(driven.cases, cases() + 18, "17 types alone, and all together");
    }
}

#[test]
fn all_parts_are_exercised_and_replicas_meet() {
    let tally = driven(&options(600)).tally;
    assert_eq!(tally.histories, 618);
    assert_eq!(tally.operations.len(), 28, "{:?}", tally.operations);
    for kind in TraceType::ALL {
        let met = tally.meetings.get(&kind).copied().unwrap_or_default();
        assert!(met > 100, "{kind:?}: {met}");
    }
    for what in ["read", "vector", "digest", "decisions", "notices"] {
        assert!(tally.answers[what] > 300, "{:?}", tally.answers);
    }
    let Tally { repeated, reordered, lost, synced, restored, most_replicas, .. } = tally;
    let counts = [repeated, reordered, lost, synced, restored];
    for count in counts {
        assert!(count > 50, "{counts:?}");
    }
    assert!(most_replicas > 8);
}

#[test]
fn one_seed_is_one_campaign_on_any_number_of_threads() {
    let alone = driven(&options(200));
    let threads = driven(&Options { jobs: 4, ..options(200) });
    assert_eq!(alone.tally, threads.tally);
    let mut sum = Tally::default();
    for k in 1..=3 {
        let part = driven(&Options { shard: (k, 3), ..options(200) });
        sum.add(&part.tally);
    }
    // Each shard begins with the histories that ask for everything once.
    assert_eq!(sum.histories, alone.tally.histories + 2 * 18);
}
