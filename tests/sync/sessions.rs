//! Sessions between optimized replicas: they end at the join of both; if they are cut, nothing is
//! lost or made up; hashes are compared at checkpoints that both name, so that writes in between
//! raise no false alarm, and a difference is found and named.

use crate::link::{Link, Text, Wire, join, replica, replica_of, schema, sync, write};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use rejoin::dot::{Origin, ReplicaId};
use rejoin::object::{ObjectType, Priority};
use rejoin::operation::Operation;
use rejoin::optimized::replica::Replica;
use rejoin::sync::conflicts;
use rejoin::sync::protocol::seal;
use rejoin::sync::{CLASSES, Config, Event, Outcome, Session, Side};
use rejoin_harness::Rng;

#[test]
fn an_uncut_session_ends_at_the_join() {
    let (mut a, mut b) = (replica("client"), replica("server"));
    for round in 0..6 {
        for number in 0..round * 5 {
            if number % 2 == 0 || round > 3 {
                write(&mut a, round * 100 + number);
            }
            if number % 3 == 0 || round > 3 {
                write(&mut b, round * 90 + number);
            }
        }
        let expected = join(&a, &b).state_hash();
        let wire = sync(&mut a, &mut b);
        assert_eq!(a.state_hash(), expected);
        assert_eq!(b.state_hash(), expected);
        // The fifth message says to the responder that both are the same.
        assert!(wire.turns.len() <= 5, "{:?}", wire.turns);
    }
}

#[test]
fn nothing_to_say_takes_one_round_and_at_most_512_bytes() {
    let mut all: Vec<Text> = (0..10).map(|n| replica(&format!("replica-{n:08}"))).collect();
    for replica in &mut all {
        write(replica, 3);
    }
    let mut server = all.pop().unwrap();
    for replica in &mut all {
        sync(replica, &mut server);
    }
    let wire = sync(&mut all[8], &mut server);
    println!("nothing to say: {:?}", wire.turns);
    assert_eq!(wire.turns.len(), 2);
    assert!(wire.bytes() <= 512, "{:?}", wire.turns);
    write(&mut all[8], 1);
    println!("one write each: {:?}", sync(&mut all[8], &mut server).turns);
}

#[test]
fn both_may_begin() {
    let (mut a, mut b) = (replica("client"), replica("server"));
    (0..20).for_each(|number| write(&mut a, number));
    (0..20).for_each(|number| write(&mut b, number + 5));
    let expected = join(&a, &b).state_hash();
    let mut link = Link::new(&mut a, &mut b, &Config::new(schema()));
    loop {
        let ours = link.sessions[0].poll_message(link.replicas[0]);
        let theirs = link.sessions[1].poll_message(link.replicas[1]);
        if ours.is_none() && theirs.is_none() {
            break;
        }
        if let Some(theirs) = theirs {
            link.sessions[0].handle(link.replicas[0], &theirs).unwrap();
        }
        if let Some(ours) = ours {
            link.sessions[1].handle(link.replicas[1], &ours).unwrap();
        }
    }
    link.assert_verified();
    assert_eq!((a.state_hash(), b.state_hash()), (expected, expected));
}

#[test]
fn what_was_prepared_is_said_all_the_same() {
    let (mut a, mut b) = (replica("client"), replica("server"));
    (0..30).for_each(|number| write(&mut a, number));
    (0..20).for_each(|number| write(&mut b, number + 5));
    let all = |budget: Option<u64>, is_prepared: bool| {
        let (mut left, mut right) = (a.clone(), b.clone());
        let config = Config { budget, ..Config::new(schema()) };
        let mut link = Link::new(&mut left, &mut right, &config);
        let (mut said, mut compressed) = (Vec::new(), 0);
        let (mut from, mut quiet) = (0, 0);
        while quiet < 2 {
            quiet += 1;
            loop {
                if is_prepared {
                    link.sessions[from].prepare(link.replicas[from]);
                    link.sessions[from].compress(|delta| {
                        compressed += 1;
                        rejoin::wire::compress(delta).into_owned()
                    });
                }
                let Some(message) = link.sessions[from].poll_message(link.replicas[from]) else {
                    break;
                };
                quiet = 0;
                link.sessions[1 - from].handle(link.replicas[1 - from], &message).unwrap();
                said.push(message);
            }
            from = 1 - from;
        }
        assert!(link.sessions.iter().all(Session::is_done));
        assert_eq!(compressed > 0, is_prepared);
        said
    };
    for budget in [None, Some(0)] {
        assert_eq!(all(budget, true), all(budget, false));
    }
}

#[test]
fn a_session_may_be_cut_after_any_message_and_resumed() {
    let (mut a, mut b) = (replica("client"), replica("server"));
    (0..40).for_each(|number| write(&mut a, number));
    (0..40).for_each(|number| write(&mut b, number + 5));
    let everything = join(&a, &b);
    let mut config = Config::new(schema());
    config.max_message = 1024;
    let mut cut = 0;
    loop {
        let (mut left, mut right) = (a.clone(), b.clone());
        let mut link = Link::new(&mut left, &mut right, &config);
        let mut delivered = 0;
        let mut from = 0;
        let mut quiet = 0;
        'session: while quiet < 2 {
            quiet += 1;
            while let Some(message) = link.sessions[from].poll_message(link.replicas[from]) {
                if delivered == cut {
                    break 'session;
                }
                link.sessions[1 - from].handle(link.replicas[1 - from], &message).unwrap();
                delivered += 1;
                quiet = 0;
            }
            from = 1 - from;
        }
        let was_cut = quiet < 2;
        for (before, after) in [(&a, &left), (&b, &right)] {
            for name in before.objects().keys() {
                let [before, after, all] =
                    [before, after, &everything].map(|of| of.vector(name).unwrap());
                assert!(after.covers(&before) && all.covers(&after), "{name}");
            }
        }
        sync(&mut left, &mut right);
        assert_eq!(left.state_hash(), everything.clone().state_hash());
        assert_eq!(right.state_hash(), everything.clone().state_hash());
        if !was_cut {
            assert!(cut > 8, "only {cut} messages");
            break;
        }
        cut += 1;
    }
}

#[test]
fn a_message_cut_at_any_byte_is_refused_whole() {
    let (mut a, mut b) = (replica("client"), replica("server"));
    (0..4).for_each(|number| write(&mut a, number));
    let mut link = Link::new(&mut a, &mut b, &Config::new(schema()));
    link.turn(0);
    link.turn(1);
    let message = link.sessions[0].poll_message(link.replicas[0]).unwrap();
    let before = link.replicas[1].state_hash();
    for length in 0..message.len() {
        let mut session = link.sessions[1].clone();
        session.handle(link.replicas[1], &message[..length]).unwrap_err();
        assert_eq!(link.replicas[1].state_hash(), before);
    }
    link.sessions[1].handle(link.replicas[1], &message).unwrap();
    assert_ne!(link.replicas[1].state_hash(), before);
}

#[test]
fn writes_in_between_raise_no_false_alarm() {
    for pace in 1..5 {
        let (mut a, mut b) = (replica("client"), replica("server"));
        (0..10).for_each(|number| write(&mut a, number));
        (0..10).for_each(|number| write(&mut b, number + 5));
        let mut link = Link::new(&mut a, &mut b, &Config::new(schema()));
        let (mut from, mut quiet, mut number) = (0, 0, 0);
        while quiet < 2 {
            quiet = if link.turn(from) { 0 } else { quiet + 1 };
            number += 1;
            if number % pace == 0 && number < 200 {
                write(link.replicas[(number / pace % 2) as usize], number);
            }
            from = 1 - from;
            assert!(number < 300, "it goes on for ever");
        }
        for side in [0, 1] {
            let events = link.events(side);
            assert!(link.sessions[side].is_done(), "pace {pace}, side {side}: {events:?}");
            for event in events {
                match event {
                    Event::Changed(_) | Event::Done => {}
                    Event::ClassDone { outcome, .. } => {
                        assert!(matches!(outcome, Outcome::Verified | Outcome::WritesInBetween))
                    }
                    other => panic!("pace {pace}: {other:?}"),
                }
            }
        }
        sync(&mut a, &mut b);
        assert_eq!(a.state_hash(), b.state_hash());
    }
}

#[test]
fn classes_finish_independently() {
    let (mut a, mut b) = (replica("client"), replica("server"));
    (0..10).for_each(|number| write(&mut a, number));
    (0..10).for_each(|number| write(&mut b, number + 5));
    let mut link = Link::new(&mut a, &mut b, &Config::new(schema()));
    for session in &mut link.sessions {
        session.pause(Priority::Low);
    }
    link.run();
    for side in [0, 1] {
        let done = CLASSES.map(|class| link.sessions[side].is_class_done(class));
        assert_eq!(done, [true, true, false]);
        assert!(!link.sessions[side].is_done());
    }
    let objects = link.replicas[0].objects();
    for (name, object) in objects {
        let is_low = schema().get(name).unwrap().priority == Priority::Low;
        let same = object.vector() == link.replicas[1].vector(name).unwrap();
        assert_eq!(same, !is_low, "{name}");
    }
    for session in &mut link.sessions {
        session.resume(Priority::Low);
    }
    link.run();
    link.assert_verified();
}

#[test]
fn high_priority_comes_first() {
    let (mut a, mut b) = (replica("client"), replica("server"));
    for number in 0..500 {
        write(&mut a, number);
    }
    let mut config = Config::new(schema());
    config.max_message = 1024;
    let mut link = Link::new(&mut a, &mut b, &config);
    link.run();
    let done = link.events(1).into_iter().filter_map(|event| match event {
        Event::ClassDone { class, .. } => Some(class),
        _ => None,
    });
    assert_eq!(done.collect::<Vec<_>>(), CLASSES);
    let all = link.wire.turns.iter().flatten();
    assert!(all.clone().max().unwrap() <= &1024 && all.count() > 20);
}

/// Two replicas that have seen the same operations, by name, and have different values: a third
/// one's name was used twice.
fn forged(count: u64) -> (Text, Text) {
    let of = |name: &str, value: &str| {
        let mut third = replica("third");
        for number in 0..count {
            let key = format!("key {number}");
            let value = if number % 100 == 7 { value } else { "same" };
            let put = Operation::Put { key: key.as_str(), value: Some(value), timestamp: number };
            third.perform("progress/tables", put, None).unwrap();
        }
        let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
        Replica::restored(origin, third.objects().clone())
    };
    (of("client", "right"), of("server", "wrong"))
}

#[test]
fn a_difference_is_found_and_named() {
    for count in [8, 9, 1_000] {
        let (mut a, mut b) = forged(count);
        let before = [a.state_hash(), b.state_hash()];
        let mut link = Link::new(&mut a, &mut b, &Config::new(schema()));
        link.run();
        for side in [0, 1] {
            let events = link.events(side);
            let found = events.iter().find_map(|event| match event {
                Event::Discrepancy(found) => Some(found),
                _ => None,
            });
            let found = found.unwrap_or_else(|| panic!("{count}, {side}: {events:?}"));
            assert_eq!(&*found.object, "progress/tables");
            assert!(found.is_complete);
            let keys: Vec<_> = found.records.iter().map(|record| &record.key[..]).collect();
            let mut expected: Vec<_> =
                (0..count).filter(|n| n % 100 == 7).map(|n| format!("key {n}")).collect();
            expected.sort();
            assert_eq!(keys, expected.iter().map(|key| key.as_bytes()).collect::<Vec<_>>());
            let values = ["right", "wrong"];
            for record in &found.records {
                let ours = found.readable(record.ours.as_ref().unwrap());
                let theirs = found.readable(record.theirs.as_ref().unwrap());
                assert!(ours.contains(values[side]) && theirs.contains(values[1 - side]));
            }
            assert!(found.to_string().contains("of third (incarnation 0), its 8th, at 7: "));
            let outcomes = events.iter().filter_map(|event| match event {
                Event::ClassDone { class: Priority::High, outcome, .. } => Some(*outcome),
                _ => None,
            });
            assert_eq!(outcomes.collect::<Vec<_>>(), [Outcome::SomeDiffer]);
            assert!(link.sessions[side].is_done());
        }
        // Nothing was overwritten.
        assert_eq!([a.state_hash(), b.state_hash()], before);
    }
}

#[test]
fn a_fork_is_reported() {
    let mut a = replica("client");
    let mut b = replica("server");
    let mut twin = a.clone();
    write(&mut twin, 1);
    sync(&mut twin, &mut b);
    let mut link = Link::new(&mut a, &mut b, &Config::new(schema()));
    link.run();
    let events = link.events(0);
    assert!(events.iter().any(|event| matches!(
        event,
        Event::Forked { origin, performed: 0, known: 1, .. } if origin.replica.as_str() == "client"
    )), "{events:?}");
    assert!(link.sessions.iter().all(Session::is_done));
}

#[test]
fn what_only_one_side_has_is_told() {
    let more = schema().with("tasks", ObjectType::OrSet, Priority::High);
    let mut a = replica_of("client", 0, &more);
    let mut b = replica_of("server", 0, &schema().with("metrics", ObjectType::Log, Priority::Low));
    (0..5).for_each(|number| write(&mut a, number));
    let add = Operation::Add { element: "x" };
    b.perform("approved", add, None).unwrap();
    let sessions = [Session::new(Config::new(more), &a), Session::new(Config::new(schema()), &b)];
    let mut link = Link { replicas: [&mut a, &mut b], sessions, wire: Wire::default() };
    link.run();
    let metrics = ("metrics".into(), ObjectType::GCounter, ObjectType::Log);
    assert!(link.events(0).contains(&Event::SchemaDiffers {
        only_there: vec![],
        only_here: vec![("tasks".into(), ObjectType::OrSet)],
        other_types: vec![metrics],
    }));
    assert!(link.sessions.iter().all(Session::is_done));
    for name in ["approved", "progress/tables", "conversation", "patterns"] {
        assert_eq!(a.object_hash(name).unwrap(), b.object_hash(name).unwrap(), "{name}");
    }
}

#[test]
fn what_can_be_fetched_again_may_be_dropped() {
    let (mut a, mut b) = (replica("client"), replica("server"));
    (0..200).for_each(|number| write(&mut a, number));
    for number in 0..200 {
        let key = format!("{number}: {}", number * 7919);
        let put =
            Operation::Put { key: key.as_str(), value: Some(key.as_str()), timestamp: number };
        a.perform("patterns", put, None).unwrap();
    }
    let mut config = Config::new(schema());
    config.budget = Some(200);
    let mut link = Link::new(&mut a, &mut b, &config);
    link.run();
    for (side, by) in [(0, Side::Here), (1, Side::There)] {
        let events = link.events(side);
        let is_it = |event: &&Event| {
            matches!(event, Event::Dropped { object, by: who, .. }
                if &**object == "patterns" && *who == by)
        };
        assert!(events.iter().find(is_it).is_some(), "{events:?}");
        let low =
            Event::ClassDone { class: Priority::Low, outcome: Outcome::SomeDropped, changes: side };
        assert!(events.contains(&low), "{events:?}");
        assert!(link.sessions[side].is_done());
    }
    assert_eq!(a.object_hash("metrics"), b.object_hash("metrics"));
    assert_ne!(a.object_hash("patterns"), b.object_hash("patterns"));
}

#[test]
fn what_is_refused_is_asked_for_anew() {
    // The client's announcement is lost, since the server restarts in between: it does not know the
    // base of the client's delta.
    let (mut a, mut b) = (replica("client"), replica("server"));
    (0..5).for_each(|number| write(&mut a, number));
    sync(&mut a, &mut b);
    (0..5).for_each(|number| write(&mut a, number));
    (0..5).for_each(|number| write(&mut b, number));
    let mut link = Link::new(&mut a, &mut b, &Config::new(schema()));
    link.turn(0);
    link.turn(1);
    // The client's copy of the session forgets what it has announced.
    let answer = link.sessions[0].poll_message(link.replicas[0]).unwrap();
    link.sessions[1].handle(link.replicas[1], &answer).unwrap();
    let (mut c, mut d) = (link.replicas[0].clone(), link.replicas[1].clone());
    // The server's delta arrives in a new session of the client, which has announced nothing.
    let delta = link.sessions[1].poll_message(link.replicas[1]).unwrap();
    let mut link = Link::new(&mut c, &mut d, &Config::new(schema()));
    link.turn(0);
    link.turn(1);
    link.sessions[0].handle(link.replicas[0], &delta).unwrap();
    link.run();
    link.assert_verified();
    assert_eq!(c.state_hash(), d.state_hash());
}

#[test]
fn writes_while_a_difference_is_looked_for_end_the_search() {
    let (mut a, mut b) = forged(1_000);
    let mut link = Link::new(&mut a, &mut b, &Config::new(schema()));
    (0..5).for_each(|turn| {
        link.turn(turn % 2);
    });
    for replica in &mut link.replicas {
        write(replica, 1);
    }
    link.run();
    for side in [0, 1] {
        let events = link.events(side);
        let found = events.iter().find_map(|event| match event {
            Event::Discrepancy(found) => Some(found),
            _ => None,
        });
        assert!(!found.unwrap_or_else(|| panic!("{events:?}")).is_complete);
        assert!(link.sessions[side].is_done());
    }
}

#[test]
fn chunks_may_be_lost_or_repeated() {
    let (mut a, mut b) = (replica("client"), replica("server"));
    (0..300).for_each(|number| write(&mut a, number));
    let everything = a.clone().state_hash();
    let mut config = Config::new(schema());
    config.max_message = 1024;
    for lost in 0..24 {
        for repeated in [false, true] {
            let (mut left, mut right) = (a.clone(), b.clone());
            let mut link = Link::new(&mut left, &mut right, &config);
            let (mut from, mut quiet, mut number) = (0, 0, 0);
            while quiet < 2 {
                quiet += 1;
                while let Some(message) = link.sessions[from].poll_message(link.replicas[from]) {
                    quiet = 0;
                    number += 1;
                    let times = match (number == lost, repeated) {
                        (true, true) => 2,
                        (true, false) => 0,
                        (false, _) => 1,
                    };
                    for _ in 0..times {
                        let to = &mut link.sessions[1 - from];
                        // A lost greeting is noticed at the next message.
                        if to.handle(link.replicas[1 - from], &message).is_err() {
                            assert!(lost <= 2 && !repeated);
                            quiet = 2;
                        }
                    }
                }
                from = 1 - from;
            }
            if repeated {
                link.assert_verified();
                assert_eq!((left.state_hash(), right.state_hash()), (everything, everything));
            }
            for (before, after) in [(&a, &left), (&b, &right)] {
                for name in before.objects().keys() {
                    assert!(after.vector(name).unwrap().covers(&before.vector(name).unwrap()));
                }
            }
            sync(&mut left, &mut right);
            assert_eq!(right.state_hash(), everything);
        }
    }
    sync(&mut a, &mut b);
}

#[test]
fn a_sync_tells_what_it_changed_and_people_what_lost() {
    let (mut client, mut server) = (replica("client"), replica("server"));
    let add = Operation::Add { element: "X" };
    client.perform_audited("approved", add.clone(), Some("ann".into()), 100).unwrap();
    let remove = Operation::Remove { element: "X" };
    server.perform_audited("approved", remove, Some("bob".into()), 200).unwrap();
    let put = |value| Operation::Put { key: "orders", value: Some(value), timestamp: 50 };
    client.perform("progress/tables", put("done"), None).unwrap();
    let mut link = Link::new(&mut client, &mut server, &Config::new(schema()));
    link.run();
    let changed = link.events(1).into_iter().filter_map(|event| match event {
        Event::Changed(changed) => Some(changed),
        _ => None,
    });
    let revisions: Vec<_> = changed.flat_map(|changed| changed.revisions).collect();
    assert_eq!(revisions.len(), 2);
    assert_eq!((&revisions[0].before, &revisions[0].after), (&None, &Some(vec![])));
    assert_eq!(revisions[0].overruled.as_ref().unwrap().user.as_deref(), Some("bob"));
    assert_eq!(revisions[1].after.as_deref(), Some(&b"done"[..]));
    // The client's own state was the same before; the conflict is new there.
    let changed = link.events(0).into_iter().filter_map(|event| match event {
        Event::Changed(changed) => Some(changed),
        _ => None,
    });
    let revisions: Vec<_> = changed.flat_map(|changed| changed.revisions).collect();
    let [revision] = &revisions[..] else { panic!("{revisions:?}") };
    assert_eq!((&revision.key[..], revision.is_conflict), (&b"X"[..], true));
    assert_eq!(revision.before, revision.after);

    let open = conflicts::open(&server);
    assert_eq!(open, conflicts::open(&client));
    assert_eq!((open[0].kept[0].time, open[0].overruled[0].time), (Some(100), Some(200)));
    let audit = |of: &Text| of.object("approved").unwrap().audit_trail(None);
    let before = audit(&server);
    assert_eq!(before.conflicts(), []);

    let close = Operation::Remove { element: "X" };
    server.perform_audited("approved", close, Some("eve".into()), 300).unwrap();
    sync(&mut client, &mut server);
    assert!(conflicts::open(&client).is_empty());
    let later = audit(&client);
    assert_eq!(later, audit(&server));
    assert_eq!(later.records[..2], before.records);
    let closed = later.conflicts();
    let [conflict] = &closed[..] else { panic!("{closed:?}") };
    let users = [conflict.won, conflict.lost[0], conflict.closed_by].map(|record| &record.user);
    assert_eq!(users.map(|user| user.as_deref()), [Some("ann"), Some("bob"), Some("eve")]);
}

/// How many classes of random worlds were verified, and how many were not because of writes in
/// between.
fn random_worlds(seeds: impl Iterator<Item = u64>) -> [u64; 2] {
    let mut outcomes = [0; 2];
    for seed in seeds {
        let mut random = Rng::new(seed);
        let mut below = |limit: u64| random.below(limit);
        let mut replicas = ["ann", "bob", "eve"].map(replica);
        let mut config = Config::new(schema());
        config.max_message = [1024, 2048, 1 << 18][below(3) as usize];
        let pace = 1 + below(12);
        for round in 0..8 {
            for replica in &mut replicas {
                (0..below(12)).for_each(|_| write(replica, below(1_000)));
            }
            let first = below(3) as usize;
            let mut left = replicas[first].clone();
            let mut right = replicas[(first + 1) % 3].clone();
            let cut = if below(2) == 0 { below(12) } else { u64::MAX };
            let mut link = Link::new(&mut left, &mut right, &config);
            let (mut from, mut quiet, mut number, mut writes) = (0, 0, 0, 0);
            while quiet < 2 && number < cut {
                quiet += 1;
                while let Some(message) = link.sessions[from].poll_message(link.replicas[from]) {
                    quiet = 0;
                    number += 1;
                    if below(pace) == 0 && writes < 40 {
                        writes += 1;
                        write(link.replicas[below(2) as usize], below(1_000));
                    }
                    link.sessions[1 - from].handle(link.replicas[1 - from], &message).unwrap();
                    assert!(number < 2_000, "seed {seed}, round {round}: it goes on for ever");
                    if below(3) == 0 {
                        break;
                    }
                }
                from = 1 - from;
            }
            for side in [0, 1] {
                let events = link.events(side);
                let is_done = link.sessions[side].is_done();
                assert!(is_done || quiet < 2, "seed {seed}, round {round}, {side}: {events:?}");
                for event in events {
                    match event {
                        Event::Changed(_) | Event::Done => {}
                        Event::ClassDone { outcome: Outcome::Verified, .. } => outcomes[0] += 1,
                        Event::ClassDone { outcome: Outcome::WritesInBetween, .. } => {
                            outcomes[1] += 1;
                        }
                        other => panic!("seed {seed}, round {round}: {other:?}"),
                    }
                }
            }
            replicas[first] = left;
            replicas[(first + 1) % 3] = right;
        }
        let [ann, bob, eve] = &mut replicas;
        sync(ann, bob);
        sync(bob, eve);
        sync(ann, eve);
        assert_eq!(ann.state_hash(), bob.state_hash());
        assert_eq!(ann.state_hash(), eve.state_hash());
    }
    outcomes
}

#[test]
fn in_random_worlds_sessions_end_without_false_alarms() {
    let mut outcomes = [0; 2];
    std::thread::scope(|scope| {
        let halves =
            [0, 1].map(|first| scope.spawn(move || random_worlds((first..400).step_by(2))));
        for half in halves {
            let ended = half.join().expect("its message says why");
            outcomes = [0, 1].map(|outcome: usize| outcomes[outcome] + ended[outcome]);
        }
    });
    println!("verified {}, not for writes in between {}", outcomes[0], outcomes[1]);
    assert!(outcomes[0] > 10 * outcomes[1]);
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::with_cases(400)
    })]

    #[test]
    fn any_bytes_are_taken_or_refused(
        at in 0_usize..4, places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        repair in any::<bool>(),
    ) {
        let (mut a, mut b) = (replica("client"), replica("server"));
        (0..6).for_each(|number| write(&mut a, number));
        (0..6).for_each(|number| write(&mut b, number + 5));
        let mut link = Link::new(&mut a, &mut b, &Config::new(schema()));
        (0..at).for_each(|turn| { link.turn(turn % 2); });
        let from = at % 2;
        let mut message = link.sessions[from].poll_message(link.replicas[from]).unwrap();
        for (place, byte) in places {
            let place = place.index(message.len());
            message[place] = byte;
        }
        if repair {
            message.truncate(message.len() - 8);
            message = seal(message);
        }
        let to = 1 - from;
        if link.sessions[to].handle(link.replicas[to], &message).is_ok() {
            for turn in 0..40 {
                let (from, to) = (turn % 2, 1 - turn % 2);
                while let Some(message) = link.sessions[from].poll_message(link.replicas[from]) {
                    let _ = link.sessions[to].handle(link.replicas[to], &message);
                }
            }
        }
    }
}
