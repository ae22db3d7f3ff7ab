//! The session: what one side knows of the other, and what it sends next.
//!
//! A message becomes parts, and each part goes to one method: [`Session::handle`] decodes and calls
//! `on`; [`Session::poll_message`] asks `next_step` for what is to be said, and encodes it.

use super::exchange::{Class, Exchange, Step};
use super::pieces::Sent;
use super::protocol::bytes::{fingerprint, write_bytes};
use super::protocol::{
    self, Answer, Checkpoint, Chunk, ENVELOPE, Envelope, Hello, Outgoing, Part, Received,
    SkipReason, Summary, ToldOpenings, TreeLocation, decode_part, schema_fingerprint,
};
use super::relaying::{self, Relaying};
use super::schema::{Entry, Listed};
use super::shared_object::{ActorTables, PeerVectors, SharedObject, Status, keep, outcome};
use super::tree_diff::{SEARCHES, TreeDiff};
use super::{CLASSES, Config, Error, Event, Outcome, Side};
use crate::collect::Collect;
use crate::object::Priority;
use crate::operation::ObjectId;
use crate::optimized::replica::{Object, Replica};
use crate::optimized::staging::PieceHead;
use crate::optimized::{Fingerprint, Vector};
use crate::wire::{BaseEncoding, DecodeContext, OriginEncoding};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

/// How many nodes of hash trees the peer may ask for in one session.
const MOST_ASKED: usize = 1 << 16;

/// How many announcements of one object are answered, beside one for each round.
const MOST_ANNOUNCED: u32 = 8;

/// How many parts are prepared at once.
const MOST_PREPARED: usize = 16;

/// How many bytes a part has at most beside its delta: the number of its object, and the head of a piece.
pub(super) const BESIDE_A_DELTA: usize = 16 + PieceHead::MOST_BYTES;

/// Compressing deltas of fewer bytes does not pay.
const LEAST_COMPRESSED: usize = 256;

/// One side of a session. It belongs to one replica; see the [module](super).
///
/// - Getters: [`is_done`](Self::is_done), [`is_class_done`](Self::is_class_done).
/// - Input: [`handle`](Self::handle) takes a message of the peer;
///   [`pause`](Self::pause) and [`resume`](Self::resume) are for the application.
/// - Output: [`poll_message`](Self::poll_message), and [`poll_event`](Self::poll_event).
/// - Work that needs no replica: [`prepare`](Self::prepare), then [`compress`](Self::compress).
///
/// After each input, and after the transport took a message, poll messages until there is none;
/// then poll events until there is none.
///
/// Two equal sessions go on alike with equal replicas and messages: so a model checker can keep
/// them in its states (tests/model/main.rs).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Session {
    pub(super) config: Config,
    pub(super) list: BTreeMap<ObjectId, Entry>,
    schema: Fingerprint,
    /// What this side says of itself, once it was asked.
    hello: Option<Hello>,
    is_hello_sent: bool,
    pub(super) handshake: Handshake,
    /// What both sides have, in the order of the names.
    pub(super) objects: Vec<SharedObject>,
    pub(super) classes: [Class; 3],
    pub(super) diffs: Vec<TreeDiff>,
    pub(super) tables: ActorTables,
    pub(super) events: VecDeque<Event>,
    pub(super) relaying: Relaying,
    /// The objects as this side lists them.
    listed: BTreeMap<ObjectId, Listed>,
    /// Whether the end was reported.
    is_reported: bool,
    /// How many bytes of droppable objects this side sent.
    spent: u64,
    /// How many nodes of hash trees the peer asked for.
    asked: usize,
}

/// How much of the peer's beginning is here.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Handshake {
    /// Nothing.
    AwaitingHello,
    /// Its hello. The schemas differ, so its list of objects is still to come.
    AwaitingSchema(Hello),
    /// All: this side knows which objects both have.
    Complete(Hello),
}

impl Handshake {
    pub fn peer(&self) -> Option<&Hello> {
        match self {
            Self::AwaitingHello => None,
            Self::AwaitingSchema(peer) | Self::Complete(peer) => Some(peer),
        }
    }
}

// What the application calls.
impl Session {
    /// A session that is about to begin. Either side may begin, or both.
    pub fn new(mut config: Config, replica: &Replica) -> Self {
        config.max_message = config.max_message.max(Config::LEAST_MESSAGE);
        let entry = |(name, object): (&ObjectId, &Object)| {
            let kind = object.kind();
            let entry = config.schema.get(name).copied().unwrap_or(Entry::plain(kind));
            (name.clone(), Entry { kind, ..entry })
        };
        let list: BTreeMap<ObjectId, Entry> = replica.objects().iter().map(entry).into_map();
        let listed = listed(&list, replica);
        Self {
            schema: schema_fingerprint(listed.iter().map(|(name, of)| (name, *of))),
            listed,
            is_reported: false,
            config,
            list,
            hello: None,
            is_hello_sent: false,
            handshake: Handshake::AwaitingHello,
            objects: Vec::new(),
            classes: Class::all(),
            diffs: Vec::new(),
            tables: ActorTables::default(),
            events: VecDeque::new(),
            relaying: Relaying::default(),
            spent: 0,
            asked: 0,
        }
    }

    /// Handles a message of the peer. Afterwards there may be messages to send and events to read.
    ///
    /// Cost: O(message), and what applying its deltas and refreshing hashes costs.
    ///
    /// # Errors
    /// The session is over: drop it. What it applied before is kept.
    pub fn handle(&mut self, replica: &mut Replica, message: &[u8]) -> Result<(), Error> {
        let limit = self.config.max_message;
        if message.len() > limit {
            return Err(Error::TooLong { found: message.len(), limit });
        }
        for part in protocol::decode(message)? {
            self.on(replica, part)?;
        }
        self.conclude();
        Ok(())
    }

    /// The next message to send; `None` until there is more to say. Poll until then.
    ///
    /// Cost: that of the deltas and hashes that it holds.
    pub fn poll_message(&mut self, replica: &mut Replica) -> Option<Vec<u8>> {
        let limit = self.config.max_message.min(self.peer_limit());
        let mut message = Envelope::new(limit);
        if !self.is_hello_sent {
            let hello = self.hello(replica);
            message.push(&Part::Hello(hello));
            self.is_hello_sent = true;
        }
        if self.handshake.peer().is_some() {
            for class in CLASSES {
                if !self.fill(replica, class, &mut message) {
                    break;
                }
            }
            self.conclude();
        }
        (!message.is_empty()).then(|| message.finish())
    }

    /// Prepares what [`poll_message`](Self::poll_message) says next, as far as that needs the
    /// replica. Where many connections share a replica under a lock, call this under the lock, and
    /// [`compress`](Self::compress) after giving it back: compressing takes longer than all else.
    /// Without these calls, `poll_message` does both.
    pub fn prepare(&mut self, replica: &mut Replica) {
        let is_sending = self.classes.iter().any(|class| class.outgoing.is_some());
        if is_sending || self.handshake.peer().is_none() {
            return;
        }
        let (mut parts, mut bytes) = (0, 0);
        for class in CLASSES {
            if self.classes[class as usize].is_paused {
                continue;
            }
            parts += self.classes[class as usize].prepared.len();
            while parts < MOST_PREPARED && bytes < self.config.max_message {
                let Some(step) = self.next_step(replica, class) else { break };
                parts += 1;
                if let Step::Delta { bytes: delta, .. } = &step {
                    bytes += delta.len();
                }
                self.classes[class as usize].prepared.push_back(step);
            }
        }
    }

    /// Compresses what was [prepared](Self::prepare). `by` gets a delta and returns it compressed,
    /// by [`wire::compress`](crate::wire::compress) or from a cache of its results.
    #[cfg(feature = "compression")]
    pub fn compress(&mut self, mut by: impl FnMut(&[u8]) -> Vec<u8>) {
        for class in CLASSES {
            for step in std::mem::take(&mut self.classes[class as usize].prepared) {
                let part = self.part(step, |bytes| by(bytes).into());
                self.classes[class as usize].prepared.push_back(Step::Part(part));
            }
        }
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Sends nothing of a class until it is resumed. What the peer sends is applied.
    pub fn pause(&mut self, class: Priority) {
        self.classes[class as usize].is_paused = true;
    }

    /// Goes on with a class.
    pub fn resume(&mut self, class: Priority) {
        self.classes[class as usize].is_paused = false;
    }

    /// Whether a class is exchanged and compared, or as much of it as could be. The peer may still
    /// need the message that is polled next.
    pub fn is_class_done(&self, class: Priority) -> bool {
        matches!(self.classes[class as usize].exchange, Exchange::Done(_))
    }

    /// Whether all classes are done.
    pub fn is_done(&self) -> bool {
        CLASSES.iter().all(|class| self.is_class_done(*class)) && self.relaying.is_done()
    }
}

// What this side says.
impl Session {
    /// Puts what is to be said of a class into the message. Returns whether there is room for more.
    fn fill(&mut self, replica: &mut Replica, class: Priority, message: &mut Envelope) -> bool {
        if self.classes[class as usize].is_paused {
            return true;
        }
        let whole = Envelope::new(self.config.max_message.min(self.peer_limit())).room();
        loop {
            let state = &mut self.classes[class as usize];
            let mut outgoing = match state.outgoing.take() {
                Some(outgoing) => outgoing,
                None => {
                    let prepared = state.prepared.pop_front();
                    let Some(step) = prepared.or_else(|| self.next_step(replica, class)) else {
                        return true;
                    };
                    Outgoing::new(class, &self.part(step, compressed))
                }
            };
            if !outgoing.fill(message, whole) {
                self.classes[class as usize].outgoing = Some(outgoing);
                return false;
            }
        }
    }

    /// The most bytes that the peer allows for a delta.
    pub(super) fn peer_max_object(&self) -> Option<u64> {
        Some(self.handshake.peer()?.max_object)
    }

    /// The most bytes of a message that the peer reads, as far as is known.
    fn peer_limit(&self) -> usize {
        let limit = self.handshake.peer().map(|peer| usize::try_from(peer.max_message));
        limit.and_then(Result::ok).unwrap_or(usize::MAX).max(ENVELOPE)
    }

    /// What to say next of a class.
    fn next_step(&mut self, replica: &mut Replica, class: Priority) -> Option<Step> {
        let state = &mut self.classes[class as usize];
        if let Some(part) = state.queued.pop_front() {
            return Some(Step::Part(part));
        }
        if class == relaying::CLASS
            && let Some(part) = self.relay(replica)
        {
            return Some(Step::Part(part));
        }
        let state = &mut self.classes[class as usize];
        if let Some(location) = state.asked.pop_front() {
            return Some(Step::Part(self.answer(replica, location)));
        }
        if state.exchange.is_open() {
            let indexes = self.of_class(class);
            self.end_waiting(replica, &indexes);
            self.announce_new_names(replica, &indexes);
            if indexes.iter().any(|index| self.objects[*index].is_to_announce) {
                return Some(Step::Part(self.announcement(replica, &indexes, class)));
            }
            if self.classes[class as usize].exchange.is_our_turn() {
                for index in &indexes {
                    if let Some(step) = self.delta(replica, *index) {
                        return Some(step);
                    }
                }
                if let Some(part) = self.checkpoints(replica, &indexes, class) {
                    return Some(Step::Part(part));
                }
            }
        }
        let Self { diffs, objects, config, .. } = self;
        let of_class = diffs.iter_mut().filter(|diff| objects[diff.object].class == class);
        for diff in of_class.take(SEARCHES) {
            let Ok(object) = replica.object(&objects[diff.object].name) else { continue };
            if let Some(locations) = diff.ask(object, config) {
                return Some(Step::Part(Part::Ask(locations)));
            }
        }
        None
    }

    /// What this side says of itself at the beginning. It stays the same.
    fn hello(&mut self, replica: &mut Replica) -> Hello {
        if let Some(hello) = &self.hello {
            return hello.clone();
        }
        let classes = CLASSES.map(|class| {
            let (mut vectors, mut states) = (Vec::new(), Vec::new());
            for (name, _) in self.list.iter().filter(|(_, entry)| entry.priority == class) {
                let vector = replica.object(name).map(Object::fingerprint);
                let (Ok(vector), Ok(hash)) = (vector, replica.object_hash(name)) else {
                    continue;
                };
                for text in [&mut vectors, &mut states] {
                    write_bytes(name.as_bytes(), text);
                }
                vectors.extend_from_slice(&vector);
                states.extend_from_slice(&hash.content.0);
                states.extend_from_slice(&hash.removals.0);
            }
            let states = blake3::derive_key("rejoin/1 class", &states);
            Summary { vectors: fingerprint("rejoin/1 vectors", &vectors), states }
        });
        let hello = Hello {
            can_unpack: cfg!(feature = "compression"),
            max_message: self.config.max_message as u64,
            max_object: self.config.max_object as u64,
            budget: self.config.budget,
            schema: self.schema,
            classes,
        };
        self.hello = Some(hello.clone());
        hello
    }

    /// The vectors of the objects of a class that are to be announced.
    fn announcement(
        &mut self,
        replica: &Replica,
        indexes: &[usize],
        class: Priority,
    ) -> Part<'static> {
        if let Some(part) = self.all_openings(replica, indexes, class) {
            return part;
        }
        // A side that announces anew has refused a delta, and asks for one that needs no context.
        let inline = indexes.iter().any(|index| self.objects[*index].refusals > 0);
        let listed = indexes.iter().filter(|index| self.objects[**index].is_to_announce);
        let listed: Vec<usize> = listed.copied().collect();
        let mut staged = self.staged_transfers(replica, &listed, class).into_iter();
        let mut vectors = Vec::with_capacity(listed.len());
        let mut openings = Vec::new();
        for index in listed {
            let object = &mut self.objects[index];
            let vector = replica.vector(&object.name).unwrap_or_default();
            object.looked_at = *vector.actor_table().fingerprint();
            if let Ok(state) = replica.object(&object.name)
                && !state.openings().is_empty()
            {
                object.announced_openings = state.openings().fingerprint();
                let fingerprint = object.announced_openings;
                openings.push((index, ToldOpenings::Fingerprint(fingerprint)));
            }
            let naming = match !inline && self.tables.are_known(vector.actor_table()) {
                true => OriginEncoding::ActorTable,
                false => OriginEncoding::Inline,
            };
            vectors.push((index, Cow::Owned(vector.encode(naming))));
            ActorTables::remember(&mut self.tables.ours, vector.actor_table());
            object.announce(vector);
        }
        if !openings.is_empty() {
            let part = Part::Openings { class, openings };
            self.classes[class as usize].queued.push_front(part);
        }
        let announced = Part::Announce { class, inline, vectors };
        let Some(first) = staged.next() else { return announced };
        let queued = &mut self.classes[class as usize].queued;
        queued.push_front(announced);
        staged.rev().for_each(|part| queued.push_front(part));
        first
    }

    /// What the peer lacks of an object.
    fn delta(&mut self, replica: &Replica, index: usize) -> Option<Step> {
        let most = self.most_announced();
        let object = &mut self.objects[index];
        if object.status != Status::Active || object.deltas >= most {
            return None;
        }
        if let Some(knowledge) = object.peer.as_mut()?.forked.take() {
            return self.healing_delta(replica, index, &knowledge);
        }
        let PeerVectors { sent, .. } = object.peer.as_ref()?;
        let state = replica.object(&object.name).ok()?;
        let vector = state.vector();
        if sent.covers(&vector) {
            return None;
        }
        let delta = match self.piece(state, index) {
            Some(Sent::Step(step)) => return Some(step),
            Some(Sent::Whole(delta)) => *delta,
            None => {
                let sent = &self.objects[index].peer.as_ref()?.sent;
                state.delta_piece(sent, self.config.max_piece)
            }
        };
        let PeerVectors { sent, announced, inline, .. } = self.objects[index].peer.as_ref()?;
        let are_known = self.tables.are_known(sent.actor_table())
            && self.tables.are_known(delta.seen().actor_table());
        let naming =
            if are_known && !inline { OriginEncoding::ActorTable } else { OriginEncoding::Inline };
        let base = if sent == announced && !inline {
            BaseEncoding::Fingerprint
        } else {
            BaseEncoding::Inline
        };
        let bytes = delta.encode(naming, base);
        let is_whole = *delta.seen() == vector;
        self.step_of_delta(index, bytes, is_whole, delta.seen())
    }

    /// The step that sends an encoded delta, or leaves the object out where it is too large.
    pub(super) fn step_of_delta(
        &mut self,
        index: usize,
        bytes: Vec<u8>,
        is_whole: bool,
        seen: &Vector,
    ) -> Option<Step> {
        if let Some(step) = self.too_large(index, bytes.len()) {
            return Some(step);
        }
        let object = &mut self.objects[index];
        // Each piece brings the end nearer, so pieces need no further bound.
        object.deltas += u32::from(is_whole);
        if let Some(peer) = &mut object.peer {
            peer.sent.join(seen);
        }
        Some(Step::Delta { object: index, bytes, head: None })
    }

    /// The part of a step. A delta is compressed where the peer can unpack it, and sent within the
    /// budget.
    fn part(&mut self, step: Step, compress: impl FnOnce(&[u8]) -> Cow<'_, [u8]>) -> Part<'static> {
        let (index, bytes, head) = match step {
            Step::Part(part) => return part,
            Step::Delta { object, bytes, head } => (object, bytes, head),
        };
        let peer = self.handshake.peer();
        let can_unpack = peer.is_some_and(|peer| peer.can_unpack);
        let budget = [self.config.budget, peer.and_then(|peer| peer.budget)];
        let packed = match can_unpack && bytes.len() > LEAST_COMPRESSED {
            true => compress(&bytes).into_owned(),
            false => bytes,
        };
        if self.objects[index].may_be_dropped {
            let price = packed.len() as u64;
            let spent = self.spent.saturating_add(price);
            if budget.into_iter().flatten().min().is_some_and(|budget| spent > budget) {
                self.drop_object(index, Side::Here, price);
                let reason = SkipReason::OverBudget;
                return Part::Skip { object: index, reason, bytes: price };
            }
            self.spent = spent;
        }
        match head {
            None => Part::Delta { object: index, delta: packed.into() },
            Some(head) => Part::Piece { object: index, piece: head.encode(&packed).into() },
        }
    }

    /// The state hashes of all objects of a class, where it is time to send them.
    fn checkpoints(
        &mut self,
        replica: &mut Replica,
        indexes: &[usize],
        class: Priority,
    ) -> Option<Part<'static>> {
        let is_active = |index: &&usize| self.objects[**index].status == Status::Active;
        let listed: Vec<usize> = indexes.iter().filter(is_active).copied().collect();
        let exchange = self.classes[class as usize].exchange;
        let mut is_final = exchange.is_last_round(&self.config);
        for index in &listed {
            let object = &self.objects[*index];
            if object.awaits_names && !exchange.is_peer_final() {
                return None;
            }
            let vector = replica.vector(&object.name).unwrap_or_default();
            match &object.peer {
                Some(peer) if vector.covers(&peer.seen) => is_final |= !peer.sent.covers(&vector),
                _ if exchange.is_peer_final() => {}
                _ => return None,
            }
        }
        if listed.is_empty() {
            return None;
        }
        let mut checkpoints = Vec::with_capacity(listed.len());
        for index in listed {
            let object = &mut self.objects[index];
            let vector = replica.object(&object.name).ok()?.fingerprint();
            let hash = replica.object_hash(&object.name).ok()?;
            let checkpoint = Checkpoint { vector, hash };
            checkpoints.push((index, checkpoint));
            keep(&mut object.our_checkpoints, checkpoint, &self.config);
            self.compare(replica, index);
        }
        self.classes[class as usize].exchange.sent_checkpoints(is_final);
        Some(Part::Checkpoints { class, is_final, checkpoints })
    }

    /// The answer to a question about a hash tree.
    fn answer(&self, replica: &mut Replica, location: TreeLocation) -> Part<'static> {
        let answer = match replica.object_mut(&self.objects[location.object].name) {
            Ok(object) if object.fingerprint() == location.vector => {
                Answer::new(object.look(location.path))
            }
            _ => Answer::Moved,
        };
        Part::Answer(location, answer)
    }
}

/// The objects that a side has, and those that it passes on.
fn listed(list: &BTreeMap<ObjectId, Entry>, replica: &Replica) -> BTreeMap<ObjectId, Listed> {
    let relayed = replica.relayed().iter().filter(|(_, kind)| *kind < 16);
    let relayed = relayed.map(|(name, kind)| (name.clone(), Listed::relayed(kind)));
    relayed.chain(list.iter().map(|(name, entry)| (name.clone(), entry.into()))).collect()
}

/// A delta, compressed where that is shorter.
fn compressed(bytes: &[u8]) -> Cow<'_, [u8]> {
    #[cfg(feature = "compression")]
    return crate::wire::compress(bytes);
    #[cfg(not(feature = "compression"))]
    bytes.into()
}

// What the peer says.
impl Session {
    fn on(&mut self, replica: &mut Replica, part: Part<'_>) -> Result<(), Error> {
        match (part, &self.handshake) {
            (Part::Hello(hello), _) => self.on_hello(replica, hello),
            (_, Handshake::AwaitingHello) => Err(Error::NoHello),
            (Part::Chunk(chunk), _) => self.on_chunk(replica, &chunk),
            (Part::Schema(list), Handshake::AwaitingSchema(peer)) => {
                self.handshake = Handshake::Complete(peer.clone());
                self.begin_relaying(list.iter().map(|(name, listed)| (name, listed)));
                self.begin(list.iter().map(|(name, listed)| (name, listed)), |_| false);
                Ok(())
            }
            // A repetition does no harm.
            (Part::Schema(_), Handshake::Complete(_)) => Ok(()),
            (_, Handshake::AwaitingSchema(_)) => Err(Error::NoHello),
            (Part::Announce { class, inline, vectors }, _) => {
                self.on_announcement(class, inline, &vectors)
            }
            (Part::Openings { class, openings }, _) => self.on_openings(replica, class, openings),
            (Part::Delta { object, delta }, _) => self.on_delta(replica, object, &delta),
            (Part::Piece { object, piece }, _) => self.on_piece(replica, object, &piece),
            (Part::Staged { class, transfers }, _) => self.on_staged(class, &transfers),
            (Part::Checkpoints { class, is_final, checkpoints }, _) => {
                self.on_checkpoints(replica, class, is_final, &checkpoints)
            }
            (Part::Ask(locations), _) => self.on_questions(locations),
            (Part::Answer(location, answer), _) => {
                self.on_answer(replica, location, answer);
                Ok(())
            }
            (Part::Skip { object, reason, bytes }, _) => self.on_skip(object, reason, bytes),
            (Part::Keeps(keeps), _) => self.on_keeps(replica, keeps),
            (Part::Relay { is_last, deltas }, _) => self.on_relay(replica, is_last, deltas),
        }
    }

    fn on_hello(&mut self, replica: &mut Replica, peer: Hello) -> Result<(), Error> {
        if let Some(before) = self.handshake.peer() {
            // A repetition does no harm.
            return if *before == peer { Ok(()) } else { Err(Error::AnotherHello) };
        }
        let ours = self.hello(replica);
        if peer.schema == ours.schema {
            let same =
                |class: Priority| peer.classes[class as usize] == ours.classes[class as usize];
            self.handshake = Handshake::Complete(peer.clone());
            let list = self.listed.clone();
            if list.values().any(|listed| listed.is_relayed) {
                self.begin_relaying(list.iter());
            }
            self.begin(list.iter(), same);
        } else {
            self.handshake = Handshake::AwaitingSchema(peer);
            let list = self.listed.clone().into_iter().collect();
            self.classes[Priority::High as usize].queued.push_back(Part::Schema(list));
        }
        Ok(())
    }

    /// Compares the two schemas, and begins with the classes that are not the same.
    fn begin<'a>(
        &mut self,
        theirs: impl Iterator<Item = (&'a ObjectId, &'a Listed)>,
        is_same: impl Fn(Priority) -> bool,
    ) {
        let (mut only_there, mut other_types) = (Vec::new(), Vec::new());
        let mut both = BTreeMap::new();
        for (name, their) in theirs {
            // What the peer only passes on, and what is of a type of a later version, is passed on.
            let Some(their) = &their.entry() else { continue };
            match self.list.get(name) {
                None => only_there.push((name.clone(), their.kind)),
                Some(our) if our.kind != their.kind => {
                    other_types.push((name.clone(), our.kind, their.kind));
                }
                Some(our) => {
                    both.insert(name.clone(), SharedObject::new(name, our, their));
                }
            }
        }
        let is_here = |(name, _): &(&ObjectId, &Entry)| {
            !both.contains_key(*name)
                && other_types.binary_search_by_key(name, |(other, ..)| other).is_err()
        };
        let only_here = self.list.iter().filter(is_here);
        let only_here: Vec<_> = only_here.map(|(name, our)| (name.clone(), our.kind)).collect();
        if !only_there.is_empty() || !only_here.is_empty() || !other_types.is_empty() {
            let event = Event::SchemaDiffers { only_there, only_here, other_types };
            self.events.push_back(event);
        }
        self.objects = both.into_values().collect();
        for class in CLASSES {
            let indexes = self.of_class(class);
            if is_same(class) || indexes.is_empty() {
                self.finish(class, Outcome::Verified);
            } else {
                self.classes[class as usize].exchange = Exchange::BEGUN;
                for index in indexes {
                    self.objects[index].is_to_announce = true;
                }
            }
        }
    }

    fn on_chunk(&mut self, replica: &mut Replica, chunk: &Chunk<'_>) -> Result<(), Error> {
        let limit = self.config.max_object.saturating_add(BESIDE_A_DELTA);
        match self.classes[chunk.class as usize].incoming.add(chunk, limit)? {
            Received::More => Ok(()),
            Received::Lost => {
                self.ask_again(chunk.class);
                Ok(())
            }
            Received::Part(part) => self.on(replica, decode_part(&part)?),
        }
    }

    fn on_announcement(
        &mut self,
        class: Priority,
        inline: bool,
        vectors: &[(usize, Cow<'_, [u8]>)],
    ) -> Result<(), Error> {
        for (index, bytes) in vectors {
            self.object(*index)?;
            let tables = self.tables.all();
            let known = DecodeContext { actor_tables: &tables, ..DecodeContext::default() };
            let vector = Vector::decode(bytes, &known);
            let vector = vector.map_err(|error| Error::malformed(error, "a vector"))?;
            ActorTables::remember(&mut self.tables.theirs, vector.actor_table());
            let most = self.most_announced();
            let object = &mut self.objects[*index];
            object.on_answered(most)?;
            object.on_announced(vector, inline);
        }
        self.classes[class as usize].exchange.on_heard();
        Ok(())
    }

    fn on_questions(&mut self, locations: Vec<TreeLocation>) -> Result<(), Error> {
        for location in locations {
            let class = self.object(location.object)?.class;
            self.asked += 1;
            if self.asked > MOST_ASKED {
                return Err(Error::TooMuch { what: "questions", limit: MOST_ASKED });
            }
            self.classes[class as usize].asked.push_back(location);
        }
        Ok(())
    }

    /// Goes on with the search that asked; ignores an answer that nobody asked for.
    fn on_answer(&mut self, replica: &mut Replica, location: TreeLocation, answer: Answer) {
        let Self { diffs, objects, config, .. } = self;
        let diff = diffs.iter_mut().find(|diff| diff.object == location.object);
        let Some(diff) = diff else { return };
        if let Ok(object) = replica.object_mut(&objects[diff.object].name) {
            diff.on_answer(&location, answer, object, config);
        }
    }

    fn on_checkpoints(
        &mut self,
        replica: &mut Replica,
        class: Priority,
        is_final: bool,
        checkpoints: &[(usize, Checkpoint)],
    ) -> Result<(), Error> {
        for (index, checkpoint) in checkpoints {
            self.object(*index)?;
            let object = &mut self.objects[*index];
            (object.awaits_names, object.awaits_piece) = (false, false);
            keep(&mut object.their_checkpoints, *checkpoint, &self.config);
            self.compare(replica, *index);
            self.ask_for_lost(replica, *index);
        }
        self.classes[class as usize].exchange.on_checkpoints(is_final);
        Ok(())
    }

    /// The peer sent a checkpoint. If it can only be ahead of this side, a delta of it was lost.
    fn ask_for_lost(&mut self, replica: &Replica, index: usize) {
        let object = &self.objects[index];
        let class = &self.classes[object.class as usize];
        let is_open = class.exchange.is_open()
            && !object.tells_openings
            && !class.incoming.is_open()
            && object.status == Status::Active
            && object.compared.is_none();
        let (Some(peer), Ok(vector)) = (&object.peer, replica.vector(&object.name)) else {
            return;
        };
        if is_open && peer.sent == vector {
            self.ask_for_rest(replica, index);
        }
    }

    fn on_skip(&mut self, index: usize, reason: SkipReason, bytes: u64) -> Result<(), Error> {
        let object = self.object(index)?;
        let class = object.class;
        match reason {
            SkipReason::OverBudget if object.may_be_dropped => {
                self.drop_object(index, Side::There, bytes);
            }
            SkipReason::OverBudget => {
                let expected = "an object that may be dropped";
                return Err(Error::malformed("an object left out for the budget", expected));
            }
            SkipReason::Refused => {
                self.refuse_object(index, "the peer refused what was sent of it".into());
            }
            SkipReason::TooLarge => {
                let reason = format!(
                    "its changes there take {bytes} bytes, more than are allowed: allow more on \
                     both sides"
                );
                self.refuse_object(index, reason);
            }
        }
        self.classes[class as usize].exchange.on_heard();
        Ok(())
    }

    /// How many announcements of one object are answered.
    pub(super) fn most_announced(&self) -> u32 {
        self.config.max_rounds.saturating_add(MOST_ANNOUNCED)
    }

    /// The object of that number.
    pub(super) fn object(&self, index: usize) -> Result<&SharedObject, Error> {
        let object = self.objects.get(index);
        object.ok_or_else(|| Error::malformed(index, "the number of an object that both have"))
    }

    /// The numbers of the objects of a class.
    pub(super) fn of_class(&self, class: Priority) -> Vec<usize> {
        (0..self.objects.len()).filter(|index| self.objects[*index].class == class).collect()
    }
}

// How classes end.
impl Session {
    /// Ends a class.
    fn finish(&mut self, class: Priority, outcome: Outcome) {
        let state = &mut self.classes[class as usize];
        state.exchange = Exchange::Done(outcome);
        let changes = state.changes;
        if self.objects.iter().any(|object| object.class == class) {
            self.events.push_back(Event::ClassDone { class, outcome, changes });
        }
    }

    /// Ends the searches and classes that are over.
    fn conclude(&mut self) {
        let (over, open) = std::mem::take(&mut self.diffs).into_iter().partition(TreeDiff::is_over);
        self.diffs = open;
        for diff in Vec::<TreeDiff>::into_iter(over) {
            let object = &self.objects[diff.object];
            let (name, kind) = (object.name.clone(), object.kind);
            let found = diff.finish(name, kind, self.config.max_records);
            self.events.push_back(Event::Discrepancy(found));
        }
        for class in CLASSES {
            let state = &self.classes[class as usize];
            if !state.exchange.is_open() || state.is_busy() {
                continue;
            }
            let objects = self.objects.iter().filter(|object| object.class == class);
            let is_over = state.exchange == Exchange::BothFinal
                || objects.clone().all(SharedObject::is_settled);
            let is_searching =
                self.diffs.iter().any(|diff| self.objects[diff.object].class == class);
            if is_over && !is_searching {
                self.finish(class, outcome(objects));
            }
        }
        if self.is_done() && !std::mem::replace(&mut self.is_reported, true) {
            self.events.push_back(Event::Done);
        }
    }
}
