//! Traces, read and written: from bytes to typed lines and back.
//!
//! Meaning: spec/trace-format.md. [`Header::line`] and [`Event::line`] write; [`record`] makes
//! events of what an engine does. [`Reader`] reads line by line, and reports a fault with its
//! place, what was found, and what was expected. This crate checks each line by itself, not whether
//! it is possible after the lines before it.

mod error;
mod event;
mod parse;
mod reader;
pub mod record;
mod write;

#[cfg(feature = "compression")]
mod decompress;

#[cfg(feature = "compression")]
pub use decompress::decompress;
pub use error::{Error, Fault};
pub use event::*;
pub use parse::{MAX_DECLARED, MAX_NAME};
pub use reader::{Line, MAX_LINE, Reader, column};
pub use write::{Members, declarations};

/// The JSON Schema of a trace's lines. Rules that a schema cannot express are listed in
/// spec/trace-format.md.
pub const SCHEMA: &str = include_str!("../../../spec/trace.schema.json");
