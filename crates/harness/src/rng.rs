//! Numbers that look random and follow from a seed: the one generator of worlds, workloads and tests.
//!
//! Source: Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014
//! (splitmix64).

/// A generator that gives the same numbers for the same seed everywhere.
///
/// It is fast and well distributed, and no source of secrets.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The generator of one part of a world: its numbers do not depend on what happens in the other
    /// parts.
    pub fn of(seed: u64, part: u64) -> Self {
        let start = Self(seed).bits() ^ part.wrapping_mul(0xd6e8_feb8_6659_fd93);
        Self(start)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the limit, which is at least 1: the remainder of the next bits, with a bias of
    /// less than `limit` in 2^64.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.bits() % limit
    }

    /// An index of a list of that length, which is at least 1, by [`Rng::below`].
    pub fn place(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// One of the options; there must be at least one.
    pub fn one_of<T: Copy>(&mut self, options: &[T]) -> T {
        options[self.place(options.len())]
    }

    /// True with the chance of one in `chances`.
    pub fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    /// True with the chance of `often` in a thousand.
    pub fn per_mille(&mut self, often: u64) -> bool {
        self.below(1000) < often
    }

    /// A number from 0 to 1, without 1.
    pub fn fraction(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// An index of a list of that length, which is at least 1, by the upper bits of the next
    /// number. The published workloads were drawn with it; [`Rng::place`] gives other numbers.
    pub fn upper(&mut self, length: usize) -> usize {
        ((u128::from(self.bits()) * length as u128) >> 64) as usize
    }

    /// Puts items into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.upper(last + 1));
        }
    }

    /// `count` different numbers less than `end`, in random order.
    pub fn choose(&mut self, count: usize, end: usize) -> Vec<usize> {
        let mut numbers: Vec<usize> = (0..end).collect();
        self.shuffle(&mut numbers);
        numbers.truncate(count);
        numbers
    }
}
