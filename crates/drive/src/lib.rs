//! Driving implementations: replicas of any implementation perform histories from seeds, and the
//! judge checks their answers.
//!
//! Meaning: spec/trace-format.md, section 8. A [`Subject`] is an implementation, in this process or
//! in another one. The oracle owns the network between its replicas. Reading order: [`plan`] is a
//! history to perform, [`generate`] derives plans from a seed, [`run`] has a subject perform a plan
//! and judges the resulting trace, [`shrink`](shrink::shrink) makes a failing plan small,
//! [`campaign`] does so for many cases. [`Definition`] is a subject that answers by the definition.

pub mod alphabet;
mod bits;
pub mod campaign;
mod definition;
pub mod generate;
mod mixed;
pub mod offer;
pub mod plan;
pub mod protocol_check;
pub mod random;
pub mod run;
pub mod shrink;
mod subject;

pub mod vectors;

pub use definition::Definition;
pub use mixed::Mixed;
pub use subject::{Failure, FailureKind, MAX_REPLY, Reply, Request, Subject, Subjects};
