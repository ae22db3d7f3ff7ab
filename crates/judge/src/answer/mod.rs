//! Answers: what follows from what a replica has seen. No question changes the past.
//!
//! Reading order: `meaning` is sections 3 and 4 of spec/trace-format.md over sets of operations,
//! `values` what an object amounts to, `rows` its explicit state, and `state_hash` its hash. `coverage` says
//! how much a verdict covers.

pub mod coverage;
pub mod meaning;
pub mod rows;
pub mod state_hash;
pub mod values;
