//! The optimized engine against the reference, the binary format, the state hash, and the machine
//! that runs the extracted definitions.

#[path = "../support/few.rs"]
mod few;
#[path = "../support/letter.rs"]
mod letter;
mod optimized;
mod proven;
mod proven_state_hash;
mod proven_trees;
mod proven_wire;
mod proven_wire_delta;
mod staging;
mod state_hash;
#[path = "../support/state_of_events.rs"]
mod state_of_events;
mod wire;
#[cfg(feature = "compression")]
mod wire_compressed;
mod wire_types;
