//! Sessions that bring large maps and sets in pieces: cut at every message, with writes in between,
//! from two senders in turn, over links that lose and repeat, and with limits.

use crate::link::{Link, Text, join, replica, schema};
use rejoin::operation::Operation;
use rejoin::optimized::replica::Replica;
use rejoin::sync::protocol::{Part, decode};
use rejoin::sync::{Config, Event, Session};

const TABLES: &str = "progress/tables";

/// Pieces of some 600 bytes, and a delta of everything is longer than is allowed.
fn config() -> Config {
    Config { max_object: 9_000, max_delta: 9_600, max_message: 1_024, ..Config::new(schema()) }
}

fn put(replica: &mut Text, number: u64) {
    // Digits in no order, which no compression makes much shorter.
    let value = blake3::hash(&number.to_le_bytes()).to_hex().to_string();
    let key = format!("table {}", number % 150);
    let operation = Operation::Put { key: &*key, value: Some(&*value), timestamp: number };
    replica.perform_audited(TABLES, operation, Some("ann".into()), number).unwrap();
    if number.is_multiple_of(4) {
        replica.perform("approved", Operation::Add { element: &*key }, None).unwrap();
    }
}

/// A new device, and a server whose map has 150 keys.
fn apart() -> [Text; 2] {
    let (mut device, mut server) = (replica("device"), replica("server"));
    (0..150).for_each(|number| put(&mut server, number));
    (700..702).for_each(|number| put(&mut device, number));
    [device, server]
}

/// How many pieces a message has.
fn pieces_in(message: &[u8]) -> usize {
    let parts = decode(message).unwrap();
    parts.iter().filter(|part| matches!(part, Part::Piece { .. })).count()
}

/// Delivers at most so many messages of a session. Returns the bytes, and whether it came to its end.
fn deliver(replicas: &mut [Text; 2], config: &Config, most: usize) -> (usize, usize, bool) {
    let [a, b] = &*replicas;
    let mut sessions = [Session::new(config.clone(), a), Session::new(config.clone(), b)];
    let (mut bytes, mut pieces, mut messages) = (0, 0, 0);
    let (mut from, mut quiet) = (0, 0);
    while quiet < 2 {
        quiet += 1;
        while let Some(message) = sessions[from].poll_message(&mut replicas[from]) {
            if messages == most {
                return (bytes, pieces, false);
            }
            quiet = 0;
            messages += 1;
            bytes += message.len();
            pieces += pieces_in(&message);
            sessions[1 - from].handle(&mut replicas[1 - from], &message).unwrap();
        }
        from = 1 - from;
    }
    assert!(sessions.iter().all(Session::is_done));
    (bytes, pieces, true)
}

fn assert_same(replicas: &mut [Text; 2], expected: &mut Text) {
    let [a, b] = replicas;
    assert_eq!([a.state_hash(), b.state_hash()], [expected.state_hash(); 2]);
    for object in [TABLES, "approved"] {
        let trail = expected.object(object).unwrap().audit_trail(None);
        for replica in [&*a, &*b] {
            assert!(replica.staged(object).is_none());
            assert_eq!(replica.object(object).unwrap().audit_trail(None), trail);
        }
    }
}

#[test]
fn an_object_over_the_limit_joins_a_new_device() {
    let [mut device, mut server] = apart();
    let whole = Config { max_delta: usize::MAX, ..config() };
    let mut link = Link::new(&mut device, &mut server, &whole);
    link.run();
    let refused = link.events(0);
    let is_refused =
        |event: &Event| matches!(event, Event::Refused { object, .. } if &**object == TABLES);
    assert!(refused.iter().any(is_refused), "in one delta it is too long: {refused:?}");

    let [mut device, mut server] = apart();
    let mut expected = join(&device, &server);
    let mut link = Link::new(&mut device, &mut server, &config());
    link.run();
    link.assert_verified();
    assert_same(&mut [device, server], &mut expected);
}

#[test]
fn a_session_that_is_cut_at_any_message_goes_on_where_it_was() {
    let both = apart();
    let mut expected = join(&both[0], &both[1]);
    let (whole, pieces, _) = deliver(&mut both.clone(), &config(), usize::MAX);
    assert!(pieces > 15, "{pieces} pieces");
    let mut cuts = 0;
    for cut in 1.. {
        let mut replicas = both.clone();
        let (_, before, is_over) = deliver(&mut replicas, &config(), cut);
        if is_over {
            break;
        }
        let (rest, after, _) = deliver(&mut replicas, &config(), usize::MAX);
        // Of the pieces that had arrived none is sent again.
        assert_eq!(before + after, pieces, "after {cut} messages");
        assert!(
            rest < whole + 600 - 300 * before.min(pieces),
            "{rest} of {whole}, {before} pieces"
        );
        assert_same(&mut replicas, &mut expected);
        cuts += 1;
    }
    println!("{cuts} cuts; {whole} bytes and {pieces} pieces without one");
    assert!(cuts > 8, "{cuts} cuts");
}

#[test]
fn a_sender_that_moves_on_between_cuts_sends_what_changed() {
    let [mut device, mut server] = apart();
    let mut third = replica("third");
    let (mut sessions, mut bytes, mut number) = (0, 0, 1_000);
    loop {
        let mut replicas = [device, server];
        let most = if sessions < 12 { 11 } else { usize::MAX };
        let (sent, _, is_over) = deliver(&mut replicas, &config(), most);
        [device, server] = replicas;
        bytes += sent;
        sessions += 1;
        if is_over {
            break;
        }
        // Keys that were sent, and others; also by a third replica, whom the device meets as well.
        for writer in [&mut server, &mut third] {
            put(writer, number);
            put(writer, number + 75);
            number += 7;
        }
        if sessions % 2 == 1 {
            crate::link::sync(&mut third, &mut device);
        }
    }
    let mut expected = join(&join(&device, &server), &third);
    let mut replicas = [device, third];
    deliver(&mut replicas, &config(), usize::MAX);
    let [device, _] = replicas;
    let mut replicas = [device, server];
    deliver(&mut replicas, &config(), usize::MAX);
    println!("{sessions} sessions of 11 messages, {bytes} bytes");
    assert!(sessions > 1, "{sessions} sessions");
    assert_same(&mut replicas, &mut expected);
}

#[test]
fn another_sender_goes_on_if_it_has_seen_what_the_pieces_rest_on() {
    let [device, server] = apart();
    let mut mirror = replica("mirror");
    let mut replicas = [mirror, server];
    deliver(&mut replicas, &config(), usize::MAX);
    let [newer, server] = replicas;
    mirror = newer;
    (2_000..2_003).for_each(|number| put(&mut mirror, number));
    let mut expected = join(&join(&device, &server), &mirror);
    let mut replicas = [device, server];
    let (_, before, _) = deliver(&mut replicas, &config(), 13);
    let [device, server] = replicas;
    let mut replicas = [device, mirror];
    let (_, after, _) = deliver(&mut replicas, &config(), usize::MAX);
    let (_, pieces, _) = deliver(&mut apart(), &config(), usize::MAX);
    assert!(before > 5 && before + after < pieces + 5, "{before} and {after} of {pieces}");
    let [device, mirror] = replicas;
    let mut replicas = [device, server];
    deliver(&mut replicas, &config(), usize::MAX);
    drop(mirror);
    assert_same(&mut replicas, &mut expected);
}

#[test]
fn lost_and_repeated_messages_cost_time_and_nothing_else() {
    for seed in 0..8_u64 {
        let mut replicas = apart();
        let mut expected = join(&replicas[0], &replicas[1]);
        let mut number = 0;
        'sessions: for _ in 0..8 {
            let [a, b] = &replicas;
            let mut sessions = [a, b].map(|replica| Session::new(config(), replica));
            let (mut from, mut quiet) = (0, 0);
            while quiet < 2 {
                quiet += 1;
                while let Some(message) = sessions[from].poll_message(&mut replicas[from]) {
                    quiet = 0;
                    number += 1;
                    let draw =
                        blake3::hash(&[seed.to_le_bytes(), u64::to_le_bytes(number)].concat());
                    let copies = match draw.as_bytes()[0] {
                        0..=12 => 0,
                        13..=40 => 2,
                        _ => 1,
                    };
                    for _ in 0..copies {
                        let to = 1 - from;
                        if sessions[to].handle(&mut replicas[to], &message).is_err() {
                            continue 'sessions;
                        }
                    }
                }
                from = 1 - from;
            }
        }
        deliver(&mut replicas, &config(), usize::MAX);
        assert_same(&mut replicas, &mut expected);
    }
}

#[test]
fn no_more_pieces_are_kept_than_are_allowed() {
    let [mut device, mut server] = apart();
    let few = Config { max_staged: 3_000, ..config() };
    let mut link = Link::new(&mut device, &mut server, &few);
    link.run();
    let events = link.events(0);
    let reason = events.iter().find_map(|event| match event {
        Event::Refused { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    let reason = reason.unwrap_or_else(|| panic!("{events:?}"));
    assert!(reason.contains("its pieces take more than 3000 bytes"), "{reason}");
    assert!(device.staged(TABLES).is_none());
    let mut expected = join(&device, &server);
    let mut replicas = [device, server];
    deliver(&mut replicas, &config(), usize::MAX);
    assert_same(&mut replicas, &mut expected);
}

#[test]
fn a_replica_that_was_stored_goes_on_with_its_pieces() {
    let mut replicas = apart();
    let mut expected = join(&replicas[0], &replicas[1]);
    let (_, before, _) = deliver(&mut replicas, &config(), 13);
    let [device, server] = &replicas;
    let records: Vec<Vec<u8>> = device.staged(TABLES).unwrap().records().map(Into::into).collect();
    assert!(records.len() > 5);
    let mut again = Replica::restored(device.origin().clone(), device.objects().clone());
    assert!(!again.restage("conversation", records.clone()), "a log has no pieces");
    assert!(again.restage(TABLES, records));
    let mut replicas = [again, server.clone()];
    let (_, after, _) = deliver(&mut replicas, &config(), usize::MAX);
    let (_, pieces, _) = deliver(&mut apart(), &config(), usize::MAX);
    assert!(before + after < pieces + 12, "{before} and {after} of {pieces}");
    assert_same(&mut replicas, &mut expected);
}
