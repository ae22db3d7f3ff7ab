//! Sessions between replicas: alone, cut and damaged, on rare paths, in simulated worlds, and beside
//! the sessions that were proved.

mod audit;
mod cuts;
#[path = "../support/few.rs"]
mod few;
mod link;
mod paths;
mod pieces;
mod proven;
mod sessions;
mod simulation;
