//! Names of origins and users, each front-coded against the one before.
//!
//! Meaning: a name is a number of bytes of the previous name, and bytes of its own.
//! Laws: what was written is read back; a name has at most 1,024 bytes, and is at most 9 times as long
//! as its own bytes, unless it is the previous one again, so that little cannot be made much.
//! Cost: O(length).
//! Source: Witten et al., Managing Gigabytes, 1999, ch. 4 (front coding).

use super::column::write_column;
use super::error::Error;
use super::reader::{Reader, Writer, write_number};
use crate::dot::{Origin, ReplicaId};
use crate::limits::MAX_NAME;
use crate::operation::User;

/// A name shares at most this many bytes for each byte of its own.
const MOST_SHARED: usize = 8;

/// How many bytes of the previous name to share.
pub(super) fn shared(previous: &[u8], name: &[u8]) -> usize {
    let pairs = previous.iter().zip(name);
    let common = pairs.take_while(|(a, b)| a == b).count();
    // No more than `may_share` allows with what is left.
    common.min(name.len() - name.len().div_ceil(MOST_SHARED + 1))
}

/// Whether so many bytes may be shared.
pub(super) fn may_share(shared: usize, own: usize) -> bool {
    shared <= own.saturating_mul(MOST_SHARED)
}

/// One of the two halves of a token; a larger number continues after it.
fn half(length: usize) -> u8 {
    length.min(15) as u8
}

fn write_name(previous: &[u8], name: &[u8], out: &mut Vec<u8>) {
    let shared = if previous == name { name.len() } else { shared(previous, name) };
    let own = name.len() - shared;
    out.push(half(shared) << 4 | half(own));
    for length in [shared, own] {
        if let Some(more) = length.checked_sub(15) {
            write_number(more as u64, out);
        }
    }
    out.extend_from_slice(&name[shared..]);
}

/// Reads a name; `None` where it is the previous one again.
fn read_name<'a>(
    reader: &mut Reader<'_>,
    previous: &[u8],
    name: &'a mut Vec<u8>,
) -> Result<Option<&'a str>, Error> {
    const WHAT: &str = "a name, as text in UTF-8";
    let start = reader.at();
    let token = reader.byte(WHAT)?;
    let mut lengths = [0; 2];
    for (length, half) in lengths.iter_mut().zip([token >> 4, token & 15]) {
        let more = if half == 15 { reader.number(WHAT)? } else { 0 };
        *length = usize::try_from(more).unwrap_or(usize::MAX).saturating_add(half.into());
    }
    let [shared, own] = lengths;
    let is_same = own == 0 && shared == previous.len() && shared > 0;
    if shared > previous.len() || !is_same && !may_share(shared, own) {
        let found = format!(
            "a name of {own} bytes after {shared} of the previous one, which has {}",
            previous.len()
        );
        let expected = "at most 8 shared bytes for each other one, and no more than there are";
        return Err(Error::malformed(start, found, expected));
    }
    let length = shared.saturating_add(own);
    if !(1..=MAX_NAME).contains(&length) {
        let found = format!("a name of {length} bytes");
        return Err(Error::malformed(start, found, "a name of 1 to 1,024 bytes"));
    }
    let rest = reader.take(own, WHAT)?;
    if is_same {
        return Ok(None);
    }
    name.clear();
    name.extend_from_slice(&previous[..shared]);
    name.extend_from_slice(rest);
    match std::str::from_utf8(name) {
        Ok(name) => Ok(Some(name)),
        Err(_) => Err(Error::malformed(start, "bytes that are no UTF-8".into(), WHAT)),
    }
}

/// Writes origins; the message has their number already.
pub(super) fn write_origins<'a>(
    origins: impl Iterator<Item = &'a Origin> + Clone,
    out: &mut Vec<u8>,
) {
    let mut previous: &[u8] = &[];
    for Origin { replica, .. } in origins.clone() {
        let name = replica.as_str().as_bytes();
        write_name(previous, name, out);
        previous = name;
    }
    let incarnations: Vec<u64> = origins.map(|origin| origin.incarnation).collect();
    write_column(&incarnations, out);
}

/// Reads as many origins. The caller has checked their number.
pub(super) fn read_origins(reader: &mut Reader<'_>, count: usize) -> Result<Vec<Origin>, Error> {
    let mut origins: Vec<Origin> = Vec::with_capacity(count);
    let mut name = Vec::new();
    for _ in 0..count {
        let last = origins.last().map(|origin| origin.replica.clone());
        let previous = last.as_ref().map_or(&[][..], |last| last.as_str().as_bytes());
        let start = reader.at();
        let replica = match (read_name(reader, previous, &mut name)?, &last) {
            (None, Some(last)) => last.clone(),
            (name, _) => ReplicaId::new(name.unwrap_or_default()).map_err(|refused| {
                let found = format!("a name of {} bytes", refused.length);
                Error::malformed(start, found, "the name of a replica, of 1 to 1,024 bytes")
            })?,
        };
        origins.push(Origin { replica, incarnation: 0 });
    }
    for (origin, incarnation) in origins.iter_mut().zip(reader.column(count)?) {
        origin.incarnation = incarnation;
    }
    Ok(origins)
}

/// Writes the names of people, and how many they are.
pub(super) fn write_users(users: &[&str], to: &mut Writer) {
    to.count(users.len());
    let mut previous: &[u8] = &[];
    for user in users {
        write_name(previous, user.as_bytes(), &mut to.out);
        previous = user.as_bytes();
    }
}

/// Reads the names of people.
pub(super) fn read_users(reader: &mut Reader<'_>) -> Result<Vec<User>, Error> {
    let count = reader.count("how many people there are")?;
    let mut users: Vec<User> = Vec::with_capacity(count);
    let mut name = Vec::new();
    for _ in 0..count {
        let last = users.last().cloned();
        let previous = last.as_ref().map_or(&[][..], |last| last.as_bytes());
        let user = match (read_name(reader, previous, &mut name)?, &last) {
            (None, Some(last)) => last.clone(),
            (name, _) => name.unwrap_or_default().into(),
        };
        users.push(user);
    }
    Ok(users)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_1_to_1024_bytes() {
        for (length, is_read) in [(0, false), (1, true), (MAX_NAME, true), (MAX_NAME + 1, false)] {
            let mut bytes = Vec::new();
            write_name(&[], "n".repeat(length).as_bytes(), &mut bytes);
            write_column(&[7], &mut bytes);
            let read = read_origins(&mut Reader::new(&bytes), 1);
            assert_eq!(read.is_ok(), is_read, "{length} bytes: {read:?}");
            let mut users = vec![1];
            write_name(&[], "n".repeat(length).as_bytes(), &mut users);
            let read = read_users(&mut Reader::new(&users));
            assert_eq!(read.is_ok(), is_read, "a user of {length} bytes: {read:?}");
        }
    }
}
