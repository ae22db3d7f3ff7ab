//! Shared objects: what a session knows of each object that both sides have.

use super::protocol::Checkpoint;
use super::schema::Entry;
use super::{Config, Error, Outcome};
use crate::object::{ObjectType, Priority};
use crate::operation::ObjectId;
use crate::optimized::openings::{Healed, Knowledge};
use crate::optimized::staging::Progress;
use crate::optimized::{ActorTable, Fingerprint, Vector};
use std::collections::VecDeque;
use std::sync::Arc;

/// How many of the vectors that this side announced are kept.
const KEPT_VECTORS: usize = 4;

/// How often a session asks anew for an object of which it refused a delta.
pub(super) const MOST_REFUSALS: u32 = 3;

/// How many actor tables of each side a session keeps.
const MOST_TABLES: usize = 64;

/// Whether an object is still part of the session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Status {
    Active,
    /// A side left it out for the budget.
    Dropped,
    /// A side left it out for another reason.
    Refused,
    /// Both sides have the same vector and different states.
    Differs,
}

/// The peer's side of an object.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct PeerVectors {
    /// The operations that the peer is known to have.
    pub seen: Vector,
    /// Those that it has once it has applied all deltas that were sent.
    pub sent: Vector,
    /// The vector that it announced last.
    pub announced: Vector,
    /// Whether its last announcement asks for deltas that name everything in full.
    pub inline: bool,
    /// What it knows, where that uses other names than this side.
    pub forked: Option<Knowledge>,
}

/// One object that both sides have.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct SharedObject {
    pub name: ObjectId,
    pub kind: ObjectType,
    pub class: Priority,
    pub may_be_dropped: bool,
    pub status: Status,
    /// The vectors that this side announced last.
    pub announced: Vec<Vector>,
    /// The openings of the operations of the last of them.
    pub announced_openings: Fingerprint,
    /// The origins that were here when this side last looked whether it still uses their names.
    pub looked_at: Fingerprint,
    /// Whether this side announces its vector next.
    pub is_to_announce: bool,
    /// Whether it then sends all openings, because the two sides use different names.
    pub tells_openings: bool,
    /// Whether it has sent them since the names last agreed.
    pub told_openings: bool,
    /// Whether a fork is known, and no delta came yet that uses the names that both will have.
    pub awaits_names: bool,
    /// The forks that it repairs.
    pub forks: Vec<Healed>,
    pub peer: Option<PeerVectors>,
    /// The progress of the transfer to the peer, if one is under way.
    pub sending: Option<Progress>,
    /// The progress of a transfer to the peer, as the peer said before it announced its vector.
    pub told: Option<Progress>,
    /// The fingerprint of the progress of the transfer to this replica when this session last announced
    /// or moved it, 0 where there was none. Where it is another one now, another session has moved it.
    pub transfer: Fingerprint,
    /// Whether a piece came that does not follow, and none that does since this side asked anew.
    pub awaits_piece: bool,
    /// Where this side lets the transfer of another session come to its end before it asks anew: the
    /// fingerprint of the progress at which it began to wait.
    pub waits: Option<Fingerprint>,
    /// How often this side asked anew after it waited.
    pub waited: u32,
    pub our_checkpoints: VecDeque<Checkpoint>,
    pub their_checkpoints: VecDeque<Checkpoint>,
    /// The vector at which both hashes were compared.
    pub compared: Option<Fingerprint>,
    /// How many deltas this side sent.
    pub deltas: u32,
    /// How many announcements of the peer this side answered.
    pub answered: u32,
    /// How many deltas of the peer this side refused.
    pub refusals: u32,
}

impl SharedObject {
    /// The object as both schemas have it.
    pub fn new(name: &ObjectId, ours: &Entry, theirs: &Entry) -> Self {
        Self {
            name: name.clone(),
            kind: ours.kind,
            class: ours.priority.min(theirs.priority),
            may_be_dropped: ours.may_be_dropped && theirs.may_be_dropped,
            status: Status::Active,
            announced: Vec::new(),
            announced_openings: Fingerprint::default(),
            looked_at: Fingerprint::default(),
            is_to_announce: false,
            tells_openings: false,
            told_openings: false,
            awaits_names: false,
            forks: Vec::new(),
            peer: None,
            sending: None,
            told: None,
            transfer: Fingerprint::default(),
            awaits_piece: false,
            waits: None,
            waited: 0,
            our_checkpoints: VecDeque::new(),
            their_checkpoints: VecDeque::new(),
            compared: None,
            deltas: 0,
            answered: 0,
            refusals: 0,
        }
    }

    /// This side is about to announce the vector.
    pub fn announce(&mut self, vector: Vector) {
        self.is_to_announce = false;
        if self.announced.last() != Some(&vector) {
            self.announced.push(vector);
        }
        if self.announced.len() > KEPT_VECTORS {
            self.announced.remove(0);
        }
    }

    /// The peer announced a vector.
    pub fn on_announced(&mut self, vector: Vector, inline: bool) {
        let mut seen = vector.clone();
        if let Some(before) = &self.peer {
            seen.join(&before.seen);
        }
        self.sending = self.told.take();
        let (sent, announced, forked) = (vector.clone(), vector, None);
        self.peer = Some(PeerVectors { seen, sent, announced, inline, forked });
    }

    /// The peer sent all openings: what it sent before may use old names.
    pub fn on_knowledge(&mut self, knowledge: Knowledge, is_forked: bool) {
        let vector = knowledge.vector();
        let (seen, sent, announced) = (vector.clone(), vector.clone(), vector);
        let forked = is_forked.then_some(knowledge);
        (self.sending, self.told) = (None, None);
        self.peer = Some(PeerVectors { seen, sent, announced, inline: true, forked });
    }

    /// The two sides use different names: this one sends all openings.
    pub fn tell_openings(&mut self) {
        if self.status == Status::Active {
            self.tells_openings = true;
            self.told_openings = true;
            self.is_to_announce = true;
        }
    }

    /// An announcement of the peer is answered.
    ///
    /// # Errors
    /// [`Error::TooMuch`] if there were too many.
    pub fn on_answered(&mut self, most: u32) -> Result<(), Error> {
        self.answered += 1;
        match self.answered > most {
            true => Err(Error::TooMuch { what: "announcements", limit: most as usize }),
            false => Ok(()),
        }
    }

    /// The peer has these operations, as its delta says.
    pub fn on_applied(&mut self, vector: &Vector) {
        if let Some(peer) = &mut self.peer {
            peer.seen.join(vector);
            peer.sent.join(vector);
        }
    }

    /// Whether nothing is left to do for it. Both sides know the checkpoints of both, so both come
    /// to the same answer.
    pub fn is_settled(&self) -> bool {
        let is_ours =
            |their: &Checkpoint| self.our_checkpoints.iter().any(|our| our.vector == their.vector);
        match self.status {
            Status::Active | Status::Differs => self.their_checkpoints.iter().any(is_ours),
            Status::Dropped | Status::Refused => true,
        }
    }
}

/// Keeps a checkpoint of one side: all that a session can name.
pub(super) fn keep(
    checkpoints: &mut VecDeque<Checkpoint>,
    checkpoint: Checkpoint,
    config: &Config,
) {
    if checkpoints.back() != Some(&checkpoint) {
        checkpoints.push_back(checkpoint);
    }
    // One for each round, and one where a difference was found.
    if checkpoints.len() > (config.max_rounds as usize).saturating_add(1) {
        checkpoints.pop_front();
    }
}

/// How a class with these objects ends.
pub(super) fn outcome<'a>(objects: impl Iterator<Item = &'a SharedObject> + Clone) -> Outcome {
    let any = |status| objects.clone().any(|object| object.status == status);
    let is_open =
        |object: &SharedObject| object.status == Status::Active && object.compared.is_none();
    if any(Status::Differs) {
        Outcome::SomeDiffer
    } else if any(Status::Refused) {
        Outcome::SomeRefused
    } else if objects.clone().any(is_open) {
        Outcome::WritesInBetween
    } else if any(Status::Dropped) {
        Outcome::SomeDropped
    } else {
        Outcome::Verified
    }
}

/// The actor tables that one side has sent to the other in full. From then on both may name them by
/// their fingerprints.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct ActorTables {
    pub ours: Vec<Arc<ActorTable>>,
    pub theirs: Vec<Arc<ActorTable>>,
}

impl ActorTables {
    /// Whether the peer knows the table by its fingerprint.
    pub fn are_known(&self, table: &ActorTable) -> bool {
        let mut all = self.ours.iter().chain(&self.theirs);
        all.any(|known| known.fingerprint() == table.fingerprint())
    }

    /// A table goes to the other side in full.
    pub fn remember(list: &mut Vec<Arc<ActorTable>>, table: &Arc<ActorTable>) {
        let is_it = |known: &Arc<ActorTable>| known.fingerprint() == table.fingerprint();
        if list.len() < MOST_TABLES && !list.iter().any(is_it) {
            list.push(table.clone());
        }
    }

    /// All of them, to decode the peer's vectors and deltas.
    pub fn all(&self) -> Vec<Arc<ActorTable>> {
        self.ours.iter().chain(&self.theirs).cloned().collect()
    }
}
