//! The small session, recorded with the Rust recorder.

use crate::working_day::recorder::{Recorder, fields};
use serde_json::{Value, json};
use std::io::{Result, Write};

/// Records it into `file`.
pub fn record(file: impl Write) -> Result<()> {
    let objects = json!({
        "approved": {"type": "or-set", "priority": "high"},
        "columns": {"type": "lww-map"},
        "processed": {"type": "g-counter"},
    });
    let header = fields!(replicas: ["laptop", "server"], objects: objects);
    let mut trace = Recorder::new(file, header)?;

    let add = fields!(replica: "laptop", object: "approved", op: "add", element: "mapping_A");
    trace.record("op", add)?;
    trace.record("send", fields!(replica: "laptop", message: "m1", to: "server"))?;
    trace.record("receive", fields!(replica: "server", message: "m1"))?;
    let read = fields!(replica: "server", object: "approved", value: ["mapping_A"]);
    trace.record("read", read)?;

    let text = "Größe 寸 \"quoted\" \\ \0\u{2028} 😀";
    trace.record("note", fields!(text: text))?;
    let amount = (1_u64 << 53) + 1;
    let big = fields!(replica: "server", object: "processed", op: "increment", amount: amount);
    trace.record("op", big)?;
    let nested = json!({"nested": [null, true, -1.5, {}]});
    for (key, value) in [("a", &nested), ("b", &Value::Null)] {
        let mut put = fields!(replica: "server", object: "columns", op: "put");
        put.extend(fields!(timestamp: 1_706_789_400_000_u64, key: key, value: value));
        trace.record("op", put)?;
    }
    trace.record("merge", fields!(replica: "laptop", from: "server", objects: ["columns"]))?;
    trace.record("sync", fields!(replicas: ["laptop", "server"]))?;
    trace.record("read", fields!(replica: "laptop", object: "processed", value: amount))?;
    let columns = json!({"a": nested});
    trace.record("read", fields!(replica: "laptop", object: "columns", value: columns))?;
    let gone = fields!(replica: "laptop", object: "columns", key: "b", value: Value::Null);
    trace.record("read", gone)?;
    let vector = json!({"laptop": 1, "server": 3});
    trace.record("vector", fields!(replica: "server", vector: vector))?;
    let mut converged = fields!(replicas: ["server", "laptop"]);
    converged.push(("x-after", "sync".into()));
    trace.record("converged", converged)
}
