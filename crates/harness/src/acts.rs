//! Acts: what the users of a replica do and ask, and what its clock does.

use super::Fault;
use super::world::{KEYS, MINUTE, OBJECTS, USERS, World};
use rejoin::hybrid_clock::HybridClock;
use rejoin::operation::Operation;
use rejoin_trace::record;

impl World {
    pub fn disturb_clock(&mut self, at: usize) {
        let reach = [MINUTE, 60 * MINUTE, 36 * 60 * MINUTE, 40 * 24 * 60 * MINUTE];
        let reach = reach[self.random.place(4)];
        self.sites[at].offset += self.random.below(2 * reach as u64) as i64 - reach;
    }

    /// A user performs an operation.
    pub fn operate(&mut self, at: usize) {
        let (object, kind) = OBJECTS[self.random.place(OBJECTS.len())];
        let key = KEYS[self.random.place(KEYS.len())];
        let user = format!("u{}", self.random.below(USERS));
        let user = self.random.one_in(2).then_some(user.as_str());
        let value = match self.random.below(12) {
            0 => {
                let noise: Vec<String> =
                    (0..12).map(|_| format!("{:016x}", self.random.bits())).collect();
                format!("\"{}\"", noise.join(""))
            }
            1 => "\"same\"".into(),
            number => format!("{}", self.random.below(100 * number)),
        };
        if self.is_without(object) {
            return;
        }
        let now = self.clock(at);
        let wants_key = (object == "columns").then_some(key);
        // Some users do not look at what their replica has seen, and trust their clocks.
        let stamp = match self.random.one_in(8) {
            true => HybridClock::new().stamp(now, None).map_err(|error| error.to_string()),
            false => {
                let stamp = self.sites[at].replica.stamp(object, wants_key, now);
                stamp.map_err(|error| error.to_string())
            }
        };
        let timestamp = match stamp {
            Ok(timestamp) => timestamp,
            Err(error) => {
                self.findings.push(format!("r{at} was refused a write for a clock: {error}"));
                return;
            }
        };
        let value = (!self.random.one_in(6)).then_some(value.as_str());
        let is_removal = self.random.one_in(3);
        let operation = match object {
            "count" => Operation::Increment { amount: 1 + self.random.below(9) },
            "phase" => Operation::Write { value, timestamp },
            "approved" if is_removal => Operation::Remove { element: key },
            "approved" => Operation::Add { element: key },
            "columns" => Operation::Put { key, value, timestamp },
            _ => Operation::Append { entry: Some(value.unwrap_or("0")), timestamp },
        };
        self.alter(at, object, &operation);
        let times = if self.fault == Some(Fault::PerformsTwice) { 2 } else { 1 };
        for _ in 0..times {
            let user = user.map(Into::into);
            let performed = self.sites[at].replica.perform(object, operation.clone(), user);
            if let Err(error) = performed {
                self.findings.push(format!("r{at} refused an operation: {error}"));
                return;
            }
        }
        self.recorder.operation(at, (object, kind), &operation, user);
        self.statistics.operations += 1;
        self.sites[at].is_dirty = true;
        if self.fault == Some(Fault::AltersValue) && object == "columns" {
            let other = self.next_site(at);
            self.explain(at, other);
        }
        if self.sites[at].writes_through {
            self.store(at);
        }
    }

    /// The trace claims what a replica answers for one object, and the notices of one user.
    pub fn ask(&mut self, at: usize) {
        let (object, _) = OBJECTS[self.random.place(OBJECTS.len())];
        let user = self.random.below(USERS);
        if !self.is_without(object) {
            self.claim(at, object);
            self.claim_notices(at, user);
        }
    }

    /// Writes into the trace what a replica answers for an object, and returns the answer.
    pub fn claim(&mut self, at: usize, object: &str) -> Vec<String> {
        let replica = &mut self.sites[at].replica;
        let Ok(object_mut) = replica.object_mut(object) else { return Vec::new() };
        let (value, digest) = (record::value(object_mut), object_mut.state_hash());
        let digests = [digest.content.to_string(), digest.removals.to_string()];
        let vector = object_mut.vector();
        self.recorder.claims(at, object, &value, &vector, &digests[0]);
        let kind = object_mut.kind();
        if kind.has_decisions() {
            let mut open = object_mut.conflicts();
            if self.fault == Some(Fault::HidesDecisions) {
                open.clear();
            }
            self.statistics.decisions += open.len() as u64;
            self.recorder.decisions(at, (object, kind), &open);
        }
        [vec![value.to_string()], digests.into()].concat()
    }

    /// Writes into the trace which notices a replica has for a user.
    pub fn claim_notices(&mut self, at: usize, user: u64) {
        let user = format!("u{user}");
        let notices = self.sites[at].replica.notices(&user.as_str().into());
        self.statistics.notices += notices.len() as u64;
        self.recorder.notices(at, &user, &notices);
    }

    /// Lets another replica apply an operation with a different value, before it is performed.
    fn alter(&mut self, at: usize, object: &str, operation: &Operation<&str, Option<&str>>) {
        let Operation::Put { key, timestamp, .. } = *operation else { return };
        if self.fault != Some(Fault::AltersValue) {
            return;
        }
        let mut twin = self.sites[at].replica.clone();
        let other = Operation::Put { key, value: Some("\"altered\""), timestamp };
        let to = self.next_site(at);
        if to == at {
            return;
        }
        let peer = &mut self.sites[to].replica;
        let applied = twin.perform(object, other, None).and_then(|_| {
            let delta = twin.delta_since(object, &peer.vector(object)?)?;
            peer.apply(object, delta)
        });
        if let Err(error) = applied {
            self.findings.push(format!("r{to} refused a delta: {error}"));
        }
    }

    /// Writes into the trace that one replica has applied what the other has of the altered object.
    fn explain(&mut self, from: usize, to: usize) {
        let message = self.recorder.send(from, "columns");
        self.recorder.receive(to, message);
        self.sites[to].is_dirty = true;
    }
}
