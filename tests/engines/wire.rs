//! The binary format: a written message is read back, golden messages stay readable, and a damaged
//! message is refused or is another message.
//!
//! Shown: on random histories, replicas that exchange bytes end in the same states as those that
//! exchange deltas; decoding and encoding again gives the same bytes; messages are as short as
//! promised.

use proptest::prelude::*;
use rejoin::dot::{Origin, ReplicaId};
use rejoin::optimized::g_counter::{CounterDelta, GCounter};
use rejoin::optimized::log::{Log, LogDelta};
use rejoin::optimized::lww_map::{self, LwwMap};
use rejoin::optimized::lww_register::{self, LwwRegister};
use rejoin::optimized::or_set::{self, OrSet};
use rejoin::optimized::{ActorTable, ApplyError, Author, StateHash, Vector};
use rejoin::wire::{self, BaseEncoding, DecodeContext, Error, Kind, OriginEncoding};
use serde::de::DeserializeOwned;
use serde::de::value::BytesDeserializer;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::sync::Arc;

const NAMINGS: [OriginEncoding; 2] = [OriginEncoding::Inline, OriginEncoding::ActorTable];
const BASES: [BaseEncoding; 3] =
    [BaseEncoding::Inline, BaseEncoding::Fingerprint, BaseEncoding::Asked];

fn origin(name: &str, incarnation: u64) -> Origin {
    Origin { replica: ReplicaId::new(name).unwrap(), incarnation }
}

// Replicas of one object of each type.

#[derive(Clone, Default)]
struct Objects {
    counter: GCounter,
    log: Log<str>,
    map: LwwMap<str, str>,
    set: OrSet<str>,
}

struct Replica {
    author: Author,
    /// The object, updated by deltas, and the same updated by their bytes.
    plain: Objects,
    wired: Objects,
}

/// Does the same to both copies.
macro_rules! both {
    ($replica:expr, $part:ident.$operation:ident($($argument:expr),*)) => {{
        $replica.author.seq += 1;
        let author = &$replica.author;
        let _ = $replica.plain.$part.$operation(author, $($argument),*).expect("there is room");
        let _ = $replica.wired.$part.$operation(author, $($argument),*).expect("there is room");
    }};
}

/// Encodes and decodes a delta, and compares both. Returns the decoded one.
macro_rules! through {
    ($delta:expr, $type:ty, $naming:expr, $base:expr, $known:expr) => {{
        let delta: $type = $delta;
        let bytes = delta.encode($naming, $base);
        let decoded = <$type>::decode(&bytes, $known).expect("what was written can be read");
        assert_eq!(decoded.since(), delta.since());
        assert_eq!(decoded.seen(), delta.seen());
        assert_eq!(decoded.len(), delta.len());
        assert_eq!(decoded.encode($naming, $base), bytes, "the bytes are the same again");
        let packed = wire::compress(&bytes);
        assert!(packed.len() <= bytes.len());
        assert_eq!(wire::decompress(&packed, bytes.len()).as_deref(), Ok(bytes.as_slice()));
        decoded
    }};
}

impl Replica {
    fn new(name: &str, incarnation: u64, user: Option<&str>) -> Self {
        let user = user.map(Into::into);
        let author = Author { origin: origin(name, incarnation), seq: 0, user };
        Self { author, plain: Objects::default(), wired: Objects::default() }
    }

    fn act(&mut self, step: &Step) {
        let Step { kind, key, time, text, .. } = step;
        let key = format!("key/{}", "k".repeat(*key as usize));
        match kind % 6 {
            0 => {
                let amount = u64::from(*time) + 1;
                let origin = &self.author.origin;
                let _ = self.plain.counter.increment(origin, amount).expect("there is room");
                let _ = self.wired.counter.increment(origin, amount).expect("there is room");
            }
            1 => both!(self, log.append(text, u64::from(*time))),
            2 => both!(self, map.put(&key, text, u64::from(*time))),
            3 => both!(self, map.delete(&key, u64::from(*time))),
            4 => both!(self, set.add(&key)),
            _ => both!(self, set.remove(&key)),
        }
    }

    /// Applies what another replica knows.
    fn learn(&mut self, from: &Self, naming: OriginEncoding, base: BaseEncoding) {
        let (plain, wired) = (&mut self.plain, &mut self.wired);

        let asked = wired.counter.vector();
        let known = DecodeContext {
            asked: Some(&asked),
            actor_tables: &actor_tables(from),
            ..DecodeContext::default()
        };
        let delta = from.wired.counter.delta_since(&asked);
        let _ = wired
            .counter
            .apply(&through!(delta, CounterDelta, naming, base, &known))
            .expect("no gap");
        let _ = plain
            .counter
            .apply(&from.plain.counter.delta_since(&plain.counter.vector()))
            .expect("no gap");

        let asked = wired.log.vector();
        let known = DecodeContext { asked: Some(&asked), ..known };
        let delta = from.wired.log.delta_since(&asked);
        let _ =
            wired.log.apply(through!(delta, LogDelta<str>, naming, base, &known)).expect("no gap");
        let _ = plain.log.apply(from.plain.log.delta_since(&plain.log.vector())).expect("no gap");

        let asked = wired.map.vector();
        let known = DecodeContext { asked: Some(&asked), ..known };
        let delta = from.wired.map.delta_since(&asked);
        let delta = through!(delta, lww_map::Delta<str, str>, naming, base, &known);
        let _ = wired.map.apply(&delta).expect("no gap");
        let delta = from.plain.map.delta_since(&plain.map.vector());
        let _ = plain.map.apply(&delta).expect("no gap");

        let asked = wired.set.vector();
        let known = DecodeContext { asked: Some(&asked), ..known };
        let delta = from.wired.set.delta_since(&asked);
        let delta = through!(delta, or_set::Delta<str>, naming, base, &known);
        let _ = wired.set.apply(&delta).expect("no gap");
        let delta = from.plain.set.delta_since(&plain.set.vector());
        let _ = plain.set.apply(&delta).expect("no gap");
    }

    /// Both copies are equal.
    fn check(&mut self) {
        let (plain, wired) = (&mut self.plain, &mut self.wired);
        assert_eq!(plain.counter, wired.counter);
        assert_eq!(plain.log, wired.log);
        assert_eq!(plain.map.vector(), wired.map.vector());
        assert_eq!(plain.map.state_hash(), wired.map.state_hash());
        assert_eq!(plain.set.vector(), wired.set.vector());
        assert_eq!(plain.set.state_hash(), wired.set.state_hash());
        let (first, second) = (plain.map.state_hash(), wired.set.state_hash());
        for hash in [first, second] {
            assert_eq!(StateHash::decode(&hash.encode()), Ok(hash));
        }
    }
}

/// The actor tables of the replica.
fn actor_tables(of: &Replica) -> [Arc<ActorTable>; 4] {
    vectors(&of.wired).map(|vector| vector.actor_table().clone())
}

#[derive(Clone, Debug)]
struct Step {
    kind: u8,
    at: usize,
    from: usize,
    key: u8,
    time: u16,
    text: String,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (any::<u8>(), 0..4_usize, 0..4_usize, 0..12_u8, any::<u16>(), "[a-zä€]{0,9}");
    let step =
        step.prop_map(|(kind, at, from, key, time, text)| Step { kind, at, from, key, time, text });
    prop::collection::vec(step, 0..300)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn bytes_do_what_deltas_do(steps in steps()) {
        let mut replicas = [
            Replica::new("replica/one", 0, None),
            Replica::new("replica/one", 1 << 40, Some("ann")),
            Replica::new("replica/two", 7, Some("anna")),
            Replica::new("r", 0, Some("u")),
        ];
        for step in &steps {
            if step.kind < 224 {
                replicas[step.at].act(step);
            } else if step.at != step.from {
                let naming = NAMINGS[usize::from(step.kind % 2)];
                let base = BASES[usize::from(step.kind % 3)];
                let [to, from] = replicas.get_disjoint_mut([step.at, step.from]).expect("two");
                to.learn(from, naming, base);
                to.check();
            }
        }
    }

    #[test]
    fn vectors_are_read_back(entries in prop::collection::btree_map(
        ("[ab]{1,20}", 0..3_u64), 1..=u64::MAX, 1..300,
    )) {
        let (origins, counts): (Vec<Origin>, Vec<u64>) =
            entries.iter().map(|((name, incarnation), count)| (origin(name, *incarnation), *count)).unzip();
        let actor_table = Arc::new(ActorTable::new(origins).expect("they rise"));
        let vector = Vector::new(actor_table.clone(), counts).expect("none is 0");
        let other = Arc::new(ActorTable::new(Vec::new()).expect("they rise"));
        let known = DecodeContext { actor_tables: &[other, actor_table.clone()], ..DecodeContext::default() };
        for naming in NAMINGS {
            let bytes = vector.encode(naming);
            let decoded = Vector::decode(&bytes, &known).expect("it can be read");
            prop_assert_eq!(&decoded, &vector);
            prop_assert!(Arc::ptr_eq(decoded.actor_table(), &actor_table), "the actor table is shared");
            prop_assert_eq!(decoded.encode(naming), bytes);
        }
        prop_assert!(vector.encode(OriginEncoding::ActorTable).len() <= vector.encode(OriginEncoding::Inline).len());
    }

    #[test]
    fn any_bytes_are_a_message_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let golden = Golden::new();
        for kind in 1..=8 {
            let _ = read_any(&[&[wire::VERSION, kind], bytes.as_slice()].concat(), &golden);
        }
    }
}

#[test]
fn states_and_deltas_are_serialized_as_their_bytes() {
    fn through<T: Serialize + DeserializeOwned>(value: &T) -> T {
        let text = serde_json::to_string(value).expect("it can be written");
        let read = serde_json::from_str(&text).expect("what was written can be read");
        assert_eq!(serde_json::to_string(&read).expect("again"), text);
        let damaged = text.replace('A', "?");
        assert!(damaged == text || serde_json::from_str::<T>(&damaged).is_err());
        read
    }

    let Golden { before, mut after, vectors: [counter, log, map, set], .. } = Golden::new();
    assert_eq!(through(&after.counter), after.counter);
    assert_eq!(through(&after.log), after.log);
    assert_eq!(through(&after.map).state_hash(), after.map.state_hash());
    assert_eq!(through(&after.set).state_hash(), after.set.state_hash());
    assert_eq!(through(&map), map);
    let mut register = LwwRegister::<str>::new();
    let author = Author { origin: origin("a", 0), seq: 1, user: None };
    let _ = register.write(&author, Some("x"), 1).expect("there is room");
    assert_eq!(through(&register).value(), Some("x"));

    let mut again = before;
    let _ = again.counter.apply(&through(&after.counter.delta_since(&counter))).expect("no gap");
    assert_eq!(again.counter, after.counter);
    let _ = again.log.apply(through(&after.log.delta_since(&log))).expect("no gap");
    assert_eq!(again.log, after.log);
    let _ = again.map.apply(&through(&after.map.delta_since(&map))).expect("no gap");
    assert_eq!(again.map.state_hash(), after.map.state_hash());
    let _ = again.set.apply(&through(&after.set.delta_since(&set))).expect("no gap");
    assert_eq!(again.set.state_hash(), after.set.state_hash());

    // A delta is no state, unless it starts at bottom.
    let delta = serde_json::to_string(&after.counter.delta_since(&counter)).expect("written");
    assert!(serde_json::from_str::<GCounter>(&delta).is_err());

    // Bytes at known places of the format.
    let bytes = map.encode(OriginEncoding::Inline);
    let bytes = BytesDeserializer::<serde::de::value::Error>::new(&bytes);
    assert_eq!(Vector::deserialize(bytes), Ok(map));
}

// Golden messages.

/// Objects whose deltas have everything that a message can contain.
fn golden_objects() -> (Objects, Objects) {
    let mut ann = Replica::new("the telephone of ann", 0, Some("ann"));
    let mut bob = Replica::new("the tablet of bob", 3, None);
    let text = |text: &str| Step { kind: 0, at: 0, from: 0, key: 0, time: 1000, text: text.into() };
    let act = |replica: &mut Replica, kind: u8, key: u8, time: u16, words: &str| {
        replica.act(&Step { kind, key, time, ..text(words) });
    };
    for key in 0..8 {
        for kind in [0, 1, 2, 4] {
            act(&mut ann, kind, key, 1000 + u16::from(key), "first");
        }
    }
    bob.learn(&ann, OriginEncoding::Inline, BaseEncoding::Inline);
    let before = bob.wired.clone();
    for (kind, key, time, words) in [
        (2, 0, 2000, "concurrent, and later"),
        (2, 1, 10, "behind the clock"),
        (3, 2, 2001, ""),
        (5, 3, 0, ""),
        (0, 0, 65_535, ""),
        (1, 0, 3000, "a longer entry, €"),
        (2, 9, 2002, "new"),
        (2, 9, 2003, "new again"),
        (2, 10, 2004, "new"),
        (4, 9, 0, ""),
    ] {
        act(&mut bob, kind, key, time, words);
    }
    for (kind, key, time, words) in [
        (2, 0, 2500, "concurrent"),
        (3, 0, 2500, ""),
        (2, 10, 1999, "also new"),
        (5, 3, 0, ""),
        (4, 9, 0, ""),
        (1, 0, 1500, ""),
    ] {
        act(&mut ann, kind, key, time, words);
    }
    bob.learn(&ann, OriginEncoding::Inline, BaseEncoding::Inline);
    // A sender that had seen nothing: what the receiver has is concurrent.
    let mut carol = Replica::new("carol", 0, Some("carol"));
    act(&mut carol, 2, 5, 900, "without a look");
    act(&mut carol, 5, 5, 0, "");
    bob.learn(&carol, OriginEncoding::Inline, BaseEncoding::Inline);
    (before, bob.wired)
}

/// The states of the golden messages' receiver and sender.
struct Golden {
    before: Objects,
    after: Objects,
    /// The receiver's, one for each type of object.
    vectors: [Vector; 4],
    /// All origins there are.
    actor_table: Arc<ActorTable>,
}

impl Golden {
    fn new() -> Self {
        let (before, after) = golden_objects();
        let vectors = vectors(&before);
        let actor_table = after.map.vector().actor_table().clone();
        Self { before, after, vectors, actor_table }
    }
}

fn vectors(objects: &Objects) -> [Vector; 4] {
    let Objects { counter, log, map, set } = objects;
    [counter.vector(), log.vector(), map.vector(), set.vector()]
}

/// Every golden message, with its name.
fn golden() -> Vec<(String, Vec<u8>)> {
    let Golden { mut after, vectors, .. } = Golden::new();
    let mut all = vec![
        ("vector-of-nothing".into(), Vector::default().encode(OriginEncoding::Inline)),
        ("vector".into(), after.map.vector().encode(OriginEncoding::Inline)),
        ("state-hash".into(), after.map.state_hash().encode()),
    ];
    let ways = [
        ("inline", BaseEncoding::Inline),
        ("fingerprint", BaseEncoding::Fingerprint),
        ("asked", BaseEncoding::Asked),
    ];
    for (way, base) in ways {
        let [counter, log, map, set] = match base {
            BaseEncoding::Inline => Default::default(),
            _ => vectors.clone(),
        };
        let naming = OriginEncoding::Inline;
        let set = after.set.delta_since(&set).encode(naming, base);
        let map = after.map.delta_since(&map).encode(naming, base);
        let log = after.log.delta_since(&log).encode(naming, base);
        let counter = after.counter.delta_since(&counter).encode(naming, base);
        for (what, bytes) in [("set", set), ("map", map), ("log", log), ("counter", counter)] {
            all.push((format!("{what}-{way}"), bytes));
        }
    }
    let actor_tables =
        after.map.delta_since(&vectors[2]).encode(OriginEncoding::ActorTable, BaseEncoding::Inline);
    all.push(("map-actor-tables".into(), actor_tables));
    let same = after.map.delta_since(&after.map.vector());
    all.push(("map-nothing-new".into(), same.encode(OriginEncoding::Inline, BaseEncoding::Inline)));
    all
}

fn golden_folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/wire")
}

/// Lines of 32 bytes in hexadecimal digits.
fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        line.iter().for_each(|byte| write!(text, "{byte:02x}").expect("a string takes it"));
        text.push('\n');
    }
    text
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("digits are ASCII");
        u8::from_str_radix(pair, 16).expect("digits are hexadecimal")
    };
    digits.chunks(2).map(byte).collect()
}

/// Reads a message of any kind, writes it again and reads that, and applies its delta.
fn read_any(bytes: &[u8], golden: &Golden) -> Result<(), Error> {
    let Golden { before, vectors: [counter, log, map, set], .. } = golden;
    let actor_tables = std::slice::from_ref(&golden.actor_table);
    let known = DecodeContext { vectors: &golden.vectors, actor_tables, asked: None };
    let (naming, base) = (OriginEncoding::Inline, BaseEncoding::Inline);
    match bytes.get(1).copied().unwrap_or_default() {
        2 => {
            let hash = StateHash::decode(bytes)?;
            assert_eq!(hash.encode(), bytes);
        }
        3 => {
            let delta =
                CounterDelta::decode(bytes, &DecodeContext { asked: Some(counter), ..known })?;
            let again = delta.encode(naming, base);
            assert_eq!(CounterDelta::decode(&again, &known).as_ref(), Ok(&delta));
            let _ = before.counter.clone().apply(&delta);
        }
        4 => {
            let known = DecodeContext { asked: Some(log), ..known };
            let delta = LogDelta::<str>::decode(bytes, &known);
            let shared = LogDelta::<str>::decode_shared(&Arc::new(bytes.to_vec()), &known);
            let written = [&delta, &shared]
                .map(|delta| delta.as_ref().map(|delta| delta.encode(naming, base)));
            assert_eq!(written[0], written[1]);
            let delta = delta?;
            let again = delta.encode(naming, base);
            let decoded = LogDelta::<str>::decode(&again, &known)?;
            assert_eq!(decoded.encode(naming, base), again);
            let _ = before.log.clone().apply(delta);
        }
        5 => {
            let known = DecodeContext { asked: Some(set), ..known };
            let delta = or_set::Delta::<str>::decode(bytes, &known)?;
            let again = delta.encode(naming, base);
            let decoded = or_set::Delta::<str>::decode(&again, &known)?;
            assert_eq!(decoded.encode(naming, base), again);
            let _ = before.set.clone().apply(&delta);
        }
        6 => {
            let known = DecodeContext { asked: Some(map), ..known };
            let delta = lww_map::Delta::<str, str>::decode(bytes, &known)?;
            let again = delta.encode(naming, base);
            let decoded = lww_map::Delta::<str, str>::decode(&again, &known)?;
            assert_eq!(decoded.encode(naming, base), again);
            let _ = before.map.clone().apply(&delta);
        }
        7 | 8 => drop(wire::decompress(bytes, 1 << 20)?),
        _ => {
            let vector = Vector::decode(bytes, &known)?;
            assert_eq!(Vector::decode(&vector.encode(naming), &known).as_ref(), Ok(&vector));
        }
    }
    Ok(())
}

#[test]
fn golden_messages_are_read_and_written_again() {
    let objects = Golden::new();
    for (name, bytes) in golden() {
        let path = golden_folder().join(format!("{name}.hex"));
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text, to_hex(&bytes), "{name}: other bytes than those that are kept");
        assert_eq!(read_any(&from_hex(&text), &objects), Ok(()), "{name}");
    }
}

#[test]
fn every_golden_message_is_known() {
    let names: Vec<String> = golden().into_iter().map(|(name, _)| format!("{name}.hex")).collect();
    for entry in std::fs::read_dir(golden_folder()).expect("the folder is there") {
        let name = entry.expect("it can be read").file_name().into_string().expect("UTF-8");
        assert!(names.contains(&name), "{name} is no longer written");
    }
}

#[test]
fn a_message_that_is_cut_off_is_refused() {
    let objects = Golden::new();
    for (name, bytes) in golden() {
        for length in 0..bytes.len() {
            assert!(read_any(&bytes[..length], &objects).is_err(), "{name}: {length} bytes");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(read_any(&longer, &objects).is_err(), "{name}: one byte more");
    }
}

#[test]
fn a_message_with_a_wrong_byte_is_refused_or_another_message() {
    let objects = Golden::new();
    let (mut refused, mut read) = (0, 0);
    for (_, bytes) in golden() {
        for at in 0..bytes.len() {
            for flip in 1..=255_u8 {
                let mut wrong = bytes.clone();
                wrong[at] ^= flip;
                match read_any(&wrong, &objects) {
                    Ok(()) => read += 1,
                    Err(error) => {
                        assert!(error.to_string().len() > 20);
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(refused > read, "{refused} refused, {read} read");
}

#[test]
fn what_is_refused_is_explained() {
    let Golden { after: Objects { map, .. }, vectors: [_, _, since, _], .. } = Golden::new();
    let delta = map.delta_since(&since);
    let decode = |bytes: &[u8], known: &DecodeContext<'_>| {
        lww_map::Delta::<str, str>::decode(bytes, known).expect_err("it is refused")
    };
    let nothing = DecodeContext::default();

    let bytes = delta.encode(OriginEncoding::Inline, BaseEncoding::Fingerprint);
    assert_eq!(decode(&bytes, &nothing), Error::UnknownBase(since.fingerprint()));
    let asked = delta.encode(OriginEncoding::Inline, BaseEncoding::Asked);
    assert_eq!(decode(&asked, &nothing), Error::NotAsked);
    let later = map.vector();
    assert_eq!(decode(&asked, &DecodeContext { asked: Some(&later), ..nothing }), Error::NotAsked);
    let actor_tables = map
        .delta_since(&Vector::default())
        .encode(OriginEncoding::ActorTable, BaseEncoding::Inline);
    let fingerprint = *map.vector().actor_table().fingerprint();
    assert_eq!(decode(&actor_tables, &nothing), Error::UnknownActorTable(fingerprint));

    let mut other = bytes.clone();
    other[0] = 2;
    assert_eq!(decode(&other, &nothing), Error::Version { found: 2 });
    other[..2].copy_from_slice(&[1, 5]);
    assert_eq!(decode(&other, &nothing), Error::Kind { found: 5, expected: Kind::WriteDelta });
    other[1] = Kind::Compressed as u8;
    assert_eq!(decode(&other, &nothing), Error::Compressed);
    let known = DecodeContext { vectors: &[since], ..nothing };
    let error = lww_map::Delta::<u64, str>::decode(&bytes, &known).expect_err("no u64");
    assert!(matches!(error, Error::WrongType { what: "a key or element", .. }), "{error}");
    let error = lww_map::Delta::<str, u64>::decode(&bytes, &known).expect_err("no u64");
    assert!(matches!(error, Error::WrongType { what: "a value", .. }), "{error}");

    let mut log = Log::<str>::new();
    for seq in 1..=100 {
        let author = Author { origin: origin("a", 0), seq, user: None };
        let _ = log.append(&author, "words that come again and again", seq).expect("room");
    }
    let long =
        log.delta_since(&Vector::default()).encode(OriginEncoding::Inline, BaseEncoding::Inline);
    let packed = wire::compress(&long);
    assert!(packed.len() < long.len());
    assert_eq!(wire::decompress(&packed, 10), Err(Error::TooLong { limit: 10 }));
    let error = wire::decompress(&packed[..packed.len() - 1], wire::LIMIT).expect_err("cut off");
    assert!(error.to_string().contains("a compressed part"), "{error}");
}

// Sizes.

/// A random number generator of a few lines, so that the sizes below never change.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn text(&mut self, length: u64) -> String {
        (0..length).map(|_| char::from(b'a' + self.below(26) as u8)).collect()
    }
}

/// A replica that performs 1,000 operations a minute.
struct Office {
    author: Author,
    minutes: u64,
}

impl Office {
    fn new(name: &str) -> Self {
        Self { author: Author { origin: origin(name, 0), seq: 0, user: None }, minutes: 0 }
    }

    fn next(&mut self) -> (&Author, u64) {
        let timestamp = (self.minutes + self.author.seq / 1000 * 60_000) << 16;
        self.author.seq += 1;
        (&self.author, timestamp + self.author.seq % 1000)
    }
}

#[track_caller]
fn assert_size(what: &str, bytes: usize, most: usize) {
    eprintln!("{what}: {bytes} bytes");
    assert!(bytes <= most, "{what}: {bytes} bytes; at most {most}");
}

#[test]
fn a_map_of_known_keys_is_short() {
    let mut random = Random(1);
    let (mut server, mut map) = (Office::new("server"), LwwMap::<str, str>::new());
    let mut put = |map: &mut LwwMap<str, str>, office: &mut Office, key: u64| {
        let key = format!("table_{}/column_{}", key / 100, key % 100);
        let length = 16 + random.below(17);
        let value = random.text(length);
        let (author, timestamp) = office.next();
        let _ = map.put(author, &key, &value, timestamp).expect("there is room");
    };
    (0..100_000).for_each(|key| put(&mut map, &mut server, key));
    let before = map.vector();
    // A step of a large prime visits the keys in a scattered order, each once.
    (0..7_500).for_each(|key| put(&mut map, &mut server, key * 77_773 % 100_000));
    let delta = map.delta_since(&before);
    assert_eq!(delta.len(), 7_500);
    let bytes = delta.encode(OriginEncoding::ActorTable, BaseEncoding::Asked);
    assert_size("7,500 known keys with values of 24 bytes", bytes.len(), 205_000);
    assert_size("the same, compressed", wire::compress(&bytes).len(), 118_000);
}

#[test]
fn a_set_of_new_and_known_elements_is_short() {
    let mut random = Random(2);
    let (mut server, mut set) = (Office::new("server"), OrSet::<str>::new());
    let mut element = || format!("item-{:016x}", random.below(u64::MAX));
    let known: Vec<String> = (0..100_000).map(|_| element()).collect();
    for element in &known {
        let _ = set.add(server.next().0, element).expect("there is room");
    }
    let before = set.vector();
    for _ in 0..4_500 {
        let _ = set.add(server.next().0, &element()).expect("there is room");
    }
    for number in 0..3_500 {
        let element = &known[number * 77_773 % 100_000];
        let _ = set.remove(server.next().0, element).expect("there is room");
    }
    let bytes = set.delta_since(&before).encode(OriginEncoding::ActorTable, BaseEncoding::Asked);
    assert_size("4,500 new and 3,500 known elements", bytes.len(), 85_000);
    assert_size("the same, compressed", wire::compress(&bytes).len(), 42_000);
}

#[test]
fn counters_are_short() {
    let mut random = Random(3);
    let origins: Vec<Origin> = (0..1000).map(|node| origin(&format!("node {node}"), 0)).collect();
    let mut ours = GCounter::new();
    for origin in &origins {
        let _ = ours.increment(origin, 1 + random.below(1_000_000)).expect("there is room");
    }
    let mut theirs = ours.clone();
    for (number, origin) in origins.iter().enumerate() {
        let counter = if number < 500 { &mut ours } else { &mut theirs };
        let _ = counter.increment(origin, 1 + random.below(1_000_000)).expect("there is room");
    }
    let asked = ours.vector();
    let answer = theirs.delta_since(&asked);
    let back = ours.delta_since(answer.seen());
    let sizes = [
        asked.encode(OriginEncoding::ActorTable).len(),
        answer.encode(OriginEncoding::ActorTable, BaseEncoding::Asked).len(),
        back.encode(OriginEncoding::ActorTable, BaseEncoding::Asked).len(),
    ];
    assert_size("1,000 nodes, 500 ahead on either side", sizes.iter().sum(), 3_000);

    let (a, b) = (origin("a", 0), origin("b", 0));
    let mut ours = GCounter::new();
    for origin in [&a, &b] {
        let _ = ours.increment(origin, 1).expect("there is room");
    }
    let asked = ours.vector();
    for _ in 0..1_000_000 {
        let _ = ours.increment(&a, 1).expect("there is room");
    }
    let sizes = [
        asked.encode(OriginEncoding::Inline).len(),
        ours.delta_since(&asked).encode(OriginEncoding::Inline, BaseEncoding::Asked).len(),
        ours.delta_since(&ours.vector()).encode(OriginEncoding::Inline, BaseEncoding::Asked).len(),
    ];
    assert_size("1,000,000 increments of two nodes", sizes.iter().sum(), 30);
}

#[test]
fn a_log_is_little_more_than_its_entries() {
    let mut random = Random(4);
    let (mut server, mut log) = (Office::new("server"), Log::<str>::new());
    for _ in 0..7_000 {
        let entry = random.text(200);
        let (author, timestamp) = server.next();
        let _ = log.append(author, &entry, timestamp).expect("there is room");
    }
    let bytes =
        log.delta_since(&Vector::default()).encode(OriginEncoding::Inline, BaseEncoding::Inline);
    assert_size("7,000 entries of 200 bytes", bytes.len(), 1_401_000);
}

#[test]
fn entries_may_stay_in_the_message() {
    for (entries, is_kept) in [(1, false), (300, false), (3_000, true)] {
        let mut author = Author { origin: origin("a", 0), seq: 0, user: None };
        let mut log = Log::<str>::new();
        for number in 0..entries {
            author.seq += 1;
            let _ = log.append(&author, &format!("entry {number:20}"), number).expect("room");
        }
        let delta = log.delta_since(&Vector::default());
        let message = Arc::new(delta.encode(OriginEncoding::Inline, BaseEncoding::Inline));
        let known = DecodeContext::default();
        let shared = LogDelta::<str>::decode_shared(&message, &known).expect("it was just encoded");
        let mut other = Log::<str>::new();
        let changes = other.apply(shared).expect("there is no gap");
        assert_eq!(changes.len() as u64, entries);
        assert_eq!(Arc::strong_count(&message) > 1, is_kept, "{entries}");
        drop(message);
        assert_eq!(other, log);
        let _ = other.append(&author, "later", entries).expect("room");
        assert_eq!(other.len() as u64, entries + 1);
        let again = log.apply(other.delta_since(&log.vector())).expect("there is no gap").len();
        assert_eq!((again, &other), (1, &log));
    }
}

#[test]
fn a_map_is_not_taken_for_a_register() {
    let author = |seq| {
        let origin = Origin { replica: ReplicaId::new("a").unwrap(), incarnation: 0 };
        Author { origin, seq, user: None }
    };
    for keys in [&["orders"][..], &["", "orders"]] {
        let mut map = LwwMap::<str, str>::new();
        for (seq, key) in (1..).zip(keys) {
            let _ = map.put(&author(seq), key, "done", seq).expect("there is room");
        }
        let delta = map
            .delta_since(&Vector::default())
            .encode(OriginEncoding::Inline, BaseEncoding::Inline);
        let delta = lww_register::Delta::<str>::decode(&delta, &DecodeContext::default())
            .expect("it reads");
        let mut register = LwwRegister::<str>::new();
        let before = register.state_hash();
        assert_eq!(register.apply(&delta).map(drop), Err(ApplyError::OtherKeys));
        assert_eq!((register.vector(), register.state_hash()), (Vector::default(), before));
    }
}

/// The decoder sorted them, so one delta had many encodings; wire.md requires that they ascend.
#[test]
fn further_origins_out_of_order_or_twice_are_refused() {
    let golden = Golden::new();
    let further = |first: u8, second: u8| {
        let bytes = [1, 3, 8, 2, 1, first, 1, second, 0, 0x40, 1, 0, 0];
        read_any(&bytes, &golden)
    };
    assert_eq!(further(b'a', b'b'), Ok(()));
    for (first, second) in [(b'b', b'a'), (b'a', b'a')] {
        assert!(matches!(further(first, second), Err(Error::Malformed { .. })));
    }
}
