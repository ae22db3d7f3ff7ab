//! Driving implementations: histories from seeds, performed by somebody's replicas, and judged.
//!
//! Meaning: spec/trace-format.md, section 8. [`Subject`] is an implementation, in this process or
//! in another one; the oracle owns the network between its replicas.

mod subject;

pub use subject::{Failure, FailureKind, MAX_REPLY, Reply, Request, Subject, Subjects};
