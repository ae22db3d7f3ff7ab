//! The command line tool, run as its users run it.

mod commands;
mod readme;
mod sync;
