//! Whole sessions, whatever is written meanwhile, part by part: later rounds, pieces, chunks and restarts.
//!
//! Shown, of every part that is sent: vectors are those that its sender has seen; a delta begins at what
//! its receiver has once all arrived that was sent before, and lists what the definitions list since
//! then, or of a log the beginning of that. A piece of a map or a set lists some keys, each as the
//! definitions list it since the base of the transfer, and the last one brings all that they list since
//! then. Checkpoints are of all objects of the class, with the vectors and state hashes that the
//! definitions have at that moment. After every message the receiver holds what it holds by the
//! definitions. Of every verdict: a side says *verified* only where it held each object
//! at a vector at which the other side has hashed it, with the same hash; and *writes in between* only
//! where the two have hashed some object at no common vector.
//! How: messages travel as they are. A part that comes in chunks is put together here, too.
//! Which keys a piece lists, the definitions leave open.

use super::meeting::Node;
use super::said::{Book, Listed, Said, of_part};
use crate::few::{Key, Op, alphabet, canonical};
use rejoin::digest::StateHash;
use rejoin::lattice::Lattice;
use rejoin::object::ObjectType::{self, *};
use rejoin::object::Priority;
use rejoin::operation::{Canonical, ObjectId, Operation};
use rejoin::optimized::staging::{PieceHead, PieceStep, Progress};
use rejoin::reference::delta::Delta;
use rejoin::reference::log::Log;
use rejoin::reference::replica::Object;
use rejoin::sync::protocol::{Part, decode, seal};
use rejoin::sync::{CLASSES, Config, Event, Outcome, Schema, Session};
use rejoin::version_vector::VersionVector;
use rejoin_proven::replica::Deltas;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What a part does where it arrives.
#[derive(Clone)]
enum Effect {
    Announced(ObjectId, VersionVector),
    Brings(ObjectId, VersionVector, Deltas<Key, Canonical>),
    /// A piece is kept, and more are to come.
    Keeps(ObjectId, Transfer),
    /// The peer keeps pieces of an object, since this base.
    Told(ObjectId, VersionVector),
}

/// What the pieces that a receiver keeps rest on, and what the sender of the last one had seen.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Transfer {
    base: VersionVector,
    seen: VersionVector,
}

/// The pieces that each side keeps, by object: they outlast a session.
type Kept = [BTreeMap<ObjectId, Transfer>; 2];

/// A message that is under way.
#[derive(Clone)]
struct Sent {
    bytes: Vec<u8>,
    effects: Vec<Effect>,
}

/// What a side has hashed, or held: of each object the state hash by vector.
type Hashed = BTreeMap<ObjectId, Vec<(VersionVector, StateHash)>>;

/// How much was compared.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Compared {
    deltas: u64,
    /// Of these, of an object of which the side had sent all that it then had.
    later_deltas: u64,
    checkpoints: u64,
    later_checkpoints: u64,
    pieces_of_logs: u64,
    pieces_of_keys: u64,
    /// Of these, such as go on with what was kept when a session was cut.
    pieces_after_a_cut: u64,
    /// Of these, such as begin a pass over what was written since the one before.
    next_passes: u64,
    chunks: u64,
    writes: u64,
    restarts: u64,
    verified: u64,
    writes_in_between: u64,
}

/// A session of two replicas.
#[derive(Clone)]
struct Rounds {
    sessions: [Session; 2],
    objects: Vec<(ObjectId, ObjectType)>,
    classes: BTreeMap<ObjectId, Priority>,
    to: [VecDeque<Sent>; 2],
    /// What each side sends in chunks.
    chunks: [BTreeMap<Priority, Vec<u8>>; 2],
    /// What the other side has of each object once all that was sent to it has arrived.
    peer_has: [BTreeMap<ObjectId, VersionVector>; 2],
    held: [Hashed; 2],
    checked: [Hashed; 2],
    kept: Kept,
    /// The bases of the transfers that the peer of each side named, and did not announce a vector since.
    told: [BTreeMap<ObjectId, VersionVector>; 2],
    /// The base of the transfer in pieces that each side goes on with, by object; and whether the
    /// peer named it, and no piece followed yet.
    sending: [BTreeMap<ObjectId, (VersionVector, bool)>; 2],
    /// The objects of which each side has sent all that it then had.
    whole: [BTreeSet<ObjectId>; 2],
    /// How often each side sent checkpoints.
    rounds: [u64; 2],
    outcomes: [BTreeMap<Priority, Outcome>; 2],
}

/// A message of one part that came in chunks: its kind, and the body.
fn in_one(part: &[u8]) -> Vec<u8> {
    let (kind, body) = part.split_first().expect("it is not empty");
    let mut bytes = vec![1, *kind];
    let mut length = body.len();
    while length >= 128 {
        bytes.push(length as u8 | 128);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(body);
    seal(bytes)
}

impl Rounds {
    fn new(config: &Config, nodes: [&mut Node; 2], kept: Kept, book: &mut Book) -> Self {
        let sessions = nodes.each_ref().map(|node| Session::new(config.clone(), &node.shipped));
        let of_class =
            |(name, entry): (&ObjectId, &rejoin::sync::Entry)| (name.clone(), entry.priority);
        let mut session = Self {
            sessions,
            objects: config.schema.types().into_iter().collect(),
            classes: config.schema.iter().map(of_class).collect(),
            to: Default::default(),
            chunks: Default::default(),
            peer_has: Default::default(),
            held: Default::default(),
            checked: Default::default(),
            kept,
            told: Default::default(),
            sending: Default::default(),
            whole: Default::default(),
            rounds: [0; 2],
            outcomes: Default::default(),
        };
        for (side, node) in nodes.into_iter().enumerate() {
            session.hold(side, node, book);
            session.poll(side, node, book, &mut Compared::default());
        }
        session
    }

    /// Notes what a side holds.
    fn hold(&mut self, side: usize, node: &mut Node, book: &mut Book) {
        node.look(book);
        let seen = node.proven.seen().expect("the definitions answer");
        for (name, object) in node.objects() {
            let at = (seen[&name].clone(), book.hash(&object));
            let all = self.held[side].entry(name).or_default();
            if !all.contains(&at) {
                all.push(at);
            }
        }
    }

    fn poll(&mut self, from: usize, node: &mut Node, book: &mut Book, compared: &mut Compared) {
        while let Some(bytes) = self.sessions[from].poll_message(&mut node.shipped) {
            let mut effects = Vec::new();
            for part in decode(&bytes).expect("it is a message") {
                let Part::Chunk(chunk) = part else {
                    effects.extend(self.look(from, part, node, book, compared));
                    continue;
                };
                compared.chunks += 1;
                let begun = self.chunks[from].entry(chunk.class).or_default();
                assert_eq!(chunk.offset, begun.len(), "chunks come in order");
                begun.extend_from_slice(&chunk.bytes);
                if begun.len() == chunk.total {
                    let whole = in_one(&std::mem::take(begun));
                    for part in decode(&whole).expect("it is a part") {
                        effects.extend(self.look(from, part, node, book, compared));
                    }
                }
            }
            self.to[1 - from].push_back(Sent { bytes, effects });
        }
        while let Some(event) = self.sessions[from].poll_event() {
            match event {
                Event::ClassDone { class, outcome, .. } => {
                    self.outcomes[from].insert(class, outcome);
                }
                Event::Changed(_) | Event::Done => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// A part is what the definitions make of what its sender holds. Returns what it does.
    fn look(
        &mut self,
        from: usize,
        part: Part<'_>,
        node: &Node,
        book: &mut Book,
        compared: &mut Compared,
    ) -> Vec<Effect> {
        let seen = node.proven.seen().expect("the definitions answer");
        match part {
            Part::Hello(_) => Vec::new(),
            // A side that lacks what the other one has hashed announces once more.
            Part::Announce { vectors, .. } => {
                let name = |index: usize| self.objects[index].0.clone();
                let listed = vectors.iter().map(|(index, bytes)| (name(*index), &bytes[..]));
                let Said::Vectors(announced) = book.of_announcement(listed) else {
                    panic!("it is an announcement");
                };
                for (name, vector) in &announced {
                    assert_eq!(*vector, seen[name], "{name}: the vector");
                }
                announced
                    .into_iter()
                    .map(|(name, vector)| Effect::Announced(name, vector))
                    .collect()
            }
            Part::Delta { object, delta } => {
                let (name, kind) = self.objects[object].clone();
                compared.deltas += 1;
                compared.later_deltas += u64::from(self.whole[from].contains(&name));
                let (effect, is_piece) = self.delta(from, &name, kind, &delta, node, book);
                compared.pieces_of_logs += u64::from(is_piece);
                if !is_piece {
                    self.whole[from].insert(name);
                }
                vec![effect]
            }
            Part::Piece { object, piece } => {
                let (name, kind) = self.objects[object].clone();
                vec![self.piece(from, (&name, kind), &piece, node, book, compared)]
            }
            Part::Staged { transfers, .. } => {
                let told = transfers.into_iter().map(|(index, progress)| {
                    let progress = Progress::decode(&progress).expect("it is a progress");
                    let (name, _) = self.objects[index].clone();
                    let [base, seen] = [&progress.base, &progress.seen].map(VersionVector::from);
                    assert_eq!(
                        self.kept[from].get(&name),
                        Some(&Transfer { base: base.clone(), seen })
                    );
                    Effect::Told(name, base)
                });
                told.collect()
            }
            Part::Checkpoints { class, checkpoints, .. } => {
                compared.checkpoints += 1;
                compared.later_checkpoints += u64::from(self.rounds[from] > 0);
                self.rounds[from] += 1;
                let objects = node.objects();
                let of_class = self.classes.iter().filter(|(_, of)| **of == class);
                let expected: BTreeMap<ObjectId, (VersionVector, StateHash)> = of_class
                    .map(|(name, _)| {
                        (name.clone(), (seen[name].clone(), book.hash(&objects[name])))
                    })
                    .collect();
                let found: BTreeMap<ObjectId, (VersionVector, StateHash)> = checkpoints
                    .into_iter()
                    .map(|(index, checkpoint)| {
                        let vector = book.vector(&checkpoint.vector).clone();
                        (self.objects[index].0.clone(), (vector, checkpoint.hash))
                    })
                    .collect();
                assert_eq!(found, expected, "the checkpoints");
                for (name, at) in found {
                    self.checked[from].entry(name).or_default().push(at);
                }
                Vec::new()
            }
            other => panic!("{other:?}"),
        }
    }

    /// A delta is what the definitions list since what its receiver has, or of a log the beginning of it.
    fn delta(
        &mut self,
        from: usize,
        name: &ObjectId,
        kind: ObjectType,
        bytes: &[u8],
        node: &Node,
        book: &mut Book,
    ) -> (Effect, bool) {
        let Said::Delta { since, seen, lists, .. } = book.of_delta(name.clone(), kind, bytes)
        else {
            panic!("it is a delta");
        };
        assert_eq!(since, self.peer_has[from][name], "{name}: where the delta begins");
        let defined = node.proven.delta_since(&BTreeMap::from([(name.clone(), since.clone())]));
        let defined = defined.expect("the definitions answer");
        let all = defined.to_reference().expect("they are well-formed");
        let part = &all[name].part;
        let (until, expected) = of_part(part, &since);
        let is_piece = seen != until;
        let brings = match (part, expected) {
            (Object::Log(log), Listed::Entries(entries)) if is_piece => {
                assert!(until.iter().all(|(origin, count)| seen.get(origin) <= count));
                assert!(seen.iter().any(|(origin, count)| since.get(origin) < count));
                let listed = entries.into_iter().filter(|entry| seen.contains(&entry.dot));
                let entries = listed.collect();
                assert_eq!(lists, Listed::Entries(entries), "{name}: a piece");
                let kept = log.entries().filter(|entry| seen.contains(&entry.dot())).cloned();
                let part = Object::Log(Log::from_parts(seen.clone(), kept.collect()));
                let delta = Delta { since, part };
                Deltas::from(&BTreeMap::from([(name.clone(), delta)]))
            }
            (_, expected) => {
                assert_eq!((&seen, lists), (&until, expected), "{name}: a delta");
                defined
            }
        };
        book.note_vector(&seen);
        self.peer_has[from].get_mut(name).expect("it was announced").join(&seen);
        (Effect::Brings(name.clone(), seen, brings), is_piece)
    }

    /// A piece lists keys as the definitions list them since the base of the transfer.
    fn piece(
        &mut self,
        from: usize,
        (name, kind): (&ObjectId, ObjectType),
        piece: &[u8],
        node: &Node,
        book: &mut Book,
        compared: &mut Compared,
    ) -> Effect {
        let (head, bytes) = PieceHead::decode(piece).expect("it is a piece");
        let Said::Delta { since, seen, lists: Listed::Keys(listed), .. } =
            book.of_delta(name.clone(), kind, bytes)
        else {
            panic!("it lists keys");
        };
        let begun = self.sending[from].remove(name).filter(|_| head.step != PieceStep::Anew);
        let (base, is_resumed) =
            begun.unwrap_or_else(|| (self.peer_has[from][name].clone(), false));
        assert_eq!(since, base, "{name}: the base");
        compared.pieces_of_keys += 1;
        compared.pieces_after_a_cut += u64::from(is_resumed);
        compared.next_passes += u64::from(head.step == PieceStep::NextPass);
        let defined = node.proven.delta_since(&BTreeMap::from([(name.clone(), since.clone())]));
        let defined = defined.expect("the definitions answer");
        let all = defined.to_reference().expect("they are well-formed");
        let (until, Listed::Keys(expected)) = of_part(&all[name].part, &since) else {
            panic!("it has keys");
        };
        assert_eq!(seen, until, "{name}: a piece");
        for (key, row) in &listed {
            assert_eq!(Some(row), expected.get(key), "{name}: a key of a piece");
        }
        book.note_vector(&seen);
        if !head.is_last {
            self.sending[from].insert(name.clone(), (since.clone(), false));
            return Effect::Keeps(name.clone(), Transfer { base: since, seen });
        }
        self.whole[from].insert(name.clone());
        self.peer_has[from].get_mut(name).expect("it was announced").join(&seen);
        Effect::Brings(name.clone(), seen, defined)
    }

    fn is_due(&self, to: usize) -> bool {
        !self.to[to].is_empty()
    }

    fn deliver(&mut self, to: usize, node: &mut Node, book: &mut Book, compared: &mut Compared) {
        let Sent { bytes, effects } = self.to[to].pop_front().expect("it was sent");
        self.sessions[to].handle(&mut node.shipped, &bytes).expect("it is a message");
        for effect in effects {
            match effect {
                Effect::Announced(name, vector) => {
                    match self.told[to].remove(&name) {
                        Some(base) => self.sending[to].insert(name.clone(), (base, true)),
                        None => self.sending[to].remove(&name),
                    };
                    self.peer_has[to].insert(name, vector);
                }
                Effect::Brings(name, seen, deltas) => {
                    node.proven.apply(&deltas).expect("nothing is missing");
                    if let Some(has) = self.peer_has[to].get_mut(&name) {
                        has.join(&seen);
                    }
                    self.kept[to].remove(&name);
                }
                Effect::Keeps(name, transfer) => {
                    self.kept[to].insert(name, transfer);
                }
                Effect::Told(name, base) => {
                    self.told[to].insert(name, base);
                }
            }
        }
        self.hold(to, node, book);
        self.poll(to, node, book, compared);
    }

    fn write(
        &mut self,
        at: usize,
        (object, op): (&ObjectId, &Op),
        node: &mut Node,
        book: &mut Book,
        compared: &mut Compared,
    ) {
        node.perform(object, op, book);
        compared.writes += 1;
        self.hold(at, node, book);
        self.poll(at, node, book, compared);
    }

    /// Nothing is under way: what both sides say is true.
    fn finish(&self, compared: &mut Compared) {
        assert!(self.to.iter().all(VecDeque::is_empty));
        let classes: BTreeSet<Priority> = self.classes.values().copied().collect();
        for class in classes {
            for side in 0..2 {
                let outcome = *self.outcomes[side].get(&class).expect("the class is over");
                self.is_true(side, class, outcome);
                compared.verified += u64::from(outcome == Outcome::Verified);
                compared.writes_in_between += u64::from(outcome == Outcome::WritesInBetween);
            }
        }
    }

    fn is_true(&self, side: usize, class: Priority, outcome: Outcome) {
        let of_class = || self.classes.iter().filter(|(_, of)| **of == class).map(|(name, _)| name);
        let none = Vec::new();
        let at = |of: &Hashed, name: &ObjectId| of.get(name).unwrap_or(&none).clone();
        let meet = |ours: &[(VersionVector, StateHash)], theirs: &[(VersionVector, StateHash)]| {
            ours.iter().any(|our| theirs.contains(our))
        };
        match outcome {
            Outcome::Verified => {
                for name in of_class() {
                    let ours = at(&self.held[side], name);
                    let theirs = match self.checked[1 - side].get(name) {
                        Some(theirs) => theirs.clone(),
                        // Both said the same when they met.
                        None => at(&self.held[1 - side], name),
                    };
                    assert!(meet(&ours, &theirs), "{name} is not verified");
                }
            }
            Outcome::WritesInBetween => {
                let is_open = |name: &ObjectId| {
                    !meet(&at(&self.checked[side], name), &at(&self.checked[1 - side], name))
                };
                assert!(of_class().any(is_open), "all was compared");
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Delivers in every order, with so many writes at any moments.
fn explore(
    session: &Rounds,
    nodes: &[Node; 2],
    writes: &[(&ObjectId, &Op)],
    book: &mut Book,
    compared: &mut Compared,
) {
    let mut is_over = true;
    for to in 0..2 {
        if session.is_due(to) {
            is_over = false;
            let (mut session, mut nodes) = (session.clone(), nodes.clone());
            session.deliver(to, &mut nodes[to], book, compared);
            explore(&session, &nodes, writes, book, compared);
        }
        if let Some((write, rest)) = writes.split_first() {
            let (mut session, mut nodes) = (session.clone(), nodes.clone());
            session.write(to, *write, &mut nodes[to], book, compared);
            explore(&session, &nodes, rest, book, compared);
        }
    }
    if is_over {
        session.finish(compared);
    }
}

#[test]
fn later_rounds_go_as_defined_in_all_orders_with_writes_anywhere() {
    let mut compared = Compared::default();
    // A session of one round ends with writes in between, where somebody writes late.
    for (kinds, max_rounds) in [([LwwMap, OrSet], 8), ([Log, GCounter], 8), ([LwwMap, OrSet], 1)] {
        let with = |schema: Schema, kind: ObjectType| schema.with(kind.as_str(), kind, CLASSES[0]);
        let schema = kinds.into_iter().fold(Schema::new(), with);
        let [first, second]: [ObjectId; 2] = kinds.map(|kind| kind.as_str().into());
        let [one, other] = kinds.map(|kind| alphabet(kind)[0].clone());
        let mut book = Book::default();
        let mut nodes = ["a", "b"].map(|name| Node::new(name, &schema));
        nodes[0].perform(&first, &one, &mut book);
        nodes[1].perform(&second, &other, &mut book);
        let config = Config { max_rounds, ..Config::new(schema) };
        let session = Rounds::new(&config, nodes.each_mut(), Kept::default(), &mut book);
        explore(&session, &nodes, &[(&first, &one)], &mut book, &mut compared);
    }
    println!("{compared:?}");
    assert!(compared.later_deltas > 0 && compared.later_checkpoints > 0, "{compared:?}");
    assert!(compared.writes > 0 && compared.verified > 0, "{compared:?}");
    assert!(compared.writes_in_between > 0, "{compared:?}");
}

/// Texts that do not compress.
fn text(number: u64) -> String {
    blake3::hash(&number.to_be_bytes()).to_hex().to_string()
}

/// So many keys has what is sent.
const KEYS: u64 = 40;

/// The operation of that number on an object of a type.
fn numbered(kind: ObjectType, number: u64) -> Op {
    match alphabet(kind)[0].clone() {
        Operation::Add { .. } => Operation::Add { element: Key::from(text(number % KEYS)) },
        Operation::Put { timestamp, .. } => {
            let key = Key::from(text(number % KEYS));
            Operation::Put { key, value: canonical("1"), timestamp }
        }
        Operation::Append { .. } => Operation::Append {
            entry: canonical(&format!("\"{}\"", text(number))),
            timestamp: number,
        },
        other => other,
    }
}

/// A replica with much to say meets another one. Each writes at some moments, on keys that are there, and
/// after so many messages the session is cut and another one begins. A map or a set goes in pieces where
/// its delta has more than `max_delta` bytes.
fn in_pieces(kind: ObjectType, max_delta: usize, cut: usize, compared: &mut Compared) -> usize {
    let object: ObjectId = kind.as_str().into();
    let schema = Schema::new().with(kind.as_str(), kind, CLASSES[0]);
    let mut book = Book::default();
    let mut nodes = ["a", "b"].map(|name| Node::new(name, &schema));
    for number in 0..KEYS {
        nodes[0].perform(&object, &numbered(kind, number), &mut book);
    }
    let config = Config { max_message: 1024, max_piece: 256, max_delta, ..Config::new(schema) };
    let (mut messages, mut number, mut kept) = (0, KEYS, Kept::default());
    // The last one begins when all is written.
    for is_last in [false, true] {
        let mut session = Rounds::new(&config, nodes.each_mut(), kept, &mut book);
        while let Some(to) = [1, 0].into_iter().find(|to| session.is_due(*to)) {
            session.deliver(to, &mut nodes[to], &mut book, compared);
            messages += 1;
            if messages % 4 == 2 && number < KEYS + 8 && !is_last {
                let op = numbered(kind, number);
                let at = usize::from(number % 2 == 0);
                session.write(at, (&object, &op), &mut nodes[at], &mut book, compared);
                number += 1;
            }
            if messages == cut {
                compared.restarts += 1;
                session = Rounds::new(&config, nodes.each_mut(), session.kept, &mut book);
            }
        }
        session.finish(compared);
        kept = session.kept;
    }
    assert_eq!(kept, Kept::default(), "no pieces are left");
    let [here, there] = nodes.each_ref().map(|node| node.proven.seen());
    assert_eq!(here, there, "all has arrived");
    messages
}

#[test]
fn pieces_chunks_and_restarts_go_as_defined() {
    let mut compared = Compared::default();
    let whole = 4 << 20;
    for (kind, max_delta) in
        [(Log, whole), (LwwMap, whole), (OrSet, whole), (LwwMap, 2048), (OrSet, 2048)]
    {
        let messages = in_pieces(kind, max_delta, usize::MAX, &mut compared);
        for cut in (1..messages.min(10)).step_by(3) {
            in_pieces(kind, max_delta, cut, &mut compared);
        }
    }
    println!("{compared:?}");
    let Compared { pieces_of_logs, pieces_of_keys, pieces_after_a_cut, next_passes, .. } = compared;
    assert!(pieces_of_logs > 0 && pieces_of_keys > 0, "{compared:?}");
    assert!(pieces_after_a_cut > 0 && next_passes > 0, "{compared:?}");
    assert!(compared.chunks > 0 && compared.restarts > 0, "{compared:?}");
    assert!(compared.later_deltas > 0 && compared.later_checkpoints > 0, "{compared:?}");
    assert!(compared.verified > 0, "{compared:?}");
}
