//! Numbers as a trace needs them: as they were written, and exact.
//!
//! Meaning: an integer from −2^63 to 2^64 − 1 is exact, however it is written; any other number is
//! the nearest double. A count may have any size.
//! Cost: O(length of what was written), whatever the exponent.

use std::fmt;

/// A JSON number, as it was written.
#[derive(Clone, PartialEq, Eq)]
pub struct Number(Literal);

/// A short literal stands in the value itself: so a line full of numbers costs half the memory.
#[derive(Clone, PartialEq, Eq)]
enum Literal {
    Short { length: u8, bytes: [u8; 22] },
    Long(Box<str>),
}

/// A whole number from 0, of any size, as far as it can be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// This one.
    Exact(u128),
    /// One above 2^128 − 1.
    TooLarge,
}

/// A number's value, where it is an integer. Zero is not negative.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Integer {
    /// Whether it is below 0.
    pub negative: bool,
    /// Without its sign.
    pub magnitude: Count,
}

impl Integer {
    /// Whether it is in −2^63 to 2^64 − 1.
    fn is_exact(self) -> bool {
        match self {
            Self { negative: false, magnitude: Count::Exact(n) } => n <= u128::from(u64::MAX),
            Self { negative: true, magnitude: Count::Exact(n) } => n <= 1 << 63,
            Self { magnitude: Count::TooLarge, .. } => false,
        }
    }
}

/// A number taken apart: ± (`head` followed by `tail`) · 10^`scale`. The digits neither begin nor
/// end with a zero, so that there are none for zero. A scale beyond ±10^17 may
/// be nearer to zero than it should.
struct Decimal<'n> {
    negative: bool,
    head: &'n str,
    tail: &'n str,
    scale: i64,
}

impl<'n> Decimal<'n> {
    pub(super) fn new(literal: &'n str) -> Self {
        let (negative, rest) = match literal.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, literal),
        };
        let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (head, tail) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let tail = tail.trim_end_matches('0');
        let trimmed_head = if tail.is_empty() { head.trim_end_matches('0') } else { head };
        let shift = (head.len() - trimmed_head.len()) as i64 - tail.len() as i64;
        let head = trimmed_head.trim_start_matches('0');
        let tail = if head.is_empty() { tail.trim_start_matches('0') } else { tail };
        Self { negative, head, tail, scale: exponent_value(exponent) + shift }
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.head.bytes().chain(self.tail.bytes())
    }

    fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }
}

/// The value of an exponent; far beyond any use (10^18), it stays there.
fn exponent_value(exponent: &str) -> i64 {
    let digits = exponent.trim_start_matches(['+', '-']).trim_start_matches('0');
    let magnitude = match digits.len() {
        0 => 0,
        1..=17 => digits.parse().expect("up to 17 digits are an i64"),
        _ => 1_000_000_000_000_000_000,
    };
    if exponent.starts_with('-') { -magnitude } else { magnitude }
}

impl Number {
    /// Takes what has been found to be a JSON number.
    pub(super) fn new(literal: &str) -> Self {
        let mut bytes = [0; 22];
        match bytes.get_mut(..literal.len()) {
            Some(place) => {
                place.copy_from_slice(literal.as_bytes());
                Self(Literal::Short { length: literal.len() as u8, bytes })
            }
            None => Self(Literal::Long(literal.into())),
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Literal::Short { length, bytes } => {
                std::str::from_utf8(&bytes[..usize::from(*length)]).expect("a number is of ASCII")
            }
            Literal::Long(literal) => literal,
        }
    }

    /// The integer that this is (`1`, `1.0` and `1e0` are), where it fits into unsigned 64 bits.
    pub fn as_u64(&self) -> Option<u64> {
        if let Ok(plain) = self.as_str().parse() {
            return Some(plain);
        }
        match self.integer()? {
            Integer { negative: false, magnitude: Count::Exact(n) } => n.try_into().ok(),
            _ => None,
        }
    }

    /// Whether this is exactly that integer, however it is written.
    ///
    /// Cost: O(length), whatever the exponent.
    pub fn equals_u128(&self, value: u128) -> bool {
        self.integer() == Some(Integer { negative: false, magnitude: Count::Exact(value) })
    }

    /// Whether this is an integer outside of −2^63 to 2^64 − 1, so that it stands for a double.
    pub fn is_inexact_integer(&self) -> bool {
        self.integer().is_some_and(|integer| !integer.is_exact())
    }

    /// Whether it is beyond every double.
    pub fn is_too_great(&self) -> bool {
        self.as_f64().is_infinite()
    }

    /// The nearest double, or an infinity. Cost: O(length).
    pub fn as_f64(&self) -> f64 {
        // The standard library reads these rightly; of a longer text it may cut the exponent.
        if self.as_str().len() <= 1000 {
            return self.as_str().parse().expect("a JSON number is a float to Rust");
        }
        // No double, and no middle between two, has more than 768 significant digits: of what
        // follows counts only whether there is something.
        const DIGITS: usize = 800;
        let decimal = Decimal::new(self.as_str());
        let sign = if decimal.negative { "-" } else { "" };
        let digits: String = decimal.digits().take(DIGITS).map(char::from).collect();
        let dropped = decimal.len().saturating_sub(DIGITS);
        let (rest, shift) = if dropped > 0 { ("1", dropped as i64 - 1) } else { ("", 0) };
        let text = format!("{sign}0{digits}{rest}e{}", decimal.scale + shift);
        text.parse().expect("digits with an exponent are a float to Rust")
    }

    /// The exact integer that this is: one from −2^63 to 2^64 − 1, however it is written.
    pub fn as_exact(&self) -> Option<i128> {
        let integer = self.integer().filter(|integer| integer.is_exact())?;
        let Count::Exact(magnitude) = integer.magnitude else { return None };
        let magnitude = i128::try_from(magnitude).ok()?;
        Some(if integer.negative { -magnitude } else { magnitude })
    }

    /// The integer that this is.
    pub(super) fn integer(&self) -> Option<Integer> {
        // Nearly every integer is written in digits alone.
        if let Ok(plain) = self.as_str().parse::<i128>() {
            let magnitude = Count::Exact(plain.unsigned_abs());
            return Some(Integer { negative: plain < 0, magnitude });
        }
        let decimal = Decimal::new(self.as_str());
        if decimal.len() == 0 {
            return Some(Integer { negative: false, magnitude: Count::Exact(0) });
        }
        let zeros = u64::try_from(decimal.scale).ok()?;
        // 2^128 has 39 digits.
        let magnitude = if decimal.len() as u64 + zeros > 39 {
            None
        } else {
            let zeros = (0..zeros).map(|_| b'0');
            let mut digits = decimal.digits().chain(zeros).map(|byte| byte - b'0');
            digits.try_fold(0u128, |n, digit| n.checked_mul(10)?.checked_add(digit.into()))
        };
        let magnitude = magnitude.map_or(Count::TooLarge, Count::Exact);
        Some(Integer { negative: decimal.negative, magnitude })
    }

    pub(super) fn canonical_into(&self, out: &mut String) {
        // Most numbers are written canonically.
        if self.as_str().len() <= 19 && self.as_str().bytes().all(|byte| byte.is_ascii_digit()) {
            out.push_str(self.as_str());
            return;
        }
        match self.integer() {
            Some(integer @ Integer { negative, magnitude: Count::Exact(n) })
                if integer.is_exact() =>
            {
                if negative {
                    out.push('-');
                }
                out.push_str(&n.to_string());
            }
            _ => {
                let double = self.as_f64();
                if double.is_infinite() {
                    out.push_str(self.as_str());
                } else {
                    out.push_str(ryu_js::Buffer::new().format_finite(double));
                }
            }
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<u128> for Number {
    fn from(value: u128) -> Self {
        Self::new(&value.to_string())
    }
}
