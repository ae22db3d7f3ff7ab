//! The session: what one side knows of the other, what it says, and what it applies.

use super::descent::Descent;
use super::item::{ActorTables, Class, Item, Phase, State, Theirs, keep, outcome};
use super::message::{
    Answer, ENVELOPE, Envelope, Hello, Place, Point, Reader, Skipped, Summary, fingerprint, kind,
    open, read_schema, write_bytes, write_number, write_schema,
};
use super::schema::Entry;
use super::transfer::{Outgoing, Received};
use super::{CLASSES, Config, Error, Event, Side};
use crate::object::Priority;
use crate::operation::ObjectId;
use crate::optimized::replica::Replica;
use crate::optimized::{CanonicalBytes, Fingerprint, Vector};
use crate::wire::{BaseEncoding, DecodeContext, OriginEncoding};
use std::collections::{BTreeMap, VecDeque};

/// How many places of hash trees the peer may ask for in one session.
const MOST_ASKED: usize = 1 << 16;

/// How many announcements of one object are answered, beside one for each round.
const MOST_ANNOUNCED: u32 = 8;

/// One side of a session. It belongs to one replica; see the [module](super).
///
/// Two that are equal go on alike with equal replicas and messages: so a model checker can keep it
/// in its states (tests/model/main.rs).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Session {
    pub(super) config: Config,
    list: BTreeMap<ObjectId, Entry>,
    schema: Fingerprint,
    ours: Option<Hello>,
    is_greeted: bool,
    pub(super) peer: Option<Hello>,
    owes_schema: bool,
    is_ready: bool,
    /// What both sides have, in the order of the names.
    pub(super) items: Vec<Item>,
    pub(super) classes: [Class; 3],
    pub(super) descents: Vec<Descent>,
    pub(super) actor_tables: ActorTables,
    pub(super) events: VecDeque<Event>,
    /// How many bytes were sent of objects that may be dropped.
    spent: u64,
    asked: usize,
    is_over: bool,
}

impl Session {
    /// A session that is about to begin. Either side may begin, or both.
    pub fn new<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        mut config: Config,
        replica: &Replica<K, V>,
    ) -> Self {
        config.max_message = config.max_message.max(Config::LEAST_MESSAGE);
        let entry = |(name, object): (&ObjectId, &crate::optimized::replica::Object<K, V>)| {
            let kind = object.kind();
            let plain = Entry { kind, priority: Priority::Medium, may_be_dropped: false };
            let entry = config.schema.get(name).copied().unwrap_or(plain);
            (name.clone(), Entry { kind, ..entry })
        };
        let list: BTreeMap<ObjectId, Entry> = replica.objects().iter().map(entry).collect();
        let schema = fingerprint("rejoin/1 schema", &write_schema(list.iter()));
        Self {
            config,
            list,
            schema,
            ours: None,
            is_greeted: false,
            peer: None,
            owes_schema: false,
            is_ready: false,
            items: Vec::new(),
            classes: Class::all(),
            descents: Vec::new(),
            actor_tables: ActorTables::default(),
            events: VecDeque::new(),
            spent: 0,
            asked: 0,
            is_over: false,
        }
    }

    /// Applies a message of the peer. There may be messages to send and events to read then.
    ///
    /// Cost: O(message), and what applying its deltas and refreshing hashes costs.
    ///
    /// # Errors
    /// The session is over: drop it. What was applied before is kept.
    pub fn handle<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        &mut self,
        replica: &mut Replica<K, V>,
        message: &[u8],
    ) -> Result<(), Error> {
        let limit = self.config.max_message;
        if message.len() > limit {
            return Err(Error::TooLong { found: message.len(), limit });
        }
        for (kind, body) in open(message)? {
            if kind == kind::HELLO {
                self.take_hello(replica, body)?;
                continue;
            }
            if self.peer.is_none() {
                return Err(Error::NoHello);
            }
            match kind {
                kind::CHUNK => {
                    let mut reader = Reader::new(body);
                    let class = reader.class()?;
                    let incoming = &mut self.classes[class as usize].incoming;
                    // A packed part may be longer than what it holds, but not by more than this.
                    match incoming.take(&mut reader, self.config.max_object + 64)? {
                        Received::More => {}
                        Received::Lost => self.ask_again(class),
                        Received::Part(part) => match part.split_first() {
                            Some((&(kind::CHUNK | kind::HELLO), _)) | None => {
                                return reader.malformed("a chunk", "another part in chunks");
                            }
                            Some((kind, body)) => self.take_part(replica, *kind, body)?,
                        },
                    }
                }
                kind => self.take_part(replica, kind, body)?,
            }
        }
        self.conclude();
        Ok(())
    }

    /// The next message to send; `None` until there is more to say. Poll until then.
    ///
    /// Cost: that of the deltas and hashes that it holds.
    pub fn poll_message<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        &mut self,
        replica: &mut Replica<K, V>,
    ) -> Option<Vec<u8>> {
        let mut limit = self.config.max_message;
        if let Some(peer) = &self.peer {
            limit = limit.min(usize::try_from(peer.max_message).unwrap_or(usize::MAX));
        }
        let mut message = Envelope::new(limit);
        if !self.is_greeted {
            let hello = self.hello(replica);
            message.push(&hello.write());
            self.is_greeted = true;
        }
        if self.peer.is_some() {
            if self.owes_schema {
                let schema = write_schema(self.list.iter());
                self.classes[0].outgoing = Some(Outgoing::new(Priority::High, schema));
                self.owes_schema = false;
            }
            for class in CLASSES {
                if !self.fill(replica, class, &mut message) {
                    break;
                }
            }
            self.conclude();
        }
        (!message.is_empty()).then(|| message.finish())
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
        self.classes[class as usize].phase == Phase::Done
    }

    /// Whether all classes are done.
    pub fn is_done(&self) -> bool {
        self.is_over
    }

    /// Puts what is to be said of a class into the message. Whether there is room for more.
    fn fill<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        &mut self,
        replica: &mut Replica<K, V>,
        class: Priority,
        message: &mut Envelope,
    ) -> bool {
        if self.classes[class as usize].is_paused {
            return true;
        }
        let whole = Envelope::new(self.config.max_message.min(self.peer_limit())).room();
        loop {
            if self.classes[class as usize].outgoing.is_none() {
                let Some(part) = self.next_part(replica, class) else {
                    return true;
                };
                self.classes[class as usize].outgoing = Some(Outgoing::new(class, part));
            }
            if let Some(outgoing) = &mut self.classes[class as usize].outgoing {
                if !outgoing.fill(message, whole) {
                    return false;
                }
                self.classes[class as usize].outgoing = None;
            }
        }
    }

    fn peer_limit(&self) -> usize {
        let limit = self.peer.as_ref().map(|peer| usize::try_from(peer.max_message));
        limit.and_then(Result::ok).unwrap_or(usize::MAX).max(ENVELOPE)
    }

    /// The numbers of the items of a class.
    pub(super) fn of_class(&self, class: Priority) -> Vec<usize> {
        (0..self.items.len()).filter(|index| self.items[*index].class == class).collect()
    }

    /// What is to be said next of a class.
    fn next_part<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        &mut self,
        replica: &mut Replica<K, V>,
        class: Priority,
    ) -> Option<Vec<u8>> {
        if !self.is_ready {
            return None;
        }
        if let Some(note) = self.classes[class as usize].notes.pop_front() {
            return Some(note);
        }
        if let Some(place) = self.classes[class as usize].asked.pop_front() {
            return Some(self.answer(replica, &place));
        }
        if self.classes[class as usize].phase == Phase::Exchange {
            let indexes = self.of_class(class);
            if indexes.iter().any(|index| self.items[*index].is_to_announce) {
                return Some(self.announcement(replica, &indexes, class));
            }
            let turn = &self.classes[class as usize];
            if turn.is_our_turn && !turn.we_are_through {
                for index in &indexes {
                    if let Some(part) = self.delta(replica, *index) {
                        return Some(part);
                    }
                }
                if let Some(part) = self.points(replica, &indexes, class) {
                    return Some(part);
                }
            }
        }
        let Self { descents, items, config, .. } = self;
        for descent in descents {
            let item = &items[descent.object];
            if item.class == class
                && let Ok(object) = replica.object(&item.name)
                && let Some(part) = descent.ask(object, config)
            {
                return Some(part);
            }
        }
        None
    }

    /// What this side says of itself at the beginning. It stays the same.
    fn hello<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        &mut self,
        replica: &mut Replica<K, V>,
    ) -> Hello {
        if let Some(hello) = &self.ours {
            return hello.clone();
        }
        let classes = CLASSES.map(|class| {
            let (mut vectors, mut states) = (Vec::new(), Vec::new());
            for (name, _) in self.list.iter().filter(|(_, entry)| entry.priority == class) {
                let (Ok(vector), Ok(hash)) = (replica.vector(name), replica.object_hash(name))
                else {
                    continue;
                };
                for text in [&mut vectors, &mut states] {
                    write_bytes(name.as_bytes(), text);
                }
                vectors.extend_from_slice(&vector.fingerprint());
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
        self.ours = Some(hello.clone());
        hello
    }

    fn take_hello<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        &mut self,
        replica: &mut Replica<K, V>,
        body: &[u8],
    ) -> Result<(), Error> {
        let peer = Hello::read(body)?;
        if let Some(before) = &self.peer {
            // A repetition of the same does no harm.
            return if *before == peer { Ok(()) } else { Err(Error::AnotherHello) };
        }
        let ours = self.hello(replica);
        if peer.schema == ours.schema {
            let same =
                |class: Priority| peer.classes[class as usize] == ours.classes[class as usize];
            self.get_ready(self.list.clone().iter(), same);
        } else {
            self.owes_schema = true;
        }
        self.peer = Some(peer);
        Ok(())
    }

    /// Both schemas are known.
    fn get_ready<'a>(
        &mut self,
        theirs: impl Iterator<Item = (&'a ObjectId, &'a Entry)>,
        is_same: impl Fn(Priority) -> bool,
    ) {
        let (mut only_there, mut other_types) = (Vec::new(), Vec::new());
        let mut both = BTreeMap::new();
        for (name, their) in theirs {
            match self.list.get(name) {
                None => only_there.push((name.clone(), their.kind)),
                Some(our) if our.kind != their.kind => {
                    other_types.push((name.clone(), our.kind, their.kind));
                }
                Some(our) => {
                    both.insert(name.clone(), Item::new(name, our, their));
                }
            }
        }
        let is_here = |(name, _): &(&ObjectId, &Entry)| {
            !both.contains_key(*name) && !other_types.iter().any(|(other, ..)| other == *name)
        };
        let only_here = self.list.iter().filter(is_here);
        let only_here: Vec<_> = only_here.map(|(name, our)| (name.clone(), our.kind)).collect();
        if !only_there.is_empty() || !only_here.is_empty() || !other_types.is_empty() {
            let event = Event::SchemaDiffers { only_there, only_here, other_types };
            self.events.push_back(event);
        }
        self.items = both.into_values().collect();
        self.is_ready = true;
        for class in CLASSES {
            let indexes = self.of_class(class);
            if is_same(class) || indexes.is_empty() {
                self.finish(class, super::Outcome::Verified);
            } else {
                self.classes[class as usize].phase = Phase::Exchange;
                for index in indexes {
                    self.items[index].is_to_announce = true;
                }
            }
        }
    }

    /// Tells that a class is over.
    fn finish(&mut self, class: Priority, outcome: super::Outcome) {
        let state = &mut self.classes[class as usize];
        state.phase = Phase::Done;
        let changes = state.changes;
        if self.items.iter().any(|item| item.class == class) {
            self.events.push_back(Event::ClassDone { class, outcome, changes });
        }
        if self.classes.iter().all(|class| class.phase == Phase::Done) {
            self.is_over = true;
            self.events.push_back(Event::Done);
        }
    }

    /// Ends searches and classes that are over.
    fn conclude(&mut self) {
        let (over, open) =
            std::mem::take(&mut self.descents).into_iter().partition(Descent::is_over);
        self.descents = open;
        for descent in Vec::<Descent>::into_iter(over) {
            let item = &self.items[descent.object];
            let (name, kind) = (item.name.clone(), item.kind);
            let found = descent.finish(name, kind, self.config.max_records);
            self.events.push_back(Event::Discrepancy(found));
        }
        for class in CLASSES {
            let state = &self.classes[class as usize];
            let is_busy = state.outgoing.is_some() || !state.notes.is_empty();
            if state.phase != Phase::Exchange || is_busy {
                continue;
            }
            let mut items = self.items.iter().filter(|item| item.class == class);
            let is_last = state.we_are_through && state.peer_is_through;
            let is_searched =
                !self.descents.iter().any(|descent| self.items[descent.object].class == class);
            if is_searched && (is_last || items.all(Item::is_settled)) {
                let outcome = outcome(self.items.iter().filter(|item| item.class == class));
                self.finish(class, outcome);
            }
        }
    }

    /// Announces vectors.
    fn announcement<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        &mut self,
        replica: &Replica<K, V>,
        indexes: &[usize],
        class: Priority,
    ) -> Vec<u8> {
        // Whoever announces anew has refused something, and wants nothing by fingerprints.
        let inline = indexes.iter().any(|index| self.items[*index].refusals > 0);
        let mut part = vec![kind::ANNOUNCE, class as u8, u8::from(inline)];
        let listed = indexes.iter().filter(|index| self.items[**index].is_to_announce);
        let listed: Vec<usize> = listed.copied().collect();
        write_number(listed.len() as u64, &mut part);
        for index in listed {
            let item = &mut self.items[index];
            let vector = replica.vector(&item.name).unwrap_or_default();
            let naming = match !inline && self.actor_tables.are_known(vector.actor_table()) {
                true => OriginEncoding::ActorTable,
                false => OriginEncoding::Inline,
            };
            write_number(index as u64, &mut part);
            write_bytes(&vector.encode(naming), &mut part);
            ActorTables::remember(&mut self.actor_tables.ours, vector.actor_table());
            item.announce(vector);
        }
        part
    }

    /// What the peer lacks of an object.
    fn delta<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        &mut self,
        replica: &Replica<K, V>,
        index: usize,
    ) -> Option<Vec<u8>> {
        let most = self.config.max_rounds.saturating_add(MOST_ANNOUNCED);
        let item = &self.items[index];
        let Theirs { told, base, inline, .. } = item.theirs.as_ref()?;
        let vector = replica.vector(&item.name).ok()?;
        if item.state != State::Active || told.covers(&vector) || item.sent >= most {
            return None;
        }
        let delta = replica.delta_since(&item.name, told).ok()?;
        let are_known = self.actor_tables.are_known(told.actor_table())
            && self.actor_tables.are_known(delta.seen().actor_table());
        let naming =
            if are_known && !inline { OriginEncoding::ActorTable } else { OriginEncoding::Inline };
        let by =
            if told == base && !inline { BaseEncoding::Fingerprint } else { BaseEncoding::Inline };
        let bytes = delta.encode(naming, by);
        let peer = self.peer.as_ref()?;
        let limit = usize::try_from(peer.max_object).unwrap_or(usize::MAX);
        let limit = limit.min(self.config.max_object);
        let budget = [self.config.budget, peer.budget].into_iter().flatten().min();
        let length = bytes.len() as u64;
        let packed = pack(&bytes, peer.can_unpack);
        let price = packed.len() as u64;
        let would_exceed = budget.is_some_and(|budget| self.spent.saturating_add(price) > budget);
        if item.may_be_dropped && would_exceed {
            self.drop_item(index, Side::Here, price);
            return Some(Skipped::Dropped.write(index, price));
        }
        if bytes.len() > limit {
            let reason = format!(
                "its changes take {length} bytes, and {limit} are allowed: allow more on both sides"
            );
            self.refuse_item(index, reason);
            return Some(Skipped::TooLarge.write(index, length));
        }
        let mut part = vec![kind::DELTA];
        write_number(index as u64, &mut part);
        part.extend_from_slice(&packed);
        let item = &mut self.items[index];
        item.sent += 1;
        if item.may_be_dropped {
            self.spent = self.spent.saturating_add(price);
        }
        if let Some(theirs) = &mut item.theirs {
            theirs.told.join(delta.seen());
        }
        Some(part)
    }

    /// Names points, where it is time.
    fn points<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        &mut self,
        replica: &mut Replica<K, V>,
        indexes: &[usize],
        class: Priority,
    ) -> Option<Vec<u8>> {
        let is_to_name = |index: &&usize| self.items[**index].state == State::Active;
        let listed: Vec<usize> = indexes.iter().filter(is_to_name).copied().collect();
        let mut is_last = self.classes[class as usize].is_last_round(&self.config);
        for index in &listed {
            let item = &self.items[*index];
            let vector = replica.vector(&item.name).unwrap_or_default();
            match &item.theirs {
                Some(theirs) if vector.covers(&theirs.seen) => {
                    is_last |= !theirs.told.covers(&vector);
                }
                _ if self.classes[class as usize].peer_is_through => {}
                _ => return None,
            }
        }
        if listed.is_empty() {
            return None;
        }
        let mut part = vec![kind::POINTS, class as u8, u8::from(is_last)];
        write_number(listed.len() as u64, &mut part);
        for index in listed {
            let item = &mut self.items[index];
            let vector = replica.vector(&item.name).unwrap_or_default().fingerprint();
            let hash = replica.object_hash(&item.name).ok()?;
            let point = Point { vector, hash };
            write_number(index as u64, &mut part);
            point.write(&mut part);
            keep(&mut item.our_points, point, &self.config);
            self.compare(replica, index);
        }
        let state = &mut self.classes[class as usize];
        state.rounds += 1;
        state.is_our_turn = false;
        state.we_are_through |= is_last;
        Some(part)
    }

    fn answer<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        &self,
        replica: &mut Replica<K, V>,
        place: &Place,
    ) -> Vec<u8> {
        let answer = match replica.object_mut(&self.items[place.object].name) {
            Ok(object) if object.vector().fingerprint() == place.vector => {
                Answer::new(object.look(place.at))
            }
            _ => Answer::Moved,
        };
        answer.write(place)
    }
}

/// A delta as it is sent.
fn pack(bytes: &[u8], can_unpack: bool) -> std::borrow::Cow<'_, [u8]> {
    #[cfg(feature = "compression")]
    if can_unpack && bytes.len() > 256 {
        return crate::wire::compress(bytes);
    }
    let _ = can_unpack;
    bytes.into()
}

// What the peer says.
impl Session {
    fn take_part<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        &mut self,
        replica: &mut Replica<K, V>,
        kind: u8,
        body: &[u8],
    ) -> Result<(), Error> {
        if kind == kind::SCHEMA {
            if !self.is_ready {
                let list = read_schema(body)?;
                self.get_ready(list.iter().map(|(name, entry)| (name, entry)), |_| false);
            }
            return Ok(());
        }
        if !self.is_ready {
            return Err(Error::NoHello);
        }
        match kind {
            kind::ANNOUNCE => self.take_announcement(body),
            kind::DELTA => self.take_delta(replica, body),
            kind::POINTS => self.take_points(replica, body),
            kind::ASK => self.take_question(body),
            kind::ANSWER => {
                let (place, answer) = Answer::read(body)?;
                let Self { descents, items, config, .. } = self;
                let descent = descents.iter_mut().find(|descent| descent.object == place.object);
                if let Some(descent) = descent
                    && let Ok(object) = replica.object_mut(&items[place.object].name)
                {
                    descent.take(&place, answer, object, config);
                }
                Ok(())
            }
            kind::SKIP => {
                let (index, why, bytes) = Skipped::read(body)?;
                let index = self.index(index, &Reader::new(body))?;
                match why {
                    Skipped::Dropped if self.items[index].may_be_dropped => {
                        self.drop_item(index, Side::There, bytes);
                    }
                    Skipped::Dropped => {
                        return Reader::new(body)
                            .malformed("an object dropped", "one that may be dropped");
                    }
                    Skipped::Refused => {
                        self.refuse_item(index, "the peer refused what was sent of it".into());
                    }
                    Skipped::TooLarge => self.refuse_item(
                        index,
                        format!(
                            "its changes there take {bytes} bytes, more than are allowed: allow \
                             more on both sides"
                        ),
                    ),
                }
                let class = self.items[index].class;
                self.classes[class as usize].is_our_turn = true;
                Ok(())
            }
            kind => Reader::new(&[kind]).malformed(kind, "the kind of a part: 1 to 9"),
        }
    }

    /// The number of an item, checked.
    pub(super) fn index(&self, index: usize, reader: &Reader<'_>) -> Result<usize, Error> {
        match index < self.items.len() {
            true => Ok(index),
            false => reader.malformed(index, "the number of an object that both have"),
        }
    }

    fn take_announcement(&mut self, body: &[u8]) -> Result<(), Error> {
        let mut reader = Reader::new(body);
        let class = reader.class()?;
        let inline = reader.byte("whether to name everything")? == 1;
        let count = reader.size("a number of vectors")?;
        for _ in 0..count {
            let index = reader.size("the number of an object")?;
            let index = self.index(index, &reader)?;
            let bytes = reader.bytes("a vector")?;
            let actor_tables = self.actor_tables.all();
            let known = DecodeContext { actor_tables: &actor_tables, ..DecodeContext::default() };
            let vector = match Vector::decode(bytes, &known) {
                Ok(vector) => vector,
                Err(error) => return reader.malformed(error, "a vector"),
            };
            ActorTables::remember(&mut self.actor_tables.theirs, vector.actor_table());
            let most = self.config.max_rounds.saturating_add(MOST_ANNOUNCED);
            let item = &mut self.items[index];
            item.answered += 1;
            if item.answered > most {
                return Err(Error::TooMuch { what: "announcements", limit: most as usize });
            }
            item.hear(vector, inline);
        }
        reader.end()?;
        self.classes[class as usize].is_our_turn = true;
        Ok(())
    }

    fn take_question(&mut self, body: &[u8]) -> Result<(), Error> {
        let mut reader = Reader::new(body);
        let count = reader.size("a number of places")?;
        for _ in 0..count {
            let place = Place::read(&mut reader)?;
            let index = self.index(place.object, &reader)?;
            self.asked += 1;
            if self.asked > MOST_ASKED {
                return Err(Error::TooMuch { what: "questions", limit: MOST_ASKED });
            }
            let class = self.items[index].class;
            self.classes[class as usize].asked.push_back(place);
        }
        reader.end()
    }

    fn take_points<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        &mut self,
        replica: &mut Replica<K, V>,
        body: &[u8],
    ) -> Result<(), Error> {
        let mut reader = Reader::new(body);
        let class = reader.class()?;
        let is_last = reader.byte("whether these are the last points")? == 1;
        let count = reader.size("a number of points")?;
        for _ in 0..count {
            let index = reader.size("the number of an object")?;
            let index = self.index(index, &reader)?;
            let point = Point::read(&mut reader)?;
            keep(&mut self.items[index].their_points, point, &self.config);
            self.compare(replica, index);
            self.miss(replica, index);
        }
        reader.end()?;
        let state = &mut self.classes[class as usize];
        state.is_our_turn = true;
        state.peer_is_through |= is_last;
        Ok(())
    }

    /// The peer has named a point. Where it can only be ahead, something of it was lost.
    fn miss<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized>(
        &mut self,
        replica: &Replica<K, V>,
        index: usize,
    ) {
        let item = &self.items[index];
        let is_open = self.classes[item.class as usize].phase == Phase::Exchange
            && !self.classes[item.class as usize].incoming.is_open()
            && item.state == State::Active
            && item.compared.is_none();
        let (Some(theirs), Ok(vector)) = (&item.theirs, replica.vector(&item.name)) else {
            return;
        };
        if is_open && theirs.told == vector {
            self.ask_for(index, "what was sent of it did not arrive");
        }
    }
}
