//! The optimized engine: the replicated types as an application uses them.
//!
//! Meaning: that of [`crate::definition`], as for every engine. What differs from the reference is
//! how a state is laid out: records side by side, origins and authors under numbers, keys named by
//! the operations that created them, and the state hash as a tree that is kept up to date.
//! Laws: every query answers as the reference's does (tests/optimized.rs; proved of a model in
//! spec/).
//! Cost: a delta costs what changed, never what there is; every file states its own.
//! Source: this project; see each file.
//!
//! Every type's file has one order: state, bottom, join, mutators, queries, delta.

mod arena;
pub mod atom;
pub mod delta;
mod segments;
pub mod vector;

pub mod g_counter;

pub mod log;

pub use crate::operation::{Author, Refused};
