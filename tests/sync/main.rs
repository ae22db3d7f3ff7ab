//! Sessions between replicas: alone, cut and damaged, on rare paths, and in simulated worlds.

mod cuts;
mod link;
mod paths;
mod sessions;
mod simulation;
