//! Rare paths of a session: objects that are refused, too large, or left out for the peer's budget,
//! an interrupted class, and writes that never end.

use crate::link::{Link, Text, join, replica, schema, sync, write};
use rejoin::dot::{Origin, ReplicaId};
use rejoin::object::Priority;
use rejoin::operation::Operation;
use rejoin::optimized::replica::Replica;
use rejoin::sync::protocol::{Answer, Part, Record, decode, encode};
use rejoin::sync::{CLASSES, Config, Error, Event, Outcome, Session, Side};

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

/// A replica that has applied writes of a third one to these keys.
fn synced_from_third(name: &str, keys: [&str; 2]) -> Text {
    let mut third = replica("third");
    for key in keys {
        put(&mut third, "progress/tables", key, "by the third", 5);
    }
    let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
    Replica::restored(origin, third.objects().clone())
}

#[test]
fn a_key_that_goes_by_an_unknown_creation_dot_is_refused() {
    // The third replica's second write creates `k` here, and creates no key there.
    let mut a = synced_from_third("client", ["j", "k"]);
    let mut b = synced_from_third("server", ["j", "j"]);
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
        // If an urgent change comes meanwhile, this session ends, and a session of its own sends
        // it.
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

/// Two equal replicas sync, and the second lies about all hashes: it answers each question about
/// hash trees with these records. Returns what the first one reports.
fn lies(mut answer: impl FnMut(u64) -> Vec<Record>) -> (Vec<Event>, Result<(), Error>) {
    let (mut a, mut b) = (replica("client"), replica("server"));
    (0..60).for_each(|number| write(&mut a, number));
    sync(&mut a, &mut b);
    let config = Config { max_message: 32 << 20, ..Config::new(schema()) };
    let mut link = Link::new(&mut a, &mut b, &config);
    let (mut from, mut quiet, mut number) = (0, 0, 0);
    let mut result = Ok(());
    while quiet < 2 && result.is_ok() {
        quiet += 1;
        while let Some(mut message) = link.sessions[from].poll_message(link.replicas[from]) {
            quiet = 0;
            {
                let mut parts = decode(&message).unwrap();
                for part in &mut parts {
                    match part {
                        // The liar's own session must go on, too.
                        Part::Hello(hello) => {
                            hello.classes.iter_mut().for_each(|class| class.states[0] ^= 1);
                        }
                        Part::Checkpoints { checkpoints, .. } if from == 1 => {
                            for (_, checkpoint) in checkpoints {
                                checkpoint.hash.content.0[0] ^= 1;
                            }
                        }
                        Part::Answer(_, said) => {
                            number += 1;
                            *said = Answer::Records(answer(number));
                        }
                        _ => {}
                    }
                }
                message = encode(&parts);
            }
            result = link.sessions[1 - from].handle(link.replicas[1 - from], &message);
            if result.is_err() {
                break;
            }
        }
        from = 1 - from;
    }
    (link.events(0), result)
}

#[test]
fn lies_about_hash_trees_are_bounded_and_printed_without_what_steers() {
    let record = |key: u64| {
        let mut text = format!("\u{1b}]0;{key}\u{7}\n\u{202e}").into_bytes();
        text.resize(512, b'k');
        Record { key: text.clone(), body: text.repeat(4), digest: [key as u8; 16] }
    };
    let (events, result) = lies(|number| (0..8).map(|at| record(8 * number + at)).collect());
    assert_eq!(result, Ok(()));
    let found = events.iter().filter_map(|event| match event {
        Event::Discrepancy(found) => Some(found),
        _ => None,
    });
    let found: Vec<_> = found.collect();
    assert_eq!(found.len(), schema().iter().count(), "{events:?}");
    // If there are too many keys, those of this side come first.
    assert!(found.iter().any(|found| found.to_string().contains("\\u001b]0;")), "{found:?}");
    for found in found {
        let bytes = |side: &Option<Vec<u8>>| side.as_ref().map_or(0, Vec::len);
        assert!(!found.records.is_empty() && found.records.len() <= 64);
        for record in &found.records {
            assert!(record.key.len() <= 512 && bytes(&record.theirs) <= 2048);
        }
        let text = found.to_string();
        let steers = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!text.contains(steers), "{text}");
        // A line for each key, and two for keys of both sides.
        assert!(text.lines().count() <= 2 + 3 * found.records.len());
        assert!(text.lines().all(|line| line.chars().count() < 4_000));
    }
}

#[test]
fn an_answer_of_longer_records_ends_the_session() {
    for (key, body) in [(513, 1), (1, 2049), (15 << 20, 1), (1, 15 << 20)] {
        let record = Record { key: vec![b'k'; key], body: vec![1; body], digest: [7; 16] };
        let (_, result) = lies(|_| vec![record.clone()]);
        let error = result.expect_err("it is too long").to_string();
        assert!(error.contains("at most"), "{error}");
    }
}

#[test]
fn a_long_log_goes_in_pieces_and_a_cut_session_goes_on_where_it_was() {
    let (mut a, mut b) = (replica("client"), replica("server"));
    let append = |replica: &mut Text, number: u64| {
        // 1,024 digits, which no compression makes shorter than 512 bytes.
        let part = |part: u64| blake3::hash(&(16 * number + part).to_le_bytes()).to_hex();
        let entry: String = (0..16).map(|at| part(at).to_string()).collect();
        let append = Operation::Append { entry: Some(&*entry), timestamp: number };
        replica.perform("conversation", append, None).unwrap();
    };
    // Entries of three origins in turn: no origin is whole in one piece.
    for round in 0..5 {
        let mut third = Replica::restored(
            Origin { replica: ReplicaId::new("third").unwrap(), incarnation: 0 },
            a.objects().clone(),
        );
        (0..10).for_each(|number| append(&mut third, 100 * round + number));
        a = Replica::restored(a.origin().clone(), third.objects().clone());
        (0..15).for_each(|number| append(&mut a, 100 * round + 20 + number));
    }
    (0..5).for_each(|number| append(&mut b, 1_000 + number));
    let everything = join(&a, &b).state_hash();
    // The whole log is longer than one delta may be.
    let config = Config {
        max_object: 40_000,
        max_piece: 10_000,
        max_message: 4_096,
        ..Config::new(schema())
    };
    let (mut left, mut right) = (a.clone(), b.clone());
    let mut link = Link::new(&mut left, &mut right, &config);
    link.run();
    let whole = link.wire.bytes();
    let mut cuts = 0;
    for cut in 1.. {
        let (mut left, mut right) = (a.clone(), b.clone());
        let mut vectors = Vec::new();
        let mut link = Link::new(&mut left, &mut right, &config);
        let (mut from, mut quiet, mut number) = (0, 0, 0);
        while quiet < 2 && number < cut {
            quiet += 1;
            while number < cut
                && let Some(message) = link.sessions[from].poll_message(link.replicas[from])
            {
                quiet = 0;
                number += 1;
                link.sessions[1 - from].handle(link.replicas[1 - from], &message).unwrap();
                vectors.push(link.replicas[1].vector("conversation").unwrap());
            }
            from = 1 - from;
        }
        let is_whole = quiet == 2;
        if is_whole {
            link.assert_verified();
            vectors.dedup();
            assert!(vectors.len() > 12, "{} pieces", vectors.len());
            assert_eq!([left.state_hash(), right.state_hash()], [everything; 2]);
            break;
        }
        // What arrived before the cut is not sent again.
        let had: u64 = right.vector("conversation").unwrap().counts().iter().sum();
        let mut link = Link::new(&mut left, &mut right, &config);
        link.run();
        link.assert_verified();
        let rest = link.wire.bytes();
        let most = whole + 5_000 - 512 * (had as usize - 5);
        assert!(rest < most, "{rest} bytes after {had} entries, of {whole}");
        assert_eq!([left.state_hash(), right.state_hash()], [everything; 2]);
        cuts += 1;
    }
    assert!(cuts > 10, "{cuts} cuts");
}
