//! What rarely happens in a session: objects that are refused, too large or left out for the peer's
//! budget, a class that is interrupted, and writes that never end.

use crate::link::{Link, Text, replica, schema, sync, write};
use rejoin::dot::{Origin, ReplicaId};
use rejoin::object::Priority;
use rejoin::operation::Operation;
use rejoin::optimized::replica::Replica;
use rejoin::sync::{CLASSES, Config, Event, Outcome, Session, Side};

/// How each class ended, in the order of the classes.
fn outcomes(events: &[Event]) -> Vec<Outcome> {
    let done = CLASSES.iter().filter_map(|of| {
        events.iter().find_map(|event| match event {
            Event::ClassDone { class, outcome, .. } if class == of => Some(*outcome),
            _ => None,
        })
    });
    done.collect()
}

fn put(replica: &mut Text, object: &str, key: &str, value: &str, timestamp: u64) {
    let operation = Operation::Put { key, value: Some(value), timestamp };
    replica.perform(object, operation, None).unwrap();
}

/// Values that no compression shortens.
fn fill(replica: &mut Text, object: &str, keys: u64) {
    for number in 0..keys {
        let hash = blake3::hash(&number.to_le_bytes()).to_hex();
        put(replica, object, &hash[..8], &hash, number);
    }
}

/// A replica that has from a third one that it wrote to these keys.
fn told(name: &str, keys: [&str; 2]) -> Text {
    let mut third = replica("third");
    for key in keys {
        put(&mut third, "progress/tables", key, "by the third", 5);
    }
    let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
    Replica::restored(origin, third.objects().clone())
}

#[test]
fn a_key_that_goes_by_an_unknown_creation_dot_is_refused() {
    // The third one's second write is the first one to `k` here, and no first one there.
    let mut a = told("client", ["j", "k"]);
    let mut b = told("server", ["j", "j"]);
    put(&mut a, "progress/tables", "k", "by the client", 9);
    write(&mut b, 1);
    let before = b.object_hash("progress/tables").unwrap();
    let mut link = Link::new(&mut a, &mut b, &Config::new(schema()));
    link.run();
    for (side, reason) in [(0, "the peer refused"), (1, "not the first decision on any key here")] {
        let events = link.events(side);
        let is_it = |event: &Event| {
            matches!(event, Event::Refused { object, reason: why }
                if &**object == "progress/tables" && why.contains(reason))
        };
        assert!(events.iter().any(is_it), "{side}: {events:?}");
        let expected = [Outcome::SomeRefused, Outcome::Verified, Outcome::Verified];
        assert_eq!(outcomes(&events), expected, "{side}: {events:?}");
        assert!(link.sessions[side].is_done());
    }
    assert_eq!(b.object_hash("progress/tables").unwrap(), before);
    assert_eq!(a.object_hash("approved"), b.object_hash("approved"));
}

#[test]
fn what_is_too_large_for_either_side_is_left_out_until_more_is_allowed() {
    for small in [0, 1] {
        let (mut a, mut b) = (replica("client"), replica("server"));
        fill(&mut a, "progress/tables", 60);
        write(&mut a, 1);
        write(&mut b, 2);
        let mut configs = [Config::new(schema()), Config::new(schema())];
        configs[small].max_object = 2_000;
        let [ours, theirs] = configs;
        let sessions = [Session::new(ours, &a), Session::new(theirs, &b)];
        let mut link = Link { replicas: [&mut a, &mut b], sessions, wire: Default::default() };
        link.run();
        for side in [0, 1] {
            let events = link.events(side);
            let refused = events.iter().filter_map(|event| match event {
                Event::Refused { object, reason } => Some((&**object, reason)),
                _ => None,
            });
            let refused: Vec<_> = refused.collect();
            let [("progress/tables", reason)] = refused[..] else { panic!("{side}: {events:?}") };
            assert!(reason.contains("bytes") && reason.contains("allow more on both"), "{reason}");
            let expected = [Outcome::SomeRefused, Outcome::Verified, Outcome::Verified];
            assert_eq!(outcomes(&events), expected, "{side}: {events:?}");
            assert!(link.sessions[side].is_done());
        }
        assert_eq!(a.object_hash("approved"), b.object_hash("approved"));
        assert_ne!(a.object_hash("progress/tables"), b.object_hash("progress/tables"));
        sync(&mut a, &mut b);
        assert_eq!(a.state_hash(), b.state_hash());
    }
}

#[test]
fn the_receivers_budget_holds() {
    let (mut a, mut b) = (replica("client"), replica("server"));
    fill(&mut a, "patterns", 60);
    write(&mut a, 1);
    write(&mut b, 2);
    let sparing = Config { budget: Some(500), ..Config::new(schema()) };
    let sessions = [Session::new(Config::new(schema()), &a), Session::new(sparing, &b)];
    let mut link = Link { replicas: [&mut a, &mut b], sessions, wire: Default::default() };
    link.run();
    for (side, who) in [(0, Side::Here), (1, Side::There)] {
        let events = link.events(side);
        let is_it = |event: &Event| {
            matches!(event, Event::Dropped { object, by, bytes }
                if &**object == "patterns" && *by == who && *bytes > 500)
        };
        assert!(events.iter().any(is_it), "{side}: {events:?}");
        let expected = [Outcome::Verified, Outcome::Verified, Outcome::SomeDropped];
        assert_eq!(outcomes(&events), expected, "{side}: {events:?}");
    }
    assert_eq!(a.object_hash("metrics"), b.object_hash("metrics"));
    assert!(sync(&mut a, &mut b).bytes() > 2_000);
    assert_eq!(a.state_hash(), b.state_hash());
}

#[test]
fn low_priority_is_interrupted_in_the_middle_and_resumed() {
    let (mut a, mut b) = (replica("client"), replica("server"));
    fill(&mut a, "patterns", 200);
    let mut config = Config::new(schema());
    config.max_message = Config::LEAST_MESSAGE;
    for is_cut in [false, true] {
        let (mut left, mut right) = (a.clone(), b.clone());
        let mut link = Link::new(&mut left, &mut right, &config);
        link.turn(0);
        link.turn(1);
        // Four chunks of many, and then a pause.
        for _ in 0..4 {
            let message = link.sessions[0].poll_message(link.replicas[0]).unwrap();
            link.sessions[1].handle(link.replicas[1], &message).unwrap();
        }
        link.sessions[0].pause(Priority::Low);
        assert_eq!(link.sessions[0].poll_message(link.replicas[0]), None);
        assert!(!link.sessions[1].is_class_done(Priority::Low));
        // What is urgent meanwhile is done in a session of its own, where this one is over.
        write(link.replicas[0], 3);
        if is_cut {
            link = Link::new(&mut left, &mut right, &config);
            link.sessions.iter_mut().for_each(|session| session.pause(Priority::Low));
            link.run();
            let urgent = ["approved", "conversation"];
            for name in urgent {
                let [a, b] = [0, 1].map(|side| link.replicas[side].vector(name).unwrap());
                assert_eq!(a, b, "{name}");
            }
            assert!(link.sessions.iter().all(|session| session.is_class_done(Priority::High)));
            assert!(link.sessions.iter().all(|session| !session.is_class_done(Priority::Low)));
        }
        link.sessions.iter_mut().for_each(|session| session.resume(Priority::Low));
        link.run();
        for side in [0, 1] {
            let events = link.events(side);
            assert_eq!(outcomes(&events)[2], Outcome::Verified, "{is_cut}: {side}: {events:?}");
            assert!(link.sessions[side].is_done());
        }
        assert_eq!(left.object_hash("patterns"), right.object_hash("patterns"));
        sync(&mut left, &mut right);
        assert_eq!(left.state_hash(), right.state_hash());
    }
    sync(&mut a, &mut b);
}

#[test]
fn constant_writes_end_after_the_rounds_that_are_allowed() {
    for max_rounds in [1, 2, 5] {
        let (mut a, mut b) = (replica("client"), replica("server"));
        write(&mut a, 1);
        write(&mut b, 2);
        let config = Config { max_rounds, ..Config::new(schema()) };
        let mut link = Link::new(&mut a, &mut b, &config);
        let (mut from, mut quiet, mut turns) = (0, 0, 0);
        while quiet < 2 {
            quiet = if link.turn(from) { 0 } else { quiet + 1 };
            // Both write between any two messages.
            for replica in &mut link.replicas {
                replica.perform("approved", Operation::Add { element: "x" }, None).unwrap();
            }
            turns += 1;
            from = 1 - from;
            assert!(turns < 100, "it goes on for ever");
        }
        println!("{max_rounds} rounds: {:?}", link.wire.turns);
        for side in [0, 1] {
            let events = link.events(side);
            let expected = [Outcome::WritesInBetween, Outcome::Verified, Outcome::Verified];
            assert_eq!(outcomes(&events), expected, "{side}: {events:?}");
            assert!(link.sessions[side].is_done());
        }
        assert!(link.wire.turns.len() <= 5 + 2 * max_rounds as usize, "{:?}", link.wire.turns);
        sync(&mut a, &mut b);
        assert_eq!(a.state_hash(), b.state_hash());
    }
}
