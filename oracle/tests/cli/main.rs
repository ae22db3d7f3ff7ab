//! The command line tool, run as its users run it.

mod campaign;
mod ci;
mod commands;
mod convert;
mod drive;
mod hand_on;
mod readme;
mod see;
mod sync;
mod view;
