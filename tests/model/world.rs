//! A state of the model, and its steps: the shipped sessions and replicas, and a network that
//! loses, repeats and reorders their messages.

use super::fault::{Echo, Fault};
use super::meaning::{
    Bytes, History, Node, Part, Text, Vectors, covers, history, holds_what_it_means, node, note,
    origin, vectors,
};
use rejoin::object::{ObjectType, Priority};
use rejoin::operation::Operation;
use rejoin::optimized::replica::Objects;
use rejoin::sync::{Config, Event, Outcome, Schema, Session};
use stateright::{Model, Property};
use std::collections::{BTreeMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex};

/// An operation of a user.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Write {
    Add(&'static str),
    Remove(&'static str),
    Put(&'static str, Option<&'static str>),
    Increment(u64),
}

impl Write {
    /// The object, and the operation on it. The first replica's clock is ahead of the others', so
    /// that its writes win over later ones that have seen them.
    pub fn operation(self, at: usize) -> (&'static str, Operation<&'static str, Text>) {
        let timestamp = [30, 10, 20][at];
        match self {
            Self::Add(element) => ("set", Operation::Add { element }),
            Self::Remove(element) => ("set", Operation::Remove { element }),
            Self::Put(key, value) => {
                ("map", Operation::Put { key, value: Text(value.unwrap_or("null")), timestamp })
            }
            Self::Increment(amount) => ("count", Operation::Increment { amount }),
        }
    }
}

/// The operation in the form of replicas.
pub fn taken(
    operation: &Operation<&'static str, Text>,
) -> Operation<&'static str, Option<&'static str>> {
    let value = |text: &Text| (text.0 != "null").then_some(text.0);
    match operation {
        Operation::Add { element } => Operation::Add { element },
        Operation::Remove { element } => Operation::Remove { element },
        Operation::Increment { amount } => Operation::Increment { amount: *amount },
        Operation::Put { key, value: text, timestamp } => {
            Operation::Put { key, value: value(text), timestamp: *timestamp }
        }
        _ => unreachable!("no user does this"),
    }
}

/// Some operation on an object of a type.
pub fn any_operation(kind: ObjectType) -> Operation<&'static str, Option<&'static str>> {
    let timestamp = 99;
    match kind {
        ObjectType::GCounter => Operation::Increment { amount: 1 },
        ObjectType::OrSet => Operation::Add { element: "probe" },
        ObjectType::LwwMap => Operation::Put { key: "probe", value: None, timestamp },
        ObjectType::LwwRegister => Operation::Write { value: None, timestamp },
        ObjectType::Log => Operation::Append { entry: Some("probe"), timestamp },
        other => unreachable!("no schema here has a {}", other.as_str()),
    }
}

/// The bounds of an exploration.
#[derive(Clone, Debug)]
pub struct Scope {
    pub name: &'static str,
    /// The objects, out of the set, the map and the counter.
    pub schema: Schema,
    pub max_rounds: u32,
    /// The operations of each replica's user, in any order, and how many in all.
    pub menus: Vec<(&'static [Write], u8)>,
    /// The links between replicas, and how many sessions each has.
    pub links: Vec<([usize; 2], u8)>,
    /// How many messages are lost, arrive twice, overtake another, or arrive in the next session;
    /// and how many times a process dies.
    pub losses: u8,
    pub repeats: u8,
    pub swaps: u8,
    pub late: u8,
    pub crashes: u8,
    /// Whether each side sends at once everything that it can; otherwise as late as it may.
    pub is_eager: bool,
    /// Whether a third replica's name was used twice, so that two replicas begin with different
    /// states at equal vectors.
    pub is_forked: bool,
    pub fault: Option<Fault>,
}

/// A rule that must hold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Rule {
    /// A replica never forgets what it has seen, except unstored operations when it dies.
    NothingIsLost,
    /// The state of a replica follows from the operations that it has seen, and it has seen only
    /// operations that were performed.
    StatesAreRight,
    /// No session reports a difference or a fork among honest replicas.
    NoFalseAlarm,
    /// No session verifies states that differ at equal vectors.
    NoMissedDifference,
    /// A verified class has everything that both sides had when the session began.
    VerifiedIsComplete,
    /// An undisturbed session ends, and verifies all classes without writes in between.
    SessionsEnd,
    /// Whatever happened: once all replicas meet they are the same, and have everything that any of
    /// them had.
    AllConverge,
}

/// A broken rule, and how it is broken.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Finding {
    pub rule: Rule,
    pub what: String,
}

fn found<T>(rule: Rule, what: impl Into<String>) -> Result<T, Finding> {
    Err(Finding { rule, what: what.into() })
}

/// A replica: the process, and its store.
#[derive(Clone, PartialEq, Hash, Debug)]
pub struct Site {
    pub live: Part<Node>,
    durable: Part<Node>,
    /// What the store has confirmed.
    promised: Part<Vectors>,
    incarnation: u64,
    writes: u8,
    /// A replica with other operations under the same names; only with that fault.
    twin: Option<Part<Node>>,
}

/// Two sessions, and the messages on their way to each.
#[derive(Clone, PartialEq, Hash, Debug)]
pub struct Connection {
    sessions: [Part<Session>; 2],
    on_the_way: [Vec<Arc<Vec<u8>>>; 2],
    /// What each side had seen when it sent its greeting.
    began: [Option<Part<Vectors>>; 2],
    /// How each class ended, on each side.
    outcomes: [Vec<(Priority, Outcome)>; 2],
    /// Whether each side has named the differing key.
    named: [bool; 2],
    /// Whether a message was lost, repeated, late or out of order.
    is_harmed: bool,
    /// Whether a replica saw something new since the first greeting, other than by this session.
    is_written: bool,
    echo: Echo,
}

impl Connection {
    fn is_done(&self) -> bool {
        self.sessions.iter().all(|session| session.is_done())
            && self.on_the_way.iter().all(Vec::is_empty)
    }

    fn is_verified(&self) -> bool {
        let mut outcomes = self.outcomes.iter().flatten();
        self.is_done() && outcomes.all(|(_, outcome)| *outcome == Outcome::Verified)
    }
}

#[derive(Clone, PartialEq, Hash, Debug)]
pub struct Link {
    pub ends: [usize; 2],
    sessions: u8,
    connection: Option<Connection>,
    /// Messages on their way when a connection was cut, with the side that they go to.
    late: Vec<(usize, Arc<Vec<u8>>)>,
}

/// A state of the whole model.
///
/// Its hash covers all of it: all fields of a session (`Session` derives `Hash`), and everything
/// observable of a replica, both as 16 bytes of BLAKE3. `stateright` keeps 64 bits of it: among a
/// million states two different ones are confused with a chance of one in 40 million.
#[derive(Clone, PartialEq, Hash, Debug)]
pub struct World {
    pub sites: Vec<Site>,
    pub links: Vec<Link>,
    history: Part<History>,
    losses: u8,
    repeats: u8,
    swaps: u8,
    late: u8,
    crashes: u8,
    pub finding: Option<Finding>,
}

/// One step. Sides are numbered as the ends of the link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    Write {
        at: usize,
        write: Write,
    },
    Store {
        at: usize,
    },
    Crash {
        at: usize,
    },
    Connect {
        link: usize,
    },
    Cut {
        link: usize,
    },
    /// A side sends its next message.
    Speak {
        link: usize,
        side: usize,
    },
    /// A side applies the first message on its way to it, or the one after that.
    Hear {
        link: usize,
        side: usize,
        overtakes: bool,
        stays: bool,
    },
    /// A side applies a message of an earlier session.
    HearLate {
        link: usize,
    },
    Lose {
        link: usize,
        side: usize,
    },
}

/// The model: its bounds, and the states already found to converge.
#[derive(Debug)]
pub struct Sync {
    pub scope: Scope,
    config: Config,
    healed: Mutex<HashSet<[u8; 16]>>,
}

impl Sync {
    pub fn new(scope: Scope) -> Self {
        let mut config = Config::new(scope.schema.clone());
        config.max_rounds = scope.max_rounds;
        config.revisions = false;
        Self { scope, config, healed: Mutex::default() }
    }

    fn session(&self, node: &Node) -> Part<Session> {
        Part::of(Session::new(self.config.clone(), node))
    }

    /// The initial state.
    fn beginning(&self) -> World {
        let mut events = History::new();
        let sites = self.scope.menus.iter().enumerate().map(|(at, (_, writes))| {
            let mut objects =
                Node::new(origin(at, 0), &self.scope.schema.types()).objects().clone();
            if self.scope.is_forked {
                objects = forked(at, objects, &mut events);
            }
            let live = node(Node::restored(origin(at, 0), objects));
            let promised = Part::of(vectors(&live));
            let durable = live.clone();
            Site { live, durable, promised, incarnation: 0, writes: *writes, twin: None }
        });
        let sites = sites.collect();
        let link = |(ends, sessions): &([usize; 2], u8)| Link {
            ends: *ends,
            sessions: *sessions,
            connection: None,
            late: Vec::new(),
        };
        let Scope { losses, repeats, swaps, late, crashes, .. } = self.scope;
        World {
            sites,
            links: self.scope.links.iter().map(link).collect(),
            history: history(events),
            losses,
            repeats,
            swaps,
            late,
            crashes,
            finding: None,
        }
    }
}

/// The key with different values in two replicas from the beginning.
pub const FORKED: &str = "forked";

/// A third replica's operation, which it sent to others as another one under the same name.
fn forked(at: usize, objects: Objects, events: &mut History) -> Objects {
    let mut third = Node::restored(origin(2, 0), objects);
    let value = Text(["true", "false", "null"][at]);
    let operation = Operation::Put { key: FORKED, value, timestamp: 1 };
    note(events, &third, "map", operation.clone());
    third.perform("map", taken(&operation), None).expect("there is room");
    third.objects().clone()
}

impl Model for Sync {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![self.beginning()]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        if world.finding.is_some() {
            return;
        }
        for (at, site) in world.sites.iter().enumerate() {
            if site.writes > 0 {
                steps.extend(
                    self.scope.menus[at].0.iter().map(|write| Step::Write { at, write: *write }),
                );
            }
            // If no process dies any more, the stores do not matter.
            if world.crashes > 0 {
                if *site.promised != vectors(&site.live) {
                    steps.push(Step::Store { at });
                }
                steps.push(Step::Crash { at });
            }
        }
        for (link, Link { sessions, connection, late, .. }) in world.links.iter().enumerate() {
            let Some(connection) = connection else {
                if *sessions > 0 {
                    steps.push(Step::Connect { link });
                }
                continue;
            };
            if *sessions > 0 {
                steps.push(Step::Cut { link });
            }
            if !late.is_empty() {
                steps.push(Step::HearLate { link });
            }
            for side in [0, 1] {
                if !self.scope.is_eager {
                    steps.push(Step::Speak { link, side });
                }
                let count = connection.on_the_way[side].len();
                let hear = |overtakes, stays| Step::Hear { link, side, overtakes, stays };
                if count > 0 {
                    steps.push(hear(false, false));
                    if world.losses > 0 {
                        steps.push(Step::Lose { link, side });
                    }
                    if world.repeats > 0 {
                        steps.push(hear(false, true));
                    }
                }
                if count > 1 && world.swaps > 0 {
                    steps.push(hear(true, false));
                }
            }
        }
    }

    fn next_state(&self, world: &World, step: Step) -> Option<World> {
        let mut next = world.clone();
        let taken = self.take(&mut next, step).and_then(|is_changed| {
            if self.scope.is_eager {
                self.speak_all(&mut next)?;
            }
            Ok(is_changed)
        });
        match taken {
            Ok(true) => {}
            Ok(false) => return None,
            Err(finding) => next.finding = Some(finding),
        }
        if next.finding.is_none() {
            next.finding = self.audit(&next).err();
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        fn holds(world: &World, rule: Rule) -> bool {
            world.finding.as_ref().is_none_or(|finding| finding.rule != rule)
        }
        fn connections(world: &World) -> impl Iterator<Item = &Connection> {
            world.links.iter().filter_map(|link| link.connection.as_ref())
        }
        let mut properties = vec![
            Property::<Self>::always("nothing is lost", |_, world| {
                holds(world, Rule::NothingIsLost)
            }),
            Property::always("states are right", |_, world| holds(world, Rule::StatesAreRight)),
            Property::always("no false alarm", |_, world| holds(world, Rule::NoFalseAlarm)),
            Property::always("no missed difference", |_, world| {
                holds(world, Rule::NoMissedDifference)
            }),
            Property::always("verified is complete", |_, world| {
                holds(world, Rule::VerifiedIsComplete)
            }),
            Property::always("sessions end", |_, world| holds(world, Rule::SessionsEnd)),
            Property::always("all converge", |_, world| holds(world, Rule::AllConverge)),
        ];
        // Reaching these shows that the rules are not vacuous.
        if self.scope.is_forked {
            properties.push(Property::sometimes("both sides name what differs", |_, world| {
                connections(world).any(|connection| connection.named == [true; 2])
            }));
            return properties;
        }
        properties.push(Property::sometimes("two verify what both wrote", |_, world| {
            connections(world).any(|connection| match &connection.began {
                [Some(here), Some(there)] => {
                    connection.is_verified() && !covers(here, there) && !covers(there, here)
                }
                _ => false,
            })
        }));
        if self.scope.crashes > 0 {
            properties.push(Property::sometimes(
                "one that lost something verifies",
                |_, world: &World| {
                    world.links.iter().any(|link| {
                        link.connection.as_ref().is_some_and(Connection::is_verified)
                            && link.ends.iter().any(|at| world.sites[*at].incarnation > 0)
                    })
                },
            ));
        }
        if self.scope.repeats > 0 {
            properties.push(Property::sometimes("a harmed session verifies", |_, world| {
                connections(world)
                    .any(|connection| connection.is_harmed && connection.is_verified())
            }));
        }
        if self.scope.max_rounds == 1 {
            properties.push(Property::sometimes("writes in between end a session", |_, world| {
                let is_it = |(_, outcome): &(_, Outcome)| *outcome == Outcome::WritesInBetween;
                connections(world).any(|connection| {
                    connection.is_done() && connection.outcomes.iter().flatten().any(is_it)
                })
            }));
        }
        properties
    }
}

impl Sync {
    /// Takes a step. Returns whether it changes anything.
    fn take(&self, world: &mut World, step: Step) -> Result<bool, Finding> {
        match step {
            Step::Write { at, write } => self.write(world, at, write)?,
            Step::Store { at } => self.store(&mut world.sites[at]),
            Step::Crash { at } => self.crash(world, at)?,
            Step::Connect { link } => {
                let Link { ends, sessions, connection, .. } = &mut world.links[link];
                *sessions -= 1;
                *connection = Some(Connection {
                    sessions: ends.map(|at| self.session(&world.sites[at].live)),
                    on_the_way: Default::default(),
                    began: Default::default(),
                    outcomes: Default::default(),
                    named: Default::default(),
                    is_harmed: false,
                    is_written: false,
                    echo: Echo::default(),
                });
            }
            Step::Cut { link } => cut(&mut world.links[link], &mut world.late),
            Step::Speak { link, side } => return self.speak(world, link, side),
            Step::Hear { link, side, overtakes, stays } => {
                let connection = open(world, link);
                let messages = &mut connection.on_the_way[side];
                let at = usize::from(overtakes);
                let message = if stays { messages[at].clone() } else { messages.remove(at) };
                connection.is_harmed |= overtakes || stays;
                world.swaps -= u8::from(overtakes);
                world.repeats -= u8::from(stays);
                self.hear(world, link, side, &message)?;
            }
            Step::HearLate { link } => {
                let (side, message) = world.links[link].late.remove(0);
                open(world, link).is_harmed = true;
                self.hear(world, link, side, &message)?;
            }
            Step::Lose { link, side } => {
                let connection = open(world, link);
                connection.on_the_way[side].remove(0);
                connection.is_harmed = true;
                world.losses -= 1;
            }
        }
        Ok(true)
    }

    fn write(&self, world: &mut World, at: usize, write: Write) -> Result<(), Finding> {
        let (object, operation) = write.operation(at);
        let site = &mut world.sites[at];
        site.writes -= 1;
        let mut events = (*world.history).clone();
        note(&mut events, &site.live, object, operation.clone());
        world.history = history(events);
        let mut live = (*site.live).clone();
        let times = if self.scope.fault == Some(Fault::PerformsTwice) { 2 } else { 1 };
        for _ in 0..times {
            if let Err(error) = live.perform(object, taken(&operation), None) {
                return found(Rule::StatesAreRight, format!("an operation is refused: {error}"));
            }
        }
        site.twin = self
            .scope
            .fault
            .and_then(|fault| fault.twin(site.twin.as_ref(), &site.live, object, &operation));
        site.live = node(live);
        self.moved(world, at, None);
        self.check(world, at)
    }

    fn store(&self, site: &mut Site) {
        site.promised = Part::of(vectors(&site.live));
        if self.scope.fault != Some(Fault::LosesWhatWasStored) {
            site.durable = site.live.clone();
        }
    }

    fn crash(&self, world: &mut World, at: usize) -> Result<(), Finding> {
        world.crashes -= 1;
        for link in world.links.iter_mut().filter(|link| link.ends.contains(&at)) {
            cut(link, &mut world.late);
        }
        let site = &mut world.sites[at];
        let lost = *site.promised != vectors(&site.live);
        if lost && self.scope.fault != Some(Fault::KeepsName) {
            site.incarnation += 1;
        }
        let objects = site.durable.objects().clone();
        site.live = node(Node::restored(origin(at, site.incarnation), objects));
        site.twin = None;
        if !covers(&vectors(&site.live), &site.promised) {
            return found(Rule::NothingIsLost, "what was stored is gone after a crash");
        }
        self.check(world, at)
    }

    fn speak_all(&self, world: &mut World) -> Result<(), Finding> {
        for link in 0..world.links.len() {
            for side in [0, 1] {
                while world.links[link].connection.is_some() && self.speak(world, link, side)? {}
            }
        }
        Ok(())
    }

    fn speak(&self, world: &mut World, link: usize, side: usize) -> Result<bool, Finding> {
        let at = world.links[link].ends[side];
        let site = world.sites[at].clone();
        let connection = open(world, link);
        let before = connection.sessions[side].clone();
        let mut session = (*before).clone();
        let is_first = connection.began[side].is_none();
        let fault = self.scope.fault.filter(|_| at == 0);
        let mut speaker = (*site.live).clone();
        match (fault, &site.twin) {
            (Some(Fault::StaleGreeting), _) if is_first => speaker = (*site.durable).clone(),
            (Some(_), Some(twin)) => speaker = (**twin).clone(),
            _ => {}
        }
        let message = session.poll_message(&mut speaker);
        if is_first {
            connection.began[side] = Some(Part::of(vectors(&site.live)));
        }
        let events: Vec<Event> = std::iter::from_fn(|| session.poll_event()).collect();
        connection.sessions[side] = Part::of(session);
        let is_same = connection.sessions[side].digest() == before.digest();
        let is_silent = message.is_none();
        if let Some(mut message) = message {
            if fault == Some(Fault::EchoesHashes) {
                connection.echo.answer(&mut message);
            }
            connection.on_the_way[1 - side].push(Arc::new(message));
        }
        self.listen(world, link, side, events)?;
        Ok(!(is_same && is_silent))
    }

    fn hear(
        &self,
        world: &mut World,
        link: usize,
        side: usize,
        message: &[u8],
    ) -> Result<(), Finding> {
        let at = world.links[link].ends[side];
        let live = world.sites[at].live.clone();
        let connection = open(world, link);
        if connection.began[side].is_none() {
            connection.began[side] = Some(Part::of(vectors(&live)));
        }
        let fault = self.scope.fault.filter(|_| at == 0);
        if fault == Some(Fault::EchoesHashes) {
            connection.echo.hear(message);
        }
        let mut session = (*connection.sessions[side]).clone();
        let mut listener = (*live).clone();
        if let Err(error) = session.handle(&mut listener, message) {
            let is_harmed = connection.is_harmed;
            cut(&mut world.links[link], &mut world.late);
            return match is_harmed {
                true => Ok(()),
                false => found(Rule::SessionsEnd, format!("an honest message is refused: {error}")),
            };
        }
        let events: Vec<Event> = std::iter::from_fn(|| session.poll_event()).collect();
        connection.sessions[side] = Part::of(session);
        let before = vectors(&live);
        if vectors(&listener) != before {
            if let Some(fault) = fault {
                listener = fault.applied(&live, listener);
            }
            let seen = vectors(&listener);
            if !covers(&seen, &before) {
                return found(Rule::NothingIsLost, "a message made a replica see less");
            }
            world.sites[at].live = node(listener);
            if seen != before {
                world.sites[at].twin = None;
                self.moved(world, at, Some(link));
            }
            self.check(world, at)?;
        }
        self.listen(world, link, side, events)
    }

    /// A replica has seen something new: for all its sessions except the one that brought it, that
    /// is a write in between.
    fn moved(&self, world: &mut World, at: usize, by: Option<usize>) {
        for (number, link) in world.links.iter_mut().enumerate() {
            if Some(number) != by
                && link.ends.contains(&at)
                && let Some(connection) = &mut link.connection
            {
                connection.is_written = true;
            }
        }
        if world.crashes == 0 {
            // No process dies any more, so the stores do not matter.
            let site = &mut world.sites[at];
            site.durable = site.live.clone();
            site.promised = Part::of(vectors(&site.live));
        }
    }

    fn check(&self, world: &World, at: usize) -> Result<(), Finding> {
        if self.scope.is_forked {
            // If one name has two operations, the state has no single meaning.
            return Ok(());
        }
        let mut live = (*world.sites[at].live).clone();
        holds_what_it_means(&mut live, &world.history)
            .or_else(|what| found(Rule::StatesAreRight, what))
    }

    /// The events of a session.
    fn listen(
        &self,
        world: &mut World,
        link: usize,
        side: usize,
        events: Vec<Event>,
    ) -> Result<(), Finding> {
        let Some(connection) = &mut world.links[link].connection else { return Ok(()) };
        for event in events {
            match event {
                Event::Changed(_) | Event::Done => {}
                Event::ClassDone { class, outcome, .. } => {
                    connection.outcomes[side].push((class, outcome));
                }
                Event::Discrepancy(found) if self.scope.is_forked => {
                    let keys: Vec<_> = found.records.iter().map(|record| &record.key[..]).collect();
                    connection.named[side] |= keys == [FORKED.as_bytes()];
                }
                other => {
                    return found(Rule::NoFalseAlarm, format!("side {side} reports {other:?}"));
                }
            }
        }
        let [here, there] =
            [side, 1 - side].map(|side| &*world.sites[world.links[link].ends[side]].live);
        let connection = world.links[link].connection.as_ref().expect("it is open");
        for (class, outcome) in &connection.outcomes[side] {
            let of_class = self.scope.schema.iter().filter(|(_, entry)| entry.priority == *class);
            for (name, _) in of_class {
                let seen = |node: &Node| node.vector(name).expect("it is there");
                let hash = |node: &Node| node.clone().object_hash(name).expect("it is there");
                if *outcome != Outcome::Verified {
                    continue;
                }
                if seen(here) == seen(there) && hash(here) != hash(there) {
                    let what =
                        format!("side {side} takes {name} for verified, and both sides differ");
                    return found(Rule::NoMissedDifference, what);
                }
                if self.scope.is_forked && &**name == "map" {
                    let what =
                        format!("side {side} takes {name} for verified, where a key differs");
                    return found(Rule::NoMissedDifference, what);
                }
                // A late greeting may have a vector of an earlier session.
                let is_now = self.scope.late == 0;
                for began in connection.began.iter().flatten().filter(|_| is_now) {
                    let had = began.iter().find(|(of, _)| of == name);
                    if had.is_some_and(|(_, had)| !seen(here).covers(had)) {
                        let what = format!("side {side} lacks what was there of {name} before");
                        return found(Rule::VerifiedIsComplete, what);
                    }
                }
            }
        }
        Ok(())
    }

    /// The rules that must hold in every state.
    fn audit(&self, world: &World) -> Result<(), Finding> {
        for Link { ends, connection, .. } in &world.links {
            let Some(connection) = connection else { continue };
            if connection.on_the_way.iter().any(|messages| !messages.is_empty()) {
                continue;
            }
            let is_sound = !connection.is_harmed;
            if is_sound && !connection.is_done() {
                // A side may only have to be polled to see that it is done.
                let goes_on = |side: usize| {
                    let mut session = (*connection.sessions[side]).clone();
                    let mut live = (*world.sites[ends[side]].live).clone();
                    let has_more = session.poll_message(&mut live).is_some();
                    [has_more, session.is_done()]
                };
                let [[more, is_done], [other_more, other_is_done]] = [0, 1].map(goes_on);
                let is_over = is_done && other_is_done;
                if !(more || other_more || is_over) {
                    return found(
                        Rule::SessionsEnd,
                        format!("{ends:?} fall silent before the end"),
                    );
                }
            }
            if connection.is_done() && !self.scope.is_forked {
                if is_sound && !connection.is_written && !connection.is_verified() {
                    let what = format!("{ends:?} end with {:?}", connection.outcomes);
                    return found(Rule::SessionsEnd, what);
                }
                let hash = |at: usize| (*world.sites[at].live).clone().state_hash();
                let is_over = connection.is_verified() && !connection.is_written;
                if is_over && self.scope.late == 0 && hash(ends[0]) != hash(ends[1]) {
                    return found(Rule::VerifiedIsComplete, format!("{ends:?} end differently"));
                }
            }
        }
        self.converge(world)
    }

    /// Whether all replicas become the same once they meet, whatever happened.
    fn converge(&self, world: &World) -> Result<(), Finding> {
        if self.scope.is_forked {
            return Ok(());
        }
        let mut bytes = Bytes::default();
        for site in &world.sites {
            site.live.hash(&mut bytes);
        }
        world.history.hash(&mut bytes);
        let key = bytes.digest();
        if self.healed.lock().expect("no thread panics").contains(&key) {
            return Ok(());
        }
        let mut nodes: Vec<Node> = world.sites.iter().map(|site| (*site.live).clone()).collect();
        let mut everything: BTreeMap<_, _> = vectors(&nodes[0]).into_iter().collect();
        for other in &nodes[1..] {
            for (name, more) in vectors(other) {
                everything.get_mut(&name).expect("all have the same objects").join(&more);
            }
        }
        let last = nodes.len() - 1;
        // There and back: the last replica receives everything, and then sends it to all.
        for left in (0..last).chain((0..last).rev()) {
            let (before, after) = nodes.split_at_mut(left + 1);
            self.meet(&mut before[left], &mut after[0])?;
        }
        for node in &mut nodes {
            if vectors(node).into_iter().collect::<BTreeMap<_, _>>() != everything {
                return found(Rule::AllConverge, "a replica lacks what another had");
            }
            if let Err(what) = holds_what_it_means(node, &world.history) {
                return found(Rule::AllConverge, what);
            }
        }
        self.healed.lock().expect("no thread panics").insert(key);
        Ok(())
    }

    /// A session over a perfect link.
    fn meet(&self, left: &mut Node, right: &mut Node) -> Result<(), Finding> {
        let mut sessions = [&*left, &*right].map(|node| Session::new(self.config.clone(), node));
        let nodes = [left, right];
        let (mut from, mut quiet) = (0, 0);
        while quiet < 2 {
            quiet += 1;
            while let Some(message) = sessions[from].poll_message(nodes[from]) {
                quiet = 0;
                if let Err(error) = sessions[1 - from].handle(nodes[1 - from], &message) {
                    return found(
                        Rule::AllConverge,
                        format!("an honest message is refused: {error}"),
                    );
                }
            }
            from = 1 - from;
        }
        for session in &mut sessions {
            while let Some(event) = session.poll_event() {
                let is_well = match event {
                    Event::Changed(_) | Event::Done => true,
                    Event::ClassDone { outcome, .. } => outcome == Outcome::Verified,
                    _ => false,
                };
                if !is_well {
                    return found(Rule::AllConverge, format!("at the end there is {event:?}"));
                }
            }
            if !session.is_done() {
                return found(Rule::AllConverge, "the last session falls silent");
            }
        }
        Ok(())
    }
}

fn open(world: &mut World, link: usize) -> &mut Connection {
    world.links[link].connection.as_mut().expect("only open connections carry messages")
}

/// Ends the connection. If the scope has it, one message each may arrive in the next one.
fn cut(link: &mut Link, late: &mut u8) {
    if let Some(connection) = link.connection.take() {
        for (side, messages) in connection.on_the_way.into_iter().enumerate() {
            if let Some(message) = messages.into_iter().next_back().filter(|_| *late > 0) {
                *late -= 1;
                link.late.push((side, message));
            }
        }
    }
}
