//! Reading of untrusted bytes, and the writer of such bytes.
//!
//! Meaning: a number is a minimal LEB128; a count is a number that is charged to the message's length.
//! Laws: nothing is read beyond the end, and the counts of a message add up to no more than its
//! bytes. So decoding takes memory in proportion to the message's length.
//! Cost: O(1) for what is fixed, O(length) for the rest.
//! Source: this project.

use super::error::Error;

/// A message that is being read.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    counted: usize,
    /// What the counts may add up to.
    budget: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, counted: 0, budget: bytes.len() }
    }

    /// Splits off the texts at the end of the message. Their length comes next.
    pub fn texts(&mut self) -> Result<&'a [u8], Error> {
        let length = self.length("the length of the texts")?;
        let (bytes, texts) = self.bytes.split_at(self.bytes.len() - length);
        self.bytes = bytes;
        Ok(texts)
    }

    /// Where it is read, in bytes from the start of the message.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The next byte, which belongs to `what`.
    pub fn byte(&mut self, what: &'static str) -> Result<u8, Error> {
        Ok(self.take(1, what)?[0])
    }

    /// The next bytes, which are `what`.
    pub fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], Error> {
        let rest = &self.bytes[self.at..];
        if length > rest.len() {
            return Err(Error::CutOff {
                at: self.at,
                expected: what,
                needed: length,
                left: rest.len(),
            });
        }
        self.at += length;
        Ok(&rest[..length])
    }

    /// The next bytes, which are `what`, as many as asked for.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Error> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, what)?);
        Ok(array)
    }

    /// A number, which is `what`.
    pub fn number(&mut self, what: &'static str) -> Result<u64, Error> {
        let start = self.at;
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte(what)?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                let is_minimal = byte > 0 || shift == 0;
                let fits = shift < 63 || byte <= 1;
                return if is_minimal && fits {
                    Ok(number)
                } else {
                    let found = "a number with superfluous bytes, or of more than 64 bits".into();
                    Err(Error::malformed(start, found, what))
                };
            }
        }
        Err(Error::malformed(start, "a number of more than 10 bytes".into(), what))
    }

    /// A length in bytes, of which as many must follow.
    pub fn length(&mut self, what: &'static str) -> Result<usize, Error> {
        let start = self.at;
        let length = self.number(what)?;
        let left = self.bytes.len() - self.at;
        match usize::try_from(length) {
            Ok(length) if length <= left => Ok(length),
            _ => {
                let found = format!("a length of {length} where {left} bytes are left");
                Err(Error::malformed(start, found, what))
            }
        }
    }

    /// A count, charged to the message's length: together with the other counts it must not exceed
    /// the length of the message.
    pub fn count(&mut self, what: &'static str) -> Result<usize, Error> {
        let start = self.at;
        let count = self.number(what)?;
        self.charge(count, start, what)
    }

    /// Charges a count that was read from `start` on.
    pub fn charge(&mut self, count: u64, start: usize, what: &'static str) -> Result<usize, Error> {
        let left = self.budget - self.counted;
        match usize::try_from(count) {
            Ok(count) if count <= left => {
                self.counted += count;
                Ok(count)
            }
            _ => {
                let (counted, length) = (self.counted, self.budget);
                let found = format!(
                    "a count of {count}, after counts of {counted} in a message of {length} bytes"
                );
                Err(Error::malformed(start, found, what))
            }
        }
    }

    /// Checks that everything but the texts ends here, after the zero bytes that pad the message to
    /// its counts.
    pub fn end(&mut self) -> Result<(), Error> {
        let start = self.at;
        let texts = self.budget - self.bytes.len();
        let padding = self.counted.saturating_sub(start + texts);
        let rest = self.take(self.bytes.len() - start, "the end")?;
        if rest.len() != padding || rest.iter().any(|byte| *byte != 0) {
            let found = format!("{} bytes after the columns", rest.len());
            let expected = "the end, after as many zero bytes as the counts need";
            return Err(Error::malformed(start, found, expected));
        }
        Ok(())
    }
}

/// Appends a minimal LEB128.
pub(crate) fn write_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A message that is being written.
#[derive(Debug)]
pub(super) struct Writer {
    pub out: Vec<u8>,
    counted: usize,
}

impl Writer {
    pub fn new(start: [u8; 2]) -> Self {
        // Most messages are short, and need not grow then.
        let mut out = Vec::with_capacity(64);
        out.extend_from_slice(&start);
        Self { out, counted: 0 }
    }

    /// A part of a message.
    pub fn empty() -> Self {
        Self { out: Vec::new(), counted: 0 }
    }

    /// What its counts add up to.
    pub fn counted(&self) -> usize {
        self.counted
    }

    /// Writes a count, which is charged to the message's length.
    pub fn count(&mut self, count: usize) {
        write_number(count as u64, &mut self.out);
        self.charge(count);
    }

    /// Charges a count that was written otherwise.
    pub fn charge(&mut self, count: usize) {
        self.counted += count;
    }

    /// The message without its texts, of the given length, which the caller appends. If its counts
    /// exceed its length, zero bytes pad it.
    pub fn end(mut self, texts: usize) -> Vec<u8> {
        let length = self.counted.saturating_sub(texts).max(self.out.len());
        self.out.reserve_exact(length + texts - self.out.len());
        self.out.resize(length, 0);
        self.out
    }
}
