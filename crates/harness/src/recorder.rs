//! The recorder: what happened in a world, as a trace of spec/trace-format.md.

use rejoin::json::Json;
use rejoin::object::{ObjectType, Priority};
use rejoin::operation::{self, Notice};
use rejoin::optimized::{Conflict, Vector};
use rejoin_trace::{
    Claim, Content, Declaration, Event, Header, Implementation, Op, Stamps, record,
};

/// A trace under construction.
pub struct Recorder {
    text: String,
    is_on: bool,
    messages: u64,
    snapshots: u64,
    /// The algorithm that claims of hashes name.
    algorithm: Option<&'static str>,
}

impl Recorder {
    /// A recorder for these replicas and objects. If it is off, it writes nothing.
    pub fn new(
        is_on: bool,
        replicas: &[usize],
        objects: &[(&str, ObjectType)],
        note: &str,
    ) -> Self {
        let declared = |(name, kind): &(&str, ObjectType)| {
            let kind = kind.in_trace();
            (name.to_string(), Declaration { kind, priority: Priority::Medium })
        };
        let header = Header {
            replicas: replicas.iter().map(|at| name(*at)).collect(),
            objects: objects.iter().map(declared).collect(),
            stamps: Stamps::Explicit,
            implementation: Some(Implementation { name: Some("rejoin".into()), version: None }),
            note: Some(note.into()),
        };
        let text = if is_on { header.line() + "\n" } else { String::new() };
        Self { text, is_on, messages: 0, snapshots: 0, algorithm: Some("rejoin/1") }
    }

    /// From now on hashes are claimed without their algorithm: they cover openings, which a trace
    /// does not have.
    pub fn omit_algorithm(&mut self) {
        self.algorithm = None;
    }

    /// Whether it records.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// The trace so far.
    pub fn into_text(self) -> String {
        self.text
    }

    fn write(&mut self, event: impl FnOnce() -> Event) {
        if self.is_on {
            self.text.push_str(&event().line());
            self.text.push('\n');
        }
    }

    /// Records an operation on an object of this type.
    pub fn operation(
        &mut self,
        at: usize,
        (object, kind): (&str, ObjectType),
        operation: &operation::Operation<&str, Option<&str>>,
        user: Option<&str>,
    ) {
        self.write(|| {
            let operation = record::operation(operation, kind);
            let (replica, object, user) = (name(at), object.into(), user.map(Into::into));
            Event::Op(Op { replica, object, operation, id: None, user, inexact: false })
        });
    }

    /// Records a message of all that a replica has seen of an object; returns its number.
    pub fn send(&mut self, at: usize, object: &str) -> u64 {
        self.messages += 1;
        let message = format!("m{}", self.messages);
        self.write(|| {
            let content = Content::Objects(vec![object.into()]);
            Event::Send { replica: name(at), message, to: None, content, relays: Vec::new() }
        });
        self.messages
    }

    /// Records that a replica applied a message.
    pub fn receive(&mut self, at: usize, message: u64) {
        self.write(|| Event::Receive { replica: name(at), message: format!("m{message}") });
    }

    /// Records a snapshot of a replica; returns its number.
    pub fn save(&mut self, at: usize) -> u64 {
        self.snapshots += 1;
        let number = self.snapshots;
        self.write(|| Event::Save { replica: name(at), snapshot: format!("s{number}") });
        number
    }

    /// Records that a replica goes on from a snapshot.
    pub fn restore(&mut self, at: usize, snapshot: u64) {
        self.write(|| Event::Restore { replica: name(at), snapshot: format!("s{snapshot}") });
    }

    /// Claims an object's value, vector and state hash.
    pub fn claims(&mut self, at: usize, object: &str, value: &Json, vector: &Vector, digest: &str) {
        self.write(|| {
            let value = value.clone();
            let (element, key, query) = (None, None, None);
            let (replica, object) = (name(at), object.into());
            Event::Claim(Claim::Read { replica, object, element, key, query, value })
        });
        self.write(|| {
            let (replica, object) = (name(at), Some(object.into()));
            Event::Claim(Claim::Vector { replica, object, vector: record::vector(vector) })
        });
        self.hash(at, Some(object), digest);
    }

    /// Claims the state hash of all objects of a replica.
    pub fn digest(&mut self, at: usize, digest: &str) {
        self.hash(at, None, digest);
    }

    fn hash(&mut self, at: usize, object: Option<&str>, digest: &str) {
        let algorithm = self.algorithm.map(Into::into);
        self.write(|| {
            let (replica, object) = (name(at), object.map(Into::into));
            Event::Claim(Claim::Digest { replica, object, algorithm, digest: digest.into() })
        });
    }

    /// Claims the open merge decisions of an object of this type.
    pub fn decisions(
        &mut self,
        at: usize,
        (object, kind): (&str, ObjectType),
        open: &[Conflict<Vec<u8>>],
    ) {
        self.write(|| {
            let (replica, object) = (name(at), object.into());
            let decisions = record::decisions(open, kind);
            Event::Claim(Claim::Decisions { replica, object, decisions })
        });
    }

    /// Claims a replica's notices to a user.
    pub fn notices(&mut self, at: usize, user: &str, notices: &[Notice<Vec<u8>>]) {
        self.write(|| {
            let notices = record::notices(notices);
            Event::Claim(Claim::Notices { replica: name(at), user: user.into(), notices })
        });
    }

    /// Claims that the replicas are the same, unless there is only one.
    pub fn converged(&mut self, replicas: &[usize]) {
        if replicas.len() > 1 {
            self.write(|| {
                let replicas = replicas.iter().map(|at| name(*at)).collect();
                Event::Claim(Claim::Converged { replicas })
            });
        }
    }
}

/// The name of a replica.
fn name(at: usize) -> String {
    format!("r{at}")
}
