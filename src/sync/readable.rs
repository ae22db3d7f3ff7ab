//! Records for people: what the state hash encodes (spec/state-hash.md), in words.

use super::message::Reader;
use super::{Discrepancy, Error};
use crate::object::ObjectType;
use std::fmt::{self, Write as _};

impl Discrepancy {
    /// What a record holds, in words; as far as it can be read where it was cut.
    pub fn readable(&self, body: &[u8]) -> String {
        let mut out = String::new();
        let mut reader = Reader::new(body);
        let read = match self.kind {
            ObjectType::GCounter => {
                number(&mut reader).map(|share| out.push_str(&format!("a share of {share}")))
            }
            ObjectType::Log => entry(&mut reader, &mut out),
            _ => decisions(&mut reader, &mut out),
        };
        if read.is_err() {
            out.push_str(" …");
        }
        out
    }

    /// What a record is of: a key, the origin of a share, or the name of an entry.
    pub fn readable_key(&self, key: &[u8]) -> String {
        let mut reader = Reader::new(key);
        let name = |reader: &mut Reader<'_>| -> Result<String, Error> {
            let replica = String::from_utf8_lossy(reader.bytes("a replica")?).into_owned();
            let mut name = format!("{replica} (incarnation {})", reader.number("a life")?);
            if !reader.is_empty() {
                let _ = write!(name, ", operation {}", reader.number("a counter")?);
            }
            Ok(name)
        };
        let named = match self.kind {
            ObjectType::GCounter | ObjectType::Log => name(&mut reader).ok(),
            _ => None,
        };
        named.unwrap_or_else(|| String::from_utf8_lossy(key).into_owned())
    }
}

/// A number of up to 128 bits.
fn number(reader: &mut Reader<'_>) -> Result<u128, Error> {
    let mut number = 0_u128;
    for shift in (0..128).step_by(7) {
        let byte = reader.byte("a number")?;
        number |= u128::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    reader.malformed("a number of more than 128 bits", "a share")
}

fn entry(reader: &mut Reader<'_>, out: &mut String) -> Result<(), Error> {
    let seq = reader.number("a seq")?;
    let _ = write!(out, "operation {seq} of its replica, at {}: ", reader.number("a timestamp")?);
    effect(reader, out)
}

fn decisions(reader: &mut Reader<'_>, out: &mut String) -> Result<(), Error> {
    let count = reader.number("a number of decisions")?;
    for number in 0..count {
        if number > 0 {
            out.push_str("; ");
        }
        decision(reader, out)?;
    }
    if reader.byte("whether there is a winner apart")? == 1 {
        out.push_str("; the winner: ");
        decision(reader, out)?;
    }
    Ok(())
}

fn decision(reader: &mut Reader<'_>, out: &mut String) -> Result<(), Error> {
    let replica = String::from_utf8_lossy(reader.bytes("a replica")?).into_owned();
    let incarnation = reader.number("a life")?;
    let counter = reader.number("a counter")?;
    let seq = reader.number("a seq")?;
    let timestamp = reader.number("a timestamp")?;
    let _ = write!(
        out,
        "operation {counter} of {replica} (incarnation {incarnation}), its {seq}th, at {timestamp}"
    );
    if reader.byte("whether there is a user")? == 1 {
        let _ = write!(out, ", by {}", String::from_utf8_lossy(reader.bytes("a user")?));
    }
    out.push_str(": ");
    effect(reader, out)
}

fn effect(reader: &mut Reader<'_>, out: &mut String) -> Result<(), Error> {
    match reader.byte("an effect")? {
        0 => out.push_str("removed"),
        1 => out.push_str("added"),
        2 => out.push_str(&String::from_utf8_lossy(reader.bytes("a value")?)),
        _ => {
            out.push_str("a long value with the hash ");
            let hash: [u8; 32] = reader.array("a hash")?;
            let _ = write!(out, "{}", crate::digest::Digest(hash));
        }
    }
    Ok(())
}

/// The object, and each record with what both sides hold.
impl fmt::Display for Discrepancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "object {:?}: both sides have seen the same and hold different states",
            self.object
        )?;
        let held = |body: &Option<Vec<u8>>| match body {
            Some(body) => self.readable(body),
            None => "nothing".into(),
        };
        for record in &self.records {
            writeln!(f, "  {}", self.readable_key(&record.key))?;
            writeln!(f, "    here:  {}", held(&record.ours))?;
            writeln!(f, "    there: {}", held(&record.theirs))?;
        }
        if !self.is_complete {
            writeln!(f, "  there may be more")?;
        }
        Ok(())
    }
}
