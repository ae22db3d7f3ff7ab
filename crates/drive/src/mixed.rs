//! Several implementations of one wire format in one history.

use super::subject::{Failure, Reply, Request, Subject};
use rejoin_trace::Name;

/// Subjects that share the replicas in turns: the first hosts the first replica, the second the
/// second, and so on. Each knows all replicas; messages pass between them unchanged.
pub struct Mixed {
    subjects: Vec<Box<dyn Subject>>,
    replicas: Vec<Name>,
}

impl Mixed {
    /// A mix of these subjects, of which there is at least one.
    pub fn new(subjects: Vec<Box<dyn Subject>>) -> Self {
        Self { subjects, replicas: Vec::new() }
    }

    /// Which subject hosts a replica.
    fn host(&self, replica: &str) -> usize {
        let place = self.replicas.iter().position(|name| name == replica).unwrap_or_default();
        place % self.subjects.len()
    }
}

impl Subject for Mixed {
    fn ask(&mut self, request: &Request) -> Result<Reply, Failure> {
        let host = match request {
            Request::Start { replicas, .. } => {
                self.replicas = replicas.clone();
                // The others start although one refuses, so that all forget the last history.
                let replies: Vec<_> = self.subjects.iter_mut().map(|s| s.ask(request)).collect();
                let mut first = Ok(Reply::Ok);
                for reply in replies {
                    match reply? {
                        Reply::Ok | Reply::Started(_) => {}
                        refusal => first = Ok(refusal),
                    }
                }
                return first;
            }
            Request::Stop => {
                for subject in &mut self.subjects {
                    subject.ask(request)?;
                }
                return Ok(Reply::Ok);
            }
            Request::Sync { replicas: [a, b], .. } if self.host(a) != self.host(b) => {
                let reason = "these replicas are of two implementations";
                return Ok(Reply::Unsupported(reason.into()));
            }
            Request::Sync { replicas: [replica, _], .. }
            | Request::Op(rejoin_trace::Op { replica, .. })
            | Request::Send { replica, .. }
            | Request::Receive { replica, .. }
            | Request::Read { replica, .. }
            | Request::Vector { replica, .. }
            | Request::Decisions { replica, .. }
            | Request::Notices { replica, .. }
            | Request::Digest { replica, .. }
            | Request::Save { replica, .. }
            | Request::Restore { replica, .. } => self.host(replica),
        };
        self.subjects[host].ask(request)
    }

    fn digest_algorithm(&self, replica: &str) -> Option<String> {
        Some(format!("implementation {}", self.host(replica) + 1))
    }

    fn hush(&mut self, is_quiet: bool) {
        self.subjects.iter_mut().for_each(|subject| subject.hush(is_quiet));
    }
}
