//! The recorder: what happened in a world, as a trace of spec/trace-format.md.

use rejoin::operation::{DecisionId, Notice};
use rejoin::optimized::Conflict;
use std::fmt::Write;

/// A trace that grows. Names and texts are the world's own and need no escapes.
pub struct Recorder {
    text: String,
    is_on: bool,
    messages: u64,
    snapshots: u64,
    /// What a hash says of its algorithm.
    algorithm: &'static str,
}

impl Recorder {
    /// A recorder of these replicas and objects; one that is off writes nothing.
    pub fn new(is_on: bool, replicas: &[usize], objects: &[(&str, &str)], note: &str) -> Self {
        let replicas: Vec<String> = replicas.iter().map(|at| format!("\"r{at}\"")).collect();
        let object = |(name, kind): &(&str, &str)| format!("\"{name}\":{{\"type\":\"{kind}\"}}");
        let objects: Vec<String> = objects.iter().map(object).collect();
        let algorithm = "\"algorithm\":\"rejoin/1\",";
        let mut recorder =
            Self { text: String::new(), is_on, messages: 0, snapshots: 0, algorithm };
        recorder.line(format_args!(
            r#"{{"trace":"rejoin/1","replicas":[{}],"objects":{{{}}},"implementation":{{"name":"rejoin"}},"note":"{note}"}}"#,
            replicas.join(","),
            objects.join(","),
        ));
        recorder
    }

    /// Hashes are claimed without their algorithm: names have openings in them, which a trace does not
    /// know.
    pub fn omit_algorithm(&mut self) {
        self.algorithm = "";
    }

    /// Whether anything is written.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// The trace so far.
    pub fn into_text(self) -> String {
        self.text
    }

    fn line(&mut self, line: std::fmt::Arguments) {
        if self.is_on {
            self.text.write_fmt(line).expect("a text takes any text");
            self.text.push('\n');
        }
    }

    /// An operation; `rest` are its own fields.
    pub fn operation(&mut self, at: usize, object: &str, rest: &str, user: Option<&str>) {
        let user = user.map_or(String::new(), |user| format!(r#","user":"{user}""#));
        self.line(format_args!(
            r#"{{"event":"op","replica":"r{at}","object":"{object}",{rest}{user}}}"#
        ));
    }

    /// A message of all that a replica has seen of an object: its number.
    pub fn send(&mut self, at: usize, object: &str) -> u64 {
        self.messages += 1;
        let number = self.messages;
        self.line(format_args!(
            r#"{{"event":"send","replica":"r{at}","message":"m{number}","objects":["{object}"]}}"#
        ));
        number
    }

    /// A message was applied.
    pub fn receive(&mut self, at: usize, message: u64) {
        self.line(format_args!(
            r#"{{"event":"receive","replica":"r{at}","message":"m{message}"}}"#
        ));
    }

    /// A copy of a replica: its number.
    pub fn save(&mut self, at: usize) -> u64 {
        self.snapshots += 1;
        let number = self.snapshots;
        self.line(format_args!(r#"{{"event":"save","replica":"r{at}","snapshot":"s{number}"}}"#));
        number
    }

    /// A replica goes on from a copy.
    pub fn restore(&mut self, at: usize, snapshot: u64) {
        self.line(format_args!(
            r#"{{"event":"restore","replica":"r{at}","snapshot":"s{snapshot}"}}"#
        ));
    }

    /// What a replica answers about an object, its vector, and its state hash.
    pub fn claims(&mut self, at: usize, object: &str, value: &str, vector: &str, digest: &str) {
        self.line(format_args!(
            r#"{{"event":"read","replica":"r{at}","object":"{object}","value":{value}}}"#
        ));
        self.line(format_args!(
            r#"{{"event":"vector","replica":"r{at}","object":"{object}","vector":{vector}}}"#
        ));
        let algorithm = self.algorithm;
        self.line(format_args!(
            r#"{{"event":"digest","replica":"r{at}","object":"{object}",{algorithm}"digest":"{digest}"}}"#
        ));
    }

    /// The state hash of all that a replica has.
    pub fn digest(&mut self, at: usize, digest: &str) {
        let algorithm = self.algorithm;
        self.line(format_args!(
            r#"{{"event":"digest","replica":"r{at}",{algorithm}"digest":"{digest}"}}"#
        ));
    }

    /// What a replica answers about the open merge decisions of an object.
    pub fn decisions(
        &mut self,
        at: usize,
        object: &str,
        is_register: bool,
        open: &[Conflict<Vec<u8>>],
    ) {
        let list = |ids: &[DecisionId]| {
            let ids: Vec<String> = ids.iter().map(|id| format!("{{{}}}", name(id))).collect();
            ids.join(",")
        };
        let told = |open: &Conflict<Vec<u8>>| {
            let key = if is_register { String::new() } else { key(&open.key) };
            let (kept, overruled) = (list(&open.kept), list(&open.overruled));
            format!(r#"{{{key}"kept":[{kept}],"superseded":[{overruled}]}}"#)
        };
        let told: Vec<String> = open.iter().map(told).collect();
        self.line(format_args!(
            r#"{{"event":"decisions","replica":"r{at}","object":"{object}","decisions":[{}]}}"#,
            told.join(",")
        ));
    }

    /// A replica's notices to a user.
    pub fn notices(&mut self, at: usize, user: &str, notices: &[Notice<Vec<u8>>]) {
        let told = |notice: &Notice<Vec<u8>>| {
            let key = notice.key.as_deref().map_or(String::new(), key);
            format!(r#"{{"object":"{}",{key}{}}}"#, notice.object, name(&notice.decision))
        };
        let told: Vec<String> = notices.iter().map(told).collect();
        self.line(format_args!(
            r#"{{"event":"notices","replica":"r{at}","user":"{user}","notices":[{}]}}"#,
            told.join(",")
        ));
    }

    /// All replicas are the same. Of one there is nothing to say.
    pub fn converged(&mut self, replicas: &[usize]) {
        if replicas.len() > 1 {
            let names: Vec<String> = replicas.iter().map(|at| format!("\"r{at}\"")).collect();
            self.line(format_args!(r#"{{"event":"converged","replicas":[{}]}}"#, names.join(",")));
        }
    }
}

/// A key as a member, with the comma after it.
fn key(key: &[u8]) -> String {
    format!("\"key\":\"{}\",", String::from_utf8_lossy(key))
}

/// The members that name a decision.
fn name(id: &DecisionId) -> String {
    format!(r#""replica":"{}","seq":{}"#, id.dot.origin.replica, id.seq)
}
