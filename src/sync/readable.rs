//! Records for people: what the state hash encodes (spec/state-hash.md), as text.
//!
//! All texts here come from peers, so none reaches a terminal unescaped, and none is long.

use super::protocol::bytes::Reader;
use super::{Discrepancy, Error};
use crate::object::ObjectType;
use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// How many characters of a record, and of a key, are shown at most.
const LONGEST: usize = 300;

/// Whether a terminal may act on the character instead of showing it: control characters,
/// line and paragraph separators, and marks that reverse the direction of text.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text with every character that could steer a terminal written as JSON escapes it.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match steers(c) {
            true => _ = write!(safe, "\\u{:04x}", u32::from(c)),
            false => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// The text, escaped, and cut where it is long.
fn shown(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text.chars();
    shown.extend(rest.by_ref().take(LONGEST));
    if rest.next().is_some() {
        shown.push('…');
    }
    escape(&shown).into_owned()
}

fn shown_bytes(bytes: &[u8]) -> String {
    shown(&String::from_utf8_lossy(bytes))
}

impl Discrepancy {
    /// A record as text, escaped for terminals; of one that was cut, what can be read.
    pub fn readable(&self, body: &[u8]) -> String {
        let mut out = String::new();
        let mut reader = Reader::new(body);
        let read = match self.kind {
            ObjectType::GCounter | ObjectType::PnCounter => {
                number(&mut reader).map(|share| out.push_str(&format!("a share of {share}")))
            }
            ObjectType::MaxRegister | ObjectType::MinRegister => integer(&mut reader, &mut out),
            ObjectType::Log => entry(&mut reader, &mut out),
            _ => decisions(&mut reader, &mut out),
        };
        if read.is_err() {
            out.push_str(" …");
        }
        out
    }

    /// The key of a record as text, escaped for terminals: a key, the origin of a share, or the
    /// name of an entry. What has one key has no name.
    pub fn readable_key(&self, key: &[u8]) -> String {
        let mut reader = Reader::new(key);
        let name = |reader: &mut Reader<'_>| -> Result<String, Error> {
            let replica = shown_bytes(reader.bytes("a replica")?);
            let mut name = format!("{replica} (incarnation {})", reader.number("an incarnation")?);
            if !reader.is_empty() {
                let _ = write!(name, ", operation {}", reader.number("a counter")?);
            }
            Ok(name)
        };
        let named = match self.kind {
            ObjectType::GCounter | ObjectType::Log => name(&mut reader).ok(),
            ObjectType::PnCounter => {
                let side = match reader.byte("a side") {
                    Ok(0) => Some("increments of"),
                    Ok(1) => Some("decrements of"),
                    _ => None,
                };
                side.and_then(|side| Some(format!("{side} {}", name(&mut reader).ok()?)))
            }
            _ => None,
        };
        named.unwrap_or_else(|| shown_bytes(key))
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

fn integer(reader: &mut Reader<'_>, out: &mut String) -> Result<(), Error> {
    let sign = reader.byte("a sign")?;
    let amount = if sign == 0 { 0 } else { number(reader)? };
    let _ = write!(out, "{}{amount}", if sign == 2 { "−" } else { "" });
    Ok(())
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
    let replica = shown_bytes(reader.bytes("a replica")?);
    let incarnation = reader.number("an incarnation")?;
    let counter = reader.number("a counter")?;
    let seq = reader.number("a seq")?;
    let timestamp = reader.number("a timestamp")?;
    let _ = write!(
        out,
        "operation {counter} of {replica} (incarnation {incarnation}), its {seq}th, at {timestamp}"
    );
    if reader.byte("whether there is a user")? == 1 {
        let _ = write!(out, ", by {}", shown_bytes(reader.bytes("a user")?));
    }
    out.push_str(": ");
    effect(reader, out)
}

fn effect(reader: &mut Reader<'_>, out: &mut String) -> Result<(), Error> {
    match reader.byte("an effect")? {
        0 => out.push_str("removed"),
        1 => out.push_str("added"),
        2 => out.push_str(&shown_bytes(reader.bytes("a value")?)),
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
