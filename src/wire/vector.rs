//! Vectors on the wire, and the two that a delta lies between.
//!
//! Meaning: a vector is its origins and their counts. The origins go by name, or by a fingerprint
//! that the receiver knows. A delta names its base in one of four ways, and what its sender has
//! seen by how that differs from the base.
//! Laws: a decoded vector has rising origins and no count of 0, as every vector.
//! Cost: O(origins); with a fingerprint no name is looked at.
//! Source: this project.

use super::column::{unzigzag, write_column, zigzag};
use super::error::Error;
use super::names::{read_origins, write_origins};
use super::reader::{Reader, Writer, write_number};
use super::{BaseEncoding, DecodeContext, Kind, OriginEncoding, start};
use crate::dot::Origin;
use crate::optimized::vector::{ActorTable, Vector};
use std::sync::Arc;

/// What an answer repeats of the vector that was asked with, so that an answer to another question
/// is noticed nearly always: two bytes of an FNV-1a hash, a count at a time. It is no defence; the
/// vectors in the answer are what is relied upon. Origins are not in it, which would be another
/// format: of two questions with the same counts and other origins, an answer to the one is taken
/// for that to the other. So [`BaseEncoding::Asked`] is only for where answers cannot be mixed up.
fn check(vector: &Vector) -> [u8; 2] {
    let step = |hash: u64, count: &u64| (hash ^ count).wrapping_mul(0x100_0000_01b3);
    let hash = vector.counts().iter().fold(0xcbf2_9ce4_8422_2325, step);
    [(hash >> 56) as u8, (hash >> 48) as u8]
}

const WHAT: &str = "a vector: its origins, rising, and a count of at least 1 for each";

impl Vector {
    /// Its bytes, as a message.
    ///
    /// Cost: O(origins).
    pub fn encode(&self, naming: OriginEncoding) -> Vec<u8> {
        let mut to = start(Kind::Vector);
        write_vector(self, naming, &mut to);
        to.end(0)
    }

    /// The vector of a message. Where its origins are known, it shares their actor table.
    ///
    /// # Errors
    /// [`Error::UnknownActorTable`] asks for a vector with [`OriginEncoding::Inline`]; see there for the rest.
    pub fn decode(bytes: &[u8], known: &DecodeContext<'_>) -> Result<Self, Error> {
        let mut reader = super::open(bytes, Kind::Vector)?;
        let vector = read_vector(&mut reader, known)?;
        reader.end()?;
        Ok(vector)
    }
}

fn write_vector(vector: &Vector, naming: OriginEncoding, to: &mut Writer) {
    let actor_table = vector.actor_table();
    if naming == OriginEncoding::ActorTable
        && inline_length(actor_table) > actor_table.fingerprint().len()
    {
        to.out.push(0);
        to.out.extend_from_slice(actor_table.fingerprint());
    } else {
        let count = actor_table.origins().len();
        write_number(count as u64 + 1, &mut to.out);
        to.charge(count);
        write_origins(actor_table.origins().iter(), &mut to.out);
    }
    write_column(vector.counts(), &mut to.out);
}

/// How many bytes the names take; where it is plain that a fingerprint is shorter, more than that.
fn inline_length(actor_table: &ActorTable) -> usize {
    let origins = actor_table.origins();
    if origins.len() > actor_table.fingerprint().len() {
        return usize::MAX;
    }
    let mut names = Vec::new();
    write_origins(origins.iter(), &mut names);
    names.len()
}

fn read_vector(reader: &mut Reader<'_>, known: &DecodeContext<'_>) -> Result<Vector, Error> {
    let at = reader.at();
    let actor_table = match reader.number(WHAT)?.checked_sub(1) {
        None => read_actor_table(reader, known)?,
        Some(count) => {
            let count = reader.charge(count, at, "no more origins than the message has bytes")?;
            let origins = read_origins(reader, count)?;
            let actor_table = ActorTable::new(origins)
                .ok_or_else(|| Error::malformed(at, "origins that do not rise".into(), WHAT))?;
            known.share(actor_table)
        }
    };
    let counts = reader.column(actor_table.origins().len())?;
    let found = || "a count of 0".into();
    Vector::new(actor_table, counts).ok_or_else(|| Error::malformed(at, found(), WHAT))
}

fn read_actor_table(
    reader: &mut Reader<'_>,
    known: &DecodeContext<'_>,
) -> Result<Arc<ActorTable>, Error> {
    let fingerprint = reader.array("the fingerprint of an actor table")?;
    known.actor_table(&fingerprint).cloned().ok_or(Error::UnknownActorTable(fingerprint))
}

/// The two vectors that a delta lies between: what the receiver has seen, and what the sender has.
pub(super) struct Span {
    pub since: Vector,
    pub seen: Vector,
}

/// How the base is encoded, in the two lowest bits of a span's first byte.
const NOTHING: u8 = 0;
const INLINE: u8 = 1;
const FINGERPRINT: u8 = 2;
const ASKED: u8 = 3;

/// How `seen` is encoded, in the next two bits.
const SAME: u8 = 0;
const CHANGED: u8 = 1;
const MORE_ORIGINS: u8 = 2;
const OTHER_ACTOR_TABLE: u8 = 3;

pub(super) fn write_span(
    since: &Vector,
    seen: &Vector,
    naming: OriginEncoding,
    base: BaseEncoding,
    to: &mut Writer,
) {
    let mut name = Vec::new();
    let base = match base {
        _ if since.is_empty() => NOTHING,
        BaseEncoding::Asked => {
            name.extend_from_slice(&check(since));
            ASKED
        }
        _ => {
            let mut inline = Writer::empty();
            write_vector(since, naming, &mut inline);
            if base == BaseEncoding::Fingerprint && inline.out.len() > since.fingerprint().len() {
                name.extend_from_slice(&since.fingerprint());
                FINGERPRINT
            } else {
                to.charge(inline.counted());
                name = inline.out;
                INLINE
            }
        }
    };

    // What the base does not have of the other's actor table, in order.
    let new: Vec<(&Origin, u64)> = if Arc::ptr_eq(since.actor_table(), seen.actor_table()) {
        Vec::new()
    } else {
        let before = since.counts_along(seen.actor_table());
        let new = seen.iter().zip(before).filter(|(_, before)| *before == 0);
        new.map(|(entry, _)| entry).collect()
    };
    let mut names = Vec::new();
    if !new.is_empty() {
        names.reserve(16 * new.len());
        write_origins(new.iter().map(|(origin, _)| *origin), &mut names);
    }
    let form = if since == seen {
        SAME
    } else if new.is_empty() {
        CHANGED
    } else if naming == OriginEncoding::Inline
        || names.len() <= seen.actor_table().fingerprint().len()
    {
        MORE_ORIGINS
    } else {
        OTHER_ACTOR_TABLE
    };

    to.out.push(form << 2 | base);
    to.out.extend_from_slice(&name);
    match form {
        SAME => {}
        OTHER_ACTOR_TABLE => {
            to.out.extend_from_slice(seen.actor_table().fingerprint());
            write_differences(&since.counts_along(seen.actor_table()), seen.counts(), &mut to.out);
        }
        _ => {
            let after = seen.counts_along(since.actor_table());
            write_differences(since.counts(), &after, &mut to.out);
            if form == MORE_ORIGINS {
                to.count(new.len());
                to.out.extend_from_slice(&names);
                let counts: Vec<u64> = new.iter().map(|(_, count)| *count).collect();
                write_column(&counts, &mut to.out);
            }
        }
    }
}

fn write_differences(before: &[u64], after: &[u64], out: &mut Vec<u8>) {
    let pairs = before.iter().zip(after);
    let differences: Vec<u64> =
        pairs.map(|(before, after)| zigzag(after.wrapping_sub(*before))).collect();
    write_column(&differences, out);
}

fn read_differences(reader: &mut Reader<'_>, before: &[u64]) -> Result<Vec<u64>, Error> {
    let mut counts = reader.column(before.len())?;
    for (count, before) in counts.iter_mut().zip(before) {
        *count = before.wrapping_add(unzigzag(*count));
    }
    Ok(counts)
}

pub(super) fn read_span(reader: &mut Reader<'_>, known: &DecodeContext<'_>) -> Result<Span, Error> {
    let at = reader.at();
    let head = reader.byte("how a delta names its vectors")?;
    let (base, form) = (head & 3, head >> 2);
    if form > OTHER_ACTOR_TABLE {
        let found = format!("the byte {head}");
        return Err(Error::malformed(at, found, "how a delta names its vectors: at most 15"));
    }
    let since = match base {
        NOTHING => Vector::default(),
        INLINE => read_vector(reader, known)?,
        FINGERPRINT => {
            let fingerprint = reader.array("the fingerprint of a vector")?;
            known.vector(&fingerprint).cloned().ok_or(Error::UnknownBase(fingerprint))?
        }
        _ => {
            let found = reader.array("the check of a vector")?;
            known.asked.filter(|asked| check(asked) == found).cloned().ok_or(Error::NotAsked)?
        }
    };
    let seen = match form {
        SAME => since.clone(),
        OTHER_ACTOR_TABLE => {
            let actor_table = read_actor_table(reader, known)?;
            let counts = read_differences(reader, &since.counts_along(&actor_table))?;
            let found = || "a count of 0".into();
            Vector::new(actor_table, counts).ok_or_else(|| Error::malformed(at, found(), WHAT))?
        }
        _ => read_changed(reader, &since, form == MORE_ORIGINS)?,
    };
    Ok(Span { since, seen })
}

/// Reads a vector that is encoded as a difference from another one, maybe with more origins.
fn read_changed(reader: &mut Reader<'_>, since: &Vector, has_more: bool) -> Result<Vector, Error> {
    let at = reader.at();
    let counts = read_differences(reader, since.counts())?;
    if !has_more && !counts.contains(&0) {
        let changed = Vector::new(since.actor_table().clone(), counts);
        return changed
            .ok_or_else(|| Error::malformed(at, "another number of counts".into(), WHAT));
    }
    let old = since.actor_table().origins().iter().cloned().zip(counts);
    let mut entries: Vec<_> = old.filter(|(_, count)| *count > 0).collect();
    if has_more {
        let count = reader.count("how many further origins there are")?;
        let start = reader.at();
        let new = read_origins(reader, count)?;
        if !new.is_sorted_by(|a, b| a < b) {
            let found = "further origins that do not rise".into();
            return Err(Error::malformed(start, found, "further origins, rising"));
        }
        // Even one that is absent from `seen`: its count would have two places.
        if let Some(old) = new.iter().find(|origin| since.get(origin) > 0) {
            let Origin { replica, incarnation } = old;
            let found = format!(
                "the further origin {}, incarnation {incarnation}, which the base has",
                replica.as_str()
            );
            return Err(Error::malformed(start, found, "further origins that the base lacks"));
        }
        let counts = reader.column(count)?;
        entries.extend(new.into_iter().zip(counts));
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    }
    let (origins, counts) = entries.into_iter().unzip();
    let actor_table = ActorTable::new(origins);
    let vector = actor_table.and_then(|actor_table| Vector::new(Arc::new(actor_table), counts));
    let found = || "an origin twice, or a count of 0".into();
    vector.ok_or_else(|| Error::malformed(at, found(), WHAT))
}
