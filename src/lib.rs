//! Rejoin: formally checked CRDTs for offline-first software, and an oracle that judges
//! anyone's implementation of them.

pub mod lattice;

pub mod dot;
pub mod version_vector;

pub mod operation;

pub mod definition;

pub mod reference;

pub mod proven;

pub mod trace;
