//! Min-register: keeps the least integer that was written.
//!
//! Meaning: a max-register over the reversed order.
//! Laws: those of [`super::max_register`], for every order.
//! Cost: that of the vectors.
//! Source: Baquero et al., Composition in state-based replicated data types, BEATCS 123 (2017).

use super::max_register::{Extreme, Order};
use std::cmp::Ordering;

/// The reversed order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Falling {}

impl Order for Falling {
    fn compare(a: &i128, b: &i128) -> Ordering {
        b.cmp(a)
    }
}

/// The least integer.
pub type MinRegister = Extreme<Falling>;
