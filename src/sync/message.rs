//! Messages: parts in an envelope. `spec/sync.md` is the format.
//!
//! A message is the version of the protocol, parts one after the other, and a checksum of 8 bytes.
//! A part is its kind, its length, and its body. Reading takes memory in proportion to the message.

use super::Error;
use super::schema::Entry;
use crate::object::{ObjectType, Priority};
use crate::operation::ObjectId;
use crate::optimized::state_hash::{Subtree, TreeKind, TreePath};
use crate::optimized::{Fingerprint, StateHash};
use crate::{digest::Digest, sync::CLASSES};

/// The version of the protocol.
pub(super) const VERSION: u8 = 1;

/// How many bytes of a message are none of a part.
pub(super) const ENVELOPE: usize = 1 + CHECKSUM;

const CHECKSUM: usize = 8;

/// The kinds of parts.
pub mod kind {
    pub const HELLO: u8 = 1;
    pub const SCHEMA: u8 = 2;
    pub const ANNOUNCE: u8 = 3;
    pub const DELTA: u8 = 4;
    pub const POINTS: u8 = 5;
    pub const CHUNK: u8 = 6;
    pub const ASK: u8 = 7;
    pub const ANSWER: u8 = 8;
    pub const SKIP: u8 = 9;
}

/// The first half of the BLAKE3 hash of what is meant.
pub(super) fn fingerprint(context: &str, bytes: &[u8]) -> Fingerprint {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    let hash = hasher.update(bytes).finalize();
    let mut half = Fingerprint::default();
    half.copy_from_slice(&hash.as_bytes()[..16]);
    half
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut sum = [0; CHECKSUM];
    sum.copy_from_slice(&fingerprint("rejoin/1 message", bytes)[..CHECKSUM]);
    sum
}

pub(super) fn write_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub(super) fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_number(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// A message that is being filled with parts, up to a length.
pub struct Envelope {
    bytes: Vec<u8>,
    limit: usize,
}

impl Envelope {
    pub fn new(limit: usize) -> Self {
        Self { bytes: vec![VERSION], limit }
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.len() == 1
    }

    /// How many bytes a further part may have at most, its kind included.
    pub fn room(&self) -> usize {
        // A length takes 5 bytes at most: no message has more than 2^32.
        self.limit.saturating_sub(self.bytes.len() + CHECKSUM + 5)
    }

    /// Adds a part: its kind, and the body.
    pub fn push(&mut self, part: &[u8]) {
        let (kind, body) = part.split_at(1);
        self.bytes.extend_from_slice(kind);
        write_bytes(body, &mut self.bytes);
    }

    pub fn finish(mut self) -> Vec<u8> {
        let sum = checksum(&self.bytes);
        self.bytes.extend_from_slice(&sum);
        self.bytes
    }
}

/// Opens a message: its parts, by kind and body.
pub fn open(message: &[u8]) -> Result<Vec<(u8, &[u8])>, Error> {
    let Some(length) = message.len().checked_sub(CHECKSUM).filter(|length| *length > 0) else {
        return Err(Error::Damaged);
    };
    let (bytes, sum) = message.split_at(length);
    if checksum(bytes) != sum {
        return Err(Error::Damaged);
    }
    if bytes[0] != VERSION {
        return Err(Error::Version { found: bytes[0], expected: VERSION });
    }
    let mut reader = Reader::new(&bytes[1..]);
    let mut parts = Vec::new();
    while !reader.is_empty() {
        let kind = reader.byte("the kind of a part")?;
        parts.push((kind, reader.bytes("a part")?));
    }
    Ok(parts)
}

/// Reads a part.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    pub fn malformed<T>(&self, found: impl ToString, expected: &'static str) -> Result<T, Error> {
        Err(Error::Malformed { at: self.at, found: found.to_string(), expected })
    }

    pub fn take(&mut self, length: usize, expected: &'static str) -> Result<&'a [u8], Error> {
        let rest = &self.bytes[self.at..];
        match rest.get(..length) {
            Some(taken) => {
                self.at += length;
                Ok(taken)
            }
            None => self.malformed(format!("the end after {} bytes", rest.len()), expected),
        }
    }

    pub fn rest(&mut self) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        self.at = self.bytes.len();
        rest
    }

    pub fn byte(&mut self, expected: &'static str) -> Result<u8, Error> {
        Ok(self.take(1, expected)?[0])
    }

    pub fn array<const N: usize>(&mut self, expected: &'static str) -> Result<[u8; N], Error> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, expected)?);
        Ok(array)
    }

    pub fn number(&mut self, expected: &'static str) -> Result<u64, Error> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte(expected)?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return match (byte == 0 && shift > 0) || (shift == 63 && byte > 1) {
                    true => self.malformed("a number with superfluous bits", expected),
                    false => Ok(number),
                };
            }
        }
        self.malformed("a number of more than 64 bits", expected)
    }

    pub fn size(&mut self, expected: &'static str) -> Result<usize, Error> {
        let number = self.number(expected)?;
        usize::try_from(number).or_else(|_| self.malformed(number, expected))
    }

    pub fn bytes(&mut self, expected: &'static str) -> Result<&'a [u8], Error> {
        let length = self.size(expected)?;
        self.take(length, expected)
    }

    pub fn class(&mut self) -> Result<Priority, Error> {
        let byte = self.byte("a class")?;
        match CLASSES.get(usize::from(byte)) {
            Some(class) => Ok(*class),
            None => self.malformed(byte, "a class: 0, 1 or 2"),
        }
    }

    pub fn end(&self) -> Result<(), Error> {
        match self.is_empty() {
            true => Ok(()),
            false => self.malformed("more bytes", "the end of the part"),
        }
    }
}

/// What one side says of a class before anything is exchanged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Summary {
    /// Of the vectors of all its objects.
    pub vectors: Fingerprint,
    /// Of their state hashes.
    pub states: [u8; 32],
}

/// Says in a hello that all methods can be unpacked. 1 is zstd alone, for which nothing is packed.
const CAN_UNPACK: u8 = 2;

/// The first part of a session.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Hello {
    pub can_unpack: bool,
    pub max_message: u64,
    pub max_object: u64,
    pub budget: Option<u64>,
    pub schema: Fingerprint,
    pub classes: [Summary; 3],
}

impl Hello {
    pub fn write(&self) -> Vec<u8> {
        let mut out = vec![kind::HELLO, if self.can_unpack { CAN_UNPACK } else { 0 }];
        write_number(self.max_message, &mut out);
        write_number(self.max_object, &mut out);
        out.push(u8::from(self.budget.is_some()));
        write_number(self.budget.unwrap_or_default(), &mut out);
        out.extend_from_slice(&self.schema);
        for Summary { vectors, states } in &self.classes {
            out.extend_from_slice(vectors);
            out.extend_from_slice(states);
        }
        out
    }

    pub fn read(body: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body);
        let can_unpack = match reader.byte("what can be unpacked")? {
            byte @ 0..=CAN_UNPACK => byte == CAN_UNPACK,
            byte => return reader.malformed(byte, "0, 1 or 2"),
        };
        let max_message = reader.number("the most bytes of a message")?;
        if max_message < super::Config::LEAST_MESSAGE as u64 {
            return reader.malformed(max_message, "at least 1024 bytes for a message");
        }
        let max_object = reader.number("the most bytes of an object")?;
        let has_budget = match reader.byte("whether there is a budget")? {
            byte @ 0..=1 => byte == 1,
            byte => return reader.malformed(byte, "0 or 1"),
        };
        let budget = reader.number("a budget in bytes")?;
        let budget = has_budget.then_some(budget);
        let schema = reader.array("the fingerprint of a schema")?;
        let mut summary = || -> Result<Summary, Error> {
            let vectors = reader.array("the fingerprint of vectors")?;
            Ok(Summary { vectors, states: reader.array("the hash of states")? })
        };
        let classes = [summary()?, summary()?, summary()?];
        reader.end()?;
        Ok(Self { can_unpack, max_message, max_object, budget, schema, classes })
    }
}

/// Writes the list of a side's objects.
pub(super) fn write_schema<'a>(
    list: impl ExactSizeIterator<Item = (&'a ObjectId, &'a Entry)>,
) -> Vec<u8> {
    let mut out = vec![kind::SCHEMA];
    write_number(list.len() as u64, &mut out);
    for (name, entry) in list {
        write_bytes(name.as_bytes(), &mut out);
        let kind = ObjectType::ALL.iter().position(|kind| *kind == entry.kind);
        let kind = kind.unwrap_or_default() as u8;
        out.push(kind | (entry.priority as u8) << 3 | u8::from(entry.may_be_dropped) << 5);
    }
    out
}

/// Reads such a list, which rises.
pub(super) fn read_schema(body: &[u8]) -> Result<Vec<(ObjectId, Entry)>, Error> {
    let mut reader = Reader::new(body);
    let count = reader.size("a number of objects")?;
    let mut list: Vec<(ObjectId, Entry)> = Vec::new();
    for _ in 0..count {
        let Ok(name) = str::from_utf8(reader.bytes("the name of an object")?) else {
            return reader.malformed("a name that is no text", "the name of an object");
        };
        if list.last().is_some_and(|(last, _)| **last >= *name) {
            return reader.malformed(format!("{name:?}"), "names that rise");
        }
        let byte = reader.byte("the type of an object")?;
        let kind = ObjectType::ALL.get(usize::from(byte & 7));
        let priority = CLASSES.get(usize::from(byte >> 3 & 3));
        let (Some(kind), Some(priority), 0) = (kind, priority, byte >> 6) else {
            return reader.malformed(byte, "the type and priority of an object");
        };
        let may_be_dropped = byte >> 5 & 1 == 1;
        list.push((name.into(), Entry { kind: *kind, priority: *priority, may_be_dropped }));
    }
    reader.end()?;
    Ok(list)
}

/// What an object's state is at a vector.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Point {
    pub vector: Fingerprint,
    pub hash: StateHash,
}

impl Point {
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.vector);
        out.extend_from_slice(&self.hash.content.0);
        out.extend_from_slice(&self.hash.removals.0);
    }

    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let vector = reader.array("the fingerprint of a vector")?;
        let content = Digest(reader.array("the hash of the content")?);
        let removals = Digest(reader.array("the hash of the removals")?);
        Ok(Self { vector, hash: StateHash { content, removals } })
    }
}

/// A place in the tree of an object at a vector.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Place {
    pub object: usize,
    pub vector: Fingerprint,
    pub at: TreePath,
}

impl Place {
    pub fn write(&self, out: &mut Vec<u8>) {
        write_number(self.object as u64, out);
        out.extend_from_slice(&self.vector);
        let TreePath { part, path, depth } = self.at;
        out.push(u8::from(part == TreeKind::Removals) << 7 | depth as u8);
        out.extend_from_slice(&path.to_be_bytes());
    }

    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let object = reader.size("the number of an object")?;
        let vector = reader.array("the fingerprint of a vector")?;
        let byte = reader.byte("a depth")?;
        let depth = u32::from(byte & 0x7f);
        if depth > TreePath::DEEPEST {
            return reader.malformed(depth, "a depth of at most 32");
        }
        let part = if byte >> 7 == 1 { TreeKind::Removals } else { TreeKind::Content };
        let path = u64::from_be_bytes(reader.array("a path")?);
        Ok(Self { object, vector, at: TreePath { part, path, depth } })
    }
}

/// How many bytes of a key, and of a record's body, an answer tells at most.
const LONGEST_KEY: usize = 512;
const LONGEST_BODY: usize = 2048;

/// How many records an answer tells at most.
const MOST_RECORDS: usize = 8;

/// A record as it is told to the other side.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Told {
    /// Of the key: whole, or cut.
    pub key: Vec<u8>,
    pub body: Vec<u8>,
    /// Of the whole record.
    pub digest: Fingerprint,
}

impl Told {
    pub fn new((key, body): (Vec<u8>, Vec<u8>)) -> Self {
        let mut whole = Vec::with_capacity(key.len() + body.len() + 10);
        write_bytes(&key, &mut whole);
        whole.extend_from_slice(&body);
        let digest = fingerprint("rejoin/1 record", &whole);
        let cut = |mut bytes: Vec<u8>, most| {
            bytes.truncate(most);
            bytes
        };
        Self { key: cut(key, LONGEST_KEY), body: cut(body, LONGEST_BODY), digest }
    }
}

/// What the tree of the other side has at a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// The object has moved on.
    Moved,
    Node([[u8; 32]; 4]),
    Records(Vec<Told>),
}

impl Answer {
    pub fn new(found: Subtree) -> Self {
        match found {
            Subtree::Node(hashes) => Self::Node(hashes),
            Subtree::Records(records) => {
                Self::Records(records.into_iter().take(MOST_RECORDS).map(Told::new).collect())
            }
        }
    }

    pub fn write(&self, place: &Place) -> Vec<u8> {
        let mut out = vec![kind::ANSWER];
        place.write(&mut out);
        match self {
            Self::Moved => out.push(0),
            Self::Node(hashes) => {
                out.push(1);
                out.extend_from_slice(hashes.as_flattened());
            }
            Self::Records(records) => {
                out.push(2);
                write_number(records.len() as u64, &mut out);
                for Told { key, body, digest } in records {
                    write_bytes(key, &mut out);
                    write_bytes(body, &mut out);
                    out.extend_from_slice(digest);
                }
            }
        }
        out
    }

    pub fn read(body: &[u8]) -> Result<(Place, Self), Error> {
        let mut reader = Reader::new(body);
        let place = Place::read(&mut reader)?;
        let answer = match reader.byte("an answer")? {
            0 => Self::Moved,
            1 => {
                let mut hashes = [[0; 32]; 4];
                for hash in &mut hashes {
                    *hash = reader.array("a hash")?;
                }
                Self::Node(hashes)
            }
            2 => {
                let count = reader.size("a number of records")?;
                if count > MOST_RECORDS {
                    return reader.malformed(count, "at most 8 records");
                }
                let mut records = Vec::new();
                for _ in 0..count {
                    let key = reader.bytes("a key")?.to_vec();
                    let body = reader.bytes("a record")?.to_vec();
                    let digest = reader.array("the digest of a record")?;
                    records.push(Told { key, body, digest });
                }
                Self::Records(records)
            }
            byte => return reader.malformed(byte, "an answer: 0, 1 or 2"),
        };
        reader.end()?;
        Ok((place, answer))
    }
}

/// Why an object is left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Skipped {
    /// It would exceed the budget.
    Dropped = 0,
    /// What was sent of it was refused.
    Refused = 1,
    /// Its changes take more bytes than the peer allows.
    TooLarge = 2,
}

impl Skipped {
    pub fn write(self, object: usize, bytes: u64) -> Vec<u8> {
        let mut out = vec![kind::SKIP];
        write_number(object as u64, &mut out);
        out.push(self as u8);
        write_number(bytes, &mut out);
        out
    }

    pub fn read(body: &[u8]) -> Result<(usize, Self, u64), Error> {
        let mut reader = Reader::new(body);
        let object = reader.size("the number of an object")?;
        let why = match reader.byte("a reason")? {
            0 => Self::Dropped,
            1 => Self::Refused,
            2 => Self::TooLarge,
            byte => return reader.malformed(byte, "a reason: 0, 1 or 2"),
        };
        let bytes = reader.number("a number of bytes")?;
        reader.end()?;
        Ok((object, why, bytes))
    }
}
