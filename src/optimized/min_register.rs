//! Min-register: keeps the least integer that was written.
//!
//! Meaning: a max-register over the reversed order.
//! Laws: those of [`super::max_register`], for every order.
//! Cost: as there.
//! Source: Baquero et al., Composition in state-based replicated data types, BEATCS 123 (2017).

use super::max_register::{Extreme, Order};
use crate::object::ObjectType;
use std::cmp::Ordering;

/// The reversed order.
#[derive(Debug)]
pub enum Falling {}

impl Order for Falling {
    const KIND: ObjectType = ObjectType::MinRegister;

    fn compare(a: i128, b: i128) -> Ordering {
        b.cmp(&a)
    }
}

/// The least integer.
pub type MinRegister = Extreme<Falling>;
