//! Random numbers from a seed.
//!
//! Source: Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014
//! (SplitMix64).

/// A generator that gives the same numbers for the same seed on every machine.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator of one case of one seed.
    pub fn new(seed: u64, case: u64) -> Self {
        let mut random = Self(seed);
        let mixed = random.bits() ^ case.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self(Self(mixed).bits())
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0. The bias is below 2^-32 for all ends in use.
    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    /// True once in `n` times on average.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of them.
    pub fn pick<'p, T>(&mut self, from: &'p [T]) -> &'p T {
        &from[self.below(from.len())]
    }

    /// An index, drawn with these weights.
    pub fn weighted(&mut self, weights: &[usize]) -> usize {
        let mut rest = self.below(weights.iter().sum());
        for (i, weight) in weights.iter().enumerate() {
            if rest < *weight {
                return i;
            }
            rest -= weight;
        }
        unreachable!("the rest is below the sum of the weights")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_repeated_and_differ() {
        let numbers = |seed, case| {
            let mut random = Random::new(seed, case);
            [random.bits(), random.bits()]
        };
        assert_eq!(numbers(1, 2), numbers(1, 2));
        assert_ne!(numbers(1, 2), numbers(1, 3));
        assert_ne!(numbers(1, 2), numbers(2, 2));
        let mut random = Random::new(0, 0);
        let drawn: Vec<usize> = (0..1000).map(|_| random.weighted(&[1, 0, 3])).collect();
        let twos = drawn.iter().filter(|drawn| **drawn == 2).count();
        assert!(!drawn.contains(&1) && (700..800).contains(&twos), "{twos}");
    }
}
