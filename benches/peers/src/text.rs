//! The texts of the workloads: values that do not compress below six bits a letter, and log lines
//! that compress like log lines.

use rejoin_harness::Rng;

/// 64 letters, so that one holds exactly six bits.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";

/// The shortest value and how many lengths there are.
const SHORTEST: usize = 16;
const LENGTHS: usize = 17;

/// A value: 16 to 32 letters, each length and each letter equally likely.
pub fn value(random: &mut Rng) -> String {
    let length = SHORTEST + random.upper(LENGTHS);
    (0..length).map(|_| char::from(LETTERS[random.upper(LETTERS.len())])).collect()
}

/// The bits that a value of a known distribution cannot go below: its letters and its length.
pub fn value_bits(value: &str) -> f64 {
    6.0 * value.len() as f64 + (LENGTHS as f64).log2()
}

/// The length of a log line in bytes.
pub const LINE: usize = 200;

/// How many words a log line may be made of.
const WORDS: usize = 6_000;

/// A vocabulary of made-up words whose frequencies fall like those of a language (Zipf's law).
/// The number of words and their lengths are chosen so that lines by the thousand compress to 0.35
/// under zstd level 3. Their entropy is 0.20 of their size, for one who knows the vocabulary.
pub struct Vocabulary {
    words: Vec<String>,
    /// The probability of a word or one before it.
    up_to: Vec<f64>,
}

impl Vocabulary {
    /// The vocabulary that this generator gives.
    pub fn new(random: &mut Rng) -> Self {
        const STARTS: [&str; 16] =
            ["b", "c", "d", "f", "g", "l", "m", "n", "p", "r", "s", "t", "st", "tr", "pl", "ch"];
        const MIDDLES: [&str; 8] = ["a", "e", "i", "o", "u", "ea", "ou", "io"];
        const ENDS: [&str; 8] = ["", "", "n", "r", "s", "t", "l", "nd"];
        let mut words: Vec<String> = Vec::with_capacity(WORDS);
        let mut taken = std::collections::HashSet::new();
        while words.len() < WORDS {
            // Frequent words are short, as in a language.
            let is_longer = words.len() >= 2_000 && random.upper(2) == 0;
            let syllables = 1 + usize::from(words.len() >= 400) + usize::from(is_longer);
            let word: String = (0..syllables)
                .flat_map(|_| {
                    let start = STARTS[random.upper(STARTS.len())];
                    let middle = MIDDLES[random.upper(MIDDLES.len())];
                    [start, middle, ENDS[random.upper(ENDS.len())]]
                })
                .collect();
            if taken.insert(word.clone()) {
                words.push(word);
            }
        }
        let weights = (1..=WORDS).map(|rank| 1.0 / rank as f64);
        let total: f64 = weights.clone().sum();
        let mut sum = 0.0;
        let up_to = weights
            .map(|weight| {
                sum += weight / total;
                sum
            })
            .collect();
        Self { words, up_to }
    }

    /// A line of [`LINE`] bytes, and the bits that it cannot go below when the vocabulary is known.
    pub fn line(&self, random: &mut Rng) -> (String, f64) {
        let mut line = String::with_capacity(LINE + 16);
        let mut bits = 0.0;
        while line.len() < LINE {
            let drawn = random.fraction();
            let rank = self.up_to.partition_point(|sum| *sum <= drawn).min(WORDS - 1);
            let before = if rank == 0 { 0.0 } else { self.up_to[rank - 1] };
            bits -= (self.up_to[rank] - before).log2();
            line.push_str(&self.words[rank]);
            line.push(' ');
        }
        line.truncate(LINE);
        (line, bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_compress_like_prose() {
        let mut random = Rng::new(5);
        let vocabulary = Vocabulary::new(&mut random);
        let mut text = String::new();
        let mut bits = 0.0;
        for _ in 0..7_000 {
            let (line, of_line) = vocabulary.line(&mut random);
            text.push_str(&line);
            bits += of_line;
        }
        assert_eq!(text.len(), 7_000 * LINE);
        let compressed = zstd::bulk::compress(text.as_bytes(), 3).expect("memory takes it");
        let ratio = compressed.len() as f64 / text.len() as f64;
        let entropy = bits / 8.0 / text.len() as f64;
        assert!((0.345..0.355).contains(&ratio), "{ratio} under zstd, {entropy} at least");
        assert!((0.195..0.205).contains(&entropy), "{entropy}");
    }

    #[test]
    fn values_hold_what_is_said() {
        let mut random = Rng::new(1);
        let values: Vec<String> = (0..10_000).map(|_| value(&mut random)).collect();
        let length: usize = values.iter().map(String::len).sum();
        assert!(values.iter().all(|value| (16..=32).contains(&value.len())));
        assert!((23.8..24.2).contains(&(length as f64 / 1e4)), "{length}");
        let compressed = zstd::bulk::compress(values.concat().as_bytes(), 3).expect("memory");
        assert!((0.75..0.77).contains(&(compressed.len() as f64 / length as f64)));
    }
}
