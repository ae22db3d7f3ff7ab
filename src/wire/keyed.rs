//! Deltas of decisions on the wire: of registers, maps, sets and flags.
//!
//! Meaning: the fields of [`KeyedDelta`], checked. Texts come first, then the listed keys in
//! groups of 128, column by column, then what few keys have.
//! Laws: what was written is read back, but for the numbers of authors and the order of
//! siblings under one key.
//! Cost: O(length); about 40 ns for each key, both ways together.
//! Source: this project.

mod decoder;
#[cfg(test)]
mod forged;

use super::audit;
use super::column::{BLOCK, Block, unzigzag, write_block, write_column, zigzag};
use super::error::Error;
use super::names::{shared, write_users};
use super::reader::{Reader, Writer, write_number};
use super::vector::write_span;
use super::{BaseEncoding, DecodeContext, Kind, OriginEncoding, start};
use crate::collect::Collect;
use crate::optimized::arena::Handle;
use crate::optimized::canonical_bytes::CanonicalBytes;
use crate::optimized::delta::{
    Content, DeltaAuthor, Effect, KeyedDelta, Name, Presence, Record, TypedDelta, Write,
};
use decoder::decode;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// An effect that has an encoding.
pub trait Coded: Effect {
    /// The kind of message that carries it.
    const KIND: Kind;
    /// Its code.
    fn code(self) -> u64;
    /// The length in bytes of the value of an effect with this code, if it has one; an error where no
    /// effect has the code.
    fn length(code: u64) -> Result<Option<u64>, &'static str>;
    /// The effect of a code.
    fn decoded(code: u64, timestamp: u64, value: Option<Handle>) -> Self;
}

impl Coded for Presence {
    const KIND: Kind = Kind::SetDelta;

    fn code(self) -> u64 {
        self as u64
    }

    fn length(code: u64) -> Result<Option<u64>, &'static str> {
        if code > 1 { Err("0 for a removal or 1 for an addition") } else { Ok(None) }
    }

    fn decoded(code: u64, _: u64, _: Option<Handle>) -> Self {
        if code == 0 { Self::Removed } else { Self::Added }
    }
}

impl Coded for Write {
    const KIND: Kind = Kind::WriteDelta;

    fn code(self) -> u64 {
        self.value().map_or(0, |value| value.len() as u64 + 1)
    }

    fn length(code: u64) -> Result<Option<u64>, &'static str> {
        Ok(code.checked_sub(1))
    }

    fn decoded(_: u64, timestamp: u64, value: Option<Handle>) -> Self {
        Self::new(timestamp, value)
    }
}

impl Coded for Content {
    const KIND: Kind = Kind::ContentDelta;

    fn code(self) -> u64 {
        self.value().map_or(0, |value| value.len() as u64 + 1)
    }

    fn length(code: u64) -> Result<Option<u64>, &'static str> {
        Ok(code.checked_sub(1))
    }

    fn decoded(_: u64, _: u64, value: Option<Handle>) -> Self {
        Self(value)
    }
}

impl<E: Coded, K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized> TypedDelta<E, K, V> {
    /// Its bytes, as a message.
    ///
    /// Cost: O(what it lists), and O(origins) where they go by their names.
    pub fn encode(&self, naming: OriginEncoding, base: BaseEncoding) -> Vec<u8> {
        let KeyedDelta { since, seen, audit, .. } = &self.keyed;
        audit::encode(audit.as_deref(), since, seen, encode(&self.keyed, naming, base))
    }

    /// The delta of a message.
    ///
    /// # Errors
    /// [`Error::UnknownBase`] and [`Error::NotAsked`] ask for [`BaseEncoding::Inline`],
    /// [`Error::UnknownActorTable`] for [`OriginEncoding::Inline`]. For the rest see there.
    pub fn decode(bytes: &[u8], known: &DecodeContext<'_>) -> Result<Self, Error> {
        let (records, at) = audit::split(bytes)?;
        let mut keyed = decode(&bytes[at..], known, K::are_all, V::are_all)?;
        if let Some(records) = records {
            let listed = keyed.names.len();
            let audit = audit::decode(records, &keyed.since, &keyed.seen, listed)?;
            keyed.audit = Some(Box::new(audit));
        }
        Ok(Self::new(keyed))
    }
}

/// Whether all of many byte strings are of a type: they are adjacent, and end there.
type Check = fn(&[u8], &[usize]) -> bool;

/// The columns of a group of records.
struct Columns {
    author: Block,
    counter: Block,
    seq: Block,
    timestamp: Block,
    code: Block,
    /// What to take from a seq, and from a timestamp, to get the counter: the last ones.
    offsets: [u64; 2],
}

impl Columns {
    fn new() -> Self {
        let empty = [0; BLOCK];
        Self {
            author: empty,
            counter: empty,
            seq: empty,
            timestamp: empty,
            code: empty,
            offsets: [0; 2],
        }
    }

    fn set<E: Coded>(&mut self, at: usize, author: u32, counter: u64, record: &Record<E>) {
        self.author[at] = author.into();
        self.counter[at] = counter;
        let seq = record.seq.wrapping_sub(record.counter);
        let timestamp = record.effect.timestamp().wrapping_sub(record.counter);
        let last = std::mem::replace(&mut self.offsets, [seq, timestamp]);
        self.seq[at] = zigzag(seq.wrapping_sub(last[0]));
        self.timestamp[at] = zigzag(timestamp.wrapping_sub(last[1]));
        self.code[at] = record.effect.code();
    }

    fn write<E: Effect>(&self, length: usize, out: &mut Vec<u8>) {
        write_block(&self.author[..length], out);
        write_block(&self.counter[..length], out);
        write_block(&self.seq[..length], out);
        if E::IS_TIMED {
            write_block(&self.timestamp[..length], out);
        }
        write_block(&self.code[..length], out);
    }

    fn read<E: Effect>(&mut self, length: usize, reader: &mut Reader<'_>) -> Result<(), Error> {
        reader.block(&mut self.author[..length])?;
        reader.block(&mut self.counter[..length])?;
        reader.block(&mut self.seq[..length])?;
        if E::IS_TIMED {
            reader.block(&mut self.timestamp[..length])?;
        }
        reader.block(&mut self.code[..length])
    }

    /// The seq and the timestamp of a record.
    fn times(&mut self, at: usize, counter: u64) -> [u64; 2] {
        let [seq, timestamp] = &mut self.offsets;
        *seq = seq.wrapping_add(unzigzag(self.seq[at]));
        *timestamp = timestamp.wrapping_add(unzigzag(self.timestamp[at]));
        [seq.wrapping_add(counter), timestamp.wrapping_add(counter)]
    }
}

pub(super) fn encode<E: Coded>(
    delta: &KeyedDelta<E>,
    naming: OriginEncoding,
    base: BaseEncoding,
) -> Vec<u8> {
    let others = sorted(&delta.others, |(key, record)| {
        (*key, delta.authors[record.author as usize].place, record.counter)
    });
    let creation_dots = sorted(&delta.creation_dots, |creation_dot| *creation_dot);
    let kept = sorted(&delta.kept, |dot| *dot);
    let (keys, own_keys) = keys(delta);
    let beside = others.iter().chain(&delta.winners).map(|(_, record)| record);
    let records = || delta.first.iter().chain(beside.clone());
    let values = || records().filter_map(|record| record.effect.value());
    let texts = keys.len() + values().map(Handle::len).sum::<usize>();

    let mut to = start(E::KIND);
    write_number(texts as u64, &mut to.out);
    write_span(&delta.since, &delta.seen, naming, base, &mut to);
    let numbers = write_authors(delta, records(), &mut to);
    to.count(delta.names.len());
    if E::HAS_VALUES {
        write_number(keys.len() as u64, &mut to.out);
    }
    write_first(delta, &numbers, &own_keys, &mut to.out);
    write_beside(&others, &numbers, &mut to);
    write_dots(&kept, &mut to);
    if E::IS_TIMED {
        write_beside(&delta.winners, &numbers, &mut to);
    }
    write_dots(&creation_dots, &mut to);
    let mut out = to.end(texts);
    out.extend_from_slice(&keys);
    delta.values.append(values(), &mut out);
    out
}

/// The items in order, each once; most often they are already.
fn sorted<T: Clone, O: Ord>(items: &[T], order: impl Fn(&T) -> O) -> Cow<'_, [T]> {
    let mut items = Cow::Borrowed(items);
    if !items.is_sorted_by(|a, b| order(a) < order(b)) {
        let items = items.to_mut();
        items.sort_by_key(&order);
        items.dedup_by_key(|item| order(item));
    }
    items
}

/// Writes those authors that records have. Gives the number of each in the message.
fn write_authors<'a, E: Coded + 'a>(
    delta: &KeyedDelta<E>,
    records: impl Iterator<Item = &'a Record<E>>,
    to: &mut Writer,
) -> Vec<u32> {
    let mut is_used = vec![false; delta.authors.len()];
    for record in records {
        is_used[record.author as usize] = true;
    }
    let mut numbers = vec![0; delta.authors.len()];
    let mut used: Vec<&DeltaAuthor> = Vec::new();
    for (number, author) in delta.authors.iter().enumerate().filter(|(number, _)| is_used[*number])
    {
        numbers[number] = used.len() as u32;
        used.push(author);
    }
    let users: BTreeSet<&str> = used.iter().filter_map(|author| author.user.as_deref()).into_set();
    let users: Vec<&str> = users.into_iter().collect();
    write_users(&users, to);
    to.count(used.len());
    let places: Vec<u64> = used.iter().map(|author| author.place.into()).collect();
    write_column(&places, &mut to.out);
    if !users.is_empty() {
        let user = |author: &&DeltaAuthor| {
            let user = author.user.as_deref()?;
            users.binary_search(&user).ok().map(|at| at as u64 + 1)
        };
        let users: Vec<u64> = used.iter().map(|author| user(author).unwrap_or(0)).collect();
        write_column(&users, &mut to.out);
    }
    numbers
}

/// What is the keys' own, and for each how many bytes it shares, and has of its own.
fn keys<E>(delta: &KeyedDelta<E>) -> (Vec<u8>, Vec<[u64; 2]>) {
    let mut lengths = Vec::new();
    let mut texts = Vec::new();
    let mut previous: &[u8] = &[];
    for name in &delta.names {
        if let Name::Bytes { at, length } = *name {
            let key = &delta.keys[at as usize..][..length as usize];
            let shared = shared(previous, key);
            texts.extend_from_slice(&key[shared..]);
            lengths.push([shared as u64, (key.len() - shared) as u64]);
            previous = key;
        }
    }
    (texts, lengths)
}

/// Writes the listed keys' names and first records.
fn write_first<E: Coded>(
    delta: &KeyedDelta<E>,
    numbers: &[u32],
    own_keys: &[[u64; 2]],
    out: &mut Vec<u8>,
) {
    let mut last = delta.since.counts_along(delta.seen.actor_table());
    let mut columns = Columns::new();
    let (mut place, mut creation_dot) = ([0; BLOCK], [0; BLOCK]);
    let mut own_keys = own_keys.iter();
    for (names, records) in delta.names.chunks(BLOCK).zip(delta.first.chunks(BLOCK)) {
        let mut creation_dots = 0;
        for (at, (name, record)) in names.iter().zip(records).enumerate() {
            place[at] = 0;
            if let Name::CreationDot { place: of, counter } = *name {
                place[at] = u64::from(of) + 1;
                creation_dot[creation_dots] = counter;
                creation_dots += 1;
            }
            let author = &delta.authors[record.author as usize];
            let last = &mut last[author.place as usize];
            let step = record.counter.wrapping_sub(*last);
            *last = record.counter;
            columns.set(at, numbers[record.author as usize], step, record);
        }
        write_block(&place[..names.len()], out);
        if creation_dots > 0 {
            write_block(&creation_dot[..creation_dots], out);
        }
        if creation_dots < names.len() {
            let (mut shared, mut own) = ([0; BLOCK], [0; BLOCK]);
            let texts = names.len() - creation_dots;
            for (at, lengths) in own_keys.by_ref().take(texts).enumerate() {
                [shared[at], own[at]] = *lengths;
            }
            write_block(&shared[..texts], out);
            write_block(&own[..texts], out);
        }
        columns.write::<E>(names.len(), out);
    }
}

/// Writes further records of the listed keys.
fn write_beside<E: Coded>(records: &[(u32, Record<E>)], numbers: &[u32], to: &mut Writer) {
    to.count(records.len());
    let mut columns = Columns::new();
    let mut last = 0;
    for group in records.chunks(BLOCK) {
        let mut steps = [0; BLOCK];
        for (at, (key, record)) in group.iter().enumerate() {
            steps[at] = u64::from(*key - last);
            last = *key;
            columns.set(at, numbers[record.author as usize], record.counter, record);
        }
        write_block(&steps[..group.len()], &mut to.out);
        columns.write::<E>(group.len(), &mut to.out);
    }
}

/// Writes names of operations by key.
fn write_dots(dots: &[(u32, u32, u64)], to: &mut Writer) {
    to.count(dots.len());
    let mut last = 0;
    for group in dots.chunks(BLOCK) {
        let (mut step, mut place, mut counter) = ([0; BLOCK], [0; BLOCK], [0; BLOCK]);
        for (at, dot) in group.iter().enumerate() {
            step[at] = u64::from(dot.0 - last);
            last = dot.0;
            place[at] = dot.1.into();
            counter[at] = dot.2;
        }
        for column in [&step, &place, &counter] {
            write_block(&column[..group.len()], &mut to.out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dot::Dot;
    use crate::dot::{Origin, ReplicaId};
    use crate::optimized::ApplyError;
    use crate::optimized::Author;
    use crate::optimized::lww_map::LwwMap;
    use crate::optimized::vector::Vector;

    fn origin(name: &str) -> Origin {
        Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 }
    }

    fn author(name: &str, seq: u64) -> Author {
        Author { origin: origin(name), seq, user: None }
    }

    fn read(bytes: &[u8]) -> Result<TypedDelta<Write, str, str>, Error> {
        TypedDelta::decode(bytes, &DecodeContext::default())
    }

    /// A delta that lists three keys: one by a creation dot; one by its bytes, with two creation dots; and one
    /// with three maximal decisions and a winner that is none of them.
    fn delta() -> KeyedDelta<Write> {
        let mut maps = ["a", "b", "c"].map(|_| LwwMap::<str, str>::new());
        let _ = maps[0].put(&author("a", 1), "known", "old", 9).expect("there is room");
        let base = maps[0].delta_since(&Vector::default());
        let since = maps[0].vector();
        for (map, name) in maps.iter_mut().zip(["a", "b", "c"]) {
            let _ = map.apply(&base).expect("no gap");
            let _ = map.put(&author(name, 2), "contested", "early", 50).expect("there is room");
            let _ = map.put(&author(name, 3), "contested", name, 7).expect("there is room");
        }
        let _ = maps[0].put(&author("a", 4), "known", "new", 10).expect("there is room");
        for from in [1, 2] {
            let delta = maps[from].delta_since(&since);
            let _ = maps[0].apply(&delta).expect("no gap");
        }
        let _ = maps[0].put(&author("a", 5), "later", "x", 11).expect("there is room");
        maps[0].delta_since(&since).keyed
    }

    fn refusal(change: impl FnOnce(&mut KeyedDelta<Write>)) -> Result<(), String> {
        let mut delta = delta();
        change(&mut delta);
        let bytes = encode(&delta, OriginEncoding::Inline, BaseEncoding::Inline);
        let decoded =
            decode::<Write>(&bytes, &DecodeContext::default(), str::are_all, str::are_all);
        decoded.map(drop).map_err(|error| error.to_string())
    }

    #[test]
    fn what_a_delta_promises_is_checked() {
        assert_eq!(refusal(|_| {}), Ok(()));
        assert_eq!(refusal(|delta| delta.kept.push((0, 0, 1))), Ok(()));
        let whole = delta();
        assert_eq!((whole.names.len(), whole.others.len(), whole.winners.len()), (3, 2, 1));
        assert!(whole.creation_dots.len() >= 2);
        let by_creation_dot = |name: &Name| matches!(name, Name::CreationDot { .. });
        let named =
            whole.names.iter().position(by_creation_dot).expect("one goes by its creation dot");
        let last = whole.first.len() - 1;
        let contested = whole.others[0].0 as usize;

        type Change = Box<dyn Fn(&mut KeyedDelta<Write>)>;
        let cases: Vec<(&str, Change)> = vec![
            ("first decision", Box::new(move |delta| delta.first[last].counter = 1)),
            ("first decision", Box::new(move |delta| delta.first[last].counter = 99)),
            ("first decision", Box::new(|delta| delta.first[0].counter = u64::MAX)),
            (
                "name by",
                Box::new(move |delta| {
                    delta.names[named] = Name::CreationDot { place: 0, counter: 2 };
                }),
            ),
            (
                "name by",
                Box::new(move |delta| {
                    delta.names[named] = Name::CreationDot { place: 0, counter: 0 };
                }),
            ),
            (
                "name by",
                Box::new(move |delta| {
                    delta.names[named] = Name::CreationDot { place: 7, counter: 1 };
                }),
            ),
            ("operation", Box::new(|delta| delta.others[1].1.counter = 0)),
            ("operation", Box::new(|delta| delta.others[1].1.counter = 99)),
            ("key", Box::new(|delta| delta.others[1].0 = 3)),
            (
                "maximal",
                Box::new(move |delta| {
                    let first = delta.first[contested];
                    delta.others[1].1 = first;
                }),
            ),
            ("winner", Box::new(|delta| delta.winners[0] = delta.others[1])),
            ("winner", Box::new(move |delta| delta.winners[0].1 = delta.first[contested])),
            (
                "winner",
                Box::new(|delta| {
                    let again = delta.winners[0];
                    delta.winners.push(again);
                }),
            ),
            ("operation", Box::new(|delta| delta.creation_dots[0].2 = 99)),
            ("operation", Box::new(|delta| delta.creation_dots[0].1 = 99)),
            (
                "operation",
                Box::new(|delta| (delta.creation_dots[0].1, delta.creation_dots[0].2) = (0, 1)),
            ),
            ("key", Box::new(|delta| delta.creation_dots.push((9, 0, 2)))),
            ("both have seen", Box::new(|delta| delta.kept.push((0, 0, 2)))),
            ("both have seen", Box::new(|delta| delta.kept.push((0, 0, 0)))),
            ("both have seen", Box::new(|delta| delta.kept.push((0, 9, 1)))),
            ("key", Box::new(|delta| delta.kept.push((3, 0, 1)))),
            ("type", Box::new(|delta| delta.keys[0] = 0xff)),
            (
                "type",
                Box::new(|delta| {
                    let value = delta.values.put(&[0xff]);
                    delta.first[0].effect = Write::new(1, Some(value));
                }),
            ),
        ];
        for (number, (expected, change)) in cases.into_iter().enumerate() {
            let refusal = refusal(change).expect_err(&format!("case {number}, {expected}"));
            assert!(refusal.contains(expected), "case {number}, {expected}: {refusal}");
        }
    }

    /// Applies a forged delta to a map, which must refuse it and stay as it is.
    fn contradiction(map: &mut LwwMap<str, str>, forged: &KeyedDelta<Write>) -> ApplyError {
        let (vector, hash) = (map.vector(), map.state_hash());
        let bytes = encode(forged, OriginEncoding::Inline, BaseEncoding::Inline);
        let forged = read(&bytes).expect("it is well formed");
        let refused = map.apply(&forged).map(drop).expect_err("it is refused");
        map.debug_check().expect("the invariants hold");
        assert_eq!((map.vector(), map.state_hash()), (vector, hash), "nothing changed");
        refused
    }

    /// A map with one key, and a delta from another replica on that key and a new one.
    fn map_and_delta() -> (LwwMap<str, str>, KeyedDelta<Write>) {
        let mut map = LwwMap::<str, str>::new();
        let _ = map.put(&author("m", 1), "known", "old", 1).expect("there is room");
        let mut other = map.clone();
        let _ = other.put(&author("o", 1), "known", "new", 2).expect("there is room");
        let _ = other.put(&author("o", 2), "other", "any", 3).expect("there is room");
        let delta = other.delta_since(&map.vector()).keyed;
        assert_eq!(delta.names.len(), 2);
        (map, delta)
    }

    #[test]
    fn one_operation_on_two_keys_is_refused() {
        let twice = "on two keys";
        let first_again = |delta: &mut KeyedDelta<Write>| {
            let last = *delta.first.last().expect("there is one");
            delta.others = vec![(delta.others[0].0, last)];
        };
        assert!(refusal(first_again).expect_err("it is refused").contains(twice));
        let creation_again = |delta: &mut KeyedDelta<Write>| {
            let record = delta.first[0];
            let place = delta.authors[record.author as usize].place;
            let last = delta.first.len() as u32 - 1;
            delta.creation_dots.push((last, place, record.counter));
        };
        assert!(refusal(creation_again).expect_err("it is refused").contains(twice));
        let listed_again = |delta: &mut KeyedDelta<Write>| delta.first[1] = delta.first[0];
        assert!(refusal(listed_again).expect_err("it is refused").contains("out of order"));
    }

    /// A delta that says an operation again, of another key than it was on: an echo with one byte
    /// changed. What it says of operations that were seen changes nothing, and a new key none of whose
    /// operations are new is a contradiction.
    #[test]
    fn a_seen_operation_decides_on_no_other_key() {
        let (mut map, mut delta) = map_and_delta();
        let bytes = encode(&delta, OriginEncoding::Inline, BaseEncoding::Inline);
        let _ = map.apply(&read(&bytes).expect("it is honest")).expect("it fits");
        let hash = map.state_hash();
        delta.keys[0] ^= 1;
        let bytes = encode(&delta, OriginEncoding::Inline, BaseEncoding::Inline);
        let echo = map.apply(&read(&bytes).expect("it is well formed")).expect("nothing is new");
        assert!(echo.is_empty());
        assert_eq!((map.ever(), map.state_hash()), (2, hash));

        let mut other = map.clone();
        let _ = other.put(&author("o", 3), "later", "new", 4).expect("there is room");
        let mut forged = other.delta_since(&delta.since).keyed;
        let name = forged.names.iter().position(|name| {
            matches!(name, Name::Bytes { at, length }
                if &forged.keys[*at as usize..][..*length as usize] == b"other")
        });
        let Name::Bytes { at, .. } = forged.names[name.expect("it is listed")] else {
            panic!("it goes by its bytes");
        };
        forged.keys[at as usize] = b'X';
        let operation = Some(Dot { origin: origin("o"), counter: 2 });
        let refused = contradiction(&mut map, &forged);
        assert_eq!(refused, ApplyError::ContradictedKey { key: b"Xther".to_vec(), operation });
        let _ = map.apply(&other.delta_since(&map.vector())).expect("what is honest fits");
        assert_eq!(map.state_hash(), other.state_hash());
    }

    /// A key listed twice, by its bytes and by a creation dot, or twice by its bytes, also if it is new.
    #[test]
    fn a_key_that_is_listed_twice_is_refused() {
        for twice in ["known", "new"] {
            let (mut map, mut forged) = map_and_delta();
            let bytes = Name::Bytes { at: 0, length: twice.len() as u32 };
            forged.keys = twice.into();
            if twice == "known" {
                forged.names[1] = bytes;
            } else {
                forged.names = vec![bytes; 2];
            }
            let refused = contradiction(&mut map, &forged);
            let expected = ApplyError::ContradictedKey { key: twice.into(), operation: None };
            assert_eq!(refused, expected);
        }
    }

    /// A new key with a creation dot that was seen, on another key.
    #[test]
    fn a_seen_creation_dot_creates_no_other_key() {
        let (mut map, mut forged) = map_and_delta();
        let place = forged.seen.actor_table().position(&origin("m")).expect("it has decided");
        forged.since = Vector::default();
        forged.names = [(0, 5), (5, 5)].map(|(at, length)| Name::Bytes { at, length }).to_vec();
        forged.keys = b"knownother".to_vec();
        forged.creation_dots = vec![(1, place as u32, 1)];
        let operation = Some(Dot { origin: origin("m"), counter: 1 });
        let refused = contradiction(&mut map, &forged);
        assert_eq!(refused, ApplyError::ContradictedKey { key: b"other".to_vec(), operation });
        assert!(refused.to_string().contains("\"other\""), "{refused}");
    }

    /// A key that is listed very often is reported once.
    #[test]
    fn the_keys_of_a_delta_are_each_given_once() {
        let mut forged = delta();
        let store = crate::optimized::lww_map::LwwMap::<str, str>::new();
        let unknown = Name::Bytes { at: 0, length: 2 };
        forged.names = vec![unknown; 3];
        assert_eq!(store.store().keys_of(&forged), [&forged.keys[..2]]);
    }

    /// More decisions side by side than anybody makes are refused, and nothing changes. As many as
    /// are applied can be read back.
    #[test]
    fn a_key_that_is_too_contested_is_refused() {
        let crowd = |from: u64, count: u64| {
            let names =
                (from..from + count).map(|number| ReplicaId::new(format!("r{number:06}")).unwrap());
            let origins = names.map(|replica| Origin { replica, incarnation: 0 }).collect();
            let actor_table =
                std::sync::Arc::new(crate::optimized::vector::ActorTable::new(origins)?);
            let seen = Vector::new(actor_table, vec![1; count as usize])?;
            let record =
                |place| Record { counter: 1, seq: 1, author: place, effect: Write::new(1, None) };
            Some(KeyedDelta {
                since: Vector::default(),
                seen,
                authors: (0..count as u32).map(|place| DeltaAuthor { place, user: None }).collect(),
                names: vec![Name::Bytes { at: 0, length: 1 }],
                keys: b"k".to_vec(),
                first: vec![record(0)],
                others: (1..count as u32).map(|place| (0, record(place))).collect(),
                kept: Vec::new(),
                winners: Vec::new(),
                creation_dots: Vec::new(),
                values: Default::default(),
                openings: Default::default(),
                audit: None,
            })
        };
        let most = crate::optimized::decisions::MOST_MAXIMAL as u64;
        let read = |delta: Option<KeyedDelta<Write>>| {
            let bytes =
                encode(&delta.expect("they rise"), OriginEncoding::Inline, BaseEncoding::Inline);
            TypedDelta::<Write, str, str>::decode(&bytes, &DecodeContext::default())
                .expect("it is well formed")
        };
        let mut map = LwwMap::<str, str>::new();
        let _ = map.apply(&read(crowd(0, most - 1))).expect("so many are applied");
        let refused = map.apply(&read(crowd(900_000, 2))).expect_err("these are too many");
        assert_eq!(refused, crate::optimized::ApplyError::TooContested);
        assert_eq!(map.decisions("k").len() as u64, most - 1);
        let _ = map.apply(&read(crowd(900_000, 1))).expect("one more is applied");
        assert!(map.apply(&read(crowd(900_001, 1))).is_err());

        let mut copy = LwwMap::<str, str>::new();
        let all = map
            .delta_since(&Vector::default())
            .encode(OriginEncoding::Inline, BaseEncoding::Inline);
        let all = TypedDelta::decode(&all, &DecodeContext::default()).expect("a state can be read");
        let _ = copy.apply(&all).expect("what was applied is applied again");
        assert_eq!(copy.decisions("k").len() as u64, most);

        // Who decides anew supersedes them all.
        let origin = origin("z");
        let author = Author { origin, seq: 1, user: None };
        let _ = map.put(&author, "k", "settled", 2).expect("there is room");
        let _ = map.apply(&read(crowd(900_001, 1))).expect("there is room again");
        assert_eq!(map.decisions("k").len(), 2);
    }

    #[test]
    fn what_stands_twice_is_written_once() {
        let twice = |delta: &mut KeyedDelta<Write>| {
            delta.creation_dots.extend(delta.creation_dots.clone());
            delta.others.extend(delta.others.clone());
        };
        assert_eq!(refusal(twice), Ok(()));
    }
}
