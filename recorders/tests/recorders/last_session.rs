//! A session of which the last events are kept, recorded with the Rust recorder.

use crate::last::Last;
use crate::working_day::recorder::{Recorder, fields};
use serde_json::json;
use std::io::{Result, Write};

/// Records it, and writes the last events.
pub fn record(out: impl Write) -> Result<()> {
    let objects = json!({"n": {"type": "g-counter"}});
    let header = fields!(replicas: ["a", "b"], objects: objects);
    let mut trace = Recorder::new(Last::new(20), header)?;
    let mut count = 0;
    for hour in 0..10 {
        if hour > 0 {
            trace.0.base();
            for name in ["a", "b"] {
                let state = json!({"a": count});
                trace.record("load", fields!(replica: name, object: "n", state: state))?;
            }
        }
        for _ in 0..3 {
            trace.record("op", fields!(replica: "a", object: "n", op: "increment"))?;
            count += 1;
            trace.record("sync", fields!(replicas: ["a", "b"]))?;
        }
        trace.record("read", fields!(replica: "b", object: "n", value: count))?;
    }
    trace.record("read", fields!(replica: "b", object: "n", value: count - 1))?;
    trace.0.dump(out)
}
