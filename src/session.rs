//! Session: synchronizes an application's replica with a peer over a connection.
//!
//! Meaning: both sides run the same code. Each gives the session the peer's messages, which it
//! answers with what they changed, and sends the messages that the session returns. In the end both
//! know, by hash, that they are the same.
//! Laws: those of [`crate::sync::Session`], which this one runs; its changes lead from what the
//! replica answered before to what it answers (tests/public_api.rs).
//! Cost: that of [`crate::sync::Session`], and a copy of each value that changed.
//!
//! ```
//! use rejoin::{Replica, Schema};
//!
//! let schema = Schema::new().set("approved");
//! let mut laptop = Replica::create("laptop", &schema)?;
//! let mut server = Replica::create("server", &schema)?;
//! laptop.as_user("ana").set("approved")?.add("orders.total")?;
//!
//! let (mut here, mut there) = (laptop.session(), server.session());
//! while !here.is_done() || !there.is_done() {
//!     while let Some(message) = here.poll_message(&mut laptop) {
//!         for change in there.handle(&mut server, &message)? {
//!             assert_eq!(change.after(), Some(true));
//!         }
//!     }
//!     while let Some(message) = there.poll_message(&mut server) {
//!         here.handle(&mut laptop, &message)?;
//!     }
//! }
//! assert!(here.is_verified() && there.is_verified());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::changes::{Change, Changes, Decision};
use crate::collect::Collect;
use crate::dot::Origin;
use crate::hybrid_clock::HybridClock;
use crate::object::{ObjectType, Priority};
use crate::operation::ObjectId;
use crate::optimized::Vector;
use crate::replica::{Object, Replica, text_of_key, whole};
use crate::sync::{self, Changed, Config, Event, Healed, Outcome, Revision, Side};
use crate::version_vector::VersionVector;
use std::collections::{BTreeMap, VecDeque};

/// One side of a session: without I/O, without a clock.
#[derive(Clone, Debug)]
pub struct Session {
    session: sync::Session,
    /// All that happened beside changes.
    events: VecDeque<Event>,
    outcomes: Vec<Outcome>,
}

impl Replica {
    /// A session that is about to begin, with the usual settings. Drop it when it is over or the
    /// connection is cut, and begin a new one, which goes on from what was applied.
    pub fn session(&mut self) -> Session {
        self.session_with(Config::new(self.schema().clone()))
    }

    /// A session with settings of the application's own. Where these say nothing of clocks, they are
    /// checked as [`limit_drift`](Self::limit_drift) says.
    pub fn session_with(&mut self, config: Config) -> Session {
        let drift = config.drift.or_else(|| Some(self.drift_now()));
        let config = Config { revisions: true, drift, ..config };
        Session {
            session: sync::Session::new(config, &self.engine),
            events: VecDeque::new(),
            outcomes: Vec::new(),
        }
    }
}

/// What an object of another kind than keys held before a message.
enum Before {
    /// A counter or a register of integers: its value as canonical JSON, if it has one.
    Whole(Option<String>),
    Log(Vector),
}

impl Session {
    /// Handles a message of the peer, and returns what it changed. Store the changes before the next
    /// message is polled: it may claim that this replica has them.
    ///
    /// Cost: O(message), and what applying it costs.
    ///
    /// # Errors
    /// The session is over: drop it. What it applied before is kept.
    pub fn handle(
        &mut self,
        replica: &mut Replica,
        message: &[u8],
    ) -> Result<Changes, sync::Error> {
        let objects = replica.engine.objects();
        let before: BTreeMap<ObjectId, Before> = objects
            .iter()
            .filter_map(|(name, object)| match object {
                Object::Log(state) => Some((name.clone(), Before::Log(state.vector()))),
                object => Some((name.clone(), Before::Whole(whole(object)?))),
            })
            .into_map();
        let handled = self.session.handle(&mut replica.engine, message);
        let mut changes = Changes::default();
        // A counter or a log may change more than once; what it changed is asked for in the end.
        let mut unkeyed = Vec::new();
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Changed(changed) if before.contains_key(&changed.object) => {
                    if !unkeyed.contains(&changed.object) {
                        unkeyed.push(changed.object);
                    }
                }
                Event::Changed(changed) => changes.list.extend(keyed(replica, changed)),
                Event::Healed(healed) => changes.healed.push(healed),
                Event::ClockAhead(ahead) => changes.ahead.push(ahead),
                event => {
                    if let Event::ClassDone { outcome, .. } = event {
                        self.outcomes.push(outcome);
                    }
                    self.events.push_back(event);
                }
            }
        }
        for object in unkeyed {
            let healed = changes.healed.iter().filter(|healed| healed.object == object);
            let Some(before) = before.get(&object) else { continue };
            let new = unkeyed_changes(replica, &object, before, healed);
            changes.list.extend(new);
        }
        handled.map(|()| changes)
    }

    /// The next message to send; `None` until there is more to say. Poll until then.
    ///
    /// Cost: that of the deltas and hashes that it holds.
    pub fn poll_message(&mut self, replica: &mut Replica) -> Option<Vec<u8>> {
        let message = self.session.poll_message(&mut replica.engine);
        while let Some(event) = self.session.poll_event() {
            if let Event::ClassDone { outcome, .. } = event {
                self.outcomes.push(outcome);
            }
            self.events.push_back(event);
        }
        message
    }

    /// What happened beside changes: classes that are done, objects that were left out or refused,
    /// schemas that differ.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Sends nothing of a class until it is resumed. What the peer sends is applied.
    pub fn pause(&mut self, class: Priority) {
        self.session.pause(class);
    }

    /// Goes on with a class.
    pub fn resume(&mut self, class: Priority) {
        self.session.resume(class);
    }

    /// Whether all classes are exchanged and compared, or as much of them as could be. The peer may
    /// still need the message that is polled next.
    pub fn is_done(&self) -> bool {
        self.session.is_done()
    }

    /// Whether all that both sides have is the same, by hash: of all classes, nothing left out.
    pub fn is_verified(&self) -> bool {
        self.is_done() && self.outcomes.iter().all(|outcome| *outcome == Outcome::Verified)
    }
}

/// The changes of an object with keys.
fn keyed(replica: &Replica, changed: Changed) -> Vec<Change> {
    let Changed { object, revisions, .. } = changed;
    let Ok(state) = replica.engine.object(&object) else { return Vec::new() };
    let kind = state.kind();
    let is_timed = matches!(kind, ObjectType::LwwRegister | ObjectType::LwwMap);
    let value = |bytes: Option<Vec<u8>>| match kind.is_set() || kind.is_flag() {
        true => Some(bytes.is_some().to_string()),
        false => bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
    };
    let change = |revision: Revision| {
        let Revision { key, before, after, timestamp, overruled, is_conflict } = revision;
        let before = value(before);
        Change {
            object: object.clone(),
            key: text_of_key(state, &key),
            overruled: overruled.map(|id| Decision {
                time: is_timed
                    .then(|| HybridClock::milliseconds(timestamp))
                    .or_else(|| state.audited_at(&id.dot)),
                user: id.user,
                replica: id.dot.origin.replica,
                seq: id.seq,
                value: before.clone(),
            }),
            before,
            after: value(after),
            is_conflict,
        }
    };
    revisions.into_iter().map(change).collect()
}

/// The changes of a counter or a log since it was looked at; names may have healed since.
fn unkeyed_changes<'h>(
    replica: &Replica,
    object: &ObjectId,
    before: &Before,
    healed: impl Iterator<Item = &'h Healed>,
) -> Vec<Change> {
    let change = |before, after| Change {
        object: object.clone(),
        key: None,
        before,
        after: Some(after),
        overruled: None,
        is_conflict: false,
    };
    match (replica.engine.object(object), before) {
        (Ok(object), Before::Whole(before)) => match whole(object).flatten() {
            Some(after) if Some(&after) != before.as_ref() => vec![change(before.clone(), after)],
            _ => Vec::new(),
        },
        (Ok(Object::Log(state)), Before::Log(seen)) => {
            let seen = renamed(seen, healed);
            let new = state.entries_since(&seen);
            new.map(|entry| change(None, entry.value().to_string())).collect()
        }
        _ => Vec::new(),
    }
}

/// The vector under the names that its operations have since forks were healed.
fn renamed<'h>(seen: &Vector, healed: impl Iterator<Item = &'h Healed>) -> Vector {
    let mut counts: BTreeMap<Origin, u64> =
        seen.iter().map(|(origin, count)| (origin.clone(), count)).into_map();
    for Healed { first, renamed, by, .. } in healed {
        let (kept, performed) = (first.counter - 1, counts.get(&first.origin).copied());
        if let (Side::Here, Some(performed)) = (by, performed.filter(|count| *count > kept)) {
            counts.insert(first.origin.clone(), kept);
            counts.insert(renamed.clone(), performed - kept);
        }
    }
    let mut vector = VersionVector::default();
    counts.iter().for_each(|(origin, count)| vector.see(origin, *count));
    Vector::from(&vector)
}
