//! An adapter for `oracle drive`, to copy. Put your library where `Replica` of `replica.rs` is used.
//! `oracle drive -- cargo run --quiet --example subject` writes a request a line, in JSON, and reads
//! a reply a line.
mod replica; // Your library.
use replica::{Replica, TYPES};
use serde_json::{Value, json};
use std::{collections::BTreeMap, io};

#[derive(Default)]
struct Subject {
    types: BTreeMap<String, String>,
    replicas: BTreeMap<String, Replica>,
}

impl Subject {
    /// The reply to a request without its `seq`; or what the subject does not offer.
    fn reply(&mut self, request: &Value) -> Result<Value, String> {
        let text = |field: &str| request[field].as_str().unwrap_or_default();
        let event = text("event");
        if event == "start" {
            *self = Self::default(); // A new history: forget everything, and create the replicas.
            for (name, declared) in request["objects"].as_object().into_iter().flatten() {
                let kind = declared["type"].as_str().unwrap_or_default();
                self.types.insert(name.clone(), kind.into());
                TYPES.contains(&kind).then_some(()).ok_or(format!("no {kind}"))?; // Left out then.
            }
            for name in request["replicas"].as_array().into_iter().flatten() {
                self.replicas.insert(name.as_str().unwrap_or_default().into(), Replica::default());
            }
        }
        let replica = self.replicas.entry(text("replica").into()).or_default();
        match event {
            "op" => replica.perform(request),
            "send" => return Ok(json!({"payload": replica.state(request["objects"].as_array())})),
            "receive" => replica.merge(text("payload"))?,
            // Messages and backups are strings. The oracle delivers a message: never, once or often.
            "save" => return Ok(json!({"payload": replica.state(None)})),
            "restore" => *replica = Replica::restore(text("payload"))?,
            "read" => return Ok(json!({"value": replica.read(&self.types, request)})),
            "start" | "stop" => {}
            _ => return Err(format!("no {event}")), // What you do not offer.
        }
        Ok(json!({"ok": true}))
    }
}

fn main() -> io::Result<()> {
    let mut subject = Subject::default();
    for line in io::stdin().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let mut reply = subject.reply(&request).unwrap_or_else(|why| json!({"unsupported": why}));
        reply["seq"] = request["seq"].clone();
        println!("{reply}"); // A whole line, which `println` flushes.
        if request["event"] == "stop" {
            break;
        }
    }
    Ok(())
}
