//! The libraries, each used as its documentation says.

pub mod automerge;
pub mod crdts;
pub mod dson;
pub mod loro;
pub mod rejoin;
pub mod yrs;
