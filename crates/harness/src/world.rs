//! The world: its replicas, and what happens at each step.

use super::Rng;
use super::link::{Link, Wire};
use super::recorder::Recorder;
use super::{Fault, Options, Outcome, Statistics, Subset};
use rejoin::Version;
use rejoin::dot::{Origin, ReplicaId};
use rejoin::lattice::Lattice;
use rejoin::object::{ObjectType, Priority};
use rejoin::operation::ObjectId;
use rejoin::optimized::Vector;
use rejoin::optimized::replica::{Object, Replica};
use rejoin::saved;
use rejoin::sync::{Config, ConnectionConfig, Schema};
use rejoin::version_vector::VersionVector;
use std::collections::BTreeMap;
use std::time::Duration;

/// A replica. Its values are canonical JSON, so that they have the bytes of a trace's.
pub type Node = Replica;

/// The objects of a world, with their types.
pub const OBJECTS: [(&str, ObjectType); 5] = [
    ("count", ObjectType::GCounter),
    ("phase", ObjectType::LwwRegister),
    ("approved", ObjectType::OrSet),
    ("columns", ObjectType::LwwMap),
    ("chat", ObjectType::Log),
];

/// The most replicas of a world.
pub const MOST_REPLICAS: usize = 5;

/// The keys and elements. Some are prefixes of others.
pub const KEYS: [&str; 6] = ["k", "k0", "k01", "k1", "x0", "x"];

/// How many users there are.
pub const USERS: u64 = 3;

/// The steps of a world are a minute apart.
pub const MINUTE: i64 = 60_000;

/// When a world begins, in milliseconds since 1970.
const BEGINNING: i64 = 1_700_000_000_000;

/// What a disk holds of a replica: the parts that [`saved::State::open`] takes, each with the number
/// of its snapshot in the trace.
#[derive(Clone)]
pub struct Stored {
    pub parts: Vec<(Vec<u8>, u64)>,
    /// The records of transfers in pieces, by object.
    pub staged: Vec<(ObjectId, Vec<Vec<u8>>)>,
    /// What the parts hold.
    pub version: Version,
}

impl Stored {
    /// A disk that holds all of a replica.
    pub fn whole(replica: &Node, schema: &Schema, snapshot: u64) -> Self {
        let bytes = saved::part(replica, schema, &Version::default());
        let (parts, staged) = (vec![(bytes, snapshot)], staged(replica));
        Self { parts, staged, version: Version::of(replica) }
    }

    /// The bytes of its parts.
    pub fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.parts.iter().map(|(bytes, _)| &bytes[..])
    }

    /// The number of its newest snapshot in the trace.
    pub fn snapshot(&self) -> u64 {
        self.parts.last().map_or(0, |(_, snapshot)| *snapshot)
    }
}

/// The records of the transfers in pieces that are not complete, as a store keeps them.
pub fn staged(replica: &Node) -> Vec<(ObjectId, Vec<Vec<u8>>)> {
    let records = replica.all_staged().iter();
    records
        .map(|(name, staging)| (name.clone(), staging.records().map(Into::into).collect()))
        .collect()
}

/// A replica with its store, its clock, and what it has sent.
pub struct Site {
    pub replica: Node,
    pub incarnation: u64,
    pub durable: Stored,
    /// What its store has confirmed.
    pub promised: Vec<(ObjectId, Vector)>,
    pub backups: Vec<Stored>,
    /// The number of its first snapshot, which is of nothing.
    pub empty: u64,
    /// Whether it changed since it was stored.
    pub is_dirty: bool,
    /// Whether it stores each change at once.
    pub writes_through: bool,
    /// Until when its disk is full, and whether it dies then.
    pub full_until: u32,
    pub dies_when_full: bool,
    /// How far its clock is off, in milliseconds.
    pub offset: i64,
    away_until: u32,
    /// The vectors of each object at which it sent, each with the number of that message in the
    /// trace.
    pub sent: BTreeMap<ObjectId, Vec<(Vector, u64)>>,
}

/// The state of the whole simulation.
pub struct World {
    seed: u64,
    pub random: Rng,
    pub sites: Vec<Site>,
    /// The replicas that take part.
    pub members: Vec<usize>,
    pub links: Vec<Link>,
    pub recorder: Recorder,
    pub findings: Vec<String>,
    pub statistics: Statistics,
    pub config: ConnectionConfig,
    pub fault: Option<Fault>,
    subset: Subset,
    /// How many milliseconds a tick of all clocks has: long ticks make equal timestamps.
    tick: i64,
    pub now: u32,
    steps: u32,
    /// Whether all links are perfect by now.
    pub is_healed: bool,
    /// Whether a replica has connections with several others over perfect links.
    pub meets_many: bool,
    /// Whether replicas draw openings, and keep their names when their disks are restored.
    pub draws: bool,
    /// How many openings were drawn.
    opened: u64,
    /// The old state hash that one replica reports at the end, with the fault `StaleHash`.
    pub stale: Option<String>,
}

fn schema(subset: &Subset) -> Schema {
    let all = [
        ("count", ObjectType::GCounter, Priority::Low),
        ("phase", ObjectType::LwwRegister, Priority::Medium),
        ("approved", ObjectType::OrSet, Priority::High),
        ("columns", ObjectType::LwwMap, Priority::High),
        ("chat", ObjectType::Log, Priority::Medium),
    ];
    let there = all.into_iter().filter(|(name, ..)| !subset.without.contains(*name));
    there.fold(Schema::new(), |schema, (name, kind, priority)| schema.with(name, kind, priority))
}

pub fn origin(at: usize, incarnation: u64) -> Origin {
    Origin { replica: ReplicaId::new(format!("r{at}")).expect("it is short"), incarnation }
}

/// What a replica has seen of each object, under names that no fork changes.
pub fn vectors(replica: &Node) -> Vec<(ObjectId, Vector)> {
    replica
        .objects()
        .iter()
        .map(|(name, object)| (name.clone(), vector_by_opening(object)))
        .collect()
}

/// The vector of an object in which each operation is named by the opening under which it was
/// performed, if there is one, and its place among those.
pub fn vector_by_opening(object: &Object) -> Vector {
    let mut by_opening = VersionVector::bottom();
    for (origin, count) in object.vector().iter() {
        let mut rest = count;
        let begun =
            object.openings().iter().filter(|(of, first, _)| *of == origin && *first <= rest);
        let begun: Vec<_> = begun.map(|(_, first, opening)| (first, opening.number)).collect();
        for (first, number) in begun.into_iter().rev() {
            let run = Origin { replica: origin.replica.clone(), incarnation: number };
            by_opening.see(&run, rest + 1 - first);
            rest = first - 1;
        }
        if rest > 0 {
            by_opening.see(origin, rest);
        }
    }
    (&by_opening).into()
}

/// Whether `more` covers `less`, object by object.
pub fn covers(more: &[(ObjectId, Vector)], less: &[(ObjectId, Vector)]) -> bool {
    more.iter().zip(less).all(|((_, more), (_, less))| more.covers(less))
}

impl World {
    pub fn new(seed: u64, options: &Options) -> Self {
        let Options { steps, trace, fault, subset } = options;
        let mut random = Rng::of(seed, u64::MAX);
        let count = 2 + random.place(MOST_REPLICAS - 1);
        let members = (0..count).filter(|at| !subset.without.contains(&format!("r{at}")));
        let members: Vec<usize> = members.collect();
        let note = format!("the world of seed {seed}, {steps} steps{subset}");
        let mut objects = OBJECTS.to_vec();
        objects.retain(|(name, _)| !subset.without.contains(*name));
        let mut recorder = Recorder::new(*trace, &members, &objects, &note);
        let schema = schema(subset);
        let site = |at: usize| {
            let replica = Node::new(origin(at, 0), &schema.types());
            let is_there = members.contains(&at);
            let snapshot = if is_there { recorder.save(at) } else { 0 };
            Site {
                durable: Stored::whole(&replica, &schema, snapshot),
                promised: vectors(&replica),
                replica,
                incarnation: 0,
                backups: Vec::new(),
                empty: snapshot,
                is_dirty: false,
                writes_through: random.one_in(3),
                full_until: 0,
                dies_when_full: random.one_in(2),
                offset: random.below(600_000) as i64 - 300_000,
                away_until: 0,
                sent: BTreeMap::new(),
            }
        };
        let sites = (0..count).map(site).collect();
        let pairs = (0..count).flat_map(|left| (left + 1..count).map(move |right| [left, right]));
        let links = pairs.map(|ends| Link::new(ends, &mut random)).collect();
        let mut config = Config::new(schema);
        config.max_message = [1024, 2048, 1 << 18][random.place(3)];
        config.revisions = random.one_in(4);
        let patience = Duration::from_secs(60 * [6, 12][random.place(2)]);
        let config = ConnectionConfig { session: config, patience, greeting_patience: patience };
        let tick = [1, 1, MINUTE, 30 * MINUTE][random.place(4)];
        let mut own = Rng::of(seed, u64::MAX - 1);
        let mut world = Self {
            seed,
            random,
            sites,
            members,
            links,
            recorder,
            findings: Vec::new(),
            statistics: Statistics::default(),
            config,
            fault: *fault,
            subset: subset.clone(),
            tick,
            now: 0,
            steps: *steps,
            is_healed: false,
            meets_many: false,
            draws: fault.is_none() && own.one_in(2),
            opened: 0,
            stale: None,
        };
        if own.one_in(4) {
            // A year ahead, or at the end of all time that a clock can tell.
            let ahead = [365 * 24 * 60 * MINUTE, i64::MAX / 2][own.place(2)];
            let at = own.place(count);
            world.sites[at].offset += ahead;
        }
        // Each key of a map or a set in a piece of its own, or some keys, or all in one delta.
        world.config.session.max_delta = [1, 1, 200, 4 << 20][own.place(4)];
        if world.draws {
            world.recorder.omit_algorithm();
        }
        for at in 0..count {
            world.open(at);
        }
        world
    }

    /// A process opens the store of a replica, with fresh random bits.
    pub fn open(&mut self, at: usize) {
        if !self.draws {
            return;
        }
        self.opened += 1;
        let random = self.seed << 16 | self.opened;
        if let Err(error) = self.sites[at].replica.open(random) {
            self.findings.push(format!("r{at}: {error}"));
        }
    }

    /// One minute of the world: what one replica does, and what happens on each link. These are
    /// its moves.
    pub fn step(&mut self) {
        self.now += 1;
        if self.begin(0) {
            self.act();
        }
        for link in 0..self.links.len() {
            if self.begin(1 + link as u32) {
                self.attend(link);
            }
        }
        self.check_invariants();
        if self.fault == Some(Fault::StaleHash) && self.now == self.steps / 2 {
            let first = &mut self.sites[self.members[0]];
            self.stale = Some(first.replica.state_hash().content.to_string());
        }
    }

    /// Checks the invariants of every state, which the engine defines.
    fn check_invariants(&mut self) {
        for site in &self.sites {
            for (id, object) in site.replica.objects() {
                if let Err(fault) = object.debug_check() {
                    self.findings.push(format!("{id}: in step {}: {fault}", self.now));
                }
            }
        }
    }

    /// Starts a move of this step with random numbers of its own. Returns whether it takes place.
    fn begin(&mut self, place: u32) -> bool {
        let number = Subset::number(self.now, place);
        self.random = Rng::of(self.seed, number.into());
        self.subset.moves.as_ref().is_none_or(|moves| moves.contains(&number))
    }

    /// What one replica does.
    fn act(&mut self) {
        let at = self.random.place(self.sites.len());
        if !self.members.contains(&at) {
            return;
        }
        match self.random.below(44) {
            0..=21 => self.operate(at),
            22..=25 => drop(self.store(at)),
            26 => self.crash(at),
            27 => self.take_backup(at),
            28 if self.random.one_in(2) => self.set_back(at),
            29 => self.disturb_clock(at),
            30 if self.random.one_in(3) => {
                self.sites[at].away_until = self.now + 10 + self.random.below(60) as u32;
                self.cut(at);
            }
            31 => {
                let link = self.random.place(self.links.len());
                self.links[link].parted_until = self.now + self.random.below(40) as u32;
            }
            32 => self.fill_disk(at),
            33..=35 => self.ask(at),
            36 if self.random.one_in(2) => self.bend(at),
            _ => {}
        }
    }

    /// Whether a replica can be reached.
    pub fn is_present(&self, at: usize) -> bool {
        self.members.contains(&at) && self.sites[at].away_until <= self.now
    }

    /// Whether an object is not there.
    pub fn is_without(&self, object: &str) -> bool {
        self.subset.without.contains(object)
    }

    /// The next replica that takes part.
    pub fn next_site(&self, at: usize) -> usize {
        let next = self.members.iter().find(|member| **member > at);
        *next.unwrap_or(&self.members[0])
    }

    /// What the clock of a replica shows, in milliseconds since 1970.
    pub fn clock(&self, at: usize) -> u64 {
        let now = BEGINNING + i64::from(self.now) * MINUTE + self.sites[at].offset;
        (now.max(0) / self.tick * self.tick) as u64
    }

    /// Breaks the connections of a replica.
    pub fn cut(&mut self, at: usize) {
        for link in &mut self.links {
            if link.ends.contains(&at) {
                link.close_side(at);
            }
        }
    }

    /// The outcome.
    pub fn finish(self) -> Outcome {
        let Self { recorder, findings, statistics, .. } = self;
        Outcome { trace: recorder.into_text(), findings, statistics }
    }

    /// Connects the ends of a link.
    pub fn connect(&mut self, link: usize) -> Wire {
        let replicas = self.links[link].ends.map(|at| &self.sites[at].replica);
        Wire::new(&self.config, replicas, self.time())
    }
}
