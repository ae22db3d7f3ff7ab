//! Laws: what holds for all states and histories, of the reference engine, of the optimized one, and
//! of the definitions that Rejoin proves theorems about.

mod choices;
mod convergence;
mod counters_and_logs;
mod exhaustive;
mod hostile;
mod lattice;
#[path = "../support/letter.rs"]
mod letter;
mod network;
#[path = "../support/operations.rs"]
mod operations;
mod optimized_states;
mod refinement;
mod staging;
#[path = "../support/state_of_events.rs"]
mod state_of_events;
