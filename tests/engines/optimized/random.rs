//! Random long histories: many keys, long values, clocks that run backwards, and every kind of
//! delivery.

use super::engines::{Engine, Op, Text};
use super::pair::{Deltas, NAMES, Pair, Vectors};
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use rejoin::version_vector::VersionVector;
use rejoin::{optimized, reference};
use std::cell::RefCell;
use std::rc::Rc;

/// A step. Its numbers choose among the options at that moment.
#[derive(Clone, Debug)]
enum Step {
    Decide {
        at: usize,
        op: Op,
    },
    /// Decides so often on a few keys, with long values.
    Rewrite {
        at: usize,
        keys: usize,
        times: usize,
    },
    /// Sends a delta since an earlier vector; or since less than that, which no state had.
    Send {
        from: usize,
        since: usize,
        less: Option<usize>,
    },
    Receive {
        at: usize,
        message: usize,
    },
    Join {
        at: usize,
        from: usize,
    },
    Save {
        at: usize,
    },
    Restore {
        at: usize,
        backup: usize,
    },
}

/// Counts of what happened.
#[derive(Default)]
struct Count {
    steps: u64,
    taken: u64,
    refused: u64,
    restores: u64,
    rewritten: u64,
    open: u64,
}

struct Node<O, R> {
    state: Pair<O, R>,
    incarnation: u64,
    backups: Vec<Rc<Pair<O, R>>>,
}

struct World<O: Engine, R: Engine> {
    nodes: Vec<Node<O, R>>,
    messages: Vec<Deltas<O, R>>,
    /// The earlier states.
    held: Vec<Rc<Pair<O, R>>>,
    count: Count,
}

/// The state's vector, less the last operation of one origin.
fn less_by_one<O: Engine, R: Engine>(state: &Pair<O, R>, at: usize) -> Vectors<O, R> {
    let vector = &state.answers().vector;
    let lowered = at.checked_rem(vector.iter().count());
    let mut less = VersionVector::default();
    for (number, (origin, count)) in vector.iter().enumerate() {
        less.see(origin, count - u64::from(lowered == Some(number)));
    }
    (&less).into()
}

impl<O: Engine, R: Engine> World<O, R> {
    fn new(replicas: usize) -> Self {
        let start = Rc::new(Pair::new());
        let node = |_| Node {
            state: Pair::clone(&start),
            incarnation: 0,
            backups: vec![Rc::clone(&start)],
        };
        Self {
            nodes: (0..replicas).map(node).collect(),
            messages: Vec::new(),
            held: vec![start],
            count: Count::default(),
        }
    }

    fn take(&mut self, step: &Step) -> Result<(), String> {
        self.count.steps += 1;
        match step {
            Step::Decide { at, op } => self.decide(*at, op),
            Step::Rewrite { at, keys, times } => {
                self.count.rewritten += *times as u64;
                let Node { state, incarnation, .. } = &mut self.nodes[*at];
                for number in 0..*times {
                    let op = Op {
                        key: format!("key {}", number % keys),
                        value: (number % 7 > 0).then(|| "rewritten ".repeat(20 + number % 10)),
                        timestamp: (number % 5) as u64,
                    };
                    state.decide_unseen(&state.author(*at, *incarnation), &op)?;
                }
                state.check()?;
                self.compare(*at)
            }
            Step::Send { from, since, less } => {
                let start = &self.held[since % self.held.len()];
                let since = less.map_or_else(|| start.vectors(), |at| less_by_one(start, at));
                let delta = self.nodes[*from].state.delta_since(&since)?;
                // A replica in that earlier state applies it.
                Pair::clone(start).follow(&delta)?;
                self.messages.push(delta);
                Ok(())
            }
            Step::Receive { at, message } => {
                let Some(message) = message.checked_rem(self.messages.len()) else {
                    return Ok(());
                };
                match self.nodes[*at].state.receive(&self.messages[message])? {
                    Ok(_) => self.count.taken += 1,
                    Err(_) => self.count.refused += 1,
                }
                self.compare(*at)
            }
            Step::Join { at, from } => {
                let from = self.nodes[*from].state.clone();
                self.nodes[*at].state.join(&from)?;
                self.count.taken += 1;
                self.compare(*at)
            }
            Step::Save { at } => {
                let state = Rc::new(self.nodes[*at].state.clone());
                self.nodes[*at].backups.push(state);
                Ok(())
            }
            Step::Restore { at, backup } => {
                self.count.restores += 1;
                let node = &mut self.nodes[*at];
                node.state = Pair::clone(&node.backups[backup % node.backups.len()]);
                node.incarnation += 1;
                Ok(())
            }
        }
    }

    fn decide(&mut self, at: usize, op: &Op) -> Result<(), String> {
        let Node { state, incarnation, .. } = &mut self.nodes[at];
        state.decide(&state.author(at, *incarnation), op)?;
        self.compare(at)
    }

    /// Replicas that have seen the same answer the same.
    fn compare(&mut self, at: usize) -> Result<(), String> {
        let state = &self.nodes[at].state;
        self.count.open += state.answers().open.len() as u64;
        self.held.push(Rc::new(state.clone()));
        // Only the last ones, since each is a whole state.
        if self.held.len() > 40 {
            self.held.remove(1);
        }
        let answers = self.nodes[at].state.answers();
        for (other, name) in self.nodes.iter().zip(NAMES) {
            let other = other.state.answers();
            if other.vector == answers.vector && other != answers {
                return Err(format!("{} and {name} have seen the same and differ", NAMES[at]));
            }
        }
        Ok(())
    }

    /// All send to the first replica, and the first to all.
    fn exchange(&mut self) -> Result<(), String> {
        let others = 1..self.nodes.len();
        let to_first = others.clone().map(|other| (0, other));
        for (at, from) in to_first.chain(others.map(|other| (other, 0))) {
            self.take(&Step::Join { at, from })?;
        }
        let first = self.nodes[0].state.answers();
        if self.nodes.iter().any(|node| node.state.answers() != first) {
            return Err("after a complete exchange, two replicas differ".into());
        }
        Ok(())
    }
}

fn op(keys: usize) -> impl Strategy<Value = Op> {
    let length = prop_oneof![3 => 0..4_usize, 1 => 60..70_usize, 1 => 0..300_usize];
    let text = (length, prop::sample::select(vec!["a", "m", "z", "null"]));
    let text = text.prop_map(|(length, letter)| letter.repeat(length).chars().take(300).collect());
    let time = prop_oneof![8 => 0..5_u64, 1 => Just(u64::MAX >> 1), 1 => 0..1_u64 << 63];
    let value = prop::option::weighted(0.65, text);
    (0..keys, value, time).prop_map(|(key, value, timestamp)| {
        // Key 0 is the empty text.
        Op { key: "key ".repeat(key.min(1)) + &"x".repeat(key), value, timestamp }
    })
}

fn step(replicas: usize, keys: usize) -> impl Strategy<Value = Step> {
    let at = move || 0..replicas;
    let any = || 0..1000_usize;
    prop_oneof![
        60 => (at(), op(keys)).prop_map(|(at, op)| Step::Decide { at, op }),
        1 => (at(), 1..8_usize, 0..150_usize)
            .prop_map(|(at, keys, times)| Step::Rewrite { at, keys, times }),
        12 => (at(), any(), prop::option::weighted(0.2, any()))
            .prop_map(|(from, since, less)| Step::Send { from, since, less }),
        16 => (at(), any()).prop_map(|(at, message)| Step::Receive { at, message }),
        12 => (at(), at()).prop_map(|(at, from)| Step::Join { at, from }),
        1 => at().prop_map(|at| Step::Save { at }),
        1 => (at(), any()).prop_map(|(at, backup)| Step::Restore { at, backup }),
    ]
}

/// The number of replicas, and their steps, with few keys or many.
fn histories() -> impl Strategy<Value = (usize, Vec<Step>)> {
    (3..=NAMES.len(), prop::sample::select(vec![3, 30])).prop_flat_map(|(replicas, keys)| {
        (Just(replicas), prop::collection::vec(step(replicas, keys), 0..500))
    })
}

fn holds<O: Engine, R: Engine>(name: &str, cases: u32) {
    let config = Config {
        cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..Config::with_source_file(file!())
    };
    let sum = RefCell::new(Count::default());
    let holds = |(replicas, steps): (usize, Vec<Step>)| {
        let mut world = World::<O, R>::new(replicas);
        let outcome = steps.iter().try_for_each(|step| world.take(step));
        let outcome = outcome.and_then(|()| world.exchange());
        let mut sum = sum.borrow_mut();
        sum.steps += world.count.steps;
        sum.taken += world.count.taken;
        sum.refused += world.count.refused;
        sum.restores += world.count.restores;
        sum.rewritten += world.count.rewritten;
        sum.open += world.count.open;
        outcome.map_err(TestCaseError::fail)
    };
    if let Err(failure) = TestRunner::new(config).run(&histories(), holds) {
        panic!("{failure}");
    }
    let Count { steps, taken, refused, restores, rewritten, open } = sum.into_inner();
    println!(
        "{name}: {steps} steps, {taken} deltas applied, {refused} refused, {restores} restores, \
         {rewritten} keys rewritten, {open} open decisions compared"
    );
    assert!([taken, refused, restores, rewritten].iter().all(|count| *count > 0));
    assert_eq!(open > 0, R::OVERRULES, "open decisions occur where there can be any");
}

mod optimized_equals_reference_on_random_histories {
    use super::{Text, holds, optimized, reference};

    #[test]
    fn or_set() {
        holds::<optimized::or_set::OrSet<str>, reference::or_set::OrSet<String>>("or-set", 48);
    }

    #[test]
    fn lww_map() {
        holds::<optimized::lww_map::LwwMap<str, str>, reference::lww_map::LwwMap<String, Text>>(
            "lww-map", 64,
        );
    }

    #[test]
    fn lww_register() {
        holds::<
            optimized::lww_register::LwwRegister<str>,
            reference::lww_register::LwwRegister<Text>,
        >("lww-register", 48);
    }

    #[test]
    fn rw_set() {
        holds::<optimized::rw_set::RwSet<str>, reference::rw_set::RwSet<String>>("rw-set", 32);
    }

    #[test]
    fn flags() {
        holds::<optimized::ew_flag::EwFlag, reference::ew_flag::EwFlag>("ew-flag", 16);
        holds::<optimized::dw_flag::DwFlag, reference::dw_flag::DwFlag>("dw-flag", 16);
    }

    #[test]
    fn mv_register() {
        holds::<optimized::mv_register::MvRegister<str>, reference::mv_register::MvRegister<Text>>(
            "mv-register",
            16,
        );
    }

    #[test]
    fn mv_map() {
        holds::<optimized::mv_map::MvMap<str, str>, reference::mv_map::MvMap<String, Text>>(
            "mv-map", 32,
        );
    }
}
