//! Every session cut at every byte: an incomplete message is refused as a whole, and a new session
//! makes both replicas the same, whether they go on or start again from their stores. The same for
//! every damaged byte.

use crate::link::{Link, Text, join, replica, schema, write};
use rejoin::dot::{Origin, ReplicaId};
use rejoin::operation::Operation;
use rejoin::optimized::replica::Replica;
use rejoin::sync::protocol::{Part, decode};
use rejoin::sync::{Config, Session};
use std::thread;

/// A message that is about to be applied, and its receiver.
struct Delivery {
    replicas: [Text; 2],
    sessions: [Session; 2],
    to: usize,
    message: Vec<u8>,
}

/// All messages of a session, one after the other.
fn deliveries(a: &Text, b: &Text, config: &Config) -> Vec<Delivery> {
    let mut replicas = [a.clone(), b.clone()];
    let mut sessions = [a, b].map(|replica| Session::new(config.clone(), replica));
    let mut all = Vec::new();
    let (mut from, mut quiet) = (0, 0);
    while quiet < 2 {
        quiet += 1;
        while let Some(message) = sessions[from].poll_message(&mut replicas[from]) {
            quiet = 0;
            let to = 1 - from;
            let (before, then) = (replicas.clone(), sessions.clone());
            sessions[to].handle(&mut replicas[to], &message).unwrap();
            all.push(Delivery { replicas: before, sessions: then, to, message });
        }
        from = 1 - from;
    }
    assert!(sessions.iter().all(Session::is_done));
    all
}

/// Which replicas die when the session is cut, and start again from their earlier state.
const DEAD: [&[usize]; 4] = [&[], &[0], &[1], &[0, 1]];

/// The session is cut; some replicas die, and write something in their next incarnation. A new
/// session must give both replicas everything.
fn go_on(cut: &[Text; 2], before: [&Text; 2], everything: &Text, dead: &[usize]) {
    let mut replicas = cut.clone();
    for side in dead {
        let replica = before[*side].origin().replica.as_str();
        let origin = Origin { replica: ReplicaId::new(replica).unwrap(), incarnation: 1 };
        replicas[*side] = Replica::restored(origin, before[*side].objects().clone());
        write(&mut replicas[*side], 77);
    }
    let expected = join(&join(everything, &replicas[0]), &replicas[1]).state_hash();
    let [left, right] = &mut replicas;
    let mut link = Link::new(left, right, &Config::new(schema()));
    link.run();
    link.assert_verified();
    assert_eq!([left.state_hash(), right.state_hash()], [expected; 2], "{dead:?}");
}

/// Two replicas with common content, so that keys are named by creation dots, and with content of
/// their own, some of it so long that it is sent in chunks, even compressed.
fn apart() -> [Text; 2] {
    let (mut a, mut b) = (replica("client"), replica("server"));
    write(&mut a, 2);
    crate::link::sync(&mut a, &mut b);
    (0..12).for_each(|number| write(&mut a, number));
    (0..9).for_each(|number| write(&mut b, number + 5));
    for replica in [&mut a, &mut b] {
        let name = replica.origin().replica.as_str().to_owned();
        let noise = |number: u64| blake3::hash(format!("{name} {number}").as_bytes()).to_hex();
        let entry: String = (0..40).map(|number| noise(number).to_string()).collect();
        let append = Operation::Append { entry: Some(entry.as_str()), timestamp: 9 };
        replica.perform("conversation", append, None).unwrap();
    }
    [a, b]
}

/// Cuts and damages every byte of each message with this worker's number. Returns how many bytes
/// went to either side, and how many messages continue a part.
fn worker(number: usize, workers: usize) -> ([usize; 2], usize) {
    let [a, b] = apart();
    let everything = join(&a, &b);
    let mut config = Config::new(schema());
    config.max_message = Config::LEAST_MESSAGE;
    let (mut bytes, mut chunks) = ([0; 2], 0);
    let deliveries = deliveries(&a, &b, &config);
    for delivery in deliveries.into_iter().skip(number).step_by(workers) {
        let Delivery { mut replicas, sessions, to, message } = delivery;
        bytes[to] += message.len();
        chunks += usize::from(matches!(decode(&message).unwrap()[0], Part::Chunk(_)));
        let unchanged = replicas[to].state_hash();
        // A transport that delivers whole messages delivers nothing.
        for dead in DEAD {
            go_on(&replicas, [&a, &b], &everything, dead);
        }
        for at in 0..message.len() {
            let mut damaged = message.clone();
            damaged[at] ^= 1 << (at % 8);
            for arrives in [&message[..at], &damaged] {
                let mut session = sessions[to].clone();
                session.handle(&mut replicas[to], arrives).unwrap_err();
                assert_eq!(replicas[to].state_hash(), unchanged, "at byte {at}");
            }
            // A refused message leaves nothing that a new session would meet. The states are the
            // same after each byte, so the session need not go on after each.
            if at % 8 == 0 {
                go_on(&replicas, [&a, &b], &everything, DEAD[at / 8 % DEAD.len()]);
            }
        }
    }
    (bytes, chunks)
}

#[test]
fn a_session_may_be_cut_or_damaged_at_any_byte() {
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let (mut bytes, mut chunks) = ([0; 2], 0);
    thread::scope(|scope| {
        let begun: Vec<_> =
            (0..workers).map(|number| scope.spawn(move || worker(number, workers))).collect();
        for worker in begun {
            let (its_bytes, its_chunks) = worker.join().expect("its message says why");
            bytes = [bytes[0] + its_bytes[0], bytes[1] + its_bytes[1]];
            chunks += its_chunks;
        }
    });
    println!(
        "{} bytes to the client, {} to the server, {chunks} messages that go on with a part",
        bytes[0], bytes[1]
    );
    assert!(bytes.iter().all(|bytes| *bytes > 1_000) && chunks >= 2, "{bytes:?}, {chunks}");
}
