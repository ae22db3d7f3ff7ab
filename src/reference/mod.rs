//! The reference engine: the replicated types, written to be read.
//!
//! Meaning: each type's state says what one replica has seen of one object, in the least
//! form that answers every query; [`crate::definition`] says what the answers must be.
//! Laws: tests/laws/lattice.rs, tests/laws/exhaustive.rs and tests/laws/convergence.rs; proofs in spec/.
//! Cost: chosen for clarity; every file states its own.
//!
//! Every type's file has one order: state, bottom, join, mutators, queries, delta.

pub mod delta;

pub mod g_counter;
pub mod pn_counter;

pub mod max_register;
pub mod min_register;

pub mod decisions;
pub mod lww_register;
pub mod or_set;

pub mod rw_set;

pub mod dw_flag;
pub mod ew_flag;

pub mod mv_map;
pub mod mv_register;

pub mod lww_map;

pub mod log;

pub mod replica;

pub mod openings;

pub mod state_hash;

pub use crate::operation::{Author, OperationError};
