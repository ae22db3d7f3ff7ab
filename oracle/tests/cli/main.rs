//! The command line tool, run as its users run it.

mod ci;
mod commands;
mod hand_on;
mod readme;
mod see;
mod sync;
