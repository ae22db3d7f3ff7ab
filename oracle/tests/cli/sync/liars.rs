//! Peers that lie in every message about hash trees, and peers that make a server hold what they never
//! finish: memory and log stay within what `spec/sync-over-tcp.md` promises, over all connections together.

use super::hostile::{frame, peak};
use super::terminal::{Desk, LONG, Run, Server, finish, oracle};
use rejoin::dot::{Origin, ReplicaId};
use rejoin::object::{ObjectType::*, Priority};
use rejoin::optimized::replica::Replica;
use rejoin::sync::protocol::{Answer, Chunk, Part, Record, TreeLocation, decode, encode};
use rejoin::sync::{Config, Connection, ConnectionConfig, Frame, Schema};
use rejoin_harness::Rng;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

type Node = Replica;

/// The objects of `oracle sync`.
fn schema() -> Schema {
    Schema::migration_assistant()
        .with("budget", PnCounter, Priority::Medium)
        .with("permitted", RwSet, Priority::Medium)
        .with("needs-help", EwFlag, Priority::Medium)
        .with("running", DwFlag, Priority::Medium)
        .with("title", MvRegister, Priority::Medium)
        .with("notes", MvMap, Priority::Medium)
        .with("largest-table", MaxRegister, Priority::Medium)
        .with("smallest-table", MinRegister, Priority::Medium)
}

fn node(name: &str) -> Node {
    let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
    Node::new(origin, &schema().types())
}

/// How a peer answers questions about hash trees.
#[derive(Clone, Copy, Debug)]
enum Lie {
    /// It says the truth.
    None,
    /// All branches of all nodes differ.
    Nodes,
    /// Each node has as many and as long records as an answer may have.
    Records,
    /// It repeats the questions of the server, many times.
    Questions,
}

/// A connection that reads and writes frames, and changes them.
struct Peer {
    stream: TcpStream,
    connection: Connection,
    node: Node,
    lie: Lie,
    random: Rng,
    begun: Instant,
}

impl Peer {
    fn new(address: &str, name: &str, node: &Node, lie: Lie) -> Option<Self> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(Duration::from_millis(300))).ok()?;
        stream.set_write_timeout(Some(LONG)).ok()?;
        let config =
            Config { max_message: 64 << 10, max_object: 16 << 20, ..Config::new(schema()) };
        let connection = Connection::new(ConnectionConfig::new(config), name, Duration::ZERO);
        let random = Rng::new(name.len() as u64);
        Some(Self { stream, connection, node: node.clone(), lie, random, begun: Instant::now() })
    }

    /// Goes on until the server closes the connection, or says nothing for a while. How many of its
    /// questions were answered.
    fn run(&mut self) -> usize {
        let mut answered = 0;
        loop {
            let now = self.begun.elapsed();
            while let Some(next) = self.connection.poll_frame(&mut self.node, now) {
                let message = match self.lie {
                    Lie::None => next.message,
                    _ if next.number == 0 => next.message,
                    _ => self.tamper(&next.message, &mut answered),
                };
                if self.stream.write_all(&frame(next.number, &message)).is_err() {
                    return answered;
                }
            }
            let Some(heard) = self.read() else { return answered };
            let now = self.begun.elapsed();
            if self.connection.handle_frame(&mut self.node, heard, now).is_err()
                || self.begun.elapsed() > LONG
            {
                return answered;
            }
        }
    }

    fn read(&mut self) -> Option<Frame> {
        let mut head = [0; 8];
        self.stream.read_exact(&mut head).ok()?;
        let [length, number] = [&head[..4], &head[4..]]
            .map(|number| number.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)));
        let mut message = vec![0; length as usize];
        self.stream.read_exact(&mut message).ok()?;
        let is_lying = !matches!(self.lie, Lie::None) && number > 0;
        // It does not find that both are the same, so it goes on to checkpoints.
        if is_lying && let Ok(mut parts) = decode(&message) {
            for part in &mut parts {
                if let Part::Hello(hello) = part {
                    hello.classes.iter_mut().for_each(|class| class.states[0] ^= 1);
                }
            }
            message = encode(&parts);
        }
        Some(Frame { number, message })
    }

    /// The message with other hashes, and with lies in place of answers.
    fn tamper(&mut self, message: &[u8], answered: &mut usize) -> Vec<u8> {
        let Ok(mut parts) = decode(message) else { return message.to_vec() };
        for part in &mut parts {
            match part {
                Part::Hello(hello) => {
                    hello.classes.iter_mut().for_each(|class| class.states[0] ^= 1);
                }
                Part::Checkpoints { checkpoints, .. } => {
                    for (_, at) in checkpoints {
                        at.hash.content.0[0] ^= 1;
                        at.hash.removals.0[0] ^= 1;
                    }
                }
                Part::Answer(location, answer) => {
                    *answered += 1;
                    *answer = self.answer(location);
                }
                _ => {}
            }
        }
        let answers: Vec<TreeLocation> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Answer(location, _) => Some(*location),
                _ => None,
            })
            .collect();
        if matches!(self.lie, Lie::Questions) && !answers.is_empty() {
            let asked = answers.iter().cycle().take(1500).copied().collect();
            parts.push(Part::Ask(asked));
        }
        // A message has at most 64 KiB: answers that are too long for it go one by one.
        let message = encode(&parts);
        match message.len() > 64 << 10 {
            true => encode(&parts[..1]),
            false => message,
        }
    }

    fn answer(&mut self, location: &TreeLocation) -> Answer {
        let mut noise = |length: usize| -> Vec<u8> {
            // What a terminal would act on takes the most room when it is escaped.
            (0..length).map(|_| [0x1b, 0x7f, 0x07][self.random.place(3)]).collect()
        };
        match self.lie {
            Lie::Records if location.path.depth > 0 => Answer::Records(
                (0..2)
                    .map(|number| {
                        let mut digest = [0; 16];
                        digest.copy_from_slice(&noise(16));
                        digest[0] = number;
                        Record { key: noise(512), body: noise(2048), digest }
                    })
                    .collect(),
            ),
            _ => Answer::Node([0; 4].map(|_: u8| [self.random.bits() as u8 | 1; 32])),
        }
    }
}

/// A server with something of each kind, and a replica that has seen it all.
fn attacked() -> (Desk, Server, Node) {
    let desk = Desk::new(&[]);
    for name in ["server", "laptop"] {
        desk.sync(&["init", &desk.file(name), "--name", name]);
    }
    for edit in [
        &["add", "approved", "x", "--user", "ana"][..],
        &["increment", "progress/records", "7"],
        &["append", "conversation", "hello"],
        &["put", "patterns", "key", "value"],
        &["write", "configuration", "value"],
    ] {
        desk.edit("server", edit);
    }
    let server = desk.serve("server", &["--patience", "30"]);
    let mut honest = Peer::new(&server.address, "friend", &node("friend"), Lie::None).unwrap();
    honest.run();
    let node = honest.node.clone();
    assert!(node.vector("approved").is_ok_and(|vector| !vector.is_empty()));
    (desk, server, node)
}

/// An honest client syncs, though the server may have to make room first.
fn syncs(desk: &Desk, server: &Server) {
    let (file, begun) = (desk.file("laptop"), Instant::now());
    loop {
        let run: Run = finish(oracle().args(["sync", "connect", &file, &server.address, "--once"]));
        if run.code == Some(0) {
            return;
        }
        assert!(begun.elapsed() < LONG, "{run:?}");
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn lies_in_every_message_about_hash_trees_stay_within_the_bounds() {
    let (desk, server, node) = attacked();
    let before = peak(server.terminal.id());
    let (begun, answered) = (Instant::now(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for liar in 0..12_usize {
            let (address, node, answered) = (&server.address, &node, &answered);
            scope.spawn(move || {
                for round in 0..3 {
                    let lie = [Lie::Nodes, Lie::Records, Lie::Questions][(liar + round) % 3];
                    let name = format!("liar {liar} of round {round}");
                    if let Some(mut peer) = Peer::new(address, &name, node, lie) {
                        answered.fetch_add(peer.run(), Ordering::SeqCst);
                    }
                }
            });
        }
        syncs(&desk, &server);
    });
    syncs(&desk, &server);
    let (after, seconds) = (peak(server.terminal.id()), begun.elapsed().as_secs() as usize + 1);
    let printed = server.terminal.kill();
    let bytes: usize = printed.iter().map(|line| line.len() + 1).sum();
    println!(
        "36 liars answered {} questions: the server's memory {before} kB at most before, {after} kB \
         after; it printed {bytes} bytes in {seconds} s",
        answered.load(Ordering::SeqCst)
    );
    assert!(answered.load(Ordering::SeqCst) > 1000, "the server asks");
    assert!(
        printed.iter().any(|line| line.contains("have seen the same and hold different states"))
    );
    assert!(after - before < 64 << 10, "{before} kB before, {after} kB after");
    assert!(bytes < (1 << 20) + seconds * (16 << 10) + (64 << 10), "{bytes} bytes in {seconds} s");
}

#[test]
fn what_all_peers_make_a_server_hold_together_is_bounded() {
    let (desk, server, node) = attacked();
    let before = peak(server.terminal.id());
    let (closed, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    // Together 200 MB, of which the server holds 128.
    thread::scope(|scope| {
        for number in 0..20 {
            let (address, node, closed, is_over) = (&server.address, &node, &closed, &is_over);
            scope.spawn(move || {
                let name = format!("holder {number}");
                let Some(mut peer) = Peer::new(address, &name, node, Lie::None) else { return };
                // Its greeting and its hello; then parts that it begins and never ends.
                let mut hello = None;
                while hello.is_none() {
                    let now = peer.begun.elapsed();
                    while let Some(next) = peer.connection.poll_frame(&mut peer.node, now) {
                        let _ = peer.stream.write_all(&frame(next.number, &next.message));
                        hello = (next.number > 0).then_some(()).or(hello);
                    }
                    let Some(heard) = peer.read() else { return };
                    if peer.connection.handle_frame(&mut peer.node, heard, now).is_err() {
                        return;
                    }
                }
                let bytes = vec![number as u8; 60 << 10];
                for piece in 0..170 {
                    let part = Part::Chunk(Chunk {
                        class: Priority::High,
                        id: [number as u8; 16],
                        total: 16 << 20,
                        offset: piece * bytes.len(),
                        bytes: (&bytes[..]).into(),
                    });
                    if peer.stream.write_all(&frame(1, &encode(&[part]))).is_err() {
                        closed.fetch_add(1, Ordering::SeqCst);
                        return;
                    }
                }
                // It stays until all have written what they write.
                while !is_over.load(Ordering::SeqCst) {
                    match peer.stream.read(&mut [0; 4096]) {
                        Ok(1..) => {}
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                        _ => {
                            closed.fetch_add(1, Ordering::SeqCst);
                            return;
                        }
                    }
                }
            });
        }
        syncs(&desk, &server);
        let begun = Instant::now();
        while closed.load(Ordering::SeqCst) == 0 && begun.elapsed() < LONG {
            thread::sleep(Duration::from_millis(20));
        }
        syncs(&desk, &server);
        is_over.store(true, Ordering::SeqCst);
    });
    let after = peak(server.terminal.id());
    println!(
        "20 holders: the server's memory {before} kB at most before, {after} kB after; it closed {}",
        closed.load(Ordering::SeqCst)
    );
    assert!(closed.load(Ordering::SeqCst) > 0, "the server holds all");
    assert!(after - before < (128 + 64) << 10, "{before} kB before, {after} kB after");
}
