//! Items: what a session knows of each object that both sides have, and of each class.

use super::message::{Place, Point};
use super::schema::Entry;
use super::transfer::{Incoming, Outgoing};
use super::{CLASSES, Config, Outcome};
use crate::object::{ObjectType, Priority};
use crate::operation::ObjectId;
use crate::optimized::{ActorTable, Fingerprint, Vector};
use std::collections::VecDeque;
use std::sync::Arc;

/// How many of the vectors that were announced are kept.
const KEPT: usize = 4;

/// How often an object is announced anew because what came was refused.
pub(super) const MOST_REFUSALS: u32 = 3;

/// How many actor tables each side keeps of those that the other has named.
const MOST_ACTOR_TABLES: usize = 64;

/// Whether an object is still part of the session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum State {
    Active,
    Dropped,
    Refused,
    Differs,
}

/// What is known of the peer's object.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Theirs {
    /// All that it is known to have seen.
    pub seen: Vector,
    /// What it will have seen once it has applied all that was sent.
    pub told: Vector,
    /// The vector that it announced last.
    pub base: Vector,
    /// Whether it asks that nothing goes by fingerprints.
    pub inline: bool,
}

/// One object that both sides have.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Item {
    pub name: ObjectId,
    pub kind: ObjectType,
    pub class: Priority,
    pub may_be_dropped: bool,
    pub state: State,
    /// The vectors that were announced last.
    pub announced: Vec<Vector>,
    pub is_to_announce: bool,
    pub theirs: Option<Theirs>,
    pub our_points: VecDeque<Point>,
    pub their_points: VecDeque<Point>,
    /// At which vector both hashes were compared.
    pub compared: Option<Fingerprint>,
    /// How many deltas were sent, how many announcements were answered, and how many deltas of the
    /// peer were refused.
    pub sent: u32,
    pub answered: u32,
    pub refusals: u32,
}

impl Item {
    /// The object as both schemas have it.
    pub fn new(name: &ObjectId, ours: &Entry, theirs: &Entry) -> Self {
        Self {
            name: name.clone(),
            kind: ours.kind,
            class: ours.priority.min(theirs.priority),
            may_be_dropped: ours.may_be_dropped && theirs.may_be_dropped,
            state: State::Active,
            announced: Vec::new(),
            is_to_announce: false,
            theirs: None,
            our_points: VecDeque::new(),
            their_points: VecDeque::new(),
            compared: None,
            sent: 0,
            answered: 0,
            refusals: 0,
        }
    }

    /// The vector is about to be announced.
    pub fn announce(&mut self, vector: Vector) {
        self.is_to_announce = false;
        if self.announced.last() != Some(&vector) {
            self.announced.push(vector);
        }
        if self.announced.len() > KEPT {
            self.announced.remove(0);
        }
    }

    /// The peer has announced a vector.
    pub fn hear(&mut self, vector: Vector, inline: bool) {
        let mut seen = vector.clone();
        if let Some(before) = &self.theirs {
            seen.join(&before.seen);
        }
        self.theirs = Some(Theirs { seen, told: vector.clone(), base: vector, inline });
    }

    /// The peer has seen this, as a delta of its says.
    pub fn learn(&mut self, vector: &Vector) {
        if let Some(theirs) = &mut self.theirs {
            theirs.seen.join(vector);
            theirs.told.join(vector);
        }
    }

    /// Whether nothing is left to do for it. A point that both have named is known to both, so both
    /// come to the same answer.
    pub fn is_settled(&self) -> bool {
        let is_ours = |their: &Point| self.our_points.iter().any(|our| our.vector == their.vector);
        match self.state {
            State::Active | State::Differs => self.their_points.iter().any(is_ours),
            State::Dropped | State::Refused => true,
        }
    }
}

/// Keeps a point that one side has named. All are kept that can be named in a session.
pub(super) fn keep(points: &mut VecDeque<Point>, point: Point, config: &Config) {
    if points.back() != Some(&point) {
        points.push_back(point);
    }
    // One more for each round, and one where a difference was found.
    if points.len() > (config.max_rounds as usize).saturating_add(1) {
        points.pop_front();
    }
}

/// How far a class is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Phase {
    /// It is not known yet whether it differs.
    Greeting,
    Exchange,
    Done,
}

/// One priority class.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Class {
    pub phase: Phase,
    pub is_paused: bool,
    /// Whether something was heard since points were named last.
    pub is_our_turn: bool,
    pub rounds: u32,
    /// Whether this side, and the peer, has named points for the last time.
    pub we_are_through: bool,
    pub peer_is_through: bool,
    pub changes: usize,
    pub outgoing: Option<Outgoing>,
    pub incoming: Incoming,
    /// What is to be sent as it is.
    pub notes: VecDeque<Vec<u8>>,
    /// What the peer wants to know of the hash trees.
    pub asked: VecDeque<Place>,
}

impl Class {
    pub fn all() -> [Self; 3] {
        CLASSES.map(|_| Self {
            phase: Phase::Greeting,
            is_paused: false,
            is_our_turn: true,
            rounds: 0,
            we_are_through: false,
            peer_is_through: false,
            changes: 0,
            outgoing: None,
            incoming: Incoming::default(),
            notes: VecDeque::new(),
            asked: VecDeque::new(),
        })
    }

    /// Whether the next points are the last ones.
    pub fn is_last_round(&self, config: &Config) -> bool {
        self.peer_is_through || self.rounds + 1 >= config.max_rounds
    }
}

/// How a class with these objects ends.
pub(super) fn outcome<'a>(items: impl Iterator<Item = &'a Item> + Clone) -> Outcome {
    let any = |state| items.clone().any(|item| item.state == state);
    let is_open = |item: &Item| item.state == State::Active && item.compared.is_none();
    if any(State::Differs) {
        Outcome::SomeDiffer
    } else if any(State::Refused) {
        Outcome::SomeRefused
    } else if items.clone().any(is_open) {
        Outcome::WritesInBetween
    } else if any(State::Dropped) {
        Outcome::SomeDropped
    } else {
        Outcome::Verified
    }
}

/// The actor tables that each side has named to the other, and may name by their fingerprints.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct ActorTables {
    pub ours: Vec<Arc<ActorTable>>,
    pub theirs: Vec<Arc<ActorTable>>,
}

impl ActorTables {
    /// Whether the peer knows the actor table by its fingerprint.
    pub fn are_known(&self, actor_table: &ActorTable) -> bool {
        let mut all = self.ours.iter().chain(&self.theirs);
        all.any(|known| known.fingerprint() == actor_table.fingerprint())
    }

    /// An actor table goes by its names, in one of the two directions.
    pub fn remember(list: &mut Vec<Arc<ActorTable>>, actor_table: &Arc<ActorTable>) {
        let is_it = |known: &Arc<ActorTable>| known.fingerprint() == actor_table.fingerprint();
        if list.len() < MOST_ACTOR_TABLES && !list.iter().any(is_it) {
            list.push(actor_table.clone());
        }
    }

    /// All of them, to read what the peer sends.
    pub fn all(&self) -> Vec<Arc<ActorTable>> {
        self.ours.iter().chain(&self.theirs).cloned().collect()
    }
}
