//! Writing traces: from the header and the events to their lines.
//!
//! Meaning: spec/trace-format.md. Each header and each event is one line: its fields in a fixed
//! order, without blanks, and without empty optional fields. Values stay as they were written. The
//! reader returns the same header and the same event.
//! Cost: O(length).

use super::event::*;
use rejoin::json::{Count, Json, quote_into};
use rejoin::object::Priority;
use std::fmt::{Display, Write};

/// A JSON object that grows member by member.
#[derive(Clone, Debug)]
pub struct Members(String);

impl Default for Members {
    fn default() -> Self {
        Self::new()
    }
}

impl Members {
    /// An object without members.
    pub fn new() -> Self {
        Self("{".into())
    }

    /// Begins a member; the caller appends the value.
    fn name(&mut self, name: &str) -> &mut String {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        quote_into(name, &mut self.0);
        self.0.push(':');
        &mut self.0
    }

    /// A string.
    pub fn text(&mut self, name: &str, text: &str) -> &mut Self {
        quote_into(text, self.name(name));
        self
    }

    /// A string, if there is one.
    pub fn optional(&mut self, name: &str, text: Option<&str>) -> &mut Self {
        if let Some(text) = text {
            self.text(name, text);
        }
        self
    }

    /// Any value, as it was written.
    pub fn json(&mut self, name: &str, value: &Json) -> &mut Self {
        value.written_into(self.name(name));
        self
    }

    /// Anything that displays as JSON: a number, a timestamp, a boolean, a finished object.
    pub fn raw(&mut self, name: &str, value: impl Display) -> &mut Self {
        write!(self.name(name), "{value}").expect("a string takes any text");
        self
    }

    /// An array of strings.
    pub fn names<S: AsRef<str>>(&mut self, name: &str, names: &[S]) -> &mut Self {
        let out = self.name(name);
        out.push('[');
        for (i, name) in names.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            quote_into(name.as_ref(), out);
        }
        out.push(']');
        self
    }

    /// An array of strings, if there is one.
    pub fn optional_names(&mut self, name: &str, names: Option<&[Name]>) -> &mut Self {
        if let Some(names) = names {
            self.names(name, names);
        }
        self
    }

    /// An array of objects.
    fn list(&mut self, name: &str, items: impl Iterator<Item = String>) -> &mut Self {
        let items: Vec<String> = items.collect();
        self.raw(name, format_args!("[{}]", items.join(",")))
    }

    /// The object, in one line.
    pub fn finish(&mut self) -> String {
        let mut text = std::mem::replace(&mut self.0, "{".into());
        text.push('}');
        text
    }
}

impl Header {
    /// Line 1 of a trace, without its end.
    pub fn line(&self) -> String {
        let Self { replicas, objects, stamps, implementation, note } = self;
        let mut members = Members::new();
        members.text("trace", "rejoin/1").names("replicas", replicas);
        members.raw("objects", declarations(objects));
        if *stamps == Stamps::Own {
            members.text("stamps", "own");
        }
        if let Some(Implementation { name, version }) = implementation {
            let mut inner = Members::new();
            inner.optional("name", name.as_deref()).optional("version", version.as_deref());
            members.raw("implementation", inner.finish());
        }
        members.optional("note", note.as_deref()).finish()
    }
}

/// The declared objects as JSON, in the form of a header.
pub fn declarations(objects: &[(Name, Declaration)]) -> String {
    let mut members = Members::new();
    for (name, Declaration { kind, priority }) in objects {
        let mut inner = Members::new();
        inner.text("type", kind.as_str());
        inner.optional(
            "priority",
            match priority {
                Priority::High => Some("high"),
                Priority::Medium => None,
                Priority::Low => Some("low"),
            },
        );
        members.raw(name, inner.finish());
    }
    members.finish()
}

impl Event {
    /// A later line of a trace, without its end.
    pub fn line(&self) -> String {
        let mut members = Members::new();
        self.write(&mut members);
        members.finish()
    }

    /// Appends the members of the line.
    fn write(&self, members: &mut Members) {
        let mut event = |name| {
            members.text("event", name);
        };
        match self {
            Self::Op(op) => op.write(members),
            Self::Send { replica, message, to, content, relays } => {
                event("send");
                members.text("replica", replica).text("message", message);
                members.optional("to", to.as_deref());
                match content {
                    Content::All => &mut *members,
                    Content::Objects(names) => members.names("objects", names),
                    Content::Since(names) => members.names("since", names),
                    Content::Operations(names) => members.names("operations", names),
                };
                if !relays.is_empty() {
                    members.names("relays", relays);
                }
            }
            Self::Receive { replica, message } => {
                event("receive");
                members.text("replica", replica).text("message", message);
            }
            Self::Merge { replica, from, objects } => {
                event("merge");
                members.text("replica", replica).text("from", from);
                members.optional_names("objects", objects.as_deref());
            }
            Self::Sync { replicas, objects } => {
                event("sync");
                members.names("replicas", replicas);
                members.optional_names("objects", objects.as_deref());
            }
            Self::Save { replica, snapshot } => {
                event("save");
                members.text("replica", replica).text("snapshot", snapshot);
            }
            Self::Restore { replica, snapshot } => {
                event("restore");
                members.text("replica", replica).text("snapshot", snapshot);
            }
            Self::Load { replica, object, state } => {
                event("load");
                members.text("replica", replica).text("object", object);
                members.raw("state", state.as_ref().map_or_else(|| "null".into(), state_text));
            }
            Self::Note { text } => {
                event("note");
                members.text("text", text);
            }
            Self::Claim(claim) => claim.write(members),
        }
    }
}

impl Op {
    /// Appends the members of the operation's line, `event` first.
    pub fn write(&self, members: &mut Members) {
        let Self { replica, object, operation, id, user, inexact: _ } = self;
        members.text("event", "op").text("replica", replica).text("object", object);
        members.text("op", operation.as_str());
        let stamp = |members: &mut Members, timestamp: &Option<Timestamp>| {
            if let Some(timestamp) = timestamp {
                members.raw("timestamp", timestamp);
            }
        };
        match operation {
            Operation::Increment { amount } | Operation::Decrement { amount } => {
                members.raw("amount", amount);
            }
            Operation::Write { value, timestamp } => {
                members.json("value", value);
                stamp(members, timestamp);
            }
            Operation::Add { element }
            | Operation::Remove { element }
            | Operation::Erase { element } => {
                members.text("element", element);
            }
            Operation::Put { key, value, timestamp } => {
                members.text("key", key).json("value", value);
                stamp(members, timestamp);
            }
            Operation::Delete { key, timestamp } => {
                members.text("key", key);
                stamp(members, timestamp);
            }
            Operation::Append { entry, timestamp } => {
                members.json("entry", entry);
                stamp(members, timestamp);
            }
            Operation::Enable | Operation::Disable => {}
            Operation::Insert { element, after, before, value } => {
                members.text("element", element);
                members.optional("after", after.as_deref()).optional("before", before.as_deref());
                if let Some(value) = value {
                    members.json("value", value);
                }
            }
            Operation::Perform { name: _, arguments } => {
                if let Some(arguments) = arguments {
                    members.json("arguments", arguments);
                }
            }
        }
        members.optional("id", id.as_deref()).optional("user", user.as_deref());
    }
}

impl Claim {
    fn write(&self, members: &mut Members) {
        members.text("event", self.as_str());
        match self {
            Self::Read { replica, object, element, key, query, value } => {
                members.text("replica", replica).text("object", object);
                members.optional("element", element.as_deref()).optional("key", key.as_deref());
                if let Some(query) = query {
                    members.json("query", query);
                }
                members.json("value", value);
            }
            Self::Vector { replica, object, vector } => {
                members.text("replica", replica).optional("object", object.as_deref());
                members.json("vector", vector);
            }
            Self::Digest { replica, object, algorithm, digest } => {
                members.text("replica", replica).optional("object", object.as_deref());
                members.optional("algorithm", algorithm.as_deref()).json("digest", digest);
            }
            Self::Converged { replicas } => {
                members.names("replicas", replicas);
            }
            Self::Decisions { replica, object, decisions } => {
                members.text("replica", replica).text("object", object);
                members.json("decisions", decisions);
            }
            Self::Notices { replica, user, notices } => {
                members.text("replica", replica).text("user", user).json("notices", notices);
            }
            Self::State { replica, object, state } => {
                members.text("replica", replica).text("object", object).json("state", state);
            }
            Self::Failed { replica, text, object, message } => {
                members.text("replica", replica).text("text", text);
                members.optional("object", object.as_deref());
                members.optional("message", message.as_deref());
            }
        }
    }
}

/// An explicit state, in the form of `load`.
fn state_text(state: &ExplicitState) -> String {
    let list = |items: Vec<String>| format!("[{}]", items.join(","));
    match state {
        ExplicitState::GCounter(shares) => {
            let mut members = Members::new();
            for (node, share) in shares {
                match share {
                    Count::Exact(share) => members.raw(node, share),
                    // 2^128, which stands for every count that is too great to be represented.
                    Count::TooLarge => members.raw(node, "340282366920938463463374607431768211456"),
                };
            }
            members.finish()
        }
        ExplicitState::LwwRegister(write) => {
            write.as_ref().map_or_else(|| "null".into(), StateWrite::text)
        }
        ExplicitState::OrSet { adds, removes } => {
            let mut members = Members::new();
            members.list("adds", adds.iter().map(StateDot::text));
            members.list("removes", removes.iter().map(StateDot::text)).finish()
        }
        ExplicitState::LwwMap(writes) => {
            let mut members = Members::new();
            for (key, write) in writes {
                members.raw(key, write.text());
            }
            members.finish()
        }
        ExplicitState::Log(entries) => list(entries.iter().map(StateEntry::text).collect()),
    }
}

impl StateWrite {
    fn text(&self) -> String {
        let Self { value, timestamp, replica } = self;
        let mut members = Members::new();
        members.json("value", value).raw("timestamp", timestamp).text("replica", replica).finish()
    }
}

impl StateDot {
    fn text(&self) -> String {
        let Self { element, replica, seq } = self;
        Members::new().text("element", element).text("replica", replica).raw("seq", seq).finish()
    }
}

impl StateEntry {
    fn text(&self) -> String {
        let Self { entry, timestamp, replica, seq } = self;
        let mut members = Members::new();
        members.json("entry", entry).raw("timestamp", timestamp).text("replica", replica);
        members.raw("seq", seq).finish()
    }
}
