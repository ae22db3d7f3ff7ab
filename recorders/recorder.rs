//! Records what replicas did, as a trace that `oracle check` judges. Needs only `serde_json`.

use serde_json::Value;
use std::io::{Result, Write};

/// Writes a trace: first its header, then one line for each event.
pub struct Recorder<W: Write>(pub W);

impl<W: Write> Recorder<W> {
    /// Starts a trace. The header says which `replicas` and `objects` there are.
    pub fn new(mut out: W, header: Vec<(&str, Value)>) -> Result<Self> {
        line(&mut out, "trace", "rejoin/1", header).map(|()| Self(out))
    }

    /// Records one event, when it happens.
    pub fn record(&mut self, event: &str, fields: Vec<(&str, Value)>) -> Result<()> {
        line(&mut self.0, "event", event, fields)
    }
}

fn line(out: &mut impl Write, kind: &str, name: &str, fields: Vec<(&str, Value)>) -> Result<()> {
    let fields = fields.into_iter().map(|(name, value)| format!(",{}:{value}", Value::from(name)));
    out.write_all(format!("{{\"{kind}\":\"{name}\"{}}}\n", String::from_iter(fields)).as_bytes())
}

/// The fields of a line by name, as in `fields!(replica: "laptop", message: "m1")`.
macro_rules! fields {
    ($($name:ident: $value:expr),+) => { vec![$((stringify!($name), serde_json::json!($value))),+] };
}
pub(crate) use fields;
