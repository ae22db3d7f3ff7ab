//! Simulated worlds: replicas that continue while links, disks and clocks fail.
//!
//! Time passes in ticks. Links delay, repeat and lose messages, and are cut for a while. A replica
//! is saved after each change; if its disk is full, the last saved state stays. A crash restores
//! the saved state, and now and then somebody restores an old backup. At the end the links heal,
//! and all replicas exchange everything.

use rejoin::object::TraceType;
use rejoin_drive::alphabet::{Alphabet, stamped};
use rejoin_drive::plan::{Plan, Question, Step};
use rejoin_drive::random::Random;
use rejoin_trace::Stamps;

/// How a world fails.
#[derive(Clone, Copy, Debug)]
struct Faults {
    loses: bool,
    repeats: bool,
    cuts: bool,
    crashes: bool,
    fills: bool,
    backups: bool,
    clocks: bool,
}

/// A message under way.
struct Transit {
    to: usize,
    message: usize,
    arrives: u64,
}

struct World {
    random: Random,
    alphabet: Alphabet,
    kind: TraceType,
    faults: Faults,
    now: u64,
    /// How many ticks the clock counts as one.
    coarse: u64,
    /// How far each replica's clock is off.
    offsets: Vec<u64>,
    /// The tick until which each replica is cut off.
    cut: Vec<u64>,
    /// The tick until which each disk is full.
    full: Vec<u64>,
    /// What each disk contains, oldest first.
    disks: Vec<Vec<usize>>,
    snapshots: usize,
    messages: usize,
    transit: Vec<Transit>,
    plan: Plan,
}

/// How many ticks pass before the links heal.
const TICKS: u64 = 48;

/// The history of one world.
pub fn plan(kind: TraceType, stamps: Stamps, has_backups: bool, seed: u64, case: u64) -> Plan {
    let mut random = Random::new(!seed, case);
    let mut faulty = || random.one_in(2);
    let faults = Faults {
        loses: faulty(),
        repeats: faulty(),
        cuts: faulty(),
        crashes: has_backups && faulty(),
        fills: faulty(),
        backups: has_backups && faulty(),
        clocks: faulty(),
    };
    let count = 2 + random.below(3);
    let is_wild = |random: &mut Random| match random.below(3) {
        0 => 0,
        1 => random.below(20) as u64,
        _ => 1 << (20 + random.below(20)),
    };
    let offsets = (0..count).map(|_| if faults.clocks { is_wild(&mut random) } else { 0 });
    let mut world = World {
        offsets: offsets.collect(),
        alphabet: Alphabet::new(&mut random, false),
        coarse: *random.pick(&[1, 1, 8, 64]),
        random,
        kind,
        faults,
        now: 0,
        cut: vec![0; count],
        full: vec![0; count],
        disks: vec![Vec::new(); count],
        snapshots: 0,
        messages: 0,
        transit: Vec::new(),
        plan: Plan {
            replicas: (0..count).map(|at| format!("r{at}")).collect(),
            objects: vec![("object".into(), kind)],
            stamps,
            steps: Vec::new(),
        },
    };
    if faults.crashes || faults.backups {
        (0..count).for_each(|at| world.write(at));
    }
    while world.now < TICKS {
        world.tick();
    }
    world.heal();
    world.plan
}

impl World {
    fn tick(&mut self) {
        self.now += 1;
        let count = self.plan.replicas.len();
        let at = self.random.below(count);
        match self.random.below(10) {
            0..=3 => self.operate(at),
            4..=6 => self.send(at),
            7 if self.faults.cuts => self.cut[at] = self.now + 6,
            7 if self.faults.clocks => self.offsets[at] = self.random.below(40) as u64,
            8 if self.faults.crashes => self.crash(at),
            8 if self.faults.fills => self.full[at] = self.now + 8,
            9 if self.faults.backups => self.put_back(at),
            _ => self.ask(at),
        }
        self.deliver();
    }

    fn operate(&mut self, at: usize) {
        let key = self.random.pick(&self.alphabet.keys).clone();
        let act = self.alphabet.act(&mut self.random, self.kind, &key);
        let time = self.now / self.coarse + self.offsets[at];
        let act = stamped(act, self.kind, self.plan.stamps, time);
        self.plan.steps.push(Step::Operate { at, object: 0, act, user: None });
        self.write(at);
    }

    /// Saves the replica, if its disk is not full and the copy is used again.
    fn write(&mut self, at: usize) {
        let is_read = self.faults.crashes || self.faults.backups;
        if is_read && !(self.faults.fills && self.full[at] > self.now) {
            self.plan.steps.push(Step::Save { at, snapshot: self.snapshots });
            self.disks[at].push(self.snapshots);
            self.snapshots += 1;
        }
    }

    fn crash(&mut self, at: usize) {
        if let Some(snapshot) = self.disks[at].last() {
            self.plan.steps.push(Step::Restore { at, snapshot: *snapshot });
            self.ask(at);
        }
    }

    fn put_back(&mut self, at: usize) {
        let snapshot = *self.random.pick(&self.disks[at]);
        self.plan.steps.push(Step::Restore { at, snapshot });
        self.ask(at);
        self.operate(at);
    }

    fn send(&mut self, at: usize) {
        let message = self.messages;
        self.messages += 1;
        self.plan.steps.push(Step::Send { at, message, to: None, objects: None });
        for to in (0..self.plan.replicas.len()).filter(|to| *to != at) {
            let copies = if self.faults.repeats && self.random.one_in(3) { 2 } else { 1 };
            for _ in 0..copies {
                let is_lost = self.faults.loses && self.random.one_in(3);
                let is_cut = self.cut[at] > self.now || self.cut[to] > self.now;
                if !is_lost && !is_cut {
                    // Some messages are delayed so long that others overtake them.
                    let longest = if self.random.one_in(4) { 30 } else { 5 };
                    let arrives = self.now + self.random.below(longest) as u64;
                    self.transit.push(Transit { to, message, arrives });
                }
            }
        }
    }

    /// Delivers the messages that are due, in the order of their arrival.
    fn deliver(&mut self) {
        let now = self.now;
        let (mut arrived, on_the_way): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.transit).into_iter().partition(|t| t.arrives <= now);
        self.transit = on_the_way;
        arrived.sort_by_key(|transit| transit.arrives);
        for Transit { to, message, .. } in arrived {
            if self.cut[to] > now {
                continue;
            }
            self.plan.steps.push(Step::Receive { at: to, message });
            self.write(to);
            if self.random.one_in(3) {
                self.ask(to);
            }
        }
    }

    fn ask(&mut self, at: usize) {
        let question = Question::Read { object: 0, part: None };
        self.plan.steps.push(Step::Ask { at, question });
    }

    /// All replicas exchange everything and answer all questions.
    fn heal(&mut self) {
        let count = self.plan.replicas.len();
        for at in (0..count).chain(0..count - 1) {
            let message = self.messages;
            self.messages += 1;
            self.plan.steps.push(Step::Send { at, message, to: None, objects: None });
            for to in (0..count).filter(|to| *to != at) {
                self.plan.steps.push(Step::Receive { at: to, message });
            }
        }
        // Delayed messages arrive last, and change nothing.
        for Transit { to, message, .. } in std::mem::take(&mut self.transit) {
            self.plan.steps.push(Step::Receive { at: to, message });
        }
        for at in 0..count {
            self.ask(at);
            for question in [Question::Vector { object: None }, Question::Digest { object: None }] {
                self.plan.steps.push(Step::Ask { at, question });
            }
        }
    }
}
