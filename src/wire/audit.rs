//! Records of decisions on the wire: they come before the delta of their object.
//!
//! Meaning: the fields of [`AuditDelta`], checked against the delta. A record says nothing of its key
//! but the number that the key has in the delta.
//! Laws: what was written is read back.
//! Cost: O(length).
//! Source: this project.

use super::column::{BLOCK, unzigzag, write_block, zigzag};
use super::error::Error;
use super::names::{read_users, write_users};
use super::reader::{Reader, Writer, write_number};
use super::{Kind, VERSION};
use crate::optimized::audit::{AuditDelta, AuditEntry, value_length};
use crate::optimized::vector::Vector;

/// Whether a message begins with records.
fn has(bytes: &[u8]) -> bool {
    bytes.starts_with(&[VERSION, Kind::Audit as u8])
}

/// The records of a message, without their envelope, and where the delta begins; `None` where there
/// are none.
///
/// # Errors
/// If the records are cut off, or come twice.
pub(super) fn split(bytes: &[u8]) -> Result<(Option<&[u8]>, usize), Error> {
    if !has(bytes) {
        return Ok((None, 0));
    }
    let mut reader = Reader::new(bytes);
    reader.take(2, "the kind of the message")?;
    let length = reader.length("the length of the records")?;
    let records = reader.take(length, "the records")?;
    let at = reader.at();
    if has(&bytes[at..]) {
        let found = "further records".into();
        return Err(Error::malformed(at, found, "the delta that they are of"));
    }
    Ok((Some(records), at))
}

/// The message with the records before the delta; or the delta, where there are none.
pub(super) fn encode(
    audit: Option<&AuditDelta>,
    since: &Vector,
    seen: &Vector,
    delta: Vec<u8>,
) -> Vec<u8> {
    let Some(audit) = audit else { return delta };
    let mut to = Writer::empty();
    write_number(audit.values.len() as u64, &mut to.out);
    write_number(audit.cut, &mut to.out);
    to.count(audit.floors.len());
    for (place, floor) in &audit.floors {
        write_number((*place).into(), &mut to.out);
        write_number(*floor, &mut to.out);
    }
    let users: Vec<&str> = audit.users.iter().map(|user| &**user).collect();
    write_users(&users, &mut to);
    to.count(audit.entries.len());
    to.count(audit.saw.len());
    let mut last = Last::of(since, seen);
    let mut saw = audit.saw.iter();
    for group in audit.entries.chunks(BLOCK) {
        let mut columns = [[0; BLOCK]; 7];
        for (at, entry) in group.iter().enumerate() {
            let numbers = last.steps(entry);
            for (column, number) in columns.iter_mut().zip(numbers) {
                column[at] = number;
            }
        }
        for column in &columns {
            write_block(&column[..group.len()], &mut to.out);
        }
        let counters =
            group.iter().flat_map(|entry| std::iter::repeat_n(entry.counter, entry.saw as usize));
        let seen: Vec<(u64, u64)> = counters
            .zip(saw.by_ref())
            .map(|(counter, (place, seen))| ((*place).into(), zigzag(counter.wrapping_sub(*seen))))
            .collect();
        for dots in seen.chunks(BLOCK) {
            let places: Vec<u64> = dots.iter().map(|(place, _)| *place).collect();
            let counters: Vec<u64> = dots.iter().map(|(_, counter)| *counter).collect();
            write_block(&places, &mut to.out);
            write_block(&counters, &mut to.out);
        }
    }
    let mut records = to.end(audit.values.len());
    records.extend_from_slice(&audit.values);
    let mut out = vec![VERSION, Kind::Audit as u8];
    write_number(records.len() as u64, &mut out);
    out.extend_from_slice(&records);
    out.extend_from_slice(&delta);
    out
}

/// What records are written against.
struct Last {
    /// By place: the counter of its last record.
    counters: Vec<u64>,
    time: u64,
    key: u32,
}

impl Last {
    fn of(since: &Vector, seen: &Vector) -> Self {
        Self { counters: since.counts_along(seen.actor_table()), time: 0, key: 0 }
    }

    /// The numbers of an entry, in the order of the columns.
    fn steps(&mut self, entry: &AuditEntry) -> [u64; 7] {
        let AuditEntry { counter, time, place, key, user, saw, code } = *entry;
        let last = &mut self.counters[place as usize];
        let step = counter.wrapping_sub(*last);
        *last = counter;
        let later = zigzag(time.wrapping_sub(self.time));
        // Most often the delta lists keys in the order in which they were decided on.
        let next = zigzag(u64::from(key).wrapping_sub(u64::from(self.key)).wrapping_sub(1));
        (self.time, self.key) = (time, key);
        [place.into(), step, later, next, user.into(), saw.into(), code.into()]
    }
}

fn wrong(reader: &Reader<'_>, found: impl Into<String>, expected: &'static str) -> Error {
    Error::malformed(reader.at(), found.into(), expected)
}

/// Reads the records of a delta that goes from `since` to `seen` and lists so many keys.
pub(super) fn decode(
    bytes: &[u8],
    since: &Vector,
    seen: &Vector,
    keys: usize,
) -> Result<AuditDelta, Error> {
    let mut reader = Reader::new(bytes);
    let mut values = reader.texts()?;
    let mut audit =
        AuditDelta { cut: reader.number("a time")?, values: values.to_vec(), ..Default::default() };
    let before = since.counts_along(seen.actor_table());
    let counts = seen.counts();
    floors(&mut reader, &mut audit, &before, counts)?;
    audit.users = read_users(&mut reader)?;
    let count = reader.count("how many records there are")?;
    let most = reader.count("how many decisions they saw")?;
    audit.entries.reserve_exact(count);
    audit.saw.reserve_exact(most);
    let mut last = Last::of(since, seen);
    let mut place = 0;
    while audit.entries.len() < count {
        let length = (count - audit.entries.len()).min(BLOCK);
        let mut columns = [[0; BLOCK]; 7];
        for column in &mut columns {
            reader.block(&mut column[..length])?;
        }
        let first = audit.entries.len();
        for at in 0..length {
            let entry = entry(&columns, at, &mut last, counts, audit.users.len(), keys);
            let Some(entry) = entry.filter(|entry| entry.place >= place) else {
                let expected = "records by origin and counter, of decisions that the sender has \
                                seen and the receiver has not, on keys that the delta lists";
                return Err(wrong(&reader, "a record out of place", expected));
            };
            place = entry.place;
            let length = value_length(entry.code).unwrap_or(usize::MAX);
            let Some((_, rest)) = values.split_at_checked(length) else {
                let found =
                    format!("the effect {}, where {} bytes are left", entry.code, values.len());
                return Err(wrong(&reader, found, "an effect whose bytes are there"));
            };
            values = rest;
            audit.entries.push(entry);
        }
        dots(&mut reader, &mut audit, first, most, counts)?;
    }
    if audit.saw.len() < most || !values.is_empty() {
        let found = format!("{} of {most} decisions, {} bytes", audit.saw.len(), values.len());
        return Err(wrong(&reader, found, "as many as the records saw, and no further bytes"));
    }
    reader.end()?;
    Ok(audit)
}

/// Reads up to where the sender dropped records.
fn floors(
    reader: &mut Reader<'_>,
    audit: &mut AuditDelta,
    before: &[u64],
    counts: &[u64],
) -> Result<(), Error> {
    let count = reader.count("of how many origins records were dropped")?;
    for _ in 0..count {
        let place = reader.number("a place")?;
        let floor = reader.number("a counter")?;
        let at = usize::try_from(place).unwrap_or(usize::MAX);
        let is_rising = audit.floors.last().is_none_or(|(last, _)| u64::from(*last) < place);
        let is_new = before.get(at).is_some_and(|before| *before < floor);
        if !is_rising || !is_new || counts.get(at).is_none_or(|count| *count < floor) {
            let found = format!("operation {floor} of the origin at {place}");
            let expected =
                "an operation that the sender has seen and the receiver has not, by origin";
            return Err(wrong(reader, found, expected));
        }
        audit.floors.push((place as u32, floor));
    }
    Ok(())
}

/// The record of a row of the columns; `None` if it is of no decision of the delta.
fn entry(
    columns: &[[u64; BLOCK]; 7],
    at: usize,
    last: &mut Last,
    counts: &[u64],
    users: usize,
    keys: usize,
) -> Option<AuditEntry> {
    let [place, step, later, next, user, saw, code] = std::array::from_fn(|of| columns[of][at]);
    let index = usize::try_from(place).ok()?;
    let before = last.counters.get_mut(index)?;
    let counter =
        before.checked_add(step).filter(|counter| step > 0 && *counter <= counts[index])?;
    *before = counter;
    let time = last.time.wrapping_add(unzigzag(later));
    let key = u64::from(last.key).wrapping_add(1).wrapping_add(unzigzag(next));
    let key = u32::try_from(key).ok().filter(|key| (*key as usize) < keys)?;
    (last.time, last.key) = (time, key);
    Some(AuditEntry {
        counter,
        time,
        place: place as u32,
        key,
        user: u32::try_from(user).ok().filter(|user| *user as usize <= users)?,
        saw: u32::try_from(saw).ok()?,
        code: u8::try_from(code).ok()?,
    })
}

/// Reads what the records from `first` on saw.
fn dots(
    reader: &mut Reader<'_>,
    audit: &mut AuditDelta,
    first: usize,
    most: usize,
    counts: &[u64],
) -> Result<(), Error> {
    let group = &audit.entries[first..];
    let count: u64 = group.iter().map(|entry| u64::from(entry.saw)).sum();
    let left = (most - audit.saw.len()) as u64;
    if count > left {
        let found = format!("records that saw {count} decisions, of {left} that are left");
        return Err(wrong(reader, found, "no more than there are"));
    }
    let mut of =
        group.iter().flat_map(|entry| std::iter::repeat_n(entry.counter, entry.saw as usize));
    let mut left = count as usize;
    while left > 0 {
        let length = left.min(BLOCK);
        let (mut places, mut counters) = ([0; BLOCK], [0; BLOCK]);
        reader.block(&mut places[..length])?;
        reader.block(&mut counters[..length])?;
        for ((place, back), counter) in places.iter().zip(&counters).take(length).zip(&mut of) {
            let counter = counter.wrapping_sub(unzigzag(*back));
            let count = usize::try_from(*place).ok().and_then(|place| counts.get(place));
            if counter == 0 || count.is_none_or(|count| *count < counter) {
                let found = format!("operation {counter} of the origin at {place}");
                return Err(wrong(reader, found, "an operation that the sender has seen"));
            }
            audit.saw.push((*place as u32, counter));
        }
        left -= length;
    }
    Ok(())
}
