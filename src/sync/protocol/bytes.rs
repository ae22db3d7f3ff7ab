//! Numbers and byte strings, as parts and records have them, and fingerprints of both.

use crate::object::Priority;
use crate::optimized::Fingerprint;
use crate::optimized::vector::first_half;
use crate::sync::{CLASSES, Error};

/// The first half of the BLAKE3 hash of the bytes, in key derivation mode under the context.
pub fn fingerprint(context: &str, bytes: &[u8]) -> Fingerprint {
    first_half(blake3::derive_key(context, bytes))
}

pub fn write_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_number(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Reads a part, or a record of a hash tree.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
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

    pub fn bool(&mut self, expected: &'static str) -> Result<bool, Error> {
        match self.byte(expected)? {
            byte @ 0..=1 => Ok(byte == 1),
            byte => self.malformed(byte, expected),
        }
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
