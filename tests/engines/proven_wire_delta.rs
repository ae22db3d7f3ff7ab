//! The proven binary format of deltas compared with the shipped one.
//!
//! Shown: both write the same bytes, and read the same from them: from the golden messages, from
//! deltas of all small histories and of random ones, from the fuzz corpus with each byte changed, and
//! from damaged messages. What was read is compared by writing it again.

use proptest::prelude::*;
use rejoin::dot::{Origin, ReplicaId};
use rejoin::optimized::Vector;
use rejoin::optimized::g_counter::{CounterDelta, GCounter};
use rejoin::optimized::log::{Log, LogDelta};
use rejoin::optimized::lww_map::{self, LwwMap};
use rejoin::optimized::max_register::{IntegerDelta, MaxRegister};
use rejoin::optimized::mv_map::{self, MvMap};
use rejoin::optimized::or_set::{self, OrSet};
use rejoin::optimized::pn_counter::{self, PnCounter};
use rejoin::optimized::{ActorTable, Author};
use rejoin::wire::{BaseEncoding, DecodeContext, OriginEncoding};
use rejoin_proven::wire::Counted;
use rejoin_proven::wire_delta::{self as proven, Base, Known};
use rejoin_proven::wire_keyed::{Decision, Family, KeyedDelta, decode_keyed, encode_keyed};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

const BASES: [BaseEncoding; 3] =
    [BaseEncoding::Inline, BaseEncoding::Fingerprint, BaseEncoding::Asked];

fn origin(name: &str, incarnation: u64) -> Origin {
    Origin { replica: ReplicaId::new(name).expect("a name"), incarnation }
}

fn counted(vector: &Vector) -> Vec<Counted> {
    let entry = |(origin, count): (&Origin, u64)| Counted {
        replica: origin.replica.as_str().as_bytes().to_vec(),
        incarnation: origin.incarnation,
        count,
    };
    vector.iter().map(entry).collect()
}

fn is_text(vector: &[Counted]) -> bool {
    vector.iter().all(|of| std::str::from_utf8(&of.replica).is_ok())
}

/// The vectors of a message and its bytes when it is written again, with everything written out.
type Read = (Vec<Counted>, Vec<Counted>, Vec<u8>);

const HOLDS: &str = "the definitions answer";

fn family(kind: u8) -> Family {
    match kind {
        5 => Family::Presences,
        6 => Family::Writes,
        _ => Family::Contents,
    }
}

/// The delta without the authors of no decision, which a sender does not write.
fn with_authors_that_decided(mut delta: KeyedDelta) -> KeyedDelta {
    let KeyedDelta { authors, listed, others, winners, .. } = &mut delta;
    let listed = listed.iter_mut().map(|(_, first)| first);
    let further = others.iter_mut().chain(winners.iter_mut()).map(|(_, of)| of);
    let decisions: Vec<&mut Decision> = listed.chain(further).collect();
    let used: BTreeSet<u64> = decisions.iter().map(|of| of.author).collect();
    for of in decisions {
        of.author = used.range(..of.author).count() as u64;
    }
    *authors = used.iter().map(|author| authors[*author as usize].clone()).collect();
    delta
}

/// What the definitions read, by the kind of the message, and what they write of it with this base. They
/// do not cover names that are not UTF-8.
fn proven_reads(bytes: &[u8], knows: &Known, base: &Base) -> Option<Read> {
    let read = match bytes.get(1)? {
        kind @ (3 | 11) => {
            let is_pn = *kind == 11;
            let delta = proven::decode_counter(is_pn, knows, bytes).expect(HOLDS)?;
            let again = proven::encode_counter(is_pn, base, &delta).expect(HOLDS);
            (delta.since, delta.seen, again)
        }
        4 => {
            let delta = proven::decode_log(knows, bytes).expect(HOLDS)?;
            let again = proven::encode_log(base, &delta).expect(HOLDS);
            (delta.since, delta.seen, again)
        }
        13 => {
            let delta = proven::decode_integer(knows, bytes).expect(HOLDS)?;
            let again = proven::encode_integer(base, &delta).expect(HOLDS);
            (delta.since, delta.seen, again)
        }
        kind @ (5 | 6 | 12) => {
            let delta = decode_keyed(family(*kind), knows, bytes).expect(HOLDS)?;
            let mut users = delta.authors.iter().filter_map(|author| author.user.as_ref());
            if users.any(|user| std::str::from_utf8(user).is_err()) {
                return None;
            }
            let delta = with_authors_that_decided(delta);
            let again = encode_keyed(family(*kind), base, &delta).expect(HOLDS);
            (delta.since, delta.seen, again)
        }
        _ => return None,
    };
    (is_text(&read.0) && is_text(&read.1)).then_some(read)
}

/// What the library reads, by the kind of the message.
fn shipped_reads(bytes: &[u8], known: &DecodeContext<'_>) -> Option<Read> {
    macro_rules! read {
        ($delta:ty) => {{
            let delta = <$delta>::decode(bytes, known).ok()?;
            let again = delta.encode(OriginEncoding::Inline, BaseEncoding::Inline);
            Some((counted(delta.since()), counted(delta.seen()), again))
        }};
    }
    match bytes.get(1)? {
        3 => read!(CounterDelta),
        4 => read!(LogDelta<[u8]>),
        5 => read!(or_set::Delta<[u8]>),
        6 => read!(lww_map::Delta<[u8], [u8]>),
        11 => read!(pn_counter::Delta),
        12 => read!(mv_map::Delta<[u8], [u8]>),
        13 => read!(IntegerDelta),
        _ => None,
    }
}

/// What a receiver knows, for both.
fn knowing(asked: &Vector) -> (DecodeContext<'_>, Known) {
    let fingerprints = vec![(asked.fingerprint().to_vec(), counted(asked))];
    let known = DecodeContext { asked: Some(asked), ..DecodeContext::default() };
    (known, Known { asked: Some(counted(asked)), fingerprints })
}

/// Both read the same of some bytes, or refuse them. Whether they read anything.
fn both_read_the_same(bytes: &[u8], asked: &Vector) -> bool {
    let (known, knows) = knowing(asked);
    let shipped = shipped_reads(bytes, &known);
    assert_eq!(proven_reads(bytes, &knows, &Base::Inline), shipped, "{bytes:02x?}");
    shipped.is_some()
}

/// Both write the same bytes of a delta, whose base is `asked`, and read the same from them.
fn both_write_the_same(bytes: &[u8], base: BaseEncoding, asked: &Vector) {
    let chosen = match base {
        BaseEncoding::Inline => Base::Inline,
        BaseEncoding::Fingerprint => Base::Fingerprint(asked.fingerprint().to_vec()),
        BaseEncoding::Asked => Base::Asked,
    };
    let (known, knows) = knowing(asked);
    let shipped = shipped_reads(bytes, &known);
    let (since, seen, _) = shipped.expect("what was written can be read");
    let expected = Some((since, seen, bytes.to_vec()));
    assert_eq!(proven_reads(bytes, &knows, &chosen), expected, "{bytes:02x?}");
}

/// One object of each type.
#[derive(Clone, Default)]
struct Objects {
    counter: GCounter,
    pn_counter: PnCounter,
    register: MaxRegister,
    log: Log<[u8]>,
    set: OrSet<[u8]>,
    map: LwwMap<[u8], [u8]>,
    mv_map: MvMap<[u8], [u8]>,
}

impl Objects {
    fn act(&mut self, step: &Step, seq: u64) {
        let origin = origin(step.name, step.incarnation);
        let amount = step.number;
        let _ = self.counter.increment(&origin, amount.max(1)).expect("there is room");
        let _ = if amount % 2 == 0 {
            self.pn_counter.increment(&origin, amount.max(1)).expect("there is room")
        } else {
            self.pn_counter.decrement(&origin, amount).expect("there is room")
        };
        let integer = i128::from(amount / 2) * if amount % 3 == 0 { -1 } else { 1 };
        let _ = self.register.write(&origin, integer).expect("it is in the range");
        let user = (amount % 5 < 2).then(|| if amount % 5 == 0 { "ann" } else { "anna" }.into());
        let author = Author { origin, seq, user };
        let (key, text, time) = (step.key, &*step.text, amount / 2);
        let _ = self.log.append(&author, text, time).expect("there is room");
        if amount % 3 == 0 {
            let _ = self.set.remove(&author, key).expect("there is room");
            let _ = self.map.delete(&author, key, time).expect("there is room");
            let _ = self.mv_map.delete(&author, key).expect("there is room");
        } else {
            let _ = self.set.add(&author, key).expect("there is room");
            let _ = self.map.put(&author, key, text, time).expect("there is room");
            let _ = self.mv_map.put(&author, key, text).expect("there is room");
        }
    }

    fn join(&mut self, other: &Self) {
        let _ = self.counter.join(&other.counter);
        let _ = self.pn_counter.join(&other.pn_counter);
        let _ = self.register.join(&other.register);
        let _ = self.log.join(&other.log);
        let _ = self.set.join(&other.set).expect("no fork");
        let _ = self.map.join(&other.map).expect("no fork");
        let _ = self.mv_map.join(&other.mv_map).expect("no fork");
    }

    /// The deltas since another state, each with its base.
    fn deltas_since(&self, other: &Self, base: BaseEncoding) -> Vec<(Vec<u8>, Vector)> {
        let naming = OriginEncoding::Inline;
        macro_rules! since {
            ($($part:ident)*) => {
                vec![$({
                    let since = other.$part.vector();
                    (self.$part.delta_since(&since).encode(naming, base), since)
                }),*]
            };
        }
        since!(counter pn_counter register log set map mv_map)
    }
}

#[derive(Clone, Debug)]
struct Step {
    name: &'static str,
    incarnation: u64,
    number: u64,
    key: &'static [u8],
    text: Vec<u8>,
}

/// What each of two replicas does, or that one learns from the other.
#[derive(Clone, Debug)]
enum Event {
    Act(usize, Step),
    Learn(usize),
}

/// All states that two replicas pass through.
fn states(events: &[Event]) -> Vec<Objects> {
    let mut replicas = [Objects::default(), Objects::default()];
    let mut states = vec![Objects::default()];
    for (seq, event) in (1..).zip(events) {
        let at = match event {
            Event::Act(at, step) => {
                replicas[*at].act(step, seq * 3);
                at
            }
            Event::Learn(at) => {
                let other = replicas[1 - at].clone();
                replicas[*at].join(&other);
                at
            }
        };
        states.push(replicas[*at].clone());
    }
    states
}

#[test]
fn deltas_of_all_small_histories_are_read_and_written_alike() {
    let step = |name, number| Step { name, incarnation: 0, number, key: b"k", text: b"x".to_vec() };
    let events = [
        Event::Act(0, step("a", 1)),
        Event::Act(1, step("b", 300)),
        Event::Learn(0),
        Event::Learn(1),
    ];
    let mut deltas = BTreeSet::new();
    for number in 0..events.len().pow(3) {
        let event = |place: u32| events[number / events.len().pow(place) % events.len()].clone();
        let states = states(&[event(0), event(1), event(2)]);
        let last = &states[states.len() - 1];
        for (at, state) in states.iter().enumerate() {
            let base = BASES[(number + at) % 3];
            for (bytes, since) in last.deltas_since(state, base) {
                if deltas.insert((bytes.clone(), counted(&since))) {
                    both_write_the_same(&bytes, base, &since);
                }
            }
        }
    }
    assert!(deltas.len() > 100, "{}", deltas.len());
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let byte =
        |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).expect("digits");
    digits.chunks(2).map(byte).collect()
}

/// What the receiver of the golden messages and of the fuzz corpus has asked with.
fn asked() -> Vector {
    let origins = vec![origin("the telephone of ann", 0)];
    let actor_table = ActorTable::new(origins).expect("one rises");
    Vector::new(Arc::new(actor_table), vec![8]).expect("a count of 8")
}

/// The messages in a folder, each with its name; some as digits.
fn messages(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).expect("the messages are kept");
    let paths = files.map(|file| file.expect("it can be listed").path());
    let mut messages: Vec<(String, Vec<u8>)> = paths
        .map(|path| {
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            let bytes = fs::read(&path).expect("it can be read");
            let is_hex = name.ends_with(".hex");
            let text = || String::from_utf8(bytes.clone()).expect("digits");
            let bytes = if is_hex { from_hex(&text()) } else { bytes.clone() };
            (name, bytes)
        })
        .collect();
    messages.sort();
    messages
}

#[test]
fn golden_deltas_are_read_and_written_alike() {
    let mut read = Vec::new();
    for (name, bytes) in messages("tests/golden/wire") {
        if !both_read_the_same(&bytes, &asked()) {
            continue;
        }
        let base = match name.split(['-', '.']).nth(1) {
            Some("fingerprint") => BaseEncoding::Fingerprint,
            Some("asked") => BaseEncoding::Asked,
            _ => BaseEncoding::Inline,
        };
        both_write_the_same(&bytes, base, &asked());
        read.push(name);
    }
    let golden =
        |what: &str| ["asked", "fingerprint", "inline"].map(|way| format!("{what}-{way}.hex"));
    let types = ["counter", "log", "map", "set"];
    let mut expected: Vec<String> = types.into_iter().flat_map(golden).collect();
    expected.insert(9, "map-nothing-new.hex".into());
    assert_eq!(read, expected);
}

#[test]
fn the_fuzz_corpus_and_every_change_of_one_byte_are_read_alike() {
    let mut read = 0;
    for (_, bytes) in messages("fuzz/corpus/wire") {
        read += usize::from(both_read_the_same(&bytes, &asked()));
        if shipped_reads(&bytes, &knowing(&asked()).0).is_none() {
            continue;
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] = [0, 1, 0x40, 0x7f, 0x80, 0xff][at % 6];
            both_read_the_same(&changed, &asked());
            if at % 5 == 0 {
                both_read_the_same(&bytes[..at], &asked());
            }
        }
    }
    assert!(read >= 12, "{read}");
}

fn steps() -> impl Strategy<Value = Vec<Event>> {
    let number = (0_u32..64, any::<u64>()).prop_map(|(shift, number)| number >> shift);
    let incarnation = prop_oneof![3 => Just(0), 1 => any::<u64>()];
    let text = prop::collection::vec(any::<u8>(), 0..20);
    // No origin is of two replicas.
    let act = |(at, of, incarnation, number, text): (usize, usize, u64, u64, Vec<u8>)| {
        let names = [["a", "the table of ann"], ["ab", "the table of bob"]];
        let keys: [&[u8]; 4] = [b"", b"key/1", b"key/12", b"key/\xff"];
        let (name, key) = (names[at][of % 2], keys[of / 2]);
        Event::Act(at, Step { name, incarnation, number, key, text })
    };
    let event = prop_oneof![
        3 => (0..2_usize, 0..8_usize, incarnation, number, text).prop_map(act),
        1 => (0..2_usize).prop_map(Event::Learn),
    ];
    prop::collection::vec(event, 1..9)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn random_deltas_are_read_and_written_alike(events in steps()) {
        let states = states(&events);
        let last = &states[states.len() - 1];
        for (at, state) in states.iter().enumerate() {
            for base in BASES {
                for (bytes, since) in last.deltas_since(state, base) {
                    if at % 3 == BASES.iter().position(|of| *of == base).unwrap_or_default() {
                        both_write_the_same(&bytes, base, &since);
                    }
                }
            }
        }
    }

    #[test]
    fn damaged_deltas_are_read_alike(
        events in steps(),
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 12)
    ) {
        let states = states(&events);
        let (last, first) = (&states[states.len() - 1], &states[states.len() / 2]);
        for (bytes, since) in last.deltas_since(first, BaseEncoding::Inline) {
            for (at, byte, way) in &damages {
                let mut damaged = bytes.clone();
                let at = at.index(bytes.len());
                match way {
                    0 => damaged[at] = *byte,
                    1 => damaged.truncate(at),
                    2 => damaged.insert(at, *byte),
                    _ => damaged[at] ^= 1 << (byte % 8),
                }
                both_read_the_same(&damaged, &since);
            }
        }
    }
}

/// An origin of the base that is absent from `seen` is no further origin: it would have two forms.
#[test]
fn a_further_origin_is_none_of_the_base() {
    let asked =
        Vector::new(Arc::new(ActorTable::new(vec![origin("a", 0)]).expect("one rises")), vec![1])
            .expect("a count of 1");
    // Of a counter: the base `a`, 1, written out; `a` is absent, and a further origin; its share.
    let bytes = [1, 3, 9, 2, 1, b'a', 0, 0x40, 1, 0x40, 1, 1, 1, b'a', 0, 0x40, 2, 0, 0];
    assert!(!both_read_the_same(&bytes, &asked));
}
