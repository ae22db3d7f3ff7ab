//! JSON as a trace needs it: strict, exact, with positions.

/// Any JSON value, with numbers as they were written.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object: its members as they were written, no name twice.
    Object(Vec<(String, Json)>),
}

/// A JSON number, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(Box<str>);
