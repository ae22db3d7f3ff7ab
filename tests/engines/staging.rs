//! Transfers in pieces, by the engine itself: random courses in which three replicas write, exchange
//! deltas, and one of them gets the others' maps and sets in pieces, while senders move on, take over
//! from each other, processes end and disks are put back.
//!
//! Whenever a transfer completes, the receiver is what it would be by one delta at that moment. All
//! pieces go through bytes. A forger who cuts, changes or repeats them makes no replica panic, and no
//! state that breaks an invariant.

use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::object::ObjectType;
use rejoin::operation::Operation;
use rejoin::optimized::replica::{Delta, Replica};
use rejoin::optimized::staging::{PieceHead, PieceStep, ReceivedPiece, Staged};
use rejoin::optimized::{Fingerprint, Vector};
use rejoin::wire::{BaseEncoding, DecodeContext, OriginEncoding, compress};
use std::collections::BTreeMap;

type Text = Replica;

const TYPES: [ObjectType; 4] =
    [ObjectType::OrSet, ObjectType::RwSet, ObjectType::LwwMap, ObjectType::MvMap];

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

fn origin(at: usize, incarnation: u64) -> Origin {
    Origin { replica: ReplicaId::new(["b", "c", "a"][at]).unwrap(), incarnation }
}

/// What a disk holds: the objects, and the pieces of transfers.
#[derive(Clone)]
struct Disk {
    replica: Text,
    staged: Vec<Vec<u8>>,
}

struct World {
    random: Random,
    kind: ObjectType,
    replicas: Vec<Text>,
    backups: Vec<Option<Disk>>,
    incarnation: u64,
    openings: u64,
    /// Whether replicas draw openings, and disks are put back.
    forks: bool,
    completed: u32,
    kept: u32,
    passes: u32,
}

impl World {
    fn new(seed: u64) -> Self {
        let kind = TYPES[seed as usize % 4];
        let schema = BTreeMap::from([("o".into(), kind)]);
        let replicas = (0..3).map(|at| Text::new(origin(at, 0), &schema)).collect();
        let mut world = Self {
            random: Random(seed),
            kind,
            replicas,
            backups: vec![None, None, None],
            incarnation: 0,
            openings: seed << 16,
            forks: seed % 3 == 0,
            completed: 0,
            kept: 0,
            passes: 0,
        };
        (0..3).for_each(|at| world.open(at));
        world
    }

    fn open(&mut self, at: usize) {
        self.openings += 1;
        if self.forks {
            self.replicas[at].open(self.openings).expect("it is new");
        }
    }

    fn write(&mut self, at: usize) {
        let key = ["k", "k0", "k01", "x", "x0", "y"][self.random.below(6) as usize];
        let value = format!("v{}", self.random.below(100));
        let is_removal = self.random.below(4) == 0;
        let timestamp = 1 + self.random.below(20);
        let value = (!is_removal).then_some(&*value);
        let operation = match (self.kind, is_removal) {
            (ObjectType::LwwMap | ObjectType::MvMap, _) => Operation::Put { key, value, timestamp },
            (_, false) => Operation::Add { element: key },
            (_, true) => Operation::Remove { element: key },
        };
        let user = (self.random.below(2) == 0).then(|| "ann".into());
        let replica = &mut self.replicas[at];
        let performed = match self.random.below(3) {
            0 => replica.perform("o", operation, user),
            _ => replica.perform_audited("o", operation, user, timestamp),
        };
        performed.expect("it is valid");
    }

    /// One gets all that another one has, by one delta.
    fn exchange(&mut self, to: usize, from: usize) {
        let from = self.replicas[from].clone();
        exchange(&mut self.replicas[to], &from);
    }

    /// The process ends, and another one opens what was stored; or what was stored long before.
    fn reopen(&mut self, at: usize, disk: Disk) {
        let origin = match self.forks {
            true => disk.replica.origin().clone(),
            false => {
                self.incarnation += 1;
                origin(at, self.incarnation)
            }
        };
        self.replicas[at] = Replica::restored(origin, disk.replica.objects().clone());
        self.open(at);
        if !disk.staged.is_empty() {
            assert!(self.replicas[at].restage("o", disk.staged), "what was kept is of use");
        }
    }

    fn disk(&self, at: usize) -> Disk {
        let replica = self.replicas[at].clone();
        let records = replica.staged("o").map(|staging| staging.records().map(Into::into));
        Disk { staged: records.map_or(Vec::new(), Iterator::collect), replica }
    }

    /// The receiver gets the next piece of another one.
    fn piece(&mut self, from: usize) {
        let sender = self.replicas[from].clone();
        let receiver = &mut self.replicas[0];
        let state = sender.object("o").unwrap();
        let base = receiver.vector("o").unwrap();
        let is_forked = state.is_forked_from(&receiver.object("o").unwrap().knowledge());
        if is_forked || base.covers(&state.vector()) {
            return;
        }
        let progress = receiver.staged("o").map(|staging| staging.progress().clone());
        let most = 1 + self.random.below(60) as usize;
        let piece = state.piece(&base, progress.as_ref(), most).expect("it has keys");
        self.passes += u32::from(piece.head.step == PieceStep::NextPass);
        let delta = piece.delta.encode(OriginEncoding::Inline, BaseEncoding::Inline);
        let bytes = piece.head.encode(&delta);
        let mut expected = receiver.clone();
        exchange(&mut expected, &sender);
        let staged = receive(receiver, self.kind, &bytes).expect("it is honest");
        let Staged::Complete(delta) = staged else {
            assert!(matches!(staged, Staged::Kept), "{staged:?}");
            assert!(!piece.head.is_last);
            self.kept += 1;
            return;
        };
        assert!(piece.head.is_last);
        receiver.apply("o", *delta).expect("all pieces are here");
        self.completed += 1;
        assert!(receiver.staged("o").is_none());
        let object = receiver.object("o").unwrap();
        object.debug_check().unwrap();
        let trail = expected.object("o").unwrap().audit_trail(None);
        assert_eq!(object.audit_trail(None), trail);
        assert_eq!(object.knowledge(), expected.object("o").unwrap().knowledge());
        assert_eq!(receiver.state_hash(), expected.state_hash());
    }

    fn step(&mut self) {
        let at = self.random.below(3) as usize;
        let other = (at + 1 + self.random.below(2) as usize) % 3;
        match self.random.below(20) {
            0..=4 => self.write(at),
            6 => self.exchange(at, other),
            7 => self.reopen(at, self.disk(at)),
            8 => self.backups[at] = Some(self.disk(at)),
            9 if self.forks && self.random.below(4) == 0 => {
                if let Some(disk) = self.backups[at].clone() {
                    self.reopen(at, disk);
                }
            }
            _ => {
                let from = 1 + self.random.below(2) as usize;
                self.piece(from);
            }
        }
    }
}

/// By a delta that also heals forks.
fn exchange(to: &mut Text, from: &Text) {
    let knowledge = to.object("o").unwrap().knowledge();
    let delta = from.delta_for("o", &knowledge).unwrap();
    to.apply("o", delta).unwrap();
}

type Refused = Box<dyn std::error::Error>;

/// Keeps a piece that came as bytes.
fn receive(replica: &mut Text, kind: ObjectType, bytes: &[u8]) -> Result<Staged, Refused> {
    Ok(replica.stage("o", ReceivedPiece::decode(bytes, kind, 1 << 20)?, u64::MAX)?)
}

#[test]
fn pieces_make_what_one_delta_makes() {
    let (mut completed, mut kept, mut passes) = (0, 0, 0);
    for seed in 0..200 {
        let mut world = World::new(seed);
        (0..120).for_each(|_| world.step());
        completed += world.completed;
        kept += world.kept;
        passes += world.passes;
    }
    println!(
        "{completed} transfers, {kept} pieces before their last ones, {passes} further passes"
    );
    let happened = [completed, kept, passes];
    assert!(happened.iter().all(|count| *count > 40), "{happened:?}");
}

/// Two replicas; the second one has a map of so many keys that the first one lacks.
fn apart(keys: u64) -> [Text; 2] {
    let schema = BTreeMap::from([("o".into(), ObjectType::LwwMap)]);
    let mut both = [0, 1].map(|at| Text::new(origin(at, 0), &schema));
    for number in 0..keys {
        let (key, value) = (format!("key {number:05}"), format!("{number:064}"));
        let operation = Operation::Put { key: &*key, value: Some(&*value), timestamp: 7 };
        both[1].perform("o", operation, Some("ann".into())).unwrap();
    }
    both
}

/// All pieces of a transfer, of so many bytes each.
fn pieces(from: &Text, base: &Vector, most: usize) -> Vec<Vec<u8>> {
    let state = from.object("o").unwrap();
    let (mut all, mut progress) = (Vec::new(), None);
    loop {
        let piece = state.piece(base, progress.as_ref(), most).unwrap();
        let delta = piece.delta.encode(OriginEncoding::Inline, BaseEncoding::Inline);
        all.push(piece.head.encode(&delta));
        if piece.head.is_last {
            return all;
        }
        progress = Some(piece.progress);
    }
}

#[test]
fn one_piece_of_any_length_is_the_delta() {
    let [_, from] = apart(500);
    let base = Vector::default();
    let piece = from.object("o").unwrap().piece(&base, None, usize::MAX).unwrap();
    assert!(piece.head.is_last && piece.head.step == PieceStep::Anew);
    let encode = |delta: &Delta| delta.encode(OriginEncoding::Inline, BaseEncoding::Inline);
    assert_eq!(encode(&piece.delta), encode(&from.delta_since("o", &base).unwrap()));
}

#[test]
fn pieces_have_bounded_lengths_and_cost_little_more_than_the_delta() {
    let [_, from] = apart(5_000);
    let whole = from.delta_since("o", &Vector::default()).unwrap();
    let whole = whole.encode(OriginEncoding::Inline, BaseEncoding::Inline).len();
    let all = pieces(&from, &Vector::default(), 20_000);
    let longest = all.iter().map(Vec::len).max().unwrap();
    let sum: usize = all.iter().map(Vec::len).sum();
    let bound = whole + 150 * all.len();
    println!("{whole} bytes as one delta, {sum} in {} pieces of at most {longest}", all.len());
    assert!(longest < 20_000 && all.len() > 20 && sum < bound, "{longest}, {sum} of {bound}");
}

#[test]
fn records_and_names_of_users_count_for_the_length_of_a_piece() {
    let schema = BTreeMap::from([("o".into(), ObjectType::LwwMap)]);
    // Many records of each key, or a person with a long name for each.
    for (keys, each, name) in [(100, 40, 3), (600, 1, 900)] {
        let mut from = Text::new(origin(1, 0), &schema);
        for number in 0..keys * each {
            let (key, user) = (format!("key {}", number % keys), format!("{number:0name$}"));
            let user = user.chars().rev().collect::<String>();
            let operation = Operation::Put { key: &*key, value: Some("v"), timestamp: 7 };
            from.perform_audited("o", operation, Some(user.into()), 1 << 40).unwrap();
        }
        let all = pieces(&from, &Vector::default(), 20_000);
        let longest = all.iter().map(Vec::len).max().unwrap();
        println!(
            "{keys} keys, {each} records each: {} pieces of at most {longest} bytes",
            all.len()
        );
        // And one key more.
        assert!(longest < 21_000 && all.len() > 5, "{} pieces, {longest} bytes", all.len());
    }
}

#[test]
fn a_piece_that_comes_again_does_no_harm_and_one_that_is_missing_is_noticed() {
    let [mut to, from] = apart(200);
    let all = pieces(&from, &Vector::default(), 1_000);
    let progress = |to: &Text| to.staged("o").map(|staging| staging.progress().clone());
    for (at, piece) in all.iter().enumerate() {
        // Later ones, and all that came.
        for later in all.iter().skip(at + 1).skip(usize::from(at == 0)) {
            let out_of_order = receive(&mut to, ObjectType::LwwMap, later).unwrap();
            assert!(matches!(out_of_order, Staged::OutOfOrder), "{out_of_order:?}");
        }
        let before = progress(&to);
        for earlier in &all[..at] {
            let repeated = receive(&mut to, ObjectType::LwwMap, earlier).unwrap();
            assert!(matches!(repeated, Staged::Repeated), "{repeated:?}");
        }
        assert_eq!(progress(&to), before);
        match receive(&mut to, ObjectType::LwwMap, piece).unwrap() {
            Staged::Complete(delta) if at + 1 == all.len() => drop(to.apply("o", *delta).unwrap()),
            Staged::Kept if at + 1 < all.len() => {}
            other => panic!("piece {at} of {}: {other:?}", all.len()),
        }
        // Nothing is read before the end.
        let is_empty = to.vector("o").unwrap().is_empty();
        assert_eq!(is_empty, at + 1 < all.len());
    }
    // Whatever comes again when all are there is known.
    for piece in &all {
        let repeated = receive(&mut to, ObjectType::LwwMap, piece).unwrap();
        assert!(matches!(repeated, Staged::Repeated), "{repeated:?}");
        assert!(to.staged("o").is_none());
    }
    let [mut to, mut from] = [to, from];
    assert_eq!(to.state_hash(), from.state_hash());
}

#[test]
fn more_pieces_than_are_allowed_are_dropped() {
    let [mut to, from] = apart(200);
    let all = pieces(&from, &Vector::default(), 1_000);
    let mut kept = 0;
    let dropped = all.iter().find(|piece| {
        let piece = ReceivedPiece::decode(piece, ObjectType::LwwMap, 1 << 20).unwrap();
        let staged = to.stage("o", piece, 4_000).unwrap();
        kept += to.staged("o").map_or(0, |staging| usize::from(staging.bytes() <= 4_000));
        matches!(staged, Staged::TooLarge)
    });
    assert!(dropped.is_some() && kept > 1 && to.staged("o").is_none());
}

/// The piece with its delta compressed.
fn packed(piece: &[u8]) -> Vec<u8> {
    let (head, delta) = PieceHead::decode(piece).unwrap();
    head.encode(&compress(delta))
}

#[test]
fn pieces_count_as_if_they_came_unpacked() {
    let schema = BTreeMap::from([("o".into(), ObjectType::LwwMap)]);
    let [mut to, mut from] = [0, 1].map(|at| Text::new(origin(at, 0), &schema));
    let value = "0".repeat(50_000);
    for number in 0..20 {
        let key = format!("key {number:05}");
        let operation = Operation::Put { key: &*key, value: Some(&*value), timestamp: 7 };
        from.perform("o", operation, None).unwrap();
    }
    let all: Vec<_> = pieces(&from, &Vector::default(), 1).iter().map(|one| packed(one)).collect();
    assert!(all.len() == 20 && all.iter().all(|piece| piece.len() < 1_000));
    let mut stage = |piece: &[u8]| {
        let piece = ReceivedPiece::decode(piece, ObjectType::LwwMap, 1 << 20).unwrap();
        let staged = to.stage("o", piece, 260_000).unwrap();
        (staged, to.staged("o").map(|staging| staging.bytes()))
    };
    for (number, piece) in (1..).zip(&all[..5]) {
        let (staged, bytes) = stage(piece);
        assert!(matches!(staged, Staged::Kept) && bytes > Some(50_000 * number), "{bytes:?}");
    }
    let (staged, bytes) = stage(&all[5]);
    assert!(matches!(staged, Staged::TooLarge) && bytes.is_none(), "{staged:?}");
}

#[test]
fn a_first_piece_that_is_refused_leaves_those_of_others() {
    let [mut to, from] = apart(20);
    let all = pieces(&from, &Vector::default(), 300);
    (0..3).for_each(|at| drop(receive(&mut to, ObjectType::LwwMap, &all[at]).unwrap()));
    let progress = to.staged("o").unwrap().progress().clone();
    // It knows of these pieces, and begins at what was never seen here, or is too large.
    let forged = |limit: u64, base: &Vector, to: &mut Text| {
        let other = from.object("o").unwrap().piece(base, None, 1).unwrap();
        let head = PieceHead { before: progress.fingerprint(), ..other.head };
        let delta = other.delta.encode(OriginEncoding::Inline, BaseEncoding::Inline);
        let bytes = head.encode(&delta);
        let piece = ReceivedPiece::decode(&bytes, ObjectType::LwwMap, 1 << 20).unwrap();
        to.stage("o", piece, limit)
    };
    let seen_there = first(&from, 1);
    assert!(forged(u64::MAX, &seen_there, &mut to).is_err());
    assert!(matches!(forged(10, &Vector::default(), &mut to), Ok(Staged::TooLarge)));
    assert_eq!(to.staged("o").map(|staging| staging.progress()), Some(&progress));
    for piece in &all[3..] {
        if let Staged::Complete(delta) = receive(&mut to, ObjectType::LwwMap, piece).unwrap() {
            drop(to.apply("o", *delta).unwrap());
        }
    }
    assert_eq!(to.vector("o").unwrap(), from.vector("o").unwrap());
}

/// The first operations of the only one who wrote.
fn first(replica: &Text, count: u64) -> Vector {
    let table = replica.vector("o").unwrap().actor_table().clone();
    Vector::new(table, vec![count]).unwrap()
}

#[test]
fn a_piece_that_comes_no_nearer_to_the_end_is_not_kept() {
    let [mut to, from] = apart(20);
    let all = pieces(&from, &Vector::default(), 300);
    (0..3).for_each(|at| drop(receive(&mut to, ObjectType::LwwMap, &all[at]).unwrap()));
    let progress = to.staged("o").unwrap().progress().clone();
    let (honest, delta) = PieceHead::decode(&all[3]).unwrap();
    let cursor = |counter| progress.cursor.clone().map(|dot| Dot { counter, ..dot });
    let at = progress.cursor.as_ref().unwrap().counter;
    let forgeries = [
        (PieceStep::GoesOn, false, cursor(at)),
        (PieceStep::GoesOn, false, None),
        (PieceStep::GoesOn, false, cursor(at - 1)),
        (PieceStep::GoesOn, true, cursor(at - 1)),
        (PieceStep::GoesOn, false, cursor(21)),
        (PieceStep::Anew, false, None),
        (PieceStep::Anew, false, cursor(0)),
        (PieceStep::NextPass, false, None),
        // The next pass begins where all is seen.
        (PieceStep::NextPass, false, cursor(20)),
    ];
    for (step, is_last, cursor) in forgeries {
        let head = PieceHead { step, is_last, cursor, ..honest.clone() };
        let staged = receive(&mut to, ObjectType::LwwMap, &head.encode(delta)).unwrap();
        assert!(matches!(staged, Staged::OutOfOrder), "{head:?}: {staged:?}");
        assert_eq!(to.staged("o").map(|staging| staging.progress()), Some(&progress));
    }
    assert!(matches!(receive(&mut to, ObjectType::LwwMap, &all[3]).unwrap(), Staged::Kept));
}

#[test]
fn forged_pieces_break_no_invariant() {
    let mut random = Random(11);
    let (mut refused, mut applied) = (0, 0);
    for round in 0..400 {
        let [mut to, from] = apart(20);
        let operation = Operation::Put { key: "key 00003", value: Some("own"), timestamp: 9 };
        to.perform("o", operation, None).unwrap();
        let mut all = pieces(&from, &to.vector("o").unwrap(), 300);
        // Of another transfer under the same names, so that keys and operations contradict each other.
        let [_, mut other] = apart(0);
        for number in 0..20 {
            let key = format!("key {:05}", (number * 7 + round) % 23);
            let operation = Operation::Put { key: &*key, value: None, timestamp: 3 };
            other.perform("o", operation, None).unwrap();
        }
        let others = pieces(&other, &to.vector("o").unwrap(), 300);
        let at = random.below(all.len() as u64) as usize;
        let mut before: Option<Fingerprint> = None;
        for (number, piece) in all.iter_mut().enumerate() {
            let (mut head, mut bytes) = PieceHead::decode(piece).unwrap();
            if number == at && random.below(2) == 0 || random.below(24) == 0 {
                bytes = PieceHead::decode(&others[random.below(others.len() as u64) as usize])
                    .unwrap()
                    .1;
            }
            if number > 0 {
                head.step =
                    [PieceStep::GoesOn, PieceStep::NextPass][usize::from(random.below(8) == 0)];
            }
            head.before = before.unwrap_or_default();
            let forged = head.encode(bytes);
            match receive(&mut to, ObjectType::LwwMap, &forged) {
                Ok(Staged::Complete(delta)) => match to.apply("o", *delta) {
                    Ok(_) => applied += 1,
                    Err(_) => refused += 1,
                },
                Ok(_) => {}
                Err(_) => refused += 1,
            }
            before = to.staged("o").map(|staging| staging.progress().fingerprint());
        }
        to.object("o").unwrap().debug_check().unwrap();
        let stored = to.delta_since("o", &Vector::default()).unwrap();
        let bytes = stored.encode(OriginEncoding::Inline, BaseEncoding::Inline);
        let read = Delta::decode(ObjectType::LwwMap, &bytes, &DecodeContext::default());
        let schema = BTreeMap::from([("o".into(), ObjectType::LwwMap)]);
        let mut again = Text::new(origin(0, 1), &schema);
        again.apply("o", read.expect("what was applied can be stored and read")).unwrap();
        assert_eq!(again.state_hash(), to.state_hash());
    }
    println!("{applied} forged transfers applied, {refused} refused");
    assert!(refused > 100 && applied > 10, "{applied}, {refused}");
}
