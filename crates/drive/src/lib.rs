//! Driving implementations: histories from seeds, performed by somebody's replicas, and judged.
//!
//! Meaning: spec/trace-format.md, section 8. [`Subject`] is an implementation, in this process or
//! in another one; the oracle owns the network between its replicas. Reading order: [`plan`] is
//! what is to happen, [`generate`] draws it from a seed, [`run`] has a subject perform it and makes
//! the answers a trace that is judged, [`shrink`](shrink::shrink) makes a plan that fails small,
//! [`campaign`] does so for many cases. [`Definition`] is a subject that answers by the definition.

pub mod alphabet;
mod bits;
pub mod campaign;
mod definition;
pub mod generate;
pub mod manners;
mod mixed;
pub mod offer;
pub mod plan;
pub mod random;
pub mod run;
pub mod shrink;
mod subject;

pub mod vectors;

pub use definition::Definition;
pub use mixed::Mixed;
pub use subject::{Failure, FailureKind, MAX_REPLY, Reply, Request, Subject, Subjects};
