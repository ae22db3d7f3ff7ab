//! Sessions that bring large maps and sets in pieces: cut at every message, with writes in between,
//! from two senders in turn and at once, over links that lose and repeat, and with limits.

use crate::link::{Link, Text, join, replica, schema};
use rejoin::dot::{Origin, ReplicaId};
use rejoin::object::{ObjectType, Priority};
use rejoin::operation::Operation;
use rejoin::optimized::replica::Replica;
use rejoin::optimized::staging::ReceivedPiece;
use rejoin::sync::protocol::{Part, decode, encode};
use rejoin::sync::{Config, Connection, ConnectionConfig, Drift, Event, Outcome, Schema, Session};
use rejoin::wire::{BaseEncoding, OriginEncoding};
use std::time::Duration;

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
        // Greetings, vectors and checkpoints come once more, and the bytes of the pieces do not.
        assert!(rest + 300 * before < whole + 900, "{rest} of {whole}, {before} pieces");
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
    let (mut lost, mut repeated, mut sent_at_last) = (0, 0, 0);
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
                    lost += u32::from(copies == 0);
                    repeated += u32::from(copies == 2);
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
        let (_, pieces, _) = deliver(&mut replicas, &config(), usize::MAX);
        sent_at_last += pieces;
        assert_same(&mut replicas, &mut expected);
    }
    let (_, pieces, _) = deliver(&mut apart(), &config(), usize::MAX);
    println!("{lost} lost, {repeated} repeated; at last {sent_at_last} pieces of 8 · {pieces}");
    assert!(lost > 8 && repeated > 16, "{lost} lost, {repeated} repeated");
    assert!(sent_at_last < 2 * pieces, "{sent_at_last} pieces were left of 8 · {pieces}");
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
    assert_eq!(before + after, pieces, "a piece that was stored came again");
    assert_same(&mut replicas, &mut expected);
}

/// A device that has sessions with two servers at once, and whether each session goes on.
struct Star {
    device: Text,
    servers: [Text; 2],
    sessions: [[Session; 2]; 2],
    runs: [bool; 2],
    pieces: usize,
}

impl Star {
    fn new(device: Text, servers: [Text; 2], configs: [Config; 2]) -> Self {
        let [first, second] = &servers;
        let [one, two] = configs;
        let session = |server: &Text, config: Config| {
            [Session::new(config.clone(), &device), Session::new(config, server)]
        };
        let sessions = [session(first, one), session(second, two)];
        Self { device, servers, sessions, runs: [true; 2], pieces: 0 }
    }

    /// Each side of each session says one thing. Returns whether anything was said.
    fn step(&mut self) -> bool {
        let mut says = false;
        let runs = self.runs;
        for at in [0, 1].into_iter().filter(|at| runs[*at]) {
            let [here, there] = &mut self.sessions[at];
            if let Some(message) = here.poll_message(&mut self.device) {
                there.handle(&mut self.servers[at], &message).unwrap();
                says = true;
            }
            if let Some(message) = there.poll_message(&mut self.servers[at]) {
                self.pieces += pieces_in(&message);
                here.handle(&mut self.device, &message).unwrap();
                says = true;
            }
        }
        says
    }

    fn run(&mut self) {
        let mut steps = 0;
        while self.step() {
            steps += 1;
            assert!(steps < 2_000, "it comes to no end");
        }
    }

    fn events(&mut self, at: usize) -> Vec<Event> {
        std::iter::from_fn(|| self.sessions[at][0].poll_event()).collect()
    }

    /// Both sessions came to their ends, and left nothing out.
    fn assert_over(&mut self) {
        for at in [0, 1] {
            let events = self.events(at);
            assert!(self.sessions[at].iter().all(Session::is_done), "session {at}: {events:?}");
            for event in &events {
                let is_well = match event {
                    Event::Changed(_) | Event::Done => true,
                    Event::ClassDone { outcome, .. } => {
                        [Outcome::Verified, Outcome::WritesInBetween].contains(outcome)
                    }
                    _ => false,
                };
                assert!(is_well, "session {at}: {event:?}");
            }
        }
        assert!(self.device.all_staged().is_empty());
    }
}

/// Two servers of 150 keys; the second one has seen all of the first one, or has other keys and values.
fn servers(are_equal: bool) -> [Text; 2] {
    let [_, first] = apart();
    let second = match are_equal {
        true => join(&replica("mirror"), &first),
        false => {
            let mut second = replica("second");
            (75..225).for_each(|number| put(&mut second, 5_000 + number));
            second
        }
    };
    [first, second]
}

#[test]
fn two_sessions_feed_one_replica() {
    let small = Config { max_delta: 4_800, ..config() };
    let (_, alone, _) = deliver(&mut apart(), &config(), usize::MAX);
    for are_equal in [true, false] {
        for configs in [[config(), config()], [config(), small.clone()], [small.clone(), config()]]
        {
            let servers = servers(are_equal);
            let [device, _] = apart();
            let mut expected = join(&join(&device, &servers[0]), &servers[1]);
            let mut star = Star::new(device, servers, configs);
            star.run();
            star.assert_over();
            println!("equal: {are_equal}: {} pieces, {alone} of one server alone", star.pieces);
            // What one of them brought in between may wait for the next session of the other one.
            let Star { mut device, servers, .. } = star;
            for server in servers {
                let mut replicas = [device, server];
                let (_, _, is_over) = deliver(&mut replicas, &config(), usize::MAX);
                assert!(is_over);
                [device, _] = replicas;
            }
            assert_eq!(device.state_hash(), expected.state_hash());
        }
    }
}

#[test]
fn one_session_goes_on_when_another_one_that_fed_the_replica_ends() {
    let mut cut = 0;
    for are_equal in [true, false] {
        for steps in [4, 8, 12, 16, 20] {
            let servers = servers(are_equal);
            let [device, _] = apart();
            let mut expected = join(&device, &servers[1]);
            let mut star = Star::new(device, servers, [config(), config()]);
            for _ in 0..steps {
                star.step();
            }
            if star.device.staged(TABLES).is_none() {
                continue;
            }
            cut += 1;
            star.runs[0] = false;
            star.run();
            let events = star.events(1);
            let is_refused = |event: &Event| matches!(event, Event::Refused { .. });
            assert!(!events.iter().any(is_refused), "{events:?}");
            // Where it waits for the other one's transfer, a new session asks.
            let Star { device, servers: [_, second], .. } = star;
            let mut replicas = [device, second];
            let (_, _, is_over) = deliver(&mut replicas, &config(), usize::MAX);
            assert!(is_over);
            assert_eq!(replicas[0].object_hash(TABLES), expected.object_hash(TABLES));
        }
    }
    assert!(cut > 6, "{cut} transfers were cut");
}

/// A connection of the device with a server: both sides.
struct Wire {
    sides: [Connection; 2],
    server: Text,
}

impl Wire {
    fn new(server: Text) -> Self {
        let side = |name: &str| {
            let config = ConnectionConfig::new(config());
            Connection::new(config, name, Duration::ZERO)
        };
        let sides = [side("device"), side(server.origin().replica.as_str())];
        Self { sides, server }
    }

    /// Each side says one thing. Returns whether anything was said.
    fn step(&mut self, device: &mut Text, now: Duration) -> bool {
        let [here, there] = &mut self.sides;
        let mut says = false;
        if let Some(frame) = here.poll_frame(device, now) {
            there.handle_frame(&mut self.server, frame, now).unwrap();
            says = true;
        }
        if let Some(frame) = there.poll_frame(&mut self.server, now) {
            here.handle_frame(device, frame, now).unwrap();
            says = true;
        }
        says
    }
}

#[test]
fn a_connection_that_waited_for_another_one_goes_on_when_that_is_gone() {
    let (mut cut, mut waited) = (0, 0);
    for (steps, gone) in [12, 20, 28, 36].into_iter().flat_map(|steps| [(steps, 0), (steps, 1)]) {
        let [mut device, _] = apart();
        let mut wires: Vec<Wire> = servers(false).into_iter().map(Wire::new).collect();
        let mut now = Duration::ZERO;
        for _ in 0..steps {
            for wire in &mut wires {
                wire.step(&mut device, now);
            }
        }
        cut += u32::from(device.staged(TABLES).is_some());
        drop(wires.remove(gone));
        let left = &mut wires[0];
        while left.step(&mut device, now) {}
        waited += u32::from(!left.sides[0].is_idle());
        // Less than the time after which a connection counts as stalled.
        for _ in 0..4 {
            now = left.sides.iter().map(Connection::poll_timeout).min().unwrap();
            left.sides.iter_mut().for_each(|side| side.handle_timeout(now).unwrap());
            while left.step(&mut device, now) {}
        }
        assert!(left.sides.iter().all(Connection::is_idle), "after {steps} steps");
        let has = device.vector(TABLES).unwrap();
        assert!(has.covers(&left.server.vector(TABLES).unwrap()), "after {steps} steps");
    }
    println!("{waited} of {cut} connections waited");
    assert!(waited > 0, "{waited} of {cut} connections waited");
}

#[test]
fn a_peer_whose_clock_is_refused_drops_no_pieces_of_others() {
    let [device, server] = apart();
    let mut ahead = replica("ahead");
    for number in 0..150 {
        put(&mut ahead, (1 << 60) + number);
    }
    let mut expected = join(&device, &server);
    let mut replicas = [device, server];
    let (_, before, _) = deliver(&mut replicas, &config(), 13);
    let [mut device, server] = replicas;
    let progress = device.staged(TABLES).unwrap().progress().clone();
    let drift = Drift { is_refused: true, ..Drift::reported(2_000) };
    let careful = Config { drift: Some(drift), ..config() };
    let mut link = Link::new(&mut device, &mut ahead, &careful);
    link.run();
    let events = link.events(0);
    let is_refused =
        |event: &Event| matches!(event, Event::Refused { object, .. } if &**object == TABLES);
    assert!(events.iter().any(is_refused), "{events:?}");
    assert_eq!(device.staged(TABLES).map(|staging| staging.progress()), Some(&progress));
    let mut replicas = [device, server];
    let (_, after, _) = deliver(&mut replicas, &config(), usize::MAX);
    let (_, pieces, _) = deliver(&mut apart(), &config(), usize::MAX);
    assert_eq!(before + after, pieces);
    assert_eq!(replicas[0].object_hash(TABLES), expected.object_hash(TABLES));
}

/// A replica with a name that is as long as it may be.
fn long_name(schema: &Schema) -> Text {
    let replica = ReplicaId::new("n".repeat(1_024)).unwrap();
    Replica::new(Origin { replica, incarnation: u64::MAX }, &schema.types())
}

#[test]
fn a_piece_may_be_as_long_as_a_delta() {
    let schema = Schema::new().with("o", ObjectType::LwwMap, Priority::High);
    let (mut device, mut server) = (replica_of(&schema), long_name(&schema));
    for number in 0..3_u64 {
        let value: String = (0..30)
            .map(|part| blake3::hash(&[number.to_le_bytes(), u64::to_le_bytes(part)].concat()))
            .map(|hash| hash.to_hex().to_string())
            .collect();
        let key = format!("key {number}");
        let operation = Operation::Put { key: &*key, value: Some(&*value), timestamp: 7 };
        server.perform("o", operation, None).unwrap();
    }
    let mut first =
        server.object("o").unwrap().piece(&device.vector("o").unwrap(), None, 1).unwrap();
    let mut longest = 0;
    while !first.head.is_last {
        longest =
            longest.max(first.delta.encode(OriginEncoding::Inline, BaseEncoding::Inline).len());
        let progress = first.progress;
        first = server.object("o").unwrap().piece(&progress.base, Some(&progress), 1).unwrap();
    }
    let config = |max_object| Config {
        max_object,
        max_delta: 1,
        max_message: 1_024,
        ..Config::new(schema.clone())
    };
    let mut again = device.clone();
    let mut link = Link::new(&mut device, &mut server, &config(longest));
    link.run();
    link.assert_verified();
    assert_eq!(device.state_hash(), server.state_hash());
    let mut link = Link::new(&mut again, &mut server, &config(longest - 1));
    link.run();
    assert!(link.events(0).iter().any(|event| matches!(event, Event::Refused { .. })));
}

fn replica_of(schema: &Schema) -> Text {
    crate::link::replica_of("device", 0, schema)
}

#[test]
fn many_transfers_are_told_in_parts_of_bounded_length() {
    let names: Vec<String> = (0..24).map(|number| format!("object {number:02}")).collect();
    let schema = names
        .iter()
        .fold(Schema::new(), |schema, name| schema.with(name, ObjectType::LwwMap, Priority::High));
    let (mut device, mut server) = (replica_of(&schema), long_name(&schema));
    for name in &names {
        for key in ["a", "b", "c"] {
            let operation = Operation::Put { key, value: Some("value"), timestamp: 7 };
            server.perform(name, operation, None).unwrap();
        }
        let state = server.object(name).unwrap();
        let piece = state.piece(&device.vector(name).unwrap(), None, 1).unwrap();
        let delta = piece.delta.encode(OriginEncoding::Inline, BaseEncoding::Inline);
        let bytes = piece.head.encode(&delta);
        let piece = ReceivedPiece::decode(&bytes, ObjectType::LwwMap, 1 << 20).unwrap();
        device.stage(name, piece, u64::MAX).unwrap();
    }
    assert_eq!(device.all_staged().len(), 24);
    let config = Config { max_object: 4_000, max_delta: 1, ..Config::new(schema) };
    let mut here = Session::new(config.clone(), &device);
    let mut there = Session::new(config, &server);
    let (mut lengths, mut pieces, mut quiet) = (Vec::new(), 0, false);
    while !quiet {
        quiet = true;
        while let Some(message) = here.poll_message(&mut device) {
            quiet = false;
            for part in decode(&message).unwrap() {
                if let Part::Staged { transfers, .. } = part {
                    lengths.push(transfers.iter().map(|(_, bytes)| bytes.len()).sum::<usize>());
                }
            }
            there.handle(&mut server, &message).unwrap();
        }
        while let Some(message) = there.poll_message(&mut server) {
            quiet = false;
            pieces += pieces_in(&message);
            here.handle(&mut device, &message).unwrap();
        }
    }
    assert!(lengths.len() > 5 && lengths.iter().all(|length| *length <= 4_000), "{lengths:?}");
    // The first piece of each was there.
    assert_eq!(pieces, 48);
    assert_eq!(device.state_hash(), server.state_hash());
}

#[test]
fn a_progress_of_another_class_or_type_is_refused() {
    let mut replicas = apart();
    deliver(&mut replicas, &config(), 13);
    let [device, server] = &mut replicas;
    let progress = device.staged(TABLES).unwrap().progress().encode();
    let number = |name: &str| device.objects().keys().position(|other| &**other == name).unwrap();
    let class = |name: &str| schema().get(name).unwrap().priority;
    let (tables, log) = (number(TABLES), number("conversation"));
    let wrong = [Priority::High, Priority::Medium, Priority::Low];
    let wrong = wrong.into_iter().find(|other| *other != class(TABLES)).unwrap();
    for (class, object, is_right) in [
        (class(TABLES), tables, true),
        (wrong, tables, false),
        (class("conversation"), log, false),
        (class(TABLES), 1_000, false),
    ] {
        let mut session = Session::new(config(), server);
        let mut other = Session::new(config(), device);
        let hello = other.poll_message(device).unwrap();
        session.handle(server, &hello).unwrap();
        let transfers = vec![(object, progress.clone().into())];
        let told = session.handle(server, &encode(&[Part::Staged { class, transfers }]));
        assert_eq!(told.is_ok(), is_right, "{told:?}");
    }
}
