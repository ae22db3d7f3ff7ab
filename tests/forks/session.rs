//! The same by sessions: a session finds a fork before it applies anything, and both sides heal.
//! Worlds of sessions that are cut anywhere lose nothing, and raise no false alarm.

use crate::world::Random;
use rejoin::dot::{Origin, ReplicaId};
use rejoin::operation::Operation;
use rejoin::optimized::replica::Object;
use rejoin::optimized::replica::Replica;
use rejoin::sync::{Config, Event, Outcome, Schema, Session};
use std::collections::BTreeSet;

type Node = Replica;

fn schema() -> Schema {
    Schema::new().set("approved").map("items").counter("records").log("talk").register("phase")
}

fn node(name: &str, opening: u64) -> Node {
    let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
    let mut node = Node::new(origin, &schema().types());
    node.open(opening).unwrap();
    node
}

fn reopened(backup: &Node, opening: u64) -> Node {
    let mut node = Node::restored(backup.origin().clone(), backup.objects().clone());
    node.open(opening).unwrap();
    node
}

/// Runs a session to its end; returns the forks that either side found, and the outcomes of the
/// classes.
fn sync(a: &mut Node, b: &mut Node) -> (usize, Vec<Outcome>) {
    let config = Config::new(schema());
    let (mut here, mut there) = (Session::new(config.clone(), a), Session::new(config, b));
    for _ in 0..100 {
        while let Some(message) = here.poll_message(a) {
            there.handle(b, &message).unwrap();
        }
        while let Some(message) = there.poll_message(b) {
            here.handle(a, &message).unwrap();
        }
        if here.is_done() && there.is_done() {
            break;
        }
    }
    let (mut healed, mut outcomes) = (0, Vec::new());
    for session in [&mut here, &mut there] {
        while let Some(event) = session.poll_event() {
            match event {
                Event::Healed(_) => healed += 1,
                Event::ClassDone { outcome, .. } => outcomes.push(outcome),
                Event::Refused { .. } | Event::Discrepancy(_) => panic!("{event:?}"),
                _ => {}
            }
        }
    }
    (healed, outcomes)
}

fn edit_all(node: &mut Node, what: &str, times: u64) {
    for timestamp in 1..=times {
        let edits = [
            ("approved", Operation::Add { element: what }),
            ("items", Operation::Put { key: what, value: Some("1"), timestamp }),
            ("records", Operation::Increment { amount: 1 }),
            ("talk", Operation::Append { entry: Some(what), timestamp }),
            ("phase", Operation::Write { value: Some(what), timestamp }),
        ];
        for (object, edit) in edits {
            node.perform(object, edit, None).unwrap();
        }
    }
}

#[test]
fn sessions_heal_forks_of_any_length() {
    // How often each branch was written, and who meets: the device itself, or another one.
    for (before, after) in [(1, 1), (1, 2), (3, 1), (2, 5)] {
        for opening in [20, 30] {
            let mut server = node("server", 1);
            let mut phone = node("phone", 25);
            edit_all(&mut phone, "shared", 1);
            let (healed, outcomes) = sync(&mut phone, &mut server);
            assert_eq!(healed, 0, "a false alarm");
            assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Verified));
            let backup = phone.clone();
            edit_all(&mut phone, "before", before);
            sync(&mut phone, &mut server);

            let mut phone = reopened(&backup, opening);
            edit_all(&mut phone, "after", after);
            let (healed, _) = sync(&mut phone, &mut server);
            assert!(healed >= 5, "{healed} forks of 5 objects were found");
            let (healed, outcomes) = sync(&mut phone, &mut server);
            assert_eq!(healed, 0, "healed once and for all");
            assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Verified), "{outcomes:?}");
            assert_eq!(phone.state_hash(), server.state_hash());
            let rejoin::optimized::replica::Object::GCounter(count) =
                server.object("records").unwrap()
            else {
                panic!("it is a counter");
            };
            assert_eq!(count.value(), Some(u128::from(1 + before + after)));
        }
    }
}

/// The content of a node: the number of each edit, by object. Each increment has a bit of its own,
/// so a total shows which were counted, and that none was counted twice.
fn held(node: &Node) -> BTreeSet<(String, u64)> {
    let mut held = BTreeSet::new();
    for (name, object) in node.objects() {
        let numbers: Vec<u64> = match object {
            Object::GCounter(counter) => {
                let total = counter.value().unwrap();
                (0..64).filter(|bit| total >> bit & 1 == 1).collect()
            }
            Object::OrSet(set) => set.iter().map(|element| element.parse().unwrap()).collect(),
            Object::LwwMap(map) => map.iter().map(|(key, _)| key.parse().unwrap()).collect(),
            Object::Log(log) => log.entries().map(|entry| entry.value().parse().unwrap()).collect(),
            _ => continue,
        };
        held.extend(numbers.into_iter().map(|number| (name.to_string(), number)));
    }
    held
}

/// The outcome of a meeting.
#[derive(Default)]
struct Meeting {
    healed: usize,
    is_verified: bool,
}

/// Runs a session that is cut after so many messages. Neither side loses anything.
fn meet(a: &mut Node, b: &mut Node, cut: u64, max_message: usize) -> Meeting {
    let before = [held(a), held(b)];
    let config = Config { max_message, ..Config::new(schema()) };
    let mut sides = [Session::new(config.clone(), a), Session::new(config, b)];
    let (mut from, mut quiet, mut number) = (0, 0, 0);
    while quiet < 2 && number < cut {
        quiet += 1;
        loop {
            let [speaker, listener] = match from {
                0 => [&mut *a, &mut *b],
                _ => [&mut *b, &mut *a],
            };
            let Some(message) = sides[from].poll_message(speaker) else { break };
            quiet = 0;
            number += 1;
            sides[1 - from].handle(listener, &message).unwrap();
            if number == cut {
                break;
            }
        }
        from = 1 - from;
    }
    assert!(number < 500, "the session does not end");
    let [here, there] = [held(a), held(b)];
    assert!(here.is_superset(&before[0]) && there.is_superset(&before[1]), "an edit was lost");
    let all: BTreeSet<_> = before[0].union(&before[1]).cloned().collect();
    assert!(all.is_superset(&here) && all.is_superset(&there), "an edit was made up");
    let mut meeting = Meeting { healed: 0, is_verified: true };
    for session in &mut sides {
        meeting.is_verified &= session.is_done();
        while let Some(event) = session.poll_event() {
            match event {
                Event::Healed(_) => meeting.healed += 1,
                Event::ClassDone { outcome, .. } => {
                    meeting.is_verified &= outcome == Outcome::Verified;
                }
                Event::Changed(_) | Event::Done => {}
                event => panic!("{event:?}"),
            }
        }
    }
    if cut == u64::MAX {
        assert_eq!(here, all, "a session that is not cut brings everything");
        assert_eq!(there, all);
    }
    meeting
}

/// Disks are restored and files copied; sessions are cut anywhere. Returns how many disks were
/// restored or copied, and how many forks were reported.
fn world(seed: u64) -> (usize, usize) {
    let mut random = Random(seed);
    let max_message = if random.below(2) == 0 { 1024 } else { 1 << 18 };
    let mut nodes: Vec<Node> = ["phone", "laptop", "server"]
        .iter()
        .enumerate()
        .map(|(at, name)| node(name, seed << 16 | at as u64))
        .collect();
    let (mut backups, mut opened) = (nodes.clone(), 3);
    let (mut restored, mut healed, mut number) = (0, 0, 0);
    for _ in 0..60 {
        let at = random.below(nodes.len());
        match random.below(10) {
            0..=4 if number < 60 => {
                let text = number.to_string();
                let (key, timestamp) = (&*text, number + 1);
                let (object, edit) = match random.below(4) {
                    0 => ("approved", Operation::Add { element: key }),
                    1 => ("items", Operation::Put { key, value: Some("1"), timestamp }),
                    2 => ("records", Operation::Increment { amount: 1 << number }),
                    _ => ("talk", Operation::Append { entry: Some(key), timestamp }),
                };
                nodes[at].perform(object, edit, None).unwrap();
                number += 1;
            }
            5 => backups[at] = nodes[at].clone(),
            6 => {
                opened += 1;
                restored += 1;
                nodes[at] = reopened(&backups[at], seed << 16 | opened);
            }
            7 if nodes.len() < 5 => {
                opened += 1;
                restored += 1;
                let copy = reopened(&nodes[at], seed << 16 | opened);
                nodes.push(copy.clone());
                backups.push(copy);
            }
            _ => {
                let other = (at + 1 + random.below(nodes.len() - 1)) % nodes.len();
                let cut = if random.below(3) == 0 { u64::MAX } else { 1 + random.below(12) as u64 };
                let [a, b] = nodes.get_disjoint_mut([at, other]).unwrap();
                healed += meet(a, b, cut, max_message).healed;
            }
        }
    }
    // All meet until nothing changes.
    let everything: BTreeSet<_> = nodes.iter().flat_map(held).collect();
    for _ in 0..3 {
        for at in 0..nodes.len() {
            for other in at + 1..nodes.len() {
                let [a, b] = nodes.get_disjoint_mut([at, other]).unwrap();
                healed += meet(a, b, u64::MAX, max_message).healed;
            }
        }
    }
    let hash = nodes[0].state_hash();
    for at in 0..nodes.len() {
        assert_eq!(held(&nodes[at]), everything);
        assert_eq!(nodes[at].state_hash(), hash, "one state, under one set of names");
        let other = (at + 1) % nodes.len();
        let [a, b] = nodes.get_disjoint_mut([at, other]).unwrap();
        let meeting = meet(a, b, u64::MAX, max_message);
        assert!(meeting.is_verified && meeting.healed == 0, "{at} and {other}: healed for good");
    }
    (restored, healed)
}

#[test]
fn worlds_of_sessions_lose_nothing() {
    let (mut restored, mut healed) = (0, 0);
    for seed in 0..500 {
        let (restores, heals) = std::panic::catch_unwind(|| world(seed)).unwrap_or_else(|_| {
            panic!("seed {seed}");
        });
        assert!(restores > 0 || heals == 0, "seed {seed}: a false alarm");
        restored += restores;
        healed += heals;
    }
    println!("{restored} disks were restored or copied, {healed} forks reported");
    assert!(restored > 2_000 && healed > 2_000, "{restored} {healed}");
}
