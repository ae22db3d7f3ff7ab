//! The counting of the bench `mission`: what is lost, what is flagged, what a merge opens, how a
//! history is cut. Each on cases that are small enough to be worked out by hand; and the brute
//! force behind it agrees with the definition on random histories.

#[path = "../mission/fleet.rs"]
mod fleet;
#[path = "../mission/history.rs"]
mod history;
#[path = "../mission/loss.rs"]
mod loss;
#[path = "../mission/offline.rs"]
mod offline;
#[path = "../mission/past.rs"]
mod past;
#[path = "../mission/recorded.rs"]
mod recorded;
#[path = "../mission/strategy.rs"]
mod strategy;

use history::{History, Step, Text, Work};
use loss::{Fate, Losses, Rejoin, System, count};
use past::{Past, Seen};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use rejoin::definition::{self, Event, EventId};
use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::object::{ObjectType, Priority};
use rejoin::operation::{Answer, Operation};
use rejoin::sync::Schema;
use std::collections::BTreeSet;
use strategy::{Strategy, Winner};

const SERVER: usize = 0;
const CLIENT: usize = 1;
const OTHER: usize = 2;

const OBJECTS: [(&str, ObjectType); 5] = [
    ("count", ObjectType::GCounter),
    ("phase", ObjectType::LwwRegister),
    ("approved", ObjectType::OrSet),
    ("columns", ObjectType::LwwMap),
    ("chat", ObjectType::Log),
];

fn new_history() -> History {
    let schema = OBJECTS
        .iter()
        .fold(Schema::new(), |schema, (name, kind)| schema.with(name, *kind, Priority::Medium));
    History::new("by hand", &["server", "client", "other"], schema)
}

type Request = Operation<Text, Option<Text>>;

fn put(key: &str, value: &str, timestamp: u64) -> Request {
    Operation::Put { key: key.into(), value: Some(value.into()), timestamp }
}

fn write(value: &str, timestamp: u64) -> Request {
    Operation::Write { value: Some(value.into()), timestamp }
}

fn add(element: &str) -> Request {
    Operation::Add { element: element.into() }
}

fn remove(element: &str) -> Request {
    Operation::Remove { element: element.into() }
}

fn append(entry: &str, timestamp: u64) -> Request {
    Operation::Append { entry: Some(entry.into()), timestamp }
}

impl History {
    /// Performs an operation, at that time; gives its number.
    fn at(&mut self, replica: usize, time: u64, operation: Request) -> usize {
        let kind = operation.kind();
        let (object, _) = OBJECTS.into_iter().find(|(_, of)| *of == kind).expect("each has one");
        let user = Some(self.replicas[replica].as_str().into());
        self.perform(Work { replica, object: object.into(), operation, user, time });
        self.works.len() - 1
    }
}

/// What the three strategies lose, in their order, and what Rejoin flags; it must lose nothing.
fn compare(history: &History) -> ([Vec<usize>; 3], Vec<usize>) {
    let past = Past::new(history);
    let lost = Winner::ALL.map(|winner| {
        let losses = count(&past, &mut Strategy::new(&past, winner));
        assert_eq!(losses.flagged, BTreeSet::new(), "{} tells nobody", winner.name());
        losses.lost.into_iter().collect()
    });
    let rejoin = count(&past, &mut Rejoin::new(history));
    assert_eq!(rejoin.lost, BTreeSet::new());
    (lost, rejoin.flagged.into_iter().collect())
}

#[test]
fn each_strategy_loses_the_side_that_it_is_named_for() {
    let mut history = new_history();
    history.at(SERVER, 1, put("a", "before", 1));
    history.sync(SERVER, CLIENT);
    let later = history.at(CLIENT, 3, put("a", "client's", 3));
    let earlier = history.at(SERVER, 2, put("a", "server's", 2));
    history.sync(SERVER, CLIENT);
    let (lost, flagged) = compare(&history);
    // The server's is the earlier one: the client's is lost where the server wins.
    assert_eq!(lost, [vec![later], vec![earlier], vec![earlier]]);
    assert_eq!(flagged, [earlier]);
}

#[test]
fn what_one_side_alone_changed_is_lost_by_none() {
    let mut history = new_history();
    history.at(SERVER, 1, put("a", "before", 1));
    history.sync(SERVER, CLIENT);
    history.at(CLIENT, 2, put("a", "client's", 2));
    history.at(SERVER, 3, put("b", "server's", 3));
    history.at(CLIENT, 4, append("a line", 4));
    history.at(SERVER, 4, append("another", 4));
    history.at(CLIENT, 5, Operation::Increment { amount: 3 });
    history.sync(SERVER, CLIENT);
    assert_eq!(compare(&history), ([vec![], vec![], vec![]], vec![]));
}

#[test]
fn who_decides_the_same_loses_nothing() {
    let mut history = new_history();
    history.at(CLIENT, 1, add("x"));
    history.at(SERVER, 2, add("x"));
    history.at(CLIENT, 3, write("done", 3));
    history.at(SERVER, 4, write("done", 4));
    history.sync(SERVER, CLIENT);
    assert_eq!(compare(&history), ([vec![], vec![], vec![]], vec![]));
}

#[test]
fn an_addition_wins_and_the_removal_is_flagged() {
    let mut history = new_history();
    history.at(SERVER, 1, add("x"));
    history.sync(SERVER, CLIENT);
    let added = history.at(CLIENT, 2, add("x"));
    let removed = history.at(SERVER, 3, remove("x"));
    history.sync(SERVER, CLIENT);
    let (lost, flagged) = compare(&history);
    assert_eq!(lost, [vec![added], vec![removed], vec![added]]);
    assert_eq!(flagged, [removed]);
}

#[test]
fn a_total_that_wins_does_not_count_the_others() {
    let mut history = new_history();
    history.at(SERVER, 1, Operation::Increment { amount: 1 });
    history.sync(SERVER, CLIENT);
    let of_client: Vec<usize> =
        (2..5).map(|time| history.at(CLIENT, time, Operation::Increment { amount: 2 })).collect();
    let of_server = history.at(SERVER, 6, Operation::Increment { amount: 1 });
    history.sync(SERVER, CLIENT);
    let (lost, flagged) = compare(&history);
    assert_eq!(lost, [of_client.clone(), vec![of_server], of_client]);
    assert_eq!(flagged, [0; 0]);
    assert_eq!(Past::new(&history).value("count"), Answer::Count(Some(8)));
}

#[test]
fn who_has_seen_it_and_decides_anew_loses_nobody_s_decision() {
    let mut history = new_history();
    let first = history.at(CLIENT, 1, write("a", 1));
    history.sync(SERVER, CLIENT);
    history.at(SERVER, 2, write("b", 2));
    history.sync(SERVER, CLIENT);
    assert_eq!(compare(&history), ([vec![], vec![], vec![]], vec![]));
    assert!(Past::new(&history).is_decided_anew(first));
}

#[test]
fn a_write_behind_the_clock_is_lost_by_timestamps_and_flagged() {
    let mut history = new_history();
    history.at(CLIENT, 9, write("a", 9));
    history.sync(SERVER, CLIENT);
    let behind = history.at(SERVER, 2, write("b", 2));
    history.sync(SERVER, CLIENT);
    let (lost, flagged) = compare(&history);
    assert_eq!(lost, [vec![], vec![], vec![behind]]);
    assert_eq!(flagged, [behind]);

    // Also where it was written.
    let mut history = new_history();
    history.at(CLIENT, 9, write("a", 9));
    let behind = history.at(CLIENT, 2, write("b", 2));
    history.merge(SERVER, CLIENT);
    let (lost, flagged) = compare(&history);
    assert_eq!(lost, [vec![], vec![], vec![behind]]);
    assert_eq!(flagged, [behind]);
}

#[test]
fn a_loss_counts_once_and_stays_counted_when_it_is_decided_anew() {
    let mut history = new_history();
    let of_client = history.at(CLIENT, 1, write("a", 1));
    history.at(SERVER, 2, write("b", 2));
    history.sync(SERVER, CLIENT);
    history.merge(OTHER, SERVER);
    history.at(OTHER, 3, write("c", 3));
    history.sync(SERVER, OTHER);
    history.sync(SERVER, CLIENT);
    let (lost, flagged) = compare(&history);
    assert_eq!(lost[0], [of_client]);
    assert_eq!(flagged, [of_client]);
    assert!(Past::new(&history).is_decided_anew(of_client));
    let by_type = Losses::by_type(&history, lost[0].iter().copied());
    assert_eq!(by_type, [(ObjectType::LwwRegister, 1)].into());
}

/// A system that forgets: what Rejoin is checked with finds each type missing.
#[test]
fn whoever_takes_in_nothing_loses_all() {
    struct Deaf<'h>(Rejoin<'h>);
    impl System for Deaf<'_> {
        fn step(&mut self, step: &Step) {
            if matches!(step, Step::Work(_)) {
                self.0.step(step);
            }
        }

        fn fates(&self, replica: usize, latest: &[usize]) -> Vec<Fate> {
            self.0.fates(replica, latest)
        }
    }
    let mut history = new_history();
    history.at(SERVER, 1, add("gone"));
    history.at(CLIENT, 1, Operation::Increment { amount: 1 });
    history.at(CLIENT, 2, write("a", 2));
    history.at(CLIENT, 3, add("x"));
    history.at(CLIENT, 4, put("k", "v", 4));
    history.at(CLIENT, 5, append("a line", 5));
    history.sync(SERVER, CLIENT);
    let past = Past::new(&history);
    let deaf = count(&past, &mut Deaf(Rejoin::new(&history)));
    assert_eq!(deaf.lost, (0..6).collect());
    assert_eq!(count(&past, &mut Rejoin::new(&history)), Losses::default());
}

#[test]
fn merges_open_decisions_and_later_ones_close_them() {
    let mut history = new_history();
    history.at(CLIENT, 1, write("a", 1));
    history.at(CLIENT, 1, add("x"));
    history.at(SERVER, 2, write("b", 2));
    let from = history.steps.len();
    history.merge(SERVER, CLIENT);
    history.at(SERVER, 3, write("c", 3));
    history.merge(CLIENT, SERVER);
    let counts = recorded::opened(&history, from);
    assert_eq!((counts.merges, counts.opening), (2, 1));
    assert_eq!(counts.opened, [(ObjectType::LwwRegister, 1)].into());
    assert_eq!(counts.operations, [(ObjectType::LwwRegister, 3), (ObjectType::OrSet, 1)].into());
    assert_eq!(recorded::opened(&history, from + 2).opening, 0);
}

#[test]
fn a_cut_leaves_one_out_for_the_last_time() {
    let mut history = new_history();
    history.at(SERVER, 0, add("before"));
    history.at(CLIENT, 50, add("old"));
    let message = history.send(CLIENT);
    history.at(CLIENT, 100, add("new"));
    history.receive(OTHER, message);
    history.at(OTHER, 101, add("other's"));
    history.merge(CLIENT, OTHER);
    history.merge(SERVER, CLIENT);
    history.at(CLIENT, 102, add("last"));
    history.at(CLIENT, 103, add("too late"));
    let last = history.works.len() - 2;

    let cut = recorded::cut(&history, last, 10);
    assert_eq!((cut.client, cut.server), (CLIENT, SERVER));
    assert_eq!(cut.operations(), (2, 1));
    let (client, server) = cut.meet();
    let elements =
        |node: &fleet::Node| fleet::answer(node.object("approved").expect("it is there"));
    let set = |elements: &[&str]| {
        Answer::Elements(elements.iter().map(|name| Text::from(*name)).collect())
    };
    assert_eq!(elements(&client), set(&["before", "old", "new", "last"]));
    assert_eq!(elements(&server), set(&["before", "old", "other's"]));
    assert!(cut.is_right());
    let cost = cut.measure(1);
    assert_eq!((cost.changes, cost.bytes()), (3, cost.up + cost.down));
    // Half a round trip for each turn, and each bit a second.
    let link = cost.over_link(1.0, std::time::Duration::from_secs(2));
    let slow = link.as_secs_f64() - cost.time.as_secs_f64();
    assert!((slow - f64::from(cost.turns) - 8.0 * cost.bytes() as f64).abs() < 1e-6);
    assert_eq!(recorded::cut(&history, last, 60).operations(), (3, 1));
    assert!(cost.messages >= cost.turns as usize);
}

#[test]
fn a_trace_is_read_with_its_messages_and_times() {
    let trace = r#"{"trace":"rejoin/1","replicas":["a","b"],"objects":{"n":{"type":"g-counter"},"m":{"type":"lww-map"}}}
{"event":"op","replica":"a","object":"n","op":"increment"}
{"event":"op","replica":"a","object":"m","op":"put","key":"k","value":1,"timestamp":5}
{"event":"op","replica":"b","object":"m","op":"put","key":"k","value":null,"timestamp":4}
{"event":"send","replica":"a","message":"x"}
{"event":"op","replica":"a","object":"n","op":"increment"}
{"event":"op","replica":"a","object":"m","op":"delete","key":"k","timestamp":9}
{"event":"op","replica":"a","object":"n","op":"increment"}
{"event":"receive","replica":"b","message":"x"}
{"event":"sync","replicas":["b","a"]}
"#;
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("read.jsonl");
    std::fs::write(&path, trace).expect("the folder of tests can be written");
    let history = history::read(&path).expect("it is a trace");
    let times: Vec<u64> = history.works.iter().map(|work| work.time).collect();
    assert_eq!(times, [5, 5, 4, 9, 9, 9]);
    assert_eq!((history.name.as_str(), history.second()), ("read", 1));
    assert_eq!(history.senders, [0, 1, 0]);
    let mut seen = Seen::new(&history);
    history.steps[..7].iter().for_each(|step| seen.step(&history, step));
    assert_eq!(seen.replicas[1].without(&Default::default()).collect::<Vec<_>>(), [2]);
    history.steps[7..8].iter().for_each(|step| seen.step(&history, step));
    assert_eq!(seen.replicas[1].without(&Default::default()).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(Past::new(&history).value("n"), Answer::Count(Some(3)));
    assert_eq!(Past::new(&history).value("m"), Answer::Values([].into()));
}

#[test]
fn what_ships_is_no_history_because_a_replica_is_restored() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let why = history::read(&path.join("../examples/working-day.jsonl")).expect_err("it restores");
    assert!(why.contains("line "), "{why}");
}

// Random histories

fn random_history(steps: &[(u8, u8, u8, u8)]) -> History {
    let mut history = new_history();
    for (what, replica, key, time) in steps {
        let replica = usize::from(replica % 3);
        let name = ["k", "l"][usize::from(key % 2)];
        let (time, value) = (u64::from(time % 8), ["a", "b", "c"][usize::from(key % 3)]);
        match what % 9 {
            0 => drop(history.at(replica, time, Operation::Increment { amount: 1 + time })),
            1 => drop(history.at(replica, time, write(value, time))),
            2 => drop(history.at(replica, time, add(name))),
            3 => drop(history.at(replica, time, remove(name))),
            4 => drop(history.at(replica, time, put(name, value, time))),
            5 => drop(history.at(replica, time, append(value, time))),
            6 => history.sync(replica, (replica + 1) % 3),
            _ => history.merge(replica, (replica + 1 + usize::from(key % 2)) % 3),
        }
    }
    for (one, other) in [(0, 1), (0, 2), (0, 1)] {
        history.sync(one, other);
    }
    history
}

/// The events of the definition, with what each replica has seen of them in the end.
fn events(history: &History) -> Vec<Event<Text, Option<Text>>> {
    let mut seen = Seen::new(history);
    let mut events: Vec<Event<Text, Option<Text>>> = Vec::new();
    for step in &history.steps {
        if let Step::Work(number) = *step {
            let Work { replica, object, operation, user, .. } = history.works[number].clone();
            let name = ReplicaId::new(history.replicas[replica].as_str()).unwrap();
            let origin = Origin { replica: name, incarnation: 0 };
            let is_before =
                |event: &&Event<_, _>| event.id.object == object && event.id.dot.origin == origin;
            let counter = 1 + events.iter().filter(is_before).count() as u64;
            let id = EventId { object, dot: Dot { origin, counter } };
            let known = events.iter().enumerate();
            let sees = known
                .filter(|(other, _)| seen.replicas[replica].contains(*other))
                .map(|(_, event)| event.id.clone())
                .collect();
            events.push(Event { id, operation, user, sees });
        }
        seen.step(history, step);
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    })]

    /// The latest decisions and the values are the definition's; Rejoin loses nothing, and flags
    /// in the end what the definition has open.
    #[test]
    fn brute_force_and_definition_agree(steps in prop::collection::vec(any::<(u8, u8, u8, u8)>(), 0..40)) {
        let history = random_history(&steps);
        let events = events(&history);
        let all: Vec<&Event<_, _>> = events.iter().collect();
        let past = Past::new(&history);
        let mut seen = Seen::new(&history);
        history.steps.iter().for_each(|step| seen.step(&history, step));
        let mut open = BTreeSet::new();
        for (object, kind) in OBJECTS {
            let of_object = definition::of_object(&all, &object.into());
            prop_assert_eq!(past.value(object), match definition::value(kind, &of_object) {
                Answer::Value(value) => {
                    Answer::Value(value.flatten())
                }
                Answer::Values(values) => {
                    let there = values.into_iter().filter_map(|(key, value)| Some((key, value?)));
                    Answer::Values(there.collect())
                }
                Answer::Entries(entries) => {
                    Answer::Entries(entries.into_iter().flatten().collect())
                }
                Answer::Count(count) => Answer::Count(count),
                Answer::Elements(set) => Answer::Elements(set),
                other => unreachable!("no history here has {other:?}"),
            });
            for frontier in definition::open_decisions(&object.into(), kind, &of_object) {
                open.extend(frontier.superseded.into_iter().map(|id| (object, id.dot)));
            }
            for (number, event) in events.iter().enumerate() {
                let Some((key, _)) = definition::decision(event) else { continue };
                if &*event.id.object != object {
                    continue;
                }
                let maximal = definition::maximal(&of_object, &key);
                let is_maximal = maximal.iter().any(|(other, _)| other.id == event.id);
                let key = past.key_of(number).expect("a decision has a key");
                let latest = past.latest(key, &seen.replicas[SERVER]);
                prop_assert_eq!(latest.contains(&number), is_maximal, "{:?}", event);
            }
        }
        let losses = count(&past, &mut Rejoin::new(&history));
        prop_assert_eq!(&losses.lost, &BTreeSet::new());
        for (object, dot) in open {
            let number = events.iter().position(|event| {
                &*event.id.object == object && event.id.dot == dot
            });
            prop_assert!(losses.flagged.contains(&number.expect("it is one of them")));
        }
    }
}
