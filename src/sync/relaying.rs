//! Relaying: a session passes on objects that only one side has, or none.
//!
//! Meaning: where the schemas differ, or a side keeps deltas of objects that it does not know, each side says
//! what it knows of every object that not both have, once. The other answers with what that lacks: a delta of
//! its own object, or the deltas that it keeps. Nothing of such objects is compared or hashed.
//! Laws: after a session that was not cut, each side has, or keeps, all that the other had or kept of these
//! objects, but for what a bound or another type left out, which an event names.
//! Cost: one exchange, where the schemas differ: the vectors of these objects, and what the other lacks.
//! Source: this project; the engine's part is [`relayed`](crate::relayed).

use super::protocol::{Named, Part};
use super::schema::Listed;
use super::{Error, Event, Session};
use crate::object::{ObjectType, Priority};
use crate::operation::ObjectId;
use crate::optimized::openings::{Knowledge, Openings};
use crate::optimized::replica::{Delta, Replica};
use crate::optimized::{ApplyError, Vector};
use crate::relayed::Refusal;
use crate::wire::{BaseEncoding, DecodeContext, OriginEncoding};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

/// How far the exchange of such objects is.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Relaying {
    /// The objects of the peer that this side lacks, with the codes of their types; `None` where there is nothing
    /// to exchange.
    pub peers: Option<BTreeMap<ObjectId, u8>>,
    /// Whether this side said what it knows, and whether the peer did.
    is_told: bool,
    is_heard: bool,
    /// What this side sends.
    pub queue: VecDeque<Part<'static>>,
    /// Whether this side sent all of it, and whether the peer did.
    is_answered: bool,
    is_over: bool,
}

impl Relaying {
    /// Whether nothing is left to send or to wait for.
    pub fn is_done(&self) -> bool {
        self.peers.is_none() || self.is_answered && self.is_over && self.queue.is_empty()
    }
}

/// Where the exchange goes between the parts of the classes.
pub(super) const CLASS: Priority = Priority::Medium;

impl Session {
    /// The schemas differ, or a side keeps something.
    pub(super) fn begin_relaying<'a>(
        &mut self,
        theirs: impl Iterator<Item = (&'a ObjectId, &'a Listed)>,
    ) {
        let is_lacking = |name: &ObjectId, listed: &Listed| match self.list.get(name) {
            None => true,
            Some(own) => listed.is_relayed && own.kind.code() == listed.kind,
        };
        let lacking = theirs.filter(|(name, listed)| is_lacking(name, listed));
        self.relaying.peers =
            Some(lacking.map(|(name, listed)| (name.clone(), listed.kind)).collect());
    }

    /// What to say next of such objects.
    pub(super) fn relay(&mut self, replica: &Replica) -> Option<Part<'static>> {
        let peers = self.relaying.peers.as_ref()?;
        if !self.relaying.is_told {
            let part = Part::Keeps(self.keeps(replica, peers));
            self.relaying.is_told = true;
            return Some(part);
        }
        self.relaying.queue.pop_front()
    }

    /// What this side knows of each object that not both have.
    fn keeps(&self, replica: &Replica, peers: &BTreeMap<ObjectId, u8>) -> Vec<Named<'static>> {
        let nothing = || Knowledge::new(&Vector::default(), Openings::default());
        let mut keeps = BTreeMap::new();
        for (name, kind) in peers {
            keeps.insert(name.clone(), (*kind, nothing()));
        }
        for (name, known) in replica.relayed().known() {
            if let Some(kind) = replica.relayed().kind(name) {
                keeps.insert(name.clone(), (kind, known.clone()));
            }
        }
        for (name, entry) in &self.list {
            let is_shared = self.objects.binary_search_by(|object| object.name.cmp(name)).is_ok();
            if !is_shared && let Ok(object) = replica.object(name) {
                keeps.insert(name.clone(), (entry.kind.code(), object.knowledge()));
            }
        }
        let encoded = |(name, (kind, known)): (ObjectId, (u8, Knowledge))| {
            (name, kind, Cow::Owned(known.encode()))
        };
        keeps.into_iter().map(encoded).collect()
    }

    /// The peer said what it knows of such objects: this side answers with what it lacks.
    pub(super) fn on_keeps(
        &mut self,
        replica: &Replica,
        keeps: Vec<Named<'_>>,
    ) -> Result<(), Error> {
        if self.relaying.peers.is_none() || std::mem::replace(&mut self.relaying.is_heard, true) {
            // A repetition does no harm.
            return Ok(());
        }
        for (name, kind, known) in keeps {
            let known = Knowledge::decode(&known)
                .map_err(|error| Error::malformed(error, "what the peer knows"))?;
            for delta in lacking(replica, &name, kind, &known) {
                self.answer_with(&name, kind, delta);
            }
        }
        self.relaying.is_answered = true;
        self.relaying.queue.push_back(Part::Relay { is_last: true, deltas: Vec::new() });
        Ok(())
    }

    fn answer_with(&mut self, name: &ObjectId, kind: u8, delta: Vec<u8>) {
        let most = self.handshake.peer().map_or(u64::MAX, |peer| peer.max_object);
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(self.config.max_object);
        if delta.len() + name.len() + 64 > most {
            let reason = format!("its changes take {} bytes, and {most} are allowed", delta.len());
            self.events.push_back(Event::Refused { object: name.clone(), reason });
            return;
        }
        let deltas = vec![(name.clone(), kind, Cow::Owned(delta))];
        self.relaying.queue.push_back(Part::Relay { is_last: false, deltas });
    }

    /// The peer passed on deltas of such objects.
    pub(super) fn on_relay(
        &mut self,
        replica: &mut Replica,
        is_last: bool,
        deltas: Vec<Named<'_>>,
    ) -> Result<(), Error> {
        if self.relaying.peers.is_none() || !self.relaying.is_told {
            return Err(Error::malformed("deltas to pass on", "what was asked for"));
        }
        for (name, code, message) in deltas {
            if message.len() > self.config.max_object {
                let limit = self.config.max_object;
                return Err(Error::TooMuch { what: "bytes of one part", limit });
            }
            match self.list.get(&name).map(|entry| entry.kind) {
                Some(kind) if kind.code() == code => {
                    self.apply_relayed(replica, &name, kind, &message)?;
                }
                Some(_) => {}
                None => match replica.relayed_mut().add(&name, code, &message) {
                    // What does not fit now comes with the next session.
                    Ok(_) | Err(Refusal::Apply(_)) => {}
                    Err(Refusal::Malformed(error)) => {
                        return Err(Error::malformed(error, "a delta"));
                    }
                    Err(Refusal::NotKept) => {
                        let reason =
                            "this replica does not know the object, and passes on no more \
                                      than its limit"
                                .into();
                        self.events.push_back(Event::Refused { object: name, reason });
                    }
                },
            }
        }
        self.relaying.is_over |= is_last;
        Ok(())
    }

    fn apply_relayed(
        &mut self,
        replica: &mut Replica,
        name: &ObjectId,
        kind: ObjectType,
        message: &[u8],
    ) -> Result<(), Error> {
        let delta = Delta::decode(kind, message, &DecodeContext::default())
            .map_err(|error| Error::malformed(error, "a delta"))?;
        self.apply_unshared(replica, name, delta)
    }
}

/// What a side lacks of an object that not both have, as messages that name everything in full.
fn lacking(replica: &Replica, name: &ObjectId, kind: u8, known: &Knowledge) -> Vec<Vec<u8>> {
    let (vector, openings) = (known.vector(), Some(known.openings()));
    match replica.object(name) {
        Ok(object) if object.kind().code() == kind => {
            let knows_all =
                vector.covers(&object.vector()) && known.openings() == object.openings();
            let delta = object.delta_for_version(&vector, openings);
            let delta: Result<_, ApplyError> =
                delta.map(|delta| delta.encode(OriginEncoding::Inline, BaseEncoding::Inline));
            delta.into_iter().filter(|_| !knows_all).collect()
        }
        Err(_) if replica.relayed().kind(name) == Some(kind) => {
            let (deltas, _) = replica.relayed().since(name, &vector, openings);
            deltas.iter().map(|delta| delta.to_vec()).collect()
        }
        _ => Vec::new(),
    }
}
