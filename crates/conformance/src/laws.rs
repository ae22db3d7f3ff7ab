//! The laws of a join, each as a history. The judge compares both sides with the right answer, so a
//! law does not hold of two equal wrong answers.
//!
//! Source: Shapiro et al., Conflict-free replicated data types, SSS 2011.

use rejoin::object::TraceType;
use rejoin_drive::alphabet::{Alphabet, Clock, stamped};
use rejoin_drive::plan::{Plan, Question, Step};
use rejoin_drive::random::Random;
use rejoin_trace::Stamps;

/// A law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// a ⊔ b = b ⊔ a
    Commutativity,
    /// (a ⊔ b) ⊔ c = a ⊔ (b ⊔ c)
    Associativity,
    /// a ⊔ a = a
    Idempotence,
    /// a ⊔ ⊥ = a = ⊥ ⊔ a
    Identity,
    /// An operation inflates the state: a ⊔ op(a) = op(a)
    Inflation,
}

impl Law {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Commutativity,
        Self::Associativity,
        Self::Idempotence,
        Self::Identity,
        Self::Inflation,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Commutativity => "commutativity",
            Self::Associativity => "associativity",
            Self::Idempotence => "idempotence",
            Self::Identity => "identity",
            Self::Inflation => "inflation",
        }
    }

    /// The law of a case; laws take turns.
    pub fn of(case: u64) -> Self {
        Self::ALL[(case % Self::ALL.len() as u64) as usize]
    }
}

/// A history that tests a law: three replicas have states of their own, and may have met; two
/// replicas get the two sides of the law.
pub fn plan(kind: TraceType, stamps: Stamps, seed: u64, case: u64) -> Plan {
    let mut random = Random::new(seed, case);
    let mut author = Author {
        alphabet: Alphabet::new(&mut random, case % 8 == 7),
        clock: Clock::new(&mut random, 5, false, true),
        random,
        kind,
        messages: 0,
        plan: Plan {
            replicas: ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec(),
            objects: vec![("object".into(), kind)],
            stamps,
            steps: Vec::new(),
        },
    };
    for _ in 0..author.random.below(3) {
        author.operate(0);
    }
    // States with a common past, or without.
    for to in [1, 2] {
        if author.random.one_in(2) {
            author.join(0, to);
        }
    }
    for at in 0..3 {
        for _ in 0..1 + author.random.below(2) {
            author.operate(at);
        }
        if author.random.one_in(4) {
            author.join(at, (at + 1) % 3);
        }
    }
    author.show(Law::of(case));
    author.plan
}

struct Author {
    random: Random,
    alphabet: Alphabet,
    clock: Clock,
    kind: TraceType,
    messages: usize,
    plan: Plan,
}

impl Author {
    fn operate(&mut self, at: usize) {
        let key = self.random.pick(&self.alphabet.keys).clone();
        let act = self.alphabet.act(&mut self.random, self.kind, &key);
        let timestamp = self.clock.next(&mut self.random, at);
        let act = stamped(act, self.kind, self.plan.stamps, timestamp);
        self.plan.steps.push(Step::Operate { at, object: 0, act, user: None });
    }

    fn send(&mut self, at: usize) -> usize {
        let message = self.messages;
        self.messages += 1;
        self.plan.steps.push(Step::Send { at, message, to: None, objects: None });
        message
    }

    fn receive(&mut self, at: usize, message: usize) {
        self.plan.steps.push(Step::Receive { at, message });
    }

    fn receive_all(&mut self, at: usize, messages: &[usize]) {
        messages.iter().for_each(|message| self.receive(at, *message));
    }

    fn join(&mut self, from: usize, to: usize) {
        let message = self.send(from);
        self.receive(to, message);
    }

    /// Asks for everything that a replica shows now.
    fn ask(&mut self, at: usize) {
        for question in
            [Question::Read { object: 0, part: None }, Question::Digest { object: Some(0) }]
        {
            self.plan.steps.push(Step::Ask { at, question });
        }
    }

    fn show(&mut self, law: Law) {
        let (a, b, c) = (self.send(0), self.send(1), self.send(2));
        let (left, right) = (3, 4);
        match law {
            Law::Commutativity => {
                self.receive_all(left, &[a, b]);
                self.receive_all(right, &[b, a]);
            }
            Law::Associativity => {
                self.receive_all(left, &[a, b, c]);
                // The right operand is a, which gets the join of b and c.
                self.receive(1, c);
                self.join(1, 0);
                self.ask(0);
                self.join(0, right);
            }
            Law::Idempotence => {
                self.receive_all(left, &[a, a, b, a, b]);
                self.receive_all(right, &[a, b]);
                self.join(left, left);
            }
            Law::Identity => {
                let nothing = self.send(right);
                self.receive(0, nothing);
                self.ask(0);
                self.join(0, right);
                self.receive(left, a);
            }
            Law::Inflation => {
                self.operate(0);
                self.receive(0, a);
                self.ask(0);
                let later = self.send(0);
                self.receive_all(left, &[a, later]);
                self.receive_all(right, &[later, a]);
            }
        }
        self.ask(left);
        self.ask(right);
    }
}
