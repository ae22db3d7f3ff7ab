//! Records what replicas did, as a trace that `oracle check` judges. Needs nothing but `serde_json`.

use serde_json::Value;
use std::io::{Result, Write};

/// Writes a trace: first its header, then one line for each event.
pub struct Recorder<W: Write>(pub W);

impl<W: Write> Recorder<W> {
    /// Starts a trace. The header says which `replicas` and `objects` there are.
    pub fn new(out: W, header: &[(&str, Value)]) -> Result<Self> {
        let mut recorder = Self(out);
        recorder.line("trace", "rejoin/1", header)?;
        Ok(recorder)
    }

    /// Records one event, when it happens.
    pub fn record(&mut self, event: &str, fields: &[(&str, Value)]) -> Result<()> {
        self.line("event", event, fields)
    }

    fn line(&mut self, kind: &str, name: &str, fields: &[(&str, Value)]) -> Result<()> {
        let mut line = format!("{{{}:{}", Value::from(kind), Value::from(name));
        for (field, value) in fields {
            line += &format!(",{}:{value}", Value::from(*field));
        }
        self.0.write_all((line + "}\n").as_bytes())
    }
}
