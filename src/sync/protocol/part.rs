//! Parts: what one side says to the other, as values. No other file sees their bytes.
//!
//! Vectors and deltas stay encoded here (`spec/wire.md`): how to read them depends on what the
//! session has exchanged before.

use super::bytes::{Reader, fingerprint, write_bytes, write_number};
use crate::digest::Digest;
use crate::limits::check_name;
use crate::object::Priority;
use crate::operation::ObjectId;
use crate::optimized::state_hash::{Subtree, TreeKind, TreePath};
use crate::optimized::{Fingerprint, StateHash};
use crate::sync::schema::Listed;
use crate::sync::{CLASSES, Config, Error};
use std::borrow::Cow;

/// How many objects a session names at most.
pub const MOST_OBJECTS: usize = 1 << 20;

/// How many bytes of a key, and of a record's body, an answer holds at most.
pub(super) const LONGEST_KEY: usize = 512;
pub(super) const LONGEST_BODY: usize = 2048;

/// How many records an answer holds at most.
pub(super) const MOST_RECORDS: usize = 8;

/// The kinds of parts.
pub(super) mod kind {
    pub const HELLO: u8 = 1;
    pub const SCHEMA: u8 = 2;
    pub const ANNOUNCE: u8 = 3;
    pub const DELTA: u8 = 4;
    pub const CHECKPOINTS: u8 = 5;
    pub const CHUNK: u8 = 6;
    pub const ASK: u8 = 7;
    pub const ANSWER: u8 = 8;
    pub const SKIP: u8 = 9;
    pub const OPENINGS: u8 = 10;
    pub const KEEPS: u8 = 11;
    pub const RELAY: u8 = 12;
    pub const PIECE: u8 = 13;
    pub const STAGED: u8 = 14;
}

/// An object by its name, the code of its type, and something encoded.
pub type Named<'a> = (ObjectId, u8, Cow<'a, [u8]>);

/// A part of a message. An object goes by its number among those that both sides have, in the order
/// of their names.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Part<'a> {
    /// The first part of a session.
    Hello(Hello),
    /// The objects of a side, by rising names. It is sent where the schemas differ.
    Schema(Vec<(ObjectId, Listed)>),
    /// The vectors of objects of one class.
    Announce {
        /// The class.
        class: Priority,
        /// Whether the answers are to name all origins and vectors in full.
        inline: bool,
        /// The objects, each with its encoded vector.
        vectors: Vec<(usize, Cow<'a, [u8]>)>,
    },
    /// What this side knows of the openings of objects of one class, whose vectors it announced.
    Openings {
        /// The class.
        class: Priority,
        /// The objects.
        openings: Vec<(usize, ToldOpenings<'a>)>,
    },
    /// What the peer lacks of an object.
    Delta {
        /// The object.
        object: usize,
        /// The encoded delta, compressed where the peer can unpack it.
        delta: Cow<'a, [u8]>,
    },
    /// A piece of what the peer lacks of an object with many keys.
    Piece {
        /// The object.
        object: usize,
        /// The encoded piece, its delta compressed where the peer can unpack it.
        piece: Cow<'a, [u8]>,
    },
    /// How far transfers in pieces are of objects of one class, whose vectors come next: the peer goes
    /// on there, if it can.
    Staged {
        /// The class.
        class: Priority,
        /// The objects, each with its encoded progress.
        transfers: Vec<(usize, Cow<'a, [u8]>)>,
    },
    /// The state hashes of objects of one class, each at a vector.
    Checkpoints {
        /// The class.
        class: Priority,
        /// Whether this side sends no more checkpoints of the class.
        is_final: bool,
        /// The objects, each with its checkpoint.
        checkpoints: Vec<(usize, Checkpoint)>,
    },
    /// A piece of a part that is too long for one message.
    Chunk(Chunk<'a>),
    /// Questions about hash trees.
    Ask(Vec<TreeLocation>),
    /// The answer to one of them.
    Answer(TreeLocation, Answer),
    /// What the sender knows of objects that not both sides have: the code of the type, and the encoded
    /// knowledge.
    Keeps(Vec<Named<'a>>),
    /// Deltas of such objects that the receiver lacks: the code of the type, and the message.
    Relay {
        /// Whether the sender has no more of them.
        is_last: bool,
        /// The deltas, in the order in which to apply them.
        deltas: Vec<Named<'a>>,
    },
    /// The sender leaves an object out of this session.
    Skip {
        /// The object.
        object: usize,
        /// Why.
        reason: SkipReason,
        /// How many bytes its delta has, where that is the reason.
        bytes: u64,
    },
}

impl<'a> Part<'a> {
    /// The part as messages have it: its kind, and its body.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![self.kind()];
        match self {
            Self::Hello(hello) => hello.write(&mut out),
            Self::Schema(list) => write_schema(list.iter().map(|(n, e)| (n, *e)), &mut out),
            Self::Announce { class, inline, vectors } => {
                out.extend([*class as u8, u8::from(*inline)]);
                write_number(vectors.len() as u64, &mut out);
                for (object, vector) in vectors {
                    write_number(*object as u64, &mut out);
                    write_bytes(vector, &mut out);
                }
            }
            Self::Openings { class, openings } => {
                out.push(*class as u8);
                write_number(openings.len() as u64, &mut out);
                for (object, told) in openings {
                    write_number(*object as u64, &mut out);
                    told.write(&mut out);
                }
            }
            Self::Delta { object, delta } => {
                write_number(*object as u64, &mut out);
                out.extend_from_slice(delta);
            }
            Self::Piece { object, piece } => {
                write_number(*object as u64, &mut out);
                out.extend_from_slice(piece);
            }
            Self::Staged { class, transfers } => {
                out.push(*class as u8);
                write_number(transfers.len() as u64, &mut out);
                for (object, progress) in transfers {
                    write_number(*object as u64, &mut out);
                    write_bytes(progress, &mut out);
                }
            }
            Self::Checkpoints { class, is_final, checkpoints } => {
                out.extend([*class as u8, u8::from(*is_final)]);
                write_number(checkpoints.len() as u64, &mut out);
                for (object, checkpoint) in checkpoints {
                    write_number(*object as u64, &mut out);
                    checkpoint.write(&mut out);
                }
            }
            Self::Chunk(chunk) => chunk.write(&mut out),
            Self::Ask(locations) => {
                write_number(locations.len() as u64, &mut out);
                locations.iter().for_each(|location| location.write(&mut out));
            }
            Self::Answer(location, answer) => {
                location.write(&mut out);
                answer.write(&mut out);
            }
            Self::Keeps(keeps) => write_named(keeps, &mut out),
            Self::Relay { is_last, deltas } => {
                out.push(u8::from(*is_last));
                write_named(deltas, &mut out);
            }
            Self::Skip { object, reason, bytes } => {
                write_number(*object as u64, &mut out);
                out.push(*reason as u8);
                write_number(*bytes, &mut out);
            }
        }
        out
    }

    /// Reads a part of that kind.
    ///
    /// Cost: O(bytes), in memory too.
    ///
    /// # Errors
    /// [`Error::Malformed`] for bytes that no part has.
    pub(super) fn decode(kind: u8, body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body);
        let part = match kind {
            kind::HELLO => Self::Hello(Hello::read(&mut reader)?),
            kind::SCHEMA => Self::Schema(read_schema(&mut reader)?),
            kind::ANNOUNCE => {
                let class = reader.class()?;
                let inline = reader.bool("0 or 1: whether to name everything in full")?;
                let vectors = read_objects(&mut reader, |reader| {
                    reader.bytes("a vector").map(Cow::Borrowed)
                })?;
                Self::Announce { class, inline, vectors }
            }
            kind::OPENINGS => {
                let class = reader.class()?;
                let openings = read_objects(&mut reader, ToldOpenings::read)?;
                Self::Openings { class, openings }
            }
            kind::DELTA => {
                let object = reader.size("the number of an object")?;
                Self::Delta { object, delta: Cow::Borrowed(reader.rest()) }
            }
            kind::PIECE => {
                let object = reader.size("the number of an object")?;
                Self::Piece { object, piece: Cow::Borrowed(reader.rest()) }
            }
            kind::STAGED => {
                let class = reader.class()?;
                let transfers = read_objects(&mut reader, |reader| {
                    reader.bytes("the progress of a transfer").map(Cow::Borrowed)
                })?;
                Self::Staged { class, transfers }
            }
            kind::CHECKPOINTS => {
                let class = reader.class()?;
                let is_final = reader.bool("0 or 1: whether these are the final checkpoints")?;
                let checkpoints = read_objects(&mut reader, Checkpoint::read)?;
                Self::Checkpoints { class, is_final, checkpoints }
            }
            kind::CHUNK => Self::Chunk(Chunk::read(&mut reader)?),
            kind::ASK => {
                let count = reader.size("a number of questions")?;
                let locations = (0..count).map(|_| TreeLocation::read(&mut reader));
                Self::Ask(locations.collect::<Result<_, _>>()?)
            }
            kind::ANSWER => {
                Self::Answer(TreeLocation::read(&mut reader)?, Answer::read(&mut reader)?)
            }
            kind::SKIP => {
                let object = reader.size("the number of an object")?;
                let reason = match reader.byte("a reason")? {
                    0 => SkipReason::OverBudget,
                    1 => SkipReason::Refused,
                    2 => SkipReason::TooLarge,
                    byte => return reader.malformed(byte, "a reason: 0, 1 or 2"),
                };
                Self::Skip { object, reason, bytes: reader.number("a number of bytes")? }
            }
            kind::KEEPS => Self::Keeps(read_named(&mut reader)?),
            kind::RELAY => {
                let is_last = reader.bool("0 or 1: whether these are the last deltas")?;
                Self::Relay { is_last, deltas: read_named(&mut reader)? }
            }
            kind => return reader.malformed(kind, "the kind of a part: 1 to 14"),
        };
        reader.end()?;
        Ok(part)
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Hello(_) => kind::HELLO,
            Self::Schema(_) => kind::SCHEMA,
            Self::Announce { .. } => kind::ANNOUNCE,
            Self::Openings { .. } => kind::OPENINGS,
            Self::Delta { .. } => kind::DELTA,
            Self::Piece { .. } => kind::PIECE,
            Self::Staged { .. } => kind::STAGED,
            Self::Checkpoints { .. } => kind::CHECKPOINTS,
            Self::Chunk(_) => kind::CHUNK,
            Self::Ask(_) => kind::ASK,
            Self::Answer(..) => kind::ANSWER,
            Self::Skip { .. } => kind::SKIP,
            Self::Keeps(_) => kind::KEEPS,
            Self::Relay { .. } => kind::RELAY,
        }
    }
}

/// What a side says of the openings of an object.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ToldOpenings<'a> {
    /// Their fingerprint: all is well, as far as the side knows.
    Fingerprint(Fingerprint),
    /// All that the side knows of the object, encoded.
    All(Cow<'a, [u8]>),
}

impl<'a> ToldOpenings<'a> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Fingerprint(fingerprint) => {
                out.push(0);
                out.extend_from_slice(fingerprint);
            }
            Self::All(knowledge) => {
                out.push(1);
                write_bytes(knowledge, out);
            }
        }
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, Error> {
        match reader.bool("0 or 1: whether all openings follow")? {
            false => Ok(Self::Fingerprint(reader.array("the fingerprint of openings")?)),
            true => Ok(Self::All(Cow::Borrowed(reader.bytes("what a side knows")?))),
        }
    }
}

/// Writes objects by their names, each with the code of its type and something encoded.
fn write_named(list: &[Named<'_>], out: &mut Vec<u8>) {
    write_number(list.len() as u64, out);
    for (name, kind, bytes) in list {
        write_bytes(name.as_bytes(), out);
        out.push(*kind);
        write_bytes(bytes, out);
    }
}

fn read_named<'a>(reader: &mut Reader<'a>) -> Result<Vec<Named<'a>>, Error> {
    let count = reader.size("a number of objects")?;
    if count > MOST_OBJECTS {
        return reader.malformed(count, "at most 1,048,576 objects");
    }
    let mut list = Vec::new();
    for _ in 0..count {
        let name = read_name(reader)?.into();
        let kind = reader.byte("the type of an object")?;
        list.push((name, kind, Cow::Borrowed(reader.bytes("what is said of an object")?)));
    }
    Ok(list)
}

fn read_name<'a>(reader: &mut Reader<'a>) -> Result<&'a str, Error> {
    match std::str::from_utf8(reader.bytes("the name of an object")?) {
        Ok(name) if check_name("object", name.as_bytes()).is_ok() => Ok(name),
        _ => {
            reader.malformed("a name that is no text of 1 to 1,024 bytes", "the name of an object")
        }
    }
}

/// Reads a list of objects, each with something.
fn read_objects<'a, T>(
    reader: &mut Reader<'a>,
    mut read: impl FnMut(&mut Reader<'a>) -> Result<T, Error>,
) -> Result<Vec<(usize, T)>, Error> {
    let count = reader.size("a number of objects")?;
    if count > MOST_OBJECTS {
        return reader.malformed(count, "at most 1,048,576 objects");
    }
    let object = |_| Ok((reader.size("the number of an object")?, read(reader)?));
    (0..count).map(object).collect()
}

/// What a side knows of a class before anything is exchanged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Summary {
    /// The fingerprint of the vectors of all its objects.
    pub vectors: Fingerprint,
    /// The hash of their state hashes.
    pub states: [u8; 32],
}

/// What a side says of itself first.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Hello {
    /// Whether it can unpack compressed deltas.
    pub can_unpack: bool,
    /// The most bytes of a message that it reads; at least [`Config::LEAST_MESSAGE`].
    pub max_message: u64,
    /// The most bytes of one delta, unpacked, that it reads.
    pub max_object: u64,
    /// How many bytes of droppable objects it wants at most; `None` for any.
    pub budget: Option<u64>,
    /// The fingerprint of its schema.
    pub schema: Fingerprint,
    /// Its classes: high, medium and low.
    pub classes: [Summary; 3],
}

impl Hello {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.can_unpack));
        write_number(self.max_message, out);
        write_number(self.max_object, out);
        out.push(u8::from(self.budget.is_some()));
        write_number(self.budget.unwrap_or_default(), out);
        out.extend_from_slice(&self.schema);
        for Summary { vectors, states } in &self.classes {
            out.extend_from_slice(vectors);
            out.extend_from_slice(states);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let can_unpack = reader.bool("0 or 1: whether deltas may be compressed")?;
        let max_message = reader.number("the most bytes of a message")?;
        if max_message < Config::LEAST_MESSAGE as u64 {
            return reader.malformed(max_message, "at least 1024 bytes for a message");
        }
        let max_object = reader.number("the most bytes of an object")?;
        let has_budget = reader.bool("0 or 1: whether there is a budget")?;
        let budget = reader.number("a budget in bytes")?;
        if !has_budget && budget > 0 {
            return reader.malformed(budget, "0, where there is no budget");
        }
        let budget = has_budget.then_some(budget);
        let schema = reader.array("the fingerprint of a schema")?;
        let mut summary = || -> Result<Summary, Error> {
            let vectors = reader.array("the fingerprint of vectors")?;
            Ok(Summary { vectors, states: reader.array("the hash of states")? })
        };
        let classes = [summary()?, summary()?, summary()?];
        Ok(Self { can_unpack, max_message, max_object, budget, schema, classes })
    }
}

/// The fingerprint of the part that lists these objects.
pub fn schema_fingerprint<'a>(
    list: impl ExactSizeIterator<Item = (&'a ObjectId, Listed)>,
) -> Fingerprint {
    let mut part = vec![kind::SCHEMA];
    write_schema(list, &mut part);
    fingerprint("rejoin/1 schema", &part)
}

fn write_schema<'a>(
    list: impl ExactSizeIterator<Item = (&'a ObjectId, Listed)>,
    out: &mut Vec<u8>,
) {
    write_number(list.len() as u64, out);
    for (name, entry) in list {
        write_bytes(name.as_bytes(), out);
        let Listed { kind, priority, may_be_dropped, is_relayed } = entry;
        let priority = (priority as u8) << 3 | u8::from(may_be_dropped) << 5;
        // The fourth bit of the type came later.
        out.push(kind & 7 | priority | (kind & 8) << 3 | u8::from(is_relayed) << 7);
    }
}

fn read_schema(reader: &mut Reader<'_>) -> Result<Vec<(ObjectId, Listed)>, Error> {
    let count = reader.size("a number of objects")?;
    if count > MOST_OBJECTS {
        return reader.malformed(count, "at most 1,048,576 objects");
    }
    let mut list: Vec<(ObjectId, Listed)> = Vec::new();
    for _ in 0..count {
        let name = read_name(reader)?;
        if list.last().is_some_and(|(last, _)| **last >= *name) {
            return reader.malformed(format!("{name:?}"), "names that rise");
        }
        let byte = reader.byte("the type of an object")?;
        let Some(priority) = CLASSES.get(usize::from(byte >> 3 & 3)) else {
            return reader.malformed(byte, "the type and priority of an object");
        };
        let (may_be_dropped, is_relayed) = (byte >> 5 & 1 == 1, byte >> 7 == 1);
        // A peer may know more types than this version.
        let kind = byte & 7 | byte >> 3 & 8;
        list.push((name.into(), Listed { kind, priority: *priority, may_be_dropped, is_relayed }));
    }
    Ok(list)
}

/// The state hash of an object at a vector.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Checkpoint {
    /// The fingerprint of the vector.
    pub vector: Fingerprint,
    /// The state hash.
    pub hash: StateHash,
}

impl Checkpoint {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.vector);
        out.extend_from_slice(&self.hash.content.0);
        out.extend_from_slice(&self.hash.removals.0);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let vector = reader.array("the fingerprint of a vector")?;
        let content = Digest(reader.array("the hash of the content")?);
        let removals = Digest(reader.array("the hash of the removals")?);
        Ok(Self { vector, hash: StateHash { content, removals } })
    }
}

/// A piece of a part.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Chunk<'a> {
    /// The class of the objects that the part is about.
    pub class: Priority,
    /// The fingerprint of the whole part.
    pub id: Fingerprint,
    /// The length of the whole part, in bytes.
    pub total: usize,
    /// Where in the part this piece begins.
    pub offset: usize,
    /// The bytes from there.
    pub bytes: Cow<'a, [u8]>,
}

impl<'a> Chunk<'a> {
    /// How many bytes of an encoded chunk, its kind included, are no payload at most.
    pub(super) const OVERHEAD: usize = 1 + 1 + 16 + 10 + 10;

    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.class as u8);
        out.extend_from_slice(&self.id);
        write_number(self.total as u64, out);
        write_number(self.offset as u64, out);
        out.extend_from_slice(&self.bytes);
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, Error> {
        let class = reader.class()?;
        let id = reader.array("the fingerprint of a part")?;
        let total = reader.size("the length of a part")?;
        let offset = reader.size("where a chunk begins")?;
        let bytes = reader.rest();
        if bytes.is_empty() || offset.checked_add(bytes.len()).is_none_or(|end| end > total) {
            return reader.malformed("a chunk beyond the part", "bytes inside the part");
        }
        Ok(Self { class, id, total, offset, bytes: Cow::Borrowed(bytes) })
    }
}

/// A node of an object's hash tree at a vector.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TreeLocation {
    /// The object.
    pub object: usize,
    /// The fingerprint of the vector.
    pub vector: Fingerprint,
    /// The node.
    pub path: TreePath,
}

impl TreeLocation {
    fn write(&self, out: &mut Vec<u8>) {
        write_number(self.object as u64, out);
        out.extend_from_slice(&self.vector);
        let TreePath { part, path, depth } = self.path;
        out.push(u8::from(part == TreeKind::Removals) << 7 | depth as u8);
        out.extend_from_slice(&path.to_be_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let object = reader.size("the number of an object")?;
        let vector = reader.array("the fingerprint of a vector")?;
        let byte = reader.byte("a depth")?;
        let depth = u32::from(byte & 0x7f);
        if depth > TreePath::DEEPEST {
            return reader.malformed(depth, "a depth of at most 32");
        }
        let part = if byte >> 7 == 1 { TreeKind::Removals } else { TreeKind::Content };
        let path = u64::from_be_bytes(reader.array("a path")?);
        Ok(Self { object, vector, path: TreePath { part, path, depth } })
    }
}

/// An excerpt of a record: its key and its body, cut where they are long.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Record {
    /// The first 512 bytes of its key.
    pub key: Vec<u8>,
    /// The first 2,048 bytes of its body.
    pub body: Vec<u8>,
    /// The fingerprint of the whole record.
    pub digest: Fingerprint,
}

impl Record {
    /// The excerpt of a record of this side.
    pub(in crate::sync) fn new((mut key, mut body): (Vec<u8>, Vec<u8>)) -> Self {
        let mut whole = Vec::with_capacity(key.len() + body.len() + 10);
        write_bytes(&key, &mut whole);
        whole.extend_from_slice(&body);
        let digest = fingerprint("rejoin/1 record", &whole);
        key.truncate(LONGEST_KEY);
        body.truncate(LONGEST_BODY);
        Self { key, body, digest }
    }

    fn write(&self, out: &mut Vec<u8>) {
        write_bytes(&self.key, out);
        write_bytes(&self.body, out);
        out.extend_from_slice(&self.digest);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let key = reader.bytes("a key")?;
        if key.len() > LONGEST_KEY {
            return reader.malformed(key.len(), "at most 512 bytes of a key");
        }
        let body = reader.bytes("a record")?;
        if body.len() > LONGEST_BODY {
            return reader.malformed(body.len(), "at most 2048 bytes of a record");
        }
        let digest = reader.array("the digest of a record")?;
        Ok(Self { key: key.to_vec(), body: body.to_vec(), digest })
    }
}

/// What the peer's hash tree has at a node.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Answer {
    /// Nothing to compare: the peer's object is not at that vector.
    Moved,
    /// The hashes of four subtrees.
    Node([[u8; 32]; 4]),
    /// At most 8 records, where there are no subtrees.
    Records(Vec<Record>),
}

impl Answer {
    /// What this side's tree has at a node.
    pub(in crate::sync) fn new(found: Subtree) -> Self {
        match found {
            Subtree::Node(hashes) => Self::Node(hashes),
            Subtree::Records(records) => {
                Self::Records(records.into_iter().take(MOST_RECORDS).map(Record::new).collect())
            }
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Moved => out.push(0),
            Self::Node(hashes) => {
                out.push(1);
                out.extend_from_slice(hashes.as_flattened());
            }
            Self::Records(records) => {
                out.push(2);
                write_number(records.len() as u64, out);
                records.iter().for_each(|record| record.write(out));
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        match reader.byte("an answer")? {
            0 => Ok(Self::Moved),
            1 => {
                let mut hashes = [[0; 32]; 4];
                for hash in &mut hashes {
                    *hash = reader.array("a hash")?;
                }
                Ok(Self::Node(hashes))
            }
            2 => {
                let count = reader.size("a number of records")?;
                if count > MOST_RECORDS {
                    return reader.malformed(count, "at most 8 records");
                }
                let records = (0..count).map(|_| Record::read(reader));
                Ok(Self::Records(records.collect::<Result<_, _>>()?))
            }
            byte => reader.malformed(byte, "an answer: 0, 1 or 2"),
        }
    }
}

/// Why a side leaves an object out of a session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum SkipReason {
    /// The object may be dropped, and would exceed the budget.
    OverBudget = 0,
    /// The side refused what the peer sent of it.
    Refused = 1,
    /// Its delta has more bytes than a side allows.
    TooLarge = 2,
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCATION: TreeLocation = TreeLocation {
        object: 3,
        vector: [7; 16],
        path: TreePath { part: TreeKind::Removals, path: 1 << 63, depth: 32 },
    };

    fn record(key: usize, body: usize) -> Record {
        Record { key: vec![1; key], body: vec![2; body], digest: [3; 16] }
    }

    /// A part of each kind, and of each of its forms.
    fn parts() -> Vec<Part<'static>> {
        let summary = Summary { vectors: [1; 16], states: [2; 32] };
        let hello = |can_unpack, budget| {
            let (max_message, max_object, schema) = (1024, 1 << 40, [9; 16]);
            let classes = [summary; 3];
            Part::Hello(Hello { can_unpack, max_message, max_object, budget, schema, classes })
        };
        let listed = |kind, is_relayed| Listed {
            kind,
            priority: Priority::Low,
            may_be_dropped: true,
            is_relayed,
        };
        let hash = StateHash { content: Digest([4; 32]), removals: Digest([5; 32]) };
        let chunk = Chunk {
            class: Priority::Medium,
            id: [8; 16],
            total: 300,
            offset: 200,
            bytes: vec![6; 100].into(),
        };
        let answers = [
            Answer::Moved,
            Answer::Node([[1; 32], [2; 32], [3; 32], [4; 32]]),
            Answer::Records(vec![record(LONGEST_KEY, LONGEST_BODY); MOST_RECORDS]),
        ];
        let reasons = [SkipReason::OverBudget, SkipReason::Refused, SkipReason::TooLarge];
        let mut parts = vec![
            hello(true, None),
            hello(false, Some(0)),
            Part::Schema(vec![("a".into(), listed(0, false)), ("b".into(), listed(15, true))]),
            Part::Keeps(vec![("a".into(), 200, vec![1, 2].into())]),
            Part::Relay { is_last: false, deltas: vec![("a".into(), 3, vec![1].into())] },
            Part::Relay { is_last: true, deltas: Vec::new() },
            Part::Announce {
                class: Priority::High,
                inline: true,
                vectors: vec![(0, vec![1, 2].into()), (300, Vec::new().into())],
            },
            Part::Delta { object: 200, delta: vec![1, 2, 3].into() },
            Part::Piece { object: 200, piece: vec![1, 2, 3].into() },
            Part::Staged { class: Priority::Low, transfers: vec![(1, vec![1, 2].into())] },
            Part::Checkpoints {
                class: Priority::Low,
                is_final: true,
                checkpoints: vec![(1, Checkpoint { vector: [6; 16], hash })],
            },
            Part::Chunk(chunk),
            Part::Ask(vec![LOCATION; 2]),
        ];
        parts.extend(answers.map(|answer| Part::Answer(LOCATION, answer)));
        parts.extend(reasons.map(|reason| Part::Skip { object: 2, reason, bytes: 1 << 33 }));
        parts
    }

    #[test]
    fn what_was_encoded_is_decoded_to_the_same() {
        for part in parts() {
            let bytes = part.encode();
            assert_eq!(Part::decode(bytes[0], &bytes[1..]), Ok(part));
        }
    }

    #[test]
    fn a_part_that_is_cut_or_goes_on_is_refused() {
        for part in parts() {
            let bytes = part.encode();
            // A delta, a piece and a chunk end where the part ends.
            let ends_anywhere =
                matches!(part, Part::Delta { .. } | Part::Piece { .. } | Part::Chunk(_));
            for length in 1..bytes.len() {
                let cut = Part::decode(bytes[0], &bytes[1..length]);
                assert!(cut.is_err() || ends_anywhere, "{length} bytes of {part:?}");
            }
            let longer = [&bytes[..], &[0]].concat();
            let decoded = Part::decode(longer[0], &longer[1..]);
            let is_longer = matches!(part, Part::Delta { .. } | Part::Piece { .. });
            assert!(decoded.is_err() || is_longer, "{part:?}");
        }
    }

    #[test]
    fn records_of_answers_have_bounded_lengths() {
        for (key, body, expected) in [
            (LONGEST_KEY + 1, 0, "at most 512 bytes of a key"),
            (0, LONGEST_BODY + 1, "at most 2048 bytes of a record"),
        ] {
            let part = Part::Answer(LOCATION, Answer::Records(vec![record(key, body)]));
            let bytes = part.encode();
            let error = Part::decode(bytes[0], &bytes[1..]).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
        let part = Part::Answer(LOCATION, Answer::Records(vec![record(1, 1); MOST_RECORDS + 1]));
        let bytes = part.encode();
        assert!(Part::decode(bytes[0], &bytes[1..]).is_err());
    }

    #[test]
    fn a_count_alone_takes_no_memory() {
        for kind in [kind::SCHEMA, kind::ANNOUNCE, kind::STAGED, kind::CHECKPOINTS, kind::ASK] {
            let mut body = if kind == kind::ANNOUNCE || kind == kind::CHECKPOINTS {
                vec![0, 0]
            } else {
                Vec::new()
            };
            write_number(u64::MAX, &mut body);
            assert!(Part::decode(kind, &body).is_err());
        }
    }
}
