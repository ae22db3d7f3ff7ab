//! The optimized engine: the replicated types as an application uses them.
//!
//! Meaning: that of [`crate::definition`], as for every engine. What differs from the reference is
//! how a state is laid out: records side by side, origins and authors under numbers, keys named by
//! the operations that created them, and the state hash as a tree that is kept up to date.
//! Laws: every query answers as the reference's does (tests/engines/optimized/mod.rs; proved of a model in
//! spec/).
//! Cost: a delta costs what changed, never what there is; every file states its own.
//! Source: this project; see each file.
//!
//! Every type's file has one order: state, bottom, join, mutators, queries, delta.

pub(crate) mod arena;
pub(crate) mod canonical_bytes;
pub(crate) mod segments;
pub(crate) mod vector;

mod apply_error;
pub(crate) mod audit;
mod changes;
pub(crate) mod delta;
pub(crate) mod state_hash;

pub mod g_counter;
pub mod pn_counter;

pub mod max_register;
pub mod min_register;

pub(crate) mod decisions;
mod inspect;
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

mod draws;
mod drift;
pub mod openings;
pub mod staging;

pub use crate::digest::StateHash;
pub use crate::operation::{Author, OperationError};
pub use crate::wire;
pub use apply_error::ApplyError;
pub use audit::{AuditConflict, AuditEffect, AuditRecord, AuditTrail};
pub use canonical_bytes::CanonicalBytes;
pub use changes::{Applied, KeyChange};
pub use decisions::{Conflict, Decision, HasKeys, IndexedDot, KeyedType, Reading, Rule};
pub use delta::{Content, KeyedDelta, Performed, Presence, Replicated, TypedDelta, Write};
pub use draws::RepeatedOpening;
pub use inspect::{ListedEntry, ListedKey, ListedName};
pub use vector::{ActorTable, Fingerprint, Vector};
