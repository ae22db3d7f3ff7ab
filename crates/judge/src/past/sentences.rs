//! Sentences about what happened: who performed what, and how it reached whom, with line numbers.

use super::Past;
use super::history::{Effect, How, NONE, OpId};
use crate::wording::{ordinal, shown};
use rejoin::object::TraceType;
use rejoin_trace::Stamps;

impl Past {
    /// "`x` was added on line 9 at `b` (`b`'s 2nd operation)".
    pub fn performed(&self, op: OpId) -> String {
        let operation = &self.history.ops[op as usize];
        let who = self.replica_shown(self.history.replica_of(op));
        let (what, nth) = (self.did(op), ordinal(operation.seq));
        format!("{what} on line {} at {who} ({who}'s {nth} operation)", operation.line)
    }

    /// "`x` was added".
    pub fn did(&self, op: OpId) -> String {
        let operation = &self.history.ops[op as usize];
        let key = match operation.key {
            NONE => String::new(),
            key => shown(&self.history.keys[key as usize].name),
        };
        let kind = self.history.objects[self.history.object_of(op) as usize].kind;
        match operation.effect {
            Effect::Increment(amount) => format!("{amount} was counted"),
            Effect::Decrement(amount) => format!("{amount} was counted down"),
            Effect::Performed(name) => {
                format!("{} was performed", shown(self.history.values.text(name)))
            }
            Effect::Offered { .. } => {
                format!("{} was written", shown(&operation.effect.integer().to_string()))
            }
            Effect::Added if kind.is_flag() => "it was enabled".into(),
            Effect::Removed if kind.is_flag() => "it was disabled".into(),
            Effect::Added if kind == TraceType::List => format!("{key} was inserted"),
            Effect::Removed if kind == TraceType::List => format!("{key} was deleted"),
            Effect::Added => format!("{key} was added"),
            Effect::Removed => format!("{key} was removed"),
            Effect::Wrote { value, .. } => {
                let timestamp = self.history.timestamp(operation.effect);
                let value = shown(self.history.values.text(value));
                let at = match self.stamps {
                    Stamps::Explicit if kind.is_stamped() => format!(" with timestamp {timestamp}"),
                    _ => String::new(),
                };
                match kind {
                    TraceType::Log => format!("{value} was appended{at}"),
                    kind if !kind.is_map() => format!("{value} was written{at}"),
                    _ if value == "`null`" => format!("{key} was deleted{at}"),
                    _ => format!("{key} was set to {value}{at}"),
                }
            }
        }
    }

    /// Whether an operation removes or deletes what it is on.
    pub fn is_deletion(&self, op: OpId) -> bool {
        match self.history.ops[op as usize].effect {
            Effect::Removed => true,
            Effect::Wrote { value, .. } => &**self.history.values.text(value) == "null",
            _ => false,
        }
    }

    /// How a replica came to see an operation, or that it did not.
    pub fn arrival(&self, replica: u32, op: OpId) -> String {
        let who = self.replica_shown(replica);
        if !self.history.contains(self.history.seen(replica), op) {
            let line = self.history.ops[op as usize].line;
            return format!("{who} has not seen what was done on line {line}");
        }
        self.came(self.history.branch_of(replica), op)
    }

    /// How the replica of `e` had come to see `f`.
    pub fn past(&self, e: OpId, f: OpId) -> String {
        self.came(self.history.ops[e as usize].branch, f)
    }

    fn came(&self, branch: u32, op: OpId) -> String {
        let who = self.replica_shown(self.history.branches[branch as usize].replica);
        let operation = &self.history.ops[op as usize];
        if operation.branch == branch {
            return format!("{who} did so itself on line {}", operation.line);
        }
        let of = operation.line;
        let Some(epoch) = self.history.learned(branch, op) else {
            return format!("{who} had not seen what was done on line {of}");
        };
        let epoch = &self.history.epochs[epoch as usize];
        let line = epoch.line;
        match epoch.how {
            How::Start => format!("{who} knew it from the start"),
            How::Received(message) => {
                let message = &self.messages[message as usize];
                let sender = self.replica_shown(message.sender);
                format!(
                    "{who} received it (line {of}) with {} on line {line}, which {sender} sent on \
                     line {}",
                    shown(&message.name),
                    message.line
                )
            }
            How::Merged(from) => {
                format!(
                    "{who} merged it (line {of}) from {} on line {line}",
                    self.replica_shown(from)
                )
            }
            How::Synced(with) => {
                let with = self.replica_shown(with);
                format!("{who} got it (line {of}) by synchronizing with {with} on line {line}")
            }
            How::Restored(snapshot) => {
                let snapshot = &self.snapshots[snapshot as usize];
                format!(
                    "{who} was set back on line {line} to backup {} of line {}, which held it \
                     (line {of})",
                    shown(&snapshot.name),
                    snapshot.line
                )
            }
        }
    }
}
