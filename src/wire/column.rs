//! Columns: numbers side by side, in blocks of 128, each block in as few bits as its numbers need.
//!
//! Meaning: a block gives the numbers `minimum + low + (high << width)`, modulo 2^64. `low` has
//! `width` bits for each number; `high` holds the rest of the few that need more.
//! Laws: what was written is read back (its tests).
//! Cost: about 1 ns a number, either way. A block takes at least 1 byte.
//! Source: Zukowski et al., Super-Scalar RAM-CPU Cache Compression, ICDE 2006 (PFOR).

use super::error::Error;
use super::reader::{Reader, write_number};

/// How many numbers a block has. The last one of a column has what is left.
pub(super) const BLOCK: usize = 128;

/// Room for the numbers of one block.
pub(super) type Block = [u64; BLOCK];

/// In the first byte of a block: its minimum is not 0, and follows.
const HAS_MINIMUM: u8 = 1 << 6;
/// In the first byte of a block: some numbers need more than `width` bits; their high parts follow.
const HAS_HIGH: u8 = 1 << 7;
/// The width that stands for 64.
const WHOLE: u8 = 63;

/// Small where the number is near 0 on either side, modulo 2^64.
pub(super) fn zigzag(number: u64) -> u64 {
    number << 1 ^ (number as i64 >> 63) as u64
}

/// The inverse of [`zigzag`].
pub(super) fn unzigzag(number: u64) -> u64 {
    number >> 1 ^ (number & 1).wrapping_neg()
}

/// How many bytes a number of these bits takes as a varint.
fn varint_length(bits: usize) -> usize {
    bits.div_ceil(7).max(1)
}

/// Writes a whole column.
pub(super) fn write_column(numbers: &[u64], out: &mut Vec<u8>) {
    for block in numbers.chunks(BLOCK) {
        write_block(block, out);
    }
}

/// Writes 1 to 128 numbers.
pub(super) fn write_block(numbers: &[u64], out: &mut Vec<u8>) {
    let first = numbers.first().copied().unwrap_or(0);
    let varying = numbers.iter().fold(0, |varying, number| varying | (number ^ first));
    // Most columns hold one value: that case returns early.
    let (minimum, bits) = if varying == 0 { (first, 0) } else { range(numbers) };
    let width = if bits == 0 { 0 } else { best_width(numbers, minimum, bits) };
    let (width, code) = if width >= WHOLE as usize { (64, WHOLE) } else { (width, width as u8) };
    let has_minimum = if minimum > 0 { HAS_MINIMUM } else { 0 };
    let has_high = if width < bits { HAS_HIGH } else { 0 };
    out.push(code | has_minimum | has_high);
    if minimum > 0 {
        write_number(minimum, out);
    }
    pack(numbers, minimum, width, out);
    if width < bits {
        let high = || numbers.iter().map(|number| (number - minimum) >> width);
        let outliers = || (0..).zip(high()).filter(|(_, high)| *high > 0);
        out.push(outliers().count() as u8);
        out.extend(outliers().map(|(at, _): (u8, _)| at));
        outliers().for_each(|(_, high)| write_number(high, out));
    }
}

/// The least number, and how many bits the others need beyond it.
fn range(numbers: &[u64]) -> (u64, usize) {
    let (mut least, mut most) = (u64::MAX, 0);
    for number in numbers {
        least = if *number < least { *number } else { least };
        most = if *number > most { *number } else { most };
    }
    (least, length(most - least))
}

/// How many bits a number has.
fn length(number: u64) -> usize {
    64 - number.leading_zeros() as usize
}

/// A width that makes the block short.
fn best_width(numbers: &[u64], minimum: u64, bits: usize) -> usize {
    // Unless the best width saves an eighth, the search does not pay. One number in five shows that,
    // unless the great ones are at every fifth place; others repeat rather in twos or fours.
    let some = numbers.iter().step_by(5);
    let all = some.len() * bits;
    let needed: usize = some.map(|number| length(number - minimum)).sum();
    if all - needed <= all / 8 {
        return bits;
    }
    // In two parts, since counting one up twice at once is slow.
    let mut parts = [[0_u8; 65]; 2];
    let pairs = numbers.chunks_exact(2);
    let last = pairs.remainder();
    for pair in pairs {
        parts[0][length(pair[0] - minimum)] += 1;
        parts[1][length(pair[1] - minimum)] += 1;
    }
    if let [last] = last {
        parts[0][length(last - minimum)] += 1;
    }
    let of_length = |length: usize| usize::from(parts[0][length]) + usize::from(parts[1][length]);
    let (mut best, mut least) = (bits, (numbers.len() * bits).div_ceil(8));
    let mut outliers = 0;
    for width in (0..bits).rev() {
        outliers += of_length(width + 1);
        // From here on more outliers only cost more.
        if 2 * outliers >= least {
            break;
        }
        let high = (width + 1..=bits)
            .map(|length| of_length(length) * (1 + varint_length(length - width)));
        let cost = 1 + (numbers.len() * width).div_ceil(8) + high.sum::<usize>();
        if cost < least {
            (best, least) = (width, cost);
        }
    }
    best
}

/// Appends the low bits of each number, the first one in the lowest bits of the first byte.
fn pack(numbers: &[u64], minimum: u64, width: usize, out: &mut Vec<u8>) {
    if width == 0 {
        return;
    }
    let mut words = [0; BLOCK + 1];
    let mask = u64::MAX >> (64 - width);
    // What is not written yet, and how many bits of it there are.
    let (mut word, mut filled, mut at) = (0, 0, 0);
    for number in numbers {
        let number = (number - minimum) & mask;
        word |= number << filled;
        filled += width;
        if filled >= 64 {
            words[at] = word;
            at += 1;
            filled -= 64;
            word = if filled == 0 { 0 } else { number >> (width - filled) };
        }
    }
    words[at] = word;
    let mut left = (numbers.len() * width).div_ceil(8);
    for word in &words[..=at] {
        let bytes = word.to_le_bytes();
        let taken = left.min(8);
        out.extend_from_slice(&bytes[..taken]);
        left -= taken;
    }
}

/// The numbers of `width` bits each.
fn unpack(bytes: &[u8], width: usize, minimum: u64, numbers: &mut [u64]) {
    let mut buffer = [0; 8 * BLOCK + 16];
    buffer[..bytes.len()].copy_from_slice(bytes);
    let mask = u64::MAX >> (64 - width);
    // Seven bits of a word may belong to the number before.
    if width <= 57 {
        for (at, number) in numbers.iter_mut().enumerate() {
            let bit = at * width;
            let mut word = [0; 8];
            word.copy_from_slice(&buffer[bit / 8..bit / 8 + 8]);
            let low = u64::from_le_bytes(word) >> (bit % 8) & mask;
            *number = minimum.wrapping_add(low);
        }
    } else {
        for (at, number) in numbers.iter_mut().enumerate() {
            let bit = at * width;
            let mut word = [0; 16];
            word.copy_from_slice(&buffer[bit / 8..bit / 8 + 16]);
            let low = (u128::from_le_bytes(word) >> (bit % 8)) as u64 & mask;
            *number = minimum.wrapping_add(low);
        }
    }
}

impl Reader<'_> {
    /// Reads a whole column. Its length was checked by the caller.
    pub fn column(&mut self, length: usize) -> Result<Vec<u64>, Error> {
        let mut numbers = vec![0; length];
        for block in numbers.chunks_mut(BLOCK) {
            self.block(block)?;
        }
        Ok(numbers)
    }

    /// Reads as many numbers as there is room for, 1 to 128.
    pub fn block(&mut self, numbers: &mut [u64]) -> Result<(), Error> {
        let start = self.at();
        let head = self.byte("a block of a column")?;
        let minimum = if head & HAS_MINIMUM != 0 { self.number("a minimum")? } else { 0 };
        let width = match head & WHOLE {
            WHOLE => 64,
            width => width as usize,
        };
        if width == 0 {
            numbers.fill(minimum);
        } else {
            let bytes = self.take((numbers.len() * width).div_ceil(8), "the bits of a block")?;
            unpack(bytes, width, minimum, numbers);
        }
        if head & HAS_HIGH != 0 {
            if width == 64 {
                return Err(Error::malformed(
                    start,
                    "a block of 64 bits with high parts".into(),
                    "none, since every number fits into 64 bits",
                ));
            }
            self.high(width, numbers)?;
        }
        Ok(())
    }

    /// Adds the high parts of those numbers that do not fit.
    fn high(&mut self, width: usize, numbers: &mut [u64]) -> Result<(), Error> {
        let count = self.byte("how many numbers do not fit")?;
        let places = self.take(count.into(), "the places of the numbers that do not fit")?;
        let start = self.at();
        for place in places {
            let high = self.number("a high part")?;
            let Some(number) = numbers.get_mut(usize::from(*place)) else {
                let found = format!("place {place} in a block of {}", numbers.len());
                return Err(Error::malformed(start, found, "a place in the block"));
            };
            *number = number.wrapping_add(high << width);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(numbers: &[u64]) -> usize {
        let mut bytes = Vec::new();
        write_column(numbers, &mut bytes);
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.column(numbers.len()).as_deref(), Ok(numbers));
        assert_eq!(reader.at(), bytes.len());
        bytes.len()
    }

    /// Numbers of no order, of at most so many bits.
    fn numbers(count: usize, bits: u32) -> Vec<u64> {
        let mut state = 88_172_645_463_325_252_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.checked_shr(64 - bits).unwrap_or(0)
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn numbers_of_every_width_are_read_back() {
        for bits in 0..=64 {
            for count in [0, 1, 2, 63, 64, 127, 128, 129, 300] {
                let numbers = numbers(count, bits);
                let length = round_trip(&numbers);
                let blocks = count.div_ceil(BLOCK);
                let most = if bits == 63 { 64 } else { bits as usize };
                assert!(length <= (count * most).div_ceil(8) + 12 * blocks, "{bits}: {length}");
                let far: Vec<u64> = numbers.iter().map(|number| u64::MAX - number).collect();
                round_trip(&far);
            }
        }
    }

    #[test]
    fn great_numbers_at_every_fourth_place_do_not_widen_the_others() {
        let mut numbers = numbers(128, 3);
        numbers.iter_mut().step_by(4).for_each(|number| *number |= 1 << 40);
        assert!(round_trip(&numbers) <= 48 + 2 + 32 * (1 + 6));
    }

    #[test]
    fn a_few_great_numbers_do_not_widen_the_others() {
        for great in [1 << 20, 1 << 40, u64::MAX] {
            let mut numbers = numbers(128, 3);
            (numbers[7], numbers[127]) = (great, great - 1);
            assert!(round_trip(&numbers) <= 48 + 2 + 2 * 11);
        }
        assert_eq!(round_trip(&[0; 128]), 1);
        assert_eq!(round_trip(&[u64::MAX; 128]), 11);
    }

    #[test]
    fn zigzag_is_undone() {
        for number in [0, 1, 2, u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1] {
            assert_eq!(unzigzag(zigzag(number)), number);
        }
        assert_eq!([0, u64::MAX, 1].map(zigzag), [0, 1, 2]);
    }
}
