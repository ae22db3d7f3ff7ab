//! Reading traces.

mod error;
mod event;
mod json;

pub use error::{Error, Fault};
pub use event::*;
pub use json::{Count, Json, MAX_LEVELS, Number, Step, SyntaxError};
