//! Sessions between replicas: alone, cut and damaged, on rare paths, and in simulated worlds.

mod audit;
mod cuts;
mod link;
mod paths;
mod sessions;
mod simulation;
