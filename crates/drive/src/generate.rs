//! Generating: derives the plan of a case from a seed and the case's number.
//!
//! Most histories have one object with few keys and many concurrent operations: that is where
//! replicas conflict. Some have awkward names and values, many replicas, or all objects together.
//! Every fourth case is the next of all small histories of two replicas; see [`small`].

use super::alphabet::{self, Alphabet, Clock};
use super::offer::{Feature, Offer, object_name};
use super::plan::{Act, Plan, Question, Step};
use super::random::Random;
use rejoin::object::TraceType;
use rejoin_trace::Stamps;

/// How histories are generated.
#[derive(Clone, Debug)]
pub struct Style {
    /// The seed of all cases.
    pub seed: u64,
    /// How many steps a random history has before all replicas meet.
    pub steps: usize,
    /// Plain names and values only.
    pub is_plain: bool,
    /// No replica's clock stands still or goes back.
    pub is_monotonic: bool,
}

/// The plan of one case; `None` if the subject offers no type.
pub fn plan(style: &Style, offer: &Offer, case: u64) -> Option<Plan> {
    if offer.kinds.is_empty() {
        return None;
    }
    if case % 4 == 3 {
        return Some(small(offer, case / 4));
    }
    Some(random(style, offer, case))
}

/// A random history.
fn random(style: &Style, offer: &Offer, case: u64) -> Plan {
    let mut random = Random::new(style.seed, case);
    let is_together = offer.together.len() > 1 && random.one_in(5);
    let (kinds, stamps) = if is_together {
        let mut kinds = offer.together.clone();
        let most = 2 + random.below(kinds.len() - 1);
        while kinds.len() > most {
            kinds.swap_remove(random.below(kinds.len()));
        }
        let stamps = offer.kinds[&kinds[0]];
        (kinds, stamps)
    } else {
        let all: Vec<_> = offer.kinds.iter().collect();
        // Types take turns, so that few cases cover all.
        let (kind, stamps) = all[(case - case / 4) as usize % all.len()];
        (vec![*kind], *stamps)
    };
    let is_awkward = !style.is_plain && random.one_in(4);
    let replicas = match random.weighted(&[8, 8, 4, 1, 1]) {
        few @ 0..3 => few + 2,
        3 => 5 + random.below(4),
        _ => 9 + random.below(8),
    };
    let plain = ["a", "b", "c", "d"];
    let has_awkward_replicas = is_awkward && random.one_in(2);
    let names = alphabet::names(&mut random, &plain, replicas, has_awkward_replicas);
    let mut alphabet = Alphabet::new(&mut random, is_awkward);
    let clock = Clock::new(&mut random, replicas, is_awkward, style.is_monotonic);
    let objects = kinds.iter().map(|kind| (object_name(*kind), *kind)).collect();
    let has_users = kinds.iter().any(|kind| kind.has_decisions()) && random.one_in(2);
    if !has_users {
        alphabet.users.clear();
    }
    let mut writer = Writer {
        offer,
        random,
        alphabet,
        clock,
        kinds,
        replicas,
        plan: Plan { replicas: names, objects, stamps, steps: Vec::new() },
        messages: Vec::new(),
        snapshots: Vec::new(),
    };
    writer.history(style.steps);
    writer.plan
}

/// Writes one random history.
struct Writer<'o> {
    offer: &'o Offer,
    random: Random,
    alphabet: Alphabet,
    clock: Clock,
    kinds: Vec<TraceType>,
    replicas: usize,
    plan: Plan,
    /// The sender of each message, and the only replica that may receive it.
    messages: Vec<(usize, Option<usize>)>,
    /// The replica of each backup.
    snapshots: Vec<usize>,
}

impl Writer<'_> {
    fn has(&self, feature: Feature) -> bool {
        self.offer.all_have(&self.kinds, &feature)
    }

    fn history(&mut self, steps: usize) {
        let all = |feature| usize::from(self.has(feature));
        let (sends, syncs) = (all(Feature::Send), all(Feature::Sync));
        let saves = all(Feature::Save) * all(Feature::Restore);
        // Some histories have many operations between two exchanges, some have few.
        let bursts = [12, 30, 50][self.random.below(3)];
        let weights =
            [bursts, 16 * sends, 10 * sends, 16 * sends, 8 * syncs, 3 * saves, 5 * saves, 6];
        while self.plan.steps.len() < steps {
            let at = self.random.below(self.replicas);
            match self.random.weighted(&weights) {
                0 => self.operate(at),
                1 => {
                    let to = self.other(at);
                    let message = self.send(at, Some(to));
                    self.plan.steps.push(Step::Receive { at: to, message });
                    self.look(to);
                }
                2 => {
                    let to = self.random.one_in(3).then(|| self.other(at));
                    self.send(at, to);
                }
                3 if !self.messages.is_empty() => {
                    let message = self.random.below(self.messages.len());
                    let (from, to) = self.messages[message];
                    let at = to.unwrap_or_else(|| self.other(from));
                    self.plan.steps.push(Step::Receive { at, message });
                    self.look(at);
                }
                4 => {
                    let between = [at, self.other(at)];
                    let some = self.has(Feature::SyncSome) && self.random.one_in(4);
                    let objects = if some { self.some() } else { None };
                    self.plan.steps.push(Step::Sync { between, objects });
                    self.look(at);
                }
                5 => {
                    let snapshot = self.snapshots.len();
                    self.plan.steps.push(Step::Save { at, snapshot });
                    self.snapshots.push(at);
                }
                6 if !self.snapshots.is_empty() => {
                    let snapshot = self.random.below(self.snapshots.len());
                    let at = self.snapshots[snapshot];
                    self.plan.steps.push(Step::Restore { at, snapshot });
                    self.look(at);
                    // Operations after a restore are new ones; the subject must not take them for
                    // those before it.
                    if self.random.one_in(2) {
                        self.operate(at);
                    }
                }
                7 => self.ask(at),
                _ => {}
            }
        }
        if !self.random.one_in(10) {
            self.meet();
        }
        for at in 0..self.replicas {
            self.ask_all(at);
        }
    }

    fn other(&mut self, than: usize) -> usize {
        (than + 1 + self.random.below(self.replicas - 1)) % self.replicas
    }

    /// Some of the objects, if there are several.
    fn some(&mut self) -> Option<Vec<usize>> {
        let objects: Vec<usize> = (0..self.kinds.len()).filter(|_| self.random.one_in(2)).collect();
        (self.kinds.len() > 1 && !objects.is_empty()).then_some(objects)
    }

    /// One operation, or one at each of several replicas on the same key.
    fn operate(&mut self, at: usize) {
        let object = self.random.below(self.kinds.len());
        let key = self.random.pick(&self.alphabet.keys).clone();
        let times = if self.random.one_in(3) { 2 + self.random.below(2) } else { 1 };
        for place in at..at + times {
            let at = place % self.replicas;
            let act = self.alphabet.act(&mut self.random, self.kinds[object], &key);
            self.do_act(at, object, act);
            if self.random.one_in(3) {
                self.plan.steps.push(read(at, object));
            }
        }
    }

    fn do_act(&mut self, at: usize, object: usize, act: Act) {
        let name = match &act {
            Act::Do(operation) => operation.as_str(),
            Act::Insert { .. } => "insert",
            Act::Erase { .. } => "delete",
        };
        if !self.offer.has(self.kinds[object], Feature::Operation(name.into())) {
            return;
        }
        let timestamp = self.clock.next(&mut self.random, at);
        let act = alphabet::stamped(act, self.kinds[object], self.plan.stamps, timestamp);
        let user = match self.alphabet.users.as_slice() {
            [] => None,
            users => Some(self.random.pick(users).clone()),
        };
        self.plan.steps.push(Step::Operate { at, object, act, user });
    }

    fn send(&mut self, at: usize, to: Option<usize>) -> usize {
        let some = self.has(Feature::SendSome) && self.random.one_in(4);
        let objects = if some { self.some() } else { None };
        let to = to.filter(|_| self.random.one_in(2) || self.messages.is_empty());
        let message = self.messages.len();
        self.messages.push((at, to));
        self.plan.steps.push(Step::Send { at, message, to, objects });
        message
    }

    /// Reads what may have changed, often.
    fn look(&mut self, at: usize) {
        if self.random.one_in(2) {
            let object = self.random.below(self.kinds.len());
            self.plan.steps.push(read(at, object));
        }
    }

    /// Asks one question.
    fn ask(&mut self, at: usize) {
        let object = self.random.below(self.kinds.len());
        let kind = self.kinds[object];
        let part =
            (kind.is_set() || kind.is_map()).then(|| self.random.pick(&self.alphabet.keys).clone());
        let user = match self.alphabet.users.as_slice() {
            [] => "ann".into(),
            users => self.random.pick(users).clone(),
        };
        let (question, feature) = match self.random.below(8) {
            0 if part.is_some() => (Question::Read { object, part }, Feature::ReadPart),
            1 => (Question::Vector { object: None }, Feature::Vector),
            2 => (Question::Vector { object: Some(object) }, Feature::VectorOfOne),
            3 => (Question::Digest { object: None }, Feature::Digest),
            4 => (Question::Digest { object: Some(object) }, Feature::DigestOfOne),
            5 if kind.has_decisions() => (Question::Decisions { object }, Feature::Decisions),
            6 => (Question::Notices { user }, Feature::Notices),
            _ => (Question::Read { object, part: None }, Feature::Read),
        };
        if self.has(feature) {
            self.plan.steps.push(Step::Ask { at, question });
        }
    }

    /// Lets all replicas see everything.
    fn meet(&mut self) {
        let hub = self.random.below(self.replicas);
        let others: Vec<usize> = (0..self.replicas).filter(|at| *at != hub).collect();
        let sends = self.has(Feature::Send);
        let syncs = self.has(Feature::Sync) && (!sends || self.random.one_in(4));
        for round in 0..2 {
            if !syncs && sends && round == 1 {
                let message = self.messages.len();
                self.messages.push((hub, None));
                self.plan.steps.push(Step::Send { at: hub, message, to: None, objects: None });
                let receive = |at: &usize| Step::Receive { at: *at, message };
                self.plan.steps.extend(others.iter().map(receive));
                continue;
            }
            for at in &others {
                if syncs {
                    self.plan.steps.push(Step::Sync { between: [*at, hub], objects: None });
                } else if sends {
                    let message = self.messages.len();
                    self.messages.push((*at, Some(hub)));
                    let to = Some(hub);
                    self.plan.steps.push(Step::Send { at: *at, message, to, objects: None });
                    self.plan.steps.push(Step::Receive { at: hub, message });
                }
            }
        }
    }

    /// Asks everything that can be asked at the end.
    fn ask_all(&mut self, at: usize) {
        let mut questions = Vec::new();
        for (object, kind) in self.kinds.iter().enumerate() {
            questions.push((Question::Read { object, part: None }, Feature::Read));
            if kind.has_decisions() {
                questions.push((Question::Decisions { object }, Feature::Decisions));
            }
            if kind.is_set() || kind.is_map() {
                let part = Some(self.random.pick(&self.alphabet.keys).clone());
                questions.push((Question::Read { object, part }, Feature::ReadPart));
            }
        }
        questions.push((Question::Vector { object: None }, Feature::Vector));
        questions.push((Question::Digest { object: None }, Feature::Digest));
        for user in &self.alphabet.users {
            questions.push((Question::Notices { user: user.clone() }, Feature::Notices));
        }
        for (question, feature) in questions {
            if self.has(feature) {
                self.plan.steps.push(Step::Ask { at, question });
            }
        }
    }
}

fn read(at: usize, object: usize) -> Step {
    Step::Ask { at, question: Question::Read { object, part: None } }
}

/// How many letters encode small histories: each history is a word over them.
const LETTERS: u64 = 8;

/// The length of the word of a small history. Its first letter is an operation of the first
/// replica.
pub fn scope(offer: &Offer, number: u64) -> u32 {
    word(number / variants(offer).len() as u64).0
}

/// The word of a number: its length, and its rank among the words of that length.
fn word(mut number: u64) -> (u32, u64) {
    let mut length = 1;
    loop {
        let count = 2 * LETTERS.pow(length - 1);
        if number < count || length == 20 {
            return (length, number % count);
        }
        number -= count;
        length += 1;
    }
}

/// The types. Those with timestamps occur twice: with ascending and with equal timestamps.
fn variants(offer: &Offer) -> Vec<(TraceType, Stamps, bool)> {
    let mut variants = Vec::new();
    for (kind, stamps) in &offer.kinds {
        variants.push((*kind, *stamps, false));
        if kind.is_stamped() && *stamps == Stamps::Explicit {
            variants.push((*kind, *stamps, true));
        }
    }
    variants
}

/// The small history of this number. Two replicas perform either of two operations, send to each
/// other at once or after all else, and go back to a backup, in all orders. At the end both
/// exchange everything. Numbers ascend by length, so a prefix of them covers all histories up to
/// some length.
pub fn small(offer: &Offer, number: u64) -> Plan {
    let variants = variants(offer);
    let (kind, stamps, is_equal) = variants[(number % variants.len() as u64) as usize];
    let (length, mut code) = word(number / variants.len() as u64);
    let mut letters = vec![code % 2];
    code /= 2;
    for _ in 1..length {
        letters.push(code % LETTERS);
        code /= LETTERS;
    }
    let mut steps = Vec::new();
    let mut late = Vec::new();
    let mut clock = 0;
    let (mut messages, mut is_saved) = (0, false);
    let sends = offer.has(kind, Feature::Send);
    for letter in letters {
        match letter {
            0..4 => {
                let at = letter as usize / 2;
                let mut acts = alphabet::samples(kind, at);
                let act = acts.swap_remove((letter as usize % 2).min(acts.len() - 1));
                let act = match act {
                    Act::Insert { value, .. } => {
                        Act::Insert { element: format!("e{}", steps.len()), place: clock, value }
                    }
                    act => act,
                };
                clock += 1;
                let time = if is_equal { 1 } else { clock as u64 };
                let act = alphabet::stamped(act, kind, stamps, time);
                steps.push(Step::Operate { at, object: 0, act, user: None });
                steps.push(read(at, 0));
            }
            4..7 if sends => {
                let (at, to) = if letter == 5 { (1, 0) } else { (0, 1) };
                steps.push(Step::Send { at, message: messages, to: Some(to), objects: None });
                let receive = Step::Receive { at: to, message: messages };
                messages += 1;
                if letter == 6 {
                    late.push(receive);
                } else {
                    steps.extend([receive, read(to, 0)]);
                }
            }
            7 if offer.has(kind, Feature::Restore) => {
                if is_saved {
                    steps.push(Step::Restore { at: 0, snapshot: 0 });
                    steps.push(read(0, 0));
                } else {
                    steps.push(Step::Save { at: 0, snapshot: 0 });
                }
                is_saved = !is_saved;
            }
            _ => steps.push(Step::Sync { between: [0, 1], objects: None }),
        }
    }
    for receive in late {
        steps.extend([receive, read(1, 0)]);
    }
    for (at, to) in [(0, 1), (1, 0)] {
        if sends {
            steps.push(Step::Send { at, message: messages, to: Some(to), objects: None });
            steps.push(Step::Receive { at: to, message: messages });
            messages += 1;
        } else {
            steps.push(Step::Sync { between: [at, to], objects: None });
        }
    }
    steps.extend([read(0, 0), read(1, 0)]);
    for at in [0, 1] {
        if offer.has(kind, Feature::Digest) {
            steps.push(Step::Ask { at, question: Question::Digest { object: None } });
        }
    }
    let replicas = vec!["a".into(), "b".into()];
    Plan { replicas, objects: vec![(object_name(kind), kind)], stamps, steps }
}
