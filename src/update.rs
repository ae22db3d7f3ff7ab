//! Updates: what replicas send each other and store, as bytes.
//!
//! Meaning: a [`Version`] says what a replica has seen, an update what another one lacks, a saved
//! replica all that it needs to go on. Each is an envelope of two magic bytes, a kind, a format, its
//! body and a checksum of 8 bytes, so that damage is found before anything is applied.
//! Laws: what was encoded is decoded; damaged bytes are an error, and no bytes make decoding panic.
//! Cost: O(bytes).
//! Source: spec/wire.md, section "Versions, updates and saved replicas".

use crate::collect::Collect;
use crate::dot::{Origin, ReplicaId};
use crate::error::UpdateError;
use crate::object::{ObjectType, Priority};
use crate::operation::ObjectId;
use crate::optimized::Vector;
use crate::optimized::openings::{Knowledge, Openings};
use crate::optimized::replica::Replica;
use crate::replica::Delta;
use crate::sync::{CLASSES, Entry};
use crate::wire::reader::{Reader, write_number};
use crate::wire::{self, BaseEncoding, DecodeContext, OriginEncoding};
use std::collections::{BTreeMap, BTreeSet};

/// What a replica has seen of each object. Send it as [`to_bytes`](Self::to_bytes).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Version {
    pub(crate) vectors: BTreeMap<ObjectId, Vector>,
    /// Of the objects that have any.
    pub(crate) openings: BTreeMap<ObjectId, Openings>,
    /// Those that it only passes on. Local: its bytes do not say it.
    pub(crate) relayed: BTreeSet<ObjectId>,
}

const MAGIC: [u8; 2] = *b"RJ";
const FORMAT: u8 = 1;
const CHECKSUM: usize = 8;

/// What an envelope holds.
#[derive(Clone, Copy, PartialEq)]
#[repr(u8)]
enum Kind {
    Version = 1,
    Update = 2,
    Saved = 3,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Version => "a version",
            Self::Update => "an update",
            Self::Saved => "a part of a saved replica",
        }
    }
}

/// One object's delta, as it came.
pub(crate) struct Part<'a> {
    pub object: ObjectId,
    /// The code of the object's type.
    pub kind: u8,
    pub message: &'a [u8],
    /// Where the message begins.
    at: usize,
}

impl Part<'_> {
    /// The type, if this version knows it.
    pub fn kind(&self) -> Option<ObjectType> {
        ObjectType::ALL.get(usize::from(self.kind)).copied()
    }

    /// The delta.
    pub fn decode(&self, kind: ObjectType) -> Result<Delta, UpdateError> {
        let delta = Delta::decode(kind, self.message, &DecodeContext::default());
        delta.map_err(|error| malformed(self.at, error.to_string()))
    }

    /// This version does not know the type of one of its own objects.
    pub fn unknown_type(&self) -> UpdateError {
        malformed(
            self.at,
            format!("found the type {}, which this version does not know", self.kind),
        )
    }

    /// It is no message that can be kept.
    pub fn malformed(&self, error: &wire::Error) -> UpdateError {
        malformed(self.at, error.to_string())
    }
}

/// A part of a saved replica.
pub(crate) struct Saved<'a> {
    pub origin: Origin,
    pub parts: Vec<(Part<'a>, Settings)>,
}

/// What a saved replica says of an object beside its delta.
#[derive(Clone, Copy)]
pub(crate) enum Settings {
    /// It has the object, with these settings.
    Own { priority: Priority, may_be_dropped: bool, is_audited: bool },
    /// It passes the object on, and does not know it.
    Relayed,
}

impl From<Entry> for Settings {
    fn from(entry: Entry) -> Self {
        let Entry { priority, may_be_dropped, is_audited, .. } = entry;
        Self::Own { priority, may_be_dropped, is_audited }
    }
}

/// The flag of an object that is passed on.
const RELAYED: u8 = 4;

impl Version {
    /// What an engine's replica has seen.
    pub fn of(replica: &Replica) -> Self {
        let mut version = Self::default();
        for (name, object) in replica.objects() {
            version.vectors.insert(name.clone(), object.vector());
            if !object.openings().is_empty() {
                version.openings.insert(name.clone(), object.openings().clone());
            }
        }
        for (name, known) in replica.relayed().known() {
            version.relayed.insert(name.clone());
            version.vectors.insert(name.clone(), known.vector());
            if !known.openings().is_empty() {
                version.openings.insert(name.clone(), known.openings().clone());
            }
        }
        version
    }

    /// Whether a replica at this version has seen all that is seen at the other one: an update from
    /// there would bring nothing. Two versions may each lack something of the other.
    ///
    /// Cost: O(origins and openings).
    pub fn covers(&self, other: &Self) -> bool {
        let sees = |(name, vector): (&ObjectId, &Vector)| {
            vector.is_empty() || self.vectors.get(name).is_some_and(|own| own.covers(vector))
        };
        let knows = |(name, openings): (&ObjectId, &Openings)| {
            let own: BTreeSet<_> =
                self.openings.get(name).iter().flat_map(|own| own.numbers()).into_set();
            openings.numbers().all(|opening| own.contains(&opening))
        };
        other.vectors.iter().all(sees) && other.openings.iter().all(knows)
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = begin(Kind::Version);
        write_number(self.vectors.len() as u64, &mut out);
        for (name, vector) in &self.vectors {
            write_bytes(name.as_bytes(), &mut out);
            let known = self
                .openings
                .get(name)
                .map(|openings| Knowledge::new(vector, openings.clone()).encode());
            let known = known.unwrap_or_else(|| vector.encode(OriginEncoding::Inline));
            write_bytes(&known, &mut out);
        }
        end(out)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// If the bytes are not a version, or were damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, UpdateError> {
        let mut reader = open(bytes, Kind::Version)?;
        let mut version = Self::default();
        for _ in 0..count(&mut reader)? {
            let name = name(&mut reader)?;
            let start = reader.at();
            let bytes = field(&mut reader, "a vector")?;
            let wrong = |error: wire::Error| malformed(start, error.to_string());
            if Knowledge::is_encoded(bytes) {
                let known = Knowledge::decode(bytes).map_err(wrong)?;
                version.vectors.insert(name.clone(), known.vector());
                version.openings.insert(name, known.openings().clone());
            } else {
                let vector = Vector::decode(bytes, &DecodeContext::default()).map_err(wrong)?;
                version.vectors.insert(name, vector);
            }
        }
        finish(&reader, bytes)?;
        Ok(version)
    }
}

pub(crate) fn encode_update<'a>(
    parts: impl Iterator<Item = (&'a ObjectId, u8, impl AsRef<[u8]>)>,
) -> Vec<u8> {
    let parts: Vec<_> = parts.collect();
    let mut out = begin(Kind::Update);
    write_number(parts.len() as u64, &mut out);
    for (name, kind, message) in parts {
        write_part(name, kind, message.as_ref(), &mut out);
    }
    end(out)
}

pub(crate) fn decode_update(bytes: &[u8]) -> Result<Vec<Part<'_>>, UpdateError> {
    let mut reader = open(bytes, Kind::Update)?;
    let mut parts = Vec::new();
    for _ in 0..count(&mut reader)? {
        parts.push(read_part(&mut reader)?);
    }
    finish(&reader, bytes)?;
    Ok(parts)
}

pub(crate) fn encode_saved<'a>(
    origin: &Origin,
    parts: impl Iterator<Item = (&'a ObjectId, Settings, u8, impl AsRef<[u8]>)>,
) -> Vec<u8> {
    let parts: Vec<_> = parts.collect();
    let mut out = begin(Kind::Saved);
    write_bytes(origin.replica.as_str().as_bytes(), &mut out);
    out.extend_from_slice(&origin.incarnation.to_le_bytes());
    write_number(parts.len() as u64, &mut out);
    for (name, settings, kind, message) in parts {
        match settings {
            Settings::Own { priority, may_be_dropped, is_audited } => {
                out.extend([priority as u8, u8::from(may_be_dropped) | u8::from(is_audited) << 1])
            }
            Settings::Relayed => out.extend([0, RELAYED]),
        }
        write_part(name, kind, message.as_ref(), &mut out);
    }
    end(out)
}

impl<'a> Saved<'a> {
    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Self, UpdateError> {
        let mut reader = open(bytes, Kind::Saved)?;
        let start = reader.at();
        let replica = ReplicaId::new(&*name(&mut reader)?);
        let replica = replica.map_err(|error| malformed(start, error.to_string()))?;
        let incarnation = reader.array("an incarnation").map_err(read)?;
        let origin = Origin { replica, incarnation: u64::from_le_bytes(incarnation) };
        let mut parts = Vec::new();
        for _ in 0..count(&mut reader)? {
            let at = reader.at();
            let priority = usize::from(reader.byte("a priority").map_err(read)?);
            let priority: Priority = *CLASSES.get(priority).ok_or_else(|| {
                malformed(at, format!("found the priority {priority}, expected 0 to 2"))
            })?;
            let at = reader.at();
            let flags = reader.byte("whether it may be left out, and is audited").map_err(read)?;
            let settings = match flags {
                0..=3 => {
                    let (may_be_dropped, is_audited) = (flags & 1 == 1, flags & 2 == 2);
                    Settings::Own { priority, may_be_dropped, is_audited }
                }
                RELAYED => Settings::Relayed,
                _ => {
                    return Err(malformed(at, format!("found the flags {flags}, expected 0 to 4")));
                }
            };
            parts.push((read_part(&mut reader)?, settings));
        }
        finish(&reader, bytes)?;
        Ok(Self { origin, parts })
    }
}

/// A delta as updates and saved replicas have it: it names everything in full.
pub(crate) fn whole_message(delta: &Delta) -> Vec<u8> {
    delta.encode(OriginEncoding::Inline, BaseEncoding::Inline)
}

fn write_part(name: &ObjectId, kind: u8, message: &[u8], out: &mut Vec<u8>) {
    write_bytes(name.as_bytes(), out);
    out.push(kind);
    write_bytes(message, out);
}

fn read_part<'a>(reader: &mut Reader<'a>) -> Result<Part<'a>, UpdateError> {
    let object = name(reader)?;
    let kind = reader.byte("the type of an object").map_err(read)?;
    let at = reader.at();
    let message = field(reader, "a delta")?;
    Ok(Part { object, kind, message, at })
}

// The envelope

fn begin(kind: Kind) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend([kind as u8, FORMAT]);
    out
}

fn end(mut out: Vec<u8>) -> Vec<u8> {
    let sum = checksum(&out);
    out.extend_from_slice(&sum);
    out
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut sum = [0; CHECKSUM];
    sum.copy_from_slice(&blake3::derive_key("rejoin/1 update", bytes)[..CHECKSUM]);
    sum
}

/// Checks the envelope, and reads its body.
fn open(bytes: &[u8], kind: Kind) -> Result<Reader<'_>, UpdateError> {
    let Some((body, sum)) = bytes.split_last_chunk::<CHECKSUM>() else {
        return Err(malformed(0, format!("found {} bytes, expected {}", bytes.len(), kind.name())));
    };
    if body.len() < 4 || body[..2] != MAGIC {
        return Err(malformed(0, format!("found other bytes, expected {}", kind.name())));
    }
    if *sum != checksum(body) {
        return Err(malformed(
            body.len(),
            "the checksum does not fit: some byte was changed".into(),
        ));
    }
    if body[2] != kind as u8 {
        return Err(malformed(
            2,
            format!("found another kind, {}, expected {}", body[2], kind.name()),
        ));
    }
    if body[3] != FORMAT {
        return Err(malformed(3, format!("found format {}, expected {FORMAT}: upgrade", body[3])));
    }
    let mut reader = Reader::new(body);
    reader.take(4, "the envelope").map_err(read)?;
    Ok(reader)
}

fn finish(reader: &Reader<'_>, bytes: &[u8]) -> Result<(), UpdateError> {
    let end = bytes.len() - CHECKSUM;
    match reader.at() == end {
        true => Ok(()),
        false => {
            Err(malformed(reader.at(), format!("found {} bytes after the end", end - reader.at())))
        }
    }
}

fn malformed(at: usize, message: String) -> UpdateError {
    UpdateError::Malformed { at, message }
}

fn read(error: wire::Error) -> UpdateError {
    malformed(0, error.to_string())
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_number(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn count(reader: &mut Reader<'_>) -> Result<usize, UpdateError> {
    reader.count("how many objects there are").map_err(read)
}

fn field<'a>(reader: &mut Reader<'a>, what: &'static str) -> Result<&'a [u8], UpdateError> {
    let length = reader.length(what).map_err(read)?;
    reader.take(length, what).map_err(read)
}

fn name(reader: &mut Reader<'_>) -> Result<ObjectId, UpdateError> {
    let start = reader.at();
    let bytes = field(reader, "a name")?;
    match std::str::from_utf8(bytes) {
        Ok(name) if crate::limits::check_name("object", bytes).is_ok() => Ok(name.into()),
        _ => Err(malformed(
            start,
            format!("found {} bytes, expected a name of 1 to 1,024 bytes in UTF-8", bytes.len()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_on_the_format_shows_an_update_of_nothing() {
        let update = encode_update(std::iter::empty::<(&ObjectId, u8, Vec<u8>)>());
        let hex: Vec<String> = update.iter().map(|byte| format!("{byte:02x}")).collect();
        let page = include_str!("../spec/wire.md");
        let line = format!("An update of no objects is `{}`.", hex.join(" "));
        assert!(page.contains(&line), "it should say: {line}");
    }

    #[test]
    fn the_page_on_the_format_lists_the_types() {
        let page = include_str!("../spec/wire.md");
        let page: String = page.split_whitespace().collect::<Vec<_>>().join(" ");
        for kind in ObjectType::ALL {
            let listed = format!("{} {}", kind.as_str(), kind.code());
            assert!(page.contains(&listed), "it should list: {listed}");
        }
    }
}
