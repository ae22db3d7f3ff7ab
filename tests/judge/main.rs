//! The judge of recorded histories, and the reader of traces.

mod accounts;
mod all_types;
mod arguments;
mod causes;
mod coverage;
mod ill_formed;
#[path = "../support/letter.rs"]
mod letter;
mod mutants;
#[path = "../support/operations.rs"]
mod operations;
mod pages;
mod proven_judge;
mod random_traces;
mod reader;
mod recorded;
mod scenarios;
mod slices;
#[path = "../support/state_of_events.rs"]
mod state_of_events;
mod three_engines;
mod trace_falsify;
mod trace_states;
mod trace_world;
