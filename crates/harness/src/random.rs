//! Numbers that look random and follow from a seed.

/// splitmix64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers of one part of a world, which are its own: they stay what they are, whatever
    /// happens in the other parts.
    pub fn of(seed: u64, part: u64) -> Self {
        let mut random = Self(seed);
        let start = random.next() ^ part.wrapping_mul(0xd6e8_feb8_6659_fd93);
        Self(start)
    }

    /// Any number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the limit, which is at least 1.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// A place in a list of that length, which is at least 1.
    pub fn place(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// Whether one chance out of so many came true.
    pub fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    /// Whether what happens so often out of a thousand times happens.
    pub fn per_mille(&mut self, often: u64) -> bool {
        self.below(1000) < often
    }
}
